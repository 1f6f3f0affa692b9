//! Facts about the machine. The host is part of every result.

use crate::usable_cores::{UsableCores, cores_online};
use nix::sys::utsname::uname;
use serde::{Deserialize, Serialize};

/// Facts about the machine and the build, as of when a record was made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostFacts {
    /// The processor's own name; `None` if the system doesn't report it.
    pub cpu_model: Option<String>,
    /// Whole cores that this process may use all the time, at least one: affinity and CPU quotas counted.
    pub cores_usable: u32,
    /// Cores of its affinity mask.
    #[serde(default)]
    pub cores_affinity: u32,
    /// The tightest CPU quota of its control groups, in cores, perhaps a fraction; `None` without one.
    #[serde(default)]
    pub cpu_quota_cores: Option<f64>,
    /// Cores the machine has.
    pub cores_online: u32,
    /// Main memory, bytes.
    pub memory_bytes: Option<u64>,
    /// Operating system, for example `linux`.
    pub system: String,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// The compiler this was built with.
    pub rustc: String,
    /// `release` or `debug`.
    pub profile: String,
    /// The commit this was built from, with `-dirty` when the tree had changes; `None` outside a checkout.
    pub commit: Option<String>,
    /// One-minute load average before the first round.
    pub load_before: Option<f64>,
    /// One-minute load average after the last round.
    pub load_after: Option<f64>,
}

impl HostFacts {
    /// The usable cores in words: `2 cores`, `1 of 2 cores` with an affinity mask, `1.5 of 2 cores` with a CPU quota.
    pub fn cores(&self) -> String {
        let (affinity, online) = (f64::from(self.cores_affinity), f64::from(self.cores_online));
        let usable = self.cpu_quota_cores.map_or(affinity, |quota| quota.min(affinity));
        let noun = if self.cores_online == 1 { "core" } else { "cores" };
        if usable < online { format!("{} of {online} {noun}", in_words(usable)) } else { format!("{online} {noun}") }
    }

    /// Gathers them now, for a program built from `commit`. The load goes into `load_before`; `load_after` stays `None`
    /// until the run is over.
    pub fn gather(commit: Option<&str>) -> Self {
        let usable = UsableCores::of_this_process();
        Self {
            cpu_model: system::cpu_model(),
            cores_usable: usable.whole().get(),
            cores_affinity: usable.affinity,
            cpu_quota_cores: Some(usable.quota).filter(|quota| quota.is_finite()),
            cores_online: cores_online(),
            memory_bytes: system::memory_bytes(),
            system: std::env::consts::OS.to_owned(),
            kernel: uname().ok().map(|names| names.release().to_string_lossy().into_owned()),
            rustc: env!("MAKESPAN_RUSTC").to_owned(),
            profile: env!("MAKESPAN_PROFILE").to_owned(),
            commit: commit.map(str::to_owned),
            load_before: load_average(),
            load_after: None,
        }
    }
}

/// Two digits are enough for a share of a core.
pub(crate) fn in_words(cores: f64) -> String {
    ((cores * 100.0).round() / 100.0).to_string()
}

/// The load average of the last minute: how many threads of the whole machine ran or waited to run. `None` if the
/// system doesn't report it.
pub fn load_average() -> Option<f64> {
    system::load_average()
}

/// The memory that programs can still have without anything being written to disk, bytes. `None` if the system doesn't
/// report it.
pub fn available_memory_bytes() -> Option<u64> {
    system::available_memory_bytes()
}

#[cfg(target_os = "linux")]
mod system {
    use procfs::{Current, Meminfo};
    use std::fs;

    pub(super) fn cpu_model() -> Option<String> {
        super::cpu_model_in(&fs::read_to_string("/proc/cpuinfo").ok()?)
    }

    pub(super) fn memory_bytes() -> Option<u64> {
        Meminfo::current().ok().map(|memory| memory.mem_total)
    }

    pub(super) fn available_memory_bytes() -> Option<u64> {
        Meminfo::current().ok()?.mem_available
    }

    pub(super) fn load_average() -> Option<f64> {
        fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::process::Command;

    pub(super) fn cpu_model() -> Option<String> {
        sysctl("machdep.cpu.brand_string")
    }

    pub(super) fn memory_bytes() -> Option<u64> {
        sysctl("hw.memsize")?.parse().ok()
    }

    pub(super) fn available_memory_bytes() -> Option<u64> {
        None
    }

    /// The three averages come as `{ 1.23 1.45 1.67 }`.
    pub(super) fn load_average() -> Option<f64> {
        sysctl("vm.loadavg")?.split_whitespace().nth(1)?.parse().ok()
    }

    fn sysctl(name: &str) -> Option<String> {
        let output =
            Command::new("sysctl").args(["-n", name]).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// The first `model name` of `/proc/cpuinfo`. Some processors (most of Arm's) have none.
#[cfg(target_os = "linux")]
fn cpu_model_in(cpuinfo: &str) -> Option<String> {
    let fields = cpuinfo.lines().filter_map(|line| line.split_once(':'));
    fields
        .map(|(key, value)| (key.trim(), value.trim()))
        .find(|(key, _)| *key == "model name")
        .map(|(_, name)| name.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_cores_a_system_and_a_compiler() {
        let host = HostFacts::gather(None);
        assert!(1 <= host.cores_usable && host.cores_usable <= host.cores_affinity, "{host:?}");
        assert!(host.cores_affinity <= host.cores_online, "{host:?}");
        assert_eq!(host.system, std::env::consts::OS);
        assert!(host.rustc.starts_with("rustc "), "{host:?}");
        assert!(["debug", "release"].contains(&host.profile.as_str()), "{host:?}");
        assert_eq!(host.load_after, None);
    }

    #[test]
    fn cores_are_shown_as_they_are() {
        let cores = |cores_affinity, cores_online, cpu_quota_cores| {
            HostFacts { cores_affinity, cpu_quota_cores, cores_online, ..HostFacts::default() }.cores()
        };
        assert_eq!([cores(2, 2, None), cores(1, 1, Some(3.0))], ["2 cores", "1 core"]);
        assert_eq!([cores(1, 2, None), cores(2, 2, Some(1.5))], ["1 of 2 cores", "1.5 of 2 cores"]);
        assert_eq!(cores(4, 8, Some(1.0 / 3.0)), "0.33 of 8 cores");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_tells_memory_kernel_and_load() {
        let host = HostFacts::gather(None);
        assert!(host.memory_bytes.is_some_and(|bytes| bytes > 0), "{host:?}");
        assert!(host.kernel.is_some_and(|kernel| !kernel.is_empty()));
        assert!(host.load_before.is_some_and(|load| load >= 0.0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_model_is_found_where_there_is_one() {
        let text = "processor\t: 0\nmodel\t\t: 17\nmodel name\t: Some CPU @ 3.00GHz\n";
        assert_eq!(cpu_model_in(text).as_deref(), Some("Some CPU @ 3.00GHz"));
        assert_eq!(cpu_model_in("processor : 0\nBogoMIPS : 38.40\n"), None);
        assert_eq!(cpu_model_in(""), None);
    }
}
