//! The HTTP server the fetches go to, in a process of its own.
//!
//! It is a real HTTP/1.1 server on real sockets, so a client pays what HTTP costs; only the *network* is made up: how long
//! an answer takes is written in the profile. It runs apart from the client because whatever it computes must not count
//! as the client's CPU time or compete for the client's threads.
//!
//! One request passes these files, from top to bottom:
//!
//! | file | what it does |
//! |---|---|
//! | [`profile`] | the wire form of `[server]` in a scenario's TOML |
//! | [`checked`] | the same, checked and time-scaled: it can't be wrong any more |
//! | [`server`] | binds, accepts, drains: the connections |
//! | `service` | one request: arrive, find the route, wait, log, answer |
//! | `routes` | what is answered at which path |
//! | [`gallery`], [`payload`], `photos` | what the answers hold |
//! | `timer` | waits more precisely than the async runtime's own timer |
//! | [`foresight`] | what will be answered, known without asking |
//! | [`log`] | the ground truth: what was done for each request |
//! | [`process`] | the other side: starts such a server, reads its log, ends it |

pub mod checked;
pub mod foresight;
pub mod gallery;
pub mod log;
pub mod payload;
mod photos;
pub mod process;
pub mod profile;
mod routes;
pub mod server;
mod service;
mod timer;
