//! How many cores other programs keep busy while this one measures.
//!
//! The sum of the processor time of all processes that neither are this one nor descend from it, and what a hypervisor took
//! for other machines. It errs on the low side: it misses a process whose parent never asked for its time, and what runs
//! outside of this container. It also counts a server of the user's on the same machine, which is
//! no disturbance but has the same effect: its cores can't be used by workers.

/// The processor time of others, from one moment on.
#[derive(Debug)]
pub struct OthersWatch(system::BusyTicks);

impl OthersWatch {
    /// Begins to count. `None` where the system doesn't report it, and for a process that may not use all cores: others may
    /// run on those.
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
    use crate::{
        process_tree::Tree,
        usable_cores::{UsableCores, cores_online},
    };
    use procfs::{CurrentSI, KernelStats, ticks_per_second};
    use std::{process, time::Instant};

    #[derive(Debug)]
    pub(super) struct BusyTicks {
        tree: Tree,
        begun: Instant,
        before: u64,
    }

    impl BusyTicks {
        pub(super) fn begin() -> Option<Self> {
            if UsableCores::of_this_process().affinity < cores_online() {
                return None;
            }
            let mut tree = Tree::of(process::id());
            let before = others(&mut tree)?;
            Some(Self { tree, begun: Instant::now(), before })
        }

        pub(super) fn cores(&mut self) -> Option<f64> {
            let elapsed_s = self.begun.elapsed().as_secs_f64();
            let ticks = others(&mut self.tree)?.saturating_sub(self.before);
            (elapsed_s > 0.1).then(|| ticks as f64 / ticks_per_second() as f64 / elapsed_s)
        }
    }

    fn others(tree: &mut Tree) -> Option<u64> {
        Some(tree.outsiders_ticks()? + KernelStats::current().ok()?.total.steal.unwrap_or(0))
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
    use std::{
        process::{Command, Stdio},
        thread,
        time::{Duration, Instant},
    };

    #[test]
    fn a_child_that_has_ended_is_not_another_program() {
        let Some(mut watch) = OthersWatch::begin() else { return };
        let mut child = Command::new("sh").args(["-c", "while :; do :; done"]).spawn().expect("sh starts");
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(500) {
            std::hint::black_box(begun.elapsed());
        }
        // Alive, and killed: as a child that nobody has waited for, and as one that was.
        let alive = watch.cores().expect("more than a tenth of a second");
        child.kill().and_then(|()| child.wait()).expect("it is ended");
        let ended = watch.cores().expect("more than a tenth of a second");
        assert!(ended <= alive + 0.3, "{alive}, {ended}");
    }

    #[test]
    fn what_another_program_computes_is() {
        // Its parent ends at once, so that it is no descendant.
        let loops = "(i=0; while [ $i -lt 3000000 ]; do i=$((i + 1)); done) > /dev/null & echo $!";
        let shell = Command::new("setsid").args(["sh", "-c", loops]).stdout(Stdio::piped()).spawn();
        let started = shell.expect("util-linux is there").wait_with_output().expect("it ends");
        let Some(mut watch) = OthersWatch::begin() else { return };
        thread::sleep(Duration::from_millis(500));
        let others = watch.cores();
        let id = String::from_utf8_lossy(&started.stdout).trim().to_owned();
        let _ = Command::new("kill").arg(id).status();
        assert!(others > Some(0.1), "{others:?}");
    }
}
