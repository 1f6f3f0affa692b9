//! The file of a queue: how it is opened, what makes it ours, and what can be wrong with it.
//!
//! The first process creates the tables; others may come at the same moment. No file is changed before it is known to
//! be ours or empty.

use super::pause::sleep_precisely;
use crate::queue::broker::{BEAT, QueueError};
use measure::{
    axis::ClockAxis,
    clock::{between, now_ns},
};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

/// "mksp", in the place that SQLite keeps for telling what wrote a file.
const APPLICATION: i32 = 0x6d6b_7370;

/// The tables' version.
const LAYOUT: i32 = 1;

/// `id`s of jobs are never reused: a worker that still holds a deleted job must not hit another. Those of messages may
/// be: each is larger than all that exist.
///
/// Each query has its index, so that a job costs the same however many there are. The first two hold only the rows that
/// they are for: waiting jobs, in order, and the few leased ones.
const TABLES: &str = "
    CREATE TABLE clock (axis TEXT NOT NULL) STRICT;
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        queue TEXT NOT NULL,
        build TEXT NOT NULL,
        reply_to TEXT NOT NULL,
        deadline_ns INTEGER NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0,
        owner TEXT,
        lease_ns INTEGER,
        body BLOB NOT NULL
    ) STRICT;
    CREATE INDEX waiting ON jobs (queue, build, id) WHERE owner IS NULL;
    CREATE INDEX lent ON jobs (queue, build, lease_ns) WHERE owner IS NOT NULL;
    CREATE INDEX jobs_of ON jobs (queue, reply_to);
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY,
        queue TEXT NOT NULL,
        reply_to TEXT NOT NULL,
        deadline_ns INTEGER NOT NULL,
        body BLOB NOT NULL
    ) STRICT;
    CREATE INDEX messages_of ON messages (queue, reply_to);
    CREATE TABLE peers (
        queue TEXT NOT NULL,
        id TEXT NOT NULL,
        role INTEGER NOT NULL,
        build TEXT NOT NULL,
        host TEXT NOT NULL,
        heard_ns INTEGER NOT NULL,
        PRIMARY KEY (queue, id)
    ) STRICT, WITHOUT ROWID;
";

/// How long another process may lock the file. Ours lock it for well under a millisecond, unless one is stopped midway.
const MOST_LOCKED: Duration = Duration::from_secs(5);

/// Until when a call may wait for the file, by [`now_ns`]: shared with SQLite's busy handler.
#[derive(Debug, Clone)]
pub(super) struct Limit(Arc<AtomicU64>);

impl Default for Limit {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(u64::MAX)))
    }
}

impl Limit {
    pub(super) fn set(&self, end: Option<Instant>) {
        let left =
            |end: Instant| u64::try_from(end.saturating_duration_since(Instant::now()).as_nanos()).unwrap_or(u64::MAX);
        self.0.store(end.map_or(u64::MAX, |end| now_ns().saturating_add(left(end))), Relaxed);
    }

    /// Whether a wait that began then may go on.
    fn allows(&self, since: Instant) -> bool {
        since.elapsed() < MOST_LOCKED && now_ns() < self.0.load(Relaxed)
    }
}

/// A run that has been over for so long no longer reads its messages.
const LONG_OVER: Duration = Duration::from_mins(1);

/// An error, before its path is added.
#[derive(Debug)]
pub(super) enum Trouble {
    Sqlite(rusqlite::Error),
    Unreachable(String),
    Refused(String),
    Foreign(String),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Trouble {
    /// The error, with the file's path.
    pub(super) fn at(self, path: &Path) -> QueueError {
        let address = format!("sqlite:{}", path.display());
        match self.told(path) {
            Self::Foreign(what) => QueueError::Foreign { address, what },
            Self::Refused(cause) => QueueError::Refused { address, cause },
            Self::Unreachable(cause) => QueueError::Unreachable { address, cause },
            Self::Sqlite(error) => QueueError::Refused { address, cause: error.to_string() },
        }
    }

    /// SQLite's own errors, with what to do.
    fn told(self, path: &Path) -> Self {
        let Self::Sqlite(error) = self else { return self };
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new(".")).display();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Foreign("it is not a SQLite database. Name another file".into()),
            Some(ErrorCode::DatabaseCorrupt) => {
                Self::Refused(format!("the file is damaged ({error}). Delete it and its `-wal`, or name another"))
            }
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => Self::Unreachable(
                format!("{error}. The folder {folder} must be there, and it and the file must be writable"),
            ),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Unreachable(
                "another process keeps it locked. Is one stopped, or does another program use it?".into(),
            ),
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => {
                Self::Unreachable(format!("{error}. Is the disk full? The file must be on a disk of this machine"))
            }
            _ => Self::Sqlite(error),
        }
    }
}

/// The file, open.
#[derive(Debug)]
pub(super) struct File {
    connection: Connection,
    identity: Option<(u64, u64)>,
    checked_ns: u64,
}

impl File {
    pub(super) fn open(path: &Path, limit: &Limit) -> Result<Self, Trouble> {
        // Only the thread that has the connection uses it: SQLite needn't lock.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.busy_handler(Some(patiently(limit.clone())))?;
        until_free(limit, || prepare(&mut connection))?;
        Ok(Self { connection, identity: identity(path), checked_ns: now_ns() })
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Closes it if it was deleted: its name then stands for another file, which others use.
    pub(super) fn if_still_at(mut self, path: &Path) -> Option<Self> {
        let now_ns = now_ns();
        if between(self.checked_ns, now_ns) < BEAT {
            return Some(self);
        }
        self.checked_ns = now_ns;
        (self.identity == identity(path)).then_some(self)
    }
}

/// What tells the file from a later one of the same name.
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// Waits while another process writes, in steps shorter than SQLite's whole milliseconds: writes are short.
fn patiently(limit: Limit) -> impl FnMut(i32) -> bool {
    let mut since = Instant::now();
    move |times| {
        if times == 0 {
            since = Instant::now();
        }
        let steps = u64::try_from(times).unwrap_or(0).min(9) + 1;
        sleep_precisely(Duration::from_micros(20 * steps));
        limit.allows(since)
    }
}

/// Retries: SQLite doesn't wait for some locks needed to create a file.
fn until_free<T>(limit: &Limit, mut attempt: impl FnMut() -> Result<T, Trouble>) -> Result<T, Trouble> {
    let since = Instant::now();
    loop {
        match attempt() {
            Err(Trouble::Sqlite(error))
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && limit.allows(since) =>
            {
                thread::sleep(Duration::from_millis(1));
            }
            done => return done,
        }
    }
}

fn prepare(connection: &mut Connection) -> Result<(), Trouble> {
    if !is_ours(&connection.transaction()?)? {
        make(connection)?;
    }
    // Don't wait for the disk: a process that is killed loses nothing by it, and after a crash of the machine the queue
    // is of no use anyway (see `keep_time`).
    connection.pragma_update(None, "synchronous", "OFF")?;
    keep_time(connection)?;
    forget_long_over(connection)
}

/// Whether the tables exist; an error if something else does. Reads at one moment: others may be creating them.
fn is_ours(moment: &Transaction) -> Result<bool, Trouble> {
    let number = |name| moment.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, layout) = (number("application_id")?, number("user_version")?);
    let tables: Option<String> =
        moment.query_row("SELECT group_concat(name, ', ') FROM sqlite_schema WHERE type = 'table'", [], |row| {
            row.get(0)
        })?;
    match (application, layout, tables) {
        (APPLICATION, LAYOUT, Some(_)) => Ok(true),
        (0, 0, None) => Ok(false),
        (APPLICATION, other, _) => Err(Trouble::Refused(format!(
            "the file was made by another version of makespan (its layout is {other}, this one's {LAYOUT}). Name another file"
        ))),
        (.., tables) => Err(Trouble::Foreign(format!(
            "a database of another program (its tables: {}). Name another file",
            tables.as_deref().unwrap_or("none")
        ))),
    }
}

fn make(connection: &mut Connection) -> Result<(), Trouble> {
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Trouble::Refused(format!(
            "the file can't be shared by several processes (its journal mode stays `{mode}`). Put it on a local disk"
        )));
    }
    let making = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if !is_ours(&making)? {
        making.execute_batch(TABLES)?;
        making.pragma_update(None, "application_id", APPLICATION)?;
        making.pragma_update(None, "user_version", LAYOUT)?;
        making.execute("INSERT INTO clock (axis) VALUES (?)", [here()?])?;
    }
    Ok(making.commit()?)
}

/// Every time in the file comes from one clock. A reboot starts another clock: all earlier writers are gone, so the
/// file starts anew too. Another machine's file is left alone.
fn keep_time(connection: &mut Connection) -> Result<(), Trouble> {
    let theirs =
        |connection: &Connection| connection.query_row("SELECT axis FROM clock", [], |row| row.get::<_, String>(0));
    let here = here()?;
    if theirs(connection)? == here {
        return Ok(());
    }
    let restarting = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let theirs: ClockAxis = serde_json::from_str(&theirs(&restarting)?)
        .map_err(|error| Trouble::Foreign(format!("a clock that can't be read: {error}")))?;
    let ours = ClockAxis::here();
    if theirs.host != ours.host || theirs.boot == ours.boot && theirs != ours {
        return Err(Trouble::Refused(format!(
            "the file belongs to {}, which has another clock. A file serves one machine: name another, or a Redis server",
            theirs.host
        )));
    }
    restarting.execute_batch("DELETE FROM jobs; DELETE FROM messages; DELETE FROM peers;")?;
    restarting.execute("UPDATE clock SET axis = ?", [here])?;
    Ok(restarting.commit()?)
}

fn here() -> Result<String, Trouble> {
    serde_json::to_string(&ClockAxis::here())
        .map_err(|error| Trouble::Refused(format!("this clock has no name: {error}")))
}

/// Removes what killed runs left: jobs that no worker may take any more, and messages that nobody reads.
fn forget_long_over(connection: &Connection) -> Result<(), Trouble> {
    let before_ns = i64::try_from(now_ns()).unwrap_or(i64::MAX) - LONG_OVER.as_nanos() as i64;
    for table in ["jobs", "messages"] {
        let any = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE deadline_ns < ?)");
        // Only reads, if there is nothing to forget: a new worker needn't wait for busy ones.
        if connection.query_row(&any, [before_ns], |row| row.get(0))? {
            connection.execute(&format!("DELETE FROM {table} WHERE deadline_ns < ?"), [before_ns])?;
        }
    }
    Ok(())
}
