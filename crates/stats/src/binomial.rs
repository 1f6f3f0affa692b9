//! Is a share below a limit, and where is a percentile?
//!
//! Of n independent tasks, the number that takes too long is binomial. A share is shown to be below a limit if as few would
//! hardly be seen at the limit itself: the exact test, whose intervals are those of C. J. Clopper and E. S. Pearson ("The use of
//! confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26, 1934). It says what few tasks can't
//! show: if 1 % take too long, none of 100 does in 37 % of all cases.

use crate::Estimate;
use statrs::distribution::{Binomial, DiscreteCDF};

/// The probability of at most `count` of `all`, if each is one with the probability `share`.
pub fn p_at_most(count: usize, all: usize, share: f64) -> f64 {
    Binomial::new(share, all as u64).map_or(1.0, |ones| ones.cdf(count as u64))
}

/// The probability of at least `count` of `all`.
pub fn p_at_least(count: usize, all: usize, share: f64) -> f64 {
    let Some(below) = count.checked_sub(1) else { return 1.0 };
    Binomial::new(share, all as u64).map_or(1.0, |ones| ones.sf(below as u64))
}

/// The fewest that show a share below `limit` (0 to 1, exclusive), which they do if none of them is one.
pub fn fewest(limit: f64, alpha: f64) -> u32 {
    (alpha.ln() / (1.0 - limit).ln()).ceil() as u32
}

/// How many would show it if the share of those seen (`count` of `all`) stayed the same. `None` if it takes more than `most`.
pub fn needed(count: usize, all: usize, limit: f64, alpha: f64, most: u32) -> Option<u32> {
    let share = count as f64 / all.max(1) as f64;
    let steps = std::iter::successors(Some(fewest(limit, alpha)), |needed| Some(needed + needed / 20 + 1));
    let expected = |needed: u32| (share * f64::from(needed)).ceil() as usize;
    steps
        .take_while(|needed| *needed <= most)
        .find(|&needed| p_at_most(expected(needed), needed as usize, limit) <= alpha)
}

/// A percentile by nearest rank, with an interval between two of the values (H. A. David and H. N. Nagaraja, "Order Statistics",
/// 3rd edition, section 7.1). With too few values beyond the percentile, an end is the shortest or longest, and the interval
/// covers less. `None` without values.
pub fn percentile(mut values: Vec<f64>, share: f64, alpha: f64) -> Option<Estimate> {
    values.sort_by(f64::total_cmp);
    let all = values.len();
    let at = |rank: u64| values.get((rank.max(1) as usize).min(all) - 1).copied();
    let below = Binomial::new(share, all as u64).ok().filter(|_| all > 0)?;
    let (low, high) = (below.inverse_cdf(alpha / 2.0), below.inverse_cdf(1.0 - alpha / 2.0) + 1);
    // Multiplied in floating point, 99 % of 100 may be a little more than 99.
    let rank = (share * all as f64 - 1e-9).ceil() as u64;
    Some(Estimate { estimate: at(rank)?, low: at(low)?, high: at(high)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_an_interval_are_those_of_r() {
        // The example of R's help on `binom.test`: of 925 plants, 682 were giant; 95 % interval 0.7076683 to 0.7654066.
        assert!((p_at_most(682, 925, 0.765_406_6) - 0.025).abs() < 1e-6);
        assert!((p_at_least(682, 925, 0.707_668_3) - 0.025).abs() < 1e-6);
        assert!((p_at_least(0, 9, 0.5) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_rare_event_takes_many_to_rule_out() {
        assert_eq!([0.01, 0.05, 0.5].map(|limit| fewest(limit, 0.05)), [299, 59, 5]);
        assert!(p_at_most(0, 299, 0.01) <= 0.05 && p_at_most(0, 298, 0.01) > 0.05);
        assert_eq!(needed(0, 10, 0.01, 0.05, 5000), Some(299));
        let some = needed(2, 400, 0.01, 0.05, 5000).unwrap();
        assert!((400..3000).contains(&some), "{some}");
        assert_eq!(needed(5, 400, 0.01, 0.05, 5000), None, "it isn't below");
    }

    #[test]
    fn a_percentile_is_a_value_between_two_others() {
        let first = |count: u32| (1..=count).rev().map(f64::from).collect::<Vec<_>>();
        // The median's ranks: see `median`.
        let middle = percentile(first(20), 0.5, 0.05).unwrap();
        assert_eq!((middle.estimate, middle.low, middle.high), (10.0, 6.0, 15.0));
        let p99 = percentile(first(1000), 0.99, 0.05).unwrap();
        assert_eq!(p99.estimate.to_bits(), 990.0_f64.to_bits());
        assert!((980.0..990.0).contains(&p99.low) && (991.0..1000.0).contains(&p99.high), "{p99:?}");
        let few = percentile(first(100), 0.99, 0.05).unwrap();
        assert_eq!((few.estimate, few.high), (99.0, 100.0), "the longest, for want of a longer one");
        assert_eq!(percentile(Vec::new(), 0.5, 0.05), None);
    }
}
