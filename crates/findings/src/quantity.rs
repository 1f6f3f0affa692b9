//! Reduces the rounds of a figure's cells to one number with its scatter.
//!
//! Only whole rounds count: those that all of its cells completed. Compared cells must have done the same work, so a
//! cell with a wrong answer has no time, and cells with different numbers of failed tasks give no ratio.

use super::{Unit, lookup};
use harness::results::evidence::Evidence;
use harness::{
    results::record::{CellRecord, Check, Record, Round},
    scenario::{
        CellSpec, Phase,
        claim::{Countable, Test},
    },
};
use stats::{greatest::Greatest, paired, student::Mean, trend};
use support::figures::count;
use work::strategy;

/// The result of a test.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Quantity {
    /// A figure that scatters from round to round.
    Scattered(Scattered),
    /// A count.
    Exact(f64),
    /// True or false.
    Outcome {
        /// Whether it is what the test expects.
        holds: bool,
        /// What happened, as a clause.
        happened: String,
    },
}

/// The mean of a figure over the rounds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scattered {
    /// The mean on the scale. For [`Test::DropOff`]: the greatest of the means beside each of the other cells.
    pub mean: Greatest,
    /// The scale on which the scatter is symmetric.
    pub scale: MeanScale,
    /// For [`Test::DropOff`]: which of the other cells was the best.
    pub best: Option<usize>,
}

impl Scattered {
    /// How many rounds it is from.
    pub(super) fn rounds(&self) -> u32 {
        self.mean.leader().freedom as u32 + 1
    }
}

/// The scale of a mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MeanScale {
    /// Twice as much and half as much are equally far apart.
    Logarithmic,
    /// One more and one less are equally far apart.
    Linear,
}

impl MeanScale {
    /// Where a figure lies on the scale.
    pub(super) fn place(self, figure: f64) -> f64 {
        match self {
            Self::Logarithmic if figure <= 0.0 => f64::NEG_INFINITY,
            Self::Logarithmic => figure.ln(),
            Self::Linear => figure,
        }
    }

    /// The figure at this place.
    pub(super) fn figure(self, place: f64) -> f64 {
        match self {
            Self::Logarithmic => place.exp(),
            Self::Linear => place,
        }
    }
}

/// Why there is no figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lacking {
    /// Nothing was measured for it yet.
    NotMeasured,
    /// The cells can't be measured here: there is no Python, or it lacks the strategy.
    Skipped(String),
    /// A cause that can be named.
    Cause(String),
}

/// The evidence for a test.
#[derive(Debug)]
pub(super) struct TestCells<'a> {
    /// The record; `None` for exhibits, and if nothing was measured.
    pub record: Option<&'a Record>,
    /// The cells of the test, in its order.
    pub cells: Vec<&'a CellRecord>,
    /// The result from these cells.
    pub quantity: Result<Quantity, Lacking>,
}

impl TestCells<'_> {
    /// Why no figure of time can be judged by these cells, if other programs took the cores that their workers waited for.
    /// A percentile of latencies also suffers from what has to wait for a core now and then.
    pub(super) fn lacked_cores(&self, test: &Test<CellSpec>) -> Option<String> {
        let record = self.record?;
        let taken = match test {
            Test::Memory { .. } | Test::Count { .. } | Test::Exhibit(_) | Test::Fails { .. } => None,
            Test::Latency { .. } => record.taken_cores(),
            _ => record.taken_from(self.cells.iter().copied()),
        }?;
        Some(format!("{}, so close them and measure again", record.who_took(taken)))
    }
}

/// The result of this test from the newest record with all its cells.
pub(super) fn taken<'a>(test: &Test<CellSpec>, scenario: &str, evidence: &'a Evidence) -> TestCells<'a> {
    if let Test::Exhibit(name) = test {
        return TestCells { record: None, cells: Vec::new(), quantity: exhibited(name, evidence) };
    }
    let specs = test.cells();
    match lookup(evidence, scenario, &specs) {
        Some((record, cells)) => {
            let quantity = of_cells(test, &cells, record.time_scale);
            TestCells { record: Some(record), cells, quantity }
        }
        None => TestCells { record: None, cells: Vec::new(), quantity: Err(Lacking::NotMeasured) },
    }
}

/// The unit of the test.
pub(super) fn unit(test: &Test<CellSpec>) -> Unit {
    match test {
        Test::Time { .. } => Unit::Seconds,
        Test::Waves { .. } => Unit::Waves,
        Test::Trend { .. } => Unit::Exponent,
        Test::Count { .. } => Unit::Count,
        Test::CpuShare { against: None, .. } => Unit::CoreShare,
        Test::Memory { against: None, .. } => Unit::Bytes,
        Test::Ratio { .. }
        | Test::DropOff { .. }
        | Test::CpuShare { .. }
        | Test::Latency { .. }
        | Test::Memory { .. } => Unit::Ratio,
        Test::Exhibit(_) | Test::Fails { .. } => Unit::Outcome,
    }
}

/// The timed seconds of a cell at the document's own pace, one per round. Only waits were divided by the time scale, so
/// only they are multiplied by it: what the program itself costs is counted once.
pub(super) fn at_documents_pace_s(cell: &CellRecord, time_scale: f64) -> Vec<f64> {
    let enclosed = |phase, seconds: f64| if cell.timed.contains(&phase) { seconds } else { 0.0 };
    cell.each(|round| {
        enclosed(Phase::Start, round.start_s)
            + enclosed(Phase::Run, run_at_documents_pace_s(round, time_scale))
            + enclosed(Phase::Stop, round.stop_s)
    })
}

/// The same of the run phase alone.
fn run_at_documents_pace_s(round: &Round, time_scale: f64) -> f64 {
    round.run_s + (time_scale - 1.0) * round.waits_s
}

fn exhibited(name: &str, evidence: &Evidence) -> Result<Quantity, Lacking> {
    let shown = evidence.exhibits.get(name).ok_or(Lacking::NotMeasured)?;
    let happened = format!("{}; with the fix, {}", shown.bug.verdict, shown.right.verdict);
    Ok(Quantity::Outcome { holds: shown.holds(), happened })
}

/// The result from these cells, given in the test's order.
pub(super) fn of_cells(test: &Test<CellSpec>, cells: &[&CellRecord], time_scale: f64) -> Result<Quantity, Lacking> {
    let specs = test.cells();
    if let (Test::Fails { with, .. }, [spec], [cell]) = (test, &*specs, cells) {
        return fails(spec, cell, with);
    }
    specs.iter().zip(cells).try_for_each(|(spec, cell)| has_a_time(spec, cell))?;
    if let (Test::Count { what, .. }, [cell]) = (test, cells) {
        let counted =
            counted(cell, *what).ok_or_else(|| Lacking::Cause("this system doesn't report the number".into()))?;
        return Ok(Quantity::Exact(f64::from(counted)));
    }
    same_work(&specs, cells)?;
    let rounds = cells.iter().map(|cell| values(test, cell, time_scale)).collect::<Vec<_>>();
    match rounds.iter().map(Vec::len).min() {
        None | Some(0) if matches!(test, Test::Memory { .. }) => return Err(cause("its memory was not sampled")),
        None | Some(0) => return Err(cause("no round has a figure")),
        Some(1) => return Err(cause("one round says nothing about scatter: at least two are needed")),
        Some(_) => {}
    }
    let scattered =
        mean(test, cells, &rounds).ok_or_else(|| cause("a round's figure is zero, so there is no ratio"))?;
    Ok(Quantity::Scattered(scattered))
}

fn cause(text: &str) -> Lacking {
    Lacking::Cause(text.into())
}

/// A wrong answer has no time.
fn has_a_time(spec: &CellSpec, cell: &CellRecord) -> Result<(), Lacking> {
    let why = cell.error().unwrap_or("no reason was recorded");
    match cell.check {
        Check::Failed => Err(Lacking::Cause(format!("the cell `{spec}` failed its check: {why}"))),
        Check::Skipped => Err(Lacking::Skipped(format!("the cell `{spec}` was skipped: {why}"))),
        Check::NotMeasured => Err(Lacking::NotMeasured),
        Check::Passed if cell.rounds.is_empty() => Err(Lacking::NotMeasured),
        Check::Passed => match cell.lost_workers().next() {
            Some((round, lost)) => Err(Lacking::Cause(format!(
                "the cell `{spec}` lost worker process {} in round {}: {}",
                lost.process,
                round + 1,
                lost.how
            ))),
            None => Ok(()),
        },
    }
}

/// A cell that gives up tasks finishes sooner, which is not a speedup.
fn same_work(specs: &[&CellSpec], cells: &[&CellRecord]) -> Result<(), Lacking> {
    let pairs = || specs.iter().zip(cells);
    let least = pairs().min_by_key(|(_, cell)| cell.task_errors());
    let most = pairs().max_by_key(|(_, cell)| cell.task_errors());
    match (least, most) {
        (Some((less, few)), Some((more, many))) if few.task_errors() < many.task_errors() => {
            Err(Lacking::Cause(format!(
                "the cells did not do the same work: of `{more}`, {} failed, of `{less}`, {}",
                count(many.task_errors() as usize, "task"),
                if few.task_errors() == 0 { "none".into() } else { few.task_errors().to_string() }
            )))
        }
        _ => Ok(()),
    }
}

/// The values that the test uses from a cell, one per round.
fn values(test: &Test<CellSpec>, cell: &CellRecord, time_scale: f64) -> Vec<f64> {
    match test {
        Test::Memory { .. } => cell.memory_samples_bytes.iter().map(|&bytes| bytes as f64).collect(),
        Test::Latency { percentile, .. } => cell.latencies_s(*percentile),
        Test::CpuShare { .. } => cell.each(|round| round.cpu_s() / run_at_documents_pace_s(round, time_scale)),
        _ => at_documents_pace_s(cell, time_scale),
    }
}

fn mean(test: &Test<CellSpec>, cells: &[&CellRecord], rounds: &[Vec<f64>]) -> Option<Scattered> {
    let logarithmic = |mean: Mean| Scattered { mean: mean.into(), scale: MeanScale::Logarithmic, best: None };
    let times = |values: &[f64], factor: f64| values.iter().map(|value| value * factor).collect::<Vec<f64>>();
    Some(match (test, rounds) {
        (Test::Ratio { .. }, [from, to]) => logarithmic(paired::log_ratio(from, to)?),
        (Test::Time { tasks, .. }, [all]) => {
            let of_its_own = f64::from(cells.first()?.tasks);
            let drawn_out = tasks.map_or(1.0, |tasks| f64::from(tasks) / of_its_own);
            logarithmic(absolute(&times(all, drawn_out))?)
        }
        (Test::Waves { .. }, [one, all]) => {
            let one_task = times(one, 1.0 / f64::from(cells.first()?.tasks));
            logarithmic(paired::log_ratio(all, &one_task)?)
        }
        (Test::Trend { .. }, all) => {
            let tasks: Vec<u32> = cells.iter().map(|cell| cell.tasks).collect();
            Scattered { mean: trend::exponent(&tasks, all)?.into(), scale: MeanScale::Linear, best: None }
        }
        (Test::DropOff { .. }, [among @ .., at]) => {
            let beside: Option<Vec<Mean>> = among.iter().map(|other| paired::log_ratio(at, other)).collect();
            let mean = Greatest::of(beside?)?;
            Scattered { best: Some(mean.place()), mean, scale: MeanScale::Logarithmic }
        }
        (_, [against, own]) => logarithmic(paired::log_ratio(own, against)?),
        (_, [own]) => logarithmic(absolute(own)?),
        _ => return None,
    })
}

/// The mean of the logarithms themselves.
fn absolute(values: &[f64]) -> Option<Mean> {
    paired::log_ratio(values, &vec![1.0; values.len()])
}

fn counted(cell: &CellRecord, what: Countable) -> Option<u32> {
    let answers = |status: u16| Some(cell.statuses().get(&status).copied().unwrap_or(0));
    match what {
        Countable::Tasks => Some(cell.tasks),
        Countable::TaskErrors => Some(cell.task_errors()),
        Countable::Threads => cell.most_threads,
        Countable::Processes => cell.most_processes,
        Countable::Redeliveries => cell.redeliveries(),
        Countable::Status200 => answers(200),
        Countable::Status401 => answers(401),
        Countable::Status404 => answers(404),
        Countable::Status500 => answers(500),
    }
}

fn fails(spec: &CellSpec, cell: &CellRecord, with: &str) -> Result<Quantity, Lacking> {
    let holds = cell.error().is_some_and(|error| error.contains(with));
    if !holds || cell.check == Check::Skipped {
        has_a_time(spec, cell)?;
    }
    let who = strategy::presentation(&spec.strategy).phrase(&spec.strategy, spec.shape);
    let happened = match cell.error() {
        Some(error) => format!("the first error with {who} was “{error}”"),
        None => format!("no task failed with {who}"),
    };
    Ok(Quantity::Outcome { holds, happened })
}
