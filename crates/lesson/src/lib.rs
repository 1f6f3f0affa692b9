//! Lessons: one idea each, with a question before the run and an explanation after it.
//!
//! A lesson is a Markdown file: TOML front matter, then its steps, each of which fits on a slide. Like a scenario it is
//! read into a wire form that rejects unknown keys, and then checked: its race names existing cells, its claims are in
//! the ledger, and its code is a region of the real source. A lesson's text contains no measured and no published
//! figures: they are added when it is shown. Where a number depends on the machine, `{cores}` stands for the cores that this
//! process may use, and `{8 cores}` for eight times as many.
//!
//! | file | |
//! |---|---|
//! | `wire` | the front matter, and where each step begins |
//! | `check` | from the wire form to a [`Lesson`] |
//! | `excerpt` | regions of the source files that lessons show |
//! | `markdown` | a step as HTML, and as plain text |
//! | `quiz` | ten questions about what the lessons teach |

// Nothing may panic when the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod check;
mod excerpt;
mod markdown;
pub mod quiz;
#[cfg(test)]
mod tests;
mod wire;

use findings::{Finding, Findings};
use harness::scenario::ScenarioError;
use std::{fmt, num::NonZeroUsize, path::Path, sync::LazyLock, thread};
use support::suggestion::unknown;

pub use excerpt::Excerpt;
pub use markdown::Paragraph;

/// The built-in lessons, in teaching order.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("01-waiting-or-working", include_str!("../../../fixtures/lessons/01-waiting-or-working.md")),
    ("02-lock", include_str!("../../../fixtures/lessons/02-lock.md")),
    ("03-queue-of-work", include_str!("../../../fixtures/lessons/03-queue-of-work.md")),
    ("04-how-many-workers", include_str!("../../../fixtures/lessons/04-how-many-workers.md")),
    ("05-processes", include_str!("../../../fixtures/lessons/05-processes.md")),
    ("06-async", include_str!("../../../fixtures/lessons/06-async.md")),
    ("07-too-many", include_str!("../../../fixtures/lessons/07-too-many.md")),
    ("08-hybrid", include_str!("../../../fixtures/lessons/08-hybrid.md")),
    ("09-beyond-one-machine", include_str!("../../../fixtures/lessons/09-beyond-one-machine.md")),
    ("10-better-algorithm", include_str!("../../../fixtures/lessons/10-better-algorithm.md")),
    ("11-being-fooled", include_str!("../../../fixtures/lessons/11-being-fooled.md")),
    ("12-serial-part", include_str!("../../../fixtures/lessons/12-serial-part.md")),
    ("13-arrivals", include_str!("../../../fixtures/lessons/13-arrivals.md")),
    ("14-full-queues", include_str!("../../../fixtures/lessons/14-full-queues.md")),
    ("15-python-without-the-lock", include_str!("../../../fixtures/lessons/15-python-without-the-lock.md")),
    ("16-sharing", include_str!("../../../fixtures/lessons/16-sharing.md")),
];

static LESSONS: LazyLock<Result<Vec<Lesson>, LessonError>> = LazyLock::new(|| {
    let library = library()?;
    BUILT_IN.iter().map(|(file, text)| library.lesson(file, text)).collect()
});

fn library() -> Result<check::Library, LessonError> {
    check::Library::load(thread::available_parallelism().map_or(1, NonZeroUsize::get))
}

/// A checked lesson.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesson {
    /// Its place among the lessons, counted from 1.
    pub number: u32,
    /// Its name in commands and URLs: `how-many-workers`.
    pub name: String,
    /// The title, one line.
    pub title: String,
    /// How many minutes a class needs for it.
    pub minutes: u32,
    /// The question to the class before the run; where there is a race, the answer is a number of seconds.
    pub question: String,
    /// What is run.
    pub race: Option<LessonRace>,
    /// Commands before the race, after it or instead of it, in order.
    pub commands: Vec<Command>,
    /// The ids of the claims that it is about.
    pub claims: Vec<String>,
    /// The code excerpts.
    pub code: Vec<Excerpt>,
    /// Its steps, one of each kind, in the order of [`StepKind::ALL`].
    pub steps: Vec<LessonStep>,
}

/// A run to watch, and the cell whose time is to be guessed, all in command-line form.
#[derive(Debug, Clone, PartialEq)]
pub struct LessonRace {
    /// The scenario's name.
    pub scenario: String,
    /// The variant's name; `None` for the scenario as it stands.
    pub variant: Option<String>,
    /// The strategies' names. `sequential` always takes part.
    pub strategies: Vec<String>,
    /// Worker counts: `5`, or `3x5` for three processes of five threads.
    pub workers: Vec<String>,
    /// How tasks reach workers, as `--schedule` takes it; none for one by one.
    pub schedules: Vec<String>,
    /// How often each cell is measured.
    pub rounds: u32,
    /// What latencies are divided by; `None` for the scenario's own scale.
    pub time_scale: Option<f64>,
    /// The cell to guess, as tables show it: `threads x 5`.
    pub ask: String,
}

/// A makespan command for a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The whole line: `makespan museum no_queue`.
    pub run: String,
    /// Its purpose, as the beginning of a sentence: `First see what one worker needs`.
    pub why: String,
    /// Whether the class sees it before it guesses.
    pub before: bool,
}

/// One step of a lesson, short enough for a slide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LessonStep {
    /// Which.
    pub kind: StepKind,
    /// Its text.
    pub markdown: String,
}

/// The steps of every lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepKind {
    /// The question, and what is known beforehand.
    Ask,
    /// What to watch while the race runs.
    Run,
    /// What happened, and why.
    See,
    /// A common wrong guess, and why people make it.
    Mistake,
    /// What to notice in the code.
    Code,
    /// What the documents say, and how to judge it.
    Document,
    /// An exercise.
    Try,
}

/// Why a lesson can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LessonError {
    /// The front matter isn't TOML, or has an unknown key or value. The message shows the place.
    #[error("{file}: {message}")]
    Malformed {
        /// The file.
        file: String,
        /// The parser's message, with line and column.
        message: String,
    },
    /// A value has the right type, but is invalid.
    #[error("{file}: `{key}`: found {found}, expected {expected}")]
    Invalid {
        /// The file.
        file: String,
        /// The key, or the step's heading.
        key: String,
        /// The value found.
        found: String,
        /// The value expected.
        expected: String,
    },
    /// A scenario that lessons need can't be used.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
}

/// Every lesson, in order.
pub fn all() -> Result<&'static [Lesson], &'static LessonError> {
    LESSONS.as_deref()
}

/// Reads and checks a lesson's file, which needn't be one of those that are built in.
pub fn read(path: &Path, text: &str) -> Result<Lesson, LessonError> {
    library()?.lesson(&path.file_stem().unwrap_or_default().to_string_lossy(), text)
}

/// The lesson of this number or name; otherwise an error that suggests the nearest.
pub fn named<'a>(lessons: &'a [Lesson], wanted: &str) -> Result<&'a Lesson, String> {
    let is_it = |lesson: &&Lesson| lesson.name == wanted || lesson.number.to_string() == wanted;
    let names: Vec<&str> = lessons.iter().map(|lesson| lesson.name.as_str()).collect();
    lessons.iter().find(is_it).ok_or_else(|| unknown("lesson", wanted, &names) + &format!("; or 1 to {}", names.len()))
}

impl Lesson {
    /// Whether its race is run in Python, if there is one.
    pub fn races_in_python(&self) -> bool {
        self.race.as_ref().is_some_and(|race| race.strategies.iter().any(|strategy| strategy.starts_with("python/")))
    }

    /// The step of this kind.
    pub fn step(&self, kind: StepKind) -> Option<&LessonStep> {
        self.steps.iter().find(|step| step.kind == kind)
    }

    /// The findings on its claims, in the lesson's order. They include the published figures.
    pub fn findings<'a>(&self, all: &'a Findings) -> Vec<&'a Finding> {
        let of = |id: &String| all.claims.iter().find(|finding| finding.id == *id);
        self.claims.iter().filter_map(of).collect()
    }
}

impl LessonRace {
    /// The arguments of `makespan race`: the scenario, then options that `makespan run` has too.
    pub fn arguments(&self) -> Vec<String> {
        let option = |name: &str, value: String| [name.to_owned(), value];
        let mut arguments = vec![self.scenario.clone()];
        arguments.extend(self.variant.iter().flat_map(|variant| option("--variant", variant.clone())));
        arguments.extend(option("--strategy", self.strategies.join(",")));
        arguments.extend(option("--workers", self.workers.join(",")));
        if !self.schedules.is_empty() {
            arguments.extend(option("--schedule", self.schedules.join(",")));
        }
        arguments.extend(option("--rounds", self.rounds.to_string()));
        arguments.extend(self.time_scale.iter().flat_map(|scale| option("--time-scale", scale.to_string())));
        arguments
    }

    /// The whole line: `makespan race web_requests --strategy threads --workers 5 --rounds 2`.
    pub fn command(&self) -> String {
        format!("makespan race {}", self.arguments().join(" "))
    }
}

impl StepKind {
    /// All kinds, in the order of the steps of every lesson.
    pub const ALL: [Self; 7] = [Self::Ask, Self::Run, Self::See, Self::Mistake, Self::Code, Self::Document, Self::Try];
}

/// Its heading in the file.
impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ask => "Ask",
            Self::Run => "Run",
            Self::See => "See",
            Self::Mistake => "Mistake",
            Self::Code => "Code",
            Self::Document => "Document",
            Self::Try => "Try",
        })
    }
}
