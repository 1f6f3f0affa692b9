//! Under load: tasks become due at a rate, and the question is how many workers hold it.

mod words;

use super::{
    super::progress::Progress,
    own_work::TaskSource,
    program::{AdviceRun, trial::spec},
};
use advice::{
    AdviceStanding, WorkSample,
    load::{LatencyTarget, LoadAdvice, LoadCell, LoadRound, fewest_tasks, judge_load},
};
use harness::{
    results::record::{CellRecord, Check, Record},
    runner::{self, Observer, Plan, Settings, cell::Sample},
    scenario::{CellSpec, DEFAULT_VARIANT, Scenario, Variant},
};
use measure::usable_cores::UsableCores;
use stats::looks;
use std::{collections::BTreeMap, time::Duration};
use support::figures::{count, grouped};
use work::worker::{
    arrival::{Gaps, Recipe},
    lane::{Activity, Span},
};

/// The rounds that are aimed at.
const ROUNDS: u32 = 5;

/// With fewer rounds than this, intervals say nothing.
const FEWEST_ROUNDS: u32 = 3;

/// Runs of fewer tasks than this are not worth measuring.
const FEWEST_TASKS: u32 = 10;

/// Without a target, the p95 of each run is compared, and fewer tasks than this have none.
const FEWEST_WITHOUT_TARGET: u32 = 20;

/// The most tasks of a run.
const MOST_TASKS: u32 = 1000;

/// What was found.
pub(super) struct MeasuredLoad {
    sample: WorkSample,
    strategy: &'static str,
    rate_per_s: f64,
    target: Option<LatencyTarget>,
    cells: Vec<LoadCell>,
    advice: LoadAdvice,
    pub(super) rounds: u32,
    tasks: u32,
    /// Usable cores.
    cores: f64,
    /// What would decide it, if it is undecided.
    remedy: String,
    pub(super) standing: AdviceStanding,
    error: Option<String>,
}

impl AdviceRun<'_> {
    /// Measures a few worker counts at this rate, and the largest at other rates as well.
    pub(super) fn under_load(
        &mut self,
        rate_per_s: f64,
        target: Option<LatencyTarget>,
    ) -> anyhow::Result<MeasuredLoad> {
        let sample = self.sample()?;
        let strategy = self.work.strategies[0];
        let cores = UsableCores::of_this_process().cores();
        let nothing = |standing: AdviceStanding, error: Option<String>| MeasuredLoad {
            sample,
            strategy,
            rate_per_s,
            target,
            cells: Vec::new(),
            advice: judge_load(&[], rate_per_s, target, looks::ALPHA),
            rounds: 0,
            tasks: 0,
            cores,
            remedy: String::new(),
            standing,
            error,
        };
        if let Some(error) = self.only_error() {
            return Ok(nothing(AdviceStanding::Failed, Some(format!("every task failed: {error}"))));
        }
        let under_way = sample.workers_for_rate(rate_per_s);
        let at_least = under_way.ceil().max(1.0);
        let mut counts: Vec<u32> = [1.0, 1.5, 2.0, 4.0].map(|factor: f64| (at_least * factor).ceil() as u32).to_vec();
        counts.iter_mut().for_each(|count| *count = (*count).min(self.work.at_most));
        counts.dedup();
        let widest = counts[counts.len() - 1];
        let at_rate = counts.iter().map(|&workers| (workers, rate_per_s));
        let at_others = [0.5, 1.5, 2.0].map(|factor| (widest, rate_per_s * factor));
        let mut cells: Vec<(u32, f64)> = at_rate.chain(at_others).collect();
        let all_cells = cells.clone();
        let fewest = self.fewest_in_a_run(target);
        let for_target = target.map_or(0, |target| fewest_tasks(target, counts.len(), looks::ALPHA));
        // A run of workers that don't keep up lasts longer.
        let each_s = |cells: &[(u32, f64)]| -> f64 {
            cells.iter().map(|(workers, rate)| (1.0 / rate).max(sample.task_s() / f64::from(*workers))).sum()
        };
        let is_enough = |run: &Self, cells: &[(u32, f64)], all: u32| {
            let tasks = run.tasks_of(cells.len(), each_s(cells));
            tasks >= fewest && tasks * run.rounds_of(cells.len(), tasks, each_s(cells), all) >= all
        };
        // Cells are given up for enough tasks, but only if that helps.
        let fewest_cells = [cells[0], (widest, rate_per_s)];
        let all_tasks = if is_enough(self, &fewest_cells, for_target) { for_target } else { 0 };
        while !is_enough(self, &cells, all_tasks) && cells.len() > 2 {
            // Other rates first, then the counts in between.
            let place = if cells.len() > counts.len() { cells.len() - 1 } else { 1 };
            cells.remove(place);
        }
        let tasks = self.tasks_of(cells.len(), each_s(&cells));
        if tasks < fewest {
            let error = format!(
                "a run could have {} and needs {}: give a longer --budget, a higher --rate, more --max-requests or more inputs{}",
                count(tasks as usize, "task"),
                grouped(fewest),
                if target.is_none() { ", or a --target" } else { "" }
            );
            return Ok(nothing(AdviceStanding::Undecided, Some(error)));
        }
        let (scenario, specs) = self.loaded(strategy, &cells, tasks);
        let round_s = f64::from(tasks) * each_s(&cells);
        let rounds = self.rounds_of(cells.len(), tasks, each_s(&cells), for_target);
        let budget = Some(Duration::from_secs_f64(self.left_s().max(2.0 * round_s * f64::from(FEWEST_ROUNDS))));
        let plan = Plan { budget, probe_all: false, ..Plan::rounds(rounds) };
        let settings = Settings { plan, ..self.settings.clone() };
        let mut progress = Progress::new(None);
        let tasks_differ = !matches!(self.work.source, TaskSource::Repeatable(_));
        let mut seen = RoundsSeen { tasks_differ, cells: vec![Vec::new(); cells.len()] };
        let record =
            runner::measure(&scenario, &specs, &settings, &mut vec![&mut progress as &mut dyn Observer, &mut seen])?;
        progress.finish();
        let (measured, rounds) = (of_record(&cells, &record, seen.cells), record.rounds_done);
        let advice = judge_load(&measured, rate_per_s, target, looks::ALPHA);
        let done = count(rounds as usize, "round");
        let error =
            (rounds < FEWEST_ROUNDS).then(|| format!("only {done}: give a longer --budget or more --max-requests"));
        let remedy = self.remedy(advice.needs_tasks, all_cells.len(), each_s(&all_cells), sample.tasks);
        let undecided = nothing(AdviceStanding::Undecided, error);
        let mut found = MeasuredLoad { cells: measured, advice, rounds, tasks, remedy, ..undecided };
        if found.error.is_none() && found.advice.open.is_empty() {
            found.standing = match (found.advice.workers, found.failing()) {
                (Some(_), _) => AdviceStanding::Stands,
                (None, Some(_)) => AdviceStanding::Failed,
                (None, None) => AdviceStanding::Undecided,
            };
        }
        Ok(found)
    }

    /// The tasks of a run for which there are time and tasks in as many rounds as are aimed at. One task of each cell takes `each_s`.
    fn tasks_of(&self, cells: usize, each_s: f64) -> u32 {
        let in_time = self.left_s() / f64::from(ROUNDS) / each_s;
        let affordable = self.left_tasks().map_or(MOST_TASKS, |left| left / (FEWEST_ROUNDS * cells as u32));
        (in_time as u32).min(affordable).min(MOST_TASKS).min(self.most_in_a_run())
    }

    /// The rounds of so many tasks for which there are time and tasks. Where a run can't have more tasks, more rounds have `all`.
    fn rounds_of(&self, cells: usize, tasks: u32, each_s: f64, all: u32) -> u32 {
        let round_s = f64::from(tasks) * each_s;
        let most = all.div_ceil(tasks.max(1)).max(ROUNDS);
        let in_time = ((self.left_s() / round_s) as u32).clamp(FEWEST_ROUNDS, most);
        let affordable = self.left_tasks().map_or(in_time, |left| left / (tasks * cells as u32).max(1));
        in_time.min(affordable).max(1)
    }

    /// What would decide an advice that is undecided: so many tasks of each cell, if that is known.
    fn remedy(&self, tasks: Option<u32>, cells: usize, each_s: f64, sampled: u32) -> String {
        let is_limited = self.work.max_tasks.is_some();
        let Some(tasks) = tasks else {
            let or_requests = if is_limited { " and more --max-requests" } else { "" };
            return format!("A longer --budget{or_requests} may decide it.");
        };
        let requests = tasks * cells as u32 + sampled + 1;
        let requests = if is_limited { format!("--max-requests {requests} and ") } else { String::new() };
        // A tenth is for the sample.
        let budget_s = f64::from(tasks) * each_s / 0.9;
        let tasks = count(tasks as usize, "task");
        format!("That takes about {tasks} with each number of workers: {requests}--budget {}.", budget_s.ceil())
    }

    /// Fewer tasks than this are not measured. A scenario's runs have all of its tasks.
    fn fewest_in_a_run(&self, target: Option<LatencyTarget>) -> u32 {
        let fewest = if target.is_some() { FEWEST_TASKS } else { FEWEST_WITHOUT_TARGET };
        match self.work.source {
            TaskSource::Scenario(_) => self.most_in_a_run().max(fewest),
            _ => fewest,
        }
    }

    /// A variant for each rate.
    fn loaded(&self, strategy: &str, cells: &[(u32, f64)], tasks: u32) -> (Scenario, Vec<CellSpec>) {
        let plain = self.scenario(&[tasks]);
        let variant = plain.variant(DEFAULT_VARIANT).or(plain.variants.first());
        let mut scenario = Scenario { variants: Vec::new(), ..plain.clone() };
        let mut specs = Vec::new();
        for &(workers, rate_per_s) in cells {
            let name = format!("{rate_per_s} per s");
            if scenario.variant(&name).is_none() {
                scenario.variants.extend(variant.map(|variant| {
                    // The rate that was asked for is one of this machine's seconds.
                    let rate_per_s = rate_per_s / variant.pace(plain.time_scale);
                    let arrivals = Some(Recipe { rate_per_s, gaps: Gaps::Poisson });
                    Variant { name: name.clone(), arrivals, ..variant.clone() }
                }));
            }
            specs.push(CellSpec { variant: name, ..spec(strategy, workers) });
        }
        (scenario, specs)
    }
}

/// Keeps the latency of each task: a record has only each round's percentiles, and those of several rounds can't be put together.
struct RoundsSeen {
    tasks_differ: bool,
    /// The rounds of each cell.
    cells: Vec<Vec<LoadRound>>,
}

impl Observer for RoundsSeen {
    fn measured(&mut self, number: usize, _: u32, sample: &Sample) {
        if let Some(rounds) = self.cells.get_mut(number) {
            rounds.push(of_spans(&sample.timeline.spans, self.tasks_differ));
        }
    }
}

fn of_spans(spans: &[Span], tasks_differ: bool) -> LoadRound {
    let of_tasks = |kind: Activity| spans.iter().filter(move |span| span.kind == kind && span.index.is_some());
    let due: BTreeMap<_, u64> = of_tasks(Activity::Queued).map(|span| (span.index, span.start_ns)).collect();
    let s = |from_ns: u64, to_ns: u64| to_ns.saturating_sub(from_ns) as f64 / 1e9;
    let first_ns = spans.iter().map(|span| span.start_ns).min().unwrap_or(0);
    let due_ns = |run: &Span| due.get(&run.index).copied().unwrap_or(run.start_ns);
    let runs = || of_tasks(Activity::Run);
    LoadRound {
        due_s: runs().filter(|_| !tasks_differ).map(|run| s(first_ns, due_ns(run))).collect(),
        latencies_s: runs().map(|run| s(due_ns(run), run.end_ns)).collect(),
        worker_s: runs().map(|run| s(run.start_ns, run.end_ns)).sum::<f64>() / runs().count().max(1) as f64,
    }
}

fn of_record(cells: &[(u32, f64)], record: &Record, seen: Vec<Vec<LoadRound>>) -> Vec<LoadCell> {
    let of = |((&(workers, rate_per_s), cell), mut loaded): ((&(u32, f64), &CellRecord), Vec<LoadRound>)| {
        loaded.truncate(record.rounds_done as usize);
        let rounds = &cell.rounds[..cell.rounds.len().min(record.rounds_done as usize)];
        let failed: u32 = rounds.iter().map(|round| round.task_errors).sum();
        let first_error = rounds.iter().find_map(|round| round.first_error.clone());
        let failed = f64::from(failed) / f64::from(cell.tasks.max(1)) / rounds.len().max(1) as f64;
        // Without a right answer, or without workers, there is nothing that could hold a rate.
        let is_out = matches!(cell.check, Check::Failed | Check::Skipped);
        LoadCell {
            workers,
            rate_per_s,
            rounds: loaded,
            failed: if is_out { 1.0 } else { failed },
            first_error: if is_out { cell.error().map(Into::into) } else { first_error },
        }
    };
    cells.iter().zip(&record.cells).zip(seen).map(of).collect()
}

impl MeasuredLoad {
    /// About how many tasks may wait in the queue before one more would miss the target: each worker that has a core when it needs
    /// one does one in the time of a task. `None` without a target, without workers that hold it, and if a task takes longer by
    /// itself.
    fn queue_length(&self) -> Option<u32> {
        let (target, workers, task_s) = (self.target?, self.advice.workers?, self.sample.task_s());
        let waits_s = Some(target.below_s - task_s).filter(|waits_s| *waits_s > 0.0)?;
        let at_full_speed = f64::from(workers).min(self.sample.workers_for_cores(self.cores));
        Some((waits_s / task_s * at_full_speed) as u32)
    }

    fn is_asked(&self, cell: &LoadCell) -> bool {
        (cell.rate_per_s / self.rate_per_s - 1.0).abs() < 1e-9
    }

    /// The most workers at the asked rate, if their tasks fail.
    fn failing(&self) -> Option<&LoadCell> {
        let asked = self.cells.iter().filter(|cell| self.is_asked(cell));
        asked.max_by_key(|cell| cell.workers).filter(|cell| cell.failed > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn cell(workers: u32, rate_per_s: f64, latency_s: f64) -> LoadCell {
        let due_s: Vec<f64> = (0..100).map(|task| f64::from(task) / rate_per_s).collect();
        let round = LoadRound { latencies_s: vec![latency_s; due_s.len()], due_s, worker_s: 0.1 };
        LoadCell { workers, rate_per_s, rounds: vec![round; 5], failed: 0.0, first_error: None }
    }

    pub(super) fn found(cells: Vec<LoadCell>, target: Option<&str>) -> MeasuredLoad {
        let (rate_per_s, target) = (20.0, target.map(|target| target.parse().unwrap()));
        MeasuredLoad {
            sample: WorkSample { tasks: 10, wall_s: 1.0, user_s: 0.5, system_s: 0.0, bytes: 0, memory_bytes: None },
            strategy: "threads",
            rate_per_s,
            target,
            advice: judge_load(&cells, rate_per_s, target, looks::ALPHA),
            cells,
            rounds: 5,
            tasks: 100,
            cores: 2.0,
            remedy: "More would.".into(),
            standing: AdviceStanding::Undecided,
            error: None,
        }
    }

    #[test]
    fn the_queue_is_as_long_as_the_cores_allow() {
        // Half of each 100 ms is computing: two cores do at most four at a time.
        let queue = |workers| found(vec![cell(workers, 20.0, 0.1)], Some("p99<200ms")).queue_length();
        assert_eq!([3, 4, 16].map(queue), [Some(3), Some(4), Some(4)]);
    }

    #[test]
    fn a_latency_counts_from_when_a_task_was_due() {
        let span = |index, kind, start_ms: u64, end_ms: u64| Span {
            worker: 0,
            index,
            kind,
            start_ns: start_ms * 1_000_000,
            end_ns: end_ms * 1_000_000,
        };
        let spans = [
            span(Some(0), Activity::Run, 1000, 1100),
            span(Some(1), Activity::Queued, 1050, 1100),
            span(Some(1), Activity::Run, 1100, 1300),
            span(None, Activity::Run, 1000, 1300),
        ];
        let round = LoadRound { due_s: vec![0.0, 0.05], latencies_s: vec![0.1, 0.25], worker_s: 0.15 };
        let ms = |values: &[f64]| values.iter().map(|s| (s * 1e3).round() as u64).collect::<Vec<_>>();
        let of = of_spans(&spans, false);
        assert_eq!((ms(&of.due_s), ms(&of.latencies_s)), (ms(&round.due_s), ms(&round.latencies_s)));
        assert!((of.worker_s - round.worker_s).abs() < 1e-9 && of_spans(&spans, true).due_s.is_empty());
    }
}
