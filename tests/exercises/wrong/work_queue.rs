//! The exercise `work_queue`, solved wrongly: each worker has its own share, assigned beforehand. The one with the long
//! tasks is at work when the others have gone home.

use makespan::{
    strategy::{CloseError, Env, Pool, StartError, Strategy, Work},
    worker::{
        lane::{Done, Lane},
        layout::WorkerLayout,
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
        let workers = self.workers;
        thread::scope(|scope| {
            let start = |worker| scope.spawn(move || work_through(worker, work, workers));
            let threads: Vec<_> = (0..workers).map(start).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect()
        })
    }

    fn close(self: Box<Self>) -> Result<(), CloseError> {
        Ok(())
    }
}

/// What a worker does: every so many tasks, one.
fn work_through(worker: u32, work: &Work, workers: u32) -> Vec<Done> {
    let mut lane = Lane::new(worker, work.run, work.stop.clone());
    let share = (0_u32..).zip(work.tasks.iter()).filter(|(index, _)| index % workers == worker);
    share.map(|(index, task)| lane.run(index, task)).collect()
}

/// Checks the strategy.
pub fn main() -> ExitCode {
    makespan::exercise::main("work_queue", &WorkQueue)
}
