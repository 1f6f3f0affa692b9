//! What a queue costs: jobs that do nothing, one at a time and many at once, through `queue` on SQLite and on Redis, beside
//! a pool of processes and beside Python's RQ on the same Redis.
//!
//! Not a Criterion benchmark, for the reason that `rounds.rs` gives: what is compared is measured in turns, in an order that
//! is shuffled for each round. The page's lesson "Beyond one machine" is made of what this writes.
//!
//! Redis is the one at `MAKESPAN_QUEUE`, or else one of this run's own. RQ is that of `MAKESPAN_PYTHON` or of `python3`, or
//! else of a virtual environment that is made with pip (`NO_INSTALL=1` keeps it from that). What is not there is left out,
//! and the reason is said and written down.

#[path = "common/asked.rs"]
mod asked;
#[path = "queue/carrier.rs"]
mod carrier;
mod common;
#[path = "../tests/common/mod.rs"]
mod for_tests;
#[path = "queue/python.rs"]
mod python;
#[path = "queue/table.rs"]
mod table;

use asked::Asked;
use carrier::{Carrier, Carriers};
use indicatif::ProgressBar;
use makespan::{
    measure::host::{HostFacts, load_average},
    results::{
        costs::{Bulk, Costs, Engine, SCHEMA, Single},
        store,
    },
};
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;
use std::{env, process::ExitCode};

/// The fewest that give a median a 95 % interval without assumptions.
const ROUNDS: u32 = 6;
const WORKERS: [u32; 4] = [1, 2, 4, 8];
/// Jobs handed in together to [`GROWTH_WORKERS`], and in how many rounds: the largest heaps take seconds.
const GROWTH: [(u32, u32); 4] = [(100, ROUNDS), (1_000, ROUNDS), (10_000, 3), (100_000, 2)];
const GROWTH_WORKERS: u32 = 2;
/// How long so many jobs should take that a time says something of them.
const LONG_ENOUGH_S: f64 = 0.3;
const SEED: u64 = 1;

/// One thing that is measured in each of its rounds.
#[derive(Debug, Clone)]
struct Cell {
    engine: Engine,
    workers: u32,
    /// Handed in together; `None` for one at a time.
    jobs: Option<u32>,
    rounds: u32,
    seconds: Vec<f64>,
}

impl Cell {
    fn name(&self) -> String {
        let jobs = self.jobs.map_or("one_at_a_time".into(), |jobs| jobs.to_string());
        format!("queue/{}/{jobs}/{}", self.engine.name(), self.workers)
    }

    fn measure(&self, carrier: &mut Carrier) -> Result<f64, String> {
        match self.jobs {
            None => carrier.single(),
            Some(jobs) => carrier.bulk(self.workers, jobs),
        }
    }
}

fn main() -> ExitCode {
    let asked = Asked::from(env::args().skip(1));
    if asked.only_list {
        let cells = Engine::ALL.into_iter().flat_map(|engine| cells(engine, 0));
        let names = cells.map(|cell| format!("queue/{}/{}", cell.engine.name(), cell.workers));
        let mut names: Vec<String> = names.filter(|name| asked.wants(name)).collect();
        names.dedup();
        names.iter().for_each(|name| println!("{name}: benchmark"));
        return ExitCode::SUCCESS;
    }
    let wanted = |engine: &Engine| asked.wants(&format!("queue/{}", engine.name()));
    let engines: Vec<Engine> = Engine::ALL.into_iter().filter(wanted).collect();
    if engines.is_empty() {
        return ExitCode::SUCCESS;
    }
    let (host, started_at) = (HostFacts::gather(), jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let mut carriers = Carriers::set_up(&engines, !asked.only_test);
    for about in carriers.about.iter().filter(|about| about.left_out.is_some()) {
        eprintln!("{} is left out: {}", about.engine.name(), about.left_out.as_deref().unwrap_or_default());
    }
    let (cells, failures) = measure(&mut carriers, asked.only_test);
    let costs = Costs {
        schema: SCHEMA.into(),
        makespan_version: env!("CARGO_PKG_VERSION").into(),
        host: HostFacts { load_after: load_average(), ..host },
        started_at,
        command: "cargo bench --bench queue".into(),
        seed: SEED,
        rounds: ROUNDS,
        engines: carriers.about,
        single: cells.iter().filter_map(single).collect(),
        bulk: cells.iter().filter_map(bulk).collect(),
    };
    table::print(&costs);
    if asked.only_test {
        eprintln!("nothing is written down: this only saw that it works");
    } else if engines.len() < Engine::ALL.len() || !failures.is_empty() {
        eprintln!("nothing is written down: not everything was measured");
    } else {
        match costs.write(store::Store::at(None).dir()) {
            Ok(path) => eprintln!("{}", path.display()),
            Err(error) => return common::conclude(&[error.to_string()]),
        }
    }
    common::conclude(&failures)
}

fn single(cell: &Cell) -> Option<Single> {
    let Cell { engine, workers, seconds, .. } = cell.clone();
    (cell.jobs.is_none() && !seconds.is_empty()).then_some(Single { engine, workers, seconds })
}

fn bulk(cell: &Cell) -> Option<Bulk> {
    let Cell { engine, workers, seconds, .. } = cell.clone();
    cell.jobs.filter(|_| !seconds.is_empty()).map(|jobs| Bulk { engine, workers, jobs, seconds })
}

/// What is measured of an engine that does so many jobs in [`LONG_ENOUGH_S`].
fn cells(engine: Engine, jobs: u32) -> Vec<Cell> {
    let cell = |workers, jobs, rounds| Cell { engine, workers, jobs, rounds, seconds: Vec::new() };
    let alone = cell(1, None, ROUNDS);
    let many = WORKERS.map(|workers| cell(workers, Some(jobs), ROUNDS));
    // RQ takes seconds for a thousand, and what is asked here is whether *our* queue gets slower as it gets longer.
    let grows = !matches!(engine, Engine::Rq | Engine::RqSimple);
    let growth = GROWTH.into_iter().filter(|(number, _)| grows && *number != jobs);
    let growth = growth.map(|(number, rounds)| cell(GROWTH_WORKERS, Some(number), rounds));
    std::iter::once(alone).chain(many).chain(growth).collect()
}

/// Every cell, round by round, and what went wrong. A cell that failed once is not measured again, and has no time.
fn measure(carriers: &mut Carriers, only_test: bool) -> (Vec<Cell>, Vec<String>) {
    let (mut plan, mut failures) = (Vec::new(), Vec::new());
    for (engine, carrier) in &mut carriers.ready {
        match long_enough(carrier, only_test) {
            Ok(jobs) => plan.extend(cells(*engine, jobs)),
            Err(error) => failures.push(format!("queue/{}: {error}", engine.name())),
        }
    }
    if only_test {
        plan.retain(|cell| cell.jobs.is_none_or(|jobs| jobs <= 100) && cell.workers <= 2);
    }
    let mut random = Pcg64::seed_from_u64(SEED);
    // Not drawn where standard error is no terminal.
    let progress = ProgressBar::new(plan.iter().map(|cell| u64::from(cell.rounds)).sum());
    for round in 0..if only_test { 1 } else { ROUNDS } {
        let mut order: Vec<usize> = (0..plan.len()).filter(|at| plan[*at].rounds > round).collect();
        order.shuffle(&mut random);
        for at in order {
            progress.inc(1);
            let cell = &mut plan[at];
            let Some((_, carrier)) = carriers.ready.iter_mut().find(|(engine, _)| *engine == cell.engine) else {
                continue;
            };
            match cell.measure(carrier) {
                Ok(seconds) => cell.seconds.push(seconds),
                Err(error) => {
                    failures.push(format!("{}: {error}", cell.name()));
                    (cell.rounds, cell.seconds) = (0, Vec::new());
                }
            }
        }
    }
    progress.finish_and_clear();
    (plan, failures)
}

/// So many jobs that two workers take about [`LONG_ENOUGH_S`] for them: 1, 2 or 5 times a power of ten.
fn long_enough(carrier: &mut Carrier, only_test: bool) -> Result<u32, String> {
    const MOST: u32 = 20_000;
    let mut jobs = 20;
    if only_test {
        return Ok(jobs);
    }
    loop {
        let took_s = carrier.bulk(GROWTH_WORKERS, jobs)?;
        if took_s < LONG_ENOUGH_S / 3.0 && jobs < MOST {
            jobs *= 4;
            continue;
        }
        let fitting = (f64::from(jobs) * LONG_ENOUGH_S / took_s) as u32;
        let power = 10_u32.pow(fitting.max(1).ilog10());
        let lead = [5, 2, 1].into_iter().find(|lead| lead * power <= fitting).unwrap_or(1);
        return Ok((lead * power).clamp(20, MOST));
    }
}
