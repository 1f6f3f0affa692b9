//! Records in, one HTML page out.
//!
//! The page is one self-contained file with style, script and charts. This crate measures nothing, reads no clock, and
//! shows no figure that is not in a record.
//!
//! | module | what it makes |
//! |---|---|
//! | `page` | the page around the sections |
//! | `claims` | its front, and a section for each claim: answer, charts, explanations, table, command |
//! | `scenario` | a section for each measured scenario |
//! | `presenter` | the stage on which a claim fills a projector, and the orders of lectures and lessons |
//! | `own_work` | the last advices on a user's own work |
//! | `queue` | when a queue beats a pool, and what it costs |
//! | `lessons` | the lessons, collapsed |
//! | `svg` | the parts of charts, and one colour and mark for each strategy |
//! | `refresh` | writes the page from the store |
//!
//! A module imports only those below it in this order: page, `own_work`, queue, lessons, claims, scenario, svg.

// Nothing may panic when the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod claims;
mod command;
mod lessons;
mod own_work;
mod page;
mod peers;
mod presenter;
mod queue;
mod refresh;
mod scenario;
mod svg;

pub use refresh::refresh;
pub use svg::{palette, waits};

use advice::documents::{AdviceExport, LoadAdviceExport, QuotaExport};
use findings::{Finding, Findings};
use harness::results::{costs::Costs, evidence::Evidence, output::Output, record::Record, store::StoreError};
use lesson::Lesson;

/// The input of a page.
#[derive(Debug, Clone, Default)]
pub struct PageInput {
    /// The newest record of each scenario that was measured.
    pub records: Vec<Record>,
    /// The findings on every claim.
    pub findings: Findings,
    /// The findings of an earlier run, to compare with.
    pub before: Option<Findings>,
    /// The findings on claims of users' files.
    pub own: Vec<OwnFindings>,
    /// The evidence behind the findings, whose cells the claims' charts show.
    pub evidence: Evidence,
    /// The scenarios a full run measures, in the page's order. Those without a record are named as missing.
    pub expected_scenarios: Vec<ScenarioNote>,
    /// The pages that Criterion wrote.
    pub criterion: Vec<CriterionLink>,
    /// What a queue costs; `None` if that was not measured.
    pub costs: Option<Costs>,
    /// The last advice on the user's own work, if any.
    pub advice: Option<AdviceExport>,
    /// The last advice under CPU quotas.
    pub quota_advice: Option<QuotaExport>,
    /// The last for tasks that become due at a rate.
    pub load_advice: Option<LoadAdviceExport>,
    /// The lessons to include.
    pub lessons: &'static [Lesson],
    /// When the page is written, as text.
    pub generated_at: String,
}

/// The findings on the claims of a user's file.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnFindings {
    /// The file.
    pub file: String,
    /// The scenario's title, for people.
    pub title: String,
    /// One for each claim, in order.
    pub claims: Vec<Finding>,
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
