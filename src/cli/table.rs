//! A record on the terminal: a table of times and one of what was taken, one line for each cell, and one sentence.

use super::print::say;
use comfy_table::{Cell, CellAlignment, Table, presets};
use makespan::{
    results::record::{CellRecord, Check, Estimate, Record, Timer},
    scenario::DEFAULT_VARIANT,
    stats::{ceiling, median::Median, noise::Noise},
    worker::deck::Deal,
};

/// Width of the longest bar, in characters. With it, the table fits into a hundred.
const BAR: f64 = 12.0;

/// Prints the record to standard output.
pub fn print(record: &Record) {
    say!("{}: {}", record.scenario, record.title);
    say!("{}\n", circumstances(record));
    let longest = record.cells.iter().filter_map(median_s).fold(0.0, f64::max);
    let mut table = plain_table([
        "strategy",
        "workers",
        "median",
        "95 % interval",
        "speed-up",
        "95 % interval",
        "efficiency",
        "CPU",
        "",
    ]);
    for cell in &record.cells {
        table.add_row(row(cell, longest));
    }
    say!("{table}");
    if let Some(table) = resources(record) {
        say!("\nWhat a run took:\n\n{table}");
    }
    for cell in record.cells.iter().filter(|cell| cell.check != Check::Passed) {
        let what = if cell.check == Check::Failed { "FAILED" } else { "skipped" };
        say!("{what}: {} x {}: {}", name(cell), cell.shape(), cell.error.as_deref().unwrap_or("no reason given"));
    }
    for (words, cells) in failures(record).into_iter().chain(unwelcome(record)) {
        say!("{}: {words}", cells.join("; "));
    }
    for cell in record.cells.iter().filter(|cell| cell.redeliveries.is_some_and(|times| times > 0)) {
        say!("{} x {}: {}", name(cell), cell.shape(), again(cell));
    }
    say!("\n{}", verdict(record));
}

/// What failed in cells that passed because failing was expected: the same words once, and the cells they are true of.
fn failures(record: &Record) -> Vec<(String, Vec<String>)> {
    let mut failures: Vec<(String, Vec<String>)> = Vec::new();
    let same = |one: &CellRecord, cell: &CellRecord| one.variant == cell.variant && one.timer == cell.timer;
    for cell in record.cells.iter().filter(|cell| cell.check == Check::Passed && cell.task_errors > 0) {
        let baseline = record.cells.iter().find(|one| one.is_baseline() && same(one, cell));
        let did_less = baseline.is_some_and(|baseline| baseline.task_errors < cell.task_errors);
        let less = if did_less { ", so the time is for less work: no speed-up" } else { "" };
        let first = cell.error.as_deref().map(|error| format!("; the first: {error}")).unwrap_or_default();
        let words = format!("{} of {} tasks failed{less}{first}", cell.task_errors, cell.tasks);
        let who = format!("{} x {}", name(cell), cell.shape());
        match failures.iter_mut().find(|(known, _)| *known == words) {
            Some((_, cells)) => cells.push(who),
            None => failures.push((words, vec![who])),
        }
    }
    failures
}

/// Answers in the last round that were no success, though they were what the scenario expects: the same words once, and the
/// cells they are true of.
fn unwelcome(record: &Record) -> Vec<(String, Vec<String>)> {
    let mut told: Vec<(String, Vec<String>)> = Vec::new();
    for cell in record.cells.iter().filter(|cell| cell.check == Check::Passed) {
        let answers: u32 = cell.statuses.values().sum();
        for (status, count) in cell.statuses.iter().filter(|(status, _)| **status >= 400) {
            let words = format!("{count} of {answers} answers had status {status}");
            let who = format!("{} x {}", name(cell), cell.shape());
            match told.iter_mut().find(|(known, _)| *known == words) {
                Some((_, cells)) => cells.push(who),
                None => told.push((words, vec![who])),
            }
        }
    }
    told
}

/// What is to be said of a time in which workers were lost.
fn again(cell: &CellRecord) -> String {
    let (redeliveries, rounds) = (cell.redeliveries.unwrap_or_default(), cell.run_s.len());
    let times = if redeliveries == 1 { "once".into() } else { format!("{redeliveries} times") };
    let plural = if rounds == 1 { "" } else { "s" };
    format!(
        "in {rounds} round{plural}, a job was handed out again {times}: nothing was heard of the worker that had it"
    )
}

/// A table without lines, its columns aligned for figures: the first to the left, the others to the right.
pub fn plain_table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Seconds with three significant figures, in the unit that suits them.
pub fn seconds(time_s: f64) -> String {
    let (value, unit) = match time_s {
        t if t >= 1.0 => (t, "s"),
        t if t >= 1e-3 => (t * 1e3, "ms"),
        t => (t * 1e6, "µs"),
    };
    let decimals = 2_usize.saturating_sub(value.abs().max(1.0).log10() as usize);
    format!("{value:.decimals$} {unit}")
}

fn circumstances(record: &Record) -> String {
    let host = &record.host;
    let mut parts = vec![
        format!("{}, {} cores", host.cpu_model.as_deref().unwrap_or("unknown processor"), host.cores_usable),
        format!("{} of {} rounds, interleaved", record.rounds_done, record.rounds),
    ];
    if (record.time_scale - 1.0).abs() > f64::EPSILON {
        parts.push(format!("latencies divided by {}", record.time_scale));
    }
    if host.profile != "release" {
        parts.push(format!("{} build: figures mislead", host.profile));
    }
    parts.join(" · ")
}

/// The strategy, and what is unusual about the cell.
fn name(cell: &CellRecord) -> String {
    let mut name = cell.strategy.clone();
    if cell.deal != Deal::OneByOne {
        name = format!("{name}, {}", cell.deal);
    }
    match cell.timer {
        Timer::Warm => {}
        Timer::Cold => name.push_str(", cold"),
        Timer::AsPublished => name.push_str(", as published"),
    }
    if cell.variant != DEFAULT_VARIANT {
        name = format!("{name} ({})", cell.variant);
    }
    name
}

fn row(cell: &CellRecord, longest: f64) -> Vec<Cell> {
    let mut row = vec![Cell::new(name(cell)), Cell::new(cell.shape())];
    let Some(median) = Median::of(&cell.timed_s()) else {
        let what = match cell.check {
            Check::Passed => "not measured",
            Check::Failed => "failed",
            Check::Skipped => "skipped",
        };
        row.push(Cell::new(what));
        row.extend((0..6).map(|_| Cell::new("")));
        return row;
    };
    let interval = if median.covers_95_percent() {
        format!("{} – {}", seconds(median.low), seconds(median.high))
    } else {
        "too few rounds".into()
    };
    let run_s = Median::of(&cell.run_s).map_or(0.0, |run| run.median);
    let cpu_s = cell.cpu_user_s.zip(cell.cpu_system_s).map(|(user, system)| user + system);
    let cpu = cpu_s.filter(|_| run_s > 0.0).map_or_else(String::new, |cpu| format!("{:.0} %", 100.0 * cpu / run_s));
    let speedup = |show: fn(Estimate) -> String| cell.speedup.map_or_else(String::new, show);
    let efficiency = cell.speedup.and_then(|speedup| ceiling::efficiency(speedup, cell.workers));
    row.extend([
        Cell::new(seconds(median.median)),
        Cell::new(interval),
        Cell::new(if cell.is_baseline() { "1".into() } else { speedup(|s| format!("{:.2}x", s.estimate)) }),
        Cell::new(speedup(|s| format!("{:.2} – {:.2}", s.low, s.high))),
        Cell::new(efficiency.map_or_else(String::new, |share| format!("{:.0} %", 100.0 * share.estimate))),
        Cell::new(cpu),
        Cell::new(format!("{}{}", bar(median.median / longest), failed(cell))).set_alignment(CellAlignment::Left),
    ]);
    row
}

/// Behind the bar: a time in which tasks failed is another time.
fn failed(cell: &CellRecord) -> String {
    if cell.task_errors > 0 { format!(" {} failed", cell.task_errors) } else { String::new() }
}

/// Processor time, memory, threads and processes of every cell that has a time. `None` where none has one.
fn resources(record: &Record) -> Option<Table> {
    let cells: Vec<&CellRecord> = record.cells.iter().filter(|cell| !cell.timed_s().is_empty()).collect();
    let mut table = plain_table([
        "strategy",
        "workers",
        "CPU user",
        "system",
        "core wait",
        "switches",
        "threads",
        "processes",
        "memory",
        "per worker",
    ]);
    for cell in &cells {
        let count = |number: Option<u32>| number.map_or_else(unknown, |number| number.to_string());
        table.add_row([
            name(cell),
            cell.shape(),
            cell.cpu_user_s.map_or_else(unknown, seconds),
            cell.cpu_system_s.map_or_else(unknown, seconds),
            cell.core_wait_s.map_or_else(unknown, seconds),
            cell.context_switches.map_or_else(unknown, |switches| format!("{switches:.0}")),
            count(cell.most_threads),
            count(cell.most_processes),
            cell.peak_memory_bytes.map_or_else(unknown, memory),
            cell.memory_per_worker_bytes.map_or_else(unknown, memory),
        ]);
    }
    (!cells.is_empty()).then_some(table)
}

/// What was not measured, or can't be on this system.
fn unknown() -> String {
    "?".into()
}

/// Bytes in a unit that suits them, in powers of ten.
pub fn memory(bytes: u64) -> String {
    match bytes as f64 {
        large if large >= 1e6 => format!("{:.1} MB", large / 1e6),
        small => format!("{:.0} kB", small / 1e3),
    }
}

/// A bar in eighths of a character.
fn bar(share: f64) -> String {
    let eighths = (share * BAR * 8.0).round().max(1.0) as usize;
    let part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    format!("{}{part}", "█".repeat(eighths / 8))
}

fn median_s(cell: &CellRecord) -> Option<f64> {
    Median::of(&cell.timed_s()).map(|median| median.median)
}

/// The shortest time of a cell that did all of its work.
fn shortest(record: &Record) -> Option<(f64, &CellRecord)> {
    let whole = record.cells.iter().filter(|cell| cell.task_errors == 0);
    whole.filter_map(|cell| Some((median_s(cell)?, cell))).min_by(|a, b| a.0.total_cmp(&b.0))
}

/// One sentence: which was the fastest, and did the machine hold still?
fn verdict(record: &Record) -> String {
    let baseline = record.cells.iter().find(|cell| cell.is_baseline());
    let measured = record.cells.iter().filter_map(|cell| Some((cell.speedup?, cell)));
    let fastest = measured.max_by(|a, b| a.0.estimate.total_cmp(&b.0.estimate));
    let mut sentence = match fastest {
        Some((speedup, cell)) => format!(
            "Fastest: {} with {} workers, {:.2} times as fast as one after another (95 % interval {:.2}–{:.2}, {} rounds).",
            name(cell),
            cell.shape(),
            speedup.estimate,
            speedup.low,
            speedup.high,
            cell.run_s.len()
        ),
        None => match shortest(record) {
            Some((time_s, cell)) if baseline.is_some_and(|cell| cell.check != Check::Passed) => format!(
                "Shortest: {} with {} workers, {}. There is no speed-up, because sequential has no time.",
                name(cell),
                cell.shape(),
                seconds(time_s)
            ),
            _ => "Nothing to compare: a speed-up needs two rounds of two cells.".into(),
        },
    };
    let noise = baseline.and_then(|cell| Noise::of(&cell.timed_s())).map(|noise| noise.assess());
    if let Some(noise) = noise.filter(|noise| !noise.quiet) {
        sentence = format!("{sentence}\nNoise: sequential {}; {}.", noise.found, noise.remedy.unwrap_or_default());
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_three_figures_and_a_fitting_unit() {
        let shown: Vec<String> = [0.000_012_3, 0.00123, 0.0154, 0.4512, 1.0, 23.1019, 0.0].map(seconds).into();
        assert_eq!(shown, ["12.3 µs", "1.23 ms", "15.4 ms", "451 ms", "1.00 s", "23.1 s", "0.00 µs"]);
    }

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        assert_eq!((bar(1.0).chars().count(), bar(0.5).chars().count(), bar(0.0)), (12, 6, "▏".to_owned()));
    }
}
