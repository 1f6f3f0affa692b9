//! Criterion's command line, the same for every bench target: what to do, and with which benchmarks.
//!
//! Criterion 0.8 parses the same arguments again when it measures (`Criterion::configure_from_args`), and does not
//! expose them. A target needs them earlier: a benchmark that does not match must not start.

use clap::{
    Arg, ArgAction, ArgMatches, Command,
    builder::{PossibleValuesParser, ValueParser},
    error::ErrorKind,
    value_parser,
};
use regex::Regex;
use std::{
    env,
    ffi::OsString,
    io::{self, Write},
};

/// What to do with the benchmarks that match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Print their names.
    List,
    /// Run each once, to check that it works. Nothing is recorded.
    Test,
    /// Measure as briefly as is useful.
    Quick,
    /// Measure, and record it.
    Measure,
    /// Profile them, or compare Criterion's saved results: nothing is measured.
    OnlyCriterion,
}

/// The parsed command line.
#[derive(Debug)]
pub struct Asked {
    /// What to do.
    pub mode: Mode,
    /// The seconds for a benchmark's samples, if the command line gives them.
    pub measurement_time_s: Option<f64>,
    filter: Filter,
}

#[derive(Debug)]
enum Filter {
    All,
    Matching(Regex),
    Exactly(String),
    Nothing,
}

impl Asked {
    /// Parses this process's command line. Exits after `--help` and `--version`, and with 2 on bad arguments.
    pub fn of_this_process() -> Self {
        Self::of(env::args_os()).unwrap_or_else(|error| error.exit())
    }

    /// Parses these arguments, the program's name first.
    pub fn of(arguments: impl IntoIterator<Item = OsString>) -> clap::error::Result<Self> {
        let mut command = command();
        let matches = command.try_get_matches_from_mut(arguments)?;
        let filter = filter(&matches).map_err(|error| command.error(ErrorKind::ValueValidation, error))?;
        Ok(Self { mode: mode(&matches), measurement_time_s: matches.get_one("measurement-time").copied(), filter })
    }

    /// Whether the benchmark of this name is selected.
    pub fn wants(&self, name: &str) -> bool {
        match &self.filter {
            Filter::All => true,
            Filter::Matching(pattern) => pattern.is_match(name),
            Filter::Exactly(exact) => name == exact,
            Filter::Nothing => false,
        }
    }

    /// Whether every benchmark is selected.
    pub fn wants_all(&self) -> bool {
        matches!(self.filter, Filter::All)
    }

    /// For targets that use Criterion: whether there is anything to measure. With `--list` there isn't, and the
    /// matching names are printed.
    pub fn any(&self, names: impl IntoIterator<Item = String>) -> bool {
        let mut wanted = names.into_iter().filter(|name| self.wants(name));
        if self.mode == Mode::List {
            // The reader may close the pipe.
            let _ = wanted.try_for_each(|name| writeln!(io::stdout(), "{name}: benchmark"));
            return false;
        }
        wanted.next().is_some()
    }

    /// For targets that don't use Criterion: the selected benchmarks. With `--list` there are none, and their names are
    /// printed.
    pub fn choose<T>(&self, all: impl IntoIterator<Item = T>, name: impl Fn(&T) -> String) -> Vec<T> {
        let chosen: Vec<T> = all.into_iter().filter(|one| self.wants(&name(one))).collect();
        let runs = self.any(chosen.iter().map(name)) && self.mode != Mode::OnlyCriterion;
        if runs { chosen } else { Vec::new() }
    }
}

/// The order is Criterion's.
fn mode(matches: &ArgMatches) -> Mode {
    let given = |name| matches.get_flag(name);
    if given("list") {
        Mode::List
    } else if given("test") || !given("bench") {
        // Only `cargo bench` passes `--bench`: without it, this is a test.
        Mode::Test
    } else if matches.contains_id("profile-time") || matches.contains_id("load-baseline") || given("discard-baseline") {
        Mode::OnlyCriterion
    } else if given("quick") {
        Mode::Quick
    } else {
        Mode::Measure
    }
}

fn filter(matches: &ArgMatches) -> Result<Filter, String> {
    let Some(text) = matches.get_one::<String>("FILTER").filter(|_| !matches.get_flag("ignored")) else {
        return Ok(if matches.get_flag("ignored") { Filter::Nothing } else { Filter::All });
    };
    if matches.get_flag("exact") {
        return Ok(Filter::Exactly(text.clone()));
    }
    Regex::new(text).map(Filter::Matching).map_err(|error| format!("FILTER is not a regular expression: {error}"))
}

const AFTER_HELP: &str = "\
Every bench target of this package has the command line of Criterion 0.8. Targets that don't measure with Criterion
(findings, mock_server, pace, predict, queue, rounds, watched) accept all of it. FILTER, --exact, --list, --test and --quick mean the same
there; with --load-baseline, --discard-baseline or --profile-time they do nothing; other options have no effect.

Without --bench, which `cargo bench` adds, each benchmark runs once and nothing is recorded: `cargo test --benches`.";

fn command() -> Command {
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    let hidden = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).hide(true);
    let value = |name: &'static str, parser: ValueParser, help: &'static str| {
        Arg::new(name).long(name).value_parser(parser).help(help)
    };
    let name = ValueParser::string;
    let part = || number(|part| part > 0.0 && part < 1.0, "a number between 0 and 1");
    let seconds = || number(|seconds| (1e-9..=1e9).contains(&seconds), "seconds above 0");
    let profiled = number(|seconds| (1.0..=1e9).contains(&seconds), "at least 1 second");
    let threshold = number(|threshold| threshold > 0.0 && threshold.is_finite(), "a number above 0");
    let one_of = |values: &'static [&'static str]| ValueParser::from(PossibleValuesParser::new(values));
    Command::new(env!("CARGO_CRATE_NAME"))
        .version(env!("CARGO_PKG_VERSION"))
        .about("Run the benchmarks of this target.")
        .after_help(AFTER_HELP)
        .max_term_width(110)
        .arg(Arg::new("FILTER").help("Run only benchmarks whose names match this regular expression"))
        .arg(flag("exact", "Run only the benchmark of exactly this name"))
        .arg(
            flag("list", "Print the names of the benchmarks and run none").conflicts_with_all(["test", "profile-time"]),
        )
        .arg(value("format", one_of(&["pretty", "terse"]), "The format of --list"))
        .arg(flag("test", "Run each benchmark once and record nothing").conflicts_with_all(["list", "profile-time"]))
        .arg(
            flag("quick", "Measure briefly. Without Criterion: two rounds, kept out of the page's records")
                .conflicts_with("sample-size"),
        )
        .arg(value("save-baseline", name(), "Save Criterion's results under this name").short('s'))
        .arg(
            value("baseline", name(), "Compare with Criterion's results of this name")
                .short('b')
                .conflicts_with_all(["save-baseline", "baseline-lenient"]),
        )
        .arg(
            value("baseline-lenient", name(), "The same; benchmarks without such results are not compared")
                .conflicts_with_all(["save-baseline", "baseline"]),
        )
        .arg(
            value("load-baseline", name(), "Compare Criterion's results of this name instead of measuring")
                .conflicts_with("profile-time")
                .requires("baseline"),
        )
        .arg(flag("discard-baseline", "Do not save Criterion's results").conflicts_with_all([
            "save-baseline",
            "baseline",
            "baseline-lenient",
        ]))
        .arg(
            value("profile-time", profiled, "Run each benchmark for this many seconds, for a profiler")
                .conflicts_with_all(["test", "list"]),
        )
        .arg(value("sample-size", value_parser!(u64).range(10..).into(), "Criterion's samples of each benchmark"))
        .arg(value("warm-up-time", seconds(), "Criterion's seconds of warm-up"))
        .arg(value("measurement-time", seconds(), "Criterion's seconds for the samples of a benchmark"))
        .arg(value("nresamples", value_parser!(u64).range(1..).into(), "Criterion's bootstrap resamples"))
        .arg(value("noise-threshold", threshold, "Criterion's noise threshold"))
        .arg(value("confidence-level", part(), "Criterion's confidence level"))
        .arg(value("significance-level", part(), "Criterion's significance level"))
        .arg(value("color", one_of(&["auto", "always", "never"]), "Criterion's colours").short('c').alias("colour"))
        .arg(flag("verbose", "Print more of Criterion's statistics").short('v'))
        .arg(flag("quiet", "Print only Criterion's results").conflicts_with("verbose"))
        .arg(flag("noplot", "Make no plots and no HTML reports of Criterion's").short('n'))
        .arg(value("plotting-backend", one_of(&["gnuplot", "plotters"]), "What Criterion draws with"))
        .arg(value("output-format", one_of(&["criterion", "bencher"]), "The format of what Criterion prints"))
        .arg(flag("ignored", "Run the ignored benchmarks: there are none"))
        .args(["bench", "nocapture", "show-output", "include-ignored"].map(hidden))
}

fn number(fits: fn(f64) -> bool, expected: &'static str) -> ValueParser {
    ValueParser::new(move |text: &str| {
        let number: Option<f64> = text.parse().ok();
        number.filter(|number| fits(*number)).ok_or_else(|| format!("expected {expected}"))
    })
}
