//! Assesses one figure of a claim: the measured number, its verdict, and a closed form's prediction.

use super::{
    FigureFinding, Measured, Verdict, judge,
    placed::Placed,
    predict,
    quantity::{self, Lacking, Quantity, TestCells},
    words::{Cast, counted},
};
use harness::results::evidence::Evidence;
use harness::{
    results::record::Record,
    scenario::{
        CellSpec, Scenario,
        claim::{Claim, Figure, Sourced, Test},
    },
};
use stats::{Estimate, looks};

/// A figure with its finding, and the cells that it is based on.
#[derive(Debug)]
pub(super) struct Assessed<'a> {
    pub figure: &'a Figure,
    pub taken: TestCells<'a>,
    pub finding: FigureFinding,
}

/// Judges one figure of a claim by the evidence, before Holm's correction.
pub(super) fn assess<'a>(
    claim: &Claim,
    figure: &'a Figure,
    scenarios: &[Scenario],
    evidence: &'a Evidence,
) -> Assessed<'a> {
    let taken = quantity::taken(&figure.test, &figure.scenario, evidence);
    let unit = quantity::unit(&figure.test);
    let home = scenarios.iter().find(|scenario| scenario.name == figure.scenario);
    let alpha = taken.quantity.as_ref().map_or(0.0, |quantity| alpha(&figure.test, quantity, taken.record));
    let (mut measured, outcome) = match &taken.quantity {
        Ok(quantity) => (measured(quantity, alpha), outcome(&figure.test, quantity, home)),
        Err(_) => (None, None),
    };
    let missing = judge::missing(figure.needs.as_ref(), taken.record.map(|record| record.host.cores_usable));
    let lacked = taken.lacked_cores(&figure.test);
    let (verdict, reason) = match (&taken.quantity, missing) {
        (_, Some(missing)) => (Verdict::NotTestable, Some(missing)),
        (Err(Lacking::NotMeasured), _) => (Verdict::NotMeasured, None),
        (Err(Lacking::Skipped(cause) | Lacking::Cause(cause)), _) => (Verdict::Undecided, Some(cause.clone())),
        (Ok(Quantity::Scattered(_)), _) if measured.is_none() => {
            (Verdict::Undecided, Some("the rounds differ too much for an interval".into()))
        }
        _ if lacked.is_some() => (Verdict::Undecided, lacked),
        (Ok(quantity), _) => {
            let ruling = judge::rule(figure, unit, quantity, alpha);
            measured = measured.map(|measured| Measured { p: ruling.p, ..measured });
            let undecided = ruling.verdict == Verdict::Undecided;
            (ruling.verdict, undecided.then(|| judge::more_needed(ruling.rounds, &figure.test)))
        }
    };
    let finding = FigureFinding {
        name: figure.name.clone(),
        scenario: figure.scenario.clone(),
        cells: figure.test.cells().into_iter().cloned().collect(),
        unit,
        reference: figure.reference.clone(),
        bound: bound(figure),
        agrees: judge::agrees(figure, unit),
        measured,
        outcome,
        prediction: home.and_then(|home| predict::predict(&figure.test, home, taken.record)),
        verdict: judge::without_circles(verdict, &claim.id, &figure.calibrated_from),
        reason,
        reading: figure.reading.clone(),
        role: figure.role,
        // The claim's figures together tell.
        decides: false,
        calibrated_from: figure.calibrated_from.clone(),
        time_scale: taken.record.map(|record| record.time_scale),
    };
    Assessed { figure, taken, finding }
}

/// The bound that it should be beyond, or equal to.
fn bound(figure: &Figure) -> Option<Sourced> {
    let (value, from) = figure.expects.bound().zip(figure.bound_from.clone())?;
    Some(Sourced { value, from })
}

/// The share of such intervals that may miss the truth: that of the interim analysis which its rounds reached. Memory is
/// sampled before the first round, and analysed once.
pub(super) fn alpha(test: &Test<CellSpec>, quantity: &Quantity, record: Option<&Record>) -> f64 {
    match (test, quantity, record) {
        (Test::Memory { .. }, ..) | (.., None) => looks::ALPHA,
        (_, Quantity::Scattered(scattered), Some(record)) => looks::alpha(&record.looks, scattered.rounds()),
        _ => 0.0,
    }
}

/// The quantity as a figure with its interval. `None` for outcomes.
pub(super) fn measured(quantity: &Quantity, alpha: f64) -> Option<Measured> {
    match quantity {
        Quantity::Scattered(scattered) => Placed::of(scattered, alpha).measured(),
        Quantity::Exact(value) => {
            let exact = Estimate { estimate: *value, low: *value, high: *value };
            Some(Measured { value: exact, rounds: 1, alpha: 0.0, p: None })
        }
        Quantity::Outcome { .. } => None,
    }
}

/// What happened, in words, if it isn't a figure with an interval.
pub(super) fn outcome(test: &Test<CellSpec>, quantity: &Quantity, home: Option<&Scenario>) -> Option<String> {
    match (test, quantity) {
        (_, Quantity::Outcome { happened, .. }) => Some(happened.clone()),
        (Test::Count { cell, what }, Quantity::Exact(number)) => {
            let cast = Cast::of(vec![cell], home).without_latency();
            Some(format!("{}{} {}", cast.front(), counted(*what, *number), cast.by(cell)))
        }
        _ => None,
    }
}
