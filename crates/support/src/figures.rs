//! Formats figures for pages and sentences: three significant digits, a suitable unit, and never more precision than
//! was measured. Every text is short, whatever the number: from 10^15 on, it has an exponent.

/// From here on, digits before the point mean nothing: such a number is a mistake.
const HUGE: f64 = 1e15;

/// The unit of time of a chart or a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeUnit {
    /// Its symbol after a figure.
    pub short: &'static str,
    /// Its name at an axis.
    pub long: &'static str,
    /// How many make a second.
    pub per_second: f64,
}

const SECONDS: TimeUnit = TimeUnit { short: "s", long: "seconds", per_second: 1.0 };
const MILLISECONDS: TimeUnit = TimeUnit { short: "ms", long: "milliseconds", per_second: 1e3 };
const MICROSECONDS: TimeUnit = TimeUnit { short: "µs", long: "microseconds", per_second: 1e6 };

impl TimeUnit {
    /// The largest unit in which this time is at least 1.
    pub fn of(seconds: f64) -> Self {
        match seconds.abs() {
            large if large >= 1.0 => SECONDS,
            middling if middling >= 1e-3 => MILLISECONDS,
            _ => MICROSECONDS,
        }
    }

    /// This many seconds in this unit, without the unit's name.
    pub fn figure(self, seconds: f64) -> String {
        significant(seconds * self.per_second, 3)
    }
}

/// A time with a suitable unit: `1.81 s`, `303 ms`.
pub fn time(seconds: f64) -> String {
    let unit = TimeUnit::of(seconds);
    format!("{}\u{a0}{}", unit.figure(seconds), unit.short)
}

/// A figure with this many significant digits, whole digits always kept: `4.91`, `28.4`, `8930`.
pub fn significant(value: f64, digits: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".into() } else { "?".into() };
    }
    let decimals = |value: f64| (digits - 1 - value.abs().log10().floor() as i32).clamp(0, 6) as usize;
    // 0.9996 becomes 1.00 and not 1.000: rounding may add a digit in front.
    let rounded = fixed(value, decimals(value)).parse().unwrap_or(value);
    let decimals = if rounded == 0.0 { decimals(value) } else { decimals(rounded) };
    fixed(value, decimals)
}

/// A figure with so many decimals.
pub fn fixed(value: f64, decimals: usize) -> String {
    if value.abs() < HUGE { format!("{value:.decimals$}") } else { format!("{value:.2e}") }
}

/// So many cores, which may be a fraction: `1 core`, `0.5 cores`.
pub fn cores(number: f64) -> String {
    let number = exact(number);
    if number == "1" { "1 core".into() } else { format!("{number} cores") }
}

/// A number in its shortest exact form: `0.5`, `20`, `1e300`.
pub fn exact(value: f64) -> String {
    let plain = value == 0.0 || !value.is_finite() || (1e-6..HUGE).contains(&value.abs());
    if plain { value.to_string() } else { format!("{value:e}") }
}

/// A ratio, such as a speedup: `4.91`, `28.4`, `0.98`.
pub fn ratio(value: f64) -> String {
    match value {
        // Two decimals on both sides of one, so that an interval around it reads 0.98–1.02.
        near if (0.095..9.995).contains(&near) => format!("{near:.2}"),
        other => significant(other, if other < 1.0 { 2 } else { 3 }),
    }
}

/// An interval: `4.85–4.97`.
pub fn interval(low: f64, high: f64) -> String {
    format!("{}–{}", ratio(low), ratio(high))
}

/// A share: `98 %`, `0.4 %`.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    format!("{}\u{a0}%", fixed(value, usize::from(value.abs() < 9.95)))
}

/// Memory: `3.1 MB`, in powers of ten.
pub fn memory(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes}\u{a0}B");
    }
    let (value, unit) = match bytes as f64 {
        large if large >= 1e9 => (large / 1e9, "GB"),
        middling if middling >= 1e6 => (middling / 1e6, "MB"),
        small => (small / 1e3, "kB"),
    };
    format!("{}\u{a0}{unit}", significant(value, 2))
}

/// A count with its noun: `1 task`, `30 tasks`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A number with thousands separators: `8`, `100,000`.
pub fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A round figure as written by hand: `0.5`, `16`, `200`.
pub fn plain(value: f64) -> String {
    let text = fixed(value, 6);
    if text.contains('e') { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

/// A coordinate of a drawing, short.
pub fn px(value: f64) -> String {
    let text = fixed(value, 1);
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn figures_keep_three_digits_and_a_fitting_unit() {
        assert_eq!(time(8.931), "8.93\u{a0}s");
        assert_eq!(time(0.305_4), "305\u{a0}ms");
        assert_eq!(time(0.000_025), "25.0\u{a0}µs");
        assert_eq!(time(0.0), "0\u{a0}µs");
        assert_eq!(
            (ratio(28.44), ratio(1.004), ratio(0.998), ratio(0.983)),
            ("28.4".into(), "1.00".into(), "1.00".into(), "0.98".into())
        );
        assert_eq!(significant(8930.4, 3), "8930");
        assert_eq!(percent(0.004), "0.4\u{a0}%");
        assert_eq!(percent(1.96), "196\u{a0}%");
        assert_eq!((memory(22_400_000), memory(94_976)), ("22\u{a0}MB".into(), "95\u{a0}kB".into()));
        assert_eq!(px(12.04), "12");
        assert_eq!(count(1, "round"), "1 round");
        assert_eq!([8, 999, 1000, 100_000, 1_234_567].map(grouped), ["8", "999", "1,000", "100,000", "1,234,567"]);
    }

    #[test]
    fn a_figure_that_is_no_number_does_not_pretend_to_be_one() {
        assert_eq!(ratio(f64::NAN), "?");
    }

    #[test]
    fn a_number_is_written_as_one_would_write_it() {
        assert_eq!([0.0, 20.0, -1.5, 1e-7, 1e300].map(exact), ["0", "20", "-1.5", "1e-7", "1e300"]);
        assert_eq!(time(1e300), "1.00e300\u{a0}s");
    }

    proptest! {
        #[test]
        fn every_text_is_short(value in any::<f64>(), bytes in any::<u64>()) {
            let texts = [time(value), ratio(value), percent(value), plain(value), px(value), exact(value), memory(bytes)];
            for text in texts {
                prop_assert!(text.chars().count() <= 27, "{value}: {text}");
            }
        }
    }
}
