//! The task queue: the tasks of one run that wait for workers.
//!
//! The schedule decides a good part of the makespan. If workers take tasks one by one from a shared queue, a fast one
//! takes more. If tasks are assigned beforehand, a worker with long ones is still busy at the end.

use crossbeam::channel::{self, Receiver};
use serde::{Deserialize, Serialize};
use std::{fmt, ops::Range, str::FromStr};

/// How tasks reach workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("pattern" = r"^(one_by_one|chunks\([1-9][0-9]*\)|pool_chunks|blocks|interleaved|by_key)$")))]
#[serde(try_from = "String", into = "String")]
pub enum Schedule {
    /// Each worker takes the next task when it is free.
    OneByOne,
    /// Each worker takes the next k tasks when it is free.
    Chunks(u32),
    /// Python's `Pool.map` when no chunk size is given: chunks of ceil(n / 4N).
    PoolChunks,
    /// Assigned beforehand: the first n/N to the first worker, and so on.
    Blocks,
    /// Assigned beforehand in turn: task i goes to worker i mod N.
    Interleaved,
    /// Assigned beforehand by [`Task::key`](crate::task::Task::key): one site, one worker.
    ByKey,
}

/// The names of schedules, for messages.
pub const SCHEDULES: &str = "one_by_one, chunks(K), pool_chunks, blocks, interleaved, by_key";

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let chunk = text.strip_prefix("chunks(").and_then(|rest| rest.strip_suffix(')'));
        match (text, chunk.map(str::parse)) {
            (_, Some(Ok(size))) if size > 0 => Ok(Self::Chunks(size)),
            ("one_by_one", _) => Ok(Self::OneByOne),
            ("pool_chunks", _) => Ok(Self::PoolChunks),
            ("blocks", _) => Ok(Self::Blocks),
            ("interleaved", _) => Ok(Self::Interleaved),
            ("by_key", _) => Ok(Self::ByKey),
            _ => Err(format!("unknown schedule `{text}`, expected one of {SCHEDULES}")),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneByOne => f.write_str("one_by_one"),
            Self::Chunks(size) => write!(f, "chunks({size})"),
            Self::PoolChunks => f.write_str("pool_chunks"),
            Self::Blocks => f.write_str("blocks"),
            Self::Interleaved => f.write_str("interleaved"),
            Self::ByKey => f.write_str("by_key"),
        }
    }
}

impl TryFrom<String> for Schedule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.to_string()
    }
}

/// A chunk: indexes of tasks that one worker takes at once.
pub type Hand = Vec<u32>;

/// The waiting tasks of one run. Each is taken exactly once, whichever worker asks.
#[derive(Debug)]
pub struct TaskQueue {
    /// One shared queue, or one for each worker. Every queue is filled and its sending end dropped before the run
    /// starts: an empty queue is then a *closed* one, and "nothing left" can't be confused with "nothing yet".
    queues: Vec<Receiver<Hand>>,
}

impl TaskQueue {
    /// Schedules `keys.len()` tasks on `workers` workers. [`Schedule::ByKey`] groups by `keys`.
    pub fn of(schedule: Schedule, keys: &[&str], workers: u32) -> Self {
        let (count, workers) = (keys.len(), workers.max(1) as usize);
        let all = 0..count as u32;
        let shared =
            |size: usize| vec![all.clone().collect::<Vec<_>>().chunks(size.max(1)).map(<[u32]>::to_vec).collect()];
        let to_worker = |owner: &dyn Fn(usize) -> usize| -> Vec<Vec<Hand>> {
            let mut queues = vec![Vec::new(); workers];
            all.clone().for_each(|index| queues[owner(index as usize)].push(vec![index]));
            queues
        };
        let queues = match schedule {
            Schedule::OneByOne => shared(1),
            Schedule::Chunks(size) => shared(size as usize),
            Schedule::PoolChunks => shared(count.div_ceil(4 * workers)),
            Schedule::Blocks => {
                // The first count % workers blocks are one longer, as in numpy.array_split and the lecture notes.
                let end = |worker: usize| worker * (count / workers) + worker.min(count % workers);
                let blocks: Vec<Range<usize>> = (0..workers).map(|worker| end(worker)..end(worker + 1)).collect();
                to_worker(&|index| blocks.iter().position(|block| block.contains(&index)).unwrap_or(0))
            }
            Schedule::Interleaved => to_worker(&|index| index % workers),
            Schedule::ByKey => {
                let mut known: Vec<&str> = Vec::new();
                let group: Vec<usize> = keys
                    .iter()
                    .map(|key| {
                        known.iter().position(|other| other == key).unwrap_or_else(|| {
                            known.push(key);
                            known.len() - 1
                        })
                    })
                    .collect();
                to_worker(&|index| group[index] % workers)
            }
        };
        Self { queues: queues.into_iter().map(closed_queue).collect() }
    }

    /// The next chunk for this worker; `None` when none is left for it, now and later.
    pub fn next(&self, worker: u32) -> Option<Hand> {
        self.queues[worker as usize % self.queues.len()].recv().ok()
    }
}

fn closed_queue(chunks: Vec<Hand>) -> Receiver<Hand> {
    let (sender, receiver) = channel::bounded(chunks.len());
    for chunk in chunks {
        // Can't fail: the channel has room for all chunks, and we hold its other end.
        let _ = sender.send(chunk);
    }
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dealt(schedule: &str, count: usize, workers: u32) -> Vec<Vec<Hand>> {
        let queue = TaskQueue::of(schedule.parse().expect("a schedule"), &vec![""; count], workers);
        queue.queues.iter().map(|queue| queue.iter().collect()).collect()
    }

    #[test]
    fn pool_chunks_are_pythons() {
        // 91 tasks on 4 workers: divmod(91, 16) rounded up is 6, so 16 chunks, the last of one task.
        let chunks = &dealt("pool_chunks", 91, 4)[0];
        assert_eq!((chunks.len(), chunks[0].len(), chunks[15].len()), (16, 6, 1));
    }

    #[test]
    fn blocks_are_even_and_interleaving_is_by_turns() {
        assert_eq!(dealt("blocks", 5, 2), [vec![vec![0], vec![1], vec![2]], vec![vec![3], vec![4]]]);
        assert_eq!(dealt("interleaved", 5, 2), [vec![vec![0], vec![2], vec![4]], vec![vec![1], vec![3]]]);
    }

    #[test]
    fn by_key_gives_a_site_to_one_worker() {
        let queue = TaskQueue::of(Schedule::ByKey, &["a", "b", "a", "c", "b"], 2);
        let chunks: Vec<Vec<Hand>> = queue.queues.iter().map(|queue| queue.iter().collect()).collect();
        assert_eq!(chunks, [vec![vec![0], vec![2], vec![3]], vec![vec![1], vec![4]]]);
    }

    #[test]
    fn unknown_deals_are_refused_with_the_known_ones() {
        for bad in ["chunks(0)", "chunks(x)", "chunks", "random", ""] {
            assert!(bad.parse::<Schedule>().expect_err(bad).contains("one_by_one"));
        }
    }

    proptest! {
        #[test]
        fn every_task_is_dealt_exactly_once(count in 0_usize..200, workers in 1_u32..20, which in 0_usize..6) {
            let schedule = ["one_by_one", "chunks(3)", "pool_chunks", "blocks", "interleaved", "by_key"][which];
            let mut seen: Vec<u32> = dealt(schedule, count, workers).concat().concat();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..count as u32).collect::<Vec<_>>());
        }

        #[test]
        fn a_deal_survives_being_written_and_read(size in 1_u32..1000) {
            prop_assert_eq!(Schedule::Chunks(size).to_string().parse(), Ok(Schedule::Chunks(size)));
        }
    }
}
