//! A worker process: it runs its parent's tasks, or takes jobs from a queue for it.
//!
//! Its one worker reads the pipe itself; several workers get their tasks from the thread that reads the pipe.
//!
//! The parent starts it from the same binary and never forks it: a fork would inherit locked locks and half a runtime.
//! It has only its two pipes, so everything a task needs travels in the task.

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

/// A worker process's first message, so that it is not misread by a parent of another build.
pub const GREETING: &str = concat!("makespan worker ", env!("CARGO_PKG_VERSION"));

/// A request of the parent. Generic over the task, to be written from a reference and read as a value.
#[derive(Debug, Serialize, Deserialize)]
pub enum WorkerOrder<T> {
    /// Run these, and answer each with [`WorkerReply::Done`].
    Hand(Handed<T>),
    /// Report the CPU time used so far, with [`WorkerReply::Cpu`].
    Cpu,
    /// Take jobs from a queue, for as long as the pipe is open. Answered with [`WorkerReply::Joined`].
    Join(Box<Membership>),
}

/// A chunk: tasks that one worker does sequentially.
#[derive(Debug, Serialize, Deserialize)]
pub struct Handed<T> {
    /// The number of the run.
    pub run: u64,
    /// The number of the process's first worker, for spans.
    pub first_worker: u32,
    /// The run's deadline, `CLOCK_MONOTONIC`.
    pub deadline_ns: u64,
    /// The tasks with their indexes.
    pub tasks: Vec<(u32, T)>,
}

/// A worker process's reply.
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
    /// The process ends, for this reason.
    Ended(String),
}

/// Serves the parent on standard input and output, with this many threads, until it closes the pipe or dies.
///
/// Nothing else may write to standard output: it is the pipe.
pub fn serve_parent(threads: NonZeroU32) -> io::Result<()> {
    let served = lifeline::exit_when_stdin_closes().and_then(|()| serve(threads));
    if let Err(error) = &served {
        // If the parent is unreachable, there is nobody to tell.
        let _ = answer(&WorkerReply::Ended(error.to_string()));
    }
    served
}

fn serve(threads: NonZeroU32) -> io::Result<()> {
    if threads == NonZeroU32::MIN {
        return work_off(&mut Pipe::open()?);
    }
    let (chunks, to_do) = unbounded();
    thread::scope(|scope| {
        // Dropped when this returns, which ends the threads.
        let chunks = chunks;
        for thread in 0..threads.get() {
            let mut source = HandedOver { thread, to_do: to_do.clone() };
            let refused =
                |error| io::Error::other(format!("could not start thread {} of {threads}: {error}", thread + 1));
            // A thread that can't answer has lost its parent, and the lifeline ends the process.
            Builder::new().spawn_scoped(scope, move || work_off(&mut source)).map_err(refused)?;
        }
        let mut pipe = Pipe::open()?;
        while let Some(handed) = pipe.handed()? {
            chunks.send(handed).map_err(io::Error::other)?;
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

/// The pipe to the parent. Its one worker runs tasks on the thread that reads them.
struct Pipe {
    orders: BufReader<StdinLock<'static>>,
    /// The workers that take jobs from a queue, once the parent asks for them.
    crew: Option<JobWorkers>,
}

impl Pipe {
    fn open() -> io::Result<Self> {
        let orders = BufReader::new(io::stdin().lock());
        answer(&WorkerReply::Ready(GREETING.into()))?;
        Ok(Self { orders, crew: None })
    }

    /// The next chunk. Other requests of the parent are answered meanwhile.
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
        // Without workers the process is useless, and the parent watches for its end.
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

/// Standard output is locked for each frame, so that frames of two threads don't mix.
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

/// One of several workers, fed by the thread that reads the pipe.
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
