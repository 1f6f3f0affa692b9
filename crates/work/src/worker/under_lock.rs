//! The context of a task that runs under the simulated interpreter lock: another context, and the lock.
//!
//! A worker takes the lock for its first task and keeps it from task to task, like a Python thread, whose loop around
//! its tasks is Python too. It drops the lock at a check, if another thread has requested it, and releases it around
//! anything that blocks.
//!
//! Time spent waiting for the lock is recorded as a wait of the task, and only if the lock wasn't free.
//!
//! One context wraps another, and kernels are generic over theirs. So strategies without the lock compile to code that
//! has none, and a task knows of the lock only by `released`, which is what a C extension calls, too.

use super::{gil::Holder, lane::Activity, stop::Stopped};
use crate::task::{Output, Task, TaskContext, TaskError};
use mock_server::log::TaskTag;
use std::time::Duration;

/// A context and the lock.
#[derive(Debug)]
pub struct UnderLock<'a, 'gil, H> {
    holder: &'a mut Holder<'gil>,
    host: &'a mut H,
}

impl<'a, 'gil, H: TaskContext> UnderLock<'a, 'gil, H> {
    /// Runs a task in `host`, holding the lock. Afterwards the thread still holds it.
    pub fn run(holder: &'a mut Holder<'gil>, host: &'a mut H, task: &Task) -> Result<Output, TaskError> {
        task.run(&mut Self::enter(holder, host)?)
    }

    /// Takes the lock; a holder checks instead whether another thread requests it.
    pub fn enter(holder: &'a mut Holder<'gil>, host: &'a mut H) -> Result<Self, Stopped> {
        let mut entered = Self { holder, host };
        let outcome = if entered.holder.holds() { entered.check() } else { entered.take() };
        outcome.map(|()| entered)
    }

    fn take(&mut self) -> Result<(), Stopped> {
        if self.holder.try_take() {
            return Ok(());
        }
        self.host.wait(Activity::WaitLock, |_| self.holder.take())
    }

    /// Separate from the check, and marked as cold, so that loops with checks stay short.
    #[cold]
    #[inline(never)]
    fn hand_over(&mut self) -> Result<(), Stopped> {
        self.host.wait(Activity::WaitLock, |_| {
            self.holder.give_back();
            self.holder.take()
        })
    }

    fn without<T>(&mut self, work: impl FnOnce(&mut H) -> T) -> T {
        self.holder.give_back();
        let result = work(self.host);
        // If the run ended meanwhile, the task goes on without the lock, to its next check and no further.
        let _ = self.take();
        result
    }
}

impl<H: TaskContext> TaskContext for UnderLock<'_, '_, H> {
    #[inline]
    fn check(&mut self) -> Result<(), Stopped> {
        self.host.check()?;
        if self.holder.is_asked() { self.hand_over() } else { Ok(()) }
    }

    fn await_due(&mut self, due_ns: u64) -> Result<(), Stopped> {
        self.without(|host| host.await_due(due_ns))
    }

    fn wait<T>(&mut self, why: Activity, io: impl FnOnce(Duration) -> T) -> T {
        self.without(|host| host.wait(why, io))
    }

    fn released<T>(&mut self, work: impl FnOnce() -> T) -> T {
        self.without(|host| host.released(work))
    }

    fn tag(&self) -> TaskTag {
        self.host.tag()
    }

    fn worker(&self) -> u32 {
        self.host.worker()
    }

    fn stopped(&self) -> Result<(), Stopped> {
        self.host.stopped()
    }
}
