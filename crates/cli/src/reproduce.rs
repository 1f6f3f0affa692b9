//! `makespan reproduce`: test claims and report a verdict for each.
//!
//! An interrupted reproduction has no verdicts: it would have ended at a moment that its user chose, perhaps because
//! they liked what they saw. What was measured is kept, and the same command resumes there.

mod asked;
mod timetable;
mod watch;

use super::{
    Data,
    ledger::{self, Look},
    measuring,
    print::{coloured, note, say},
    report::LivePage,
};
use asked::{Asked, Part};
use clap::builder::NonEmptyStringValueParser;
use findings::{Findings, export, findings, lookup, summary};
use harness::{
    results::{
        evidence::Evidence,
        journal::{self, Journal},
        output::Output,
        record::{Check, Purpose, Record},
        store::Store,
    },
    runner::{self, Plan, Settings},
};
use indicatif::HumanDuration;
use measure::host::HostFacts;
use museum::Exhibit;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use watch::Watch;
use work::strategy::{Env, python::is_python};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct ReproduceArgs {
    /// Claims (`000-3`), scenarios, documents (`000`), or paths of TOML files [default: all claims; see `makespan list
    /// --claims`]
    #[arg(value_name = "CLAIM|SCENARIO|DOCUMENT", value_parser = NonEmptyStringValueParser::new())]
    names: Vec<String>,
    /// Up to 12 rounds, with interim analyses after 3 and 6: this is the default
    #[arg(long)]
    quick: bool,
    /// Up to 24 rounds where the figures need them, with interim analyses after 3, 6 and 12
    #[arg(long, conflicts_with = "quick")]
    full: bool,
    /// At the documents' own pace, 3 rounds: 30 requests really take 9 seconds
    #[arg(long, conflicts_with_all = ["quick", "full"])]
    real_time: bool,
    /// Total time budget for measuring; a round in progress is completed
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    budget: Option<Duration>,
    /// Start over instead of resuming an interrupted run
    #[arg(long)]
    fresh: bool,
    /// Seed for shuffling the cells of each round
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Python interpreter for the cells of Python (repeatable) [default: `MAKESPAN_PYTHON`, else `python3` on PATH]
    #[arg(long, value_name = "PATH")]
    python: Vec<PathBuf>,
    /// Also write the findings as JSON; `-` for standard output, instead of the ledger
    #[arg(long, value_name = "FILE")]
    json: Option<Output>,
    #[command(flatten)]
    data: Data,
}

const EXAMPLES: &str = "\
Examples:
  makespan reproduce
  makespan reproduce 000-3
  makespan reproduce 002 --full
  makespan reproduce web_requests --real-time
  makespan reproduce 001 --json - | jq '.claims[] | {id, verdict}'

The exit code is 0 whatever the verdicts are, and 1 if a run or a check failed unexpectedly.
After Ctrl-C it is 130, and the same command resumes the run.";

/// How often a cell is run to measure its memory only, if a claim is about memory.
const MEMORY_SAMPLES: u32 = 5;

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse().ok().filter(|number: &f64| *number > 0.0);
    let budget = number.and_then(|number| Duration::try_from_secs_f64(number).ok());
    budget.ok_or_else(|| format!("`{text}` is not a budget; expected seconds above 0, such as 60"))
}

impl ReproduceArgs {
    /// The rounds of the analyses, fixed beforehand: a cell may be done at each. The first is the least that has any use,
    /// and each of the others doubles the rounds.
    fn looks(&self) -> Vec<u32> {
        match (self.full, self.real_time) {
            (true, _) => vec![3, 6, 12, 24],
            (_, true) => vec![3],
            _ => vec![3, 6, 12],
        }
    }

    fn plan(&self) -> Plan {
        // Otherwise only the memory that claims are about is measured.
        let probe_all = self.full;
        Plan { purpose: Purpose::Findings, looks: self.looks(), probe_all, ..Plan::rounds(0) }
    }

    /// Everything that a measurement depends on: only a run with the same key can be resumed.
    fn key(&self, parts: &[Part]) -> String {
        journal::key(&(cfg!(debug_assertions), parts, self.looks(), self.seed, &self.python))
    }
}

pub fn run(args: ReproduceArgs) -> anyhow::Result<ExitCode> {
    let mut asked = Asked::of(&args.names)?;
    if args.real_time {
        asked = asked.at_the_documents_pace();
        announce(&asked.parts(), &args.plan());
    }
    let parts = asked.parts();
    let (key, plan) = (args.key(&parts), args.plan());
    let page = LivePage::of(&args.data);
    let (data, store) = (args.data.as_option(), args.data.store());
    if args.fresh {
        Journal::open(&store, key.clone())?.close()?;
    }
    let in_python = |part: &Part| part.cells.iter().any(|cell| is_python(&cell.strategy));
    measuring::check_python(&args.python, parts.iter().any(in_python), &store)?;
    let interrupted = measuring::on_ctrl_c()?;
    let settings = Settings {
        env: Env { pythons: args.python.clone(), ..measuring::env(&store)? },
        data: store.dir().into(),
        images: None,
        server: None,
        plan,
        baseline: None,
        seed: args.seed,
        interrupted: Arc::clone(&interrupted),
        command: measuring::command_line(),
        commit: crate::commit(),
    };
    let journal = Journal::open(&store, key)?;
    let (known, _) = store.evidence(&asked.scenarios)?;
    let mut watch = Watch::new(&asked, &parts, &settings.plan, &known, journal);
    measure(&parts, &settings, args.budget, page.as_ref(), &mut watch)?;
    let shown = show(&asked.exhibits(), &settings.env, &store, &interrupted, &watch)?;
    let journal = watch.close();
    if interrupted.load(Relaxed) {
        let done = parts.iter().filter(|part| journal.finished(&part.scenario.name).is_some()).count();
        note!(
            "interrupted: {done} of {} scenarios are measured, and nothing is lost. An interrupted run has no verdicts until \
             it is resumed; the same command resumes it, --fresh starts over.",
            parts.len()
        );
        return Ok(ExitCode::from(130));
    }
    journal.close()?;
    let (evidence, damaged) = store.evidence(&asked.scenarios)?;
    damaged.iter().for_each(|error| note!("makespan: {error}"));
    if let Some(page) = &page {
        page.rewrite();
    }
    conclude(&asked, &findings(&asked.scenarios, &evidence), args.json.as_ref(), &data)?;
    note!("recorded in {}", store.dir().display());
    Ok(if whole(&asked, &parts, &evidence) && shown { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Announces beforehand how long the class will wait.
fn announce(parts: &[Part], plan: &Plan) {
    let waits_s = |part: &Part| part.cells.iter().map(|cell| timetable::waits_s(&part.scenario, cell)).sum::<f64>();
    let runs = f64::from(plan.last());
    let waits = Duration::from_secs_f64(runs * parts.iter().map(waits_s).sum::<f64>());
    note!("At the documents' own pace, waiting alone takes {} ({runs} runs of each cell).", HumanDuration(waits));
}

/// Measures the scenarios that are not measured yet.
fn measure(
    parts: &[Part],
    settings: &Settings,
    budget: Option<Duration>,
    page: Option<&LivePage>,
    watch: &mut Watch,
) -> anyhow::Result<()> {
    let began = Instant::now();
    for (place, Part { scenario, cells, memory }) in parts.iter().enumerate() {
        if settings.interrupted.load(Relaxed) {
            break;
        }
        if watch.journal.finished(&scenario.name).is_some() {
            watch.say(format_args!("{}: measured before the interruption", scenario.name));
            continue;
        }
        let before = watch.begin(place);
        if let Some(record) = &before {
            watch.say(going_on(record));
        }
        let left = budget.map(|budget| budget.saturating_sub(began.elapsed()));
        let plan = Plan {
            budget: left.map(|left| watch.budget(left)),
            memory_samples: memory.iter().map(|cell| (cell.clone(), MEMORY_SAMPLES)).collect(),
            ..settings.plan.clone()
        };
        let settings = Settings { plan, ..settings.clone() };
        match before {
            Some(before) => runner::resume(scenario, cells, &settings, before, watch)?,
            None => runner::measure(scenario, cells, &settings, watch)?,
        };
        if !settings.interrupted.load(Relaxed) {
            watch.finish()?;
            if let Some(page) = page {
                page.rewrite();
            }
        }
    }
    Ok(())
}

fn going_on(record: &Record) -> String {
    // `2026-11-21T19:05:00Z`
    let time = record.started_at.get(11..16).unwrap_or("earlier");
    let round = (record.rounds_done + 1).min(record.rounds);
    format!(
        "{}: resuming at round {round} of {}, begun {time} UTC; --fresh starts over",
        record.scenario, record.rounds
    )
}

/// Runs the exhibits and records their results. False if one did not show what it says.
fn show(names: &[&str], env: &Env, store: &Store, interrupted: &AtomicBool, watch: &Watch) -> anyhow::Result<bool> {
    let mut all_hold = true;
    for name in names {
        if interrupted.load(Relaxed) {
            break;
        }
        watch.exhibit(name);
        // The scenario check has made sure that it exists.
        let Ok(exhibit) = museum::named(name) else { continue };
        all_hold &= show_one(exhibit, env, store, watch)?;
    }
    Ok(all_hold)
}

fn show_one(exhibit: &Exhibit, env: &Env, store: &Store, watch: &Watch) -> anyhow::Result<bool> {
    let shown = match exhibit.show(env) {
        Ok(shown) => shown,
        Err(error) => {
            watch.say(format_args!("FAILED: exhibit {}: {error}", exhibit.name));
            return Ok(false);
        }
    };
    for side in [&shown.bug, &shown.right].into_iter().filter(|side| !side.holds) {
        watch.say(format_args!("FAILED: exhibit {}: {}", exhibit.name, side.verdict));
    }
    let holds = shown.holds();
    store.keep_exhibits(BTreeMap::from([(exhibit.name.to_owned(), shown)]))?;
    Ok(holds)
}

/// Prints the findings for people or for programs.
fn conclude(asked: &Asked, all: &Findings, json: Option<&Output>, data: &str) -> anyhow::Result<()> {
    let found = asked.among(all.clone());
    if let Some(output) = json {
        let host = HostFacts::gather(crate::commit().as_deref());
        output.write_json(&export::export(&found, &summary(&found.claims), &host))?;
    }
    if json == Some(&Output::Stdout) {
        return Ok(());
    }
    coloured(&ledger::of(&found.claims, Look::of_stdout()));
    say!("The page with all charts: makespan report{data}");
    Ok(())
}

/// Whether every cell has a time unless it is expected to fail. Names those that lack one.
fn whole(asked: &Asked, parts: &[Part], evidence: &Evidence) -> bool {
    let mut whole = true;
    for Part { scenario, cells, .. } in parts {
        let Some((_, records)) = lookup(evidence, &scenario.name, &cells.iter().collect::<Vec<_>>()) else {
            note!("FAILED: {}: its record can no longer be read", scenario.name);
            whole = false;
            continue;
        };
        for (spec, cell) in cells.iter().zip(records) {
            if cell.check == Check::Failed && !asked.expects_failure(&scenario.name, spec) {
                note!("FAILED: {}, {spec}: {}", scenario.name, cell.error().unwrap_or("no reason given"));
                whole = false;
            }
        }
    }
    whole
}
