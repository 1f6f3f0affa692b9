//! The latest advice on a user's own work: what the page shows of the documents that `makespan advise` writes.

use super::store::{StoreError, read_if_there, write_whole};
use measure::usable_cores::Throttling;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use stats::Estimate;
use std::path::Path;

/// The advice on one piece of work.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct OwnAdvice {
    /// The command that measures it again.
    pub command: String,
    /// What the work is, for people.
    pub work: String,
    /// The advice in one sentence.
    pub sentence: String,
    /// What is advised, if anything.
    pub advised: Option<Advised>,
    /// What would be worth changing.
    pub remedy: Option<String>,
    /// Why it is not more certain.
    pub doubts: Vec<String>,
    /// Usable cores; a fraction under a quota.
    pub cores: f64,
    /// Rounds of each cell.
    pub rounds: u32,
    /// The laws, fitted to the advised strategy.
    pub laws: Option<FittedLaws>,
    /// What was measured; the sequential loop is the first.
    pub cells: Vec<AdviceCell>,
}

/// A strategy with so many workers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Advised {
    /// Its name.
    pub strategy: String,
    /// Its workers.
    pub workers: u32,
}

/// Amdahl's law and the Universal Scalability Law.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FittedLaws {
    /// Contention alone.
    pub amdahl: FittedLaw,
    /// Contention and coherence.
    pub usl: FittedLaw,
}

/// The parameters of a law: see [`stats::usl::speedup`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FittedLaw {
    /// Contention.
    pub sigma: Estimate,
    /// Coherence.
    pub kappa: Estimate,
}

/// A measured cell.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AdviceCell {
    /// Its strategy's name.
    pub strategy: String,
    /// Its workers.
    pub workers: u32,
    /// Seconds for each task, one entry for each round; empty if it has no time.
    pub task_s: Vec<f64>,
    /// Over the sequential loop; `None` for that itself, and without a time.
    pub speedup: Option<Estimate>,
    /// The most memory in use, bytes, if known.
    pub peak_memory_bytes: Option<u64>,
    /// Why it has no time.
    pub reason: Option<String>,
}

impl OwnAdvice {
    /// Whether this cell is the advised one.
    pub fn advises(&self, cell: &AdviceCell) -> bool {
        self.advised.as_ref().is_some_and(|it| it.strategy == cell.strategy && it.workers == cell.workers)
    }
}

/// The advice under several CPU quotas.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct OwnQuotaAdvice {
    /// One entry for each quota, in the order that was asked for.
    pub quotas: Vec<AdviceUnderQuota>,
}

/// The advice under a quota.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AdviceUnderQuota {
    /// The quota, in cores.
    pub quota_cores: f64,
    /// How often and how long it stopped the work.
    pub throttling: Throttling,
    /// The advice.
    pub advice: OwnAdvice,
}

/// A document of which the data directory keeps the latest version.
pub trait KeptAdvice: DeserializeOwned {
    /// The name and version of the document.
    const SCHEMA: &str;
    /// Its file in the data directory.
    const FILE: &str;

    /// Keeps the document in this data directory, in place of the one before.
    fn keep(data: &Path, document: &impl Serialize) -> Result<(), StoreError> {
        write_whole(&data.join(Self::FILE), |file| serde_json::to_writer(file, document).map_err(Into::into))
    }

    /// The one that was kept; `None` if none was.
    fn read(data: &Path) -> Result<Option<Self>, StoreError> {
        read_if_there(&data.join(Self::FILE), Self::SCHEMA)
    }
}

impl KeptAdvice for OwnAdvice {
    const SCHEMA: &str = "makespan.advice/1";
    const FILE: &str = "advice.json";
}

impl KeptAdvice for OwnQuotaAdvice {
    const SCHEMA: &str = "makespan.quota_advice/1";
    const FILE: &str = "quota_advice.json";
}

impl KeptAdvice for OwnLoadAdvice {
    const SCHEMA: &str = "makespan.load_advice/1";
    const FILE: &str = "load_advice.json";
}

/// The advice for tasks that become due at a rate.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct OwnLoadAdvice {
    /// The command that measures it again.
    pub command: String,
    /// What the work is, for people.
    pub work: String,
    /// The advice in one sentence.
    pub sentence: String,
    /// The strategy's name.
    pub strategy: String,
    /// Tasks that become due in a second.
    pub rate_per_s: f64,
    /// The smallest number of workers shown to sustain the rate.
    pub workers: Option<u32>,
    /// Tasks in flight on average, by Little's law.
    pub under_way: f64,
    /// Rounds of each cell.
    pub rounds: u32,
    /// Tasks of a run.
    pub tasks: u32,
    /// What was measured.
    pub cells: Vec<LoadedCell>,
}

/// Workers under a rate. Latencies count from when a task was due.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoadedCell {
    /// How many workers.
    pub workers: u32,
    /// Tasks that become due in a second.
    pub rate_per_s: f64,
    /// The median latency, seconds; null if it was not measured.
    pub latency_p50_s: Option<Estimate>,
    /// The 95th percentile, seconds, likewise.
    pub latency_p95_s: Option<Estimate>,
    /// The 99th percentile, seconds, likewise.
    pub latency_p99_s: Option<Estimate>,
    /// The share of tasks that failed.
    pub failed_share: f64,
}

impl OwnLoadAdvice {
    /// Whether this cell is the advised one.
    pub fn advises(&self, cell: &LoadedCell) -> bool {
        self.workers == Some(cell.workers) && (cell.rate_per_s / self.rate_per_s - 1.0).abs() < 1e-9
    }
}
