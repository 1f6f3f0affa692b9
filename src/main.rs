//! `makespan`: threads, processes or async, and how many?
//!
//! Parses, dispatches, prints the error chain. What the subcommands do is in `cli/`.

// Nothing may panic where the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// They panic when nobody reads any more; `cli/print.rs` has what to use instead.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod cli;

use cli::print::{in_words, note};
use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything else: a pool of eight should not wait for eight command-line parsers.
    if let Some(worked) = cli::hidden::run() {
        return worked;
    }
    match cli::run(cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            note!("makespan: {}", cli::without_passwords(&in_words(&error)));
            cli::exit_code(&error)
        }
    }
}
