//! Open-loop arrivals and pools in the background, from outside.

use common::{
    program::{makespan, success},
    python::strategies_of_python,
    scenario,
};
use serde_json::Value;

/// Measures two rounds of a scenario of this text. The record, and the exit code.
fn measured(text: &str, arguments: &[&str]) -> (Value, Option<i32>) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    scenario(dir.path(), "mine", text);
    let run = ["run", "mine.toml", "--rounds", "2", "--data", "data", "--json", "-"];
    let output = makespan(dir.path(), &[&run, arguments].concat());
    let record = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("one document: {output:?}"));
    (record, output.status.code())
}

/// The cell of this strategy.
fn cell<'a>(record: &'a Value, strategy: &str) -> &'a Value {
    let cells = record["cells"].as_array().expect("cells");
    cells.iter().find(|cell| cell["spec"]["strategy"] == strategy).unwrap_or_else(|| panic!("{strategy}: {record}"))
}

const BESIDE: &str = "
cores = 'first_half'
workload.prime_sum = { below = 1000, tasks = 4 }
cells = [
    { strategies = ['threads'], workers = [2] },
    { strategies = ['processes'], workers = [2], variant = 'beside' },
    { strategies = ['async'], workers = [2], variant = 'queue' },
    { strategies = ['threads'], workers = [2], variant = 'short' },
]
[variants]
beside.background = { strategy = 'processes', workers = 2, cores = 'second_half', below = 200_000 }
queue.background = { strategy = 'queue', workers = 1, cores = 'first_half', below = 200_000 }
short.background = { strategy = 'threads', workers = 1, cores = 'second_half', below = 2 }
";

#[test]
fn cells_have_half_of_the_cores_and_a_pool_beside_them_or_say_why_not() {
    for (strategy, variant) in [("threads", "default"), ("processes", "beside"), ("async", "queue")] {
        let (record, code) = measured(BESIDE, &["--variant", variant]);
        let cell = cell(&record, strategy);
        let check = if record["host"]["cores_usable"] == 1 { "skipped" } else { "passed" };
        assert_eq!((&cell["check"], code), (&check.into(), Some(0)), "{cell}");
    }
}

#[test]
fn a_pool_in_the_background_that_ends_before_the_run_is_an_error() {
    let (record, code) = measured(BESIDE, &["--variant", "short"]);
    if record["host"]["cores_usable"] == 1 {
        return;
    }
    let cell = cell(&record, "threads");
    assert_eq!((&cell["check"], code), (&"failed".into(), Some(1)), "{cell}");
    assert!(cell.to_string().contains("the pool in the background ended before the run did"), "{cell}");
}

/// One answer of a hundred is a quarter of a second late, and a request becomes due every 5 ms meanwhile.
const STALL: &str = "
arrivals.rate_per_s = 200
workload.fetch = { tasks = 100, paths = ['/page'] }
cells = [{ strategies = ['threads', 'async'], workers = [1] }]
[server]
routes = [{ path = '/page', latency_s = 0.001 }]
faults = [{ fault = 'stall', stall_s = 0.25, indexes = [20] }]
";

#[test]
fn both_latencies_of_arrivals_are_printed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    scenario(dir.path(), "mine", STALL);
    let (printed, _) = success(dir.path(), &["run", "mine.toml", "--rounds", "2", "--data", "data"]);
    let at = |words: &str| printed.find(words).unwrap_or_else(|| panic!("{words}: {printed}"));
    assert!(at("Latency of a task, from when it was due") < at("Latency of a task, from when a worker began it"));
}

#[test]
fn a_stall_is_missed_by_latencies_from_when_a_request_was_sent() {
    let mut strategies = vec!["sequential", "threads", "async"];
    if !strategies_of_python().is_empty() {
        strategies.extend(["python/sequential", "python/threads", "python/asyncio"]);
    }
    let (record, code) = measured(STALL, &["--strategy", &strategies.join(","), "--workers", "1"]);
    assert_eq!(code, Some(0), "{record}");
    for strategy in strategies {
        let cell = cell(&record, strategy);
        for round in cell["rounds"].as_array().expect("rounds") {
            let p95_s = |from: &str| round[from]["p95_s"].as_f64().expect("a latency");
            let (sent, due) = (p95_s("latency"), p95_s("latency_from_due"));
            assert!(due > 3.0 * sent, "{strategy}: 95 % within {sent} s of being sent, within {due} s of being due");
        }
    }
}

#[test]
fn arrivals_that_can_not_all_be_due_in_time_are_refused() {
    let parsed = |arrivals: &str| {
        let text = format!(
            "title = 'A test'\nquestion = 'When?'\ndeadline_s = 2.0\nworkload.prime_sum = {{ below = 10, tasks = 10 }}\n\
             {arrivals}\n[[cells]]\nstrategies = ['threads']\nworkers = [2]\n"
        );
        makespan::scenario::parse("mine", "mine.toml", &text).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(parsed("arrivals = { rate_per_s = 6, gaps = 'poisson' }"), Ok(()));
    for (bad, words) in [
        ("arrivals = { rate_per_s = 4 }", "is due before the run's deadline of 2 s"),
        ("arrivals = { rate_per_s = 0 }", "expected a number above 0"),
        ("arrivals = { rate_per_s = inf }", "expected a number above 0"),
        ("arrivals = { rate_per_s = 6, gaps = 'odd' }", "expected `even` or `poisson`"),
        ("arrivals = { rate = 6 }", "rate"),
        ("background = { strategy = 'rayon', workers = 2, cores = 'first_half', below = 9 }", "`background.strategy`"),
        ("background = { strategy = 'hybrid', workers = 2, cores = 'first_half', below = 9 }", "`background.workers`"),
        (
            "background = { strategy = 'threads', workers = 2, cores = 'third', below = 9 }",
            "`first_half` or `second_half`",
        ),
        ("background = { strategy = 'threads', workers = 2, cores = 'first_half', below = 1e9 }", "below"),
        ("background = { strategy = 'threads', workers = 2, cores = 'first_half', below = 1_000_000_000 }", "at most"),
    ] {
        let refused = parsed(bad).expect_err(bad);
        assert!(refused.contains(words), "{bad}: {refused}");
    }
}
