//! What a pool is given to run, and how what it returns is put in order.

use super::{
    deck::{Deal, Deck},
    lane::Done,
    stop::Stop,
};
use crate::task::{Task, TaskError};
use std::sync::Arc;

/// What a pool is given to run.
#[derive(Debug, Clone)]
pub struct Work {
    /// The run's number. It goes into the header of every fetch, so that the server's log can be told apart by run.
    pub run: u64,
    /// The tasks. Shared, not copied, by the workers of this process.
    pub tasks: Arc<[Task]>,
    /// How they reach the workers.
    pub deal: Deal,
    /// When to end early.
    pub stop: Stop,
}

impl Work {
    /// The tasks as a deck for this many workers.
    pub fn deck(&self, workers: u32) -> Deck {
        let keys: Vec<&str> = self.tasks.iter().map(Task::key).collect();
        Deck::deal(self.deal, &keys, workers)
    }

    /// Puts what a pool returned into the tasks' order. A task that nobody did has an error that says why.
    pub fn settle(&self, done: Vec<Done>) -> Vec<Done> {
        let missing = || match self.stop.check() {
            Err(stopped) => stopped.into(),
            Ok(()) => TaskError::WorkerDied("no worker was left to take it".into()),
        };
        let mut settled: Vec<Option<Done>> = vec![None; self.tasks.len()];
        for one in done {
            let index = one.index as usize;
            settled[index] = Some(one);
        }
        (0_u32..)
            .zip(settled)
            .map(|(index, done)| done.unwrap_or_else(|| Done { index, result: Err(missing()), spans: Vec::new() }))
            .collect()
    }
}
