//! A sentence in parts: words, figures and intervals. The page, the terminal and JSON render the same parts, so that
//! none of them has to find a figure in a text.

use super::{Measured, Unit};
use serde::Serialize;
use std::fmt::{self, Display, Formatter};
use support::words::capital;

/// A sentence: as a whole, and in parts whose texts, joined, are the whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Words"))]
pub struct Sentence {
    /// The whole text.
    text: String,
    /// Its parts; their texts, joined, are the whole.
    parts: Vec<SentencePart>,
}

/// A part of a sentence.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "WordsPart"))]
pub struct SentencePart {
    /// What it is: words, a measured figure, another figure, or the interval of the measured figure before it.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub kind: PartKind,
    /// As it is written.
    pub text: String,
    /// The figure; `None` for words and intervals.
    pub value: Option<f64>,
    /// The interval's lower end; `None` for everything else.
    pub low: Option<f64>,
    /// The interval's upper end; `None` for everything else.
    pub high: Option<f64>,
    /// The unit of the numbers; `None` for words.
    pub unit: Option<Unit>,
}

/// What a part of a sentence is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// Words and punctuation.
    #[default]
    Words,
    /// A figure that was measured: what the sentence is about.
    Measured,
    /// Another figure: printed, derived, predicted or chosen.
    Number,
    /// The interval of the measured figure before it.
    Interval,
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
        self.part(SentencePart { text: text.into(), ..SentencePart::default() })
    }

    /// Continued with a figure that was measured: `4.91 times`.
    #[must_use]
    pub fn measured(self, unit: Unit, value: f64) -> Self {
        self.figure(PartKind::Measured, unit.in_words(value), unit, value)
    }

    /// Continued with another figure.
    #[must_use]
    pub fn number(self, unit: Unit, value: f64) -> Self {
        self.figure(PartKind::Number, unit.given(value), unit, value)
    }

    /// Continued with the interval of a figure: `95 % interval 4.85–4.97`.
    #[must_use]
    pub fn interval(self, unit: Unit, measured: &Measured) -> Self {
        let text = format!("{} interval {}", measured.level(), unit.interval_in_words(measured.value));
        let (low, high) = (Some(measured.value.low), Some(measured.value.high));
        self.part(SentencePart { kind: PartKind::Interval, text, value: None, low, high, unit: Some(unit) })
    }

    /// Continued with another sentence.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        other.parts.into_iter().fold(self, Self::part)
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
        self.text = capital(&self.text);
        self
    }

    fn figure(self, kind: PartKind, text: String, unit: Unit, value: f64) -> Self {
        self.part(SentencePart { kind, text, value: Some(value), low: None, high: None, unit: Some(unit) })
    }

    fn part(mut self, part: SentencePart) -> Self {
        self.text += &part.text;
        match self.parts.last_mut() {
            _ if part.text.is_empty() => {}
            Some(last) if last.kind == PartKind::Words && part.kind == PartKind::Words => last.text += &part.text,
            _ => self.parts.push(part),
        }
        self
    }
}

impl Display for Sentence {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        to.write_str(&self.text)
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
        let kinds: Vec<_> =
            sentence.parts().iter().map(|part| (part.kind, part.value, part.low.zip(part.high), part.unit)).collect();
        let words = (PartKind::Words, None, None, None);
        let expected = [
            words,
            (PartKind::Measured, Some(4.91), None, Some(Unit::Ratio)),
            words,
            (PartKind::Interval, None, Some((4.85, 4.97)), Some(Unit::Ratio)),
            words,
        ];
        assert_eq!(kinds, expected);
        let list = |items: &[&str]| {
            Sentence::list(items.iter().map(|item| Sentence::words(*item)).collect(), "and").capital().to_string()
        };
        assert_eq!([list(&["a"]), list(&["a", "b"]), list(&["a", "b", "c"])], ["A", "A and b", "A, b and c"]);
    }
}
