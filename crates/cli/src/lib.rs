//! The command line: one file per subcommand. Apart from the `main` of exercises, only this crate writes to the
//! terminal.

// Nothing may panic where the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// They panic on a closed pipe; `print.rs` has the replacements.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod advise;
mod check;
mod classroom;
mod compare;
mod doctor;
mod exercise;
mod hidden;
mod ledger;
mod lesson;
mod list;
mod manual;
mod measuring;
mod museum;
mod new;
mod predict;
mod print;
mod progress;
mod quiz;
mod race;
mod report;
mod reproduce;
mod run;
#[cfg(feature = "schema")]
pub mod schemas;
mod server;
mod table;
mod worker;

use clap::{Parser, Subcommand};
use harness::{results::store::Store, runner::stage::SetupError, scenario::ScenarioError};
use measure::open_files;
use mock_server::{checked::ProfileError, process::ServerError, server::ServeError};
use print::{in_words, note, printable};
use std::{env, ffi::OsString, path::PathBuf, process::ExitCode, sync::OnceLock};
use work::{
    fixtures::FixtureError,
    queue::address::{Address, VARIABLE},
};

static COMMIT: OnceLock<&'static str> = OnceLock::new();

/// The commit that the program was built from, as passed to [`main`].
fn commit() -> Option<String> {
    COMMIT.get().map(|&commit| commit.to_owned())
}

/// The whole program, built from `commit`: parses, dispatches, prints the error chain.
pub fn main(commit: Option<&'static str>) -> ExitCode {
    // Before anything else: a pool of eight should not wait for eight command-line parsers.
    if let Some(worked) = hidden::run() {
        return worked;
    }
    if let Some(commit) = commit {
        let _ = COMMIT.set(commit);
    }
    match run(parse()) {
        Ok(code) => code,
        Err(error) => {
            note!("makespan: {}", without_passwords(&in_words(&error)));
            exit_code(&error)
        }
    }
}

/// Threads, processes or async, and how many? Measure it.
#[derive(Parser)]
#[command(name = "makespan", bin_name = "makespan", version, after_help = EXAMPLES, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  makespan reproduce
  makespan reproduce 000-3
  makespan list
  makespan run latency_only --strategy threads,async --workers 1,5,30
  makespan run prime_sum --workers 1,2,4 --rounds 20 --json -
  makespan race web_requests
  makespan report";

#[derive(Subcommand)]
enum Command {
    /// List scenarios, claims and strategies
    List(list::ListArgs),
    /// Test the claims of the five documents and report a verdict for each
    Reproduce(reproduce::ReproduceArgs),
    /// Measure a scenario in interleaved rounds
    Run(Box<run::RunArgs>),
    /// Advise how many workers, and of which kind, for your own commands, URLs or Python functions
    #[command(long_about = advise::LONG_ABOUT)]
    Advise(Box<advise::AdviseArgs>),
    /// Watch strategies race, live in the terminal
    Race(race::RaceArgs),
    /// Write the HTML page from the recorded measurements
    Report(report::ReportArgs),
    /// Write a template scenario, with its keys explained
    New(new::NewArgs),
    /// Check scenarios without running them, and show what a run would measure
    Check(check::CheckArgs),
    /// Compare two recorded runs: what got faster?
    Compare(compare::CompareArgs),
    /// Predict what more cores would give, from what was measured here
    Predict(predict::PredictArgs),
    /// Serve a page where a class predicts races and watches them
    Classroom(classroom::ClassroomArgs),
    /// Run the mock HTTP server on its own, for any client
    Server(server::ServerArgs),
    /// Take jobs from a queue, for runs on this machine or on others
    Worker(worker::WorkerArgs),
    /// Show the documents' bugs, each next to its fix
    Museum(museum::MuseumArgs),
    /// Read a lesson: what to guess, what to run, and what the result means
    Lesson(lesson::LessonArgs),
    /// Answer ten questions about what people commonly get wrong
    #[command(after_help = quiz::EXAMPLES)]
    Quiz,
    /// Complete a strategy yourself, then check and grade it
    Exercise(exercise::ExerciseArgs),
    /// Find what on this machine disturbs measurements, and how to fix it
    Doctor(doctor::DoctorArgs),
    /// Print completions for a shell
    Completions(manual::CompletionsArgs),
    /// Print the manual page, or write one for each subcommand
    Man(manual::ManArgs),
}

/// The `--data` option, shared by several subcommands.
#[derive(Clone, clap::Args)]
struct Data {
    /// Directory for records and fixtures [default: target/makespan in a checkout, else the user's cache]
    #[arg(long = "data", value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Data {
    fn store(self) -> Store {
        Store::at(self.dir)
    }

    /// The option as it was given, for a command that is to use the same directory; empty without it.
    fn as_option(&self) -> String {
        self.dir.as_ref().map_or_else(String::new, |dir| format!(" --data {}", support::terminal::printable_path(dir)))
    }
}

/// Wrong usage or bad input, found after the command line was parsed: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// Reads the command line. clap's errors echo the argument: a queue URL in the wrong place may contain a password, and
/// any argument may contain terminal control characters.
fn parse() -> Cli {
    Cli::try_parse_from(arguments(env::args_os())).unwrap_or_else(|error| {
        let words = error.render().to_string();
        if error.use_stderr() && (words.contains('@') || printable(&words) != words) {
            print::note!("{}", without_passwords(words.trim_end()));
            std::process::exit(error.exit_code());
        }
        error.exit()
    })
}

/// clap refuses `help --help`. We print the help instead.
fn arguments(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = given.collect();
    let help = usize::from(arguments.get(1).is_some_and(|group| group == "exercise")) + 1;
    if arguments.get(help).is_some_and(|subcommand| subcommand == "help") {
        arguments.retain(|argument| argument != "--help" && argument != "-h");
    }
    arguments
}

/// The text with the part before the `@` of each URL masked.
fn without_passwords(words: &str) -> String {
    let mut pieces = words.split("://");
    let mut kept = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(['\'', '\n']).unwrap_or(piece.len());
        let from = piece[..end].rfind('@').unwrap_or(0);
        kept.extend(["://", if from > 0 { "***" } else { "" }, &piece[from..]]);
    }
    kept
}

/// The queue that the option names, or else the environment. Not parsed by clap, whose errors would echo the URL with
/// its password.
fn queue_address(option: Option<&str>) -> Result<Option<Address>, Usage> {
    let parsed = |source: &str, text: &str| text.parse().map_err(|wrong| Usage(format!("{source}: {wrong}")));
    match (option, env::var_os(VARIABLE).filter(|text| !text.is_empty())) {
        (Some(text), _) => parsed("--queue", text).map(Some),
        (None, Some(text)) => parsed(VARIABLE, &text.to_string_lossy()).map(Some),
        (None, None) => Ok(None),
    }
}

/// Runs the subcommand.
fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    // For servers with thousands of connections, and for runs with thousands of requests in flight.
    open_files::raise_limit();
    let code = match cli.command {
        Command::List(args) => list::run(&args),
        Command::Reproduce(args) => reproduce::run(args),
        Command::Run(args) => run::run(*args),
        Command::Advise(args) => advise::run(&args),
        Command::Race(args) => race::run(args),
        Command::Report(args) => report::run(args),
        Command::New(args) => new::run(&args),
        Command::Check(args) => Ok(check::run(&args)),
        Command::Compare(args) => compare::run(&args),
        Command::Predict(args) => predict::run(args),
        Command::Classroom(args) => classroom::run(args).map(|()| ExitCode::SUCCESS),
        Command::Server(args) => server::run(args).map(|()| ExitCode::SUCCESS),
        Command::Worker(args) => worker::run(args),
        Command::Museum(args) => museum::run(&args),
        Command::Lesson(args) => lesson::run(args),
        Command::Quiz => quiz::run(),
        Command::Exercise(args) => exercise::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Completions(args) => Ok(manual::completions(&args)),
        Command::Man(args) => manual::man(&args),
    }?;
    print::outcome()?;
    Ok(code)
}

/// 2 for wrong usage and bad input, 1 for failures while running.
fn exit_code(error: &anyhow::Error) -> ExitCode {
    let bad_input = error.is::<Usage>()
        || error.is::<ScenarioError>()
        || error.is::<ProfileError>()
        || matches!(error.downcast_ref(), Some(ServeError::Remote(_)))
        || error.downcast_ref().is_some_and(is_bad_input);
    ExitCode::from(if bad_input { 2 } else { 1 })
}

/// Whether the request caused the setup to fail, and not the machine.
fn is_bad_input(error: &SetupError) -> bool {
    match error {
        SetupError::Unknown(_)
        | SetupError::Photos(_)
        | SetupError::Archives(_)
        | SetupError::NoAnswer(_)
        | SetupError::NoServerWanted(_)
        | SetupError::NoPicturesWanted(_)
        | SetupError::Server(ServerError::ServesOther { .. } | ServerError::NoServer { .. }) => true,
        SetupError::Fixtures(error) => {
            matches!(error, FixtureError::Unreadable { .. } | FixtureError::NoPictures { .. })
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::without_passwords;

    #[test]
    fn passwords_are_left_out_and_nothing_else_is() {
        for (words, kept) in [
            ("unexpected 'redis://:secret@h/0' found", "unexpected 'redis://***@h/0' found"),
            ("'redis://u:s@c r@t@h' and 'http://h:1/'\ntip@x", "'redis://***@h' and 'http://h:1/'\ntip@x"),
            ("'redis://@h'", "'redis://@h'"),
            ("a@b", "a@b"),
        ] {
            assert_eq!(without_passwords(words), kept);
        }
    }
}
