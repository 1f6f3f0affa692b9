//! The rounds of one cell, and their summary.

use super::cell::Sample;
use crate::results::record::{CellRecord, LostInRound, Timeline};
use stats::median::median;
use work::{
    task::TaskError,
    worker::{
        error::LostWorker,
        lane::{Activity, Span},
    },
};

/// The measured rounds of one cell, in order.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    all: Vec<Round>,
    /// For rounds of an earlier process, only the worst one's failures are known, and whether the cell did less than
    /// its baseline in any.
    did_less: bool,
}

fn of_round(round: u32, lost: &[LostWorker]) -> impl Iterator<Item = LostInRound> {
    lost.iter().map(move |LostWorker { process, how }| LostInRound { round, process: *process, how: how.clone() })
}

fn lost_in(cell: &CellRecord, round: u32) -> Vec<LostWorker> {
    let lost = cell.lost_workers.iter().filter(|lost| lost.round == round);
    lost.map(|LostInRound { process, how, .. }| LostWorker { process: *process, how: how.clone() }).collect()
}

/// The most workers that worked on tasks at the same time.
fn most_at_once(spans: &[Span]) -> u32 {
    let tasks = spans.iter().filter(|span| span.kind == Activity::Run && span.index.is_some());
    // If one ends as another begins, they don't overlap: ends come first.
    let mut changes: Vec<(u64, i32)> = tasks.flat_map(|span| [(span.start_ns, 1), (span.end_ns, -1)]).collect();
    changes.sort_unstable();
    let mut at_once = 0;
    let counted = changes.into_iter().map(|(_, change)| {
        at_once += change;
        at_once
    });
    counted.max().unwrap_or(0).cast_unsigned()
}

/// One round.
#[derive(Debug)]
struct Round {
    start_s: f64,
    run_s: f64,
    stop_s: f64,
    cpu_s: f64,
    user_s: f64,
    system_s: f64,
    switches: f64,
    core_wait_s: Option<f64>,
    /// How many tasks failed, and what the first of them said.
    failed: u32,
    error: Option<String>,
    workers: u32,
    at_once: Option<u32>,
    lost: Vec<LostWorker>,
    redeliveries: u32,
    other_runs: u32,
    /// Of an earlier process's rounds, only one still has its spans.
    timeline: Option<Timeline>,
}

impl Rounds {
    /// The first `rounds` rounds of a cell, from its record. If the record has only a mean, each round gets the mean,
    /// so that it keeps its weight among later rounds.
    pub(super) fn restored(cell: &CellRecord, rounds: u32) -> Self {
        let round = |index: usize| Round {
            start_s: cell.start_s[index],
            run_s: cell.run_s[index],
            stop_s: cell.stop_s[index],
            cpu_s: cell.cpu_s[index],
            user_s: cell.cpu_user_s.unwrap_or_default(),
            system_s: cell.cpu_system_s.unwrap_or_default(),
            switches: cell.context_switches.unwrap_or_default(),
            core_wait_s: cell.core_wait_s,
            failed: cell.task_errors,
            error: cell.error.clone(),
            workers: cell.workers,
            at_once: cell.workers_at_once,
            lost: lost_in(cell, index as u32),
            // The record has a sum.
            redeliveries: if index == 0 { cell.redeliveries.unwrap_or(0) } else { 0 },
            other_runs: cell.other_runs.unwrap_or(0),
            timeline: cell.timeline.clone().filter(|timeline| timeline.round as usize == index),
        };
        Self { all: (0..rounds as usize).map(round).collect(), did_less: rounds >= 2 && cell.speedup.is_none() }
    }

    /// Adds one. `asked` is the number of workers if the run doesn't report how many took part.
    pub(super) fn add(&mut self, sample: Sample, asked: u32) {
        let Sample { start_s, stop_s, cpu, .. } = sample;
        self.all.push(Round {
            start_s,
            run_s: sample.run_s(),
            stop_s,
            cpu_s: cpu.total_s(),
            user_s: cpu.user_s,
            system_s: cpu.system_s,
            switches: cpu.switches as f64,
            core_wait_s: cpu.core_wait_s(),
            failed: sample.failed.len() as u32,
            error: sample.error.as_ref().map(TaskError::to_string),
            workers: sample.account.workers.unwrap_or(asked),
            at_once: Some(most_at_once(&sample.spans)),
            lost: sample.lost.clone(),
            redeliveries: sample.account.redelivered.values().sum(),
            other_runs: sample.account.other_runs,
            timeline: Some(sample.into_timeline(self.all.len() as u32)),
        });
    }

    /// How many workers took part; `None` before the first round.
    pub(super) fn workers(&self) -> Option<u32> {
        self.all.first().map(|round| round.workers)
    }

    /// Whether a worker was lost in one of the first `pairs` rounds.
    pub(super) fn lost_a_worker(&self, pairs: usize) -> bool {
        self.all.iter().take(pairs).any(|round| !round.lost.is_empty())
    }

    /// Whether in one of the first `pairs` rounds more of its tasks failed than of the baseline's.
    pub(super) fn did_less_than(&self, baseline: &Self, pairs: usize) -> bool {
        self.did_less || self.all.iter().zip(&baseline.all).take(pairs).any(|(own, other)| own.failed > other.failed)
    }

    /// Fills in the record.
    pub(super) fn tell(&self, cell: &mut CellRecord) {
        let of = |figure: fn(&Round) -> f64| self.all.iter().map(figure).collect::<Vec<f64>>();
        let mean = |figure: fn(&Round) -> f64| Some(of(figure).iter().sum::<f64>() / self.all.len() as f64);
        if let Some(workers) = self.workers() {
            cell.workers = workers;
        }
        if cell.queue.is_some() && !self.all.is_empty() {
            cell.redeliveries = Some(self.all.iter().map(|round| round.redeliveries).sum());
            cell.other_runs = self.all.iter().map(|round| round.other_runs).max();
        }
        cell.workers_at_once = self.all.iter().filter_map(|round| round.at_once).max();
        cell.lost_workers = (0..).zip(&self.all).flat_map(|(number, round)| of_round(number, &round.lost)).collect();
        cell.start_s = of(|round| round.start_s);
        cell.run_s = of(|round| round.run_s);
        cell.stop_s = of(|round| round.stop_s);
        cell.cpu_s = of(|round| round.cpu_s);
        cell.cpu_user_s = mean(|round| round.user_s);
        cell.cpu_system_s = mean(|round| round.system_s);
        cell.context_switches = mean(|round| round.switches);
        // A mean of only the rounds that report it would be a different mean.
        let told = self.all.iter().all(|round| round.core_wait_s.is_some());
        cell.core_wait_s = mean(|round| round.core_wait_s.unwrap_or_default()).filter(|_| told);
        if let Some(worst) = self.all.iter().max_by_key(|round| round.failed) {
            cell.task_errors = worst.failed;
            cell.error.clone_from(&worst.error);
        }
        cell.timeline = self.typical(&cell.timed_s());
    }

    /// The spans of the round whose time is nearest to the median, among rounds that have spans.
    fn typical(&self, times: &[f64]) -> Option<Timeline> {
        let middle = median(times)?;
        let timelines = self.all.iter().zip(times).filter_map(|(round, time)| Some((round.timeline.as_ref()?, time)));
        let distance = |time: &f64| (time - middle).abs();
        timelines.min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b))).map(|(timeline, _)| timeline.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use measure::cpu::{CpuTime, Scheduled};
    use proptest::prelude::*;
    use serde_json::json;
    use work::worker::work::Account;

    /// With `failed` failed tasks.
    fn sample(run_s: f64, user_s: f64, failed: u32) -> Sample {
        let alive = Some(Scheduled { ran_s: user_s, waited_s: user_s / 4.0 });
        Sample {
            start_s: 0.25,
            start_ns: 0,
            end_ns: (run_s * 1e9) as u64,
            stop_s: 0.5,
            cpu: CpuTime { user_s, system_s: 0.0, switches: 8, alive },
            spans: Vec::new(),
            failed: (0..failed).collect(),
            error: (failed > 0).then_some(TaskError::TimedOut),
            statuses: [].into(),
            lost: if failed > 1 {
                vec![LostWorker { process: 2, how: "killed by signal 9 (SIGKILL)".into() }]
            } else {
                Vec::new()
            },
            account: Account { redelivered: [(0, 2)].into(), ..Account::default() },
        }
    }

    fn unmeasured() -> CellRecord {
        let cell = json!({
            "variant": "default", "tasks": 3, "strategy": "threads", "workers": 2, "deal": "one_by_one", "timer": "warm",
            "timed": ["run"], "check": "passed", "task_errors": 0, "start_s": [], "run_s": [], "stop_s": [], "queue": "sqlite",
        });
        serde_json::from_value(cell).unwrap()
    }

    fn told(rounds: &Rounds) -> CellRecord {
        let mut cell = unmeasured();
        rounds.tell(&mut cell);
        cell
    }

    fn extend(mut rounds: Rounds, samples: &[(f64, f64, u32)]) -> Rounds {
        samples.iter().for_each(|&(run_s, user_s, failed)| rounds.add(sample(run_s, user_s, failed), 2));
        rounds
    }

    #[test]
    fn the_timeline_is_that_of_the_round_in_the_middle() {
        let cell = told(&extend(Rounds::default(), &[(3.0, 1.0, 0), (1.0, 1.0, 0), (2.0, 1.0, 2)]));
        let timeline = cell.timeline.unwrap();
        assert_eq!((timeline.round, timeline.end_ns, timeline.failed), (2, 2_000_000_000, vec![0, 1]));
        assert_eq!((cell.task_errors, cell.error.as_deref()), (2, Some("timed out")));
        let lost = LostInRound { round: 2, process: 2, how: "killed by signal 9 (SIGKILL)".into() };
        assert_eq!((cell.lost_workers, cell.redeliveries), (vec![lost], Some(6)));
    }

    #[test]
    fn workers_are_counted_who_work_at_the_same_time() {
        let span = |worker, index, kind, start_ns, end_ns| Span { worker, index, kind, start_ns, end_ns };
        let task = |worker, start_ns, end_ns| span(worker, Some(worker), Activity::Run, start_ns, end_ns);
        assert_eq!(most_at_once(&[task(0, 0, 5), task(1, 5, 9), task(0, 8, 12), task(2, 9, 10)]), 2);
        let not_at_work = [span(0, None, Activity::Run, 0, 9), span(1, Some(1), Activity::Queued, 0, 9)];
        assert_eq!((most_at_once(&[]), most_at_once(&not_at_work)), (0, 0));
    }

    #[test]
    fn what_did_less_before_it_was_broken_off_has_done_less() {
        let pair = [(1.0, 1.0, 0), (1.0, 1.0, 0)];
        let (cell, baseline) = (extend(Rounds::default(), &pair), extend(Rounds::default(), &pair));
        assert!(!cell.did_less_than(&baseline, 2));
        // A cell without a speed-up after two rounds.
        assert!(Rounds::restored(&told(&cell), 2).did_less_than(&baseline, 2));
        assert!(!Rounds::restored(&told(&cell), 1).did_less_than(&baseline, 1));
        let failing = extend(Rounds::default(), &[(1.0, 1.0, 0), (1.0, 1.0, 1)]);
        assert!(failing.did_less_than(&baseline, 2) && !failing.did_less_than(&baseline, 1));
    }

    proptest! {
        #[test]
        fn rounds_that_were_broken_off_and_gone_on_with_say_the_same(
            samples in prop::collection::vec((0.001..9.0_f64, 0.001..9.0_f64, 0..3_u32), 2..12),
            share in 0.0..1.0_f64,
        ) {
            let kept = 1 + (share * (samples.len() - 1) as f64) as usize;
            let (first, rest) = samples.split_at(kept);
            let before = told(&extend(Rounds::default(), first));
            let gone_on = told(&extend(Rounds::restored(&before, kept as u32), rest));
            let whole = told(&extend(Rounds::default(), &samples));
            for (found, expected) in [
                (gone_on.cpu_user_s, whole.cpu_user_s),
                (gone_on.context_switches, whole.context_switches),
                (gone_on.core_wait_s, whole.core_wait_s),
            ] {
                prop_assert!((found.unwrap() - expected.unwrap()).abs() < 1e-9, "{found:?} {expected:?}");
            }
            // Of the earlier rounds only one timeline is left.
            let timeline = gone_on.timeline.clone().unwrap();
            prop_assert!(timeline.round as usize >= kept || Some(&timeline) == before.timeline.as_ref());
            let but_means = |cell: CellRecord| CellRecord {
                timeline: None, cpu_user_s: None, cpu_system_s: None, context_switches: None, core_wait_s: None, ..cell
            };
            prop_assert_eq!(but_means(gone_on), but_means(whole));
        }
    }
}
