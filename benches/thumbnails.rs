//! Sweeps over thumbnails: work that reads, computes and writes.

mod common;
#[path = "common/sweep.rs"]
mod sweep;

fn main() -> std::process::ExitCode {
    sweep::main(&["thumbnails"])
}
