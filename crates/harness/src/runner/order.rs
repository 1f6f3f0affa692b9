//! One order: start a pool, run a workload, close the pool. It is plain data, so that the same function can carry it
//! out in this process or in a child.

use super::cell::CellError;
use measure::{
    clock::{between, now_ns},
    core_warmup::wake_cores,
    cpu::CpuTime,
    half::Half,
};
use serde::{Deserialize, Serialize};
use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};
use work::{
    strategy::{self, CloseError, Env, OwnClock, OwnRun, Pool, Strategy, Work},
    task::Task,
    worker::{
        arrival,
        error::LostWorker,
        feed::{Announcement, Feed, Notice},
        lane::{Done, Lane, Span},
        layout::WorkerLayout,
        stop::Stop,
        task_queue::Schedule,
        work::Account,
    },
};

/// What is to be run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RunOrder {
    /// The number of the run.
    pub(super) run: u64,
    /// The number of its cell, for viewers.
    pub(super) cell: u32,
    /// The number of the untimed run before it, if any.
    pub(super) warm_up: Option<u64>,
    pub(super) strategy: String,
    pub(super) shape: WorkerLayout,
    pub(super) schedule: Schedule,
    pub(super) deadline: Duration,
    /// The environment, which a child process can't know otherwise.
    pub(super) env: Env,
    /// Where the tasks fetch from: see [`Work::server`].
    pub(super) server: Option<String>,
    /// Whether this run is inspected from outside and not timed. Then it pauses at its [`Moment`]s, and keeps no spans:
    /// with ten thousand tasks, they take most of the memory.
    pub(super) is_probe: bool,
    /// The cores that its process is confined to; `None` for all. Only a child process is.
    pub(super) cores: Option<Half>,
    pub(super) prologue: Vec<Task>,
    pub(super) tasks: Arc<[Task]>,
    /// When each task becomes due, nanoseconds from the start of the run; empty if all are there from the start.
    pub(super) due_ns: Vec<u64>,
}

/// When the parent may inspect the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Moment {
    /// It has its tasks, and no pool yet.
    Ready,
    /// The pool is warm and complete, and the run begins.
    Started,
    /// The run is over. The pool still exists.
    Ran,
}

/// The outcome.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Outcome {
    /// Seconds to start the pool.
    pub(super) start_s: f64,
    /// When the run began.
    pub(super) start_ns: u64,
    /// When it ended.
    pub(super) end_ns: u64,
    /// Seconds to close the pool.
    pub(super) stop_s: f64,
    /// CPU time of the run, in all processes.
    pub(super) cpu: CpuTime,
    /// The memory of the program that has the pool before it started it, bytes; `None` for pools of this process.
    pub(super) program_bytes: Option<u64>,
    /// The prologue's spans.
    pub(super) prologue: Vec<Span>,
    /// The tasks of the warm-up, in the tasks' order; empty without a warm-up.
    pub(super) warm_up: Vec<Done>,
    /// Every task, in the tasks' order.
    pub(super) done: Vec<Done>,
    /// The worker processes that were lost, from the start of the clock to the end of the pool.
    pub(super) lost: Vec<LostWorker>,
    /// The rest of the pool's account.
    pub(super) account: Account,
}

/// Starts a pool, runs the workload and closes the pool. `pause` is called at each moment, never while a clock runs.
pub(super) fn carry_out(
    order: &RunOrder,
    interrupted: &Arc<AtomicBool>,
    pause: &mut dyn FnMut(Moment) -> Result<(), CellError>,
) -> Result<Outcome, CellError> {
    let strategy = strategy::named(&order.strategy).map_err(CellError::Unknown)?;
    pause(Moment::Ready)?;
    let before_start = now_ns();
    let mut pool = strategy.start(order.shape, &order.env)?;
    let around_s = between(before_start, now_ns()).as_secs_f64();
    let (start_s, program_bytes) =
        pool.own_clock().map_or((around_s, None), |clock| (clock.start_s(), clock.bytes_before()));
    // Earlier activity must not affect the run. A probe isn't timed, and its threads are counted.
    if !order.is_probe {
        wake_cores();
    }
    let warm_up = order.warm_up(strategy, &mut *pool, interrupted)?;
    pause(Moment::Started)?;
    let work = order.work(order.run, &order.tasks, order.schedule, interrupted);
    // Alive from before the first reading of the CPU time until after the last: an ended thread's core waits are lost.
    // probe.rs's thread count relies on this.
    let watchdog = work.stop.watchdog()?;
    let cpu_so_far = || CpuTime::of_this_process() + order.cpu_of_programs();
    let cpu_before = cpu_so_far() + pool.worker_cpu();
    // Each worker has just answered, so any loss is known: the clock starts on a complete pool or not at all.
    if let Some(lost) = pool.lost().into_iter().next() {
        return Err(CellError::NotStarted(lost));
    }
    if !pool.is_whole() {
        return Err(match pool.close() {
            Err(CloseError::Lost(worker)) => CellError::NotStarted(worker),
            _ => CellError::StillWarmingUp,
        });
    }
    let ran = order.run(&mut *pool, &work);
    let cpu = cpu_so_far() + pool.worker_cpu() - cpu_before;
    let account = pool.account();
    pause(Moment::Ran)?;
    drop(watchdog);
    let before_stop = now_ns();
    let own_stop_s = pool.own_clock().and_then(OwnClock::stop);
    let mut lost = pool.lost();
    let closed = pool.close();
    let stop_s = own_stop_s.unwrap_or_else(|| between(before_stop, now_ns()).as_secs_f64());
    match closed {
        Err(CloseError::Lost(worker)) => lost.push(worker),
        other => other?,
    }
    let RunPhase { start_ns, end_ns, prologue, done, own_cpu } = ran?;
    let (cpu, mut done) = (own_cpu.unwrap_or(cpu), work.settle(done));
    if order.is_probe {
        done.iter_mut().for_each(|one| one.spans.clear());
    }
    Ok(Outcome { start_s, start_ns, end_ns, stop_s, cpu, program_bytes, prologue, warm_up, done, lost, account })
}

/// A run, from its start to its end.
struct RunPhase {
    start_ns: u64,
    end_ns: u64,
    prologue: Vec<Span>,
    done: Vec<Done>,
    /// CPU time as the pool's own program measured it.
    own_cpu: Option<CpuTime>,
}

impl RunOrder {
    /// The run phase: the prologue on this thread, then the tasks on the pool. A pool with a clock of its own does both.
    fn run(&self, pool: &mut dyn Pool, work: &Work) -> Result<RunPhase, CellError> {
        let has_clock = pool.own_clock().is_some();
        let start_ns = now_ns();
        self.announce(Notice::Began, start_ns);
        let mut spans = Vec::new();
        let mut lane = Lane::new(0, work.run, work.stop.clone());
        for step in self.prologue.iter().filter(|_| !has_clock) {
            let (result, waited) = lane.run_prologue(step);
            result.map_err(CellError::Prologue)?;
            spans.extend(waited);
        }
        let done = if self.due_ns.is_empty() {
            pool.run(work)
        } else {
            pool.run(&Work { tasks: arrival::from(now_ns(), &work.tasks, &self.due_ns), ..work.clone() })
        };
        let end_ns = now_ns();
        self.announce(Notice::Ended, end_ns);
        // Without a last run, the pool is lost, and has no time.
        Ok(match pool.own_clock().and_then(OwnClock::last_run) {
            Some(OwnRun { start_ns, end_ns, cpu, prologue, .. }) => {
                let prologue = prologue.map_err(CellError::Prologue)?;
                RunPhase { start_ns, end_ns, prologue, done, own_cpu: Some(cpu) }
            }
            None => RunPhase { start_ns, end_ns, prologue: spans, done, own_cpu: None },
        })
    }

    /// What the programs that its tasks start have used so far: they have ended when their tasks have.
    fn cpu_of_programs(&self) -> CpuTime {
        if self.tasks.iter().any(|task| task.program().is_some()) {
            CpuTime::of_ended_children()
        } else {
            CpuTime::default()
        }
    }

    /// Tells viewers. A probe is not shown: it is no measurement.
    fn announce(&self, what: Notice, at_ns: u64) {
        if let Some(feed) = Feed::of_this_process().filter(|_| !self.is_probe) {
            feed.announce(Announcement { run: self.run, at_ns, worker: self.cell, index: None, what });
        }
    }

    /// An untimed prefix: one task for each worker, scheduled so that each gets one, for its caches, its code pages and
    /// its connection to the server.
    fn warm_up(
        &self,
        strategy: &dyn Strategy,
        pool: &mut dyn Pool,
        interrupted: &Arc<AtomicBool>,
    ) -> Result<Vec<Done>, CellError> {
        let Some(run) = self.warm_up else { return Ok(Vec::new()) };
        let few = self.tasks.len().min(self.shape.workers().get() as usize);
        let prefix: Arc<[Task]> = self.tasks[..few].into();
        let schedule =
            if strategy.refuses(Schedule::Blocks, &prefix).is_none() { Schedule::Blocks } else { self.schedule };
        let work = Work { prologue: Arc::default(), warm_up: true, ..self.work(run, &prefix, schedule, interrupted) };
        let _watchdog = work.stop.watchdog()?;
        Ok(work.settle(pool.run(&work)))
    }

    fn work(&self, run: u64, tasks: &Arc<[Task]>, schedule: Schedule, interrupted: &Arc<AtomicBool>) -> Work {
        let stop = Stop::new(self.deadline, interrupted);
        let (server, prologue) = (self.server.clone(), self.prologue.as_slice().into());
        Work { server, prologue, ..Work::new(run, Arc::clone(tasks), schedule, stop) }
    }
}
