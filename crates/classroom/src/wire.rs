//! What browsers say to the classroom and hear from it, as JSON.
//!
//! Events of a run are [`live::Event`](harness::live::Event)s as they are. What is here is the rest: requests, and the state
//! of the room, which is told as a whole whenever it changes, so that a browser that comes late or again has missed nothing.

use harness::live::event::RunEnd;
use serde::{Deserialize, Serialize};
use stats::Estimate;

/// A race that somebody wants: the body of `POST /ask` and `POST /run`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RaceRequest {
    /// The name of a scenario that is built in. A browser can't name a file.
    pub scenario: String,
    /// The scenario with other numbers.
    pub variant: Option<String>,
    /// Strategies beside sequential, which always runs.
    pub strategies: Vec<String>,
    /// Worker counts, as `makespan run --workers` takes them: `5`, `3x5`.
    pub workers: Vec<String>,
    /// How often each cell is measured.
    pub rounds: u32,
    /// Every latency is divided by this; `null` for the scenario's own, 1 for the document's own pace.
    pub time_scale: Option<f64>,
    /// The name of the cell whose time the class is to guess: `threads x 8`; `null` for a race without guessing.
    pub ask: Option<String>,
}

/// A guess: the body of `POST /guess`. Whose it is, the seat says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guess {
    /// The name to show beside it; may be empty.
    pub name: String,
    /// How long it will take.
    pub seconds: f64,
}

/// Taking a seat from elsewhere: the body of `POST /join`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The join code.
    pub code: String,
}

/// The state of the room: an event `room` of `GET /events`, and the answer of `GET /room`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoomState {
    /// Which state the current race is in.
    pub phase: RacePhase,
    /// The number of the current race, counted from 1; `null` before the first. Its events have `NUMBER.K` as their ids.
    pub race: Option<u32>,
    /// What it is.
    pub wanted: Option<RaceRequest>,
    /// The command that does the same in a terminal.
    pub command: Option<String>,
    /// The question, where the class is asked one.
    pub question: Option<Question>,
    /// Races that wait for their turn, in their order.
    pub waiting: Vec<Waiting>,
    /// How many have a seat from elsewhere or have guessed.
    pub seats: u32,
    /// How it ended; `null` while it hasn't.
    pub ended: Option<RunEnd>,
}

/// The states of a race.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RacePhase {
    /// There is none.
    Idle,
    /// The class is asked. Guesses can be given and changed.
    Asking,
    /// It runs. Guesses are sealed.
    Running,
    /// It is over.
    Over,
}

/// What the class is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// The question: "How long will 8 threads take?".
    pub text: String,
    /// The cell's name.
    pub cell: String,
    /// How many have guessed. What they have guessed nobody hears before the race is over.
    pub guesses: u32,
    /// What came of it; `null` until the race is over, and where the cell was not measured.
    pub revealed: Option<Revealed>,
}

/// The guesses beside what was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revealed {
    /// Seconds. With one round the interval is that one figure.
    pub measured: Estimate,
    /// Rounds that it is from.
    pub rounds: u32,
    /// Every guess, smallest first.
    pub guesses: Vec<Guess>,
    /// The class's median, seconds.
    pub median: Option<f64>,
    /// The names of those who were closest.
    pub closest: Vec<String>,
}

/// A race that waits for its turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// Its number.
    pub race: u32,
    /// What it is.
    pub wanted: RaceRequest,
}

/// Why a request was not done: the body of any answer that is no success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What was wrong, what was expected, what to do.
    pub error: String,
}
