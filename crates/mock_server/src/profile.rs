//! The server's profile: its routes, their answers and latencies. Part of a scenario's TOML.
//!
//! ```toml
//! [server]
//! time_scale = 20
//! seed = 1
//!
//! [[server.routes]]
//! path = "/gallery"
//! latency_s = 1.5
//! body = "gallery"
//! authorization = "Client-ID makespan"
//!
//! [[server.routes]]
//! path = "/words/*"
//! site = "alpha.example"
//! latency_s = 0.3
//! status = 404
//! body = { bytes = 512 }
//! ```
//!
//! And the faults and limits of its network, all optional:
//!
//! ```toml
//! [server]
//! keep_alive = false
//! connect_delay_s = 0.1
//! serial_s = 0.01
//!
//! [server.link]
//! bytes_per_s = 5_300_000.0
//! connection_bytes_per_s = 1_000_000.0
//!
//! [server.limits]
//! connections = { most = 100, beyond = "queue" }
//! requests = { most = 8, beyond = "queue" }
//! waiting = 16
//! rate = { per_s = 10.0, burst = 5 }
//! idle_s = 5
//!
//! [[server.routes]]
//! path = "/x"
//! latency_s = 0.3
//! spread = { shape = "lognormal", cv = 0.95 }
//!
//! [[server.faults]]
//! fault = "reset"
//! path = "/x/*"
//! probability = 0.05
//! ```
//!
//! This is the wire form: anything that parses. [`Profile::check`] turns it into the validated form.

mod network;

pub use network::{Beyond, Fault, FaultRule, LatencyShape, Limit, Limits, Link, Rate, Spread};

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The longest time after scaling, seconds. More is a typo, and could overflow the clock.
const LONGEST_S: f64 = 86_400.0;

/// The server of one scenario. Times are the document's own; `time_scale` divides times and multiplies rates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Server"))]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// How many times faster than the document's network this one is.
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub time_scale: f64,
    /// The seed of everything drawn: bodies, latencies and faults.
    pub seed: u64,
    /// Whether a connection serves more than one request.
    pub keep_alive: bool,
    /// Extra seconds that the first request of each connection waits, for the round trips of connecting.
    pub connect_delay_s: f64,
    /// Seconds that each request spends in a section that admits one request at a time, before its latency begins.
    pub serial_s: f64,
    /// The bandwidth, in bytes per second.
    pub link: Link,
    /// The server's limits.
    pub limits: Limits,
    /// The routes, in order: the first whose path and site match answers. If none matches, a generic route answers, or
    /// a 404 without latency.
    pub routes: Vec<Route>,
    /// The faults, in order: the first that matches a request applies.
    pub faults: Vec<FaultRule>,
    /// The folder of the photographs for `body = "photo"`. Filled in when the server is started; not part of a TOML.
    #[serde(with = "support::path_bytes::option")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub photos: Option<PathBuf>,
}

impl Profile {
    /// Its checksum, independent of its pictures' folder.
    pub fn checksum(&self) -> u32 {
        let served = Self { photos: None, ..self.clone() };
        crc32fast::hash(&serde_json::to_vec(&served).expect("texts and numbers always serialise"))
    }
}

/// The document's seconds as this server's nanoseconds, or what was expected.
pub(super) fn scaled_ns(seconds: f64, scale: f64) -> Result<u64, &'static str> {
    let scaled_s = seconds / scale;
    if !(seconds.is_finite() && seconds >= 0.0) {
        Err("a finite number of seconds, 0 or more")
    } else if scaled_s > LONGEST_S {
        Err("at most a day (86400 s) after time-scaling")
    } else {
        Ok((scaled_s * 1e9).round() as u64)
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            time_scale: 1.0,
            seed: 0,
            keep_alive: true,
            connect_delay_s: 0.0,
            serial_s: 0.0,
            link: Link::default(),
            limits: Limits::default(),
            routes: Vec::new(),
            faults: Vec::new(),
            photos: None,
        }
    }
}

/// The answer at one path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The path: exact (`/page`), or a prefix that ends in `*` (`/images/*`).
    pub path: String,
    /// Seconds from the request's arrival to the first byte of the answer; the mean, if they spread.
    #[serde(default)]
    pub latency_s: f64,
    /// How the latencies spread around their mean. Without it, all are the same.
    #[serde(default)]
    pub spread: Option<Spread>,
    /// The HTTP status.
    #[serde(default = "ok")]
    pub status: u16,
    /// The answer's content.
    #[serde(default)]
    pub body: Body,
    /// The value that the `Authorization` header must have: 401 without the header, 403 with another value. Without it,
    /// anybody is answered.
    #[serde(default)]
    pub authorization: Option<String>,
    /// Where a redirect leads: only with a 3xx `status`.
    #[serde(default)]
    pub location: Option<String>,
    /// The virtual host that the route belongs to, as in the request's `Host` header without the port. Without it, any.
    #[serde(default)]
    pub site: Option<String>,
}

impl Route {
    /// A route that answers 200, empty, at once.
    pub fn at(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            latency_s: 0.0,
            spread: None,
            status: ok(),
            body: Body::Empty,
            authorization: None,
            location: None,
            site: None,
        }
    }
}

fn ok() -> u16 {
    200
}

/// An answer's content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// So many bytes, the same for all requests of a path.
    Bytes(u64),
    /// The gallery's listing: JSON, its links pointing at this server.
    Gallery,
    /// A picture of the fixtures, by the file name at the end of the path.
    Photo,
}
