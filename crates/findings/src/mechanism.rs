//! Which explanations give the document's figure, and whether they can be told apart.
//!
//! A mechanism that gives the figure could have been the reason; this does not show that it was. An explanation is
//! excluded only by an interval: one whose interval leaves it open is neither excluded nor standing.

use super::{
    FigureFinding, Fit, Measured, MechanismFinding,
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
    let [document, document_apart] = ranges(claim);
    let found = |mechanism: &Mechanism| {
        let tried = |test: &Test<CellSpec>, range| tried(test, &mechanism.scenario, evidence, range);
        let (measured, fit) = tried(&mechanism.test, document);
        let (apart, fit_apart) = mechanism.apart.as_ref().map(|test| tried(test, document_apart)).unwrap_or_default();
        let cells = mechanism.test.cells().into_iter().cloned().collect();
        MechanismFinding { name: mechanism.name.clone(), cells, measured, fit, apart, fit_apart }
    };
    claim.mechanisms.iter().map(found).collect()
}

/// The range that agrees with the document's figure, the claim's first, and the same for the experiment that separates the
/// mechanisms.
pub(super) fn ranges(claim: &Claim) -> [Option<(f64, f64)>; 2] {
    let Some(first) = claim.figures.first() else { return [None; 2] };
    let range = |figure: f64| around(figure, first.tolerance, quantity::unit(&first.test));
    let document = first.reference.as_ref().map(|reference| reference.value);
    let apart = claim.apart.as_ref().and_then(|apart| apart.derived.as_ref()).map(|derived| derived.value);
    [document, apart].map(|figure| figure.map(range))
}

/// A mechanism's figure, and whether it lies in the range.
fn tried(
    test: &Test<CellSpec>,
    scenario: &str,
    evidence: &Evidence,
    range: Option<(f64, f64)>,
) -> (Option<Measured>, Option<Fit>) {
    let taken = quantity::taken(test, scenario, evidence);
    let Ok(quantity @ Quantity::Scattered(scattered)) = &taken.quantity else { return (None, None) };
    let placed = Placed::of(scattered, alpha(test, quantity, taken.record));
    let Some(measured) = placed.measured() else { return (None, None) };
    let crowded = taken.lacked_cores(test).is_some();
    (Some(measured), range.map(|range| if crowded { Fit::Undecided } else { fit(&placed, range) }))
}

pub(super) fn fit(placed: &Placed, range: (f64, f64)) -> Fit {
    if placed.within(range) {
        Fit::Fits
    } else if placed.above(range.1) || placed.below(range.0) {
        Fit::Excluded
    } else {
        Fit::Undecided
    }
}

/// Whether some mechanism gives the document's figure although the claim's own test doesn't.
pub(super) fn explain(first: &FigureFinding, mechanisms: &[MechanismFinding]) -> bool {
    use super::Verdict::{HoldsInDirection, Refuted};
    matches!(first.verdict, HoldsInDirection | Refuted) && mechanisms.iter().any(|found| found.fit == Some(Fit::Fits))
}

/// Whether two mechanisms give figures that differ by more than the tolerance, intervals counted.
pub(super) fn part(a: Estimate, b: Estimate, tolerance: f64) -> bool {
    let (lower, higher) = if a.estimate <= b.estimate { (a, b) } else { (b, a) };
    higher.low > lower.high * (1.0 + tolerance)
}
