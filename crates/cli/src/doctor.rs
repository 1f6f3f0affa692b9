//! `makespan doctor`: what on this machine disturbs measurements, with remedies, and the optional parts it has.

use super::{
    Data,
    print::{entry, fitted, say},
};
use harness::results::output::Output;
use measure::disturbances::{self, Disturbance, Inspection, Severity};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    env::{self, VarError},
    iter,
    path::{Path, PathBuf},
    process::ExitCode,
};
use support::{figures::count, terminal::printable_path};
use work::{
    queue::{
        address::{Address, DEFAULT_NAME, LOCAL_REDIS, VARIABLE},
        redis::{Redis, RedisFacts},
    },
    worker::python::interpreter::{
        Greeting, Interpreter, NoInterpreter, VARIABLE as PYTHON_VARIABLE, found, on_path, programs,
    },
};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct DoctorArgs {
    /// Python interpreter to check (repeatable) [default: `MAKESPAN_PYTHON`, else `python3` on PATH]
    #[arg(long, value_name = "PATH")]
    python: Vec<PathBuf>,
    /// Also write the results as JSON; `-` for standard output, instead of the text
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    json: Option<Output>,
    #[command(flatten)]
    data: Data,
}

const EXAMPLES: &str = "\
Examples:
  makespan doctor
  makespan doctor && makespan reproduce
  makespan doctor --json | jq -r '.machine[] | select(.state == \"distorts\") | .remedy'

The exit code is 0 if nothing distorts figures and every named Python and queue can be used;
otherwise it is 1, and the lines marked ✗ say why.";

/// The name and version of the JSON document.
pub(crate) const SCHEMA: &str = "makespan.doctor/1";

/// What was found. Other programs read it; `fixtures/schema/doctor-1.json` describes it.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Checkup {
    /// Which document this is, and its version.
    #[cfg_attr(feature = "schema", schemars(extend("const" = SCHEMA)))]
    schema: &'static str,
    /// Whether no line has the state `distorts` or `unusable`: the exit code is 0 then, and 1 otherwise.
    ready: bool,
    /// Properties of the machine.
    machine: Vec<Line>,
    /// Programs that makespan works without.
    programs: Vec<OptionalProgram>,
    /// The interpreters of `--python`, of `MAKESPAN_PYTHON`, or the python3 on PATH.
    pythons: Vec<PythonLine>,
    queue: Line,
}

/// One thing that was looked at.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Line {
    /// What was looked at.
    name: String,
    /// Whether it disturbs a measurement, or can be used.
    state: LineState,
    /// Its state in words; `None` where it is unknown.
    found: Option<String>,
    /// What to do about it; null if nothing is to be done.
    remedy: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum LineState {
    /// As it should be.
    Fine,
    /// It matters, and comparisons within one run tolerate it.
    Disturbs,
    /// Figures measured now would mislead.
    Distorts,
    /// It was named, and can't be used.
    Unusable,
    /// It is optional, and not there.
    Absent,
    /// This system doesn't tell.
    Unknown,
}

impl LineState {
    fn mark(self) -> char {
        match self {
            Self::Fine => '✓',
            Self::Disturbs => '·',
            Self::Distorts | Self::Unusable => '✗',
            Self::Absent => '-',
            Self::Unknown => '?',
        }
    }
}

impl Line {
    fn new(name: impl Into<String>, state: LineState, found: impl Into<String>) -> Self {
        Self { name: name.into(), state, found: Some(found.into()), remedy: None }
    }

    fn with_remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    fn print(&self) {
        let found = self.found.as_deref().unwrap_or("not known on this system");
        item(self.state, &format!("{}: {found}", self.name));
        if let Some(remedy) = &self.remedy {
            entry("    remedy:", 12, remedy);
        }
    }
}

impl From<Inspection> for Line {
    fn from(inspection: Inspection) -> Self {
        match inspection {
            Inspection::Fine { name, found } => Self::new(name, LineState::Fine, found),
            Inspection::Unknown { name } => {
                Self { name: name.into(), state: LineState::Unknown, found: None, remedy: None }
            }
            Inspection::Disturbs(Disturbance { name, found, remedy, severity }) => {
                let state = if severity == Severity::Warning { LineState::Distorts } else { LineState::Disturbs };
                Self::new(name, state, found).with_remedy(remedy)
            }
        }
    }
}

/// A program that makespan works without.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct OptionalProgram {
    /// Its name.
    name: &'static str,
    /// What it is used for.
    purpose: &'static str,
    /// Where it is; null if it was not found.
    path: Option<String>,
}

/// An interpreter, or why there is none.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct PythonLine {
    #[serde(flatten)]
    line: Line,
    /// What it is; `None` if it can't be used.
    facts: Option<InterpreterFacts>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct InterpreterFacts {
    /// Its program.
    path: String,
    /// `CPython` or `PyPy`.
    implementation: String,
    /// Its version.
    version: String,
    /// Whether one thread runs at a time.
    lock: bool,
    /// How it can start processes.
    start_methods: Vec<String>,
    /// How it starts them unless told otherwise.
    default_start_method: String,
    /// Versions of the packages that tasks may use; null for one that is not installed.
    packages: BTreeMap<String, Option<String>>,
    /// What it lacks for a strategy, by the strategy's name.
    lacks: BTreeMap<String, String>,
}

pub fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let checkup = Checkup::now(args);
    if args.json != Some(Output::Stdout) {
        checkup.print();
    }
    if let Some(output) = &args.json {
        output.write_json(&checkup)?;
    }
    Ok(if checkup.ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Checkup {
    fn now(args: &DoctorArgs) -> Self {
        let machine: Vec<Line> = disturbances::find().into_iter().map(Line::from).collect();
        let (pythons, queue) = (pythons(args), queue());
        let bad = |line: &Line| matches!(line.state, LineState::Distorts | LineState::Unusable);
        let lines = machine.iter().chain(pythons.iter().map(|python| &python.line));
        let ready = !lines.chain(iter::once(&queue)).any(bad);
        let found = |&(name, purpose): &(&'static str, _)| OptionalProgram {
            name,
            purpose,
            path: on_path(name.as_ref()).map(|path| printable_path(&path)),
        };
        let programs = OPTIONAL.iter().map(found).collect();
        Self { schema: SCHEMA, ready, machine, programs, pythons, queue }
    }

    fn print(&self) {
        say!("What disturbs measurements on this machine:");
        self.machine.iter().for_each(Line::print);
        say!("\nOptional parts:");
        for OptionalProgram { name, purpose, path } in &self.programs {
            let place = path.as_deref().unwrap_or("not found");
            let state = if path.is_some() { LineState::Fine } else { LineState::Absent };
            item(state, &format!("{name}: {purpose} ({place})"));
        }
        say!("\nPython, for `--strategy python/threads` and the like:");
        self.pythons.iter().for_each(PythonLine::print);
        let queue =
            "A job queue, for `--strategy queue` across machines (the default is a file, which needs no setup):";
        say!("\n{}", fitted(queue));
        self.queue.print();
        say!("\n{}", fitted(&self.in_all()));
    }

    fn in_all(&self) -> String {
        let distort = self.machine.iter().filter(|line| line.state == LineState::Distorts).count();
        match (self.ready, distort) {
            (true, _) => "No blockers: ready to measure.".to_owned(),
            (_, 0) => "Nothing distorts figures, but the items marked ✗ can't be used.".to_owned(),
            (_, items) => format!(
                "Figures are distorted by {} marked ✗. Comparisons within one run suffer less than times.",
                count(items, "item")
            ),
        }
    }
}

/// Prints a line of the list.
fn item(state: LineState, text: &str) {
    entry(&format!("  {}", state.mark()), 4, text);
}

/// Programs that makespan works without.
const OPTIONAL: &[(&str, &str)] = &[
    ("chromium", "the tests render the page in it"),
    ("chromedriver", "drives chromium for the tests"),
    ("curl", "a client for the mock server"),
    ("redis-server", "a queue that workers on other machines can reach; `make redis` starts one"),
];

/// What each interpreter is and has, one by one: a bad one must not hide the others.
fn pythons(args: &DoctorArgs) -> Vec<PythonLine> {
    let store = args.data.clone().store();
    let of = |path: Result<PathBuf, NoInterpreter>| match path.and_then(|path| found(&[path], store.dir())) {
        Ok(interpreters) => interpreters.into_iter().map(PythonLine::usable).collect(),
        Err(NoInterpreter::Unusable { path, reason }) => vec![PythonLine::unusable(&path, reason)],
        Err(none @ NoInterpreter::NotFound) => {
            vec![PythonLine { line: Line::new("python3", LineState::Absent, none.to_string()), facts: None }]
        }
    };
    programs(&args.python).into_iter().flat_map(of).collect()
}

impl PythonLine {
    fn usable(interpreter: Interpreter) -> Self {
        let line = Line::new(&interpreter.label, LineState::Fine, interpreter.to_string());
        let Interpreter { path, greeting, .. } = interpreter;
        let Greeting {
            implementation, version, lock, start_methods, default_start_method, packages, strategies, ..
        } = greeting;
        let lacks = strategies.into_iter().filter(|(_, missing)| !missing.is_empty()).collect();
        let path = printable_path(&path);
        let facts = InterpreterFacts {
            path,
            implementation,
            version,
            lock,
            start_methods,
            default_start_method,
            packages,
            lacks,
        };
        Self { line, facts: Some(facts) }
    }

    fn unusable(path: &Path, reason: String) -> Self {
        let remedy = format!("name another one with --python PATH or {PYTHON_VARIABLE}");
        let line = Line::new(printable_path(path), LineState::Unusable, reason).with_remedy(remedy);
        Self { line, facts: None }
    }

    fn print(&self) {
        self.line.print();
        let Some(InterpreterFacts { start_methods, default_start_method, packages, lacks, .. }) = &self.facts else {
            return;
        };
        let methods = start_methods
            .iter()
            .map(|method| if method == default_start_method { format!("{method} (default)") } else { method.clone() });
        let installed = packages.iter().filter_map(|(name, version)| Some(format!("{name} {}", version.as_ref()?)));
        let listed = |names: Vec<String>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        entry("", 4, &format!("start methods: {}", listed(methods.collect())));
        entry("", 4, &format!("packages: {}", listed(installed.collect())));
        for (strategy, missing) in lacks {
            entry("", 4, &format!("without python/{strategy}: it lacks {missing}"));
        }
    }
}

/// The queue that the user has named, otherwise a Redis on this machine.
fn queue() -> Line {
    let (name, text) = match env::var(VARIABLE) {
        Ok(text) if !text.is_empty() => (VARIABLE, text),
        Ok(_) | Err(VarError::NotPresent) => ("queue", LOCAL_REDIS.to_owned()),
        Err(VarError::NotUnicode(_)) => return Line::new(VARIABLE, LineState::Unusable, "not valid UTF-8"),
    };
    let url = match text.parse() {
        Ok(Address::Redis(url)) => url,
        Ok(file) => {
            return Line::new(
                name,
                LineState::Fine,
                format!("{file}: a file, which only workers on this machine can reach"),
            );
        }
        Err(error) => return Line::new(name, LineState::Unusable, error),
    };
    match Redis::new(&url, DEFAULT_NAME).about() {
        Ok(RedisFacts { version, append_only: true }) => {
            Line::new(name, LineState::Fine, format!("{url}: Redis {version} with append-only persistence"))
        }
        Ok(RedisFacts { version, append_only: false }) => {
            let lost = "without append-only persistence: jobs are lost when it restarts";
            Line::new(name, LineState::Disturbs, format!("{url}: Redis {version} {lost}")).with_remedy(format!(
                "redis-cli -h {} -p {} config set appendonly yes, and the same in its redis.conf",
                url.host, url.port
            ))
        }
        Err(error) => {
            let state = if name == VARIABLE { LineState::Unusable } else { LineState::Absent };
            Line::new(name, state, error.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_item_is_no_items() {
        let line = || Line::new("load", LineState::Distorts, "high");
        let said = |machine: Vec<Line>| {
            let (programs, pythons) = (Vec::new(), Vec::new());
            Checkup { schema: SCHEMA, ready: false, machine, programs, pythons, queue: line() }.in_all()
        };
        assert!(said(vec![line()]).contains("by 1 item marked"));
        assert!(said(vec![line(), line()]).contains("by 2 items marked"));
    }
}
