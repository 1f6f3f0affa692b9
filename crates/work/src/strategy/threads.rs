//! N threads that take tasks from one queue.
//!
//! **Wins** on tasks that wait: while one thread waits, another sends its request. Also on tasks that compute, up to
//! the number of cores: in Rust, threads of one process really run at the same time. They share memory, so handing over
//! a task copies nothing, and a thread takes tens of microseconds to start and join (`cargo bench --bench overheads`
//! measures this).
//!
//! **Loses** on tasks that compute once there are more threads than cores (the extra threads only queue for a core),
//! and on ten thousand simultaneous waits, each of which needs a stack.
//!
//! **Try**: twice as many workers as tasks. Then `--schedule blocks` on prime sums: which worker finishes last, and why?

use super::{CloseError, Env, Pool, StartError, Strategy, Work};
use crate::presentation::{Marker, Phrase, Presentation};
use crate::{
    task::Task,
    worker::{
        lane::{Done, Lane},
        layout::WorkerLayout,
        task_queue::TaskQueue,
    },
};
use crossbeam::channel::{Sender, unbounded};
use std::{
    sync::Arc,
    thread::{Builder, JoinHandle},
};

/// N threads and one queue.
#[derive(Debug)]
pub struct Threads;

/// What every worker gets when a run begins.
#[derive(Clone)]
pub(super) struct RunTicket {
    pub(super) work: Work,
    queue: Arc<TaskQueue>,
    done: Sender<Vec<Done>>,
}

/// The threads. `gil_threads` uses the same, with a lock around each task.
pub(super) struct ThreadPool {
    workers: Vec<(Sender<RunTicket>, JoinHandle<()>)>,
}

impl Strategy for Threads {
    fn name(&self) -> &'static str {
        "threads"
    }

    fn summary(&self) -> &'static str {
        "N threads take tasks from one queue"
    }

    fn max_workers(&self) -> u32 {
        4096
    }

    fn presentation(&self) -> Presentation {
        Presentation {
            label: "threads",
            worker: ("thread", "threads"),
            phrase: Phrase::Counted("thread", "threads"),
            tones: ["#0072b2", "#0072b2", "#4aa3df"],
            marker: Marker::Circle,
            dash: "",
            most_in_class: 1000,
            parallel: true,
        }
    }

    fn start(&self, shape: WorkerLayout, _: &Env) -> Result<Box<dyn Pool>, StartError> {
        Ok(Box::new(ThreadPool::start(shape, |worker, shift| shift.work_through(worker, Lane::run))?))
    }
}

impl ThreadPool {
    /// Starts the threads. When a run begins, each calls `work_through` once.
    pub(super) fn start(
        shape: WorkerLayout,
        work_through: impl Fn(u32, &RunTicket) + Clone + Send + 'static,
    ) -> Result<Self, StartError> {
        let mut crew = Self { workers: Vec::new() };
        for worker in 0..shape.workers().get() {
            let work_through = work_through.clone();
            let (shifts, my_shifts) = unbounded::<RunTicket>();
            // If the system refuses a thread, the existing ones end: dropping their channels ends their loops.
            let refused = |source| StartError::Thread { number: worker + 1, source };
            let thread = Builder::new()
                .name(format!("worker {worker}"))
                // The loop ends when the pool drops its end of the channel: no "quit" message that could be lost.
                .spawn(move || my_shifts.iter().for_each(|shift| work_through(worker, &shift)))
                .map_err(refused)?;
            crew.workers.push((shifts, thread));
        }
        Ok(crew)
    }
}

impl RunTicket {
    /// A worker's loop: take, run, take again, until the queue is empty. The queue is closed before the run begins, so
    /// an empty queue can't be confused with one that is still being filled.
    pub(super) fn work_through(&self, worker: u32, mut run: impl FnMut(&mut Lane, u32, &Task) -> Done) {
        let mut lane = Lane::new(worker, self.work.run, self.work.stop.clone());
        let mut done = Vec::new();
        while let Some(chunk) = self.queue.next(worker) {
            done.extend(chunk.into_iter().map(|index| run(&mut lane, index, &self.work.tasks[index as usize])));
        }
        // One message for the whole run: one per task would wake the main thread in the middle of the work. If the
        // receiver is gone, the run was abandoned, and so is this.
        let _ = self.done.send(done);
    }
}

impl Pool for ThreadPool {
    fn run(&mut self, work: &Work) -> Vec<Done> {
        let (done, results) = unbounded();
        let shift = RunTicket { work: work.clone(), queue: Arc::new(work.task_queue(self.workers.len() as u32)), done };
        for (shifts, _) in &self.workers {
            // A dead worker takes nothing from the queue; the others do its share.
            let _ = shifts.send(shift.clone());
        }
        // Drop our own sender, or the loop below would wait for it forever.
        drop(shift);
        results.iter().flatten().collect()
    }

    fn close(self: Box<Self>) -> Result<(), CloseError> {
        let (shifts, threads): (Vec<_>, Vec<_>) = self.workers.into_iter().unzip();
        drop(shifts);
        // Joined, not detached: when `close` returns, no thread of ours is left to disturb the next measurement.
        let ended: Vec<bool> = threads.into_iter().map(|thread| thread.join().is_ok()).collect();
        ended.iter().position(|ok| !ok).map_or(Ok(()), |worker| Err(CloseError::Panicked(worker as u32)))
    }
}
