//! What changed since an earlier run: claims with another verdict, and figures whose intervals don't overlap any more.

use crate::claims::verdict;
use findings::{FigureFinding, Finding, Findings, Verdict};
use maud::{Markup, html};
use support::figures::count;

/// The section's id.
pub(crate) const ID: &str = "changes";
/// Its heading.
pub(crate) const TITLE: &str = "What changed";

/// The section.
pub(crate) fn section(now: &Findings, before: &Findings) -> Markup {
    let both: Vec<(&Finding, &Finding)> = now
        .claims
        .iter()
        .filter_map(|claim| Some((claim, before.claims.iter().find(|other| other.id == claim.id)?)))
        .filter(|(claim, other)| [claim.verdict, other.verdict].iter().all(|one| *one != Verdict::NotMeasured))
        .collect();
    let verdicts: Vec<_> = both.iter().filter(|(claim, other)| claim.verdict != other.verdict).collect();
    let figures: Vec<_> = both.iter().flat_map(|(claim, other)| moved(claim, other)).collect();
    html! {
        section id=(ID) aria-labelledby={ (ID) "-title" } {
            h2 id={ (ID) "-title" } { (TITLE) }
            p class="lead" {
                (count(both.len(), "claim")) " measured in both runs: " (count(verdicts.len(), "verdict")) " changed, "
                (count(figures.len(), "figure")) " moved outside the earlier interval."
            }
            @if !verdicts.is_empty() {
                div class="scroll" tabindex="0" role="group" aria-label="Verdicts that changed" {
                    table {
                        thead { tr { th scope="col" { "claim" } th scope="col" { "question" } th scope="col" { "before" } th scope="col" { "now" } } }
                        tbody {
                            @for (claim, other) in verdicts {
                                tr {
                                    th scope="row" { a href={ "#" (claim.id) } { (claim.id) } }
                                    td { (claim.question) }
                                    td { (verdict::chip(other.verdict)) }
                                    td { (verdict::chip(claim.verdict)) }
                                }
                            }
                        }
                    }
                }
            }
            @if !figures.is_empty() {
                div class="scroll" tabindex="0" role="group" aria-label="Figures that moved" {
                    table {
                        thead { tr { th scope="col" { "claim" } th scope="col" { "figure" } th scope="col" class="n" { "before" } th scope="col" class="n" { "now" } } }
                        tbody {
                            @for (id, figure, other) in figures {
                                tr {
                                    th scope="row" { a href={ "#" (id) } { (id) } }
                                    td { (figure.name) }
                                    td class="n" { (written(other)) }
                                    td class="n" { (written(figure)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The figures of a claim whose intervals, before and now, have nothing in common.
fn moved<'a>(
    claim: &'a Finding,
    other: &'a Finding,
) -> impl Iterator<Item = (&'a str, &'a FigureFinding, &'a FigureFinding)> {
    claim.figures.iter().filter_map(|figure| {
        let same =
            |one: &&FigureFinding| one.name == figure.name && one.cells == figure.cells && one.unit == figure.unit;
        let before = other.figures.iter().find(same)?;
        let (now, then) = (figure.measured?.value, before.measured?.value);
        (now.low > then.high || now.high < then.low).then_some((claim.id.as_str(), figure, before))
    })
}

fn written(figure: &FigureFinding) -> String {
    figure.measured.map_or("–".into(), |measured| figure.unit.measured(&measured))
}
