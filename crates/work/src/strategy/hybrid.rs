//! P worker processes with T threads each: for example a process for each site, and threads for its pages.
//!
//! **Wins** when a process holds something that its threads share (a cache, a session, an interpreter with a global
//! lock), and when a few processes with many threads take less memory than many processes. A crash costs only the tasks
//! of one process.
//!
//! **Loses** the simplicity of both halves. With the schedule `by_key`, the slowest site decides: its process is still
//! busy when the others are done, and their threads can't help. Each task crosses a pipe, as with `processes`.
//!
//! **Try**: `makespan run web_requests --strategy hybrid,threads --workers 3x5,5x3,15`: does the layout of fifteen
//! workers matter?

use super::{Env, Pool, StartError, Strategy, processes::WorkerProcesses};
use crate::presentation::{Marker, Phrase, Presentation};
use crate::worker::layout::WorkerLayout;
use std::num::NonZeroU32;

/// P processes of T threads each.
#[derive(Debug)]
pub struct Hybrid;

impl Strategy for Hybrid {
    fn name(&self) -> &'static str {
        "hybrid"
    }

    fn summary(&self) -> &'static str {
        "P worker processes with T threads each: --workers PxT"
    }

    fn max_workers(&self) -> u32 {
        1024
    }

    fn presentation(&self) -> Presentation {
        Presentation {
            label: "hybrid",
            worker: ("worker", "workers"),
            phrase: Phrase::With("hybrid", "worker", "workers"),
            tones: ["#b87d00", "#8a5d00", "#e69f00"],
            marker: Marker::Star,
            dash: "12 4 2 4",
            most_in_class: 64,
            parallel: true,
        }
    }

    fn layout(&self, asked: WorkerLayout, _: u32) -> Option<WorkerLayout> {
        asked.processes().is_some().then_some(asked)
    }

    /// Uses the pool of `processes`. The parent keeps as many chunks in a process as it has threads, so each thread
    /// gets its next task when it is free, and none waits in a process whose threads are all busy.
    fn start(&self, shape: WorkerLayout, env: &Env) -> Result<Box<dyn Pool>, StartError> {
        Ok(Box::new(match shape {
            WorkerLayout::Grid { processes, threads } => WorkerProcesses::start(processes, threads, env)?,
            // `layout` refuses a plain number; one process of that many threads has as many workers.
            WorkerLayout::Plain(threads) => WorkerProcesses::start(NonZeroU32::MIN, threads, env)?,
        }))
    }
}
