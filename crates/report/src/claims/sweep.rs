//! The speedup curve for a claim about one of its points, with the document's figures, and with Amdahl's law where it
//! fits.

use crate::{
    PageInput,
    scenario::{
        curves::{self, Beside},
        group::{self, Cell, Group},
        words,
    },
    svg::{lines::Published, palette},
};
use findings::{FigureFinding, Finding, Unit};
use harness::{
    results::record::Record,
    scenario::{
        CellSpec, Timer,
        claim::{Provenance, Sourced},
    },
};
use maud::{Markup, html};
use stats::serial_fraction::{AmdahlFit, fit_amdahl};
use support::figures::{count, interval, percent, ratio};

/// The fewest numbers of workers that make a curve.
const LEAST_POINTS: usize = 3;
/// The law fits if it misses no point by more than this.
const FITS: f64 = 0.05;
/// Below this share of the cores' time, the cores don't limit how many workers are useful.
const IDLE: f64 = 0.5;

/// The curve that a claim is about.
pub(crate) struct Sweep<'a> {
    record: &'a Record,
    group: Group<'a>,
    strategy: &'a str,
    published: Vec<Printed<'a>>,
}

/// Identifies a curve: two claims with the same key share one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key<'a> {
    scenario: &'a str,
    variant: &'a str,
    timer: Timer,
}

/// A speedup that a document printed, or that follows from what it printed.
struct Printed<'a> {
    claim: &'a str,
    workers: u32,
    figure: &'a Sourced,
    cell: &'a CellSpec,
}

/// Amdahl's law, fitted.
struct LawThatFits {
    fit: AmdahlFit,
    /// The serial fraction if every point were at its interval's upper end, and at its lower end.
    between: (f64, f64),
    most: u32,
    points: usize,
}

impl<'a> Sweep<'a> {
    /// `None` if the claim is not about a speedup, or no record has its strategy with enough numbers of workers.
    pub(crate) fn of(finding: &'a Finding, input: &'a PageInput) -> Option<Self> {
        finding.figures.iter().find_map(|figure| {
            let to = speedup_of(figure)?;
            let records = input.evidence.records.iter().chain(&input.records);
            let groups = records
                .filter(|record| record.scenario == figure.scenario)
                .flat_map(|record| group::groups(record).into_iter().map(move |group| (record, group)));
            let mut curved: Vec<_> = groups
                .filter(|(_, group)| group.variant == to.variant && points(group, &to.strategy).len() >= LEAST_POINTS)
                .collect();
            // Prefer the timer of the claim's own figure.
            curved.sort_by_key(|(_, group)| group.timer != to.timer);
            let (record, group) = curved.into_iter().next()?;
            let published = printed(input, record, group.variant);
            Some(Self { record, group, strategy: &to.strategy, published })
        })
    }

    /// Identifies this curve.
    pub(crate) fn key(&self) -> Key<'a> {
        Key { scenario: &self.record.scenario, variant: self.group.variant, timer: self.group.timer }
    }

    /// The chart.
    pub(crate) fn chart(&self, id: &str) -> Markup {
        let cores = self.record.host.cores_usable;
        let law = self.law();
        let published = self.published.iter().map(|printed| {
            let figure = format!("{}×", ratio(printed.figure.value));
            let tip = format!("{}, {}: {}", printed.claim, printed.cell, Unit::Ratio.origin(printed.figure));
            Published {
                across: printed.workers,
                value: printed.figure.value,
                label: format!("{} {figure}", printed.claim),
                tip,
            }
        });
        let beside =
            Beside { published: published.collect(), law: law.as_ref().map(|law| (law.fit.serial_fraction, law.most)) };
        curves::speedups_beside(&self.group, cores, id, beside, &self.caption(law.as_ref()))
    }

    fn caption(&self, law: Option<&LawThatFits>) -> Markup {
        html! {
            (words::speedup_caption(&self.group))
            @if !self.published.is_empty() { " Hollow marks are the document's figures." }
            @if let Some(LawThatFits { fit, between: (low, high), most, points }) = law {
                " The dashed line is Amdahl's law with a serial fraction of " (percent(fit.serial_fraction))
                " (" (percent(*low)) " to " (percent(*high)) " at the intervals' ends), fitted to "
                (count(*points, "point")) " of " (palette::label(self.strategy)) " with up to " (most)
                " workers: it is within " (percent(fit.worst_departure)) " of each of them."
            }
        }
    }

    /// Fitted to the strategy's points that the cores don't limit: at most as many workers as cores, or cores that were
    /// mostly idle because the tasks wait.
    fn law(&self) -> Option<LawThatFits> {
        let cores = self.record.host.cores_usable;
        let free = |cell: &&Cell| {
            let idle = cell.record.cpu_share().is_some_and(|share| share < IDLE * f64::from(cores));
            cell.record.workers() > 1 && (cell.record.workers() <= cores || idle)
        };
        let cells: Vec<&Cell> = points(&self.group, self.strategy).into_iter().filter(free).collect();
        let fitted = |end: fn(&stats::Estimate) -> f64| {
            let points: Vec<(u32, f64)> =
                cells.iter().filter_map(|cell| Some((cell.record.workers(), end(&cell.speedup()?)))).collect();
            fit_amdahl(&points)
        };
        let fit = fitted(|speedup| speedup.estimate)?;
        let between = (fitted(|speedup| speedup.high)?.serial_fraction, fitted(|speedup| speedup.low)?.serial_fraction);
        let most = cells.iter().map(|cell| cell.record.workers()).max()?;
        (cells.len() >= LEAST_POINTS && fit.worst_departure <= FITS).then_some(LawThatFits {
            fit,
            between,
            most,
            points: cells.len(),
        })
    }

    /// Its figures as a table: a row for each number of workers.
    pub(crate) fn table(&self) -> Markup {
        let series = self.group.series();
        let mut shapes: Vec<(u32, String)> =
            self.group.contenders().map(|cell| (cell.record.workers(), cell.record.layout())).collect();
        shapes.sort_unstable();
        shapes.dedup();
        html! {
            div class="scroll" tabindex="0" role="group" aria-label="Speedup against workers, as a table" {
                table class="sweep" {
                    caption { span { "Speedup over sequential by number of workers, with intervals of 95 %." } }
                    thead {
                        tr {
                            th scope="col" { "workers" }
                            @for (label, cells) in &series {
                                th scope="col" class={ "n s-" (cells.first().map_or("", |cell| palette::of(&cell.record.spec.strategy).strategy)) } { @if let Some(cell) = cells.first() { (palette::sample(&cell.record.spec.strategy)) } (label) }
                            }
                        }
                    }
                    tbody {
                        @for (_, shape) in &shapes {
                            tr {
                                th scope="row" { (shape) }
                                @for (_, cells) in &series {
                                    @let speedup = cells.iter().find(|cell| cell.record.layout() == *shape).and_then(|cell| cell.speedup());
                                    td class="n" { @if let Some(speedup) = speedup { (ratio(speedup.estimate)) " " span class="interval" { (interval(speedup.low, speedup.high)) } } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The cell whose speedup over sequential the figure is.
fn speedup_of(figure: &FigureFinding) -> Option<&CellSpec> {
    match &figure.cells[..] {
        [from, to] if figure.unit == Unit::Ratio && from.strategy == "sequential" => Some(to),
        _ => None,
    }
}

/// The points of a strategy, with the schedule that has the most.
fn points<'g, 'a>(group: &'g Group<'a>, strategy: &str) -> Vec<&'g Cell<'a>> {
    let series = group.series().into_iter().map(|(_, cells)| cells);
    let mine = series.filter(|cells| cells.iter().any(|cell| cell.record.spec.strategy == strategy));
    let with_speedup = mine.map(|cells| cells.into_iter().filter(|cell| cell.speedup().is_some()).collect::<Vec<_>>());
    with_speedup.max_by_key(Vec::len).unwrap_or_default()
}

/// Every published speedup for this scenario and variant, from left to right.
fn printed<'a>(input: &'a PageInput, record: &Record, variant: &str) -> Vec<Printed<'a>> {
    let mut all: Vec<Printed> = Vec::new();
    for claim in &input.findings.claims {
        for figure in claim.figures.iter().filter(|figure| figure.scenario == record.scenario) {
            let Some((cell, number)) = speedup_of(figure).zip(figure.reference.as_ref()) else { continue };
            // Figures of ours are no document's.
            if matches!(number.from, Provenance::Ours { .. }) {
                continue;
            }

            let workers = cell.shape.workers().get();
            let new = !all.iter().any(|one| (one.workers, one.figure.value) == (workers, number.value));
            if cell.variant == variant && new && number.value > 0.0 {
                all.push(Printed { claim: &claim.id, workers, figure: number, cell });
            }
        }
    }
    all.sort_by_key(|one| one.workers);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use stats::serial_fraction::amdahl;

    /// The chart of a claim about 5 threads, with these speedups.
    fn chart(speedup: impl Fn(u32) -> f64) -> String {
        let mut record = testdata::records::web_requests(10);
        testdata::records::with_speedups(&mut record, speedup);
        let mut input = PageInput { findings: testdata::findings::findings(), ..PageInput::default() };
        input.evidence.records = vec![record];
        let claim = input.findings.claims.iter().find(|claim| claim.id == "000-3").unwrap();
        Sweep::of(claim, &input).unwrap().chart("x").into_string()
    }

    #[test]
    fn a_law_is_drawn_where_it_fits_with_how_sure_it_is() {
        let html = chart(|workers| amdahl(0.0987, workers));
        assert!(html.contains("class=\"law\"") && html.contains("a serial fraction of 9.9"), "{html}");
        assert!(html.contains("at the intervals' ends"), "{html}");
    }

    #[test]
    fn a_law_that_misses_its_points_is_not_drawn() {
        let html = chart(|workers| if workers > 8 { 2.0 } else { f64::from(workers) });
        assert!(!html.contains("class=\"law\"") && !html.contains("Amdahl"), "{html}");
    }

    #[test]
    fn a_document_s_figure_is_hollow_and_says_where_it_is_from() {
        let html = chart(f64::from);
        let derived = "000-3, threads x 4: derived from the document's figures: 4.138× (9 s / 2 s)";
        assert!(html.contains("class=\"mark hollow\"") && html.contains(derived), "{html}");
    }
}
