//! How pages, sentences and the classroom present a strategy. Each strategy states it in its own file.

use crate::worker::layout::WorkerLayout;

/// How a strategy is presented to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presentation {
    /// Its name in legends.
    pub label: &'static str,
    /// What one worker is called, and several: `8 threads`, `8 in flight`.
    pub worker: (&'static str, &'static str),
    /// The strategy with its workers, as a sentence names it.
    pub phrase: Phrase,
    /// Its line on a light background, its name on a light background, and both on a dark one: CSS colours.
    pub tones: [&'static str; 3],
    /// The marker of its points.
    pub marker: Marker,
    /// The SVG dash pattern of its line; empty for a solid one.
    pub dash: &'static str,
    /// The most workers that a laptop can spare during a lecture.
    pub most_in_class: u32,
    /// Whether its workers can use several cores at once.
    pub parallel: bool,
}

/// How a sentence names a strategy with its workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phrase {
    /// The same for any number.
    Fixed(&'static str),
    /// `1 process`, `8 processes`.
    Counted(&'static str, &'static str),
    /// `async with 8 in flight`.
    With(&'static str, &'static str, &'static str),
}

/// The shape of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "shapes")]
pub enum Marker {
    Circle,
    Square,
    Diamond,
    Up,
    Down,
    Cross,
    Hexagon,
    Pentagon,
    Star,
    Bar,
}

impl Presentation {
    /// For a strategy that states none: an exercise, or one that only a newer version's record names.
    pub const OTHER: Self = Self {
        label: "",
        worker: ("worker", "workers"),
        phrase: Phrase::With("", "worker", "workers"),
        tones: ["#6b7280", "#5b6270", "#9aa3b2"],
        marker: Marker::Cross,
        dash: "4 4",
        most_in_class: 64,
        parallel: true,
    };

    /// The strategy called `name` with its workers, as in a sentence: `8 threads`, `3 processes of 5 threads each`.
    pub fn phrase(&self, name: &str, layout: WorkerLayout) -> String {
        let workers = layout.workers().get();
        let counted = |number: u32, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
        match (self.phrase, layout) {
            (Phrase::Fixed(phrase), _) => phrase.into(),
            (_, WorkerLayout::Grid { processes, threads }) => {
                let each = if processes.get() == 1 { "" } else { " each" };
                let (processes, threads) = (processes.get(), threads.get());
                let processes = counted(processes, "process", "processes");
                format!("{processes} of {}{each}", counted(threads, "thread", "threads"))
            }
            (Phrase::Counted(one, many), _) => counted(workers, one, many),
            (Phrase::With(what, one, many), _) => {
                let what = if what.is_empty() { name } else { what };
                format!("{what} with {}", counted(workers, one, many))
            }
        }
    }

    /// Whether a verb that follows the phrase is "were".
    pub fn is_plural(&self, layout: WorkerLayout) -> bool {
        match (self.phrase, layout) {
            (_, WorkerLayout::Grid { processes, .. }) => processes.get() > 1,
            (Phrase::Counted(..), WorkerLayout::Plain(workers)) => workers.get() > 1,
            _ => false,
        }
    }
}
