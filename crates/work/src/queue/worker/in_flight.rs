//! The jobs that the workers hold, as the heartbeat thread sees them.
//!
//! A worker adds a job here when it begins it, and removes it when it has delivered it. Meanwhile another thread can
//! stop the job.

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

/// A slot for each worker's job.
#[derive(Debug)]
pub(super) struct Desk {
    state: Mutex<InFlight>,
    /// Notified when a job arrives whose deadline is before the next check, and on closing.
    bell: Condvar,
}

#[derive(Debug)]
struct InFlight {
    places: Vec<Option<InHand>>,
    /// When the deadlines are next checked.
    next_look: Instant,
    abandoned: bool,
    closed: bool,
}

/// A job that was taken and not yet delivered.
#[derive(Debug, Clone)]
pub(super) struct InHand {
    pub(super) id: JobId,
    stop: Stop,
    /// The job is another's or nobody's now. This flag interrupts the task.
    dropped: Arc<AtomicBool>,
    /// When its run stops waiting for it; `None` for never.
    over: Option<Instant>,
}

impl InHand {
    /// A job that must have ended within this time.
    pub(super) fn new(id: JobId, left: Duration) -> Self {
        let dropped = Arc::default();
        let over = Instant::now().checked_add(left.saturating_add(2 * ANSWER));
        Self { id, stop: Stop::new(left, &dropped), dropped, over }
    }

    /// What ends the task.
    pub(super) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Stops the job. Its result is no longer wanted.
    pub(super) fn discard(&self) {
        self.dropped.store(true, Relaxed);
    }

    /// Another worker has the job now and will deliver it; or its run has been over for a while.
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

    /// Each worker's job, if any.
    pub(super) fn in_hand(&self) -> Vec<Option<InHand>> {
        locked(&self.state).places.clone()
    }

    /// Stops everything, now and in future.
    pub(super) fn abandon(&self) {
        let mut state = locked(&self.state);
        state.abandoned = true;
        state.places.iter().flatten().for_each(InHand::discard);
    }

    /// No worker uses it any more.
    pub(super) fn close(&self) {
        locked(&self.state).closed = true;
        self.bell.notify_one();
    }

    /// Waits until this instant, and meanwhile stops jobs at their deadlines. False if it was closed.
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
