//! N requests in flight on one thread: an event loop.
//!
//! **Wins** when many tasks wait at the same time. A waiting request is a small struct, not a thread with a stack: ten
//! thousand fit where threads stop at hundreds, and switching between them costs a function call.
//!
//! **Loses** on tasks that compute. A task yields only at an `await`. A prime sum has none, so N of them run
//! sequentially on the one thread, and every request waits behind them. They are allowed here anyway: seeing this is
//! the lesson. `async_offload` is the remedy.
//!
//! **Try**: `makespan run prime_sum --strategy async --workers 1,2,8`. Then read [`Task::run_async`]: which kind of
//! task has an `await` in it?
//!
//! [`Task::run_async`]: crate::task::Task::run_async

use super::{CloseError, Env, Pool, StartError, Strategy, Work};
use crate::presentation::{Marker, Phrase, Presentation};
use crate::worker::{
    lane::{Done, Lane},
    layout::WorkerLayout,
    task_queue::TaskQueue,
};
use futures_util::future::join_all;
use tokio::{
    runtime::{Builder, Runtime},
    task::yield_now,
};

/// An event loop with N requests in flight.
#[derive(Debug)]
pub struct Async;

struct EventLoop {
    runtime: Runtime,
    in_flight: u32,
}

impl Strategy for Async {
    fn name(&self) -> &'static str {
        "async"
    }

    fn summary(&self) -> &'static str {
        "N requests in flight on one thread; a task that computes blocks it"
    }

    fn max_workers(&self) -> u32 {
        10_000
    }

    fn presentation(&self) -> Presentation {
        Presentation {
            label: "async",
            worker: ("in flight", "in flight"),
            phrase: Phrase::With("async", "in flight", "in flight"),
            tones: ["#009e73", "#00795a", "#1fbf92"],
            marker: Marker::Up,
            dash: "3 4",
            most_in_class: 1000,
            parallel: false,
        }
    }

    fn start(&self, shape: WorkerLayout, _: &Env) -> Result<Box<dyn Pool>, StartError> {
        // One thread, our own: tokio's default runtime has one per core, and would blur async with threads.
        let runtime = Builder::new_current_thread().enable_all().build().map_err(StartError::EventLoop)?;
        Ok(Box::new(EventLoop { runtime, in_flight: shape.workers().get() }))
    }
}

impl Pool for EventLoop {
    fn run(&mut self, work: &Work) -> Vec<Done> {
        let queue = work.task_queue(self.in_flight);
        let slots = (0..self.in_flight).map(|slot| work_through(slot, work, &queue));
        let run = async {
            catch_up(self.in_flight).await;
            join_all(slots).await
        };
        self.runtime.block_on(run).into_iter().flatten().collect()
    }

    fn close(self: Box<Self>) -> Result<(), CloseError> {
        Ok(())
    }
}

/// Nothing drives the loop between two runs, so it doesn't know yet which kept connections the server has closed. It
/// polls its sockets when every task yields, and then runs the sockets' tasks, a few dozen at a time.
pub(super) async fn catch_up(connections: u32) {
    for _ in 0..2 + connections / 32 {
        yield_now().await;
    }
}

/// A slot loops like a thread in `threads`, but yields to the other slots at the `await`. No locks: one thread can't
/// race with itself.
async fn work_through(slot: u32, work: &Work, queue: &TaskQueue) -> Vec<Done> {
    let mut lane = Lane::new(slot, work.run, work.stop.clone());
    let mut done = Vec::new();
    while let Some(chunk) = queue.next(slot) {
        for index in chunk {
            done.push(lane.run_async(index, &work.tasks[index as usize]).await);
        }
    }
    done
}
