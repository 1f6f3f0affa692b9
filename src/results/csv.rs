//! A record as CSV: one line for each cell and round, for spreadsheets and statistics programs.

use super::record::{Check, Record};
use std::io::{self, Write};

/// Writes the record's times. Cells without a time have no lines.
pub fn write(record: &Record, to: impl Write) -> io::Result<()> {
    let mut lines = csv::Writer::from_writer(to);
    lines.write_record([
        "scenario", "variant", "strategy", "workers", "deal", "timer", "round", "start_s", "run_s", "stop_s",
    ])?;
    for cell in record.cells.iter().filter(|cell| cell.check == Check::Passed) {
        let (workers, deal) = (cell.workers.to_string(), cell.deal.to_string());
        let timer = serde_json::to_value(cell.timer)?;
        for (round, ((start, run), stop)) in cell.start_s.iter().zip(&cell.run_s).zip(&cell.stop_s).enumerate() {
            let (round, start, run, stop) = (round.to_string(), start.to_string(), run.to_string(), stop.to_string());
            let timer = timer.as_str().unwrap_or_default();
            lines.write_record([
                &record.scenario,
                &cell.variant,
                &cell.strategy,
                &workers,
                &deal,
                timer,
                &round,
                &start,
                &run,
                &stop,
            ])?;
        }
    }
    lines.flush()
}
