//! Random decisions about requests, seeded.
//!
//! A draw depends only on the profile's seed, the round and the task: not on the order of requests, the connection or
//! the strategy. So within a round every strategy meets the same slow and the same broken answers, and none is faster
//! by luck. Another round draws anew.

use super::log::TaskTag;
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64;
use std::cell::Cell;

/// The part of a run's number that selects its draws: the lowest bits. The others distinguish runs.
const ROUND: u64 = 0xffff;

/// The index for draws of prologue requests. No task has this number.
const PROLOGUE: u64 = 1 << 32;

/// Assigns draws.
#[derive(Debug)]
pub(super) struct Draws {
    seed: u64,
    /// Requests without a task so far, for each route, and for those without a route at the end.
    without_task: Vec<Cell<u32>>,
}

/// The draws of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Draw {
    /// The task; without a task, which request of its route it is; `None` for the prologue.
    pub index: Option<u32>,
    seed: u64,
}

impl Draws {
    pub(super) fn new(seed: u64, routes: usize) -> Self {
        Self { seed, without_task: vec![Cell::new(0); routes + 1] }
    }

    /// The draw of a request that goes to this route.
    pub(super) fn of(&self, tag: Option<TaskTag>, route: Option<usize>) -> Draw {
        let (round, index) = match tag {
            Some(tag) => (tag.run & ROUND, tag.index),
            None => (0, Some(self.count(route))),
        };
        let who = round << 40 | index.map_or(PROLOGUE, u64::from);
        Draw { index, seed: mixed(mixed(self.seed) ^ who) }
    }

    fn count(&self, route: Option<usize>) -> u32 {
        let last = self.without_task.len() - 1;
        let counter = &self.without_task[route.map_or(last, |route| route.min(last))];
        counter.replace(counter.get().wrapping_add(1))
    }
}

impl Draw {
    /// The draw that decides the latency.
    pub(super) fn of_latency(self) -> f64 {
        self.number(0)
    }

    /// The draw that decides whether the fault with this number happens.
    pub(super) fn of_fault(self, number: usize) -> f64 {
        self.number(1 + number as u64)
    }

    /// The draw that decides between several answers.
    pub(super) fn of_answer(self) -> f64 {
        self.number(u64::MAX)
    }

    /// Evenly distributed from 0 up to, but not including, 1.
    fn number(self, what: u64) -> f64 {
        Pcg64::seed_from_u64(mixed(self.seed ^ what)).random()
    }
}

/// Separates neighbours.
fn mixed(number: u64) -> u64 {
    Pcg64::seed_from_u64(number).next_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(run: u64, index: u32) -> TaskTag {
        TaskTag { run, index: Some(index) }
    }

    #[test]
    fn seed_round_and_task_decide_and_nothing_else() {
        let draws = Draws::new(1, 2);
        let one = draws.of(Some(tag(0x5_0003, 7)), Some(0));
        assert_eq!(one, draws.of(Some(tag(0x9_0003, 7)), Some(1)), "another run of the same round, another route");
        for other in [draws.of(Some(tag(0x5_0004, 7)), Some(0)), draws.of(Some(tag(0x5_0003, 8)), Some(0))] {
            assert!(one.of_latency().to_bits() != other.of_latency().to_bits(), "{other:?}");
        }
        let reseeded = Draws::new(2, 2).of(Some(tag(0x5_0003, 7)), Some(0));
        assert!(one.of_latency().to_bits() != reseeded.of_latency().to_bits());
        assert!(one.of_latency().to_bits() != one.of_fault(0).to_bits());
    }

    /// Pinned: the same on every machine, and in every version.
    #[test]
    fn a_draw_stays_what_it_was() {
        let drawn = Draws::new(1, 0).of(Some(tag(3, 7)), None).of_latency();
        assert_eq!(format!("{drawn:.12}"), "0.197083208062");
    }

    #[test]
    fn requests_without_a_task_count_up_for_each_route() {
        let draws = Draws::new(1, 2);
        let index = |route| draws.of(None, route).index;
        assert_eq!(
            [index(Some(0)), index(Some(0)), index(Some(1)), index(None), index(None)].map(Option::unwrap),
            [0, 1, 0, 0, 1]
        );
    }

    #[test]
    fn the_draws_of_many_tasks_are_even() {
        let draws = Draws::new(5, 0);
        let mut tenths = [0_u32; 10];
        for run in 0..10 {
            for index in 0..1_000 {
                tenths[(draws.of(Some(tag(run, index)), None).of_latency() * 10.0) as usize] += 1;
            }
        }
        // 1,000 are expected in each, with a standard deviation of 30.
        assert!(tenths.iter().all(|count| (850..1_150).contains(count)), "{tenths:?}");
    }
}
