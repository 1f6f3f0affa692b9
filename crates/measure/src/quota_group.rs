//! A control group with a CPU quota, which this process enters and leaves again.
//!
//! Containers limit cores this way. Only Linux has them, and only root, or the owner of a delegated group, may make one.

use super::usable_cores::{Throttling, own_groups, throttling_in};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    process, thread,
    time::Duration,
};

/// What the names of all groups begin with; the id of their process follows.
const PREFIX: &str = "makespan-";

/// The period of a quota, microseconds: the system's default, and Docker's.
const PERIOD_US: u32 = 100_000;

/// How many times to try to remove a group. A child that has just ended stays in it for a moment.
const TRIES: u32 = 50;

/// A group that this process is in, with the children that it starts. Dropping it leaves the group and removes it.
#[derive(Debug)]
pub struct QuotaGroup {
    folder: PathBuf,
}

impl QuotaGroup {
    /// Makes a group with so many cores below this process's own, and enters it. An error says which group, and why not.
    pub fn enter(cores: f64) -> io::Result<Self> {
        let mut reason = io::Error::new(io::ErrorKind::Unsupported, "this system has no control groups for CPU time");
        for own in own_groups() {
            match Self::below(&own, cores) {
                Ok(group) => return Ok(group),
                Err(error) => reason = io::Error::new(error.kind(), format!("{}: {error}", own.display())),
            }
        }
        Err(reason)
    }

    fn below(own: &Path, cores: f64) -> io::Result<Self> {
        remove_abandoned(own);
        let folder = own.join(format!("{PREFIX}{}", process::id()));
        fs::create_dir(&folder)?;
        // Removed again if the rest fails.
        let group = Self { folder };
        let quota_us = (cores * f64::from(PERIOD_US)).round();
        if own.join("cgroup.controllers").exists() {
            if !group.folder.join("cpu.max").exists() {
                write(&own.join("cgroup.subtree_control"), "+cpu")?;
            }
            write(&group.folder.join("cpu.max"), &format!("{quota_us} {PERIOD_US}"))?;
        } else {
            write(&group.folder.join("cpu.cfs_period_us"), &PERIOD_US.to_string())?;
            write(&group.folder.join("cpu.cfs_quota_us"), &quota_us.to_string())?;
        }
        write(&group.folder.join("cgroup.procs"), &process::id().to_string())?;
        Ok(group)
    }

    /// How often and how long it was stopped so far.
    pub fn throttling(&self) -> Option<Throttling> {
        throttling_in(&fs::read_to_string(self.folder.join("cpu.stat")).ok()?)
    }
}

impl Drop for QuotaGroup {
    fn drop(&mut self) {
        if let Some(own) = self.folder.parent() {
            // A group that can't be left can't be removed either, and lasts until the next boot.
            let _ = write(&own.join("cgroup.procs"), &process::id().to_string());
        }
        for _ in 0..TRIES {
            if fs::remove_dir(&self.folder).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Removes the groups of processes that are gone: one that is killed leaves its own.
fn remove_abandoned(own: &Path) {
    for entry in fs::read_dir(own).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            // It can't be removed as long as somebody is in it.
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// Writes to a file of the system's, and never creates one.
fn write(file: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).open(file)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usable_cores::UsableCores;

    #[test]
    fn a_folder_that_is_no_control_group_is_refused_and_left_as_it_was() {
        let own = tempfile::tempdir().unwrap();
        assert!(QuotaGroup::below(own.path(), 0.5).is_err());
        assert_eq!(fs::read_dir(own.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_others_have_is_not() {
        let own = tempfile::tempdir().unwrap();
        // No process has an id beyond the system's largest, which is below this.
        let names = [format!("{PREFIX}{}", u32::MAX), format!("{PREFIX}{}", process::id()), "other".into()];
        names.iter().for_each(|name| fs::create_dir(own.path().join(name)).unwrap());
        remove_abandoned(own.path());
        assert_eq!(names.map(|name| own.path().join(name).exists()), [false, true, true]);
    }

    #[test]
    fn in_a_group_there_are_as_many_cores_as_its_quota_and_afterwards_as_many_as_before() {
        let before = UsableCores::of_this_process();
        // Where none may be made, there is nothing to see.
        let Ok(group) = QuotaGroup::enter(0.5) else { return };
        let folder = group.folder.clone();
        assert!(UsableCores::of_this_process().quota <= 0.5);
        assert!(group.throttling().is_some());
        drop(group);
        assert_eq!(UsableCores::of_this_process(), before);
        assert!(!folder.exists());
    }
}
