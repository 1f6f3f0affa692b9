//! The network's part of the wire form: latency spread, shared bandwidth, limits, faults.

use serde::{Deserialize, Serialize};

/// How a route's latencies spread around their mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// The shape of the distribution.
    pub shape: LatencyShape,
    /// Standard deviation over mean: at most 1/√3 for `uniform`, at most 3 for `lognormal`.
    pub cv: f64,
}

/// The shape of a distribution of latencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LatencyShape {
    /// All latencies between two bounds are equally likely.
    Uniform,
    /// The logarithm is normally distributed: most are a little below the mean, a few far above, as on real networks.
    Lognormal,
}

/// The bandwidth, bytes per second. Only bodies count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Link {
    /// The bandwidth that all transfers share equally. Without it, no limit.
    pub bytes_per_s: Option<f64>,
    /// The most that each connection gets. Without it, no limit.
    pub connection_bytes_per_s: Option<f64>,
}

/// The server's limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections. A refused one is closed at once. If others queue, a connection needs a place while it is being
    /// answered; with `idle_s`, as long as it is open.
    pub connections: Option<Limit>,
    /// Idle timeout: a connection is closed if its client neither sends nor reads anything for so long. Without it, 30 s,
    /// whatever the time scale: no run reaches it.
    pub idle_s: Option<f64>,
    /// Requests in service, each until its body is out. A refused one is answered with 503 and `Retry-After`.
    pub requests: Option<Limit>,
    /// How many requests may wait for a place, if they queue; more are refused like those beyond a limit that refuses.
    /// Without it, any number.
    pub waiting: Option<u32>,
    /// Requests per second. Excess requests get 429 with `Retry-After`.
    pub rate: Option<Rate>,
}

/// A concurrency limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// How many.
    pub most: u32,
    /// What happens to the others.
    pub beyond: Beyond,
}

/// What happens beyond a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Beyond {
    /// They queue, first come, first served.
    Queue,
    /// They are refused.
    Refuse,
}

/// A token bucket; each request takes a token.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Tokens added per second.
    pub per_s: f64,
    /// The bucket's size: the largest burst of requests.
    pub burst: u32,
}

/// A fault, and the requests it affects. The first matching fault applies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// The fault.
    pub fault: Fault,
    /// The path, or a prefix that ends in `*`. Without it, all.
    #[serde(default)]
    pub path: Option<String>,
    /// The tasks, counted from 0. Without it, all.
    #[serde(default)]
    pub indexes: Option<Vec<u32>>,
    /// Its probability for each matching request, above 0 and at most 1. Without it, certain.
    #[serde(default)]
    pub probability: Option<f64>,
    /// The HTTP status of an `error`. Without it, 500.
    #[serde(default)]
    pub status: Option<u16>,
    /// How long a `stall` is, seconds.
    #[serde(default)]
    pub stall_s: Option<f64>,
    /// How long a `drip` takes for its body, seconds.
    #[serde(default)]
    pub drip_s: Option<f64>,
}

impl FaultRule {
    /// A fault that happens to every request.
    pub fn always(fault: Fault) -> Self {
        Self { fault, path: None, indexes: None, probability: None, status: None, stall_s: None, drip_s: None }
    }
}

/// What can go wrong with an answer. The last three need a body; an answer without one is spared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The connection is reset without an answer.
    Reset,
    /// The answer is an error, without a body.
    Error,
    /// The answer begins later.
    Stall,
    /// The connection is reset after half of the body.
    ResetInBody,
    /// The connection ends orderly, but after half of the body.
    Truncate,
    /// The body comes so slowly that it takes a given time.
    Drip,
}
