//! The report of a check: JSON for machines, lines of text for people.

use super::{
    Edition, Exercise, Language,
    contract::{PointOutcome, PointResult},
};
use serde::Serialize;
use stats::Estimate;
use support::{
    figures,
    terminal::{columns, wrapped},
};
use work::worker::python::interpreter::Interpreter;

/// The schema that this version writes.
pub const SCHEMA: &str = "makespan.exercise/1";

/// The column where a line's text begins, after its label.
const INDENT: usize = 15;

/// The report of a check.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CheckReport {
    /// Which document this is, and its version.
    #[cfg_attr(feature = "schema", schemars(extend("const" = SCHEMA)))]
    pub schema: &'static str,
    /// The exercise.
    pub exercise: &'static str,
    /// The strategy's own name.
    pub strategy: &'static str,
    /// The worker layout, such as `6` or `2x3`.
    pub workers: String,
    /// The interpreter of a strategy in Python: `CPython 3.11.7, with the interpreter lock, /usr/bin/python3`.
    pub python: Option<String>,
    /// The contract, point by point.
    pub contract: Vec<PointResult>,
    /// The speed; `None` if the contract isn't kept: a strategy that breaks it has no time.
    pub speed: Option<Speed>,
    /// The grade of the speed, or "failed" if the contract isn't kept.
    pub grade: Grade,
    /// What to try next.
    pub next: String,
}

/// A strategy's speed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Speed {
    /// The built-in strategy that it was measured against.
    pub house: String,
    /// How many tasks a run has.
    pub tasks: u32,
    /// How many rounds were measured.
    pub rounds: u32,
    /// Speed relative to the built-in strategy, paired by round, with its 95 % interval; `None` below two rounds.
    pub ratio: Option<Estimate>,
    /// The pass mark for the ratio, fixed beforehand.
    pub floor: f64,
    /// Speedup over sequential.
    pub speedup: Option<Estimate>,
    /// The built-in strategy's speedup over sequential.
    pub house_speedup: Option<Estimate>,
    /// Seconds of each round.
    pub run_s: Vec<f64>,
    /// The built-in strategy's seconds of each round.
    pub house_run_s: Vec<f64>,
    /// The grade that follows from the interval.
    pub grade: Grade,
    /// If inconclusive: how many more rounds would settle it, if they scatter like these; `None` if no number up to
    /// 10,000 would, and if the grade is settled.
    pub more_rounds: Option<u32>,
}

/// A grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// The contract is kept, and the whole interval lies above the pass mark.
    Passed,
    /// The contract isn't kept, or the whole interval lies below the pass mark.
    Failed,
    /// The contract is kept, and the pass mark lies within the interval.
    Inconclusive,
}

/// What to try next.
pub(super) fn next(exercise: &Exercise, language: Language, contract: &[PointResult], speed: Option<&Speed>) -> String {
    let (Edition { hint, further, .. }, file) = (exercise.edition(language), exercise.checked_as(language));
    let broken = contract.iter().any(|found| found.outcome == PointOutcome::Failed);
    match (broken, speed) {
        (true, _) => format!("Fix what failed first, then check again: makespan exercise check {file}"),
        (_, Some(Speed { grade: Grade::Passed, .. })) => (*further).into(),
        (_, Some(Speed { grade: Grade::Inconclusive, rounds, more_rounds: Some(more), .. })) => {
            format!("Measure longer: makespan exercise check {file} --rounds {}", rounds + more)
        }
        (_, Some(Speed { grade: Grade::Inconclusive, .. })) => {
            "The ratio is so close to the pass mark that no reasonable number of rounds would decide. Make it faster, \
             and measure when the machine has nothing else to do."
                .into()
        }
        _ => (*hint).into(),
    }
}

/// The text before the check.
pub(super) fn introduction(exercise: &Exercise, strategy: &str, python: Option<&Interpreter>) -> String {
    let Exercise { name, title, shape, .. } = exercise;
    let house = exercise.edition(Language::of(strategy)).house;
    let python = python.map(|python| format!("{python}\n")).unwrap_or_default();
    format!(
        "{name}: {title}\n`{strategy}` with {shape} workers: tested against the contract of every strategy, then measured\nagainst the built-in `{house}`\n{python}"
    )
}

/// The line for a contract point.
pub(super) fn finding(found: &PointResult) -> String {
    let outcome = match found.outcome {
        PointOutcome::Passed => "passed",
        PointOutcome::Failed => "failed",
        PointOutcome::NotChecked => "not checked",
    };
    let why = found.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let look_at = found.look_at.map(|look_at| paragraph("", look_at)).unwrap_or_default();
    paragraph(outcome, &format!("{}{why}", found.promise)) + &look_at
}

impl CheckReport {
    /// The text after the check: speed, grade, and what to try next.
    pub(super) fn conclusion(&self) -> String {
        let speed = self.speed.as_ref().map(Speed::in_words);
        let speed = speed.unwrap_or_else(|| "not measured: a strategy that breaks the contract has no time".into());
        let grade = match (self.grade, &self.speed) {
            (Grade::Passed, _) => "passed",
            (Grade::Failed, Some(_)) => "failed: too slow",
            (Grade::Failed, None) => "failed: the contract isn't kept",
            (Grade::Inconclusive, _) => "inconclusive: neither passed nor failed",
        };
        ["\n".into(), paragraph("Speed", &speed), paragraph("Grade", grade), paragraph("Next", &self.next)].concat()
    }
}

impl Speed {
    fn in_words(&self) -> String {
        let Self { house, rounds, floor, .. } = self;
        let Some(ratio) = &self.ratio else {
            return format!("{rounds} round is too few for an interval: at least 2 are needed");
        };
        let place = match (self.grade, self.more_rounds) {
            (Grade::Passed, _) => format!("the whole interval lies above the pass mark of {floor}"),
            (Grade::Failed, _) => format!("the whole interval lies below the pass mark of {floor}"),
            (Grade::Inconclusive, Some(more)) => {
                format!("the pass mark of {floor} lies within it; about {more} rounds more would settle it")
            }
            (Grade::Inconclusive, None) => format!("the pass mark of {floor} lies within it"),
        };
        let beside = format!(
            "{} times as fast as `{house}` ({}, {rounds} rounds): {place}.",
            figures::ratio(ratio.estimate),
            interval(ratio)
        );
        let speedup = self.speedup.as_ref().zip(self.house_speedup.as_ref()).map(|(own, house)| {
            format!(
                " {} times as fast as sequential ({}); the built-in strategy, {} ({}).",
                figures::ratio(own.estimate),
                interval(own),
                figures::ratio(house.estimate),
                interval(house)
            )
        });
        beside + &speedup.unwrap_or_default()
    }
}

fn interval(Estimate { low, high, .. }: &Estimate) -> String {
    format!("95 % interval {}–{}", figures::ratio(*low), figures::ratio(*high))
}

fn paragraph(label: &str, text: &str) -> String {
    let lines = wrapped(text, columns() - INDENT).into_iter().enumerate();
    let labelled = |(number, line)| format!("{:INDENT$}{line}\n", if number == 0 { label } else { "" });
    lines.map(labelled).collect::<Vec<_>>().concat()
}
