//! The pages, as static HTML: everything that changes comes with the events, and the script shows it.
//!
//! | file | |
//! |---|---|
//! | `choices` | the form that chooses a race |
//! | `arena` | guess, race and result: the same on every page |
//! | `slides` | a lesson, step by step |
//!
//! This server serves everything that a page needs: no inline style or script, nothing from other sites.

mod arena;
mod choices;
mod slides;

use crate::RunnerSetup;
use harness::scenario;
use lesson::Lesson;
use maud::{DOCTYPE, Markup, html};
use report::palette;
use serde::Serialize;
use std::sync::LazyLock;
use support::words::capital;
use work::strategy;

/// The style of all pages: the report's, so that a race and the report look alike, and the classroom's additions.
pub static STYLE: LazyLock<String> = LazyLock::new(|| {
    let report = include_str!("../../../report/theme/style.css");
    [&palette::css(), report, include_str!("../../../report/theme/classroom/style.css")].concat()
});

/// The script of all pages: several files, concatenated for the browser.
pub const SCRIPT: &str = concat!(
    include_str!("../../../report/theme/classroom/elements.js"),
    include_str!("../../../report/theme/classroom/figures.js"),
    include_str!("../../../report/theme/classroom/handlers.js"),
    include_str!("../../../report/theme/classroom/race.js"),
    include_str!("../../../report/theme/classroom/lanes.js"),
    include_str!("../../../report/theme/classroom/chart.js"),
    include_str!("../../../report/theme/classroom/guesses.js"),
    include_str!("../../../report/theme/classroom/room.js"),
    include_str!("../../../report/theme/classroom/results.js"),
    include_str!("../../../report/theme/classroom/quiz.js"),
    include_str!("../../../report/theme/classroom/choices.js"),
    include_str!("../../../report/theme/classroom/slides.js"),
    include_str!("../../../report/theme/classroom/page.js"),
);

/// Where students join, for the lecturer's page; `None` where the room isn't shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinInfo {
    /// The URL with the code in it, as in the QR code.
    pub url: String,
    /// The join code, for typing.
    pub code: String,
}

impl JoinInfo {
    /// The URL for typing: without the code and `http://`.
    fn typed(&self) -> Markup {
        let url = self.url.split_once('?').map_or(self.url.as_str(), |(address, _)| address);
        let (host, path) = url.trim_start_matches("http://").split_once('/').unwrap_or((url, ""));
        // On a narrow wall, the line ends after the port.
        html! { (host) wbr; "/" (path) }
    }
}

/// `GET /`: choose, ask, run, watch.
pub fn race(shared: Option<&JoinInfo>) -> Markup {
    let content = html! {
        h1 class="unseen" { "A race of strategies" }
        (controls())
        (choices::form())
        (arena::arena(shared))
        (lessons_below())
    };
    page("Race", "race", shared, &content)
}

/// `GET /lesson/N`: a lesson, step by step, with its race.
pub(super) fn lesson(lesson: &Lesson, place: &RunnerSetup, shared: Option<&JoinInfo>) -> Markup {
    page(&lesson.title, "lesson", shared, &slides::slides(lesson, place, shared))
}

/// `GET /join`: the student's page. `code` is from the URL; `seated` if the browser needs no code or has given it.
pub fn join(code: &str, seated: bool) -> Markup {
    let content = html! {
        @if seated {
            h1 class="unseen" { "The classroom" }
            p id="status" class="status" role="status" { "Connecting." }
            (quiz_for_a_student())
            (arena::arena(None))
        } @else {
            form id="seat" class="seat" {
                h1 { "Join the class" }
                label for="code" { "The join code on the lecturer's screen" }
                input id="code" name="code" value=(code) required autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="40";
                button class="main" type="submit" { "Join" }
                (arena::refusal("seat-refusal"))
            }
        }
    };
    page("Join", if seated { "seated" } else { "join" }, None, &content)
}

/// The buttons that start and stop a race, and the status in words.
fn controls() -> Markup {
    html! {
        div class="controls" {
            div class="buttons" role="group" aria-label="The race" {
                button id="ask-button" class="main" type="button" aria-keyshortcuts="a" { "Ask the class" }
                button id="run-button" class="main" type="button" aria-keyshortcuts="r" { "Run" }
                button id="stop-button" type="button" aria-keyshortcuts="s" disabled { "Stop" }
            }
            p id="status" class="status" role="status" { "Connecting." }
        }
        (arena::refusal("refusal"))
    }
}

fn lessons() -> &'static [Lesson] {
    // Lessons that can't be loaded are left out; a test loads them all.
    lesson::all().unwrap_or_default()
}

fn lessons_below() -> Markup {
    html! {
        @if !lessons().is_empty() {
            section class="lessons" aria-labelledby="lessons-title" {
                h2 id="lessons-title" { "Lessons" }
                (lesson_list(None))
            }
        }
    }
}

fn lesson_list(current: Option<u32>) -> Markup {
    html! {
        ol class="lesson-list" {
            @for lesson in lessons() {
                li {
                    a href={ "/lesson/" (lesson.number) } aria-current=[(current == Some(lesson.number)).then_some("page")] {
                        span class="number" { (lesson.number) }
                        span class="name" { (lesson.title) }
                        span class="minutes" { (lesson.minutes) " min" }
                    }
                }
            }
        }
    }
}

/// Buttons for the people in the room: clear it, renew the code, hide a name.
fn class_menu(shared: bool) -> Markup {
    html! {
        details class="menu" {
            summary { "Class" }
            div class="class-menu" {
                p id="connected" {}
                p { button id="results-button" type="button" { "Results of this session" } }
                p { button id="quiz-button" type="button" aria-keyshortcuts="q" { "Quiz before the class" } }
                (arena::refusal("quiz-refusal"))
                button id="keys-button" type="button" { "Keys on" }
                p class="small" { "Space: the next step. a: ask. r: run. s: stop. z: zoom. q: quiz." }
                @if shared {
                    button id="code-button" type="button" { "New join code" }
                    p class="small" { "Students who have joined stay." }
                    button id="clear-button" type="button" { "Clear the room" }
                    p class="small" { "Everybody has to join again, and guesses at an open question are discarded. Results are kept." }
                    (arena::refusal("class-refusal"))
                }
            }
        }
    }
}

/// The quiz on the wall: how many have answered, and at the end what the class has learned.
fn quiz_on_the_wall(shared: Option<&JoinInfo>) -> Markup {
    html! {
        dialog id="quiz" class="results quiz" aria-labelledby="quiz-title" {
            form method="dialog" { button type="submit" { "Hide" } }
            h2 id="quiz-title" {}
            p id="quiz-counted" class="question" role="status" {}
            @if let Some(shared) = shared {
                div id="quiz-join" class="join-here" {
                    img src="/join.svg" alt={ "QR code of " (shared.url) } width="220" height="220";
                    p class="address" { (shared.typed()) }
                    p class="join-code" { (shared.code) }
                }
            }
            p { button id="quiz-close" class="main" type="button" { "Close the quiz" } }
            div class="scroll" tabindex="0" role="group" aria-label="Results of the quiz" {
                table id="quiz-results" hidden {
                    thead { tr { th { "Question" } th class="n" { "Right before" } th class="n" { "Right after" } } }
                    tbody {}
                }
            }
        }
    }
}

/// The quiz on a phone: one question after the other, and in the end which answers were right.
fn quiz_for_a_student() -> Markup {
    html! {
        section id="sheet" class="sheet" aria-labelledby="sheet-question" hidden {
            p id="sheet-number" class="eyebrow" {}
            h2 id="sheet-question" class="question" tabindex="-1" {}
            div id="sheet-options" class="options" {}
            (arena::refusal("sheet-refusal"))
        }
        section id="told" class="sheet" aria-labelledby="told-title" hidden {
            h2 id="told-title" {}
            ol id="told-list" {}
        }
    }
}

/// Every result of this session, to be called back, and the file with all of them. The script fills the list in.
fn results() -> Markup {
    html! {
        dialog id="results" class="results" aria-labelledby="results-title" {
            form method="dialog" { button type="submit" { "Close" } }
            h2 id="results-title" { "Results of this session" }
            div id="results-list" {}
            p class="small" { "Nothing is kept when the classroom ends: " a href="/export" { "save all results and guesses" } "." }
            template id="result" {
                details {
                    summary {}
                    p class="answer" {}
                    div class="drawing" {}
                    div class="scroll" tabindex="0" role="group" aria-label="Figures" { table { (arena::figures_head()) tbody {} } }
                    p class="small" { "In a terminal: " code {} }
                }
            }
        }
    }
}

fn page(title: &str, kind: &str, shared: Option<&JoinInfo>, content: &Markup) -> Markup {
    let lecturer = matches!(kind, "race" | "lesson");
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · makespan" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/assets/classroom.css";
                // Not deferred, so that a page in the dark theme doesn't flash white. The script waits for the rest.
                script src="/assets/classroom.js" {}
            }
            body class={ "classroom " (kind) } data-page=(kind) data-strategies=(looks()) data-titles=(titles()) {
                a class="skip" href="#main" { "To the race" }
                header class="top" {
                    @if lecturer { a class="brand" href="/" { "makespan " span { "classroom" } } }
                    @else { p class="brand" { "makespan " span { "classroom" } } }
                    @if lecturer && !lessons().is_empty() {
                        details class="menu" {
                            summary { "Lessons" }
                            nav aria-label="Lessons" { (lesson_list(None)) }
                        }
                    }
                    @if lecturer { (class_menu(shared.is_some())) }
                    @if let Some(shared) = shared {
                        p class="where" { "join at " b { (shared.typed()) } " with " b class="join-code" { (shared.code) } }
                    }
                    button id="theme" type="button" { "Light or dark" }
                }
                p id="lost" class="lost" role="alert" hidden {}
                main id="main" { (content) }
                @if lecturer { (results()) (quiz_on_the_wall(shared)) }
                (markers())
            }
        }
    }
}

/// How the script calls and draws a strategy.
#[derive(Serialize)]
struct LookOf {
    name: &'static str,
    label: String,
    /// One worker of it, and two: `1 thread`, `2 threads`.
    one: String,
    two: String,
    dash: &'static str,
}

fn looks() -> String {
    let look = |strategy: &&dyn strategy::Strategy| {
        let name = strategy.name();
        let (one, two) = (palette::workers(name, 1), palette::workers(name, 2));
        LookOf { name, label: palette::label(name), one, two, dash: palette::dash(name) }
    };
    in_attribute(&strategy::ALL.iter().map(look).collect::<Vec<_>>())
}

/// What the scenarios are called, and those of their variants that have a title.
fn titles() -> String {
    // Built-in scenarios can be loaded: a test loads them all.
    let scenarios = scenario::all().unwrap_or_default();
    let titles = scenarios.iter().flat_map(|scenario| {
        let own = (scenario.name.clone(), scenario.title.clone());
        let variants = scenario.variants.iter().filter_map(|variant| {
            Some((format!("{}, {}", scenario.name, variant.name), capital(variant.title.as_ref()?)))
        });
        std::iter::once(own).chain(variants)
    });
    in_attribute(&titles.collect::<Vec<_>>())
}

/// Data for the script, in an attribute because a page without inline scripts has no other place for it.
fn in_attribute(data: &impl Serialize) -> String {
    // Can't fail: there are only lists, strings and finite numbers.
    serde_json::to_string(data).unwrap_or_default()
}

/// The strategies' marks, drawn once as the report draws them, for the script to use.
fn markers() -> Markup {
    html! {
        svg class="unseen" aria-hidden="true" width="0" height="0" {
            @for strategy in strategy::ALL {
                symbol id={ "mark-" (strategy.name()) } viewBox="-10 -10 20 20" overflow="visible" { (palette::mark(strategy.name(), 6.0)) }
            }
        }
    }
}

#[cfg(test)]
mod tests;
