//! `makespan run`: measure a scenario.

use super::{
    Data, Usage,
    measuring::{self, PythonArgs},
    print::note,
    progress::Progress,
    queue_address, table,
};
use anyhow::Context;
use clap::{Args as _, FromArgMatches, builder::NonEmptyStringValueParser};
use harness::{
    live::EventWriter,
    results::{
        csv,
        output::{self, Output},
        record::{CellRecord, Check, Record},
        store::Store,
        trace,
    },
    runner::{self, Observer, Plan, Settings},
    scenario::{self, CellSpec, DEFAULT_VARIANT, Scenario, Timer, Variant},
};
use hyper::http::uri::Authority;
use std::{
    fmt, iter,
    path::PathBuf,
    process::ExitCode,
    str::FromStr,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use support::{distinct, suggestion};
use work::{
    queue::{
        address::{Address, DEFAULT_NAME, VARIABLE},
        broker::{Peer, Role},
        job::BUILD,
    },
    strategy::{self, Env, QueueSettings, Strategy, gil_threads::GilThreads, python::is_python, queue::Queue},
    worker::{gil::SWITCH_INTERVAL, layout::WorkerLayout, task_queue::Schedule},
};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct RunArgs {
    /// A scenario's name (see `makespan list`), or the path of a TOML file
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    scenario: String,
    /// Strategies to measure, in addition to the baseline: sequential, or python/sequential if all are in Python
    /// [default: the scenario's]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    strategy: Vec<String>,
    /// Worker counts to measure each strategy with; `3x5` is three processes of five threads, for `hybrid`; `0` leaves
    /// all tasks to workers that `makespan worker` has started, for `queue` only [default: the scenario's]
    #[arg(long, value_name = "N|PxT,...", value_delimiter = ',')]
    workers: Vec<WorkersFlag>,
    /// URL of the queue for `queue`: redis://HOST:PORT/DB or sqlite:PATH [default: `MAKESPAN_QUEUE`, else a new file]
    #[arg(long, value_name = "URL")]
    queue: Option<String>,
    /// Name of the queue at that URL; workers must use the same name [default: makespan]
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    queue_name: Option<String>,
    /// How tasks are assigned to workers: `one_by_one`, `chunks(K)`, `pool_chunks`, `blocks`, `interleaved`, `by_key`
    #[arg(long = "schedule", alias = "deal", value_name = "SCHEDULE,...", value_delimiter = ',')]
    schedules: Vec<Schedule>,
    /// What is timed: `warm` only the run; `cold` also starting and stopping the workers; `as_published` what the
    /// document timed
    #[arg(long, value_parser = timer)]
    timer: Option<Timer>,
    /// Variants of the scenario (see `makespan list`); several are measured in the same rounds
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    variant: Vec<String>,
    /// Measure only the cells that `cargo bench` measures
    #[arg(long, conflicts_with_all = ["strategy", "workers", "schedules", "timer", "variant"])]
    sweep: bool,
    /// Measure only cells whose name, SCENARIO/STRATEGY/WORKERS, equals or contains TEXT (repeatable), and the
    /// sequential baseline
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// The cell that speedups are measured against, as the table names it, such as `threads x 1`, or `threads x 2,
    /// blocks` [default: sequential x 1, or
    /// python/sequential x 1 where all strategies are in Python]
    #[arg(long, value_name = "CELL")]
    baseline: Option<String>,
    /// How many times to measure every cell
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Seed for shuffling the cells of each round
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Divide every latency by X [default: the scenario's; 1 is the document's own pace]
    #[arg(long, value_name = "X", value_parser = scale)]
    time_scale: Option<f64>,
    /// How long a thread of `gil_threads` or of Python waits before it requests the interpreter's lock, in milliseconds
    /// [default: 5, as in CPython]
    #[arg(long, value_name = "MS", value_parser = switch_interval)]
    switch_interval: Option<Duration>,
    /// Make thumbnails of the JPEGs and PNGs in this directory instead of the fixtures; unreadable files are skipped
    /// and listed
    #[arg(long, value_name = "DIR")]
    images: Option<PathBuf>,
    /// Fetch from this mock server, started by `makespan server` where other machines can reach it, instead of starting
    /// one for the run
    #[arg(long, value_name = "http://HOST:PORT", value_parser = origin)]
    server: Option<String>,
    /// Also write the record as JSON; `-` for standard output, instead of the table
    #[arg(long, value_name = "FILE")]
    json: Option<Output>,
    /// Also write events as JSON lines during the run; `-` for standard output, instead of the table. The run ends
    /// when the reader closes the pipe
    #[arg(long, value_name = "FILE")]
    events: Option<Output>,
    /// Also write the timelines as Chrome trace events, for ui.perfetto.dev; `-` for standard output, instead of the table
    #[arg(long, value_name = "FILE")]
    trace: Option<Output>,
    /// Also write the times as CSV; `-` for standard output, instead of the table
    #[arg(long, value_name = "FILE")]
    csv: Option<Output>,
    #[command(flatten)]
    python: PythonArgs,
    #[command(flatten)]
    data: Data,
}

const EXAMPLES: &str = "\
Examples:
  makespan run latency_only
  makespan run prime_sum --strategy threads,processes --workers 1,2,4 --rounds 20
  makespan run web_requests --strategy threads --workers 5 --time-scale 1
  makespan run thumbnails --images ~/Pictures --workers 2
  makespan run gallery_downloads --strategy queue,processes --workers 4
  makespan run prime_sum --strategy queue --workers 0 --queue redis://10.0.0.1
  makespan run prime_sum --strategy python/threads --workers 2 --python python3.14t
  makespan run gallery_downloads --json - | jq '.cells[].speedup'";

/// What `--workers` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WorkersFlag {
    /// Workers that `makespan worker` has started.
    OfOthers,
    /// Workers that the run starts.
    Own(WorkerLayout),
}

impl fmt::Display for WorkersFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfOthers => f.write_str("0"),
            Self::Own(shape) => shape.fmt(f),
        }
    }
}

impl FromStr for WorkersFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == "0" { Ok(Self::OfOthers) } else { text.parse().map(Self::Own) }
    }
}

pub(super) fn scale(text: &str) -> Result<f64, String> {
    scenario::time_scale(text.parse().unwrap_or(f64::NAN))
        .map_err(|expected| format!("expected {expected}, such as 20"))
}

/// At least the time a thread needs to wake up, at most the wait after Ctrl-C: a waiting thread checks that often.
fn switch_interval(text: &str) -> Result<Duration, String> {
    let milliseconds = text.parse().ok().filter(|number| (0.1..=1000.0).contains(number));
    let interval = milliseconds.map(|number: f64| Duration::from_secs_f64(number / 1e3));
    interval.ok_or_else(|| format!("`{text}` is not a switch interval; expected milliseconds from 0.1 to 1000"))
}

/// Only scheme, host and port: the origin that a worker may fetch from is compared with it byte by byte.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let plain = text.trim_end_matches('/');
    let is_origin = plain
        .strip_prefix("http://")
        .and_then(|rest| rest.parse::<Authority>().ok())
        .is_some_and(|it| it.port_u16().is_some() && !it.host().is_empty() && !it.as_str().contains('@'));
    if is_origin { Ok(plain.to_owned()) } else { Err("expected http://HOST:PORT, such as http://10.0.0.1:8080".into()) }
}

fn timer(text: &str) -> Result<Timer, String> {
    serde_json::from_value(text.into())
        .map_err(|_| format!("unknown timer `{text}`, expected warm, cold or as_published"))
}

pub fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    let instead_of_the_table = args.outputs()?;
    let store = args.data.clone().store();
    let Asked { scenario, cells, baseline, queue } = asked(&args, &store)?;
    if let Some(address) = &queue.address {
        greet(address, &queue)?;
    }
    let interrupted = measuring::on_ctrl_c()?;
    let (switch_interval, pythons) = (args.switch_interval.unwrap_or(SWITCH_INTERVAL), args.python.python);
    let settings = Settings {
        env: Env { switch_interval, queue, pythons, ..measuring::env(&store)? },
        data: store.dir().into(),
        images: args.images,
        server: args.server,
        plan: Plan::rounds(args.rounds),
        baseline,
        seed: args.seed,
        interrupted: Arc::clone(&interrupted),
        command: measuring::command_line(),
        commit: crate::commit(),
    };
    let mut progress = Progress::new(Some(&store));
    let mut teller = match &args.events {
        Some(output) => Some(EventWriter::new(output.open()?, &cells, Arc::clone(&interrupted))),
        None => None,
    };
    let mut observers: Vec<&mut dyn Observer> = vec![&mut progress];
    observers.extend(teller.as_mut().map(|teller| teller as &mut dyn Observer));
    let record = runner::measure(&scenario, &cells, &settings, &mut observers)?;
    let (kept, events_lost) = (progress.finish(), teller.and_then(EventWriter::into_failure));
    if !instead_of_the_table {
        table::print(&record);
    }
    if let Some(output) = &args.json {
        output.write_json(&record)?;
    }
    if let Some(output) = &args.trace {
        output.write(|to| trace::write(&record, to))?;
    }
    if let Some(output) = &args.csv {
        output.write(|to| csv::write(&record, to))?;
    }
    let kept = kept.context("the measurement could not be recorded")?;
    if record.cells.iter().all(|cell| cell.check == Check::Skipped) {
        let why = record.cells.iter().find_map(CellRecord::error).unwrap_or("no reason given");
        anyhow::bail!("nothing was measured, because every cell was skipped: {why}");
    }
    note!("recorded in {}", kept.display());
    if let Some((error, path)) = events_lost.zip(args.events.as_ref()) {
        anyhow::bail!(
            "--events {}: some events could not be written: {error}; the measurement is complete",
            path.path().display()
        );
    }
    Ok(exit_code(&record, interrupted.load(Relaxed), &store))
}

impl RunArgs {
    /// Refuses outputs that would overwrite each other or the scenario. Returns whether one of them replaces the table
    /// on standard output.
    fn outputs(&self) -> Result<bool, Usage> {
        let file = PathBuf::from(&self.scenario);
        let scenario = file.extension().is_some_and(|end| end == "toml").then(|| Output::File(file.clone()));
        let outputs = [&self.json, &self.events, &self.trace, &self.csv].map(Option::as_ref);
        let named = ["--json", "--events", "--trace", "--csv"].into_iter().zip(outputs);
        let all: Vec<_> = iter::once(("SCENARIO", scenario.as_ref())).chain(named).collect();
        output::distinct(&all).map_err(Usage)?;
        Ok(outputs.contains(&Some(&Output::Stdout)))
    }
}

/// What to measure.
struct Asked {
    scenario: Scenario,
    cells: Vec<CellSpec>,
    baseline: Option<CellSpec>,
    queue: QueueSettings,
}

/// What to measure, or why that is not possible.
fn asked(args: &RunArgs, store: &Store) -> anyhow::Result<Asked> {
    let mut scenario = scenario::load(&args.scenario)?;
    if let Some(time_scale) = args.time_scale {
        scenario = scaled(scenario, time_scale)?;
    }
    let cells = args.python.in_each(chosen_cells(args, &scenario)?, store)?;
    let queue = queue_settings(args, &cells)?;
    means_something(args, &cells)?;
    let baseline = args.baseline.as_deref().map(|name| baseline(name, &cells)).transpose()?;
    Ok(Asked { scenario, cells, baseline, queue })
}

/// The cell that `--baseline` names. Its variant and timer are those of the cells that are compared with it.
fn baseline(name: &str, cells: &[CellSpec]) -> Result<CellSpec, Usage> {
    let bare = |cell: &CellSpec| CellSpec { variant: DEFAULT_VARIANT.into(), timer: Timer::Warm, ..cell.clone() };
    let mut all = distinct(cells.iter().map(bare));
    let names: Vec<String> = all.iter().map(CellSpec::to_string).collect();
    let found = names.iter().position(|known| known.split_whitespace().eq(name.split_whitespace()));
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let unknown = || {
        Usage(format!(
            "--baseline: {}; it must be one of the measured cells",
            suggestion::unknown("cell", name, &known)
        ))
    };
    found.map(|place| all.swap_remove(place)).ok_or_else(unknown)
}

/// The scenario at another time scale, if it has waits to scale and the scaled latencies are valid.
fn scaled(scenario: Scenario, time_scale: f64) -> Result<Scenario, Usage> {
    if !scenario.has_waits() {
        let name = &scenario.name;
        return Err(Usage(format!(
            "--time-scale: the tasks of {name} wait for no server, so there is no latency to divide"
        )));
    }
    let scenario = scenario.scaled(time_scale);
    let mut servers = scenario.variants.iter().filter_map(|variant| variant.server.as_ref());
    servers.try_for_each(|server| server.check().map(drop)).map_err(|error| Usage(format!("--time-scale: {error}")))?;
    Ok(scenario)
}

/// Refuses options that have no effect on these cells.
fn means_something(args: &RunArgs, cells: &[CellSpec]) -> Result<(), Usage> {
    let no_cell = |has: &dyn Fn(&CellSpec) -> bool| !cells.iter().any(has);
    let has_lock = |cell: &CellSpec| cell.strategy == GilThreads.name() || is_python(&cell.strategy);
    if args.switch_interval.is_some() && no_cell(&has_lock) {
        return Err(Usage(
            "--switch-interval: no cell has an interpreter's lock: add `--strategy gil_threads` or `python/threads`"
                .into(),
        ));
    }
    if args.schedules.iter().any(|&schedule| no_cell(&|cell| cell.schedule == schedule)) {
        return Err(Usage(
            "--schedule: no cell has workers to schedule tasks on: add a `--strategy` other than sequential".into(),
        ));
    }
    Ok(())
}

/// Checks that `makespan run` would accept these arguments. Nothing is started.
pub(super) fn check(arguments: &[String]) -> anyhow::Result<()> {
    let args = parsed(arguments)?;
    asked(&args, &args.data.clone().store()).map(drop)
}

/// The cells that `makespan run` measures of this scenario without options, and in how many rounds.
pub(super) fn usual(scenario: &str) -> anyhow::Result<(Vec<CellSpec>, u32)> {
    let args = parsed(&[scenario.to_owned()])?;
    Ok((asked(&args, &args.data.clone().store())?.cells, args.rounds))
}

fn parsed(arguments: &[String]) -> Result<RunArgs, Usage> {
    let parser = RunArgs::augment_args(clap::Command::new("run").no_binary_name(true));
    let matches = parser.try_get_matches_from(arguments).and_then(|matches| RunArgs::from_arg_matches(&matches));
    matches.map_err(|error| Usage(error.to_string()))
}

/// The exit code of a measurement.
pub(super) fn exit_code(record: &Record, interrupted: bool, store: &Store) -> ExitCode {
    if interrupted {
        note!("interrupted: {} of {} rounds are kept in {}", record.rounds_done, record.rounds, store.dir().display());
        return ExitCode::from(130);
    }
    let failed = record.cells.iter().any(|cell| cell.check == Check::Failed);
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Connects to the queue, and reports at once what would otherwise show only at the deadline.
fn greet(address: &Address, queue: &QueueSettings) -> anyhow::Result<()> {
    let present = address.broker(&queue.name).present()?;
    if let Some(other) = present.iter().find(|peer| peer.role == Role::Run) {
        let (name, who) = (&queue.name, &other.id);
        note!("another run ({who}) uses queue `{name}`: both share its workers; use --queue-name for a separate queue");
    }
    let listens = |peer: &Peer| peer.role == Role::Worker && peer.build == BUILD;
    if !queue.own_workers && !present.iter().any(listens) {
        let name = &queue.name;
        note!("no worker listens on queue `{name}` yet; start one: makespan worker --queue {address} --name {name}");
    }
    Ok(())
}

/// Which queue the cells use, and who starts its workers.
fn queue_settings(args: &RunArgs, cells: &[CellSpec]) -> anyhow::Result<QueueSettings> {
    let own_workers = !args.workers.contains(&WorkersFlag::OfOthers);
    if !cells.iter().any(|cell| cell.strategy == Queue.name()) {
        return match (&args.queue, &args.queue_name) {
            (None, None) => Ok(QueueSettings::default()),
            _ => {
                Err(Usage("no cell uses a queue: add `--strategy queue`, or leave out --queue and --queue-name".into())
                    .into())
            }
        };
    }
    let address = queue_address(args.queue.as_deref())?;
    if !own_workers && address.is_none() {
        return Err(Usage(format!("--workers 0: no queue is given: name it with --queue URL or {VARIABLE}, and start its workers with `makespan worker --queue URL`")).into());
    }
    let name = args.queue_name.clone().unwrap_or_else(|| DEFAULT_NAME.into());
    Ok(QueueSettings { address, name, own_workers })
}

/// The cells to measure. An `--only` that matches none is an error.
fn chosen_cells(args: &RunArgs, scenario: &Scenario) -> anyhow::Result<Vec<CellSpec>> {
    let mut cells = if args.sweep { scenario.sweep.clone() } else { named_cells(args, scenario)? };
    if args.only.is_empty() {
        return Ok(cells);
    }
    let name = |cell: &CellSpec| format!("{}/{}/{}", scenario.name, cell.strategy, cell.shape.workers());
    let names: Vec<String> = cells.iter().map(name).collect();
    let means = |text: &String, name: &String| name == text || (!names.contains(text) && name.contains(text));
    if let Some(text) = args.only.iter().find(|text| !names.iter().any(|name| means(text, name))) {
        return Err(Usage(format!("no cell of {} has a name that contains `{text}`", scenario.name)).into());
    }
    cells.retain(|cell| args.only.iter().any(|text| means(text, &name(cell))));
    Ok(scenario::with_baselines(cells))
}

/// The scenario's own cells, or every combination of what the command line names.
fn named_cells(args: &RunArgs, scenario: &Scenario) -> anyhow::Result<Vec<CellSpec>> {
    let default = [DEFAULT_VARIANT.to_owned()];
    let variants = if args.variant.is_empty() { &default[..] } else { &args.variant };
    let cells = variants.iter().map(|variant| cells_of(variant, args, scenario)).collect::<anyhow::Result<Vec<_>>>();
    Ok(scenario::with_baselines(cells?.concat()))
}

fn cells_of(name: &str, args: &RunArgs, scenario: &Scenario) -> anyhow::Result<Vec<CellSpec>> {
    let names = || scenario.variants.iter().map(|variant| variant.name.as_str()).collect::<Vec<_>>();
    let variant = scenario.variant(name).ok_or_else(|| Usage(suggestion::unknown("variant", name, &names())))?;
    let own = || scenario.cells.iter().filter(|cell| cell.variant == name && !is_python(&cell.strategy));
    let timer = args.timer.unwrap_or(Timer::Warm);
    if args.strategy.is_empty() && args.workers.is_empty() && args.schedules.is_empty() && args.timer.is_none() {
        let cells: Vec<CellSpec> = own().cloned().collect();
        return if cells.is_empty() { usual_cells(scenario, variant) } else { Ok(cells) };
    }
    let usual = usual_cells(scenario, variant)?;
    let asked = if args.workers.is_empty() { shapes(&usual) } else { asked_shapes(args)? };
    let strategies = match strategies(&args.strategy)? {
        // The scenario's own strategies that support a requested layout.
        none if none.is_empty() => fitting(strategies(&names_of(&usual))?, &asked, variant),
        named => named,
    };
    if timer == Timer::AsPublished
        && let Some(strategy) = strategies.iter().find(|one| !scenario.as_published.contains_key(one.name()))
    {
        let (scenario, name) = (&scenario.name, strategy.name());
        return Err(Usage(format!("{scenario} does not say what its document's timer covered for `{name}`")).into());
    }
    let schedules = if args.schedules.is_empty() { &[Schedule::OneByOne][..] } else { &args.schedules };
    let cells = scenario::matrix(variant, &strategies, &asked, schedules, timer);
    Ok(cells.map_err(|misfit| Usage(format!("--workers: found {}, expected {}", misfit.found, misfit.expected)))?)
}

/// The layouts that `--workers` names. A single worker stands for those that `makespan worker` has started.
fn asked_shapes(args: &RunArgs) -> anyhow::Result<Vec<WorkerLayout>> {
    let shape = |workers: &WorkersFlag| match workers {
        WorkersFlag::OfOthers => WorkerLayout::ONE,
        WorkersFlag::Own(shape) => *shape,
    };
    let alone = args.workers.len() == 1 && args.strategy == [Queue.name()];
    if args.workers.contains(&WorkersFlag::OfOthers) && !alone {
        return Err(Usage("--workers: found 0, expected a whole number from 1 on: 0 can't be combined with other counts and needs `--strategy queue` as the only strategy, because it leaves the work to workers that `makespan worker` has started".into()).into());
    }
    Ok(args.workers.iter().map(shape).collect())
}

/// The default variant's plain cells, for another variant.
fn usual_cells(scenario: &Scenario, variant: &Variant) -> anyhow::Result<Vec<CellSpec>> {
    let plain =
        |cell: &&CellSpec| cell.variant == DEFAULT_VARIANT && cell.timer == Timer::Warm && !is_python(&cell.strategy);
    let moved = |cell: &CellSpec| {
        let strategy = strategy::named(&cell.strategy).map_err(Usage)?;
        let shape = strategy.layout(cell.shape, variant.tasks()).unwrap_or(cell.shape);
        Ok(CellSpec { variant: variant.name.clone(), shape, ..cell.clone() })
    };
    scenario.cells.iter().filter(plain).map(moved).collect()
}

fn strategies(names: &[String]) -> anyhow::Result<Vec<&'static dyn Strategy>> {
    names.iter().map(|name| Ok(strategy::named(name).map_err(Usage)?)).collect()
}

/// The strategies that support one of the requested layouts; all of them if none does, so that the error can say why.
fn fitting(all: Vec<&'static dyn Strategy>, asked: &[WorkerLayout], variant: &Variant) -> Vec<&'static dyn Strategy> {
    let shapes = |one: &dyn Strategy| {
        asked.iter().filter_map(|&shape| Some((shape, one.layout(shape, variant.tasks())?))).collect::<Vec<_>>()
    };
    if !all.iter().any(|one| shapes(*one).iter().any(|(asked, given)| asked == given)) {
        return all;
    }
    all.into_iter().filter(|one| !shapes(*one).is_empty()).collect()
}

fn names_of(cells: &[CellSpec]) -> Vec<String> {
    distinct(cells.iter().map(|cell| cell.strategy.clone()))
}

fn shapes(cells: &[CellSpec]) -> Vec<WorkerLayout> {
    let mut shapes: Vec<WorkerLayout> = cells.iter().map(|cell| cell.shape).collect();
    shapes.sort_unstable();
    shapes.dedup();
    shapes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_of_its_own_is_a_number_of_workers_here() {
        assert_eq!("0".parse(), Ok(WorkersFlag::OfOthers));
        assert_eq!("3x5".parse(), "3x5".parse().map(WorkersFlag::Own));
        assert!("-1".parse::<WorkersFlag>().is_err_and(|words| words.contains("from 1 on")));
    }
}
