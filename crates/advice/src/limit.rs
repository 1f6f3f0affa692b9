//! What stops it from scaling, and what would be worth changing.

use super::{cell::CellTimes, sample::Bound};
use serde::{Deserialize, Serialize};
use stats::Estimate;
use support::figures::{self, count, exact, fixed, time};

/// This share of the cores busy counts as all of them.
const ALL_CORES: f64 = 0.85;

/// Up to this many tasks served at once, tasks are served one at a time: the rest is what they do besides.
const ONE_AT_A_TIME: f64 = 1.3;

/// Shorter tasks than this may cost as much to hand over as to do: a pool of processes takes tens of microseconds for each, an
/// interpreter more.
const WORTH_HANDING_OVER_S: f64 = 0.001;

/// A task that keeps so many cores busy has threads of its own.
const SEVERAL_CORES: f64 = 1.3;

/// A task that keeps more than this share of a core busy computes rather than waits.
const MOSTLY_COMPUTES: f64 = 0.5;

/// Why more workers than advised don't help.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "limit")]
pub enum ScalingLimit {
    /// The cores are busy.
    Cores {
        /// How many are busy with the advised workers.
        busy: f64,
        /// How many there are.
        cores: f64,
    },
    /// Others keep cores busy that it would need.
    OtherPrograms {
        /// How many they keep busy.
        taken: f64,
        /// How many there are.
        cores: f64,
    },
    /// One task already keeps several cores busy.
    OwnThreads {
        /// How many cores one task keeps busy.
        busy: f64,
    },
    /// Nothing else was met before a bound that was set beforehand.
    Bound(Bound),
    /// With more workers, tasks fail.
    Failures {
        /// The fewest workers with which they did.
        workers: u32,
        /// What one of them said.
        error: String,
    },
    /// What the tasks wait for serves so many of them at once.
    Served {
        /// How many, by Little's law: the greatest rate, times the time of a task that has it for itself.
        at_once: f64,
    },
    /// It computes, and something that it shares lets so many tasks run at once.
    Shared {
        /// How many, as for `Served`.
        at_once: f64,
    },
    /// They are served one at a time: a lock, a link, a disk.
    OneAtATime,
    /// A task is so short that handing it to a worker costs as much.
    TooShort {
        /// Seconds of a task.
        task_s: f64,
    },
}

/// The cores of a measurement.
#[derive(Debug, Clone, Copy)]
pub struct CoresOfRun {
    /// How many workers may use; a fraction under a quota.
    pub usable: f64,
    /// How many of them others kept busy, if so many that workers lacked them.
    pub taken: Option<f64>,
}

/// What the limit is found from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) advised: &'a CellTimes,
    /// The strategy's next larger number of workers, if more of its tasks are shown to fail.
    pub(super) failing: Option<&'a CellTimes>,
    /// How many times as fast as sequential the fastest of the strategy's cells is, at least 1; `None` if that is not known, or
    /// no cell is shown to be as fast as the fastest.
    pub(super) best_speedup: Option<Estimate>,
    /// The bound that was set beforehand, if the advised workers are as many.
    pub(super) bound: Option<&'a Bound>,
    /// Whether the last additional workers still gained much; `None` if that is not shown.
    pub(super) still_scales: Option<bool>,
    /// The most cores that any of the strategy's cells with as many workers or more kept busy.
    pub(super) most_busy: f64,
    /// Cores that one task keeps busy.
    pub(super) busy_alone: f64,
    /// Seconds of a task.
    pub(super) task_s: f64,
    /// Whether it needs cores all or part of the time.
    pub(super) computes: bool,
    pub(super) cores: CoresOfRun,
}

impl ScalingLimit {
    /// `None` if it is not known: an interval of a speedup that has a threshold inside shows neither side of it.
    pub(super) fn of(seen: Seen<'_>) -> Option<Self> {
        let CoresOfRun { usable: cores, taken } = seen.cores;
        let all_cores = ALL_CORES * cores;
        if let Some(cell) = seen.failing {
            return Some(Self::Failures { workers: cell.workers, error: cell.first_error.clone().unwrap_or_default() });
        }
        // Workers would use them, and more workers get a larger share: nothing else can be told from that.
        if let Some(taken) = taken.filter(|taken| seen.computes && seen.most_busy + taken >= all_cores) {
            return Some(Self::OtherPrograms { taken, cores });
        }
        let best = seen.best_speedup?;
        let several_at_once = exceeds(best, ONE_AT_A_TIME);
        if several_at_once == Some(false) && seen.task_s < WORTH_HANDING_OVER_S {
            return Some(Self::TooShort { task_s: seen.task_s });
        }
        let (busy, busy_alone) = (seen.advised.cores_busy.unwrap_or(0.0), seen.busy_alone);
        if seen.advised.workers == 1 && busy_alone >= all_cores.max(SEVERAL_CORES) {
            return Some(Self::OwnThreads { busy: busy_alone });
        }
        if busy >= all_cores {
            return Some(Self::Cores { busy, cores });
        }
        // Where only the speedup shows it, the processor time was not all seen.
        if exceeds(best, all_cores / busy_alone)? {
            return Some(Self::Cores { busy: best.estimate * busy_alone, cores });
        }
        if let Some(bound) = seen.bound
            && seen.still_scales?
        {
            return Some(Self::Bound(bound.clone()));
        }
        let at_once = best.estimate;
        Some(match several_at_once? {
            false => Self::OneAtATime,
            true if busy_alone >= MOSTLY_COMPUTES => Self::Shared { at_once },
            true => Self::Served { at_once },
        })
    }

    /// What it is, as the end of "The limit: ...".
    pub fn in_words(&self) -> String {
        match self {
            // What a process has used is read at the end of a run: of a short one, that may be more than there is.
            Self::Cores { busy, cores } if busy < cores && exact(*cores) == "1" => {
                format!("the core: {} of it is busy", fixed(*busy, 1))
            }
            Self::Cores { busy, cores } if busy < cores => {
                format!("the cores: {} of {} are busy", fixed(*busy, 1), exact(*cores))
            }
            Self::Cores { cores, .. } if cores.fract() > 0.0 => {
                format!("the quota of {}: it is used up", figures::cores(*cores))
            }
            Self::Cores { cores, .. } if *cores <= 1.0 => "the core: it is busy all the time".into(),
            Self::Cores { cores, .. } => format!("the cores: all {} are busy", exact(*cores)),
            Self::OtherPrograms { taken, cores } => {
                format!("other programs: they keep {} busy", of_cores(*taken, *cores))
            }
            Self::OwnThreads { busy } => {
                format!("the cores: a single task already keeps {} of them busy", fixed(*busy, 1))
            }
            Self::Bound(bound) if bound.name.starts_with('-') => {
                format!("{}: {}; more workers might gain more", bound.name, count(bound.workers as usize, "worker"))
            }
            Self::Bound(bound) => {
                format!("{}, which allows {} at most", bound.name, count(bound.workers as usize, "worker"))
            }
            Self::Failures { workers, error } => format!("tasks fail with {workers} at once ({error})"),
            Self::Served { at_once } => {
                let digits = usize::from(*at_once < 3.0);
                format!("the resource that the tasks wait for serves about {} of them at once", fixed(*at_once, digits))
            }
            Self::Shared { at_once } => format!(
                "about {} tasks run at once, fewer than there are cores: memory, a lock, or hyper-threads",
                fixed(*at_once, 1)
            ),
            Self::OneAtATime => "tasks are served one at a time: by a lock, a link or a disk".into(),
            Self::TooShort { task_s } => {
                format!("a task takes {}: handing it to a worker may cost as much", time(*task_s))
            }
        }
    }

    /// Why no advice stands with it, if so.
    pub(super) fn doubt(&self) -> Option<String> {
        let Self::OtherPrograms { taken, cores } = self else { return None };
        let taken = of_cores(*taken, *cores);
        Some(format!(
            "other programs, or a server on this machine, kept {taken} busy: the advice is for a machine under that load"
        ))
    }

    /// What would be worth changing.
    pub fn remedy(&self) -> String {
        match self {
            Self::Cores { .. } => "less computing in each task, or more cores".into(),
            Self::OtherPrograms { .. } => {
                "close other programs, and measure again; if it is your own server that keeps the cores busy, measure from \
                 another machine"
                    .into()
            }
            Self::OwnThreads { .. } => {
                "nothing here, or give each task fewer threads of its own and run more tasks".into()
            }
            Self::Bound(bound) if bound.name.starts_with('-') => {
                format!("raise {}, if your system can take it", bound.name)
            }
            Self::Bound(bound) => format!("{}: with a larger one, more workers may gain more", bound.name),
            Self::Failures { .. } => "the limit behind the failures: run fewer tasks at once, or raise it".into(),
            Self::Served { .. } => "the resource they wait for: let it serve more at once, or respond faster".into(),
            Self::Shared { .. } => "contention: a profiler finds locks, and smaller data fits the caches".into(),
            Self::TooShort { .. } => "give each task more to do: batch many of these into one".into(),
            Self::OneAtATime => "the shared resource: hold the lock for less time, or move fewer bytes".into(),
        }
    }
}

/// Whether it is greater than the threshold; `None` if the interval shows neither.
pub(super) fn exceeds(it: Estimate, threshold: f64) -> Option<bool> {
    if it.low > threshold { Some(true) } else { (it.high <= threshold).then_some(false) }
}

/// `0.9 of 2 cores`. Under a quota, others may have more cores than the work, and then these are no share of its own.
fn of_cores(taken: f64, cores: f64) -> String {
    let share = if taken > cores { "cores".into() } else { format!("of {}", figures::cores(cores)) };
    format!("{} {share}", fixed(taken, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_core_is_a_core() {
        let others = |cores| ScalingLimit::OtherPrograms { taken: 0.9, cores }.in_words();
        assert_eq!(others(1.0), "other programs: they keep 0.9 of 1 core busy");
        assert_eq!(others(2.0), "other programs: they keep 0.9 of 2 cores busy");
        assert_eq!(others(0.5), "other programs: they keep 0.9 cores busy");
        let busy = |busy, cores| ScalingLimit::Cores { busy, cores }.in_words();
        assert_eq!(
            [busy(0.9, 1.0), busy(1.0, 1.0)],
            ["the core: 0.9 of it is busy", "the core: it is busy all the time"]
        );
        assert_eq!(
            [busy(1.8, 2.0), busy(0.3, 0.25)],
            ["the cores: 1.8 of 2 are busy", "the quota of 0.25 cores: it is used up"]
        );
    }
}
