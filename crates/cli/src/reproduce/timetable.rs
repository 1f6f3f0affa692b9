//! How much of the measurement is done, and how long the rest will take.
//!
//! Steps are of very different lengths: sequential takes ten times as long as ten threads, and a scenario may take ten
//! times as long as the one before. So each scenario's steps are weighted by the seconds they are expected to take: as
//! measured earlier, else estimated from their waits. The ratio of actual to expected time so far corrects the estimate
//! of the rest.

use harness::{
    results::record::{CellRecord, Record},
    scenario::{CellSpec, Scenario},
};
use stats::ceiling::lock_step_makespan_s;

/// Expected time of a cell besides its waits: its pool, the process that verifies it, its server's log.
const OVERHEAD_S: f64 = 0.05;

/// Expected time of a cell without waits, before any of it is measured.
const COMPUTING_S: f64 = 0.3;

#[derive(Debug, Default)]
pub struct Timetable {
    parts: Vec<Estimated>,
}

/// One scenario.
#[derive(Debug, Clone, Copy)]
struct Estimated {
    steps: u32,
    done: u32,
    /// Steps that were done before this program was started; `None` before its first.
    earlier: Option<u32>,
    step_s: f64,
}

impl Estimated {
    fn done_s(&self) -> f64 {
        f64::from(self.done.saturating_sub(self.earlier.unwrap_or(self.done))) * self.step_s
    }

    fn left_s(&self) -> f64 {
        f64::from(self.steps.saturating_sub(self.done)) * self.step_s
    }
}

impl Timetable {
    /// Adds a scenario with this many steps.
    pub fn add(&mut self, steps: u32, step_s: f64) {
        self.parts.push(Estimated { steps, done: 0, earlier: None, step_s });
    }

    /// Sets how many steps are done. Those done at the first call were done by an earlier process.
    pub fn at(&mut self, part: usize, done: u32, steps: u32) {
        let earlier = self.parts[part].earlier.or(Some(done));
        self.parts[part] = Estimated { steps, done, earlier, ..self.parts[part] };
    }

    /// Updates the expected time of its steps.
    pub fn takes(&mut self, part: usize, step_s: f64) {
        self.parts[part].step_s = step_s;
    }

    /// Marks it as finished, possibly before its last step.
    pub fn finish(&mut self, part: usize) {
        self.parts[part].steps = self.parts[part].done;
    }

    /// Steps done, and steps in total.
    pub fn steps(&self) -> (u64, u64) {
        let sum = |steps: fn(&Estimated) -> u32| self.parts.iter().map(|part| u64::from(steps(part))).sum();
        (sum(|part| part.done), sum(|part| part.steps))
    }

    /// Seconds that the rest will take, at the pace of the first `elapsed_s` seconds.
    pub fn left_s(&self, elapsed_s: f64) -> f64 {
        let sum = |seconds: fn(&Estimated) -> f64| self.parts.iter().map(seconds).sum::<f64>();
        let (done_s, left_s) = (sum(Estimated::done_s), sum(Estimated::left_s));
        // At first only the setup is done, which says nothing about the pace.
        if done_s < 1.0 { left_s } else { left_s * elapsed_s / done_s }
    }

    /// This scenario's share of the rest, from 0 to 1.
    pub fn share(&self, part: usize) -> f64 {
        let left_s: f64 = self.parts[part..].iter().map(Estimated::left_s).sum();
        if left_s > 0.0 { self.parts[part].left_s() / left_s } else { 1.0 }
    }
}

/// Expected seconds per step, the mean over these cells.
pub fn step_s(scenario: &Scenario, cells: &[CellSpec], measured: Option<&Record>) -> f64 {
    let one = |cell: &CellSpec| {
        let known = measured.and_then(|record| record.cell(cell));
        known.and_then(measured_s).unwrap_or_else(|| match waits_s(scenario, cell) {
            waits_s if waits_s > 0.0 => waits_s + OVERHEAD_S,
            _ => COMPUTING_S,
        })
    };
    cells.iter().map(one).sum::<f64>() / cells.len().max(1) as f64
}

/// Start, run and stop, mean over the rounds.
fn measured_s(cell: &CellRecord) -> Option<f64> {
    let sum_s: f64 = cell.rounds.iter().map(|round| round.start_s + round.run_s + round.stop_s).sum();
    (!cell.rounds.is_empty()).then(|| sum_s / cell.rounds.len() as f64)
}

/// Seconds that a cell waits for the server, if its workers proceed in lock-step waves and every answer is as fast as
/// the fastest route's: about the least that the cell can take.
pub fn waits_s(scenario: &Scenario, cell: &CellSpec) -> f64 {
    let Some(variant) = scenario.variant(&cell.variant) else { return 0.0 };
    let (tasks, workers) = (variant.tasks(), cell.shape.workers().get());
    lock_step_makespan_s(tasks, workers, variant.waits_in_turn_s() / f64::from(tasks.max(1))).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn timetable() -> Timetable {
        let mut timetable = Timetable::default();
        timetable.add(10, 1.0);
        timetable.add(100, 0.02);
        timetable
    }

    #[test]
    fn what_is_left_follows_the_pace() {
        let mut timetable = timetable();
        assert!((timetable.left_s(0.0) - 12.0).abs() < 1e-9, "as expected");
        timetable.at(0, 0, 10);
        timetable.at(0, 5, 10);
        assert!((timetable.left_s(5.0) - 7.0).abs() < 1e-9, "on time");
        assert!((timetable.left_s(10.0) - 14.0).abs() < 1e-9, "everything takes twice as long");
        timetable.finish(0);
        assert!((timetable.left_s(5.0) - 2.0).abs() < 1e-9, "stopped at an interim analysis");
        assert_eq!(timetable.steps(), (5, 105));
    }

    #[test]
    fn what_others_did_says_nothing_about_the_pace() {
        let mut timetable = timetable();
        timetable.at(0, 8, 10);
        assert_eq!(timetable.steps(), (8, 110));
        assert!((timetable.left_s(30.0) - 4.0).abs() < 1e-9);
        timetable.at(0, 9, 10);
        assert!((timetable.left_s(2.0) - 6.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn the_shares_of_what_is_left_use_all_of_it(steps in proptest::collection::vec((0_u32..50, 0.01_f64..2.0), 1..6)) {
            let mut timetable = Timetable::default();
            steps.iter().for_each(|&(steps, step_s)| timetable.add(steps, step_s));
            let mut budget = 1.0;
            for part in 0..steps.len() {
                let share = timetable.share(part);
                prop_assert!((0.0..=1.0 + 1e-9).contains(&share));
                budget -= budget * share;
            }
            prop_assert!(budget.abs() < 1e-9);
        }
    }
}
