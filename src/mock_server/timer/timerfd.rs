//! One kernel timer for all who sleep, set to whoever is due first.
//!
//! Everything happens on the runtime's one thread, so there is no lock. A future that is dropped takes itself off the
//! list; if it was the first, the timer rings once for nobody.

use crate::measure::clock::now_ns;
use nix::sys::{
    time::TimeSpec,
    timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags},
};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    future::poll_fn,
    io,
    os::fd::{AsFd, OwnedFd},
    rc::Rc,
    task::{Poll, Waker},
    time::Duration,
};
use tokio::net::unix::pipe;

/// Clones are handles on the same timer.
#[derive(Debug, Clone)]
pub(in crate::mock_server) struct Timer(Rc<Shared>);

#[derive(Debug)]
struct Shared {
    alarm: TimerFd,
    sleepers: RefCell<Sleepers>,
}

#[derive(Debug, Default)]
struct Sleepers {
    /// By due time, and by a number that tells those apart that are due together.
    waiting: BTreeMap<(u64, u64), Waker>,
    next_number: u64,
}

impl Timer {
    /// A timer for the tasks of this thread. Must be called inside a local runtime, which it then lives as long as.
    pub(in crate::mock_server) fn start() -> io::Result<Self> {
        let alarm = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
        let bell = bell(alarm.as_fd().try_clone_to_owned()?)?;
        let timer = Self(Rc::new(Shared { alarm, sleepers: RefCell::default() }));
        tokio::task::spawn_local(Rc::clone(&timer.0).wake_who_is_due(bell));
        Ok(timer)
    }

    /// Ends at or after `due_ns`, on the axis of [`now_ns`].
    pub(in crate::mock_server) async fn sleep_until(&self, due_ns: u64) {
        if now_ns() >= due_ns {
            return;
        }
        let place = Place { key: (due_ns, self.0.sleepers.borrow_mut().number()), shared: &self.0 };
        poll_fn(|context| {
            if now_ns() >= due_ns {
                return Poll::Ready(());
            }
            place.wait(context.waker());
            Poll::Pending
        })
        .await;
    }
}

/// tokio can watch any descriptor, but safely only those of kinds it knows. To it a timer looks like the reading end of
/// a pipe: it becomes readable, and a read of a few bytes makes it unreadable until the next ring.
fn bell(alarm: OwnedFd) -> io::Result<pipe::Receiver> {
    pipe::Receiver::from_owned_fd_unchecked(alarm)
}

impl Shared {
    async fn wake_who_is_due(self: Rc<Self>, bell: pipe::Receiver) {
        // The only error is that of a runtime that is shutting down.
        while bell.readable().await.is_ok() {
            // How often it rang is of no interest, and a false alarm does no harm.
            let _ = bell.try_read(&mut [0; size_of::<u64>()]);
            let due = self.sleepers.borrow_mut().take_due(now_ns());
            self.set_alarm();
            due.into_values().for_each(Waker::wake);
        }
    }

    /// Sets the timer to the first sleeper.
    fn set_alarm(&self) {
        if let Some((due_ns, _)) = self.sleepers.borrow().first() {
            // An instant, not a length of time: one that has just passed rings at once, where a length of 0 never would.
            let due = TimeSpec::from_duration(Duration::from_nanos(due_ns));
            self.alarm
                .set(Expiration::OneShot(due), TimerSetTimeFlags::TFD_TIMER_ABSTIME)
                .expect("a timer that is open takes any valid time");
        }
    }
}

impl Sleepers {
    fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    fn first(&self) -> Option<(u64, u64)> {
        self.waiting.first_key_value().map(|(key, _)| *key)
    }

    fn take_due(&mut self, now_ns: u64) -> BTreeMap<(u64, u64), Waker> {
        let later = self.waiting.split_off(&(now_ns + 1, 0));
        std::mem::replace(&mut self.waiting, later)
    }
}

/// One sleeper's place on the list; dropping it takes it off.
struct Place<'a> {
    key: (u64, u64),
    shared: &'a Shared,
}

impl Place<'_> {
    fn wait(&self, waker: &Waker) {
        let mut sleepers = self.shared.sleepers.borrow_mut();
        let known = sleepers.waiting.insert(self.key, waker.clone());
        let is_first = sleepers.first() == Some(self.key);
        drop(sleepers);
        if known.is_none() && is_first {
            self.shared.set_alarm();
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.shared.sleepers.borrow_mut().waiting.remove(&self.key);
    }
}
