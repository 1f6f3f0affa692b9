//! Feed announcements as events.

use super::event::{Change, Event, LANES, LaneUpdate};
use measure::clock::between;
use std::collections::HashMap;
use work::worker::{
    feed::{Announcement, Notice},
    lane::Activity,
};

/// Follows the announcements of sequential runs.
#[derive(Debug, Default)]
pub(super) struct Follower {
    current: Option<CurrentRun>,
}

/// The current run, or the last one.
#[derive(Debug)]
struct CurrentRun {
    run: u64,
    cell: usize,
    start_ns: u64,
    /// Its duration in seconds, once it has ended.
    took_s: Option<f64>,
    /// Each worker's activity, also beyond [`LANES`].
    doing: HashMap<u32, Activity>,
    tasks_done: u32,
    changes: Vec<Change>,
}

impl Follower {
    /// The events for these announcements at `now_ns`. A current run always has one, for its clock.
    pub(super) fn follow(&mut self, news: &[Announcement], now_ns: u64) -> Vec<Event> {
        let was_running = self.current.as_ref().is_some_and(|current| current.took_s.is_none());
        let (mut told, mut changed) = (Vec::new(), was_running);
        for one in news {
            if one.what == Notice::Began {
                told.extend(self.current.take().filter(|_| changed).map(|current| current.tell(one.at_ns)));
                self.current = Some(CurrentRun::begin(one));
                changed = true;
            } else if let Some(current) = self.current.as_mut().filter(|current| current.run == one.run) {
                // Anything from another run is a warm-up, which is not shown, or a late worker.
                current.add(one);
                changed = true;
            }
        }
        told.extend(self.current.as_mut().filter(|_| changed).map(|current| current.tell_now(now_ns)));
        told
    }
}

impl CurrentRun {
    fn begin(begin: &Announcement) -> Self {
        Self {
            run: begin.run,
            cell: begin.worker as usize,
            start_ns: begin.at_ns,
            took_s: None,
            doing: HashMap::new(),
            tasks_done: 0,
            changes: Vec::new(),
        }
    }

    fn add(&mut self, one: &Announcement) {
        let at_s = between(self.start_ns, one.at_ns).as_secs_f64();
        let Notice::Worker(activity) = one.what else {
            self.took_s = Some(at_s);
            return;
        };
        let Some(doing) = activity.for_viewers() else { return };
        if one.index.is_some() && matches!(doing, Activity::Idle | Activity::Failed) {
            self.tasks_done += 1;
        }
        self.doing.insert(one.worker, doing);
        if one.worker < LANES {
            self.changes.push(Change { worker: one.worker, task: one.index, doing, at_s });
        }
    }

    /// Its last event, when another run has begun.
    fn tell(mut self, now_ns: u64) -> Event {
        self.tell_now(now_ns)
    }

    fn tell_now(&mut self, now_ns: u64) -> Event {
        let waits = |doing: &&Activity| matches!(doing, Activity::WaitServer | Activity::WaitLink);
        Event::Lanes(LaneUpdate {
            cell: self.cell,
            run: self.run,
            clock_s: self.took_s.unwrap_or_else(|| between(self.start_ns, now_ns).as_secs_f64()),
            running: self.took_s.is_none(),
            in_flight: self.doing.values().filter(waits).count() as u32,
            tasks_done: self.tasks_done,
            changes: std::mem::take(&mut self.changes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(run: u64, at_ms: u64, worker: u32, index: Option<u32>, what: Notice) -> Announcement {
        Announcement { run, at_ns: at_ms * 1_000_000, worker, index, what }
    }

    fn lanes(events: Vec<Event>) -> Vec<LaneUpdate> {
        let lanes = |event| if let Event::Lanes(lanes) = event { lanes } else { panic!("{event:?}") };
        events.into_iter().map(lanes).collect()
    }

    #[test]
    fn two_workers_one_of_them_beyond_the_lanes() {
        let mut follower = Follower::default();
        let first = [
            said(1, 5, 0, Some(0), Notice::Worker(Activity::Run)),
            said(2, 10, 3, None, Notice::Began),
            said(2, 11, 0, Some(0), Notice::Worker(Activity::Run)),
            said(2, 12, 0, Some(0), Notice::Worker(Activity::WaitFirstByte)),
            said(2, 12, LANES, Some(1), Notice::Worker(Activity::WaitTransfer)),
            said(1, 13, 0, Some(0), Notice::Worker(Activity::Idle)),
        ];
        let told = lanes(follower.follow(&first, 20_000_000));
        assert_eq!(told.len(), 1);
        let seen = &told[0];
        assert_eq!((seen.cell, seen.run, seen.running, seen.in_flight, seen.tasks_done), (3, 2, true, 2, 0));
        assert!((seen.clock_s - 0.010).abs() < 1e-12);
        assert_eq!(
            seen.changes.iter().map(|change| change.doing).collect::<Vec<_>>(),
            [Activity::Run, Activity::WaitServer]
        );

        // Only the clock has changed.
        let told = lanes(follower.follow(&[], 30_000_000));
        assert!((told[0].clock_s - 0.020).abs() < 1e-12 && told[0].changes.is_empty());

        let last = [
            said(2, 33, 0, Some(0), Notice::Worker(Activity::Idle)),
            said(2, 34, LANES, Some(1), Notice::Worker(Activity::Failed)),
            said(2, 35, 3, None, Notice::Ended),
            said(3, 40, 0, None, Notice::Began),
        ];
        let told = lanes(follower.follow(&last, 50_000_000));
        assert_eq!((told[0].tasks_done, told[0].in_flight, told[0].running), (2, 0, false));
        assert!((told[0].clock_s - 0.025).abs() < 1e-12);
        assert_eq!((told[1].cell, told[1].run, told[1].tasks_done), (0, 3, 0));
        // After its end there are no more events.
        let over = [said(3, 60, 0, None, Notice::Ended)];
        assert_eq!(lanes(follower.follow(&over, 70_000_000)).len(), 1);
        assert!(follower.follow(&[], 80_000_000).is_empty());
    }
}
