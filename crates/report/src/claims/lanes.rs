//! The lanes of the cells that a claim compares, on one time axis.

use crate::{
    PageInput,
    scenario::{group::Cell, timeline, words},
};
use findings::{FigureFinding, Finding, Unit, lookup};
use harness::{
    results::record::{CellRecord, Record},
    scenario::{DEFAULT_VARIANT, Timer},
};
use maud::{Markup, html};
use work::worker::task_queue::Schedule;

/// More cells than this would crowd a chart.
const MOST_CELLS: usize = 4;

/// The cells of a claim that are drawn.
pub(crate) struct Lanes<'a> {
    record: &'a Record,
    cells: Vec<&'a CellRecord>,
}

impl<'a> Lanes<'a> {
    /// `None` if fewer than two cells can be compared: one alone shows nothing, and counts have no length.
    pub(crate) fn of(finding: &'a Finding, input: &'a PageInput) -> Option<Self> {
        let found = finding.figures.iter().filter(|figure| has_length(figure)).filter_map(|figure| {
            let cells: Vec<_> = figure.cells.iter().collect();
            lookup(&input.evidence, &figure.scenario, &cells)
        });
        let mut record = None;
        let mut cells: Vec<&CellRecord> = Vec::new();
        for (from, mine) in found {
            // One chart has one clock, so its cells come from one record.
            if !std::ptr::eq(*record.get_or_insert(from), from) {
                continue;
            }
            for cell in mine.into_iter().filter(|cell| cell.timeline.is_some()) {
                if !cells.iter().any(|other| std::ptr::eq(*other, cell)) {
                    cells.push(cell);
                }
            }
        }
        // The baseline is at the top, for comparison.
        cells.sort_by_key(|cell| !cell.is_baseline);
        let cells = spread(&cells);
        (cells.len() > 1).then_some(Self { record: record?, cells })
    }

    /// Whether another claim's chart would be the same.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        std::ptr::eq(self.record, other.record)
            && self.cells.len() == other.cells.len()
            && self.cells.iter().zip(&other.cells).all(|(mine, others)| std::ptr::eq(*mine, *others))
    }

    /// The chart.
    pub(crate) fn picture(&self, id: &str, most_bars: usize) -> Markup {
        let one = |cell: &&'a CellRecord| (Cell::of(cell, &[cell]), self.beside(cell));
        let cells: Vec<(Cell, Vec<String>)> = self.cells.iter().map(one).collect();
        timeline::lanes_of(&cells, id, &self.caption(), &words::scale_note(self.record), most_bars)
    }

    /// What distinguishes a cell from the others, apart from strategy and workers.
    fn beside(&self, cell: &CellRecord) -> Vec<String> {
        let differ = |differ: &dyn Fn(&CellRecord) -> bool| self.cells.iter().any(|other| differ(other));
        let tasks =
            differ(&|other| other.tasks != cell.tasks).then(|| support::figures::count(cell.tasks as usize, "task"));
        let schedule =
            (cell.spec.schedule != Schedule::OneByOne).then(|| cell.spec.schedule.to_string().replace('_', " "));
        let variant = (cell.spec.variant != DEFAULT_VARIANT).then(|| cell.spec.variant.replace('_', " "));
        let timer = differ(&|other| other.spec.timer != cell.spec.timer && !other.is_baseline && !cell.is_baseline);
        let timer = timer.then(|| match cell.spec.timer {
            Timer::Warm => "warm".to_owned(),
            Timer::Cold => "cold".into(),
            Timer::AsPublished => "as published".into(),
        });
        let python = cell.spec.python.as_ref().map(|python| format!("Python {python}"));
        [tasks, variant, schedule, timer, python].into_iter().flatten().collect()
    }

    fn caption(&self) -> Markup {
        let timer = self.cells.first().map(|cell| cell.spec.timer);
        let timer = timer.filter(|timer| self.cells.iter().all(|cell| cell.spec.timer == *timer));
        html! {
            @if let Some(timer) = timer.filter(|timer| *timer != Timer::Warm) { (words::timer(timer)) }
        }
    }
}

/// True for figures derived from times.
fn has_length(figure: &FigureFinding) -> bool {
    let takes_time = matches!(figure.unit, Unit::Ratio | Unit::Seconds | Unit::Waves | Unit::Exponent);
    takes_time && figure.measured.is_some()
}

/// The first and the last cell, and as many evenly spaced ones between as fit.
fn spread<'a>(cells: &[&'a CellRecord]) -> Vec<&'a CellRecord> {
    if cells.len() <= MOST_CELLS {
        return cells.to_vec();
    }
    (0..MOST_CELLS).map(|place| cells[place * (cells.len() - 1) / (MOST_CELLS - 1)]).collect()
}
