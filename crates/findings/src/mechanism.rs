//! Which explanations give the printed figure, and whether they can be told apart.
//!
//! A mechanism that gives the figure could have been the reason; this does not show that it was. Only an experiment in
//! which the mechanisms differ can show more, and only if a document printed its result.

use super::{
    FigureFinding, Measured, MechanismFinding,
    figure::alpha,
    judge::around,
    placed::Placed,
    quantity::{self, Quantity},
};
use harness::results::evidence::Evidence;
use harness::scenario::{
    CellSpec,
    claim::{Claim, Mechanism, Test},
};
use stats::Estimate;

/// Compares the mechanisms of a claim with its first figure.
pub(super) fn mechanisms(claim: &Claim, evidence: &Evidence) -> Vec<MechanismFinding> {
    let Some(first) = claim.figures.first() else { return Vec::new() };
    let unit = quantity::unit(&first.test);
    let range = |published: f64| around(published, first.tolerance, unit);
    let printed = first.published.map(range);
    let printed_apart = claim.apart.as_ref().and_then(|apart| apart.published).map(range);
    let found = |mechanism: &Mechanism| {
        let placed = |test: &Test<CellSpec>| placed(test, &mechanism.scenario, evidence);
        let (own, apart) = (placed(&mechanism.test), mechanism.apart.as_ref().and_then(placed));
        let gives_it = own.zip(printed).and_then(|((placed, _), range)| lies_within(&placed, range));
        let there = apart.zip(printed_apart).and_then(|((placed, _), range)| lies_within(&placed, range));
        MechanismFinding {
            name: mechanism.name.clone(),
            cells: mechanism.test.cells().into_iter().cloned().collect(),
            measured: own.map(|(_, measured)| measured),
            gives_it,
            apart: apart.map(|(_, measured)| measured),
            // A mechanism that doesn't give the printed figure is ruled out already.
            stands: if gives_it == Some(false) { Some(false) } else { there },
        }
    };
    claim.mechanisms.iter().map(found).collect()
}

fn placed(test: &Test<CellSpec>, scenario: &str, evidence: &Evidence) -> Option<(Placed, Measured)> {
    let taken = quantity::taken(test, scenario, evidence);
    let Ok(Quantity::Scattered(scattered)) = taken.quantity else { return None };
    let placed = Placed::of(&scattered, alpha(taken.record));
    Some((placed, placed.measured()?))
}

/// `None` if the interval straddles an end.
fn lies_within(placed: &Placed, range: (f64, f64)) -> Option<bool> {
    let outside = placed.above(range.1) || placed.below(range.0);
    (outside || placed.within(range)).then_some(!outside)
}

/// Whether some mechanism gives the printed figure although the claim's own test doesn't.
pub(super) fn explain(first: &FigureFinding, mechanisms: &[MechanismFinding]) -> bool {
    use super::Verdict::{Contradicted, DirectionOnly};
    matches!(first.verdict, DirectionOnly | Contradicted) && mechanisms.iter().any(|found| found.gives_it == Some(true))
}

/// Whether two mechanisms give figures that differ by more than the tolerance, intervals counted.
pub(super) fn part(a: Estimate, b: Estimate, tolerance: f64) -> bool {
    let (lower, higher) = if a.estimate <= b.estimate { (a, b) } else { (b, a) };
    higher.low > lower.high * (1.0 + tolerance)
}
