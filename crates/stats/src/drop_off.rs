//! Slower than the best of the others?
//!
//! Take the fastest of seven equally good cells and ask whether an eighth is slower: on average it is, because the
//! fastest was partly lucky. Choosing and comparing in the same rounds finds drop-offs where none exist: selection
//! bias, or the winner's curse. So the rounds are split as in cross-validation (M. Stone, "Cross-validatory choice and
//! assessment of statistical predictions", Journal of the Royal Statistical Society B 36, 1974): the even ones choose
//! the best, and the odd ones, which are independent, make the comparison. If chance chose a cell that is not truly the
//! best, the drop-off comes out smaller, never larger. The price is half the rounds.

use super::{paired, student::Mean};

/// How many times as long `at` takes as the best of the others, as a logarithm: the mean of ln(T(at) / T(best)) over
/// the odd rounds (counted from 0), and the index of the best, relative to which `at` was slowest in the even ones.
/// `at_s` are the seconds of `at`, one entry for each round, and `among_s[k]` those of a candidate; incomplete rounds
/// are left out.
///
/// `None` without candidates, below two odd rounds, or if a time isn't positive.
pub fn held_out(at_s: &[f64], among_s: &[Vec<f64>]) -> Option<(usize, Mean)> {
    let rounds = among_s.iter().map(Vec::len).chain([at_s.len()]).min()?;
    let half =
        |times: &[f64], first: usize| -> Vec<f64> { times[..rounds].iter().skip(first).step_by(2).copied().collect() };
    let beside = |index: usize, first: usize| paired::log_ratio(&half(at_s, first), &half(&among_s[index], first));
    // By pairs, not by each one's own median: drift between rounds would hide the candidates' differences.
    let chosen: Option<Vec<Mean>> = (0..among_s.len()).map(|index| beside(index, 0)).collect();
    let (best, _) = chosen?.into_iter().enumerate().max_by(|(_, a), (_, b)| a.mean.total_cmp(&b.mean))?;
    Some((best, beside(best, 1)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn chooses_in_the_even_rounds_and_measures_in_the_odd_ones() {
        // In the even rounds the second candidate is the faster; in the odd ones `at` takes twice and eight times as
        // long.
        let at = [9.0, 4.0, 9.0, 8.0, 9.0];
        let among = [vec![2.0, 0.1, 2.0, 0.1, 2.0], vec![1.0, 2.0, 1.0, 1.0, 1.0]];
        let (best, found) = held_out(&at, &among).unwrap();
        assert_eq!((best, found.freedom), (1, 1));
        assert!((found.mean - 4.0_f64.ln()).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn says_nothing_without_others_or_from_too_few_rounds() {
        assert_eq!(held_out(&[1.0; 10], &[]), None);
        assert_eq!(held_out(&[1.0; 10], &[vec![1.0; 10], vec![]]), None);
        assert_eq!(held_out(&[1.0; 3], &[vec![1.0; 10]]), None);
        assert!(held_out(&[1.0; 4], &[vec![1.0; 10]]).is_some());
        assert_eq!(held_out(&[1.0, 0.0, 1.0, 1.0], &[vec![1.0; 4]]), None);
    }

    fn candidates() -> impl Strategy<Value = Vec<Vec<f64>>> {
        prop::collection::vec(prop::collection::vec(0.5_f64..2.0, 8), 1..7)
    }

    proptest! {
        #[test]
        fn cells_without_noise_are_compared_exactly(
            typical in prop::collection::vec(0.5_f64..2.0, 1..7),
            slower in 0.5_f64..3.0,
            mood in prop::collection::vec(0.1_f64..10.0, 4..12),
        ) {
            let rounds = |times: f64| -> Vec<f64> { mood.iter().map(|mood| mood * times).collect() };
            let among: Vec<Vec<f64>> = typical.iter().map(|&times| rounds(times)).collect();
            let fastest = typical.iter().copied().fold(f64::INFINITY, f64::min);
            let (best, found) = held_out(&rounds(fastest * slower), &among).unwrap();
            prop_assert!(typical[best] <= fastest * (1.0 + 1e-9));
            prop_assert!((found.mean - slower.ln()).abs() < 1e-9 && found.error < 1e-9, "{:?}", found);
        }

        #[test]
        fn what_happens_in_the_odd_rounds_has_no_say_in_the_choice(
            mut among in candidates(), other in prop::collection::vec(0.5_f64..2.0, 4),
        ) {
            let (before, _) = held_out(&[1.0; 8], &among).unwrap();
            for times in &mut among {
                times.iter_mut().skip(1).step_by(2).zip(&other).for_each(|(time, other)| *time = other / *time);
            }
            let (after, _) = held_out(&[1.0; 8], &among).unwrap();
            prop_assert_eq!(before, after);
        }
    }
}
