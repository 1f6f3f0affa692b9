//! Compares a mean with bounds, with probabilities.

use super::{Measured, quantity::Scattered};
use stats::{Estimate, looks::ALPHA};

/// A mean with its interval. Bounds are given as figures, in the unit of the test.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    scattered: Scattered,
    /// On the scale of the mean.
    interval: Estimate,
    /// The probability that the interval misses the truth.
    alpha: f64,
}

impl Placed {
    pub(super) fn of(scattered: &Scattered, alpha: f64) -> Self {
        Self { scattered: scattered.clone(), interval: scattered.mean.interval(alpha), alpha }
    }

    /// As a figure. `None` if the interval is too wide for numbers.
    pub(super) fn measured(&self) -> Option<Measured> {
        let figure = |place| self.scattered.scale.figure(place);
        let Estimate { estimate, low, high } = self.interval;
        let value = Estimate { estimate: figure(estimate), low: figure(low), high: figure(high) };
        let possible = [value.estimate, value.low, value.high].iter().all(|end| end.is_finite());
        possible.then_some(Measured { value, rounds: self.scattered.rounds(), alpha: self.alpha, p: None })
    }

    /// Whether the interval is wholly in this range, ends included.
    pub(super) fn within(&self, (low, high): (f64, f64)) -> bool {
        self.place(low) <= self.interval.low && self.interval.high <= self.place(high)
    }

    /// Whether the estimate is in this range.
    pub(super) fn estimate_within(&self, (low, high): (f64, f64)) -> bool {
        (self.place(low)..=self.place(high)).contains(&self.interval.estimate)
    }

    /// Whether the interval is wholly above the bound.
    pub(super) fn above(&self, bound: f64) -> bool {
        self.interval.low > self.place(bound)
    }

    /// Whether the interval is wholly below the bound.
    pub(super) fn below(&self, bound: f64) -> bool {
        self.interval.high < self.place(bound)
    }

    /// The probability of being this far inside if the truth were outside. This and the next two count both sides and
    /// all interim analyses, so they are below 5 % exactly where the interval decides.
    pub(super) fn p_within(&self, (low, high): (f64, f64)) -> f64 {
        self.of_all_looks(self.scattered.mean.p_within(self.place(low), self.place(high)))
    }

    /// The probability of being this far above if the truth were not above.
    pub(super) fn p_above(&self, bound: f64) -> f64 {
        self.of_all_looks(self.scattered.mean.p_above(self.place(bound)))
    }

    /// The probability of being this far below if the truth were not below.
    pub(super) fn p_below(&self, bound: f64) -> f64 {
        self.of_all_looks(self.scattered.mean.p_below(self.place(bound)))
    }

    /// How many rounds of this scatter would bring the interval clear of the nearest of these bounds.
    pub(super) fn rounds_clear_of(&self, bounds: &[f64]) -> Option<u32> {
        let distance = |bound: &f64| (self.interval.estimate - self.place(*bound)).abs();
        let nearest = bounds.iter().map(distance).fold(f64::INFINITY, f64::min);
        self.scattered.mean.rounds_for(nearest, self.alpha)
    }

    fn place(&self, figure: f64) -> f64 {
        self.scattered.scale.place(figure)
    }

    fn of_all_looks(&self, one_sided: f64) -> f64 {
        (one_sided * 2.0 * ALPHA / self.alpha).min(1.0)
    }
}
