//! The bug museum: every exhibit catches its bug, its right way is right, and nothing of it is left behind.

use assert_cmd::Command;
use common::{PATIENCE, left_behind, program, program_under_test, skipped, wait_until};
use makespan::museum::{ALL, ExhibitShown, Figures, named};
use std::{collections::BTreeSet, fs, path::Path};

/// Tests that look at this process's children must not have each other's among them.
fn ended(arguments: &[&str], code: i32) -> (String, String) {
    let _turn = left_behind::alone();
    program::ended(Path::new("."), arguments, code)
}

fn success(arguments: &[&str]) -> String {
    ended(arguments, 0).0
}

fn show(name: &str) -> ExhibitShown {
    let shown = named(name).expect("an exhibit").show(&common::env()).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(shown.bug.holds, "{name}: {}", shown.bug.verdict);
    assert!(shown.right.holds, "{name}: {}", shown.right.verdict);
    let in_python = shown.python.iter().flat_map(|python| [&python.bug, &python.right]);
    in_python.for_each(|side| assert!(side.holds, "{name} in Python: {}", side.verdict));
    shown
}

/// The named figures of the document's way, and of the right way.
fn figures(shown: &ExhibitShown, names: &[&str]) -> (Vec<u64>, Vec<u64>) {
    let of = |figures: &Figures| names.iter().map(|name| figures[*name]).collect();
    (of(&shown.bug.figures), of(&shown.right.figures))
}

#[test]
fn each_bug_is_caught_and_each_right_way_is_right() {
    let _turn = left_behind::alone();
    let found = |name, names: &[&str]| figures(&show(name), names);

    assert_eq!(found("no_queue", &["jobs", "requests"]), (vec![30, 150], vec![30, 30]));
    let (bug, right) = found("torn_prints", &["lines", "torn"]);
    assert!(bug[0] == 30 && bug[1] > 0 && right == [30, 0], "{bug:?} {right:?}");
    assert_eq!(found("lost_task_done", &["jobs", "unfinished"]), (vec![30, 1], vec![30, 0]));
    let shown = show("lost_task_done");
    assert_eq!(shown.right.figures["threads_results"], 29);
    assert!(shown.right.verdict.contains("job 17: could not connect"), "{}", shown.right.verdict);
    assert_eq!(found("children_of_children", &["workers", "deepest"]), (vec![14, 3], vec![2, 1]));
    assert_eq!(found("enqueued_alone", &["jobs", "done"]), (vec![12, 0], vec![12, 12]));
    let shown = show("deadline_that_is_not");
    assert_eq!((shown.bug.figures["finished"], shown.bug.figures["looks"]), (5, 0));
    assert!(shown.bug.figures["begun_after_the_deadline"] >= 2 && shown.right.figures["timed_out"] >= 3, "{shown:?}");
    let (bug, right) = found("silent_failures", &["downloads", "exit_code"]);
    assert_eq!((bug, right), (vec![12, 0], vec![12, 1]));
    assert_eq!(found("blocking_call", &["came", "most_in_flight"]), (vec![5, 1], vec![5, 5]));
    assert_eq!(found("wrong_name", &["requests_before_the_complaint"]), (vec![13], vec![0]));
    assert_eq!(found("empty_then_get", &["done", "workers_waiting_for_ever"]), (vec![1, 1], vec![1, 0]));
    assert_eq!(found("fast_because_wrong", &["came", "files"]), (vec![15, 1], vec![15, 15]));
}

#[test]
fn the_table_and_the_folder_agree() {
    let folder = Path::new(common::ROOT).join("crates/museum/src");
    let entries = fs::read_dir(folder).expect("the museum").map(|entry| entry.expect("an entry").path());
    let files = entries.filter(|path| {
        path.is_file() && !["lib.rs", "props.rs", "python.rs"].iter().any(|other| path.ends_with(other))
    });
    let files: BTreeSet<String> =
        files.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned()).collect();
    let listed: BTreeSet<String> = ALL.iter().map(|exhibit| exhibit.name.to_owned()).collect();
    assert_eq!(listed, files, "a file of crates/museum/src/ without its line in `ALL`, or the other way round");
    assert_eq!(ALL.len(), listed.len(), "two exhibits have one name");
    for exhibit in ALL {
        assert!(Path::new(common::ROOT).join(exhibit.code()).is_file(), "{}", exhibit.code());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_left_behind_of_an_exhibit() {
    let _turn = left_behind::alone();
    for exhibit in ALL {
        let children = left_behind::children();
        show(exhibit.name);
        // A thread without a name of its own has that of the thread which started it, as long as the system lets names
        // be. A joined thread may still be listed for a moment.
        let name = exhibit.name.get(..15).unwrap_or(exhibit.name);
        let ours = |thread: &str| thread == name || thread.starts_with("worker ");
        let what = format!("{}: all threads are gone", exhibit.name);
        wait_until(&what, || !threads().iter().any(|thread| ours(thread)));
        // Snapshots of other tests ask cargo where they are: such a child comes and goes.
        let what = format!("{}: no child is left", exhibit.name);
        wait_until(&what, || left_behind::children().iter().all(|child| children.contains(child)));
    }
}

/// The names of this process's threads.
#[cfg(target_os = "linux")]
fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").expect("this is Linux").flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.map(|name| name.trim_end().to_owned()).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn no_process_outlives_the_museum() {
    let mark = "museum closed";
    let mut museum = Command::new(program_under_test());
    let turn = left_behind::alone();
    museum.env(left_behind::MARK, mark).timeout(PATIENCE).args(["museum", "--all"]).assert().success();
    wait_until("no process is left", || left_behind::marked(mark).is_empty());
    drop(turn);
}

#[test]
fn without_a_name_the_exhibits_are_listed() {
    let said = success(&["museum"]);
    assert!(said.lines().all(|line| line.chars().count() <= 100), "{said}");
    insta::assert_snapshot!("list", said);
    insta::assert_snapshot!("help", success(&["museum", "--help"]));
}

#[test]
fn one_exhibit_says_what_it_is_and_what_it_found() {
    // Not one with a Python, whose version differs from machine to machine.
    insta::assert_snapshot!("no_queue", success(&["museum", "no_queue"]));
}

#[test]
fn all_are_shown_in_their_order_and_fit_the_terminal() {
    let said = success(&["museum", "--all"]);
    let heads: Vec<&str> = ALL.iter().map(|exhibit| exhibit.name).collect();
    let found = said.lines().filter_map(|line| line.split_once(": ")).map(|(head, _)| head);
    let found: Vec<&str> = found.filter(|head| heads.contains(head)).collect();
    assert_eq!(found, heads);
    assert!(said.lines().all(|line| line.chars().count() <= 100), "{said}");
    let in_python = ALL.iter().filter(|exhibit| exhibit.python.is_some()).count();
    let shown = ALL.len() + if said.contains("no Python found") { 0 } else { in_python };
    assert_eq!(said.matches("✗ Caught").count(), shown);
    assert_eq!(said.matches("✓ Right").count(), shown);
    let all = ALL.len();
    assert!(said.ends_with(&format!("{all} of {all} exhibits: the bug was caught and the fix worked.\n")), "{said}");
}

#[test]
fn json_is_json_and_nothing_else() {
    let said = success(&["museum", "all", "--json", "-"]);
    let visits: Vec<serde_json::Value> = serde_json::from_str(&said).expect("one document");
    let names: Vec<&str> = visits.iter().filter_map(|visit| visit["name"].as_str()).collect();
    assert_eq!(names, ALL.iter().map(|exhibit| exhibit.name).collect::<Vec<_>>());
    for visit in &visits {
        assert!(visit["holds"] == true && visit["bug"]["holds"] == true && visit["right"]["holds"] == true, "{visit}");
        assert!(visit["bug"]["figures"].as_object().is_some_and(|figures| !figures.is_empty()), "{visit}");
        assert!(visit["error"].is_null(), "{visit}");
    }

    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("museum.json");
    let said = success(&["museum", "wrong_name", "--json", &file.display().to_string()]);
    assert!(said.contains("✗ Caught"), "{said}");
    let written = fs::read_to_string(file).expect("it was written");
    let visits: Vec<serde_json::Value> = serde_json::from_str(&written).expect("a document");
    assert_eq!(visits[0]["claims"], serde_json::json!(["002-4"]));
    assert_eq!(visits.len(), 1);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let refusal = |arguments: &[&str]| {
        let (said, words) = ended(arguments, 2);
        assert_eq!(said, "", "{arguments:?}");
        words
    };
    assert!(refusal(&["museum", "no_quue"]).contains("did you mean `no_queue`?"));
    assert!(refusal(&["museum", "xyz"]).contains("Known: no_queue, torn_prints"));
    assert!(refusal(&["museum", "--json", "-"]).contains("--all"));
    assert!(refusal(&["museum", "no_queue", "--all"]).contains("cannot be used with"));
}

#[cfg(target_os = "linux")]
#[test]
fn what_can_not_be_shown_is_an_error_and_not_a_finding() {
    let _turn = left_behind::alone();
    // Six open files are too few for a server of one's own.
    let script = "ulimit -n 6; exec \"$0\" museum no_queue --json -";
    let mut shell = Command::new("sh");
    let (said, words) = program::said(shell.timeout(PATIENCE).args(["-c", script, program_under_test()]), 1);
    assert!(words.contains("no_queue: "), "{words}");
    let visits: Vec<serde_json::Value> = serde_json::from_str(&said).expect("one document");
    assert!(visits[0]["holds"] == false && visits[0]["bug"].is_null() && visits[0]["error"].is_string(), "{said}");
}

#[test]
fn the_script_goes_no_deeper_than_it_says() {
    for arguments in [&["museum-script", "unguarded", "4"][..], &["museum-script", "other", "0"], &["museum-script"]] {
        assert_eq!(ended(arguments, 1).0, "", "{arguments:?}");
    }
    assert_eq!(success(&["museum-script", "unguarded", "3"]), "3\n");
}

/// Some bugs are shown by a student's program as well. Those that hang are killed with their processes.
#[test]
fn bugs_are_caught_in_python_too() {
    let _turn = left_behind::alone();
    let in_python: Vec<_> = ALL.iter().filter(|exhibit| exhibit.python.is_some()).collect();
    assert_eq!(in_python.len(), 6);
    for exhibit in in_python {
        let Some(python) = show(exhibit.name).python else {
            return skipped("bugs in Python: no Python found");
        };
        assert_eq!(Some(&*python.program), exhibit.python);
        wait_until("its processes are gone", || running(&format!("exhibits/{}.py", python.program)) == 0);
    }
}

/// How many processes have this in their command line.
fn running(argument: &str) -> usize {
    let processes = fs::read_dir("/proc").expect("this is Linux").flatten();
    let command_lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    command_lines.filter(|line| String::from_utf8_lossy(line).contains(argument)).count()
}
