//! What must be kept together by hand: files and the lists that name them.

use makespan::{
    scenario::{self, BUILT_IN, ScenarioError, Workload},
    strategy,
};
use proptest::prelude::*;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn in_project(path: &str) -> PathBuf {
    Path::new(common::ROOT).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(in_project(path)).expect(path)
}

/// The names of the files there with this extension, without it.
fn files(folder: &str, extension: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(in_project(folder)).expect(folder).map(|entry| entry.expect(folder).path());
    let wanted = entries.filter(|path| path.extension().is_some_and(|found| found == extension));
    wanted.map(|path| path.file_stem().expect("it has a name").to_string_lossy().into_owned()).collect()
}

fn missing(from: &BTreeSet<String>, those: &BTreeSet<String>) -> Vec<String> {
    those.difference(from).cloned().collect()
}

#[test]
fn every_scenario_file_is_built_in() {
    let listed: BTreeSet<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
    let found = files("fixtures/scenarios", "toml");
    assert_eq!(missing(&listed, &found), [""; 0], "add a line for each to BUILT_IN in crates/harness/src/scenario.rs");
    assert_eq!(
        missing(&found, &listed),
        [""; 0],
        "BUILT_IN in crates/harness/src/scenario.rs names these, but has no file of the name"
    );
    for (name, text) in BUILT_IN {
        let path = in_project(&format!("fixtures/scenarios/{name}.toml"));
        assert_eq!(&fs::read_to_string(path).expect("it is there"), text, "{name} is built in from its own file");
    }
}

#[test]
fn every_strategy_file_is_listed() {
    let mut found = files("crates/work/src/strategy", "rs");
    found.remove("mod");
    let of_python = files("fixtures/python/makespan_lane/strategy", "py");
    found.extend(
        of_python.iter().filter(|name| !["__init__", "base"].contains(&&***name)).map(|name| format!("python/{name}")),
    );
    // It has those of Python.
    assert!(found.remove("python"));
    let listed: BTreeSet<String> = strategy::ALL.iter().map(|strategy| strategy.name().to_owned()).collect();
    assert_eq!(
        missing(&listed, &found),
        [""; 0],
        "add a line for each to ALL in crates/work/src/strategy.rs, or name() is not the file's"
    );
    assert_eq!(
        missing(&found, &listed),
        [""; 0],
        "crates/work/src/strategy/ has no file of the name that name() gives"
    );
    assert_eq!(strategy::ALL.len(), listed.len(), "two strategies have one name");
}

#[test]
fn every_task_file_has_a_workload() {
    let mut found = files("crates/work/src/task", "rs");
    found.remove("mod");
    // `makespan advise` makes these; no file describes them.
    found.retain(|name| !["command", "function", "request"].contains(&&**name));
    let of = |workload: &Workload| match workload {
        Workload::Fetch(_) => "fetch",
        Workload::PrimeSum(_) => "prime_sum",
        Workload::Thumbnails(_) => "thumbnail",
        Workload::Gunzip(_) => "gunzip",
        Workload::Files(_) => "files",
        Workload::Payload(_) => "payload",
        Workload::Sharing(_) => "sharing",
        Workload::Given(_) => "given",
    };
    let scenarios = scenario::all().expect("they are right");
    let used = scenarios.iter().flat_map(|scenario| &scenario.variants).map(|variant| of(&variant.workload).to_owned());
    assert_eq!(missing(&used.collect(), &found), [""; 0], "no scenario has tasks of this kind");
}

#[test]
fn the_sweeps_are_few_enough_for_a_coffee() {
    let benches: Vec<String> = files("benches", "rs").iter().map(|name| read(&format!("benches/{name}.rs"))).collect();
    let is_swept =
        |name: &str| benches.iter().any(|text| text.contains("sweep::main") && text.contains(&format!("\"{name}\"")));
    let cells: Vec<(String, usize)> = scenario::all()
        .expect("they are right")
        .into_iter()
        .filter(|one| is_swept(&one.name))
        .map(|one| (one.name, one.sweep.len()))
        .collect();
    assert!(!cells.is_empty());
    let all: usize = cells.iter().map(|(_, count)| count).sum();
    assert!(all <= 64, "cargo bench measures about 60 cells twice in its ten minutes, not {all}: {cells:?}");
}

#[test]
fn every_cell_says_what_its_scenario_can_do() {
    for scenario in scenario::all().expect("they are right") {
        for cell in scenario.cells.iter().chain(&scenario.sweep) {
            let variant = scenario.variant(&cell.variant).expect("the checker has seen to it");
            assert_eq!(matches!(variant.workload, Workload::Fetch(_)), variant.server.is_some(), "{}", scenario.name);
            let strategy = strategy::named(&cell.strategy).expect("the checker has seen to it");
            assert!(strategy.refuses(cell.schedule, &[]).is_none(), "{}: {cell} would be skipped", scenario.name);
        }
    }
}

#[test]
fn a_file_serves_where_a_name_does() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = common::scenario(dir.path(), "my_own", common::FEW_PRIMES);
    let scenario = scenario::load(&path.display().to_string()).expect("it is right");
    assert_eq!((scenario.name.as_str(), scenario.cells.len()), ("my_own", 3), "sequential is added");
    let missing = scenario::load("nowhere.toml").expect_err("there is no such file");
    assert!(matches!(missing, ScenarioError::Unreadable { .. }), "{missing}");
}

#[test]
fn a_variant_is_laid_over_its_scenario() {
    let text = "
title = \"A test\"
question = \"What differs?\"
time_scale = 2
[workload.fetch]
tasks = 4
paths = [\"/a\", \"/b\"]
timeout_s = 3
[server]
seed = 7
[[server.routes]]
path = \"/*\"
latency_s = 1
[variants.other]
may_fail = true
address_space_mb = 150
expected = [{ indexes = [1], error = \"timed_out\" }]
workload.fetch = { keep_alive = false, paths = [\"/c\"] }
server = { seed = 8 }
[variants.short]
tasks = 2
latency_s = 0.5
[[cells]]
strategies = [\"threads\", \"hybrid\", \"thread_per_task\"]
workers = [2, 5, \"3x5\"]
[[cells]]
variant = \"short\"
strategies = [\"thread_per_task\"]
workers = [1]
[[sweep]]
strategies = [\"threads\"]
workers = [2]
";
    let scenario = scenario::parse("test", "test.toml", text).expect("it is right");
    let [base, other, short] = ["default", "other", "short"].map(|name| scenario.variant(name).expect("it is there"));
    let [fetch, changed] = [base, other].map(|variant| match &variant.workload {
        Workload::Fetch(recipe) => recipe.clone(),
        workload => panic!("{workload:?}"),
    });
    assert_eq!((changed.paths.as_slice(), changed.keep_alive), (&["/c".to_owned()][..], false), "these were changed");
    assert_eq!((changed.tasks, changed.timeout_s), (fetch.tasks, Some(3.0)), "and these were not");
    let [server, changed] = [base, other].map(|variant| variant.server.clone().expect("fetches have one"));
    assert_eq!((server.seed, changed.seed, changed.time_scale, changed.routes == server.routes), (7, 8, 2.0, true));
    assert_eq!((base.may_fail, other.may_fail, other.address_space_bytes), (false, true, Some(150_000_000)));
    assert_eq!((base.expected.len(), other.expected.len()), (0, 1));
    assert_eq!((short.tasks(), short.server.as_ref().expect("as before").routes[0].latency_s), (2, 0.5));

    let cells: Vec<String> = scenario.cells.iter().map(ToString::to_string).collect();
    let each = "thread_per_task x 2, short";
    let expected = [
        "sequential x 1",
        "sequential x 1, short",
        "threads x 2",
        "threads x 5",
        "hybrid x 3x5",
        "thread_per_task x 4",
        each,
    ];
    assert_eq!(cells, expected, "each strategy takes the shapes it can have, and one of fixed size appears once");
}

pub(crate) const NEW_SCENARIO: &str = include_str!("../../fixtures/new_scenario.toml");

/// The lines without the `# ` before keys and tables: every optional key is used.
pub(crate) fn switched_on(text: &str) -> String {
    let is_key = |line: &str| {
        let word = |c: char| c.is_ascii_lowercase() || c == '_';
        line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.is_empty() && key.chars().all(word))
    };
    let on = |line: &str| line.strip_prefix("# ").filter(|rest| is_key(rest)).unwrap_or(line).to_owned();
    text.lines().map(on).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_new_scenario_is_right_with_all_of_its_optional_keys() {
    let (main, others) = NEW_SCENARIO.split_once("# ----- Other tasks").expect("a line between them");
    scenario::parse("mine", "mine.toml", main).expect("as it is written");
    let all = scenario::parse("mine", "mine.toml", &switched_on(main)).expect("with every key");
    assert_eq!(all.variants.len(), 2);
    assert!(all.variants[0].server.as_ref().is_some_and(|server| server.check().is_ok()));
    let claim: Vec<&str> = main.lines().filter_map(|line| line.strip_prefix("#     ")).collect();
    let claimed =
        scenario::parse("mine", "mine.toml", &format!("{main}\n{}", claim.join("\n"))).expect("with the claim");
    assert_eq!(claimed.claims[0].figures.len(), 1);
    let cells = "\n[[cells]]\nstrategies = ['threads']\nworkers = [2]\n";
    let others: Vec<&str> = others.split("\n\n").filter(|part| part.contains("# [workload.")).collect();
    assert_eq!(others.len(), 6, "prime_sum, thumbnails, gunzip, files, payload, sharing");
    for other in others {
        let text = format!("title = 't'\nquestion = 'q'\n{}{cells}", switched_on(other));
        scenario::parse("mine", "mine.toml", &text).expect(other);
    }
}

/// Every table refuses an unknown key with a list of its own keys. They come from the types.
#[test]
fn a_new_scenario_explains_every_key_that_there_is() {
    // Filled in by the program; claims, which have a guide of their own; and an old name.
    let elsewhere = ["photos", "claims", "decisions", "deals"];
    let explained = |key: &str| {
        let part_of_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        NEW_SCENARIO.match_indices(key).any(|(at, _)| {
            let (before, after) = (&NEW_SCENARIO[..at], &NEW_SCENARIO[at + key.len()..]);
            !part_of_word(before.chars().next_back()) && !part_of_word(after.chars().next())
        })
    };
    let (main, others) = NEW_SCENARIO.split_once("# ----- Other tasks").expect("a line between them");
    let all = [switched_on(main), switched_on(others)].concat();
    let tables: BTreeSet<&str> = all.lines().filter(|line| line.starts_with('[')).chain([""]).collect();
    let mut asked = Vec::new();
    for table in tables {
        let text = format!("{table}\nxyz = 1\n");
        let error = scenario::parse("mine", "mine.toml", &text).expect_err("no table has it").to_string();
        // A table whose keys are names, or part of a variant, has no list.
        let Some((_, known)) = error.split_once("unknown field `xyz`, expected ") else { continue };
        asked.push(table);
        for key in known.split('`').skip(1).step_by(2).filter(|key| !elsewhere.contains(key)) {
            assert!(explained(key), "{table}: `{key}` is not explained");
        }
    }
    assert_eq!(asked.len(), 19, "each table of the file was asked for its keys: {asked:?}");
}

/// A 404 of the server's own would be measured as an answer.
#[test]
fn a_path_that_no_route_answers_is_refused_with_the_nearest() {
    let parsed = |fetch: &str, routes: &str| {
        let text = format!(
            "title = 'A test'\nquestion = 'Is it there?'\n{fetch}\n[server]\n{routes}\n\
             [[cells]]\nstrategies = ['threads']\nworkers = [2]\n[[sweep]]\nstrategies = ['threads']\nworkers = [2]\n"
        );
        scenario::parse("mine", "mine.toml", &text).map_err(|error| error.to_string())
    };
    let pages = "[[server.routes]]\npath = '/pages/1'\n[[server.routes]]\npath = '/pages/2'\nsite = 'a.example'\n\
                 [[server.routes]]\npath = '/old'\nstatus = 301\nlocation = '/new'\n";
    let missing = "[[server.routes]]\npath = '/*'\nstatus = 404\n";
    for (fetch, key, says) in [
        (
            "workload.fetch = { tasks = 3, paths = ['/pages/{number}'] }",
            "workload.fetch.paths",
            "`/pages/2`, which no route",
        ),
        ("workload.fetch = { tasks = 1, paths = ['/page/1'] }", "workload.fetch.paths", "(the nearest is `/pages/1`)"),
        (
            "workload.fetch = { tasks = 2, paths = ['/pages/2'], sites = ['a.example', 'b.example'] }",
            "workload.fetch.paths",
            "`/pages/2` at b.example, which no route",
        ),
        ("workload.fetch = { tasks = 1, paths = ['/old'] }", "workload.fetch.paths", "which redirects to `/new`"),
        ("workload.fetch = { tasks = 1, listing = { path = '/list' } }", "workload.fetch.listing.path", "`/list`"),
        ("prologue = [{ path = '/x' }]\nworkload.fetch = { tasks = 1, paths = ['/pages/1'] }", "prologue.path", "`/x`"),
        (
            "variants.two.workload.fetch.paths = ['/y']\nworkload.fetch = { tasks = 1, paths = ['/pages/1'] }",
            "workload.fetch.paths (variant two)",
            "`/y`",
        ),
    ] {
        let error = parsed(fetch, pages).expect_err(fetch);
        assert!(error.starts_with(&format!("mine.toml: `{key}`: found `")) && error.contains(says), "{error}");
        assert!(error.contains("or a route with `status = 404` if it is to be missing"), "{error}");
        parsed(fetch, &format!("{pages}{missing}")).expect("a page that is to be missing");
    }
    parsed("workload.fetch = { tasks = 1, paths = ['/pages/1?x=1', '/bytes/5', '/redirect/2'] }", pages)
        .expect("all of them are answered");
}

/// What people put where a number was.
fn slips() -> impl Strategy<Value = String> {
    let known = [
        "0",
        "-1",
        "1e308",
        "-0.0",
        "nan",
        "inf",
        "9_223_372_036_854_775_807",
        "4294967295",
        "[]",
        "{}",
        "\"\"",
        "true",
    ];
    prop_oneof![prop::sample::select(known.to_vec()).prop_map(str::to_owned), "[ -~]{0,9}"]
}

proptest! {
    #[test]
    fn a_slip_of_the_pen_is_refused_or_makes_another_scenario(
        which in 0..BUILT_IN.len(),
        line: prop::sample::Index,
        slip in slips(),
    ) {
        let (name, text) = BUILT_IN[which];
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let line = line.index(lines.len());
        let key = lines[line].split_once('=').map_or("", |(key, _)| key).to_owned();
        lines[line] = format!("{key} = {slip}");
        // Neither a panic nor an error that doesn't say where.
        if let Err(error) = scenario::parse(name, "slip.toml", &lines.join("\n")) {
            prop_assert!(error.to_string().starts_with("slip.toml: "), "{}", error);
        }
    }
}
