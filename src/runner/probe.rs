//! One untimed run of a cell in a fresh process: are its answers right, and how much memory does it take?
//!
//! A fresh process, because an allocator keeps what earlier runs took: measured in this process, whichever cell came
//! last would seem to need the most.

use super::{cell::Cell, cell::CellError, check, next_run};
use crate::{
    measure::memory::PeakSampler,
    strategy::{self, Env, Work},
    task::Task,
    worker::{deck::Deal, frame, lane::Done, lifeline, stop::Stop},
};
use serde::{Deserialize, Serialize};
use std::{
    io::{self, BufReader},
    num::NonZeroU32,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

/// What the fresh process is to run.
#[derive(Serialize, Deserialize)]
struct Order {
    run: u64,
    strategy: String,
    workers: NonZeroU32,
    deal: Deal,
    deadline: Duration,
    tasks: Vec<Task>,
}

/// Runs the cell once in a fresh process, checks its answers, and returns the peak of its memory in bytes, where the
/// system tells.
pub(super) fn run(cell: &Cell) -> Result<Option<u64>, CellError> {
    let order = Order {
        run: next_run(),
        strategy: cell.spec.strategy.clone(),
        workers: cell.spec.workers,
        deal: cell.spec.deal,
        deadline: cell.deadline,
        tasks: cell.stage.tasks.to_vec(),
    };
    let spawned = Command::new(&cell.env.program)
        .arg("probe")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn();
    let failed = |error: io::Error| CellError::Probe(error.to_string());
    let mut child = Reaped(spawned.map_err(failed)?);
    let sampler = PeakSampler::start(child.0.id()).map_err(failed)?;
    let answer = converse(&mut child.0, &order);
    let peak = sampler.stop();
    let done = answer.map_err(failed)?.map_err(CellError::Probe)?;
    check::answers(&cell.stage.expected, &done)?;
    if let Some(server) = &cell.stage.server {
        check::log(&server.take_log(order.run)?, &done)?;
    }
    Ok(peak)
}

fn converse(child: &mut Child, order: &Order) -> io::Result<Result<Vec<Done>, String>> {
    let no_pipe = || io::Error::other("it has no pipes");
    // Held until the answer is there: the process takes its end for ours.
    let mut orders = child.stdin.take().ok_or_else(no_pipe)?;
    frame::write(&mut orders, order)?;
    let answers = BufReader::new(child.stdout.take().ok_or_else(no_pipe)?);
    frame::read(answers)?.ok_or_else(|| io::Error::other("it ended without an answer"))
}

/// The other side: reads one order from standard input, runs it, and writes what came of it.
pub fn serve_parent() -> io::Result<()> {
    lifeline::exit_when_stdin_closes();
    let Some(order) = frame::read::<Order>(io::stdin().lock())? else { return Ok(()) };
    frame::write(io::stdout().lock(), &carry_out(order))
}

fn carry_out(order: Order) -> Result<Vec<Done>, String> {
    let strategy = strategy::named(&order.strategy)?;
    let env = Env { program: std::env::current_exe().map_err(|error| error.to_string())? };
    let mut pool = strategy.start(order.workers, &env).map_err(|error| error.to_string())?;
    let (tasks, stop): (Arc<[Task]>, _) = (order.tasks.into(), Stop::after(order.deadline));
    let work = Work { run: order.run, tasks, deal: order.deal, stop };
    let done = {
        let _watchdog = work.stop.watchdog();
        pool.run(&work)
    };
    pool.close().map_err(|error| error.to_string())?;
    let mut done = work.settle(done);
    // The spans are of no use here, and in a run of ten thousand they would be the largest part of the answer.
    done.iter_mut().for_each(|one| one.spans.clear());
    Ok(done)
}

/// A child that is killed and reaped whatever happens.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        // It has mostly ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
