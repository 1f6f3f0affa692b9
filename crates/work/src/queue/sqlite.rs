//! A queue in a SQLite file: nothing to install, and any number of processes on one machine may share it.
//!
//! *The file is the queue.* A job is a row. It waits while it has no owner, and is leased while it has one, until the
//! lease ends. Taking a job is one transaction, which also delivers the one before: only one process can write at a
//! time, so a worker costs the others the number of its transactions.
//!
//! *Waiting is polling.* SQLite can't wake another process, so a process that waits must poll. A poll is one indexed
//! query that takes no lock, and the longer nothing happens, the rarer the polls: see `pause.rs`.
//!
//! *Times are `CLOCK_MONOTONIC`*, so the file serves one machine, from one boot to the next: see `file.rs`.

mod file;
mod pause;
#[cfg(test)]
mod tests;

use super::{
    broker::{BEAT, Broker, Buried, Finished, JobId, LEASE, MOST_TRIES, Peer, QueueError, Role, TakenJob, owner},
    job::{BUILD, Job, Message},
};
use file::{File, Limit, Trouble};
use measure::clock::now_ns;
use pause::Pause;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// A connection to the queue of a name in a file.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    name: String,
    file: Option<File>,
    limit: Limit,
    /// When expired leases were last looked for although jobs waited.
    looked_ns: u64,
}

impl Sqlite {
    /// The queue of this name, with nothing opened yet.
    pub fn new(at: &Path, name: &str) -> Self {
        Self { path: at.to_owned(), name: name.to_owned(), file: None, limit: Limit::default(), looked_ns: now_ns() }
    }

    /// Works on the file, reopened if necessary. A connection that failed is closed, which rolls back whatever was
    /// begun on it.
    fn attempt<T>(&mut self, work: impl FnOnce(&QueueRows) -> Result<T, Trouble>) -> Result<T, QueueError> {
        let open = || File::open(&self.path, &self.limit);
        let file = self.file.take().and_then(|file| file.if_still_at(&self.path)).map_or_else(open, Ok);
        let done = file.and_then(|file| {
            let done = work(&QueueRows { connection: file.connection(), name: &self.name })?;
            self.file = Some(file);
            Ok(done)
        });
        done.map_err(|trouble| trouble.at(&self.path))
    }

    /// Polls until something is found, for no longer than this.
    fn look<T>(
        &mut self,
        patience: Duration,
        mut find: impl FnMut(&mut Self) -> Result<Option<T>, QueueError>,
    ) -> Result<Option<T>, QueueError> {
        let pause = Pause::new(patience);
        loop {
            let found = find(self)?;
            if found.is_some() || !pause.sleep() {
                return Ok(found);
            }
        }
    }

    /// Whether to look for expired leases before waiting jobs, which could otherwise hide them forever.
    fn lapsed_first(&mut self) -> bool {
        let now_ns = now_ns();
        let due = now_ns.saturating_sub(self.looked_ns) >= BEAT.as_nanos() as u64;
        if due {
            self.looked_ns = now_ns;
        }
        due
    }
}

impl Broker for Sqlite {
    fn until(&mut self, end: Option<Instant>) {
        self.limit.set(end);
    }

    fn now_ns(&mut self) -> Result<u64, QueueError> {
        self.attempt(|_| Ok(now_ns()))
    }

    fn present(&mut self) -> Result<Vec<Peer>, QueueError> {
        self.attempt(|queue| queue.present(now() - nanoseconds(LEASE)))
    }

    fn beat(&mut self, peer: &Peer, holds: &[JobId]) -> Result<Vec<JobId>, QueueError> {
        self.attempt(|queue| queue.write(|| queue.beat(peer, holds)))
    }

    fn leave(&mut self, peer: &str) -> Result<(), QueueError> {
        self.attempt(|queue| queue.change("DELETE FROM peers WHERE queue = ? AND id = ?", params![queue.name, peer]))
            .map(drop)
    }

    fn enqueue(&mut self, reply_to: &str, jobs: &[Job]) -> Result<(), QueueError> {
        self.attempt(|queue| queue.write(|| queue.enqueue(reply_to, jobs)))
    }

    fn messages(&mut self, reply_to: &str, patience: Duration) -> Result<Vec<Message>, QueueError> {
        let found = self.look(patience, |this| {
            this.attempt(|queue| {
                let any = queue.has_messages(reply_to)?;
                any.then(|| queue.write(|| queue.messages(reply_to))).transpose()
            })
        });
        found.map(Option::unwrap_or_default)
    }

    fn bury(&mut self, reply_to: &str) -> Result<Vec<Buried>, QueueError> {
        self.attempt(|queue| queue.write(|| queue.bury(reply_to)))
    }

    fn held(&mut self, reply_to: &str, _: usize) -> Result<usize, QueueError> {
        self.attempt(|queue| queue.held(reply_to))
    }

    fn withdraw(&mut self, reply_to: &str) -> Result<(), QueueError> {
        self.attempt(|queue| queue.write(|| queue.withdraw(reply_to)))
    }

    fn sweep(&mut self) -> Result<usize, QueueError> {
        self.attempt(|queue| if queue.has_any()? { queue.write(|| queue.sweep()) } else { Ok(0) })
    }

    fn deliver(&mut self, _: &str, finished: &Finished) -> Result<(), QueueError> {
        self.attempt(|queue| queue.write(|| queue.deliver(finished)))
    }

    fn take(
        &mut self,
        worker: &str,
        finished: Option<&Finished>,
        patience: Duration,
    ) -> Result<Option<TakenJob>, QueueError> {
        if let Some(finished) = finished {
            let lapsed_first = self.lapsed_first();
            let taken = self.attempt(|queue| {
                queue.write(|| {
                    queue.deliver(finished)?;
                    queue.next(worker, lapsed_first)
                })?
            })?;
            if taken.is_some() {
                return Ok(taken);
            }
        }
        self.look(patience, |this| {
            let lapsed_first = this.lapsed_first();
            this.attempt(|queue| {
                if !queue.has_jobs()? {
                    return Ok(None);
                }
                queue.write(|| queue.next(worker, lapsed_first))?
            })
        })
    }
}

/// A queue's rows.
struct QueueRows<'a> {
    connection: &'a Connection,
    name: &'a str,
}

/// A taken job, or why it can't be read. An unreadable job is no reason to roll back the transaction: it would come up
/// again and again.
type Next = Result<Option<TakenJob>, Trouble>;

impl QueueRows<'_> {
    fn present(&self, since_ns: i64) -> Result<Vec<Peer>, Trouble> {
        let peers = "SELECT id, role, build, host FROM peers WHERE queue = ? AND heard_ns >= ? ORDER BY id";
        self.rows(peers, params![self.name, since_ns], |row| {
            let role = if row.get::<_, bool>(1)? { Role::Worker } else { Role::Run };
            Ok(Peer { id: row.get(0)?, role, build: row.get(2)?, host: row.get(3)? })
        })
    }

    fn beat(&self, peer: &Peer, holds: &[JobId]) -> Result<Vec<JobId>, Trouble> {
        let now = now();
        self.change(
            "DELETE FROM peers WHERE queue = ? AND heard_ns < ?",
            params![self.name, now - nanoseconds(LEASE)],
        )?;
        let heard = "INSERT OR REPLACE INTO peers (queue, id, role, build, host, heard_ns) VALUES (?, ?, ?, ?, ?, ?)";
        let role = peer.role == Role::Worker;
        self.change(heard, params![self.name, peer.id, role, peer.build, peer.host, now])?;
        let renew = "UPDATE jobs SET lease_ns = ? WHERE id = ? AND queue = ? AND owner = ?";
        let mut lost = Vec::new();
        for job in holds {
            if self.change(renew, params![now + nanoseconds(LEASE), number(job), self.name, peer.id])? == 0 {
                lost.push(job.clone());
            }
        }
        Ok(lost)
    }

    fn enqueue(&self, reply_to: &str, jobs: &[Job]) -> Result<(), Trouble> {
        let insert = "INSERT INTO jobs (queue, build, reply_to, deadline_ns, body) VALUES (?, ?, ?, ?, ?)";
        for job in jobs {
            self.change(insert, params![self.name, BUILD, reply_to, sql(job.deadline_ns), encode(job)?])?;
        }
        let heard = "UPDATE peers SET heard_ns = ? WHERE queue = ? AND id = ?";
        self.change(heard, params![now(), self.name, owner(reply_to)]).map(drop)
    }

    fn has_messages(&self, reply_to: &str) -> Result<bool, Trouble> {
        let any = "SELECT EXISTS (SELECT 1 FROM messages WHERE queue = ? AND reply_to = ?)";
        Ok(self.row(any, params![self.name, reply_to], |row| row.get(0))?.unwrap_or(false))
    }

    fn messages(&self, reply_to: &str) -> Result<Vec<Message>, Trouble> {
        let read = "DELETE FROM messages WHERE queue = ? AND reply_to = ? RETURNING id, body";
        let mut messages: Vec<(i64, Vec<u8>)> =
            self.rows(read, params![self.name, reply_to], |row| Ok((row.get(0)?, row.get(1)?)))?;
        // SQLite promises no order of deleted rows.
        messages.sort_unstable_by_key(|&(id, _)| id);
        messages.iter().map(|(id, body)| decode(&format!("message {id} to {reply_to}"), body)).collect()
    }

    fn tell(&self, reply_to: &str, deadline_ns: i64, message: &Message) -> Result<(), Trouble> {
        let tell = "INSERT INTO messages (queue, reply_to, deadline_ns, body) VALUES (?, ?, ?, ?)";
        self.change(tell, params![self.name, reply_to, deadline_ns, encode(message)?]).map(drop)
    }

    fn bury(&self, reply_to: &str) -> Result<Vec<Buried>, Trouble> {
        let bury = "DELETE FROM jobs WHERE queue = ? AND build = ? AND owner IS NOT NULL AND lease_ns <= ?
                    AND tries >= ? AND reply_to = ? RETURNING id, tries, owner, body";
        let rows: Vec<(i64, u32, String, Vec<u8>)> =
            self.rows(bury, params![self.name, BUILD, now(), MOST_TRIES, reply_to], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?;
        let buried = rows.into_iter().map(|(id, tries, last_worker, body)| {
            let Job { run, index, .. } = decode(&job_name(id), &body)?;
            Ok(Buried { run, index, tries, last_worker })
        });
        buried.collect()
    }

    fn held(&self, reply_to: &str) -> Result<usize, Trouble> {
        let held = "SELECT count(*) FROM jobs WHERE queue = ? AND reply_to = ?";
        let held: Option<u32> = self.row(held, params![self.name, reply_to], |row| row.get(0))?;
        Ok(held.unwrap_or(0) as usize)
    }

    /// Whether there is any job at all: mostly not, and then no write lock is needed.
    fn has_any(&self) -> Result<bool, Trouble> {
        let any = "SELECT EXISTS (SELECT 1 FROM jobs WHERE queue = ? AND build = ?)";
        Ok(self.row(any, params![self.name, BUILD], |row| row.get(0))?.unwrap_or(false))
    }

    fn sweep(&self) -> Result<usize, Trouble> {
        let runs = "SELECT DISTINCT reply_to FROM jobs WHERE queue = ? AND build = ?";
        let runs: Vec<String> = self.rows(runs, params![self.name, BUILD], |row| row.get(0))?;
        let present = self.present(now() - nanoseconds(LEASE))?;
        let gone = runs.iter().filter(|run| !present.iter().any(|peer| peer.id == owner(run)));
        let swept = gone.map(|run| {
            let held = self.held(run)?;
            self.withdraw(run).map(|()| held)
        });
        swept.sum()
    }

    fn withdraw(&self, reply_to: &str) -> Result<(), Trouble> {
        for rows in [
            "DELETE FROM jobs WHERE queue = ? AND reply_to = ?",
            "DELETE FROM messages WHERE queue = ? AND reply_to = ?",
        ] {
            self.change(rows, params![self.name, reply_to])?;
        }
        Ok(())
    }

    /// Deletes the job, whichever worker has it now: the first result counts. If it is gone already, there is nothing
    /// to report.
    fn deliver(&self, finished: &Finished) -> Result<(), Trouble> {
        let done = "DELETE FROM jobs WHERE id = ? AND queue = ? AND reply_to = ? RETURNING deadline_ns";
        let job = params![number(&finished.id), self.name, finished.reply_to];
        match self.row(done, job, |row| row.get(0))? {
            Some(deadline_ns) => self.tell(&finished.reply_to, deadline_ns, &finished.message),
            None => Ok(()),
        }
    }

    /// Whether there is a job to take. It only reads, so that waiting workers don't block busy ones.
    fn has_jobs(&self) -> Result<bool, Trouble> {
        let any = "SELECT EXISTS (SELECT 1 FROM jobs WHERE queue = ?1 AND build = ?2 AND owner IS NULL) OR EXISTS (
                   SELECT 1 FROM jobs WHERE queue = ?1 AND build = ?2 AND owner IS NOT NULL AND lease_ns <= ?3 AND tries < ?4)";
        Ok(self.row(any, params![self.name, BUILD, now(), MOST_TRIES], |row| row.get(0))?.unwrap_or(false))
    }

    fn next(&self, worker: &str, lapsed_first: bool) -> Result<Next, Trouble> {
        while let Some((id, from)) = self.candidate(lapsed_first)? {
            if let Some(next) = self.lend(id, from, worker)? {
                return Ok(next.map(Some));
            }
        }
        Ok(Ok(None))
    }

    /// The next job to take, and the worker that was lost with it.
    fn candidate(&self, lapsed_first: bool) -> Result<Option<(i64, Option<String>)>, Trouble> {
        let oldest = "SELECT id, owner FROM jobs WHERE queue = ? AND build = ? AND owner IS NULL ORDER BY id LIMIT 1";
        let lapsed = "SELECT id, owner FROM jobs WHERE queue = ? AND build = ? AND owner IS NOT NULL
                      AND lease_ns <= ? AND tries < ? ORDER BY lease_ns LIMIT 1";
        let pair = |row: &Row| Ok((row.get(0)?, row.get(1)?));
        let oldest = || self.row(oldest, params![self.name, BUILD], pair);
        let lapsed = || self.row(lapsed, params![self.name, BUILD, now(), MOST_TRIES], pair);
        let first = if lapsed_first { lapsed()? } else { oldest()? };
        if first.is_some() {
            return Ok(first);
        }
        if lapsed_first { oldest() } else { lapsed() }
    }

    /// Leases the job to this worker; `None` when its run is over.
    fn lend(&self, id: i64, from: Option<String>, worker: &str) -> Result<Option<Result<TakenJob, Trouble>>, Trouble> {
        let lend = "UPDATE jobs SET owner = ?, lease_ns = ?, tries = tries + 1 WHERE id = ?
                    RETURNING reply_to, tries, deadline_ns, body";
        let lent = self.row(lend, params![worker, now() + nanoseconds(LEASE), id], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
        let Some((reply_to, attempt, deadline_ns, body)): Option<(String, u32, i64, Vec<u8>)> = lent else {
            return Ok(None);
        };
        if deadline_ns <= now() {
            self.drop_expired(id, &reply_to)?;
            return Ok(None);
        }
        let job: Job = match decode(&job_name(id), &body) {
            Ok(job) => job,
            Err(foreign) => {
                self.change("DELETE FROM jobs WHERE id = ?", [id])?;
                return Ok(Some(Err(foreign)));
            }
        };
        if let Some(from) = from {
            let redelivered = Message::Redelivered { run: job.run, index: job.index, from };
            self.tell(&reply_to, deadline_ns, &redelivered)?;
        }
        Ok(Some(Ok(TakenJob { id: id.to_string(), reply_to, attempt, job })))
    }

    /// Drops this job and its run's other waiting jobs: one at a time, they would keep others from writing for long.
    fn drop_expired(&self, id: i64, reply_to: &str) -> Result<(), Trouble> {
        let expired =
            "DELETE FROM jobs WHERE queue = ? AND reply_to = ? AND deadline_ns <= ? AND (owner IS NULL OR id = ?)";
        self.change(expired, params![self.name, reply_to, now(), id]).map(drop)
    }

    /// Does it as one transaction. The file is locked for writing from the start, so no other process writes in
    /// between, and nothing that was read is out of date when it is written.
    fn write<T>(&self, work: impl FnOnce() -> Result<T, Trouble>) -> Result<T, Trouble> {
        self.change("BEGIN IMMEDIATE", [])?;
        let done = work()?;
        self.change("COMMIT", [])?;
        Ok(done)
    }

    /// The number of changed rows.
    fn change(&self, sql: &str, values: impl Params) -> Result<usize, Trouble> {
        Ok(self.connection.prepare_cached(sql)?.execute(values)?)
    }

    fn row<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Trouble> {
        Ok(self.connection.prepare_cached(sql)?.query_row(values, read).optional()?)
    }

    fn rows<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&Row) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Trouble> {
        Ok(self.connection.prepare_cached(sql)?.query_map(values, read)?.collect::<Result<_, _>>()?)
    }
}

fn encode<T: Serialize>(body: &T) -> Result<Vec<u8>, Trouble> {
    postcard::to_stdvec(body)
        .map_err(|error| Trouble::Refused(format!("what was to be put in can't be written: {error}")))
}

fn decode<T: DeserializeOwned>(what: &str, body: &[u8]) -> Result<T, Trouble> {
    postcard::from_bytes(body).map_err(|error| Trouble::Foreign(format!("{what}, which can't be read: {error}")))
}

fn job_name(id: i64) -> String {
    format!("job {id}")
}

/// A job's row. A name that is not ours has no row, like a deleted job.
fn number(job: &JobId) -> i64 {
    job.parse().unwrap_or(-1)
}

/// SQLite's integers are signed; a time that is too large means never.
fn sql(ns: u64) -> i64 {
    i64::try_from(ns).unwrap_or(i64::MAX)
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

fn now() -> i64 {
    sql(now_ns())
}
