//! N threads that take tasks from one deck, and an interpreter lock of which only one thread at a time has hold: what
//! `threads` is in CPython.
//!
//! **Wins** on tasks that wait, like any threads: whoever waits gives the lock back, and another asks meanwhile. And on
//! tasks that compute inside a library which gives the lock back while it works.
//!
//! **Loses** on every other task that computes. N threads take turns and are no faster than one, and handing the lock over
//! costs a little besides. It loses most where both kinds meet: after each wait, a thread needs the lock again, and while
//! another one computes, that takes a whole switch interval (the convoy effect).
//!
//! **Try**: `makespan run gunzip --strategy threads,gil_threads --workers 2`, then the same with `--variant releasing`: one
//! word in the library, and the opposite result. Then prime sums with `--switch-interval 0.1`: what does a shorter
//! interval cost, and whom would it help?

use super::{
    Env, Pool, StartError, Strategy,
    threads::{RunTicket, ThreadPool},
};
use crate::worker::{gil::Gil, layout::WorkerLayout, under_lock::UnderLock};
use std::sync::Arc;

/// N threads, one deck and one lock.
#[derive(Debug)]
pub struct GilThreads;

impl Strategy for GilThreads {
    fn name(&self) -> &'static str {
        "gil_threads"
    }

    fn summary(&self) -> &'static str {
        "N threads under a simulated interpreter lock, as in CPython"
    }

    fn max_workers(&self) -> u32 {
        4096
    }

    fn start(&self, shape: WorkerLayout, env: &Env) -> Result<Box<dyn Pool>, StartError> {
        // One for all, and it lives as long as the last thread: a lock that each thread had for itself would lock nobody out.
        let gil = Arc::new(Gil::new(env.switch_interval));
        let work_through = move |worker, shift: &RunTicket| {
            // Held from task to task. When the shift is over, or breaks off, it goes, and gives the lock back.
            let mut holder = gil.holder(worker, &shift.work.stop);
            shift.work_through(worker, |lane, index, task| {
                lane.run_with(index, |lane| UnderLock::run(&mut holder, lane, task))
            });
        };
        Ok(Box::new(ThreadPool::start(shape, work_through)?))
    }
}
