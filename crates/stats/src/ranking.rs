//! Which is the fastest, and which are as fast?
//!
//! Three answers, each of which has to be shown, and "not told apart" where none was. That two intervals overlap shows
//! nothing: the times of one round are pairs, and their ratio may be known far better than either of them. That a cell was
//! not shown to be slower doesn't make it as fast: noise would.
//!
//! Every cell is compared with every other, by the ratio of their times within each round. All pairs share what may miss
//! evenly (C. E. Bonferroni). Fewer comparisons would do to name the fastest, but not to say of several equally fast cells
//! that none is slower.

use super::paired;
use serde::{Deserialize, Serialize};

/// What is shown about a cell among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Faster than every other.
    Fastest,
    /// It takes at most the margin longer than the fastest, whichever that is.
    AsFast,
    /// Slower than the one with the shortest time, and not shown to be as fast within the margin.
    Slower,
    /// None of these is shown.
    NotToldApart,
}

impl Place {
    /// Whether it may be named as an answer to "which is the fastest?".
    pub fn leads(self) -> bool {
        matches!(self, Self::Fastest | Self::AsFast)
    }
}

/// The place of each cell. `times_s[k]` are the seconds of cell `k`, one entry for each round in the same order; rounds
/// that not all have are left out. `margin` is how much longer still counts as "as fast": 0.05 is 5 %. Of all answers
/// together, some is wrong in at most a share `alpha` of all cases.
///
/// A cell that can't be compared (fewer than two rounds, or a time that isn't positive) isn't told apart. A cell alone is
/// the fastest.
pub fn places(times_s: &[&[f64]], margin: f64, alpha: f64) -> Vec<Place> {
    let rounds = times_s.iter().map(|times| times.len()).min().unwrap_or(0);
    let of = |cell: usize| &times_s[cell][..rounds];
    // `[low, high]` of the logarithm of how many times as long `cell` takes as `other`.
    let pairs = times_s.len() * times_s.len().saturating_sub(1) / 2;
    let alpha = alpha / pairs.max(1) as f64;
    let longer = |cell: usize, other: usize| {
        let found = paired::log_ratio(of(cell), of(other))?.interval(alpha);
        Some([found.low, found.high])
    };
    let others = |cell: usize| (0..times_s.len()).filter(move |&other| other != cell);
    let slower_than = |cell, other| longer(cell, other).is_some_and(|[low, _]| low > 0.0);
    let within = |cell, other| longer(cell, other).is_some_and(|[_, high]| high <= margin.ln_1p());
    let logarithms = |cell: usize| of(cell).iter().map(|time| time.ln()).sum::<f64>();
    let leader = (0..times_s.len()).min_by(|&a, &b| logarithms(a).total_cmp(&logarithms(b)));
    let place = |cell: usize| {
        if leader == Some(cell) && others(cell).all(|other| slower_than(other, cell)) {
            Place::Fastest
        } else if others(cell).all(|other| within(cell, other)) {
            Place::AsFast
        } else if leader.is_some_and(|leader| leader != cell && slower_than(cell, leader)) {
            Place::Slower
        } else {
            Place::NotToldApart
        }
    };
    (0..times_s.len()).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Place::{AsFast, Fastest, NotToldApart, Slower};
    use proptest::prelude::*;

    /// So many times this long as a quiet cell, whose rounds scatter by this share of them.
    fn cell(time_s: f64, scatter: f64, seed: u32) -> Vec<f64> {
        let noise = |round: u32| f64::from((round + 1).wrapping_mul(seed).wrapping_mul(2_654_435_761) >> 16) / 65_536.0;
        (0..10).map(|round| time_s * (1.0 + scatter * (noise(round) - 0.5))).collect()
    }

    fn placed(cells: &[Vec<f64>]) -> Vec<Place> {
        places(&cells.iter().map(Vec::as_slice).collect::<Vec<_>>(), 0.05, 0.05)
    }

    #[test]
    fn fastest_and_as_fast_are_said_only_where_they_are_shown() {
        let quiet = [cell(1.0, 0.001, 7), cell(1.02, 0.001, 11), cell(1.5, 0.001, 13)];
        assert_eq!(placed(&quiet), [Fastest, AsFast, Slower]);
        let tied = [cell(1.0, 0.01, 7), cell(1.0, 0.01, 11), cell(1.5, 0.01, 13)];
        assert_eq!(placed(&tied), [AsFast, AsFast, Slower]);
        let noisy = [cell(1.0, 0.8, 7), cell(1.02, 0.8, 11), cell(9.0, 0.01, 13)];
        assert_eq!(placed(&noisy), [NotToldApart, NotToldApart, Slower]);
    }

    #[test]
    fn what_cannot_be_compared_is_not_told_apart() {
        assert_eq!(placed(&[]), []);
        assert_eq!(placed(&[vec![1.0; 3]]), [Fastest]);
        assert_eq!(placed(&[vec![1.0], vec![2.0]]), [NotToldApart; 2]);
        assert_eq!(placed(&[vec![0.0; 9], vec![2.0; 9]]), [NotToldApart; 2]);
    }

    proptest! {
        #[test]
        fn pairs_tell_apart_what_overlaps(slow in prop::collection::vec(0.5_f64..2.0, 4..12)) {
            let times = |by: f64| slow.iter().map(|slow| slow * by).collect::<Vec<f64>>();
            prop_assert_eq!(placed(&[times(1.2), times(1.0), times(1.01)]), [Slower, Fastest, AsFast]);
        }

        #[test]
        fn at_most_one_is_the_fastest_whatever_the_order(
            mut cells in prop::collection::vec(prop::collection::vec(0.9_f64..1.1, 6), 1..6),
        ) {
            let there = placed(&cells);
            prop_assert!(there.iter().filter(|place| **place == Fastest).count() <= 1);
            cells.reverse();
            let mut back = placed(&cells);
            back.reverse();
            prop_assert_eq!(there, back);
        }
    }
}
