//! The exercise `hybrid`, solved: with each process as many tasks as it has threads, and a new one for each that is done.

use makespan::{
    measure::{clock::now_ns, cpu::CpuTime},
    strategy::{CloseError, Env, Pool, StartError, Strategy, Work},
    worker::{
        lane::Done,
        layout::WorkerLayout,
        process::WorkerProcess,
        worker_slot::{WorkerSlot, answered},
    },
};
use std::{num::NonZeroU32, process::ExitCode};

/// P processes of T threads each.
#[derive(Debug)]
pub struct MyHybrid;

struct Crew {
    seats: Vec<WorkerSlot>,
    threads: u32,
}

impl Strategy for MyHybrid {
    fn name(&self) -> &'static str {
        "my_hybrid"
    }

    fn summary(&self) -> &'static str {
        "P worker processes with T threads each"
    }

    fn max_workers(&self) -> u32 {
        1024
    }

    fn layout(&self, asked: WorkerLayout, _: u32) -> Option<WorkerLayout> {
        asked.processes().is_some().then_some(asked)
    }

    fn start(&self, shape: WorkerLayout, env: &Env) -> Result<Box<dyn Pool>, StartError> {
        let processes = shape.processes().unwrap_or(NonZeroU32::MIN).get();
        let (WorkerLayout::Grid { threads, .. } | WorkerLayout::Plain(threads)) = shape;
        let spawned: Result<Vec<_>, _> =
            (0..processes).map(|number| WorkerProcess::spawn(&env.program, number, threads)).collect();
        let mut workers = spawned?;
        workers.iter_mut().try_for_each(WorkerProcess::await_ready)?;
        Ok(Box::new(Crew { seats: workers.into_iter().map(WorkerSlot::new).collect(), threads: threads.get() }))
    }
}

impl Pool for Crew {
    fn run(&mut self, work: &Work) -> Vec<Done> {
        let (queue, mut done) = (work.task_queue(self.seats.len() as u32), Vec::new());
        let deadline_ns = now_ns() + work.stop.time_left().as_nanos() as u64;
        // One each and then another, so that no process has a second task while another has none.
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
        self.seats.iter_mut().map(WorkerSlot::cpu).fold(CpuTime::default(), |sum, one| sum + one)
    }

    fn close(mut self: Box<Self>) -> Result<(), CloseError> {
        self.seats.iter_mut().for_each(|seat| seat.process.hang_up());
        self.seats.into_iter().map(|seat| seat.process.close()).fold(Ok(()), Result::and)
    }
}

/// Checks the strategy.
pub fn main() -> ExitCode {
    makespan::exercise::main("hybrid", &MyHybrid)
}
