//! One cell, measured once: start, run, stop, check. Criterion's sweeps and our own rounds share it.

use super::{
    Settings,
    check::{self, CheckError},
    next_run,
    stage::{SetupError, Stage},
};
use crate::{
    measure::{
        clock::{between, now_ns},
        cpu::CpuTime,
    },
    mock_server::process::ServerError,
    results::record::{CellRecord, Check, Phase, Timer},
    scenario::{CellSpec, Scenario},
    strategy::{self, CloseError, Env, Pool, StartError, Strategy, Work},
    task::{Task, TaskError},
    worker::{
        deck::Deal,
        lane::{Done, Lane, Span},
        stop::Stop,
    },
};
use std::{
    rc::Rc,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

/// A cell, set up and ready to be measured any number of times.
#[derive(Debug)]
pub struct Cell {
    /// Its name.
    pub spec: CellSpec,
    /// What its time encloses.
    pub timed: Vec<Phase>,
    pub(super) stage: Rc<Stage>,
    pub(super) env: Env,
    pub(super) deadline: Duration,
    strategy: &'static dyn Strategy,
    interrupted: Arc<AtomicBool>,
    refused: Option<String>,
}

/// One measurement of one cell. All answers were right.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Seconds to start the pool.
    pub start_s: f64,
    /// When the run began.
    pub start_ns: u64,
    /// When it ended.
    pub end_ns: u64,
    /// Seconds to close the pool.
    pub stop_s: f64,
    /// CPU time of the run, in all processes.
    pub cpu: CpuTime,
    /// Who did what, and when.
    pub spans: Vec<Span>,
    /// The tasks that ended in an error, as they were expected to, ascending.
    pub failed: Vec<u32>,
}

/// Why a cell has no time.
#[derive(Debug, thiserror::Error)]
pub enum CellError {
    /// The pool did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A step of the prologue failed.
    #[error("the prologue failed: {0}")]
    Prologue(TaskError),
    /// An answer was wrong.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// The server's log could not be read.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The pool did not close.
    #[error(transparent)]
    Close(#[from] CloseError),
    /// The process that was to verify the cell failed.
    #[error("the verifying process failed: {0}")]
    Probe(String),
}

impl Cell {
    pub(super) fn new(
        scenario: &Scenario,
        spec: CellSpec,
        stage: Rc<Stage>,
        settings: &Settings,
    ) -> Result<Self, SetupError> {
        let strategy = strategy::named(&spec.strategy).map_err(SetupError::Unknown)?;
        Ok(Self {
            timed: scenario.timed(&spec),
            refused: strategy.refuses(spec.deal, &stage.tasks),
            env: settings.env.clone(),
            deadline: scenario.deadline,
            interrupted: Arc::clone(&settings.interrupted),
            strategy,
            spec,
            stage,
        })
    }

    /// Why this cell makes no sense and is skipped; `None` where it does.
    pub fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Starts a pool, runs the workload, closes the pool, and checks every answer.
    pub fn once(&self) -> Result<Sample, CellError> {
        let before_start = now_ns();
        let mut pool = self.strategy.start(self.spec.workers, &self.env)?;
        let start_s = between(before_start, now_ns()).as_secs_f64();
        if self.spec.timer == Timer::Warm {
            self.warm_up(&mut *pool);
        }
        let work = self.work(&self.stage.tasks, self.spec.deal);
        let cpu_before = CpuTime::of_this_process() + pool.worker_cpu();
        let ran = self.run(&mut *pool, &work);
        let cpu = CpuTime::of_this_process() + pool.worker_cpu() - cpu_before;
        let before_stop = now_ns();
        let closed = pool.close();
        let stop_s = between(before_stop, now_ns()).as_secs_f64();
        let (start_ns, end_ns, prologue, done) = ran?;
        closed?;
        let done = work.settle(done);
        check::answers(&self.stage.expected, &done)?;
        if let Some(server) = &self.stage.server {
            check::log(&server.take_log(work.run)?, &done)?;
        }
        let failed = done.iter().filter(|one| one.result.is_err()).map(|one| one.index).collect();
        let mut spans: Vec<Span> = prologue.into_iter().chain(done.into_iter().flat_map(|one| one.spans)).collect();
        spans.sort_unstable_by_key(|span| span.start_ns);
        Ok(Sample { start_s, start_ns, end_ns, stop_s, cpu, spans, failed })
    }

    /// The run phase: the prologue on this thread, then the tasks on the pool.
    fn run(&self, pool: &mut dyn Pool, work: &Work) -> Result<(u64, u64, Vec<Span>, Vec<Done>), CellError> {
        let _watchdog = work.stop.watchdog();
        let start_ns = now_ns();
        let mut spans = Vec::new();
        let mut lane = Lane::new(0, work.run, work.stop.clone());
        for step in &self.stage.prologue {
            let (result, waited) = lane.run_prologue(step);
            result.map_err(CellError::Prologue)?;
            spans.extend(waited);
        }
        let done = pool.run(work);
        Ok((start_ns, now_ns(), spans, done))
    }

    /// An untimed prefix: one task for each worker, dealt so that each gets one, for its caches, its code pages and its
    /// connection to the server.
    fn warm_up(&self, pool: &mut dyn Pool) {
        let few = self.stage.tasks.len().min(self.spec.workers.get() as usize);
        let prefix: Arc<[Task]> = self.stage.tasks[..few].into();
        let deal = if self.strategy.refuses(Deal::Blocks, &prefix).is_none() { Deal::Blocks } else { self.spec.deal };
        let work = self.work(&prefix, deal);
        let _watchdog = work.stop.watchdog();
        // Whatever fails here fails again in the run, where it is reported.
        let _ = pool.run(&work);
    }

    fn work(&self, tasks: &Arc<[Task]>, deal: Deal) -> Work {
        let stop = Stop::new(self.deadline, &self.interrupted);
        Work { run: next_run(), tasks: Arc::clone(tasks), deal, stop }
    }

    /// The cell's record before anything is measured.
    pub fn unmeasured(&self) -> CellRecord {
        CellRecord {
            variant: self.spec.variant.clone(),
            tasks: self.stage.tasks.len() as u32,
            strategy: self.spec.strategy.clone(),
            workers: self.spec.workers.get(),
            processes: None,
            deal: self.spec.deal,
            timer: self.spec.timer,
            timed: self.timed.clone(),
            check: if self.refused.is_some() { Check::Skipped } else { Check::Passed },
            error: self.refused.clone(),
            task_errors: 0,
            start_s: Vec::new(),
            run_s: Vec::new(),
            stop_s: Vec::new(),
            speedup: None,
            cpu_user_s: None,
            cpu_system_s: None,
            peak_memory_bytes: None,
            timeline: None,
        }
    }
}

impl Sample {
    /// Seconds from the first task's start to the last one's end.
    pub fn run_s(&self) -> f64 {
        between(self.start_ns, self.end_ns).as_secs_f64()
    }

    /// Seconds that a timer with these phases shows.
    pub fn timed_s(&self, timed: &[Phase]) -> f64 {
        let phase = |phase: &Phase| match phase {
            Phase::Start => self.start_s,
            Phase::Run => self.run_s(),
            Phase::Stop => self.stop_s,
        };
        timed.iter().map(phase).sum()
    }
}
