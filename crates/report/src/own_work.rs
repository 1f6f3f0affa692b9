//! The advice on a user's own work: the sentence, the curve with the laws fitted to it, and every figure.

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
use harness::results::own_advice::{AdviceCell, FittedLaw, OwnAdvice};
use maud::{Markup, html};
use stats::{median::median, usl};
use support::figures::{count, interval, memory, plain, ratio, significant};

/// The section's id.
pub(crate) const ID: &str = "own-work";
/// Its title in the list at the page's side.
pub(crate) const TITLE: &str = "Your own work";

/// The section.
pub(crate) fn section(advice: &OwnAdvice) -> Markup {
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
fn curve(advice: &OwnAdvice) -> Markup {
    let mut series: Vec<Series> = Vec::new();
    for cell in &advice.cells {
        let (Some(speedup), strategy) = (cell.speedup, &*cell.strategy) else { continue };
        let tip = format!("{}: {}", palette::who(strategy, cell.workers), curves::in_words(speedup));
        let interval = Some((speedup.low, speedup.high));
        let point = Point { across: cell.workers, value: speedup.estimate, interval, rounds: Vec::new(), tip };
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
    let law = |label: &str, law: &FittedLaw| Reference {
        label: label.into(),
        class: "law",
        corners: (1..=most)
            .map(|workers| (f64::from(workers), usl::speedup(law.sigma.estimate, law.kappa.estimate, workers)))
            .collect(),
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
fn table(advice: &OwnAdvice) -> Markup {
    let is_advised = |cell: &AdviceCell| {
        advice.advised.as_ref().is_some_and(|it| it.strategy == cell.strategy && it.workers == cell.workers)
    };
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".into());
    html! {
        div class="scroll" tabindex="0" role="group" aria-label="Every measured number of workers" {
            table {
                thead { tr { th scope="col" { "strategy" } th scope="col" class="n" { "workers" } th scope="col" class="n" { "tasks/s" } th scope="col" class="n" { "speedup" } th scope="col" class="n" { "95 % interval" } th scope="col" class="n" { "memory" } th scope="col" { "" } } }
                tbody {
                    @for cell in &advice.cells {
                        tr {
                            th scope="row" { (palette::label(&cell.strategy)) }
                            td class="n" { (cell.workers) }
                            td class="n" { (or_dash(median(&cell.task_s).map(|task_s| significant(task_s.recip(), 3)))) }
                            td class="n" { (or_dash(cell.speedup.map(|speedup| format!("{}×", ratio(speedup.estimate))))) }
                            td class="n interval" { (or_dash(cell.speedup.map(|speedup| interval(speedup.low, speedup.high)))) }
                            td class="n" { (or_dash(cell.peak_memory_bytes.map(memory))) }
                            td { @if is_advised(cell) { "advised" } @else if let Some(reason) = &cell.reason { (reason) } }
                        }
                    }
                }
            }
        }
        p { (count(advice.rounds as usize, "interleaved round")) " on " (plain(advice.cores)) " usable cores." }
    }
}
