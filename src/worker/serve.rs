//! The one loop of every worker process: read an order, do it, answer.
//!
//! The process is started by its parent from the same binary, never forked: a fork would inherit locked locks and half
//! of a runtime. It has nothing but its two pipes, so whatever a task needs travels in the task.
//!
//! A process with one worker does what it has read on the thread that read it. With several, the thread that reads
//! hands over to the workers, and each of them answers for itself.

use super::{
    frame,
    lane::{Done, Lane},
    lifeline,
    stop::Stop,
};
use crate::{
    measure::{clock::now_ns, cpu::CpuTime},
    task::Task,
};
use crossbeam::channel::unbounded;
use serde::{Deserialize, Serialize};
use std::{
    io::{self, BufReader, Write},
    num::NonZeroU32,
    thread::{self, Builder},
    time::Duration,
};

/// What a worker process says first, so that a parent of another build is not misunderstood.
pub const GREETING: &str = concat!("makespan worker ", env!("CARGO_PKG_VERSION"));

/// What the parent wants. Generic over the task, so that it can be written from a reference and read as a value.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order<T> {
    /// Run these, and answer each with [`Answer::Done`].
    Hand(Handed<T>),
    /// Say how much CPU time was used so far, with [`Answer::Cpu`].
    Cpu,
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
pub enum Answer {
    /// [`GREETING`]: ready.
    Ready(String),
    /// One task, done.
    Done(Done),
    /// The CPU time used so far.
    Cpu(CpuTime),
}

/// Serves the parent over standard input and output, with so many threads, until it closes the pipe, or dies.
///
/// Nothing else may write to standard output: it is the pipe.
pub fn serve_parent(threads: NonZeroU32) -> io::Result<()> {
    lifeline::exit_when_stdin_closes();
    if threads == NonZeroU32::MIN {
        return serve(io::stdout().lock(), |handed, answers| work_through(0, handed, answers));
    }
    let (hands, to_do) = unbounded();
    thread::scope(|scope| {
        for thread in 0..threads.get() {
            let to_do = to_do.clone();
            // Standard output is locked for each frame, so that those of two threads don't mix. A thread that can't answer
            // has lost its parent, and the lifeline ends them all.
            let work = move || to_do.iter().try_for_each(|handed| work_through(thread, handed, &mut io::stdout()));
            Builder::new().spawn_scoped(scope, work)?;
        }
        // The sending end goes when this returns, and that sends the threads home.
        serve(io::stdout(), move |handed, _| hands.send(handed).map_err(io::Error::other))
    })
}

/// Reads orders and sees to them until the pipe is closed.
fn serve<W: Write>(
    mut answers: W,
    mut to_worker: impl FnMut(Handed<Task>, &mut W) -> io::Result<()>,
) -> io::Result<()> {
    let mut orders = BufReader::new(io::stdin().lock());
    frame::write(&mut answers, &Answer::Ready(GREETING.into()))?;
    while let Some(order) = frame::read(&mut orders)? {
        match order {
            Order::Hand(handed) => to_worker(handed, &mut answers)?,
            Order::Cpu => frame::write(&mut answers, &Answer::Cpu(CpuTime::of_this_process()))?,
        }
    }
    Ok(())
}

/// Does the tasks of one hand, as worker `thread` of this process.
fn work_through(thread: u32, handed: Handed<Task>, answers: &mut impl Write) -> io::Result<()> {
    let left = Duration::from_nanos(handed.deadline_ns.saturating_sub(now_ns()));
    let mut lane = Lane::new(handed.first_worker + thread, handed.run, Stop::after(left));
    for (index, task) in handed.tasks {
        // Answered one by one: if this process is killed, what it had done is not lost with it.
        frame::write(&mut *answers, &Answer::Done(lane.run(index, &task)))?;
    }
    Ok(())
}
