//! "How many times as fast?", of two lists that were not measured in pairs.
//!
//! The percentile bootstrap of the ratio of medians: draw from each list as many values as it has, with replacement,
//! take the ratio, and do that 10,000 times; the middle 95 % of the ratios are the interval (B. Efron and R. J.
//! Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13). The draws are seeded: the same lists give the same
//! interval. Below about ten values the interval is too narrow, since a list can't draw what it hasn't seen.

use super::median::median;
use crate::results::record::Estimate;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

const RESAMPLES: usize = 10_000;

/// How many times as fast the second list is: median of the first over median of the second, with its 95 % interval.
/// `None` when a list has fewer than two values, or one that isn't a positive number.
pub fn ratio_of_medians(before_s: &[f64], after_s: &[f64]) -> Option<Estimate> {
    let usable = |times: &[f64]| times.len() >= 2 && times.iter().all(|&time| time > 0.0 && time.is_finite());
    if !usable(before_s) || !usable(after_s) {
        return None;
    }
    let mut random = Pcg64::seed_from_u64(1);
    let mut redrawn = |times: &[f64]| {
        let drawn: Vec<f64> = (0..times.len()).map(|_| times[random.random_range(0..times.len())]).collect();
        median(&drawn)
    };
    let mut ratios = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        ratios.push(redrawn(before_s)? / redrawn(after_s)?);
    }
    ratios.sort_unstable_by(f64::total_cmp);
    let quantile = |share: f64| ratios[(share * (RESAMPLES - 1) as f64).round() as usize];
    Some(Estimate { estimate: median(before_s)? / median(after_s)?, low: quantile(0.025), high: quantile(0.975) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clearly_different_lists_have_an_interval_beside_one() {
        let (slow, fast) = ([2.0, 2.1, 1.9, 2.05, 2.0, 1.95], [1.0, 1.02, 0.98, 1.01, 1.0, 0.99]);
        let ratio = ratio_of_medians(&slow, &fast).expect("enough values");
        assert!(ratio.low > 1.8 && ratio.high < 2.2 && (ratio.estimate - 2.0).abs() < 0.05, "{ratio:?}");
    }

    #[test]
    fn the_same_lists_give_the_same_interval_and_bad_ones_none() {
        let times = [1.0, 1.1, 0.9, 1.05];
        assert_eq!(ratio_of_medians(&times, &times), ratio_of_medians(&times, &times));
        assert_eq!(ratio_of_medians(&times, &[1.0]), None);
        assert_eq!(ratio_of_medians(&times, &[1.0, 0.0]), None);
    }
}
