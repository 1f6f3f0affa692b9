//! Python lanes and their workers that die, freeze, or lose their parent.
#![cfg(target_os = "linux")]

use common::{
    endless, fetch, gate, left_behind, number, primes, python::strategies_of_python, results, under_way::UnderWay,
    wait_until, work,
};
use makespan::{
    strategy::{Env, Pool, Strategy, Work, python},
    task::{ErrorKind, Task, TaskError},
    worker::{error::LostWorker, python::lane_process::IdleLane, stop::Stop, task_queue::Schedule},
};
use nix::sys::signal::Signal;
use std::{thread, time::Duration};

/// A pool of three workers, its lane, and its worker processes. `None` where there is no Python.
fn pool(strategy: &'static dyn Strategy) -> Option<(Box<dyn Pool>, u32, Vec<u32>)> {
    strategies_of_python().iter().find(|one| one.name() == strategy.name())?;
    let pool = strategy.start(number(3).into(), &common::env()).expect("the pool starts");
    let lane = *left_behind::children().last().expect("the lane is a child");
    Some((pool, lane, workers_of(lane)))
}

/// A worker is a child of the lane, or of the server that forks workers for it, which is Python's default from 3.14 on.
fn workers_of(parent: u32) -> Vec<u32> {
    let mut workers = Vec::new();
    for child in left_behind::children_of(parent) {
        match workers_of(child) {
            none if none.is_empty() && !left_behind::command_line(child).contains("resource_tracker") => {
                workers.push(child);
            }
            others => workers.extend(others),
        }
    }
    workers
}

fn none_is_left(lane: u32, workers: &[u32]) {
    wait_until("the lane and its workers are gone", || {
        !left_behind::is_alive(lane) && !workers.iter().any(|&pid| left_behind::is_alive(pid))
    });
    assert!(left_behind::children().is_empty(), "reaped");
}

/// Which number a process has is for the pool to say.
fn names_a_killed_worker(lost: &[LostWorker]) -> bool {
    matches!(lost, [LostWorker { process: 1..=3, how }] if how == "killed by signal 9 (SIGKILL)")
}

#[test]
fn a_killed_worker_is_named_and_ends_the_pool() {
    let _alone = left_behind::alone();
    for strategy in [&python::PROCESSES, &python::PROCESS_POOL] {
        let Some((mut pool, lane, workers)) = pool(strategy) else { return };
        assert_eq!(workers.len(), 3, "{strategy:?}");
        let (name, victim, gate) = (strategy.name(), workers[1], gate::Gate::shut());
        let tasks = [vec![primes(0, 10)], vec![Task::Fetch(fetch(&gate.origin)); 3]].concat();
        let killer = thread::spawn(move || {
            let callers = gate.await_callers(3);
            left_behind::send(Signal::SIGKILL, victim);
            callers
        });
        let work = work(&tasks, Schedule::OneByOne);
        let found = results(work.settle(pool.run(&work)));
        drop(killer.join().expect("no panic"));
        assert!(found[0].is_ok(), "{name}: what was done is kept: {found:?}");
        let died =
            |one: &Result<_, TaskError>| matches!(one, Err(TaskError::WorkerDied(how)) if how.contains("SIGKILL"));
        assert!(found[1..].iter().all(died), "{name}: {found:?}");
        assert!(names_a_killed_worker(&pool.lost()), "{name}: {:?}", pool.lost());
        assert!(!pool.is_whole());
        pool.close().expect("the loss has been told already");
        none_is_left(lane, &workers);
    }
}

#[test]
fn a_killed_lane_takes_its_workers_with_it() {
    let _alone = left_behind::alone();
    for strategy in strategies_of_python().into_iter().filter(|one| !one.name().contains("hybrid")) {
        let Some((mut pool, lane, workers)) = pool(strategy) else { return };
        let killer = thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            left_behind::send(Signal::SIGKILL, lane);
        });
        let work = work(&[endless(), endless()], Schedule::OneByOne);
        let found = results(work.settle(pool.run(&work)));
        killer.join().expect("no panic");
        let kinds = found.iter().map(|result| result.as_ref().map_err(TaskError::kind));
        assert!(kinds.eq([Err(ErrorKind::WorkerDied); 2]), "{}: {found:?}", strategy.name());
        let lost: Vec<String> = pool.lost().iter().map(ToString::to_string).collect();
        assert_eq!(lost, ["the program of the workers was lost: killed by signal 9 (SIGKILL)"], "{}", strategy.name());
        pool.close().expect("the loss has been told already");
        none_is_left(lane, &workers);
    }
}

#[test]
fn a_frozen_lane_is_killed_with_its_workers_after_the_deadline() {
    let _alone = left_behind::alone();
    let Some((mut pool, lane, workers)) = pool(&python::PROCESSES) else { return };
    left_behind::send(Signal::SIGSTOP, workers[0]);
    left_behind::send(Signal::SIGSTOP, lane);
    let work = Work { stop: Stop::after(Duration::ZERO), ..work(&[primes(0, 10)], Schedule::OneByOne) };
    let found = results(work.settle(pool.run(&work)));
    assert!(matches!(&found[..], [Err(TaskError::WorkerDied(how))] if how.contains("so it was killed")), "{found:?}");
    pool.close().expect("the loss has been told already");
    none_is_left(lane, &workers);
}

#[test]
fn an_idle_worker_that_is_lost_is_noticed_before_the_clock() {
    let _alone = left_behind::alone();
    let Some((mut pool, lane, workers)) = pool(&python::PROCESSES) else { return };
    assert!(pool.is_whole() && pool.lost().is_empty());
    left_behind::send(Signal::SIGKILL, workers[2]);
    wait_until("the loss is told", || !pool.is_whole());
    assert!(names_a_killed_worker(&pool.lost()), "{:?}", pool.lost());
    pool.close().expect("the loss has been told already");
    none_is_left(lane, &workers);
}

#[test]
fn a_pool_that_is_dropped_in_the_middle_leaves_nothing() {
    let _alone = left_behind::alone();
    for strategy in [&python::THREADS, &python::PROCESSES] {
        let Some((pool, lane, workers)) = pool(strategy) else { return };
        drop(pool);
        none_is_left(lane, &workers);
    }
}

/// One pool after another of this environment; the lanes that they had.
fn lanes(env: &Env, strategies: &[&'static dyn Strategy]) -> Vec<u32> {
    let one = |strategy: &&'static dyn Strategy| {
        let mut pool = strategy.start(number(3).into(), env).expect("the pool starts");
        let lane = *left_behind::children().last().expect("the lane is a child");
        let work = work(&[primes(0, 10)], Schedule::OneByOne);
        assert!(results(work.settle(pool.run(&work)))[0].is_ok());
        pool.close().expect("it closes");
        lane
    };
    strategies.iter().map(one).collect()
}

#[test]
fn an_interpreter_waits_for_the_next_pool_of_its_cell_and_ends_with_it() {
    let _alone = left_behind::alone();
    if strategies_of_python().is_empty() {
        return;
    }
    let env = Env { idle_python: Some(IdleLane::default()), ..common::env() };
    let used = lanes(&env, &[&python::PROCESSES, &python::PROCESSES, &python::THREADS]);
    assert!(used.iter().all(|lane| *lane == used[0]), "{used:?}");
    assert_eq!(left_behind::children(), [used[0]], "only the interpreter is left");
    left_behind::send(Signal::SIGKILL, used[0]);
    wait_until("it is dead", || !left_behind::is_alive(used[0]));
    let again = lanes(&env, &[&python::THREADS]);
    assert_ne!(again, used[..1], "a dead one is replaced");
    drop(env);
    none_is_left(again[0], &[]);
}

#[test]
fn a_program_that_is_killed_or_interrupted_leaves_no_python() {
    let _alone = left_behind::alone();
    if strategies_of_python().is_empty() {
        return;
    }
    let data = tempfile::tempdir().expect("a temporary directory");
    let strategies = "python/processes,python/threads,python/asyncio";
    let data_in = data.path().to_string_lossy();
    let endless = ["run", "latency_only", "--strategy", strategies, "--workers", "3", "--rounds", "1000"];
    let endless = [&endless[..], &["--time-scale", "1", "--data", &*data_in]].concat();
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        let mut run = UnderWay::start(data.path(), &endless);
        let package = data.path().join("python");
        wait_until("a lane is there", || {
            left_behind::marked(&run.mark)
                .iter()
                .any(|&pid| left_behind::argument_of(pid).starts_with(&*package.to_string_lossy()))
        });
        left_behind::send(signal, run.id());
        wait_until("the program ends", || run.has_ended());
        wait_until("no process is left", || left_behind::marked(&run.mark).is_empty());
    }
}
