//! Workers of a queue: they take jobs, send heartbeats, and deliver results.
//!
//! A pool has a thread for each job that it does at once, each with its own connection, so that none waits for
//! another's. One more thread sends the heartbeats of all, which say that they are present and what they hold. It stops
//! jobs that are no longer wanted, and watches the deadlines. A worker can't do so while it computes.
//!
//! | file | |
//! |---|---|
//! | `in_flight` | the jobs that the workers hold, as the heartbeat thread sees them |
//! | `consumer` | one worker: takes a job, does it, delivers it |
//! | `heartbeat` | the thread for all heartbeats |

mod consumer;
mod heartbeat;
mod in_flight;
#[cfg(test)]
mod tests;

use super::{
    address::Address,
    broker::{Broker, Peer, QueueError, Role},
    job::BUILD,
};
use crate::worker::source::work_off;
use consumer::Post;
use heartbeat::Heartbeat;
use in_flight::Desk;
use measure::axis::{ClockAxis, ClockReading, Comparison, Offset};
use serde::{Deserialize, Serialize};
use std::{
    num::NonZeroU32,
    path::PathBuf,
    process,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::{Builder, JoinHandle},
    time::Duration,
};

/// The pause before an unreachable queue is retried.
const RETRY: Duration = Duration::from_millis(100);

/// How a process takes part in a queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Membership {
    /// Where the queue is.
    pub address: Address,
    /// Its name.
    pub queue: String,
    /// How many jobs it does at once.
    pub threads: NonZeroU32,
    /// The number of its first worker, for the [feed](crate::worker::feed) of a run that started these workers. In
    /// records, the run numbers them itself: workers that were started separately know nothing of each other.
    pub first_worker: u32,
    /// Where its fixtures are, or are made.
    #[serde(with = "support::path_bytes")]
    pub data: PathBuf,
    /// Where its jobs write, and nowhere else. The caller that sets it removes it.
    #[serde(with = "support::path_bytes")]
    pub outputs: PathBuf,
    /// The one server it may fetch from, if fixed beforehand; otherwise each job's own.
    pub server: Option<String>,
}

/// Events for the code that started the workers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkerEvent {
    /// The queue can't be reached. The workers retry, and keep what they have finished.
    Lost(QueueError),
    /// It can be reached again.
    Back,
    /// An entry in the queue can't be read. It is skipped; the workers go on with the next.
    Skipped(QueueError),
    /// The workers take no more jobs, for this reason.
    Ended(QueueError),
}

/// Why workers could not join.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The queue is unavailable, refuses, or is another build's.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The system refused a thread.
    #[error("could not start a thread for each of {threads} jobs at once: {source}; fewer may fit")]
    Thread {
        /// How many jobs at once were requested.
        threads: NonZeroU32,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Workers of this process that take jobs. Dropping it abandons their jobs: others do them when the leases expire.
pub struct JobWorkers {
    shared: Arc<WorkerState>,
    workers: Vec<JoinHandle<()>>,
    heartbeat: Option<JoinHandle<()>>,
}

/// What the workers' threads share.
struct WorkerState {
    membership: Membership,
    axis: ClockAxis,
    /// `None` where the queue's clock is this process's own.
    comparison: Option<Mutex<Comparison>>,
    desk: Desk,
    leaving: AtomicBool,
    jobs_done: AtomicU64,
    ended: Mutex<Option<QueueError>>,
    last_skipped: Mutex<Option<QueueError>>,
    observer: Box<dyn Fn(WorkerEvent) + Send + Sync>,
}

/// The name in a queue of worker `thread` of process `pid` on this host.
pub fn peer_id(pid: u32, thread: u32) -> String {
    format!("{}:{pid}:{thread}", ClockAxis::here().host)
}

/// How far the queue's clock is ahead of this process's. A file's is the same one, exactly.
pub fn clock_offset(address: &Address, broker: &mut dyn Broker) -> Result<Offset, QueueError> {
    match address {
        Address::Sqlite(_) => Ok(Offset::default()),
        Address::Redis(_) => Offset::estimate(|| broker.now_ns()),
    }
}

impl JobWorkers {
    /// Joins the queue: when this returns, the workers are present and take jobs. `observer` receives their events, on
    /// whichever thread they occur.
    pub fn join(
        membership: &Membership,
        observer: impl Fn(WorkerEvent) + Send + Sync + 'static,
    ) -> Result<Self, JoinError> {
        Self::join_over(membership, observer, || membership.address.broker(&membership.queue))
    }

    fn join_over(
        membership: &Membership,
        observer: impl Fn(WorkerEvent) + Send + Sync + 'static,
        connect: impl Fn() -> Box<dyn Broker>,
    ) -> Result<Self, JoinError> {
        let mut broker = connect();
        refuse_other_builds(&membership.queue, &broker.present()?)?;
        let offset = clock_offset(&membership.address, broker.as_mut())?;
        let comparison = matches!(membership.address, Address::Redis(_)).then(|| Mutex::new(Comparison::new(offset)));
        let (axis, threads) = (ClockAxis::here(), membership.threads.get());
        let peer = |thread| Peer {
            id: peer_id(process::id(), thread),
            role: Role::Worker,
            build: BUILD.to_owned(),
            host: axis.host.clone(),
        };
        let peers: Vec<Peer> = (0..threads).map(peer).collect();
        for peer in &peers {
            broker.beat(peer, &[])?;
        }
        let shared = Arc::new(WorkerState {
            membership: membership.clone(),
            axis,
            comparison,
            desk: Desk::of(threads),
            leaving: AtomicBool::default(),
            jobs_done: AtomicU64::default(),
            ended: Mutex::default(),
            last_skipped: Mutex::default(),
            observer: Box::new(observer),
        });
        // From here on, an error drops `crew`, which ends the threads so far.
        let mut crew = Self { shared: Arc::clone(&shared), workers: Vec::new(), heartbeat: None };
        let refused = |source| JoinError::Thread { threads: membership.threads, source };
        let posts = peers.iter().zip(0..).map(|(peer, seat)| Post::new(&shared, seat, peer.id.clone(), connect()));
        let posts: Vec<Post> = posts.collect();
        let heartbeat = Heartbeat::new(&shared, peers, broker);
        crew.heartbeat = Some(Builder::new().name("heartbeat".into()).spawn(|| heartbeat.run()).map_err(refused)?);
        for (mut post, number) in posts.into_iter().zip(0..threads) {
            let shared = Arc::clone(&shared);
            let work = move || {
                if let Err(reason) = work_off(&mut post) {
                    shared.end(reason);
                }
            };
            crew.workers.push(Builder::new().name(format!("worker {number}")).spawn(work).map_err(refused)?);
        }
        Ok(crew)
    }

    /// Lets the workers finish and deliver their jobs, and leaves the queue. Returns how many jobs were done since the
    /// workers joined, or why they had ended before.
    pub fn leave(mut self) -> Result<u64, QueueError> {
        self.go_home();
        let ended = locked(&self.shared.ended).take();
        ended.map_or_else(|| Ok(self.shared.jobs_done.load(Relaxed)), Err)
    }

    fn go_home(&mut self) {
        self.shared.leaving.store(true, Relaxed);
        // A worker that panicked has no job left that could be saved.
        self.workers.drain(..).for_each(|worker| drop(worker.join()));
        self.shared.desk.close();
        self.heartbeat.take().map(JoinHandle::join);
    }
}

impl Drop for JobWorkers {
    fn drop(&mut self) {
        self.shared.desk.abandon();
        self.go_home();
    }
}

impl std::fmt::Debug for JobWorkers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobWorkers").field("membership", &self.shared.membership).finish_non_exhaustive()
    }
}

impl WorkerState {
    /// How this process's clock compares with the queue's.
    fn clock(&self) -> ClockReading {
        ClockReading { axis: self.axis.clone(), to_queue: self.to_queue() }
    }

    fn to_queue(&self) -> Offset {
        self.comparison.as_ref().map_or_else(Offset::default, |comparison| locked(comparison).now())
    }

    fn is_leaving(&self) -> bool {
        self.leaving.load(Relaxed)
    }

    /// Tolerates a temporary error, after which to retry; any other is returned.
    fn bear(&self, error: QueueError) -> Result<(), QueueError> {
        match error {
            QueueError::Unreachable { .. } => Ok(()),
            QueueError::Foreign { .. } => {
                let mut last = locked(&self.last_skipped);
                // A repeated error is no news.
                if last.as_ref() != Some(&error) {
                    *last = Some(error.clone());
                    (self.observer)(WorkerEvent::Skipped(error));
                }
                Ok(())
            }
            other => Err(other),
        }
    }

    /// Ends the workers, for this reason. The first one counts.
    fn end(&self, reason: QueueError) {
        self.leaving.store(true, Relaxed);
        let mut ended = locked(&self.ended);
        if ended.is_none() {
            *ended = Some(reason.clone());
            drop(ended);
            (self.observer)(WorkerEvent::Ended(reason));
        }
    }
}

/// An error if only runs of other builds are present: this worker would never get a job.
fn refuse_other_builds(queue: &str, present: &[Peer]) -> Result<(), QueueError> {
    let runs = || present.iter().filter(|peer| peer.role == Role::Run);
    match runs().find(|run| run.build != BUILD) {
        Some(other) if !runs().any(|run| run.build == BUILD) => {
            Err(QueueError::OtherBuild { queue: queue.to_owned(), theirs: other.build.clone() })
        }
        _ => Ok(()),
    }
}

/// A thread that panicked while holding a lock left nothing half-written: each is held for a single assignment.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
