//! How long to measure.
//!
//! All of it is fixed before the first round. Whoever stops when he likes what he sees breaks the interval: of intervals
//! that should miss the truth in 5 % of all cases, those that were looked at after every round miss it several times as
//! often. So a measurement ends at looks that were named beforehand, for reasons that don't ask what the figures say.

use crate::{results::record::Purpose, scenario::CellSpec};
use std::time::Duration;
use work::strategy;

/// How long to measure, and what for.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What for.
    pub purpose: Purpose,
    /// The numbers of rounds at which it may stop, ascending; the last is when it ends.
    pub looks: Vec<u32>,
    /// How long the rounds of this scenario may take. A round that has begun is finished, and there is always one.
    pub budget: Option<Duration>,
    /// The cells that are asked how much memory they take, and how often each of them is run for that before the first
    /// round: more than once, to tell how sure it is. All others are run once, which tells it as well, and whether they are
    /// right.
    pub memory_samples: Vec<(CellSpec, u32)>,
}

impl Plan {
    /// So many rounds, whatever they show.
    pub fn rounds(rounds: u32) -> Self {
        Self { purpose: Purpose::Run, looks: vec![rounds], budget: None, memory_samples: Vec::new() }
    }

    /// The rounds at which it ends.
    pub fn last(&self) -> u32 {
        self.looks.last().copied().unwrap_or(0)
    }

    /// How often this cell is run before the first round: at least once, for its answer's sake. A guest's isn't, because
    /// that is done by another process, which doesn't know the guest.
    pub(super) fn probes(&self, cell: &CellSpec) -> u32 {
        if strategy::is_guest(&cell.strategy) {
            return 0;
        }
        self.memory_samples.iter().find(|(named, _)| named == cell).map_or(1, |(_, samples)| *samples.max(&1))
    }
}
