//! Sweeps over sums of primes: work that only computes.

mod common;
#[path = "common/sweep.rs"]
mod sweep;

fn main() -> std::process::ExitCode {
    sweep::main(&["prime_sum"])
}
