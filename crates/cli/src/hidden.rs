//! The subcommands that only this program itself calls: what a child process is started with.

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
        // The parent is gone, and has told already how it ended.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::FAILURE,
        // The parent is told by the pipe's end; this is for a user who started it by hand.
        Err(error) => {
            note!("makespan: {error}: this command is for makespan's own use");
            ExitCode::FAILURE
        }
    })
}
