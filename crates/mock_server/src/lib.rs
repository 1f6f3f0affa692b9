//! The HTTP server the fetches go to, in a process of its own.
//!
//! It is a real HTTP/1.1 server on real sockets, so a client pays what HTTP costs; only the *network* is made up: how long
//! an answer takes, how fast its body comes and what goes wrong is written in the profile. It runs apart from the
//! client because whatever it computes must not count as the client's CPU time or compete for the client's threads.
//!
//! One request passes these files, from top to bottom:
//!
//! | file | what it does |
//! |---|---|
//! | [`profile`] | the wire form of `[server]` in a scenario's TOML |
//! | [`checked`] | the same, checked and time-scaled: it can't be wrong any more |
//! | [`server`], `socket` | binds, accepts, drains: the connections, and how they end |
//! | `service` | one request, from its arrival to its answer |
//! | `request` | is it a request at all? |
//! | `pending` | what is noted of a request, whatever happens to it |
//! | `routes` | what is answered at which path |
//! | [`generic`] | what is answered at httpbin's paths |
//! | [`gallery`], [`payload`], `photos` | what the answers hold |
//! | `draw` | chance, the same for every strategy: what `latency` and `faults` ask |
//! | `latency` | how latencies spread around their mean |
//! | `limits`, `bucket`, `section` | who is let in, who waits, who is turned away |
//! | `faults` | which answers go wrong, and how |
//! | `timer` | waits more precisely than the async runtime's own timer |
//! | [`oracle`] | what will be answered, known without asking |
//! | `delivery` | the body on its way: held up, cut short, noted when it ends |
//! | [`sharing`], `link`, `pace` | how fast bodies go: the arithmetic of a shared link, the link itself, a drip |
//! | [`log`] | the ground truth: what was done for each request |
//! | [`contact`] | the other side: is it the right server, what time is it there, what does its log say? |
//! | [`process`] | starts such a server, and ends it |

// Nothing may panic where the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod bucket;
pub mod checked;
pub mod contact;
mod delivery;
mod draw;
mod faults;
pub mod gallery;
pub mod generic;
mod latency;
mod limits;
mod link;
pub mod log;
pub mod oracle;
mod pace;
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
