//! How many cores this process may use.
//!
//! Two things limit them. The affinity mask names the cores that it may run on. A CPU quota of a control group gives all
//! of the group's threads together so much time in each period: 150 ms in 100 ms are 1.5 cores. It lets four threads run
//! at once, and stops all of them as soon as the time is used up. The quota of every group from the process's own up to
//! the root binds.

use nix::unistd::{SysconfVar, sysconf};
use serde::{Deserialize, Serialize};
use std::{
    num::NonZeroU32,
    ops::{Add, Sub},
    path::PathBuf,
};

/// The limits of this process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UsableCores {
    /// Cores of the affinity mask.
    pub affinity: u32,
    /// The tightest quota of its control groups, in cores; infinite without one, and if it can't be read.
    pub quota: f64,
}

impl UsableCores {
    /// The limits now.
    pub fn of_this_process() -> Self {
        Self { affinity: system::affinity(), quota: system::quota().unwrap_or(f64::INFINITY) }
    }

    /// Cores, perhaps a fraction.
    pub fn cores(self) -> f64 {
        f64::from(self.affinity).min(self.quota)
    }

    /// Whole cores, at least one: how many workers can really compute at once all the time.
    pub fn whole(self) -> NonZeroU32 {
        NonZeroU32::new(self.cores() as u32).unwrap_or(NonZeroU32::MIN)
    }
}

/// How often and how long CPU quotas have stopped the threads of this process's control groups.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Throttling {
    /// Periods in which the quota was used up.
    pub periods: u64,
    /// Seconds that threads were stopped, those of different cores added up.
    pub seconds: f64,
}

impl Throttling {
    /// Since the groups were made; `None` without a quota.
    pub fn so_far() -> Option<Self> {
        system::throttling()
    }
}

impl Add for Throttling {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { periods: self.periods + other.periods, seconds: self.seconds + other.seconds }
    }
}

/// What was added since an earlier look.
impl Sub for Throttling {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            periods: self.periods.saturating_sub(earlier.periods),
            seconds: (self.seconds - earlier.seconds).max(0.0),
        }
    }
}

/// The tightest quota of this process's control groups, in cores; infinite without a limit, `None` if it can't be read.
pub(crate) fn quota() -> Option<f64> {
    system::quota()
}

/// The folders of this process's control groups that may limit CPU time, without their ancestors.
pub(crate) fn own_groups() -> Vec<PathBuf> {
    system::own_groups()
}

/// Reads `cpu.stat`. Version 2 counts microseconds, version 1 nanoseconds.
pub(crate) fn throttling_in(stat: &str) -> Option<Throttling> {
    let figure = |name: &str| {
        let mut lines = stat.lines().filter_map(|line| line.split_once(' '));
        lines.find(|(key, _)| *key == name)?.1.trim().parse::<u64>().ok()
    };
    let seconds = figure("throttled_usec").map(|us| us as f64 / 1e6);
    let seconds = seconds.or_else(|| figure("throttled_time").map(|ns| ns as f64 / 1e9));
    Some(Throttling { periods: figure("nr_throttled")?, seconds: seconds? })
}

/// Cores that the machine has.
pub(crate) fn cores_online() -> u32 {
    let online = sysconf(SysconfVar::_NPROCESSORS_ONLN).ok().flatten();
    online.and_then(|cores| u32::try_from(cores).ok()).unwrap_or(1)
}

#[cfg(target_os = "linux")]
mod system {
    use super::{Throttling, throttling_in};
    use nix::{
        sched::{CpuSet, sched_getaffinity},
        unistd::Pid,
    };
    use std::{
        fs,
        ops::Add,
        path::{Component, Path, PathBuf},
    };

    pub(super) fn affinity() -> u32 {
        let mask = sched_getaffinity(Pid::from_raw(0)).ok();
        let cores = mask.map(|mask| (0..CpuSet::count()).filter(|&core| mask.is_set(core).unwrap_or(false)).count());
        // The mask of a machine with more than a thousand cores doesn't fit.
        cores.filter(|&cores| cores > 0).map_or_else(super::cores_online, |cores| cores as u32)
    }

    pub(super) fn quota() -> Option<f64> {
        Groups::of_this_process()?.quota()
    }

    pub(super) fn throttling() -> Option<Throttling> {
        Groups::of_this_process()?.throttling()
    }

    pub(super) fn own_groups() -> Vec<PathBuf> {
        let all = Groups::of_this_process().map_or_else(Vec::new, |groups| groups.0);
        let has_child_among = |folder: &PathBuf| all.iter().any(|other| other != folder && other.starts_with(folder));
        all.iter().filter(|folder| !has_child_among(folder)).cloned().collect()
    }

    /// The folders of a process's control groups and of all their ancestors, as far as they may contain a quota.
    struct Groups(Vec<PathBuf>);

    impl Groups {
        fn of_this_process() -> Option<Self> {
            Some(Self::of(&fs::read_to_string("/proc/self/cgroup").ok()?, Path::new("/sys/fs/cgroup")))
        }

        /// From the lines `NUMBER:CONTROLLERS:PATH` of `/proc/PID/cgroup`. Version 2 has one hierarchy without
        /// controllers, version 1 one for each set of them. In a container the path may be the host's and not exist
        /// here; then the root of the mount is the group.
        fn of(lines: &str, root: &Path) -> Self {
            let mut folders = Vec::new();
            for line in lines.lines() {
                let mut parts = line.splitn(3, ':').skip(1);
                let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
                let mounts: &[&str] = match controllers {
                    "" => &["", "unified"],
                    named if named.split(',').any(|name| name == "cpu") => &["cpu", "cpu,cpuacct"],
                    _ => &[],
                };
                // `..` leads out of the mount: the group is outside of this process's view.
                let names = Path::new(path).components().filter(|part| matches!(part, Component::Normal(_)));
                let group: PathBuf = names.collect();
                folders
                    .extend(mounts.iter().flat_map(|mount| group.ancestors().map(move |at| root.join(mount).join(at))));
            }
            folders.retain(|folder| folder.is_dir());
            // Two mounts may be one, by a symbolic link.
            folders = folders.iter().map(|folder| folder.canonicalize().unwrap_or_else(|_| folder.clone())).collect();
            folders.sort();
            folders.dedup();
            Self(folders)
        }

        fn quota(&self) -> Option<f64> {
            let limits = self.0.iter().filter_map(|folder| quota_of(folder));
            (!self.0.is_empty()).then(|| limits.fold(f64::INFINITY, f64::min))
        }

        /// Of the groups that have a quota, together.
        fn throttling(&self) -> Option<Throttling> {
            let limited = self.0.iter().filter(|folder| quota_of(folder).is_some());
            let told = limited.filter_map(|folder| throttling_in(&read(&folder.join("cpu.stat"))?));
            told.reduce(Add::add)
        }
    }

    fn read(path: &Path) -> Option<String> {
        fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
    }

    fn quota_of(group: &Path) -> Option<f64> {
        let version_2 = || read(&group.join("cpu.max"));
        let version_1 = || {
            let [quota, period] = ["cpu.cfs_quota_us", "cpu.cfs_period_us"].map(|file| read(&group.join(file)));
            Some(format!("{} {}", quota?, period?))
        };
        cores_of(&version_2().or_else(version_1)?)
    }

    /// Reads `QUOTA PERIOD`, microseconds both. `None` when there is no limit, which is `max` or -1.
    fn cores_of(quota_and_period: &str) -> Option<f64> {
        let (quota, period) = quota_and_period.split_once(' ')?;
        let (quota, period): (f64, f64) = (quota.parse().ok()?, period.parse().ok()?);
        (quota > 0.0 && period > 0.0).then(|| quota / period)
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use tempfile::TempDir;

        /// A folder with these files, by their paths.
        fn tree(files: &[(&str, &str)]) -> TempDir {
            let root = tempfile::tempdir().unwrap();
            for (path, text) in files {
                let path = root.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            root
        }

        #[test]
        fn the_tightest_quota_of_all_ancestors_binds() {
            let root = tree(&[
                ("cpu.max", "max 100000\n"),
                ("a/cpu.max", "50000 100000\n"),
                ("a/cpu.stat", "usage_usec 9\nnr_periods 7\nnr_throttled 3\nthrottled_usec 1500000\n"),
                ("a/b/cpu.max", "150000 100000\n"),
                ("a/b/cpu.stat", "nr_throttled 1\nthrottled_usec 500000\n"),
                ("a/b/c/cpu.max", "max 100000\n"),
                ("a/b/c/cpu.stat", "nr_throttled 100\nthrottled_usec 100\n"),
                ("other/cpu.max", "1000 100000\n"),
            ]);
            let groups = Groups::of("0::/a/b/c\n", root.path());
            assert_eq!(groups.quota(), Some(0.5));
            assert_eq!(groups.throttling(), Some(Throttling { periods: 4, seconds: 2.0 }), "where there is a quota");
            assert_eq!(Groups::of("0::/a/b/c", &root.path().join("a")).quota(), Some(0.5), "a container's root");
            assert_eq!(Groups::of("0::/../../elsewhere", root.path()).quota(), Some(f64::INFINITY));
            assert_eq!(Groups::of("0::/", root.path()).throttling(), None, "no quota, nothing throttled");
        }

        #[test]
        fn version_1_has_a_hierarchy_for_each_controller() {
            let root = tree(&[
                ("cpu/cpu.cfs_quota_us", "-1"),
                ("cpu/cpu.cfs_period_us", "100000"),
                ("cpu/docker/cpu.cfs_quota_us", "150000\n"),
                ("cpu/docker/cpu.cfs_period_us", "100000\n"),
                ("cpu/docker/cpu.stat", "nr_periods 5\nnr_throttled 2\nthrottled_time 250000000\n"),
                ("cpuset/docker/cpu.cfs_quota_us", "1"),
            ]);
            let groups =
                Groups::of("5:cpuset:/docker/x\n4:cpu,cpuacct:/docker/x\n1:name=systemd:/docker\n", root.path());
            assert_eq!(groups.quota(), Some(1.5));
            assert_eq!(groups.throttling(), Some(Throttling { periods: 2, seconds: 0.25 }));
        }

        #[test]
        fn what_cannot_be_read_is_not_known() {
            let root = tree(&[("cpu.max", "garbage"), ("cpu.stat", "nr_throttled many")]);
            for lines in ["", "garbage", "0", "1:memory:/"] {
                assert_eq!(Groups::of(lines, root.path()).quota(), None, "{lines:?}");
            }
            assert_eq!(Groups::of("0::/", root.path()).quota(), Some(f64::INFINITY));
            for unlimited in ["max 100000", "-1 100000", "", "150000", "150000 0"] {
                assert_eq!(cores_of(unlimited), None, "{unlimited:?}");
            }
            assert_eq!(throttling_in("nr_throttled 3"), None);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::Throttling;

    pub(super) fn affinity() -> u32 {
        super::cores_online()
    }

    pub(super) fn quota() -> Option<f64> {
        None
    }

    pub(super) fn throttling() -> Option<Throttling> {
        None
    }

    pub(super) fn own_groups() -> Vec<std::path::PathBuf> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_a_fraction_and_workers_are_whole() {
        let usable = |affinity, quota| {
            let usable = UsableCores { affinity, quota };
            (usable.cores(), usable.whole().get())
        };
        assert_eq!(usable(4, f64::INFINITY), (4.0, 4));
        assert_eq!(usable(2, 1.5), (1.5, 1));
        assert_eq!(usable(8, 0.5), (0.5, 1));
        assert_eq!(usable(1, 3.0), (1.0, 1));
    }

    #[test]
    fn this_process_has_at_least_a_part_of_one() {
        let usable = UsableCores::of_this_process();
        assert!(usable.affinity >= 1 && usable.cores() > 0.0, "{usable:?}");
        assert_eq!(usable.quota.is_finite(), Throttling::so_far().is_some());
    }

    #[test]
    fn what_was_added_is_never_less_than_nothing() {
        let (few, many) = (Throttling { periods: 2, seconds: 0.5 }, Throttling { periods: 5, seconds: 2.0 });
        assert_eq!(many - few, Throttling { periods: 3, seconds: 1.5 });
        assert_eq!(few - many, Throttling::default(), "another group");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_affinity_mask_counts() {
        use nix::{
            sched::{CpuSet, sched_getaffinity, sched_setaffinity},
            unistd::Pid,
        };
        // The mask is a thread's own, and its children's.
        let on_one_core = std::thread::spawn(|| {
            let all = sched_getaffinity(Pid::from_raw(0)).unwrap();
            let first = (0..CpuSet::count()).find(|&core| all.is_set(core).unwrap()).unwrap();
            let mut one = CpuSet::new();
            one.set(first).unwrap();
            sched_setaffinity(Pid::from_raw(0), &one).unwrap();
            UsableCores::of_this_process()
        });
        let usable = on_one_core.join().unwrap();
        assert_eq!((usable.affinity, usable.whole().get()), (1, 1));
    }
}
