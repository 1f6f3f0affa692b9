//! One untimed run of a cell in a fresh process: are its answers right, and how much memory does it take?
//!
//! A fresh process, because an allocator keeps what earlier runs took: measured in this process, whichever cell came
//! last would seem to need the most.

use super::{
    cell::{Cell, CellError},
    child::ChildProcess,
    order::Order,
};
use crate::measure::memory::PeakSampler;

/// Runs the cell once in a fresh process, checks its answers, and returns the peak of its memory in bytes, where the
/// system tells.
pub(super) fn run(cell: &Cell) -> Result<Option<u64>, CellError> {
    let order = Order { warm_up: None, keep_spans: false, prologue: Vec::new(), ..cell.order() };
    let mut child = ChildProcess::spawn(&cell.env.program, cell.stage.address_space_bytes)?;
    let sampler = PeakSampler::start(child.id()).map_err(|error| CellError::Child(error.to_string()))?;
    let outcome = child.carry_out(&order, &cell.interrupted);
    let peak = sampler.stop();
    cell.check(&order, &outcome?)?;
    Ok(peak)
}
