//! Commands for scripts: documents in JSON with their schemas, exit codes, scenarios that are begun and checked, predictions.

use common::{
    FEW_PRIMES,
    program::{self, ended, makespan, place, refusal, refusal_in, success, text, tiny},
    scenario,
    schema::{complaints, schema, validator},
};
use makespan::results::record::{Check, Record};
use serde_json::{Value, json};
use std::{fs, path::Path};

#[test]
fn two_records_are_compared() {
    let dir = place();
    tiny(dir.path(), &["--json", "before.json"]);
    tiny(dir.path(), &["--json", "after.json", "--strategy", "threads", "--workers", "2"]);
    let (said, _) = success(dir.path(), &["compare", "before.json", "after.json"]);
    assert!(said.starts_with("tiny: A test"), "{said}");
    assert!(said.contains("threads x 2") && said.contains("2 cells compared.\n1 cell not compared: "), "{said}");
}

/// The document that the program writes on standard output with `--json -`, checked by its schema.
fn document(dir: &Path, arguments: &[&str], name: &str, code: i32) -> Value {
    let document: Value = program::document(dir, arguments, code);
    assert_eq!(document["schema"], schema(name)["properties"]["schema"]["const"]);
    assert_eq!(complaints(&validator(name), &document), [""; 0], "{document:#}");
    document
}

#[test]
fn a_cell_that_is_shown_to_be_slower_fails_the_comparison() {
    let dir = place();
    let whole: Value = program::document(dir.path(), &["run", "tiny.toml", "--rounds", "6", "--data", "data"], 0);
    // Each cell takes so many seconds in each round, with a scatter of one percent.
    let times = |of: [f64; 2], name: &str| {
        let mut record = whole.clone();
        let cells = record["cells"].as_array_mut().expect("cells");
        cells.truncate(2);
        for (cell, seconds) in cells.iter_mut().zip(of) {
            let rounds = cell["rounds"].as_array_mut().expect("rounds").iter_mut();
            for (round, factor) in rounds.zip([1.0, 1.01, 0.99, 1.0, 1.005, 0.995]) {
                round["run_s"] = json!(seconds * factor);
            }
        }
        fs::write(dir.path().join(name), record.to_string()).expect("writable");
    };
    times([4.0, 2.0], "before.json");
    times([4.0, 2.5], "slower.json");
    times([4.0, 2.1], "around.json");
    let compared = |after: &str, code| {
        let arguments = ["compare", "before.json", after, "--fail-if-slower", "5%"];
        let found = document(dir.path(), &arguments, "compare-1", code);
        let outcomes = found["cells"].as_array().expect("cells").iter().map(|cell| cell["outcome"].clone());
        (found["outcome"].clone(), outcomes.collect::<Vec<_>>())
    };
    assert_eq!(compared("before.json", 0), (json!("passed"), vec![json!("passed"), json!("passed")]));
    assert_eq!(compared("slower.json", 3), (json!("slower"), vec![json!("passed"), json!("slower")]));
    assert_eq!(compared("around.json", 0), (json!("undecided"), vec![json!("passed"), json!("undecided")]));
    let said = |after: &str, margin: &str| {
        let output = makespan(dir.path(), &["compare", "before.json", after, "--fail-if-slower", margin]);
        (output.status.code(), text(&output.stdout))
    };
    let (code, words) = said("slower.json", "5");
    assert!(code == Some(3) && words.contains("\nSlower by more than 5 %: threads x 2"), "{words}");
    let (code, words) = said("around.json", "5%");
    assert!(code == Some(0) && words.contains("\nUndecided whether slower by more than 5 %"), "{words}");
    assert_eq!(said("slower.json", "30%").0, Some(0));
    assert_eq!(
        document(dir.path(), &["compare", "before.json", "slower.json"], "compare-1", 0)["outcome"],
        json!(null)
    );

    let words = refusal_in(dir.path(), &["compare", "before.json", "slower.json", "--fail-if-slower", "five"]);
    assert!(words.contains("expected a percentage such as 5%"), "{words}");
    let mut nothing = whole.clone();
    nothing["cells"] = json!([]);
    fs::write(dir.path().join("nothing.json"), nothing.to_string()).expect("writable");
    let missing =
        document(dir.path(), &["compare", "before.json", "nothing.json", "--fail-if-slower", "5%"], "compare-1", 3);
    assert_eq!((&missing["outcome"], &missing["cells"][1]["outcome"]), (&json!("lost"), &json!("lost")));
    let (code, words) = said("nothing.json", "5%");
    assert!(
        code == Some(3) && words.contains("(the second record does not have it)"),
        "what broke must not pass: {words}"
    );
    let arguments = ["compare", "nothing.json", "before.json", "--fail-if-slower", "5%"];
    // What tests nothing must not pass.
    let (_, words) = ended(dir.path(), &arguments, 1);
    assert!(words.contains("no cell could be compared"), "{words}");
    document(dir.path(), &arguments, "compare-1", 1);
    let mut few = whole.clone();
    for cell in few["cells"].as_array_mut().expect("cells") {
        cell["rounds"].as_array_mut().expect("rounds").truncate(3);
    }
    fs::write(dir.path().join("few.json"), few.to_string()).expect("writable");
    assert_eq!(said("few.json", "5%").0, Some(1), "what can't find anything must not pass");
}

#[test]
fn records_that_cannot_be_compared_are_refused() {
    let dir = place();
    scenario(dir.path(), "other", FEW_PRIMES);
    tiny(dir.path(), &["--json", "tiny.json"]);
    success(dir.path(), &["run", "other.toml", "--rounds", "2", "--data", "data", "--json", "other.json"]);
    fs::write(dir.path().join("damaged.json"), "{\"schema\": ").expect("writable");
    fs::write(dir.path().join("empty.json"), "{}").expect("writable");
    let whole = fs::read_to_string(dir.path().join("tiny.json")).expect("just written");
    fs::write(dir.path().join("newer.json"), whole.replace("makespan.run/2", "makespan.run/9")).expect("writable");
    for (file, says) in [
        ("other.json", "only records of one scenario can be compared"),
        ("damaged.json", "not of the kind `makespan.run/2`"),
        ("empty.json", "missing field `schema`"),
        ("newer.json", "its schema is `makespan.run/9`"),
        ("missing.json", "No such file"),
    ] {
        let words = refusal_in(dir.path(), &["compare", "tiny.json", file]);
        assert!(words.contains(says) && words.contains(file), "{file}: {words}");
    }
}

#[test]
fn a_new_scenario_can_be_measured_at_once_and_nothing_is_overwritten() {
    let dir = place();
    let (said, _) = success(dir.path(), &["new", "scenario", "mine"]);
    assert_eq!(said, "mine.toml\nChange it, then: makespan check mine.toml && makespan run mine.toml\n");
    let (said, _) = success(dir.path(), &["check", "mine.toml"]);
    insta::assert_snapshot!("checked_scenario", said);
    let record: Record = program::document(dir.path(), &["run", "mine.toml", "--rounds", "2", "--data", "data"], 0);
    assert!(record.cells.len() == 7 && record.cells.iter().all(|cell| cell.check == Check::Passed), "{record:?}");
    fs::write(dir.path().join("mine.toml"), "mine").expect("writable");
    for name in ["mine", "mine.toml"] {
        let words = refusal_in(dir.path(), &["new", "scenario", name]);
        assert!(words.contains("mine.toml exists already"), "{words}");
    }
    assert_eq!(fs::read_to_string(dir.path().join("mine.toml")).expect("it is there"), "mine");
    assert!(refusal_in(dir.path(), &["new", "scenario", ".toml"]).contains("expected a name"));
    let (_, words) = ended(dir.path(), &["new", "scenario", "no/such/folder"], 1);
    assert!(words.contains("can't write no/such/folder.toml: "), "{words}");
}

#[test]
fn every_file_is_checked_and_each_error_says_where() {
    let dir = place();
    scenario(dir.path(), "wrong", &FEW_PRIMES.replace("tasks = 5", "taks = 5"));
    fs::write(dir.path().join("lesson.md"), "no lesson").expect("writable");
    let (said, words) = success(dir.path(), &["check", "tiny.toml", "prime_sum"]);
    assert!(
        said.starts_with("tiny.toml: A test") && said.contains("\nprime_sum: ") && words.is_empty(),
        "{said}{words}"
    );
    assert!(said.contains("the tasks compute, so only a measurement shows how long they take"), "{said}");
    let files = ["wrong.toml", "tiny.toml", "missing.toml", "lesson.md", "no_such"];
    let (said, words) = ended(dir.path(), &[&["check"], &files[..]].concat(), 2);
    assert!(said.starts_with("tiny.toml: A test"), "{said}");
    for part in ["wrong.toml: ", "unknown field `taks`", "missing.toml: ", "lesson.md: ", "unknown scenario `no_such`"]
    {
        assert!(words.contains(part), "{part}: {words}");
    }
    let lessons = fs::read_dir(Path::new(common::ROOT).join("fixtures/lessons")).expect("they are there");
    let lesson = lessons.map(|lesson| lesson.expect("readable").path().display().to_string()).min().expect("one");
    let (said, _) = success(dir.path(), &["check", &lesson]);
    assert!(said.contains(": lesson 1, "), "{said}");
    assert!(!dir.path().join("data").exists(), "nothing is measured");
}

/// A record of this machine whose times follow a law, in a data directory of its own.
fn lawful(dir: &Path, data: &str, cores: u32, speedup: impl Fn(f64) -> f64) {
    let text = FEW_PRIMES.replace("tasks = 5", "tasks = 640");
    scenario(dir, "lawful", &text);
    let asked = ["--strategy", "threads", "--workers", "1,2,4,8", "--rounds", "6", "--json", "lawful.json"];
    success(dir, &[&["run", "lawful.toml", "--data", "data"], &asked[..]].concat());
    let record = fs::read_to_string(dir.join("lawful.json")).expect("just written");
    let mut record: Value = serde_json::from_str(&record).expect("JSON");
    record["host"]["cores_usable"] = json!(cores);
    for cell in record["cells"].as_array_mut().expect("cells") {
        let is_baseline = cell["is_baseline"] == json!(true);
        let workers: f64 = cell["spec"]["layout"].as_str().expect("a layout").parse().expect("a number");
        let speedup = if is_baseline { 1.0 } else { speedup(workers) };
        // A scatter that differs from cell to cell, and cancels over the rounds.
        let mut scatter = [3e-3, -2e-3, 1e-3, -1e-3, 2e-3, -3e-3_f64];
        scatter.rotate_left(workers.log2() as usize);
        for (round, scatter) in cell["rounds"].as_array_mut().expect("rounds").iter_mut().zip(scatter) {
            round["run_s"] = json!(8.0 / speedup * scatter.exp());
        }
    }
    // With its keys in the order of a record.
    let record: Record = serde_json::from_value(record).expect("still a record");
    fs::create_dir_all(dir.join(data).join("records")).expect("writable");
    let text = serde_json::to_string(&record).expect("it can be written");
    fs::write(dir.join(data).join("records/lawful.json"), text).expect("writable");
}

#[test]
fn what_more_cores_would_give_is_predicted_from_a_record() {
    fn ask<'a>(data: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        [&["predict", "lawful.toml", "--data", data][..], more].concat()
    }
    let dir = place();
    let law = |workers: f64| workers / (1.0 + 0.05 * (workers - 1.0) + 0.002 * workers * (workers - 1.0));
    lawful(dir.path(), "eight", 8, law);
    let found = document(dir.path(), &ask("eight", &["--cores", "4,16,64"]), "predict-1", 0);
    let threads = &found["strategies"][0];
    assert_eq!(
        (&threads["spec"]["strategy"], &threads["fitted_to_workers"]),
        (&json!("threads"), &json!([1, 2, 4, 8]))
    );
    let usl = &threads["laws"][1];
    assert_eq!((&usl["law"], &usl["not_fitted"]), (&json!("usl"), &json!(null)));
    let mut widths = Vec::new();
    for prediction in usl["predictions"].as_array().expect("an array") {
        let figure = |key: &str| prediction["speedup"][key].as_f64().expect("a number");
        let cores = prediction["cores"].as_f64().expect("a number");
        assert!(figure("low") <= law(cores) && law(cores) <= figure("high"), "{prediction}");
        assert_eq!(prediction["extrapolated"], json!(cores > 8.0));
        widths.push((figure("high") - figure("low")) / figure("estimate"));
    }
    assert!(widths.len() == 3 && widths.is_sorted(), "{widths:?}");
    let (said, _) = success(dir.path(), &ask("eight", &["--cores", "16"]));
    assert!(said.starts_with("lawful: predictions, not measurements\n"), "{said}");
    for part in ["Universal Scalability Law     16", "predicted peak at 2", "Each worker has a core of its own."] {
        assert!(said.contains(part), "{part}: {said}");
    }

    // With two cores, more workers than two are no evidence.
    lawful(dir.path(), "two", 2, |workers| law(workers.min(2.0)));
    let found = document(dir.path(), &ask("two", &[]), "predict-1", 0);
    let threads = &found["strategies"][0];
    assert_eq!(threads["fitted_to_workers"], json!([1, 2]));
    assert!(threads["laws"][0]["fit"].is_object() && threads["laws"][1]["fit"].is_null(), "{threads}");
    // Amdahl's law goes through any one point.
    let amdahl = &threads["laws"][0];
    let unknown = [&amdahl["fit"]["worst_departure"], &amdahl["predictions"][0]["speedup"]["high"]];
    assert!(unknown.iter().all(|it| it.is_null()), "{amdahl}");
    let (said, _) = success(dir.path(), &ask("two", &[]));
    assert!(said.contains("nothing shows how well it fits") && !said.contains("within"), "{said}");
    assert!(said.contains("with 2 cores, only Amdahl's law can be fitted"), "{said}");

    // A record of what the scenario no longer says is none.
    scenario(dir.path(), "lawful", &FEW_PRIMES.replace("tasks = 5", "tasks = 641"));
    let words = refusal_in(dir.path(), &ask("eight", &[]));
    assert!(words.contains("measure it again: makespan run lawful.toml --strategy"), "{words}");
    let (_, words) = ended(dir.path(), &ask("nowhere", &[]), 1);
    assert!(words.contains("measure it first: makespan run lawful.toml") && words.contains("nowhere"), "{words}");
    assert!(refusal(&["predict", "prime_sums"]).contains("did you mean `prime_sum`?"));
}

#[test]
fn list_names_everything_once() {
    let dir = place();
    let (said, _) = success(dir.path(), &["list", "--names"]);
    let scenarios = makespan::scenario::BUILT_IN.iter().map(|(name, _)| *name);
    let strategies = makespan::strategy::ALL.iter().map(|strategy| strategy.name());
    assert_eq!(said.lines().collect::<Vec<_>>(), scenarios.chain(strategies).collect::<Vec<_>>());
    let (full, _) = success(dir.path(), &["list"]);
    assert!(said.lines().all(|name| full.contains(name)), "{full}");
    let (claims, _) = success(dir.path(), &["list", "--claims"]);
    let scenarios = makespan::scenario::all().expect("they are right");
    for claim in scenarios.iter().flat_map(|scenario| &scenario.claims) {
        assert!(full.contains(&claim.id), "{full}");
        let line = claims.lines().find(|line| line.trim_start().starts_with(&format!("{} ", claim.id)));
        assert!(line.is_some_and(|line| line.contains(&claim.question)), "{}: {claims}", claim.id);
    }
}

#[test]
fn the_list_for_programs_has_everything() {
    let dir = place();
    let listed = document(dir.path(), &["list"], "list-1", 0);
    let of = |what: &str, key: &str| -> Vec<String> {
        let all = listed[what].as_array().expect("an array").iter();
        all.map(|it| it[key].as_str().expect("a text").to_owned()).collect()
    };
    let (names, _) = success(dir.path(), &["list", "--names"]);
    assert_eq!([of("scenarios", "name"), of("strategies", "name")].concat(), names.lines().collect::<Vec<_>>());
    let (claims, _) = success(dir.path(), &["list", "--claims"]);
    let ids = claims.lines().filter_map(|line| line.strip_prefix("  ")?.split_once(' '));
    assert_eq!(of("claims", "id"), ids.map(|(id, _)| id).collect::<Vec<_>>());
    assert!(refusal(&["list", "--json", "-", "--names"]).contains("--names"));
}

/// Which exit code it must have depends on this machine and build: a debug build distorts figures.
#[test]
fn doctor_says_by_its_exit_code_whether_this_machine_is_ready() {
    let dir = place();
    let output = makespan(dir.path(), &["doctor", "--json", "found.json"]);
    let said = text(&output.stdout);
    assert!(said.contains("What disturbs measurements on this machine:") && output.stderr.is_empty(), "{said}");
    let count = |what: &str| said.lines().filter(|line| line.trim_start().starts_with(what)).count();
    assert_eq!(count("✗ ") + count("· "), count("remedy: "), "{said}");
    let ready = count("✗ ") == 0;
    assert_eq!(output.status.code(), Some(i32::from(!ready)), "{said}");
    let kept: Value =
        serde_json::from_str(&fs::read_to_string(dir.path().join("found.json")).expect("written")).unwrap();
    assert_eq!(kept["ready"], json!(ready));
    let again = document(dir.path(), &["doctor"], "doctor-1", i32::from(!ready));
    assert_eq!(again["machine"].as_array().map(Vec::len), kept["machine"].as_array().map(Vec::len));

    let broken = document(dir.path(), &["doctor", "--python", "/bin/false"], "doctor-1", 1);
    let python = &broken["pythons"][0];
    assert_eq!(
        (&python["name"], &python["state"], &python["facts"]),
        (&json!("/bin/false"), &json!("unusable"), &json!(null))
    );
    assert!(python["found"].as_str().is_some_and(|found| found.contains("not a Python")), "{python}");
    assert_eq!(broken["ready"], json!(false));
}
