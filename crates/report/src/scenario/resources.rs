//! The resources of every cell: processor time, cores, memory, threads and processes. Background to the answer.

use crate::{
    scenario::{
        group::{Cell, Group},
        table::or_not_measured,
    },
    svg::palette,
};
use harness::results::record::Record;
use maud::{Markup, html};
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

/// The table of a group. Empty if no cell has a time.
pub(crate) fn resources(record: &Record, group: &Group) -> Markup {
    let cells: Vec<&Cell> = group.cells.iter().filter(|cell| cell.time.is_some()).collect();
    if cells.is_empty() {
        return html! {};
    }
    let deal = cells.iter().any(|cell| cell.record.spec.deal != Schedule::OneByOne);
    let system = &record.host.system;
    html! {
        details {
            summary { "Resources used" }
            div class="scroll" tabindex="0" role="region" aria-label="Resources used, as a table" {
                table class="resources" {
                    caption { span { (CAPTION) } }
                    thead {
                        tr {
                            th scope="col" { "strategy" }
                            th scope="col" class="n" { "workers" }
                            @if deal { th scope="col" { "deal" } }
                            @for (head, _) in COLUMNS { th scope="col" class="n wrap" { (head) } }
                        }
                    }
                    tbody {
                        @for cell in cells {
                            tr {
                                th scope="row" class={ "s-" (palette::of(&cell.record.spec.strategy).strategy) } {
                                    span class="dot" {} (palette::label(&cell.record.spec.strategy))
                                }
                                td class="n" { (cell.record.layout()) }
                                @if deal { td { (cell.record.spec.deal) } }
                                @for (_, figure) in COLUMNS { td class="n" { (or_not_measured(figure(cell), system)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

const CAPTION: &str = "Processor time, waiting for a core and context switches: mean over the rounds, for the run, all \
    threads and worker processes together; the server's is not in it. Waiting for a core can't be drawn as a span: the \
    system tells it as a total, and forgets threads that end. Threads, processes and memory: the most at once in one run \
    in a fresh process. Memory per worker: of processes what each has; of others what the process grew by, divided by \
    the workers.";

fn switches(mean: f64) -> String {
    if mean < 1000.0 { significant(mean, 2) } else { significant(mean, 3) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{scenario::group::groups, testdata};

    #[test]
    fn every_cell_with_a_time_has_a_row_and_what_was_not_measured_says_so() {
        let mut record = testdata::with_failures();
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
    fn switches_are_counted_and_not_measured_to_a_fraction() {
        assert_eq!([2.25, 26.33, 311.7, 12_345.6].map(switches), ["2.2", "26", "312", "12346"]);
    }
}
