//! Scratch directories: removed when their owner drops them, or, if it was killed, when a process creates the next one
//! in the same place.
//!
//! The owner holds a lock on its directory, which the system releases however the owner ends. So a directory that can
//! be locked belongs to no living process. Process ids would not do: the system reuses them.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
};
use tempfile::{Builder, TempDir};

/// The prefix of all scratch directories' names, so that nothing else is ever removed.
pub const PREFIX: &str = "makespan-scratch-";

/// A scratch directory of this process.
#[derive(Debug)]
pub struct Scratch {
    dir: TempDir,
    /// Held open for its lock. Child processes don't inherit it.
    _lock: Option<File>,
}

impl Scratch {
    /// Makes one in `parent`, created if missing, and removes those in it that belong to no living process.
    pub fn new_in(parent: &Path) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        remove_abandoned(parent);
        loop {
            let dir = Builder::new().prefix(PREFIX).tempdir_in(parent)?;
            match lock(dir.path()) {
                Some(lock) if dir.path().exists() => return Ok(Self { dir, _lock: Some(lock) }),
                // Another process took it for abandoned just before it was locked.
                _ if !dir.path().exists() => {}
                // Without locks, no process can take it for abandoned either.
                lock => return Ok(Self { dir, _lock: lock }),
            }
        }
    }

    /// Makes one in the system's directory for temporary files.
    pub fn temporary() -> io::Result<Self> {
        Self::new_in(&std::env::temp_dir())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// Removes directories that can be locked. The next call retries failed removals.
fn remove_abandoned(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        if let Some(_lock) = lock(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The directory's lock, if it is free and the file system has locks.
fn lock(dir: &Path) -> Option<File> {
    let dir = File::open(dir).ok()?;
    match dir.try_lock() {
        Ok(()) => Some(dir),
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn what_has_no_owner_is_removed_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let owned = Scratch::new_in(parent.path()).unwrap();
        // As left by a killed process: an unlocked directory.
        let left = parent.path().join(format!("{PREFIX}left"));
        fs::create_dir_all(left.join("jobs")).unwrap();
        fs::write(left.join("jobs/queue.sqlite3"), "half").unwrap();
        let foreign = parent.path().join("pictures");
        fs::create_dir(&foreign).unwrap();
        let next = Scratch::new_in(parent.path()).unwrap();
        assert!(owned.path().exists() && next.path().exists() && foreign.exists() && !left.exists());
        drop((owned, next));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1, "only what is foreign");
    }

    #[test]
    fn a_process_that_outlives_the_owner_holds_no_lock() {
        let parent = tempfile::tempdir().unwrap();
        let owned = Scratch::new_in(parent.path()).unwrap();
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        // As if the owner were killed: descriptors are closed, but nothing is dropped.
        let Scratch { dir, _lock: lock } = owned;
        let left = dir.keep();
        drop(lock);
        // A process that another test starts now holds the lock until it calls exec.
        let removed = (0..1000).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            Scratch::new_in(parent.path()).unwrap();
            !left.exists()
        });
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(removed);
    }
}
