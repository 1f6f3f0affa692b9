//! Groups of cells: the cells of one variant and one timer boundary, which share a baseline.

use crate::svg::palette;
use harness::{
    results::{
        places::places,
        record::{CellRecord, Record},
    },
    scenario::Timer,
};
use stats::{Estimate, ceiling, median::Median, ranking::Place};
use support::distinct;

/// Cells that may be compared with one another.
pub(crate) struct Group<'a> {
    /// The variant's name.
    pub(crate) variant: &'a str,
    /// The timer boundary.
    pub(crate) timer: Timer,
    /// Its cells: the baseline first, then by strategy, schedule and workers.
    pub(crate) cells: Vec<Cell<'a>>,
}

/// One cell with the figures that the page derives from it.
pub(crate) struct Cell<'a> {
    /// As it was recorded.
    pub(crate) record: &'a CellRecord,
    /// Its time; `None` if it failed, was skipped, or was not reached.
    pub(crate) time: Option<Time>,
    /// What is shown about it among the group's cells; `None` without a speedup.
    pub(crate) place: Option<Place>,
    /// The strategy's display name, with its schedule if the group has the strategy with several.
    pub(crate) label: String,
    speedup: Option<Estimate>,
}

/// A median over rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Time {
    /// The median, seconds.
    pub(crate) median: f64,
    /// Its 95 % interval; `None` if there are too few rounds for one.
    pub(crate) interval: Option<(f64, f64)>,
    /// How many rounds.
    pub(crate) rounds: usize,
}

/// The groups of a record, in the record's order.
pub(crate) fn groups(record: &Record) -> Vec<Group<'_>> {
    let keys = distinct(record.cells.iter().map(|cell| (cell.spec.variant.as_str(), cell.spec.timer)));
    keys.into_iter().map(|(variant, timer)| Group::of(record, variant, timer)).collect()
}

impl<'a> Group<'a> {
    fn of(record: &'a Record, variant: &'a str, timer: Timer) -> Self {
        let mine: Vec<&CellRecord> =
            record.cells.iter().filter(|cell| cell.spec.variant == variant && cell.spec.timer == timer).collect();
        let placed = mine.iter().zip(places(&mine, &record.looks));
        let mut cells: Vec<Cell> = placed.map(|(cell, place)| Cell { place, ..Cell::of(cell, &mine) }).collect();
        cells.sort_by(|a, b| {
            let key =
                |cell: &Cell| (palette::order(&cell.record.spec.strategy), cell.label.clone(), cell.record.workers());
            key(a).cmp(&key(b))
        });
        Self { variant, timer, cells }
    }

    /// The cell that speedups are measured against, if it has a time.
    pub(crate) fn baseline(&self) -> Option<&Cell<'a>> {
        self.cells.iter().find(|cell| cell.record.is_baseline && cell.time.is_some())
    }

    /// What speedups are measured against, as a sentence names it: `sequential`, or the cell of `--baseline`.
    pub(crate) fn against(&self) -> String {
        self.cells.iter().find(|cell| cell.record.is_baseline).map_or_else(|| "sequential".into(), Cell::who)
    }

    /// Whether speedups are over one worker, so that there is an ideal for N workers.
    pub(crate) fn is_over_one_worker(&self) -> bool {
        self.cells.iter().all(|cell| !cell.record.is_baseline || cell.record.workers() == 1)
    }

    /// The cells other than the baseline that have a time.
    pub(crate) fn contenders(&self) -> impl Iterator<Item = &Cell<'a>> {
        self.cells.iter().filter(|cell| !cell.record.is_baseline && cell.time.is_some())
    }

    /// The cell with the highest speedup over the baseline.
    pub(crate) fn best(&self) -> Option<(&Cell<'a>, Estimate)> {
        let with = self.contenders().filter_map(|cell| Some((cell, cell.speedup()?)));
        with.max_by(|a, b| a.1.estimate.total_cmp(&b.1.estimate))
    }

    /// The contender with the shortest time, among those that did all the work.
    pub(crate) fn shortest(&self) -> Option<(&Cell<'a>, Time)> {
        let whole = self.contenders().filter(|cell| cell.record.task_errors() == 0);
        whole.filter_map(|cell| Some((cell, cell.time?))).min_by(|a, b| a.1.median.total_cmp(&b.1.median))
    }

    /// The lines of a chart: the contenders by label, each by workers.
    pub(crate) fn series(&self) -> Vec<(&str, Vec<&Cell<'a>>)> {
        let mut series: Vec<(&str, Vec<&Cell>)> = Vec::new();
        for cell in self.contenders() {
            match series.last_mut() {
                Some((label, cells)) if *label == cell.label => cells.push(cell),
                _ => series.push((&cell.label, vec![cell])),
            }
        }
        series
    }

    /// How many tasks its cells have; the maximum if they differ.
    pub(crate) fn tasks(&self) -> u32 {
        self.cells.iter().map(|cell| cell.record.tasks).max().unwrap_or(0)
    }

    /// The fewest and the most rounds that a cell with a time has.
    pub(crate) fn rounds(&self) -> Option<(usize, usize)> {
        let rounds = || self.cells.iter().filter_map(|cell| Some(cell.time?.rounds));
        Some((rounds().min()?, rounds().max()?))
    }
}

fn name(record: &CellRecord) -> String {
    let label = palette::label(&record.spec.strategy);
    record.spec.python.as_ref().map_or_else(|| label.clone(), |python| format!("{label}, {python}"))
}

impl<'a> Cell<'a> {
    /// A cell, in the context of its group.
    pub(crate) fn of(record: &'a CellRecord, group: &[&CellRecord]) -> Self {
        let mut alike = group.iter().filter(|other| other.spec.strategy == record.spec.strategy);
        let label = name(record);
        let label = if alike.all(|other| other.spec.schedule == record.spec.schedule) {
            label
        } else {
            format!("{label}, {}", record.spec.schedule)
        };
        let speedup = record.speedup_among(group.iter().copied());
        Self { record, time: Time::of(&record.timed_s()), place: None, label, speedup }
    }

    /// Speedup over the baseline, if the cell has a time.
    pub(crate) fn speedup(&self) -> Option<Estimate> {
        self.time.and(self.speedup).filter(|speedup| speedup.estimate > 0.0)
    }

    /// The speedup over one worker divided by the number of workers.
    pub(crate) fn efficiency(&self) -> Option<f64> {
        Some(ceiling::efficiency(self.speedup()?, self.record.workers())?.estimate)
    }

    /// The schedule, if the group has the strategy with several.
    pub(crate) fn schedule_told(&self) -> Option<String> {
        (self.label != self.name()).then(|| self.record.spec.schedule.to_string())
    }

    /// Its strategy, with its Python if there are several.
    pub(crate) fn name(&self) -> String {
        name(self.record)
    }

    /// Its workers in words: `8 threads`, `3x5 workers`.
    pub(crate) fn workers(&self) -> String {
        match self.record.spec.shape.processes() {
            Some(_) => format!("{} workers", self.record.layout()),
            None => palette::workers(&self.record.spec.strategy, self.record.workers()),
        }
    }

    /// The cell as a sentence names it: `8 threads`, `8 processes (pool_chunks)`.
    pub(crate) fn who(&self) -> String {
        let who = match self.record.spec.shape.processes() {
            Some(_) => format!("{} with {}", palette::label(&self.record.spec.strategy), self.workers()),
            None => palette::who(&self.record.spec.strategy, self.record.workers()),
        };
        self.schedule_told().map_or(who.clone(), |schedule| format!("{who} ({schedule})"))
    }
}

impl Time {
    /// From seconds, one entry for each round; `None` if none is valid.
    pub(crate) fn of(rounds: &[f64]) -> Option<Self> {
        let all = Median::of(rounds).filter(|all| all.median > 0.0 && all.high.is_finite())?;
        let interval = all.covers_95_percent().then_some((all.low, all.high));
        Some(Self { median: all.median, interval, rounds: all.count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness::results::record::Check;

    #[test]
    fn variants_and_timers_are_not_mixed() {
        let mut record = testdata::records::web_requests(10);
        let mut other = record.cells.clone();
        for cell in &mut other {
            cell.spec.variant = "slow".into();
        }
        let mut cold = record.cells.clone();
        for cell in &mut cold {
            cell.spec.timer = Timer::Cold;
        }
        let each = record.cells.len();
        record.cells.extend(other.into_iter().chain(cold));
        let groups = groups(&record);
        let names: Vec<_> = groups.iter().map(|group| (group.variant, group.timer)).collect();
        assert_eq!(names, [("default", Timer::Warm), ("slow", Timer::Warm), ("default", Timer::Cold)]);
        assert!(groups.iter().all(|group| group.cells.len() == each && group.baseline().is_some()));
    }

    #[test]
    fn a_failed_cell_has_neither_time_nor_speed_up_nor_a_line() {
        let record = testdata::records::with_failures();
        let groups = groups(&record);
        let failed: Vec<_> = groups[0].cells.iter().filter(|cell| cell.record.check == Check::Failed).collect();
        assert!(!failed.is_empty());
        assert!(failed.iter().all(|cell| cell.time.is_none() && cell.speedup().is_none()));
        assert!(groups[0].contenders().all(|cell| cell.record.check == Check::Passed));
    }

    #[test]
    fn two_deals_of_one_strategy_are_two_lines() {
        let mut record = testdata::records::web_requests(10);
        let chunked: Vec<_> = record.cells.iter().filter(|cell| cell.spec.strategy == "processes").cloned().collect();
        let chunked = chunked.into_iter().map(|mut cell| {
            cell.spec.schedule = work::worker::task_queue::Schedule::PoolChunks;
            cell
        });
        record.cells.extend(chunked.collect::<Vec<_>>());
        let groups = groups(&record);
        let labels: Vec<_> = groups[0].series().iter().map(|(label, _)| (*label).to_owned()).collect();
        assert!(labels.contains(&"processes, pool_chunks".to_owned()));
        assert!(labels.contains(&"processes, one_by_one".to_owned()));
        assert!(labels.contains(&"threads".to_owned()));
    }
}
