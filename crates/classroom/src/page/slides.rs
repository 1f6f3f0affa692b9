//! A lesson as slides: one step at a time, with the race in the middle of it.

use super::{JoinInfo, arena, controls, in_attribute, lessons};
use crate::{RunnerSetup, race_request::before, wire::RaceRequest};
use harness::scenario::{self, claim::Claim};
use lesson::{Command, Excerpt, Lesson, LessonRace, LessonStep, StepKind};
use maud::{Markup, html};
use std::collections::BTreeMap;

pub(super) fn slides(lesson: &Lesson, place: &RunnerSetup, shared: Option<&JoinInfo>) -> Markup {
    let wanted = lesson.race.as_ref().map(RaceRequest::from);
    html! {
        div class="lesson-head" {
            p class="eyebrow" { "Lesson " (lesson.number) ", " (lesson.minutes) " minutes" }
            h1 { (lesson.title) }
        }
        div id="slides" class="slides" data-race=[wanted.as_ref().map(in_attribute)] data-before=[before(lesson).as_ref().map(in_attribute)] {
            @for step in &lesson.steps { (slide(lesson, step, place)) }
        }
        @if wanted.is_some() {
            div id="with-race" class="with-race" {
                (controls())
                (arena::arena(shared))
            }
        }
        (ways(lesson))
    }
}

fn slide(lesson: &Lesson, step: &LessonStep, place: &RunnerSetup) -> Markup {
    html! {
        section class={ "slide slide-" (name(step.kind)) } data-name=(name(step.kind)) aria-labelledby={ (name(step.kind)) "-title" } tabindex="-1" {
            h2 id={ (name(step.kind)) "-title" } { (title(step.kind)) }
            @if step.kind == StepKind::Ask { p class="question" { (lesson.question) } }
            div class="words" {
                (step.html())
                @if step.kind == StepKind::Ask && lesson.races_in_python() { p { "The Python of this machine: " (place.python.as_ref().unwrap_or_else(|none| none)) "." } }
            }
            @match step.kind {
                StepKind::Ask | StepKind::Run | StepKind::Try => @for command in &lesson.commands {
                    @if step.kind == step_of(command, lesson) {
                        p class="why" { (command.why) ":" }
                        @if command.before {
                            div class="first" {
                                (line(&command.run))
                                button id="before-button" type="button" { "Measure this first" }
                            }
                            p id="before-told" class="mine" role="status" hidden {}
                        } @else {
                            (line(&command.run))
                        }
                    }
                },
                StepKind::Code => (languages(lesson)),
                StepKind::Document => (documents(lesson, &place.verdicts)),
                StepKind::See | StepKind::Mistake => {},
            }
        }
    }
}

/// The step that shows a command.
fn step_of(command: &Command, lesson: &Lesson) -> StepKind {
    match lesson.race {
        _ if command.before => StepKind::Ask,
        Some(_) => StepKind::Try,
        None => StepKind::Run,
    }
}

/// The step's fragment in the URL, so that a reload keeps the step.
fn name(kind: StepKind) -> String {
    kind.to_string().to_lowercase()
}

fn title(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Ask => "What do you expect?",
        StepKind::Run => "Watch",
        StepKind::See => "What happened",
        StepKind::Mistake => "A common wrong guess",
        StepKind::Code => "In the code",
        StepKind::Document => "What the documents say",
        StepKind::Try => "Try it",
    }
}

/// The script makes its letters as large as the slide allows.
/// A command line, which breaks between its words and not at the hyphens inside them.
fn line(command: &str) -> Markup {
    html! {
        pre tabindex="0" {
            code {
                @for (place, word) in command.split(' ').enumerate() {
                    @if place > 0 { " " }
                    span class="word" { (word) }
                }
            }
        }
    }
}

/// The lesson's code in each of its languages. The buttons show one at a time, where both at once need small letters.
fn languages(lesson: &Lesson) -> Markup {
    let of = |python: bool| lesson.code.iter().filter(move |excerpt| excerpt.is_python() == python);
    let all: Vec<(&str, bool)> =
        [("Rust", false), ("Python", true)].into_iter().filter(|(_, python)| of(*python).next().is_some()).collect();
    html! {
        @if all.len() > 1 {
            div class="language-choice" role="group" aria-label="Language" hidden {
                @for (language, _) in &all { button type="button" data-language=(language) { (language) } }
            }
        }
        div class="languages" {
            @for (language, python) in &all {
                div data-language=(language) { @for excerpt in of(*python) { (code(excerpt)) } }
            }
        }
    }
}

fn code(excerpt: &Excerpt) -> Markup {
    html! {
        figure class="excerpt listing" {
            figcaption { (excerpt.file) ", from line " (excerpt.line) }
            pre tabindex="0" { code { (excerpt.text) } }
        }
    }
}

/// The lesson's claims as the documents meant them, with their published figures, and the verdicts of this machine.
fn documents(lesson: &Lesson, verdicts: &BTreeMap<String, String>) -> Markup {
    let scenarios = scenario::all().unwrap_or_default();
    let all = || scenarios.iter().flat_map(|scenario| &scenario.claims);
    let claims: Vec<&Claim> = lesson.claims.iter().filter_map(|id| all().find(|claim| claim.id == *id)).collect();
    html! {
        @if !claims.is_empty() {
            ul class="claims-said" {
                @for claim in claims {
                    li {
                        b { (claim.id) } " " (claim.says) " "
                        @match verdicts.get(&claim.id) {
                            Some(verdict) => strong { "Here: " (verdict) "." },
                            None => span class="small" { "Not measured here: " code { "makespan reproduce " (claim.id) } },
                        }
                    }
                }
            }
        }
    }
}

/// Navigation: previous and next step, previous and next lesson.
fn ways(lesson: &Lesson) -> Markup {
    let number = |number: u32| lessons().iter().find(|other| other.number == number);
    let link = |lesson: &Lesson, class: &str, word: &str| {
        html! { a class=(class) href={ "/lesson/" (lesson.number) } { span { (word) } " " (lesson.title) } }
    };
    html! {
        p id="step-told" class="unseen" role="status" {}
        nav class="ways-on" aria-label="Steps" {
            @match lesson.number.checked_sub(1).and_then(number) {
                Some(before) => (link(before, "lesson-before", "Previous:")),
                None => span {},
            }
            div class="stepping" {
                button id="back" type="button" aria-keyshortcuts="ArrowLeft PageUp" { "Back" }
                ol id="dots" class="dots" { @for step in &lesson.steps { li { a href={ "#" (name(step.kind)) } { (step.kind) } } } }
                button id="next" type="button" class="main" aria-keyshortcuts="ArrowRight PageDown" { "Next" }
            }
            @match number(lesson.number + 1) {
                Some(after) => (link(after, "lesson-after", "Next:")),
                None => a class="lesson-after" href="/" { span { "Next:" } " a race of your own" },
            }
        }
    }
}

/// The race as a page requests it.
impl From<&LessonRace> for RaceRequest {
    fn from(race: &LessonRace) -> Self {
        let LessonRace { scenario, variant, strategies, workers, schedules, rounds, time_scale, ask } = race.clone();
        Self { scenario, variant, strategies, workers, schedules, rounds, time_scale, ask: Some(ask) }
    }
}
