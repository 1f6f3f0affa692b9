//! `makespan race`: strategies race in the terminal; a table follows at the end.
//!
//! The race is `makespan run` in a child process, [watched](harness::live) as the classroom watches it, so watching
//! does not change what is measured. This process draws the events at its own pace: a slow terminal does not slow down
//! the run.
//!
//! | file | |
//! |---|---|
//! | `screen` | takes over the terminal and always restores it |
//! | `picture` | draws a race on a screen of any size |
//! | `rows` | chooses which cells are shown, and with how many rows of lanes |
//! | `raster` | turns workers' time into characters |

mod picture;
mod raster;
mod rows;
mod screen;

use super::{
    Data, ledger,
    measuring::PythonArgs,
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
use support::distinct;
use work::worker::{layout::WorkerLayout, task_queue::Schedule};

/// Minimum time between two frames: twenty per second are enough for the eye.
const FRAME: Duration = Duration::from_millis(50);

/// How long a race may take to stop: the run ends or is killed before that. After this, the terminal must be hanging.
const GRACE: Duration = Duration::from_secs(6);

/// How long restoring the terminal may take when the program has to end.
const GIVE_BACK: Duration = Duration::from_millis(500);

/// By default, no more workers than this: their lanes would not fit.
const FEW: u32 = 8;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct RaceArgs {
    /// A scenario's name (see `makespan list`), or the path of a TOML file
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    scenario: String,
    /// Strategies to race, in addition to sequential, which always runs [default: those that `cargo bench` sweeps]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    strategy: Vec<String>,
    /// Worker counts of each strategy; `3x5` is three processes of five threads, for `hybrid` [default: the largest one
    /// up to eight that `cargo bench` sweeps]
    #[arg(long, value_name = "N|PxT,...", value_delimiter = ',')]
    workers: Vec<WorkersFlag>,
    /// How tasks are assigned to workers, as for `makespan run` [default: one by one]
    #[arg(long, value_name = "SCHEDULE,...", value_delimiter = ',')]
    schedule: Vec<Schedule>,
    /// Variant of the scenario (see `makespan list`) [default: the one that `cargo bench` sweeps]
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// How many times to measure every cell; speedups with intervals need at least two rounds
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Seed for shuffling the cells of each round
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Divide every latency by X [default: the scenario's; 1 is the document's own pace]
    #[arg(long, value_name = "X", value_parser = scale)]
    time_scale: Option<f64>,
    #[command(flatten)]
    python: PythonArgs,
    #[command(flatten)]
    data: Data,
}

const EXAMPLES: &str = "\
Examples:
  makespan race latency_only
  makespan race web_requests --strategy threads,processes,async --workers 5 --time-scale 1
  makespan race prime_sum --strategy threads,gil_threads --workers 2

Press q, Esc or Ctrl-C to stop. A finished race stays on the screen until one of these keys is
pressed; the table of `makespan run` follows. A race is recorded like a run. If standard output is
not a terminal, only the table is shown.";

pub fn run(args: RaceArgs) -> anyhow::Result<ExitCode> {
    let scenario = scenario::load(&args.scenario)?;
    let arguments = args.of_the_run(&scenario);
    // Before the screen is taken over, which would hide the error until the end.
    check(&arguments)?;
    let (store, stop) = (args.data.store(), on_ctrl_c()?);
    let program = env::current_exe().context("can't find the path of this program")?;
    let watched = Watched::start(&WatchedRun { program, data: store.dir().into(), arguments })?;
    let process = watched.id();
    let how = if Screen::is_there() { show(watched, &stop)? } else { listen(watched, &stop) };
    conclude(how, &store, &scenario.name, process)
}

impl RaceArgs {
    /// The arguments of `makespan run`: those given, and defaults that make a good race.
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
        options.push(("--schedule", self.schedule.iter().map(Schedule::to_string).collect::<Vec<_>>().join(",")));
        options.extend(self.time_scale.map(|scale| ("--time-scale", scale.to_string())));
        options.extend(self.python.python.iter().map(|path| ("--python", path.to_string_lossy().into_owned())));
        options.push(("--start-method", self.python.start_method.join(",")));
        options.retain(|(_, value)| !value.is_empty());
        let options = options.into_iter().flat_map(|(name, value)| [name.to_owned(), value]);
        std::iter::once(self.scenario.clone()).chain(options).collect()
    }
}

fn strategies(cells: &[CellSpec]) -> Vec<String> {
    distinct(cells.iter().map(|cell| cell.strategy.clone()).filter(|strategy| strategy != "sequential"))
}

/// One layout of each kind: the largest with at most [`FEW`] workers, else the smallest. All strategies then race with
/// the same number of workers.
fn shapes(cells: &[CellSpec]) -> Vec<String> {
    let workers = cells.iter().filter(|cell| cell.strategy != "sequential").map(|cell| cell.shape);
    let (grids, plain): (Vec<_>, Vec<_>) = workers.partition(|shape| shape.processes().is_some());
    let one = |kind: Vec<WorkerLayout>| {
        let few = kind.iter().filter(|shape| shape.workers().get() <= FEW).max();
        few.or_else(|| kind.iter().min()).map(ToString::to_string)
    };
    [one(plain), one(grids)].into_iter().flatten().collect()
}

/// The first Ctrl-C or SIGTERM stops the race, as `q` does. If that takes too long, or at the second one, the program
/// exits at once; the terminal is restored all the same.
fn on_ctrl_c() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let (flag, end) = (Arc::clone(&stop), || {
        // On a separate thread: if nobody reads the terminal any more, the drawing thread may block for ever in a write
        // while it holds the lock of stdout.
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
        // If the system refuses a thread, a second Ctrl-C still works.
        let _ = Builder::new().spawn(move || {
            thread::sleep(GRACE);
            end();
        });
    })
    .context("can't listen for Ctrl-C")?;
    Ok(stop)
}

/// Raises the flag on every exit from its scope: the thread that follows the run then stops the run and ends.
struct StopWhenLeft<'a>(&'a AtomicBool);

impl Drop for StopWhenLeft<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// On a screen. A separate thread reads the run's events, so that the run never waits for drawing.
fn show(watched: Watched, stop: &AtomicBool) -> anyhow::Result<RunEnd> {
    let (tell, told) = channel();
    thread::scope(|scope| {
        let follow = move || {
            // Sending fails only after the screen was lost: the run is about to be stopped.
            watched.follow(stop, &mut |event| drop(tell.send(event)))
        };
        Builder::new().spawn_scoped(scope, follow).context("could not start the thread that follows the run")?;
        let _stop = StopWhenLeft(stop);
        let mut screen = Screen::take_over().context("can't draw on this terminal; try `makespan run`")?;
        draw(&mut screen, &told, stop).context("the terminal failed")?.context("lost the connection to the run")
    })
}

/// Draws until the race has ended, and of a finished one until a key is pressed. `None` if the events stop without an end.
fn draw(screen: &mut Screen, told: &Receiver<Event>, stop: &AtomicBool) -> std::io::Result<Option<RunEnd>> {
    let mut picture =
        RaceScreen { race: Race::default(), stopping: false, held: false, colour: ledger::colours_are_wanted() };
    let mut drawn: Option<(Instant, ratatui::layout::Size)> = None;
    let mut changed = true;
    loop {
        if screen::stop_key_within(FRAME)? {
            stop.store(true, Relaxed);
        }
        if picture.held && stop.load(Relaxed) {
            return Ok(picture.race.ended);
        }
        loop {
            match told.try_recv() {
                Ok(event) => {
                    picture.race.add(event);
                    changed = true;
                }
                Err(TryRecvError::Empty) => break,
                // A finished race stays on the screen until somebody has seen it.
                Err(TryRecvError::Disconnected) => {
                    if picture.race.ended != Some(RunEnd::Finished) {
                        return Ok(picture.race.ended);
                    }
                    changed |= !std::mem::replace(&mut picture.held, true);
                    break;
                }
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

/// Without a screen: the usual progress line on standard error.
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

/// Prints the table of the run's record, and returns the run's exit code.
fn conclude(how: RunEnd, store: &Store, scenario: &str, process: u32) -> anyhow::Result<ExitCode> {
    let record = store.of_process(scenario, process)?;
    if let RunEnd::Failed(why) = how {
        if record.is_some_and(|record| record.rounds_done > 0) {
            note!("the rounds measured so far are kept in {}", store.dir().display());
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
