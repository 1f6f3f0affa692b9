//! Hands the program the commit it was built from. Only this package knows it, so that a commit rebuilds no other crate.
//! It may be missing; nothing here fails a build.

use std::{path::Path, process::Command};

/// What ends up in the program. A change elsewhere (a test, a document) doesn't make the build another one.
const BUILT_FROM: &[&str] = &["Cargo.toml", "Cargo.lock", "build.rs", "crates", "src", "fixtures", "report/theme"];

fn main() {
    println!("cargo::rustc-env=MAKESPAN_COMMIT={}", commit().unwrap_or_default());
    // Git's own files change when the commit does: HEAD on a checkout, the branch on a commit.
    let git = ["HEAD", "refs/heads", "packed-refs"].map(|file| output("git", &["rev-parse", "--git-path", file]));
    let built_from = BUILT_FROM.iter().map(|&path| path.to_owned());
    for path in git.into_iter().flatten().chain(built_from) {
        // Cargo would take a file that isn't there for one that always changes.
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
}

/// The commit, with `-dirty` when what is built differs from it. `None` outside a checkout, and inside somebody else's
/// that merely has this folder in it.
fn commit() -> Option<String> {
    output("git", &["ls-files", "--error-unmatch", "Cargo.toml"])?;
    let commit = output("git", &["rev-parse", "--short=12", "HEAD"])?;
    let paths: Vec<&str> = BUILT_FROM.iter().copied().filter(|path| Path::new(path).exists()).collect();
    let status = [&["--no-optional-locks", "status", "--porcelain", "--"], paths.as_slice()].concat();
    let dirty = output("git", &status).is_none_or(|changes| !changes.is_empty());
    Some(if dirty { format!("{commit}-dirty") } else { commit })
}

/// The first line that the command prints. `None` when it isn't there or fails.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}
