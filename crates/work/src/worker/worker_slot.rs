//! A worker slot: a worker process and the tasks it holds at the moment, as its parent keeps track of them.
//!
//! This book-keeping makes a crash cheap: when a process dies, the parent knows which tasks it held.

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

/// A shorter task is over before a sleeping thread would have woken up.
const SHORT: Duration = Duration::from_micros(50);

/// A worker process and the tasks it holds.
#[derive(Debug)]
pub struct WorkerSlot {
    /// The worker.
    pub process: WorkerProcess,
    /// One chunk for each of its busy threads.
    holds: Vec<Hand>,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Alive,
    /// It was told to exit in the middle of its work, because the run was over.
    Dismissed,
    /// It is gone, for this reason.
    Lost(String),
}

impl WorkerSlot {
    /// A slot for this process, without tasks yet.
    pub fn new(process: WorkerProcess) -> Self {
        Self { process, holds: Vec::new(), state: State::Alive }
    }

    /// True while it has tasks to do.
    pub fn is_busy(&self) -> bool {
        !self.holds.is_empty()
    }

    /// Takes the next chunk from the queue if the worker lives, has an idle thread, and a chunk is left; returns
    /// whether it did. Tasks that can't be handed over any more get an error.
    pub fn take(&mut self, queue: &TaskQueue, work: &Work, deadline_ns: u64, done: &mut Vec<Done>) -> bool {
        if self.state != State::Alive || self.holds.len() == self.process.threads() {
            return false;
        }
        let Some(chunk) = queue.next(self.process.number()) else { return false };
        let tasks = chunk.iter().map(|&index| (index, &work.tasks[index as usize])).collect();
        let handed = self.process.assign(work.run, deadline_ns, tasks);
        self.holds.push(chunk);
        if let Err(how) = handed {
            self.bury(&how, done);
        }
        true
    }

    /// Reads the worker's answers so far; if it died, the tasks that it held get an error.
    pub fn collect(&mut self, done: &mut Vec<Done>) {
        loop {
            match self.process.next_done() {
                Ok(one) => {
                    self.holds.iter_mut().for_each(|chunk| chunk.retain(|&index| index != one.index));
                    self.holds.retain(|chunk| !chunk.is_empty());
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

    /// When the run is over, no task is waited for: a worker that is still busy is told to exit, and the tasks it holds
    /// have timed out. Closing the process shows whether it exited.
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

    /// CPU time the worker has used so far; zero for a dead one.
    pub fn cpu(&mut self) -> CpuTime {
        self.ask_cpu();
        self.cpu_asked()
    }

    /// Asks for the CPU time, which [`cpu_asked`](Self::cpu_asked) reads. A pool asks all of its workers first.
    pub fn ask_cpu(&mut self) {
        if self.state == State::Alive
            && let Err(how) = self.process.ask_cpu()
        {
            self.state = State::Lost(how);
        }
    }

    /// The CPU time that was asked for; zero for a dead worker. One that doesn't answer is lost.
    pub fn cpu_asked(&mut self) -> CpuTime {
        if self.state != State::Alive {
            return CpuTime::default();
        }
        self.process.cpu().unwrap_or_else(|how| {
            self.state = State::Lost(how);
            CpuTime::default()
        })
    }

    /// Marks the worker as dead: its tasks get an error that says how it died, and no other task is lost.
    fn bury(&mut self, how: &str, done: &mut Vec<Done>) {
        self.state = State::Lost(how.to_owned());
        let lost = |index| Done { index, result: Err(TaskError::WorkerDied(how.to_owned())), spans: Vec::new() };
        done.extend(self.holds.drain(..).flatten().map(lost));
    }
}

/// Waits until busy workers have answered or died, or until the next deadline check, and returns those workers.
///
/// Going to sleep and waking up takes longer than a task that does nothing. So after a short task, this polls for as
/// long as such a task takes before it sleeps. After longer tasks it sleeps at once: the cores belong to the workers.
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
    // An interrupted poll found nothing: the caller checks the deadline and polls again.
    let _ = poll(&mut waiting, timeout);
    let ready = waiting.iter().map(|fd| fd.any().unwrap_or(false));
    busy().zip(ready).filter(|(_, ready)| *ready).map(|((number, _), _)| number).collect()
}
