//! The document's figures and ours on one axis, one row each.
//!
//! Each row is one figure of a claim, or one mechanism that could explain it. A row contains, from top to bottom, the
//! figure to compare with (hollow), the measured one with its interval (filled, in the strategy's hue and shape), and a
//! closed form's prediction (dashed). The range of agreement is a faint band. Each mark's text is at the mark's height,
//! in a column of its own, so that no text overlaps a mark or another text.

use crate::{
    claims::axis_unit,
    scenario::curves,
    svg::{
        chart::{self, Caption, Drawing, Rendition, line, marker, path, text},
        labels,
        palette::{Marker, StrategyStyle},
        scale::{Scale, decade_ticks, doubling_ticks, round_ticks},
    },
};
use findings::{Fit, Measured, Unit};
use harness::scenario::claim::Sourced;
use maud::{Markup, html};
use support::figures;

/// Line height, in font sizes.
const LINE: f64 = 1.35;
/// Letters of a name after which it wraps, on a wide page and on a narrow one.
const NAME: (usize, usize) = (24, 34);
/// How far an axis extends for an interval, as a multiple of the range of the figures themselves.
const REACH: f64 = 1.6;

/// A chart of figures in one unit, on one axis.
pub(crate) struct Panel {
    /// The figures' unit.
    pub(crate) unit: Unit,
    /// The rows, the first at the top.
    pub(crate) rows: Vec<IntervalRow>,
    /// The figure that mechanisms should reproduce: a line through their rows.
    pub(crate) wanted: Option<f64>,
}

/// One figure.
pub(crate) struct IntervalRow {
    /// The figure's name.
    pub(crate) name: String,
    /// The measured mark's hue and shape.
    pub(crate) look: &'static StrategyStyle,
    /// The figure to compare with.
    pub(crate) reference: Option<Sourced>,
    /// The range of agreement; an open end is infinite.
    pub(crate) agrees: Option<(f64, f64)>,
    /// The measured figure.
    pub(crate) measured: Option<Measured>,
    /// A closed form's prediction, and the form's name.
    pub(crate) predicted: Option<(f64, &'static str)>,
    /// For a mechanism: its outcome.
    pub(crate) comes_out: Option<ComesOut>,
}

/// A mechanism's outcome, with a sign.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ComesOut {
    /// Fits, excluded, or undecided.
    pub(crate) fit: Fit,
    /// The same in words: `gives it`.
    pub(crate) words: &'static str,
}

/// One mark of a row with its text.
struct Mark<'a> {
    words: String,
    bold: bool,
    tip: String,
    kind: MarkKind<'a>,
}

enum MarkKind<'a> {
    Reference(f64),
    Measured(&'a Measured),
    Predicted(f64),
    ComesOut(Fit),
}

/// The legend for all charts of this kind on the page.
pub(crate) fn key() -> Markup {
    let sample = |class: &str, mark: Markup| {
        html! { svg class={ "sample " (class) } viewBox="0 0 24 24" aria-hidden="true" { (mark) } }
    };
    let middle = (12.0, 12.0);
    html! {
        ul class="reading" {
            li { (sample("hollow", marker(Marker::Diamond, middle, 7.0))) "the reference: printed by the document, derived from printed figures, or ours" }
            li { (sample("s-threads", marker(Marker::Circle, middle, 7.0))) "measured here, in the strategy's colour and shape, with its interval" }
            li { (sample("predicted", marker(Marker::Circle, middle, 7.0))) "predicted by a closed form, not measured" }
            li { (sample("", html! { rect class="agrees" x="1" y="3" width="22" height="18" rx="3" {} })) "range of agreement" }
        }
    }
}

/// The panel with its caption. Empty if it has no marks.
pub(crate) fn intervals(panel: &Panel, id: &str, title: &str, caption: &Markup) -> Markup {
    if panel.figures().next().is_none() {
        return html! {};
    }
    let described = panel.rows.iter().map(|row| {
        let entries: Vec<String> = row.entries(panel.unit).into_iter().map(|entry| entry.words).collect();
        format!("{}: {}.", row.name, entries.join(", "))
    });
    let words = Caption { id: id.into(), title: title.into(), description: described.collect::<Vec<_>>().join(" ") };
    chart::figure(&words, caption, |rendition| panel.draw(rendition))
}

impl IntervalRow {
    // Non-finite numbers can't be placed on an axis.
    fn reference(&self) -> Option<&Sourced> {
        self.reference.as_ref().filter(|reference| reference.value.is_finite())
    }

    fn measured(&self) -> Option<&Measured> {
        self.measured.as_ref().filter(|measured| measured.value.estimate.is_finite())
    }

    fn predicted(&self) -> Option<(f64, &'static str)> {
        self.predicted.filter(|(value, _)| value.is_finite())
    }

    fn entries(&self, unit: Unit) -> Vec<Mark<'_>> {
        let mut entries = Vec::new();
        if let Some(reference) = self.reference() {
            let words = format!("{} {}", reference.from.word(), unit.figure(reference.value));
            let tip = format!("{}: {}", self.name, unit.origin(reference));
            entries.push(Mark { words, bold: false, tip, kind: MarkKind::Reference(reference.value) });
        }
        if let Some(measured) = self.measured() {
            let words = format!("here {}", unit.measured(measured));
            let tip = format!("{}: {}", self.name, in_full(unit, measured));
            entries.push(Mark { words, bold: true, tip, kind: MarkKind::Measured(measured) });
        }
        if let Some((predicted, by)) = self.predicted() {
            let words = format!("predicted {}", unit.figure(predicted));
            let tip = format!("{}: {words} by the closed form “{by}”; not a measurement", self.name);
            entries.push(Mark { words, bold: false, tip, kind: MarkKind::Predicted(predicted) });
        }
        if let Some(ComesOut { fit, words }) = self.comes_out {
            entries.push(Mark { words: words.into(), bold: false, tip: String::new(), kind: MarkKind::ComesOut(fit) });
        }
        entries
    }
}

/// `4.91× (95 % interval 4.85–4.97, 10 rounds)`.
pub(crate) fn in_full(unit: Unit, measured: &Measured) -> String {
    let estimate = unit.figure(measured.value.estimate);
    if measured.is_exact() {
        return format!("{estimate}, counted");
    }
    let rounds = figures::count(measured.rounds as usize, "round");
    format!("{estimate} ({} interval {}, {rounds})", measured.level(), unit.interval(measured.value))
}

/// The layout, in units of the drawing.
struct IntervalLayout {
    x: Scale,
    left: f64,
    right: f64,
    words_x: f64,
}

impl Panel {
    /// Every figure that has a mark.
    fn figures(&self) -> impl Iterator<Item = f64> {
        self.rows.iter().flat_map(|row| {
            let measured = row.measured().map(|measured| measured.value.estimate);
            [row.reference().map(|reference| reference.value), measured, row.predicted().map(|(value, _)| value)]
                .into_iter()
                .flatten()
        })
    }

    /// The smallest and the largest figure on the axis.
    fn extent(&self) -> (f64, f64) {
        let fixed: &[f64] = match self.unit {
            Unit::Ratio => &[1.0],
            Unit::Exponent => &[0.0, 1.0],
            _ => &[],
        };
        let widest = |values: &mut dyn Iterator<Item = f64>| {
            let finite = values.filter(|value| value.is_finite());
            finite.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)))
        };
        let (low, high) = widest(&mut self.figures().chain(fixed.iter().copied()));
        // An interval so wide that it would squeeze everything else runs out of the chart.
        let ends = self.rows.iter().flat_map(|row| {
            let measured = row.measured().into_iter().flat_map(|measured| [measured.value.low, measured.value.high]);
            let agrees = row.agrees.iter().flat_map(|(low, high)| [*low, *high]);
            measured.chain(agrees).collect::<Vec<_>>()
        });
        let (least, most) = widest(&mut ends.chain([low, high]));
        if self.unit == Unit::Exponent {
            (least.max(low - 0.5), most.min(high + 0.5))
        } else {
            (least.max(low / REACH), most.min(high * REACH))
        }
    }

    /// The axis: its scale from its ends, and its ticks.
    fn axis(&self, (left, right): (f64, f64), font: f64) -> (Scale, Vec<(f64, String)>, String) {
        let (low, high) = self.extent();
        let unit = axis_unit::axis(self.unit, high);
        let most = (((right - left) / (3.6 * font)) as usize).max(3);
        let label = |tick: f64| format!("{}{}", figures::plain(tick).replace('-', "\u{2212}"), unit.suffix);
        let (scale, ticks): (Scale, Vec<f64>) = if self.unit == Unit::Exponent {
            let ends = (low - 0.05, high + 0.05);
            (Scale::linear(ends, (left, right)), round_ticks(ends.0, ends.1, most))
        } else {
            let (mut ends, doublings, _) = curves::ends(low.max(f64::MIN_POSITIVE), high);
            let to = ends.1 * unit.per_one;
            let (from, high) = (low * unit.per_one, high * unit.per_one);
            let ticks = match (doublings, self.unit) {
                (false, _) => round_ticks(0.0, to, most),
                (true, Unit::Ratio | Unit::Waves) => doubling_ticks(from, high, most),
                (true, _) => decade_ticks(from, high, most),
            };
            // Otherwise figures beyond the last label look as if they were on no axis.
            if let (true, Unit::Ratio | Unit::Waves, [first, .., last]) = (doublings, self.unit, &*ticks) {
                ends = (ends.0.min(first / unit.per_one), ends.1.max(last / unit.per_one));
            }
            (if doublings { Scale::doublings } else { Scale::linear }(ends, (left, right)), ticks)
        };
        let ticks = ticks.into_iter().map(|tick| (tick / unit.per_one, label(tick)));
        (scale, ticks.filter(|(tick, _)| scale.holds(*tick)).collect(), unit.title)
    }

    fn layout(&self, rendition: &Rendition) -> (IntervalLayout, Vec<(f64, String)>, String) {
        let font = rendition.font;
        let (left, right, words_x) = if rendition.is_narrow() {
            (0.7 * font, rendition.width - 0.7 * font, 1.6 * font)
        } else {
            let names = self.rows.iter().flat_map(|row| wrapped(&row.name, NAME.0));
            let names = names.map(|name| labels::width(&name, font, true)).fold(0.0, f64::max);
            let entries = self.rows.iter().flat_map(|row| row.entries(self.unit));
            let words = entries.map(|entry| labels::width(&entry.words, font, entry.bold) + 1.6 * font);
            let right = rendition.width - words.fold(0.0, f64::max) - 0.5 * font;
            let left = names + 1.2 * font;
            (left, right.max(left + 6.0 * font), right + font)
        };
        let (x, ticks, title) = self.axis((left, right), font);
        (IntervalLayout { x, left, right, words_x }, ticks, title)
    }

    fn draw(&self, rendition: &Rendition) -> Drawing {
        let font = rendition.font;
        let (at, ticks, title) = self.layout(rendition);
        let mut tops = Vec::new();
        let mut bottom = 0.4 * font;
        for row in &self.rows {
            tops.push(bottom);
            bottom += row.height(self.unit, rendition) + 0.9 * font;
        }
        let one = (self.unit == Unit::Ratio && at.x.holds(1.0)).then_some(1.0);
        let title_x = if rendition.is_narrow() { 1.0 } else { at.left };
        let titles = wrapped(&title, ((rendition.width - title_x) / labels::width("x", font, false)) as usize);
        let body = html! {
            @for (from, to) in self.free_of_words(&tops, bottom, rendition) {
                @for (tick, _) in ticks.iter().filter(|(tick, _)| Some(*tick) != one) {
                    (line("grid", (at.x.at(*tick), from), (at.x.at(*tick), to)))
                }
                @if let Some(one) = one { (line("one", (at.x.at(one), from), (at.x.at(one), to))) }
            }
            @for (tick, label) in &ticks {
                // Letters are as wide as a font that the page may not have.
                @let half = labels::width(label, font, false) / 2.0 + 0.15 * font;
                (text(at.x.at(*tick).clamp(half, (rendition.width - half).max(half)), bottom + 0.8 * font, "middle", "muted", label))
            }
            (self.wanted_line(&at, &tops, bottom, rendition))
            @for (number, title) in titles.iter().enumerate() {
                (text(title_x, bottom + (2.2 + LINE * number as f64) * font, "start", "muted", title))
            }
            @for (row, top) in self.rows.iter().zip(tops) {
                g class={ "series s-" (row.look.strategy) } {
                    @if rendition.is_narrow() { (row.draw_narrow(self.unit, &at, top, font)) }
                    @else { (row.draw_wide(self.unit, &at, top, font)) }
                }
            }
        };
        Drawing { height: bottom + (3.0 + LINE * (titles.len() as f64 - 1.0)) * font, body, axis: None }
    }

    /// The vertical stretches that a line across rows may cross: on a narrow page, text lies between them.
    fn free_of_words(&self, tops: &[f64], bottom: f64, rendition: &Rendition) -> Vec<(f64, f64)> {
        if !rendition.is_narrow() {
            return vec![(0.0, bottom)];
        }
        let marks = |(row, top): (&IntervalRow, &f64)| {
            let (from, height) = row.marks_narrow(self.unit, *top, rendition.font);
            (from, from + height)
        };
        let foot = (bottom - 0.5 * rendition.font, bottom);
        self.rows.iter().zip(tops).map(marks).chain([foot]).collect()
    }

    /// The line of the figure to reproduce, through the mechanisms' rows.
    fn wanted_line(&self, at: &IntervalLayout, tops: &[f64], bottom: f64, rendition: &Rendition) -> Markup {
        let first = self.rows.iter().position(|row| row.comes_out.is_some());
        let from = first.and_then(|first| tops.get(first));
        let wanted = self.wanted.filter(|wanted| wanted.is_finite()).zip(from);
        html! {
            @if let Some((wanted, top)) = wanted {
                @for (from, to) in self.free_of_words(tops, bottom, rendition) {
                    @if to > *top { (path("wanted", "", &[(at.x.at(wanted), from.max(*top)), (at.x.at(wanted), to)])) }
                }
            }
        }
    }
}

impl IntervalRow {
    fn height(&self, unit: Unit, rendition: &Rendition) -> f64 {
        let (entries, font) = (self.entries(unit), rendition.font);
        if rendition.is_narrow() {
            let marks = entries.iter().filter(|entry| entry.has_mark()).count();
            let lines = wrapped(&self.name, NAME.1).len() + entries.len();
            return (lines as f64 * LINE + marks as f64) * font + 0.4 * font;
        }
        (wrapped(&self.name, NAME.0).len().max(entries.len()) as f64) * LINE * font
    }

    fn draw_wide(&self, unit: Unit, at: &IntervalLayout, top: f64, font: f64) -> Markup {
        let entries = self.entries(unit);
        let lines = wrapped(&self.name, NAME.0);
        let height = lines.len().max(entries.len()) as f64 * LINE * font;
        let first = |count: usize| top + (height - (count as f64 - 1.0) * LINE * font) / 2.0;
        html! {
            @for (number, name) in lines.iter().enumerate() {
                (text(at.left - 0.9 * font, first(lines.len()) + number as f64 * LINE * font, "end", "name", name))
            }
            (self.band(at, top, height))
            @for (number, entry) in entries.iter().enumerate() {
                @let y = first(entries.len()) + number as f64 * LINE * font;
                (entry.mark(self.look, at, y, font))
                (entry.said(at.words_x, y, font))
            }
        }
    }

    /// The position of the marks on a narrow page, and their total height.
    fn marks_narrow(&self, unit: Unit, top: f64, font: f64) -> (f64, f64) {
        let marks = self.entries(unit).iter().filter(|entry| entry.has_mark()).count();
        (top + wrapped(&self.name, NAME.1).len() as f64 * LINE * font, marks as f64 * font)
    }

    /// The name, then the marks over the whole width, then their texts, each after its sign.
    fn draw_narrow(&self, unit: Unit, at: &IntervalLayout, top: f64, font: f64) -> Markup {
        let entries = self.entries(unit);
        let lines = wrapped(&self.name, NAME.1);
        let (marks_top, marks) = self.marks_narrow(unit, top, font);
        let words_top = marks_top + marks + 0.4 * font;
        html! {
            @for (number, name) in lines.iter().enumerate() {
                (text(1.0, top + (number as f64 + 0.5) * LINE * font, "start", "name", name))
            }
            (self.band(at, marks_top, marks))
            @for (number, entry) in entries.iter().filter(|entry| entry.has_mark()).enumerate() {
                (entry.mark(self.look, at, marks_top + (number as f64 + 0.5) * font, font))
            }
            @for (number, entry) in entries.iter().enumerate() {
                @let y = words_top + (number as f64 + 0.5) * LINE * font;
                (entry.sample(self.look, 0.6 * font, y, font))
                (entry.said(at.words_x, y, font))
            }
        }
    }

    /// The band of agreement.
    fn band(&self, at: &IntervalLayout, top: f64, height: f64) -> Markup {
        let Some((low, high)) = self.agrees.filter(|_| height > 0.0) else { return html! {} };
        let end = |bound: f64, open: f64| if bound.is_finite() { at.x.at(bound) } else { open };
        let (from, to) = (end(low, at.left), end(high, at.right));
        html! {
            rect class="agrees" x=(figures::px(from)) y=(figures::px(top)) width=(figures::px((to - from).max(2.0))) height=(figures::px(height)) rx="3" {}
        }
    }
}

impl Mark<'_> {
    fn has_mark(&self) -> bool {
        !matches!(self.kind, MarkKind::ComesOut(_))
    }

    fn said(&self, x: f64, y: f64, font: f64) -> Markup {
        match self.kind {
            // On a narrow page the sign is drawn already.
            MarkKind::ComesOut(fit) if x > 3.0 * font => html! {
                (sign(fit, x + 0.5 * font, y, 0.42 * font))
                (text(x + 1.5 * font, y, "start", "said", &self.words))
            },
            MarkKind::ComesOut(_) => text(x, y, "start", "said", &self.words),
            _ => text(x, y, "start", if self.bold { "value" } else { "muted" }, &self.words),
        }
    }

    /// The mark before its text, if the text is below the chart.
    fn sample(&self, look: &StrategyStyle, x: f64, y: f64, font: f64) -> Markup {
        let size = 0.34 * font;
        match self.kind {
            MarkKind::Reference(_) => html! { g class="hollow" { (marker(Marker::Diamond, (x, y), size)) } },
            MarkKind::Measured(_) => marker(look.marker, (x, y), size),
            MarkKind::Predicted(_) => html! { g class="predicted" { (marker(Marker::Circle, (x, y), size)) } },
            MarkKind::ComesOut(fit) => sign(fit, x, y, 0.42 * font),
        }
    }

    fn mark(&self, look: &StrategyStyle, at: &IntervalLayout, y: f64, font: f64) -> Markup {
        let size = 0.36 * font;
        html! {
            @match self.kind {
                MarkKind::Reference(value) => {
                    g class="mark hollow" { title { (self.tip) } (marker(Marker::Diamond, (at.x.at(value), y), size)) }
                }
                MarkKind::Predicted(value) => {
                    g class="mark predicted" { title { (self.tip) } (marker(Marker::Circle, (at.x.at(value), y), size)) }
                }
                MarkKind::Measured(measured) => {
                    g class="mark" {
                        title { (self.tip) }
                        (whisker(at, measured, y, 0.3 * font))
                        (marker(look.marker, (at.x.at(measured.value.estimate), y), size))
                    }
                }
                MarkKind::ComesOut(_) => {}
            }
        }
    }
}

/// The interval. An end outside the chart is an arrow. One behind the marker has no cap, which would turn it into another sign:
/// a bar into "÷".
fn whisker(at: &IntervalLayout, measured: &Measured, y: f64, half: f64) -> Markup {
    let Measured { value, .. } = measured;
    if measured.is_exact() || value.low.is_nan() || value.high.is_nan() {
        return html! {};
    }
    let (low, high, middle) = (at.x.at(value.low), at.x.at(value.high), at.x.at(value.estimate));
    let is_clear = |place: f64| (place - middle).abs() > 1.5 * half;
    html! {
        (line("whisker", (low, y), (high, y)))
        @for (bound, place, inwards) in [(value.low, low, half), (value.high, high, -half)] {
            @if !at.x.holds(bound) {
                (line("whisker", (place, y), (place + inwards, y - half)))
                (line("whisker", (place, y), (place + inwards, y + half)))
            } @else if is_clear(place) {
                (line("whisker", (place, y - half), (place, y + half)))
            }
        }
    }
}

/// A tick, a cross, or a dash if undecided.
fn sign(fit: Fit, x: f64, y: f64, r: f64) -> Markup {
    html! {
        @match fit {
            Fit::Fits => (path("sign yes", "", &[(x - r, y), (x - 0.3 * r, y + 0.75 * r), (x + r, y - 0.8 * r)])),
            Fit::Excluded => {
                (path("sign no", "", &[(x - 0.8 * r, y - 0.8 * r), (x + 0.8 * r, y + 0.8 * r)]))
                (path("sign no", "", &[(x + 0.8 * r, y - 0.8 * r), (x - 0.8 * r, y + 0.8 * r)]))
            }
            Fit::Undecided => (path("sign open", "", &[(x - r, y), (x + r, y)])),
        }
    }
}

/// The text in lines of at most `most` letters, broken between words where possible.
pub(crate) fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::palette;
    use harness::scenario::claim::Provenance;
    use stats::Estimate;

    fn measured(estimate: f64, low: f64, high: f64) -> Measured {
        Measured { value: Estimate { estimate, low, high }, rounds: 10, alpha: 0.05, p: None }
    }

    fn panel(printed: f64, measured: Measured) -> Panel {
        let row = IntervalRow {
            name: "speedup of 5 threads".into(),
            look: palette::of("threads"),
            reference: Some(Sourced { value: printed, from: Provenance::Printed }),
            agrees: Some((printed * 0.85, printed * 1.15)),
            measured: Some(measured),
            predicted: Some((5.0, "lock-step")),
            comes_out: None,
        };
        Panel { unit: Unit::Ratio, rows: vec![row], wanted: None }
    }

    #[test]
    fn the_axis_holds_every_figure_and_one() {
        let panel = panel(4.138, measured(4.91, 4.85, 4.97));
        let (scale, ticks, title) = panel.axis((0.0, 500.0), 20.0);
        for value in [1.0, 4.138, 4.91, 4.85, 4.97, 5.0] {
            assert!(scale.holds(value), "{value}");
        }
        assert!(ticks.len() >= 3 && title.contains("ratio"), "{ticks:?}");
    }

    #[test]
    fn an_interval_that_would_hide_everything_else_leaves_the_picture() {
        let panel = panel(4.138, measured(4.0, 0.001, f64::INFINITY));
        let (low, high) = panel.extent();
        assert!(low >= 1.0 / REACH - 1e-9 && high <= 5.0 * REACH, "{low} {high}");
        let html = intervals(&panel, "x", "x", &html! {}).into_string();
        assert!(!html.contains("inf\"") && html.contains("∞"), "{html}");
    }

    #[test]
    fn the_marks_say_whose_figure_they_are() {
        let html = intervals(&panel(4.138, measured(4.91, 4.85, 4.97)), "x", "x", &html! {}).into_string();
        for expected in [
            "printed 4.14×",
            "here 4.91× (4.85–4.97)",
            "predicted 5.00×",
            "the document printed 4.138×",
            "4.91× (95\u{a0}% interval 4.85–4.97, 10 rounds)",
            "not a measurement",
        ] {
            assert!(html.contains(expected), "{expected} is not there:\n{html}");
        }
    }

    #[test]
    fn names_are_broken_between_words() {
        assert_eq!(wrapped("the speedup of eight processes", 12), ["the speedup", "of eight", "processes"]);
        assert_eq!(wrapped("unbreakable", 4), ["unbreakable"]);
    }
}
