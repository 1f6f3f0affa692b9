//! Which cells need more rounds.

use super::*;

#[test]
fn a_cell_is_open_until_its_figures_are_precise_or_decided() {
    let above = speed_up("expects = { above = 1.0, from = \"said\" }").replace("x 5", "x 8");
    let scenario = requests(&claim("000-7", &[&speed_up("printed = 4.138"), &above], ""));
    let cells = [("sequential x 1", 9.0), ("threads x 5", 2.0), ("threads x 8", 1.2)];
    let open = |scatter: f64, change: &dyn Fn(&mut Record)| {
        let mut record = MadeMeasurement { scatter, ..MadeMeasurement::of(&scenario) }.record(&cells);
        change(&mut record);
        open_cells(std::slice::from_ref(&scenario), &scenario.claims, &record).into_iter().collect::<Vec<usize>>()
    };
    assert_eq!(open(0.02, &|_| {}), [0; 0], "precise");
    assert_eq!(open(1.0, &|_| {}), [0, 1], "7.5 is above 1, but 4.5 may be within 15 % of 4.138");
    assert_eq!(open(1.0, &|record| record.cells[0].check = Check::Failed), [0; 0], "what failed doesn't count");
    assert_eq!(open(1.0, &|record| record.scenario = "another".into()), [0; 0], "nor what is measured elsewhere");
}

#[test]
fn what_all_rounds_would_leave_undecided_gets_no_more_of_them() {
    let open = |mean: f64, looks: &[u32], rounds: u32| needs_more(&[""], mean, looks, rounds);
    assert!(open(0.001, &[3, 6, 12], 3), "three rounds say too little about scatter");
    assert!(!open(0.001, &[3, 6, 12], 6), "twelve rounds would not tell it from 1");
    assert!(open(0.001, &[3, 6, 2000], 6), "two thousand might");
    assert!(open(0.08, &[3, 6, 12], 6), "twelve rounds would");
    assert!(!open(0.8, &[3, 6, 12], 6), "and six have");
}

#[test]
fn a_figure_that_decides_nothing_ends_with_the_second_analysis() {
    let beside = ", in_rust = true";
    let looks = &[3, 6, 12];
    assert!(needs_more(&[beside], 0.08, looks, 3) && needs_more(&["", beside], 0.08, looks, 6));
    assert!(!needs_more(&[beside], 0.08, looks, 6));
}

#[test]
fn claims_that_nobody_asked_for_count_in_full() {
    let figure = speed_up("expects = { above = 1.0, from = \"said\" }");
    let claims: Vec<String> = (1..=40).map(|number| claim(&format!("000-{number}"), &[&figure], "")).collect();
    let scenario = requests(&claims.concat());
    // p is about 0.003: enough for ten figures, too much for forty.
    let times = |round| (f64::exp(0.4 + if round % 2 == 0 { 0.3 } else { -0.3 }), 1.0);
    let record = with_times(&scenario, &(0..12).map(times).collect::<Vec<_>>());
    let record = Record { looks: vec![3, 12, 24], rounds_done: 12, ..record };
    let is_open = |asked: &[Claim]| !open_cells(std::slice::from_ref(&scenario), asked, &record).is_empty();
    assert!(!is_open(&scenario.claims), "with all of them, a fourth is likely to count");
    assert!(is_open(&scenario.claims[..1]), "of one alone, all others do");
}

/// Whether cells need more rounds for a claim whose figures end with these keys. Their value is e to the power of `mean`,
/// give or take 0.1 from round to round, and the claim says that it is above 1.
fn needs_more(figures: &[&str], mean: f64, looks: &[u32], rounds: u32) -> bool {
    let figures: Vec<String> =
        figures.iter().map(|rest| speed_up(&format!("expects = {{ above = 1.0, from = \"said\" }}{rest}"))).collect();
    let figures: Vec<&str> = figures.iter().map(String::as_str).collect();
    let scenario = requests(&claim("000-7", &figures, "in_rust = \"It is so.\""));
    let times = |round| ((mean + if round % 2 == 0 { 0.1 } else { -0.1 }).exp(), 1.0);
    let record = with_times(&scenario, &(0..rounds).map(times).collect::<Vec<_>>());
    let record = Record { looks: looks.into(), rounds_done: rounds, ..record };
    !open_cells(std::slice::from_ref(&scenario), &scenario.claims, &record).is_empty()
}
