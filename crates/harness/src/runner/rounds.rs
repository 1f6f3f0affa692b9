//! Adds the rounds of one cell to its record, and chooses one of their timelines.

use super::cell::Sample;
use crate::results::record::{CellRecord, Round, Timeline};
use stats::median::median;
use work::{
    task::TaskError,
    worker::lane::{Activity, Span},
};

/// The timelines of a cell's rounds, as far as this process measured them.
#[derive(Debug, Default)]
pub(super) struct Timelines(Vec<Timeline>);

impl Timelines {
    /// Those of an earlier process's record, which has at most one. Rounds from `kept` on are removed from the record.
    pub(super) fn of(cell: &mut CellRecord, kept: u32) -> Self {
        cell.rounds.truncate(kept as usize);
        let timelines = Self(cell.timeline.take().into_iter().filter(|timeline| timeline.round < kept).collect());
        timelines.choose(cell);
        timelines
    }

    /// Adds a round to the record.
    pub(super) fn add(&mut self, cell: &mut CellRecord, sample: Sample) {
        let number = cell.rounds.len() as u32;
        cell.rounds.push(Round {
            start_s: sample.start_s,
            run_s: sample.run_s(),
            waits_s: sample.waits_s,
            stop_s: sample.stop_s,
            cpu_user_s: sample.cpu.user_s,
            cpu_system_s: sample.cpu.system_s,
            context_switches: sample.cpu.switches,
            core_wait_s: sample.cpu.core_wait_s(),
            task_errors: sample.failed.len() as u32,
            first_error: sample.error.as_ref().map(TaskError::to_string),
            latency: sample.latency,
            latency_from_due: sample.latency_from_due,
            statuses: sample.statuses.clone(),
            workers: sample.account.workers.unwrap_or(cell.spec.shape.workers().get()),
            workers_at_once: most_at_once(&sample.spans),
            lost_workers: sample.lost.clone(),
            redeliveries: sample.account.redelivered.values().sum(),
            other_runs: sample.account.other_runs,
        });
        self.0.push(sample.into_timeline(number));
        self.choose(cell);
    }

    /// The record keeps the timeline of the round whose time is nearest to the median, among rounds that have one.
    fn choose(&self, cell: &mut CellRecord) {
        let times_s = cell.timed_s();
        let Some(middle_s) = median(&times_s) else { return };
        let distance = |timeline: &&Timeline| {
            times_s.get(timeline.round as usize).map_or(f64::INFINITY, |time_s| (time_s - middle_s).abs())
        };
        cell.timeline = self.0.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).cloned();
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::record::Check;
    use crate::scenario::{CellSpec, Phase, Timer};
    use measure::cpu::{CpuTime, Scheduled};
    use work::{
        task::TaskError,
        worker::{error::LostWorker, layout::WorkerLayout, task_queue::Schedule, work::Account},
    };

    /// With `failed` failed tasks.
    fn sample(run_s: f64, failed: u32) -> Sample {
        let alive = Some(Scheduled { ran_s: run_s, waited_s: run_s / 4.0 });
        Sample {
            start_s: 0.25,
            start_ns: 0,
            end_ns: (run_s * 1e9) as u64,
            waits_s: 0.0,
            stop_s: 0.5,
            cpu: CpuTime { user_s: run_s, system_s: 0.0, switches: 8, alive },
            spans: Vec::new(),
            failed: (0..failed).collect(),
            error: (failed > 0).then_some(TaskError::TimedOut),
            latency: None,
            latency_from_due: None,
            statuses: [(200, 3 - failed)].into(),
            lost: if failed > 1 {
                vec![LostWorker { process: 2, how: "killed by signal 9 (SIGKILL)".into() }]
            } else {
                Vec::new()
            },
            account: Account { redelivered: [(0, 2)].into(), ..Account::default() },
        }
    }

    fn measured(samples: &[(f64, u32)]) -> (CellRecord, Timelines) {
        let spec = CellSpec {
            variant: "default".into(),
            strategy: "queue".into(),
            shape: WorkerLayout::ONE,
            schedule: Schedule::OneByOne,
            timer: Timer::Warm,
            python: None,
        };
        let unmeasured = CellRecord::unmeasured(spec, 3, vec![Phase::Run]);
        let mut cell = CellRecord { check: Check::Passed, queue: Some("sqlite".into()), ..unmeasured };
        let mut timelines = Timelines::default();
        samples.iter().for_each(|&(run_s, failed)| timelines.add(&mut cell, sample(run_s, failed)));
        (cell, timelines)
    }

    #[test]
    fn the_timeline_is_that_of_the_round_in_the_middle() {
        let (cell, _) = measured(&[(3.0, 0), (1.0, 0), (2.0, 2)]);
        let timeline = cell.timeline.as_ref().unwrap();
        assert_eq!((timeline.round, timeline.end_ns, &timeline.failed), (2, 2_000_000_000, &vec![0, 1]));
        assert_eq!((cell.task_errors(), cell.error()), (2, Some("timed out")));
        let lost: Vec<_> = cell.lost_workers().map(|(round, lost)| (round, lost.process)).collect();
        assert_eq!((lost, cell.redeliveries(), cell.statuses()), (vec![(2, 2)], Some(6), [(200, 1)].into()));
        assert_eq!((cell.cpu_user_s(), cell.core_wait_s()), (Some(2.0), Some(0.5)));
    }

    #[test]
    fn of_rounds_of_an_earlier_process_one_timeline_is_left() {
        let (mut cell, _) = measured(&[(3.0, 0), (1.0, 0), (2.0, 0)]);
        let kept = Timelines::of(&mut cell, 2);
        assert_eq!((kept.0.len(), &cell.timeline, cell.rounds.len()), (0, &None, 2), "round 2 is measured again");
        let (mut cell, _) = measured(&[(2.0, 0), (1.0, 0), (3.0, 0)]);
        let mut timelines = Timelines::of(&mut cell, 2);
        timelines.add(&mut cell, sample(9.0, 0));
        assert_eq!(cell.timeline.as_ref().map(|timeline| timeline.round), Some(0));
        assert_eq!(cell.each(|round| round.run_s), [2.0, 1.0, 9.0]);
    }

    #[test]
    fn workers_are_counted_who_work_at_the_same_time() {
        let span = |worker, index, kind, start_ns, end_ns| Span { worker, index, kind, start_ns, end_ns };
        let task = |worker, start_ns, end_ns| span(worker, Some(worker), Activity::Run, start_ns, end_ns);
        assert_eq!(most_at_once(&[task(0, 0, 5), task(1, 5, 9), task(0, 8, 12), task(2, 9, 10)]), 2);
        let not_at_work = [span(0, None, Activity::Run, 0, 9), span(1, Some(1), Activity::Queued, 0, 9)];
        assert_eq!((most_at_once(&[]), most_at_once(&not_at_work)), (0, 0));
    }
}
