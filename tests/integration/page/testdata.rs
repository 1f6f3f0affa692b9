//! Findings that nobody found, over cells that were measured: for the page alone.

use makespan::{
    findings::{
        FigureFinding, Finding, Findings, Fit, MechanismFinding, Prediction, ReadingFinding, Sentence, Unit, Verdict,
    },
    report::PageInput,
    results::{evidence::Evidence, record::Record, store::Store},
    scenario::CellSpec,
    stats::Estimate,
};
use std::path::Path;
use testdata::{
    findings::{about, claim, decided, hanging, measured, printed, reading},
    records::{cell, in_python},
};

const LATENCY: &str = "latency_only";

/// Of what was measured into this folder, with a claim of each verdict.
pub fn input(data: &Path) -> PageInput {
    let newest = Store::at(Some(data.into())).newest().expect("the store can be read").newest;
    let mut records: Vec<Record> =
        newest.into_values().filter(|record| [LATENCY, "prime_sum"].contains(&&*record.scenario)).collect();
    for record in &mut records {
        let in_python: Vec<_> = record.cells.iter().map(|cell| in_python(cell, 1.6)).collect();
        record.cells.extend(in_python);
    }
    let evidence = Evidence { records: records.clone(), ..Evidence::default() };
    let ranking = [
        ("async", 30, 28.0, true),
        ("threads", 30, 26.4, true),
        ("processes", 8, 7.1, false),
        ("hybrid", 6, 5.2, false),
        ("threads", 2, 1.99, false),
    ];
    let in_python =
        [("python/processes", 8, 7.4, true), ("python/threads", 30, 7.3, true), ("python/asyncio", 30, 7.2, true)];
    let decisions = vec![
        decided("waiting for a server (IO-bound)", LATENCY, "async or threads", &ranking),
        decided("waiting in Python", LATENCY, "Python processes, Python threads or asyncio", &in_python),
        decided("computing, one worker per core", "prime_sum", "async or threads", &ranking),
        decided("thumbnails: files in, pictures out", "thumbnails", "async or threads", &ranking),
    ];
    let findings = Findings { claims: claims(), decisions };
    let lessons = makespan::lesson::all().expect("they are built in");
    let generated_at = "2000-01-01 00:00 UTC".into();
    PageInput { records, findings, evidence, lessons, generated_at, ..PageInput::default() }
}

fn figure(name: &str, unit: Unit, cells: Vec<CellSpec>, document: f64, here: Estimate) -> FigureFinding {
    FigureFinding {
        reference: Some(printed(document)),
        agrees: Some((document * 0.85, document * 1.15)),
        measured: Some(measured(here)),
        prediction: Some(Prediction { value: document * 1.2, interval: None, by: "lock-step" }),
        reason: Some("a reason with a few words to it".into()),
        time_scale: Some(10.0),
        ..testdata::findings::figure(name, LATENCY, unit, cells, Verdict::HoldsInDirection)
    }
}

fn readings() -> Vec<ReadingFinding> {
    let of = |condition: &str, verdict| ReadingFinding {
        sentence: Sentence::words("They took ").measured(Unit::Seconds, 1.25).then("."),
        ..reading(condition, verdict, "")
    };
    vec![of("with two threads", Verdict::Holds), of("with thirty threads", Verdict::Refuted)]
}

fn claims() -> Vec<Finding> {
    let verdicts = [
        ("000-1", Verdict::Holds),
        ("000-2", Verdict::Fitted),
        ("000-3", Verdict::HoldsInDirection),
        ("001-4", Verdict::Refuted),
        ("001-5", Verdict::Depends),
        ("002-6", Verdict::Undecided),
        ("003-7", Verdict::NotTestable),
        ("004-8", Verdict::NotMeasured),
    ];
    let to = |strategy: &str, workers| vec![cell("sequential", 1), cell(strategy, workers)];
    let figures = vec![
        figure("speedup of 30 threads", Unit::Ratio, to("threads", 30), 21.138, about(26.4, 0.02)),
        figure("speedup of 30 in flight", Unit::Ratio, to("async", 30), 24.0, about(0.4, 0.9)),
        figure("time of all", Unit::Seconds, vec![cell("sequential", 1)], 8.991_06, about(9.2, 0.01)),
        figure("growth", Unit::Exponent, vec![cell("threads", 2), cell("threads", 30)], 0.5, about(-0.01, 3.0)),
        figure("turns", Unit::Waves, to("threads", 2), 15.0, about(15.1, 0.004)),
        figure("share of a core", Unit::CoreShare, vec![cell("threads", 30)], 0.034, about(0.31, 0.1)),
        figure("memory of a thread", Unit::Bytes, vec![cell("threads", 30)], 2_000_000.0, about(84_000.0, 0.2)),
        figure("requests", Unit::Count, vec![cell("threads", 30)], 30.0, about(30.0, 0.0)),
    ];
    let mechanism = |name: &str, fit| MechanismFinding {
        name: name.into(),
        cells: to("threads", 2),
        measured: Some(measured(about(21.0, 0.03))),
        fit: Some(fit),
        apart: Some(measured(about(11.0, 0.2))),
        fit_apart: Some(fit),
    };
    let mechanisms = vec![
        mechanism("a serial start that takes almost half a second", Fit::Fits),
        mechanism("uneven latencies", Fit::Undecided),
        mechanism("a link that all of them share", Fit::Excluded),
    ];
    let sentence = Sentence::words("Thirty threads were ")
        .measured(Unit::Ratio, 26.4)
        .then(" as fast as one (")
        .interval(Unit::Ratio, &measured(about(26.4, 0.02)))
        .then("); the document printed ")
        .number(Unit::Ratio, 21.138)
        .then(".");
    let of = |(id, verdict): (&str, Verdict)| Finding {
        sentence: sentence.clone(),
        brief: Sentence::words("Thirty threads were ").measured(Unit::Ratio, 26.4).then(" as fast as one."),
        deciding: Some(0),
        figures: if verdict == Verdict::NotMeasured { Vec::new() } else { figures.clone() },
        mechanisms: if verdict == Verdict::HoldsInDirection { mechanisms.clone() } else { Vec::new() },
        apart: Some(Sentence::words("Two of them can't be told apart.")),
        depends_on: (verdict == Verdict::Depends).then(|| "how many threads there are".into()),
        readings: if verdict == Verdict::Depends { readings() } else { Vec::new() },
        bugs: if verdict == Verdict::Refuted { vec![hanging()] } else { Vec::new() },
        in_rust: Some("There is no interpreter lock.".into()),
        caveat: Some("The timer starts late.".into()),
        ..claim(
            id,
            LATENCY,
            "Are thirty threads thirty times as fast?",
            "Thirty threads were 21.138 times as fast as one.",
            verdict,
            "",
        )
    };
    verdicts.map(of).into()
}
