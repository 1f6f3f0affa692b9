//! How many cores other programs keep busy while this one measures.
//!
//! The system counts the processor time of each core. What this process and its descendants have used is known, so the rest
//! is that of others: programs, other virtual machines, and what the system does for them. It also counts a server of the
//! user's on the same machine, which is no disturbance but has the same effect: its cores can't be used by workers.

/// The processor time of the cores that this process may use, and its own, from one moment on.
#[derive(Debug)]
pub struct OthersWatch(system::BusyTicks);

impl OthersWatch {
    /// Begins to count. `None` where the system doesn't report it.
    pub fn begin() -> Option<Self> {
        system::BusyTicks::begin().map(Self)
    }

    /// How many cores others have kept busy since it began, on average; `None` in the first tenth of a second, because the
    /// system counts in hundredths.
    pub fn cores(&mut self) -> Option<f64> {
        self.0.cores()
    }
}

#[cfg(target_os = "linux")]
mod system {
    use crate::{half, process_tree::Tree};
    use procfs::{CpuTime, CurrentSI, KernelStats, ticks_per_second};
    use std::{process, time::Instant};

    #[derive(Debug)]
    pub(super) struct BusyTicks {
        tree: Tree,
        begun: Instant,
        all: u64,
        own: u64,
    }

    impl BusyTicks {
        pub(super) fn begin() -> Option<Self> {
            let mut tree = Tree::of(process::id());
            let own = tree.ticks()?;
            Some(Self { tree, begun: Instant::now(), all: busy()?, own })
        }

        pub(super) fn cores(&mut self) -> Option<f64> {
            let elapsed_s = self.begun.elapsed().as_secs_f64();
            let own = self.tree.ticks()?.saturating_sub(self.own);
            let others = busy()?.saturating_sub(self.all).saturating_sub(own);
            (elapsed_s > 0.1).then(|| others as f64 / ticks_per_second() as f64 / elapsed_s)
        }
    }

    /// The ticks in which the cores of this process's affinity mask were busy, or were taken by a hypervisor.
    fn busy() -> Option<u64> {
        let stats = KernelStats::current().ok()?;
        let of = |core: &CpuTime| {
            let rare = [core.irq, core.softirq, core.steal].into_iter().flatten().sum::<u64>();
            core.user + core.nice + core.system + rare
        };
        let usable = half::usable().ok()?;
        // Where a core is offline, the list of cores has gaps, and only their sum can be told.
        let each = usable.iter().map(|&core| stats.cpu_time.get(core).map(of)).collect::<Option<Vec<u64>>>();
        Some(each.map_or_else(|| of(&stats.total), |each| each.iter().sum()))
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    #[derive(Debug)]
    pub(super) struct BusyTicks;

    impl BusyTicks {
        pub(super) fn begin() -> Option<Self> {
            None
        }

        #[expect(clippy::unused_self, reason = "the same shape as on Linux")]
        pub(super) fn cores(&mut self) -> Option<f64> {
            None
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::{cpu::CpuTime, usable_cores::UsableCores};
    use std::{
        process::{Command, Stdio},
        thread,
        time::{Duration, Instant},
    };

    #[test]
    fn what_this_program_computes_is_not_that_of_others() {
        let cores = UsableCores::of_this_process().affinity;
        let (begun, before) = (Instant::now(), CpuTime::of_this_process().total_s());
        let mut watch = OthersWatch::begin().expect("Linux reports it");
        thread::scope(|scope| {
            for _ in 0..cores {
                scope.spawn(|| {
                    while begun.elapsed() < Duration::from_millis(500) {
                        std::hint::black_box(begun.elapsed());
                    }
                });
            }
        });
        let others = watch.cores().expect("more than a tenth of a second");
        let own = (CpuTime::of_this_process().total_s() - before) / begun.elapsed().as_secs_f64();
        assert!(own + others < f64::from(cores) + 0.2, "{own} of its own and {others} of others");
    }

    #[test]
    fn what_another_program_computes_is() {
        // Its parent ends at once, so that it is no descendant.
        let loops = "(i=0; while [ $i -lt 3000000 ]; do i=$((i + 1)); done) > /dev/null & echo $!";
        let shell = Command::new("setsid").args(["sh", "-c", loops]).stdout(Stdio::piped()).spawn();
        let started = shell.expect("util-linux is there").wait_with_output().expect("it ends");
        let mut watch = OthersWatch::begin().expect("Linux reports it");
        thread::sleep(Duration::from_millis(500));
        let others = watch.cores();
        let id = String::from_utf8_lossy(&started.stdout).trim().to_owned();
        let _ = Command::new("kill").arg(id).status();
        assert!(others > Some(0.1), "{others:?}");
    }
}
