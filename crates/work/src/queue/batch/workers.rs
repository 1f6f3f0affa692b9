//! The workers of a run's jobs, and their clocks.

use super::SeenPlaces;
use crate::{
    queue::{
        broker::{Peer, Role},
        job::{BUILD, Delivered},
    },
    worker::work::Elsewhere,
};
use measure::axis::{ClockReading, Offset};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use support::terminal::printable;

/// The workers that were seen during a run, in order of appearance.
#[derive(Debug, Default)]
pub(super) struct Workers {
    seen: Vec<String>,
    /// The best comparison of each worker's clock with the queue's; none before its first delivery.
    clocks: HashMap<String, ClockReading>,
    /// Of the workers last present: whether one is of our build, and how many are of each other build.
    listening: bool,
    other_builds: BTreeMap<String, u32>,
    /// The most runs that were present at once, besides this one.
    pub(super) other_runs: u32,
}

impl Workers {
    pub(super) fn present(&mut self, peers: &[Peer], own: &str) {
        let others = peers.iter().filter(|peer| peer.role == Role::Run && peer.id != own).count();
        self.other_runs = self.other_runs.max(others as u32);
        let (ours, others): (Vec<&Peer>, Vec<&Peer>) =
            peers.iter().filter(|peer| peer.role == Role::Worker).partition(|peer| peer.build == BUILD);
        self.listening = !ours.is_empty();
        ours.into_iter().for_each(|peer| self.see(&peer.id));
        self.other_builds.clear();
        for peer in others {
            *self.other_builds.entry(printable(&peer.build).into_owned()).or_default() += 1;
        }
    }

    pub(super) fn delivered(&mut self, delivered: &Delivered) {
        let (worker, clock) = (&delivered.worker, &delivered.clock);
        match self.clocks.get_mut(worker) {
            Some(best) if best.to_queue.uncertainty_ns <= clock.to_queue.uncertainty_ns => {}
            Some(best) => best.clone_from(clock),
            None => {
                self.see(worker);
                self.clocks.insert(worker.clone(), clock.clone());
            }
        }
    }

    fn see(&mut self, worker: &str) {
        if !self.seen.iter().any(|seen| seen == worker) {
            self.seen.push(worker.into());
        }
    }

    /// Each worker's number: a pool's own have their slots' numbers, others the next ones in order of appearance.
    pub(super) fn numbers(&self, our_clock: &ClockReading, own: &SeenPlaces) -> BTreeMap<String, u32> {
        let mut next = own.values().max().map_or(0, |last| last + 1);
        let mut number = |worker: &String| {
            // On another machine of the same name, a process may have the same number.
            let is_here = self.clocks.get(worker).is_none_or(|clock| clock.axis == our_clock.axis);
            own.get(worker).copied().filter(|_| is_here).unwrap_or_else(|| {
                next += 1;
                next - 1
            })
        };
        self.seen.iter().map(|worker| (worker.clone(), number(worker))).collect()
    }

    /// The number of workers, if it isn't that of the pool's own: none are its own, and all that listened count; or
    /// others took jobs too.
    pub(super) fn count(&self, our_clock: &ClockReading, own: &SeenPlaces) -> Option<u32> {
        if own.is_empty() {
            return Some(self.seen.len() as u32);
        }
        let numbers = self.numbers(our_clock, own);
        let others = self.clocks.keys().filter(|worker| !own.values().any(|place| numbers.get(*worker) == Some(place)));
        let (others, places) = (others.count(), own.values().collect::<BTreeSet<_>>().len());
        (others > 0).then_some((places + others) as u32)
    }

    /// How far our clock is ahead of the worker's: zero if both read the same one.
    pub(super) fn offset(&self, worker: &str, our_clock: &ClockReading) -> Offset {
        let theirs = self.clocks.get(worker).filter(|clock| clock.axis != our_clock.axis);
        theirs.map_or_else(Offset::default, |clock| {
            let (theirs, ours) = (clock.to_queue, our_clock.to_queue);
            let uncertainty_ns = theirs.uncertainty_ns.saturating_add(ours.uncertainty_ns);
            Offset { ns: theirs.ns.saturating_sub(ours.ns), uncertainty_ns }
        })
    }

    pub(super) fn elsewhere(&self, our_clock: &ClockReading, numbers: &BTreeMap<String, u32>) -> Vec<Elsewhere> {
        let of = |(worker, &number): (&String, &u32)| {
            let clock = self.clocks.get(worker).filter(|clock| clock.axis != our_clock.axis)?;
            let Offset { ns: clock_offset_ns, uncertainty_ns: clock_uncertainty_ns } = self.offset(worker, our_clock);
            Some(Elsewhere { worker: number, host: clock.axis.host.clone(), clock_offset_ns, clock_uncertainty_ns })
        };
        let mut elsewhere: Vec<Elsewhere> = numbers.iter().filter_map(of).collect();
        elsewhere.sort_unstable_by_key(|one| one.worker);
        elsewhere
    }

    /// A message if no worker listens, which counts the workers of other builds.
    pub(super) fn nobody_listens(&self, queue: &str) -> Option<String> {
        if self.listening {
            return None;
        }
        let of_build = |(build, count): (&String, &u32)| match count {
            1 => format!("; 1 worker of another build does: {build}"),
            _ => format!("; {count} workers of another build do: {build}"),
        };
        let others: String = self.other_builds.iter().map(of_build).collect();
        Some(format!("no worker listens on queue `{queue}`{others}"))
    }
}
