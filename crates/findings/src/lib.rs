//! Claims and records in, verdicts out.
//!
//! Nothing here measures, reads a clock or a file: the same evidence gives the same verdicts.
//!
//! | file | what it does |
//! |---|---|
//! | `quantity` | from the rounds of the cells that a figure names to one number with its scatter |
//! | `placed` | where that number lies beside a bound, and how surely |
//! | `judge` | from the number and what it should be to a verdict, corrected for how many were asked at once |
//! | `figure` | the three together, for one figure of a claim |
//! | `whole` | from the figures to the verdict on the claim |
//! | `mechanism` | which explanations give the printed figure, and whether they can be told apart |
//! | `predict` | what the closed forms say, marked as predictions: lock-step, Amdahl's law, a shared link |
//! | `sentence`, `words` | the verdict in plain words |
//! | `decision` | who does which kind of work fastest |
//! | `narrow` | whether more rounds are worth it, whatever the verdicts are |
//! | [`export`] | the same as JSON, `makespan.findings/1` |

// Nothing may panic where the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod decision;
pub mod export;
mod figure;
mod judge;
mod mechanism;
mod narrow;
mod placed;
mod predict;
mod quantity;
mod sentence;
#[cfg(test)]
mod testdata;
#[cfg(test)]
mod tests;
mod whole;
mod words;

use figure::Assessed;
use harness::results::evidence::Evidence;
use harness::{
    results::record::{CellRecord, Record},
    scenario::{CellSpec, Scenario, claim::Claim},
};
use serde::{Deserialize, Serialize};
use stats::Estimate;

pub use narrow::narrow_enough;

/// The schema of the JSON that `makespan reproduce --json` writes.
pub const SCHEMA: &str = "makespan.findings/1";

/// What the evidence says about every claim, and about every kind of work.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// One for each claim, in the order of the documents.
    pub claims: Vec<Finding>,
    /// The rows of the decision table, in the scenarios' order.
    pub decisions: Vec<Decided>,
}

/// What came of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The interval lies within the claim's tolerance, from figures that were not used to calibrate.
    Reproduced,
    /// A recipe that was calibrated from the printed figure, or from others of the same document, gives it.
    CanExplain,
    /// The right way, but of another size.
    DirectionOnly,
    /// The measurement excludes it.
    Contradicted,
    /// The document disagrees with itself or with its own code; each reading has a line of its own.
    Contested,
    /// Not decided by what was measured.
    Inconclusive,
    /// Something is missing here.
    NotTestable,
    /// Nothing was measured for it yet.
    NotMeasured,
}

/// What came of a claim, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The claim's id.
    pub id: String,
    /// The scenario that holds it.
    pub scenario: String,
    /// What it asks, as a heading.
    pub question: String,
    /// What the document says, in our words.
    pub says: String,
    /// The verdict on the whole.
    pub verdict: Verdict,
    /// The verdict in one plain sentence, generated from the figures.
    pub sentence: String,
    /// Each figure, or, of a contested claim, each reading.
    pub figures: Vec<FigureFinding>,
    /// What could have given the printed figure.
    pub mechanisms: Vec<MechanismFinding>,
    /// Whether the mechanisms can be told apart, as a sentence; `None` without mechanisms.
    pub apart: Option<String>,
    /// How the document disagrees with itself.
    pub contested: Option<String>,
    /// Where Rust differs.
    pub in_rust: Option<String>,
    /// What to keep in mind.
    pub caveat: Option<String>,
    /// The command that repeats just this: `makespan reproduce 000-3`.
    pub command: String,
}

/// What came of one figure.
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
    /// What the document printed.
    pub published: Option<f64>,
    /// The range that agrees, ends included; an end is infinite where there is none. `None` for outcomes.
    pub agrees: Option<(f64, f64)>,
    /// What was measured; `None` for outcomes, and where nothing was.
    pub measured: Option<Measured>,
    /// What happened, for exhibits, errors and counts: "the server counted 150 requests ...".
    pub outcome: Option<String>,
    /// What a closed form says.
    pub prediction: Option<Prediction>,
    /// The verdict on this figure.
    pub verdict: Verdict,
    /// Why it is not the one hoped for: what is missing, what failed, how many rounds would settle it.
    pub reason: Option<String>,
    /// Whether it is about Rust: shown beside the claim, with no say in its verdict.
    pub in_rust: bool,
    /// The claims whose figures its recipe was calibrated from.
    pub calibrated_from: Vec<String>,
    /// The time scale it was measured at; `None` where nothing was.
    pub time_scale: Option<f64>,
}

/// A figure with how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The estimate with its interval. An exact count has an interval without width.
    pub value: Estimate,
    /// How many rounds it is from; 1 for a count.
    pub rounds: u32,
    /// The share of such intervals that miss the truth: 0.05, or each look's part of it; 0 for a count.
    pub alpha: f64,
    /// The probability of a figure as far on this side of what it should be, were it not so, both sides and every look counted:
    /// what Holm's correction is made from. `None` for counts and for what the interval doesn't decide.
    pub p: Option<f64>,
}

/// What a figure counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// So many times.
    Ratio,
    /// Seconds at the document's own pace.
    Seconds,
    /// Turns of the workers.
    Turns,
    /// The power of n with which a time grows.
    Exponent,
    /// A share of one core.
    CoreShare,
    /// Bytes.
    Bytes,
    /// A number of things.
    Count,
    /// It is so, or it isn't.
    Outcome,
}

/// What a closed form says. Never a measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The figure, in the unit of the test.
    pub value: f64,
    /// The closed form's name: `lock-step`, `Amdahl's law`, `shared link`.
    pub by: &'static str,
}

/// What came of a mechanism.
#[derive(Debug, Clone, PartialEq)]
pub struct MechanismFinding {
    /// Its name.
    pub name: String,
    /// The cells that it compares.
    pub cells: Vec<CellSpec>,
    /// What it gives for the claim's first figure.
    pub measured: Option<Measured>,
    /// Whether that is the printed figure; `None` where it is not decided.
    pub gives_it: Option<bool>,
    /// What it gives under the recipe that tells them apart.
    pub apart: Option<Measured>,
    /// Whether it is still standing after that; `None` where nothing printed tells.
    pub stands: Option<bool>,
}

/// Who does one kind of work fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The kind of work.
    pub work: String,
    /// The scenario it was measured with.
    pub scenario: String,
    /// Each cell with its speed-up over `sequential` (of its own variant), the fastest first. Empty where nothing was measured.
    pub ranking: Vec<Ranked>,
    /// The answer in words: "threads or async". Empty where nothing was measured.
    pub answer: String,
    /// Rounds.
    pub rounds: u32,
}

/// One cell of a decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// The cell.
    pub cell: CellSpec,
    /// How many times as fast as sequential it is.
    pub speedup: Estimate,
    /// Whether it can't be told from the fastest, or is less than [`harness::scenario::claim::DELTA`] slower: paired, in the same rounds.
    pub among_fastest: bool,
}

impl Verdict {
    /// All of them, the best news first.
    pub const ALL: [Self; 8] = [
        Self::Reproduced,
        Self::CanExplain,
        Self::DirectionOnly,
        Self::Contradicted,
        Self::Contested,
        Self::Inconclusive,
        Self::NotTestable,
        Self::NotMeasured,
    ];

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::CanExplain => "can explain",
            Self::DirectionOnly => "direction only",
            Self::Contradicted => "contradicted",
            Self::Contested => "contested",
            Self::Inconclusive => "inconclusive",
            Self::NotTestable => "not testable here",
            Self::NotMeasured => "not measured yet",
        }
    }
}

/// What the evidence says about the claims and decisions of these scenarios. A figure that names cells of a scenario that is not
/// among these is judged all the same, but without a prediction.
pub fn findings(scenarios: &[Scenario], evidence: &Evidence) -> Findings {
    let mut claims: Vec<&Claim> = scenarios.iter().flat_map(|scenario| &scenario.claims).collect();
    claims.sort_by_key(|claim| claim.place());
    let mut found = Vec::new();
    // What was asked at once is corrected at once: the claims of one document.
    for document in claims.chunk_by(|a, b| a.document() == b.document()) {
        found.extend(of_document(document, scenarios, evidence));
    }
    let rows = scenarios.iter().flat_map(|scenario| scenario.decisions.iter().map(move |row| (scenario, row)));
    let decisions = rows.map(|(scenario, row)| decision::decide(row, scenario, evidence)).collect();
    Findings { claims: found, decisions }
}

fn of_document<'a>(claims: &[&'a Claim], scenarios: &[Scenario], evidence: &'a Evidence) -> Vec<Finding> {
    let assess = |claim: &'a Claim| -> Vec<Assessed<'a>> {
        claim.figures.iter().map(|figure| figure::assess(claim, figure, scenarios, evidence)).collect()
    };
    // In two steps: no verdict stands before all of the document's are known.
    let mut assessed: Vec<Vec<Assessed>> = claims.iter().map(|claim| assess(claim)).collect();
    let of_all = assessed.iter_mut().flatten().map(|one| &mut one.finding);
    judge::correct(&mut of_all.filter(|figure| judge::was_asked(figure)).collect::<Vec<_>>());
    claims.iter().zip(assessed).map(|(claim, figures)| whole::finding(claim, figures, scenarios, evidence)).collect()
}

/// How many claims came to which verdict, every verdict once, in the order of [`Verdict::ALL`].
pub fn counts(findings: &Findings) -> [(Verdict, usize); 8] {
    Verdict::ALL.map(|verdict| (verdict, findings.claims.iter().filter(|claim| claim.verdict == verdict).count()))
}

/// The newest record of this scenario that has all of these cells, with the cells.
pub fn lookup<'a>(
    evidence: &'a Evidence,
    scenario: &str,
    cells: &[&CellSpec],
) -> Option<(&'a Record, Vec<&'a CellRecord>)> {
    evidence.records.iter().filter(|record| record.scenario == scenario).find_map(|record| {
        let found =
            cells.iter().map(|spec| record.cells.iter().find(|cell| cell.is(spec))).collect::<Option<Vec<_>>>()?;
        Some((record, found))
    })
}
