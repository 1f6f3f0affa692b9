//! One hue for each strategy, everywhere, with a marker and a dash so that it also works in grey.
//!
//! The hues are those of Okabe and Ito (<https://jfly.uni-koeln.de/color/>), which people with any common colour
//! blindness can tell apart, darkened or lightened per theme until lines reach a contrast of 3:1 and words 4.5:1. Their
//! set has eight; grey is the baseline's and a brown was added.

use crate::svg::chart;
use maud::{Markup, html};
use std::{fmt::Write, num::NonZeroU32, sync::LazyLock};
use work::{presentation::Presentation, strategy, worker::layout::WorkerLayout};

pub(crate) use work::presentation::Marker;

/// How one strategy is drawn: its presentation, with its name.
#[derive(Debug)]
pub(crate) struct StrategyStyle {
    /// The strategy's name in records.
    pub(crate) strategy: &'static str,
    pub(crate) marker: Marker,
    pub(crate) dash: &'static str,
    look: Presentation,
}

/// The page's background in both themes, for contrast ratios.
pub(crate) const GROUND: (&str, &str) = ("#fbfaf7", "#14171c");

/// The queue's backends in its hue, and the systems it is compared with in the baseline's.
const ENGINES: [(&str, Presentation); 4] = [
    ("sqlite", engine("queue, SQLite", ["#6d3f36", "#6d3f36", "#b98a7c"], Marker::Hexagon, "")),
    ("redis", engine("queue, Redis", ["#b06a5a", "#96513f", "#e6bfb2"], Marker::Diamond, "12 3")),
    ("rq", engine("RQ", ["#6b7280", "#5b6270", "#9aa3b2"], Marker::Square, "2 4")),
    ("rq_simple", engine("RQ, no fork", ["#868d99", "#5b6270", "#c3c9d4"], Marker::Down, "6 3")),
];

const fn engine(label: &'static str, tones: [&'static str; 3], marker: Marker, dash: &'static str) -> Presentation {
    Presentation { label, tones, marker, dash, ..Presentation::OTHER }
}

/// All styles in the order of tables and charts; the last is for unknown strategies.
static STYLES: LazyLock<Vec<StrategyStyle>> = LazyLock::new(|| {
    let ours = strategy::ALL.iter().map(|strategy| (strategy.name(), strategy.presentation()));
    let all = ours.chain(ENGINES).chain([("other", Presentation::OTHER)]);
    all.map(|(strategy, look)| StrategyStyle { strategy, marker: look.marker, dash: look.dash, look }).collect()
});

/// The style of the strategy with this name.
pub(crate) fn of(strategy: &str) -> &'static StrategyStyle {
    &STYLES[order(strategy)]
}

/// The strategy's position in tables and charts.
pub(crate) fn order(strategy: &str) -> usize {
    STYLES.iter().position(|style| style.strategy == strategy).unwrap_or(STYLES.len() - 1)
}

/// The strategy's display name.
pub fn label(strategy: &str) -> String {
    let look = of(strategy).look;
    if look.label.is_empty() { strategy.replace('_', " ") } else { look.label.into() }
}

/// A number of workers in words: `8 threads`, `1 process`, `30 in flight`.
pub fn workers(strategy: &str, number: u32) -> String {
    let (one, many) = of(strategy).look.worker;
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A strategy with its workers, as a sentence names it: `8 threads`, `8 work-stealing threads`.
pub(crate) fn who(strategy: &str, number: u32) -> String {
    let layout = NonZeroU32::new(number).map_or(WorkerLayout::ONE, WorkerLayout::Plain);
    of(strategy).look.phrase(&label(strategy), layout)
}

/// The SVG dash pattern of the strategy's line.
pub fn dash(strategy: &str) -> &'static str {
    of(strategy).dash
}

/// The strategy's marker, centred on the origin.
pub fn mark(strategy: &str, radius: f64) -> Markup {
    chart::marker(of(strategy).marker, (0.0, 0.0), radius)
}

/// The same before a name in a table, in the hue of the class around it.
pub(crate) fn sample(strategy: &str) -> Markup {
    html! { svg class="sample" viewBox="-12 -12 24 24" aria-hidden="true" { (mark(strategy, 7.0)) } }
}

/// The CSS that gives each strategy's class its line tone `--c` and its word tone `--ink`, in both themes.
pub fn css() -> String {
    let mut css = format!(":root{{--ground:light-dark({},{})}}\n", GROUND.0, GROUND.1);
    for StrategyStyle { strategy, look, .. } in STYLES.iter() {
        let [line_light, word_light, dark] = look.tones;
        let strategy = strategy.replace('/', "\\/");
        // Writing to a String can't fail.
        let _ =
            writeln!(css, ".s-{strategy}{{--c:light-dark({line_light},{dark});--ink:light-dark({word_light},{dark})}}");
    }
    css
}

/// Relative luminance and contrast, as WCAG 2.2 defines them.
#[cfg(test)]
pub(crate) fn contrast(one: &str, other: &str) -> f64 {
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
pub(crate) fn tones() -> impl Iterator<Item = &'static str> {
    STYLES.iter().flat_map(|style| style.look.tones)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn lines_and_words_stand_out_in_both_themes() {
        for StrategyStyle { strategy, look, .. } in STYLES.iter() {
            let [line_light, word_light, dark] = look.tones;
            assert!(contrast(line_light, GROUND.0) >= 3.0, "{strategy} line, light");
            assert!(contrast(word_light, GROUND.0) >= 4.5, "{strategy} words, light");
            assert!(contrast(dark, GROUND.1) >= 4.5, "{strategy} dark");
        }
    }

    #[test]
    fn no_two_strategies_look_alike_in_grey() {
        let cues: HashSet<_> = STYLES.iter().map(|style| (style.marker as u8, style.dash)).collect();
        assert_eq!(cues.len(), STYLES.len());
    }

    #[test]
    fn every_strategy_has_a_look_of_its_own() {
        for strategy in strategy::ALL {
            assert_ne!(strategy.presentation(), Presentation::OTHER, "{}", strategy.name());
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
