//! The cost of checks in a kernel, the cost and effect of the simulated interpreter lock, and the effect of CPython's.
//!
//! Ratios come from interleaved pairs, because differences of 1 % drown in a machine's drift. They are printed in
//! addition to Criterion's figures.

mod cpython;

use crate::{common::asked::Asked, start};
use criterion::Criterion;
use makespan::{
    mock_server::log::TaskTag,
    stats::paired,
    strategy::{Pool, Work},
    task::{
        Task, TaskContext,
        prime_sum::{Method, PrimeSum},
    },
    worker::{
        gil::{Gil, SWITCH_INTERVAL},
        lane::{Activity, Lane},
        stop::{Stop, Stopped},
        task_queue::Schedule,
        under_lock::UnderLock,
    },
};
use nix::time::{ClockId, clock_gettime};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

/// The benchmarks here, as Criterion calls them.
pub const NAMES: [&str; 8] = [
    BARE,
    IN_A_LANE,
    UNDER_THE_LOCK,
    "lock/two_threads/gil_threads",
    "lock/two_threads/threads",
    CONVOY,
    OF_CPYTHON[0],
    OF_CPYTHON[1],
];
const BARE: &str = "primes_below_300000/bare";
const IN_A_LANE: &str = "primes_below_300000/in_a_lane_against_bare";
const UNDER_THE_LOCK: &str = "primes_below_300000/under_the_lock_against_in_a_lane";
const CONVOY: &str = "lock/convoy/simulated";
const OF_CPYTHON: [&str; 2] = ["lock/two_threads/cpython", "lock/convoy/cpython"];

const REQUESTS: u32 = 100;
const FOREVER: Duration = Duration::from_hours(1);

pub fn bench(criterion: &mut Criterion, asked: &Asked) {
    kernel_checks(criterion);
    two_threads(criterion, asked);
    criterion.bench_function(CONVOY, |bencher| bencher.iter_custom(|n| (0..n).map(|_| convoy()).sum()));
    if !OF_CPYTHON.iter().any(|name| asked.wants(name)) {
        return;
    }
    match cpython::find() {
        Ok(about) => {
            println!("lock/*/cpython: {about}");
            against(criterion, OF_CPYTHON[0], || cpython::run("primes", 2), || cpython::run("primes", 1));
            criterion.bench_function(OF_CPYTHON[1], |bencher| {
                bencher.iter_custom(|n| (0..n).map(|_| cpython::run("convoy", REQUESTS)).sum());
            });
        }
        Err(why) => println!("lock/*/cpython: skipped: {why}"),
    }
}

/// Measures two functions alternately, and prints the first's time as a ratio of the baseline's. Criterion gets the
/// first's time.
fn against(
    criterion: &mut Criterion,
    name: &str,
    mut measured: impl FnMut() -> Duration,
    mut baseline: impl FnMut() -> Duration,
) {
    let (mut measured_s, mut baseline_s) = (Vec::new(), Vec::new());
    criterion.bench_function(name, |bencher| {
        let mut pair = |number: u64| {
            // The order alternates, so that neither always runs with the other's caches.
            let early = number.is_multiple_of(2).then(&mut measured);
            baseline_s.push(baseline().as_secs_f64());
            let took = early.unwrap_or_else(&mut measured);
            measured_s.push(took.as_secs_f64());
            took
        };
        bencher.iter_custom(|iterations| (0..iterations).map(&mut pair).sum());
    });
    // With a filter, nothing may have been measured.
    if let Some(ratio) = paired::speedup(&measured_s, &baseline_s) {
        let (estimate, low, high) = (ratio.estimate, ratio.low, ratio.high);
        println!("{name}: {estimate:.3} of the baseline's time [{low:.3}, {high:.3}], {} pairs", measured_s.len());
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let before = Instant::now();
    std::hint::black_box(work());
    before.elapsed()
}

/// The processor time of this thread only: other work on its core meanwhile doesn't count.
fn computed<T>(work: impl FnOnce() -> T) -> Duration {
    let now = || clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from);
    let before = now().expect("every supported system counts it");
    std::hint::black_box(work());
    now().expect("it did a moment ago").saturating_sub(before)
}

/// The checks between two steps of a calculation: the same kernel bare, in a lane, and in a lane under the lock.
/// Processor time, because nothing waits here.
fn kernel_checks(criterion: &mut Criterion) {
    struct Nobody;
    impl TaskContext for Nobody {
        fn check(&mut self) -> Result<(), Stopped> {
            Ok(())
        }
        fn stopped(&self) -> Result<(), Stopped> {
            Ok(())
        }
        fn await_due(&mut self, _: u64) -> Result<(), Stopped> {
            Ok(())
        }
        fn wait<T>(&mut self, _: Activity, io: impl FnOnce(Duration) -> T) -> T {
            io(Duration::MAX)
        }
        fn tag(&self) -> TaskTag {
            TaskTag { run: 0, index: None }
        }
        fn worker(&self) -> u32 {
            0
        }
    }
    let primes = PrimeSum { from: 0, below: 300_000, by: Method::TrialDivision };
    let (stop, gil) = (Stop::after(FOREVER), Gil::new(SWITCH_INTERVAL));
    let bare = || computed(|| primes.run(&mut Nobody));
    let in_a_lane = || computed(|| primes.run(&mut Lane::new(0, 0, stop.clone())));
    let under_the_lock = || {
        let (mut holder, mut lane) = (gil.holder(0, &stop), Lane::new(0, 0, stop.clone()));
        let mut host = UnderLock::enter(&mut holder, &mut lane).expect("nobody stops it");
        computed(|| primes.run(&mut host))
    };
    criterion.bench_function(BARE, |bencher| {
        bencher.iter_custom(|iterations| (0..iterations).map(|_| bare()).sum());
    });
    against(criterion, IN_A_LANE, in_a_lane, bare);
    against(criterion, UNDER_THE_LOCK, under_the_lock, in_a_lane);
}

/// Two threads against one, with the lock and without: a calculation of some forty switch intervals.
fn two_threads(criterion: &mut Criterion, asked: &Asked) {
    let range = |part: u64| {
        Task::PrimeSum(PrimeSum { from: part * 15_625, below: (part + 1) * 15_625, by: Method::TrialDivision })
    };
    let tasks: Arc<[Task]> = (0..64 * 5).map(|number| range(number % 64)).collect();
    let run = |pool: &mut Box<dyn Pool>| {
        let work = Work::new(0, Arc::clone(&tasks), Schedule::OneByOne, Stop::after(FOREVER));
        timed(|| pool.run(&work))
    };
    for (name, strategy) in ["gil_threads", "threads"].map(|name| (format!("lock/two_threads/{name}"), name)) {
        if !asked.wants(&name) {
            continue;
        }
        let (mut one, mut two) = (start(strategy, 1), start(strategy, 2));
        against(criterion, &name, || run(&mut two), || run(&mut one));
        for pool in [one, two] {
            pool.close().expect("an idle pool closes");
        }
    }
}

/// The mean time of a 1 ms wait while another thread computes.
fn convoy() -> Duration {
    let (gil, over) = (Gil::new(SWITCH_INTERVAL), Arc::new(AtomicBool::new(false)));
    let stop = Stop::new(FOREVER, &over);
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut holder, mut lane) = (gil.holder(0, &stop), Lane::new(0, 0, stop.clone()));
            let endless = Task::PrimeSum(PrimeSum { from: 0, below: u64::MAX, by: Method::TrialDivision });
            lane.run_with(0, |lane| UnderLock::run(&mut holder, lane, &endless))
        });
        let (mut holder, mut lane) = (gil.holder(1, &stop), Lane::new(1, 0, stop.clone()));
        let mut host = UnderLock::enter(&mut holder, &mut lane).expect("nobody stops it");
        let request = || host.wait(Activity::WaitFirstByte, |_| thread::sleep(Duration::from_millis(1)));
        let took = timed(|| std::iter::repeat_with(request).take(REQUESTS as usize).for_each(drop));
        over.store(true, Relaxed);
        took / REQUESTS
    })
}
