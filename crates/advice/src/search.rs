//! Which worker counts are worth measuring.
//!
//! First a search, one run each: the number of workers is doubled for as long as that helps. Its figures are not evidence:
//! the best of several single runs is partly lucky. They only say where to look. Then a few counts around the place where it
//! stops to help are measured in rounds.

/// A further doubling counts as help if it makes the rate greater by this share.
const HELPS: f64 = 0.05;

/// Single runs of work that computes scatter by this share on a machine that does something else beside it. Where the cores
/// are busy, a gain of no more is put down to that: the rounds still have greater numbers to show it.
const SCATTER: f64 = 0.25;

/// The next number of workers to try, after these with their tasks per second, in the order in which they were tried; `None`
/// when two in a row have not helped, or `most` has been tried.
pub fn next(tried: &[(u32, f64)], most: u32) -> Option<u32> {
    let Some(&(last, _)) = tried.last() else { return Some(1) };
    let helped = |place: usize| {
        let before = tried[..place].iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
        tried[place].1 > before * (1.0 + HELPS)
    };
    let in_vain = (0..tried.len()).rev().take_while(|&place| !helped(place)).count();
    (in_vain < 2 && last < most).then(|| last.saturating_mul(2).min(most))
}

/// The smallest of the tried numbers whose rate is near the greatest. A number that keeps the cores busy, `for_cores`, is
/// near it from further away.
pub fn knee(tried: &[(u32, f64)], for_cores: Option<u32>) -> Option<u32> {
    let greatest = tried.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
    let margin = |workers: u32| if for_cores.is_some_and(|enough| workers >= enough) { SCATTER } else { HELPS };
    let near = tried.iter().filter(|(workers, rate)| *rate * (1.0 + margin(*workers)) >= greatest);
    near.map(|(workers, _)| *workers).min()
}

/// The numbers of workers to measure in rounds, ascending, from 1: around the knee and around what theory gives, at most
/// `most`. Four or more, where that many are possible, since two laws are fitted to them.
pub fn around(knee: u32, theory: Option<u32>, most: u32) -> Vec<u32> {
    let mut counts = vec![1, knee / 2, knee.saturating_mul(3) / 4, knee, knee.saturating_mul(2)];
    // Far from the knee, theory has been refuted: something else is the limit.
    counts.extend(theory.filter(|theory| (knee / 2..=knee.saturating_mul(2)).contains(theory)));
    for filling in 2..=4 {
        if counts_within(&counts, most).len() < 4 {
            counts.push(filling);
        }
    }
    counts_within(&counts, most)
}

fn counts_within(counts: &[u32], most: u32) -> Vec<u32> {
    let mut within: Vec<u32> = counts.iter().copied().filter(|count| (1..=most).contains(count)).collect();
    within.sort_unstable();
    within.dedup();
    within
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Everything that is tried of work with these rates.
    fn tried(rate: impl Fn(u32) -> f64, most: u32) -> Vec<u32> {
        let mut tried = Vec::new();
        while let Some(workers) = next(&tried, most) {
            tried.push((workers, rate(workers)));
        }
        tried.into_iter().map(|(workers, _)| workers).collect()
    }

    #[test]
    fn the_search_stops_where_more_workers_do_not_help() {
        assert_eq!(tried(|workers| f64::from(workers.min(4)), 1000), [1, 2, 4, 8, 16]);
        assert_eq!(tried(f64::from, 12), [1, 2, 4, 8, 12]);
        assert_eq!(tried(|_| 1.0, 1000), [1, 2, 4]);
        assert_eq!(tried(|_| 1.0, 1), [1]);
    }

    #[test]
    fn the_knee_is_the_smallest_number_that_is_near_the_best() {
        assert_eq!(knee(&[(1, 1.0), (2, 2.0), (4, 3.9), (8, 4.0), (16, 3.5)], None), Some(4));
        assert_eq!(knee(&[(1, 1.0), (2, 1.04)], None), Some(1));
        assert_eq!(knee(&[], None), None);
        let busy_machine = [(1, 8.8), (2, 16.3), (4, 17.5), (7, 19.4)];
        assert_eq!((knee(&busy_machine, None), knee(&busy_machine, Some(2))), (Some(7), Some(2)));
        assert_eq!(knee(&[(1, 9.0), (2, 10.0)], Some(2)), Some(2), "one worker leaves a core idle");
    }

    #[test]
    fn counts_lie_around_the_knee() {
        assert_eq!(around(8, None, 1000), [1, 4, 6, 8, 16]);
        assert_eq!(around(8, Some(10), 1000), [1, 4, 6, 8, 10, 16]);
        assert_eq!(around(8, Some(100), 1000), [1, 4, 6, 8, 16], "far from what was seen");
        assert_eq!(around(8, None, 8), [1, 4, 6, 8]);
        assert_eq!((around(1, None, 9), around(2, None, 9)), (vec![1, 2, 3, 4], vec![1, 2, 3, 4]));
        assert_eq!(around(1, None, 2), [1, 2]);
    }

    proptest! {
        #[test]
        fn counts_are_possible_and_enough(knee in 1_u32..300, theory in prop::option::of(1_u32..300), more in 0_u32..300) {
            let most = knee + more;
            let counts = around(knee, theory, most);
            prop_assert!(counts.contains(&1) && counts.contains(&knee) && counts.iter().all(|count| *count <= most));
            prop_assert!(counts.len() >= most.min(4) as usize && counts.len() <= 6, "{counts:?}");
        }
    }
}
