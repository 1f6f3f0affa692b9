//! What came of all that was told of a run so far: what a screen shows.

use super::event::{Change, Contender, Ending, Event, Lanes, Measured, Plan, Standing, Turn};
use crate::worker::lane::SpanKind;

/// A run, as far as it was told of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Race {
    /// What is going to be run; `None` until it is set up.
    pub plan: Option<Plan>,
    /// What is being made before that: what, how many stand, of how many.
    pub preparing: Option<(String, u64, u64)>,
    /// The cell that is worked on, whether it is timed, the step, of so many.
    pub at: Option<(usize, bool, u32, u32)>,
    /// One for each cell, once it is set up.
    pub entries: Vec<Entry>,
    /// Cores in use.
    pub cores: Option<f64>,
    /// How it ended; `None` while it goes on.
    pub ended: Option<Ending>,
}

/// One cell's part of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The cell.
    pub cell: Contender,
    /// What is known of it.
    pub standing: Option<Standing>,
    /// The run that the lanes show.
    pub run: u64,
    /// Seconds since that run began, or that it took.
    pub clock_s: f64,
    /// Whether it goes on.
    pub running: bool,
    /// Requests that wait for the server or the link.
    pub in_flight: u32,
    /// Tasks done in it.
    pub tasks_done: u32,
    /// What each worker was at, by its number.
    pub lanes: Vec<Vec<Stretch>>,
}

/// A stretch of a worker's time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// What it was at.
    pub doing: Turn,
    /// Since when, in seconds since the run began.
    pub from_s: f64,
    /// Until when; `None` while it goes on.
    pub to_s: Option<f64>,
}

impl Race {
    /// One more event.
    pub fn add(&mut self, event: Event) {
        match event {
            Event::Preparing { what, done, total } => self.preparing = Some((what, done, total)),
            Event::SetUp(plan) => {
                self.entries = plan.cells.iter().cloned().map(Entry::new).collect();
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

impl Entry {
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

    fn turn(&mut self, news: &Lanes) {
        if news.run != self.run {
            self.lanes.clear();
        }
        (self.run, self.clock_s, self.running) = (news.run, news.clock_s, news.running);
        (self.in_flight, self.tasks_done) = (news.in_flight, news.tasks_done);
        news.changes.iter().for_each(|change| self.change(change));
    }

    fn change(&mut self, change: &Change) {
        let lane = lane(&mut self.lanes, change.worker);
        if let Some(last) = lane.last_mut() {
            last.to_s = Some(change.at_s);
        }
        if !matches!(change.doing, Turn::Idle | Turn::Failed) {
            lane.push(Stretch { doing: change.doing, from_s: change.at_s, to_s: None });
        }
    }

    /// The lanes as the run and the server's log have them, instead of what could be seen while it went on. The waits lie
    /// over the tasks.
    fn settle(&mut self, measured: &Measured) {
        (self.clock_s, self.running, self.in_flight) = (measured.run_s, false, 0);
        self.lanes.clear();
        for bar in &measured.bars {
            let doing = match bar.kind {
                SpanKind::Run => Turn::Run,
                SpanKind::WaitServer | SpanKind::WaitFirstByte => Turn::WaitServer,
                SpanKind::WaitLink | SpanKind::WaitTransfer => Turn::WaitLink,
                SpanKind::WaitLock => Turn::WaitLock,
                // A job's time in a queue is no worker's.
                SpanKind::Enqueue | SpanKind::Queued | SpanKind::Return | SpanKind::Idle => continue,
            };
            lane(&mut self.lanes, bar.worker).push(Stretch { doing, from_s: bar.from_s, to_s: Some(bar.to_s) });
        }
    }
}

fn lane(lanes: &mut Vec<Vec<Stretch>>, worker: u32) -> &mut Vec<Stretch> {
    let worker = worker as usize;
    if lanes.len() <= worker {
        lanes.resize(worker + 1, Vec::new());
    }
    &mut lanes[worker]
}
