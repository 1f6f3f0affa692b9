//! Rounds as a real machine gives them, except that the truth is known.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use statrs::distribution::{ContinuousCDF, Normal};

/// A cell with the time that it would take on a calm machine.
#[derive(Clone, Copy)]
pub struct Cell {
    /// Seconds.
    pub time_s: f64,
    /// The noise of its own, as a share of its time.
    pub scatter: f64,
}

impl Cell {
    pub fn new(time_s: f64, scatter: f64) -> Self {
        Self { time_s, scatter }
    }
}

/// A machine with a mood, and with neighbours.
pub struct Machine {
    random: Pcg64,
    normal: Normal,
    /// How far its mood wanders from one round to the next. All cells of a round share it.
    mood: f64,
    /// How often something else wakes up while a cell runs, and makes it take up to half as long again.
    pub outliers: f64,
}

impl Machine {
    /// One whose mood dwarfs the noise that each cell has of its own.
    pub fn seeded(seed: u64) -> Self {
        Self { random: Pcg64::seed_from_u64(seed), normal: Normal::standard(), mood: 0.3, outliers: 0.0 }
    }

    /// The same, but disturbed in two of a hundred runs.
    pub fn disturbed(seed: u64) -> Self {
        Self { outliers: 0.02, ..Self::seeded(seed) }
    }

    /// The same, but of a mood that doesn't wander.
    pub fn steady(self) -> Self {
        Self { mood: 0.0, ..self }
    }

    /// Draws from the standard normal distribution.
    pub fn normal(&mut self) -> f64 {
        self.normal.inverse_cdf(self.random.random_range(1e-12..1.0))
    }

    /// The times of each cell, one entry for each round.
    pub fn rounds(&mut self, rounds: usize, cells: &[Cell]) -> Vec<Vec<f64>> {
        let mut times_s = vec![Vec::with_capacity(rounds); cells.len()];
        let mut mood = 0.0;
        for _ in 0..rounds {
            mood += self.mood * self.normal();
            for (cell, times_s) in cells.iter().zip(&mut times_s) {
                times_s.push(cell.time_s * (mood + self.own(cell.scatter)).exp());
            }
        }
        times_s
    }

    /// What happens to one cell alone. Its tails are heavy, because some moments are stormier than others. On average
    /// it is the same for all cells, so that the ratio of their calm times is the truth.
    fn own(&mut self, scatter: f64) -> f64 {
        let storm = (0.4 * self.normal()).exp();
        let outlier = if self.random.random_bool(self.outliers) { self.random.random_range(0.0..0.4) } else { 0.0 };
        scatter * storm * self.normal() + outlier
    }
}
