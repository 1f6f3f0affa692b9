//! The advices on a user's own work: the sentence, a curve, and every figure. One is for tasks that are all there, with the
//! laws fitted to its curve; the other is for tasks that become due at a rate.

use crate::{
    command::command,
    scenario::curves,
    svg::{
        chart::{self, Caption},
        lines::{Axis, Plot, Point, Reference, Series},
        palette,
        scale::{doubling_ticks, round_ticks},
    },
};
use advice::{
    Curve,
    documents::{AdviceExport, LoadAdviceExport, LoadedCellExport, QuotaExport, UnderQuota},
};
use maud::{Markup, html};
use stats::{Estimate, median::median};
use support::figures::{cores, count, grouped, interval, memory, percent, plain, ratio, significant, time};

/// The section's id.
pub(crate) const ID: &str = "own-work";
/// Its title in the list at the page's side.
pub(crate) const TITLE: &str = "Your own work";

/// The section.
pub(crate) fn section(advice: &AdviceExport) -> Markup {
    html! {
        section id=(ID) aria-labelledby={ (ID) "-title" } {
            p class="eyebrow" { (TITLE) ": the last advice" }
            h2 id={ (ID) "-title" } { (advice.work) }
            div class="part" {
                p class="answer" { (advice.sentence) }
                @if let Some(remedy) = &advice.remedy { p { "Worth changing: " (remedy) "." } }
                @for doubt in &advice.doubts { p { "In doubt: " (doubt) "." } }
                (curve(advice))
                (table(advice))
                (command(&advice.command))
            }
        }
    }
}

/// Speedup against workers. Empty if no strategy was measured with two numbers of workers.
fn curve(advice: &AdviceExport) -> Markup {
    let mut series: Vec<Series> = Vec::new();
    for cell in &advice.cells {
        let (Some(speedup), strategy, workers) = (cell.speedup, &*cell.times.strategy, cell.times.workers) else {
            continue;
        };
        let tip = format!("{}: {}", palette::who(strategy, workers), curves::in_words(speedup));
        let interval = Some((speedup.low, speedup.high));
        let point = Point { across: workers, value: speedup.estimate, interval, rounds: Vec::new(), tip };
        let label = palette::label(strategy);
        match series.iter_mut().find(|series| series.label == label) {
            Some(series) => series.points.push(point),
            None => series.push(Series { look: palette::of(strategy), label, points: vec![point] }),
        }
    }
    series.iter_mut().for_each(|series| series.points.sort_by_key(|point| point.across));
    if series.iter().all(|series| series.points.len() < 2) {
        return html! {};
    }
    let most = series.iter().flat_map(|series| &series.points).map(|point| point.across).max().unwrap_or(1);
    let law = |label: &str, law: &Curve| Reference {
        label: label.into(),
        class: "law",
        corners: (1..=most).map(|workers| (f64::from(workers), law.speedup(workers))).collect(),
    };
    let laws = advice.laws.iter().flat_map(|laws| [law("Amdahl", &laws.amdahl), law("USL", &laws.usl)]);
    let references: Vec<Reference> = laws.collect();
    let (low, high) = curves::extent(&series, &references);
    let (ends, doublings, scale) = curves::ends(low, high);
    let ticks = if doublings { doubling_ticks(ends.0, ends.1, 9) } else { round_ticks(ends.0, ends.1, 7) };
    let ticks = ticks.into_iter().map(|tick| (tick, format!("{}×", plain(tick)))).collect();
    let axis = Axis { title: "speedup over sequential".into(), scale, ends, doublings, ticks };
    let words = Caption {
        id: format!("{ID}-speedup"),
        title: "Speedup of your work against the number of workers".into(),
        description: format!("{} The table below has every figure.", advice.sentence),
    };
    let caption = html! {
        b { "Speedup against workers" } ", with intervals of 95 %. "
        @if advice.laws.is_some() { "Amdahl's law and the Universal Scalability Law (USL) are fitted to the advised strategy." }
    };
    let cores = Some(advice.cores as u32).filter(|cores| *cores > 0);
    let plot = Plot { series, references, published: Vec::new(), axis, across: "workers", cores };
    chart::figure(&words, &caption, |rendition| plot.draw(rendition))
}

/// Every measured cell.
fn table(advice: &AdviceExport) -> Markup {
    html! {
        div class="scroll" tabindex="0" role="group" aria-label="Every measured number of workers" {
            table {
                thead { tr { th scope="col" { "strategy" } th scope="col" class="n" { "workers" } th scope="col" class="n" { "tasks/s" } th scope="col" class="n" { "speedup" } th scope="col" class="n" { "95 % interval" } th scope="col" class="n" { "memory" } th scope="col" { "" } } }
                tbody {
                    @for cell in &advice.cells {
                        tr {
                            th scope="row" { (palette::label(&cell.times.strategy)) }
                            td class="n" { (cell.times.workers) }
                            td class="n" { (or_dash(median(&cell.times.task_s).map(|task_s| significant(task_s.recip(), 3)))) }
                            td class="n" { (or_dash(cell.speedup.map(|speedup| format!("{}×", ratio(speedup.estimate))))) }
                            td class="n interval" { (or_dash(cell.speedup.map(|speedup| interval(speedup.low, speedup.high)))) }
                            td class="n" { (or_dash(cell.times.memory_bytes.map(memory))) }
                            td { @if advice.advises(cell) { "advised" } @else if let Some(reason) = &cell.times.out { (reason) } }
                        }
                    }
                }
            }
        }
        p { (count(advice.rounds as usize, "interleaved round")) " on " (cores(advice.cores)) "." }
    }
}

/// The id of the section with quotas.
pub(crate) const QUOTA_ID: &str = "own-quota";
/// Its title in the list at the page's side.
pub(crate) const QUOTA_TITLE: &str = "Your own work, under CPU quotas";

/// The section with quotas, as containers have them. Nothing without any.
pub(crate) fn quota_section(advice: &QuotaExport) -> Markup {
    let Some(UnderQuota { advice: first, .. }) = advice.quotas.first() else { return html! {} };
    html! {
        section id=(QUOTA_ID) aria-labelledby={ (QUOTA_ID) "-title" } {
            p class="eyebrow" { (QUOTA_TITLE) ": the last advice" }
            h2 id={ (QUOTA_ID) "-title" } { (first.work) }
            div class="part" {
                ul { @for under in &advice.quotas { li { (cores(under.quota_cores)) ": " (under.advice.sentence) } } }
                (quota_table(&advice.quotas))
                p { "Once a program's threads have used up the quota of a period of 0.1 s, the system stops all of them until the period ends. The times include these stops." }
                (command(&first.command))
            }
        }
    }
}

/// What is advised under each quota.
fn quota_table(quotas: &[UnderQuota]) -> Markup {
    html! {
        div class="scroll" tabindex="0" role="group" aria-label="What is advised under each quota" {
            table {
                thead { tr { th scope="col" class="n" { "quota" } th scope="col" { "best so far, or advised" } th scope="col" class="n" { "tasks/s" } th scope="col" class="n" { "speedup" } th scope="col" class="n" { "95 % interval" } th scope="col" class="n" { "stopped for" } th scope="col" class="n" { "periods" } } }
                tbody {
                    @for UnderQuota { quota_cores, throttling, advice, .. } in quotas {
                        @let cell = advice.cells.iter().find(|cell| advice.advises(cell));
                        @let speedup = cell.and_then(|cell| cell.speedup);
                        tr {
                            th scope="row" class="n" { (cores(*quota_cores)) }
                            td { (cell.map_or_else(|| "–".into(), |cell| palette::who(&cell.times.strategy, cell.times.workers))) }
                            td class="n" { (or_dash(cell.and_then(|cell| median(&cell.times.task_s)).map(|task_s| significant(task_s.recip(), 3)))) }
                            td class="n" { (or_dash(speedup.map(|speedup| format!("{}×", ratio(speedup.estimate))))) }
                            td class="n interval" { (or_dash(speedup.map(|speedup| interval(speedup.low, speedup.high)))) }
                            td class="n" { (time(throttling.seconds)) }
                            td class="n" { (throttling.periods) }
                        }
                    }
                }
            }
        }
    }
}

fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".into())
}

/// The id of the section under load.
pub(crate) const LOAD_ID: &str = "own-load";
/// Its title in the list at the page's side.
pub(crate) const LOAD_TITLE: &str = "Your own work, under load";

/// The section under load.
pub(crate) fn load_section(advice: &LoadAdviceExport) -> Markup {
    let littles = format!(
        "By Little's law, {} tasks are in progress on average. That many workers are never enough, because each would have to be busy all the time.",
        significant(advice.under_way, 2)
    );
    html! {
        section id=(LOAD_ID) aria-labelledby={ (LOAD_ID) "-title" } {
            p class="eyebrow" { (LOAD_TITLE) ": the last advice" }
            h2 id={ (LOAD_ID) "-title" } { (advice.work) }
            div class="part" {
                p class="answer" { (advice.sentence) }
                p { (littles) }
                (latency_curve(advice))
                (load_table(advice))
                (command(&advice.command))
            }
        }
    }
}

/// The p95 against the rate, with the most workers. Empty if only one rate was measured, or rates are not whole numbers.
fn latency_curve(advice: &LoadAdviceExport) -> Markup {
    let most = advice.cells.iter().map(|cell| cell.workers).max().unwrap_or(1);
    let point = |cell: &LoadedCellExport| {
        let (p95, whole) = (cell.latency_p95_s?, cell.rate_per_s.round());
        let tip = format!("{} tasks/s: {} ({})", significant(whole, 3), time(p95.estimate), range(p95));
        let ms = |seconds: f64| seconds * 1e3;
        Some(Point {
            across: whole as u32,
            value: ms(p95.estimate),
            interval: Some((ms(p95.low), ms(p95.high))),
            rounds: Vec::new(),
            tip,
        })
    };
    let mut points: Vec<Point> = advice.cells.iter().filter(|cell| cell.workers == most).filter_map(point).collect();
    points.sort_by_key(|point| point.across);
    points.dedup_by_key(|point| point.across);
    if points.len() < 2 || points[0].across == 0 {
        return html! {};
    }
    let series = vec![Series { look: palette::of(&advice.strategy), label: "p95".into(), points }];
    let (low, high) = curves::extent(&series, &[]);
    let (ends, doublings, scale) = curves::ends(low, high);
    let ticks = if doublings { doubling_ticks(ends.0, ends.1, 9) } else { round_ticks(ends.0, ends.1, 7) };
    let ticks = ticks.into_iter().map(|tick| (tick, plain(tick))).collect();
    let axis = Axis { title: "p95, milliseconds".into(), scale, ends, doublings, ticks };
    let words = Caption {
        id: format!("{LOAD_ID}-latency"),
        title: "Latency of your work against the rate at which tasks become due".into(),
        description: format!("{} The table below has every figure.", advice.sentence),
    };
    let caption = html! {
        b { "Latency against rate" } ", with " (palette::who(&advice.strategy, most)) " and intervals of 95 %. "
        "A latency counts from when a task was due."
    };
    let plot = Plot {
        series,
        references: Vec::new(),
        published: Vec::new(),
        axis,
        across: "tasks due per second",
        cores: None,
    };
    chart::figure(&words, &caption, |rendition| plot.draw(rendition))
}

fn range(of: Estimate) -> String {
    format!("{} – {}", time(of.low), time(of.high))
}

/// Every measured number of workers and rate.
fn load_table(advice: &LoadAdviceExport) -> Markup {
    html! {
        div class="scroll" tabindex="0" role="group" aria-label="Every measured number of workers and rate" {
            table {
                thead { tr {
                    th scope="col" class="n" { "workers" } th scope="col" class="n" { "tasks/s" }
                    @for name in ["p50", "p95", "p99"] { th scope="col" class="n" { (name) } th scope="col" class="n" { "95 % interval" } }
                    th scope="col" class="n" { "failed" }
                } }
                tbody {
                    @for cell in &advice.cells {
                        tr {
                            th scope="row" class="n" { (grouped(cell.workers)) @if advice.advises(cell) { ", advised" } }
                            td class="n" { (significant(cell.rate_per_s, 3)) }
                            @for of in [cell.latency_p50_s, cell.latency_p95_s, cell.latency_p99_s] {
                                td class="n" { (or_dash(of.map(|of| time(of.estimate)))) }
                                td class="n interval" { (or_dash(of.map(range))) }
                            }
                            td class="n" { @if cell.failed_share > 0.0 { (percent(cell.failed_share)) } @else { "none" } }
                        }
                    }
                }
            }
        }
        p { (count(advice.rounds as usize, "interleaved round")) " of " (count(advice.tasks as usize, "task")) " each, due at random times." }
    }
}
