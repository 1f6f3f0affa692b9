//! A typical time and its interval.
//!
//! One disturbed round doesn't move the median. Its interval depends only on the order of the values, whatever their
//! distribution: each value falls below the true median with probability 1/2, so their number is binomial (H. A. David
//! and H. N. Nagaraja, "Order Statistics", 3rd edition, section 7.1). The price: coverage comes in steps, and with
//! fewer than six values not even the whole range reaches 95 %.

use statrs::distribution::{Binomial, DiscreteCDF};

/// The required coverage.
const WANTED: f64 = 0.95;

/// A median with the tightest order-statistic interval that covers at least 95 %, or else the whole range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Median {
    /// The median of the values.
    pub median: f64,
    /// The interval's lower end, one of the values.
    pub low: f64,
    /// The interval's upper end, one of the values.
    pub high: f64,
    /// The probability that such an interval contains the true median: at least 0.95 from six values on, below that the
    /// coverage of the range of the values (0.9375 for five, 0.5 for two, 0 for a single one).
    pub coverage: f64,
    /// How many values there were.
    pub count: usize,
}

impl Median {
    /// Takes the median of the values, in any order. `None` without values, or with one that isn't a number.
    pub fn of(values: &[f64]) -> Option<Self> {
        let sorted = sorted(values)?;
        let count = sorted.len();
        let left_out = left_out(count);
        Some(Self {
            median: middle(&sorted),
            low: sorted[left_out],
            high: sorted[count - 1 - left_out],
            coverage: coverage(count, left_out),
            count,
        })
    }

    /// False if there are too few values for a 95 % interval, so that a page has to state the coverage.
    pub fn covers_95_percent(&self) -> bool {
        self.coverage >= WANTED
    }
}

/// The median alone. `None` without values, or with one that isn't a number.
pub fn median(values: &[f64]) -> Option<f64> {
    sorted(values).map(|sorted| middle(&sorted))
}

fn sorted(values: &[f64]) -> Option<Vec<f64>> {
    if values.is_empty() || values.iter().any(|value| value.is_nan()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some(sorted)
}

fn middle(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { f64::midpoint(sorted[half - 1], sorted[half]) } else { sorted[half] }
}

/// How many values may be left out at either end with 95 % still covered.
fn left_out(count: usize) -> usize {
    let most = (count - 1) / 2;
    (1..=most).take_while(|&left_out| coverage(count, left_out) >= WANTED).last().unwrap_or(0)
}

/// The coverage of the interval that leaves out so many values at either end: 1 - 2 P(heads <= left out).
fn coverage(count: usize, left_out: usize) -> f64 {
    let tail = Binomial::new(0.5, count as u64).map_or(0.5, |heads| heads.cdf(left_out as u64));
    (1.0 - 2.0 * tail).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn first(count: u32) -> Vec<f64> {
        (1..=count).map(f64::from).collect()
    }

    #[test]
    fn takes_the_ranks_and_coverages_of_the_binomial_table() {
        // Sums of binomial coefficients over 2^n: 10 -> 1 - 2 * 11/1024, 20 -> 1 - 2 * 21700/1048576, and so on.
        let known = [(6, 1.0, 6.0, 0.968_75), (10, 2.0, 9.0, 0.978_516), (20, 6.0, 15.0, 0.958_611)];
        for (count, low, high, coverage) in known {
            let found = Median::of(&first(count)).unwrap();
            assert_eq!((found.low, found.high), (low, high), "{count} values");
            assert!((found.coverage - coverage).abs() < 1e-6, "{count} values: {}", found.coverage);
            assert!(found.covers_95_percent());
        }
    }

    #[test]
    fn says_what_the_range_of_a_few_values_covers() {
        for (count, coverage) in [(1, 0.0), (2, 0.5), (3, 0.75), (4, 0.875), (5, 0.9375)] {
            let found = Median::of(&first(count)).unwrap();
            assert_eq!((found.low, found.high), (1.0, f64::from(count)));
            assert!((found.coverage - coverage).abs() < 1e-12, "{count} values: {}", found.coverage);
            assert!(!found.covers_95_percent());
        }
    }

    #[test]
    fn is_the_middle_one_or_between_the_two() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[1.0, f64::NAN]), None);
    }

    proptest! {
        #[test]
        fn lies_within_its_interval_and_scales(values in prop::collection::vec(0.001_f64..10.0, 1..60)) {
            let found = Median::of(&values).unwrap();
            prop_assert!(found.low <= found.median && found.median <= found.high);
            prop_assert_eq!(Some(found.median), median(&values));
            // Doubling is exact in binary, so the figures have to agree to the last digit.
            let doubled: Vec<f64> = values.iter().map(|value| value * 2.0).collect();
            let twice = Median::of(&doubled).unwrap();
            prop_assert_eq!((twice.median, twice.low, twice.high), (found.median * 2.0, found.low * 2.0, found.high * 2.0));
        }

        #[test]
        fn the_order_does_not_matter(values in prop::collection::vec(0.001_f64..10.0, 1..60)) {
            let mut reversed = values.clone();
            reversed.reverse();
            prop_assert_eq!(Median::of(&values), Median::of(&reversed));
        }
    }
}
