//! `makespan doctor`: what on this machine disturbs measurements, with remedies, and the optional parts it has.

use super::print::say;
use measure::disturbances::{self, Inspection, Severity};
use std::{
    env::{self, VarError},
    path::Path,
    process::ExitCode,
};
use work::queue::{
    address::{Address, DEFAULT_NAME, LOCAL_REDIS, VARIABLE},
    redis::{Redis, RedisFacts},
};

#[derive(clap::Args)]
pub struct DoctorArgs {}

pub fn run(_: &DoctorArgs) -> ExitCode {
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
        let found = on_path(program);
        let (mark, place) = found.as_ref().map_or(("-", "not found"), |place| ("✓", place.as_str()));
        say!("  {mark} {program}: {purpose} ({place})");
    }
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

fn on_path(program: &str) -> Option<String> {
    let paths = env::var_os("PATH")?;
    let places = env::split_paths(&paths).map(|dir| dir.join(program));
    places.into_iter().find(|place| is_program(place)).map(|place| place.display().to_string())
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
