//! `makespan compare`: two measurements of one scenario against each other.

use super::{
    Usage,
    print::{note, say},
    table,
};
use makespan::{
    results::{
        record::{CellRecord, Estimate, Record, Timer},
        store,
    },
    scenario::DEFAULT_VARIANT,
    stats::{bootstrap, median::median},
    worker::deck::Deal,
};
use std::{path::Path, process::ExitCode};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
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

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
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
        note!("makespan: the two differ in more than time: {difference}");
    }
    let mut shown = table::plain_table(["cell", "before", "after", "times as fast", "95 % interval", ""]);
    let (mut compared, mut alone) = (0, 0);
    for old in &before.cells {
        match after.cells.iter().find(|new| key(new) == key(old)).and_then(|new| row(old, new)) {
            Some(row) => {
                compared += 1;
                shown.add_row(row);
            }
            None => alone += 1,
        }
    }
    say!("{}: {}\n\n{shown}", before.scenario, before.title);
    say!("\n{compared} cells compared; {alone} of the first record have no time in both.");
    say!("The two were not measured in turns, so a machine that changed in between shows up as a difference.");
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> anyhow::Result<Record> {
    Ok(store::read(path).map_err(|error| Usage(error.to_string()))?)
}

/// What the cells have in common when they are the same cell.
fn key(cell: &CellRecord) -> (&str, u32, &str, String, Deal, Timer) {
    (&cell.variant, cell.tasks, &cell.strategy, cell.shape(), cell.deal, cell.timer)
}

fn row(old: &CellRecord, new: &CellRecord) -> Option<[String; 6]> {
    let (old_s, new_s) = (old.timed_s(), new.timed_s());
    let ratio = bootstrap::ratio_of_medians(&old_s, &new_s)?;
    let variant = if old.variant == DEFAULT_VARIANT { String::new() } else { format!(" ({})", old.variant) };
    Some([
        format!("{} x {}{variant}", old.strategy, old.shape()),
        table::seconds(median(&old_s)?),
        table::seconds(median(&new_s)?),
        format!("{:.2}", ratio.estimate),
        format!("{:.2} – {:.2}", ratio.low, ratio.high),
        word(ratio).into(),
    ])
}

/// A difference counts when the interval excludes "none", and not otherwise: that is not the same as "equal".
fn word(ratio: Estimate) -> &'static str {
    match ratio {
        Estimate { low, .. } if low > 1.0 => "faster",
        Estimate { high, .. } if high < 1.0 => "slower",
        _ => "no difference shown",
    }
}

/// What makes two records hard to compare.
fn differences(before: &Record, after: &Record) -> Vec<String> {
    let hosts = (&before.host, &after.host);
    let pairs = [
        ("time scale", before.time_scale.to_string(), after.time_scale.to_string()),
        ("processor", format!("{:?}", hosts.0.cpu_model), format!("{:?}", hosts.1.cpu_model)),
        ("cores", hosts.0.cores_usable.to_string(), hosts.1.cores_usable.to_string()),
        ("kernel", format!("{:?}", hosts.0.kernel), format!("{:?}", hosts.1.kernel)),
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
