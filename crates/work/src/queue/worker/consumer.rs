//! One worker: it takes a job, does it, and delivers it when it asks for the next.

use super::{RETRY, WorkerState, in_flight::InHand};
use crate::{
    queue::{
        broker::{BEAT, Broker, Finished, QueueError, TakenJob},
        job::{Delivered, Message},
        outage::OutageWatch,
    },
    task::Task,
    worker::{
        arrival::DueTask,
        lane::{Done, Lane},
        source::{Chunk, Source},
    },
};
use measure::clock::{between, now_ns};
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    thread,
    time::Duration,
};

/// A worker's connection, and what it has to deliver.
pub(super) struct Post {
    shared: Arc<WorkerState>,
    /// Its worker slot.
    seat: usize,
    id: String,
    broker: Box<dyn Broker>,
    /// The job that is being done.
    begun: Option<Begun>,
    /// The finished job that is not yet delivered, as held in flight.
    finished: Option<(InHand, Finished)>,
    watch: OutageWatch,
}

/// What is needed to deliver a job.
struct Begun {
    in_hand: InHand,
    run: u64,
    reply_to: String,
    attempt: u32,
    taken_ns: u64,
}

impl Post {
    pub(super) fn new(shared: &Arc<WorkerState>, seat: usize, id: String, broker: Box<dyn Broker>) -> Self {
        Self {
            shared: Arc::clone(shared),
            seat,
            id,
            broker,
            begun: None,
            finished: None,
            watch: OutageWatch::default(),
        }
    }

    /// Delivers what is finished and takes the next job. `None` if none came or the queue is unreachable: ask again.
    fn exchange(&mut self) -> Result<Option<TakenJob>, QueueError> {
        self.prepare();
        let (finished, asked_ns) = (self.finished.as_ref().map(|(_, finished)| finished), now_ns());
        let taken = self.broker.take(&self.id, finished, BEAT);
        self.watch.heard(asked_ns, BEAT, &taken);
        match taken {
            Ok(taken) => {
                self.delivered();
                Ok(taken)
            }
            Err(error) => self.bear(error).map(|()| None),
        }
    }

    /// Delivers what is finished, for as long as that takes, and takes no more jobs.
    fn hand_in(&mut self) -> Result<(), QueueError> {
        loop {
            self.prepare();
            let (Some((_, finished)), asked_ns) = (&self.finished, now_ns()) else { return Ok(()) };
            let delivered = self.broker.deliver(&self.id, finished);
            self.watch.heard(asked_ns, Duration::ZERO, &delivered);
            match delivered {
                Ok(()) => self.delivered(),
                Err(error) => self.bear(error)?,
            }
        }
    }

    fn bear(&self, error: QueueError) -> Result<(), QueueError> {
        self.shared.bear(error)?;
        thread::sleep(RETRY);
        Ok(())
    }

    /// Before each try: drops a result that is no longer wanted, or adds the outages of the tries before.
    fn prepare(&mut self) {
        if self.finished.as_ref().is_some_and(|(in_hand, _)| in_hand.is_of_no_use()) {
            self.finished = None;
            self.shared.desk.clear(self.seat);
        }
        if let Some((_, Finished { message: Message::Delivered(delivered), .. })) = &mut self.finished {
            delivered.outages = self.watch.since(0).into();
        }
    }

    fn delivered(&mut self) {
        if self.finished.take().is_some() {
            self.watch.told();
            self.shared.desk.clear(self.seat);
            self.shared.jobs_done.fetch_add(1, Relaxed);
        }
    }

    /// Makes the job a task. `None` for one that must not be done: it is finished with that error.
    fn begin(&mut self, taken: TakenJob) -> Option<Chunk> {
        let taken_ns = now_ns();
        let TakenJob { id, reply_to, attempt, job } = taken;
        let left = between(taken_ns, self.ours(job.deadline_ns));
        let due_ns = job.due_ns.map(|due_ns| self.ours(due_ns));
        let in_hand = InHand::new(id, left);
        let lane = Lane::new(self.shared.membership.first_worker + self.seat as u32, job.run, in_hand.stop());
        self.shared.desk.lay(self.seat, in_hand.clone());
        self.begun = Some(Begun { in_hand, run: job.run, reply_to, attempt, taken_ns });
        let membership = &self.shared.membership;
        let server = membership.server.as_deref().or(job.server.as_deref());
        match job.errand.task(&membership.data, &membership.outputs, server) {
            Ok(task) => {
                let task = match due_ns {
                    Some(due_ns) => Task::Arrival(DueTask { due_ns, task: Box::new(task) }),
                    None => task,
                };
                Some((lane, vec![(job.index, task)]))
            }
            Err(refusal) => {
                self.finish(Done { index: job.index, result: Err(refusal), spans: Vec::new() });
                None
            }
        }
    }

    /// A time of the queue's clock by this host's.
    fn ours(&self, queue_ns: u64) -> u64 {
        let ours = i128::from(queue_ns) - i128::from(self.shared.to_queue().ns);
        ours.clamp(0, i128::from(u64::MAX)) as u64
    }

    fn finish(&mut self, done: Done) {
        let Some(Begun { in_hand, run, reply_to, attempt, taken_ns }) = self.begun.take() else { return };
        let (worker, clock) = (self.id.clone(), self.shared.clock());
        let message =
            Message::Delivered(Delivered { run, worker, attempt, taken_ns, clock, outages: Box::default(), done });
        let finished = Finished { id: in_hand.id.clone(), reply_to, message };
        self.finished = Some((in_hand, finished));
    }
}

impl Drop for Post {
    /// However the worker ends, heartbeats no longer name its job.
    fn drop(&mut self) {
        self.shared.desk.clear(self.seat);
    }
}

impl Source for Post {
    type Error = QueueError;

    fn next(&mut self) -> Result<Option<Chunk>, QueueError> {
        while !self.shared.is_leaving() {
            if let Some(shift) = self.exchange()?.and_then(|taken| self.begin(taken)) {
                return Ok(Some(shift));
            }
        }
        self.hand_in().map(|()| None)
    }

    fn done(&mut self, done: Done) -> Result<(), QueueError> {
        self.finish(done);
        Ok(())
    }
}
