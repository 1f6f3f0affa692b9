//! Threads, processes or async, and how many?
//!
//! `makespan` runs the same workloads (fetches from a local mock server, prime sums, thumbnails, decompression) through
//! every strategy (sequential, threads, work stealing, processes, async, a job queue) at every worker count, checks every
//! answer, and reports what it measured with its interval.
//!
//! This is the library that benchmarks and exercises use: it only names what the crates of this workspace have. Data goes
//! one way:
//!
//! ```text
//! scenario -> tasks -> strategy -> run -> record -> verdict -> page
//! ```

// Nothing may panic where the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

/// The commit that this was built from, with `-dirty` when the checkout had changes; `None` outside a checkout.
pub const COMMIT: Option<&str> = match env!("MAKESPAN_COMMIT") {
    commit if commit.is_empty() => None,
    commit => Some(commit),
};

pub use classroom;
#[doc(hidden)]
pub use cli;
pub use exercise;
pub use findings;
pub use harness::{live, results, runner, scenario};
pub use lesson;
pub use measure;
pub use mock_server;
pub use museum;
pub use report;
pub use stats;
pub use support::{figures, scratch, suggestion, terminal};
pub use work::{fixtures, queue, strategy, task, worker};
