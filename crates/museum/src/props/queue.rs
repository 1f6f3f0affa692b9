//! A queue like Python's `queue.Queue`: `get` waits for an item, `task_done` decrements the count of unfinished items,
//! `join` waits for zero.
//!
//! In addition, it knows its workers, so it can *prove* that a wait will never end: when nothing is queued and every
//! worker has either ended or is itself waiting for an item, nothing will ever change again. That needs no timeout, so
//! a slow machine can't make it wrong. And it can be shut, which releases the waiting workers.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

/// A queue that counts its unfinished items.
#[derive(Debug)]
pub struct JoinableQueue<T> {
    state: Mutex<StaffedQueueState<T>>,
    /// One condition variable for everything: each woken thread checks its own condition.
    changed: Condvar,
}

#[derive(Debug)]
struct StaffedQueueState<T> {
    items: VecDeque<T>,
    unfinished: usize,
    /// Workers that have not ended, waiting ones included.
    present: usize,
    waiting: usize,
    gone: usize,
    shut: bool,
}

/// A queue whose state can't change any more: there is nothing that a worker could take, and no worker is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtRest {
    /// Items not reported as done.
    pub unfinished: usize,
    /// Workers waiting for an item that will never come.
    pub waiting: usize,
    /// Workers that have ended.
    pub gone: usize,
}

impl<T> JoinableQueue<T> {
    /// A queue of these items for this many workers, all of which must start.
    pub fn of(items: impl IntoIterator<Item = T>, workers: u32) -> Self {
        let items: VecDeque<T> = items.into_iter().collect();
        let (unfinished, present) = (items.len(), workers as usize);
        let state = StaffedQueueState { items, unfinished, present, waiting: 0, gone: 0, shut: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// One of the workers. Dropping it means that the worker ends, for whatever reason.
    pub fn worker(&self) -> Worker<'_, T> {
        Worker(self)
    }

    /// Whether nothing is queued at this moment. The next moment may differ, which is one exhibit's subject.
    pub fn is_empty(&self) -> bool {
        self.lock().items.is_empty()
    }

    /// Waits until every item is reported as done. Unlike Python's `join`, it notices when it would wait for ever.
    pub fn join(&self) -> Result<(), AtRest> {
        let over = |state: &StaffedQueueState<T>| state.unfinished == 0 || state.is_at_rest();
        let state = self.wait_until(over);
        if state.unfinished == 0 { Ok(()) } else { Err(state.at_rest()) }
    }

    /// Waits until the queue's state can't change any more.
    pub fn rest(&self) -> AtRest {
        self.wait_until(StaffedQueueState::is_at_rest).at_rest()
    }

    /// Releases all threads that wait in `get` when the guard is dropped, so that an exhibit leaves nothing behind.
    /// Python has this since 3.13, as `shutdown`.
    pub fn shut_when_dropped(&self) -> Shutter<'_, T> {
        Shutter(self)
    }

    fn task_done(&self) {
        self.change(|state| state.unfinished = state.unfinished.saturating_sub(1));
    }

    fn lock(&self) -> MutexGuard<'_, StaffedQueueState<T>> {
        // The counters are consistent at every step, so a panic elsewhere leaves nothing half-done here.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut StaffedQueueState<T>)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn wait_until(&self, over: impl Fn(&StaffedQueueState<T>) -> bool) -> MutexGuard<'_, StaffedQueueState<T>> {
        let waiting = self.changed.wait_while(self.lock(), |state| !over(state));
        waiting.unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> StaffedQueueState<T> {
    /// If an item is queued, a worker counted as waiting is about to wake up; without workers, the item stays for ever.
    fn is_at_rest(&self) -> bool {
        self.waiting == self.present && (self.items.is_empty() || self.present == 0)
    }

    fn at_rest(&self) -> AtRest {
        AtRest { unfinished: self.unfinished, waiting: self.waiting, gone: self.gone }
    }
}

/// A worker of a queue.
#[derive(Debug)]
pub struct Worker<'a, T>(&'a JoinableQueue<T>);

impl<T> Worker<'_, T> {
    /// Waits for the next item, possibly for ever. `None` only if the queue was shut.
    pub fn get(&self) -> Option<T> {
        self.0.change(|state| state.waiting += 1);
        let mut state = self.0.wait_until(|state| state.shut || !state.items.is_empty());
        state.waiting -= 1;
        state.items.pop_front()
    }

    /// Reports one item as done.
    pub fn task_done(&self) {
        self.0.task_done();
    }

    /// Reports one item as done when the guard is dropped, like `finally` in Python.
    pub fn done_when_dropped(&self) -> DoneLater<'_, T> {
        DoneLater(self.0)
    }
}

impl<T> Drop for Worker<'_, T> {
    fn drop(&mut self) {
        self.0.change(|state| {
            state.present = state.present.saturating_sub(1);
            state.gone += 1;
        });
    }
}

/// Reports an item as done on drop.
#[derive(Debug)]
#[must_use = "the item is reported as done as soon as this is dropped"]
pub struct DoneLater<'a, T>(&'a JoinableQueue<T>);

impl<T> Drop for DoneLater<'_, T> {
    fn drop(&mut self) {
        self.0.task_done();
    }
}

/// Shuts the queue on drop.
#[derive(Debug)]
#[must_use = "the queue is shut as soon as this is dropped"]
pub struct Shutter<'a, T>(&'a JoinableQueue<T>);

impl<T> Drop for Shutter<'_, T> {
    fn drop(&mut self) {
        self.0.change(|state| state.shut = true);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::crew, *};
    use proptest::prelude::*;

    /// Workers take the items; a worker that gets one of `bad` ends without reporting it.
    fn worked(items: u32, bad: &[u32], workers: u32) -> Result<(), AtRest> {
        let queue = JoinableQueue::of(0..items, workers);
        let work = |_| {
            let worker = queue.worker();
            while let Some(item) = worker.get() {
                if bad.contains(&item) {
                    return;
                }
                worker.task_done();
            }
        };
        let curate = || {
            let _shutter = queue.shut_when_dropped();
            queue.join()
        };
        crew(workers, work, curate).unwrap().1
    }

    #[test]
    fn as_many_failures_as_workers_leave_items_that_nobody_takes() {
        assert_eq!(worked(5, &[0, 1], 2), Err(AtRest { unfinished: 5, waiting: 0, gone: 2 }));
    }

    #[test]
    fn an_item_is_done_when_its_guard_goes() {
        let queue = JoinableQueue::of(["one"], 1);
        let worker = queue.worker();
        assert!(!queue.is_empty());
        assert_eq!(worker.get(), Some("one"));
        drop(worker.done_when_dropped());
        assert_eq!((queue.join(), queue.is_empty()), (Ok(()), true));
        drop(worker);
        assert_eq!(queue.rest(), AtRest { unfinished: 0, waiting: 0, gone: 1 });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn join_ends_when_all_is_done_and_says_so_when_it_never_will_be(items in 0_u32..40, bad in 0_u32..4, workers in 1_u32..6) {
            let bad: Vec<u32> = (0..bad.min(items)).collect();
            let ending = worked(items, &bad, workers);
            match (bad.len(), workers as usize) {
                (0, _) => prop_assert_eq!(ending, Ok(())),
                (lost, workers) if lost < workers => {
                    prop_assert_eq!(ending, Err(AtRest { unfinished: lost, waiting: workers - lost, gone: lost }));
                }
                // The bad items come first, so no worker is left for the others.
                (_, workers) => prop_assert_eq!(ending, Err(AtRest { unfinished: items as usize, waiting: 0, gone: workers })),
            }
        }
    }
}
