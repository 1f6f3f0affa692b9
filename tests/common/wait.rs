//! Waiting, with an end.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Longer than anything here takes: what is not over by then hangs.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Waits for something that must come to pass, however busy the machine is.
pub fn wait_until(what: &str, mut come_to_pass: impl FnMut() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !come_to_pass() {
        assert!(Instant::now() < give_up, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
