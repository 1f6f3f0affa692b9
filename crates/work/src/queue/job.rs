//! What travels through a queue: jobs one way, their results the other. Written as postcard, like frames.

use super::{job_spec::Errand, outage::Outage};
use crate::worker::lane::Done;
use measure::axis::ClockReading;
use serde::{Deserialize, Serialize};

/// The mark of a build. Jobs and messages carry no schema, so only a program built from exactly these sources can read
/// them. Each side ignores what has another build's mark.
pub const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), "+", env!("MAKESPAN_SOURCES"));

/// One task of one run, waiting to be taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The number of the run.
    pub run: u64,
    /// Which task of the run it is.
    pub index: u32,
    /// When the run ends, by the queue's clock, nanoseconds.
    pub deadline_ns: u64,
    /// When the task is due, by the same clock, if it has such a time. Its worker waits until then.
    pub due_ns: Option<u64>,
    /// The one server it may fetch from (`http://HOST:PORT`): the one that the run was started with.
    pub server: Option<String>,
    /// What to do.
    pub errand: Errand,
}

/// A message to the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// A job is done, with a result or an error.
    Delivered(Delivered),
    /// A job was redelivered, because its worker sent no heartbeat for a lease.
    Redelivered {
        /// The run.
        run: u64,
        /// The task.
        index: u32,
        /// The worker that had it.
        from: String,
    },
}

/// A finished job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivered {
    /// The number of the run.
    pub run: u64,
    /// Who did it: [`Peer::id`](super::broker::Peer::id).
    pub worker: String,
    /// How often the job had been handed out, this time included.
    pub attempt: u32,
    /// When the worker received the job, by the worker's clock, nanoseconds.
    pub taken_ns: u64,
    /// How that clock compares with the queue's.
    pub clock: ClockReading,
    /// The outages of the worker's connection since its last delivery but one, by the worker's clock.
    pub outages: Box<[Outage]>,
    /// The result. Spans are by the worker's clock, and their worker is 0: the reader knows who did the job.
    pub done: Done,
}
