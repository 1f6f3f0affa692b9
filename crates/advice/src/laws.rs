//! Amdahl's law and the Universal Scalability Law, fitted to the cells of one strategy.

use serde::{Deserialize, Serialize};
use stats::{
    Estimate,
    usl::{Law, UslFit, fit, speedup},
};

/// The fewest worker counts, one worker among them, from which two parameters and their fit can be told.
const FEWEST_COUNTS: usize = 4;

/// Why laws are not fitted, where the cores have nothing to do with it.
const TOO_FEW: &str = "that takes four numbers of workers of one strategy";

/// Why they are not fitted to work that computes, where numbers beyond the cores were measured.
const TOO_FEW_CORES: &str = "that takes four numbers of workers of one strategy, none greater than the number of cores: more \
                             workers that compute share the cores";

/// Both laws, fitted to the same speedups.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Laws {
    /// Amdahl's law: contention alone.
    pub amdahl: Curve,
    /// The Universal Scalability Law.
    pub usl: Curve,
}

/// One law.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Curve {
    /// Contention: the share of the work that is done one at a time.
    pub sigma: Estimate,
    /// Coherence: what each pair of workers costs.
    pub kappa: Estimate,
    /// The number of workers with the greatest speedup; `None` if it never falls.
    pub peak_workers: Option<f64>,
    /// The lower end of its 95 % interval; `None` likewise.
    pub peak_low: Option<f64>,
    /// The upper end, likewise.
    pub peak_high: Option<f64>,
    /// The largest distance of a measured speedup from the curve, as a share of it.
    pub worst_departure: f64,
    /// The greatest number of workers that it is fitted to.
    #[serde(skip)]
    most_workers: u32,
}

impl Laws {
    /// The laws for these numbers of workers with their speedups in each round, one worker among them or not. `cores` are
    /// those that the workers share, if they compute: neither law knows that there is no more to gain beyond them, so greater
    /// numbers are left out.
    ///
    /// # Errors
    ///
    /// Why they are not fitted: fewer than four numbers, one worker included, or a law can't be fitted to them.
    pub fn of(points: &[(u32, Vec<f64>)], cores: Option<f64>) -> Result<Self, &'static str> {
        let (within, beyond): (Vec<_>, Vec<_>) =
            points.iter().cloned().partition(|(workers, _)| cores.is_none_or(|cores| f64::from(*workers) <= cores));
        let why = if beyond.is_empty() { TOO_FEW } else { TOO_FEW_CORES };
        let mut counts: Vec<u32> = within.iter().map(|(workers, _)| *workers).chain([1]).collect();
        counts.sort_unstable();
        counts.dedup();
        if counts.len() < FEWEST_COUNTS {
            return Err(why);
        }
        let curve = |law| fit(law, &within).map(Curve::from).map_err(|_| why);
        Ok(Self { amdahl: curve(Law::Amdahl)?, usl: curve(Law::Usl)? })
    }

    /// The greatest number of workers that they are fitted to.
    pub fn most_workers(&self) -> u32 {
        self.usl.most_workers
    }
}

impl Curve {
    /// The speedup that the law gives for so many workers.
    pub fn speedup(&self, workers: u32) -> f64 {
        speedup(self.sigma.estimate, self.kappa.estimate, workers)
    }
}

impl From<UslFit> for Curve {
    fn from(fit: UslFit) -> Self {
        let [peak_workers, peak_low, peak_high] =
            [fit.peak_workers.estimate, fit.peak_workers.low, fit.peak_workers.high]
                .map(|workers| Some(workers).filter(|workers| workers.is_finite()));
        let UslFit { sigma, kappa, worst_departure, most_workers, .. } = fit;
        Self { sigma, kappa, peak_workers, peak_low, peak_high, worst_departure, most_workers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stats::usl;

    #[test]
    fn four_counts_are_needed_and_one_worker_is_one_of_them() {
        let point = |workers: u32| (workers, vec![usl::speedup(0.1, 0.01, workers); 3]);
        assert_eq!(Laws::of(&[point(1), point(2), point(4)], None).err(), Some(TOO_FEW));
        let laws = Laws::of(&[point(2), point(4), point(8)], None).expect("four with one worker");
        assert!((laws.usl.sigma.estimate - 0.1).abs() < 1e-9 && laws.usl.worst_departure < 1e-9, "{laws:?}");
        assert!(laws.usl.peak_workers.is_some() && laws.amdahl.peak_workers.is_none());
        assert!((laws.usl.speedup(4) - usl::speedup(0.1, 0.01, 4)).abs() < 1e-9);
    }

    #[test]
    fn workers_that_share_a_core_are_left_out() {
        let on_cores = |cores: f64, workers: u32| (workers, vec![f64::from(workers).min(cores); 3]);
        let two_cores = [1, 2, 3, 4].map(|workers| on_cores(2.0, workers));
        assert_eq!(Laws::of(&two_cores, Some(2.0)).err(), Some(TOO_FEW_CORES));
        let eight_cores = [1, 4, 6, 8, 16].map(|workers| on_cores(8.0, workers));
        let laws = Laws::of(&eight_cores, Some(8.0)).expect("four within the cores");
        assert!(laws.usl.kappa.estimate < 1e-9 && laws.most_workers() == 8, "{laws:?}");
    }
}
