//! The queue, from its promises to several hosts.

mod accidents;
mod contracts;
mod hosts;
mod redis_server;
mod runs;
mod server_elsewhere;
mod worker;
