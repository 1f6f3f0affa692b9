//! The numbers of this process's threads and child processes, if the system tells.

use work::worker::work::Headcount;

/// Threads and child processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct LeftBehind {
    /// Threads of this process.
    pub(super) threads: usize,
    /// Its child processes, including zombies.
    pub(super) processes: usize,
}

impl From<Headcount> for LeftBehind {
    fn from(Headcount { processes, threads }: Headcount) -> Self {
        Self { threads, processes }
    }
}

impl LeftBehind {
    /// The current numbers; `None` if the system doesn't tell.
    pub(super) fn now() -> Option<Self> {
        Some(Self { threads: threads()?, processes: children()? })
    }

    /// How many more there are than in `other`.
    pub(super) fn beyond(self, other: Self) -> Self {
        let more = |a: usize, b: usize| a.saturating_sub(b);
        Self { threads: more(self.threads, other.threads), processes: more(self.processes, other.processes) }
    }

    /// The maximum of each.
    pub(super) fn most(self, other: Self) -> Self {
        Self { threads: self.threads.max(other.threads), processes: self.processes.max(other.processes) }
    }
}

#[cfg(target_os = "linux")]
fn threads() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/task").ok()?.count())
}

#[cfg(target_os = "linux")]
fn children() -> Option<usize> {
    let own = i32::try_from(std::process::id()).ok()?;
    let parent = |process: procfs::process::Process| process.stat().ok().map(|stat| stat.ppid);
    // A process that ends during the query no longer counts.
    let all = procfs::process::all_processes().ok()?.flatten();
    Some(all.filter_map(parent).filter(|&parent| parent == own).count())
}

#[cfg(not(target_os = "linux"))]
fn threads() -> Option<usize> {
    None
}

#[cfg(not(target_os = "linux"))]
fn children() -> Option<usize> {
    None
}
