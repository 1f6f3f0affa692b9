//! What kind of work it is, and how many workers the closed forms give it.

use serde::{Deserialize, Serialize};

/// A few tasks, done sequentially. All figures are sums over the tasks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkSample {
    /// How many tasks.
    pub tasks: u32,
    /// Seconds from the start of each to its end, without those in which it waited for a free core.
    pub wall_s: f64,
    /// Seconds of processor time in the program, children included.
    pub user_s: f64,
    /// Seconds of processor time in the kernel, likewise.
    pub system_s: f64,
    /// Bytes of output.
    pub bytes: u64,
    /// The most memory that one task took, bytes; `None` if it isn't known.
    pub memory_bytes: Option<u64>,
}

/// Of a shorter task, the processor time around it is no small part of that of a run.
const SHORT_S: f64 = 0.005;

/// What tasks spend their time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum WorkKind {
    /// Computing takes at most a fifth of the time.
    Waits,
    /// Both.
    Mixed,
    /// Computing takes at least four fifths.
    Computes,
    /// One task keeps more than one core busy.
    Parallel,
}

/// What limits the number of workers beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Bound {
    /// Its name: `--at-most`, memory.
    pub name: String,
    /// The most workers that it allows.
    pub workers: u32,
}

impl WorkSample {
    /// Seconds of a task.
    pub fn task_s(&self) -> f64 {
        self.wall_s / f64::from(self.tasks.max(1))
    }

    /// The cores that one task at a time keeps busy, on average.
    pub fn cores_busy(&self) -> f64 {
        if self.wall_s > 0.0 { (self.user_s + self.system_s) / self.wall_s } else { 0.0 }
    }

    /// What kind of work it is.
    pub fn kind(&self) -> WorkKind {
        match self.cores_busy() {
            few if few <= 0.2 => WorkKind::Waits,
            some if some < 0.8 => WorkKind::Mixed,
            one if one < 1.3 || self.task_s() < SHORT_S => WorkKind::Computes,
            _ => WorkKind::Parallel,
        }
    }

    /// The number of workers that keeps so many cores busy: N = cores x (1 + wait / compute), at least 1. It is the number
    /// at which the cores become the limit, if nothing else is before (B. Goetz and others, *Java Concurrency in Practice*,
    /// 2006, section 8.2). Of a task that keeps more than one core busy, it is the cores divided by those.
    pub fn workers_for_cores(&self, cores: f64) -> f64 {
        (cores / self.cores_busy()).max(1.0)
    }

    /// The tasks that are under way on average if so many become due in a second and each takes as long as here: L = rate x
    /// time (J. D. C. Little, "A proof for the queuing formula L = lambda W", Operations Research 9, 1961).
    pub fn workers_for_rate(&self, rate_per_s: f64) -> f64 {
        rate_per_s * self.task_s()
    }
}

impl Bound {
    /// The tightest of these; the first of several.
    pub fn tightest(bounds: &[Self]) -> Option<&Self> {
        bounds.iter().min_by_key(|bound| bound.workers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(wall_s: f64, cpu_s: f64) -> WorkSample {
        WorkSample { tasks: 10, wall_s, user_s: cpu_s * 0.75, system_s: cpu_s * 0.25, bytes: 0, memory_bytes: None }
    }

    #[test]
    fn the_kind_is_a_matter_of_how_busy_a_core_is() {
        use WorkKind::{Computes, Mixed, Parallel, Waits};
        let kinds = [0.0, 0.2, 0.5, 0.79, 0.81, 1.2, 1.9].map(|cpu_s| sample(1.0, cpu_s).kind());
        assert_eq!(kinds, [Waits, Waits, Mixed, Mixed, Computes, Computes, Parallel]);
    }

    #[test]
    fn the_closed_forms_are_those_of_the_books() {
        let nine_to_one = sample(1.0, 0.1);
        assert!((nine_to_one.workers_for_cores(2.0) - 20.0).abs() < 1e-9);
        assert!((nine_to_one.workers_for_rate(50.0) - 5.0).abs() < 1e-9, "50 tasks/s of 0.1 s each");
        assert!((sample(1.0, 1.0).workers_for_cores(8.0) - 8.0).abs() < 1e-9);
        assert!((sample(1.0, 4.0).workers_for_cores(8.0) - 2.0).abs() < 1e-9, "each keeps four busy");
        assert!((sample(1.0, 4.0).workers_for_cores(2.0) - 1.0).abs() < 1e-9, "it has no fewer than one");
        assert!(sample(1.0, 0.0).workers_for_cores(2.0).is_infinite());
    }

    #[test]
    fn the_tightest_bound_counts() {
        let bound = |name: &str, workers| Bound { name: name.into(), workers };
        let bounds = [bound("a", 9), bound("b", 4), bound("c", 4)];
        assert_eq!(Bound::tightest(&bounds).map(|bound| &*bound.name), Some("b"));
        assert_eq!(Bound::tightest(&[]), None);
    }
}
