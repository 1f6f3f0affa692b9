//! A queue's backlog at each moment of a run.

use crate::svg::{chart::line, scale::Scale};
use maud::{Markup, html};
use std::fmt::Write;
use support::figures::{count, px};
use work::worker::lane::{Activity, Span};

/// Narrower steps than this, in units of the drawing, are merged into one, as high as the highest.
const LEAST_STEP: f64 = 1.5;

/// The number of waiting jobs over time.
#[derive(Debug, PartialEq)]
pub(crate) struct Depth {
    /// Pairs of nanosecond and jobs waiting from then on, in order; the last has zero.
    steps: Vec<(u64, u32)>,
    /// The most at once.
    pub(crate) most: u32,
}

impl Depth {
    /// `None` if no job was in a queue.
    pub(crate) fn of(spans: &[Span]) -> Option<Self> {
        let queued = spans.iter().filter(|span| span.kind == Activity::Queued && span.end_ns > span.start_ns);
        let mut changes: Vec<(u64, i64)> = queued.flat_map(|span| [(span.start_ns, 1), (span.end_ns, -1)]).collect();
        changes.sort_unstable();
        let mut steps: Vec<(u64, u32)> = Vec::new();
        let mut waiting = 0_i64;
        for (at_ns, change) in changes {
            waiting += change;
            match steps.last_mut() {
                Some(last) if last.0 == at_ns => last.1 = waiting as u32,
                _ => steps.push((at_ns, waiting as u32)),
            }
        }
        let most = steps.iter().map(|(_, waiting)| *waiting).max()?;
        Some(Self { steps, most })
    }

    /// In words: `at most 28 jobs waited in the queue at once`.
    pub(crate) fn in_words(&self) -> String {
        format!("at most {} waited in the queue at once", count(self.most as usize, "job"))
    }

    /// The label beside or above the area.
    pub(crate) fn label(&self) -> String {
        format!("in the queue: {} at most", self.most)
    }

    /// The area between these heights, in proportion to the waiting jobs; the maximum takes the full height. `place`
    /// maps a nanosecond to the horizontal axis.
    pub(crate) fn draw(&self, place: impl Fn(u64) -> f64, (top, bottom): (f64, f64), ends: (f64, f64)) -> Markup {
        let y = Scale::linear((0.0, f64::from(self.most.max(1))), (bottom, top));
        let mut path = format!("M{} {}", px(ends.0), px(bottom));
        let mut last = 0;
        for (x, waiting) in self.thinned(place) {
            if waiting != last {
                // Writing to a String can't fail.
                let _ = write!(path, "H{}V{}", px(x), px(y.at(f64::from(waiting))));
                last = waiting;
            }
        }
        html! {
            g class="mark" {
                title { (self.in_words()) }
                path class="depth" d={ (path) "V" (px(bottom)) "Z" } {}
                (line("tick", (ends.0, bottom), (ends.1, bottom)))
            }
        }
    }

    /// The steps with their positions. Steps too close together to be seen are merged: such a stretch is as high as its
    /// highest step, and after it the last step counts.
    fn thinned(&self, place: impl Fn(u64) -> f64) -> Vec<(f64, u32)> {
        let mut stretches: Vec<(f64, u32, u32)> = Vec::new();
        for (at_ns, waiting) in &self.steps {
            let x = place(*at_ns);
            match stretches.last_mut() {
                Some((from, most, last)) if x - *from < LEAST_STEP => {
                    (*most, *last) = ((*most).max(*waiting), *waiting);
                }
                _ => stretches.push((x, *waiting, *waiting)),
            }
        }
        stretches.into_iter().flat_map(|(from, most, last)| [(from, most), (from + LEAST_STEP, last)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn queued(index: u32, start_ns: u64, end_ns: u64) -> Span {
        Span { worker: 0, index: Some(index), kind: Activity::Queued, start_ns, end_ns }
    }

    #[test]
    fn counts_those_that_wait_and_nothing_else() {
        let run = Span { kind: Activity::Run, ..queued(0, 10, 90) };
        let depth = Depth::of(&[queued(0, 0, 10), queued(1, 0, 40), queued(2, 10, 50), run]).unwrap();
        assert_eq!(depth.steps, [(0, 2), (10, 2), (40, 1), (50, 0)]);
        assert_eq!(depth.in_words(), "at most 2 jobs waited in the queue at once");
        assert_eq!(Depth::of(&[run]), None);
    }

    #[test]
    fn a_peak_too_narrow_to_be_seen_is_drawn_and_ends() {
        let depth = Depth::of(&[queued(0, 0, 1000), queued(1, 500, 501), queued(2, 500, 502)]).unwrap();
        let steps = depth.thinned(|ns| ns as f64 / 100.0);
        assert_eq!(steps.iter().map(|(_, waiting)| *waiting).max(), Some(3));
        let after: Vec<_> = steps.iter().filter(|(x, _)| (6.5..9.9).contains(x)).collect();
        assert!(after.iter().all(|(_, waiting)| *waiting == 1) && !after.is_empty(), "{steps:?}");
    }

    proptest! {
        #[test]
        fn whatever_the_number_of_jobs_the_drawing_is_short_and_shows_the_most(
            waits in prop::collection::vec((0_u64..1_000_000, 1_u64..500_000), 1..2000),
        ) {
            let spans: Vec<Span> = waits.iter().map(|(start, length)| queued(0, *start, start + length)).collect();
            let depth = Depth::of(&spans).unwrap();
            prop_assert_eq!(depth.steps.last().map(|(_, waiting)| *waiting), Some(0), "all of them leave");
            let steps = depth.thinned(|ns| ns as f64 / 1_500_000.0 * 300.0);
            prop_assert!(steps.len() as f64 <= 2.0 * (300.0 / LEAST_STEP + 1.0));
            prop_assert_eq!(steps.iter().map(|(_, waiting)| *waiting).max(), Some(depth.most));
        }
    }
}
