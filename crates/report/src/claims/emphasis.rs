//! Renders a sentence's parts: measured figures bold, their uncertainty muted.

use findings::{PartKind, Sentence, SentencePart};
use maud::{Markup, html};

/// The sentence as HTML.
pub(crate) fn emphasised(sentence: &Sentence) -> Markup {
    html! {
        @for SentencePart { text, kind, .. } in sentence.parts() {
            @match kind {
                PartKind::Words | PartKind::Number => (text),
                PartKind::Measured => strong { (text) },
                PartKind::Interval => span class="sure wraps" { (text) },
            }
        }
    }
}
