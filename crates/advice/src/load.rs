//! Under load: how many workers hold a rate, and where the knee is.
//!
//! Tasks become due at a rate, whether earlier ones are done or not (an open loop). A latency counts from when a task was due, so
//! that one that waits for a worker is late, and not merely begun later.

use serde::{Deserialize, Serialize};
use stats::{Estimate, binomial, paired, student, student::Mean};
use std::{fmt, str::FromStr};

/// A percentile that must be below a time: `p99<200ms`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LatencyTarget {
    /// Which one.
    pub percentile: TargetPercentile,
    /// Seconds.
    pub below_s: f64,
}

/// The percentiles that are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "percentiles")]
pub enum TargetPercentile {
    P50,
    P95,
    P99,
}

impl TargetPercentile {
    const ALL: [Self; 3] = [Self::P50, Self::P95, Self::P99];

    /// The share of tasks that may take longer.
    pub fn share_over(self) -> f64 {
        match self {
            Self::P50 => 0.5,
            Self::P95 => 0.05,
            Self::P99 => 0.01,
        }
    }

    /// Of fewer tasks, no percentile is given: it would be the longest latency, whatever it is called.
    pub fn fewest(self) -> u32 {
        match self {
            Self::P50 => 1,
            Self::P95 => 20,
            Self::P99 => 100,
        }
    }
}

impl FromStr for LatencyTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("`{text}` is not a target; expected p50, p95 or p99 below a time, such as p99<200ms");
        let (percentile, time) = text.split_once('<').ok_or_else(expected)?;
        let percentile = match percentile.trim() {
            "p50" => TargetPercentile::P50,
            "p95" => TargetPercentile::P95,
            "p99" => TargetPercentile::P99,
            _ => return Err(expected()),
        };
        let time = time.trim();
        let units = [("ms", 1e-3), ("us", 1e-6), ("s", 1.0)];
        let (number, unit_s) =
            units.iter().find_map(|(unit, unit_s)| Some((time.strip_suffix(unit)?, *unit_s))).ok_or_else(expected)?;
        let number = number.trim().parse().ok().filter(|number: &f64| *number > 0.0 && number.is_finite());
        Ok(Self { percentile, below_s: number.ok_or_else(expected)? * unit_s })
    }
}

impl fmt::Display for LatencyTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percentile = match self.percentile {
            TargetPercentile::P50 => "p50",
            TargetPercentile::P95 => "p95",
            TargetPercentile::P99 => "p99",
        };
        write!(f, "{percentile} < {}", support::figures::time(self.below_s))
    }
}

/// Workers under a rate.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadCell {
    /// How many workers.
    pub workers: u32,
    /// Tasks that become due in a second.
    pub rate_per_s: f64,
    /// What each round's tasks took.
    pub rounds: Vec<LoadRound>,
    /// The share of tasks that failed.
    pub failed: f64,
    /// What the first of them says.
    pub first_error: Option<String>,
}

/// The tasks of a round that a worker began.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoadRound {
    /// When each was due, seconds from any zero. Empty if the tasks differ: a trend of latencies may be theirs.
    pub due_s: Vec<f64>,
    /// The latency of each from then on, seconds.
    pub latencies_s: Vec<f64>,
    /// Seconds that a task kept a worker, on average.
    pub worker_s: f64,
}

/// What the measurements say.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadAdvice {
    /// For each cell, the three percentiles over the tasks of all rounds, with their 95 % intervals; `None` for a percentile of
    /// too few tasks.
    pub percentiles: Vec<[Option<Estimate>; 3]>,
    /// The fewest workers that are shown to hold the asked rate: with the target, or else with a p95 within 10 % of that with
    /// the most workers. `None` if none is shown to.
    pub workers: Option<u32>,
    /// Fewer workers that may hold it, too.
    pub open: Vec<u32>,
    /// How many tasks with each number of workers would show that those which may hold the target do, if they are like the tasks
    /// that were measured. `None` without a target, and if no number up to 5000 would.
    pub needs_tasks: Option<u32>,
    /// The asked rate is more than the most workers can do: so many tasks would be in progress on average, and the queue only
    /// grows. `None` if that isn't shown.
    pub overload: Option<f64>,
    /// `None` with fewer than two rates, and if the most workers aren't shown to keep up with the lowest.
    pub knee: Option<Knee>,
}

/// Where latencies begin to rise steeply, with the most workers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Knee {
    /// The highest measured rate before tasks fail, or the p95 is more than twice that at the lowest.
    pub per_s: f64,
    /// The cell with the lowest rate.
    pub lowest: usize,
    /// The cell with the next rate; `None` if no knee was met.
    pub next: Option<usize>,
}

/// Without a target, a p95 up to this much longer than that with the most workers is as good.
const AS_GOOD: f64 = 0.1;

/// Latencies that grow by more than this with each second are those of a queue that grows: the workers do less than four fifths of
/// the rate. In a short run, the queue of workers that keep up may grow a little, too.
const GROWS: f64 = 0.25;

/// More tasks than this are not asked for.
const MOST_TASKS: u32 = 5000;

/// Whether something is the case, as far as the measurements show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judgement {
    Yes,
    No,
    Open,
}

impl Judgement {
    /// The first that applies.
    fn of(yes: bool, no: bool) -> Self {
        match (yes, no) {
            (true, _) => Self::Yes,
            (_, true) => Self::No,
            _ => Self::Open,
        }
    }

    fn and(self, other: Self) -> Self {
        Self::of(self == Self::Yes && other == Self::Yes, self == Self::No || other == Self::No)
    }
}

impl LoadCell {
    fn latencies_s(&self) -> Vec<f64> {
        self.rounds.iter().flat_map(|round| round.latencies_s.iter().copied()).collect()
    }

    fn percentile(&self, of: TargetPercentile, alpha: f64) -> Option<Estimate> {
        let latencies_s = self.latencies_s();
        let enough = latencies_s.len() >= of.fewest() as usize;
        enough.then(|| binomial::percentile(latencies_s, 1.0 - of.share_over(), alpha)).flatten()
    }

    fn of_each(&self, figure: impl Fn(&LoadRound) -> f64) -> Option<Mean> {
        Mean::of(&self.rounds.iter().map(figure).collect::<Vec<_>>())
    }

    /// The workers that the rate keeps busy on average, by Little's law.
    fn busy_workers(&self, alpha: f64) -> Option<Estimate> {
        Some(self.of_each(|round| round.worker_s * self.rate_per_s)?.interval(alpha))
    }

    /// Whether the workers can do the rate at all. A short run doesn't show it by long latencies, because the queue has no time
    /// to grow. Either the rate would keep more workers busy than there are; or, where a shared resource is the limit, latencies
    /// grow with the time at which a task was due.
    fn keeps_up(&self, alpha: f64) -> Judgement {
        // One-sided tests: alpha is for one end of an interval.
        let busy = self.busy_workers(2.0 * alpha);
        let growth = self.of_each(LoadRound::growth).map(|growth| growth.interval(2.0 * alpha));
        let (Some(busy), Some(growth)) = (busy, growth) else { return Judgement::Open };
        let workers = f64::from(self.workers);
        let is_overloaded = busy.low >= workers || growth.low > GROWS;
        // Slopes of short runs scatter, so the estimate has to do.
        Judgement::of(busy.high < workers && growth.estimate <= GROWS, is_overloaded)
    }

    /// Whether it meets the target: whether fewer tasks took as long as it or longer than may.
    fn meets(&self, target: LatencyTarget, alpha: f64) -> Judgement {
        let (over, all) = self.over(target);
        let limit = target.percentile.share_over();
        Judgement::of(binomial::p_at_most(over, all, limit) <= alpha, binomial::p_at_least(over, all, limit) <= alpha)
    }

    /// How many of all tasks took as long as the target or longer.
    pub fn over(&self, target: LatencyTarget) -> (usize, usize) {
        let latencies_s = self.latencies_s();
        (latencies_s.iter().filter(|latency_s| **latency_s >= target.below_s).count(), latencies_s.len())
    }

    /// Whether its p95, within each round, is as short as that of another cell.
    fn is_as_good_as(&self, other: &Self, alpha: f64) -> Judgement {
        let p95 = |cell: &Self| -> Vec<f64> {
            let of = |round: &LoadRound| binomial::percentile(round.latencies_s.clone(), 0.95, alpha);
            cell.rounds.iter().filter_map(of).map(|p95| p95.estimate).collect()
        };
        let ratio = paired::log_ratio(&p95(self), &p95(other));
        let longer = ratio.and_then(|ratio| student::exp(ratio.interval(alpha)));
        longer.map_or(Judgement::Open, |longer| Judgement::of(longer.high < 1.0 + AS_GOOD, longer.low >= 1.0 + AS_GOOD))
    }
}

impl LoadRound {
    /// How much longer tasks took that were due a second later: the slope of a least-squares line. If tasks become due r times as fast
    /// as they are done, it is r - 1.
    fn growth(&self) -> f64 {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let (due_s, latency_s) = (mean(&self.due_s), mean(&self.latencies_s));
        let both = || self.due_s.iter().zip(&self.latencies_s).map(|(due, latency)| (due - due_s, latency - latency_s));
        let width: f64 = both().map(|(due, _)| due * due).sum();
        if width > 0.0 { both().map(|(due, latency)| due * latency).sum::<f64>() / width } else { 0.0 }
    }
}

/// The fewest tasks that show that a number of workers holds the target, if all of them are in time, and so many numbers of workers
/// are compared.
pub fn fewest_tasks(target: LatencyTarget, counts: usize, alpha: f64) -> u32 {
    binomial::fewest(target.percentile.share_over(), alpha / counts.max(1) as f64)
}

/// Judges cells. Those with the rate `asked_per_s` differ in their workers; those with the most workers in their rates.
///
/// The first of several numbers that holds the rate is advised, and each had a chance to seem to by luck. So each is tested with its
/// part of alpha (C. E. Bonferroni). A test of a percentile takes tasks as independent of each other. In a queue they are late
/// together, so near the limit it knows less than it says.
pub fn judge_load(cells: &[LoadCell], asked_per_s: f64, target: Option<LatencyTarget>, alpha: f64) -> LoadAdvice {
    let percentiles: Vec<[Option<Estimate>; 3]> =
        cells.iter().map(|cell| TargetPercentile::ALL.map(|of| cell.percentile(of, alpha))).collect();
    let is_asked = |cell: &&LoadCell| (cell.rate_per_s / asked_per_s - 1.0).abs() < 1e-9;
    let mut asked: Vec<&LoadCell> = cells.iter().filter(is_asked).collect();
    asked.sort_by_key(|cell| cell.workers);
    let part = alpha / asked.len().max(1) as f64;
    let widest = asked.last().copied();
    let holds = |cell: &LoadCell| {
        if cell.failed > 0.0 {
            return Judgement::No;
        }
        let in_time = match (target, widest) {
            (Some(target), _) => cell.meets(target, part),
            (None, Some(widest)) if widest.workers > cell.workers => cell.is_as_good_as(widest, part),
            (None, _) => Judgement::Yes,
        };
        cell.keeps_up(part).and(in_time)
    };
    let held: Vec<(&LoadCell, Judgement)> = asked.iter().map(|&cell| (cell, holds(cell))).collect();
    let workers = held.iter().find(|(_, holds)| *holds == Judgement::Yes).map(|(cell, _)| cell.workers);
    let fewer = held.iter().take_while(|(_, holds)| *holds != Judgement::Yes);
    let open: Vec<&LoadCell> = fewer.filter(|(_, holds)| *holds == Judgement::Open).map(|(cell, _)| *cell).collect();
    let needed = |cell: &&LoadCell, target: LatencyTarget| {
        let (over, all) = cell.over(target);
        binomial::needed(over, all, target.percentile.share_over(), part, MOST_TASKS)
    };
    let undecided = |target: LatencyTarget| {
        let cells = open.iter().filter(|cell| cell.meets(target, part) == Judgement::Open);
        cells.filter_map(|cell| needed(cell, target)).max()
    };
    let overload = widest.filter(|widest| widest.keeps_up(part) == Judgement::No && workers.is_none());
    LoadAdvice {
        workers,
        needs_tasks: target.and_then(undecided),
        open: open.iter().map(|cell| cell.workers).collect(),
        overload: overload.and_then(|widest| Some(widest.busy_workers(part)?.estimate)),
        knee: knee(cells, &percentiles, part),
        percentiles,
    }
}

fn knee(cells: &[LoadCell], percentiles: &[[Option<Estimate>; 3]], alpha: f64) -> Option<Knee> {
    let most = cells.iter().map(|cell| cell.workers).max()?;
    let mut by_rate: Vec<usize> = (0..cells.len()).filter(|&cell| cells[cell].workers == most).collect();
    by_rate.sort_by(|&one, &other| cells[one].rate_per_s.total_cmp(&cells[other].rate_per_s));
    let p95 = |cell: usize| percentiles[cell][1].map(|found| found.estimate);
    let &lowest =
        by_rate.first().filter(|&&lowest| by_rate.len() > 1 && cells[lowest].keeps_up(alpha) == Judgement::Yes)?;
    let lowest_s = p95(lowest)?;
    let is_past = |&cell: &usize| cells[cell].failed > 0.0 || p95(cell).is_none_or(|p95_s| p95_s > 2.0 * lowest_s);
    let next = by_rate.iter().position(is_past);
    let last = by_rate[next.unwrap_or(by_rate.len()).checked_sub(1)?];
    Some(Knee { per_s: cells[last].rate_per_s, lowest, next: next.map(|next| by_rate[next]) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Eight rounds of 100 tasks with this p95 and a median of half of it; nobody waits for a worker.
    fn cell(workers: u32, rate_per_s: f64, p95_s: f64) -> LoadCell {
        let round = |round: u32| {
            let factor = p95_s * (1.0 + 0.01 * f64::from(round % 3));
            let due_s: Vec<f64> = (0..100).map(|task| f64::from(task) / rate_per_s).collect();
            // In no order: 37 and 100 have no common divisor.
            let place = |task: u32| f64::from(task * 37 % 100);
            let latencies_s = (0..100).map(|task| factor * (0.05 + 0.95 * place(task) / 94.0)).collect();
            LoadRound { due_s, latencies_s, worker_s: 0.01 }
        };
        let rounds = (0..8).map(round).collect();
        LoadCell { workers, rate_per_s, rounds, failed: 0.0, first_error: None }
    }

    /// Without other tasks than these, all of them in one round of two.
    fn with_latencies(mut cell: LoadCell, latencies_s: &[f64]) -> LoadCell {
        cell.rounds.truncate(2);
        for round in &mut cell.rounds {
            round.due_s.truncate(latencies_s.len());
            round.latencies_s = latencies_s.to_vec();
        }
        cell
    }

    #[test]
    fn a_target_is_a_percentile_below_a_time() {
        let target = |percentile, below_s| Ok(LatencyTarget { percentile, below_s });
        assert_eq!("p99<200ms".parse(), target(TargetPercentile::P99, 0.2));
        assert_eq!(" p50 < 1.5 s".parse(), target(TargetPercentile::P50, 1.5));
        for wrong in ["p98<1s", "p99<1", "p99", "p99<-1s", "p99<infs", "p99>1s"] {
            assert!(wrong.parse::<LatencyTarget>().is_err_and(|words| words.contains("such as p99<200ms")), "{wrong}");
        }
    }

    #[test]
    fn the_fewest_workers_that_hold_the_target_are_advised() {
        let cells = [cell(2, 50.0, 0.9), cell(4, 50.0, 0.12), cell(8, 50.0, 0.1)];
        let advice = judge_load(&cells, 50.0, Some("p99<200ms".parse().unwrap()), 0.05);
        assert_eq!((advice.workers, advice.open.len()), (Some(4), 0));
        let none = judge_load(&cells, 50.0, Some("p99<1ms".parse().unwrap()), 0.05);
        assert_eq!((none.workers, none.open.len(), none.overload), (None, 0, None));
        let best = judge_load(&cells, 50.0, None, 0.05);
        assert_eq!(best.workers, Some(8), "a p95 20 % longer isn't as good");
    }

    #[test]
    fn a_percentile_of_few_tasks_is_not_shown_to_be_below_anything() {
        // One in thirty takes a second, and so will of the next 26, but of these none did.
        let few = with_latencies(cell(4, 50.0, 0.1), &[0.026; 13]);
        let target = Some("p99<200ms".parse().unwrap());
        let advice = judge_load(std::slice::from_ref(&few), 50.0, target, 0.05);
        assert_eq!((advice.workers, &*advice.open, advice.needs_tasks), (None, &[4][..], Some(299)));
        assert_eq!(advice.percentiles[0].map(|of| of.is_some()), [true, true, false], "26 tasks have no p99");
        let both = judge_load(&[few.clone(), LoadCell { workers: 8, ..few }], 50.0, target, 0.05);
        assert_eq!(both.needs_tasks, Some(368), "each has half of alpha: ln 0.025 / ln 0.99");
    }

    #[test]
    fn a_rate_beyond_what_the_workers_do_is_not_held() {
        // Tasks keep a worker for 0.1 s, so 16 workers do 160 of them in a second.
        let mut busy = cell(16, 400.0, 0.1);
        busy.rounds.iter_mut().for_each(|round| round.worker_s = 0.1);
        let target = "p95<10s".parse().unwrap();
        for target in [None, Some(target)] {
            let advice = judge_load(std::slice::from_ref(&busy), 400.0, target, 0.05);
            assert_eq!((advice.workers, advice.open.len()), (None, 0));
            assert!(advice.overload.is_some_and(|under_way| (under_way - 40.0).abs() < 1e-9), "{advice:?}");
        }
        // A server that does half the rate, however many wait: latencies grow by a second with every second.
        let mut grows = cell(64, 400.0, 0.1);
        for round in &mut grows.rounds {
            round.latencies_s = round.due_s.iter().map(|due_s| 0.01 + due_s).collect();
        }
        let advice = judge_load(&[grows], 400.0, Some(target), 0.05);
        assert_eq!((advice.workers, advice.open.len(), advice.overload.is_some()), (None, 0, true));
    }

    #[test]
    fn the_knee_is_the_highest_rate_before_latencies_double() {
        let cells = [cell(8, 25.0, 0.1), cell(8, 50.0, 0.11), cell(8, 75.0, 0.19), cell(8, 100.0, 2.0)];
        let knee = |cells: &[LoadCell]| judge_load(cells, 50.0, None, 0.05).knee;
        assert_eq!(knee(&cells), Some(Knee { per_s: 75.0, lowest: 0, next: Some(3) }));
        assert_eq!(knee(&cells[..2]), Some(Knee { per_s: 50.0, lowest: 0, next: None }));
        assert_eq!(knee(&cells[..1]), None, "one rate has no knee");
        let mut failing = cells.clone();
        failing[1].failed = 0.5;
        assert_eq!(knee(&failing), Some(Knee { per_s: 25.0, lowest: 0, next: Some(1) }));
        let mut overloaded = cells;
        overloaded[0].rounds.iter_mut().for_each(|round| round.worker_s = 1.0);
        assert_eq!(knee(&overloaded), None, "at the lowest rate, latencies grow already");
    }

    #[test]
    fn workers_whose_tasks_fail_hold_nothing() {
        let mut cells = [cell(4, 50.0, 0.1), cell(8, 50.0, 0.1)];
        cells[0].failed = 0.1;
        assert_eq!(judge_load(&cells, 50.0, Some("p95<200ms".parse().unwrap()), 0.05).workers, Some(8));
    }
}
