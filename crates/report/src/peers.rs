//! The same work, spread in the same way, in Python or by another program: how many times as long it takes there.
//!
//! Both are cells of one record, so they were measured in the same rounds, and every answer of both was checked.

use crate::svg::palette;
use harness::{
    results::record::{CellRecord, Check, PythonFacts, Record},
    scenario::{CellSpec, DEFAULT_VARIANT, Phase},
};
use maud::{Markup, html};
use stats::{Estimate, median::median, paired};
use support::figures::{count, fixed, interval, ratio, time};
use work::worker::layout::WorkerLayout;

/// The section's id.
pub(crate) const ID: &str = "peers";
/// Its title in the list at the page's side.
pub(crate) const TITLE: &str = "Beside Python and others";

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

/// Two cells that are alike, except for the program that does the work.
pub(crate) struct Peers<'a> {
    record: &'a Record,
    ours: &'a CellRecord,
    theirs: &'a CellRecord,
    /// Their time over ours.
    longer: Estimate,
}

impl<'a> Peers<'a> {
    /// Those of these records: of each pair of strategies the one with the most workers.
    pub(crate) fn of(records: &[&'a Record]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for record in records {
            for (ours, theirs) in record.cells.iter().flat_map(|ours| record.cells.iter().map(move |cell| (ours, cell)))
            {
                let Some(peers) = are_alike(ours, theirs).then(|| Self::pair(record, ours, theirs)).flatten() else {
                    continue;
                };
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

    fn pair(record: &'a Record, ours: &'a CellRecord, theirs: &'a CellRecord) -> Option<Self> {
        let passed = [ours, theirs].iter().all(|cell| cell.check == Check::Passed);
        let longer = passed.then(|| paired::speedup(&theirs.timed_s(), &ours.timed_s())).flatten()?;
        Some(Self { record, ours, theirs, longer })
    }

    fn differs_in_workers_from(&self, other: &Self) -> bool {
        let name = |peers: &Self| CellSpec { shape: WorkerLayout::ONE, ..peers.theirs.spec.clone() };
        self.record.scenario == other.record.scenario && name(self) == name(other)
    }

    /// Who does the same work: a program, or a strategy in Python, of which interpreter if there are several.
    fn they(&self) -> String {
        if let Some(program) = &self.theirs.program {
            return program.clone();
        }
        let strategy = self.theirs.spec.strategy.replacen("python/", "Python, ", 1).replace('_', " ");
        match &self.theirs.spec.python {
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

/// Whether the second cell does what the first does, in Python or by a program.
fn are_alike(ours: &CellRecord, theirs: &CellRecord) -> bool {
    let (one, other) = (&ours.spec, &theirs.spec);
    if ours.program.is_some() || (one.shape, one.schedule, one.timer) != (other.shape, other.schedule, other.timer) {
        return false;
    }
    match theirs.program {
        Some(_) => one.variant == DEFAULT_VARIANT && one.strategy == other.strategy,
        None => one.variant == other.variant && LIKE.contains(&(&one.strategy, &other.strategy)),
    }
}

/// The section; nothing without pairs.
pub(crate) fn section(all: &[Peers]) -> Markup {
    if all.is_empty() {
        return html! {};
    }
    let time_of = |cell: &CellRecord| median(&cell.timed_s()).map(time).unwrap_or_default();
    let mut interpreters: Vec<String> =
        all.iter().filter_map(|peers| peers.theirs.python.as_ref()).map(interpreter).collect();
    interpreters.sort();
    interpreters.dedup();
    let compared = all.iter().any(|peers| peers.ours.likeness_db.is_some());
    html! {
        section id=(ID) aria-labelledby={ (ID) "-title" } {
            h2 id={ (ID) "-title" } { "How much longer does the same work take in Python, and in other programs?" }
            div class="part" {
                p {
                    (count(all.len(), "pair")) " of cells, alike except for the program that does the work. Each pair was measured in the same rounds, and every answer was checked. "
                    "Both sides do the same tasks and share them out in the same way. Python fetches with one of its clients, makes thumbnails with Pillow, and sums in a loop of its own. Another program makes all thumbnails of a worker in one start."
                }
                @if compared {
                    p {
                        "Likeness is the peak signal-to-noise ratio of the brightness, relative to a thumbnail made from the full picture with a Lanczos filter: the lowest value of the first pictures. "
                        "Half the error means 6 dB more."
                    }
                }
                div class="scroll" tabindex="0" role="group" aria-label="The same work here, in Python and in other programs" {
                    table {
                        thead { tr { th scope="col" { "work" } th scope="col" { "spread over" } th scope="col" { "done by" } th scope="col" class="n" { "ours" } th scope="col" class="n" { "theirs" } th scope="col" class="n" { "times as long" } th scope="col" class="n" { "95 % interval" } } }
                        tbody {
                            @for peers in all {
                                tr {
                                    td {
                                        (peers.work())
                                        @if let Some((ours, theirs)) = peers.ours.likeness_db.zip(peers.theirs.likeness_db) {
                                            br; small { "likeness " (fixed(ours, 1)) " dB, theirs " (fixed(theirs, 1)) " dB" }
                                        }
                                    }
                                    th scope="row" { (palette::who(&peers.ours.spec.strategy, peers.ours.workers())) }
                                    td { (peers.they()) }
                                    td class="n" { (time_of(peers.ours)) }
                                    td class="n" { (time_of(peers.theirs)) }
                                    td class="n" { (ratio(peers.longer.estimate)) "×" }
                                    td class="n interval" { (interval(peers.longer.low, peers.longer.high)) }
                                }
                            }
                        }
                    }
                }
                @for interpreter in interpreters { p { (interpreter) "." } }
                p { "To measure with Python's libraries in a virtual environment, and with vipsthumbnail if it is installed: " code { "make peers" } "." }
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
        assert_eq!((peers.ours.workers(), &*peers.theirs.spec.strategy), (30, "python/threads"));
        assert!((peers.longer.estimate - 2.0).abs() < 1e-9 && peers.longer.low > 1.9, "{:?}", peers.longer);
        assert_eq!(
            peers.theirs.python.as_ref().map(interpreter).as_deref(),
            Some("CPython 3.11.7, with requests 2.32.0")
        );
        assert!(section(&all).into_string().contains("2.00×"));
    }

    #[test]
    fn a_program_in_the_place_of_our_code_is_a_peer_of_the_same_strategy() {
        let mut record = testdata::records::prime_sum(10);
        let by_program = record.cells.iter().filter(|cell| cell.spec.strategy == "threads").cloned().map(|mut cell| {
            cell.spec.variant = "vipsthumbnail".into();
            cell.program = Some("vipsthumbnail".into());
            cell.rounds.iter_mut().for_each(|round| round.run_s *= 3.0);
            cell
        });
        let by_program: Vec<CellRecord> = by_program.collect();
        record.cells.extend(by_program);
        record.cells.iter_mut().for_each(|cell| cell.likeness_db = Some(33.25));
        let all = Peers::of(&[&record]);
        let page = section(&all).into_string();
        assert_eq!(all.iter().map(Peers::they).collect::<Vec<_>>(), ["vipsthumbnail"]);
        assert!(page.contains("3.00×") && page.contains("likeness 33.2 dB, theirs 33.2 dB"), "{page}");
    }

    #[test]
    fn without_python_or_with_a_wrong_answer_there_are_none() {
        let mut record = record();
        record.cells.iter_mut().filter(|cell| cell.python.is_some()).for_each(|cell| cell.check = Check::Failed);
        assert!(Peers::of(&[&record, &testdata::records::web_requests(10)]).is_empty());
        assert_eq!(section(&[]).into_string(), "");
    }
}
