//! The line charts of a group: speedup against workers, or time against workers.

use crate::{
    scenario::{
        group::{Cell, Group},
        words,
    },
    svg::{
        chart::{self, Caption},
        lines::{Axis, Plot, Point, Published, Reference, Series},
        palette,
        scale::{decade_ticks, doubling_ticks, round_ticks},
    },
};
use maud::{Markup, html};
use stats::{ceiling::quantised_ceiling, serial_fraction::amdahl};
use support::figures::{TimeUnit, interval, plain, ratio, time};

/// A wider range than this is drawn on a logarithmic axis: on a linear one the smaller figures would coincide.
const WIDE_RANGE: f64 = 5.0;

/// What is drawn in addition to the measured lines.
#[derive(Default)]
pub(crate) struct Beside {
    /// Published figures.
    pub(crate) published: Vec<Published>,
    /// Amdahl's law: its serial fraction, and the number of workers up to which it is drawn.
    pub(crate) law: Option<(f64, u32)>,
}

/// Speedup or time, by a switch that works without a script; the time where there is no speedup. `id` is unique on the
/// page.
pub(crate) fn either(group: &Group, cores: u32, id: &str, scale_note: &str) -> Markup {
    let (speedups, times) = (speedups(group, cores, id), times(group, cores, id, scale_note));
    if speedups.0.is_empty() {
        return times;
    }
    html! {
        fieldset class="either" {
            legend { "Against the number of workers" }
            @for (place, what) in ["speedup", "time"].into_iter().enumerate() {
                label { input type="radio" name={ (id) "-either" } checked[place == 0]; (what) }
            }
            (speedups) (times)
        }
    }
}

/// Speedup over the baseline against workers. Empty if no cell has a speedup.
pub(crate) fn speedups(group: &Group, cores: u32, id: &str) -> Markup {
    speedups_beside(group, cores, id, Beside::default(), &words::speedup_caption(group))
}

/// The same with additional figures.
pub(crate) fn speedups_beside(group: &Group, cores: u32, id: &str, beside: Beside, caption: &Markup) -> Markup {
    let series = series(group, |cell| {
        let speedup = cell.speedup()?;
        Some((speedup.estimate, Some((speedup.low, speedup.high)), Vec::new(), words::speedup_tip(cell)))
    });
    if series.is_empty() {
        return html! {};
    }
    let most = most_workers(&series);
    let Beside { published, law } = beside;
    let most = published.iter().map(|published| f64::from(published.across)).fold(most, f64::max);
    let mut references = vec![
        Reference { label: group.against(), class: "baseline", corners: vec![(1.0, 1.0), (most, 1.0)] },
        Reference { label: "ceiling".into(), class: "ceiling", corners: staircase(group.tasks(), most, |n| n) },
        Reference { label: "ideal".into(), class: "ideal", corners: vec![(1.0, 1.0), (most, most)] },
    ];
    references.truncate(if group.is_over_one_worker() { 3 } else { 1 });
    references.extend(law.map(|(serial, most)| Reference {
        label: "Amdahl's law".into(),
        class: "law",
        corners: (1..=most).map(|workers| (f64::from(workers), amdahl(serial, workers))).collect(),
    }));
    let (low, high) = extent(&series, &references);
    let printed = || published.iter().map(|published| published.value);
    let axis = speedup_axis(&group.against(), (printed().fold(low, f64::min), printed().fold(high, f64::max)));
    let plot = Plot { series, references, published, axis, across: "workers", cores: Some(cores) };
    let words = Caption {
        id: format!("{id}-speedup"),
        title: format!("Speedup over {} against the number of workers", group.against()),
        description: words::speedups_described(group),
    };
    chart::figure(&words, caption, |rendition| plot.draw(rendition))
}

/// Median time against workers.
pub(crate) fn times(group: &Group, cores: u32, id: &str, scale_note: &str) -> Markup {
    let series = series(group, |cell| {
        let measured = cell.time?;
        Some((measured.median, measured.interval, cell.record.timed_s(), words::time_tip(cell)))
    });
    if series.is_empty() {
        return html! {};
    }
    let most = most_workers(&series);
    let references = group.baseline().and_then(|cell| cell.time).map_or(Vec::new(), |baseline| {
        let one = baseline.median;
        let mut all = vec![
            Reference { label: group.against(), class: "baseline", corners: vec![(1.0, one), (most, one)] },
            Reference { label: "floor".into(), class: "ceiling", corners: staircase(group.tasks(), most, |n| one / n) },
            Reference { label: "ideal".into(), class: "ideal", corners: hyperbola(one, most) },
        ];
        all.truncate(if group.is_over_one_worker() { 3 } else { 1 });
        all
    });
    let axis = time_axis(extent(&series, &references), scale_note);
    let plot = Plot { series, references, published: Vec::new(), axis, across: "workers", cores: Some(cores) };
    let words = Caption {
        id: format!("{id}-time"),
        title: "Time against the number of workers".into(),
        description: words::times_described(group),
    };
    chart::figure(&words, &words::time_caption(group), |rendition| plot.draw(rendition))
}

fn speedup_axis(against: &str, (low, high): (f64, f64)) -> Axis {
    let (ends, doublings, scale) = ends(low, high);
    let ticks = if doublings { doubling_ticks(low, high, 8) } else { round_ticks(0.0, ends.1, 6) };
    let text = |tick: f64| (ends.0..=ends.1).contains(&tick).then(|| (tick, format!("{}×", plain(tick))));
    let ticks = ticks.into_iter().filter_map(text).collect();
    Axis { title: format!("times as fast as {against}"), scale, ends, doublings, ticks }
}

fn time_axis((low, high): (f64, f64), note: &str) -> Axis {
    let unit = TimeUnit::of(high);
    let (ends, doublings, scale) = ends(low, high);
    let (from, to) = (ends.0 * unit.per_second, ends.1 * unit.per_second);
    let ticks = if doublings { decade_ticks(from, to, 9) } else { round_ticks(0.0, to, 7) };
    let text = |tick: f64| (tick / unit.per_second, plain(tick));
    let ticks = ticks.into_iter().map(text).collect();
    Axis { title: format!("{}{note}", unit.long), scale, ends, doublings, ticks }
}

/// The ends of an axis for these figures, whether it is logarithmic, and the note that says so.
pub(crate) fn ends(low: f64, high: f64) -> ((f64, f64), bool, &'static str) {
    if high / low > WIDE_RANGE {
        ((low / 1.1, high * 1.1), true, "every doubling the same height")
    } else {
        ((0.0, high * 1.1), false, "from zero")
    }
}

/// What a chart shows of a cell: the figure, its interval, that of each round, and the first two in words.
type ShownCurve = (f64, Option<(f64, f64)>, Vec<f64>, String);

fn series(group: &Group, shown: impl Fn(&Cell) -> Option<ShownCurve>) -> Vec<Series> {
    let point = |cell: &Cell| {
        let (value, interval, rounds, tip) = shown(cell)?;
        Some(Point { across: cell.record.workers().max(1), value, interval, rounds, tip })
    };
    let all = group.series().into_iter().filter_map(|(label, cells)| {
        let points: Vec<Point> = cells.iter().filter_map(|cell| point(cell)).collect();
        let look = palette::of(&cells.first()?.record.spec.strategy);
        (!points.is_empty()).then(|| Series { look, label: label.to_owned(), points })
    });
    all.collect()
}

fn most_workers(series: &[Series]) -> f64 {
    let most = series.iter().flat_map(|series| &series.points).map(|point| point.across).max();
    f64::from(most.unwrap_or(1).max(2))
}

/// The smallest and the largest figure drawn, including intervals, rounds and references.
pub(crate) fn extent(series: &[Series], references: &[Reference]) -> (f64, f64) {
    let points = series.iter().flat_map(|series| &series.points);
    let measured = points.flat_map(|point| {
        let (low, high) = point.interval.unwrap_or((point.value, point.value));
        [low.min(point.value), high.max(point.value)]
            .into_iter()
            .chain(point.rounds.iter().copied())
            .collect::<Vec<_>>()
    });
    let compared = references.iter().flat_map(|reference| &reference.corners).map(|(_, value)| *value);
    let above_zero = measured.chain(compared).filter(|value| *value > 0.0 && value.is_finite());
    above_zero.fold((f64::MAX, f64::MIN_POSITIVE), |(low, high), value| (low.min(value), high.max(value)))
}

/// The ceiling n / ceil(n / N) for every N up to `most`, corner by corner.
fn staircase(tasks: u32, most: f64, figure: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let mut corners: Vec<(f64, f64)> = Vec::new();
    for workers in 1..=most as u32 {
        let Some(ceiling) = quantised_ceiling(tasks, workers) else { continue };
        let value = figure(ceiling);
        let before = corners.last().map(|(_, before)| *before);
        if before.is_none_or(|before| (before - value).abs() > 1e-12) {
            corners.extend(before.map(|before| (f64::from(workers), before)));
            corners.push((f64::from(workers), value));
        }
    }
    corners.extend(corners.last().map(|(_, value)| (most, *value)).into_iter().collect::<Vec<_>>());
    corners
}

/// 1/N, with enough corners to look smooth on a linear axis too.
fn hyperbola(one: f64, most: f64) -> Vec<(f64, f64)> {
    (0..=40).map(|step| most.powf(f64::from(step) / 40.0)).map(|workers| (workers, one / workers)).collect()
}

/// A speedup in words: `4.91 times as fast (4.85–4.97)`.
pub(crate) fn in_words(speedup: stats::Estimate) -> String {
    format!("{} times as fast ({})", ratio(speedup.estimate), interval(speedup.low, speedup.high))
}

/// A time in words: `1.81 s (1.80 s–1.83 s)`.
pub(crate) fn time_in_words(measured: crate::scenario::group::Time) -> String {
    let between = measured.interval.map_or(String::new(), |(low, high)| format!(" ({}–{})", time(low), time(high)));
    format!("{}{between}", time(measured.median))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_is_a_staircase_that_16_workers_climb_no_higher_than_15() {
        let corners = staircase(30, 30.0, |n| n);
        assert_eq!(corners[0], (1.0, 1.0));
        assert!(corners.contains(&(15.0, 15.0)) && corners.contains(&(30.0, 15.0)));
        assert!(!corners.iter().any(|(workers, _)| (15.5..16.5).contains(workers)));
        assert_eq!(corners.last(), Some(&(30.0, 30.0)));
    }

    #[test]
    fn a_narrow_range_of_times_starts_at_zero_and_a_wide_one_counts_doublings() {
        let narrow = time_axis((0.5, 1.0), "");
        assert!(!narrow.doublings && narrow.ends.0 == 0.0);
        let wide = time_axis((0.05, 1.0), "");
        assert!(wide.doublings && wide.ends.0 > 0.0 && wide.ticks.len() >= 3);
    }
}
