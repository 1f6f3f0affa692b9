//! `makespan run --server`: a mock server that somebody started, used only if it serves what the scenario says.

use common::{
    gate,
    program::{document, ended},
    program_under_test, scenario,
    server::listening_on,
    under_way::Guarded,
};
use makespan::results::record::{Check, Record};
use std::{
    process::{Command, Stdio},
    thread,
};

const FEW_FETCHES: &str = r#"
workload.fetch = { tasks = 4, paths = ["/page"] }
server.routes = [{ path = "/page", latency_s = 0.001, body = { bytes = 1000 } }]
variants.large.server.routes = [{ path = "/page", body = { bytes = 9000 } }]
cells = [{ strategies = ["threads"], workers = [2] }]
"#;

fn server(arguments: &[&str]) -> (Guarded, String) {
    let mut command = Command::new(program_under_test());
    command.arg("server").args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut server = Guarded(command.spawn().expect("it starts"));
    let origin = listening_on(server.0.stdout.take().expect("it is a pipe"));
    (server, origin)
}

const RUN: [&str; 5] = ["run", "--rounds", "1", "--data", "data"];

#[test]
fn a_server_that_runs_already_is_used_if_it_serves_the_same() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = scenario(dir.path(), "few", FEW_FETCHES);
    let file = path.to_str().expect("UTF-8");
    let (_server, origin) = server(&["--scenario", file]);
    let same = [&RUN[..], &[file, "--server", &origin]].concat();
    let record: Record = document(dir.path(), &same, 0);
    assert!(record.cells.iter().all(|cell| cell.check == Check::Passed && !cell.rounds.is_empty()), "{record:?}");

    for other in [["--time-scale", "2"], ["--variant", "large"]] {
        let (_, words) = ended(dir.path(), &[&same[..], &other].concat(), 2);
        assert!(words.contains("serves something else"), "{words}");
    }
    let (_large, origin) = server(&["--scenario", file, "--variant", "large"]);
    ended(dir.path(), &[&RUN[..], &[file, "--server", &origin, "--variant", "large"]].concat(), 0);
}

#[test]
fn what_is_no_mock_server_is_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    scenario(dir.path(), "few", FEW_FETCHES);
    let refused = |scenario: &str, server: &str, code: i32, says: &str| {
        let (_, words) = ended(dir.path(), &[&RUN[..], &[scenario, "--server", server]].concat(), code);
        assert!(words.contains(says), "{words}");
    };
    let gate = gate::Gate::shut();
    let origin = gate.origin.clone();
    thread::spawn(move || gate::answer(gate.await_callers(1), gate::OK));
    refused("few.toml", &origin, 2, "not a mock server");
    refused("few.toml", "http://127.0.0.1:1", 1, "can't be reached");
    for wrong in ["127.0.0.1:1", "http://127.0.0.1", "https://127.0.0.1:1", "http://a@127.0.0.1:1", "http://h:1/path"] {
        refused("few.toml", wrong, 2, "http://HOST:PORT");
    }
    refused("prime_sum", "http://127.0.0.1:1", 2, "has no server");
}
