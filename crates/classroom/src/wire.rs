//! The JSON that browsers and the classroom exchange.
//!
//! Events of a run are [`live::Event`](harness::live::Event)s as they are. The rest is here: requests, and the room's
//! state, sent whole whenever it changes, so that a browser that joins late or reconnects has missed nothing.

use harness::live::event::RunEnd;
use serde::{Deserialize, Serialize};
use stats::Estimate;
use std::collections::BTreeMap;

/// A requested race: the body of `POST /ask` and `POST /run`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RaceRequest {
    /// The name of a built-in scenario. A browser can't name a file.
    pub scenario: String,
    /// A variant of the scenario.
    pub variant: Option<String>,
    /// Strategies in addition to sequential, which always runs.
    pub strategies: Vec<String>,
    /// Worker counts, as `makespan run --workers` takes them: `5`, `3x5`.
    pub workers: Vec<String>,
    /// How tasks reach workers, as `makespan run --schedule` takes it; none for one by one.
    #[serde(default)]
    pub schedules: Vec<String>,
    /// How often each cell is measured.
    pub rounds: u32,
    /// Every latency is divided by this; `null` for the scenario's own scale, 1 for the document's.
    pub time_scale: Option<f64>,
    /// The name of the cell whose time the class is to guess: `threads x 8`; `null` for a race without guessing.
    pub ask: Option<String>,
}

/// A guess as it is sent: the body of `POST /guess`. The cookie identifies the participant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuessRequest {
    /// The name to show with the guess; may be empty.
    pub name: String,
    /// The guessed time in seconds, as typed: digits with at most one point or comma, 0.001 to 86400.
    pub seconds: String,
}

/// A guess that counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Guess {
    /// The name to show with it; may be empty.
    pub name: String,
    /// The guessed time.
    pub seconds: f64,
}

/// Joining from another machine: the body of `POST /join`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The join code.
    pub code: String,
}

/// Hiding a name, on the reveal and in what is exported: the body of `POST /hide`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hide {
    /// The name.
    pub name: String,
}

/// The state of the room: the event `room` of `GET /events`, and the response of `GET /room`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoomState {
    /// The state of the current race.
    pub phase: RacePhase,
    /// The number of the current race, counted from 1; `null` before the first. Its events have the ids `NUMBER.K`.
    pub race: Option<u32>,
    /// What it is.
    pub wanted: Option<RaceRequest>,
    /// The equivalent command for a terminal.
    pub command: Option<String>,
    /// How long its waits take sequentially, seconds, at least; `null` before the first race, and without waits. The page
    /// counts down by it while answers are checked.
    pub waits_s: Option<f64>,
    /// The question, if the class was asked one.
    pub question: Option<Question>,
    /// Who serves it, and to how many.
    #[serde(flatten)]
    pub class: ClassState,
    /// How it ended; `null` while it hasn't.
    pub ended: Option<RunEnd>,
    /// The quiz; `null` before it was opened for the first time.
    #[serde(default)]
    pub quiz: Option<QuizState>,
}

/// When a quiz is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum QuizTime {
    /// Before the class.
    Before,
    /// After it.
    After,
}

/// Opening or closing a quiz: the body of `POST /quiz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuizOrder {
    /// Which one is to be open; `null` for none.
    pub open: Option<QuizTime>,
}

/// An answer: the body of `POST /answer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuizAnswer {
    /// The question, counted from 0.
    pub question: usize,
    /// The chosen option, counted from 0.
    pub option: usize,
}

/// The questions, without what is right: the response of `GET /quiz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuizSheet {
    /// Every question, in order.
    pub questions: Vec<SheetQuestion>,
    /// What this participant has chosen in the open quiz, by question.
    pub chosen: BTreeMap<usize, usize>,
}

/// A question as it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetQuestion {
    /// The question.
    pub text: String,
    /// The answers to choose from.
    pub options: Vec<String>,
}

/// What everybody may know of the quiz.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuizState {
    /// Which one is open.
    pub open: Option<QuizTime>,
    /// How many questions there are.
    pub questions: u32,
    /// How many participants have answered a question of the open one.
    pub began: u32,
    /// How many have answered all.
    pub finished: u32,
    /// Whether the next one to open is that after the class.
    pub after_is_next: bool,
    /// Each question with its shares, once the quiz after the class is closed; `null` until then.
    pub results: Option<Vec<QuizResult>>,
}

/// A question before and after the class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct QuizResult {
    /// The question's name.
    pub id: String,
    /// The question.
    pub question: String,
    /// The right answer.
    pub answer: String,
    /// Why it is right.
    pub why: String,
    /// The name of the lesson that teaches it.
    pub lesson: String,
    /// The answers before the class.
    pub before: QuizShare,
    /// The answers after it.
    pub after: QuizShare,
}

/// How many answers were right, of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct QuizShare {
    /// How many were right.
    pub right: u32,
    /// How many have answered.
    pub answered: u32,
}

/// The classroom and its participants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassState {
    /// The classroom's number: another one after a restart. A page that sees a new one loads itself again.
    pub instance: u64,
    /// How often the join code was renewed. The lecturer's page shows the code, and loads itself again.
    pub codes: u32,
    /// How many participants have joined from another machine or have guessed.
    pub seats: u32,
    /// How many of them have an open page.
    pub connected: u32,
}

/// The states of a race.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RacePhase {
    /// There is no race.
    Idle,
    /// The class is asked. Guesses can be sent and changed.
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
    /// The numbers from which the answer can be worked out, in words: those of the lesson, or of the scenario.
    pub facts: String,
    /// The cell's name.
    pub cell: String,
    /// How many have guessed. The guesses stay hidden until the race is over.
    pub guesses: u32,
    /// The result; `null` until the race is over, and if the cell was not measured.
    pub revealed: Option<Revealed>,
}

/// The guesses beside the measured time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revealed {
    /// Seconds. With one round the interval is that one figure.
    pub measured: Estimate,
    /// How many rounds were measured.
    pub rounds: u32,
    /// Every guess, smallest first.
    pub guesses: Vec<Guess>,
    /// The class's median, seconds.
    pub median: Option<f64>,
    /// The names of those who were closest: of the guesses that the interval doesn't tell apart, all.
    pub closest: Vec<String>,
    /// The smallest and the largest of their guesses, seconds; `null` without guesses.
    pub closest_s: Option<[f64; 2]>,
}

/// Why a request failed: the body of every error response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What is wrong, what was expected, what to do.
    pub error: String,
}
