//! The one loop of every worker: take tasks, do them, say what came of each.
//!
//! Where tasks come from is a [`Source`]. A worker process has one pipe for its one worker, or several workers whom the
//! thread that reads the pipe hands over to; a queue has one connection for each of its workers. What happens to a task
//! is the same for all.

use super::lane::{Done, Lane};
use crate::task::Task;

/// Some tasks with their indexes, and the lane that they are to run in, which knows their run and its deadline.
pub type Chunk = (Lane, Vec<(u32, Task)>);

/// Where a worker's tasks come from, and where it says what came of them.
pub trait Source {
    /// Why there are no more tasks, though there should be.
    type Error;

    /// Waits for the next tasks; `None` when there will be no more.
    fn next(&mut self) -> Result<Option<Chunk>, Self::Error>;

    /// One of them is done.
    fn done(&mut self, done: Done) -> Result<(), Self::Error>;
}

/// Does what a source has, until it has no more.
pub fn work_off<S: Source>(source: &mut S) -> Result<(), S::Error> {
    while let Some((mut lane, tasks)) = source.next()? {
        for (index, task) in tasks {
            // Said one by one: if this process is killed, what it had done is not lost with it.
            source.done(lane.run(index, &task))?;
        }
    }
    Ok(())
}
