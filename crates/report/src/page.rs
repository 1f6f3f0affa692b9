//! The page around the sections: its head, the contents, and what makes it repeatable.

use crate::{
    PageInput, ScenarioNote,
    claims::{
        findings::{self, FrontPage},
        verdict,
    },
    command::command,
    lessons,
    queue::queue_lesson::{self, QueueLesson},
    scenario::{group, host, section},
    svg::palette,
};
use harness::results::record::Record;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use support::figures::{ratio, time};

const STYLE: &str = include_str!("../../../report/theme/style.css");
const SCRIPT: &str = include_str!("../../../report/theme/script.js");
/// Runs before the first paint, so that the dark theme doesn't flash white.
const EARLY: &str = "try{document.documentElement.dataset.theme=localStorage.getItem('makespan-theme')||''}catch{}";
/// The page fetches nothing, and this policy makes browsers enforce that.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// The id of the measurements' heading.
const MEASUREMENTS: &str = "measurements";

/// The whole page. More bars in one chart than `most_bars` are merged.
pub(crate) fn page(input: &PageInput, most_bars: usize) -> Markup {
    let records = in_order(input);
    let front = FrontPage::of(input);
    let all: Vec<&Record> = records.iter().copied().chain(front.iter().flat_map(FrontPage::records)).collect();
    let one_host = host::is_one(&all);
    let lesson = QueueLesson::of(input);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Threads, processes or async? What this machine says" }
                link rel="icon" href="data:,";
                style { (PreEscaped(palette::css())) (PreEscaped(verdict::css())) (PreEscaped(STYLE)) }
                script { (PreEscaped(EARLY)) }
            }
            body {
                header {
                    button id="theme" type="button" hidden { "Light or dark" }
                    h1 { "Threads, processes or async?" }
                    p class="purpose" {
                        @match &front {
                            Some(front) => (front.purpose()),
                            None => "The same work done by every strategy, with one worker and with many, every answer checked, and timed on this machine.",
                        }
                    }
                    @if let Some(front) = &front { (ways(front, lesson.as_ref(), input)) }
                    @else { (machine(&all, one_host)) (contents(input, &records, lesson.as_ref())) }
                }
                main {
                    @if let Some(front) = &front {
                        (front.board())
                        (front.decisions())
                        (machine(&all, one_host))
                        (findings::key())
                        (front.sections(!one_host, most_bars / 2))
                        (findings::own_sections(input, !one_host, most_bars / 2))
                        div class="chapter" id=(MEASUREMENTS) {
                            h2 { "The measurements" }
                            p class="lead" { "Every measured scenario, independent of the claims: the same work done by every strategy, every answer checked." }
                            (contents(input, &records, lesson.as_ref()))
                        }
                    }
                    @if records.is_empty() { (nothing_yet()) }
                    @for (number, record) in records.iter().enumerate() {
                        (section::section(record, &id(number, record), &input.criterion, !one_host, most_bars))
                    }
                    @if let Some(lesson) = &lesson { (lesson.section()) }
                    (lessons::section(input))
                }
                (footer(input))
                div id="tip" role="status" aria-live="polite" hidden {}
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// Links to the parts of the page, in one line.
fn ways(front: &FrontPage, lesson: Option<&QueueLesson>, input: &PageInput) -> Markup {
    html! {
        nav class="ways" aria-label="Contents" {
            ul {
                (front.contents())
                li { a href={ "#" (MEASUREMENTS) } { "The measurements" } }
                @if lesson.is_some() { li { a href={ "#" (queue_lesson::ID) } { "Beyond one machine" } } }
                @if !input.lessons.is_empty() { li { a href={ "#" (lessons::ID) } { (lessons::TITLE) } } }
            }
        }
    }
}

/// The machine that everything was measured on, or that there are several.
fn machine(records: &[&Record], one_host: bool) -> Markup {
    html! {
        @if one_host { (host::strip(records)) }
        @else { p class="missing" { "These records come from several machines or builds, so figures of different sections can't be compared. Each section names its own." } }
    }
}

/// The records in the order of the expected scenarios, then those of other scenarios.
fn in_order(input: &PageInput) -> Vec<&Record> {
    let rank = |record: &Record| {
        let place = input.expected_scenarios.iter().position(|note| note.name == record.scenario);
        place.unwrap_or(input.expected_scenarios.len())
    };
    let mut records: Vec<&Record> = input.records.iter().collect();
    records.sort_by_key(|record| rank(record));
    records
}

/// An id that is safe and unique, whatever the scenario is called.
fn id(number: usize, record: &Record) -> String {
    let safe = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    format!("s{number}-{}", record.scenario.chars().map(safe).collect::<String>())
}

/// The measured scenarios with their answers in short, and the others with the command to measure them.
fn contents(input: &PageInput, records: &[&Record], lesson: Option<&QueueLesson>) -> Markup {
    let missing: Vec<&ScenarioNote> = input
        .expected_scenarios
        .iter()
        .filter(|note| !records.iter().any(|record| record.scenario == note.name))
        .collect();
    html! {
        @if records.len() + usize::from(lesson.is_some()) > 1 {
            nav aria-label="The measurements" {
                ol class="contents" {
                    @for (number, record) in records.iter().enumerate() {
                        li { a href={ "#" (id(number, record)) } { (record.question) } " " (in_short(record)) }
                    }
                    @if let Some(lesson) = lesson {
                        li {
                            a href={ "#" (queue_lesson::ID) } { (queue_lesson::QUESTION) } " "
                            @if let Some((figure, engine)) = lesson.in_short() { span class="short" { b { (figure) } " " (engine) } }
                        }
                    }
                }
            }
        }
        @if !missing.is_empty() || lesson.is_none() {
            details class="unmeasured" open[records.is_empty()] {
                summary { "Not measured yet: " (unmeasured(missing.len(), lesson.is_none())) }
                ul {
                    @for note in missing { li { (note.title) ", run: " code { "makespan run " (note.name) } } }
                    @if lesson.is_none() { li { "What a queue costs, run: " code { (queue_lesson::COMMAND) } } }
                }
            }
        }
    }
}

/// `3 scenarios and what a queue costs`.
fn unmeasured(scenarios: usize, costs: bool) -> String {
    let scenarios = (scenarios > 0).then(|| support::figures::count(scenarios, "scenario"));
    let all: Vec<String> = scenarios.into_iter().chain(costs.then(|| "what a queue costs".into())).collect();
    all.join(" and ")
}

fn in_short(record: &Record) -> Markup {
    let groups = group::groups(record);
    let best = groups.first().and_then(group::Group::best);
    let shortest = groups.first().and_then(group::Group::shortest);
    html! {
        span class="short" {
            @match (best, shortest) {
                (Some((cell, speedup)), _) => { b { (ratio(speedup.estimate)) "×" } " " (cell.who()) }
                (None, Some((cell, shortest))) => { b { (time(shortest.median)) } " " (cell.who()) }
                (None, None) => "nothing to compare yet",
            }
        }
    }
}

fn nothing_yet() -> Markup {
    html! {
        section {
            h2 { "Nothing has been measured yet" }
            p class="answer" { "This page shows measurements, and so far there are none. In a checkout, this measures every scenario in a few rounds:" }
            (command("make bench-quick"))
            p { "And this measures a single one, then writes this page again:" }
            (command("makespan run web_requests && makespan report"))
        }
    }
}

fn footer(input: &PageInput) -> Markup {
    html! {
        footer {
            h2 { "How to read these figures" }
            p {
                "A speedup compares each round's time with the time that sequential took in the same round: the mean of the logarithms of these ratios, with Student's t for its 95 % interval. "
                "Rounds go through all cells in an order shuffled by a seed, so that a machine that slows down affects all of them; a median's interval comes from the order of the rounds' times. "
                "METHOD.md has the rest, and says which figure comes from which measurement."
            }
            p {
                "Every answer was checked before its time was kept; a cell that gave a wrong one has a row and no time. "
                "The same figures as JSON (" code { "makespan.run/2" } "): " code { "makespan run SCENARIO --json FILE" } ". "
                "The seed, the command and the commit shown here make a run repeatable; times differ between machines."
            }
            p class="small" { "Page written " (input.generated_at) " from records alone; nothing was measured to write it." }
        }
    }
}
