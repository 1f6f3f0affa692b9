//! Why workers did not start, or did not end cleanly.

use crate::queue::broker::QueueError;
use serde::{Deserialize, Serialize};

/// A worker process that ended without being told to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[error("{} was lost: {how}", self.who())]
pub struct LostWorker {
    /// Which process of the pool it was, counted from 1; 0 for the program that has the pool, if that is another one.
    pub process: u32,
    /// How it ended, or why it was killed.
    pub how: String,
}

impl LostWorker {
    /// The program that has the pool: a Python lane.
    pub const PROGRAM: u32 = 0;

    fn who(&self) -> String {
        match self.process {
            Self::PROGRAM => "the program of the workers".into(),
            number => format!("worker process {number}"),
        }
    }
}

/// Why a pool could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system refused a thread.
    #[error("could not start thread {number}: {source}; fewer workers may fit")]
    Thread {
        /// Which thread it was, counted from 1.
        number: u32,
        /// What the system said.
        source: std::io::Error,
    },
    /// A worker process did not come up.
    #[error("could not start worker process {number}: {reason}")]
    Process {
        /// Which process it was, counted from 1.
        number: u32,
        /// What went wrong.
        reason: String,
    },
    /// There is no interpreter, or it did not start the pool.
    #[error("could not start Python: {0}")]
    Python(String),
    /// The queue is unavailable, or refuses.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The system refused the thread that ends a run at its deadline.
    #[error("could not start the thread that watches the deadline: {0}")]
    Watchdog(std::io::Error),
    /// The event loop could not be set up.
    #[error("could not start the event loop: {0}")]
    EventLoop(std::io::Error),
}

/// Why a pool did not close cleanly.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// A worker thread panicked outside of any task.
    #[error("worker {0} panicked outside of any task")]
    Panicked(u32),
    /// A worker process ended badly, or had to be killed.
    #[error(transparent)]
    Lost(#[from] LostWorker),
}
