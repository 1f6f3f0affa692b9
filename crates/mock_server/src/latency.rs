//! Latencies that spread around a route's mean.
//!
//! A spread is a distribution of factors with mean 1, so that it fits any latency. The inverse of the distribution
//! function turns a draw, evenly distributed between 0 and 1, into a factor. So a request that draws low is fast on
//! every route, and equal draws give equal latencies, whatever was drawn before.

use super::profile::{LatencyShape, Spread};
use statrs::distribution::{ContinuousCDF, Normal};

/// How many standard deviations the logarithm of a lognormal latency stays within. One draw in 1.7 million lies beyond
/// and is set to the bound, which lowers the largest spread allowed by a fiftieth, and ordinary ones invisibly.
const MOST_DEVIATIONS: f64 = 5.0;

/// The largest spread of a lognormal latency. With a larger one a single latency can decide a whole run.
const LARGEST_LOGNORMAL_CV: f64 = 3.0;

/// A distribution of factors with mean 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Factors {
    /// From `1 - half_width` to `1 + half_width`.
    Uniform { half_width: f64 },
    /// `exp(sigma * z - sigma² / 2)`, with z from the standard normal distribution.
    Lognormal { sigma: f64 },
}

impl Factors {
    /// The factors of a spread, or what its `cv` should have been.
    pub(super) fn of(spread: Spread) -> Result<Self, &'static str> {
        let cv = spread.cv;
        match spread.shape {
            LatencyShape::Uniform if cv > 0.0 && cv * 3_f64.sqrt() <= 1.0 => {
                Ok(Self::Uniform { half_width: cv * 3_f64.sqrt() })
            }
            LatencyShape::Lognormal if cv > 0.0 && cv <= LARGEST_LOGNORMAL_CV => {
                Ok(Self::Lognormal { sigma: cv.powi(2).ln_1p().sqrt() })
            }
            LatencyShape::Uniform => Err("a number above 0 and at most 0.577 (1/√3), or latencies would be negative"),
            LatencyShape::Lognormal => Err("a number above 0 and at most 3"),
        }
    }

    /// The factor of a draw from 0 to 1.
    pub(super) fn at(self, draw: f64) -> f64 {
        match self {
            Self::Uniform { half_width } => 1.0 + half_width * (2.0 * draw - 1.0),
            Self::Lognormal { sigma } => {
                let z = Normal::standard().inverse_cdf(draw).clamp(-MOST_DEVIATIONS, MOST_DEVIATIONS);
                (sigma * z - sigma * sigma / 2.0).exp()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_cv_are_as_asked() {
        for (shape, cv) in [
            (LatencyShape::Uniform, 0.1),
            (LatencyShape::Uniform, 0.57),
            (LatencyShape::Lognormal, 0.2),
            (LatencyShape::Lognormal, 0.95),
            (LatencyShape::Lognormal, 3.0),
        ] {
            let factors = Factors::of(Spread { shape, cv }).unwrap();
            // Evenly spaced draws are the distribution itself, without randomness.
            let count = 1_000_000;
            let all = (0..count).map(|at| factors.at((f64::from(at) + 0.5) / f64::from(count)));
            let (sum, squares) =
                all.fold((0.0, 0.0), |(sum, squares), factor| (sum + factor, squares + factor * factor));
            let mean = sum / f64::from(count);
            let found_cv = (squares / f64::from(count) - mean * mean).sqrt() / mean;
            assert!((mean - 1.0).abs() < 0.001, "{shape:?} {cv}: mean {mean}");
            assert!((found_cv / cv - 1.0).abs() < 0.02, "{shape:?} {cv}: cv {found_cv}");
        }
    }

    #[test]
    fn a_higher_draw_is_never_faster_and_all_are_bounded() {
        for shape in [LatencyShape::Uniform, LatencyShape::Lognormal] {
            let factors = Factors::of(Spread { shape, cv: 0.5 }).unwrap();
            let all: Vec<f64> =
                [0.0, 1e-300, 0.1, 0.5, 0.9, 1.0 - f64::EPSILON, 1.0].map(|draw| factors.at(draw)).into();
            assert!(all.is_sorted() && all.iter().all(|factor| factor.is_finite() && *factor >= 0.0), "{all:?}");
        }
    }
}
