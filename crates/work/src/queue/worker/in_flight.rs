//! What the workers of a crew have in hand, as the one who speaks for them sees it.
//!
//! A worker lays a job on the desk when it begins it, and takes it away when it is delivered. Meanwhile somebody else can
//! stop it there.

use super::locked;
use crate::{
    queue::broker::{ANSWER, JobId},
    worker::stop::Stop,
};
use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// The desk: a place for each worker.
#[derive(Debug)]
pub(super) struct Desk {
    state: Mutex<InFlight>,
    /// Rings when a job has come whose deadline is sooner than the next look, and when the desk is closed.
    bell: Condvar,
}

#[derive(Debug)]
struct InFlight {
    places: Vec<Option<InHand>>,
    /// When the next look at the deadlines is due.
    next_look: Instant,
    abandoned: bool,
    closed: bool,
}

/// A job that was taken and not yet delivered.
#[derive(Debug, Clone)]
pub(super) struct InHand {
    pub(super) id: JobId,
    stop: Stop,
    /// It is not this worker's any more. The same flag interrupts the task.
    dropped: Arc<AtomicBool>,
    /// When its run waits for it no more; `None` for never.
    over: Option<Instant>,
}

impl InHand {
    /// A job that must have ended when this time has passed.
    pub(super) fn new(id: JobId, left: Duration) -> Self {
        let dropped = Arc::default();
        let over = Instant::now().checked_add(left.saturating_add(2 * ANSWER));
        Self { id, stop: Stop::new(left, &dropped), dropped, over }
    }

    /// What ends the task.
    pub(super) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Stops it. What has come of it is of no use any more.
    pub(super) fn discard(&self) {
        self.dropped.store(true, Relaxed);
    }

    /// The worker that has the job now will deliver it; or nobody wants it, because its run has been over for a while.
    pub(super) fn is_of_no_use(&self) -> bool {
        self.dropped.load(Relaxed) || self.over.is_some_and(|over| Instant::now() > over)
    }
}

impl Desk {
    pub(super) fn of(workers: u32) -> Self {
        let places = vec![None; workers as usize];
        let state = InFlight { places, next_look: Instant::now(), abandoned: false, closed: false };
        Self { state: Mutex::new(state), bell: Condvar::new() }
    }

    /// A worker begins a job.
    pub(super) fn lay(&self, worker: usize, job: InHand) {
        let left = job.stop.watch();
        let mut state = locked(&self.state);
        if state.abandoned {
            job.discard();
        }
        state.places[worker] = Some(job);
        if Instant::now() + left < state.next_look {
            self.bell.notify_one();
        }
    }

    /// A worker has delivered its job, or has nothing to deliver.
    pub(super) fn clear(&self, worker: usize) {
        locked(&self.state).places[worker] = None;
    }

    /// What each worker has in hand.
    pub(super) fn in_hand(&self) -> Vec<Option<InHand>> {
        locked(&self.state).places.clone()
    }

    /// Stops everything, now and in future.
    pub(super) fn abandon(&self) {
        let mut state = locked(&self.state);
        state.abandoned = true;
        state.places.iter().flatten().for_each(InHand::discard);
    }

    /// Nobody works at it any more.
    pub(super) fn close(&self) {
        locked(&self.state).closed = true;
        self.bell.notify_one();
    }

    /// Waits until this instant and ends meanwhile what has come to its deadline. False when the desk was closed.
    pub(super) fn watch_until(&self, then: Instant) -> bool {
        let mut state = locked(&self.state);
        while !state.closed {
            let deadlines = state.places.iter().flatten().map(|job| job.stop.watch()).filter(|left| !left.is_zero());
            let soonest = deadlines.min().unwrap_or(Duration::MAX);
            let left = then.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            let nap = left.min(soonest);
            state.next_look = Instant::now() + nap;
            (state, _) = self.bell.wait_timeout(state, nap).unwrap_or_else(PoisonError::into_inner);
        }
        false
    }
}
