use super::{
    super::broker::{Buried, Finished, JobId, MOST_TRIES, TakenJob},
    *,
};
use crate::{
    task::{
        Output, Task,
        gunzip::Gunzip,
        prime_sum::{Method, PrimeSum},
    },
    worker::{stop::Stop, task_queue::Schedule, work::Elsewhere},
};
use measure::axis::Offset;
use proptest::prelude::*;
use std::collections::VecDeque;

type Answered<T> = Result<T, QueueError>;

/// A queue with scripted messages, and silence after them.
#[derive(Debug, Default)]
struct Scripted {
    enqueue: VecDeque<QueueError>,
    enqueued: Vec<Job>,
    messages: VecDeque<Answered<Vec<Message>>>,
    buried: Vec<Buried>,
    present: Vec<Peer>,
    /// Whether it is gone for good once the messages are over.
    ends: bool,
    withdrawn: bool,
    /// The error of withdrawing jobs, if that fails.
    withdrawal: Option<QueueError>,
    /// How many jobs it has, if some are lost.
    held: Option<usize>,
}

fn gone() -> QueueError {
    QueueError::Unreachable { address: "redis://far:6379/0".into(), cause: "connection refused".into() }
}

impl Scripted {
    fn there(&self) -> Answered<()> {
        if self.ends && self.messages.is_empty() { Err(gone()) } else { Ok(()) }
    }
}

impl Broker for Scripted {
    fn until(&mut self, _: Option<Instant>) {}
    fn now_ns(&mut self) -> Answered<u64> {
        Ok(now_ns())
    }
    fn present(&mut self) -> Answered<Vec<Peer>> {
        self.there().map(|()| self.present.clone())
    }
    fn beat(&mut self, _: &Peer, _: &[JobId]) -> Answered<Vec<JobId>> {
        self.there().map(|()| Vec::new())
    }
    fn leave(&mut self, _: &str) -> Answered<()> {
        Ok(())
    }
    fn enqueue(&mut self, _: &str, jobs: &[Job]) -> Answered<()> {
        if let Some(error) = self.enqueue.pop_front() {
            return Err(error);
        }
        self.enqueued.extend_from_slice(jobs);
        Ok(())
    }
    fn messages(&mut self, _: &str, _: Duration) -> Answered<Vec<Message>> {
        self.messages.pop_front().unwrap_or_else(|| self.there().map(|()| Vec::new()))
    }
    fn bury(&mut self, _: &str) -> Answered<Vec<Buried>> {
        self.there().map(|()| std::mem::take(&mut self.buried))
    }
    fn held(&mut self, _: &str, expected: usize) -> Answered<usize> {
        self.there().map(|()| self.held.unwrap_or(expected))
    }
    fn withdraw(&mut self, _: &str) -> Answered<()> {
        self.withdrawn = true;
        self.withdrawal.clone().map_or(Ok(()), Err)
    }
    fn sweep(&mut self) -> Answered<usize> {
        unreachable!("a batch leaves that to the pool")
    }
    fn deliver(&mut self, _: &str, _: &Finished) -> Answered<()> {
        unreachable!("a run delivers nothing")
    }
    fn take(&mut self, _: &str, _: Option<&Finished>, _: Duration) -> Answered<Option<TakenJob>> {
        unreachable!("a run takes nothing")
    }
}

const RUN: u64 = 7;

fn clock(host: &str, ns: i64, uncertainty_ns: u64) -> ClockReading {
    let axis = ClockAxis { host: host.into(), boot: None, time_namespace: None };
    ClockReading { axis, to_queue: Offset { ns, uncertainty_ns } }
}

fn peer(id: &str, role: Role, build: &str) -> Peer {
    Peer { id: id.into(), role, build: build.into(), host: "here".into() }
}

fn client() -> Client {
    let ClockReading { axis, to_queue } = clock("here", 1_000, 10);
    let peer = peer("here:1:run-0", Role::Run, BUILD);
    let (address, hint, heard) = ("redis://far".into(), "was it emptied?", Cell::new(Instant::now()));
    Client { peer, axis, comparison: Comparison::new(to_queue), queue: "q".into(), address, hint, heard }
}

fn sums(count: u64) -> Vec<Task> {
    (0..count).map(|from| Task::PrimeSum(PrimeSum { from, below: from + 1, by: Method::TrialDivision })).collect()
}

fn work(tasks: Vec<Task>, stop: Stop) -> Work {
    Work { server: Some("http://here:80".into()), ..Work::new(RUN, tasks, Schedule::OneByOne, stop) }
}

fn delivered(worker: &str, index: u32, checksum: u64) -> Delivered {
    let run = Span { worker: 0, index: Some(index), kind: Activity::Run, start_ns: 300, end_ns: 400 };
    let output = Output { checksum, amount: 1, status: None };
    let done = Done { index, result: Ok(output), spans: vec![run] };
    Delivered {
        run: RUN,
        worker: worker.into(),
        attempt: 1,
        taken_ns: 250,
        clock: clock("here", 1_000, 10),
        outages: Box::default(),
        done,
    }
}

fn result(worker: &str, index: u32, checksum: u64) -> Message {
    Message::Delivered(delivered(worker, index, checksum))
}

fn again(run: u64, index: u32) -> Message {
    Message::Redelivered { run, index, from: "here:9:0".into() }
}

/// Runs as the pool does.
fn run(broker: &mut Scripted, work: &Work, own: &SeenPlaces) -> (Vec<Done>, Account) {
    let _watchdog = work.stop.watchdog().expect("a thread");
    let client = client();
    let mut batch = Batch::new(broker, &client, work);
    batch.hand_in();
    while batch.waits() {
        batch.collect();
    }
    batch.close(own)
}

fn patient() -> Stop {
    Stop::after(Duration::from_mins(1))
}

/// Long enough for a few messages.
fn hasty() -> Stop {
    Stop::after(Duration::from_millis(300))
}

fn checksums(done: &[Done]) -> Vec<u64> {
    done.iter().map(|one| one.result.as_ref().expect("it was done").checksum).collect()
}

fn queue_error(done: &Done) -> &str {
    match &done.result {
        Err(TaskError::Queue(words)) => words,
        other => panic!("{other:?}"),
    }
}

#[test]
fn answers_come_by_index_and_the_first_counts() {
    let foreign = Delivered { run: RUN + 1, ..delivered("here:5:0", 1, 99) };
    let batch = vec![
        Message::Delivered(foreign),
        result("here:5:0", 2, 22),
        again(RUN, 0),
        again(RUN + 1, 1),
        again(RUN, 3_000_000),
        result("here:6:0", 3_000_000, 98),
        result("here:6:0", 0, 10),
    ];
    let rest = vec![result("here:5:0", 0, 97), again(RUN, 0), result("here:5:0", 1, 11)];
    let mut broker = Scripted { messages: [Ok(batch), Err(gone()), Ok(rest)].into(), ..Scripted::default() };
    let (done, account) = run(&mut broker, &work(sums(3), patient()), &SeenPlaces::new());
    assert_eq!(checksums(&done), [10, 11, 22]);
    assert_eq!(account.redelivered, BTreeMap::from([(0, 2)]));
    assert_eq!(account.workers, Some(2), "none is the pool's own");
    assert!(broker.withdrawn, "nothing is left in the queue");
    let jobs: Vec<(u64, u32, bool)> =
        broker.enqueued.iter().map(|job| (job.run, job.index, job.server.is_some())).collect();
    assert_eq!(jobs, [(RUN, 0, true), (RUN, 1, true), (RUN, 2, true)]);
}

#[test]
fn a_queue_that_comes_back_is_enough() {
    let done = vec![result("here:5:0", 0, 1)];
    let mut broker =
        Scripted { enqueue: [gone(), gone()].into(), messages: [Err(gone()), Ok(done)].into(), ..Scripted::default() };
    let (done, _) = run(&mut broker, &work(sums(1), patient()), &SeenPlaces::new());
    assert_eq!((checksums(&done), broker.enqueued.len()), (vec![1], 1));
}

#[test]
fn an_outage_is_told_with_whose_it_was_and_what_is_over_before_the_run_is_not() {
    let outage = |start_ns, end_ns| Outage { worker: None, start_ns, end_ns, cause: "cut\u{1b}[2J off".into() };
    let told = |index, end_ns| {
        let outages = [outage(1, 2), outage(3, end_ns)].into();
        Message::Delivered(Delivered { outages, ..delivered("here:5:0", index, 1) })
    };
    // The second report ends it.
    let messages = vec![told(0, u64::MAX - 1), told(1, u64::MAX)];
    let mut broker = Scripted { messages: [Err(gone()), Ok(messages)].into(), ..Scripted::default() };
    let (_, account) = run(&mut broker, &work(sums(2), patient()), &SeenPlaces::new());
    let [of_worker, own] = &account.outages[..] else { panic!("{:?}", account.outages) };
    assert_eq!(
        (of_worker.worker, of_worker.end_ns, of_worker.cause.as_str()),
        (Some(0), u64::MAX, "cut\\u{1b}[2J off")
    );
    assert_eq!((own.worker, own.cause.as_str()), (None, "connection refused"));
    assert!(own.start_ns > 0 && own.start_ns <= own.end_ns, "{own:?}");
    assert!(Outage::disturbance(&account.outages).is_some_and(|words| words.contains("the queue gave no answer for")));
}

#[test]
fn jobs_that_the_queue_has_lost_end_the_run_with_their_number() {
    let back = vec![result("here:5:0", 1, 1)];
    let silence = (0..30).map(|_| Err(gone()));
    let messages = silence.chain([Ok(back)]).collect();
    let mut broker = Scripted { messages, held: Some(2), ..Scripted::default() };
    let work = work(sums(5), patient());
    let (done, _) = run(&mut broker, &work, &SeenPlaces::new());
    let said = "1 of 5 done: 2 of its jobs are gone from the queue at redis://far: was it emptied?";
    assert_eq!(queue_error(&done[0]), said);
    assert!(done[1].result.is_ok() && work.stop.check().is_ok(), "the deadline is far");
}

#[test]
fn jobs_are_taken_back_from_a_queue_that_refuses_and_where_they_can_not_be_that_is_said() {
    let refuses = |cause: &str| QueueError::Refused { address: "redis://far".into(), cause: cause.into() };
    let mut broker = Scripted { enqueue: [refuses("OOM")].into(), ..Scripted::default() };
    let (done, _) = run(&mut broker, &work(sums(2), patient()), &SeenPlaces::new());
    assert!(broker.withdrawn);
    assert_eq!(queue_error(&done[0]), "0 of 2 done: the queue at redis://far refuses: OOM");

    let mut broker = Scripted { withdrawal: Some(refuses("no more")), ..Scripted::default() };
    broker.present = vec![peer("here:5:0", Role::Worker, BUILD)];
    let (done, _) = run(&mut broker, &work(sums(2), hasty()), &SeenPlaces::new());
    let said = "timed out; up to 2 jobs stay in the queue until the next run on `q` (the queue at redis://far refuses: no more)";
    assert_eq!(queue_error(&done[0]), said);
}

#[test]
fn a_run_that_panics_takes_its_jobs_back() {
    let mut broker = Scripted::default();
    let (client, work) = (client(), work(sums(2), patient()));
    let mut batch = Batch::new(&mut broker, &client, &work);
    batch.hand_in();
    drop(batch);
    assert!(broker.withdrawn);
}

#[test]
fn other_runs_on_the_same_name_are_counted_at_their_most() {
    let runs = ["here:2:run-0", "far:2:run-1", "here:1:run-0"].map(|id| peer(id, Role::Run, "0.0.9+1"));
    let messages = [Ok(vec![result("here:5:0", 0, 1)])].into();
    let mut broker = Scripted { present: runs.into(), messages, ..Scripted::default() };
    let (_, account) = run(&mut broker, &work(sums(1), patient()), &SeenPlaces::new());
    assert_eq!(account.other_runs, 2, "it is not one itself");
}

#[test]
fn a_queue_that_does_not_come_back_is_what_the_missing_tasks_say() {
    let mut broker =
        Scripted { messages: [Ok(vec![result("here:5:0", 1, 1)])].into(), ends: true, ..Scripted::default() };
    let (done, _) = run(&mut broker, &work(sums(3), hasty()), &SeenPlaces::new());
    assert!(done[1].result.is_ok());
    for missing in [&done[0], &done[2]] {
        let words = "1 of 3 done: the queue at redis://far:6379/0 can't be reached: connection refused";
        assert_eq!(queue_error(missing), words);
    }
}

#[test]
fn a_queue_that_refuses_ends_the_run_at_once() {
    let refuses = QueueError::Refused { address: "redis://far".into(), cause: "no such database".into() };
    let mut broker = Scripted { enqueue: [refuses].into(), ..Scripted::default() };
    let work = work(sums(2), patient());
    let (done, _) = run(&mut broker, &work, &SeenPlaces::new());
    assert_eq!(queue_error(&done[1]), "0 of 2 done: the queue at redis://far refuses: no such database");
    assert!(work.stop.check().is_ok(), "the deadline is far");
}

#[test]
fn where_nobody_listens_the_tasks_say_so() {
    let others = [("a:1:0", "0.0.9+1"), ("a:2:0", "0.0.9+1"), ("b:1:0", "0.0.8+2")];
    let others = others.map(|(id, build)| peer(id, Role::Worker, build));
    for (present, words) in [
        (vec![peer("here:2:run-0", Role::Run, BUILD)], "0 of 2 done: no worker listens on queue `q`"),
        (
            others.into(),
            "0 of 2 done: no worker listens on queue `q`; 1 worker of another build does: 0.0.8+2; 2 workers of another build do: 0.0.9+1",
        ),
    ] {
        let (done, account) =
            run(&mut Scripted { present, ..Scripted::default() }, &work(sums(2), hasty()), &SeenPlaces::new());
        assert_eq!((queue_error(&done[0]), queue_error(&done[1])), (words, words));
        assert_eq!(account.workers, Some(0));
    }
}

#[test]
fn what_somebody_works_on_still_is_late_and_no_failure_of_the_queue() {
    let present = vec![peer("here:5:0", Role::Worker, BUILD), peer("here:6:0", Role::Worker, BUILD)];
    let mut broker = Scripted { present, ..Scripted::default() };
    let work = work(sums(2), hasty());
    let (done, account) = run(&mut broker, &work, &SeenPlaces::new());
    let kinds: Vec<TaskError> = work.settle(done).into_iter().filter_map(|one| one.result.err()).collect();
    assert_eq!(kinds, [TaskError::TimedOut, TaskError::TimedOut]);
    assert_eq!(account.workers, Some(2), "they were there");
    assert!(broker.withdrawn);
}

#[test]
fn a_job_that_was_given_up_names_its_last_worker() {
    let lost = |run, index| Buried { run, index, tries: MOST_TRIES, last_worker: "far:3:0".into() };
    let messages = (0..30).map(|_| Err(gone())).collect();
    let mut broker = Scripted { buried: vec![lost(RUN, 0), lost(RUN + 1, 0)], messages, ..Scripted::default() };
    let (done, _) = run(&mut broker, &work(sums(1), patient()), &SeenPlaces::new());
    assert_eq!(done[0].result, Err(TaskError::GivenUp { tries: MOST_TRIES, last: "far:3:0".into() }));
}

#[test]
fn what_cannot_be_sent_is_refused_and_the_rest_is_done() {
    let local = Task::Gunzip(Gunzip { input: "/tmp/here_alone.gz".into(), releases_lock: false });
    let mut broker = Scripted { messages: [Ok(vec![result("here:5:0", 1, 1)])].into(), ..Scripted::default() };
    let (done, _) = run(&mut broker, &work(vec![local, Task::Noop], patient()), &SeenPlaces::new());
    assert!(matches!(&done[0].result, Err(TaskError::Refused(why)) if !why.is_empty()), "{done:?}");
    assert!(done[1].result.is_ok());
    assert_eq!(broker.enqueued.len(), 1);
}

#[test]
fn own_workers_have_the_numbers_of_their_places() {
    let own = [("here:50:0", 0), ("here:51:0", 1), ("here:52:0", 1), ("far:51:0", 0)];
    let own: SeenPlaces = own.map(|(name, place)| (name.to_owned(), place)).into();
    let elsewhere = Delivered { clock: clock("far", 500, 5), ..delivered("far:51:0", 3, 4) };
    let batch = vec![
        result("here:52:0", 0, 1),
        result("here:99:3", 1, 2),
        result("here:51:0", 2, 3),
        Message::Delivered(elsewhere),
        result("here:50:0", 4, 5),
    ];
    let mut broker = Scripted { messages: [Ok(batch)].into(), ..Scripted::default() };
    let (done, account) = run(&mut broker, &work(sums(5), patient()), &own);
    let workers: Vec<u32> = done.iter().map(|one| one.spans[0].worker).collect();
    assert_eq!(workers, [1, 2, 1, 3, 0], "the second in place 1 came for the first; strangers follow");
    assert_eq!(account.workers, Some(4), "two places and two strangers");
    assert_eq!(account.elsewhere.len(), 1);
    let mut broker = Scripted { messages: [Ok(vec![result("here:50:0", 0, 1)])].into(), ..Scripted::default() };
    let (_, account) = run(&mut broker, &work(sums(1), patient()), &own);
    assert_eq!(account.workers, None, "the pool knows how many it has");
}

#[test]
fn times_of_another_clock_are_moved_to_ours_and_the_best_reading_counts() {
    let at = |index, uncertainty_ns, ns| Delivered {
        clock: clock("far", ns, uncertainty_ns),
        ..delivered("far:3:0", index, 1)
    };
    let batch = vec![Message::Delivered(at(0, 90, 7_777)), Message::Delivered(at(1, 20, 6_000))];
    let mut broker = Scripted { messages: [Ok(batch)].into(), ..Scripted::default() };
    let (done, account) = run(&mut broker, &work(sums(2), patient()), &SeenPlaces::new());
    // The queue is 6000 ns ahead of the worker and 1000 ns ahead of us, so we are 5000 ns ahead of the worker.
    assert!(done.iter().all(|one| (one.spans[0].start_ns, one.spans[0].end_ns) == (5_300, 5_400)), "{done:?}");
    let [Elsewhere { worker: 0, host, clock_offset_ns: 5_000, clock_uncertainty_ns }] = &account.elsewhere[..] else {
        panic!("{account:?}")
    };
    // Our reading is a moment old, and less certain by now.
    assert!(host == "far" && *clock_uncertainty_ns >= 30, "{account:?}");
}

#[test]
fn a_job_has_three_spans_of_its_own_behind_those_of_its_worker() {
    let done = on_our_axis(delivered("here:5:0", 3, 1), 2, 0, (100, 200), 450);
    let spans: Vec<(Activity, u64, u64)> =
        done.spans.iter().map(|span| (span.kind, span.start_ns, span.end_ns)).collect();
    let expected = [
        (Activity::Run, 300, 400),
        (Activity::Enqueue, 100, 200),
        (Activity::Queued, 200, 250),
        (Activity::Return, 400, 450),
    ];
    assert_eq!(spans, expected);
    assert!(done.spans.iter().all(|span| (span.worker, span.index) == (2, Some(3))));
    let early = on_our_axis(delivered("here:5:0", 3, 1), 2, 0, (100, 275), 450);
    assert_eq!((early.spans[1].end_ns, early.spans[2].start_ns, early.spans[2].end_ns), (250, 250, 250));
}

proptest! {
    #[test]
    fn whatever_comes_back_each_task_has_its_first_answer(
        messages in prop::collection::vec((0_u32..6, 0_u64..1000, 0..4_usize), 0..40),
    ) {
        let mut expected: BTreeMap<u32, u64> = BTreeMap::new();
        messages.iter().filter(|(index, ..)| *index < 4).for_each(|&(index, sum, _)| { expected.entry(index).or_insert(sum); });
        let worker = |number| format!("here:{number}:0");
        let batch = messages.iter().map(|&(index, sum, number)| result(&worker(number), index, sum)).collect();
        let mut broker = Scripted { messages: [Ok(batch)].into(), ..Scripted::default() };
        let refuses = QueueError::Refused { address: "q".into(), cause: "over".into() };
        broker.messages.push_back(Err(refuses));
        let (done, _) = run(&mut broker, &work(sums(4), patient()), &SeenPlaces::new());
        prop_assert_eq!(done.len(), 4);
        for one in done {
            prop_assert_eq!(one.result.ok().map(|output| output.checksum), expected.get(&one.index).copied());
        }
    }

    #[test]
    fn spans_never_end_before_they_begin(
        times in (0..1000_u64, 0..1000_u64, 0..1000_u64, 0..1000_u64),
        length in 0..500_u64,
        ahead in prop_oneof![-2000..2000_i64, Just(i64::MIN), Just(i64::MAX)],
    ) {
        let (start, answered, taken_ns, read) = times;
        let mut delivered = Delivered { taken_ns, ..delivered("far:1:0", 0, 1) };
        delivered.done.spans[0] = Span { start_ns: taken_ns, end_ns: taken_ns + length, ..delivered.done.spans[0] };
        let done = on_our_axis(delivered, 0, ahead, (start, start + answered), start + read);
        prop_assert!(done.spans.iter().all(|span| span.start_ns <= span.end_ns), "{:?}", done);
        prop_assert_eq!(done.spans[1].end_ns, done.spans[2].start_ns);
    }
}
