//! Formats the figures of claims, each in its unit.

use findings::{Measured, Unit};
use support::figures::{TimeUnit, grouped, memory, percent, ratio, significant, time};

/// How an axis in a unit is labelled.
pub(crate) struct AxisUnit {
    /// The title below the axis.
    pub(crate) title: String,
    /// How many of the displayed unit make one of the figure's unit.
    pub(crate) per_one: f64,
    /// The suffix of each tick label.
    pub(crate) suffix: &'static str,
}

/// For an axis that ends at `high`.
pub(crate) fn axis(unit: Unit, high: f64) -> AxisUnit {
    let of = |title: &str, per_one, suffix| AxisUnit { title: title.into(), per_one, suffix };
    match unit {
        Unit::Ratio => of("ratio; 1 means equal", 1.0, "×"),
        Unit::Seconds => {
            let unit = TimeUnit::of(high);
            of(&format!("{} at the document's own pace", unit.long), unit.per_second, "")
        }
        Unit::Turns => of("waves of the workers", 1.0, ""),
        Unit::Exponent => of("exponent: 0 means no growth with the tasks, 1 means in proportion", 1.0, ""),
        Unit::CoreShare => of("processor time, as a share of one core", 100.0, " %"),
        Unit::Bytes => {
            let (per_one, name) = [(1e-9, "GB"), (1e-6, "MB")]
                .into_iter()
                .find(|(per_one, _)| high * per_one >= 1.0)
                .unwrap_or((1e-3, "kB"));
            of(&format!("{name} of memory"), per_one, "")
        }
        Unit::Count | Unit::Outcome => of("counted", 1.0, ""),
    }
}

/// A figure with its unit: `4.91×`, `1.81 s`, `6.02 waves`.
pub(crate) fn figure(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Ratio => format!("{}×", ratio(value)),
        Unit::Seconds => time(value),
        Unit::Turns => format!("{}\u{a0}waves", ratio(value)),
        Unit::Exponent => signed(value),
        Unit::CoreShare => percent(value),
        Unit::Bytes => memory(value.max(0.0) as u64),
        Unit::Count | Unit::Outcome => grouped(value.max(0.0).round() as u32),
    }
}

/// A published figure, with all of its digits.
pub(crate) fn printed(unit: Unit, value: f64) -> String {
    if !value.is_finite() {
        return "?".into();
    }
    let value_in_full = |value: f64| format!("{value}");
    match unit {
        Unit::Ratio => format!("{}×", value_in_full(value)),
        Unit::Seconds => format!("{}\u{a0}s", value_in_full(value)),
        Unit::Turns => format!("{}\u{a0}waves", value_in_full(value)),
        Unit::Exponent => value_in_full(value).replace('-', "\u{2212}"),
        Unit::CoreShare => format!("{}\u{a0}%", significant(value * 100.0, 3)),
        Unit::Bytes | Unit::Count | Unit::Outcome => figure(unit, value),
    }
}

/// An interval in the displayed unit of its figure, without the unit's name: `4.85–4.97`.
pub(crate) fn between(unit: Unit, Measured { value, .. }: &Measured) -> String {
    let text = |bound: f64| match unit {
        _ if !bound.is_finite() => "∞".into(),
        Unit::Ratio | Unit::Turns => ratio(bound),
        Unit::Seconds => TimeUnit::of(value.estimate).figure(bound),
        Unit::Exponent => signed(bound),
        Unit::CoreShare => percent(bound).trim_end_matches("\u{a0}%").into(),
        Unit::Bytes => significant(bound.max(0.0) * axis(unit, value.estimate).per_one, 2),
        Unit::Count | Unit::Outcome => figure(unit, bound),
    };
    let joint = if unit == Unit::Exponent { " to " } else { "–" };
    format!("{}{joint}{}", text(value.low), text(value.high))
}

/// A figure with its interval: `4.91× (4.85–4.97)`. Counts have none.
pub(crate) fn measured(unit: Unit, measured: &Measured) -> String {
    let estimate = figure(unit, measured.value.estimate);
    if is_exact(measured) { estimate } else { format!("{estimate} ({})", between(unit, measured)) }
}

/// True for counts.
pub(crate) fn is_exact(measured: &Measured) -> bool {
    measured.alpha == 0.0
}

fn signed(value: f64) -> String {
    // Never show minus zero.
    let text = format!("{value:.2}");
    if text.trim_start_matches('-').parse() == Ok(0.0) { "0.00".into() } else { text.replace('-', "\u{2212}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stats::Estimate;

    fn some(estimate: f64, low: f64, high: f64, alpha: f64) -> Measured {
        Measured { value: Estimate { estimate, low, high }, rounds: 10, alpha, p: None }
    }

    #[test]
    fn each_unit_is_written_in_its_own_way() {
        let written = |unit, estimate, low, high| measured(unit, &some(estimate, low, high, 0.05));
        assert_eq!(written(Unit::Ratio, 4.91, 4.85, 4.97), "4.91× (4.85–4.97)");
        assert_eq!(written(Unit::Seconds, 1.812, 1.798, 1.83), "1.81\u{a0}s (1.80–1.83)");
        assert_eq!(written(Unit::Exponent, -0.001, -0.02, 0.02), "0.00 (\u{2212}0.02 to 0.02)");
        assert_eq!(written(Unit::CoreShare, 0.034, 0.031, 0.037), "3.4\u{a0}% (3.1–3.7)");
        assert_eq!(written(Unit::Bytes, 2.4e6, 2.2e6, 2.6e6), "2.4\u{a0}MB (2.2–2.6)");
        assert_eq!(measured(Unit::Count, &some(150.0, 150.0, 150.0, 0.0)), "150");
        assert_eq!(printed(Unit::Seconds, 8.991_06), "8.99106\u{a0}s");
        assert_eq!(printed(Unit::CoreShare, 0.034), "3.40\u{a0}%");
    }
}
