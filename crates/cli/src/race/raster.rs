//! Workers' time as characters: each character is a stretch of time and shows what most of it was spent on.

use harness::live::race::Stretch;
use ratatui::style::Color;
use work::worker::lane::Activity;

/// A character's time is divided into this many pieces, to find what most of it is.
const PIECES: usize = 4;

/// The activities that are drawn, in the order of the legend.
pub const KINDS: [Activity; 4] = [Activity::Run, Activity::WaitServer, Activity::WaitLink, Activity::WaitLock];

/// The sign and the colour of an activity: either is enough to tell activities apart.
pub fn look(doing: Activity) -> (&'static str, Color) {
    match doing {
        Activity::Run => ("▇", Color::Blue),
        Activity::WaitServer | Activity::WaitFirstByte => ("─", Color::Yellow),
        Activity::WaitLink | Activity::WaitTransfer => ("═", Color::Cyan),
        Activity::WaitLock => ("╳", Color::Red),
        Activity::Enqueue | Activity::Queued | Activity::Return | Activity::Idle | Activity::Failed => {
            (" ", Color::Reset)
        }
    }
}

/// One row for these lanes: `width` characters for the first `axis_s` seconds. An open stretch lasts until `clock_s`.
/// `None` where all lanes were idle; elsewhere idle lanes don't count, so that short tasks stay visible.
pub fn row<'a>(
    lanes: impl Iterator<Item = &'a Vec<Stretch>>,
    clock_s: f64,
    axis_s: f64,
    width: usize,
) -> Vec<Option<Activity>> {
    let mut counts = vec![[0_u32; KINDS.len()]; width];
    let place = |time_s: f64| ((time_s / axis_s) * (width * PIECES) as f64).max(0.0);
    for lane in lanes {
        let mut pieces: Vec<Option<usize>> = vec![None; width * PIECES];
        // In order, so that a wait is drawn over the task that it is part of.
        for stretch in lane {
            let from = place(stretch.from_s) as usize;
            let to = (place(stretch.to_s.unwrap_or(clock_s)) as usize).max(from.saturating_add(1)).min(pieces.len());
            let kind = KINDS.iter().position(|kind| *kind == stretch.doing);
            pieces.get_mut(from..to).into_iter().for_each(|pieces| pieces.fill(kind));
        }
        for (count, pieces) in counts.iter_mut().zip(pieces.chunks(PIECES)) {
            pieces.iter().flatten().for_each(|&kind| count[kind] += 1);
        }
    }
    let most = |count: &[u32; KINDS.len()]| {
        // On a tie, the one further down the legend: it is rarer.
        let most = count.iter().zip(KINDS).filter(|(count, _)| **count > 0).max_by_key(|(count, _)| **count);
        most.map(|(_, kind)| kind)
    };
    counts.iter().map(most).collect()
}

/// The smallest round number from this one up: an axis that ends there doesn't change with every frame.
pub fn round_up(number: f64) -> f64 {
    round_up_to(&[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0], number)
}

/// The same with these round numbers from 1 to 10.
pub fn round_up_to(steps: &[f64], number: f64) -> f64 {
    if !(number.is_normal() && number > 0.0) {
        return 1.0;
    }
    let power = 10_f64.powf(number.log10().floor());
    steps.iter().map(|step| step * power).find(|round| *round >= number).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stretch(doing: Activity, from_s: f64, to_s: Option<f64>) -> Stretch {
        Stretch { doing, from_s, to_s }
    }

    fn shown(lanes: &[Vec<Stretch>], clock_s: f64, axis_s: f64, width: usize) -> String {
        row(lanes.iter(), clock_s, axis_s, width)
            .into_iter()
            .map(|doing| doing.map_or(" ", |doing| look(doing).0))
            .collect()
    }

    #[test]
    fn each_character_shows_what_most_of_it_was() {
        let lane = vec![
            stretch(Activity::Run, 0.0, Some(2.0)),
            stretch(Activity::WaitServer, 2.0, Some(5.0)),
            stretch(Activity::WaitLink, 5.0, Some(6.0)),
            stretch(Activity::WaitLock, 7.0, None),
        ];
        assert_eq!(shown(&[lane], 9.0, 10.0, 10), "▇▇───═ ╳╳ ");
    }

    #[test]
    fn a_wait_lies_over_its_task_and_the_shortest_task_is_seen() {
        let whole = vec![stretch(Activity::Run, 0.0, Some(4.0)), stretch(Activity::WaitServer, 1.0, Some(3.0))];
        assert_eq!(shown(&[whole], 4.0, 4.0, 4), "▇──▇");
        assert_eq!(shown(&[vec![stretch(Activity::Run, 2.5, Some(2.500_001))]], 4.0, 4.0, 4), "  ▇ ");
    }

    #[test]
    fn lanes_that_are_merged_show_what_most_of_them_do() {
        let wait = vec![stretch(Activity::WaitServer, 0.0, Some(2.0))];
        let run = vec![stretch(Activity::Run, 0.0, Some(4.0))];
        assert_eq!(shown(&[wait.clone(), wait, run, Vec::new()], 4.0, 4.0, 4), "──▇▇");
    }

    #[test]
    fn an_axis_ends_at_a_round_number() {
        for (number, round) in [(0.0, 1.0), (f64::NAN, 1.0), (0.42, 0.5), (0.11, 0.15), (7.0, 8.0), (95.0, 100.0)] {
            assert!((round_up(number) - round).abs() < 1e-9, "{number}: {}", round_up(number));
        }
    }

    proptest! {
        #[test]
        fn any_times_at_all_make_a_row(
            times in prop::collection::vec((any::<f64>(), prop::option::of(any::<f64>())), 0..20),
            clock_s: f64,
            axis_s: f64,
            width in 0_usize..40,
        ) {
            let lane: Vec<_> = times.into_iter().map(|(from_s, to_s)| stretch(Activity::Run, from_s, to_s)).collect();
            prop_assert_eq!(row([lane].iter(), clock_s, axis_s, width).len(), width);
        }
    }
}
