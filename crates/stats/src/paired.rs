//! "A is x times as fast as B", from pairs.
//!
//! The cells of one round ran within moments of each other, so any disturbance of the machine (a warm processor, a
//! neighbour's build) affected both. Dividing their times within the round cancels it; a disturbance of only one
//! remains as scatter. Ratios are averaged as logarithms, because twice as fast and half as fast should balance.

use super::{
    looks::ALPHA,
    student::{self, Mean},
};
use crate::Estimate;

/// How many times as fast the measured cell is as the baseline, as a logarithm: the mean of d = ln(baseline / measured)
/// over the rounds. Both lists are seconds, one entry for each round in the same order; rounds that only one list has
/// are left out.
///
/// `None` with fewer than two pairs or a time that isn't positive.
pub fn log_ratio(baseline_s: &[f64], measured_s: &[f64]) -> Option<Mean> {
    let possible = |time: f64| time > 0.0 && time.is_finite();
    let pairs = baseline_s.iter().zip(measured_s);
    let logarithms: Option<Vec<f64>> = pairs
        .map(|(&baseline, &measured)| (possible(baseline) && possible(measured)).then(|| baseline.ln() - measured.ln()))
        .collect();
    Mean::of(&logarithms?)
}

/// The same as a ratio, with its 95 % interval: that of the mean of d by Student's t, transformed by exp. It assumes
/// that the d are independent of each other and not too skewed.
///
/// Also `None` if the interval is too wide for a number.
pub fn speedup(baseline_s: &[f64], measured_s: &[f64]) -> Option<Estimate> {
    student::exp(log_ratio(baseline_s, measured_s)?.interval(ALPHA))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(found: f64, expected: f64) -> bool {
        (found / expected - 1.0).abs() < 1e-9
    }

    /// Two lists of times as rounds might give them.
    fn rounds() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
        prop::collection::vec((0.001_f64..10.0, 0.001_f64..10.0), 3..40).prop_map(|pairs| pairs.into_iter().unzip())
    }

    #[test]
    fn follows_the_formula_on_figures_worked_by_hand() {
        // d = ln 2 and ln 8: mean ln 4, standard deviation ln 4 / sqrt 2, standard error ln 2, t(1) = 12.7062.
        let found = speedup(&[2.0, 8.0], &[1.0, 1.0]).unwrap();
        assert!(near(found.estimate, 4.0));
        assert!((found.high / (4.0 * 2.0_f64.powf(12.7062)) - 1.0).abs() < 1e-4, "{found:?}");
    }

    #[test]
    fn needs_two_pairs_of_possible_times() {
        assert_eq!(speedup(&[1.0], &[1.0]), None);
        assert_eq!(speedup(&[1.0, 1.0], &[1.0]), None);
        for impossible in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(speedup(&[1.0, impossible], &[1.0, 1.0]), None);
            assert_eq!(speedup(&[1.0, 1.0], &[impossible, 1.0]), None);
        }
    }

    #[test]
    fn an_interval_too_wide_for_a_number_is_none() {
        assert_eq!(speedup(&[1e-100, 1e100], &[1.0, 1.0]), None);
    }

    proptest! {
        #[test]
        fn the_interval_contains_its_estimate((a, b) in rounds()) {
            let found = speedup(&a, &b).unwrap();
            prop_assert!(found.low <= found.estimate && found.estimate <= found.high);
        }

        #[test]
        fn swapping_the_two_gives_the_inverse((a, b) in rounds()) {
            let (there, back) = (speedup(&a, &b).unwrap(), speedup(&b, &a).unwrap());
            prop_assert!(near(there.estimate * back.estimate, 1.0));
            prop_assert!(near(there.low * back.high, 1.0) && near(there.high * back.low, 1.0));
        }

        #[test]
        fn what_slows_both_of_a_round_cancels((a, b) in rounds(), slower in prop::collection::vec(0.1_f64..10.0, 40)) {
            let slow = |times: &[f64]| -> Vec<f64> { times.iter().zip(&slower).map(|(t, by)| t * by).collect() };
            let (calm, stormy) = (speedup(&a, &b).unwrap(), speedup(&slow(&a), &slow(&b)).unwrap());
            prop_assert!(near(calm.low, stormy.low) && near(calm.high, stormy.high));
        }

        #[test]
        fn a_faster_measured_is_a_larger_speedup((a, b) in rounds(), times in 0.01_f64..100.0) {
            let faster: Vec<f64> = b.iter().map(|t| t / times).collect();
            let (before, after) = (speedup(&a, &b).unwrap(), speedup(&a, &faster).unwrap());
            prop_assert!(near(after.low, before.low * times) && near(after.high, before.high * times));
        }
    }
}
