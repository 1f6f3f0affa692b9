//! The scoreboard: a count for each verdict, every claim as a small cell, and the bugs of the documents' programs.
//!
//! It works without a script: a count links to the list of its claims, which CSS shows while it is the `:target`.

use crate::claims::{
    documents::Document,
    verdict::{self, VerdictStyle},
};
use findings::{Finding, Verdict, bug_counts};
use maud::{Markup, html};
use support::words::capital;

/// The scoreboard's id.
pub(crate) const ID: &str = "scoreboard";

/// The counts, the cells, and the lists behind the counts.
pub(crate) fn scoreboard(claims: &[Finding], documents: &[Document]) -> Markup {
    html! {
        section class="board" id=(ID) aria-label="The claims by verdict" {
            ul class="tiles" { @for look in &verdict::LOOKS { (tile(look, claims)) } }
            @for look in &verdict::LOOKS { (list(look, claims)) }
            div class="strip" { @for document in documents { (row(document)) } }
            (bugs(claims))
        }
    }
}

fn of(claims: &[Finding], verdict: Verdict) -> impl Iterator<Item = &Finding> {
    claims.iter().filter(move |claim| claim.verdict == verdict)
}

fn tile(look: &VerdictStyle, claims: &[Finding]) -> Markup {
    let number = of(claims, look.verdict()).count();
    let inside = html! { span class="count" { (look.sign()) b { (number) } } span class="word" { (look.words()) } };
    html! {
        li class={ "tile v-" (look.name) @if number == 0 { " none" } } {
            @if number == 0 { span { (inside) } }
            @else { a href={ "#verdict-" (look.name) } title=(look.meaning) { (inside) } }
        }
    }
}

/// The bugs of the documents' programs, which are no claims.
fn bugs(claims: &[Finding]) -> Markup {
    let counted = bug_counts(claims).into_iter().filter(|(_, number)| *number > 0);
    let counted: Vec<String> = counted.map(|(result, number)| format!("{number} {}", result.words())).collect();
    html! {
        @if !counted.is_empty() {
            details class="bugs" {
                summary { "Bugs in the documents' programs and advice, counted separately: " (counted.join(", ")) }
                ul {
                    @for claim in claims {
                        @for bug in &claim.bugs { li { a href={ "#" (claim.id) } { (claim.id) } " " (bug.name) ": " (bug.result.words()) } }
                    }
                }
            }
        }
    }
}

fn row(document: &Document) -> Markup {
    html! {
        div class="document" {
            a class="about" href={ "#" (document.id()) } { b { (document.number) } " " (document.about()) }
            ol class="cells" {
                @for claim in &document.claims {
                    @let look = verdict::of(claim.verdict);
                    li {
                        a class={ "v-" (look.name) } href={ "#" (claim.id) } title={ (claim.id) ": " (claim.question) " " (capital(look.words())) "." } {
                            (look.sign())
                            span { (claim.id.split_once('-').map_or("", |(_, number)| number)) }
                        }
                    }
                }
            }
        }
    }
}

fn list(look: &VerdictStyle, claims: &[Finding]) -> Markup {
    let mut mine = of(claims, look.verdict()).peekable();
    html! {
        @if mine.peek().is_some() {
            div class={ "list v-" (look.name) } id={ "verdict-" (look.name) } {
                p { (look.sign()) b { (capital(look.words())) } ": " (look.meaning) ". " a class="close" href={ "#" (ID) } { "Close" } }
                ul { @for claim in mine { li { a href={ "#" (claim.id) } { span { (claim.id) } " " (claim.question) } } } }
            }
        }
    }
}
