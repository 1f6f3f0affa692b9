//! Whether more rounds are worth it.
//!
//! A measurement may stop early when all of its intervals are narrow. Whether a claim looks decided plays no part:
//! stopping when a result pleases makes intervals miss the truth more often than they claim.

use super::{
    Unit,
    figure::{alpha, measured},
    judge::missing,
    quantity::{self, Quantity, of_cells},
};
use harness::{
    results::record::{CellRecord, Record},
    scenario::{
        CellSpec,
        claim::{Claim, Test},
    },
};

/// The largest half-width of a narrow interval, as a share of the estimate.
const NARROW: f64 = 0.02;

/// The same for exponents, absolute.
const NARROW_EXPONENT: f64 = 0.01;

/// Whether the measurement may stop at this interim analysis: every interval of these claims' figures and mechanisms in
/// the record is narrow, at most 2 % of the estimate to either side, 0.01 for exponents. Must not depend on verdicts.
/// Failed cells, counts, figures that this machine can't decide, and memory (not sampled in rounds) don't count.
pub fn narrow_enough<'a>(claims: impl IntoIterator<Item = &'a Claim>, record: &Record) -> bool {
    claims.into_iter().all(|claim| tests(claim, record).all(|test| is_narrow(test, record)))
}

/// The tests of a claim that are about cells of this record and that its rounds can decide.
fn tests<'a>(claim: &'a Claim, record: &'a Record) -> impl Iterator<Item = &'a Test<CellSpec>> {
    let cores = Some(record.host.cores_usable);
    let figures = claim.figures.iter();
    let figures = figures.filter(move |figure| missing(figure.needs.as_ref(), cores).is_none());
    let figures = figures.map(|figure| (&figure.scenario, &figure.test));
    let mechanisms = claim.mechanisms.iter();
    let mechanisms = mechanisms.flat_map(|mechanism| {
        let tests = [Some(&mechanism.test), mechanism.apart.as_ref()];
        tests.into_iter().flatten().map(|test| (&mechanism.scenario, test))
    });
    let here = figures.chain(mechanisms).filter(|(scenario, _)| **scenario == record.scenario);
    here.map(|(_, test)| test).filter(|test| !matches!(test, Test::Memory { .. } | Test::Exhibit(_)))
}

fn is_narrow(test: &Test<CellSpec>, record: &Record) -> bool {
    let cells: Option<Vec<&CellRecord>> = test.cells().into_iter().map(|spec| record.cell(spec)).collect();
    let quantity = cells.and_then(|cells| of_cells(test, &cells, record.time_scale).ok());
    let Some(quantity @ Quantity::Scattered(_)) = quantity else { return true };
    // An interval too wide for numbers is not narrow.
    let Some(measured) = measured(&quantity, alpha(Some(record))) else { return false };
    let reach = (measured.value.high - measured.value.low) / 2.0;
    match quantity::unit(test) {
        Unit::Exponent => reach <= NARROW_EXPONENT,
        _ => reach <= NARROW * measured.value.estimate,
    }
}
