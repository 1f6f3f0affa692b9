//! How a speedup develops with more workers: Amdahl's law and the Universal Scalability Law.
//!
//! N workers are X(N) = N / (1 + sigma (N - 1) + kappa N (N - 1)) times as fast as one. Sigma is *contention*: the share
//! of the work that is done one at a time. Kappa is *coherence*: what each pair of workers costs, for example a cache
//! line that goes to and fro. Without kappa this is Amdahl's law, which levels out at 1 / sigma; with it, the speedup
//! has a peak at sqrt((1 - sigma) / kappa) and falls after it (N. J. Gunther, "Guerrilla Capacity Planning", 2007,
//! chapters 4 and 5).
//!
//! The law is linear in its parameters, so they are a least-squares solution with 0 <= sigma <= 1 and kappa >= 0, of
//! the points' relative departures from the curve. The intervals are from a bootstrap that draws whole rounds, since
//! the speedups of one round share its baseline (see [`crate::bootstrap`]; below about ten rounds it is too narrow).
//!
//! A prediction outside of what was measured assumes that the law still holds. What a bootstrap can't know is how wrong
//! the law is. The fit shows it in part: a curve that misses a measured point by d is taken to miss any other by as
//! much, and beyond the measured worker counts by more, in proportion to N. A law with as many parameters as there are
//! points shows nothing of this: what it predicts has no interval (see [`UslFit::is_judged`]).

use super::Estimate;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use std::fmt;

const RESAMPLES: usize = 4_000;

/// Which law is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// Contention alone: kappa is 0.
    Amdahl,
    /// Contention and coherence.
    Usl,
}

impl Law {
    /// How many parameters it has.
    fn parameters(self) -> usize {
        match self {
            Self::Amdahl => 1,
            Self::Usl => 2,
        }
    }
}

/// Sigma and kappa.
#[derive(Debug, Clone, Copy, PartialEq)]
struct SigmaKappa {
    sigma: f64,
    kappa: f64,
}

/// The speedup of `workers` workers: N / (1 + sigma (N - 1) + kappa N (N - 1)).
pub fn speedup(sigma: f64, kappa: f64, workers: u32) -> f64 {
    let n = f64::from(workers);
    n / (1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0))
}

impl SigmaKappa {
    fn speedup(self, workers: u32) -> f64 {
        speedup(self.sigma, self.kappa, workers)
    }

    /// The number of workers with the greatest speedup, at least 1; infinite if it never falls.
    fn peak(self) -> f64 {
        if self.kappa > 0.0 { ((1.0 - self.sigma) / self.kappa).sqrt().max(1.0) } else { f64::INFINITY }
    }

    /// The least-squares parameters of these points. In the relative departure S / X(N) - 1 of a point, a is what sigma
    /// is multiplied by, b what kappa is, and y what they have to add up to. The sum of squares is convex, so its least
    /// value within the bounds is the one inside, if there is one there, or else the least on an edge.
    fn fitted(law: Law, points: &[(u32, f64)]) -> Self {
        let rows = || {
            points.iter().map(|&(workers, speedup)| {
                let n = f64::from(workers);
                (speedup * (n - 1.0) / n, speedup * (n - 1.0), 1.0 - speedup / n)
            })
        };
        let [mut aa, mut ab, mut bb, mut ay, mut by] = [0.0; 5];
        for (a, b, y) in rows() {
            aa += a * a;
            ab += a * b;
            bb += b * b;
            ay += a * y;
            by += b * y;
        }
        let without_kappa = Self { sigma: (ay / aa).clamp(0.0, 1.0), kappa: 0.0 };
        if law == Law::Amdahl {
            return without_kappa;
        }
        let determinant = aa * bb - ab * ab;
        let inside = Self { sigma: (ay * bb - by * ab) / determinant, kappa: (by * aa - ay * ab) / determinant };
        if (0.0..=1.0).contains(&inside.sigma) && inside.kappa >= 0.0 {
            return inside;
        }
        let at = |sigma: f64| Self { sigma, kappa: ((by - sigma * ab) / bb).max(0.0) };
        let squares = |it: &Self| rows().map(|(a, b, y)| (a * it.sigma + b * it.kappa - y).powi(2)).sum::<f64>();
        let edges = [without_kappa, at(0.0), at(1.0)];
        edges.into_iter().min_by(|one, other| squares(one).total_cmp(&squares(other))).unwrap_or(without_kappa)
    }
}

/// Why nothing was fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotFitted {
    /// Fewer different worker counts than the law needs; one worker is known beforehand and needn't be measured.
    TooFewCounts {
        /// How many there are, one worker included.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Fewer than two rounds that all worker counts have.
    TooFewRounds,
    /// A speedup that isn't a positive number, or a count of 0.
    NotPositive,
}

impl fmt::Display for NotFitted {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewCounts { found, needed } => {
                write!(to, "{found} different worker counts with 1 among them, where at least {needed} are needed")
            }
            Self::TooFewRounds => to.write_str("fewer than two rounds that every worker count has"),
            Self::NotPositive => to.write_str("a speedup or a number of workers that isn't a positive number"),
        }
    }
}

impl std::error::Error for NotFitted {}

/// A law fitted to speedups by worker count. All intervals are 95 %.
#[derive(Debug, Clone)]
pub struct UslFit {
    /// Which law it is.
    pub law: Law,
    /// Contention, 0 to 1.
    pub sigma: Estimate,
    /// Coherence, at least 0; exactly 0 for Amdahl's law.
    pub kappa: Estimate,
    /// The number of workers with the greatest speedup, at least 1. `f64::INFINITY`, also as an end of the interval,
    /// where the speedup never falls.
    pub peak_workers: Estimate,
    /// The largest distance of a measured point from the curve, as a share of the point's speedup. It says nothing of a
    /// fit that isn't judged.
    pub worst_departure: f64,
    /// The largest worker count that was measured. What lies beyond it is an extrapolation.
    pub most_workers: u32,
    /// How many different worker counts above one it is fitted to.
    points: usize,
    fitted: SigmaKappa,
    drawn: Vec<SigmaKappa>,
}

impl UslFit {
    /// Whether there are more points than parameters, so that they show how well the law fits: one with a parameter for
    /// each goes through all of them, whatever they are.
    pub fn is_judged(&self) -> bool {
        self.points > self.law.parameters()
    }

    /// The speedup of `workers` workers, at least 1, over one.
    ///
    /// The interval has the scatter of the rounds, and is widened by the worst departure: by as much up to the largest
    /// measured count, beyond it by N / largest times as much. For a fit that isn't judged it is the scatter alone, and
    /// no interval of the prediction. It knows nothing of the number of tasks or cores: see [`crate::ceiling`].
    pub fn predict(&self, workers: u32) -> Estimate {
        let workers = workers.max(1);
        let of_rounds = interval(self.fitted.speedup(workers), self.drawn.iter().map(|drawn| drawn.speedup(workers)));
        if workers == 1 {
            return of_rounds;
        }
        let distance = (f64::from(workers) / f64::from(self.most_workers)).max(1.0);
        let wider = 1.0 + self.worst_departure * distance;
        Estimate { estimate: of_rounds.estimate, low: of_rounds.low / wider, high: of_rounds.high * wider }
    }
}

/// Fits a law to speedups over one worker. Each point is a number of workers and its speedup in each round, in the same
/// order of rounds for all points; rounds that not all points have are left out, and so are points of one worker, whose
/// speedup is 1 by definition. Several points of the same count are all used.
///
/// # Errors
///
/// The Universal Scalability Law needs three different worker counts, Amdahl's law two; one worker counts as one, since
/// it is known. Two rounds are needed, and positive numbers.
///
/// Points with more workers than cores follow another law if their tasks compute: leave them out.
pub fn fit(law: Law, points: &[(u32, Vec<f64>)]) -> Result<UslFit, NotFitted> {
    let positive = |speedup: &f64| *speedup > 0.0 && speedup.is_finite();
    if points.iter().any(|(workers, speedups)| *workers == 0 || !speedups.iter().all(positive)) {
        return Err(NotFitted::NotPositive);
    }
    let above: Vec<&(u32, Vec<f64>)> = points.iter().filter(|(workers, _)| *workers > 1).collect();
    let mut counts: Vec<u32> = above.iter().map(|(workers, _)| *workers).collect();
    counts.sort_unstable();
    counts.dedup();
    let (needed, found) = (law.parameters() + 1, counts.len() + 1);
    let Some(&most_workers) = counts.last().filter(|_| found >= needed) else {
        return Err(NotFitted::TooFewCounts { found, needed });
    };
    let rounds = above.iter().map(|(_, speedups)| speedups.len()).min().unwrap_or(0);
    if rounds < 2 {
        return Err(NotFitted::TooFewRounds);
    }
    let logarithms: Vec<(u32, Vec<f64>)> = above
        .iter()
        .map(|(workers, speedups)| (*workers, speedups[..rounds].iter().map(|speedup| speedup.ln()).collect()))
        .collect();
    // Geometric means over these rounds.
    let means = |chosen: &[usize]| -> Vec<(u32, f64)> {
        let mean = |of: &[f64]| chosen.iter().map(|&round| of[round]).sum::<f64>() / chosen.len() as f64;
        logarithms.iter().map(|(workers, of)| (*workers, mean(of).exp())).collect()
    };
    let measured = means(&(0..rounds).collect::<Vec<_>>());
    let fitted = SigmaKappa::fitted(law, &measured);
    let mut random = Pcg64::seed_from_u64(1);
    let drawn: Vec<SigmaKappa> = (0..RESAMPLES)
        .map(|_| {
            let chosen: Vec<usize> = (0..rounds).map(|_| random.random_range(0..rounds)).collect();
            SigmaKappa::fitted(law, &means(&chosen))
        })
        .collect();
    let departures = measured.iter().map(|&(workers, speedup)| (fitted.speedup(workers) / speedup - 1.0).abs());
    Ok(UslFit {
        law,
        sigma: interval(fitted.sigma, drawn.iter().map(|drawn| drawn.sigma)),
        kappa: interval(fitted.kappa, drawn.iter().map(|drawn| drawn.kappa)),
        peak_workers: interval(fitted.peak(), drawn.iter().map(|drawn| drawn.peak())),
        worst_departure: departures.fold(0.0, f64::max),
        most_workers,
        points: counts.len(),
        fitted,
        drawn,
    })
}

/// The middle 95 % of the drawn values. The estimate is never outside of them, not even where the bounds of sigma and
/// kappa make the distribution lopsided.
fn interval(estimate: f64, drawn: impl Iterator<Item = f64>) -> Estimate {
    let mut sorted: Vec<f64> = drawn.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let quantile = |share: f64| sorted[(share * (sorted.len() - 1) as f64).round() as usize];
    Estimate { estimate, low: quantile(0.025).min(estimate), high: quantile(0.975).max(estimate) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Speedups by this law in so many rounds, each multiplied by a factor that scatters by `scatter`.
    fn noisy(sigma: f64, kappa: f64, counts: &[u32], rounds: usize, scatter: f64, seed: u64) -> Vec<(u32, Vec<f64>)> {
        let mut random = Pcg64::seed_from_u64(seed);
        // The sum of twelve even draws, less six, is as good as normal.
        let mut normal = || (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
        let mut round = |workers| speedup(sigma, kappa, workers) * (scatter * normal()).exp();
        counts.iter().map(|&workers| (workers, (0..rounds).map(|_| round(workers)).collect())).collect()
    }

    fn width(it: Estimate) -> f64 {
        (it.high - it.low) / it.estimate
    }

    #[test]
    fn agrees_with_the_r_package() {
        // The example of the R package `usl`, whose `coef` gives 0.02 for both parameters.
        let made = [(2, 1.8868), (4, 3.0769), (6, 3.5294), (8, 3.5398), (10, 3.3557)];
        let found = fit(Law::Usl, &made.map(|(workers, speedup)| (workers, vec![speedup; 2]))).unwrap();
        assert!((found.sigma.estimate - 0.02).abs() < 1e-4 && (found.kappa.estimate - 0.02).abs() < 1e-5, "{found:?}");
        // A ray tracer on up to 64 processors: Gunther's book, and the package's data set `raytracer`. The package has
        // sigma 0.05002 with a standard error of 0.00321, and kappa 4.71e-6 with 6.92e-5. It weighs a point by its
        // speedup, where we have relative departures, so the two agree within twice these errors.
        let rays = [20.0, 78.0, 130.0, 170.0, 190.0, 200.0, 210.0, 230.0, 260.0, 280.0, 310.0];
        let counts = [1, 4, 8, 12, 16, 20, 24, 28, 32, 48, 64];
        let points: Vec<(u32, Vec<f64>)> = counts.into_iter().zip(rays.map(|rays| vec![rays / 20.0; 2])).collect();
        let found = fit(Law::Usl, &points).unwrap();
        let errors = [(found.sigma.estimate - 0.05002) / 0.00321, (found.kappa.estimate - 4.71e-6) / 6.92e-5];
        assert!(errors.iter().all(|error| error.abs() < 2.0), "{errors:?}, {:?} {:?}", found.sigma, found.kappa);
    }

    #[test]
    fn covers_the_parameters_and_what_was_not_measured() {
        let (sigma, kappa) = (0.05, 0.002);
        let [mut sigmas, mut kappas, mut peaks, mut predictions] = [0; 4];
        let covers = |it: Estimate, truth: f64| u32::from(it.low <= truth && truth <= it.high);
        let all = 60_u64;
        for seed in 0..all {
            let found = fit(Law::Usl, &noisy(sigma, kappa, &[1, 2, 4, 8], 20, 0.03, seed)).unwrap();
            sigmas += covers(found.sigma, sigma);
            kappas += covers(found.kappa, kappa);
            peaks += covers(found.peak_workers, (0.95_f64 / 0.002).sqrt());
            predictions += covers(found.predict(32), speedup(sigma, kappa, 32));
        }
        // 95 % of 60 are 57; a binomial chance of less than 1 in 1000 falls below 50.
        for covered in [sigmas, kappas, peaks, predictions] {
            assert!(covered >= 50, "sigma {sigmas}, kappa {kappas}, peak {peaks}, predictions {predictions} of {all}");
        }
    }

    #[test]
    fn the_interval_grows_beyond_the_measured_counts() {
        for law in [Law::Amdahl, Law::Usl] {
            let found = fit(law, &noisy(0.1, 0.001, &[2, 4, 8], 12, 0.02, 7)).unwrap();
            let widths = [8, 16, 32, 64].map(|workers| width(found.predict(workers)));
            assert!(widths.is_sorted_by(|near, far| near < far), "{law:?}: {widths:?}");
        }
        // Even where nothing scatters, a law that misses what was measured is not to be believed far away.
        let staircase = [2_u32, 8, 16].map(|workers| (workers, vec![30.0 / f64::from(30_u32.div_ceil(workers)); 4]));
        let found = fit(Law::Usl, &staircase).unwrap();
        assert!(
            found.worst_departure > 0.005 && width(found.predict(64)) > 3.0 * width(found.predict(16)),
            "{found:?}"
        );
    }

    #[test]
    fn one_worker_is_known_and_linear_speedups_have_no_peak() {
        let found = fit(Law::Usl, &[2_u32, 4, 8].map(|workers| (workers, vec![f64::from(workers); 3]))).unwrap();
        let (one, linear) = (Estimate { estimate: 1.0, low: 1.0, high: 1.0 }, found.predict(64));
        assert_eq!(found.predict(1), one);
        assert!(found.peak_workers.estimate > 1e6, "{found:?}");
        assert!((linear.estimate - 64.0).abs() < 1e-9 && found.worst_departure < 1e-12, "{found:?}");
        let superlinear = fit(Law::Usl, &[(2, vec![2.1; 3]), (4, vec![4.5; 3])]).unwrap();
        assert!(superlinear.peak_workers.estimate.is_infinite() && superlinear.worst_departure > 0.04);
    }

    #[test]
    fn a_law_through_its_only_points_is_not_judged() {
        let is_judged = |law, counts: &[u32]| fit(law, &noisy(0.1, 0.001, counts, 3, 0.01, 1)).unwrap().is_judged();
        // One worker is known, and a count that was measured twice is one.
        assert!(
            !is_judged(Law::Amdahl, &[1, 15]) && !is_judged(Law::Amdahl, &[4, 4]) && is_judged(Law::Amdahl, &[2, 4])
        );
        assert!(!is_judged(Law::Usl, &[1, 2, 4]) && is_judged(Law::Usl, &[2, 4, 8]));
    }

    #[test]
    fn refuses_what_it_cannot_fit() {
        let points = |counts: &[u32]| noisy(0.1, 0.0, counts, 3, 0.01, 1);
        let too_few = |found, needed| Some(NotFitted::TooFewCounts { found, needed });
        assert_eq!(fit(Law::Usl, &points(&[1, 2])).err(), too_few(2, 3));
        assert_eq!(fit(Law::Usl, &points(&[2, 2, 2])).err(), too_few(2, 3));
        assert_eq!(fit(Law::Amdahl, &points(&[1])).err(), too_few(1, 2));
        assert!(fit(Law::Amdahl, &points(&[2])).is_ok() && fit(Law::Usl, &points(&[2, 4])).is_ok());
        assert_eq!(fit(Law::Amdahl, &[(2, vec![1.5])]).err(), Some(NotFitted::TooFewRounds));
        assert_eq!(fit(Law::Amdahl, &[(2, vec![1.5; 3]), (4, vec![])]).err(), Some(NotFitted::TooFewRounds));
        for speedup in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(fit(Law::Amdahl, &[(2, vec![speedup; 3])]).err(), Some(NotFitted::NotPositive));
        }
        assert_eq!(fit(Law::Amdahl, &[(0, vec![1.0; 3])]).err(), Some(NotFitted::NotPositive));
    }

    proptest! {
        #[test]
        fn the_fit_finds_the_law_it_was_given(sigma in 0.0_f64..1.0, kappa in 0.0_f64..0.1) {
            let points = [2_u32, 3, 8, 20].map(|workers| (workers, vec![speedup(sigma, kappa, workers); 2]));
            let found = fit(Law::Usl, &points).unwrap();
            prop_assert!((found.sigma.estimate - sigma).abs() < 1e-6 && (found.kappa.estimate - kappa).abs() < 1e-7);
            prop_assert!(found.worst_departure < 1e-6);
        }

        #[test]
        fn whatever_was_measured_the_parameters_keep_their_bounds(
            speedups in prop::collection::vec((1_u32..100, prop::collection::vec(0.01_f64..200.0, 2..5)), 3..6),
        ) {
            let Ok(found) = fit(Law::Usl, &speedups) else { return Ok(()) };
            for it in [found.sigma, found.kappa, found.peak_workers, found.predict(1_000)] {
                prop_assert!(it.low <= it.estimate && it.estimate <= it.high, "{:?}", it);
            }
            prop_assert!(0.0 <= found.sigma.low && found.sigma.high <= 1.0 && found.kappa.low >= 0.0);
            prop_assert!(found.peak_workers.low >= 1.0 && found.worst_departure.is_finite());
        }
    }
}
