//! What the simulated interpreter lock does to threads: one at a time computes, waits overlap, a request is obeyed, and
//! who waits for a server in company of who computes pays for it.

use common::{PATIENCE, endless, fetch, gate, primes, results, run, work};
use flate2::{Compression, write::GzEncoder};
use makespan::{
    mock_server::log::TaskTag,
    strategy::{Env, Strategy, gil_threads::GilThreads},
    task::{Task, TaskContext, gunzip::Gunzip},
    worker::{
        gil::{Gil, SWITCH_INTERVAL},
        lane::{Activity, Done, Lane, Span},
        stop::{Stop, Stopped},
        task_queue::Schedule,
        under_lock::UnderLock,
    },
};
use proptest::prelude::*;
use std::{
    fs,
    io::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

/// A host that tells what it is asked.
struct Told<F>(F);

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Check,
    Lock,
    Wait,
    Released,
}

impl<F: FnMut(Asked) -> Result<(), Stopped>> TaskContext for Told<F> {
    fn check(&mut self) -> Result<(), Stopped> {
        (self.0)(Asked::Check)
    }

    fn stopped(&self) -> Result<(), Stopped> {
        Ok(())
    }

    fn await_due(&mut self, _: u64) -> Result<(), Stopped> {
        Ok(())
    }

    fn wait<T>(&mut self, why: Activity, io: impl FnOnce(Duration) -> T) -> T {
        let result = io(PATIENCE);
        let _ = (self.0)(if why == Activity::WaitLock { Asked::Lock } else { Asked::Wait });
        result
    }

    fn released<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let result = work();
        let _ = (self.0)(Asked::Released);
        result
    }

    fn tag(&self) -> TaskTag {
        TaskTag { run: 0, index: None }
    }

    fn worker(&self) -> u32 {
        0
    }
}

fn quiet() -> Told<impl FnMut(Asked) -> Result<(), Stopped>> {
    Told(|_| Ok(()))
}

/// What a thread does under the lock, step by step.
#[derive(Debug, Clone, Copy)]
enum Step {
    Check,
    Wait,
    Release,
    Panic,
    NextTask,
}

/// Runs the steps, and says so if ever another thread is inside with this one.
fn keep_alone(gil: &Gil, worker: u32, steps: &[Step], inside: &AtomicU32, intruded: &AtomicBool) {
    let alone = || {
        let others = inside.fetch_add(1, SeqCst);
        (0..200).for_each(|_| std::hint::spin_loop());
        inside.fetch_sub(1, SeqCst);
        intruded.fetch_or(others > 0, SeqCst);
    };
    let stop = Stop::after(PATIENCE);
    let mut holder = gil.holder(worker, &stop);
    for task in steps.split(|step| matches!(step, Step::NextTask)) {
        let mut host = quiet();
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let mut host = UnderLock::enter(&mut holder, &mut host).expect("nobody stops it");
            for step in task {
                alone();
                match step {
                    Step::Check => host.check().expect("nobody stops it"),
                    Step::Wait => host.wait(Activity::WaitFirstByte, |_| thread::sleep(Duration::from_micros(50))),
                    Step::Release => host.released(thread::yield_now),
                    // Without a word: `panic!` would fill the screen.
                    Step::Panic => std::panic::resume_unwind(Box::new("on purpose")),
                    Step::NextTask => unreachable!("tasks were split there"),
                }
                alone();
            }
        }));
        let panics = task.iter().any(|step| matches!(step, Step::Panic));
        intruded.fetch_or(caught.is_err() && !panics, SeqCst);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn there_are_never_two_inside(
        threads in prop::collection::vec(prop::collection::vec(prop_oneof![
            6 => Just(Step::Check),
            2 => Just(Step::Wait),
            2 => Just(Step::Release),
            1 => Just(Step::Panic),
            1 => Just(Step::NextTask),
        ], 0..200), 2..5),
        interval_us in 1_u64..300,
    ) {
        let gil = Gil::new(Duration::from_micros(interval_us));
        let (inside, intruded) = (AtomicU32::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            for (worker, steps) in (0..).zip(&threads) {
                let (gil, inside, intruded) = (&gil, &inside, &intruded);
                scope.spawn(move || keep_alone(gil, worker, steps, inside, intruded));
            }
        });
        prop_assert!(!intruded.into_inner());
        prop_assert!(gil.holder(9, &Stop::after(PATIENCE)).try_take(), "all have given it back");
    }
}

#[test]
fn two_that_compute_take_turns_when_asked() {
    const TURNS: usize = 12;
    let gil = Gil::new(Duration::from_millis(1));
    // Written under the lock, by the thread that has just got it back.
    let turns = Mutex::new(Vec::new());
    let compute = |worker: u32| {
        let stop = Stop::after(PATIENCE);
        let mut holder = gil.holder(worker, &stop);
        let mut host = Told(|asked| {
            let mut turns = turns.lock().expect("nobody panics");
            if asked == Asked::Lock {
                turns.push(worker);
            }
            if turns.len() < TURNS { Ok(()) } else { Err(Stopped::Interrupted) }
        });
        let found = UnderLock::run(&mut holder, &mut host, &endless());
        assert!(found.is_err(), "it ends when it is told to");
    };
    thread::scope(|scope| {
        scope.spawn(|| compute(0));
        scope.spawn(|| compute(1));
    });
    let turns = &turns.into_inner().expect("nobody panicked")[..TURNS];
    // Without the forced switch, the running thread would now and then have it back before the other is awake.
    assert!(turns.windows(2).all(|pair| pair[0] != pair[1]), "{turns:?}");
    assert!(gil.switches() as usize >= TURNS);
}

#[test]
fn waits_overlap_as_without_the_lock() {
    const MANY: usize = 8;
    let gate = gate::Gate::shut();
    let tasks = vec![Task::Fetch(fetch(&gate.origin)); MANY];
    // Nobody is answered before all have asked: if one kept the lock while it waits, the others could never ask.
    let server = thread::spawn(move || gate::answer(gate.await_callers(MANY), gate::OK));
    let found = results(run(&GilThreads, MANY as u32, &work(&tasks, Schedule::OneByOne)));
    assert!(found.iter().all(Result::is_ok), "{found:?}");
    server.join().expect("all have asked at the same time");
}

/// The time that a task really had: nanoseconds of its run without its waits.
fn held(done: &Done) -> i64 {
    let length = |span: &Span| (span.end_ns - span.start_ns) as i64;
    length(&done.spans[0]) - done.spans[1..].iter().map(length).sum::<i64>()
}

/// From the first task's start to the last one's end, nanoseconds.
fn makespan_ns(done: &[Done]) -> i64 {
    let spans = || done.iter().map(|one| one.spans[0]);
    let (start, end) = (spans().map(|span| span.start_ns).min(), spans().map(|span| span.end_ns).max());
    (end.expect("there are tasks") - start.expect("there are tasks")) as i64
}

#[test]
fn what_computes_has_the_time_of_one() {
    let tasks: Vec<Task> = (0..24).map(|_| primes(0, 120_000)).collect();
    let work = work(&tasks, Schedule::Blocks);
    let mut pool = GilThreads
        .start(common::number(3).into(), &Env { switch_interval: Duration::from_millis(1), ..common::env() })
        .expect("the pool starts");
    let done = work.settle(pool.run(&work));
    pool.close().expect("the pool closes");
    assert!(done.iter().all(|one| one.result.is_ok()));
    let workers: std::collections::BTreeSet<u32> = done.iter().map(|one| one.spans[0].worker).collect();
    assert_eq!(workers.len(), 3, "each has its share");
    // Three threads without a lock would come to three times the makespan, on any number of cores.
    let (all, makespan) = (done.iter().map(held).sum::<i64>(), makespan_ns(&done));
    assert!(all as f64 <= makespan as f64 * 1.1, "{all} ns of computing in {makespan} ns");
    let waits = done.iter().flat_map(|one| &one.spans[1..]);
    assert!(waits.clone().count() > 0 && waits.clone().all(|span| span.kind == Activity::WaitLock));
    for one in &done {
        let run = one.spans[0];
        assert_eq!(run.kind, Activity::Run);
        let within = |wait: &Span| run.start_ns <= wait.start_ns && wait.end_ns <= run.end_ns;
        assert!(one.spans[1..].iter().all(|wait| within(wait) && (wait.worker, wait.index) == (run.worker, run.index)));
    }
}

/// One thread computes without end; the other waits for a server, `requests` times. What the second wrote down.
fn convoy(requests: usize) -> Vec<Span> {
    let gil = Gil::new(SWITCH_INTERVAL);
    let over = Arc::new(AtomicBool::new(false));
    let stop = Stop::new(PATIENCE, &over);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut holder = gil.holder(0, &stop);
            let mut lane = Lane::new(0, 0, stop.clone());
            lane.run_with(0, |lane| UnderLock::run(&mut holder, lane, &endless()));
        });
        let mut holder = gil.holder(1, &stop);
        let mut lane = Lane::new(1, 0, stop.clone());
        let done = lane.run_with(1, |lane| {
            let mut host = UnderLock::enter(&mut holder, lane)?;
            for _ in 0..requests {
                let before = gil.switches();
                // Until the other has the lock: a server may answer sooner, but a busy machine may be late.
                let io = |_| common::wait_until("the other computes", || gil.switches() > before);
                host.wait(Activity::WaitFirstByte, io);
            }
            Task::Noop.run(&mut host)
        });
        over.store(true, SeqCst);
        assert!(done.result.is_ok(), "{:?}", done.result);
        done.spans
    })
}

#[test]
fn who_waits_beside_who_computes_waits_an_interval_more_each_time() {
    const REQUESTS: usize = 10;
    let spans = convoy(REQUESTS);
    let requests = spans.iter().position(|span| span.kind == Activity::WaitFirstByte).expect("it has waited");
    let locks: Vec<&Span> = spans[requests..].iter().filter(|span| span.kind == Activity::WaitLock).collect();
    assert_eq!(locks.len(), REQUESTS, "one for each request: {spans:?}");
    let interval = SWITCH_INTERVAL.as_nanos() as u64;
    assert!(locks.iter().all(|span| span.end_ns - span.start_ns >= interval), "{locks:?}");
}

fn archive() -> (tempfile::TempDir, Gunzip) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let input = dir.path().join("archive.gz");
    let mut encoder = GzEncoder::new(fs::File::create(&input).expect("a writable directory"), Compression::fast());
    encoder.write_all(&vec![7; 300_000]).and_then(|()| encoder.try_finish()).expect("room");
    (dir, Gunzip { input, releases_lock: false })
}

#[test]
fn an_archive_is_decompressed_with_the_lock_or_without_it() {
    let (_dir, keeping) = archive();
    let releasing = Gunzip { releases_lock: true, ..keeping.clone() };
    for (task, expected) in [(keeping, false), (releasing, true)] {
        let mut released = 0;
        let mut host = Told(|asked| {
            released += usize::from(asked == Asked::Released);
            Ok(())
        });
        let output = task.run(&mut host).expect("a whole archive");
        assert_eq!(output.amount, 300_000);
        assert_eq!(released > 4, expected, "64 KiB at a time, {released} times");
        assert_eq!(released == 0, !expected);
    }
}

#[test]
fn without_the_lock_is_when_others_have_it() {
    let (gil, stop) = (Gil::new(SWITCH_INTERVAL), Stop::after(PATIENCE));
    let (mut mine, mut others, mut host) = (gil.holder(0, &stop), gil.holder(1, &stop), quiet());
    let mut under_lock = UnderLock::enter(&mut mine, &mut host).expect("it is free");
    let mut visit = || {
        assert!(others.try_take());
        others.give_back();
    };
    under_lock.released(&mut visit);
    under_lock.wait(Activity::WaitTransfer, |_| visit());
    assert!(!others.try_take(), "now it is held again");
}

#[test]
fn a_run_that_ends_does_not_wait_for_who_keeps_the_lock() {
    let (gil, forever) = (Gil::new(Duration::from_millis(1)), Stop::after(PATIENCE));
    let mut keeper = gil.holder(0, &forever);
    let over = Arc::new(AtomicBool::new(false));
    let stop = Stop::new(PATIENCE, &over);
    let (mut holder, mut lane) = (gil.holder(1, &stop), Lane::new(1, 0, stop.clone()));
    let done = lane.run_with(0, |lane| {
        let mut host = UnderLock::enter(&mut holder, lane)?;
        host.wait(Activity::WaitFirstByte, |_| {
            assert!(keeper.try_take(), "and it is never given back");
            over.store(true, SeqCst);
        });
        host.check()?;
        Task::Noop.run(&mut host)
    });
    assert_eq!(done.result, Err(makespan::task::TaskError::Cancelled));
}
