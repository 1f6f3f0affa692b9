//! How often the yes-or-no answers are wrong, and whether they are ever given.

use super::{
    COUNTING,
    looks::{Ends, LOOKS},
    rounds::{Cell, Machine},
    share,
};
use makespan::stats::{greatest::Greatest, holm, looks, paired, ranking, student::Mean};

/// The margin that counts as none.
const DELTA: f64 = 0.05;

/// At most this share of wrong answers, with all looks.
const WRONG: f64 = 0.05 + COUNTING;

fn machines(seed: u64) -> [Machine; 2] {
    [Machine::seeded(seed), Machine::disturbed(seed + 1)]
}

/// How often a ratio that truly is `truth` is called equal to 1.
fn called_equal(machine: &mut Machine, truth: f64) -> f64 {
    let (low, high) = ((1.0 - DELTA).ln(), (1.0 + DELTA).ln());
    let mut ends = Ends::default();
    let called = share(|| {
        let times = machine.rounds(24, &[Cell::new(truth, 0.013), Cell::new(1.0, 0.013)]);
        let figure = |rounds: usize| paired::log_ratio(&times[0][..rounds], &times[1][..rounds]);
        let (found, alpha) = ends.measured(|rounds| figure(rounds).expect("there are enough rounds").into());
        found.p_within(low, high) < alpha
    });
    ends.were_at_several_looks();
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

/// How many times as long the first cell takes as the fastest of the others.
fn beside_the_best(times_s: &[Vec<f64>], rounds: usize) -> Greatest {
    let beside = |other: &Vec<f64>| paired::log_ratio(&times_s[0][..rounds], &other[..rounds]);
    let means: Option<Vec<Mean>> = times_s[1..].iter().map(beside).collect();
    Greatest::of(means.expect("there are enough rounds")).expect("there are others")
}

/// A plateau of equal cells, and one beside it that takes `slower` times as long: how often it is shown, at some look, to
/// take more than `edge` times as long, whatever the others decide.
fn beside_a_plateau(machine: &mut Machine, plateau: usize, slower: f64, edge: f64) -> f64 {
    let cells: Vec<Cell> =
        [slower].into_iter().chain(vec![1.0; plateau]).map(|time_s| Cell::new(time_s, 0.02)).collect();
    share(|| {
        let times = machine.rounds(24, &cells);
        let shown =
            |look: u32| beside_the_best(&times, look as usize).interval(looks::alpha(&LOOKS, look)).low > edge.ln();
        LOOKS.into_iter().any(shown)
    })
}

#[test]
fn a_plateau_is_rarely_called_a_drop_off() {
    for plateau in [1, 6] {
        for mut machine in machines(34) {
            let any = beside_a_plateau(&mut machine, plateau, 1.0, 1.0);
            assert!(any <= WRONG, "{plateau} equal ones, outliers {}: slower in {any}", machine.outliers);
            // The truth is at the edge: slower by exactly what doesn't count.
            let wrong = beside_a_plateau(&mut machine, plateau, 1.0 + DELTA, 1.0 + DELTA);
            assert!(wrong <= WRONG, "{plateau} equal ones, outliers {}: drop-off in {wrong}", machine.outliers);
        }
    }
}

#[test]
fn a_drop_off_is_mostly_called_so() {
    for mut machine in machines(36) {
        let right = beside_a_plateau(&mut machine, 6, 1.2, 1.0 + DELTA);
        assert!(right > 0.8, "outliers {}: drop-off in {right}", machine.outliers);
    }
}

/// The interval covers the ratio to the truly fastest, also if several are equally fast. At 6 rounds, where choosing in
/// one half of the rounds and comparing in the other would leave two degrees of freedom, it still finds drop-offs.
#[test]
fn six_rounds_are_enough_for_a_drop_off_and_its_interval_covers() {
    let mut machine = Machine::seeded(41);
    let cells: Vec<Cell> = [1.3, 1.0, 1.0, 1.0, 1.1].map(|time_s| Cell::new(time_s, 0.02)).into();
    let (mut covered, mut shown) = (0, 0);
    let experiments = share(|| {
        let found = beside_the_best(&machine.rounds(6, &cells), 6).interval(0.05);
        covered += u32::from((found.low..=found.high).contains(&1.3_f64.ln()));
        shown += u32::from(found.low > (1.0 + DELTA).ln());
        true
    });
    assert!((experiments - 1.0).abs() < 1e-9);
    let of_all = |count: u32| f64::from(count) / f64::from(super::EXPERIMENTS);
    assert!(of_all(covered) >= 0.95 - COUNTING && of_all(shown) > 0.9, "{covered} covered, {shown} shown");
}

/// One in forty of these intervals may lie above the truth.
#[test]
fn comparing_with_the_seemingly_best_alone_finds_drop_offs_where_none_are() {
    let mut machine = Machine::seeded(38);
    let wrong = share(|| {
        let times = machine.rounds(24, &[Cell::new(1.0, 0.008); 7]);
        beside_the_best(&times, 24).leader().interval(0.05).low > 0.0
    });
    assert!(wrong > 0.07, "slower in {wrong}");
}

/// How often some answer about the fastest is wrong: a slower one called the fastest, the fastest called slower, or one
/// called as fast that takes longer than the margin.
fn places_that_are_wrong(machine: &mut Machine, truth: &[f64]) -> f64 {
    let cells: Vec<Cell> = truth.iter().map(|&time_s| Cell::new(time_s, 0.03)).collect();
    let best = truth.iter().copied().fold(f64::INFINITY, f64::min);
    share(|| {
        let times = machine.rounds(10, &cells);
        let times: Vec<&[f64]> = times.iter().map(Vec::as_slice).collect();
        let places = ranking::places(&times, DELTA, looks::ALPHA);
        places.into_iter().zip(truth).any(|(place, &time_s)| match place {
            ranking::Place::Fastest => truth.iter().filter(|other| **other <= time_s).count() > 1,
            ranking::Place::AsFast => time_s > best * (1.0 + DELTA),
            ranking::Place::Slower => time_s <= best,
            ranking::Place::NotToldApart => false,
        })
    })
}

#[test]
fn fastest_as_fast_and_slower_are_rarely_wrong() {
    for mut machine in machines(42) {
        for truth in [&[1.0, 1.0][..], &[1.0; 6], &[1.0, 1.0501, 1.0501, 2.0], &[1.0, 1.01, 1.02, 1.0501]] {
            let wrong = places_that_are_wrong(&mut machine, truth);
            assert!(wrong <= WRONG, "{truth:?}, outliers {}: wrong in {wrong}", machine.outliers);
        }
    }
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
