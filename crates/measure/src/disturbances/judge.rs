//! Judges the facts. The limits are rules of thumb, each with its reason.

use super::{Disturbance, Facts, Inspection, Severity};
use crate::host::in_words;

/// Open files that the largest scenarios need: two for each of a thousand connections, and some for the rest.
const OPEN_FILES: u64 = 2_100;

pub(super) fn all(facts: &Facts) -> Vec<Inspection> {
    vec![
        build(facts.debug_build),
        facts.load.map_or(Inspection::Unknown { name: "load" }, |load| self::load(load, facts.cores_online)),
        cores(facts.cores_usable, facts.cores_online),
        judged("CPU quota", facts.quota_cores, quota),
        judged("CPU governor", facts.governors.as_deref(), governors),
        judged("turbo", facts.turbo, turbo),
        judged("swap", facts.swap_used_bytes, swap),
        judged("virtual machine", facts.virtual_machine, virtual_machine),
        judged("stolen time", facts.stolen, stolen),
        judged("open files", facts.open_files, open_files),
        judged("power", facts.on_battery, power),
    ]
}

/// A state, and, if it disturbs, the severity and the remedy.
type Judgement = (String, Option<(Severity, &'static str)>);

fn judged<T>(name: &'static str, fact: Option<T>, judge: impl Fn(T) -> Judgement) -> Inspection {
    fact.map_or(Inspection::Unknown { name }, |fact| finding(name, judge(fact)))
}

fn finding(name: &'static str, (found, disturbs): Judgement) -> Inspection {
    match disturbs {
        None => Inspection::Fine { name, found },
        Some((severity, remedy)) => {
            Inspection::Disturbs(Disturbance { name, found, remedy: remedy.to_owned(), severity })
        }
    }
}

fn build(debug: bool) -> Inspection {
    let remedy = "build with --release, or run it by `cargo bench`";
    let judgement = if debug {
        ("debug: the tasks' own code is not fully optimised".into(), Some((Severity::Warning, remedy)))
    } else {
        ("release".into(), None)
    };
    finding("build", judgement)
}

/// An idle desktop uses a tenth of the machine. A load of half of it leaves too little to measure with.
fn load(load: f64, cores: u32) -> Inspection {
    let share = load / f64::from(cores.max(1));
    let found = format!("{load:.2} over the last minute, on {cores} {}", noun(cores, "core"));
    let remedy = "close other programs, and wait a minute for the average to follow";
    let disturbs = match share {
        ..0.1 => None,
        ..0.5 => Some((Severity::Note, remedy)),
        _ => Some((Severity::Warning, remedy)),
    };
    let effect = if disturbs.is_some() { ": other programs take turns with the workers" } else { "" };
    finding("load", (found + effect, disturbs))
}

/// Below four cores, "more workers don't help" and "there are no more cores" can hardly be distinguished.
fn cores(usable: f64, online: u32) -> Inspection {
    let found = format!("{} of {online} usable", in_words(usable));
    let judgement = match usable as u32 {
        ..=1 => (
            format!("{found}: calculations can't get faster with more workers"),
            Some((Severity::Warning, "use a machine, a container or an affinity mask with more cores")),
        ),
        2..=3 => (
            format!("{found}: calculations stop getting faster at {} workers", usable as u32),
            Some((Severity::Note, "use a machine with four cores or more to see a curve")),
        ),
        _ => (found, None),
    };
    finding("cores", judgement)
}

fn quota(cores: f64) -> Judgement {
    if cores.is_infinite() {
        return ("none".into(), None);
    }
    let found = format!("{cores:.2} cores' worth: all workers are stopped once it is used up, until the next period");
    let remedy = "start the container without a CPU limit, or pin it to cores (--cpuset-cpus)";
    (found, Some((Severity::Warning, remedy)))
}

fn governors(governors: &[String]) -> Judgement {
    let mut kinds: Vec<&str> = governors.iter().map(String::as_str).collect();
    kinds.sort_unstable();
    kinds.dedup();
    match kinds.as_slice() {
        [] => ("none: the clock isn't governed from here".into(), None),
        ["performance"] => ("performance".into(), None),
        _ => (
            format!("{}: short runs are timed while the clock is still rising", kinds.join(", ")),
            Some((Severity::Note, "sudo cpupower frequency-set --governor performance")),
        ),
    }
}

fn turbo(on: bool) -> Judgement {
    let remedy = "switch it off: `echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost`, or with intel_pstate \
                  `echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo`";
    if on {
        let found = "on: one busy core runs at a higher clock than all of them, so speedups come out too low";
        (found.into(), Some((Severity::Note, remedy)))
    } else {
        ("off".into(), None)
    }
}

/// On a long-running machine some pages always end up there; they don't come back unless they are used.
fn swap(used_bytes: u64) -> Judgement {
    if used_bytes == 0 {
        return ("not in use".into(), None);
    }
    let found =
        format!("{:.0} MiB in use: a task waits for what has to come back from it", used_bytes as f64 / 1_048_576.0);
    (found, Some((Severity::Note, "close programs that take much memory, then `sudo swapoff -a && sudo swapon -a`")))
}

fn virtual_machine(virtual_machine: bool) -> Judgement {
    if virtual_machine {
        let found = "yes: its cores may be shared with neighbours that can't be seen from here";
        (found.into(), Some((Severity::Note, "measure on a machine of your own, or use more rounds")))
    } else {
        ("no".into(), None)
    }
}

fn stolen(share: f64) -> Judgement {
    let found = format!("{:.2} % since the machine started", share * 100.0);
    if share < 0.01 {
        return (found, None);
    }
    let remedy = "use an instance with cores of its own, or another time of day";
    (format!("{found} went to other virtual machines"), Some((Severity::Warning, remedy)))
}

fn open_files(limit: u64) -> Judgement {
    if limit >= OPEN_FILES {
        return (format!("up to {limit}"), None);
    }
    let found = format!("up to {limit}: scenarios with a thousand connections don't fit");
    (found, Some((Severity::Note, "raise the hard limit (`ulimit -Hn`, or `nofile` in /etc/security/limits.conf)")))
}

fn power(on_battery: bool) -> Judgement {
    if on_battery {
        let found = "battery: the machine saves power by lowering its clock";
        (found.into(), Some((Severity::Warning, "plug it in")))
    } else {
        ("mains".into(), None)
    }
}

fn noun(count: u32, one: &str) -> String {
    if count == 1 { one.to_owned() } else { format!("{one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ideal machine.
    fn ideal() -> Facts {
        Facts {
            load: Some(0.1),
            cores_usable: 8.0,
            cores_online: 8,
            quota_cores: Some(f64::INFINITY),
            governors: Some(vec!["performance".into(); 8]),
            turbo: Some(false),
            swap_used_bytes: Some(0),
            virtual_machine: Some(false),
            stolen: Some(0.0),
            debug_build: false,
            open_files: Some(1 << 20),
            on_battery: Some(false),
        }
    }

    /// The only disturbance.
    fn only(facts: &Facts) -> Disturbance {
        let mut found: Vec<Disturbance> = all(facts)
            .into_iter()
            .filter_map(|finding| match finding {
                Inspection::Disturbs(disturbance) => Some(disturbance),
                Inspection::Fine { .. } | Inspection::Unknown { .. } => None,
            })
            .collect();
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    #[test]
    fn an_ideal_machine_has_nothing_but_ticks() {
        for finding in all(&ideal()) {
            assert!(matches!(finding, Inspection::Fine { .. }), "{finding:?}");
        }
    }

    #[test]
    fn each_disturbance_is_named_alone_with_a_remedy() {
        use Severity::{Note, Warning};
        let cases = [
            ("build", Warning, Facts { debug_build: true, ..ideal() }),
            ("load", Note, Facts { load: Some(1.0), ..ideal() }),
            ("load", Warning, Facts { load: Some(4.0), ..ideal() }),
            ("cores", Note, Facts { cores_usable: 2.0, ..ideal() }),
            ("cores", Warning, Facts { cores_usable: 1.5, ..ideal() }),
            ("CPU quota", Warning, Facts { quota_cores: Some(1.5), ..ideal() }),
            (
                "CPU governor",
                Note,
                Facts { governors: Some(vec!["performance".into(), "powersave".into()]), ..ideal() },
            ),
            ("turbo", Note, Facts { turbo: Some(true), ..ideal() }),
            ("swap", Note, Facts { swap_used_bytes: Some(1 << 30), ..ideal() }),
            ("virtual machine", Note, Facts { virtual_machine: Some(true), ..ideal() }),
            ("stolen time", Warning, Facts { stolen: Some(0.05), ..ideal() }),
            ("open files", Note, Facts { open_files: Some(1024), ..ideal() }),
            ("power", Warning, Facts { on_battery: Some(true), ..ideal() }),
        ];
        for (name, severity, facts) in cases {
            let found = only(&facts);
            assert_eq!((found.name, found.severity), (name, severity), "{found:?}");
            assert!(!found.remedy.is_empty(), "{name}");
        }
    }

    #[test]
    fn load_is_judged_by_the_size_of_the_machine() {
        let busy = Facts { load: Some(4.0), cores_online: 64, ..ideal() };
        assert!(all(&busy).iter().all(|finding| matches!(finding, Inspection::Fine { .. })));
    }

    #[test]
    fn what_could_not_be_read_is_neither_fine_nor_a_disturbance() {
        let nothing = Facts {
            load: None,
            quota_cores: None,
            governors: None,
            turbo: None,
            swap_used_bytes: None,
            virtual_machine: None,
            stolen: None,
            open_files: None,
            on_battery: None,
            ..ideal()
        };
        let unknown = all(&nothing).into_iter().filter(|finding| matches!(finding, Inspection::Unknown { .. }));
        assert_eq!(unknown.count(), 9);
    }
}
