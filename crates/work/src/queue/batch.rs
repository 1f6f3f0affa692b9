//! A batch: the jobs of one run, from enqueueing them to collecting their results.
//!
//! Whatever happens on the other side of the queue, each task ends with one result, or with the reason why there is
//! none. An unreachable queue is retried until the deadline, because it may come back; jobs that it has lost are
//! noticed. A job that is delivered twice counts once. If no worker takes jobs, the missing tasks say so. However a
//! batch ends, it withdraws its unfinished jobs; the next run on the queue withdraws those that it couldn't.
//!
//! Each job names its run, and enqueueing counts as a heartbeat. A run that begins withdraws the jobs of all runs that
//! were silent for a lease: otherwise its workers would do the jobs of a run that was killed.

#[cfg(test)]
mod tests;
mod workers;

use super::{
    address::Address,
    broker::{BEAT, Broker, GRACE, LEASE, Peer, QueueError, Role},
    job::{BUILD, Delivered, Job, Message},
    job_spec::Errand,
    outage::{Outage, OutageWatch},
    worker::clock_offset,
};
use crate::{
    task::TaskError,
    worker::{
        lane::{Activity, Done, Span},
        stop::Stopped,
        work::{Account, Work},
    },
};
use measure::{
    axis::{ClockAxis, ClockReading, Comparison},
    clock::now_ns,
};
use std::{
    cell::Cell,
    cmp::Reverse,
    collections::BTreeMap,
    process,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};
use support::terminal::printable;
use workers::Workers;

/// The longest wait for messages between two checks of the stop signal.
const SLICE: Duration = Duration::from_millis(50);

/// The pause before an unreachable queue is retried.
const PAUSE: Duration = Duration::from_millis(100);

/// A pool, as a client of the queue.
#[derive(Debug)]
pub struct Client {
    peer: Peer,
    axis: ClockAxis,
    comparison: Comparison,
    queue: String,
    address: String,
    /// How the queue can lose jobs.
    hint: &'static str,
    /// When it last sent a heartbeat.
    heard: Cell<Instant>,
}

impl Client {
    /// Introduces a pool to the queue of this name; an error at once if it is unavailable. Jobs of runs that ended
    /// without withdrawing them go, or this pool's workers would do them.
    pub fn introduce(address: &Address, broker: &mut dyn Broker, queue: &str) -> Result<Self, QueueError> {
        static POOLS: AtomicU32 = AtomicU32::new(0);
        let (axis, comparison) = (ClockAxis::here(), Comparison::new(clock_offset(address, broker)?));
        let host = axis.host.clone();
        let id = format!("{host}:{}:run-{}", process::id(), POOLS.fetch_add(1, Relaxed));
        let peer = Peer { id, role: Role::Run, build: BUILD.into(), host };
        broker.beat(&peer, &[])?;
        broker.sweep()?;
        let (address, hint) = (address.to_string(), address.what_loses_jobs());
        Ok(Self { peer, axis, comparison, queue: queue.into(), address, hint, heard: Cell::new(Instant::now()) })
    }

    /// How this process's clock compares with the queue's.
    fn clock(&self) -> ClockReading {
        ClockReading { axis: self.axis.clone(), to_queue: self.comparison.now() }
    }

    /// Leaves the queue, with the pool's own workers: these have ended, can't leave by themselves, and would count as
    /// present for a while.
    pub fn leave(&self, broker: &mut dyn Broker, own: &SeenPlaces) {
        broker.until(Some(Instant::now() + GRACE));
        // An unreachable queue forgets silent peers by itself.
        let _ = own.keys().chain([&self.peer.id]).try_for_each(|peer| broker.leave(peer));
    }
}

/// A pool's own workers by their names in the queue, each with its slot in the pool: its number in spans. A worker that
/// replaced a dead one has the same.
pub type SeenPlaces = BTreeMap<String, u32>;

/// The jobs of one run.
#[derive(Debug)]
pub struct Batch<'a> {
    broker: &'a mut dyn Broker,
    client: &'a Client,
    work: &'a Work,
    reply_to: String,
    /// The jobs to send, until they are enqueued.
    jobs: Vec<Job>,
    answers: Vec<Option<TaskResult>>,
    /// Answers still missing.
    missing: usize,
    redelivered: BTreeMap<u32, u32>,
    workers: Workers,
    /// The run's own connection; then its workers' outages as they reported them, each with its worker, by our clock.
    watch: OutageWatch,
    outages_of_workers: Vec<(String, Outage)>,
    is_withdrawn: bool,
    /// When enqueueing began, and when the jobs were in the queue.
    handed_in_ns: (u64, u64),
    /// The queue's last answer, if it was an error.
    trouble: Option<QueueError>,
}

/// A task's result.
#[derive(Debug)]
enum TaskResult {
    /// A worker delivered it, and it was read at this time.
    Delivered(Box<Delivered>, u64),
    /// It failed, with any worker or without one.
    Failed(TaskError),
}

impl<'a> Batch<'a> {
    /// The tasks of a run. Those that can't be sent have their answer already.
    pub fn new(broker: &'a mut dyn Broker, client: &'a Client, work: &'a Work) -> Self {
        let queues = |ours_ns: u64| ours_ns.saturating_add_signed(client.clock().to_queue.ns);
        let deadline_ns = queues(now_ns()).saturating_add(work.stop.time_left().as_nanos() as u64);
        let (mut jobs, mut answers) = (Vec::new(), Vec::new());
        for (index, task) in (0..).zip(&*work.tasks) {
            let errand = Errand::of(task);
            answers.push(errand.as_ref().err().map(|why| TaskResult::Failed(TaskError::Refused(why.clone()))));
            jobs.extend(errand.map(|errand| {
                let (server, due_ns) = (work.server.clone(), task.due_ns().map(queues));
                Job { run: work.run, index, deadline_ns, due_ns, server, errand }
            }));
        }
        broker.until(Some(Instant::now() + work.stop.time_left() + GRACE));
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
            watch: OutageWatch::default(),
            outages_of_workers: Vec::new(),
            // There is nothing in the queue yet.
            is_withdrawn: true,
            handed_in_ns: (0, 0),
            trouble: None,
        }
    }

    /// Enqueues the jobs, as soon as the queue can be reached.
    pub fn hand_in(&mut self) {
        let (jobs, start_ns) = (std::mem::take(&mut self.jobs), now_ns());
        self.handed_in_ns = (start_ns, start_ns);
        self.is_withdrawn = jobs.is_empty();
        if self.client.heard.get().elapsed() >= LEASE / 2 {
            // Jobs of a run that is not present are swept.
            self.beat();
        }
        // Many jobs take long: that is no outage.
        let patience = Duration::from_millis(jobs.len() as u64);
        while self.waits() && self.ask(patience, |broker, reply_to| broker.enqueue(reply_to, &jobs)).is_none() {
            if self.waits() {
                self.pause();
            }
        }
        self.handed_in_ns = (start_ns, now_ns());
        if self.is_open() {
            // Not earlier, so that the workers have begun.
            self.beat();
        }
    }

    /// Whether to keep waiting: answers are missing, nothing stopped the run, and the queue may still give them.
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

    /// Reads the messages, waiting a moment if there are none.
    pub fn collect(&mut self) {
        if self.client.heard.get().elapsed() >= BEAT {
            self.beat();
            self.bury();
            self.count();
        }
        if self.read(SLICE.min(self.work.stop.time_left())).is_none() && self.waits() {
            self.pause();
        }
    }

    /// Reads the messages. Returns how many; `None` if the queue didn't answer.
    fn read(&mut self, patience: Duration) -> Option<usize> {
        let messages = self.ask(patience, |broker, reply_to| broker.messages(reply_to, patience))?;
        let count = messages.len();
        messages.into_iter().for_each(|message| self.note(message));
        Some(count)
    }

    /// Are all jobs still there? A job that the queue does not hold must have been delivered by the time that all
    /// messages are read; otherwise it is lost. Near the deadline that proves nothing: then workers drop expired jobs.
    fn count(&mut self) {
        if self.missing == 0 || self.work.stop.time_left() < BEAT {
            return;
        }
        let expected = self.missing;
        let held = self.ask(Duration::ZERO, |broker, reply_to| broker.held(reply_to, expected));
        let Some(held) = held.filter(|held| *held < expected) else { return };
        while self.read(Duration::ZERO).is_some_and(|count| count > 0) {}
        if self.is_open() && self.missing > held {
            let (address, jobs, hint) = (self.client.address.clone(), self.missing - held, self.client.hint);
            self.trouble = Some(QueueError::Lost { address, jobs, hint });
        }
    }

    /// Asks the queue something that may wait this long on purpose, and notes whether it answers.
    fn ask<T>(
        &mut self,
        patience: Duration,
        question: impl FnOnce(&mut dyn Broker, &str) -> Result<T, QueueError>,
    ) -> Option<T> {
        let asked_ns = now_ns();
        let answer = question(self.broker, &self.reply_to);
        self.watch.heard(asked_ns, patience, &answer);
        heard(&mut self.trouble, answer)
    }

    /// Ends the run and withdraws its unfinished jobs. Returns the results, and further facts about the run.
    pub fn close(mut self, own: &SeenPlaces) -> (Vec<Done>, Account) {
        self.broker.until(Some(Instant::now() + GRACE));
        let mut shortfall = self.shortfall();
        if let Some(left) = self.withdraw() {
            let stopped = || self.work.stop.check().err().map(|stopped| TaskError::from(stopped).to_string());
            shortfall =
                shortfall.or_else(stopped).into_iter().chain([left]).reduce(|why, left| format!("{why}; {left}"));
        }
        let our_clock = self.client.clock();
        let numbers = self.workers.numbers(&our_clock, own);
        let account = Account {
            redelivered: std::mem::take(&mut self.redelivered),
            workers: self.workers.count(&our_clock, own),
            elsewhere: self.workers.elsewhere(&our_clock, &numbers),
            outages: self.outages(&our_clock, &numbers),
            other_runs: self.workers.other_runs,
        };
        let answers = std::mem::take(&mut self.answers);
        let failed = |index, error| Done { index, result: Err(error), spans: Vec::new() };
        let returned = |delivered: Delivered, read_ns| {
            let offset = self.workers.offset(&delivered.worker, &our_clock);
            let worker = numbers.get(&delivered.worker).copied().unwrap_or_default();
            on_our_axis(delivered, worker, offset.ns, self.handed_in_ns, read_ns)
        };
        let done = (0..).zip(answers).filter_map(|(index, answer)| match answer {
            Some(TaskResult::Delivered(delivered, read_ns)) => Some(returned(*delivered, read_ns)),
            Some(TaskResult::Failed(error)) => Some(failed(index, error)),
            None => Some(failed(index, TaskError::Queue(shortfall.clone()?))),
        });
        (done.collect(), account)
    }

    /// Withdraws unfinished jobs. Returns a message if some stay behind.
    fn withdraw(&mut self) -> Option<String> {
        if std::mem::replace(&mut self.is_withdrawn, true) {
            return None;
        }
        // A queue that refuses jobs may still withdraw some.
        let error = self.broker.withdraw(&self.reply_to).err()?;
        let (jobs, queue) = (self.missing, &self.client.queue);
        // Mostly the same reason as why they are missing.
        let why = if self.trouble.as_ref() == Some(&error) { String::new() } else { format!(" ({error})") };
        (jobs > 0).then(|| format!("up to {jobs} jobs stay in the queue until the next run on `{queue}`{why}"))
    }

    /// The outages of the run, by our clock, in their order.
    fn outages(&self, our_clock: &ClockReading, numbers: &BTreeMap<String, u32>) -> Vec<Outage> {
        let (start_ns, _) = self.handed_in_ns;
        let of_worker = |(worker, outage): &(String, Outage)| {
            let ours = |ns: u64| ns.saturating_add_signed(self.workers.offset(worker, our_clock).ns);
            Outage {
                worker: numbers.get(worker).copied(),
                start_ns: ours(outage.start_ns),
                end_ns: ours(outage.end_ns),
                cause: printable(&outage.cause).into_owned(),
            }
        };
        let of_workers = self.outages_of_workers.iter().map(of_worker).filter(|outage| outage.end_ns > start_ns);
        let mut outages: Vec<Outage> = self.watch.since(start_ns).into_iter().chain(of_workers).collect();
        // Workers report each one twice, the second time with its true end.
        outages.sort_by_key(|outage| (outage.worker, outage.start_ns, Reverse(outage.end_ns)));
        outages.dedup_by_key(|outage| (outage.worker, outage.start_ns));
        outages.sort_by_key(|outage| outage.start_ns);
        outages
    }

    fn pause(&self) {
        thread::sleep(PAUSE.min(self.work.stop.time_left()));
    }

    /// Sends the run's heartbeat, and asks who else is there.
    fn beat(&mut self) {
        self.client.heard.set(Instant::now());
        let peer = &self.client.peer;
        let said = self.ask(Duration::ZERO, |broker, _| broker.beat(peer, &[]).and_then(|_| broker.present()));
        if let Some(peers) = said {
            self.workers.present(&peers, &peer.id);
        }
    }

    fn bury(&mut self) {
        for buried in self.ask(Duration::ZERO, |broker, reply_to| broker.bury(reply_to)).unwrap_or_default() {
            let error = TaskError::GivenUp { tries: buried.tries, last: printable(&buried.last_worker).into_owned() };
            self.answer(buried.run, buried.index, TaskResult::Failed(error));
        }
    }

    fn note(&mut self, message: Message) {
        match message {
            Message::Delivered(mut delivered) => {
                let (run, index) = (delivered.run, delivered.done.index);
                self.workers.delivered(&delivered);
                let outages = std::mem::take(&mut delivered.outages).into_vec().into_iter();
                self.outages_of_workers.extend(outages.map(|outage| (delivered.worker.clone(), outage)));
                self.answer(run, index, TaskResult::Delivered(Box::new(delivered), now_ns()));
            }
            Message::Redelivered { run, index, .. } if self.knows(run, index) => {
                *self.redelivered.entry(index).or_default() += 1;
            }
            Message::Redelivered { .. } => {}
        }
    }

    /// The first answer counts. A redelivered job may come back twice.
    fn answer(&mut self, run: u64, index: u32, answer: TaskResult) {
        if self.knows(run, index) && self.answers[index as usize].is_none() {
            self.answers[index as usize] = Some(answer);
            self.missing -= 1;
        }
    }

    fn knows(&self, run: u64, index: u32) -> bool {
        run == self.work.run && (index as usize) < self.answers.len()
    }

    /// Why answers are missing, if the cause is the queue or its workers. `None` if it is the deadline, or Ctrl-C.
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

/// A run that panics withdraws its jobs too.
impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let _ = self.withdraw();
    }
}

/// The queue's answer. `trouble` says why there is none, until there is one. A refusal stays.
fn heard<T>(trouble: &mut Option<QueueError>, answer: Result<T, QueueError>) -> Option<T> {
    let (answer, error) = answer.map_or_else(|error| (None, Some(error)), |answer| (Some(answer), None));
    if !is_final(trouble.as_ref()) {
        *trouble = error;
    }
    answer
}

/// An unreachable queue may come back. A refusal is final.
fn is_final(trouble: Option<&QueueError>) -> bool {
    trouble.is_some_and(|trouble| !matches!(trouble, QueueError::Unreachable { .. }))
}

/// A worker's delivery, its times by our clock, and with the three spans that are the job's own.
fn on_our_axis(delivered: Delivered, worker: u32, ahead_ns: i64, handed_in_ns: (u64, u64), read_ns: u64) -> Done {
    let ours = |time_ns: u64| time_ns.saturating_add_signed(ahead_ns);
    let Delivered { mut done, taken_ns, .. } = delivered;
    for span in &mut done.spans {
        *span = Span { worker, start_ns: ours(span.start_ns), end_ns: ours(span.end_ns), ..*span };
    }
    let (start_ns, answered_ns) = handed_in_ns;
    // In sequence, even if an estimated clock says otherwise. A job may be taken before its run has heard that it is in
    // the queue.
    let taken_ns = ours(taken_ns).clamp(start_ns, read_ns.max(start_ns));
    let in_queue_ns = answered_ns.min(taken_ns);
    let ended_ns = done.spans.first().map_or(taken_ns, |run| run.end_ns);
    let span = |kind, start_ns, end_ns: u64| {
        let (index, end_ns) = (Some(done.index), end_ns.max(start_ns));
        Span { worker, index, kind, start_ns, end_ns }
    };
    // An arrival is queued from when it was due, and in the queue long before.
    let is_arrival = done.spans.iter().any(|span| span.kind == Activity::Queued);
    let before = [span(Activity::Enqueue, start_ns, in_queue_ns), span(Activity::Queued, in_queue_ns, taken_ns)];
    done.spans.extend(before.into_iter().filter(|_| !is_arrival));
    done.spans.push(span(Activity::Return, ended_ns, read_ns));
    done
}
