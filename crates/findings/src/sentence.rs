//! The verdict in plain words, generated from the figures: measured, expected, and what follows.

use super::{
    BugFinding, BugResult, FigureFinding, Fit, Measured, MechanismFinding, ReadingFinding, Sentence, Unit, Verdict,
    figure::Assessed,
    mechanism::part,
    quantity::{Quantity, at_documents_pace_s},
    words::{Cast, because, chosen, is_plural, source},
};
use harness::scenario::{
    CellSpec, Scenario, Workload,
    claim::{Apart, Claim, DELTA, Expects, Provenance, Sourced, Test},
};
use stats::Estimate;
use support::{
    figures::{count, grouped, percent},
    words::{capital, listed},
};

/// The most words of [`Whole::brief`].
pub(super) const MOST_WORDS: usize = 35;

/// Everything that the sentence on a claim is made from.
pub(super) struct Whole<'a> {
    pub claim: &'a Claim,
    pub verdict: Verdict,
    /// Those of the figures, mechanisms counted.
    pub verdicts: &'a [Verdict],
    pub figures: &'a [&'a Assessed<'a>],
    pub readings: &'a [ReadingFinding],
    pub bugs: &'a [BugFinding],
    pub mechanisms: &'a [MechanismFinding],
    pub scenarios: &'a [Scenario],
}

impl Whole<'_> {
    /// The sentence on the claim. `deciding` is the place of the figure that decides: the first of the weakest.
    pub(super) fn sentence(&self, deciding: Option<usize>) -> Sentence {
        let Self { claim, verdict, verdicts, figures, mechanisms, scenarios, .. } = self;
        if *verdict == Verdict::NotMeasured {
            return Sentence::words("Not measured yet.");
        }
        if *verdict == Verdict::Depends {
            return self.depends();
        }
        let Some((place, assessed)) = deciding.and_then(|place| Some((place, *figures.get(place)?))) else {
            return self.by_bugs();
        };
        let mut sentence = one(claim, assessed, scenarios);
        if *verdict == Verdict::Fitted && place == 0 && assessed.finding.verdict != Verdict::Fitted {
            sentence = sentence.and(explained(claim, assessed.finding.unit, mechanisms));
        }
        let others: Vec<Verdict> =
            verdicts.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, verdict)| *verdict).collect();
        sentence.then(others_say(&others))
    }

    /// The same in at most [`MOST_WORDS`] words: the longest of these that fits.
    pub(super) fn brief(&self, deciding: Option<usize>) -> Sentence {
        let Self { claim, figures, scenarios, .. } = self;
        let whole = self.sentence(deciding);
        if fits(&whole) {
            return whole;
        }
        if self.verdict == Verdict::Depends {
            let depends_on = self.claim.depends_on.as_deref().unwrap_or_default();
            let short = Sentence::words(format!("It depends on {depends_on}."));
            return Some(self.depends_alone()).filter(fits).unwrap_or(short);
        }
        let Some(assessed) = deciding.and_then(|place| figures.get(place).copied()) else {
            let refuting = self.bugs.iter().find(|bug| bug.refutes);
            return refuting.map_or(whole, |bug| {
                Sentence::words(format!("Run as the document describes, it fails: {}.", bug.name))
            });
        };
        let end = |sentence: Sentence| sentence.capital().then(".");
        let finding = &assessed.finding;
        let reason = finding.reason.as_deref().unwrap_or("no reason is known");
        let (was, expected) = (was(assessed, scenarios), expected_briefly(assessed));
        let open = match finding.verdict {
            Verdict::NotTestable => Some(Sentence::words(format!("not testable here, because {reason}"))),
            Verdict::Undecided => Some(Sentence::words(format!("not decided: {reason}"))),
            _ => None,
        };
        let both = was.clone().zip(expected).map(|(was, expected)| was.then("; ").and(expected));
        let open_with = was.clone().zip(open.clone()).map(|(was, open)| was.then("; ").and(open));
        let followed =
            both.clone().filter(|_| open.is_none()).map(|both| both.and(follows(claim, assessed, scenarios)));
        let explained = |told: fn(&[String]) -> String| {
            let standing = self.mechanisms.iter().filter(|found| found.standing() == Some(Fit::Fits));
            let names: Vec<String> = standing.map(|found| found.name.clone()).collect();
            let whether = self.verdict == Verdict::Fitted && !names.is_empty();
            both.clone().filter(|_| whether).map(|both| end(both).then(told(&names)))
        };
        let named = Sentence::words(format!("{}: ", finding.name));
        let named = match finding.measured {
            Some(measured) => named.measured(finding.unit, measured.value.estimate),
            None => named.then(finding.verdict.words()),
        };
        let all = [
            explained(|names| format!(" {}: {}.", explanations(names), listed(names, "or"))),
            explained(|names| format!(" {}.", explanations(names))),
            Some(one(claim, assessed, scenarios)),
            followed.map(end),
            open_with.map(end),
            open.map(end),
            both.map(end),
            was.map(end),
        ];
        all.into_iter().flatten().find(fits).unwrap_or_else(|| end(named))
    }

    /// What it depends on, and which verdict it has under which condition.
    fn depends(&self) -> Sentence {
        let outside = self.figures.iter().zip(self.verdicts).filter(|(assessed, _)| assessed.figure.reading.is_none());
        self.depends_alone().then(others_say(&outside.map(|(_, verdict)| *verdict).collect::<Vec<_>>()))
    }

    fn depends_alone(&self) -> Sentence {
        let depends_on = self.claim.depends_on.as_deref().unwrap_or_default();
        let mut sentence = Sentence::words(format!("It depends on {depends_on}."));
        for verdict in Verdict::ALL {
            let under: Vec<String> = self
                .readings
                .iter()
                .filter(|reading| reading.verdict == verdict)
                .map(|reading| reading.condition.clone())
                .collect();
            if !under.is_empty() {
                sentence = sentence.then(format!(" It {} {}.", stands(verdict, 1), listed(&under, "and")));
            }
        }
        sentence
    }

    /// The document's own program decides.
    fn by_bugs(&self) -> Sentence {
        let mut refuting = self.bugs.iter().filter(|bug| bug.refutes);
        let Some(bug) = refuting.find(|bug| bug.result != BugResult::NotMeasured) else {
            return Sentence::words("Not measured yet.");
        };
        let happened = bug.happened.as_deref().unwrap_or("nothing is known about it");
        Sentence::words(match bug.result {
            BugResult::Shown => format!("Run as the document describes, it fails: {}: {happened}.", bug.name),
            _ => format!("Not decided: the bug that would refute it was not shown: {happened}."),
        })
    }
}

fn fits(sentence: &Sentence) -> bool {
    sentence.to_string().split_whitespace().count() <= MOST_WORDS
}

/// How many explanations stand, as a clause.
fn explanations(names: &[String]) -> String {
    let fit = if names.len() == 1 { "fits" } else { "fit" };
    format!("{} {fit} it", count(names.len(), "explanation"))
}

/// The bound, or else the figure of the document, without its formula: what decides.
fn expected_briefly(assessed: &Assessed) -> Option<Sentence> {
    let FigureFinding { unit, reference, .. } = &assessed.finding;
    let reference =
        reference.as_ref().map(|Sourced { value, from }| Sentence::words(source(from)).number(*unit, *value));
    bounded(assessed).or(reference)
}

/// The sentence on one figure.
pub(super) fn one(claim: &Claim, assessed: &Assessed, scenarios: &[Scenario]) -> Sentence {
    clause(claim, assessed, scenarios).capital().then(".")
}

/// The verdict as a verb: `holds`, `are refuted`.
fn stands(verdict: Verdict, number: usize) -> String {
    let one = number == 1;
    let be = if one { "is" } else { "are" };
    match verdict {
        Verdict::Holds => if one { "holds" } else { "hold" }.into(),
        Verdict::HoldsInDirection => if one { "holds in direction" } else { "hold in direction" }.into(),
        Verdict::Depends => if one { "depends" } else { "depend" }.into(),
        Verdict::NotTestable => "can't be tested here".into(),
        Verdict::Refuted | Verdict::Fitted | Verdict::Undecided | Verdict::NotMeasured => {
            format!("{be} {}", verdict.words())
        }
    }
}

/// What a claim's other figures say.
pub(super) fn others_say(others: &[Verdict]) -> String {
    let of = |wanted: Verdict| others.iter().filter(|verdict| **verdict == wanted).count();
    let counted: Vec<(Verdict, usize)> =
        Verdict::ALL.into_iter().map(|verdict| (verdict, of(verdict))).filter(|(_, count)| *count > 0).collect();
    match &*counted {
        [] => String::new(),
        [(verdict, 1)] => format!(" The other figure {}.", stands(*verdict, 1)),
        [(verdict, count)] => format!(" The {count} other figures {}.", stands(*verdict, *count)),
        several => {
            let parts: Vec<String> =
                several.iter().map(|(verdict, count)| format!("{count} {}", stands(*verdict, *count))).collect();
            format!(" Of the {} other figures, {}.", others.len(), listed(&parts, "and"))
        }
    }
}

/// Which mechanisms give the document's figure.
fn explained(claim: &Claim, unit: Unit, mechanisms: &[MechanismFinding]) -> Sentence {
    let fitting: Vec<_> =
        claim.mechanisms.iter().zip(mechanisms).filter(|(_, found)| found.fit == Some(Fit::Fits)).collect();
    let told: Vec<Sentence> = fitting
        .iter()
        .map(|(_, found)| {
            let name = Sentence::words(found.name.clone());
            match found.measured {
                Some(measured) => name.then(" (").and(with_interval(unit, &measured)).then(")"),
                None => name,
            }
        })
        .collect();
    let calibrated = fitting.iter().all(|(mechanism, _)| mechanism.calibrated_from.contains(&claim.id));
    let from_it = if calibrated { ", fitted to this claim," } else { "" };
    let what = if told.len() == 1 {
        format!(" One mechanism{from_it} gives")
    } else {
        format!(" Several mechanisms{from_it} give")
    };
    Sentence::words(format!("{what} the document's figure: ")).and(Sentence::list(told, "and")).then(".")
}

/// Whether the mechanisms can be told apart. `None` without mechanisms.
pub(super) fn apart(claim: &Claim, unit: Unit, mechanisms: &[MechanismFinding]) -> Option<Sentence> {
    if mechanisms.is_empty() {
        return None;
    }
    let standing = |wanted: Option<Fit>| -> Vec<String> {
        mechanisms.iter().filter(|found| found.standing() == wanted).map(|found| found.name.clone()).collect()
    };
    let (fits, excluded) = (standing(Some(Fit::Fits)), standing(Some(Fit::Excluded)));
    let (undecided, unmeasured) = (standing(Some(Fit::Undecided)), standing(None));
    if unmeasured.len() == mechanisms.len() {
        return Some(Sentence::words("The explanations are not measured yet."));
    }
    let experiment = claim.apart.as_ref().map_or_else(Sentence::default, |apart| experiment(apart, unit, mechanisms));
    let mut sentence = experiment;
    for (names, verb) in
        [(&excluded, "is excluded"), (&undecided, "is undecided"), (&unmeasured, "is not measured yet")]
    {
        let verb = if names.len() == 1 { verb.to_owned() } else { verb.replacen("is", "are", 1) };
        if !names.is_empty() {
            sentence = sentence.and(Sentence::words(format!("{} {verb}. ", listed(names, "and"))).capital());
        }
    }
    let left = match (&*fits, undecided.is_empty() && unmeasured.is_empty()) {
        ([], true) => "No explanation is left.".into(),
        ([], false) => "No explanation is shown to fit.".into(),
        ([only], true) => format!("Of the explanations tried here, only one is left: {only}."),
        ([only], false) => format!("One explanation fits, {only}, but it isn't the only one left."),
        (several, _) => told_apart(claim, mechanisms, several),
    };
    Some(sentence.then(left))
}

/// What the experiment that separates the mechanisms gave.
fn experiment(apart: &Apart, unit: Unit, mechanisms: &[MechanismFinding]) -> Sentence {
    let told: Vec<Sentence> = mechanisms
        .iter()
        .filter(|found| found.fit != Some(Fit::Excluded))
        .filter_map(|found| {
            let measured = found.apart?;
            let figure = Sentence::default().measured(unit, measured.value.estimate);
            Some(figure.then(format!(" with {} (", found.name)).interval(unit, &measured).then(")"))
        })
        .collect();
    if told.is_empty() {
        return Sentence::default();
    }
    let with = Sentence::words(format!("With {}, ", apart.with));
    let with = match &apart.derived {
        Some(derived) => {
            let from =
                apart.from.as_ref().map_or("the documents' figures give".into(), |from| format!("claim {from} has"));
            with.then(format!("where {from} ")).number(unit, derived.value).then(format!(" ({}), ", derived.formula))
        }
        None => with,
    };
    with.then("the explanations give ").and(Sentence::list(told, "and")).then(". ")
}

/// Several mechanisms fit: whether their figures differ in the experiment that separates them.
fn told_apart(claim: &Claim, mechanisms: &[MechanismFinding], fits: &[String]) -> String {
    let names = capital(&listed(fits, "and"));
    let Some(apart) = &claim.apart else {
        return format!("{names} fit, and no experiment here separates them.");
    };
    let fitting = mechanisms.iter().filter(|found| found.standing() == Some(Fit::Fits));
    let values: Vec<Estimate> = fitting.filter_map(|found| Some(found.apart?.value)).collect();
    let tolerance = claim.figures.first().map_or(0.0, |first| first.tolerance);
    let mut pairs = values.iter().enumerate().flat_map(|(at, a)| values[at + 1..].iter().map(move |b| (*a, *b)));
    if values.len() < fits.len() {
        format!("{names} fit, and no measured experiment separates all of them.")
    } else if apart.derived.is_none() && pairs.any(|(a, b)| part(a, b, tolerance)) {
        format!(
            "{names} fit. They differ with {}, but the documents print no figure that decides between them.",
            apart.with
        )
    } else {
        format!("{names} fit, so they can't be told apart.")
    }
}

fn with_interval(unit: Unit, measured: &Measured) -> Sentence {
    Sentence::default().measured(unit, measured.value.estimate).then(", ").interval(unit, measured)
}

/// The verdict on one figure, without a capital and without a full stop.
fn clause(claim: &Claim, assessed: &Assessed, scenarios: &[Scenario]) -> Sentence {
    let finding = &assessed.finding;
    let reason = finding.reason.as_deref().unwrap_or("no reason is known");
    let was = was(assessed, scenarios);
    match (finding.verdict, was) {
        (Verdict::NotTestable, was) => not_testable(assessed, was, reason),
        (Verdict::NotMeasured, _) | (_, None) if finding.verdict != Verdict::Undecided => {
            Sentence::words("not measured yet")
        }
        (_, None) => Sentence::words(format!("not decided: {reason}")),
        (Verdict::Undecided, Some(was)) => {
            let was = match expected(assessed) {
                Some(expected) => was.then("; ").and(expected),
                None => was,
            };
            was.then(format!(": not decided, {reason}"))
        }
        (Verdict::Refuted, Some(was)) if finding.unit == Unit::Outcome => Sentence::words("not shown here: ").and(was),
        (_, Some(was)) => match expected(assessed) {
            Some(expected) => was.then("; ").and(expected).and(follows(claim, assessed, scenarios)),
            None => was,
        },
    }
}

fn not_testable(assessed: &Assessed, was: Option<Sentence>, missing: &str) -> Sentence {
    let told = Sentence::words(format!("not testable here, because {missing}"));
    let prediction = assessed.finding.prediction.as_ref().map(|prediction| {
        let unit = assessed.finding.unit;
        let predicted = Sentence::words(format!("{} predicts ", by_name(prediction.by))).number(unit, prediction.value);
        let predicted = match prediction.interval {
            Some((low, high)) => {
                let between = predicted.then(" (between ").number(unit, low).then(" and ").number(unit, high);
                between.then(", by the interval of what was measured here)")
            }
            None => predicted,
        };
        predicted.then(", which is a prediction, not a measurement")
    });
    let parts = was.into_iter().chain(expected(assessed)).chain(prediction);
    parts.enumerate().fold(told, |told, (place, part)| told.then(if place == 0 { ": " } else { "; " }).and(part))
}

fn by_name(form: &str) -> String {
    if form.starts_with(char::is_uppercase) { form.into() } else { format!("the closed form “{form}”") }
}

/// What was measured, or what happened. `None` if nothing was measured.
fn was(assessed: &Assessed, scenarios: &[Scenario]) -> Option<Sentence> {
    let finding = &assessed.finding;
    // An outcome is a clause already.
    if let Some(outcome) = &finding.outcome {
        return Some(Sentence::words(outcome.clone()));
    }
    let measured = finding.measured?;
    let test = &assessed.figure.test;
    let home = scenarios.iter().find(|scenario| scenario.name == finding.scenario);
    let mut cast = Cast::of(test.cells(), home);
    if matches!(test, Test::Memory { .. }) {
        cast = cast.without_latency();
    }
    let front = cast.front();
    let figure = |before: String, after: String| {
        Sentence::words(format!("{front}{before} "))
            .measured(finding.unit, measured.value.estimate)
            .then(format!("{after} ("))
            .interval(finding.unit, &measured)
            .then(")")
    };
    Some(match test {
        Test::Ratio { from, to } => {
            figure(format!("{} {}", cast.who(to), were(to)), format!(" as fast as {}", cast.who(from)))
        }
        Test::Time { cell, tasks: Some(tasks) } => {
            let after = format!(", extrapolated from {}", grouped(own_tasks(assessed)));
            figure(format!("{} tasks would take", grouped(*tasks)), format!(" {}", cast.by(cell))).then(after)
        }
        Test::Time { cell, tasks: None } | Test::Waves { cell, .. } => {
            figure(format!("{} took", all_tasks(assessed)), format!(" {}", cast.by(cell)))
        }
        Test::Trend { cells } => {
            // Their variants differ only in the number of tasks.
            let by = cells.first().map_or(String::new(), |cell| Cast::of(vec![cell], None).by(cell));
            figure(format!("{by}, the time grew as the number of tasks to the power of"), String::new())
        }
        Test::DropOff { at, .. } => {
            let best = best(assessed)
                .map_or("the best of the others".into(), |best| format!("{}, the best of the others", cast.who(best)));
            figure(format!("{} took", cast.who(at)), format!(" as long as {best}"))
        }
        Test::CpuShare { cell, against: None } => figure(format!("{} used", cast.who(cell)), " of one core".into()),
        Test::CpuShare { cell, against: Some(other) } => {
            let after = format!(" as much of the processor busy as {}", cast.who(other));
            figure(format!("{} kept", cast.who(cell)), after)
        }
        Test::Memory { cell, against: None } => figure(format!("{}, each worker added", cast.by(cell)), String::new()),
        Test::Latency { cell, percentile, against } => figure(
            format!("{}, the {percentile} of latencies was", cast.by(cell)),
            format!(" as long as {}", cast.by(against)),
        ),
        Test::Memory { cell, against: Some(other) } => {
            figure(format!("{}, each worker added", cast.by(cell)), format!(" as much memory as {}", cast.by(other)))
        }
        Test::Count { .. } | Test::Exhibit(_) | Test::Fails { .. } => return None,
    })
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

/// The expected figure, and who says so. `None` for outcomes, whose clauses include it.
fn expected(assessed: &Assessed) -> Option<Sentence> {
    let FigureFinding { unit, reference, bound, .. } = &assessed.finding;
    let reference = reference
        .as_ref()
        .map(|Sourced { value, from }| Sentence::words(source(from)).number(*unit, *value).then(because(from)));
    let why = bound.as_ref().map(|Sourced { from, .. }| because(from)).unwrap_or_default();
    match (reference, bounded(assessed).map(|bound| bound.then(why))) {
        (Some(reference), Some(bound)) => Some(reference.then("; ").and(bound)),
        (reference, bound) => reference.or(bound),
    }
}

/// The bound and who says it, without a reason.
fn bounded(assessed: &Assessed) -> Option<Sentence> {
    let FigureFinding { unit, bound, .. } = &assessed.finding;
    bound.as_ref().and_then(|Sourced { value, from }| {
        let who = match from {
            Provenance::Printed => "the document prints ",
            Provenance::Said => "the claim says ",
            Provenance::Derived { .. } => "derived from the document's figures: ",
            Provenance::Ours { .. } => "our bound: ",
        };
        let faster = matches!(assessed.figure.test, Test::Ratio { .. }) && is_one(*value);
        let comparison = match assessed.figure.expects {
            Expects::Above(_) if faster => "faster".into(),
            Expects::Below(_) if faster => "slower".into(),
            Expects::Equal(_) if *unit == Unit::Ratio && is_one(*value) => "no difference".into(),
            Expects::Above(_) => format!("more than {}", chosen(*unit, *value)),
            Expects::Below(_) => format!("less than {}", chosen(*unit, *value)),
            Expects::Equal(_) => chosen(*unit, *value),
            Expects::Reference | Expects::Shown => return None,
        };
        Some(Sentence::words(format!("{who}{comparison}")))
    })
}

fn is_one(bound: f64) -> bool {
    (bound - 1.0).abs() < 1e-9
}

/// What follows from the measured and the expected figure.
fn follows(claim: &Claim, assessed: &Assessed, scenarios: &[Scenario]) -> Sentence {
    let finding = &assessed.finding;
    let counted = finding.unit == Unit::Count;
    let by_reference = assessed.figure.expects == Expects::Reference;
    let words = match finding.verdict {
        Verdict::Fitted => format!(", but the model was fitted to figures of {}, so this is no confirmation", claim.id),
        Verdict::Holds if counted && by_reference => ", which agrees".into(),
        Verdict::Holds if counted => ", which holds".into(),
        Verdict::Holds if by_reference => format!(", which agrees within {}", tolerance(assessed)),
        Verdict::Holds => match (assessed.figure.expects, finding.measured) {
            (Expects::Equal(bound), Some(measured)) if measured.value.low > bound || measured.value.high < bound => {
                format!(", which holds within {}, although a smaller difference is shown", margin(finding))
            }
            (Expects::Equal(_), _) => format!(", which holds within {}", margin(finding)),
            _ => ", which holds".into(),
        },
        Verdict::HoldsInDirection => {
            return something_else(assessed, scenarios)
                .unwrap_or_else(|| Sentence::words(": the direction agrees, but not the size"));
        }
        Verdict::Refuted if counted && by_reference => ", which doesn't agree".into(),
        Verdict::Refuted if counted => ", which doesn't hold".into(),
        Verdict::Refuted if by_reference => {
            let seconds = something_else(assessed, scenarios).unwrap_or_default();
            return Sentence::words(", which the interval rules out").and(seconds);
        }
        Verdict::Refuted if is_within_margin(assessed) => {
            format!(", but any difference is smaller than {}", margin(finding))
        }
        _ => ", which the interval rules out".into(),
    };
    Sentence::words(words)
}

fn tolerance(assessed: &Assessed) -> String {
    match assessed.finding.unit {
        Unit::Exponent => Unit::Exponent.figure(assessed.figure.tolerance),
        _ => whole_percent(assessed.figure.tolerance),
    }
}

/// Figures that differ by less than this count as the same.
fn margin(finding: &FigureFinding) -> String {
    if finding.unit == Unit::Exponent { Unit::Exponent.figure(DELTA) } else { whole_percent(DELTA) }
}

/// A chosen share: `15 %`, `2.5 %`.
fn whole_percent(share: f64) -> String {
    let told = percent(share);
    told.replace(".0\u{a0}", "\u{a0}")
}

/// Whether it was refuted because the difference is too small, and not because it is on the wrong side.
fn is_within_margin(assessed: &Assessed) -> bool {
    let Some(Measured { value, .. }) = assessed.finding.measured else { return false };
    match assessed.figure.expects {
        Expects::Above(bound) => value.high >= bound,
        Expects::Below(bound) => value.low <= bound,
        _ => false,
    }
}

/// The difference between the document's and the measured speedup in seconds, at the document's pace: both are applied
/// to the sequential time measured here. Only for waits, which are the document's; computing depends on this processor.
fn something_else(assessed: &Assessed, scenarios: &[Scenario]) -> Option<Sentence> {
    let (Test::Ratio { from, .. }, Some(record)) = (&assessed.figure.test, assessed.taken.record) else { return None };
    let home = scenarios.iter().find(|scenario| scenario.name == assessed.finding.scenario)?;
    let waits = matches!(home.variant(&from.variant)?.workload, Workload::Fetch(_));
    let reference = assessed.finding.reference.as_ref()?;
    if matches!(reference.from, Provenance::Ours { .. }) {
        return None;
    }
    let rounds = at_documents_pace_s(assessed.taken.cells.first().filter(|_| waits)?, record.time_scale);
    let alone_s = (rounds.iter().map(|seconds| seconds.ln()).sum::<f64>() / rounds.len() as f64).exp();
    let seconds = alone_s / reference.value - alone_s / assessed.finding.measured?.value.estimate;
    Some(if seconds > 0.0 {
        Sentence::words(": ").number(Unit::Seconds, seconds).then(" are not explained by latency")
    } else {
        Sentence::words(": here, the run took ").number(Unit::Seconds, -seconds).then(" longer")
    })
}
