//! The state of a run after all events so far: what a screen shows.

use super::event::{CellTime, Change, Contender, Event, LANES, LaneUpdate, RacePlan, RunEnd, Standing};
use work::worker::lane::Activity;

/// A run, according to its events so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Race {
    /// What will be run; `None` until it is set up.
    pub plan: Option<RacePlan>,
    /// What is being made before that: name, done, total.
    pub preparing: Option<(String, u64, u64)>,
    /// The current cell, whether it is timed, the step, the steps.
    pub at: Option<(usize, bool, u32, u32)>,
    /// One for each cell, once it is set up.
    pub entries: Vec<RacingCell>,
    /// Cores in use.
    pub cores: Option<f64>,
    /// How it ended; `None` while it runs.
    pub ended: Option<RunEnd>,
}

/// One cell in the race.
#[derive(Debug, Clone, PartialEq)]
pub struct RacingCell {
    /// The cell.
    pub cell: Contender,
    /// Its result so far.
    pub standing: Option<Standing>,
    /// The number of the run in the lanes.
    pub run: u64,
    /// Seconds since that run began, or its duration.
    pub clock_s: f64,
    /// Whether it is still running.
    pub running: bool,
    /// Requests waiting for the server or the link.
    pub in_flight: u32,
    /// Tasks done in it.
    pub tasks_done: u32,
    /// Each worker's activities, by its number.
    pub lanes: Vec<Vec<Stretch>>,
}

/// A span of a worker's time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// The activity.
    pub doing: Activity,
    /// Its start, in seconds since the run began.
    pub from_s: f64,
    /// Its end; `None` while it lasts.
    pub to_s: Option<f64>,
}

impl Race {
    /// Applies an event.
    pub fn add(&mut self, event: Event) {
        match event {
            Event::Preparing { what, done, total } => self.preparing = Some((what, done, total)),
            Event::SetUp(plan) => {
                self.entries = plan.cells.iter().cloned().map(RacingCell::new).collect();
                self.preparing = None;
                self.plan = Some(plan);
            }
            Event::Working { cell, timed, step, total } => self.at = Some((cell, timed, step, total)),
            Event::Lanes(lanes) => self.entries.get_mut(lanes.cell).into_iter().for_each(|entry| entry.turn(&lanes)),
            Event::Cores { cores } => self.cores = Some(cores),
            Event::Measured(measured) => {
                self.entries.get_mut(measured.cell).into_iter().for_each(|entry| entry.settle(&measured));
            }
            Event::Standings { cells } => {
                for (entry, standing) in self.entries.iter_mut().zip(cells) {
                    entry.standing = Some(standing);
                }
            }
            Event::Ended { how } => {
                self.entries.iter_mut().for_each(|entry| entry.running = false);
                self.ended = Some(how);
            }
        }
    }
}

impl RacingCell {
    fn new(cell: Contender) -> Self {
        Self {
            cell,
            standing: None,
            run: 0,
            clock_s: 0.0,
            running: false,
            in_flight: 0,
            tasks_done: 0,
            lanes: Vec::new(),
        }
    }

    fn turn(&mut self, news: &LaneUpdate) {
        if news.run != self.run {
            self.lanes.clear();
        }
        (self.run, self.clock_s, self.running) = (news.run, news.clock_s, news.running);
        (self.in_flight, self.tasks_done) = (news.in_flight, news.tasks_done);
        news.changes.iter().for_each(|change| self.change(change));
    }

    fn change(&mut self, change: &Change) {
        let Some(lane) = lane(&mut self.lanes, change.worker) else { return };
        if let Some(last) = lane.last_mut() {
            last.to_s = Some(change.at_s);
        }
        if !matches!(change.doing, Activity::Idle | Activity::Failed) {
            lane.push(Stretch { doing: change.doing, from_s: change.at_s, to_s: None });
        }
    }

    /// Replaces the lanes observed live by those from the run and the server's log. Waits are drawn over tasks.
    fn settle(&mut self, measured: &CellTime) {
        (self.clock_s, self.running, self.in_flight) = (measured.run_s, false, 0);
        self.lanes.clear();
        for bar in &measured.bars {
            // A job's time in a queue belongs to no worker.
            let Some(doing) = bar.kind.for_viewers().filter(|doing| *doing != Activity::Idle) else { continue };
            let stretch = Stretch { doing, from_s: bar.from_s, to_s: Some(bar.to_s) };
            lane(&mut self.lanes, bar.worker).into_iter().for_each(|lane| lane.push(stretch));
        }
    }
}

/// The lane of a worker; `None` beyond [`LANES`], whatever another process writes.
fn lane(lanes: &mut Vec<Vec<Stretch>>, worker: u32) -> Option<&mut Vec<Stretch>> {
    let place = worker as usize;
    if worker < LANES && lanes.len() <= place {
        lanes.resize(place + 1, Vec::new());
    }
    lanes.get_mut(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{live::event::TaskSpan, results::record::Check};
    use proptest::prelude::*;
    use stats::Estimate;

    fn turn() -> impl Strategy<Value = Activity> {
        prop::sample::select(vec![
            Activity::Run,
            Activity::WaitServer,
            Activity::WaitLink,
            Activity::WaitLock,
            Activity::Idle,
            Activity::Failed,
        ])
    }

    fn kind() -> impl Strategy<Value = Activity> {
        prop::sample::select(vec![Activity::Run, Activity::WaitTransfer, Activity::WaitLock, Activity::Queued])
    }

    fn lanes() -> impl Strategy<Value = Event> {
        let change = (any::<u32>(), any::<Option<u32>>(), turn(), any::<f64>());
        let change = change.prop_map(|(worker, task, doing, at_s)| Change { worker, task, doing, at_s });
        let rest = any::<(usize, f64, bool, u32, u32, u64)>();
        (0_usize..6, rest, prop::collection::vec(change, 0..5)).prop_map(|(cell, rest, changes)| {
            let (_, clock_s, running, in_flight, tasks_done, run) = rest;
            Event::Lanes(LaneUpdate { cell, clock_s, running, in_flight, tasks_done, run, changes })
        })
    }

    fn measured() -> impl Strategy<Value = Event> {
        let bar = (any::<u32>(), any::<Option<u32>>(), kind(), any::<f64>(), any::<f64>());
        let bar = bar.prop_map(|(worker, task, kind, from_s, to_s)| TaskSpan { worker, task, kind, from_s, to_s });
        (0_usize..6, any::<u32>(), any::<f64>(), prop::collection::vec(bar, 0..5))
            .prop_map(|(cell, round, run_s, bars)| Event::Measured(CellTime { cell, round, run_s, bars }))
    }

    fn standings() -> impl Strategy<Value = Event> {
        let one = (any::<bool>(), prop::collection::vec(any::<f64>(), 0..3), any::<Option<(f64, f64, f64)>>());
        let one = one.prop_map(|(passed, times_s, speedup)| Standing {
            check: if passed { Check::Passed } else { Check::Failed },
            error: None,
            task_errors: 0,
            times_s,
            p99_s: Vec::new(),
            speedup: speedup.map(|(estimate, low, high)| Estimate { estimate, low, high }),
            place: None,
        });
        prop::collection::vec(one, 0..8).prop_map(|cells| Event::Standings { cells })
    }

    fn set_up() -> impl Strategy<Value = Event> {
        (0_u32..5, any::<u32>()).prop_map(|(cells, workers)| {
            let contender = |number| Contender {
                name: format!("threads x {number}"),
                strategy: "threads".into(),
                workers,
                tasks: number,
            };
            Event::SetUp(RacePlan {
                schema: String::new(),
                scenario: "any".into(),
                title: String::new(),
                question: String::new(),
                time_scale: 1.0,
                rounds: workers,
                cores: 1,
                cells: (0..cells).map(contender).collect(),
            })
        })
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            set_up(),
            lanes(),
            lanes(),
            measured(),
            standings(),
            any::<(usize, bool, u32, u32)>().prop_map(|(cell, timed, step, total)| Event::Working {
                cell,
                timed,
                step,
                total
            }),
            any::<f64>().prop_map(|cores| Event::Cores { cores }),
            Just(Event::Preparing { what: "inputs".into(), done: 1, total: 2 }),
            Just(Event::Ended { how: RunEnd::Stopped }),
        ]
    }

    proptest! {
        #[test]
        fn any_events_in_any_order_make_a_race_that_is_no_larger_than_what_can_be_shown(
            events in prop::collection::vec(event(), 0..40),
        ) {
            let mut race = Race::default();
            for event in events {
                race.add(event);
                prop_assert!(race.entries.iter().all(|entry| entry.lanes.len() <= LANES as usize));
                prop_assert_eq!(race.plan.as_ref().map_or(0, |plan| plan.cells.len()), race.entries.len());
            }
        }
    }

    #[test]
    fn lanes_are_those_of_the_last_run_and_what_the_run_itself_says_replaces_them() {
        let cell = Contender { name: "threads x 2".into(), strategy: "threads".into(), workers: 2, tasks: 2 };
        let mut entry = RacingCell::new(cell);
        let change = |worker, doing, at_s| Change { worker, task: Some(0), doing, at_s };
        let lanes = |run, changes| LaneUpdate {
            cell: 0,
            clock_s: 1.0,
            running: true,
            in_flight: 1,
            tasks_done: 0,
            run,
            changes,
        };
        entry.turn(&lanes(1, vec![change(0, Activity::Run, 0.0), change(0, Activity::WaitServer, 0.5)]));
        entry.turn(&lanes(1, vec![change(0, Activity::Idle, 0.75), change(1, Activity::Run, 0.5)]));
        let stretch = |doing, from_s, to_s| Stretch { doing, from_s, to_s };
        let first = vec![stretch(Activity::Run, 0.0, Some(0.5)), stretch(Activity::WaitServer, 0.5, Some(0.75))];
        assert_eq!(entry.lanes, [first, vec![stretch(Activity::Run, 0.5, None)]]);
        entry.turn(&lanes(2, vec![change(1, Activity::WaitLock, 0.25)]));
        assert_eq!(entry.lanes, [vec![], vec![stretch(Activity::WaitLock, 0.25, None)]]);
        let bar = |kind| TaskSpan { worker: 0, task: Some(0), kind, from_s: 0.0, to_s: 0.5 };
        let bars = vec![bar(Activity::Run), bar(Activity::WaitServer), bar(Activity::Queued)];
        entry.settle(&CellTime { cell: 0, round: 0, run_s: 0.5, bars });
        assert_eq!(
            entry.lanes,
            [vec![stretch(Activity::Run, 0.0, Some(0.5)), stretch(Activity::WaitServer, 0.0, Some(0.5))]]
        );
        assert!(!entry.running);
    }
}
