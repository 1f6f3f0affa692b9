//! Set up, verify, start, run, stop, check, record.
//!
//! Cells are measured in rounds: one pass over all of them in an order shuffled by seed, then the next. A machine that
//! drifts (another program, a warmer processor) then disturbs all cells alike, where A-then-B would have charged it all
//! to B. The runner tells its [`Observer`] what happens and prints nothing.

pub mod cell;
mod check;
pub mod child;
mod join;
mod order;
mod probe;
pub mod stage;

use crate::{
    measure::{
        clock::now_ns,
        host::{self, HostFacts},
    },
    results::record::{CellRecord, Check, Estimate, Phase, Record, SCHEMA, Timeline},
    scenario::{CellSpec, Scenario},
    stats::{median::median, paired},
    strategy::Env,
    task::TaskError,
};
use cell::{Cell, CellError, Sample};
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;
use stage::{SetupError, Stage};
use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    path::PathBuf,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

/// What a measurement needs besides the scenario.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What strategies may need: the `makespan` binary.
    pub env: Env,
    /// Where fixtures are made and outputs written.
    pub data: PathBuf,
    /// The user's own pictures, instead of the fixtures'.
    pub images: Option<PathBuf>,
    /// A mock server that runs already (`http://HOST:PORT`), instead of one started for the purpose.
    pub server: Option<String>,
    /// How many rounds.
    pub rounds: u32,
    /// The seed of their order.
    pub seed: u64,
    /// Raised by Ctrl-C: the run ends, and what is measured stays.
    pub interrupted: Arc<AtomicBool>,
    /// The command that measures this again, for the record.
    pub command: String,
}

/// Listens to a measurement. All methods do nothing unless an observer wants them.
pub trait Observer: Send {
    /// Something is made or started before the first round: `done` of `total` of it stand.
    fn preparing(&mut self, what: &str, done: u64, total: u64) {
        let _ = (what, done, total);
    }
    /// Work on a cell begins: its step is one of `total`, counted from 0.
    fn working(&mut self, cell: &CellSpec, step: u32, total: u32) {
        let _ = (cell, step, total);
    }
    /// The record has changed: a cell was measured once more, or was found wrong.
    fn updated(&mut self, record: &Record) {
        let _ = record;
    }
}

/// An observer that isn't interested.
#[derive(Debug, Default)]
pub struct Silent;

impl Observer for Silent {}

/// Measures these cells of a scenario. An interrupted measurement returns what it has.
pub fn measure(
    scenario: &Scenario,
    cells: &[CellSpec],
    settings: &Settings,
    observer: &mut dyn Observer,
) -> Result<Record, SetupError> {
    let mut bench = Bench::set_up(scenario, cells, settings, observer)?;
    observer.updated(&bench.record);
    bench.verify(observer);
    for round in 0..settings.rounds {
        bench.round(round, observer);
    }
    bench.record.host.load_after = host::load_average();
    observer.updated(&bench.record);
    Ok(bench.record)
}

/// The cells of one scenario, set up, and what is known of them so far.
struct Bench<'a> {
    settings: &'a Settings,
    cells: Vec<Cell>,
    samples: Vec<Vec<Sample>>,
    record: Record,
    steps_done: u32,
}

impl<'a> Bench<'a> {
    fn set_up(
        scenario: &Scenario,
        specs: &[CellSpec],
        settings: &'a Settings,
        observer: &mut dyn Observer,
    ) -> Result<Self, SetupError> {
        let cells = set_up_cells(scenario, specs, settings, observer)?;
        let record = Record {
            schema: SCHEMA.into(),
            makespan_version: env!("CARGO_PKG_VERSION").into(),
            host: HostFacts::gather(),
            scenario: scenario.name.clone(),
            title: scenario.title.clone(),
            question: scenario.question.clone(),
            document: scenario.document.clone(),
            started_at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            time_scale: scenario.time_scale,
            seed: settings.seed,
            rounds: settings.rounds,
            rounds_done: 0,
            command: settings.command.clone(),
            cells: cells.iter().map(Cell::unmeasured).collect(),
        };
        let samples = cells.iter().map(|_| Vec::new()).collect();
        Ok(Self { settings, cells, samples, record, steps_done: 0 })
    }

    /// Runs every cell once, untimed, in a fresh process: is its answer right, and what does it take?
    fn verify(&mut self, observer: &mut dyn Observer) {
        let probe = |bench: &mut Self, index: usize| {
            let taken = probe::run(&bench.cells[index])?;
            let cell = &mut bench.record.cells[index];
            cell.peak_memory_bytes = taken.map(|taken| taken.memory_bytes);
            cell.memory_per_worker_bytes = taken.and_then(|taken| taken.memory_per_worker_bytes);
            cell.most_threads = taken.map(|taken| taken.threads);
            cell.most_processes = taken.map(|taken| taken.processes);
            Ok(())
        };
        // Whether it was interrupted shows in the first round.
        let _ = (0..self.cells.len()).try_for_each(|index| self.step(index, observer, probe));
    }

    fn round(&mut self, round: u32, observer: &mut dyn Observer) {
        let mut order: Vec<usize> = (0..self.cells.len()).collect();
        order.shuffle(&mut Pcg64::seed_from_u64(self.settings.seed.wrapping_add(u64::from(round))));
        let sample = |bench: &mut Self, index: usize| {
            let sample = bench.cells[index].once(round)?;
            bench.add(index, sample)
        };
        if order.into_iter().try_for_each(|index| self.step(index, observer, sample)).is_continue() {
            self.record.rounds_done = round + 1;
        }
    }

    /// One thing done with one cell, unless the cell is out. What fails because of Ctrl-C is no failure of the cell.
    fn step(
        &mut self,
        index: usize,
        observer: &mut dyn Observer,
        work: impl FnOnce(&mut Self, usize) -> Result<(), CellError>,
    ) -> ControlFlow<()> {
        if self.interrupted() {
            return ControlFlow::Break(());
        }
        if self.record.cells[index].check != Check::Passed {
            return ControlFlow::Continue(());
        }
        let total = (self.settings.rounds + 1) * self.cells.len() as u32;
        observer.working(&self.cells[index].spec, self.steps_done, total);
        self.steps_done += 1;
        match work(self, index) {
            Err(_) if self.interrupted() => return ControlFlow::Break(()),
            Err(error) => self.fail(index, &error),
            Ok(()) => {}
        }
        observer.updated(&self.record);
        ControlFlow::Continue(())
    }

    fn interrupted(&self) -> bool {
        self.settings.interrupted.load(Relaxed)
    }

    /// A wrong answer has no time: whatever was measured of this cell goes.
    fn fail(&mut self, index: usize, error: &CellError) {
        self.samples[index].clear();
        let unmeasured = self.cells[index].unmeasured();
        self.record.cells[index] = CellRecord { check: Check::Failed, error: Some(error.to_string()), ..unmeasured };
        // What leaned on it as a baseline has nothing to lean on any more.
        self.compare(index);
    }

    fn add(&mut self, index: usize, sample: Sample) -> Result<(), CellError> {
        let asked = self.cells[index].spec.shape.workers().get();
        let workers = |sample: &Sample| sample.account.workers.unwrap_or(asked);
        let now = workers(&sample);
        if let Some(before) = self.samples[index].first().map(workers).filter(|before| *before != now) {
            return Err(CellError::Workers { now, before });
        }
        self.samples[index].push(sample);
        let samples = &self.samples[index];
        let of = |figure: fn(&Sample) -> f64| samples.iter().map(figure).collect::<Vec<f64>>();
        let mean = |figure: fn(&Sample) -> f64| Some(of(figure).iter().sum::<f64>() / samples.len() as f64);
        let cell = &mut self.record.cells[index];
        cell.workers = now;
        let redelivered = || samples.iter().flat_map(|sample| sample.account.redelivered.values()).sum();
        cell.redeliveries = cell.redeliveries.map(|_| redelivered());
        cell.start_s = of(|sample| sample.start_s);
        cell.run_s = of(Sample::run_s);
        cell.stop_s = of(|sample| sample.stop_s);
        cell.cpu_user_s = mean(|sample| sample.cpu.user_s);
        cell.cpu_system_s = mean(|sample| sample.cpu.system_s);
        cell.context_switches = mean(|sample| sample.cpu.switches as f64);
        // A mean of the rounds that happened to be told would be a mean of something else.
        let told = samples.iter().all(|sample| sample.cpu.core_wait_s().is_some());
        cell.core_wait_s = mean(|sample| sample.cpu.core_wait_s().unwrap_or_default()).filter(|_| told);
        if let Some(worst) = samples.iter().max_by_key(|sample| sample.failed.len()) {
            cell.task_errors = worst.failed.len() as u32;
            cell.error = worst.error.as_ref().map(TaskError::to_string);
        }
        cell.timeline = typical(samples, &cell.timed);
        self.compare(index);
        Ok(())
    }

    /// The speed-ups that a new sample changes: its own, or, if it is the baseline's, those of all that lean on it.
    fn compare(&mut self, index: usize) {
        let cells = &self.record.cells;
        let same = |a: &CellRecord, b: &CellRecord| a.variant == b.variant && a.timer == b.timer;
        let Some(baseline) = cells.iter().position(|cell| cell.is_baseline() && same(cell, &cells[index])) else {
            return;
        };
        let leaning: Vec<usize> = (0..cells.len()).filter(|&cell| same(&cells[cell], &cells[baseline])).collect();
        for cell in leaning.into_iter().filter(|&cell| cell != baseline) {
            self.record.cells[cell].speedup = self.speedup(cell, baseline);
        }
    }

    /// How many times as fast as the baseline, unless more of its tasks failed: less work takes less time.
    fn speedup(&self, cell: usize, baseline: usize) -> Option<Estimate> {
        let [measured_s, baseline_s] = [cell, baseline].map(|cell| self.record.cells[cell].timed_s());
        // In the middle of a round one of the two is a round ahead; only whole pairs count.
        let pairs = baseline_s.len().min(measured_s.len());
        let did_less = |round: usize| {
            let [failed, allowed] = [cell, baseline].map(|cell| self.samples[cell][round].failed.len());
            failed > allowed
        };
        if (0..pairs).any(did_less) {
            return None;
        }
        paired::speedup(&baseline_s[..pairs], &measured_s[..pairs])
    }
}

fn set_up_cells(
    scenario: &Scenario,
    specs: &[CellSpec],
    settings: &Settings,
    observer: &mut dyn Observer,
) -> Result<Vec<Cell>, SetupError> {
    let mut stages: BTreeMap<&str, Rc<Stage>> = BTreeMap::new();
    let mut cells = Vec::new();
    for spec in specs {
        if !stages.contains_key(spec.variant.as_str()) {
            let stage = Stage::set_up(scenario, &spec.variant, settings, observer)?;
            stages.insert(&spec.variant, Rc::new(stage));
        }
        let stage = Rc::clone(&stages[spec.variant.as_str()]);
        cells.push(Cell::new(scenario, spec.clone(), stage, settings)?);
    }
    Ok(cells)
}

/// The cells of a scenario, ready to be measured one by one: what Criterion's sweeps use.
pub fn cells(scenario: &Scenario, specs: &[CellSpec], settings: &Settings) -> Result<Vec<Cell>, SetupError> {
    set_up_cells(scenario, specs, settings, &mut Silent)
}

/// The spans of the sample whose time is nearest to the median.
fn typical(samples: &[Sample], timed: &[Phase]) -> Option<Timeline> {
    let times: Vec<f64> = samples.iter().map(|sample| sample.timed_s(timed)).collect();
    let middle = median(&times)?;
    let distance = |round: &usize| (times[*round] - middle).abs();
    let round = (0..samples.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    let sample = &samples[round];
    Some(Timeline {
        round: round as u32,
        start_ns: sample.start_ns,
        end_ns: sample.end_ns,
        spans: sample.spans.clone(),
        failed: sample.failed.clone(),
        elsewhere: sample.account.elsewhere.clone(),
    })
}

/// How many low bits of a run's number hold its round.
const ROUND_BITS: u32 = 16;

/// A number that no other run of this machine has at the moment: it tells runs apart in the server's log. Each is higher
/// than the one before. Its lowest 16 bits are the round, by which the server draws: whatever is measured in one round
/// meets the same latencies and faults.
fn next_run(round: u32) -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    // The clock tells processes apart that are started one after the other; the count, runs that follow at once.
    let now = now_ns() >> ROUND_BITS;
    let before = LAST.fetch_update(Relaxed, Relaxed, |last| Some(now.max(last + 1))).unwrap_or_default();
    now.max(before + 1) << ROUND_BITS | u64::from(round) & ((1 << ROUND_BITS) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_numbers_are_unique_and_rise_and_say_their_round() {
        let rounds = [0, 7, 7, 65_535, 65_536, u32::MAX, 0, 1];
        let runs: Vec<u64> = rounds.iter().cycle().take(20_000).map(|&round| next_run(round)).collect();
        assert!(runs.windows(2).all(|pair| pair[0] < pair[1]));
        let drawn: Vec<u64> = runs[..8].iter().map(|run| run & 0xffff).collect();
        assert_eq!(drawn, [0, 7, 7, 65_535, 0, 65_535, 0, 1]);
    }
}
