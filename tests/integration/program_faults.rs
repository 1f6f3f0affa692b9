//! `makespan run` when it is interrupted, killed, loses its server, or has no room: what is kept, and what is left.
#![cfg(target_os = "linux")]

use common::{left_behind, program_under_test, scenario, skipped, under_way::UnderWay, wait_until};
use makespan::results::{
    record::{Check, Record},
    store,
};
use nix::sys::signal::Signal;
use std::{
    fs,
    path::Path,
    process::{Command, ExitStatus},
};
use tempfile::TempDir;

/// Fetches that take a while, through processes too.
const FETCHES: &str = r#"
deadline_s = 50
workload.fetch = { tasks = 4, paths = ["/wait"] }
server.routes = [{ path = "/wait", latency_s = 0.02 }]
cells = [{ strategies = ["threads", "processes", "queue"], workers = [2] }]
"#;

/// One sum that nobody waits for.
const LONG_SUM: &str = r#"
deadline_s = 3600
workload.prime_sum = { below = 30_000_000, tasks = 2 }
cells = [{ strategies = ["processes"], workers = [2] }]
"#;

/// A measurement under way.
struct Measurement {
    program: UnderWay,
    dir: TempDir,
}

impl Measurement {
    fn of(text: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        scenario(dir.path(), "test", text);
        let program = UnderWay::start(dir.path(), &["run", "test.toml", "--rounds", "1000", "--data", "."]);
        Self { program, dir }
    }

    fn await_rounds(&self, rounds: u32) {
        let is_measured = || only_record(self.dir.path()).is_some_and(|record| record.rounds_done >= rounds);
        wait_until("a round is measured", is_measured);
    }

    /// Its processes of this kind.
    fn processes(&self, what: &str) -> Vec<u32> {
        left_behind::marked_as(&self.program.mark, what)
    }

    /// Waits for its end: how it ended, what it said on standard error, and what it kept.
    fn end(self) -> (ExitStatus, String, Option<Record>) {
        let (status, _, words) = self.program.end();
        (status, words, only_record(self.dir.path()))
    }
}

fn only_record(data: &Path) -> Option<Record> {
    let entries = fs::read_dir(data.join("records")).ok()?.flatten();
    let path = entries.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "json"))?;
    store::read(&path).ok()
}

#[test]
fn ctrl_c_keeps_the_record() {
    let measurement = Measurement::of(FETCHES);
    measurement.await_rounds(1);
    measurement.program.signal_all(Signal::SIGINT);
    let (status, words, record) = measurement.end();
    assert_eq!(status.code(), Some(130), "{words}");
    let record = record.expect("it is kept");
    assert!((1..1000).contains(&record.rounds_done));
    assert!(record.cells.iter().all(|cell| cell.check == Check::Passed && !cell.rounds.is_empty()), "{record:?}");
}

#[test]
fn ctrl_c_ends_a_task_that_does_not_end() {
    let measurement = Measurement::of(LONG_SUM);
    wait_until("workers work", || !measurement.processes("child").is_empty());
    left_behind::send(Signal::SIGINT, measurement.program.id());
    let (status, words, record) = measurement.end();
    assert_eq!(status.code(), Some(130), "{words}");
    assert_eq!(record.expect("it is kept").rounds_done, 0);
}

#[test]
fn a_killed_program_takes_its_processes_along() {
    let measurement = Measurement::of(FETCHES);
    let runs = |what| !measurement.processes(what).is_empty();
    wait_until("server and workers run", || runs("server") && runs("worker-process"));
    left_behind::send(Signal::SIGKILL, measurement.program.id());
    let (status, ..) = measurement.end();
    assert_eq!(status.code(), None, "killed");
}

#[test]
fn a_cell_whose_server_is_gone_has_failed_and_has_no_times() {
    let measurement = Measurement::of(FETCHES);
    measurement.await_rounds(1);
    left_behind::send(Signal::SIGKILL, measurement.processes("server")[0]);
    let (status, words, record) = measurement.end();
    assert_eq!(status.code(), Some(1), "{words}");
    for cell in record.expect("it is kept").cells {
        assert_eq!(cell.check, Check::Failed, "{}", cell.spec.strategy);
        assert!(cell.reason.is_some_and(|error| !error.is_empty()));
        assert!(cell.rounds.is_empty() && cell.timeline.is_none());
    }
}

#[test]
fn a_full_disk_is_named_and_the_table_still_shown() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (tiny, file) = (dir.path().join("tiny"), scenario(dir.path(), "test", common::FEW_PRIMES));
    fs::create_dir(&tiny).expect("a writable directory");
    // In a namespace of its own, so that the file system goes when the last process does.
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command
            .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
            .arg(&tiny)
            .arg(program_under_test())
            .arg(&file);
        command.output()
    };
    let mount = "mount -t tmpfs -o size=4k tmpfs \"$1\"";
    if !unshare(mount).is_ok_and(|tried| tried.status.success()) {
        return skipped("a full disk: no tiny file system can be mounted here");
    }
    let output = unshare(&format!("{mount} && \"$2\" run \"$3\" --rounds 2 --data \"$1\"")).expect("it worked before");
    let (table, words) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("No space left") && words.contains("is the disk full"), "{words}");
    assert!(table.contains("sequential") && table.contains("threads"), "{table}");
}
