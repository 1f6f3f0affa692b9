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

/// What happens to one cell alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Noise {
    /// As a rule: heavy tails, because some moments are stormier than others.
    Stormy,
    /// Normal in logarithms.
    Normal,
    /// A long tail of slow runs (a gamma distribution of shape 4).
    Skewed,
    /// The same, but the other cell hardly scatters: nothing balances the tail.
    SkewedAlone,
    /// One in twenty runs takes twice as long.
    Doubled,
    /// The same, of only one of the two cells. The truth is the ratio without.
    DoubledAlone,
    /// One of the cells gets slower by 5 % over 24 rounds. The truth is the mean of the rounds.
    Drift,
}

impl Noise {
    pub const ALL: [Self; 7] =
        [Self::Normal, Self::Stormy, Self::Skewed, Self::SkewedAlone, Self::Doubled, Self::DoubledAlone, Self::Drift];

    pub fn words(self) -> &'static str {
        match self {
            Self::Normal => "normal in logarithms",
            Self::Stormy => "heavy tails",
            Self::Skewed => "a long tail of slow runs (skewness 1)",
            Self::SkewedAlone => "the same in one cell, the other hardly scatters",
            Self::Doubled => "one in twenty runs takes twice as long",
            Self::DoubledAlone => "the same in one cell only",
            Self::Drift => "one cell gets 5 % slower over 24 rounds",
        }
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
    noise: Noise,
}

impl Machine {
    /// One whose mood dwarfs the noise that each cell has of its own.
    pub fn seeded(seed: u64) -> Self {
        Self {
            random: Pcg64::seed_from_u64(seed),
            normal: Normal::standard(),
            mood: 0.3,
            outliers: 0.0,
            noise: Noise::Stormy,
        }
    }

    /// The same, but disturbed in two of a hundred runs.
    pub fn disturbed(seed: u64) -> Self {
        Self { outliers: 0.02, ..Self::seeded(seed) }
    }

    /// The same, with this noise.
    pub fn with(self, noise: Noise) -> Self {
        Self { noise, ..self }
    }

    /// The truth of the mean over so many rounds, where the first of two cells would take `ratio` times as long on a calm
    /// machine: both are logarithms.
    pub fn truth(&self, ratio: f64, rounds: usize) -> f64 {
        ratio + if self.noise == Noise::Drift { drift((rounds as f64 - 1.0) / 2.0) } else { 0.0 }
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
        for round in 0..rounds {
            mood += self.mood * self.normal();
            for (place, (cell, times_s)) in cells.iter().zip(&mut times_s).enumerate() {
                times_s.push(cell.time_s * (mood + self.own(cell.scatter, place == 0, round)).exp());
            }
        }
        times_s
    }

    /// What happens to one cell alone, a logarithm. On average it is the same for all cells, so that the ratio of their calm
    /// times is the truth, except where the noise says otherwise.
    fn own(&mut self, scatter: f64, first: bool, round: usize) -> f64 {
        let outlier = if self.random.random_bool(self.outliers) { self.random.random_range(0.0..0.4) } else { 0.0 };
        let doubled = if self.random.random_bool(0.05) { 2.0_f64.ln() } else { 0.0 };
        outlier
            + match self.noise {
                Noise::Stormy => scatter * (0.4 * self.normal()).exp() * self.normal(),
                Noise::Normal => scatter * self.normal(),
                Noise::SkewedAlone if !first => 0.2 * scatter * self.normal(),
                Noise::Skewed | Noise::SkewedAlone => scatter * self.skewed(),
                Noise::DoubledAlone if !first => scatter * self.normal(),
                Noise::Doubled | Noise::DoubledAlone => scatter * self.normal() + doubled,
                Noise::Drift => scatter * self.normal() + if first { drift(round as f64) } else { 0.0 },
            }
    }

    /// Of mean 0, standard deviation 1 and skewness 1.
    fn skewed(&mut self) -> f64 {
        let gamma: f64 = (0..4).map(|_| -self.random.random_range(1e-12_f64..1.0).ln()).sum();
        (gamma - 4.0) / 2.0
    }
}

/// By how much the drifting cell is slower than in the first round, a logarithm.
fn drift(round: f64) -> f64 {
    1.05_f64.ln() * round / 23.0
}
