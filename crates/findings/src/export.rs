//! The findings as JSON, `makespan.findings/2`: what `makespan reproduce --json` writes.
//!
//! Other programs read it, so keys are full words with their unit, and an optional value is `null`, never absent. The
//! JSON Schema is `fixtures/schema/findings-2.json`; a test keeps the two in sync.

use super::{
    BugFinding, BugResult, Decided, FigureFinding, Finding, Findings, Fit, Measured, MechanismFinding, ReadingFinding,
    SCHEMA, Sentence, Unit, Verdict, bug_counts, counts,
};
use harness::scenario::{
    CellSpec,
    claim::{FigureRole, Provenance, Sourced},
};
use measure::host::HostFacts;
use serde::{Serialize, Serializer};
use stats::Estimate;
use std::collections::BTreeMap;

/// One JSON document with all findings.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Export<'a> {
    /// Which document this is, and its version.
    #[cfg_attr(feature = "schema", schemars(extend("const" = SCHEMA)))]
    schema: &'static str,
    /// The version of makespan that wrote it.
    makespan_version: &'static str,
    host: &'a HostFacts,
    /// What a reader takes home: claims and bugs, counted apart.
    summary: &'a Sentence,
    /// How many claims have which verdict.
    verdicts: BTreeMap<Verdict, usize>,
    /// How many bugs have which result.
    bugs: BTreeMap<BugResult, usize>,
    /// One entry for each claim, in the order of the documents.
    claims: Vec<Claim<'a>>,
    /// What does which kind of work fastest: the rows of the decision table.
    decisions: &'a [Decided],
}

/// A claim with its verdict.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Claim<'a> {
    /// The document, and the claim's number in it.
    id: &'a str,
    /// The scenario that holds it.
    scenario: &'a str,
    /// What it asks, as a heading.
    question: &'a str,
    /// What the document says, in our words.
    says: &'a str,
    /// The verdict on the whole.
    verdict: Verdict,
    /// The verdict in plain words, generated from the figures.
    sentence: &'a Sentence,
    /// Each figure of it.
    figures: Vec<Figure<'a>>,
    /// What the verdict depends on; null without readings.
    depends_on: Option<&'a str>,
    /// The verdict under each condition.
    readings: &'a [ReadingFinding],
    /// Bugs of the document's program.
    bugs: &'a [BugFinding],
    /// What could have given the document's figure.
    mechanisms: Vec<Mechanism<'a>>,
    /// Whether the mechanisms can be told apart; null without mechanisms.
    apart: Option<&'a Sentence>,
    /// Where Rust differs.
    in_rust: Option<&'a str>,
    /// What to keep in mind.
    caveat: Option<&'a str>,
    /// The command that repeats just this.
    command: &'a str,
}

/// A number and where it is from.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Number<'a> {
    /// The number, in the unit of the figure.
    value: f64,
    /// Where it is from: printed by the document, said in words ("faster" is more than 1), derived from what it
    /// printed, or chosen for this test.
    from: &'static str,
    /// How it is derived; null unless it is.
    formula: Option<&'a str>,
    /// Why it was chosen, if that needs saying; null unless it is ours.
    why: Option<&'a str>,
}

/// A figure of a claim.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Figure<'a> {
    /// What it is.
    name: &'a str,
    /// The scenario whose cells it compares.
    scenario: &'a str,
    /// The cells that it compares, in the test's order.
    cells: Vec<String>,
    /// What its numbers count in.
    unit: Unit,
    /// The figure to compare with; null if there is none.
    reference: Option<Number<'a>>,
    /// The bound that decides instead of the reference; null if there is none.
    bound: Option<Number<'a>>,
    /// The range that agrees; null for outcomes.
    agrees: Option<Range>,
    /// What was measured; null for outcomes, and where nothing was.
    measured: Option<Value>,
    /// What happened, for exhibits, errors and counts.
    outcome: Option<&'a str>,
    /// What a closed form says. Never a measurement.
    prediction: Option<Prediction>,
    /// The verdict on this figure.
    verdict: Verdict,
    /// Why it is not decided, or not testable.
    reason: Option<&'a str>,
    /// The condition under which it is a reading of the claim; null if it is none.
    reading: Option<&'a str>,
    /// What it says about the claim: it decides; it decides where there is a Python; it stands in for the figure in
    /// Python before it; or it is about Rust and shown beside the claim.
    role: FigureRole,
    /// Whether it is one of those that decide the claim here.
    decides: bool,
    /// The claims whose figures its recipe was calibrated from.
    calibrated_from: &'a [String],
    /// Latencies and transfer times were divided by this; null where nothing was measured.
    time_scale: Option<f64>,
}

/// The range that agrees; an open end is `null`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Range {
    /// Its lower end; null where there is none.
    low: Option<f64>,
    /// Its upper end; null where there is none.
    high: Option<f64>,
}

/// A measured figure with its interval.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Value {
    #[serde(flatten)]
    estimate: Estimate,
    /// What they count in.
    unit: Unit,
    /// How many rounds it is from; 1 for a count.
    rounds: u32,
    /// The share of such intervals that miss the truth, at each look; 0 for a count.
    alpha: f64,
    /// The probability of a figure as decided as this, were it not so; null for counts and for what the interval
    /// doesn't decide.
    p: Option<f64>,
}

/// What a closed form says.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Prediction {
    /// The figure, in the figure's unit.
    value: f64,
    /// What the lower end of its measured input's 95 % interval makes of it; null if nothing in it was measured.
    low: Option<f64>,
    /// Likewise, the upper end.
    high: Option<f64>,
    /// The closed form's name.
    by: &'static str,
}

/// An explanation of a claim's first figure.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Mechanism<'a> {
    /// What it is.
    name: &'a str,
    /// The cells that it compares.
    cells: Vec<String>,
    /// What it gives for the claim's first figure.
    measured: Option<Value>,
    /// Whether that is the document's figure; null if it was not measured.
    fit: Option<Fit>,
    /// What it gives in the experiment that separates the mechanisms.
    apart: Option<Value>,
    /// Whether that is the document's figure, too; null if it was not measured, or if the documents give none.
    fit_apart: Option<Fit>,
    /// By everything that was measured: excluded as soon as one figure excludes it; null if nothing was measured.
    standing: Option<Fit>,
}

/// The findings in the form that is exported, measured on this host. `summary` is [`summary`](super::summary())'s.
pub fn export<'a>(findings: &'a Findings, summary: &'a Sentence, host: &'a HostFacts) -> Export<'a> {
    Export {
        schema: SCHEMA,
        makespan_version: env!("CARGO_PKG_VERSION"),
        host,
        summary,
        verdicts: counts(&findings.claims).into(),
        bugs: bug_counts(&findings.claims).into(),
        claims: findings.claims.iter().map(claim).collect(),
        decisions: &findings.decisions,
    }
}

fn claim(finding: &Finding) -> Claim<'_> {
    // A claim without figures has no mechanisms either.
    let unit = finding.figures.first().map_or(Unit::Outcome, |first| first.unit);
    Claim {
        id: &finding.id,
        scenario: &finding.scenario,
        question: &finding.question,
        says: &finding.says,
        verdict: finding.verdict,
        sentence: &finding.sentence,
        figures: finding.figures.iter().map(figure).collect(),
        depends_on: finding.depends_on.as_deref(),
        readings: &finding.readings,
        bugs: &finding.bugs,
        mechanisms: finding.mechanisms.iter().map(|found| mechanism(found, unit)).collect(),
        apart: finding.apart.as_ref(),
        in_rust: finding.in_rust.as_deref(),
        caveat: finding.caveat.as_deref(),
        command: &finding.command,
    }
}

fn number(Sourced { value, from }: &Sourced) -> Number<'_> {
    let (formula, why) = match from {
        Provenance::Derived { formula } => (Some(formula.as_str()), None),
        Provenance::Ours { why } => (None, why.as_deref()),
        Provenance::Printed | Provenance::Said => (None, None),
    };
    Number { value: *value, from: from.word(), formula, why }
}

fn figure(found: &FigureFinding) -> Figure<'_> {
    let end = |end: f64| end.is_finite().then_some(end);
    Figure {
        name: &found.name,
        scenario: &found.scenario,
        cells: cells(&found.cells),
        unit: found.unit,
        reference: found.reference.as_ref().map(number),
        bound: found.bound.as_ref().map(number),
        agrees: found.agrees.map(|(low, high)| Range { low: end(low), high: end(high) }),
        measured: found.measured.map(|measured| value(measured, found.unit)),
        outcome: found.outcome.as_deref(),
        prediction: found.prediction.as_ref().map(|&super::Prediction { value, interval, by }| {
            let (low, high) = interval.unzip();
            Prediction { value, low, high, by }
        }),
        verdict: found.verdict,
        reason: found.reason.as_deref(),
        reading: found.reading.as_deref(),
        role: found.role,
        decides: found.decides,
        calibrated_from: &found.calibrated_from,
        time_scale: found.time_scale,
    }
}

fn mechanism(found: &MechanismFinding, unit: Unit) -> Mechanism<'_> {
    Mechanism {
        name: &found.name,
        cells: cells(&found.cells),
        measured: found.measured.map(|measured| value(measured, unit)),
        fit: found.fit,
        apart: found.apart.map(|measured| value(measured, unit)),
        fit_apart: found.fit_apart,
        standing: found.standing(),
    }
}

fn value(measured: Measured, unit: Unit) -> Value {
    let Measured { value: estimate, rounds, alpha, p } = measured;
    Value { estimate, unit, rounds, alpha, p }
}

fn cells(cells: &[CellSpec]) -> Vec<String> {
    cells.iter().map(ToString::to_string).collect()
}

/// Other programs know a cell by the name that tables show.
pub(super) fn cell_name<S: Serializer>(cell: &CellSpec, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(cell)
}

pub(super) fn cell_names<S: Serializer>(named: &[CellSpec], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(cells(named))
}

#[cfg(test)]
mod tests {
    use super::super::{findings, summary, tests::everything};
    use super::*;
    use jsonschema::Validator;
    use serde_json::Value;
    use testdata::measurement::{MadeMeasurement, evidence, shown};

    fn schema() -> Value {
        serde_json::from_str(include_str!("../../../fixtures/schema/findings-2.json")).unwrap()
    }

    fn validator() -> Validator {
        jsonschema::draft202012::new(&schema()).unwrap()
    }

    /// Findings with every optional part present; 0 `rounds` for nothing measured.
    fn exported(rounds: u32) -> Value {
        let scenario = everything();
        let names: Vec<String> = scenario.cells.iter().map(ToString::to_string).collect();
        let cells: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), 3.0)).collect();
        let record = MadeMeasurement { rounds, ..MadeMeasurement::of(&scenario) }.record(&cells);
        let host = record.host.clone();
        let mut evidence = evidence([record]);
        evidence.exhibits.insert("torn_prints".into(), shown(true));
        let found = findings(&[scenario], &evidence);
        let summary = summary(&found.claims);
        serde_json::to_value(export(&found, &summary, &host)).unwrap()
    }

    #[test]
    fn what_is_exported_is_valid_with_evidence_and_without() {
        let validator = validator();
        for rounds in [10, 1, 0] {
            let document = exported(rounds);
            let complaints: Vec<String> =
                validator.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(complaints.is_empty(), "{rounds} rounds: {complaints:#?}");
            assert_eq!(document["claims"].as_array().map(Vec::len), Some(1), "one entry for each id");
        }
    }
}
