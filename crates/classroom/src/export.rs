//! All races of a session with their guesses, as a file to keep: nothing else is stored. The JSON Schema is
//! `fixtures/schema/classroom-1.json`.

use super::{room::CurrentRace, wire};
use harness::live::event::{RunEnd, Standing};
use serde::Serialize;
use stats::Estimate;

/// The name of the format; a new number means that keys have changed.
const SCHEMA: &str = "makespan.classroom/1";

#[derive(Debug, Serialize)]
pub(super) struct ClassExport<'s> {
    schema: &'static str,
    /// Finished races, in order.
    races: Vec<ExportedRace<'s>>,
    /// The quiz, once both parts are over.
    quiz: Option<Vec<wire::QuizResult>>,
}

#[derive(Debug, Serialize)]
struct ExportedRace<'s> {
    #[serde(rename = "race")]
    number: u32,
    wanted: &'s wire::RaceRequest,
    command: String,
    ended: &'s Option<RunEnd>,
    /// The baseline first.
    cells: Vec<ExportedCell<'s>>,
    question: Option<ExportedQuestion<'s>>,
}

#[derive(Debug, Serialize)]
struct ExportedCell<'s> {
    name: &'s str,
    #[serde(flatten)]
    standing: &'s Standing,
}

#[derive(Debug, Serialize)]
struct ExportedQuestion<'s> {
    text: &'s str,
    cell: &'s str,
    /// Smallest first.
    guesses: Vec<wire::Guess>,
    /// Seconds; `null` where the cell was not measured.
    measured: Option<Estimate>,
    median: Option<f64>,
    closest: &'s [String],
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
