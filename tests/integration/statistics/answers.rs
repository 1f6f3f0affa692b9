//! How often the yes-or-no answers are wrong, and whether they are ever given.

use super::{
    COUNTING,
    looks::{Ends, alpha},
    rounds::{Cell, Machine},
    share,
};
use makespan::stats::{drop_off, equivalence, holm, paired, student::Mean};

/// The margin that counts as none.
const DELTA: f64 = 0.05;

/// At most this share of wrong answers, with both looks.
const WRONG: f64 = 0.05 + COUNTING;

fn machines(seed: u64) -> [Machine; 2] {
    [Machine::seeded(seed), Machine::disturbed(seed + 1)]
}

/// How often a ratio that truly is `truth` is called equal to 1.
fn called_equal(machine: &mut Machine, truth: f64) -> f64 {
    let (low, high) = ((1.0 - DELTA).ln(), (1.0 + DELTA).ln());
    let mut ends = Ends::default();
    let called = share(|| {
        let times = machine.rounds(30, &[Cell::new(truth, 0.013), Cell::new(1.0, 0.013)]);
        let figure = |rounds: usize| paired::log_ratio(&times[0][..rounds], &times[1][..rounds]);
        let found = ends.measured(|rounds| figure(rounds).expect("there are enough rounds"));
        equivalence::p(&found, low, high) < alpha()
    });
    ends.were_at_both_looks();
    called
}

#[test]
fn what_differs_by_all_of_the_margin_is_rarely_called_equal() {
    for truth in [1.0 - DELTA, 1.0 + DELTA] {
        for mut machine in machines(30) {
            let wrong = called_equal(&mut machine, truth);
            assert!(wrong <= WRONG, "{truth}, outliers {}: equal in {wrong}", machine.outliers);
        }
    }
}

#[test]
fn what_is_equal_is_mostly_called_so() {
    for mut machine in machines(32) {
        let right = called_equal(&mut machine, 1.0);
        assert!(right > 0.8, "outliers {}: equal in {right}", machine.outliers);
    }
}

/// A plateau of equal cells, and one beside it that takes `slower` times as long: how often `answer` is yes, with both
/// looks.
fn beside_a_plateau(machine: &mut Machine, plateau: usize, slower: f64, answer: impl Fn(&Mean) -> bool) -> f64 {
    let cells: Vec<Cell> =
        [slower].into_iter().chain(vec![1.0; plateau]).map(|time_s| Cell::new(time_s, 0.008)).collect();
    let mut ends = Ends::default();
    let yes = share(|| {
        let times = machine.rounds(30, &cells);
        let until = |rounds: usize| -> Vec<Vec<f64>> { times.iter().map(|times| times[..rounds].to_vec()).collect() };
        let figure = |rounds: usize| drop_off::held_out(&until(rounds)[0], &until(rounds)[1..]);
        answer(&ends.measured(|rounds| figure(rounds).expect("there are enough rounds").1))
    });
    ends.were_at_both_looks();
    yes
}

#[test]
fn a_plateau_is_rarely_called_a_drop_off() {
    for plateau in [1, 6] {
        for mut machine in machines(34) {
            let any = beside_a_plateau(&mut machine, plateau, 1.0, |found| found.interval(alpha()).low > 0.0);
            assert!(any <= WRONG, "{plateau} equal ones, outliers {}: slower in {any}", machine.outliers);
            // The truth is at the edge: slower by exactly what doesn't count.
            let edge = (1.0 + DELTA).ln();
            let wrong =
                beside_a_plateau(&mut machine, plateau, 1.0 + DELTA, |found| found.interval(alpha()).low > edge);
            assert!(wrong <= WRONG, "{plateau} equal ones, outliers {}: drop-off in {wrong}", machine.outliers);
        }
    }
}

#[test]
fn a_drop_off_is_mostly_called_so() {
    for mut machine in machines(36) {
        let edge = (1.0 + DELTA).ln();
        let right = beside_a_plateau(&mut machine, 6, 1.2, |found| found.interval(alpha()).low > edge);
        assert!(right > 0.8, "outliers {}: drop-off in {right}", machine.outliers);
    }
}

/// One in forty of these intervals may lie above the truth.
#[test]
fn choosing_the_best_in_the_rounds_that_are_compared_finds_drop_offs_where_none_are() {
    let mut machine = Machine::seeded(38);
    let wrong = share(|| {
        let times = machine.rounds(30, &[Cell::new(1.0, 0.008); 7]);
        let beside = |best: &Vec<f64>| paired::log_ratio(&times[0], best).expect("there are enough rounds");
        let chosen = times[1..].iter().map(beside).max_by(|a, b| a.mean.total_cmp(&b.mean));
        chosen.expect("there are others").interval(0.05).low > 0.0
    });
    assert!(wrong > 0.07, "slower in {wrong}");
}

/// Twenty comparisons whose truth is "no": how often at least one says yes, with Holm's correction and without.
fn any_of_twenty(corrected: bool, shared_baseline: bool) -> f64 {
    let mut machine = Machine::seeded(39);
    let cells = if shared_baseline { [Cell::new(1.0, 0.05); 21].to_vec() } else { [Cell::new(1.0, 0.05); 40].to_vec() };
    share(|| {
        let times = machine.rounds(10, &cells);
        let baseline = |figure: usize| if shared_baseline { &times[20] } else { &times[20 + figure] };
        let figure = |figure: usize| paired::log_ratio(baseline(figure), &times[figure]).expect("there are rounds");
        let p: Vec<f64> = (0..20).map(|index| figure(index).p_above(0.0)).collect();
        let p = if corrected { holm::adjusted(&p) } else { p };
        p.iter().any(|&p| p < 0.05)
    })
}

#[test]
fn of_twenty_answers_that_are_no_hardly_ever_one_is_yes() {
    for shared_baseline in [false, true] {
        let (alone, together) = (any_of_twenty(false, shared_baseline), any_of_twenty(true, shared_baseline));
        assert!(together <= WRONG, "shared {shared_baseline}: corrected in {together}");
        assert!(alone > 0.25, "shared {shared_baseline}: uncorrected in {alone}");
    }
}
