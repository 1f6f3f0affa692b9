//! The resources of every cell (processor time, cores, memory, threads and processes), and the latencies of its tasks.
//! Background to the answer.

use crate::{
    scenario::{
        group::{Cell, Group},
        table::or_not_measured,
    },
    svg::palette,
};
use harness::{results::record::Record, scenario::claim::Percentile};
use maud::{Markup, html};
use stats::median::{Median, median};
use support::figures::{memory, percent, significant, time};
use work::worker::task_queue::Schedule;

/// One column: its heading, and a cell's figure.
type Column = (&'static str, fn(&Cell) -> Option<String>);

const COLUMNS: [Column; 9] = [
    ("CPU user", |cell| cell.record.cpu_user_s().map(time)),
    ("CPU system", |cell| cell.record.cpu_system_s().map(time)),
    ("share of a core", |cell| cell.record.cpu_share().map(percent)),
    ("waited for a core", |cell| cell.record.core_wait_s().map(time)),
    ("context switches", |cell| cell.record.context_switches().map(switches)),
    ("threads", |cell| cell.record.most_threads.map(|threads| threads.to_string())),
    ("processes", |cell| cell.record.most_processes.map(|processes| processes.to_string())),
    ("memory", |cell| cell.record.peak_memory_bytes.map(memory)),
    ("memory per worker", |cell| cell.record.memory_per_worker_bytes.map(memory)),
];

const LATENCIES: [Column; 4] = [
    ("p50", |cell| latency(cell, Percentile::P50)),
    ("p95", |cell| latency(cell, Percentile::P95)),
    ("p99", |cell| latency(cell, Percentile::P99)),
    ("tasks per second", |cell| median(&cell.record.throughputs_per_s()).map(|rate| significant(rate, 3))),
];

fn latency(cell: &Cell, percentile: Percentile) -> Option<String> {
    let median = Median::of(&cell.record.latencies_s(percentile))?;
    let ends = || format!(" ({} – {})", time(median.low), time(median.high));
    Some(time(median.median) + &if median.covers_95_percent() { ends() } else { String::new() })
}

/// The resources of a group. Empty if no cell has a time.
pub(crate) fn resources(record: &Record, group: &Group) -> Markup {
    table(record, group, "Resources used", &COLUMNS, CAPTION)
}

/// The latencies of a group's tasks. Empty if no cell has a time.
pub(crate) fn latencies(record: &Record, group: &Group) -> Markup {
    let caption = if record.has_arrivals() { FROM_DUE } else { FROM_START };
    table(record, group, "Latency and throughput", &LATENCIES, caption)
}

fn table(record: &Record, group: &Group, title: &str, columns: &[Column], caption: &str) -> Markup {
    let cells: Vec<&Cell> = group.cells.iter().filter(|cell| cell.time.is_some()).collect();
    if cells.is_empty() {
        return html! {};
    }
    let schedule = cells.iter().any(|cell| cell.record.spec.schedule != Schedule::OneByOne);
    let system = &record.host.system;
    html! {
        details {
            summary { (title) }
            div class="scroll" tabindex="0" role="group" aria-label={ (title) ", as a table" } {
                table class="resources" {
                    caption { span { (caption) } }
                    thead {
                        tr {
                            th scope="col" { "strategy" }
                            th scope="col" class="n" { "workers" }
                            @if schedule { th scope="col" { "schedule" } }
                            @for (head, _) in columns { th scope="col" class="n wrap" { (head) } }
                        }
                    }
                    tbody {
                        @for cell in cells {
                            tr {
                                th scope="row" class={ "s-" (palette::of(&cell.record.spec.strategy).strategy) } {
                                    (palette::sample(&cell.record.spec.strategy)) (cell.name())
                                }
                                td class="n" { (cell.record.layout()) }
                                @if schedule { td { (cell.record.spec.schedule) } }
                                @for (_, figure) in columns { td class="n" { (or_not_measured(figure(cell), system)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

const FROM_START: &str = "How long single tasks took, from when a worker began each: percentiles over the tasks of a \
    round by nearest rank, then the median over the rounds with its 95 % interval.";

const FROM_DUE: &str = "How long single tasks took, from when each was due, whether or not a worker was free: a stall \
    counts for every task that waits behind it. Percentiles over the tasks of a round by nearest rank, then the median \
    over the rounds with its 95 % interval.";

const CAPTION: &str = "Processor time, waiting for a core and context switches: means over the rounds, for the run only, \
    summed over all threads and worker processes, without the server. Waiting for a core can't be drawn as a span: \
    the system reports only a total, and drops threads that have ended. Threads, processes and memory: the peak of one \
    run in a fresh process. Memory per worker: for processes, the memory of each; otherwise, the growth of the process, \
    divided by the number of workers.";

fn switches(mean: f64) -> String {
    if mean < 1000.0 { significant(mean, 2) } else { significant(mean, 3) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::group::groups;
    use harness::results::latency::Latency;

    #[test]
    fn every_cell_with_a_time_has_a_row_and_what_was_not_measured_says_so() {
        let mut record = testdata::records::with_failures();
        for cell in &mut record.cells {
            cell.rounds.iter_mut().for_each(|round| round.core_wait_s = None);
        }
        let groups = groups(&record);
        let html = resources(&record, &groups[0]).into_string();
        let timed = groups[0].cells.iter().filter(|cell| cell.time.is_some()).count();
        assert_eq!(html.matches("<tr>").count(), timed + 1);
        assert_eq!(html.matches("not measured").count(), timed + 1, "and one has no memory");
        record.cells.iter_mut().for_each(|cell| cell.rounds.clear());
        assert_eq!(resources(&record, &super::super::group::groups(&record)[0]).into_string(), "");
    }

    #[test]
    fn latencies_count_from_when_tasks_were_due_where_they_were() {
        let mut record = testdata::records::with_failures();
        let shown = |record: &Record| latencies(record, &groups(record)[0]).into_string();
        assert!(
            shown(&record).contains("from when a worker began each") && shown(&record).contains("tasks per second")
        );
        for round in record.cells.iter_mut().flat_map(|cell| &mut cell.rounds) {
            round.latency_from_due = round.latency.map(|latency| Latency { p99_s: 12.5, ..latency });
        }
        assert!(shown(&record).contains("from when each was due") && shown(&record).contains("12.5"));
    }

    #[test]
    fn switches_are_counted_and_not_measured_to_a_fraction() {
        assert_eq!([2.25, 26.33, 311.7, 12_345.6].map(switches), ["2.2", "26", "312", "12346"]);
    }
}
