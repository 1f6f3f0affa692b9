//! The fastest strategy for each kind of work.

use super::{Decided, Ranked, lookup, quantity::at_documents_pace_s, words};
use harness::results::evidence::Evidence;
use harness::{
    results::record::{CellRecord, Check, Record},
    scenario::{
        CellSpec, Scenario,
        claim::{DELTA, Decision},
    },
};
use stats::{Estimate, looks, paired};
use support::words::listed;
use work::{
    strategy::{self, Strategy, gil_threads::GilThreads},
    worker::{layout::WorkerLayout, task_queue::Schedule},
};

/// One row of the decision table.
pub(super) fn decide(decision: &Decision, scenario: &Scenario, evidence: &Evidence) -> Decided {
    let ranking = ranking(decision, scenario, evidence).unwrap_or_default();
    let mut fastest: Vec<&str> =
        ranking.iter().filter(|row| row.cell.among_fastest).map(|row| &*row.cell.cell.strategy).collect();
    // Strategies that can't be told apart have no rank, so they are in the usual order; the simulated lock comes last.
    fastest.sort_by_key(|name| (*name == GilThreads.name(), strategy::ALL.iter().position(|one| one.name() == *name)));
    fastest.dedup();
    let fastest: Vec<String> = fastest.into_iter().map(words::strategy).collect();
    Decided {
        work: decision.work.clone(),
        scenario: scenario.name.clone(),
        answer: listed(&fastest, "or"),
        rounds: ranking.iter().map(|ranked| ranked.rounds).min().unwrap_or(0),
        ranking: ranking.into_iter().map(|ranked| ranked.cell).collect(),
    }
}

struct WithRounds {
    cell: Ranked,
    rounds: u32,
}

/// Every cell that has a time, the fastest first. `None` if nothing was measured.
fn ranking(decision: &Decision, scenario: &Scenario, evidence: &Evidence) -> Option<Vec<WithRounds>> {
    let baselines: Vec<CellSpec> = decision.cells.iter().map(baseline).collect();
    let named: Vec<&CellSpec> = baselines.iter().chain(&decision.cells).collect();
    let (record, found) = lookup(evidence, &scenario.name, &named)?;
    let (baselines, cells) = found.split_at(baselines.len());
    let alpha = looks::alpha(record.looks.len());
    let mut rows: Vec<(Vec<f64>, WithRounds)> = Vec::new();
    for ((spec, cell), baseline) in decision.cells.iter().zip(cells).zip(baselines) {
        let speedups = speedups(baseline, cell, record);
        let Some(mean) = paired::log_ratio(&speedups, &vec![1.0; speedups.len()]) else { continue };
        let Estimate { estimate, low, high } = mean.interval(alpha);
        let speedup = Estimate { estimate: estimate.exp(), low: low.exp(), high: high.exp() };
        if speedup.high.is_finite() {
            let cell = Ranked { cell: spec.clone(), speedup, among_fastest: true };
            rows.push((speedups, WithRounds { cell, rounds: mean.freedom as u32 + 1 }));
        }
    }
    rows.sort_by(|(_, a), (_, b)| b.cell.speedup.estimate.total_cmp(&a.cell.speedup.estimate));
    let fastest = rows.first()?.0.clone();
    for (speedups, row) in rows.iter_mut().skip(1) {
        let slower = paired::log_ratio(&fastest, speedups).map(|mean| mean.interval(alpha).low);
        row.cell.among_fastest = slower.is_some_and(|low| low <= (1.0 + DELTA).ln());
    }
    Some(rows.into_iter().map(|(_, row)| row).collect())
}

/// The baseline of a cell's speed-up.
fn baseline(cell: &CellSpec) -> CellSpec {
    CellSpec { strategy: "sequential".into(), shape: WorkerLayout::ONE, deal: Schedule::OneByOne, ..cell.clone() }
}

/// One speed-up per round. Empty if either cell gave a wrong answer, or if they did not do the same work.
fn speedups(baseline: &CellRecord, cell: &CellRecord, record: &Record) -> Vec<f64> {
    let sound = [baseline, cell].iter().all(|cell| cell.check == Check::Passed);
    if !sound || baseline.task_errors() != cell.task_errors() {
        return Vec::new();
    }
    let [alone_s, measured_s] = [baseline, cell].map(|cell| at_documents_pace_s(cell, record.time_scale));
    alone_s.iter().zip(&measured_s).map(|(alone, measured)| alone / measured).collect()
}
