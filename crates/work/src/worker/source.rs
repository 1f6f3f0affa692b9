//! The loop of every worker: take tasks, run them, report each result.
//!
//! Tasks come from a [`Source`]: the pipe of a worker process with one worker, the thread that reads the pipe if there
//! are several, or a queue, with a connection for each worker. What happens to a task is the same for all.

use super::lane::{Done, Lane};
use crate::task::Task;

/// Tasks with their indexes, and the lane in which they run, which knows their run and its deadline.
pub type Chunk = (Lane, Vec<(u32, Task)>);

/// Where a worker gets its tasks and reports their results.
pub trait Source {
    /// Why there are no more tasks, though there should be.
    type Error;

    /// Waits for the next tasks; `None` when there will be no more.
    fn next(&mut self) -> Result<Option<Chunk>, Self::Error>;

    /// Reports a task done.
    fn done(&mut self, done: Done) -> Result<(), Self::Error>;
}

/// Runs a source's tasks until there are no more.
pub fn work_off<S: Source>(source: &mut S) -> Result<(), S::Error> {
    while let Some((mut lane, tasks)) = source.next()? {
        for (index, task) in tasks {
            // Reported one by one: if this process is killed, its finished tasks are not lost.
            source.done(lane.run(index, &task))?;
        }
    }
    Ok(())
}
