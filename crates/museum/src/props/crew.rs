//! Workers for an exhibit: bare threads for the document's way, and a strategy's pool for the right one.

use super::super::ExhibitError;
use crossbeam::channel::bounded;
use std::{
    io,
    num::NonZeroU32,
    thread::{self, Builder},
    time::Duration,
};
use work::{
    strategy::{Env, Strategy, Work},
    task::Task,
    worker::{lane::Done, stop::Stop, task_queue::Schedule},
};

/// Does `work` on this many threads, numbered from 0, and `meanwhile` on this one. Returns all results when all have
/// ended. No thread begins before all have started: if the system refuses one, the others end without working, so none
/// can wait for a missing one.
pub fn crew<T: Send, M>(
    count: u32,
    work: impl Fn(u32) -> T + Sync,
    meanwhile: impl FnOnce() -> M,
) -> io::Result<(Vec<T>, M)> {
    let work = &work;
    thread::scope(|scope| {
        let (open, gate) = bounded(count as usize);
        let start = |number| {
            let gate = gate.clone();
            Builder::new().spawn_scoped(scope, move || gate.recv().ok().map(|()| work(number)))
        };
        let threads = (0..count).map(start).collect::<io::Result<Vec<_>>>()?;
        for _ in 0..count {
            // Can't fail: the channel has room for all, and we hold its other end too.
            let _ = open.send(());
        }
        let seen = meanwhile();
        // A worker's result is missing only if its code panicked.
        let made = threads.into_iter().map(|thread| thread.join().ok().flatten());
        let made: Option<Vec<T>> = made.collect();
        Ok((made.ok_or_else(|| io::Error::other("a worker panicked"))?, seen))
    })
}

/// Runs the tasks through a strategy, scheduled one by one, with a deadline for the whole run. Returns them in order.
pub fn run(
    strategy: &dyn Strategy,
    workers: u32,
    env: &Env,
    run: u64,
    tasks: &[Task],
    limit: Duration,
) -> Result<Vec<Done>, ExhibitError> {
    let workers = NonZeroU32::new(workers).unwrap_or(NonZeroU32::MIN);
    let mut pool = strategy.start(workers.into(), env)?;
    let work = Work::new(run, tasks, Schedule::OneByOne, Stop::after(limit));
    let watchdog = work.stop.watchdog()?;
    let done = work.settle(pool.run(&work));
    drop(watchdog);
    pool.close()?;
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn all_work_at_once_and_what_they_made_comes_in_their_order() {
        let together = Barrier::new(4);
        let work = |number| (number * 10, together.wait().is_leader());
        let (made, seen) = crew(3, work, || together.wait().is_leader()).unwrap();
        let (numbers, leaders): (Vec<u32>, Vec<bool>) = made.into_iter().unzip();
        assert_eq!(numbers, [0, 10, 20]);
        assert_eq!(leaders.into_iter().chain([seen]).filter(|leads| *leads).count(), 1, "all four have met");
    }
}
