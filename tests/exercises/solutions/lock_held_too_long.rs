//! The exercise `lock_held_too_long`, solved: the lock is held while a task is taken, and not while one is done.

use makespan::{
    strategy::{CloseError, Env, Pool, StartError, Strategy, Work},
    worker::{
        lane::{Done, Lane},
        layout::WorkerLayout,
    },
};
use std::{
    collections::VecDeque,
    process::ExitCode,
    sync::{Mutex, PoisonError},
    thread,
};

/// N threads and a queue behind a lock.
#[derive(Debug)]
pub struct LockHeldTooLong;

struct Crew {
    workers: u32,
}

impl Strategy for LockHeldTooLong {
    fn name(&self) -> &'static str {
        "my_locked_queue"
    }

    fn summary(&self) -> &'static str {
        "N threads take tasks from a queue behind a lock"
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
        let queue = &Mutex::new((0..work.tasks.len() as u32).collect());
        thread::scope(|scope| {
            let start = |worker| scope.spawn(move || work_through(worker, work, queue));
            let threads: Vec<_> = (0..self.workers).map(start).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect()
        })
    }

    fn close(self: Box<Self>) -> Result<(), CloseError> {
        Ok(())
    }
}

/// What a worker does: take, run, take again, until the queue is empty.
fn work_through(worker: u32, work: &Work, queue: &Mutex<VecDeque<u32>>) -> Vec<Done> {
    let mut lane = Lane::new(worker, work.run, work.stop.clone());
    let mut done = Vec::new();
    // The guard is a temporary of this function, and is dropped before it returns.
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    while let Some(index) = next() {
        done.push(lane.run(index, &work.tasks[index as usize]));
    }
    done
}

/// Checks the strategy.
pub fn main() -> ExitCode {
    makespan::exercise::main("lock_held_too_long", &LockHeldTooLong)
}
