//! Looking more than once.
//!
//! A 95 % interval misses the truth once in twenty times. Look after every round and stop at the first that excludes
//! what you doubt, and you give it a new chance to miss each time: far more than one in twenty do (P. Armitage and
//! others, "Repeated significance tests on accumulating data", Journal of the Royal Statistical Society A 132, 1969).
//! The cure is to fix the looks before the first round, and to let all of them together miss no more than one interval
//! may (S. J. Pocock, "Group sequential methods in the design and analysis of clinical trials", Biometrika 64, 1977).
//! Here each look gets an even part, after C. E. Bonferroni. Pocock's own parts are a little larger, because the looks
//! share rounds. His hold for normal noise only; the even ones for any, and whatever makes somebody stop. Since we stop
//! on an interval's width alone, which has little to do with where it lies, the split is more careful than it need be:
//! with two looks, somewhat more than 95 % of the intervals cover. `tests/statistics/looks.rs` shows all of this.

/// The share of intervals that may miss, all looks together.
pub const ALPHA: f64 = 0.05;

/// What each of so many looks may miss: an even part of [`ALPHA`].
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
