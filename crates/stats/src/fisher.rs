//! Do more tasks of one kind fail than of another, or was it luck?
//!
//! If both failed equally often, which of all tasks fail would be a draw: given how many failed in all, the number among the
//! first is hypergeometric (R. A. Fisher, "The logic of inductive inference", Journal of the Royal Statistical Society 98,
//! 1935). This is exact, even for a handful of tasks of which none failed. It assumes that tasks fail independently of each
//! other.

use statrs::distribution::{DiscreteCDF, Hypergeometric};

/// The probability of `failed` or more failures among the `tasks`, if these fail as often as the others, of which
/// `others_failed` of `others` did: one-sided. 1 if more failed than there are.
pub fn p_more(failed: u32, tasks: u32, others_failed: u32, others: u32) -> f64 {
    let Some(fewer) = failed.checked_sub(1) else { return 1.0 };
    let all = |one: u32, other: u32| u64::from(one) + u64::from(other);
    Hypergeometric::new(all(tasks, others), all(failed, others_failed), tasks.into())
        .map_or(1.0, |failures| failures.sf(fewer.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_r() {
        // The examples of R's fisher.test: the tea-tasting lady, alternative = "greater", p-value = 0.2429, and Fisher's
        // convictions, alternative = "less", p-value = 0.0004652.
        assert!((p_more(3, 4, 1, 4) - 0.2429).abs() < 5e-5, "{}", p_more(3, 4, 1, 4));
        assert!((p_more(10, 13, 2, 17) - 0.000_465_2).abs() < 5e-8, "{}", p_more(10, 13, 2, 17));
    }

    #[test]
    fn no_failure_shows_nothing_and_nothing_shows_no_more() {
        for (failed, tasks, others_failed, others) in
            [(0, 9, 0, 9), (0, 9, 9, 9), (9, 9, 9, 9), (3, 3, 0, 0), (1, 0, 0, 5)]
        {
            let found = p_more(failed, tasks, others_failed, others);
            assert!((found - 1.0).abs() < 1e-12 || tasks == 0, "{failed} of {tasks}: {found}");
        }
        assert!(p_more(500, 1000, 0, 1000) < 1e-100);
    }
}
