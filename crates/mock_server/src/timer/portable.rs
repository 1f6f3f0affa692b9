//! The timer for systems without `timerfd`: async-io's, which waits in the system's event queue on its own thread.

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
        // Repeats if necessary: on some platforms that timer reads another system clock.
        while now_ns() < due_ns {
            async_io::Timer::after(between(now_ns(), due_ns)).await;
        }
    }
}
