//! CPU time, as the system's own accounting has it.

use nix::sys::{
    resource::{Usage, UsageWho, getrusage},
    time::TimeValLike,
};
use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};

/// Seconds of processor time, all threads of a process together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct CpuTime {
    /// In the program itself.
    pub user_s: f64,
    /// In the kernel, on the program's behalf.
    pub system_s: f64,
}

impl CpuTime {
    /// What this process has used so far.
    pub fn of_this_process() -> Self {
        getrusage(UsageWho::RUSAGE_SELF).map(Self::from).unwrap_or_default()
    }

    /// User and system time together.
    pub fn total_s(self) -> f64 {
        self.user_s + self.system_s
    }
}

impl From<Usage> for CpuTime {
    fn from(usage: Usage) -> Self {
        let seconds = |time: nix::sys::time::TimeVal| time.num_microseconds() as f64 / 1e6;
        Self { user_s: seconds(usage.user_time()), system_s: seconds(usage.system_time()) }
    }
}

impl Add for CpuTime {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { user_s: self.user_s + other.user_s, system_s: self.system_s + other.system_s }
    }
}

impl Sub for CpuTime {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { user_s: self.user_s - other.user_s, system_s: self.system_s - other.system_s }
    }
}
