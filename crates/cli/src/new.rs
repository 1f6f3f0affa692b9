//! `makespan new`: writes a scenario to begin with.

use super::{Usage, print::say};
use anyhow::Context;
use clap::Subcommand;
use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    process::ExitCode,
};
use support::terminal::shell_word;

/// A test compares it with the keys that a scenario may have.
const SCENARIO: &str = include_str!("../../../fixtures/new_scenario.toml");

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct NewArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Write NAME.toml: a small scenario that runs as it is. Comments explain its keys; docs/scenario.md has all of them
    #[command(after_help = EXAMPLES)]
    Scenario {
        /// The scenario's name: that of the file, with or without `.toml`
        name: String,
    },
}

const EXAMPLES: &str = "\
Examples:
  makespan new scenario mine
  makespan check mine.toml
  makespan run mine.toml";

pub fn run(args: &NewArgs) -> anyhow::Result<ExitCode> {
    let What::Scenario { name } = &args.what;
    let stem = name.strip_suffix(".toml").unwrap_or(name);
    if stem.is_empty() || stem.ends_with('/') {
        return Err(Usage(format!("found `{name}`, expected a name such as mine")).into());
    }
    let file = format!("{stem}.toml");
    // Checked and created in one step: a file that appears between a check and the write would be overwritten.
    let mut written = match OpenOptions::new().write(true).create_new(true).open(&file) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Usage(format!("{file} exists already: choose another name, or delete it")).into());
        }
        opened => opened.with_context(|| format!("can't write {file}"))?,
    };
    written.write_all(SCENARIO.as_bytes()).with_context(|| format!("can't write {file}"))?;
    say!("{file}");
    say!("Change it, then: makespan check {0} && makespan run {0}", shell_word(&file));
    Ok(ExitCode::SUCCESS)
}
