//! The table under the charts: every figure with its interval, and every cell without a figure with the reason.

use crate::{
    CriterionLink,
    scenario::group::{Cell, Group},
    svg::palette,
};
use harness::results::record::{Check, Record};
use maud::{Markup, html};
use support::figures::{TimeUnit, interval, percent, ratio};
use work::worker::task_queue::Schedule;

/// The table of a group.
pub(crate) fn table(record: &Record, group: &Group, criterion: &[CriterionLink], note: &str) -> Markup {
    let times = || group.cells.iter().filter_map(|cell| cell.time).map(|time| time.median);
    let columns = TableColumns {
        unit: TimeUnit::of(times().fold(f64::MAX, f64::min).min(times().fold(0.0, f64::max))),
        errors: group.cells.iter().any(|cell| cell.time.is_some() && cell.record.task_errors() > 0),
        schedule: group.cells.iter().any(|cell| cell.record.spec.schedule != Schedule::OneByOne),
        links: criterion.iter().filter(|link| link.scenario == record.scenario).collect(),
        over_one_worker: group.is_over_one_worker(),
        system: &record.host.system,
    };
    html! {
        details open {
            summary { "The figures" }
            div class="scroll" tabindex="0" role="group" aria-label="The figures as a table" {
                table {
                    caption { span { (caption(group)) (note) } }
                    (columns.head())
                    tbody { @for cell in &group.cells { (columns.row(cell)) } }
                }
            }
        }
    }
}

fn caption(group: &Group) -> String {
    let rounds = match group.rounds() {
        None => "No cell has a time yet.".into(),
        Some((least, most)) if least == most => format!("n = {most} rounds, interleaved."),
        Some((least, most)) => format!("n = {least} to {most} rounds, interleaved."),
    };
    let without = |lacks: fn(&Cell) -> bool| group.cells.iter().any(|cell| cell.time.is_some() && lacks(cell));
    let mut words = format!("{rounds} 95 %: intervals. CPU share: 100 % is one core, busy throughout.");
    if without(|cell| cell.time.is_some_and(|time| time.interval.is_none())) {
        words += " Where a median has no interval, there were too few rounds for one.";
    }
    if without(|cell| cell.speedup().is_none() && !cell.record.is_baseline) {
        words += " Where there is no speedup, there were fewer than two rounds, or ";
        words += &group.against();
        words += " has no time.";
    }
    words
}

struct TableColumns<'a> {
    unit: TimeUnit,
    errors: bool,
    schedule: bool,
    over_one_worker: bool,
    links: Vec<&'a CriterionLink>,
    system: &'a str,
}

impl TableColumns<'_> {
    fn head(&self) -> Markup {
        html! {
            thead {
                tr {
                    th scope="col" { "strategy" }
                    th scope="col" class="n" { "workers" }
                    @if self.schedule { th scope="col" { "schedule" } }
                    th scope="col" class="n" { "n" }
                    th scope="col" class="n" { "median, " (self.unit.short) }
                    th scope="col" class="n" { "95 %" }
                    th scope="col" class="n" { "speedup" }
                    th scope="col" class="n" { "95 %" }
                    @if self.errors { th scope="col" class="n wrap" { "task errors" } }
                    th scope="col" class="n" { "efficiency" }
                    th scope="col" class="n wrap" { "CPU share" }
                    @if !self.links.is_empty() { th scope="col" class="n" { "Criterion" } }
                }
            }
        }
    }

    fn row(&self, cell: &Cell) -> Markup {
        let record = cell.record;
        html! {
            tr class=(class(cell)) {
                th scope="row" class={ "s-" (palette::of(&record.spec.strategy).strategy) } { (palette::sample(&record.spec.strategy)) (cell.name()) }
                td class="n" { (record.layout()) }
                @if self.schedule { td { (record.spec.schedule) } }
                @match without_time(cell) {
                    Some(reason) => { td class="reason" colspan=(if self.errors { 8 } else { 7 }) { (reason) } }
                    None => { (self.figures(cell)) }
                }
                @if !self.links.is_empty() { td class="n" { (self.link(cell)) } }
            }
        }
    }

    fn figures(&self, cell: &Cell) -> Markup {
        let record = cell.record;
        html! {
            td class="n" { (cell.time.map_or(0, |time| time.rounds)) }
            td class="n" { (cell.time.map_or(String::new(), |time| self.unit.figure(time.median))) }
            td class="n interval" {
                @match cell.time.and_then(|time| time.interval) {
                    Some((low, high)) => { (self.unit.figure(low)) "–" (self.unit.figure(high)) }
                    None => "–",
                }
            }
            @match cell.speedup() {
                Some(speedup) => {
                    td class="n" { (ratio(speedup.estimate)) }
                    td class="n interval" { (interval(speedup.low, speedup.high)) }
                }
                None => {
                    td class="n" { @if record.is_baseline { "1" } @else { "–" } }
                    td class="n interval" { @if record.is_baseline { "baseline" } @else { "–" } }
                }
            }
            @if self.errors { td class="n" { (record.task_errors()) } }
            td class="n" { @if record.is_baseline || !self.over_one_worker { "–" } @else { (or_not_measured(cell.efficiency().map(percent), "")) } }
            td class="n" { (or_not_measured(cell.record.cpu_share().map(percent), self.system)) }
        }
    }

    fn link(&self, cell: &Cell) -> Markup {
        let record = cell.record;
        let mine =
            self.links.iter().find(|link| link.strategy == record.spec.strategy && link.workers == record.workers());
        html! { @if let Some(link) = mine { a href=(link.href) { "plots" } } }
    }
}

/// The figure, or why there is none.
pub(crate) fn or_not_measured(figure: Option<String>, system: &str) -> Markup {
    html! {
        @match figure {
            Some(figure) => (figure),
            None => {
                span class="interval" {
                    "not measured" @if !system.is_empty() && system != "linux" { " on " (system) }
                }
            }
        }
    }
}

fn class(cell: &Cell) -> &'static str {
    match cell.record.check {
        Check::Failed => "failed",
        Check::Skipped => "skipped",
        Check::NotMeasured | Check::Passed => "",
    }
}

/// Why a cell has no time; `None` for one that has.
fn without_time(cell: &Cell) -> Option<String> {
    let error = cell.record.error();
    match cell.record.check {
        Check::Failed => Some(format!("failed: {}", error.unwrap_or("no reason was recorded"))),
        Check::Skipped => Some(format!("skipped: {}", error.unwrap_or("no reason was recorded"))),
        Check::NotMeasured | Check::Passed if cell.time.is_none() => {
            Some("not measured: the run ended before it".into())
        }
        Check::NotMeasured | Check::Passed => None,
    }
}
