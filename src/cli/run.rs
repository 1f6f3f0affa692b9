//! `makespan run`: measure a scenario.

use super::{
    Data, Usage,
    print::{note, say},
    progress::Progress,
    table,
};
use anyhow::Context;
use clap::builder::NonEmptyStringValueParser;
use makespan::{
    results::{
        csv,
        record::{Check, Record, Timer},
        store::{Store, write_whole},
        trace,
    },
    runner::{self, Settings},
    scenario::{self, CellSpec, DEFAULT_VARIANT, Scenario},
    strategy::{self, Env},
    suggestion,
    worker::deck::Deal,
};
use std::{
    env,
    num::NonZeroU32,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A scenario's name (see `makespan list`), or the path of a TOML file
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    scenario: String,
    /// Strategies to measure, beside sequential, which always is [default: the scenario's]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    strategy: Vec<String>,
    /// Worker counts to measure each strategy with [default: the scenario's]
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = worker_count)]
    workers: Vec<NonZeroU32>,
    /// How tasks reach workers: `one_by_one`, `chunks(K)`, `pool_chunks`, `blocks`, `interleaved`, `by_key`
    #[arg(long, value_name = "DEAL")]
    deal: Option<Deal>,
    /// What the clock encloses: `warm` the run alone, `cold` start, run and stop, `as_published` what the document timed
    #[arg(long, value_parser = timer)]
    timer: Option<Timer>,
    /// The scenario with other numbers (see `makespan list`)
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// Measure the few cells of `cargo bench` instead of all
    #[arg(long, conflicts_with_all = ["strategy", "workers", "deal", "timer", "variant"])]
    sweep: bool,
    /// Only cells whose name, SCENARIO/STRATEGY/WORKERS, contains this; and sequential, the baseline
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// How often every cell is measured
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// The seed of the rounds' order
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Divide every latency by this [default: the scenario's; 1 is the document's own pace]
    #[arg(long, value_name = "X", value_parser = scale)]
    time_scale: Option<f64>,
    /// Use the pictures of this directory instead of the fixtures, where the scenario makes thumbnails
    #[arg(long, value_name = "DIR")]
    images: Option<PathBuf>,
    /// Also write the record as JSON; `-` for standard output, instead of the table
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also write the timelines as Chrome trace events, for ui.perfetto.dev
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Also write the times as CSV
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    #[command(flatten)]
    data: Data,
}

const EXAMPLES: &str = "\
Examples:
  makespan run latency_only
  makespan run prime_sum --strategy threads,processes --workers 1,2,4 --rounds 20
  makespan run web_requests --strategy threads --workers 5 --time-scale 1
  makespan run thumbnails --images ~/Pictures --workers 2
  makespan run gallery_downloads --json - | jq '.cells[].speedup'";

fn worker_count(text: &str) -> Result<NonZeroU32, String> {
    text.trim().parse().map_err(|_| format!("`{text}` is no number of workers; expected a whole number from 1 on"))
}

fn scale(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| format!("`{text}` is no time scale; expected a number above 0, such as 20"))
}

fn timer(text: &str) -> Result<Timer, String> {
    serde_json::from_value(text.into())
        .map_err(|_| format!("unknown timer `{text}`, expected warm, cold or as_published"))
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut scenario = scenario::load(&args.scenario)?;
    if let Some(time_scale) = args.time_scale {
        scenario = scenario.scaled(time_scale);
    }
    let cells = chosen_cells(&args, &scenario)?;
    let (store, interrupted) = (args.data.store(), on_ctrl_c()?);
    let settings = Settings {
        env: Env { program: env::current_exe().context("where is this program?")? },
        data: store.dir().into(),
        images: args.images,
        rounds: args.rounds,
        seed: args.seed,
        interrupted: Arc::clone(&interrupted),
        command: command_line(),
    };
    let mut progress = Progress::new(Some(&store));
    let record = runner::measure(&scenario, &cells, &settings, &mut progress)?;
    let kept = progress.finish();
    if args.json.as_deref() == Some(Path::new("-")) {
        say!("{}", serde_json::to_string(&record)?);
    } else {
        table::print(&record);
    }
    write_exports(&record, args.json.as_deref(), args.trace.as_deref(), args.csv.as_deref())?;
    note!("recorded in {}", kept.context("the measurement could not be recorded")?.display());
    Ok(conclude(&record, interrupted.load(Relaxed), &store))
}

fn conclude(record: &Record, interrupted: bool, store: &Store) -> ExitCode {
    if interrupted {
        note!("interrupted: {} of {} rounds are kept in {}", record.rounds_done, record.rounds, store.dir().display());
        return ExitCode::from(130);
    }
    let failed = record.cells.iter().any(|cell| cell.check == Check::Failed);
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The cells to measure. None at all is a wrong `--only`.
fn chosen_cells(args: &Args, scenario: &Scenario) -> anyhow::Result<Vec<CellSpec>> {
    let mut cells = if args.sweep { scenario.sweep.clone() } else { named_cells(args, scenario)? };
    if let Some(text) = &args.only {
        let name = |cell: &CellSpec| format!("{}/{}/{}", scenario.name, cell.strategy, cell.workers);
        cells.retain(|cell| name(cell).contains(text));
        if cells.is_empty() {
            return Err(Usage(format!("no cell of {} has a name that contains `{text}`", scenario.name)).into());
        }
        cells = scenario::with_baselines(cells);
    }
    Ok(cells)
}

/// The scenario's own cells, or every combination of what the command line names.
fn named_cells(args: &Args, scenario: &Scenario) -> anyhow::Result<Vec<CellSpec>> {
    let variant = args.variant.as_deref().unwrap_or(DEFAULT_VARIANT);
    if scenario.variant(variant).is_none() {
        let names: Vec<&str> = scenario.variants.iter().map(|variant| variant.name.as_str()).collect();
        return Err(Usage(suggestion::unknown("variant", variant, &names)).into());
    }
    let own = || scenario.cells.iter().filter(|cell| cell.variant == variant);
    let timer = args.timer.unwrap_or(Timer::Warm);
    if args.strategy.is_empty() && args.workers.is_empty() && args.deal.is_none() && args.timer.is_none() {
        let cells: Vec<CellSpec> = own().cloned().collect();
        return if cells.is_empty() { Ok(usual_cells(scenario, variant)) } else { Ok(cells) };
    }
    let usual = usual_cells(scenario, variant);
    let strategies = if args.strategy.is_empty() { names(&usual) } else { args.strategy.clone() };
    let workers = if args.workers.is_empty() { counts(&usual) } else { args.workers.clone() };
    for name in &strategies {
        let most = strategy::named(name).map_err(Usage)?.max_workers();
        if let Some(many) = workers.iter().find(|workers| workers.get() > most && most > 1) {
            return Err(Usage(format!("{name} can have at most {most} workers, {many} were asked for")).into());
        }
        if timer == Timer::AsPublished && !scenario.as_published.contains_key(name) {
            let message = format!("{} does not say what its document's timer enclosed for `{name}`", scenario.name);
            return Err(Usage(message).into());
        }
    }
    let deal = args.deal.unwrap_or(Deal::OneByOne);
    Ok(scenario::with_baselines(scenario::matrix(variant, &strategies, &workers, &[deal], timer)))
}

/// The default variant's plain cells, for another variant.
fn usual_cells(scenario: &Scenario, variant: &str) -> Vec<CellSpec> {
    let plain = |cell: &&CellSpec| cell.variant == DEFAULT_VARIANT && cell.timer == Timer::Warm;
    let moved = |cell: &CellSpec| CellSpec { variant: variant.into(), ..cell.clone() };
    scenario.cells.iter().filter(plain).map(moved).collect()
}

fn names(cells: &[CellSpec]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for cell in cells {
        if !names.contains(&cell.strategy) {
            names.push(cell.strategy.clone());
        }
    }
    names
}

fn counts(cells: &[CellSpec]) -> Vec<NonZeroU32> {
    let mut counts: Vec<NonZeroU32> = cells.iter().map(|cell| cell.workers).collect();
    counts.sort_unstable();
    counts.dedup();
    counts
}

fn write_exports(record: &Record, json: Option<&Path>, trace: Option<&Path>, csv: Option<&Path>) -> anyhow::Result<()> {
    if let Some(path) = json.filter(|path| *path != Path::new("-")) {
        write_whole(path, |file| serde_json::to_writer(file, record).map_err(Into::into))?;
    }
    if let Some(path) = trace {
        write_whole(path, |file| trace::write(record, file))?;
    }
    if let Some(path) = csv {
        write_whole(path, |file| csv::write(record, file))?;
    }
    Ok(())
}

/// The first Ctrl-C ends the run and keeps what is measured. A second one, or two seconds, end the program where it
/// stands: worker processes and server follow, because their pipes close.
fn on_ctrl_c() -> anyhow::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || {
        if flag.swap(true, Relaxed) {
            std::process::exit(130);
        }
        thread::spawn(|| {
            thread::sleep(Duration::from_secs(2));
            std::process::exit(130);
        });
    })
    .context("can't listen for Ctrl-C")?;
    Ok(interrupted)
}

/// The command as it was given, with the program's name instead of its path.
fn command_line() -> String {
    let plain = |arg: &String| arg.chars().all(|c| c.is_ascii_alphanumeric() || "-_=,./:".contains(c));
    let quoted = |arg: String| if plain(&arg) { arg } else { format!("'{}'", arg.replace('\'', r"'\''")) };
    let args = env::args_os().skip(1).map(|arg| quoted(arg.to_string_lossy().into_owned()));
    std::iter::once("makespan".to_owned()).chain(args).collect::<Vec<_>>().join(" ")
}
