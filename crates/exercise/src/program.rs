//! The `main` of an exercise's file: checks the file's strategy and reports the result.
//!
//! An exercise is a program that links the library, not a plug-in, so that its strategy looks like those in
//! `crates/work/src/strategy`. The runner finds it by name, as it finds those. Child processes don't know it, so its
//! cells are not first run in a fresh process; the contract replaces that.

use super::{CheckEvent, CheckSettings, Exercise, GradeError, check, named, report};
use clap::{Parser, value_parser};
use harness::results::{
    output::Output,
    store::{Store, StoreError},
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use measure::open_files;
use std::{
    env,
    fmt::Display,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};
use support::terminal::printable;
use work::strategy::{Env, Strategy};

use report::{CheckReport, Grade};

/// Checks the strategy of an exercise.
#[derive(Parser)]
struct CheckArgs {
    /// How many rounds are measured
    #[arg(long, default_value_t = ROUNDS, value_parser = value_parser!(u32).range(2..))]
    rounds: u32,
    /// Also write the report as JSON; `-` for standard output, instead of the text
    #[arg(long, value_name = "FILE")]
    json: Option<Output>,
    /// The `makespan` binary [default: the one in the parent of this program's folder, where cargo puts it]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Divide all waits by this
    #[arg(long, default_value_t = 1.0, hide = true)]
    time_scale: f64,
}

/// Rounds to measure by default.
pub const ROUNDS: u32 = 10;

/// Why a check can't start.
#[derive(Debug, thiserror::Error)]
enum ProgramError {
    #[error("{0}")]
    Unknown(String),
    #[error("no makespan binary at {}: build it with `cargo build --release`, or run `makespan exercise check`, which does", .0.display())]
    NoBinary(PathBuf),
    #[error("where is this program? {0}")]
    Nowhere(io::Error),
    #[error(transparent)]
    Check(#[from] CheckError),
}

/// Why a check has no result.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The strategy could not be checked.
    #[error(transparent)]
    Check(#[from] GradeError),
    /// The report could not be written.
    #[error(transparent)]
    Unwritten(#[from] StoreError),
}

/// Checks the strategy against the exercise of this name and reports the result. The exit status is 0 if the grade is
/// "passed", 1 if not, and 2 for a usage error.
pub fn main(name: &str, strategy: &'static dyn Strategy) -> ExitCode {
    let args = CheckArgs::parse();
    open_files::raise_limit();
    match run(name, strategy, args) {
        Ok(Grade::Passed) => ExitCode::SUCCESS,
        Ok(Grade::Failed | Grade::Inconclusive) => ExitCode::FAILURE,
        Err(error) => {
            write(io::stderr(), format_args!("{name}: {error}\n"));
            ExitCode::from(if matches!(error, ProgramError::Unknown(_)) { 2 } else { 1 })
        }
    }
}

fn run(name: &str, strategy: &'static dyn Strategy, args: CheckArgs) -> Result<Grade, ProgramError> {
    let exercise = named(name).map_err(ProgramError::Unknown)?;
    let program = args.program.map_or_else(beside, Ok)?;
    if !program.is_file() {
        return Err(ProgramError::NoBinary(program));
    }
    let env = Env::new(program, Store::at(None).dir());
    let settings = CheckSettings { env, rounds: args.rounds, time_scale: args.time_scale };
    Ok(check_and_print(exercise, strategy, &settings, args.json)?)
}

/// Checks the strategy, prints the results as they come, and writes the report to `json`, if given.
pub fn check_and_print(
    exercise: &Exercise,
    strategy: &'static dyn Strategy,
    settings: &CheckSettings,
    json: Option<Output>,
) -> Result<Grade, CheckError> {
    let listener = CheckPrinter::new(json == Some(Output::Stdout));
    listener.introduce(exercise, strategy, &settings.env);
    let report = check(exercise, strategy, settings, &mut |event| listener.hear(&event));
    listener.line.finish_and_clear();
    let report = report?;
    listener.conclude(&report);
    if let Some(output) = json {
        output.write_json(&report)?;
    }
    Ok(report.grade)
}

/// The binary's path: cargo puts examples into a folder beside it.
fn beside() -> Result<PathBuf, ProgramError> {
    let own = env::current_exe().map_err(ProgramError::Nowhere)?;
    let folder = own.parent().and_then(Path::parent).unwrap_or(Path::new(""));
    Ok(folder.join("makespan").with_extension(env::consts::EXE_EXTENSION))
}

/// Prints results to standard output as they come, and progress to standard error if that is a terminal.
struct CheckPrinter {
    quiet: bool,
    line: ProgressBar,
}

impl CheckPrinter {
    fn new(quiet: bool) -> Self {
        let line = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{bar:24} {pos:>4}/{len} measuring");
        line.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { quiet, line }
    }

    fn introduce(&self, exercise: &Exercise, strategy: &dyn Strategy, env: &Env) {
        let python = env.python.as_ref().map(|python| &python.interpreter);
        self.say(report::introduction(exercise, strategy.name(), python) + "\n");
    }

    fn hear(&self, event: &CheckEvent) {
        match event {
            CheckEvent::Found(found) => self.line.suspend(|| self.say(report::finding(found))),
            CheckEvent::Measuring { done, of } => {
                self.line.set_length((*of).into());
                self.line.set_position((*done).into());
            }
        }
    }

    fn conclude(&self, report: &CheckReport) {
        self.say(report.conclusion());
    }

    fn say(&self, text: impl Display) {
        if !self.quiet {
            write(io::stdout(), text);
        }
    }
}

/// Ignores errors: if the output is closed, there is nowhere left to report that.
fn write(mut to: impl Write, text: impl Display) {
    let _ = to.write_all(printable(&text.to_string()).as_bytes()).and_then(|()| to.flush());
}
