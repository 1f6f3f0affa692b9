//! Checks the claims of a file: every cell is one that is measured, every number can agree or disagree.

use super::{
    CellSpec, Scenario, ScenarioError, Variant,
    check::ScenarioChecker,
    claim::{
        Bug, Claim, DELTA, Decision, Derived, Expects, Figure, FigureRole, Mechanism, Provenance, Sourced, TOLERANCE,
        Test,
    },
    load_cells, wire,
};
use support::{distinct, figures::exact, suggestion::one_of};

impl ScenarioChecker<'_> {
    /// The claims of a scenario that is otherwise checked.
    pub(super) fn claims(&self, scenario: &Scenario, wire: Vec<wire::Claim>) -> Result<Vec<Claim>, ScenarioError> {
        let claims = wire.into_iter().map(|claim| self.claim(scenario, claim)).collect::<Result<Vec<_>, _>>()?;
        for (place, claim) in claims.iter().enumerate() {
            if claims[..place].iter().any(|other| other.id == claim.id) {
                return Err(self.invalid("claims.id", &claim.id, "each claim once"));
            }
        }
        Ok(claims)
    }

    /// The rows of the decision table.
    pub(super) fn decisions(
        &self,
        scenario: &Scenario,
        wire: Vec<wire::Decision>,
    ) -> Result<Vec<Decision>, ScenarioError> {
        let decision = |row: wire::Decision| {
            let cells = row.cells.iter().map(|name| self.cell("decisions.cells", &scenario.cells, name));
            Ok(Decision { cells: cells.collect::<Result<_, _>>()?, work: row.work })
        };
        wire.into_iter().map(decision).collect()
    }

    fn claim(&self, scenario: &Scenario, wire: wire::Claim) -> Result<Claim, ScenarioError> {
        let is_id = |text: &str| {
            text.split_once('-').is_some_and(|(document, number)| {
                document.len() == 3 && document.bytes().chain(number.bytes()).all(|byte| byte.is_ascii_digit())
            })
        };
        if !is_id(&wire.id) {
            return Err(self.invalid("claims.id", &wire.id, "the document's number and the claim's, such as 000-3"));
        }
        let key = format!("claims.{}", wire.id);
        let bugs = wire.bugs.into_iter().map(|bug| self.bug(scenario, &format!("{key}.bugs"), bug));
        let bugs = bugs.collect::<Result<Vec<_>, _>>()?;
        if wire.figures.is_empty() && !bugs.iter().any(|bug| bug.refutes) {
            let expected = "at least one, or a bug that refutes the claim: what decides it?";
            return Err(self.invalid(&format!("{key}.figures"), "none", expected));
        }
        let mut figures = Vec::new();
        for figure in wire.figures {
            figures.extend(self.figure(scenario, &format!("{key}.figures"), figure)?);
        }
        self.readings(&key, wire.depends_on.as_deref(), &figures)?;
        let mechanisms = wire.mechanisms.into_iter();
        let mechanisms = mechanisms.map(|mechanism| self.mechanism(scenario, &format!("{key}.mechanisms"), mechanism));
        let mechanisms = mechanisms.collect::<Result<Vec<_>, _>>()?;
        if !mechanisms.is_empty() && figures.first().is_none_or(|first| first.reference.is_none()) {
            let expected = "a first figure with a number of the document, since the mechanisms are to explain it";
            return Err(self.invalid(&format!("{key}.mechanisms"), "some", expected));
        }
        let parts = mechanisms.iter().any(|mechanism| mechanism.apart.is_some());
        if parts != wire.apart.is_some() {
            let expected = "`apart` on the claim and on its mechanisms, or on neither";
            return Err(self.invalid(&format!("{key}.apart"), if parts { "none" } else { "some" }, expected));
        }
        Ok(Claim {
            id: wire.id,
            question: wire.question,
            says: wire.says,
            figures,
            depends_on: wire.depends_on,
            bugs,
            mechanisms,
            apart: wire.apart,
            in_rust: wire.in_rust,
            caveat: wire.caveat,
        })
    }

    /// A figure; before it, the same in Python, if the file has it.
    fn figure(&self, scenario: &Scenario, key: &str, mut wire: wire::Figure) -> Result<Vec<Figure>, ScenarioError> {
        let python = wire.python.take();
        if python.is_some() && wire.in_rust {
            return Err(self.invalid(
                &format!("{key}.python"),
                "some",
                "none where `in_rust` is set: Rust has no stand-in",
            ));
        }
        let role = match (&python, wire.in_rust) {
            (Some(_), _) => FigureRole::StandsIn,
            (None, true) => FigureRole::Rust,
            (None, false) => FigureRole::Decides,
        };
        let in_python = python.map(|python| {
            let same = wire::Figure { name: python.name, test: python.test, ..wire.clone() };
            self.one_figure(scenario, &format!("{key}.python"), same, FigureRole::Python)
        });
        in_python.into_iter().chain([self.one_figure(scenario, key, wire, role)]).collect()
    }

    fn one_figure(
        &self,
        scenario: &Scenario,
        key: &str,
        wire: wire::Figure,
        role: FigureRole,
    ) -> Result<Figure, ScenarioError> {
        let other = match wire.scenario.as_deref().filter(|name| *name != scenario.name) {
            Some(name) => Some(load_cells(name)?),
            None => None,
        };
        let home = other.as_ref().unwrap_or(scenario);
        let test = self.test(key, home, wire.test)?;
        let is_trend = matches!(test, Test::Trend { .. });
        let tolerance = wire.tolerance.unwrap_or(if is_trend { DELTA } else { TOLERANCE });
        self.positive(&format!("{key}.tolerance"), tolerance)?;
        let tolerance = match &test {
            Test::Trend { cells } => self.exponent_for(key, home, cells, tolerance)?,
            _ => tolerance,
        };
        let is_shown = matches!(test, Test::Exhibit(_) | Test::Fails { .. });
        let (reference, reference_key) = self.reference(key, wire.printed, wire.derived, wire.ours)?;
        let bound = wire.expects.map(|expects| self.bound(&format!("{key}.expects"), expects)).transpose()?;
        let (expects, bound_from) = match (bound, &reference) {
            (None, None) if is_shown => (Expects::Shown, None),
            _ if is_shown => return Err(self.invalid(key, "a number", "none: what is shown is so, or it isn't")),
            (Some((expects, from)), _) => (expects, Some(from)),
            (None, Some(_)) => (Expects::Reference, None),
            (None, None) => {
                let expected = "`printed`, `derived`, `ours` or `expects`: what should it be, and who says so?";
                return Err(self.invalid(key, "none", expected));
            }
        };
        let numbers = reference.iter().map(|reference| (reference_key, reference.value));
        for (what, number) in numbers.chain(expects.bound().map(|bound| ("expects", bound))) {
            possible(&test, number)
                .map_err(|expected| self.invalid(&format!("{key}.{what}"), &exact(number), expected))?;
        }
        let calibrated_from = calibrations(home, &test);
        Ok(Figure {
            name: wire.name,
            scenario: home.name.clone(),
            test,
            reference,
            expects,
            bound_from,
            tolerance,
            reading: wire.reading,
            needs: wire.needs,
            role,
            calibrated_from,
        })
    }

    /// The number to compare with, and its key.
    fn reference(
        &self,
        key: &str,
        printed: Option<f64>,
        derived: Option<Derived>,
        ours: Option<wire::Ours>,
    ) -> Result<(Option<Sourced>, &'static str), ScenarioError> {
        let printed = printed.map(|value| (Sourced { value, from: Provenance::Printed }, "printed"));
        let derived = derived
            .map(|Derived { value, formula }| (Sourced { value, from: Provenance::Derived { formula } }, "derived"));
        let ours = ours.map(|ours| {
            let (value, why) = match ours {
                wire::Ours::Number(value) => (value, None),
                wire::Ours::Table { value, why } => (value, Some(why)),
            };
            (Sourced { value, from: Provenance::Ours { why } }, "ours")
        });
        let mut given: Vec<_> = [printed, derived, ours].into_iter().flatten().collect();
        match given.len() {
            0 => Ok((None, "")),
            1 => Ok(given.pop().map_or((None, ""), |(reference, key)| (Some(reference), key))),
            _ => {
                let found: Vec<&str> = given.iter().map(|(_, key)| *key).collect();
                Err(self.invalid(key, &found.join(" and "), "one of `printed`, `derived` and `ours`"))
            }
        }
    }

    /// A bound, and where it is from.
    fn bound(&self, key: &str, wire: wire::Expects) -> Result<(Expects, Provenance), ScenarioError> {
        let expects = match (wire.above, wire.below, wire.equal) {
            (Some(bound), None, None) => Expects::Above(bound),
            (None, Some(bound), None) => Expects::Below(bound),
            (None, None, Some(bound)) => Expects::Equal(bound),
            (None, None, None) => return Err(self.invalid(key, "none", "one of `above`, `below` and `equal`")),
            _ => return Err(self.invalid(key, "several bounds", "one of `above`, `below` and `equal`")),
        };
        let from = match (wire.from, wire.formula, wire.why) {
            (Some(wire::BoundFrom::Printed), None, None) => Provenance::Printed,
            (Some(wire::BoundFrom::Said), None, None) => Provenance::Said,
            (Some(wire::BoundFrom::Derived), Some(formula), None) => Provenance::Derived { formula },
            (Some(wire::BoundFrom::Ours), None, why) => Provenance::Ours { why },
            (None, ..) => {
                let expected = "where the number is from: \"printed\", \"said\", \"derived\" or \"ours\"";
                return Err(self.invalid(&format!("{key}.from"), "none", expected));
            }
            _ => {
                let expected = "a `formula` if it is derived and nowhere else, a `why` only if it is ours";
                return Err(self.invalid(&format!("{key}.from"), "other keys", expected));
            }
        };
        Ok((expects, from))
    }

    /// Readings have a condition to depend on, and there are at least two.
    fn readings(&self, key: &str, depends_on: Option<&str>, figures: &[Figure]) -> Result<(), ScenarioError> {
        let mut readings: Vec<&str> = figures.iter().filter_map(|figure| figure.reading.as_deref()).collect();
        readings.dedup();
        match (depends_on, readings.len()) {
            (None, 0) => Ok(()),
            (Some(_), count) if count > 1 => Ok(()),
            (Some(_), count) => {
                let expected = "at least two, one for each condition that the verdict may depend on";
                Err(self.invalid(&format!("{key}.figures.reading"), &format!("{count} readings"), expected))
            }
            (None, _) => {
                let expected = "what the verdict depends on, since figures have a `reading`";
                Err(self.invalid(&format!("{key}.depends_on"), "none", expected))
            }
        }
    }

    fn bug(&self, home: &Scenario, key: &str, wire: wire::Bug) -> Result<Bug, ScenarioError> {
        let test = self.test(key, home, wire.test)?;
        if !matches!(test, Test::Exhibit(_) | Test::Fails { .. } | Test::Count { .. }) {
            let expected = "`exhibit`, `fails` or `count`: a bug is shown, or it isn't";
            return Err(self.invalid(&format!("{key}.test"), "another kind of test", expected));
        }
        let wire::Bug { name, program, refutes, .. } = wire;
        Ok(Bug { name, program, scenario: home.name.clone(), test, refutes })
    }

    /// The exponent that makes a time this share longer from the fewest of these cells' tasks to the most.
    fn exponent_for(&self, key: &str, home: &Scenario, cells: &[CellSpec], share: f64) -> Result<f64, ScenarioError> {
        let tasks = || cells.iter().filter_map(|cell| home.variant(&cell.variant)).map(Variant::tasks);
        let (fewest, most) = (tasks().min().unwrap_or(0), tasks().max().unwrap_or(0));
        if fewest == most {
            return Err(self.invalid(
                key,
                &format!("{most} tasks in every cell"),
                "cells with different numbers of tasks",
            ));
        }
        Ok(share.ln_1p() / (f64::from(most) / f64::from(fewest)).ln())
    }

    fn mechanism(&self, home: &Scenario, key: &str, wire: wire::Mechanism) -> Result<Mechanism, ScenarioError> {
        let test = self.test(key, home, wire.test)?;
        let apart = wire.apart.map(|test| self.test(key, home, test)).transpose()?;
        let calibrated_from = calibrations(home, &test);
        Ok(Mechanism { name: wire.name, scenario: home.name.clone(), test, apart, calibrated_from })
    }

    /// Resolves cell names.
    fn test(&self, key: &str, home: &Scenario, test: Test<String>) -> Result<Test<CellSpec>, ScenarioError> {
        let cell = |name: &str| self.cell(key, &home.cells, name);
        let cells = |names: &[String]| names.iter().map(|name| cell(name)).collect::<Result<Vec<_>, _>>();
        let against = |name: Option<String>| name.map(|name| cell(&name)).transpose();
        let few = |found: usize| self.invalid(key, &format!("{found} cells"), "more to compare with");
        Ok(match test {
            Test::Ratio { from, to } => Test::Ratio { from: cell(&from)?, to: cell(&to)? },
            Test::Time { cell: name, tasks } => Test::Time { cell: cell(&name)?, tasks },
            Test::Waves { cell: name, task } => Test::Waves { cell: cell(&name)?, task: cell(&task)? },
            Test::Trend { cells: names } if names.len() < 3 => return Err(few(names.len())),
            Test::Trend { cells: names } => Test::Trend { cells: cells(&names)? },
            Test::DropOff { among, .. } if among.is_empty() => return Err(few(1)),
            Test::DropOff { at, among } => Test::DropOff { at: cell(&at)?, among: cells(&among)? },
            Test::Count { cell: name, what } => Test::Count { cell: cell(&name)?, what },
            Test::CpuShare { cell: name, against: other } => {
                Test::CpuShare { cell: cell(&name)?, against: against(other)? }
            }
            Test::Latency { cell: name, percentile, against: other } => {
                Test::Latency { cell: cell(&name)?, percentile, against: cell(&other)? }
            }
            Test::Memory { cell: name, against: other } => {
                Test::Memory { cell: cell(&name)?, against: against(other)? }
            }
            Test::Exhibit(name) => match museum::named(&name) {
                Ok(_) => Test::Exhibit(name),
                Err(_) => return Err(self.invalid(key, &format!("`{name}`"), &one_of(&name, &museum::names()))),
            },
            Test::Fails { cell: name, with } => Test::Fails { cell: cell(&name)?, with },
        })
    }

    fn cell(&self, key: &str, cells: &[CellSpec], name: &str) -> Result<CellSpec, ScenarioError> {
        if let Some(cell) = cells.iter().find(|cell| cell.to_string() == name) {
            return Ok(cell.clone());
        }
        let known: Vec<String> = cells.iter().map(ToString::to_string).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        Err(self.invalid(key, &format!("`{name}`"), &format!("a cell of this scenario, {}", one_of(name, &known))))
    }
}

/// Whether a test can have this figure; otherwise what is expected.
fn possible<C>(test: &Test<C>, number: f64) -> Result<(), &'static str> {
    let (possible, expected) = match test {
        // An exponent may be negative.
        Test::Trend { .. } => (true, "a finite number"),
        Test::Count { .. } => (number >= 0.0 && number.fract() == 0.0, "a whole number from 0 on: it is a count"),
        _ => (number > 0.0, "a number above 0: times, shares and ratios are"),
    };
    if possible && number.is_finite() { Ok(()) } else { Err(expected) }
}

/// What the variants of these cells were calibrated from.
fn calibrations(home: &Scenario, test: &Test<CellSpec>) -> Vec<String> {
    distinct(test.cells().into_iter().flat_map(|cell| home.calibrated_from(&cell.variant)).cloned())
}
