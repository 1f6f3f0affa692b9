//! The command line: what it says, where it says it, and with which exit code.

use common::{
    FEW_PRIMES,
    program::{TINY, command, document, ended, place, refusal, refusal_in, said, success, text, tiny},
    program_under_test, scenario,
    schema::{complaints, validator},
};
use makespan::results::record::{Check, Record};
use std::{fs, io::pipe, path::Path, process::Stdio};

#[test]
fn help_says_what_there_is() {
    let dir = place();
    for subcommand in [
        "",
        "list",
        "reproduce",
        "run",
        "advise",
        "race",
        "report",
        "compare",
        "predict",
        "new",
        "check",
        "classroom",
        "exercise",
        "server",
        "worker",
        "doctor",
    ] {
        let arguments = [subcommand, "--help"];
        let (said, _) = success(dir.path(), &arguments[usize::from(subcommand.is_empty())..]);
        insta::assert_snapshot!(format!("help_{subcommand}").trim_end_matches('_'), said);
    }
}

/// Also of subcommands of subcommands, which `the_reference_has_the_help_of_every_subcommand` doesn't ask for.
#[test]
fn every_help_has_examples() {
    let dir = place();
    let (help, _) = success(dir.path(), &["--help"]);
    let listed = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a list");
    let names = listed.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let nested = ["new scenario", "exercise new", "exercise check"];
    let reference = fs::read_to_string(Path::new(common::ROOT).join("docs/reference.md")).expect("the reference");
    let lacking = |names: &str| {
        let arguments: Vec<&str> = names.split(' ').chain(["--help"]).collect();
        !success(dir.path(), &arguments).0.contains("\nExample")
    };
    let lacking: Vec<&str> =
        names.filter(|name| !["", "help"].contains(name)).chain(nested).filter(|names| lacking(names)).collect();
    assert_eq!(lacking, [""; 0]);
    for names in nested {
        assert!(reference.contains(&format!("$ makespan {names} --help")), "{names}");
    }
}

#[test]
fn what_the_museum_writes_is_by_its_schema() {
    let visits: [serde_json::Value; 1] = document(place().path(), &["museum", "no_queue"], 0);
    assert_eq!(complaints(&validator("museum-1"), &visits[0]), [""; 0]);
    assert!(visits[0].get("python").is_some_and(serde_json::Value::is_null), "null, not absent: {visits:?}");
}

#[test]
fn a_run_that_measures_nothing_fails_with_the_reason() {
    let dir = place();
    let mut without_python = command(dir.path());
    without_python.env("PATH", dir.path()).env_remove("MAKESPAN_PYTHON").args(TINY);
    let (_, words) = said(without_python.args(["--strategy", "python/threads"]), 1);
    assert!(words.contains("nothing was measured") && words.contains("no `python3` on PATH"), "{words}");
}

#[test]
fn unknown_names_suggest_the_nearest() {
    let nearest = |arguments: &[&str], known: &str| {
        let words = refusal(arguments);
        assert!(words.contains(&format!("did you mean `{known}`?")), "{words}");
    };
    nearest(&["run", "latency_onyl"], "latency_only");
    nearest(&["run", "tiny.toml", "--strategy", "thread"], "threads");
    nearest(&["run", "tiny.toml", "--variant", "defualt"], "default");
    nearest(&["run", "url_crawl", "--variant", "fifty_on"], "fifty_one");
    nearest(&["server", "--scenario", "web_request"], "web_requests");
    assert!(refusal(&["runn"]).contains("'run'"));
    assert!(refusal(&["run", "tiny.toml", "--stratgy", "threads"]).contains("'--strategy'"));
    let words = refusal(&["run", "xyz"]);
    assert!(words.contains("Known: latency_only") && words.contains(".toml"), "{words}");
}

#[test]
fn an_exercise_is_written_into_a_checkout_and_never_over_another_file() {
    let dir = place();
    let (listed, _) = success(dir.path(), &["exercise"]);
    assert!(makespan::exercise::ALL.iter().all(|exercise| listed.contains(exercise.name)), "{listed}");
    assert!(refusal(&["exercise", "new", "work_qeue"]).contains("did you mean `work_queue`?"));
    assert!(refusal(&["exercise", "check", "hybrids"]).contains("did you mean `hybrid`?"));
    assert!(refusal(&["exercise", "check", "--rounds", "1"]).contains("--rounds"));
    for action in ["new", "check"] {
        let words = refusal(&["exercise", action, "work_queue"]);
        assert!(words.contains("is not in a checkout of makespan") && words.contains("Clone"), "{words}");
    }

    fs::write(dir.path().join("Cargo.toml"), "[package]\nname = \"makespan\"\n").expect("writable");
    let words = refusal_in(dir.path(), &["exercise", "check"]);
    assert!(words.contains("no exercise was started"), "{words}");
    let words = refusal_in(dir.path(), &["exercise", "check", "work_queue"]);
    assert!(words.contains("create it with `makespan exercise new work_queue`"), "{words}");
    let below = dir.path().join("src/deep");
    fs::create_dir_all(&below).expect("writable");
    let (said, _) = success(&below, &["exercise", "new", "work_queue"]);
    let file = dir.path().join("examples/work_queue.rs");
    assert!(said.contains("examples/work_queue.rs") && said.contains("makespan exercise check work_queue"), "{said}");
    let given = fs::read_to_string(&file).expect("it was written");
    assert_eq!(given, makespan::exercise::named("work_queue").expect("it is one").rust.template);

    fs::write(&file, "mine").expect("writable");
    let words = refusal_in(dir.path(), &["exercise", "new", "work_queue"]);
    assert!(words.contains("exists already") && words.contains("--force"), "{words}");
    assert_eq!(fs::read_to_string(&file).expect("it is there"), "mine");
    success(dir.path(), &["exercise", "new", "work_queue", "--force"]);
    assert_eq!(fs::read_to_string(&file).expect("it is there"), given);

    success(dir.path(), &["exercise", "new", "hybrid"]);
    let words = refusal_in(dir.path(), &["exercise", "check", "--python", "python3"]);
    assert!(words.contains("such as work_queue.py"), "{words}");
    let words = refusal_in(dir.path(), &["exercise", "check", "--json", "-"]);
    assert!(words.contains("name it"), "{words}");
}

#[test]
fn an_exercise_in_python_is_a_file_anywhere() {
    let dir = place();
    let new = ["exercise", "new", "work_queue", "--language", "python"];
    let (said, _) = success(dir.path(), &new);
    assert!(said.contains("makespan exercise check work_queue.py"), "{said}");
    let file = dir.path().join("work_queue.py");
    let given = fs::read_to_string(&file).expect("it was written");
    assert_eq!(given, makespan::exercise::named("work_queue").expect("it is one").python.template);
    let words = refusal_in(dir.path(), &new);
    assert!(words.contains("exists already"), "{words}");
    for (arguments, says) in [
        (&["mine.py"][..], "expected a file with the name of an exercise, such as hybrid.py"),
        (&["hybrid.py"], "create it with `makespan exercise new hybrid --language python`"),
        (&["work_queue.py", "--python", "/no/such/python"], "/no/such/python: "),
    ] {
        let words = refusal_in(dir.path(), &[&["exercise", "check"], arguments].concat());
        assert!(words.contains(says), "{words}");
    }
}

#[test]
fn an_exercise_that_cargo_cant_build_fails() {
    let dir = place();
    fs::write(dir.path().join("Cargo.toml"), "[package]\nname = \"makespan\"\n").expect("writable");
    success(dir.path(), &["exercise", "new", "hybrid"]);
    let no_cargo = dir.path().join("no-such-cargo");
    let (_, words) = said(command(dir.path()).env("CARGO", no_cargo).args(["exercise", "check"]), 1);
    assert!(words.contains("https://rustup.rs"), "{words}");
    // Its manifest has no sources: what cargo says of that is passed on.
    let (_, words) = ended(dir.path(), &["exercise", "check", "hybrid"], 1);
    assert!(words.contains("error: "), "{words}");
}

#[test]
fn values_out_of_range_are_refused_with_what_was_expected() {
    for (option, value, says) in [
        ("--workers", "0", "from 1 on: 0 can't be combined with other counts"),
        ("--workers", "0,2", "from 1 on"),
        ("--queue", "redis://10.0.0.1", "no cell uses a queue: add `--strategy queue`"),
        ("--queue-name", "pictures", "no cell uses a queue"),
        ("--queue-name", "", "--queue-name"),
        ("--workers", "2,-1", "from 1 on"),
        ("--workers", "two", "`two`"),
        ("--workers", "5000", "--workers: found 5000, expected at most 4096 for `threads`"),
        ("--workers", "3x5,2x2", "--workers: found 3x5, 2x2, expected a whole number for `threads`"),
        ("--workers", "3x", "PROCESSESxTHREADS such as 3x5"),
        ("--rounds", "0", "1..=1000"),
        ("--rounds", "x", "'x'"),
        ("--schedule", "shuffled", "one_by_one, chunks(K), pool_chunks, blocks, interleaved, by_key"),
        ("--deal", "chunks(0)", "chunks(K)"),
        ("--timer", "hot", "warm, cold or as_published"),
        ("--timer", "as_published", "tiny does not say"),
        ("--time-scale", "0", "from 0.001 to 1000000"),
        ("--time-scale", "inf", "from 0.001 to 1000000"),
        ("--time-scale", "-1", "from 0.001 to 1000000"),
        ("--switch-interval", "0", "from 0.1 to 1000"),
        ("--switch-interval", "nan", "from 0.1 to 1000"),
        ("--seed", "-1", "-1"),
    ] {
        let words = refusal(&["run", "tiny.toml", "--strategy", "threads", &format!("{option}={value}")]);
        assert!(words.contains(says), "{option} {value}: {words}");
    }
    assert!(refusal(&["run"]).contains("SCENARIO"));
    assert!(refusal(&["run", ""]).contains("SCENARIO"));
    assert!(refusal(&["server", "--scenario", "prime_sum"]).contains("has no server"));
    assert!(refusal(&["server", "--scenario", "url_crawl", "--time-scale", "0"]).contains("from 0.001 to 1000000"));
    assert!(refusal(&["server", "--scenario", "url_crawl", "--addr", "localhost"]).contains("--addr <IP:PORT>"));
}

#[test]
fn a_scenario_that_is_wrong_is_refused_with_its_place() {
    let words_for = |from: &str, to: &str| {
        let dir = place();
        let changed = FEW_PRIMES.replacen(from, to, 1);
        assert_ne!(changed, FEW_PRIMES);
        let path = scenario(dir.path(), "wrong", &changed);
        let words = refusal(&["run", &path.display().to_string()]);
        assert!(words.contains("wrong.toml"), "{words}");
        words
    };
    for (from, to, says) in [
        // Two lines come before what a test's scenario begins with.
        ("tasks = 5", "taks = 5", ["line 6", "unknown field `taks`, expected one of `below`, `tasks`, `by`"]),
        ("[workload.prime_sum]", "colour = 1\n[workload.prime_sum]", ["line 4", "unknown field `colour`, expected"]),
        ("tasks = 5", "tasks = \"five\"", ["line 6", "invalid type: string \"five\", expected"]),
        ("tasks = 5", "tasks = 0", ["line 6", "expected a nonzero u32"]),
        ("tasks = 5", "tasks = ", ["line 6", "tasks = "]),
        ("workload.prime_sum", "workload.prime_sums", ["line 4", "unknown variant `prime_sums`, expected one of"]),
        ("[2]", "[0]", ["line 9", "expected a whole number from 1 on, or \"PROCESSESxTHREADS\""]),
        ("[2]", "[\"3x0\"]", ["line 9", "such as \"3x5\""]),
        ("[2]", "[\"3x5\"]", ["`cells.workers`: found 3x5", "expected a whole number for `threads`"]),
        ("\"threads\"", "\"hybrid\"", ["`cells.workers`: found 2", "such as 3x5, for `hybrid`"]),
        (
            "[[cells]]",
            "[variants.x.workload.prime_sum]\nbelw = 1\n[[cells]]",
            ["`variants.x.workload`", "unknown field `belw`"],
        ),
        ("[workload", "address_space_mb = 5\n[workload", ["`address_space_mb`: found 5", "expected at least 100"]),
        ("[[cells]]", "[variants.x.server]\n[[cells]]", ["`server`: found a server", "expected none"]),
        ("[2]", "[2]\ndeals = [\"random\"]", ["line 10", "unknown schedule `random`, expected one of"]),
        ("[2]", "[2]\ntimer = \"hot\"", ["line 10", "unknown variant `hot`, expected one of"]),
        ("[2]", "[4097]", ["`cells.workers`: found 4097", "expected at most 4096 for `threads`"]),
        ("[2]", "[2]\ntimer = \"as_published\"", ["`as_published`: found none", "expected a line for"]),
        ("[2]", "[2]\nvariant = \"defalt\"", ["`cells.variant`: found `defalt`", "did you mean `default`?"]),
        ("\"threads\"", "\"thread\"", ["`cells.strategies`: found `thread`", "did you mean `threads`?"]),
        (
            "[workload",
            "time_scale = 0\n[workload",
            ["`time_scale`: found 0", "expected a number from 0.001 to 1000000"],
        ),
        (
            "[workload",
            "time_scale = nan\n[workload",
            ["`time_scale`: found NaN", "expected a number from 0.001 to 1000000"],
        ),
        ("[workload", "deadline_s = -1\n[workload", ["`deadline_s`: found -1", "expected a number above 0"]),
        ("[workload", "deadline_s = 1e300\n[workload", ["`deadline_s`: found 1", "expected at most a day"]),
        (
            "below = 1000",
            "below = 9_000_000_000_000_000_000",
            ["`workload.prime_sum.below`: found 9", "at most 100000000"],
        ),
        ("tasks = 5", "tasks = 4_000_000_000", ["`workload`: found 4000000000 tasks", "at most 1000000"]),
        ("[[cells]]", "[[expected]]\nindexes = [5]\n[[cells]]", ["`expected.indexes`: found 5", "an index below 5"]),
        ("[[cells]]", "[server]\n[[cells]]", ["`server`: found a server", "expected none"]),
    ] {
        let words = words_for(from, to);
        assert!(says.iter().all(|part| words.contains(part)), "{to}: {words}");
    }
    let missing = refusal(&["run", "missing.toml"]);
    assert!(missing.contains("missing.toml: No such file"), "{missing}");
}

/// A server's profile is checked where the scenario is read, not when the server starts.
#[test]
fn a_server_that_is_wrong_is_refused_with_its_key() {
    let dir = place();
    let text = r#"
workload.fetch = { tasks = 2, paths = ["/"] }
server.routes = [{ path = "/", latency_s = -1 }]
cells = [{ strategies = ["threads"], workers = [2] }]
"#;
    let path = scenario(dir.path(), "wrong", text).display().to_string();
    for words in [refusal(&["run", &path]), refusal(&["server", "--scenario", &path])] {
        assert!(words.contains("wrong.toml") && words.contains("server.routes[0].latency_s"), "{words}");
        assert!(words.contains("found -1"), "{words}");
    }
}

#[test]
fn sites_that_are_no_host_names_are_refused() {
    let dir = place();
    for (sites, says) in [
        ("paths = ['/']\nsites = ['two words']", "`workload.fetch.sites`: found two words, expected a host name"),
        ("listing = { path = '/' }\nsites = ['a.example']", "expected none with a `listing`"),
    ] {
        let text = format!(
            "[workload.fetch]\ntasks = 2\n{sites}\n[server]\n[[cells]]\nstrategies = ['threads']\nworkers = [2]\n"
        );
        let words = refusal(&["run", &scenario(dir.path(), "wrong", &text).display().to_string()]);
        assert!(words.contains(says), "{words}");
    }
}

#[test]
fn json_to_standard_output_is_json_and_nothing_else() {
    let (said, words) = tiny(place().path(), &["--json", "-"]);
    let record: Record = serde_json::from_str(&said).expect("one document");
    assert_eq!((record.rounds_done, record.cells.len()), (2, 3));
    assert!(record.cells.iter().all(|cell| cell.rounds.len() == 2), "{record:?}");
    assert!(record.command.starts_with("makespan run tiny.toml --rounds 2"), "{}", record.command);
    assert!(words.starts_with("recorded in data/records/"), "progress is silent when nobody watches: {words}");
    assert_eq!(words.lines().count(), 1, "{words}");
}

#[test]
fn the_table_has_a_line_for_each_cell() {
    let (said, words) =
        tiny(place().path(), &["--strategy", "threads,processes", "--workers", "1,3", "--schedule", "blocks"]);
    for name in ["sequential", "threads, blocks", "processes, blocks"] {
        assert!(said.lines().any(|line| line.trim_start().starts_with(name)), "{name}: {said}");
    }
    assert!(said.contains("\nFastest: ") || said.contains("\nNo strategy was "), "{said}");
    assert!(words.starts_with("recorded in "), "{words}");
}

#[test]
fn speed_ups_are_over_the_baseline_that_is_named() {
    let asked = ["--strategy", "threads", "--workers", "1,2", "--baseline"];
    let dir = place();
    let record: Record = document(dir.path(), &[&TINY[..], &asked, &["threads x 1"]].concat(), 0);
    let told: Vec<(String, bool, bool)> = record
        .cells
        .iter()
        .map(|cell| (cell.spec.to_string(), cell.is_baseline, record.speedup(cell).is_some()))
        .collect();
    let expected = [("sequential x 1", false, true), ("threads x 1", true, false), ("threads x 2", false, true)];
    assert_eq!(told, expected.map(|(name, is_baseline, has)| (name.into(), is_baseline, has)));
    let (table, _) = tiny(dir.path(), &[&asked[..], &["threads x 1"]].concat());
    assert!(table.contains("threads x 1 (95 %") || table.contains("faster than threads x 1"), "{table}");
    let words = refusal_in(dir.path(), &[&TINY[..], &asked[..], &["thread x 1"]].concat());
    assert!(words.contains("--baseline: ") && words.contains("did you mean `threads x 1`?"), "{words}");
}

#[test]
fn only_takes_whole_names_and_parts_of_them() {
    let dir = place();
    let cells = |only: &[&str]| {
        let asked = ["--strategy", "threads", "--workers", "2,3,20", "--rounds", "1"];
        let record: Record = document(dir.path(), &[&TINY[..2], &TINY[4..], &asked, only].concat(), 0);
        record.cells.iter().skip(1).map(makespan::results::record::CellRecord::workers).collect::<Vec<_>>()
    };
    assert_eq!(cells(&["--only", "threads/2"]), [2, 20]);
    assert_eq!(cells(&["--only", "tiny/threads/2"]), [2], "a whole name");
    assert_eq!(cells(&["--only", "tiny/threads/2", "--only", "ds/3"]), [2, 3]);
    let words = refusal_in(dir.path(), &[&TINY[..], &["--only", "threads", "--only", "treads"]].concat());
    assert!(words.contains("contains `treads`"), "{words}");
}

#[test]
fn a_pair_that_makes_no_sense_is_skipped_with_its_reason() {
    let (said, _) = tiny(place().path(), &["--strategy", "work_stealing", "--workers", "2", "--deal", "blocks"]);
    assert!(said.contains("skipped: work_stealing, blocks x 2: rayon schedules by work stealing"), "{said}");
}

fn with_queue(dir: &Path, more: &[&str], code: i32) -> (String, String) {
    ended(dir, &[&TINY[..], &["--strategy", "queue"], more].concat(), code)
}

#[test]
fn a_queue_without_workers_of_the_run_must_be_named() {
    for workers in ["0", "0,2", "2,0"] {
        let (_, words) = with_queue(place().path(), &["--workers", workers], 2);
        let says = if workers == "0" { "with --queue URL or MAKESPAN_QUEUE" } else { "0 can't be combined" };
        assert!(words.contains(says) && words.contains("makespan worker"), "{words}");
    }
}

#[test]
fn a_run_that_nobody_works_for_says_so_after_its_deadline() {
    let dir = place();
    scenario(dir.path(), "tiny", &format!("deadline_s = 0.5\n{FEW_PRIMES}"));
    let queue = ["--workers", "0", "--queue", "sqlite:queue.db", "--queue-name", "pictures"];
    let (said, _) = with_queue(dir.path(), &queue, 1);
    let words = "5 of 5 tasks went wrong; the first, task 0: 0 of 5 done: no worker listens on queue `pictures`";
    assert!(said.contains(words), "{said}");
}

#[test]
fn a_password_is_never_shown() {
    // A port that nobody listens on, and what is no address at all.
    for (queue, code) in [("redis://me:hunter2@127.0.0.1:1/0", 1), ("rediss//me:hunter2@10.0.0.1", 2)] {
        let (said, words) = with_queue(place().path(), &["--workers", "2", "--queue", queue], code);
        assert!(!words.contains("hunter2") && words.contains("redis"), "{words}");
        assert!(said.is_empty(), "{said}");
    }
}

#[test]
fn a_wrong_answer_is_a_failed_run() {
    let dir = place();
    let text = format!("{FEW_PRIMES}\n[[expected]]\nindexes = [1]\nerror = \"connect\"\n");
    scenario(dir.path(), "failing", &text);
    let (said, _) = ended(dir.path(), &["run", "failing.toml", "--data", "data", "--rounds", "2"], 1);
    assert!(said.contains("FAILED: threads x 2: 1 of 5 tasks went wrong; the first, task 1"), "{said}");
}

#[test]
fn exports_can_be_read() {
    let dir = place();
    tiny(dir.path(), &["--json", "record.json", "--csv", "new/folder/times.csv", "--trace", "trace.json"]);
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).expect(name);
    let record: Record = serde_json::from_str(&read("record.json")).expect("a record");

    let csv = read("new/folder/times.csv");
    let mut lines = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(lines.headers().expect("a head").get(8), Some("run_s"));
    let times: Vec<f64> = lines.records().map(|line| line.expect("a line")[8].parse().expect("seconds")).collect();
    let expected: Vec<f64> = record.cells.iter().flat_map(|cell| cell.each(|round| round.run_s)).collect();
    assert_eq!(times, expected);
    let mut lines = csv::Reader::from_reader(csv.as_bytes());
    let of_cell: Vec<csv::StringRecord> = lines.records().map(|line| line.expect("a line")).collect();
    let threads = record.cells[0].most_threads.map_or_else(String::new, |threads| threads.to_string());
    assert_eq!((&of_cell[0][10], &of_cell[0][15]), ("0", threads.as_str()), "task errors and threads");

    let events: Vec<serde_json::Value> = serde_json::from_str(&read("trace.json")).expect("an array");
    let runs = events.iter().filter(|event| event["name"].as_str().is_some_and(|name| name.starts_with("task ")));
    assert_eq!(runs.count(), 3 * 5, "each task of each cell");
    for event in &events {
        assert!(["X", "M", "b", "e"].contains(&event["ph"].as_str().expect("a phase")), "{event}");
        assert!(event["pid"].is_u64() && event["tid"].is_u64() && event["ts"].is_f64(), "{event}");
    }
    // Others may read them, as the user's mask has it: a new file of ours is like any new file.
    let mode = |name: &str| {
        std::os::unix::fs::PermissionsExt::mode(&dir.path().join(name).metadata().expect(name).permissions())
    };
    assert_eq!(mode("record.json"), mode("tiny.toml"));
}

#[test]
fn an_export_to_a_device_leaves_it_one() {
    use std::os::unix::fs::FileTypeExt;
    let dir = place();
    let fifo = dir.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("every Unix has it");
    assert!(made.success());
    let reader = std::thread::spawn({
        let fifo = fifo.clone();
        move || fs::read_to_string(fifo).expect("it can be read")
    });
    tiny(dir.path(), &["--csv", "pipe"]);
    assert!(fifo.metadata().expect("it is there").file_type().is_fifo());
    assert!(reader.join().expect("no panic").starts_with("scenario,variant"));
}

#[test]
fn an_export_that_cannot_be_written_is_a_failure_and_the_table_is_shown() {
    let dir = place();
    let (said, words) = ended(dir.path(), &[&TINY[..], &["--csv", "tiny.toml/times.csv"]].concat(), 1);
    assert!(said.contains("sequential"), "{said}");
    assert!(words.contains("tiny.toml/times.csv: can't be written"), "{words}");
}

#[test]
fn a_run_needs_no_checkout_and_keeps_its_record_where_it_is_told() {
    let dir = place();
    let elsewhere = tempfile::tempdir().expect("a temporary directory");
    let (file, data) = (dir.path().join("tiny.toml"), dir.path().join("kept"));
    let (file, data) = (file.display().to_string(), data.display().to_string());
    success(elsewhere.path(), &["run", &file, "--rounds", "2", "--data", &data]);
    let records = fs::read_dir(dir.path().join("kept/records")).expect("it was made");
    assert_eq!(records.count(), 1);
    let outputs = fs::read_dir(dir.path().join("kept/outputs")).expect("it was made");
    assert_eq!(outputs.count(), 0, "what tasks wrote is gone");
    assert_eq!(fs::read_dir(elsewhere.path()).expect("it is there").count(), 0, "nothing is written where it ran");
}

#[test]
fn an_unusable_data_directory_is_named_with_its_remedy() {
    let dir = place();
    let (_, words) = ended(dir.path(), &["run", "tiny.toml", "--data", "tiny.toml"], 1);
    assert!(words.contains("tiny.toml/outputs") && words.contains("--data DIR"), "{words}");
}

#[test]
fn pictures_that_are_not_there_are_named() {
    let dir = place();
    for (images, says) in [("nowhere", "nowhere: could not be listed"), (".", "no pictures there")] {
        let words = refusal_in(dir.path(), &["run", "thumbnails", "--images", images, "--data", "data"]);
        assert!(words.contains(says), "{words}");
    }
}

#[test]
fn ones_own_pictures_are_used() {
    let dir = place();
    let picture = image::RgbImage::new(200, 150);
    picture.save(dir.path().join("one.png")).expect("writable");
    let encoder = jpeg_encoder::Encoder::new_file(dir.path().join("two.jpg"), 90).expect("writable");
    encoder.encode(&picture, 200, 150, jpeg_encoder::ColorType::Rgb).expect("writable");
    let arguments = ["run", "thumbnails", "--images", ".", "--strategy", "threads", "--workers", "2"];
    let record: Record = document(dir.path(), &[&arguments[..], &["--rounds", "2", "--data", "data"]].concat(), 0);
    assert!(record.cells.iter().all(|cell| cell.tasks == 2), "{record:?}");
}

/// Bad pictures beside good ones, under names that are not UTF-8 or steer a terminal, in a folder and a data directory that
/// are not UTF-8 either: what is good is measured by every strategy, and all the rest is named.
#[test]
fn one_bad_picture_does_not_stop_the_others() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let dir = place();
    let folder = dir.path().join(OsStr::from_bytes(b"Bilder \xe4"));
    fs::create_dir(&folder).expect("writable");
    let mut jpeg = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 90);
    encoder.encode(&vec![99; 200 * 150], 200, 150, jpeg_encoder::ColorType::Luma).expect("a Vec takes everything");
    let half = &jpeg[..jpeg.len() / 2];
    let files: [(&[u8], &[u8]); 7] = [
        (b"good.jfif", &jpeg),
        (b"K\xe4se.jpg", &jpeg),
        (b"empty.jpg", b""),
        (b"\x1b[31mhalf.jpg", half),
        (b"bad.png", b"bad"),
        (b"phone.heic", b"x"),
        (b"notes.txt", b"no picture"),
    ];
    for (name, content) in files {
        fs::write(folder.join(OsStr::from_bytes(name)), content).expect("writable");
    }
    let run = |more: &[&str]| {
        let mut command = command(dir.path());
        command.args(["run", "thumbnails", "--strategy", "threads,processes", "--workers", "2", "--rounds", "2"]);
        command.arg("--images").arg(&folder).arg("--data").arg(OsStr::from_bytes(b"data \xe4"));
        said(command.args(more), 0).0
    };
    let record: Record = serde_json::from_str(&run(&["--json", "-"])).expect("one document");
    assert!(record.cells.iter().all(|cell| cell.tasks == 2 && cell.check == Check::Passed), "{record:?}");
    let left_out: Vec<&str> = record.left_out.iter().map(|one| one.file.as_str()).collect();
    assert_eq!(left_out, ["\x1b[31mhalf.jpg", "bad.png", "empty.jpg", "phone.heic"]);
    let table = run(&[]);
    for line in [
        "2 of 6 pictures were measured. Skipped:",
        "\n  \\u{1b}[31mhalf.jpg: damaged: it ends before its content does: copy it again\n",
        "\n  bad.png: not a picture, by its content",
        "\n  empty.jpg: an empty file: copy it again\n",
        "\n  phone.heic: a HEIC picture, which is not supported: convert it to JPEG or PNG\n",
    ] {
        assert!(table.contains(line), "{line}: {table}");
    }
    assert!(!table.contains('\x1b'), "{table}");
    fs::remove_file(folder.join("good.jfif")).expect("it is there");
    fs::remove_file(folder.join(OsStr::from_bytes(b"K\xe4se.jpg"))).expect("it is there");
    let mut command = command(dir.path());
    command.args(["run", "thumbnails", "--strategy", "threads", "--data", "data", "--images"]).arg(&folder);
    let (_, words) = said(&mut command, 2);
    assert!(words.contains("no pictures there; expected") && words.contains("half.jpg: damaged"), "{words}");
}

#[test]
fn pictures_for_a_scenario_that_has_none_are_refused() {
    let dir = place();
    let words = refusal_in(dir.path(), &["run", "latency_only", "--images", ".", "--data", "data"]);
    assert!(words.contains("latency_only has no pictures: leave out --images"), "{words}");
}

/// Where a scenario gives a deadline, it holds, and what was not done in time is named with the way out.
#[test]
fn a_picture_that_is_late_is_named_with_the_limit() {
    let dir = place();
    for number in 0..40 {
        image::RgbImage::new(600, 400).save(dir.path().join(format!("{number:02}.png"))).expect("writable");
    }
    let text = r#"
deadline_s = 0.000001
workload.thumbnails = { photos = 3 }
cells = [{ strategies = ["threads"], workers = [1] }]
"#;
    scenario(dir.path(), "late", text);
    let arguments = ["run", "late.toml", "--images", ".", "--rounds", "1", "--data", "data"];
    let (said, _) = ended(dir.path(), &arguments, 1);
    for part in
        ["tasks were not done at the run's deadline of 0.000001 s", ".png; give the scenario a larger `deadline_s`"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
}

/// A pipe that nobody reads, as `| head -1` leaves it, but from the start: nothing is left to chance.
fn unread() -> Stdio {
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

#[test]
fn nobody_has_to_listen() {
    let dir = place();
    tiny(dir.path(), &["--json", "record.json"]);
    let commands: [&[&str]; 9] = [
        &["list"],
        &["list", "--names"],
        &["list", "--claims"],
        &["list", "--json", "-"],
        &["compare", "record.json", "record.json"],
        &["report", "--out", "page.html", "--data", "data"],
        &TINY,
        &[TINY[0], TINY[1], TINY[2], TINY[3], TINY[4], TINY[5], "--json", "-"],
        &["--help"],
    ];
    for arguments in commands {
        let mut command = std::process::Command::new(program_under_test());
        command.current_dir(dir.path()).args(arguments);
        let heard = command.stdout(unread()).stderr(Stdio::piped()).output().expect("the program starts");
        assert_eq!(heard.status.code(), Some(0), "{arguments:?}: {}", text(&heard.stderr));
        assert!(!text(&heard.stderr).contains("panicked"), "{}", text(&heard.stderr));
        let unheard = command.stdout(unread()).stderr(unread()).status().expect("the program starts");
        assert_eq!(unheard.code(), Some(0), "{arguments:?}");
    }
    let refused = std::process::Command::new(program_under_test()).args(["run", "nothing"]).stderr(unread()).status();
    assert_eq!(refused.expect("the program starts").code(), Some(2));
}

#[cfg(target_os = "linux")]
#[test]
fn standard_output_that_is_full_is_a_failure() {
    let dir = place();
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has one");
    for arguments in [&["list"][..], &[&TINY[..], &["--json", "-"]].concat()] {
        let mut command = std::process::Command::new(program_under_test());
        let output = command.current_dir(dir.path()).args(arguments).stdout(full()).output().expect("it starts");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let words = text(&output.stderr);
        assert!(words.contains("standard output: ") && words.contains("No space left"), "{words}");
    }
}

#[test]
fn completions_and_manual_pages_know_every_subcommand() {
    let dir = place();
    let shown = |arguments: &[&str]| success(dir.path(), arguments).0;
    assert_eq!(shown(&["man", "--dir", "pages"]), "");
    for shell in ["bash", "zsh", "fish"] {
        let script = shown(&["completions", shell]);
        for subcommand in ["reproduce", "race", "classroom"] {
            assert!(script.contains(subcommand), "{shell} doesn't complete {subcommand}");
        }
    }
    assert!(shown(&["man"]).contains(".TH makespan 1"));
    let page = fs::read_to_string(dir.path().join("pages/makespan-reproduce.1")).unwrap();
    assert!(page.contains(".TH") && page.contains("\\-\\-budget"), "{page}");
}
