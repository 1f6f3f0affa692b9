//! Set up, verify, start, run, stop, check, record.
//!
//! Cells are measured in rounds: one pass over all of them in an order shuffled by seed, then the next. A machine that
//! drifts (another program, a warmer processor) then disturbs all cells alike; measuring A, then B, would charge it all
//! to B. The runner reports to its [`Observer`] and prints nothing.

mod background;
mod bench;
pub mod cell;
mod check;
pub mod child;
mod earlier;
mod join;
mod order;
mod plan;
mod probe;
mod python_reference;
mod rounds;
pub mod stage;
mod waits;

pub use cell::UncheckedRun;
pub use earlier::Unfit;
pub use plan::Plan;

use crate::{
    results::record::Record,
    scenario::{CellSpec, Scenario},
};
use bench::Bench;
use cell::{CellError, PreparedCell, Sample};
use measure::clock::now_ns;
use python_reference::References;
use stage::{SetupError, Stage};
use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    path::{Path, PathBuf},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};
use support::scratch::Scratch;
use work::strategy::{Env, Strategy, queue::Queue};

/// What a measurement needs besides the scenario.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What strategies may need: the `makespan` binary.
    pub env: Env,
    /// Where fixtures and outputs are written.
    pub data: PathBuf,
    /// The user's own pictures, instead of the fixtures'.
    pub images: Option<PathBuf>,
    /// A running mock server (`http://HOST:PORT`), instead of one started for the purpose.
    pub server: Option<String>,
    /// How many rounds, and when it may stop early.
    pub plan: Plan,
    /// The cell that speedups are measured against, whatever its variant and timer; `None` for `sequential`.
    pub baseline: Option<CellSpec>,
    /// The seed of their order.
    pub seed: u64,
    /// Raised by Ctrl-C: the run ends, and its measurements stay.
    pub interrupted: Arc<AtomicBool>,
    /// The command that measures this again, for the record.
    pub command: String,
    /// The commit that the program was built from, for the record. Only the program itself knows it.
    pub commit: Option<String>,
}

impl Settings {
    /// With a mock server of its own and the fixtures' pictures, against `sequential`, and with nothing for the record.
    pub fn new(env: Env, data: &Path, plan: Plan) -> Self {
        Self {
            env,
            data: data.into(),
            images: None,
            server: None,
            plan,
            baseline: None,
            seed: 1,
            interrupted: Arc::default(),
            command: String::new(),
            commit: None,
        }
    }
}

/// Listens to a measurement. All methods do nothing by default.
pub trait Observer: Send {
    /// Something is made or started before the first round: `done` of `total` are ready.
    fn preparing(&mut self, what: &str, done: u64, total: u64) {
        let _ = (what, done, total);
    }
    /// Work on a cell begins: its step is one of `total`, counted from 0. `number` is the cell's place in the record.
    fn working(&mut self, number: usize, cell: &CellSpec, step: u32, total: u32) {
        let _ = (number, cell, step, total);
    }
    /// At an interim analysis: the cells, by their places in the record, that need more rounds. The others are done, and
    /// without any the measurement ends.
    fn open_cells(&mut self, record: &Record) -> BTreeSet<usize> {
        (0..record.cells.len()).collect()
    }
    /// An earlier record can't be resumed: everything is measured anew.
    fn starting_anew(&mut self, why: &Unfit) {
        let _ = why;
    }
    /// Cell `number` was measured once more, in a round counted from 0.
    fn measured(&mut self, number: usize, round: u32, sample: &Sample) {
        let _ = (number, round, sample);
    }
    /// The interrupted measurement lost a worker: one that did not end when it was told to, for instance.
    fn lost(&mut self, why: &CellError) {
        let _ = why;
    }
    /// The record has changed: a cell was measured once more, or failed its check. First called before the first cell.
    fn updated(&mut self, record: &Record) {
        let _ = record;
    }
}

/// Each observer gets every call.
impl Observer for Vec<&mut dyn Observer> {
    fn preparing(&mut self, what: &str, done: u64, total: u64) {
        self.iter_mut().for_each(|one| one.preparing(what, done, total));
    }

    fn working(&mut self, number: usize, cell: &CellSpec, step: u32, total: u32) {
        self.iter_mut().for_each(|one| one.working(number, cell, step, total));
    }

    fn open_cells(&mut self, record: &Record) -> BTreeSet<usize> {
        let all = (0..record.cells.len()).collect();
        self.iter_mut().fold(all, |open, one| &open & &one.open_cells(record))
    }

    fn starting_anew(&mut self, why: &Unfit) {
        self.iter_mut().for_each(|one| one.starting_anew(why));
    }

    fn measured(&mut self, number: usize, round: u32, sample: &Sample) {
        self.iter_mut().for_each(|one| one.measured(number, round, sample));
    }

    fn lost(&mut self, why: &CellError) {
        self.iter_mut().for_each(|one| one.lost(why));
    }

    fn updated(&mut self, record: &Record) {
        self.iter_mut().for_each(|one| one.updated(record));
    }
}

/// An observer that does nothing.
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
    Ok(Bench::set_up(scenario, cells, settings, observer)?.measure(observer))
}

/// Resumes an interrupted measurement from its record. Rounds that every cell completed are kept as measured; a round
/// that was only begun is measured again. If the record doesn't fit this request, the observer is told why, and
/// everything is measured anew.
///
/// A record doesn't hold the whole request: the caller must know that the scenario's numbers, the memory samples and
/// the program's sources are the same, and has a [`Journal`](crate::results::journal::Journal) for that.
pub fn resume(
    scenario: &Scenario,
    cells: &[CellSpec],
    settings: &Settings,
    earlier: Record,
    observer: &mut dyn Observer,
) -> Result<Record, SetupError> {
    let mut bench = Bench::set_up(scenario, cells, settings, observer)?;
    if let Err(unfit) = bench.take_up(earlier) {
        observer.starting_anew(&unfit);
    }
    Ok(bench.measure(observer))
}

fn set_up_cells(
    scenario: &Scenario,
    specs: &[CellSpec],
    settings: &Settings,
    observer: &mut dyn Observer,
) -> Result<Vec<PreparedCell>, SetupError> {
    let mut stages: BTreeMap<&str, Rc<Stage>> = BTreeMap::new();
    let (mut cells, mut references) = (Vec::new(), References::default());
    // Created here, not by each pool: some pools live in child processes, which may be killed.
    let background = |spec: &CellSpec| scenario.variant(&spec.variant)?.background.as_ref();
    let has_queue = |spec: &CellSpec| {
        let beside = background(spec).is_some_and(|background| background.strategy == Queue.name());
        beside || spec.strategy == Queue.name()
    };
    let use_queue = specs.iter().any(has_queue);
    let queues = use_queue.then(scratch_for_queues).transpose()?.map(Rc::new);
    for (number, spec) in (0..).zip(specs) {
        if !stages.contains_key(spec.variant.as_str()) {
            let stage = Stage::set_up(scenario, &spec.variant, settings, observer)?;
            stages.insert(&spec.variant, Rc::new(stage));
        }
        let stage = Rc::clone(&stages[spec.variant.as_str()]);
        let mut cell = PreparedCell::new(scenario, number, spec.clone(), stage, queues.clone(), settings)?;
        if cell.refused().is_none() {
            cell.compare_with(references.of(&cell));
        }
        cells.push(cell);
    }
    Ok(cells)
}

fn scratch_for_queues() -> Result<Scratch, SetupError> {
    Scratch::temporary().map_err(|error| SetupError::Scratch { path: env::temp_dir(), error })
}

/// The cells of a scenario, ready to be measured one by one, for Criterion's sweeps.
pub fn cells(scenario: &Scenario, specs: &[CellSpec], settings: &Settings) -> Result<Vec<PreparedCell>, SetupError> {
    set_up_cells(scenario, specs, settings, &mut Silent)
}

/// How many low bits of a run's number hold its round.
const ROUND_BITS: u32 = 16;

/// A number that no other current run on this machine has: it identifies the run in the server's log. Numbers increase.
/// The lowest 16 bits are the round, which seeds the server's draws: all cells of a round meet the same latencies and
/// faults.
fn next_run(round: u32) -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    // The clock distinguishes processes started sequentially; the count, runs that follow at once.
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
