//! What a queue must be able to do, for runs that enqueue jobs and workers that do them.
//!
//! Delivery is *at least once*. A worker leases a job: it sends heartbeats, and if none arrives for a [`LEASE`], the
//! job goes to another worker. So a job may be done twice, if its first worker was only slow or cut off; then only one
//! delivery counts. After [`MOST_TRIES`] the job itself is assumed to be the cause.

use super::job::{Job, Message};
use serde::{Deserialize, Serialize};
use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

/// How long a worker may send no heartbeat before its job goes to another.
pub const LEASE: Duration = Duration::from_secs(3);

/// The interval between a peer's heartbeats.
pub const BEAT: Duration = Duration::from_millis(500);

/// How long a queue may take to answer, apart from intended waits. A slower one counts as unavailable: a host that was
/// cut off can't say so.
pub const ANSWER: Duration = Duration::from_secs(2);

/// How long after its deadline a run may take to clean up: to withdraw its jobs, and to ask which workers are present.
pub const GRACE: Duration = Duration::from_secs(1);

/// How often a job is handed out before it is given up.
pub const MOST_TRIES: u32 = 3;

/// A job's name within its queue.
pub type JobId = String;

/// A run or worker of a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Its name, unique: `HOST:PID:NUMBER`.
    pub id: String,
    /// What it does.
    pub role: Role,
    /// Its [`BUILD`](super::job::BUILD).
    pub build: String,
    /// The host it is on.
    pub host: String,
}

/// What a peer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Enqueues jobs.
    Run,
    /// Does jobs, one at a time.
    Worker,
}

/// A job that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct TakenJob {
    /// Its name.
    pub id: JobId,
    /// Where messages about it go.
    pub reply_to: String,
    /// How often it has been handed out, this time included.
    pub attempt: u32,
    /// The job.
    pub job: Job,
}

/// What a worker delivers.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// The job.
    pub id: JobId,
    /// Its [`TakenJob::reply_to`].
    pub reply_to: String,
    /// The outcome.
    pub message: Message,
}

/// A job that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buried {
    /// The run.
    pub run: u64,
    /// The task.
    pub index: u32,
    /// How often it had been handed out.
    pub tries: u32,
    /// The last worker that had it.
    pub last_worker: String,
}

/// One connection to a named queue. It connects on first use and reconnects after a loss; a method that fails with
/// [`QueueError::Unreachable`] may be called again, and what it did before it failed is not done twice.
pub trait Broker: Debug + Send {
    /// No call waits for the queue beyond `end`, or more than a moment if that is past, whatever timeouts of its own it
    /// has; `None` for these timeouts alone. An intended wait is not cut short: its caller knows how long it may be.
    fn until(&mut self, end: Option<Instant>);

    /// The queue's own clock, nanoseconds. Deadlines refer to it.
    fn now_ns(&mut self) -> Result<u64, QueueError>;

    /// Peers with a heartbeat in the last [`LEASE`], of any build.
    fn present(&mut self) -> Result<Vec<Peer>, QueueError>;

    /// A peer's heartbeat, which renews the leases of the jobs that it holds. Returns those that are no longer this
    /// peer's: finished or taken over by another, or withdrawn.
    fn beat(&mut self, peer: &Peer, holds: &[JobId]) -> Result<Vec<JobId>, QueueError>;

    /// Leaves: the peer is not present any more. Jobs it still holds go to others when their leases expire.
    fn leave(&mut self, peer: &str) -> Result<(), QueueError>;

    /// Enqueues jobs of one run, in order. Messages about them go to `reply_to`, which is new for each run; a run has
    /// one job of each index, so one that is in already is not added again. For a run that is present, this
    /// counts as a [heartbeat](Broker::beat).
    fn enqueue(&mut self, reply_to: &str, jobs: &[Job]) -> Result<(), QueueError>;

    /// The messages since the last call, in order; waits at most `patience` for the first.
    fn messages(&mut self, reply_to: &str, patience: Duration) -> Result<Vec<Message>, QueueError>;

    /// Gives up the jobs that were handed out [`MOST_TRIES`] times and whose lease has expired again.
    fn bury(&mut self, reply_to: &str) -> Result<Vec<Buried>, QueueError>;

    /// How many of the run's jobs the queue holds, waiting or leased: the exact number if it is below `expected`,
    /// otherwise at least `expected`.
    fn held(&mut self, reply_to: &str, expected: usize) -> Result<usize, QueueError>;

    /// Withdraws every unfinished job, and forgets the messages.
    fn withdraw(&mut self, reply_to: &str) -> Result<(), QueueError>;

    /// Withdraws the jobs of every run of this build that is not [present](Broker::present): one that was killed, or
    /// that lost its connection. Returns how many jobs there were.
    fn sweep(&mut self) -> Result<usize, QueueError>;

    /// Delivers the finished job, then takes the next of this build: the oldest that waits, or, now and then and when
    /// none waits, one whose lease has expired and that has tries left, of which the run is told
    /// ([`Message::Redelivered`]) before a worker begins it. Waits at most `patience` for a job. Delivering a job that
    /// another worker has finished, or that was withdrawn, has no effect.
    fn take(
        &mut self,
        worker: &str,
        finished: Option<&Finished>,
        patience: Duration,
    ) -> Result<Option<TakenJob>, QueueError>;

    /// Only delivers, as [`Broker::take`] does: for a worker that is about to leave.
    fn deliver(&mut self, worker: &str, finished: &Finished) -> Result<(), QueueError>;
}

/// What can go wrong with a queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// No connection, or one that broke. It may come back.
    #[error("the queue at {address} can't be reached: {cause}")]
    Unreachable {
        /// Where it should be, without a password.
        address: String,
        /// What went wrong.
        cause: String,
    },
    /// The queue refuses: a wrong password, a missing database, a file of another kind.
    #[error("the queue at {address} refuses: {cause}")]
    Refused {
        /// Where it is, without a password.
        address: String,
        /// What it said.
        cause: String,
    },
    /// The queue has lost jobs that it had accepted.
    #[error("{jobs} of its jobs are gone from the queue at {address}: {hint}")]
    Lost {
        /// Where it is, without a password.
        address: String,
        /// How many are gone.
        jobs: usize,
        /// How the queue can lose jobs.
        hint: &'static str,
    },
    /// The queue holds something that makespan didn't write.
    #[error("the queue at {address} holds something that is not ours: {what}")]
    Foreign {
        /// Where it is, without a password.
        address: String,
        /// What was found, and where.
        what: String,
    },
    /// Only runs of another build are under way.
    #[error("queue `{queue}` is used by makespan {theirs}, and this is {BUILD}: build both from the same sources", BUILD = super::job::BUILD)]
    OtherBuild {
        /// The queue's name.
        queue: String,
        /// The build of those who use it.
        theirs: String,
    },
}

/// The run that messages to `reply_to` are for, by its [`Peer::id`]: `PEER:NUMBER`.
pub fn owner(reply_to: &str) -> &str {
    reply_to.rsplit_once(':').map_or(reply_to, |(owner, _)| owner)
}
