//! One scenario, folded: the question, the answer, the charts, the table, and how to repeat it.

use crate::{
    CriterionLink,
    scenario::{
        curves,
        group::{self, Group},
        host, jobs, resources, table, timeline, words,
    },
};
use harness::{
    results::record::{Purpose, Record},
    scenario::DEFAULT_VARIANT,
};
use maud::{Markup, html};

/// The section of a record. `id` is unique on the page. `own_host` if its machine is not the one in the page's head.
/// More bars in a timeline than `most_bars` are merged.
pub(crate) fn section(
    record: &Record,
    id: &str,
    criterion: &[CriterionLink],
    own_host: bool,
    most_bars: usize,
) -> Markup {
    let groups = group::groups(record);
    html! {
        details class="scenario" {
            summary { (record.question) " " span class="short" { (record.scenario) } }
            section id=(id) aria-labelledby={ (id) "-question" } {
            p class="eyebrow" { (eyebrow(record)) }
            h2 id={ (id) "-question" } { (record.question) }
            (missing(record))
            @if record.purpose == Purpose::Findings { p class="small" { "Measured for the claims above." } }
            @if own_host { (host::strip(&[record])) }
            @for (number, group) in groups.iter().enumerate() {
                (part(record, group, &format!("{id}-{number}"), criterion, groups.len() > 1, most_bars))
            }
            (repeat(record))
            }
        }
    }
}

fn missing(record: &Record) -> Markup {
    let sentences = words::missing(record);
    html! {
        @if !sentences.is_empty() {
            ul class="missing" { @for sentence in sentences { li { (sentence) } } }
        }
    }
}

fn eyebrow(record: &Record) -> String {
    let from = record.document.as_ref().map_or("our own yardstick".into(), |document| format!("document {document}"));
    format!("{} · {from} · {}", record.scenario, record.title)
}

fn part(
    record: &Record,
    group: &Group,
    id: &str,
    criterion: &[CriterionLink],
    several: bool,
    most_bars: usize,
) -> Markup {
    let answer = words::answer(group);
    let note = words::scale_note(record);
    let cores = record.host.cores_usable;
    let scale = words::scale_sentence(record);
    // Records measured for claims are drawn with the claims.
    let drawn = record.purpose == Purpose::Run;
    html! {
        div class="part" {
            @if several || group.variant != DEFAULT_VARIANT { h3 { (words::group_title(group)) } }
            p class="answer" { (answer.before) @if !answer.figure.is_empty() { strong { (answer.figure) } } (answer.after) span class="sure" { (answer.sure) } }
            (timeline::timeline(group, id, &note, most_bars))
            p class="after" {
                @for sentence in words::afterwards(group) { (sentence) " " }
                @if let Some(scale) = &scale { (scale) }
            }
            @if drawn { (curves::either(group, cores, id, &note)) }
            (table::table(record, group, criterion, &scale.map_or(String::new(), |scale| format!(" {scale}"))))
            (jobs::jobs(group, id, &note, most_bars))
            (resources::latencies(record, group))
            (resources::resources(record, group))
        }
    }
}

fn repeat(record: &Record) -> Markup {
    html! {
        h3 class="repeat" { "Measure it again" }
        (crate::command::command(&record.command))
        p class="small" { "Measured " (record.started_at) ", seed " (record.seed) ", makespan " (record.makespan_version) "." }
    }
}
