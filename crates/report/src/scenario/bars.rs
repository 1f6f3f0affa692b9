//! Turns spans into bars: one bar per task while tasks can be told apart, otherwise bars that stand for several.
//!
//! 100,000 tasks drawn as 100,000 rectangles show no more than a thousand would, and take the browser minutes.

use crate::svg::waits;
use work::worker::lane::{Activity, Span};

/// A rectangle in a lane: one task, or several that can't be told apart at this scale.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bar {
    /// Nanoseconds.
    pub(crate) start_ns: u64,
    /// Nanoseconds.
    pub(crate) end_ns: u64,
    /// How many tasks it stands for.
    pub(crate) tasks: usize,
    /// The lowest and the highest number of its tasks; `None` for the prologue.
    pub(crate) range: Option<(u32, u32)>,
    /// Total time of its tasks, nanoseconds; more than `end_ns - start_ns` where workers share a lane.
    pub(crate) busy_ns: u64,
    /// The time spent in each of [`waits::WAITS`], nanoseconds.
    pub(crate) waits_ns: [u64; waits::KINDS],
    /// Where the waits of a single task lie.
    pub(crate) waits: Vec<Span>,
    /// How many of its tasks ended in an error.
    pub(crate) failed: usize,
}

/// A span's task as a range.
fn own(span: &Span) -> Option<(u32, u32)> {
    span.index.map(|index| (index, index))
}

/// The lane of a worker, when `workers` share `lanes`.
pub(crate) fn lane_of(worker: u32, workers: u32, lanes: usize) -> usize {
    (u64::from(worker) * lanes as u64 / u64::from(workers.max(1))) as usize
}

/// The bars of `lanes` lanes, whatever the number of workers; neighbouring workers share a lane. `failed` are the tasks
/// that ended in an error, ascending.
pub(crate) fn lanes(spans: &[Span], failed: &[u32], workers: u32, lanes: usize) -> Vec<Vec<Bar>> {
    let lane_of = |worker: u32| lane_of(worker, workers, lanes);
    let mut rows: Vec<Vec<(u32, Bar)>> = vec![Vec::new(); lanes];
    for span in spans.iter().filter(|span| span.kind == Activity::Run) {
        if let Some(row) = rows.get_mut(lane_of(span.worker)) {
            row.push((span.worker, Bar::of(span, failed)));
        }
    }
    for row in &mut rows {
        row.sort_by_key(|(_, bar)| bar.start_ns);
    }
    for span in spans {
        let Some(kind) = waits::place(span.kind) else { continue };
        let Some(row) = rows.get_mut(lane_of(span.worker)) else { continue };
        // A wait lies inside the last bar of its worker and task that began before it.
        let end = row.partition_point(|(_, bar)| bar.start_ns <= span.start_ns);
        let mine = row[..end].iter_mut().rev().find(|(worker, bar)| (*worker, bar.range) == (span.worker, own(span)));
        if let Some((_, bar)) = mine {
            bar.waits_ns[kind] += span.end_ns.saturating_sub(span.start_ns);
            bar.waits.push(*span);
        }
    }
    rows.into_iter().map(|row| row.into_iter().map(|(_, bar)| bar).collect()).collect()
}

impl Bar {
    fn of(span: &Span, failed: &[u32]) -> Self {
        let end_ns = span.end_ns.max(span.start_ns);
        Self {
            start_ns: span.start_ns,
            end_ns,
            tasks: usize::from(span.index.is_some()),
            range: own(span),
            busy_ns: end_ns - span.start_ns,
            waits_ns: [0; waits::KINDS],
            waits: Vec::new(),
            failed: usize::from(span.index.is_some_and(|index| failed.binary_search(&index).is_ok())),
        }
    }

    fn length_ns(&self) -> u64 {
        self.end_ns - self.start_ns
    }

    fn take_in(&mut self, other: &Self) {
        self.end_ns = self.end_ns.max(other.end_ns);
        self.tasks += other.tasks;
        self.range = match (self.range, other.range) {
            (Some((low, high)), Some((from, to))) => Some((low.min(from), high.max(to))),
            (mine, more) => mine.or(more),
        };
        self.busy_ns += other.busy_ns;
        self.waits_ns.iter_mut().zip(other.waits_ns).for_each(|(mine, more)| *mine += more);
        self.waits.clear();
        self.failed += other.failed;
    }
}

/// Merges bars that can't be told apart: neighbours shorter than `least_ns` with a gap below `least_ns`, and
/// overlapping bars. Every stretch of `least_ns` is left with a few bars at most.
pub(crate) fn merge(bars: &[Bar], least_ns: u64) -> Vec<Bar> {
    let mut merged: Vec<Bar> = Vec::new();
    // True while the last of `merged` consists of bars too short to be drawn on their own.
    let mut short = false;
    for bar in bars {
        let bar_is_short = bar.length_ns() < least_ns;
        match merged.last_mut() {
            Some(last) if bar.start_ns < last.end_ns => {
                last.take_in(bar);
                short &= bar_is_short;
            }
            Some(last) if short && bar_is_short && bar.start_ns - last.end_ns < least_ns => last.take_in(bar),
            _ => {
                merged.push(bar.clone());
                short = bar_is_short;
            }
        }
    }
    merged
}

/// Merges the bars of all lanes, beginning with `least_ns` and coarser as needed, until at most `most` remain, or one
/// per lane.
pub(crate) fn merge_all(rows: &[Vec<Bar>], least_ns: u64, most: usize) -> Vec<Vec<Bar>> {
    let mut least_ns = least_ns.max(1);
    loop {
        let merged: Vec<Vec<Bar>> = rows.iter().map(|row| merge(row, least_ns)).collect();
        if merged.iter().map(Vec::len).sum::<usize>() <= most || merged.iter().all(|row| row.len() <= 1) {
            return merged;
        }
        least_ns = least_ns.saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(worker: u32, index: u32, start_ns: u64, end_ns: u64) -> Span {
        Span { worker, index: Some(index), kind: Activity::Run, start_ns, end_ns }
    }

    #[test]
    fn waits_go_to_their_own_task_even_where_workers_share_a_lane() {
        let wait =
            |worker, index, start_ns, end_ns| Span { kind: Activity::WaitLink, ..run(worker, index, start_ns, end_ns) };
        let spans = [run(0, 0, 0, 100), run(1, 1, 5, 90), wait(0, 0, 10, 30), wait(1, 1, 10, 20), run(0, 2, 100, 120)];
        let rows = lanes(&spans, &[], 2, 1);
        let waits: Vec<_> = rows[0].iter().map(|bar| (bar.range, bar.waits_ns[1])).collect();
        assert_eq!(waits, [(Some((0, 0)), 20), (Some((1, 1)), 10), (Some((2, 2)), 0)]);
    }

    #[test]
    fn thirty_tasks_stay_thirty_bars_and_tiny_ones_become_one() {
        let rows = lanes(
            &(0..30_u32).map(|i| run(0, i, u64::from(i) * 100, u64::from(i) * 100 + 99)).collect::<Vec<_>>(),
            &[3, 7],
            1,
            1,
        );
        assert_eq!(merge(&rows[0], 50).len(), 30);
        let merged = merge(&rows[0], 200);
        assert_eq!(merged.len(), 1);
        assert_eq!((merged[0].tasks, merged[0].busy_ns, merged[0].range), (30, 30 * 99, Some((0, 29))));
        assert_eq!(merged[0].failed, 2);
    }

    #[test]
    fn the_number_of_bars_has_a_bound_whatever_the_number_of_tasks() {
        let spans: Vec<Span> =
            (0..20_000_u32).map(|i| run(i % 40, i, u64::from(i) * 1000, u64::from(i) * 1000 + 300)).collect();
        let rows = lanes(&spans, &[], 40, 40);
        let merged = merge_all(&rows, 10, 500);
        assert!(merged.iter().map(Vec::len).sum::<usize>() <= 500);
        assert_eq!(merged.iter().flatten().map(|bar| bar.tasks).sum::<usize>(), 20_000);
    }

    prop_compose! {
        fn some_bars()(steps in prop::collection::vec((0_u64..300, 0_u64..300), 1..200)) -> Vec<Bar> {
            let mut now = 0;
            let spans: Vec<Span> = (0_u32..).zip(steps).map(|(index, (gap, length))| {
                let start = now + gap;
                now = start + length;
                run(0, index, start, now)
            }).collect();
            lanes(&spans, &[], 1, 1).remove(0)
        }
    }

    proptest! {
        #[test]
        fn merging_keeps_every_task_and_all_of_its_time(bars in some_bars(), least in 1_u64..500) {
            let merged = merge(&bars, least);
            prop_assert_eq!(merged.iter().map(|bar| bar.tasks).sum::<usize>(), bars.len());
            prop_assert_eq!(
                merged.iter().map(|bar| bar.busy_ns).sum::<u64>(),
                bars.iter().map(|bar| bar.busy_ns).sum::<u64>()
            );
            for bar in &bars {
                prop_assert!(merged.iter().any(|block| block.start_ns <= bar.start_ns && bar.end_ns <= block.end_ns));
            }
        }

        #[test]
        fn merged_bars_are_in_order_few_and_claim_no_long_gap(bars in some_bars(), least in 1_u64..500) {
            let merged = merge(&bars, least);
            prop_assert!(merged.windows(2).all(|pair| pair[0].end_ns <= pair[1].start_ns));
            let extent = merged[merged.len() - 1].end_ns - merged[0].start_ns;
            prop_assert!(merged.len() as u64 <= 2 * (extent / least) + 2);
            for gap in bars.windows(2).filter(|pair| pair[1].start_ns - pair[0].end_ns >= least) {
                let middle = gap[0].end_ns + (gap[1].start_ns - gap[0].end_ns) / 2;
                prop_assert!(merged.iter().all(|block| middle >= block.end_ns || middle < block.start_ns));
            }
        }
    }
}
