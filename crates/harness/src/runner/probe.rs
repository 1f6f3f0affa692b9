//! One untimed run of a cell in a fresh process: checks its answers and measures its memory, threads and processes.
//!
//! A fresh process, because an allocator keeps what earlier runs took: measured in this process, the last cell would
//! seem to need the most.
//!
//! The process pauses twice for a nod, so that its memory can be measured: before its pool is started, and when the run
//! is over and the pool still exists.

use super::{
    cell::{CellError, PreparedCell},
    child::ChildProcess,
    order::{Moment, RunOrder},
};
use measure::memory::{Footprint, Peak, PeakSampler};
use std::num::NonZeroU32;

/// A pool's resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PoolUse {
    /// The most memory in use at once, bytes.
    pub(super) memory_bytes: u64,
    /// What a worker adds to it, bytes; `None` if memory shrank while the pool was started.
    pub(super) memory_per_worker_bytes: Option<u64>,
    /// The most threads at once, without monitoring threads; `None` if another program has some.
    pub(super) threads: Option<u32>,
    /// The most processes at once.
    pub(super) processes: u32,
}

impl PoolUse {
    fn of(before: Footprint, peak: Peak, workers: NonZeroU32, program_bytes: Option<u64>) -> Self {
        if let Some(program_bytes) = program_bytes {
            return Self::of_program(peak, workers, program_bytes);
        }
        let of_workers = match peak.memory.descendants_bytes {
            // Workers are threads or requests in flight: the process's growth is theirs.
            0 => peak.memory.bytes.checked_sub(before.bytes),
            bytes => Some(bytes),
        };
        Self {
            memory_bytes: peak.memory.bytes,
            memory_per_worker_bytes: of_workers.map(|bytes| bytes / u64::from(workers.get())),
            threads: Some(peak.threads.saturating_sub(watching(peak.processes))),
            processes: peak.processes,
        }
    }

    /// Of a pool in a program of its own, which had this memory before: this process is no part of it.
    fn of_program(peak: Peak, workers: NonZeroU32, program_bytes: u64) -> Self {
        let bytes = peak.memory.descendants_bytes;
        Self {
            memory_bytes: bytes,
            memory_per_worker_bytes: bytes.checked_sub(program_bytes).map(|bytes| bytes / u64::from(workers.get())),
            threads: None,
            processes: peak.processes.saturating_sub(1),
        }
    }
}

/// Threads that are not the strategy's: in every process the one that holds its lifeline, and the watchdog of the run.
fn watching(processes: u32) -> u32 {
    processes + 1
}

/// Runs the cell once in a fresh process, checks its answers, and returns its pool's resources, if available.
pub(super) fn run(cell: &PreparedCell) -> Result<Option<PoolUse>, CellError> {
    // The network of the first round.
    let order = RunOrder { warm_up: None, is_probe: true, prologue: Vec::new(), ..cell.order(0) };
    let mut child = ChildProcess::spawn(&cell.env.program, cell.stage.address_space_bytes)?;
    let pid = child.id();
    let (mut before, mut sampler, mut peak) = (None, None, None);
    let mut look = |moment| match moment {
        Moment::Ready => {
            before = Footprint::of(pid);
            sampler = PeakSampler::start(pid).ok();
        }
        Moment::Started => {}
        Moment::Ran => peak = sampler.take().and_then(PeakSampler::stop),
    };
    let outcome = child.carry_out(&order, &cell.env.interrupted, &mut look)?;
    cell.check(&order, &outcome)?;
    // A queue tolerates a loss, but an incomplete pool's resources tell nothing.
    if let Some(lost) = outcome.lost.into_iter().next() {
        return Err(lost.into());
    }
    let taken =
        before.zip(peak).map(|(before, peak)| PoolUse::of(before, peak, order.shape.workers(), outcome.program_bytes));
    Ok(taken.map(|taken| match outcome.account.workers {
        // The workers are external, perhaps remote.
        Some(_) => PoolUse { memory_per_worker_bytes: None, ..taken },
        None => taken,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: Footprint = Footprint { bytes: 4_000, descendants_bytes: 0, processes: 1, threads: 2 };

    fn taken(bytes: u64, descendants_bytes: u64, processes: u32, threads: u32) -> PoolUse {
        let memory = Footprint { bytes, descendants_bytes, processes, threads };
        PoolUse::of(BEFORE, Peak { memory, processes, threads }, NonZeroU32::new(4).unwrap(), None)
    }

    #[test]
    fn a_thread_takes_what_the_process_grew_by_and_a_process_what_it_has() {
        let threads = taken(5_000, 0, 1, 7);
        assert_eq!((threads.memory_per_worker_bytes, threads.threads, threads.processes), (Some(250), Some(5), 1));
        let processes = taken(13_000, 8_000, 5, 11);
        assert_eq!(
            (processes.memory_per_worker_bytes, processes.threads, processes.processes),
            (Some(2_000), Some(5), 5)
        );
        assert_eq!(taken(3_999, 0, 1, 3).memory_per_worker_bytes, None, "it can't be told");
    }

    #[test]
    fn a_pool_of_another_program_is_measured_without_this_process() {
        let memory = Footprint { bytes: 13_000, descendants_bytes: 9_000, processes: 4, threads: 12 };
        let peak = Peak { memory, processes: 4, threads: 12 };
        let taken = PoolUse::of(BEFORE, peak, NonZeroU32::new(2).unwrap(), Some(5_000));
        let expected =
            PoolUse { memory_bytes: 9_000, memory_per_worker_bytes: Some(2_000), threads: None, processes: 3 };
        assert_eq!(taken, expected);
    }
}
