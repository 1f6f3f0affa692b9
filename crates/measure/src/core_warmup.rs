//! Keeps all cores busy briefly, so that they are awake for the next timed run.
//!
//! An idle core goes to sleep, and a virtual one is lent to another machine. Threads that begin to compute right after
//! that share a core until the system notices and gets another one back, which takes milliseconds: in a short run, a
//! good part of it. Whether a run suffers depends on what happened *before* it (a single worker's run, a pause, a
//! viewer), and none of that is part of the run.

use crate::usable_cores::UsableCores;
use std::{
    hint::spin_loop,
    thread::{self, Builder},
    time::{Duration, Instant},
};

/// Longer than a scheduler takes to spread threads over the cores: a few of its ticks, of 1 to 4 ms.
const MOMENT: Duration = Duration::from_millis(10);

/// Keeps every core that this process may use busy for a moment, then returns.
pub fn wake_cores() {
    let until = Instant::now() + MOMENT;
    thread::scope(|scope| {
        for _ in 1..UsableCores::of_this_process().affinity {
            // If the system refuses a thread, one more core stays asleep, and the run will report the error.
            let _ = Builder::new().spawn_scoped(scope, || spin(until));
        }
        spin(until);
    });
}

fn spin(until: Instant) {
    while Instant::now() < until {
        spin_loop();
    }
}
