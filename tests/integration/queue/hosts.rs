//! Several hosts: workers on two of them, the queue and the server on a third, the measurement on a fourth. One worker host
//! is cut off in the middle of a run and comes back.
#![cfg(target_os = "linux")]

use common::{program_under_test, skipped};
use makespan::{
    results::{
        record::{CellRecord, Check, Record, Timeline},
        store,
    },
    worker::{lane::Activity, work::Elsewhere},
};
use std::{fs, path::Path, process::Command};

/// What `tools/hosts` ends with where it can't be done.
const SKIPPED: i32 = 77;

/// The clock of the second worker host is ahead of all others by this, which the hosts can't know.
const AHEAD_NS: i64 = 100_000 * 1_000_000_000;

#[test]
fn a_host_that_is_cut_off_costs_no_job_and_comes_back() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let script = Path::new(common::ROOT).join("tools/hosts");
    let output = Command::new(script).args([Path::new(program_under_test()), dir.path()]).output().expect("a shell");
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.code() == Some(SKIPPED) {
        return skipped(said.lines().find_map(|line| line.strip_prefix("skipped: ")).expect("a reason"));
    }
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));

    let cut_off = record(dir.path(), "cut_off");
    let cell = queue_cell(&cut_off);
    assert_eq!((cell.check, cell.workers(), cell.task_errors()), (Check::Passed, 4, 0), "{:?}", cell.error());
    assert!(cell.redeliveries().is_some_and(|count| count >= 1), "{:?}", cell.redeliveries());
    assert_eq!(cell.queue.as_deref(), Some("redis://10.77.0.1:6379/0"));

    let back_again = record(dir.path(), "back_again");
    let cell = queue_cell(&back_again);
    assert_eq!((cell.check, cell.workers(), cell.redeliveries()), (Check::Passed, 4, Some(0)), "{:?}", cell.error());
    let timeline = cell.timeline.as_ref().expect("it was measured");
    let hosts: Vec<&str> = timeline.elsewhere.iter().map(|worker| worker.host.as_str()).collect();
    assert!(["w1", "w2"].iter().all(|name| hosts.contains(name)), "{hosts:?}");
    clocks_are_known_as_well_as_said(timeline, true_offset_ns(dir.path()));
}

fn record(dir: &Path, name: &str) -> Record {
    store::read(&dir.join(format!("{name}.json"))).expect("it was measured")
}

fn queue_cell(record: &Record) -> &CellRecord {
    record.cells.iter().find(|cell| cell.spec.strategy == "queue").expect("it was asked for")
}

/// What is to be added to the times of the second worker host. Not every kernel gives it a clock of its own.
fn true_offset_ns(dir: &Path) -> i64 {
    let said = fs::read_to_string(dir.join("w2.clock")).expect("the script says");
    if said.trim() == "its own" { -AHEAD_NS } else { 0 }
}

fn clocks_are_known_as_well_as_said(timeline: &Timeline, w2_ns: i64) {
    for Elsewhere { worker, host, clock_offset_ns, clock_uncertainty_ns } in &timeline.elsewhere {
        let wanted_ns = if host == "w2" { w2_ns } else { 0 };
        let off_by_ns = clock_offset_ns.abs_diff(wanted_ns);
        assert!(off_by_ns <= *clock_uncertainty_ns, "{host}: off by {off_by_ns} ns, not {clock_uncertainty_ns}");
        let runs = timeline.spans.iter().filter(|span| span.worker == *worker && span.kind == Activity::Run);
        for span in runs.filter(|span| span.index.is_some()) {
            assert!(span.start_ns + clock_uncertainty_ns >= timeline.start_ns, "{span:?} begins before the run");
            assert!(span.end_ns <= timeline.end_ns + clock_uncertainty_ns, "{span:?} ends after the run");
        }
    }
}
