//! What is broken off can be gone on with: nothing that was measured in whole rounds is lost, and nothing is made up.

use common::{FEW_PRIMES, left_behind, measured::parsed, wait_until};
use makespan::{
    results::{
        journal::{self, Journal},
        record::{Check, EndReason, Purpose, Record},
        store::{Store, StoreError, read},
    },
    runner::{self, Observer, Plan, Settings, Silent, Unfit},
    scenario::Scenario,
};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

/// The variable that tells the one to be killed where to record.
const DATA: &str = "MAKESPAN_TEST_DATA";
const ROUNDS: u32 = 6;
/// From here on, the one to be killed measures no more and waits for it.
const FAR_ENOUGH: u32 = 4;

const CLAIM: &str = r#"
[[claims]]
id = "002-1"
question = "Are two faster than one?"
says = "Yes."
[[claims.figures]]
name = "speedup of 2 threads"
test = { ratio = { from = "sequential x 1", to = "threads x 2" } }
expects = { above = 1.0, from = "ours" }
"#;

fn tiny() -> Scenario {
    parsed(&format!("{FEW_PRIMES}{CLAIM}"))
}

fn settings(data: &Path) -> Settings {
    let plan = Plan { purpose: Purpose::Findings, looks: vec![ROUNDS], ..Plan::rounds(0) };
    Settings { command: "makespan reproduce tiny".into(), ..common::measured::settings(data, plan) }
}

fn store(data: &Path) -> Store {
    Store::at(Some(data.into()))
}

fn opened(data: &Path) -> Journal {
    let (scenario, settings) = (tiny(), settings(data));
    free(&store(data), &journal::key(&(&scenario, &scenario.cells, &settings.plan, settings.seed)))
}

/// Opens a journal that no process has open. What other tests start has our lock for the moment between fork and exec.
fn free(store: &Store, key: &str) -> Journal {
    let mut journal = None;
    wait_until("the journal is free", || {
        journal = match Journal::open(store, key.to_owned()) {
            Err(StoreError::Taken { .. }) => None,
            other => Some(other.expect("writable")),
        };
        journal.is_some()
    });
    journal.expect("waited for")
}

/// Records as the program does, and notes what it is told.
struct Clerk {
    journal: Journal,
    wait_at: Option<u32>,
    anew: Option<Unfit>,
}

impl Clerk {
    fn new(journal: Journal) -> Self {
        Self { journal, wait_at: None, anew: None }
    }
}

impl Observer for Clerk {
    fn updated(&mut self, record: &Record) {
        self.journal.keep(record).expect("writable");
        while self.wait_at.is_some_and(|rounds| record.rounds_done >= rounds) {
            thread::park();
        }
    }

    fn starting_anew(&mut self, why: &Unfit) {
        self.anew = Some(why.clone());
    }
}

#[test]
#[ignore = "it is killed: a part of the next test, which starts it in a process of its own"]
fn one_that_is_killed() {
    let data = PathBuf::from(env::var_os(DATA).expect("the next test says where"));
    let (scenario, settings) = (tiny(), settings(&data));
    let mut clerk = Clerk { wait_at: Some(FAR_ENOUGH), ..Clerk::new(opened(&data)) };
    runner::measure(&scenario, &scenario.cells, &settings, &mut clerk).expect("it is set up");
}

/// Starts a measurement, kills it somewhere in its middle, and returns what is left on the disk.
fn killed(data: &Path, mark: &str) -> Record {
    let mut program = Command::new(env::current_exe().expect("this test"));
    program.args(["--exact", "resume::one_that_is_killed", "--ignored"]).env(DATA, data).env(left_behind::MARK, mark);
    let mut program = program.stdout(Stdio::null()).spawn().expect("it starts");
    wait_until("two rounds are on the disk", || {
        let files = fs::read_dir(data.join("records")).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut records = files.filter(|path| path.extension().is_some_and(|end| end == "json"));
        records.any(|path| read(&path).expect("whole, whenever one looks").rounds_done >= 2)
    });
    program.kill().expect("it is alive");
    program.wait().expect("it was ours");
    opened(data).unfinished("tiny").expect("it was begun")
}

#[test]
fn what_sigkill_broke_off_is_gone_on_with() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (scenario, settings) = (tiny(), settings(dir.path()));
    let earlier = killed(dir.path(), "resume");
    let kept = earlier.rounds_done;
    assert!((2..=FAR_ENOUGH).contains(&kept) && earlier.stopped.is_none(), "{kept}");
    let evidence = || store(dir.path()).evidence(&[tiny()]).expect("readable").0.records;
    assert_eq!(evidence().len(), 0, "what is not over is no evidence");

    let mut clerk = Clerk::new(opened(dir.path()));
    let record =
        runner::resume(&scenario, &scenario.cells, &settings, earlier.clone(), &mut clerk).expect("it is set up");
    assert_eq!(clerk.anew, None);
    assert_eq!((record.rounds_done, record.stopped), (ROUNDS, Some(EndReason::AllRounds)));
    assert_eq!(record.started_at, earlier.started_at);
    for (cell, before) in record.cells.iter().zip(&earlier.cells) {
        let kept = kept as usize;
        assert_eq!((cell.rounds.len(), &cell.rounds[..kept]), (ROUNDS as usize, &before.rounds[..kept]));
        assert_eq!(cell.peak_memory_bytes, before.peak_memory_bytes, "what was seen before the first round stays");
        assert!(cell.timeline.as_ref().is_some_and(|timeline| timeline.round < ROUNDS && !timeline.spans.is_empty()));
        assert_eq!(record.speedup(cell).is_some(), !cell.is_baseline);
    }

    let path = clerk.journal.finished("tiny").expect("it is over");
    assert!(clerk.journal.unfinished("tiny").is_none());
    assert_eq!(read(&path).expect("a record"), record, "in the file that it was begun in");
    assert_eq!(evidence(), [record]);
    clerk.journal.close().expect("writable");
    assert!(!dir.path().join("journal.json").exists());
    assert!(opened(dir.path()).finished("tiny").is_none(), "the next one starts over");
    #[cfg(target_os = "linux")]
    wait_until("nothing of the killed one is left", || left_behind::marked("resume").is_empty());
}

fn measured(dir: &Path) -> Record {
    let scenario = tiny();
    let settings = Settings { plan: Plan { looks: vec![2], ..settings(dir).plan }, ..settings(dir) };
    let record = runner::measure(&scenario, &scenario.cells, &settings, &mut Silent).expect("it is measured");
    Record { stopped: None, looks: vec![ROUNDS], rounds: ROUNDS, ..record }
}

#[test]
fn what_does_not_fit_is_measured_anew_and_the_reason_is_told() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (scenario, right) = (tiny(), measured(dir.path()));
    let changed = |change: fn(&mut Record)| {
        let mut record = right.clone();
        change(&mut record);
        record
    };
    let plan = Plan { looks: vec![2], ..settings(dir.path()).plan };
    let two_rounds = Settings { plan, ..settings(dir.path()) };
    for (reason, record) in [
        ("seed", changed(|record| record.seed = 2)),
        ("time scale", changed(|record| record.time_scale = 7.0)),
        ("host", changed(|record| record.host.commit = Some("another".into()))),
        ("version", changed(|record| record.makespan_version = "0.0.1".into())),
        ("purpose", changed(|record| record.purpose = Purpose::Run)),
        ("interim analyses", changed(|record| record.looks = vec![1, 2])),
        ("reason to end", changed(|record| record.stopped = Some(EndReason::Budget))),
        ("number of cells", changed(|record| drop(record.cells.pop()))),
        ("cell 1", changed(|record| record.cells.swap(0, 1))),
        ("rounds in cell 2", changed(|record| record.cells[1].rounds.clear())),
        ("whole rounds", changed(|record| record.rounds_done = 0)),
    ] {
        let record = Record { looks: if reason == "interim analyses" { record.looks } else { vec![2] }, ..record };
        let mut clerk = Clerk::new(opened(&dir.path().join(reason.replace(' ', "_"))));
        let anew = runner::resume(&scenario, &scenario.cells, &two_rounds, record, &mut clerk).expect("it is set up");
        let told = clerk.anew.expect(reason).to_string();
        assert!(told.contains(reason) && told.contains("expected"), "{reason}: {told}");
        assert_eq!((anew.rounds_done, anew.stopped), (2, Some(EndReason::AllRounds)));
        assert!(
            anew.cells
                .iter()
                .all(|cell| cell.rounds.len() == 2 && right.cells.iter().all(|old| old.rounds != cell.rounds))
        );
    }
}

#[test]
fn a_cell_that_failed_stays_failed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (scenario, mut earlier) = (tiny(), measured(dir.path()));
    let failed = &mut earlier.cells[1];
    failed.rounds.clear();
    (failed.check, failed.reason, failed.timeline) = (Check::Failed, Some("wrong".into()), None);
    let failed = failed.clone();
    let record = runner::resume(&scenario, &scenario.cells, &settings(dir.path()), earlier, &mut Silent);
    let record = record.expect("it is set up");
    assert_eq!((record.rounds_done, &record.cells[1]), (ROUNDS, &failed));
    assert!(record.cells.iter().enumerate().all(|(index, cell)| index == 1 || cell.rounds.len() == ROUNDS as usize));
}

#[test]
fn a_spent_budget_stays_spent() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (scenario, earlier) = (tiny(), measured(dir.path()));
    let plan = Plan { budget: Some(Duration::from_nanos(1)), ..settings(dir.path()).plan };
    let settings = Settings { plan, ..settings(dir.path()) };
    let record = runner::resume(&scenario, &scenario.cells, &settings, earlier.clone(), &mut Silent);
    let record = record.expect("it is set up");
    assert_eq!((record.rounds_done, record.stopped), (2, Some(EndReason::Budget)));
    assert_eq!(record.cells, earlier.cells, "and nothing else has changed");
}

#[test]
fn a_journal_is_of_one_invocation_at_a_time_and_a_damaged_one_counts_as_none() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = store(dir.path());
    let record = measured(dir.path());
    let mut journal = free(&store, "a");
    let taken = Journal::open(&store, "a".into()).expect_err("it is not free");
    assert!(matches!(taken, StoreError::Taken { .. }) && taken.to_string().contains("--data"), "{taken}");
    let path = journal.keep(&record).expect("writable");
    assert_eq!(journal.unfinished("tiny"), Some(record.clone()));
    assert!(journal.finished("tiny").is_none() && journal.unfinished("other").is_none());
    let later = Record { started_at: "2027-01-01T00:00:00Z".into(), ..record.clone() };
    assert_ne!(journal.keep(&later).expect("writable"), path, "what was begun anew has a file of its own");
    drop(journal);

    assert_eq!(free(&store, "a").unfinished("tiny"), Some(later));
    assert_eq!(free(&store, "b").unfinished("tiny"), None);
    fs::write(dir.path().join("journal.json"), "{").expect("writable");
    assert_eq!(free(&store, "a").unfinished("tiny"), None);
    assert!(path.is_file(), "records stay");
}

#[test]
fn a_key_is_of_all_that_was_asked() {
    let (scenario, plan) = (tiny(), Plan::rounds(2));
    let key = |scenario: &Scenario, plan: &Plan, seed: u64| journal::key(&(scenario, plan, seed));
    let one = key(&scenario, &plan, 1);
    assert_eq!(one, key(&tiny(), &Plan::rounds(2), 1));
    let mut other = tiny();
    other.variants[0].may_fail = true;
    let keys = [key(&scenario, &plan, 2), key(&scenario, &Plan::rounds(3), 1), key(&other, &plan, 1)];
    assert!(!keys.contains(&one), "{one} {keys:?}");
}

#[test]
fn evidence_is_the_newest_that_has_all_cells_of_a_comparison_and_no_more_is_read() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (store, record) = (store(dir.path()), measured(dir.path()));
    let over = |time: &str| Record { started_at: time.into(), stopped: Some(EndReason::AllRounds), ..record.clone() };
    let file = |name: &str| dir.path().join("records").join(name);
    let scenarios = [tiny()];
    let times = || {
        let (evidence, left_out) = store.evidence(&scenarios).expect("readable");
        let times: Vec<String> = evidence.records.into_iter().map(|record| record.started_at).collect();
        (times, left_out.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(times(), (vec![], vec![]), "nothing is kept yet");
    store.write(&over("2026-01-02T00:00:00Z")).expect("writable");
    store.write(&Record { purpose: Purpose::Run, ..over("2026-01-09T00:00:00Z") }).expect("writable");
    store.write(&Record { stopped: None, ..over("2026-01-08T00:00:00Z") }).expect("writable");
    let mut part = over("2026-01-07T00:00:00Z");
    part.cells.retain(|cell| cell.spec.strategy != "threads");
    store.write(&part).expect("writable");
    assert_eq!(times(), (vec!["2026-01-02T00:00:00Z".into()], vec![]));

    fs::write(file("findings-tiny-20260106T000000Z-1.json"), "{").expect("writable");
    fs::write(dir.path().join("exhibits.json"), "{").expect("writable");
    let (found, left_out) = times();
    assert_eq!(found, ["2026-01-02T00:00:00Z"]);
    assert_eq!(left_out.len(), 2, "{left_out:?}");
    assert!(left_out[0].contains("20260106T") && left_out[1].contains("exhibits.json"), "{left_out:?}");

    store.write(&over("2026-01-10T00:00:00Z")).expect("writable");
    assert_eq!(times().0, ["2026-01-10T00:00:00Z"]);
    // The file that a newer one makes superfluous is not read: here, its cells.
    let path = store.path_of(&over("2026-01-02T00:00:00Z"));
    let head =
        fs::read_to_string(&path).expect("it is there").split("\"cells\"").next().expect("it has keys").to_owned();
    fs::write(path, head + "\"cells\":[]}").expect("writable");
    assert_eq!(times().0, ["2026-01-10T00:00:00Z"]);
}

#[test]
fn a_cell_is_evidence_only_for_what_it_measured() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (store, record) = (store(dir.path()), measured(dir.path()));
    store.write(&Record { stopped: Some(EndReason::AllRounds), ..record }).expect("writable");
    let cells = |scenario: Scenario| {
        let (evidence, _) = store.evidence(&[scenario]).expect("readable");
        evidence.records.iter().map(|record| record.cells.len()).sum::<usize>()
    };
    let changed = |change: fn(&mut Scenario)| {
        let mut scenario = tiny();
        change(&mut scenario);
        scenario
    };
    assert_ne!(cells(tiny()), 0);
    assert_ne!(cells(changed(|scenario| scenario.title = "Another".into())), 0, "words don't count");
    assert_ne!(cells(changed(|scenario| scenario.claims[0].says = "No.".into())), 0, "nor what is claimed");
    assert_eq!(cells(changed(|scenario| scenario.time_scale = 7.0)), 0);
    assert_eq!(cells(changed(|scenario| scenario.deadline *= 2)), 0);
    assert_eq!(cells(changed(|scenario| scenario.variants[0].may_fail = true)), 0);
    let more = FEW_PRIMES.replace("below = ", "below = 1");
    assert_ne!(FEW_PRIMES, more);
    assert_eq!(cells(parsed(&(more + CLAIM))), 0, "other numbers");
}
