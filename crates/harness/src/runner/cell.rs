//! One cell, measured once: start, run, stop, check. Criterion's sweeps and our own rounds share it.

use super::{
    Settings,
    background::BackgroundPool,
    check::{self, WrongAnswer},
    child::ChildProcess,
    join::join,
    next_run,
    order::{Outcome, RunOrder, carry_out},
    rounds::most_at_once,
    stage::{SetupError, Stage},
    waits,
};
use crate::{
    results::latency::Latency,
    results::record::{CellRecord, Check, PythonFacts, Round, Timeline},
    scenario::{CellSpec, Phase, Scenario, Timer},
};
use measure::{clock::between, cpu::CpuTime};
use mock_server::{log::LogEntry, process::ServerError};
use std::{collections::BTreeMap, rc::Rc, sync::Arc, time::Duration};
use support::{scratch::Scratch, terminal::printable_path};
use work::{
    queue::outage::Outage,
    strategy::{self, CloseError, Env, StartError, Strategy, python::is_python, queue::Queue},
    task::{Expected, Task, TaskError},
    worker::{
        arrival,
        error::LostWorker,
        lane::{Done, Span},
        layout::WorkerLayout,
        python::{
            interpreter::{PythonSetting, found},
            lane_process::IdleLane,
        },
        work::Account,
    },
};

/// A cell, set up and ready to be measured any number of times.
#[derive(Debug)]
pub struct PreparedCell {
    /// Its name.
    pub spec: CellSpec,
    /// What its time encloses.
    pub timed: Vec<Phase>,
    pub(super) stage: Rc<Stage>,
    pub(super) env: Env,
    checksum: String,
    /// What `--baseline` names.
    baseline: Option<CellSpec>,
    /// The directory that `env` names.
    _queues: Option<Rc<Scratch>>,
    /// Its index among the cells.
    number: u32,
    deadline: Duration,
    refused: Option<String>,
    /// The outcomes that its tasks must have, if they aren't the stage's.
    own_expected: Option<Rc<[Expected]>>,
}

/// One measurement of one cell. All answers were right.
#[derive(Debug, Clone)]
pub struct Sample {
    /// What the record keeps of it.
    pub round: Round,
    /// What each worker did when. A server's log, if any, tells what it waited for.
    pub timeline: Timeline,
    /// What the first failed task says.
    pub error: Option<TaskError>,
}

/// One run of a cell, with unchecked results.
#[derive(Debug, Clone)]
pub struct UncheckedRun {
    /// When the run began.
    pub start_ns: u64,
    /// When it ended.
    pub end_ns: u64,
    /// CPU time of the run, in all processes.
    pub cpu: CpuTime,
    /// Each task with its result, in the tasks' order.
    pub done: Vec<Done>,
}

/// How many thumbnails of a cell are compared with carefully made ones: a picture is decoded whole for each.
const COMPARED_THUMBNAILS: usize = 8;

/// Why a cell has no time.
#[derive(Debug, thiserror::Error)]
pub enum CellError {
    /// The pool did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A thumbnail is not what it should be.
    #[error(transparent)]
    Thumbnail(TaskError),
    /// A step of the prologue failed.
    #[error("the prologue failed: {0}")]
    Prologue(TaskError),
    /// An answer was wrong.
    #[error(transparent)]
    Check(#[from] WrongAnswer),
    /// A file was not finished at the deadline. Its task waits for nothing, so the deadline is too short.
    #[error(
        "{wrong} of {tasks} tasks were not done at the run's deadline of {} s; the first, task {index}: {file}; give the \
         scenario a larger `deadline_s`, or fewer files",
        limit.as_secs_f64()
    )]
    Late {
        /// How many tasks were unfinished.
        wrong: usize,
        /// Of how many.
        tasks: usize,
        /// The first of them.
        index: u32,
        /// The file that it reads.
        file: String,
        /// The time limit of the run.
        limit: Duration,
    },
    /// The server's log could not be read.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// An answer of the warm-up was wrong.
    #[error("the warm-up failed: {0}")]
    WarmUp(WrongAnswer),
    /// The warm-up took so long that its deadline ended workers.
    #[error("the warm-up was not over at its deadline; give the scenario a longer deadline_s")]
    StillWarmingUp,
    /// A worker was lost before the clock started.
    #[error("{0}, before the clock started")]
    NotStarted(LostWorker),
    /// A worker was lost later. The time would be a smaller pool's.
    #[error(transparent)]
    Lost(#[from] LostWorker),
    /// The same, and answers are wrong as well.
    #[error("{lost}; {error}")]
    LostAndWrong {
        /// The worker.
        lost: LostWorker,
        /// What is wrong.
        error: Box<CellError>,
    },
    /// The pool did not close.
    #[error(transparent)]
    Close(#[from] CloseError),
    /// External workers came or went between two rounds, which are then not comparable.
    #[error("{now} workers took part, in earlier rounds {before}: start all of them before the run, and keep them")]
    Workers {
        /// How many took part.
        now: u32,
        /// How many before.
        before: u32,
    },
    /// It failed while its queue gave no answer.
    #[error("{error}; {}", Outage::disturbance(&account.outages).unwrap_or_default())]
    Outage {
        /// What went wrong.
        error: Box<CellError>,
        /// When the run began.
        start_ns: u64,
        /// When it ended.
        end_ns: u64,
        /// The rest of the strategy's account.
        account: Box<Account>,
    },
    /// Every run of a round was disturbed, so none has a time that counts.
    #[error("none of {runs} runs has a time that counts; the last: {reason}")]
    Disturbed {
        /// How many runs there were.
        runs: u32,
        /// What disturbed the last of them.
        reason: String,
    },
    /// There is no strategy of this name.
    #[error("{0}")]
    Unknown(String),
    /// The cell's child process failed.
    #[error("its process failed: {0}")]
    Child(String),
}

impl CellError {
    /// Whether it reports a lost worker.
    pub(super) fn is_of_a_worker(&self) -> bool {
        use CellError::{Lost, LostAndWrong, NotStarted, Start};
        matches!(self, NotStarted(_) | Lost(_) | LostAndWrong { .. } | Start(StartError::Process { .. }))
    }
}

impl PreparedCell {
    pub(super) fn new(
        scenario: &Scenario,
        number: u32,
        spec: CellSpec,
        stage: Rc<Stage>,
        queues: Option<Rc<Scratch>>,
        settings: &Settings,
    ) -> Result<Self, SetupError> {
        let strategy = strategy::named(&spec.strategy).map_err(SetupError::Unknown)?;
        // Only the stage knows the actual number of tasks.
        let shape = strategy.layout(spec.shape, stage.tasks.len() as u32).unwrap_or(spec.shape);
        let env = Env {
            interrupted: Arc::clone(&settings.interrupted),
            scratch: queues.as_ref().map_or_else(|| settings.env.scratch.clone(), |queues| queues.path().into()),
            ..settings.env.clone()
        };
        let (env, no_python) = match is_python(&spec.strategy).then(|| python(&spec, &env)) {
            Some(Ok(setting)) => {
                // What a first pool in an interpreter costs is part of a start that is timed.
                let idle_python = (spec.timer == Timer::Warm).then(IdleLane::default);
                (Env { python: Some(setting), idle_python, ..env }, None)
            }
            Some(Err(none)) => (env, Some(none)),
            None => (env, None),
        };
        let due_ns = stage.due_ns(0);
        let tasks = if due_ns.is_empty() { Arc::clone(&stage.tasks) } else { arrival::from(0, &stage.tasks, &due_ns) };
        Ok(Self {
            number,
            timed: scenario.timed(&spec),
            checksum: scenario.checksum(&spec).unwrap_or_default(),
            baseline: settings.baseline.clone(),
            refused: strategy
                .refuses(spec.schedule, &tasks)
                .or(no_python)
                .or_else(|| strategy.lacks(&env, &tasks))
                .or_else(|| outlasts(scenario, &spec.variant, shape))
                .or_else(|| stage.lacks_cores()),
            env,
            _queues: queues,
            deadline: stage.deadline.unwrap_or_else(|| scenario.patience(&spec.variant)),
            spec: CellSpec { shape, ..spec },
            stage,
            own_expected: None,
        })
    }

    /// Compares its outcomes with these, if any, and not with the stage's. Without them, it is skipped with the reason.
    pub(super) fn compare_with(&mut self, reference: Option<Result<Rc<[Expected]>, String>>) {
        match reference {
            Some(Ok(expected)) => self.own_expected = Some(expected),
            Some(Err(reason)) => self.refused = Some(reason),
            None => {}
        }
    }

    /// Why this cell is not valid and is skipped, if so.
    pub fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Starts a pool, runs the workload, closes the pool, and checks every answer. All cells measured in the same round
    /// meet the same network: the round's number seeds it.
    pub fn once(&self, round: u32) -> Result<Sample, CellError> {
        let order = self.order(round);
        let background = self.stage.background.as_ref();
        let background = background.map(|background| BackgroundPool::start(background, &self.env)).transpose()?;
        let outcome = match (self.stage.address_space_bytes, self.stage.cores) {
            (None, None) => carry_out(&order, &self.env.interrupted, &mut |_| Ok(()))?,
            (limit, _) => {
                ChildProcess::spawn(&self.env.program, limit)?.carry_out(&order, &self.env.interrupted, &mut |_| ())?
            }
        };
        background.as_ref().map_or(Ok(()), BackgroundPool::check)?;
        drop(background);
        let log = match self.check(&order, &outcome) {
            Ok(log) => log,
            Err(error) if outcome.account.outages.is_empty() => return Err(error),
            Err(error) => {
                let Outcome { start_ns, end_ns, account, .. } = outcome;
                return Err(CellError::Outage { error: Box::new(error), start_ns, end_ns, account: Box::new(account) });
            }
        };
        let Outcome { start_s, start_ns, end_ns, stop_s, cpu, prologue, done, lost, account, .. } = outcome;
        let failed: Vec<u32> = done.iter().filter(|one| one.result.is_err()).map(|one| one.index).collect();
        let error = done.iter().find_map(|one| one.result.as_ref().err().cloned());
        let (latency, latency_from_due) = (Latency::from_start(&done), Latency::from_due(&done));
        let mut statuses = BTreeMap::new();
        for status in done.iter().filter_map(|one| one.result.as_ref().ok()?.status) {
            *statuses.entry(status).or_default() += 1;
        }
        let spans: Vec<Span> = prologue.into_iter().chain(done.into_iter().flat_map(|one| one.spans)).collect();
        let run_s = between(start_ns, end_ns).as_secs_f64();
        // A slow disk is simulated by the client, of whose waits the server's log knows nothing.
        let slow_disk = |task: &Task| matches!(task, Task::Fetch(fetch) if fetch.save.is_some());
        let waits_s = if self.stage.tasks.iter().any(slow_disk) { run_s } else { waits::simulated_s(&spans, &log) };
        let mut spans = join(&spans, &log);
        spans.sort_unstable_by_key(|span| span.start_ns);
        let measured = Round {
            start_s,
            run_s,
            waits_s,
            stop_s,
            cpu_user_s: cpu.user_s,
            cpu_system_s: cpu.system_s,
            context_switches: cpu.switches,
            core_wait_s: cpu.core_wait_s(),
            task_errors: failed.len() as u32,
            first_error: error.as_ref().map(TaskError::to_string),
            latency,
            latency_from_due,
            statuses,
            workers: account.workers.unwrap_or(self.spec.shape.workers().get()),
            workers_at_once: most_at_once(&spans),
            lost_workers: lost,
            redeliveries: account.redelivered.values().sum(),
            other_runs: account.other_runs,
        };
        let Account { elsewhere, outages, .. } = account;
        let timeline = Timeline { round, start_ns, end_ns, spans, failed, elsewhere, outages };
        Ok(Sample { round: measured, timeline, error })
    }

    /// Starts a pool, runs the workload and closes the pool, without checking the results: to find out what the tasks are
    /// like. A warm-up costs a task for each worker.
    pub fn trial(&self, round: u32, warm_up: bool) -> Result<UncheckedRun, CellError> {
        let order = self.order(round);
        let order = RunOrder { warm_up: order.warm_up.filter(|_| warm_up), ..order };
        let Outcome { start_ns, end_ns, cpu, done, lost, .. } =
            carry_out(&order, &self.env.interrupted, &mut |_| Ok(()))?;
        lost.into_iter().next().map_or(Ok(UncheckedRun { start_ns, end_ns, cpu, done }), |lost| Err(lost.into()))
    }

    /// The order for a run of the cell, with a new run number.
    pub(super) fn order(&self, round: u32) -> RunOrder {
        RunOrder {
            run: next_run(round),
            cell: self.number,
            warm_up: (self.spec.timer == Timer::Warm && self.stage.warms_up).then(|| next_run(round)),
            strategy: self.spec.strategy.clone(),
            shape: self.spec.shape,
            schedule: self.spec.schedule,
            deadline: self.deadline,
            env: self.env.clone(),
            server: self.stage.server.as_ref().map(|server| server.contact().origin().to_owned()),
            is_probe: false,
            cores: self.stage.cores,
            prologue: self.stage.prologue.clone(),
            tasks: Arc::clone(&self.stage.tasks),
            due_ns: self.stage.due_ns(round),
        }
    }

    /// Checks a run's outcome against the expected one and against the server's log, which it returns. A queue
    /// guarantees its jobs even if workers are lost; elsewhere, a run that lost a worker doesn't count.
    pub(super) fn check(&self, order: &RunOrder, outcome: &Outcome) -> Result<Vec<LogEntry>, CellError> {
        let checked = self.check_answers(order, outcome);
        let Some(lost) = outcome.lost.first().cloned() else { return checked };
        match checked {
            Err(error) => Err(CellError::LostAndWrong { lost, error: Box::new(error) }),
            Ok(_) if !self.uses_queue() => Err(lost.into()),
            right => right,
        }
    }

    fn check_answers(&self, order: &RunOrder, outcome: &Outcome) -> Result<Vec<LogEntry>, CellError> {
        let warm_up = &outcome.warm_up;
        let expected = self.own_expected.as_deref().unwrap_or(&self.stage.expected);
        check::warm_up(&expected[..warm_up.len()], self.stage.may_fail, warm_up).map_err(CellError::WarmUp)?;
        // If tasks may fail, a run without workers would pass.
        let may_fail = self.stage.may_fail && outcome.account.workers != Some(0);
        check::answers(expected, may_fail, &outcome.done).map_err(|error| self.late(error))?;
        let Some(server) = &self.stage.server else { return Ok(Vec::new()) };
        let log = server.contact().take_log(order.run)?;
        let retries = self.stage.tasks.iter().map(Task::retries).max().unwrap_or(0);
        check::log(&log, &outcome.done, &outcome.account.redelivered, retries)?;
        Ok(log)
    }

    /// The same error, with file and limit if it concerns a file and the limit.
    fn late(&self, error: WrongAnswer) -> CellError {
        let WrongAnswer::Failed { wrong, tasks, index, error: TaskError::TimedOut } = error else {
            return error.into();
        };
        match self.stage.tasks.get(index as usize).and_then(Task::file) {
            Some(file) => CellError::Late { wrong, tasks, index, file: printable_path(file), limit: self.deadline },
            None => error.into(),
        }
    }

    fn uses_queue(&self) -> bool {
        self.spec.strategy == Queue.name()
    }

    /// The cell's record before anything is measured.
    pub fn unmeasured(&self) -> CellRecord {
        let unmeasured = CellRecord::unmeasured(self.spec.clone(), self.stage.tasks.len() as u32, self.timed.clone());
        let is_named = |named: &CellSpec| {
            let (variant, timer) = (self.spec.variant.clone(), self.spec.timer);
            self.spec == CellSpec { variant, timer, ..named.clone() }
        };
        let (is_baseline, refused) =
            (self.baseline.as_ref().map_or(unmeasured.is_baseline, is_named), self.refused.clone());
        CellRecord {
            is_baseline,
            checksum: self.checksum.clone(),
            own_workers: !self.uses_queue() || self.env.queue.own_workers,
            check: if refused.is_some() { Check::Skipped } else { Check::NotMeasured },
            reason: refused,
            python: self.env.python.as_ref().map(|setting| PythonFacts::of(setting, &self.spec.strategy)),
            program: self.stage.tasks.iter().find_map(Task::program).map(ToOwned::to_owned),
            queue: self.uses_queue().then(|| self.env.queue.to_string()),
            ..unmeasured
        }
    }

    /// How much the first thumbnails of the last run look like carefully made ones, at least; `None` if none were made.
    pub fn likeness_db(&self) -> Result<Option<f64>, CellError> {
        let mut least: Option<f64> = None;
        for thumbnail in self.stage.tasks.iter().flat_map(Task::thumbnails).take(COMPARED_THUMBNAILS) {
            let likeness_db = thumbnail.likeness_db().map_err(CellError::Thumbnail)?;
            least = likeness_db.map(|db| least.unwrap_or(db).min(db)).or(least);
        }
        Ok(least)
    }
}

/// The interpreter and start method of a cell of Python, or why there is none.
fn python(spec: &CellSpec, env: &Env) -> Result<PythonSetting, String> {
    let interpreters = found(&env.pythons, &env.data).map_err(|none| none.to_string())?;
    PythonSetting::named(spec.python.as_deref().unwrap_or_default(), &interpreters)
}

/// Why so many workers are too few, if so: a run cut off at its deadline has no time. A variant whose client gives up
/// before that is meant to be cut off.
fn outlasts(scenario: &Scenario, variant: &str, shape: WorkerLayout) -> Option<String> {
    if scenario.patience(variant) < scenario.deadline {
        return None;
    }
    let (variant, workers) = (scenario.variant(variant)?, shape.workers().get());
    let (waits_s, deadline_s) = (variant.waits_in_turn_s() / f64::from(workers), scenario.deadline.as_secs_f64());
    (waits_s > deadline_s).then(|| {
        let tasks = variant.tasks();
        let waits = if workers == 1 { "sequential waits".into() } else { format!("waits by {workers} workers") };
        format!("{tasks} {waits} take {waits_s:.0} s and more, and a run is stopped after {deadline_s:.0} s")
    })
}
