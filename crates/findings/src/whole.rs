//! Combines the verdicts on a claim's figures into the verdict on the claim.

use super::{
    Finding, MechanismFinding, Verdict,
    figure::Assessed,
    mechanism::{self, mechanisms},
    sentence,
};
use harness::results::evidence::Evidence;
use harness::scenario::{Scenario, claim::Claim};

/// The weakest first: a claim is as strong as its weakest figure.
const WEAKEST_FIRST: [Verdict; 5] =
    [Verdict::Contradicted, Verdict::Inconclusive, Verdict::DirectionOnly, Verdict::CanExplain, Verdict::Reproduced];

/// The finding on a claim whose figures are judged.
pub(super) fn finding(claim: &Claim, figures: Vec<Assessed>, scenarios: &[Scenario], evidence: &Evidence) -> Finding {
    let mechanisms = mechanisms(claim, evidence);
    // Figures about Rust don't decide a document's claim.
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

/// The figures' verdicts. The first takes the mechanisms into account.
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
    // The first figure is what the claim is about. Without it, the others can't decide the claim.
    if figures.first() == Some(&Verdict::NotTestable) {
        return Verdict::NotTestable;
    }
    // Other figures that can't be tested here are ignored.
    WEAKEST_FIRST.into_iter().find(|verdict| figures.contains(verdict)).unwrap_or(Verdict::NotTestable)
}

/// The scenario whose file contains the claim.
fn home(claim: &Claim, scenarios: &[Scenario]) -> String {
    let home = scenarios.iter().find(|scenario| scenario.claims.iter().any(|other| other.id == claim.id));
    home.map_or(String::new(), |scenario| scenario.name.clone())
}
