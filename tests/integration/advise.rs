//! `makespan advise` on work whose answer is known: what it says, never how long that takes.

use common::{
    program::{command, makespan, refusal_in, success, text},
    python,
    schema::{complaints, validator},
    server::started,
    skipped,
    under_way::Guarded,
};
use makespan::mock_server::{
    process::ServerProcess,
    profile::{Beyond, Body, Limit, Limits, Link, Profile, Route},
};
use makespan::worker::python::interpreter::{Interpreter, found};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::{PoisonError, RwLock, RwLockWriteGuard},
};
use tempfile::TempDir;

fn dir() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// With so many inputs in it.
fn dir_with_inputs(count: u32) -> TempDir {
    let dir = dir();
    (0..count).for_each(|number| fs::write(dir.path().join(format!("{number}.txt")), "x").expect("a file"));
    dir
}

/// The advice as JSON, and the exit code.
fn advice(dir: &Path, arguments: &[&str]) -> (Value, i32) {
    advice_as("advice-1", dir, arguments)
}

/// What computes is measured alone. What waits, for a server or until it is due, may do so beside others that wait.
static CORES: RwLock<()> = RwLock::new(());

fn alone() -> RwLockWriteGuard<'static, ()> {
    CORES.write().unwrap_or_else(PoisonError::into_inner)
}

fn advice_as(name: &str, dir: &Path, arguments: &[&str]) -> (Value, i32) {
    let waits = arguments.iter().any(|argument| ["--url", "--rate"].contains(argument));
    let _alone = (!waits).then(alone);
    let _beside = waits.then(|| CORES.read().unwrap_or_else(PoisonError::into_inner));
    advice_beside_others(name, dir, arguments)
}

/// The same, while other tests that measure are kept waiting by the caller, or not.
fn advice_beside_others(name: &str, dir: &Path, arguments: &[&str]) -> (Value, i32) {
    let output = makespan(dir, &[&ADVISE, arguments].concat());
    (read(name, &output), output.status.code().unwrap_or(-1))
}

const ADVISE: [&str; 5] = ["advise", "--data", "data", "--json", "-"];

/// The document on standard output, checked by its schema.
fn read(schema: &str, output: &Output) -> Value {
    let read = serde_json::from_slice(&output.stdout);
    let advice: Value = read.unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)));
    assert_eq!(complaints(&validator(schema), &advice), [""; 0], "{advice:#}");
    advice
}

fn workers(advice: &Value) -> u64 {
    advice["advised"]["workers"].as_u64().unwrap_or_else(|| panic!("nothing is advised: {advice:#}"))
}

fn limit(advice: &Value) -> &str {
    advice["limit"]["limit"].as_str().unwrap_or_else(|| panic!("no limit: {advice:#}"))
}

fn url(server: &ServerProcess) -> String {
    format!("{}/x", server.origin())
}

const QUICK: [&str; 4] = ["--budget", "3", "--max-requests", "1500"];

#[test]
fn a_server_that_serves_four_at_once_is_given_about_four() {
    let limits = Limits { requests: Some(Limit { most: 4, beyond: Beyond::Queue }), ..Limits::default() };
    let server =
        started(&Profile { limits, routes: vec![Route { latency_s: 0.03, ..Route::at("/x") }], ..Profile::default() });
    let dir = dir();
    let (advice, _) = advice(dir.path(), &[&["--url", &url(&server)], &QUICK[..]].concat());
    let Some(workers) = workers_if_decided(&advice) else { return };
    assert!((3..=8).contains(&workers), "{advice:#}");
    assert_eq!((limit(&advice), &advice["kind"]), ("served", &"waits".into()), "{advice:#}");
    let at_once = advice["limit"]["at_once"].as_f64().expect("a number");
    assert!((3.0..=8.0).contains(&at_once), "{advice:#}");
    assert!(advice["sentence"].as_str().is_some_and(|words| words.contains("of them at once")), "{advice:#}");
}

#[test]
fn more_workers_do_not_widen_a_link() {
    let link = Link { bytes_per_s: Some(1e6), ..Link::default() };
    // A hundred milliseconds each: beside that, what a busy machine adds is little.
    let route = Route { body: Body::Bytes(100_000), ..Route::at("/x") };
    let server = started(&Profile { link, routes: vec![route], ..Profile::default() });
    let dir = dir();
    let (advice, _) = advice(dir.path(), &["--url", &url(&server), "--budget", "8", "--max-requests", "1500"]);
    let Some(workers) = workers_if_decided(&advice) else { return };
    assert!(workers <= 2, "{advice:#}");
    assert_eq!(limit(&advice), "one_at_a_time", "{advice:#}");
}

#[test]
fn a_count_with_which_requests_fail_is_not_advised() {
    let limits = Limits { requests: Some(Limit { most: 2, beyond: Beyond::Refuse }), ..Limits::default() };
    let server =
        started(&Profile { limits, routes: vec![Route { latency_s: 0.02, ..Route::at("/x") }], ..Profile::default() });
    let dir = dir();
    let (advice, _) = advice(dir.path(), &[&["--url", &url(&server)], &QUICK[..]].concat());
    assert!(workers(&advice) <= 2, "{advice:#}");
    // On a busy machine there is no time for the numbers that fail: then it is a server that serves two at once.
    let cells = advice["cells"].as_array().expect("cells");
    if cells.iter().all(|cell| cell["workers"].as_u64() <= Some(2)) {
        assert_ne!(advice["limit"]["limit"], "cores", "{advice:#}");
        return;
    }
    assert_eq!(limit(&advice), "failures", "{advice:#}");
    assert!(advice["limit"]["error"].as_str().is_some_and(|error| error.contains("503")), "{advice:#}");
}

#[test]
fn a_server_that_is_not_there_is_a_failure() {
    let dir = dir();
    let (advice, code) = advice(dir.path(), &["--url", "http://127.0.0.1:1/", "--budget", "2"]);
    assert_eq!((code, &advice["standing"]), (1, &"failed".into()), "{advice:#}");
    assert!(advice["sentence"].as_str().is_some_and(|words| words.contains("connect")), "{advice:#}");
    assert!(advice["tasks_done"].as_u64().is_some_and(|done| done < 10), "{advice:#}");
}

#[test]
fn the_last_advice_is_on_the_page_without_passwords() {
    let server = started(&Profile { routes: vec![Route { latency_s: 0.01, ..Route::at("/x") }], ..Profile::default() });
    let dir = dir();
    let header = ["--header", "Authorization: Bearer it's hush"];
    let (advice, _) = advice(dir.path(), &[&["--url", &url(&server)], &header[..], &QUICK[..]].concat());
    success(dir.path(), &["report", "--data", "data", "--out", "page.html"]);
    let [page, kept] =
        ["page.html", "data/advice.json"].map(|file| fs::read_to_string(dir.path().join(file)).expect(file));
    assert!(page.contains("own-work") && page.contains("Authorization: ..."), "{advice:#}");
    assert!(!page.contains("hush") && !kept.contains("hush"), "{kept}");
}

#[test]
fn no_more_requests_are_sent_than_allowed() {
    let server =
        started(&Profile { routes: vec![Route { latency_s: 0.002, ..Route::at("/x") }], ..Profile::default() });
    let dir = dir();
    let (advice, _) = advice(dir.path(), &["--url", &url(&server), "--budget", "3", "--at-most", "4"]);
    assert!(advice["tasks_done"].as_u64().is_some_and(|done| done <= 200), "{advice:#}");
    let counts = advice["cells"].as_array().expect("cells").iter().map(|cell| cell["workers"].as_u64());
    assert!(counts.into_iter().all(|workers| workers <= Some(4)), "{advice:#}");
}

#[test]
fn waiting_commands_are_given_as_many_workers_as_inputs() {
    let dir = dir_with_inputs(8);
    let command = "sh -c 'sleep 0.03; cat $0' {}";
    let (advice, _) = advice(dir.path(), &["--command", command, "--inputs", "*.txt", "--budget", "4"]);
    assert!(workers_if_decided(&advice).is_none_or(|workers| workers >= 4), "{advice:#}");
    assert_eq!(advice["kind"], "waits", "{advice:#}");
    assert_eq!(advice["outputs_not_compared"], Value::Null);
}

/// Computes for some hundredths of a second.
const LOOP: &str = "i=0; while [ $i -lt 40000 ]; do i=$((i+1)); done";

/// The advice on a command for each of these inputs; its inputs are the last argument.
fn command_advice(inputs: u32, script: &str, more: &[&str]) -> Value {
    let _alone = alone();
    command_advice_beside_others(inputs, script, more)
}

fn command_advice_beside_others(inputs: u32, script: &str, more: &[&str]) -> Value {
    let dir = dir_with_inputs(inputs);
    let command = format!("sh -c '{script}; cat $0' {{}}");
    let arguments = [&["--command", &command, "--inputs", "*.txt"], more].concat();
    advice_beside_others("advice-1", dir.path(), &arguments).0
}

/// How many workers are advised, if the advice stands. On a busy machine it may not, and then it says why; or the budget
/// ended the search, and then that is the limit.
fn workers_if_decided(advice: &Value) -> Option<u64> {
    if advice["standing"] == "stands" {
        return Some(workers(advice)).filter(|_| advice["limit"]["name"] != "--budget");
    }
    let doubts = advice["doubts"].as_array().is_some_and(|doubts| !doubts.is_empty());
    assert!(advice["standing"] == "undecided" && doubts, "{advice:#}");
    None
}

/// Whether other programs kept so many cores busy that the advice says so, or that the budget sufficed for no round.
fn is_crowded(advice: &Value) -> bool {
    advice["notes"].to_string().contains("other programs kept") || advice["rounds"] == 0
}

/// How many workers keep the cores busy, and how many cores there are.
fn for_cores(advice: &Value) -> (f64, f64) {
    let number = |key: &str| advice[key].as_f64().unwrap_or_else(|| panic!("{key}: {advice:#}"));
    (number("workers_for_cores"), number("cores"))
}

#[test]
fn computing_commands_are_given_as_many_workers_as_cores() {
    let advice = command_advice(12, LOOP, &["--budget", "6"]);
    let (closed_form, cores) = for_cores(&advice);
    // Beside other programs, a command waits for a core, and that looks like waiting.
    let is_crowded = is_crowded(&advice) || advice["cells"][0]["cores_busy"].as_f64() < Some(0.8);
    assert!(is_crowded || ["computes", "mixed"].map(Value::from).contains(&advice["kind"]), "{advice:#}");
    let most = if is_crowded { f64::INFINITY } else { cores * 2.5 };
    assert!((cores * 0.9..most).contains(&closed_form), "{advice:#}");
    // Beside other programs, more workers may get a larger share of the cores.
    assert!(workers_if_decided(&advice).is_none_or(|workers| workers as f64 <= cores * 3.0), "{advice:#}");
}

#[test]
fn other_programs_are_not_taken_for_a_lock() {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let forever = || Command::new("sh").args(["-c", "while :; do :; done"]).spawn().expect("sh starts");
    // The loops must not take the cores of the other tests that measure.
    let _alone = alone();
    let mut others: Vec<Child> = (0..cores).map(|_| forever()).collect();
    let advice = command_advice_beside_others(12, LOOP, &["--budget", "5"]);
    for other in &mut others {
        other.kill().and_then(|()| other.wait()).expect("it is ended");
    }
    let online = fs::read_to_string("/proc/cpuinfo").unwrap_or_default().matches("processor\t").count();
    if cores < online {
        // What others do can't be told where this process may use only some of the cores.
        return;
    }
    let limit = advice["limit"]["limit"].as_str();
    assert!(!limit.is_some_and(|limit| ["one_at_a_time", "shared"].contains(&limit)), "{advice:#}");
    assert!(advice["kind"] == "waits" || advice["standing"] != "stands", "{advice:#}");
    assert!(is_crowded(&advice), "{advice:#}");
}

#[test]
fn commands_that_wait_nine_tenths_of_their_time_are_given_ten_workers_for_a_core() {
    let advice = command_advice(60, "sleep 0.06; i=0; while [ $i -lt 1500 ]; do i=$((i+1)); done", &["--budget", "8"]);
    let (closed_form, cores) = for_cores(&advice);
    assert!((cores * 4.0..cores * 20.0).contains(&closed_form), "{advice:#}");
    let range = cores * 2.0..=cores * 30.0;
    assert!(workers_if_decided(&advice).is_none_or(|workers| range.contains(&(workers as f64))), "{advice:#}");
}

#[test]
fn a_command_that_uses_all_cores_is_run_alone() {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    if cores == 1 {
        return;
    }
    let all_cores = format!("{} wait", format!("({LOOP}) & ").repeat(cores));
    let advice = command_advice(12, &all_cores, &["--budget", "8"]);
    let advised = workers_if_decided(&advice);
    assert!(advised.is_none_or(|workers| workers <= 2), "{advice:#}");
    assert!(advised != Some(1) || limit(&advice) == "own_threads", "{advice:#}");
}

#[test]
fn under_the_interpreters_lock_more_threads_than_one_are_not_advised() {
    let has_lock = |interpreter: &Interpreter| interpreter.greeting.lock;
    if python::strategies_of_python().is_empty()
        || !found(&[], &common::target_tmp()).is_ok_and(|all| all.iter().all(has_lock))
    {
        return;
    }
    let dir = dir_with_inputs(8);
    let module = "def count(path):\n    for number in range(400_000):\n        pass\n    return number\n";
    fs::write(dir.path().join("own.py"), module).expect("a module");
    let function = ["--function", "own:count", "--inputs", "*.txt", "--budget", "8"];
    let (threads, _) = advice(dir.path(), &[&function[..], &["--strategy", "python/threads"]].concat());
    assert_eq!(threads["kind"], "computes", "{threads:#}");
    if let Some(workers) = workers_if_decided(&threads) {
        // With one core, the core is the limit.
        assert!(workers == 1 && ["one_at_a_time", "cores"].contains(&limit(&threads)), "{threads:#}");
    }
    let (free, _) = advice(dir.path(), &function);
    let in_threads = free["advised"]["strategy"].as_str().is_some_and(|strategy| strategy.contains("thread"));
    assert!(workers_if_decided(&free) <= Some(1) || !in_threads, "one thread, or processes: {free:#}");
}

#[test]
fn a_failing_command_is_told_with_its_words() {
    let dir = dir_with_inputs(8);
    let command = "sh -c 'echo no such thing >&2; exit 3'";
    let (advice, code) = advice(dir.path(), &["--command", command, "--inputs", "*.txt", "--budget", "2"]);
    assert_eq!(code, 1);
    let sentence = advice["sentence"].as_str().expect("a sentence");
    assert!(sentence.contains("every task failed: exit status 3: no such thing"), "{sentence}");
}

#[test]
fn an_output_that_changes_is_not_compared() {
    let dir = dir_with_inputs(8);
    let command = "sh -c 'sleep 0.01; date +%N' {}";
    let (advice, _) = advice(dir.path(), &["--command", command, "--inputs", "*.txt", "--budget", "2"]);
    assert!(
        advice["outputs_not_compared"].as_str().is_some_and(|why| why.contains("two different outputs")),
        "{advice:#}"
    );
    assert!(advice["advised"].is_object() || advice["rounds"].as_u64() < Some(3), "{advice:#}");
}

#[test]
fn a_waiting_function_gains_from_threads_and_a_coroutine_from_asyncio() {
    if python::strategies_of_python().is_empty() {
        return;
    }
    let dir = dir_with_inputs(8);
    // What is imported computes about as long as all calls wait, which doesn't make them work that computes.
    let module = "import asyncio, time\nsum(range(5 * 10**6))\ndef wait(path):\n    time.sleep(0.03)\n    return path\n\
                  async def await_(path):\n    await asyncio.sleep(0.03)\n    return path\n";
    fs::write(dir.path().join("own.py"), module).expect("a module");
    for (function, strategy) in [("own:wait", "python/threads"), ("own:await_", "python/asyncio")] {
        let more = ["--inputs", "*.txt", "--budget", "6", "--strategy", strategy];
        let (advice, _) = advice(dir.path(), &[&["--function", function], &more[..]].concat());
        assert!(is_crowded(&advice) || advice["kind"] == "waits", "{advice:#}");
        if let Some(workers) = workers_if_decided(&advice) {
            assert_eq!((&advice["advised"]["strategy"], workers >= 2), (&strategy.into(), true), "{advice:#}");
        }
    }
}

#[test]
fn an_input_that_always_fails_is_named_and_is_no_limit() {
    let dir = dir_with_inputs(8);
    fs::write(dir.path().join("own.sh"), "sleep 0.03\ntest $1 != 5.txt\n").expect("a script");
    let arguments = ["--command", "sh own.sh {}", "--inputs", "*.txt", "--budget", "4"];
    let (advice, _) = advice(dir.path(), &arguments);
    let tried = advice["search"].as_array().expect("a search");
    assert!(tried.iter().all(|tried| tried["tasks_per_s"].as_f64() > Some(0.0)), "{advice:#}");
    let notes = advice["notes"].to_string();
    assert!(notes.contains("failed, whatever does them") && advice["limit"]["limit"] != "failures", "{advice:#}");
}

#[test]
fn under_load_as_many_workers_as_are_under_way_are_too_few() {
    let server = started(&Profile { routes: vec![Route { latency_s: 0.05, ..Route::at("/x") }], ..Profile::default() });
    let (dir, url) = (dir(), url(&server));
    let load = ["--url", &url, "--rate", "40/s", "--budget", "8", "--max-requests", "1000"];
    let (advice, _) = advice_as("load_advice-1", dir.path(), &[&load[..], &["--target", "p95<10s"]].concat());
    // 40 tasks/s of 50 ms are two under way.
    let under_way = advice["under_way"].as_f64().expect("a number");
    assert!((1.5..20.0).contains(&under_way), "{advice:#}");
    assert!(advice["workers"].as_u64().is_some_and(|workers| workers as f64 >= under_way), "{advice:#}");
    let (never, code) = advice_as("load_advice-1", dir.path(), &[&load[..], &["--target", "p50<1ms"]].concat());
    assert_eq!((&never["workers"], code), (&Value::Null, 3), "a script must not take it for a success: {never:#}");
    assert!(never["sentence"].as_str().is_some_and(|words| words.starts_with("No number of workers")), "{never:#}");
}

#[test]
fn functions_become_due_at_a_rate_too() {
    if python::strategies_of_python().is_empty() {
        return;
    }
    let dir = dir_with_inputs(40);
    let module = "import time\ndef wait(path):\n    time.sleep(0.05)\n    return path\n";
    fs::write(dir.path().join("own.py"), module).expect("a module");
    let load =
        ["--function", "own:wait", "--inputs", "*.txt", "--rate", "40/s", "--budget", "4", "--target", "p95<10s"];
    let (advice, _) = advice_as("load_advice-1", dir.path(), &load);
    assert!((1.5..20.0).contains(&advice["under_way"].as_f64().expect("a number")), "{advice:#}");
    let cells = advice["cells"].as_array().expect("cells");
    let is_measured = |cell: &Value| cell["latency_p50_s"]["estimate"].as_f64().is_some_and(|s| s >= 0.05);
    // Where Python takes seconds to start, the budget leaves no time.
    let no_time = advice["sentence"].as_str().is_some_and(|words| words.contains("a longer --budget"));
    assert!((!cells.is_empty() || no_time) && cells.iter().all(is_measured), "{advice:#}");
}

#[test]
fn tasks_of_a_scenario_become_due_at_a_rate_too_and_the_page_shows_what_was_found() {
    let dir = dir();
    let load = ["--scenario", "web_requests", "--rate", "100/s", "--budget", "8", "--target", "p95<10s"];
    let (advice, code) = advice_as("load_advice-1", dir.path(), &load);
    let cells = advice["cells"].as_array().expect("cells");
    let is_asked = |cell: &Value| (cell["rate_per_s"].as_f64().expect("a rate") - 100.0).abs() < 1e-9;
    assert!(cells.iter().any(is_asked), "a second of this machine, whatever waits are divided by: {advice:#}");
    assert_eq!(advice["tasks"], 30, "as many as the scenario has: {advice:#}");
    let stands = advice["standing"] == "stands";
    assert!(stands || advice["standing"] == "undecided", "{advice:#}");
    assert_eq!(code, if stands { 0 } else { 3 }, "{advice:#}");
    success(dir.path(), &["report", "--data", "data", "--out", "page.html"]);
    let page = fs::read_to_string(dir.path().join("page.html")).expect("the page");
    assert!(page.contains("id=\"own-load\"") && page.contains("--scenario web_requests --rate 100/s"));
    // 64 tasks at 2/s take half a minute.
    let (few, code) =
        advice_as("load_advice-1", dir.path(), &["--scenario", "prime_sum", "--rate", "2/s", "--budget", "8"]);
    assert!(few["sentence"].as_str().is_some_and(|words| words.contains("needs 64")), "{few:#}");
    assert_eq!(code, 3, "more time or a higher rate would do");
}

/// A server in Python with a certificate of its own, which ends with it.
struct EncryptedServer {
    url: String,
    _process: Guarded,
}

/// Its certificate, `cert.pem`, signs itself: it is its own authority.
const CERTIFICATE: &str = "[req]\ndistinguished_name = name\nx509_extensions = more\nprompt = no\n\
    [name]\nCN = localhost\n[more]\nbasicConstraints = critical, CA:FALSE\nsubjectAltName = IP:127.0.0.1\n";

const SERVER: &str = "\
import http.server, ssl
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('cert.pem', 'key.pem')
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
";

fn encrypted_server(dir: &Path) -> Option<EncryptedServer> {
    fs::write(dir.join("certificate.cnf"), CERTIFICATE).expect("a file");
    let make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -config certificate.cnf -keyout key.pem -out cert.pem";
    let made = Command::new("openssl").args(make.split(' ')).current_dir(dir).output();
    let python = found(&[], dir).ok().and_then(|all| all.into_iter().next());
    let (Some(Interpreter { path, .. }), true) = (python, made.is_ok_and(|made| made.status.success())) else {
        skipped("advice over TLS: it takes openssl and a Python");
        return None;
    };
    let mut server = Command::new(path);
    server.args(["-c", SERVER]).current_dir(dir).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut server = server.spawn().expect("Python starts");
    let mut port = String::new();
    BufReader::new(server.stdout.take().expect("a pipe")).read_line(&mut port).expect("its port");
    Some(EncryptedServer { url: format!("https://127.0.0.1:{}/", port.trim()), _process: Guarded(server) })
}

#[test]
fn requests_over_tls_trust_whom_the_system_trusts() {
    let dir = dir();
    let Some(server) = encrypted_server(dir.path()) else { return };
    let advise = |trusted: &str| {
        let mut program = command(dir.path());
        program.env("SSL_CERT_FILE", dir.path().join(trusted)).env_remove("SSL_CERT_DIR");
        let output = program.args(ADVISE).args(["--budget", "3", "--url", &server.url]).output();
        read("advice-1", &output.expect("makespan runs"))
    };
    let known = advise("cert.pem");
    assert!(known["rounds"].as_u64() > Some(0) && known["outputs_not_compared"].is_null(), "{known:#}");
    let unknown = advise("certificate.cnf");
    assert_eq!(unknown["standing"], "failed", "{unknown:#}");
    assert!(unknown["sentence"].as_str().is_some_and(|words| words.contains("certificate")), "{unknown:#}");
}

#[test]
fn what_cannot_be_measured_is_refused_with_what_was_expected() {
    let dir = dir_with_inputs(8);
    fs::write(dir.path().join("empty"), "\n").expect("a file");
    for (arguments, expected) in [
        (&["--command", "cat {}"][..], "found 0 inputs, expected at least 4"),
        (&["--command", "cat 'x", "--inputs", "*.txt"], "found a ' without a second one"),
        (&["--command", "cat", "--inputs", "*.jpg"], "--inputs: *.jpg: no file matches"),
        (&["--command", "cat", "--inputs-from", "none"], "--inputs-from: none: "),
        (&["--url", "localhost:80/"], "expected http://HOST/PATH or https://HOST/PATH"),
        (&["--url", "http://h/", "--header", "x"], "--header: found `x`, expected NAME: VALUE"),
        (&["--urls", "empty"], "found no URL"),
        (&["--url", "http://h/", "--strategy", "python/threads"], "expected strategies such as threads, async"),
        (&["--function", "own", "--inputs", "*.txt"], "expected MODULE:FUNCTION"),
        (&["--scenario", "none"], "unknown scenario `none`"),
        (&["--url", "http://h:99999/"], "expected http://HOST/PATH"),
        (&["--url", "http://h/", "--method", "G T"], "--method: found `G T`"),
        (&["--command", "cat", "--inputs", "*.txt", "--max-requests", "30"], "cannot be used with '--max-requests"),
        (&["--url", "http://h/", "--inputs", "*.txt"], "cannot be used with '--inputs"),
        (&["--url", "http://h/", "--budget", "0"], "expected seconds from 1 to 3600"),
        (&["--url", "http://h/", "--rate", "0"], "expected tasks per second, such as 50/s"),
        (&["--url", "http://h/", "--rate", "9", "--target", "p98<1s"], "such as p99<200ms"),
        (&[], "required"),
    ] {
        let words = refusal_in(dir.path(), &[&["advise"], arguments].concat());
        assert!(words.contains(expected), "{arguments:?}: {words}");
    }
}

#[test]
fn under_a_quota_there_are_as_many_cores_as_it_gives() {
    let dir = dir();
    let work = ["--scenario", "prime_sum", "--budget", "2", "--quota", "0.5,1"];
    let output = makespan(dir.path(), &[&ADVISE[..], &work].concat());
    let words = text(&output.stderr);
    if words.contains("no control group") {
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{words}");
        return skipped("quotas: no control group can be made here");
    }
    let advice = read("quota_advice-1", &output);
    for (under, cores) in advice["quotas"].as_array().expect("a list").iter().zip([0.5, 1.0]) {
        assert_eq!(under["quota_cores"], cores);
        assert!(under["advice"]["cores"].as_f64().is_some_and(|usable| usable <= cores), "{under:#}");
    }
    let half = &advice["quotas"][0];
    let is_stopped = half["throttling"]["periods"].as_u64() > Some(0);
    let lacks_cores = half["advice"]["limit"]["limit"] == "other_programs" || is_crowded(&half["advice"]);
    assert!(is_stopped || lacks_cores, "it computes all the time: {half:#}");
    success(dir.path(), &["report", "--data", "data", "--out", "page.html"]);
    let page = fs::read_to_string(dir.path().join("page.html")).expect("written");
    assert!(page.contains("own-quota") && page.contains("0.5 cores: "), "{words}");
}
