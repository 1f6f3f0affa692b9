//! The list at the page's side: documents, their claims with the marks of their verdicts, and the rest of the page.
//!
//! On a narrow page it is a drawer: a popover, which opens and closes without a script.

use crate::claims::{
    documents::Document,
    verdict::{self, VerdictStyle},
};
use findings::Finding;
use maud::{Markup, html};
use support::words::capital;

/// The list's id.
pub(crate) const ID: &str = "contents";

/// The button that opens the drawer on a narrow page, and the list.
pub(crate) fn navigation(documents: &[Document], own: &[(String, &[Finding])], others: &[(String, String)]) -> Markup {
    html! {
        button id="drawer" type="button" popovertarget=(ID) { "Contents" }
        nav id=(ID) popover aria-label="Contents" {
            div class="tools" hidden {
                input id="find" type="search" placeholder="001-3, or words" aria-label="Find a claim by its id or by words" autocomplete="off" spellcheck="false";
                button id="present" type="button" { "Present" }
                button id="theme" type="button" { "Light or dark" }
                button id="help" type="button" { "Keys" }
                p id="found" class="small" role="status" {}
            }
            ul {
                li { a href="#top" { "Overview" } }
                @for document in documents {
                    li {
                        details class="claims" {
                            summary { b { (document.number) } " " (document.about()) }
                            (claims(&document.claims))
                        }
                    }
                }
                @for (title, own) in own {
                    li { details class="claims" { summary { (title) } (claims(&own.iter().collect::<Vec<_>>())) } }
                }
                @for (id, title) in others { li { a href={ "#" (id) } { (title) } } }
            }
        }
    }
}

fn claims(claims: &[&Finding]) -> Markup {
    html! {
        ol {
            @for claim in claims {
                @let look: &VerdictStyle = verdict::of(claim.verdict);
                li {
                    a class={ "v-" (look.name) } href={ "#" (claim.id) } {
                        (look.sign())
                        span class="unseen" { (capital(look.words())) ": " }
                        b { (claim.id) } " " span { (claim.question) }
                    }
                }
            }
        }
    }
}
