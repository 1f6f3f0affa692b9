//! `makespan race`: strategies race in the terminal, and a table remains.
//!
//! The race is `makespan run` in a process of its own, [watched](harness::live) as the classroom watches it. What is measured
//! is therefore the same, whoever looks. This process draws what it is told, at its own pace: a slow terminal holds nobody up.
//!
//! | file | |
//! |---|---|
//! | `screen` | the terminal, taken over and given back whatever happens |
//! | `picture` | a race on a screen of any size |
//! | `rows` | what goes where: which cells are shown, with how many rows of lanes each |
//! | `raster` | workers' time as characters |

mod picture;
mod raster;
mod rows;
mod screen;

use super::{
    Data, ledger,
    print::{note, printable},
    progress,
    run::{WorkersFlag, check, exit_code, scale},
    table,
};
use anyhow::{Context, bail};
use clap::builder::NonEmptyStringValueParser;
use harness::{
    live::{
        Event, Race, Watched, WatchedRun,
        event::{RacePlan, RunEnd},
    },
    results::store::Store,
    scenario::{self, CellSpec, DEFAULT_VARIANT, Scenario},
};
use picture::RaceScreen;
use screen::Screen;
use std::{
    env,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{Receiver, TryRecvError, channel},
    },
    thread::{self, Builder},
    time::{Duration, Instant},
};
use work::worker::layout::WorkerLayout;

/// From one picture to the next, at least: twenty in a second are as many as an eye needs.
const FRAME: Duration = Duration::from_millis(50);

/// What a race may take to stop: the run ends by itself or is killed before that. Beyond it, the terminal hangs.
const GRACE: Duration = Duration::from_secs(6);

/// How long giving back the terminal may take when the program has to end.
const GIVE_BACK: Duration = Duration::from_millis(500);

/// More workers than this are no sight, if nobody asked for them.
const FEW: u32 = 8;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct RaceArgs {
    /// A scenario's name (see `makespan list`), or the path of a TOML file
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    scenario: String,
    /// Strategies to race, beside sequential, which always does [default: those that `cargo bench` sweeps]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    strategy: Vec<String>,
    /// Worker counts of each strategy; `3x5` is three processes of five threads, for `hybrid` [default: the largest one up to
    /// eight that `cargo bench` sweeps]
    #[arg(long, value_name = "N|PxT,...", value_delimiter = ',')]
    workers: Vec<WorkersFlag>,
    /// The scenario with other numbers (see `makespan list`) [default: the one that `cargo bench` sweeps]
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// How often every cell is measured; from two on there are speed-ups, with intervals
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// The seed of the rounds' order
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Divide every latency by this [default: the scenario's; 1 is the document's own pace]
    #[arg(long, value_name = "X", value_parser = scale)]
    time_scale: Option<f64>,
    #[command(flatten)]
    data: Data,
}

const EXAMPLES: &str = "\
Examples:
  makespan race latency_only
  makespan race web_requests --strategy threads,processes,async --workers 5 --time-scale 1
  makespan race prime_sum --strategy threads,gil_threads --workers 2

q, Esc or Ctrl-C stop it. It ends with the table of `makespan run`, and is recorded like that. Where
standard output is no terminal, the table is all there is.";

pub fn run(args: RaceArgs) -> anyhow::Result<ExitCode> {
    let scenario = scenario::load(&args.scenario)?;
    let arguments = args.of_the_run(&scenario);
    // Said here and now: behind a screen it would be said too late.
    check(&arguments)?;
    let (store, stop) = (args.data.store(), on_ctrl_c()?);
    let program = env::current_exe().context("where is this program?")?;
    let watched = Watched::start(&WatchedRun { program, data: store.dir().into(), arguments })?;
    let process = watched.id();
    let how = if Screen::is_there() { show(watched, &stop)? } else { listen(watched, &stop) };
    conclude(how, &store, &scenario.name, process)
}

impl RaceArgs {
    /// The arguments of `makespan run`: what was asked for, and where nothing was, what makes a good race.
    fn of_the_run(&self, scenario: &Scenario) -> Vec<String> {
        let few = &scenario.sweep;
        let variant = few.first().map_or(DEFAULT_VARIANT, |cell| &cell.variant);
        let mut options = vec![
            ("--variant", self.variant.clone().unwrap_or_else(|| variant.to_owned())),
            ("--rounds", self.rounds.to_string()),
            ("--seed", self.seed.to_string()),
        ];
        let strategies = if self.strategy.is_empty() { strategies(few) } else { self.strategy.clone() };
        let workers = self.workers.iter().map(ToString::to_string).collect();
        let workers: Vec<String> = if self.workers.is_empty() { shapes(few) } else { workers };
        options.extend([("--strategy", strategies.join(",")), ("--workers", workers.join(","))]);
        options.extend(self.time_scale.map(|scale| ("--time-scale", scale.to_string())));
        options.retain(|(_, value)| !value.is_empty());
        let options = options.into_iter().flat_map(|(name, value)| [name.to_owned(), value]);
        std::iter::once(self.scenario.clone()).chain(options).collect()
    }
}

fn strategies(cells: &[CellSpec]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for cell in cells.iter().filter(|cell| cell.strategy != "sequential") {
        if !names.contains(&cell.strategy) {
            names.push(cell.strategy.clone());
        }
    }
    names
}

/// One shape of each kind: the largest that is no crowd, else the smallest. Strategies that race side by side then have as
/// many workers each.
fn shapes(cells: &[CellSpec]) -> Vec<String> {
    let workers = cells.iter().filter(|cell| cell.strategy != "sequential").map(|cell| cell.shape);
    let (grids, plain): (Vec<_>, Vec<_>) = workers.partition(|shape| shape.processes().is_some());
    let one = |kind: Vec<WorkerLayout>| {
        let few = kind.iter().filter(|shape| shape.workers().get() <= FEW).max();
        few.or_else(|| kind.iter().min()).map(ToString::to_string)
    };
    [one(plain), one(grids)].into_iter().flatten().collect()
}

/// The first Ctrl-C or SIGTERM stops the race, as `q` does. Where that takes too long, or at the second, the program ends
/// where it stands; the terminal is given back all the same.
fn on_ctrl_c() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let (flag, end) = (Arc::clone(&stop), || {
        // On a thread of its own: where nobody reads the terminal any more, a picture may be stuck half-written for ever,
        // with the output's lock in its hand.
        let (given, done) = channel();
        let _ = Builder::new().spawn(move || {
            screen::give_back();
            let _ = given.send(());
        });
        let _ = done.recv_timeout(GIVE_BACK);
        std::process::exit(130)
    });
    let mut told = false;
    ctrlc::set_handler(move || {
        if std::mem::replace(&mut told, true) {
            end();
        }
        flag.store(true, Relaxed);
        // Where the system refuses a thread, a second Ctrl-C is what is left.
        let _ = Builder::new().spawn(move || {
            thread::sleep(GRACE);
            end();
        });
    })
    .context("can't listen for Ctrl-C")?;
    Ok(stop)
}

/// Raises the flag however its scope is left: the thread that follows the run then ends, with the run.
struct StopWhenLeft<'a>(&'a AtomicBool);

impl Drop for StopWhenLeft<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// On a screen. The run is followed by a thread of its own, so that it never waits until something is drawn.
fn show(watched: Watched, stop: &AtomicBool) -> anyhow::Result<RunEnd> {
    let (tell, told) = channel();
    thread::scope(|scope| {
        let follow = move || {
            // Nobody is left to be told where the screen was lost: the run is about to be stopped.
            watched.follow(stop, &mut |event| drop(tell.send(event)))
        };
        Builder::new().spawn_scoped(scope, follow).context("could not start the thread that follows the run")?;
        let _stop = StopWhenLeft(stop);
        let mut screen = Screen::take_over().context("can't draw on this terminal; try `makespan run`")?;
        draw(&mut screen, &told, stop).context("the terminal failed")?.context("the race can't be followed any more")
    })
}

/// Draws until the race has ended. `None` where nobody tells of it any more.
fn draw(screen: &mut Screen, told: &Receiver<Event>, stop: &AtomicBool) -> std::io::Result<Option<RunEnd>> {
    let mut picture = RaceScreen { race: Race::default(), stopping: false, colour: ledger::colours_are_wanted() };
    let mut drawn: Option<(Instant, ratatui::layout::Size)> = None;
    let mut changed = true;
    loop {
        if screen::stop_key_within(FRAME)? {
            stop.store(true, Relaxed);
        }
        loop {
            match told.try_recv() {
                Ok(event) => {
                    picture.race.add(event);
                    changed = true;
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Ok(picture.race.ended),
            }
        }
        let (size, stopping) = (screen.size()?, stop.load(Relaxed));
        changed |= picture.stopping != stopping || drawn.is_none_or(|(_, last)| last != size);
        picture.stopping = stopping;
        if changed && drawn.is_none_or(|(when, _)| when.elapsed() >= FRAME) {
            screen.draw(&picture)?;
            (drawn, changed) = (Some((Instant::now(), size)), false);
        }
    }
}

/// Without a screen: the line that other measurements show, on standard error.
fn listen(watched: Watched, stop: &AtomicBool) -> RunEnd {
    let line = progress::line("{msg}");
    let mut plan: Option<RacePlan> = None;
    let how = watched.follow(stop, &mut |event| match event {
        Event::Preparing { what, done, total } => {
            line.set_length(total);
            line.set_position(done);
            line.set_message(format!("making {what}"));
        }
        Event::SetUp(set_up) => plan = Some(set_up),
        Event::Working { cell, step, total, .. } => {
            line.set_length(total.into());
            line.set_position(step.into());
            let cell = plan.as_ref().and_then(|plan| plan.cells.get(cell));
            line.set_message(cell.map(|cell| printable(&cell.name).into_owned()).unwrap_or_default());
        }
        _ => {}
    });
    line.finish_and_clear();
    how
}

/// The table of what the run has recorded, and the exit code that it had.
fn conclude(how: RunEnd, store: &Store, scenario: &str, process: u32) -> anyhow::Result<ExitCode> {
    let record = store.of_process(scenario, process)?;
    if let RunEnd::Failed(why) = how {
        if record.is_some_and(|record| record.rounds_done > 0) {
            note!("what was measured until then is kept in {}", store.dir().display());
        }
        bail!("{why}");
    }
    let Some(record) = record else {
        if how == RunEnd::Stopped {
            note!("interrupted before anything was measured");
            return Ok(ExitCode::from(130));
        }
        bail!("the measurement could not be recorded in {}; is the disk full?", store.dir().display());
    };
    table::print(&record);
    Ok(exit_code(&record, how == RunEnd::Stopped, store))
}
