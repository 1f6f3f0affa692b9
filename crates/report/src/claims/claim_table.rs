//! Every figure of a claim as text, with where and how it was measured.

use crate::{
    claims::{
        claim::{ClaimPicture, DrawnClaim, PageFacts, look_of, records},
        quantity, verdict,
    },
    scenario::{host, words},
};
use findings::{FigureFinding, Finding, Measured, MechanismFinding, Unit};
use harness::results::record::Record;
use maud::{Markup, html};
use support::figures::count;

/// The table of a claim, collapsed.
pub(crate) fn table(claim: &DrawnClaim, shared: &PageFacts) -> Markup {
    let finding = claim.finding;
    let records = records(finding, shared.input);
    html! {
        details {
            summary { "The figures" }
            div class="scroll" tabindex="0" role="region" aria-label={ "The figures of " (finding.id) ", as a table" } {
                table {
                    caption { span { (provenance(finding, &records)) } }
                    thead {
                        tr {
                            th scope="col" { "figure" }
                            th scope="col" class="n" { "document" }
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
            @if let ClaimPicture::Here(sweep) = &claim.sweep { (sweep.table()) }
        }
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
            td class="n" { (figure.published.map_or("–".into(), |published| quantity::printed(unit, published))) }
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
                td {} td class="n" { (quantity::figure(unit, prediction.value)) }
                td colspan="4" { "by the closed form “" (prediction.by) "”; not a measurement" }
            }
        }
    }
}

fn measured_cells(unit: Unit, measured: &Measured) -> Markup {
    html! {
        td class="n" { (quantity::figure(unit, measured.value.estimate)) }
        td class="n interval" { @if quantity::is_exact(measured) { "exact" } @else { (quantity::between(unit, measured)) } }
        td class="n" { (measured.rounds) }
    }
}

fn mechanism_table_row(mechanism: &MechanismFinding, finding: &Finding) -> Markup {
    let unit = finding.figures.first().map_or(Unit::Ratio, |first| first.unit);
    html! {
        @for (measured, what) in [(&mechanism.measured, ""), (&mechanism.apart, ", where they differ")] {
            @if let Some(measured) = measured {
                tr class={ "s-" (look_of(&mechanism.cells).strategy) } {
                    th scope="row" class="wide-name" { (mechanism.name) (what) }
                    td class="n" { "–" }
                    (measured_cells(unit, measured))
                    td class="n" { "–" }
                    td {
                        @match (what.is_empty(), if what.is_empty() { mechanism.gives_it } else { mechanism.stands }) {
                            (true, Some(true)) => "gives the printed figure",
                            (true, Some(false)) => "doesn't give it",
                            (false, Some(true)) => "still fits",
                            (false, Some(false)) => "is ruled out",
                            (_, None) => "not decided",
                        }
                    }
                }
            }
        }
    }
}

/// The range of agreement: `3.52×–4.76×`, `above 1.00×`.
fn agrees(figure: &FigureFinding) -> String {
    let text = |bound| quantity::figure(figure.unit, bound);
    match figure.agrees {
        Some((low, high)) if low.is_finite() && high.is_finite() => {
            if text(low) == text(high) {
                text(low)
            } else {
                format!("{}–{}", text(low), text(high))
            }
        }
        Some((low, _)) if low.is_finite() => format!("above {}", text(low)),
        Some((_, high)) if high.is_finite() => format!("below {}", text(high)),
        _ => "–".into(),
    }
}
