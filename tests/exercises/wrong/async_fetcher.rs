//! The exercise `async_fetcher`, solved wrongly: everything is in flight at once, whatever the limit.

use futures_util::future::join_all;
use makespan::{
    strategy::{CloseError, Env, Pool, StartError, Strategy, Work},
    worker::{
        lane::{Done, Lane},
        layout::WorkerLayout,
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
        let slots = self.in_flight;
        let all = (0_u32..).zip(work.tasks.iter()).map(|(index, task)| async move {
            Lane::new(index % slots, work.run, work.stop.clone()).run_async(index, task).await
        });
        self.runtime.block_on(join_all(all))
    }

    fn close(self: Box<Self>) -> Result<(), CloseError> {
        Ok(())
    }
}

/// Checks the strategy.
pub fn main() -> ExitCode {
    makespan::exercise::main("async_fetcher", &AsyncFetcher)
}
