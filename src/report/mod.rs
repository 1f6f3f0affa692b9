//! Records in, one HTML page out.
//!
//! The page is one file that needs nothing else: style, script and pictures are in it. Nothing here measures, reads a
//! clock, or knows a figure that is not in a record.
//!
//! | file | what it makes |
//! |---|---|
//! | `page` | the page around the sections |
//! | `section` | one scenario: question, answer, pictures, table, command |
//! | `host` | the machine and its noise |
//! | `words` | the plain sentences |
//! | `timeline`, `bars` | what every worker did |
//! | `jobs`, `depth`, `elsewhere` | jobs on their way through a queue, how many waited, workers on other hosts |
//! | `beyond`, `costs` | the lesson on queues: when one beats a pool, and what it costs |
//! | `curves`, `lines` | speed-up and time against workers |
//! | `chart`, `scale`, `labels` | what pictures are made of |
//! | `table`, `figures` | every figure, as text |
//! | `palette` | one hue for each strategy |
//! | `group` | which cells may be compared |
//! | `refresh` | the page from what is in the store |

mod bars;
mod beyond;
mod chart;
mod costs;
mod curves;
mod depth;
mod elsewhere;
mod figures;
mod group;
mod host;
mod jobs;
mod labels;
mod lines;
#[cfg(test)]
mod made_up;
mod page;
mod palette;
mod refresh;
mod resources;
mod scale;
mod section;
mod table;
mod timeline;
mod waits;
mod words;

pub use refresh::refresh;

use crate::results::{
    costs::Costs,
    record::Record,
    store::{StoreError, write_whole},
};
use std::{io::Write, path::Path};

/// What a page is made from.
#[derive(Debug, Clone, Default)]
pub struct PageInput {
    /// The newest record of each scenario that was measured.
    pub records: Vec<Record>,
    /// The scenarios a full run measures, in the page's order. Those without a record are named as missing.
    pub expected_scenarios: Vec<ScenarioNote>,
    /// The pages that Criterion wrote.
    pub criterion: Vec<CriterionLink>,
    /// What a queue costs; `None` where that was not measured.
    pub costs: Option<Costs>,
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

/// The page as one self-contained HTML text.
pub fn page(input: &PageInput) -> String {
    page::page(input).into_string()
}

/// Writes the page to a file, whole or not at all: a reader never sees half of one.
pub fn write(path: &Path, input: &PageInput) -> Result<(), StoreError> {
    write_whole(path, |file| file.write_all(page(input).as_bytes()))
}

#[cfg(test)]
mod tests;
