//! A sentence in parts: words, figures and intervals. The page, the terminal and JSON render the same parts, so that
//! none of them has to find a figure in a text.

use super::{Measured, Unit};
use std::fmt::{self, Display, Formatter};
use support::words::capital;

/// A sentence, or several.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sentence {
    parts: Vec<SentencePart>,
}

/// One part of a sentence. The texts of all parts, joined, are the sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct SentencePart {
    /// As it is written, with the unit.
    pub text: String,
    /// What it is.
    pub kind: PartKind,
}

/// What a part of a sentence is. Numbers are in the unit, times at the document's own pace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PartKind {
    /// Words and punctuation.
    Words,
    /// A figure that was measured: what the sentence is about.
    Measured(f64, Unit),
    /// Another figure: printed, derived, predicted or chosen.
    Number(f64, Unit),
    /// The interval of the measured figure before it, from its lower to its upper end.
    Interval(f64, f64, Unit),
}

impl Sentence {
    /// The words alone.
    pub fn words(text: impl Into<String>) -> Self {
        Self::default().then(text)
    }

    /// Its parts.
    pub fn parts(&self) -> &[SentencePart] {
        &self.parts
    }

    /// Whether it has no parts.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Continued with words.
    #[must_use]
    pub fn then(self, text: impl Into<String>) -> Self {
        self.part(text.into(), PartKind::Words)
    }

    /// Continued with a figure that was measured: `4.91 times`.
    #[must_use]
    pub fn measured(self, unit: Unit, value: f64) -> Self {
        self.part(unit.in_words(value), PartKind::Measured(value, unit))
    }

    /// Continued with another figure.
    #[must_use]
    pub fn number(self, unit: Unit, value: f64) -> Self {
        self.part(unit.given(value), PartKind::Number(value, unit))
    }

    /// Continued with the interval of a figure: `95 % interval 4.85–4.97`.
    #[must_use]
    pub fn interval(self, unit: Unit, measured: &Measured) -> Self {
        let text = format!("{} interval {}", measured.level(), unit.interval_in_words(measured.value));
        self.part(text, PartKind::Interval(measured.value.low, measured.value.high, unit))
    }

    /// Continued with another sentence.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for SentencePart { text, kind } in other.parts {
            self = self.part(text, kind);
        }
        self
    }

    /// `a`, `a and b`, `a, b and c`.
    pub fn list(items: Vec<Self>, and: &str) -> Self {
        let last = items.len().saturating_sub(1);
        items.into_iter().enumerate().fold(Self::default(), |list, (place, item)| match place {
            0 => list.and(item),
            place if place == last => list.then(format!(" {and} ")).and(item),
            _ => list.then(", ").and(item),
        })
    }

    /// With a capital first letter.
    #[must_use]
    pub fn capital(mut self) -> Self {
        if let Some(first) = self.parts.first_mut() {
            first.text = capital(&first.text);
        }
        self
    }

    fn part(mut self, text: String, kind: PartKind) -> Self {
        match self.parts.last_mut() {
            _ if text.is_empty() => {}
            Some(last) if last.kind == PartKind::Words && kind == PartKind::Words => last.text += &text,
            _ => self.parts.push(SentencePart { text, kind }),
        }
        self
    }
}

impl Display for Sentence {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| to.write_str(&part.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stats::Estimate;

    #[test]
    fn parts_are_the_sentence() {
        let value = Estimate { estimate: 4.91, low: 4.85, high: 4.97 };
        let measured = Measured { value, rounds: 10, alpha: 0.05, p: None };
        let sentence = Sentence::words("5 threads were ")
            .measured(Unit::Ratio, 4.91)
            .then(" as fast (")
            .interval(Unit::Ratio, &measured)
            .then(")")
            .then(".");
        assert_eq!(sentence.to_string(), "5 threads were 4.91\u{a0}times as fast (95\u{a0}% interval 4.85–4.97).");
        let kinds: Vec<PartKind> = sentence.parts().iter().map(|part| part.kind).collect();
        let expected = [
            PartKind::Words,
            PartKind::Measured(4.91, Unit::Ratio),
            PartKind::Words,
            PartKind::Interval(4.85, 4.97, Unit::Ratio),
            PartKind::Words,
        ];
        assert_eq!(kinds, expected);
        let list = |items: &[&str]| {
            Sentence::list(items.iter().map(|item| Sentence::words(*item)).collect(), "and").capital().to_string()
        };
        assert_eq!([list(&["a"]), list(&["a", "b"]), list(&["a", "b", "c"])], ["A", "A and b", "A, b and c"]);
    }
}
