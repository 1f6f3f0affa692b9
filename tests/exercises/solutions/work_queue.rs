//! The exercise `work_queue`, solved: a thread for each worker, and the queue is the only thing that they share.

use makespan::{
    strategy::{CloseError, Env, Pool, StartError, Strategy, Work},
    worker::{
        lane::{Done, Lane},
        layout::WorkerLayout,
        task_queue::TaskQueue,
    },
};
use std::{process::ExitCode, thread};

/// N workers and one queue.
#[derive(Debug)]
pub struct WorkQueue;

struct Crew {
    workers: u32,
}

impl Strategy for WorkQueue {
    fn name(&self) -> &'static str {
        "my_work_queue"
    }

    fn summary(&self) -> &'static str {
        "N workers take tasks from one queue"
    }

    fn max_workers(&self) -> u32 {
        4096
    }

    fn start(&self, shape: WorkerLayout, _: &Env) -> Result<Box<dyn Pool>, StartError> {
        Ok(Box::new(Crew { workers: shape.workers().get() }))
    }
}

impl Pool for Crew {
    fn run(&mut self, work: &Work) -> Vec<Done> {
        let queue = work.task_queue(self.workers);
        thread::scope(|scope| {
            let queue = &queue;
            let start = |worker| scope.spawn(move || work_through(worker, work, queue));
            // All are started before the first is joined.
            let threads: Vec<_> = (0..self.workers).map(start).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect()
        })
    }

    fn close(self: Box<Self>) -> Result<(), CloseError> {
        Ok(())
    }
}

/// What a worker does: take, run, take again, until the queue is empty.
fn work_through(worker: u32, work: &Work, queue: &TaskQueue) -> Vec<Done> {
    let mut lane = Lane::new(worker, work.run, work.stop.clone());
    let mut done = Vec::new();
    while let Some(chunk) = queue.next(worker) {
        for index in chunk {
            done.push(lane.run(index, &work.tasks[index as usize]));
        }
    }
    done
}

/// Checks the strategy.
pub fn main() -> ExitCode {
    makespan::exercise::main("work_queue", &WorkQueue)
}
