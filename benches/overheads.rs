//! Overheads of workers (starting them, and handing them a task) and of tasks (checks, the simulated interpreter lock,
//! the server).

mod common;
mod lock;

use common::asked::Asked;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use makespan::{
    strategy::{self, Pool, Work},
    task::Task,
    worker::{layout::WorkerLayout, stop::Stop, task_queue::Schedule},
};
use std::{
    num::NonZeroU32,
    process::ExitCode,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// Enough that starting a run is negligible relative to its tasks.
const TASKS: u32 = 10_000;
const THREAD: &str = "start_and_join_a_thread";
const STARTED: [&str; 4] = ["threads", "work_stealing", "processes", "async"];
const STARTED_WORKERS: [u32; 2] = [1, 8];
const LATENCY: &str = "added_to_a_latency_of_15_ms";

fn main() -> ExitCode {
    let asked = Asked::of_this_process();
    if !asked.any(names()) {
        return ExitCode::SUCCESS;
    }
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .nresamples(10_000)
        .configure_from_args();
    criterion.bench_function(THREAD, |bencher| {
        bencher.iter(|| thread::spawn(|| ()).join().is_ok());
    });
    starting(&mut criterion);
    handing_over(&mut criterion);
    lock::bench(&mut criterion, &asked);
    if asked.wants(LATENCY) {
        added_latency(&mut criterion);
    }
    criterion.final_summary();
    ExitCode::SUCCESS
}

/// Every benchmark, as Criterion calls it.
fn names() -> impl Iterator<Item = String> {
    let started =
        STARTED.iter().flat_map(|name| STARTED_WORKERS.map(|workers| format!("start_a_pool/{name}/{workers}")));
    let handed = timed_here().map(|strategy| format!("hand_over_10000_tasks/{}/2", strategy.name()));
    let single = [THREAD, LATENCY].into_iter().chain(lock::NAMES.iter().copied()).map(str::to_owned);
    started.chain(handed).chain(single)
}

/// Those that can be timed from outside: between us and Python there is a pipe.
fn timed_here() -> impl Iterator<Item = &'static dyn strategy::Strategy> {
    strategy::ALL.iter().copied().filter(|strategy| !strategy::python::is_python(strategy.name()))
}

fn start(name: &str, workers: u32) -> Box<dyn Pool> {
    let workers = NonZeroU32::new(workers).expect("counts here start at 1");
    let strategy = strategy::named(name).expect("named as in `ALL`");
    // A strategy that doesn't support a plain number of workers gets one process with this many threads.
    let shape = strategy
        .layout(workers.into(), TASKS)
        .unwrap_or(WorkerLayout::Grid { processes: NonZeroU32::MIN, threads: workers });
    strategy.start(shape, &common::env()).expect("so few workers start everywhere")
}

/// The time until a new pool is ready, without stopping it.
fn starting(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("start_a_pool");
    for name in STARTED {
        for workers in STARTED_WORKERS {
            group.bench_function(BenchmarkId::new(name, workers), |bencher| {
                bencher.iter_custom(|iterations| {
                    let once = || {
                        let before = Instant::now();
                        let pool = start(name, workers);
                        let took = before.elapsed();
                        pool.close().expect("an idle pool closes");
                        took
                    };
                    (0..iterations).map(|_| once()).sum()
                });
            });
        }
    }
    group.finish();
}

/// A run of empty tasks: all its time is the strategy's overhead. Criterion shows time per task as throughput.
fn handing_over(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hand_over_10000_tasks");
    group.throughput(Throughput::Elements(TASKS.into()));
    let tasks: Arc<[Task]> = vec![Task::Noop; TASKS as usize].into();
    for strategy in timed_here() {
        let work = || {
            let stop = Stop::after(Duration::from_mins(1));
            Work::new(0, Arc::clone(&tasks), Schedule::OneByOne, stop)
        };
        group.bench_function(BenchmarkId::new(strategy.name(), 2), |bencher| {
            let mut pool = start(strategy.name(), 2);
            bencher.iter_batched(work, |work| pool.run(&work).len(), BatchSize::PerIteration);
            pool.close().expect("an idle pool closes");
        });
    }
    group.finish();
}

/// What client, sockets and server add to a requested latency of 15 ms on an idle machine: the time shown is the excess
/// over 15 ms. The server is a separate process, as in every measurement.
fn added_latency(criterion: &mut Criterion) {
    use makespan::{
        mock_server::{
            process::ServerProcess,
            profile::{Profile, Route},
        },
        task::fetch::Fetch,
        worker::lane::Lane,
    };
    const ASKED: Duration = Duration::from_millis(15);
    let route = Route { latency_s: ASKED.as_secs_f64(), ..Route::at("/wait") };
    let profile = Profile { routes: vec![route], ..Profile::default() };
    let server = ServerProcess::start(&common::env().program, &profile).expect("a server starts on a free port");
    let forever = Duration::from_hours(1);
    let task = Task::Fetch(Fetch {
        url: format!("{}/wait", server.origin()),
        site: None,
        authorization: None,
        keep_alive: true,
        connect_timeout: forever,
        timeout: forever,
        redirects: 0,
        blocking: false,
        retries: 0,
        retry_wait: Duration::ZERO,
        save: None,
        stays: false,
    });
    criterion.bench_function(LATENCY, |bencher| {
        let mut lane = Lane::new(0, 0, Stop::after(forever));
        bencher.iter_custom(|iterations| {
            let mut once = || {
                let before = Instant::now();
                lane.run(0, &task).result.expect("the server answers");
                before.elapsed().saturating_sub(ASKED)
            };
            (0..iterations).map(|_| once()).sum()
        });
    });
}
