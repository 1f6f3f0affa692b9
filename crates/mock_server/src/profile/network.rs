//! The network's part of the wire form: how latencies spread, what is shared, what is limited, what goes wrong.

use serde::{Deserialize, Serialize};

/// How a route's latencies spread around their mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// The shape of the distribution.
    pub shape: LatencyShape,
    /// Standard deviation over mean: at most 1/√3 for `uniform`, at most 3 for `lognormal`.
    pub cv: f64,
}

/// The shape of a distribution of latencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LatencyShape {
    /// All latencies between two bounds are equally likely.
    Uniform,
    /// The logarithm is normally distributed: most are a little below the mean, a few far above, as on real networks.
    Lognormal,
}

/// The bandwidth, bytes per second. It counts bodies; heads are free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Link {
    /// What all transfers in flight share, each alike.
    pub bytes_per_s: Option<f64>,
    /// The most that each connection gets.
    pub connection_bytes_per_s: Option<f64>,
}

/// What the server takes at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections. A refused one is closed at once. Where the others queue, a connection needs a place while it is being
    /// answered; with `idle_s`, as long as it is open.
    pub connections: Option<Limit>,
    /// Seconds after which a connection is closed whose client neither sends nor reads anything. When `None`, it is 30 s,
    /// whatever the time scale: nothing that a run would notice.
    pub idle_s: Option<f64>,
    /// Requests in service, each until its body is out. A refused one is answered with 503 and `Retry-After`.
    pub requests: Option<Limit>,
    /// Requests per second. Beyond it the answer is 429 with `Retry-After`.
    pub rate: Option<Rate>,
}

/// So many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// How many.
    pub most: u32,
    /// What becomes of the others.
    pub beyond: Beyond,
}

/// What becomes of those beyond a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beyond {
    /// They wait, first come, first served.
    Queue,
    /// They are turned away.
    Refuse,
}

/// A bucket of tokens, one for each request.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Tokens that come in per second.
    pub per_s: f64,
    /// Tokens that the bucket holds: so many requests may come at once.
    pub burst: u32,
}

/// Something that goes wrong, and for whom. Of several that match a request the first applies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// What goes wrong.
    pub fault: Fault,
    /// The path, or a prefix that ends in `*`; all when `None`.
    #[serde(default)]
    pub path: Option<String>,
    /// The tasks; all when `None`.
    #[serde(default)]
    pub indexes: Option<Vec<u32>>,
    /// How likely it is to happen to each request that matches, above 0 and at most 1; it is certain when `None`.
    #[serde(default)]
    pub probability: Option<f64>,
    /// The status of an `error`; 500 when `None`.
    #[serde(default)]
    pub status: Option<u16>,
    /// How long a `stall` is, seconds.
    #[serde(default)]
    pub stall_s: Option<f64>,
    /// How long a `drip` takes over its body, seconds.
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
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The connection is reset instead of an answer.
    Reset,
    /// The answer is an error, without a body.
    Error,
    /// The answer begins later.
    Stall,
    /// The connection is reset after half of the body.
    ResetInBody,
    /// The connection ends in order, but after half of the body.
    Truncate,
    /// The body comes so slowly that it takes a given time.
    Drip,
}
