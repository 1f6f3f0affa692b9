//! Sweeps over decompression: work that reads and computes.

mod common;
#[path = "common/sweep.rs"]
mod sweep;

fn main() -> std::process::ExitCode {
    sweep::main(&["gunzip"])
}
