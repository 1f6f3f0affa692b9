//! A scenario's sweep as a Criterion group.

use crate::common::{
    self,
    asked::{Asked, Mode},
};
use criterion::{BenchmarkId, Criterion, SamplingMode};
use makespan::{
    results::criterion as criterion_files,
    runner::{self, Plan, cell::PreparedCell},
    scenario::{self, CellSpec, Scenario},
};
use std::{
    cell::{LazyCell, RefCell},
    ops::RangeFrom,
    process::ExitCode,
    time::Duration,
};

/// The fewest that Criterion accepts.
const SAMPLES: u32 = 10;
/// Total time of a cell's samples: two runs per sample, within these limits. With them, all sweeps take about three
/// minutes.
const AT_LEAST: Duration = Duration::from_secs(1);
const AT_MOST: Duration = Duration::from_secs(3);

/// Runs the sweeps of these scenarios: one group each, one function for each strategy, and the worker count as its
/// parameter, so that Criterion draws time against workers.
pub fn main(scenarios: &[&str]) -> ExitCode {
    let asked = Asked::of_this_process();
    let scenarios: Vec<Scenario> = match scenarios.iter().map(|name| scenario::load(name)).collect() {
        Ok(scenarios) => scenarios,
        Err(error) => return common::conclude(&[error.to_string()]),
    };
    let names = scenarios.iter().flat_map(|scenario| scenario.sweep.iter().map(|spec| name(scenario, spec)));
    if !asked.any(names) {
        return ExitCode::SUCCESS;
    }
    let mut criterion = configured();
    let failures: Vec<String> = scenarios.iter().flat_map(|scenario| sweep(&mut criterion, &asked, scenario)).collect();
    criterion.final_summary();
    if matches!(asked.mode, Mode::Measure | Mode::Quick) {
        common::refresh_page();
    }
    common::conclude(&failures)
}

/// Criterion with settings for runs of up to half a second. The command line takes precedence.
fn configured() -> Criterion {
    Criterion::default()
        .sample_size(SAMPLES as usize)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(AT_LEAST)
        .nresamples(10_000)
        .configure_from_args()
}

fn name(scenario: &Scenario, spec: &CellSpec) -> String {
    format!("{}/{}/{}", scenario.name, spec.strategy, spec.shape.workers())
}

/// One scenario's sweep. Returns the cells that gave wrong answers.
fn sweep(criterion: &mut Criterion, asked: &Asked, scenario: &Scenario) -> Vec<String> {
    // Set up when the first cell runs: with a filter, most scenarios have no cell to run and need no server or
    // fixtures.
    let cells = LazyCell::new(|| {
        runner::cells(scenario, &scenario.sweep, &common::settings(Plan::rounds(0))).map_err(|error| error.to_string())
    });
    let failures = RefCell::new(Vec::new());
    let mut group = criterion.benchmark_group(&scenario.name);
    // Every sample has the same number of runs: with linear sampling, the last ones would take a minute.
    group.sampling_mode(SamplingMode::Flat);
    for (index, spec) in scenario.sweep.iter().enumerate() {
        // A new round for each run: a sweep shows the network's whole scatter, not a single draw.
        let mut rounds = 0..;
        let mut timed = |iterations| {
            let timed = cells.as_ref().map_err(Clone::clone);
            timed.and_then(|cells| time(&cells[index], iterations, &mut rounds)).inspect_err(|error| {
                failures.borrow_mut().push((spec.clone(), error.clone()));
            })
        };
        if asked.mode == Mode::Measure && asked.measurement_time_s.is_none() && asked.wants(&name(scenario, spec)) {
            // Criterion warns if a sample has time for only one run.
            let once = timed(1).unwrap_or_default();
            group.measurement_time((once * SAMPLES * 5 / 4).clamp(AT_LEAST, AT_MOST));
        }
        group.bench_function(BenchmarkId::new(&spec.strategy, spec.shape.workers()), |bencher| {
            // Before the timer starts, or Criterion would count the setup as a slow run.
            LazyCell::force(&cells);
            // Criterion needs a duration whatever happened. The folder with its result is removed below.
            bencher.iter_custom(|iterations| timed(iterations).unwrap_or(Duration::from_nanos(iterations)));
        });
    }
    group.finish();
    let mut failures = failures.into_inner();
    failures.dedup();
    let told = failures.iter().map(|(spec, error)| {
        let left = if matches!(asked.mode, Mode::Measure | Mode::Quick) { removed(scenario, spec) } else { None };
        format!("{}, {spec}: {error}{}", scenario.name, left.unwrap_or_default())
    });
    told.collect()
}

/// Removes Criterion's results of a cell that gave a wrong answer. Returns what failed.
fn removed(scenario: &Scenario, spec: &CellSpec) -> Option<String> {
    let (home, workers) = (criterion_files::home(), spec.shape.workers().to_string());
    let removed = criterion_files::remove(&home, &scenario.name, &spec.strategy, &workers);
    removed.err().map(|error| format!("; {error}"))
}

/// Runs a cell this many times, each run checked, each in the next round. A wrong answer has no time.
fn time(cell: &PreparedCell, iterations: u64, rounds: &mut RangeFrom<u32>) -> Result<Duration, String> {
    let samples = (0..iterations).zip(rounds).map(|(_, round)| cell.once(round).map_err(|error| error.to_string()));
    let seconds = samples.map(|sample| Ok(sample?.round.timed_s(&cell.timed)));
    seconds.sum::<Result<f64, String>>().map(Duration::from_secs_f64)
}
