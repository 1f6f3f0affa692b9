//! One request, from its arrival to its answer. Every effect of a profile's network is a step of [`Service::answer`];
//! `delivery.rs` then handles the body.

use super::{
    answer::{self, Answer},
    checked::CheckedProfile,
    contact::ServerFacts,
    delivery::{CutShort, Delivery},
    draw::{Draw, Draws},
    errors::ServeError,
    faults::{self, CheckedFault, PlannedFault},
    generic::RequestAsked,
    latency::Factors,
    limits::{Admitted, Places, RefusedRequest, ServerLimits},
    link::Link,
    log::{Counts, LATENESS_HEADER, Log, TASK_HEADER, TaskTag},
    pace::Pace,
    path_pattern::PRIVATE,
    payload::Payload,
    pending::Pending,
    request,
    routes::{Routes, Target},
    socket::{Arrival, Connection},
    timer::Timer,
};
use bytes::Bytes;
use http_body_util::{BodyExt, Collected, LengthLimitError, Limited};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::Body,
    header::{HeaderName, HeaderValue, RETRY_AFTER},
    http::request::Parts,
};
use measure::clock::now_ns;
use serde::Serialize;
use std::{cell::RefCell, error::Error, pin::pin, rc::Rc, time::Duration};
use tokio::time::timeout;

/// The largest body that a generic route accepts, bytes. More is answered with 413.
const LARGEST_BODY: usize = 1 << 20;

/// State shared by all connections. They run on one thread, so nothing here needs a lock; no borrow is held across an
/// await.
#[derive(Debug)]
pub(super) struct Service {
    routes: Routes,
    /// How the latencies of each route spread.
    spreads: Vec<Option<Factors>>,
    draws: Draws,
    faults: Vec<CheckedFault>,
    pub limits: ServerLimits,
    link: Option<Rc<Link>>,
    connect_delay_ns: u64,
    timer: Timer,
    /// The profile's.
    checksum: u32,
    log: Rc<RefCell<Log>>,
    /// Its count is the requests in service plus one.
    unanswered: Rc<()>,
    /// The timeout for a request's body.
    pub patience: Duration,
    /// This server's own address, for clients that don't name a host.
    own_host: String,
}

impl Service {
    /// Reads what the routes need. Must be called inside a local runtime; the service lives as long as that does.
    pub(super) fn open(profile: CheckedProfile, own_host: String) -> Result<Self, ServeError> {
        let timer = Timer::start().map_err(ServeError::SetUp)?;
        let network = profile.network.clone();
        let spreads: Vec<_> = profile.routes.iter().map(|route| route.spread).collect();
        Ok(Self {
            draws: Draws::new(profile.seed, spreads.len()),
            limits: ServerLimits::new(&network, profile.time_scale),
            patience: network.patience(),
            faults: network.faults,
            link: network.bandwidth.map(|bandwidth| Link::start(bandwidth, timer.clone())),
            connect_delay_ns: network.connect_delay_ns,
            checksum: profile.checksum,
            routes: Routes::open(profile)?,
            log: Rc::default(),
            unanswered: Rc::default(),
            spreads,
            timer,
            own_host,
        })
    }

    /// A request begins on this connection. Called as soon as hyper has its head, before anything else is read.
    pub(super) fn begin<B>(&self, request: &Request<B>, connection: &Rc<Connection>) -> Pending {
        let asked = (tag(request.headers()), request.uri().path());
        Pending::new(connection, &self.log, asked, &self.unanswered)
    }

    /// Answers a request that has begun; `Err` if its connection is to end instead.
    pub(super) async fn answer<B: Body<Error: Into<Box<dyn Error + Send + Sync>>>>(
        &self,
        request: Request<B>,
        mut pending: Pending,
    ) -> Result<Response<Delivery>, CutShort> {
        let (parts, body) = request.into_parts();
        let connection = &Rc::clone(&pending.connection);
        let (tag, Arrival { is_first, read_ns, .. }) = (pending.tag, pending.arrival);
        let refused = request::refused(&parts, connection);
        if let Some(private) = parts.uri.path().strip_prefix(PRIVATE).filter(|_| refused.is_none()) {
            let response = self.answer_private(&parts.method, private, parts.uri.query());
            let held = (pending.unnoted(), Places::default());
            return Ok(response.map(|payload| Delivery::from(payload).noted(None, held)));
        }
        let host = request::host(&parts, &self.own_host);
        let target = self.routes.find(&parts.method, parts.uri.path(), host);
        let route = if let Target::Profile(number) = target { Some(number) } else { None };
        let draw = self.draws.of(tag, route);
        let answer = match (refused, &target) {
            (Some(refused), _) => Answer::at_once(refused),
            (None, Target::Generic(_)) => match self.read(body).await {
                Ok(body) => self.routes.answer(&target, &asked(&parts, host, connection, &body, draw)),
                Err(status) => Answer::at_once(answer::empty(status)),
            },
            (None, _) => self.routes.answer(&target, &asked(&parts, host, connection, &Bytes::new(), draw)),
        };

        let sends_body = |answer: &Answer| parts.method != Method::HEAD && answer.response.body().left() > 0;
        let (answer, mishap, places, since_ns) = match self.limits.admit(read_ns, &self.timer).await {
            Ok(Admitted { places, since_ns }) => {
                let mishap = faults::first(&self.faults, parts.uri.path(), draw, sends_body(&answer));
                (gone_wrong(answer, mishap), mishap, places, since_ns)
            }
            Err(refusal) => (turned_away(refusal), None, Places::default(), read_ns),
        };
        let latency_ns = self.latency_ns(&answer, route, draw, mishap, is_first);
        pending.served(since_ns, latency_ns);
        self.timer.sleep_until(since_ns.saturating_add(latency_ns)).await;

        let answered_ns = now_ns();
        let is_reset = mishap == Some(PlannedFault::Reset);
        let bytes = if sends_body(&answer) && !is_reset { answer.response.body().left() } else { 0 };
        let (note, in_service) = pending.answered(|entry| {
            entry.status = if is_reset { 0 } else { answer.response.status().as_u16() };
            (entry.bytes, entry.answered_ns, entry.fault) = (bytes, answered_ns, mishap.map(PlannedFault::fault));
        });
        // From here on the body logs its end, also when dropped.
        let deliver = |payload| Delivery::from(payload).noted(note, (in_service, places));
        if is_reset {
            deliver(Payload::default());
            connection.reset_on_close();
            return Err(CutShort);
        }
        let ride = self.link.as_ref().filter(|_| bytes > 0).map(|link| link.join(answered_ns, bytes));
        let pace = self.pace(&answer, mishap, answered_ns, bytes);
        let chunk_bytes = answer.chunk_bytes;
        let mut response = answer.response.map(|payload| deliver(payload).held_up_by(ride, pace).chunked(chunk_bytes));
        match mishap {
            Some(PlannedFault::ResetInBody) => {
                response = response.map(|body| body.cut_short(Some(Rc::clone(connection))));
            }
            Some(PlannedFault::Truncate) => response = response.map(|body| body.cut_short(None)),
            _ => {}
        }
        let lateness_ns = answered_ns.saturating_sub(since_ns.saturating_add(latency_ns));
        response.headers_mut().insert(HeaderName::from_static(LATENESS_HEADER), HeaderValue::from(lateness_ns));
        Ok(response)
    }

    /// Requests whose answer has not ended.
    pub(super) fn in_service(&self) -> usize {
        Rc::strong_count(&self.unanswered) - 1
    }

    /// The body of a request, or the status of an error answer.
    async fn read<B: Body<Error: Into<Box<dyn Error + Send + Sync>>>>(&self, body: B) -> Result<Bytes, StatusCode> {
        if body.is_end_stream() {
            return Ok(Bytes::new());
        }
        let whole = timeout(self.patience, pin!(Limited::new(body, LARGEST_BODY).collect())).await;
        let whole = whole.map_err(|_| StatusCode::REQUEST_TIMEOUT)?;
        whole.map(Collected::to_bytes).map_err(|error| {
            if error.is::<LengthLimitError>() { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST }
        })
    }

    fn latency_ns(
        &self,
        answer: &Answer,
        route: Option<usize>,
        draw: Draw,
        mishap: Option<PlannedFault>,
        is_first: bool,
    ) -> u64 {
        let spread = route.and_then(|route| *self.spreads.get(route)?);
        let drawn_ns = match spread {
            Some(factors) => (answer.latency_ns as f64 * factors.at(draw.of_latency())).round() as u64,
            None => answer.latency_ns,
        };
        let connect_ns = if is_first { self.connect_delay_ns } else { 0 };
        let stall_ns = if let Some(PlannedFault::Stall { ns }) = mishap { ns } else { 0 };
        drawn_ns + connect_ns + stall_ns
    }

    /// The slower of the answer's own pace and a drip.
    fn pace(&self, answer: &Answer, mishap: Option<PlannedFault>, now_ns: u64, bytes: u64) -> Option<Pace> {
        let drip_per_s = match mishap {
            Some(PlannedFault::Drip { ns }) => Some(bytes as f64 / ns as f64 * 1e9),
            _ => None,
        };
        let slower_per_s = [drip_per_s, answer.pace_bytes_per_s].into_iter().flatten().reduce(f64::min)?;
        Some(Pace::new(now_ns, slower_per_s, self.timer.clone()))
    }

    /// Answers about the server itself, without latency or log entry. Only DELETE changes anything.
    fn answer_private(&self, method: &Method, path: &str, query: Option<&str>) -> Response<Payload> {
        let reads = [Method::GET, Method::HEAD].contains(method);
        let run = || query.and_then(|query| query.strip_prefix("run=")).and_then(|run| run.parse().ok());
        match (path, reads) {
            ("health", true) => as_json(&Health { status: "ok", counts: self.log.borrow().counts() }),
            ("about", true) => as_json(&ServerFacts::now(self.checksum)),
            ("log", _) if reads || method == Method::DELETE => match run() {
                Some(run) if reads => as_json(&self.log.borrow().read(run)),
                Some(run) => as_json(&self.log.borrow_mut().take(run)),
                None => answer::empty(StatusCode::BAD_REQUEST),
            },
            ("health" | "about", false) => answer::other_methods(method, "GET, HEAD, OPTIONS"),
            ("log", _) => answer::other_methods(method, "GET, HEAD, DELETE, OPTIONS"),
            _ => answer::empty(StatusCode::NOT_FOUND),
        }
    }
}

fn asked<'a>(
    parts: &'a Parts,
    host: &'a str,
    connection: &Connection,
    body: &'a Bytes,
    draw: Draw,
) -> RequestAsked<'a> {
    RequestAsked { parts, host, client: connection.client, body, chance: draw.of_answer() }
}

fn tag(headers: &HeaderMap) -> Option<TaskTag> {
    headers.get(TASK_HEADER)?.to_str().ok()?.parse().ok()
}

/// The answer, or the error that replaces it.
fn gone_wrong(answer: Answer, mishap: Option<PlannedFault>) -> Answer {
    match mishap {
        Some(PlannedFault::Error(status)) => Answer { response: answer::empty(status), ..answer },
        _ => answer,
    }
}

/// The exact retry delay after a refusal.
const RETRY_AFTER_NS: HeaderName = HeaderName::from_static("makespan-retry-after-ns");

fn turned_away(refusal: RefusedRequest) -> Answer {
    let mut response = answer::empty(refusal.status);
    // HTTP has whole seconds only. A client that retries at the scaled time needs the exact one.
    let whole_s = refusal.retry_after_ns.div_ceil(1_000_000_000).max(1);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(whole_s));
    response.headers_mut().insert(RETRY_AFTER_NS, HeaderValue::from(refusal.retry_after_ns));
    Answer::at_once(response)
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    #[serde(flatten)]
    counts: Counts,
}

fn as_json(value: &impl Serialize) -> Response<Payload> {
    answer::json(Bytes::from(serde_json::to_vec(value).expect("texts and numbers always serialise")))
}
