//! The program as a user calls it, in a directory of its own.

use super::{FEW_PRIMES, PATIENCE, program_under_test, scenario};
use assert_cmd::Command;
use std::{path::Path, process::Output};
use tempfile::TempDir;

/// A directory of its own for each test, with a scenario `tiny.toml` in it.
pub fn place() -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary directory");
    scenario(dir.path(), "tiny", FEW_PRIMES);
    dir
}

/// Runs the program there, far from any checkout.
pub fn makespan(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program_under_test());
    command.current_dir(dir).env("COLUMNS", "100").env_remove("MAKESPAN_QUEUE").timeout(PATIENCE).args(arguments);
    command.output().expect("the program starts")
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// What it says on standard error when it refuses, with exit code 2 and nothing on standard output.
pub fn refusal(arguments: &[&str]) -> String {
    refusal_in(place().path(), arguments)
}

pub fn refusal_in(dir: &Path, arguments: &[&str]) -> String {
    let output = makespan(dir, arguments);
    let words = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {words}");
    assert!(output.stdout.is_empty(), "{arguments:?}: {}", text(&output.stdout));
    assert!(!words.contains("panicked"), "{words}");
    words
}

/// What it says when it works.
pub fn success(dir: &Path, arguments: &[&str]) -> (String, String) {
    let output = makespan(dir, arguments);
    let (said, words) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}\n{words}");
    (said, words)
}

/// A run that takes no time to speak of.
pub const TINY: [&str; 6] = ["run", "tiny.toml", "--rounds", "2", "--data", "data"];

pub fn tiny(dir: &Path, more: &[&str]) -> (String, String) {
    success(dir, &[&TINY, more].concat())
}
