//! Records in, one HTML page out.
//!
//! The page is one file that needs nothing else: style, script and pictures are in it. Nothing here measures, reads a
//! clock, or knows a figure that is not in a record.
//!
//! | file | what it makes |
//! |---|---|
//! | `page` | the page around the sections |
//! | `findings`, `scoreboard`, `decisions` | its front: how many claims came out, and who does which work fastest |
//! | `claim`, `claim_table`, `emphasis` | one claim: question, answer, pictures, mechanisms, table, command |
//! | `intervals` | the document's figure and ours on one axis |
//! | `lanes`, `sweep` | which cells of a claim are drawn: what the workers did, and the curve its figure is a point of |
//! | `verdict`, `quantity` | a verdict's word, tone and sign; a claim's figures in their units |
//! | `section` | one scenario: question, answer, pictures, table, command |
//! | `host` | the machine and its noise |
//! | `words` | the plain sentences |
//! | `timeline`, `bars` | what every worker did |
//! | `jobs`, `depth`, `elsewhere` | jobs on their way through a queue, how many waited, workers on other hosts |
//! | `beyond`, `costs` | on queues: when one beats a pool, and what it costs |
//! | `lessons` | the lessons, folded up |
//! | `curves`, `lines` | speed-up and time against workers |
//! | `chart`, `scale`, `labels` | what pictures are made of |
//! | `table` | every figure, as text |
//! | `palette` | one hue for each strategy |
//! | `group` | which cells may be compared |
//! | `refresh` | the page from what is in the store |

// Nothing may panic where the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod bars;
mod chart;
mod claim;
mod claim_table;
mod costs;
mod curves;
mod decisions;
mod depth;
mod emphasis;
mod findings;
mod group;
mod host;
mod intervals;
mod jobs;
mod labels;
mod lanes;
mod lessons;
mod lines;
mod page;
pub mod palette;
mod quantity;
mod queue_lesson;
mod refresh;
mod remote_workers;
mod resources;
mod scale;
mod scoreboard;
mod section;
mod sweep;
mod table;
#[cfg(test)]
mod testdata;
#[cfg(test)]
mod testdata_findings;
mod timeline;
mod verdict;
pub mod waits;
mod words;

pub use refresh::refresh;

use ::findings::Findings;
use harness::results::{costs::Costs, evidence::Evidence, output::Output, record::Record, store::StoreError};
use lesson::Lesson;
use support::figures;

/// What a page is made from.
#[derive(Debug, Clone, Default)]
pub struct PageInput {
    /// The newest record of each scenario that was measured.
    pub records: Vec<Record>,
    /// What the evidence says about every claim.
    pub findings: Findings,
    /// That evidence, whose cells the claims' pictures show.
    pub evidence: Evidence,
    /// The scenarios a full run measures, in the page's order. Those without a record are named as missing.
    pub expected_scenarios: Vec<ScenarioNote>,
    /// The pages that Criterion wrote.
    pub criterion: Vec<CriterionLink>,
    /// What a queue costs; `None` where that was not measured.
    pub costs: Option<Costs>,
    /// The lessons to print on it.
    pub lessons: &'static [Lesson],
    /// When the page is written, for people.
    pub generated_at: String,
}

/// A scenario that may not have been measured yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioNote {
    /// Its name, as `makespan run` takes it.
    pub name: String,
    /// Its title, for people.
    pub title: String,
}

/// Where Criterion's page of one cell is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriterionLink {
    /// The scenario's name.
    pub scenario: String,
    /// The strategy's name.
    pub strategy: String,
    /// Workers in all.
    pub workers: u32,
    /// The page's address, relative to ours.
    pub href: String,
}

/// A page is to be sent by mail and opened in a classroom: from this size on, bars in timelines are merged further.
const MOST_BYTES: usize = 4_500_000;

/// How many bars a picture may have, in turn until the page is small enough.
const BARS: [usize; 4] = [1_500, 500, 170, 60];

/// The page as one self-contained HTML text.
pub fn page(input: &PageInput) -> String {
    let mut html = String::new();
    for most_bars in BARS {
        html = page::page(input, most_bars).into_string();
        if html.len() <= MOST_BYTES {
            break;
        }
    }
    html
}

/// Writes the page, and a file whole or not at all: a reader never sees half of one.
pub fn write(out: impl Into<Output>, input: &PageInput) -> Result<(), StoreError> {
    out.into().write(|to| to.write_all(page(input).as_bytes()))
}

#[cfg(test)]
mod tests;
