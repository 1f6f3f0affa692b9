//! The record of measured runs: one versioned JSON document, the same in the store and from `makespan run --json`.
//!
//! A cell keeps its name and its rounds, as they were measured; every mean, median and speedup is computed from the
//! rounds by a method.
//!
//! Other programs read it, so keys are full words with their unit, and an optional value is `null`, never absent. The
//! JSON Schema is `fixtures/schema/run-2.json`; a test compares the two. A key that a later version adds is ignored.

use super::latency::Latency;
use crate::scenario::{CellSpec, Phase, claim::Percentile};
use measure::{host::HostFacts, usable_cores::Throttling};
use serde::{Deserialize, Serialize, Serializer};
use stats::{Estimate, paired};
use std::collections::BTreeMap;
use support::figures::{count, exact, fixed, time};
use work::{
    fixtures::LeftOut,
    queue::outage::Outage,
    strategy::{Strategy, python::has_start_method, sequential::Sequential},
    worker::{
        error::LostWorker,
        lane::Span,
        python::interpreter::{Interpreter, PythonSetting},
        work::Elsewhere,
    },
};

/// The schema that this version reads and writes.
pub const SCHEMA: &str = "makespan.run/2";

/// Reading the processor time before and after a run takes some tens of microseconds. In a shorter run they matter.
const LEAST_RUN_S: f64 = 1e-3;

/// One scenario, measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Record {
    /// Which document this is, and its version.
    #[cfg_attr(feature = "schema", schemars(extend("const" = SCHEMA)))]
    pub schema: String,
    /// The version of makespan that wrote it.
    pub makespan_version: String,
    /// The machine, part of the result.
    pub host: HostFacts,
    /// The scenario's name.
    pub scenario: String,
    /// The user's file that it was read from, as an absolute path; `None` if it is built in.
    pub scenario_file: Option<String>,
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
    pub drawn: bool,
    /// The id of the process that measured it last.
    pub process: u32,
    /// Why it was measured.
    pub purpose: Purpose,
    /// The interim analyses: numbers of rounds at which it could stop, ascending, fixed beforehand; the last is
    /// `rounds`. A figure tested at several splits its 5 % error among them.
    pub looks: Vec<u32>,
    /// Why it ended; `None` while it runs, and after Ctrl-C or SIGKILL: such a record can be resumed.
    pub stopped: Option<EndReason>,
    /// Rounds requested.
    pub rounds: u32,
    /// Rounds that every cell completed. Fewer than `rounds` means that the run was interrupted.
    pub rounds_done: u32,
    /// How often and how long a CPU quota stopped the threads of this program's control groups while it was measured;
    /// `None` without a quota.
    pub throttling: Option<Throttling>,
    /// How many of the cores that this process may use others kept busy while it was measured, on average: other programs,
    /// a server of the user's on this machine, other virtual machines. `None` where the system doesn't report it.
    #[serde(default)]
    pub others_cores: Option<f64>,
    /// The command that measures this again.
    pub command: String,
    /// Files of the user's own folder of pictures that were not measured, sorted. Empty without such a folder.
    pub left_out: Vec<LeftOut>,
    /// One entry for each cell, in the scenario's order; the baseline of each variant first.
    #[serde(serialize_with = "with_speedups")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<CellWithSpeedup<'static>>"))]
    pub cells: Vec<CellRecord>,
}

/// The share of the usable cores that others may keep busy without a warning: more than on an idle machine.
const MOST_TAKEN: f64 = 0.15;

/// The share of its time that a worker waits for a core and lacks it. Found by trial, beside a program that kept one of two cores
/// busy: it was more than 0.3 for what computes, and less than 0.2 for what waits.
const LACKING: f64 = 0.25;

/// The names of files, by the reason why they were left out.
pub type Reasons<'a> = BTreeMap<&'a str, Vec<&'a str>>;

/// A cell as it is written: other programs want speedups, and can't easily compute them.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct CellWithSpeedup<'a> {
    #[serde(flatten)]
    cell: &'a CellRecord,
    /// How many times as fast it is as the baseline of its variant and timer, from pairs of one round; null for the
    /// baseline, and where there is nothing to compare.
    speedup: Option<Estimate>,
}

fn with_speedups<S: Serializer>(cells: &[CellRecord], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(cells.iter().map(|cell| CellWithSpeedup { cell, speedup: cell.speedup_among(cells) }))
}

impl Record {
    /// The cell of this name.
    pub fn cell(&self, spec: &CellSpec) -> Option<&CellRecord> {
        self.cells.iter().find(|cell| cell.spec == *spec)
    }

    /// The speedup of a cell of this record over the baseline of its variant and timer: see
    /// [`CellRecord::speedup_among`].
    pub fn speedup(&self, cell: &CellRecord) -> Option<Estimate> {
        cell.speedup_among(&self.cells)
    }

    /// A sentence about the CPU quota that stopped the run, if one did.
    fn throttled(&self) -> Option<String> {
        let Throttling { periods, seconds } = self.throttling.filter(|throttling| throttling.periods > 0)?;
        let quota = self.host.cpu_quota_cores.map_or_else(String::new, |cores| format!(" of {} cores", exact(cores)));
        Some(format!(
            "A CPU quota{quota} stopped the workers in {}, for {} in all, and the times include that: run without a CPU \
             limit, or pin the program to whole cores.",
            count(periods as usize, "period"),
            time(seconds)
        ))
    }

    /// How many cores others kept busy, if so many that the workers lacked them.
    pub fn taken_cores(&self) -> Option<f64> {
        let affinity = f64::from(self.host.cores_affinity);
        let usable = self.host.cpu_quota_cores.map_or(affinity, |quota| quota.min(affinity));
        self.others_cores.filter(|others| affinity - others < (1.0 - MOST_TAKEN) * usable)
    }

    /// The same, if the workers of one of these cells had to wait for cores. More workers then get a larger share of the cores,
    /// whatever they do with it, so times don't tell what more workers are worth.
    pub fn taken_from<'a>(&self, cells: impl IntoIterator<Item = &'a CellRecord>) -> Option<f64> {
        self.taken_cores().filter(|_| cells.into_iter().any(CellRecord::lacked_cores))
    }

    /// What [`taken_cores`](Self::taken_cores) are, in words.
    pub fn who_took(&self, taken: f64) -> String {
        format!("other programs kept {} of {} busy", fixed(taken, 1), self.host.cores())
    }

    /// Sentences about what took processor time from the workers: a quota, other programs.
    pub fn disturbances(&self) -> impl Iterator<Item = String> {
        let taken = self
            .taken_cores()
            .map(|taken| format!("The workers lacked cores: {}. Close them, and measure again.", self.who_took(taken)));
        self.throttled().into_iter().chain(taken)
    }

    /// Whether tasks became due at times, and latencies count from these.
    pub fn has_arrivals(&self) -> bool {
        self.cells.iter().flat_map(|cell| &cell.rounds).any(|round| round.latency_from_due.is_some())
    }

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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// All rounds are done.
    AllRounds,
    /// At an interim analysis, no cell needed more rounds.
    Settled,
    /// The time budget is used up.
    Budget,
}

/// One cell: variant x strategy x workers x schedule x timer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CellRecord {
    /// Which cell it is.
    pub spec: CellSpec,
    /// Whether the speedups of its variant and timer are measured against it: `sequential`, or what `--baseline` names.
    pub is_baseline: bool,
    /// The checksum of what is measured in it, apart from its name: with another one, it is no evidence for the claims of
    /// a scenario.
    pub checksum: String,
    /// How many tasks it has.
    pub tasks: u32,
    /// Whether the run started its workers. Otherwise `makespan worker` did, and only a round tells how many there were.
    pub own_workers: bool,
    /// The phases that this cell's times enclose.
    pub timed: Vec<Phase>,
    /// Whether every answer was right.
    pub check: Check,
    /// Why the check failed, or why the cell was skipped; `None` for a cell that passed.
    pub reason: Option<String>,
    /// Peak memory of all processes of the pool, bytes, from an extra untimed run in a fresh child (proportional set size,
    /// sampled); with several runs, the largest. `None` if it was not measured.
    pub peak_memory_bytes: Option<u64>,
    /// The memory that a worker adds, bytes, from the same run. If workers are processes: their proportional set size
    /// at the peak, divided by the workers. Otherwise: the growth from before the pool was started to the peak, divided
    /// by the workers. `None` if it was not measured or can't be determined.
    pub memory_per_worker_bytes: Option<u64>,
    /// The same, bytes, from each of several such runs, if a claim is about it; otherwise empty.
    pub memory_samples_bytes: Vec<u64>,
    /// The most threads alive at once in all processes of the pool, from the same runs, sampled; monitoring threads are
    /// not counted.
    pub most_threads: Option<u32>,
    /// The most processes alive at once, likewise.
    pub most_processes: Option<u32>,
    /// Where the queue was: `sqlite` for a file of the pool's own, otherwise its URL without the password. `None` for
    /// strategies without a queue.
    pub queue: Option<String>,
    /// The Python that it ran in; `None` for strategies in Rust, and where none was found.
    pub python: Option<PythonFacts>,
    /// The program that its tasks start, without its arguments; `None` if they do their work themselves.
    #[serde(default)]
    pub program: Option<String>,
    /// How much the first thumbnails look like those of a full decode and Lanczos's filter, decibels, at least; `None` if
    /// none were made, and where they can't be compared.
    #[serde(default)]
    pub likeness_db: Option<f64>,
    /// What was measured, one entry for each round, in order. Empty for a failed cell.
    pub rounds: Vec<Round>,
    /// Runs whose time does not count, because the queue did not answer for part of it. Each was measured again in the
    /// same round, unless the cell failed with it.
    pub excluded: Vec<Excluded>,
    /// The spans of the round whose time is nearest to the median; `None` before the first.
    pub timeline: Option<Timeline>,
}

/// The Python that a cell ran in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PythonFacts {
    /// `CPython`, `PyPy`.
    pub implementation: String,
    /// Such as `3.11.7`.
    pub version: String,
    /// Whether one thread runs at a time.
    pub lock: bool,
    /// The interpreter's program.
    pub path: String,
    /// How worker processes were started; `None` for strategies without them.
    pub start_method: Option<String>,
    /// Versions of the packages that tasks may use; `None` for one that is not installed.
    pub packages: BTreeMap<String, Option<String>>,
}

impl PythonFacts {
    /// Those of a strategy's cell with this setting.
    pub fn of(setting: &PythonSetting, strategy: &str) -> Self {
        let PythonSetting { interpreter: Interpreter { path, greeting, .. }, start_method } = setting;
        let start_method = start_method.as_ref().unwrap_or(&greeting.default_start_method);
        Self {
            implementation: greeting.implementation.clone(),
            version: greeting.version.clone(),
            lock: greeting.lock,
            path: path.to_string_lossy().into_owned(),
            start_method: has_start_method(strategy).then(|| start_method.clone()),
            packages: greeting.packages.clone(),
        }
    }
}

/// One round of a cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Round {
    /// Seconds to start the pool.
    pub start_s: f64,
    /// Seconds from the first task's start to the last one's end, prologue included.
    pub run_s: f64,
    /// Seconds of simulated waiting on the worker that waited longest: the part of `run_s` that the time scale has divided.
    pub waits_s: f64,
    /// Seconds to close the pool.
    pub stop_s: f64,
    /// CPU seconds of the run phase in the program, children included.
    pub cpu_user_s: f64,
    /// CPU seconds of the run phase in the kernel, likewise.
    pub cpu_system_s: f64,
    /// Context switches in the run phase, because a thread had to wait or its time slice ended; children included.
    pub context_switches: u64,
    /// Seconds in the run phase that threads waited for a free core, all threads together, children included; `None` if
    /// the system doesn't report it, and if threads that ended within the run did a good part of the work.
    pub core_wait_s: Option<f64>,
    /// Tasks that ended in an error, expected ones included.
    pub task_errors: u32,
    /// What the first of them says.
    pub first_error: Option<String>,
    /// The number of answers with each HTTP status. Empty if nothing is fetched.
    pub statuses: BTreeMap<u16, u32>,
    /// Latencies of its tasks, each from when a worker began it; `None` if no task began.
    pub latency: Option<Latency>,
    /// The same from when each task was due; `None` if all were due at the start.
    pub latency_from_due: Option<Latency>,
    /// How many workers took part.
    pub workers: u32,
    /// The most of them that worked on tasks at the same time.
    pub workers_at_once: u32,
    /// The worker processes that were lost, and replaced. Such a cell has no speedup: its pool was incomplete for part
    /// of its time.
    pub lost_workers: Vec<LostWorker>,
    /// Jobs that a queue enqueued again because their worker was silent.
    pub redeliveries: u32,
    /// The most other runs that used the same queue name at once: they share its workers.
    pub other_runs: u32,
}

/// A run whose time does not count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Timeline {
    /// The round, counted from 0.
    pub round: u32,
    /// When the run phase began: `CLOCK_MONOTONIC`, nanoseconds. Spans count from the same zero.
    pub start_ns: u64,
    /// When the run phase ended, nanoseconds.
    pub end_ns: u64,
    /// Every span, ordered by its start.
    pub spans: Vec<Span>,
    /// The tasks that ended in an error in this round, ascending.
    pub failed: Vec<u32>,
    /// The workers on other hosts; their spans are converted to this host's clock.
    pub elsewhere: Vec<Elsewhere>,
    /// Periods in which a connection to the queue got no answer, by their start. A run with one is excluded.
    pub outages: Vec<Outage>,
}

/// The result of checking a cell's answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// It has no round yet.
    NotMeasured,
    /// Every answer of every run was right.
    Passed,
    /// One was wrong. The cell has no times.
    Failed,
    /// Not run, because the combination is invalid. The reason says more.
    Skipped,
}

impl CellRecord {
    /// The record of a cell before anything is measured. `sequential` is the baseline.
    pub fn unmeasured(spec: CellSpec, tasks: u32, timed: Vec<Phase>) -> Self {
        Self {
            is_baseline: spec.strategy == Sequential.name(),
            spec,
            checksum: String::new(),
            tasks,
            own_workers: true,
            timed,
            check: Check::NotMeasured,
            reason: None,
            peak_memory_bytes: None,
            memory_per_worker_bytes: None,
            memory_samples_bytes: Vec::new(),
            most_threads: None,
            most_processes: None,
            queue: None,
            python: None,
            program: None,
            likeness_db: None,
            rounds: Vec::new(),
            excluded: Vec::new(),
            timeline: None,
        }
    }

    /// One figure of every round.
    pub fn each<T>(&self, figure: impl FnMut(&Round) -> T) -> Vec<T> {
        self.rounds.iter().map(figure).collect()
    }

    /// What this cell's timer enclosed, seconds, one figure for each round. Empty for a failed cell: a wrong answer has
    /// no time.
    pub fn timed_s(&self) -> Vec<f64> {
        if self.check == Check::Passed { self.each(|round| round.timed_s(&self.timed)) } else { Vec::new() }
    }

    /// Its workers in all. If others started them: those present in the first round, so 0 before.
    pub fn workers(&self) -> u32 {
        let asked = if self.own_workers { self.spec.shape.workers().get() } else { 0 };
        self.rounds.first().map_or(asked, |round| round.workers)
    }

    /// Its workers as in `--workers`: `15`, or `3x5` for three processes of five threads each.
    pub fn layout(&self) -> String {
        match self.spec.shape.processes() {
            Some(_) => self.spec.shape.to_string(),
            None => self.workers().to_string(),
        }
    }

    /// How many times as fast as the baseline among these cells (same variant, same timer), from the rounds that both
    /// have completed, in pairs ([`paired::speedup`]). `None` for the baseline itself, without one, and below two
    /// rounds; if in any round more of its tasks failed than of the baseline's (less work takes less time); and if
    /// either lost a worker (fewer workers take longer).
    pub fn speedup_among<'a>(&self, cells: impl IntoIterator<Item = &'a Self>) -> Option<Estimate> {
        let (baseline_s, measured_s) = self.pairs_among(cells)?;
        paired::speedup(&baseline_s, &measured_s)
    }

    /// The times of that baseline and of this cell, seconds, one pair for each round that both have completed; `None`
    /// where there is no speedup to be had from them.
    pub fn pairs_among<'a>(&self, cells: impl IntoIterator<Item = &'a Self>) -> Option<(Vec<f64>, Vec<f64>)> {
        let same = |cell: &&Self| cell.spec.variant == self.spec.variant && cell.spec.timer == self.spec.timer;
        let baseline = cells.into_iter().filter(same).find(|cell| cell.is_baseline)?;
        let mut pairs = self.rounds.iter().zip(&baseline.rounds);
        let unequal = |(own, other): (&Round, &Round)| {
            own.task_errors > other.task_errors || !own.lost_workers.is_empty() || !other.lost_workers.is_empty()
        };
        if self.is_baseline || pairs.any(unequal) {
            return None;
        }
        // Within a round one of the two is a round ahead; only whole pairs count.
        let (mut baseline_s, mut measured_s) = (baseline.timed_s(), self.timed_s());
        let pairs = measured_s.len().min(baseline_s.len());
        baseline_s.truncate(pairs);
        measured_s.truncate(pairs);
        Some((baseline_s, measured_s))
    }

    /// CPU seconds of the run phase in the program, mean over the rounds; `None` before the first.
    pub fn cpu_user_s(&self) -> Option<f64> {
        mean(&self.each(|round| round.cpu_user_s))
    }

    /// CPU seconds of the run phase in the kernel, mean over the rounds; `None` before the first.
    pub fn cpu_system_s(&self) -> Option<f64> {
        mean(&self.each(|round| round.cpu_system_s))
    }

    /// A percentile of its tasks' latencies, seconds, for each round: from when a task was due, if it is an arrival.
    /// Empty for a failed cell, and where no task began.
    pub fn latencies_s(&self, percentile: Percentile) -> Vec<f64> {
        let of = |round: &Round| Some(round.latency_from_due.or(round.latency)?.at(percentile));
        self.rounds.iter().filter_map(of).collect()
    }

    /// Tasks done in a second, for each round, failed ones not counted.
    pub fn throughputs_per_s(&self) -> Vec<f64> {
        self.each(|round| f64::from(self.tasks - round.task_errors.min(self.tasks)) / round.run_s)
    }

    /// CPU time over wall time, for the run phase: 1 is one core, busy throughout. Both are means over the rounds.
    /// `None` before the first, and if a run is so short that reading the times would dominate.
    pub fn cpu_share(&self) -> Option<f64> {
        let run_s = mean(&self.each(|round| round.run_s)).filter(|run_s| *run_s >= LEAST_RUN_S)?;
        Some(mean(&self.each(Round::cpu_s))? / run_s)
    }

    /// Whether a worker waited for a core for a quarter of the time, on average or more. Where the system doesn't tell: whether it
    /// computed for as long.
    fn lacked_cores(&self) -> bool {
        let workers = mean(&self.each(|round| f64::from(round.workers_at_once))).unwrap_or(0.0).max(1.0);
        let run_s = mean(&self.each(|round| round.run_s)).unwrap_or(0.0);
        let waited = self.core_wait_s().map(|waited_s| waited_s / run_s).or(self.cpu_share());
        waited.is_some_and(|share| share / workers >= LACKING)
    }

    /// Context switches in the run phase, mean over the rounds; `None` before the first.
    pub fn context_switches(&self) -> Option<f64> {
        mean(&self.each(|round| round.context_switches as f64))
    }

    /// Seconds that threads waited for a core in the run phase, mean over the rounds; `None` if one round doesn't tell:
    /// a mean of only those that do would be a different mean.
    pub fn core_wait_s(&self) -> Option<f64> {
        mean(&self.rounds.iter().map(|round| round.core_wait_s).collect::<Option<Vec<f64>>>()?)
    }

    /// Tasks that ended in an error, expected ones included, in the round that had the most.
    pub fn task_errors(&self) -> u32 {
        self.worst().map_or(0, |round| round.task_errors)
    }

    /// Why the check failed, or why the cell was skipped; for a cell that passed, what its first task error says.
    pub fn error(&self) -> Option<&str> {
        self.reason.as_deref().or_else(|| self.worst()?.first_error.as_deref())
    }

    fn worst(&self) -> Option<&Round> {
        self.rounds.iter().max_by_key(|round| round.task_errors)
    }

    /// The number of answers with each HTTP status, in the last round.
    pub fn statuses(&self) -> BTreeMap<u16, u32> {
        self.rounds.last().map(|round| round.statuses.clone()).unwrap_or_default()
    }

    /// The most workers that worked on tasks at the same time, over all rounds; `None` before the first.
    pub fn workers_at_once(&self) -> Option<u32> {
        self.rounds.iter().map(|round| round.workers_at_once).max()
    }

    /// The lost worker processes, each with its round, counted from 0.
    pub fn lost_workers(&self) -> impl Iterator<Item = (u32, &LostWorker)> {
        (0..).zip(&self.rounds).flat_map(|(number, round)| round.lost_workers.iter().map(move |lost| (number, lost)))
    }

    /// Redeliveries of all rounds together; `None` for strategies without a queue, and before the first round.
    pub fn redeliveries(&self) -> Option<u32> {
        (self.queue.is_some() && !self.rounds.is_empty())
            .then(|| self.rounds.iter().map(|round| round.redeliveries).sum())
    }

    /// The most other runs that used the same queue name at once, in any round; `None` like [`Self::redeliveries`].
    pub fn other_runs(&self) -> Option<u32> {
        self.rounds.iter().map(|round| round.other_runs).max().filter(|_| self.queue.is_some())
    }
}

impl Round {
    /// The seconds of the enclosed phases.
    pub fn timed_s(&self, timed: &[Phase]) -> f64 {
        let seconds = |phase: &Phase| match phase {
            Phase::Start => self.start_s,
            Phase::Run => self.run_s,
            Phase::Stop => self.stop_s,
        };
        timed.iter().map(seconds).sum()
    }

    /// CPU seconds of the run phase, program and kernel together.
    pub fn cpu_s(&self) -> f64 {
        self.cpu_user_s + self.cpu_system_s
    }
}

fn mean(figures: &[f64]) -> Option<f64> {
    (!figures.is_empty()).then(|| figures.iter().sum::<f64>() / figures.len() as f64)
}
