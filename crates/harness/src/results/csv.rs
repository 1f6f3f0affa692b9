//! A record as CSV: one line for each cell and round, for spreadsheets and statistics programs. Figures that a cell has
//! once (errors, mean processor times, memory, threads) are in each of its lines.
//!
//! New columns are added at the end, so that programs that read columns by position keep working.

use super::record::{CellRecord, Check, Record};
use std::io::{self, Write};

const HEADER: [&str; 23] = [
    "scenario",
    "variant",
    "strategy",
    "workers",
    "deal",
    "timer",
    "round",
    "start_s",
    "run_s",
    "stop_s",
    "task_errors",
    "cpu_user_s",
    "cpu_system_s",
    "peak_memory_bytes",
    "memory_per_worker_bytes",
    "most_threads",
    "most_processes",
    "context_switches",
    "core_wait_s",
    "queue",
    "redeliveries",
    "cpu_s",
    "processes",
];

/// Writes the record's times. Cells without a time have no lines; missing figures are empty.
pub fn write(record: &Record, to: impl Write) -> io::Result<()> {
    let mut lines = csv::Writer::from_writer(to);
    lines.write_record(HEADER)?;
    for cell in record.cells.iter().filter(|cell| cell.check == Check::Passed) {
        for (round, ((start, run), stop)) in cell.start_s.iter().zip(&cell.run_s).zip(&cell.stop_s).enumerate() {
            lines.write_record(line(&record.scenario, cell, round, [*start, *run, *stop])?)?;
        }
    }
    lines.flush()
}

fn line(scenario: &str, cell: &CellRecord, round: usize, phases_s: [f64; 3]) -> io::Result<[String; HEADER.len()]> {
    let timer = serde_json::to_value(cell.timer)?;
    let [start_s, run_s, stop_s] = phases_s.map(|seconds| seconds.to_string());
    Ok([
        scenario.into(),
        cell.variant.clone(),
        cell.strategy.clone(),
        cell.workers.to_string(),
        cell.deal.to_string(),
        timer.as_str().unwrap_or_default().into(),
        round.to_string(),
        start_s,
        run_s,
        stop_s,
        cell.task_errors.to_string(),
        or_empty(cell.cpu_user_s),
        or_empty(cell.cpu_system_s),
        or_empty(cell.peak_memory_bytes),
        or_empty(cell.memory_per_worker_bytes),
        or_empty(cell.most_threads),
        or_empty(cell.most_processes),
        or_empty(cell.context_switches),
        or_empty(cell.core_wait_s),
        or_empty(cell.queue.as_ref()),
        or_empty(cell.redeliveries),
        or_empty(cell.cpu_s.get(round)),
        // Distinguishes 3x5 from 5x3: both have 15 workers.
        or_empty(cell.processes),
    ])
}

fn or_empty(figure: Option<impl ToString>) -> String {
    figure.map_or_else(String::new, |figure| figure.to_string())
}
