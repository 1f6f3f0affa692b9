//! The hidden subcommands that makespan starts its own child processes with.

use super::print::note;
use harness::runner::child;
use museum::children_of_children;
use std::{env, io::ErrorKind, process::ExitCode};
use work::worker::serve;

/// Runs as a child, if the command line says so.
pub fn run() -> Option<ExitCode> {
    let argument = || env::args_os().nth(2)?.into_string().ok();
    let served = match env::args_os().nth(1)?.to_str()? {
        "worker-process" => serve::serve_parent(argument()?.parse().ok()?),
        "child" => child::serve_parent(argument().and_then(|bytes| bytes.parse().ok())),
        children_of_children::SCRIPT => children_of_children::run_script(),
        _ => return None,
    };
    Some(match served {
        Ok(()) => ExitCode::SUCCESS,
        // The parent is gone, and has reported already how the run ended.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::FAILURE,
        // The parent sees the pipe close; this note is for a user who started the child by hand.
        Err(error) => {
            note!("makespan: {error}: this command is for makespan's own use");
            ExitCode::FAILURE
        }
    })
}
