//! Tests of the findings: a sentence for each kind of test and verdict.

mod open;
mod properties;

use super::*;
use harness::{
    results::record::{Check, Round},
    scenario::claim::Test,
};
use testdata::measurement::{MadeMeasurement, evidence, requests, shown, spec, sums};

/// A claim with these figures, as TOML.
fn claim(id: &str, figures: &[&str], rest: &str) -> String {
    let figures: Vec<String> = figures.iter().map(|figure| format!("{{ {figure} }}")).collect();
    format!(
        "[[claims]]\nid = \"{id}\"\nquestion = \"Is it so?\"\nsays = \"It is so.\"\nfigures = [{}]\n{rest}\n",
        figures.join(", ")
    )
}

const SPEED_UP: &str =
    "name = \"speedup of 5 threads\", test = { ratio = { from = \"sequential x 1\", to = \"threads x 5\" } }";

fn speed_up(rest: &str) -> String {
    format!("{SPEED_UP}, {rest}")
}

/// `id: verdict: sentence` of every claim, and whether its mechanisms can be told apart.
fn told(found: &Findings) -> String {
    let line = |claim: &Finding| {
        is_brief(claim);
        let apart = claim.apart.as_ref().map_or(String::new(), |apart| format!("\n    {apart}"));
        format!("{} {}: {}{apart}", claim.id, claim.verdict.words(), claim.sentence)
    };
    found.claims.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The short sentence has at most 35 words, and is the whole one where that is short enough.
fn is_brief(claim: &Finding) {
    let words = |sentence: &Sentence| sentence.to_string().split_whitespace().count();
    let brief = words(&claim.brief);
    assert!((1..=35).contains(&brief), "{}: {}", claim.id, claim.brief);
    assert!(words(&claim.sentence) > 35 || claim.brief == claim.sentence, "{}", claim.brief);
}

/// The finding on one figure if its cells took these times.
fn of_figure(figure: &str, cells: &[(&str, f64)]) -> Finding {
    let scenario = requests(&claim("000-7", &[figure], ""));
    let record = MadeMeasurement::of(&scenario).record(cells);
    findings(&[scenario], &evidence([record])).claims.remove(0)
}

#[test]
fn a_ratio_in_every_verdict() {
    let took = |five: f64| [("sequential x 1", 9.0), ("threads x 5", five)];
    let mut lines = Vec::new();
    for (rest, five) in [
        ("printed = 4.138", 9.0 / 4.2),
        ("printed = 4.138", 9.0 / 4.99),
        ("printed = 4.138", 9.0 / 3.0),
        ("printed = 4.138", 9.2),
        ("printed = 4.138", 9.0 / 4.138 / 1.15),
        ("expects = { above = 1.0, from = \"said\" }", 2.0),
        ("expects = { above = 1.0, from = \"said\" }", 9.0 / 1.03),
        ("expects = { above = 1.0, from = \"said\" }", 9.0),
        ("expects = { above = 1.0, from = \"said\" }", 12.0),
        ("expects = { above = 4.0, from = \"said\" }, needs = { cores = 8 }", 2.0),
        ("expects = { below = 1.0, from = \"said\" }", 12.0),
        ("expects = { equal = 1.0, from = \"said\" }", 9.0),
        ("expects = { equal = 1.0, from = \"said\" }", 9.0 / 1.03),
        ("expects = { equal = 1.0, from = \"said\" }", 2.0),
        ("expects = { equal = 1.0, from = \"said\" }", 9.0 / 1.05),
        ("printed = 4.138, needs = { cores = 8 }", 2.0),
        ("printed = 4.138, needs = { other = \"the document's own machine and its Python\" }", 2.0),
    ] {
        let found = of_figure(&speed_up(rest), &took(five));
        is_brief(&found);
        lines.push(format!("{rest}\n    {}: {}", found.verdict.words(), found.sentence));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_fitted_model_confirms_nothing_and_says_so() {
    let figure = "name = \"all thirty\", test = { time = { cell = \"sequential x 1\" } }, printed = 8.99106";
    let scenario = requests(&claim("000-1", &[figure], ""));
    let record = MadeMeasurement::of(&scenario).record(&[("sequential x 1", 9.0)]);
    insta::assert_snapshot!(told(&findings(&[scenario], &evidence([record]))));
}

#[test]
fn several_figures_are_summed_up() {
    use Verdict::{Holds, HoldsInDirection, NotTestable, Refuted};
    assert_eq!(sentence::others_say(&[]), "");
    assert_eq!(sentence::others_say(&[Holds]), " The other figure holds.");
    assert_eq!(sentence::others_say(&[Refuted]), " The other figure is refuted.");
    assert_eq!(sentence::others_say(&[NotTestable]), " The other figure can't be tested here.");
    assert_eq!(sentence::others_say(&[Holds; 3]), " The 3 other figures hold.");
    assert_eq!(
        sentence::others_say(&[Holds, Refuted, Holds, HoldsInDirection, NotTestable]),
        " Of the 5 other figures, 2 hold, 1 holds in direction, 1 is refuted and 1 can't be tested here."
    );
}

#[test]
fn every_other_kind_of_test() {
    let sixty = [("sequential x 1", 9.0), ("thread_per_task x 30", 0.3), ("thread_per_task x 60, sixty", 0.303)];
    let cells = [
        &sixty[..],
        &[
            ("thread_per_task x 120, hundred_twenty", 0.31),
            ("threads x 8", 1.3),
            ("threads x 16", 1.0),
            ("threads x 5", 1.8),
            ("processes x 8, as published", 1.6),
            ("processes x 8, pool_chunks, as published", 1.9),
            ("hybrid x 3x5", 0.6),
            ("threads x 5, serial_start", 2.2),
            ("threads x 1", 9.0),
        ],
    ]
    .concat();
    let mut lines = Vec::new();
    for figure in [
        "test = { time = { cell = \"sequential x 1\" } }, printed = 8.99",
        "test = { time = { cell = \"sequential x 1\", tasks = 30000 } }, printed = 8991.0",
        "test = { time = { cell = \"threads x 5, serial_start\" } }, expects = { below = 2.0, from = \"said\" }",
        "test = { ratio = { from = \"hybrid x 3x5\", to = \"threads x 1\" } }, expects = { below = 1.0, from = \"said\" }",
        "test = { ratio = { from = \"processes x 8, pool_chunks, as published\", to = \"processes x 8, as published\" } }, expects = { above = 1.0, from = \"said\" }",
        "test = { ratio = { from = \"threads x 5\", to = \"threads x 5, serial_start\" } }, expects = { below = 1.0, from = \"said\" }",
        "test = { waves = { cell = \"threads x 8\", task = \"sequential x 1\" } }, printed = 4.0",
        "test = { trend = { cells = [\"thread_per_task x 30\", \"thread_per_task x 60, sixty\", \"thread_per_task x 120, hundred_twenty\"] } }, expects = { equal = 0.0, from = \"said\" }",
        "test = { trend = { cells = [\"thread_per_task x 30\", \"thread_per_task x 60, sixty\", \"thread_per_task x 120, hundred_twenty\"] } }, printed = 1.0",
        "test = { drop_off = { at = \"threads x 8\", among = [\"threads x 5\", \"threads x 16\"] } }, expects = { above = 1.05, from = \"said\" }",
        "test = { count = { cell = \"threads x 8\", what = \"threads\" } }, printed = 9.0",
        "test = { count = { cell = \"hybrid x 3x5\", what = \"status_404\" } }, expects = { above = 10.0, from = \"said\" }",
        "test = { cpu_share = { cell = \"sequential x 1\" } }, printed = 0.034",
        "test = { cpu_share = { cell = \"threads x 8\", against = \"sequential x 1\" } }, expects = { above = 1.0, from = \"said\" }",
        "test = { memory = { cell = \"threads x 8\" } }, expects = { above = 1_000_000.0, from = \"said\" }",
        "test = { memory = { cell = \"threads x 8\", against = \"threads x 1\" } }, expects = { equal = 1.0, from = \"said\" }",
        "test = { fails = { cell = \"threads x 8\", with = \"can't start new thread\" } }",
        "test = { exhibit = \"torn_prints\" }",
    ] {
        let found = of_figure(&format!("name = \"it\", {figure}"), &cells);
        lines.push(format!("{}: {}", found.verdict.words(), found.sentence));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn what_is_shown_and_what_is_not() {
    let exhibit = claim("000-5", &["name = \"torn\", test = { exhibit = \"torn_prints\" }"], "");
    let fails =
        "name = \"refused\", test = { fails = { cell = \"threads x 5, failing\", with = \"no more threads\" } }";
    let scenario = requests(&(exhibit + &claim("000-6", &[fails], "")));
    let mut record = MadeMeasurement::of(&scenario).record(&[("threads x 5, failing", 1.0)]);
    let mut lines = Vec::new();
    for (bug, error) in [(true, "task 3: no more threads (os error 11)"), (false, "task 3: the connection was reset")] {
        let round = &mut record.cells[0].rounds[0];
        (round.task_errors, round.first_error) = (1, Some(error.into()));
        let mut evidence = evidence([record.clone()]);
        evidence.exhibits.insert("torn_prints".into(), shown(bug));
        lines.push(told(&findings(std::slice::from_ref(&scenario), &evidence)));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn what_failed_has_no_time_and_says_why() {
    let scenario = requests(&claim("000-7", &[&speed_up("printed = 4.138")], ""));
    let whole = MadeMeasurement::of(&scenario).record(&[("sequential x 1", 9.0), ("threads x 5", 2.0)]);
    let with = |change: &dyn Fn(&mut Record)| {
        let mut record = whole.clone();
        change(&mut record);
        told(&findings(std::slice::from_ref(&scenario), &evidence([record])))
    };
    let lines = [
        with(&|record| {
            record.cells[1].check = Check::Failed;
            record.cells[1].reason = Some("task 7: a wrong checksum".into());
        }),
        with(&|record| {
            record.cells[0].check = Check::Skipped;
            record.cells[0].reason = Some("it makes no sense".into());
        }),
        with(&|record| record.cells[1].rounds[0].task_errors = 1),
        with(&|record| record.cells[1].rounds.truncate(1)),
        with(&|record| record.cells[1].rounds[0] = Round { start_s: 0.001, stop_s: 0.001, ..Round::default() }),
        with(&|record| {
            record.cells[1].rounds.truncate(2);
            record.cells[1].rounds[1].run_s = 1e300;
        }),
        with(&|record| record.cells[1].rounds.clear()),
        with(&|record| drop(record.cells.pop())),
    ];
    insta::assert_snapshot!(lines.join("\n"));
}

const SERIAL: &str = "{ name = \"a serial start of 0.468 s\", test = { ratio = { from = \"sequential x 1, serial_start\", to = \
                      \"threads x 5, serial_start\" } }, apart = { ratio = { from = \"sequential x 1, serial_start\", to = \
                      \"threads x 30, serial_start\" } } }";
const UNEVEN: &str = "{ name = \"latencies that spread\", test = { ratio = { from = \"sequential x 1, uneven\", to = \
                      \"threads x 5, uneven\" } }, apart = { ratio = { from = \"sequential x 1, uneven\", to = \
                      \"threads x 30, uneven\" } } }";

/// A claim whose latency alone gives 5, with two mechanisms and their speedups with 5 and with 30 threads.
fn with_mechanisms(apart: &str, serial: (f64, f64), uneven: (f64, f64)) -> Finding {
    let rest = format!("mechanisms = [{SERIAL}, {UNEVEN}]\n{apart}");
    let scenario = requests(&claim("000-3", &[&speed_up("printed = 4.138")], &rest));
    let record = MadeMeasurement::of(&scenario).record(&[
        ("sequential x 1", 9.0),
        ("threads x 5", 1.8),
        ("sequential x 1, serial_start", 9.0),
        ("threads x 5, serial_start", 9.0 / serial.0),
        ("threads x 30, serial_start", 9.0 / serial.1),
        ("sequential x 1, uneven", 9.0),
        ("threads x 5, uneven", 9.0 / uneven.0),
        ("threads x 30, uneven", 9.0 / uneven.1),
    ]);
    findings(&[scenario], &evidence([record])).claims.remove(0)
}

#[test]
fn mechanisms_told_apart_and_not() {
    let silent = "apart = { with = \"thirty threads instead of five\" }";
    let printed = "apart = { with = \"thirty threads instead of five\", derived = { value = 12.0, formula = \"24 s / 2 s\" }, from = \"003-2\" }";
    let mut lines = Vec::new();
    for (apart, serial, uneven) in [
        (silent, (4.1, 12.0), (4.2, 8.0)),
        (silent, (4.1, 12.0), (4.2, 11.5)),
        (printed, (4.1, 12.0), (4.2, 8.0)),
        (printed, (4.1, 12.0), (4.2, 11.8)),
        (printed, (4.1, 6.0), (4.2, 8.0)),
        (printed, (4.1, 12.0), (3.0, 12.0)),
        (printed, (2.0, 12.0), (3.0, 12.0)),
        (printed, (4.1, 12.0), (4.2, 12.0 * 1.15)),
    ] {
        let found = with_mechanisms(apart, serial, uneven);
        let stands: Vec<_> = found.mechanisms.iter().map(|one| (one.fit, one.fit_apart, one.standing())).collect();
        lines.push(format!(
            "{}: {}\n    {}\n    {stands:?}",
            found.verdict.words(),
            found.sentence,
            found.apart.unwrap()
        ));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

/// A claim about two conditions, and perhaps a figure of its own.
fn with_readings(one_host: f64, other_hosts: f64, rest: &[&str]) -> Finding {
    let to_hybrid = |from: &str, reading: &str| {
        format!(
            "name = \"{reading}\", reading = \"{reading}\", test = {{ ratio = {{ from = \"{from}\", to = \"hybrid x 3x5\" }} }}, \
             expects = {{ above = 1.0, from = \"said\" }}"
        )
    };
    let readings = [to_hybrid("threads x 5", "with one host"), to_hybrid("threads x 30", "with other hosts")];
    let figures: Vec<&str> = readings.iter().map(String::as_str).chain(rest.iter().copied()).collect();
    let scenario = requests(&claim("000-10", &figures, "depends_on = \"which hosts are requested\""));
    let cells =
        [("threads x 5", one_host), ("threads x 30", other_hosts), ("hybrid x 3x5", 0.6), ("sequential x 1", 9.0)];
    let record = MadeMeasurement::of(&scenario).record(&cells);
    assert_eq!(findings(std::slice::from_ref(&scenario), &Evidence::default()).claims[0].verdict, Verdict::NotMeasured);
    findings(&[scenario], &evidence([record])).claims.remove(0)
}

#[test]
fn a_claim_depends_if_it_holds_under_one_condition_and_not_under_another() {
    let holds = speed_up("expects = { above = 1.0, from = \"said\" }");
    let refuted = speed_up("expects = { below = 1.0, from = \"said\" }");
    let elsewhere = "name = \"elsewhere\", reading = \"elsewhere\", test = { ratio = { from = \"threads x 5\", to = \
                     \"hybrid x 3x5\" } }, expects = { above = 1.0, from = \"said\" }, needs = { cores = 64 }";
    let mut lines = Vec::new();
    for (one_host, other_hosts, rest, verdict) in [
        (1.8, 0.3, vec![], Verdict::Depends),
        (1.8, 1.7, vec![], Verdict::Holds),
        (0.2, 0.3, vec![], Verdict::Refuted),
        (1.8, 0.3, vec![&*holds], Verdict::Depends),
        (1.8, 0.3, vec![&*refuted], Verdict::Refuted),
        (1.8, 1.7, vec![elsewhere], Verdict::NotTestable),
    ] {
        let found = with_readings(one_host, other_hosts, &rest);
        assert_eq!(found.verdict, verdict, "{}", found.sentence);
        lines.push(format!("{}: {}", found.verdict.words(), found.sentence));
        lines.extend(
            found
                .readings
                .iter()
                .map(|reading| format!("    {}: {}: {}", reading.condition, reading.verdict.words(), reading.sentence)),
        );
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn bugs_are_counted_apart_and_never_make_a_claim_hold() {
    let bug = |rest: &str| {
        format!("bugs = [{{ name = \"lines come out torn\", program = \"It prints without a lock.\", {rest} }}]")
    };
    let exhibit = bug("test = { exhibit = \"torn_prints\" }");
    let refuting = bug("test = { exhibit = \"torn_prints\" }, refutes = true");
    let holds = speed_up("expects = { above = 1.0, from = \"said\" }");
    let counted = bug("test = { count = { cell = \"threads x 5\", what = \"task_errors\" } }");
    let mut lines = Vec::new();
    for (figures, bug, is_shown, verdict) in [
        (vec![&*holds], &exhibit, Some(true), Verdict::Holds),
        (vec![&*holds], &exhibit, Some(false), Verdict::Holds),
        (vec![&*holds], &exhibit, None, Verdict::Holds),
        (vec![&*holds], &counted, None, Verdict::Holds),
        (vec![], &refuting, Some(true), Verdict::Refuted),
        (vec![], &refuting, Some(false), Verdict::Undecided),
        (vec![], &refuting, None, Verdict::NotMeasured),
        (vec![&*holds], &refuting, Some(true), Verdict::Refuted),
    ] {
        let scenario = requests(&claim("000-5", &figures, bug));
        let record = MadeMeasurement::of(&scenario).record(&[("sequential x 1", 9.0), ("threads x 5", 1.8)]);
        let mut evidence = evidence([record]);
        evidence.exhibits.extend(is_shown.map(|is_shown| ("torn_prints".into(), shown(is_shown))));
        let found = findings(&[scenario], &evidence);
        let claim = &found.claims[0];
        assert_eq!(claim.verdict, verdict, "{}", claim.sentence);
        let BugFinding { result, happened, .. } = &claim.bugs[0];
        lines.push(format!("{}: {}", claim.verdict.words(), claim.sentence));
        lines.push(format!("    {}: {}", result.words(), happened.as_deref().unwrap_or("-")));
        lines.push(format!("    {}", summary(&found.claims)));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_weakest_figure_decides_and_what_is_not_testable_is_set_aside() {
    let five = |rest: &str| speed_up(rest);
    let holds = five("expects = { above = 1.0, from = \"said\" }");
    let fails = five("expects = { below = 1.0, from = \"said\" }");
    let elsewhere = five("printed = 5.0, needs = { cores = 64 }");
    let cells = [("sequential x 1", 9.0), ("threads x 5", 1.8)];
    for (figures, expected) in [
        (vec![&holds, &elsewhere], Verdict::Holds),
        (vec![&elsewhere, &elsewhere], Verdict::NotTestable),
        (vec![&holds, &fails], Verdict::Refuted),
        (vec![&holds, &holds], Verdict::Holds),
    ] {
        let figures: Vec<&str> = figures.into_iter().map(String::as_str).collect();
        let scenario = requests(&claim("000-7", &figures, ""));
        let record = MadeMeasurement::of(&scenario).record(&cells);
        let found = findings(&[scenario], &evidence([record]));
        assert_eq!(found.claims[0].verdict, expected, "{}", found.claims[0].sentence);
    }
}

#[test]
fn a_figure_in_python_decides_where_there_is_one_and_its_stand_in_where_there_is_none() {
    let figure = "name = \"stand-in\", test = { ratio = { from = \"sequential x 1\", to = \"threads x 5\" } }, \
                  expects = { above = 1.0, from = \"said\" }, python = { name = \"in Python\", test = { ratio = \
                  { from = \"sequential x 1\", to = \"processes x 5\" } } }";
    let scenario = requests(&claim("000-7", &[figure], ""));
    let judged = |python: Option<(f64, Check)>| {
        let mut cells = vec![("sequential x 1", 9.0), ("threads x 5", 1.8)];
        cells.extend(python.map(|(seconds, _)| ("processes x 5", seconds)));
        let mut record = MadeMeasurement::of(&scenario).record(&cells);
        if let (Some((_, check)), Some(cell)) = (python, record.cells.get_mut(2)) {
            cell.check = check;
        }
        let claim = findings(std::slice::from_ref(&scenario), &evidence([record])).claims.remove(0);
        let figures: Vec<_> = claim.figures.iter().map(|figure| (figure.name.as_str(), figure.decides)).collect();
        let decides = |python: bool| vec![("in Python", python), ("stand-in", !python)];
        let one_decides = match python {
            Some(_) => [decides(true), decides(false)].contains(&figures),
            None => figures == [("stand-in", true)],
        };
        assert!(one_decides, "{figures:?}");
        (figures[0] == ("in Python", true), claim.verdict)
    };
    assert_eq!(judged(None), (false, Verdict::Holds));
    assert_eq!(judged(Some((12.0, Check::Passed))), (true, Verdict::Refuted));
    assert_eq!(judged(Some((1.8, Check::Passed))), (true, Verdict::Holds));
    assert_eq!(judged(Some((12.0, Check::Skipped))), (false, Verdict::Holds), "there is no Python");
    assert_eq!(judged(Some((1.8, Check::Failed))), (true, Verdict::Undecided), "a wrong answer is no missing Python");
}

#[test]
fn a_calculation_that_needs_more_cores_is_predicted_by_amdahl_and_says_so() {
    let figure = "name = \"speedup of 8\", test = { ratio = { from = \"sequential x 1\", to = \"processes x 8\" } }, printed = 2.21, needs = { cores = 8 }";
    let scenario = sums(&claim("002-6", &[figure], ""));
    // 1.8 times as fast on two cores: a ninth is serial, which leaves 1 / (1/9 + 8/9/8) = 4.5 on eight.
    let record = MadeMeasurement { scatter: 0.0, ..MadeMeasurement::of(&scenario) }.record(&[
        ("sequential x 1", 9.0),
        ("processes x 2", 5.0),
        ("processes x 8", 5.1),
    ]);
    let found = findings(std::slice::from_ref(&scenario), &evidence([record])).claims.remove(0);
    let prediction = found.figures[0].prediction.clone().unwrap();
    assert!((prediction.value - 4.5).abs() < 1e-9 && prediction.by == "Amdahl's law", "{prediction:?}");
    insta::assert_snapshot!(found.sentence.to_string());
}

#[test]
fn lock_step_and_the_link_are_what_the_board_says() {
    let scenario = requests("");
    let time = |name: &str| {
        let test = Test::Time { cell: spec(&scenario, name), tasks: None };
        predict::predict(&test, &scenario, None).map(|prediction| (prediction.value, prediction.by))
    };
    let near = |found: Option<(f64, &str)>, value: f64, by: &str| {
        let found = found.expect("a prediction");
        assert!((found.0 - value).abs() < 1e-9 && found.1 == by, "{found:?}, not {value} by {by}");
    };
    near(time("sequential x 1"), 9.0, "lock-step");
    near(time("threads x 5"), 6.0 * 0.3, "lock-step");
    near(time("threads x 16"), 2.0 * 0.3, "lock-step");
    near(time("threads x 5, serial_start"), 0.468 + 6.0 * 0.2841, "lock-step");
    // Chunks of one: 30 / 32 is less.
    near(time("processes x 8, pool_chunks, as published"), 4.0 * 0.3, "lock-step");
    near(time("sequential x 1, link"), 30.0 * 0.4, "shared link");
    // Six waves of five take 6 x 0.4, but the link takes longer: 0.3 + 30 x 0.1.
    near(time("threads x 5, link"), 0.3 + 3.0, "shared link");
    assert_eq!(time("threads x 5, uneven"), None, "latencies that spread have no lock-step");
}

#[test]
fn a_decision_names_what_is_shown_to_be_the_fastest_or_as_fast() {
    let rows = "[[decisions]]\nwork = \"waiting for a server (IO-bound)\"\ncells = [\"threads x 30\", \"async x 30\", \"processes x 8\", \
                \"sequential x 1\"]\n";
    let scenario = requests(rows);
    let record = MadeMeasurement::of(&scenario).record(&[
        ("sequential x 1", 9.0),
        ("threads x 30", 0.31),
        ("async x 30", 0.3),
        ("processes x 8", 1.2),
    ]);
    let found = findings(std::slice::from_ref(&scenario), &evidence([record]));
    let decided = &found.decisions[0];
    assert_eq!((decided.answer.as_str(), decided.rounds), ("threads or async", 10));
    let among: Vec<_> = decided.ranking.iter().map(|row| (row.cell.to_string(), row.place)).collect();
    let expected = [
        ("async x 30", Place::Fastest),
        ("threads x 30", Place::AsFast),
        ("processes x 8", Place::Slower),
        ("sequential x 1", Place::Slower),
    ];
    assert_eq!(among, expected.map(|(name, place)| (name.to_owned(), place)));
    let nothing = findings(&[scenario], &Evidence::default());
    assert!(nothing.decisions[0].ranking.is_empty() && nothing.decisions[0].answer.is_empty());
}

/// More threads get a larger share of cores that others keep busy: 1.4 times as fast, even under a lock.
#[test]
fn where_others_took_the_cores_only_what_waits_is_judged() {
    let memory = "name = \"memory\", test = { memory = { cell = \"threads x 5\", against = \"sequential x 1\" } }, expects = { above = 0.5, from = \"said\" }";
    let faster = speed_up("expects = { above = 1.0, from = \"said\" }");
    let likely =
        "mechanisms = [{ name = \"chance\", test = { ratio = { from = \"sequential x 1\", to = \"threads x 5\" } } }]";
    let rows = "[[decisions]]\nwork = \"waiting\"\ncells = [\"threads x 5\", \"processes x 8\"]\n";
    let printed = speed_up("printed = 3.0");
    let claims = [claim("000-3", &[&faster, memory], ""), claim("000-4", &[&printed], likely), rows.to_owned()];
    let scenario = requests(&claims.concat());
    let times = [("sequential x 1", 9.0), ("threads x 5", 3.0), ("processes x 8", 1.2)];
    let made = Record { others_cores: Some(1.2), ..MadeMeasurement::of(&scenario).record(&times) };
    let waiting_for_cores = |share: f64| {
        let mut record = made.clone();
        let rounds = record.cells.iter_mut().flat_map(|cell| &mut cell.rounds);
        rounds.for_each(|round| round.core_wait_s = Some(share * round.run_s));
        record
    };
    let (waits, computes) = (waiting_for_cores(0.1), waiting_for_cores(0.5));
    let alone = Record { others_cores: Some(0.1), ..computes.clone() };
    let judged = |record: &Record| {
        let found = findings(std::slice::from_ref(&scenario), &evidence([record.clone()]));
        let figures: Vec<Verdict> = found.claims[0].figures.iter().map(|figure| figure.verdict).collect();
        (figures, found.claims[1].mechanisms[0].fit, found.decisions[0].answer.clone(), found)
    };
    for record in [&waits, &alone] {
        let (figures, fit, answer, _) = judged(record);
        assert_eq!((figures, fit), (vec![Verdict::Holds; 2], Some(Fit::Fits)));
        assert_eq!(answer, "processes");
    }
    let (figures, fit, answer, found) = judged(&computes);
    assert_eq!((figures, fit), (vec![Verdict::Undecided, Verdict::Holds], Some(Fit::Undecided)));
    assert_eq!(answer, "not told apart: threads and processes");
    assert_eq!(
        found.claims[0].figures[0].reason.as_deref(),
        Some("other programs kept 1.2 of 2 cores busy, so close them and measure again")
    );
    let sentence = found.claims[0].brief.to_string();
    assert!(sentence.contains("not decided: other programs kept 1.2 of 2 cores busy, so"), "{sentence}");
}

#[test]
fn strategies_of_python_are_compared_with_a_loop_in_python() {
    let rows = "[[cells]]\nstrategies = [\"python/sequential\", \"python/asyncio\", \"python/processes\"]\nworkers = [5]\n\
                [[decisions]]\nwork = \"waiting in Python\"\ncells = [\"python/asyncio x 5\", \"python/processes x 5\"]\n";
    let scenario = requests(rows);
    let record = MadeMeasurement::of(&scenario).record(&[
        ("sequential x 1", 9.0),
        ("python/sequential x 1", 10.0),
        ("python/asyncio x 5", 2.0),
        ("python/processes x 5", 4.0),
    ]);
    let decided = &findings(std::slice::from_ref(&scenario), &evidence([record])).decisions[0];
    let fastest = decided.ranking.first().expect("it was measured");
    assert_eq!((decided.is_in_python(), &*decided.answer), (true, "asyncio"));
    assert!((fastest.speedup.estimate - 5.0).abs() < 0.1, "{:?}", fastest.speedup);
    assert!(takeaway(std::slice::from_ref(decided)).is_empty(), "it stands beside the sentence");
}

#[test]
fn holm_takes_back_what_only_stands_alone() {
    let figures: Vec<String> = (0..40).map(|_| speed_up("expects = { above = 1.0, from = \"said\" }")).collect();
    let figures: Vec<&str> = figures.iter().map(String::as_str).collect();
    // A mean of three standard errors: one in seventy by chance, which is rare for one figure, but not among forty.
    let rounds: Vec<(f64, f64)> =
        (0..10).map(|round| (if round % 2 == 0 { 0.3_f64.exp() } else { 1.0 }, 1.0)).collect();
    let verdict = |figures: &[&str]| {
        let scenario = requests(&claim("000-7", figures, ""));
        let record = with_times(&scenario, &rounds);
        let mut found = findings(&[scenario], &evidence([record])).claims.remove(0);
        (found.verdict, found.figures.remove(0))
    };
    let (alone, figure) = verdict(&figures[..1]);
    let p = figure.measured.and_then(|measured| measured.p).unwrap();
    assert!(alone == Verdict::Holds && 0.05 / 40.0 < p, "{figure:?}");
    let (among, figure) = verdict(&figures);
    assert_eq!(among, Verdict::Undecided);
    assert!(figure.reason.is_some_and(|reason| reason.contains("40 figures") && reason.contains("Holm")));
}

#[test]
fn the_newest_record_that_has_the_cells_decides() {
    let scenario = requests(&claim("000-7", &[&speed_up("printed = 4.138")], ""));
    let made = MadeMeasurement::of(&scenario);
    let without = made.record(&[("sequential x 1", 9.0)]);
    let newer = made.record(&[("sequential x 1", 9.0), ("threads x 5", 9.0 / 4.1)]);
    let older = made.record(&[("sequential x 1", 9.0), ("threads x 5", 9.0)]);
    let found = findings(&[scenario], &evidence([without, newer, older]));
    assert_eq!(found.claims[0].verdict, Verdict::Holds);
}

#[test]
fn claims_stand_in_the_order_of_the_ledger_and_are_counted() {
    let claims: String = ["000-10", "000-2", "000-9"].map(|id| claim(id, &[&speed_up("printed = 5.0")], "")).concat();
    let found = findings(
        &[sums(&claim("002-1", &["name = \"it\", test = { exhibit = \"wrong_name\" }"], "")), requests(&claims)],
        &Evidence::default(),
    );
    let ids: Vec<&str> = found.claims.iter().map(|claim| claim.id.as_str()).collect();
    assert_eq!(ids, ["000-2", "000-9", "000-10", "002-1"]);
    let counted = counts(&found.claims);
    assert_eq!(counted.map(|(verdict, _)| verdict), Verdict::ALL);
    assert_eq!(counted.iter().filter(|(_, count)| *count > 0).collect::<Vec<_>>(), [&(Verdict::NotMeasured, 4)]);
}

#[test]
fn the_page_of_time_is_the_documents_own() {
    // 1.6 s of run at the document's pace, and 2 ms of start and stop, which the time scale does not divide.
    let figure = "name = \"it\", test = { time = { cell = \"processes x 8, as published\" } }, printed = 1.602";
    let scenario = requests(&claim("000-7", &[figure], ""));
    let record = MadeMeasurement { scatter: 0.0, ..MadeMeasurement::of(&scenario) }
        .record(&[("processes x 8, as published", 1.6)]);
    let found = findings(&[scenario], &evidence([record]));
    let measured = found.claims[0].figures[0].measured.unwrap();
    assert!((measured.value.estimate - 1.602).abs() < 1e-9, "{measured:?}");
}

/// The scenario's record with these times of the loop and of 5 threads, one pair for each round.
fn with_times(scenario: &Scenario, rounds: &[(f64, f64)]) -> Record {
    with_times_of("threads x 5", scenario, rounds)
}

fn with_times_of(to: &str, scenario: &Scenario, rounds: &[(f64, f64)]) -> Record {
    let mut record = MadeMeasurement { rounds: rounds.len() as u32, ..MadeMeasurement::of(scenario) }
        .record(&[("sequential x 1", 1.0), (to, 1.0)]);
    for (round, (from, to)) in rounds.iter().enumerate() {
        for (cell, run_s) in record.cells.iter_mut().zip([*from, *to]) {
            (cell.rounds[round].run_s, cell.rounds[round].waits_s) = (run_s, run_s);
        }
    }
    record
}

/// A scenario with every kind of test.
pub(super) fn everything() -> Scenario {
    let trend = "trend = { cells = [\"thread_per_task x 30\", \"thread_per_task x 60, sixty\", \"thread_per_task x 120, hundred_twenty\"] }";
    let figures: Vec<String> = [
        "test = { ratio = { from = \"sequential x 1\", to = \"threads x 5\" } }, printed = 4.138",
        "test = { time = { cell = \"sequential x 1\", tasks = 30000 } }, printed = 8991.0",
        "test = { waves = { cell = \"threads x 8\", task = \"sequential x 1\" } }, expects = { equal = 4.0, from = \"said\" }",
        &format!("test = {{ {trend} }}, expects = {{ equal = 0.0, from = \"said\" }}"),
        "test = { drop_off = { at = \"threads x 8\", among = [\"threads x 5\", \"threads x 16\"] } }, expects = { above = 1.05, from = \"said\" }",
        "test = { count = { cell = \"threads x 8\", what = \"redeliveries\" } }, printed = 9.0",
        "test = { count = { cell = \"threads x 8\", what = \"threads\" } }, printed = 9.0",
        "test = { cpu_share = { cell = \"sequential x 1\" } }, printed = 0.034",
        "test = { memory = { cell = \"threads x 8\", against = \"sequential x 1\" } }, expects = { above = 1.0, from = \"said\" }",
        "test = { fails = { cell = \"threads x 8\", with = \"can't start new thread\" } }",
        "test = { exhibit = \"torn_prints\" }",
        "test = { time = { cell = \"threads x 5\" } }, printed = 2.17, needs = { other = \"its machine\" }",
    ]
    .iter()
    .map(|figure| format!("name = \"it\", {figure}"))
    .collect();
    let figures: Vec<&str> = figures.iter().map(String::as_str).collect();
    let mechanisms =
        format!("mechanisms = [{SERIAL}, {UNEVEN}]\napart = {{ with = \"thirty threads instead of five\" }}");
    let rows = "[[decisions]]\nwork = \"waiting\"\ncells = [\"threads x 30\", \"async x 30\"]\n";
    requests(&(claim("000-3", &figures, &mechanisms) + rows))
}

#[test]
fn what_a_reader_takes_home_is_the_fastest_of_each_measured_kind_of_work() {
    let ranked = |strategy: &str, workers, speedup, place| Ranked {
        cell: CellSpec {
            variant: "default".into(),
            strategy: String::from(strategy),
            shape: std::num::NonZeroU32::new(workers).unwrap().into(),
            schedule: work::worker::task_queue::Schedule::OneByOne,
            timer: harness::scenario::Timer::Warm,
            python: None,
        },
        speedup: stats::Estimate { estimate: speedup, low: speedup, high: speedup },
        place,
    };
    let decided = |work: &str, answer: &str, ranking| Decided {
        work: work.into(),
        scenario: String::new(),
        ranking,
        answer: answer.into(),
        rounds: 5,
    };
    let told = takeaway(&[
        decided("Waiting, eight at a time (IO-bound)", "threads", vec![ranked("threads", 8, 7.5, Place::Fastest)]),
        decided("Writing", "", Vec::new()),
        decided(
            "Computing",
            "not told apart: threads and processes",
            vec![ranked("threads", 2, 1.9, Place::NotToldApart), ranked("processes", 2, 1.8, Place::NotToldApart)],
        ),
    ]);
    assert_eq!(
        told.to_string(),
        "Waiting: threads, 7.50\u{a0}times as fast as sequential in Rust with 8 workers. Computing: threads and processes are not told apart, \
         up to 1.90\u{a0}times with 2 workers. "
    );
}
