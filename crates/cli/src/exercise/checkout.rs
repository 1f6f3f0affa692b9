//! The checkout of the sources that an exercise is written into, and the cargo build there.

use super::super::Usage;
use anyhow::{Context, bail};
use exercise::Exercise;
use serde::Deserialize;
use std::{
    env, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::Stdio,
};
use toml::{Table, Value};

/// The library that exercises are written against.
const LIBRARY: &str = "makespan";

/// A checkout of this project's sources.
pub(super) struct Checkout {
    pub(super) root: PathBuf,
    /// The name of its binary.
    binary: String,
}

/// What was built.
pub(super) struct Built {
    /// The exercise's program.
    pub(super) exercise: PathBuf,
    /// The `makespan` binary of the same build.
    pub(super) program: PathBuf,
}

impl Checkout {
    /// The checkout that contains the working directory.
    pub(super) fn find() -> anyhow::Result<Self> {
        let here = env::current_dir().context("can't find the working directory")?;
        let found = here.ancestors().find_map(Self::at);
        let nowhere = || {
            let here = here.display();
            Usage(format!(
                "{here} is not in a checkout of makespan: exercises are files among its sources. Clone its repository and run \
                 this command there"
            ))
        };
        Ok(found.ok_or_else(nowhere)?)
    }

    /// The checkout with this root, if its manifest has a library of this name.
    fn at(root: &Path) -> Option<Self> {
        let manifest: Table = fs::read_to_string(root.join("Cargo.toml")).ok()?.parse().ok()?;
        let name = |table: &Value| table.get("name").and_then(Value::as_str).map(str::to_owned);
        let package = name(manifest.get("package")?)?;
        let library = manifest.get("lib").and_then(name).unwrap_or_else(|| package.clone());
        let first_binary = manifest.get("bin").and_then(|binaries| name(binaries.get(0)?));
        (library == LIBRARY).then(|| Self { root: root.to_owned(), binary: first_binary.unwrap_or(package) })
    }

    /// Builds the exercise, and the binary that its worker processes are started from, because workers must be of the
    /// same build. `None` if the exercise doesn't compile; cargo has printed why.
    pub(super) fn build(&self, exercise: &Exercise, profile: &str) -> anyhow::Result<Option<Built>> {
        let mut command = support::cargo::command();
        let cargo = command.get_program().to_owned();
        command.args(["build", "--quiet", "--profile", profile, "--message-format", "json-render-diagnostics"]);
        command.args(["--bin", &self.binary, "--example", exercise.name]);
        let output = command.current_dir(&self.root).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
        let output = match output {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                bail!("{} was not found: install Rust from https://rustup.rs, which includes it", cargo.display())
            }
            output => output.with_context(|| format!("can't run {}", cargo.display()))?,
        };
        if !output.status.success() {
            return Ok(None);
        }
        let executable = |kind: &str, name: &str| {
            let of = |line: &str| serde_json::from_str::<Artifact>(line).ok()?.executable_of(kind, name);
            let found = String::from_utf8_lossy(&output.stdout).lines().find_map(of);
            found.with_context(|| format!("cargo has built the {kind} `{name}`, but its output does not say where"))
        };
        Ok(Some(Built { exercise: executable("example", exercise.name)?, program: executable("bin", &self.binary)? }))
    }
}

/// cargo's message about an artifact. Messages of other kinds don't parse as this.
#[derive(Deserialize)]
struct Artifact {
    target: Target,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    name: String,
}

impl Artifact {
    fn executable_of(self, kind: &str, name: &str) -> Option<PathBuf> {
        let is_it = self.target.name == name && self.target.kind.iter().any(|one| one == kind);
        self.executable.filter(|_| is_it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_is_known_by_its_library() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        assert_eq!(Checkout::at(root).expect("these are its sources").binary, "makespan");
        let dir = tempfile::tempdir().expect("a temporary directory");
        let manifest = |text: &str| {
            fs::write(dir.path().join("Cargo.toml"), text).expect("writable");
            Checkout::at(dir.path()).map(|checkout| checkout.binary)
        };
        assert_eq!(manifest("[package]\nname = \"makespan\""), Some("makespan".into()));
        let renamed = "[package]\nname = \"mine\"\n[lib]\nname = \"makespan\"\n[[bin]]\nname = \"my_own\"";
        assert_eq!(manifest(renamed), Some("my_own".into()));
        assert_eq!(manifest("[package]\nname = \"other\""), None);
        assert_eq!(manifest("[workspace]\nmembers = []"), None);
        assert_eq!(manifest("not a manifest"), None);
    }
}
