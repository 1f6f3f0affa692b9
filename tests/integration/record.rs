//! The record: what it looks like, and that nothing of it is lost.

use common::{
    FEW_PRIMES,
    program::document,
    scenario,
    schema::{complaints, validator},
};
use makespan::results::{
    record::{Purpose, Record, Round, SCHEMA},
    store::{Store, StoreError, read},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::{collections::HashSet, fs, sync::OnceLock};

/// A real record, with cells that passed and one that was skipped.
fn real() -> Value {
    static REAL: OnceLock<Value> = OnceLock::new();
    REAL.get_or_init(|| measured("", 0)).clone()
}

/// Another one, whose cells failed.
fn failed() -> Value {
    measured("[[expected]]\nindexes = [1]\nerror = \"connect\"\n", 1)
}

fn measured(expected: &str, exit_code: i32) -> Value {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let own = r#"
[[cells]]
strategies = ["work_stealing"]
workers = [2]
schedules = ["blocks"]
[[cells]]
strategies = ["async", "queue"]
workers = [3]
[[cells]]
strategies = ["threads"]
workers = [2]
schedules = ["chunks(2)"]
timer = "as_published"
[as_published]
sequential = ["run"]
threads = ["start", "run"]
"#;
    scenario(dir.path(), "tiny", &format!("document = \"000\"\n{FEW_PRIMES}{own}{expected}"));
    document(dir.path(), &["run", "tiny.toml", "--rounds", "3", "--data", "data"], exit_code)
}

/// The real one, with everything in it that can be there.
fn full() -> Value {
    let mut record = real();
    for field in ["cpu_model", "memory_bytes", "kernel", "commit", "load_before", "load_after"] {
        let value = &mut record["host"][field];
        if value.is_null() {
            *value = if field.starts_with("load") || field == "memory_bytes" { json!(1) } else { json!("known") };
        }
    }
    for cell in record["cells"].as_array_mut().expect("cells") {
        cell["spec"]["layout"] = json!("2x3");
        cell["reason"] = json!("a reason");
        cell["queue"] = json!("redis://10.0.0.1:6379/0");
        for round in cell["rounds"].as_array_mut().expect("rounds") {
            round["first_error"] = json!("timed out");
            round["latency_from_due"] = round["latency"].clone();
            round["lost_workers"] = json!([{ "process": 2, "how": "killed by signal 9 (SIGKILL)" }]);
            round["core_wait_s"] = json!(1);
        }
        if !cell["timeline"].is_null() {
            let far = json!({ "worker": 1, "host": "far", "clock_offset_ns": -5, "clock_uncertainty_ns": 7 });
            cell["timeline"]["elsewhere"] = json!([far]);
            let away = json!({ "worker": null, "start_ns": 5, "end_ns": 7, "cause": "connection refused" });
            cell["timeline"]["outages"] = json!([away]);
            let timeline = cell["timeline"].clone();
            cell["excluded"] = json!([{ "reason": "it was away", "redeliveries": 2, "timeline": timeline }]);
        }
        for figure in ["memory_per_worker_bytes", "most_threads", "most_processes"] {
            if cell[figure].is_null() {
                cell[figure] = json!(1);
            }
        }
    }
    record
}

fn checks(record: &Value) -> HashSet<&str> {
    record["cells"].as_array().expect("cells").iter().filter_map(|cell| cell["check"].as_str()).collect()
}

#[test]
fn real_records_are_valid() {
    let validator = validator("run-2");
    assert_eq!(complaints(&validator, &real()), [""; 0]);
    assert_eq!(complaints(&validator, &full()), [""; 0]);
    let (record, failed) = (real(), failed());
    assert_eq!(complaints(&validator, &failed), [""; 0]);
    assert_eq!(checks(&record), HashSet::from(["passed", "skipped"]));
    assert_eq!(checks(&failed), HashSet::from(["failed", "skipped"]));
    let of_failed = failed["cells"].as_array().expect("cells").iter().filter(|cell| cell["check"] == "failed");
    assert!({ of_failed }.all(|cell| cell["rounds"] == json!([])), "a wrong answer has no time");
    let bare = &record["cells"][0];
    assert!(bare["speedup"].is_null() && bare["reason"].is_null(), "null, not absent: {bare}");
    let others = record["cells"].as_array().expect("cells").iter().filter(|cell| cell["is_baseline"] == json!(false));
    assert!({ others }.any(|cell| cell["speedup"].is_object()), "written, although it is computed");
}

#[cfg(target_os = "linux")]
#[test]
fn threads_and_processes_are_those_of_the_strategy() {
    let record = real();
    let cells = record["cells"].as_array().expect("cells").iter().filter(|cell| cell["check"] == "passed");
    for cell in cells {
        let workers = cell["rounds"][0]["workers"].as_u64().expect("a number");
        let expected = match cell["spec"]["strategy"].as_str().expect("a name") {
            "sequential" | "async" => json!([1, 1]),
            "threads" => json!([workers + 1, 1]),
            "processes" => json!([workers + 1, workers + 1]),
            // Beside each of its workers, threads that serve the pipe and say that it is still there.
            "queue" => json!([cell["most_threads"], workers + 1]),
            other => panic!("{other}"),
        };
        assert_eq!(json!([cell["most_threads"], cell["most_processes"]]), expected, "{}", cell["spec"]);
        let (per_worker, peak) = (&cell["memory_per_worker_bytes"], &cell["peak_memory_bytes"]);
        assert!(per_worker.as_u64() < peak.as_u64(), "{per_worker} of {peak}");
    }
}

#[test]
fn a_queue_is_told_where_there_is_one_and_its_jobs_have_spans_of_their_own() {
    let record = real();
    for cell in record["cells"].as_array().expect("cells").iter().filter(|cell| cell["check"] == "passed") {
        let is_queue = cell["spec"]["strategy"] == "queue";
        assert_eq!(cell["queue"], if is_queue { json!("sqlite") } else { json!(null) }, "{}", cell["spec"]);
        assert_eq!((&cell["rounds"][0]["redeliveries"], &cell["rounds"][0]["other_runs"]), (&json!(0), &json!(0)));
        let count = |kind: &str| {
            let spans = cell["timeline"]["spans"].as_array().expect("spans");
            spans.iter().filter(|span| span["kind"] == kind).count()
        };
        let tasks = if is_queue { 5 } else { 0 };
        assert_eq!(["run", "enqueue", "queued", "return"].map(count), [5, tasks, tasks, tasks]);
        assert_eq!(cell["timeline"]["elsewhere"], json!([]), "all are on this host");
    }
}

fn record(scenario: &str, started_at: &str) -> Record {
    let record: Record = serde_json::from_value(real()).expect("a record");
    Record { scenario: scenario.into(), started_at: started_at.into(), ..record }
}

#[test]
fn the_store_keeps_all_and_shows_the_newest() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = Store::at(Some(dir.path().into()));
    assert!(store.newest().expect("an empty store is one").newest.is_empty());
    let times = ["2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", "2025-12-31T23:59:59Z"];
    let paths = times.map(|time| store.write(&record("one", time)).expect("writable"));
    store.write(&record("two", times[2])).expect("writable");
    let damaged = dir.path().join("records/damaged.json");
    fs::write(&damaged, "{\"schema\"").expect("writable");
    let foreign = dir.path().join("records/foreign.json");
    fs::write(&foreign, "[1, 2]").expect("writable");
    fs::write(dir.path().join("records/notes.txt"), "not ours").expect("writable");

    let kept = store.newest().expect("readable");
    let newest: Vec<_> = kept.newest.values().map(|one| (one.scenario.as_str(), one.started_at.as_str())).collect();
    assert_eq!(newest, [("one", times[1]), ("two", times[2])]);
    let reasons: Vec<_> = kept.unreadable.iter().map(ToString::to_string).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons[0].contains("damaged.json") && reasons[0].contains(SCHEMA), "{reasons:?}");
    assert!(matches!(kept.unreadable[1], StoreError::OfAnotherKind { .. }), "{reasons:?}");
    assert!(paths.iter().chain([&damaged, &foreign]).all(|path| path.is_file()), "nothing is thrown away");
}

/// What stands for scenario `one` after these records were written, by its time.
fn stands_for_one(records: &[Record]) -> String {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = Store::at(Some(dir.path().into()));
    for record in records {
        let path = store.write(record).expect("writable");
        // As if it had been written when it was begun, or else in the year 2026.
        let begun: jiff::Timestamp = record.started_at.parse().expect("a time");
        let written = begun.min("2026-01-05T00:00:00Z".parse().expect("a time"));
        let file = fs::File::options().write(true).open(path).expect("it is there");
        file.set_modified(written.into()).expect("it is ours");
    }
    store.newest().expect("readable").newest["one"].started_at.clone()
}

#[test]
fn the_page_shows_a_record_with_all_its_cells_before_a_later_one_without() {
    let [first, second, third] = ["2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"];
    let (whole, later) = (record("one", first), record("one", second));
    let command = |command: &str| Record { command: command.into(), ..later.clone() };
    let filtered = command("makespan run one --only one/threads/2 --rounds 3");
    let without_a_time = |mut record: Record| {
        record.cells.iter_mut().for_each(|cell| cell.rounds.clear());
        record
    };
    let unbegun = without_a_time(Record { rounds_done: 0, ..later.clone() });
    let all_failed = without_a_time(later.clone());
    for poor in [&filtered, &unbegun, &all_failed, &command("makespan run one --only=threads")] {
        assert_eq!(stands_for_one(&[whole.clone(), poor.clone()]), first, "{}", poor.command);
        assert_eq!(stands_for_one(std::slice::from_ref(poor)), second, "better than none");
    }
    assert_eq!(stands_for_one(&[filtered.clone(), Record { started_at: third.into(), ..unbegun }]), second, "a part");
    let broken_off = Record { rounds_done: 2, rounds: 9, stopped: None, ..later.clone() };
    assert_eq!(stands_for_one(&[whole.clone(), broken_off.clone()]), first, "it may be resumed");
    assert_eq!(stands_for_one(&[filtered.clone(), broken_off]), second, "all its cells have a time");

    let of_claims = |time: &str, command: &str| Record {
        purpose: Purpose::Findings,
        command: command.into(),
        ..record("one", time)
    };
    let (all, single) = (of_claims(second, "makespan reproduce --quick"), of_claims(third, "makespan reproduce 000-3"));
    assert_eq!(stands_for_one(&[all.clone(), single]), second, "single claims have some of the cells");
    assert_eq!(stands_for_one(&[Record { rounds_done: 0, ..whole }, all]), second, "the other shows nothing");
}

#[test]
fn a_record_dated_in_the_future_does_not_stay_on_top() {
    let [first, last, future] = ["2026-01-04T00:00:00Z", "2026-01-06T00:00:00Z", "2262-01-01T00:00:00Z"];
    for purpose in [Purpose::Run, Purpose::Findings] {
        let record = |time| Record { purpose, ..record("one", time) };
        assert_eq!(stands_for_one(&[record(first), record(future)]), future, "its file is of the fifth");
        assert_eq!(stands_for_one(&[record(future), record(last)]), last);
    }
}

#[test]
fn what_a_later_version_wrote_is_read_or_refused_by_name() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("later.json");
    let mut later = real();
    later["makespan_version"] = json!("7.8.9");
    later["colour"] = json!("red");
    for part in
        ["/host", "/cells/0", "/cells/0/spec", "/cells/0/rounds/0", "/cells/0/timeline", "/cells/0/timeline/spans/0"]
    {
        later.pointer_mut(part).expect(part)["colour"] = json!(["red"]);
    }
    fs::write(&path, later.to_string()).expect("writable");
    assert_eq!(read(&path).expect("keys that are added do no harm").makespan_version, "7.8.9");
    later["schema"] = json!("makespan.run/9");
    later.as_object_mut().expect("a record").remove("cells");
    fs::write(&path, later.to_string()).expect("writable");
    let error = read(&path).expect_err("another schema").to_string();
    for part in ["later.json", "makespan 7.8.9", "`makespan.run/9`", env!("CARGO_PKG_VERSION"), SCHEMA] {
        assert!(error.contains(part), "{part}: {error}");
    }
    later["schema"] = json!("makespan.queue/9");
    fs::write(&path, later.to_string()).expect("writable");
    let error = read(&path).expect_err("another kind");
    assert!(matches!(error, StoreError::OfAnotherKind { .. }) && error.to_string().contains("queue/9"), "{error}");
}

#[test]
fn what_an_earlier_version_wrote_is_refused_by_name() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("earlier.json");
    fs::write(&path, r#"{"schema":"makespan.run/1","makespan_version":"0.0.1","cells":[]}"#).expect("writable");
    let error = read(&path).expect_err("another schema").to_string();
    for part in ["earlier.json", "makespan 0.0.1", "`makespan.run/1`", env!("CARGO_PKG_VERSION"), SCHEMA, "again"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn what_a_record_is_the_file_says_and_not_its_name() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = Store::at(Some(dir.path().into()));
    let times = ["2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"];
    let for_claims = |name: &str, time| Record { purpose: Purpose::Findings, ..record(name, time) };
    let records = [
        record("one", times[0]),
        for_claims("one", times[1]),
        for_claims("two-b", times[1]),
        for_claims("two-b", times[0]),
        record("findings-one", times[2]),
    ];
    for (number, record) in records.iter().enumerate() {
        let path = store.write(record).expect("writable");
        fs::rename(&path, path.with_file_name(format!("{}.json", 9 - number))).expect("it is ours");
    }
    let kept = store.newest().expect("readable");
    let newest = kept.newest.values().map(|one| (one.scenario.as_str(), one.purpose, one.started_at.as_str()));
    let (run, findings) = (Purpose::Run, Purpose::Findings);
    let expected = [("findings-one", run, times[2]), ("one", run, times[0]), ("two-b", findings, times[1])];
    assert_eq!(newest.collect::<Vec<_>>(), expected);
    assert_eq!(store.of_process("one", records[0].process).expect("readable"), Some(records[1].clone()));
    assert_eq!(store.of_process("one", 0).expect("readable"), None);
    for name in ["a.json", "b.json", "c.json"] {
        let earlier = r#"{"schema":"makespan.run/1"}"#;
        fs::write(dir.path().join("records").join(name), earlier).expect("writable");
    }
    let unreadable: Vec<String> =
        store.newest().expect("readable").unreadable.iter().map(ToString::to_string).collect();
    assert!(unreadable.len() == 1 && unreadable[0].starts_with("3 records are of an earlier"), "{unreadable:?}");
}

#[test]
fn a_record_that_is_written_again_replaces_itself() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = Store::at(Some(dir.path().into()));
    let first = record("one", "2026-01-02T00:00:00Z");
    let second = Record { rounds_done: 7, ..first.clone() };
    let path = store.write(&first).expect("writable");
    assert_eq!(store.write(&second).expect("writable"), path);
    assert_eq!(read(&path).expect("a record"), second);
    assert_eq!(
        fs::read_dir(dir.path().join("records")).expect("it is there").count(),
        1,
        "no half-written file is left"
    );
}

/// Seconds as a clock with nanoseconds gives them, and quotients of such.
fn figure() -> impl Strategy<Value = f64> {
    prop_oneof![
        (0_u64..1 << 50).prop_map(|ns| ns as f64 / 1e9),
        (1_u64..1 << 40, 1_u64..1 << 40).prop_map(|(a, b)| a as f64 / b as f64)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_is_lost_between_writing_and_reading(
        figures in prop::collection::vec((figure(), figure(), figure()), 0..30),
        seed: u64,
        words in ".*",
    ) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut written = Record { seed, question: words.clone(), ..record("one", "2026-01-02T00:00:00Z") };
        let cell = &mut written.cells[0];
        cell.rounds = { figures.iter() }
            .map(|&(start_s, run_s, cpu_user_s)| Round { start_s, run_s, cpu_user_s, ..Round::default() })
            .collect();
        cell.reason = Some(words);
        let path = Store::at(Some(dir.path().into())).write(&written).expect("writable");
        prop_assert_eq!(read(&path).expect("a record"), written);
    }
}
