//! Formats a finding's sentence: the figure bold, its uncertainty muted.

use crate::claims::quantity;
use findings::Finding;
use maud::{Markup, html};

/// The sentence with its figure bold and its uncertainty muted.
pub(crate) fn emphasised(finding: &Finding) -> Markup {
    let sentence = finding.sentence.as_str();
    let figures = finding.figures.iter().filter_map(|figure| Some((figure.unit, figure.measured?.value.estimate)));
    let written = figures.flat_map(|(unit, estimate)| {
        let written = quantity::figure(unit, estimate);
        let bare = written.trim_end_matches('×').to_owned();
        let spaced = written.replace('\u{a0}', " ");
        [format!("{bare} times"), written, spaced, bare]
    });
    // The first figure that occurs in the sentence, in its longest notation that does.
    let found = { written }.find_map(|written| whole_word(sentence, &written).map(|at| (at, written.len())));
    let Some((at, length)) = found else { return quieter(sentence) };
    html! { (quieter(&sentence[..at])) strong { (&sentence[at..at + length]) } (quieter(&sentence[at + length..])) }
}

/// The position of the figure in the sentence, not as a part of another figure.
fn whole_word(sentence: &str, figure: &str) -> Option<usize> {
    let part_of_one = |letter: char| letter.is_ascii_digit() || letter == '.' || letter == '-';
    sentence.match_indices(figure).map(|(at, _)| at).find(|at| {
        let before = sentence[..*at].chars().next_back();
        let mut after = sentence[at + figure.len()..].chars();
        // A full stop ends the number, unless a digit follows.
        let goes_on = match after.next() {
            Some('.') => after.next().is_some_and(|next| next.is_ascii_digit()),
            Some(letter) => letter.is_ascii_digit(),
            None => false,
        };
        !before.is_some_and(part_of_one) && !goes_on
    })
}

/// The text with its first interval in parentheses muted.
fn quieter(text: &str) -> Markup {
    let from = text.find('(').filter(|from| text[*from..].contains("interval"));
    let to = from.and_then(|from| Some(from + text[from..].find(')')? + 1));
    html! {
        @match from.zip(to) {
            Some((from, to)) => { (text[..from]) span class="sure wraps" { (text[from..to]) } (text[to..]) }
            None => (text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_found_only_where_it_stands_by_itself() {
        assert_eq!(whole_word("14.91 and 4.91 times", "4.91"), Some(10));
        assert_eq!(whole_word("4.912", "4.91"), None);
        assert_eq!(whole_word("It took 4.91.", "4.91"), Some(8));
        assert_eq!(whole_word("nothing", "4.91"), None);
    }
}
