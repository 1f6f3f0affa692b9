//! What a worker does. A task is plain data: it can be sent to another process, or to another machine.
//!
//! Each kind of task has its own file, with the work itself and the recipe by which a scenario asks for it. A task
//! knows nothing of the strategy that runs it. It only talks to its [`TaskContext`]: "shall I stop?" between two steps
//! of a calculation, and "I am about to wait" around anything that blocks.
//!
//! Adding a workload: a file here, a variant of [`Task`], a variant of `Workload` in `harness::scenario`.

pub mod command;
pub mod fetch;
pub mod files;
pub mod function;
pub mod gunzip;
pub mod payload;
pub mod prime_sum;
pub mod request;
pub mod sharing;
pub mod thumbnail;

use crate::worker::{
    arrival::DueTask,
    lane::{Activity, Lane},
    stop::Stopped,
};
use mock_server::log::TaskTag;
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    slice,
    time::Duration,
};
use support::terminal::printable_path;

/// One unit of work that one worker does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Task {
    /// Nothing at all: whatever time it takes is the strategy's overhead.
    Noop,
    /// One of the others, once it is due.
    Arrival(DueTask),
    /// Get a URL and read the whole body.
    Fetch(fetch::Fetch),
    /// Sum the primes of a range by trial division.
    PrimeSum(prime_sum::PrimeSum),
    /// Make a small picture of a large one.
    Thumbnail(thumbnail::Thumbnail),
    /// Decompress a gzip file.
    Gunzip(gunzip::Gunzip),
    /// Run a program.
    Command(command::CommandTask),
    /// Send a request to a server of the user's.
    Request(request::Request),
    /// Call a function of the user's, in Python.
    Function(function::Function),
    /// Write or read a file.
    File(files::FileTask),
    /// Sum the bytes of a text that comes with the task.
    Payload(payload::SentText),
    /// Count or sum, beside others that share the counter, its cache line or the memory.
    Sharing(sharing::SharedWork),
}

/// What a task produced, small enough to compare and to send: a fetch of 3 MB comes back as its checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The answer itself for a calculation (the sum of primes), otherwise a CRC-32 of the bytes produced.
    pub checksum: u64,
    /// How much there was of it: bytes of a body, primes of a sum.
    pub amount: u64,
    /// The HTTP status, for fetches.
    pub status: Option<u16>,
}

/// Why a task has no output. It travels from worker processes, so it holds text and not the original errors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum TaskError {
    /// The run's deadline, or the task's own time limit, passed first.
    #[error("timed out")]
    TimedOut,
    /// The run was interrupted.
    #[error("cancelled: the run was interrupted")]
    Cancelled,
    /// The worker that held the task is gone.
    #[error("its worker died: {0}")]
    WorkerDied(String),
    /// Every worker that took the job from its queue was lost.
    #[error("given up after {tries} tries: each worker that took it was lost, {last} as the last")]
    GivenUp {
        /// How often it was handed out.
        tries: u32,
        /// The last worker that had it.
        last: String,
    },
    /// No worker did the job, or its result didn't come back: the queue's words.
    #[error("{0}")]
    Queue(String),
    /// A worker must not do what the job asks for.
    #[error("refused: {0}")]
    Refused(String),
    /// The system refused the thread that was to do the task.
    #[error("could not start thread {number}: {message}; {} stood", number.saturating_sub(1))]
    NoThread {
        /// Which thread it was, counted from 1.
        number: u32,
        /// What the system said.
        message: String,
    },
    /// The task's own code panicked.
    #[error("it panicked: {0}")]
    Panicked(String),
    /// No connection to the server.
    #[error("could not connect: {0}")]
    Connect(String),
    /// The connection ended or broke before the response was complete.
    #[error("the response broke off: {0}")]
    BrokenResponse(String),
    /// Something else about HTTP: a redirect loop, a malformed answer.
    #[error("http: {0}")]
    Http(String),
    /// The user's program, server or function says that it failed: how it ended, and what it said.
    #[error("{0}")]
    Failed(String),
    /// A file could not be read or written.
    #[error("{}: {message}", printable_path(path))]
    File {
        /// The file.
        #[serde(with = "support::path_bytes")]
        path: PathBuf,
        /// What the system said.
        message: String,
    },
    /// A file was read, but its content is damaged or of a kind that is not supported.
    #[error("{}: {message}", printable_path(path))]
    Damaged {
        /// The file.
        #[serde(with = "support::path_bytes")]
        path: PathBuf,
        /// Which of the two, with what the decoder said.
        message: String,
    },
}

impl From<Stopped> for TaskError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Deadline => Self::TimedOut,
            Stopped::Interrupted => Self::Cancelled,
        }
    }
}

/// The kind of an error of a task, as scenarios name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// A time limit was reached: the task's own, or that of the run.
    TimedOut,
    /// The run was stopped before the task was done.
    Cancelled,
    /// The worker process that ran it died.
    WorkerDied,
    /// A job queue gave it up after too many tries.
    GivenUp,
    /// The job queue itself failed.
    Queue,
    /// A worker refused to do it.
    Refused,
    /// The system granted no further thread.
    NoThread,
    /// The task's code panicked.
    Panicked,
    /// No connection to the server.
    Connect,
    /// The connection ended or broke before the response was complete.
    BrokenResponse,
    /// Something else about HTTP: too many redirects, or a malformed answer.
    Http,
    /// The program, server or function says that it failed.
    Failed,
    /// A file could not be read or written.
    File,
    /// A file's content is damaged, or of a kind that is not supported.
    Damaged,
}

impl TaskError {
    /// The kind, without the details.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::TimedOut => ErrorKind::TimedOut,
            Self::Cancelled => ErrorKind::Cancelled,
            Self::WorkerDied(_) => ErrorKind::WorkerDied,
            Self::GivenUp { .. } => ErrorKind::GivenUp,
            Self::Queue(_) => ErrorKind::Queue,
            Self::Refused(_) => ErrorKind::Refused,
            Self::NoThread { .. } => ErrorKind::NoThread,
            Self::Panicked(_) => ErrorKind::Panicked,
            Self::Connect(_) => ErrorKind::Connect,
            Self::BrokenResponse(_) => ErrorKind::BrokenResponse,
            Self::Http(_) => ErrorKind::Http,
            Self::Failed(_) => ErrorKind::Failed,
            Self::File { .. } => ErrorKind::File,
            Self::Damaged { .. } => ErrorKind::Damaged,
        }
    }
}

/// The context in which a task runs. Kernels are generic over it, so that an empty hook costs nothing.
pub trait TaskContext {
    /// Called between two steps of a calculation, as often as is convenient: "shall I stop?"
    fn check(&mut self) -> Result<(), Stopped>;
    /// The same check from within a call into a library, which can't be left in the middle: all it can do is end the
    /// call.
    fn stopped(&self) -> Result<(), Stopped>;
    /// Waits until the task is due (`CLOCK_MONOTONIC`, nanoseconds). The task begins then, and the time until then is
    /// the worker's idle time. An error if the run ends first.
    fn await_due(&mut self, due_ns: u64) -> Result<(), Stopped>;
    /// Called around anything that blocks. The argument is the time left until the run's deadline.
    fn wait<T>(&mut self, why: Activity, io: impl FnOnce(Duration) -> T) -> T;
    /// Called around work that needs no interpreter lock, such as a C extension that releases it meanwhile. Without
    /// such a lock, that is any work.
    #[inline]
    fn released<T>(&mut self, work: impl FnOnce() -> T) -> T {
        work()
    }
    /// The current task and run: fetches send them to the server.
    fn tag(&self) -> TaskTag;
    /// The worker that runs it, counted from 0.
    fn worker(&self) -> u32;
}

impl Task {
    /// Runs on the calling thread, which blocks while the task waits.
    pub fn run<H: TaskContext>(&self, host: &mut H) -> Result<Output, TaskError> {
        match self {
            Self::Noop => Ok(Output { checksum: 0, amount: 0, status: None }),
            Self::Fetch(task) => task.run(host),
            Self::PrimeSum(task) => task.run(host),
            Self::Thumbnail(task) => task.run(host),
            Self::Gunzip(task) => task.run(host),
            Self::File(task) => task.run(host),
            Self::Payload(task) => task.run(host),
            Self::Sharing(task) => task.run(host),
            Self::Command(task) => task.run(host),
            Self::Request(task) => task.run(host),
            Self::Function(task) => task.run(),
            Self::Arrival(task) => task.run(host),
        }
    }

    /// Runs inside an event loop. Only fetches and requests can wait without blocking: every other task keeps the loop's
    /// one thread until it is done, and nothing else progresses meanwhile. That is the lesson, not an oversight.
    pub async fn run_async(&self, lane: &mut Lane) -> Result<Output, TaskError> {
        match self {
            Self::Fetch(task) => task.run_async(lane).await,
            Self::Request(task) => task.run_async(lane).await,
            Self::Arrival(task) => task.run_async(lane).await,
            blocking => blocking.run(lane),
        }
    }

    /// True if the task keeps its thread until it is done, and so belongs outside the event loop's thread.
    pub fn blocks(&self) -> bool {
        match self {
            Self::Noop | Self::Request(_) => false,
            Self::Fetch(task) => task.blocking || task.save.is_some(),
            Self::Arrival(arrival) => arrival.task.blocks(),
            _ => true,
        }
    }

    /// How often its request may be sent again.
    pub fn retries(&self) -> u32 {
        match self {
            Self::Fetch(task) => task.retries,
            Self::Arrival(arrival) => arrival.task.retries(),
            _ => 0,
        }
    }

    /// The thumbnails that it makes, itself or by a program.
    pub fn thumbnails(&self) -> &[thumbnail::Thumbnail] {
        match self {
            Self::Thumbnail(task) => slice::from_ref(task),
            Self::Command(task) => &task.thumbnails,
            _ => &[],
        }
    }

    /// The program that it starts, if any. This process's own processor time doesn't include that program's.
    pub fn program(&self) -> Option<&str> {
        match self {
            Self::Command(task) => task.words.first().map(String::as_str),
            Self::Arrival(arrival) => arrival.task.program(),
            _ => None,
        }
    }

    /// When it becomes due (`CLOCK_MONOTONIC`, nanoseconds), if it is an arrival.
    pub fn due_ns(&self) -> Option<u64> {
        match self {
            Self::Arrival(arrival) => Some(arrival.due_ns),
            _ => None,
        }
    }

    /// The file that it reads or writes, if any.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Thumbnail(task) => Some(&task.input),
            Self::Gunzip(task) => Some(&task.input),
            Self::File(task) => Some(&task.path),
            Self::Arrival(arrival) => arrival.task.file(),
            _ => None,
        }
    }

    /// What [`Schedule::ByKey`](crate::worker::task_queue::Schedule::ByKey) groups by: the site of a fetch. Tasks
    /// without a key share one.
    pub fn key(&self) -> &str {
        match self {
            Self::Fetch(task) => task.site(),
            Self::Arrival(arrival) => arrival.task.key(),
            _ => "",
        }
    }
}

/// What a task must result in for its run to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expected {
    /// Exactly this.
    Output(Output),
    /// A failure of this kind: some scenarios are about failing.
    Error(ErrorKind),
    /// The output of `sequential` on this machine (pictures may differ between processors in their last bits).
    AsSequential,
    /// Anything, success or failure.
    Any,
}
