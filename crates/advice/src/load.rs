//! Under load: how many workers hold a rate, and where the knee is.
//!
//! Tasks become due at a rate, whether earlier ones are done or not (an open loop). A latency counts from when a task was due, so
//! that one that waits for a worker is late, and not merely begun later.

use serde::Serialize;
use stats::{Estimate, student, student::Mean};
use std::{fmt, str::FromStr};

/// A percentile that must be below a time: `p99<200ms`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LatencyTarget {
    /// Which one.
    pub percentile: TargetPercentile,
    /// Seconds.
    pub below_s: f64,
}

/// The percentiles that are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "percentiles")]
pub enum TargetPercentile {
    P50,
    P95,
    P99,
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
    /// The percentiles of the latencies from when tasks were due, seconds, one entry for each round: p50, p95, p99.
    pub percentiles_s: [Vec<f64>; 3],
    /// The share of tasks that failed.
    pub failed: f64,
}

/// What the measurements say.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadAdvice {
    /// For each cell, the three percentiles with their 95 % intervals.
    pub percentiles: Vec<[Option<Estimate>; 3]>,
    /// The fewest workers that are shown to hold the asked rate: with the target, or else with a p95 within 10 % of that with
    /// the most workers. `None` if none is shown to.
    pub workers: Option<u32>,
    /// Fewer workers that may hold it, too.
    pub open: Vec<u32>,
    /// The highest measured rate before the p95 is more than twice that at the lowest; `None` if it is at all.
    pub knee_per_s: Option<f64>,
}

/// Without a target, a p95 up to this much longer than that with the most workers is as good.
const AS_GOOD: f64 = 0.1;

/// Judges cells. Those with the rate `asked_per_s` differ in their workers; those with the most workers in their rates.
pub fn judge_load(cells: &[LoadCell], asked_per_s: f64, target: Option<LatencyTarget>, alpha: f64) -> LoadAdvice {
    let logarithm = |times_s: &[f64]| Mean::of(&times_s.iter().map(|time_s| time_s.ln()).collect::<Vec<_>>());
    let percentiles: Vec<[Option<Estimate>; 3]> = cells
        .iter()
        .map(|cell| [0, 1, 2].map(|of| student::exp(logarithm(&cell.percentiles_s[of])?.interval(alpha))))
        .collect();
    let most = cells.iter().map(|cell| cell.workers).max().unwrap_or(1);
    let is_asked = |cell: &LoadCell| (cell.rate_per_s / asked_per_s - 1.0).abs() < 1e-9;
    let mut asked: Vec<usize> = (0..cells.len()).filter(|&cell| is_asked(&cells[cell])).collect();
    asked.sort_by_key(|&cell| cells[cell].workers);
    let of = target.map_or(1, |target| target.percentile as usize);
    let best = asked.last().copied();
    // Whether it holds the rate, whether it is shown that it doesn't.
    let holds = |&cell: &usize| -> (bool, bool) {
        let one = &cells[cell];
        if one.failed > 0.0 {
            return (false, true);
        }
        match (target, best) {
            (Some(target), _) => percentiles[cell][of]
                .map_or((false, false), |found| (found.high < target.below_s, found.low >= target.below_s)),
            (None, Some(best)) if best == cell => (true, false),
            (None, Some(best)) => {
                let ratio = stats::paired::log_ratio(&one.percentiles_s[of], &cells[best].percentiles_s[of]);
                let longer = ratio.and_then(|ratio| student::exp(ratio.interval(alpha)));
                longer.map_or((false, false), |longer| (longer.high < 1.0 + AS_GOOD, longer.low >= 1.0 + AS_GOOD))
            }
            (None, None) => (false, false),
        }
    };
    let workers = asked.iter().find(|cell| holds(cell).0).map(|&cell| cells[cell].workers);
    let fewer = asked.iter().filter(|&&cell| workers.is_none_or(|workers| cells[cell].workers < workers));
    let open = fewer.filter(|cell| holds(cell) == (false, false)).map(|&cell| cells[cell].workers).collect();
    let mut by_rate: Vec<usize> = (0..cells.len()).filter(|&cell| cells[cell].workers == most).collect();
    by_rate.sort_by(|&one, &other| cells[one].rate_per_s.total_cmp(&cells[other].rate_per_s));
    let p95 = |cell: usize| percentiles[cell][1].map(|found| found.estimate);
    let lowest = by_rate.first().and_then(|&cell| p95(cell));
    let before = by_rate.iter().take_while(|&&cell| {
        cells[cell].failed == 0.0 && p95(cell).zip(lowest).is_some_and(|(p95, lowest)| p95 <= 2.0 * lowest)
    });
    let knee_per_s = before.last().map(|&cell| cells[cell].rate_per_s);
    LoadAdvice { percentiles, workers, open, knee_per_s }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(workers: u32, rate_per_s: f64, p95_s: f64) -> LoadCell {
        let times = |factor: f64| (0..8).map(|round| p95_s * factor * (1.0 + 0.01 * f64::from(round % 3))).collect();
        LoadCell { workers, rate_per_s, percentiles_s: [times(0.5), times(1.0), times(1.5)], failed: 0.0 }
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
        assert_eq!((none.workers, none.open.len()), (None, 0));
        let best = judge_load(&cells, 50.0, None, 0.05);
        assert_eq!(best.workers, Some(8), "a p95 20 % longer isn't as good");
    }

    #[test]
    fn the_knee_is_the_highest_rate_before_latencies_double() {
        let cells = [cell(8, 25.0, 0.1), cell(8, 50.0, 0.11), cell(8, 75.0, 0.19), cell(8, 100.0, 2.0)];
        assert_eq!(judge_load(&cells, 50.0, None, 0.05).knee_per_s, Some(75.0));
    }

    #[test]
    fn workers_whose_tasks_fail_hold_nothing() {
        let mut cells = [cell(4, 50.0, 0.1), cell(8, 50.0, 0.1)];
        cells[0].failed = 0.1;
        assert_eq!(judge_load(&cells, 50.0, Some("p95<200ms".parse().unwrap()), 0.05).workers, Some(8));
    }
}
