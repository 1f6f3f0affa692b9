//! The queue, from its promises to several hosts: one program, because each costs a minute to build.

mod accidents;
#[path = "../common/mod.rs"]
mod common;
mod contracts;
mod hosts;
mod redis_server;
mod runs;
mod server_elsewhere;
mod worker;
