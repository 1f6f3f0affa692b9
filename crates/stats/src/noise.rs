//! Was the machine stable?
//!
//! Two kinds of instability need two remedies. *Drift* is a trend over the rounds: the processor warms up, or another
//! program starts. Pairs cancel it, so speedups stay valid, but a median of times then mixes two different machines.
//! *Spread* is scatter from round to round; it widens every interval, and more rounds narrow them again.

use super::{median::median, student};
use crate::Estimate;

/// Drift or spread up to 5 % isn't reported: the smallest difference that this suite calls one.
const TOLERATED: f64 = 0.05;

/// Drift and spread of the times of one cell, usually the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// How many rounds there were.
    pub rounds: usize,
    /// The last round's time over the first one's, from the least-squares line through the logarithms, with its 95 %
    /// interval: 1 is no drift, 1.07 is 7 % slower at the end. `None` below three rounds.
    pub drift: Option<Estimate>,
    /// The median distance from the median (MAD, unscaled), as a share of the median.
    pub spread: f64,
}

/// Its assessment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// True if there is nothing to warn about.
    pub quiet: bool,
    /// The finding, to be read after the cell's name: "drifted 7 % slower over 10 rounds".
    pub found: String,
    /// The remedy; `None` when quiet.
    pub remedy: Option<String>,
}

impl Noise {
    /// Assesses times in seconds, in the order of their rounds. `None` without times, or with one that isn't positive.
    pub fn of(times_s: &[f64]) -> Option<Self> {
        if times_s.iter().any(|&time| !(time > 0.0 && time.is_finite())) {
            return None;
        }
        let middle = median(times_s)?;
        let distances: Vec<f64> = times_s.iter().map(|time| (time - middle).abs()).collect();
        Some(Self { rounds: times_s.len(), drift: drift(times_s), spread: median(&distances)? / middle })
    }

    /// The same in words. Drift comes first, since it also shows as spread. It counts only if chance would rarely cause
    /// it (its interval excludes 1) and if it is above 5 %. Spread is the machine's, unless latencies are `drawn` anew
    /// in each round: then it is intended.
    pub fn assess(&self, drawn: bool) -> Assessment {
        let Self { rounds, drift, spread } = *self;
        let more = format!("use --rounds {}", (2 * rounds).max(30));
        let drifted = drift.filter(|drift| drift.low > 1.0 || drift.high < 1.0).map(|drift| drift.estimate - 1.0);
        match (drift, drifted) {
            (None, _) => Assessment {
                quiet: false,
                found: format!("has too few rounds ({rounds}) to tell noise from chance"),
                remedy: Some(more),
            },
            (_, Some(drifted)) if drifted.abs() > TOLERATED => Assessment {
                quiet: false,
                found: format!(
                    "drifted {} {} over {rounds} rounds",
                    percent(drifted.abs()),
                    if drifted > 0.0 { "slower" } else { "faster" }
                ),
                remedy: Some(format!("close other programs, let the machine come to rest, or {more}")),
            },
            _ if spread > TOLERATED && drawn => Assessment {
                quiet: true,
                found: format!(
                    "scattered by {} about its median over {rounds} rounds, as latencies that are drawn for each round do",
                    percent(spread)
                ),
                remedy: None,
            },
            _ if spread > TOLERATED => Assessment {
                quiet: false,
                found: format!("scattered by {} about its median over {rounds} rounds", percent(spread)),
                remedy: Some(format!("close other programs, or {more}")),
            },
            _ => Assessment {
                quiet: true,
                found: format!("held still: it scattered by {} about its median over {rounds} rounds", percent(spread)),
                remedy: None,
            },
        }
    }
}

fn drift(times_s: &[f64]) -> Option<Estimate> {
    let logarithms: Vec<f64> = times_s.iter().map(|time| time.ln()).collect();
    let Estimate { estimate, low, high } = student::slope(&logarithms)?;
    let steps = times_s.len() as f64 - 1.0;
    student::exp(Estimate { estimate: estimate * steps, low: low * steps, high: high * steps })
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 9.95 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_a_steady_climb() {
        let climb: Vec<f64> = (0..10).map(|round| 1.07_f64.powf(f64::from(round) / 9.0)).collect();
        let noise = Noise::of(&climb).unwrap();
        assert!((noise.drift.unwrap().estimate - 1.07).abs() < 1e-9);
        let assessment = noise.assess(false);
        assert_eq!(assessment.found, "drifted 7.0 % slower over 10 rounds");
        assert!(assessment.remedy.unwrap().contains("--rounds 30"));
    }

    #[test]
    fn names_scatter_without_a_trend() {
        let noise = Noise::of(&[1.0, 1.2, 1.0, 1.2, 0.8, 1.2, 0.8, 1.0, 1.2, 0.8, 1.0]).unwrap();
        let assessment = noise.assess(false);
        assert!(!assessment.quiet && assessment.found.starts_with("scattered by 20 %"), "{assessment:?}");
        let assessment = noise.assess(true);
        assert!(
            assessment.quiet && assessment.remedy.is_none() && assessment.found.contains("drawn"),
            "{assessment:?}"
        );
    }

    #[test]
    fn leaves_a_quiet_machine_in_peace() {
        let assessment = Noise::of(&[1.0, 1.01, 0.99, 1.0, 1.01, 1.0]).unwrap().assess(false);
        assert!(assessment.quiet && assessment.remedy.is_none(), "{assessment:?}");
    }

    #[test]
    fn makes_no_claim_from_two_rounds() {
        let assessment = Noise::of(&[1.0, 3.0]).unwrap().assess(false);
        assert!(!assessment.quiet && assessment.found.contains("too few"), "{assessment:?}");
        assert_eq!(Noise::of(&[]), None);
        assert_eq!(Noise::of(&[1.0, 0.0]), None);
    }

    proptest! {
        #[test]
        fn the_unit_of_time_does_not_matter(times in prop::collection::vec(0.1_f64..10.0, 4..40)) {
            let doubled: Vec<f64> = times.iter().map(|time| time * 2.0).collect();
            let (one, two) = (Noise::of(&times).unwrap(), Noise::of(&doubled).unwrap());
            prop_assert!((one.spread - two.spread).abs() < 1e-12);
            if let (Some(one), Some(two)) = (one.drift, two.drift) {
                prop_assert!((one.estimate / two.estimate - 1.0).abs() < 1e-9);
            }
        }

        #[test]
        fn backwards_the_drift_is_the_inverse(mut times in prop::collection::vec(0.5_f64..2.0, 5..40)) {
            let there = Noise::of(&times).unwrap().drift.unwrap();
            times.reverse();
            let back = Noise::of(&times).unwrap().drift.unwrap();
            prop_assert!((there.estimate * back.estimate - 1.0).abs() < 1e-9);
        }
    }
}
