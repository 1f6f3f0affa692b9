//! Identifies the clock of a timestamp, and compares clocks.
//!
//! `CLOCK_MONOTONIC` is the same for all processes of a machine and means nothing on another one. To compare two
//! clocks, a process requests the other's time, and reads its own clock before and after. The other clock was read at
//! an unknown instant in between: the middle is the estimate, and half of the round trip bounds its error, however
//! asymmetric the two directions are. So the shortest of several round trips is the best (Cristian, "Probabilistic clock
//! synchronization", 1989).

use super::clock::{between, now_ns};
use nix::unistd::gethostname;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Requests to the other clock for one estimate.
const SAMPLES: u32 = 8;

/// The other clock's resolution may be as coarse as this: Redis reports microseconds.
const GRAIN_NS: u64 = 1_000;

/// The largest drift between two clocks: the kernel corrects each by up to 500 millionths (`adjtimex(2)`).
const DRIFT_PER_MILLION: u64 = 1_000;

/// Two processes whose axes are equal read the same clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockAxis {
    /// The host's name.
    pub host: String,
    /// Identifies one boot of one kernel; `None` if the system doesn't report it.
    pub boot: Option<String>,
    /// The time namespace, which has its own clock; `None` if unsupported.
    pub time_namespace: Option<u64>,
}

/// How far another clock is ahead of this one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offset {
    /// Nanoseconds to add to this clock's time to get the other's.
    pub ns: i64,
    /// The estimate is off by no more than this, nanoseconds.
    pub uncertainty_ns: u64,
}

/// A clock compared with the queue's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockReading {
    /// The clock.
    pub axis: ClockAxis,
    /// How far the queue's clock is ahead of it.
    pub to_queue: Offset,
}

/// An estimate that ages until a better one replaces it.
#[derive(Debug, Clone, Copy)]
pub struct Comparison {
    offset: Offset,
    made_ns: u64,
}

impl ClockAxis {
    /// This process's.
    pub fn here() -> Self {
        let host = gethostname().map_or_else(|_| "localhost".into(), |name| name.to_string_lossy().into_owned());
        Self { host, boot: system::boot(), time_namespace: system::time_namespace() }
    }
}

impl Offset {
    /// From one request: the other clock was `remote_ns`, between `before_ns` and `after_ns` by this one.
    pub fn of(before_ns: u64, remote_ns: u64, after_ns: u64) -> Self {
        let round_trip_ns = after_ns.saturating_sub(before_ns);
        let (middle_ns, remote_ns) = (before_ns + round_trip_ns / 2, remote_ns.wrapping_add(GRAIN_NS / 2));
        let uncertainty_ns = round_trip_ns.div_ceil(2) + GRAIN_NS.div_ceil(2);
        Self { ns: remote_ns.wrapping_sub(middle_ns).cast_signed(), uncertainty_ns }
    }

    /// Requests the other clock several times, and uses the fastest answer.
    pub fn estimate<E>(mut remote_now: impl FnMut() -> Result<u64, E>) -> Result<Self, E> {
        let mut ask = || {
            let before_ns = now_ns();
            let remote_ns = remote_now()?;
            Ok(Self::of(before_ns, remote_ns, now_ns()))
        };
        let mut best = ask()?;
        for _ in 1..SAMPLES {
            let next = ask()?;
            if next.uncertainty_ns < best.uncertainty_ns {
                best = next;
            }
        }
        Ok(best)
    }

    /// The estimate, with its uncertainty after this time.
    fn aged(self, age: Duration) -> Self {
        let drift_ns = age.as_nanos() * u128::from(DRIFT_PER_MILLION) / 1_000_000;
        Self { uncertainty_ns: self.uncertainty_ns.saturating_add(drift_ns as u64), ..self }
    }

    /// Whether both can't be true.
    fn contradicts(self, other: Self) -> bool {
        self.ns.abs_diff(other.ns) > self.uncertainty_ns.saturating_add(other.uncertainty_ns)
    }
}

impl Comparison {
    /// An estimate that was made just now.
    pub fn new(offset: Offset) -> Self {
        Self { offset, made_ns: now_ns() }
    }

    /// The estimate now.
    pub fn now(&self) -> Offset {
        self.offset.aged(between(self.made_ns, now_ns()))
    }

    /// Offers a new estimate. It is taken if it is at least as good as the aged old one, or if the two exclude each
    /// other, because a clock was set.
    pub fn renew(&mut self, newer: Offset) {
        let known = self.now();
        if newer.uncertainty_ns <= known.uncertainty_ns || newer.contradicts(known) {
            *self = Self::new(newer);
        }
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::{fs, os::unix::fs::MetadataExt};

    pub(super) fn boot() -> Option<String> {
        let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(id.trim().to_owned())
    }

    pub(super) fn time_namespace() -> Option<u64> {
        fs::metadata("/proc/self/ns/time").ok().map(|namespace| namespace.ino())
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn boot() -> Option<String> {
        None
    }

    pub(super) fn time_namespace() -> Option<u64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::convert::Infallible;

    #[cfg(target_os = "linux")]
    #[test]
    fn here_is_one_place() {
        let here = ClockAxis::here();
        assert_eq!(here, ClockAxis::here());
        assert!(!here.host.is_empty() && here.boot.as_ref().is_some_and(|boot| boot.len() == 36), "{here:?}");
    }

    #[test]
    fn a_clock_that_is_not_there_is_an_error() {
        let mut asked = 0;
        let gone = Offset::estimate(|| {
            asked += 1;
            if asked < 3 { Ok(0) } else { Err("gone") }
        });
        assert_eq!(gone, Err("gone"));
    }

    #[test]
    fn an_estimate_is_kept_until_a_better_one_comes_or_it_is_refuted() {
        let offset = |ns, uncertainty_ns| Offset { ns, uncertainty_ns };
        let hour = u64::try_from(Duration::from_hours(1).as_nanos()).expect("it fits");
        let mut known = Comparison::new(offset(1_000, 10_000_000));
        known.renew(offset(2_000, u64::MAX / 4));
        assert_eq!(known.now().ns, 1_000, "a worse one that agrees says nothing new");
        known.renew(offset(3_000, 20));
        assert_eq!(known.now().ns, 3_000);
        known.renew(offset(hour.cast_signed(), 20_000));
        assert_eq!(known.now().ns, hour.cast_signed(), "the other clock was set");
        known.made_ns = known.made_ns.saturating_sub(hour);
        assert!(known.now().uncertainty_ns > 1_000_000, "an hour later it is worth less");
    }

    proptest! {
        #[test]
        fn the_truth_lies_within_the_uncertainty(
            start in 0_u64..1 << 50,
            truth in -(1_i64 << 49)..1 << 60,
            there in 0_u64..1 << 30,
            back in 0_u64..1 << 30,
            grain in prop::sample::select(vec![1, GRAIN_NS]),
        ) {
            let start = start + (1 << 50);
            let remote = (start + there).checked_add_signed(truth).expect("after its epoch");
            let offset = Offset::of(start, remote / grain * grain, start + there + back);
            prop_assert!(offset.ns.abs_diff(truth) <= offset.uncertainty_ns, "{offset:?}");
        }

        #[test]
        fn an_offset_is_found_through_uneven_answers(truth in 0_i64..1 << 60) {
            let estimate = Offset::estimate(|| Ok::<_, Infallible>(now_ns().wrapping_add_signed(truth)));
            let offset = estimate.expect("it can't fail");
            prop_assert!(offset.ns.abs_diff(truth) <= offset.uncertainty_ns, "{offset:?}");
        }
    }
}
