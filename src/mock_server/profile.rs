//! What the server is to be: its routes, with what each answers and how long it takes. Part of a scenario's TOML.
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
//! This is the wire form: anything that parses. [`Profile::check`] makes the form that can't be wrong of it.

use super::checked::{CheckedProfile, ProfileError};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The server of one scenario. Times are the document's own; `time_scale` divides them all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Every latency is divided by this.
    #[serde(default = "unscaled")]
    pub time_scale: f64,
    /// The seed of everything drawn: bodies, and later latencies and faults.
    #[serde(default)]
    pub seed: u64,
    /// The routes, looked at in their order: the first whose path and site match answers. None matching is a 404 without
    /// latency.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// Where the photographs lie that `body = "photo"` serves. Filled in when the server is started; not part of a TOML.
    #[serde(default)]
    pub photos: Option<PathBuf>,
}

impl Profile {
    /// Checks every value and divides the latencies by the time scale. The first thing wrong is named with its key.
    pub fn check(&self) -> Result<CheckedProfile, ProfileError> {
        CheckedProfile::of(self)
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self { time_scale: unscaled(), seed: 0, routes: Vec::new(), photos: None }
    }
}

fn unscaled() -> f64 {
    1.0
}

/// What is answered at one path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The path: exact (`/page`), or a prefix that ends in `*` (`/images/*`).
    pub path: String,
    /// Seconds from the request's arrival to the first byte of the answer.
    #[serde(default)]
    pub latency_s: f64,
    /// The status.
    #[serde(default = "ok")]
    pub status: u16,
    /// What the answer holds.
    #[serde(default)]
    pub body: Body,
    /// The value that the `Authorization` header must have: 401 without the header, 403 with another value.
    #[serde(default)]
    pub authorization: Option<String>,
    /// Where a redirect leads (with a 3xx status).
    #[serde(default)]
    pub location: Option<String>,
    /// The virtual host this route belongs to, as the request's `Host` header has it without the port; any when `None`.
    #[serde(default)]
    pub site: Option<String>,
}

impl Route {
    /// A route that answers 200 with nothing, at once.
    pub fn at(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            latency_s: 0.0,
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

/// What an answer holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// So many bytes, the same for every request of the same path.
    Bytes(u64),
    /// The gallery's listing: JSON, its links pointing at this server.
    Gallery,
    /// A picture of the fixtures, by the file name at the end of the path.
    Photo,
}
