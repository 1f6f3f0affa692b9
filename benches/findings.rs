//! Tests the documents' claims: up to twelve interleaved rounds, and a verdict on each claim.
//!
//! Not a Criterion benchmark, for the reason given in `rounds.rs`. Its benchmarks are called `SCENARIO/CLAIM`, such as
//! `web_requests/000-3`.

mod common;

use common::asked::{Asked, Mode};
use makespan::scenario;
use std::process::ExitCode;

/// Total seconds of `--quick` for the rounds of all claims; each scenario has at least one round. That is too few for
/// most verdicts.
const QUICK_S: &str = "20";

fn main() -> ExitCode {
    let asked = Asked::of_this_process();
    let scenarios = match scenario::all() {
        Ok(scenarios) => scenarios,
        Err(error) => return common::conclude(&[error.to_string()]),
    };
    let claims =
        scenarios.iter().flat_map(|scenario| scenario.claims.iter().map(move |claim| (&scenario.name, &claim.id)));
    let chosen = asked.choose(claims, |(scenario, claim)| format!("{scenario}/{claim}"));
    if chosen.is_empty() {
        return ExitCode::SUCCESS;
    }
    let mut arguments = vec!["reproduce", "--quick"];
    if !asked.wants_all() {
        arguments.extend(chosen.iter().map(|(_, claim)| claim.as_str()));
    }
    match asked.mode {
        Mode::Test => arguments.extend(["--fresh", "--budget", "0.001"]),
        Mode::Quick => arguments.extend(["--fresh", "--budget", QUICK_S]),
        _ => {}
    }
    if asked.mode == Mode::Test {
        chosen.iter().for_each(|(scenario, claim)| println!("Testing {scenario}/{claim}"));
    }
    let failures = match common::run(asked.mode, arguments) {
        Ok(status) if status.success() => Vec::new(),
        // Ctrl-C reached the child too.
        Ok(status) if status.code() == Some(130) => return ExitCode::from(130),
        Ok(status) => vec![format!("the claims: {status}; the errors are above")],
        Err(error) => vec![format!("the claims: {error}")],
    };
    match asked.mode {
        Mode::Measure => common::refresh_page(),
        Mode::Test if failures.is_empty() => println!("Success\n"),
        _ => {}
    }
    common::conclude(&failures)
}
