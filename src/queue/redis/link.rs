//! A connection to a Redis server that may break and come back, and what its troubles are called.

use crate::queue::{
    address::RedisUrl,
    broker::{LEASE, QueueError},
};
use redis::{
    Client, Connection, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisConnectionInfo, RedisError,
    RedisResult, ServerErrorKind, cmd, io::tcp::TcpSettings,
};
use std::time::{Duration, Instant};

/// How long anything may take the server, waiting on purpose aside: longer, and it is not there. A host that was cut off
/// sends nothing that says so.
pub const ANSWER: Duration = Duration::from_secs(2);

/// The first version that has all commands.
const OLDEST: (u32, u32) = (6, 2);

/// A connection, made when it is first used, and anew when it was lost.
pub struct Link {
    to: ConnectionInfo,
    address: String,
    password: Option<String>,
    connection: Option<Connection>,
    /// When it was last made, and whether that was the first time.
    made: Option<(Instant, bool)>,
}

impl Link {
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
        }
    }

    /// Where it goes, without a password.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Asks the server something. When it fails for want of the connection, that is gone, and the next question has another.
    pub fn ask<T>(&mut self, question: impl Fn(&mut Connection) -> RedisResult<T>) -> Result<T, QueueError> {
        if self.connection.is_none() {
            self.connection = Some(self.connect()?);
            self.made = Some((Instant::now(), self.made.is_none()));
        }
        let answer = self.connection.as_mut().map(question).expect("it was just made");
        answer.map_err(|error| self.sort(&error))
    }

    /// Whether the server came back so recently that others may not have been able yet to say that they are still there.
    pub fn is_back(&self) -> bool {
        self.made.is_some_and(|(when, first)| !first && when.elapsed() < LEASE)
    }

    fn connect(&mut self) -> Result<Connection, QueueError> {
        let made = Client::open(self.to.clone()).and_then(|client| {
            let mut connection = client.get_connection_with_timeout(ANSWER)?;
            connection.set_read_timeout(Some(ANSWER))?;
            connection.set_write_timeout(Some(ANSWER))?;
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

    /// Whether to try again is what matters. A server that is reading its data after a restart is as good as away.
    fn sort(&mut self, error: &RedisError) -> QueueError {
        use ServerErrorKind::{BusyLoading, ClusterDown, MasterDown, ReadOnly, TryAgain};
        let lasting = match error.kind() {
            ErrorKind::Server(BusyLoading | ClusterDown | MasterDown | ReadOnly | TryAgain) => false,
            // What is left unread on it would be taken for the answer to the next question.
            ErrorKind::Io | ErrorKind::Parse => {
                self.connection = None;
                error.kind() == ErrorKind::Parse
            }
            _ => error.code() != Some("BUSY"),
        };
        let cause = self.redact(cause(error));
        if lasting { self.refused(cause) } else { QueueError::Unreachable { address: self.address.clone(), cause } }
    }

    fn refused(&self, cause: String) -> QueueError {
        QueueError::Refused { address: self.address.clone(), cause }
    }

    /// Servers repeat what they did not understand.
    fn redact(&self, text: String) -> String {
        match self.password.as_deref() {
            Some(password) if !password.is_empty() => text.replace(password, "***"),
            _ => text,
        }
    }
}

/// What went wrong, in words that say what to do.
fn cause(error: &RedisError) -> String {
    let code = error.code().unwrap_or_default();
    match error.kind() {
        ErrorKind::Io if error.is_timeout() => format!("no answer within {ANSWER:?}"),
        ErrorKind::Parse => "what listens there does not speak as Redis does".to_owned(),
        // The server's own words may hold what it was sent.
        ErrorKind::AuthenticationFailed => "wrong user or password".to_owned(),
        _ if code == "NOAUTH" => "it wants a password: redis://:PASSWORD@HOST:PORT/DB".to_owned(),
        ErrorKind::Server(_) | ErrorKind::Extension => {
            error.detail().map_or_else(|| error.to_string(), |detail| format!("{code} {detail}"))
        }
        _ => error.to_string(),
    }
}

/// The server's version, as numbers and as text. `None` where it doesn't tell.
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

/// A line of what `INFO` says.
pub fn field<'a>(about: &'a str, name: &str) -> Option<&'a str> {
    about.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}
