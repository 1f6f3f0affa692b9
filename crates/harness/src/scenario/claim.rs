//! Claims: what a document says, and the test that it is put to.
//!
//! A claim stands in the TOML of the scenario that tests it. Its figures name the cells that are compared as tables show
//! them (`threads x 5`, `processes x 8, pool_chunks, as published`), and the kind of comparison. What makes a figure agree
//! or disagree is written there before anything is measured, and nowhere else.

use super::{CellSpec, DEFAULT_VARIANT, Scenario};
use serde::Deserialize;

/// Departures up to here count as agreement with a printed figure, unless the claim says otherwise: 15 %.
pub const TOLERANCE: f64 = 0.15;

/// Differences up to here count as none: 5 %, fixed beforehand.
pub const DELTA: f64 = 0.05;

/// One row of the ledger: something that a document says.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// `000-3`: the document, and the claim's number in it.
    pub id: String,
    /// What it asks, as a heading.
    pub question: String,
    /// What the document says, in our words, with the figures as it printed them.
    pub says: String,
    /// The figures that decide it. There is at least one.
    pub figures: Vec<Figure>,
    /// What could have given the printed figure, each run as a recipe of its own.
    pub mechanisms: Vec<Mechanism>,
    /// The recipe under which the mechanisms part; `None` where nobody has thought of one.
    pub apart: Option<Apart>,
    /// How the document disagrees with itself or with its own code. Each reading is then one of the figures.
    pub contested: Option<String>,
    /// Where Rust differs from what the document is about.
    pub in_rust: Option<String>,
    /// What to keep in mind about the comparison.
    pub caveat: Option<String>,
}

/// One figure of a claim: what is measured, and what it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What it is, to be read in a table: `speed-up of 5 threads`.
    pub name: String,
    /// The scenario whose cells it compares.
    pub scenario: String,
    /// What is measured.
    pub test: Test<CellSpec>,
    /// What the document printed, in the unit of the test.
    pub published: Option<f64>,
    /// What it should be.
    pub expects: Expects,
    /// How far from `published` still agrees: a share of it, or, for [`Test::Trend`], a difference.
    pub tolerance: f64,
    /// What the machine must have for it.
    pub needs: Option<Needs>,
    /// About Rust and not about the document: shown beside the claim, with no say in its verdict.
    pub in_rust: bool,
    /// The claims whose printed figures the numbers of its variants were chosen by. A figure can't reproduce one of these.
    pub calibrated_from: Vec<String>,
}

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Expects {
    /// As published, within the tolerance.
    Published,
    /// More than this.
    Above(f64),
    /// Less than this.
    Below(f64),
    /// This, within a factor of 1 + [`DELTA`] either way; exponents within [`DELTA`], counts exactly.
    Equal(f64),
    /// What the exhibit or the error's text says: it is so, or it isn't.
    Shown,
}

impl Expects {
    /// The number that it names.
    pub(super) fn bound(self) -> Option<f64> {
        match self {
            Self::Above(bound) | Self::Below(bound) | Self::Equal(bound) => Some(bound),
            Self::Published | Self::Shown => None,
        }
    }
}

/// What is measured. `C` is a cell's name in the file, and the cell itself once that is checked.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Test<C> {
    /// How many times as fast `to` is as `from`: T(from) / T(to), from pairs. A ratio.
    Ratio {
        /// The one it is compared with.
        from: C,
        /// The one in question.
        to: C,
    },
    /// Its time at the document's own pace, seconds; with `tasks`, drawn out in proportion to so many tasks.
    Time {
        /// The cell.
        cell: C,
        /// Another number of tasks than it has.
        tasks: Option<u32>,
    },
    /// In how many turns its tasks were done: its time over that of one task of `turn`, from pairs. A number of turns.
    Turns {
        /// The cell.
        cell: C,
        /// Tells how long one task takes: its time divided by its tasks.
        turn: C,
    },
    /// How its time grows with its tasks: the slope of ln T over ln n. 0 is "not at all", 1 "in proportion". An exponent.
    Trend {
        /// Cells with different numbers of tasks.
        cells: Vec<C>,
    },
    /// How many times as long it takes as the best of the others, the best chosen in other rounds. A ratio.
    DropOff {
        /// The cell that should be slower.
        at: C,
        /// Those among which the best is chosen, `at` not among them.
        among: Vec<C>,
    },
    /// Counted, and exact.
    Count {
        /// The cell.
        cell: C,
        /// What is counted.
        what: Countable,
    },
    /// Processor seconds over seconds at the document's own pace; with `against`, how many times as much of it. A share.
    CpuShare {
        /// The cell.
        cell: C,
        /// The one it is compared with.
        against: Option<C>,
    },
    /// Memory that each worker adds, bytes; with `against`, how many times as much.
    Memory {
        /// The cell.
        cell: C,
        /// The one it is compared with.
        against: Option<C>,
    },
    /// An exhibit of the museum shows what it says: the bug, and the right way.
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

/// What can be counted of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Countable {
    /// Tasks that it has.
    Tasks,
    /// Tasks that ended in an error, in the round that had the most.
    TaskErrors,
    /// The most threads alive at once.
    Threads,
    /// The most processes alive at once.
    Processes,
    /// Jobs that were handed out again.
    Redeliveries,
    /// Answers with the HTTP status 200, likewise 401, 404 and 500: in the last round.
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
#[serde(deny_unknown_fields)]
pub struct Needs {
    /// So many usable cores.
    pub cores: Option<u32>,
    /// Something that no machine of ours has, in words: "the document's own machine and its Python".
    pub other: Option<String>,
}

/// Something that could have given the printed figure, run as a recipe of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Mechanism {
    /// What it is, to be read in "... would explain it": `a serial start of 0.47 s`.
    pub name: String,
    /// The scenario whose cells it compares: the claim's own.
    pub scenario: String,
    /// What is measured, in the unit of the claim's first figure.
    pub test: Test<CellSpec>,
    /// The same under the recipe that tells the mechanisms apart.
    pub apart: Option<Test<CellSpec>>,
    /// As for a [`Figure`].
    pub calibrated_from: Vec<String>,
}

/// Where the mechanisms part.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Apart {
    /// The other recipe, to be read in "With ..., they part": `thirty threads instead of five`.
    pub with: String,
    /// What the documents printed for it; `None` where they printed nothing that tells the mechanisms apart.
    pub published: Option<f64>,
    /// Where it is printed: another claim's id.
    pub from: Option<String>,
}

/// A row of the decision table: one kind of work, and who does it fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The kind of work, to be read as a row's head: `waiting for a server (IO-bound)`.
    pub work: String,
    /// The cells to choose from, each with the workers that are named.
    pub cells: Vec<CellSpec>,
}

impl<C> Test<C> {
    /// Every cell that it names.
    pub fn cells(&self) -> Vec<&C> {
        match self {
            Self::Ratio { from, to } => vec![from, to],
            Self::Turns { cell, turn } => vec![turn, cell],
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

    /// Its place in the ledger: the document, then the number.
    pub fn place(&self) -> (&str, u32) {
        (self.document(), self.id.split_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or(u32::MAX))
    }

    /// Every cell that it names, with its scenario, without repetitions, in the order in which they are named.
    pub fn cells(&self) -> Vec<(&str, &CellSpec)> {
        let mut cells: Vec<(&str, &CellSpec)> = Vec::new();
        let of_figures = self
            .figures
            .iter()
            .flat_map(|figure| figure.test.cells().into_iter().map(|cell| (&*figure.scenario, cell)));
        let of_mechanisms = self.mechanisms.iter().flat_map(|mechanism| {
            let tests = [Some(&mechanism.test), mechanism.apart.as_ref()];
            tests
                .into_iter()
                .flatten()
                .flat_map(|test| test.cells().into_iter().map(|cell| (&*mechanism.scenario, cell)))
        });
        for named in of_figures.chain(of_mechanisms) {
            if !cells.contains(&named) {
                cells.push(named);
            }
        }
        cells
    }

    /// The exhibits of the museum that it names.
    pub fn exhibits(&self) -> impl Iterator<Item = &str> {
        self.figures.iter().filter_map(|figure| match &figure.test {
            Test::Exhibit(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

impl Scenario {
    /// The claims whose printed figures the numbers of this variant were chosen by.
    pub fn calibrated_from(&self, variant: &str) -> &[String] {
        let variant = self.variant(variant).or_else(|| self.variant(DEFAULT_VARIANT));
        variant.map_or(&[], |variant| &variant.calibrated_from)
    }
}
