//! Threads, processes or async, and how many?
//!
//! `makespan` runs the same workloads (fetches from a local mock server, prime sums, thumbnails, decompression) through
//! every strategy (one after another, threads, work stealing, processes, async) at every worker count, checks every
//! answer, and says what it measured with its interval.
//!
//! # Layout
//!
//! Data goes one way, and each arrow is one folder's work:
//!
//! ```text
//! scenario -> tasks -> strategy -> run -> record -> verdict -> page
//! ```
//!
//! | folder | what it does |
//! |---|---|
//! | [`scenario`] | reads a TOML file into a checked scenario: workload, server profile, cells |
//! | [`task`] | what a worker does: fetch a URL, sum primes, make a thumbnail, decompress |
//! | [`strategy`] | how tasks are spread over workers, one file each |
//! | [`queue`] | jobs that workers on any number of machines take: SQLite or Redis |
//! | [`worker`] | what strategies share: the deck of tasks, the lane, the deadline, worker processes |
//! | [`mock_server`] | the HTTP server the fetches go to, in a process of its own |
//! | [`runner`] | set up, verify, start, run, stop, check, record; tells observers, prints nothing |
//! | [`measure`] | clocks, CPU time, memory, host facts, what disturbs a measurement |
//! | [`museum`] | the documents' bugs, each caught next to the same thing done right |
//! | [`results`] | the record of measured runs, and where records are kept |
//! | [`stats`] | intervals, noise, ceilings, Amdahl |
//! | [`findings`] | claims and records in, verdicts out |
//! | [`report`] | records and verdicts in, one HTML page out |
//! | [`live`] | a run watched while it goes on |
//! | [`lesson`] | lessons for a class: a question, a race, an explanation, the code |
//! | [`classroom`] | the page that a class predicts and watches races on |
//! | [`exercise`] | strategies to complete, held to the contract and measured beside the house's own |
//! | [`figures`] | figures as text |
//! | [`suggestion`] | "did you mean ...?" |
//! | [`terminal`] | text for a terminal: it fits, and it can't control the terminal |
//! | [`scratch`] | directories that go when their owner does, however it ends |
//! | [`fixtures`] | photographs and archives, made on first use, the same on every machine |

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
