//! A deadline that only reading the results would enforce, and nobody reads them.

use super::{
    Exhibit, ExhibitError, SideShown, Sides, figures,
    props::{AMPLE, BUG, RIGHT, Site, crew, run},
};
use crossbeam::channel::{Receiver, unbounded};
use measure::clock::now_ns;
use mock_server::profile::Route;
use std::time::{Duration, Instant};
use work::{
    strategy::{Env, threads::Threads},
    task::{Task, TaskError},
    worker::{
        lane::{Done, Lane},
        stop::Stop,
    },
};

const LIMIT: Duration = Duration::from_millis(50);
/// How many times the limit the slow task takes: so many that even a worker woken late on a busy machine finds no
/// answer yet.
const TIMES: u32 = 8;
/// Of five tasks on one worker, the one that takes longer than the limit. All before it are short, and all after it
/// begin after the deadline: that follows from the order of events, however fast the machine is.
const SLOW: u32 = 2;
const TASKS: u32 = 5;

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "deadline_that_is_not",
    title: "a deadline that nothing enforces",
    document: "Gives map a timeout of 30 s and says that it bounds the whole run. But map returns an iterator, and only \
               reading from it can raise the timeout. The document never reads it, and the end of the with block waits \
               for all the work, however long that takes.",
    here: "Five fetches on one worker under a limit of 50 ms; the third alone takes eight times that. The results come through \
           an iterator that would raise at the deadline, and the program drops it unread.",
    right_way: "The deadline belongs to the run and not to the reader of its results: a watchdog raises a flag that \
                every worker sees, and no fetch may wait longer than the remaining time.",
    lesson: "A timeout works only if something enforces it. For every timeout, ask which code checks it, and what \
             happens to the work in flight.",
    python: Some("map_timeout_unread"),
    run: exhibit,
};

fn exhibit(env: &Env) -> Result<Sides, ExhibitError> {
    let slow = Route { latency_s: (TIMES * LIMIT).as_secs_f64(), ..Route::at("/slow") };
    let site = Site::open(env, vec![Route::at("/short"), slow])?;
    let task = |index| site.fetch(if index == SLOW { "/slow" } else { "/short" });
    let tasks: Vec<Task> = (0..TASKS).map(task).collect();
    Ok(Sides { bug: bug(&tasks)?, right: right(&run(&Threads, 1, env, RIGHT, &tasks, LIMIT)?) })
}

/// Results as they come, until the deadline: what `map` returns in Python. It does nothing unless it is read.
#[derive(Debug)]
#[must_use = "iterators are lazy: only reading checks the deadline"]
struct Results {
    done: Receiver<Done>,
    deadline: Instant,
    looks: u64,
}

impl Iterator for Results {
    type Item = Result<Done, TaskError>;

    fn next(&mut self) -> Option<Self::Item> {
        use crossbeam::channel::RecvTimeoutError::{Disconnected, Timeout};
        self.looks += 1;
        match self.done.recv_deadline(self.deadline) {
            Ok(done) => Some(Ok(done)),
            Err(Timeout) => Some(Err(TaskError::TimedOut)),
            Err(Disconnected) => None,
        }
    }
}

/// One worker does all tasks, whatever `read` does with their results. Returns the tasks' results and `read`'s.
fn mapped<T>(tasks: &[Task], read: impl FnOnce(Results) -> T) -> Result<(Vec<Done>, T), ExhibitError> {
    let (send, done) = unbounded();
    let results = Results { done, deadline: Instant::now() + LIMIT, looks: 0 };
    let worker = |number| {
        // The run has no deadline of its own: only the iterator has one.
        let mut lane = Lane::new(number, BUG, Stop::after(AMPLE));
        let work = |(index, task)| {
            let done = lane.run(index, task);
            // Fails if the iterator was dropped unread, as it is in the document.
            let _ = send.send(done.clone());
            done
        };
        (0..).zip(tasks).map(work).collect::<Vec<_>>()
    };
    let (mut done, seen) = crew(1, worker, || read(results))?;
    Ok((done.pop().unwrap_or_default(), seen))
}

fn bug(tasks: &[Task]) -> Result<SideShown, ExhibitError> {
    let deadline_ns = now_ns() + LIMIT.as_nanos() as u64;
    // As in the document: nobody reads the iterator.
    let (done, looks) = mapped(tasks, |results| results.looks)?;
    let finished = done.iter().filter(|done| done.result.is_ok()).count() as u64;
    let late =
        done.iter().filter(|done| done.spans.first().is_some_and(|run| run.start_ns > deadline_ns)).count() as u64;
    Ok(SideShown {
        holds: finished == u64::from(TASKS) && late >= u64::from(TASKS - SLOW - 1) && looks == 0,
        verdict: format!(
            "the deadline was checked {looks} times: {late} of {TASKS} tasks started after it had passed, and \
             {finished} were finished"
        ),
        figures: figures([("finished", finished), ("begun_after_the_deadline", late), ("looks", looks)]),
    })
}

fn right(done: &[Done]) -> SideShown {
    let finished = done.iter().filter(|done| done.result.is_ok()).count() as u64;
    let timed_out = |done: &&Done| done.result == Err(TaskError::TimedOut);
    let late = done.iter().filter(timed_out).count() as u64;
    SideShown {
        holds: done.len() == TASKS as usize
            && finished + late == u64::from(TASKS)
            && done.iter().skip(SLOW as usize).all(|done| timed_out(&done)),
        verdict: format!(
            "the run ended at its deadline: {finished} of {TASKS} tasks finished and their results kept, {late} timed out, \
             including the one in progress"
        ),
        figures: figures([("finished", finished), ("timed_out", late)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_is_told_when_the_deadline_has_passed() {
        let (send, done) = unbounded();
        let mut results = Results { done, deadline: Instant::now(), looks: 0 };
        assert_eq!((results.next(), results.looks), (Some(Err(TaskError::TimedOut)), 1));
        drop(send);
        assert_eq!((results.next(), results.looks), (None, 2));
    }
}
