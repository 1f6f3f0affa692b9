//! Under load: tasks become due at a rate, and the question is how many workers hold it.

use super::{
    super::{
        print::{fitted, note, say},
        progress::Progress,
        table::fit,
    },
    own_work::{OwnWork, TaskSource},
    program::{
        AdviceRun,
        trial::{phrase, spec},
    },
};
use advice::{
    AdviceStanding, WorkSample,
    load::{LatencyTarget, LoadAdvice, LoadCell, LoadRound, TargetPercentile, fewest_tasks, judge_load},
};
use harness::{
    results::{
        own_advice::{KeptAdvice, LoadedCell, OwnLoadAdvice},
        record::{CellRecord, Check, Record},
    },
    runner::{self, Observer, Plan, Settings, cell::Sample},
    scenario::{CellSpec, DEFAULT_VARIANT, Scenario, Variant},
};
use measure::usable_cores::UsableCores;
use serde::Serialize;
use stats::{Estimate, binomial, looks};
use std::{collections::BTreeMap, time::Duration};
use support::{
    figures::{count, grouped, percent, significant, time},
    terminal::width,
};
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
    standing: AdviceStanding,
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
        let nothing = |standing: AdviceStanding, error: String| MeasuredLoad {
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
            error: Some(error),
        };
        if let Some(error) = self.only_error() {
            return Ok(nothing(AdviceStanding::Failed, format!("every task failed: {error}")));
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
            let open = AdviceStanding::Undecided;
            return Ok(nothing(
                open,
                format!(
                    "a run could have {} and needs {}: give a longer --budget, a higher --rate, more --max-requests or more inputs{}",
                    count(tasks as usize, "task"),
                    grouped(fewest),
                    if target.is_none() { ", or a --target" } else { "" }
                ),
            ));
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
        let mut found = MeasuredLoad {
            sample,
            strategy,
            rate_per_s,
            target,
            cells: measured,
            advice,
            rounds,
            tasks,
            cores,
            remedy,
            standing: AdviceStanding::Undecided,
            error,
        };
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
            rounds.push(of_spans(&sample.spans, self.tasks_differ));
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
    pub(super) fn standing(&self) -> AdviceStanding {
        self.standing
    }

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

    fn sentence(&self) -> String {
        if let Some(error) = &self.error {
            return format!("No advice: {error}.");
        }
        let rate = format!("{} tasks/s", significant(self.rate_per_s, 3));
        let most = self.cells.iter().map(|cell| cell.workers).max().unwrap_or(1);
        let goal =
            self.target.map_or_else(|| format!("a p95 within 10 % of that with {most}"), |target| target.to_string());
        let open: Vec<String> = self.advice.open.iter().map(u32::to_string).collect();
        let open = match open.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        };
        let workers = self.advice.workers.map(|workers| {
            format!("{} {}", phrase(self.strategy, workers), if workers == 1 { "holds" } else { "hold" })
        });
        match (workers, self.failing(), self.advice.overload) {
            (Some(hold), ..) if !open.is_empty() => {
                format!("Undecided: {hold} {goal} at {rate}, but {open} may hold it, too. {}", self.remedy)
            }
            (None, ..) if !open.is_empty() => {
                format!("Undecided: none is shown to hold {goal} at {rate}; {open} may hold it. {}", self.remedy)
            }
            // Compared with itself, it has no worse a p95.
            (Some(hold), ..) if self.target.is_none() && self.advice.workers == Some(most) => {
                format!("{hold} {rate}; of the numbers that were measured, no smaller one does with a p95 within 10 %.")
            }
            (Some(hold), ..) => format!("{hold} {goal} at {rate}."),
            (None, Some(cell), _) => {
                format!(
                    "No number of workers up to {most} holds {goal} at {rate}: with {}, {}.",
                    cell.workers,
                    failures(cell)
                )
            }
            (None, None, Some(busy)) if busy >= f64::from(most) => format!(
                "No number of workers up to {most} can hold {rate}: {} tasks would be in progress on average.",
                significant(busy, 2)
            ),
            (None, None, Some(_)) => format!(
                "No number of workers up to {most} can hold {rate}: with {most}, latencies grow for as long as tasks arrive."
            ),
            (None, None, None) => format!("No number of workers up to {most} holds {goal} at {rate}."),
        }
    }

    pub(super) fn print(&self, work: &OwnWork) {
        say!("{}\n\n{}\n", fitted(&work.title), fitted(&self.sentence()));
        if !self.cells.is_empty() {
            let heads = [
                "workers",
                "tasks/s",
                "p50",
                "95 % interval",
                "p95",
                "95 % interval",
                "p99",
                "95 % interval",
                "failed",
            ];
            let rows: Vec<[String; 9]> = (0..self.cells.len()).map(|cell| self.row(cell)).collect();
            say!("{}\n", fit(heads, &rows, &[3, 2, 5], width()));
        }
        let task_s = self.sample.task_s();
        let under_way = self.sample.workers_for_rate(self.rate_per_s);
        // Of less than one, no number of workers could be fewer.
        let too_few = if under_way < 1.0 {
            ""
        } else {
            ". That many workers are never enough, because each would have to be busy all the time"
        };
        let littles = format!(
            "Little's law: at {} tasks/s of {} each, {} are in progress on average (mean of {}){too_few}",
            significant(self.rate_per_s, 3),
            time(task_s),
            significant(under_way, 2),
            count(self.sample.tasks as usize, "task"),
        );
        say!("{}", fitted(&littles));
        if let Some((queue, target)) = self.queue_length().zip(self.target) {
            let waiting = count(queue as usize, "task");
            say!(
                "{}",
                fitted(&format!(
                    "Queue: up to about {waiting} may wait; more would miss {target}, so refuse them at once: their clients can come again"
                ))
            );
        }
        if let Some(knee) = self.knee() {
            say!("{}", fitted(&knee));
        }
        for words in &work.notes {
            note!("{words}");
        }
        if self.rounds == 0 {
            return;
        }
        let others: Vec<&str> = work.strategies.iter().copied().filter(|strategy| *strategy != self.strategy).collect();
        if !others.is_empty() {
            note!("measured with {} alone: --strategy takes another, such as {}", self.strategy, others.join(" or "));
        }
        say!(
            "{}",
            fitted(&format!(
                "How sure: {} of {} each, due at random times of this rate, latencies from when each was due{}",
                count(self.rounds as usize, "interleaved round"),
                count(self.tasks as usize, "task"),
                self.too_few(),
            ))
        );
    }

    /// What the percentiles of few tasks don't say.
    fn too_few(&self) -> String {
        let tasks = self.rounds * self.tasks;
        let of = |(percentile, name): (TargetPercentile, &str)| {
            let fewest = percentile.fewest();
            // Half of alpha is for either end.
            let with_end = binomial::fewest(percentile.share_over(), looks::ALPHA / 2.0);
            match tasks {
                few if few < fewest => Some(format!("; a {name} takes {fewest} tasks in all")),
                few if few < with_end => Some(format!(
                    "; of fewer than {with_end} tasks in all, the interval of a {name} ends at the longest latency and covers less than 95 %"
                )),
                _ => None,
            }
        };
        [(TargetPercentile::P95, "p95"), (TargetPercentile::P99, "p99")].into_iter().filter_map(of).collect()
    }

    fn knee(&self) -> Option<String> {
        let knee = self.advice.knee?;
        let p95_s = |cell: usize| self.advice.percentiles[cell][1].map(|p95| p95.estimate);
        let rate = |cell: usize| significant(self.cells[cell].rate_per_s, 3);
        let beyond = knee.next.map_or_else(
            || "no knee was met".into(),
            |next| {
                let times = p95_s(next).zip(p95_s(knee.lowest)).map(|(p95_s, lowest_s)| p95_s / lowest_s);
                let what = match (&self.cells[next], times) {
                    (cell, _) if cell.failed > 0.0 => failures(cell),
                    (_, Some(times)) => format!("it is {} times as long", significant(times, 2)),
                    (_, None) => "there is none".into(),
                };
                format!("at {}, {what}", rate(next))
            },
        );
        let (per_s, lowest) = (significant(knee.per_s, 3), rate(knee.lowest));
        Some(format!("Knee: up to {per_s} tasks/s, the p95 is at most twice that at {lowest}; {beyond}"))
    }

    fn row(&self, cell: usize) -> [String; 9] {
        let LoadCell { workers, rate_per_s, failed, .. } = &self.cells[cell];
        let range = |of: Estimate| format!("{} – {}", time(of.low), time(of.high));
        let [p50, p95, p99] = self.advice.percentiles[cell]
            .map(|of| of.map_or_else(Default::default, |of| [time(of.estimate), range(of)]));
        let ([p50, p50_range], [p95, p95_range], [p99, p99_range]) = (p50, p95, p99);
        let failed = if *failed > 0.0 { percent(*failed) } else { String::new() };
        let is_advised = self.advice.workers == Some(*workers) && self.is_asked(&self.cells[cell]);
        let workers = if is_advised { format!("{workers} <") } else { grouped(*workers) };
        [workers, significant(*rate_per_s, 3), p50, p50_range, p95, p95_range, p99, p99_range, failed]
    }

    pub(super) fn export<'a>(&'a self, work: &'a OwnWork) -> LoadAdviceExport<'a> {
        LoadAdviceExport {
            schema: OwnLoadAdvice::SCHEMA,
            makespan_version: env!("CARGO_PKG_VERSION"),
            command: super::measuring::command_line(),
            work: &work.title,
            standing: self.standing(),
            strategy: self.strategy,
            rate_per_s: self.rate_per_s,
            target: self.target,
            workers: self.advice.workers,
            workers_that_may_do: &self.advice.open,
            sentence: self.sentence(),
            under_way: self.sample.workers_for_rate(self.rate_per_s),
            knee_per_s: self.advice.knee.map(|knee| knee.per_s),
            queue_length: self.queue_length(),
            sample: &self.sample,
            rounds: self.rounds,
            tasks: self.tasks,
            needs_tasks: self.advice.needs_tasks,
            cells: (self.cells.iter().zip(&self.advice.percentiles))
                .map(|(cell, &[latency_p50_s, latency_p95_s, latency_p99_s])| LoadedCellExport {
                    cell: LoadedCell {
                        workers: cell.workers,
                        rate_per_s: cell.rate_per_s,
                        latency_p50_s,
                        latency_p95_s,
                        latency_p99_s,
                        failed_share: cell.failed,
                    },
                    first_error: cell.first_error.as_deref(),
                    over_target_share: self.target.and_then(|target| {
                        let (over, all) = cell.over(target);
                        (all > 0).then(|| over as f64 / all as f64)
                    }),
                })
                .collect(),
        }
    }
}

/// How many tasks failed, and what the first says.
fn failures(cell: &LoadCell) -> String {
    let error = cell.first_error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
    format!("{} of the tasks failed{error}", percent(cell.failed))
}

/// Workers under a rate, as a document has them. A percentile is over the tasks of all rounds; a p95 of fewer than 20 tasks and a p99
/// of fewer than 100 are null. Of fewer than 72 and 368 tasks, the interval ends at the longest latency and covers less than 95 %.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct LoadedCellExport<'a> {
    #[serde(flatten)]
    cell: LoadedCell,
    /// What the first task that failed says; null if none did.
    first_error: Option<&'a str>,
    /// The share of tasks that took as long as the target or longer; null without a target.
    over_target_share: Option<f64>,
}

/// How many workers hold a rate: what `makespan advise --rate` writes with `--json FILE`. Keys are full words with their
/// unit; an optional value is null, never absent. A later version may add keys.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct LoadAdviceExport<'a> {
    /// Which document this is, and its version.
    #[cfg_attr(feature = "schema", schemars(extend("const" = OwnLoadAdvice::SCHEMA)))]
    schema: &'static str,
    /// The version of makespan that wrote it.
    makespan_version: &'static str,
    /// The command that measures this again.
    command: String,
    /// What was measured, for people.
    work: &'a str,
    /// Whether the advice stands. Undecided also if no number of workers that was measured holds the rate; then `workers` is null, and
    /// `workers_that_may_do` empty. Failed if they don't because tasks fail.
    standing: AdviceStanding,
    /// The strategy's name.
    strategy: &'static str,
    /// Tasks that become due in a second.
    rate_per_s: f64,
    /// What holding the rate means; null for a p95 within 10 % of that with the most workers.
    target: Option<LatencyTarget>,
    /// The fewest workers that are shown to hold it; null if none is shown to.
    workers: Option<u32>,
    /// Fewer workers that may hold it, too.
    workers_that_may_do: &'a [u32],
    /// The advice, for people.
    sentence: String,
    /// Tasks under way on average, by Little's law.
    under_way: f64,
    /// The highest measured rate before tasks fail, or the p95 is more than twice that at the lowest; null with one rate, and if
    /// the workers don't keep up with the lowest.
    knee_per_s: Option<f64>,
    /// About how many tasks may wait before one more would miss the target; null without a target that is held.
    queue_length: Option<u32>,
    /// A few tasks, done sequentially; sums over the tasks.
    sample: &'a WorkSample,
    /// Rounds that every cell completed.
    rounds: u32,
    /// Tasks of a run.
    tasks: u32,
    /// About how many tasks with each number of workers would decide it; null if it is decided, without a target, and if 5000 would
    /// not.
    needs_tasks: Option<u32>,
    /// What was measured.
    cells: Vec<LoadedCellExport<'a>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(workers: u32, rate_per_s: f64, latency_s: f64) -> LoadCell {
        let due_s: Vec<f64> = (0..100).map(|task| f64::from(task) / rate_per_s).collect();
        let round = LoadRound { latencies_s: vec![latency_s; due_s.len()], due_s, worker_s: 0.1 };
        LoadCell { workers, rate_per_s, rounds: vec![round; 5], failed: 0.0, first_error: None }
    }

    fn found(cells: Vec<LoadCell>, target: Option<&str>) -> MeasuredLoad {
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

    /// Without the spaces that keep a figure and its unit on a line.
    fn plain(words: &str) -> String {
        words.replace('\u{a0}', " ")
    }

    fn failing(mut cell: LoadCell) -> LoadCell {
        (cell.failed, cell.first_error) = (0.88, Some("status 503".into()));
        cell
    }

    #[test]
    fn the_sentence_says_what_was_shown() {
        let (late, fast) = (|workers| cell(workers, 20.0, 0.4), |workers| cell(workers, 20.0, 0.1));
        let few = |workers| LoadCell { rounds: vec![fast(workers).rounds[0].clone(); 2], ..fast(workers) };
        let target = Some("p99<200ms");
        for (cells, target, expected) in [
            (vec![late(3), fast(8)], target, "8 threads hold p99 < 200 ms at 20.0 tasks/s."),
            (
                vec![few(3), fast(8)],
                target,
                "Undecided: 8 threads hold p99 < 200 ms at 20.0 tasks/s, but 3 may hold it, too. More would.",
            ),
            (
                vec![few(3), few(8)],
                target,
                "Undecided: none is shown to hold p99 < 200 ms at 20.0 tasks/s; 3 or 8 may hold it. More would.",
            ),
            (vec![late(3), late(8)], target, "No number of workers up to 8 holds p99 < 200 ms at 20.0 tasks/s."),
            (
                vec![late(3), failing(fast(8))],
                target,
                "No number of workers up to 8 holds p99 < 200 ms at 20.0 tasks/s: with 8, 88 % of the tasks failed (status 503).",
            ),
            (
                vec![fast(1), fast(2)],
                Some("p95<10s"),
                "No number of workers up to 2 can hold 20.0 tasks/s: 2.0 tasks would be in progress on average.",
            ),
            (
                vec![fast(2)],
                None,
                "No number of workers up to 2 can hold 20.0 tasks/s: 2.0 tasks would be in progress on average.",
            ),
            (vec![fast(4), fast(8)], None, "4 threads hold a p95 within 10 % of that with 8 at 20.0 tasks/s."),
            (
                vec![late(4), fast(8)],
                None,
                "8 threads hold 20.0 tasks/s; of the numbers that were measured, no smaller one does with a p95 within 10 %.",
            ),
        ] {
            assert_eq!(plain(&found(cells, target).sentence()), expected);
        }
    }

    #[test]
    fn the_knee_is_followed_by_what_was_there() {
        let rates = |next: LoadCell| found(vec![cell(8, 20.0, 0.1), next], None).knee().map(|knee| plain(&knee));
        let up_to = "Knee: up to 20.0 tasks/s, the p95 is at most twice that at 20.0; at 40.0, ";
        assert_eq!(rates(cell(8, 40.0, 0.5)), Some(format!("{up_to}it is 5.0 times as long")));
        assert_eq!(rates(failing(cell(8, 40.0, 0.1))), Some(format!("{up_to}88 % of the tasks failed (status 503)")));
        assert_eq!(found(vec![cell(8, 20.0, 0.1)], None).knee(), None);
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
