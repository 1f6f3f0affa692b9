//! Units of figures, and the one way in which figures are written: in sentences, tables and charts alike.

use super::{
    Measured,
    words::{because, source},
};
use harness::scenario::claim::Sourced;
use serde::{Deserialize, Serialize};
use stats::Estimate;
use support::figures::{TimeUnit, fixed, grouped, plain, ratio, significant};

/// The unit of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A factor.
    Ratio,
    /// Seconds at the document's own pace.
    Seconds,
    /// Waves of tasks.
    Waves,
    /// The exponent of n with which a time grows.
    Exponent,
    /// A share of one core.
    CoreShare,
    /// Bytes.
    Bytes,
    /// A count.
    Count,
    /// True or false.
    Outcome,
}

/// The multiple of a unit in which figures of one size are shown, and its sign.
struct Multiple {
    per_one: f64,
    sign: String,
}

/// From the largest down.
const BYTES: [(f64, &str); 4] =
    [(1e9, "\u{a0}GB"), (1e6, "\u{a0}MB"), (1e3, "\u{a0}kB"), (f64::NEG_INFINITY, "\u{a0}B")];

impl Unit {
    /// With its sign, as in a table: `4.91×`, `1.81 s`, `6.02 waves`, `3.4 %`.
    pub fn figure(self, value: f64) -> String {
        let Multiple { per_one, sign } = self.multiple(value);
        self.digits(value * per_one) + &sign
    }

    /// As in a sentence: `4.91 times`, otherwise like [`Self::figure`].
    pub fn in_words(self, value: f64) -> String {
        if self == Self::Ratio { format!("{}\u{a0}times", self.digits(value)) } else { self.figure(value) }
    }

    /// A figure that was not measured, as in a sentence, with no more digits than it has: `4.7 times`, `12 s`.
    pub fn given(self, value: f64) -> String {
        let (rounded, whole) = (self.digits(value), plain(value));
        match self {
            Self::Ratio if whole.len() < rounded.len() => format!("{whole}\u{a0}times"),
            Self::Seconds if value >= 1.0 && whole.len() < rounded.len() => format!("{whole}\u{a0}s"),
            _ => self.in_words(value),
        }
    }

    /// A printed or chosen figure, with all of its digits: `8.99106 s`, `1.05×`.
    pub fn in_full(self, value: f64) -> String {
        if !value.is_finite() {
            return "?".into();
        }
        match self {
            Self::Count | Self::Outcome | Self::Bytes => self.figure(value),
            Self::Seconds => format!("{value}\u{a0}s"),
            _ => {
                let Multiple { per_one, sign } = self.multiple(value);
                plain(value * per_one).replace('-', "\u{2212}") + &sign
            }
        }
    }

    /// A figure with its interval: `4.91× (4.85–4.97)`. Counts have none.
    pub fn measured(self, measured: &Measured) -> String {
        let estimate = self.figure(measured.value.estimate);
        if measured.is_exact() { estimate } else { format!("{estimate} ({})", self.interval(measured.value)) }
    }

    /// A number and where it is from: `the document printed 8.99106 s`, `derived from the document's figures: 4.138×
    /// (8.99106 s / 2.17279 s)`.
    pub fn origin(self, Sourced { value, from }: &Sourced) -> String {
        format!("{}{}{}", source(from), self.in_full(*value), because(from))
    }

    /// The same of a bound: `our figure: more than 15`. `agrees` is the range that agrees with it.
    pub fn origin_of_bound(self, Sourced { value, from }: &Sourced, agrees: Option<(f64, f64)>) -> String {
        let (low, high) = agrees.unwrap_or((*value, *value));
        let beyond = match (low.is_finite(), high.is_finite()) {
            (true, false) => "more than ",
            (false, true) => "less than ",
            _ => "",
        };
        format!("{}{beyond}{}{}", source(from), self.in_full(*value), because(from))
    }

    /// An interval in the unit of its estimate, without the sign: `4.85–4.97`. Its ends have enough digits, up to 5, to
    /// show that they differ.
    pub fn interval(self, value: Estimate) -> String {
        let Estimate { estimate, low, high } = value;
        let ends = [low, high].map(|end| end * self.multiple(estimate).per_one);
        let written =
            |digits: &dyn Fn(f64) -> String| ends.map(|end| if end.is_finite() { digits(end) } else { "∞".into() });
        let usual = written(&|end| self.digits(end));
        let finer = (3..=5).map(|digits| written(&|end| significant(end, digits)));
        let is_fine = matches!(self, Self::Exponent | Self::Count | Self::Outcome);
        let differ = |told: &[String; 2]| is_fine || told[0] != told[1];
        let [low, high] = [usual.clone()].into_iter().chain(finer).find(differ).unwrap_or(usual);
        // A dash between figures that may be negative is hard to read.
        let dash = if self == Self::Exponent { " to " } else { "–" };
        format!("{low}{dash}{high}")
    }

    /// An interval with the sign: `8.93–9.00 s`. Ratios have none.
    pub fn interval_in_words(self, value: Estimate) -> String {
        let sign = match self {
            Self::Ratio | Self::Waves => String::new(),
            _ => self.multiple(value.estimate).sign,
        };
        self.interval(value) + &sign
    }

    fn multiple(self, like: f64) -> Multiple {
        let of = |per_one, sign: &str| Multiple { per_one, sign: sign.into() };
        match self {
            Self::Ratio => of(1.0, "×"),
            Self::Waves => of(1.0, "\u{a0}waves"),
            Self::CoreShare => of(100.0, "\u{a0}%"),
            Self::Exponent | Self::Count | Self::Outcome => of(1.0, ""),
            Self::Seconds => {
                let unit = TimeUnit::of(like);
                of(unit.per_second, &format!("\u{a0}{}", unit.short))
            }
            Self::Bytes => {
                let (bytes, sign) = BYTES.into_iter().find(|(bytes, _)| like >= *bytes).unwrap_or(BYTES[3]);
                of(1.0 / bytes.max(1.0), sign)
            }
        }
    }

    /// The digits of a figure that is already in its multiple.
    fn digits(self, value: f64) -> String {
        match self {
            Self::Ratio | Self::Waves => ratio(value),
            Self::Seconds => significant(value, 3),
            Self::Exponent => signed(value),
            Self::CoreShare => fixed(value, usize::from(value.abs() < 9.95)),
            Self::Bytes => significant(value.max(0.0), 2),
            Self::Count | Self::Outcome => grouped(value.max(0.0).round() as u32),
        }
    }
}

impl Measured {
    /// Whether it is a count, which has no interval.
    pub fn is_exact(&self) -> bool {
        self.alpha == 0.0
    }

    /// The level of its interval: `95 %`, or `97.5 %` where two interim analyses share the 5 %.
    pub fn level(&self) -> String {
        format!("{}\u{a0}%", plain((1000.0 * (1.0 - self.alpha)).round() / 10.0))
    }
}

/// An exponent: `0.02`, `−0.01`, a small one `0.002`, and never minus zero.
fn signed(value: f64) -> String {
    let decimals = if value.abs() < 0.0095 { 3 } else { 2 };
    let digits = fixed(value.abs(), decimals);
    match digits.as_str() {
        "0.000" => "0.00".into(),
        _ if value < 0.0 => format!("\u{2212}{digits}"),
        _ => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_is_written_in_its_own_way() {
        let written = |unit: Unit, estimate, low, high| {
            format!("{} ({})", unit.figure(estimate), unit.interval(Estimate { estimate, low, high }))
        };
        assert_eq!(written(Unit::Ratio, 4.91, 4.85, 4.97), "4.91× (4.85–4.97)");
        assert_eq!(written(Unit::Seconds, 1.812, 1.798, 1.83), "1.81\u{a0}s (1.80–1.83)");
        assert_eq!(written(Unit::Seconds, 0.001, 0.000_9, 0.001_1), "1.00\u{a0}ms (0.900–1.10)");
        assert_eq!(written(Unit::Exponent, -0.001, -0.02, 0.02), "\u{2212}0.001 (\u{2212}0.02 to 0.02)");
        assert_eq!(written(Unit::CoreShare, 0.034, 0.031, 0.037), "3.4\u{a0}% (3.1–3.7)");
        assert_eq!(written(Unit::Bytes, 2.4e6, 2.2e6, 2.6e6), "2.4\u{a0}MB (2.2–2.6)");
        assert_eq!(written(Unit::Count, 150.0, 150.0, 150.0), "150 (150–150)");
        assert_eq!(written(Unit::Ratio, 4.0, 0.001, f64::INFINITY), "4.00× (0.0010–∞)");
    }

    #[test]
    fn the_ends_of_a_narrow_interval_differ() {
        assert_eq!(Unit::Ratio.interval(Estimate { estimate: 0.82, low: 0.8171, high: 0.8242 }), "0.817–0.824");
    }

    #[test]
    fn what_was_printed_keeps_its_digits() {
        assert_eq!(Unit::Seconds.in_full(8.991_06), "8.99106\u{a0}s");
        assert_eq!(Unit::CoreShare.in_full(0.034), "3.4\u{a0}%");
        assert_eq!(Unit::Ratio.in_full(4.138), "4.138×");
        assert_eq!(Unit::Waves.in_full(2.0), "2\u{a0}waves");
    }
}
