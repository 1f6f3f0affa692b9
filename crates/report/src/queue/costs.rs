//! What a job costs, in charts and tables: by engine, by number of workers, and by number of jobs.

use crate::{
    scenario::{curves, group::Time},
    svg::{
        chart::{self, Caption},
        lines::{Axis, Plot, Point, Series},
        palette,
        scale::{decade_ticks, round_ticks},
    },
};
use harness::results::costs::{Bulk, Costs, Engine};
use maud::{Markup, html};
use stats::{Estimate, paired};
use support::{
    figures::{grouped, interval, plain, ratio, significant, time},
    words::capital,
};

/// Jobs per second: the median over rounds, with its interval if there are enough rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct JobRate {
    pub(crate) median: f64,
    pub(crate) interval: Option<(f64, f64)>,
}

impl JobRate {
    pub(crate) fn of(bulk: &Bulk) -> Option<Self> {
        let each = Time::of(&bulk.per_job_s())?;
        // The longest time is the lowest rate.
        Some(Self { median: 1.0 / each.median, interval: each.interval.map(|(low, high)| (1.0 / high, 1.0 / low)) })
    }

    /// `9,120 jobs/s (8,950–9,300)`.
    pub(crate) fn in_words(self) -> String {
        let between = self.interval.map_or(String::new(), |(low, high)| format!(" ({}–{})", whole(low), whole(high)));
        format!("{} jobs/s{between}", whole(self.median))
    }
}

/// Three significant digits, with thousands separators.
fn whole(rate: f64) -> String {
    if rate < 100.0 {
        return significant(rate, 3);
    }
    let step = 10_f64.powi((rate.log10().floor() as i32 - 2).max(0));
    grouped(((rate / step).round() * step) as u32)
}

/// Throughput relative to RQ with the same workers, paired by round.
pub(crate) fn against_rq(costs: &Costs, bulk: &Bulk, rq: Engine) -> Option<Estimate> {
    let theirs = costs.by_workers(rq).into_iter().find(|one| one.workers == bulk.workers)?;
    paired::speedup(&theirs.per_job_s(), &bulk.per_job_s())
}

/// Jobs per second against workers. Empty if no engine was measured with two numbers of workers.
pub(crate) fn throughput(costs: &Costs, id: &str) -> Markup {
    let series = series(
        |engine| costs.by_workers(engine),
        |bulk| {
            let rate = JobRate::of(bulk)?;
            let tip =
                format!("{}, {}: {}", name(bulk.engine), palette::workers("queue", bulk.workers), rate.in_words());
            Some(Point { across: bulk.workers, value: rate.median, interval: rate.interval, rounds: Vec::new(), tip })
        },
    );
    if series.is_empty() {
        return html! {};
    }
    let words = Caption {
        id: format!("{id}-throughput"),
        title: "Jobs per second against the number of workers".into(),
        description: described(&series, |value| format!("{} jobs/s", whole(value))),
    };
    let caption = html! {
        b { "Jobs that do nothing, per second." } " Only the overhead is left. All jobs of a run are enqueued together; "
        "intervals of 95 % are drawn where they are wider than the points."
    };
    let axis =
        axis(&series, "jobs per second", 1.0, |tick| if tick >= 1.0 { grouped(tick as u32) } else { plain(tick) });
    let plot = Plot {
        series,
        references: Vec::new(),
        published: Vec::new(),
        axis,
        across: "workers",
        cores: Some(costs.host.cores_usable),
    };
    chart::figure(&words, &caption, |rendition| plot.draw(rendition))
}

/// Cost per job against the number of jobs. Empty if no engine was measured with two numbers of jobs.
pub(crate) fn growth(costs: &Costs, id: &str) -> Markup {
    let series = series(
        |engine| costs.by_jobs(engine),
        |bulk| {
            let each = Time::of(&bulk.per_job_s())?;
            let tip =
                format!("{}, {} jobs: {} for each", name(bulk.engine), grouped(bulk.jobs), curves::time_in_words(each));
            Some(Point { across: bulk.jobs, value: each.median, interval: each.interval, rounds: Vec::new(), tip })
        },
    );
    if series.is_empty() {
        return html! {};
    }
    let words = Caption {
        id: format!("{id}-growth"),
        title: "The time that one job costs, against the number of jobs".into(),
        description: described(&series, time),
    };
    let workers = Engine::ALL.iter().find_map(|engine| Some(costs.by_jobs(*engine).first()?.workers)).unwrap_or(1);
    let caption = html! {
        b { "Cost per job." } " The time for all jobs divided by their number, with "
        (palette::workers("queue", workers)) ". A rising line would mean that a long queue is a slow one."
    };
    let axis = axis(&series, "microseconds for each job", 1e6, plain);
    let plot = Plot {
        series,
        references: Vec::new(),
        published: Vec::new(),
        axis,
        across: "jobs enqueued together",
        cores: None,
    };
    chart::figure(&words, &caption, |rendition| plot.draw(rendition))
}

/// The name of an engine in a sentence.
pub(crate) fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Processes => "a pool of processes",
        Engine::Sqlite => "the queue on SQLite",
        Engine::Redis => "the queue on Redis",
        Engine::Rq => "RQ",
        Engine::RqSimple => "RQ without a fork",
    }
}

/// One line for each engine that has at least two points.
fn series<'a>(line: impl Fn(Engine) -> Vec<&'a Bulk>, point: impl Fn(&Bulk) -> Option<Point>) -> Vec<Series> {
    let all = Engine::ALL.into_iter().map(|engine| {
        let points: Vec<Point> = line(engine).into_iter().filter_map(&point).collect();
        Series { look: palette::of(engine.name()), label: palette::label(engine.name()), points }
    });
    all.filter(|series| series.points.len() > 1).collect()
}

fn axis(series: &[Series], title: &str, unit: f64, text: impl Fn(f64) -> String) -> Axis {
    let (low, high) = curves::extent(series, &[]);
    let (ends, doublings, scale) = curves::ends(low, high);
    let (from, to) = (ends.0 * unit, ends.1 * unit);
    let ticks = if doublings { decade_ticks(from, to, 9) } else { round_ticks(0.0, to, 7) };
    let ticks = ticks.into_iter().map(|tick| (tick / unit, text(tick))).collect();
    Axis { title: title.into(), scale, ends, doublings, ticks }
}

fn described(series: &[Series], figure: impl Fn(f64) -> String) -> String {
    let one = |series: &Series| {
        let (first, last) = (series.points.first()?, series.points.last()?);
        let (from, to) = (grouped(first.across), grouped(last.across));
        let label = capital(&series.label);
        Some(format!("{label}: {} at {from}, {} at {to}.", figure(first.value), figure(last.value)))
    };
    let sentences: Vec<String> =
        series.iter().filter_map(one).chain(["The table below has every figure.".into()]).collect();
    sentences.join(" ")
}

/// Every figure of jobs enqueued together.
pub(crate) fn bulk_table(costs: &Costs) -> Markup {
    let rq = Engine::ALL.into_iter().filter(|engine| matches!(engine, Engine::Rq | Engine::RqSimple));
    let rq: Vec<Engine> = rq.filter(|engine| !costs.by_workers(*engine).is_empty()).collect();
    let mut bulk: Vec<&Bulk> = costs.bulk.iter().collect();
    bulk.sort_by_key(|one| (one.engine, one.workers, one.jobs));
    html! {
        details open {
            summary { "The figures: many jobs at once" }
            div class="scroll" tabindex="0" role="group" aria-label="Many jobs at once, as a table" {
                table {
                    caption {
                        span {
                            "Medians over rounds, each in a newly shuffled order, with 95 % intervals if there are enough rounds. "
                            "A ratio compares rounds with each other, at the same number of workers."
                        }
                    }
                    thead {
                        tr {
                            th scope="col" { "engine" }
                            th scope="col" class="n" { "workers" }
                            th scope="col" class="n" { "jobs" }
                            th scope="col" class="n" { "n" }
                            th scope="col" class="n" { "jobs/s" }
                            th scope="col" class="n" { "95 %" }
                            th scope="col" class="n wrap" { "each, µs" }
                            @for engine in &rq {
                                th scope="col" class="n wrap" { "times " (palette::label(engine.name())) }
                                th scope="col" class="n" { "95 %" }
                            }
                        }
                    }
                    tbody {
                        @for one in bulk {
                            @if let (Some(rate), Some(each)) = (JobRate::of(one), Time::of(&one.per_job_s())) {
                                tr {
                                    (head(one.engine))
                                    td class="n" { (one.workers) }
                                    td class="n" { (grouped(one.jobs)) }
                                    td class="n" { (each.rounds) }
                                    td class="n" { (whole(rate.median)) }
                                    td class="n interval" { (rate.interval.map_or("–".into(), |(low, high)| format!("{}–{}", whole(low), whole(high)))) }
                                    td class="n" { (significant(each.median * 1e6, 3)) }
                                    @for engine in &rq { (ratio_cells(costs, one, *engine)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn ratio_cells(costs: &Costs, one: &Bulk, rq: Engine) -> Markup {
    let found = against_rq(costs, one, rq).filter(|_| one.engine != rq);
    html! {
        td class="n" { (found.map_or("–".into(), |found| ratio(found.estimate))) }
        td class="n interval" { (found.map_or("–".into(), |found| interval(found.low, found.high))) }
    }
}

fn head(engine: Engine) -> Markup {
    let name = engine.name();
    html! {
        th scope="row" class={ "s-" (palette::of(name).strategy) } { (palette::sample(name)) (palette::label(name)) }
    }
}

/// One job at a time, and exactly what carried it.
pub(crate) fn single_table(costs: &Costs) -> Markup {
    html! {
        details open {
            summary { "The figures: one job at a time" }
            div class="scroll" tabindex="0" role="group" aria-label="One job at a time, as a table" {
                table {
                    caption { span { "From enqueuing a job to its result, with one idle worker ready." } }
                    thead {
                        tr {
                            th scope="col" { "engine" }
                            th scope="col" class="n" { "median, ms" }
                            th scope="col" class="n" { "95 %" }
                            th scope="col" class="n wrap" { "times a pool's" }
                            th scope="col" class="n" { "95 %" }
                            th scope="col" { "details" }
                        }
                    }
                    tbody { @for engine in Engine::ALL { (single_row(costs, engine)) } }
                }
            }
        }
    }
}

fn single_row(costs: &Costs, engine: Engine) -> Markup {
    let about = costs.about(engine);
    let note = about.and_then(|about| about.note.clone()).unwrap_or_default();
    let seconds = costs.single_s(engine);
    // A ratio of times, so the two sides swap places.
    let longer = paired::speedup(seconds, costs.single_s(Engine::Processes)).filter(|_| engine != Engine::Processes);
    let ms = |seconds: f64| significant(seconds * 1e3, 3);
    html! {
        @match (Time::of(seconds), about.and_then(|about| about.left_out.as_ref())) {
            (Some(alone), _) => {
                tr {
                    (head(engine))
                    td class="n" { (ms(alone.median)) }
                    td class="n interval" { (alone.interval.map_or("–".into(), |(low, high)| format!("{}–{}", ms(low), ms(high)))) }
                    td class="n" { (longer.map_or("–".into(), |longer| ratio(longer.estimate))) }
                    td class="n interval" { (longer.map_or("–".into(), |longer| interval(longer.low, longer.high))) }
                    td { (note) }
                }
            }
            (None, Some(reason)) => { tr class="skipped" { (head(engine)) td class="reason" colspan="5" { "left out: " (reason) } } }
            (None, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_three_digits_and_their_thousands_apart() {
        assert_eq!([4.567, 91.23, 912.3, 9123.4, 112_345.6].map(whole), ["4.57", "91.2", "912", "9,120", "112,000"]);
        let rate = JobRate { median: 9123.0, interval: Some((8951.0, 9304.0)) };
        assert_eq!(rate.in_words(), "9,120 jobs/s (8,950–9,300)");
    }

    #[test]
    fn what_was_left_out_has_a_row_with_its_reason_and_no_line() {
        let mut costs = testdata::records::costs();
        costs.single.retain(|one| one.engine != Engine::Rq);
        costs.bulk.retain(|one| one.engine != Engine::Rq);
        costs.engines[3].left_out = Some("python3 has no module `rq`".into());
        let html = single_table(&costs).into_string();
        assert!(html.contains("left out: python3 has no module `rq`"), "{html}");
        assert!(!throughput(&costs, "x").into_string().contains("series s-rq\""));
        assert!(throughput(&testdata::records::costs(), "x").into_string().contains("series s-rq\""));
        assert!(!bulk_table(&costs).into_string().contains("times RQ<"));
    }

    #[test]
    fn the_ratio_to_rq_is_that_of_the_same_workers() {
        let costs = testdata::records::costs();
        let redis = costs.by_workers(Engine::Redis)[3];
        let found = against_rq(&costs, redis, Engine::Rq).unwrap();
        assert!(redis.workers == 8 && (found.estimate / 110.0 - 1.0).abs() < 0.05, "{found:?}");
    }
}
