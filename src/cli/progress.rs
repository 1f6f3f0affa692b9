//! What is to be seen while a measurement goes on: one line on standard error, and nothing when that is not a terminal.
//! It also keeps the record after every cell, so that nothing measured is lost.

use super::print::note;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use makespan::{
    results::{
        record::Record,
        store::{Store, StoreError},
    },
    runner::Observer,
    scenario::CellSpec,
};
use std::path::PathBuf;

pub struct Progress<'a> {
    bar: ProgressBar,
    store: Option<&'a Store>,
    kept: Option<Result<PathBuf, StoreError>>,
}

impl<'a> Progress<'a> {
    pub fn new(store: Option<&'a Store>) -> Self {
        let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{bar:24} {pos:>4}/{len} {msg} ({eta} left)");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, store, kept: None }
    }

    /// Ends the line, and says where the record is.
    pub fn finish(self) -> Option<PathBuf> {
        self.bar.finish_and_clear();
        match self.kept? {
            Ok(path) => Some(path),
            Err(error) => {
                note!("makespan: {error}");
                None
            }
        }
    }
}

impl Observer for Progress<'_> {
    fn preparing(&mut self, what: &str, done: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(done);
        self.bar.set_message(format!("making {what}"));
    }

    fn working(&mut self, cell: &CellSpec, step: u32, total: u32) {
        self.bar.set_length(total.into());
        self.bar.set_position(step.into());
        self.bar.set_message(cell.to_string());
    }

    fn updated(&mut self, record: &Record) {
        // A disk that is full now may have room later: every write is tried, and the last one counts.
        self.kept = self.store.map(|store| store.write(record));
    }
}
