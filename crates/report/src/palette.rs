//! One hue for each strategy, everywhere, with a marker and a dash so that it also works in grey.
//!
//! The hues are those of Okabe and Ito (<https://jfly.uni-koeln.de/color/>), which people with any common colour
//! blindness can tell apart, darkened or lightened per theme until lines reach a contrast of 3:1 and words 4.5:1. Their
//! set has eight; grey is the baseline's and a brown was added.

use super::chart;
use maud::Markup;
use std::fmt::Write;

/// How one strategy is drawn.
#[derive(Debug)]
pub(super) struct StrategyStyle {
    /// The strategy's name, as records have it.
    pub(super) strategy: &'static str,
    /// Its name for people.
    pub(super) label: &'static str,
    /// What a worker of it is called: "8 threads".
    worker: &'static str,
    line_light: &'static str,
    word_light: &'static str,
    dark: &'static str,
    /// The marker of its points.
    pub(super) marker: Marker,
    /// The SVG dash pattern of its line; empty for a solid one.
    pub(super) dash: &'static str,
}

/// The shape of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    Circle,
    Square,
    Diamond,
    Up,
    Down,
    Cross,
    Hexagon,
    Bar,
}

/// The page's ground in both themes, against which contrast is counted.
pub(super) const GROUND: (&str, &str) = ("#fbfaf7", "#14171c");

/// Every strategy, those to come included, so that a hue never changes its meaning.
const LOOKS: &[StrategyStyle] = &[
    look("sequential", "sequential", "worker", ["#6b7280", "#5b6270", "#9aa3b2"], Marker::Bar, "2 5"),
    look("thread_per_task", "thread per task", "thread", ["#3a94c8", "#1d6f9f", "#7cc8f2"], Marker::Hexagon, "1 5"),
    look("threads", "threads", "thread", ["#0072b2", "#0072b2", "#4aa3df"], Marker::Circle, ""),
    look("work_stealing", "work stealing", "thread", ["#b8568c", "#a3457a", "#d98cb8"], Marker::Diamond, "10 4"),
    look("processes", "processes", "process", ["#d55e00", "#b34e00", "#f0803c"], Marker::Square, "7 5"),
    look("hybrid", "hybrid", "worker", ["#b87d00", "#8a5d00", "#e69f00"], Marker::Cross, "12 4 2 4"),
    look("async", "async", "in flight", ["#009e73", "#00795a", "#1fbf92"], Marker::Up, "3 4"),
    look("async_offload", "async offload", "worker", ["#9a8f00", "#6f6700", "#f0e442"], Marker::Down, "14 4 3 4 3 4"),
    look("gil_threads", "GIL threads", "thread", ["#22262e", "#22262e", "#e6e8ec"], Marker::Cross, "5 3"),
    look("queue", "queue", "worker", ["#8c564b", "#8c564b", "#c99a8b"], Marker::Hexagon, "9 3 3 3"),
    // What a queue runs on, in its hue, and what it is held against, in the baseline's.
    look("sqlite", "queue, SQLite", "worker", ["#6d3f36", "#6d3f36", "#b98a7c"], Marker::Hexagon, ""),
    look("redis", "queue, Redis", "worker", ["#b06a5a", "#96513f", "#e6bfb2"], Marker::Diamond, "12 3"),
    look("rq", "RQ", "worker", ["#6b7280", "#5b6270", "#9aa3b2"], Marker::Square, "2 4"),
    look("rq_simple", "RQ, no fork", "worker", ["#868d99", "#5b6270", "#c3c9d4"], Marker::Down, "6 3"),
];

/// What a strategy that this version doesn't know is drawn like: its own name, in no hue of another.
const UNKNOWN: StrategyStyle = look("other", "", "worker", ["#6b7280", "#5b6270", "#9aa3b2"], Marker::Cross, "4 4");

const fn look(
    strategy: &'static str,
    label: &'static str,
    worker: &'static str,
    tones: [&'static str; 3],
    marker: Marker,
    dash: &'static str,
) -> StrategyStyle {
    let [line_light, word_light, dark] = tones;
    StrategyStyle { strategy, label, worker, line_light, word_light, dark, marker, dash }
}

/// How the strategy of this name is drawn.
pub(super) fn of(strategy: &str) -> &'static StrategyStyle {
    LOOKS.iter().find(|look| look.strategy == strategy).unwrap_or(&UNKNOWN)
}

/// The strategy's place in the order in which tables and charts show strategies.
pub(super) fn order(strategy: &str) -> usize {
    LOOKS.iter().position(|look| look.strategy == strategy).unwrap_or(LOOKS.len())
}

/// The strategy's name for people.
pub fn label(strategy: &str) -> String {
    let look = of(strategy);
    if look.label.is_empty() { strategy.replace('_', " ") } else { look.label.into() }
}

/// The workers in words: `8 threads`, `1 process`, `30 in flight`.
pub fn workers(strategy: &str, number: u32) -> String {
    let noun = of(strategy).worker;
    match (noun, number) {
        ("in flight", _) => format!("{number} in flight"),
        (_, 1) => format!("1 {noun}"),
        ("process", _) => format!("{number} processes"),
        _ => format!("{number} {noun}s"),
    }
}

/// A strategy with its workers, as a sentence names it: `8 threads`, `work stealing with 8 threads`.
pub(super) fn who(strategy: &str, number: u32) -> String {
    match strategy {
        "sequential" => "one after another".into(),
        "threads" | "processes" => workers(strategy, number),
        "thread_per_task" => format!("a thread for each task ({number})"),
        _ => format!("{} with {}", label(strategy), workers(strategy, number)),
    }
}

/// The SVG dash pattern of the strategy's line.
pub fn dash(strategy: &str) -> &'static str {
    of(strategy).dash
}

/// The mark of the strategy's points around the origin.
pub fn mark(strategy: &str, radius: f64) -> Markup {
    chart::marker(of(strategy).marker, (0.0, 0.0), radius)
}

/// The CSS that gives each strategy's class its line tone `--c` and its word tone `--ink`, in both themes.
pub fn css() -> String {
    let mut css = format!(":root{{--ground:light-dark({},{})}}\n", GROUND.0, GROUND.1);
    for look in LOOKS.iter().chain([&UNKNOWN]) {
        let StrategyStyle { strategy, line_light, word_light, dark, .. } = look;
        // Writing to a String can't fail.
        let _ =
            writeln!(css, ".s-{strategy}{{--c:light-dark({line_light},{dark});--ink:light-dark({word_light},{dark})}}");
    }
    css
}

/// Relative luminance and contrast, as WCAG 2.2 defines them.
#[cfg(test)]
pub(super) fn contrast(one: &str, other: &str) -> f64 {
    let luminance = |hex: &str| {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    };
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Every tone of every strategy.
#[cfg(test)]
pub(super) fn tones() -> impl Iterator<Item = &'static str> {
    LOOKS.iter().flat_map(|look| [look.line_light, look.word_light, look.dark])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn lines_and_words_stand_out_in_both_themes() {
        for look in LOOKS {
            assert!(contrast(look.line_light, GROUND.0) >= 3.0, "{} line, light", look.strategy);
            assert!(contrast(look.word_light, GROUND.0) >= 4.5, "{} words, light", look.strategy);
            assert!(contrast(look.dark, GROUND.1) >= 4.5, "{} dark", look.strategy);
        }
    }

    #[test]
    fn no_two_strategies_look_alike_in_grey() {
        let cues: HashSet<_> = LOOKS.iter().map(|look| (look.marker as u8, look.dash)).collect();
        assert_eq!(cues.len(), LOOKS.len());
    }

    #[test]
    fn every_strategy_that_can_be_run_has_a_look() {
        for strategy in work::strategy::ALL {
            assert_eq!(of(strategy.name()).strategy, strategy.name());
        }
    }

    #[test]
    fn workers_are_called_what_they_are() {
        assert_eq!(who("processes", 8), "8 processes");
        assert_eq!(who("async", 30), "async with 30 in flight");
        assert_eq!(who("threads", 1), "1 thread");
        assert_eq!(label("new_kind"), "new kind");
    }
}
