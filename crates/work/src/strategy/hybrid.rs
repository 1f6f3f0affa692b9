//! P worker processes with T threads each: a process for each site, say, and threads for its pages.
//!
//! **Wins** where a process keeps what its threads share (a cache, a session, an interpreter with a global lock), and
//! where few processes with many threads take less memory than many processes. A crash costs what one process held.
//!
//! **Loses** the simplicity of both halves. Dealt `by_key`, the slowest site decides: its process is busy while the others
//! have gone home, and their threads can't help. Each task crosses a pipe, as with `processes`.
//!
//! **Try**: `makespan run web_requests --strategy hybrid,threads --workers 3x5,5x3,15`: does it matter how fifteen workers
//! are made up?

use super::{Env, Pool, StartError, Strategy, processes::WorkerProcesses};
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

    fn layout(&self, asked: WorkerLayout, _: u32) -> Option<WorkerLayout> {
        asked.processes().is_some().then_some(asked)
    }

    /// The pool is that of `processes`. The one who deals keeps as many hands with a process as it has threads, so each
    /// thread gets its next task when it is free, and none waits in a process whose threads are all busy.
    fn start(&self, shape: WorkerLayout, env: &Env) -> Result<Box<dyn Pool>, StartError> {
        Ok(Box::new(match shape {
            WorkerLayout::Grid { processes, threads } => WorkerProcesses::start(processes, threads, env)?,
            // Nobody who asked `shape` first gives it a number; one process of so many threads has as many workers.
            WorkerLayout::Plain(threads) => WorkerProcesses::start(NonZeroU32::MIN, threads, env)?,
        }))
    }
}
