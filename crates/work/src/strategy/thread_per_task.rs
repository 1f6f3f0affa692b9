//! A thread for each task, all at once.
//!
//! **Wins** by its simplicity when there are few tasks and they wait: all requests are in flight at once, and the run
//! takes as long as the slowest one. No pool, no queue, no size to choose.
//!
//! **Loses** when there are many tasks. Each thread needs a stack, so after hundreds or thousands of threads the system
//! refuses more: the tasks without a thread are lost, where a pool of fifty would have done them all. And a short task
//! isn't worth the cost of starting a thread.
//!
//! **Try**: `makespan run url_crawl --variant crowd`. Its address space is limited, so some threads may not start.
//! Which tasks fail, and what does the pool of fifty achieve with the same work?

use super::{CloseError, Env, Pool, StartError, Strategy, Work};
use crate::presentation::{Marker, Phrase, Presentation};
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

    fn presentation(&self) -> Presentation {
        Presentation {
            label: "thread per task",
            worker: ("thread", "threads"),
            phrase: Phrase::Fixed("a thread for each task"),
            tones: ["#3a94c8", "#1d6f9f", "#7cc8f2"],
            marker: Marker::Pentagon,
            dash: "1 5",
            most_in_class: 1000,
            parallel: true,
        }
    }

    fn layout(&self, _: WorkerLayout, tasks: u32) -> Option<WorkerLayout> {
        Some(NonZeroU32::new(tasks).unwrap_or(NonZeroU32::MIN).into())
    }

    fn refuses(&self, schedule: Schedule, _: &[Task]) -> Option<String> {
        (schedule != Schedule::OneByOne)
            .then(|| format!("each task has a thread of its own: the schedule `{schedule}` does not apply"))
    }

    fn start(&self, _: WorkerLayout, _: &Env) -> Result<Box<dyn Pool>, StartError> {
        // Nothing to start yet: the run starts the threads, and their cost is part of it.
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
                        // One refusal is enough: more tries would only take memory from running threads.
                        refused = Some((index, error.to_string()));
                        break;
                    }
                }
            }
            // A thread that died is missing here, and its task is reported as missing.
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
