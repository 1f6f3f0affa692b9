//! The command line: one file for each subcommand.

mod compare;
mod doctor;
pub mod hidden;
mod list;
mod museum;
pub mod print;
mod progress;
mod report;
mod run;
mod server;
mod table;

use clap::{Parser, Subcommand};
use makespan::{
    fixtures::FixtureError,
    measure::open_files,
    mock_server::{checked::ProfileError, profile::Profile, server::ServeError},
    results::store::Store,
    runner::stage::SetupError,
    scenario::{self, DEFAULT_VARIANT, ScenarioError},
};
use std::{path::PathBuf, process::ExitCode};

/// Threads, processes or async, and how many? Measure it.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES, max_term_width = 110)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  makespan list
  makespan run latency_only --strategy threads,async --workers 1,5,30
  makespan run prime_sum --workers 1,2,4 --rounds 20 --json -
  makespan report";

#[derive(Subcommand)]
enum Command {
    /// Show the scenarios and strategies there are
    List(list::Args),
    /// Measure a scenario, in interleaved rounds
    Run(run::Args),
    /// Write the HTML page from what has been measured
    Report(report::Args),
    /// Hold two measurements against each other: what got faster?
    Compare(compare::Args),
    /// Start the mock HTTP server by itself, for any client
    Server(server::ServerArgs),
    /// See the documents' bugs, each caught next to the same thing done right
    Museum(museum::Args),
    /// Say what on this machine disturbs a measurement, and what to do about it
    Doctor(doctor::Args),
}

/// Where records and fixtures are kept: an option that several subcommands share.
#[derive(clap::Args)]
struct Data {
    /// Where records and fixtures are kept [default: target/makespan in a checkout, else the user's cache]
    #[arg(long = "data", value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Data {
    fn store(self) -> Store {
        Store::at(self.dir)
    }
}

/// Wrong usage or bad input, found after the command line was parsed: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// Does what was asked.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    // For servers with thousands of connections, and for runs with thousands of requests in flight.
    open_files::raise_limit();
    let code = match cli.command {
        Command::List(args) => list::run(&args),
        Command::Run(args) => run::run(args),
        Command::Report(args) => report::run(args),
        Command::Compare(args) => compare::run(&args),
        Command::Server(args) => server::run(&args, server_of).map(|()| ExitCode::SUCCESS),
        Command::Museum(args) => museum::run(&args),
        Command::Doctor(args) => Ok(doctor::run(&args)),
    }?;
    print::outcome()?;
    Ok(code)
}

/// The server of a scenario, for those who want it alone.
fn server_of(scenario: &str) -> anyhow::Result<Profile> {
    let scenario = scenario::load(scenario)?;
    let server = scenario.variant(DEFAULT_VARIANT).and_then(|variant| variant.server.clone());
    server.ok_or_else(|| Usage(format!("{} has no server: its tasks fetch nothing", scenario.name)).into())
}

/// 2 for wrong usage and bad input, 1 for whatever went wrong while doing it.
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    let bad_input = error.is::<Usage>()
        || error.is::<ScenarioError>()
        || error.is::<ProfileError>()
        || matches!(error.downcast_ref(), Some(ServeError::Remote(_)))
        || error.downcast_ref().is_some_and(is_bad_input);
    ExitCode::from(if bad_input { 2 } else { 1 })
}

/// What can't be set up because of what was asked for, and not because of the machine.
fn is_bad_input(error: &SetupError) -> bool {
    match error {
        SetupError::Unknown(_) | SetupError::Photos(_) | SetupError::Archives(_) | SetupError::Echo(_) => true,
        SetupError::Fixtures(error) => {
            matches!(error, FixtureError::Unreadable { .. } | FixtureError::NoPictures { .. })
        }
        _ => false,
    }
}
