//! A seat: a worker process and the tasks it holds at the moment, as the one who deals keeps track of it.
//!
//! The book-keeping is what makes a death cheap: when a process goes, it is known which tasks went with it.

use super::{
    error::LostWorker,
    lane::Done,
    process::WorkerProcess,
    task_queue::{Hand, TaskQueue},
    work::Work,
};
use crate::task::TaskError;
use measure::cpu::CpuTime;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::time::{Duration, Instant};

/// How long to sleep, at most, before looking at the deadline again, milliseconds.
const NAP_MS: u16 = 20;

/// A task of less than this is over before a sleeper would be awake.
const SHORT: Duration = Duration::from_micros(50);

/// A worker process and the tasks it holds.
#[derive(Debug)]
pub struct WorkerSlot {
    /// The worker.
    pub process: WorkerProcess,
    /// One hand for each of its threads that is at work.
    holds: Vec<Hand>,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Alive,
    /// It was told to go in the middle of its work, because the run was over.
    Dismissed,
    /// It is gone, for this reason.
    Lost(String),
}

impl WorkerSlot {
    /// A seat for this process, which holds nothing yet.
    pub fn new(process: WorkerProcess) -> Self {
        Self { process, holds: Vec::new(), state: State::Alive }
    }

    /// True while it has tasks to do.
    pub fn is_busy(&self) -> bool {
        !self.holds.is_empty()
    }

    /// Takes the next hand from the deck if the worker lives, has an idle thread, and there is a hand; says whether it
    /// did. Tasks that can't be handed over any more are done with an error.
    pub fn take(&mut self, deck: &TaskQueue, work: &Work, deadline_ns: u64, done: &mut Vec<Done>) -> bool {
        if self.state != State::Alive || self.holds.len() == self.process.threads() {
            return false;
        }
        let Some(hand) = deck.next(self.process.number()) else { return false };
        let tasks = hand.iter().map(|&index| (index, &work.tasks[index as usize])).collect();
        let handed = self.process.hand(work.run, deadline_ns, tasks);
        self.holds.push(hand);
        if let Err(how) = handed {
            self.bury(&how, done);
        }
        true
    }

    /// Reads what the worker has answered so far; of a worker that died, the tasks it held.
    pub fn collect(&mut self, done: &mut Vec<Done>) {
        loop {
            match self.process.next_done() {
                Ok(one) => {
                    self.holds.iter_mut().for_each(|hand| hand.retain(|&index| index != one.index));
                    self.holds.retain(|hand| !hand.is_empty());
                    done.push(one);
                }
                Err(how) => return self.bury(&how, done),
            }
            // An answer that is in our buffer already would never make the pipe readable again.
            if !self.process.has_buffered() {
                return;
            }
        }
    }

    /// Once the run is over nothing is waited for: a worker that is still at work is told to go, and the tasks it holds have
    /// timed out. Closing the process tells whether it went.
    pub fn dismiss(&mut self) {
        if self.is_busy() {
            self.process.hang_up();
            self.state = State::Dismissed;
            self.holds.clear();
        }
    }

    /// Whether it takes no more tasks because [its run was over](Self::dismiss) before it was done.
    pub fn is_dismissed(&self) -> bool {
        self.state == State::Dismissed
    }

    /// The worker, if it was lost.
    pub fn lost(&self) -> Option<LostWorker> {
        let State::Lost(how) = &self.state else { return None };
        Some(LostWorker { process: self.process.number() + 1, how: how.clone() })
    }

    /// CPU time the worker has used so far; none for a dead one.
    pub fn cpu(&mut self) -> CpuTime {
        self.ask_cpu();
        self.cpu_asked()
    }

    /// Asks for the CPU time, which [`cpu_asked`](Self::cpu_asked) then has. A pool asks all of its workers first.
    pub fn ask_cpu(&mut self) {
        if self.state == State::Alive
            && let Err(how) = self.process.ask_cpu()
        {
            self.state = State::Lost(how);
        }
    }

    /// The CPU time that was asked for; none for a dead worker. One that doesn't answer is lost.
    pub fn cpu_asked(&mut self) -> CpuTime {
        if self.state != State::Alive {
            return CpuTime::default();
        }
        self.process.cpu().unwrap_or_else(|how| {
            self.state = State::Lost(how);
            CpuTime::default()
        })
    }

    /// The worker is dead: what it held gets an error that says how it died, and nothing else is lost.
    fn bury(&mut self, how: &str, done: &mut Vec<Done>) {
        self.state = State::Lost(how.to_owned());
        let lost = |index| Done { index, result: Err(TaskError::WorkerDied(how.to_owned())), spans: Vec::new() };
        done.extend(self.holds.drain(..).flatten().map(lost));
    }
}

/// Waits until a busy worker has answered or died, or until it is time to look at the deadline, and says which have.
///
/// Going to sleep and being woken takes longer than a task that does nothing. So where the last task was a short one,
/// it looks again and again for as long as such a task takes, before it sleeps. Where tasks are longer, it never stays
/// awake: the cores belong to the workers.
pub fn answered(seats: &[WorkerSlot], last: Option<&Done>) -> Vec<usize> {
    let asked = Instant::now();
    while last.is_some_and(|done| done.took() < SHORT) && asked.elapsed() < SHORT {
        let ready = ready(seats, PollTimeout::ZERO);
        if !ready.is_empty() {
            return ready;
        }
    }
    ready(seats, PollTimeout::from(NAP_MS))
}

fn ready(seats: &[WorkerSlot], timeout: PollTimeout) -> Vec<usize> {
    let busy = || seats.iter().enumerate().filter(|(_, seat)| seat.is_busy());
    let mut waiting: Vec<PollFd> =
        busy().map(|(_, seat)| PollFd::new(seat.process.answers_fd(), PollFlags::POLLIN)).collect();
    // An interrupted poll is a poll that saw nothing: the caller looks at the deadline and comes back.
    let _ = poll(&mut waiting, timeout);
    let ready = waiting.iter().map(|fd| fd.any().unwrap_or(false));
    busy().zip(ready).filter(|(_, ready)| *ready).map(|((number, _), _)| number).collect()
}
