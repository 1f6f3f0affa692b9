//! Does watching a run change its figures? Pairs of the same run, alone and watched, in an order shuffled by seed; and
//! the cost of one announcement in the feed.
//!
//! Not a Criterion benchmark, for the reason given in `rounds.rs`: two things are compared, so they are interleaved.
//! The expected answer is "no", and a test that finds no difference does not show that. So this tests whether the two
//! are equivalent within 1 %.

mod common;
#[path = "watched/watcher.rs"]
mod watcher;

use comfy_table::{CellAlignment, Table, presets};
use common::asked::{Asked, Mode};
use makespan::{
    stats::{
        equivalence,
        looks::ALPHA,
        median::{Median, median},
        paired, student,
    },
    worker::{
        feed::{Announcement, Feed, Notice},
        lane::Activity,
    },
};
use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;
use std::{io, path::PathBuf, process::ExitCode, thread, time::Instant};
use tempfile::NamedTempFile;
use watcher::{CellName, Place, Run, Times, Watcher};

/// How far apart the two may be, as a ratio, to count as equivalent. Fixed beforehand.
const MARGIN: f64 = 1.01;

/// Runs of each kind. With scatter of 2 %, the interval then fits into the margin.
const PAIRS: u32 = 16;

/// Rounds of each run: its figure is their median, which one or two disturbed rounds don't move.
const ROUNDS: u32 = 5;

const SEED: u64 = 1;

/// The runs, and which of their cells are compared. Waits, where lateness would show; calculations that use every core
/// for as long as a class would watch, where the watcher takes part of a core, in threads and in worker processes,
/// which announce for themselves; and a thousand waits at once, with the most announcements.
const CASES: &[(Run, &[(&str, u32)])] = &[
    (run("latency_only", None, &["threads"], "5"), &[("sequential", 1), ("threads", 5)]),
    (run("prime_sum", Some("ten_million"), &["threads", "processes"], "2"), &[("threads", 2), ("processes", 2)]),
    (run("many_in_flight", Some("thousand"), &["async"], "1000"), &[("async", 1000)]),
];

const fn run(
    scenario: &'static str,
    variant: Option<&'static str>,
    strategies: &'static [&'static str],
    workers: &'static str,
) -> Run {
    Run { scenario, variant, strategies, workers, rounds: ROUNDS }
}

/// One cell, and its figures: one of each kind per pair.
struct Compared {
    case: usize,
    cell: CellName,
    alone_s: Vec<f64>,
    watched_s: Vec<f64>,
}

impl Compared {
    fn name(&self) -> String {
        format!("watched/{}/{}/{}", CASES[self.case].0.scenario, self.cell.0, self.cell.1)
    }
}

/// The cells of a case, not measured yet.
fn compared(case: usize) -> impl Iterator<Item = Compared> {
    CASES[case].1.iter().map(move |&(strategy, workers)| {
        let cell = (strategy.to_owned(), workers);
        Compared { case, cell, alone_s: Vec::new(), watched_s: Vec::new() }
    })
}

/// One benchmark.
enum Bench {
    Pairs(Compared),
    /// This many workers announce at once.
    Announcement(u32),
}

impl Bench {
    fn name(&self) -> String {
        match self {
            Self::Pairs(compared) => compared.name(),
            Self::Announcement(workers) => format!("watched/announcement/{workers}"),
        }
    }
}

fn main() -> ExitCode {
    let asked = Asked::of_this_process();
    let pairs_of_runs = (0..CASES.len()).flat_map(compared).map(Bench::Pairs);
    let chosen = asked.choose([1, 2].map(Bench::Announcement).into_iter().chain(pairs_of_runs), Bench::name);
    let (mut announcing, mut cells, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    for bench in chosen {
        match bench {
            Bench::Announcement(workers) => announcing.push(workers),
            Bench::Pairs(compared) => cells.push(compared),
        }
    }
    if !announcing.is_empty()
        && let Err(error) = announcements(&announcing, asked.mode)
    {
        failures.push(format!("watched/announcement: {error}"));
    }
    if !cells.is_empty()
        && let Err(error) = pairs(&mut cells, asked.mode)
    {
        failures.push(format!("watched: {error}"));
    }
    common::conclude(&failures)
}

/// Runs the cells alternately alone and watched, and prints a table of the results.
fn pairs(cells: &mut [Compared], mode: Mode) -> Result<(), String> {
    // Not among the records: the page should not show these repeated runs.
    let data = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("watched");
    let place = || Place { program: common::env().program, data: data.clone() };
    let (alone, mut watcher) = (place(), Watcher::new(place())?);
    let mut cases: Vec<usize> = cells.iter().map(|cell| cell.case).collect();
    cases.dedup();
    let mut random = Pcg64::seed_from_u64(SEED);
    let (pairs, rounds) = match mode {
        Mode::Test => (1, 1),
        Mode::Quick => (2, ROUNDS),
        _ => (PAIRS, ROUNDS),
    };
    let progress = common::progress(u64::from(pairs) * cases.len() as u64 * 2);
    for _ in 0..pairs {
        cases.shuffle(&mut random);
        for &case in &cases {
            let run = Run { rounds, ..CASES[case].0 };
            progress.set_message(run.scenario);
            let first: bool = random.random();
            for is_watched in [first, !first] {
                let times = if is_watched { watcher.watched(&run) } else { alone.alone(&run) };
                let times = times.map_err(|error| format!("{}: {error}", run.scenario))?;
                add(cells, case, is_watched, &times);
                progress.inc(1);
            }
        }
    }
    progress.finish_and_clear();
    println!("Watched {}, compared with alone: {pairs} pairs, medians of {rounds} rounds\n", watcher.name());
    print(cells);
    Ok(())
}

fn add(cells: &mut [Compared], case: usize, is_watched: bool, times: &Times) {
    for cell in cells.iter_mut().filter(|cell| cell.case == case) {
        let of_cell = times.iter().find(|(name, _)| *name == cell.cell);
        let figure = of_cell.and_then(|(_, times_s)| median(times_s)).unwrap_or(f64::NAN);
        if is_watched { &mut cell.watched_s } else { &mut cell.alone_s }.push(figure);
    }
}

fn print(cells: &[Compared]) {
    let header = ["", "alone", "watched / alone", "95 % interval", "n", "within 1 %"];
    let mut table = plain(&header);
    for cell in cells {
        let alone = median(&cell.alone_s).map_or_else(|| "?".into(), |alone_s| format!("{:.1} ms", alone_s * 1e3));
        let name = cell.name().trim_start_matches("watched/").to_owned();
        let ratio = paired::log_ratio(&cell.watched_s, &cell.alone_s);
        let row = match ratio.and_then(|mean| Some((mean, student::exp(mean.interval(ALPHA))?))) {
            Some((mean, found)) => {
                let same = equivalence::p(&mean, -MARGIN.ln(), MARGIN.ln()) < ALPHA;
                [
                    name,
                    alone,
                    format!("{:.4}", found.estimate),
                    format!("{:.4} - {:.4}", found.low, found.high),
                    cell.alone_s.len().to_string(),
                    if same { "yes" } else { "not shown" }.into(),
                ]
            }
            None => [name, alone, "-".into(), "-".into(), cell.alone_s.len().to_string(), "-".into()],
        };
        table.add_row(row);
    }
    println!("{table}\n");
}

/// The cost of a worker's announcement: with one worker, and while others announce at the same time.
fn announcements(workers: &[u32], mode: Mode) -> io::Result<()> {
    let (batches, each) = if mode == Mode::Test { (2, 10) } else { (30, 20_000) };
    let mut table = plain(&["one announcement", "ns", "95 % interval", "n"]);
    for &threads in workers {
        let file = NamedTempFile::new()?;
        let feed = Feed::open(file.path())?;
        let mut found_ns = Vec::new();
        for _ in 0..batches {
            file.as_file().set_len(0)?;
            found_ns.push(each_ns(&feed, threads, each));
        }
        let Some(found) = Median::of(&found_ns) else { continue };
        let interval =
            if found.covers_95_percent() { format!("{:.0} - {:.0}", found.low, found.high) } else { "-".into() };
        let who = if threads == 1 { "by one worker".into() } else { format!("by {threads} workers at once") };
        table.add_row([who, format!("{:.0}", found.median), interval, found.count.to_string()]);
    }
    println!("{table}\n");
    Ok(())
}

/// Nanoseconds per announcement if this many threads announce `each` times, as each thread sees it.
fn each_ns(feed: &Feed, threads: u32, each: u32) -> f64 {
    let began = Instant::now();
    thread::scope(|scope| {
        for worker in 0..threads {
            scope.spawn(move || {
                for index in 0..each {
                    let (run, at_ns) = (1, u64::from(index));
                    feed.announce(Announcement {
                        run,
                        at_ns,
                        worker,
                        index: Some(index),
                        what: Notice::Worker(Activity::Run),
                    });
                }
            });
        }
    });
    began.elapsed().as_nanos() as f64 / f64::from(each)
}

fn plain(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.to_vec());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
