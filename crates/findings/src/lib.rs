//! Claims and records in, verdicts out.
//!
//! Nothing here measures, reads a clock or a file: the same evidence gives the same verdicts.
//!
//! | file | what it does |
//! |---|---|
//! | `quantity` | reduces the rounds of a figure's cells to one number with its scatter |
//! | `placed` | compares that number with bounds, with probabilities |
//! | `judge` | gives a figure's verdict, corrected for the number of figures tested together |
//! | `figure` | combines these three for one figure of a claim |
//! | `whole` | combines the figures' verdicts into the claim's |
//! | `mechanism` | which explanations give the printed figure, and whether they can be told apart |
//! | `predict` | predictions by closed forms: lock-step, Amdahl's law, a shared link |
//! | `summary` | what a reader takes home from all claims |
//! | `bugs` | whether the bugs of a document's program were shown |
//! | `sentence`, `words` | the verdict in plain words |
//! | `parts`, `unit` | what a sentence consists of; how a figure is written |
//! | `decision` | the fastest strategy for each kind of work |
//! | `open` | which cells need more rounds |
//! | [`export`] | the findings as JSON, `makespan.findings/2` |

// Nothing may panic where the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod bugs;
mod decision;
pub mod export;
mod figure;
mod judge;
mod mechanism;
mod open;
mod parts;
mod placed;
mod predict;
mod quantity;
mod sentence;
mod summary;
#[cfg(test)]
mod tests;
mod unit;
mod whole;
mod words;

use figure::Assessed;
use harness::results::evidence::Evidence;
use harness::{
    results::record::{CellRecord, Record},
    scenario::{
        CellSpec, Scenario,
        claim::{Claim, FigureRole, Sourced},
    },
};
use serde::{Deserialize, Serialize};
use stats::{Estimate, ranking::Place};
use work::strategy::python::is_python;

pub use open::open_cells;
pub use parts::{PartKind, Sentence, SentencePart};
pub use summary::{summary, takeaway};
pub use unit::Unit;

/// The schema of the JSON that `makespan reproduce --json` writes.
pub const SCHEMA: &str = "makespan.findings/2";

/// The verdicts on all claims, and the fastest strategy for each kind of work.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// One for each claim, in the order of the documents.
    pub claims: Vec<Finding>,
    /// The rows of the decision table, in the scenarios' order.
    pub decisions: Vec<Decided>,
}

/// The verdict on a claim or a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is as the claim says, by figures that were not used to calibrate.
    Holds,
    /// The direction is as the claim says, but not the size.
    HoldsInDirection,
    /// It holds under one condition and not under another; each reading has its own verdict.
    Depends,
    /// The measurement rules it out.
    Refuted,
    /// A model fitted to the document's own figure gives it.
    Fitted,
    /// Not decided by what was measured.
    Undecided,
    /// This machine lacks something that the test needs.
    NotTestable,
    /// Nothing was measured for it yet.
    NotMeasured,
}

/// The verdict on a claim, and the reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The claim's id.
    pub id: String,
    /// The scenario that holds it.
    pub scenario: String,
    /// The question that it answers, as a heading.
    pub question: String,
    /// What the document says, in our words.
    pub says: String,
    /// The verdict on the whole.
    pub verdict: Verdict,
    /// The verdict in plain words, generated from the figures.
    pub sentence: Sentence,
    /// The same in at most 35 words.
    pub brief: Sentence,
    /// The figure that the sentence is about, by its place.
    pub deciding: Option<usize>,
    /// Each figure.
    pub figures: Vec<FigureFinding>,
    /// What the verdict depends on: `which sites are requested`. `None` without readings.
    pub depends_on: Option<String>,
    /// The verdict under each condition.
    pub readings: Vec<ReadingFinding>,
    /// The bugs of the document's program. They don't count as claims.
    pub bugs: Vec<BugFinding>,
    /// What could have given the document's figure.
    pub mechanisms: Vec<MechanismFinding>,
    /// Whether the mechanisms can be told apart; `None` without mechanisms.
    pub apart: Option<Sentence>,
    /// How Rust differs.
    pub in_rust: Option<String>,
    /// What to keep in mind.
    pub caveat: Option<String>,
    /// The user's file that it stands in; `None` for a built-in claim.
    pub file: Option<String>,
    /// The command that repeats just this: `makespan reproduce 000-3`.
    pub command: String,
}

/// What holds under one condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Reading"))]
pub struct ReadingFinding {
    /// The condition.
    pub condition: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The verdict in plain words.
    pub sentence: Sentence,
}

/// A bug of a document's program.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Bug"))]
pub struct BugFinding {
    /// Its name.
    pub name: String,
    /// What the document's program does.
    pub program: String,
    /// The exhibit that shows it; `None` if a cell does.
    pub exhibit: Option<String>,
    /// The cells that show it.
    #[serde(serialize_with = "export::cell_names")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub cells: Vec<CellSpec>,
    /// Whether it was shown.
    pub result: BugResult,
    /// What happened; `None` if nothing was measured.
    pub happened: Option<String>,
    /// Whether the claim is refuted if it was shown.
    pub refutes: bool,
}

/// Whether a bug was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BugResult {
    /// The document's program fails in this way.
    Shown,
    /// It didn't fail here.
    NotShown,
    /// Not run yet.
    NotMeasured,
}

/// The verdict on one figure.
#[derive(Debug, Clone, PartialEq)]
pub struct FigureFinding {
    /// Its name.
    pub name: String,
    /// The scenario whose cells it compares.
    pub scenario: String,
    /// The cells that it compares, in the test's order.
    pub cells: Vec<CellSpec>,
    /// The unit of the figures.
    pub unit: Unit,
    /// The figure to compare with, and where it is from.
    pub reference: Option<Sourced>,
    /// The bound that decides instead, if there is one, and where it is from.
    pub bound: Option<Sourced>,
    /// The range that agrees, ends included; an open end is infinite. `None` for outcomes.
    pub agrees: Option<(f64, f64)>,
    /// The measured figure; `None` for outcomes, and if nothing was measured.
    pub measured: Option<Measured>,
    /// What happened, for exhibits, errors and counts: "the server counted 150 requests ...".
    pub outcome: Option<String>,
    /// What a closed form says.
    pub prediction: Option<Prediction>,
    /// The verdict on this figure.
    pub verdict: Verdict,
    /// Why it is not decided: what is missing, what failed, how many rounds would settle it.
    pub reason: Option<String>,
    /// The condition under which it is a reading of the claim.
    pub reading: Option<String>,
    /// What it says about the claim.
    pub role: FigureRole,
    /// Whether it is one of those that decide the claim here.
    pub decides: bool,
    /// The claims to whose figures its model was fitted.
    pub calibrated_from: Vec<String>,
    /// The time scale it was measured at; `None` if it was not measured.
    pub time_scale: Option<f64>,
}

impl FigureFinding {
    /// What it should be, and who says so: the document's figure, the bound.
    pub fn expectations(&self) -> impl Iterator<Item = String> {
        let reference = self.reference.as_ref().map(|reference| self.unit.origin(reference));
        reference.into_iter().chain(self.bound.as_ref().map(|bound| self.unit.origin_of_bound(bound, self.agrees)))
    }
}

/// A figure with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The estimate with its interval. An exact count has an interval without width.
    pub value: Estimate,
    /// How many rounds it is from; 1 for a count.
    pub rounds: u32,
    /// The share of such intervals that miss the truth: 0.05, or one interim analysis's part of it; 0 for a count.
    pub alpha: f64,
    /// The probability of a figure this far on this side of the bound if the verdict were wrong, both sides and all
    /// interim analyses counted: the input of Holm's correction. `None` for counts and for undecided figures.
    pub p: Option<f64>,
}

/// The figure that a closed form gives. Never a measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The figure, in the unit of the test.
    pub value: f64,
    /// What the 95 % interval of its measured input makes of it: low, high. `None` if nothing in it was measured.
    pub interval: Option<(f64, f64)>,
    /// The closed form's name: `lock-step`, `Amdahl's law`, `shared link`.
    pub by: &'static str,
}

/// The result of testing a mechanism.
#[derive(Debug, Clone, PartialEq)]
pub struct MechanismFinding {
    /// Its name.
    pub name: String,
    /// The cells that it compares.
    pub cells: Vec<CellSpec>,
    /// Its value of the claim's first figure.
    pub measured: Option<Measured>,
    /// Whether that is the document's figure; `None` if it was not measured.
    pub fit: Option<Fit>,
    /// Its value in the experiment that separates the mechanisms.
    pub apart: Option<Measured>,
    /// Whether that is the document's figure, too; `None` if it was not measured, or if the documents give none.
    pub fit_apart: Option<Fit>,
}

/// Whether a mechanism explains a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// Its interval lies within the tolerance of the figure.
    Fits,
    /// Its interval contains neither the figure nor anything within the tolerance.
    Excluded,
    /// Its interval leaves it open.
    Undecided,
}

/// What is fastest for one kind of work.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Decision"))]
pub struct Decided {
    /// The kind of work.
    pub work: String,
    /// The scenario it was measured with.
    pub scenario: String,
    /// The answer in words; empty where nothing was measured.
    pub answer: String,
    /// How many rounds it is from.
    pub rounds: u32,
    /// Each cell, the fastest first.
    pub ranking: Vec<Ranked>,
}

impl Decided {
    /// Whether it compares strategies of Python.
    pub fn is_in_python(&self) -> bool {
        !self.ranking.is_empty() && self.ranking.iter().all(|ranked| is_python(&ranked.cell.strategy))
    }
}

/// A cell and how fast it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RankEntry"))]
pub struct Ranked {
    /// The cell.
    #[serde(serialize_with = "export::cell_name")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub cell: CellSpec,
    /// Over its variant's `sequential`, or over Python's if all of the decision's cells are in Python.
    // In the schema, the type describes it.
    #[cfg_attr(feature = "schema", schemars(description = ""))]
    pub speedup: Estimate,
    /// What is shown from pairs: faster than all others; at most 5 % slower than the fastest; slower than the one with
    /// the shortest time; or none of these.
    pub place: Place,
}

impl Verdict {
    /// All of them, the best news first.
    pub const ALL: [Self; 8] = [
        Self::Holds,
        Self::HoldsInDirection,
        Self::Depends,
        Self::Refuted,
        Self::Fitted,
        Self::Undecided,
        Self::NotTestable,
        Self::NotMeasured,
    ];

    /// The verdict as shown to people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::HoldsInDirection => "holds in direction",
            Self::Depends => "depends",
            Self::Refuted => "refuted",
            Self::Fitted => "fitted",
            Self::Undecided => "undecided",
            Self::NotTestable => "not testable here",
            Self::NotMeasured => "not measured yet",
        }
    }
}

impl BugResult {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Shown, Self::NotShown, Self::NotMeasured];

    /// The result as shown to people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::NotShown => "not shown",
            Self::NotMeasured => "not measured yet",
        }
    }
}

impl Fit {
    /// As shown to people, after a mechanism's figure.
    pub fn words(self) -> &'static str {
        match self {
            Self::Fits => "fits",
            Self::Excluded => "is excluded",
            Self::Undecided => "is undecided",
        }
    }
}

impl MechanismFinding {
    /// By everything that was measured: excluded as soon as one figure excludes it. `None` if nothing was measured.
    pub fn standing(&self) -> Option<Fit> {
        match (self.fit?, self.fit_apart) {
            (Fit::Excluded, _) | (_, Some(Fit::Excluded)) => Some(Fit::Excluded),
            (Fit::Fits, None | Some(Fit::Fits)) => Some(Fit::Fits),
            _ => Some(Fit::Undecided),
        }
    }
}

/// Judges the claims and decisions of these scenarios by the evidence. A figure about cells of another scenario is
/// judged too, but without a prediction.
pub fn findings(scenarios: &[Scenario], evidence: &Evidence) -> Findings {
    // A user's file is judged by itself: its claims must not change the verdicts on the documents'.
    let (own, built_in): (Vec<&Scenario>, Vec<&Scenario>) =
        scenarios.iter().partition(|scenario| scenario.source.is_some());
    let families = std::iter::once(built_in).chain(own.into_iter().map(|one| vec![one]));
    let claims = families.flat_map(|family| of_family(&family, scenarios, evidence)).collect();
    let rows = scenarios.iter().flat_map(|scenario| scenario.decisions.iter().map(move |row| (scenario, row)));
    let decisions = rows.map(|(scenario, row)| decision::decide(row, scenario, evidence)).collect();
    Findings { claims, decisions }
}

/// The findings on the claims of scenarios that are judged together.
fn of_family(family: &[&Scenario], scenarios: &[Scenario], evidence: &Evidence) -> Vec<Finding> {
    let mut claims: Vec<&Claim> = family.iter().flat_map(|scenario| &scenario.claims).collect();
    claims.sort_by_key(|claim| claim.place());
    // In two steps: Holm's correction needs the figures of all claims.
    let assess = |claim, figure| figure::assess(claim, figure, scenarios, evidence);
    let mut assessed: Vec<Vec<Assessed>> = Vec::new();
    for &claim in &claims {
        let mut figures: Vec<Assessed> = claim.figures.iter().map(|figure| assess(claim, figure)).collect();
        let deciding = whole::deciding(&figures);
        figures.iter_mut().zip(deciding).for_each(|(figure, decides)| figure.finding.decides = decides);
        assessed.push(figures);
    }
    judge::correct(assessed.iter_mut().flatten().map(|one| &mut one.finding));
    claims.iter().zip(assessed).map(|(claim, figures)| whole::finding(claim, figures, scenarios, evidence)).collect()
}

/// How many claims came to which verdict, every verdict once, in the order of [`Verdict::ALL`].
pub fn counts(claims: &[Finding]) -> [(Verdict, usize); 8] {
    Verdict::ALL.map(|verdict| (verdict, claims.iter().filter(|claim| claim.verdict == verdict).count()))
}

/// How many bugs of the documents' programs came to which result, in the order of [`BugResult::ALL`].
pub fn bug_counts(claims: &[Finding]) -> [(BugResult, usize); 3] {
    let bugs = || claims.iter().flat_map(|claim| &claim.bugs);
    BugResult::ALL.map(|result| (result, bugs().filter(|bug| bug.result == result).count()))
}

/// The newest record of this scenario that has all of these cells, with the cells.
pub fn lookup<'a>(
    evidence: &'a Evidence,
    scenario: &str,
    cells: &[&CellSpec],
) -> Option<(&'a Record, Vec<&'a CellRecord>)> {
    evidence.records.iter().filter(|record| record.scenario == scenario).find_map(|record| {
        let found = cells.iter().map(|spec| record.cell(spec)).collect::<Option<Vec<_>>>()?;
        Some((record, found))
    })
}
