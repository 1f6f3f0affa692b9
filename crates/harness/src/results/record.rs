//! The record of measured runs: one versioned JSON document, the same in the store and from `makespan run --json`.
//!
//! Other programs read it, so keys are full words with their unit, and an optional value is `null`, never absent. The
//! JSON Schema is `fixtures/schema/run-1.json`; a test compares the two.

use crate::scenario::{CellSpec, Phase, Timer};
use measure::host::HostFacts;
use serde::{Deserialize, Serialize};
use stats::Estimate;
use std::collections::BTreeMap;
use work::{
    fixtures::LeftOut,
    queue::outage::Outage,
    worker::{lane::Span, task_queue::Schedule, work::Elsewhere},
};

/// The schema that this version writes.
pub const SCHEMA: &str = "makespan.run/1";

/// Reading the processor time before and after a run takes some tens of microseconds. In a shorter run they matter.
const LEAST_RUN_S: f64 = 1e-3;

/// One scenario, measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The version of makespan that wrote it.
    pub makespan_version: String,
    /// The machine, part of the result.
    pub host: HostFacts,
    /// The scenario's name.
    pub scenario: String,
    /// Its title, for people.
    pub title: String,
    /// Its question, for people.
    pub question: String,
    /// The document it comes from, `000` to `004`; `None` for our own scenarios.
    pub document: Option<String>,
    /// When the first round began, RFC 3339, UTC.
    pub started_at: String,
    /// Latencies and transfer times were divided by this.
    pub time_scale: f64,
    /// The seed of the order of the rounds.
    pub seed: u64,
    /// Whether latencies or faults are drawn anew in each round: times then scatter even on a quiet machine.
    #[serde(default)]
    pub drawn: bool,
    /// Why it was measured.
    #[serde(default)]
    pub purpose: Purpose,
    /// The interim analyses: numbers of rounds at which it could stop, ascending, fixed beforehand; the last is
    /// `rounds`. A figure tested at several splits its 5 % error among them.
    #[serde(default)]
    pub looks: Vec<u32>,
    /// Why it ended; `None` while it runs, and after Ctrl-C or SIGKILL: such a record can be resumed.
    #[serde(default)]
    pub stopped: Option<EndReason>,
    /// Rounds requested.
    pub rounds: u32,
    /// Rounds that every cell completed. Fewer than `rounds` means that the run was interrupted.
    pub rounds_done: u32,
    /// The command that measures this again.
    pub command: String,
    /// Files of the user's own folder of pictures that were not measured, sorted. Empty without such a folder.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
    /// One entry for each cell, in the scenario's order; the baseline of each variant first.
    pub cells: Vec<CellRecord>,
}

/// The names of files, by the reason why they were left out.
pub type Reasons<'a> = BTreeMap<&'a str, Vec<&'a str>>;

impl Record {
    /// How many of the user's own pictures were measured and how many there are, and the names of those left out, by
    /// reason. `None` if none was left out.
    pub fn pictures(&self) -> Option<(usize, usize, Reasons<'_>)> {
        let measured = self.cells.iter().map(|cell| cell.tasks as usize).max().unwrap_or(0);
        let mut reasons = Reasons::new();
        for LeftOut { file, why } in &self.left_out {
            reasons.entry(why).or_default().push(file);
        }
        (!reasons.is_empty()).then(|| (measured, measured + self.left_out.len(), reasons))
    }
}

/// Why a record was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// `makespan run`: a user's choice of cells.
    #[default]
    Run,
    /// `makespan reproduce`: the cells that claims name.
    Findings,
}

/// Why a measurement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// All rounds are done.
    AllRounds,
    /// At an interim analysis, every interval was narrow enough.
    Narrow,
    /// The time budget is used up.
    Budget,
}

/// One cell: variant x strategy x workers x schedule x timer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellRecord {
    /// The variant's name; `default` for the unchanged scenario.
    pub variant: String,
    /// How many tasks it has.
    pub tasks: u32,
    /// The strategy's name.
    pub strategy: String,
    /// Workers in all. If they were started elsewhere: those present during a run, so 0 before the first.
    pub workers: u32,
    /// The most workers that worked on tasks at the same time, over all rounds; `None` before the first.
    #[serde(default)]
    pub workers_at_once: Option<u32>,
    /// The worker processes that were lost in measured rounds, and replaced. Such a cell has no speed-up: its pool was
    /// incomplete for part of its time.
    #[serde(default)]
    pub lost_workers: Vec<LostInRound>,
    /// Worker processes, where the strategy has both processes and threads.
    pub processes: Option<u32>,
    /// How tasks reached the workers.
    pub deal: Schedule,
    /// The timer boundary.
    pub timer: Timer,
    /// The phases that this cell's times enclose.
    pub timed: Vec<Phase>,
    /// Whether every answer was right.
    pub check: Check,
    /// Why the check failed, or why the cell was skipped; for a cell that passed, its first task error.
    pub error: Option<String>,
    /// Tasks that ended in an error, expected ones included, in the round that had the most.
    pub task_errors: u32,
    /// Seconds to start the pool, one entry for each round.
    pub start_s: Vec<f64>,
    /// Seconds from the first task's start to the last one's end, prologue included, one entry for each round.
    pub run_s: Vec<f64>,
    /// Seconds to close the pool, one entry for each round.
    pub stop_s: Vec<f64>,
    /// How many times as fast as the baseline (`sequential`, same variant, same timer); `None` for the baseline itself,
    /// for a failed cell, for one with more task errors than the baseline (it did less work), if either lost a worker
    /// in a round, and below two rounds.
    pub speedup: Option<Estimate>,
    /// CPU seconds in the program, children included, mean over the rounds, for the run phase.
    pub cpu_user_s: Option<f64>,
    /// CPU seconds in the kernel, likewise.
    pub cpu_system_s: Option<f64>,
    /// CPU seconds of the run phase, program and kernel together, children included, one entry for each round.
    #[serde(default)]
    pub cpu_s: Vec<f64>,
    /// Peak memory of all processes of the pool, from an extra untimed run in a fresh child (proportional set size,
    /// sampled); with several runs, the largest. `None` if it was not measured.
    pub peak_memory_bytes: Option<u64>,
    /// The memory that a worker adds, bytes, from the same run. If workers are processes: their proportional set size
    /// at the peak, divided by the workers. Otherwise: the growth from before the pool was started to the peak, divided
    /// by the workers. `None` if it was not measured or can't be determined.
    pub memory_per_worker_bytes: Option<u64>,
    /// The same from each of several such runs, if a claim is about it; otherwise empty.
    #[serde(default)]
    pub memory_samples_bytes: Vec<u64>,
    /// The number of answers with each HTTP status, in the last round. Empty if nothing is fetched.
    #[serde(default)]
    pub statuses: BTreeMap<u16, u32>,
    /// The most threads alive at once in all processes of the pool, from the same runs, sampled; monitoring threads are
    /// not counted.
    pub most_threads: Option<u32>,
    /// The most processes alive at once, likewise.
    pub most_processes: Option<u32>,
    /// Context switches, because a thread had to wait or its time slice ended; children included, mean over the rounds,
    /// for the run phase.
    pub context_switches: Option<f64>,
    /// Seconds that threads waited for a free core, all threads together, likewise; `None` if the system doesn't report
    /// it, and if threads that ended within the run did a good part of the work.
    pub core_wait_s: Option<f64>,
    /// Where the queue was: `sqlite` for a file of the pool's own, otherwise its URL without the password. `None` for
    /// strategies without a queue.
    pub queue: Option<String>,
    /// Redeliveries: jobs enqueued again because their worker was silent, all measured rounds together. `None` for
    /// strategies without a queue, and before the first round.
    pub redeliveries: Option<u32>,
    /// The most other runs that used the same queue name at once, in any measured round: they share its workers. `None`
    /// like `redeliveries`.
    #[serde(default)]
    pub other_runs: Option<u32>,
    /// Runs whose time does not count, because the queue did not answer for part of it. Each was measured again in the
    /// same round, unless the cell failed with it.
    #[serde(default)]
    pub excluded: Vec<Excluded>,
    /// The spans of the round whose time is nearest to the median; `None` before the first.
    pub timeline: Option<Timeline>,
}

/// A lost worker process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostInRound {
    /// The round, counted from 0.
    pub round: u32,
    /// The process of the pool, counted from 1.
    pub process: u32,
    /// How it ended, or why it was killed.
    pub how: String,
}

/// A run whose time does not count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Excluded {
    /// Why it does not count, in words.
    pub reason: String,
    /// Redeliveries in it.
    pub redeliveries: u32,
    /// Its times and outages. Only the cell's first such run keeps its spans.
    pub timeline: Timeline,
}

/// The spans of one round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// The round, counted from 0.
    pub round: u32,
    /// When the run phase began: `CLOCK_MONOTONIC`, nanoseconds. Spans count from the same zero.
    pub start_ns: u64,
    /// When the run phase ended.
    pub end_ns: u64,
    /// Every span, ordered by its start.
    pub spans: Vec<Span>,
    /// The tasks that ended in an error in this round, ascending.
    pub failed: Vec<u32>,
    /// The workers on other hosts; their spans are converted to this host's clock.
    #[serde(default)]
    pub elsewhere: Vec<Elsewhere>,
    /// Periods in which a connection to the queue got no answer, by their start. A run with one is in
    /// [`CellRecord::excluded`].
    #[serde(default)]
    pub outages: Vec<Outage>,
}

/// The result of checking a cell's answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// It has no round yet.
    NotMeasured,
    /// Every answer of every run was right.
    Passed,
    /// One was wrong. The cell has no times.
    Failed,
    /// Not run, because the combination is invalid. `error` says why.
    Skipped,
}

impl CellRecord {
    /// What this cell's timer enclosed, one figure for each round. Empty for a failed cell: a wrong answer has no time.
    pub fn timed_s(&self) -> Vec<f64> {
        if self.check != Check::Passed {
            return Vec::new();
        }
        let phase = |which| if self.timed.contains(&which) { 1.0 } else { 0.0 };
        let (start, run, stop) = (phase(Phase::Start), phase(Phase::Run), phase(Phase::Stop));
        let rounds = self.start_s.iter().zip(&self.run_s).zip(&self.stop_s);
        rounds.map(|((a, b), c)| a * start + b * run + c * stop).collect()
    }

    /// Whether it is the cell of this name.
    pub fn is(&self, spec: &CellSpec) -> bool {
        self.variant == spec.variant
            && self.strategy == spec.strategy
            && self.layout() == spec.shape.to_string()
            && self.deal == spec.deal
            && self.timer == spec.timer
    }

    /// Its workers as in `--workers`: `15`, or `3x5` for three processes of five threads each.
    pub fn layout(&self) -> String {
        match self.processes {
            Some(processes) => format!("{processes}x{}", self.workers.checked_div(processes).unwrap_or_default()),
            None => self.workers.to_string(),
        }
    }

    /// CPU time over wall time, for the run phase: 1 is one core, busy throughout. Both are means over the rounds.
    /// `None` if it was not measured, and if a run is so short that reading the times would dominate.
    pub fn cpu_share(&self) -> Option<f64> {
        let run_s = self.run_s.iter().sum::<f64>() / self.run_s.len() as f64;
        let cpu_s = self.cpu_user_s? + self.cpu_system_s?;
        (self.check == Check::Passed && run_s >= LEAST_RUN_S).then(|| cpu_s / run_s)
    }

    /// True for the cell that the speed-ups of its variant and timer are measured against.
    pub fn is_baseline(&self) -> bool {
        self.strategy == "sequential"
    }
}
