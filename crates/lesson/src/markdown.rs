//! A step's Markdown as HTML and as plain text.
//!
//! Lessons need paragraphs, lists, emphasis and code. Other Markdown is reduced to its plain text, and HTML is escaped,
//! so that a lesson can't inject anything into a page.

use super::LessonStep;
use maud::{Escaper, Markup, PreEscaped};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use std::fmt::Write;

/// A block of plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paragraph {
    /// Running text, to be wrapped.
    Words(String),
    /// One item of a list, to be wrapped.
    Item(String),
    /// Lines that stay as they are.
    Code(String),
}

impl LessonStep {
    /// The text as HTML, using only `p`, `ul`, `ol`, `li`, `strong`, `em`, `pre` and `code`, without attributes.
    pub fn html(&self) -> Markup {
        let mut html = String::new();
        for event in Parser::new(&self.markdown) {
            match event {
                Event::Start(tag) => html.push_str(opening(&tag)),
                Event::End(tag) => html.push_str(closing(tag)),
                Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => escaped(&mut html, &text),
                Event::Code(text) => {
                    html.push_str("<code>");
                    escaped(&mut html, &text);
                    html.push_str("</code>");
                }
                Event::SoftBreak | Event::HardBreak => html.push('\n'),
                _ => {}
            }
        }
        PreEscaped(html)
    }

    /// The text as paragraphs of plain text; code in a sentence keeps its backticks.
    pub fn paragraphs(&self) -> Vec<Paragraph> {
        let (mut paragraphs, mut words) = (Vec::new(), String::new());
        let mut in_item = false;
        for event in Parser::new(&self.markdown) {
            match event {
                Event::Start(Tag::Item) => in_item = true,
                Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => words.push_str(&text),
                Event::Code(text) => words.extend(["`", &text, "`"]),
                Event::SoftBreak | Event::HardBreak => words.push(' '),
                Event::End(TagEnd::CodeBlock) => {
                    paragraphs.push(Paragraph::Code(std::mem::take(&mut words).trim_end().to_owned()));
                }
                Event::End(end @ (TagEnd::Paragraph | TagEnd::Item | TagEnd::HtmlBlock | TagEnd::Heading(_))) => {
                    let of = if in_item { Paragraph::Item } else { Paragraph::Words };
                    in_item &= end != TagEnd::Item;
                    if !words.trim().is_empty() {
                        paragraphs.push(of(std::mem::take(&mut words)));
                    }
                }
                _ => {}
            }
        }
        paragraphs
    }

    /// The number of words to read.
    pub fn words(&self) -> usize {
        let text = |paragraph: &Paragraph| match paragraph {
            Paragraph::Words(text) | Paragraph::Item(text) | Paragraph::Code(text) => text.split_whitespace().count(),
        };
        self.paragraphs().iter().map(text).sum()
    }
}

fn escaped(html: &mut String, text: &str) {
    // Writing to a String can't fail.
    let _ = Escaper::new(html).write_str(text);
}

fn opening(tag: &Tag) -> &'static str {
    match tag {
        Tag::Paragraph | Tag::Heading { .. } => "<p>",
        Tag::List(None) => "<ul>",
        Tag::List(Some(_)) => "<ol>",
        Tag::Item => "<li>",
        Tag::Strong => "<strong>",
        Tag::Emphasis => "<em>",
        Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => "<pre><code>",
        _ => "",
    }
}

fn closing(tag: TagEnd) -> &'static str {
    match tag {
        TagEnd::Paragraph | TagEnd::Heading(_) => "</p>",
        TagEnd::List(false) => "</ul>",
        TagEnd::List(true) => "</ol>",
        TagEnd::Item => "</li>",
        TagEnd::Strong => "</strong>",
        TagEnd::Emphasis => "</em>",
        TagEnd::CodeBlock => "</code></pre>",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::{super::StepKind, *};
    use proptest::prelude::*;

    fn step(markdown: &str) -> LessonStep {
        LessonStep { kind: StepKind::See, markdown: markdown.into() }
    }

    #[test]
    fn the_elements_that_lessons_use_come_out() {
        let html = step("A *b* **c** `d<e`\nf\n\n- one\n- two\n\n```text\nx < y\n```\n").html().into_string();
        assert_eq!(
            html,
            "<p>A <em>b</em> <strong>c</strong> <code>d&lt;e</code>\nf</p><ul><li>one</li><li>two</li></ul><pre><code>x &lt; y\n</code></pre>"
        );
    }

    #[test]
    fn html_is_text_and_links_lead_nowhere() {
        let hostile =
            "<script>alert(1)</script>\n\nA <img src=x onerror=alert(1)> [b](javascript:alert(1)) ![c](http://d)";
        let html = step(hostile).html().into_string();
        assert!(html.contains("&lt;script&gt;alert(1)") && html.contains("&lt;img src=x"), "{html}");
        assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("<a"), "{html}");
        assert!(!html.contains("javascript:"), "{html}");
    }

    #[test]
    fn plain_text_has_a_piece_for_each_paragraph_and_item() {
        let words = |text: &str| Paragraph::Words(text.into());
        let item = |text: &str| Paragraph::Item(text.into());
        assert_eq!(
            step("A *b*\n`c`\n\n- one\n- two\n  three\n\nd\n\n```\n x\n y\n```\n").paragraphs(),
            [words("A b `c`"), item("one"), item("two three"), words("d"), Paragraph::Code(" x\n y".into())]
        );
    }

    proptest! {
        #[test]
        fn whatever_a_lesson_says_only_our_own_elements_come_out(markdown in "[-a<>/\"'&`*_#\\[\\]()!: \n]{0,60}") {
            let html = step(&markdown).html().into_string();
            let known = ["p", "ul", "ol", "li", "strong", "em", "pre", "code"];
            for tag in html.split('<').skip(1) {
                let name = tag.trim_start_matches('/').split('>').next().unwrap();
                prop_assert!(known.contains(&name), "<{} in {}", name, html);
            }
        }
    }
}
