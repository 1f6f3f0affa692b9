//! The same work, spread in the same way, in Python: how many times as long it takes there.
//!
//! Both are cells of one record, so they were measured in the same rounds, and every answer of both was checked.

use crate::svg::palette;
use harness::{
    results::record::{CellRecord, Check, PythonFacts, Record},
    scenario::{DEFAULT_VARIANT, Phase},
};
use maud::{Markup, html};
use stats::{Estimate, median::median, paired};
use support::figures::{count, interval, ratio, time};

/// The section's id.
pub(crate) const ID: &str = "peers";
/// Its title in the list at the page's side.
pub(crate) const TITLE: &str = "Beside Python";

/// Our strategies, each with its like in Python.
const LIKE: [(&str, &str); 7] = [
    ("sequential", "python/sequential"),
    ("threads", "python/threads"),
    ("threads", "python/thread_pool"),
    ("processes", "python/processes"),
    ("processes", "python/process_pool"),
    ("hybrid", "python/hybrid"),
    ("async", "python/asyncio"),
];

/// Two cells that differ in their language alone.
pub(crate) struct Peers<'a> {
    record: &'a Record,
    ours: &'a CellRecord,
    python: &'a CellRecord,
    facts: &'a PythonFacts,
    /// The time in Python over ours.
    longer: Estimate,
}

impl<'a> Peers<'a> {
    /// Those of these records: of each pair of strategies the one with the most workers.
    pub(crate) fn of(records: &[&'a Record]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for record in records {
            for (like, python) in LIKE.iter().flat_map(|like| record.cells.iter().map(move |cell| (like, cell))) {
                let ours = record.cells.iter().find(|ours| {
                    let (ours, python) = (&ours.spec, &python.spec);
                    (&*ours.strategy, &*python.strategy) == *like
                        && (&ours.variant, ours.shape, ours.schedule, ours.timer)
                            == (&python.variant, python.shape, python.schedule, python.timer)
                });
                let Some(peers) = ours.and_then(|ours| Self::pair(record, ours, python)) else { continue };
                match all.iter_mut().find(|earlier| earlier.differs_in_workers_from(&peers)) {
                    Some(earlier) if earlier.ours.workers() < peers.ours.workers() => *earlier = peers,
                    Some(_) => {}
                    None => all.push(peers),
                }
            }
        }
        // A scenario may have two records: one for claims, and one of a user's choice.
        let scenarios: Vec<&str> = records.iter().map(|record| &*record.scenario).collect();
        all.sort_by_key(|peers| scenarios.iter().position(|name| *name == peers.record.scenario));
        all
    }

    fn pair(record: &'a Record, ours: &'a CellRecord, python: &'a CellRecord) -> Option<Self> {
        let facts = python.python.as_ref()?;
        let passed = [ours, python].iter().all(|cell| cell.check == Check::Passed);
        let longer = passed.then(|| paired::speedup(&python.timed_s(), &ours.timed_s())).flatten()?;
        Some(Self { record, ours, python, facts, longer })
    }

    fn differs_in_workers_from(&self, other: &Self) -> bool {
        let name = |peers: &Self| {
            let (ours, python) = (&peers.ours.spec, &peers.python.spec);
            (ours.variant.clone(), ours.schedule, ours.timer, python.strategy.clone(), python.python.clone())
        };
        self.record.scenario == other.record.scenario && name(self) == name(other)
    }

    /// Which one, and of which interpreter if there are several.
    fn strategy_in_python(&self) -> String {
        let strategy = self.python.spec.strategy.trim_start_matches("python/").replace('_', " ");
        match &self.python.spec.python {
            Some(interpreter) => format!("{strategy}, {interpreter}"),
            None => strategy,
        }
    }

    fn work(&self) -> String {
        let variant = &self.ours.spec.variant;
        let variant =
            if variant == DEFAULT_VARIANT { String::new() } else { format!(", {}", variant.replace('_', " ")) };
        // An interpreter's start is no small part of it.
        let start = if self.ours.timed.contains(&Phase::Start) { ", workers' start included" } else { "" };
        format!("{}{variant}{start}", self.record.title)
    }
}

/// The section; nothing without pairs.
pub(crate) fn section(all: &[Peers]) -> Markup {
    if all.is_empty() {
        return html! {};
    }
    let time_of = |cell: &CellRecord| median(&cell.timed_s()).map(time).unwrap_or_default();
    let mut interpreters: Vec<String> = all.iter().map(|peers| interpreter(peers.facts)).collect();
    interpreters.sort();
    interpreters.dedup();
    html! {
        section id=(ID) aria-labelledby={ (ID) "-title" } {
            h2 id={ (ID) "-title" } { "How much longer does the same work take in Python?" }
            div class="part" {
                p {
                    (count(all.len(), "pair")) " of cells that differ in their language alone, each measured in the same rounds, with every answer checked. "
                    "The same tasks, spread in the same way: requests by one of Python's clients, thumbnails by Pillow, sums by a loop of its own."
                }
                div class="scroll" tabindex="0" role="group" aria-label="The same work in Rust and in Python" {
                    table {
                        thead { tr { th scope="col" { "work" } th scope="col" { "spread over" } th scope="col" { "in Python" } th scope="col" class="n" { "Rust" } th scope="col" class="n" { "Python" } th scope="col" class="n" { "times as long" } th scope="col" class="n" { "95 % interval" } } }
                        tbody {
                            @for peers in all {
                                tr {
                                    td { (peers.work()) }
                                    th scope="row" { (palette::who(&peers.ours.spec.strategy, peers.ours.workers())) }
                                    td { (peers.strategy_in_python()) }
                                    td class="n" { (time_of(peers.ours)) }
                                    td class="n" { (time_of(peers.python)) }
                                    td class="n" { (ratio(peers.longer.estimate)) "×" }
                                    td class="n interval" { (interval(peers.longer.low, peers.longer.high)) }
                                }
                            }
                        }
                    }
                }
                @for interpreter in interpreters { p { (interpreter) "." } }
                p { "With its libraries in a virtual environment: " code { "make peers" } "." }
            }
        }
    }
}

/// The interpreter with the packages that tasks may use.
fn interpreter(facts: &PythonFacts) -> String {
    let packages = facts.packages.iter().filter_map(|(name, version)| Some(format!("{name} {}", version.as_ref()?)));
    let packages: Vec<String> = packages.collect();
    let lock = if facts.lock { "" } else { ", without the interpreter lock" };
    let with = if packages.is_empty() { "its standard library alone".into() } else { packages.join(", ") };
    format!("{} {}{lock}, with {with}", facts.implementation, facts.version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use testdata::records::in_python;

    /// Threads of a calculation, in Rust and in Python, where they take twice as long.
    fn record() -> Record {
        let mut record = testdata::records::prime_sum(10);
        let threads =
            record.cells.iter().filter(|cell| cell.spec.strategy == "threads").map(|cell| in_python(cell, 2.0));
        let threads: Vec<CellRecord> = threads.collect();
        record.cells.extend(threads);
        record
    }

    #[test]
    fn cells_that_differ_in_their_language_alone_are_peers() {
        let record = record();
        let all = Peers::of(&[&record]);
        assert_eq!(all.len(), 1, "the one with the most workers");
        let peers = &all[0];
        assert_eq!((peers.ours.workers(), &*peers.python.spec.strategy), (30, "python/threads"));
        assert!((peers.longer.estimate - 2.0).abs() < 1e-9 && peers.longer.low > 1.9, "{:?}", peers.longer);
        assert_eq!(interpreter(peers.facts), "CPython 3.11.7, with requests 2.32.0");
        assert!(section(&all).into_string().contains("2.00×"));
    }

    #[test]
    fn without_python_or_with_a_wrong_answer_there_are_none() {
        let mut record = record();
        record.cells.iter_mut().filter(|cell| cell.python.is_some()).for_each(|cell| cell.check = Check::Failed);
        assert!(Peers::of(&[&record, &testdata::records::web_requests(10)]).is_empty());
        assert_eq!(section(&[]).into_string(), "");
    }
}
