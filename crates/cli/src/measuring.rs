//! Shared by the subcommands that measure: the environment of strategies, Ctrl-C, and the command line for the record.

use super::{Usage, print::note};
use anyhow::Context;
use clap::builder::PossibleValuesParser;
use harness::{results::store::Store, scenario::CellSpec};
use std::{
    env,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, Builder},
    time::Duration,
};
use support::terminal::shell_word;
use work::{
    queue::address::Address,
    strategy::{
        Env,
        python::{has_start_method, is_python},
    },
    worker::python::interpreter::{Interpreter, NoInterpreter, START_METHODS, found, names},
};

/// The environment of strategies and exhibits: this program, and the store's directory.
pub fn env(store: &Store) -> anyhow::Result<Env> {
    Ok(Env::new(env::current_exe().context("can't find the path of this program")?, store.dir()))
}

/// Which Python `python/...` strategies run in, shared by several subcommands.
#[derive(Debug, Clone, clap::Args)]
pub struct PythonArgs {
    /// Python interpreter for `python/...` strategies (repeatable: each is measured) [default: `MAKESPAN_PYTHON`, else
    /// `python3` on PATH]
    #[arg(long, value_name = "PATH")]
    pub python: Vec<PathBuf>,
    /// How Python starts worker processes, `fork`, `spawn` or `forkserver` [default: the interpreter's own]
    #[arg(long, value_name = "METHOD,...", value_delimiter = ',', value_parser = PossibleValuesParser::new(START_METHODS))]
    pub start_method: Vec<String>,
}

impl PythonArgs {
    /// The cells, those of Python once in each interpreter and with each start method. A named interpreter that can't be
    /// used is an error; without any, these cells will be skipped.
    pub fn in_each(&self, cells: Vec<CellSpec>, store: &Store) -> anyhow::Result<Vec<CellSpec>> {
        let in_python = cells.iter().any(|cell| is_python(&cell.strategy));
        let interpreters = check_python(&self.python, in_python, store)?;
        if !self.start_method.is_empty() && !cells.iter().any(|cell| has_start_method(&cell.strategy)) {
            let words =
                "--start-method: no cell starts Python processes: add `--strategy python/processes`, for example";
            return Err(Usage(words.into()).into());
        }
        let (plain, with_methods) = (names(&interpreters, &[]), names(&interpreters, &self.start_method));
        let in_each = |cell: CellSpec| match cell.strategy.as_str() {
            name if !is_python(name) || cell.python.is_some() => vec![cell],
            name => {
                let settings = if has_start_method(name) { &with_methods } else { &plain };
                settings.iter().map(|python| CellSpec { python: python.clone(), ..cell.clone() }).collect()
            }
        };
        Ok(cells.into_iter().flat_map(in_each).collect())
    }
}

/// The interpreters for cells of Python, if there are such cells. One that is named and can't be used is an error, and so
/// is one that no cell needs. Where there is no `python3`, there are none, and the cells will be skipped.
pub fn check_python(named: &[PathBuf], in_python: bool, store: &Store) -> Result<Vec<Interpreter>, Usage> {
    if !in_python {
        let needless = "--python: no cell is in Python: add `--strategy python/threads`, for example";
        return if named.is_empty() { Ok(Vec::new()) } else { Err(Usage(needless.into())) };
    }
    match found(named, store.dir()) {
        Err(NoInterpreter::NotFound) => Ok(Vec::new()),
        found => found.map_err(|error| Usage(error.to_string())),
    }
}

/// After Ctrl-C, no wait for a worker is longer than a second. If the run takes longer than this, something is stuck.
const LAST_RESORT: Duration = Duration::from_secs(10);

/// The first Ctrl-C ends the run and keeps the measured rounds. A second one, or [`LAST_RESORT`], exits at once: worker
/// processes and server end too, because their pipes close.
pub fn on_ctrl_c() -> anyhow::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || {
        if flag.swap(true, Relaxed) {
            std::process::exit(130);
        }
        let end = || {
            thread::sleep(LAST_RESORT);
            note!("makespan: still running {} s after Ctrl-C; exiting at once", LAST_RESORT.as_secs());
            std::process::exit(130);
        };
        // If the system refuses a thread, a second Ctrl-C still works.
        let _ = Builder::new().name("last resort".into()).spawn(end);
    })
    .context("can't listen for Ctrl-C")?;
    Ok(interrupted)
}

/// The command as given, with the program's name instead of its path, and without passwords: those in URLs, and the
/// values of HTTP headers. `--events` is left out: watching does not change what is measured.
pub fn command_line() -> String {
    command_of(env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()))
}

fn command_of(mut arguments: impl Iterator<Item = String>) -> String {
    let mut kept = Vec::new();
    while let Some(argument) = arguments.next() {
        if argument == "--events" {
            arguments.next();
        } else if argument == "--header" {
            kept.push(argument);
            kept.extend(arguments.next().map(|header| without_value(&header)));
        } else if let Some(header) = argument.strip_prefix("--header=") {
            kept.push(format!("--header={}", without_value(header)));
        } else if !argument.starts_with("--events=") {
            kept.push(argument);
        }
    }
    let arguments = kept.into_iter().map(|argument| shell_word(&without_password(&argument)));
    std::iter::once("makespan".to_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// The name of a header. Its value may be a password.
fn without_value(header: &str) -> String {
    header.split_once(':').map_or_else(|| "...".into(), |(name, _)| format!("{name}: ..."))
}

/// The argument with its password masked: `URL` or `--queue=URL`.
fn without_password(argument: &str) -> String {
    match argument.split_once('=') {
        Some((option @ "--queue", url)) => format!("{option}={}", Address::redact(url)),
        _ => Address::redact(argument),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_command_has_no_password() {
        let given =
            ["run", "prime_sum", "--queue", "redis://me:secret@far", "--queue=redis://:secret@far/2", "--json", "a b"];
        let command = command_of(given.map(String::from).into_iter());
        assert!(!command.contains("secret"), "{command}");
        assert!(
            command.starts_with("makespan run prime_sum --queue ") && command.ends_with(" --json 'a b'"),
            "{command}"
        );
        assert_eq!(command.matches("far").count(), 2, "{command}");
    }

    #[test]
    fn a_recorded_command_has_headers_without_their_values() {
        let given = ["advise", "--header", "Cookie: it's secret", "--header=X-Key:secret", "--header", "secret"];
        let command = command_of(given.map(String::from).into_iter());
        assert_eq!(command, "makespan advise --header 'Cookie: ...' '--header=X-Key: ...' --header ...");
    }

    #[test]
    fn a_recorded_command_does_not_say_who_watched() {
        let given = ["run", "prime_sum", "--events", "-", "--rounds", "2", "--events=events.jsonl"];
        assert_eq!(command_of(given.map(String::from).into_iter()), "makespan run prime_sum --rounds 2");
    }
}
