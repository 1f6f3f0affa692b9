//! `makespan run --server`: a mock server that somebody started, used only if it serves what the scenario says.

use common::{gate, program_under_test, scenario};
use makespan::results::record::{Check, Record};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
};

const FEW_FETCHES: &str = "
[workload.fetch]
tasks = 4
paths = [\"/page\"]
[server]
[[server.routes]]
path = \"/page\"
latency_s = 0.001
body = { bytes = 1000 }
[variants.large.server]
[[variants.large.server.routes]]
path = \"/page\"
body = { bytes = 9000 }
[[cells]]
strategies = [\"threads\"]
workers = [2]
[[sweep]]
strategies = [\"threads\"]
workers = [2]
";

struct Server(Child);

impl Server {
    fn start(arguments: &[&str]) -> (Self, String) {
        let mut child = Command::new(program_under_test())
            .arg("server")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is a pipe")).read_line(&mut line).expect("text");
        (Self(child), line.trim().strip_prefix("listening on ").expect("it listens").to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(dir: &Path, file: &str, more: &[&str]) -> Output {
    let mut command = Command::new(program_under_test());
    command.current_dir(dir).args(["run", file, "--rounds", "1", "--data", "data", "--json", "-"]).args(more);
    command.output().expect("it starts")
}

fn refused(output: &Output, code: i32, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(words), "{said}");
}

#[test]
fn a_server_that_runs_already_is_used_if_it_serves_the_same() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = scenario(dir.path(), "few", FEW_FETCHES);
    let file = path.to_str().expect("UTF-8");
    let (_server, origin) = Server::start(&["--scenario", file]);
    let output = run(dir.path(), file, &["--server", &origin]);
    let record: Record = serde_json::from_slice(&output.stdout).expect("a record");
    assert!(record.cells.iter().all(|cell| cell.check == Check::Passed && !cell.rounds.is_empty()), "{record:?}");

    let other = "serves something else";
    refused(&run(dir.path(), file, &["--server", &origin, "--time-scale", "2"]), 2, other);
    refused(&run(dir.path(), file, &["--server", &origin, "--variant", "large"]), 2, other);
    let (_large, origin) = Server::start(&["--scenario", file, "--variant", "large"]);
    assert!(run(dir.path(), file, &["--server", &origin, "--variant", "large"]).status.success());
}

#[test]
fn what_is_no_mock_server_is_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = scenario(dir.path(), "few", FEW_FETCHES);
    let file = path.to_str().expect("UTF-8");
    let gate = gate::Gate::shut();
    let origin = gate.origin.clone();
    thread::spawn(move || gate::answer(gate.await_callers(1), gate::OK));
    refused(&run(dir.path(), file, &["--server", &origin]), 2, "not a mock server");
    refused(&run(dir.path(), file, &["--server", "http://127.0.0.1:1"]), 1, "can't be reached");
    for wrong in ["127.0.0.1:1", "http://127.0.0.1", "https://127.0.0.1:1", "http://a@127.0.0.1:1", "http://h:1/path"] {
        refused(&run(dir.path(), file, &["--server", wrong]), 2, "http://HOST:PORT");
    }
    refused(&run(dir.path(), "prime_sum", &["--server", "http://127.0.0.1:1"]), 2, "has no server");
}
