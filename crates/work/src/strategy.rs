//! How tasks are spread over workers: one file for each strategy, one line each in [`ALL`].
//!
//! Starting a strategy gives a pool; the pool runs workloads and is then closed. The three steps are timed separately,
//! because "processes are slow" and "processes are slow to start" are different findings. A strategy doesn't know what
//! its tasks do.

pub mod r#async;
pub mod async_offload;
pub mod gil_threads;
pub mod hybrid;
pub mod processes;
pub mod python;
pub mod queue;
pub mod sequential;
pub mod thread_per_task;
pub mod threads;
pub mod work_stealing;

use crate::presentation::Presentation;
use crate::{
    queue::address::{Address, DEFAULT_NAME},
    task::Task,
    worker::{
        gil::SWITCH_INTERVAL,
        lane::Done,
        layout::WorkerLayout,
        python::{interpreter::PythonSetting, lane_process::IdleLane},
        task_queue::Schedule,
    },
};
use measure::cpu::CpuTime;
use serde::{Deserialize, Serialize};
use std::{
    fmt::{self, Debug},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::Duration,
};

pub use crate::worker::{
    error::{CloseError, LostWorker, StartError},
    work::{Account, OwnClock, OwnRun, Work},
};

/// Every strategy, in the order in which tables and charts show them. A test compares it with the folder. The Python
/// strategies share a file here, and have one each in `fixtures/python/makespan_lane/strategy`.
pub const ALL: &[&dyn Strategy] = &[
    &sequential::Sequential,
    &thread_per_task::ThreadPerTask,
    &threads::Threads,
    &gil_threads::GilThreads,
    &work_stealing::WorkStealing,
    &processes::Processes,
    &hybrid::Hybrid,
    &r#async::Async,
    &async_offload::AsyncOffload,
    &queue::Queue,
    &python::SEQUENTIAL,
    &python::THREAD_PER_TASK,
    &python::THREADS,
    &python::THREAD_POOL,
    &python::PROCESSES,
    &python::PROCESS_POOL,
    &python::HYBRID,
    &python::ASYNCIO,
    &python::INTERPRETERS,
];

/// A way of spreading tasks over workers.
pub trait Strategy: Debug + Sync {
    /// The name used in flags, files and pages.
    fn name(&self) -> &'static str;

    /// A summary in one sentence.
    fn summary(&self) -> &'static str;

    /// The largest number of workers. A limit of the strategy, not of the machine.
    fn max_workers(&self) -> u32;

    /// How it is presented to people.
    fn presentation(&self) -> Presentation {
        Presentation::OTHER
    }

    /// Why it can't run these tasks with this schedule; `None` if it can.
    fn refuses(&self, schedule: Schedule, tasks: &[Task]) -> Option<String> {
        let _ = (schedule, tasks);
        None
    }

    /// Why it can't run these tasks with what this machine has; `None` if it can.
    fn lacks(&self, env: &Env, tasks: &[Task]) -> Option<String> {
        let _ = (env, tasks);
        None
    }

    /// The layout used if `asked` is requested for `tasks` tasks: a strategy of fixed size has its own. `None` if it
    /// needs another kind of layout: most take a number, some take processes with threads in each.
    fn layout(&self, asked: WorkerLayout, tasks: u32) -> Option<WorkerLayout> {
        let _ = tasks;
        asked.processes().is_none().then_some(asked)
    }

    /// Starts workers in this layout, ready to run tasks.
    fn start(&self, shape: WorkerLayout, env: &Env) -> Result<Box<dyn Pool>, StartError>;
}

/// A strategy with its workers started.
pub trait Pool {
    /// Runs every task of the work and returns the finished tasks in any order. At the deadline it returns those that
    /// are done. It neither panics nor hangs, whatever happens to a worker.
    fn run(&mut self, work: &Work) -> Vec<Done>;

    /// Further facts about the last run.
    fn account(&mut self) -> Account {
        Account::default()
    }

    /// The worker processes lost since the pool was started.
    fn lost(&mut self) -> Vec<LostWorker> {
        Vec::new()
    }

    /// Whether every worker is alive and takes tasks.
    fn is_whole(&mut self) -> bool {
        true
    }

    /// CPU time used so far by workers in other processes; zero if all live in this one. A worker that doesn't report
    /// it in time is killed, and [lost](Self::lost).
    fn worker_cpu(&mut self) -> CpuTime {
        CpuTime::default()
    }

    /// The clock of a pool that runs as a separate program; `None` if it is timed from here.
    fn own_clock(&mut self) -> Option<&mut dyn OwnClock> {
        None
    }

    /// Ends the workers and waits for them: threads are joined, processes reaped.
    fn close(self: Box<Self>) -> Result<(), CloseError>;
}

/// What a strategy may need from the program it runs in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Env {
    /// The `makespan` binary, which worker processes are started from.
    #[serde(with = "support::path_bytes")]
    pub program: PathBuf,
    /// Where fixtures are made, for workers that get only their names.
    #[serde(with = "support::path_bytes")]
    pub data: PathBuf,
    /// How long a thread of `gil_threads` waits for the interpreter lock before it requests it.
    pub switch_interval: Duration,
    /// The queue that `queue` uses.
    pub queue: QueueSettings,
    /// The programs of the interpreters for `python/...`; empty for the usual one.
    #[serde(skip)]
    pub pythons: Vec<PathBuf>,
    /// The interpreter that a pool is started with; `None` for the first of them.
    pub python: Option<PythonSetting>,
    /// Where a pool finds its predecessor's interpreter and leaves its own; `None` if each pool gets a new one.
    #[serde(skip)]
    pub idle_python: Option<IdleLane>,
    /// Where a pool of `queue` makes its directory. The code that sets it removes it, however the pool ends.
    pub scratch: PathBuf,
    /// Set by Ctrl-C: a pool that is still starting then stops waiting.
    #[serde(skip)]
    pub interrupted: Arc<AtomicBool>,
}

/// Which queue, and who starts its workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueSettings {
    /// Its address; `None` for a SQLite file that each pool creates itself.
    pub address: Option<Address>,
    /// Its name.
    pub name: String,
    /// True if the pool starts the workers itself.
    pub own_workers: bool,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self { address: None, name: DEFAULT_NAME.into(), own_workers: true }
    }
}

/// The queue's address as shown and recorded: `sqlite` for a pool's own file.
impl fmt::Display for QueueSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Some(address) => write!(f, "{address}"),
            None => f.write_str("sqlite"),
        }
    }
}

impl Env {
    /// The defaults: CPython's switch interval, the pool's own queue in the system's temporary directory, and no
    /// interruption.
    pub fn new(program: impl Into<PathBuf>, data: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            data: data.into(),
            switch_interval: SWITCH_INTERVAL,
            queue: QueueSettings::default(),
            pythons: Vec::new(),
            python: None,
            idle_python: None,
            scratch: std::env::temp_dir(),
            interrupted: Arc::default(),
        }
    }
}

/// The strategy of this name, or an error that suggests the nearest name.
pub fn named(name: &str) -> Result<&'static dyn Strategy, String> {
    let found = all().into_iter().find(|strategy| strategy.name() == name);
    found.ok_or_else(|| support::suggestion::unknown("strategy", name, &names()))
}

/// How the strategy of this name is presented. A record of a newer version may name one that is unknown here.
pub fn presentation(name: &str) -> Presentation {
    named(name).map_or(Presentation::OTHER, Strategy::presentation)
}

/// The names of all strategies, including the guest's.
pub fn names() -> Vec<&'static str> {
    all().into_iter().map(Strategy::name).collect()
}

fn all() -> Vec<&'static dyn Strategy> {
    ALL.iter().copied().chain(*guest()).collect()
}

/// A strategy from outside this crate, while it is measured beside those in [`ALL`].
static GUEST: Mutex<Option<&'static dyn Strategy>> = Mutex::new(None);

fn guest() -> MutexGuard<'static, Option<&'static dyn Strategy>> {
    // The value is never half-written.
    GUEST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While this lives, the guest's name is known.
#[derive(Debug)]
#[must_use = "the guest leaves when this is dropped"]
pub struct Admission(());

/// Registers a strategy from outside this crate under its name, so that the runner measures it like those in [`ALL`].
/// One at a time: a second guest is refused, and so is a name that is taken.
///
/// Child processes don't know it, so its cells are not run in a fresh process before the first round.
pub fn admit(strategy: &'static dyn Strategy) -> Result<Admission, String> {
    let (name, mut guest) = (strategy.name(), guest());
    if ALL.iter().any(|one| one.name() == name) {
        return Err(format!("there is a strategy `{name}` already: give yours another name"));
    }
    if let Some(other) = *guest {
        return Err(format!("`{}` is being measured: one guest at a time", other.name()));
    }
    *guest = Some(strategy);
    Ok(Admission(()))
}

/// Whether this is the name of the guest.
pub fn is_guest(name: &str) -> bool {
    guest().is_some_and(|guest| guest.name() == name)
}

impl Drop for Admission {
    fn drop(&mut self) {
        *guest() = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Guest(&'static str);

    impl Strategy for Guest {
        fn name(&self) -> &'static str {
            self.0
        }

        fn summary(&self) -> &'static str {
            "never started"
        }

        fn max_workers(&self) -> u32 {
            1
        }

        fn start(&self, _: WorkerLayout, _: &Env) -> Result<Box<dyn Pool>, StartError> {
            Err(StartError::Process { number: 1, reason: "never started".into() })
        }
    }

    #[test]
    fn a_guest_has_its_name_for_as_long_as_it_is_admitted() {
        assert!(named("somebody").is_err_and(|words| words.contains("threads")));
        let taken = admit(&Guest("threads")).expect_err("the house has that name");
        assert!(taken.contains("`threads`"), "{taken}");
        let admission = admit(&Guest("somebody")).expect("nobody else is there");
        assert_eq!(named("somebody").map(Strategy::name), Ok("somebody"));
        assert!(named("somebodi").is_err_and(|words| words.contains("did you mean `somebody`?")));
        assert!(is_guest("somebody") && !is_guest("threads"));
        assert!(admit(&Guest("somebody_else")).is_err_and(|words| words.contains("`somebody`")));
        drop(admission);
        assert!(named("somebody").is_err() && !is_guest("somebody"));
    }
}
