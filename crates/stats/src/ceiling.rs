//! The best possible speedup.
//!
//! Twice the workers take half the time only if the tasks divide evenly. Thirty equal tasks on eight workers take four
//! waves, the last of them with two workers idle: 30/4 = 7.5 times as fast, not 8. And on sixteen workers the speedup
//! is 15, the same as on fifteen. Between the steps, more workers gain nothing.

use crate::Estimate;

/// How many waves n tasks take if each of N workers does one task per wave: ceil(n / N). `None` without workers.
fn waves(tasks: u32, workers: u32) -> Option<u32> {
    (workers > 0).then(|| tasks.div_ceil(workers))
}

/// The linear ideal to compare a speedup with: N workers, N times as fast.
pub fn ideal(workers: u32) -> f64 {
    f64::from(workers)
}

/// The best speedup of `tasks` equal, indivisible tasks on `workers` workers: n / ceil(n / N). `None` without tasks or
/// without workers.
///
/// By counting: some worker has to do at least ceil(n / N) of them. For unequal tasks it bounds neither way; see R. L.
/// Graham, "Bounds on multiprocessing timing anomalies", SIAM J. Appl. Math. 17, 1969.
pub fn quantised_ceiling(tasks: u32, workers: u32) -> Option<f64> {
    let waves = waves(tasks, workers).filter(|&waves| waves > 0)?;
    Some(f64::from(tasks) / f64::from(waves))
}

/// Seconds that `tasks` tasks of `wave_s` seconds take on `workers` workers in lock-step: ceil(n / N) x L. `None`
/// without workers.
pub fn lock_step_makespan_s(tasks: u32, workers: u32, wave_s: f64) -> Option<f64> {
    Some(f64::from(waves(tasks, workers)?) * wave_s)
}

/// A speedup's share of the linear ideal: S / N, interval included. `None` without workers.
pub fn efficiency(speedup: Estimate, workers: u32) -> Option<Estimate> {
    let share = |speedup: f64| speedup / ideal(workers);
    (workers > 0).then(|| Estimate {
        estimate: share(speedup.estimate),
        low: share(speedup.low),
        high: share(speedup.high),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steps_where_the_tasks_share_out_evenly() {
        let known =
            [(30, 1, 1.0), (30, 5, 5.0), (30, 8, 7.5), (30, 15, 15.0), (30, 16, 15.0), (30, 29, 15.0), (30, 99, 30.0)];
        for (tasks, workers, ceiling) in known {
            assert_eq!(quantised_ceiling(tasks, workers), Some(ceiling), "{tasks} tasks, {workers} workers");
        }
    }

    #[test]
    fn nothing_comes_of_nothing() {
        assert_eq!(quantised_ceiling(0, 4), None);
        assert_eq!(quantised_ceiling(4, 0), None);
        assert_eq!(lock_step_makespan_s(4, 0, 1.0), None);
        assert_eq!(lock_step_makespan_s(0, 4, 1.0), Some(0.0));
        assert_eq!(efficiency(Estimate { estimate: 1.0, low: 1.0, high: 1.0 }, 0), None);
    }

    #[test]
    fn efficiency_is_a_share_of_the_ideal() {
        let found = efficiency(Estimate { estimate: 3.0, low: 2.0, high: 5.0 }, 4).unwrap();
        assert_eq!((found.estimate, found.low, found.high), (0.75, 0.5, 1.25));
    }

    proptest! {
        #[test]
        fn the_ceiling_is_below_the_ideal_and_below_the_tasks(tasks in 1_u32..10_000, workers in 1_u32..10_000) {
            let ceiling = quantised_ceiling(tasks, workers).unwrap();
            prop_assert!(1.0 <= ceiling && ceiling <= ideal(workers) && ceiling <= f64::from(tasks));
            let more = quantised_ceiling(tasks, workers + 1).unwrap();
            prop_assert!(more >= ceiling, "another worker never lowers it");
        }

        #[test]
        fn the_makespan_is_the_sum_over_the_ceiling(tasks in 1_u32..10_000, workers in 1_u32..10_000) {
            let (makespan, ceiling) = (lock_step_makespan_s(tasks, workers, 0.5), quantised_ceiling(tasks, workers));
            prop_assert!((makespan.unwrap() * ceiling.unwrap() - 0.5 * f64::from(tasks)).abs() < 1e-6);
        }
    }
}
