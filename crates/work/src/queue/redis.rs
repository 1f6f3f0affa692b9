//! A queue in Redis: jobs are entries of a stream, workers are the consumers of its one group, and the jobs they hold
//! are the group's pending entries.
//!
//! | key | |
//! |---|---|
//! | `makespan:NAME:BUILD:jobs` | stream of unfinished jobs. Only one build knows of it |
//! | `makespan:NAME:peers` | hash: who is present, and the last heartbeats. For all builds, hence JSON |
//! | `makespan:NAME:BUILD:replies:RUN` | stream of messages to the run |
//! | `makespan:NAME:BUILD:enqueued:RUN` | a bit for each enqueued job |
//! | `makespan:NAME:BUILD:buried:RUN` | stream of jobs given up |
//!
//! Whatever reads and then writes is a script, which the server runs atomically. All keys expire an hour after they
//! were last needed, so killed processes leave nothing behind forever.

mod link;

use super::{
    address::RedisUrl,
    broker::{BEAT, Broker, Buried, Finished, JobId, LEASE, MOST_TRIES, Peer, QueueError, TakenJob, owner},
    job::{BUILD, Job, Message},
};
use link::{RedisLink, field};
use redis::{Connection, RedisResult, Script, ScriptInvocation, cmd, pipe};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    sync::LazyLock,
    time::{Duration, Instant},
};
use support::terminal::printable;

/// All workers of a queue are in it.
const GROUP: &str = "workers";

/// How long a key is kept after it was last needed.
const KEEP: Duration = Duration::from_hours(1);

/// Jobs enqueued per call. The server serves nobody else meanwhile.
const CHUNK: usize = 200;

/// Messages read per call.
const MOST_READ: usize = 1000;

macro_rules! script {
    ($file:literal) => {
        LazyLock::new(|| Script::new(concat!(include_str!("redis/entry.lua"), include_str!($file))))
    };
}

static TAKE: LazyLock<Script> = script!("redis/take.lua");
static ENQUEUE: LazyLock<Script> = script!("redis/enqueue.lua");
static BEATS: LazyLock<Script> = script!("redis/beat.lua");
static PRESENT: LazyLock<Script> = script!("redis/present.lua");
static LEAVE: LazyLock<Script> = script!("redis/leave.lua");
static BURY: LazyLock<Script> = script!("redis/bury.lua");
static HELD: LazyLock<Script> = script!("redis/held.lua");
static SWEEP: LazyLock<Script> = script!("redis/sweep.lua");
static WITHDRAW: LazyLock<Script> = script!("redis/withdraw.lua");

/// An entry of a stream: its id and its fields.
type StreamEntry = (String, BTreeMap<String, Vec<u8>>);

/// The answer to reading streams: `None` after a timeout.
type Streams = Option<Vec<(String, Vec<StreamEntry>)>>;

/// The answer of `take.lua`: a job's id, where messages about it go, the job, and how often it has been handed out.
type Lent = (String, String, Vec<u8>, u32);

/// One connection to a queue in Redis.
pub struct Redis {
    link: RedisLink,
    /// The prefix of all keys of the queue, and that of this build's.
    queue: String,
    build: String,
    jobs: String,
    /// When it last looked for expired leases.
    looked: Instant,
    /// Jobs that were taken through this connection and not delivered.
    given: BTreeSet<JobId>,
    /// The worker whose last call may have been answered, unread.
    unheard: Option<String>,
    /// How far the messages of each run were read.
    read: HashMap<String, Read>,
}

/// The last entries that a run knows of.
#[derive(Debug, Clone)]
struct Read {
    message: String,
    buried: String,
}

impl Default for Read {
    fn default() -> Self {
        Self { message: "0".to_owned(), buried: "0".to_owned() }
    }
}

/// Facts about a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisFacts {
    /// Its version.
    pub version: String,
    /// Whether it logs each change. Otherwise a restart loses what came after the last snapshot.
    pub append_only: bool,
}

impl Redis {
    /// The queue of this name there; nothing is opened yet.
    pub fn new(at: &RedisUrl, name: &str) -> Self {
        let (queue, build) = (format!("makespan:{name}:"), format!("makespan:{name}:{BUILD}:"));
        Self {
            link: RedisLink::new(at),
            jobs: format!("{build}jobs"),
            queue,
            build,
            looked: Instant::now(),
            given: BTreeSet::new(),
            unheard: None,
            read: HashMap::new(),
        }
    }

    /// Facts about this server.
    pub fn about(&mut self) -> Result<RedisFacts, QueueError> {
        let about: String = self.link.ask(|connection| cmd("INFO").query(connection))?;
        let version = field(&about, "redis_version").unwrap_or("of an unknown version").to_owned();
        Ok(RedisFacts { version, append_only: field(&about, "aof_enabled") == Some("1") })
    }

    fn peers(&self) -> String {
        format!("{}peers", self.queue)
    }

    /// The key of a run's own data.
    fn own(&self, what: &str, reply_to: &str) -> String {
        format!("{}{what}:{reply_to}", self.build)
    }

    fn foreign(&self, what: impl fmt::Display) -> QueueError {
        QueueError::Foreign { address: self.link.address().to_owned(), what: printable(&what.to_string()).into_owned() }
    }

    /// Sums what a script returns for each page of the stream: a count, and where the next page begins. The server
    /// serves others between two pages.
    fn page_by_page<'a>(&mut self, page: impl Fn() -> ScriptInvocation<'a>) -> Result<usize, QueueError> {
        let (mut sum, mut from) = (0, "-".to_owned());
        while !from.is_empty() {
            let mut page = page();
            page.arg(&from);
            let (count, next): (usize, String) = self.link.ask(|connection| page.invoke(connection))?;
            (sum, from) = (sum + count, next);
        }
        Ok(sum)
    }

    /// Delivers, and takes a job if any waits now.
    fn take_at_once(&mut self, worker: &str, finished: Option<&Finished>) -> Result<Option<TakenJob>, QueueError> {
        let look_for_lapsed = match self.looked.elapsed() {
            _ if self.link.is_back() => "never",
            since if since < BEAT => "last",
            _ => {
                self.looked = Instant::now();
                "first"
            }
        };
        self.deliver_and_take(worker, finished, look_for_lapsed)
    }

    fn deliver_and_take(
        &mut self,
        worker: &str,
        finished: Option<&Finished>,
        look_for_lapsed: &str,
    ) -> Result<Option<TakenJob>, QueueError> {
        let none = (String::new(), String::new(), Vec::new());
        let (id, reply_to, message) =
            finished.map_or(none, |one| (one.id.clone(), one.reply_to.clone(), encode(&one.message)));
        let unheard = self.unheard.as_deref() == Some(worker);
        let mut script = TAKE.key(&self.jobs);
        script.arg(GROUP).arg(worker).arg(self.own("replies", "")).arg(millis(LEASE)).arg(MOST_TRIES).arg(millis(KEEP));
        script.arg(look_for_lapsed).arg(&id).arg(reply_to).arg(message).arg(u8::from(unheard));
        if unheard {
            script.arg(&self.given);
        }
        let jobs = &self.jobs;
        let lent: Option<Lent> = self.link.ask(|connection| with_group(jobs, connection, |it| script.invoke(it)))?;
        self.given.remove(&id);
        lent.map(|(id, reply_to, job, attempt)| self.taken(id, reply_to, &job, attempt)).transpose()
    }

    /// Waits for a new job. The server serves waiting workers first come, first served.
    fn wait(&mut self, worker: &str, patience: Duration) -> Result<Option<TakenJob>, QueueError> {
        let mut wait = cmd("XREADGROUP");
        wait.arg("GROUP").arg(GROUP).arg(worker).arg("COUNT").arg(1).arg("BLOCK").arg(millis(patience));
        wait.arg("STREAMS").arg(&self.jobs).arg(">");
        let mut both = pipe();
        both.add_command(wait).cmd("TIME");
        let jobs = &self.jobs;
        let (found, time): (Streams, (u64, u64)) =
            self.link.ask(|connection| with_group(jobs, connection, |it| both.query(it)))?;
        let Some((id, fields)) = found.into_iter().flatten().flat_map(|(_, entries)| entries).next() else {
            return Ok(None);
        };
        if number(&fields, "deadline").is_some_and(|deadline| deadline < nanoseconds(time)) {
            let mut forget = pipe();
            forget.cmd("XACK").arg(&self.jobs).arg(GROUP).arg(&id).cmd("XDEL").arg(&self.jobs).arg(&id);
            return self.link.ask(|connection| forget.exec(connection)).map(|()| None);
        }
        let job = fields.get("job").map(Vec::as_slice).unwrap_or_default();
        self.taken(id, text(&fields, "to"), job, 1).map(Some)
    }

    fn taken(&mut self, id: JobId, reply_to: String, job: &[u8], attempt: u32) -> Result<TakenJob, QueueError> {
        let job = postcard::from_bytes(job);
        let job =
            job.map_err(|error| self.foreign(format_args!("entry {id} of `{}` is no job: {error}", self.jobs)))?;
        self.given.insert(id.clone());
        Ok(TakenJob { id, reply_to, attempt, job })
    }

    fn message(&self, key: &str, (id, fields): &StreamEntry) -> Result<Message, QueueError> {
        let redelivered = || {
            let (run, index) = (number(fields, "run")?, number(fields, "index")?);
            Some(Message::Redelivered { run, index: index.try_into().ok()?, from: text(fields, "from") })
        };
        let message = match fields.get("message") {
            Some(message) => postcard::from_bytes(message).ok(),
            None => redelivered(),
        };
        message.ok_or_else(|| self.foreign(format_args!("entry {id} of `{key}` is no message")))
    }
}

impl Broker for Redis {
    fn until(&mut self, end: Option<Instant>) {
        self.link.until(end);
    }

    fn now_ns(&mut self) -> Result<u64, QueueError> {
        self.link.ask(|connection| cmd("TIME").query(connection)).map(nanoseconds)
    }

    fn present(&mut self) -> Result<Vec<Peer>, QueueError> {
        let key = self.peers();
        let found: Vec<String> = self.link.ask(|connection| PRESENT.key(&key).arg(millis(LEASE)).invoke(connection))?;
        let read = |text: String| {
            let peer = serde_json::from_str(&text);
            peer.map_err(|error| self.foreign(format_args!("`{text}` in `{key}` is no peer: {error}")))
        };
        found.into_iter().map(read).collect()
    }

    fn beat(&mut self, peer: &Peer, holds: &[JobId]) -> Result<Vec<JobId>, QueueError> {
        let described = serde_json::to_string(peer).expect("texts and a word");
        let mut script = BEATS.key(&self.jobs);
        script
            .key(self.peers())
            .arg(GROUP)
            .arg(millis(LEASE))
            .arg(millis(KEEP))
            .arg(&peer.id)
            .arg(described)
            .arg(holds);
        let jobs = &self.jobs;
        self.link.ask(|connection| with_group(jobs, connection, |it| script.invoke(it)))
    }

    fn leave(&mut self, peer: &str) -> Result<(), QueueError> {
        let mut script = LEAVE.key(&self.jobs);
        script.key(self.peers()).arg(GROUP).arg(peer);
        let jobs = &self.jobs;
        self.link.ask(|connection| with_group(jobs, connection, |it| script.invoke(it)))
    }

    fn enqueue(&mut self, reply_to: &str, jobs: &[Job]) -> Result<(), QueueError> {
        let (bits, peers) = (self.own("enqueued", reply_to), self.peers());
        for chunk in jobs.chunks(CHUNK) {
            let mut script = ENQUEUE.key(&self.jobs);
            script.key(&bits).key(&peers).arg(millis(KEEP)).arg(millis(LEASE)).arg(owner(reply_to));
            script.arg(reply_to).arg(chunk[0].run);
            for job in chunk {
                script.arg(job.index).arg(job.deadline_ns).arg(encode(job));
            }
            self.link.ask(|connection| script.invoke::<()>(connection))?;
        }
        Ok(())
    }

    fn messages(&mut self, reply_to: &str, patience: Duration) -> Result<Vec<Message>, QueueError> {
        let (asked, key) = (Instant::now(), self.own("replies", reply_to));
        let from = self.read.get(reply_to).cloned().unwrap_or_default();
        loop {
            let left = patience.saturating_sub(asked.elapsed()).min(BEAT);
            let mut read = cmd("XREAD");
            read.arg("COUNT").arg(MOST_READ);
            if !left.is_zero() {
                read.arg("BLOCK").arg(millis(left));
            }
            read.arg("STREAMS").arg(&key).arg(&from.message);
            let found: Streams = self.link.ask(|connection| read.query(connection))?;
            let entries: Vec<StreamEntry> = found.into_iter().flatten().flat_map(|(_, entries)| entries).collect();
            if let Some((last, _)) = entries.last() {
                let messages = entries.iter().map(|entry| self.message(&key, entry)).collect::<Result<_, _>>()?;
                self.read.insert(reply_to.to_owned(), Read { message: last.clone(), ..from });
                return Ok(messages);
            }
            if asked.elapsed() >= patience {
                return Ok(Vec::new());
            }
        }
    }

    fn bury(&mut self, reply_to: &str) -> Result<Vec<Buried>, QueueError> {
        let from = self.read.get(reply_to).cloned().unwrap_or_default();
        let key = self.own("buried", reply_to);
        let mut script = BURY.key(&self.jobs);
        script
            .key(&key)
            .arg(GROUP)
            .arg(millis(LEASE))
            .arg(MOST_TRIES)
            .arg(millis(KEEP))
            .arg(reply_to)
            .arg(&from.buried);
        script.arg(u8::from(!self.link.is_back()));
        let jobs = &self.jobs;
        let graves: Vec<StreamEntry> =
            self.link.ask(|connection| with_group(jobs, connection, |it| script.invoke(it)))?;
        let read = |(id, fields): &StreamEntry| {
            let number = |name| number(fields, name);
            let buried = (|| {
                Some(Buried {
                    run: number("run")?,
                    index: number("index")?.try_into().ok()?,
                    tries: number("tries")?.try_into().ok()?,
                    last_worker: text(fields, "worker"),
                })
            })();
            buried.ok_or_else(|| self.foreign(format_args!("entry {id} of `{key}` is no job given up")))
        };
        let buried = graves.iter().map(read).collect::<Result<_, _>>()?;
        if let Some((last, _)) = graves.last() {
            self.read.insert(reply_to.to_owned(), Read { buried: last.clone(), ..from });
        }
        Ok(buried)
    }

    fn held(&mut self, reply_to: &str, expected: usize) -> Result<usize, QueueError> {
        let (jobs, bits) = (self.jobs.clone(), self.own("enqueued", reply_to));
        self.page_by_page(|| {
            let mut script = HELD.key(&jobs);
            script.key(&bits).arg(reply_to).arg(expected);
            script
        })
    }

    fn sweep(&mut self) -> Result<usize, QueueError> {
        let (jobs, peers, own) = (self.jobs.clone(), self.peers(), self.build.clone());
        self.page_by_page(|| {
            let mut script = SWEEP.key(&jobs);
            script.key(&peers).arg(GROUP).arg(millis(LEASE)).arg(&own);
            script
        })
    }

    fn withdraw(&mut self, reply_to: &str) -> Result<(), QueueError> {
        let (jobs, own) = (self.jobs.clone(), ["replies", "enqueued", "buried"].map(|what| self.own(what, reply_to)));
        self.page_by_page(|| {
            let mut script = WITHDRAW.key(&jobs);
            script.key(&own).arg(GROUP).arg(reply_to);
            script
        })?;
        self.read.remove(reply_to);
        Ok(())
    }

    fn deliver(&mut self, worker: &str, finished: &Finished) -> Result<(), QueueError> {
        self.deliver_and_take(worker, Some(finished), "leaving").map(drop)
    }

    fn take(
        &mut self,
        worker: &str,
        mut finished: Option<&Finished>,
        patience: Duration,
    ) -> Result<Option<TakenJob>, QueueError> {
        let asked = Instant::now();
        loop {
            let mut outcome = self.take_at_once(worker, finished);
            let left = patience.saturating_sub(asked.elapsed());
            if outcome == Ok(None) && !left.is_zero() {
                // No longer than until the next look for expired leases.
                outcome = self.wait(worker, left.min(BEAT));
            }
            self.unheard = outcome.is_err().then(|| worker.to_owned());
            if outcome != Ok(None) || asked.elapsed() >= patience {
                return outcome;
            }
            finished = None;
        }
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("at", &self.link.address()).field("jobs", &self.jobs).finish_non_exhaustive()
    }
}

/// Asks; if the stream or its group is missing, because the server is new or has lost its data, creates them and asks
/// again.
fn with_group<T>(
    jobs: &str,
    connection: &mut Connection,
    question: impl Fn(&mut Connection) -> RedisResult<T>,
) -> RedisResult<T> {
    match question(connection) {
        // Older servers wrap errors within a script in words of their own.
        Err(error) if error.to_string().contains("NOGROUP") => {
            let made = cmd("XGROUP").arg("CREATE").arg(jobs).arg(GROUP).arg(0).arg("MKSTREAM").exec(connection);
            match made {
                Err(error) if error.code() == Some("BUSYGROUP") => {}
                other => other?,
            }
            cmd("PEXPIRE").arg(jobs).arg(millis(KEEP)).exec(connection)?;
            question(connection)
        }
        answer => answer,
    }
}

fn encode(what: &impl serde::Serialize) -> Vec<u8> {
    postcard::to_stdvec(what).expect("plain data, and memory grows")
}

/// Rounded up: a wait of 0 would never end.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}

/// The server's clock: seconds, and microseconds beyond them.
fn nanoseconds((seconds, micros): (u64, u64)) -> u64 {
    seconds * 1_000_000_000 + micros * 1000
}

fn text(fields: &BTreeMap<String, Vec<u8>>, name: &str) -> String {
    fields.get(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}

fn number(fields: &BTreeMap<String, Vec<u8>>, name: &str) -> Option<u64> {
    text(fields, name).parse().ok()
}
