//! What every target needs: our binary, and the page refreshed at the end.

use makespan::{report, results::store, strategy::Env};
use std::process::ExitCode;

/// The surroundings of a strategy in a bench: our binary, which is not the bench's own.
pub fn env() -> Env {
    Env::new(env!("CARGO_BIN_EXE_makespan"), store::Store::at(None).dir())
}

/// Refreshes the page, and says what went wrong: the exit code is the process's.
pub fn conclude(failures: &[String]) -> ExitCode {
    failures.iter().for_each(|failure| eprintln!("FAILED: {failure}"));
    match store::checkout() {
        Some(root) => {
            let page = root.join("report").join("index.html");
            match report::refresh(&store::Store::at(None), &page) {
                Ok(warnings) => warnings.iter().for_each(|warning| eprintln!("left out: {warning}")),
                Err(error) => eprintln!("the page was not refreshed: {error}"),
            }
        }
        None => eprintln!("not in a checkout: no page was written"),
    }
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
