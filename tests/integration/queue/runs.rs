//! What a queue promises a run, on both engines: whatever dies, each job comes back once, with its answer or with the reason
//! why there is none.
#![cfg(target_os = "linux")]

use common::{
    self, PATIENCE, endless, fetch, gate, left_behind::send, number, primes, program_under_test, redis::RedisServer,
    results,
};
use makespan::{
    queue::{
        address::Address,
        broker::{Broker, MOST_TRIES, Peer, QueueError, Role},
        job::BUILD,
        worker::Membership,
    },
    strategy::{Env, Pool, QueueSettings, StartError, Strategy, Work, queue::Queue},
    task::{ErrorKind, Output, Task, TaskError},
    worker::{lane::Activity, process::WorkerProcess, stop::Stop, task_queue::Schedule},
};
use nix::sys::signal::Signal;
use std::{path::Path, thread, time::Duration};
use tempfile::TempDir;

/// The name of every queue here. Each test has an engine of its own.
pub const NAME: &str = "jobs";

/// A queue of a test's own.
pub struct Engine {
    pub address: Address,
    pub redis: Option<RedisServer>,
    pub _file: Option<TempDir>,
}

impl Engine {
    pub fn sqlite() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let address = Address::Sqlite(dir.path().join("queue.sqlite3"));
        Self { address, redis: None, _file: Some(dir) }
    }

    pub fn redis() -> Option<Self> {
        let server = RedisServer::start()?;
        Some(Self { address: server.address(), redis: Some(server), _file: None })
    }

    fn env(&self, own_workers: bool) -> Env {
        let queue = QueueSettings { address: Some(self.address.clone()), name: NAME.into(), own_workers };
        Env { queue, ..common::env() }
    }

    pub fn pool(&self, workers: u32) -> Box<dyn Pool> {
        Queue.start(number(workers).into(), &self.env(true)).expect("the pool starts")
    }

    pub fn broker(&self) -> Box<dyn Broker> {
        self.address.broker(NAME)
    }

    /// The processes of those who do jobs.
    fn workers(&self) -> Vec<u32> {
        let peers = self.broker().present().unwrap_or_default().into_iter();
        let pid = |peer: Peer| peer.id.rsplit(':').nth(1).expect("HOST:PID:NUMBER").parse().expect("a number");
        peers.filter(|peer| peer.role == Role::Worker).map(pid).collect()
    }
}

/// The same on both engines.
macro_rules! on_both {
    ($($name:ident)*) => {$(
        mod $name {
            #[test]
            fn on_sqlite() {
                super::$name(&super::Engine::sqlite());
            }

            #[test]
            fn on_redis() {
                super::Engine::redis().iter().for_each(super::$name);
            }
        }
    )*};
}

on_both! {
    a_killed_worker_s_job_is_done_by_another
    a_job_that_kills_every_worker_is_given_up
    without_workers_the_run_says_so_at_its_deadline
    workers_of_another_build_are_named
    a_job_fetches_from_its_run_s_server_alone
    at_the_deadline_what_is_done_comes_back
    one_pool_runs_nothing_little_and_much
    a_run_that_was_broken_off_leaves_nothing_to_the_next
    a_pool_leaves_with_all_its_workers
}

/// Work that may fetch from this server.
pub fn work(tasks: &[Task], server: &str, limit: Duration) -> Work {
    Work { server: Some(server.into()), stop: Stop::after(limit), ..common::work(tasks, Schedule::OneByOne) }
}

pub fn run(pool: &mut dyn Pool, work: &Work) -> Vec<Result<Output, TaskError>> {
    let _watchdog = work.stop.watchdog().expect("a thread");
    results(work.settle(pool.run(work)))
}

fn a_killed_worker_s_job_is_done_by_another(engine: &Engine) {
    let gate = gate::Gate::shut();
    let tasks = [vec![Task::Fetch(fetch(&gate.origin)); 2], vec![primes(0, 10); 20]].concat();
    let work = work(&tasks, &gate.origin, PATIENCE);
    let mut pool = engine.pool(2);
    let victim = engine.workers()[0];
    let killer = thread::spawn(move || {
        // When both have asked, each worker holds one of the first two jobs.
        let mut callers = gate.await_callers(2);
        send(Signal::SIGKILL, victim);
        // The job that was lost is asked for once more.
        callers.extend(gate.await_callers(1));
        gate::answer(callers, gate::OK);
    });
    let found = run(&mut *pool, &work);
    killer.join().expect("no panic");
    assert!(found.iter().all(Result::is_ok), "{found:?}");
    let redelivered = pool.account().redelivered;
    assert_eq!(redelivered.values().copied().collect::<Vec<_>>(), [1], "{redelivered:?}");
    assert!(redelivered.keys().all(|&index| index < 2), "{redelivered:?}");
    // Who took its place works too.
    let next = common::work(&tasks[2..], Schedule::OneByOne);
    assert!(run(&mut *pool, &next).iter().all(Result::is_ok));
    assert!(engine.workers().iter().any(|&pid| pid != victim));
    pool.close().expect("a killed worker has been replaced");
}

fn a_job_that_kills_every_worker_is_given_up(engine: &Engine) {
    let gate = gate::Gate::shut();
    let tasks = [Task::Fetch(fetch(&gate.origin)), primes(0, 10)];
    let work = work(&tasks, &gate.origin, PATIENCE);
    let mut pool = engine.pool(1);
    let kill_them = move || {
        for _ in 0..MOST_TRIES {
            // The worker that calls holds the job. There is one worker at a time; a dead one may still be listed.
            let callers = gate.await_callers(1);
            engine.workers().into_iter().for_each(|pid| {
                let _ = nix::sys::signal::kill(as_pid(pid), Signal::SIGKILL);
            });
            drop(callers);
        }
    };
    let found = thread::scope(|scope| {
        scope.spawn(kill_them);
        run(&mut *pool, &work)
    });
    assert!(matches!(&found[0], Err(TaskError::GivenUp { tries: MOST_TRIES, .. })), "{found:?}");
    assert!(found[1].is_ok(), "the other job is none the worse for it: {found:?}");
    assert_eq!(pool.account().redelivered.get(&0), Some(&(MOST_TRIES - 1)));
    pool.close().expect("those that were killed have been replaced");
}

fn as_pid(pid: u32) -> nix::unistd::Pid {
    nix::unistd::Pid::from_raw(pid.cast_signed())
}

fn without_workers_the_run_says_so_at_its_deadline(engine: &Engine) {
    let mut pool = Queue.start(number(1).into(), &engine.env(false)).expect("nobody is waited for");
    let work = work(&[primes(0, 10), primes(0, 20)], "http://unused:1", Duration::from_secs(1));
    let said: Vec<String> =
        run(&mut *pool, &work).into_iter().map(|one| one.expect_err("nobody").to_string()).collect();
    assert_eq!(said, ["0 of 2 done: no worker listens on queue `jobs`"; 2]);
    assert_eq!(pool.account().workers, Some(0));
    pool.close().expect("there is nobody to go home");
    let taken = engine.broker().take("late", None, Duration::ZERO).expect("the queue is there");
    assert_eq!(taken, None, "jobs of a run that is over are nobody's");
}

fn workers_of_another_build_are_named(engine: &Engine) {
    let mut broker = engine.broker();
    let stranger = Peer { id: "h:1:0".into(), role: Role::Worker, build: "0.0.1+strange".into(), host: "h".into() };
    assert_ne!(stranger.build, BUILD);
    let mut pool = Queue.start(number(1).into(), &engine.env(false)).expect("nobody is waited for");
    broker.beat(&stranger, &[]).expect("the queue is there");
    let work = work(&[primes(0, 10)], "http://unused:1", Duration::from_secs(1));
    let found = run(&mut *pool, &work);
    let said = found[0].as_ref().expect_err("nobody can do it").to_string();
    assert!(said.starts_with("0 of 1 done: no worker listens on queue `jobs`"), "{said}");
    assert!(said.contains("another build") && said.contains("0.0.1+strange"), "{said}");
    pool.close().expect("there is nobody to go home");
}

fn a_job_fetches_from_its_run_s_server_alone(engine: &Engine) {
    let (ours, other) = (gate::Gate::shut(), gate::Gate::shut());
    let urls = [ours.origin.clone(), other.origin.clone(), ours.origin.replace("http://", "http://a@")];
    let tasks: Vec<Task> = urls.iter().map(|url| Task::Fetch(fetch(url))).collect();
    let work = work(&tasks, &ours.origin, PATIENCE);
    let mut pool = engine.pool(2);
    let server = thread::spawn(move || gate::answer(ours.await_callers(1), gate::OK));
    let found = run(&mut *pool, &work);
    server.join().expect("no panic");
    let kinds: Vec<_> = found.iter().map(|one| one.as_ref().map(|_| ()).map_err(TaskError::kind)).collect();
    assert_eq!(kinds, [Ok(()), Err(ErrorKind::Refused), Err(ErrorKind::Refused)], "{found:?}");
    pool.close().expect("the workers are well");
}

fn at_the_deadline_what_is_done_comes_back(engine: &Engine) {
    let tasks = [primes(0, 10), endless(), primes(0, 20), endless(), endless()];
    let mut pool = engine.pool(2);
    let work = Work { stop: Stop::after(Duration::from_secs(2)), ..common::work(&tasks, Schedule::OneByOne) };
    let found = run(&mut *pool, &work);
    let kinds: Vec<_> = found.iter().map(|one| one.as_ref().map(|_| ()).map_err(TaskError::kind)).collect();
    let late = Err(ErrorKind::TimedOut);
    assert_eq!(kinds, [Ok(()), late, Ok(()), late, late], "{found:?}");
    pool.close().expect("the worker that ran it was told to stop");
}

fn one_pool_runs_nothing_little_and_much(engine: &Engine) {
    let mut pool = engine.pool(3);
    for count in [0, 1, 2000, 0, 3] {
        let work = common::work(&vec![Task::Noop; count], Schedule::OneByOne);
        let found = run(&mut *pool, &work);
        assert!(found.len() == count && found.iter().all(Result::is_ok));
        assert!(pool.account().redelivered.is_empty());
    }
    pool.close().expect("the workers are well");
}

fn a_run_that_was_broken_off_leaves_nothing_to_the_next(engine: &Engine) {
    let mut pool = engine.pool(2);
    let late = Work { stop: Stop::after(Duration::ZERO), ..common::work(&[endless(), endless()], Schedule::OneByOne) };
    assert!(run(&mut *pool, &late).iter().all(|one| one == &Err(TaskError::TimedOut)));
    // Its workers were ended with it; others take their places. A server that has not yet heard of it may hand a job to one
    // that is gone, so jobs may be handed out again.
    let found = run(&mut *pool, &common::work(&vec![primes(0, 10); 4], Schedule::OneByOne));
    assert!(found.iter().all(Result::is_ok), "{found:?}");
    pool.close().expect("the pool closes");
}

fn a_pool_leaves_with_all_its_workers(engine: &Engine) {
    let mut pool = engine.pool(2);
    let present = || engine.broker().present().expect("it is there").len();
    assert_eq!(present(), 3, "the run and its workers");
    assert!(run(&mut *pool, &common::work(&[primes(0, 10)], Schedule::OneByOne))[0].is_ok());
    assert_eq!(pool.account().workers, None, "the pool has as many as it was given");
    pool.close().expect("the pool closes");
    assert_eq!(present(), 0, "nobody is taken for present");
}

/// Answers callers one by one, and does something between two of them.
fn answer_in_turn(gate: &gate::Gate, count: usize, mut between: impl FnMut(usize)) {
    for done in 0..count {
        gate::answer(gate.await_callers(1), gate::OK);
        between(done + 1);
    }
}

#[test]
fn a_redis_that_is_killed_and_comes_back_loses_no_job() {
    let Some(Engine { address, redis: Some(mut server), .. }) = Engine::redis() else { return };
    let engine = Engine { address, redis: None, _file: None };
    let gate = gate::Gate::shut();
    let work = work(&vec![Task::Fetch(fetch(&gate.origin)); 12], &gate.origin, PATIENCE);
    let mut pool = engine.pool(2);
    let answering = thread::spawn(move || {
        answer_in_turn(&gate, 12, |done| {
            if done == 4 {
                server.kill();
                thread::sleep(Duration::from_millis(300));
                server.restart();
            }
        });
        // Jobs that were handed out again, because a worker could not say in time that it was still there.
        thread::spawn(move || gate::answer(gate.await_callers(1), gate::OK));
        server
    });
    let found = run(&mut *pool, &work);
    let _server = answering.join().expect("no panic");
    assert!(found.iter().all(Result::is_ok), "{found:?}");
    pool.close().expect("the workers are well");
}

#[test]
fn a_redis_that_is_gone_for_good_ends_the_run_at_its_deadline_with_what_is_done() {
    let Some(Engine { address, redis: Some(mut server), .. }) = Engine::redis() else { return };
    let engine = Engine { address, redis: None, _file: None };
    let gate = gate::Gate::shut();
    let mut pool = engine.pool(1);
    let work = work(&vec![Task::Fetch(fetch(&gate.origin)); 6], &gate.origin, Duration::from_secs(4));
    let answering = thread::spawn(move || {
        // When the third asks, the first two are delivered. What the run hasn't read by then is lost with the server.
        answer_in_turn(&gate, 2, |_| ());
        let third = gate.await_callers(1);
        server.await_reader();
        server.kill();
        gate::answer(third, gate::OK);
        server
    });
    let found = run(&mut *pool, &work);
    let _server = answering.join().expect("no panic");
    assert!(found[..2].iter().all(Result::is_ok), "{found:?}");
    for lost in &found[2..] {
        let said = lost.as_ref().expect_err("it can't come back").to_string();
        assert!(said.starts_with("2 of 6 done: the queue at redis://127.0.0.1:"), "{said}");
        assert!(said.contains("can't be reached"), "{said}");
    }
    pool.close().expect("a worker that waits for its queue can be told to go");
}

#[test]
fn a_redis_that_is_not_there_is_an_error_at_once() {
    let Some(mut engine) = Engine::redis() else { return };
    if let Some(server) = &mut engine.redis {
        server.kill();
    }
    let Err(error) = Queue.start(number(2).into(), &engine.env(true)) else { panic!("it started") };
    assert!(error.to_string().contains("can't be reached"), "{error}");
}

#[test]
fn a_queue_that_is_not_there_is_an_error_before_any_worker_starts() {
    let queue =
        QueueSettings { address: Some(Address::Sqlite("/no/such/place/queue.db".into())), ..Default::default() };
    // A program that can't be started either: nobody tries.
    let Err(error) = Queue.start(number(2).into(), &Env { queue, program: "/no/such/program".into(), ..common::env() })
    else {
        panic!("it started")
    };
    assert!(
        matches!(&error, StartError::Queue(QueueError::Unreachable { .. } | QueueError::Refused { .. })),
        "{error:?}"
    );
    assert!(error.to_string().contains("/no/such/place/queue.db"), "{error}");
}

fn member(env: &Env, directory: &Path, number: u32) -> WorkerProcess {
    let mut worker =
        WorkerProcess::spawn(Path::new(program_under_test()), number, common::number(1)).expect("it is spawned");
    worker.await_ready().expect("it greets");
    let membership = Membership {
        address: env.queue.address.clone().expect("it has one"),
        queue: env.queue.name.clone(),
        threads: common::number(1),
        first_worker: 0,
        data: env.data.clone(),
        outputs: directory.join("outputs"),
        server: None,
    };
    worker.join(&membership).expect("it is told to join");
    worker.await_joined().expect("it joins");
    worker
}

#[test]
fn workers_that_others_started_do_the_work_and_are_counted() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let address = Some(Address::Sqlite(directory.path().join("queue.db")));
    let queue = QueueSettings { address, name: "pictures".into(), own_workers: false };
    let env = Env { queue, ..common::env() };
    let workers = [0, 1].map(|number| member(&env, directory.path(), number));
    let mut pool = Queue.start(number(1).into(), &env).expect("the pool starts");
    let tasks: Vec<Task> = (0..20).map(|part| primes(part * 10, part * 10 + 10)).collect();
    let work = common::work(&tasks, Schedule::OneByOne);
    let done = work.settle(pool.run(&work));
    let account = pool.account();
    pool.close().expect("the pool closes");
    assert!(done.iter().all(|one| one.result.is_ok()), "{done:?}");
    let present = env.queue.address.as_ref().expect("it has one").broker("pictures").present().expect("it is there");
    assert_eq!(present.len(), 2, "the pool has left: {present:?}");
    assert_eq!(account.workers, Some(2), "also one that came too late to do anything");
    assert!(account.elsewhere.is_empty(), "they read the same clock");
    for one in &done {
        let kinds: Vec<Activity> = one.spans.iter().map(|span| span.kind).collect();
        assert_eq!(kinds, [Activity::Run, Activity::Enqueue, Activity::Queued, Activity::Return]);
        assert!(one.spans.iter().all(|span| span.worker < 2 && span.index == Some(one.index)), "{one:?}");
        let (run, job) = (one.spans[0], &one.spans[1..]);
        assert!(job[0].end_ns <= job[1].start_ns && job[1].end_ns <= run.start_ns && run.end_ns <= job[2].start_ns);
    }
    for worker in workers {
        worker.close().expect("it goes when it is told to");
    }
}
