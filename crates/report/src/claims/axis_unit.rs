//! How an axis of claims' figures is labelled, by unit.

use findings::Unit;
use support::figures::TimeUnit;

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
        Unit::Waves => of("waves of the workers", 1.0, ""),
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
