//! The machine and its noise, for the page's head and, where machines differ, for the sections.

use crate::scenario::group::groups;
use harness::results::record::Record;
use maud::{Markup, html};
use measure::host::HostFacts;
use stats::noise::{Assessment, Noise};
use std::collections::HashSet;
use support::{figures::memory, words::capital};

/// One strip with the facts of the records' host. Empty without records.
pub(crate) fn strip(records: &[&Record]) -> Markup {
    let first = records.iter().min_by_key(|record| &record.started_at);
    let last = records.iter().max_by_key(|record| &record.started_at);
    let (Some(first), Some(last)) = (first, last) else { return html! {} };
    let (fact, noisy) = steadiness(records);
    let unoptimised = (first.host.profile == "debug").then(|| {
        "Built without optimisation: figures of calculations mean little. Measure with a release build.".to_owned()
    });
    let disturbed = records
        .iter()
        .flat_map(|record| record.disturbances().map(|disturbance| format!("{}: {disturbance}", record.scenario)));
    let warnings: Vec<String> = unoptimised.into_iter().chain(disturbed).chain(noisy).collect();
    html! {
        ul class="host" {
            @for fact in facts(&first.host) { li { (fact) } }
            li { (load(first.host.load_before, last.host.load_after)) }
            li { (rounds(records)) ", interleaved" }
            @if let Some(fact) = fact { li { (fact) } }
        }
        @if !warnings.is_empty() {
            ul class="missing" { @for warning in warnings { li { (unbroken_flags(&warning)) } } }
        }
    }
}

/// True when all records come from the same machine and the same build.
pub(crate) fn is_one(records: &[&Record]) -> bool {
    let settled = |record: &Record| HostFacts { load_before: None, load_after: None, ..record.host.clone() };
    records.windows(2).all(|pair| settled(pair[0]) == settled(pair[1]))
}

fn facts(host: &HostFacts) -> Vec<String> {
    let model = host.cpu_model.as_deref().unwrap_or("processor not named by this system");
    let system = format!("{} {}", capital(&host.system), host.kernel.as_deref().unwrap_or(""));
    let mut facts = vec![format!("{model}, {}", host.cores())];
    facts.extend(host.memory_bytes.map(|bytes| format!("{} memory", memory(bytes))));
    facts.push(system.trim().into());
    facts.push(format!("{}, {}", host.rustc, host.profile));
    facts.push(host.commit.as_ref().map_or("outside a checkout".into(), |commit| format!("commit {commit}")));
    facts
}

fn load(before: Option<f64>, after: Option<f64>) -> String {
    let figure = |load: Option<f64>| load.map_or("not measured".into(), |load| format!("{load:.1}"));
    format!("load {} before, {} after", figure(before), figure(after))
}

/// The text with unbreakable `--flags`: a browser would break them between the hyphens.
fn unbroken_flags(text: &str) -> Markup {
    html! {
        @for word in text.split_inclusive(' ') {
            @if word.starts_with("--") { span class="flag" { (word.trim_end()) } " " } @else { (word) }
        }
    }
}

fn rounds(records: &[&Record]) -> String {
    let done = || records.iter().map(|record| record.rounds_done);
    match (done().min().unwrap_or(0), done().max().unwrap_or(0)) {
        (1, 1) => "1 round".into(),
        (least, most) if least == most => format!("{most} rounds"),
        (least, most) => format!("{least} to {most} rounds"),
    }
}

/// How steady the machine was while it measured the baselines: a fact if it was, remedies if it wasn't.
fn steadiness(records: &[&Record]) -> (Option<String>, Vec<String>) {
    let mut quiet: Vec<(f64, String)> = Vec::new();
    let mut noisy: Vec<String> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    for (record, group) in
        records.iter().flat_map(|record| groups(record).into_iter().map(move |group| (*record, group)))
    {
        let Some(measured) = group.baseline().and_then(|cell| Noise::of(&cell.record.timed_s())) else { continue };
        let Assessment { found, remedy, .. } = measured.assess(record.drawn);
        match remedy {
            None => quiet.push((measured.spread, format!("{} {found}", group.against()))),
            Some(remedy) => noisy.push(format!("{}: {} {found}: {remedy}.", record.scenario, group.against())),
        }
    }
    let worst = quiet.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).filter(|_| noisy.is_empty());
    noisy.retain(|warning| seen.insert(warning.clone()));
    (worst.map(|(_, found)| found), noisy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noisy_machine_is_named_with_its_remedy_and_a_quiet_one_with_its_figure() {
        let mut record = testdata::records::web_requests(10);
        let (fact, noisy) = steadiness(&[&record]);
        assert!(fact.is_some_and(|fact| fact.contains("held still")) && noisy.is_empty());
        (0..10).for_each(|round| record.cells[0].rounds[round].run_s = 1.0 + 0.02 * round as f64);
        let (fact, noisy) = steadiness(&[&record]);
        assert!(fact.is_none() && noisy[0].contains("drifted") && noisy[0].contains("--rounds 30"), "{noisy:?}");
    }

    #[test]
    fn records_of_two_builds_are_not_one_machine() {
        let (one, mut other) = (testdata::records::web_requests(4), testdata::records::prime_sum(4));
        other.host.load_before = Some(7.0);
        assert!(is_one(&[&one, &other]));
        other.host.commit = Some("fedcba9".into());
        assert!(!is_one(&[&one, &other]));
    }
}
