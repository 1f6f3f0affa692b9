//! Records in, one HTML page out.
//!
//! The page is one self-contained file with style, script and charts. This crate measures nothing, reads no clock, and
//! shows no figure that is not in a record.
//!
//! | file | what it makes |
//! |---|---|
//! | `page` | the page around the sections |
//! | `findings`, `scoreboard`, `decisions` | its front: the verdicts on all claims, and the fastest strategies |
//! | `claim`, `claim_table`, `emphasis` | one claim: question, answer, charts, mechanisms, table, command |
//! | `intervals` | the document's figure and ours on one axis |
//! | `lanes`, `sweep` | which cells of a claim are drawn: as lanes, and as the curve that its figure is a point of |
//! | `verdict`, `quantity` | a verdict's word, tone and sign; a claim's figures in their units |
//! | `section` | one scenario: question, answer, charts, table, command |
//! | `host` | the machine and its noise |
//! | `words` | the sentences |
//! | `timeline`, `bars` | what each worker did |
//! | `jobs`, `depth`, `remote_workers` | jobs on their way through a queue, the backlog, workers on other hosts |
//! | `queue_lesson`, `costs` | when a queue beats a pool, and what it costs |
//! | `lessons` | the lessons, collapsed |
//! | `curves`, `lines` | speed-up and time against workers |
//! | `chart`, `scale`, `labels` | the parts of charts |
//! | `table` | every figure, as text |
//! | `palette` | one hue for each strategy |
//! | `group` | which cells may be compared |
//! | `refresh` | writes the page from the store |

// Nothing may panic when the system refuses a thread: `clippy.toml` has the list.
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

/// The input of a page.
#[derive(Debug, Clone, Default)]
pub struct PageInput {
    /// The newest record of each scenario that was measured.
    pub records: Vec<Record>,
    /// The findings on every claim.
    pub findings: Findings,
    /// The evidence behind the findings, whose cells the claims' charts show.
    pub evidence: Evidence,
    /// The scenarios a full run measures, in the page's order. Those without a record are named as missing.
    pub expected_scenarios: Vec<ScenarioNote>,
    /// The pages that Criterion wrote.
    pub criterion: Vec<CriterionLink>,
    /// What a queue costs; `None` if that was not measured.
    pub costs: Option<Costs>,
    /// The lessons to include.
    pub lessons: &'static [Lesson],
    /// When the page is written, as text.
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

/// A link to Criterion's page of one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriterionLink {
    /// The scenario's name.
    pub scenario: String,
    /// The strategy's name.
    pub strategy: String,
    /// Workers in all.
    pub workers: u32,
    /// The URL of Criterion's page, relative to ours.
    pub href: String,
}

/// The page should be small enough for mail and classrooms: above this size, bars in timelines are merged further.
const MOST_BYTES: usize = 4_500_000;

/// The most bars per chart: these limits are tried in turn until the page is small enough.
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

/// Writes the page, atomically: a reader never sees half a file.
pub fn write(out: impl Into<Output>, input: &PageInput) -> Result<(), StoreError> {
    out.into().write(|to| to.write_all(page(input).as_bytes()))
}

#[cfg(test)]
mod tests;
