//! `makespan compare`: compares two recorded runs of one scenario.

use super::{
    Usage,
    print::{fitted, note, say},
    table,
};
use harness::{
    results::{
        record::{CellRecord, Record},
        store,
    },
    scenario::CellSpec,
};
use stats::{Estimate, bootstrap, median::median};
use std::{path::Path, process::ExitCode};
use support::{
    figures::{self, exact, fixed},
    terminal::width,
};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CompareArgs {
    /// The record before: a JSON file from `makespan run --json`, or from the records directory
    before: std::path::PathBuf,
    /// The record after
    after: std::path::PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  makespan run prime_sum --json before.json
  makespan run prime_sum --json after.json
  makespan compare before.json after.json";

pub fn run(args: &CompareArgs) -> anyhow::Result<ExitCode> {
    let (before, after) = (read(&args.before)?, read(&args.after)?);
    if before.scenario != after.scenario {
        let message = format!(
            "{} measured {}, {} measured {}: only records of one scenario can be compared",
            args.before.display(),
            before.scenario,
            args.after.display(),
            after.scenario
        );
        return Err(Usage(message).into());
    }
    for difference in differences(&before, &after) {
        note!("makespan: the two runs also differ in {difference}");
    }
    let compared: Vec<Result<[String; 6], Missing>> = before.cells.iter().map(|old| row(old, &after)).collect();
    let rows: Vec<[String; 6]> = compared.iter().flatten().cloned().collect();
    say!("{}", fitted(&format!("{}: {}", before.scenario, before.title)));
    if !rows.is_empty() {
        let heads = ["cell", "before", "after", "times as fast", "95 % interval", ""];
        say!("\n{}", table::fit(heads, &rows, &[1, 2], width()));
    }
    say!("\n{} compared.", figures::count(rows.len(), "cell"));
    for why in Missing::ALL {
        let count = compared.iter().filter(|row| row.as_ref().is_err_and(|missing| *missing == why)).count();
        if count > 0 {
            say!("{}", fitted(&format!("{} not compared: {}.", figures::count(count, "cell"), why.words())));
        }
    }
    let caveat = "The two runs were not interleaved, so a change of the machine in between shows up as a difference.";
    say!("{}", fitted(caveat));
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> anyhow::Result<Record> {
    Ok(store::read(path).map_err(|error| Usage(error.to_string()))?)
}

/// What identifies a cell in both records. Workers that others started are counted when they work.
fn key(cell: &CellRecord) -> (&CellSpec, u32, u32) {
    (&cell.spec, cell.workers(), cell.tasks)
}

/// Why a cell of the first record has no line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Alone,
    NoTime,
    TooFewRounds,
}

impl Missing {
    const ALL: [Self; 3] = [Self::Alone, Self::NoTime, Self::TooFewRounds];

    fn words(self) -> &'static str {
        match self {
            Self::Alone => "the second record does not have it",
            Self::NoTime => "one of the records has no time for it: it failed, was skipped or was not measured",
            Self::TooFewRounds => "an interval needs two rounds in both records; measure again with --rounds 10",
        }
    }
}

fn row(old: &CellRecord, after: &Record) -> Result<[String; 6], Missing> {
    let new = after.cells.iter().find(|new| key(new) == key(old)).ok_or(Missing::Alone)?;
    let (old_s, new_s) = (old.timed_s(), new.timed_s());
    let (before_s, after_s) = median(&old_s).zip(median(&new_s)).ok_or(Missing::NoTime)?;
    let ratio = bootstrap::ratio_of_medians(&old_s, &new_s).ok_or(Missing::TooFewRounds)?;
    Ok([
        table::who(old),
        table::seconds(before_s),
        table::seconds(after_s),
        fixed(ratio.estimate, 2),
        format!("{} – {}", fixed(ratio.low, 2), fixed(ratio.high, 2)),
        word(ratio).into(),
    ])
}

/// Only an interval that excludes 1 shows a difference; one that contains 1 does not show that the two are equal.
fn word(ratio: Estimate) -> &'static str {
    match ratio {
        Estimate { low, .. } if low > 1.0 => "faster",
        Estimate { high, .. } if high < 1.0 => "slower",
        _ => "no difference shown",
    }
}

/// The differences that make two records hard to compare.
fn differences(before: &Record, after: &Record) -> Vec<String> {
    let hosts = (&before.host, &after.host);
    let known = |fact: Option<&String>| fact.map_or_else(|| "unknown".into(), String::clone);
    let pairs = [
        ("time scale", exact(before.time_scale), exact(after.time_scale)),
        ("processor", known(hosts.0.cpu_model.as_ref()), known(hosts.1.cpu_model.as_ref())),
        ("cores", hosts.0.cores(), hosts.1.cores()),
        ("kernel", known(hosts.0.kernel.as_ref()), known(hosts.1.kernel.as_ref())),
        ("build profile", hosts.0.profile.clone(), hosts.1.profile.clone()),
    ];
    let differ = pairs.into_iter().filter(|(_, before, after)| before != after);
    differ.map(|(what, before, after)| format!("{what}: {before}, then {after}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_interval_beside_one_is_a_difference() {
        let ratio = |low, high| word(Estimate { estimate: f64::midpoint(low, high), low, high });
        assert_eq!([ratio(1.1, 1.2), ratio(0.8, 0.9), ratio(0.9, 1.1)], ["faster", "slower", "no difference shown"]);
    }
}
