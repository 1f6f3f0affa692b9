//! Writes the page from the store: the verdicts on all claims with their evidence, the newest record of each scenario,
//! and links to Criterion's pages.

use crate::{CriterionLink, PageInput, ScenarioNote, write};
use findings::findings;
use harness::{
    results::{
        costs::Costs,
        criterion,
        output::Output,
        store::{Store, StoreError},
    },
    scenario,
};
use std::path::Path;

/// Rewrites the page. Returns what had to be left out, with the reasons.
pub fn refresh(store: &Store, page: impl Into<Output>) -> Result<Vec<String>, StoreError> {
    let page = page.into();
    let kept = store.newest()?;
    let scenarios = scenario::all().unwrap_or_default();
    let (evidence, unusable) = store.evidence(&scenarios)?;
    let findings = findings(&scenarios, &evidence);
    let expected_scenarios: Vec<ScenarioNote> =
        scenarios.into_iter().map(|scenario| ScenarioNote { name: scenario.name, title: scenario.title }).collect();
    let mut records: Vec<_> = kept.newest.into_values().collect();
    let known = |name: &str| expected_scenarios.iter().position(|note| note.name == name).unwrap_or(usize::MAX);
    records.sort_by_key(|record| known(&record.scenario));
    let import = criterion::import(&criterion::home());
    let generated_at = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string();
    let links = import.benchmarks.iter().filter_map(|benchmark| link(benchmark, page.path())).collect();
    let (costs, damaged) = match Costs::read(store.dir()) {
        Ok(costs) => (costs, None),
        Err(error) => (None, Some(format!("{error}; `cargo bench --bench queue` measures it again"))),
    };
    let lessons = lesson::all().unwrap_or_default();
    let input =
        PageInput { records, findings, evidence, expected_scenarios, criterion: links, costs, lessons, generated_at };
    write(page, &input)?;
    let skipped = import.skipped.iter().map(|skipped| format!("{}: {}", skipped.file.display(), skipped.reason));
    let unreadable = kept.unreadable.iter().chain(&unusable).map(ToString::to_string);
    Ok(unreadable.chain(damaged).chain(skipped).collect())
}

fn link(benchmark: &criterion::Benchmark, page: &Path) -> Option<CriterionLink> {
    let workers = benchmark.workers()?;
    let href = relative(page, &benchmark.page()?)?;
    Some(CriterionLink { scenario: benchmark.group.clone(), strategy: benchmark.function.clone()?, workers, href })
}

/// The relative path from one file to another, with forward slashes, so that the checkout may move.
fn relative(from: &Path, to: &Path) -> Option<String> {
    let (from, to) = (std::path::absolute(from).ok()?, std::path::absolute(to).ok()?);
    let common = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().count().checked_sub(common + 1)?;
    let down = to.components().skip(common).map(|part| part.as_os_str().to_string_lossy().into_owned());
    Some(std::iter::repeat_n("..".to_owned(), up).chain(down).collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_leads_up_and_down() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to));
        assert_eq!(way("/a/report/index.html", "/a/target/x.html").as_deref(), Some("../target/x.html"));
        assert_eq!(way("/a/index.html", "/a/x.html").as_deref(), Some("x.html"));
    }

    #[test]
    fn damaged_costs_are_a_warning_and_no_failure() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(Costs::path_in(dir.path()), "{").unwrap();
        let warnings = refresh(&Store::at(Some(dir.path().into())), dir.path().join("index.html")).unwrap();
        assert!(warnings.iter().any(|warning| warning.contains("queue.json")), "{warnings:?}");
    }

    #[test]
    fn an_empty_store_gives_a_page_that_says_how_to_measure() {
        let dir = tempfile::tempdir().unwrap();
        let page = dir.path().join("deep/index.html");
        refresh(&Store::at(Some(dir.path().into())), &page).unwrap();
        assert!(std::fs::read_to_string(page).unwrap().contains("makespan run latency_only"));
    }
}
