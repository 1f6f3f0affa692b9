//! The ledger: every claim of the documents is there, and what can't be one is refused with its place.

use makespan::{
    museum,
    scenario::{
        self, ScenarioError,
        claim::{Claim, Expects, FigureRole, Test},
        claims_of_exhibit,
    },
};
use std::collections::BTreeSet;

/// How many claims each document makes.
const LEDGER: [(&str, u32); 5] = [("000", 10), ("001", 22), ("002", 10), ("003", 9), ("004", 7)];

fn claims() -> Vec<Claim> {
    scenario::all()
        .expect("the built-in scenarios are right")
        .into_iter()
        .flat_map(|scenario| scenario.claims)
        .collect()
}

#[test]
fn every_claim_of_the_documents_has_a_recipe_and_only_one() {
    let ids =
        LEDGER.iter().flat_map(|(document, count)| (1..=*count).map(move |number| format!("{document}-{number}")));
    let ids: BTreeSet<String> = ids.collect();
    let found: Vec<String> = claims().into_iter().map(|claim| claim.id).collect();
    assert_eq!(found.iter().cloned().collect::<BTreeSet<_>>(), ids);
    assert_eq!(found.len(), ids.len(), "each once");
}

#[test]
fn every_exhibit_is_about_a_claim() {
    let without: Vec<&str> =
        museum::ALL.iter().map(|exhibit| exhibit.name).filter(|name| claims_of_exhibit(name).is_empty()).collect();
    assert!(without.is_empty(), "{without:?}");
    assert_eq!(claims_of_exhibit("lost_task_done"), ["000-6", "001-5"]);
}

#[test]
fn no_figure_can_agree_with_itself() {
    // A recipe calibrated from a printed figure can't reproduce it; who wants that must leave it out of the list, in sight.
    let calibrated = |claim: &Claim| claim.figures.iter().any(|figure| figure.calibrated_from.contains(&claim.id));
    let from_itself: BTreeSet<String> =
        claims().iter().filter(|claim| calibrated(claim)).map(|claim| claim.id.clone()).collect();
    // The sequential times, from which latencies are taken, and the slowest of three sites.
    let known = ["000-1", "000-2", "000-9", "000-10", "001-2", "002-1", "004-1"].map(String::from);
    assert_eq!(from_itself, BTreeSet::from(known));
    for claim in claims() {
        for mechanism in &claim.mechanisms {
            let plain = mechanism.test.cells().iter().all(|cell| cell.variant == scenario::DEFAULT_VARIANT);
            assert!(plain || mechanism.calibrated_from.contains(&claim.id), "{}: {}", claim.id, mechanism.name);
        }
    }
}

#[test]
fn every_claim_reads_like_one() {
    for claim in claims() {
        let texts = [&claim.says].into_iter().chain(&claim.caveat).chain(&claim.in_rust);
        for text in texts {
            assert!(text.ends_with('.') && !text.contains("  "), "{}: {text}", claim.id);
        }
        assert!(claim.question.ends_with('?'), "{}: {}", claim.id, claim.question);
        let judged = claim.figures.iter().filter(|figure| figure.role != FigureRole::Rust);
        assert!(judged.count() > 0 || claim.bugs.iter().any(|bug| bug.refutes), "{}", claim.id);
        for bug in &claim.bugs {
            assert!(bug.program.ends_with('.') && !bug.name.ends_with('.'), "{}: {}", claim.id, bug.name);
        }
        if claim.figures.iter().any(|figure| figure.role == FigureRole::Rust) {
            assert!(claim.in_rust.is_some(), "{} has a figure about Rust, and no word", claim.id);
        }
        if let Some(depends_on) = &claim.depends_on {
            assert!(!depends_on.ends_with('.'), "{}: `It depends on {depends_on}.`", claim.id);
        }
        for figure in &claim.figures {
            let shown = matches!(figure.test, Test::Exhibit(_) | Test::Fails { .. });
            assert_eq!(shown, figure.expects == Expects::Shown, "{}: {}", claim.id, figure.name);
            let numbers = usize::from(figure.reference.is_some()) + usize::from(figure.bound_from.is_some());
            assert_eq!(numbers == 0, shown, "{}: {}: every number says where it is from", claim.id, figure.name);
        }
    }
}

const FILE: &str = r#"
title = "T"
question = "Q?"
workload.prime_sum = { below = 1000, tasks = 4 }
cells = [{ strategies = ["threads"], workers = [2] }]
"#;

const CLAIM: &str = r#"
[[claims]]
id = "000-1"
question = "Faster?"
says = "Two are faster."
[[claims.figures]]
name = "speedup"
test.ratio = { from = "sequential x 1", to = "threads x 2" }
expects = { above = 1.0, from = "said" }
"#;

fn parsed(claims: &str) -> Result<scenario::Scenario, ScenarioError> {
    scenario::parse("mine", "mine.toml", &format!("{FILE}{claims}"))
}

#[test]
fn a_claim_in_a_file_of_your_own_is_read() {
    let scenario = parsed(CLAIM).expect("it is right");
    assert_eq!(scenario.claims[0].cells().len(), 2);
    assert_eq!(scenario.claims[0].figures[0].expects, Expects::Above(1.0));
}

#[test]
fn old_names_of_keys_are_still_read() {
    let ratio = "test.ratio = { from = \"sequential x 1\", to = \"threads x 2\" }";
    let with = |test: &str| parsed(&CLAIM.replace(ratio, test)).expect(test).claims.remove(0).figures.remove(0).test;
    let old = with("test.turns = { cell = \"threads x 2\", turn = \"sequential x 1\" }");
    let new = with("test.waves = { cell = \"threads x 2\", task = \"sequential x 1\" }");
    assert!(matches!(old, Test::Waves { .. }) && old == new, "{old:?}, {new:?}");
}

#[test]
fn what_can_not_be_a_claim_is_refused_with_its_place() {
    let slips = [
        ("threads x 2\"", "threads x 3\"", "claims.000-1.figures"),
        ("threads x 2\"", "threads x 3\"", "did you mean `threads x 2`?"),
        ("expects = { above = 1.0, from = \"said\" }", "", "`printed`, `derived`, `ours` or `expects`"),
        ("expects = { above = 1.0, from = \"said\" }", "published = 1.0", "published"),
        ("expects = { above = 1.0, from = \"said\" }", "printed = 2.0\nours = 2.0", "printed and ours"),
        ("expects = { above = 1.0, from = \"said\" }", "derived = 2.0", "derived"),
        (", from = \"said\" }", " }", "claims.000-1.figures.expects.from"),
        (", from = \"said\" }", ", from = \"derived\" }", "a `formula`"),
        (", from = \"said\" }", ", below = 2.0, from = \"said\" }", "several bounds"),
        ("above = 1.0, ", "", "one of `above`, `below` and `equal`"),
        ("above = 1.0, ", "over = 1.0, ", "over"),
        ("expects", "reading = \"with two\"\nexpects", "claims.000-1.depends_on"),
        ("says = ", "depends_on = \"the number\"\nsays = ", "at least two"),
        ("test.ratio", "test.quotient", "quotient"),
        ("says = ", "claims = ", "claims"),
        ("from = \"sequential x 1\", ", "", "from"),
        ("id = \"000-1\"", "id = \"first\"", "000-3"),
        ("name = \"speedup\"", "name = \"speedup\"\nscenario = \"prime_sums\"", "did you mean `prime_sum`?"),
        ("expects", "tolerance = -1.0\nexpects", "tolerance"),
        ("test.ratio = { from = \"sequential x 1\", to = \"threads x 2\" }", "test.exhibit = \"no_cue\"", "no_queue"),
        (
            "test.ratio = { from = \"sequential x 1\", to = \"threads x 2\" }",
            "test.exhibit = \"no_queue\"",
            "what is shown is so, or it isn't",
        ),
        (
            "test.ratio = { from = \"sequential x 1\", to = \"threads x 2\" }",
            "test.trend = { cells = [\"sequential x 1\"] }",
            "1 cells",
        ),
    ];
    for (right, wrong, named) in slips {
        let error = parsed(&CLAIM.replace(right, wrong)).expect_err(wrong).to_string();
        assert!(error.contains(named), "{wrong}: {error}");
        assert!(error.contains("mine.toml") || error.contains("prime_sum"), "{error}");
    }
    let error = parsed(&format!("{CLAIM}{CLAIM}")).expect_err("twice").to_string();
    assert!(error.contains("each claim once"), "{error}");
    let mechanism =
        "[[claims.mechanisms]]\nname = \"m\"\ntest.ratio = { from = \"sequential x 1\", to = \"threads x 2\" }\n";
    let error = parsed(&format!("{CLAIM}{mechanism}")).expect_err("nothing to explain").to_string();
    assert!(error.contains("claims.000-1.mechanisms"), "{error}");
}
