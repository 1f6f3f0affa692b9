//! Shared by the subcommands that measure: the environment of strategies, Ctrl-C, and the command line for the record.

use super::print::note;
use anyhow::Context;
use harness::results::store::Store;
use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, Builder},
    time::Duration,
};
use support::terminal::shell_word;
use work::{queue::address::Address, strategy::Env};

/// The environment of strategies and exhibits: this program, and the store's directory.
pub fn env(store: &Store) -> anyhow::Result<Env> {
    Ok(Env::new(env::current_exe().context("can't find the path of this program")?, store.dir()))
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

/// The command as given, with the program's name instead of its path, and without passwords. `--events` is left out:
/// watching does not change what is measured.
pub fn command_line() -> String {
    command_of(env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()))
}

fn command_of(mut arguments: impl Iterator<Item = String>) -> String {
    let mut kept = Vec::new();
    while let Some(argument) = arguments.next() {
        if argument == "--events" {
            arguments.next();
        } else if !argument.starts_with("--events=") {
            kept.push(argument);
        }
    }
    let arguments = kept.into_iter().map(|argument| shell_word(&without_password(&argument)));
    std::iter::once("makespan".to_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
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
    fn a_recorded_command_does_not_say_who_watched() {
        let given = ["run", "prime_sum", "--events", "-", "--rounds", "2", "--events=events.jsonl"];
        assert_eq!(command_of(given.map(String::from).into_iter()), "makespan run prime_sum --rounds 2");
    }
}
