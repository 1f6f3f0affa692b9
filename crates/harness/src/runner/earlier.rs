//! An earlier record can be resumed only if everything that affects a time is unchanged.

use crate::results::record::{CellRecord, Check, Record};
use measure::host::HostFacts;
use std::fmt::Debug;

/// Why an earlier record can't be resumed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the record of {started_at} can't be resumed: its {what} is {found}, expected {expected}")]
pub struct Unfit {
    /// When that record was begun.
    pub started_at: String,
    /// What differs.
    pub what: String,
    /// Its value.
    pub found: String,
    /// The expected value.
    pub expected: String,
}

/// Compares an earlier record with a new one of the same cells.
pub(super) fn fits(earlier: &Record, begun: &Record) -> Result<(), Unfit> {
    let unfit = |(what, found, expected)| Unfit { started_at: earlier.started_at.clone(), what, found, expected };
    let differs = |what: &str, found: &dyn Debug, expected: &dyn Debug| {
        let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
        if found == expected { Ok(()) } else { Err(unfit((what.into(), found, expected))) }
    };
    differs("schema", &earlier.schema, &begun.schema)?;
    differs("version", &earlier.makespan_version, &begun.makespan_version)?;
    differs("host", &without_load(&earlier.host), &without_load(&begun.host))?;
    differs("scenario", &earlier.scenario, &begun.scenario)?;
    differs("time scale", &earlier.time_scale, &begun.time_scale)?;
    differs("seed", &earlier.seed, &begun.seed)?;
    differs("purpose", &earlier.purpose, &begun.purpose)?;
    differs("list of interim analyses", &earlier.looks, &begun.looks)?;
    differs("reason to end", &earlier.stopped, &begun.stopped)?;
    differs("number of cells", &earlier.cells.len(), &begun.cells.len())?;
    for (number, (cell, begun)) in (1..).zip(earlier.cells.iter().zip(&begun.cells)) {
        differs(&format!("cell {number}"), &named(cell), &named(begun))?;
        if cell.check != Check::Failed {
            let [found, expected] = [cell, begun].map(|cell| cell.check == Check::Skipped);
            differs(&format!("check of cell {number}"), &found, &expected)?;
        }
        // A cell that was done at an interim analysis has the rounds up to there.
        let incomplete = |rounds: &u32| *rounds < earlier.rounds_done && !earlier.looks.contains(rounds);
        let rounds = whole_rounds(cell).filter(incomplete).unwrap_or(earlier.rounds_done);
        differs(&format!("number of rounds in cell {number}"), &rounds, &earlier.rounds_done)?;
    }
    let most = earlier.rounds_done.min(begun.rounds);
    differs("number of whole rounds", &earlier.rounds_done, &most)?;
    // Only a complete round shows that every cell was verified.
    differs("number of whole rounds", &most, &most.max(1))
}

/// The same machine and build may have another load now.
fn without_load(host: &HostFacts) -> HostFacts {
    HostFacts { load_before: None, load_after: None, ..host.clone() }
}

/// Everything that identifies a cell, and what is counted and timed.
fn named(cell: &CellRecord) -> impl Debug + '_ {
    let measured = (&cell.spec, &cell.checksum, cell.tasks, &cell.timed);
    (measured, cell.is_baseline, cell.own_workers, &cell.queue, &cell.python)
}

/// The number of rounds; `None` for a cell that is out, which has none.
fn whole_rounds(cell: &CellRecord) -> Option<u32> {
    (cell.check == Check::Passed).then_some(cell.rounds.len() as u32)
}
