//! One kernel timer for all sleepers, set for the first due.
//!
//! The timer itself is exact, but an idle processor takes time to wake up: about a tenth of a millisecond in a virtual
//! machine. So the timer is set that much earlier, as learnt from the last wake-ups, and the thread spins until the due
//! time. That is a few microseconds each, and requests that arrive meanwhile are served.
//!
//! Everything happens on the runtime's one thread, so there is no lock. A dropped future removes itself from the list;
//! if it was the first, the timer fires once without effect.

use measure::clock::now_ns;
use nix::sys::{
    time::TimeSpec,
    timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags},
};
use std::{
    cell::{Cell, RefCell},
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
pub(crate) struct Timer(Rc<TimerState>);

/// The largest lead: it bounds how long an overloaded machine makes us spin.
const MOST_LEAD_NS: u64 = 150_000;
/// How far one wake-up moves the lead, up or down: so it settles on the median, which one late wake-up can't move far.
const LEAD_STEP_NS: u64 = 4_000;

#[derive(Debug)]
struct TimerState {
    alarm: TimerFd,
    /// When it will fire, if set.
    alarm_ns: Cell<Option<u64>>,
    /// How much earlier than due it is set: about the median time from firing until this thread runs.
    lead_ns: Cell<u64>,
    sleepers: RefCell<Sleepers>,
}

#[derive(Debug, Default)]
struct Sleepers {
    /// By due time, and a number that distinguishes sleepers due together.
    waiting: BTreeMap<(u64, u64), Waker>,
    next_number: u64,
}

impl Timer {
    /// A timer for the tasks of this thread. Must be called inside a local runtime, and lives as long as that does.
    pub(crate) fn start() -> io::Result<Self> {
        let alarm = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
        let bell = bell(alarm.as_fd().try_clone_to_owned()?)?;
        let timer = Self(Rc::new(TimerState {
            alarm,
            alarm_ns: Cell::default(),
            lead_ns: Cell::new(MOST_LEAD_NS / 2),
            sleepers: RefCell::default(),
        }));
        tokio::task::spawn_local(Rc::clone(&timer.0).wake_who_is_due(bell));
        Ok(timer)
    }

    /// Ends at or after `due_ns`, on the axis of [`now_ns`].
    pub(crate) async fn sleep_until(&self, due_ns: u64) {
        if now_ns() >= due_ns {
            return;
        }
        let place = SleeperPlace { key: (due_ns, self.0.sleepers.borrow_mut().number()), shared: &self.0 };
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
/// a pipe: it becomes readable, and a read of a few bytes makes it unreadable until it fires again.
fn bell(alarm: OwnedFd) -> io::Result<pipe::Receiver> {
    pipe::Receiver::from_owned_fd_unchecked(alarm)
}

impl TimerState {
    async fn wake_who_is_due(self: Rc<Self>, bell: pipe::Receiver) {
        // The only error is that of a runtime that is shutting down.
        while bell.readable().await.is_ok() {
            // How often it fired doesn't matter; a spurious wake-up with nothing to read is harmless.
            if bell.try_read(&mut [0; size_of::<u64>()]).is_ok() {
                self.learn(now_ns());
            }
            while self.first_is_near() {
                let due = self.sleepers.borrow_mut().take_due(now_ns());
                due.into_values().for_each(Waker::wake);
                tokio::task::yield_now().await;
            }
            self.set_alarm();
        }
    }

    fn learn(&self, now_ns: u64) {
        if let Some(delay_ns) = self.alarm_ns.take().and_then(|alarm_ns| now_ns.checked_sub(alarm_ns)) {
            let lead_ns = self.lead_ns.get();
            self.lead_ns.set(if delay_ns > lead_ns {
                (lead_ns + LEAD_STEP_NS).min(MOST_LEAD_NS)
            } else {
                lead_ns.saturating_sub(LEAD_STEP_NS)
            });
        }
    }

    fn first_is_near(&self) -> bool {
        self.sleepers.borrow().first().is_some_and(|(due_ns, _)| due_ns <= now_ns() + self.lead_ns.get())
    }

    /// Sets the timer for the first sleeper.
    fn set_alarm(&self) {
        let first = self.sleepers.borrow().first();
        let alarm_ns = first.map(|(due_ns, _)| due_ns.saturating_sub(self.lead_ns.get()).max(now_ns()));
        self.alarm_ns.set(alarm_ns);
        if let Some(alarm_ns) = alarm_ns {
            // An instant, not a duration: a past instant fires at once, whereas a duration of 0 never would.
            let instant = TimeSpec::from_duration(Duration::from_nanos(alarm_ns));
            self.alarm
                .set(Expiration::OneShot(instant), TimerSetTimeFlags::TFD_TIMER_ABSTIME)
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

/// One sleeper's place on the list, removed on drop.
struct SleeperPlace<'a> {
    key: (u64, u64),
    shared: &'a TimerState,
}

impl SleeperPlace<'_> {
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

impl Drop for SleeperPlace<'_> {
    fn drop(&mut self) {
        self.shared.sleepers.borrow_mut().waiting.remove(&self.key);
    }
}
