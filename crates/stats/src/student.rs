//! Intervals of a mean and of a straight line's slope: Student's t.
//!
//! Ten measurements differ. Their mean has an error too, about its *standard error*: their scatter divided by the root
//! of their number. But a few rounds estimate their scatter only roughly, so their interval has to be wider than the
//! normal distribution says. Student (W. S. Gosset, "The probable error of a mean", Biometrika 6, 1908) calculated by
//! how much: for ten values, 2.26 standard errors to either side instead of 1.96. The method assumes that the values
//! are independent of each other and not too skewed.

use super::looks::ALPHA;
use crate::Estimate;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// More rounds than this are never advised.
const MOST_ROUNDS: u32 = 10_000;

/// A mean of a few values, with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The mean of the values.
    pub mean: f64,
    /// Its standard error, in the same unit.
    pub error: f64,
    /// Degrees of freedom: values less one.
    pub freedom: usize,
}

impl Mean {
    /// The mean of the values. `None` for fewer than two, or one that isn't a number or is too large to square.
    pub fn of(values: &[f64]) -> Option<Self> {
        let freedom = values.len().checked_sub(1).filter(|&freedom| freedom > 0)?;
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        squares.is_finite().then(|| Self { mean, error: (squares / freedom as f64 / count).sqrt(), freedom })
    }

    /// The interval that misses the truth in a share `alpha` (0 to 1) of all cases, half on either side.
    pub fn interval(&self, alpha: f64) -> Estimate {
        interval(self.mean, self.error, self.freedom, alpha)
    }

    /// The probability of a mean this high or higher if the truth is at most `bound`: one-sided.
    pub fn p_above(&self, bound: f64) -> f64 {
        let distance = self.mean - bound;
        if self.error == 0.0 {
            return if distance > 0.0 { 0.0 } else { 1.0 };
        }
        t(self.freedom).map_or(1.0, |t| t.sf(distance / self.error))
    }

    /// The probability of a mean this low or lower if the truth is at least `bound`: one-sided.
    pub fn p_below(&self, bound: f64) -> f64 {
        Self { mean: -self.mean, ..*self }.p_above(-bound)
    }

    /// How many rounds in all would narrow the interval to less than `distance` on either side, if they scatter like
    /// these. A rough guide: the scatter is itself an estimate, and the mean will move too. `None` if no number up to
    /// 10,000 suffices, and so for a distance of 0.
    pub fn rounds_for(&self, distance: f64, alpha: f64) -> Option<u32> {
        let deviation = self.error * (self.freedom as f64 + 1.0).sqrt();
        let suffice = |rounds: u32| {
            let error = deviation / f64::from(rounds).sqrt();
            reach(rounds as usize - 1, alpha) * error < distance
        };
        // The width falls with every round, so bisection finds the first number that suffices.
        let (mut too_few, mut enough) = (1, MOST_ROUNDS);
        if !suffice(enough) {
            return None;
        }
        while enough - too_few > 1 {
            let rounds = u32::midpoint(too_few, enough);
            if suffice(rounds) { enough = rounds } else { too_few = rounds }
        }
        Some(enough)
    }
}

/// The slope of the least-squares line through equidistant values, per step, with its 95 % interval. `None` below
/// three.
pub(super) fn slope(values: &[f64]) -> Option<Estimate> {
    let freedom = values.len().checked_sub(2).filter(|&freedom| freedom > 0)?;
    let middle = (values.len() as f64 - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let offsets = || values.iter().enumerate().map(|(step, value)| (step as f64 - middle, value - mean));
    let width: f64 = offsets().map(|(x, _)| x * x).sum();
    let slope = offsets().map(|(x, y)| x * y).sum::<f64>() / width;
    let left_over: f64 = offsets().map(|(x, y)| (y - slope * x).powi(2)).sum();
    Some(interval(slope, (left_over / freedom as f64 / width).sqrt(), freedom, ALPHA))
}

/// From logarithms back to ratios. `None` if an end overflows or underflows.
pub fn exp(logarithm: Estimate) -> Option<Estimate> {
    let Estimate { estimate, low, high } = logarithm;
    let ratio = Estimate { estimate: estimate.exp(), low: low.exp(), high: high.exp() };
    (ratio.low > 0.0 && ratio.high.is_finite()).then_some(ratio)
}

fn interval(estimate: f64, error: f64, freedom: usize, alpha: f64) -> Estimate {
    // Values without scatter have an interval of width 0.
    let margin = if error == 0.0 { 0.0 } else { reach(freedom, alpha) * error };
    Estimate { estimate, low: estimate - margin, high: estimate + margin }
}

/// The half-width of an interval in standard errors, if a share `alpha` of intervals may miss.
fn reach(freedom: usize, alpha: f64) -> f64 {
    t(freedom).map_or(f64::INFINITY, |t| t.inverse_cdf(1.0 - alpha / 2.0))
}

/// Student's distribution; `None` without degrees of freedom.
fn t(freedom: usize) -> Option<StudentsT> {
    StudentsT::new(0.0, 1.0, freedom as f64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hours of sleep gained by ten patients, drug 2 minus drug 1, from "The probable error of a mean"; R's data set
    /// `sleep`.
    const GAINED: [f64; 10] = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-6, "{found}, expected {expected}");
    }

    #[test]
    fn agrees_with_the_printed_table_of_students_t() {
        // Two-sided 95 %: NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2.
        let table = [(1, 12.706), (2, 4.303), (4, 2.776), (9, 2.262), (19, 2.093), (29, 2.045), (100, 1.984)];
        for (freedom, printed) in table {
            let found = reach(freedom, 0.05);
            assert!((found - printed).abs() < 0.000_51, "{freedom} degrees of freedom: {found}, printed {printed}");
        }
        // And with `scipy.stats.t.ppf(1 - 0.0125, freedom)`.
        for (freedom, scipy) in [(4, 3.495_405_932_5), (9, 2.685_010_846_8), (29, 2.363_846_073_2)] {
            near(reach(freedom, 0.025), scipy);
        }
    }

    #[test]
    fn gives_the_interval_of_students_own_example() {
        // R, `t.test(extra ~ group, sleep, paired = TRUE)`: mean 1.58, interval 0.7001142 to 2.4598858, p 0.002833.
        let gained = Mean::of(&GAINED).unwrap();
        let found = gained.interval(0.05);
        near(found.estimate, 1.58);
        near(found.low, 0.700_114_2);
        near(found.high, 2.459_885_8);
        near(2.0 * gained.p_above(0.0), 0.002_832_890_2);
        // `scipy.stats.ttest_1samp(gained, 2, alternative="less")`, and the ends of its 97.5 % interval.
        near(gained.p_below(2.0), 0.154_157_235_7);
        near(gained.interval(0.025).low, 0.535_641_607_4);
        near(gained.interval(0.025).high, 2.624_358_392_6);
    }

    #[test]
    fn a_tiny_probability_is_not_rounded_to_none() {
        // `scipy.stats.t.sf(40, 9)` and `(1000, 29)`: far too small for 1 - p.
        near(Mean { mean: 40.0, error: 1.0, freedom: 9 }.p_above(0.0), 9.491_499_224_67e-12);
        near(Mean { mean: -1000.0, error: 1.0, freedom: 29 }.p_below(0.0), 1.176_419_276_38e-67);
    }

    #[test]
    fn says_how_many_rounds_would_do() {
        // The first n with `scipy.stats.t.ppf(1 - alpha / 2, n - 1) * sd / sqrt(n) < distance`, by linear search.
        let gained = Mean::of(&GAINED).unwrap();
        let known = [(2.0, 0.05, 4), (0.5, 0.05, 26), (0.5, 0.025, 34), (0.1, 0.05, 584), (0.03, 0.05, 6_460)];
        for (distance, alpha, rounds) in known {
            assert_eq!(gained.rounds_for(distance, alpha), Some(rounds), "{distance} at {alpha}");
        }
        // 0.02 would need 14,532.
        for hopeless in [0.02, 0.0, -1.0, f64::NAN] {
            assert_eq!(gained.rounds_for(hopeless, 0.05), None, "{hopeless}");
        }
    }

    #[test]
    fn values_without_scatter_have_no_margin_and_no_doubt() {
        let same = Mean::of(&[2.0; 5]).unwrap();
        assert_eq!(same.interval(0.05), Estimate { estimate: 2.0, low: 2.0, high: 2.0 });
        assert_eq!((same.p_above(1.0), same.p_above(2.0)), (0.0, 1.0));
        assert_eq!((same.p_below(3.0), same.p_below(1.0)), (0.0, 1.0));
        assert_eq!(same.rounds_for(0.1, 0.05), Some(2));
    }

    #[test]
    fn gives_the_slope_and_the_interval_of_anscombes_first_line() {
        // F. J. Anscombe, "Graphs in statistical analysis", The American Statistician 27, 1973, in the order of x = 4
        // ... 14: printed slope 0.5, standard error 0.118. The interval is that of R's `confint(lm(y1 ~ x1,
        // anscombe))`.
        let y = [4.26, 5.68, 7.24, 4.82, 6.95, 8.81, 8.04, 8.33, 10.84, 7.58, 9.96];
        let found = slope(&y).unwrap();
        near(found.estimate, 0.500_090_909_1);
        near(found.low, 0.233_370_136_4);
        near(found.high, 0.766_811_681_8);
    }

    #[test]
    fn finds_an_exact_line_without_any_margin() {
        let found = slope(&[1.0, 3.0, 5.0, 7.0]).unwrap();
        assert!((found.estimate - 2.0).abs() < 1e-12 && (found.high - found.low).abs() < 1e-9);
    }

    #[test]
    fn says_nothing_from_too_few_or_from_no_numbers() {
        for bad in [&[][..], &[1.0], &[1.0, f64::NAN], &[f64::INFINITY, 1.0], &[f64::MAX, f64::MAX]] {
            assert_eq!(Mean::of(bad), None, "{bad:?}");
        }
        assert_eq!(slope(&[1.0, 2.0]), None);
    }

    proptest! {
        #[test]
        fn the_interval_excludes_a_bound_just_when_its_test_does(
            values in prop::collection::vec(-1.0_f64..1.0, 3..30), bound in -1.0_f64..1.0, alpha in 0.001_f64..0.2,
        ) {
            let mean = Mean::of(&values).unwrap();
            let found = mean.interval(alpha);
            prop_assume!((found.low - bound).abs() > 1e-9 && (found.high - bound).abs() > 1e-9);
            prop_assert_eq!(found.low > bound, mean.p_above(bound) < alpha / 2.0);
            prop_assert_eq!(found.high < bound, mean.p_below(bound) < alpha / 2.0);
            prop_assert!((mean.p_above(bound) + mean.p_below(bound) - 1.0).abs() < 1e-9);
        }

        #[test]
        fn the_rounds_asked_for_are_the_fewest(
            values in prop::collection::vec(-1.0_f64..1.0, 3..30), distance in 0.05_f64..2.0,
        ) {
            let mean = Mean::of(&values).unwrap();
            let rounds = mean.rounds_for(distance, 0.05).unwrap();
            let deviation = mean.error * (values.len() as f64).sqrt();
            let reaches = |rounds: u32| {
                let error = deviation / f64::from(rounds).sqrt();
                let found = Mean { mean: 0.0, error, freedom: rounds as usize - 1 };
                found.interval(0.05).high
            };
            prop_assert!(reaches(rounds) < distance);
            prop_assert!(rounds == 2 || reaches(rounds - 1) >= distance);
        }
    }
}
