//! Every figure of a claim as text, with where and how it was measured.

use crate::{
    claims::{
        claim::{DrawnClaim, PageFacts, look_of, records},
        verdict,
    },
    scenario::{host, words},
};
use findings::{FigureFinding, Finding, Fit, Measured, MechanismFinding, Unit};
use harness::{
    results::record::Record,
    scenario::claim::{Provenance, Sourced},
};
use maud::{Markup, html};
use stats::Estimate;
use support::figures::count;

/// The table of a claim.
pub(crate) fn table(claim: &DrawnClaim, shared: &PageFacts) -> Markup {
    let finding = claim.finding;
    let records = records(finding, shared.input);
    html! {
        div class="scroll" tabindex="0" role="group" aria-label={ "The figures of " (finding.id) ", as a table" } {
                table {
                    caption { span { (provenance(finding, &records)) } }
                    thead {
                        tr {
                            th scope="col" { "figure" }
                            th scope="col" class="n" { "expected" }
                            th scope="col" { "from" }
                            th scope="col" class="n" { "here" }
                            th scope="col" class="n" { "interval" }
                            th scope="col" class="n" { "n" }
                            th scope="col" class="n" { "agrees" }
                            th scope="col" { "verdict" }
                        }
                    }
                    tbody {
                        @for figure in &finding.figures { (table_row(figure)) }
                        @for mechanism in &finding.mechanisms { (mechanism_table_row(mechanism, finding)) }
                    }
                }
            }
        @if shared.own_host { (host::strip(&records)) }
    }
}

fn provenance(finding: &Finding, records: &[&Record]) -> String {
    let mut sentences: Vec<String> = records
        .iter()
        .map(|record| {
            let scaled = words::scale_note(record);
            let rounds = count(record.rounds_done as usize, "round");
            format!("{}: measured {}, {rounds}{scaled}, seed {}.", record.scenario, record.started_at, record.seed)
        })
        .collect();
    let mut calibrated: Vec<&str> =
        finding.figures.iter().flat_map(|figure| &figure.calibrated_from).map(String::as_str).collect();
    calibrated.sort_unstable();
    calibrated.dedup();
    if !calibrated.is_empty() {
        sentences.push(format!("The model's numbers were fitted to figures of {}.", calibrated.join(", ")));
    }
    if sentences.is_empty() {
        sentences.push("What the document says, and the result.".into());
    }
    sentences.join(" ")
}

fn table_row(figure: &FigureFinding) -> Markup {
    let unit = figure.unit;
    html! {
        tr class={ "s-" (look_of(&figure.cells).strategy) } {
            th scope="row" class="wide-name" { (figure.name) }
            td class="n" { (figure.reference.as_ref().map_or("–".into(), |reference| unit.in_full(reference.value))) }
            td { (sources(figure)) }
            @match (&figure.measured, &figure.outcome) {
                (Some(measured), _) => { (measured_cells(unit, measured)) }
                (None, Some(outcome)) => { td colspan="3" { (outcome) } }
                (None, None) => { td class="n" { "–" } td class="n" { "–" } td class="n" { "–" } }
            }
            td class="n interval" { (agrees(figure)) }
            td { (verdict::chip(figure.verdict)) @if let Some(reason) = &figure.reason { " " (reason) } }
        }
        @if let Some(prediction) = &figure.prediction {
            tr {
                th scope="row" class="wide-name" { (figure.name) ", predicted" }
                td {} td {} td class="n" { (unit.figure(prediction.value)) }
                td class="n interval" { @if let Some((low, high)) = prediction.interval { (unit.figure(low)) "\u{2013}" (unit.figure(high)) } }
                td colspan="3" { "by the closed form “" (prediction.by) "”; not a measurement" }
            }
        }
    }
}

fn measured_cells(unit: Unit, measured: &Measured) -> Markup {
    html! {
        td class="n" { (unit.figure(measured.value.estimate)) }
        td class="n interval" { @if measured.is_exact() { "exact" } @else { (unit.interval(measured.value)) } }
        td class="n" { (measured.rounds) }
    }
}

fn mechanism_table_row(mechanism: &MechanismFinding, finding: &Finding) -> Markup {
    let unit = finding.figures.first().map_or(Unit::Ratio, |first| first.unit);
    html! {
        @for (measured, what, fit) in [(&mechanism.measured, "", mechanism.fit), (&mechanism.apart, ", in the separating experiment", mechanism.fit_apart)] {
            @if let Some(measured) = measured {
                tr class={ "s-" (look_of(&mechanism.cells).strategy) } {
                    th scope="row" class="wide-name" { (mechanism.name) (what) }
                    td class="n" { "–" }
                    td { "–" }
                    (measured_cells(unit, measured))
                    td class="n" { "–" }
                    td { (fit.map_or("the document has no figure", Fit::words)) }
                }
            }
        }
    }
}

/// Where the figure's numbers are from: `derived: 8.99106 s / 2.17279 s`.
fn sources(figure: &FigureFinding) -> String {
    let source = |number: &Sourced| match &number.from {
        Provenance::Derived { formula: why } | Provenance::Ours { why: Some(why) } => {
            format!("{}: {why}", number.from.word())
        }
        from => from.word().into(),
    };
    let mut all: Vec<String> = figure.reference.iter().chain(&figure.bound).map(source).collect();
    all.dedup();
    if all.is_empty() { "–".into() } else { all.join("; ") }
}

/// The range of agreement: `3.52–4.76`, `above 1.00×`.
pub(crate) fn agrees(figure: &FigureFinding) -> String {
    let text = |bound| figure.unit.figure(bound);
    match figure.agrees {
        Some((low, high)) if low.is_finite() && high.is_finite() => {
            if text(low) == text(high) {
                text(low)
            } else {
                figure.unit.interval_in_words(Estimate { estimate: high, low, high })
            }
        }
        Some((low, _)) if low.is_finite() => format!("above {}", text(low)),
        Some((_, high)) if high.is_finite() => format!("below {}", text(high)),
        _ => "–".into(),
    }
}
