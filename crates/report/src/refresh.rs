//! Writes the page from the store: the verdicts on all claims with their evidence, the newest record of each scenario,
//! and links to Criterion's pages.

use crate::{CriterionLink, OwnFindings, PageInput, ScenarioNote, write};
use advice::documents::AdviceDocument;
use findings::{Finding, Findings, findings};
use harness::{
    results::{
        costs::Costs,
        criterion,
        output::Output,
        own_advice,
        store::{Store, StoreError},
    },
    scenario::{self, Scenario},
};
use std::path::Path;

/// Rewrites the page; `against` is the store of an earlier run to compare with. Returns what had to be left out, with the
/// reasons.
pub fn refresh(store: &Store, page: impl Into<Output>, against: Option<&Store>) -> Result<Vec<String>, StoreError> {
    let page = page.into();
    let kept = store.newest()?;
    let mut scenarios = scenario::all().unwrap_or_default();
    let unreadable_files = add_own(&mut scenarios, store.own_files()?);
    let (evidence, unusable) = store.evidence(&scenarios)?;
    let before = match against {
        Some(earlier) => Some(findings(&scenarios, &earlier.evidence(&scenarios)?.0)),
        None => None,
    };
    let (findings, own) = apart(findings(&scenarios, &evidence), &scenarios);
    let built_in = scenarios.into_iter().filter(|scenario| scenario.source.is_none());
    let expected_scenarios: Vec<ScenarioNote> =
        built_in.map(|scenario| ScenarioNote { name: scenario.name, title: scenario.title }).collect();
    let mut records: Vec<_> = kept.newest.into_values().collect();
    let known = |name: &str| expected_scenarios.iter().position(|note| note.name == name).unwrap_or(usize::MAX);
    records.sort_by_key(|record| known(&record.scenario));
    let import = criterion::import(&criterion::home());
    let generated_at = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string();
    let links = import.benchmarks.iter().filter_map(|benchmark| link(benchmark, page.path())).collect();
    let (costs, damaged) =
        readable(Costs::read(store.dir()), |error| format!("{error}; `cargo bench --bench queue` measures it again"));
    let writes_again = |error| format!("{error}; `makespan advise` writes it again");
    let (advice, damaged_advice) = readable(latest(store), writes_again);
    let (quota_advice, damaged_quota) = readable(latest(store), writes_again);
    let (load_advice, damaged_load) = readable(latest(store), writes_again);
    let lessons = lesson::all().unwrap_or_default();
    let input = PageInput {
        records,
        findings,
        before,
        own,
        evidence,
        expected_scenarios,
        criterion: links,
        costs,
        advice,
        quota_advice,
        load_advice,
        lessons,
        generated_at,
    };
    write(page, &input)?;
    let skipped = import.skipped.iter().map(|skipped| format!("{}: {}", skipped.file.display(), skipped.reason));
    // The same files are unreadable whatever is looked for in them.
    let mut unreadable: Vec<String> = kept.unreadable.iter().chain(&unusable).map(ToString::to_string).collect();
    unreadable.sort();
    unreadable.dedup();
    let damaged = damaged.into_iter().chain(damaged_advice).chain(damaged_quota).chain(damaged_load);
    Ok(unreadable.into_iter().chain(unreadable_files).chain(damaged).chain(skipped).collect())
}

/// The latest advice of a kind.
fn latest<T: AdviceDocument>(store: &Store) -> Result<Option<T>, StoreError> {
    own_advice::read(&store.dir().join(T::FILE), T::SCHEMA)
}

/// A document, if it is there and can be read; otherwise, if it can't, what to say about it.
fn readable<T>(
    read: Result<Option<T>, StoreError>,
    words: impl FnOnce(StoreError) -> String,
) -> (Option<T>, Option<String>) {
    match read {
        Ok(document) => (document, None),
        Err(error) => (None, Some(words(error))),
    }
}

/// Adds the scenarios of users' files, each name once. Returns why some could not be.
fn add_own(scenarios: &mut Vec<Scenario>, files: Vec<String>) -> Vec<String> {
    let mut unreadable = Vec::new();
    for file in files {
        match scenario::load_claims(&file) {
            Ok(own) if scenarios.iter().all(|known| known.name != own.name) => scenarios.push(own),
            Ok(_) => {}
            Err(error) => unreadable.push(format!("{error}; its claims are not on the page")),
        }
    }
    unreadable
}

/// The findings on the documents' claims, and those on the claims of each user's file.
fn apart(mut findings: Findings, scenarios: &[Scenario]) -> (Findings, Vec<OwnFindings>) {
    let of = |own: &Scenario| {
        let is_own = |claim: &Finding| claim.file.is_some() && claim.scenario == own.name;
        let file = own.source.as_ref()?.display().to_string();
        let claims = findings.claims.iter().filter(|claim| is_own(claim)).cloned().collect();
        Some(OwnFindings { file, title: own.title.clone(), claims })
    };
    let own: Vec<OwnFindings> = scenarios.iter().filter_map(of).collect();
    findings.claims.retain(|claim| claim.file.is_none());
    findings.decisions.retain(|row| scenarios.iter().any(|known| known.name == row.scenario && known.source.is_none()));
    (findings, own)
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
        let warnings = refresh(&Store::at(Some(dir.path().into())), dir.path().join("index.html"), None).unwrap();
        assert!(warnings.iter().any(|warning| warning.contains("queue.json")), "{warnings:?}");
    }

    #[test]
    fn an_empty_store_gives_a_page_that_says_how_to_measure() {
        let dir = tempfile::tempdir().unwrap();
        let page = dir.path().join("deep/index.html");
        refresh(&Store::at(Some(dir.path().into())), &page, None).unwrap();
        assert!(std::fs::read_to_string(page).unwrap().contains("makespan run latency_only"));
    }
}
