//! How long to wait between two looks.
//!
//! Looking often finds things soon and takes time from those who work. What is a good price depends on how long one has
//! waited: after a second of nothing, a millisecond more doesn't matter. So the pause is a share of the time waited so far,
//! and what one waits for is found late by no more than that share, or the shortest pause.

use measure::clock::now_ns;
use std::{thread, time::Duration};

/// About what a look costs, several times over: shorter pauses would mostly be looks.
const SHORTEST_NS: u64 = 30_000;

/// At this rate the looks of a worker that has nothing to do take less than a hundredth of a core.
const LONGEST_NS: u64 = 2_000_000;

/// A pause is the time waited so far, divided by this.
const SHARE: u64 = 16;

/// The pauses of one wait.
pub(super) struct Pause {
    start_ns: u64,
    end_ns: u64,
}

impl Pause {
    /// A wait that begins now and is no longer than this.
    pub(super) fn new(patience: Duration) -> Self {
        let start_ns = now_ns();
        let patience_ns = u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX);
        Self { start_ns, end_ns: start_ns.saturating_add(patience_ns) }
    }

    /// Pauses; `false` at once when the wait is over.
    pub(super) fn sleep(&self) -> bool {
        let now_ns = now_ns();
        let left_ns = self.end_ns.saturating_sub(now_ns);
        let pause_ns = (now_ns.saturating_sub(self.start_ns) / SHARE).clamp(SHORTEST_NS, LONGEST_NS).min(left_ns);
        if pause_ns > 0 {
            sleep_precisely(Duration::from_nanos(pause_ns));
        }
        pause_ns > 0
    }
}

/// Linux adds up to 50 us to every sleep, so as to wake for several at once. Here that would be more than the sleep itself,
/// so it is told not to, for this thread and only as long as the thread sleeps.
#[cfg(target_os = "linux")]
pub(super) fn sleep_precisely(duration: Duration) {
    use nix::sys::prctl::set_timerslack;
    // Refused, it is merely as imprecise as any sleep. 0 stands for what the thread had at its start.
    let _ = set_timerslack(1);
    thread::sleep(duration);
    let _ = set_timerslack(0);
}

#[cfg(not(target_os = "linux"))]
pub(super) fn sleep_precisely(duration: Duration) {
    thread::sleep(duration);
}
