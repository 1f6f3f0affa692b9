//! Code that exhibits share: a site to fetch from, threads that start together, a pool's run, a queue like Python's.

mod crew;
pub(super) mod queue;
mod site;

pub(super) use crew::{crew, run};
pub(super) use site::Site;

use std::time::Duration;

/// Longer than any step takes of an exhibit that isn't about slowness.
pub(super) const AMPLE: Duration = Duration::from_secs(10);
/// The number of the document's run in the server's log.
pub(super) const BUG: u64 = 1;
/// The number of the right way's run.
pub(super) const RIGHT: u64 = 2;

/// A number with its noun, in the singular or plural.
pub(super) fn count(number: impl Into<u64>, noun: &str) -> String {
    match number.into() {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}
