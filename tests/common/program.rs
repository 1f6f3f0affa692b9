//! The program as a user calls it, in a directory of its own.

use super::{FEW_PRIMES, PATIENCE, program_under_test, scenario};
use assert_cmd::Command;
use serde::de::DeserializeOwned;
use std::{path::Path, process::Output};
use tempfile::TempDir;

/// A directory of its own for each test, with a scenario `tiny.toml` in it.
pub fn place() -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary directory");
    scenario(dir.path(), "tiny", FEW_PRIMES);
    dir
}

/// The program there, far from any checkout, and from whatever queue the environment of these tests may name.
pub fn command(dir: &Path) -> Command {
    let mut command = Command::new(program_under_test());
    command.current_dir(dir).env("COLUMNS", "100").env_remove("MAKESPAN_QUEUE").timeout(PATIENCE);
    command
}

pub fn makespan(dir: &Path, arguments: &[&str]) -> Output {
    command(dir).args(arguments).output().expect("the program starts")
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// What it says on standard output and on standard error when it ends with this exit code.
pub fn ended(dir: &Path, arguments: &[&str], code: i32) -> (String, String) {
    said(command(dir).args(arguments), code)
}

pub fn said(command: &mut Command, code: i32) -> (String, String) {
    let output = command.output().expect("the program starts");
    let (said, words) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{command:?}: {said}\n{words}");
    assert!(!words.contains("panicked"), "{words}");
    (said, words)
}

/// What it says on standard error when it refuses, with exit code 2 and nothing on standard output.
pub fn refusal(arguments: &[&str]) -> String {
    refusal_in(place().path(), arguments)
}

pub fn refusal_in(dir: &Path, arguments: &[&str]) -> String {
    let (said, words) = ended(dir, arguments, 2);
    assert_eq!(said, "", "{arguments:?}");
    words
}

/// What it says when it works.
pub fn success(dir: &Path, arguments: &[&str]) -> (String, String) {
    ended(dir, arguments, 0)
}

/// The document that it writes with `--json -`: all that there is on standard output.
pub fn document<T: DeserializeOwned>(dir: &Path, arguments: &[&str], code: i32) -> T {
    let (said, words) = ended(dir, &[arguments, &["--json", "-"]].concat(), code);
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}\n{words}"))
}

/// A run that takes no time to speak of.
pub const TINY: [&str; 6] = ["run", "tiny.toml", "--rounds", "2", "--data", "data"];

pub fn tiny(dir: &Path, more: &[&str]) -> (String, String) {
    success(dir, &[&TINY, more].concat())
}
