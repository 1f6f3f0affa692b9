//! The exercise `async_fetcher`, solved: N slots that are awaited together, each with one request in flight.

use futures_util::future::join_all;
use makespan::{
    strategy::{CloseError, Env, Pool, StartError, Strategy, Work},
    worker::{
        lane::{Done, Lane},
        layout::WorkerLayout,
        task_queue::TaskQueue,
    },
};
use std::process::ExitCode;
use tokio::runtime::{Builder, Runtime};

/// An event loop with N requests in flight.
#[derive(Debug)]
pub struct AsyncFetcher;

struct EventLoop {
    runtime: Runtime,
    in_flight: u32,
}

impl Strategy for AsyncFetcher {
    fn name(&self) -> &'static str {
        "my_async_fetcher"
    }

    fn summary(&self) -> &'static str {
        "N requests in flight on one thread"
    }

    fn max_workers(&self) -> u32 {
        10_000
    }

    fn start(&self, shape: WorkerLayout, _: &Env) -> Result<Box<dyn Pool>, StartError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(StartError::EventLoop)?;
        Ok(Box::new(EventLoop { runtime, in_flight: shape.workers().get() }))
    }
}

impl Pool for EventLoop {
    fn run(&mut self, work: &Work) -> Vec<Done> {
        let queue = work.task_queue(self.in_flight);
        let slots = (0..self.in_flight).map(|slot| work_through(slot, work, &queue));
        self.runtime.block_on(join_all(slots)).into_iter().flatten().collect()
    }

    fn close(self: Box<Self>) -> Result<(), CloseError> {
        Ok(())
    }
}

/// What a slot does: take, run, take again, until the queue is empty. At the `await` another slot may go on.
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

/// Checks the strategy.
pub fn main() -> ExitCode {
    makespan::exercise::main("async_fetcher", &AsyncFetcher)
}
