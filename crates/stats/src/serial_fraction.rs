//! The share of the work that did not get faster with more workers.
//!
//! If a share f of the work can't be divided, N workers are at most 1 / (f + (1 - f) / N) times as fast as one, and no
//! number of workers passes 1 / f (G. M. Amdahl, "Validity of the single processor approach to achieving large scale
//! computing capabilities", AFIPS 1967). Conversely, a measured speedup gives the f that would explain it (A. H. Karp
//! and H. P. Flatt, "Measuring parallel processor performance", Communications of the ACM 33(5), 1990). If that f stays
//! the same as N grows, the law fits; if it grows with N, the cost is in the workers themselves: starting them, sending
//! them tasks, or having fewer cores than workers.

/// Amdahl's law fitted to measured speedups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AmdahlFit {
    /// The undivided share of the work, 0 to 1.
    pub serial_fraction: f64,
    /// The largest distance of a point from the curve, as a share of that point's speedup. The curve is worth drawing
    /// only if this is small.
    pub worst_departure: f64,
}

/// The speedup that Amdahl's law gives: 1 / (f + (1 - f) / N), for `workers` of at least 1.
pub fn amdahl(serial_fraction: f64, workers: u32) -> f64 {
    1.0 / (serial_fraction + (1.0 - serial_fraction) / f64::from(workers))
}

/// The serial fraction that explains one speedup: (1/S - 1/N) / (1 - 1/N). Negative if the speedup is superlinear.
/// `None` below two workers, where any fraction fits, and for a speedup that isn't positive.
pub fn karp_flatt(speedup: f64, workers: u32) -> Option<f64> {
    let one_over = 1.0 / f64::from(workers);
    (workers >= 2 && speedup > 0.0 && speedup.is_finite()).then(|| (1.0 / speedup - one_over) / (1.0 - one_over))
}

/// Fits Amdahl's law to speedups by worker count. `None` without a usable point above one worker.
///
/// The law is a straight line in the relative time: 1/S = 1/N + f (1 - 1/N). So f is a plain least-squares slope, the
/// mean of the Karp-Flatt fractions weighted by (1 - 1/N)^2. It is clamped to 0 and 1. Points with more workers than
/// cores follow another law: leave them out.
pub fn fit_amdahl(speedups: &[(u32, f64)]) -> Option<AmdahlFit> {
    let usable = || speedups.iter().filter_map(|&(workers, speedup)| Some((workers, karp_flatt(speedup, workers)?)));
    let weight = |workers: u32| (1.0 - 1.0 / f64::from(workers)).powi(2);
    let weights: f64 = usable().map(|(workers, _)| weight(workers)).sum();
    if weights == 0.0 {
        return None;
    }
    let weighted: f64 = usable().map(|(workers, fraction)| weight(workers) * fraction).sum();
    let serial_fraction = (weighted / weights).clamp(0.0, 1.0);
    let departures = speedups
        .iter()
        .filter(|&&(workers, speedup)| karp_flatt(speedup, workers).is_some())
        .map(|&(workers, speedup)| (amdahl(serial_fraction, workers) / speedup - 1.0).abs());
    Some(AmdahlFit { serial_fraction, worst_departure: departures.fold(0.0, f64::max) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Both examples on the Karp-Flatt metric in M. J. Quinn, "Parallel Programming in C with MPI and OpenMP", section
    /// 7.5: speedups on 2 to 8 processors.
    const CONSTANT: [f64; 7] = [1.82, 2.50, 3.08, 3.57, 4.00, 4.38, 4.71];
    const GROWING: [f64; 7] = [1.87, 2.61, 3.23, 3.73, 4.14, 4.46, 4.71];

    #[test]
    fn gives_the_fractions_of_the_textbook() {
        for (workers, speedup) in (2..).zip(CONSTANT) {
            let found = karp_flatt(speedup, workers).unwrap();
            assert!((found - 0.1).abs() < 0.002, "{workers} workers: {found}");
        }
        let growing = [0.070, 0.075, 0.080, 0.085, 0.090, 0.095, 0.100];
        for ((workers, speedup), fraction) in (2..).zip(GROWING).zip(growing) {
            let found = karp_flatt(speedup, workers).unwrap();
            assert!((found - fraction).abs() < 0.002, "{workers} workers: {found}, printed {fraction}");
        }
    }

    #[test]
    fn the_fit_tells_the_two_apart() {
        let points = |speedups: [f64; 7]| -> Vec<(u32, f64)> { (2..).zip(speedups).collect() };
        let (constant, growing) = (fit_amdahl(&points(CONSTANT)).unwrap(), fit_amdahl(&points(GROWING)).unwrap());
        assert!((constant.serial_fraction - 0.1).abs() < 0.001 && constant.worst_departure < 0.005, "{constant:?}");
        assert!(growing.worst_departure > 0.02, "{growing:?}");
    }

    #[test]
    fn stays_within_its_bounds_and_says_how_badly_it_fits() {
        let superlinear = fit_amdahl(&[(2, 3.0), (4, 7.0)]).unwrap();
        assert!(superlinear.serial_fraction == 0.0 && superlinear.worst_departure > 0.3, "{superlinear:?}");
        let slower = fit_amdahl(&[(2, 0.5), (4, 0.4)]).unwrap();
        assert!(slower.serial_fraction > 0.999 && slower.worst_departure > 0.9, "{slower:?}");
    }

    #[test]
    fn one_worker_says_nothing() {
        assert_eq!(karp_flatt(1.0, 1), None);
        assert_eq!(karp_flatt(1.0, 0), None);
        assert_eq!(karp_flatt(0.0, 4), None);
        assert_eq!(fit_amdahl(&[(1, 1.0)]), None);
        assert_eq!(fit_amdahl(&[]), None);
    }

    proptest! {
        #[test]
        fn karp_flatt_undoes_amdahl(fraction in 0.0_f64..1.0, workers in 2_u32..1_000) {
            let found = karp_flatt(amdahl(fraction, workers), workers).unwrap();
            prop_assert!((found - fraction).abs() < 1e-9);
        }

        #[test]
        fn the_fit_finds_the_law_it_was_given(fraction in 0.0_f64..1.0) {
            let points: Vec<(u32, f64)> = [1, 2, 4, 8].map(|workers| (workers, amdahl(fraction, workers))).to_vec();
            let fit = fit_amdahl(&points).unwrap();
            prop_assert!((fit.serial_fraction - fraction).abs() < 1e-9 && fit.worst_departure < 1e-9);
        }
    }
}
