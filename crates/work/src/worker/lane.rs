//! A worker's lane: the context of a task while it runs, and the record of what it does.

use super::{
    arrival::NAP,
    feed::{Announcement, Feed, Notice},
    stop::{Stop, Stopped},
};
use crate::task::{Output, Task, TaskContext, TaskError};
use futures_util::FutureExt;
use measure::clock::{between, now_ns};
use mock_server::log::TaskTag;
use serde::{Deserialize, Serialize};
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::Duration,
};

/// What a worker is doing, or what a stretch of its time was spent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// A whole task, from its start to its end. The waits lie inside it.
    Run,
    /// Waiting for the first byte of a response: connecting, sending, and the server's work.
    WaitFirstByte,
    /// Waiting for the rest of a body.
    WaitTransfer,
    /// By the server's log, the request had arrived and was not yet answered.
    WaitServer,
    /// By the server's log, the body waited for the link.
    WaitLink,
    /// Waiting for the simulated interpreter lock. Tasks don't wait for it; their context does.
    WaitLock,
    /// The job was being enqueued. Like the next two, this is the job's time and no worker's: it lies outside the
    /// task's `Run`, and the spans of several jobs overlap.
    Enqueue,
    /// The job, or the task that was due, waited for a worker to take it.
    Queued,
    /// The result was on its way back.
    Return,
    /// Nothing to do.
    Idle,
    /// Nothing to do, and the last task ended in an error. Only viewers of a run are told.
    Failed,
}

impl Activity {
    /// All of them. A feed encodes each as its index here.
    pub(super) const ALL: [Self; 11] = [
        Self::Run,
        Self::WaitFirstByte,
        Self::WaitTransfer,
        Self::WaitServer,
        Self::WaitLink,
        Self::WaitLock,
        Self::Enqueue,
        Self::Queued,
        Self::Return,
        Self::Idle,
        Self::Failed,
    ];

    /// The server's side of a wait that a client only knows from outside: until the first byte it waits for the server,
    /// then for the link. `None` for the time of a job that is no worker's.
    pub fn for_viewers(self) -> Option<Self> {
        match self {
            Self::WaitFirstByte => Some(Self::WaitServer),
            Self::WaitTransfer => Some(Self::WaitLink),
            Self::Enqueue | Self::Queued | Self::Return => None,
            other => Some(other),
        }
    }
}

/// One stretch of one worker's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Span {
    /// The worker, counted from 0.
    pub worker: u32,
    /// The task, counted from 0 in the workload's order; `None` for the prologue.
    pub index: Option<u32>,
    /// What the time was spent on.
    pub kind: Activity,
    /// `CLOCK_MONOTONIC`, nanoseconds.
    pub start_ns: u64,
    /// `CLOCK_MONOTONIC`, nanoseconds.
    pub end_ns: u64,
}

/// A finished task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// Which task of the workload it was.
    pub index: u32,
    /// Its result.
    pub result: Result<Output, TaskError>,
    /// The task, then its waits: at most two of a fetch, and each one for the interpreter lock, if there is one. Last,
    /// for an [arrival](super::arrival), the time from when it was due to when it began.
    pub spans: Vec<Span>,
}

impl Done {
    /// How long the task took; zero for one that never began.
    pub fn took(&self) -> Duration {
        self.spans.first().map_or(Duration::ZERO, |run| between(run.start_ns, run.end_ns))
    }
}

/// The context of the tasks that one worker runs.
#[derive(Debug)]
pub struct Lane {
    worker: u32,
    index: Option<u32>,
    run: u64,
    /// When the task began.
    begun_ns: u64,
    /// When it was due, if it has such a time.
    due_ns: Option<u64>,
    spans: Vec<Span>,
    stop: Stop,
    /// Where it announces what it does, if there is a viewer.
    feed: Option<&'static Feed>,
}

impl Lane {
    /// The lane of worker `worker` in run `run`.
    pub fn new(worker: u32, run: u64, stop: Stop) -> Self {
        let feed = Feed::of_this_process();
        Self { worker, index: None, run, begun_ns: 0, due_ns: None, spans: Vec::new(), stop, feed }
    }

    /// Runs one task to its end. A panic in the task's code is an error of that task alone.
    pub fn run(&mut self, index: u32, task: &Task) -> Done {
        self.run_with(index, |lane| task.run(lane))
    }

    /// The same, for callers that add to the lane's context: `work` runs the task.
    pub fn run_with(&mut self, index: u32, work: impl FnOnce(&mut Self) -> Result<Output, TaskError>) -> Done {
        self.enter(Some(index));
        let result = self.run_caught(work);
        let spans = self.leave(result.is_ok());
        Done { index, result, spans }
    }

    /// Runs one step of the prologue: a task outside the numbered list.
    pub fn run_prologue(&mut self, task: &Task) -> (Result<Output, TaskError>, Vec<Span>) {
        self.enter(None);
        let result = self.run_caught(|lane| task.run(lane));
        let spans = self.leave(result.is_ok());
        (result, spans)
    }

    /// The same inside an event loop.
    pub async fn run_async(&mut self, index: u32, task: &Task) -> Done {
        self.enter(Some(index));
        let result = match self.stop.check() {
            Ok(()) => {
                AssertUnwindSafe(task.run_async(self)).catch_unwind().await.unwrap_or_else(|panic| panicked(&*panic))
            }
            Err(stopped) => Err(stopped.into()),
        };
        let spans = self.leave(result.is_ok());
        Done { index, result, spans }
    }

    /// The time until the run's deadline.
    pub fn time_left(&self) -> Duration {
        self.stop.time_left()
    }

    /// The worker begins to wait. Returns the start time, for [`waited`](Self::waited) afterwards.
    pub fn waits(&mut self, why: Activity) -> u64 {
        let start_ns = now_ns();
        self.announce(why, start_ns);
        start_ns
    }

    /// Records that the worker waited from `start_ns` until now.
    pub fn waited(&mut self, why: Activity, start_ns: u64) {
        let span = self.span(why, start_ns);
        self.announce(Activity::Run, span.end_ns);
        self.spans.push(span);
    }

    fn run_caught(&mut self, work: impl FnOnce(&mut Self) -> Result<Output, TaskError>) -> Result<Output, TaskError> {
        self.stop.check()?;
        // The lane holds nothing that a panic could leave half-written: spans are pushed whole.
        catch_unwind(AssertUnwindSafe(|| work(self))).unwrap_or_else(|panic| panicked(&*panic))
    }

    fn enter(&mut self, index: Option<u32>) {
        self.index = index;
        self.due_ns = None;
        self.begin();
    }

    /// The task begins now, perhaps for a second time: what came before is no part of it.
    fn begin(&mut self) {
        self.spans.clear();
        self.begun_ns = now_ns();
        self.announce(Activity::Run, self.begun_ns);
    }

    fn leave(&mut self, is_ok: bool) -> Vec<Span> {
        let run = self.span(Activity::Run, self.begun_ns);
        self.announce(if is_ok { Activity::Idle } else { Activity::Failed }, run.end_ns);
        self.spans.insert(0, run);
        let queued = |due_ns| Span { kind: Activity::Queued, start_ns: due_ns, end_ns: run.start_ns, ..run };
        self.spans.extend(self.due_ns.filter(|due_ns| *due_ns <= run.start_ns).map(queued));
        std::mem::take(&mut self.spans)
    }

    /// The nap before the next check whether the task is due; `None` if it is, and has begun. A task that is
    /// overdue when it is taken begins at once.
    fn nap(&mut self, due_ns: u64) -> Result<Option<Duration>, Stopped> {
        if self.due_ns.is_none() {
            self.due_ns = Some(due_ns);
            self.announce(Activity::Idle, now_ns());
        }
        self.stop.check()?;
        let left = between(now_ns(), due_ns);
        if left.is_zero() {
            self.begin();
            return Ok(None);
        }
        Ok(Some(left.min(NAP)))
    }

    /// [`await_due`](TaskContext::await_due) inside an event loop, which keeps running meanwhile.
    pub async fn await_due_async(&mut self, due_ns: u64) -> Result<(), Stopped> {
        while let Some(nap) = self.nap(due_ns)? {
            tokio::time::sleep(nap).await;
        }
        Ok(())
    }

    #[inline]
    fn announce(&self, doing: Activity, at_ns: u64) {
        if let Some(feed) = self.feed {
            let (run, worker, index) = (self.run, self.worker, self.index);
            feed.announce(Announcement { run, at_ns, worker, index, what: Notice::Worker(doing) });
        }
    }

    fn span(&self, kind: Activity, start_ns: u64) -> Span {
        Span { worker: self.worker, index: self.index, kind, start_ns, end_ns: now_ns() }
    }
}

impl TaskContext for Lane {
    #[inline]
    fn check(&mut self) -> Result<(), Stopped> {
        self.stop.check()
    }

    fn stopped(&self) -> Result<(), Stopped> {
        self.stop.check()
    }

    fn await_due(&mut self, due_ns: u64) -> Result<(), Stopped> {
        while let Some(nap) = self.nap(due_ns)? {
            thread::sleep(nap);
        }
        Ok(())
    }

    fn wait<T>(&mut self, why: Activity, io: impl FnOnce(Duration) -> T) -> T {
        let start_ns = self.waits(why);
        let result = io(self.time_left());
        self.waited(why, start_ns);
        result
    }

    fn tag(&self) -> TaskTag {
        TaskTag { run: self.run, index: self.index }
    }

    fn worker(&self) -> u32 {
        self.worker
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Result<Output, TaskError> {
    Err(TaskError::Panicked(panic_message(panic)))
}

/// The message of a panic, if it has one.
pub fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}
