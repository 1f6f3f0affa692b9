//! How much of a run was simulated waiting.
//!
//! A scenario divides its waits by the time scale, and nothing else. To know how long the run takes at the document's own
//! pace, only the waits may be multiplied again: starting threads, connecting, and waking up cost what they cost, once. The
//! server's log says of each request how long it was meant to wait: its latency, its queueing, and its body's wait for the
//! link. The server's own lateness is not part of that.

use mock_server::log::LogEntry;
use std::collections::BTreeMap;
use work::worker::lane::{Activity, Span};

/// Seconds of simulated waiting, in the run as it was measured, on the worker that waited longest: the one that decides how
/// long the run takes if all waits get longer. The waits before the first task count for every worker. Tasks that never
/// ran at the same time waited for one another, on whichever workers they were: their waits are a sum.
///
/// `spans` are the run's, `log` the server's entries of it.
pub(super) fn simulated_s(spans: &[Span], log: &[LogEntry]) -> f64 {
    let mut of_task: BTreeMap<Option<u32>, u64> = BTreeMap::new();
    for entry in log {
        *of_task.entry(entry.index).or_default() += meant_ns(entry);
    }
    let waits_ns = |index: Option<u32>| of_task.get(&index).copied().unwrap_or(0);
    let mut tasks: Vec<&Span> =
        spans.iter().filter(|span| span.kind == Activity::Run && span.index.is_some()).collect();
    tasks.sort_unstable_by_key(|task| task.start_ns);
    let in_turn = tasks.windows(2).all(|pair| pair[0].end_ns <= pair[1].start_ns);
    let mut of_worker: BTreeMap<u32, u64> = BTreeMap::new();
    for task in tasks {
        *of_worker.entry(if in_turn { 0 } else { task.worker }).or_default() += waits_ns(task.index);
    }
    (waits_ns(None) + of_worker.into_values().max().unwrap_or(0)) as f64 / 1e9
}

/// How long this request was meant to wait, but no longer than it actually did.
fn meant_ns(entry: &LogEntry) -> u64 {
    let until_answer = (entry.queued_ns + entry.latency_ns).min(entry.answered_ns.saturating_sub(entry.arrived_ns));
    until_answer + entry.link_ns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(worker: u32, index: Option<u32>, start_ns: u64, end_ns: u64) -> Span {
        Span { worker, index, kind: Activity::Run, start_ns, end_ns }
    }

    /// A request that waits for these parts of a second, and is answered a tenth too late.
    fn request(index: Option<u32>, queued_s: f64, latency_s: f64, link_s: f64) -> LogEntry {
        let ns = |seconds: f64| (seconds * 1e9) as u64;
        LogEntry {
            index,
            queued_ns: ns(queued_s),
            latency_ns: ns(latency_s),
            arrived_ns: 5,
            answered_ns: 5 + ns(queued_s + latency_s + 0.1),
            link_ns: ns(link_s),
            ..LogEntry::default()
        }
    }

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6, "{found}, expected {expected}");
    }

    #[test]
    fn the_worker_that_waits_longest_decides() {
        let spans = [task(0, Some(0), 0, 9), task(1, Some(1), 1, 9), task(0, Some(2), 10, 20)];
        let log = [request(Some(0), 0.0, 0.3, 0.0), request(Some(1), 0.1, 0.3, 0.05), request(Some(2), 0.0, 0.3, 0.0)];
        near(simulated_s(&spans, &log), 0.6);
    }

    #[test]
    fn a_prologue_counts_for_every_worker_and_a_redirect_as_part_of_its_task() {
        let spans = [task(0, None, 0, 9), task(0, Some(0), 10, 20), task(1, Some(1), 11, 20)];
        let log = [
            request(None, 0.0, 0.5, 0.0),
            request(Some(0), 0.0, 0.1, 0.0),
            request(Some(0), 0.0, 0.2, 0.0),
            request(Some(1), 0.0, 0.1, 0.0),
        ];
        near(simulated_s(&spans, &log), 0.8);
    }

    #[test]
    fn sequential_tasks_add_their_waits_on_any_worker() {
        let spans = [task(0, Some(0), 0, 9), task(1, Some(1), 9, 18)];
        let log = [request(Some(0), 0.0, 0.3, 0.0), request(Some(1), 0.0, 0.3, 0.0)];
        near(simulated_s(&spans, &log), 0.6);
    }

    #[test]
    fn who_gave_up_waited_until_then() {
        let gave_up = LogEntry { answered_ns: 5 + 200_000_000, gave_up: true, ..request(Some(0), 0.0, 3.0, 0.0) };
        near(simulated_s(&[task(0, Some(0), 0, 9)], &[gave_up]), 0.2);
        near(simulated_s(&[], &[]), 0.0);
    }
}
