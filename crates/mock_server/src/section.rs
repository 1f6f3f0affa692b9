//! The serial section: a stretch that one request passes at a time, as a database's lock or a single-threaded server has
//! it. It is what no number of workers makes faster.

use super::timer::Timer;
use measure::clock::now_ns;
use tokio::sync::{Mutex, MutexGuard};

#[derive(Debug)]
pub(super) struct Section {
    length_ns: u64,
    /// When the last one who passed was through. tokio's mutex lets those who wait in by their order.
    free_ns: Mutex<u64>,
}

impl Section {
    pub(super) fn new(length_ns: u64) -> Self {
        Self { length_ns, free_ns: Mutex::new(0) }
    }

    /// Waits for its turn and passes; `since_ns` is when it came. Gives the instant at which it was due to be through.
    pub(super) async fn pass(&self, since_ns: u64, timer: &Timer) -> u64 {
        let free_ns = self.free_ns.lock().await;
        // Counted from when the one before was due, not from when this one woke up: else each would add its lateness.
        let through_ns = since_ns.max(*free_ns).saturating_add(self.length_ns);
        let turn = SectionTurn { free_ns, through_ns };
        timer.sleep_until(turn.through_ns).await;
        through_ns
    }
}

/// Somebody is in the section. One that gives up leaves it at once.
struct SectionTurn<'a> {
    free_ns: MutexGuard<'a, u64>,
    through_ns: u64,
}

impl Drop for SectionTurn<'_> {
    fn drop(&mut self) {
        *self.free_ns = self.through_ns.min(now_ns());
    }
}
