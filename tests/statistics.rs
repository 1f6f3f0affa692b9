//! Do the intervals keep their promise? Thousands of experiments whose truth is known, from a fixed seed.

use makespan::stats::{median::Median, paired};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use statrs::distribution::{ContinuousCDF, Normal};

const EXPERIMENTS: u32 = 2_000;

/// Draws from the standard normal distribution.
struct Draws {
    random: Pcg64,
    normal: Normal,
}

impl Draws {
    fn seeded(seed: u64) -> Self {
        Self { random: Pcg64::seed_from_u64(seed), normal: Normal::standard() }
    }

    fn next(&mut self) -> f64 {
        self.normal.inverse_cdf(self.random.random_range(1e-12..1.0))
    }
}

/// The times of baseline and measured in each round. The machine's mood is a random walk that both share and that dwarfs
/// the noise that each has of its own.
fn experiment(draws: &mut Draws, rounds: usize, truth: f64) -> (Vec<f64>, Vec<f64>) {
    let mut mood = 0.0;
    let mut round = || {
        mood += 0.3 * draws.next();
        let baseline = (mood + 0.05 * draws.next()).exp();
        let measured = (mood + 0.08 * draws.next()).exp() / truth;
        (baseline, measured)
    };
    (0..rounds).map(|_| round()).unzip()
}

fn share(hits: u32) -> f64 {
    f64::from(hits) / f64::from(EXPERIMENTS)
}

#[test]
fn a_95_percent_interval_of_a_speedup_covers_the_truth_in_93_to_97_percent() {
    for (seed, rounds, truth) in [(1, 10, 4.0), (2, 3, 1.0), (3, 30, 0.7)] {
        let mut draws = Draws::seeded(seed);
        let covers = |_: &u32| {
            let (baseline, measured) = experiment(&mut draws, rounds, truth);
            let found = paired::speedup(&baseline, &measured).expect("there are enough rounds");
            (found.low..=found.high).contains(&truth)
        };
        let covered = share((0..EXPERIMENTS).filter(covers).count() as u32);
        assert!((0.93..=0.97).contains(&covered), "{rounds} rounds: covered in {covered}");
    }
}

#[test]
fn pairs_cancel_the_drift_that_both_share() {
    let mut draws = Draws::seeded(4);
    let (mut paired_width, mut single_width) = (0.0, 0.0);
    for _ in 0..EXPERIMENTS {
        let (baseline, measured) = experiment(&mut draws, 10, 2.0);
        let found = paired::speedup(&baseline, &measured).expect("there are enough rounds");
        paired_width += (found.high / found.low).ln();
        // The same rounds against a baseline that was measured on another day.
        let (another_day, _) = experiment(&mut draws, 10, 2.0);
        let found = paired::speedup(&another_day, &measured).expect("there are enough rounds");
        single_width += (found.high / found.low).ln();
    }
    assert!(paired_width * 3.0 < single_width, "widths {paired_width} and {single_width}");
}

#[test]
fn the_interval_of_a_median_covers_as_often_as_it_says() {
    for (seed, count) in [(5, 3), (6, 5), (7, 10), (8, 30)] {
        let mut draws = Draws::seeded(seed);
        let mut says = 0.0;
        let covers = |_: &u32| {
            let values: Vec<f64> = (0..count).map(|_| draws.next().exp()).collect();
            let found = Median::of(&values).expect("there are values");
            says = found.coverage;
            (found.low..=found.high).contains(&1.0)
        };
        let covered = share((0..EXPERIMENTS).filter(covers).count() as u32);
        assert!((covered - says).abs() < 0.03, "{count} values: covered in {covered}, said {says}");
    }
}
