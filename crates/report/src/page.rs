//! The page around the sections: its head, the contents, and what makes it repeatable.

use crate::{
    PageInput, ScenarioNote,
    claims::{
        changes,
        findings::{self, FrontPage},
        navigation, verdict,
    },
    command::command,
    lessons, own_work,
    peers::{self, Peers},
    presenter,
    queue::queue_lesson::{self, QueueLesson},
    scenario::{group, host, section},
    svg::palette,
};
use harness::results::record::Record;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use support::figures::{ratio, time};

const STYLE: &str =
    concat!(include_str!("../../../report/theme/style.css"), include_str!("../../../report/theme/page.css"));
/// The files of the script, in order.
const SCRIPT: &str = concat!(
    include_str!("../../../report/theme/script.js"),
    include_str!("../../../report/theme/moving.js"),
    include_str!("../../../report/theme/presenter.js"),
    include_str!("../../../report/theme/tables.js"),
    include_str!("../../../report/theme/zoom.js"),
);
/// Runs before the first paint, so that the dark theme doesn't flash white.
const EARLY: &str = "try{document.documentElement.dataset.theme=localStorage.getItem('makespan-theme')||''}catch{}";
/// The page fetches nothing, and this policy makes browsers enforce that.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// The id of the measurements' heading.
const MEASUREMENTS: &str = "measurements";
const MEASUREMENTS_TITLE: &str = "The measurements";
const TITLE: &str = "Threads, processes or async, and how many?";

/// The whole page. More bars in one chart than `most_bars` are merged.
pub(crate) fn page(input: &PageInput, most_bars: usize) -> Markup {
    let records = in_order(input);
    let front = FrontPage::of(input);
    let all: Vec<&Record> = records.iter().copied().chain(front.iter().flat_map(FrontPage::records)).collect();
    let one_host = host::is_one(&all);
    let beside_python = Peers::of(&all);
    let lesson = QueueLesson::of(input);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (TITLE) }
                link rel="icon" href="data:,";
                style { (PreEscaped(palette::css())) (PreEscaped(verdict::css())) (PreEscaped(STYLE)) }
                script { (PreEscaped(EARLY)) }
            }
            body id="top" {
                a class="skip" href="#main" { "Skip to the content" }
                (navigation(front.as_ref(), lesson.as_ref(), !beside_python.is_empty(), input))
                main id="main" {
                    header class="first" {
                        h1 { (TITLE) }
                        @match &front {
                            Some(front) => {
                                p class="takeaway" { (front.takeaway()) }
                                (front.board())
                            }
                            None => {
                                p class="takeaway" { "The same work done by every strategy, with one worker and with many, every answer checked, and timed on this machine." }
                                (machine(&all, one_host)) (contents(input, &records, lesson.as_ref()))
                            }
                        }
                    }
                    @if let Some(front) = &front {
                        @if let Some(before) = &input.before { (changes::section(&input.findings, before)) }
                        p class="purpose" { (front.purpose()) }
                        (machine(&all, one_host))
                        (findings::key())
                        (front.decisions())
                        (front.sections(!one_host, most_bars / 2))
                        (findings::own_sections(input, !one_host, most_bars / 2))
                        div class="chapter" id=(MEASUREMENTS) {
                            h2 { (MEASUREMENTS_TITLE) }
                            p class="lead" { "Every measured scenario, independent of the claims: the same work done by every strategy, every answer checked." }
                            (contents(input, &records, lesson.as_ref()))
                        }
                    }
                    @if records.is_empty() { (nothing_yet()) }
                    @for (number, record) in records.iter().enumerate() {
                        (section::section(record, &id(number, record), &input.criterion, !one_host, most_bars))
                    }
                    (peers::section(&beside_python))
                    @if let Some(advice) = &input.advice { (own_work::section(advice)) }
                    @if let Some(advice) = &input.quota_advice { (own_work::quota_section(advice)) }
                    @if let Some(advice) = &input.load_advice { (own_work::load_section(advice)) }
                    @if let Some(lesson) = &lesson { (lesson.section()) }
                    (lessons::section(input))
                    (footer(input))
                }
                (presenter::stage(input))
                (help())
                div id="tip" role="status" aria-live="polite" hidden {}
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// The list at the page's side.
fn navigation(front: Option<&FrontPage>, lesson: Option<&QueueLesson>, has_peers: bool, input: &PageInput) -> Markup {
    let section = |id: &str, title: &str| (id.to_owned(), title.to_owned());
    let changes = input.before.as_ref().and(front).map(|_| section(changes::ID, changes::TITLE));
    let measurements = front.map(|_| section(MEASUREMENTS, MEASUREMENTS_TITLE));
    let peers = has_peers.then(|| section(peers::ID, peers::TITLE));
    let own = input.advice.as_ref().map(|_| section(own_work::ID, own_work::TITLE));
    let quota = input.quota_advice.as_ref().map(|_| section(own_work::QUOTA_ID, own_work::QUOTA_TITLE));
    let load = input.load_advice.as_ref().map(|_| section(own_work::LOAD_ID, own_work::LOAD_TITLE));
    let queue = lesson.map(|_| section(queue_lesson::ID, queue_lesson::QUESTION));
    let lessons = (!input.lessons.is_empty()).then(|| section(lessons::ID, lessons::TITLE));
    let others: Vec<_> = changes
        .into_iter()
        .chain(measurements)
        .chain(peers)
        .chain(own)
        .chain(quota)
        .chain(load)
        .chain(queue)
        .chain(lessons)
        .collect();
    match front {
        Some(front) => front.navigation(&others),
        None => navigation::navigation(&[], &[], &others),
    }
}

/// The keys, and the switch that turns single ones off (WCAG 2.1.4).
fn help() -> Markup {
    let keys = [
        ("j, k", "next claim, previous claim"),
        ("t", "to the top"),
        ("g or /", "find a claim by its id or by words"),
        ("p", "present; then the arrow keys turn the page, Space shows the answer, Escape ends it"),
        ("arrow keys", "step through a chart's values; + and − zoom a timeline, Shift and an arrow key move it"),
        ("?", "this list"),
    ];
    html! {
        dialog id="keys" aria-labelledby="keys-title" {
            h2 id="keys-title" { "Keys" }
            table {
                thead { tr { th scope="col" { "key" } th scope="col" { "does" } } }
                tbody { @for (key, does) in keys { tr { th scope="row" { kbd { (key) } } td { (does) } } } }
            }
            p { label { input id="single-keys" type="checkbox" checked; "Enable single-key shortcuts" } }
            p { label { input id="print-everything" type="checkbox"; "Print everything, not only the first screen of each claim" } }
            form method="dialog" { button { "Close" } }
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

/// A row for each measured scenario, and the others with the command to measure them.
fn contents(input: &PageInput, records: &[&Record], lesson: Option<&QueueLesson>) -> Markup {
    let missing: Vec<&ScenarioNote> = input
        .expected_scenarios
        .iter()
        .filter(|note| !records.iter().any(|record| record.scenario == note.name))
        .collect();
    html! {
        @if !records.is_empty() {
            div class="scroll" tabindex="0" role="group" aria-label="The measured scenarios" {
                table {
                    thead { tr { th scope="col" { "scenario" } th scope="col" { "question" } th scope="col" class="n" { "best speedup" } th scope="col" { "with" } th scope="col" class="n" { "median" } th scope="col" class="n" { "cells" } th scope="col" class="n" { "rounds" } } }
                    tbody { @for (number, record) in records.iter().enumerate() { (row(record, &id(number, record))) } }
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

/// A scenario with its fastest cell, by speedup or else by time.
fn row(record: &Record, id: &str) -> Markup {
    let groups = group::groups(record);
    // The group with the most strategies and worker counts; of several, the first.
    let group = groups.iter().rev().max_by_key(|group| group.contenders().count());
    let best = group.and_then(group::Group::best);
    let cell = best.map(|(cell, _)| cell).or_else(|| Some(group?.shortest()?.0));
    html! {
        tr {
            th scope="row" { a href={ "#" (id) } { (record.scenario) } }
            td { (record.question) }
            td class="n" { (best.map_or("–".into(), |(_, speedup)| format!("{}×", ratio(speedup.estimate)))) }
            td { (cell.map_or("–".into(), group::Cell::who)) }
            td class="n" { (cell.and_then(|cell| cell.time).map_or("–".into(), |measured| time(measured.median))) }
            td class="n" { (record.cells.len()) }
            td class="n" { (record.rounds_done) }
        }
    }
}

/// `3 scenarios and what a queue costs`.
fn unmeasured(scenarios: usize, costs: bool) -> String {
    let scenarios = (scenarios > 0).then(|| support::figures::count(scenarios, "scenario"));
    let all: Vec<String> = scenarios.into_iter().chain(costs.then(|| "what a queue costs".into())).collect();
    all.join(" and ")
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
                "Every answer was checked before its time was kept; a cell with a wrong answer has a row but no time. "
                "The same figures as JSON (" code { "makespan.run/2" } "): " code { "makespan run SCENARIO --json FILE" } ". "
                "The seed, the command and the commit shown here make a run repeatable; times differ between machines."
            }
            p class="small" { "Page written " (input.generated_at) " from records alone; nothing was measured to write it." }
        }
    }
}
