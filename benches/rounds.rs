//! Our own interleaved rounds over every scenario's sweep: where the page's figures come from.
//!
//! Not a Criterion benchmark, because Criterion measures one thing after the other: on a machine that drifts, a
//! comparison of A then B lies. It takes Criterion's flags all the same, so that `cargo bench -- threads` means what it
//! says in every target.

#[path = "common/asked.rs"]
mod asked;
mod common;

use asked::Asked;
use makespan::scenario;
use std::{
    env,
    process::{Command, ExitCode},
};

/// The fewest that give a median a 95 % interval without assumptions: below six, not even the whole range covers it.
const ROUNDS: &str = "6";

fn main() -> ExitCode {
    let asked = Asked::from(env::args().skip(1));
    let scenarios = match scenario::all() {
        Ok(scenarios) => scenarios,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let mut failures = Vec::new();
    for scenario in &scenarios {
        let names =
            scenario.sweep.iter().map(|cell| format!("{}/{}/{}", scenario.name, cell.strategy, cell.shape.workers()));
        let names: Vec<String> = names.filter(|name| asked.wants(name)).collect();
        if asked.only_list {
            names.iter().for_each(|name| println!("{name}: benchmark"));
        }
        if asked.only_list || names.is_empty() {
            continue;
        }
        let mut run = Command::new(common::env().program);
        run.args(["run", &scenario.name, "--sweep", "--rounds", if asked.only_test { "1" } else { ROUNDS }]);
        if asked.only_test {
            // What a debug build measured has no place among the records.
            run.args(["--data", env!("CARGO_TARGET_TMPDIR")]);
        }
        run.args(asked.filter.iter().flat_map(|text| ["--only", text]));
        match run.status() {
            Ok(status) if status.success() => println!(),
            // Ctrl-C reached it as it reached us.
            Ok(status) if status.code() == Some(130) => return ExitCode::from(130),
            Ok(_) => failures.push(format!("{}: see its table above", scenario.name)),
            Err(error) => failures.push(format!("{}: {error}", scenario.name)),
        }
    }
    if asked.only_list { ExitCode::SUCCESS } else { common::conclude(&failures) }
}
