//! The overhead of a queue: empty jobs, one at a time and many at once, through `queue` on SQLite and on Redis,
//! compared with a pool of processes and with Python's RQ on the same Redis.
//!
//! Not a Criterion benchmark, for the reason given in `rounds.rs`: what is compared is interleaved, in an order that is
//! shuffled for each round. The page's lesson "Beyond one machine" is generated from these results.
//!
//! Redis is the one at `MAKESPAN_QUEUE`, else a server started by this run. RQ is that of `MAKESPAN_PYTHON` or of
//! `python3`, else it is installed with pip into a virtual environment (`NO_INSTALL=1` prevents that). Missing engines
//! are skipped, and the reason is printed and recorded.

#[path = "queue/carrier.rs"]
mod carrier;
mod common;
#[path = "queue/python.rs"]
mod python;
#[path = "../tests/common/redis.rs"]
#[allow(dead_code, reason = "what only tests use")]
mod redis_server;
#[path = "queue/table.rs"]
mod table;
#[path = "../tests/common/wait.rs"]
mod wait;

use carrier::{Carrier, Carriers};
use common::asked::{Asked, Mode};
use makespan::{
    measure::host::{HostFacts, load_average},
    results::{
        costs::{Bulk, Costs, Engine, SCHEMA, Single},
        store,
    },
};
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;
use std::{collections::HashSet, iter::once, process::ExitCode};

/// The fewest that give a median a 95 % interval without assumptions.
const ROUNDS: u32 = 6;
const WORKERS: [u32; 4] = [1, 2, 4, 8];
/// Jobs enqueued together for [`GROWTH_WORKERS`], and in how many rounds: the largest backlogs take seconds.
const GROWTH: [(u32, u32); 4] = [(100, ROUNDS), (1_000, ROUNDS), (10_000, 3), (100_000, 2)];
const GROWTH_WORKERS: u32 = 2;
/// How long the jobs should take together, for a meaningful time.
const LONG_ENOUGH_S: f64 = 0.3;
/// The most jobs at once in a test.
const JOBS_OF_A_TEST: u32 = 20;
const SEED: u64 = 1;

/// How many jobs are enqueued together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Jobs {
    One,
    /// As many jobs as take about [`LONG_ENOUGH_S`].
    Enough,
    Many(u32),
}

/// One configuration, measured once per round.
#[derive(Debug, Clone)]
struct Cell {
    engine: Engine,
    workers: u32,
    jobs: Jobs,
    rounds: u32,
    seconds: Vec<f64>,
}

impl Cell {
    fn name(&self) -> String {
        let jobs = match self.jobs {
            Jobs::One => "one_at_a_time".into(),
            Jobs::Enough => "enough".into(),
            Jobs::Many(jobs) => jobs.to_string(),
        };
        format!("queue/{}/{jobs}/{}", self.engine.name(), self.workers)
    }

    fn measure(&self, carrier: &mut Carrier) -> Result<f64, String> {
        match self.jobs {
            Jobs::Many(jobs) => carrier.bulk(self.workers, jobs),
            Jobs::One | Jobs::Enough => carrier.single(),
        }
    }
}

fn main() -> ExitCode {
    let asked = Asked::of_this_process();
    let cells = asked.choose(Engine::ALL.into_iter().flat_map(cells), Cell::name);
    if cells.is_empty() {
        return ExitCode::SUCCESS;
    }
    let engines: Vec<Engine> =
        Engine::ALL.into_iter().filter(|engine| cells.iter().any(|cell| cell.engine == *engine)).collect();
    let (host, started_at) =
        (HostFacts::gather(makespan::COMMIT), jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let mut carriers = Carriers::set_up(&engines, asked.mode != Mode::Test);
    for about in carriers.about.iter().filter(|about| about.left_out.is_some()) {
        eprintln!("{} is skipped: {}", about.engine.name(), about.left_out.as_deref().unwrap_or_default());
    }
    let (cells, mut failures) = measure(&cells, &mut carriers, asked.mode);
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
    if asked.mode != Mode::Measure || !asked.wants_all() || !failures.is_empty() {
        eprintln!("nothing is recorded: not everything was measured");
    } else {
        match costs.write(store::Store::at(None).dir()) {
            Ok(path) => {
                eprintln!("{}", path.display());
                common::refresh_page();
            }
            Err(error) => failures.push(error.to_string()),
        }
    }
    common::conclude(&failures)
}

fn single(cell: &Cell) -> Option<Single> {
    let Cell { engine, workers, seconds, jobs, .. } = cell.clone();
    (jobs == Jobs::One && !seconds.is_empty()).then_some(Single { engine, workers, seconds })
}

fn bulk(cell: &Cell) -> Option<Bulk> {
    let Cell { engine, workers, seconds, jobs, .. } = cell.clone();
    match jobs {
        Jobs::Many(jobs) if !seconds.is_empty() => Some(Bulk { engine, workers, jobs, seconds }),
        _ => None,
    }
}

/// The measurements of an engine.
fn cells(engine: Engine) -> impl Iterator<Item = Cell> {
    let cell = move |workers, jobs, rounds| Cell { engine, workers, jobs, rounds, seconds: Vec::new() };
    let alone = cell(1, Jobs::One, ROUNDS);
    let enough = WORKERS.map(|workers| cell(workers, Jobs::Enough, ROUNDS));
    // RQ takes seconds for a thousand jobs, and the question is whether *our* queue slows down as its backlog grows.
    let grows = !matches!(engine, Engine::Rq | Engine::RqSimple);
    let growth = GROWTH.into_iter().filter(move |_| grows);
    let growth = growth.map(move |(jobs, rounds)| cell(GROWTH_WORKERS, Jobs::Many(jobs), rounds));
    once(alone).chain(enough).chain(growth)
}

/// The cells of available engines, with their numbers of jobs, and the failures.
fn plan(cells: &[Cell], carriers: &mut Carriers, mode: Mode) -> (Vec<Cell>, Vec<String>) {
    let (mut planned, mut failures) = (Vec::new(), Vec::new());
    for (engine, carrier) in &mut carriers.ready {
        let mut cells: Vec<Cell> = cells.iter().filter(|cell| cell.engine == *engine).cloned().collect();
        if cells.iter().any(|cell| cell.jobs == Jobs::Enough) {
            let jobs = if mode == Mode::Test { Ok(JOBS_OF_A_TEST) } else { long_enough(carrier) };
            match jobs {
                Ok(jobs) => {
                    let enough = cells.iter_mut().filter(|cell| cell.jobs == Jobs::Enough);
                    enough.for_each(|cell| cell.jobs = Jobs::Many(jobs));
                    // The number that is just enough may be among the fixed ones.
                    let mut seen = HashSet::new();
                    cells.retain(|cell| seen.insert((cell.workers, cell.jobs)));
                }
                Err(error) => {
                    failures.push(format!("queue/{}: {error}", engine.name()));
                    continue;
                }
            }
        }
        for cell in &mut cells {
            match (mode, cell.jobs) {
                (Mode::Test, Jobs::Many(jobs)) => (cell.rounds, cell.jobs) = (1, Jobs::Many(jobs.min(JOBS_OF_A_TEST))),
                (Mode::Test, _) => cell.rounds = 1,
                (Mode::Quick, _) => cell.rounds = cell.rounds.min(2),
                _ => {}
            }
        }
        planned.extend(cells);
    }
    (planned, failures)
}

/// Measures every cell, round by round, and returns the failures. A failed cell is not measured again and has no time.
fn measure(cells: &[Cell], carriers: &mut Carriers, mode: Mode) -> (Vec<Cell>, Vec<String>) {
    let (mut plan, mut failures) = plan(cells, carriers, mode);
    let mut random = Pcg64::seed_from_u64(SEED);
    let progress = common::progress(plan.iter().map(|cell| u64::from(cell.rounds)).sum());
    for round in 0..ROUNDS {
        let mut order: Vec<usize> = (0..plan.len()).filter(|at| plan[*at].rounds > round).collect();
        order.shuffle(&mut random);
        for at in order {
            let cell = &mut plan[at];
            progress.set_message(cell.name());
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
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    (plan, failures)
}

/// The number of jobs that take two workers about [`LONG_ENOUGH_S`]: 1, 2 or 5 times a power of ten.
fn long_enough(carrier: &mut Carrier) -> Result<u32, String> {
    const MOST: u32 = 20_000;
    let mut jobs = 20;
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
