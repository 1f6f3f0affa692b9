//! All cores kept busy for a moment, so that what is timed next finds them awake.
//!
//! A core without work goes to sleep, and a virtual one is lent to somebody else. Threads that begin to compute right after
//! that share a core until the system has noticed and has another one back, which takes milliseconds: in a short run, a
//! good part of it. Whether that strikes a run depends on what went on *before* it (a single worker's run, a pause,
//! somebody who watches), and none of that is the run's own.

use std::{
    hint::spin_loop,
    num::NonZeroUsize,
    thread::{self, Builder},
    time::{Duration, Instant},
};

/// Longer than a scheduler takes to spread threads over the cores: a few of its ticks, of 1 to 4 ms.
const MOMENT: Duration = Duration::from_millis(10);

/// Keeps every core that this process may use busy for a moment, and returns after it.
pub fn wake_cores() {
    let until = Instant::now() + MOMENT;
    thread::scope(|scope| {
        for _ in 1..thread::available_parallelism().map_or(1, NonZeroUsize::get) {
            // Where no thread is to be had, one core more stays asleep, and the run will say what is wrong.
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
