//! The decision table: each kind of work, its fastest strategies in words, and the measured intervals behind the words.

use crate::{
    scenario::curves::{self, ends},
    svg::{
        chart::{self, Caption, Drawing, Rendition, line, marker, text},
        labels, palette,
        scale::{Scale, doubling_ticks, round_ticks},
    },
};
use findings::{Decided, Ranked};
use maud::{Markup, html};
use stats::ranking::Place;
use support::{
    figures::{count, interval, plain, px, ratio},
    words::capital,
};

/// The section's id.
pub(crate) const ID: &str = "who-does-what";
/// The section's question.
pub(crate) const QUESTION: &str = "Which strategy is fastest for each kind of work?";

/// Placed beside a row's words, or below them on a narrow page.
const BESIDE: Rendition = Rendition { name: "wide", width: 700.0, font: 19.0 };
const BELOW: Rendition = Rendition { name: "narrow", width: 350.0, font: 15.0 };
/// Line height per strategy, in font sizes.
const LINE: f64 = 1.5;

/// The section. Empty if no kind of work was measured.
pub(crate) fn section(decisions: &[Decided]) -> Markup {
    let measured: Vec<&Decided> = decisions.iter().filter(|decided| !decided.ranking.is_empty()).collect();
    if measured.is_empty() {
        return html! {};
    }
    html! {
        section id=(ID) aria-labelledby={ (ID) "-question" } {
            h2 id={ (ID) "-question" } { (QUESTION) }
            div class="part" {
                p class="lead" {
                    "Speedup over sequential, each with the workers shown, with 95 % intervals. "
                    "A tinted line is shown to be the fastest, or as fast within 5 %, in pairs of the same rounds; "
                    "\"not told apart\" means that more rounds would be needed."
                }
                div class="decisions" {
                    @for (number, decided) in measured.iter().enumerate() { (row(decided, &format!("{ID}-{number}"))) }
                }
                (table(&measured))
            }
        }
    }
}

fn row(decided: &Decided, id: &str) -> Markup {
    let described = decided.ranking.iter().map(|ranked| format!("{}: {}.", capital(&name(ranked)), in_words(ranked)));
    let words = Caption {
        id: id.into(),
        title: format!("Times as fast as sequential: {}", decided.work),
        description: described.collect::<Vec<_>>().join(" "),
    };
    html! {
        figure class="decision" {
            figcaption {
                span class="work" { (capital(&decided.work)) }
                b class="who" { (capital(&decided.answer)) }
                span class="small" { (decided.scenario) ", " (count(decided.rounds as usize, "round")) }
            }
            div { (chart::renditions(&words, &[BESIDE, BELOW], |rendition| draw(decided, rendition))) }
        }
    }
}

fn draw(decided: &Decided, rendition: &Rendition) -> Drawing {
    let font = rendition.font;
    let ranking = &decided.ranking;
    let names = ranking.iter().map(|ranked| labels::width(&name(ranked), font, ranked.place.leads()));
    let values = ranking.iter().map(|ranked| labels::width(&value(ranked), font, ranked.place.leads()));
    let left = names.fold(0.0, f64::max).min(0.52 * rendition.width) + font;
    let right = (rendition.width - values.fold(0.0, f64::max) - 1.2 * font).max(left + 4.0 * font);
    let all = ranking.iter().flat_map(|ranked| [ranked.speedup.low, ranked.speedup.estimate, ranked.speedup.high]);
    let all = all.filter(|value| value.is_finite() && *value > 0.0);
    let (low, high) = all.fold((1.0, 1.0), |(low, high): (f64, f64), value| (low.min(value), high.max(value)));
    let (axis, doublings, _) = ends(low, high);
    let x = if doublings { Scale::doublings } else { Scale::linear }(axis, (left, right));
    let most = (((right - left) / (3.5 * font)) as usize).max(3);
    let ticks = if doublings { doubling_ticks(low, high, most) } else { round_ticks(0.0, axis.1, most) };
    let bottom = ranking.len() as f64 * LINE * font;
    let body = html! {
        @for tick in ticks.into_iter().filter(|tick| x.holds(*tick)) {
            (line("grid", (x.at(tick), 0.0), (x.at(tick), bottom)))
            @let label = format!("{}×", plain(tick));
            @let most = rendition.width - labels::width(&label, font, false) / 2.0;
            (text(x.at(tick).min(most), bottom + 0.8 * font, "middle", "muted", &label))
        }
        (line("one", (x.at(1.0), 0.0), (x.at(1.0), bottom)))
        @for (number, ranked) in ranking.iter().enumerate() {
            (one(ranked, &x, (left, right), (number as f64 + 0.5) * LINE * font, rendition))
        }
    };
    Drawing { height: bottom + 1.6 * font, body }
}

fn one(ranked: &Ranked, x: &Scale, (left, right): (f64, f64), y: f64, rendition: &Rendition) -> Markup {
    let font = rendition.font;
    let look = palette::of(&ranked.cell.strategy);
    let (low, high) = (x.at(ranked.speedup.low), x.at(ranked.speedup.high));
    let half = 0.26 * font;
    html! {
        g class={ "series s-" (look.strategy) } {
            @if ranked.place.leads() {
                rect class="winner" x="0" y=(px(y - 0.68 * font)) width=(px(rendition.width)) height=(px(1.36 * font)) rx="4" {}
            }
            (text(left - 0.7 * font, y, "end", if ranked.place.leads() { "name" } else { "ink" }, &name(ranked)))
            g class="mark" {
                title { (capital(&name(ranked))) ": " (in_words(ranked)) }
                (line("whisker", (low, y), (high, y)))
                (line("whisker", (low, y - half), (low, y + half)))
                (line("whisker", (high, y - half), (high, y + half)))
                (marker(look.marker, (x.at(ranked.speedup.estimate), y), 0.36 * font))
            }
            (text(right + 0.8 * font, y, "start", if ranked.place.leads() { "value" } else { "muted" }, &value(ranked)))
        }
    }
}

/// `8 threads`, `async with 30 in flight`, abbreviated.
fn name(ranked: &Ranked) -> String {
    let cell = &ranked.cell;
    match cell.strategy.as_str() {
        "sequential" => "sequential".into(),
        "threads" | "processes" => palette::workers(&cell.strategy, cell.shape.workers().get()),
        strategy => format!("{}, {}", palette::label(strategy), cell.shape),
    }
}

fn value(ranked: &Ranked) -> String {
    format!("{}×", ratio(ranked.speedup.estimate))
}

fn in_words(ranked: &Ranked) -> String {
    format!("{}; {}", curves::in_words(ranked.speedup), in_place(ranked.place))
}

fn in_place(place: Place) -> &'static str {
    match place {
        Place::Fastest => "the fastest",
        Place::AsFast => "as fast within 5 %",
        Place::Slower => "slower",
        Place::NotToldApart => "not told apart",
    }
}

/// The same figures as a table.
fn table(decisions: &[&Decided]) -> Markup {
    html! {
        details {
            summary { "The figures" }
            div class="scroll" tabindex="0" role="region" aria-label="The fastest strategies, as a table" {
                table {
                    thead { tr { th scope="col" { "work" } th scope="col" { "strategy" } th scope="col" class="n" { "workers" } th scope="col" class="n" { "speedup" } th scope="col" class="n" { "95 %" } th scope="col" { "" } } }
                    tbody {
                        @for decided in decisions {
                            @for ranked in &decided.ranking {
                                @let speedup = ranked.speedup;
                                tr class={ "s-" (palette::of(&ranked.cell.strategy).strategy) } {
                                    td { (capital(&decided.work)) }
                                    th scope="row" { span class="dot" {} (palette::label(&ranked.cell.strategy)) }
                                    td class="n" { (ranked.cell.shape) }
                                    td class="n" { (ratio(speedup.estimate)) }
                                    td class="n interval" { (interval(speedup.low, speedup.high)) }
                                    td { (in_place(ranked.place)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
