//! Single runs: their tasks, and what they gave.

use super::super::own_work::TaskSource;
use super::{AdviceRun, MOST_URLS};
use anyhow::Context;
use harness::{
    runner::{
        self, UncheckedRun,
        cell::{CellError, PreparedCell},
    },
    scenario::{CellSpec, DEFAULT_VARIANT, Scenario, given::Given},
};
use measure::clock::between;
use std::{
    num::NonZeroU32,
    time::{Duration, Instant},
};
use support::figures::count;
use work::{
    strategy,
    task::{Expected, Output, Task, TaskError},
    worker::lane::Done,
};

impl AdviceRun<'_> {
    /// One task, done alone.
    pub(super) fn trial_at(&mut self, place: usize) -> anyhow::Result<Result<Output, TaskError>> {
        let given = self.given(&[place]).context("there is no task to try")?;
        let scenario = Scenario::given(&self.work.title, vec![(DEFAULT_VARIANT.into(), given)], self.longest_run());
        let trial = self.trial_in(&scenario, &spec(self.work.baseline, 1))?.trial;
        let done = trial.done.into_iter().next().context("the task was not done")?;
        Ok(done.result)
    }

    /// How many different tasks there are.
    pub(super) fn distinct(&self) -> u32 {
        match &self.work.source {
            TaskSource::Inputs(tasks) | TaskSource::Repeatable(tasks) => tasks.len() as u32,
            TaskSource::Scenario(scenario) => {
                scenario.variant(DEFAULT_VARIANT).map_or(1, harness::scenario::Variant::tasks)
            }
        }
    }

    pub(super) fn variant(&self, workers: u32) -> String {
        match &self.work.source {
            TaskSource::Scenario(_) => DEFAULT_VARIANT.into(),
            _ => variant_of(self.tasks_with(workers)),
        }
    }

    /// The places of `count` tasks among the different ones: evenly spread, if not all are used.
    pub(super) fn chosen(&self, count: u32) -> Vec<usize> {
        let distinct = self.distinct() as usize;
        match &self.work.source {
            TaskSource::Repeatable(_) => {
                let used = distinct.min(MOST_URLS as usize);
                (0..count as usize).map(|index| (index % used) * distinct / used).collect()
            }
            _ => (0..count as usize).map(|index| index * distinct / count as usize).collect(),
        }
    }

    /// A scenario with a variant for each of these numbers of tasks.
    pub(in crate::advise) fn scenario(&self, sizes: &[u32]) -> Scenario {
        if let TaskSource::Scenario(scenario) = &self.work.source {
            let deadline = scenario.deadline.min(self.longest_run());
            return Scenario { deadline, ..(**scenario).clone() };
        }
        let given = |&size: &u32| Some((variant_of(size), self.given(&self.chosen(size))?));
        Scenario::given(&self.work.title, sizes.iter().filter_map(given).collect(), self.longest_run())
    }

    /// The tasks at these places, each with the outcome that is known; `None` without any.
    pub(super) fn given(&self, places: &[usize]) -> Option<Given> {
        let (TaskSource::Inputs(tasks) | TaskSource::Repeatable(tasks)) = &self.work.source else { return None };
        let with_outcome = |&place: &usize| {
            let expected = match self.outcomes.get(&place) {
                Some(Ok(output)) => Expected::Output(self.as_compared(*output)),
                _ => Expected::Any,
            };
            (self.task(&tasks[place]), expected)
        };
        Given::new(places.iter().map(with_outcome).collect(), self.work.max_tasks.is_none())
    }

    /// The deadline of a run.
    pub(super) fn longest_run(&self) -> Duration {
        self.budget.max(Duration::from_secs(10))
    }

    /// The task, whose output is compared or not.
    pub(super) fn task(&self, task: &Task) -> Task {
        let compared = self.not_compared.is_none();
        let mut task = task.clone();
        match &mut task {
            Task::Command(task) => task.compared = compared,
            Task::Request(task) => task.compared = compared,
            Task::Function(task) => task.compared = compared,
            _ => {}
        }
        task
    }

    pub(super) fn as_compared(&self, output: Output) -> Output {
        if self.not_compared.is_none() { output } else { Output { checksum: 0, amount: 0, ..output } }
    }

    /// One run of a strategy.
    pub(super) fn trial(&mut self, strategy: &str, workers: u32) -> anyhow::Result<TrialRun> {
        self.trial_of(strategy, workers, self.tasks_with(workers))
    }

    pub(super) fn trial_of(&mut self, strategy: &str, workers: u32, tasks: u32) -> anyhow::Result<TrialRun> {
        let variant = if matches!(self.work.source, TaskSource::Scenario(_)) {
            DEFAULT_VARIANT.into()
        } else {
            variant_of(tasks)
        };
        self.trial_in(&self.scenario(&[tasks]), &CellSpec { variant, ..spec(strategy, workers) })
    }

    pub(super) fn trial_in(&mut self, scenario: &Scenario, spec: &CellSpec) -> anyhow::Result<TrialRun> {
        let cells = runner::cells(scenario, std::slice::from_ref(spec), self.settings)?;
        let cell: &PreparedCell = cells.first().context("there is no cell to try")?;
        let who = || phrase(&spec.strategy, spec.shape.workers().get());
        if let Some(reason) = cell.refused() {
            anyhow::bail!("{}: {reason}", who());
        }
        self.trials += 1;
        let begun = Instant::now();
        let trial = cell.trial(self.trials, self.work.imports());
        let trial = trial.map_err(|error: CellError| anyhow::anyhow!("{}: {error}", who()))?;
        let overhead = begun.elapsed().saturating_sub(between(trial.start_ns, trial.end_ns));
        self.tasks_done += trial.done.len() as u32;
        Ok(TrialRun { trial, overhead_s: overhead.as_secs_f64() })
    }

    /// Keeps the outcomes of a sequential trial, and notices if the same task gives something else than before.
    pub(super) fn remember(&mut self, trial: &UncheckedRun) {
        let places = self.chosen(trial.done.len() as u32);
        // Where nothing ended before the deadline, a single task takes longer. Otherwise, only the run was cut.
        let none_ended = trial.done.iter().all(is_cut);
        for (place, done) in places.into_iter().zip(&trial.done).filter(|(_, done)| none_ended || !is_cut(done)) {
            match (self.outcomes.get(&place), &done.result) {
                (Some(Ok(before)), Ok(now)) if before != now => {
                    self.not_compared.get_or_insert_with(|| {
                        "the same task gave two different outputs sequentially, so outputs are not compared".into()
                    });
                }
                (Some(Ok(_)), _) => {}
                (_, result) => {
                    self.outcomes.insert(place, result.clone());
                }
            }
        }
    }
}

/// A trial, and the seconds that it took beside its run.
pub(super) struct TrialRun {
    pub(super) trial: UncheckedRun,
    pub(super) overhead_s: f64,
}

/// So many workers of a strategy.
pub(in crate::advise) fn spec(strategy: &str, workers: u32) -> CellSpec {
    CellSpec::plain(strategy, NonZeroU32::new(workers).unwrap_or(NonZeroU32::MIN))
}

pub(in crate::advise) fn phrase(strategy: &str, workers: u32) -> String {
    let layout = NonZeroU32::new(workers).unwrap_or(NonZeroU32::MIN).into();
    strategy::presentation(strategy).phrase(strategy, layout)
}

/// Whether a verb that follows the phrase is plural.
pub(in crate::advise) fn is_plural(strategy: &str, workers: u32) -> bool {
    strategy::presentation(strategy).is_plural(NonZeroU32::new(workers).unwrap_or(NonZeroU32::MIN).into())
}

/// Whether the deadline of a run ended this task. Then it has neither failed nor been done.
pub(super) fn is_cut(done: &Done) -> bool {
    done.result == Err(TaskError::TimedOut)
}

/// Whether the deadline ended any task of a trial.
pub(super) fn was_cut(trial: &UncheckedRun) -> bool {
    trial.done.iter().any(is_cut)
}

/// The share of a trial's tasks that failed, among those that ended.
pub(super) fn failures(trial: &UncheckedRun) -> f64 {
    let ended = || trial.done.iter().filter(|done| !is_cut(done));
    ended().filter(|done| done.result.is_err()).count() as f64 / ended().count().max(1) as f64
}

/// Tasks per second.
pub(super) fn rate(trial: &UncheckedRun) -> f64 {
    let ended = trial.done.iter().filter(|done| !is_cut(done)).count();
    ended as f64 / between(trial.start_ns, trial.end_ns).as_secs_f64().max(1e-9)
}

/// The variant whose runs have so many tasks.
fn variant_of(tasks: u32) -> String {
    format!("{} a run", count(tasks as usize, "task"))
}
