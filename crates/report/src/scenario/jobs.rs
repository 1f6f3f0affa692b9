//! How jobs spent their time on the way through a queue, and which workers on which hosts did them.

use crate::{
    scenario::{
        depth::Depth,
        group::{Cell, Group},
        remote_workers, timeline,
    },
    svg::palette,
};
use harness::{
    results::record::{CellRecord, Timeline},
    scenario::Phase,
};
use maud::{Markup, html};
use stats::median::median;
use support::{
    figures::{count, significant},
    words::capital,
};
use work::{queue::broker::MOST_TRIES, worker::lane::Activity};

/// The stages of a job, with the table's names for them.
const STAGES: [(Activity, &str); 4] = [
    (Activity::Enqueue, "enqueuing"),
    (Activity::Queued, "in the queue"),
    (Activity::Run, "running"),
    (Activity::Return, "returning"),
];

/// How long one stage took the jobs of one round.
#[derive(Debug, Clone, Copy, PartialEq)]
struct JobStage {
    median_s: f64,
    /// The 95th percentile.
    most_s: f64,
}

/// A cell whose tasks went through a queue.
struct Jobs<'a> {
    cell: &'a Cell<'a>,
    timeline: &'a Timeline,
    stages: [Option<JobStage>; STAGES.len()],
    depth: Option<Depth>,
}

/// A group's queue cells in words and tables. Empty if it has none.
pub(crate) fn jobs(group: &Group, id: &str, scale_note: &str, most_bars: usize) -> Markup {
    let all: Vec<Jobs> = group.cells.iter().filter_map(Jobs::of).collect();
    let remarks = |cell| redelivered(cell).into_iter().chain(shared(cell)).chain(excluded(cell));
    let remarks: Vec<String> = group.cells.iter().flat_map(remarks).collect();
    html! {
        @if let Some(shortest) = all.iter().min_by(|a, b| a.median_s().total_cmp(&b.median_s())) {
            p class="after" { (in_words(shortest)) }
        }
        @if !remarks.is_empty() {
            ul class="missing" { @for sentence in remarks { li { (sentence) } } }
        }
        (excluded_run(group, &format!("{id}-excluded"), scale_note, most_bars))
        @if !all.is_empty() { (table(&all)) }
        @if all.iter().any(|jobs| !jobs.timeline.elsewhere.is_empty()) { (hosts(&all)) }
    }
}

impl<'a> Jobs<'a> {
    fn of(cell: &'a Cell<'a>) -> Option<Self> {
        // Arrivals wait as well, but for a worker and not in a queue.
        cell.record.queue.as_ref()?;
        let timeline = cell.record.timeline.as_ref()?;
        let stages = STAGES.map(|(kind, _)| JobStage::of(timeline, kind));
        // None if the run kept no spans.
        stages[1]?;
        Some(Self { cell, timeline, stages, depth: Depth::of(&timeline.spans) })
    }

    fn median_s(&self) -> f64 {
        self.cell.time.map_or(f64::MAX, |time| time.median)
    }
}

impl JobStage {
    fn of(timeline: &Timeline, kind: Activity) -> Option<Self> {
        let spans = timeline.spans.iter().filter(|span| span.kind == kind && span.index.is_some());
        let mut took_s: Vec<f64> = spans.map(|span| span.end_ns.saturating_sub(span.start_ns) as f64 / 1e9).collect();
        took_s.sort_by(f64::total_cmp);
        // Nearest rank, so that it is a time that a job really took.
        let rank = (took_s.len() * 95).div_ceil(100).checked_sub(1)?;
        Some(Self { median_s: median(&took_s)?, most_s: took_s[rank] })
    }
}

fn milliseconds(seconds: f64) -> String {
    significant(seconds * 1e3, 3)
}

fn in_words(jobs: &Jobs) -> String {
    let took = |stage: usize| {
        jobs.stages[stage].map_or("?".into(), |stage| format!("{}\u{a0}ms", milliseconds(stage.median_s)))
    };
    format!(
        "How a job's time was spent, {}, medians: {} enqueuing, {} in the queue, {} running, {} returning the \
         result.{}",
        jobs.cell.who(),
        took(0),
        took(1),
        took(2),
        took(3),
        jobs.depth.as_ref().map_or(String::new(), |depth| format!(" {}.", capital(&depth.in_words())))
    )
}

/// A sentence about redelivered jobs, if there are any.
fn redelivered(cell: &Cell) -> Option<String> {
    let times = cell.record.redeliveries().filter(|times| *times > 0)?;
    let (jobs, was) = (count(times as usize, "job"), if times == 1 { "was" } else { "were" });
    Some(format!(
        "{}: {jobs} {was} redelivered, because a worker stopped sending heartbeats. A job is delivered at \
         most {MOST_TRIES} times, and its result counts once.",
        capital(&cell.who())
    ))
}

/// A sentence about other runs on the same queue, if there are any.
fn shared(cell: &Cell) -> Option<String> {
    let others = cell.record.other_runs().filter(|others| *others > 0)?;
    let runs = count(others as usize, "other run");
    Some(format!("{}: {runs} used the same queue name at the same time and shared its workers.", capital(&cell.who())))
}

/// A sentence about excluded runs, if there are any.
fn excluded(cell: &Cell) -> Option<String> {
    let all = &cell.record.excluded;
    let reasons: Vec<String> =
        all.iter().map(|run| format!("in round {}, {}", run.timeline.round + 1, run.reason)).collect();
    let again = if cell.time.is_some() { ", measured again" } else { "" };
    let (runs, times) = (count(all.len(), "run"), if all.len() == 1 { "time does" } else { "times do" });
    let who = capital(&cell.who());
    (!all.is_empty()).then(|| format!("{who}: {runs} whose {times} not count{again}: {}.", reasons.join("; ")))
}

/// The timeline of an excluded run: the first that kept its spans.
fn excluded_run(group: &Group, id: &str, scale_note: &str, most_bars: usize) -> Markup {
    let first = group.cells.iter().find_map(|cell| {
        let run = cell.record.excluded.iter().find(|run| !run.timeline.spans.is_empty())?;
        Some((CellRecord { timeline: Some(run.timeline.clone()), timed: vec![Phase::Run], ..cell.record.clone() }, run))
    });
    let Some((record, run)) = first else { return html! {} };
    let about = html! { "A run whose time does not count: " (run.reason) "." };
    timeline::lanes_of(&[(Cell::of(&record, &[&record]), Vec::new())], id, &about, scale_note, most_bars)
}

/// `sqlite`, or a URL. Cells of a record have the same one, unless records were merged.
fn queues(all: &[Jobs]) -> String {
    let mut queues: Vec<&str> = all.iter().filter_map(|jobs| jobs.cell.record.queue.as_deref()).collect();
    queues.dedup();
    queues.join(", ")
}

fn table(all: &[Jobs]) -> Markup {
    let queues = queues(all);
    html! {
        details open {
            summary { "How a job's time was spent" }
            div class="scroll" tabindex="0" role="group" aria-label="How a job's time was spent, as a table" {
                table class="jobs" {
                    caption {
                        span {
                            @if queues == "sqlite" { "The queue: " code { "sqlite" } ", a file of the pool's own. " }
                            @else if !queues.is_empty() { "The queue: " code { (queues) } ". " }
                            "Milliseconds, over the jobs of the drawn round: the median, and the 95th percentile. "
                            "Times of several jobs overlap: while one runs, others wait."
                        }
                    }
                    thead {
                        tr {
                            th scope="col" { "strategy" }
                            th scope="col" class="n" { "workers" }
                            @for (_, name) in STAGES {
                                th scope="col" class="n wrap" { (name) }
                                th scope="col" class="n wrap" { "95 of 100" }
                            }
                            th scope="col" class="n wrap" { "most in the queue" }
                            th scope="col" class="n wrap" { "redelivered" }
                        }
                    }
                    tbody {
                        @for jobs in all {
                            tr {
                                (row_head(jobs))
                                @for stage in &jobs.stages {
                                    td class="n" { (stage.map_or("–".into(), |stage| milliseconds(stage.median_s))) }
                                    td class="n interval" { (stage.map_or("–".into(), |stage| milliseconds(stage.most_s))) }
                                }
                                td class="n" { (jobs.depth.as_ref().map_or(0, |depth| depth.most)) }
                                td class="n" { (jobs.cell.record.redeliveries().map_or("not recorded".into(), |times| times.to_string())) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn row_head(jobs: &Jobs) -> Markup {
    let record = jobs.cell.record;
    html! {
        th scope="row" class={ "s-" (palette::of(&record.spec.strategy).strategy) } { (palette::sample(&record.spec.strategy)) (palette::label(&record.spec.strategy)) }
        td class="n" { (record.layout()) }
    }
}

fn hosts(all: &[Jobs]) -> Markup {
    html! {
        details open {
            summary { "Workers on other hosts" }
            div class="scroll" tabindex="0" role="group" aria-label="Workers on other hosts, as a table" {
                table class="hosts" {
                    caption {
                        span {
                            "Every host has its own clock. Spans of other hosts' workers were shifted by an estimate of the clock offset, "
                            "which is off by no more than the figure after ±: the largest among a host's workers."
                        }
                    }
                    thead {
                        tr {
                            th scope="col" { "strategy" }
                            th scope="col" class="n" { "workers" }
                            th scope="col" { "host" }
                            th scope="col" { "which workers" }
                            th scope="col" class="n" { "clock offset" }
                        }
                    }
                    tbody {
                        @for jobs in all {
                            @for host in remote_workers::hosts(&jobs.timeline.elsewhere) {
                                tr {
                                    (row_head(jobs))
                                    td { (host.name) }
                                    td { (host.numbers()) }
                                    td class="n" { (remote_workers::offset(host.least_sure)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::group::groups;
    use work::worker::lane::Span;

    #[test]
    fn a_stage_has_its_median_and_a_time_that_nineteen_of_twenty_jobs_stay_below() {
        let mut record = testdata::records::queued();
        let cell = record.cells.iter_mut().find(|cell| cell.spec.strategy == "queue").unwrap();
        let timeline = cell.timeline.as_mut().unwrap();
        let span = |index: u32, took_ms: u64| Span {
            worker: 0,
            index: Some(index),
            kind: Activity::Queued,
            start_ns: 0,
            end_ns: took_ms * 1_000_000,
        };
        timeline.spans = (1..=100).map(|number| span(number, u64::from(number))).collect();
        let stage = JobStage::of(timeline, Activity::Queued).unwrap();
        assert_eq!((milliseconds(stage.median_s), milliseconds(stage.most_s)), ("50.5".into(), "95.0".into()));
        assert_eq!(JobStage::of(timeline, Activity::Return), None);
    }

    #[test]
    fn only_queues_have_jobs_and_what_was_handed_out_again_is_said() {
        assert_eq!(jobs(&groups(&testdata::records::web_requests(10))[0], "x", "", 1500).into_string(), "");
        let record = testdata::records::queued();
        let html = jobs(&groups(&record)[0], "x", "", 1500).into_string();
        let queues = record.cells.iter().filter(|cell| cell.spec.strategy == "queue").count();
        assert!(html.matches("<tr>").count() > queues, "{html}");
        for expected in
            ["redis://127.0.0.1:6379/0", "2 jobs were redelivered", "host-b", "+1.31\u{a0}ms ± 0.10\u{a0}ms"]
        {
            assert!(html.contains(expected), "{expected} is not in {html}");
        }
        assert_eq!(html.matches("redelivered, because").count(), 1, "where there were none, nothing is said");
    }

    #[test]
    fn a_run_that_does_not_count_is_said_and_drawn_with_its_outage() {
        let quiet = jobs(&groups(&testdata::records::queued())[0], "x", "", 1500).into_string();
        assert!(!quiet.contains("not count") && !quiet.contains("class=\"outage\""));
        let record = testdata::records::disturbed();
        let html = jobs(&groups(&record)[0], "x", "", 1500).into_string().replace('\u{a0}', " ");
        for expected in [
            "1 run whose time does not count, measured again: in round 1, the queue gave no answer for 0.05 s",
            "1 other run used the same queue name",
            "the queue gave worker 0 no answer for 50.0 ms: connection refused",
            "key-outage",
        ] {
            assert!(html.contains(expected), "{expected} is not in {html}");
        }
        // The run's outage and the worker's, in both renditions.
        assert_eq!(html.matches("class=\"outage\"").count(), 4);
    }
}
