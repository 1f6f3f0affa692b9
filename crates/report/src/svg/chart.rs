//! The parts of every chart: a caption, a text description for screen readers, and two renditions.
//!
//! Text in a drawing that is scaled down to a phone is too small to read. So each chart is drawn twice, for a wide page
//! and for a narrow one, with text of a fixed size, and the style sheet shows the one that fits.

use crate::svg::palette::Marker;
use maud::{Markup, html};
use support::figures::px;

/// The size at which a chart is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rendition {
    /// The class that the style sheet chooses by.
    pub(crate) name: &'static str,
    /// The width in units; one is about one CSS pixel.
    pub(crate) width: f64,
    /// The font size.
    pub(crate) font: f64,
}

/// For projectors, desks and paper.
pub(crate) const WIDE: Rendition = Rendition { name: "wide", width: 1120.0, font: 20.0 };
/// For phones.
pub(crate) const NARROW: Rendition = Rendition { name: "narrow", width: 360.0, font: 15.0 };

impl Rendition {
    /// Whether this is the rendition for phones.
    pub(crate) fn is_narrow(&self) -> bool {
        self.width < WIDE.width
    }
}

/// One rendition, drawn.
pub(crate) struct Drawing {
    /// Its height in units.
    pub(crate) height: f64,
    /// The elements inside the `svg`.
    pub(crate) body: Markup,
    /// For a script that zooms: where the axis of time begins and ends in the drawing, its last figure, and its height.
    pub(crate) axis: Option<String>,
}

/// The words that go with a picture.
pub(crate) struct Caption {
    /// An identifier, unique on the page.
    pub(crate) id: String,
    /// The chart's title.
    pub(crate) title: String,
    /// What the chart shows, for screen readers.
    pub(crate) description: String,
}

/// A chart in both renditions, with its caption.
pub(crate) fn figure(words: &Caption, caption: &Markup, draw: impl Fn(&Rendition) -> Drawing) -> Markup {
    html! {
        figure id=(words.id) {
            figcaption { (caption) }
            (renditions(words, &[WIDE, NARROW], draw))
        }
    }
}

/// A chart in these renditions.
pub(crate) fn renditions(words: &Caption, all: &[Rendition], draw: impl Fn(&Rendition) -> Drawing) -> Markup {
    html! {
            @for rendition in all {
                @let drawing = draw(rendition);
                @let (title, description) = (format!("{}-{}-title", words.id, rendition.name), format!("{}-{}-text", words.id, rendition.name));
                svg class={ "chart " (rendition.name) } role="img" aria-labelledby=(title) aria-describedby=(description)
                    viewBox={ "0 0 " (px(rendition.width)) " " (px(drawing.height)) } font-size=(px(rendition.font)) data-axis=[&drawing.axis] {
                    title id=(title) { (words.title) }
                    desc id=(description) { (words.description) }
                    (drawing.body)
                }
            }
    }
}

/// A text. `anchor` says which point of it `x` is: `start`, `middle` or `end`; `y` is its vertical middle.
pub(crate) fn text(x: f64, y: f64, anchor: &str, class: &str, content: &str) -> Markup {
    html! { text class=(class) x=(px(x)) y=(px(y)) dy=".35em" text-anchor=(anchor) { (content) } }
}

/// A straight line.
pub(crate) fn line(class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) -> Markup {
    html! { line class=(class) x1=(px(x1)) y1=(px(y1)) x2=(px(x2)) y2=(px(y2)) {} }
}

/// A line through several points.
pub(crate) fn path(class: &str, dash: &str, places: &[(f64, f64)]) -> Markup {
    let steps: Vec<String> = places.iter().map(|(x, y)| format!("{} {}", px(*x), px(*y))).collect();
    html! { path class=(class) stroke-dasharray=[(!dash.is_empty()).then_some(dash)] d={ "M" (steps.join("L")) } {} }
}

/// The marker of a point.
pub(crate) fn marker(shape: Marker, (x, y): (f64, f64), radius: f64) -> Markup {
    let r = radius;
    let corners: &[(f64, f64)] = match shape {
        Marker::Circle => return html! { circle class="point" cx=(px(x)) cy=(px(y)) r=(px(r)) {} },
        Marker::Square => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
        Marker::Diamond => &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
        Marker::Up => &[(0.0, -1.2), (1.2, 0.9), (-1.2, 0.9)],
        Marker::Down => &[(0.0, 1.2), (1.2, -0.9), (-1.2, -0.9)],
        Marker::Hexagon => &[(-1.1, 0.0), (-0.55, -0.95), (0.55, -0.95), (1.1, 0.0), (0.55, 0.95), (-0.55, 0.95)],
        Marker::Pentagon => &[(0.0, -1.15), (1.09, -0.36), (0.68, 0.93), (-0.68, 0.93), (-1.09, -0.36)],
        Marker::Star => &[
            (0.0, -1.35),
            (0.32, -0.45),
            (1.28, -0.42),
            (0.52, 0.17),
            (0.79, 1.09),
            (0.0, 0.55),
            (-0.79, 1.09),
            (-0.52, 0.17),
            (-1.28, -0.42),
            (-0.32, -0.45),
        ],
        Marker::Bar => &[(-1.2, -0.4), (1.2, -0.4), (1.2, 0.4), (-1.2, 0.4)],
        Marker::Cross => &[
            (-0.4, -1.2),
            (0.4, -1.2),
            (0.4, -0.4),
            (1.2, -0.4),
            (1.2, 0.4),
            (0.4, 0.4),
            (0.4, 1.2),
            (-0.4, 1.2),
            (-0.4, 0.4),
            (-1.2, 0.4),
            (-1.2, -0.4),
            (-0.4, -0.4),
        ],
    };
    let places: Vec<String> = corners.iter().map(|(dx, dy)| format!("{},{}", px(x + dx * r), px(y + dy * r))).collect();
    html! { polygon class="point" points=(places.join(" ")) {} }
}
