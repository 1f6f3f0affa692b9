//! What the server takes at once, and what becomes of the others: they wait for their turn, or are turned away.
//!
//! Whoever waits is a future, and a client that gives up has its future dropped: its place in the queue is free again.

use super::{
    bucket::Bucket,
    checked::CheckedNetwork,
    profile::{Beyond, Limit},
    section::Section,
    timer::Timer,
};
use crate::measure::clock::now_ns;
use hyper::StatusCode;
use std::{cell::RefCell, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// All limits of a server.
#[derive(Debug)]
pub(super) struct Limits {
    connections: Option<Gate>,
    requests: Option<Gate>,
    rate: Option<RefCell<Bucket>>,
    section: Option<Section>,
    /// After how long a request that found no place may come again: nobody knows when there will be one.
    overloaded_ns: u64,
}

/// A connection or a request that is let in.
#[derive(Debug)]
pub(super) struct Admitted {
    /// Held while it is in service.
    pub place: Option<OwnedSemaphorePermit>,
    /// Since when it is: since it came, unless it had to wait.
    pub since_ns: u64,
}

/// A request that is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: StatusCode,
    /// After how long trying again makes sense, at the server's own pace.
    pub retry_after_ns: u64,
}

impl Limits {
    pub(super) fn new(network: &CheckedNetwork, time_scale: f64) -> Self {
        Self {
            connections: network.connections.map(Gate::new),
            requests: network.requests.map(Gate::new),
            rate: network.rate.map(|rate| RefCell::new(Bucket::new(rate.per_s, rate.burst))),
            section: (network.serial_ns > 0).then(|| Section::new(network.serial_ns)),
            // A second, as everything else divided by the time scale.
            overloaded_ns: (1e9 / time_scale) as u64,
        }
    }

    /// Lets a connection in that came at `since_ns`, perhaps later; `Err` if it is to be closed.
    pub(super) async fn connect(&self, since_ns: u64) -> Result<Admitted, Full> {
        match &self.connections {
            Some(gate) => gate.enter(since_ns).await,
            None => Ok(Admitted { place: None, since_ns }),
        }
    }

    /// Lets a request in that came at `since_ns`, perhaps later, or turns it away.
    pub(super) async fn admit(&self, since_ns: u64, timer: &Timer) -> Result<Admitted, Refusal> {
        if let Some(rate) = &self.rate {
            // A statement of its own: no borrow is held across an await.
            let taken = rate.borrow_mut().take(since_ns);
            taken.map_err(|retry_after_ns| Refusal { status: StatusCode::TOO_MANY_REQUESTS, retry_after_ns })?;
        }
        let mut admitted = match &self.requests {
            Some(gate) => gate.enter(since_ns).await.map_err(|Full| self.overloaded())?,
            None => Admitted { place: None, since_ns },
        };
        if let Some(section) = &self.section {
            admitted.since_ns = section.pass(admitted.since_ns, timer).await;
        }
        Ok(admitted)
    }

    fn overloaded(&self) -> Refusal {
        Refusal { status: StatusCode::SERVICE_UNAVAILABLE, retry_after_ns: self.overloaded_ns }
    }
}

/// There is no place, and nobody may wait for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

/// So many at once.
#[derive(Debug)]
struct Gate {
    places: Arc<Semaphore>,
    beyond: Beyond,
}

impl Gate {
    fn new(limit: Limit) -> Self {
        Self { places: Arc::new(Semaphore::new(limit.most as usize)), beyond: limit.beyond }
    }

    async fn enter(&self, since_ns: u64) -> Result<Admitted, Full> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(Admitted { place: Some(place), since_ns });
        }
        match self.beyond {
            Beyond::Refuse => Err(Full),
            Beyond::Queue => {
                // tokio's semaphore serves those who wait in their order.
                let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| Full)?;
                Ok(Admitted { place: Some(place), since_ns: now_ns() })
            }
        }
    }
}
