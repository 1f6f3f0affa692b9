//! Invented findings: every verdict, every unit, and the data that goes with them.

use crate::records::{self, cell};
use findings::{
    BugFinding, BugResult, Decided, FigureFinding, Finding, Findings, Fit, Measured, MechanismFinding, Prediction,
    Ranked, ReadingFinding, Sentence, Unit, Verdict,
};
use harness::{
    results::{
        evidence::Evidence,
        record::{Purpose, Record},
    },
    scenario::{
        CellSpec,
        claim::{FigureRole, Provenance, Sourced},
    },
};
use museum::ExhibitShown;
use stats::{Estimate, ranking::Place};
use std::collections::BTreeMap;

/// An estimate whose interval extends by this share of it to both sides.
pub fn about(estimate: f64, share: f64) -> Estimate {
    let margin = estimate.abs() * share;
    Estimate { estimate, low: estimate - margin, high: estimate + margin }
}

/// A mean of ten rounds.
pub fn measured(value: Estimate) -> Measured {
    Measured { value, rounds: 10, alpha: 0.05, p: Some(0.001) }
}

/// A count, which has no interval.
pub fn counted(value: f64) -> Measured {
    Measured { value: about(value, 0.0), rounds: 1, alpha: 0.0, p: None }
}

/// A figure that decides its claim, and has nothing else yet.
pub fn figure(name: &str, scenario: &str, unit: Unit, cells: Vec<CellSpec>, verdict: Verdict) -> FigureFinding {
    FigureFinding {
        name: name.into(),
        scenario: scenario.into(),
        cells,
        unit,
        reference: None,
        bound: None,
        agrees: None,
        measured: None,
        outcome: None,
        prediction: None,
        verdict,
        reason: None,
        reading: None,
        role: FigureRole::Decides,
        decides: true,
        calibrated_from: Vec::new(),
        time_scale: None,
    }
}

/// A number that a document prints.
pub fn printed(value: f64) -> Sourced {
    Sourced { value, from: Provenance::Printed }
}

/// A number that follows from a sentence of a document.
pub fn said(value: f64) -> Sourced {
    Sourced { value, from: Provenance::Said }
}

/// A speedup over sequential, with a figure that follows from the document's.
fn speedup(
    scenario: &str,
    (strategy, workers): (&str, u32),
    document: f64,
    here: f64,
    verdict: Verdict,
) -> FigureFinding {
    FigureFinding {
        reference: Some(Sourced { value: document, from: Provenance::Derived { formula: "9 s / 2 s".into() } }),
        agrees: Some((document * 0.85, document * 1.15)),
        measured: Some(measured(about(here, 0.012))),
        time_scale: Some(20.0),
        ..figure(
            &format!("speedup of {workers} {strategy}"),
            scenario,
            Unit::Ratio,
            vec![cell("sequential", 1), cell(strategy, workers)],
            verdict,
        )
    }
}

/// A claim that has a verdict and a sentence.
pub fn claim(id: &str, scenario: &str, question: &str, says: &str, verdict: Verdict, sentence: &str) -> Finding {
    Finding {
        id: id.into(),
        scenario: scenario.into(),
        question: question.into(),
        says: says.into(),
        verdict,
        sentence: Sentence::words(sentence),
        brief: Sentence::words(sentence),
        deciding: None,
        figures: Vec::new(),
        depends_on: None,
        readings: Vec::new(),
        bugs: Vec::new(),
        mechanisms: Vec::new(),
        apart: None,
        in_rust: None,
        caveat: None,
        file: None,
        command: format!("makespan reproduce {id}"),
    }
}

const WEB: &str = "web_requests";

/// Ten claims in three documents, with a bug, and a table of two kinds of work.
pub fn findings() -> Findings {
    let unmeasured = [
        ("000-5", "Does printing from threads need a lock?"),
        ("000-6", "What does one exception do to a queue that is joined?"),
    ]
    .map(|(id, question)| claim(id, WEB, question, "", Verdict::NotMeasured, "Not measured yet."));
    let [printing, exception] = unmeasured;
    Findings {
        claims: vec![
            times(),
            five(),
            counts(),
            printing,
            exception,
            depends(),
            lock(),
            undecided(),
            too_few(),
            sizes(),
        ],
        decisions: decisions(),
    }
}

/// A model fitted to the figure.
fn times() -> Finding {
    Finding {
        figures: vec![FigureFinding {
            reference: Some(printed(8.991_06)),
            agrees: Some((7.64, 10.34)),
            measured: Some(measured(about(9.16, 0.004))),
            calibrated_from: vec!["000-1".into()],
            time_scale: Some(20.0),
            ..figure("thirty requests", WEB, Unit::Seconds, vec![cell("sequential", 1)], Verdict::Fitted)
        }],
        ..claim(
            "000-1",
            WEB,
            "How long do thirty requests take, one after another?",
            "Thirty requests, each on a connection of its own, took 8.99106 s.",
            Verdict::Fitted,
            "With 0.2997 s of latency each, thirty requests took 9.16 s (95 % interval 9.12-9.20); the document printed 8.99 s, and the latency was chosen by it.",
        )
    }
}

/// A figure that several mechanisms can explain.
fn five() -> Finding {
    let mechanism = |name: &str, here: f64, apart: f64, fit, fit_apart| MechanismFinding {
        name: name.into(),
        cells: vec![cell("sequential", 1), cell("threads", 4)],
        measured: Some(measured(about(here, 0.02))),
        fit: Some(fit),
        apart: Some(measured(about(apart, 0.03))),
        fit_apart,
    };
    Finding {
        figures: vec![
            FigureFinding {
                prediction: Some(Prediction { value: 4.99, interval: None, by: "lock-step" }),
                ..speedup(WEB, ("threads", 4), 4.138, 4.91, Verdict::HoldsInDirection)
            },
            speedup(WEB, ("threads", 8), 5.459, 7.24, Verdict::HoldsInDirection),
        ],
        mechanisms: vec![
            mechanism("a serial start of 0.47 s", 4.15, 13.9, Fit::Fits, Some(Fit::Fits)),
            mechanism("uneven latencies (a coefficient of variation of 0.95)", 4.02, 9.8, Fit::Undecided, None),
            mechanism("a link that all answers share", 2.91, 3.0, Fit::Excluded, Some(Fit::Excluded)),
        ],
        apart: Some(Sentence::words(
            "A link that all answers share is excluded. One explanation fits, a serial start of 0.47 s, but it isn't the only one left.",
        )),
        sentence: five_threads(),
        brief: five_threads(),
        deciding: Some(0),
        caveat: Some("The document's timer starts after its threads did.".into()),
        ..claim(
            "000-3",
            WEB,
            "Are five threads five times as fast?",
            "Five threads on a queue took 2.17279 s: 4.138 times as fast as one after another.",
            Verdict::HoldsInDirection,
            "",
        )
    }
}

fn five_threads() -> Sentence {
    Sentence::words("With the latency alone, 5 threads were ")
        .measured(Unit::Ratio, 4.91)
        .then(" as fast as one (")
        .interval(Unit::Ratio, &measured(about(4.91, 0.012)))
        .then("); derived from the document's figures: ")
        .number(Unit::Ratio, 4.138)
        .then(" (9 s / 2 s): ")
        .number(Unit::Seconds, 0.37)
        .then(" are not explained by latency.")
}

/// Counts, and an exhibit.
fn counts() -> Finding {
    Finding {
        figures: vec![
            FigureFinding {
                reference: Some(printed(30.0)),
                agrees: Some((30.0, 30.0)),
                measured: Some(counted(30.0)),
                ..figure("requests that the server saw", WEB, Unit::Count, vec![cell("threads", 4)], Verdict::Holds)
            },
            FigureFinding {
                outcome: Some("without a queue the server counted 150 requests, with one 30".into()),
                ..figure("without the queue", WEB, Unit::Outcome, Vec::new(), Verdict::Holds)
            },
        ],
        ..claim(
            "000-4",
            WEB,
            "Does a queue give each job to one worker only?",
            "A queue hands out each job once; without one, five workers would each do all of the work.",
            Verdict::Holds,
            "With a queue the server counted 30 requests for 30 jobs, without one 150.",
        )
    }
}

/// What holds under one condition.
pub fn reading(condition: &str, verdict: Verdict, sentence: &str) -> ReadingFinding {
    ReadingFinding { condition: condition.into(), verdict, sentence: Sentence::words(sentence) }
}

/// Two readings.
fn depends() -> Finding {
    Finding {
        depends_on: Some("which hosts are requested".into()),
        readings: vec![
            reading("with one host for all", Verdict::Holds, "Both together were 7.10 times as fast as sequential."),
            reading("with different hosts", Verdict::Refuted, "Both together were 0.61 times as fast as processes."),
        ],
        figures: vec![
            speedup(WEB, ("processes", 8), 5.459, 7.1, Verdict::Holds),
            FigureFinding {
                agrees: Some((1.0, f64::INFINITY)),
                reference: None,
                bound: Some(said(1.0)),
                ..speedup(WEB, ("async", 8), 1.0, 0.61, Verdict::Refuted)
            },
        ],
        ..claim(
            "000-10",
            WEB,
            "Are both together better than either?",
            "Processes and threads combined are said to be very powerful.",
            Verdict::Depends,
            "It depends on which hosts are requested. It holds with one host for all. It is refuted with different hosts.",
        )
    }
}

/// Where Rust differs.
fn lock() -> Finding {
    Finding {
        figures: vec![
            FigureFinding {
                agrees: Some((f64::NEG_INFINITY, 1.0)),
                reference: None,
                bound: Some(said(1.0)),
                ..speedup("prime_sum", ("gil_threads", 4), 1.0, 0.97, Verdict::Holds)
            },
            FigureFinding {
                reference: None,
                agrees: None,
                role: FigureRole::Rust,
                decides: false,
                ..speedup("prime_sum", ("threads", 4), 1.0, 1.96, Verdict::Holds)
            },
            FigureFinding {
                reference: Some(printed(0.034)),
                agrees: Some((0.029, 0.039)),
                measured: Some(measured(about(1.93, 0.02))),
                ..figure(
                    "processor time of 4 threads",
                    "prime_sum",
                    Unit::CoreShare,
                    vec![cell("threads", 4)],
                    Verdict::Refuted,
                )
            },
        ],
        in_rust: Some("There is no interpreter lock, so threads calculate side by side.".into()),
        bugs: vec![BugFinding {
            name: "the printed program fails".into(),
            program: "Its loop calls a name that doesn't exist.".into(),
            exhibit: Some("wrong_name".into()),
            cells: Vec::new(),
            result: BugResult::Shown,
            happened: Some("the error came when 3 of 4 pages had been fetched".into()),
            refutes: false,
        }],
        ..claim(
            "002-5",
            "prime_sum",
            "Do threads make a calculation slower?",
            "Under the interpreter's lock, threads take turns, and taking turns costs.",
            Verdict::Refuted,
            "With a simulated lock, 4 threads were 0.97 times as fast as one (95 % interval 0.96-0.98); without it, 1.96 times.",
        )
    }
}

/// The other units.
fn sizes() -> Finding {
    Finding {
        figures: vec![
            FigureFinding {
                agrees: Some((-0.05, 0.05)),
                measured: Some(measured(Estimate { estimate: 0.012, low: -0.004, high: 0.028 })),
                ..figure(
                    "growth from 1 to 400 addresses",
                    WEB,
                    Unit::Exponent,
                    vec![cell("threads", 4), cell("threads", 8), cell("threads", 16), cell("threads", 30)],
                    Verdict::Holds,
                )
            },
            FigureFinding {
                reference: Some(printed(2.0)),
                agrees: Some((1.7, 2.3)),
                measured: Some(measured(about(2.03, 0.01))),
                ..figure(
                    "waves of 50 workers for 100 URLs",
                    WEB,
                    Unit::Waves,
                    vec![cell("sequential", 1), cell("threads", 16)],
                    Verdict::Holds,
                )
            },
            FigureFinding {
                measured: Some(measured(about(2_400_000.0, 0.08))),
                agrees: Some((1_000_000.0, f64::INFINITY)),
                ..figure("memory of a process", WEB, Unit::Bytes, vec![cell("processes", 8)], Verdict::Holds)
            },
        ],
        ..claim(
            "003-2",
            WEB,
            "Does a thread for each address take the same time however many there are?",
            "With a thread for each address, it takes about 1.5 s whatever their number.",
            Verdict::Holds,
            "From 1 to 400 addresses the time grew with the power 0.01 of their number (95 % interval -0.00 to 0.03): not at all.",
        )
    }
}

/// An interval that holds both answers.
fn undecided() -> Finding {
    Finding {
        figures: vec![FigureFinding {
            measured: Some(measured(Estimate { estimate: 2.4, low: 0.4, high: 41.0 })),
            reason: Some("about 60 more rounds would settle it".into()),
            ..speedup("prime_sum", ("processes", 2), 1.63, 2.4, Verdict::Undecided)
        }],
        ..claim(
            "002-6",
            "prime_sum",
            "How much do two processes speed the sum up?",
            "A pool of processes speeds a calculation up. No time is printed.",
            Verdict::Undecided,
            "2 processes were 2.40 times as fast as one, but the interval (0.40-41.00) holds both answers.",
        )
    }
}

/// A figure from another machine.
fn too_few() -> Finding {
    Finding {
        figures: vec![FigureFinding {
            prediction: Some(Prediction { value: 11.85, interval: None, by: "Amdahl's law" }),
            reason: Some("16 cores are needed, there are 2".into()),
            ..speedup("prime_sum", ("processes", 16), 11.0, 1.94, Verdict::NotTestable)
        }],
        ..claim(
            "002-7",
            "prime_sum",
            "Does it drop off beyond the number of cores?",
            "On 16 logical cores, sixteen processes are said to be slower than fewer.",
            Verdict::NotTestable,
            "This machine has 2 cores and the figure is from 16: what 16 processes give here, 1.94 times, says nothing of it.",
        )
    }
}

/// What is best for one kind of work: cells with their speedups, and whether each is among the fastest.
pub fn decided(work: &str, scenario: &str, answer: &str, ranking: &[(&str, u32, f64, bool)]) -> Decided {
    let ranked = |&(strategy, workers, speedup, leads): &(&str, u32, f64, bool)| Ranked {
        cell: cell(strategy, workers),
        speedup: about(speedup, 0.015),
        place: if leads { Place::AsFast } else { Place::Slower },
    };
    Decided {
        work: work.into(),
        scenario: scenario.into(),
        ranking: ranking.iter().map(ranked).collect(),
        answer: answer.into(),
        rounds: 10,
    }
}

/// A program that hangs, as an exhibit shows.
pub fn hanging() -> BugFinding {
    BugFinding {
        name: "one failed request hangs the program".into(),
        program: "It reports a job as done only if nothing failed.".into(),
        exhibit: Some("lost_task_done".into()),
        cells: Vec::new(),
        result: BugResult::Shown,
        happened: Some("of 30 jobs, 1 is never finished".into()),
        refutes: false,
    }
}

fn decisions() -> Vec<Decided> {
    vec![
        decided(
            "waiting for a server (IO-bound)",
            "web_requests",
            "async or threads",
            &[
                ("async", 30, 28.9, true),
                ("threads", 30, 28.5, true),
                ("processes", 30, 22.4, false),
                ("hybrid", 15, 13.9, false),
                ("queue", 8, 6.8, false),
            ],
        ),
        decided(
            "calculating (CPU-bound)",
            "prime_sum",
            "threads or processes",
            &[
                ("threads", 2, 1.97, true),
                ("processes", 2, 1.95, true),
                ("async", 2, 0.99, false),
                ("gil_threads", 2, 0.97, false),
            ],
        ),
        decided("several machines", "url_crawl", "", &[]),
    ]
}

/// The evidence for [`findings()`]: two records, and an exhibit.
pub fn evidence() -> Evidence {
    let found = |record: Record| Record { purpose: Purpose::Findings, ..record };
    let mut primes = records::prime_sum(10);
    // The lock makes the threads run one at a time.
    let locked = primes.cells.iter().filter(|cell| cell.spec.strategy == "async").cloned();
    let locked: Vec<_> = locked
        .map(|mut cell| {
            cell.spec.strategy = "gil_threads".into();
            cell
        })
        .collect();
    primes.cells.extend(locked);
    let side = |verdict: &str| museum::SideShown { holds: true, verdict: verdict.into(), figures: BTreeMap::new() };
    let (bug, right) = (side("5 workers made 150 requests for 30 jobs"), side("5 workers made 30"));
    let shown = ExhibitShown { bug, right, python: None };
    Evidence {
        records: vec![found(records::web_requests(10)), found(primes)],
        exhibits: BTreeMap::from([("no_queue".into(), shown)]),
    }
}
