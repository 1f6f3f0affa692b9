//! `makespan`: threads, processes or async, and how many?
//!
//! The command line is [`cli`], a crate of its own: this file adds the commit that the program was built from.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(makespan::COMMIT)
}
