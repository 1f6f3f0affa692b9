//! Every exercise is graded as it deserves: its reference solution passes, a wrong one fails, and so does the file as it is
//! given.
//!
//! Each of these is run as its student would run it: as a program of its own, because a check counts the threads and children
//! of its process. They are all in this one (`harness = false`), which starts itself again for each, some at a time.

#[path = "../../fixtures/exercises"]
mod given {
    pub mod async_fetcher;
    pub mod bounded_pool;
    pub mod hybrid;
    pub mod lock_held_too_long;
    pub mod work_queue;
}

mod solutions {
    pub mod async_fetcher;
    pub mod bounded_pool;
    pub mod hybrid;
    pub mod lock_held_too_long;
    pub mod work_queue;
}

mod wrong {
    pub mod async_fetcher;
    pub mod bounded_pool;
    pub mod breach;
    pub mod hybrid;
    pub mod lock_held_too_long;
    pub mod work_queue;
}

use crossbeam::channel::unbounded;
use makespan::{exercise, strategy::Strategy};
use serde_json::Value;
use std::{
    env, fs,
    path::Path,
    process::{Command, ExitCode},
    thread,
};

/// A program to check, what it is checked as, and what must come of it.
struct Case {
    name: &'static str,
    main: fn() -> ExitCode,
    expected: Expected,
}

/// What must come of a check.
enum Expected {
    /// The contract is kept, and it is fast enough.
    Passed,
    /// The contract is kept, and it is too slow.
    TooSlow,
    /// These points of the contract aren't kept.
    Breaks(&'static [&'static str]),
}

use Expected::{Breaks, Passed, TooSlow};
use wrong::breach::Breach;

const CASES: &[Case] = &[
    Case { name: "given::work_queue", main: given::work_queue::main, expected: TooSlow },
    Case { name: "given::bounded_pool", main: given::bounded_pool::main, expected: Breaks(&["at_most"]) },
    Case { name: "given::lock_held_too_long", main: given::lock_held_too_long::main, expected: TooSlow },
    Case { name: "given::async_fetcher", main: given::async_fetcher::main, expected: TooSlow },
    Case { name: "given::hybrid", main: given::hybrid::main, expected: TooSlow },
    Case { name: "wrong::work_queue", main: wrong::work_queue::main, expected: TooSlow },
    Case { name: "wrong::bounded_pool", main: wrong::bounded_pool::main, expected: TooSlow },
    Case { name: "wrong::lock_held_too_long", main: wrong::lock_held_too_long::main, expected: TooSlow },
    Case { name: "wrong::async_fetcher", main: wrong::async_fetcher::main, expected: Breaks(&["at_most"]) },
    Case { name: "wrong::hybrid", main: wrong::hybrid::main, expected: TooSlow },
    Case { name: "wrong::swaps", main: || held(&Breach::Swaps), expected: Breaks(&["answers", "errors"]) },
    Case { name: "wrong::repeats", main: || held(&Breach::Repeats), expected: Breaks(&["once"]) },
    Case { name: "wrong::hides", main: || held(&Breach::Hides), expected: Breaks(&["errors"]) },
    Case { name: "wrong::hangs", main: || held(&Breach::Hangs), expected: Breaks(&["deadline"]) },
    Case { name: "wrong::leaves", main: || held(&Breach::Leaves), expected: Breaks(&["left_behind"]) },
    Case { name: "wrong::panics", main: || held(&Breach::Panics), expected: Breaks(&["answers"]) },
    Case { name: "solutions::work_queue", main: solutions::work_queue::main, expected: Passed },
    Case { name: "solutions::bounded_pool", main: solutions::bounded_pool::main, expected: Passed },
    Case { name: "solutions::lock_held_too_long", main: solutions::lock_held_too_long::main, expected: Passed },
    Case { name: "solutions::async_fetcher", main: solutions::async_fetcher::main, expected: Passed },
    Case { name: "solutions::hybrid", main: solutions::hybrid::main, expected: Passed },
];

fn held(breach: &'static dyn Strategy) -> ExitCode {
    exercise::main("work_queue", breach)
}

/// Which case a process is to be.
const CASE: &str = "MAKESPAN_TEST_CASE";

/// They mostly wait, so several may do so at once.
const AT_ONCE: usize = 3;

/// Rounds at first. What is graded lies at half the floor or well above it, so few are enough.
const ROUNDS: u32 = 4;

/// How often it is measured longer where the floor lies within the interval. On a machine that is that busy, the grade
/// "inconclusive" is right; a solution must pass sooner or later.
const TRIES: u32 = 4;

fn main() -> ExitCode {
    if let Ok(name) = env::var(CASE) {
        let case = CASES.iter().find(|case| case.name == name).expect("it was named by ourselves");
        return (case.main)();
    }
    every_exercise_has_its_cases();
    let wanted: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let chosen = |case: &&Case| wanted.is_empty() || wanted.iter().any(|text| case.name.contains(text.as_str()));
    let cases: Vec<&Case> = CASES.iter().filter(chosen).collect();
    println!("\nrunning {} tests", cases.len());
    let failed = run(&cases);
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    let (passed, filtered) = (cases.len() - failed, CASES.len() - cases.len());
    println!(
        "\ntest result: {verdict}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {filtered} filtered out\n"
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn every_exercise_has_its_cases() {
    let known = &schema()["properties"]["exercise"]["enum"];
    for exercise in exercise::ALL {
        assert!(
            known.as_array().is_some_and(|names| names.contains(&exercise.name.into())),
            "{known}: {}",
            exercise.name
        );
        for kind in ["given", "wrong", "solutions"] {
            let name = format!("{kind}::{}", exercise.name);
            assert!(CASES.iter().any(|case| case.name == name), "{name} is missing in tests/exercises");
        }
    }
}

/// Runs them, some at a time, and says how many failed.
fn run(cases: &[&Case]) -> usize {
    let (queue, waiting) = unbounded();
    cases.iter().for_each(|case| queue.send(case).expect("we hold the other end"));
    drop(queue);
    let work = || waiting.iter().filter(|case| !is_right(case)).count();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().expect("no panic")).sum()
    })
}

fn is_right(case: &Case) -> bool {
    let judged = judge(case);
    println!("test {} ... {}", case.name, if judged.is_ok() { "ok" } else { "FAILED" });
    judged.inspect_err(|words| println!("{words}")).is_ok()
}

/// The error says what came of it instead.
fn judge(case: &Case) -> Result<(), String> {
    let (mut rounds, mut tries) = (ROUNDS, 1);
    loop {
        let (code, report) = check(case, rounds)?;
        jsonschema::validate(&schema(), &report).map_err(|error| format!("{error} at {}", error.instance_path()))?;
        let grade = report["grade"].as_str().unwrap_or_default();
        if grade == "inconclusive" && code == Some(1) && tries < TRIES {
            rounds += report["speed"]["more_rounds"].as_u64().unwrap_or(10).clamp(4, 20) as u32;
            tries += 1;
            continue;
        }
        let of_outcome = |outcome: &str| -> Vec<&str> {
            let points = report["contract"].as_array().into_iter().flatten();
            points.filter(|point| point["outcome"] == outcome).filter_map(|point| point["point"].as_str()).collect()
        };
        let is_measured = report["speed"]["ratio"]["estimate"].as_f64().is_some_and(|ratio| ratio > 0.0);
        let right = match case.expected {
            Passed => grade == "passed" && code == Some(0) && of_outcome("failed").is_empty() && is_measured,
            TooSlow => grade == "failed" && code == Some(1) && of_outcome("failed").is_empty() && is_measured,
            Breaks(points) => {
                grade == "failed" && code == Some(1) && of_outcome("failed") == points && report["speed"].is_null()
            }
        };
        return if right { Ok(()) } else { Err(format!("ended with {code:?}: {report:#}")) };
    }
}

fn schema() -> Value {
    let path = Path::new(common::ROOT).join("fixtures/schema/exercise-1.json");
    let text = fs::read_to_string(path).expect("it is in the repository");
    serde_json::from_str(&text).expect("JSON")
}

/// Runs it, and returns its exit code and its report.
fn check(case: &Case, rounds: u32) -> Result<(Option<i32>, Value), String> {
    // What is graded as too slow may be measured faster: it stays at half the floor.
    let time_scale = if matches!(case.expected, Passed) { "1" } else { "2" };
    let mut command = Command::new(env::current_exe().map_err(|error| error.to_string())?);
    command.env(CASE, case.name).args(["--rounds", &rounds.to_string(), "--json", "-", "--time-scale", time_scale]);
    command.args(["--program", common::program_under_test()]);
    let output = command.current_dir(common::target_tmp()).output().map_err(|error| error.to_string())?;
    let report = serde_json::from_slice(&output.stdout);
    let words = || format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    Ok((output.status.code(), report.map_err(|_| words())?))
}
