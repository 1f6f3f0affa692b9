//! Draws a race on a screen of any size: its progress, the lanes of all cells on one time axis, and the speedups.
//!
//! Each cell keeps its rows for the whole race. Cells run alternately, many times a second and in a shuffled order: if
//! the running cell got the others' room, all rows would jump. Lanes are merged where there are fewer rows than
//! workers.

use super::{
    super::{
        print::{printable, wrapped},
        table::seconds,
    },
    raster::{self, KINDS, look},
    rows::Rows,
};
use harness::{
    live::{
        Race,
        event::{LANES, RacePlan},
        race::RacingCell,
    },
    results::record::Check,
};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Modifier, Style},
};
use stats::{Estimate, median::median};
use support::figures::count;

/// On a smaller screen lanes aren't legible, and only times and speedups are shown.
const SMALLEST: (u16, u16) = (60, 14);

/// On a smaller one those aren't, either.
const COMPACT: (u16, u16) = (30, 7);

/// Above the lanes: the question, the progress, the current figures, and an empty row.
const HEAD: u16 = 4;

/// Below everything: the legend and the keys.
const FOOT: u16 = 2;

/// Longer names are cut.
const LONGEST_NAME: usize = 24;

/// A median time, with a space before it.
const TIME: usize = 9;

/// A speedup alone, with spaces before it.
const RATIO: usize = 9;

/// A speedup in figures, with its interval and the spaces before it.
const SPEED_UP: usize = 22;

/// The state to draw.
#[derive(Debug)]
pub struct RaceScreen {
    /// The race so far.
    pub race: Race,
    /// Whether the race was told to stop.
    pub stopping: bool,
    /// Whether it is over, and its picture stays until a key is pressed.
    pub held: bool,
    /// Whether colours are wanted. Without them, the signs still tell everything apart.
    pub colour: bool,
}

/// Where the columns are.
struct LaneColumns {
    /// Names, preceded by the mark of the running cell.
    name: usize,
    /// Lanes or bars.
    middle: usize,
    /// Figures.
    right: usize,
}

/// A pen: text from left to right in one row, cut where the row ends.
struct Pen<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
    colour: bool,
}

impl Pen<'_> {
    fn write(&mut self, row: u16, column: usize, text: &str, style: Style) {
        let column = u16::try_from(column).unwrap_or(u16::MAX);
        if row < self.area.height && column < self.area.width {
            let style = if self.colour { style } else { Style { fg: None, ..style } };
            let width = usize::from(self.area.width - column);
            self.buffer.set_stringn(self.area.x + column, self.area.y + row, printable(text), width, style);
        }
    }

    fn write_right(&mut self, row: u16, text: &str, style: Style) {
        let column = usize::from(self.area.width).saturating_sub(text.chars().count());
        self.write(row, column, text, style);
    }
}

fn plain() -> Style {
    Style::new()
}

fn bold() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

fn faint() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

impl RaceScreen {
    /// Draws it.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen { buffer, area, colour: self.colour };
        let (width, height) = SMALLEST;
        if area.width < COMPACT.0 || area.height < COMPACT.1 {
            let row = area.height.saturating_sub(1) / 2;
            let (width, height) = COMPACT;
            pen.write(row, 0, &format!("needs {width} x {height}, has {} x {}", area.width, area.height), plain());
            pen.write(
                row + 1,
                0,
                if self.held { "the race is over; q leaves" } else { "the race goes on; q stops it" },
                plain(),
            );
            return;
        }
        if area.width < width || area.height < height {
            self.compact(&mut pen);
            return;
        }
        self.head(&mut pen);
        let body = area.height - HEAD - FOOT;
        let merged = if self.race.entries.is_empty() {
            pen.write(HEAD, 0, "The lanes appear when setup is done.", faint());
            false
        } else {
            self.body(&mut pen, body)
        };
        self.foot(&mut pen, area.height - FOOT, merged);
    }

    /// The progress, and each cell's time and speedup.
    fn compact(&self, pen: &mut Pen) {
        const HEAD: u16 = 2;
        pen.write(0, 0, &self.at_what(), bold());
        pen.write(1, 0, &self.figures(), plain());
        let entries = &self.race.entries;
        let room = usize::from(pen.area.height - HEAD - 1);
        let shown = if entries.len() <= room { entries.len() } else { room - 1 };
        let at = self.race.at.map_or(0, |(cell, ..)| cell);
        let first = (at / shown.max(1) * shown).min(entries.len() - shown);
        let name = usize::from(pen.area.width) - TIME - RATIO;
        for (row, (number, entry)) in (HEAD..).zip(entries.iter().enumerate().skip(first).take(shown)) {
            self.name(pen, row, number, name, plain());
            let speedup = known_speed_up(entry, number).map(|speedup| format!("{:.2}x", speedup.estimate));
            let figures = match why_without_time(entry) {
                Some(why) => format!(" {}", cut(&why, TIME + RATIO - 1)),
                None => format!(
                    "{:>TIME$}{:>RATIO$}",
                    time_s(entry).map(seconds).unwrap_or_default(),
                    speedup.unwrap_or_default()
                ),
            };
            pen.write(row, name, &figures, plain());
        }
        if shown < entries.len() {
            pen.write(HEAD + shown as u16, 2, &format!("and {} more", entries.len() - shown), faint());
        }
        pen.write(pen.area.height - 1, 0, &cut(self.keys(), usize::from(pen.area.width)), bold());
    }

    /// What the keys do now.
    fn keys(&self) -> &'static str {
        match (self.held, self.stopping) {
            (true, _) => "over. q: leave, and print the table",
            (false, true) => "stopping: measured rounds are kept",
            (false, false) => "q, Esc, Ctrl-C: stop",
        }
    }

    fn head(&self, pen: &mut Pen) {
        if let Some(plan) = &self.race.plan {
            pen.write(0, 0, &format!("{}: {}", plan.title, plan.question), bold());
        } else {
            pen.write(0, 0, "makespan race", bold());
        }
        pen.write(1, 0, &self.at_what(), plain());
        let scale = self.race.plan.as_ref().map_or(1.0, |plan| plan.time_scale);
        if (scale - 1.0).abs() > f64::EPSILON {
            pen.write_right(1, &format!("  latencies divided by {scale}"), faint());
        }
        pen.write(2, 0, &self.figures(), plain());
    }

    /// The progress in words.
    fn at_what(&self) -> String {
        let race = &self.race;
        if self.held {
            let rounds = race.plan.as_ref().map_or(0, |plan| plan.rounds);
            return format!("finished: {}", count(rounds as usize, "round"));
        }
        let (Some(plan), Some((cell, timed, step, total))) = (&race.plan, race.at) else {
            return match &race.preparing {
                Some((what, done, total)) => format!("making {what}: {done} of {total}"),
                None => "starting".into(),
            };
        };
        let name = plan.cells.get(cell).map_or("?", |cell| &cell.name);
        if timed {
            let (round, rounds) = (round(plan, step, total), plan.rounds);
            format!("round {round} of {rounds}: {name}")
        } else {
            format!("checking the answers of {name}, untimed")
        }
    }

    /// The current figures.
    fn figures(&self) -> String {
        let mut parts = Vec::new();
        if let Some(entry) = self.running() {
            parts.push(format!("{:.2} s", entry.clock_s));
            parts.push(format!("{} of {} tasks", entry.tasks_done, entry.cell.tasks));
            parts.push(format!("{} in flight", entry.in_flight));
        }
        if let Some(plan) = &self.race.plan {
            let cores = count(plan.cores as usize, "core");
            let in_use = self.race.cores.map(|used| format!("{used:.1} of {cores} in use"));
            parts.push(in_use.unwrap_or(cores));
        }
        parts.join(" · ")
    }

    /// The cell that is being measured.
    fn running(&self) -> Option<&RacingCell> {
        let (cell, timed, ..) = self.race.at?;
        self.race.entries.get(cell).filter(|_| timed)
    }

    /// Returns whether some rows stand for several workers.
    fn body(&self, pen: &mut Pen, height: u16) -> bool {
        let entries = &self.race.entries;
        let workers: Vec<u32> = entries.iter().map(|entry| entry.cell.workers).collect();
        let at = self.race.at.map_or(0, |(cell, ..)| cell.min(entries.len() - 1));
        // The last row is the axis.
        let rows = Rows::deal(&workers, usize::from(height) - 1, at);
        let name = entries.iter().map(|entry| entry.cell.name.chars().count()).max().unwrap_or(0).min(LONGEST_NAME) + 3;
        let right = if rows.bars { TIME } else { TIME + SPEED_UP };
        let columns = LaneColumns { name, right, middle: usize::from(pen.area.width) - name - right };
        let axis_s = raster::round_up(entries.iter().map(reach_s).fold(0.0, f64::max));
        let mut row = HEAD;
        for (number, &height) in (rows.first..).zip(&rows.heights) {
            self.lanes(pen, row, height, number, axis_s, &columns, !rows.bars);
            row += height as u16;
        }
        let left_out = entries.len() - rows.heights.len();
        if left_out > 0 {
            pen.write(row, 2, &format!("and {left_out} more"), faint());
            row += 1;
        }
        axis(pen, row, axis_s, &columns);
        if rows.bars {
            self.bars(pen, row + 2, name);
        }
        (rows.first..).zip(&rows.heights).any(|(number, &height)| height < workers[number].min(LANES) as usize)
    }

    /// A cell: its name, its lanes, its time.
    #[expect(clippy::too_many_arguments, reason = "where, how large, and what")]
    fn lanes(
        &self,
        pen: &mut Pen,
        row: u16,
        height: usize,
        number: usize,
        axis_s: f64,
        columns: &LaneColumns,
        with_speed_up: bool,
    ) {
        let entry = &self.race.entries[number];
        let runs = self.race.at.is_some_and(|(cell, timed, ..)| cell == number && timed);
        self.name(pen, row, number, columns.name, if runs { bold() } else { plain() });
        if let Some(why) = why_without_time(entry) {
            let width = columns.middle + columns.right;
            let mut lines = wrapped(&why, width);
            if lines.len() > height {
                lines.drain(height..);
                lines.last_mut().into_iter().for_each(|line| line.push_str(" …"));
            }
            for (row, line) in (row..).zip(lines) {
                pen.write(row, columns.name, &cut(&line, width), Style::new().fg(Color::Red));
            }
            return;
        }
        if entry.cell.workers > LANES && height > 1 {
            pen.write(row + 1, 2, &cut(&format!("first {LANES} workers"), columns.name - 3), faint());
        }
        let shown = entry.cell.workers.clamp(1, LANES) as usize;
        for line in 0..height {
            // If there are more lanes than rows, neighbouring lanes are merged.
            let block = line * shown / height..(line + 1) * shown / height;
            let lanes = block.filter_map(|worker| entry.lanes.get(worker));
            let cells = raster::row(lanes, entry.clock_s, axis_s, columns.middle);
            for (column, doing) in cells.into_iter().enumerate().filter_map(|(column, doing)| Some((column, doing?))) {
                let (sign, colour) = look(doing);
                pen.write(row + line as u16, columns.name + column, sign, Style::new().fg(colour));
            }
        }
        let at = columns.name + columns.middle;
        if let Some(time_s) = time_s(entry) {
            pen.write(row, at, &format!("{:>TIME$}", seconds(time_s)), plain());
        }
        if with_speed_up {
            pen.write(row, at + TIME, &speed_up(entry, number), plain());
        }
    }

    fn name(&self, pen: &mut Pen, row: u16, number: usize, width: usize, style: Style) {
        let runs = self.race.at.is_some_and(|(cell, ..)| cell == number);
        pen.write(row, 0, if runs { "▸" } else { " " }, style);
        pen.write(row, 2, &cut(&self.race.entries[number].cell.name, width - 3), style);
    }

    /// Speedups with their intervals, all on one axis from 0 to a little more than the largest.
    fn bars(&self, pen: &mut Pen, row: u16, name: usize) {
        let entries = &self.race.entries;
        let known = entries.iter().filter_map(|entry| Some(entry.standing.as_ref()?.speedup?.estimate));
        let most = raster::round_up(1.2 * known.fold(1.0, f64::max));
        pen.write(row, name, "speedup over sequential, with its 95 % interval", faint());
        let width = usize::from(pen.area.width) - name - SPEED_UP;
        for (number, entry) in entries.iter().enumerate() {
            let row = row + 1 + number as u16;
            self.name(pen, row, number, name, plain());
            if let Some(speed_up) = known_speed_up(entry, number) {
                pen.write(row, name, &bar(speed_up, most, width), Style::new().fg(Color::Green));
            }
            pen.write(row, name + width, &speed_up(entry, number), plain());
        }
    }

    fn foot(&self, pen: &mut Pen, row: u16, merged: bool) {
        let words = ["running", "waits for the server", "for the link", "for the lock"];
        let mut column = 0;
        for (kind, words) in KINDS.into_iter().zip(words) {
            let (sign, colour) = look(kind);
            pen.write(row, column, &sign.repeat(2), Style::new().fg(colour));
            pen.write(row, column + 3, words, faint());
            column += words.chars().count() + 5;
        }
        pen.write(row + 1, 0, self.keys(), bold());
        if merged {
            pen.write(row + 1, self.keys().len() + 2, "some rows: several workers", faint());
        }
        if let Some((.., step, total)) = self.race.at {
            pen.write_right(row + 1, &format!("step {} of {total}", step.saturating_add(1)), faint());
        }
    }
}

/// The round of a timed step, counted from 1. The steps before the first round belong to no round.
fn round(plan: &RacePlan, step: u32, total: u32) -> u32 {
    let cells = plan.cells.len().max(1) as u32;
    let before = total.saturating_sub(plan.rounds.saturating_mul(cells));
    (step.saturating_sub(before) / cells).saturating_add(1)
}

/// How far a cell reaches on the time axis: the longer of the run that is shown and the longest earlier one.
fn reach_s(entry: &RacingCell) -> f64 {
    let before = entry.standing.iter().flat_map(|standing| &standing.times_s);
    before.copied().fold(entry.clock_s, f64::max)
}

fn time_s(entry: &RacingCell) -> Option<f64> {
    median(&entry.standing.as_ref()?.times_s)
}

fn why_without_time(entry: &RacingCell) -> Option<String> {
    let standing = entry.standing.as_ref()?;
    let what = match standing.check {
        Check::NotMeasured | Check::Passed => return None,
        Check::Failed => "FAILED",
        Check::Skipped => "skipped",
    };
    Some(format!("{what}: {}", standing.error.as_deref().unwrap_or("no reason given")))
}

/// The baseline's speedup over itself is exactly 1.
fn known_speed_up(entry: &RacingCell, number: usize) -> Option<Estimate> {
    let itself = Estimate { estimate: 1.0, low: 1.0, high: 1.0 };
    time_s(entry)?;
    if number == 0 { Some(itself) } else { entry.standing.as_ref()?.speedup }
}

/// The speedup in figures, or why there is none.
fn speed_up(entry: &RacingCell, number: usize) -> String {
    let Some(standing) = entry.standing.as_ref().filter(|standing| !standing.times_s.is_empty()) else {
        return String::new();
    };
    let (failed, tasks) = (standing.task_errors, entry.cell.tasks);
    match standing.speedup {
        _ if number == 0 => "  1".into(),
        Some(Estimate { estimate, low, high }) => format!("  {estimate:.2}x {low:.2} – {high:.2}"),
        None if failed > 0 => format!("  {failed} of {tasks} failed"),
        None if standing.times_s.len() < 2 => "  one round so far".into(),
        None => "  not known".into(),
    }
}

/// A bar up to the estimate, with its interval as a whisker. An interval that reaches beyond `most` ends in an arrow.
fn bar(speed_up: Estimate, most: f64, width: usize) -> String {
    let place = |value: f64| ((value / most * (width.saturating_sub(1)) as f64).round().max(0.0) as usize).min(width);
    let (estimate, low, high) = (place(speed_up.estimate), place(speed_up.low), place(speed_up.high));
    let sign = |at: usize| match at {
        at if at == estimate => '●',
        at if at + 1 == width && high >= width => '▸',
        at if at == low => '├',
        at if at == high => '┤',
        at if at < low.min(estimate) => '━',
        at if at < high => '─',
        _ => ' ',
    };
    (0..width).map(sign).collect::<String>().trim_end().into()
}

/// Ticks at round times, as many as their labels have room for.
fn axis(pen: &mut Pen, row: u16, axis_s: f64, columns: &LaneColumns) {
    const LABEL: usize = 12;
    let step_s = raster::round_up_to(&[1.0, 2.0, 5.0, 10.0], axis_s * LABEL as f64 / columns.middle.max(1) as f64);
    for tick in (0..columns.middle).take_while(|&tick| tick as f64 * step_s <= axis_s) {
        let time_s = tick as f64 * step_s;
        let column = (time_s / axis_s * columns.middle as f64) as usize;
        let label = if tick == 0 { "0".into() } else { seconds(time_s) };
        if column + label.chars().count() + 1 < columns.middle + columns.right {
            pen.write(row, columns.name + column, &format!("╵{label}"), faint());
        }
    }
}

/// The text, or as much of it as fits, followed by an ellipsis.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.into();
    }
    let mut kept: String = text.chars().take(width.saturating_sub(1)).collect();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness::live::{
        Event,
        event::{Change, Contender, LaneUpdate, Standing},
    };
    use proptest::prelude::*;
    use work::worker::lane::Activity;

    /// The screen's text, without the spaces at the ends of rows.
    fn seen(race: &Race, width: u16, height: u16) -> String {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        RaceScreen { race: race.clone(), stopping: false, held: false, colour: true }.draw(area, &mut buffer);
        let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        (0..height).map(row).collect::<Vec<_>>().join("\n")
    }

    fn contender(strategy: &str, workers: u32) -> Contender {
        Contender { name: format!("{strategy} x {workers}"), strategy: strategy.into(), workers, tasks: 30 }
    }

    /// Three rounds of these cells, set up.
    fn set_up(cells: &[(&str, u32)]) -> Race {
        let plan = RacePlan {
            schema: String::new(),
            scenario: "latency_only".into(),
            title: "Thirty waits of 15 ms".into(),
            question: "How much faster do thirty waits get?".into(),
            time_scale: 2.0,
            rounds: 3,
            cores: 2,
            cells: cells.iter().map(|&(strategy, workers)| contender(strategy, workers)).collect(),
        };
        told(Race::default(), [Event::SetUp(plan), Event::Cores { cores: 0.42 }])
    }

    fn told(mut race: Race, events: impl IntoIterator<Item = Event>) -> Race {
        events.into_iter().for_each(|event| race.add(event));
        race
    }

    fn standing(times_s: &[f64], speedup: Option<(f64, f64, f64)>) -> Standing {
        let speedup = speedup.map(|(estimate, low, high)| Estimate { estimate, low, high });
        Standing {
            check: Check::Passed,
            error: None,
            task_errors: 0,
            times_s: times_s.to_vec(),
            p99_s: Vec::new(),
            speedup,
            place: None,
        }
    }

    fn failed(check: Check, error: &str) -> Standing {
        Standing { check, error: Some(error.into()), ..standing(&[], None) }
    }

    /// Each worker of the cell fetches, one task after another, until `clock_s`.
    fn lanes(cell: usize, workers: u32, clock_s: f64) -> Event {
        let turns = |worker: u32| {
            let task = move |at: u32| {
                let from_s = 0.015 * f64::from(at);
                let later = [
                    (0.0, Activity::Run),
                    (0.001, Activity::WaitServer),
                    (0.009, Activity::WaitLink),
                    (0.012, Activity::WaitLock),
                ];
                later.map(|(after_s, doing)| Change { worker, task: Some(at), doing, at_s: from_s + after_s })
            };
            (0..30 / workers).flat_map(task).filter(move |change| change.at_s < clock_s)
        };
        let changes = (0..workers).flat_map(turns).collect();
        Event::Lanes(LaneUpdate { cell, clock_s, running: true, in_flight: workers, tasks_done: 7, run: 1, changes })
    }

    const FOUR: [(&str, u32); 4] = [("sequential", 1), ("threads", 5), ("processes", 5), ("async", 15)];

    fn mid_run() -> Race {
        let working = Event::Working { cell: 1, timed: true, step: 6, total: 16 };
        let standings =
            vec![standing(&[0.45], None), standing(&[], None), standing(&[0.091], None), standing(&[], None)];
        let events = [lanes(0, 1, 0.45), working, lanes(1, 5, 0.055), Event::Standings { cells: standings }];
        told(set_up(&FOUR), events)
    }

    fn measured() -> Race {
        let working = Event::Working { cell: 3, timed: true, step: 15, total: 16 };
        let cells = vec![
            standing(&[0.45, 0.452, 0.451], None),
            standing(&[0.0906, 0.091, 0.0912], Some((4.95, 4.91, 4.99))),
            standing(&[0.092, 0.11, 0.093], Some((4.6, 3.2, 6.3))),
            standing(&[0.0306, 0.031, 0.0312], Some((14.6, 9.0, 31.0))),
        ];
        let events = [lanes(0, 1, 0.45), lanes(1, 5, 0.09), lanes(2, 5, 0.09), working, lanes(3, 15, 0.03)];
        told(told(set_up(&FOUR), events), [Event::Standings { cells }])
    }

    fn with_failures() -> Race {
        let race = set_up(&[("sequential", 1), ("thread_per_task", 300), ("threads", 50), ("queue", 2)]);
        let why = "the pool did not start: the system refused thread 81 of 300, which is what this variant is about";
        let few = Standing { task_errors: 12, ..standing(&[0.3, 0.3], None) };
        let cells = vec![
            standing(&[0.45, 0.45], None),
            failed(Check::Failed, why),
            few,
            failed(Check::Skipped, "only one_by_one"),
        ];
        told(race, [lanes(2, 15, 0.03), Event::Standings { cells }])
    }

    #[test]
    fn what_is_seen() {
        let preparing = Event::Preparing { what: "photographs".into(), done: 12, total: 160 };
        let checking = Event::Working { cell: 2, timed: false, step: 2, total: 16 };
        let races = [
            ("waiting", told(Race::default(), [preparing])),
            ("checking", told(set_up(&FOUR), [checking])),
            ("mid_run", mid_run()),
            ("measured", measured()),
            ("failed", with_failures()),
        ];
        for (name, race) in races {
            insta::assert_snapshot!(format!("{name}_80x24"), seen(&race, 80, 24));
            insta::assert_snapshot!(format!("{name}_120x40"), seen(&race, 120, 40));
        }
        insta::assert_snapshot!("compact", seen(&measured(), 40, 12));
        insta::assert_snapshot!("too_small", seen(&mid_run(), 29, 10));
    }

    #[test]
    fn where_not_all_cells_fit_the_one_that_runs_does() {
        let cells: Vec<(&str, u32)> =
            std::iter::once(("sequential", 1)).chain((2..40).map(|n| ("threads", n))).collect();
        let race = told(set_up(&cells), [Event::Working { cell: 30, timed: true, step: 30, total: 117 }]);
        insta::assert_snapshot!("many_cells", seen(&race, 80, 24));
        insta::assert_snapshot!("many_cells_compact", seen(&race, 40, 12));
    }

    #[test]
    fn a_finished_race_says_how_to_leave_it_and_merged_lanes_are_explained() {
        let area = Rect::new(0, 0, 80, 24);
        let draw = |held| {
            let mut buffer = Buffer::empty(area);
            RaceScreen { race: measured(), stopping: false, held, colour: false }.draw(area, &mut buffer);
            buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect::<String>()
        };
        assert!(draw(true).contains("q: leave") && draw(true).contains("finished"), "{}", draw(true));
        assert!(draw(false).contains("q, Esc, Ctrl-C: stop") && draw(false).contains("some rows: several workers"));
    }

    #[test]
    fn without_colours_the_signs_are_the_same() {
        let area = Rect::new(0, 0, 80, 24);
        let draw = |colour| {
            let mut buffer = Buffer::empty(area);
            RaceScreen { race: mid_run(), stopping: false, held: false, colour }.draw(area, &mut buffer);
            buffer
        };
        let (with, without) = (draw(true), draw(false));
        let signs = |buffer: &Buffer| buffer.content.iter().map(|cell| cell.symbol().to_owned()).collect::<Vec<_>>();
        assert_eq!(signs(&with), signs(&without));
        assert!(with.content.iter().any(|cell| cell.fg != Color::Reset));
        assert!(without.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    }

    #[test]
    fn an_interval_beyond_the_axis_has_an_arrow() {
        let estimate = |estimate, low, high| Estimate { estimate, low, high };
        assert_eq!(bar(estimate(5.0, 4.0, 6.0), 10.0, 11), "━━━━├●┤");
        assert_eq!(bar(estimate(5.0, 4.99, 5.01), 10.0, 11), "━━━━━●");
        assert_eq!(bar(estimate(5.0, 2.0, 50.0), 10.0, 11), "━━├──●────▸");
    }

    proptest! {
        #[test]
        fn any_race_at_any_size_is_drawn(
            times in prop::collection::vec(any::<f64>(), 0..4),
            figures in any::<(f64, f64, f64)>(),
            at in any::<(usize, bool, u32, u32)>(),
            workers in prop::collection::vec(any::<u32>(), 0..30),
            (width, height) in (0_u16..200, 0_u16..80),
        ) {
            let mut race = set_up(&workers.iter().map(|&workers| ("threads", workers)).collect::<Vec<_>>());
            race.at = Some(at);
            for entry in &mut race.entries {
                entry.clock_s = figures.0;
                entry.standing = Some(standing(&times, Some(figures)));
                entry.lanes = vec![vec![harness::live::race::Stretch { doing: Activity::Run, from_s: figures.1, to_s: None }]];
            }
            seen(&race, width, height);
        }
    }
}
