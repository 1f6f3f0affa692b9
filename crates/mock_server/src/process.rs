//! A server in its own process, from the parent's side.
//!
//! The server reads the profile from stdin, one line of JSON, and stdin stays open: when it closes, for whatever
//! reason, the server ends. So it can't outlive its parent, not even a killed one. It has its own process group,
//! because Ctrl-C on a terminal reaches the whole group, and the server must answer while its parent finishes a run.

pub use super::errors::{LISTENING, ServerError};

use super::{contact::Contact, errors::START_LIMIT, log::LogEntry, profile::Profile};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::Arc,
    time::Instant,
};
use support::pipe::{Patient, put_down};

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
