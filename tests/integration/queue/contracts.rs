//! What every queue promises, whichever engine it runs on: the trait's documentation, sentence by sentence.
//!
//! Each contract is written once, against an address, and run for each engine: see `engines!` at the end.

#![expect(clippy::unwrap_used, reason = "a test that meets something unexpected is to fail there")]

use common::redis::RedisServer;
use makespan::{
    measure::axis::{ClockAxis, ClockReading, Offset},
    queue::{
        address::Address,
        broker::{BEAT, Broker, Buried, Finished, LEASE, MOST_TRIES, Peer, Role, TakenJob},
        job::{BUILD, Delivered, Job, Message},
        job_spec::Errand,
    },
    task::TaskError,
    worker::lane::Done,
};
use proptest::prelude::{Strategy, any, prop_assert_eq, prop_oneof};
use std::{
    cell::RefCell,
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

/// A queue's name.
const QUEUE: &str = "contract";

/// Where messages go.
const REPLIES: &str = "pool:1";

/// Longer than anything here takes: what is not there by then doesn't come.
const PATIENCE: Duration = Duration::from_mins(1);

/// The jobs of `a_job_is_taken_by_one_of_many_takers`.
const JOBS: u32 = 300;

/// How long to wait for what must not come.
const IN_VAIN: Duration = Duration::from_millis(20);

/// An engine with a place of its own, which goes with it.
struct Place {
    address: Address,
    /// Makes jobs of this build that wait in `QUEUE` look like another's.
    of_another_build: Box<dyn Fn()>,
    _keep: Box<dyn std::any::Any>,
}

fn queue(at: &Address) -> Box<dyn Broker> {
    at.broker(QUEUE)
}

fn job(broker: &mut dyn Broker, index: u32) -> Job {
    let deadline_ns = broker.now_ns().unwrap() + 3_600_000_000_000;
    Job { run: 7, index, deadline_ns, due_ns: None, server: Some("http://127.0.0.1:1".into()), errand: Errand::Noop }
}

fn jobs(broker: &mut dyn Broker, indexes: std::ops::Range<u32>) -> Vec<Job> {
    indexes.map(|index| job(broker, index)).collect()
}

fn enqueue(broker: &mut dyn Broker, indexes: std::ops::Range<u32>) {
    let jobs = jobs(broker, indexes);
    broker.enqueue(REPLIES, &jobs).unwrap();
}

fn take(broker: &mut dyn Broker, worker: &str) -> Option<TakenJob> {
    broker.take(worker, None, Duration::ZERO).unwrap()
}

/// Delivers, and takes nothing: there must be nothing.
fn deliver(broker: &mut dyn Broker, worker: &str, taken: &TakenJob) {
    assert_eq!(broker.take(worker, Some(&finished(worker, taken)), Duration::ZERO).unwrap(), None);
}

fn finished(worker: &str, taken: &TakenJob) -> Finished {
    let axis = ClockAxis { host: "here".into(), boot: None, time_namespace: None };
    let delivered = Delivered {
        run: taken.job.run,
        worker: worker.into(),
        attempt: taken.attempt,
        taken_ns: 1,
        clock: ClockReading { axis, to_queue: Offset::default() },
        outages: Box::default(),
        done: Done { index: taken.job.index, result: Err(TaskError::TimedOut), spans: Vec::new() },
    };
    Finished { id: taken.id.clone(), reply_to: taken.reply_to.clone(), message: Message::Delivered(delivered) }
}

/// What the messages are about: the task, and the worker that did it or was lost with it.
fn messages(broker: &mut dyn Broker) -> Vec<(&'static str, u32, String)> {
    let about = |message| match message {
        Message::Delivered(it) => ("delivered", it.done.index, it.worker),
        Message::Redelivered { index, from, .. } => ("redelivered", index, from),
    };
    broker.messages(REPLIES, Duration::ZERO).unwrap().into_iter().map(about).collect()
}

fn peer(id: &str, role: Role) -> Peer {
    Peer { id: id.into(), role, build: BUILD.into(), host: "here".into() }
}

/// Says that the worker is still at work on this job; whether it still is its own.
fn keeps(broker: &mut dyn Broker, worker: &str, held: &TakenJob) -> bool {
    let lost = broker.beat(&peer(worker, Role::Worker), std::slice::from_ref(&held.id)).unwrap();
    assert!(lost.iter().all(|id| *id == held.id));
    lost.is_empty()
}

fn indexes(taken: &[TakenJob]) -> Vec<u32> {
    taken.iter().map(|taken| taken.job.index).collect()
}

/// Takes all that there is.
fn take_all(broker: &mut dyn Broker) -> Vec<TakenJob> {
    std::iter::from_fn(|| take(broker, "w")).collect()
}

fn it_tells_how_many_jobs_of_a_run_it_holds(at: &Address) {
    let mut broker = queue(at);
    let all = jobs(&mut *broker, 0..5);
    broker.enqueue(REPLIES, &all).unwrap();
    broker.enqueue("pool:2", &all[..3]).unwrap();
    let taken = take(&mut *broker, "w").unwrap();
    assert!(broker.held(REPLIES, 5).unwrap() >= 5, "also those that are lent");
    broker.deliver("w", &finished("w", &taken)).unwrap();
    // More than this run has: the exact number is wanted.
    assert_eq!(broker.held(REPLIES, 9).unwrap(), 4);
    broker.withdraw(REPLIES).unwrap();
    assert_eq!(broker.held(REPLIES, 4).unwrap(), 0);
    assert_eq!(broker.held("pool:2", 9).unwrap(), 3);
}

fn jobs_of_runs_that_are_not_there_are_swept_and_no_others(at: &Address) {
    let mut broker = queue(at);
    let all = jobs(&mut *broker, 0..3);
    broker.beat(&peer("here:1:run-0", Role::Run), &[]).unwrap();
    for run in ["here:1:run-0:7", "gone:1:run-0:7", "gone:1:run-0:8"] {
        broker.enqueue(run, &all).unwrap();
    }
    assert_eq!(broker.sweep().unwrap(), 6);
    let held = ["here:1:run-0:7", "gone:1:run-0:7", "gone:1:run-0:8"].map(|run| broker.held(run, 9).unwrap());
    assert_eq!(held, [3, 0, 0]);
    broker.leave("here:1:run-0").unwrap();
    assert_eq!((broker.sweep().unwrap(), broker.sweep().unwrap()), (3, 0));
    assert_eq!(take(&mut *broker, "w"), None);
}

fn a_run_is_heard_of_when_it_enqueues(at: &Address) {
    let mut broker = queue(at);
    let run = peer("here:1:run-0", Role::Run);
    broker.beat(&run, &[]).unwrap();
    let all = jobs(&mut *broker, 0..1);
    // Longer than a lease, and it says nothing but this.
    for number in 0..3 {
        thread::sleep(LEASE / 2);
        broker.enqueue(&format!("here:1:run-0:{number}"), &all).unwrap();
    }
    assert_eq!(broker.present().unwrap(), [run]);
    assert_eq!(broker.sweep().unwrap(), 0);
}

fn jobs_are_taken_in_the_order_of_enqueuing(at: &Address) {
    let mut broker = queue(at);
    enqueue(&mut *broker, 0..3);
    let later = jobs(&mut *broker, 3..5);
    broker.enqueue("another", &later).unwrap();
    enqueue(&mut *broker, 5..12);
    let taken = take_all(&mut *broker);
    assert_eq!(indexes(&taken), (0..12).collect::<Vec<_>>());
    assert!(taken.iter().all(|taken| taken.attempt == 1));
    assert!((3..5).all(|index| taken[index].reply_to == "another" && taken[index].job == later[index - 3]));
}

fn a_job_is_taken_by_one_of_many_takers(at: &Address) {
    let mut run = queue(at);
    enqueue(&mut *run, 0..JOBS / 2);
    let mut taken: Vec<u32> = thread::scope(|scope| {
        let takers: Vec<_> =
            (0..6).map(|number| scope.spawn(move || work_off(&mut *queue(at), &format!("w{number}")))).collect();
        enqueue(&mut *run, JOBS / 2..JOBS);
        // The end, for each of them.
        enqueue(&mut *run, JOBS..JOBS + 6);
        takers.into_iter().flat_map(|taker| taker.join().unwrap()).collect()
    });
    taken.sort_unstable();
    assert_eq!(taken, (0..JOBS).collect::<Vec<_>>());
    let mut told: Vec<_> = messages(&mut *run).into_iter().map(|(what, index, _)| (what, index)).collect();
    told.sort_unstable();
    assert_eq!(told, (0..JOBS).map(|index| ("delivered", index)).collect::<Vec<_>>());
}

/// Takes and delivers up to the first job that is an end.
fn work_off(broker: &mut dyn Broker, worker: &str) -> Vec<u32> {
    let mut did = Vec::new();
    let mut last = None;
    loop {
        let taken = broker.take(worker, last.as_ref(), PATIENCE).unwrap().expect("there is an end for each");
        if taken.job.index >= JOBS {
            return did;
        }
        did.push(taken.job.index);
        last = Some(finished(worker, &taken));
    }
}

fn who_waits_gets_what_comes(at: &Address) {
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let mut broker = queue(at);
            let taken = broker.take("w", None, PATIENCE).unwrap().expect("a job");
            deliver(&mut *broker, "w", &taken);
        });
        let run = scope.spawn(|| queue(at).messages(REPLIES, PATIENCE).unwrap());
        // Both may be waiting by now; where they aren't yet, the promise is the same.
        thread::sleep(IN_VAIN);
        enqueue(&mut *queue(at), 0..1);
        worker.join().unwrap();
        assert_eq!(run.join().unwrap().len(), 1);
    });
}

fn nothing_comes_of_nothing(at: &Address) {
    let mut broker = queue(at);
    for patience in [Duration::ZERO, IN_VAIN] {
        assert_eq!(broker.take("w", None, patience).unwrap(), None);
        assert_eq!(broker.messages(REPLIES, patience).unwrap(), []);
    }
    assert_eq!(broker.bury(REPLIES).unwrap(), []);
    assert_eq!(broker.present().unwrap(), []);
    broker.enqueue(REPLIES, &[]).unwrap();
    broker.withdraw(REPLIES).unwrap();
    broker.leave("nobody").unwrap();
    assert_eq!(take(&mut *broker, "w"), None);
}

fn messages_come_in_order_and_once(at: &Address) {
    let (mut run, mut worker) = (queue(at), queue(at));
    enqueue(&mut *run, 0..5);
    let taken = take_all(&mut *worker);
    for done in [&taken[3], &taken[0], &taken[4]] {
        deliver(&mut *worker, "w", done);
    }
    assert_eq!(messages(&mut *run).into_iter().map(|it| it.1).collect::<Vec<_>>(), [3, 0, 4]);
    for done in [&taken[2], &taken[1]] {
        deliver(&mut *worker, "w", done);
    }
    assert_eq!(messages(&mut *run).into_iter().map(|it| it.1).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(messages(&mut *run), []);
}

fn what_is_delivered_is_what_is_read(at: &Address) {
    let mut broker = queue(at);
    enqueue(&mut *broker, 0..1);
    let taken = take(&mut *broker, "w").unwrap();
    deliver(&mut *broker, "w", &taken);
    assert_eq!(broker.messages(REPLIES, PATIENCE).unwrap(), [finished("w", &taken).message]);
}

fn a_result_counts_once(at: &Address) {
    let mut broker = queue(at);
    enqueue(&mut *broker, 0..1);
    let taken = take(&mut *broker, "w").unwrap();
    for _ in 0..3 {
        deliver(&mut *broker, "w", &taken);
    }
    assert_eq!(messages(&mut *broker).len(), 1);
}

fn a_delivery_comes_with_the_next_job(at: &Address) {
    let mut broker = queue(at);
    enqueue(&mut *broker, 0..2);
    let first = take(&mut *broker, "w").unwrap();
    let second = broker.take("w", Some(&finished("w", &first)), Duration::ZERO).unwrap().unwrap();
    assert_eq!((first.job.index, second.job.index), (0, 1));
    assert_eq!(messages(&mut *broker), [("delivered", 0, "w".into())]);
}

fn what_was_withdrawn_is_gone(at: &Address) {
    let (mut run, mut worker) = (queue(at), queue(at));
    enqueue(&mut *run, 0..4);
    let (done, held) = (take(&mut *worker, "w").unwrap(), take(&mut *worker, "w").unwrap());
    worker.take("w", Some(&finished("w", &done)), Duration::ZERO).unwrap().unwrap();
    let others = jobs(&mut *run, 10..11);
    run.enqueue("another", &others).unwrap();
    run.withdraw(REPLIES).unwrap();
    assert!(!keeps(&mut *worker, "w", &held));
    let left = worker.take("w", Some(&finished("w", &held)), Duration::ZERO).unwrap().unwrap();
    assert_eq!(left.job, others[0], "another run's job stays");
    assert_eq!(messages(&mut *run), []);
}

fn who_was_heard_of_is_present(at: &Address) {
    let (mut one, mut other) = (queue(at), queue(at));
    let peers =
        [peer("a", Role::Worker), peer("b", Role::Run), Peer { build: "another".into(), ..peer("c", Role::Worker) }];
    for peer in &peers {
        one.beat(peer, &[]).unwrap();
        one.beat(peer, &[]).unwrap();
    }
    let mut present = other.present().unwrap();
    present.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(present, peers);
    other.leave("b").unwrap();
    let mut present: Vec<String> = one.present().unwrap().into_iter().map(|peer| peer.id).collect();
    present.sort();
    assert_eq!(present, ["a", "c"]);
}

fn names_are_queues_of_their_own(at: &Address) {
    let (mut here, mut there) = (queue(at), at.broker("another"));
    enqueue(&mut *here, 0..1);
    assert_eq!(take(&mut *there, "w"), None);
    let held = take(&mut *here, "w").unwrap();
    deliver(&mut *there, "w", &held);
    assert!(!keeps(&mut *there, "w", &held));
    assert!(keeps(&mut *here, "w", &held));
    there.withdraw(REPLIES).unwrap();
    deliver(&mut *here, "w", &held);
    assert_eq!(messages(&mut *there), []);
    there.leave("w").unwrap();
    assert_eq!((here.present().unwrap().len(), there.present().unwrap().len()), (1, 0));
    assert_eq!(messages(&mut *here).len(), 1);
}

fn a_job_past_its_deadline_is_not_handed_out(at: &Address) {
    let mut broker = queue(at);
    let mut late = jobs(&mut *broker, 0..4);
    late.iter_mut().for_each(|job| job.deadline_ns = 1);
    late.extend(jobs(&mut *broker, 4..5));
    broker.enqueue(REPLIES, &late).unwrap();
    assert_eq!(indexes(&take_all(&mut *broker)), [4]);
    assert_eq!(messages(&mut *broker), []);
}

/// Makes connections to one queue.
type Queue<'a> = &'a dyn Fn() -> Box<dyn Broker>;

/// These wait for leases to lapse: all at once, for it takes time.
fn what_a_lease_promises(at: &Address) {
    let contracts: [fn(Queue); 7] = [
        who_beats_keeps_its_job,
        who_is_silent_loses_its_job,
        who_leaves_loses_its_job,
        the_first_result_counts_even_if_late,
        a_job_that_loses_all_workers_is_buried,
        a_lost_job_does_not_wait_for_the_others,
        a_lost_job_past_its_deadline_is_not_handed_out,
    ];
    thread::scope(|scope| {
        for (number, contract) in contracts.into_iter().enumerate() {
            scope.spawn(move || contract(&|| at.broker(&format!("lease {number}"))));
        }
    });
}

fn who_beats_keeps_its_job(queue: Queue) {
    let (mut holder, mut other) = (queue(), queue());
    enqueue(&mut *holder, 0..1);
    let held = take(&mut *holder, "holder").unwrap();
    let until = Instant::now() + LEASE + 2 * BEAT;
    while Instant::now() < until {
        assert!(keeps(&mut *holder, "holder", &held));
        assert_eq!(other.take("other", None, BEAT).unwrap(), None);
    }
    deliver(&mut *holder, "holder", &held);
    assert_eq!(messages(&mut *other), [("delivered", 0, "holder".into())]);
}

/// Takes the job that another is losing, and holds it.
fn take_over(broker: &mut dyn Broker, worker: &str) -> TakenJob {
    broker.take(worker, None, PATIENCE).unwrap().expect("the job comes back")
}

fn who_is_silent_loses_its_job(queue: Queue) {
    let (mut lost, mut other) = (queue(), queue());
    enqueue(&mut *lost, 0..1);
    let held = take(&mut *lost, "lost").unwrap();
    assert!(keeps(&mut *lost, "lost", &held));
    let again = take_over(&mut *other, "other");
    thread::sleep(IN_VAIN);
    assert_eq!((again.attempt, &again.id, &again.job), (2, &held.id, &held.job));
    assert_eq!(other.present().unwrap(), []);
    assert_eq!(messages(&mut *other), [("redelivered", 0, "lost".into())], "told before it is begun");
    assert!(!keeps(&mut *lost, "lost", &held));
    assert!(keeps(&mut *other, "other", &again));
    deliver(&mut *other, "other", &again);
    deliver(&mut *lost, "lost", &held);
    assert_eq!(messages(&mut *other), [("delivered", 0, "other".into())]);
}

fn who_leaves_loses_its_job(queue: Queue) {
    let mut broker = queue();
    enqueue(&mut *broker, 0..1);
    let held = take(&mut *broker, "gone").unwrap();
    assert!(keeps(&mut *broker, "gone", &held));
    broker.leave("gone").unwrap();
    assert_eq!(take_over(&mut *broker, "other").attempt, 2);
}

fn the_first_result_counts_even_if_late(queue: Queue) {
    let (mut slow, mut other) = (queue(), queue());
    enqueue(&mut *slow, 0..1);
    let held = take(&mut *slow, "slow").unwrap();
    let again = take_over(&mut *other, "other");
    deliver(&mut *slow, "slow", &held);
    assert!(!keeps(&mut *other, "other", &again));
    deliver(&mut *other, "other", &again);
    assert_eq!(messages(&mut *other), [("redelivered", 0, "slow".into()), ("delivered", 0, "slow".into())]);
}

fn a_job_that_loses_all_workers_is_buried(queue: Queue) {
    let mut broker = queue();
    enqueue(&mut *broker, 0..1);
    for attempt in 1..=MOST_TRIES {
        assert_eq!(take_over(&mut *broker, &format!("w{attempt}")).attempt, attempt);
        assert_eq!(broker.bury(REPLIES).unwrap(), [], "somebody has it");
    }
    let until = Instant::now() + PATIENCE;
    let buried = loop {
        assert_eq!(broker.take("w", None, BEAT).unwrap(), None, "it has no tries left");
        assert_eq!(broker.bury("another").unwrap(), [], "it is another run's");
        let buried = broker.bury(REPLIES).unwrap();
        if !buried.is_empty() || Instant::now() > until {
            break buried;
        }
    };
    let last_worker = format!("w{MOST_TRIES}");
    assert_eq!(buried, [Buried { run: 7, index: 0, tries: MOST_TRIES, last_worker }]);
    assert_eq!(broker.bury(REPLIES).unwrap(), []);
    let told: Vec<_> = (1..MOST_TRIES).map(|attempt| ("redelivered", 0, format!("w{attempt}"))).collect();
    assert_eq!(messages(&mut *broker), told);
}

fn a_lost_job_does_not_wait_for_the_others(queue: Queue) {
    let mut broker = queue();
    enqueue(&mut *broker, 0..1);
    take(&mut *broker, "lost").unwrap();
    let until = Instant::now() + PATIENCE;
    let mut last = None;
    for next in 1.. {
        // There is always one more than is taken.
        enqueue(&mut *broker, 2 * next..2 * next + 2);
        let taken = broker.take("w", last.as_ref(), Duration::ZERO).unwrap().unwrap();
        if taken.job.index == 0 {
            assert_eq!(taken.attempt, 2);
            break;
        }
        assert!(Instant::now() < until, "jobs that wait hide one that was lost");
        last = Some(finished("w", &taken));
        thread::sleep(Duration::from_millis(10));
    }
}

fn a_lost_job_past_its_deadline_is_not_handed_out(queue: Queue) {
    let mut broker = queue();
    let deadline_ns = broker.now_ns().unwrap() + LEASE.as_nanos() as u64;
    let short = Job { deadline_ns, ..job(&mut *broker, 0) };
    broker.enqueue(REPLIES, &[short]).unwrap();
    assert!(take(&mut *broker, "lost").is_some());
    let deaf = LEASE + 2 * BEAT;
    assert_eq!(broker.take("other", None, deaf).unwrap(), None);
    assert_eq!(messages(&mut *broker), []);
}

fn other_builds_jobs_are_left_alone(place: &Place) {
    let mut broker = queue(&place.address);
    enqueue(&mut *broker, 0..2);
    (place.of_another_build)();
    assert_eq!(broker.take("w", None, IN_VAIN).unwrap(), None);
    enqueue(&mut *broker, 2..3);
    assert_eq!(indexes(&take_all(&mut *broker)), [2]);
}

/// One step of a participant.
#[derive(Debug, Clone)]
enum Step {
    Enqueue { run: usize, jobs: u32 },
    Take { worker: usize, delivers: bool },
    Read { run: usize },
    Withdraw { run: usize },
}

const RUNS: usize = 2;
const WORKERS: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..RUNS, 1_u32..5).prop_map(|(run, jobs)| Step::Enqueue { run, jobs }),
        6 => (0..WORKERS, any::<bool>()).prop_map(|(worker, delivers)| Step::Take { worker, delivers }),
        2 => (0..RUNS).prop_map(|run| Step::Read { run }),
        1 => (0..RUNS).prop_map(|run| Step::Withdraw { run }),
    ]
}

/// A model of the queue: no worker is lost, so it has no leases.
#[derive(Default)]
struct Model {
    enqueued: u32,
    waiting: VecDeque<(usize, u32)>,
    unfinished: Vec<(usize, u32)>,
    messages: [Vec<u32>; RUNS],
}

impl Model {
    fn enqueue(&mut self, run: usize, jobs: u32) -> std::ops::Range<u32> {
        let indexes = self.enqueued..self.enqueued + jobs;
        self.enqueued += jobs;
        self.waiting.extend(indexes.clone().map(|index| (run, index)));
        self.unfinished.extend(indexes.clone().map(|index| (run, index)));
        indexes
    }

    fn deliver(&mut self, index: u32) {
        if let Some(at) = self.unfinished.iter().position(|job| job.1 == index) {
            let (run, index) = self.unfinished.remove(at);
            self.messages[run].push(index);
        }
    }

    fn withdraw(&mut self, run: usize) {
        self.waiting.retain(|job| job.0 != run);
        self.unfinished.retain(|job| job.0 != run);
        self.messages[run].clear();
    }
}

/// Whatever the order of steps, the queue does what the model does.
fn it_behaves_like_the_model(at: &Address) {
    static CASES: AtomicU64 = AtomicU64::new(0);
    let config = proptest::test_runner::Config { cases: 48, failure_persistence: None, ..Default::default() };
    let steps = proptest::collection::vec(step(), 1..60);
    let outcome = proptest::test_runner::TestRunner::new(config).run(&steps, |steps| {
        let name = format!("model {}", CASES.fetch_add(1, Relaxed));
        let mut run = at.broker(&name);
        let mut workers: Vec<_> = (0..WORKERS).map(|_| (at.broker(&name), None::<TakenJob>)).collect();
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Enqueue { run: number, jobs: count } => {
                    let jobs = jobs(&mut *run, model.enqueue(number, count));
                    run.enqueue(&format!("run {number}"), &jobs).unwrap();
                }
                Step::Take { worker, delivers } => {
                    let (broker, held) = &mut workers[worker];
                    let done = held.as_ref().filter(|_| delivers).map(|held| finished("w", held));
                    if let Some(held) = held.take().filter(|_| delivers) {
                        model.deliver(held.job.index);
                    }
                    *held = broker.take("w", done.as_ref(), Duration::ZERO).unwrap();
                    let expected = model.waiting.pop_front();
                    prop_assert_eq!(held.as_ref().map(|held| held.job.index), expected.map(|(_, index)| index));
                }
                Step::Read { run: number } => {
                    let read = run.messages(&format!("run {number}"), Duration::ZERO).unwrap();
                    let read: Vec<u32> = read
                        .iter()
                        .map(|message| match message {
                            Message::Delivered(it) => it.done.index,
                            Message::Redelivered { index, .. } => panic!("{index} was lost"),
                        })
                        .collect();
                    prop_assert_eq!(read, std::mem::take(&mut model.messages[number]));
                }
                Step::Withdraw { run: number } => {
                    run.withdraw(&format!("run {number}")).unwrap();
                    model.withdraw(number);
                }
            }
        }
        Ok(())
    });
    if let Err(failed) = outcome {
        panic!("{failed}");
    }
}

#[expect(clippy::unnecessary_wraps, reason = "in the form of the other engine, which may be missing")]
fn on_sqlite() -> Option<Place> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.sqlite");
    let address = Address::Sqlite(file.clone());
    let of_another_build = Box::new(move || {
        let jobs = rusqlite::Connection::open(&file).unwrap();
        jobs.execute("UPDATE jobs SET build = 'another', body = x'ff'", []).unwrap();
    });
    Some(Place { address, of_another_build, _keep: Box::new(folder) })
}

fn on_redis() -> Option<Place> {
    let server = RedisServer::start()?;
    let (address, connection) = (server.address(), RefCell::new(server.connect()));
    let of_another_build = Box::new(move || {
        let of = |build: &str| format!("makespan:{QUEUE}:{build}:jobs");
        redis::cmd("RENAME").arg(of(BUILD)).arg(of("another")).exec(&mut connection.borrow_mut()).unwrap();
    });
    Some(Place { address, of_another_build, _keep: Box::new(server) })
}

/// Runs each contract for each engine, in a place of its own.
macro_rules! engines {
    ($($engine:ident)* : $contracts:tt) => {$(
        mod $engine {
            contracts! { $engine $contracts }
        }
    )*};
}

macro_rules! contracts {
    ($engine:ident { $($contract:ident)* }) => {
        #[test]
        fn other_builds_jobs_are_left_alone() {
            super::$engine().iter().for_each(super::other_builds_jobs_are_left_alone);
        }

        $(#[test]
        fn $contract() {
            super::$engine().iter().for_each(|place| super::$contract(&place.address));
        })*
    };
}

engines! { on_sqlite on_redis: {
    jobs_are_taken_in_the_order_of_enqueuing
    a_job_is_taken_by_one_of_many_takers
    who_waits_gets_what_comes
    nothing_comes_of_nothing
    messages_come_in_order_and_once
    what_is_delivered_is_what_is_read
    a_result_counts_once
    a_delivery_comes_with_the_next_job
    what_was_withdrawn_is_gone
    it_tells_how_many_jobs_of_a_run_it_holds
    jobs_of_runs_that_are_not_there_are_swept_and_no_others
    a_run_is_heard_of_when_it_enqueues
    who_was_heard_of_is_present
    names_are_queues_of_their_own
    a_job_past_its_deadline_is_not_handed_out
    what_a_lease_promises
    it_behaves_like_the_model
} }
