//! What there is to tell of a run while it goes on: one line of JSON each, the key `event` first.
//!
//! `makespan run --events` writes all but [`Event::Lanes`], [`Event::Cores`] and [`Event::Ended`], which are added by
//! whoever watches. Others may read them, so keys are full words with their unit, and an optional value is `null`. The JSON
//! Schema is `fixtures/schema/events-1.json`; a test holds the two together.

use crate::results::record::Check;
use serde::{Deserialize, Serialize};
use stats::Estimate;
use work::worker::lane::SpanKind;

/// The schema that these events are of.
pub const SCHEMA: &str = "makespan.events/1";

/// The most lanes of one cell that are told of: more can't be told apart on any screen.
pub const LANES: u32 = 64;

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Something is made before the first cell is run: `done` of `total` of it stand.
    Preparing {
        /// What, for people.
        what: String,
        /// How many stand.
        done: u64,
        /// Of how many.
        total: u64,
    },
    /// Everything is set up, and the first cell is about to be run.
    SetUp(RacePlan),
    /// Work on a cell begins.
    Working {
        /// The cell's number.
        cell: usize,
        /// False while its answers are checked and its memory is measured, untimed, before the first round.
        timed: bool,
        /// The step, counted from 0.
        step: u32,
        /// Of so many.
        total: u32,
    },
    /// What the workers of a cell have been at since the last time.
    Lanes(LaneUpdate),
    /// How many cores the run used since the last time, in all its processes but the mock server.
    Cores {
        /// Cores in use; more than one where several threads or processes run at the same time.
        cores: f64,
    },
    /// A cell was measured once more.
    Measured(CellTime),
    /// What is known of every cell now, in the order of their numbers.
    Standings {
        /// One for each cell.
        cells: Vec<Standing>,
    },
    /// It is over. There is nothing after this.
    Ended {
        /// How.
        how: RunEnd,
    },
}

/// What is going to be run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RacePlan {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The scenario's name.
    pub scenario: String,
    /// Its title, for people.
    pub title: String,
    /// What it asks, for people.
    pub question: String,
    /// Every latency is divided by this.
    pub time_scale: f64,
    /// How often each cell is measured.
    pub rounds: u32,
    /// How many cores this machine has for it.
    pub cores: u32,
    /// The cells; each one's place is its number. The baseline is the first.
    pub cells: Vec<Contender>,
}

/// A cell, as a class sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contender {
    /// Its name: `threads x 5`, say.
    pub name: String,
    /// The strategy's name.
    pub strategy: String,
    /// Workers in all.
    pub workers: u32,
    /// How many tasks there are.
    pub tasks: u32,
}

/// What the workers of a cell have been at since the last time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LaneUpdate {
    /// The cell's number.
    pub cell: usize,
    /// Seconds since its run began, now; of a run that has ended, its time.
    pub clock_s: f64,
    /// Whether the run still goes on.
    pub running: bool,
    /// Requests that wait for the server or the link, of all workers.
    pub in_flight: u32,
    /// Tasks that are done, by all workers.
    pub tasks_done: u32,
    /// The run that this is of: another number than before is another run, whose lanes start empty.
    pub run: u64,
    /// The changes, in the order in which they came. Only of the first [`LANES`] workers.
    pub changes: Vec<Change>,
}

/// A worker turned to something else.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The worker, counted from 0.
    pub worker: u32,
    /// The task, counted from 0; `null` for the prologue.
    pub task: Option<u32>,
    /// What it is at from now on.
    pub doing: Activity,
    /// When, in seconds since the run began.
    pub at_s: f64,
}

/// What a worker is at, as it can be seen from the client while it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// It works on a task.
    Run,
    /// It waits for the server's first byte.
    WaitServer,
    /// It waits for the rest of a body: for the link.
    WaitLink,
    /// It waits for the simulated interpreter lock.
    WaitLock,
    /// It has nothing to do.
    Idle,
    /// The same, and its last task ended in an error.
    Failed,
}

/// One measurement of one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellTime {
    /// The cell's number.
    pub cell: usize,
    /// The round, counted from 0.
    pub round: u32,
    /// Seconds from the first task's start to the last one's end.
    pub run_s: f64,
    /// Who did what, and when, as the run and the server's log have it. Only of the first [`LANES`] workers.
    pub bars: Vec<TaskSpan>,
}

/// A stretch of a worker's time: a whole task, or a wait that lies inside of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskSpan {
    /// The worker, counted from 0.
    pub worker: u32,
    /// The task, counted from 0; `null` for the prologue.
    pub task: Option<u32>,
    /// What the time was spent on.
    pub kind: SpanKind,
    /// When it began, seconds since the run did.
    pub from_s: f64,
    /// When it ended.
    pub to_s: f64,
}

/// What is known of a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Whether every answer was right. A cell that failed has no times.
    pub check: Check,
    /// Why it failed or was skipped; of a cell that passed, what the first of its task errors says.
    pub error: Option<String>,
    /// How many of its tasks ended in an error, in the round that had the most.
    pub task_errors: u32,
    /// What its timer enclosed, seconds, one for each round.
    pub times_s: Vec<f64>,
    /// How many times as fast as the baseline; `null` for the baseline, and below two rounds.
    pub speedup: Option<Estimate>,
}

/// How a watched run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// Every round is done.
    Finished,
    /// Somebody stopped it. What was measured is kept.
    Stopped,
    /// It could not be done, for this reason.
    Failed(String),
}
