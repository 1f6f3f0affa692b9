//! An event loop that offloads blocking work to threads of its own: tasks that compute, and tasks that wait without an
//! `await`.
//!
//! **Wins** when a workload mixes both kinds: thousands of waits share one thread, the few tasks that compute run on
//! others, and no request waits behind a calculation.
//!
//! **Loses** a little everywhere else. With waits alone it is `async`, with calculations alone it is `threads` behind
//! an event loop, and each round trip to a thread costs a few microseconds.
//!
//! **Try**: prime sums with `async` and with `async_offload` on two workers, and compare the timelines. Then
//! `makespan run many_in_flight --variant blocking`: a client that knows nothing of event loops.
//!
//! It starts its threads itself, because tokio's `spawn_blocking` panics if the system refuses its first thread.

use super::{CloseError, Env, Pool, StartError, Strategy, Work, r#async::catch_up};
use crate::presentation::{Marker, Phrase, Presentation};
use crate::{
    task::{Task, TaskError},
    worker::{
        lane::{Done, Lane},
        layout::WorkerLayout,
        task_queue::TaskQueue,
    },
};
use crossbeam::channel::{Receiver, Sender, unbounded};
use futures_util::future::join_all;
use std::{
    cell::{Cell, RefCell},
    io,
    sync::Arc,
    thread::{Builder, JoinHandle},
};
use tokio::{
    runtime::{self, Runtime},
    sync::oneshot,
};

/// An event loop, and N threads for blocking work.
#[derive(Debug)]
pub struct AsyncOffload;

struct OffloadingLoop {
    runtime: Runtime,
    in_flight: u32,
    threads: PoolThreads,
}

/// Threads that are started on demand. They aren't tokio's blocking threads: tokio panics if the system refuses the
/// first one.
struct PoolThreads {
    /// At most this many.
    most: usize,
    standing: RefCell<Vec<JoinHandle<()>>>,
    /// Tasks handed over and not yet returned.
    busy: Cell<usize>,
    offloads: Sender<Offload>,
    to_do: Receiver<Offload>,
}

/// One task for a thread, and the channel for its result.
struct Offload {
    lane: Lane,
    index: u32,
    tasks: Arc<[Task]>,
    tell: oneshot::Sender<Done>,
}

impl Strategy for AsyncOffload {
    fn name(&self) -> &'static str {
        "async_offload"
    }

    fn summary(&self) -> &'static str {
        "an event loop that hands computing to N threads"
    }

    fn max_workers(&self) -> u32 {
        1024
    }

    fn presentation(&self) -> Presentation {
        Presentation {
            label: "async offload",
            worker: ("worker", "workers"),
            phrase: Phrase::With("async", "thread to offload to", "threads to offload to"),
            tones: ["#9a8f00", "#6f6700", "#f0e442"],
            marker: Marker::Down,
            dash: "14 4 3 4 3 4",
            most_in_class: 64,
            parallel: true,
        }
    }

    fn start(&self, shape: WorkerLayout, _: &Env) -> Result<Box<dyn Pool>, StartError> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::EventLoop)?;
        let (in_flight, (offloads, to_do)) = (shape.workers().get(), unbounded());
        let (most, standing, busy) = (in_flight as usize, RefCell::default(), Cell::default());
        let threads = PoolThreads { most, standing, busy, offloads, to_do };
        Ok(Box::new(OffloadingLoop { runtime, in_flight, threads }))
    }
}

impl Pool for OffloadingLoop {
    fn run(&mut self, work: &Work) -> Vec<Done> {
        let queue = work.task_queue(self.in_flight);
        let slots = (0..self.in_flight).map(|slot| work_through(slot, work, &queue, &self.threads));
        let run = async {
            catch_up(self.in_flight).await;
            join_all(slots).await
        };
        self.runtime.block_on(run).into_iter().flatten().collect()
    }

    fn close(self: Box<Self>) -> Result<(), CloseError> {
        let PoolThreads { standing, offloads, .. } = self.threads;
        // Ends their loops; then all are joined.
        drop(offloads);
        let ended: Vec<bool> = standing.into_inner().into_iter().map(|thread| thread.join().is_ok()).collect();
        ended.iter().position(|ok| !ok).map_or(Ok(()), |worker| Err(CloseError::Panicked(worker as u32)))
    }
}

async fn work_through(slot: u32, work: &Work, queue: &TaskQueue, threads: &PoolThreads) -> Vec<Done> {
    let mut done = Vec::new();
    while let Some(chunk) = queue.next(slot) {
        for index in chunk {
            let mut lane = Lane::new(slot, work.run, work.stop.clone());
            done.push(if work.tasks[index as usize].blocks() {
                threads.offload(lane, index, &work.tasks).await
            } else {
                lane.run_async(index, &work.tasks[index as usize]).await
            });
        }
    }
    done
}

impl PoolThreads {
    /// Runs one task on one of the threads, while the loop continues.
    async fn offload(&self, lane: Lane, index: u32, tasks: &Arc<[Task]>) -> Done {
        let failed = |error| Done { index, result: Err(error), spans: Vec::new() };
        if let Err(refused) = self.one_more() {
            return failed(TaskError::NoThread { number: 1, message: refused.to_string() });
        }
        let (tell, told) = oneshot::channel();
        self.busy.update(|busy| busy + 1);
        // We hold both ends, so this succeeds.
        let _ = self.offloads.send(Offload { lane, index, tasks: Arc::clone(tasks), tell });
        let done = told.await;
        self.busy.update(|busy| busy - 1);
        done.unwrap_or_else(|_| failed(TaskError::WorkerDied("its thread ended".into())))
    }

    /// Starts another thread if all are busy. If the system refuses it, the existing threads do the work: an error only
    /// if there are none.
    fn one_more(&self) -> io::Result<()> {
        let mut standing = self.standing.borrow_mut();
        if standing.len() == self.most || self.busy.get() < standing.len() {
            return Ok(());
        }
        let to_do = self.to_do.clone();
        let name = format!("offload {}", standing.len());
        match Builder::new().name(name).spawn(move || to_do.iter().for_each(Offload::run)) {
            Ok(thread) => standing.push(thread),
            Err(refused) if standing.is_empty() => return Err(refused),
            Err(_) => {}
        }
        Ok(())
    }
}

impl Offload {
    fn run(mut self) {
        let done = self.lane.run(self.index, &self.tasks[self.index as usize]);
        // The receiver is gone if the run was abandoned.
        let _ = self.tell.send(done);
    }
}
