//! The work of a pool, and how its results are put in order.

use super::{
    lane::{Done, Span},
    stop::Stop,
    task_queue::{Schedule, TaskQueue},
};
use crate::{
    queue::outage::Outage,
    task::{Task, TaskError},
};
use measure::cpu::CpuTime;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// What a pool runs.
#[derive(Debug, Clone)]
pub struct Work {
    /// The run's number. Each fetch sends it in a header, so that the server's log can be split by run.
    pub run: u64,
    /// The tasks. Shared, not copied, by the workers of this process.
    pub tasks: Arc<[Task]>,
    /// How they reach the workers.
    pub schedule: Schedule,
    /// When to end early.
    pub stop: Stop,
    /// The mock server the tasks fetch from (`http://HOST:PORT`), for workers that must not fetch from any other.
    pub server: Option<String>,
    /// What comes first, for pools that [run it themselves](crate::strategy::Pool::own_clock).
    pub prologue: Arc<[Task]>,
    /// Whether it is a warm-up: one task for each worker.
    pub warm_up: bool,
}

/// The clock of a pool that is a program of its own. It runs the prologue as well, and its times are the cell's: measured
/// from outside, they would include the round trip to the program.
pub trait OwnClock {
    /// Seconds to start the pool.
    fn start_s(&self) -> f64;

    /// The last run; `None` if the pool didn't survive it.
    fn last_run(&mut self) -> Option<OwnRun>;

    /// The memory of the program before it started the pool, bytes; `None` if the system doesn't report it.
    fn bytes_before(&self) -> Option<u64>;

    /// Ends the workers, and returns how long that took, seconds. The program goes on until the pool is closed. `None` if
    /// the pool is [lost](crate::strategy::Pool::lost).
    fn stop(&mut self) -> Option<f64>;

    /// What the stopped pool has left behind in the program; `None` before, and if it is lost.
    fn left(&self) -> Option<Headcount>;
}

/// A number of processes, and of threads in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Headcount {
    /// Processes.
    pub processes: usize,
    /// Threads of all of them.
    pub threads: usize,
}

/// A run as its own program has measured it.
#[derive(Debug)]
pub struct OwnRun {
    /// When it began, `CLOCK_MONOTONIC`.
    pub start_ns: u64,
    /// When it ended.
    pub end_ns: u64,
    /// CPU time of the run, in all processes of the program.
    pub cpu: CpuTime,
    /// The spans of the prologue, or the error of the step that failed.
    pub prologue: Result<Vec<Span>, TaskError>,
    /// How many processes and threads have done its tasks; reported only by strategies in files of their own.
    pub did: Option<Headcount>,
}

/// Facts about a run besides its results. Only a queue has any.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// How often each of these tasks was redelivered, because its worker sent no more heartbeats.
    pub redelivered: BTreeMap<u32, u32>,
    /// How many workers there were, if not the number requested: they were started separately.
    pub workers: Option<u32>,
    /// The workers on other hosts, whose spans were moved to this host's clock.
    pub elsewhere: Vec<Elsewhere>,
    /// Stretches in which a connection to the queue got no answer, ordered by start.
    pub outages: Vec<Outage>,
    /// The most other runs that used the same queue name at once.
    pub other_runs: u32,
}

/// A worker on another host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Elsewhere {
    /// Its number in spans.
    pub worker: u32,
    /// The host's name.
    pub host: String,
    /// What was added to its times, nanoseconds: how far this host's clock is estimated to be ahead of its own.
    pub clock_offset_ns: i64,
    /// The estimate is off by no more than this, nanoseconds.
    pub clock_uncertainty_ns: u64,
}

impl Work {
    /// These tasks, with no server to fetch from.
    pub fn new(run: u64, tasks: impl Into<Arc<[Task]>>, schedule: Schedule, stop: Stop) -> Self {
        Self { run, tasks: tasks.into(), schedule, stop, server: None, prologue: Arc::default(), warm_up: false }
    }

    /// The tasks as a queue for this many workers.
    pub fn task_queue(&self, workers: u32) -> TaskQueue {
        let keys: Vec<&str> = self.tasks.iter().map(Task::key).collect();
        TaskQueue::of(self.schedule, &keys, workers)
    }

    /// Puts a pool's results into the tasks' order. A task without a result gets an error that says why.
    pub fn settle(&self, done: Vec<Done>) -> Vec<Done> {
        let missing = || match self.stop.check() {
            Err(stopped) => stopped.into(),
            Ok(()) => TaskError::WorkerDied("no worker was left to take it".into()),
        };
        let mut settled: Vec<Option<Done>> = vec![None; self.tasks.len()];
        for one in done {
            let index = one.index as usize;
            settled[index] = Some(one);
        }
        (0_u32..)
            .zip(settled)
            .map(|(index, done)| done.unwrap_or_else(|| Done { index, result: Err(missing()), spans: Vec::new() }))
            .collect()
    }
}
