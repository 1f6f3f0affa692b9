//! N threads with a deque each; an idle thread steals from another's. This is how rayon schedules tasks.
//!
//! **Wins** on tasks that compute, above all when they are uneven or spawn further tasks: there is no single queue to
//! contend for, and a thread mostly uses its own.
//!
//! **Loses** on tasks that wait. A thread that waits for a server can't steal, so N threads mean N requests in flight,
//! as with plain threads, although many expect more of rayon.
//!
//! **Try**: compare the order in which tasks start with that of `threads`. Where does each thread begin?
//!
//! It starts and joins rayon's threads itself: dropping a rayon pool asks them to end, but doesn't wait for them.

use super::{CloseError, Env, Pool, StartError, Strategy, Work};
use crate::presentation::{Marker, Phrase, Presentation};
use crate::{
    task::Task,
    worker::{
        lane::{Done, Lane},
        layout::WorkerLayout,
        task_queue::Schedule,
    },
};
use rayon::prelude::*;
use std::thread::{Builder, JoinHandle};

/// A rayon pool of N threads.
#[derive(Debug)]
pub struct WorkStealing;

struct Thieves {
    pool: rayon::ThreadPool,
    threads: Vec<JoinHandle<()>>,
}

impl Strategy for WorkStealing {
    fn name(&self) -> &'static str {
        "work_stealing"
    }

    fn summary(&self) -> &'static str {
        "a rayon pool of N threads: idle ones steal"
    }

    fn max_workers(&self) -> u32 {
        1024
    }

    fn presentation(&self) -> Presentation {
        Presentation {
            label: "work stealing",
            worker: ("thread", "threads"),
            phrase: Phrase::Counted("work-stealing thread", "work-stealing threads"),
            tones: ["#b8568c", "#a3457a", "#d98cb8"],
            marker: Marker::Diamond,
            dash: "10 4",
            most_in_class: 64,
            parallel: true,
        }
    }

    fn refuses(&self, schedule: Schedule, tasks: &[Task]) -> Option<String> {
        if schedule != Schedule::OneByOne {
            return Some(format!("rayon schedules by work stealing: `{schedule}` does not apply"));
        }
        let arrivals = tasks.iter().any(|task| task.due_ns().is_some());
        arrivals.then(|| "rayon runs tasks in its own order, not as they become due".into())
    }

    fn start(&self, shape: WorkerLayout, _: &Env) -> Result<Box<dyn Pool>, StartError> {
        let mut threads = Vec::new();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(shape.workers().get() as usize)
            // We spawn the threads, because dropping rayon's pool only asks its threads to end: to know that they have
            // ended, we must hold their handles.
            .spawn_handler(|thread| {
                let name = format!("worker {}", thread.index());
                threads.push(Builder::new().name(name).spawn(|| thread.run())?);
                Ok(())
            })
            .build();
        match pool {
            Ok(pool) => Ok(Box::new(Thieves { pool, threads })),
            Err(refused) => {
                Err(StartError::Thread { number: threads.len() as u32 + 1, source: std::io::Error::other(refused) })
            }
        }
    }
}

impl Pool for Thieves {
    fn run(&mut self, work: &Work) -> Vec<Done> {
        self.pool.install(|| {
            let tasks = work.tasks.par_iter().enumerate();
            // At most one task per piece: rayon would otherwise stop splitting early, and a thief would find nothing.
            tasks.with_max_len(1).map(|(index, task)| run_here(work, index as u32, task)).collect()
        })
    }

    fn close(self: Box<Self>) -> Result<(), CloseError> {
        drop(self.pool);
        let ended: Vec<bool> = self.threads.into_iter().map(|thread| thread.join().is_ok()).collect();
        ended.iter().position(|ok| !ok).map_or(Ok(()), |worker| Err(CloseError::Panicked(worker as u32)))
    }
}

fn run_here(work: &Work, index: u32, task: &Task) -> Done {
    // Always inside the pool, so there is an index; the 0 is never used.
    let worker = rayon::current_thread_index().unwrap_or(0) as u32;
    Lane::new(worker, work.run, work.stop.clone()).run(index, task)
}
