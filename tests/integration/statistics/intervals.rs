//! How often the intervals cover the truth.

use super::{
    rounds::{Cell, Machine},
    share,
};
use makespan::stats::{bootstrap, median::Median, paired, trend};

#[test]
fn pairs_cancel_the_drift_that_both_share() {
    let mut machine = Machine::seeded(6);
    let cells = [Cell::new(2.0, 0.05), Cell::new(1.0, 0.08)];
    let narrower = share(|| {
        let (today, another_day) = (machine.rounds(10, &cells), machine.rounds(10, &cells));
        let width = |baseline: &[f64]| {
            let found = paired::speedup(baseline, &today[1]).expect("there are enough rounds");
            found.high / found.low
        };
        width(&today[0]) < width(&another_day[0])
    });
    assert!(narrower > 0.99, "narrower in {narrower}");
}

#[test]
fn the_interval_of_an_exponent_covers_the_truth_in_93_to_97_percent() {
    let tasks = [10_u32, 30, 100, 300];
    let cells = tasks.map(|tasks| Cell::new(f64::from(tasks).powf(0.3), 0.05));
    for (mut machine, rounds) in [(Machine::seeded(7), 10), (Machine::disturbed(8), 30)] {
        let covered = share(|| {
            let found = trend::exponent(&tasks, &machine.rounds(rounds, &cells)).expect("there are enough rounds");
            let found = found.interval(0.05);
            (found.low..=found.high).contains(&0.3)
        });
        assert!((0.93..=0.97).contains(&covered), "{rounds} rounds: covered in {covered}");
    }
}

#[test]
fn the_interval_of_a_median_covers_as_often_as_it_says() {
    for (seed, count) in [(9, 3), (10, 5), (11, 10), (12, 30)] {
        let mut machine = Machine::seeded(seed);
        let mut says = 0.0;
        let covered = share(|| {
            let values: Vec<f64> = (0..count).map(|_| machine.normal().exp()).collect();
            let found = Median::of(&values).expect("there are values");
            says = found.coverage;
            (found.low..=found.high).contains(&1.0)
        });
        assert!((covered - says).abs() < 0.03, "{count} values: covered in {covered}, said {says}");
    }
}

/// How often a bootstrapped interval covers. The mood of the machine doesn't wander: what two days do to it is in the
/// ratio of their records, and no interval knows it.
fn bootstrapped_covers(machine: Machine, rounds: usize) -> f64 {
    let mut machine = machine.steady();
    share(|| {
        let times = machine.rounds(rounds, &[Cell::new(2.0, 0.05), Cell::new(1.0, 0.08)]);
        let found = bootstrap::ratio_of_medians(&times[0], &times[1]).expect("there are enough rounds");
        (found.low..=found.high).contains(&2.0)
    })
}

#[test]
fn a_bootstrapped_interval_covers_the_truth_in_92_to_99_percent() {
    let covered = bootstrapped_covers(Machine::disturbed(13), 10);
    assert!((0.92..=0.99).contains(&covered), "covered in {covered}");
}

#[test]
fn a_bootstrapped_interval_of_more_rounds_covers_as_often() {
    let covered = bootstrapped_covers(Machine::seeded(14), 20);
    assert!((0.92..=0.99).contains(&covered), "covered in {covered}");
}
