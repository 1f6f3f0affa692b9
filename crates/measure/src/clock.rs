//! The one clock of the whole suite.
//!
//! `CLOCK_MONOTONIC` counts from the same instant in every process of a machine, so a span recorded by a worker process
//! or by the mock server lies on the same axis as one recorded here. `std::time::Instant` reads the same clock but
//! hides its value, so it can't cross a process boundary.

use nix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Nanoseconds since an arbitrary instant, the same for all processes of this machine.
pub fn now_ns() -> u64 {
    let time = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("every supported system has a monotonic clock");
    time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64
}

/// The time from `start_ns` to `end_ns`; zero if they are reversed.
pub fn between(start_ns: u64, end_ns: u64) -> Duration {
    Duration::from_nanos(end_ns.saturating_sub(start_ns))
}
