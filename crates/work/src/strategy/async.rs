//! N requests in flight on one thread: an event loop.
//!
//! **Wins** on many waits at once. A waiting request is a small struct, not a thread with a stack: ten thousand fit
//! where threads end at some hundreds, and switching between them is a function call.
//!
//! **Loses** on tasks that compute. Only a task that says `await` lets the others move; a prime sum never does, so N of
//! them run one after another on the one thread, and every request waits behind them. They run here all the same,
//! because seeing it is the lesson. `async_offload` is the remedy.
//!
//! **Try**: `makespan run prime_sum --strategy async --workers 1,2,8`. Then read [`Task::run_async`]: which kind of task
//! has an `await` in it?
//!
//! [`Task::run_async`]: crate::task::Task::run_async

use super::{CloseError, Env, Pool, StartError, Strategy, Work};
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

    fn start(&self, shape: WorkerLayout, _: &Env) -> Result<Box<dyn Pool>, StartError> {
        // One thread, and it is ours: tokio's usual runtime has one for each core, and would blur async with threads.
        let runtime = Builder::new_current_thread().enable_all().build().map_err(StartError::EventLoop)?;
        Ok(Box::new(EventLoop { runtime, in_flight: shape.workers().get() }))
    }
}

impl Pool for EventLoop {
    fn run(&mut self, work: &Work) -> Vec<Done> {
        let deck = work.deck(self.in_flight);
        let slots = (0..self.in_flight).map(|slot| work_through(slot, work, &deck));
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

/// Between two runs nothing drives the loop, so it can't know yet which of the connections that it kept the server has
/// closed. It looks at its sockets when everything yields, and then runs their tasks, some dozens at a time.
pub(super) async fn catch_up(connections: u32) {
    for _ in 0..2 + connections / 32 {
        yield_now().await;
    }
}

/// What a slot does: the same as a thread in `threads`, but for the `await`, where it lets another slot go on. No lock
/// anywhere: one thread can't race with itself.
async fn work_through(slot: u32, work: &Work, deck: &TaskQueue) -> Vec<Done> {
    let mut lane = Lane::new(slot, work.run, work.stop.clone());
    let mut done = Vec::new();
    while let Some(hand) = deck.next(slot) {
        for index in hand {
            done.push(lane.run_async(index, &work.tasks[index as usize]).await);
        }
    }
    done
}
