//! What on this machine disturbs measurements, each with its remedy.
//!
//! One file reads the facts and another judges them, so that tests can judge imaginary machines.

mod judge;
mod read;

/// One inspected property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inspection {
    /// It is fine.
    Fine {
        /// The property, in a word or two.
        name: &'static str,
        /// Its state.
        found: String,
    },
    /// It disturbs.
    Disturbs(Disturbance),
    /// Unknown on this system, or for this user.
    Unknown {
        /// What was looked at.
        name: &'static str,
    },
}

/// A property that makes times longer, or less certain, than the work itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disturbance {
    /// The property, in a word or two.
    pub name: &'static str,
    /// Its state, and the effect on a measurement.
    pub found: String,
    /// What to do about it.
    pub remedy: String,
    /// How much it matters.
    pub severity: Severity,
}

/// How much a disturbance matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It is part of the result, and comparisons within one run tolerate it.
    Note,
    /// Figures measured now would mislead.
    Warning,
}

/// Inspects this machine now: each property is fine, disturbs, or is unknown.
pub fn find() -> Vec<Inspection> {
    judge::all(&read::facts())
}

impl Inspection {
    /// The property, in a word or two.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fine { name, .. } | Self::Unknown { name } => name,
            Self::Disturbs(disturbance) => disturbance.name,
        }
    }
}

/// The facts. `None` could not be read.
#[derive(Debug, Clone, PartialEq)]
struct Facts {
    /// One-minute load average of the whole machine.
    load: Option<f64>,
    /// Perhaps a fraction.
    cores_usable: f64,
    cores_online: u32,
    /// The control group's CPU quota, in cores, perhaps fractional; infinite without a limit.
    quota_cores: Option<f64>,
    /// The frequency governor of each core.
    governors: Option<Vec<String>>,
    turbo: Option<bool>,
    swap_used_bytes: Option<u64>,
    virtual_machine: Option<bool>,
    /// The share of the processors' time since boot that other virtual machines got instead of this one.
    stolen: Option<f64>,
    debug_build: bool,
    /// The hard limit of open files of one process, to which a run raises its own.
    open_files: Option<u64>,
    on_battery: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thing_is_looked_at_once_whatever_the_machine() {
        let findings = find();
        let mut names: Vec<&str> = findings.iter().map(Inspection::name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), findings.len());
        assert!(names.contains(&"load") && names.contains(&"build"), "{names:?}");
    }
}
