//! The `main` of an exercise's file: checks the strategy that stands in it, and says what came of that.

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
    /// Also write what was found as JSON; `-` for standard output, instead of the text
    #[arg(long, value_name = "FILE")]
    json: Option<Output>,
    /// The `makespan` binary [default: the one that cargo puts beside the folder of this program]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Divide all waits by this
    #[arg(long, default_value_t = 1.0, hide = true)]
    time_scale: f64,
}

/// How many rounds are measured unless told otherwise.
pub const ROUNDS: u32 = 10;

/// What a check can't be begun without.
#[derive(Debug, thiserror::Error)]
enum ProgramError {
    #[error("{0}")]
    Unknown(String),
    #[error("no makespan binary at {}: build it with `cargo build --release`, or run `makespan exercise check`, which does", .0.display())]
    NoBinary(PathBuf),
    #[error("where is this program? {0}")]
    Nowhere(io::Error),
    #[error(transparent)]
    Check(#[from] GradeError),
    #[error(transparent)]
    Unwritten(#[from] StoreError),
}

/// Checks the strategy against the exercise of this name, says what came of it, and ends with 0 if the grade is "passed",
/// with 1 if it is not, and with 2 if the program was called wrongly.
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
    let listener = CheckPrinter::new(args.json == Some(Output::Stdout));
    listener.introduce(exercise, strategy);
    let report = check(exercise, strategy, &settings, &mut |event| listener.hear(&event));
    listener.line.finish_and_clear();
    let report = report?;
    listener.conclude(&report);
    if let Some(output) = args.json {
        output.write_json(&report)?;
    }
    Ok(report.grade)
}

/// cargo puts examples into a folder beside the binary.
fn beside() -> Result<PathBuf, ProgramError> {
    let own = env::current_exe().map_err(ProgramError::Nowhere)?;
    let folder = own.parent().and_then(Path::parent).unwrap_or(Path::new(""));
    Ok(folder.join("makespan").with_extension(env::consts::EXE_EXTENSION))
}

/// Says what happens as it happens: findings on standard output, progress on standard error where that is a terminal.
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

    fn introduce(&self, exercise: &Exercise, strategy: &dyn Strategy) {
        self.say(report::introduction(exercise, strategy.name()) + "\n");
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

/// Where nobody reads any more, there is nowhere left to say so.
fn write(mut to: impl Write, text: impl Display) {
    let _ = to.write_all(printable(&text.to_string()).as_bytes()).and_then(|()| to.flush());
}
