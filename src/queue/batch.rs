//! A batch: the jobs of one run, as the run hands them in and gathers what became of them.
//!
//! Whatever happens on the other side of the queue, each task ends with one answer, or with a word why there is none. A queue that
//! can't be reached is asked again until the deadline: it may come back, and then has forgotten nothing. A job that comes
//! back twice counts once. And where nobody takes jobs, the tasks that are missing say so.

#[cfg(test)]
mod tests;

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
