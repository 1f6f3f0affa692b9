//! The serial section, which one request passes at a time, as with a database lock or a single-threaded server. No
//! number of workers makes it faster.

use super::timer::Timer;
use measure::clock::now_ns;
use tokio::sync::{Mutex, MutexGuard};

#[derive(Debug)]
pub(super) struct Section {
    length_ns: u64,
    /// When the last request left the section. tokio's mutex is first come, first served.
    free_ns: Mutex<u64>,
}

impl Section {
    pub(super) fn new(length_ns: u64) -> Self {
        Self { length_ns, free_ns: Mutex::new(0) }
    }

    /// Waits for the section and passes it; the request came at `since_ns`. Returns when it was due to leave.
    pub(super) async fn pass(&self, since_ns: u64, timer: &Timer) -> u64 {
        let free_ns = self.free_ns.lock().await;
        // Counted from when the previous one was due, not from this one's wake-up, whose lateness would add up.
        let through_ns = since_ns.max(*free_ns).saturating_add(self.length_ns);
        let turn = SectionTurn { free_ns, through_ns };
        timer.sleep_until(turn.through_ns).await;
        through_ns
    }
}

/// A request in the section. If it gives up, it leaves at once.
struct SectionTurn<'a> {
    free_ns: MutexGuard<'a, u64>,
    through_ns: u64,
}

impl Drop for SectionTurn<'_> {
    fn drop(&mut self) {
        *self.free_ns = self.through_ns.min(now_ns());
    }
}
