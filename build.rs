//! Hands four facts to the program that it can't learn later: its compiler, its profile, the commit it was built from, and
//! a checksum of its sources. Each may be missing; nothing here fails a build.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What ends up in the program. A change elsewhere (a test, a document) doesn't make the build another one.
const BUILT_FROM: &[&str] = &["Cargo.toml", "Cargo.lock", "build.rs", "src", "fixtures", "report/theme"];

fn main() {
    let compiler = env::var("RUSTC").ok().and_then(|rustc| output(&rustc, &["--version"]));
    let profile = env::var("PROFILE").ok();
    let sources = Some(format!("{:08x}", sources()));
    for (name, value) in [("RUSTC", compiler), ("PROFILE", profile), ("COMMIT", commit()), ("SOURCES", sources)] {
        println!("cargo::rustc-env=MAKESPAN_{name}={}", value.unwrap_or_default());
    }
    println!("cargo::rerun-if-env-changed=RUSTC");
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

/// A checksum (FNV-1a) of everything that decides how a job is written and read: two programs with the same one understand
/// each other, on whatever machines they were built.
fn sources() -> u32 {
    let mut files = vec![PathBuf::from("Cargo.lock")];
    let mut folders = vec![PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            // Snapshots are of tests, which add some where they fail.
            if !path.ends_with("snapshots") {
                if path.is_dir() { &mut folders } else { &mut files }.push(path);
            }
        }
    }
    files.sort();
    let bytes = files.iter().filter_map(|file| fs::read(file).ok()).flatten();
    bytes.fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The first line that the command prints. `None` when it isn't there or fails.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}
