//! Progress of a measurement: one line on standard error, and nothing if that is not a terminal. Also writes the record
//! after every cell, so that nothing measured is lost.

use super::print::{note, printable};
use harness::{
    results::{
        record::Record,
        store::{Store, StoreError},
    },
    runner::{Observer, cell::CellError},
    scenario::CellSpec,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::path::PathBuf;

/// The progress line: a bar, then the template.
pub fn line(template: &str) -> ProgressBar {
    let line = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(&format!("{{bar:24}} {{pos:>4}}/{{len}} {template}"));
    line.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    line
}

/// Follows the measurement of one scenario, and writes its record whenever it has changed.
pub struct Progress<'a> {
    line: ProgressBar,
    store: Option<&'a Store>,
    kept: Option<Result<PathBuf, StoreError>>,
}

impl<'a> Progress<'a> {
    pub fn new(store: Option<&'a Store>) -> Self {
        Self { line: line("{msg} ({eta} left)"), store, kept: None }
    }

    /// Ends the line, and returns the record's path. If it could not be written, prints why.
    pub fn finish(self) -> Option<PathBuf> {
        self.line.finish_and_clear();
        self.kept?.inspect_err(|error| note!("makespan: {error}")).ok()
    }
}

impl Observer for Progress<'_> {
    fn preparing(&mut self, what: &str, done: u64, total: u64) {
        self.line.set_length(total);
        self.line.set_position(done);
        self.line.set_message(format!("making {what}"));
    }

    fn working(&mut self, _: usize, cell: &CellSpec, step: u32, total: u32) {
        self.line.set_length(total.into());
        self.line.set_position(step.into());
        self.line.set_message(printable(&cell.to_string()).into_owned());
    }

    fn lost(&mut self, why: &CellError) {
        self.line.suspend(|| note!("makespan: {why}"));
    }

    fn updated(&mut self, record: &Record) {
        // A full disk may have room later: every write is tried, and only the last result counts.
        self.kept = self.store.map(|store| store.write(record));
    }
}
