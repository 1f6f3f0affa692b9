//! The findings as JSON, `makespan.findings/2`: what `makespan reproduce --json` writes.
//!
//! Other programs read it, so keys are full words with their unit, and an optional value is `null`, never absent. The
//! JSON Schema is `fixtures/schema/findings-2.json`; a test keeps the two in sync.

use super::{
    BugFinding, BugResult, Decided, FigureFinding, Finding, Findings, Fit, Measured, MechanismFinding, PartKind,
    ReadingFinding, SCHEMA, Sentence, SentencePart, Unit, Verdict, bug_counts, counts,
};
use harness::scenario::{
    CellSpec,
    claim::{FigureRole, Provenance, Sourced},
};
use measure::host::HostFacts;
use serde::Serialize;
use stats::{Estimate, ranking::Place};
use std::collections::BTreeMap;

/// One JSON document with all findings.
#[derive(Debug, Serialize)]
pub struct Export<'a> {
    schema: &'static str,
    makespan_version: &'static str,
    host: &'a HostFacts,
    summary: Words<'a>,
    /// How many claims have which verdict.
    verdicts: BTreeMap<Verdict, usize>,
    /// How many bugs have which result.
    bugs: BTreeMap<BugResult, usize>,
    claims: Vec<Claim<'a>>,
    decisions: Vec<Decision<'a>>,
}

#[derive(Debug, Serialize)]
struct Claim<'a> {
    id: &'a str,
    scenario: &'a str,
    question: &'a str,
    says: &'a str,
    verdict: Verdict,
    sentence: Words<'a>,
    figures: Vec<Figure<'a>>,
    depends_on: Option<&'a str>,
    readings: Vec<Reading<'a>>,
    bugs: Vec<Bug<'a>>,
    mechanisms: Vec<Mechanism<'a>>,
    apart: Option<Words<'a>>,
    in_rust: Option<&'a str>,
    caveat: Option<&'a str>,
    command: &'a str,
}

/// A sentence: as a whole, and in parts whose texts, joined, are the whole.
#[derive(Debug, Serialize)]
struct Words<'a> {
    text: String,
    parts: Vec<WordsPart<'a>>,
}

#[derive(Debug, Serialize)]
struct WordsPart<'a> {
    kind: &'static str,
    text: &'a str,
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    unit: Option<Unit>,
}

#[derive(Debug, Serialize)]
struct Reading<'a> {
    condition: &'a str,
    verdict: Verdict,
    sentence: Words<'a>,
}

#[derive(Debug, Serialize)]
struct Bug<'a> {
    name: &'a str,
    program: &'a str,
    exhibit: Option<&'a str>,
    cells: Vec<String>,
    result: BugResult,
    happened: Option<&'a str>,
    refutes: bool,
}

/// A number and where it is from.
#[derive(Debug, Serialize)]
struct Number<'a> {
    value: f64,
    from: &'static str,
    formula: Option<&'a str>,
    why: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Figure<'a> {
    name: &'a str,
    scenario: &'a str,
    cells: Vec<String>,
    unit: Unit,
    reference: Option<Number<'a>>,
    bound: Option<Number<'a>>,
    agrees: Option<Range>,
    measured: Option<Value>,
    outcome: Option<&'a str>,
    prediction: Option<Prediction>,
    verdict: Verdict,
    reason: Option<&'a str>,
    reading: Option<&'a str>,
    role: FigureRole,
    decides: bool,
    calibrated_from: &'a [String],
    time_scale: Option<f64>,
}

/// The range that agrees; an open end is `null`.
#[derive(Debug, Serialize)]
struct Range {
    low: Option<f64>,
    high: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Value {
    estimate: f64,
    low: f64,
    high: f64,
    unit: Unit,
    rounds: u32,
    alpha: f64,
    p: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Prediction {
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
    by: &'static str,
}

#[derive(Debug, Serialize)]
struct Mechanism<'a> {
    name: &'a str,
    cells: Vec<String>,
    measured: Option<Value>,
    fit: Option<Fit>,
    apart: Option<Value>,
    fit_apart: Option<Fit>,
    standing: Option<Fit>,
}

#[derive(Debug, Serialize)]
struct Decision<'a> {
    work: &'a str,
    scenario: &'a str,
    answer: &'a str,
    rounds: u32,
    ranking: Vec<RankEntry>,
}

#[derive(Debug, Serialize)]
struct RankEntry {
    cell: String,
    speedup: Estimate,
    place: Place,
}

/// The findings in the form that is exported, measured on this host. `summary` is [`summary`](super::summary())'s.
pub fn export<'a>(findings: &'a Findings, summary: &'a Sentence, host: &'a HostFacts) -> Export<'a> {
    Export {
        schema: SCHEMA,
        makespan_version: env!("CARGO_PKG_VERSION"),
        host,
        summary: words(summary),
        verdicts: counts(&findings.claims).into(),
        bugs: bug_counts(&findings.claims).into(),
        claims: findings.claims.iter().map(claim).collect(),
        decisions: findings.decisions.iter().map(decision).collect(),
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
        sentence: words(&finding.sentence),
        figures: finding.figures.iter().map(figure).collect(),
        depends_on: finding.depends_on.as_deref(),
        readings: finding.readings.iter().map(reading).collect(),
        bugs: finding.bugs.iter().map(bug).collect(),
        mechanisms: finding.mechanisms.iter().map(|found| mechanism(found, unit)).collect(),
        apart: finding.apart.as_ref().map(words),
        in_rust: finding.in_rust.as_deref(),
        caveat: finding.caveat.as_deref(),
        command: &finding.command,
    }
}

fn words(sentence: &Sentence) -> Words<'_> {
    fn part(SentencePart { text, kind }: &SentencePart) -> WordsPart<'_> {
        let (kind, value, ends, unit) = match *kind {
            PartKind::Words => ("words", None, None, None),
            PartKind::Measured(value, unit) => ("measured", Some(value), None, Some(unit)),
            PartKind::Number(value, unit) => ("number", Some(value), None, Some(unit)),
            PartKind::Interval(low, high, unit) => ("interval", None, Some((low, high)), Some(unit)),
        };
        let (low, high) = ends.unzip();
        WordsPart { kind, text, value, low, high, unit }
    }
    Words { text: sentence.to_string(), parts: sentence.parts().iter().map(part).collect() }
}

fn reading(found: &ReadingFinding) -> Reading<'_> {
    Reading { condition: &found.condition, verdict: found.verdict, sentence: words(&found.sentence) }
}

fn bug(found: &BugFinding) -> Bug<'_> {
    Bug {
        name: &found.name,
        program: &found.program,
        exhibit: found.exhibit.as_deref(),
        cells: cells(&found.cells),
        result: found.result,
        happened: found.happened.as_deref(),
        refutes: found.refutes,
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
        prediction: found.prediction.as_ref().map(|&super::Prediction { value, interval, by }| Prediction {
            value,
            low: interval.map(|(low, _)| low),
            high: interval.map(|(_, high)| high),
            by,
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

fn decision(decided: &Decided) -> Decision<'_> {
    let rank = |ranked: &super::Ranked| RankEntry {
        cell: ranked.cell.to_string(),
        speedup: ranked.speedup,
        place: ranked.place,
    };
    Decision {
        work: &decided.work,
        scenario: &decided.scenario,
        answer: &decided.answer,
        rounds: decided.rounds,
        ranking: decided.ranking.iter().map(rank).collect(),
    }
}

fn value(measured: Measured, unit: Unit) -> Value {
    let Measured { value: Estimate { estimate, low, high }, rounds, alpha, p } = measured;
    Value { estimate, low, high, unit, rounds, alpha, p }
}

fn cells(cells: &[CellSpec]) -> Vec<String> {
    cells.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{
        findings, summary,
        testdata::{MadeMeasurement, evidence, shown},
        tests::everything,
    };
    use super::*;
    use jsonschema::Validator;
    use serde_json::{Value, json};

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

    /// Every object in the value, by its JSON pointer.
    fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                found.push(at.to_owned());
                fields.iter().for_each(|(key, field)| objects(field, &format!("{at}/{key}"), found));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(place, item)| objects(item, &format!("{at}/{place}"), found));
            }
            _ => {}
        }
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

    #[test]
    fn a_key_less_or_more_is_not_valid() {
        let (validator, document) = (validator(), exported(10));
        let mut all = Vec::new();
        objects(&document, "", &mut all);
        for part in ["/measured", "/agrees", "/prediction", "/mechanisms/0", "/decisions/0", "/ranking/0/speedup"] {
            assert!(all.iter().any(|at| at.ends_with(part)), "{part} is not there to be tried");
        }
        for at in all {
            let fields = document.pointer(&at).and_then(Value::as_object).unwrap();
            let is_valid = |fields: serde_json::Map<String, Value>| {
                let mut changed = document.clone();
                *changed.pointer_mut(&at).unwrap() = fields.into();
                validator.is_valid(&changed)
            };
            for key in fields.keys() {
                let mut fewer = fields.clone();
                fewer.remove(key);
                assert!(!is_valid(fewer), "{at} without {key}");
            }
            let mut more = fields.clone();
            more.insert("colour".into(), json!("red"));
            assert!(!is_valid(more), "{at} with one more");
        }
    }

    #[test]
    fn the_schema_is_one_and_describes_every_key_and_every_verdict() {
        let schema = schema();
        assert!(jsonschema::draft202012::meta::is_valid(&schema));
        assert_eq!(schema["properties"]["schema"]["const"], SCHEMA);
        let mut all = Vec::new();
        objects(&schema, "", &mut all);
        for at in all.iter().filter(|at| at.ends_with("/properties")) {
            for (key, property) in schema.pointer(at).and_then(Value::as_object).unwrap() {
                let referred = property["$ref"].as_str().and_then(|to| schema.pointer(to.trim_start_matches('#')));
                let described = referred.unwrap_or(property)["description"].as_str();
                assert!(described.is_some_and(|text| text.ends_with('.')), "{at}/{key}");
            }
        }
        let known = schema["$defs"]["claim"]["properties"]["verdict"]["enum"].clone();
        assert_eq!(known, serde_json::to_value(Verdict::ALL).unwrap());
    }
}
