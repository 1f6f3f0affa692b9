//! Real Python: the strategies of `fixtures/python`, each in an interpreter of its own.
//!
//! **Wins** nothing against the same strategy in Rust: a task that computes takes about fifty times as long. What matters
//! is how these compare with each other and with `python/sequential`: whether threads help in Python is a question about
//! Python.
//!
//! **Loses** what an interpreter costs: its lock lets one thread compute at a time (unless it is free-threaded), a process
//! takes tens of milliseconds to start with `spawn`, and everything that crosses a process boundary is pickled.
//!
//! **Try**: `makespan run prime_sum --strategy python/threads,python/processes --workers 1,2`, then the same with
//! `--python python3.14 --python python3.14t`, and `--timer cold --start-method fork,spawn`.
//!
//! Each cell has its own interpreter; a cell whose start is timed gets a new one for every pool. Launching the interpreter
//! is never timed: a Python program is already running when it starts workers, as ours is. The phases `start`, `run` and
//! `stop` are what a Python program pays for its pool. All three are timed in Python, so that none of them includes the
//! transfer of tasks and results between Rust and Python. The lane also measures the processor time.

use super::{
    CloseError, Env, OwnClock, OwnRun, Pool, StartError, Strategy, Work, r#async::Async, hybrid::Hybrid,
    processes::Processes, sequential::Sequential, thread_per_task::ThreadPerTask, threads::Threads,
};
use crate::{
    presentation::{Marker, Phrase, Presentation},
    task::{Task, TaskError},
    worker::{
        error::LostWorker,
        gil::SWITCH_INTERVAL,
        lane::Done,
        layout::WorkerLayout,
        process::ending,
        python::{
            interpreter::{PythonSetting, found},
            lane_process::{IdleLane, LaneProcess, Unanswered},
            package,
            wire::{Order, Reply, of_task},
        },
        stop::Stopped,
        task_queue::Schedule,
        work::Headcount,
    },
};
use measure::{
    clock::{between, now_ns},
    cpu::CpuTime,
    memory::Footprint,
};
use std::{ffi::OsStr, path::Path, sync::Arc};
use support::{pipe::ANSWER_LIMIT, terminal::printable_path};

/// What the names of all Python strategies begin with.
pub const PREFIX: &str = "python/";

/// A strategy of Python.
#[derive(Debug)]
pub struct Python {
    name: &'static str,
    /// The file that it is in, if it is not one of the package.
    file: Option<&'static str>,
    summary: &'static str,
    /// The strategy in Rust with the same kind of workers.
    like: &'static dyn Strategy,
    /// Whether its workers are processes that can be started in several ways.
    has_start_method: bool,
    label: &'static str,
    phrase: Phrase,
    tones: [&'static str; 3],
    marker: Marker,
    dash: &'static str,
}

/// A loop on one thread.
pub static SEQUENTIAL: Python = Python {
    name: "python/sequential",
    file: None,
    summary: "Python: one task after the other",
    like: &Sequential,
    has_start_method: false,
    label: "Python sequential",
    phrase: Phrase::Fixed("sequential Python"),
    tones: ["#6b7280", "#5b6270", "#9aa3b2"],
    marker: Marker::Bar,
    dash: "2 9",
};

/// A `threading.Thread` for each task.
pub static THREAD_PER_TASK: Python = Python {
    name: "python/thread_per_task",
    summary: "Python: a threading.Thread for each task",
    like: &ThreadPerTask,
    label: "Python thread per task",
    phrase: Phrase::Fixed("a Python thread for each task"),
    tones: ["#3a94c8", "#1d6f9f", "#7cc8f2"],
    marker: Marker::Hexagon,
    dash: "1 9",
    ..SEQUENTIAL
};

/// N threads that take tasks from a `queue.Queue`.
pub static THREADS: Python = Python {
    name: "python/threads",
    summary: "Python: N threads on a queue.Queue",
    like: &Threads,
    label: "Python threads",
    phrase: Phrase::Counted("Python thread", "Python threads"),
    tones: ["#0072b2", "#0072b2", "#4aa3df"],
    marker: Marker::Circle,
    dash: "1 3 6 3",
    ..SEQUENTIAL
};

/// A `ThreadPoolExecutor`.
pub static THREAD_POOL: Python = Python {
    name: "python/thread_pool",
    summary: "Python: N threads of a ThreadPoolExecutor",
    label: "Python thread pool",
    phrase: Phrase::Counted("thread of a Python thread pool", "threads of a Python thread pool"),
    marker: Marker::Diamond,
    ..THREADS
};

/// A `multiprocessing.Pool`.
pub static PROCESSES: Python = Python {
    name: "python/processes",
    summary: "Python: N processes of a multiprocessing.Pool",
    like: &Processes,
    has_start_method: true,
    label: "Python processes",
    phrase: Phrase::Counted("Python process", "Python processes"),
    tones: ["#d55e00", "#b34e00", "#f0803c"],
    marker: Marker::Square,
    ..THREADS
};

/// A `ProcessPoolExecutor`.
pub static PROCESS_POOL: Python = Python {
    name: "python/process_pool",
    summary: "Python: N processes of a ProcessPoolExecutor",
    label: "Python process pool",
    phrase: Phrase::Counted("process of a Python process pool", "processes of a Python process pool"),
    marker: Marker::Hexagon,
    ..PROCESSES
};

/// Processes with threads in each.
pub static HYBRID: Python = Python {
    name: "python/hybrid",
    summary: "Python: P processes with T threads each: --workers PxT",
    like: &Hybrid,
    label: "Python hybrid",
    phrase: Phrase::With("Python's hybrid", "worker", "workers"),
    tones: ["#b87d00", "#8a5d00", "#e69f00"],
    marker: Marker::Cross,
    ..PROCESSES
};

/// One event loop with N tasks in flight.
pub static ASYNCIO: Python = Python {
    name: "python/asyncio",
    summary: "Python: one asyncio event loop with N tasks in flight",
    like: &Async,
    label: "Python asyncio",
    phrase: Phrase::With("asyncio", "in flight", "in flight"),
    tones: ["#009e73", "#00795a", "#1fbf92"],
    marker: Marker::Up,
    ..THREADS
};

/// N interpreters in one process.
pub static INTERPRETERS: Python = Python {
    name: "python/interpreters",
    summary: "Python 3.14: N interpreters of an InterpreterPoolExecutor",
    label: "Python interpreters",
    phrase: Phrase::Counted("Python interpreter", "Python interpreters"),
    tones: ["#b8568c", "#a3457a", "#d98cb8"],
    marker: Marker::Down,
    ..THREADS
};

/// The strategies of the package.
const ALL: [&Python; 9] = [
    &SEQUENTIAL,
    &THREAD_PER_TASK,
    &THREADS,
    &THREAD_POOL,
    &PROCESSES,
    &PROCESS_POOL,
    &HYBRID,
    &ASYNCIO,
    &INTERPRETERS,
];

/// Whether this is the name of a Python strategy.
pub fn is_python(strategy: &str) -> bool {
    strategy.starts_with(PREFIX)
}

/// Whether the workers of this strategy are Python processes, which can be started in several ways.
pub fn has_start_method(strategy: &str) -> bool {
    ALL.iter().any(|one| one.name == strategy && one.has_start_method)
}

/// The interpreter for a pool, or why there is none.
fn setting(env: &Env) -> Result<PythonSetting, String> {
    match &env.python {
        Some(setting) => Ok(setting.clone()),
        None => PythonSetting::named("", &found(&env.pythons, &env.data).map_err(|none| none.to_string())?),
    }
}

impl Python {
    /// The strategy in this file, such as a student's, with the kind of workers of a built-in one. It is called
    /// `python/FILE.py`, and stays in memory for the rest of the program. The error says what is wrong with the names.
    pub fn guest(file: &Path, like: &str) -> Result<&'static Self, String> {
        let like =
            ALL.iter().find(|one| one.name == like).ok_or_else(|| format!("`{like}` is not a Python strategy"))?;
        let text = |path: &OsStr| Some(&*path.to_str()?.to_owned().leak());
        let name_of = |file: &Path| text(OsStr::new(&format!("{PREFIX}{}", file.file_name()?.to_str()?)));
        let (Some(path), Some(name)) = (text(file.as_os_str()), name_of(file)) else {
            return Err(format!("{}: a path that is not UTF-8 can't be sent to Python", printable_path(file)));
        };
        Ok(Box::leak(Box::new(Self { name, file: Some(path), ..**like })))
    }

    /// What the lane calls it.
    fn python_name(&self) -> &'static str {
        self.file.unwrap_or_else(|| self.name.strip_prefix(PREFIX).unwrap_or(self.name))
    }
}

impl Strategy for Python {
    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn max_workers(&self) -> u32 {
        self.like.max_workers()
    }

    fn presentation(&self) -> Presentation {
        let Self { label, phrase, tones, marker, dash, .. } = *self;
        Presentation { label, phrase, tones, marker, dash, ..self.like.presentation() }
    }

    fn refuses(&self, schedule: Schedule, tasks: &[Task]) -> Option<String> {
        self.like.refuses(schedule, &[]).or_else(|| tasks.iter().find_map(|task| of_task(task).err()))
    }

    fn lacks(&self, env: &Env, tasks: &[Task]) -> Option<String> {
        let PythonSetting { interpreter, start_method } = match setting(env) {
            Ok(setting) => setting,
            Err(none) => return Some(none),
        };
        let (label, greeting) = (&interpreter.label, &interpreter.greeting);
        let missing = greeting.strategies.get(self.python_name()).map_or("this strategy", String::as_str);
        if self.file.is_none() && !missing.is_empty() {
            return Some(format!("Python {label} lacks {missing}"));
        }
        let method =
            start_method.as_ref().filter(|method| self.has_start_method && !greeting.start_methods.contains(method));
        if let Some(method) = method {
            let known = greeting.start_methods.join(", ");
            return Some(format!("Python {label} has no start method `{method}` here, only {known}"));
        }
        let pictures = tasks.iter().any(|task| matches!(task, Task::Thumbnail(_)));
        let pillow = greeting.packages.get("Pillow").is_some_and(Option::is_some);
        (pictures && !pillow).then(|| {
            let path = printable_path(&interpreter.path);
            format!("Python {label} has no Pillow, which makes its thumbnails: {path} -m pip install Pillow")
        })
    }

    fn layout(&self, asked: WorkerLayout, tasks: u32) -> Option<WorkerLayout> {
        self.like.layout(asked, tasks)
    }

    fn start(&self, shape: WorkerLayout, env: &Env) -> Result<Box<dyn Pool>, StartError> {
        if let Some(missing) = self.lacks(env, &[]) {
            return Err(StartError::Python(missing));
        }
        self.started(shape, env).map(|pool| Box::new(pool) as Box<dyn Pool>).map_err(StartError::Python)
    }
}

impl Python {
    fn started(&self, shape: WorkerLayout, env: &Env) -> Result<PythonPool, String> {
        let PythonSetting { interpreter, start_method } = setting(env)?;
        let package = package::installed(&env.data).map_err(|error| format!("its files can't be written: {error}"))?;
        let of_path = |reason| format!("{}: {reason}", printable_path(&interpreter.path));
        // A student's file may alter its interpreter, so no other pool gets that one.
        let idle = env.idle_python.clone().filter(|_| self.file.is_none());
        let spawn = || {
            let mut lane = LaneProcess::spawn(&interpreter.path, &package, &env.interrupted)?;
            lane.greeting().map(|_| lane)
        };
        // A strategy of fixed size derives its layout from the loaded tasks.
        let placeholders = vec![of_task(&Task::Noop)?; shape.workers().get() as usize];
        let load = Order::Load { tasks: placeholders, prologue: Vec::new() };
        let loaded = |mut lane: LaneProcess| match lane.ask(&load)? {
            Reply::Loaded => Ok(lane),
            other => Err(unexpected(other)),
        };
        // One that was killed a moment ago may still have open pipes: if it doesn't answer, it is replaced.
        let waiting = idle.as_ref().and_then(IdleLane::take).and_then(|lane| loaded(lane).ok());
        let mut lane = match waiting {
            Some(lane) => lane,
            None => loaded(spawn().map_err(of_path)?)?,
        };
        let bytes_before = Footprint::of(lane.id()).map(|footprint| footprint.bytes);
        let start_method = start_method.as_deref().filter(|_| self.has_start_method);
        let order = Order::Start {
            strategy: self.python_name(),
            layout: shape.to_string(),
            start_method,
            switch_interval_s: (env.switch_interval != SWITCH_INTERVAL).then_some(env.switch_interval.as_secs_f64()),
        };
        let start_s = match lane.ask(&order)? {
            Reply::Started { start_ns, end_ns } => between(start_ns, end_ns).as_secs_f64(),
            other => return Err(unexpected(other)),
        };
        Ok(PythonPool {
            lane,
            idle,
            start_s,
            bytes_before,
            loaded: None,
            last_run: None,
            left: None,
            state: LaneState::Started,
        })
    }
}

/// A lane with a pool.
struct PythonPool {
    lane: LaneProcess,
    /// Where the lane waits for the next pool, if it may.
    idle: Option<IdleLane>,
    start_s: f64,
    bytes_before: Option<u64>,
    /// The work whose tasks and prologue the lane has.
    loaded: Option<Work>,
    last_run: Option<OwnRun>,
    left: Option<Headcount>,
    state: LaneState,
}

enum LaneState {
    Started,
    /// The pool was closed; the lane has timed it.
    Stopped,
    /// The lane was told to end in the middle of a run, which was interrupted.
    Dismissed,
    /// A worker or the lane was lost.
    Lost(LostWorker),
}

/// Why a run has no answers.
enum NoAnswers {
    Interrupted,
    Lost(LostWorker),
    /// The lane goes on.
    Refused(String),
}

impl From<String> for NoAnswers {
    fn from(how: String) -> Self {
        Self::Lost(LostWorker { process: LostWorker::PROGRAM, how })
    }
}

impl Pool for PythonPool {
    fn run(&mut self, work: &Work) -> Vec<Done> {
        self.last_run = None;
        if !matches!(self.state, LaneState::Started) {
            return Vec::new();
        }
        let mut done = Vec::new();
        match self.answers(work, &mut done) {
            Ok(()) => {}
            Err(NoAnswers::Interrupted) => self.state = LaneState::Dismissed,
            Err(NoAnswers::Lost(lost)) => {
                let missing = (0..work.tasks.len() as u32).filter(|index| !done.iter().any(|one| one.index == *index));
                let missing: Vec<u32> = missing.collect();
                let error = || Err(TaskError::WorkerDied(lost.how.clone()));
                done.extend(missing.into_iter().map(|index| Done { index, result: error(), spans: Vec::new() }));
                self.state = LaneState::Lost(lost);
            }
            Err(NoAnswers::Refused(why)) => {
                let error = || Err(TaskError::Refused(why.clone()));
                let all = 0..work.tasks.len() as u32;
                done = all.map(|index| Done { index, result: error(), spans: Vec::new() }).collect();
            }
        }
        done
    }

    fn lost(&mut self) -> Vec<LostWorker> {
        self.notice();
        if let LaneState::Lost(lost) = &self.state { vec![lost.clone()] } else { Vec::new() }
    }

    fn is_whole(&mut self) -> bool {
        self.notice();
        matches!(self.state, LaneState::Started | LaneState::Stopped)
    }

    /// Zero: the lane measures it for each run.
    fn worker_cpu(&mut self) -> CpuTime {
        CpuTime::default()
    }

    fn own_clock(&mut self) -> Option<&mut dyn OwnClock> {
        Some(self)
    }

    fn close(mut self: Box<Self>) -> Result<(), CloseError> {
        if let LaneState::Started = self.state
            && self.stop().is_none()
            && let Some(lost) = self.lost().pop()
        {
            return Err(lost.into());
        }
        if let LaneState::Stopped = self.state {
            let is_clean = self.left.is_some_and(|left| left.threads == 0 && left.processes == 0);
            if let Some(idle) = self.idle.take().filter(|_| is_clean) {
                idle.put(self.lane);
                return Ok(());
            }
            let ended = self.lane.end(ANSWER_LIMIT);
            if !ended.is_some_and(|status| status.success()) {
                let how = ended.map_or_else(|| "it did not end when told to, so it was killed".into(), ending);
                return Err(LostWorker { process: LostWorker::PROGRAM, how }.into());
            }
        }
        // A loss has been reported.
        Ok(())
    }
}

impl OwnClock for PythonPool {
    fn start_s(&self) -> f64 {
        self.start_s
    }

    fn last_run(&mut self) -> Option<OwnRun> {
        self.last_run.take()
    }

    fn bytes_before(&self) -> Option<u64> {
        self.bytes_before
    }

    fn left(&self) -> Option<Headcount> {
        self.left
    }

    fn stop(&mut self) -> Option<f64> {
        if !matches!(self.state, LaneState::Started) {
            return None;
        }
        let of_lane = |how| LostWorker { process: LostWorker::PROGRAM, how };
        let stopped = match self.lane.ask(&Order::Stop) {
            Ok(Reply::Stopped { start_ns, end_ns, left }) => {
                self.left = Some(left);
                Ok(between(start_ns, end_ns).as_secs_f64())
            }
            Ok(Reply::Failed { message, lost, .. }) => {
                Err(lost.map_or_else(|| of_lane(format!("its pool did not close: {message}")), LostWorker::from))
            }
            Ok(other) => Err(of_lane(unexpected(other))),
            Err(how) => Err(of_lane(how)),
        };
        match stopped {
            Ok(stop_s) => {
                self.state = LaneState::Stopped;
                Some(stop_s)
            }
            Err(lost) => {
                self.state = LaneState::Lost(lost);
                None
            }
        }
    }
}

impl PythonPool {
    /// Hands over the tasks, unless the lane has them, and runs them. What is done is added to `done`.
    fn answers(&mut self, work: &Work, done: &mut Vec<Done>) -> Result<(), NoAnswers> {
        // The run begins when the lane begins it, and each task is due as long after that as it would be after now.
        let begun_ns = now_ns();
        let due_ns = work.tasks.iter().filter_map(Task::due_ns).map(|due_ns| due_ns.saturating_sub(begun_ns)).collect();
        let is_same = |it: &Work| Arc::ptr_eq(&it.tasks, &work.tasks) && Arc::ptr_eq(&it.prologue, &work.prologue);
        if !self.loaded.as_ref().is_some_and(is_same) {
            let all =
                |tasks: &[Task]| tasks.iter().map(of_task).collect::<Result<Vec<_>, _>>().map_err(NoAnswers::Refused);
            let order = Order::Load { tasks: all(&work.tasks)?, prologue: all(&work.prologue)? };
            match self.lane.ask(&order)? {
                Reply::Loaded => {}
                other => return Err(no_answers(other)),
            }
            self.loaded = Some(work.clone());
        }
        let limit = work.stop.time_left();
        // An interrupted run has no time left, which the lane would mistake for a missed deadline.
        if work.stop.check() == Err(Stopped::Interrupted) {
            self.lane.end(ANSWER_LIMIT);
            return Err(NoAnswers::Interrupted);
        }
        let deadline_ns = now_ns().saturating_add(u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX));
        let (run, warm_up, schedule) = (work.run, work.warm_up, work.schedule.to_string());
        self.lane.tell(&Order::Run { run, deadline_ns, schedule, warm_up, due_ns })?;
        loop {
            let reply = self.lane.reply_to_run(&work.stop, limit).map_err(|unanswered| match unanswered {
                Unanswered::Interrupted => NoAnswers::Interrupted,
                Unanswered::Lost(how) => how.into(),
            })?;
            match reply {
                Reply::Done(one) => done.push(one.into()),
                Reply::Ran(ran) => {
                    let cpu = ran.cpu.map(CpuTime::from).unwrap_or_default();
                    let (start_ns, end_ns, prologue) = (ran.start_ns, ran.end_ns, Ok(ran.prologue));
                    self.last_run = Some(OwnRun { start_ns, end_ns, cpu, prologue, did: ran.did });
                    return match (ran.lost, ran.whole) {
                        (Some(lost), _) => Err(NoAnswers::Lost(lost.into())),
                        (None, false) => Err("a task went on for two seconds after the deadline".to_owned().into()),
                        (None, true) => Ok(()),
                    };
                }
                Reply::PrologueFailed { error } => {
                    let (start_ns, cpu) = (now_ns(), CpuTime::default());
                    self.last_run =
                        Some(OwnRun { start_ns, end_ns: start_ns, cpu, prologue: Err(error.into()), did: None });
                    return Ok(());
                }
                other => return Err(no_answers(other)),
            }
        }
    }

    /// Reads what the lane reports without being asked: the loss of a worker.
    fn notice(&mut self) {
        if matches!(self.state, LaneState::Started) && self.lane.has_news() {
            let lost = match self.lane.reply(ANSWER_LIMIT) {
                Ok(reply) => no_answers(reply),
                Err(how) => how.into(),
            };
            if let NoAnswers::Lost(lost) = lost {
                self.state = LaneState::Lost(lost);
            }
        }
    }
}

/// A reply that doesn't answer the request.
fn no_answers(reply: Reply) -> NoAnswers {
    match reply {
        Reply::Failed { lost: Some(lost), .. } => NoAnswers::Lost(lost.into()),
        Reply::Refused { message } => NoAnswers::Refused(message),
        other => unexpected(other).into(),
    }
}

fn unexpected(reply: Reply) -> String {
    match reply {
        Reply::Refused { message } => message,
        Reply::Failed { step, message, .. } => format!("the step `{step}` failed: {message}"),
        other => format!("it answered {other:?} out of turn"),
    }
}
