//! What surrounds a task that runs under the simulated interpreter lock: another surrounding, and the lock.
//!
//! A worker enters the lock with its first task and keeps it from task to task, as a Python thread does, for which the
//! loop around its tasks is Python too. It loses it at a check, when another thread has asked, and gives it back around
//! anything that blocks.
//!
//! Time spent waiting for the lock is written down as a wait of the task's own, and only where the lock wasn't free.

use super::{gil::Holder, stop::Stopped};
use crate::task::{Output, Task, TaskContext, TaskError, Wait};
use mock_server::log::TaskTag;
use std::time::Duration;

/// A host and the lock.
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

    /// Takes the lock; who has it already looks whether another thread asks for it.
    pub fn enter(holder: &'a mut Holder<'gil>, host: &'a mut H) -> Result<Self, Stopped> {
        let mut entered = Self { holder, host };
        let outcome = if entered.holder.holds() { entered.check() } else { entered.take() };
        outcome.map(|()| entered)
    }

    fn take(&mut self) -> Result<(), Stopped> {
        if self.holder.try_take() {
            return Ok(());
        }
        self.host.wait(Wait::Lock, |_| self.holder.take())
    }

    /// Apart from the check, and marked as rare, so that the loops that check stay short.
    #[cold]
    #[inline(never)]
    fn hand_over(&mut self) -> Result<(), Stopped> {
        self.host.wait(Wait::Lock, |_| {
            self.holder.give_back();
            self.holder.take()
        })
    }

    fn without<T>(&mut self, work: impl FnOnce(&mut H) -> T) -> T {
        self.holder.give_back();
        let result = work(self.host);
        // When the run ended meanwhile, the task goes on without the lock, to its next check and no further.
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

    fn wait<T>(&mut self, why: Wait, io: impl FnOnce(Duration) -> T) -> T {
        self.without(|host| host.wait(why, io))
    }

    fn released<T>(&mut self, work: impl FnOnce() -> T) -> T {
        self.without(|host| host.released(work))
    }

    fn tag(&self) -> TaskTag {
        self.host.tag()
    }
    fn stopped(&self) -> Result<(), Stopped> {
        self.host.stopped()
    }
}
