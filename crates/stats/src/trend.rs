//! How a time grows with the number of tasks.
//!
//! On two logarithmic axes, time T over the number of tasks n, T = c x n^b becomes a straight line with slope b. A
//! slope of 0 means that more tasks take no longer, 1 that twice the tasks take twice the time, 2 that they take four
//! times as long. A least-squares line is fitted to each round, so that a slow round changes its c and not its slope;
//! the mean of the slopes has its interval by Student's t. One slope can't describe a curve that bends: it is then the
//! best single answer over just these n.

use super::student::Mean;

/// The slope of ln T over ln n, one for each round, and their mean: an exponent. `times_s[k]` are the seconds of
/// `tasks[k]` tasks, one entry for each round; incomplete rounds are left out.
///
/// `None` with fewer than two rounds or two different numbers of tasks, without times for each number, and with a time
/// or a number that isn't positive.
pub fn exponent(tasks: &[u32], times_s: &[Vec<f64>]) -> Option<Mean> {
    let rounds = times_s.iter().map(Vec::len).min()?;
    if tasks.len() != times_s.len() {
        return None;
    }
    let logarithms: Vec<f64> = tasks.iter().map(|&tasks| f64::from(tasks).ln()).collect();
    let middle = logarithms.iter().sum::<f64>() / logarithms.len() as f64;
    let offsets = || logarithms.iter().map(|logarithm| logarithm - middle);
    let width: f64 = offsets().map(|x| x * x).sum();
    // Without two different numbers of tasks the width is 0, and the slopes aren't numbers.
    let slope = |round: usize| offsets().zip(times_s).map(|(x, times)| x * times[round].ln()).sum::<f64>() / width;
    Mean::of(&(0..rounds).map(slope).collect::<Vec<f64>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn agrees_with_scipy() {
        // The mean and `scipy.stats.sem` of the three slopes by `scipy.stats.linregress(log(n), log(T))`, one for each
        // round.
        let tasks = [10, 20, 40, 80];
        let times = [[1.02, 1.10, 1.05], [1.31, 1.42, 1.36], [1.75, 1.88, 1.71], [2.30, 2.41, 2.44]].map(Vec::from);
        let found = exponent(&tasks, &times).unwrap();
        assert!((found.mean - 0.390_542_599_027_607_7).abs() < 1e-12, "{found:?}");
        assert!((found.error - 0.005_442_426_762_223_976).abs() < 1e-12 && found.freedom == 2, "{found:?}");
    }

    #[test]
    fn says_nothing_where_there_is_no_line() {
        let times = [vec![1.0, 1.0], vec![2.0, 2.0]];
        assert_eq!(exponent(&[], &[]), None);
        assert_eq!(exponent(&[10], &times[..1]), None);
        assert_eq!(exponent(&[10, 10], &times), None);
        assert_eq!(exponent(&[10, 20, 40], &times), None);
        assert_eq!(exponent(&[0, 10], &times), None);
        assert_eq!(exponent(&[10, 20], &[vec![1.0], vec![2.0, 2.0]]), None);
        for impossible in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(exponent(&[10, 20], &[vec![1.0, impossible], vec![2.0, 2.0]]), None, "{impossible}");
        }
    }

    proptest! {
        #[test]
        fn it_is_exact_on_power_laws_however_slow_each_round_is(
            power in -1.0_f64..3.0, slow in prop::collection::vec(0.01_f64..10.0, 2..10),
        ) {
            let tasks = [1, 2, 5, 30, 400];
            let times: Vec<Vec<f64>> = tasks
                .iter()
                .map(|&tasks| slow.iter().map(|slow| slow * f64::from(tasks).powf(power)).collect())
                .collect();
            let found = exponent(&tasks, &times).unwrap();
            prop_assert!((found.mean - power).abs() < 1e-9 && found.error < 1e-9, "{:?}", found);
        }

        #[test]
        fn the_order_of_the_cells_does_not_matter(
            times in prop::collection::vec(prop::collection::vec(0.1_f64..10.0, 4), 3),
        ) {
            let backwards: Vec<Vec<f64>> = times.iter().rev().cloned().collect();
            let (there, back) = (exponent(&[1, 7, 20], &times).unwrap(), exponent(&[20, 7, 1], &backwards).unwrap());
            prop_assert!((there.mean - back.mean).abs() < 1e-9 && (there.error - back.error).abs() < 1e-9);
        }
    }
}
