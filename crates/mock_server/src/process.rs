//! A server in its own process, from the parent's side.
//!
//! The server reads the profile from stdin, one line of JSON, and stdin stays open: when it closes, for whatever
//! reason, the server ends. So it can't outlive its parent, not even a killed one. It has its own process group,
//! because Ctrl-C on a terminal reaches the whole group, and the server must answer while its parent finishes a run.

use super::{contact::Contact, log::LogEntry, profile::Profile};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use support::pipe::{Patient, put_down};

/// The prefix of the first line on the server's stdout; its origin follows.
pub const LISTENING: &str = "listening on ";

/// How long a server may take to listen. It first reads 36 MB of photos, on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(20);

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
    #[error("what answers at {origin} is no mock server ({cause}); start one there with `makespan server`")]
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

/// A running server. Dropping it ends it.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    contact: Contact,
    /// Only kept open, never written to again.
    _lifeline: Patient<ChildStdin>,
}

impl ServerProcess {
    /// Runs `PROGRAM server --profile -` and waits until it listens.
    pub fn start(program: &Path, profile: &Profile) -> Result<Self, ServerError> {
        let failed = |source| ServerError::Start { program: program.to_owned(), source };
        // A file and not a pipe: an unread pipe would block the server.
        let stderr = tempfile::tempfile().map_err(failed)?;
        let mut child = Command::new(program)
            .args(["server", "--profile", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr.try_clone().map_err(failed)?)
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        match converse(&mut child, profile) {
            Ok((lifeline, origin)) => Ok(Self { child, contact: Contact::own(origin), _lifeline: lifeline }),
            Err(reason) => Err(give_up(child, stderr, reason)),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The contact to it.
    pub fn contact(&self) -> &Contact {
        &self.contact
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> &str {
        self.contact.origin()
    }

    /// The server's log of a run: [`Contact::take_log`].
    pub fn take_log(&self, run: u64) -> Result<Vec<LogEntry>, ServerError> {
        self.contact.take_log(run)
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        put_down(&mut self.child);
    }
}

/// Why a started server is unusable.
enum Useless {
    Silent,
    Late,
    Unexpected(String),
}

fn converse(child: &mut Child, profile: &Profile) -> Result<(Patient<ChildStdin>, String), Useless> {
    let (stdin, stdout) = child.stdin.take().zip(child.stdout.take()).ok_or(Useless::Silent)?;
    let (since, never) = (Instant::now(), Arc::default());
    let mut stdin = Patient::new(stdin, &never).map_err(|_| Useless::Silent)?;
    let mut stdout = Patient::new(stdout, &never).map_err(|_| Useless::Silent)?;
    let mut line = serde_json::to_vec(profile).map_err(|error| Useless::Unexpected(error.to_string()))?;
    line.push(b'\n');
    // If the program has already ended, or reads nothing, its first line says more than this broken pipe.
    let _ = stdin.limit(since, START_LIMIT).write_all(&line);
    let mut first = Vec::new();
    stdout.limit(since, START_LIMIT);
    BufReader::new(stdout).read_until(b'\n', &mut first).map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => Useless::Late,
        _ => Useless::Silent,
    })?;
    if first.pop() != Some(b'\n') {
        return Err(Useless::Silent);
    }
    let first = String::from_utf8_lossy(&first).into_owned();
    match first.strip_prefix(LISTENING) {
        Some(origin) if origin.starts_with("http://") => Ok((stdin, origin.to_owned())),
        _ => Err(Useless::Unexpected(first)),
    }
}

/// Ends an unusable server, and returns the reason. One that was already ending keeps its own exit status.
fn give_up(mut child: Child, mut stderr: File, reason: Useless) -> ServerError {
    let status = put_down(&mut child).map_or_else(|| "it can't be ended".into(), |status| status.to_string());
    let mut words = Vec::new();
    match reason {
        Useless::Late => ServerError::Late,
        Useless::Unexpected(line) => ServerError::Unexpected(line),
        Useless::Silent => match stderr.rewind().and_then(|()| stderr.read_to_end(&mut words)) {
            Ok(_) => ServerError::Ended { status, words: String::from_utf8_lossy(&words).trim().to_owned() },
            Err(error) => ServerError::Ended { status, words: format!("(its words can't be read: {error})") },
        },
    }
}
