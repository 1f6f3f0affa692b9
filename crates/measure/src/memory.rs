//! A pool's resources while it exists: memory, processes and threads, worker processes included.
//!
//! Processes share pages: the program's code, the libraries, page cache that several of them map. A sum of resident
//! sizes counts such a page once for each. The *proportional set size* divides every page by the number of processes
//! that have it, so that a sum over processes counts it once.

pub use super::process_tree::Footprint;

use super::process_tree::Tree;
use std::{
    io,
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// The shortest pause between two samples of a [`PeakSampler`]. A sample itself takes about as long on a small machine.
const PAUSE: Duration = Duration::from_millis(1);

/// A pause is at least this share of the time so far: otherwise, sampling a long run would keep half a core from it.
const SHARE: u32 = 200;

/// The most that a [`PeakSampler`] saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peak {
    /// The instant with the most memory.
    pub memory: Footprint,
    /// The most processes at once.
    pub processes: u32,
    /// The most threads at once.
    pub threads: u32,
}

impl Footprint {
    /// The current use of a process and its descendants. `None` if the system doesn't report it, or it has ended.
    pub fn of(pid: u32) -> Option<Self> {
        Tree::of(pid).footprint()
    }
}

impl Peak {
    fn with(before: Option<Self>, now: Footprint) -> Self {
        let before = before.unwrap_or(Self { memory: now, processes: 0, threads: 0 });
        Self {
            memory: if now.bytes > before.memory.bytes { now } else { before.memory },
            processes: before.processes.max(now.processes),
            threads: before.threads.max(now.threads),
        }
    }
}

/// Samples a process tree from a thread of its own, and keeps the most it saw: once a millisecond at first, later at
/// intervals of 0.5 % of the time so far. Peaks between two samples are missed.
#[derive(Debug)]
pub struct PeakSampler {
    // Never sent to: the thread ends when it drops.
    until: Sender<()>,
    sampler: JoinHandle<Option<Peak>>,
}

impl PeakSampler {
    /// Starts sampling the process and its descendants. Fails if the system refuses a thread.
    pub fn start(pid: u32) -> io::Result<Self> {
        let (until, stopped) = mpsc::channel();
        let sampler = thread::Builder::new().name("memory".into()).spawn(move || {
            let mut tree = Tree::of(pid);
            let (mut peak, start) = (None, Instant::now());
            loop {
                let pause = PAUSE.max(start.elapsed() / SHARE);
                let last = stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout);
                peak = tree.footprint().map(|now| Peak::with(peak, now)).or(peak);
                if last {
                    return peak;
                }
            }
        })?;
        Ok(Self { until, sampler })
    }

    /// Takes a last sample and returns the peak. `None` if no sample could be taken.
    pub fn stop(self) -> Option<Peak> {
        drop(self.until);
        self.sampler.join().ok().flatten()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::{hint::black_box, process::Command};

    #[test]
    fn a_process_that_is_gone_has_no_memory() {
        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert_eq!(Footprint::of(child.id()), None);
        assert_eq!(Footprint::of(u32::MAX), None);
        assert_eq!(PeakSampler::start(child.id()).unwrap().stop(), None);
    }

    #[test]
    fn the_peak_has_what_is_held_at_the_end() {
        const SIZE: usize = 64 << 20;
        let sampler = PeakSampler::start(std::process::id()).unwrap();
        let held = black_box(vec![1_u8; SIZE]);
        let peak = sampler.stop().unwrap();
        drop(held);
        assert!(peak.memory.bytes >= SIZE as u64, "{peak:?}");
        assert!(peak.processes >= 1 && peak.threads >= 2, "this thread and the sampler: {peak:?}");
    }

    #[test]
    fn the_most_of_each_is_kept_whenever_it_was() {
        let at = |bytes, processes, threads| Footprint { bytes, descendants_bytes: 0, processes, threads };
        let seen = [at(5, 1, 9), at(9, 2, 3), at(7, 4, 2)];
        let peak = seen.into_iter().fold(None, |peak, now| Some(Peak::with(peak, now)));
        assert_eq!(peak, Some(Peak { memory: seen[1], processes: 4, threads: 9 }));
    }
}
