//! `makespan doctor`: what on this machine disturbs a measurement, each with its remedy, and which optional parts are
//! there.

use super::print::say;
use makespan::measure::disturbances::{self, Finding, Severity};
use std::{env, path::Path, process::ExitCode};

#[derive(clap::Args)]
pub struct Args {}

pub fn run(_: &Args) -> ExitCode {
    say!("What disturbs a measurement here:");
    let findings = disturbances::find();
    for finding in &findings {
        match finding {
            Finding::Fine { name, found } => say!("  ✓ {name}: {found}"),
            Finding::Unknown { name } => say!("  ? {name}: this system doesn't tell"),
            Finding::Disturbs(it) => {
                let mark = if it.severity == Severity::Warning { "✗" } else { "·" };
                say!("  {mark} {}: {}\n    remedy: {}", it.name, it.found, it.remedy);
            }
        }
    }
    say!("\nOptional parts:");
    for (program, purpose) in OPTIONAL {
        let found = on_path(program);
        let (mark, place) = found.as_ref().map_or(("-", "not found"), |place| ("✓", place.as_str()));
        say!("  {mark} {program}: {purpose} ({place})");
    }
    let warnings =
        findings.iter().filter(|finding| matches!(finding, Finding::Disturbs(it) if it.severity == Severity::Warning));
    say!(
        "\n{}",
        match warnings.count() {
            0 => "Nothing here would mislead: measure away.".to_owned(),
            count =>
                format!("{count} of these would mislead (✗). Comparisons within one run suffer less than single times."),
        }
    );
    ExitCode::SUCCESS
}

/// Programs that the suite works without.
const OPTIONAL: &[(&str, &str)] = &[
    ("chromium", "the tests look at the page in it"),
    ("chromedriver", "drives it for the tests"),
    ("curl", "any client can use the mock server"),
];

fn on_path(program: &str) -> Option<String> {
    let paths = env::var_os("PATH")?;
    let places = env::split_paths(&paths).map(|dir| dir.join(program));
    places.into_iter().find(|place| is_program(place)).map(|place| place.display().to_string())
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
