//! Why there is no server: in this process, or in one that was started for it.

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

/// The prefix of the first line on the server's stdout; its origin follows.
pub const LISTENING: &str = "listening on ";

/// How long a server may take to listen. It first reads 36 MB of photos, on a busy machine.
pub(super) const START_LIMIT: Duration = Duration::from_secs(20);

/// Why there is no server, or no log.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The program could not be run.
    #[error("could not start the mock server ({}): {source}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// It ended instead of listening.
    #[error("the mock server ended before it was listening ({status}): {words}")]
    Ended {
        /// How it ended.
        status: String,
        /// What it wrote to stderr.
        words: String,
    },
    /// It neither listened nor ended.
    #[error("the mock server was not listening after {} s; is the machine overloaded?", START_LIMIT.as_secs())]
    Late,
    /// The first line was different.
    #[error("expected the mock server's first line to be `{LISTENING}http://...`, found `{0}`; is it another program?")]
    Unexpected(String),
    /// It can't be reached.
    #[error("the mock server at {origin} can't be reached ({cause}); is it running?")]
    Unreachable {
        /// Its URL.
        origin: String,
        /// The cause.
        cause: String,
    },
    /// A different program listens there.
    #[error("the server at {origin} is not a mock server ({cause}); start one there with `makespan server`")]
    NoServer {
        /// Its URL.
        origin: String,
        /// What is wrong with its answer.
        cause: String,
    },
    /// It is a mock server with other routes, latencies or faults, or at another pace.
    #[error(
        "the mock server at {origin} serves something else: start it with `makespan server --scenario NAME --time-scale \
         {time_scale}`, and --variant where one is measured, from the same scenario"
    )]
    ServesOther {
        /// Its URL.
        origin: String,
        /// The time scale that it should have.
        time_scale: f64,
    },
    /// Its answer to a request for a log is no log.
    #[error("the mock server's log of run {run} can't be read: {cause}")]
    BadLog {
        /// The run.
        run: u64,
        /// What is wrong with it.
        cause: String,
    },
    /// The log was full.
    #[error(
        "the mock server dropped {dropped} entries of run {run} because its log was full; take each run's log after it"
    )]
    LogOverflow {
        /// The run.
        run: u64,
        /// Lost entries.
        dropped: u64,
    },
}

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address isn't a loopback address.
    #[error("other machines could reach {0}: use 127.0.0.1, or add --allow-remote if that is what you want")]
    Remote(SocketAddr),
    /// Another program listens there.
    #[error("{0} is in use by another program: end that one, or use another port (port 0 picks a free one)")]
    PortInUse(SocketAddr),
    /// Listening failed otherwise.
    #[error("could not listen on {addr}: {source}; is it an address of this machine, and the port above 1023?")]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// A route serves photos, but no folder was given.
    #[error("a route has body = \"photo\", but the profile doesn't say where the photos are (key `photos`)")]
    NoPhotos,
    /// The photos could not be read.
    #[error("could not read the photos in {}: {source}", folder.display())]
    Photos {
        /// Their folder.
        folder: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The runtime or its timer could not be set up.
    #[error("the server could not be set up: {0}; are too many files open?")]
    SetUp(#[source] io::Error),
    /// It ended during answers.
    #[error("requests cut off before their answers were complete: {0}")]
    CutOff(usize),
}
