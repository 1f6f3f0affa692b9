//! One request, from its arrival to its answer. Whatever makes the network of a profile real is a step of
//! [`Service::answer`]; what happens to the body afterwards is in `delivery.rs`.

use super::{
    checked::CheckedProfile,
    contact::About,
    delivery::{CutShort, Delivery},
    draw::{Draw, Draws},
    faults::{self, CheckedFault, Mishap},
    latency::Factors,
    limits::{Admitted, Limits, Refusal},
    link::Link,
    log::{LATENESS_HEADER, Log, LogEntry, Note, TASK_HEADER, TaskTag},
    pace::Pace,
    payload::Payload,
    routes::{self, Answer, Routes},
    server::{PRIVATE, ServeError},
    socket::Connection,
    timer::Timer,
};
use crate::measure::clock::now_ns;
use bytes::Bytes;
use hyper::{
    Method, Request, Response, StatusCode,
    header::{HeaderName, HeaderValue, RETRY_AFTER},
};
use serde::Serialize;
use std::{cell::RefCell, rc::Rc};

/// What all connections of a server share. They run on one thread, so nothing here needs a lock; no borrow is held across
/// an await.
#[derive(Debug)]
pub(super) struct Service {
    routes: Routes,
    /// How the latencies of each route spread.
    spreads: Vec<Option<Factors>>,
    draws: Draws,
    faults: Vec<CheckedFault>,
    pub limits: Limits,
    link: Option<Rc<Link>>,
    connect_delay_ns: u64,
    timer: Timer,
    /// Of the profile.
    checksum: u32,
    log: RefCell<Log>,
    /// This server's own address, for clients that don't say which host they mean.
    own_host: String,
}

impl Service {
    /// Reads what the routes need. Must be called inside a local runtime, which the service then lives as long as.
    pub(super) fn open(profile: CheckedProfile, own_host: String) -> Result<Self, ServeError> {
        let timer = Timer::start().map_err(ServeError::SetUp)?;
        let network = profile.network.clone();
        let spreads: Vec<_> = profile.routes.iter().map(|route| route.spread).collect();
        Ok(Self {
            draws: Draws::new(profile.seed, spreads.len()),
            limits: Limits::new(&network, profile.time_scale),
            faults: network.faults,
            link: network.bandwidth.map(|bandwidth| Link::start(bandwidth, timer.clone())),
            connect_delay_ns: network.connect_delay_ns,
            checksum: profile.checksum,
            routes: Routes::open(profile)?,
            log: RefCell::default(),
            spreads,
            timer,
            own_host,
        })
    }

    /// Answers a request that came in on this connection; `Err` if the connection is to end instead.
    pub(super) async fn answer<B>(
        &self,
        request: Request<B>,
        connection: &Rc<Connection>,
    ) -> Result<Response<Delivery>, CutShort> {
        let read_ns = now_ns();
        if let Some(private) = request.uri().path().strip_prefix(PRIVATE) {
            return Ok(self.answer_private(private, request.uri().query()).map(Delivery::from));
        }
        let arrival = connection.arrival();
        let arrived_ns = read_ns.saturating_sub(arrival.queued_ns);
        let tag = tag(&request);
        let answer = self.routes.answer(&request, &self.own_host);
        let draw = self.draws.of(tag, answer.route);

        let (answer, mishap, place, since_ns) = match self.limits.admit(read_ns, &self.timer).await {
            Ok(Admitted { place, since_ns }) => {
                let mishap = faults::first(&self.faults, request.uri().path(), draw, sends_body(&request, &answer));
                (gone_wrong(answer, mishap), mishap, place, since_ns)
            }
            Err(refusal) => (refused(refusal), None, None, read_ns),
        };
        let latency_ns = self.latency_ns(&answer, draw, mishap, arrival.is_first);
        self.timer.sleep_until(since_ns.saturating_add(latency_ns)).await;

        let answered_ns = now_ns();
        let is_reset = mishap == Some(Mishap::Reset);
        let bytes = if sends_body(&request, &answer) && !is_reset { answer.response.body().left() } else { 0 };
        let note = self.note(tag, |tag| LogEntry {
            run: tag.run,
            index: tag.index,
            path: request.uri().path().to_owned(),
            connection: connection.number,
            status: if is_reset { 0 } else { answer.response.status().as_u16() },
            bytes,
            arrived_ns,
            queued_ns: since_ns - arrived_ns,
            latency_ns,
            answered_ns,
            fault: mishap.map(Mishap::fault),
            ..LogEntry::default()
        });
        // From here on the body notes its end, also when it is dropped.
        let deliver = |payload| Delivery::from(payload).noted(note, place);
        if is_reset {
            deliver(Payload::default());
            connection.reset_on_close();
            return Err(CutShort);
        }
        let ride = self.link.as_ref().filter(|_| bytes > 0).map(|link| link.join(answered_ns, bytes));
        let pace = self.pace(&answer, mishap, answered_ns, bytes);
        let mut response = answer.response.map(|payload| deliver(payload).held_up_by(ride, pace));
        match mishap {
            Some(Mishap::ResetInBody) => response = response.map(|body| body.cut_short(Some(Rc::clone(connection)))),
            Some(Mishap::Truncate) => response = response.map(|body| body.cut_short(None)),
            _ => {}
        }
        let lateness_ns = answered_ns.saturating_sub(since_ns.saturating_add(latency_ns));
        response.headers_mut().insert(HeaderName::from_static(LATENESS_HEADER), HeaderValue::from(lateness_ns));
        Ok(response)
    }

    fn latency_ns(&self, answer: &Answer, draw: Draw, mishap: Option<Mishap>, is_first: bool) -> u64 {
        let spread = answer.route.and_then(|route| *self.spreads.get(route)?);
        let drawn_ns = match spread {
            Some(factors) => (answer.latency_ns as f64 * factors.at(draw.of_latency())).round() as u64,
            None => answer.latency_ns,
        };
        let connect_ns = if is_first { self.connect_delay_ns } else { 0 };
        let stall_ns = if let Some(Mishap::Stall { ns }) = mishap { ns } else { 0 };
        drawn_ns + connect_ns + stall_ns
    }

    /// The slower of the answer's own pace and a drip.
    fn pace(&self, answer: &Answer, mishap: Option<Mishap>, now_ns: u64, bytes: u64) -> Option<Pace> {
        let drip_per_s = match mishap {
            Some(Mishap::Drip { ns }) => Some(bytes as f64 / ns as f64 * 1e9),
            _ => None,
        };
        let slower_per_s = [drip_per_s, answer.pace_bytes_per_s].into_iter().flatten().reduce(f64::min)?;
        Some(Pace::new(now_ns, slower_per_s, self.timer.clone()))
    }

    fn note(&self, tag: Option<TaskTag>, entry: impl FnOnce(TaskTag) -> LogEntry) -> Option<Note> {
        let mut log = self.log.borrow_mut();
        if tag.is_none() {
            log.add_unlabelled();
        }
        tag.map(|tag| log.add(entry(tag)))
    }

    /// What the server says of itself. None of it has a latency, and none is logged.
    fn answer_private(&self, path: &str, query: Option<&str>) -> Response<Payload> {
        match path {
            "health" => as_json(&Health { status: "ok", requests_without_task: self.log.borrow().unlabelled() }),
            "about" => as_json(&About::now(self.checksum)),
            "log" => match query.and_then(|query| query.strip_prefix("run=")).and_then(|run| run.parse().ok()) {
                Some(run) => as_json(&self.log.borrow_mut().take(run)),
                None => routes::empty(StatusCode::BAD_REQUEST),
            },
            _ => routes::empty(StatusCode::NOT_FOUND),
        }
    }
}

fn tag<B>(request: &Request<B>) -> Option<TaskTag> {
    request.headers().get(TASK_HEADER)?.to_str().ok()?.parse().ok()
}

fn sends_body<B>(request: &Request<B>, answer: &Answer) -> bool {
    request.method() != Method::HEAD && answer.response.body().left() > 0
}

/// The answer, or the error that stands in for it.
fn gone_wrong(answer: Answer, mishap: Option<Mishap>) -> Answer {
    match mishap {
        Some(Mishap::Error(status)) => Answer { response: routes::empty(status), ..answer },
        _ => answer,
    }
}

/// When to come again after a refusal, exactly.
const RETRY_AFTER_NS: HeaderName = HeaderName::from_static("makespan-retry-after-ns");

fn refused(refusal: Refusal) -> Answer {
    let mut response = routes::empty(refusal.status);
    // HTTP knows whole seconds only. A client that comes at the scaled time needs the exact one.
    let whole_s = refusal.retry_after_ns.div_ceil(1_000_000_000).max(1);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(whole_s));
    response.headers_mut().insert(RETRY_AFTER_NS, HeaderValue::from(refusal.retry_after_ns));
    Answer::at_once(response)
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    /// Requests that belong to no run: from curl or wrk, say.
    requests_without_task: u64,
}

fn as_json(value: &impl Serialize) -> Response<Payload> {
    routes::json(Bytes::from(serde_json::to_vec(value).expect("texts and numbers always serialise")))
}
