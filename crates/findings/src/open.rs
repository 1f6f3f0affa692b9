//! Which cells need more rounds.
//!
//! A cell is done when every figure that it is part of is settled: known precisely, or decided. Stopping at an answer
//! makes intervals miss the truth more often, so the interim analyses are fixed beforehand, and each spends only its
//! share of what may miss: see [`stats::looks`]. What was decided by one of them stands.
//!
//! A cell is also done when more rounds would not help: when the figure would not be settled even if all rounds that are
//! left scattered as those so far. Giving up never decides anything, so it makes no interval miss more often; it only
//! leaves undecided what would most likely stay so (K. K. G. Lan, R. Simon and M. Halperin, "Stochastically curtailed
//! tests in long-term clinical trials", Communications in Statistics C 1, 1982).
//!
//! A figure that stands beside a claim and decides nothing gets the rounds up to the second analysis, and no more.

use super::{
    Fit, Unit, decision,
    figure::{alpha, measured},
    judge::{self, missing},
    mechanism,
    placed::Placed,
    quantity::{self, Quantity, of_cells},
    whole::decides,
};
use harness::{
    results::record::{CellRecord, Record},
    scenario::{
        CellSpec, Scenario,
        claim::{Claim, Figure, FigureRole, Test},
    },
};
use stats::looks::ALPHA;
use std::collections::BTreeSet;

/// The largest half-width of a precise interval, as a share of the estimate.
const PRECISE: f64 = 0.02;

/// At most a fourth of the figures are ever near the limit: in every run so far, three fourths had a p-value below 0.0001.
/// Found by trying; it decides only when a cell stops.
const NEAR_THE_LIMIT: usize = 4;

/// How many figures are likely to be counted against one that wants to stop. Holm's correction counts those that are no surer
/// than it: all that nobody asked for, since they may never be measured, and the others that are near the limit. If more are
/// in the end, the figure's verdict is corrected for them and may be undecided.
fn rivals(scenarios: &[Scenario], asked: &[&Claim]) -> usize {
    let all: Vec<&Claim> = scenarios.iter().flat_map(|scenario| &scenario.claims).collect();
    let (family, measured) = (family(&all), family(asked));
    family.saturating_sub(measured) + measured.div_ceil(NEAR_THE_LIMIT)
}

/// The most figures that Holm's correction counts together: those that scatter and decide a claim, or those beside them. Of a
/// figure in Python and its stand-in, one decides.
fn family(claims: &[&Claim]) -> usize {
    let figures = || claims.iter().flat_map(|claim| &claim.figures);
    let scattering = || figures().filter(|figure| judge::scatters(quantity::unit(&figure.test)));
    let with = |role| scattering().filter(|figure| figure.role == role || figure.role == FigureRole::StandsIn).count();
    with(FigureRole::Decides).max(with(FigureRole::Rust))
}

/// The cells of this record, by index, that need more rounds at this interim analysis, for these claims (among those of
/// `scenarios`), and for the decision table of the record's scenario.
///
/// From the second analysis on, cells are left out whose figures would not be settled by all rounds that are left: see
/// above. Three rounds say too little about scatter for that.
/// A figure needs none if it is decided with as many others counted against it as are likely to be no surer than itself. One
/// that is decided only when it is tested alone needs more, however precise it is. One that isn't decided needs none if its
/// interval is precise: at most 2 % of the estimate to either side, for exponents over the whole range of tasks. Failed cells,
/// counts, figures that this machine can't decide, and memory (not sampled in rounds) need none.
pub fn open_cells<'a>(
    scenarios: &[Scenario],
    claims: impl IntoIterator<Item = &'a Claim>,
    record: &Record,
) -> BTreeSet<usize> {
    let claims: Vec<&Claim> = claims.into_iter().collect();
    let rivals = rivals(scenarios, &claims);
    let cores = Some(record.host.cores_usable);
    let is_first = record.looks.first().is_none_or(|first| record.rounds_done <= *first);
    let projected = (!is_first).then(|| projected(record));
    // How mild Holm's correction is, the other figures decide. So a figure that would be decided alone is worth its rounds.
    let worth_more = |open: &dyn Fn(&Record, usize) -> BTreeSet<usize>| match &projected {
        Some(projected) if !open(projected, 1).is_empty() => BTreeSet::new(),
        _ => open(record, rivals),
    };
    let mut open = BTreeSet::new();
    for claim in claims {
        let here = |scenario: &str| scenario == record.scenario;
        let roles: Vec<FigureRole> = claim.figures.iter().map(|figure| figure.role).collect();
        let is_measured = |place: usize| {
            let has_rounds = |spec| record.cell(spec).is_some_and(|cell| !cell.rounds.is_empty());
            claim.figures[place].test.cells().into_iter().all(has_rounds)
        };
        for (place, figure) in claim.figures.iter().enumerate().filter(|(_, figure)| here(&figure.scenario)) {
            let is_done = !is_first && !decides(&roles, place, is_measured);
            if !is_done && missing(figure.needs.as_ref(), cores).is_none() {
                open.extend(worth_more(&|record, rivals| {
                    unless_settled(&figure.test, record, |quantity, alpha| stands(figure, quantity, alpha, rivals))
                }));
            }
        }
        let [document, document_apart] = mechanism::ranges(claim);
        for mechanism in claim.mechanisms.iter().filter(|mechanism| here(&mechanism.scenario)) {
            open.extend(worth_more(&|record, _| unless_settled(&mechanism.test, record, fits(document))));
            if let Some(apart) = &mechanism.apart {
                open.extend(worth_more(&|record, _| unless_settled(apart, record, fits(document_apart))));
            }
        }
    }
    let home = scenarios.iter().find(|scenario| scenario.name == record.scenario);
    for decision in home.iter().flat_map(|home| &home.decisions) {
        open.extend(worth_more(&|record, _| decision::open(decision, record)));
    }
    open
}

/// The record as it would be at the last analysis if the rounds that are left were like those so far.
fn projected(record: &Record) -> Record {
    let last = record.looks.last().map_or(0, |last| *last as usize);
    let mut projected = record.clone();
    for cell in &mut projected.cells {
        let so_far = std::mem::take(&mut cell.rounds);
        cell.rounds = so_far.iter().cycle().take(last.max(so_far.len())).cloned().collect();
    }
    projected
}

/// Whether a decision stands when so many figures are counted against it; `None` if there is no decision.
fn stands(figure: &Figure, quantity: &Quantity, alpha: f64, rivals: usize) -> Option<bool> {
    let ruling = judge::rule(figure, quantity::unit(&figure.test), quantity, alpha);
    ruling.p.map(|p| p * rivals as f64 <= ALPHA)
}

/// Whether a mechanism's figure is told from this range, or lies in it; `None` if that is undecided, or there is no range.
fn fits(range: Option<(f64, f64)>) -> impl Fn(&Quantity, f64) -> Option<bool> {
    move |quantity, alpha| match (quantity, range) {
        (Quantity::Scattered(scattered), Some(range)) => {
            (mechanism::fit(&Placed::of(scattered, alpha), range) != Fit::Undecided).then_some(true)
        }
        _ => None,
    }
}

/// The cells of this test, unless its decision stands or, without one, its figure is precise.
fn unless_settled(
    test: &Test<CellSpec>,
    record: &Record,
    decided: impl Fn(&Quantity, f64) -> Option<bool>,
) -> BTreeSet<usize> {
    let place = |spec: &CellSpec| record.cells.iter().position(|cell| cell.spec == *spec);
    let Some(places) = test.cells().into_iter().map(place).collect::<Option<BTreeSet<usize>>>() else {
        return BTreeSet::new();
    };
    let in_order: Vec<_> = test.cells().into_iter().filter_map(place).map(|place| &record.cells[place]).collect();
    let of_rounds = !matches!(test, Test::Memory { .. } | Test::Exhibit(_));
    let quantity = of_rounds.then(|| of_cells(test, &in_order, record.time_scale).ok()).flatten();
    let Some(quantity @ Quantity::Scattered(_)) = quantity else { return BTreeSet::new() };
    let alpha = alpha(test, &quantity, Some(record));
    let precise = || is_precise(quantity::unit(test), &quantity, alpha, &in_order);
    if decided(&quantity, alpha).unwrap_or_else(precise) { BTreeSet::new() } else { places }
}

fn is_precise(unit: Unit, quantity: &Quantity, alpha: f64, cells: &[&CellRecord]) -> bool {
    // An interval too wide for numbers is not precise.
    let Some(measured) = measured(quantity, alpha) else { return false };
    let reach = (measured.value.high - measured.value.low) / 2.0;
    if unit != Unit::Exponent {
        return reach <= PRECISE * measured.value.estimate;
    }
    let tasks = || cells.iter().map(|cell| f64::from(cell.tasks));
    let range = tasks().fold(0.0, f64::max) / tasks().fold(f64::INFINITY, f64::min);
    reach * range.ln() <= PRECISE.ln_1p()
}
