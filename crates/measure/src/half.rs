//! Half of the cores for one pool, the other half for another: two machines in one, as far as cores go. Caches, memory
//! and what a hypervisor lends stay shared.

use serde::{Deserialize, Serialize};
use std::io;

/// Half of the cores that this process may use. The first half is the smaller one of an odd number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Half {
    /// The cores with the lower numbers.
    FirstHalf,
    /// The others.
    SecondHalf,
}

impl Half {
    /// Confines this process to its half, with the threads and processes that it starts from now on. An error on a
    /// single core, and if the system has no affinity.
    pub fn confine(self) -> io::Result<()> {
        let usable = system::usable()?;
        system::confine(self.of(&usable)?)
    }

    /// Whether this process may use enough cores for two halves; otherwise why not.
    pub fn check() -> io::Result<()> {
        Self::FirstHalf.of(&system::usable()?).map(drop)
    }

    fn of(self, usable: &[usize]) -> io::Result<&[usize]> {
        let (first, second) = usable.split_at(usable.len() / 2);
        if first.is_empty() {
            return Err(io::Error::other("two halves need at least 2 cores"));
        }
        Ok(match self {
            Self::FirstHalf => first,
            Self::SecondHalf => second,
        })
    }
}

#[cfg(target_os = "linux")]
mod system {
    use nix::{
        sched::{CpuSet, sched_getaffinity, sched_setaffinity},
        unistd::Pid,
    };
    use std::io;

    const THIS: Pid = Pid::from_raw(0);

    pub(super) fn usable() -> io::Result<Vec<usize>> {
        let set = sched_getaffinity(THIS)?;
        Ok((0..CpuSet::count()).filter(|&core| set.is_set(core).unwrap_or(false)).collect())
    }

    pub(super) fn confine(cores: &[usize]) -> io::Result<()> {
        let mut set = CpuSet::new();
        cores.iter().try_for_each(|&core| set.set(core))?;
        Ok(sched_setaffinity(THIS, &set)?)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;

    pub(super) fn usable() -> io::Result<Vec<usize>> {
        Err(io::Error::other("this system can't confine a process to some of its cores"))
    }

    pub(super) fn confine(_: &[usize]) -> io::Result<()> {
        usable().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_halves_are_all_cores_and_share_none() {
        for usable in [&[0, 1][..], &[2, 5, 7], &[0, 1, 2, 3]] {
            let halves = [Half::FirstHalf, Half::SecondHalf].map(|half| half.of(usable).unwrap());
            assert_eq!(halves.concat(), usable);
            assert!(halves.iter().all(|half| !half.is_empty()));
        }
        assert!(Half::SecondHalf.of(&[3]).unwrap_err().to_string().contains("2 cores"));
    }
}
