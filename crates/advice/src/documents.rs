//! The documents with an advice: `makespan advise` writes them, and the page shows the latest of each.

use super::{
    cell::CellTimes,
    judge::AdviceStanding,
    laws::Laws,
    limit::ScalingLimit,
    load::LatencyTarget,
    sample::{Bound, WorkKind, WorkSample},
};
use measure::usable_cores::Throttling;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use stats::{Estimate, ranking::Place};

/// A document of which the data directory keeps the latest version.
pub trait AdviceDocument: Serialize + DeserializeOwned {
    /// Its name and version.
    const SCHEMA: &str;
    /// Its file in the data directory.
    const FILE: &str;
}

impl AdviceDocument for AdviceExport {
    const SCHEMA: &str = "makespan.advice/1";
    const FILE: &str = "advice.json";
}

impl AdviceDocument for QuotaExport {
    const SCHEMA: &str = "makespan.quota_advice/1";
    const FILE: &str = "quota_advice.json";
}

impl AdviceDocument for LoadAdviceExport {
    const SCHEMA: &str = "makespan.load_advice/1";
    const FILE: &str = "load_advice.json";
}

/// An advice on your own work: what `makespan advise --json FILE` writes. Keys are full words with their unit; an optional
/// value is null, never absent. A later version may add keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdviceExport {
    /// Which document this is, and its version.
    #[cfg_attr(feature = "schema", schemars(extend("const" = AdviceExport::SCHEMA)))]
    pub schema: String,
    /// The version of makespan that wrote it.
    pub makespan_version: String,
    /// The command that measures this again.
    pub command: String,
    /// What was measured, for people.
    pub work: String,
    /// Whether the advice stands.
    pub standing: AdviceStanding,
    /// The advised workers, or, undecided, those that look best; null if nothing was measured.
    pub advised: Option<AdvisedWorkers>,
    /// The advice, for people.
    pub sentence: String,
    /// Why it doesn't stand, or what makes it less sure.
    pub doubts: Vec<String>,
    /// What stops it from scaling; null if it is not known.
    pub limit: Option<ScalingLimit>,
    /// What would be worth changing, for people; null where the limit is not known.
    pub remedy: Option<String>,
    /// Cores that this process may use.
    pub cores: f64,
    /// A few tasks, done sequentially; sums over the tasks.
    pub sample: WorkSample,
    /// What tasks spend their time on.
    pub kind: WorkKind,
    /// Cores x (1 + wait / compute); null if nothing is computed.
    pub workers_for_cores: Option<f64>,
    /// What limits the number of workers beforehand.
    pub bounds: Vec<Bound>,
    /// The laws, fitted to the advised strategy; null with fewer than four worker counts, for work that computes none beyond
    /// the cores.
    pub laws: Option<Laws>,
    /// Rounds that every cell completed.
    pub rounds: u32,
    /// Tasks done in all, without those of warm-ups and memory runs.
    pub tasks_done: u32,
    /// Why outputs were not compared; null if they were.
    pub outputs_not_compared: Option<String>,
    /// What else is worth knowing, for people.
    pub notes: Vec<String>,
    /// What was measured in rounds, the sequential loop first.
    pub cells: Vec<ComparedCell>,
    /// The single runs by which the worker counts were found. They are no evidence.
    pub search: Vec<Tried>,
}

/// The advised workers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdvisedWorkers {
    /// The strategy's name.
    pub strategy: String,
    /// How many workers.
    pub workers: u32,
    /// How many times as fast as sequential they are; null for sequential itself.
    pub speedup: Option<Estimate>,
}

/// A cell, compared with the others.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ComparedCell {
    /// What was measured of it.
    #[serde(flatten)]
    pub times: CellTimes,
    /// How many times as fast as sequential it is; null if it can't be compared.
    pub speedup: Option<Estimate>,
    /// What is shown of it; null if it can't be compared.
    pub place: Option<Place>,
}

/// A single run of the search.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tried {
    /// The strategy's name.
    pub strategy: String,
    /// How many workers.
    pub workers: u32,
    /// Tasks per second; zero if more of them failed than sequentially.
    #[serde(rename = "tasks_per_s")]
    pub rate: f64,
    /// Seconds that the run took beside its tasks: to start and to end the workers.
    #[serde(skip)]
    pub overhead_s: f64,
}

impl AdviceExport {
    /// Whether this cell is the advised one.
    pub fn advises(&self, ComparedCell { times, .. }: &ComparedCell) -> bool {
        self.advised.as_ref().is_some_and(|it| it.strategy == times.strategy && it.workers == times.workers)
    }
}

/// Advices under several quotas.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct QuotaExport {
    /// Which document this is, and its version.
    #[cfg_attr(feature = "schema", schemars(extend("const" = QuotaExport::SCHEMA)))]
    pub schema: String,
    /// One entry for each quota, in the order that was asked for.
    pub quotas: Vec<UnderQuota>,
}

/// An advice under a quota.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnderQuota {
    /// The quota, in cores.
    pub quota_cores: f64,
    /// How often and how long it stopped the work, and makespan itself, mock server included.
    pub throttling: Throttling,
    /// How long a run of the advised cell took, seconds, about. A quota hardly limits a run that is over before some periods
    /// of 0.1 s.
    pub run_s: Option<f64>,
    /// The advice.
    pub advice: AdviceExport,
}

/// How many workers hold a rate: what `makespan advise --rate` writes with `--json FILE`. Keys are full words with their
/// unit; an optional value is null, never absent. A later version may add keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoadAdviceExport {
    /// Which document this is, and its version.
    #[cfg_attr(feature = "schema", schemars(extend("const" = LoadAdviceExport::SCHEMA)))]
    pub schema: String,
    /// The version of makespan that wrote it.
    pub makespan_version: String,
    /// The command that measures this again.
    pub command: String,
    /// What was measured, for people.
    pub work: String,
    /// Whether the advice stands. Undecided also if no number of workers that was measured holds the rate; then `workers` is null, and
    /// `workers_that_may_do` empty. Failed if they don't because tasks fail.
    pub standing: AdviceStanding,
    /// The strategy's name.
    pub strategy: String,
    /// Tasks that become due in a second.
    pub rate_per_s: f64,
    /// What holding the rate means; null for a p95 within 10 % of that with the most workers.
    pub target: Option<LatencyTarget>,
    /// The fewest workers that are shown to hold it; null if none is shown to.
    pub workers: Option<u32>,
    /// Fewer workers that may hold it, too.
    pub workers_that_may_do: Vec<u32>,
    /// The advice, for people.
    pub sentence: String,
    /// Tasks under way on average, by Little's law.
    pub under_way: f64,
    /// The highest measured rate before tasks fail, or the p95 is more than twice that at the lowest; null with one rate, and if
    /// the workers don't keep up with the lowest.
    pub knee_per_s: Option<f64>,
    /// About how many tasks may wait before one more would miss the target; null without a target that is held.
    pub queue_length: Option<u32>,
    /// A few tasks, done sequentially; sums over the tasks.
    pub sample: WorkSample,
    /// Rounds that every cell completed.
    pub rounds: u32,
    /// Tasks of a run.
    pub tasks: u32,
    /// About how many tasks with each number of workers would decide it; null if it is decided, without a target, and if 5000 would
    /// not.
    pub needs_tasks: Option<u32>,
    /// What was measured.
    pub cells: Vec<LoadedCellExport>,
}

/// Workers under a rate, as a document has them. A percentile is over the tasks of all rounds; a p95 of fewer than 20 tasks and a p99
/// of fewer than 100 are null. Of fewer than 72 and 368 tasks, the interval ends at the longest latency and covers less than 95 %.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoadedCellExport {
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
    /// What the first task that failed says; null if none did.
    pub first_error: Option<String>,
    /// The share of tasks that took as long as the target or longer; null without a target.
    pub over_target_share: Option<f64>,
}

impl LoadAdviceExport {
    /// Whether this cell is the advised one.
    pub fn advises(&self, cell: &LoadedCellExport) -> bool {
        self.workers == Some(cell.workers) && (cell.rate_per_s / self.rate_per_s - 1.0).abs() < 1e-9
    }
}
