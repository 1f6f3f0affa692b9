//! The server's limits, and what happens to requests beyond them: they queue, or are refused.
//!
//! A waiting request is a future, and if its client gives up, the future is dropped, which frees its place in the
//! queue.
//!
//! Where connections queue, a connection has a place only while it is being answered, unless the profile sets how long
//! an idle one keeps it. Otherwise a few keep-alive clients would starve all others.

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
    /// The retry delay of a refused request: when a place will be free is unknown.
    overloaded_ns: u64,
}

/// An admitted connection or request.
#[derive(Debug)]
pub(super) struct Admitted {
    /// Held while it is in service.
    pub places: Places,
    /// When it was admitted: on arrival, unless it had to wait.
    pub since_ns: u64,
}

/// A place for the connection and one for the request, if these are limited.
pub(super) type Places = [Option<OwnedSemaphorePermit>; 2];

/// A refused request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RefusedRequest {
    pub status: StatusCode,
    /// The delay until a retry makes sense, at the server's own pace.
    pub retry_after_ns: u64,
}

impl ServerLimits {
    pub(super) fn new(network: &CheckedNetwork, time_scale: f64) -> Self {
        let keeps_place = |limit: &Limit| limit.beyond == Beyond::Refuse || network.idle.is_some();
        Self {
            connections: network.connections.filter(keeps_place).map(|limit| Gate::new(limit, None)),
            answered: network.connections.filter(|limit| !keeps_place(limit)).map(|limit| Gate::new(limit, None)),
            requests: network.requests.map(|limit| Gate::new(limit, network.waiting)),
            rate: network.rate.map(|rate| RefCell::new(Bucket::new(rate.per_s, rate.burst))),
            section: (network.serial_ns > 0).then(|| Section::new(network.serial_ns)),
            // A second, divided by the time scale.
            overloaded_ns: (1e9 / time_scale) as u64,
        }
    }

    /// Admits a connection that came at `since_ns`, perhaps later; `Err` if it is to be closed.
    pub(super) async fn connect(&self, since_ns: u64) -> Result<Admitted, NoPlace> {
        let (place, since_ns) = enter(self.connections.as_ref(), since_ns).await?;
        Ok(Admitted { places: [place, None], since_ns })
    }

    /// Admits a request that came at `since_ns`, perhaps later, or refuses it.
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

/// There is no place, and no queue for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoPlace;

/// A limit on how many are served at once.
#[derive(Debug)]
struct Gate {
    places: Arc<Semaphore>,
    beyond: Beyond,
    /// A place for each that may wait, if that is limited.
    waiting: Option<Semaphore>,
}

impl Gate {
    fn new(limit: Limit, waiting: Option<u32>) -> Self {
        let places = Arc::new(Semaphore::new(limit.most as usize));
        Self { places, beyond: limit.beyond, waiting: waiting.map(|most| Semaphore::new(most as usize)) }
    }
}

/// Waits for a place, if places are limited. Returns the instant of admission.
async fn enter(gate: Option<&Gate>, since_ns: u64) -> Result<(Option<OwnedSemaphorePermit>, u64), NoPlace> {
    let Some(gate) = gate else { return Ok((None, since_ns)) };
    if let Ok(place) = Arc::clone(&gate.places).try_acquire_owned() {
        return Ok((Some(place), since_ns));
    }
    // Held while it waits, and freed when its client gives up.
    let _waits = match gate.waiting.as_ref().map(Semaphore::try_acquire) {
        Some(Err(_)) => return Err(NoPlace),
        waits => waits,
    };
    match gate.beyond {
        Beyond::Refuse => Err(NoPlace),
        // tokio's semaphore is first come, first served.
        Beyond::Queue => match Arc::clone(&gate.places).acquire_owned().await {
            Ok(place) => Ok((Some(place), now_ns())),
            Err(_closed) => Err(NoPlace),
        },
    }
}
