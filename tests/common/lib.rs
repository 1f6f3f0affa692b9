//! What several tests need: work to do and a pool to do it, the program itself, and a look at what is left behind.

#![allow(missing_docs, reason = "helpers of tests: a name says enough")]

#[cfg(target_os = "linux")]
pub mod accident;
pub mod gate;
pub mod http;
pub mod left_behind;
pub mod measured;
pub mod program;
pub mod python;
pub mod redis;
pub mod schema;
pub mod server;
pub mod skipped;
pub mod under_way;
pub mod wait;

pub use skipped::skipped;
pub use wait::{PATIENCE, wait_until};

use makespan::{
    strategy::{Env, Strategy, Work},
    task::{
        Output, Task, TaskError,
        fetch::Fetch,
        prime_sum::{Method, PrimeSum},
    },
    worker::{lane::Done, layout::WorkerLayout, stop::Stop, task_queue::Schedule},
};
use std::{
    env, fs,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// The checkout.
pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The directory of this profile's build: `target/debug`. Tests are programs in its `deps`.
pub fn built() -> PathBuf {
    let test = env::current_exe().expect("a test has a file");
    test.ancestors().nth(2).expect("cargo builds it in `deps`").to_owned()
}

/// The program under test, which cargo builds with the tests of this package.
pub fn program_under_test() -> &'static str {
    static PROGRAM: LazyLock<String> = LazyLock::new(|| {
        let program = built().join("makespan-under-test").with_extension(env::consts::EXE_EXTENSION);
        assert!(program.is_file(), "{} is missing: cargo test builds it", program.display());
        program.into_os_string().into_string().expect("a path in UTF-8")
    });
    &PROGRAM
}

/// A folder in the target directory, for files that tests share.
pub fn target_tmp() -> PathBuf {
    let folder = built().parent().expect("the target directory").join("tmp");
    fs::create_dir_all(&folder).expect("a writable target directory");
    folder
}

pub fn env() -> Env {
    Env::new(program_under_test(), target_tmp())
}

pub fn number(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).expect("at least one")
}

/// So many workers; where the strategy wants processes with threads in each, two that have at least so many together.
pub fn layout(strategy: &dyn Strategy, workers: u32) -> WorkerLayout {
    let grid = WorkerLayout::Grid { processes: number(workers.min(2)), threads: number(workers.div_ceil(2)) };
    strategy.layout(number(workers).into(), workers).unwrap_or(grid)
}

/// A run with a number of its own and all the time it needs. Its server is the one that the first fetch goes to.
pub fn work(tasks: &[Task], schedule: Schedule) -> Work {
    static RUNS: AtomicU64 = AtomicU64::new(1);
    let server = tasks.iter().find_map(|task| match task {
        Task::Fetch(fetch) => Some(origin(&fetch.url)),
        _ => None,
    });
    Work { server, ..Work::new(RUNS.fetch_add(1, Relaxed), tasks, schedule, Stop::after(PATIENCE)) }
}

/// `http://HOST:PORT` of a URL.
pub fn origin(url: &str) -> String {
    url.split('/').take(3).collect::<Vec<_>>().join("/")
}

/// Starts a pool, runs the work under its deadline, and closes the pool.
pub fn run(strategy: &dyn Strategy, workers: u32, work: &Work) -> Vec<Done> {
    let mut pool = strategy.start(layout(strategy, workers), &env()).expect("the pool starts");
    let _watchdog = work.stop.watchdog().expect("a thread");
    let done = work.settle(pool.run(work));
    pool.close().expect("the pool closes");
    done
}

/// The result of each task. Each must be there once, in the tasks' order.
pub fn results(done: Vec<Done>) -> Vec<Result<Output, TaskError>> {
    let indexes: Vec<u32> = done.iter().map(|one| one.index).collect();
    assert_eq!(indexes, (0..done.len() as u32).collect::<Vec<_>>(), "outputs come in the tasks' order");
    done.into_iter().map(|one| one.result).collect()
}

pub fn fetch(url: impl Into<String>) -> Fetch {
    Fetch {
        url: url.into(),
        site: None,
        authorization: None,
        keep_alive: true,
        connect_timeout: PATIENCE,
        timeout: PATIENCE,
        redirects: 2,
        blocking: false,
        retries: 0,
        retry_wait: std::time::Duration::ZERO,
        save: None,
        stays: false,
    }
}

pub fn primes(from: u64, below: u64) -> Task {
    Task::PrimeSum(PrimeSum { from, below, by: Method::TrialDivision })
}

/// It never ends.
pub fn endless() -> Task {
    primes(1 << 40, u64::MAX)
}

/// Writes a scenario's file.
pub fn scenario(dir: &Path, name: &str, text: &str) -> PathBuf {
    let path = dir.join(format!("{name}.toml"));
    fs::write(&path, titled(text)).expect("a writable directory");
    path
}

/// What every scenario must have, before what a test's is about.
fn titled(text: &str) -> String {
    format!("title = \"A test\"\nquestion = \"Does it work?\"\n{text}")
}

/// A scenario whose runs take no time to speak of.
pub const FEW_PRIMES: &str = "
[workload.prime_sum]
below = 1000
tasks = 5
[[cells]]
strategies = [\"threads\", \"processes\"]
workers = [2]
[[sweep]]
strategies = [\"threads\"]
workers = [2]
";
