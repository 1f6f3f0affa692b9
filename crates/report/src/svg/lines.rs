//! A chart of figures against a number of workers or jobs: lines with their names at their ends, and reference lines.

use crate::svg::{
    chart::{Drawing, Rendition, line, marker, path, text},
    labels,
    palette::{Marker, StrategyStyle},
    scale::{Scale, spread},
};
use maud::{Markup, html};
use support::figures::{grouped, px};

/// Line height, in font sizes.
const LINE: f64 = 1.25;

/// A line chart.
pub(crate) struct Plot {
    /// The measured lines.
    pub(crate) series: Vec<Series>,
    /// The reference lines.
    pub(crate) references: Vec<Reference>,
    /// Published figures.
    pub(crate) published: Vec<Published>,
    /// The vertical axis.
    pub(crate) axis: Axis,
    /// What the horizontal axis counts.
    pub(crate) across: &'static str,
    /// The usable cores, for a vertical line; `None` if the horizontal axis doesn't count workers.
    pub(crate) cores: Option<u32>,
}

/// The vertical axis.
pub(crate) struct Axis {
    /// What it counts, with the unit.
    pub(crate) title: String,
    /// A note on where it starts, or what its steps are.
    pub(crate) scale: &'static str,
    /// Its lower and its upper end.
    pub(crate) ends: (f64, f64),
    /// True when one step is one doubling.
    pub(crate) doublings: bool,
    /// The ticks, with their texts.
    pub(crate) ticks: Vec<(f64, String)>,
}

/// One measured line.
pub(crate) struct Series {
    /// Its hue, marker and dash.
    pub(crate) look: &'static StrategyStyle,
    /// The name at its end.
    pub(crate) label: String,
    /// Its points, from left to right.
    pub(crate) points: Vec<Point>,
}

/// One measured cell.
pub(crate) struct Point {
    /// Its place on the horizontal axis.
    pub(crate) across: u32,
    /// The figure.
    pub(crate) value: f64,
    /// Its 95 % interval.
    pub(crate) interval: Option<(f64, f64)>,
    /// The figure of each round.
    pub(crate) rounds: Vec<f64>,
    /// The exact figures in words.
    pub(crate) tip: String,
}

/// A published figure.
pub(crate) struct Published {
    /// Its place on the horizontal axis.
    pub(crate) across: u32,
    /// The figure.
    pub(crate) value: f64,
    /// Its source, abbreviated.
    pub(crate) label: String,
    /// The exact figure in words.
    pub(crate) tip: String,
}

/// A reference line: the baseline, the ideal, the ceiling, a law.
pub(crate) struct Reference {
    /// The name at its end.
    pub(crate) label: String,
    /// How it is drawn: a class of the style sheet.
    pub(crate) class: &'static str,
    /// Its corners: position on the horizontal axis, and figure.
    pub(crate) corners: Vec<(f64, f64)>,
}

/// The layout, in units of the drawing.
struct LineLayout {
    x: Scale,
    y: Scale,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    label_x: f64,
}

impl Plot {
    /// The positions with measured points.
    fn measured(&self) -> impl Iterator<Item = u32> {
        self.series.iter().flat_map(|series| &series.points).map(|point| point.across)
    }

    /// The positions with measured or published points.
    fn marked_places(&self) -> impl Iterator<Item = u32> {
        self.measured().chain(self.published.iter().map(|published| published.across))
    }

    /// The horizontal axis' left end: where reference lines begin, or else the first point.
    fn least(&self) -> u32 {
        if self.references.is_empty() { self.measured().min().unwrap_or(1) } else { 1 }
    }

    /// Its right end.
    fn most(&self) -> u32 {
        self.marked_places().max().unwrap_or(1).max(self.least() + 1)
    }

    fn layout(&self, rendition: &Rendition) -> LineLayout {
        let font = rendition.font;
        let widest = |texts: &mut dyn Iterator<Item = &str>, bold| {
            texts.map(|text| labels::width(text, font, bold)).fold(0.0, f64::max)
        };
        let names = self.series.iter().flat_map(|series| name_lines(&series.label, rendition));
        let names = widest(&mut names.into_iter(), true)
            .max(widest(&mut self.references.iter().map(|reference| reference.label.as_str()), false));
        let left = widest(&mut self.axis.ticks.iter().map(|(_, text)| text.as_str()), false) + 0.8 * font;
        let right = (rendition.width - names - 2.0 * font).max(left + 5.0 * font);
        let top = (2.0 + 1.2 * self.axis.head(rendition).len() as f64) * font;
        let room = (self.series.len() + self.references.len()) as f64 * self.name_height(rendition);
        let bottom = top + room.max(if rendition.is_narrow() { 300.0 } else { 400.0 });
        let (least, most) = (f64::from(self.least()), f64::from(self.most()));
        let across = (left + 0.8 * font, right - 0.8 * font);
        let x = if most > 4.0 * least { Scale::doublings } else { Scale::linear }((least, most), across);
        let y = if self.axis.doublings { Scale::doublings } else { Scale::linear }(self.axis.ends, (bottom, top));
        LineLayout { x, y, left, right, top, bottom, label_x: right + 1.5 * font }
    }

    /// Draws it.
    pub(crate) fn draw(&self, rendition: &Rendition) -> Drawing {
        let at = self.layout(rendition);
        let font = rendition.font;
        let body = html! {
            (self.axes(&at, rendition))
            (self.core_line(&at, rendition))
            @for reference in &self.references {
                @let places: Vec<_> = reference.corners.iter().map(|(x, y)| (at.x.at(*x), at.y.at(*y))).collect();
                (path(reference.class, "", &places))
            }
            (self.names(&at, rendition))
            @for (rank, series) in self.series.iter().enumerate() {
                (series.draw(&at, self.shift(rank, font), font))
            }
            (self.published_marks(&at, font))
        };
        Drawing { height: at.bottom + 3.4 * font, body, axis: None }
    }

    /// The height of a name at a line's end.
    fn name_height(&self, rendition: &Rendition) -> f64 {
        let lines = self.series.iter().map(|series| name_lines(&series.label, rendition).len());
        lines.max().unwrap_or(1) as f64 * LINE * rendition.font
    }

    /// Offsets coinciding lines a little, so that none hides another.
    fn shift(&self, rank: usize, font: f64) -> f64 {
        let step = (0.75 * font / self.series.len() as f64).min(0.2 * font);
        (rank as f64 - (self.series.len() as f64 - 1.0) / 2.0) * step
    }

    fn axes(&self, at: &LineLayout, rendition: &Rendition) -> Markup {
        let font = rendition.font;
        html! {
            @for (row, words) in self.axis.head(rendition).iter().enumerate() {
                (text(0.0, (0.7 + 1.2 * row as f64) * font, "start", "muted", words))
            }
            @for (value, label) in &self.axis.ticks {
                (line("grid", (at.left, at.y.at(*value)), (at.right, at.y.at(*value))))
                (text(at.left - 0.5 * font, at.y.at(*value), "end", "muted", label))
            }
            (line("tick", (at.left, at.bottom), (at.right, at.bottom)))
            @for number in self.marked(at, font) {
                @let x = at.x.at(f64::from(number));
                (line("tick", (x, at.bottom), (x, at.bottom + 0.35 * font)))
                (text(x, at.bottom + 1.1 * font, "middle", "muted", &grouped(number)))
            }
            (text(f64::midpoint(at.left, at.right), at.bottom + 2.6 * font, "middle", "muted", self.across))
        }
    }

    /// The numbers to label, as many as fit: the ends first, then powers of two and of ten, then the others.
    fn marked(&self, at: &LineLayout, font: f64) -> Vec<u32> {
        let (least, most) = (self.least(), self.most());
        let mut numbers: Vec<u32> = self.marked_places().chain([least]).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let round = |number: u32| number.is_power_of_two() || 10_u32.pow(number.max(1).ilog10()) == number;
        numbers.sort_by_key(|number| (*number != most, *number != least, !round(*number), *number));
        let places: Vec<f64> = numbers.iter().map(|number| at.x.at(f64::from(*number))).collect();
        let apart = labels::width(&grouped(most), font, false) + 0.5 * font;
        numbers.into_iter().zip(spread(&places, apart)).filter_map(|(number, free)| free.then_some(number)).collect()
    }

    fn core_line(&self, at: &LineLayout, rendition: &Rendition) -> Markup {
        let font = rendition.font;
        let Some(cores) = self.cores.filter(|cores| at.x.holds(f64::from(*cores))) else { return html! {} };
        let x = at.x.at(f64::from(cores));
        let here = if cores == 1 { "1 core here".into() } else { format!("{cores} cores here") };
        let crowded = format!("{here}; more workers than cores →");
        let fits = |label: &str| x + labels::width(label, font, false) <= at.right + font;
        let width = labels::width(&here, font, false);
        let (anchor, label_x, label) = match (fits(&crowded), fits(&here)) {
            (true, _) if self.most() > cores => ("start", x, crowded),
            (_, true) => ("start", x, here),
            _ if width <= x => ("end", x, here),
            // Long names leave a phone's chart no room on either side.
            _ => ("start", (rendition.width - width).min(x).max(0.0), here),
        };
        html! {
            (line("cores", (x, at.top - 0.4 * font), (x, at.bottom)))
            (text(label_x, at.top - 1.05 * font, anchor, "muted", &label))
        }
    }

    /// Published figures, as hollow marks. A label goes below its mark, on a side without overlap; if there is none,
    /// only the tip shows it.
    fn published_marks(&self, at: &LineLayout, font: f64) -> Markup {
        let mut taken: Vec<(f64, f64, f64)> = Vec::new();
        let mut labelled = |(x, y): (f64, f64), label: &str| {
            let width = labels::width(label, font, false);
            let free = |&(from, y): &(f64, f64)| {
                let inside = from >= at.left && from + width <= at.right + font && y <= at.bottom - 0.7 * font;
                let clear = |&(other, to, level): &(f64, f64, f64)| {
                    from > to + 0.5 * font || from + width < other - 0.5 * font || (y - level).abs() > 1.2 * font
                };
                inside && taken.iter().all(clear)
            };
            let sides = [
                (x + 0.7 * font, y + 0.9 * font),
                (x + 0.7 * font, y - 0.9 * font),
                (x - 0.7 * font - width, y + 0.9 * font),
                (x - 0.7 * font - width, y - 0.9 * font),
            ];
            let place = sides.into_iter().find(free)?;
            taken.push((place.0, place.0 + width, place.1));
            Some(place)
        };
        html! {
            @for published in &self.published {
                @let (x, y) = (at.x.at(f64::from(published.across)), at.y.at(published.value));
                g class="mark hollow" { title { (published.tip) } (marker(Marker::Diamond, (x, y), 0.42 * font)) }
                @if let Some((x, y)) = labelled((x, y), &published.label) { (text(x, y, "start", "halo", &published.label)) }
            }
        }
    }

    /// The names at the lines' ends, each tied to its line's last point.
    fn names(&self, at: &LineLayout, rendition: &Rendition) -> Markup {
        let font = rendition.font;
        let measured = self.series.iter().enumerate().filter_map(|(rank, series)| {
            let last = series.points.last()?;
            let place = (at.x.at(f64::from(last.across)) + self.shift(rank, font), at.y.at(last.value));
            Some((place, series.label.as_str(), Some(series.look)))
        });
        let compared = self.references.iter().filter_map(|reference| {
            let (x, y) = reference.corners.last()?;
            Some(((at.x.at(*x), at.y.at(*y)), reference.label.as_str(), None))
        });
        let ends: Vec<_> = measured.chain(compared).collect();
        let wanted: Vec<f64> = ends.iter().map(|((_, y), ..)| *y).collect();
        let placed = labels::place(&wanted, self.name_height(rendition), (at.top - 0.6 * font, at.bottom + 0.6 * font));
        html! {
            @for (((x, y), label, look), label_y) in ends.into_iter().zip(placed) {
                @let class = look.map_or("plain".into(), |look| format!("s-{}", look.strategy));
                g class=(class) {
                    (path("leader", "", &[(x, y), (at.right + 0.3 * font, y), (at.label_x - 0.3 * font, label_y)]))
                    @let lines = name_lines(label, rendition);
                    @for (row, line) in lines.iter().enumerate() {
                        @let y = label_y + (row as f64 - (lines.len() as f64 - 1.0) / 2.0) * LINE * font;
                        (text(at.label_x, y, "start", if look.is_some() { "name" } else { "muted" }, line))
                    }
                }
            }
        }
    }
}

/// A name with its schedule takes two lines on a narrow page.
fn name_lines<'a>(label: &'a str, rendition: &Rendition) -> Vec<&'a str> {
    if rendition.is_narrow() { label.split(", ").collect() } else { vec![label] }
}

impl Axis {
    /// The text above the axis: one line if it fits, otherwise two.
    fn head(&self, rendition: &Rendition) -> Vec<String> {
        let both = format!("{}, {}", self.title, self.scale);
        if labels::width(&both, rendition.font, false) <= rendition.width {
            vec![both]
        } else {
            vec![format!("{},", self.title), self.scale.into()]
        }
    }
}

impl Series {
    fn draw(&self, at: &LineLayout, shift: f64, font: f64) -> Markup {
        let place = |point: &Point| (at.x.at(f64::from(point.across)) + shift, at.y.at(point.value));
        let places: Vec<_> = self.points.iter().map(place).collect();
        html! {
            g class={ "series s-" (self.look.strategy) } {
                @if places.len() > 1 { (path("curve", self.look.dash, &places)) }
                @for (point, (x, y)) in self.points.iter().zip(&places) {
                    g class="mark" {
                        title { (point.tip) }
                        circle class="reach" cx=(px(*x)) cy=(px(*y)) r=(px(0.8 * font)) {}
                        (rounds(&point.rounds, *x - 0.55 * font, at))
                        @if let Some((low, high)) = point.interval {
                            // Without caps: two caps and a mark between them would read as a sign of division.
                            (line("whisker", (*x, at.y.at(low)), (*x, at.y.at(high))))
                        }
                        (marker(self.look.marker, (*x, *y), 0.34 * font))
                    }
                }
            }
        }
    }
}

/// A small point for each round, beside the mark.
fn rounds(rounds: &[f64], x: f64, at: &LineLayout) -> Markup {
    let shown = rounds.iter().map(|value| at.y.at(*value)).filter(|y| y.is_finite() && *y >= at.top && *y <= at.bottom);
    let steps: Vec<String> = shown.map(|y| format!("M{} {}h0", px(x), px(y))).collect();
    html! { @if steps.len() > 1 { path class="rounds" d=(steps.concat()) {} } }
}
