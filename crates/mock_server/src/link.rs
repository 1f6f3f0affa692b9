//! The link that all bodies share: [`Sharing`] with the server's clock, and with bodies that wait.
//!
//! A body asks how many of its bytes have been served. If that is less than a chunk more than it has sent, it registers
//! its waker at the position of the next chunk, and one task wakes the bodies whose position is reached. A late wake-up
//! delays that body, but loses no capacity: bytes served meanwhile are available at once.

use super::{
    sharing::{Position, Sharing, Transfer},
    timer::Timer,
};
use futures_util::future::select;
use measure::clock::now_ns;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};
use tokio::sync::Notify;

/// The bandwidths of a link, checked and scaled. Either may be infinite, not both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bandwidth {
    /// Of the shared link.
    pub shared_per_s: f64,
    /// The cap of one connection.
    pub each_per_s: f64,
}

impl Bandwidth {
    /// How many bytes to send at once: small enough for a smooth transfer, large enough that a wake-up for each takes
    /// only a small part of one core.
    fn chunk(self) -> u64 {
        if self.shared_per_s.min(self.each_per_s) <= 10e6 { 8 * 1024 } else { 16 * 1024 }
    }
}

#[derive(Debug)]
pub(super) struct Link {
    bandwidth: Bandwidth,
    sharing: RefCell<Sharing>,
    /// Waiting bodies, by their position and transfer number.
    waiting: RefCell<BTreeMap<(Position, u64), Waker>>,
    /// When the task that wakes them next checks.
    next_look_ns: Cell<Option<u64>>,
    /// Tells it to check earlier.
    earlier: Notify,
    timer: Timer,
}

impl Link {
    /// A link for the tasks of this thread. Must be called inside a local runtime, and lives as long as that does.
    pub(super) fn start(bandwidth: Bandwidth, timer: Timer) -> Rc<Self> {
        let link = Rc::new(Self {
            bandwidth,
            sharing: RefCell::new(Sharing::new(bandwidth.shared_per_s, bandwidth.each_per_s)),
            waiting: RefCell::default(),
            next_look_ns: Cell::default(),
            earlier: Notify::new(),
            timer,
        });
        tokio::task::spawn_local(Rc::clone(&link).wake_who_is_served());
        link
    }

    /// Begins a body of so many bytes.
    pub(super) fn join(self: &Rc<Self>, now_ns: u64, bytes: u64) -> Ride {
        let transfer = self.sharing.borrow_mut().join(now_ns, bytes);
        Ride { link: Rc::clone(self), transfer, joined_ns: now_ns, waits_for: None }
    }

    async fn wake_who_is_served(self: Rc<Self>) {
        loop {
            self.sharing.borrow_mut().advance(now_ns());
            self.wake_served();
            let next_ns = self.first_due_ns();
            self.next_look_ns.set(next_ns);
            match next_ns {
                Some(due_ns) => {
                    select(pin!(self.timer.sleep_until(due_ns)), pin!(self.earlier.notified())).await;
                }
                None => self.earlier.notified().await,
            }
        }
    }

    fn wake_served(&self) {
        let (sharing, mut waiting) = (self.sharing.borrow(), self.waiting.borrow_mut());
        while let Some(first) = waiting.first_entry().filter(|first| sharing.has_reached(first.key().0)) {
            first.remove().wake();
        }
    }

    /// When the first waiting body will have been served, if nothing changes.
    fn first_due_ns(&self) -> Option<u64> {
        let waiting = self.waiting.borrow();
        let (&(position, _), _) = waiting.first_key_value()?;
        Some(self.sharing.borrow().when_at(position))
    }

    /// A body began to wait, or left and made the others faster.
    fn reconsider(&self) {
        let due_ns = self.first_due_ns();
        if due_ns.is_some_and(|due_ns| self.next_look_ns.get().is_none_or(|look_ns| due_ns < look_ns)) {
            // Once is enough, however many bodies ask before it checks.
            self.next_look_ns.set(due_ns);
            self.earlier.notify_one();
        }
    }
}

/// One body's place on the link; dropping it makes room for the others.
#[derive(Debug)]
pub(super) struct Ride {
    link: Rc<Link>,
    transfer: Transfer,
    joined_ns: u64,
    waits_for: Option<Position>,
}

impl Ride {
    /// Bytes that may be sent by now: ready when that is a chunk more than were sent, or everything up to `end`.
    pub(super) fn poll_served(&mut self, now_ns: u64, sent: u64, end: u64, context: &Context<'_>) -> Poll<u64> {
        self.stop_waiting();
        let wanted = (sent + self.link.bandwidth.chunk()).min(end);
        let mut sharing = self.link.sharing.borrow_mut();
        sharing.advance(now_ns);
        let served = sharing.served(&self.transfer).min(end);
        if served >= wanted {
            return Poll::Ready(served);
        }
        drop(sharing);
        let position = self.transfer.position(wanted);
        self.waits_for = Some(position);
        self.link.waiting.borrow_mut().insert((position, self.transfer.number), context.waker().clone());
        self.link.reconsider();
        Poll::Pending
    }

    /// The mean share of the link that so many bytes are, sent from the beginning until now; `None` if only the
    /// connections are limited.
    pub(super) fn share(&self, now_ns: u64, sent: u64) -> Option<f64> {
        let shared_per_s = self.link.bandwidth.shared_per_s;
        let possible = shared_per_s * now_ns.saturating_sub(self.joined_ns) as f64 / 1e9;
        (shared_per_s.is_finite() && possible > 0.0).then(|| (sent as f64 / possible).min(1.0))
    }

    fn stop_waiting(&mut self) {
        if let Some(position) = self.waits_for.take() {
            self.link.waiting.borrow_mut().remove(&(position, self.transfer.number));
        }
    }
}

impl Drop for Ride {
    fn drop(&mut self) {
        self.stop_waiting();
        self.link.sharing.borrow_mut().leave(now_ns(), &self.transfer);
        self.link.reconsider();
    }
}
