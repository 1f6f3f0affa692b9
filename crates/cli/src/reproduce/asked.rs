//! Resolves the names on the command line to claims, and to the cells that have to be measured for them.

use super::super::Usage;
use findings::Findings;
use harness::scenario::{
    self, CellSpec, Scenario,
    claim::{Claim, Test},
};
use std::{collections::BTreeSet, path::Path};
use support::{distinct, suggestion};

/// The requested claims.
#[derive(Debug)]
pub struct Asked {
    /// The scenarios that verdicts are based on: all built-in ones, and the named files. All of them, because Holm's
    /// correction counts a document's figures, and a verdict must not depend on which claims are requested.
    pub scenarios: Vec<Scenario>,
    /// Scenario and id of each claim.
    claims: BTreeSet<(String, String)>,
    /// Scenarios that were requested as a whole: the cells of their decisions are measured too.
    whole: BTreeSet<String>,
}

/// The part of one scenario that has to be measured.
#[derive(Debug)]
pub struct Part {
    pub scenario: Scenario,
    /// In the scenario's order.
    pub cells: Vec<CellSpec>,
    /// The cells whose memory per worker a claim is about.
    pub memory: Vec<CellSpec>,
}

impl Asked {
    /// The claims of these ids, scenarios, files and documents; without any, all that are built in.
    pub fn of(names: &[String]) -> anyhow::Result<Self> {
        let mut asked = Self { scenarios: scenario::all()?, claims: BTreeSet::new(), whole: BTreeSet::new() };
        if names.is_empty() {
            (0..asked.scenarios.len()).for_each(|place| asked.add_all(place));
        }
        let is_file = |name: &&String| Path::new(name.as_str()).extension().is_some_and(|end| end == "toml");
        let (files, others): (Vec<&String>, Vec<&String>) = names.iter().partition(is_file);
        let files = files.into_iter().map(|file| asked.load(file)).collect::<anyhow::Result<Vec<usize>>>()?;
        for name in others {
            asked.add(name)?;
        }
        // `FILE` is all claims of the file, `FILE ID` that one.
        for place in files {
            let is_narrowed = asked.claims.iter().any(|(scenario, _)| *scenario == asked.scenarios[place].name);
            if !is_narrowed {
                asked.add_all(place);
            }
        }
        if asked.claims.is_empty() {
            let what = if names.is_empty() { "the built-in scenarios".into() } else { names.join(", ") };
            let instead =
                "add [[claims]] as the file that `makespan new scenario` writes shows, or see `makespan list --claims`";
            return Err(Usage(format!("{what}: has no claims; {instead}")).into());
        }
        Ok(asked)
    }

    /// The same at the documents' own pace.
    pub fn at_the_documents_pace(self) -> Self {
        Self { scenarios: self.scenarios.into_iter().map(|scenario| scenario.scaled(1.0)).collect(), ..self }
    }

    /// Loads a file, and returns its place among the scenarios.
    fn load(&mut self, file: &str) -> anyhow::Result<usize> {
        let own = scenario::load_claims(file)?;
        if let Some(place) = self.scenarios.iter().position(|known| known.name == own.name) {
            if self.scenarios[place].source != own.source {
                let name = &own.name;
                return Err(Usage(format!(
                    "{file}: another of the named files also defines scenario {name}: name only one"
                ))
                .into());
            }
            return Ok(place);
        }
        self.scenarios.push(own);
        Ok(self.scenarios.len() - 1)
    }

    fn add(&mut self, name: &str) -> anyhow::Result<()> {
        let is_asked = |claim: &Claim| claim.id == name || claim.document() == name;
        let mut found = false;
        for place in 0..self.scenarios.len() {
            let scenario = &self.scenarios[place];
            if scenario.name == name || scenario.document.as_deref() == Some(name) {
                self.add_all(place);
                found = true;
                continue;
            }
            let ids = scenario.claims.iter().filter(|claim| is_asked(claim)).map(|claim| claim.id.clone());
            let named: Vec<_> = ids.map(|id| (scenario.name.clone(), id)).collect();
            found |= !named.is_empty();
            self.claims.extend(named);
        }
        if found { Ok(()) } else { Err(Usage(self.unknown(name)).into()) }
    }

    fn add_all(&mut self, place: usize) {
        let scenario = &self.scenarios[place];
        let ids = scenario.claims.iter().map(|claim| (scenario.name.clone(), claim.id.clone()));
        self.claims.extend(ids);
        self.whole.insert(scenario.name.clone());
    }

    /// Suggests names of the kind that was meant: a name that begins with a digit is a claim or a document.
    fn unknown(&self, name: &str) -> String {
        let claims = || self.scenarios.iter().flat_map(|scenario| &scenario.claims);
        let known: BTreeSet<&str> = if name.starts_with(|first: char| first.is_ascii_digit()) {
            let documents = claims().map(Claim::document);
            let same = |claim: &&Claim| name.split('-').next() == Some(claim.document());
            let siblings = claims().filter(same).map(|claim| claim.id.as_str());
            siblings.chain(documents).collect()
        } else {
            self.scenarios.iter().map(|scenario| scenario.name.as_str()).collect()
        };
        let known: Vec<&str> = known.into_iter().collect();
        suggestion::unknown("claim, scenario or document", name, &known) + "; `makespan list --claims` shows all"
    }

    /// The claims themselves.
    pub fn claims(&self) -> impl Iterator<Item = &Claim> {
        let of = |scenario| move |claim| (scenario, claim);
        let all = self.scenarios.iter().flat_map(move |scenario| scenario.claims.iter().map(of(scenario)));
        all.filter(|(scenario, claim)| self.has(&scenario.name, &claim.id)).map(|(_, claim)| claim)
    }

    /// The findings on the requested claims and scenarios.
    pub fn among(&self, mut all: Findings) -> Findings {
        all.claims.retain(|finding| self.has(&finding.scenario, &finding.id));
        all.decisions.retain(|decided| self.whole.contains(&decided.scenario));
        all
    }

    fn has(&self, scenario: &str, id: &str) -> bool {
        self.claims.contains(&(scenario.to_owned(), id.to_owned()))
    }

    /// The exhibits of the museum that the claims name, each once.
    pub fn exhibits(&self) -> Vec<&str> {
        distinct(self.claims().flat_map(Claim::exhibits))
    }

    /// The cells to measure, in the scenarios' order: those that the claims name, each once.
    pub fn parts(&self) -> Vec<Part> {
        let part = |scenario: &Scenario| {
            let cells = self.cells_of(scenario);
            let here = self.claims().flat_map(|claim| &claim.figures).filter(|figure| figure.scenario == scenario.name);
            let of_memory = here.map(|figure| &figure.test).filter(|test| matches!(test, Test::Memory { .. }));
            let memory = distinct(of_memory.flat_map(Test::cells).cloned());
            (!cells.is_empty()).then(|| Part { scenario: scenario.clone(), cells, memory })
        };
        self.scenarios.iter().filter_map(part).collect()
    }

    fn cells_of(&self, scenario: &Scenario) -> Vec<CellSpec> {
        let named: Vec<(&str, &CellSpec)> = self.claims().flat_map(Claim::cells).collect();
        let named = scenario.cells.iter().filter(|cell| named.contains(&(&scenario.name, cell))).cloned();
        let rows = scenario.decisions.iter().filter(|_| self.whole.contains(&scenario.name));
        distinct(named.chain(rows.flat_map(|row| scenario::with_baselines(row.cells.clone()))))
    }

    /// Whether a claim expects this cell to fail.
    pub fn expects_failure(&self, scenario: &str, name: &CellSpec) -> bool {
        let mut tests = self.claims().flat_map(Claim::tests);
        tests.any(|(of, test)| of == scenario && matches!(test, Test::Fails { cell, .. } if cell == name))
    }
}
