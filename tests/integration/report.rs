//! `makespan report`: which records it shows, what it compares them with, and who opens the page.

use common::{
    program::{place, refusal_in, success, tiny},
    program_under_test, scenario, wait_until,
};
use serde_json::{Value, json};
use std::{
    fs,
    process::{Command, Stdio},
};

#[test]
fn a_report_of_a_directory_that_is_not_there_is_refused() {
    let dir = place();
    tiny(dir.path(), &[]);
    for (data, says) in
        [("dta", "did you mean `./data`?"), ("tiny.toml", "no such directory"), ("data/rec", "data/records")]
    {
        for flag in ["--data", "--against"] {
            let words = refusal_in(dir.path(), &["report", flag, data]);
            assert!(words.contains(&format!("{flag} {data}: no such directory")) && words.contains(says), "{words}");
        }
    }
    assert!(!dir.path().join("makespan.html").exists(), "no page is written");
}

/// An exhibit decides it: nothing has to be measured.
const CLAIM: &str = "003-8";

#[test]
fn a_report_against_an_earlier_run_shows_what_changed() {
    let dir = place();
    success(dir.path(), &["reproduce", CLAIM, "--data", "now"]);
    fs::create_dir(dir.path().join("before")).expect("writable");
    let kept = fs::read_to_string(dir.path().join("now/exhibits.json")).expect("it was kept");
    let mut before: Value = serde_json::from_str(&kept).expect("JSON");
    let changes = |before: &Value| {
        fs::write(dir.path().join("before/exhibits.json"), before.to_string()).expect("writable");
        success(dir.path(), &["report", "--data", "now", "--against", "before", "--out", "page.html"]);
        let page = fs::read_to_string(dir.path().join("page.html")).expect("it was written");
        let section = page.split("<section id=\"changes\"").nth(1).expect("a section of its own");
        section.split("</section>").next().expect("an end").to_owned()
    };
    let same = changes(&before);
    assert!(same.contains("1 claim measured in both runs: 0 verdicts changed"), "{same}");
    // Then, the bug was not caught.
    before["exhibits"]["empty_then_get"]["bug"]["holds"] = json!(false);
    let other = changes(&before);
    assert!(other.contains("1 verdict changed") && other.contains(&format!("href=\"#{CLAIM}\"")), "{other}");
}

#[test]
fn a_directory_where_nothing_is_measured_is_no_earlier_run() {
    let dir = place();
    tiny(dir.path(), &[]);
    fs::create_dir(dir.path().join("empty")).expect("writable");
    // What `makespan run` measured of a scenario without claims is no evidence either.
    for earlier in ["empty", "data"] {
        let words = refusal_in(dir.path(), &["report", "--data", "data", "--against", earlier, "--out", "page.html"]);
        assert!(words.contains(&format!("--against {earlier}: no claims were measured there")), "{words}");
        assert!(words.contains("`--data` directory of an earlier `makespan reproduce`"), "{words}");
    }
    assert!(!dir.path().join("page.html").exists(), "no page is written");
}

/// The program that opens pages, in a folder that is all of `PATH`.
#[cfg(target_os = "linux")]
#[test]
fn the_page_is_opened_by_the_system_and_written_all_the_same_where_that_fails() {
    use std::os::unix::fs::PermissionsExt;

    let dir = place();
    tiny(dir.path(), &[]);
    let opener = dir.path().join("bin/xdg-open");
    fs::create_dir(dir.path().join("bin")).expect("writable");
    let opening = || {
        let mut report = Command::new(program_under_test());
        report.current_dir(dir.path()).env("PATH", dir.path().join("bin"));
        report.args(["report", "--data", "data", "--out", "a page.html", "--open"]);
        let output = report.output().expect("the program starts");
        assert!(output.status.success(), "a page that isn't opened is a page");
        assert!(fs::remove_file(dir.path().join("a page.html")).is_ok(), "it was written");
        (common::program::text(&output.stdout), common::program::text(&output.stderr))
    };
    let (said, words) = opening();
    assert_eq!(said, "a page.html\n");
    assert!(words.contains("can't start xdg-open: ") && words.contains("; open a page.html yourself"), "{words}");
    let script = |body: &str| {
        fs::write(&opener, format!("#!/bin/sh\n{body}\n")).expect("writable");
        fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).expect("it is ours");
    };
    script("exit 3");
    let (_, words) = opening();
    assert!(words.contains("xdg-open could not open the page (exit status: 3); open a page.html yourself"), "{words}");
    script("printf '%s:' \"$#\" \"$1\" > opened; test -s \"$1\"");
    let (_, words) = opening();
    assert!(!words.contains("yourself"), "{words}");
    assert_eq!(fs::read_to_string(dir.path().join("opened")).expect("it was called"), "1:a page.html:");
}

/// In a checkout, the page is written again after each scenario.
#[test]
fn the_first_verdicts_can_be_read_while_the_rest_is_measured() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    fs::write(dir.path().join("Cargo.toml"), "[package]\nname = \"makespan\"\n").expect("writable");
    let with_claim = |name: &str, id: &str, body: &str| {
        let claim = format!(
            "[[cells]]\nstrategies = ['threads']\nworkers = [2]\n[[claims]]\nid = '{id}'\nquestion = 'Is it so?'\n\
             says = 'It is so.'\n[[claims.figures]]\nname = 'tasks'\n\
             test = {{ count = {{ cell = 'threads x 2', what = 'tasks' }} }}\n\
             expects = {{ above = 1, from = 'ours' }}\n"
        );
        scenario(dir.path(), name, &format!("{body}{claim}"));
    };
    with_claim("first", "009-1", "[workload.prime_sum]\nbelow = 1000\ntasks = 5\n");
    // Nobody waits for its end.
    let waits = "[workload.fetch]\ntasks = 60\npaths = ['/']\n[server]\n[[server.routes]]\npath = '/'\nlatency_s = 1\n";
    with_claim("second", "009-2", &format!("deadline_s = 120\n{waits}"));
    let mut reproduce = Command::new(program_under_test())
        .args(["reproduce", "first.toml", "second.toml"])
        .current_dir(dir.path())
        .env("CARGO_TARGET_DIR", dir.path().join("target"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let page = dir.path().join("report/index.html");
    wait_until("there is a page, or an end", || {
        page.exists() || reproduce.try_wait().expect("it was started").is_some()
    });
    let goes_on = reproduce.try_wait().expect("it was started").is_none();
    reproduce.kill().and_then(|()| reproduce.wait().map(drop)).expect("it ends");
    assert!(goes_on, "the page came before the end");
    let page = fs::read_to_string(&page).expect("a whole page");
    let verdict = |id: &str| {
        let claim = page.split(&format!("id=\"{id}\"")).nth(1)?;
        claim.split("chip v-").nth(1)?.split('"').next()
    };
    assert_eq!(verdict("009-1"), Some("holds"));
    assert_ne!(verdict("009-2"), Some("holds"), "it is not measured yet");
}
