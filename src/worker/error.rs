//! Why workers did not start, or did not go home cleanly.

use crate::queue::broker::QueueError;

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
    /// The queue is not there, or refuses.
    #[error(transparent)]
    Queue(#[from] QueueError),
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
    /// A worker process ended badly.
    #[error("worker process {number} ended badly: {how}")]
    Process {
        /// Which process it was, counted from 1.
        number: u32,
        /// Its exit status.
        how: String,
    },
}
