//! The evidence for claims: as few of the records that were measured for them as necessary.

use super::{
    record::{Purpose, Record},
    store::{Listed, Listing, Store, StoreError, read},
};
use crate::scenario::{self, CellSpec, Scenario};
use museum::ExhibitShown;
use std::collections::{BTreeMap, HashSet};

/// Measured records, and exhibits that were shown.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Records that were measured for claims, the newest first. The newest with a claim's cells decides the claim.
    pub records: Vec<Record>,
    /// The museum exhibits' last results, by name.
    pub exhibits: BTreeMap<String, ExhibitShown>,
}

/// Cells of one scenario that must be in one record, because they are compared with each other.
type Together<'a> = (&'a str, Vec<CellSpec>);

impl Store {
    /// The records that decide these scenarios' claims and decisions, the newest first, and the exhibits' results; and
    /// the files that had to be skipped. Reads only until each comparison's cells are found in one record.
    ///
    /// A cell is evidence only if it measured what its scenario says today: see [`Scenario::checksum`]. An interrupted
    /// record is not evidence until it is resumed: stopping once the figures look good invalidates the interval.
    pub fn evidence(&self, scenarios: &[Scenario]) -> Result<(Evidence, Vec<StoreError>), StoreError> {
        let Listing { records, unreadable: mut left_out } = self.list()?;
        let mut evidence = Evidence::default();
        let mut wanted: HashSet<Together> = scenarios.iter().flat_map(comparisons).collect();
        for Listed { path, head, .. } in records {
            let is_for_claims = head.purpose == Purpose::Findings && head.stopped.is_some();
            if !is_for_claims || !wanted.iter().any(|(scenario, _)| *scenario == head.scenario) {
                continue;
            }
            match read(&path) {
                Ok(mut record) => {
                    let scenario = scenarios.iter().find(|scenario| scenario.name == record.scenario);
                    record.cells.retain(|cell| {
                        scenario.is_none_or(|scenario| scenario.checksum(&cell.spec).as_ref() == Some(&cell.checksum))
                    });
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

/// All comparisons of a scenario.
fn comparisons(scenario: &Scenario) -> impl Iterator<Item = Together<'_>> {
    let figures = scenario.claims.iter().flat_map(|claim| &claim.figures);
    let mechanisms = scenario.claims.iter().flat_map(|claim| &claim.mechanisms);
    let of_mechanisms = mechanisms.flat_map(|mechanism| {
        [Some(&mechanism.test), mechanism.apart.as_ref()].into_iter().flatten().map(|test| (&*mechanism.scenario, test))
    });
    let tests = figures.map(|figure| (&*figure.scenario, &figure.test)).chain(of_mechanisms);
    let of_tests = tests.map(|(scenario, test)| (scenario, test.cells().into_iter().cloned().collect()));
    // A decision ranks by speedup, so it needs the baselines.
    let decisions = scenario.decisions.iter().map(|decision| scenario::with_baselines(decision.cells.clone()));
    of_tests.chain(decisions.map(|cells| (&*scenario.name, cells))).filter(|(_, cells)| !cells.is_empty())
}

/// Whether the record has all of these cells.
fn covers(record: &Record, (scenario, cells): &Together) -> bool {
    record.scenario == *scenario && record.stopped.is_some() && cells.iter().all(|spec| record.cell(spec).is_some())
}
