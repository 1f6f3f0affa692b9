//! N threads that take tasks from one queue, under an interpreter lock that only one thread holds at a time: what
//! `threads` would be in CPython.
//!
//! **Wins** on tasks that wait, like any threads: a waiting thread releases the lock, and another sends its request.
//! Also on tasks that compute in a library that releases the lock while it works.
//!
//! **Loses** on every other task that computes. N threads take turns and are no faster than one, and each hand-over of
//! the lock costs a little. It loses most when both kinds mix: after each wait, a thread needs the lock back, and if
//! another thread is computing, that takes a whole switch interval (the convoy effect).
//!
//! **Try**: `makespan run gunzip --strategy threads,gil_threads --workers 2`, then the same with `--variant releasing`:
//! one change in the library, and the opposite result. Then prime sums with `--switch-interval 0.1`: what does a
//! shorter interval cost, and which work would it help?

use super::{
    Env, Pool, StartError, Strategy,
    threads::{RunTicket, ThreadPool},
};
use crate::presentation::{Marker, Phrase, Presentation};
use crate::worker::{gil::Gil, layout::WorkerLayout, under_lock::UnderLock};
use std::sync::Arc;

/// N threads, one queue and one lock.
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

    fn presentation(&self) -> Presentation {
        Presentation {
            label: "GIL threads",
            worker: ("thread", "threads"),
            phrase: Phrase::Counted("thread under the interpreter lock", "threads under the interpreter lock"),
            tones: ["#22262e", "#22262e", "#e6e8ec"],
            marker: Marker::Cross,
            dash: "5 3",
            most_in_class: 64,
            parallel: false,
        }
    }

    fn start(&self, shape: WorkerLayout, env: &Env) -> Result<Box<dyn Pool>, StartError> {
        // One lock for all, which lives as long as the last thread: a lock per thread would exclude nobody.
        let gil = Arc::new(Gil::new(env.switch_interval));
        let work_through = move |worker, shift: &RunTicket| {
            // Held from task to task. Dropped when the run is over, or by a panic, which releases the lock.
            let mut holder = gil.holder(worker, &shift.work.stop);
            shift.work_through(worker, |lane, index, task| {
                lane.run_with(index, |lane| UnderLock::run(&mut holder, lane, task))
            });
        };
        Ok(Box::new(ThreadPool::start(shape, work_through)?))
    }
}
