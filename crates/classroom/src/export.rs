//! All races of a session with their guesses, as a file to keep: nothing else is stored. The JSON Schema is
//! `fixtures/schema/classroom-1.json`.

use super::{room::CurrentRace, wire};
use harness::live::event::{RunEnd, Standing};
use serde::Serialize;
use stats::Estimate;

/// The name of the format; a new number means that keys have changed.
pub const SCHEMA: &str = "makespan.classroom/1";

/// The finished races of a session.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClassExport<'s> {
    /// Which document this is, and its version.
    #[cfg_attr(feature = "schema", schemars(extend("const" = SCHEMA)))]
    schema: &'static str,
    /// Finished races, in order.
    races: Vec<ExportedRace<'s>>,
    /// The questions of the quiz with the shares of right answers before and after the class; null until both parts are over.
    quiz: Option<Vec<wire::QuizResult>>,
}

/// A race that is over.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ExportedRace<'s> {
    /// Its number in the session, counted from 1.
    #[serde(rename = "race")]
    number: u32,
    /// What was asked for.
    wanted: &'s wire::RaceRequest,
    /// The command that does the same in a terminal.
    command: String,
    /// How it ended: finished, stopped, or failed for a reason.
    ended: &'s Option<RunEnd>,
    /// The result of each cell, the baseline first; empty if the race never began.
    cells: Vec<ExportedCell<'s>>,
    /// What the class was asked; null if it was asked nothing.
    question: Option<ExportedQuestion<'s>>,
}

/// A cell's result.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ExportedCell<'s> {
    /// Its name: `threads x 5`, say.
    name: &'s str,
    #[serde(flatten)]
    standing: &'s Standing,
}

/// What the class was asked, and what it guessed.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ExportedQuestion<'s> {
    /// The question.
    text: &'s str,
    /// The name of the cell that it was about.
    cell: &'s str,
    /// Every guess, smallest first.
    guesses: Vec<wire::Guess>,
    /// How long it took, seconds: the geometric mean of the rounds; null where the cell was not measured.
    measured: Option<Estimate>,
    /// The class's median, seconds; null without guesses, and where the cell was not measured.
    median: Option<f64>,
    /// The names of those whose guess was closest, by ratio: of the guesses that the interval doesn't tell apart, all.
    closest: &'s [String],
    /// The smallest and the largest of their guesses, seconds; null without guesses, and where the cell was not
    /// measured.
    closest_s: Option<[f64; 2]>,
}

impl<'s> ClassExport<'s> {
    pub(super) fn of(over: impl Iterator<Item = &'s CurrentRace>, quiz: Option<Vec<wire::QuizResult>>) -> Self {
        Self { schema: SCHEMA, races: over.map(ExportedRace::of).collect(), quiz }
    }
}

impl<'s> ExportedRace<'s> {
    fn of(race: &'s CurrentRace) -> Self {
        let cell = |(name, standing): &'s (String, Standing)| ExportedCell { name, standing };
        Self {
            number: race.number,
            wanted: &race.race.wanted,
            command: race.race.command(),
            ended: &race.ended,
            cells: race.standings.iter().map(cell).collect(),
            question: race.question.as_ref().map(|question| {
                let revealed = question.revealed.as_ref();
                ExportedQuestion {
                    text: &question.text,
                    cell: &question.cell,
                    guesses: question.sorted(),
                    measured: revealed.map(|revealed| revealed.measured),
                    median: revealed.and_then(|revealed| revealed.median),
                    closest: revealed.map_or(&[], |revealed| &revealed.closest),
                    closest_s: revealed.and_then(|revealed| revealed.closest_s),
                }
            }),
        }
    }
}
