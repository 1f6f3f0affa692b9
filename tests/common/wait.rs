//! Waiting, with an end.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Longer than anything here takes: what is not over by then hangs.
pub const PATIENCE: Duration = Duration::from_mins(5);

/// Waits for something that must happen, however busy the machine is.
pub fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !happened() {
        assert!(Instant::now() < give_up, "this never happened: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
