//! Shared by bench targets: the command line, our program, the page, and the progress line.
#![allow(dead_code, reason = "each target uses a part of it")]

pub mod asked;

use asked::Mode;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use makespan::{
    report,
    results::store,
    runner::{Plan, Settings},
    strategy::Env,
};
use std::{
    ffi::OsStr,
    fs,
    io::{self, Write},
    os::unix::fs::symlink,
    path::Path,
    process::{Command, ExitCode, ExitStatus},
};
use tempfile::TempDir;

/// The environment of a strategy in a bench: workers are started from our binary, not from the bench's.
pub fn env() -> Env {
    Env::new(env!("CARGO_BIN_EXE_makespan"), store::Store::at(None).dir())
}

/// Settings of a measurement that a bench makes itself, and that isn't recorded.
pub fn settings(plan: Plan) -> Settings {
    Settings::new(env(), store::Store::at(None).dir(), plan)
}

/// Runs our program, which measures and records. A test leaves no record and prints nothing unless it fails; a quick
/// measurement is recorded in a directory that the page does not read.
pub fn run(mode: Mode, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> io::Result<ExitStatus> {
    let (mut command, temporary) = (Command::new(env().program), Path::new(env!("CARGO_TARGET_TMPDIR")));
    command.args(arguments);
    match mode {
        Mode::Test => {
            let data = data_of_a_test(temporary)?;
            let output = command.arg("--data").arg(data.path()).output()?;
            if !output.status.success() {
                io::stderr().write_all(&[output.stdout, output.stderr].concat())?;
            }
            Ok(output.status)
        }
        Mode::Quick => command.arg("--data").arg(temporary.join("quick")).status(),
        _ => command.status(),
    }
}

/// A data directory for one test: several may run at the same time. They share fixtures, which take seconds to make.
fn data_of_a_test(temporary: &Path) -> io::Result<TempDir> {
    let (data, fixtures) = (TempDir::with_prefix_in("bench-", temporary)?, temporary.join("fixtures"));
    fs::create_dir_all(&fixtures)?;
    symlink(fixtures, data.path().join("fixtures"))?;
    Ok(data)
}

/// A progress line on standard error: how many steps are done, and how long the others will take. Not drawn if that is
/// not a terminal.
pub fn progress(steps: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:24} {pos:>4}/{len} {msg} ({eta} left)");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Prints every failure, and returns the exit code.
pub fn conclude(failures: &[String]) -> ExitCode {
    failures.iter().for_each(|failure| eprintln!("FAILED: {failure}"));
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes the page again from the records.
pub fn refresh_page() {
    let Some(root) = store::checkout() else {
        return eprintln!("not in a checkout: no page was written");
    };
    match report::refresh(&store::Store::at(None), root.join("report").join("index.html"), None) {
        Ok(warnings) => warnings.iter().for_each(|warning| eprintln!("skipped: {warning}")),
        Err(error) => eprintln!("the page was not refreshed: {error}"),
    }
}
