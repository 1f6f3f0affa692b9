//! How long to wait between two polls.
//!
//! Frequent polls find things soon, but take time from busy workers. The right price depends on the time waited so far:
//! after a second of nothing, a millisecond more doesn't matter. So the pause is a share of the time waited so far, and
//! things are found late by no more than that share, or the shortest pause.

use measure::clock::now_ns;
use std::{thread, time::Duration};

/// Several times the cost of a poll: shorter pauses would mostly be polls.
const SHORTEST_NS: u64 = 30_000;

/// At this rate, the polls of an idle worker take less than a hundredth of a core.
const LONGEST_NS: u64 = 2_000_000;

/// A pause is the time waited so far, divided by this.
const SHARE: u64 = 16;

/// The pauses of one wait.
pub(super) struct Pause {
    start_ns: u64,
    end_ns: u64,
}

impl Pause {
    /// A wait that begins now and lasts this long at most.
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

/// Linux adds up to 50 us to every sleep, so as to handle several wake-ups at once. Here that would exceed the sleep
/// itself, so it is turned off, for this thread and only while the thread sleeps.
#[cfg(target_os = "linux")]
pub(super) fn sleep_precisely(duration: Duration) {
    use nix::sys::prctl::set_timerslack;
    // If refused, the sleep is merely as imprecise as any. 0 restores the thread's first value.
    let _ = set_timerslack(1);
    thread::sleep(duration);
    let _ = set_timerslack(0);
}

#[cfg(not(target_os = "linux"))]
pub(super) fn sleep_precisely(duration: Duration) {
    thread::sleep(duration);
}
