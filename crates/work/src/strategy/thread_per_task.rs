//! A thread for each task, all at once.
//!
//! **Wins** in its simplicity when there are few tasks and they wait: every request is on its way at once, and the whole
//! takes as long as the slowest. No pool, no queue, nothing to size.
//!
//! **Loses** as soon as there are many. A thread keeps a stack, so some hundreds or thousands of them are where the
//! system says no: then the tasks that have no thread are lost, where a pool of fifty would have done them all. And a
//! short task doesn't earn back what its thread costs to start.
//!
//! **Try**: `makespan run url_crawl --variant crowd`. The threads may take so little room there that some can't be
//! started. Which tasks fail, and what does the pool of fifty make of the same work?

use super::{CloseError, Env, Pool, StartError, Strategy, Work};
use crate::{
    task::{Task, TaskError},
    worker::{
        lane::{Done, Lane},
        layout::WorkerLayout,
        task_queue::Schedule,
    },
};
use std::{
    num::NonZeroU32,
    thread::{self, Builder},
};

/// A thread for each task.
#[derive(Debug)]
pub struct ThreadPerTask;

struct NoPool;

impl Strategy for ThreadPerTask {
    fn name(&self) -> &'static str {
        "thread_per_task"
    }

    fn summary(&self) -> &'static str {
        "a thread for each task, all at once"
    }

    fn max_workers(&self) -> u32 {
        u32::MAX
    }

    fn layout(&self, _: WorkerLayout, tasks: u32) -> Option<WorkerLayout> {
        Some(NonZeroU32::new(tasks).unwrap_or(NonZeroU32::MIN).into())
    }

    fn refuses(&self, deal: Schedule, _: &[Task]) -> Option<String> {
        (deal != Schedule::OneByOne)
            .then(|| format!("each task has a thread of its own: `{deal}` can't be asked of it"))
    }

    fn start(&self, _: WorkerLayout, _: &Env) -> Result<Box<dyn Pool>, StartError> {
        // There is nobody to start yet: the threads come with the tasks, and their cost is part of the run.
        Ok(Box::new(NoPool))
    }
}

impl Pool for NoPool {
    fn run(&mut self, work: &Work) -> Vec<Done> {
        // The scope joins every thread before it ends, so threads may borrow the work.
        thread::scope(|scope| {
            let (mut threads, mut refused) = (Vec::new(), None);
            for (index, task) in (0_u32..).zip(work.tasks.iter()) {
                let do_it = move || Lane::new(index, work.run, work.stop.clone()).run(index, task);
                match Builder::new().spawn_scoped(scope, do_it) {
                    Ok(thread) => threads.push(thread),
                    Err(error) => {
                        // One refusal is enough: the next would only take room from the threads that stand.
                        refused = Some((index, error.to_string()));
                        break;
                    }
                }
            }
            // A thread that is lost altogether is missing here, and is reported as such.
            let mut done: Vec<Done> = threads.into_iter().filter_map(|thread| thread.join().ok()).collect();
            if let Some((first, message)) = refused {
                let error = TaskError::NoThread { number: first + 1, message };
                let without = |index| Done { index, result: Err(error.clone()), spans: Vec::new() };
                done.extend((first..work.tasks.len() as u32).map(without));
            }
            done
        })
    }

    fn close(self: Box<Self>) -> Result<(), CloseError> {
        Ok(())
    }
}
