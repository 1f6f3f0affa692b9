//! Grades a strategy's speed relative to the built-in one: by the ratio's interval, never by its estimate alone.
//!
//! The same [runner] measures both in the same rounds, so that noise affects both. The pass mark was fixed before any
//! measurement. If the whole interval lies above it, the grade is "passed"; if it lies below, "failed"; and if the pass
//! mark lies within the interval, "inconclusive".

use super::{
    CheckEvent, CheckSettings, Exercise, GradeError, Language,
    contract::{ContractPoint, PointResult},
    report::{Grade, Speed},
};
use harness::{
    results::record::{CellRecord, Check, Record},
    runner::{self, Observer, Plan, stage::SetupError},
    scenario::{CellSpec, Scenario},
};
use stats::{
    looks::ALPHA,
    paired,
    student::{self, Mean},
};
use std::{
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread::{Builder, JoinHandle},
    time::Duration,
};
use work::{strategy::Strategy, worker::lane::panic_message};

/// The pass mark, as a share of the built-in strategy's speed. Below 1, because the mistakes that the exercises are
/// about cost a factor of two and more, and the last percents teach nothing.
pub const FLOOR: f64 = 0.85;

/// The seed for the order of the rounds.
const SEED: u64 = 1;

/// The result of the measurement.
pub(super) struct GradedCells {
    /// Whether every answer was right.
    pub(super) finding: PointResult,
    /// `None` if an answer was wrong: a wrong answer has no time.
    pub(super) speed: Option<Speed>,
}

/// Measures the strategy against the built-in one, and grades it.
pub(super) fn measure(
    exercise: &Exercise,
    strategy: &'static dyn Strategy,
    settings: &CheckSettings,
    tell: &mut dyn FnMut(CheckEvent),
) -> Result<GradedCells, GradeError> {
    let scenario = exercise.scenario(settings.time_scale)?;
    // Start, run in a child process, run: a strategy that takes longer than all three for one step hangs.
    let patience = 5 * scenario.deadline;
    let cells = exercise.cells(strategy.name());
    let rounds = |verdict| ContractPoint::Rounds.finding(exercise, Language::of(strategy.name()), verdict);
    let record = match watch(start(scenario, cells.to_vec(), settings)?, patience, tell) {
        Ok(record) => record?,
        Err(why) => {
            return Ok(GradedCells { finding: rounds(Some(Err(why))), speed: None });
        }
    };
    let cell = |spec: &CellSpec| record.cell(spec).filter(|cell| cell.check == Check::Passed);
    let [sequential, house, own] = &cells;
    let (Some(_), Some(house), own) = (cell(sequential), cell(house), cell(own)) else {
        return Err(house_error(&record, &cells[..2]));
    };
    let Some(own) = own else {
        let error = record.cells.last().and_then(CellRecord::error).unwrap_or_default().to_owned();
        return Ok(GradedCells { finding: rounds(Some(Err(error))), speed: None });
    };
    Ok(GradedCells { finding: rounds(Some(Ok(()))), speed: Some(speed(&record, house, own)) })
}

fn house_error(record: &Record, specs: &[CellSpec]) -> GradeError {
    let failed = record.cells.iter().find(|cell| specs.contains(&cell.spec) && cell.check != Check::Passed);
    let (strategy, why) = failed.map(|cell| (cell.spec.strategy.clone(), cell.error())).unwrap_or_default();
    GradeError::House { strategy, why: why.unwrap_or_default().to_owned() }
}

fn speed(record: &Record, house: &CellRecord, own: &CellRecord) -> Speed {
    let (house_s, own_s) = (house.timed_s(), own.timed_s());
    let ratio = paired::log_ratio(&house_s, &own_s);
    let (grade, more_rounds) = ratio.map_or((Grade::Inconclusive, None), |ratio| by_interval(&ratio, FLOOR));
    Speed {
        house: house.spec.strategy.clone(),
        tasks: own.tasks,
        rounds: own_s.len() as u32,
        ratio: ratio.and_then(|ratio| student::exp(ratio.interval(ALPHA))),
        floor: FLOOR,
        speedup: record.speedup(own),
        house_speedup: record.speedup(house),
        run_s: own_s,
        house_run_s: house_s,
        grade,
        more_rounds,
    }
}

/// The grade of a ratio, given as a logarithm; if inconclusive, how many more rounds would settle it, if any would.
fn by_interval(ratio: &Mean, floor: f64) -> (Grade, Option<u32>) {
    let (interval, floor) = (ratio.interval(ALPHA), floor.ln());
    if interval.low > floor {
        return (Grade::Passed, None);
    }
    if interval.high < floor {
        return (Grade::Failed, None);
    }
    let rounds = ratio.freedom as u32 + 1;
    let enough = ratio.rounds_for((ratio.mean - floor).abs(), ALPHA);
    (Grade::Inconclusive, enough.map(|enough| enough.saturating_sub(rounds).max(1)))
}

type GradeResult = Result<Record, SetupError>;

/// The measuring thread's progress.
struct MeasuringStep {
    done: u32,
    of: u32,
}

/// The measurement, on its own thread: a strategy that hangs must not hang the check.
struct Started {
    thread: JoinHandle<GradeResult>,
    steps: std::sync::mpsc::Receiver<MeasuringStep>,
}

fn start(scenario: Scenario, cells: Vec<CellSpec>, settings: &CheckSettings) -> Result<Started, GradeError> {
    let command = format!("makespan exercise check {} --rounds {}", scenario.name, settings.rounds);
    let settings = runner::Settings {
        baseline: cells.first().cloned(),
        seed: SEED,
        command,
        ..runner::Settings::new(settings.env.clone(), &settings.env.data, Plan::rounds(settings.rounds))
    };
    let (tell, steps) = channel();
    let measure = move || runner::measure(&scenario, &cells, &settings, &mut StepSender(tell));
    Ok(Started { thread: Builder::new().name("rounds".into()).spawn(measure)?, steps })
}

/// Waits for the measurement's end. The error says what went wrong.
fn watch(started: Started, patience: Duration, tell: &mut dyn FnMut(CheckEvent)) -> Result<GradeResult, String> {
    loop {
        match started.steps.recv_timeout(patience) {
            Ok(MeasuringStep { done, of }) => tell(CheckEvent::Measuring { done, of }),
            Err(RecvTimeoutError::Timeout) => return Err("a run hangs: it has not returned after its deadline".into()),
            // The thread has dropped its sender: it is done, or has panicked.
            Err(RecvTimeoutError::Disconnected) => {
                let panicked = |panic: Box<dyn std::any::Any + Send>| {
                    format!("it panicked outside of any task: {}", panic_message(&*panic))
                };
                return started.thread.join().map_err(panicked);
            }
        }
    }
}

struct StepSender(Sender<MeasuringStep>);

impl Observer for StepSender {
    fn working(&mut self, _: usize, _: &CellSpec, step: u32, total: u32) {
        // A receiver that is gone has already reported the timeout.
        let _ = self.0.send(MeasuringStep { done: step, of: total });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(ratios: &[f64]) -> Mean {
        Mean::of(&ratios.iter().map(|ratio| ratio.ln()).collect::<Vec<_>>()).expect("two at least")
    }

    #[test]
    fn the_interval_decides_and_not_the_estimate() {
        assert_eq!(by_interval(&of(&[1.0, 1.01, 0.99]), 0.85), (Grade::Passed, None));
        assert_eq!(by_interval(&of(&[0.5, 0.51, 0.49]), 0.85), (Grade::Failed, None));
        // Well above the pass mark, but two rounds that differ so much prove little.
        let (grade, more) = by_interval(&of(&[0.9, 1.4]), 0.85);
        assert_eq!(grade, Grade::Inconclusive);
        assert!(more.is_some_and(|more| more > 1), "{more:?}");
        let (grade, _) = by_interval(&of(&[0.4, 0.9]), 0.85);
        assert_eq!(grade, Grade::Inconclusive, "nor do they say that it is too slow");
    }

    proptest! {
        #[test]
        fn with_as_many_more_rounds_of_the_same_scatter_it_is_settled(mean in -0.5_f64..0.5, error in 0.01_f64..0.5) {
            let few = Mean { mean, error, freedom: 4 };
            if let (Grade::Inconclusive, Some(more)) = by_interval(&few, FLOOR) {
                let rounds = 5 + more;
                let error = error * (5.0 / f64::from(rounds)).sqrt();
                let many = Mean { mean, error, freedom: rounds as usize - 1 };
                prop_assert_ne!(by_interval(&many, FLOOR).0, Grade::Inconclusive);
            }
        }
    }
}
