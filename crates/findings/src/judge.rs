//! Compares a figure with its expectation and gives a verdict, corrected for the number of figures tested together.
//!
//! The rules were fixed before anything was measured. The interval decides, never the estimate alone: an interval
//! wholly on one side of a bound is a decision, one that straddles the bound is not, however near the estimate may be.

use super::{FigureFinding, Unit, Verdict, placed::Placed, quantity::Quantity};
use harness::scenario::{
    CellSpec,
    claim::{DELTA, Expects, Figure, FigureRole, Needs, Test},
};
use stats::{holm, looks::ALPHA};
use support::figures::{count, grouped};

/// Beyond this, more rounds are not practical advice.
const MOST_ROUNDS: u32 = 1000;

/// The result of comparing a quantity with its expectation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ruling {
    pub verdict: Verdict,
    /// See [`Measured::p`](super::Measured::p).
    pub p: Option<f64>,
    /// How many rounds would decide an undecided figure.
    pub rounds: Option<u32>,
}

impl Ruling {
    fn decided(verdict: Verdict, p: f64) -> Self {
        Self { verdict, p: Some(p), rounds: None }
    }

    fn undecided(rounds: Option<u32>) -> Self {
        Self { verdict: Verdict::Undecided, p: None, rounds }
    }

    fn exact(holds: bool) -> Self {
        let verdict = if holds { Verdict::Holds } else { Verdict::Refuted };
        Self { verdict, p: None, rounds: None }
    }
}

/// How many rounds would settle it, in words.
pub(super) fn more_needed(rounds: Option<u32>, test: &Test<CellSpec>) -> String {
    let noun = if matches!(test, Test::Memory { .. }) { "samples of its memory" } else { "rounds" };
    match rounds.filter(|rounds| *rounds <= MOST_ROUNDS) {
        Some(rounds) => format!("about {} {noun} would settle it", grouped(rounds)),
        None => format!("not even {} {noun} would settle it", grouped(MOST_ROUNDS)),
    }
}

/// The range of figures that agree, ends included; an open end is infinite. `None` for outcomes.
pub(super) fn agrees(figure: &Figure, unit: Unit) -> Option<(f64, f64)> {
    match figure.expects {
        Expects::Reference => reference(figure).map(|value| around(value, figure.tolerance, unit)),
        Expects::Above(bound) => Some((bound, f64::INFINITY)),
        Expects::Below(bound) => Some((f64::NEG_INFINITY, bound)),
        Expects::Equal(bound) => Some(same_as(bound, figure.tolerance, unit)),
        Expects::Shown => None,
    }
}

/// The figure to compare with.
fn reference(figure: &Figure) -> Option<f64> {
    figure.reference.as_ref().map(|reference| reference.value)
}

/// The range within the tolerance of a document's figure.
pub(super) fn around(value: f64, tolerance: f64, unit: Unit) -> (f64, f64) {
    let off = match unit {
        Unit::Count => 0.0,
        Unit::Exponent => tolerance,
        _ => value.abs() * tolerance,
    };
    (value - off, value + off)
}

/// The range that counts as equal: a factor of 1 + [`DELTA`] either way, so that it does not matter which of two
/// figures is divided by the other; within the tolerance for exponents; exactly equal for counts.
fn same_as(bound: f64, tolerance: f64, unit: Unit) -> (f64, f64) {
    match unit {
        Unit::Count => (bound, bound),
        Unit::Exponent => (bound - tolerance, bound + tolerance),
        _ => (bound / (1.0 + DELTA), bound * (1.0 + DELTA)),
    }
}

/// Compares the quantity with the figure's expectation. `alpha` is the probability that its interval misses the truth.
pub(super) fn rule(figure: &Figure, unit: Unit, quantity: &Quantity, alpha: f64) -> Ruling {
    match quantity {
        Quantity::Outcome { holds, .. } => Ruling::exact(*holds),
        Quantity::Exact(value) => Ruling::exact(match figure.expects {
            Expects::Above(bound) => *value > bound,
            Expects::Below(bound) => *value < bound,
            _ => agrees(figure, unit).is_some_and(|(low, high)| (low..=high).contains(value)),
        }),
        Quantity::Scattered(scattered) => {
            let placed = Placed::of(scattered, alpha);
            match figure.expects {
                Expects::Above(bound) => beyond(&placed, bound, same_as(bound, figure.tolerance, unit), Side::Above),
                Expects::Below(bound) => beyond(&placed, bound, same_as(bound, figure.tolerance, unit), Side::Below),
                Expects::Reference | Expects::Equal(_) | Expects::Shown => {
                    let range = agrees(figure, unit).unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
                    let direction = reference(figure).filter(|_| unit == Unit::Ratio);
                    in_range(&placed, range, direction.filter(|_| figure.expects == Expects::Reference))
                }
            }
        }
    }
}

/// Agrees within the range and not outside it. A ratio of another size may still be on the printed one's side of 1.
fn in_range(placed: &Placed, range: (f64, f64), printed_ratio: Option<f64>) -> Ruling {
    let (low, high) = range;
    let p_outside = placed.p_above(high).min(placed.p_below(low));
    if placed.within(range) {
        Ruling::decided(Verdict::Holds, placed.p_within(range))
    } else if !placed.above(high) && !placed.below(low) {
        Ruling::undecided(placed.rounds_clear_of(&[low, high]))
    } else {
        match printed_ratio {
            Some(printed) if printed > 1.0 && placed.above(1.0) => {
                Ruling::decided(Verdict::HoldsInDirection, p_outside.max(placed.p_above(1.0)))
            }
            Some(printed) if printed < 1.0 && placed.below(1.0) => {
                Ruling::decided(Verdict::HoldsInDirection, p_outside.max(placed.p_below(1.0)))
            }
            _ => Ruling::decided(Verdict::Refuted, p_outside),
        }
    }
}

/// Which side of a bound a figure should be on.
#[derive(Clone, Copy)]
enum Side {
    Above,
    Below,
}

/// On the right side of the bound by more than a negligible difference. `band` is the range that counts as equal to it:
/// within it, the verdict must not depend on whether a negligible difference could be shown, which is a matter of noise.
fn beyond(placed: &Placed, bound: f64, band: (f64, f64), side: Side) -> Ruling {
    let above = (placed.above(bound), placed.p_above(bound));
    let below = (placed.below(bound), placed.p_below(bound));
    let ((right, p_right), (wrong, p_wrong)) = match side {
        Side::Above => (above, below),
        Side::Below => (below, above),
    };
    let is_negligible = placed.estimate_within(band);
    match (right, wrong, placed.within(band)) {
        // Where the difference is negligible, more rounds of the same would refute it.
        (true, _, false) if !is_negligible => Ruling::decided(Verdict::Holds, p_right),
        (_, true, _) => Ruling::decided(Verdict::Refuted, p_wrong),
        (_, _, true) => Ruling::decided(Verdict::Refuted, placed.p_within(band)),
        _ => {
            // Either clear of the bound, or inside the band and clear of both its ends. Where it lies on the right side by a
            // negligible difference, to be clear of the bound is not enough.
            let is_right = placed.estimate_within((bound, f64::INFINITY)) == matches!(side, Side::Above);
            let clear = placed.rounds_clear_of(&[bound]).filter(|_| !(is_right && is_negligible));
            let inside = placed.rounds_clear_of(&[band.0, band.1]).filter(|_| is_negligible);
            Ruling::undecided(clear.into_iter().chain(inside).min())
        }
    }
}

/// What this machine lacks for the figure, in words; `None` if nothing.
pub(super) fn missing(needs: Option<&Needs>, cores: Option<u32>) -> Option<String> {
    let needs = needs?;
    if let Some(other) = &needs.other {
        return Some(format!("it needs {other}"));
    }
    let (least, most) = (needs.cores.unwrap_or(0), needs.at_most_cores.unwrap_or(u32::MAX));
    let here = cores.filter(|here| !(least..=most).contains(here))?;
    let needed =
        if here < least { count(least as usize, "core") } else { format!("at most {}", count(most as usize, "core")) };
    Some(format!("it needs {needed}, and this machine has {here}"))
}

/// A model that was fitted to the claim's own figure can't confirm it.
pub(super) fn without_circles(verdict: Verdict, claim: &str, calibrated_from: &[String]) -> Verdict {
    let circular = calibrated_from.iter().any(|id| id == claim);
    if verdict == Verdict::Holds && circular { Verdict::Fitted } else { verdict }
}

/// Whether figures of this unit scatter from round to round.
pub(super) fn scatters(unit: Unit) -> bool {
    !matches!(unit, Unit::Count | Unit::Outcome)
}

/// Whether the figure counts in Holm's correction: it scatters, and the machine could decide it. One that was not measured
/// counts too, so that a claim tested alone is corrected for the whole ledger.
fn is_in_family(figure: &FigureFinding) -> bool {
    let can_be_measured = figure.role != FigureRole::Python || figure.measured.is_some();
    scatters(figure.unit) && figure.verdict != Verdict::NotTestable && can_be_measured
}

/// Holm's correction over all figures of the ledger that scatter and decide a claim, and over all beside them. A figure that
/// is significant only alone is not decided.
pub(super) fn correct<'a>(figures: impl Iterator<Item = &'a mut FigureFinding>) {
    let (mut deciding, mut beside): (Vec<_>, Vec<_>) =
        figures.filter(|figure| is_in_family(figure)).partition(|figure| figure.decides);
    correct_family(&mut deciding);
    correct_family(&mut beside);
}

fn correct_family(ledger: &mut [&mut FigureFinding]) {
    // Undecided figures were tested too, so they count; those that were not measured may be tested later. Each counts as
    // p = 1, so that measuring it can only make the others' correction milder.
    let p: Vec<f64> =
        ledger.iter().map(|figure| figure.measured.and_then(|measured| measured.p).unwrap_or(1.0)).collect();
    let adjusted = holm::adjusted(&p);
    let asked = ledger.len();
    for (figure, adjusted) in ledger.iter_mut().zip(adjusted) {
        let was_decided = figure.measured.is_some_and(|measured| measured.p.is_some());
        if was_decided && adjusted > ALPHA {
            figure.verdict = Verdict::Undecided;
            figure.reason = Some(format!(
                "significant alone, but not after Holm's correction over {asked} figures of the ledger; more rounds would \
                 settle it"
            ));
        }
    }
}
