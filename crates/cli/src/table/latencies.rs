//! Latencies and throughput: how long single tasks took, and how many were done in a second.

use super::{fit, name, seconds, unknown, width};
use harness::{
    results::{
        latency::Latency,
        record::{CellRecord, Record, Round},
    },
    scenario::claim::Percentile,
};
use stats::median::Median;
use support::figures::significant;

/// When the clock of a latency starts, in words, and which latencies of a round start there.
pub struct Since(pub &'static str, fn(&Round) -> Option<Latency>);

/// Arrivals have both: a client that sends a request only after the last answer sees the second alone.
pub const DUE: Since = Since("from when it was due", |round| round.latency_from_due);
pub const BEGUN: Since = Since("from when a worker began it", |round| round.latency);

/// The table: medians over the rounds, each percentile with its interval. Empty if no cell has a time.
pub fn latencies(record: &Record, since: &Since) -> Option<String> {
    const HEADS: [&str; 9] =
        ["strategy", "workers", "p50", "95 % interval", "p95", "95 % interval", "p99", "95 % interval", "tasks/s"];
    let timed = record.cells.iter().filter(|cell| !cell.timed_s().is_empty());
    let rows: Vec<[String; 9]> = timed.map(|cell| row(cell, since)).collect();
    (!rows.is_empty()).then(|| fit(HEADS, &rows, &[3, 5, 7, 4], width()))
}

fn row(cell: &CellRecord, since: &Since) -> [String; 9] {
    let latencies: Vec<Latency> = cell.rounds.iter().filter_map(since.1).collect();
    let at = |percentile| latencies.iter().map(|latency| latency.at(percentile)).collect::<Vec<f64>>();
    let [p50, p95, p99] = Percentile::ALL.map(|percentile| Median::of(&at(percentile)));
    let middle = |median: &Option<Median>| median.as_ref().map_or_else(unknown, |median| seconds(median.median));
    let interval = |median: &Option<Median>| match median {
        Some(median) if median.covers_95_percent() => format!("{} – {}", seconds(median.low), seconds(median.high)),
        _ => String::new(),
    };
    let throughput = Median::of(&cell.throughputs_per_s());
    [
        name(cell),
        cell.layout(),
        middle(&p50),
        interval(&p50),
        middle(&p95),
        interval(&p95),
        middle(&p99),
        interval(&p99),
        throughput.map_or_else(unknown, |median| significant(median.median, 3)),
    ]
}
