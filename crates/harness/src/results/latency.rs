//! How long single tasks took: percentiles over the tasks of one round.
//!
//! A latency counts from when a task was due, if tasks become due at times, and otherwise from when a worker began it
//! (all were due at the start, and their place in the queue would be all that is measured).

use crate::scenario::claim::Percentile;
use serde::{Deserialize, Serialize};
use work::worker::lane::{Activity, Done, Span};

/// Percentiles of the latencies of one round's tasks, seconds, by nearest rank: of 200 tasks, the 99th is the third
/// longest; of fewer than 100, it is the longest. Tasks that failed count, unless no worker began them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Latency {
    /// Half of the tasks took no longer, seconds.
    pub p50_s: f64,
    /// 95 % of them, seconds.
    pub p95_s: f64,
    /// 99 % of them, seconds.
    pub p99_s: f64,
}

impl Latency {
    /// From when each task began. `None` if none did.
    pub fn from_start(done: &[Done]) -> Option<Self> {
        Self::of(done, |run, _| run.start_ns)
    }

    /// From when each task was due. `None` if none began, or none had a time to be due.
    pub fn from_due(done: &[Done]) -> Option<Self> {
        let arrivals = done.iter().any(|one| due_ns(&one.spans).is_some());
        if arrivals { Self::of(done, |run, spans| due_ns(spans).unwrap_or(run.start_ns)) } else { None }
    }

    /// One of the percentiles.
    pub fn at(&self, percentile: Percentile) -> f64 {
        match percentile {
            Percentile::P50 => self.p50_s,
            Percentile::P95 => self.p95_s,
            Percentile::P99 => self.p99_s,
        }
    }

    fn of(done: &[Done], since_ns: impl Fn(&Span, &[Span]) -> u64) -> Option<Self> {
        let run = |one: &Done| {
            let run = one.spans.first().filter(|span| span.kind == Activity::Run)?;
            Some(run.end_ns.saturating_sub(since_ns(run, &one.spans)))
        };
        let mut sorted_ns: Vec<u64> = done.iter().filter_map(run).collect();
        sorted_ns.sort_unstable();
        let percentile = |percent: usize| {
            let rank = (sorted_ns.len() * percent).div_ceil(100);
            Some(*sorted_ns.get(rank.checked_sub(1)?)? as f64 / 1e9)
        };
        Some(Self { p50_s: percentile(50)?, p95_s: percentile(95)?, p99_s: percentile(99)? })
    }
}

/// When the task was due. A job's time in a queue begins when it was enqueued, which is another matter.
fn due_ns(spans: &[Span]) -> Option<u64> {
    let was_enqueued = spans.iter().any(|span| span.kind == Activity::Enqueue);
    spans.iter().find(|span| span.kind == Activity::Queued && !was_enqueued).map(|span| span.start_ns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use work::task::TaskError;

    fn done(spans: &[(Activity, u64, u64)]) -> Done {
        let span = |&(kind, start_ns, end_ns)| Span { worker: 0, index: Some(0), kind, start_ns, end_ns };
        Done { index: 0, result: Err(TaskError::TimedOut), spans: spans.iter().map(span).collect() }
    }

    fn of_ms(tasks: &[u64]) -> Vec<Done> {
        tasks.iter().map(|ms| done(&[(Activity::Run, 0, ms * 1_000_000)])).collect()
    }

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let all: Vec<u64> = (1..=200).rev().collect();
        let latency = Latency::from_start(&of_ms(&all)).unwrap();
        assert_eq!(latency, Latency { p50_s: 0.1, p95_s: 0.19, p99_s: 0.198 });
        let few = Latency::from_start(&of_ms(&[3, 1, 2])).unwrap();
        assert_eq!(few, Latency { p50_s: 0.002, p95_s: 0.003, p99_s: 0.003 });
        assert_eq!((Latency::from_start(&[]), Latency::from_start(&[done(&[])])), (None, None));
    }

    #[test]
    fn a_task_that_is_late_counts_from_when_it_was_due() {
        let late = done(&[(Activity::Run, 5_000_000, 6_000_000), (Activity::Queued, 2_000_000, 5_000_000)]);
        let [start, due] =
            [Latency::from_start, Latency::from_due].map(|from| from(std::slice::from_ref(&late)).unwrap().p99_s);
        assert_eq!((start, due), (0.001, 0.004));
    }

    #[test]
    fn the_way_through_a_queue_is_no_lateness() {
        let job =
            [(Activity::Run, 5, 6), (Activity::Enqueue, 0, 1), (Activity::Queued, 1, 5), (Activity::Return, 6, 7)];
        assert_eq!(Latency::from_due(&[done(&job)]), None);
    }

    proptest! {
        #[test]
        fn percentiles_rise_and_are_among_the_latencies(tasks in prop::collection::vec(0_u64..1000, 1..300)) {
            let Latency { p50_s, p95_s, p99_s } = Latency::from_start(&of_ms(&tasks)).unwrap();
            prop_assert!(p50_s <= p95_s && p95_s <= p99_s);
            for (share, percentile_s) in [(0.5, p50_s), (0.95, p95_s), (0.99, p99_s)] {
                let ms = (percentile_s * 1e3).round() as u64;
                prop_assert!(tasks.contains(&ms));
                let below = tasks.iter().filter(|&&task| task <= ms).count() as f64;
                prop_assert!(below >= share * tasks.len() as f64 - 1e-9);
            }
        }
    }
}
