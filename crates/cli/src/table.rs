//! A record on the terminal: a table of times and one of resources, one line per cell, and a summary sentence.

mod fit;
mod latencies;

use super::print::{entry, fitted, say};
use harness::{
    results::{
        places::places,
        record::{CellRecord, Check, Record},
    },
    scenario::{DEFAULT_VARIANT, Timer},
};
use latencies::{BEGUN, DUE};
use stats::{
    Estimate, ceiling,
    median::Median,
    noise::{Assessment, Noise},
    ranking::Place,
};
use support::{
    figures::{self, exact, fixed},
    terminal::width,
};
use work::{
    strategy::{Strategy, sequential::Sequential},
    worker::{error::LostWorker, task_queue::Schedule},
};

pub use fit::fit;

/// Width of the longest bar, in characters.
const BAR: f64 = 12.0;

/// Prints the record.
pub fn print(record: &Record) {
    say!("{}", fitted(&format!("{}: {}", record.scenario, record.title)));
    say!("{}\n", fitted(&circumstances(record)));
    let longest = record.cells.iter().filter_map(median_s).fold(0.0, f64::max);
    let heads = ["strategy", "workers", "median", "95 % interval", "speedup", "95 % interval", "efficiency", "CPU", ""];
    let rows: Vec<[String; 9]> = record.cells.iter().map(|cell| row(record, cell, longest)).collect();
    say!("{}", fit(heads, &rows, &[8, 7, 6], width()));
    if let Some(table) = resources(record) {
        say!("\nResources of a run:\n\n{table}");
    }
    for since in [DUE, BEGUN].iter().skip(usize::from(!record.has_arrivals())) {
        let Some(table) = latencies::latencies(record, since) else { continue };
        let title = format!("Latency of a task, {}, and throughput:", since.0);
        say!("\n{}\n\n{table}", fitted(&title));
    }
    for cell in record.cells.iter().filter(|cell| matches!(cell.check, Check::Failed | Check::Skipped)) {
        let what = if cell.check == Check::Failed { "FAILED" } else { "skipped" };
        let why = cell.error().unwrap_or("no reason given");
        say!("{}", fitted(&format!("{what}: {}: {why}", who(cell))));
    }
    for (words, cells) in failures(record).into_iter().chain(unwelcome(record)) {
        say!("{}", fitted(&format!("{}: {words}", cells.join("; "))));
    }
    for cell in record.cells.iter().filter(|cell| cell.redeliveries().is_some_and(|times| times > 0)) {
        say!("{}", fitted(&format!("{}: {}", who(cell), again(cell))));
    }
    for cell in &record.cells {
        for words in lost_workers(cell).chain(disturbances(cell)) {
            say!("{}", fitted(&format!("{}: {words}", who(cell))));
        }
    }
    left_out(record);
    for disturbance in record.disturbances() {
        say!("{}", fitted(&disturbance));
    }
    say!("\n{}", fitted(&verdict(record)));
}

/// The worker processes that a queue's runs lost, each named: the other workers did their jobs.
fn lost_workers(cell: &CellRecord) -> impl Iterator<Item = String> {
    cell.lost_workers().map(|(round, LostWorker { process, how })| {
        format!("lost worker process {process} in round {}: {how}; no speedup", round + 1)
    })
}

/// Disturbances of a queue's runs: runs whose time does not count, and other runs on the same queue.
fn disturbances(cell: &CellRecord) -> Vec<String> {
    let excluded = cell.excluded.iter().map(|run| {
        let round = run.timeline.round + 1;
        let then = if cell.check == Check::Passed {
            "its time does not count, and it was measured again"
        } else {
            "its time does not count"
        };
        format!("a run in round {round}: {}; {then}", run.reason)
    });
    let others = cell.other_runs().filter(|others| *others > 0).map(|others| {
        let runs = if others == 1 { "another run".into() } else { format!("{others} other runs") };
        format!(
            "{runs} used the same queue at the same time and shared its workers: use --queue-name for a separate queue"
        )
    });
    excluded.chain(others).collect()
}

/// Prints the files of the user's folder that were skipped, and why.
fn left_out(record: &Record) {
    let Some((measured, all, reasons)) = record.pictures() else { return };
    say!("\n{measured} of {all} pictures were measured. Skipped:");
    for (why, files) in reasons {
        entry("", 2, &format!("{}: {why}", files.join(", ")));
    }
}

/// Failed tasks of cells that passed because failures were expected: each message once, with its cells.
fn failures(record: &Record) -> Vec<(String, Vec<String>)> {
    let mut failures: Vec<(String, Vec<String>)> = Vec::new();
    let same = |one: &CellRecord, cell: &CellRecord| {
        one.spec.variant == cell.spec.variant && one.spec.timer == cell.spec.timer
    };
    for cell in record.cells.iter().filter(|cell| cell.check == Check::Passed && cell.task_errors() > 0) {
        let baseline = record.cells.iter().find(|one| one.is_baseline && same(one, cell));
        let did_less = baseline.is_some_and(|baseline| baseline.task_errors() < cell.task_errors());
        let less = if did_less { ", so the time is for less work: no speedup" } else { "" };
        let first = cell.error().map(|error| format!("; the first error: {error}")).unwrap_or_default();
        let tasks = figures::count(cell.tasks as usize, "task");
        let words = format!("{} of {tasks} failed{less}{first}", cell.task_errors());
        let who = who(cell);
        match failures.iter_mut().find(|(known, _)| *known == words) {
            Some((_, cells)) => cells.push(who),
            None => failures.push((words, vec![who])),
        }
    }
    failures
}

/// Answers in the last round with an error status that the scenario expects: each message once, with its cells.
fn unwelcome(record: &Record) -> Vec<(String, Vec<String>)> {
    let mut told: Vec<(String, Vec<String>)> = Vec::new();
    for cell in record.cells.iter().filter(|cell| cell.check == Check::Passed) {
        let statuses = cell.statuses();
        let answers: u32 = statuses.values().sum();
        for (status, count) in statuses.iter().filter(|(status, _)| **status >= 400) {
            let words = format!("{count} of {answers} answers had status {status}");
            let who = format!("{} x {}", name(cell), cell.layout());
            match told.iter_mut().find(|(known, _)| *known == words) {
                Some((_, cells)) => cells.push(who),
                None => told.push((words, vec![who])),
            }
        }
    }
    told
}

/// The note on a time in which workers were lost.
fn again(cell: &CellRecord) -> String {
    let (redeliveries, rounds) = (cell.redeliveries().unwrap_or_default(), cell.rounds.len());
    let times = if redeliveries == 1 { "once".into() } else { format!("{redeliveries} times") };
    let rounds = figures::count(rounds, "round");
    format!("in {rounds}, a job was redelivered {times}: its worker stopped sending heartbeats")
}

/// Seconds with three significant figures, in a suitable unit.
pub fn seconds(time_s: f64) -> String {
    figures::time(time_s).replace('\u{a0}', " ")
}

/// Bytes in a suitable unit, in powers of ten.
pub fn memory(bytes: u64) -> String {
    figures::memory(bytes).replace('\u{a0}', " ")
}

fn circumstances(record: &Record) -> String {
    let host = &record.host;
    let mut parts = vec![
        format!("{}, {}", host.cpu_model.as_deref().unwrap_or("unknown processor"), host.cores()),
        format!("{} of {}, interleaved", record.rounds_done, figures::count(record.rounds as usize, "round")),
    ];
    if (record.time_scale - 1.0).abs() > f64::EPSILON {
        parts.push(format!("latencies divided by {}", exact(record.time_scale)));
    }
    if host.profile != "release" {
        parts.push(format!("{} build: times are not representative", host.profile));
    }
    parts.join(" · ")
}

/// The strategy, and everything about the cell that is not the default.
fn name(cell: &CellRecord) -> String {
    let mut name = cell.spec.strategy.clone();
    if cell.spec.schedule != Schedule::OneByOne {
        name = format!("{name}, {}", cell.spec.schedule);
    }
    match cell.spec.timer {
        Timer::Warm => {}
        Timer::Cold => name.push_str(", cold"),
        Timer::AsPublished => name.push_str(", as published"),
    }
    if let Some(python) = &cell.spec.python {
        name = format!("{name}, {python}");
    }
    if cell.spec.variant != DEFAULT_VARIANT {
        name = format!("{name} ({})", cell.spec.variant);
    }
    name
}

fn row(record: &Record, cell: &CellRecord, longest: f64) -> [String; 9] {
    let empty = String::new;
    let Some(median) = Median::of(&cell.timed_s()) else {
        let what = match cell.check {
            Check::NotMeasured | Check::Passed => "not measured",
            Check::Failed => "failed",
            Check::Skipped => "skipped",
        };
        return [name(cell), cell.layout(), what.into(), empty(), empty(), empty(), empty(), empty(), empty()];
    };
    let interval = if median.covers_95_percent() {
        format!("{} – {}", seconds(median.low), seconds(median.high))
    } else {
        "too few rounds".into()
    };
    let over_baseline = record.speedup(cell);
    let speedup = |show: fn(Estimate) -> String| over_baseline.map_or_else(String::new, show);
    let one_worker = record.cells.iter().all(|cell| !cell.is_baseline || cell.workers() == 1);
    let over_one = over_baseline.filter(|_| one_worker);
    let efficiency = over_one.and_then(|speedup| ceiling::efficiency(speedup, cell.workers()));
    [
        name(cell),
        cell.layout(),
        seconds(median.median),
        interval,
        if cell.is_baseline { "1".into() } else { speedup(|s| format!("{}x", fixed(s.estimate, 2))) },
        speedup(|s| format!("{} – {}", fixed(s.low, 2), fixed(s.high, 2))),
        efficiency.map_or_else(String::new, |share| whole_percent(share.estimate)),
        cell.cpu_share().map_or_else(unknown, whole_percent),
        format!("{}{}", bar(median.median / longest), failed(cell)),
    ]
}

fn whole_percent(share: f64) -> String {
    format!("{} %", fixed(100.0 * share, 0))
}

/// Behind the bar: a time in which tasks failed is another time.
fn failed(cell: &CellRecord) -> String {
    if cell.task_errors() > 0 { format!(" {} failed", cell.task_errors()) } else { String::new() }
}

/// Processor time, memory, threads and processes of every cell that has a time. `None` if none has one.
fn resources(record: &Record) -> Option<String> {
    const HEADS: [&str; 10] = [
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
    ];
    let row = |cell: &CellRecord| {
        let count = |number: Option<u32>| number.map_or_else(unknown, |number| number.to_string());
        [
            name(cell),
            cell.layout(),
            cell.cpu_user_s().map_or_else(unknown, seconds),
            cell.cpu_system_s().map_or_else(unknown, seconds),
            cell.core_wait_s().map_or_else(unknown, seconds),
            cell.context_switches().map_or_else(unknown, |switches| fixed(switches, 0)),
            count(cell.most_threads),
            count(cell.most_processes),
            cell.peak_memory_bytes.map_or_else(unknown, memory),
            cell.memory_per_worker_bytes.map_or_else(unknown, memory),
        ]
    };
    let timed = record.cells.iter().filter(|cell| !cell.timed_s().is_empty());
    let rows: Vec<[String; 10]> = timed.map(row).collect();
    (!rows.is_empty()).then(|| fit(HEADS, &rows, &[5, 4, 9, 7, 6], width()))
}

/// Shown for a figure that was not measured, or can't be on this system.
fn unknown() -> String {
    "?".into()
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
    let whole = record.cells.iter().filter(|cell| cell.task_errors() == 0);
    whole.filter_map(|cell| Some((median_s(cell)?, cell))).min_by(|a, b| a.0.total_cmp(&b.0))
}

/// Summary: which cell was the fastest, and whether the machine was quiet.
fn verdict(record: &Record) -> String {
    let baseline = record.cells.iter().find(|cell| cell.is_baseline);
    let mut sentence = fastest(record).unwrap_or_else(|| match shortest(record) {
        Some((time_s, cell)) if baseline.is_some_and(|cell| cell.check != Check::Passed) => {
            format!(
                "Shortest time: {}, {}. There is no speedup, because {} has no time.",
                who(cell),
                seconds(time_s),
                against(record)
            )
        }
        _ => "Nothing to compare: a speedup needs two rounds of two cells.".into(),
    });
    let noise = baseline.and_then(|cell| Noise::of(&cell.timed_s())).map(|noise| noise.assess(record.drawn));
    if let Some(Assessment { found, remedy: Some(remedy), .. }) = noise {
        sentence = format!("{sentence}\nNoise: {} {found}; {remedy}.", against(record));
    }
    sentence
}

/// What speedups are measured against: `sequential`, or the cell of `--baseline`.
fn against(record: &Record) -> String {
    let baseline = record.cells.iter().find(|cell| cell.is_baseline);
    let own = baseline.filter(|cell| cell.spec.strategy != Sequential.name());
    own.map_or_else(|| Sequential.name().to_owned(), |cell| format!("{} x {}", cell.spec.strategy, cell.layout()))
}

/// Which cell was the fastest, if any was faster than the baseline. `None` if there is no speedup.
fn fastest(record: &Record) -> Option<String> {
    let places = places(&record.cells.iter().collect::<Vec<_>>(), &record.looks);
    let placed = record.cells.iter().zip(places);
    let mut measured: Vec<(Estimate, Place, &CellRecord)> =
        placed.filter_map(|(cell, place)| Some((record.speedup(cell)?, place?, cell))).collect();
    measured.sort_by(|a, b| b.0.estimate.total_cmp(&a.0.estimate));
    let (Estimate { estimate, low, high }, place, cell) = *measured.first()?;
    let (estimate, interval) = (fixed(estimate, 2), format!("{}–{}", fixed(low, 2), fixed(high, 2)));
    let against = against(record);
    let who_and_how = format!(
        "{}, {estimate} times as fast as {against} (95 % interval {interval}, {} rounds).",
        who(cell),
        cell.rounds.len()
    );
    if high < 1.0 {
        return Some(format!("No strategy was faster than {against}. The closest: {who_and_how}"));
    }
    if low <= 1.0 {
        return Some(format!("No strategy was shown to be faster than {against}. The closest: {who_and_how}"));
    }
    let mut sentence = match place {
        Place::Fastest => format!("Fastest: {who_and_how}"),
        Place::AsFast => format!("Fastest, within 5 %: {who_and_how}"),
        Place::Slower | Place::NotToldApart => {
            format!("It is not clear which is the fastest. The highest speedup: {who_and_how}")
        }
    };
    for (wanted, words) in [(Place::AsFast, "As fast within 5 %"), (Place::NotToldApart, "Not told apart from it")] {
        let others = measured[1..].iter().filter(|(_, place, _)| *place == wanted);
        let others: Vec<String> = others.map(|(.., cell)| who(cell)).collect();
        if !others.is_empty() {
            sentence = format!("{sentence} {words}: {}.", others.join("; "));
        }
    }
    Some(sentence)
}

/// The cell, as it is named in sentences.
pub fn who(cell: &CellRecord) -> String {
    format!("{} x {}", name(cell), cell.layout())
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness::{results::record::Round, scenario::Phase};
    use testdata::records::blank;

    #[test]
    fn seconds_have_three_figures_and_a_fitting_unit() {
        let shown: Vec<String> = [0.000_012_3, 0.00123, 0.0154, 0.4512, 1.0, 23.1019, 0.0].map(seconds).into();
        assert_eq!(shown, ["12.3 µs", "1.23 ms", "15.4 ms", "451 ms", "1.00 s", "23.1 s", "0 µs"]);
    }

    /// A cell that passed on a noisy machine: as long as sequential divided by this, and by this share more or less in
    /// every other round.
    fn cell(strategy: &str, speedup: f64, share: f64) -> CellRecord {
        let spec = testdata::records::cell(strategy, 2);
        let rounds = [(1.0, share), (0.8, -share), (1.1, share), (0.9, -share)].map(|(noise, apart): (f64, f64)| {
            Round { run_s: noise / speedup * (1.0 + apart), cpu_user_s: 4e-5, workers: 2, ..Round::default() }
        });
        let unmeasured = CellRecord::unmeasured(spec, 5, vec![Phase::Run]);
        CellRecord { check: Check::Passed, rounds: rounds.into(), ..unmeasured }
    }

    fn record(cells: Vec<CellRecord>, drawn: bool) -> Record {
        Record { title: "A test".into(), question: "?".into(), drawn, cells, ..blank("tiny", 4) }
    }

    fn verdict_on(speedups: &[(&str, f64, f64)]) -> String {
        let others = speedups.iter().map(|&(strategy, speedup, share)| cell(strategy, speedup, share));
        verdict(&record(std::iter::once(cell("sequential", 1.0, 0.0)).chain(others).collect(), false))
    }

    #[test]
    fn fastest_is_said_of_what_was_shown_to_be_faster() {
        let clear = verdict_on(&[("threads", 4.91, 0.001), ("async", 1.1, 0.001)]);
        let expected = "Fastest: threads x 2, 4.91 times as fast as sequential (95 % interval 4.90–4.92, 4 rounds).\n";
        assert!(clear.starts_with(expected), "{clear}");
        let slower = verdict_on(&[("gil_threads", 0.9, 0.001)]);
        let none = "No strategy was faster than sequential. The closest: gil_threads x 2, 0.90 times";
        assert!(slower.starts_with(none), "{slower}");
        let open = verdict_on(&[("threads", 1.05, 0.1)]);
        let none = "No strategy was shown to be faster than sequential. The closest: threads x 2";
        assert!(open.starts_with(none), "{open}");
    }

    #[test]
    fn a_tie_is_shown_or_said_to_be_open() {
        let near = verdict_on(&[("threads", 4.91, 0.001), ("async", 4.8, 0.001)]);
        assert!(near.starts_with("Fastest: threads x 2") && near.contains(" As fast within 5 %: async x 2."), "{near}");
        let tied = verdict_on(&[("threads", 4.91, 0.001), ("async", 4.9, -0.002)]);
        let both = "Fastest, within 5 %: threads x 2, 4.91 times";
        assert!(tied.starts_with(both) && tied.contains(" As fast within 5 %: async x 2."), "{tied}");
        let open = verdict_on(&[("threads", 4.91, 0.05), ("async", 4.8, -0.05)]);
        let not_shown = "It is not clear which is the fastest. The highest speedup: threads x 2, 4.9";
        assert!(open.starts_with(not_shown) && open.contains(" Not told apart from it: async x 2."), "{open}");
    }

    #[test]
    fn scatter_that_was_asked_for_is_not_the_machine_s() {
        let [own, drawn] = [false, true].map(|drawn| verdict(&record(vec![cell("sequential", 1.0, 0.0)], drawn)));
        assert!(own.contains("close other programs") && !drawn.contains("close other programs"), "{own}\n{drawn}");
    }

    #[test]
    fn a_share_that_the_clocks_cannot_tell_is_not_shown() {
        let shown = |run_s: f64| {
            let record = record(vec![cell("threads", 1.0 / run_s, 0.0)], false);
            row(&record, &record.cells[0], 1.0)[7].clone()
        };
        assert_eq!((shown(1.4e-6), shown(0.1)), ("?".into(), "0 %".into()));
    }

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        assert_eq!((bar(1.0).chars().count(), bar(0.5).chars().count(), bar(0.0)), (12, 6, "▏".to_owned()));
    }
}
