//! Routes that every server has after those of its profile, as httpbin documents them: a program or a lesson written
//! for httpbin.org can use this server instead.
//!
//! `ALL` is the whole list. `makespan server --help`, the body of a 404 and the tests are generated from it.
//! Differences from httpbin: seconds may be scaled on request, counts and sizes beyond a limit are refused with 400
//! instead of being cut, bodies are the same each time instead of random, and answers have what RFC 9110 requires.

mod asked;
mod bodies;
mod inspect;
mod responses;
mod state;
#[cfg(test)]
mod tests;

pub(super) use asked::RequestAsked;

use super::{
    answer::{Answer, Source, plain},
    payload::{NoiseBytes, Payload},
    profile::scaled_ns,
};
use asked::GenericCall;
use hyper::{Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use std::fmt::Write;

/// The longest wait or drip, seconds: as long as httpbin's.
const LONGEST_S: f64 = 10.0;

/// The answer, or what is wrong with the request.
type GenericAnswer = Result<Answer, RefusedCall>;

/// The answer with this response.
#[expect(clippy::unnecessary_wraps, reason = "it is what a route gives")]
fn made(response: Response<Payload>) -> GenericAnswer {
    Ok(Answer::at_once(response))
}

/// A request that can't be answered.
#[derive(Debug)]
struct RefusedCall {
    status: StatusCode,
    /// What was expected.
    expected: String,
}

impl From<&str> for RefusedCall {
    fn from(expected: &str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, expected: expected.into() }
    }
}

/// A path and its answer.
#[derive(Debug)]
pub(super) struct GenericRoute {
    /// Without HEAD, which goes with GET, and OPTIONS, which is always answered.
    methods: &'static [&'static str],
    /// One segment for each `{name}`; `{name...}` at the end matches any number of them.
    path: &'static str,
    /// A path and query that this route answers, for the tests.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests ask each route for its example"))]
    example: &'static str,
    /// For people, in a few words.
    does: &'static str,
    /// Whether the answer depends only on method, path and query.
    is_fixed: bool,
    answer: fn(&GenericCall) -> GenericAnswer,
}

const READ: &[&str] = &["GET"];
const ANY: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"];

/// All of them.
const ALL: &[GenericRoute] = &[
    on(READ, "/get", "/get?word=two+words", "the request as JSON", inspect::get),
    on(&["POST"], "/post", "/post", "the request with its body as JSON", inspect::with_body),
    on(&["PUT"], "/put", "/put", "the same", inspect::with_body),
    on(&["PATCH"], "/patch", "/patch", "the same", inspect::with_body),
    on(&["DELETE"], "/delete", "/delete", "the same", inspect::with_body),
    on(ANY, "/anything", "/anything", "the same, of any method", inspect::anything),
    on(ANY, "/anything/{rest...}", "/anything/a/b", "the same, at any path", inspect::anything),
    on(READ, "/headers", "/headers", "the request's headers", inspect::headers),
    on(READ, "/ip", "/ip", "the client's address", inspect::ip),
    on(READ, "/user-agent", "/user-agent", "the header User-Agent", inspect::user_agent),
    on(READ, "/uuid", "/uuid", "a random UUID", inspect::uuid),
    on(&["GET", "POST"], "/response-headers", "/response-headers?X-Word=a", "these headers", responses::headers)
        .fixed(),
    on(READ, "/gzip", "/gzip", "the request, compressed", inspect::gzip),
    on(READ, "/deflate", "/deflate", "the same, by zlib", inspect::deflate),
    on(READ, "/stream/{count}", "/stream/3", "the request in n lines of JSON, chunked", inspect::stream),
    on(ANY, "/delay/{s}", "/delay/0.25", "the request as JSON, s seconds later; at most 10", inspect::delay),
    on(READ, "/drip", "/drip?numbytes=1000&duration=2&delay=0.5&code=200", "bytes spread over time", bodies::drip)
        .fixed(),
    on(READ, "/bytes/{count}", "/bytes/1000000", "n bytes, the same each time; others with ?seed=N", bodies::bytes)
        .fixed(),
    on(READ, "/stream-bytes/{count}", "/stream-bytes/50000?chunk_size=1000", "the same, chunked", bodies::stream_bytes)
        .fixed(),
    on(READ, "/range/{count}", "/range/1024", "n letters, or the Range of them that is asked for", bodies::range),
    on(READ, "/json", "/json", "a JSON document", bodies::json_document).fixed(),
    on(READ, "/html", "/html", "an HTML page", bodies::html).fixed(),
    on(READ, "/image/png", "/image/png", "a picture", bodies::png).fixed(),
    on(READ, "/image/jpeg", "/image/jpeg", "the same as a photograph", bodies::jpeg).fixed(),
    on(ANY, "/status/{codes}", "/status/503", "this status; of several (200,500:0.1) one by chance", responses::status)
        .fixed(),
    on(
        READ,
        "/redirect/{count}",
        "/redirect/3",
        "n redirects to /get; ?absolute=true: whole URLs",
        responses::redirect,
    )
    .fixed(),
    on(READ, "/relative-redirect/{count}", "/relative-redirect/3", "the same", responses::relative_redirect).fixed(),
    on(
        READ,
        "/absolute-redirect/{count}",
        "/absolute-redirect/3",
        "the same with whole URLs",
        responses::absolute_redirect,
    )
    .fixed(),
    on(ANY, "/redirect-to", "/redirect-to?url=/get&status_code=307", "a redirect to this URL", responses::redirect_to)
        .fixed(),
    on(READ, "/basic-auth/{user}/{password}", "/basic-auth/a/b", "401 without these", state::basic_auth),
    on(
        READ,
        "/hidden-basic-auth/{user}/{password}",
        "/hidden-basic-auth/a/b",
        "404 without these",
        state::hidden_basic_auth,
    ),
    on(READ, "/bearer", "/bearer", "401 without a bearer token", state::bearer),
    on(READ, "/cookies", "/cookies", "the request's cookies", state::cookies),
    on(READ, "/cookies/set", "/cookies/set?word=a", "sets these cookies", state::set_cookies).fixed(),
    on(READ, "/cookies/set/{name}/{value}", "/cookies/set/word/a", "sets this cookie", state::set_cookie).fixed(),
    on(READ, "/cookies/delete", "/cookies/delete?word", "deletes these cookies", state::delete_cookies).fixed(),
    on(READ, "/cache", "/cache", "304 if the request is conditional", state::cache),
    on(READ, "/cache/{s}", "/cache/60", "an answer that may be cached for s seconds", state::cache_for),
    on(READ, "/etag/{etag}", "/etag/a", "an answer with this ETag; 304 or 412 on conditions", state::etag),
];

const fn on(
    methods: &'static [&'static str],
    path: &'static str,
    example: &'static str,
    does: &'static str,
    answer: fn(&GenericCall) -> GenericAnswer,
) -> GenericRoute {
    GenericRoute { methods, path, example, does, is_fixed: false, answer }
}

/// The route for a path, and the values of its placeholders, decoded.
#[derive(Debug)]
pub(super) struct Found {
    route: &'static GenericRoute,
    captured: Vec<String>,
}

/// The route for this path.
pub(super) fn find(path: &str) -> Option<Found> {
    ALL.iter().find_map(|route| Some(Found { captured: route.captures(path)?, route }))
}

/// All of them, a line each, for people.
pub fn list() -> String {
    ALL.iter().fold(String::new(), |mut list, route| {
        let methods = if route.methods == ANY { "any".into() } else { route.methods.join("/") };
        let _ = writeln!(list, "  {methods:<8} {:<37} {}", route.path, route.does);
        list
    })
}

impl GenericRoute {
    const fn fixed(self) -> Self {
        Self { is_fixed: true, ..self }
    }

    fn captures(&self, path: &str) -> Option<Vec<String>> {
        let (mut wanted, mut given, mut captured) = (self.path.split('/'), path.split('/'), Vec::new());
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return Some(captured),
                (Some(name), Some(_)) if name.ends_with("...}") => return Some(captured),
                (Some(name), Some(segment)) if name.starts_with('{') && !segment.is_empty() => {
                    captured.push(percent_decode_str(segment).decode_utf8_lossy().into_owned());
                }
                (Some(name), Some(segment)) if name == segment => {}
                _ => return None,
            }
        }
    }
}

impl Found {
    pub(super) fn takes(&self, method: &Method) -> bool {
        let asks = if method == Method::HEAD { "GET" } else { method.as_str() };
        self.route.methods.contains(&asks)
    }

    /// The value of an `Allow` header.
    pub(super) fn allow(&self) -> String {
        let head = if self.route.methods.contains(&"GET") { ", HEAD" } else { "" };
        format!("{}{head}, OPTIONS", self.route.methods.join(", "))
    }

    pub(super) fn answer(&self, asked: &RequestAsked, noise: &NoiseBytes, time_scale: f64) -> Answer {
        let call = GenericCall { asked, found: self, noise, time_scale };
        let source = Source::Generic { is_fixed: self.route.is_fixed && !call.is_by_chance() };
        let answer = (self.route.answer)(&call).unwrap_or_else(|RefusedCall { status, expected }| {
            Answer::at_once(plain(status, format!("{}: expected {expected}\n", asked.parts.uri)))
        });
        Answer { source, ..answer }
    }
}
