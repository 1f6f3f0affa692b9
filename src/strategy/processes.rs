//! N worker processes that are handed tasks over pipes.
//!
//! **Wins** where threads of one process can't run at the same time (an interpreter with a global lock), and where a
//! crash must not take the others along: a worker killed in the middle of a task costs that one task.
//!
//! **Loses** a little on everything: a process costs a millisecond to start and megabytes to keep, and each task and
//! each answer is written to a pipe and read from another, some microseconds each way. In Rust, threads do the same
//! work at the same speed for less.
//!
//! **Try**: `makespan run prime_sum --strategy threads,processes --workers 2 --timer cold`, then `--timer warm`: which
//! part of the difference is the start? Then kill a worker in the middle of a run.

use super::{CloseError, Env, Pool, StartError, Strategy, Work};
use crate::{
    measure::{clock::now_ns, cpu::CpuTime},
    task::TaskError,
    worker::{deck::Deck, lane::Done, process::WorkerProcess},
};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::{collections::VecDeque, num::NonZeroU32};

/// N worker processes of our own binary.
#[derive(Debug)]
pub struct Processes;

struct Crew {
    workers: Vec<Seat>,
}

/// A worker process and the tasks it holds.
struct Seat {
    process: WorkerProcess,
    holds: VecDeque<u32>,
    alive: bool,
}

impl Strategy for Processes {
    fn name(&self) -> &'static str {
        "processes"
    }

    fn summary(&self) -> &'static str {
        "N worker processes, fed over pipes"
    }

    fn max_workers(&self) -> u32 {
        256
    }

    fn start(&self, workers: NonZeroU32, env: &Env) -> Result<Box<dyn Pool>, StartError> {
        // All are spawned before the first is awaited, so that their start-ups overlap.
        let spawned: Result<Vec<_>, _> =
            (0..workers.get()).map(|number| WorkerProcess::spawn(&env.program, number)).collect();
        let mut processes = spawned?;
        processes.iter_mut().try_for_each(WorkerProcess::await_ready)?;
        let seat = |process| Seat { process, holds: VecDeque::new(), alive: true };
        Ok(Box::new(Crew { workers: processes.into_iter().map(seat).collect() }))
    }
}

impl Pool for Crew {
    /// One thread deals for all: a hand to each worker, then to whoever has answered. It sleeps in `poll` meanwhile.
    fn run(&mut self, work: &Work) -> Vec<Done> {
        let (deck, mut done) = (work.deck(self.workers.len() as u32), Vec::new());
        let deadline_ns = now_ns() + work.stop.time_left().as_nanos() as u64;
        let deal =
            |seat: &mut Seat, number: usize, done: &mut Vec<Done>| seat.take(number, &deck, work, deadline_ns, done);
        for (number, seat) in self.workers.iter_mut().enumerate() {
            deal(seat, number, &mut done);
        }
        while self.workers.iter().any(|seat| !seat.holds.is_empty()) {
            if work.stop.check().is_err() {
                // Past the deadline nothing is waited for: the tasks they hold end with them, as timed out.
                self.workers.iter_mut().for_each(Seat::dismiss);
                break;
            }
            for number in self.answered() {
                let seat = &mut self.workers[number];
                seat.collect(&mut done);
                if seat.holds.is_empty() {
                    deal(seat, number, &mut done);
                }
            }
        }
        done
    }

    fn worker_cpu(&mut self) -> CpuTime {
        let alive = self.workers.iter_mut().filter(|seat| seat.alive);
        alive.filter_map(|seat| seat.process.cpu().ok()).fold(CpuTime::default(), |sum, one| sum + one)
    }

    fn close(self: Box<Self>) -> Result<(), CloseError> {
        // Every process is told to go before the first is waited for.
        self.workers.into_iter().map(|seat| seat.process.close()).fold(Ok(()), Result::and)
    }
}

impl Crew {
    /// The workers that have answered or died; none when the time to look at the deadline has come first.
    fn answered(&self) -> Vec<usize> {
        const LOOK_AT_THE_DEADLINE_MS: u16 = 20;
        let busy = || self.workers.iter().enumerate().filter(|(_, seat)| !seat.holds.is_empty());
        let mut waiting: Vec<PollFd> =
            busy().map(|(_, seat)| PollFd::new(seat.process.answers_fd(), PollFlags::POLLIN)).collect();
        // An interrupted poll is a poll that saw nothing: the caller looks at the deadline and comes back.
        let _ = poll(&mut waiting, PollTimeout::from(LOOK_AT_THE_DEADLINE_MS));
        let ready = waiting.iter().map(|fd| fd.any().unwrap_or(false));
        busy().zip(ready).filter(|(_, ready)| *ready).map(|((number, _), _)| number).collect()
    }
}

impl Seat {
    /// Takes the next hand from the deck. A worker that can't be reached any more fails the tasks of that hand.
    fn take(&mut self, number: usize, deck: &Deck, work: &Work, deadline_ns: u64, done: &mut Vec<Done>) {
        if !self.alive {
            return;
        }
        let Some(hand) = deck.next(number as u32) else { return };
        let tasks = hand.iter().map(|&index| (index, &work.tasks[index as usize])).collect();
        let handed = self.process.hand(work.run, deadline_ns, tasks);
        self.holds = hand.into();
        if let Err(how) = handed {
            self.bury(&how, done);
        }
    }

    /// Reads what the worker has answered so far.
    fn collect(&mut self, done: &mut Vec<Done>) {
        loop {
            match self.process.next_done() {
                Ok(one) => {
                    self.holds.retain(|&index| index != one.index);
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

    /// The worker is dead: what it held gets an error that says how it died, and nothing else is lost.
    fn bury(&mut self, how: &str, done: &mut Vec<Done>) {
        self.alive = false;
        let lost = |index| Done { index, result: Err(TaskError::WorkerDied(how.to_owned())), spans: Vec::new() };
        done.extend(self.holds.drain(..).map(lost));
    }

    fn dismiss(&mut self) {
        if !self.holds.is_empty() {
            self.process.kill();
            self.alive = false;
            self.holds.clear();
        }
    }
}
