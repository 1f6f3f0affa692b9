//! Events of a running measurement: one line of JSON each, the key `event` first.
//!
//! `makespan run --events` writes all but [`Event::Lanes`], [`Event::Cores`] and [`Event::Ended`], which the viewer
//! adds. Other programs may read them, so keys are full words with their unit, and an optional value is `null`. The
//! JSON Schema is `fixtures/schema/events-1.json`; a test compares the two.

use crate::results::record::Check;
use serde::{Deserialize, Serialize};
use stats::{Estimate, ranking::Place};
use work::worker::lane::Activity;

/// The schema of these events.
pub const SCHEMA: &str = "makespan.events/1";

/// The most lanes reported for one cell: no screen can tell more apart.
pub const LANES: u32 = 64;

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Something is made before the first cell is run: `done` of `total` are ready.
    Preparing {
        /// Its name, for people.
        what: String,
        /// How many are done.
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
        /// How many steps.
        total: u32,
    },
    /// What the workers of a cell have done since the last such event.
    Lanes(LaneUpdate),
    /// How many cores the run used since the last such event, mock server excluded.
    Cores {
        /// Cores in use; more than one where several threads or processes run at the same time.
        cores: f64,
    },
    /// A cell was measured once more.
    Measured(CellTime),
    /// The current result of every cell, in the order of their numbers.
    Standings {
        /// One for each cell.
        cells: Vec<Standing>,
    },
    /// The run has ended. This is the last event.
    Ended {
        /// How.
        how: RunEnd,
    },
}

/// What will be run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RacePlan {
    /// Which document this is, and its version.
    #[cfg_attr(feature = "schema", schemars(extend("const" = SCHEMA)))]
    pub schema: String,
    /// The scenario's name.
    pub scenario: String,
    /// Its title, for people.
    pub title: String,
    /// Its question, for people.
    pub question: String,
    /// Every latency is divided by this.
    pub time_scale: f64,
    /// How often each cell is measured.
    pub rounds: u32,
    /// How many cores it may use.
    pub cores: u32,
    /// The cells; the index of each is its number. The baseline is the first.
    pub cells: Vec<Contender>,
}

/// A cell, as viewers see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// What the workers of a cell have done since the last such event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LaneUpdate {
    /// The cell's number.
    pub cell: usize,
    /// Seconds since its run began, now; of a run that has ended, its time.
    pub clock_s: f64,
    /// Whether it is still running.
    pub running: bool,
    /// Requests waiting for the server or the link, of all workers.
    pub in_flight: u32,
    /// Tasks done by all workers.
    pub tasks_done: u32,
    /// The run's number. A new number is a new run, whose lanes start empty.
    pub run: u64,
    /// The changes, in order. Only of the first workers, as many as a screen can tell apart.
    pub changes: Vec<Change>,
}

/// A worker changed its activity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// The worker, counted from 0.
    pub worker: u32,
    /// The task, counted from 0; `null` for the prologue.
    pub task: Option<u32>,
    /// Its new activity.
    pub doing: Activity,
    /// When, in seconds since the run began.
    pub at_s: f64,
}

/// One measurement of one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CellTime {
    /// The cell's number.
    pub cell: usize,
    /// The round, counted from 0.
    pub round: u32,
    /// Seconds from the first task's start to the last one's end.
    pub run_s: f64,
    /// The spans from the run and the server's log. Only of the first workers, as many as a screen can tell apart.
    pub bars: Vec<TaskSpan>,
}

/// A span of a worker's time: a whole task, or a wait within it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TaskSpan {
    /// The worker, counted from 0.
    pub worker: u32,
    /// The task, counted from 0; `null` for the prologue.
    pub task: Option<u32>,
    /// What the time was spent on.
    pub kind: Activity,
    /// When it began, seconds since the run began.
    pub from_s: f64,
    /// When it ended, in seconds since the run began.
    pub to_s: f64,
}

/// A cell's result so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Standing {
    /// Whether every answer was right. A cell that failed has no times.
    pub check: Check,
    /// Why it failed or was skipped; for a cell that passed, its first task error.
    pub error: Option<String>,
    /// How many of its tasks ended in an error, in the round that had the most.
    pub task_errors: u32,
    /// What its timer enclosed, seconds, one for each round.
    pub times_s: Vec<f64>,
    /// For tasks that become due at times: within how many seconds of being due 99 of 100 were done, one for each round.
    /// Else empty.
    #[serde(default)]
    pub p99_s: Vec<f64>,
    /// How many times as fast as the baseline, or, where there is `p99_s`, as soon; `null` for the baseline, and below two
    /// rounds.
    pub speedup: Option<Estimate>,
    /// What is shown about it among the cells so far; `null` below two rounds.
    #[serde(default)]
    pub place: Option<Place>,
}

/// How a watched run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// Every round is done.
    Finished,
    /// A user stopped it. Its measurements are kept.
    Stopped,
    /// It failed, for this reason.
    Failed(String),
}
