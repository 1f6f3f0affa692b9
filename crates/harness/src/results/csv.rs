//! A record as CSV: one line for each cell and round, for spreadsheets and statistics programs. Figures that a cell has
//! once (memory, threads, processes) are in each of its lines.
//!
//! New columns are added at the end, so that programs that read columns by position keep working.

use super::record::{CellRecord, Check, PythonFacts, Record, Round};
use std::io::{self, Write};

const HEADER: [&str; 32] = [
    "scenario",
    "variant",
    "strategy",
    "workers",
    "schedule",
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
    "latency_p50_s",
    "latency_p95_s",
    "latency_p99_s",
    "latency_from_due_p50_s",
    "latency_from_due_p95_s",
    "latency_from_due_p99_s",
    "tasks",
    "python",
    "start_method",
];

/// Writes the record's times. Cells without a time have no lines; missing figures are empty.
pub fn write(record: &Record, to: impl Write) -> io::Result<()> {
    let mut lines = csv::Writer::from_writer(to);
    lines.write_record(HEADER)?;
    for cell in record.cells.iter().filter(|cell| cell.check == Check::Passed) {
        for (number, round) in cell.rounds.iter().enumerate() {
            lines.write_record(line(&record.scenario, cell, number, round)?)?;
        }
    }
    lines.flush()
}

fn line(scenario: &str, cell: &CellRecord, number: usize, round: &Round) -> io::Result<[String; HEADER.len()]> {
    let timer = serde_json::to_value(cell.spec.timer)?;
    Ok([
        scenario.into(),
        cell.spec.variant.clone(),
        cell.spec.strategy.clone(),
        round.workers.to_string(),
        cell.spec.schedule.to_string(),
        timer.as_str().unwrap_or_default().into(),
        number.to_string(),
        round.start_s.to_string(),
        round.run_s.to_string(),
        round.stop_s.to_string(),
        round.task_errors.to_string(),
        round.cpu_user_s.to_string(),
        round.cpu_system_s.to_string(),
        or_empty(cell.peak_memory_bytes),
        or_empty(cell.memory_per_worker_bytes),
        or_empty(cell.most_threads),
        or_empty(cell.most_processes),
        round.context_switches.to_string(),
        or_empty(round.core_wait_s),
        or_empty(cell.queue.as_ref()),
        or_empty(cell.queue.as_ref().map(|_| round.redeliveries)),
        round.cpu_s().to_string(),
        // Distinguishes 3x5 from 5x3: both have 15 workers.
        or_empty(cell.spec.shape.processes()),
        or_empty(round.latency.map(|latency| latency.p50_s)),
        or_empty(round.latency.map(|latency| latency.p95_s)),
        or_empty(round.latency.map(|latency| latency.p99_s)),
        or_empty(round.latency_from_due.map(|latency| latency.p50_s)),
        or_empty(round.latency_from_due.map(|latency| latency.p95_s)),
        or_empty(round.latency_from_due.map(|latency| latency.p99_s)),
        cell.tasks.to_string(),
        or_empty(cell.python.as_ref().map(python)),
        or_empty(cell.python.as_ref().and_then(|python| python.start_method.as_ref())),
    ])
}

/// `CPython 3.14.0`, and `free-threaded` if it is.
fn python(facts: &PythonFacts) -> String {
    let PythonFacts { implementation, version, lock, .. } = facts;
    format!("{implementation} {version}{}", if *lock { "" } else { " free-threaded" })
}

fn or_empty(figure: Option<impl ToString>) -> String {
    figure.map_or_else(String::new, |figure| figure.to_string())
}
