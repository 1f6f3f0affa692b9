//! Send a request to a server of the user's own, and read the whole body.
//!
//! Unlike a [`Fetch`](super::fetch::Fetch), it says nothing of makespan's own to the server, follows no redirect, and takes
//! an error status for a failure. The clients are the same: a blocking one and an async one.

use super::{
    Output, TaskContext, TaskError,
    fetch::{AsyncClient, Digest, async_client, blocking_client, broken, broken_body, causes, failed},
};
use crate::worker::lane::{Activity, Lane};
use http_body_util::{BodyExt, Full};
use hyper::{Request as HttpRequest, StatusCode, Uri, http::uri::Authority};
use serde::{Deserialize, Serialize};
use std::{io::Read, time::Duration};
use tokio::time::{Instant, timeout_at};

/// How much of a body is read at once.
const CHUNK: usize = 64 << 10;

/// The longest time that connecting may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The URL, checked by [`checked`](Self::checked).
    pub url: String,
    /// The method, such as `GET`.
    pub method: String,
    /// Headers by name.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// Whether the body of the answer is part of the outcome. Otherwise, only its status is.
    pub compared: bool,
}

/// What every request has, unless it says otherwise itself.
const OWN_HEADERS: [(&str, &str); 2] =
    [("user-agent", concat!("makespan/", env!("CARGO_PKG_VERSION"))), ("accept", "*/*")];

/// Why a request can't be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// Not a URL that the clients take.
    #[error("found `{0}`, expected http://HOST/PATH or https://HOST/PATH, without a user name")]
    Url(String),
    /// Not a method.
    #[error("found `{0}`, expected a method such as GET or POST")]
    Method(String),
    /// Not a header.
    #[error("found `{0}`, expected NAME: VALUE")]
    Header(String),
}

impl Request {
    /// The request, if the clients can send it.
    pub fn checked(self) -> Result<Self, BadRequest> {
        let is_ours = |url: &Uri| {
            let is_plain = |it: &Authority| {
                let has_port = it.as_str().len() > it.host().len();
                !it.as_str().contains('@') && !it.host().is_empty() && (!has_port || it.port_u16().is_some())
            };
            let plain = url.authority().is_some_and(is_plain);
            plain && matches!(url.scheme_str(), Some("http" | "https"))
        };
        if !self.url.parse::<Uri>().is_ok_and(|url| is_ours(&url)) {
            return Err(BadRequest::Url(self.url));
        }
        if hyper::Method::from_bytes(self.method.as_bytes()).is_err() {
            return Err(BadRequest::Method(self.method));
        }
        for (name, value) in &self.headers {
            if HttpRequest::builder().header(name, value).body(()).is_err() {
                return Err(BadRequest::Header(format!("{name}: {value}")));
            }
        }
        Ok(self)
    }

    /// A header as `curl -H` takes it: `NAME: VALUE`.
    pub fn header(text: &str) -> Result<(String, String), BadRequest> {
        let (name, value) = text.split_once(':').ok_or_else(|| BadRequest::Header(text.into()))?;
        Ok((name.trim().into(), value.trim().into()))
    }

    /// Whether it goes over TLS.
    pub fn is_encrypted(&self) -> bool {
        self.url.starts_with("https:")
    }

    /// Waits for the answer on this thread. The checksum of the output is the CRC-32 of the body, its amount the bytes.
    pub fn run<H: TaskContext>(&self, host: &mut H) -> Result<Output, TaskError> {
        let (status, body) = host.wait(Activity::WaitFirstByte, |left| self.ask_blocking(left))?;
        host.wait(Activity::WaitTransfer, |_| {
            let (mut body, mut digest, mut chunk) = (body, Digest::default(), vec![0; CHUNK]);
            let mut reader = body.as_reader();
            loop {
                match reader.read(&mut chunk).map_err(broken_body)? {
                    0 => return self.outcome(status, digest),
                    length => digest.add(&chunk[..length]),
                }
            }
        })
    }

    fn ask_blocking(&self, limit: Duration) -> Result<(StatusCode, ureq::Body), TaskError> {
        if limit.is_zero() {
            return Err(TaskError::TimedOut);
        }
        let agent = blocking_client();
        let configured = |request: HttpRequest<Vec<u8>>| {
            let config =
                agent.configure_request(request).timeout_connect(Some(CONNECT_LIMIT)).timeout_global(Some(limit));
            config.allow_non_standard_methods(true).build()
        };
        let request = configured(self.with_body(self.body.clone())?);
        let answer = if self.body.is_empty() { agent.run(request.map(drop)) } else { agent.run(request) };
        let (head, body) = answer.map_err(failed)?.into_parts();
        Ok((head.status, body))
    }

    /// Waits for the answer inside an event loop.
    pub async fn run_async(&self, lane: &mut Lane) -> Result<Output, TaskError> {
        let limit = Instant::now() + lane.time_left();
        let start_ns = lane.waits(Activity::WaitFirstByte);
        let response = timeout_at(limit, async {
            let request = self.with_body(Full::from(self.body.clone()))?;
            let client: AsyncClient = async_client(CONNECT_LIMIT);
            client.request(request).await.map_err(|error| {
                if error.is_connect() { TaskError::Connect(causes(&error)) } else { broken(causes(&error)) }
            })
        });
        let response = response.await;
        lane.waited(Activity::WaitFirstByte, start_ns);
        let response = response.unwrap_or(Err(TaskError::TimedOut))?;
        let start_ns = lane.waits(Activity::WaitTransfer);
        let output = timeout_at(limit, async {
            let (status, mut body, mut digest) = (response.status(), response.into_body(), Digest::default());
            while let Some(frame) = body.frame().await {
                if let Ok(chunk) = frame.map_err(|error| broken(causes(&error)))?.into_data() {
                    digest.add(&chunk);
                }
            }
            self.outcome(status, digest)
        });
        let output = output.await;
        lane.waited(Activity::WaitTransfer, start_ns);
        output.unwrap_or(Err(TaskError::TimedOut))
    }

    fn with_body<B>(&self, body: B) -> Result<HttpRequest<B>, TaskError> {
        let mut request = HttpRequest::builder().method(&*self.method).uri(&self.url);
        // The same for both clients: some servers refuse a request without them, and some echo them.
        let own =
            OWN_HEADERS.iter().filter(|(own, _)| !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(own)));
        for (name, value) in own {
            request = request.header(*name, *value);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(body).map_err(|error| TaskError::Http(error.to_string()))
    }

    fn outcome(&self, status: StatusCode, digest: Digest) -> Result<Output, TaskError> {
        if status.is_client_error() || status.is_server_error() {
            return Err(TaskError::Failed(format!("HTTP status {status}")));
        }
        let output = digest.output(status.as_u16());
        Ok(if self.compared { output } else { Output { checksum: 0, amount: 0, ..output } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(url: &str) -> Request {
        Request { url: url.into(), method: "GET".into(), headers: Vec::new(), body: Vec::new(), compared: true }
    }

    #[test]
    fn what_the_clients_cannot_send_is_refused() {
        for good in ["http://h/", "http://h:80", "https://h.test/a?b=c", "http://[::1]:8080/"] {
            assert!(get(good).checked().is_ok(), "{good}");
        }
        for bad in ["h/", "ftp://h/", "http://", "http://u:p@h/", "/a", "", "http://h/ b"] {
            assert_eq!(get(bad).checked(), Err(BadRequest::Url(bad.into())));
        }
        let with = |headers: &[(&str, &str)], method: &str| {
            let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            Request { headers, method: method.into(), ..get("http://h/") }.checked()
        };
        assert!(with(&[("X-A", "b"), ("accept", "*/*")], "PROPFIND").is_ok());
        assert_eq!(with(&[], "A B"), Err(BadRequest::Method("A B".into())));
        assert_eq!(with(&[("a b", "c")], "GET"), Err(BadRequest::Header("a b: c".into())));
        assert_eq!(with(&[("a", "c\nd")], "GET"), Err(BadRequest::Header("a: c\nd".into())));
        assert_eq!(Request::header("A:  b:c "), Ok(("A".into(), "b:c".into())));
        let sent = Request { headers: vec![("Accept".into(), "text/html".into())], ..get("http://h/") }.with_body(());
        let sent: Vec<_> = sent.unwrap().headers().iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        assert_eq!(
            sent,
            [concat!("user-agent: \"makespan/", env!("CARGO_PKG_VERSION"), "\""), "accept: \"text/html\""]
        );
        assert_eq!(Request::header("A"), Err(BadRequest::Header("A".into())));
    }
}
