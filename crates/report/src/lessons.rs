//! The lessons, each collapsed: the question first, then how to run it, and only then the result.

use crate::{
    PageInput,
    claims::{emphasis::emphasised, verdict},
    command::command,
};
use findings::{Finding, Findings, Verdict};
use lesson::{Excerpt, Lesson, StepKind};
use maud::{Markup, html};

/// The section's id.
pub(crate) const ID: &str = "lessons";
/// Its heading.
pub(crate) const TITLE: &str = "Lessons";

/// The section. Empty if there are no lessons.
pub(crate) fn section(input: &PageInput) -> Markup {
    html! {
        @if !input.lessons.is_empty() {
            section id=(ID) aria-labelledby={ (ID) "-title" } {
                p class="eyebrow" { "For a class, or on your own" }
                h2 id={ (ID) "-title" } { (TITLE) }
                p class="lead" { "One idea per lesson. Write your guess down before you run anything: a failed prediction teaches more than a result." }
                @for lesson in input.lessons { (folded(lesson, &input.findings)) }
            }
        }
    }
}

/// The id of this lesson's element.
pub(crate) fn id(lesson: &Lesson) -> String {
    format!("lesson-{}", lesson.number)
}

/// The first lesson whose race has this strategy.
pub(crate) fn about<'a>(lessons: &'a [Lesson], strategy: &str) -> Option<&'a Lesson> {
    let runs = |lesson: &&Lesson| lesson.race.iter().any(|race| race.strategies.iter().any(|name| name == strategy));
    lessons.iter().find(runs)
}

fn folded(lesson: &Lesson, findings: &Findings) -> Markup {
    html! {
        details class="lesson" {
            summary { (lesson.number) ". " (lesson.title) }
            // The id is inside the `details`: a link to its content opens it, a link to the `details` itself would not.
            div id=(id(lesson)) {
                p class="answer" { (lesson.question) }
                (words(lesson, StepKind::Ask))
                h3 { "Run" }
                (commands(lesson, true))
                @if let Some(race) = &lesson.race {
                    p { "The race. The class guesses the time of " b { (race.ask) } ":" }
                    (command(&race.command()))
                }
                (commands(lesson, false))
                (words(lesson, StepKind::Run))
                h3 { "What happened" }
                (words(lesson, StepKind::See))
                h3 { "A common wrong guess" }
                (words(lesson, StepKind::Mistake))
                h3 { "In the code" }
                (words(lesson, StepKind::Code))
                @for excerpt in &lesson.code { (listing(excerpt)) }
                h3 { "What the documents say" }
                (words(lesson, StepKind::Document))
                (claims(lesson, findings))
                h3 { "Try" }
                (words(lesson, StepKind::Try))
                p class="small" { "It takes a class about " (lesson.minutes) " minutes. In the terminal: " code { "makespan lesson " (lesson.number) } }
            }
        }
    }
}

/// The commands before the race, or the others.
fn commands(lesson: &Lesson, before: bool) -> Markup {
    html! {
        @for one in lesson.commands.iter().filter(|one| one.before == before) {
            p { (one.why) ":" }
            (command(&one.run))
        }
    }
}

fn words(lesson: &Lesson, kind: StepKind) -> Markup {
    html! { @if let Some(step) = lesson.step(kind) { div class="words" { (step.html()) } } }
}

/// A region of the source, in a scrollable frame.
fn listing(excerpt: &Excerpt) -> Markup {
    html! {
        div class="listing" {
            p class="small" { code { (excerpt.file) ":" (excerpt.line) } }
            pre tabindex="0" { code { (excerpt.text) } }
        }
    }
}

/// The published figures, with this machine's verdicts.
fn claims(lesson: &Lesson, findings: &Findings) -> Markup {
    html! {
        ul class="lesson-claims" {
            @for claim in lesson.findings(findings) {
                li {
                    p { a href={ "#" (claim.id) } { (claim.id) } " " (claim.says) }
                    p { (verdict::chip(claim.verdict)) " " (came_out(claim)) }
                }
            }
        }
    }
}

fn came_out(claim: &Finding) -> Markup {
    html! {
        @if claim.verdict == Verdict::NotMeasured { code { (claim.command) } } @else { (emphasised(&claim.sentence)) }
    }
}
