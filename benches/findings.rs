//! The claims of the documents, put to the test: one look after six interleaved rounds, and a verdict on each.
//!
//! Not a Criterion benchmark, for the reason that `rounds.rs` gives, but it takes Criterion's flags: a filter is compared
//! with `SCENARIO/CLAIM`, such as `web_requests/000-3`.

#[path = "common/asked.rs"]
mod asked;
mod common;

use asked::Asked;
use makespan::scenario;
use std::{
    env,
    process::{Command, ExitCode},
};

fn main() -> ExitCode {
    let asked = Asked::from(env::args().skip(1));
    let scenarios = match scenario::all() {
        Ok(scenarios) => scenarios,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let names = scenarios.iter().flat_map(|scenario| {
        scenario.claims.iter().map(|claim| (format!("{}/{}", scenario.name, claim.id), claim.id.clone()))
    });
    let wanted: Vec<(String, String)> = names.filter(|(name, _)| asked.wants(name)).collect();
    if asked.only_list {
        wanted.iter().for_each(|(name, _)| println!("{name}: benchmark"));
        return ExitCode::SUCCESS;
    }
    if wanted.is_empty() {
        return common::conclude(&[]);
    }
    let mut reproduce = Command::new(common::env().program);
    reproduce.args(["reproduce", "--quick"]);
    if asked.filter.is_some() {
        reproduce.args(wanted.iter().map(|(_, id)| id));
    }
    if asked.only_test {
        // A single round of each: what a debug build measured has no place among the records, either.
        reproduce.args(["--fresh", "--budget", "0.001", "--data", env!("CARGO_TARGET_TMPDIR")]);
    }
    let failures = match reproduce.status() {
        Ok(status) if status.success() => Vec::new(),
        // Ctrl-C reached it as it reached us.
        Ok(status) if status.code() == Some(130) => return ExitCode::from(130),
        Ok(status) => vec![format!("the claims: {status}; its words are above")],
        Err(error) => vec![format!("the claims: {error}")],
    };
    common::conclude(&failures)
}
