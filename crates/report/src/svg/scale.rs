//! Maps figures to positions on the page, and chooses round figures as ticks of an axis.

/// Maps figures to positions. Logarithmic scales have base two: one step is one doubling.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    doublings: bool,
}

impl Scale {
    /// Equal distances for equal differences: `low..high` onto `from..to`.
    pub(crate) fn linear((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high, from, to, doublings: false }
    }

    /// Equal distances for equal ratios. Figures that are not above zero are put at the lower end.
    pub(crate) fn doublings((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        let low = low.max(1e-12);
        let high = if high > low { high } else { low * 2.0 };
        Self { low, high, from, to, doublings: true }
    }

    /// The position of a figure. Figures outside the scale are put at its ends, never outside the chart.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let value = value.clamp(self.low, self.high);
        let share = if self.doublings {
            (value / self.low).log2() / (self.high / self.low).log2()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + share * (self.to - self.from)
    }

    /// True if the figure is within the scale.
    pub(crate) fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// Round figures (1, 2 or 5 times a power of ten) within `low..=high`, at most `most` of them.
pub(crate) fn round_ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    if !(low.is_finite() && high.is_finite() && high > low) || most < 2 {
        return Vec::new();
    }
    let step = round_up((high - low) / (most - 1) as f64);
    let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
    (first..=last).map(|tick| tick as f64 * step).collect()
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `value`.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let lead = [1.0, 2.0, 5.0].into_iter().find(|lead| lead * power >= value * (1.0 - 1e-9));
    lead.unwrap_or(10.0) * power
}

/// Powers of two from one at or below `low` to one at or above `high`, every one, or every second or third, if there would be
/// more than `most` (or three). One is among them if they enclose it. The first and the last are the scale's ends.
pub(crate) fn doubling_ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    if !(low > 0.0 && high >= low && high.is_finite()) || most < 2 {
        return Vec::new();
    }
    let (low, high) = (low.log2() + 1e-9, high.log2() - 1e-9);
    let ends = |step: i32| {
        let first = (low / f64::from(step)).floor() as i32;
        (first, ((high / f64::from(step)).ceil() as i32).max(first + 1))
    };
    let few = |step: &i32| {
        let (first, last) = ends(*step);
        last.abs_diff(first) < most.max(3) as u32
    };
    // A double has about two thousand powers of two.
    let step = (1..=2048).find(few).unwrap_or(2048);
    let (first, last) = ends(step);
    (first..=last).map(|power| 2_f64.powi(power * step)).collect()
}

/// Round figures of a logarithmic axis: 1, 2 and 5 times powers of ten within `low..=high`, or only powers of ten if
/// there would be more than `most`.
pub(crate) fn decade_ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    if !(low > 0.0 && high >= low && high.is_finite()) {
        return Vec::new();
    }
    let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
    let within = |leads: &[f64]| -> Vec<f64> {
        let all = decades.clone().flat_map(|decade| leads.iter().map(move |lead| lead * 10_f64.powi(decade)));
        all.filter(|tick| *tick >= low * (1.0 - 1e-9) && *tick <= high * (1.0 + 1e-9)).collect()
    };
    let ticks = within(&[1.0, 2.0, 5.0]);
    if ticks.len() <= most { ticks } else { within(&[1.0]) }
}

/// Which of these positions, in order of importance, can be labelled at least `apart` from one another.
pub(crate) fn spread(places: &[f64], apart: f64) -> Vec<bool> {
    let mut taken: Vec<f64> = Vec::new();
    let keep = |place: &f64| {
        let free = taken.iter().all(|other| (other - place).abs() >= apart);
        if free {
            taken.push(*place);
        }
        free
    };
    places.iter().map(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticks_are_the_figures_one_would_write_by_hand() {
        assert_eq!(round_ticks(0.0, 8.93, 10), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        assert_eq!(round_ticks(0.0, 450.0, 6), [0.0, 100.0, 200.0, 300.0, 400.0]);
        assert_eq!(doubling_ticks(1.0, 28.4, 8), [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]);
        assert_eq!(doubling_ticks(0.9, 1.9, 8), [0.5, 1.0, 2.0]);
        assert_eq!(doubling_ticks(0.6, 44.8, 5), [0.25, 1.0, 4.0, 16.0, 64.0]);
        assert_eq!(decade_ticks(14.0, 450.0, 8), [20.0, 50.0, 100.0, 200.0]);
        assert!(round_ticks(f64::NAN, 1.0, 5).is_empty() && doubling_ticks(0.0, 1.0, 5).is_empty());
    }

    #[test]
    fn the_more_important_of_two_close_marks_stays() {
        assert_eq!(spread(&[0.0, 100.0, 95.0, 50.0], 20.0), [true, true, false, true]);
    }

    proptest! {
        #[test]
        fn round_ticks_lie_within_and_are_few(low in -1e6..1e6_f64, width in 1e-6..1e6_f64, most in 2_usize..12) {
            let ticks = round_ticks(low, low + width, most);
            prop_assert!(ticks.len() <= most + 1);
            let slack = width * 1e-6;
            prop_assert!(ticks.iter().all(|tick| (low - slack..=low + width + slack).contains(tick)));
        }

        #[test]
        fn doubling_ticks_enclose_the_figures(low in 1e-3..1e3_f64, factor in 1.0..1e4_f64, most in 2_usize..12) {
            let ticks = doubling_ticks(low, low * factor, most);
            prop_assert!(ticks.len() >= 2 && ticks.len() <= most + 1);
            prop_assert!(ticks[0] <= low * 1.0001 && *ticks.last().unwrap() >= low * factor * 0.9999);
        }

        #[test]
        fn nothing_is_ever_placed_outside(value in proptest::num::f64::NORMAL, low in 0.1..10.0_f64, factor in 1.0..1e3_f64) {
            for scale in [Scale::linear((low, low * factor), (20.0, 500.0)), Scale::doublings((low, low * factor), (500.0, 20.0))] {
                prop_assert!((19.999..=500.001).contains(&scale.at(value)));
            }
        }
    }
}
