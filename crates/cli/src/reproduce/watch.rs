//! Follows the measurements of several scenarios: shows one progress line on standard error and writes the records.

use super::{
    super::{
        print::{note, printable},
        progress::line,
    },
    MEMORY_SAMPLES,
    asked::{Asked, Part},
    timetable::{Timetable, step_s},
};
use findings::{lookup, open_cells};
use harness::{
    results::{evidence::Evidence, journal::Journal, record::Record, store::StoreError},
    runner::{Observer, Plan, Unfit},
    scenario::CellSpec,
};
use indicatif::{HumanDuration, ProgressBar};
use std::{
    collections::BTreeSet,
    fmt::Display,
    time::{Duration, Instant},
};

pub struct Watch<'a> {
    asked: &'a Asked,
    parts: &'a [Part],
    pub journal: Journal,
    line: ProgressBar,
    /// Printed before the time left: an interim analysis may end a scenario early.
    at_most: &'static str,
    began: Instant,
    timetable: Timetable,
    part: usize,
    /// Why this scenario's record could not be written the last time it was tried.
    unwritten: Option<StoreError>,
}

impl<'a> Watch<'a> {
    /// Estimates durations from the evidence of earlier measurements.
    pub fn new(asked: &'a Asked, parts: &'a [Part], plan: &Plan, evidence: &Evidence, journal: Journal) -> Self {
        let mut timetable = Timetable::default();
        for Part { scenario, cells, memory } in parts {
            let known = lookup(evidence, &scenario.name, &cells.iter().collect::<Vec<_>>())
                .map(|(record, _)| record)
                .filter(|record| (record.time_scale - scenario.time_scale).abs() < f64::EPSILON);
            let probes = u32::from(plan.probe_all);
            let each = plan.last() + probes;
            let samples = memory.len() as u32 * (MEMORY_SAMPLES - probes);
            timetable.add(each * cells.len() as u32 + samples, step_s(scenario, cells, known));
        }
        let at_most = if plan.looks.len() > 1 { "at most " } else { "" };
        let (line, began) = (line("{wide_msg}"), Instant::now());
        Self { asked, parts, journal, line, at_most, began, timetable, part: 0, unwritten: None }
    }

    /// Begins the measurement of this part. Returns the record of an interrupted one.
    pub fn begin(&mut self, part: usize) -> Option<Record> {
        (self.part, self.unwritten) = (part, None);
        self.journal.unfinished(self.scenario())
    }

    /// Ends the measurement of the current part.
    pub fn finish(&mut self) -> Result<(), StoreError> {
        self.timetable.finish(self.part);
        self.unwritten.take().map_or(Ok(()), Err)
    }

    /// This part's share of the time that is left for all parts.
    pub fn budget(&self, left: Duration) -> Duration {
        left.mul_f64(self.timetable.share(self.part).clamp(0.0, 1.0))
    }

    /// Prints a message above the progress line.
    pub fn say(&self, words: impl Display) {
        self.line.suspend(|| note!("{words}"));
    }

    /// Ends the line.
    pub fn close(self) -> Journal {
        self.line.finish_and_clear();
        self.journal
    }

    pub fn exhibit(&self, name: &str) {
        self.line.set_message(format!("exhibit {name}"));
    }

    fn scenario(&self) -> &str {
        &self.parts[self.part].scenario.name
    }

    fn show(&self, what: impl Display) {
        let (done, steps) = self.timetable.steps();
        self.line.set_length(steps);
        self.line.set_position(done);
        let left = Duration::from_secs_f64(self.timetable.left_s(self.began.elapsed().as_secs_f64()));
        let words = format!("{}: {what} ({}{} left)", self.scenario(), self.at_most, HumanDuration(left));
        self.line.set_message(printable(&words).into_owned());
    }
}

impl Observer for Watch<'_> {
    fn preparing(&mut self, what: &str, done: u64, total: u64) {
        self.show(format_args!("making {what}, {done} of {total}"));
    }

    fn working(&mut self, _: usize, cell: &CellSpec, step: u32, total: u32) {
        self.timetable.at(self.part, step, total);
        self.show(cell);
    }

    fn open_cells(&mut self, record: &Record) -> BTreeSet<usize> {
        open_cells(&self.asked.scenarios, self.asked.claims(), record)
    }

    fn starting_anew(&mut self, why: &Unfit) {
        self.say(format_args!("{}: starting over: {why}", self.scenario()));
    }

    fn updated(&mut self, record: &Record) {
        let Part { scenario, cells, .. } = &self.parts[self.part];
        self.timetable.takes(self.part, step_s(scenario, cells, Some(record)));
        // A full disk may have room later: every write is tried, and only the last result counts.
        self.unwritten = self.journal.keep(record).err();
    }
}
