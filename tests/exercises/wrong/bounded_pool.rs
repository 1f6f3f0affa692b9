//! The exercise `bounded_pool`, solved wrongly: N are started, all N are waited for, then the next N. There are never too many,
//! and mostly too few: each time, the slowest keeps the others waiting.

use makespan::{
    strategy::{CloseError, Env, Pool, StartError, Strategy, Work},
    task::Task,
    worker::{
        lane::{Done, Lane},
        layout::WorkerLayout,
    },
};
use std::{process::ExitCode, thread};

/// Threads, never more than N at once.
#[derive(Debug)]
pub struct BoundedPool;

struct Crew {
    most: u32,
}

impl Strategy for BoundedPool {
    fn name(&self) -> &'static str {
        "my_bounded_pool"
    }

    fn summary(&self) -> &'static str {
        "threads, never more than N at once"
    }

    fn max_workers(&self) -> u32 {
        4096
    }

    fn start(&self, shape: WorkerLayout, _: &Env) -> Result<Box<dyn Pool>, StartError> {
        Ok(Box::new(Crew { most: shape.workers().get() }))
    }
}

impl Pool for Crew {
    fn run(&mut self, work: &Work) -> Vec<Done> {
        let all: Vec<_> = (0_u32..).zip(work.tasks.iter()).collect();
        let at_once = |some: &[(u32, &Task)]| -> Vec<Done> {
            thread::scope(|scope| {
                let start = |&(index, task)| {
                    scope.spawn(move || Lane::new(index, work.run, work.stop.clone()).run(index, task))
                };
                let threads: Vec<_> = some.iter().map(start).collect();
                threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
            })
        };
        all.chunks(self.most as usize).flat_map(at_once).collect()
    }

    fn close(self: Box<Self>) -> Result<(), CloseError> {
        Ok(())
    }
}

/// Checks the strategy.
pub fn main() -> ExitCode {
    makespan::exercise::main("bounded_pool", &BoundedPool)
}
