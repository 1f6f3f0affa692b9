//! Outages: stretches in which a queue gave no answer, each as one connection saw it.

use super::broker::{ANSWER, QueueError};
use measure::clock::{between, now_ns};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// After this many outages of one connection in one run, the last one is extended to the end of the latest.
const MOST: usize = 50;

/// A stretch in which a connection to the queue got no answer. It ends with the first answer: after a reconnection, or
/// from a call that returned after all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Outage {
    /// Whose connection: the worker's number in spans; `None` for the run's own.
    pub worker: Option<u32>,
    /// When the first call that got no answer was made: `CLOCK_MONOTONIC`, nanoseconds.
    pub start_ns: u64,
    /// When there was an answer again, or the run was over, nanoseconds.
    pub end_ns: u64,
    /// The first error.
    pub cause: String,
}

impl Outage {
    /// Why the time of a run with these outages does not count: its queue was unavailable for part of it. `None` without any.
    pub fn disturbance(outages: &[Self]) -> Option<String> {
        let cause = &outages.first()?.cause;
        Some(format!("the queue gave no answer for {:.2} s ({cause})", Self::total_s(outages)))
    }

    /// Seconds without the queue for at least one connection: outages of several connections overlap.
    pub fn total_s(outages: &[Self]) -> f64 {
        let mut stretches: Vec<(u64, u64)> = outages.iter().map(|one| (one.start_ns, one.end_ns)).collect();
        stretches.sort_unstable();
        let (mut total_s, mut until_ns) = (0.0, 0);
        for (start_ns, end_ns) in stretches {
            total_s += between(start_ns.max(until_ns), end_ns.max(until_ns)).as_secs_f64();
            until_ns = until_ns.max(end_ns);
        }
        total_s
    }
}

/// Tracks the answers on one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct OutageWatch {
    over: Vec<Outage>,
    open: Option<Outage>,
    /// How many finished ones were reported once.
    told: usize,
}

impl OutageWatch {
    /// A call made at `asked_ns`, which may wait `patience` on purpose, has just returned.
    pub(super) fn heard<T>(&mut self, asked_ns: u64, patience: Duration, answer: &Result<T, QueueError>) {
        let outage = |cause| Outage { worker: None, start_ns: asked_ns, end_ns: now_ns(), cause };
        if let Err(QueueError::Unreachable { cause, .. }) = answer {
            self.open.get_or_insert_with(|| outage(cause.clone())).end_ns = now_ns();
            return;
        }
        let late = between(asked_ns, now_ns()) > patience + ANSWER;
        let late = late.then(|| outage(format!("no answer within {} s", ANSWER.as_secs())));
        if let Some(over) = self.open.take().or(late) {
            let over = Outage { end_ns: now_ns(), ..over };
            let is_full = self.over.len() >= MOST;
            match self.over.last_mut() {
                Some(last) if is_full => last.end_ns = over.end_ns,
                _ => self.over.push(over),
            }
        }
    }

    /// All outages since this instant. An unfinished one lasts until the last call that got no answer.
    pub(super) fn since(&self, start_ns: u64) -> Vec<Outage> {
        self.over.iter().chain(&self.open).filter(|one| one.end_ns > start_ns).cloned().collect()
    }

    /// A delivery reported the outages; those reported before are forgotten. Each is reported twice, because a delivery
    /// that failed may have counted, and then the one that reports it has no effect.
    pub(super) fn told(&mut self) {
        self.over.drain(..self.told);
        self.told = self.over.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone(cause: &str) -> Result<(), QueueError> {
        Err(QueueError::Unreachable { address: "redis://far".into(), cause: cause.into() })
    }

    #[test]
    fn an_outage_begins_with_the_first_call_without_an_answer_and_ends_with_the_next_answer() {
        let mut watch = OutageWatch::default();
        let (first, second) = (now_ns(), now_ns() + 1);
        watch.heard(first, Duration::ZERO, &Ok(()));
        assert_eq!(watch.since(0), []);
        watch.heard(first, Duration::ZERO, &gone("refused"));
        watch.heard(second, Duration::ZERO, &gone("timed out"));
        assert_eq!(watch.since(0).len(), 1, "also before it is over");
        watch.heard(second, Duration::ZERO, &Ok(()));
        let [Outage { worker: None, start_ns, end_ns, cause }] = &watch.since(0)[..] else { panic!("{watch:?}") };
        assert!((*start_ns, cause.as_str()) == (first, "refused") && *end_ns >= second, "{watch:?}");
        assert_eq!(watch.since(now_ns()), [], "it was over before");
        watch.told();
        assert_eq!(watch.since(0).len(), 1, "it may not have been heard");
        watch.told();
        assert_eq!(watch.since(0), []);
    }

    #[test]
    fn an_answer_that_was_long_in_coming_ends_an_outage_too() {
        let mut watch = OutageWatch::default();
        let long_ago = now_ns().saturating_sub(3_000_000_000);
        watch.heard(long_ago, Duration::from_mins(1), &Ok(()));
        assert_eq!(watch.since(0), [], "it was waiting on purpose");
        watch.heard(long_ago, Duration::ZERO, &Ok(()));
        assert!(matches!(&watch.since(0)[..], [Outage { start_ns, .. }] if *start_ns == long_ago), "{watch:?}");
    }

    #[test]
    fn outages_of_several_connections_at_the_same_time_count_once() {
        let outage = |start_ns, end_ns| Outage { worker: None, start_ns, end_ns, cause: String::new() };
        let all = [
            outage(5_000_000_000, 6_000_000_000),
            outage(1_000_000_000, 2_000_000_000),
            outage(1_500_000_000, 3_000_000_000),
        ];
        assert!((Outage::total_s(&all) - 3.0).abs() < 1e-9);
        assert_eq!(Outage::total_s(&[]).to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn a_connection_that_flaps_is_not_kept_without_end() {
        let mut watch = OutageWatch::default();
        for _ in 0..10 * MOST {
            watch.heard(now_ns(), Duration::ZERO, &gone("refused"));
            watch.heard(now_ns(), Duration::ZERO, &Ok(()));
        }
        let told = watch.since(0);
        assert!(told.len() == MOST && told.iter().all(|one| one.start_ns <= one.end_ns), "{}", told.len());
    }
}
