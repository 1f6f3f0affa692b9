//! A worker process: it works off what its parent hands it, or joins a queue for it.
//!
//! It has one pipe for its one worker; or several workers, whom the thread that reads the pipe hands over to.
//!
//! It is started by its parent from the same binary, never forked: a fork would inherit locked locks and half of a
//! runtime. It has nothing but its two pipes, so whatever a task needs travels in the task.

use super::{
    frame,
    lane::{Done, Lane},
    lifeline,
    source::{Chunk, Source, work_off},
    stop::Stop,
};
use crate::{
    queue::worker::{JobWorkers, Membership, WorkerEvent},
    task::Task,
};
use crossbeam::channel::{Receiver, unbounded};
use measure::{clock::now_ns, cpu::CpuTime};
use serde::{Deserialize, Serialize};
use std::{
    io::{self, BufReader, StdinLock},
    num::NonZeroU32,
    process,
    thread::{self, Builder},
    time::Duration,
};

/// What a worker process says first, so that a parent of another build is not misunderstood.
pub const GREETING: &str = concat!("makespan worker ", env!("CARGO_PKG_VERSION"));

/// What the parent wants. Generic over the task, so that it can be written from a reference and read as a value.
#[derive(Debug, Serialize, Deserialize)]
pub enum WorkerOrder<T> {
    /// Run these, and answer each with [`WorkerReply::Done`].
    Hand(Handed<T>),
    /// Say how much CPU time was used so far, with [`WorkerReply::Cpu`].
    Cpu,
    /// Take jobs from a queue, for as long as the pipe is open. Answered with [`WorkerReply::Joined`].
    Join(Box<Membership>),
}

/// Some tasks that one worker is to do, one after the other.
#[derive(Debug, Serialize, Deserialize)]
pub struct Handed<T> {
    /// The number of the run.
    pub run: u64,
    /// The number of the process's first worker, for spans.
    pub first_worker: u32,
    /// When the run must have ended, `CLOCK_MONOTONIC`.
    pub deadline_ns: u64,
    /// The tasks with their indexes.
    pub tasks: Vec<(u32, T)>,
}

/// What the worker process says.
#[derive(Debug, Serialize, Deserialize)]
pub enum WorkerReply {
    /// [`GREETING`]: ready.
    Ready(String),
    /// One task, done.
    Done(Done),
    /// The CPU time used so far.
    Cpu(CpuTime),
    /// Its workers take jobs, or why they don't.
    Joined(Result<(), String>),
    /// It can't go on, for this reason, and ends.
    Ended(String),
}

/// Serves the parent over standard input and output, with so many threads, until it closes the pipe, or dies.
///
/// Nothing else may write to standard output: it is the pipe.
pub fn serve_parent(threads: NonZeroU32) -> io::Result<()> {
    let served = lifeline::exit_when_stdin_closes().and_then(|()| serve(threads));
    if let Err(error) = &served {
        // Where the parent is the one who can't be reached, there is nobody to tell.
        let _ = answer(&WorkerReply::Ended(error.to_string()));
    }
    served
}

fn serve(threads: NonZeroU32) -> io::Result<()> {
    if threads == NonZeroU32::MIN {
        return work_off(&mut Pipe::open()?);
    }
    let (hands, to_do) = unbounded();
    thread::scope(|scope| {
        // The sending end goes when this returns, and that sends the threads home.
        let hands = hands;
        for thread in 0..threads.get() {
            let mut source = HandedOver { thread, to_do: to_do.clone() };
            let refused =
                |error| io::Error::other(format!("could not start thread {} of {threads}: {error}", thread + 1));
            // A thread that can't answer has lost its parent, and the lifeline ends them all.
            Builder::new().spawn_scoped(scope, move || work_off(&mut source)).map_err(refused)?;
        }
        let mut pipe = Pipe::open()?;
        while let Some(handed) = pipe.handed()? {
            hands.send(handed).map_err(io::Error::other)?;
        }
        Ok(())
    })
}

impl Handed<Task> {
    /// The tasks, for worker `thread` of this process.
    fn begin(self, thread: u32) -> Chunk {
        let left = Duration::from_nanos(self.deadline_ns.saturating_sub(now_ns()));
        (Lane::new(self.first_worker + thread, self.run, Stop::after(left)), self.tasks)
    }
}

/// The pipe to the parent. Its one worker does what it has read on the thread that read it.
struct Pipe {
    orders: BufReader<StdinLock<'static>>,
    /// The workers that take jobs from a queue, once the parent asked for that.
    crew: Option<JobWorkers>,
}

impl Pipe {
    fn open() -> io::Result<Self> {
        let orders = BufReader::new(io::stdin().lock());
        answer(&WorkerReply::Ready(GREETING.into()))?;
        Ok(Self { orders, crew: None })
    }

    /// The next hand. Whatever else the parent wants is seen to meanwhile.
    fn handed(&mut self) -> io::Result<Option<Handed<Task>>> {
        while let Some(order) = frame::read(&mut self.orders)? {
            let answer = match order {
                WorkerOrder::Hand(handed) => return Ok(Some(handed)),
                WorkerOrder::Cpu => WorkerReply::Cpu(CpuTime::of_this_process()),
                WorkerOrder::Join(membership) => WorkerReply::Joined(self.join(&membership)),
            };
            self::answer(&answer)?;
        }
        Ok(None)
    }

    fn join(&mut self, membership: &Membership) -> Result<(), String> {
        // Without workers the process is of no use, and its end is what the parent watches for.
        let end = |event| {
            if let WorkerEvent::Ended(why) = event {
                let _ = answer(&WorkerReply::Ended(why.to_string()));
                process::exit(1)
            }
        };
        self.crew = Some(JobWorkers::join(membership, end).map_err(|error| error.to_string())?);
        Ok(())
    }
}

/// Standard output is locked for each frame, so that those of two threads don't mix.
fn answer(answer: &WorkerReply) -> io::Result<()> {
    frame::write(io::stdout(), answer)
}

impl Source for Pipe {
    type Error = io::Error;

    fn next(&mut self) -> io::Result<Option<Chunk>> {
        Ok(self.handed()?.map(|handed| handed.begin(0)))
    }

    fn done(&mut self, done: Done) -> io::Result<()> {
        answer(&WorkerReply::Done(done))
    }
}

/// What the thread that reads the pipe hands over to one of several workers.
struct HandedOver {
    thread: u32,
    to_do: Receiver<Handed<Task>>,
}

impl Source for HandedOver {
    type Error = io::Error;

    fn next(&mut self) -> io::Result<Option<Chunk>> {
        Ok(self.to_do.recv().ok().map(|handed| handed.begin(self.thread)))
    }

    fn done(&mut self, done: Done) -> io::Result<()> {
        answer(&WorkerReply::Done(done))
    }
}
