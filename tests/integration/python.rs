//! Python from outside: options, records, and what is said where there is none.

use assert_cmd::Command;
use common::{
    FEW_PRIMES, ROOT, layout,
    program::{command, document, place, refusal, said, success, text, tiny},
    python::strategies_of_python,
    results, scenario,
    schema::{complaints, validator},
    work,
};
use makespan::{
    results::record::{CellRecord, Check, PythonFacts, Record},
    strategy::Env,
    task::{Task, function::Function},
    worker::{python::interpreter, task_queue::Schedule},
};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{self, Child, Stdio},
    time::Duration,
};

/// The program where there is no Python.
fn without_python(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = command(dir);
    command.env("PATH", dir).env_remove("MAKESPAN_PYTHON").args(arguments);
    command
}

#[test]
fn start_methods_are_a_dimension_of_strategies_with_processes() {
    if strategies_of_python().is_empty() {
        return;
    }
    let dir = place();
    let strategies = "python/threads,python/processes";
    let options = ["--strategy", strategies, "--workers", "2", "--start-method", "fork,spawn"];
    let (said, _) = tiny(dir.path(), &[&options[..], &["--json", "record.json", "--csv", "times.csv"]].concat());
    assert!(said.contains("python/processes, spawn"), "{said}");
    let text = fs::read_to_string(dir.path().join("record.json")).expect("written");
    let json: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(complaints(&validator("run-2"), &json), [""; 0]);
    let record: Record = serde_json::from_value(json).expect("a record");
    let names: Vec<String> = record.cells.iter().map(|cell| cell.spec.to_string()).collect();
    let expected = [
        "python/sequential x 1",
        "python/threads x 2",
        "python/processes x 2, Python fork",
        "python/processes x 2, Python spawn",
    ];
    assert_eq!(names, expected);
    let method = |facts: &PythonFacts| facts.start_method.clone().unwrap_or_default();
    let methods = record.cells.iter().map(|cell| cell.python.as_ref().map(method));
    let own = Some(String::new());
    assert!(methods.eq([own.clone(), own, Some("fork".into()), Some("spawn".into())]));
    let baselines = record.cells.iter().map(|cell| cell.is_baseline);
    assert!(baselines.eq([true, false, false, false]), "Python is compared with Python");
    for cell in &record.cells {
        assert_eq!((cell.check, cell.rounds.len()), (Check::Passed, 2), "{}: {:?}", cell.spec, cell.reason);
        let in_order = |cell: &CellRecord| {
            let timeline = cell.timeline.clone().expect("the spans of a round");
            let inside = |at_ns: u64| (timeline.start_ns..=timeline.end_ns).contains(&at_ns);
            timeline.spans.iter().all(|span| inside(span.start_ns) && inside(span.end_ns))
        };
        assert!(in_order(cell), "{}: its spans lie within its run", cell.spec);
    }
    let csv = fs::read_to_string(dir.path().join("times.csv")).expect("written");
    let last: Vec<&str> = csv.lines().map(|line| line.rsplit(',').next().unwrap_or_default()).collect();
    assert_eq!(last, ["start_method", "", "", "", "", "fork", "fork", "spawn", "spawn"], "{csv}");
}

#[test]
fn python_leaves_no_temporary_files() {
    if strategies_of_python().is_empty() {
        return;
    }
    let (dir, temporary) = (place(), place());
    let left = || fs::read_dir(temporary.path()).expect("a directory").count();
    let before = left();
    // A fork server keeps its socket in a directory, and nobody removes that when the server is killed.
    let pool = ["--strategy", "python/processes,python/process_pool", "--workers", "2", "--start-method", "forkserver"];
    let mut command = command(dir.path());
    command.env("TMPDIR", temporary.path()).args(["run", "tiny.toml", "--rounds", "1", "--json", "-"]).args(pool);
    let record: Record = serde_json::from_str(&said(&mut command, 0).0).expect("a record");
    assert!(record.cells.iter().skip(1).all(|cell| cell.check == Check::Passed), "{:?}", record.cells);
    assert_eq!(left(), before);
}

#[test]
fn without_python_its_cells_are_skipped_with_the_reason() {
    let dir = place();
    let run = ["run", "tiny.toml", "--rounds", "1", "--strategy", "threads,python/threads"];
    let (said, _) = self::said(&mut without_python(dir.path(), &run), 0);
    assert!(said.contains("skipped: python/threads x 2: no Python found: no `python3` on PATH"), "{said}");
    let said = text(&without_python(dir.path(), &["doctor"]).output().expect("the program starts").stdout);
    assert!(said.contains("no Python found: no `python3` on PATH; name one with --python PATH"), "{said}");
}

#[test]
fn options_without_cells_of_python_and_bad_interpreters_are_refused() {
    let run = ["run", "prime_sum", "--rounds", "1"];
    let refused = |more: &[&str]| refusal(&[&run, more].concat());
    assert!(refused(&["--python", "/bin/true"]).contains("no cell is in Python: add `--strategy python/threads`"));
    assert!(refused(&["--start-method", "spawn"]).contains("add `--strategy python/processes`"));
    assert!(refused(&["--start-method", "clone"]).contains("[possible values: fork, spawn, forkserver]"));
    let threads = ["--strategy", "python/threads", "--workers", "1"];
    assert!(refused(&[&threads[..], &["--start-method", "spawn"]].concat()).contains("python/processes"));
    let words = refused(&[&threads[..], &["--python", "/bin/false"]].concat());
    assert!(words.contains("/bin/false: not a Python that can be started: ended with exit status: 1"), "{words}");
}

/// A claim about Python is tested where there is one, and elsewhere says that it was not measured.
#[test]
fn a_claim_may_name_cells_of_python() {
    let dir = place();
    let claim = r#"
[[cells]]
strategies = ["python/threads", "python/sequential"]
workers = [2]
[[claims]]
id = "900-1"
question = "Do threads help?"
says = "Two threads are faster."
[[claims.figures]]
name = "two threads"
test = { ratio = { from = "python/sequential x 1", to = "python/threads x 2" } }
expects = { above = 1.0, from = "said" }
"#;
    scenario(dir.path(), "mine", &format!("{FEW_PRIMES}{claim}"));
    let arguments = ["reproduce", "mine.toml", "900-1", "--data", "data"];
    // A skipped cell is no failure.
    said(&mut without_python(dir.path(), &arguments), 0);
    if !strategies_of_python().is_empty() {
        let found: Value = document(dir.path(), &[&arguments[..], &["--fresh"]].concat(), 0);
        let figure = &found["claims"][0]["figures"][0];
        assert!(figure["measured"]["estimate"].as_f64().is_some_and(|ratio| ratio > 0.0), "{figure}");
    }
    // By itself, `run` measures nothing in Python.
    let (said, _) = success(dir.path(), &["run", "mine.toml", "--rounds", "1", "--data", "data"]);
    assert!(said.contains("threads") && !said.contains("python"), "{said}");
}

#[test]
fn threads_of_python_wait_for_the_lock_as_long_as_they_are_told_to() {
    let all = strategies_of_python();
    let Some(strategy) = all.into_iter().find(|strategy| strategy.name() == "python/threads") else { return };
    let dir = tempfile::tempdir().expect("a temporary directory");
    fs::write(
        dir.path().join("own.py"),
        "import sys\n\ndef interval(_):\n    return round(sys.getswitchinterval(), 3)\n",
    )
    .expect("writable");
    let task = Task::Function(Function {
        dir: dir.path().into(),
        module: "own".into(),
        function: "interval".into(),
        argument: String::new(),
        compared: true,
    });
    // A function's output has the length of what it returned, as Python shows it.
    for (milliseconds, shown) in [(5, "0.005"), (100, "0.1")] {
        let env = Env { switch_interval: Duration::from_millis(milliseconds), ..common::env() };
        let mut pool = strategy.start(layout(strategy, 1), &env).expect("the pool starts");
        let tasks = [task.clone()];
        let work = work(&tasks, Schedule::OneByOne);
        let found = results(work.settle(pool.run(&work)));
        pool.close().expect("the pool closes");
        assert_eq!(found[0].as_ref().expect("it returns").amount, shown.len() as u64, "{shown}");
    }
}

#[test]
fn the_package_in_python_passes_its_own_tests() {
    let Some(python) = interpreter::programs(&[]).into_iter().find_map(Result::ok) else { return };
    let package = Path::new(ROOT).join("fixtures/python");
    let entries =
        fs::read_dir(package.join("tests")).expect("it has tests").map(|entry| entry.expect("readable").path());
    let stem = |file: &PathBuf| file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let modules: Vec<String> =
        entries.filter_map(|file| stem(&file)).filter(|stem| stem.starts_with("test_")).collect();
    assert!(modules.len() > 5, "{modules:?}");
    let temporary = place();
    // Side by side, because most of them wait most of the time.
    let start = |module: &String| {
        let mut command = process::Command::new(&python);
        command.args(["-B", "-m", "unittest", &format!("tests.{module}")]).current_dir(&package);
        command.env("TMPDIR", temporary.path());
        (module.clone(), command.stderr(Stdio::piped()).spawn().expect("Python starts"))
    };
    let started: Vec<(String, Child)> = modules.iter().map(start).collect();
    for (module, child) in started {
        let ended = child.wait_with_output().expect("it ends");
        assert!(ended.status.success(), "{module}: {}", text(&ended.stderr));
    }
}
