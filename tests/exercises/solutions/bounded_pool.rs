//! The exercise `bounded_pool`, solved: a thread for each task, and each waits for one of N permits. A channel with N
//! messages in it is what holds them.

use crossbeam::channel::bounded;
use makespan::{
    strategy::{CloseError, Env, Pool, StartError, Strategy, Work},
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
        let (give_back, permits) = bounded(self.most as usize);
        for _ in 0..self.most {
            // Can't fail: there is room for all, and the other end is ours as well.
            let _ = give_back.send(());
        }
        thread::scope(|scope| {
            let mut threads = Vec::new();
            for (index, task) in (0_u32..).zip(work.tasks.iter()) {
                // Taken before the thread is started: so there are never more than N threads either.
                let Ok(()) = permits.recv() else { break };
                let give_back = give_back.clone();
                threads.push(scope.spawn(move || {
                    let done = Lane::new(index, work.run, work.stop.clone()).run(index, task);
                    let _ = give_back.send(());
                    done
                }));
            }
            threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
        })
    }

    fn close(self: Box<Self>) -> Result<(), CloseError> {
        Ok(())
    }
}

/// Checks the strategy.
pub fn main() -> ExitCode {
    makespan::exercise::main("bounded_pool", &BoundedPool)
}
