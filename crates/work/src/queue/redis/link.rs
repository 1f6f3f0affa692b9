//! A connection to a Redis server that may break and come back, and the messages for its errors.

use crate::queue::{
    address::RedisUrl,
    broker::{ANSWER, LEASE, QueueError},
};
use redis::{
    Client, Connection, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisConnectionInfo, RedisError,
    RedisResult, ServerErrorKind, cmd, io::tcp::TcpSettings,
};
use std::time::{Duration, Instant};
use support::terminal::printable;

/// How long an answer may take even after the end: the request is then to withdraw many jobs, page by page, and a
/// server that answers should not be cut short.
const LEAST: Duration = Duration::from_millis(500);

/// The first version that has all commands.
const OLDEST: (u32, u32) = (6, 2);

/// A connection, made on first use, and again after a loss.
pub struct RedisLink {
    to: ConnectionInfo,
    address: String,
    password: Option<String>,
    connection: Option<Connection>,
    /// When it was last made, and whether that was the first time.
    made: Option<(Instant, bool)>,
    end: Option<Instant>,
    /// The time limit that the connection has now.
    limit: Duration,
}

impl RedisLink {
    /// Nothing is opened yet.
    pub fn new(url: &RedisUrl) -> Self {
        let mut login = RedisConnectionInfo::default().set_db(url.db).set_skip_set_lib_name();
        if let Some(user) = &url.user {
            login = login.set_username(user);
        }
        if let Some(password) = &url.password {
            login = login.set_password(password);
        }
        let to = ConnectionAddr::Tcp(url.host.clone(), url.port).into_connection_info();
        let to = to.expect("an address is one").set_redis_settings(login);
        Self {
            to: to.set_tcp_settings(TcpSettings::default().set_nodelay(true)),
            address: url.to_string(),
            password: url.password.clone(),
            connection: None,
            made: None,
            end: None,
            limit: ANSWER,
        }
    }

    /// See [`Broker::until`](crate::queue::broker::Broker::until).
    pub fn until(&mut self, end: Option<Instant>) {
        self.end = end;
    }

    /// Where it goes, without a password.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Asks the server something. If the connection fails, it is dropped, and the next question gets a new one.
    pub fn ask<T>(&mut self, question: impl Fn(&mut Connection) -> RedisResult<T>) -> Result<T, QueueError> {
        let left = self.end.map_or(ANSWER, |end| end.saturating_duration_since(Instant::now()));
        let limit = left.clamp(LEAST, ANSWER);
        if self.connection.is_none() {
            self.limit = limit;
            self.connection = Some(self.connect()?);
            self.made = Some((Instant::now(), self.made.is_none()));
        }
        let connection = self.connection.as_mut().expect("it was just made");
        // Set only near the end: each change is a system call.
        let limited = if limit == self.limit { Ok(()) } else { set_limit(connection, limit) };
        self.limit = limit;
        limited.and_then(|()| question(connection)).map_err(|error| self.sort(&error))
    }

    /// Whether the server came back so recently that others may not have sent a heartbeat yet.
    pub fn is_back(&self) -> bool {
        self.made.is_some_and(|(when, first)| !first && when.elapsed() < LEASE)
    }

    fn connect(&mut self) -> Result<Connection, QueueError> {
        let made = Client::open(self.to.clone()).and_then(|client| {
            let mut connection = client.get_connection_with_timeout(self.limit)?;
            set_limit(&connection, self.limit)?;
            let version = version(&mut connection)?;
            Ok((connection, version))
        });
        let (connection, version) = made.map_err(|error| self.sort(&error))?;
        match version {
            Some((found, text)) if found < OLDEST => {
                let (major, minor) = OLDEST;
                Err(self.refused(format!("it is Redis {text}, and {major}.{minor} or later is needed")))
            }
            _ => Ok(connection),
        }
    }

    /// What matters is whether to retry. A server that loads its data after a restart counts as unavailable. So does
    /// one that is no longer the master: its address may soon lead to the new one, so the connection goes.
    fn sort(&mut self, error: &RedisError) -> QueueError {
        use ServerErrorKind::{BusyLoading, ClusterDown, MasterDown, ReadOnly, TryAgain};
        let lasting = match error.kind() {
            ErrorKind::Server(BusyLoading | ClusterDown | TryAgain) => false,
            ErrorKind::Server(MasterDown | ReadOnly) => {
                self.connection = None;
                false
            }
            // Unread bytes would be taken for the answer to the next question.
            ErrorKind::Io | ErrorKind::Parse => {
                self.connection = None;
                error.kind() == ErrorKind::Parse
            }
            // UNBLOCKED: it became a replica while a worker waited for a job.
            _ => !error.code().is_some_and(|code| ["BUSY", "UNBLOCKED"].contains(&code)),
        };
        let cause = self.redact(&cause(error, self.limit));
        if lasting { self.refused(cause) } else { QueueError::Unreachable { address: self.address.clone(), cause } }
    }

    fn refused(&self, cause: String) -> QueueError {
        QueueError::Refused { address: self.address.clone(), cause }
    }

    /// Removes the password: servers quote commands that they did not understand.
    fn redact(&self, text: &str) -> String {
        match self.password.as_deref() {
            Some(password) if !password.is_empty() => printable(&text.replace(password, "***")).into_owned(),
            _ => printable(text).into_owned(),
        }
    }
}

fn set_limit(connection: &Connection, limit: Duration) -> RedisResult<()> {
    connection.set_read_timeout(Some(limit))?;
    connection.set_write_timeout(Some(limit))
}

/// The error, in words that say what to do.
fn cause(error: &RedisError, limit: Duration) -> String {
    let code = error.code().unwrap_or_default();
    match error.kind() {
        ErrorKind::Io if error.is_timeout() => format!("no answer within {:.1} s", limit.as_secs_f64()),
        ErrorKind::Parse => "the server there does not speak the Redis protocol".to_owned(),
        // The server's own words may hold what it was sent.
        ErrorKind::AuthenticationFailed => "wrong user or password".to_owned(),
        _ if code == "NOAUTH" => "it requires a password: redis://:PASSWORD@HOST:PORT/DB".to_owned(),
        ErrorKind::Server(_) | ErrorKind::Extension => {
            error.detail().map_or_else(|| error.to_string(), |detail| format!("{code} {detail}"))
        }
        _ => error.to_string(),
    }
}

/// The server's version, as numbers and as text. `None` if it doesn't report one.
fn version(connection: &mut Connection) -> RedisResult<Option<((u32, u32), String)>> {
    let about: String = match cmd("INFO").arg("server").query(connection) {
        Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm) => return Ok(None),
        answer => answer?,
    };
    Ok(field(&about, "redis_version").and_then(|text| {
        let mut numbers = text.split('.').map(str::parse);
        Some(((numbers.next()?.ok()?, numbers.next()?.ok()?), text.to_owned()))
    }))
}

/// A field of `INFO`'s answer.
pub fn field<'a>(about: &'a str, name: &str) -> Option<&'a str> {
    about.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}
