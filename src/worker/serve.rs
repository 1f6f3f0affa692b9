//! The one loop of every worker process: read an order, do it, answer.
//!
//! The process is started by its parent from the same binary, never forked: a fork would inherit locked locks and half
//! of a runtime. It has nothing but its two pipes, so whatever a task needs travels in the task.

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
use serde::{Deserialize, Serialize};
use std::{
    io::{self, BufReader, Read, Write},
    time::Duration,
};

/// What a worker process says first, so that a parent of another build is not misunderstood.
pub const GREETING: &str = concat!("makespan worker ", env!("CARGO_PKG_VERSION"));

/// What the parent wants. Generic over the task, so that it can be written from a reference and read as a value.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order<T> {
    /// Run these, and answer each with [`Answer::Done`].
    Hand {
        /// The number of the run.
        run: u64,
        /// Which worker this is, for its spans.
        worker: u32,
        /// When the run must have ended, `CLOCK_MONOTONIC`.
        deadline_ns: u64,
        /// The tasks with their indexes.
        tasks: Vec<(u32, T)>,
    },
    /// Say how much CPU time was used so far, with [`Answer::Cpu`].
    Cpu,
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

/// Serves the parent over standard input and output until it closes the pipe, or dies.
///
/// Nothing else may write to standard output: it is the pipe.
pub fn serve_parent() -> io::Result<()> {
    lifeline::exit_when_stdin_closes();
    serve(BufReader::new(io::stdin().lock()), io::stdout().lock())
}

fn serve(mut orders: impl Read, mut answers: impl Write) -> io::Result<()> {
    frame::write(&mut answers, &Answer::Ready(GREETING.into()))?;
    while let Some(order) = frame::read::<Order<Task>>(&mut orders)? {
        match order {
            Order::Hand { run, worker, deadline_ns, tasks } => {
                let left = Duration::from_nanos(deadline_ns.saturating_sub(now_ns()));
                let mut lane = Lane::new(worker, run, Stop::after(left));
                for (index, task) in tasks {
                    // Answered one by one: if this process is killed, what it had done is not lost with it.
                    frame::write(&mut answers, &Answer::Done(lane.run(index, &task)))?;
                }
            }
            Order::Cpu => frame::write(&mut answers, &Answer::Cpu(CpuTime::of_this_process()))?,
        }
    }
    Ok(())
}
