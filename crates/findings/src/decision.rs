//! The fastest strategy for each kind of work.

use super::{Decided, Ranked, lookup, quantity::at_documents_pace_s, words};
use harness::results::evidence::Evidence;
use harness::{
    results::record::{CellRecord, Check, Record},
    scenario::{
        CellSpec, Scenario, baseline_of,
        claim::{DELTA, Decision},
    },
};
use stats::{
    Estimate, looks, paired,
    ranking::{self, Place},
};
use std::collections::BTreeSet;
use support::words::listed;
use work::{
    strategy::{self, Strategy, gil_threads::GilThreads},
    worker::{layout::WorkerLayout, task_queue::Schedule},
};

/// What an answer without a winner begins with.
pub(super) const NOT_TOLD_APART: &str = "not told apart: ";

/// One row of the decision table.
pub(super) fn decide(decision: &Decision, scenario: &Scenario, evidence: &Evidence) -> Decided {
    let named = named(decision);
    let record = lookup(evidence, &scenario.name, &named.iter().collect::<Vec<_>>()).map(|(record, _)| record);
    let ranking = record.and_then(|record| ranking(decision, record)).unwrap_or_default();
    let named_as = |wanted: &dyn Fn(Place) -> bool, and: &str| {
        let mut strategies: Vec<&str> =
            ranking.iter().filter(|row| wanted(row.cell.place)).map(|row| &*row.cell.cell.strategy).collect();
        // Strategies that are as fast have no rank, so they are in the usual order; the simulated lock comes last.
        let usual = |name: &str| (name == GilThreads.name(), strategy::ALL.iter().position(|one| one.name() == name));
        strategies.sort_by_key(|name| usual(name));
        strategies.dedup();
        listed(&strategies.into_iter().map(words::strategy).collect::<Vec<_>>(), and)
    };
    let mut answer = named_as(&Place::leads, "or");
    if answer.is_empty() && !ranking.is_empty() {
        answer = NOT_TOLD_APART.to_owned() + &named_as(&|place| place == Place::NotToldApart, "and");
    }
    Decided {
        work: decision.work.clone(),
        scenario: scenario.name.clone(),
        answer,
        rounds: ranking.iter().map(|ranked| ranked.rounds).min().unwrap_or(0),
        ranking: ranking.into_iter().map(|ranked| ranked.cell).collect(),
    }
}

struct WithRounds {
    cell: Ranked,
    rounds: u32,
}

/// The baselines of its cells, then the cells themselves.
fn named(decision: &Decision) -> Vec<CellSpec> {
    let baselines = decision.cells.iter().map(|cell| baseline(cell, decision));
    baselines.chain(decision.cells.iter().cloned()).collect()
}

/// The cells of this record, by index, that need more rounds, because one of them isn't told apart from the others yet.
pub(super) fn open(decision: &Decision, record: &Record) -> BTreeSet<usize> {
    let told_apart = |row: &WithRounds| row.cell.place != Place::NotToldApart;
    if ranking(decision, record).is_none_or(|ranking| ranking.iter().all(told_apart)) {
        return BTreeSet::new();
    }
    named(decision).iter().filter_map(|spec| record.cells.iter().position(|cell| cell.spec == *spec)).collect()
}

/// Every cell that has a time, the fastest first. `None` if the record hasn't all of them.
fn ranking(decision: &Decision, record: &Record) -> Option<Vec<WithRounds>> {
    let found = named(decision);
    let found: Option<Vec<&CellRecord>> = found.iter().map(|spec| record.cell(spec)).collect();
    let found = found?;
    let (baselines, cells) = found.split_at(decision.cells.len());
    let mut rows: Vec<(Vec<f64>, WithRounds)> = Vec::new();
    for ((spec, cell), baseline) in decision.cells.iter().zip(cells).zip(baselines) {
        let speedups = speedups(baseline, cell, record);
        let Some(mean) = paired::log_ratio(&speedups, &vec![1.0; speedups.len()]) else { continue };
        let rounds = mean.freedom as u32 + 1;
        let Estimate { estimate, low, high } = mean.interval(looks::alpha(&record.looks, rounds));
        let speedup = Estimate { estimate: estimate.exp(), low: low.exp(), high: high.exp() };
        if speedup.high.is_finite() {
            let cell = Ranked { cell: spec.clone(), speedup, place: Place::NotToldApart };
            rows.push((speedups.iter().map(|speedup| speedup.recip()).collect(), WithRounds { cell, rounds }));
        }
    }
    rows.sort_by(|(_, a), (_, b)| b.cell.speedup.estimate.total_cmp(&a.cell.speedup.estimate));
    let rounds = rows.iter().map(|(_, row)| row.rounds).min()?;
    // All are relative to the same baseline in the same round, so it cancels.
    let times: Vec<&[f64]> = rows.iter().map(|(times, _)| times.as_slice()).collect();
    let places = match record.taken_from(found) {
        Some(_) => vec![Place::NotToldApart; times.len()],
        None => ranking::places(&times, DELTA, looks::alpha(&record.looks, rounds)),
    };
    let placed = rows.into_iter().zip(places);
    let placed = placed.map(|((_, row), place)| WithRounds { cell: Ranked { place, ..row.cell }, ..row });
    Some(placed.collect())
}

/// The baseline of a cell's speedup: a loop in Python, if all of the decision's cells are in Python.
fn baseline(cell: &CellSpec, decision: &Decision) -> CellSpec {
    let strategy = baseline_of(cell, &decision.cells).into();
    let (shape, schedule) = (WorkerLayout::ONE, Schedule::OneByOne);
    CellSpec { strategy, shape, schedule, python: None, ..cell.clone() }
}

/// One speedup per round. Empty if either cell gave a wrong answer, or if they did not do the same work.
fn speedups(baseline: &CellRecord, cell: &CellRecord, record: &Record) -> Vec<f64> {
    let sound = [baseline, cell].iter().all(|cell| cell.check == Check::Passed);
    if !sound || baseline.task_errors() != cell.task_errors() {
        return Vec::new();
    }
    let [alone_s, measured_s] = [baseline, cell].map(|cell| at_documents_pace_s(cell, record.time_scale));
    alone_s.iter().zip(&measured_s).map(|(alone, measured)| alone / measured).collect()
}
