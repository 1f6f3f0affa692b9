//! Worker processes that die, and programs that are no workers.
#![cfg(target_os = "linux")]

use common::{endless, fetch, gate, left_behind, number, primes, results, wait_until, work};
use makespan::{
    strategy::{Env, StartError, Strategy, hybrid::Hybrid, processes::Processes},
    task::{ErrorKind, Task, TaskError},
    worker::task_queue::Schedule,
};
use nix::sys::signal::Signal;
use std::{collections::BTreeSet, thread};

fn killed(result: &Result<makespan::task::Output, TaskError>) -> bool {
    matches!(result, Err(TaskError::WorkerDied(how)) if how.contains("signal 9") && how.contains("SIGKILL"))
}

#[test]
fn a_killed_worker_costs_the_task_it_held() {
    let _alone = left_behind::alone();
    let gate = gate::Gate::shut();
    let stuck = || Task::Fetch(fetch(&gate.origin));
    let tasks = [vec![stuck(), stuck(), stuck()], vec![primes(0, 10); 20]].concat();
    let mut pool = Processes.start(number(3).into(), &common::env()).expect("the pool starts");
    let workers = left_behind::children();
    assert_eq!(workers.len(), 3);

    let killer = thread::spawn(move || {
        // When all three have asked, each holds one of the first three tasks.
        let callers = gate.await_callers(3);
        left_behind::send(Signal::SIGKILL, workers[1]);
        gate::answer(callers, gate::OK);
    });
    let work = work(&tasks, Schedule::OneByOne);
    let found = results(work.settle(pool.run(&work)));
    killer.join().expect("no panic");

    assert_eq!(found[..3].iter().filter(|result| killed(result)).count(), 1, "{found:?}");
    assert_eq!(found[..3].iter().filter(|result| result.is_ok()).count(), 2, "{found:?}");
    assert!(found[3..].iter().all(Result::is_ok), "the others did the rest: {found:?}");
    assert!(left_behind::zombies().is_empty(), "reaped at once");
    assert_eq!(left_behind::children().len(), 2);

    let work = common::work(&tasks[3..], Schedule::OneByOne);
    assert!(results(work.settle(pool.run(&work))).iter().all(Result::is_ok), "two are enough for the next workload");
    pool.close().expect("a killed worker has been reported already");
    assert!(left_behind::children().is_empty());
}

#[test]
fn a_killed_process_costs_what_its_threads_held() {
    let _alone = left_behind::alone();
    let gate = gate::Gate::shut();
    let tasks = [vec![Task::Fetch(fetch(&gate.origin)); 6], vec![primes(0, 10); 20]].concat();
    let mut pool = Hybrid.start("2x3".parse().expect("a shape"), &common::env()).expect("the pool starts");
    let processes = left_behind::children();
    assert_eq!(processes.len(), 2);
    let killer = thread::spawn(move || {
        // When all six have asked, each thread of each process holds one task, and no process holds more.
        let callers = gate.await_callers(6);
        left_behind::send(Signal::SIGKILL, processes[1]);
        gate::answer(callers, gate::OK);
    });
    let work = work(&tasks, Schedule::OneByOne);
    let done = work.settle(pool.run(&work));
    let workers: BTreeSet<u32> = done.iter().flat_map(|one| &one.spans).map(|span| span.worker).collect();
    assert!(workers.is_subset(&(0..3).collect()), "the threads of the process that lives: {workers:?}");
    let found = results(done);
    killer.join().expect("no panic");
    assert_eq!(found[..6].iter().filter(|result| killed(result)).count(), 3, "{found:?}");
    assert_eq!(found[..6].iter().filter(|result| result.is_ok()).count(), 3, "{found:?}");
    assert!(found[6..].iter().all(Result::is_ok), "the other process did the rest: {found:?}");
    pool.close().expect("a killed worker has been reported already");
    assert!(left_behind::children().is_empty());
}

#[test]
fn by_key_a_process_has_a_site() {
    let _alone = left_behind::alone();
    let gates = [gate::Gate::shut(), gate::Gate::shut()];
    let sites = gates.each_ref().map(|gate| Task::Fetch(fetch(&gate.origin)));
    let tasks: Vec<Task> = (0..8).map(|index| sites[index % 2].clone()).collect();
    let mut pool = Hybrid.start("2x2".parse().expect("a shape"), &common::env()).expect("the pool starts");
    let opener = thread::spawn(move || {
        // Two at a time from each site: that is what a process has threads for.
        for _ in 0..2 {
            gates.iter().for_each(|gate| gate::answer(gate.await_callers(2), gate::OK));
        }
    });
    let work = work(&tasks, Schedule::ByKey);
    let done = work.settle(pool.run(&work));
    opener.join().expect("no panic");
    for one in &done {
        assert!(one.result.is_ok(), "{one:?}");
        assert!(one.spans.iter().all(|span| span.worker / 2 == one.index % 2), "{one:?}");
    }
    pool.close().expect("the pool closes");
}

#[test]
fn what_was_dealt_to_a_killed_worker_beforehand_has_an_error() {
    let _alone = left_behind::alone();
    let gate = gate::Gate::shut();
    let tasks = [vec![Task::Fetch(fetch(&gate.origin))], vec![primes(0, 10); 9]].concat();
    let mut pool = Processes.start(number(2).into(), &common::env()).expect("the pool starts");
    let workers = left_behind::children();
    let killer = thread::spawn(move || {
        let callers = gate.await_callers(1);
        // The first five tasks lie with the first worker, and it has the first of them in hand.
        left_behind::send(Signal::SIGKILL, workers[0]);
        callers
    });
    let work = work(&tasks, Schedule::Blocks);
    let found = results(work.settle(pool.run(&work)));
    drop(killer.join().expect("no panic"));
    assert!(killed(&found[0]), "{found:?}");
    let kinds = found[..5].iter().map(|result| result.as_ref().map_err(TaskError::kind));
    assert!(kinds.eq([Err(ErrorKind::WorkerDied); 5]), "{found:?}");
    assert!(found[5..].iter().all(Result::is_ok), "{found:?}");
    pool.close().expect("the pool closes");
    assert!(left_behind::children().is_empty());
}

#[test]
fn a_pool_without_workers_ends_with_errors() {
    let _alone = left_behind::alone();
    let gate = gate::Gate::shut();
    let tasks = [vec![Task::Fetch(fetch(&gate.origin)); 3], vec![Task::Noop; 4]].concat();
    let mut pool = Processes.start(number(3).into(), &common::env()).expect("the pool starts");
    let killer = thread::spawn(move || {
        let callers = gate.await_callers(3);
        for worker in left_behind::children() {
            left_behind::send(Signal::SIGKILL, worker);
        }
        callers
    });
    for run in 0..2 {
        let work = work(&tasks, Schedule::OneByOne);
        let found = results(work.settle(pool.run(&work)));
        let died = found.iter().filter(|result| matches!(result, Err(TaskError::WorkerDied(_)))).count();
        assert_eq!(died, tasks.len(), "run {run}: {found:?}");
    }
    drop(killer.join().expect("no panic"));
    pool.close().expect("the pool closes");
    assert!(left_behind::children().is_empty());
}

#[test]
fn an_idle_worker_that_is_killed_costs_at_most_one_task() {
    let _alone = left_behind::alone();
    let mut pool = Processes.start(number(2).into(), &common::env()).expect("the pool starts");
    left_behind::send(Signal::SIGKILL, left_behind::children()[0]);
    let tasks = vec![primes(0, 10); 10];
    let work = work(&tasks, Schedule::OneByOne);
    let found = results(work.settle(pool.run(&work)));
    assert!(found.iter().filter(|result| result.is_err()).count() <= 1, "{found:?}");
    // Its death is told once: by the run that noticed it, or else when the pool is closed.
    let noticed = pool.lost().len();
    let told = pool.close().map_or_else(|error| error.to_string(), |()| String::new());
    assert_eq!(told.contains("worker process 1") && told.contains("SIGKILL"), noticed == 0, "{noticed} {told}");
    assert!(left_behind::children().is_empty());
}

#[test]
fn a_frozen_worker_is_killed_and_named() {
    let _alone = left_behind::alone();
    for (strategy, shape) in [(&Processes as &dyn Strategy, "3"), (&Hybrid, "3x2")] {
        let mut pool = strategy.start(shape.parse().expect("a shape"), &common::env()).expect("the pool starts");
        assert!(pool.is_whole() && pool.lost().is_empty());
        // Two of them: they are waited for together.
        let workers = left_behind::children();
        workers[1..].iter().for_each(|&pid| left_behind::send(Signal::SIGSTOP, pid));
        let _ = pool.worker_cpu();
        let lost: Vec<String> = pool.lost().iter().map(ToString::to_string).collect();
        let words =
            |number| format!("worker process {number} was lost: no answer within 5 s of being asked, so it was killed");
        assert_eq!(lost, [words(2), words(3)]);
        assert!(!pool.is_whole());
        assert_eq!(left_behind::children(), workers[..1]);
        pool.close().expect("they have been named already");
    }
    assert!(left_behind::children().is_empty());
}

#[test]
fn a_worker_that_does_not_go_is_killed_and_named() {
    let _alone = left_behind::alone();
    let pool = Processes.start(number(2).into(), &common::env()).expect("the pool starts");
    left_behind::send(Signal::SIGSTOP, left_behind::children()[0]);
    let told = pool.close().expect_err("one of them is frozen").to_string();
    assert_eq!(told, "worker process 1 was lost: no answer within 5 s of being told to end, so it was killed");
    assert!(left_behind::children().is_empty());
}

#[test]
fn a_worker_killed_before_it_is_closed_is_named() {
    let _alone = left_behind::alone();
    let pool = Processes.start(number(2).into(), &common::env()).expect("the pool starts");
    left_behind::send(Signal::SIGKILL, left_behind::children()[1]);
    let told = pool.close().expect_err("one of them was killed").to_string();
    assert_eq!(told, "worker process 2 was lost: killed by signal 9 (SIGKILL)");
}

#[test]
fn a_pool_that_is_dropped_leaves_nothing() {
    let _alone = left_behind::alone();
    let mut pool = Processes.start(number(2).into(), &common::env()).expect("the pool starts");
    let stop = makespan::worker::stop::Stop::after(std::time::Duration::ZERO);
    let work = makespan::strategy::Work { stop, ..work(&[endless(), endless()], Schedule::OneByOne) };
    let watchdog = work.stop.watchdog().expect("a thread");
    assert!(results(work.settle(pool.run(&work))).iter().all(|one| one == &Err(TaskError::TimedOut)));
    drop((pool, watchdog));
    wait_until("no worker is left", || left_behind::children().is_empty());
}

#[test]
fn a_program_that_is_no_worker_is_named() {
    let _alone = left_behind::alone();
    for program in ["/bin/cat", "/bin/false", "/bin/echo", "/no/such/program"] {
        let Err(error) = Processes.start(number(2).into(), &Env { program: program.into(), ..common::env() }) else {
            panic!("{program} started")
        };
        assert!(matches!(error, StartError::Process { number: 1, .. }), "{program}: {error:?}");
        assert!(error.to_string().contains("worker process 1: "), "{program}: {error}");
        assert!(left_behind::children().is_empty(), "{program}");
    }
}
