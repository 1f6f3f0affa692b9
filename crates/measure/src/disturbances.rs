//! What on this machine disturbs a measurement, each with its remedy.
//!
//! The facts are read in one file and judged in another, so that the judging can be tested on machines that nobody has.

mod judge;
mod read;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inspection {
    /// It is as it should be.
    Fine {
        /// What was looked at, in a word or two.
        name: &'static str,
        /// How it is.
        found: String,
    },
    /// It disturbs.
    Disturbs(Disturbance),
    /// This system, or this user, can't know.
    Unknown {
        /// What was looked at.
        name: &'static str,
    },
}

/// Something that makes times longer, or less sure, than the work itself does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disturbance {
    /// What was looked at, in a word or two.
    pub name: &'static str,
    /// How it is, and what that does to a measurement.
    pub found: String,
    /// What to do about it.
    pub remedy: String,
    /// How much it matters.
    pub severity: Severity,
}

/// How much a disturbance matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It belongs to the result, and comparisons within one run stand it well.
    Note,
    /// Figures measured now would mislead.
    Warning,
}

/// Looks at this machine now, and says of each thing whether it is fine, disturbs, or can't be known.
pub fn find() -> Vec<Inspection> {
    judge::all(&read::facts())
}

impl Inspection {
    /// What was looked at, in a word or two.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fine { name, .. } | Self::Unknown { name } => name,
            Self::Disturbs(disturbance) => disturbance.name,
        }
    }
}

/// What was read. `None` is what could not be.
#[derive(Debug, Clone, PartialEq)]
struct Facts {
    /// One-minute load average of the whole machine.
    load: Option<f64>,
    cores_usable: u32,
    cores_online: u32,
    /// The processor time that the control group may use, in cores, whole or not; infinite without a limit.
    quota_cores: Option<f64>,
    /// The frequency governor of each core.
    governors: Option<Vec<String>>,
    turbo: Option<bool>,
    swap_used_bytes: Option<u64>,
    virtual_machine: Option<bool>,
    /// The share of the processors' time since the start that another virtual machine got instead of this one.
    stolen: Option<f64>,
    debug_build: bool,
    /// The hard limit of open files of one process, which a run raises its own to.
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
