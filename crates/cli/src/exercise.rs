//! `makespan exercise`: writes a strategy to complete, and checks it. In Rust, it is a program in the checkout; in Python, a
//! file anywhere.

mod checkout;

use super::{
    Usage, measuring,
    print::{fitted, labelled, note, say},
};
use anyhow::Context;
use checkout::{Built, Checkout};
use clap::{Subcommand, value_parser};
use exercise::{CheckSettings, Exercise, Language, ROUNDS, report::Grade};
use harness::results::{output::Output, store::Store};
use std::{
    ffi::OsStr,
    fs::OpenOptions,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};
use work::{
    strategy::{Env, python::Python},
    worker::python::interpreter::{PythonSetting, found},
};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ExerciseArgs {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Write an exercise's file: examples/NAME.rs in the checkout, or NAME.py in the working directory
    #[command(after_help = NEW)]
    New(New),
    /// Test your solution, and grade its speed
    #[command(after_help = CHECK)]
    Check(CheckArgs),
}

#[derive(clap::Args)]
struct New {
    /// The exercise: `makespan exercise` lists them
    name: String,
    /// The language to complete it in
    #[arg(long, value_enum, default_value = "rust")]
    language: Language,
    /// Overwrite the file if it exists
    #[arg(long)]
    force: bool,
}

#[derive(clap::Args)]
struct CheckArgs {
    /// The exercise, or its file in Python [default: all exercises whose files exist in the checkout]
    #[arg(value_name = "NAME|FILE.py")]
    name: Option<String>,
    /// How many rounds to measure
    #[arg(long, value_name = "N", default_value_t = ROUNDS, value_parser = value_parser!(u32).range(2..))]
    rounds: u32,
    /// Also write the result as JSON; `-` for standard output, instead of the text
    #[arg(long, value_name = "FILE")]
    json: Option<Output>,
    /// Python interpreter for FILE.py [default: `MAKESPAN_PYTHON`, else `python3` on PATH]
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
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
  makespan exercise new work_queue --language python
  makespan exercise check work_queue.py

In Rust, files are written into a checkout of makespan's sources and built there with cargo. In Python, they need neither.";

const NEW: &str = "\
Examples:
  makespan exercise new work_queue
  makespan exercise new work_queue --language python";

const CHECK: &str = "\
Examples:
  makespan exercise check work_queue
  makespan exercise check work_queue.py --python python3.14

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
        let title = format!("{}; compared with `{}`", exercise.title, exercise.rust.house);
        labelled(&format!("  {}", exercise.name), INDENT, &title);
    }
    let each = "Each is one file to complete. `makespan exercise check NAME` tests it and grades its speed.";
    let in_python =
        "In Python: `makespan exercise new NAME --language python`, then `makespan exercise check NAME.py`.";
    say!("\n{}\n{}", fitted(each), fitted(in_python));
}

fn write(New { name, language, force }: &New) -> anyhow::Result<ExitCode> {
    let exercise = exercise::named(name).map_err(Usage)?;
    let path = match language {
        Language::Rust => Checkout::find()?.root.join(exercise.file(*language)),
        Language::Python => exercise.file(*language).into(),
    };
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
    let template = exercise.edition(*language).template;
    file.write_all(template.as_bytes()).with_context(|| format!("can't write {}", path.display()))?;
    say!("{}", path.display());
    say!("Complete it where it says `YOUR TURN`, then: makespan exercise check {}", exercise.checked_as(*language));
    Ok(ExitCode::SUCCESS)
}

impl CheckArgs {
    fn run(&self) -> anyhow::Result<ExitCode> {
        if let Some(file) = self.name.as_deref().filter(|name| Path::new(name).extension() == Some("py".as_ref())) {
            return self.check_python(file);
        }
        if self.python.is_some() {
            return Err(Usage("--python: name a file to check with it, such as work_queue.py".into()).into());
        }
        let named = self.name.as_deref().map(exercise::named).transpose().map_err(Usage)?;
        let checkout = Checkout::find()?;
        let exercises = match named {
            Some(exercise) if checkout.has(exercise) => vec![exercise],
            Some(exercise) => {
                let (file, root, name) = (exercise.file(Language::Rust), checkout.root.display(), exercise.name);
                return Err(Usage(format!("no {file} in {root}: create it with `makespan exercise new {name}`")).into());
            }
            None => checkout.begun()?,
        };
        if self.json.is_some() && exercises.len() > 1 {
            return Err(Usage("--json writes the result of one exercise: name it".into()).into());
        }
        let mut worst = ExitCode::SUCCESS;
        for exercise in exercises {
            note!("building {}", exercise.file(Language::Rust));
            let Some(built) = checkout.build(exercise, &self.profile)? else { return Ok(ExitCode::FAILURE) };
            let code = self.check(&built)?;
            if code != ExitCode::SUCCESS {
                worst = code;
            }
        }
        Ok(worst)
    }

    /// Checks a file in Python, in this process: a lane loads it.
    fn check_python(&self, file: &str) -> anyhow::Result<ExitCode> {
        let path = Path::new(file);
        let name = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
        let after = |unknown| {
            Usage(format!("{file}: expected a file with the name of an exercise, such as hybrid.py: {unknown}"))
        };
        let exercise = exercise::named(name).map_err(after)?;
        let path = path.canonicalize().map_err(|error| {
            Usage(format!("{file}: {error}; create it with `makespan exercise new {name} --language python`"))
        })?;
        let store = Store::at(None);
        let pythons: Vec<PathBuf> = self.python.clone().into_iter().collect();
        let interpreters = found(&pythons, store.dir()).map_err(|none| Usage(none.to_string()))?;
        // `MAKESPAN_PYTHON` may name several: the first is taken.
        let python = PythonSetting::named("", &interpreters[..1]).map_err(Usage)?;
        let pythons = vec![python.interpreter.path.clone()];
        let env = Env { pythons, python: Some(python), ..measuring::env(&store)? };
        let guest = Python::guest(&path, exercise.python.house).map_err(Usage)?;
        let settings = CheckSettings { env, rounds: self.rounds, time_scale: 1.0 };
        let grade = exercise::check_and_print(exercise, guest, &settings, self.json.clone())?;
        Ok(if grade == Grade::Passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
        Path::new(&self.root).join(exercise.file(Language::Rust)).is_file()
    }

    /// The exercises whose files exist.
    fn begun(&self) -> Result<Vec<&'static Exercise>, Usage> {
        let begun: Vec<&Exercise> = exercise::ALL.iter().filter(|exercise| self.has(exercise)).collect();
        let root = self.root.display();
        let none = || Usage(format!("no exercise was started in {root}: create one with `makespan exercise new NAME`"));
        if begun.is_empty() { Err(none()) } else { Ok(begun) }
    }
}
