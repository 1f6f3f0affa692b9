//! Places the labels at the lines' ends, as close to their lines as possible without overlap.

/// Places labels of one height along a vertical edge.
///
/// `wanted` are the preferred positions of the labels' middles, in any order; the result has the same order. The labels
/// lie within `low..=high`, their heights included, and don't overlap, if they fit there at all; otherwise they are
/// spaced evenly. Among all such placements this one has the least sum of squared shifts: it is isotonic regression by
/// pooling neighbours that push against each other (Ayer and others, 1955).
pub(crate) fn place(wanted: &[f64], height: f64, (low, high): (f64, f64)) -> Vec<f64> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let height = height.min((high - low) / wanted.len() as f64);
    let (first, last) = (low + height / 2.0, high - height / 2.0);
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));

    // With rank * height taken off, "at least one height apart" becomes "not in falling order".
    let mut pools: Vec<LabelGroup> = Vec::new();
    for (rank, index) in order.iter().enumerate() {
        pools.push(LabelGroup { sum: wanted[*index] - rank as f64 * height, count: 1 });
        while let [.., above, below] = pools[..]
            && above.mean() >= below.mean()
        {
            pools.pop();
            pools.pop();
            pools.push(LabelGroup { sum: above.sum + below.sum, count: above.count + below.count });
        }
    }
    let room = last - (wanted.len() - 1) as f64 * height;
    let levels = pools.iter().flat_map(|pool| std::iter::repeat_n(pool.mean(), pool.count));
    let mut placed = vec![0.0; wanted.len()];
    for (rank, (index, level)) in order.into_iter().zip(levels).enumerate() {
        placed[index] = level.clamp(first, room.max(first)) + rank as f64 * height;
    }
    placed
}

/// Labels that push against each other and share one shift.
#[derive(Clone, Copy)]
struct LabelGroup {
    sum: f64,
    count: usize,
}

impl LabelGroup {
    fn mean(self) -> f64 {
        self.sum / self.count as f64
    }
}

/// Approximate width of a text, in the unit of its font size. A generous estimate, because the reader's font is
/// unknown: wide ones such as Verdana take about 0.68 of their size per letter.
pub(crate) fn width(text: &str, font: f64, bold: bool) -> f64 {
    text.chars().count() as f64 * font * if bold { 0.68 } else { 0.61 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn labels_with_room_stay_where_their_lines_end() {
        assert_eq!(place(&[80.0, 20.0, 50.0], 10.0, (0.0, 100.0)), [80.0, 20.0, 50.0]);
    }

    #[test]
    fn two_at_one_place_part_to_both_sides() {
        assert_eq!(place(&[50.0, 50.0], 10.0, (0.0, 100.0)), [45.0, 55.0]);
    }

    #[test]
    fn labels_at_the_edge_are_pushed_inside() {
        assert_eq!(place(&[0.0, 1.0], 10.0, (0.0, 100.0)), [5.0, 15.0]);
        assert_eq!(place(&[100.0, 99.0], 10.0, (0.0, 100.0)), [95.0, 85.0]);
        assert!(place(&[], 10.0, (0.0, 100.0)).is_empty());
    }

    proptest! {
        #[test]
        fn they_never_overlap_and_always_lie_inside(
            wanted in prop::collection::vec(-500.0..1500.0_f64, 1..14),
            height in 1.0..60.0_f64,
        ) {
            let placed = place(&wanted, height, (0.0, 1000.0));
            let mut sorted = placed.clone();
            sorted.sort_by(f64::total_cmp);
            prop_assert_eq!(placed.len(), wanted.len());
            prop_assert!(sorted.windows(2).all(|pair| pair[1] - pair[0] >= height - 1e-6));
            prop_assert!(sorted[0] >= height / 2.0 - 1e-6);
            prop_assert!(sorted[sorted.len() - 1] <= 1000.0 - height / 2.0 + 1e-6);
        }

        #[test]
        fn the_order_of_the_lines_is_the_order_of_the_labels(
            wanted in prop::collection::vec(0.0..100.0_f64, 2..10),
        ) {
            let placed = place(&wanted, 10.0, (0.0, 100.0));
            for (a, b) in (0..wanted.len()).flat_map(|a| (0..wanted.len()).map(move |b| (a, b))) {
                prop_assert!(wanted[a] >= wanted[b] || placed[a] <= placed[b] + 1e-6);
            }
        }

        #[test]
        fn too_many_labels_still_lie_inside(wanted in prop::collection::vec(0.0..100.0_f64, 12..30)) {
            let placed = place(&wanted, 20.0, (0.0, 100.0));
            prop_assert!(placed.iter().all(|place| (0.0..=100.0).contains(place)));
        }
    }
}
