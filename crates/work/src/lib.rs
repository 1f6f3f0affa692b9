//! Tasks, the workers that do them, the strategies that spread them, and the job queue.
//!
//! Two pairs of modules import each other, on purpose. A task asks its context whether to go on, and a worker's lane is that
//! context ([`task`], [`worker`]). A worker process may get its tasks from a job queue, whose workers run them as all workers do
//! ([`worker`], [`queue`]).

// Nothing may panic where the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod fixtures;
pub mod presentation;
pub mod queue;
pub mod strategy;
pub mod task;
pub mod worker;
