//! An event loop that hands work which would block it to threads of its own: what computes, and what waits without an
//! `await`.
//!
//! **Wins** where both kinds meet: thousands of waits on the one thread, and the few tasks that compute on others, so
//! that no request waits behind a calculation.
//!
//! **Loses** a little everywhere else: on waits alone it is `async`, on calculations alone it is `threads` with an event
//! loop in between, and each hand-over there and back costs some microseconds.
//!
//! **Try**: prime sums with `async` and with `async_offload` on two workers, and look at the timelines. Then `makespan run
//! many_in_flight --variant blocking`: a client that knows nothing of event loops.

use super::{CloseError, Env, Pool, StartError, Strategy, Work, r#async::catch_up};
use crate::{
    task::TaskError,
    worker::{
        deck::Deck,
        lane::{Done, Lane, panic_message},
        shape::Shape,
    },
};
use futures_util::future::join_all;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};

/// An event loop, and N threads for what would block it.
#[derive(Debug)]
pub struct AsyncOffload;

struct OffloadingLoop {
    runtime: Runtime,
    in_flight: u32,
}

impl Strategy for AsyncOffload {
    fn name(&self) -> &'static str {
        "async_offload"
    }

    fn summary(&self) -> &'static str {
        "an event loop that hands computing to N threads"
    }

    fn max_workers(&self) -> u32 {
        1024
    }

    fn start(&self, shape: Shape, _: &Env) -> Result<Box<dyn Pool>, StartError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            // tokio's own limit is 512, which on two cores would only add to the queue for them.
            .max_blocking_threads(shape.workers().get() as usize)
            .build()
            .map_err(StartError::EventLoop)?;
        Ok(Box::new(OffloadingLoop { runtime, in_flight: shape.workers().get() }))
    }
}

impl Pool for OffloadingLoop {
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
        // Dropping the runtime waits for its threads.
        Ok(())
    }
}

async fn work_through(slot: u32, work: &Work, deck: &Deck) -> Vec<Done> {
    let mut done = Vec::new();
    while let Some(hand) = deck.next(slot) {
        for index in hand {
            let mut lane = Lane::new(slot, work.run, work.stop.clone());
            done.push(if work.tasks[index as usize].blocks() {
                offload(lane, index, Arc::clone(&work.tasks)).await
            } else {
                lane.run_async(index, &work.tasks[index as usize]).await
            });
        }
    }
    done
}

/// Runs one task on a thread of the runtime's own, and lets the loop go on until it is done.
async fn offload(mut lane: Lane, index: u32, tasks: Arc<[crate::task::Task]>) -> Done {
    let handed_over = tokio::task::spawn_blocking(move || lane.run(index, &tasks[index as usize])).await;
    handed_over.unwrap_or_else(|lost| {
        let message = lost.try_into_panic().map_or_else(|lost| lost.to_string(), |panic| panic_message(&*panic));
        Done { index, result: Err(TaskError::Panicked(message)), spans: Vec::new() }
    })
}
