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
    load::{LatencyTarget, LoadAdvice, LoadCell, judge_load},
};
use harness::{
    results::{
        own_advice::{KeptAdvice, LoadedCell, OwnLoadAdvice},
        record::{CellRecord, Record},
    },
    runner::{self, Plan, Settings},
    scenario::{CellSpec, DEFAULT_VARIANT, Scenario, Variant, claim::Percentile},
};
use serde::Serialize;
use stats::{Estimate, looks};
use std::time::Duration;
use support::{
    figures::{count, grouped, percent, significant, time},
    terminal::width,
};
use work::worker::arrival::{Gaps, Recipe};

/// The rounds that are aimed at.
const ROUNDS: u32 = 5;

/// With fewer rounds than this, intervals say nothing.
const FEWEST_ROUNDS: u32 = 3;

/// Percentiles of fewer tasks than this are not worth measuring.
const FEWEST_TASKS: u32 = 10;

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
        let nothing = |standing: AdviceStanding, error: String| MeasuredLoad {
            sample,
            strategy,
            rate_per_s,
            target,
            cells: Vec::new(),
            advice: judge_load(&[], rate_per_s, target, looks::ALPHA),
            rounds: 0,
            tasks: 0,
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
        let mut tasks = self.tasks_of(&cells);
        let fewest = self.fewest_in_a_run();
        while tasks < fewest && cells.len() > 2 {
            // Other rates first, then the counts in between.
            let place = if cells.len() > counts.len() { cells.len() - 1 } else { 1 };
            cells.remove(place);
            tasks = self.tasks_of(&cells);
        }
        if tasks < fewest {
            let open = AdviceStanding::Undecided;
            return Ok(nothing(
                open,
                format!(
                    "a run could have {} and needs {}: give a longer --budget, a higher --rate, more --max-requests or more inputs",
                    count(tasks as usize, "task"),
                    grouped(fewest)
                ),
            ));
        }
        let (scenario, specs) = self.loaded(strategy, &cells, tasks);
        let round_s: f64 = cells.iter().map(|(_, rate)| f64::from(tasks) / rate).sum();
        let rounds = ((self.left_s() / round_s) as u32).clamp(FEWEST_ROUNDS, ROUNDS);
        let affordable = self.left_tasks().map_or(rounds, |left| left / (tasks * cells.len() as u32));
        let budget = Some(Duration::from_secs_f64(self.left_s().max(2.0 * round_s * f64::from(FEWEST_ROUNDS))));
        let plan = Plan { budget, probe_all: false, ..Plan::rounds(rounds.min(affordable).max(1)) };
        let settings = Settings { plan, ..self.settings.clone() };
        let mut progress = Progress::new(None);
        let record = runner::measure(&scenario, &specs, &settings, &mut progress)?;
        progress.finish();
        let measured = of_record(&cells, &record);
        let advice = judge_load(&measured, rate_per_s, target, looks::ALPHA);
        let error = (record.rounds_done < FEWEST_ROUNDS).then(|| {
            format!(
                "only {}: give a longer --budget or more --max-requests",
                count(record.rounds_done as usize, "round")
            )
        });
        let rounds = record.rounds_done;
        let is_decided = error.is_none() && advice.open.is_empty();
        let standing = if is_decided { AdviceStanding::Stands } else { AdviceStanding::Undecided };
        let cells = measured;
        Ok(MeasuredLoad { sample, strategy, rate_per_s, target, cells, advice, rounds, tasks, standing, error })
    }

    /// The tasks of a run for which there are time and tasks in as many rounds as are aimed at.
    fn tasks_of(&self, cells: &[(u32, f64)]) -> u32 {
        let task_s: f64 = cells.iter().map(|(_, rate)| 1.0 / rate).sum();
        let in_time = self.left_s() / f64::from(ROUNDS) / task_s;
        let affordable = self.left_tasks().map_or(MOST_TASKS, |left| left / (FEWEST_ROUNDS * cells.len() as u32));
        (in_time as u32).min(affordable).min(MOST_TASKS).min(self.most_in_a_run())
    }

    /// Fewer tasks than this are not measured. A scenario's runs have all of its tasks.
    fn fewest_in_a_run(&self) -> u32 {
        match self.work.source {
            TaskSource::Scenario(_) => self.most_in_a_run().max(FEWEST_TASKS),
            _ => FEWEST_TASKS,
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

fn of_record(cells: &[(u32, f64)], record: &Record) -> Vec<LoadCell> {
    let of = |(&(workers, rate_per_s), cell): (&(u32, f64), &CellRecord)| {
        let rounds = &cell.rounds[..cell.rounds.len().min(record.rounds_done as usize)];
        let percentile = |percentile: Percentile| {
            rounds.iter().filter_map(|round| Some(round.latency_from_due?.at(percentile))).collect::<Vec<f64>>()
        };
        let failed: u32 = rounds.iter().map(|round| round.task_errors).sum();
        LoadCell {
            workers,
            rate_per_s,
            percentiles_s: [Percentile::P50, Percentile::P95, Percentile::P99].map(percentile),
            failed: f64::from(failed) / f64::from(cell.tasks.max(1)) / rounds.len().max(1) as f64,
        }
    };
    cells.iter().zip(&record.cells).map(of).collect()
}

impl MeasuredLoad {
    pub(super) fn standing(&self) -> AdviceStanding {
        self.standing
    }

    /// The tasks that may wait in the queue before one more would miss the target: each worker does one in the time of a
    /// task. `None` without a target, without workers that hold it, and if a task takes longer by itself.
    fn queue_length(&self) -> Option<u32> {
        let (target, workers, task_s) = (self.target?, self.advice.workers?, self.sample.task_s());
        let waits_s = Some(target.below_s - task_s).filter(|waits_s| *waits_s > 0.0)?;
        Some((waits_s / task_s * f64::from(workers)) as u32)
    }

    fn sentence(&self) -> String {
        if let Some(error) = &self.error {
            return format!("No advice: {error}.");
        }
        let rate = format!("{} tasks/s", significant(self.rate_per_s, 3));
        let goal = self
            .target
            .map_or_else(|| "a p95 within 10 % of that with the most workers".into(), |target| target.to_string());
        let most = self.cells.iter().map(|cell| cell.workers).max().unwrap_or(1);
        let open: Vec<String> = self.advice.open.iter().map(u32::to_string).collect();
        let open = if open.is_empty() { String::new() } else { format!(" {} may hold it, too.", open.join(", ")) };
        match self.advice.workers {
            Some(workers) => format!("{} hold {goal} at {rate}.{open}", phrase(self.strategy, workers)),
            None if open.is_empty() => format!("No number of workers up to {most} holds {goal} at {rate}."),
            None => format!("Undecided: none is shown to hold {goal} at {rate}.{open}"),
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
                    "Queue: up to {waiting} may wait; one more would miss {target}, so refuse it at once: its client can come again"
                ))
            );
        }
        let rates: Vec<f64> = self.cells.iter().map(|cell| cell.rate_per_s).collect();
        let highest = rates.iter().copied().fold(0.0, f64::max);
        if let Some(knee) = self.advice.knee_per_s.filter(|_| highest > self.rate_per_s) {
            let beyond = if knee < highest {
                "from the next measured rate on, it is more than twice that"
            } else {
                "no knee was met"
            };
            say!(
                "{}",
                fitted(&format!(
                    "Knee: up to {} tasks/s, the p95 is less than twice that at the lowest rate; {beyond}",
                    significant(knee, 3)
                ))
            );
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
        let few = if self.tasks < 100 { "; of fewer than 100 tasks, the p99 is the longest" } else { "" };
        say!(
            "{}",
            fitted(&format!(
                "How sure: {} of {} each, due at random times of this rate, latencies from when each was due{few}",
                count(self.rounds as usize, "interleaved round"),
                count(self.tasks as usize, "task")
            ))
        );
    }

    fn row(&self, cell: usize) -> [String; 9] {
        let LoadCell { workers, rate_per_s, failed, .. } = &self.cells[cell];
        let range = |of: Estimate| format!("{} – {}", time(of.low), time(of.high));
        let [p50, p95, p99] = self.advice.percentiles[cell]
            .map(|of| of.map_or_else(Default::default, |of| [time(of.estimate), range(of)]));
        let ([p50, p50_range], [p95, p95_range], [p99, p99_range]) = (p50, p95, p99);
        let failed = if *failed > 0.0 { percent(*failed) } else { String::new() };
        let is_advised = self.advice.workers == Some(*workers) && (rate_per_s / self.rate_per_s - 1.0).abs() < 1e-9;
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
            knee_per_s: self.advice.knee_per_s,
            queue_length: self.queue_length(),
            sample: &self.sample,
            rounds: self.rounds,
            tasks: self.tasks,
            cells: (self.cells.iter().zip(&self.advice.percentiles))
                .map(|(cell, &[latency_p50_s, latency_p95_s, latency_p99_s])| LoadedCell {
                    workers: cell.workers,
                    rate_per_s: cell.rate_per_s,
                    latency_p50_s,
                    latency_p95_s,
                    latency_p99_s,
                    failed_share: cell.failed,
                })
                .collect(),
        }
    }
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
    /// Whether the advice stands.
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
    /// The highest measured rate before the p95 is more than twice that at the lowest.
    knee_per_s: Option<f64>,
    /// The tasks that may wait before one more would miss the target; null without a target that is held.
    queue_length: Option<u32>,
    /// A few tasks, done sequentially; sums over the tasks.
    sample: &'a WorkSample,
    /// Rounds that every cell completed.
    rounds: u32,
    /// Tasks of a run.
    tasks: u32,
    /// What was measured.
    cells: Vec<LoadedCell>,
}
