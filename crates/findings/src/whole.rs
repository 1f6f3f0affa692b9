//! From the figures of a claim to the verdict on it.

use super::{
    Finding, MechanismFinding, Verdict,
    figure::Assessed,
    mechanism::{self, mechanisms},
    sentence,
};
use harness::results::evidence::Evidence;
use harness::scenario::{Scenario, claim::Claim};

/// The worst first: a chain is as strong as its weakest link, and a claim as its weakest figure.
const WEAKEST_FIRST: [Verdict; 5] =
    [Verdict::Contradicted, Verdict::Inconclusive, Verdict::DirectionOnly, Verdict::CanExplain, Verdict::Reproduced];

/// The finding on a claim whose figures are judged.
pub(super) fn finding(claim: &Claim, figures: Vec<Assessed>, scenarios: &[Scenario], evidence: &Evidence) -> Finding {
    let mechanisms = mechanisms(claim, evidence);
    // What is about Rust has no say in what a document's claim is worth.
    let judged: Vec<&Assessed> = figures.iter().filter(|assessed| !assessed.figure.in_rust).collect();
    let verdicts = with_mechanisms(&judged, &mechanisms);
    let verdict = verdict(claim, &verdicts);
    let unit = judged.first().map(|first| first.finding.unit);
    Finding {
        id: claim.id.clone(),
        scenario: home(claim, scenarios),
        question: claim.question.clone(),
        says: claim.says.clone(),
        verdict,
        sentence: sentence::whole(claim, verdict, &verdicts, &judged, &mechanisms, scenarios),
        apart: unit.and_then(|unit| sentence::apart(claim, unit, &mechanisms)),
        figures: figures.into_iter().map(|assessed| assessed.finding).collect(),
        mechanisms,
        contested: claim.contested.clone(),
        in_rust: claim.in_rust.clone(),
        caveat: claim.caveat.clone(),
        command: format!("makespan reproduce {}", claim.id),
    }
}

/// The figures' verdicts, the first with what its mechanisms make of it.
fn with_mechanisms(figures: &[&Assessed], mechanisms: &[MechanismFinding]) -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> = figures.iter().map(|assessed| assessed.finding.verdict).collect();
    if let (Some(verdict), Some(first)) = (verdicts.first_mut(), figures.first())
        && mechanism::explain(&first.finding, mechanisms)
    {
        *verdict = Verdict::CanExplain;
    }
    verdicts
}

fn verdict(claim: &Claim, figures: &[Verdict]) -> Verdict {
    let all = |wanted: Verdict| figures.iter().all(|verdict| *verdict == wanted);
    if all(Verdict::NotMeasured) {
        return Verdict::NotMeasured;
    }
    if claim.contested.is_some() {
        return Verdict::Contested;
    }
    if figures.contains(&Verdict::NotMeasured) {
        return Verdict::NotMeasured;
    }
    // The first figure is what the claim is about. Without it, the others say what they say, and not whether it came out.
    if figures.first() == Some(&Verdict::NotTestable) {
        return Verdict::NotTestable;
    }
    // What else can't be tested here is set aside.
    WEAKEST_FIRST.into_iter().find(|verdict| figures.contains(verdict)).unwrap_or(Verdict::NotTestable)
}

/// The scenario in whose file the claim stands.
fn home(claim: &Claim, scenarios: &[Scenario]) -> String {
    let home = scenarios.iter().find(|scenario| scenario.claims.iter().any(|other| other.id == claim.id));
    home.map_or(String::new(), |scenario| scenario.name.clone())
}
