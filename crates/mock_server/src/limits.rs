//! What the server takes at once, and what becomes of the others: they wait for their turn, or are turned away.
//!
//! A request that waits is a future, and if its client gives up, the future is dropped: its place in the queue is free
//! again.
//!
//! Where connections queue, a connection has a place only while it is being answered, unless the profile says how long an
//! idle one keeps its place. Otherwise a few clients that keep their connections alive would shut out all others.

use super::{
    bucket::Bucket,
    checked::CheckedNetwork,
    profile::{Beyond, Limit},
    section::Section,
    timer::Timer,
};
use hyper::StatusCode;
use measure::clock::now_ns;
use std::{cell::RefCell, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// All limits of a server.
#[derive(Debug)]
pub(super) struct ServerLimits {
    /// Connections that are open.
    connections: Option<Gate>,
    /// Connections that are being answered.
    answered: Option<Gate>,
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
    pub places: Places,
    /// Since when it is: since it came, unless it had to wait.
    pub since_ns: u64,
}

/// What it takes to be in service: a place for the connection and one for the request, where these are limited.
pub(super) type Places = [Option<OwnedSemaphorePermit>; 2];

/// A request that is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RefusedRequest {
    pub status: StatusCode,
    /// After how long trying again makes sense, at the server's own pace.
    pub retry_after_ns: u64,
}

impl ServerLimits {
    pub(super) fn new(network: &CheckedNetwork, time_scale: f64) -> Self {
        let keeps_place = |limit: &Limit| limit.beyond == Beyond::Refuse || network.idle.is_some();
        Self {
            connections: network.connections.filter(keeps_place).map(Gate::new),
            answered: network.connections.filter(|limit| !keeps_place(limit)).map(Gate::new),
            requests: network.requests.map(Gate::new),
            rate: network.rate.map(|rate| RefCell::new(Bucket::new(rate.per_s, rate.burst))),
            section: (network.serial_ns > 0).then(|| Section::new(network.serial_ns)),
            // A second, as everything else divided by the time scale.
            overloaded_ns: (1e9 / time_scale) as u64,
        }
    }

    /// Lets a connection in that came at `since_ns`, perhaps later; `Err` if it is to be closed.
    pub(super) async fn connect(&self, since_ns: u64) -> Result<Admitted, NoPlace> {
        let (place, since_ns) = enter(self.connections.as_ref(), since_ns).await?;
        Ok(Admitted { places: [place, None], since_ns })
    }

    /// Lets a request in that came at `since_ns`, perhaps later, or turns it away.
    pub(super) async fn admit(&self, since_ns: u64, timer: &Timer) -> Result<Admitted, RefusedRequest> {
        if let Some(rate) = &self.rate {
            // A statement of its own: no borrow is held across an await.
            let taken = rate.borrow_mut().take(since_ns);
            taken.map_err(|retry_after_ns| RefusedRequest { status: StatusCode::TOO_MANY_REQUESTS, retry_after_ns })?;
        }
        let overloaded = |NoPlace| self.overloaded();
        let (connection, since_ns) = enter(self.answered.as_ref(), since_ns).await.map_err(overloaded)?;
        let (request, mut since_ns) = enter(self.requests.as_ref(), since_ns).await.map_err(overloaded)?;
        if let Some(section) = &self.section {
            since_ns = section.pass(since_ns, timer).await;
        }
        Ok(Admitted { places: [connection, request], since_ns })
    }

    fn overloaded(&self) -> RefusedRequest {
        RefusedRequest { status: StatusCode::SERVICE_UNAVAILABLE, retry_after_ns: self.overloaded_ns }
    }
}

/// There is no place, and nobody may wait for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoPlace;

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
}

/// Waits for a place, where places are limited. Gives the instant since when it is there.
async fn enter(gate: Option<&Gate>, since_ns: u64) -> Result<(Option<OwnedSemaphorePermit>, u64), NoPlace> {
    let Some(gate) = gate else { return Ok((None, since_ns)) };
    if let Ok(place) = Arc::clone(&gate.places).try_acquire_owned() {
        return Ok((Some(place), since_ns));
    }
    match gate.beyond {
        Beyond::Refuse => Err(NoPlace),
        // tokio's semaphore serves those who wait in their order.
        Beyond::Queue => match Arc::clone(&gate.places).acquire_owned().await {
            Ok(place) => Ok((Some(place), now_ns())),
            Err(_closed) => Err(NoPlace),
        },
    }
}
