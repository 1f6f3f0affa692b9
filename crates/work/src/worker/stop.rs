//! How a run is told to end: its deadline passed, or somebody pressed Ctrl-C.

use super::error::StartError;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, Builder, JoinHandle},
    time::{Duration, Instant},
};

/// Why a run was told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// The whole-run deadline passed.
    Deadline,
    /// Somebody interrupted the program.
    Interrupted,
}

/// The stop signal of one run. Cloning gives another handle on the same signal.
///
/// Kernels check it at every step of their inner loop, so a check is two relaxed loads of flags that nobody writes, and
/// never reads the clock: a [`Watchdog`] reads it for all of them. Relaxed is enough because the flags carry no data,
/// and a worker that sees one a moment later does no harm.
#[derive(Debug, Clone)]
pub struct Stop {
    interrupted: Arc<AtomicBool>,
    expired: Arc<AtomicBool>,
    deadline: Instant,
}

impl Stop {
    /// A run that may take `limit` from now. `interrupted` is the program's one flag, set by Ctrl-C.
    pub fn new(limit: Duration, interrupted: &Arc<AtomicBool>) -> Self {
        Self { interrupted: Arc::clone(interrupted), expired: Arc::default(), deadline: Instant::now() + limit }
    }

    /// A run that may take `limit` from now and that nobody interrupts.
    pub fn after(limit: Duration) -> Self {
        Self::new(limit, &Arc::default())
    }

    /// Whether, and why, to end now.
    #[inline]
    pub fn check(&self) -> Result<(), Stopped> {
        if self.interrupted.load(Relaxed) {
            Err(Stopped::Interrupted)
        } else if self.expired.load(Relaxed) {
            Err(Stopped::Deadline)
        } else {
            Ok(())
        }
    }

    /// The time until the deadline; zero when the run is to end now. A blocking fetch uses it as its timeout.
    pub fn time_left(&self) -> Duration {
        match self.check() {
            Ok(()) => self.deadline.saturating_duration_since(Instant::now()),
            Err(_) => Duration::ZERO,
        }
    }

    /// Raises the flag if the deadline has passed, and returns the time until then: for the watchdog.
    pub fn watch(&self) -> Duration {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            self.expired.store(true, Relaxed);
        }
        left
    }

    /// Starts the thread that raises the flag at the deadline. It ends when the guard is dropped. Without that thread
    /// there would be no deadline, so it is an error if the system refuses it.
    pub fn watchdog(&self) -> Result<Watchdog, StartError> {
        let (stop, finished) = (self.clone(), Arc::new(AtomicBool::new(false)));
        let seen = Arc::clone(&finished);
        let watch = move || {
            while !seen.load(Relaxed) {
                let left = stop.watch();
                if left.is_zero() {
                    return;
                }
                thread::park_timeout(left);
            }
        };
        let thread = Builder::new().name("watchdog".into()).spawn(watch).map_err(StartError::Watchdog)?;
        Ok(Watchdog { finished, thread: Some(thread) })
    }
}

/// Watches one run's deadline for as long as it lives.
#[derive(Debug)]
pub struct Watchdog {
    finished: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.finished.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It can't have panicked, and there is nobody to tell if it had.
            let _ = thread.join();
        }
    }
}
