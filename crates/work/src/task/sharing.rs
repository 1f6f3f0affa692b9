//! Counting and summing where workers share more than it seems: a counter, a cache line, the memory.
//!
//! A core writes to a cache line (64 bytes on most processors) only while no other core has it. So when threads write to
//! one counter, its line travels from core to core with every step. The same happens when each has a counter of its own,
//! but the counters are neighbours in one line: *false sharing*, since the program shares nothing and the hardware does.
//! Counters that lie apart share neither. And cores that read far more than fits into their caches compete for memory
//! bandwidth.
//!
//! Only threads of one process share any of this: each process has counters and numbers of its own.

use super::{Expected, Output, Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::{
    num::NonZeroU32,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// What the workers share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Shared {
    /// One counter for all of them.
    OneCounter,
    /// A counter for each of them, side by side.
    Neighbours,
    /// A counter for each of them, in a cache line of its own.
    Apart,
    /// No counter, but an array that is larger than a cache: they read and sum it.
    Memory,
}

/// Count, or sum, so many steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedWork {
    /// What is shared.
    pub what: Shared,
    /// How many steps.
    pub steps: u32,
    /// Where in the array to begin.
    pub from: u32,
}

/// `tasks` tasks of `steps` steps each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Sharing"))]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// How many tasks.
    pub tasks: NonZeroU32,
    /// How often each counts, or how many numbers it sums.
    pub steps: NonZeroU32,
    /// What they share.
    pub what: Shared,
}

/// A counter with its cache line to itself. Two lines, because many processors fetch them in pairs.
#[repr(align(128))]
struct Padded(AtomicU64);

/// Workers beyond this many share counters.
const COUNTERS: usize = 1024;
static ONE: Padded = Padded(AtomicU64::new(0));
static NEIGHBOURS: [AtomicU64; COUNTERS] = [const { AtomicU64::new(0) }; COUNTERS];
static APART: [Padded; COUNTERS] = [const { Padded(AtomicU64::new(0)) }; COUNTERS];

/// 64 MiB of numbers: more than the caches of most processors hold.
const NUMBERS: u32 = 8 << 20;
static ARRAY: LazyLock<Vec<u64>> = LazyLock::new(|| (0..u64::from(NUMBERS)).collect());

/// Steps between two checks of the deadline.
const CHUNK: u32 = 1 << 14;

impl SharedWork {
    /// The checksum of the output is the number of steps that counted, or the sum; its amount the number of steps.
    pub fn run<H: TaskContext>(&self, host: &mut H) -> Result<Output, TaskError> {
        let own = host.worker() as usize % COUNTERS;
        let checksum = match self.what {
            Shared::OneCounter => self.count(host, &ONE.0)?,
            Shared::Neighbours => self.count(host, &NEIGHBOURS[own])?,
            Shared::Apart => self.count(host, &APART[own].0)?,
            Shared::Memory => self.sum(host)?,
        };
        Ok(self.output(checksum))
    }

    fn output(&self, checksum: u64) -> Output {
        Output { checksum, amount: self.steps.into(), status: None }
    }

    /// Draws numbers from a counter, and returns how many were higher than the one before: all, if no step was lost.
    fn count<H: TaskContext>(&self, host: &mut H, counter: &AtomicU64) -> Result<u64, TaskError> {
        let (mut higher, mut least) = (0, 0);
        for from in (0..self.steps).step_by(CHUNK as usize) {
            host.check()?;
            for _ in from..self.steps.min(from.saturating_add(CHUNK)) {
                let drawn = counter.fetch_add(1, Relaxed);
                higher += u64::from(drawn >= least);
                least = drawn + 1;
            }
        }
        Ok(higher)
    }

    /// Sums numbers of the array, which begins again after its last.
    fn sum<H: TaskContext>(&self, host: &mut H) -> Result<u64, TaskError> {
        let (mut sum, mut at, mut left) = (0_u64, self.from % NUMBERS, self.steps);
        while left > 0 {
            host.check()?;
            let length = left.min(CHUNK).min(NUMBERS - at);
            sum += ARRAY[at as usize..(at + length) as usize].iter().sum::<u64>();
            (at, left) = ((at + length) % NUMBERS, left - length);
        }
        Ok(sum)
    }
}

impl Recipe {
    /// The tasks, with their outcome by arithmetic. The array is there when this returns.
    pub fn build(&self) -> Vec<(Task, Expected)> {
        let steps = self.steps.get();
        if self.what == Shared::Memory {
            LazyLock::force(&ARRAY);
        }
        let task = |index: u32| {
            let from = (u64::from(index) * u64::from(steps) % u64::from(NUMBERS)) as u32;
            let task = SharedWork { what: self.what, steps, from };
            let checksum = if self.what == Shared::Memory { sum_of(from, steps) } else { steps.into() };
            let expected = Expected::Output(task.output(checksum));
            (Task::Sharing(task), expected)
        };
        (0..self.tasks.get()).map(task).collect()
    }
}

/// The sum of the numbers 0, 1, ... of the array, `steps` of them from this place on.
fn sum_of(from: u32, steps: u32) -> u64 {
    let below = |end: u64| end * end.saturating_sub(1) / 2;
    let end = u64::from(from) + u64::from(steps);
    let (laps, rest) = (end / u64::from(NUMBERS), end % u64::from(NUMBERS));
    laps * below(NUMBERS.into()) + below(rest) - below(from.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::{lane::Lane, stop::Stop};
    use std::{thread, time::Duration};

    fn lane(worker: u32) -> Lane {
        Lane::new(worker, 1, Stop::after(Duration::from_mins(1)))
    }

    #[test]
    fn no_step_is_lost_whatever_is_shared() {
        for what in [Shared::OneCounter, Shared::Neighbours, Shared::Apart, Shared::Memory] {
            let recipe = Recipe { tasks: 8.try_into().unwrap(), steps: 50_000.try_into().unwrap(), what };
            let tasks = recipe.build();
            thread::scope(|scope| {
                for worker in 0..2 {
                    let tasks = &tasks;
                    scope.spawn(move || {
                        for (task, expected) in tasks.iter().skip(worker as usize).step_by(2) {
                            let done = task.run(&mut lane(worker)).map(Expected::Output);
                            assert_eq!(done, Ok(*expected), "{what:?}");
                        }
                    });
                }
            });
        }
    }

    #[test]
    fn the_array_begins_again_after_its_last_number() {
        for (from, steps) in [(0, 1), (5, 10), (NUMBERS - 3, 7), (NUMBERS - 1, NUMBERS), (2, NUMBERS + CHUNK + 1)] {
            let task = SharedWork { what: Shared::Memory, steps, from };
            let slow: u64 = (from..from + steps).map(|at| u64::from(at % NUMBERS)).sum();
            assert_eq!((sum_of(from, steps), task.sum(&mut lane(0))), (slow, Ok(slow)), "{steps} from {from}");
        }
    }

    #[test]
    fn counters_that_lie_apart_share_no_cache_line_and_neighbours_do() {
        assert!(size_of::<Padded>() >= 128 && size_of_val(&NEIGHBOURS) == COUNTERS * 8);
    }

    #[test]
    fn it_stops_when_told_to() {
        let told = std::sync::Arc::new(true.into());
        for what in [Shared::OneCounter, Shared::Memory] {
            let mut stopped = Lane::new(0, 1, Stop::new(Duration::from_mins(1), &told));
            let task = SharedWork { what, steps: u32::MAX, from: 0 };
            assert_eq!(task.run(&mut stopped), Err(TaskError::Cancelled));
        }
    }
}
