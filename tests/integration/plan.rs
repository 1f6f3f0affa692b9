//! When a measurement ends: at its looks, with its budget, with the last round, or because it is interrupted. And what a
//! client makes of its own patience.

use common::{
    FEW_PRIMES,
    measured::{parsed, settings},
};
use makespan::{
    results::record::{Check, EndReason, Purpose, Record},
    runner::{self, Observer, Plan, Silent},
    scenario::CellSpec,
    task::ErrorKind,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::AtomicBool, atomic::Ordering::Relaxed},
    time::Duration,
};

fn looks(looks: &[u32]) -> Plan {
    Plan { purpose: Purpose::Findings, looks: looks.into(), ..Plan::rounds(0) }
}

/// Says from which round on the first cell needs no more rounds, and from which on the others, and notes what it is asked
/// and told.
#[derive(Default)]
struct Witness {
    settled_from: Option<(u32, u32)>,
    asked: Vec<u32>,
    steps: Vec<(u32, u32)>,
    break_off: Option<(u32, Arc<AtomicBool>)>,
}

impl Observer for Witness {
    fn working(&mut self, _: usize, _: &CellSpec, step: u32, total: u32) {
        self.steps.push((step, total));
    }

    fn open_cells(&mut self, record: &Record) -> BTreeSet<usize> {
        self.asked.push(record.rounds_done);
        let (first, others) = self.settled_from.unwrap_or((u32::MAX, u32::MAX));
        let open = |index: &usize| record.rounds_done < if *index == 0 { first } else { others };
        (0..record.cells.len()).filter(open).collect()
    }

    fn updated(&mut self, record: &Record) {
        if let Some((_, flag)) = self.break_off.as_ref().filter(|(rounds, _)| record.rounds_done >= *rounds) {
            flag.store(true, Relaxed);
        }
    }
}

fn measured(plan: Plan, witness: &mut Witness) -> Record {
    let (dir, scenario) = (tempfile::tempdir().expect("a temporary directory"), parsed(FEW_PRIMES));
    let mut settings = settings(dir.path(), plan);
    if let Some((_, flag)) = &witness.break_off {
        settings.interrupted = Arc::clone(flag);
    }
    let record = runner::measure(&scenario, &scenario.cells, &settings, witness).expect("it is measured");
    for cell in &record.cells {
        assert_eq!(cell.check, Check::Passed, "{cell:?}");
        let (rounds, whole) = (cell.rounds.len(), record.rounds_done as usize);
        let at_a_look = record.looks.contains(&(rounds as u32)) && rounds < whole;
        assert!(rounds == whole || at_a_look || record.stopped.is_none() && rounds == whole + 1, "{rounds} of {whole}");
    }
    record
}

#[test]
fn it_ends_with_its_last_round_or_at_a_look_where_no_cell_needs_more() {
    for (settled_from, asked, rounds, stopped) in [
        (None, vec![2, 4], [5, 5], EndReason::AllRounds),
        (Some((3, 3)), vec![2, 4], [4, 4], EndReason::Settled),
        (Some((1, 1)), vec![2], [2, 2], EndReason::Settled),
        (Some((5, 5)), vec![2, 4], [5, 5], EndReason::AllRounds),
        // A cell that is done rests while the others go on.
        (Some((2, 3)), vec![2, 4], [2, 4], EndReason::Settled),
        (Some((9, 3)), vec![2, 4], [5, 4], EndReason::AllRounds),
    ] {
        let mut witness = Witness { settled_from, ..Witness::default() };
        let record = measured(looks(&[2, 4, 5]), &mut witness);
        assert_eq!(witness.asked, asked, "nobody looks in between, nor at the end");
        assert_eq!([0, 1].map(|cell| record.cells[cell].rounds.len() as u32), rounds);
        assert_eq!((record.rounds_done, record.stopped), (rounds[0].max(rounds[1]), Some(stopped)));
        assert_eq!((record.purpose, record.rounds, record.looks), (Purpose::Findings, 5, vec![2, 4, 5]));
    }
}

#[test]
fn a_budget_ends_it_after_a_whole_round_and_never_before_the_first() {
    let spent = Plan { budget: Some(Duration::ZERO), ..looks(&[3]) };
    let record = measured(spent, &mut Witness::default());
    assert_eq!((record.rounds_done, record.stopped), (1, Some(EndReason::Budget)));
    let ample = Plan { budget: Some(Duration::MAX), ..looks(&[3]) };
    let record = measured(ample, &mut Witness::default());
    assert_eq!((record.rounds_done, record.stopped), (3, Some(EndReason::AllRounds)));
}

#[test]
fn what_is_broken_off_is_not_over() {
    let mut witness = Witness { break_off: Some((2, Arc::default())), ..Witness::default() };
    let record = measured(looks(&[2, 9]), &mut witness);
    assert_eq!((record.rounds_done, record.stopped), (2, None));
}

#[test]
fn cells_are_run_for_their_memory_as_often_as_was_asked_and_all_others_once() {
    let scenario = parsed(FEW_PRIMES);
    let named = scenario.cells.iter().find(|cell| cell.strategy == "threads").expect("there is one").clone();
    let plan = Plan { memory_samples: vec![(named.clone(), 3)], ..looks(&[2]) };
    let mut witness = Witness::default();
    let record = measured(plan, &mut witness);
    let steps = 3 + 2 + 2 * 3;
    assert_eq!(witness.steps, (0..steps).map(|step| (step, steps)).collect::<Vec<_>>(), "3 probes, 1, 1, and 2 rounds");
    for cell in &record.cells {
        // A process that needs no more memory than it had has nothing to tell, and other systems don't tell anything.
        assert!(cell.memory_samples_bytes.len() <= if cell.spec == named { 3 } else { 0 }, "{cell:?}");
        assert_eq!(cell.peak_memory_bytes.is_some(), cfg!(target_os = "linux"));
    }
}

/// Two of four answers are no pages.
const SOME_PAGES: &str = r#"
workload.fetch = { tasks = 4, paths = ["/here", "/gone"] }
server.routes = [{ path = "/here" }, { path = "/gone", status = 404 }]
cells = [{ strategies = ["threads", "async"], workers = [2] }]
"#;

#[test]
fn answers_are_counted_by_their_status() {
    let (dir, scenario) = (tempfile::tempdir().expect("a temporary directory"), parsed(SOME_PAGES));
    let record = runner::measure(&scenario, &scenario.cells, &settings(dir.path(), Plan::rounds(2)), &mut Silent);
    for cell in record.expect("it is measured").cells {
        assert_eq!(cell.statuses(), BTreeMap::from([(200, 2), (404, 2)]), "{cell:?}");
    }
}

/// Three waits of 1.5 s, and a client that gives up after 3.75 s: at this pace, in the middle of the third wait. The
/// scenario's own deadline is shorter than the waits of `patient` by one worker, so that one is not begun.
const IMPATIENT: &str = r#"
time_scale = 2.5
deadline_s = 2.5
may_fail = true
gives_up_s = 3.75
workload.fetch = { tasks = 3, paths = ["/wait"] }
server.routes = [{ path = "/wait", latency_s = 1.5 }]
cells = [
    { strategies = ["threads"], workers = [3] },
    { strategies = ["threads"], workers = [5], variant = "many" },
    { strategies = ["threads"], workers = [1, 2], variant = "patient" },
]
variants.many = { tasks = 5 }
variants.patient = { tasks = 5, gives_up_s = 3600 }
"#;

#[test]
fn a_client_that_gives_up_has_what_came_until_then() {
    let (dir, scenario) = (tempfile::tempdir().expect("a temporary directory"), parsed(IMPATIENT));
    let cells =
        runner::cells(&scenario, &scenario.cells, &settings(dir.path(), Plan::rounds(1))).expect("it is set up");
    for cell in &cells {
        let (variant, strategy) = (cell.spec.variant.as_str(), cell.spec.strategy.as_str());
        let expected: &[u32] = match (variant, strategy) {
            ("default", "sequential") => &[2],
            ("many", "sequential") => &[2, 3, 4],
            ("patient", _) if cell.spec.shape.workers().get() == 1 => {
                assert!(cell.refused().is_some_and(|why| why.contains("a run is stopped after 2 s")), "{cell:?}");
                continue;
            }
            _ => &[],
        };
        assert_eq!(cell.refused(), None, "giving up is what the variant is about: {variant}");
        let sample = cell.once(0).expect("what came is right");
        assert_eq!(sample.timeline.failed, expected, "{variant}, {strategy}");
        assert!(sample.error.is_none_or(|error| error.kind() == ErrorKind::TimedOut));
    }
}

#[test]
fn a_deadline_that_comes_first_is_the_one_that_holds() {
    let scenario = parsed(IMPATIENT);
    assert_eq!(scenario.patience("default"), Duration::from_millis(1500));
    assert_eq!(scenario.patience("patient"), Duration::from_millis(2500));
    assert_eq!(scenario.clone().scaled(0.5).patience("default"), Duration::from_millis(7500));
}
