//! CPython's global interpreter lock, simulated: only one thread at a time may compute.
//!
//! The protocol is that of CPython 3.2 and later (`Python/ceval_gil.c`). A thread that wants the lock waits for the
//! switch interval. If the lock changed hands during that time, it waits for another interval. If not, it asks the
//! holder to drop the lock. The holder checks for a request between two steps of its work, drops the lock, and then
//! *waits until another thread has it*: otherwise the running thread would retake it before the sleeping one woke up.
//! There is no queue and no priority: the first to find the lock free gets it.
//!
//! This causes the *convoy effect*. A thread that waits for a server releases the lock, so its wait costs other threads
//! nothing. But when the answer arrives, it needs the lock again, and if another thread computes, that takes a whole
//! switch interval, for every request.

use super::stop::{Stop, Stopped};
use std::{
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

/// CPython's default switch interval, as `sys.getswitchinterval()` returns it.
pub const SWITCH_INTERVAL: Duration = Duration::from_millis(5);

/// The lock. Each thread uses it through a [`Holder`].
#[derive(Debug)]
pub struct Gil {
    interval: Duration,
    /// A thread waited for a whole interval and did not get the lock. The only field read without the mutex, because the
    /// holder reads it in its innermost loop. Relaxed is enough: a thread that acts on it takes the mutex first.
    drop_request: AtomicBool,
    /// Held for a few instructions at a time, never while a thread computes or waits: it guards the book-keeping, and
    /// the interpreter lock is part of that.
    state: Mutex<LockState>,
    /// The lock became free. Wakes one waiting thread: a second would only find the lock taken.
    free: Condvar,
    /// The lock was taken, or no thread waits for it any more: a holder that dropped it on request waits for this. A
    /// separate condvar, or a waiting thread's wake-up could go to the one that dropped the lock.
    taken: Condvar,
}

#[derive(Debug, Default)]
struct LockState {
    held: bool,
    last_holder: Option<u32>,
    switches: u64,
    waiting: u32,
}

impl Gil {
    /// A free lock. `interval` is how long a thread waits before it requests the lock.
    pub fn new(interval: Duration) -> Self {
        let (drop_request, state) = (AtomicBool::new(false), Mutex::default());
        Self { interval, drop_request, state, free: Condvar::new(), taken: Condvar::new() }
    }

    /// The holder for thread `worker`, without the lock yet. It stops waiting when `stop` says so.
    pub fn holder(&self, worker: u32, stop: &Stop) -> Holder<'_> {
        Holder { gil: self, worker, stop: stop.clone(), holds: false }
    }

    /// How often the lock moved from one thread to another.
    pub fn switches(&self) -> u64 {
        self.state().switches
    }

    fn state(&self) -> MutexGuard<'_, LockState> {
        // Nothing under the mutex can panic, and if it did, each field would still be whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hand_to(&self, worker: u32, state: &mut LockState) {
        state.held = true;
        if state.last_holder != Some(worker) {
            state.last_holder = Some(worker);
            state.switches += 1;
        }
        self.drop_request.store(false, Relaxed);
        // All, because several threads may have dropped the lock before the first of them woke up.
        self.taken.notify_all();
    }
}

/// One thread's handle on the lock. Dropping it, by a panic too, releases the lock.
#[derive(Debug)]
pub struct Holder<'a> {
    gil: &'a Gil,
    worker: u32,
    stop: Stop,
    holds: bool,
}

impl Holder<'_> {
    /// Whether this thread holds the lock.
    pub fn holds(&self) -> bool {
        self.holds
    }

    /// Whether another thread requests the lock.
    #[inline]
    pub fn is_asked(&self) -> bool {
        self.gil.drop_request.load(Relaxed)
    }

    /// Takes the lock if it is free. True if this thread holds it now.
    pub fn try_take(&mut self) -> bool {
        let mut state = self.gil.state();
        if !self.holds && !state.held {
            self.gil.hand_to(self.worker, &mut state);
            self.holds = true;
        }
        self.holds
    }

    /// Waits for the lock, and requests it after each interval without a switch. An error if the run ends.
    pub fn take(&mut self) -> Result<(), Stopped> {
        let mut state = self.gil.state();
        state.waiting += 1;
        let mut outcome = Ok(());
        while state.held && !self.holds {
            // Checked once per interval: nothing notifies a condvar when a run ends.
            outcome = self.stop.check();
            if outcome.is_err() {
                break;
            }
            let before = state.switches;
            let (woken, wait) =
                self.gil.free.wait_timeout(state, self.gil.interval).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if wait.timed_out() && state.held && state.switches == before {
                self.gil.drop_request.store(true, Relaxed);
            }
        }
        state.waiting -= 1;
        if outcome.is_ok() {
            self.gil.hand_to(self.worker, &mut state);
            self.holds = true;
        } else {
            // A thread that dropped the lock for us must stop waiting for us.
            self.gil.taken.notify_all();
        }
        outcome
    }

    /// Releases the lock, if this thread holds it. If another requested it, waits until a thread has it.
    pub fn give_back(&mut self) {
        if !std::mem::take(&mut self.holds) {
            return;
        }
        let (gil, mut state) = (self.gil, self.gil.state());
        state.held = false;
        gil.free.notify_one();
        if self.is_asked() {
            let before = state.switches;
            // CPython waits without a condition, so the requesting thread must not leave. Here it may leave: its run
            // may end.
            let not_yet = |state: &mut LockState| state.switches == before && state.waiting > 0;
            drop(gil.taken.wait_while(state, not_yet));
        }
    }
}

impl Drop for Holder<'_> {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        sync::Arc,
        thread,
    };

    fn endless() -> Stop {
        Stop::after(Duration::from_mins(1))
    }

    #[test]
    fn one_holds_it_and_the_next_after_it_is_given_back() {
        let (gil, stop) = (Gil::new(SWITCH_INTERVAL), endless());
        let (mut first, mut second) = (gil.holder(0, &stop), gil.holder(1, &stop));
        assert!(first.try_take() && first.try_take(), "who has it, has it");
        assert!(!second.try_take() && !second.holds());
        first.give_back();
        second.give_back();
        assert!(second.try_take(), "what isn't held can't be given back");
        assert_eq!(gil.switches(), 2);
    }

    #[test]
    fn taking_it_again_is_no_switch() {
        let (gil, stop) = (Gil::new(SWITCH_INTERVAL), endless());
        let mut only = gil.holder(0, &stop);
        for _ in 0..5 {
            only.take().expect("it is free");
            assert!(!only.is_asked(), "nobody else is there");
            only.give_back();
        }
        assert_eq!(gil.switches(), 1);
    }

    #[test]
    fn who_waits_in_vain_asks() {
        let (gil, stop) = (Gil::new(Duration::from_millis(1)), endless());
        let mut first = gil.holder(0, &stop);
        first.take().expect("it is free");
        thread::scope(|scope| {
            let second = scope.spawn(|| gil.holder(1, &stop).take());
            while !first.is_asked() {
                thread::yield_now();
            }
            first.give_back();
            assert_eq!(gil.switches(), 2, "it came back only after the other had it");
            assert_eq!(second.join().expect("no panic"), Ok(()));
        });
        assert!(!first.is_asked(), "the request ended with what it asked for");
    }

    #[test]
    fn a_run_that_ends_ends_the_waiting_too() {
        let gil = Gil::new(Duration::from_millis(1));
        let mut holder = gil.holder(0, &endless());
        holder.take().expect("it is free");
        let interrupted = Arc::new(AtomicBool::new(false));
        let stop = Stop::new(Duration::from_mins(1), &interrupted);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| gil.holder(1, &stop).take());
            while !holder.is_asked() {
                thread::yield_now();
            }
            interrupted.store(true, Relaxed);
            assert_eq!(waiter.join().expect("no panic"), Err(Stopped::Interrupted));
        });
        assert!(holder.is_asked(), "who asked is gone, and the request stands");
        holder.give_back();
        assert!(holder.try_take(), "nobody waits, so nobody is waited for");
    }

    #[test]
    fn a_deadline_ends_the_waiting() {
        let gil = Gil::new(Duration::from_millis(1));
        let mut holder = gil.holder(0, &endless());
        holder.take().expect("it is free");
        let stop = Stop::after(Duration::from_millis(20));
        let _watchdog = stop.watchdog().expect("a thread");
        assert_eq!(gil.holder(1, &stop).take(), Err(Stopped::Deadline));
    }

    #[test]
    fn a_panic_gives_it_back() {
        let (gil, stop) = (Gil::new(SWITCH_INTERVAL), endless());
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let mut holder = gil.holder(0, &stop);
            holder.take().expect("it is free");
            panic!("on purpose");
        }));
        assert!(panicked.is_err());
        assert!(gil.holder(1, &stop).try_take());
    }
}
