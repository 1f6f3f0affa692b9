//! A queue like Python's `queue.Queue`: `get` waits for an item, `task_done` counts one off, `join` waits for the count to
//! reach zero.
//!
//! It has one thing more, for the museum's sake: it knows its workers, and so it can *prove* that a wait will never end.
//! When nothing is queued and every worker has either gone or waits for an item itself, nothing will ever change again.
//! That needs no time limit, so it is never wrong about a slow machine. And it can be shut, which lets the waiting go.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

/// A queue that counts what was taken and not yet reported as done.
#[derive(Debug)]
pub struct JoinableQueue<T> {
    state: Mutex<StaffedQueueState<T>>,
    /// One for everything: whoever is woken looks whether it was meant.
    changed: Condvar,
}

#[derive(Debug)]
struct StaffedQueueState<T> {
    items: VecDeque<T>,
    unfinished: usize,
    /// Workers that are still there, those that wait included.
    present: usize,
    waiting: usize,
    gone: usize,
    shut: bool,
}

/// A queue that nothing can happen to any more: nothing is queued that somebody could take, and nobody works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtRest {
    /// Items that nobody has reported as done.
    pub unfinished: usize,
    /// Workers that wait for an item which will never come.
    pub waiting: usize,
    /// Workers that have gone home.
    pub gone: usize,
}

impl<T> JoinableQueue<T> {
    /// A queue of these items for this many workers, all of which will come.
    pub fn of(items: impl IntoIterator<Item = T>, workers: u32) -> Self {
        let items: VecDeque<T> = items.into_iter().collect();
        let (unfinished, present) = (items.len(), workers as usize);
        let state = StaffedQueueState { items, unfinished, present, waiting: 0, gone: 0, shut: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// One of the workers. Dropping it means that the worker goes home, however that comes about.
    pub fn worker(&self) -> Worker<'_, T> {
        Worker(self)
    }

    /// Whether nothing is queued at this moment. It says nothing about the next moment, which is one exhibit's subject.
    pub fn is_empty(&self) -> bool {
        self.lock().items.is_empty()
    }

    /// Waits until every item was reported as done. Python's `join` does no more; this one notices when it would wait for
    /// ever.
    pub fn join(&self) -> Result<(), AtRest> {
        let over = |state: &StaffedQueueState<T>| state.unfinished == 0 || state.is_at_rest();
        let state = self.wait_until(over);
        if state.unfinished == 0 { Ok(()) } else { Err(state.at_rest()) }
    }

    /// Waits until nothing can happen any more.
    pub fn rest(&self) -> AtRest {
        self.wait_until(StaffedQueueState::is_at_rest).at_rest()
    }

    /// Lets everyone go who waits in `get`, when this is dropped: nothing of an exhibit is left behind, whatever happens
    /// in it. Python has no such thing before 3.13, where it is called `shutdown`.
    pub fn shut_when_dropped(&self) -> Shutter<'_, T> {
        Shutter(self)
    }

    fn task_done(&self) {
        self.change(|state| state.unfinished = state.unfinished.saturating_sub(1));
    }

    fn lock(&self) -> MutexGuard<'_, StaffedQueueState<T>> {
        // Counters are whole at every step, so a panic elsewhere leaves nothing half-done in here.
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
    /// With an item queued, a worker that is counted as waiting is only about to wake up; with no worker, it will lie
    /// there for ever.
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
    /// Waits for the next item, for ever if need be. `None` only when the queue was shut.
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

    /// Reports one item as done when this is dropped: what `finally` is in Python.
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

/// An item that is reported as done when this goes.
#[derive(Debug)]
#[must_use = "the item is reported as done as soon as this is dropped"]
pub struct DoneLater<'a, T>(&'a JoinableQueue<T>);

impl<T> Drop for DoneLater<'_, T> {
    fn drop(&mut self) {
        self.0.task_done();
    }
}

/// Shuts the queue when it goes.
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

    /// So many workers take so many items, and those that get one of `bad` go home without reporting it.
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
                // The bad ones come first, so nobody is left for the others.
                (_, workers) => prop_assert_eq!(ending, Err(AtRest { unfinished: items as usize, waiting: 0, gone: workers })),
            }
        }
    }
}
