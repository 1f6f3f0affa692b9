//! How well does one worker's time predict the time of two? Predicts threads, processes and async with two workers
//! from the rounds of `sequential` and from what two cores of this machine are worth at the time, measures them, and compares.
//!
//! Not a Criterion benchmark: its figures are the relative errors of predictions, printed for each cell and for all. Where
//! requests arrive at a rate, the run takes as long as they arrive, whatever the workers do: those scenarios are left out.
//! It takes about four minutes.
//!
//! The prediction knows computing and waiting, and nothing of what workers share: where they write one counter or one disk, or
//! where sending a task costs more than doing it, it is far off. For those, the output says what was different: see [`why`].

mod common;

use comfy_table::{CellAlignment, Table, presets};
use common::asked::{Asked, Mode};
use makespan::{
    measure::{core_warmup::wake_cores, usable_cores::UsableCores},
    results::record::{CellRecord, Check, Round},
    runner::{self, Plan, Silent},
    scenario::{self, CellSpec, Scenario, Timer, Variant},
    stats::median::median,
    strategy,
    worker::{layout::WorkerLayout, task_queue::Schedule},
};
use std::{
    hint::black_box,
    num::NonZeroU32,
    process::ExitCode,
    thread::{self, Builder},
    time::Instant,
};

/// Rounds of each cell.
const ROUNDS: u32 = 5;

/// An error up to this counts as small.
const SMALL: f64 = 0.15;

const STRATEGIES: [&str; 3] = ["threads", "processes", "async"];

fn main() -> ExitCode {
    let asked = Asked::of_this_process();
    let scenarios = match scenario::all() {
        Ok(scenarios) => scenarios,
        Err(error) => return common::conclude(&[error.to_string()]),
    };
    let chosen = asked.choose(scenarios, |scenario| format!("predict/{}", scenario.name));
    if chosen.is_empty() {
        return ExitCode::SUCCESS;
    }
    let (mut compared, mut failures) = (Vec::new(), Vec::new());
    for scenario in chosen {
        if tried(&scenario).is_none_or(|variant| variant.arrivals.is_some()) {
            continue;
        }
        if asked.mode == Mode::Test {
            println!("Testing predict/{}", scenario.name);
        } else {
            eprintln!("measuring {}", scenario.name);
        }
        match measured(&scenario, asked.mode) {
            Ok(cells) => compared.extend(cells),
            Err(error) => failures.push(format!("{}: {error}", scenario.name)),
        }
    }
    match asked.mode {
        Mode::Test if failures.is_empty() => println!("Success\n"),
        Mode::Test => {}
        _ => print(&compared),
    }
    common::conclude(&failures)
}

/// A prediction beside what was measured.
struct Compared {
    name: String,
    /// What two cores were worth around it.
    cores: f64,
    predicted_s: f64,
    measured_s: f64,
    /// What two workers did differently from one.
    why: String,
}

impl Compared {
    /// How much longer it was predicted to take, as a share of what it took.
    fn error(&self) -> f64 {
        self.predicted_s / self.measured_s - 1.0
    }
}

/// How many times as fast two threads compute as one, several times.
fn two_over_one(mode: Mode) -> Vec<f64> {
    let tries = if mode == Mode::Test { 1 } else { 5 };
    (0..tries).filter_map(|_| Some(2.0 * time_of(1)? / time_of(2)?)).collect()
}

/// What two cores are worth: 2 if both are whole, less where they share a core, its cache or its clock, or with other programs.
fn two_cores(ratios: &[f64]) -> f64 {
    let most = UsableCores::of_this_process().cores().clamp(1.0, 2.0);
    median(ratios).unwrap_or(1.0).clamp(1.0, most)
}

/// Seconds in which so many threads each sum the primes below a number: some 50 ms, since a scheduler may leave both on one
/// core for their first few. `None` if the system refuses a thread.
fn time_of(threads: u32) -> Option<f64> {
    let sum = || black_box((2..black_box(250_000_u64)).filter(|n| (2..=n.isqrt()).all(|by| n % by != 0)).sum::<u64>());
    wake_cores();
    let begun = Instant::now();
    thread::scope(|scope| {
        let all: Result<Vec<_>, _> = (0..threads).map(|_| Builder::new().spawn_scoped(scope, sum)).collect();
        all.ok().map(drop)
    })?;
    Some(begun.elapsed().as_secs_f64())
}

/// The variant of the sweep: a sequential run of it takes at most half a second.
fn tried(scenario: &Scenario) -> Option<&Variant> {
    scenario.variant(scenario.sweep.first().map_or(scenario::DEFAULT_VARIANT, |cell| &cell.variant))
}

/// Measures the scenario with one worker and with two, and predicts the latter from the former.
fn measured(scenario: &Scenario, mode: Mode) -> Result<Vec<Compared>, String> {
    let Some(variant) = tried(scenario) else { return Ok(Vec::new()) };
    let two = STRATEGIES.iter().map(|&strategy| CellSpec {
        variant: variant.name.clone(),
        strategy: strategy.to_owned(),
        shape: WorkerLayout::Plain(const { NonZeroU32::new(2).expect("2 is not 0") }),
        schedule: Schedule::OneByOne,
        timer: Timer::Warm,
        python: None,
    });
    let cells = scenario::with_baselines(two.collect());
    let settings = common::settings(Plan::rounds(if mode == Mode::Test { 1 } else { ROUNDS }));
    // Right before and right after: measured once for all scenarios, a moment's disturbance would be part of every prediction.
    let mut ratios = two_over_one(mode);
    let record = runner::measure(scenario, &cells, &settings, &mut Silent).map_err(|error| error.to_string())?;
    ratios.extend(two_over_one(mode));
    let cores = two_cores(&ratios);
    let time = |cell: &CellRecord| median(&cell.timed_s());
    let passed = |cell: &&CellRecord| cell.check == Check::Passed && cell.task_errors() == 0;
    let Some(alone) = record.cells.iter().find(|cell| cell.is_baseline).filter(passed) else { return Ok(Vec::new()) };
    let name = |cell: &CellRecord| format!("{}: {}", scenario.name, cell.spec);
    let compared = |cell: &CellRecord| {
        let predicted_s = predicted_s(alone, &cell.spec, cores)?;
        let why = why(alone, cell, predicted_s)?;
        Some(Compared { name: name(cell), cores, predicted_s, measured_s: time(cell)?, why })
    };
    Ok(record.cells.iter().filter(|cell| !cell.is_baseline).filter(passed).filter_map(compared).collect())
}

/// The time with two workers. One worker's time is computing and waiting, and each of two has half of both, in whole tasks.
/// If the strategy's workers compute at the same time, they are slower while they do; otherwise all computing is
/// sequential, while the other worker may wait.
fn predicted_s(alone: &CellRecord, spec: &CellSpec, cores: f64) -> Option<f64> {
    let time_s = median(&alone.timed_s())?;
    let computing_s = median(&alone.each(Round::cpu_s))?.min(time_s);
    let half = f64::from(alone.tasks.div_ceil(2)) / f64::from(alone.tasks);
    if !strategy::presentation(&spec.strategy).parallel {
        return Some((time_s * half).max(computing_s));
    }
    // At any moment, both workers are equally likely to compute.
    let slower = 1.0 + (2.0 / cores - 1.0) * computing_s / time_s;
    Some(half * (time_s - computing_s + computing_s * slower))
}

/// A difference in processor time up to this is noise.
const AS_LONG: f64 = 0.15;

/// What two workers did differently, as far as a run's processor time and waits for a core tell. What is left is waiting
/// for something that they share.
fn why(alone: &CellRecord, cell: &CellRecord, predicted_s: f64) -> Option<String> {
    let cpu_s = |cell: &CellRecord| median(&cell.each(Round::cpu_s));
    let time_s = median(&cell.timed_s())?;
    let longer = cpu_s(cell)? / cpu_s(alone)?.max(1e-9);
    let without_core = cell.core_wait_s().unwrap_or(0.0) / time_s;
    let computes = cpu_s(cell)? > AS_LONG * time_s;
    Some(match longer {
        _ if computes && longer > 1.0 + AS_LONG => {
            format!(
                "{longer:.2} times the processor time of one: they share what they work on, or sending tasks costs as much"
            )
        }
        _ if computes && longer < 1.0 - AS_LONG => {
            format!("{longer:.2} times the processor time of one: this processor was faster meanwhile")
        }
        _ if without_core > AS_LONG => {
            format!("they waited for a core for {:.0} % of the time: other programs ran", 100.0 * without_core)
        }
        _ if time_s > predicted_s => {
            "as much processor time as one: they waited for something they share, such as a disk".into()
        }
        _ if computes => "as much processor time as one: two cores were worth more meanwhile than around it".into(),
        _ => "as much processor time as one: what they wait for serves two faster than one".into(),
    })
}

/// Prints every cell, and how good the predictions are together.
fn print(compared: &[Compared]) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["cell", "two cores", "predicted", "measured", "error"]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for cell in compared {
        let ms = |seconds: f64| format!("{:.2} ms", 1e3 * seconds);
        let error = format!("{:+.1} %", 100.0 * cell.error());
        table.add_row([
            cell.name.clone(),
            format!("{:.2}", cell.cores),
            ms(cell.predicted_s),
            ms(cell.measured_s),
            error,
        ]);
    }
    println!("Two workers, predicted from one worker and from what two cores are worth around it:\n{table}\n");
    let errors: Vec<f64> = compared.iter().map(|cell| cell.error().abs()).collect();
    if let Some(middle) = median(&errors) {
        let small = errors.iter().filter(|&&error| error <= SMALL).count();
        println!(
            "Median error {:.1} %; {small} of {} predictions ({:.0} %) are within {:.0} %.",
            100.0 * middle,
            errors.len(),
            100.0 * small as f64 / errors.len() as f64,
            100.0 * SMALL
        );
    }
    for far in compared.iter().filter(|cell| cell.error().abs() > SMALL) {
        println!("{}, {:+.1} %: {}.", far.name, 100.0 * far.error(), far.why);
    }
}
