//! Claims: what a document says, and how it is tested.
//!
//! A claim is in the TOML of the scenario that tests it. Its figures name the compared cells as tables show them
//! (`threads x 5`, `processes x 8, pool_chunks, as published`), and the kind of comparison. What makes a figure agree
//! or disagree is fixed there before anything is measured, and nowhere else.

use super::{CellSpec, DEFAULT_VARIANT, Scenario};
use serde::{Deserialize, Serialize};
use std::fmt;
use support::distinct;

/// Deviations up to 15 % agree with a printed figure, unless the claim says otherwise.
pub const TOLERANCE: f64 = 0.15;

/// Differences up to 5 % count as none; fixed beforehand.
pub const DELTA: f64 = 0.05;

/// One row of the ledger: one statement of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// `000-3`: the document, and the claim's number in it.
    pub id: String,
    /// Its question, as a heading.
    pub question: String,
    /// What the document says, in our words, with the figures as it printed them.
    pub says: String,
    /// The figures that decide it. At least one, unless a bug refutes the claim.
    pub figures: Vec<Figure>,
    /// What its verdict depends on, to be read in "It depends on ...": `which sites are requested`. Its figures then name
    /// the condition under which each is a reading of the claim.
    pub depends_on: Option<String>,
    /// Bugs of the document's program, shown next to the claim. They have results of their own.
    pub bugs: Vec<Bug>,
    /// Mechanisms that may have produced the printed figure, each a model.
    pub mechanisms: Vec<Mechanism>,
    /// The experiment that separates the mechanisms; `None` where none is known.
    pub apart: Option<Apart>,
    /// Where Rust differs from the document's language.
    pub in_rust: Option<String>,
    /// A caveat about the comparison.
    pub caveat: Option<String>,
}

/// One figure of a claim: what is measured, and what it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Its name in a table: `speedup of 5 threads`.
    pub name: String,
    /// The scenario whose cells it compares.
    pub scenario: String,
    /// What is measured.
    pub test: Test<CellSpec>,
    /// The figure to compare with, in the unit of the test.
    pub reference: Option<Sourced>,
    /// What it should be.
    pub expects: Expects,
    /// Where the number in `expects` is from; `None` if it has none.
    pub bound_from: Option<Provenance>,
    /// How far from `reference` still agrees: relative. For [`Test::Trend`] it is an exponent: the file says which share the
    /// time may differ by over the whole range of tasks.
    pub tolerance: f64,
    /// The condition under which it is a reading of the claim: `with the lock held`.
    pub reading: Option<String>,
    /// What the machine must have for it.
    pub needs: Option<Needs>,
    /// What it says about the claim.
    pub role: FigureRole,
    /// The claims whose printed figures determined its variants' numbers. A figure can't reproduce one of these.
    pub calibrated_from: Vec<String>,
}

/// What a figure says about its claim. The documents are about Python: where there is one, it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FigureRole {
    /// It decides the claim, whatever the language.
    Decides,
    /// It is measured with a Python and decides the claim. Without a Python, the figure after it does: its stand-in.
    Python,
    /// It decides the claim if the figure before it, the same in Python, has no measurement; otherwise it stands beside it.
    StandsIn,
    /// It is about Rust: shown beside the claim, no part of its verdict.
    Rust,
}

/// A number that a figure is compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Sourced {
    /// The number, in the unit of the test.
    pub value: f64,
    /// Where it is from.
    pub from: Provenance,
}

/// Where a number is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provenance {
    /// The document printed it, as output or in its text.
    Printed,
    /// The document says it in words: "faster" is more than 1.
    Said,
    /// Computed from figures that the document printed.
    Derived {
        /// How: `8.99106 s / 2.17279 s`.
        formula: String,
    },
    /// Chosen for this test.
    Ours {
        /// Why, as a clause: `two connections are reset`.
        why: Option<String>,
    },
}

impl Provenance {
    /// In a word, for tables and machines.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Printed => "printed",
            Self::Said => "said",
            Self::Derived { .. } => "derived",
            Self::Ours { .. } => "ours",
        }
    }
}

/// A number computed from figures that a document printed: `{ value = 4.138, formula = "8.99106 s / 2.17279 s" }`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Derived {
    /// The number, in the unit of the test.
    pub value: f64,
    /// How it is computed.
    pub formula: String,
}

/// A bug of the document's program.
#[derive(Debug, Clone, PartialEq)]
pub struct Bug {
    /// Its name in a list: `one failed request hangs the program`.
    pub name: String,
    /// What the document's program does, as a sentence.
    pub program: String,
    /// The scenario whose cell shows it: the claim's own.
    pub scenario: String,
    /// Shows it: an exhibit, an error, or a count above 0.
    pub test: Test<CellSpec>,
    /// Whether the claim is untrue if the bug is shown.
    pub refutes: bool,
}

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Expects {
    /// Like the reference, within the tolerance.
    Reference,
    /// More than this.
    Above(f64),
    /// Less than this.
    Below(f64),
    /// This, within a factor of 1 + [`DELTA`] either way; exponents within their tolerance, counts exactly.
    Equal(f64),
    /// Yes or no: what the exhibit or the error's text shows.
    Shown,
}

impl Expects {
    /// The number in it.
    pub fn bound(self) -> Option<f64> {
        match self {
            Self::Above(bound) | Self::Below(bound) | Self::Equal(bound) => Some(bound),
            Self::Reference | Self::Shown => None,
        }
    }
}

/// What is measured: exactly one of these.
// `C` is a cell's name in the file, and the cell itself after the check.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Test<C> {
    /// How many times as fast `to` is as `from`: T(from) / T(to), from pairs. A ratio.
    Ratio {
        /// The reference cell.
        from: C,
        /// The cell under test.
        to: C,
    },
    /// Its time at the document's own pace, seconds; with `tasks`, extrapolated in proportion to so many.
    Time {
        /// The cell.
        cell: C,
        /// How many to extrapolate to.
        tasks: Option<u32>,
    },
    /// The number of waves in which its tasks ran: its time over that of one task of `task`, from pairs.
    #[serde(alias = "turns")]
    Waves {
        /// The cell.
        cell: C,
        /// Gives the time of one task: its time divided by its tasks.
        #[serde(alias = "turn")]
        task: C,
    },
    /// How its time grows with its tasks: the slope of ln T over ln n, an exponent. 0 is constant, 1 is proportional.
    Trend {
        /// Cells with different numbers of tasks.
        cells: Vec<C>,
    },
    /// Its time over that of the best of the others. The interval allows for the choice of the best. A ratio.
    DropOff {
        /// The cell that should be slower.
        at: C,
        /// The candidates for the best, without `at`.
        among: Vec<C>,
    },
    /// Counted, and exact.
    Count {
        /// The cell.
        cell: C,
        /// What is counted.
        what: Countable,
    },
    /// CPU seconds over seconds at the document's own pace; with `against`, relative to that cell. A share.
    CpuShare {
        /// The cell.
        cell: C,
        /// The reference cell.
        against: Option<C>,
    },
    /// A percentile of its tasks' latencies, relative to that of another cell, from pairs. A ratio. A latency counts from
    /// when a task was due, if tasks become due at times.
    Latency {
        /// The cell.
        cell: C,
        /// Which percentile.
        percentile: Percentile,
        /// The reference cell.
        against: C,
    },
    /// Memory that each worker adds, bytes; with `against`, relative to that cell.
    Memory {
        /// The cell.
        cell: C,
        /// The reference cell.
        against: Option<C>,
    },
    /// An exhibit of the museum shows what it should: the bug, and the fix.
    Exhibit(
        /// Its name.
        String,
    ),
    /// The first error of a cell contains this text.
    Fails {
        /// The cell.
        cell: C,
        /// The text.
        with: String,
    },
}

/// A percentile of latencies: 50, 95 or 99.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("enum" = [50, 95, 99])))]
#[serde(try_from = "u8")]
pub enum Percentile {
    /// The median.
    P50,
    /// 95 % are no longer.
    P95,
    /// 99 % are no longer.
    P99,
}

impl Percentile {
    /// All of them, ascending.
    pub const ALL: [Self; 3] = [Self::P50, Self::P95, Self::P99];
}

impl TryFrom<u8> for Percentile {
    type Error = String;

    fn try_from(percent: u8) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|known| known.to_string() == format!("p{percent}"));
        known.ok_or_else(|| format!("unknown percentile {percent}, expected 50, 95 or 99"))
    }
}

impl fmt::Display for Percentile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
        })
    }
}

/// What can be counted in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Countable {
    /// Its tasks.
    Tasks,
    /// Tasks that ended in an error, in the round that had the most.
    TaskErrors,
    /// The most threads alive at once.
    Threads,
    /// The most processes alive at once.
    Processes,
    /// Jobs that were redelivered.
    Redeliveries,
    /// Answers with HTTP status 200 in the last round; likewise 401, 404 and 500.
    #[serde(rename = "status_200")]
    Status200,
    /// 401.
    #[serde(rename = "status_401")]
    Status401,
    /// 404.
    #[serde(rename = "status_404")]
    Status404,
    /// 500.
    #[serde(rename = "status_500")]
    Status500,
}

/// What a machine must have for a figure.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Needs {
    /// Usable cores.
    pub cores: Option<u32>,
    /// No more usable cores than this, so that there are more workers than cores.
    pub at_most_cores: Option<u32>,
    /// Something that the machine lacks, in words: "the document's own machine and its Python".
    pub other: Option<String>,
}

/// A model: a mechanism that may have produced the printed figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Mechanism {
    /// Its name, to be read in "... would explain it": `a serial start of 0.47 s`.
    pub name: String,
    /// The scenario whose cells it compares: the claim's own.
    pub scenario: String,
    /// What is measured, in the unit of the claim's first figure.
    pub test: Test<CellSpec>,
    /// The same in the experiment that separates mechanisms.
    pub apart: Option<Test<CellSpec>>,
    /// As for a [`Figure`].
    pub calibrated_from: Vec<String>,
}

/// The experiment that separates the mechanisms.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Apart {
    /// Its conditions, to be read in "With ..., they part": `thirty threads instead of five`.
    pub with: String,
    /// What the documents' figures give for it. Without it, they give nothing that separates the mechanisms.
    pub derived: Option<Derived>,
    /// The claim with this figure.
    pub from: Option<String>,
}

/// A row of the decision table: one kind of work, and its fastest strategy.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The kind of work, to be read as a row's head: `waiting for a server (IO-bound)`.
    pub work: String,
    /// The cells to choose from, each with the named workers.
    pub cells: Vec<CellSpec>,
}

impl<C> Test<C> {
    /// Every cell that it names.
    pub fn cells(&self) -> Vec<&C> {
        match self {
            Self::Ratio { from, to } => vec![from, to],
            Self::Waves { cell, task } => vec![task, cell],
            Self::Latency { cell, against, .. } => vec![against, cell],
            Self::Time { cell, .. } | Self::Count { cell, .. } | Self::Fails { cell, .. } => vec![cell],
            Self::Trend { cells } => cells.iter().collect(),
            Self::DropOff { at, among } => among.iter().chain([at]).collect(),
            Self::CpuShare { cell, against } | Self::Memory { cell, against } => against.iter().chain([cell]).collect(),
            Self::Exhibit(_) => Vec::new(),
        }
    }
}

impl Claim {
    /// The document that it is from: `000`.
    pub fn document(&self) -> &str {
        self.id.split_once('-').map_or(&self.id, |(document, _)| document)
    }

    /// Its sort key in the ledger: the document, the number.
    pub fn place(&self) -> (&str, u32) {
        (self.document(), self.id.split_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or(u32::MAX))
    }

    /// Every test that it names, with its scenario: of its figures, its bugs and its mechanisms.
    pub fn tests(&self) -> impl Iterator<Item = (&str, &Test<CellSpec>)> {
        let of_figures = self.figures.iter().map(|figure| (&*figure.scenario, &figure.test));
        let of_bugs = self.bugs.iter().map(|bug| (&*bug.scenario, &bug.test));
        let of_mechanisms = self.mechanisms.iter().flat_map(|mechanism| {
            let tests = [Some(&mechanism.test), mechanism.apart.as_ref()];
            tests.into_iter().flatten().map(|test| (&*mechanism.scenario, test))
        });
        of_figures.chain(of_bugs).chain(of_mechanisms)
    }

    /// Every cell that it names, with its scenario, without repetitions, in the order in which they are named.
    pub fn cells(&self) -> Vec<(&str, &CellSpec)> {
        distinct(self.tests().flat_map(|(scenario, test)| test.cells().into_iter().map(move |cell| (scenario, cell))))
    }

    /// The exhibits of the museum that it names.
    pub fn exhibits(&self) -> impl Iterator<Item = &str> {
        self.tests().filter_map(|(_, test)| match test {
            Test::Exhibit(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

impl Scenario {
    /// The claims whose printed figures determined this variant's numbers.
    pub fn calibrated_from(&self, variant: &str) -> &[String] {
        let variant = self.variant(variant).or_else(|| self.variant(DEFAULT_VARIANT));
        variant.map_or(&[], |variant| &variant.calibrated_from)
    }
}
