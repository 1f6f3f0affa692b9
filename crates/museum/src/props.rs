//! What several exhibits need: a site to fetch from, threads that start together, a pool's run, a queue like Python's.

mod crew;
pub(super) mod queue;
mod site;

pub(super) use crew::{crew, run};
pub(super) use site::Site;

use std::time::Duration;

/// Longer than any step of an exhibit takes that isn't about being too slow.
pub(super) const AMPLE: Duration = Duration::from_secs(10);
/// The run of the document's way, as the server's log knows it.
pub(super) const BUG: u64 = 1;
/// The run of the right way.
pub(super) const RIGHT: u64 = 2;

/// So many of something, in words.
pub(super) fn count(number: impl Into<u64>, noun: &str) -> String {
    match number.into() {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}
