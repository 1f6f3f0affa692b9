//! Get a URL and read the whole body: work that mostly waits.
//!
//! The body is read piece by piece and only its checksum is kept, as by a program that writes it to disk. A 404 is a
//! result, not an error: the server answered, and the answer is what the task asked for.
//!
//! There are two clients, because there are two ways to wait. The blocking one (ureq) keeps its thread until the answer
//! arrives; the async one (hyper) returns it to the event loop at each `await`. They send the same bytes.

mod save;

pub use save::Save;

use super::{Output, Task, TaskContext, TaskError};
use crate::worker::lane::{Activity, Lane};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode, body::Incoming, header};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use mock_server::{
    gallery,
    log::{TASK_HEADER, TaskTag},
};
use serde::{Deserialize, Serialize};
use std::{
    cell::RefCell,
    fmt::Display,
    io::Read,
    num::{NonZeroU32, NonZeroU64},
    path::Path,
    thread,
    time::Duration,
};
use tokio::{
    runtime,
    time::{Instant, sleep, timeout_at},
};
use ureq::{
    config::Config,
    http,
    tls::{RootCerts, TlsConfig},
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout, time},
    },
};

/// How much of a body is read at once.
const CHUNK: usize = 64 << 10;

/// Get a URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// The URL: `http://HOST:PORT/PATH`.
    pub url: String,
    /// The `Host` header, if it is not the URL's: several virtual sites on one server.
    pub site: Option<String>,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// Whether the connection is kept for further requests. Otherwise each task connects anew.
    pub keep_alive: bool,
    /// The longest time that connecting may take.
    pub connect_timeout: Duration,
    /// The longest time the whole task may take.
    pub timeout: Duration,
    /// How many redirects are followed before that is an error.
    pub redirects: u32,
    /// Whether the blocking client is used inside an event loop too, where it keeps the loop's thread until the answer
    /// arrives: what a library unaware of event loops does to a program that has one.
    pub blocking: bool,
    /// How often it is sent again if it timed out, its answer broke off, or the server refused it (429 or 503).
    pub retries: u32,
    /// The time before it is sent again.
    pub retry_wait: Duration,
    /// Where the body is written to, if it isn't only checked.
    pub save: Option<Save>,
    /// Whether a redirect to another server is refused.
    pub stays: bool,
}

/// `tasks` fetches, from paths or from the links of a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Fetch"))]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// How many requests. With `listing`, this many of its first links.
    pub tasks: NonZeroU32,
    /// The paths, used in turn; `{number}` stands for the task's number, counted from 1.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Virtual hosts: all paths are requested from the first, then all from the second, and so on from the start.
    /// Without any, the server's own name.
    #[serde(default)]
    pub sites: Vec<String>,
    /// In place of `paths`: the links of a page, which is read before the clock starts.
    #[serde(default)]
    pub listing: Option<Listing>,
    /// Whether connections are kept open between tasks.
    #[serde(default = "yes")]
    pub keep_alive: bool,
    /// The longest time that connecting may take, at the document's own pace. Without it, no limit.
    #[serde(default)]
    pub connect_timeout_s: Option<f64>,
    /// The longest time that a task may take, at the document's own pace. Without it, no limit.
    #[serde(default)]
    pub timeout_s: Option<f64>,
    /// How many redirects are followed before that is an error.
    #[serde(default = "five")]
    pub redirects: u32,
    /// Whether an event loop waits for the answer with a blocking call, and so stops: what a library unaware of event
    /// loops does to a program that has one.
    #[serde(default)]
    pub blocking: bool,
    /// How often a request is sent again if it timed out, its answer broke off, or the server refused it (429, 503).
    #[serde(default)]
    pub retries: u32,
    /// The time before it is sent again, at the document's own pace.
    #[serde(default)]
    pub retry_wait_s: f64,
    /// Bodies are written to a simulated disk of this speed, at the document's own pace, with calls that block their
    /// thread. Without it, they are not written.
    #[serde(default)]
    pub disk_bytes_per_s: Option<NonZeroU64>,
}

/// A page of the server, such as a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// Its path.
    pub path: String,
    /// The `Authorization` header that is sent. Without it, none.
    #[serde(default)]
    pub authorization: Option<String>,
}

fn yes() -> bool {
    true
}

fn five() -> u32 {
    5
}

/// Long enough never to matter; the whole-run deadline ends a stuck run.
const PATIENCE: Duration = Duration::from_hours(1);

impl Recipe {
    /// The tasks, against the server at `origin` (`http://HOST:PORT`), with timeouts divided by `time_scale`.
    pub fn build(&self, origin: &str, time_scale: f64) -> Result<Vec<Task>, TaskError> {
        let fetches: Vec<Fetch> = match &self.listing {
            Some(listing) => {
                let links = self.listed(origin, listing, time_scale)?.into_iter();
                links.map(|url| self.fetch(url, None, time_scale)).collect()
            }
            None => (0..self.tasks.get() as usize).map(|index| self.nth(origin, index, time_scale)).collect(),
        };
        Ok(fetches.into_iter().map(Task::Fetch).collect())
    }

    /// These tasks, each writing its body to a file in this directory, if the scenario has a disk.
    #[must_use]
    pub fn saving(&self, mut tasks: Vec<Task>, dir: &Path, time_scale: f64) -> Vec<Task> {
        let scaled = |bytes_per_s: NonZeroU64| (bytes_per_s.get() as f64 * time_scale) as u64;
        if let Some(bytes_per_s) = self.disk_bytes_per_s.and_then(|speed| NonZeroU64::new(scaled(speed))) {
            for (number, task) in (1..).zip(&mut tasks) {
                if let Task::Fetch(fetch) = task {
                    fetch.save = Some(Save { path: dir.join(format!("body_{number}")), bytes_per_s });
                }
            }
        }
        tasks
    }

    /// The fetch of a listing, as a step of the prologue.
    pub fn listing_task(&self, origin: &str, listing: &Listing, time_scale: f64) -> Fetch {
        self.fetch(format!("{origin}{}", listing.path), listing.authorization.clone(), time_scale)
    }

    fn nth(&self, origin: &str, index: usize, time_scale: f64) -> Fetch {
        let (site, path) = self.site_and_path(index);
        Fetch { site: site.map(Into::into), ..self.fetch(format!("{origin}{path}"), None, time_scale) }
    }

    /// What the task with this index fetches, if there is no listing.
    pub fn site_and_path(&self, index: usize) -> (Option<&str>, String) {
        let path = self.paths[index % self.paths.len()].replace("{number}", &(index + 1).to_string());
        (self.sites.get(index / self.paths.len() % self.sites.len().max(1)).map(String::as_str), path)
    }

    fn fetch(&self, url: String, authorization: Option<String>, time_scale: f64) -> Fetch {
        let limit = |seconds: f64| Duration::try_from_secs_f64(seconds / time_scale).unwrap_or(PATIENCE);
        let scaled = |seconds: Option<f64>| seconds.map_or(PATIENCE, limit).min(PATIENCE);
        Fetch {
            url,
            site: None,
            authorization,
            keep_alive: self.keep_alive,
            connect_timeout: scaled(self.connect_timeout_s),
            timeout: scaled(self.timeout_s),
            redirects: self.redirects,
            blocking: self.blocking,
            retries: self.retries,
            retry_wait: limit(self.retry_wait_s),
            save: None,
            stays: false,
        }
    }

    /// Reads the listing and keeps the links of JPEG and PNG pictures: albums have no type, and GIFs are left out.
    fn listed(&self, origin: &str, listing: &Listing, time_scale: f64) -> Result<Vec<String>, TaskError> {
        let fetch = self.listing_task(origin, listing, time_scale);
        let body = fetch.get_blocking(TaskTag { run: 0, index: None }, PATIENCE)?.read_to_vec().map_err(broken)?;
        let gallery: gallery::GalleryListing = serde_json::from_slice(&body)
            .map_err(|error| TaskError::Http(format!("{}: not a gallery listing: {error}", fetch.url)))?;
        Ok(gallery.pictures().take(self.tasks.get() as usize).map(ToOwned::to_owned).collect())
    }
}

impl Fetch {
    /// The site, for `--schedule by_key`.
    pub fn site(&self) -> &str {
        self.site.as_deref().or_else(|| self.url.split('/').nth(2)).unwrap_or_default()
    }

    /// Waits for the answer on this thread.
    pub fn run<H: TaskContext>(&self, host: &mut H) -> Result<Output, TaskError> {
        for _ in 0..self.retries {
            let tried = self.once(host);
            if !is_worth_a_retry(&tried) {
                return tried;
            }
            host.check()?;
            host.wait(Activity::WaitFirstByte, |left| thread::sleep(self.retry_wait.min(left)));
        }
        self.once(host)
    }

    fn once<H: TaskContext>(&self, host: &mut H) -> Result<Output, TaskError> {
        let tag = host.tag();
        let mut body = host.wait(Activity::WaitFirstByte, |left| self.get_blocking(tag, left.min(self.timeout)))?;
        host.wait(Activity::WaitTransfer, |_| body.digest(self.save.as_ref()))
    }

    /// Sends the request, follows redirects, and returns when the final answer's head arrived.
    fn get_blocking(&self, tag: TaskTag, limit: Duration) -> Result<BlockingBody, TaskError> {
        let (mut url, tag) = (self.url.clone(), tag.to_string());
        let begun = std::time::Instant::now();
        for _ in 0..=self.redirects {
            // One limit for all hops: servers that redirect to each other must not stretch it.
            let left = limit.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Err(TaskError::TimedOut);
            }
            let mut request = blocking_client().get(&url).config();
            request = request.timeout_connect(Some(self.connect_timeout)).timeout_global(Some(left));
            let mut request = request.build();
            for (name, value) in self.headers(&tag) {
                request = request.header(name, value);
            }
            let response = request.call().map_err(failed)?;
            let (head, body) = response.into_parts();
            match self.follow(&url, head.status, head.headers.get(header::LOCATION))? {
                Some(next) => url = next,
                None => return Ok(BlockingBody { status: head.status.as_u16(), body }),
            }
        }
        Err(self.too_many_redirects())
    }

    /// Waits for the answer inside an event loop.
    pub async fn run_async(&self, lane: &mut Lane) -> Result<Output, TaskError> {
        if self.blocking {
            // No `await` here: everything else in flight waits with this fetch.
            return self.run(lane);
        }
        for _ in 0..self.retries {
            let tried = self.once_async(lane).await;
            if !is_worth_a_retry(&tried) {
                return tried;
            }
            lane.check()?;
            let start_ns = lane.waits(Activity::WaitFirstByte);
            sleep(self.retry_wait.min(lane.time_left())).await;
            lane.waited(Activity::WaitFirstByte, start_ns);
        }
        self.once_async(lane).await
    }

    async fn once_async(&self, lane: &mut Lane) -> Result<Output, TaskError> {
        // One limit for both waits. Each is cut short by itself, so that one that times out is recorded too.
        let limit = Instant::now() + lane.time_left().min(self.timeout);
        let start_ns = lane.waits(Activity::WaitFirstByte);
        let response = timeout_at(limit, self.get_async(lane.tag())).await;
        lane.waited(Activity::WaitFirstByte, start_ns);
        let response = response.unwrap_or(Err(TaskError::TimedOut))?;
        let start_ns = lane.waits(Activity::WaitTransfer);
        let output = timeout_at(limit, digest_async(response, self.save.as_ref())).await;
        lane.waited(Activity::WaitTransfer, start_ns);
        output.unwrap_or(Err(TaskError::TimedOut))
    }

    async fn get_async(&self, tag: TaskTag) -> Result<hyper::Response<Incoming>, TaskError> {
        let client = async_client(self.connect_timeout);
        let (mut url, tag) = (self.url.clone(), tag.to_string());
        for _ in 0..=self.redirects {
            let mut request = Request::get(&url);
            for (name, value) in self.headers(&tag) {
                request = request.header(name, value);
            }
            let request = request.body(Full::<Bytes>::default()).map_err(|error| TaskError::Http(error.to_string()))?;
            let response = client.request(request).await.map_err(|error| {
                if error.is_connect() { TaskError::Connect(causes(&error)) } else { broken(causes(&error)) }
            })?;
            match self.follow(&url, response.status(), response.headers().get(header::LOCATION))? {
                Some(next) => url = next,
                None => return Ok(response),
            }
        }
        Err(self.too_many_redirects())
    }

    /// Where this answer redirects the fetch; `None` if it is the last one.
    fn follow(
        &self,
        url: &str,
        status: StatusCode,
        location: Option<&header::HeaderValue>,
    ) -> Result<Option<String>, TaskError> {
        let next = next_hop(url, status, location)?;
        match next.as_deref().filter(|next| self.stays && !same_server(next, &self.url)) {
            Some(elsewhere) => Err(TaskError::Refused(format!("{url}: a redirect to another server, {elsewhere}"))),
            None => Ok(next),
        }
    }

    fn headers<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = (&'static str, &'a str)> {
        let optional = [
            ("host", self.site.as_deref()),
            ("authorization", self.authorization.as_deref()),
            ("connection", (!self.keep_alive).then_some("close")),
        ];
        let given = optional.into_iter().filter_map(|(name, value)| Some((name, value?)));
        given.chain([(TASK_HEADER, tag)])
    }

    fn too_many_redirects(&self) -> TaskError {
        TaskError::Http(format!("{}: more than {} redirects", self.url, self.redirects))
    }
}

thread_local! {
    /// One client per thread, like one session per worker: connections are kept, and nothing is shared, so no worker
    /// ever waits for another's lock.
    static AGENT: ureq::Agent = ureq::Agent::with_parts(
        ureq::Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // The system's certificates, as with curl: they include a company's own, and new ones need no new build.
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
            .build(),
        DefaultConnector::default(),
        OnThisThread,
    );

    /// The async client of this thread's event loop. The loop drives its connections, which die with the loop, so
    /// another loop gets another client.
    static ASYNC_CLIENT: RefCell<Option<(runtime::Id, AsyncClient)>> = const { RefCell::new(None) };
}

/// The blocking client of this thread.
pub(super) fn blocking_client() -> ureq::Agent {
    AGENT.with(ureq::Agent::clone)
}

/// Resolves host names on the calling thread. ureq's own resolver starts a thread for each connection with a timeout,
/// which would be measured too; our hosts are IP addresses, which need no look-up.
#[derive(Debug)]
struct OnThisThread;

impl Resolver for OnThisThread {
    fn resolve(
        &self,
        uri: &http::Uri,
        config: &Config,
        limit: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let unlimited = NextTimeout { after: time::Duration::NotHappening, ..limit };
        DefaultResolver::default().resolve(uri, config, unlimited)
    }
}

pub(super) type AsyncClient = Client<HttpConnector, Full<Bytes>>;

pub(super) fn async_client(connect_timeout: Duration) -> AsyncClient {
    let this_loop = runtime::Handle::current().id();
    ASYNC_CLIENT.with_borrow_mut(|kept| match kept {
        Some((its_loop, client)) if *its_loop == this_loop => client.clone(),
        _ => {
            let mut connector = HttpConnector::new();
            connector.set_nodelay(true);
            connector.set_connect_timeout(Some(connect_timeout));
            let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
            *kept = Some((this_loop, client.clone()));
            client
        }
    })
}

/// A response whose head arrived.
struct BlockingBody {
    status: u16,
    body: ureq::Body,
}

impl BlockingBody {
    fn digest(&mut self, save: Option<&Save>) -> Result<Output, TaskError> {
        let (mut reader, mut chunk) = (self.body.as_reader(), vec![0; CHUNK]);
        let mut file = save.map(Save::begin).transpose()?;
        let mut digest = Digest::default();
        loop {
            match reader.read(&mut chunk) {
                Ok(0) => return Ok(digest.output(self.status)),
                Ok(length) => {
                    digest.add(&chunk[..length]);
                    file.as_mut().map_or(Ok(()), |file| file.write(&chunk[..length]))?;
                }
                Err(error) => return Err(broken_body(error)),
            }
        }
    }

    fn read_to_vec(mut self) -> Result<Vec<u8>, ureq::Error> {
        self.body.read_to_vec()
    }
}

/// The file is written with blocking calls, which keep the loop's thread.
async fn digest_async(response: hyper::Response<Incoming>, save: Option<&Save>) -> Result<Output, TaskError> {
    let mut file = save.map(Save::begin).transpose()?;
    let status = response.status().as_u16();
    let (mut body, mut digest) = (response.into_body(), Digest::default());
    while let Some(frame) = body.frame().await {
        if let Ok(chunk) = frame.map_err(|error| broken(causes(&error)))?.into_data() {
            digest.add(&chunk);
            file.as_mut().map_or(Ok(()), |file| file.write(&chunk))?;
        }
    }
    Ok(digest.output(status))
}

/// The checksum and the length of a body that arrives in pieces.
#[derive(Debug, Default)]
pub struct Digest {
    crc: crc32fast::Hasher,
    bytes: u64,
}

impl Digest {
    /// Of a whole body.
    pub fn of(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        let mut digest = Self::default();
        pieces.into_iter().for_each(|piece| digest.add(&piece));
        digest
    }

    pub(super) fn add(&mut self, chunk: &[u8]) {
        self.crc.update(chunk);
        self.bytes += chunk.len() as u64;
    }

    /// The output of the fetch that got it.
    pub fn output(self, status: u16) -> Output {
        Output { checksum: self.crc.finalize().into(), amount: self.bytes, status: Some(status) }
    }
}

/// Whether the same request may well succeed later: the server was too busy, or the connection was lost.
fn is_worth_a_retry(tried: &Result<Output, TaskError>) -> bool {
    match tried {
        Ok(output) => matches!(output.status, Some(429 | 503)),
        Err(error) => matches!(error, TaskError::TimedOut | TaskError::BrokenResponse(_)),
    }
}

/// Where a redirect leads; `None` when the answer is not a redirect.
fn next_hop(
    url: &str,
    status: StatusCode,
    location: Option<&header::HeaderValue>,
) -> Result<Option<String>, TaskError> {
    let Some(location) = location.filter(|_| status.is_redirection()) else { return Ok(None) };
    let location =
        location.to_str().map_err(|_| TaskError::Http(format!("{url}: a redirect to no readable address")))?;
    if location.starts_with("http://") {
        return Ok(Some(location.to_owned()));
    }
    let origin: Vec<&str> = url.splitn(4, '/').take(3).collect();
    if location.starts_with('/') {
        Ok(Some(format!("{}{location}", origin.join("/"))))
    } else {
        Err(TaskError::Http(format!("{url}: can't follow a redirect to {location:?}: expected http://... or /...")))
    }
}

/// Whether two URLs name the same server: `http`, the same host, the same port, and nothing else before the path. The
/// clients' own parser reads them, so that both are read in the same way.
pub fn same_server(one: &str, other: &str) -> bool {
    server(one).is_some_and(|known| Some(known) == server(other))
}

fn server(url: &str) -> Option<(String, u16)> {
    let url = url.parse::<http::Uri>().ok().filter(|url| url.scheme_str() == Some("http"))?;
    let (host, port) = (url.host().filter(|host| !host.is_empty())?, url.port_u16());
    let plain = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    // The authority may hold a user name, or an invalid port.
    (url.authority()?.as_str() == plain).then(|| (host.to_owned(), port.unwrap_or(80)))
}

/// A port that nobody listens on, a name that can't be resolved, a certificate that isn't trusted, a server without TLS.
fn is_of_connecting(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionRefused, InvalidData};
    matches!(error.kind(), ConnectionRefused | InvalidData)
}

pub(super) fn failed(error: ureq::Error) -> TaskError {
    match error {
        ureq::Error::Timeout(_) => TaskError::TimedOut,
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => TaskError::Connect(error.to_string()),
        ureq::Error::Io(io) if is_of_connecting(&io) => TaskError::Connect(io.to_string()),
        ureq::Error::Io(_) | ureq::Error::Protocol(_) | ureq::Error::BodyStalled => broken(error),
        other => TaskError::Http(other.to_string()),
    }
}

/// An error while a body was read: ureq's own, wrapped, or the system's.
pub(super) fn broken_body(error: std::io::Error) -> TaskError {
    match error.downcast::<ureq::Error>() {
        Ok(error) => failed(error),
        Err(error) => broken(error),
    }
}

pub(super) fn broken(error: impl Display) -> TaskError {
    TaskError::BrokenResponse(error.to_string())
}

/// An error with all its causes: hyper's own text names only the outermost.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn hop(url: &str, status: u16, location: &'static str) -> Result<Option<String>, TaskError> {
        next_hop(url, StatusCode::from_u16(status).expect("a status"), Some(&HeaderValue::from_static(location)))
    }

    #[test]
    fn redirects_lead_on_and_other_answers_do_not() {
        let from = "http://127.0.0.1:80/a/b";
        assert_eq!(hop(from, 302, "/c"), Ok(Some("http://127.0.0.1:80/c".into())));
        assert_eq!(hop(from, 301, "http://other/d"), Ok(Some("http://other/d".into())));
        assert_eq!(hop(from, 201, "/created"), Ok(None));
        assert!(hop(from, 302, "c").is_err());
    }

    #[test]
    fn a_server_is_its_scheme_its_host_and_its_port() {
        let server = "http://127.0.0.1:8080";
        for same in ["http://127.0.0.1:8080/", "http://127.0.0.1:8080/a@b:1", "http://127.0.0.1:8080?x", server] {
            assert!(same_server(same, server), "{same}");
        }
        assert!(same_server("http://host/a", "http://host:80"));
        for other in [
            "https://127.0.0.1:8080/",
            "ftp://127.0.0.1:8080/",
            "//127.0.0.1:8080/",
            "127.0.0.1:8080",
            "/images/1.jpg",
            "",
            "http://",
            "http:///etc/passwd",
            "file:///etc/passwd",
            "http://127.0.0.1/",
            "http://127.0.0.1:80801/",
            "http://127.0.0.1:8081/",
            "http://127.0.0.2:8080/",
            "http://localhost:8080/",
            "http://127.0.0.1:8080.evil.test/",
            "http://127.0.0.1:8080@evil.test/",
            "http://user@127.0.0.1:8080/",
            "http://user:word@127.0.0.1:8080/",
            "http://127.0.0.1:8080\\@evil.test/",
            "http://evil.test/http://127.0.0.1:8080/",
            "http://evil.test#http://127.0.0.1:8080/",
        ] {
            assert!(!same_server(other, server), "{other}");
        }
        assert!(!same_server("", "") && !same_server("nonsense", "nonsense"));
    }

    #[test]
    fn one_that_stays_follows_no_redirect_elsewhere() {
        let free = recipe(&["/"], &[]).fetch("http://h:1/a".into(), None, 1.0);
        let stays = Fetch { stays: true, ..free.clone() };
        let follow = |fetch: &Fetch, location: &'static str| {
            fetch.follow(&fetch.url, StatusCode::FOUND, Some(&HeaderValue::from_static(location)))
        };
        for elsewhere in ["http://h:2/", "http://other/", "http://h:1@other/", "http://h:1.other/"] {
            assert_eq!(follow(&free, elsewhere), Ok(Some(elsewhere.into())));
            assert!(matches!(follow(&stays, elsewhere), Err(TaskError::Refused(_))), "{elsewhere}");
        }
        for here in ["/b", "//other/b", "http://h:1/b"] {
            assert_eq!(follow(&stays, here), follow(&free, here), "{here}");
        }
        assert_eq!(follow(&stays, "//other/b"), Ok(Some("http://h:1//other/b".into())), "read as a path");
    }

    fn recipe(paths: &[&str], sites: &[&str]) -> Recipe {
        Recipe {
            tasks: NonZeroU32::MIN,
            paths: paths.iter().map(ToString::to_string).collect(),
            sites: sites.iter().map(ToString::to_string).collect(),
            listing: None,
            keep_alive: true,
            connect_timeout_s: None,
            timeout_s: Some(3.0),
            redirects: 5,
            blocking: false,
            retries: 0,
            retry_wait_s: 0.0,
            disk_bytes_per_s: None,
        }
    }

    #[test]
    fn the_site_is_the_virtual_one_where_there_is_one() {
        let mut fetch = recipe(&["/{number}"], &[]).fetch("http://127.0.0.1:8080/x".into(), None, 2.0);
        assert_eq!((fetch.site(), fetch.timeout), ("127.0.0.1:8080", Duration::from_millis(1500)));
        fetch.site = Some("news.test".into());
        assert_eq!(fetch.site(), "news.test");
    }

    fn built(recipe: &Recipe) -> Vec<(Option<String>, String)> {
        let tasks = recipe.build("http://h:1", 1.0).expect("nothing is listed");
        let fetches = tasks.into_iter().map(|task| match task {
            Task::Fetch(fetch) => (fetch.site, fetch.url),
            other => panic!("a fetch, not {other:?}"),
        });
        fetches.collect()
    }

    #[test]
    fn paths_are_used_in_turn_for_one_site_after_the_other() {
        let of = |tasks, sites: &[&str]| {
            let tasks = NonZeroU32::new(tasks).expect("at least one");
            let asked = built(&Recipe { tasks, ..recipe(&["/x", "/y/{number}"], sites) });
            let told = asked.iter().map(|(site, url)| format!("{} {url}", site.as_deref().unwrap_or("-")));
            told.collect::<Vec<_>>().join("\n").replace("http://h:1", "")
        };
        assert_eq!(of(3, &[]), "- /x\n- /y/2\n- /x");
        assert_eq!(of(5, &["a", "b"]), "a /x\na /y/2\nb /x\nb /y/4\na /x");
    }
}
