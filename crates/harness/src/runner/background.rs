//! A pool that computes beside a cell, from before its run until after it, in a process of its own.

use super::{
    cell::CellError,
    child::{ChildProcess, Conversation},
    next_run,
    order::RunOrder,
};
use crate::scenario::Background;
use std::{iter, sync::Arc, time::Duration};
use work::{
    strategy::{Env, QueueSettings},
    task::{
        Task,
        prime_sum::{Method, PrimeSum},
    },
    worker::task_queue::Schedule,
};

/// More jobs than any run outlasts: a pool that has done all of them stops computing, and the run doesn't count.
const JOBS: usize = 1_000;

/// A pool at work. Dropping it ends it.
pub(super) struct BackgroundPool {
    conversation: Conversation,
    // Dropped last: its pipes tell its workers to end.
    _child: ChildProcess,
}

impl BackgroundPool {
    /// Starts the pool, and returns when its workers are about to take their first jobs.
    pub(super) fn start(background: &Background, env: &Env) -> Result<Self, CellError> {
        let job = Task::PrimeSum(PrimeSum { from: 0, below: background.below, by: Method::TrialDivision });
        let order = RunOrder {
            run: next_run(0),
            cell: 0,
            warm_up: None,
            strategy: background.strategy.clone(),
            shape: background.workers,
            schedule: Schedule::OneByOne,
            deadline: Duration::from_hours(1),
            // A queue of its own, whichever the cells use.
            env: Env { queue: QueueSettings::default(), ..env.clone() },
            server: None,
            is_probe: false,
            cores: Some(background.cores),
            prologue: Vec::new(),
            tasks: iter::repeat_n(job, JOBS).collect::<Arc<[Task]>>(),
            due_ns: Vec::new(),
        };
        let mut child = ChildProcess::unwatched(&env.program)?;
        let conversation = child.begin(&order, &env.interrupted)?;
        Ok(Self { conversation, _child: child })
    }

    /// An error if it had stopped computing before the run beside it ended.
    pub(super) fn check(&self) -> Result<(), CellError> {
        if self.conversation.has_news() {
            return Err(CellError::Child("the pool in the background ended before the run did".into()));
        }
        Ok(())
    }
}
