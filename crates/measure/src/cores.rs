//! How many cores a process and its descendants use at the moment.
//!
//! Measured from outside, as time that the system charged to each of them since the last sample. Its resolution is 10
//! ms, so sampling makes sense a few times a second and no more often.

use super::clock::{between, now_ns};
use std::collections::HashMap;

/// Samples a process and its descendants.
#[derive(Debug)]
pub struct CoresInUse {
    root: u32,
    /// Descendants with this first argument don't count, nor do theirs.
    without: &'static str,
    last_ns: u64,
    /// Seconds charged to each so far.
    charged: HashMap<u32, f64>,
}

impl CoresInUse {
    /// For process `root` and its descendants, except those started as the subcommand `without`.
    pub fn of(root: u32, without: &'static str) -> Self {
        Self { root, without, last_ns: now_ns(), charged: HashMap::new() }
    }

    /// Cores in use since the last call; `None` if the system doesn't report it, and on the first call. The use of a
    /// process that has ended since the last call is lost.
    pub fn look(&mut self) -> Option<f64> {
        let charged = system::charged_s(self.root, self.without)?;
        let now = now_ns();
        let took_s = between(std::mem::replace(&mut self.last_ns, now), now).as_secs_f64();
        let since = |(pid, total_s): (&u32, &f64)| (total_s - self.charged.get(pid).unwrap_or(&0.0)).max(0.0);
        let used_s: f64 = charged.iter().map(since).sum();
        let is_first = self.charged.is_empty();
        self.charged = charged;
        (!is_first && took_s > 0.0).then(|| used_s / took_s)
    }
}

#[cfg(target_os = "linux")]
mod system {
    use procfs::process::Process;
    use std::collections::HashMap;

    /// Seconds that were charged to each process so far.
    pub(super) fn charged_s(root: u32, without: &str) -> Option<HashMap<u32, f64>> {
        let (mut charged, mut to_do) = (HashMap::new(), vec![root]);
        while let Some(pid) = to_do.pop() {
            let Ok(process) = Process::new(i32::try_from(pid).ok()?) else { continue };
            let is_out =
                |process: &Process| process.cmdline().is_ok_and(|line| line.get(1).is_some_and(|arg| arg == without));
            if pid != root && is_out(&process) {
                continue;
            }
            if let Ok(stat) = process.stat() {
                charged.insert(pid, (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64);
            }
            let Ok(tasks) = process.tasks() else { continue };
            to_do.extend(tasks.flatten().filter_map(|task| task.children().ok()).flatten());
        }
        (!charged.is_empty()).then_some(charged)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::collections::HashMap;

    pub(super) fn charged_s(_: u32, _: &str) -> Option<HashMap<u32, f64>> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::cpu::CpuTime;
    use std::process::{Child, Command, Stdio, id};

    /// A shell that is busy until it is killed.
    struct Busy(Child);

    impl Busy {
        fn new(argument: &str) -> Self {
            let busy = Command::new("sh").args(["-c", "while :; do :; done", argument]).stdin(Stdio::null()).spawn();
            Self(busy.expect("there is a shell"))
        }
    }

    impl Drop for Busy {
        fn drop(&mut self) {
            self.0.kill().expect("it is ours");
            self.0.wait().expect("it is ours");
        }
    }

    /// Computes until this process has used `s` more.
    fn compute(s: f64) {
        let begun_s = CpuTime::of_this_process().total_s();
        while CpuTime::of_this_process().total_s() < begun_s + s {}
    }

    #[test]
    fn what_is_busy_is_seen_and_who_is_left_out_is_not() {
        let mut cores = CoresInUse::of(id(), "-c");
        assert_eq!(cores.look(), None, "there is nothing to compare with yet");
        compute(0.1);
        assert!(cores.look().unwrap() > 0.0);
        let busy = Busy::new("x");
        let of_child = |without| {
            let mut cores = CoresInUse::of(busy.0.id(), without);
            cores.look();
            compute(0.3);
            cores.look()
        };
        assert!(of_child("server").unwrap() > 0.0);
        let mut seen = system::charged_s(id(), "server").unwrap();
        assert!(seen.remove(&busy.0.id()).is_some());
        assert!(!system::charged_s(id(), "-c").unwrap().contains_key(&busy.0.id()));
    }
}
