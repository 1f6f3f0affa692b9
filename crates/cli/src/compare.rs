//! `makespan compare`: compares two recorded runs of one scenario.

use super::{
    Usage,
    print::{fitted, note, say},
    table,
};
use anyhow::anyhow;
use harness::{
    results::{
        output::Output,
        record::{CellRecord, Check, Record},
        store,
    },
    scenario::CellSpec,
};
use serde::Serialize;
use stats::{Estimate, bootstrap, median::median};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};
use support::{
    figures::{self, exact, fixed},
    terminal::width,
};

/// The exit code if a cell is shown to be slower by more than `--fail-if-slower` allows, or has lost its time.
const REJECTED: u8 = 3;

/// The fewest rounds of each record from which `--fail-if-slower` decides. Two lists of two values lie apart by chance in
/// one of six cases in each direction, two of six in one of 924.
const LEAST_ROUNDS: usize = 6;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CompareArgs {
    /// The record before: a JSON file from `makespan run --json`, or from the records directory
    before: PathBuf,
    /// The record after
    after: PathBuf,
    /// Fail if a cell is slower than before by more than this percentage, over its whole interval, or has no time any more
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    fail_if_slower: Option<f64>,
    /// Also write the comparison as JSON; `-` for standard output, instead of the table
    #[arg(long, value_name = "FILE")]
    json: Option<Output>,
}

const EXAMPLES: &str = "\
Examples:
  makespan run prime_sum --json before.json
  makespan run prime_sum --json after.json
  makespan compare before.json after.json
  makespan compare before.json after.json --fail-if-slower 5%
  makespan compare before.json after.json --json - | jq '.cells[] | {spec, times_as_fast}'

The exit code is 0 whatever the comparison shows. With --fail-if-slower 5%, it is 3 if the whole
interval of a cell's time lies above 105 % of its time before, or if a cell had a time before and
the second record has none of the same tasks; otherwise 1 if no cell has 6 rounds or more in both
records, because then nothing was tested. With several cells, the intervals of this test are wider
than the table's, so that all together hold in 95 %. A cell with only part of its interval above, or
with too few rounds, is reported as undecided; that is no failure.";

/// A share in percent: `5%`, or `5`.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim_end().parse();
    number
        .ok()
        .filter(|percent| (0.0..=1e6).contains(percent))
        .ok_or_else(|| "expected a percentage such as 5%".to_owned())
}

/// The name and version of the JSON document.
pub(crate) const SCHEMA: &str = "makespan.compare/1";

/// Two records compared. Other programs read it; `fixtures/schema/compare-1.json` describes it.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct RecordComparison<'a> {
    /// Which document this is, and its version.
    #[cfg_attr(feature = "schema", schemars(extend("const" = SCHEMA)))]
    schema: &'static str,
    /// The scenario's name.
    scenario: &'a str,
    /// The file of the record before, as it was named.
    before: String,
    /// The file of the record after, as it was named.
    after: String,
    /// Facts besides the times in which the two records differ, which makes a comparison doubtful.
    differences: Vec<Difference>,
    /// How much longer than before a cell may take, in percent: `--fail-if-slower`; null without it.
    fail_if_slower_percent: Option<f64>,
    /// What `--fail-if-slower` came to; `None` without it.
    outcome: Option<GateOutcome>,
    /// One entry for each cell of the record before, in its order.
    cells: Vec<Compared<'a>>,
}

/// One cell of the first record.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Compared<'a> {
    spec: &'a CellSpec,
    /// How many workers it had.
    workers: u32,
    /// How many tasks it had.
    tasks: u32,
    /// Median time before, seconds; null without a time.
    before_s: Option<f64>,
    /// Median time after, seconds; null without a time.
    after_s: Option<f64>,
    /// The median before over the median after, with the 95 % interval of a bootstrap; null if it can't be compared.
    times_as_fast: Option<Estimate>,
    /// What the interval shows: a difference only if it excludes 1; null if it can't be compared.
    shown: Option<Shown>,
    /// With `--fail-if-slower`: `slower` if the whole interval is slower than allowed, `undecided` if a part of it is or
    /// there are fewer than six rounds, `lost` if only the record before has a time of these tasks; null without it, and
    /// if the record before has no time. This interval is wider than that of `times_as_fast`: those of all compared cells
    /// hold together in 95 %.
    outcome: Option<GateOutcome>,
    /// Why it can't be compared; null if it can.
    why_not: Option<&'static str>,
    #[serde(skip)]
    cell: &'a CellRecord,
    /// The times before and after, one for each round.
    #[serde(skip)]
    times_s: [Vec<f64>; 2],
}

/// Whether something is slower than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum GateOutcome {
    Passed,
    /// The interval contains times that are allowed, and such that are not; or there are too few rounds.
    Undecided,
    Slower,
    /// It had a time before, and the second record has none of the same tasks. What broke must not pass.
    Lost,
}

impl GateOutcome {
    fn of(times_as_fast: Estimate, percent: f64) -> Self {
        // A time of 105 % is a speed of 1 / 1.05.
        let slowest = 1.0 / (1.0 + percent / 100.0);
        match times_as_fast {
            Estimate { high, .. } if high < slowest => Self::Slower,
            Estimate { low, .. } if low < slowest => Self::Undecided,
            _ => Self::Passed,
        }
    }
}

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
    let mut cells: Vec<Compared> = before.cells.iter().map(|old| compared(old, &after)).collect();
    if let Some(percent) = args.fail_if_slower {
        judge(&mut cells, percent);
    }
    let could_be_tested = cells.iter().any(Compared::has_enough_rounds);
    let comparison = RecordComparison {
        schema: SCHEMA,
        scenario: &before.scenario,
        before: args.before.to_string_lossy().into_owned(),
        after: args.after.to_string_lossy().into_owned(),
        differences: differences(&before, &after),
        fail_if_slower_percent: args.fail_if_slower,
        outcome: cells.iter().filter_map(|cell| cell.outcome).max(),
        cells,
    };
    for Difference { what, before, after } in &comparison.differences {
        note!("makespan: the two runs also differ in {what}: {before}, then {after}");
    }
    if args.json != Some(Output::Stdout) {
        comparison.print(&before.title);
    }
    if let Some(output) = &args.json {
        output.write_json(&comparison)?;
    }
    match comparison.outcome {
        Some(GateOutcome::Slower | GateOutcome::Lost) => Ok(REJECTED.into()),
        // A test that can't fail must not look like one that passed.
        _ if args.fail_if_slower.is_some() && !could_be_tested => Err(anyhow!(
            "--fail-if-slower: no cell could be compared with {LEAST_ROUNDS} rounds or more in both records, so nothing \
             was tested"
        )),
        _ => Ok(ExitCode::SUCCESS),
    }
}

impl RecordComparison<'_> {
    fn print(&self, title: &str) {
        say!("{}", fitted(&format!("{}: {title}", self.scenario)));
        let rows: Vec<[String; 5]> = self.cells.iter().filter_map(Compared::row).collect();
        if !rows.is_empty() {
            say!("\n{}", shown_in(&rows, width()));
        }
        say!("\n{} compared.", figures::count(rows.len(), "cell"));
        for why in [ALONE, FAILED, NO_TIME, OTHER_TASKS, TOO_FEW_ROUNDS] {
            let count = self.cells.iter().filter(|cell| cell.why_not == Some(why)).count();
            if count > 0 {
                say!("{}", fitted(&format!("{} not compared: {why}.", figures::count(count, "cell"))));
            }
        }
        if let Some(percent) = self.fail_if_slower_percent.filter(|_| self.outcome.is_some()) {
            say!("{}", fitted(&self.tested(&format!("{} %", exact(percent)))));
        }
        let caveat =
            "The two runs were not interleaved, so a change of the machine in between shows up as a difference.";
        say!("{}", fitted(caveat));
    }

    /// A sentence for each outcome of the test that there was.
    fn tested(&self, percent: &str) -> String {
        let those = |outcome| {
            let named = |it: &Compared| match it.why_not {
                Some(why) => format!("{} ({why})", table::who(it.cell)),
                None => table::who(it.cell),
            };
            let cells: Vec<String> = self.cells.iter().filter(|it| it.outcome == Some(outcome)).map(named).collect();
            cells.join("; ")
        };
        let more = format!("measure more rounds, at least {LEAST_ROUNDS} for each record");
        let sentences = [
            (GateOutcome::Lost, "Failed: the second record has no time to compare with: ".into()),
            (GateOutcome::Slower, format!("Slower by more than {percent}: ")),
            (GateOutcome::Undecided, format!("Undecided whether slower by more than {percent}; {more}: ")),
            (GateOutcome::Passed, format!("Not slower by more than {percent}: ")),
        ];
        let said = sentences.into_iter().map(|(outcome, words)| (words, those(outcome)));
        let lines: Vec<String> =
            said.filter(|(_, those)| !those.is_empty()).map(|(words, those)| format!("{words}{those}.")).collect();
        lines.join("\n")
    }
}

fn read(path: &Path) -> anyhow::Result<Record> {
    Ok(store::read(path).map_err(|error| Usage(error.to_string()))?)
}

/// What identifies a cell in both records. Workers that others started are counted when they work.
fn key(cell: &CellRecord) -> (&CellSpec, u32, u32) {
    (&cell.spec, cell.workers(), cell.tasks)
}

// Why a cell of the first record has no line.
const ALONE: &str = "the second record does not have it";
const FAILED: &str = "it failed in the second record";
const NO_TIME: &str = "one of the records has no time for it: it failed, was skipped or was not measured";
const OTHER_TASKS: &str = "the tasks differ, or their server, limits or time scale";
const TOO_FEW_ROUNDS: &str = "an interval needs two rounds in both records; measure again with --rounds 10";

fn compared<'a>(old: &'a CellRecord, after: &Record) -> Compared<'a> {
    let new = after.cells.iter().find(|new| key(new) == key(old));
    let times_s = [Some(old), new].map(|cell| cell.map_or_else(Vec::new, CellRecord::timed_s));
    let [before_s, after_s] = [&times_s[0], &times_s[1]].map(|times_s| median(times_s));
    let same_tasks = new.is_some_and(|new| new.checksum == old.checksum);
    let times_as_fast = bootstrap::ratio_of_medians(&times_s[0], &times_s[1]).filter(|_| same_tasks);
    let why_not = match (times_as_fast, new) {
        (Some(_), _) => None,
        (None, None) => Some(ALONE),
        (None, Some(new)) if before_s.is_some() && new.check == Check::Failed => Some(FAILED),
        _ if before_s.is_none() || after_s.is_none() => Some(NO_TIME),
        _ if !same_tasks => Some(OTHER_TASKS),
        _ => Some(TOO_FEW_ROUNDS),
    };
    Compared {
        spec: &old.spec,
        workers: old.workers(),
        tasks: old.tasks,
        before_s,
        after_s,
        times_as_fast,
        shown: times_as_fast.map(Shown::by),
        outcome: None,
        why_not,
        cell: old,
        times_s,
    }
}

/// Decides of each cell that had a time before whether it is slower by more than this percentage. Of many cells, some lie
/// outside of their 95 % interval by chance, so the test's intervals are wider.
fn judge(cells: &mut [Compared], percent: f64) {
    let comparisons = cells.iter().filter(|cell| cell.times_as_fast.is_some()).count();
    for cell in cells.iter_mut().filter(|cell| cell.before_s.is_some()) {
        let [before_s, after_s] = &cell.times_s;
        let outcome = match cell.why_not {
            Some(TOO_FEW_ROUNDS) => GateOutcome::Undecided,
            Some(_) => GateOutcome::Lost,
            None if !cell.has_enough_rounds() => GateOutcome::Undecided,
            None => bootstrap::ratio_of_medians_among(before_s, after_s, comparisons)
                .map_or(GateOutcome::Undecided, |ratio| GateOutcome::of(ratio, percent)),
        };
        cell.outcome = Some(outcome);
    }
}

/// The table, at most so wide.
fn shown_in(rows: &[[String; 5]], width: Option<usize>) -> String {
    table::fit(["cell", "before", "after", "speedup (95 %)", ""], rows, &[1, 2], width)
}

impl Compared<'_> {
    /// Whether a test of it could find that it became slower.
    fn has_enough_rounds(&self) -> bool {
        self.times_as_fast.is_some() && self.times_s.iter().all(|times_s| times_s.len() >= LEAST_ROUNDS)
    }

    fn row(&self) -> Option<[String; 5]> {
        let ratio = self.times_as_fast?;
        Some([
            table::who(self.cell),
            table::seconds(self.before_s?),
            table::seconds(self.after_s?),
            format!("{} ({}–{})", fixed(ratio.estimate, 2), fixed(ratio.low, 2), fixed(ratio.high, 2)),
            self.shown?.words().into(),
        ])
    }
}

/// What an interval shows. Only one that excludes 1 shows a difference; one that contains 1 does not show that the two
/// are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum Shown {
    Faster,
    Slower,
    NoDifference,
}

impl Shown {
    fn by(times_as_fast: Estimate) -> Self {
        match times_as_fast {
            Estimate { low, .. } if low > 1.0 => Self::Faster,
            Estimate { high, .. } if high < 1.0 => Self::Slower,
            _ => Self::NoDifference,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Faster => "faster",
            Self::Slower => "slower",
            Self::NoDifference => "no difference shown",
        }
    }
}

/// A fact that makes two records hard to compare.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Difference {
    /// What it is.
    what: &'static str,
    /// What it was in the record before.
    before: String,
    /// What it was in the record after.
    after: String,
}

fn differences(before: &Record, after: &Record) -> Vec<Difference> {
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
    differ.map(|(what, before, after)| Difference { what, before, after }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use testdata::records::{MadeCell, record};

    /// A record of cells of one to so many workers, whose rounds take these times.
    fn timed(workers: u32, times_s: &[f64]) -> Record {
        let made = |workers| MadeCell {
            strategy: "threads",
            workers,
            tasks: 8,
            task_s: 0.1,
            waiting: 0.5,
            side_by_side: workers,
        };
        let cells: Vec<MadeCell> = (1..=workers).map(made).collect();
        let mut record = record("tiny", "Which?", times_s.len() as u32, &cells);
        for cell in &mut record.cells {
            cell.rounds.iter_mut().zip(times_s).for_each(|(round, &time_s)| round.run_s = time_s);
        }
        record
    }

    /// What the gate says of each cell at 5 %, and why it wasn't compared.
    fn judged(before: &Record, after: &Record) -> Vec<(Option<GateOutcome>, Option<&'static str>)> {
        let mut cells: Vec<Compared> = before.cells.iter().map(|old| compared(old, after)).collect();
        judge(&mut cells, 5.0);
        cells.iter().map(|cell| (cell.outcome, cell.why_not)).collect()
    }

    const BEFORE_S: [f64; 6] = [0.97, 0.98, 0.99, 1.0, 1.01, 1.02];

    #[test]
    fn a_cell_that_lost_its_time_does_not_pass() {
        let (before, mut after) = (timed(5, &BEFORE_S), timed(4, &BEFORE_S));
        after.cells[1].check = Check::Failed;
        after.cells[2].check = Check::Skipped;
        after.cells[3].checksum = "another".into();
        let lost = |why| (Some(GateOutcome::Lost), Some(why));
        let passed = (Some(GateOutcome::Passed), None);
        assert_eq!(judged(&before, &after), [passed, lost(FAILED), lost(NO_TIME), lost(OTHER_TASKS), lost(ALONE)]);
        // What had no time before has none to lose.
        let found = judged(&after, &before);
        assert_eq!(found, [passed, (None, Some(NO_TIME)), (None, Some(NO_TIME)), lost(OTHER_TASKS)]);
    }

    #[test]
    fn too_few_rounds_decide_nothing() {
        let slower = |rounds: usize| BEFORE_S[..rounds].iter().map(|time_s| 1.2 * time_s).collect::<Vec<f64>>();
        let outcome = |before, after| judged(&timed(1, &slower(before)), &timed(1, &slower(after)))[0];
        for (before, after) in [(2, 2), (6, 5), (5, 6)] {
            assert_eq!(outcome(before, after), (Some(GateOutcome::Undecided), None), "{before}, {after}");
        }
        assert_eq!(outcome(6, 6).0, Some(GateOutcome::Passed));
        assert_eq!(outcome(6, 1), (Some(GateOutcome::Undecided), Some(TOO_FEW_ROUNDS)));
        assert_eq!(judged(&timed(1, &BEFORE_S), &timed(1, &slower(6)))[0].0, Some(GateOutcome::Slower));
    }

    #[test]
    fn of_many_cells_each_must_be_shown_more_clearly() {
        // Beside the allowed 5 % in nearly all draws.
        let after_s = [1.06, 1.07, 1.08, 1.09, 1.10, 1.11];
        let outcome = |cells| judged(&timed(cells, &BEFORE_S), &timed(cells, &after_s))[0].0;
        assert_eq!((outcome(1), outcome(40)), (Some(GateOutcome::Slower), Some(GateOutcome::Undecided)));
    }

    #[test]
    fn a_change_and_both_times_fit_eighty_columns() {
        let name = "processes x 2, as published";
        let row = [name, "48.2 ms", "47.1 ms", "1.02 (0.99–1.04)", "no difference shown"].map(str::to_owned);
        let shown = shown_in(&[row], Some(80));
        assert!(shown.contains("48.2 ms  47.1 ms  1.02 (0.99–1.04)  no difference shown"), "{shown}");
    }

    #[test]
    fn only_an_interval_beside_one_is_a_difference() {
        let shown = |low, high| Shown::by(Estimate { estimate: f64::midpoint(low, high), low, high });
        let found = [shown(1.1, 1.2), shown(0.8, 0.9), shown(0.9, 1.1)];
        assert_eq!(found, [Shown::Faster, Shown::Slower, Shown::NoDifference]);
    }

    #[test]
    fn only_a_whole_interval_beyond_the_margin_is_slower() {
        let gate =
            |low, high, percent| GateOutcome::of(Estimate { estimate: f64::midpoint(low, high), low, high }, percent);
        // At 25 %, a time may be 1.25 times as long: a speed of 0.8.
        for (low, high, outcome) in [
            (0.70, 0.79, GateOutcome::Slower),
            (0.70, 0.81, GateOutcome::Undecided),
            (0.81, 0.99, GateOutcome::Passed),
            (0.70, 1.20, GateOutcome::Undecided),
            (1.10, 1.20, GateOutcome::Passed),
        ] {
            assert_eq!(gate(low, high, 25.0), outcome, "{low} – {high}");
        }
        assert_eq!(gate(0.98, 0.99, 0.0), GateOutcome::Slower);
    }

    #[test]
    fn a_share_is_a_number_in_percent() {
        for (text, share) in [("5%", 5.0), ("2.5 %", 2.5), ("0", 0.0)] {
            assert_eq!(percent(text), Ok(share), "{text}");
        }
        for text in ["", "%", "-1%", "nan", "inf%", "five", "5%%"] {
            assert!(percent(text).is_err(), "{text}");
        }
    }
}
