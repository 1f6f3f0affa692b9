//! N worker processes that receive tasks over pipes.
//!
//! **Wins** when threads of one process can't run at the same time (an interpreter with a global lock), and when a
//! crash must not affect other workers: a worker killed in the middle of a task costs only that task.
//!
//! **Loses** a little on everything: a process takes a millisecond to start and megabytes of memory, and every task and
//! every result crosses a pipe, a few microseconds each way. In Rust, threads do the same work at the same speed for
//! less.
//!
//! **Try**: `makespan run prime_sum --strategy threads,processes --workers 2 --timer cold`, then `--timer warm`: how
//! much of the difference is start-up? Then kill a worker in the middle of a run.

use super::{CloseError, Env, Pool, StartError, Strategy, Work};
use crate::presentation::{Marker, Phrase, Presentation};
use crate::worker::{
    error::LostWorker,
    lane::Done,
    layout::WorkerLayout,
    process::WorkerProcess,
    worker_slot::{WorkerSlot, answered},
};
use measure::{clock::now_ns, cpu::CpuTime};
use std::num::NonZeroU32;

/// N worker processes of our own binary.
#[derive(Debug)]
pub struct Processes;

/// Worker processes, each with a number of threads: one here, several in `hybrid`.
pub(super) struct WorkerProcesses {
    seats: Vec<WorkerSlot>,
    threads: u32,
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

    fn presentation(&self) -> Presentation {
        Presentation {
            label: "processes",
            worker: ("process", "processes"),
            phrase: Phrase::Counted("process", "processes"),
            tones: ["#d55e00", "#b34e00", "#f0803c"],
            marker: Marker::Square,
            dash: "7 5",
            most_in_class: 16,
            parallel: true,
        }
    }

    fn start(&self, shape: WorkerLayout, env: &Env) -> Result<Box<dyn Pool>, StartError> {
        Ok(Box::new(WorkerProcesses::start(shape.workers(), NonZeroU32::MIN, env)?))
    }
}

impl WorkerProcesses {
    pub(super) fn start(processes: NonZeroU32, threads: NonZeroU32, env: &Env) -> Result<Self, StartError> {
        // All are spawned before the first is awaited, so that their start-ups overlap.
        let spawn = |number| WorkerProcess::spawn_interruptible(&env.program, number, threads, &env.interrupted);
        let mut processes = (0..processes.get()).map(spawn).collect::<Result<Vec<_>, _>>()?;
        processes.iter_mut().try_for_each(WorkerProcess::await_ready)?;
        Ok(Self { seats: processes.into_iter().map(WorkerSlot::new).collect(), threads: threads.get() })
    }
}

impl Pool for WorkerProcesses {
    /// One thread serves all workers: it sends each a chunk, then another whenever one answers, and sleeps in between.
    /// One thread per worker would compete with the workers for the cores.
    fn run(&mut self, work: &Work) -> Vec<Done> {
        let (queue, mut done) = (work.task_queue(self.seats.len() as u32), Vec::new());
        let deadline_ns = now_ns() + work.stop.time_left().as_nanos() as u64;
        // Round by round, so that no process has a second task while another has none.
        for _ in 0..self.threads {
            for seat in &mut self.seats {
                seat.take(&queue, work, deadline_ns, &mut done);
            }
        }
        while self.seats.iter().any(WorkerSlot::is_busy) {
            if work.stop.check().is_err() {
                self.seats.iter_mut().for_each(WorkerSlot::dismiss);
                break;
            }
            for number in answered(&self.seats, done.last()) {
                let seat = &mut self.seats[number];
                seat.collect(&mut done);
                while seat.take(&queue, work, deadline_ns, &mut done) {}
            }
        }
        done
    }

    fn worker_cpu(&mut self) -> CpuTime {
        // Ask all before reading the first answer, so that waits for frozen ones overlap.
        self.seats.iter_mut().for_each(WorkerSlot::ask_cpu);
        self.seats.iter_mut().map(WorkerSlot::cpu_asked).fold(CpuTime::default(), |sum, one| sum + one)
    }

    fn lost(&mut self) -> Vec<LostWorker> {
        self.seats.iter().filter_map(WorkerSlot::lost).collect()
    }

    fn is_whole(&mut self) -> bool {
        self.seats.iter().all(|seat| seat.lost().is_none() && !seat.is_dismissed())
    }

    fn close(mut self: Box<Self>) -> Result<(), CloseError> {
        // Tell all to exit before awaiting the first, and await every one: no process is left behind.
        self.seats.iter_mut().for_each(|seat| seat.process.hang_up());
        self.seats.into_iter().map(|seat| seat.process.close()).fold(Ok(()), Result::and)
    }
}
