//! The verdict in plain words, generated from the figures: measured, expected, and what follows.

use super::{
    FigureFinding, Measured, MechanismFinding, Unit, Verdict,
    figure::Assessed,
    mechanism::part,
    quantity::{Quantity, at_documents_pace_s},
    words::{Cast, capital, chosen, figure, interval, is_plural, listed},
};
use harness::scenario::{
    CellSpec, Scenario, Workload,
    claim::{Claim, DELTA, Expects, Test},
};
use stats::Estimate;
use support::figures::{grouped, percent, time};

/// The sentence on a whole claim. `verdicts` are those of its figures, mechanisms counted.
pub(super) fn whole(
    claim: &Claim,
    verdict: Verdict,
    verdicts: &[Verdict],
    figures: &[&Assessed],
    mechanisms: &[MechanismFinding],
    scenarios: &[Scenario],
) -> String {
    let clause = |assessed: &Assessed| clause(claim, assessed, scenarios);
    if verdict == Verdict::NotMeasured {
        return "Not measured yet.".into();
    }
    if verdict == Verdict::Contested {
        let readings: Vec<String> = figures
            .iter()
            .map(|assessed| {
                format!(
                    "read as “{}”, {}: {}",
                    assessed.finding.name,
                    stands(assessed.finding.verdict),
                    clause(assessed)
                )
            })
            .collect();
        return format!("The document disagrees with itself: {}.", readings.join("; "));
    }
    // The figure that decides is the first of the weakest.
    let place = verdicts.iter().position(|one| *one == verdict).unwrap_or(0);
    let Some(deciding) = figures.get(place) else { return "Not measured yet.".into() };
    let mut sentence = format!("{}.", capital(&clause(deciding)));
    if verdict == Verdict::CanExplain && place == 0 && deciding.finding.verdict != Verdict::CanExplain {
        sentence += &explained(claim, deciding.finding.unit, mechanisms);
    }
    sentence + &others(place, verdicts)
}

/// The verdict on a reading, as a clause.
fn stands(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Reproduced => "it is reproduced",
        Verdict::CanExplain => "it can be explained",
        Verdict::DirectionOnly => "only the direction holds",
        Verdict::Contradicted => "it is contradicted",
        Verdict::NotTestable => "it can't be tested here",
        Verdict::Inconclusive | Verdict::Contested => "it is not decided",
        Verdict::NotMeasured => "it is not measured yet",
    }
}

/// What a claim's other figures say.
pub(super) fn others(place: usize, verdicts: &[Verdict]) -> String {
    let others: Vec<Verdict> =
        verdicts.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, verdict)| *verdict).collect();
    let of = |wanted: &[Verdict]| others.iter().filter(|verdict| wanted.contains(verdict)).count();
    let (agree, elsewhere) = (of(&[Verdict::Reproduced, Verdict::CanExplain]), of(&[Verdict::NotTestable]));
    let differ = others.len() - agree - elsewhere;
    match (others.len(), agree, differ) {
        (0, ..) => String::new(),
        (1, 1, _) => " The other figure agrees.".into(),
        (1, _, 1) => " The other figure doesn't agree.".into(),
        (1, ..) => " The other figure can't be tested here.".into(),
        (all, agree, _) if all == agree => format!(" The {all} other figures agree."),
        (all, ..) => {
            let agreeing = if agree == 1 { "1 agrees".into() } else { format!("{agree} agree") };
            let differing = if differ == 1 { "1 doesn't".into() } else { format!("{differ} don't") };
            let untested = format!("{elsewhere} can't be tested here");
            let parts = [(agree, agreeing), (differ, differing), (elsewhere, untested)];
            let parts: Vec<String> =
                parts.into_iter().filter(|(number, _)| *number > 0).map(|(_, part)| part).collect();
            format!(" Of the {all} other figures, {}.", listed(&parts, "and"))
        }
    }
}

/// Which mechanisms give the printed figure.
fn explained(claim: &Claim, unit: Unit, mechanisms: &[MechanismFinding]) -> String {
    let giving = claim.mechanisms.iter().zip(mechanisms).filter(|(_, found)| found.gives_it == Some(true));
    let giving: Vec<_> = giving.collect();
    let told: Vec<String> = giving
        .iter()
        .map(|(_, found)| {
            let measured = found.measured.map_or(String::new(), |measured| with_interval(unit, measured));
            format!("{} ({measured})", found.name)
        })
        .collect();
    let calibrated = giving.iter().all(|(mechanism, _)| mechanism.calibrated_from.contains(&claim.id));
    let from_it = if calibrated { ", fitted to this claim," } else { "" };
    let what = if told.len() == 1 {
        format!("One mechanism{from_it} gives")
    } else {
        format!("Several mechanisms{from_it} give")
    };
    format!(" {what} the printed figure: {}.", listed(&told, "and"))
}

/// Whether the mechanisms can be told apart. `None` without mechanisms.
pub(super) fn apart(claim: &Claim, unit: Unit, mechanisms: &[MechanismFinding]) -> Option<String> {
    if mechanisms.is_empty() {
        return None;
    }
    let candidates: Vec<&MechanismFinding> = mechanisms.iter().filter(|found| found.gives_it == Some(true)).collect();
    let names =
        |all: &[&MechanismFinding]| listed(&all.iter().map(|found| found.name.clone()).collect::<Vec<_>>(), "and");
    match *candidates {
        [] => return Some("None of the mechanisms was shown to give the printed figure.".into()),
        [only] => {
            return Some(format!(
                "Only one mechanism gives the printed figure, {}, so there is nothing to tell apart.",
                only.name
            ));
        }
        _ => {}
    }
    let Some(apart) = &claim.apart else {
        return Some(format!("No experiment here separates them: {} give the printed figure.", names(&candidates)));
    };
    let told: Option<Vec<String>> =
        candidates.iter().map(|found| Some(by_mechanism(unit, found.apart?, &found.name))).collect();
    let Some(told) = told.map(|told| listed(&told, "and")) else {
        return Some(format!("Their figures with {} are not measured yet.", apart.with));
    };
    let Some(published) = apart.published else {
        let values: Vec<Estimate> = candidates.iter().filter_map(|found| Some(found.apart?.value)).collect();
        let tolerance = claim.figures.first().map_or(0.0, |first| first.tolerance);
        let pairs = || values.iter().enumerate().flat_map(|(at, a)| values[at + 1..].iter().map(move |b| (*a, *b)));
        return Some(if pairs().any(|(a, b)| part(a, b, tolerance)) {
            format!(
                "With {}, they differ: {told}. The documents printed no figure that decides between them.",
                apart.with
            )
        } else {
            format!("They can't be told apart: with {}, the figure is {told}.", apart.with)
        });
    };
    let printed = apart.from.as_ref().map_or("a document".into(), |from| format!("claim {from}"));
    let standing: Vec<&MechanismFinding> =
        candidates.iter().copied().filter(|found| found.stands == Some(true)).collect();
    let open = candidates.iter().any(|found| found.stands.is_none());
    let so = match (standing.len(), open) {
        (0, false) => "none of them fits".into(),
        (0, true) => "this doesn't decide between them".into(),
        (1, false) => format!("only one fits, {}", names(&standing)),
        (_, false) => format!("{} fit, so they can't be told apart", names(&standing)),
        (_, true) => format!("certain to fit: {}; not all of the others are ruled out", names(&standing)),
    };
    Some(format!("With {}, where {printed} gives {}, the figure is {told}: {so}.", apart.with, figure(unit, published)))
}

fn with_interval(unit: Unit, measured: Measured) -> String {
    format!("{}, {}", figure(unit, measured.value.estimate), interval(unit, measured.value))
}

fn by_mechanism(unit: Unit, measured: Measured, name: &str) -> String {
    format!("{} with {name} ({})", figure(unit, measured.value.estimate), interval(unit, measured.value))
}

/// The verdict on one figure, without a capital and without a full stop.
fn clause(claim: &Claim, assessed: &Assessed, scenarios: &[Scenario]) -> String {
    let finding = &assessed.finding;
    let reason = finding.reason.as_deref().unwrap_or("no reason is known");
    let was = was(assessed, scenarios);
    match (finding.verdict, was) {
        (Verdict::NotTestable, was) => not_testable(assessed, was, reason),
        (Verdict::NotMeasured, _) => "not measured yet".into(),
        (Verdict::Inconclusive, None) => format!("not decided: {reason}"),
        (Verdict::Inconclusive, Some(was)) => match expected(assessed) {
            Some(expected) => format!("{was}; {expected}: not decided, {reason}"),
            None => format!("{was}: not decided, {reason}"),
        },
        (Verdict::Contradicted, Some(was)) if finding.unit == Unit::Outcome => format!("not shown here: {was}"),
        (_, Some(was)) => match expected(assessed) {
            Some(expected) => format!("{was}; {expected}{}", follows(claim, assessed, scenarios)),
            None => was,
        },
        (_, None) => "not measured yet".into(),
    }
}

fn not_testable(assessed: &Assessed, was: Option<String>, missing: &str) -> String {
    let prediction = assessed.finding.prediction.as_ref().map(|prediction| {
        let value = figure(assessed.finding.unit, prediction.value);
        format!("{} predicts {value}, which is a prediction, not a measurement", by_name(prediction.by))
    });
    let parts: Vec<String> = was.into_iter().chain(expected(assessed)).chain(prediction).collect();
    let told = format!("not testable here, because {missing}");
    if parts.is_empty() { told } else { format!("{told}: {}", parts.join("; ")) }
}

fn by_name(form: &str) -> String {
    if form.starts_with(char::is_uppercase) { form.into() } else { format!("the closed form “{form}”") }
}

/// What was measured, or what happened. `None` if nothing was measured.
fn was(assessed: &Assessed, scenarios: &[Scenario]) -> Option<String> {
    let finding = &assessed.finding;
    // An outcome is a clause already.
    if finding.outcome.is_some() {
        return finding.outcome.clone();
    }
    let measured = finding.measured?;
    let test = &assessed.figure.test;
    let home = scenarios.iter().find(|scenario| scenario.name == finding.scenario);
    // Memory has nothing to do with latencies.
    let cast = Cast::of(test.cells(), home.filter(|_| !matches!(test, Test::Memory { .. })));
    let value = figure(finding.unit, measured.value.estimate);
    let sure = interval(finding.unit, measured.value);
    let told = match test {
        Test::Ratio { from, to } => {
            format!("{} {} {value} times as fast as {} ({sure})", cast.who(to), were(to), cast.who(from))
        }
        Test::Time { cell, tasks: Some(tasks) } => {
            let tasks = format!("{} tasks", grouped(*tasks));
            format!(
                "{tasks} would take {value} {} ({sure}), extrapolated from {}",
                cast.by(cell),
                grouped(own_tasks(assessed))
            )
        }
        Test::Time { cell, tasks: None } => format!("{} took {value} {} ({sure})", all_tasks(assessed), cast.by(cell)),
        Test::Turns { cell, .. } => format!("{} took {value} waves {} ({sure})", all_tasks(assessed), cast.by(cell)),
        Test::Trend { cells } => {
            // Their variants differ only in the number of tasks.
            let by = cells.first().map_or(String::new(), |cell| Cast::of(vec![cell], None).by(cell));
            format!("{by}, the time grew as the number of tasks to the power of {value} ({sure})")
        }
        Test::DropOff { at, .. } => {
            let best = best(assessed)
                .map_or("the best of the others".into(), |best| format!("{}, the best of the others", cast.who(best)));
            format!("{} took {value} times as long as {best} ({sure})", cast.who(at))
        }
        Test::CpuShare { cell, against: None } => format!("{} used {value} of one core ({sure})", cast.who(cell)),
        Test::CpuShare { cell, against: Some(other) } => {
            format!("{} used {value} times the CPU of {} ({sure})", cast.who(cell), cast.who(other))
        }
        Test::Memory { cell, against: None } => format!("{}, each worker added {value} ({sure})", cast.by(cell)),
        Test::Memory { cell, against: Some(other) } => {
            format!("{}, each worker added {value} times as much memory as {} ({sure})", cast.by(cell), cast.by(other))
        }
        Test::Count { .. } | Test::Exhibit(_) | Test::Fails { .. } => return None,
    };
    Some(cast.front() + &told)
}

fn were(cell: &CellSpec) -> &'static str {
    if is_plural(cell) { "were" } else { "was" }
}

/// `all 30 tasks`, of the cell in question: the test's last.
fn all_tasks(assessed: &Assessed) -> String {
    match own_tasks(assessed) {
        1 => "the only task".into(),
        tasks => format!("all {} tasks", grouped(tasks)),
    }
}

fn own_tasks(assessed: &Assessed) -> u32 {
    assessed.taken.cells.last().map_or(0, |cell| cell.tasks)
}

fn best<'a>(assessed: &'a Assessed) -> Option<&'a CellSpec> {
    let Ok(Quantity::Scattered(scattered)) = &assessed.taken.quantity else { return None };
    assessed.finding.cells.get(scattered.best?)
}

/// The expected figure. `None` for outcomes, whose clauses include it.
fn expected(assessed: &Assessed) -> Option<String> {
    let finding = &assessed.finding;
    let comparison = |word: &str, bound: f64| match &assessed.figure.test {
        Test::Ratio { .. } if is_one(bound) => {
            format!("the claim says {}", if word == "more" { "faster" } else { "slower" })
        }
        _ => format!("the claim says {word} than {}", chosen(finding.unit, bound)),
    };
    Some(match assessed.figure.expects {
        Expects::Published => format!("the document printed {}", figure(finding.unit, finding.published?)),
        Expects::Above(bound) => comparison("more", bound),
        Expects::Below(bound) => comparison("less", bound),
        Expects::Equal(bound) if finding.unit == Unit::Ratio && is_one(bound) => "the claim says no difference".into(),
        Expects::Equal(bound) => format!("the claim says {}", chosen(finding.unit, bound)),
        Expects::Shown => return None,
    })
}

fn is_one(bound: f64) -> bool {
    (bound - 1.0).abs() < 1e-9
}

/// What follows from the measured and the expected figure.
fn follows(claim: &Claim, assessed: &Assessed, scenarios: &[Scenario]) -> String {
    let finding = &assessed.finding;
    let counted = finding.unit == Unit::Count;
    let is_published = assessed.figure.expects == Expects::Published;
    match finding.verdict {
        Verdict::CanExplain => {
            format!(", but the model was fitted to {}: it can explain that figure, not reproduce it", claim.id)
        }
        Verdict::Reproduced if counted && is_published => ", which agrees".into(),
        Verdict::Reproduced if counted => ", which holds".into(),
        Verdict::Reproduced if is_published => format!(", which agrees within {}", tolerance(assessed)),
        Verdict::Reproduced => match (assessed.figure.expects, finding.measured) {
            (Expects::Equal(bound), Some(measured)) if measured.value.low > bound || measured.value.high < bound => {
                format!(", which holds within {}, although a smaller difference is shown", margin(finding))
            }
            (Expects::Equal(_), _) => format!(", which holds within {}", margin(finding)),
            _ => ", which holds".into(),
        },
        Verdict::DirectionOnly if !is_published => format!(", which holds, but by less than {}", margin(finding)),
        Verdict::DirectionOnly => {
            something_else(assessed, scenarios).unwrap_or_else(|| ": the direction agrees, but not the size".into())
        }
        Verdict::Contradicted if counted && is_published => ", which doesn't agree".into(),
        Verdict::Contradicted if counted => ", which doesn't hold".into(),
        Verdict::Contradicted if is_published => {
            let seconds = something_else(assessed, scenarios).unwrap_or_default();
            format!(", which the 95\u{a0}% interval rules out{seconds}")
        }
        Verdict::Contradicted if is_within_margin(assessed) => {
            format!(", but any difference is smaller than {}", margin(finding))
        }
        _ => ", which the 95\u{a0}% interval rules out".into(),
    }
}

fn tolerance(assessed: &Assessed) -> String {
    match assessed.finding.unit {
        Unit::Exponent => figure(Unit::Exponent, assessed.figure.tolerance),
        _ => whole_percent(assessed.figure.tolerance),
    }
}

/// Figures that differ by less than this count as the same.
fn margin(finding: &FigureFinding) -> String {
    if finding.unit == Unit::Exponent { figure(Unit::Exponent, DELTA) } else { whole_percent(DELTA) }
}

/// A chosen share: `15 %`, `2.5 %`.
fn whole_percent(share: f64) -> String {
    let told = percent(share);
    told.replace(".0\u{a0}", "\u{a0}")
}

/// Whether it was contradicted because the difference is too small, and not because it is on the wrong side.
fn is_within_margin(assessed: &Assessed) -> bool {
    let Some(Measured { value, .. }) = assessed.finding.measured else { return false };
    match assessed.figure.expects {
        Expects::Above(bound) => value.high >= bound,
        Expects::Below(bound) => value.low <= bound,
        _ => false,
    }
}

/// The difference between the printed and the measured speed-up in seconds, at the document's pace: both are applied to
/// the sequential time measured here. Only for waits, which are the document's; computing depends on this processor.
fn something_else(assessed: &Assessed, scenarios: &[Scenario]) -> Option<String> {
    let (Test::Ratio { from, .. }, Some(record)) = (&assessed.figure.test, assessed.taken.record) else { return None };
    let home = scenarios.iter().find(|scenario| scenario.name == assessed.finding.scenario)?;
    let waits = matches!(home.variant(&from.variant)?.workload, Workload::Fetch(_));
    let rounds = at_documents_pace_s(assessed.taken.cells.first().filter(|_| waits)?, record.time_scale);
    let alone_s = (rounds.iter().map(|seconds| seconds.ln()).sum::<f64>() / rounds.len() as f64).exp();
    let seconds = alone_s / assessed.finding.published? - alone_s / assessed.finding.measured?.value.estimate;
    Some(match seconds {
        more if more > 0.0 => format!(": {} are not explained by latency", short_time(more)),
        less => format!(": here, the run took {} longer", short_time(-less)),
    })
}

/// A difference of times, to be compared with times in seconds: `0.37 s`.
fn short_time(seconds: f64) -> String {
    if (0.1..9.995).contains(&seconds) { format!("{seconds:.2}\u{a0}s") } else { time(seconds) }
}
