//! What was measured of one number of workers.

use serde::{Deserialize, Serialize};
use stats::fisher;

/// One number of workers of one strategy, measured in rounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CellTimes {
    /// The strategy's name.
    pub strategy: String,
    /// The strategy with its workers, as a sentence names it: `8 threads`.
    #[serde(skip)]
    pub phrase: String,
    /// How many workers.
    pub workers: u32,
    /// Seconds for each task of a run (its time, divided by its tasks), one entry for each round.
    pub task_s: Vec<f64>,
    /// How many tasks, of all rounds together.
    #[serde(skip)]
    pub tasks: u32,
    /// The share of tasks that failed, of all rounds together.
    #[serde(rename = "failed_share")]
    pub failed: f64,
    /// What the first of them said; `None` if none failed.
    pub first_error: Option<String>,
    /// Cores kept busy, on average; `None` if it was not measured.
    pub cores_busy: Option<f64>,
    /// The median time of a task from when a worker began it, seconds; `None` if none was measured.
    #[serde(rename = "latency_p50_s")]
    pub latency_s: Option<f64>,
    /// The most memory of all processes, bytes; `None` if it was not measured.
    #[serde(rename = "peak_memory_bytes")]
    pub memory_bytes: Option<u64>,
    /// Why it has no times; `None` if it has.
    #[serde(rename = "reason")]
    pub out: Option<String>,
}

impl CellTimes {
    /// Whether a greater share of its tasks is shown to fail. A share `alpha` of such answers may be luck.
    pub(super) fn fails_more_than(&self, other: &Self, alpha: f64) -> bool {
        self.rounds() > 0 && fisher::p_more(self.failures(), self.tasks, other.failures(), other.tasks) < alpha
    }

    fn failures(&self) -> u32 {
        (self.failed * f64::from(self.tasks)).round() as u32
    }

    pub(super) fn rounds(&self) -> usize {
        if self.out.is_some() { 0 } else { self.task_s.len() }
    }
}
