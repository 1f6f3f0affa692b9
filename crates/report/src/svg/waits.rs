//! What workers waited for: its words, its tones, and its share of their time.

use harness::results::record::CellRecord;
use support::figures::percent;
use work::worker::lane::Activity;

/// The style of one kind of waiting.
#[derive(Debug)]
pub(crate) struct WaitStyle {
    /// The kind.
    pub(crate) kind: Activity,
    /// The CSS class of its tone.
    pub(crate) class: &'static str,
    /// What it is called.
    pub(crate) name: &'static str,
    /// Its share of the height of the task's bar. Besides the tone, this distinguishes kinds in grey.
    pub(crate) height: f64,
}

/// How many kinds there are.
pub(crate) const KINDS: usize = 5;

/// All kinds, in the order of legends. The last two are what a client alone can know; with a server's log, the first
/// two replace them.
pub(crate) const WAITS: [WaitStyle; KINDS] = [
    WaitStyle { kind: Activity::WaitServer, class: "server", name: "waiting for the server", height: 0.5 },
    WaitStyle { kind: Activity::WaitLink, class: "link", name: "waiting for the link", height: 0.84 },
    WaitStyle { kind: Activity::WaitLock, class: "lock", name: "waiting for the lock", height: 0.84 },
    WaitStyle { kind: Activity::WaitFirstByte, class: "first", name: "waiting for the first byte", height: 0.5 },
    WaitStyle { kind: Activity::WaitTransfer, class: "transfer", name: "receiving the body", height: 0.5 },
];

/// The index of this kind in [`WAITS`]; `None` if it isn't waiting.
pub(crate) fn place(kind: Activity) -> Option<usize> {
    WAITS.iter().position(|wait| wait.kind == kind)
}

/// What this kind of waiting is called.
pub fn name(kind: Activity) -> &'static str {
    WAITS.iter().find(|wait| wait.kind == kind).map_or("", |wait| wait.name)
}

/// How a cell's workers spent their time in the round that its timeline shows: shares that add up to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shares {
    /// The share of each of [`WAITS`].
    pub(crate) waits: [f64; KINDS],
    /// In a task and not waiting: computing, connecting, waking up, waiting for a core.
    pub(crate) running: f64,
    /// Without a task.
    pub(crate) idle: f64,
}

impl Shares {
    /// The shares of a cell with a timeline.
    pub(crate) fn of(cell: &CellRecord) -> Option<Self> {
        let timeline = cell.timeline.as_ref()?;
        let all_ns = timeline.end_ns.saturating_sub(timeline.start_ns) as f64 * f64::from(cell.workers());
        let mut waits = [0.0; KINDS];
        let mut busy = 0.0;
        for span in &timeline.spans {
            let share = span.end_ns.saturating_sub(span.start_ns) as f64 / all_ns;
            match place(span.kind) {
                Some(kind) => waits[kind] += share,
                None if span.kind == Activity::Run => busy += share,
                None => {}
            }
        }
        let waited: f64 = waits.iter().sum();
        let shares = Self { waits, running: (busy - waited).max(0.0), idle: (1.0 - busy).max(0.0) };
        (all_ns > 0.0 && busy.is_finite()).then_some(shares)
    }

    /// `94 % waiting for the server, 4.2 % running, 1.8 % idle`, without negligible shares; `None` if no task waited.
    pub(crate) fn in_words(&self) -> Option<String> {
        let waits = || WAITS.iter().zip(self.waits).map(|(wait, share)| (wait.name, share));
        let rest = [("running", self.running), ("idle", self.idle)];
        let told = waits().chain(rest).filter(|(_, share)| *share >= 0.005);
        let told: Vec<String> = told.map(|(name, share)| format!("{} {name}", percent(share))).collect();
        waits().any(|(_, share)| share >= 0.005).then(|| told.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_the_workers_time_add_up() {
        for cell in &testdata::records::web_requests(10).cells {
            let shares = Shares::of(cell).unwrap();
            let all = shares.waits.iter().sum::<f64>() + shares.running + shares.idle;
            assert!((all - 1.0).abs() < 1e-9, "{shares:?}");
            assert!(shares.waits[0] > 3.9 * shares.waits[1] && shares.waits[1] > 0.0, "{shares:?}");
        }
    }

    #[test]
    fn only_what_was_waited_for_is_told() {
        let sequential = &testdata::records::web_requests(10).cells[0];
        let words = Shares::of(sequential).unwrap().in_words().unwrap();
        assert!(words.contains("waiting for the server") && words.contains("waiting for the link"), "{words}");
        assert!(!words.contains("lock") && !words.contains("first byte"), "{words}");
        assert_eq!(Shares::of(&testdata::records::prime_sum(10).cells[0]).unwrap().in_words(), None);
    }

    #[test]
    fn a_timeline_of_no_length_has_no_shares() {
        let mut cell = testdata::records::prime_sum(10).cells[0].clone();
        let timeline = cell.timeline.as_mut().unwrap();
        timeline.end_ns = timeline.start_ns;
        assert_eq!(Shares::of(&cell), None);
    }
}
