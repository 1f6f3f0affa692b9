//! Sequential execution on the calling thread. The baseline: every speedup is relative to it.
//!
//! **Wins** when there is one task, when tasks are so short that handing one over costs more than doing it, and when
//! the program must be easy to understand: there is nothing here to get wrong.
//!
//! **Loses** when tasks wait. While one waits for a server, the processor could start all the others.
//!
//! **Try**: run `makespan run latency_only --strategy sequential` and look at the CPU share: what was the program doing
//! for the rest of the time?

use super::{CloseError, Env, Pool, StartError, Strategy, Work};
use crate::presentation::{Marker, Phrase, Presentation};
use crate::worker::{
    lane::{Done, Lane},
    layout::WorkerLayout,
};

/// Runs tasks sequentially.
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

    fn presentation(&self) -> Presentation {
        Presentation {
            label: "sequential",
            worker: ("worker", "workers"),
            phrase: Phrase::Fixed("sequential"),
            tones: ["#6b7280", "#5b6270", "#9aa3b2"],
            marker: Marker::Bar,
            dash: "2 5",
            most_in_class: 1,
            parallel: false,
        }
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
