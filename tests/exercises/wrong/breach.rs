//! Pools that break the contract, each in another way: a solved work queue with one thing done wrong.

use crate::solutions::work_queue::WorkQueue;
use makespan::{
    strategy::{CloseError, Env, Pool, StartError, Strategy, Work},
    worker::{lane::Done, layout::WorkerLayout},
};
use std::thread;

/// A work queue that breaks the contract in this way.
#[derive(Debug, Clone, Copy)]
pub enum Breach {
    /// It gives the first two tasks each other's answers.
    Swaps,
    /// It does everything twice.
    Repeats,
    /// It keeps errors to itself.
    Hides,
    /// It waits for ever when the deadline has passed.
    Hangs,
    /// It leaves a thread behind.
    Leaves,
    /// It panics.
    Panics,
}

struct Breaking(Breach, Box<dyn Pool>);

impl Strategy for Breach {
    fn name(&self) -> &'static str {
        "my_breach"
    }

    fn summary(&self) -> &'static str {
        "a work queue that breaks the contract"
    }

    fn max_workers(&self) -> u32 {
        4096
    }

    fn start(&self, shape: WorkerLayout, env: &Env) -> Result<Box<dyn Pool>, StartError> {
        Ok(Box::new(Breaking(*self, WorkQueue.start(shape, env)?)))
    }
}

impl Pool for Breaking {
    fn run(&mut self, work: &Work) -> Vec<Done> {
        let mut done = self.1.run(work);
        match self.0 {
            Breach::Swaps => done.iter_mut().filter(|one| one.index < 2).for_each(|one| one.index = 1 - one.index),
            Breach::Repeats => drop(self.1.run(work)),
            Breach::Hides => done.retain(|one| one.result.is_ok()),
            Breach::Hangs if work.stop.check().is_err() => sleep_for_ever(),
            Breach::Leaves => drop(thread::spawn(sleep_for_ever)),
            Breach::Panics => panic!("on purpose"),
            Breach::Hangs => {}
        }
        done
    }

    fn close(self: Box<Self>) -> Result<(), CloseError> {
        self.1.close()
    }
}

fn sleep_for_ever() {
    loop {
        thread::park();
    }
}
