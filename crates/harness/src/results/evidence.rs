//! What there is to judge claims by: of the records that were measured for them, as few as it takes.

use super::{
    record::Record,
    store::{ForClaims, Store, StoreError, read},
};
use crate::scenario::{self, CellSpec, Scenario};
use museum::ExhibitShown;
use std::collections::{BTreeMap, HashSet};

/// What is known: measured records, and exhibits that were shown.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Records that were measured for claims, the newest first. A claim is judged by the newest that has its cells.
    pub records: Vec<Record>,
    /// What the exhibits of the museum showed last, by name.
    pub exhibits: BTreeMap<String, ExhibitShown>,
}

/// Cells of one scenario that have to be in one record, because they are compared with one another.
type Together<'a> = (&'a str, Vec<CellSpec>);

impl Store {
    /// The records by which the claims and decisions of these scenarios are judged, the newest first, and what the exhibits
    /// showed; and what had to be left out. No more files are read than it takes to have each comparison's cells in one.
    ///
    /// A record that was broken off is no evidence until it is gone on with: whoever breaks off when he likes what he sees
    /// breaks the interval.
    pub fn evidence(&self, scenarios: &[Scenario]) -> Result<(Evidence, Vec<StoreError>), StoreError> {
        let (mut evidence, mut left_out) = (Evidence::default(), Vec::new());
        let mut wanted: HashSet<Together> = scenarios.iter().flat_map(comparisons).collect();
        let paths = self.paths()?;
        for one in ForClaims::newest_first(&paths) {
            if !wanted.iter().any(|(scenario, _)| *scenario == one.scenario) {
                continue;
            }
            match read(one.path) {
                // Measured for a class at another pace: it has its say when that pace is asked about.
                Ok(record) if !at_its_pace(&record, scenarios) => {}
                Ok(record) => {
                    let before = wanted.len();
                    wanted.retain(|cells| !covers(&record, cells));
                    if wanted.len() < before {
                        evidence.records.push(record);
                    }
                }
                Err(error) => left_out.push(error),
            }
        }
        match self.exhibits() {
            Ok(kept) => evidence.exhibits = kept.map(|kept| kept.exhibits).unwrap_or_default(),
            Err(error) => left_out.push(error),
        }
        Ok((evidence, left_out))
    }
}

/// Whether the record was measured at the pace that the scenario has here.
fn at_its_pace(record: &Record, scenarios: &[Scenario]) -> bool {
    let same = |scenario: &Scenario| (scenario.time_scale - record.time_scale).abs() < f64::EPSILON;
    scenarios.iter().find(|scenario| scenario.name == record.scenario).is_none_or(same)
}

/// Everything that is compared in a scenario.
fn comparisons(scenario: &Scenario) -> impl Iterator<Item = Together<'_>> {
    let figures = scenario.claims.iter().flat_map(|claim| &claim.figures);
    let mechanisms = scenario.claims.iter().flat_map(|claim| &claim.mechanisms);
    let of_mechanisms = mechanisms.flat_map(|mechanism| {
        [Some(&mechanism.test), mechanism.apart.as_ref()].into_iter().flatten().map(|test| (&*mechanism.scenario, test))
    });
    let tests = figures.map(|figure| (&*figure.scenario, &figure.test)).chain(of_mechanisms);
    let of_tests = tests.map(|(scenario, test)| (scenario, test.cells().into_iter().cloned().collect()));
    // A decision ranks by the speed-up, so the baselines belong to it.
    let decisions = scenario.decisions.iter().map(|decision| scenario::with_baselines(decision.cells.clone()));
    of_tests.chain(decisions.map(|cells| (&*scenario.name, cells))).filter(|(_, cells)| !cells.is_empty())
}

/// Whether the record has all of these cells.
fn covers(record: &Record, (scenario, cells): &Together) -> bool {
    record.scenario == *scenario
        && record.stopped.is_some()
        && cells.iter().all(|spec| record.cells.iter().any(|cell| cell.is(spec)))
}
