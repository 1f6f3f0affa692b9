//! Verdicts on the terminal: one line per claim, grouped by document; full detail for a single claim.

use super::print::{behind, columns, printable};
use findings::{FigureFinding, Finding, Fit, MechanismFinding, Unit, Verdict, summary};
use harness::scenario::claim::{Provenance, Sourced};
use std::{
    env,
    io::{self, IsTerminal},
    iter,
};
use support::{distinct, figures};

/// The column where paragraphs begin, to the right of their labels.
const INDENT: usize = 14;

/// Between two columns.
const GAP: &str = "  ";

/// Minimum width of a figure's name; below it, each figure gets several lines.
const LEAST_NAME: usize = 12;

/// How lines are laid out.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub colour: bool,
    /// The most characters in a line.
    pub columns: usize,
}

impl Look {
    /// For standard output.
    pub fn of_stdout() -> Self {
        Self { colour: colours_are_wanted(), columns: columns() }
    }
}

/// Whether standard output is a terminal and `NO_COLOR` is not set.
pub fn colours_are_wanted() -> bool {
    io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The ledger, without a final newline.
pub fn of(claims: &[Finding], look: Look) -> String {
    let lines = match claims {
        [one] => alone(one, look),
        _ => together(claims, look),
    };
    lines.join("\n")
}

/// The table's head, and a line for each claim.
pub fn claims(claims: &[&Finding], look: Look) -> Vec<String> {
    let rows: Vec<LedgerRow> = claims.iter().map(|claim| LedgerRow::of_claim(claim)).collect();
    table("claim", &rows, look)
}

/// A line for each claim, then the reasons of undecided ones, the bugs, and what a reader takes home.
fn together(claims: &[Finding], look: Look) -> Vec<String> {
    let rows: Vec<LedgerRow> = claims.iter().map(LedgerRow::of_claim).collect();
    let mut lines = table("claim", &rows, look);
    lines.push(String::new());
    let open = claims.iter().filter_map(|claim| Some((claim, reason(claim)?)));
    for (claim, reason) in open {
        lines.extend(paragraph(&claim.id, &format!("{}: {reason}", claim.verdict.words()), look));
    }
    for (claim, bug) in claims.iter().flat_map(|claim| claim.bugs.iter().map(move |bug| (claim, bug))) {
        lines.extend(paragraph("", &format!("{} bug {}: {}", claim.id, bug.result.words(), bug.name), look));
    }
    lines.extend(paragraph("In all", &summary(claims).to_string(), look));
    lines
}

/// `000` of `000-3`.
fn document<'a>(row: &LedgerRow<'a>) -> &'a str {
    row.label.split_once('-').map_or(row.label, |(document, _)| document)
}

/// Why a claim is not decided.
fn reason(claim: &Finding) -> Option<&str> {
    if !matches!(claim.verdict, Verdict::Undecided | Verdict::NotTestable) {
        return None;
    }
    let mut same = claim.figures.iter().filter(|figure| figure.verdict == claim.verdict);
    let of_figures = same.find_map(|figure| figure.reason.as_deref());
    of_figures
        .or_else(|| claim.bugs.iter().any(|bug| bug.refutes).then_some("the bug that would refute it was not shown"))
}

/// One claim in full detail.
fn alone(claim: &Finding, look: Look) -> Vec<String> {
    let paragraph = |label: &str, text: &str| paragraph(label, text, look);
    let mut lines = vec![printable(&format!("{}: {}", claim.id, claim.question)).into_owned(), String::new()];
    lines.extend(paragraph("Document", &claim.says));
    lines.push(format!("{:INDENT$}{}", "Verdict", painted(claim.verdict.words(), claim.verdict, look.colour)));
    lines.extend(paragraph("", &claim.sentence.to_string()));
    for reading in &claim.readings {
        let text = format!("{}: {}. {}", reading.condition, reading.verdict.words(), reading.sentence);
        lines.extend(paragraph("Reading", &text));
    }
    for bug in &claim.bugs {
        // The sentence on a claim that a bug refutes says what happened.
        let happened = bug.happened.as_ref().filter(|_| !bug.refutes);
        let happened = happened.map_or(String::new(), |happened| format!(" Here: {happened}."));
        lines.extend(paragraph("Bug", &format!("{}: {}. {}{happened}", bug.result.words(), bug.name, bug.program)));
    }
    lines.push(String::new());
    let rows: Vec<LedgerRow> = claim.figures.iter().map(|figure| LedgerRow::of_figure("", figure)).collect();
    if !rows.is_empty() {
        lines.extend(table("", &rows, look));
        lines.push(String::new());
    }
    for figure in &claim.figures {
        let with_words = figure.reference.iter().chain(&figure.bound).any(|number| has_words(&number.from));
        for expectation in figure.expectations().filter(|_| with_words) {
            lines.extend(paragraph("Expected", &format!("{}: {expectation}", figure.name)));
        }
        let reason = figure.reason.as_deref().map(|reason| format!("{}: {reason}", figure.name));
        lines.extend(reason.into_iter().flat_map(|reason| paragraph("Because", &reason)));
        let by = figure.prediction.as_ref();
        let by = by.map(|it| {
            let shown = |number| figure.unit.figure(number);
            let sure = it.interval.map_or(String::new(), |(low, high)| format!(" ({} – {})", shown(low), shown(high)));
            format!("{}: {}{sure}, calculated and not measured: {}", figure.name, shown(it.value), formula(it.by))
        });
        lines.extend(by.into_iter().flat_map(|words| paragraph("Prediction", &words)));
    }
    let unit = claim.figures.first().map_or(Unit::Ratio, |figure| figure.unit);
    for mechanism in &claim.mechanisms {
        lines.extend(paragraph("Mechanism", &mechanism_in_words(mechanism, unit)));
    }
    for (label, text) in [
        ("", claim.apart.as_ref().map(ToString::to_string).as_deref()),
        ("In Rust", claim.in_rust.as_deref()),
        ("Caveat", claim.caveat.as_deref()),
        ("Intervals", how_sure(&claim.figures).as_deref()),
        ("Repeat", Some(&claim.command)),
    ] {
        lines.extend(text.into_iter().flat_map(|text| paragraph(label, text)));
    }
    lines
}

/// What a closed form assumes.
fn formula(name: &str) -> &str {
    match name {
        "lock-step" => "workers proceed in waves of one task each (lock-step)",
        "shared link" => "workers proceed in waves of one task each, and their answers share one link",
        other => other,
    }
}

fn mechanism_in_words(mechanism: &MechanismFinding, unit: Unit) -> String {
    let Some(measured) = mechanism.measured else { return format!("{}: not measured yet", mechanism.name) };
    let fit = mechanism.fit.map_or("has no figure to fit", Fit::words);
    let apart = match (mechanism.fit, mechanism.fit_apart) {
        (Some(Fit::Excluded), _) | (_, None) => String::new(),
        (_, Some(fit)) => format!("; in the experiment that separates them, it {}", fit.words()),
    };
    format!("{}: {} {fit}{apart}", mechanism.name, unit.measured(&measured))
}

/// Whether there is more to say about a number than where it is from.
fn has_words(from: &Provenance) -> bool {
    matches!(from, Provenance::Derived { .. } | Provenance::Ours { why: Some(_) })
}

/// `95 %, 10 rounds`, each kind once.
fn how_sure(figures: &[FigureFinding]) -> Option<String> {
    let measured = figures.iter().filter_map(|figure| figure.measured).filter(|measured| !measured.is_exact());
    let kinds = distinct(
        measured.map(|measured| format!("{}, {}", measured.level(), figures::count(measured.rounds as usize, "round"))),
    );
    (!kinds.is_empty()).then(|| kinds.join("; "))
}

/// A line of the table: a claim with the figure that decides it, or a figure.
struct LedgerRow<'a> {
    label: &'a str,
    verdict: Verdict,
    name: &'a str,
    /// What happened, if that is a sentence; it replaces the columns.
    outcome: Option<&'a str>,
    /// The measured figure, its interval, the expected one, and where that is from.
    columns: [String; 4],
}

impl<'a> LedgerRow<'a> {
    /// With the first figure that has the claim's own verdict; if none has it, with the first.
    fn of_claim(claim: &'a Finding) -> Self {
        let decides = claim.figures.iter().find(|figure| figure.verdict == claim.verdict);
        let in_words = |name, outcome| Self {
            label: &claim.id,
            verdict: claim.verdict,
            name,
            outcome,
            columns: Default::default(),
        };
        match (decides.or(claim.figures.first()), claim.bugs.first()) {
            _ if claim.verdict == Verdict::Depends => {
                in_words(claim.depends_on.as_ref().unwrap_or(&claim.question), None)
            }
            (Some(figure), _) => Self { verdict: claim.verdict, ..Self::of_figure(&claim.id, figure) },
            (None, Some(bug)) => in_words(&bug.name, bug.happened.as_deref()),
            (None, None) => in_words(&claim.question, None),
        }
    }

    fn of_figure(label: &'a str, figure: &'a FigureFinding) -> Self {
        let measured = figure.measured.map_or_else(<[String; 2]>::default, |measured| {
            let interval = if measured.is_exact() { "exact".into() } else { figure.unit.interval(measured.value) };
            [figure.unit.figure(measured.value.estimate), interval]
        });
        let [measured, interval] = measured;
        let outcome = figure.outcome.as_deref().filter(|_| figure.measured.is_none());
        let [expected, from] = should_be(figure);
        let columns = [measured, interval, expected, from];
        Self { label, verdict: figure.verdict, name: &figure.name, outcome, columns }
    }
}

/// The head and the rows, aligned; if there is no room for that, each row on several lines. An empty line separates
/// documents.
fn table(label: &str, rows: &[LedgerRow], look: Look) -> Vec<String> {
    let heads = ["measured", "interval", "expected", "from"];
    let widest = |head: &str, cells: &mut dyn Iterator<Item = usize>| cells.fold(head.chars().count(), usize::max);
    let label_width = widest(label, &mut rows.iter().map(|row| row.label.chars().count()));
    let verdict_width = widest("verdict", &mut rows.iter().map(|row| row.verdict.words().len()));
    let widths: Vec<usize> = (0..heads.len())
        .map(|place| widest(heads[place], &mut rows.iter().map(|row| row.columns[place].chars().count())))
        .collect();
    let before = if label_width > 0 { label_width + GAP.len() } else { 0 } + verdict_width + GAP.len();
    let behind: usize = widths.iter().map(|width| GAP.len() + width).sum();
    let name_width = look.columns.saturating_sub(before + behind);
    if name_width < LEAST_NAME {
        return grouped(rows, |row| lines_of(row, look));
    }
    let beginning = |label: &str, verdict: &str| {
        let label = if label_width > 0 { format!("{label:label_width$}{GAP}") } else { String::new() };
        format!("{label}{verdict}{GAP}")
    };
    let rest = |name: &str, columns: [&str; 4]| {
        let columns: String =
            columns.iter().zip(&widths).flat_map(|(column, width)| [GAP.into(), format!("{column:>width$}")]).collect();
        format!("{:name_width$}{columns}", cut(name, name_width))
    };
    let head = beginning(label, &format!("{:verdict_width$}", "verdict")) + &rest("figure", heads);
    let line = |row: &LedgerRow| {
        let verdict = painted(&format!("{:verdict_width$}", row.verdict.words()), row.verdict, look.colour);
        let rest = match row.outcome {
            Some(outcome) => cut(&format!("{}: {outcome}", row.name), name_width + behind),
            None => rest(row.name, row.columns.each_ref().map(String::as_str)),
        };
        (beginning(row.label, &verdict) + &rest).trim_end().to_owned()
    };
    iter::once(head).chain(grouped(rows, |row| vec![line(row)])).collect()
}

fn grouped<'a>(rows: &[LedgerRow<'a>], lines: impl Fn(&LedgerRow<'a>) -> Vec<String>) -> Vec<String> {
    let mut all = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        if place > 0 && document(row) != document(&rows[place - 1]) {
            all.push(String::new());
        }
        all.extend(lines(row));
    }
    all
}

/// A row for a narrow terminal: the verdict, the name, the measured figure.
fn lines_of(row: &LedgerRow, look: Look) -> Vec<String> {
    let label = if row.label.is_empty() { String::new() } else { format!("{}{GAP}", row.label) };
    let mut lines = vec![label + &painted(row.verdict.words(), row.verdict, look.colour)];
    let [measured, interval, expected, from] = &row.columns;
    let figures = [
        row.outcome.unwrap_or_default().to_owned(),
        if measured.is_empty() { String::new() } else { format!("measured {measured} ({interval})") },
        if expected.is_empty() { String::new() } else { format!("expected {expected} ({from})") },
    ];
    for text in iter::once(row.name.to_owned()).chain(figures) {
        lines.extend(behind("", GAP.len(), &printable(&text), look.columns));
    }
    lines
}

/// The text, or as much of it as fits.
fn cut(text: &str, width: usize) -> String {
    let text = printable(text);
    if text.chars().count() <= width {
        return text.into_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    kept.trim_end().to_owned() + "…"
}

/// What the figure should be, and where that is from. The bound, if there is one, decides.
fn should_be(figure: &FigureFinding) -> [String; 2] {
    let Some(Sourced { value, from }) = figure.bound.as_ref().or(figure.reference.as_ref()) else {
        return Default::default();
    };
    let value = figure.unit.figure(*value);
    let value = match figure.agrees.filter(|_| figure.bound.is_some()) {
        Some((low, _)) if low.is_infinite() => format!("< {value}"),
        Some((_, high)) if high.is_infinite() => format!("> {value}"),
        _ => value,
    };
    [value, from.word().into()]
}

/// The words say it too: colours only make verdicts easier to find.
fn painted(words: &str, verdict: Verdict, colour: bool) -> String {
    if !colour {
        return words.to_owned();
    }
    let code = match verdict {
        Verdict::Holds => 32,
        Verdict::HoldsInDirection => 33,
        Verdict::Depends => 35,
        Verdict::Refuted => 31,
        Verdict::Fitted => 36,
        Verdict::Undecided | Verdict::NotTestable | Verdict::NotMeasured => 2,
    };
    format!("\x1b[{code}m{words}\x1b[0m")
}

fn paragraph(label: &str, text: &str, look: Look) -> Vec<String> {
    behind(label, INDENT, &printable(text), look.columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use findings::{Prediction, ReadingFinding, Sentence};
    use proptest::prelude::*;
    use stats::Estimate;
    use testdata::findings::{counted, hanging, measured, printed};

    const PLAIN: Look = Look { colour: false, columns: 100 };

    fn figure(name: &str, unit: Unit, verdict: Verdict, [low, estimate, high]: [f64; 3]) -> FigureFinding {
        FigureFinding {
            measured: Some(measured(Estimate { estimate, low, high })),
            time_scale: Some(20.0),
            ..testdata::findings::figure(name, "web_requests", unit, Vec::new(), verdict)
        }
    }

    fn derived(value: f64) -> Sourced {
        Sourced { value, from: Provenance::Derived { formula: "9 s / 2 s".into() } }
    }

    fn ours(value: f64) -> Sourced {
        Sourced { value, from: Provenance::Ours { why: Some("less is no difference".into()) } }
    }

    fn claim(id: &str, verdict: Verdict, figures: Vec<FigureFinding>) -> Finding {
        let question = "How much do five threads gain?";
        let says = "Five threads that share a queue do thirty requests four times as fast as a loop.";
        Finding {
            sentence: Sentence::words("With the latency alone, five threads were ")
                .measured(Unit::Ratio, 4.91)
                .then(" as fast as one."),
            deciding: Some(0),
            figures,
            ..testdata::findings::claim(id, "web_requests", question, says, verdict, "")
        }
    }

    /// One invented claim for each verdict, and for each way to show a figure.
    fn made_up() -> Vec<Finding> {
        let threads = FigureFinding {
            reference: Some(derived(4.138)),
            ..figure("speedup of 5 threads", Unit::Ratio, Verdict::HoldsInDirection, [4.85, 4.91, 4.97])
        };
        let count = FigureFinding {
            reference: Some(printed(30.0)),
            agrees: Some((30.0, 30.0)),
            measured: Some(counted(30.0)),
            ..figure("requests that the server counted", Unit::Count, Verdict::Holds, [30.0; 3])
        };
        let shown = FigureFinding {
            measured: None,
            outcome: Some("of 30 jobs, 1 is never finished, because no worker is left that could finish it".into()),
            ..figure("lost_task_done", Unit::Outcome, Verdict::Holds, [0.0; 3])
        };
        let cores = FigureFinding {
            reference: Some(derived(5.459)),
            reason: Some("it takes 8 cores, and this machine has 2".into()),
            ..figure("speedup of a pool of eight", Unit::Ratio, Verdict::NotTestable, [1.9, 1.95, 2.0])
        };
        let wide = FigureFinding {
            bound: Some(ours(1.05)),
            agrees: Some((f64::NEG_INFINITY, 1.05)),
            reason: Some("the interval is too wide; about 40 rounds would settle it".into()),
            ..figure(
                "time of 16 processes, relative to the best smaller pool",
                Unit::Ratio,
                Verdict::Undecided,
                [0.98, 1.04, 1.1],
            )
        };
        let unmeasured = FigureFinding {
            reference: Some(printed(23.101_926_751)),
            measured: None,
            ..figure("time of fifteen photographs", Unit::Seconds, Verdict::NotMeasured, [0.0; 3])
        };
        let memory = FigureFinding {
            bound: Some(Sourced { value: 1.0, from: Provenance::Said }),
            agrees: Some((1.0, f64::INFINITY)),
            ..figure("memory of a process", Unit::Bytes, Verdict::Depends, [1.6e6, 1.7e6, 1.8e6])
        };
        let slope = FigureFinding {
            bound: Some(ours(0.0)),
            agrees: Some((-0.05, 0.05)),
            ..figure("growth of the time with the tasks", Unit::Exponent, Verdict::Refuted, [0.18, 0.2, 0.22])
        };
        let seconds = FigureFinding {
            reference: Some(printed(2.172_79)),
            ..figure("time at the document's pace", Unit::Seconds, Verdict::Fitted, [2.15, 2.17, 2.19])
        };
        vec![
            claim("000-3", Verdict::HoldsInDirection, vec![count.clone(), threads]),
            claim("000-4", Verdict::Holds, vec![count]),
            Finding { bugs: vec![hanging()], ..claim("000-6", Verdict::Holds, vec![shown]) },
            claim("000-7", Verdict::NotTestable, vec![cores]),
            claim("001-3", Verdict::Fitted, vec![seconds]),
            claim("001-8", Verdict::Depends, vec![memory]),
            claim("002-7", Verdict::Undecided, vec![wide]),
            claim("003-2", Verdict::Refuted, vec![slope]),
            claim("004-1", Verdict::NotMeasured, vec![unmeasured]),
        ]
    }

    #[test]
    fn many_claims_have_a_line_each() {
        insta::assert_snapshot!(of(&made_up(), PLAIN));
    }

    #[test]
    fn a_single_claim_is_told_whole() {
        let mechanism = |name: &str, fit, fit_apart| MechanismFinding {
            name: name.into(),
            cells: Vec::new(),
            measured: figure("", Unit::Ratio, Verdict::Holds, [4.1, 4.13, 4.16]).measured,
            fit,
            apart: None,
            fit_apart,
        };
        let first = made_up().swap_remove(0);
        let [count, threads] = [0, 1].map(|place| first.figures[place].clone());
        let threads = FigureFinding {
            reason: Some("the direction agrees, but not the size".into()),
            prediction: Some(Prediction { value: 5.0, interval: None, by: "lock-step" }),
            ..threads
        };
        let one: [Finding; 1] = [Finding {
            figures: vec![threads, count],
            mechanisms: vec![
                mechanism("a serial start of 0.47 s", Some(Fit::Fits), Some(Fit::Excluded)),
                mechanism("answers that take unequal time", Some(Fit::Fits), Some(Fit::Undecided)),
                MechanismFinding { measured: None, ..mechanism("a limit of four", None, None) },
            ],
            apart: Some(Sentence::words("A serial start of 0.47 s is excluded.")),
            depends_on: Some("how many threads there are".into()),
            readings: vec![ReadingFinding {
                condition: "with five threads".into(),
                verdict: Verdict::Holds,
                sentence: Sentence::words("Five threads were faster."),
            }],
            bugs: vec![hanging()],
            in_rust: Some("Threads run in parallel.".into()),
            caveat: Some("The document's timer starts after its threads.".into()),
            ..first
        }];
        insta::assert_snapshot!(of(&one, PLAIN));
    }

    #[test]
    fn colours_are_for_terminals_and_change_no_width() {
        let (plain, coloured) = (of(&made_up(), PLAIN), of(&made_up(), Look { colour: true, ..PLAIN }));
        assert!(!plain.contains('\x1b') && coloured.contains("\x1b[31mrefuted"));
        let mut without = String::new();
        for (place, piece) in coloured.split('\x1b').enumerate() {
            without.push_str(if place == 0 { piece } else { piece.split_once('m').unwrap().1 });
        }
        assert_eq!(without, plain);
    }

    proptest! {
        #[test]
        fn every_line_fits(name in "[a-zé ]{0,200}", outcome in "[a-zé ]{0,200}", number in 0.0_f64..1e6) {
            for unit in [Unit::Ratio, Unit::Seconds, Unit::Waves, Unit::Count, Unit::CoreShare] {
                let measured = figure(&name, unit, Verdict::NotTestable, [number; 3]);
                let shown = FigureFinding { measured: None, outcome: Some(outcome.clone()), ..measured.clone() };
                let claims = [measured, shown].map(|figure| claim("001-19", figure.verdict, vec![figure]));
                for columns in [100, 80, 40] {
                    for line in of(&claims, Look { columns, ..PLAIN }).lines() {
                        // A word may be longer than the line.
                        let fits = line.chars().count() <= columns || line.split_whitespace().count() == 1;
                        prop_assert!(fits, "{columns}: {line}");
                    }
                }
            }
        }
    }
}
