//! Does the time scale change verdicts? Measures the claims of each scenario that divides its waits, at its own scale and
//! at half of it, and compares the figures at the document's pace and the verdicts.
//!
//! Not a Criterion benchmark: its figures are those of the claims. `makespan reproduce CLAIM --real-time` compares further,
//! with the document's own pace.

mod common;

use comfy_table::{CellAlignment, Table, presets};
use common::asked::{Asked, Mode};
use makespan::{
    findings::{FigureFinding, Finding, findings},
    results::{evidence::Evidence, record::Purpose},
    runner::{self, Plan, Silent},
    scenario::{self, CellSpec, Scenario, claim::DELTA},
};
use std::process::ExitCode;

/// Rounds at each scale: waits scatter little.
const ROUNDS: u32 = 6;

fn main() -> ExitCode {
    let asked = Asked::of_this_process();
    let scenarios = match scenario::all() {
        Ok(scenarios) => scenarios,
        Err(error) => return common::conclude(&[error.to_string()]),
    };
    let scaled = scenarios.into_iter().filter(|scenario| scenario.time_scale > 1.0 && !scenario.claims.is_empty());
    let chosen = asked.choose(scaled, |scenario| format!("pace/{}", scenario.name));
    let mut failures = Vec::new();
    for scenario in chosen {
        if asked.mode == Mode::Test {
            println!("Testing pace/{}", scenario.name);
        }
        match compared(&scenario, asked.mode) {
            Ok(changed) if asked.mode == Mode::Test || changed.is_empty() => {}
            Ok(changed) => failures.extend(changed),
            Err(error) => failures.push(format!("{}: {error}", scenario.name)),
        }
    }
    if asked.mode == Mode::Test && failures.is_empty() {
        println!("Success\n");
    }
    common::conclude(&failures)
}

/// Whether the figure differs from the bound that decides it by less than 5 %.
fn is_at_its_bound(figure: &FigureFinding) -> bool {
    let Some((bound, measured)) = figure.bound.as_ref().zip(figure.measured) else { return false };
    let (low, high) = (bound.value / (1.0 + DELTA), bound.value * (1.0 + DELTA));
    low <= measured.value.low && measured.value.high <= high
}

/// Prints the figures at both scales. Returns those that are decided at both, and differently.
fn compared(scenario: &Scenario, mode: Mode) -> Result<Vec<String>, String> {
    let half = scenario.clone().scaled(scenario.time_scale / 2.0);
    let at = [scenario, &half].map(|scenario| judged(scenario, mode));
    let [own, half] = at;
    let (own, half) = (own?, half?);
    let pairs = own.iter().zip(&half).flat_map(|(own, half)| {
        own.figures.iter().zip(&half.figures).map(|figures| (format!("{}: {}", own.id, figures.0.name), figures))
    });
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["figure", "own scale", "half of it", "verdicts"]);
    for column in table.column_iter_mut().skip(1).take(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut changed = Vec::new();
    for (name, (own, half)) in pairs {
        let verdicts = [own, half].map(|figure| figure.verdict.words());
        let words = if own.verdict == half.verdict { verdicts[0].to_owned() } else { verdicts.join(" / ") };
        table.add_row([name.clone(), shown(own), shown(half), words]);
        let decided = |figure: &FigureFinding| figure.measured.is_some_and(|measured| measured.p.is_some());
        // Holm's correction is for the ledger: here it only says whether a figure is undecided.
        let are_decided = [own, half].iter().all(|figure| decided(figure) && figure.reason.is_none());
        // Within 5 % of a bound, "in direction" and "refuted" differ in whether noise left the bound inside of the interval.
        let are_small = [own, half].into_iter().all(is_at_its_bound);
        if own.verdict != half.verdict && are_decided && !are_small {
            changed.push(format!(
                "{name}: {} at scale {}, {} at half of it",
                verdicts[0], scenario.time_scale, verdicts[1]
            ));
        }
    }
    if mode != Mode::Test {
        println!("{}, time scale {}:\n{table}\n", scenario.name, scenario.time_scale);
    }
    Ok(changed)
}

/// The findings on this scenario's claims, from its own cells.
fn judged(scenario: &Scenario, mode: Mode) -> Result<Vec<Finding>, String> {
    let own = |(name, _): &(&str, &CellSpec)| *name == scenario.name;
    let named: Vec<&CellSpec> =
        scenario.claims.iter().flat_map(|claim| claim.cells().into_iter().filter(own)).map(|(_, cell)| cell).collect();
    let cells: Vec<CellSpec> = scenario.cells.iter().filter(|cell| named.contains(cell)).cloned().collect();
    let rounds = if mode == Mode::Test { 2 } else { ROUNDS };
    let settings = common::settings(Plan { purpose: Purpose::Findings, ..Plan::rounds(rounds) });
    let record = runner::measure(scenario, &cells, &settings, &mut Silent).map_err(|error| error.to_string())?;
    let evidence = Evidence { records: vec![record], ..Evidence::default() };
    Ok(findings(std::slice::from_ref(scenario), &evidence).claims)
}

fn shown(figure: &FigureFinding) -> String {
    figure.measured.map_or("–".into(), |measured| {
        let value = measured.value;
        format!("{:.4} ({:.4} – {:.4})", value.estimate, value.low, value.high)
    })
}
