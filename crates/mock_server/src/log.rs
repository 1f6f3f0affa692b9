//! The ground truth: what the server did for each request, for the client to read after a run.
//!
//! The log is bounded: a client that names runs and never takes their entries can't fill the server's memory. Dropped
//! entries are counted, so no reader mistakes part of a log for the whole.

use super::profile::Fault;
use serde::{Deserialize, Serialize};
use std::{
    cell::Cell,
    collections::{BTreeMap, VecDeque},
    rc::Rc,
    str::FromStr,
};

/// The header with the run and task of a request: `RUN/INDEX` or `RUN/prologue`.
pub const TASK_HEADER: &str = "makespan-task";
/// The answer's header with the server's own lateness, nanoseconds: see [`LogEntry::lateness_ns`].
pub const LATENESS_HEADER: &str = "makespan-lateness-ns";

/// The size limit of all entries together. About a quarter of a million requests.
const MOST_BYTES: usize = 64 << 20;
/// Runs whose entries are kept.
const MOST_RUNS: usize = 10_000;
/// Runs whose number of dropped entries is remembered: some 10 MB.
const MOST_DROPPED_RUNS: usize = 1 << 18;

/// One request, as the server saw it. Times are `CLOCK_MONOTONIC` nanoseconds, on the same axis as the client's spans.
///
/// An entry is added when the answer begins, and completed when its body ends. An answer still in progress when the log
/// is taken stays incomplete.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LogEntry {
    /// The run, from the `makespan-task` header.
    pub run: u64,
    /// The task, from the same header; `None` for the prologue.
    pub index: Option<u32>,
    /// The requested path.
    pub path: String,
    /// The connection, counted from 0 since the server's start: with keep-alive, many requests have the same number.
    pub connection: u64,
    /// The answer's status; 0 if there was no answer: the connection was reset, or the client gave up.
    pub status: u16,
    /// Bytes of the body, as declared.
    pub bytes: u64,
    /// When the request's head had been read, minus the time that its connection had waited for a place, if any.
    pub arrived_ns: u64,
    /// How long it waited for a limit or the serial section, its own time in the section included.
    pub queued_ns: u64,
    /// The drawn latency, after time-scaling, plus connecting and a stall.
    pub latency_ns: u64,
    /// When the answer was handed to the connection: at least `arrived_ns + queued_ns + latency_ns`; any excess is the
    /// server's own lateness. If the client gave up, when the server noticed.
    pub answered_ns: u64,
    /// Bytes of the body that were handed to the connection.
    pub sent_bytes: u64,
    /// When the last of them was, or when the connection was lost; `None` until the body has ended.
    pub ended_ns: Option<u64>,
    /// How long the body waited for the link, its connection's cap or its own pace.
    pub link_ns: u64,
    /// The mean share of the link that the body had, 0 to 1; `None` without a link, and without a body.
    pub link_share: Option<f64>,
    /// The deliberate fault.
    pub fault: Option<Fault>,
    /// Whether the client ended the connection before it was answered.
    #[serde(default)]
    pub gave_up: bool,
}

impl LogEntry {
    /// How late the server answered, nanoseconds.
    pub fn lateness_ns(&self) -> u64 {
        self.answered_ns.saturating_sub(self.arrived_ns + self.queued_ns + self.latency_ns)
    }

    fn completed(self, ending: ResponseEnd) -> Self {
        let ResponseEnd { sent_bytes, ended_ns, link_ns, link_share } = ending;
        Self { sent_bytes, ended_ns, link_ns, link_share, ..self }
    }
}

/// Fields of [`LogEntry`] that are known only when the body ends.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct ResponseEnd {
    pub sent_bytes: u64,
    pub ended_ns: Option<u64>,
    pub link_ns: u64,
    pub link_share: Option<f64>,
}

/// Where a body records its ending. Without effect once the log has been taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Note(Rc<Cell<ResponseEnd>>);

impl Note {
    pub(super) fn set(&self, ending: ResponseEnd) {
        self.0.set(ending);
    }
}

/// The value of [`TASK_HEADER`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskTag {
    /// The run.
    pub run: u64,
    /// The task; `None` for the prologue.
    pub index: Option<u32>,
}

/// A header that is not a [`TaskTag`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected RUN/INDEX or RUN/prologue, the run and the index decimal numbers")]
pub struct NoTaskTag;

impl FromStr for TaskTag {
    type Err = NoTaskTag;

    fn from_str(text: &str) -> Result<Self, NoTaskTag> {
        let (run, task) = text.split_once('/').ok_or(NoTaskTag)?;
        let index = match task {
            "prologue" => None,
            index => Some(decimal(index)?),
        };
        Ok(Self { run: decimal(run)?, index })
    }
}

impl std::fmt::Display for TaskTag {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.index {
            Some(index) => write!(out, "{}/{index}", self.run),
            None => write!(out, "{}/prologue", self.run),
        }
    }
}

/// Digits only: Rust's own parser would accept a plus sign.
fn decimal<T: FromStr>(text: &str) -> Result<T, NoTaskTag> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NoTaskTag);
    }
    text.parse().map_err(|_| NoTaskTag)
}

/// The answer of `/-/log?run=RUN`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunLog {
    /// The requests, in the order of their answers.
    pub entries: Vec<LogEntry>,
    /// Entries of this run that were dropped because the log was full.
    pub dropped: u64,
}

/// The log of a server.
#[derive(Debug)]
pub(super) struct Log {
    /// Oldest first. Runs come in sequence, so a lookup nearly always finds the last.
    runs: VecDeque<(u64, Entries)>,
    bytes: usize,
    most_bytes: usize,
    most_runs: usize,
    dropped: Dropped,
    unlabelled: u64,
}

type Entries = Vec<(LogEntry, Note)>;

/// The number of dropped entries by run.
#[derive(Debug, Default)]
struct Dropped {
    of_run: BTreeMap<u64, u64>,
    /// Oldest first, including runs that have since been taken.
    order: VecDeque<u64>,
    forgotten: u64,
}

/// Totals since the server's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    /// Requests that belong to no run: from curl or wrk, say.
    pub requests_without_task: u64,
    /// Runs whose entries were dropped and never read, so long ago that even their number is forgotten.
    pub forgotten_runs: u64,
}

impl Default for Log {
    fn default() -> Self {
        Self::holding(MOST_BYTES, MOST_RUNS)
    }
}

impl Log {
    fn holding(most_bytes: usize, most_runs: usize) -> Self {
        let dropped = Dropped::default();
        Self { runs: VecDeque::new(), bytes: 0, most_bytes, most_runs, dropped, unlabelled: 0 }
    }

    /// Logs a request. Fields that become known later go into the note.
    pub(super) fn add(&mut self, entry: LogEntry) -> Note {
        let (run, note) = (entry.run, Note::default());
        let position = self.position(run).unwrap_or_else(|| {
            self.runs.push_back((run, Entries::new()));
            self.runs.len() - 1
        });
        self.bytes += size(&entry);
        self.runs[position].1.push((entry, note.clone()));
        while self.bytes > self.most_bytes || self.runs.len() > self.most_runs {
            let oldest = self.runs[0].0;
            let entries = self.remove(0).len() as u64;
            self.dropped.count(oldest, entries);
        }
        note
    }

    /// Counts a request that belongs to no run.
    pub(super) fn add_unlabelled(&mut self) {
        self.unlabelled += 1;
    }

    pub(super) fn counts(&self) -> Counts {
        Counts { requests_without_task: self.unlabelled, forgotten_runs: self.dropped.forgotten }
    }

    /// The log of a run so far.
    pub(super) fn read(&self, run: u64) -> RunLog {
        let entries = self.position(run).map_or(&[][..], |position| &self.runs[position].1);
        let entries = entries.iter().map(|(entry, note)| entry.clone().completed(note.0.get())).collect();
        RunLog { entries, dropped: self.dropped.of_run.get(&run).copied().unwrap_or(0) }
    }

    /// The log of a run, which is removed.
    pub(super) fn take(&mut self, run: u64) -> RunLog {
        let taken = self.read(run);
        self.position(run).map(|position| self.remove(position));
        self.dropped.of_run.remove(&run);
        taken
    }

    fn position(&self, run: u64) -> Option<usize> {
        self.runs.iter().rposition(|(number, _)| *number == run)
    }

    fn remove(&mut self, position: usize) -> Entries {
        let entries = self.runs.remove(position).map(|(_, entries)| entries).unwrap_or_default();
        self.bytes -= entries.iter().map(|(entry, _)| size(entry)).sum::<usize>();
        entries
    }
}

impl Dropped {
    fn count(&mut self, run: u64, entries: u64) {
        *self.of_run.entry(run).or_default() += entries;
        self.order.push_back(run);
        if self.order.len() > MOST_DROPPED_RUNS {
            let oldest = self.order.pop_front();
            self.forgotten += u64::from(oldest.is_some_and(|run| self.of_run.remove(&run).is_some()));
        }
    }
}

fn size(entry: &LogEntry) -> usize {
    size_of::<(LogEntry, Note)>() + size_of::<ResponseEnd>() + entry.path.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(run: u64, index: u32) -> LogEntry {
        LogEntry {
            run,
            index: Some(index),
            path: "/page".into(),
            arrived_ns: 10,
            queued_ns: 3,
            latency_ns: 5,
            answered_ns: 20,
            ..LogEntry::default()
        }
    }

    #[test]
    fn lateness_is_what_queueing_and_latency_do_not_explain() {
        assert_eq!(entry(1, 1).lateness_ns(), 2);
    }

    #[test]
    fn entries_come_once_and_runs_stay_apart() {
        let mut log = Log::default();
        for (run, index) in [(1, 0), (2, 0), (1, 1)] {
            log.add(entry(run, index));
        }
        assert_eq!(log.take(1), RunLog { entries: vec![entry(1, 0), entry(1, 1)], dropped: 0 });
        assert_eq!(log.take(1), RunLog::default());
        assert_eq!(log.read(2).entries.len(), 1, "read, and not taken");
        assert_eq!(log.take(2).entries.len(), 1);
        assert_eq!((log.bytes, log.runs.len()), (0, 0));
    }

    #[test]
    fn an_ending_completes_its_entry_until_the_log_is_taken() {
        let mut log = Log::default();
        let (ended, under_way) = (log.add(entry(1, 0)), log.add(entry(1, 1)));
        let ending = ResponseEnd { sent_bytes: 7, ended_ns: Some(30), link_ns: 4, link_share: Some(0.5) };
        ended.set(ending);
        assert_eq!(log.take(1).entries, [entry(1, 0).completed(ending), entry(1, 1)]);
        under_way.set(ending);
        assert_eq!(log.take(1), RunLog::default());
    }

    #[test]
    fn a_malformed_header_is_no_header() {
        let parsed = |text: &str| text.parse::<TaskTag>().ok();
        assert_eq!(parsed("7/12"), Some(TaskTag { run: 7, index: Some(12) }));
        assert_eq!(parsed("7/prologue"), Some(TaskTag { run: 7, index: None }));
        for text in
            ["", "7", "7/", "/7", "7/x", "-7/1", "7/+1", "7/4294967296", "18446744073709551616/1", "7/1/2", " 7/1"]
        {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn of_the_oldest_dropped_runs_not_even_the_number_is_known() {
        let mut dropped = Dropped::default();
        (0..MOST_DROPPED_RUNS as u64 + 2).for_each(|run| dropped.count(run, 5));
        assert_eq!((dropped.of_run.len(), dropped.forgotten), (MOST_DROPPED_RUNS, 2));
        assert_eq!((dropped.of_run.get(&1), dropped.of_run.get(&2)), (None, Some(&5)));
    }

    proptest! {
        #[test]
        fn the_log_stays_within_its_bounds_and_counts_what_it_drops(runs in prop::collection::vec(0_u64..6, 0..200), most_runs in 1_usize..7) {
            let most_bytes = 20 * size(&entry(0, 0));
            let mut log = Log::holding(most_bytes, most_runs);
            for &run in &runs {
                log.add(entry(run, 0));
                prop_assert!(log.bytes <= most_bytes);
            }
            for run in 0..6 {
                let taken = log.take(run);
                let asked = runs.iter().filter(|&&asked| asked == run).count();
                prop_assert_eq!(taken.entries.len() + taken.dropped as usize, asked);
            }
            prop_assert_eq!((log.bytes, log.take(0)), (0, RunLog::default()));
        }

        #[test]
        fn more_runs_than_kept_drop_the_oldest_and_count_it(count in 4_u64..50) {
            let mut log = Log::holding(usize::MAX, 3);
            for run in 0..count {
                log.add(entry(run, 0));
            }
            // The first run again, after its entry was dropped.
            log.add(entry(0, 1));
            let taken: Vec<(usize, u64)> = (0..count).map(|run| log.take(run)).map(|log| (log.entries.len(), log.dropped)).collect();
            let expected = (0..count).map(|run| if run == 0 { (1, 1) } else if run > count - 3 { (1, 0) } else { (0, 1) });
            prop_assert_eq!(taken, expected.collect::<Vec<_>>());
        }

        #[test]
        fn a_tag_reads_back_as_it_was_written(run: u64, index: Option<u32>) {
            let tag = TaskTag { run, index };
            prop_assert_eq!(tag.to_string().parse(), Ok(tag));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            let _ = text.parse::<TaskTag>();
        }
    }
}
