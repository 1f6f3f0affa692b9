//! Adds the rounds of one cell to its record, and chooses one of their timelines.

use crate::results::record::{CellRecord, Round, Timeline};
use stats::median::median;
use work::worker::lane::{Activity, Span};

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
    pub(super) fn add(&mut self, cell: &mut CellRecord, round: Round, timeline: Timeline) {
        cell.rounds.push(round);
        self.0.push(timeline);
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
pub(super) fn most_at_once(spans: &[Span]) -> u32 {
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
    use work::worker::{error::LostWorker, layout::WorkerLayout, task_queue::Schedule};

    /// Adds a round with `failed` failed tasks.
    fn add(timelines: &mut Timelines, cell: &mut CellRecord, run_s: f64, failed: u32) {
        let lost = LostWorker { process: 2, how: "killed by signal 9 (SIGKILL)".into() };
        let round = Round {
            run_s,
            cpu_user_s: run_s,
            core_wait_s: Some(run_s / 4.0),
            task_errors: failed,
            first_error: (failed > 0).then(|| "timed out".into()),
            statuses: [(200, 3 - failed)].into(),
            lost_workers: if failed > 1 { vec![lost] } else { Vec::new() },
            redeliveries: 2,
            ..Round::default()
        };
        let timeline = Timeline {
            round: cell.rounds.len() as u32,
            start_ns: 0,
            end_ns: (run_s * 1e9) as u64,
            spans: Vec::new(),
            failed: (0..failed).collect(),
            elsewhere: Vec::new(),
            outages: Vec::new(),
        };
        timelines.add(cell, round, timeline);
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
        samples.iter().for_each(|&(run_s, failed)| add(&mut timelines, &mut cell, run_s, failed));
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
        add(&mut timelines, &mut cell, 9.0, 0);
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
