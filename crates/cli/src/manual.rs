//! `makespan completions` and `makespan man`: the command line for shells and for `man`, made from the same description
//! as `--help`.

use super::{Cli, print::coloured};
use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use std::{fs, path::PathBuf, process::ExitCode};

#[derive(clap::Args)]
#[command(after_help = COMPLETIONS)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

const COMPLETIONS: &str = "\
Examples:
  makespan completions bash > ~/.local/share/bash-completion/completions/makespan
  makespan completions zsh > ~/.zfunc/_makespan
  makespan completions fish > ~/.config/fish/completions/makespan.fish";

#[derive(clap::Args)]
#[command(after_help = MAN)]
pub struct ManArgs {
    /// Write a page for each subcommand into this directory, instead of the main page to standard output
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

const MAN: &str = "\
Examples:
  makespan man | man -l -
  makespan man --dir ~/.local/share/man/man1";

pub fn completions(args: &CompletionsArgs) -> ExitCode {
    // Into memory first: clap_complete panics if it can't write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "makespan", &mut script);
    coloured(String::from_utf8_lossy(&script).trim_end());
    ExitCode::SUCCESS
}

pub fn man(args: &ManArgs) -> anyhow::Result<ExitCode> {
    let mut command = Cli::command();
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page)?;
        coloured(String::from_utf8_lossy(&page).trim_end());
        return Ok(ExitCode::SUCCESS);
    };
    let in_dir = || format!("no manual pages in {}", dir.display());
    fs::create_dir_all(dir).with_context(in_dir)?;
    command.build();
    clap_mangen::generate_to(command, dir).with_context(in_dir)?;
    Ok(ExitCode::SUCCESS)
}
