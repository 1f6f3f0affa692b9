//! Combines the verdicts on a claim's figures into the verdict on the claim.

use super::{
    Finding, MechanismFinding, ReadingFinding, Verdict, bugs,
    figure::Assessed,
    mechanism::{self, mechanisms},
    quantity::Lacking,
    sentence,
};
use harness::results::evidence::Evidence;
use harness::scenario::{
    Scenario,
    claim::{Claim, FigureRole},
};
use support::{distinct, terminal::shell_word};

/// The weakest first: a claim is as strong as its weakest figure.
const WEAKEST_FIRST: [Verdict; 6] = [
    Verdict::Refuted,
    Verdict::Undecided,
    Verdict::Depends,
    Verdict::HoldsInDirection,
    Verdict::Fitted,
    Verdict::Holds,
];

/// The finding on a claim whose figures are judged.
pub(super) fn finding(
    claim: &Claim,
    mut figures: Vec<Assessed>,
    scenarios: &[Scenario],
    evidence: &Evidence,
) -> Finding {
    let mechanisms = mechanisms(claim, evidence);
    let bugs: Vec<_> = claim.bugs.iter().map(|bug| bugs::finding(bug, scenarios, evidence)).collect();
    // Where Python was not measured, its stand-in says all there is to say.
    let is_missing = |one: &Assessed| {
        one.figure.role == FigureRole::Python && matches!(one.taken.quantity, Err(Lacking::NotMeasured))
    };
    figures.retain(|one| !is_missing(one));
    let judged: Vec<(usize, &Assessed)> =
        figures.iter().enumerate().filter(|(_, assessed)| assessed.finding.decides).collect();
    let judged_alone: Vec<&Assessed> = judged.iter().map(|(_, assessed)| *assessed).collect();
    let verdicts = with_mechanisms(&judged_alone, &mechanisms);
    let readings = readings(claim, &judged_alone, &verdicts, scenarios);
    let of_readings = (!readings.is_empty()).then(|| of_readings(&readings));
    let others = judged_alone.iter().zip(&verdicts).filter(|(assessed, _)| assessed.figure.reading.is_none());
    let refuting = bugs.iter().filter(|bug| bug.refutes).map(bugs::verdict);
    let all: Vec<Verdict> =
        of_readings.into_iter().chain(others.map(|(_, verdict)| *verdict)).chain(refuting).collect();
    let verdict = weakest(&all);
    let deciding = verdicts.iter().position(|one| *one == verdict);
    let unit = judged_alone.first().map(|first| first.finding.unit);
    let home = home(claim, scenarios);
    let whole = sentence::Whole {
        claim,
        verdict,
        verdicts: &verdicts,
        figures: &judged_alone,
        readings: &readings,
        bugs: &bugs,
        mechanisms: &mechanisms,
        scenarios,
    };
    Finding {
        id: claim.id.clone(),
        scenario: home.map_or(String::new(), |scenario| scenario.name.clone()),
        file: home.and_then(|scenario| Some(scenario.source.as_ref()?.display().to_string())),
        question: claim.question.clone(),
        says: claim.says.clone(),
        verdict,
        sentence: whole.sentence(deciding),
        brief: whole.brief(deciding),
        deciding: deciding.and_then(|place| judged.get(place)).map(|(place, _)| *place),
        apart: unit.and_then(|unit| sentence::apart(claim, unit, &mechanisms)),
        figures: figures.into_iter().map(|assessed| assessed.finding).collect(),
        depends_on: claim.depends_on.clone(),
        readings,
        bugs,
        mechanisms,
        in_rust: claim.in_rust.clone(),
        caveat: claim.caveat.clone(),
        command: command(claim, home),
    }
}

/// Which figures decide the claim: those in Python where there is one, and what stands in for them where there is none.
/// Figures about Rust never do.
pub(super) fn deciding(figures: &[Assessed]) -> Vec<bool> {
    let is_in_python = |assessed: &Assessed| {
        let lacking = assessed.taken.quantity.as_ref().err();
        !matches!(lacking, Some(Lacking::NotMeasured | Lacking::Skipped(_)))
    };
    let roles: Vec<FigureRole> = figures.iter().map(|assessed| assessed.figure.role).collect();
    (0..figures.len()).map(|place| decides(&roles, place, |place| is_in_python(&figures[place]))).collect()
}

/// Whether the figure at this place decides its claim, if the figure at a place was measured in Python.
pub(super) fn decides(roles: &[FigureRole], place: usize, is_in_python: impl Fn(usize) -> bool) -> bool {
    match roles[place] {
        FigureRole::Decides => true,
        FigureRole::Python => is_in_python(place),
        // The checker puts it right behind the same figure in Python.
        FigureRole::StandsIn => !place.checked_sub(1).is_some_and(is_in_python),
        FigureRole::Rust => false,
    }
}

/// The figures' verdicts. The first takes the mechanisms into account.
fn with_mechanisms(figures: &[&Assessed], mechanisms: &[MechanismFinding]) -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> = figures.iter().map(|assessed| assessed.finding.verdict).collect();
    if let (Some(verdict), Some(first)) = (verdicts.first_mut(), figures.first())
        && mechanism::explain(&first.finding, mechanisms)
    {
        *verdict = Verdict::Fitted;
    }
    verdicts
}

/// A line for each condition, in the order in which the figures name them.
fn readings(claim: &Claim, figures: &[&Assessed], verdicts: &[Verdict], scenarios: &[Scenario]) -> Vec<ReadingFinding> {
    let conditions = distinct(figures.iter().filter_map(|assessed| assessed.figure.reading.as_deref()));
    let line = |condition: &str| {
        let mine: Vec<(&Assessed, Verdict)> = figures
            .iter()
            .zip(verdicts)
            .filter(|(assessed, _)| assessed.figure.reading.as_deref() == Some(condition))
            .map(|(assessed, verdict)| (*assessed, *verdict))
            .collect();
        let verdict = weakest(&mine.iter().map(|(_, verdict)| *verdict).collect::<Vec<_>>());
        let deciding = mine.iter().find(|(_, one)| *one == verdict).map(|(assessed, _)| *assessed);
        let sentence = deciding.map(|assessed| sentence::one(claim, assessed, scenarios)).unwrap_or_default();
        ReadingFinding { condition: condition.into(), verdict, sentence }
    };
    conditions.into_iter().map(line).collect()
}

/// The readings as one verdict: it depends if one holds and another doesn't.
fn of_readings(readings: &[ReadingFinding]) -> Verdict {
    let has = |wanted: &[Verdict]| readings.iter().any(|reading| wanted.contains(&reading.verdict));
    if readings.iter().all(|reading| reading.verdict != Verdict::NotMeasured)
        && has(&[Verdict::Holds, Verdict::HoldsInDirection, Verdict::Fitted])
        && has(&[Verdict::Refuted])
    {
        return Verdict::Depends;
    }
    // What holds under one condition alone says nothing about the other.
    if has(&[Verdict::NotTestable]) && !has(&[Verdict::NotMeasured]) {
        return Verdict::NotTestable;
    }
    // What is refuted under one condition may hold under the other.
    if has(&[Verdict::Undecided]) && !has(&[Verdict::NotMeasured]) {
        return Verdict::Undecided;
    }
    weakest(&readings.iter().map(|reading| reading.verdict).collect::<Vec<_>>())
}

fn weakest(verdicts: &[Verdict]) -> Verdict {
    if verdicts.contains(&Verdict::NotMeasured) {
        return Verdict::NotMeasured;
    }
    // The first figure is what the claim is about. Without it, the others can't decide the claim.
    if verdicts.first() == Some(&Verdict::NotTestable) {
        return Verdict::NotTestable;
    }
    // Other figures that can't be tested here are ignored.
    WEAKEST_FIRST.into_iter().find(|verdict| verdicts.contains(verdict)).unwrap_or(Verdict::NotTestable)
}

/// The scenario whose file contains the claim.
fn home<'a>(claim: &Claim, scenarios: &'a [Scenario]) -> Option<&'a Scenario> {
    scenarios.iter().find(|scenario| scenario.claims.iter().any(|other| std::ptr::eq(other, claim)))
}

/// The command that measures the claim again. A claim of a user's file has the file before its id.
fn command(claim: &Claim, home: Option<&Scenario>) -> String {
    let file = home.and_then(|scenario| scenario.source.as_ref());
    let file = file.map_or_else(String::new, |file| shell_word(&file.display().to_string()) + " ");
    format!("makespan reproduce {file}{}", claim.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sentence;

    #[test]
    fn what_is_undecided_under_one_condition_leaves_the_claim_undecided() {
        use Verdict::{Depends, Holds, NotMeasured, Refuted, Undecided};
        let reading = |verdict| ReadingFinding { condition: String::new(), verdict, sentence: Sentence::default() };
        for (verdicts, whole) in [
            ([Refuted, Undecided], Undecided),
            ([Undecided, Holds], Undecided),
            ([Holds, Refuted], Depends),
            ([Refuted, Refuted], Refuted),
            ([Undecided, NotMeasured], NotMeasured),
        ] {
            assert_eq!(of_readings(&verdicts.map(reading)), whole, "{verdicts:?}");
        }
    }
}
