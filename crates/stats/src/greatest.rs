//! The greatest of several means.
//!
//! Is `at` slower than the best of seven others? That is so exactly if it is slower than *some* of them, and how much
//! slower is the greatest of the seven ratios. Take the seemingly fastest of seven equal cells and compare with it alone,
//! and the eighth looks slower on average, because the fastest was partly lucky: the winner's curse. So the seven
//! comparisons are made together, all in the same rounds:
//!
//! - The greatest truth is *at least* the greatest of the seven lower ends, if each may miss only a seventh of what one
//!   may (C. E. Bonferroni): no single lucky comparison then passes too often.
//! - It is *at most* the greatest of the seven upper ends, without any correction: the comparison with the truly greatest
//!   ratio is one of them, and it alone must not miss (an intersection-union test; R. L. Berger, "Multiparameter
//!   hypothesis testing and acceptance sampling", Technometrics 24, 1982).
//!
//! The estimate is the greatest of the means. It tends to be a little too great, and the interval accounts for that. For a
//! single mean, all of it is Student's interval.

use super::{equivalence, student::Mean};
use crate::Estimate;

/// The greatest of these means, at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Greatest {
    of: Vec<Mean>,
    /// The place of the greatest.
    leader: usize,
}

impl Greatest {
    /// `None` without a mean.
    pub fn of(means: Vec<Mean>) -> Option<Self> {
        let (leader, _) = means.iter().enumerate().max_by(|(_, a), (_, b)| a.mean.total_cmp(&b.mean))?;
        Some(Self { of: means, leader })
    }

    /// Which mean is the greatest, by its place.
    pub fn place(&self) -> usize {
        self.leader
    }

    /// The greatest mean itself.
    pub fn leader(&self) -> Mean {
        self.of[self.leader]
    }

    /// The interval that misses the greatest truth in at most a share `alpha` (0 to 1) of all cases.
    pub fn interval(&self, alpha: f64) -> Estimate {
        let greatest = |ends: &mut dyn Iterator<Item = f64>| ends.fold(f64::NEG_INFINITY, f64::max);
        Estimate {
            estimate: self.leader().mean,
            low: greatest(&mut self.of.iter().map(|mean| mean.interval(alpha / self.count()).low)),
            high: greatest(&mut self.of.iter().map(|mean| mean.interval(alpha).high)),
        }
    }

    /// The probability of means this high or higher if no truth is above `bound`: one-sided.
    pub fn p_above(&self, bound: f64) -> f64 {
        let least = self.of.iter().map(|mean| mean.p_above(bound)).fold(1.0, f64::min);
        (least * self.count()).min(1.0)
    }

    /// The probability of means this low or lower if some truth is at least `bound`: one-sided.
    pub fn p_below(&self, bound: f64) -> f64 {
        self.of.iter().map(|mean| mean.p_below(bound)).fold(0.0, f64::max)
    }

    /// The probability of means this far inside `low..high` if the greatest truth is outside: see [`equivalence::p`].
    pub fn p_within(&self, low: f64, high: f64) -> f64 {
        match self.of.as_slice() {
            [only] => equivalence::p(only, low, high),
            _ => self.p_above(low).max(self.p_below(high)),
        }
    }

    /// How many rounds in all would narrow the interval to less than `distance` on either side: see
    /// [`Mean::rounds_for`].
    pub fn rounds_for(&self, distance: f64, alpha: f64) -> Option<u32> {
        self.leader().rounds_for(distance, alpha / self.count())
    }

    fn count(&self) -> f64 {
        self.of.len() as f64
    }
}

impl From<Mean> for Greatest {
    fn from(only: Mean) -> Self {
        Self { of: vec![only], leader: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn means() -> impl Strategy<Value = Vec<Mean>> {
        let mean = (-1.0_f64..1.0, 0.01_f64..0.5, 1_usize..30);
        prop::collection::vec(mean.prop_map(|(mean, error, freedom)| Mean { mean, error, freedom }), 1..7)
    }

    #[test]
    fn there_is_none_without_means() {
        assert_eq!(Greatest::of(Vec::new()), None);
    }

    proptest! {
        #[test]
        fn a_single_mean_has_its_own_interval(mean in means().prop_map(|means| means[0]), bound in -1.0_f64..1.0) {
            let alone = Greatest::from(mean);
            prop_assert_eq!(alone.interval(0.05), mean.interval(0.05));
            prop_assert_eq!(alone.p_above(bound).to_bits(), mean.p_above(bound).to_bits());
            prop_assert_eq!(alone.p_below(bound).to_bits(), mean.p_below(bound).to_bits());
            prop_assert_eq!(alone.rounds_for(0.1, 0.05), mean.rounds_for(0.1, 0.05));
        }

        #[test]
        fn the_interval_excludes_a_bound_just_when_its_test_does(
            means in means(), bound in -1.0_f64..1.0, alpha in 0.001_f64..0.2,
        ) {
            let greatest = Greatest::of(means).unwrap();
            let found = greatest.interval(alpha);
            prop_assume!((found.low - bound).abs() > 1e-9 && (found.high - bound).abs() > 1e-9);
            prop_assert_eq!(found.low > bound, greatest.p_above(bound) < alpha / 2.0);
            prop_assert_eq!(found.high < bound, greatest.p_below(bound) < alpha / 2.0);
        }

        #[test]
        fn the_interval_contains_its_estimate_whatever_the_order(mut means in means()) {
            let there = Greatest::of(means.clone()).unwrap();
            let found = there.interval(0.05);
            prop_assert!(found.low <= found.estimate && found.estimate <= found.high, "{found:?}");
            prop_assert_eq!(means[there.place()], there.leader());
            means.reverse();
            prop_assert_eq!(Greatest::of(means).unwrap().interval(0.05), found);
        }
    }
}
