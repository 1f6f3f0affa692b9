//! A run that would never end is ended: by its deadline, or by an interruption. Nothing is left behind.
#![cfg(target_os = "linux")]

use common::{
    PATIENCE, endless, fetch, gate::Gate, layout, left_behind, primes, python::strategies, results, wait_until, work,
};
use makespan::{
    strategy::Work,
    task::{ErrorKind, Output, Task, TaskError},
    worker::{stop::Stop, task_queue::Schedule},
};
use std::{
    env,
    process::Command,
    sync::{Arc, atomic::AtomicBool, atomic::Ordering::Relaxed},
    thread,
    time::Duration,
};

/// Enough to do two small tasks, on a machine as busy as you like.
const LIMIT: Duration = Duration::from_secs(3);

#[test]
fn a_run_without_end_is_ended() {
    let _alone = left_behind::alone();
    // In a process of its own: the threads of this one come and go with the other tests.
    let mut program = Command::new(env::current_exe().expect("this test"));
    let ended = program.args(["--exact", "deadline::all_gone", "--ignored"]).output().expect("it starts");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
}

#[test]
#[ignore = "it counts its process's threads: a part of the test above, which starts it in a process of its own"]
fn all_gone() {
    let gate = Gate::shut();
    let stuck = || Task::Fetch(fetch(&gate.origin));
    let (threads, children) = (left_behind::threads(), left_behind::children());
    let all_gone = || left_behind::threads() == threads && left_behind::children() == children;

    at_the_deadline(&stuck);
    wait_until("no thread or process is left of stuck fetches", all_gone);
    at_the_deadline(&endless);
    wait_until("no thread or process is left of endless sums", all_gone);
    when_interrupted();
    wait_until("no thread or process is left of interrupted sums", all_gone);
}

/// What every strategy makes of two small tasks and two that don't end. All at once, so as to wait only once.
fn on_every_strategy(without_end: &dyn Fn() -> Task, stop: &(dyn Fn() -> Stop + Sync)) -> Vec<(&'static str, Results)> {
    let tasks = [primes(0, 10), primes(10, 20), without_end(), without_end()];
    let one = &|strategy: &'static dyn makespan::strategy::Strategy| {
        let mut pool = strategy.start(layout(strategy, 2), &common::env()).expect("the pool starts");
        let work = Work { stop: stop(), ..work(&tasks, Schedule::OneByOne) };
        let watchdog = work.stop.watchdog().expect("a thread");
        let done = pool.run(&work);
        let found = results(work.settle(done));
        drop(watchdog);
        pool.close().expect("the pool closes");
        (strategy.name(), found)
    };
    thread::scope(|scope| {
        let runs: Vec<_> = strategies().into_iter().map(|strategy| scope.spawn(move || one(strategy))).collect();
        runs.into_iter().map(|run| run.join().expect("no panic")).collect()
    })
}

type Results = Vec<Result<Output, TaskError>>;

/// The outputs that are there, and the kinds of errors where there are none.
fn in_short(found: &Results) -> Vec<Result<u64, ErrorKind>> {
    found.iter().map(|one| one.as_ref().map(|output| output.checksum).map_err(TaskError::kind)).collect()
}

fn at_the_deadline(without_end: &dyn Fn() -> Task) {
    for (name, found) in on_every_strategy(without_end, &|| Stop::after(LIMIT)) {
        let late = Err(ErrorKind::TimedOut);
        assert_eq!(in_short(&found), [Ok(17), Ok(60), late, late], "{name}: what was done is kept: {found:?}");
    }
}

/// Interrupted when all have started, so what is done by then differs; but nothing that doesn't end has ended.
fn when_interrupted() {
    let (flag, started) = (Arc::new(AtomicBool::new(false)), std::sync::Barrier::new(strategies().len() + 1));
    thread::scope(|scope| {
        scope.spawn(|| {
            started.wait();
            flag.store(true, Relaxed);
        });
        let stop = || {
            started.wait();
            Stop::new(PATIENCE, &flag)
        };
        for (name, found) in on_every_strategy(&endless, &stop) {
            let cancelled = Err(ErrorKind::Cancelled);
            assert_eq!(in_short(&found)[2..], [cancelled, cancelled], "{name}: {found:?}");
        }
    });
}
