//! Renders a sentence's parts: measured figures bold, their uncertainty muted.

use findings::{Part, PartKind, Sentence};
use maud::{Markup, html};

/// The sentence as HTML.
pub(crate) fn emphasised(sentence: &Sentence) -> Markup {
    html! {
        @for Part { text, kind } in sentence.parts() {
            @match kind {
                PartKind::Words | PartKind::Number(..) => (text),
                PartKind::Measured(..) => strong { (text) },
                PartKind::Interval(..) => span class="sure wraps" { (text) },
            }
        }
    }
}
