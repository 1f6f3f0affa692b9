//! What travels through a queue: jobs one way, what became of them the other. Written as postcard, like frames.

use super::{job_spec::Errand, outage::Outage};
use crate::worker::lane::Done;
use measure::axis::ClockReading;
use serde::{Deserialize, Serialize};

/// What can be read by a program built from exactly these sources: jobs and messages carry no description of themselves,
/// so another build would misread them. Each side leaves alone what has another build's mark.
pub const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), "+", env!("MAKESPAN_SOURCES"));

/// One task of one run, as it waits to be taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The number of the run.
    pub run: u64,
    /// Which task of the run it is.
    pub index: u32,
    /// When the run ends, by the queue's clock, nanoseconds.
    pub deadline_ns: u64,
    /// The one server it may fetch from (`http://HOST:PORT`): the one that the run was started with.
    pub server: Option<String>,
    /// What is to be done.
    pub errand: Errand,
}

/// What the run is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// A job is done, well or badly.
    Delivered(Delivered),
    /// A job was handed out again, because the worker that had it has not been heard of for a lease.
    Redelivered {
        /// The run.
        run: u64,
        /// The task.
        index: u32,
        /// The worker that had it.
        from: String,
    },
}

/// A job, done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivered {
    /// The number of the run.
    pub run: u64,
    /// Who did it: [`Peer::id`](super::broker::Peer::id).
    pub worker: String,
    /// How often the job had been handed out, this time included.
    pub attempt: u32,
    /// When the worker had the job in hand, by the worker's clock, nanoseconds.
    pub taken_ns: u64,
    /// How that clock compares with the queue's.
    pub clock: ClockReading,
    /// What the worker's connection has gone through since its last delivery but one, by the worker's clock.
    pub outages: Box<[Outage]>,
    /// What came of it. Spans are by the worker's clock, and their worker is 0: who reads it knows who did it.
    pub done: Done,
}
