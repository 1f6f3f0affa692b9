//! Which cells are shown, and with how many rows of lanes.
//!
//! A cell keeps its place and its height for the whole race. The running cell changes many times a second, in a
//! shuffled order: if it were given more room than the others, the whole screen would jump.

use harness::live::event::LANES;

/// Which cell has which rows.
#[derive(Debug, PartialEq, Eq)]
pub struct Rows {
    /// The first cell that is shown.
    pub first: usize,
    /// How many rows of lanes it and those after it have.
    pub heights: Vec<usize>,
    /// Whether there is room for the speedups as bars below, with a heading and a row for each cell.
    pub bars: bool,
}

impl Rows {
    /// Divides `height` rows, at least one, among cells with these worker counts. If not all cells fit, the page with
    /// cell `at` is shown, and its last row is left for a note on the others.
    pub fn deal(workers: &[u32], height: usize, at: usize) -> Self {
        let cells = workers.len();
        let bars = cells > 0 && height >= 2 * cells + 2;
        let rows = if bars { height - cells - 2 } else { height };
        let shown = if cells <= rows { cells } else { rows.saturating_sub(1).max(1) };
        let first = (at / shown.max(1) * shown).min(cells - shown);
        let mut heights = vec![1; shown];
        let mut left = if shown == cells { rows.saturating_sub(shown) } else { 0 };
        // Row by row to the cells that want more, so that all get equally many.
        let wanted: Vec<usize> =
            workers[first..].iter().map(|&workers| workers.clamp(1, LANES) as usize).take(shown).collect();
        while left > 0 && heights != wanted {
            for (height, wanted) in heights.iter_mut().zip(&wanted) {
                if left > 0 && *height < *wanted {
                    *height += 1;
                    left -= 1;
                }
            }
        }
        Self { first, heights, bars }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_has_a_row_for_each_worker_as_far_as_there_are_rows() {
        let deal = |workers: &[u32], height, at| {
            let Rows { first, heights, bars } = Rows::deal(workers, height, at);
            (first, heights, bars)
        };
        assert_eq!(deal(&[1, 5, 2], 20, 0), (0, vec![1, 5, 2], true));
        assert_eq!(deal(&[1, 30, 5], 16, 0), (0, vec![1, 5, 5], true));
        assert_eq!(deal(&[1, 30, 30], 16, 0), (0, vec![1, 5, 5], true));
        assert_eq!(deal(&[1, 5, 5], 7, 2), (0, vec![1, 3, 3], false));
        assert_eq!(deal(&[1, 5, 5], 3, 2), (0, vec![1, 1, 1], false));
        assert_eq!(deal(&[1; 10], 5, 5), (4, vec![1; 4], false));
        assert_eq!(deal(&[1; 10], 5, 9), (6, vec![1; 4], false));
        assert_eq!(deal(&[], 5, 0), (0, vec![], false));
    }

    proptest! {
        #[test]
        fn it_fits_and_the_cell_that_runs_is_shown(
            workers in prop::collection::vec(0_u32..300, 1..90), height in 1_usize..60, at in 0_usize..90,
        ) {
            let at = at % workers.len();
            let rows = Rows::deal(&workers, height, at);
            let taken = rows.heights.iter().sum::<usize>() + if rows.bars { workers.len() + 2 } else { 0 };
            prop_assert!(taken <= height, "{rows:?}");
            prop_assert!((rows.first..rows.first + rows.heights.len()).contains(&at), "{rows:?}");
            prop_assert!(rows.heights.len() == workers.len() || taken < height || height == 1, "{rows:?}");
        }
    }
}
