//! The timeline, the heart of the page: what each worker did, strategy below strategy, on one time axis.
//!
//! One lane per worker, one bar per task. A bar is hollow where its task waited, in a tone and a pattern for what it
//! waited for, and solid where it ran; a cross marks a task that ended in an error. Below the lanes of a queue's
//! workers is the queue's backlog; lanes of workers on other hosts have the host's name beside them. Sequential is at
//! the top, so that the time saved by the others is visible.

use crate::{
    scenario::{
        bars::{self, Bar},
        depth::Depth,
        group::{Cell, Group},
        remote_workers, words,
    },
    svg::{
        chart::{self, Caption, Drawing, Rendition, line, marker, text},
        labels,
        palette::{self, Marker},
        scale::{Scale, round_ticks},
        waits::{self, Shares, WAITS},
    },
};
use harness::{
    results::record::{Round, Timeline},
    scenario::Phase,
};
use maud::{Markup, html};
use stats::ranking::Place;
use support::{
    figures::{TimeUnit, count, plain, px, time},
    words::capital,
};
use work::{
    queue::outage::Outage,
    worker::lane::{Activity, Span},
};

/// More workers than this share lanes: thinner lanes can't be seen.
const MOST_LANES: u32 = 40;
/// Shorter bars than this, in units of the drawing, are merged.
const LEAST_BAR: f64 = 2.5;
/// A stretch of a smaller part of the timeline than this shows no tone: about a pixel.
const NARROWEST: f64 = 1.0 / 500.0;
/// The hollow share of the height of a bar whose tasks did nothing but wait.
const HOLLOW: f64 = 0.7;
/// The height of the backlog area, and the gap above it.
const DEPTH: (f64, f64) = (34.0, 8.0);
/// The space around lanes for the line of the makespan and for crosses.
const MARGIN: f64 = 3.0;

/// One strategy's lanes.
struct TimelineRow<'a> {
    cell: &'a Cell<'a>,
    /// Texts beside its name.
    beside: Vec<String>,
    lanes: Vec<Vec<Bar>>,
    /// The queue's backlog; `None` if there is no queue.
    depth: Option<Depth>,
    /// The hosts of lanes on other machines.
    hosts: Vec<remote_workers::NeighbouringLanes>,
    /// Outages of the queue.
    outages: &'a [Outage],
    /// The axis' zero: when the timer started.
    zero_ns: f64,
    /// Seconds from zero to the run's start, to its end, and to the timer's end.
    run_from: f64,
    run_to: f64,
    total: f64,
}

/// The timeline of a group. Empty if no cell has spans.
pub(crate) fn timeline(group: &Group, id: &str, scale_note: &str, most_bars: usize) -> Markup {
    let best = group.best().map(|(best, _)| best);
    let beside = |cell: &Cell| {
        let is_best = best.is_some_and(|best| std::ptr::eq(best, cell));
        let shown = if cell.place.is_some_and(Place::leads) { "fastest" } else { "shortest time" };
        let fastest = is_best.then(|| shown.into());
        cell.schedule_told().into_iter().chain(fastest).collect()
    };
    let rows: Vec<TimelineRow> =
        chosen(group).into_iter().filter_map(|cell| TimelineRow::of(cell, beside(cell))).collect();
    let about = |by_server| words::timeline_caption(group, by_server);
    picture(&rows, id, &about, scale_note, most_bars)
}

/// The lanes of these cells, each with the texts beside its name. Empty if none has spans.
pub(crate) fn lanes_of(
    cells: &[(Cell, Vec<String>)],
    id: &str,
    about: &Markup,
    scale_note: &str,
    most_bars: usize,
) -> Markup {
    let rows: Vec<TimelineRow> =
        cells.iter().filter_map(|(cell, beside)| TimelineRow::of(cell, beside.clone())).collect();
    picture(&rows, id, &|_| about.clone(), scale_note, most_bars)
}

/// `about` gets whether the waits come from the server's log. More bars than `most_bars` are merged further, which
/// bounds the page's size, whatever the number of tasks.
fn picture(
    rows: &[TimelineRow],
    id: &str,
    about: &dyn Fn(bool) -> Markup,
    scale_note: &str,
    most_bars: usize,
) -> Markup {
    if rows.is_empty() {
        return html! {};
    }
    let words = Caption {
        id: format!("{id}-timeline"),
        title: "What each worker did, on one axis of time".into(),
        description: rows.iter().map(TimelineRow::described).collect::<Vec<_>>().join(" "),
    };
    let caption = html! {
        (about(rows.iter().any(|row| row.waits(Activity::WaitServer)))) " "
        @if rows.iter().any(|row| row.depth.is_some()) {
            "The area below a queue's lanes shows its backlog over time. "
        }
        @if rows.iter().any(|row| row.cell.record.workers() > MOST_LANES) {
            "Where there are more than " (MOST_LANES) " workers, several share a lane. "
        }
        (legend(rows))
    };
    chart::figure(&words, &caption, |rendition| draw(rows, rendition, scale_note, most_bars))
}

/// The cells to draw: the baseline, each line's cell at one number of workers that all lines have, and the fastest cell
/// if it is none of these.
fn chosen<'a>(group: &'a Group<'a>) -> Vec<&'a Cell<'a>> {
    let telling = telling_workers(group);
    let mut cells: Vec<&Cell> = group.baseline().into_iter().collect();
    for (_, line) in group.series() {
        let nearest = line.iter().min_by_key(|cell| cell.record.workers().abs_diff(telling));
        cells.extend(nearest);
    }
    // The answer names the fastest cell, so readers look for it here, however small its lead.
    let best = group.best().filter(|(best, _)| !cells.iter().any(|cell| std::ptr::eq(*cell, *best)));
    cells.extend(best.map(|(best, _)| best));
    cells
}

/// The most telling number of workers: the fewest that come within a tenth of the best speedup of up to eight workers.
/// More lanes would show the same makespan; more than eight are hard to see.
fn telling_workers(group: &Group) -> u32 {
    let speedups: Vec<(u32, f64)> =
        group.contenders().filter_map(|cell| Some((cell.record.workers(), cell.speedup()?.estimate))).collect();
    let few = speedups.iter().filter(|(workers, _)| *workers <= 8);
    let best = few.clone().map(|(_, speedup)| *speedup).fold(0.0, f64::max);
    few.filter(|(_, speedup)| *speedup >= 0.9 * best).map(|(workers, _)| *workers).min().unwrap_or(8)
}

impl<'a> TimelineRow<'a> {
    fn of(cell: &'a Cell<'a>, beside: Vec<String>) -> Option<Self> {
        let Timeline { round, start_ns, end_ns, spans, failed, elsewhere, outages } = cell.record.timeline.as_ref()?;
        let phase = |phase: Phase, seconds: fn(&Round) -> f64| {
            let timed = cell.record.timed.contains(&phase);
            cell.record.rounds.get(*round as usize).map(seconds).filter(|_| timed).unwrap_or(0.0).max(0.0)
        };
        let run_from = phase(Phase::Start, |round| round.start_s);
        let run_to = run_from + end_ns.saturating_sub(*start_ns) as f64 / 1e9;
        let highest = spans.iter().map(|span| span.worker + 1).max().unwrap_or(1);
        let workers = cell.record.workers().max(highest);
        let lanes = workers.min(MOST_LANES) as usize;
        Some(Self {
            cell,
            beside,
            lanes: bars::lanes(spans, failed, workers, lanes),
            depth: Depth::of(spans),
            hosts: remote_workers::lanes(elsewhere, workers, lanes),
            outages,
            zero_ns: *start_ns as f64 - run_from * 1e9,
            run_from,
            run_to,
            total: run_to + phase(Phase::Stop, |round| round.stop_s),
        })
    }

    /// Seconds on the axis.
    fn seconds(&self, ns: u64) -> f64 {
        (ns as f64 - self.zero_ns) / 1e9
    }

    /// The height of the lanes alone.
    fn lanes_height(&self) -> f64 {
        self.lanes.len() as f64 * self.pitch()
    }

    /// The height of the lanes and everything below them.
    fn height(&self, rendition: &Rendition) -> f64 {
        self.lanes_height() + self.depth.as_ref().map_or(0.0, |_| DEPTH.0 + depth_gap(rendition))
    }

    /// The distance between lanes. The more lanes, the thinner, so that every strategy gets its share of the chart.
    fn pitch(&self) -> f64 {
        match self.lanes.len() {
            1 => 30.0,
            // A host's name must fit beside a single lane.
            few if few <= 10 && !self.hosts.is_empty() => 24.0,
            several => (68.0 / several as f64).clamp(2.4, 22.0),
        }
    }

    fn described(&self) -> String {
        let shares = Shares::of(self.cell.record).and_then(|shares| shares.in_words());
        let shares = shares.map(|shares| format!("; of the workers' time {shares}")).unwrap_or_default();
        let depth = self.depth.as_ref().map(|depth| format!("; {}", depth.in_words())).unwrap_or_default();
        let timeline = self.cell.record.timeline.as_ref();
        let elsewhere = timeline.map(|timeline| remote_workers::in_words(&timeline.elsewhere)).unwrap_or_default();
        let away = if self.outages.is_empty() {
            String::new()
        } else {
            format!("; the queue gave no answer for {}", time(Outage::total_s(self.outages)))
        };
        format!("{}: {}{shares}{depth}{away}{elsewhere}.", capital(&self.cell.who()), time(self.total))
    }

    /// Whether any task waited in this way.
    fn waits(&self, kind: Activity) -> bool {
        let bars = || self.lanes.iter().flatten();
        waits::place(kind).is_some_and(|kind| bars().any(|bar| self.can_be_seen(bar.waits_ns[kind])))
    }

    /// Whether a stretch this long is wide enough to show its tone.
    fn can_be_seen(&self, ns: u64) -> bool {
        ns as f64 / 1e9 > NARROWEST * self.total
    }

    /// The name before the lanes, and a second line if needed.
    fn names(&self) -> (String, Option<String>) {
        let record = self.cell.record;
        let workers = self.cell.workers();
        let (name, more) = match record.spec.strategy.as_str() {
            "sequential" => (self.cell.label.clone(), None),
            "threads" | "processes" => (workers, None),
            _ => (palette::label(&record.spec.strategy), Some(workers)),
        };
        let more: Vec<String> = more.into_iter().chain(self.beside.iter().cloned()).collect();
        (name, (!more.is_empty()).then(|| more.join(", ")))
    }

    /// The width of other hosts' names beside the lanes.
    fn hosts_width(&self, font: f64) -> f64 {
        self.hosts.iter().map(|lanes| labels::width(&lanes.label(), font, false) + font).fold(0.0, f64::max)
    }

    fn value(&self) -> String {
        match self.cell.record.task_errors() {
            0 => time(self.total),
            errors => format!("{} ({})", time(self.total), count(errors as usize, "error")),
        }
    }
}

/// The gap between the lanes and the area below them. On a narrow page it contains the area's label.
fn depth_gap(rendition: &Rendition) -> f64 {
    if rendition.is_narrow() { DEPTH.1 + 1.5 * rendition.font } else { DEPTH.1 }
}

/// Where the lanes begin: after the names, if those are beside the lanes, and after the hosts' names.
fn left(rows: &[TimelineRow], rendition: &Rendition) -> f64 {
    let font = rendition.font;
    let hosts = rows.iter().map(|row| row.hosts_width(font)).fold(0.0, f64::max);
    if rendition.is_narrow() {
        return hosts + 1.0;
    }
    let texts = rows.iter().flat_map(|row| [Some(row.names().0), row.names().1]).flatten();
    let names = texts.map(|text| labels::width(&text, font, true));
    let depths = rows.iter().filter_map(|row| Some(labels::width(&row.depth.as_ref()?.label(), font, false)));
    names.map(|width| hosts + width).chain(depths).fold(0.0, f64::max) + font
}

fn draw(rows: &[TimelineRow], rendition: &Rendition, scale_note: &str, most_bars: usize) -> Drawing {
    let font = rendition.font;
    let left = left(rows, rendition);
    let longest = rows.iter().map(|row| row.total).fold(f64::MIN_POSITIVE, f64::max);
    let value_of = |row: &TimelineRow| labels::width(&row.value(), font, true) + font;
    // Every value must fit after its own row; the widest decides where the axis ends.
    let right = rows
        .iter()
        .map(|row| left + (rendition.width - value_of(row) - left) * (longest / row.total.max(longest / 100.0)))
        .fold(rendition.width - 1.0, f64::min);
    let x = Scale::linear((0.0, longest), (left, right));

    let above = if rendition.is_narrow() { 1.8 * font } else { 0.0 };
    let mut tops = Vec::new();
    let mut bottom = 0.3 * font;
    for row in rows {
        let own = row.height(rendition);
        let height = own.max(if rendition.is_narrow() { 0.0 } else { 1.7 * font });
        tops.push(bottom + above + (height - own) / 2.0);
        bottom += above + height + 0.8 * font;
    }
    let unit = TimeUnit::of(longest);
    let ticks = round_ticks(0.0, longest * unit.per_second, if rendition.is_narrow() { 5 } else { 10 });
    let most_bars = most_bars / rows.len();
    let body = html! {
        g class="time-axis" {
            @for tick in ticks {
                @let place = x.at(tick / unit.per_second);
                (line("grid", (place, 0.0), (place, bottom)))
                (text(place, bottom + 0.8 * font, if tick == 0.0 && rendition.is_narrow() { "start" } else { "middle" }, "muted", &plain(tick)))
            }
        }
        (text(left, bottom + 2.2 * font, "start", "muted", &format!("{}{scale_note}", unit.long)))
        @for (row, top) in rows.iter().zip(tops) {
            g class={ "series s-" (palette::of(&row.cell.record.spec.strategy).strategy) } {
                (title(row, top, left, rendition))
                (hosts_beside(row, top, left, font))
                (depth_label(row, top, left, rendition))
                // A drawing of its own, so that the script can stretch it.
                @let (above, height) = (top - MARGIN, row.height(rendition) + 2.0 * MARGIN);
                svg class="lanes" x=(px(left)) y=(px(above)) width=(px(right + MARGIN - left)) height=(px(height))
                    viewBox={ (px(left)) " " (px(above)) " " (px(right + MARGIN - left)) " " (px(height)) } preserveAspectRatio="none" {
                    (phases(row, top, &x))
                    (lanes(row, top, &x, longest, most_bars))
                    (outages(row, top, &x))
                    (depth(row, top, &x, rendition))
                    (makespan_line(row, top, &x, rendition))
                }
                (makespan(row, top, &x, rendition))
            }
        }
    };
    let longest = longest * unit.per_second * (right + MARGIN - left) / (right - left);
    let axis = [left, right + MARGIN, longest, bottom].map(precise).join(" ");
    Drawing { height: bottom + 3.0 * font, body, axis: Some(axis) }
}

/// A number that a script reads.
fn precise(number: f64) -> String {
    format!("{number:.6}")
}

fn title(row: &TimelineRow, top: f64, left: f64, rendition: &Rendition) -> Markup {
    let (name, workers) = row.names();
    let font = rendition.font;
    if rendition.is_narrow() {
        let both = workers.map_or(name.clone(), |workers| format!("{name}, {workers}"));
        return text(1.0, top - 0.85 * font, "start", "name", &both);
    }
    let (x, middle) = (left - row.hosts_width(font) - 0.7 * font, top + row.lanes_height() / 2.0);
    match workers {
        None => text(x, middle, "end", "name", &name),
        Some(workers) => html! {
            (text(x, middle - 0.6 * font, "end", "name", &name))
            (text(x, middle + 0.6 * font, "end", "ink", &workers))
        },
    }
}

/// The names of other hosts, each beside its lanes.
fn hosts_beside(row: &TimelineRow, top: f64, left: f64, font: f64) -> Markup {
    let y = |lane: usize| top + lane as f64 * row.pitch();
    html! {
        @for lanes in &row.hosts {
            @let (from, to) = (y(lanes.first) + 2.0, y(lanes.last + 1) - 2.0);
            (line("tick", (left - 0.3 * font, from), (left - 0.3 * font, to)))
            @if to - from > 0.8 * font { (text(left - 0.6 * font, f64::midpoint(from, to), "end", "muted", &lanes.label())) }
        }
    }
}

/// The name of the backlog.
fn depth_label(row: &TimelineRow, top: f64, left: f64, rendition: &Rendition) -> Markup {
    let Some(depth) = &row.depth else { return html! {} };
    let font = rendition.font;
    let from = top + row.lanes_height() + depth_gap(rendition);
    if rendition.is_narrow() {
        text(1.0, from - 0.8 * font, "start", "ink", &depth.label())
    } else {
        text(left - 0.7 * font, from + DEPTH.0 / 2.0, "end", "ink", &depth.label())
    }
}

/// The queue's backlog over time.
fn depth(row: &TimelineRow, top: f64, x: &Scale, rendition: &Rendition) -> Markup {
    let Some(depth) = &row.depth else { return html! {} };
    let from = top + row.lanes_height() + depth_gap(rendition);
    html! {
        (depth.draw(|ns| x.at(row.seconds(ns)), (from, from + DEPTH.0), (x.at(row.run_from), x.at(row.run_to))))
    }
}

/// Starting and stopping the workers, if the timer includes them.
fn phases(row: &TimelineRow, top: f64, x: &Scale) -> Markup {
    let stretches = [("starting the workers", 0.0, row.run_from), ("stopping the workers", row.run_to, row.total)];
    html! {
        @for (what, from, to) in stretches.into_iter().filter(|(_, from, to)| to > from) {
            @let (start, end) = (x.at(from), x.at(to));
            g class="mark" {
                title { (what) ": " (time(to - from)) }
                rect class="phase" x=(px(start)) y=(px(top)) width=(px((end - start).max(1.0))) height=(px(row.lanes_height())) {}
            }
        }
    }
}

/// Frames across the lanes for the queue's outages.
fn outages(row: &TimelineRow, top: f64, x: &Scale) -> Markup {
    html! {
        @for outage in row.outages {
            @let (start, end) = (row.seconds(outage.start_ns).max(0.0), row.seconds(outage.end_ns).min(row.total));
            @if end >= start {
                g class="mark" {
                    title { (outage_tip(outage, end - start)) }
                    rect class="outage" x=(px(x.at(start))) y=(px(top)) width=(px((x.at(end) - x.at(start)).max(1.0))) height=(px(row.lanes_height())) {}
                }
            }
        }
    }
}

fn outage_tip(outage: &Outage, seconds: f64) -> String {
    let whose = outage.worker.map_or("the run".into(), |worker| format!("worker {worker}"));
    format!("the queue gave {whose} no answer for {}: {}", time(seconds), outage.cause)
}

fn lanes(row: &TimelineRow, top: f64, x: &Scale, longest: f64, most_bars: usize) -> Markup {
    let units_per_second = (x.at(longest) - x.at(0.0)) / longest;
    let least_ns = (LEAST_BAR / units_per_second * 1e9) as u64;
    let lanes = bars::merge_all(&row.lanes, least_ns, most_bars);
    let pitch = row.pitch();
    // Thin lanes have no gaps: those would be narrower than a pixel, and a pattern of their own.
    let thickness = if pitch > 6.0 {
        pitch - 2.0
    } else if pitch > 4.0 {
        pitch * 0.78
    } else {
        pitch
    };
    html! {
        @for (number, lane) in lanes.iter().enumerate() {
            @let y = top + number as f64 * pitch + (pitch - thickness) / 2.0;
            @for (rank, bar) in lane.iter().enumerate() {
                (draw_bar(row, bar, (rank, number), y, thickness, x))
            }
        }
    }
}

fn draw_bar(row: &TimelineRow, bar: &Bar, (rank, lane): (usize, usize), y: f64, thickness: f64, x: &Scale) -> Markup {
    let odd = (rank + lane) % 2 == 1;
    let (start, end) = (x.at(row.seconds(bar.start_ns)), x.at(row.seconds(bar.end_ns)));
    // A narrow gap between neighbours, if there is room for it.
    let width = (end - start - if end - start > 4.0 { 1.2 } else { 0.0 }).max(0.6);
    let class = match (bar.tasks, odd) {
        (0, _) => "bar prologue",
        (1, true) => "bar odd",
        _ => "bar",
    };
    let round = (thickness / 5.0).min(3.0).min(width / 3.0);
    html! {
        g class="mark" {
            title { (bar_tip(row, bar, lane)) }
            rect class=(class) x=(px(start)) y=(px(y)) width=(px(width)) height=(px(thickness)) rx=(px(round)) {}
            @for hollow in hollows(row, bar, x, (start, width), thickness) { (hollow.draw(y, thickness)) }
            @if bar.failed > 0 { (cross((start + width / 2.0, y + thickness / 2.0), thickness)) }
        }
    }
}

/// The cross on a failed task. It may be wider than its bar, so that no failure is invisible.
fn cross((x, y): (f64, f64), thickness: f64) -> Markup {
    html! { g class="fault" transform={ "rotate(45 " (px(x)) " " (px(y)) ")" } { (marker(Marker::Cross, (x, y), (thickness * 0.4).clamp(2.5, 6.0))) } }
}

/// A part of a bar that shows waiting.
struct Hollow {
    class: &'static str,
    /// Start and length, in units of the drawing.
    from: f64,
    length: f64,
    /// Top and height, as shares of the bar's height.
    top: f64,
    height: f64,
}

impl Hollow {
    /// A thick line instead of a rectangle, because lines can be striped, and stripes can be told apart in grey.
    fn draw(&self, y: f64, thickness: f64) -> Markup {
        let middle = y + thickness * (self.top + self.height / 2.0);
        let (from, to) = (px(self.from), px(self.from + self.length));
        html! {
            line class={ "wait " (self.class) } x1=(from) x2=(to) y1=(px(middle)) y2=(px(middle)) stroke-width=(px((thickness * self.height).max(0.1))) {}
        }
    }
}

/// The hollow parts of a bar. A single task's bar is hollow where the task waited; a bar for several tasks is hollow in
/// proportion to their average waiting, with one layer for each kind.
fn hollows(row: &TimelineRow, bar: &Bar, x: &Scale, (start, width): (f64, f64), thickness: f64) -> Vec<Hollow> {
    if bar.tasks <= 1 && !bar.waits.is_empty() {
        let edge = (width * 0.12).min(1.5);
        let place = |ns| x.at(row.seconds(ns)).clamp(start + edge, start + width - edge);
        let hollow = |wait: &Span| {
            let (from, to) = (place(wait.start_ns), place(wait.end_ns));
            let kind = &WAITS[waits::place(wait.kind)?];
            let (class, height) = (kind.class, if thickness < 4.0 { 1.0 } else { kind.height });
            Some(Hollow { class, from, length: to - from, top: (1.0 - height) / 2.0, height })
        };
        return bar.waits.iter().filter_map(hollow).filter(|hollow| hollow.length > 0.2).collect();
    }
    let share = |kind: usize| (bar.waits_ns[kind] as f64 / bar.busy_ns.max(1) as f64).min(1.0);
    let layers: Vec<usize> = (0..WAITS.len()).filter(|&kind| share(kind) >= 0.02).collect();
    let mut top = (1.0 - HOLLOW * layers.iter().map(|&kind| share(kind)).sum::<f64>()) / 2.0;
    let layer = |kind: usize| {
        let height = HOLLOW * share(kind);
        top += height;
        Hollow { class: WAITS[kind].class, from: start, length: width, top: top - height, height }
    };
    layers.into_iter().map(layer).collect()
}

/// A bar's tooltip: its task and worker, when it began and ended, and what it waited for.
fn bar_tip(row: &TimelineRow, bar: &Bar, lane: usize) -> String {
    let seconds = |ns: u64| time(ns as f64 / 1e9);
    let running_ns = bar.busy_ns.saturating_sub(bar.waits_ns.iter().sum());
    let waits = WAITS.iter().zip(bar.waits_ns).map(|(wait, ns)| (wait.name, ns)).filter(|(_, ns)| *ns > 0);
    let parts = waits.map(|(name, ns)| format!("{name} {}", seconds(ns))).collect::<Vec<_>>().join(", ");
    let times = if parts.is_empty() { parts } else { format!(": {parts}, running {}", seconds(running_ns)) };
    let what = match (bar.tasks, bar.range) {
        (0, _) | (_, None) => "prologue".into(),
        (1, Some((index, _))) => format!("task {index}"),
        (tasks, Some((low, high))) if tasks == (high - low) as usize + 1 => format!("tasks {low} to {high}"),
        (tasks, Some((low, high))) => format!("{tasks} of the tasks {low} to {high}"),
    };
    // Several workers may share a lane.
    let worker =
        if row.cell.record.workers() as usize > row.lanes.len() { String::new() } else { format!(", worker {lane}") };
    let (from, to) = (row.seconds(bar.start_ns), row.seconds(bar.end_ns));
    let when = format!("{} to {}", time(from.max(0.0)), time(to));
    let busy = if bar.tasks > 1 { format!("{} in all", seconds(bar.busy_ns)) } else { seconds(bar.busy_ns) };
    let errors = match (bar.tasks, bar.failed) {
        (_, 0) => String::new(),
        (0 | 1, _) => "; it ended in an error".into(),
        (_, failed) => format!("; {failed} of them ended in an error"),
    };
    format!("{what}{worker}, {when} ({busy}){times}{errors}")
}

fn makespan_line(row: &TimelineRow, top: f64, x: &Scale, rendition: &Rendition) -> Markup {
    let place = x.at(row.total) + 1.5;
    // On a narrow page the label is below the lanes.
    let height = if rendition.is_narrow() { row.lanes_height() } else { row.height(rendition) };
    line("makespan", (place, top - MARGIN), (place, top + height + MARGIN))
}

fn makespan(row: &TimelineRow, top: f64, x: &Scale, rendition: &Rendition) -> Markup {
    let place = x.at(row.total) + 1.5 + 0.45 * rendition.font;
    text(place, top + row.lanes_height() / 2.0, "start", "value", &row.value())
}

/// The legend of the tones that occur.
fn legend(rows: &[TimelineRow]) -> Markup {
    let bars = || rows.iter().flat_map(|row| row.lanes.iter().flatten());
    let has_prologue = |row: &TimelineRow| {
        row.lanes.iter().flatten().any(|bar| bar.tasks == 0 && row.can_be_seen(bar.end_ns - bar.start_ns))
    };
    let waits = WAITS.iter().map(|wait| (wait.class, wait.name, rows.iter().any(|row| row.waits(wait.kind))));
    let others = [
        ("fault", "ended in an error", bars().any(|bar| bar.failed > 0)),
        ("prologue", "a step before all tasks", rows.iter().any(has_prologue)),
        ("outage", "the queue gave no answer", rows.iter().any(|row| !row.outages.is_empty())),
        ("phase", "starting and stopping the workers", rows.iter().any(|row| row.total > row.run_to - row.run_from)),
    ];
    let entries = std::iter::once(("run", "running", true)).chain(waits).chain(others);
    html! {
        span class="keys" {
            @for (class, meaning, _) in entries.filter(|(.., occurs)| *occurs) {
                span class="key" { span class={ "swatch key-" (class) } {} (meaning) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::group::groups;

    #[test]
    fn the_baseline_is_drawn_first_and_the_fastest_cell_is_never_missing() {
        let record = testdata::records::web_requests(10);
        let groups = groups(&record);
        let cells = chosen(&groups[0]);
        assert!(cells[0].record.is_baseline);
        let (best, _) = groups[0].best().unwrap();
        let best_shown =
            cells.iter().filter_map(|cell| cell.speedup()).map(|speedup| speedup.estimate).fold(0.0, f64::max);
        assert!(best_shown >= best.speedup().unwrap().estimate / 1.1);
    }

    #[test]
    fn where_more_workers_gain_nothing_the_fewest_are_drawn() {
        let record = testdata::records::prime_sum(10);
        assert_eq!(telling_workers(&groups(&record)[0]), 2);
        let record = testdata::records::web_requests(10);
        assert_eq!(telling_workers(&groups(&record)[0]), 8);
    }

    #[test]
    fn a_timer_that_encloses_the_start_moves_the_lanes_and_shows_it() {
        let mut record = testdata::records::web_requests(10);
        for cell in &mut record.cells {
            cell.timed = vec![Phase::Start, Phase::Run, Phase::Stop];
            cell.rounds.iter_mut().for_each(|round| round.start_s = 0.25);
        }
        let groups = groups(&record);
        let row = TimelineRow::of(groups[0].baseline().unwrap(), Vec::new()).unwrap();
        assert!((row.run_from - 0.25).abs() < 1e-9);
        let first = row.lanes[0][0].start_ns;
        assert!(row.seconds(first) >= 0.25);
        assert!(timeline(&groups[0], "x", "", 1500).into_string().contains("starting the workers"));
    }

    #[test]
    fn a_task_that_failed_is_crossed_out_and_the_tip_and_the_legend_say_why() {
        let mut record = testdata::records::web_requests(10);
        let drawn = |record: &_| timeline(&groups(record)[0], "x", "", 1500).into_string();
        assert!(!drawn(&record).contains("error") && !drawn(&record).contains("fault"));
        record.cells[0].timeline.as_mut().unwrap().failed = vec![4];
        let html = drawn(&record);
        assert_eq!(html.matches("class=\"fault\"").count(), 2, "once in each rendition");
        assert_eq!(html.matches("; it ended in an error").count(), 2);
        assert_eq!(html.matches("key-fault").count(), 1);
    }

    #[test]
    fn the_legend_names_the_waits_that_occur_and_no_others() {
        let legend_of = |kind: Option<Activity>| {
            let mut record = testdata::records::web_requests(10);
            for cell in &mut record.cells {
                let spans = cell.timeline.iter_mut().flat_map(|timeline| &mut timeline.spans);
                spans.filter(|span| span.kind == Activity::WaitLink).for_each(|span| match kind {
                    Some(kind) => span.kind = kind,
                    None => span.end_ns = span.start_ns,
                });
            }
            let html = timeline(&groups(&record)[0], "x", "", 1500).into_string();
            WAITS
                .iter()
                .filter(|wait| html.contains(&format!("key-{}\"", wait.class)))
                .map(|wait| wait.class)
                .collect::<Vec<_>>()
        };
        assert_eq!(legend_of(None), ["server"]);
        for wait in &WAITS[1..] {
            assert_eq!(legend_of(Some(wait.kind)), ["server", wait.class]);
        }
    }

    #[test]
    fn a_bar_of_several_tasks_has_a_layer_for_each_kind_as_high_as_its_share() {
        let record = testdata::records::web_requests(10);
        let groups = groups(&record);
        let row = TimelineRow::of(groups[0].baseline().unwrap(), Vec::new()).unwrap();
        let bar = &bars::merge(&row.lanes[0], u64::MAX / 2)[0];
        assert_eq!(bar.tasks, 30);
        let layers = hollows(&row, bar, &Scale::linear((0.0, 1.0), (0.0, 100.0)), (0.0, 50.0), 20.0);
        let heights: Vec<_> = layers.iter().map(|layer| (layer.class, layer.height / HOLLOW)).collect();
        // Each task waits for 95 % of its time, a fifth of that for the link.
        assert!(
            matches!(heights[..], [("server", server), ("link", link)] if (server - 0.76).abs() < 0.01 && (link - 0.19).abs() < 0.01),
            "{heights:?}"
        );
        assert!((layers[0].top + layers[0].height - layers[1].top).abs() < 1e-9, "they lie on one another");
        let tip = bar_tip(&row, bar, 0);
        assert!(
            tip.starts_with("tasks 0 to 29, worker 0, 0\u{a0}µs to ") && tip.contains("waiting for the server"),
            "{tip}"
        );
    }

    #[test]
    fn a_worker_number_beyond_the_cells_workers_is_drawn_not_dropped() {
        let mut record = testdata::records::web_requests(10);
        let timeline = record.cells[0].timeline.as_mut().unwrap();
        timeline.spans.iter_mut().for_each(|span| span.worker += 3);
        let groups = groups(&record);
        let row = TimelineRow::of(&groups[0].cells[0], Vec::new()).unwrap();
        assert!(row.lanes.iter().any(|lane| !lane.is_empty()));
    }
}
