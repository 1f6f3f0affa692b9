//! What the program writes and where: outputs, refusals, words that fit the terminal and can't control it.

use common::{
    FEW_PRIMES,
    program::{TINY, makespan, place, refusal, refusal_in, success, text, tiny},
    program_under_test, scenario,
};
use makespan::results::record::Record;
use nix::pty::{Winsize, openpty};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs::{self, File},
    io::Read,
    path::Path,
    process::{Command, Stdio},
};

#[test]
fn a_csv_tells_shapes_with_as_many_workers_apart() {
    let dir = place();
    let (csv, _) = tiny(dir.path(), &["--strategy", "hybrid,threads", "--workers", "1x2,2x1,2", "--csv", "-"]);
    let mut lines = csv::Reader::from_reader(csv.as_bytes());
    let heads = lines.headers().expect("a head").clone();
    assert_eq!((heads.get(8), heads.get(21), heads.get(22)), (Some("run_s"), Some("cpu_s"), Some("processes")));
    let lines: Vec<csv::StringRecord> = lines.records().map(|line| line.expect("a line")).collect();
    let shapes: BTreeSet<[&str; 3]> = lines.iter().map(|line| [&line[2], &line[3], &line[22]]).collect();
    let expected = [["hybrid", "2", "1"], ["hybrid", "2", "2"], ["sequential", "1", ""], ["threads", "2", ""]];
    assert_eq!(shapes, BTreeSet::from(expected));
}

/// What trace viewers rely on: they pair `b` with `e` by category and id over the whole file, take process and thread 0 for
/// the kernel's, and want the spans of one thread beside or inside each other.
#[test]
fn a_trace_is_one_that_viewers_pair_right() {
    let dir = place();
    let (trace, _) = tiny(dir.path(), &["--strategy", "queue,threads", "--workers", "1,2", "--trace", "-"]);
    let events: Vec<Value> = serde_json::from_str(&trace).expect("an array");
    let mut names: BTreeMap<u64, &Value> = BTreeMap::new();
    let mut open: HashMap<(&str, u64), (u64, &str, f64)> = HashMap::new();
    let mut owners: HashMap<u64, u64> = HashMap::new();
    let mut tracks: BTreeMap<(u64, u64), Vec<(f64, f64)>> = BTreeMap::new();
    for event in &events {
        let [pid, tid] = ["pid", "tid"].map(|key| event[key].as_u64().expect(key));
        let (phase, ts) = (event["ph"].as_str().expect("a phase"), event["ts"].as_f64().expect("a time"));
        assert!(pid > 0 && tid > 0 && ts >= 0.0, "{event}");
        let name = event["name"].as_str().expect("a name");
        match phase {
            "M" if name == "process_name" => assert!(names.insert(pid, &event["args"]["name"]).is_none(), "{event}"),
            "M" => assert_eq!(name, "thread_name"),
            "X" => tracks.entry((pid, tid)).or_default().push((ts, ts + event["dur"].as_f64().expect("a duration"))),
            "b" | "e" => {
                let key = (event["cat"].as_str().expect("a category"), event["id"].as_u64().expect("an id"));
                assert_eq!(*owners.entry(key.1).or_insert(pid), pid, "an id of two processes: {event}");
                if phase == "b" {
                    assert!(open.insert(key, (pid, name, ts)).is_none(), "begun twice: {event}");
                } else {
                    let (began_pid, began_name, began) = open.remove(&key).expect("a beginning");
                    assert!((began_pid, began_name) == (pid, name) && began <= ts, "{event}");
                }
            }
            other => panic!("no such phase here: {other}"),
        }
        assert!(names.contains_key(&pid), "a process without a name: {event}");
    }
    assert!(open.is_empty(), "{open:?}");
    assert_eq!(names.len(), 5, "sequential, two of threads, two of the queue");
    assert_eq!(owners.len(), 2 * 5, "each job of each queue's cell");
    for (track, mut spans) in tracks {
        spans.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
        for pair in spans.windows(2) {
            let (outer, inner) = (pair[0], pair[1]);
            assert!(inner.0 >= outer.1 || inner.1 <= outer.1, "{track:?}: {outer:?} and {inner:?} cross");
        }
    }
}

#[test]
fn two_outputs_to_one_place_are_refused_before_anything_is_measured() {
    let dir = place();
    std::os::unix::fs::symlink(dir.path(), dir.path().join("here")).expect("writable");
    fs::write(dir.path().join("old"), "old").expect("writable");
    for (outputs, says) in [
        (["--json", "x", "--csv", "x"], "--json and --csv are both x"),
        (["--json", "x", "--trace", "./x"], "--json and --trace are both ./x"),
        (["--events", "here/x", "--csv", "x"], "--events and --csv are both x"),
        (["--json", "old", "--csv", "here/./old"], "--json and --csv are both here/./old"),
        (["--csv", "new/../x", "--trace", "x"], "--trace and --csv are both new/../x"),
        (["--csv", "-", "--trace", "-"], "--trace and --csv are both standard output"),
        (["--json", "-", "--events", "-"], "--json and --events are both standard output"),
        (["--csv", "tiny.toml", "--json", "y"], "SCENARIO and --csv are both tiny.toml"),
    ] {
        let words = refusal_in(dir.path(), &[&TINY[..], &outputs].concat());
        assert!(words.contains(says) && words.contains("give one of them another file"), "{says}: {words}");
    }
    assert!(!dir.path().join("data").exists() && !dir.path().join("x").exists());
    assert_eq!(fs::read_to_string(dir.path().join("old")).expect("it is there"), "old");
}

/// Whether standard output holds what was asked for, and nothing else.
type IsRight<'a> = &'a dyn Fn(&str) -> bool;

#[test]
fn a_dash_is_standard_output_wherever_an_output_is_named() {
    let dir = place();
    let is_json = |said: &str| serde_json::from_str::<Value>(said).is_ok();
    let is_lines = |said: &str| said.lines().all(is_json) && said.lines().count() > 3;
    let is_csv = |said: &str| said.starts_with("scenario,variant,") && said.lines().count() == 1 + 3 * 2;
    let is_page = |said: &str| said.starts_with("<!DOCTYPE html>") && said.trim_end().ends_with("</html>");
    let run = |option: &'static str| [&TINY[..], &[option, "-"]].concat();
    let outputs: [(Vec<&str>, IsRight); 6] = [
        (run("--json"), &is_json),
        (run("--trace"), &is_json),
        (run("--csv"), &is_csv),
        (run("--events"), &is_lines),
        (vec!["report", "--data", "data", "--out", "-"], &is_page),
        (vec!["museum", "fast_because_wrong", "--json", "-"], &is_json),
    ];
    for (arguments, is_right) in outputs {
        let (said, _) = success(dir.path(), &arguments);
        assert!(is_right(&said), "{arguments:?}: {said}");
    }
    assert!(!dir.path().join("-").exists());
    // One of them to standard output, the others to files.
    let (said, _) = tiny(dir.path(), &["--csv", "-", "--json", "record.json", "--trace", "trace.json"]);
    assert!(is_csv(&said), "{said}");
    assert!(["record.json", "trace.json"].iter().all(|name| dir.path().join(name).is_file()));
}

/// The pieces of a message that stand in it twice.
fn repeated(words: &str) -> Vec<&str> {
    let pieces: Vec<&str> = words.split([':', ';', '\n']).map(str::trim).filter(|piece| piece.len() > 9).collect();
    let twice = |(place, piece): (usize, &&str)| pieces[..place].iter().any(|one| one.contains(piece));
    pieces.iter().enumerate().filter(|&(place, piece)| twice((place, piece))).map(|(_, piece)| *piece).collect()
}

#[test]
fn no_sentence_stands_twice_in_an_error() {
    assert_eq!(repeated("x: No such file (os error 2): No such file (os error 2)"), ["No such file (os error 2)"]);
    let dir = place();
    fs::write(dir.path().join("broken.toml"), "title = ").expect("writable");
    fs::write(dir.path().join("broken.json"), "{").expect("writable");
    fs::create_dir(dir.path().join("folder.toml")).expect("writable");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("its address").to_string();
    let failures: [&[&str]; 17] = [
        &["run", "missing.toml"],
        &["run", "folder.toml"],
        &["run", "broken.toml"],
        &["run", "tiny.toml", "--data", "tiny.toml"],
        &["run", "tiny.toml", "--rounds", "2", "--data", "data", "--csv", "tiny.toml/x"],
        &["run", "tiny.toml", "--rounds", "2", "--data", "data", "--events", "missing/x"],
        &["run", "thumbnails", "--images", "missing", "--data", "data"],
        &["run", "tiny.toml", "--strategy", "queue", "--queue", "sqlite:missing/x.db"],
        &["run", "tiny.toml", "--strategy", "queue", "--queue", "redis://127.0.0.1:1/0"],
        &["run", "latency_only", "--server", "http://127.0.0.1:1", "--data", "data"],
        &["compare", "missing.json", "broken.json"],
        &["compare", "broken.json", "broken.json"],
        &["report", "--data", "data", "--out", "tiny.toml/page.html"],
        &["server", "--addr", &taken],
        &["server", "--addr", "192.0.2.1:0", "--allow-remote"],
        &["worker", "--queue", "sqlite:missing/x.db", "--data", "data"],
        &["worker", "--queue", "redis://127.0.0.1:1/0", "--data", "data"],
    ];
    for arguments in failures {
        let output = makespan(dir.path(), arguments);
        let words = text(&output.stderr);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{arguments:?}: {words}");
        assert!(words.starts_with("makespan: ") || words.contains("\nmakespan: "), "{arguments:?}: {words}");
        assert_eq!(repeated(&words), [""; 0], "{arguments:?}: {words}");
        assert!(words.matches("os error").count() <= 1, "{arguments:?}: {words}");
    }
}

/// What a file that begins like every test's says of it.
fn wrong(text: &str) -> String {
    let dir = place();
    let path = scenario(dir.path(), "wrong", text).display().to_string();
    let words = refusal(&["run", &path]);
    assert!(words.contains("wrong.toml"), "{words}");
    words
}

#[test]
fn a_name_that_is_unknown_is_not_said_to_be_expected() {
    for (from, to, says) in [
        ("\"threads\"", "\"treads\"", "found `treads`, expected one of sequential, thread_per_task, threads, "),
        (
            "workers = [2]",
            "workers = [2]\nvariant = \"defalt\"",
            "found `defalt`, expected one of default; did you mean `default`?",
        ),
    ] {
        let words = wrong(&FEW_PRIMES.replacen(from, to, 1));
        assert!(words.contains(says) && !words.contains("expected unknown"), "{words}");
    }
    let claim = "[[claims]]\nid = '005-1'\nquestion = '?'\nsays = '.'\n[[claims.figures]]\nname = 'n'\nprinted = 2.0\n";
    for (test, says) in [
        ("test.ratio = { from = 'sequential x 1', to = 'threads x 3' }", "did you mean `threads x 2`?"),
        ("test.exhibit = 'lost_task_don'", "did you mean `lost_task_done`?"),
    ] {
        let words = wrong(&format!("{FEW_PRIMES}{claim}{test}\n"));
        assert!(words.contains(says) && words.contains("one of ") && !words.contains("unknown"), "{words}");
    }
}

#[test]
fn what_cannot_be_is_refused_in_a_scenario() {
    let claim = |figure: &str| {
        let head = "[[claims]]\nid = '005-1'\nquestion = '?'\nsays = '.'\n[[claims.figures]]\nname = 'n'\n";
        format!("{FEW_PRIMES}{head}{figure}\n")
    };
    let ratio = "test.ratio = { from = 'sequential x 1', to = 'threads x 2' }";
    let count = "test.count = { cell = 'threads x 2', what = 'tasks' }";
    for (text, says) in [
        (format!("{FEW_PRIMES}[variants.default]\ntasks = 2\n"), "`variants`: found `default`, expected another name"),
        (
            claim(&format!("{ratio}\nprinted = -2.0")),
            "`claims.005-1.figures.printed`: found -2, expected a number above 0",
        ),
        (claim(&format!("{ratio}\nprinted = inf")), "found inf, expected a number above 0"),
        (
            claim(&format!("{ratio}\nexpects = {{ above = 0.0, from = 'ours' }}")),
            "figures.expects`: found 0, expected a number above 0",
        ),
        (claim(&format!("{count}\nprinted = 1.5")), "found 1.5, expected a whole number"),
        (
            format!("time_scale = 1e-9\n{FEW_PRIMES}"),
            "`time_scale`: found 1e-9, expected a number from 0.001 to 1000000",
        ),
        (format!("deadline_s = 1e300\n{FEW_PRIMES}"), "`deadline_s`: found 1e300, expected at most a day"),
    ] {
        let words = wrong(&text);
        assert!(words.contains(says), "{says}: {words}");
    }
}

#[test]
fn all_that_is_missing_is_named_at_once_with_its_line() {
    let words =
        wrong("[workload.prime_sum]\nbelow = 100\n[[cells]]\nworkers = [2]\n[[cells]]\nstrategies = ['threads']\n");
    let says = "missing `tasks` in `workload.prime_sum` (line 3); missing `strategies` in `cells` (line 5); missing \
                `workers` in `cells` (line 7)";
    assert!(words.contains(says), "{words}");
    let dir = place();
    fs::write(dir.path().join("bare.toml"), "document = '005'\n").expect("writable");
    let words = refusal_in(dir.path(), &["run", "bare.toml"]);
    assert!(words.contains("missing `title`, `question`, `workload`, `cells` at the top"), "{words}");
}

#[test]
fn a_sweep_is_for_those_who_want_fewer_cells() {
    let dir = place();
    let text = FEW_PRIMES.split("[[sweep]]").next().expect("what comes before");
    scenario(dir.path(), "tiny", text);
    let cells = |more: &[&str]| {
        let (said, _) = tiny(dir.path(), &[more, &["--json", "-"]].concat());
        serde_json::from_str::<Record>(&said).expect("a record").cells.len()
    };
    assert_eq!((cells(&[]), cells(&["--sweep"])), (3, 3));
}

#[test]
fn options_that_mean_nothing_are_refused() {
    for (arguments, says) in [
        (&["run", "tiny.toml", "--switch-interval", "5"][..], "--switch-interval: no cell has an interpreter's lock"),
        (&["run", "tiny.toml", "--strategy", "threads", "--switch-interval", "5"], "add `--strategy gil_threads`"),
        (&["run", "tiny.toml", "--time-scale", "2"], "--time-scale: the tasks of tiny wait for no server"),
        (&["race", "tiny.toml", "--time-scale", "2"], "--time-scale: the tasks of tiny wait for no server"),
        (&["run", "tiny.toml", "--strategy", "sequential", "--schedule", "blocks"], "--schedule: no cell has workers"),
        (&["run", "tiny.toml", "--server", "http://127.0.0.1:1"], "tiny has no server"),
        (&["lesson", "--data", "data"], "--data: only a lesson"),
        (&["server", "--data", "data"], "--data: generic routes need"),
        (&["museum", "--json", "-"], "--json needs an exhibit"),
    ] {
        let words = refusal(arguments);
        assert!(words.contains(says), "{arguments:?}: {words}");
    }
    let dir = place();
    tiny(dir.path(), &["--strategy", "gil_threads", "--workers", "2", "--switch-interval", "1"]);
}

#[test]
fn a_time_scale_has_bounds_and_they_are_named() {
    for scale in ["1e-9", "0", "-1", "nan", "inf", "1e300", "ten"] {
        for command in [&["run", "latency_only"][..], &["race", "latency_only"], &["server"]] {
            let words = refusal(&[command, &[&format!("--time-scale={scale}")]].concat());
            assert!(words.contains("expected a number from 0.001 to 1000000"), "{command:?} {scale}: {words}");
            assert!(words.lines().all(|line| line.len() < 150), "{words}");
        }
    }
    // In range by itself, and out of it with these latencies.
    let dir = place();
    let text = "[workload.fetch]\ntasks = 1\npaths = ['/']\n[server]\n[[server.routes]]\npath = '/'\nlatency_s = 1000\n
                [[cells]]\nstrategies = ['threads']\nworkers = [1]\n";
    scenario(dir.path(), "slow", text);
    let words = refusal_in(dir.path(), &["run", "slow.toml", "--time-scale", "0.001"]);
    assert!(words.contains("--time-scale: server.routes[0].latency_s: found 1000"), "{words}");
}

#[test]
fn asking_for_help_twice_is_no_error() {
    let dir = place();
    for (asked, one) in [("help --help", "--help"), ("help -h", "--help"), ("help run --help", "run --help")] {
        let [asked, one] = [asked, one].map(|text| success(dir.path(), &text.split(' ').collect::<Vec<_>>()).0);
        assert_eq!(asked, one);
    }
    let (said, _) = success(dir.path(), &["exercise", "help", "--help"]);
    assert!(said.contains("Usage: makespan exercise"), "{said}");
}

#[test]
fn a_record_says_whether_its_scatter_was_asked_for() {
    let dir = place();
    let route = |more: &str| {
        format!(
            "[workload.fetch]\ntasks = 2\npaths = ['/']\n[server]\n[[server.routes]]\npath = '/'\nlatency_s = 0.001\n{more}
             [[cells]]\nstrategies = ['threads']\nworkers = [2]\n"
        )
    };
    for (more, drawn) in [("", false), ("spread = { shape = 'lognormal', cv = 0.9 }", true)] {
        scenario(dir.path(), "tiny", &route(more));
        let (said, _) = tiny(dir.path(), &["--json", "-"]);
        assert_eq!(serde_json::from_str::<Record>(&said).expect("a record").drawn, drawn);
    }
}

/// A terminal's escapes, in C0 and C1, and a mark that reverses what follows.
const EVIL: &str = "\u{1b}[31m\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}";

#[test]
fn nothing_that_is_shown_controls_the_terminal() {
    let dir = place();
    let is_safe = |said: &str| !said.chars().any(|one| (one.is_control() && one != '\n') || one == '\u{202e}');
    let evil = serde_json::to_string(EVIL).expect("a string");
    let text = format!("title = {evil}\nquestion = {evil}\n{FEW_PRIMES}[variants.{evil}]\ntasks = 6\n");
    let text = text.replace('\u{9b}', "\\u009b").replace('\u{202e}', "\\u202e");
    let name = format!("{EVIL}.toml");
    fs::write(dir.path().join(&name), text).expect("writable");
    let missing = format!("missing{name}");
    let shown: [&[&str]; 7] = [
        &["run", &name, "--rounds", "2", "--data", "data"],
        &["run", &name, "--rounds", "2", "--data", "data", "--variant", EVIL, "--json", "evil.json"],
        &["compare", "evil.json", "evil.json"],
        &["run", &missing],
        &["run", &name, "--variant", "x", "--data", "data"],
        &["run", &name, EVIL],
        &["report", "--data", "data", "--out", &missing],
    ];
    for arguments in shown {
        let output = makespan(dir.path(), arguments);
        let (said, words) = (self::text(&output.stdout), self::text(&output.stderr));
        assert!(is_safe(&said) && is_safe(&words), "{arguments:?}: {said:?} {words:?}");
        assert!(said.contains("\\u{") || words.contains("\\u{"), "it is shown, escaped: {said} {words}");
    }
    // What other programs read is as it was.
    let (said, _) = success(dir.path(), &["run", &name, "--rounds", "2", "--data", "data", "--json", "-"]);
    assert_eq!(serde_json::from_str::<Record>(&said).expect("a record").title, EVIL);
}

/// What the program writes to a terminal of this width.
fn on_a_terminal(dir: &Path, columns: u16, arguments: &[&str]) -> String {
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let pair = openpty(&size, None).expect("a pseudo-terminal");
    let mut command = Command::new(program_under_test());
    command.current_dir(dir).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).stdout(pair.slave);
    let mut child = command.spawn().expect("the program starts");
    // It holds the slave's other handles: while they are open, the reader never sees the end.
    drop(command);
    let mut said = Vec::new();
    // Linux says that the last one has gone as an error.
    let _ = File::from(pair.master).read_to_end(&mut said);
    assert!(child.wait().expect("a child of ours").success());
    text(&said).replace("\r\n", "\n")
}

#[test]
fn tables_fit_the_terminal() {
    let dir = place();
    let run = [&TINY[..], &["--strategy", "threads,work_stealing", "--workers", "2", "--json", "record.json"]].concat();
    let commands: [&[&str]; 2] = [&run, &["compare", "record.json", "record.json"]];
    for columns in [100, 80, 40] {
        for arguments in commands {
            let said = on_a_terminal(dir.path(), columns, arguments);
            let widest = said.lines().max_by_key(|line| line.chars().count()).expect("some lines");
            assert!(widest.chars().count() <= columns.into(), "{columns}: {widest}\n{said}");
            assert!(!said.contains("threads") || said.contains("work_stealing"), "{said}");
        }
    }
    let (piped, _) = success(dir.path(), &run);
    assert!(["CPU", "efficiency", "per worker"].iter().all(|head| piped.contains(head)), "{piped}");
}

#[test]
fn a_comparison_says_why_a_cell_is_not_in_it() {
    let dir = place();
    tiny(dir.path(), &["--json", "two.json"]);
    success(dir.path(), &["run", "tiny.toml", "--rounds", "1", "--data", "data", "--json", "one.json"]);
    tiny(dir.path(), &["--json", "threads.json", "--strategy", "threads", "--workers", "2"]);
    let (said, _) = success(dir.path(), &["compare", "two.json", "one.json"]);
    assert!(said.contains("\n0 cells compared.\n3 cells not compared: an interval needs two rounds"), "{said}");
    let (said, _) = success(dir.path(), &["compare", "two.json", "threads.json"]);
    assert!(said.contains("\n2 cells compared.\n1 cell not compared: the second record does not have it."), "{said}");

    let other = fs::read_to_string(dir.path().join("two.json")).expect("just written");
    let mut other: Value = serde_json::from_str(&other).expect("a record");
    (other["host"]["cpu_model"], other["host"]["kernel"]) = ("Z80 \u{1b}[1m".into(), Value::Null);
    fs::write(dir.path().join("other.json"), other.to_string()).expect("writable");
    let (_, words) = success(dir.path(), &["compare", "two.json", "other.json"]);
    assert!(words.contains(", then Z80 \\u{1b}[1m\n") && words.contains(", then unknown\n"), "{words}");
    assert!(!words.contains("Some(") && !words.contains('"'), "{words}");
}
