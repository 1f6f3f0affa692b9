//! How long to measure.
//!
//! All of it is fixed before the first round. Stopping once the figures look good invalidates the interval: intervals
//! that should miss the truth in 5 % of all cases miss it several times as often if they are tested after every round.
//! So a measurement ends at interim analyses that were fixed beforehand, for reasons that don't depend on the figures.

use crate::{results::record::Purpose, scenario::CellSpec};
use std::time::Duration;
use work::strategy;

/// How long to measure, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Why.
    pub purpose: Purpose,
    /// The interim analyses, as numbers of rounds, ascending; it ends at the last.
    pub looks: Vec<u32>,
    /// How long the rounds of this scenario may take. A round that has begun is finished; there is at least one.
    pub budget: Option<Duration>,
    /// The cells whose memory claims are about, and how often each is run for that before the first round: more than
    /// once, for an interval.
    pub memory_samples: Vec<(CellSpec, u32)>,
    /// Whether all others are run once before the first round, in a process of their own, which measures their memory
    /// and threads. Their answers are checked in every round in any case.
    pub probe_all: bool,
}

impl Plan {
    /// A fixed number of rounds.
    pub fn rounds(rounds: u32) -> Self {
        Self { purpose: Purpose::Run, looks: vec![rounds], budget: None, memory_samples: Vec::new(), probe_all: true }
    }

    /// The last possible round.
    pub fn last(&self) -> u32 {
        self.looks.last().copied().unwrap_or(0)
    }

    /// How often this cell is run before the first round. A guest's is not, because the probe is another process, which
    /// doesn't know the guest.
    pub(super) fn probes(&self, cell: &CellSpec) -> u32 {
        if strategy::is_guest(&cell.strategy) {
            return 0;
        }
        self.memory_samples
            .iter()
            .find(|(named, _)| named == cell)
            .map_or(self.probe_all.into(), |(_, samples)| *samples)
    }
}
