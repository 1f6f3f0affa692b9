//! Mean and straight line with their intervals, by Student's t.
//!
//! A few rounds tell their own scatter only roughly, so an interval from them has to be wider than the normal
//! distribution says. Student (W. S. Gosset, "The probable error of a mean", Biometrika 6, 1908) worked out by how much.

use crate::results::record::Estimate;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// How many standard errors a 95 % interval reaches to either side, with this many degrees of freedom. `None` for zero.
fn reach(freedom: usize) -> Option<f64> {
    StudentsT::new(0.0, 1.0, freedom as f64).ok().map(|t| t.inverse_cdf(0.975))
}

/// The mean of the values. `None` below two.
pub(super) fn mean(values: &[f64]) -> Option<Estimate> {
    let count = values.len() as f64;
    let reach = reach(values.len().checked_sub(1)?)?;
    let estimate = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - estimate).powi(2)).sum();
    let margin = reach * (squares / (count - 1.0) / count).sqrt();
    Some(Estimate { estimate, low: estimate - margin, high: estimate + margin })
}

/// The slope of the least-squares line through values that lie one step apart, per step. `None` below three.
pub(super) fn slope(values: &[f64]) -> Option<Estimate> {
    let freedom = values.len().checked_sub(2)?;
    let reach = reach(freedom)?;
    let middle = (values.len() as f64 - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let offsets = || values.iter().enumerate().map(|(step, value)| (step as f64 - middle, value - mean));
    let width: f64 = offsets().map(|(x, _)| x * x).sum();
    let estimate = offsets().map(|(x, y)| x * y).sum::<f64>() / width;
    let left_over: f64 = offsets().map(|(x, y)| (y - estimate * x).powi(2)).sum();
    let margin = reach * (left_over / freedom as f64 / width).sqrt();
    Some(Estimate { estimate, low: estimate - margin, high: estimate + margin })
}

/// From logarithms back to ratios. `None` where an end is too large or too small for a number.
pub(super) fn exp(logarithm: Estimate) -> Option<Estimate> {
    let Estimate { estimate, low, high } = logarithm;
    let ratio = Estimate { estimate: estimate.exp(), low: low.exp(), high: high.exp() };
    (ratio.low > 0.0 && ratio.high.is_finite()).then_some(ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_printed_table_of_students_t() {
        // Two-sided 95 %: NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2.
        let table = [(1, 12.706), (2, 4.303), (4, 2.776), (9, 2.262), (19, 2.093), (29, 2.045), (100, 1.984)];
        for (freedom, printed) in table {
            let found = reach(freedom).unwrap();
            assert!((found - printed).abs() < 0.000_51, "{freedom} degrees of freedom: {found}, printed {printed}");
        }
    }

    #[test]
    fn gives_the_interval_of_students_own_example() {
        // Hours of sleep gained by ten patients, drug 2 minus drug 1, from "The probable error of a mean": the mean is
        // 1.58, and the 95 % interval that R prints for its data set `sleep` is 0.7001142 to 2.4598858.
        let gained = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];
        let found = mean(&gained).unwrap();
        assert!((found.estimate - 1.58).abs() < 1e-9);
        assert!((found.low - 0.700_114_2).abs() < 1e-6 && (found.high - 2.459_885_8).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn finds_an_exact_line_without_any_margin() {
        let found = slope(&[1.0, 3.0, 5.0, 7.0]).unwrap();
        assert!((found.estimate - 2.0).abs() < 1e-12 && (found.high - found.low).abs() < 1e-9);
    }

    #[test]
    fn says_nothing_from_too_few() {
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[1.0]), None);
        assert_eq!(slope(&[1.0, 2.0]), None);
    }
}
