//! Interim analyses.
//!
//! A 95 % interval misses the truth once in twenty times. Test after every round and stop at the first that excludes
//! the null hypothesis, and each test is a new chance to miss: far more than one in twenty do (P. Armitage and others,
//! "Repeated significance tests on accumulating data", Journal of the Royal Statistical Society A 132, 1969). The
//! remedy is to fix the analyses before the first round, and to let all of them together miss no more than one interval
//! may. An *alpha-spending function* says how much of that may be spent by which share of the rounds (K. K. G. Lan and
//! D. L. DeMets, "Discrete sequential boundaries for clinical trials", Biometrika 70, 1983).
//!
//! Ours is the simplest: in proportion to the rounds (K. Kim and D. L. DeMets, "Design and analysis of group sequential
//! tests based on the type I error spending rate function", Biometrika 74, 1987, with exponent 1). Of 3, 6, 12 and 24
//! rounds, the first two analyses spend an eighth each, the third a quarter, the last half. So a measurement with next to
//! no scatter may end early, and one that needs all rounds keeps most of the 5 % for its end.
//!
//! What an analysis spends is the share of its own intervals that may miss: the sum over all analyses is an upper bound
//! (C. E. Bonferroni) for the share of measurements with any interval that misses. It therefore holds for any noise that
//! a single interval tolerates, and for any reason to stop, even one that depends on what the figures say.
//! `tests/integration/statistics/looks.rs` shows all of this.

/// The share of intervals that may miss, over all analyses.
pub const ALPHA: f64 = 0.05;

/// The share of intervals that may miss at the analysis that `rounds` rounds reach, if analyses were planned after so
/// many rounds (`looks`, ascending). A measurement that ends between two analyses (its budget was spent) is analysed
/// then instead of at the next one, and has that one's share. Without planned analyses, it is all of [`ALPHA`].
pub fn alpha(looks: &[u32], rounds: u32) -> f64 {
    let Some(&last) = looks.last().filter(|last| **last > 0) else { return ALPHA };
    let reached = looks.iter().position(|&look| rounds <= look).unwrap_or(looks.len() - 1);
    let before = reached.checked_sub(1).map_or(0, |earlier| looks[earlier]);
    ALPHA * f64::from(looks[reached] - before) / f64::from(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_looks_together_miss_no_more_than_one_may() {
        for looks in [&[6][..], &[3, 6, 12], &[3, 6, 12, 24], &[1, 2]] {
            let spent: f64 = looks.iter().map(|&look| alpha(looks, look)).sum();
            assert!((spent - ALPHA).abs() < 1e-12, "{looks:?}: {spent}");
        }
    }

    #[test]
    fn each_spends_in_proportion_to_its_rounds() {
        let looks = [3, 6, 12, 24];
        let percent = looks.map(|look| (1000.0 * alpha(&looks, look) / ALPHA).round() as u32);
        assert_eq!(percent, [125, 125, 250, 500]);
    }

    #[test]
    fn what_ends_between_two_looks_has_the_next_ones_share() {
        let looks = [3, 6, 12];
        for (rounds, look) in [(1, 3), (4, 6), (7, 12), (13, 12)] {
            assert_eq!(alpha(&looks, rounds).to_bits(), alpha(&looks, look).to_bits(), "{rounds} rounds");
        }
        assert!([alpha(&[], 5), alpha(&[0], 5)].iter().all(|all| all.to_bits() == ALPHA.to_bits()));
    }
}
