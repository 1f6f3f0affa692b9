//! One task after another, on the thread that asks. The baseline: every speed-up is against this.
//!
//! **Wins** when there is one task, when tasks are so short that handing one over costs more than doing it, and when the
//! program must be understood by the next reader: there is nothing here to get wrong.
//!
//! **Loses** when tasks wait. While one waits for a server, the processor could start all the others.
//!
//! **Try**: run `makespan run latency_only --strategy sequential` and look at the CPU share: what was the program doing
//! for the rest of the time?

use super::{CloseError, Env, Pool, StartError, Strategy, Work};
use crate::worker::{
    lane::{Done, Lane},
    layout::WorkerLayout,
};

/// One task after another.
#[derive(Debug)]
pub struct Sequential;

struct CallingThread;

impl Strategy for Sequential {
    fn name(&self) -> &'static str {
        "sequential"
    }

    fn summary(&self) -> &'static str {
        "one task after another, on one thread: the baseline"
    }

    fn max_workers(&self) -> u32 {
        1
    }

    fn layout(&self, _: WorkerLayout, _: u32) -> Option<WorkerLayout> {
        Some(WorkerLayout::ONE)
    }

    fn start(&self, _: WorkerLayout, _: &Env) -> Result<Box<dyn Pool>, StartError> {
        Ok(Box::new(CallingThread))
    }
}

impl Pool for CallingThread {
    fn run(&mut self, work: &Work) -> Vec<Done> {
        let mut lane = Lane::new(0, work.run, work.stop.clone());
        (0..).zip(work.tasks.iter()).map(|(index, task)| lane.run(index, task)).collect()
    }

    fn close(self: Box<Self>) -> Result<(), CloseError> {
        Ok(())
    }
}
