//! `makespan check`: validates scenarios and lessons, and says what would be measured. Nothing is started.

use super::{
    print::{fitted, in_words, note, say},
    table,
};
use anyhow::Context;
use harness::scenario::{self, CellSpec, Scenario};
use std::{fs, path::Path, process::ExitCode};
use support::figures::count;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    /// Scenarios: names or TOML files. Lessons: Markdown files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  makespan check mine.toml
  makespan check *.toml && echo fine

The exit code is 0 if all files are valid, and 2 otherwise. Each error names its file.";

pub fn run(args: &CheckArgs) -> ExitCode {
    let mut wrong = 0;
    for file in &args.files {
        let checked = if Path::new(file).extension() == Some("md".as_ref()) { lesson(file) } else { scenario(file) };
        match checked {
            Ok(words) => say!("{}", fitted(&words)),
            Err(error) => {
                wrong += 1;
                note!("makespan: {}", in_words(&error));
            }
        }
    }
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) }
}

fn lesson(file: &str) -> anyhow::Result<String> {
    let text = fs::read_to_string(file).context(file.to_owned())?;
    let lesson = lesson::read(Path::new(file), &text)?;
    Ok(format!("{file}: lesson {}, {}", lesson.number, lesson.title))
}

/// What `makespan run` would measure.
fn scenario(file: &str) -> anyhow::Result<String> {
    // Its claims too, as `makespan reproduce` would.
    let scenario = scenario::load_claims(file)?;
    let (cells, rounds) = super::run::usual(file)?;
    let mut lines = vec![format!("{file}: {}", scenario.title)];
    let mut of: Vec<(String, Vec<String>)> = Vec::new();
    for cell in &cells {
        let (name, layout) = (named(cell), cell.shape.to_string());
        match of.iter_mut().find(|(known, _)| *known == name) {
            Some((_, layouts)) => layouts.push(layout),
            None => of.push((name, vec![layout])),
        }
    }
    let listed = of.into_iter().map(|(name, layouts)| format!("{name} x {}", layouts.join(", ")));
    lines.push(format!("  {}: {}", count(cells.len(), "cell"), listed.collect::<Vec<_>>().join("; ")));
    let others = [
        (scenario.variants.len() - 1, "other variant"),
        (scenario.claims.len(), "claim"),
        (scenario.decisions.len(), "decision"),
    ];
    let others: Vec<String> = others.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| count(n, what)).collect();
    if !others.is_empty() {
        lines.push(format!("  {}", others.join(", ")));
    }
    // Every cell also runs once before the rounds, to be verified.
    let least_s = f64::from(rounds + 1) * cells.iter().map(|cell| least_s(&scenario, cell)).sum::<f64>();
    let rounds = count(rounds as usize, "round");
    lines.push(if least_s > 0.0 {
        format!("  {rounds} and the check before them take at least {}, for the waits alone", table::seconds(least_s))
    } else {
        format!("  {rounds}; the tasks compute, so only a measurement shows how long they take")
    });
    Ok(lines.join("\n"))
}

/// The cell without its number of workers.
fn named(cell: &CellSpec) -> String {
    cell.to_string().replacen(&format!(" x {}", cell.shape), "", 1)
}

/// What a run of the cell takes at least: the waits of as many tasks as a worker must do, and until the last one is due.
fn least_s(scenario: &Scenario, cell: &CellSpec) -> f64 {
    let Some(variant) = scenario.variant(&cell.variant) else { return 0.0 };
    let tasks = variant.tasks();
    let waits_s = variant.waits_in_turn_s() / f64::from(tasks) * f64::from(tasks.div_ceil(cell.shape.workers().get()));
    let due_ns = |arrivals: &work::worker::arrival::Recipe| {
        arrivals.due_ns(tasks as usize, variant.pace(scenario.time_scale), 0).last().copied()
    };
    let due_s = variant.arrivals.as_ref().and_then(due_ns).unwrap_or(0) as f64 / 1e9;
    waits_s.max(due_s).min(scenario.patience(&cell.variant).as_secs_f64())
}
