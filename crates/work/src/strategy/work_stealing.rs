//! N threads with a deque each; who runs dry steals from another's. This is rayon, as its users know it.
//!
//! **Wins** on tasks that compute, above all when they are uneven or split into more tasks as they go: there is no one
//! queue to stand in line for, and a thread mostly talks to itself.
//!
//! **Loses** on tasks that wait. A thread that waits for a server can't steal, so N threads are N requests in flight,
//! as with plain threads, and everybody expects rayon to know better.
//!
//! **Try**: the order in which tasks start, beside that of `threads`. Where does each thread begin?

use super::{CloseError, Env, Pool, StartError, Strategy, Work};
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

    fn refuses(&self, deal: Schedule, _: &[Task]) -> Option<String> {
        (deal != Schedule::OneByOne).then(|| format!("rayon deals by stealing; `{deal}` can't be asked of it"))
    }

    fn start(&self, shape: WorkerLayout, _: &Env) -> Result<Box<dyn Pool>, StartError> {
        let mut threads = Vec::new();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(shape.workers().get() as usize)
            // Spawned by us and not by rayon, because dropping rayon's pool only asks its threads to end: to know that
            // they have, somebody must hold their handles.
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
            // At most one task to a piece: rayon would otherwise stop splitting early, and a thief would find nothing.
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
    // Always inside the pool, so there is an index; 0 stands in for the impossible.
    let worker = rayon::current_thread_index().unwrap_or(0) as u32;
    Lane::new(worker, work.run, work.stop.clone()).run(index, task)
}
