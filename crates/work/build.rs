//! A checksum of everything that decides how a job is written and read: two programs with the same one understand each
//! other, on whatever machines they were built.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// This crate, and the crates of ours whose types travel in a job.
const CRATES: [&str; 4] = ["support", "measure", "mock_server", "work"];

fn main() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a member lies in `crates`");
    let mut folders: Vec<PathBuf> = CRATES.iter().map(|name| crates.join(name).join("src")).collect();
    let mut files = vec![crates.join("../Cargo.lock")];
    for path in folders.iter().chain(&files) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.is_dir() { &mut folders } else { &mut files }.push(path);
        }
    }
    files.sort();
    let bytes = files.iter().filter_map(|file| fs::read(file).ok()).flatten();
    // FNV-1a.
    let hash = bytes.fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    println!("cargo::rustc-env=MAKESPAN_SOURCES={hash:08x}");
}
