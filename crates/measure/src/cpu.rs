//! A process's use of the cores, from the system's accounting: the time it ran, the time it waited for a core, and its
//! context switches.

use nix::sys::{
    resource::{Usage, UsageWho, getrusage},
    time::TimeValLike,
};
use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};

/// The largest share of the processor time that ended threads may have had. Beyond it, the waits of the others say too
/// little about the whole.
const GONE: f64 = 0.1;

/// Processor time of all threads of a process, with related figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CpuTime {
    /// Seconds in the program itself.
    pub user_s: f64,
    /// Seconds in the kernel, on the program's behalf.
    pub system_s: f64,
    /// Context switches, because a thread had to wait (voluntary) or its time slice ended (involuntary). Ended threads
    /// are counted.
    pub switches: u64,
    /// The same from the scheduler's figures for each thread; `None` if the system doesn't report them.
    pub alive: Option<Scheduled>,
}

/// The scheduler's figures for living threads. It forgets those that have ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Scheduled {
    /// Seconds on a core.
    pub ran_s: f64,
    /// Seconds ready to run without a free core.
    pub waited_s: f64,
}

impl CpuTime {
    /// The use of this process so far.
    pub fn of_this_process() -> Self {
        // In this order: reading the usage updates the calling thread's own figure in the scheduler.
        let usage = getrusage(UsageWho::RUSAGE_SELF).map(Self::from).unwrap_or_default();
        Self { alive: scheduler::of_this_process(), ..usage }
    }

    /// The use of all child processes of this process that have ended and were waited for, and of theirs.
    pub fn of_ended_children() -> Self {
        getrusage(UsageWho::RUSAGE_CHILDREN).map(Self::from).unwrap_or_default()
    }

    /// The largest resident size that any child process has had, bytes, of those that have ended and were waited for.
    /// `None` if it was no larger than this process: until a child starts its own program, it counts with its parent's pages.
    pub fn largest_ended_child_bytes() -> Option<u64> {
        // Kilobytes on Linux, bytes on macOS.
        let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
        let largest = |who| getrusage(who).ok().and_then(|usage| u64::try_from(usage.max_rss()).ok());
        let (own, child) = (largest(UsageWho::RUSAGE_SELF)?, largest(UsageWho::RUSAGE_CHILDREN)?);
        (child > own).then_some(child * unit)
    }

    /// User and system time together.
    pub fn total_s(self) -> f64 {
        self.user_s + self.system_s
    }

    /// Seconds that threads were ready to run and waited for a core. `None` if the system doesn't report it, and if
    /// ended threads did more than a tenth of the work: their waits are lost.
    pub fn core_wait_s(self) -> Option<f64> {
        let alive = self.alive.filter(|alive| alive.ran_s >= (1.0 - GONE) * self.total_s())?;
        Some(alive.waited_s)
    }
}

/// Nothing used: the start of a sum.
impl Default for CpuTime {
    fn default() -> Self {
        Self { user_s: 0.0, system_s: 0.0, switches: 0, alive: Some(Scheduled::default()) }
    }
}

impl From<Usage> for CpuTime {
    fn from(usage: Usage) -> Self {
        let seconds = |time: nix::sys::time::TimeVal| time.num_microseconds() as f64 / 1e6;
        Self {
            user_s: seconds(usage.user_time()),
            system_s: seconds(usage.system_time()),
            switches: (usage.voluntary_context_switches() + usage.involuntary_context_switches()) as u64,
            alive: None,
        }
    }
}

impl Add for CpuTime {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            user_s: self.user_s + other.user_s,
            system_s: self.system_s + other.system_s,
            switches: self.switches + other.switches,
            alive: self.alive.zip(other.alive).map(|(one, other)| Scheduled {
                ran_s: one.ran_s + other.ran_s,
                waited_s: one.waited_s + other.waited_s,
            }),
        }
    }
}

/// The difference of two readings. Never negative: the use of a process that died is lost.
impl Sub for CpuTime {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        let less = |later: f64, earlier: f64| (later - earlier).max(0.0);
        Self {
            user_s: less(self.user_s, other.user_s),
            system_s: less(self.system_s, other.system_s),
            switches: self.switches.saturating_sub(other.switches),
            alive: self.alive.zip(other.alive).map(|(later, earlier)| Scheduled {
                ran_s: less(later.ran_s, earlier.ran_s),
                waited_s: less(later.waited_s, earlier.waited_s),
            }),
        }
    }
}

#[cfg(target_os = "linux")]
mod scheduler {
    use super::Scheduled;
    use std::fs;

    /// All threads of this process that are alive.
    pub(super) fn of_this_process() -> Option<Scheduled> {
        let threads = fs::read_dir("/proc/self/task").ok()?.flatten();
        let told = threads.filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok());
        told.filter_map(|line| of_line(&line))
            .reduce(|sum, one| Scheduled { ran_s: sum.ran_s + one.ran_s, waited_s: sum.waited_s + one.waited_s })
    }

    /// `/proc/PID/task/TID/schedstat`: nanoseconds on a core, nanoseconds waiting for one, time slices.
    pub(super) fn of_line(line: &str) -> Option<Scheduled> {
        let mut figures = line.split_ascii_whitespace().map(str::parse::<u64>);
        let (ran, waited) = (figures.next()?.ok()?, figures.next()?.ok()?);
        Some(Scheduled { ran_s: ran as f64 / 1e9, waited_s: waited as f64 / 1e9 })
    }
}

#[cfg(not(target_os = "linux"))]
mod scheduler {
    /// Linux only.
    pub(super) fn of_this_process() -> Option<super::Scheduled> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn used(user_s: f64, switches: u64, alive: Option<(f64, f64)>) -> CpuTime {
        let alive = alive.map(|(ran_s, waited_s)| Scheduled { ran_s, waited_s });
        CpuTime { user_s, system_s: 0.0, switches, alive }
    }

    #[test]
    fn threads_that_are_gone_make_the_wait_for_a_core_unknown() {
        assert_eq!(used(1.0, 0, Some((1.0, 0.25))).core_wait_s(), Some(0.25));
        assert_eq!(used(1.0, 0, Some((0.95, 0.25))).core_wait_s(), Some(0.25));
        assert_eq!(used(1.0, 0, Some((0.5, 0.25))).core_wait_s(), None);
        assert_eq!(used(1.0, 0, None).core_wait_s(), None);
        assert_eq!(used(0.0, 0, Some((0.0, 0.0))).core_wait_s(), Some(0.0));
    }

    #[test]
    fn a_sum_with_something_unknown_in_it_is_unknown() {
        let sum = used(1.0, 2, Some((1.0, 0.5))) + used(0.5, 3, None);
        assert_eq!((sum.user_s, sum.switches, sum.alive), (1.5, 5, None));
    }

    #[test]
    fn work_shows_in_every_figure_that_the_system_tells() {
        let before = CpuTime::of_this_process();
        while (CpuTime::of_this_process() - before).total_s() < 0.02 {}
        // Waiting for a thread yields the core.
        std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_millis(1))).join().unwrap();
        let used = CpuTime::of_this_process() - before;
        assert!(used.total_s() >= 0.02 && used.switches > 0, "{used:?}");
        assert_eq!(used.alive.is_some(), cfg!(target_os = "linux"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_line_of_another_shape_is_no_figure() {
        let told = scheduler::of_line("1500000000 250000000 12\n").map(|one| (one.ran_s, one.waited_s));
        assert_eq!(told, Some((1.5, 0.25)));
        for line in ["", "12", "a b c", "-1 2 3"] {
            assert_eq!(scheduler::of_line(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn what_came_between_is_never_less_than_nothing(a in 0.0..1e6_f64, b in 0.0..1e6_f64, c: u32, d: u32) {
            let one = used(a, c.into(), Some((a, b)));
            let other = used(b, d.into(), Some((b, a)));
            let between = one - other;
            prop_assert!(between.user_s >= 0.0);
            prop_assert_eq!(((one + other) - other).switches, one.switches);
            prop_assert!(between.alive.is_some_and(|alive| alive.ran_s >= 0.0 && alive.waited_s >= 0.0));
        }
    }
}
