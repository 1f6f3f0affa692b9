//! How much memory a pool takes, worker processes included.
//!
//! Processes share pages: the program's code, the libraries, what a page cache maps into several of them. Adding up their
//! resident sizes counts such a page once for each. The *proportional set size* divides every page by the number of
//! processes that have it, so that a sum over processes counts it once.

use super::process_tree::Tree;
use std::{
    io,
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

/// The pause between two samples of a [`PeakSampler`]. Taking one takes time as well, about as much on a small machine.
const PAUSE: Duration = Duration::from_millis(1);

/// The proportional set size of a process and all its descendants, bytes. A descendant counts from the start of its own
/// program on. `None` where the system doesn't tell, and when the process is gone.
pub fn tree_pss_bytes(pid: u32) -> Option<u64> {
    Tree::of(pid).pss_bytes()
}

/// Samples the memory of a process tree from a thread of its own, about once a millisecond, and keeps the most it saw. What
/// comes and goes between two samples is missed.
#[derive(Debug)]
pub struct PeakSampler {
    // Never sent to: the thread sees that it is gone.
    until: Sender<()>,
    sampler: JoinHandle<Option<u64>>,
}

impl PeakSampler {
    /// Starts sampling the process and its descendants. The error is the system's refusal of a thread.
    pub fn start(pid: u32) -> io::Result<Self> {
        let (until, stopped) = mpsc::channel();
        let sampler = thread::Builder::new().name("memory".into()).spawn(move || {
            let mut tree = Tree::of(pid);
            let mut peak = None;
            loop {
                let last = stopped.recv_timeout(PAUSE) != Err(RecvTimeoutError::Timeout);
                peak = peak.max(tree.pss_bytes());
                if last {
                    return peak;
                }
            }
        })?;
        Ok(Self { until, sampler })
    }

    /// Takes a last sample and gives the most bytes that were in use at once. `None` when no sample could be taken.
    pub fn stop(self) -> Option<u64> {
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
        assert_eq!(tree_pss_bytes(child.id()), None);
        assert_eq!(tree_pss_bytes(u32::MAX), None);
        assert_eq!(PeakSampler::start(child.id()).unwrap().stop(), None);
    }

    #[test]
    fn the_peak_has_what_is_held_at_the_end() {
        const SIZE: usize = 64 << 20;
        let sampler = PeakSampler::start(std::process::id()).unwrap();
        let held = black_box(vec![1_u8; SIZE]);
        let peak = sampler.stop().unwrap();
        drop(held);
        assert!(peak >= SIZE as u64, "{peak}");
    }
}
