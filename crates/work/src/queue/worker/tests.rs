//! Workers on a queue that does what a test wants: breaks off, takes a job away, holds unreadable entries.

use super::*;
use crate::{
    queue::{
        broker::{Buried, Finished, JobId, TakenJob},
        job::{Delivered, Job, Message},
        job_spec::Errand,
    },
    task::{
        ErrorKind, TaskError,
        fetch::Fetch,
        prime_sum::{Method, PrimeSum},
    },
    worker::lane::Activity,
};
use measure::clock::now_ns;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Condvar,
    time::Instant,
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Default)]
struct HubState {
    waiting: VecDeque<(JobId, Job)>,
    /// Which worker.
    taken: BTreeMap<JobId, String>,
    /// Jobs named by heartbeats.
    renewed: BTreeSet<JobId>,
    delivered: Vec<Delivered>,
    peers: BTreeMap<String, Peer>,
    runs: Vec<Peer>,
    unreachable: bool,
    unreadable: bool,
    refuses: bool,
}

/// The queue, shared by the test and every connection.
#[derive(Clone, Default)]
struct Hub {
    state: Arc<(Mutex<HubState>, Condvar)>,
    clock_ahead_ns: u64,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hub")
    }
}

fn address() -> String {
    "nowhere".into()
}

impl Hub {
    fn change<T>(&self, change: impl FnOnce(&mut HubState) -> T) -> T {
        let result = change(&mut locked(&self.state.0));
        self.state.1.notify_all();
        result
    }

    /// Waits for something that must happen.
    fn wait_until(&self, what: &str, mut come_to_pass: impl FnMut(&HubState) -> bool) {
        let state = locked(&self.state.0);
        let (_state, waited) = self
            .state
            .1
            .wait_timeout_while(state, PATIENCE, |state| !come_to_pass(state))
            .unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.timed_out(), "this never happened: {what}");
    }

    fn ask(&mut self, left: Duration, job: (u32, Errand)) {
        let deadline_ns = now_ns() + self.clock_ahead_ns + left.as_nanos() as u64;
        let (index, errand) = job;
        let job = Job { run: 7, index, deadline_ns, due_ns: None, server: Some("http://127.0.0.1:1".into()), errand };
        self.change(|state| state.waiting.push_back((format!("job {index}"), job)));
    }

    fn reach<T>(&self, act: impl FnOnce(&mut HubState) -> T) -> Result<T, QueueError> {
        self.change(|state| match (state.unreachable, state.refuses) {
            (true, _) => Err(QueueError::Unreachable { address: address(), cause: "cut off".into() }),
            (_, true) => Err(QueueError::Refused { address: address(), cause: "wrong password".into() }),
            _ => Ok(act(state)),
        })
    }
}

impl HubState {
    fn finish(&mut self, worker: &str, finished: &Finished) {
        if self.taken.get(&finished.id).is_some_and(|owner| owner == worker) {
            self.taken.remove(&finished.id);
            let Message::Delivered(delivered) = &finished.message else { panic!("workers deliver") };
            self.delivered.push(delivered.clone());
        }
    }
}

impl Broker for Hub {
    fn until(&mut self, _: Option<Instant>) {}

    fn held(&mut self, _: &str, _: usize) -> Result<usize, QueueError> {
        unreachable!("workers don't count jobs")
    }

    fn sweep(&mut self) -> Result<usize, QueueError> {
        unreachable!("workers leave that to runs")
    }

    fn now_ns(&mut self) -> Result<u64, QueueError> {
        self.reach(|_| now_ns() + self.clock_ahead_ns)
    }

    fn present(&mut self) -> Result<Vec<Peer>, QueueError> {
        self.reach(|state| state.runs.iter().chain(state.peers.values()).cloned().collect())
    }

    fn beat(&mut self, peer: &Peer, holds: &[JobId]) -> Result<Vec<JobId>, QueueError> {
        self.reach(|state| {
            state.peers.insert(peer.id.clone(), peer.clone());
            let (held, gone): (Vec<JobId>, Vec<JobId>) =
                holds.iter().cloned().partition(|id| state.taken.get(id) == Some(&peer.id));
            state.renewed.extend(held);
            gone
        })
    }

    fn leave(&mut self, peer: &str) -> Result<(), QueueError> {
        self.reach(|state| drop(state.peers.remove(peer)))
    }

    fn take(
        &mut self,
        worker: &str,
        finished: Option<&Finished>,
        patience: Duration,
    ) -> Result<Option<TakenJob>, QueueError> {
        let until = Instant::now() + patience;
        self.deliver(worker, finished.unwrap_or(&nothing()))?;
        loop {
            let taken = self.reach(|state| {
                if state.unreadable {
                    return Err(QueueError::Foreign { address: address(), what: "noise".into() });
                }
                let next = state.waiting.pop_front();
                Ok(next.map(|(id, job)| {
                    state.taken.insert(id.clone(), worker.to_owned());
                    TakenJob { id, reply_to: "replies".into(), attempt: 2, job }
                }))
            })??;
            let left = until.saturating_duration_since(Instant::now());
            if taken.is_some() || left.is_zero() {
                return Ok(taken);
            }
            let _ = self.state.1.wait_timeout(locked(&self.state.0), left);
        }
    }

    fn deliver(&mut self, worker: &str, finished: &Finished) -> Result<(), QueueError> {
        self.reach(|state| state.finish(worker, finished))
    }

    fn enqueue(&mut self, _: &str, _: &[Job]) -> Result<(), QueueError> {
        panic!("workers don't")
    }
    fn messages(&mut self, _: &str, _: Duration) -> Result<Vec<Message>, QueueError> {
        panic!("workers don't")
    }
    fn bury(&mut self, _: &str) -> Result<Vec<Buried>, QueueError> {
        panic!("workers don't")
    }
    fn withdraw(&mut self, _: &str) -> Result<(), QueueError> {
        panic!("workers don't")
    }
}

/// A delivery that has no effect.
fn nothing() -> Finished {
    let message = Message::Redelivered { run: 0, index: 0, from: String::new() };
    Finished { id: "no such job".into(), reply_to: String::new(), message }
}

fn membership(threads: u32) -> Membership {
    let threads = NonZeroU32::new(threads).expect("at least one");
    let (data, outputs) = ("no data".into(), "no outputs".into());
    Membership {
        address: Address::Sqlite("unused".into()),
        queue: "test".into(),
        threads,
        first_worker: 0,
        data,
        outputs,
        server: None,
    }
}

/// Workers' events.
type Events = Arc<Mutex<Vec<WorkerEvent>>>;

/// Workers on this queue, and their events.
fn join_as(membership: &Membership, hub: &Hub) -> Result<(JobWorkers, Events), JoinError> {
    let events = Events::default();
    let heard = Arc::clone(&events);
    // Through the hub, so that waiting threads look again.
    let ring = hub.clone();
    let tell = move |event| {
        locked(&heard).push(event);
        ring.change(|_| ());
    };
    Ok((JobWorkers::join_over(membership, tell, || Box::new(hub.clone()))?, events))
}

fn join(hub: &Hub, threads: u32) -> (JobWorkers, Events) {
    join_as(&membership(threads), hub).expect("it is there")
}

fn run_of(build: &str) -> Peer {
    Peer { id: "host:1:run".into(), role: Role::Run, build: build.into(), host: "host".into() }
}

fn primes(from: u64, below: u64) -> Errand {
    Errand::PrimeSum(PrimeSum { from, below, by: Method::TrialDivision })
}

fn endless() -> Errand {
    primes(1 << 40, u64::MAX)
}

fn outcomes(hub: &Hub) -> BTreeMap<u32, Result<u64, ErrorKind>> {
    let delivered = hub.change(|state| state.delivered.clone());
    let outcome = |one: &Delivered| one.done.result.as_ref().map(|out| out.checksum).map_err(TaskError::kind);
    let outcomes: BTreeMap<_, _> = delivered.iter().map(|one| (one.done.index, outcome(one))).collect();
    assert_eq!(outcomes.len(), delivered.len(), "nothing is delivered twice: {delivered:?}");
    outcomes
}

#[test]
fn jobs_are_done_and_delivered_with_what_the_run_must_know() {
    let mut hub = Hub::default();
    (0..20).for_each(|index| hub.ask(PATIENCE, (index, primes(0, 10))));
    let (crew, events) = join(&hub, 3);
    let ids: Vec<String> = (0..3).map(|thread| peer_id(process::id(), thread)).collect();
    assert_eq!(hub.change(|state| state.peers.keys().cloned().collect::<Vec<_>>()), ids, "present when it has joined");
    hub.wait_until("all are done", |state| state.delivered.len() == 20);
    assert_eq!(crew.leave(), Ok(20));
    assert_eq!(outcomes(&hub), (0..20).map(|index| (index, Ok(17))).collect());
    for one in hub.change(|state| state.delivered.clone()) {
        assert_eq!((one.run, one.attempt), (7, 2));
        let seat = ids.iter().position(|id| *id == one.worker).expect("one of the three");
        let run = one.done.spans[0];
        assert_eq!((run.worker as usize, run.kind), (seat, Activity::Run), "in its own worker's lane");
        assert!(one.taken_ns <= run.start_ns, "{one:?}");
        assert_eq!(one.clock, ClockReading { axis: ClockAxis::here(), to_queue: Offset::default() }, "the same clock");
    }
    assert!(hub.change(|state| state.peers.is_empty()), "it has left");
    assert_eq!(*locked(&events), []);
}

#[test]
fn a_queue_that_is_not_there_is_an_error_at_once() {
    let hub = Hub::default();
    hub.change(|state| state.unreachable = true);
    let error = join_as(&membership(1), &hub).expect_err("nobody is there");
    assert!(matches!(error, JoinError::Queue(QueueError::Unreachable { .. })), "{error}");
}

#[test]
fn a_run_of_another_build_is_refused_unless_one_of_this_is_there() {
    let hub = Hub::default();
    hub.change(|state| state.runs.push(run_of("0.0.0+other")));
    let error = join_as(&membership(1), &hub).expect_err("another build").to_string();
    assert!(error.contains("0.0.0+other") && error.contains(BUILD), "{error}");
    hub.change(|state| state.runs.push(run_of(BUILD)));
    let (crew, events) = join(&hub, 1);
    assert_eq!(crew.leave(), Ok(0));
    assert_eq!(*locked(&events), []);
}

#[test]
fn a_run_of_another_build_that_comes_later_ends_an_idle_crew() {
    let mut hub = Hub::default();
    hub.ask(PATIENCE, (0, endless()));
    let (crew, events) = join(&hub, 2);
    hub.wait_until("it is at work", |state| state.renewed.contains("job 0"));
    hub.change(|state| state.runs.push(run_of("0.0.0+other")));
    hub.change(|state| state.renewed.clear());
    hub.wait_until("another beat", |state| state.renewed.contains("job 0"));
    assert_eq!(*locked(&events), [], "it has a job in hand");
    hub.change(|state| state.taken.clear());
    hub.wait_until("the end", |_| !locked(&events).is_empty());
    let expected = QueueError::OtherBuild { queue: "test".into(), theirs: "0.0.0+other".into() };
    assert_eq!(*locked(&events), [WorkerEvent::Ended(expected.clone())]);
    assert_eq!(crew.leave(), Err(expected));
}

#[test]
fn a_job_that_was_taken_away_is_stopped_and_not_delivered() {
    let mut hub = Hub::default();
    hub.ask(PATIENCE, (0, endless()));
    let (crew, _) = join(&hub, 1);
    hub.wait_until("it is spoken for", |state| state.renewed.contains("job 0"));
    hub.change(|state| state.taken.insert("job 0".into(), "another worker".into()));
    hub.ask(PATIENCE, (1, primes(0, 10)));
    hub.wait_until("the next one", |state| !state.delivered.is_empty());
    assert_eq!(crew.leave(), Ok(1));
    assert_eq!(outcomes(&hub), [(1, Ok(17))].into());
}

#[test]
fn the_deadline_is_by_the_queues_clock() {
    // The other host was started long before this one.
    let mut hub = Hub { clock_ahead_ns: 1 << 60, ..Hub::default() };
    let elsewhere = Membership { address: "redis://unused".parse().expect("an address"), ..membership(2) };
    let (crew, _) = join_as(&elsewhere, &hub).expect("it is there");
    hub.ask(Duration::from_millis(50), (0, endless()));
    hub.ask(Duration::ZERO, (1, endless()));
    hub.ask(PATIENCE, (2, primes(0, 10)));
    hub.wait_until("all are over", |state| state.delivered.len() == 3);
    assert_eq!(crew.leave(), Ok(3));
    let late = Err(ErrorKind::TimedOut);
    assert_eq!(outcomes(&hub), [(0, late), (1, late), (2, Ok(17))].into());
    for one in hub.change(|state| state.delivered.clone()) {
        let Offset { ns, uncertainty_ns } = one.clock.to_queue;
        assert!(ns.abs_diff(1 << 60) <= uncertainty_ns && uncertainty_ns > 0, "{one:?}");
    }
}

#[test]
fn what_is_finished_is_kept_until_the_queue_is_back() {
    let mut hub = Hub::default();
    hub.ask(Duration::from_secs(4), (0, endless()));
    let (crew, events) = join(&hub, 2);
    hub.wait_until("it is at work", |state| state.renewed.contains("job 0"));
    hub.change(|state| state.unreachable = true);
    hub.wait_until("the loss is noticed", |_| !locked(&events).is_empty());
    // Its deadline passes meanwhile, and its result waits.
    std::thread::sleep(Duration::from_secs(5));
    hub.change(|state| state.unreachable = false);
    hub.wait_until("it is delivered", |state| state.delivered.len() == 1);
    hub.wait_until("the return is noticed", |_| locked(&events).len() == 2);
    assert_eq!(crew.leave(), Ok(1));
    assert_eq!(outcomes(&hub), [(0, Err(ErrorKind::TimedOut))].into());
    let said = locked(&events).clone();
    assert!(matches!(&said[..], [WorkerEvent::Lost(QueueError::Unreachable { .. }), WorkerEvent::Back]), "{said:?}");
}

#[test]
fn a_queue_that_refuses_later_ends_the_crew() {
    let hub = Hub::default();
    let (crew, events) = join(&hub, 3);
    hub.change(|state| state.refuses = true);
    hub.wait_until("the end", |_| !locked(&events).is_empty());
    assert!(matches!(crew.leave(), Err(QueueError::Refused { .. })));
    let said = locked(&events).clone();
    assert!(matches!(&said[..], [WorkerEvent::Ended(QueueError::Refused { .. })]), "said once by all: {said:?}");
}

#[test]
fn leaving_finishes_what_is_in_hand_and_takes_nothing_more() {
    let mut hub = Hub::default();
    hub.ask(Duration::from_secs(2), (0, endless()));
    let (crew, _) = join(&hub, 1);
    hub.wait_until("it is at work", |state| !state.taken.is_empty());
    hub.ask(PATIENCE, (1, primes(0, 10)));
    assert_eq!(crew.leave(), Ok(1));
    assert_eq!(outcomes(&hub), [(0, Err(ErrorKind::TimedOut))].into(), "its own deadline ended it, and nothing else");
    assert_eq!(hub.change(|state| (state.waiting.len(), state.peers.len())), (1, 0));
}

#[test]
fn a_crew_that_is_dropped_gives_up_what_it_has_in_hand() {
    let mut hub = Hub::default();
    hub.ask(PATIENCE, (0, endless()));
    hub.ask(PATIENCE, (1, endless()));
    let (crew, _) = join(&hub, 2);
    hub.wait_until("both are at work", |state| state.taken.len() == 2);
    drop(crew);
    assert_eq!(outcomes(&hub), BTreeMap::new());
    assert_eq!(hub.change(|state| state.taken.len()), 2, "others do them when nothing is heard of them for a lease");
    assert_eq!(Arc::strong_count(&hub.state), 1, "no thread is left that holds a connection");
}

#[test]
fn what_nobody_can_read_is_left_alone_and_said_once() {
    let mut hub = Hub::default();
    let (crew, events) = join(&hub, 1);
    hub.change(|state| state.unreadable = true);
    hub.wait_until("it is noticed", |_| !locked(&events).is_empty());
    std::thread::sleep(3 * RETRY);
    hub.change(|state| state.unreadable = false);
    hub.ask(PATIENCE, (0, primes(0, 10)));
    hub.wait_until("the next job", |state| state.delivered.len() == 1);
    assert_eq!(crew.leave(), Ok(1));
    let said = locked(&events).clone();
    assert!(matches!(&said[..], [WorkerEvent::Skipped(QueueError::Foreign { .. })]), "{said:?}");
}

#[test]
fn a_job_that_must_not_be_done_is_answered_and_the_next_is_done() {
    let mut hub = Hub::default();
    let fetch = |url: &str| {
        let (connect_timeout, timeout, redirects) = (PATIENCE, PATIENCE, 0);
        let (site, authorization, keep_alive, blocking, save, stays) = (None, None, false, false, None, false);
        let (url, retries, retry_wait) = (url.into(), 0, Duration::ZERO);
        Fetch {
            url,
            site,
            authorization,
            keep_alive,
            connect_timeout,
            timeout,
            redirects,
            blocking,
            retries,
            retry_wait,
            save,
            stays,
        }
    };
    hub.ask(PATIENCE, (0, Errand::Fetch(fetch("http://127.0.0.1:2/"))));
    hub.ask(PATIENCE, (1, Errand::Thumbnail { picture: "../../etc/passwd".into(), width: 1, height: 1 }));
    hub.ask(PATIENCE, (2, Errand::Noop));
    // At the server that the job names: nobody listens on port 1.
    hub.ask(PATIENCE, (3, Errand::Fetch(fetch("http://127.0.0.1:1/"))));
    let (crew, _) = join(&hub, 1);
    hub.wait_until("all are answered", |state| state.delivered.len() == 4);
    assert_eq!(crew.leave(), Ok(4));
    let refused = Err(ErrorKind::Refused);
    assert_eq!(outcomes(&hub), [(0, refused), (1, refused), (2, Ok(0)), (3, Err(ErrorKind::Connect))].into());

    // A worker with its own server uses that, whatever a job says.
    hub.change(|state| state.delivered.clear());
    hub.ask(PATIENCE, (0, Errand::Fetch(fetch("http://127.0.0.1:1/"))));
    let careful = Membership { server: Some("http://127.0.0.1:2".into()), ..membership(1) };
    let (crew, _) = join_as(&careful, &hub).expect("it is there");
    hub.wait_until("it is answered", |state| state.delivered.len() == 1);
    assert_eq!(crew.leave(), Ok(1));
    assert_eq!(outcomes(&hub), [(0, refused)].into());
}
