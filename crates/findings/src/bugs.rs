//! Whether the bugs of the documents' programs were shown. They are results of their own, and no claims that hold.

use super::{
    BugFinding, BugResult, Verdict,
    figure::outcome,
    quantity::{self, Lacking, Quantity},
};
use harness::results::evidence::Evidence;
use harness::scenario::{
    Scenario,
    claim::{Bug, Test},
};

/// What became of a bug.
pub(super) fn finding(bug: &Bug, scenarios: &[Scenario], evidence: &Evidence) -> BugFinding {
    let taken = quantity::taken(&bug.test, &bug.scenario, evidence);
    let shown = |is_shown| if is_shown { BugResult::Shown } else { BugResult::NotShown };
    let result = match &taken.quantity {
        Ok(Quantity::Outcome { holds, .. }) => shown(*holds),
        Ok(Quantity::Exact(count)) => shown(*count > 0.0),
        // The checker lets no such test be a bug's.
        Ok(Quantity::Scattered(_)) | Err(_) => BugResult::NotMeasured,
    };
    let happened = match &taken.quantity {
        Ok(quantity) => outcome(&bug.test, quantity, scenarios.iter().find(|scenario| scenario.name == bug.scenario)),
        Err(Lacking::Skipped(cause) | Lacking::Cause(cause)) => Some(cause.clone()),
        Err(Lacking::NotMeasured) => None,
    };
    BugFinding {
        name: bug.name.clone(),
        program: bug.program.clone(),
        exhibit: match &bug.test {
            Test::Exhibit(name) => Some(name.clone()),
            _ => None,
        },
        cells: bug.test.cells().into_iter().cloned().collect(),
        result,
        happened,
        refutes: bug.refutes,
    }
}

/// The verdict that a bug gives to the claim that it refutes.
pub(super) fn verdict(bug: &BugFinding) -> Verdict {
    match bug.result {
        BugResult::Shown => Verdict::Refuted,
        BugResult::NotShown => Verdict::Undecided,
        BugResult::NotMeasured => Verdict::NotMeasured,
    }
}
