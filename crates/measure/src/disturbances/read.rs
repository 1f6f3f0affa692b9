//! Reads the facts, without judging. Nothing here fails: unreadable facts are `None`.

use super::Facts;
use crate::{
    host,
    usable_cores::{self, UsableCores},
};
use nix::sys::resource::{Resource, getrlimit};

pub(super) fn facts() -> Facts {
    let host = host::HostFacts::gather(None);
    Facts {
        load: host.load_before,
        cores_usable: UsableCores::of_this_process().cores(),
        cores_online: host.cores_online,
        quota_cores: usable_cores::quota(),
        governors: system::governors(),
        turbo: system::turbo(),
        swap_used_bytes: system::swap_used_bytes(),
        virtual_machine: system::virtual_machine(),
        stolen: system::stolen(),
        debug_build: cfg!(debug_assertions),
        open_files: getrlimit(Resource::RLIMIT_NOFILE).ok().map(|(_, hard)| hard),
        on_battery: system::on_battery(),
    }
}

#[cfg(target_os = "linux")]
mod system {
    use procfs::{Current, CurrentSI, KernelStats, Meminfo};
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    const CORES: &str = "/sys/devices/system/cpu";

    fn read(path: impl AsRef<Path>) -> Option<String> {
        fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
    }

    /// The paths of a folder's entries. `None` without such a folder.
    fn entries(folder: impl AsRef<Path>) -> Option<Vec<PathBuf>> {
        Some(fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect())
    }

    /// A virtual machine often has the folders but no governors: it controls no frequency.
    pub(super) fn governors() -> Option<Vec<String>> {
        let policies = entries(format!("{CORES}/cpufreq"))?;
        Some(policies.iter().filter_map(|policy| read(policy.join("scaling_governor"))).collect())
    }

    pub(super) fn turbo() -> Option<bool> {
        let forbidden = || Some(read(format!("{CORES}/intel_pstate/no_turbo"))? == "0");
        let allowed = || Some(read(format!("{CORES}/cpufreq/boost"))? == "1");
        forbidden().or_else(allowed)
    }

    pub(super) fn swap_used_bytes() -> Option<u64> {
        let memory = Meminfo::current().ok()?;
        Some(memory.swap_total.saturating_sub(memory.swap_free))
    }

    /// x86 processors have a flag that a hypervisor sets; others don't report it in this way.
    pub(super) fn virtual_machine() -> Option<bool> {
        super::hypervisor_in(&read("/proc/cpuinfo")?)
    }

    pub(super) fn stolen() -> Option<f64> {
        let ticks = KernelStats::current().ok()?.total;
        let stolen = ticks.steal?;
        let others =
            [Some(ticks.user), Some(ticks.nice), Some(ticks.system), Some(ticks.idle), ticks.iowait, ticks.irq];
        let all: u64 = others.into_iter().flatten().sum::<u64>() + ticks.softirq.unwrap_or_default() + stolen;
        (all > 0).then(|| stolen as f64 / all as f64)
    }

    /// Whether a battery is discharging. A mouse's battery has the scope `Device`.
    pub(super) fn on_battery() -> Option<bool> {
        let emptied = |supply: &PathBuf| {
            let says = |file: &str, what: &str| read(supply.join(file)).is_some_and(|text| text == what);
            says("type", "Battery") && says("status", "Discharging") && !says("scope", "Device")
        };
        Some(entries("/sys/class/power_supply")?.iter().any(emptied))
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn governors() -> Option<Vec<String>> {
        None
    }

    pub(super) fn turbo() -> Option<bool> {
        None
    }

    pub(super) fn swap_used_bytes() -> Option<u64> {
        None
    }

    pub(super) fn virtual_machine() -> Option<bool> {
        None
    }

    pub(super) fn stolen() -> Option<f64> {
        None
    }

    pub(super) fn on_battery() -> Option<bool> {
        None
    }
}

/// Whether the first processor of `/proc/cpuinfo` has the flag `hypervisor`. `None` when it lists no flags.
#[cfg(target_os = "linux")]
fn hypervisor_in(cpuinfo: &str) -> Option<bool> {
    let mut fields = cpuinfo.lines().filter_map(|line| line.split_once(':'));
    let (_, flags) = fields.find(|(key, _)| key.trim() == "flags")?;
    Some(flags.split_whitespace().any(|flag| flag == "hypervisor"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_hypervisor_flag_is_a_whole_word() {
        assert_eq!(hypervisor_in("processor : 0\nflags\t\t: fpu hypervisor sse2\n"), Some(true));
        assert_eq!(hypervisor_in("flags : fpu nohypervisor\n"), Some(false));
        assert_eq!(hypervisor_in("Features : fp asimd\n"), None);
    }

    #[test]
    fn linux_can_be_read() {
        let facts = facts();
        assert!(facts.cores_usable > 0.0);
        assert!(facts.load.is_some() && facts.open_files.is_some() && facts.swap_used_bytes.is_some(), "{facts:?}");
        assert!(facts.stolen.is_none_or(|share| (0.0..=1.0).contains(&share)), "{facts:?}");
    }
}
