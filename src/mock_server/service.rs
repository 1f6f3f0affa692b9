//! One request, from its arrival to its answer. Whatever makes the network of a profile real is a step of
//! [`Service::answer`].

use super::{
    log::{LATENESS_HEADER, Log, LogEntry, TASK_HEADER, TaskTag},
    payload::Payload,
    routes::{self, Answer, Routes},
    server::PRIVATE,
    timer::Timer,
};
use crate::measure::clock::now_ns;
use bytes::Bytes;
use hyper::{
    Method, Request, Response, StatusCode,
    header::{HeaderName, HeaderValue},
};
use serde::Serialize;
use std::cell::RefCell;

/// What all connections of a server share. They run on one thread, so nothing here needs a lock; no borrow of the log is
/// held across an await.
#[derive(Debug)]
pub(super) struct Service {
    pub routes: Routes,
    pub timer: Timer,
    pub log: RefCell<Log>,
    /// This server's own address, for clients that don't say which host they mean.
    pub own_host: String,
}

impl Service {
    /// Answers a request that came in on the connection of this number.
    pub(super) async fn answer<B>(&self, request: Request<B>, connection: u64) -> Response<Payload> {
        let arrived_ns = now_ns();
        if let Some(private) = request.uri().path().strip_prefix(PRIVATE) {
            return self.answer_private(private, request.uri().query());
        }
        let Answer { latency_ns, mut response } = self.routes.answer(&request, &self.own_host);
        self.timer.sleep_until(arrived_ns + latency_ns).await;
        let answered_ns = now_ns();
        let lateness_ns = answered_ns - arrived_ns - latency_ns;
        response.headers_mut().insert(HeaderName::from_static(LATENESS_HEADER), HeaderValue::from(lateness_ns));
        self.note(&request, |tag| LogEntry {
            run: tag.run,
            index: tag.index,
            path: request.uri().path().to_owned(),
            connection,
            status: response.status().as_u16(),
            bytes: if request.method() == Method::HEAD { 0 } else { response.body().left() },
            arrived_ns,
            latency_ns,
            answered_ns,
        });
        response
    }

    fn note<B>(&self, request: &Request<B>, entry: impl FnOnce(TaskTag) -> LogEntry) {
        let header = request.headers().get(TASK_HEADER);
        let tag = header.and_then(|header| header.to_str().ok()).and_then(|text| text.parse().ok());
        match tag {
            Some(tag) => self.log.borrow_mut().add(entry(tag)),
            None => self.log.borrow_mut().add_unlabelled(),
        }
    }

    /// What the server says of itself. None of it has a latency, and none is logged.
    fn answer_private(&self, path: &str, query: Option<&str>) -> Response<Payload> {
        match path {
            "health" => as_json(&Health { status: "ok", requests_without_task: self.log.borrow().unlabelled() }),
            "log" => match query.and_then(|query| query.strip_prefix("run=")).and_then(|run| run.parse().ok()) {
                Some(run) => as_json(&self.log.borrow_mut().take(run)),
                None => routes::empty(StatusCode::BAD_REQUEST),
            },
            _ => routes::empty(StatusCode::NOT_FOUND),
        }
    }
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
