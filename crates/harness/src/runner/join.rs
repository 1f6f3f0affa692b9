//! Joins the client's and the server's waits.
//!
//! A client knows that it waited, but not for what: a busy server, a full link and its own late thread look the same.
//! The server knows when the request had arrived, when it answered, and how long the body waited for the link. Both
//! read the same clock, so the two accounts share one axis, and time that neither the server nor the link took is the
//! client's own: connecting, HTTP, waking up, waiting for a core.

use mock_server::log::LogEntry;
use std::collections::BTreeMap;
use work::worker::lane::{Activity, Span};

/// Replaces the client's account of the waits by the server's.
///
/// `spans` are in the lanes' order, each run before its waits; `entries` are the server's, of this run. For a task with
/// entries, waits for the server and the link replace waits for the first byte and the body. A task without, and all
/// other kinds of span, stay unchanged.
pub(super) fn join(spans: &[Span], entries: &[LogEntry]) -> Vec<Span> {
    let mut of_task: BTreeMap<Option<u32>, Vec<&LogEntry>> = BTreeMap::new();
    entries.iter().for_each(|entry| of_task.entry(entry.index).or_default().push(entry));
    of_task.values_mut().for_each(|mine| mine.sort_by_key(|entry| entry.arrived_ns));
    let runs = spans.chunk_by(|_, next| next.kind != Activity::Run);
    let joined = runs.flat_map(|run| {
        let mine = run.first().and_then(|first| of_task.get(&first.index)).map_or(&[][..], Vec::as_slice);
        of_run(run, mine)
    });
    joined.collect()
}

/// The same for one run and its waits. All steps of a prologue share the index `None`, so an entry belongs to this run
/// only if the two overlap.
fn of_run(spans: &[Span], entries: &[&LogEntry]) -> Vec<Span> {
    let Some(run) = spans.first().filter(|first| first.kind == Activity::Run) else { return spans.to_vec() };
    let overlaps = |entry: &&&LogEntry| entry.arrived_ns < run.end_ns && run.start_ns <= entry.answered_ns;
    let mine: Vec<&LogEntry> = entries.iter().filter(overlaps).copied().collect();
    if mine.is_empty() {
        return spans.to_vec();
    }
    let of_client = |span: &&Span| matches!(span.kind, Activity::WaitFirstByte | Activity::WaitTransfer);
    let mut joined: Vec<Span> = spans.iter().filter(|span| !of_client(span)).copied().collect();
    let mut free_ns = run.start_ns;
    let mut push = |kind, start_ns: u64, end_ns: u64| {
        // Sequential waits within the run: overlaps count once.
        let (start_ns, end_ns) = (start_ns.max(free_ns), end_ns.min(run.end_ns));
        if start_ns < end_ns {
            joined.push(Span { kind, start_ns, end_ns, ..*run });
            free_ns = end_ns;
        }
    };
    for entry in &mine {
        push(Activity::WaitServer, entry.arrived_ns, entry.answered_ns);
    }
    // Bodies of redirects end before the wait for the last answer's begins, so only that one counts. A client that gave
    // up during it has no span for it, only a run that ends there.
    let first_byte_ns = spans.iter().filter(|span| span.kind == Activity::WaitFirstByte).map(|span| span.end_ns).max();
    if let Some(last) = mine.last() {
        let start_ns = last.answered_ns.max(first_byte_ns.unwrap_or(0));
        // A body also waits for a client that doesn't read. The link's part is a sum of many short waits: it is drawn
        // as one of their total length.
        let end_ns = last.ended_ns.unwrap_or(u64::MAX).min(start_ns.saturating_add(last.link_ns));
        push(Activity::WaitLink, start_ns, end_ns);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span(index: Option<u32>, kind: Activity, start_ns: u64, end_ns: u64) -> Span {
        Span { worker: 3, index, kind, start_ns, end_ns }
    }

    fn entry(index: Option<u32>, arrived_ns: u64, answered_ns: u64, link: (Option<u64>, u64)) -> LogEntry {
        LogEntry {
            run: 1,
            index,
            path: "/".into(),
            status: 200,
            bytes: 9,
            arrived_ns,
            queued_ns: 0,
            latency_ns: 0,
            answered_ns,
            sent_bytes: 9,
            ended_ns: link.0,
            link_ns: link.1,
            ..LogEntry::default()
        }
    }

    /// A fetch of 100 ns that waited from 10 to 60 for the first byte and from 60 to 95 for the body.
    fn fetch(index: Option<u32>, at_ns: u64) -> Vec<Span> {
        vec![
            span(index, Activity::Run, at_ns, at_ns + 100),
            span(index, Activity::WaitFirstByte, at_ns + 10, at_ns + 60),
            span(index, Activity::WaitTransfer, at_ns + 60, at_ns + 95),
        ]
    }

    fn waits(spans: &[Span]) -> Vec<(Activity, u64, u64)> {
        let waits = spans.iter().filter(|span| span.kind != Activity::Run);
        waits.map(|span| (span.kind, span.start_ns, span.end_ns)).collect()
    }

    #[test]
    fn the_servers_account_takes_the_place_of_the_clients() {
        let joined = join(&fetch(Some(0), 0), &[entry(Some(0), 20, 50, (Some(90), 30))]);
        assert_eq!(waits(&joined), [(Activity::WaitServer, 20, 50), (Activity::WaitLink, 60, 90)]);
        assert_eq!(joined[0], fetch(Some(0), 0)[0]);
    }

    #[test]
    fn a_body_that_never_waited_for_the_link_has_no_wait() {
        let joined = join(&fetch(Some(0), 0), &[entry(Some(0), 20, 50, (Some(90), 0))]);
        assert_eq!(waits(&joined), [(Activity::WaitServer, 20, 50)]);
    }

    #[test]
    fn the_links_wait_is_no_longer_than_the_server_says() {
        let joined = join(&fetch(Some(0), 0), &[entry(Some(0), 20, 50, (Some(90), 5))]);
        assert_eq!(waits(&joined)[1], (Activity::WaitLink, 60, 65));
        let under_way = join(&fetch(Some(0), 0), &[entry(Some(0), 20, 50, (None, 5000))]);
        assert_eq!(waits(&under_way)[1], (Activity::WaitLink, 60, 100), "and ends with the run");
    }

    #[test]
    fn every_hop_of_a_redirect_is_a_wait() {
        let hops = [entry(Some(0), 40, 55, (Some(56), 0)), entry(Some(0), 15, 30, (Some(31), 0))];
        assert_eq!(
            waits(&join(&fetch(Some(0), 0), &hops)),
            [(Activity::WaitServer, 15, 30), (Activity::WaitServer, 40, 55)]
        );
    }

    #[test]
    fn steps_of_a_prologue_are_told_apart_by_their_time() {
        let spans = [fetch(None, 0), fetch(None, 100), fetch(Some(0), 200)].concat();
        let joined = join(&spans, &[entry(None, 120, 150, (Some(150), 0))]);
        assert_eq!(joined[..3], spans[..3], "the first step's request is not in the log");
        assert_eq!(waits(&joined[3..5]), [(Activity::WaitServer, 120, 150)]);
        assert_eq!(joined[5..], spans[6..]);
    }

    #[test]
    fn a_client_that_gave_up_in_the_body_still_waited_for_the_link() {
        let spans = &fetch(Some(0), 0)[..2];
        let joined = join(spans, &[entry(Some(0), 20, 50, (None, 70))]);
        assert_eq!(waits(&joined), [(Activity::WaitServer, 20, 50), (Activity::WaitLink, 60, 100)]);
    }

    #[test]
    fn waits_of_other_kinds_pass() {
        let mut spans = fetch(Some(0), 0);
        spans.push(span(Some(0), Activity::WaitLock, 96, 99));
        let joined = join(&spans, &[entry(Some(0), 20, 50, (Some(90), 0))]);
        assert_eq!(waits(&joined), [(Activity::WaitLock, 96, 99), (Activity::WaitServer, 20, 50)]);
    }

    prop_compose! {
        fn some_span()(worker in 0..3_u32, index in prop::option::of(0..4_u32), kind in 0..5_usize, at in 0..400_u64, length in 0..100_u64) -> Span {
            let kinds = [Activity::Run, Activity::WaitFirstByte, Activity::WaitTransfer, Activity::WaitLock, Activity::Idle];
            Span { worker, index, kind: kinds[kind], start_ns: at, end_ns: at + length }
        }
    }

    prop_compose! {
        fn some_entry()(index in prop::option::of(0..3_u32), times in (0..500_u64, 0..500_u64), ended in prop::option::of(0..600_u64), link in 0..200_u64) -> LogEntry {
            entry(index, times.0, times.1, (ended, link))
        }
    }

    fn length(spans: &[Span], kind: Activity) -> u64 {
        spans.iter().filter(|span| span.kind == kind).map(|span| span.end_ns - span.start_ns).sum()
    }

    proptest! {
        #[test]
        fn whatever_the_log_says_waits_stay_in_their_run_and_never_add_up_to_more(
            spans in prop::collection::vec(some_span(), 0..12),
            entries in prop::collection::vec(some_entry(), 0..12),
        ) {
            // Runs are joined one by one, so each is checked alone.
            for run in spans.chunk_by(|_, next| next.kind != Activity::Run) {
                let joined = join(run, &entries);
                for kind in [Activity::Run, Activity::WaitLock, Activity::Idle] {
                    prop_assert_eq!(length(&joined, kind), length(run, kind));
                }
                let told: Vec<&Span> = joined.iter().filter(|span| matches!(span.kind, Activity::WaitServer | Activity::WaitLink)).collect();
                prop_assert!(told.iter().all(|span| (span.worker, span.index) == (run[0].worker, run[0].index)));
                prop_assert!(told.iter().all(|span| run[0].start_ns <= span.start_ns && span.end_ns <= run[0].end_ns));
                prop_assert!(told.windows(2).all(|pair| pair[0].end_ns <= pair[1].start_ns));
                let link: u64 = entries.iter().map(|entry| entry.link_ns).sum();
                prop_assert!(length(&joined, Activity::WaitLink) <= link);
                if told.is_empty() && !entries.iter().any(|entry| entry.index == run[0].index) {
                    prop_assert_eq!(&joined[..], run);
                }
            }
        }

        #[test]
        fn without_a_log_nothing_changes(spans in prop::collection::vec(some_span(), 0..12)) {
            prop_assert_eq!(join(&spans, &[]), spans);
        }
    }
}
