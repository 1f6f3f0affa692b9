//! Interim analyses.
//!
//! A 95 % interval misses the truth once in twenty times. Test after every round and stop at the first that excludes
//! the null hypothesis, and each test is a new chance to miss: far more than one in twenty do (P. Armitage and others,
//! "Repeated significance tests on accumulating data", Journal of the Royal Statistical Society A 132, 1969). The
//! remedy is to fix the analyses before the first round, and to let all of them together miss no more than one interval
//! may (S. J. Pocock, "Group sequential methods in the design and analysis of clinical trials", Biometrika 64, 1977).
//! Here each gets an equal share, after C. E. Bonferroni. Pocock's own shares are a little larger, because the analyses
//! share rounds. His hold for normal noise only; equal shares for any noise and any stopping rule. Since we stop on an
//! interval's width alone, which has little to do with its location, the split is conservative: with two analyses,
//! somewhat more than 95 % of the intervals cover. `tests/statistics/looks.rs` shows all of this.

/// The share of intervals that may miss, over all analyses.
pub const ALPHA: f64 = 0.05;

/// The share of each of so many analyses: an equal part of [`ALPHA`].
pub fn alpha(looks: usize) -> f64 {
    ALPHA / looks.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_looks_together_miss_no_more_than_one_may() {
        for looks in 1..100 {
            assert!((alpha(looks) * looks as f64 - ALPHA).abs() < 1e-12, "{looks} looks");
        }
        assert!(alpha(0) <= ALPHA);
    }
}
