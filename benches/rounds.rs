//! Our own interleaved rounds over every scenario's sweep: the source of the page's figures.
//!
//! Not a Criterion benchmark, because Criterion measures benchmarks sequentially: on a machine that drifts, comparing A
//! then B is misleading. Names and command line are Criterion's all the same, so that `cargo bench -- threads` means
//! the same in every target. With a filter, the baselines of matching cells are measured too: a speedup needs them.

mod common;

use common::asked::{Asked, Mode};
use indicatif::HumanDuration;
use makespan::scenario::{self, Scenario};
use std::{process::ExitCode, time::Instant};

/// The fewest that give a median a 95 % interval without assumptions: below six, not even the whole range covers it.
const ROUNDS: &str = "6";

fn main() -> ExitCode {
    let asked = Asked::of_this_process();
    let scenarios = match scenario::all() {
        Ok(scenarios) => scenarios,
        Err(error) => return common::conclude(&[error.to_string()]),
    };
    let chosen = |scenario: Scenario| {
        let name = |cell: &scenario::CellSpec| format!("{}/{}/{}", scenario.name, cell.strategy, cell.shape.workers());
        let names = asked.choose(scenario.sweep.iter().map(name), Clone::clone);
        (!names.is_empty()).then_some((scenario, names))
    };
    let parts: Vec<(Scenario, Vec<String>)> = scenarios.into_iter().filter_map(chosen).collect();
    if parts.is_empty() {
        return ExitCode::SUCCESS;
    }
    let (mut failures, mut done, begun) = (Vec::new(), 0, Instant::now());
    let all: usize = parts.iter().map(|(_, names)| names.len()).sum();
    for (scenario, names) in &parts {
        if asked.mode == Mode::Test {
            names.iter().for_each(|name| println!("Testing {name}"));
        } else {
            let left = match done {
                0 => String::new(),
                _ => format!(", about {} left", HumanDuration(begun.elapsed() * (all - done) as u32 / done as u32)),
            };
            eprintln!("rounds: {done} of {all} benchmarks are done{left}");
        }
        let mut arguments = vec!["run", &scenario.name, "--sweep", "--rounds"];
        arguments.push(match asked.mode {
            Mode::Test => "1",
            Mode::Quick => "2",
            _ => ROUNDS,
        });
        if names.len() < scenario.sweep.len() {
            arguments.extend(names.iter().flat_map(|name| ["--only", name]));
        }
        match common::run(asked.mode, arguments) {
            Ok(status) if status.success() => println!("{}", if asked.mode == Mode::Test { "Success\n" } else { "" }),
            // Ctrl-C reached the child too.
            Ok(status) if status.code() == Some(130) => return ExitCode::from(130),
            Ok(_) => failures.push(format!("{}: its errors are above", scenario.name)),
            Err(error) => failures.push(format!("{}: {error}", scenario.name)),
        }
        done += names.len();
    }
    if asked.mode == Mode::Measure {
        common::refresh_page();
    }
    common::conclude(&failures)
}
