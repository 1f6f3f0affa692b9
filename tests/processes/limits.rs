//! Runs in a child process whose address space is limited: threads are refused there, and only there.
#![cfg(target_os = "linux")]

use common::{
    left_behind,
    measured::{parsed, settings},
    wait_until,
};
use makespan::{
    results::record::{CellRecord, Check},
    runner::{self, Plan, Settings, Silent},
    scenario,
    task::ErrorKind,
};
use std::{
    sync::{Arc, atomic::AtomicBool, atomic::Ordering::Relaxed},
    thread,
};

/// Sums that take long enough for all threads to stand at once, where there is room for about fifty.
const CROWD: &str = r#"
may_fail = true
address_space_mb = 200
workload.prime_sum = { below = 6_000_000, tasks = 150 }
cells = [{ strategies = ["thread_per_task", "threads"], workers = [20] }]
"#;

/// One task that never ends.
const LONG: &str = r#"
address_space_mb = 200
workload.prime_sum = { below = 100_000_000, tasks = 1 }
cells = [{ strategies = ["sequential"], workers = [1] }]
"#;

#[test]
fn a_crowd_of_threads_is_refused_and_a_pool_passes() {
    let _alone = left_behind::alone();
    let (dir, scenario) = (tempfile::tempdir().expect("a temporary directory"), parsed(CROWD));
    let settings = settings(dir.path(), Plan::rounds(2));
    let record = runner::measure(&scenario, &scenario.cells, &settings, &mut Silent).expect("it is measured");
    let cell =
        |name: &str| -> &CellRecord { record.cells.iter().find(|cell| cell.spec.strategy == name).expect("measured") };
    for cell in &record.cells {
        assert_eq!(cell.check, Check::Passed, "what ran is right: {cell:?}");
        assert_eq!(cell.rounds.len(), 2, "{cell:?}");
    }
    let (crowd, pool) = (cell("thread_per_task"), cell("threads"));
    assert_eq!((crowd.workers(), pool.workers(), pool.task_errors()), (150, 20, 0));
    assert!(crowd.task_errors() > 0 && crowd.task_errors() < 150, "some stood, some were refused: {crowd:?}");
    assert_eq!(record.speedup(crowd), None, "less work is not faster");
    assert!(record.speedup(pool).is_some());
    let (refused, stood) = (151 - crowd.task_errors(), 150 - crowd.task_errors());
    let error = crowd.error().expect("the first failure has words");
    let (start, end) = (format!("could not start thread {refused}: "), format!("(os error 11); {stood} stood"));
    assert!(error.starts_with(&start) && error.ends_with(&end), "{error}");
    assert!(left_behind::children().is_empty());
    let here: Vec<_> = (0..200).map(|_| thread::spawn(|| ())).collect();
    assert!(here.into_iter().all(|thread| thread.join().is_ok()), "this process has no limit");
}

/// Buffers, connections and the stacks of many threads at once: what has started must find the memory to finish.
#[test]
fn fetches_that_stand_in_the_crowd_are_finished() {
    let _alone = left_behind::alone();
    let (dir, scenario) = (tempfile::tempdir().expect("a temporary directory"), scenario::load("url_crawl"));
    let scenario = scenario.expect("it is built in");
    let crowd = scenario.cells.iter().filter(|cell| cell.variant == "crowd" && cell.strategy != "sequential");
    let crowd: Vec<_> = crowd.cloned().collect();
    let cells = runner::cells(&scenario, &crowd, &settings(dir.path(), Plan::rounds(2))).expect("it is set up");
    assert_eq!(cells.len(), 2);
    for cell in cells.iter().cycle().take(6) {
        let sample = cell.once(0).expect("the process lives, and what came back is right");
        match cell.spec.strategy.as_str() {
            "threads" => assert!(sample.timeline.failed.is_empty(), "{:?}", sample.error),
            _ => assert!(sample.error.is_none_or(|error| error.kind() == ErrorKind::NoThread)),
        }
    }
}

#[test]
fn an_interrupted_child_is_ended() {
    let _alone = left_behind::alone();
    let (dir, scenario) = (tempfile::tempdir().expect("a temporary directory"), parsed(LONG));
    let interrupted = Arc::new(AtomicBool::new(false));
    let settings = Settings { interrupted: Arc::clone(&interrupted), ..settings(dir.path(), Plan::rounds(2)) };
    let cells = runner::cells(&scenario, &scenario.cells, &settings).expect("it is set up");
    let canceller = thread::spawn(move || {
        wait_until("the child runs", || !left_behind::children().is_empty());
        interrupted.store(true, Relaxed);
    });
    assert!(cells[0].once(0).is_err());
    canceller.join().expect("no panic");
    assert!(left_behind::children().is_empty());
}
