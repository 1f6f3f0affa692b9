//! What a route answers, before the network shapes it.

use super::payload::Payload;
use bytes::Bytes;
use hyper::{
    Method, Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE, HeaderValue},
};

/// What produced the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A route of the profile.
    Profile,
    /// A generic route.
    Generic {
        /// Whether every client gets the same answer.
        is_fixed: bool,
    },
    /// No route, or no such photo.
    Nowhere,
    /// The server itself, before any route.
    Server,
}

/// An answer, and its delay after the request.
#[derive(Debug)]
pub(super) struct Answer {
    /// The mean: the service draws from the route's spread.
    pub latency_ns: u64,
    pub source: Source,
    /// This answer's own pace.
    pub pace_bytes_per_s: Option<f64>,
    /// The largest chunk of a body sent without its length.
    pub chunk_bytes: Option<u64>,
    pub response: Response<Payload>,
}

impl Answer {
    /// One without latency, from no route.
    pub(super) fn at_once(response: Response<Payload>) -> Self {
        Self { latency_ns: 0, source: Source::Server, pace_bytes_per_s: None, chunk_bytes: None, response }
    }
}

/// The answer if this method is not allowed. OPTIONS gets the list of those that are.
pub(super) fn other_methods(method: &Method, allow: &str) -> Response<Payload> {
    let mut response = empty(if method == Method::OPTIONS { StatusCode::OK } else { StatusCode::METHOD_NOT_ALLOWED });
    response.headers_mut().extend(HeaderValue::from_str(allow).map(|allow| (ALLOW, allow)));
    response
}

/// An answer with only a status.
pub(super) fn empty(status: StatusCode) -> Response<Payload> {
    let mut response = Response::new(Payload::default());
    *response.status_mut() = status;
    response
}

/// An answer in JSON.
pub(super) fn json(body: Bytes) -> Response<Payload> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A text answer.
pub(super) fn plain(status: StatusCode, text: String) -> Response<Payload> {
    let mut response = Response::new(Bytes::from(text).into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// A final status (not 1xx).
pub(super) fn status(code: &str) -> Result<StatusCode, &'static str> {
    let code = code.parse().ok().filter(|code| (200..=599).contains(code));
    code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or("a final HTTP status, 200 to 599, such as /status/404")
}
