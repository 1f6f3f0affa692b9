//! The HTTP server the fetches go to, in a process of its own.
//!
//! It is a real HTTP/1.1 server on real sockets, so a client pays what HTTP costs; only the *network* is simulated: the
//! profile sets how long an answer takes, how fast its body comes and what fails. It is a separate process because its
//! work must not count as the client's CPU time or compete for the client's threads.
//!
//! A request passes these files, from top to bottom:
//!
//! | file | what it does |
//! |---|---|
//! | [`profile`] | the wire form of `[server]` in a scenario's TOML |
//! | [`checked`] | the same, validated and time-scaled |
//! | [`server`], `socket` | binds, accepts, drains: the connections, and how they end |
//! | `service` | one request, from its arrival to its answer |
//! | `request` | refuses malformed requests |
//! | `pending` | logs a request, whatever happens to it |
//! | `routes` | the answer for each path |
//! | [`generic`] | the answers at httpbin's paths |
//! | [`gallery`], [`payload`], `photos` | the answers' content |
//! | `draw` | randomness for `latency` and `faults`, the same for every strategy |
//! | `latency` | how latencies spread around their mean |
//! | `limits`, `bucket`, `section` | which requests are admitted, wait, or are refused |
//! | `faults` | which answers fail, and how |
//! | `timer` | waits more precisely than the async runtime's own timer |
//! | [`oracle`] | predicts the answers without the network |
//! | `delivery` | sends the body: delayed, cut short, logged at its end |
//! | [`sharing`], `link`, `pace` | how fast bodies go: the arithmetic of a shared link, the link itself, a drip |
//! | [`log`] | the ground truth: what the server did for each request |
//! | [`contact`] | the client's side: checks the server, compares clocks, reads its log |
//! | [`process`] | starts and ends a server process |

// Nothing may panic where the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod answer;
mod bucket;
pub mod checked;
pub mod contact;
mod delivery;
mod draw;
mod errors;
mod faults;
pub mod gallery;
pub mod generic;
mod latency;
mod limits;
mod link;
pub mod log;
pub mod oracle;
mod pace;
mod path_pattern;
pub mod payload;
mod pending;
mod photos;
pub mod process;
pub mod profile;
mod request;
mod routes;
mod section;
pub mod server;
mod service;
pub mod sharing;
mod socket;
mod timer;
