//! The timer where there is no `timerfd`: async-io's, which waits in the system's own event queue on a thread of its own.

use measure::clock::{between, now_ns};
use std::io;

#[derive(Debug, Clone)]
pub(crate) struct Timer;

impl Timer {
    #[expect(clippy::unnecessary_wraps, reason = "the same face as timerfd's, which can fail")]
    pub(crate) fn start() -> io::Result<Self> {
        Ok(Self)
    }

    /// Ends at or after `due_ns`, on the axis of [`now_ns`].
    pub(crate) async fn sleep_until(&self, due_ns: u64) {
        // Again if need be: that timer reads another clock of the system on some platforms.
        while now_ns() < due_ns {
            async_io::Timer::after(between(now_ns(), due_ns)).await;
        }
    }
}
