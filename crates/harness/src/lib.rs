//! From scenario to record: scenarios, the runner, stored results, live events.

// Nothing may panic where the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod live;
pub mod results;
pub mod runner;
pub mod scenario;
