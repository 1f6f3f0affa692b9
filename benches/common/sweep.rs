//! A scenario's sweep as a Criterion group.

use crate::common;
use criterion::{BenchmarkId, Criterion, SamplingMode};
use makespan::{
    results::{criterion as criterion_files, store},
    runner::{self, Plan, Settings, cell::Cell},
    scenario,
};
use std::{cell::RefCell, ops::RangeFrom, process::ExitCode, sync::Arc, time::Duration};

/// Runs the sweeps of these scenarios: one group each, one function for each strategy, and the worker count as its
/// parameter, so that Criterion draws time against workers.
pub fn main(scenarios: &[&str]) -> ExitCode {
    let mut criterion = configured();
    let failures: Vec<String> = scenarios.iter().flat_map(|scenario| sweep(&mut criterion, scenario)).collect();
    criterion.final_summary();
    common::conclude(&failures)
}

/// Criterion with what suits runs of up to half a second. What the command line says goes before it.
fn configured() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(5))
        .nresamples(10_000)
        .configure_from_args()
}

/// One scenario's sweep. Returns the cells that gave wrong answers.
fn sweep(criterion: &mut Criterion, name: &str) -> Vec<String> {
    let scenario = match scenario::load(name) {
        Ok(scenario) => scenario,
        Err(error) => return vec![error.to_string()],
    };
    // Set up when the first cell runs: with a filter, most scenarios have none, and need no server and no fixtures.
    let stage: RefCell<Option<Vec<Cell>>> = RefCell::new(None);
    let failures = RefCell::new(Vec::new());
    let mut group = criterion.benchmark_group(name);
    // Every sample has the same number of runs: with linear sampling, the last ones would take a minute.
    group.sampling_mode(SamplingMode::Flat);
    for (index, spec) in scenario.sweep.iter().enumerate() {
        let id = BenchmarkId::new(&spec.strategy, spec.shape.workers());
        group.bench_function(id, |bencher| {
            // Before the clock starts, or Criterion would take the setting up for a slow run.
            let mut stage = stage.borrow_mut();
            let set_up = match &mut *stage {
                Some(cells) => Ok(cells),
                empty => runner::cells(&scenario, &scenario.sweep, &settings())
                    .map(|cells| empty.insert(cells))
                    .map_err(|error| error.to_string()),
            };
            // A new round for each run: a sweep shows the network's whole scatter, not one draw of it.
            let mut rounds = 0..;
            bencher.iter_custom(|iterations| {
                let timed = set_up
                    .as_ref()
                    .map_err(Clone::clone)
                    .and_then(|cells| time(&cells[index], iterations, &mut rounds));
                // Criterion wants a duration whatever happened. The folder it goes to is removed below.
                timed.unwrap_or_else(|error| {
                    failures.borrow_mut().push((spec.clone(), error));
                    Duration::from_nanos(iterations)
                })
            });
        });
    }
    group.finish();
    let mut failures = failures.into_inner();
    failures.dedup();
    let told = failures.iter().map(|(spec, error)| {
        let removed =
            criterion_files::remove(&criterion_files::home(), name, &spec.strategy, &spec.shape.workers().to_string());
        let left = removed.err().map(|error| format!("; {error}")).unwrap_or_default();
        format!("{name}, {spec}: {error}{left}")
    });
    told.collect()
}

/// So many runs of a cell, each checked, each the next round. A wrong answer has no time.
fn time(cell: &Cell, iterations: u64, rounds: &mut RangeFrom<u32>) -> Result<Duration, String> {
    let samples = (0..iterations).zip(rounds).map(|(_, round)| cell.once(round).map_err(|error| error.to_string()));
    let seconds = samples.map(|sample| Ok(sample?.timed_s(&cell.timed)));
    seconds.sum::<Result<f64, String>>().map(Duration::from_secs_f64)
}

fn settings() -> Settings {
    Settings {
        env: common::env(),
        data: store::Store::at(None).dir().into(),
        images: None,
        server: None,
        plan: Plan::rounds(0),
        seed: 0,
        interrupted: Arc::default(),
        command: String::new(),
    }
}
