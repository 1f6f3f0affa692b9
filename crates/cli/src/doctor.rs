//! `makespan doctor`: what on this machine disturbs measurements, with remedies, and the optional parts it has.

use super::{Data, print::say};
use measure::disturbances::{self, Inspection, Severity};
use std::{
    env::{self, VarError},
    path::PathBuf,
    process::ExitCode,
};
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
pub struct DoctorArgs {
    /// Python interpreter to look at (repeatable) [default: `MAKESPAN_PYTHON`, else `python3` on PATH]
    #[arg(long, value_name = "PATH")]
    python: Vec<PathBuf>,
    #[command(flatten)]
    data: Data,
}

pub fn run(args: &DoctorArgs) -> ExitCode {
    say!("What disturbs measurements on this machine:");
    let findings = disturbances::find();
    for finding in &findings {
        match finding {
            Inspection::Fine { name, found } => say!("  ✓ {name}: {found}"),
            Inspection::Unknown { name } => say!("  ? {name}: not known on this system"),
            Inspection::Disturbs(it) => {
                let mark = if it.severity == Severity::Warning { "✗" } else { "·" };
                say!("  {mark} {}: {}\n    remedy: {}", it.name, it.found, it.remedy);
            }
        }
    }
    say!("\nOptional parts:");
    for (program, purpose) in OPTIONAL {
        let found = on_path(program.as_ref()).map(|place| place.display().to_string());
        let (mark, place) = found.as_ref().map_or(("-", "not found"), |place| ("✓", place.as_str()));
        say!("  {mark} {program}: {purpose} ({place})");
    }
    say!("\nPython, for `--strategy python/threads` and the like:");
    pythons(args);
    say!("\nA job queue, for `--strategy queue` across machines (the default is a file, which needs no setup):");
    queue();
    let warnings = findings
        .iter()
        .filter(|finding| matches!(finding, Inspection::Disturbs(it) if it.severity == Severity::Warning));
    say!(
        "\n{}",
        match warnings.count() {
            0 => "No blockers: ready to measure.".to_owned(),
            count => format!(
                "{count} of these distort figures (✗). Comparisons within one run suffer less than single times."
            ),
        }
    );
    ExitCode::SUCCESS
}

/// Programs that makespan works without.
const OPTIONAL: &[(&str, &str)] = &[
    ("chromium", "the tests render the page in it"),
    ("chromedriver", "drives chromium for the tests"),
    ("curl", "a client for the mock server"),
    ("redis-server", "a queue that workers on other machines can reach; `make redis` starts one"),
];

/// Says of each interpreter what it is and has, one by one: a bad one must not hide the others.
fn pythons(args: &DoctorArgs) {
    let store = args.data.clone().store();
    for path in programs(&args.python) {
        match path.and_then(|path| found(&[path], store.dir())) {
            Ok(interpreters) => interpreters.iter().for_each(python),
            Err(error @ NoInterpreter::NotFound) => say!("  - {error}"),
            Err(error) => say!("  ✗ {error}\n    remedy: name another one with --python PATH or {PYTHON_VARIABLE}"),
        }
    }
}

fn python(interpreter: &Interpreter) {
    let Greeting { start_methods, default_start_method, packages, strategies, .. } = &interpreter.greeting;
    let methods = start_methods
        .iter()
        .map(|method| if method == default_start_method { format!("{method} (default)") } else { method.clone() });
    let installed = packages.iter().filter_map(|(name, version)| Some(format!("{name} {}", version.as_ref()?)));
    let listed = |names: Vec<String>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    say!("  ✓ {}: {interpreter}", interpreter.label);
    say!("    start methods: {}", listed(methods.collect()));
    say!("    packages: {}", listed(installed.collect()));
    for (strategy, missing) in strategies.iter().filter(|(_, missing)| !missing.is_empty()) {
        say!("    without python/{strategy}: it lacks {missing}");
    }
}

/// Checks the queue that the user has named, otherwise a Redis on this machine.
fn queue() {
    let (named, text) = match env::var(VARIABLE) {
        Ok(text) if !text.is_empty() => (format!("{VARIABLE}: "), text),
        Ok(_) | Err(VarError::NotPresent) => (String::new(), LOCAL_REDIS.to_owned()),
        Err(VarError::NotUnicode(_)) => return say!("  ✗ {VARIABLE}: not valid UTF-8"),
    };
    let url = match text.parse() {
        Ok(Address::Redis(url)) => url,
        Ok(file) => return say!("  ✓ {named}{file}: a file, which only workers on this machine can reach"),
        Err(error) => return say!("  ✗ {named}{error}"),
    };
    match Redis::new(&url, DEFAULT_NAME).about() {
        Ok(RedisFacts { version, append_only: true }) => {
            say!("  ✓ {named}{url}: Redis {version} with append-only persistence");
        }
        Ok(RedisFacts { version, append_only: false }) => say!(
            "  · {named}{url}: Redis {version} without append-only persistence: jobs are lost when it restarts\n    \
             remedy: redis-cli -h {} -p {} config set appendonly yes, and the same in its redis.conf",
            url.host,
            url.port
        ),
        Err(error) => say!("  {} {named}{error}", if named.is_empty() { "-" } else { "✗" }),
    }
}
