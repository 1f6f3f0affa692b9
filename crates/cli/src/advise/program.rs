//! The program of a measurement: a sample, a search, then rounds.

mod sample;
mod sizes;
pub(super) mod trial;

use super::{
    super::{
        measuring,
        progress::{Progress, line},
    },
    AdviseArgs,
    own_work::{OwnWork, TaskSource},
};
use advice::{
    Advice, AdviceStanding, Bound, CellTimes, CoresOfRun, WorkKind, WorkSample, documents::Tried, judge, search,
};
use harness::{
    results::{
        record::{CellRecord, Check, Record},
        store::Store,
    },
    runner::{self, Observer, Plan, Settings, UncheckedRun},
    scenario::{CellSpec, Scenario, claim::Percentile},
};
use indicatif::ProgressBar;
use measure::{host, open_files, usable_cores::UsableCores};
use stats::{looks, median::median};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::AtomicBool, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};
use support::figures::{count, time};
use trial::{failures, is_cut, phrase, rate, spec};
use work::{
    strategy,
    task::{Output, TaskError},
};

/// The share of the budget that the sample may take.
const FOR_SAMPLE: f64 = 0.08;

/// The share that is over when the search ends, whatever it has found.
const FOR_SEARCH: f64 = 0.4;

/// Work that computes is tried with up to so many times the workers that keep the cores busy.
const PAST_THE_CORES: f64 = 3.0;

/// The most tasks of a sample.
const SAMPLED: u32 = 20;

/// The most rounds.
const MOST_ROUNDS: u32 = 64;

/// The most different URLs that are used: each is requested as often as the others, so a run has a multiple of them.
pub(super) const MOST_URLS: u32 = 8;

/// Descriptors that a worker needs at once: a socket, or three pipes and a process.
const FILES_OF_A_WORKER: u64 = 4;

/// A single run in which a share of the tasks fails that is greater by no more than this may have been unlucky: the rounds tell.
const FAILS_MORE: f64 = 0.1;

/// The most processes or interpreters that a search goes up to, for each core.
const MOST_PROCESSES_PER_CORE: u32 = 16;

/// What was found.
pub(super) struct MeasuredWork {
    pub(super) sample: WorkSample,
    pub(super) cores: f64,
    /// Bounds that hold for all strategies.
    pub(super) bounds: Vec<Bound>,
    /// What the search saw.
    pub(super) search: Vec<Tried>,
    pub(super) cells: Vec<CellTimes>,
    pub(super) advice: Advice,
    pub(super) rounds: u32,
    /// Whether answers could be compared; otherwise, why not.
    pub(super) not_compared: Option<String>,
    /// How many tasks were done in all.
    pub(super) tasks_done: u32,
    pub(super) notes: Vec<String>,
}

/// A number of workers that is worth measuring.
#[derive(Clone)]
struct Count {
    strategy: &'static str,
    workers: u32,
    /// The smaller, the later it is left out.
    rank: u32,
}

pub(super) fn settings(args: &AdviseArgs, store: &Store, interrupted: Arc<AtomicBool>) -> anyhow::Result<Settings> {
    let mut env = measuring::env(store)?;
    env.pythons.clone_from(&args.python.python);
    Ok(Settings {
        interrupted,
        command: measuring::command_line(),
        commit: crate::commit(),
        ..Settings::new(env, store.dir(), Plan::rounds(1))
    })
}

/// A measurement of the user's work.
pub(super) struct AdviceRun<'a> {
    pub(super) work: &'a OwnWork,
    pub(super) settings: &'a Settings,
    budget: Duration,
    begun: Instant,
    trials: u32,
    tasks_done: u32,
    /// What sequential trials gave, by the task's place among the distinct tasks.
    outcomes: BTreeMap<usize, Result<Output, TaskError>>,
    not_compared: Option<String>,
    /// How many tasks each worker does in a run, or, of inputs, how many tasks a run has. Set after the search.
    size: Option<u32>,
    line: ProgressBar,
}

impl<'a> AdviceRun<'a> {
    pub(super) fn new(work: &'a OwnWork, settings: &'a Settings, budget: Duration) -> Self {
        Self {
            work,
            settings,
            budget,
            begun: Instant::now(),
            trials: 0,
            tasks_done: 0,
            outcomes: BTreeMap::new(),
            not_compared: None,
            size: None,
            line: line("{msg}"),
        }
    }

    /// Measures the work, and judges it. Interrupted, it returns early with what it has.
    pub(super) fn whole(&mut self) -> anyhow::Result<MeasuredWork> {
        let cores = UsableCores::of_this_process().cores();
        let baseline = self.work.baseline;
        let sample = self.sample()?;
        if let Some(error) = self.only_error() {
            return Ok(self.sample_alone(sample, cores, Vec::new(), Some(error)));
        }
        let theory = sample.workers_for_cores(cores);
        let mut bounds = self.bounds(&sample);
        if Bound::tightest(&bounds).is_some_and(|bound| bound.workers == 1) {
            return Ok(self.sample_alone(sample, cores, bounds, None));
        }
        // Where the cores are the limit, a search beyond would only find noise.
        let beyond =
            if sample.kind() == WorkKind::Waits { f64::INFINITY } else { (theory * PAST_THE_CORES).ceil().max(4.0) };
        let mut most = Bound::tightest(&bounds).map_or(1, |bound| bound.workers).min(beyond as u32);
        if let Some(why) = self.too_little(&sample) {
            return Ok(self.refused(sample, cores, bounds, &why));
        }
        let (mut search, mut ended_by) = (Vec::new(), None);
        let (alone, base_failed) = self.alone()?;
        for strategy in self.work.strategies.clone() {
            search.push(Tried { strategy: strategy.into(), ..alone });
            ended_by =
                self.search(strategy, base_failed, most.min(most_of(strategy, cores)), &mut search)?.or(ended_by);
        }
        if let Some(option) = ended_by {
            let workers = search.iter().map(|tried| tried.workers).max().unwrap_or(1).max(2);
            most = most.min(workers);
            bounds.push(Bound { name: option.into(), workers });
        }
        let counts = self.affordable(self.counts(&search, &sample, most, cores), &search);
        if let Some(why) = self.too_little_for(&counts, &search) {
            return Ok(self.refused(sample, cores, bounds, &why));
        }
        self.size = Some(self.size_of_runs(&counts, &search));
        let (counts, uneven) = self.even(counts);
        // Also: an answer that changes with time can't be told from a wrong one.
        if self.has_time_for_reference(&counts, &search) {
            let again = self.trial_of(baseline, 1, self.reference())?.trial;
            self.remember(&again);
        } else if self.chosen(self.reference()).iter().any(|place| !self.outcomes.contains_key(place)) {
            self.not_compared.get_or_insert_with(|| {
                "the budget left no time to do every task sequentially, so outputs are not compared".into()
            });
        }
        let (scenario, cells) = self.cells(&counts);
        let plan = self.plan(&counts, &search);
        let round_tasks: u32 = counts.iter().map(|count| self.tasks_with(count.workers)).sum();
        let too_few_tasks = self.left_tasks().is_some_and(|left| left / round_tasks.max(1) < MOST_ROUNDS);
        let settings = Settings { plan, ..self.settings.clone() };
        let mut judged = Judged { sample, cores, bounds: bounds.clone() };
        let mut progress = Progress::new(None);
        let record =
            runner::measure(&scenario, &cells, &settings, &mut vec![&mut progress as &mut dyn Observer, &mut judged])?;
        progress.finish();
        self.tasks_done += record.cells.iter().map(|cell| cell.tasks * cell.rounds.len() as u32).sum::<u32>();
        let (cells, advice) = judged.advice(&record);
        let mut notes: Vec<String> =
            self.work.notes.iter().cloned().chain(uneven).chain(record.disturbances()).collect();
        let failing = self.outcomes.values().filter_map(|outcome| outcome.as_ref().err());
        if let Some(first) = failing.clone().next() {
            let (failed, known) = (failing.count(), count(self.outcomes.len(), "task"));
            notes.push(format!("{failed} of {known} that were done sequentially failed, whatever does them: {first}"));
        }
        if let Some(most) =
            self.work.max_tasks.filter(|_| too_few_tasks && advice.standing == AdviceStanding::Undecided)
        {
            notes.push(format!(
                "--max-requests {most} was spent before the budget: more of them would decide it sooner"
            ));
        }
        Ok(MeasuredWork {
            sample,
            cores,
            bounds,
            search,
            cells,
            advice,
            rounds: record.rounds_done,
            not_compared: self.not_compared.clone(),
            tasks_done: self.tasks_done,
            notes,
        })
    }

    /// What a task said, if all that were done have failed.
    pub(super) fn only_error(&self) -> Option<String> {
        let errors = || self.outcomes.values().filter_map(|outcome| outcome.as_ref().err());
        let first = errors().next().filter(|_| errors().count() == self.outcomes.len())?;
        let limit = time(self.longest_run().as_secs_f64());
        Some(match first {
            TaskError::TimedOut => format!("{first}: a run may take {limit}, or as long as --budget if that is more"),
            _ => first.to_string(),
        })
    }

    /// The most tasks that a run may have.
    pub(super) fn most_in_a_run(&self) -> u32 {
        if matches!(self.work.source, TaskSource::Repeatable(_)) { u32::MAX } else { self.distinct() }
    }

    /// Nothing to measure: every task of the sample failed, with this error, or a bound allows no second worker.
    fn sample_alone(&self, sample: WorkSample, cores: f64, bounds: Vec<Bound>, error: Option<String>) -> MeasuredWork {
        let cell = CellTimes {
            strategy: self.work.baseline.into(),
            phrase: phrase(self.work.baseline, 1),
            workers: 1,
            task_s: vec![sample.task_s()],
            tasks: sample.tasks,
            failed: if error.is_some() { 1.0 } else { 0.0 },
            first_error: error,
            cores_busy: None,
            latency_s: None,
            memory_bytes: None,
            out: None,
        };
        let advice = judge(
            std::slice::from_ref(&cell),
            &sample,
            CoresOfRun { usable: cores, taken: None },
            |_| Bound::tightest(&bounds).cloned(),
            looks::ALPHA,
        );
        MeasuredWork {
            sample,
            cores,
            bounds,
            search: Vec::new(),
            cells: vec![cell],
            advice,
            rounds: 0,
            not_compared: None,
            tasks_done: self.tasks_done,
            notes: self.work.notes.clone(),
        }
    }

    fn bounds(&self, sample: &WorkSample) -> Vec<Bound> {
        let bound =
            |name: &str, workers: u64| Bound { name: name.into(), workers: workers.clamp(1, u32::MAX.into()) as u32 };
        let mut bounds = vec![bound("--at-most", self.work.at_most.into())];
        match self.work.source {
            TaskSource::Inputs(_) => bounds.push(bound("the number of inputs", self.distinct().into())),
            TaskSource::Scenario(_) => bounds.push(bound("the number of tasks", self.distinct().into())),
            TaskSource::Repeatable(_) => {}
        }
        bounds.push(bound("the limit of open files", open_files::raise_limit() / FILES_OF_A_WORKER));
        let memory = sample.memory_bytes.zip(host::available_memory_bytes());
        bounds.extend(memory.map(|(each, free)| bound("the memory that is free", free / each.max(1))));
        bounds
    }

    /// The sequential loop once more, and the share of its tasks that failed.
    fn alone(&mut self) -> anyhow::Result<(Tried, f64)> {
        let run = self.trial(self.work.baseline, 1)?;
        self.remember(&run.trial);
        let tried = Tried {
            strategy: self.work.baseline.into(),
            workers: 1,
            rate: rate(&run.trial),
            overhead_s: run.overhead_s,
        };
        Ok((tried, failures(&run.trial)))
    }

    /// Doubles the number of workers for as long as that helps. Names the option that ends it before, if any does.
    fn search(
        &mut self,
        strategy: &'static str,
        base_failed: f64,
        most: u32,
        all: &mut Vec<Tried>,
    ) -> anyhow::Result<Option<&'static str>> {
        while let Some(workers) = search::next(&rates(all, strategy), most) {
            let over = self.begun.elapsed().as_secs_f64() > self.budget.as_secs_f64() * FOR_SEARCH;
            if self.interrupted() {
                break;
            }
            if let Some(option) = self.no_room_for(strategy, workers, all).or(over.then_some("--budget")) {
                return Ok(Some(option));
            }
            self.line.set_message(format!("trying {}", phrase(strategy, workers)));
            let run = self.trial(strategy, workers)?;
            let rate = if self.fails_more(&run.trial, base_failed)? { 0.0 } else { rate(&run.trial) };
            all.push(Tried { strategy: strategy.into(), workers, rate, overhead_s: run.overhead_s });
        }
        Ok(None)
    }

    /// Whether clearly more tasks fail than sequentially. Inputs differ, so those that failed are done sequentially too, if they
    /// were not yet: some fail whatever does them.
    fn fails_more(&mut self, trial: &UncheckedRun, base_failed: f64) -> anyhow::Result<bool> {
        let TaskSource::Inputs(_) = &self.work.source else { return Ok(failures(trial) > base_failed + FAILS_MORE) };
        let places = self.chosen(trial.done.len() as u32);
        let failed = places.into_iter().zip(&trial.done).filter(|(_, done)| done.result.is_err() && !is_cut(done));
        let failed: Vec<usize> = failed.map(|(place, _)| place).collect();
        let unknown: Vec<usize> = failed.iter().copied().filter(|place| !self.outcomes.contains_key(place)).collect();
        for place in unknown {
            let alone = self.trial_at(place)?;
            self.outcomes.insert(place, alone);
        }
        let only_here = failed.iter().filter(|&place| self.outcomes.get(place).is_some_and(Result::is_ok)).count();
        Ok(only_here as f64 > FAILS_MORE * trial.done.len() as f64)
    }

    /// The worker counts worth measuring: around the best number of the best strategy, and the best number of the others.
    fn counts(&self, search: &[Tried], sample: &WorkSample, most: u32, cores: f64) -> Vec<Count> {
        let (theory, kind) = (sample.workers_for_cores(cores), sample.kind());
        let best = |strategy: &str| rates(search, strategy).iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
        let greatest = self.work.strategies.iter().map(|strategy| best(strategy)).fold(0.0, f64::max);
        let leader = self.work.strategies.iter().find(|strategy| best(strategy) * 1.1 >= greatest);
        let theory = Some(theory.round() as u32).filter(|theory| (1..=most).contains(theory));
        let for_cores = theory.filter(|_| kind != WorkKind::Waits);
        let mut counts = Vec::new();
        for &strategy in &self.work.strategies {
            let most = most.min(most_of(strategy, cores));
            let knee = search::knee(&rates(search, strategy), for_cores).unwrap_or(1);
            if Some(&strategy) == leader {
                let rank = |workers: u32| match workers {
                    _ if workers == knee.max(2) => 0,
                    half if half == knee / 2 => 1,
                    double if double == knee.saturating_mul(2) => 2,
                    _ => 4,
                };
                let around = search::around(knee, theory, most).into_iter();
                counts.extend(around.map(|workers| Count { strategy, workers, rank: rank(workers) }));
            } else {
                counts.push(Count { strategy, workers: knee.max(2).min(most), rank: 3 });
            }
        }
        counts.retain(|count| count.workers > 1);
        counts
    }

    pub(super) fn left_s(&self) -> f64 {
        (self.budget.as_secs_f64() - self.begun.elapsed().as_secs_f64()).max(0.5)
    }

    pub(super) fn left_tasks(&self) -> Option<u32> {
        self.work.max_tasks.map(|most| most.saturating_sub(self.tasks_done))
    }

    /// The scenario and its cells, the sequential loop first.
    fn cells(&self, counts: &[Count]) -> (Scenario, Vec<CellSpec>) {
        let counted = counts.iter().map(|count| (count.strategy, count.workers));
        let all: Vec<(&str, u32)> = std::iter::once((self.work.baseline, 1)).chain(counted).collect();
        let cell =
            |&(strategy, workers): &(&str, u32)| CellSpec { variant: self.variant(workers), ..spec(strategy, workers) };
        let specs: Vec<CellSpec> = all.iter().map(cell).collect();
        let sizes: BTreeSet<u32> = all.iter().map(|(_, workers)| self.tasks_with(*workers)).collect();
        (self.scenario(&sizes.into_iter().collect::<Vec<_>>()), specs)
    }

    fn interrupted(&self) -> bool {
        self.settings.interrupted.load(Relaxed)
    }
}

/// A strategy's part of the search.
fn rates(search: &[Tried], strategy: &str) -> Vec<(u32, f64)> {
    search.iter().filter(|tried| tried.strategy == strategy).map(|tried| (tried.workers, tried.rate)).collect()
}

impl Drop for AdviceRun<'_> {
    fn drop(&mut self) {
        self.line.finish_and_clear();
    }
}

/// What a record is judged with. The measurement ends at an interim analysis if the advice stands.
struct Judged {
    sample: WorkSample,
    cores: f64,
    /// Those that hold for all strategies.
    bounds: Vec<Bound>,
}

impl Judged {
    fn advice(&self, record: &Record) -> (Vec<CellTimes>, Advice) {
        let times: Vec<CellTimes> = record.cells.iter().map(|cell| times(cell, record.rounds_done)).collect();
        let alpha = looks::alpha(&record.looks, record.rounds_done);
        let bound = |strategy: &str| {
            let own = cap(strategy, self.cores);
            Bound::tightest(&self.bounds.iter().cloned().chain(own).collect::<Vec<_>>()).cloned()
        };
        let cores = CoresOfRun { usable: self.cores, taken: record.taken_cores() };
        let advice = judge(&times, &self.sample, cores, bound, alpha);
        (times, advice)
    }
}

impl Observer for Judged {
    fn open_cells(&mut self, record: &Record) -> BTreeSet<usize> {
        let (_, advice) = self.advice(record);
        if advice.standing == AdviceStanding::Undecided { (0..record.cells.len()).collect() } else { BTreeSet::new() }
    }
}

/// A cell's record as the advice needs it, of the rounds that all cells have.
fn times(cell: &CellRecord, rounds: u32) -> CellTimes {
    let whole = &cell.rounds[..cell.rounds.len().min(rounds as usize)];
    let tasks = cell.tasks * whole.len() as u32;
    let failed: u32 = whole.iter().map(|round| round.task_errors).sum();
    let each = |time_s: &f64| time_s / f64::from(cell.tasks.max(1));
    let workers = cell.spec.shape.workers().get();
    // Its time would be that of the tasks which ended before.
    let timed_out = TaskError::TimedOut.to_string();
    let is_cut = whole.iter().any(|round| round.first_error.as_ref() == Some(&timed_out));
    CellTimes {
        strategy: cell.spec.strategy.clone(),
        phrase: phrase(&cell.spec.strategy, workers),
        workers,
        task_s: cell.timed_s().iter().take(whole.len()).map(each).collect(),
        tasks,
        failed: f64::from(failed) / f64::from(tasks.max(1)),
        first_error: whole.iter().find_map(|round| round.first_error.clone()),
        cores_busy: cell.cpu_share(),
        latency_s: median(&cell.latencies_s(Percentile::P50)),
        memory_bytes: cell.peak_memory_bytes,
        out: matches!(cell.check, Check::Failed | Check::Skipped)
            .then(|| cell.error().unwrap_or("no reason given").to_owned())
            .or_else(|| is_cut.then(|| "a run was cut at its deadline".into())),
    }
}

/// The most workers worth trying of a strategy. Its own limit counts too.
fn most_of(strategy: &str, cores: f64) -> u32 {
    let Ok(found) = strategy::named(strategy) else { return 1 };
    found.max_workers().min(cap(strategy, cores).map_or(u32::MAX, |cap| cap.workers))
}

/// More processes or interpreters than this are not tried.
fn cap(strategy: &str, cores: f64) -> Option<Bound> {
    let heavy = ["processes", "process_pool", "interpreters"].iter().any(|name| strategy.ends_with(name));
    let workers = (cores.ceil() as u32).saturating_mul(MOST_PROCESSES_PER_CORE);
    heavy.then(|| Bound {
        name: format!("{MOST_PROCESSES_PER_CORE} processes for each core, the most that are tried"),
        workers,
    })
}
