//! `makespan exercise`: writes a strategy to complete into the checkout, and checks it there.

mod checkout;

use super::{
    Usage,
    print::{columns, note, say, wrapped},
};
use anyhow::Context;
use checkout::{Built, Checkout};
use clap::{Subcommand, value_parser};
use exercise::{Exercise, ROUNDS};
use harness::results::output::Output;
use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    path::Path,
    process::{Command, ExitCode},
};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ExerciseArgs {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Write an exercise's file into the checkout: examples/NAME.rs
    New(New),
    /// Test your solution, and grade its speed
    #[command(after_help = CHECK)]
    Check(CheckArgs),
}

#[derive(clap::Args)]
struct New {
    /// The exercise: `makespan exercise` lists them
    name: String,
    /// Overwrite the file if it exists
    #[arg(long)]
    force: bool,
}

#[derive(clap::Args)]
struct CheckArgs {
    /// The exercise [default: all exercises whose files exist]
    name: Option<String>,
    /// How many rounds to measure
    #[arg(long, value_name = "N", default_value_t = ROUNDS, value_parser = value_parser!(u32).range(2..))]
    rounds: u32,
    /// Also write the result as JSON; `-` for standard output, instead of the text
    #[arg(long, value_name = "FILE")]
    json: Option<Output>,
    /// The cargo profile to build with. Others than `release` are for tests: their times are meaningless
    #[arg(long, default_value = "release", hide = true)]
    profile: String,
}

const EXAMPLES: &str = "\
Examples:
  makespan exercise
  makespan exercise new work_queue
  makespan exercise check work_queue
  makespan exercise check work_queue --rounds 30 --json - | jq .grade

Files are written into a checkout of makespan's sources and built there with cargo.";

const CHECK: &str = "\
The exit code is 0 if the grade is \"passed\", and 1 if it is \"failed\" or \"inconclusive\" or the file doesn't compile.";

/// The column where titles begin.
const INDENT: usize = 22;

pub fn run(args: &ExerciseArgs) -> anyhow::Result<ExitCode> {
    match &args.action {
        None => {
            list();
            Ok(ExitCode::SUCCESS)
        }
        Some(Action::New(new)) => write(new),
        Some(Action::Check(check)) => check.run(),
    }
}

fn list() {
    say!("Exercises (makespan exercise new NAME):");
    for exercise in exercise::ALL {
        let title = format!("{}; compared with `{}`", exercise.title, exercise.house);
        for (number, line) in wrapped(&title, columns() - INDENT).iter().enumerate() {
            say!("  {:width$}{line}", if number == 0 { exercise.name } else { "" }, width = INDENT - 2);
        }
    }
    say!("\nEach is one file to complete. `makespan exercise check NAME` tests it and grades its speed.");
}

fn write(New { name, force }: &New) -> anyhow::Result<ExitCode> {
    let exercise = exercise::named(name).map_err(Usage)?;
    let path = Checkout::find()?.root.join(exercise.file());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("can't create {}", folder.display()))?;
    }
    // Checked and created in one step: a file that appears between a check and the write would be overwritten.
    let opened = OpenOptions::new().write(true).create_new(!force).create(true).truncate(*force).open(&path);
    let mut file = match opened {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let path = path.display();
            return Err(Usage(format!("{path} exists already: complete it, or start over with --force")).into());
        }
        opened => opened.with_context(|| format!("can't write {}", path.display()))?,
    };
    file.write_all(exercise.template.as_bytes()).with_context(|| format!("can't write {}", path.display()))?;
    say!("{}", path.display());
    say!("Complete it where it says `YOUR TURN`, then: makespan exercise check {}", exercise.name);
    Ok(ExitCode::SUCCESS)
}

impl CheckArgs {
    fn run(&self) -> anyhow::Result<ExitCode> {
        let named = self.name.as_deref().map(exercise::named).transpose().map_err(Usage)?;
        let checkout = Checkout::find()?;
        let exercises = match named {
            Some(exercise) if checkout.has(exercise) => vec![exercise],
            Some(exercise) => {
                let (file, root, name) = (exercise.file(), checkout.root.display(), exercise.name);
                return Err(Usage(format!("no {file} in {root}: create it with `makespan exercise new {name}`")).into());
            }
            None => checkout.begun()?,
        };
        if self.json.is_some() && exercises.len() > 1 {
            return Err(Usage("--json writes the result of one exercise: name it".into()).into());
        }
        let mut worst = ExitCode::SUCCESS;
        for exercise in exercises {
            note!("building {}", exercise.file());
            let Some(built) = checkout.build(exercise, &self.profile)? else { return Ok(ExitCode::FAILURE) };
            let code = self.check(&built)?;
            if code != ExitCode::SUCCESS {
                worst = code;
            }
        }
        Ok(worst)
    }

    /// Runs the program that was built: it checks itself and prints the result.
    fn check(&self, built: &Built) -> anyhow::Result<ExitCode> {
        let mut command = Command::new(&built.exercise);
        command.args(["--rounds", &self.rounds.to_string()]).arg("--program").arg(&built.program);
        if let Some(json) = &self.json {
            command.arg("--json").arg(json.path());
        }
        let status = command.status().with_context(|| format!("can't run {}", built.exercise.display()))?;
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
    }
}

impl Checkout {
    fn has(&self, exercise: &Exercise) -> bool {
        Path::new(&self.root).join(exercise.file()).is_file()
    }

    /// The exercises whose files exist.
    fn begun(&self) -> Result<Vec<&'static Exercise>, Usage> {
        let begun: Vec<&Exercise> = exercise::ALL.iter().filter(|exercise| self.has(exercise)).collect();
        let root = self.root.display();
        let none = || Usage(format!("no exercise was started in {root}: create one with `makespan exercise new NAME`"));
        if begun.is_empty() { Err(none()) } else { Ok(begun) }
    }
}
