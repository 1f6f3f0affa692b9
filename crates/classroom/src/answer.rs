//! HTTP responses, with headers that restrict what a page may load and do.

use super::wire::Refusal;
use bytes::Bytes;
use futures_util::Stream;
use http_body_util::{Either, Full, StreamBody};
use hyper::{
    Response, StatusCode,
    body::Frame,
    header::{
        ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
        REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
    },
};
use std::{convert::Infallible, pin::Pin};

type EventStream = Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, Infallible>>>>;

/// A body: complete, or a stream of server-sent events.
pub(super) type ResponseBody = Either<Full<Bytes>, StreamBody<EventStream>>;

pub(super) type HttpResponse = Response<ResponseBody>;

pub(super) const HTML: &str = "text/html; charset=utf-8";
pub(super) const JSON: &str = "application/json";

/// Pages load everything from this server, and no other site may frame them.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A rejected request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub status: StatusCode,
    pub error: String,
    /// The `Allow` header, where the method is wrong.
    pub allow: Option<&'static str>,
}

impl Refused {
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, error: error.into(), allow: None }
    }
}

impl From<Refused> for HttpResponse {
    fn from(refused: Refused) -> Self {
        let json = serde_json::to_vec(&Refusal { error: refused.error }).unwrap_or_default();
        let mut answer = whole(JSON, json);
        *answer.status_mut() = refused.status;
        let mut header = |name, value| drop(answer.headers_mut().insert(name, HeaderValue::from_static(value)));
        refused.allow.into_iter().for_each(|allow| header(ALLOW, allow));
        if matches!(refused.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            header(RETRY_AFTER, "5");
        }
        answer
    }
}

/// A complete response.
pub(super) fn whole(media_type: &'static str, body: impl Into<Bytes>) -> HttpResponse {
    with_headers(media_type, Either::Left(Full::new(body.into())))
}

/// A streamed response.
pub(super) fn events(stream: impl Stream<Item = Result<Frame<Bytes>, Infallible>> + 'static) -> HttpResponse {
    with_headers("text/event-stream", Either::Right(StreamBody::new(Box::pin(stream))))
}

/// Redirects to another page of the same site.
pub(super) fn see(path: &'static str) -> HttpResponse {
    let mut answer = whole(HTML, Bytes::new());
    *answer.status_mut() = StatusCode::SEE_OTHER;
    answer.headers_mut().insert(LOCATION, HeaderValue::from_static(path));
    answer
}

/// Adds a `SameSite`, `HttpOnly` cookie.
pub(super) fn with_cookie(mut answer: HttpResponse, cookie: &str) -> HttpResponse {
    // Can't fail: our cookie is a name and hexadecimal digits.
    if let Ok(value) = HeaderValue::from_str(&format!("{cookie}; HttpOnly; SameSite=Strict; Path=/")) {
        answer.headers_mut().insert(SET_COOKIE, value);
    }
    answer
}

fn with_headers(media_type: &'static str, body: ResponseBody) -> HttpResponse {
    let mut answer = Response::new(body);
    for (name, value) in [
        (CONTENT_TYPE, media_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (CACHE_CONTROL, "no-store"),
    ] {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}
