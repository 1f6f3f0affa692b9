//! All races of a session with their guesses, for whoever wants to keep them: nothing else is kept. The JSON Schema
//! is `fixtures/schema/classroom-1.json`.

use super::{room::Current, wire};
use harness::live::event::{Ending, Standing};
use serde::Serialize;
use stats::Estimate;

/// The name of the format. Another one means that keys have changed.
const SCHEMA: &str = "makespan.classroom/1";

#[derive(Debug, Serialize)]
pub(super) struct Export<'s> {
    schema: &'static str,
    /// Those that are over, in their order.
    races: Vec<Race<'s>>,
}

#[derive(Debug, Serialize)]
struct Race<'s> {
    #[serde(rename = "race")]
    number: u32,
    wanted: &'s wire::Wanted,
    command: String,
    ended: &'s Option<Ending>,
    /// The baseline first.
    cells: Vec<Cell<'s>>,
    question: Option<Question<'s>>,
}

#[derive(Debug, Serialize)]
struct Cell<'s> {
    name: &'s str,
    #[serde(flatten)]
    standing: &'s Standing,
}

#[derive(Debug, Serialize)]
struct Question<'s> {
    text: &'s str,
    cell: &'s str,
    /// Smallest first.
    guesses: Vec<wire::Guess>,
    /// Seconds; `null` where the cell was not measured.
    measured: Option<Estimate>,
    median: Option<f64>,
    closest: &'s [String],
}

impl<'s> Export<'s> {
    pub(super) fn of(over: impl Iterator<Item = &'s Current>) -> Self {
        Self { schema: SCHEMA, races: over.map(Race::of).collect() }
    }
}

impl<'s> Race<'s> {
    fn of(race: &'s Current) -> Self {
        let cell = |(name, standing): &'s (String, Standing)| Cell { name, standing };
        Self {
            number: race.number,
            wanted: &race.race.wanted,
            command: race.race.command(),
            ended: &race.ended,
            cells: race.standings.iter().map(cell).collect(),
            question: race.question.as_ref().map(|question| {
                let revealed = question.revealed.as_ref();
                Question {
                    text: &question.text,
                    cell: &question.cell,
                    guesses: question.sorted(),
                    measured: revealed.map(|revealed| revealed.measured),
                    median: revealed.and_then(|revealed| revealed.median),
                    closest: revealed.map_or(&[], |revealed| &revealed.closest),
                }
            }),
        }
    }
}
