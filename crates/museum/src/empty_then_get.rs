//! Two workers see the last item in a queue. Both try to take it, and one of them waits for ever.

use super::{
    Exhibit, ExhibitError, Figures, SideShown, Sides,
    props::{
        count, crew,
        queue::{AtRest, JoinableQueue},
    },
};
use std::{io, sync::Barrier};
use work::{
    strategy::Env,
    worker::task_queue::{Schedule, TaskQueue},
};

const WORKERS: u32 = 2;
/// Fewer than workers: a queue that is nearly done.
const ITEMS: u32 = 1;

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "empty_then_get",
    title: "a worker that waits for an item that another worker has taken",
    document: "Its workers ask whether the queue is empty, and if it isn't, they wait for an item. Between the \
               question and the wait another worker can take the last one. The threads are daemons of a web server: \
               each one caught this way stays until the server ends.",
    here: "One item is left for two workers, which meet between the question and the wait, so both have seen the item \
           before either takes it. This forces the unlucky order. The exhibit proves that one waits for ever, and \
           releases it.",
    right_way: "A queue whose sending end is closed before the first worker reads from it. Checking and taking are one \
                step, which returns the next item, or reports that there will never be one.",
    lesson: "What was true when you checked may be false when you act. Make the check and the action one step, and let \
             empty mean closed.",
    python: Some("empty_then_get"),
    run: exhibit,
};

fn exhibit(_: &Env) -> Result<Sides, ExhibitError> {
    let (done, rest) = as_published()?;
    let bug = SideShown {
        holds: (done, rest) == (ITEMS, AtRest { unfinished: 0, waiting: 1, gone: 1 }),
        verdict: format!(
            "{} of {WORKERS} workers waits for ever: {done} of {} done, none queued, {} ended, and nobody left to \
             add one",
            rest.waiting,
            count(ITEMS, "item"),
            count(rest.gone as u64, "worker"),
        ),
        figures: figures(done, rest.waiting),
    };
    let (done, waiting) = closed_first()?;
    let right = SideShown {
        holds: (done, waiting) == (ITEMS, 0),
        verdict: format!(
            "{waiting} of {WORKERS} workers wait: {done} of {} done, and {} ended",
            count(ITEMS, "item"),
            count((WORKERS as usize - waiting) as u64, "worker"),
        ),
        figures: figures(done, waiting),
    };
    Ok(Sides { bug, right })
}

/// Returns how many items were done, and the queue's state at rest.
fn as_published() -> io::Result<(u32, AtRest)> {
    let (queue, both_have_asked) = (JoinableQueue::of(0..ITEMS, WORKERS), Barrier::new(WORKERS as usize));
    let work = |_| {
        let (worker, mut done, mut first_look) = (queue.worker(), 0, true);
        while !queue.is_empty() {
            if std::mem::take(&mut first_look) {
                both_have_asked.wait();
            }
            if worker.get().is_none() {
                // Released by the exhibit. The document's worker would wait for ever.
                return done;
            }
            done += 1;
            worker.task_done();
        }
        done
    };
    let prove = || {
        let _shutter = queue.shut_when_dropped();
        queue.rest()
    };
    let (done, rest) = crew(WORKERS, work, prove)?;
    Ok((done.iter().sum(), rest))
}

/// The same two workers on a task queue, which is a queue closed beforehand. Returns how many items were done and how
/// many workers have not ended: none, since `crew` returns only when all have.
fn closed_first() -> io::Result<(u32, usize)> {
    let (queue, both_are_there) =
        (TaskQueue::of(Schedule::OneByOne, &[""; ITEMS as usize], WORKERS), Barrier::new(WORKERS as usize));
    let work = |worker| {
        both_are_there.wait();
        let mut done = 0;
        while queue.next(worker).is_some() {
            done += 1;
        }
        done
    };
    let (done, ()) = crew(WORKERS, work, || ())?;
    Ok((done.iter().sum(), WORKERS as usize - done.len()))
}

fn figures(done: u32, waiting: usize) -> Figures {
    super::figures([("items", ITEMS.into()), ("done", done.into()), ("workers_waiting_for_ever", waiting as u64)])
}
