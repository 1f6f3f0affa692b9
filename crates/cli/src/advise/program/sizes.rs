//! How many tasks a run has, how many rounds there are, and which worker counts that leaves time for.

use super::super::own_work::TaskSource;
use super::{AdviceRun, Count, MOST_ROUNDS, MOST_URLS, Tried};
use advice::judge::FEWEST_ROUNDS;
use harness::runner::Plan;
use std::{collections::BTreeSet, time::Duration};
use support::{figures::count, words::listed};

/// With fewer rounds than this, little is shown: then fewer worker counts are measured.
const FEW_ROUNDS: u32 = 6;

/// With so many rounds, runs may as well be longer.
const ENOUGH_ROUNDS: f64 = 16.0;

/// The most tasks that each worker does in a run, where that can be chosen: its start and end then matter little.
const MOST_WAVES: u32 = 16;

impl AdviceRun<'_> {
    /// As many of these counts as leave time and tasks for some rounds.
    pub(super) fn affordable(&self, mut counts: Vec<Count>, search: &[Tried]) -> Vec<Count> {
        loop {
            let (round_s, tasks) = self.smallest_round(&counts, search);
            let fits = round_s * f64::from(FEW_ROUNDS) <= self.left_s()
                && self.left_tasks().is_none_or(|left| tasks * FEW_ROUNDS <= left);
            let last = counts.iter().enumerate().max_by_key(|(_, count)| (count.rank, count.workers));
            match last.map(|(place, count)| (place, count.rank)) {
                Some((place, rank)) if !fits && rank > 1 => counts.remove(place),
                _ => return counts,
            };
        }
    }

    /// Seconds and tasks of a round in which each worker does a single task.
    fn smallest_round(&self, counts: &[Count], search: &[Tried]) -> (f64, u32) {
        let sequential = Count { strategy: self.work.baseline, workers: 1, rank: 0 };
        let all = || std::iter::once(&sequential).chain(counts);
        let widest = counts.iter().map(|count| count.workers).max().unwrap_or(1);
        let tasks = |count: &Count| match &self.work.source {
            TaskSource::Inputs(_) => widest.max(4),
            _ => self.tasks_with(count.workers),
        };
        let seconds = |count: &Count| overhead_s(count, search) + f64::from(tasks(count)) / seen(count, search);
        (all().map(seconds).sum(), all().map(tasks).sum())
    }

    /// How many tasks each worker, or each run, should have: so that there is time for enough rounds.
    pub(super) fn size_of_runs(&self, counts: &[Count], search: &[Tried]) -> u32 {
        let sequential = Count { strategy: self.work.baseline, workers: 1, rank: 0 };
        let all = || std::iter::once(&sequential).chain(counts);
        let overhead: f64 = all().map(|count| overhead_s(count, search)).sum();
        // One more, for the sequential reference.
        let for_tasks_s = (self.left_s() / (ENOUGH_ROUNDS + 1.0) - overhead).max(0.0);
        let widest = counts.iter().map(|count| count.workers).max().unwrap_or(1);
        match &self.work.source {
            TaskSource::Scenario(_) => self.distinct(),
            TaskSource::Repeatable(_) => {
                let wave_s: f64 = all().map(|count| f64::from(count.workers) / seen(count, search)).sum();
                let wave_tasks: u32 = all().map(|count| count.workers.max(2)).sum();
                let affordable = self.left_tasks().map_or(MOST_WAVES, |left| left / (FEW_ROUNDS * wave_tasks));
                ((for_tasks_s / wave_s) as u32).min(affordable).clamp(1, MOST_WAVES)
            }
            TaskSource::Inputs(_) => {
                let task_s: f64 = all().map(|count| 1.0 / seen(count, search)).sum();
                let most = self.distinct().min(widest.saturating_mul(MOST_WAVES)).max(1);
                let possible = ((for_tasks_s / task_s) as u32).clamp(widest.max(4).min(most), most);
                // A number that all counts divide, or at least the largest: then nobody is idle in the last wave.
                let knee = counts.iter().min_by_key(|count| count.rank).map_or(1, |count| count.workers);
                let even = [6 * knee, 2 * knee, widest].into_iter().find(|even| possible >= *even);
                even.map_or(possible, |even| possible - possible % even)
            }
        }
    }

    /// The counts without those that leave workers idle in the last wave of a short run, which would be no fault of theirs;
    /// and a note on those.
    pub(super) fn even(&self, counts: Vec<Count>) -> (Vec<Count>, Option<String>) {
        let is_even = |count: &Count| {
            let tasks = self.tasks_with(count.workers);
            tasks.is_multiple_of(count.workers) || tasks >= 4 * count.workers
        };
        let (even, uneven): (Vec<Count>, Vec<Count>) =
            counts.into_iter().partition(|count| count.rank == 0 || is_even(count));
        let workers: BTreeSet<u32> = uneven.iter().map(|count| count.workers).collect();
        let note = workers.first().map(|&fewest| {
            let listed = listed(&workers.iter().map(u32::to_string).collect::<Vec<_>>(), "or");
            let tasks = count(self.tasks_with(fewest) as usize, "task");
            format!("not measured with {listed} workers: a run's {tasks} can't be shared evenly among them")
        });
        (even, note)
    }

    /// How many rounds are possible, and when to look.
    pub(super) fn plan(&self, counts: &[Count], search: &[Tried]) -> Plan {
        let left_s = self.left_s();
        let sequential = Count { strategy: self.work.baseline, workers: 1, rank: 0 };
        let all = || std::iter::once(&sequential).chain(counts);
        let warm_up = |count: &Count| if self.work.max_tasks.is_none() { count.workers } else { 0 };
        let tasks = |count: &Count| self.tasks_with(count.workers);
        let seconds =
            |count: &Count| overhead_s(count, search) + f64::from(tasks(count) + warm_up(count)) / seen(count, search);
        let (round_s, round_tasks): (f64, u32) = (all().map(seconds).sum(), all().map(tasks).sum());
        let left_tasks = self.left_tasks();
        // A run in a process of its own for each cell, for its memory: where it is no burden.
        let probes = left_s > 10.0 * round_s && left_tasks.is_none_or(|left| left > 10 * round_tasks);
        let left_tasks = left_tasks.map(|left| left - if probes { round_tasks } else { 0 });
        let for_rounds_s = left_s - if probes { 2.0 * round_s } else { 0.0 };
        let possible = (for_rounds_s / round_s.max(1e-6)).ceil() as u32;
        let affordable = left_tasks.map_or(MOST_ROUNDS, |left| left / round_tasks.max(1));
        // With fewer, nothing can be said: then the budget is overdrawn, by as much again at most.
        let last = possible.max(FEWEST_ROUNDS as u32).min(affordable).clamp(1, MOST_ROUNDS);
        let looks: BTreeSet<u32> =
            [last / 8, last / 4, last / 2].into_iter().filter(|&look| look >= 4).chain([last]).collect();
        // Rounds may take longer than expected.
        let overdrawn_s = (4.0 * round_s * FEWEST_ROUNDS as f64).min(self.budget.as_secs_f64());
        let budget = Some(Duration::from_secs_f64(for_rounds_s.max(overdrawn_s)));
        Plan { looks: looks.into_iter().collect(), budget, probe_all: probes, ..Plan::rounds(last) }
    }

    /// The tasks of a run with so many workers.
    pub(super) fn tasks_with(&self, workers: u32) -> u32 {
        let distinct = self.distinct();
        match (&self.work.source, self.size) {
            (TaskSource::Scenario(_), _) => distinct,
            (TaskSource::Inputs(_), Some(tasks)) => tasks,
            (TaskSource::Inputs(_), None) => workers.saturating_mul(2).max(4).min(distinct),
            // Each of the different tasks is done as often as the others.
            (TaskSource::Repeatable(_), waves) => {
                workers.max(2).saturating_mul(waves.unwrap_or(1)).next_multiple_of(distinct.min(MOST_URLS))
            }
        }
    }
}

/// The tasks per second to expect: as many as with the next smaller number that was tried.
fn seen(count: &Count, search: &[Tried]) -> f64 {
    let of_strategy = |tried: &&Tried| tried.strategy == count.strategy || tried.workers == 1;
    let smaller = search.iter().filter(of_strategy).filter(|tried| tried.workers <= count.workers && tried.rate > 0.0);
    smaller.max_by_key(|tried| tried.workers).map_or(1.0, |tried| tried.rate)
}

/// The seconds that a run takes beside its tasks.
fn overhead_s(count: &Count, search: &[Tried]) -> f64 {
    let of_strategy = |tried: &&Tried| tried.strategy == count.strategy || tried.workers == 1;
    let near = search.iter().filter(of_strategy).min_by_key(|tried| tried.workers.abs_diff(count.workers));
    near.map_or(0.0, |tried| tried.overhead_s)
}
