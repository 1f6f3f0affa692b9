//! What a queue must be able to do, for the one who has jobs done and for those who do them.
//!
//! Delivery is *at least once*. A job that was taken is lent, not given: its worker says again and again that it is still
//! there, and when nothing was heard of it for a [`LEASE`] the job goes to another. So a job may be done twice, by a
//! worker that was only slow, or cut off; what it delivers then counts once. After [`MOST_TRIES`] the job itself is taken
//! for the cause.

use super::job::{Job, Message};
use serde::{Deserialize, Serialize};
use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

/// How long nothing may be heard of a worker before its job goes to another.
pub const LEASE: Duration = Duration::from_secs(3);

/// How often whoever takes part says that it is still there.
pub const BEAT: Duration = Duration::from_millis(500);

/// How long a queue may take for an answer, waiting on purpose aside. One that takes longer was not there meanwhile: a host
/// that was cut off sends nothing that says so.
pub const ANSWER: Duration = Duration::from_secs(2);

/// What a run may take beyond its deadline to end in order: to take its jobs back, and to ask which workers are present.
pub const GRACE: Duration = Duration::from_secs(1);

/// How often a job is handed out before it is given up.
pub const MOST_TRIES: u32 = 3;

/// A job's name within its queue.
pub type JobId = String;

/// Who takes part in a queue.
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
    /// Has jobs done.
    Run,
    /// Does them, one at a time.
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
    /// What became of it.
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

/// One connection to a queue of a name. It connects when it is first used and anew after it was lost; a method that fails
/// with [`QueueError::Unreachable`] may be called again, and what it did before it failed is not done twice.
pub trait Broker: Debug + Send {
    /// No call waits for the queue longer than until `end`, or a moment where that is past, whatever time limits of its own it
    /// has; `None` for these limits alone. A wait on purpose is not cut short: its caller knows how long it may be.
    fn until(&mut self, end: Option<Instant>);

    /// The queue's own clock, nanoseconds. Deadlines are told by it.
    fn now_ns(&mut self) -> Result<u64, QueueError>;

    /// Everybody heard of within the last [`LEASE`], of any build.
    fn present(&mut self) -> Result<Vec<Peer>, QueueError>;

    /// "Still here", and still at work on these jobs: their leases are renewed. Returns those of them that are not this
    /// peer's any more: finished or taken over by another, or withdrawn.
    fn beat(&mut self, peer: &Peer, holds: &[JobId]) -> Result<Vec<JobId>, QueueError>;

    /// Leaves: the peer is not present any more. Jobs it still holds go to others when their leases lapse.
    fn leave(&mut self, peer: &str) -> Result<(), QueueError>;

    /// Adds jobs, which are all of one run, in their order. Messages about them go to `reply_to`, which is new for each run;
    /// a run has one job of each index, so one that is in already is not added again. A run that is present has been
    /// [heard of](Broker::beat) by it.
    fn enqueue(&mut self, reply_to: &str, jobs: &[Job]) -> Result<(), QueueError>;

    /// The messages since the last call, in their order; waits no longer than this for the first.
    fn messages(&mut self, reply_to: &str, patience: Duration) -> Result<Vec<Message>, QueueError>;

    /// Gives up the jobs that were handed out [`MOST_TRIES`] times and whose lease has lapsed again.
    fn bury(&mut self, reply_to: &str) -> Result<Vec<Buried>, QueueError>;

    /// How many of the run's jobs the queue holds, waiting or lent: the exact number where it is below `expected`, and
    /// otherwise at least `expected`.
    fn held(&mut self, reply_to: &str, expected: usize) -> Result<usize, QueueError>;

    /// Takes back every job that is not finished, and forgets the messages.
    fn withdraw(&mut self, reply_to: &str) -> Result<(), QueueError>;

    /// Takes back the jobs of every run of this build that is not [present](Broker::present): one that was killed, or that
    /// could not reach the queue any more. Returns how many there were.
    fn sweep(&mut self) -> Result<usize, QueueError>;

    /// Delivers what was finished, then takes the next job of this build: the oldest that waits, or, now and then and when
    /// none waits, one whose lease has lapsed and that has tries left, of which the run is told ([`Message::Redelivered`])
    /// before anybody begins it. Waits no longer than this for one. A delivery of a job that somebody else has finished, or
    /// that was withdrawn, has no effect.
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
    /// It is there and refuses: a wrong password, a database that isn't there, a file of another kind.
    #[error("the queue at {address} refuses: {cause}")]
    Refused {
        /// Where it is, without a password.
        address: String,
        /// What it said.
        cause: String,
    },
    /// It is there, and has lost jobs that it had accepted.
    #[error("{jobs} of its jobs are gone from the queue at {address}: {hint}")]
    Lost {
        /// Where it is, without a password.
        address: String,
        /// How many are gone.
        jobs: usize,
        /// What loses jobs there.
        hint: &'static str,
    },
    /// Something is in it that makespan did not write.
    #[error("the queue at {address} holds something that is not ours: {what}")]
    Foreign {
        /// Where it is, without a password.
        address: String,
        /// What was found, and where.
        what: String,
    },
    /// A run of another build is under way, and none of this.
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
