//! A batch: the jobs of one run, as the run hands them in and gathers what became of them.
//!
//! Whatever happens on the other side of the queue, each task ends with one answer, or with a word why there is none. A queue that
//! can't be reached is asked again until the deadline: it may come back, and then has forgotten nothing. A job that comes
//! back twice counts once. And where nobody takes jobs, the tasks that are missing say so.

use super::{
    address::Address,
    broker::{BEAT, Broker, Peer, QueueError, Role},
    errand::Errand,
    job::{BUILD, Delivered, Job, Message},
    worker::clock_offset,
};
use crate::{
    measure::{
        axis::{Axis, ClockReading, Comparison, Offset},
        clock::now_ns,
    },
    task::TaskError,
    worker::{
        lane::{Done, Span, SpanKind},
        stop::Stopped,
        work::{Account, Elsewhere, Work},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    process,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

/// How long to wait for messages, at most, before looking at the stop signal again.
const SLICE: Duration = Duration::from_millis(50);

/// How long to wait before a queue that can't be reached is asked again.
const PAUSE: Duration = Duration::from_millis(100);

/// Who has jobs done: one pool.
#[derive(Debug)]
pub struct Client {
    peer: Peer,
    axis: Axis,
    comparison: Comparison,
    queue: String,
}

impl Client {
    /// Introduces a pool to the queue of this name: an error at once where that is not there.
    pub fn introduce(address: &Address, broker: &mut dyn Broker, queue: &str) -> Result<Self, QueueError> {
        static POOLS: AtomicU32 = AtomicU32::new(0);
        let (axis, comparison) = (Axis::here(), Comparison::new(clock_offset(address, broker)?));
        let host = axis.host.clone();
        let id = format!("{host}:{}:run-{}", process::id(), POOLS.fetch_add(1, Relaxed));
        let peer = Peer { id, role: Role::Run, build: BUILD.into(), host };
        broker.beat(&peer, &[])?;
        Ok(Self { peer, axis, comparison, queue: queue.into() })
    }

    /// How this process's clock compares with the queue's.
    fn clock(&self) -> ClockReading {
        ClockReading { axis: self.axis.clone(), to_queue: self.comparison.now() }
    }

    /// Leaves the queue, with the pool's own workers: these are gone, can't do so themselves any more, and would be taken
    /// for present for a while.
    pub fn leave(&self, broker: &mut dyn Broker, own: &Places) {
        // A queue that can't be reached forgets who isn't heard of.
        let _ = own.keys().chain([&self.peer.id]).try_for_each(|peer| broker.leave(peer));
    }
}

/// A pool's own workers by their names in the queue, and the place in the pool that each has: its number in spans. A worker
/// that took the place of a dead one has the same.
pub type Places = BTreeMap<String, u32>;

/// The jobs of one run.
#[derive(Debug)]
pub struct Batch<'a> {
    broker: &'a mut dyn Broker,
    client: &'a Client,
    work: &'a Work,
    reply_to: String,
    /// Those that can be sent, until they are.
    jobs: Vec<Job>,
    answers: Vec<Option<Answer>>,
    /// How many of the answers.
    missing: usize,
    redelivered: BTreeMap<u32, u32>,
    workers: Workers,
    /// When the jobs were handed in, and when they were in the queue.
    handed_in_ns: (u64, u64),
    /// What the queue said last, where that was an error.
    trouble: Option<QueueError>,
    last_beat: Instant,
}

/// What became of a task.
#[derive(Debug)]
enum Answer {
    /// A worker delivered it, and it was read at this time.
    Delivered(Box<Delivered>, u64),
    /// It came to nothing, with any worker or without one.
    Failed(TaskError),
}

impl<'a> Batch<'a> {
    /// The tasks of a run. Those that can't be sent have their answer already.
    pub fn new(broker: &'a mut dyn Broker, client: &'a Client, work: &'a Work) -> Self {
        let now = now_ns().saturating_add_signed(client.clock().to_queue.ns);
        let deadline_ns = now.saturating_add(work.stop.time_left().as_nanos() as u64);
        let (mut jobs, mut answers) = (Vec::new(), Vec::new());
        for (index, task) in (0..).zip(&*work.tasks) {
            let errand = Errand::of(task);
            answers.push(errand.as_ref().err().map(|why| Answer::Failed(TaskError::Refused(why.clone()))));
            jobs.extend(errand.map(|errand| {
                let server = work.server.clone();
                Job { run: work.run, index, deadline_ns, server, errand }
            }));
        }
        Self {
            broker,
            client,
            work,
            reply_to: format!("{}:{}", client.peer.id, work.run),
            missing: jobs.len(),
            jobs,
            answers,
            redelivered: BTreeMap::new(),
            workers: Workers::default(),
            handed_in_ns: (0, 0),
            trouble: None,
            last_beat: Instant::now(),
        }
    }

    /// Puts the jobs into the queue, as soon as that can be reached.
    pub fn hand_in(&mut self) {
        let (jobs, start_ns) = (std::mem::take(&mut self.jobs), now_ns());
        while self.waits() && heard(&mut self.trouble, self.broker.enqueue(&self.reply_to, &jobs)).is_none() {
            if self.waits() {
                self.pause();
            }
        }
        self.handed_in_ns = (start_ns, now_ns());
        if self.is_open() {
            // Not before, so that the workers have begun.
            self.beat();
        }
    }

    /// Whether there is something to wait for: answers are missing, nobody said stop, and the queue may still give them.
    pub fn waits(&self) -> bool {
        self.missing > 0 && !is_final(self.trouble.as_ref()) && self.work.stop.check().is_ok()
    }

    /// Whether every task has its answer.
    pub fn is_whole(&self) -> bool {
        self.missing == 0
    }

    /// Whether the queue could be reached when it was last asked.
    pub fn is_open(&self) -> bool {
        self.trouble.is_none()
    }

    /// Reads what has come back, waiting a moment where nothing has.
    pub fn collect(&mut self) {
        if self.last_beat.elapsed() >= BEAT {
            self.beat();
            self.bury();
        }
        let patience = SLICE.min(self.work.stop.time_left());
        match heard(&mut self.trouble, self.broker.messages(&self.reply_to, patience)) {
            Some(messages) => messages.into_iter().for_each(|message| self.note(message)),
            None if self.waits() => self.pause(),
            None => {}
        }
    }

    /// Ends the run: jobs that nobody has done are taken back. Returns what was done, and what else is to be said of it.
    pub fn close(mut self, own: &Places) -> (Vec<Done>, Account) {
        let shortfall = self.shortfall();
        if self.is_open() {
            // What is left in a queue that went away meanwhile is past its deadline, and so nobody's.
            let _ = self.broker.withdraw(&self.reply_to);
        }
        let our_clock = self.client.clock();
        let numbers = self.workers.numbers(&our_clock, own);
        let account = Account {
            redelivered: self.redelivered,
            workers: self.workers.count(&our_clock, own),
            elsewhere: self.workers.elsewhere(&our_clock, &numbers),
        };
        let failed = |index, error| Done { index, result: Err(error), spans: Vec::new() };
        let returned = |delivered: Delivered, read_ns| {
            let offset = self.workers.offset(&delivered.worker, &our_clock);
            let worker = numbers.get(&delivered.worker).copied().unwrap_or_default();
            on_our_axis(delivered, worker, offset.ns, self.handed_in_ns, read_ns)
        };
        let done = (0..).zip(self.answers).filter_map(|(index, answer)| match answer {
            Some(Answer::Delivered(delivered, read_ns)) => Some(returned(*delivered, read_ns)),
            Some(Answer::Failed(error)) => Some(failed(index, error)),
            None => Some(failed(index, TaskError::Queue(shortfall.clone()?))),
        });
        (done.collect(), account)
    }

    fn pause(&self) {
        thread::sleep(PAUSE.min(self.work.stop.time_left()));
    }

    /// Says that the run is still there, and asks who else is.
    fn beat(&mut self) {
        self.last_beat = Instant::now();
        let said = self.broker.beat(&self.client.peer, &[]).and_then(|_| self.broker.present());
        if let Some(peers) = heard(&mut self.trouble, said) {
            self.workers.present(&peers);
        }
    }

    fn bury(&mut self) {
        for buried in heard(&mut self.trouble, self.broker.bury(&self.reply_to)).unwrap_or_default() {
            let error = TaskError::GivenUp { tries: buried.tries, last: buried.last_worker };
            self.answer(buried.run, buried.index, Answer::Failed(error));
        }
    }

    fn note(&mut self, message: Message) {
        match message {
            Message::Delivered(delivered) => {
                let (run, index) = (delivered.run, delivered.done.index);
                self.workers.delivered(&delivered);
                self.answer(run, index, Answer::Delivered(Box::new(delivered), now_ns()));
            }
            Message::Redelivered { run, index, .. } if self.knows(run, index) => {
                *self.redelivered.entry(index).or_default() += 1;
            }
            Message::Redelivered { .. } => {}
        }
    }

    /// The first answer counts. A job that was handed out again may well come back twice.
    fn answer(&mut self, run: u64, index: u32, answer: Answer) {
        if self.knows(run, index) && self.answers[index as usize].is_none() {
            self.answers[index as usize] = Some(answer);
            self.missing -= 1;
        }
    }

    fn knows(&self, run: u64, index: u32) -> bool {
        run == self.work.run && (index as usize) < self.answers.len()
    }

    /// Why answers are missing, where the queue or its workers are the reason. `None` where time was, or Ctrl-C.
    fn shortfall(&mut self) -> Option<String> {
        if self.missing == 0 || self.work.stop.check() == Err(Stopped::Interrupted) {
            return None;
        }
        if self.trouble.is_none() {
            self.beat();
        }
        let nobody = || self.workers.nobody_listens(&self.client.queue);
        let reason = self.trouble.as_ref().map(ToString::to_string).or_else(nobody)?;
        let tasks = self.answers.len();
        Some(format!("{} of {tasks} done: {reason}", tasks - self.missing))
    }
}

/// What the queue answered, and in `trouble` why it didn't, until it does. A refusal stays.
fn heard<T>(trouble: &mut Option<QueueError>, answer: Result<T, QueueError>) -> Option<T> {
    let (answer, error) = answer.map_or_else(|error| (None, Some(error)), |answer| (Some(answer), None));
    if !is_final(trouble.as_ref()) {
        *trouble = error;
    }
    answer
}

/// A queue that can't be reached may come back. One that refuses has made up its mind.
fn is_final(trouble: Option<&QueueError>) -> bool {
    trouble.is_some_and(|trouble| !matches!(trouble, QueueError::Unreachable { .. }))
}

/// What a worker delivered, its times by our clock, and with the three spans that the job has of its own.
fn on_our_axis(delivered: Delivered, worker: u32, ahead_ns: i64, handed_in_ns: (u64, u64), read_ns: u64) -> Done {
    let ours = |time_ns: u64| time_ns.saturating_add_signed(ahead_ns);
    let Delivered { mut done, taken_ns, .. } = delivered;
    for span in &mut done.spans {
        *span = Span { worker, start_ns: ours(span.start_ns), end_ns: ours(span.end_ns), ..*span };
    }
    let (start_ns, answered_ns) = handed_in_ns;
    // One after another, even where an estimated clock says otherwise. A job may be taken before its run has heard that it
    // is in the queue.
    let taken_ns = ours(taken_ns).clamp(start_ns, read_ns.max(start_ns));
    let in_queue_ns = answered_ns.min(taken_ns);
    let ended_ns = done.spans.first().map_or(taken_ns, |run| run.end_ns);
    let span = |kind, start_ns, end_ns: u64| {
        let (index, end_ns) = (Some(done.index), end_ns.max(start_ns));
        Span { worker, index, kind, start_ns, end_ns }
    };
    let of_job = [
        span(SpanKind::Enqueue, start_ns, in_queue_ns),
        span(SpanKind::Queued, in_queue_ns, taken_ns),
        span(SpanKind::Return, ended_ns, read_ns),
    ];
    done.spans.extend(of_job);
    done
}

/// The workers that were seen during a run, in the order in which they were.
#[derive(Debug, Default)]
struct Workers {
    seen: Vec<String>,
    /// The best comparison of each one's clock with the queue's. Who has delivered nothing has none.
    clocks: HashMap<String, ClockReading>,
    /// Of those that were present last: whether one is of our build, and how many are of each other build.
    listening: bool,
    other_builds: BTreeMap<String, u32>,
}

impl Workers {
    fn present(&mut self, peers: &[Peer]) {
        let (ours, others): (Vec<&Peer>, Vec<&Peer>) =
            peers.iter().filter(|peer| peer.role == Role::Worker).partition(|peer| peer.build == BUILD);
        self.listening = !ours.is_empty();
        ours.into_iter().for_each(|peer| self.see(&peer.id));
        self.other_builds.clear();
        for peer in others {
            *self.other_builds.entry(peer.build.clone()).or_default() += 1;
        }
    }

    fn delivered(&mut self, delivered: &Delivered) {
        let (worker, clock) = (&delivered.worker, &delivered.clock);
        match self.clocks.get_mut(worker) {
            Some(best) if best.to_queue.uncertainty_ns <= clock.to_queue.uncertainty_ns => {}
            Some(best) => best.clone_from(clock),
            None => {
                self.see(worker);
                self.clocks.insert(worker.clone(), clock.clone());
            }
        }
    }

    fn see(&mut self, worker: &str) {
        if !self.seen.iter().any(|seen| seen == worker) {
            self.seen.push(worker.into());
        }
    }

    /// Each one's number: a pool's own have those of their places, others the next in the order in which they were seen.
    fn numbers(&self, our_clock: &ClockReading, own: &Places) -> BTreeMap<String, u32> {
        let mut next = own.values().max().map_or(0, |last| last + 1);
        let mut number = |worker: &String| {
            // On another machine of the same name, a process may have the same number.
            let is_here = self.clocks.get(worker).is_none_or(|clock| clock.axis == our_clock.axis);
            own.get(worker).copied().filter(|_| is_here).unwrap_or_else(|| {
                next += 1;
                next - 1
            })
        };
        self.seen.iter().map(|worker| (worker.clone(), number(worker))).collect()
    }

    /// How many there were, where that isn't the number of the pool's own: none are its own, and all that listened count; or
    /// others took jobs as well.
    fn count(&self, our_clock: &ClockReading, own: &Places) -> Option<u32> {
        if own.is_empty() {
            return Some(self.seen.len() as u32);
        }
        let numbers = self.numbers(our_clock, own);
        let others = self.clocks.keys().filter(|worker| !own.values().any(|place| numbers.get(*worker) == Some(place)));
        let (others, places) = (others.count(), own.values().collect::<BTreeSet<_>>().len());
        (others > 0).then_some((places + others) as u32)
    }

    /// How far our clock is ahead of the worker's: nothing where the two read the same one.
    fn offset(&self, worker: &str, our_clock: &ClockReading) -> Offset {
        let theirs = self.clocks.get(worker).filter(|clock| clock.axis != our_clock.axis);
        theirs.map_or_else(Offset::default, |clock| {
            let (theirs, ours) = (clock.to_queue, our_clock.to_queue);
            let uncertainty_ns = theirs.uncertainty_ns.saturating_add(ours.uncertainty_ns);
            Offset { ns: theirs.ns.saturating_sub(ours.ns), uncertainty_ns }
        })
    }

    fn elsewhere(&self, our_clock: &ClockReading, numbers: &BTreeMap<String, u32>) -> Vec<Elsewhere> {
        let of = |(worker, &number): (&String, &u32)| {
            let clock = self.clocks.get(worker).filter(|clock| clock.axis != our_clock.axis)?;
            let Offset { ns: clock_offset_ns, uncertainty_ns: clock_uncertainty_ns } = self.offset(worker, our_clock);
            Some(Elsewhere { worker: number, host: clock.axis.host.clone(), clock_offset_ns, clock_uncertainty_ns })
        };
        let mut elsewhere: Vec<Elsewhere> = numbers.iter().filter_map(of).collect();
        elsewhere.sort_unstable_by_key(|one| one.worker);
        elsewhere
    }

    /// The words for it, where it is so.
    fn nobody_listens(&self, queue: &str) -> Option<String> {
        if self.listening {
            return None;
        }
        let of_build = |(build, count): (&String, &u32)| match count {
            1 => format!("; 1 worker of another build does: {build}"),
            _ => format!("; {count} workers of another build do: {build}"),
        };
        let others: String = self.other_builds.iter().map(of_build).collect();
        Some(format!("no worker listens on queue `{queue}`{others}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::broker::{Buried, Finished, JobId, MOST_TRIES, Taken},
        *,
    };
    use crate::{
        task::{Output, Task, gunzip::Gunzip, prime_sum::PrimeSum},
        worker::{deck::Deal, stop::Stop},
    };
    use proptest::prelude::*;
    use std::collections::VecDeque;

    type Answered<T> = Result<T, QueueError>;

    /// A queue that says what it was told to say, and nothing more when that is over.
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
        fn withdraw(&mut self, _: &str) -> Answered<()> {
            self.withdrawn = true;
            Ok(())
        }
        fn deliver(&mut self, _: &str, _: &Finished) -> Answered<()> {
            unreachable!("a run delivers nothing")
        }
        fn take(&mut self, _: &str, _: Option<&Finished>, _: Duration) -> Answered<Option<Taken>> {
            unreachable!("a run takes nothing")
        }
    }

    const RUN: u64 = 7;

    fn clock(host: &str, ns: i64, uncertainty_ns: u64) -> ClockReading {
        let axis = Axis { host: host.into(), boot: None, time_namespace: None };
        ClockReading { axis, to_queue: Offset { ns, uncertainty_ns } }
    }

    fn peer(id: &str, role: Role, build: &str) -> Peer {
        Peer { id: id.into(), role, build: build.into(), host: "here".into() }
    }

    fn client() -> Client {
        let ClockReading { axis, to_queue } = clock("here", 1_000, 10);
        let peer = peer("here:1:run-0", Role::Run, BUILD);
        Client { peer, axis, comparison: Comparison::new(to_queue), queue: "q".into() }
    }

    fn sums(count: u64) -> Vec<Task> {
        (0..count).map(|from| Task::PrimeSum(PrimeSum { from, below: from + 1 })).collect()
    }

    fn work(tasks: Vec<Task>, stop: Stop) -> Work {
        Work { server: Some("http://here:80".into()), ..Work::new(RUN, tasks, Deal::OneByOne, stop) }
    }

    fn delivered(worker: &str, index: u32, checksum: u64) -> Delivered {
        let run = Span { worker: 0, index: Some(index), kind: SpanKind::Run, start_ns: 300, end_ns: 400 };
        let output = Output { checksum, amount: 1, status: None };
        let done = Done { index, result: Ok(output), spans: vec![run] };
        Delivered { run: RUN, worker: worker.into(), attempt: 1, taken_ns: 250, clock: clock("here", 1_000, 10), done }
    }

    fn result(worker: &str, index: u32, checksum: u64) -> Message {
        Message::Delivered(delivered(worker, index, checksum))
    }

    fn again(run: u64, index: u32) -> Message {
        Message::Redelivered { run, index, from: "here:9:0".into() }
    }

    /// Has the run done as the pool does.
    fn run(broker: &mut Scripted, work: &Work, own: &Places) -> (Vec<Done>, Account) {
        let _watchdog = work.stop.watchdog();
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

    /// Long enough for a word or two.
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
        let (done, account) = run(&mut broker, &work(sums(3), patient()), &Places::new());
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
        let mut broker = Scripted {
            enqueue: [gone(), gone()].into(),
            messages: [Err(gone()), Ok(done)].into(),
            ..Scripted::default()
        };
        let (done, _) = run(&mut broker, &work(sums(1), patient()), &Places::new());
        assert_eq!((checksums(&done), broker.enqueued.len()), (vec![1], 1));
    }

    #[test]
    fn a_queue_that_does_not_come_back_is_what_the_missing_tasks_say() {
        let mut broker =
            Scripted { messages: [Ok(vec![result("here:5:0", 1, 1)])].into(), ends: true, ..Scripted::default() };
        let (done, _) = run(&mut broker, &work(sums(3), hasty()), &Places::new());
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
        let (done, _) = run(&mut broker, &work, &Places::new());
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
                run(&mut Scripted { present, ..Scripted::default() }, &work(sums(2), hasty()), &Places::new());
            assert_eq!((queue_error(&done[0]), queue_error(&done[1])), (words, words));
            assert_eq!(account.workers, Some(0));
        }
    }

    #[test]
    fn what_somebody_works_on_still_is_late_and_no_failure_of_the_queue() {
        let present = vec![peer("here:5:0", Role::Worker, BUILD), peer("here:6:0", Role::Worker, BUILD)];
        let mut broker = Scripted { present, ..Scripted::default() };
        let work = work(sums(2), hasty());
        let (done, account) = run(&mut broker, &work, &Places::new());
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
        let (done, _) = run(&mut broker, &work(sums(1), patient()), &Places::new());
        assert_eq!(done[0].result, Err(TaskError::GivenUp { tries: MOST_TRIES, last: "far:3:0".into() }));
    }

    #[test]
    fn what_cannot_be_sent_is_refused_and_the_rest_is_done() {
        let local = Task::Gunzip(Gunzip { input: "/tmp/here_alone.gz".into(), releases_lock: false });
        let mut broker = Scripted { messages: [Ok(vec![result("here:5:0", 1, 1)])].into(), ..Scripted::default() };
        let (done, _) = run(&mut broker, &work(vec![local, Task::Noop], patient()), &Places::new());
        assert!(matches!(&done[0].result, Err(TaskError::Refused(why)) if !why.is_empty()), "{done:?}");
        assert!(done[1].result.is_ok());
        assert_eq!(broker.enqueued.len(), 1);
    }

    #[test]
    fn own_workers_have_the_numbers_of_their_places() {
        let own = [("here:50:0", 0), ("here:51:0", 1), ("here:52:0", 1), ("far:51:0", 0)];
        let own: Places = own.map(|(name, place)| (name.to_owned(), place)).into();
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
        let (done, account) = run(&mut broker, &work(sums(2), patient()), &Places::new());
        // The queue is 6000 ns ahead of the worker and 1000 ns ahead of us, so we are 5000 ns ahead of the worker.
        assert!(done.iter().all(|one| (one.spans[0].start_ns, one.spans[0].end_ns) == (5_300, 5_400)), "{done:?}");
        let [Elsewhere { worker: 0, host, clock_offset_ns: 5_000, clock_uncertainty_ns }] = &account.elsewhere[..]
        else {
            panic!("{account:?}")
        };
        // Ours was read a moment ago, and is worth less by now.
        assert!(host == "far" && *clock_uncertainty_ns >= 30, "{account:?}");
    }

    #[test]
    fn a_job_has_three_spans_of_its_own_behind_those_of_its_worker() {
        let done = on_our_axis(delivered("here:5:0", 3, 1), 2, 0, (100, 200), 450);
        let spans: Vec<(SpanKind, u64, u64)> =
            done.spans.iter().map(|span| (span.kind, span.start_ns, span.end_ns)).collect();
        let expected = [
            (SpanKind::Run, 300, 400),
            (SpanKind::Enqueue, 100, 200),
            (SpanKind::Queued, 200, 250),
            (SpanKind::Return, 400, 450),
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
            let (done, _) = run(&mut broker, &work(sums(4), patient()), &Places::new());
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
}
