//! The fastest strategies for each kind of work: on the first screen the winners, and with how many workers each stops
//! gaining; below, every strategy with its interval.

use crate::{
    PageInput,
    scenario::{
        curves::{self, ends},
        group,
    },
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
    figures::{count, interval, plain, px, ratio, significant},
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

/// The length of the longest bar of the winners, in letters of the page.
const LONGEST_BAR: f64 = 2.7;
/// More strategies than this would not fit the first screen.
const MOST_WINNERS: usize = 5;
/// More workers that are not shown to be faster by more than this gain nothing.
const GAIN: f64 = 1.05;

/// The winners of each kind of work, as a small chart: one length is the same speedup everywhere. Empty if no kind of work was
/// measured.
pub(crate) fn winners(input: &PageInput) -> Markup {
    let measured = input.findings.decisions.iter().filter(|decided| !decided.ranking.is_empty());
    let longest = measured.clone().filter_map(|decided| decided.ranking.first()).map(|first| first.speedup.estimate);
    let longest = longest.fold(1.0, f64::max);
    let (in_python, own): (Vec<&Decided>, Vec<&Decided>) = measured.partition(|decided| decided.is_in_python());
    let gains = |decided| shown(decided).any(|ranked| gains_up_to(input, decided, ranked).is_some());
    html! {
        div class="winners" {
            @for decided in own {
                @let python: Vec<&Decided> = in_python.iter().copied().filter(|python| python.scenario == decided.scenario).collect();
                @let counts = std::iter::once(decided).chain(python.iter().copied()).any(gains);
                table {
                    caption { (capital(&decided.work)) }
                    thead { tr {
                        th scope="col" { (are(decided)) }
                        th scope="col" colspan="2" { "speedup" }
                        @if counts { th scope="col" class="n" { "gains up to" } }
                    } }
                    tbody { (best(input, decided, longest, counts)) }
                    @for python in python {
                        tbody {
                            tr { th scope="rowgroup" colspan="4" { (are(python)) " in Python" } }
                            (best(input, python, longest, counts))
                        }
                    }
                }
            }
        }
    }
}

/// The fastest, or those that are not told apart.
fn shown(decided: &Decided) -> impl Iterator<Item = &Ranked> {
    let led = decided.ranking.iter().any(|ranked| ranked.place.leads());
    let shown = move |ranked: &&Ranked| ranked.place.leads() || !led && ranked.place == Place::NotToldApart;
    decided.ranking.iter().filter(shown).take(MOST_WINNERS)
}

/// What the strategies are that are shown of it.
fn are(decided: &Decided) -> &'static str {
    if decided.ranking.iter().any(|ranked| ranked.place.leads()) { "fastest" } else { "not told apart" }
}

/// A line for each of these. Those of Python stand below a line that says so.
fn best(input: &PageInput, decided: &Decided, longest: f64, counts: bool) -> Markup {
    html! {
        @for ranked in shown(decided) {
            tr class={ "s-" (palette::of(&ranked.cell.strategy).strategy) } {
                th scope="row" { (palette::sample(&ranked.cell.strategy)) (palette::label(&ranked.cell.strategy).trim_start_matches("Python ")) }
                td class="bar-cell" { span class="length" style={ "width:" (significant(LONGEST_BAR * ranked.speedup.estimate / longest, 3)) "rem" } {} }
                td { b { (value(ranked)) } " with " (ranked.cell.shape) }
                @if counts { td class="n" { (gains_up_to(input, decided, ranked).unwrap_or_else(|| "–".into())) } }
            }
        }
    }
}

/// The fewest workers of which no larger number is shown to be faster by more than 5 %: `8`, or `30+` if that is the most
/// that were measured. `None` without other numbers of workers.
fn gains_up_to(input: &PageInput, decided: &Decided, ranked: &Ranked) -> Option<String> {
    let records = input.records.iter().chain(&input.evidence.records);
    let groups = records.filter(|record| record.scenario == decided.scenario).flat_map(group::groups);
    let mine = groups.filter(|group| group.variant == ranked.cell.variant && group.timer == ranked.cell.timer);
    let points = mine.map(|group| {
        let cells = group.contenders().filter(|cell| {
            cell.record.spec.strategy == ranked.cell.strategy && cell.record.spec.schedule == ranked.cell.schedule
        });
        let mut points: Vec<_> = cells.filter_map(|cell| Some((cell.record.workers(), cell.speedup()?))).collect();
        points.sort_by_key(|(workers, _)| *workers);
        points
    });
    let points = points.max_by_key(Vec::len).filter(|points| points.len() > 1)?;
    let (most, _) = *points.last()?;
    let stops = points
        .iter()
        .enumerate()
        .find(|(place, (_, here))| points[place + 1..].iter().all(|(_, more)| more.low <= GAIN * here.high));
    stops.map(|(_, (workers, _))| if *workers == most { format!("{most}+") } else { workers.to_string() })
}

/// The section. Empty if no kind of work was measured.
pub(crate) fn section(decisions: &[Decided]) -> Markup {
    let measured: Vec<&Decided> = decisions.iter().filter(|decided| !decided.ranking.is_empty()).collect();
    if measured.is_empty() {
        return html! {};
    }
    html! {
        section id=(ID) aria-labelledby={ (ID) "-question" } {
            h2 id={ (ID) "-question" } { (QUESTION) }
            details class="part" {
                summary { "Every strategy with its interval" }
                p class="lead" {
                    "Speedup over sequential, of strategies in Python over sequential in Python, each with the workers shown, with 95 % intervals. "
                    "A tinted row is shown to be the fastest, or as fast within 5 %, by pairs of times from the same rounds; "
                    "\"not told apart\" means that more rounds are needed. "
                    "At the top of the page, \"gains up to\" is the smallest number of workers that no larger number is shown to beat by more than 5 %: "
                    "\"8+\" if 8 is the largest that was measured, \"–\" if no other was."
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
    Drawing { height: bottom + 1.6 * font, body, axis: None }
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
        div {
            div class="scroll" tabindex="0" role="group" aria-label="The fastest strategies, as a table" {
                table {
                    thead { tr { th scope="col" { "work" } th scope="col" { "strategy" } th scope="col" class="n" { "workers" } th scope="col" class="n" { "speedup" } th scope="col" class="n" { "95 %" } th scope="col" { "place" } } }
                    tbody {
                        @for decided in decisions {
                            @for ranked in &decided.ranking {
                                @let speedup = ranked.speedup;
                                tr class={ "s-" (palette::of(&ranked.cell.strategy).strategy) } {
                                    td { (capital(&decided.work)) }
                                    th scope="row" { (palette::sample(&ranked.cell.strategy)) (palette::label(&ranked.cell.strategy)) }
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
