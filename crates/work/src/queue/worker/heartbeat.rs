//! The thread that sends the workers' heartbeats: they are present, and hold these jobs.

use super::{RETRY, WorkerState, clock_offset, in_flight::InHand, locked, refuse_other_builds};
use crate::queue::{
    broker::{BEAT, Broker, JobId, Peer, QueueError},
    worker::WorkerEvent,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How often the queue's clock is read again: two clocks may part by a millisecond in each second.
const RENEWAL: Duration = Duration::from_secs(1);

pub(super) struct Heartbeat {
    shared: Arc<WorkerState>,
    /// The workers, in the order of their slots.
    peers: Vec<Peer>,
    broker: Box<dyn Broker>,
    lost: bool,
    compared: Instant,
}

impl Heartbeat {
    pub(super) fn new(shared: &Arc<WorkerState>, peers: Vec<Peer>, broker: Box<dyn Broker>) -> Self {
        Self { shared: Arc::clone(shared), peers, broker, lost: false, compared: Instant::now() }
    }

    /// Sends heartbeats until closed, then leaves for all.
    pub(super) fn run(mut self) {
        let mut pause = BEAT;
        while self.shared.desk.watch_until(Instant::now() + pause) {
            pause = match self.beat() {
                Ok(()) => self.found(),
                Err(error) => self.missed(error),
            };
        }
        for peer in &self.peers {
            // An unreachable queue will notice by itself that no heartbeat comes any more.
            if self.broker.leave(&peer.id).is_err() {
                return;
            }
        }
    }

    /// One heartbeat per worker. A job that it no longer owns is stopped.
    fn beat(&mut self) -> Result<(), QueueError> {
        let in_hand = self.shared.desk.in_hand();
        for (peer, job) in self.peers.iter().zip(&in_hand) {
            let holds: Vec<JobId> = job.iter().map(|job| job.id.clone()).collect();
            let gone = self.broker.beat(peer, &holds)?;
            job.iter().filter(|job| gone.contains(&job.id)).for_each(InHand::discard);
        }
        if in_hand.iter().all(Option::is_none) {
            refuse_other_builds(&self.shared.membership.queue, &self.broker.present()?)?;
        }
        self.compare_clocks()
    }

    fn compare_clocks(&mut self) -> Result<(), QueueError> {
        if let Some(comparison) = self.shared.comparison.as_ref().filter(|_| self.compared.elapsed() > RENEWAL) {
            let newer = clock_offset(&self.shared.membership.address, self.broker.as_mut())?;
            locked(comparison).renew(newer);
            self.compared = Instant::now();
        }
        Ok(())
    }

    fn found(&mut self) -> Duration {
        if std::mem::take(&mut self.lost) {
            (self.shared.observer)(WorkerEvent::Back);
        }
        BEAT
    }

    /// Reports a loss once, despite retries. Only here, not where workers take jobs: an outage that ends before
    /// the next heartbeat is no loss.
    fn missed(&mut self, error: QueueError) -> Duration {
        let unreachable = matches!(error, QueueError::Unreachable { .. });
        if unreachable && !std::mem::replace(&mut self.lost, true) {
            (self.shared.observer)(WorkerEvent::Lost(error.clone()));
        }
        if let Err(reason) = self.shared.bear(error) {
            self.shared.end(reason);
        }
        if unreachable { RETRY } else { BEAT }
    }
}
