//! Requests of an open-loop client: tasks that become due at their own times, whether earlier ones are done or not.
//!
//! A closed-loop client sends its next request when it has an answer. While the server stands still, it sends nothing,
//! so one stall is one slow request. Users don't wait for each other: an open-loop client sends at a rate, and a stall
//! delays every request that becomes due meanwhile. So a latency counts from when the task was due. (Counted from when
//! a worker took it, the requests that waited behind the stall look fast: "coordinated omission", Gil Tene, *How NOT to
//! measure latency*, 2013.)
//!
//! A worker that has taken a task sleeps until the task is due. Workers take tasks in their order, so this is a queue
//! that releases task k at its time: a due task waits exactly if every worker is busy. Strategies know nothing of it.

use super::lane::Lane;
use crate::task::{Output, Task, TaskContext, TaskError};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// A task that becomes due at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DueTask {
    /// When it becomes due: `CLOCK_MONOTONIC`, nanoseconds.
    pub due_ns: u64,
    /// What is to be done then.
    pub task: Box<Task>,
}

/// How a scenario asks for arrivals: the rate, and how even it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Arrivals"))]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// How many tasks become due in a second, on average.
    pub rate_per_s: f64,
    /// The time from one to the next.
    #[serde(default)]
    pub gaps: Gaps,
}

/// The time from one arrival to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Gaps {
    /// Always the same.
    #[default]
    Even,
    /// Exponentially distributed, as of many users who know nothing of each other (a Poisson process).
    Poisson,
}

impl Recipe {
    /// When each of `tasks` tasks becomes due, nanoseconds from the start of the run, at `faster` times the rate. Even
    /// gaps begin with a task at 0; random ones with a gap. They depend on the seed alone.
    pub fn due_ns(&self, tasks: usize, faster: f64, seed: u64) -> Vec<u64> {
        let mean_ns = 1e9 / (self.rate_per_s * faster);
        match self.gaps {
            Gaps::Even => (0..tasks).map(|index| (index as f64 * mean_ns) as u64).collect(),
            Gaps::Poisson => {
                let mut random = Pcg64::seed_from_u64(seed);
                let mut now_ns = 0.0;
                let mut next = || {
                    // From 0 up to, but not including, 1: the logarithm is finite.
                    now_ns -= mean_ns * (1.0 - random.random::<f64>()).ln();
                    now_ns as u64
                };
                (0..tasks).map(|_| next()).collect()
            }
        }
    }
}

/// The tasks, each due so many nanoseconds after `begin_ns`.
pub fn from(begin_ns: u64, tasks: &[Task], due_ns: &[u64]) -> Arc<[Task]> {
    let arrival = |(task, due_ns): (&Task, &u64)| {
        Task::Arrival(DueTask { due_ns: begin_ns.saturating_add(*due_ns), task: Box::new(task.clone()) })
    };
    tasks.iter().zip(due_ns).map(arrival).collect()
}

impl DueTask {
    /// Waits until it is due, and does it. The wait is no part of the task's time.
    pub fn run<H: TaskContext>(&self, host: &mut H) -> Result<Output, TaskError> {
        host.await_due(self.due_ns)?;
        self.task.run(host)
    }

    /// The same inside an event loop, which keeps running meanwhile.
    pub async fn run_async(&self, lane: &mut Lane) -> Result<Output, TaskError> {
        lane.await_due_async(self.due_ns).await?;
        Box::pin(self.task.run_async(lane)).await
    }
}

/// The longest sleep of an idle worker before it checks again whether the run is over.
pub(crate) const NAP: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        task::prime_sum::{Method, PrimeSum},
        worker::{lane::Activity, stop::Stop},
    };
    use measure::clock::now_ns;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arrivals_come_in_order_and_at_their_rate(rate_per_s in 0.1..10_000.0_f64, faster in 0.1..100.0_f64, seed: u64) {
            let tasks = 2000;
            for gaps in [Gaps::Even, Gaps::Poisson] {
                let recipe = Recipe { rate_per_s, gaps };
                let due_ns = recipe.due_ns(tasks, faster, seed);
                prop_assert!(due_ns.is_sorted() && due_ns.len() == tasks);
                prop_assert_eq!(&due_ns, &recipe.due_ns(tasks, faster, seed));
                let mean_s = due_ns[tasks - 1] as f64 / 1e9 / tasks as f64;
                // The mean of 2000 exponential gaps is within five standard errors.
                prop_assert!((mean_s * rate_per_s * faster - 1.0).abs() < 5.0 / (tasks as f64).sqrt());
            }
        }
    }

    #[test]
    fn random_gaps_scatter_as_much_as_they_last() {
        let due_ns = Recipe { rate_per_s: 1.0, gaps: Gaps::Poisson }.due_ns(10_000, 1.0, 7);
        let gaps_s: Vec<f64> = due_ns.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 1e9).collect();
        let mean = gaps_s.iter().sum::<f64>() / gaps_s.len() as f64;
        let variance = gaps_s.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps_s.len() as f64;
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.05);
    }

    fn sum(due_ns: u64) -> Task {
        let task = Box::new(Task::PrimeSum(PrimeSum { from: 0, below: 10, by: Method::TrialDivision }));
        Task::Arrival(DueTask { due_ns, task })
    }

    #[test]
    fn the_wait_is_no_part_of_the_task_and_lateness_is_queueing() {
        let mut lane = Lane::new(0, 1, Stop::after(Duration::from_mins(1)));
        let due_ns = now_ns() + 3_000_000;
        let early = lane.run(0, &sum(due_ns));
        let late = lane.run(1, &sum(due_ns));
        for (done, index) in [(&early, 0), (&late, 1)] {
            assert_eq!(done.result.as_ref().map(|output| output.checksum), Ok(17));
            let [run, queued] = &done.spans[..] else { panic!("two spans: {:?}", done.spans) };
            assert_eq!((run.kind, queued.kind, run.index), (Activity::Run, Activity::Queued, Some(index)));
            assert_eq!((queued.start_ns, queued.end_ns), (due_ns, run.start_ns));
            assert!(run.start_ns >= due_ns, "it does not begin before it is due");
        }
        assert!(late.spans[0].start_ns >= early.spans[0].end_ns);
    }

    #[test]
    fn what_is_not_due_before_the_deadline_times_out() {
        let stop = Stop::after(Duration::from_millis(5));
        let _watchdog = stop.watchdog().unwrap();
        let never = sum(u64::MAX);
        let done = Lane::new(0, 1, stop).run(0, &never);
        assert_eq!(done.result, Err(TaskError::TimedOut));
        assert!(done.spans.iter().all(|span| span.kind == Activity::Run), "it was never queued: {:?}", done.spans);
    }
}
