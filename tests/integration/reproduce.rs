//! `makespan reproduce`: what it measures, what it says and where, and what is left when it is interrupted or killed.

use common::{
    FEW_PRIMES,
    program::{ended, success},
    scenario,
};
use makespan::results::{
    record::{EndReason, Purpose, Record},
    store::read,
};
use std::{fs, path::Path};
use tempfile::TempDir;

/// One claim on cells of [`FEW_PRIMES`].
fn claim(id: &str) -> String {
    format!(
        r#"
[[claims]]
id = "{id}"
question = "Are two threads as fast as one?"
says = "Two threads add up few primes in the same time."
[[claims.figures]]
name = "speedup of 2 threads"
test = {{ ratio = {{ from = "sequential x 1", to = "threads x 2" }} }}
expects = {{ above = 0.000_001, from = "ours" }}
"#
    )
}

/// A directory with a scenario `tiny.toml` in it, which has these claims.
fn place(claims: &str) -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary directory");
    scenario(dir.path(), "tiny", &(FEW_PRIMES.to_owned() + claims));
    dir
}

/// What it says on standard output and standard error when it ends like this.
fn said(dir: &Path, arguments: &[&str], code: i32) -> (String, String) {
    ended(dir, &[&["reproduce", "--data", "data"], arguments].concat(), code)
}

/// What was measured for claims, whether it is over or not.
fn measured(dir: &Path) -> Vec<Record> {
    let records = fs::read_dir(dir.join("data/records")).into_iter().flatten();
    let paths = records.map(|entry| entry.expect("it can be read").path());
    let wanted = |path: &std::path::PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("findings-"))
    };
    paths.filter(wanted).map(|path| read(&path).expect("it is whole")).collect()
}

#[test]
fn unknown_names_suggest_the_nearest() {
    let dir = place(&claim("009-1"));
    for (name, known) in [("web_request", "web_requests"), ("009-2", "009-1"), ("009-11", "009-1")] {
        let (said, words) = said(dir.path(), &["tiny.toml", name], 2);
        assert!(said.is_empty() && words.contains(&format!("did you mean `{known}`?")), "{words}");
        assert!(words.contains("makespan list --claims"), "{words}");
    }
    let (_, words) = said(dir.path(), &["missing.toml"], 2);
    assert!(words.contains("missing.toml: No such file"), "{words}");
    assert!(!dir.path().join("data").exists(), "nothing is measured when a name is wrong");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let dir = place("");
    for (arguments, says) in [
        (&["tiny.toml"][..], "tiny.toml: has no claims"),
        (&["tiny.toml", "--budget", "0"], "seconds above 0"),
        (&["tiny.toml", "--budget", "nan"], "seconds above 0"),
        (&["tiny.toml", "--quick", "--full"], "cannot be used with"),
        (&["tiny.toml", "--real-time", "--full"], "cannot be used with"),
        (&[""], "CLAIM|SCENARIO|DOCUMENT"),
    ] {
        let (said, words) = said(dir.path(), arguments, 2);
        assert!(said.is_empty() && words.contains(says), "{arguments:?}: {words}");
    }
}

#[test]
fn the_cells_that_claims_name_are_measured_and_no_others() {
    let dir = place(&claim("009-1"));
    said(dir.path(), &["tiny.toml"], 0);
    let records = measured(dir.path());
    let [record] = &records[..] else { panic!("one record, not {}", records.len()) };
    assert_eq!((record.purpose, &record.looks[..]), (Purpose::Findings, &[3, 6, 12][..]));
    assert!(record.looks.contains(&record.rounds_done), "it ends at an analysis: {}", record.rounds_done);
    assert!(record.stopped.is_some(), "and says why");
    let cells: Vec<&str> = record.cells.iter().map(|cell| cell.spec.strategy.as_str()).collect();
    assert_eq!(cells, ["sequential", "threads"]);
    assert_eq!(record.command, "makespan reproduce --data data tiny.toml");
}

#[test]
fn a_budget_ends_it_after_the_round_that_has_begun() {
    let dir = place(&claim("009-1"));
    said(dir.path(), &["tiny.toml", "--full", "--budget", "0.000001"], 0);
    let records = measured(dir.path());
    assert_eq!((records[0].rounds_done, records[0].rounds, records[0].stopped), (1, 24, Some(EndReason::Budget)));
}

#[test]
fn json_to_standard_output_is_json_and_nothing_else() {
    let dir = place(&(claim("009-1") + &claim("009-2")));
    let (said, words) = said(dir.path(), &["tiny.toml", "--json", "-"], 0);
    let found: serde_json::Value = serde_json::from_str(&said).expect("one document");
    assert_eq!(found["schema"], "makespan.findings/2");
    let ids: Vec<&str> =
        found["claims"].as_array().expect("a list").iter().filter_map(|one| one["id"].as_str()).collect();
    assert_eq!(ids, ["009-1", "009-2"]);
    assert!(found["claims"].as_array().expect("a list").iter().all(|one| one["verdict"] != "not_measured"), "{found}");
    assert_eq!(words, "recorded in data\n", "progress is silent when nobody watches");
}

#[test]
fn the_ledger_has_a_line_for_each_claim_and_a_single_one_is_told_whole() {
    let dir = place(&(claim("009-1") + &claim("009-2")));
    let (ledger, _) = said(dir.path(), &["tiny.toml", "--json", "findings.json"], 0);
    for id in ["009-1", "009-2"] {
        assert!(ledger.lines().any(|line| line.starts_with(id)), "{ledger}");
    }
    assert!(ledger.contains("Of 2 claims, ") && ledger.contains("makespan report"), "{ledger}");
    assert!(ledger.lines().all(|line| line.chars().count() <= 100) && !ledger.contains('\x1b'), "{ledger}");
    let written = fs::read_to_string(dir.path().join("findings.json")).expect("it was written");
    assert!(written.contains("makespan.findings/2"), "{written}");

    let dir = place(&claim("009-1"));
    let (one, _) = said(dir.path(), &["tiny.toml"], 0);
    assert!(one.starts_with("009-1: Are two threads as fast as one?"), "{one}");
    assert!(one.contains("Two threads add up few primes in the same time."), "{one}");
}

#[test]
fn a_claim_of_a_file_is_named_with_its_file() {
    let dir = place(&(claim("009-1") + &claim("009-2")));
    let (one, _) = said(dir.path(), &["tiny.toml", "009-2"], 0);
    assert!(one.starts_with("009-2: ") && one.contains("makespan reproduce tiny.toml 009-2"), "{one}");
    assert!(!one.contains("009-1"), "FILE ID is one claim: {one}");
    let file = measured(dir.path())[0].scenario_file.clone().expect("it is a file of the user's");
    assert!(Path::new(&file).is_absolute() && file.ends_with("tiny.toml"), "{file}");

    let report = ["report", "--data", "data", "--out", "page.html"];
    success(dir.path(), &report);
    let page = fs::read_to_string(dir.path().join("page.html")).expect("it was written");
    let own = page.split("A file of yours: ").nth(1).expect("a section of its own");
    assert!(own.contains("009-2") && own.contains(&format!("makespan reproduce {file} 009-2")), "{own}");
    // A file that is gone takes its claims with it.
    fs::remove_file(dir.path().join("tiny.toml")).expect("it is ours");
    let (_, words) = success(dir.path(), &report);
    assert!(words.contains("its claims are not on the page"), "{words}");
}

#[test]
fn an_edited_copy_of_a_built_in_scenario_is_one_of_its_own() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (_, built_in) = makespan::scenario::BUILT_IN.iter().find(|(name, _)| *name == "prime_sum").expect("built in");
    let path = dir.path().join("prime_sum.toml");
    let load = |text: &str| {
        fs::write(&path, text).expect("writable");
        makespan::scenario::load(path.to_str().expect("UTF-8")).expect("it is right")
    };
    let same = load(built_in);
    assert_eq!((same.name.as_str(), same.source), ("prime_sum", None));
    let edited = load(&built_in.replace("title = ", "title = 'Mine' # "));
    assert_eq!((edited.name.as_str(), edited.source.as_ref()), ("prime_sum.toml", Some(&path)));
    let (said, words) = said(dir.path(), &["prime_sum.toml"], 2);
    assert!(said.is_empty() && words.contains("prime_sum.toml: `claims.id`: found 00"), "{words}");
    assert!(words.contains("is a claim of the built-in scenario"), "{words}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_claim_that_takes_two_cores_is_not_testable_on_one() {
    use nix::{
        sched::{CpuSet, sched_getaffinity, sched_setaffinity},
        unistd::Pid,
    };
    let two = "needs = { cores = 2 }\n";
    let dir = place(&(claim("009-1") + two));
    // The mask is this thread's own, and its children's.
    let on_one_core = std::thread::spawn(move || {
        let all = sched_getaffinity(Pid::from_raw(0)).expect("it is known");
        let first =
            (0..CpuSet::count()).find(|&core| all.is_set(core).is_ok_and(|is_set| is_set)).expect("there is one");
        let mut one = CpuSet::new();
        one.set(first).expect("it exists");
        sched_setaffinity(Pid::from_raw(0), &one).expect("it may");
        let (told, _) = said(dir.path(), &["tiny.toml"], 0);
        (told, measured(dir.path()).remove(0).host)
    });
    let (told, host) = on_one_core.join().expect("it is told");
    assert!(told.contains("not testable here") && told.contains("2 cores"), "{told}");
    assert_eq!((host.cores_usable, host.cores_affinity), (1, 1));
}

#[test]
fn exhibits_that_a_claim_names_are_shown_and_kept() {
    let exhibit = "
[[claims]]
id = \"009-3\"
question = \"Does a worker wait for ever?\"
says = \"It asks whether the queue is empty, and then waits.\"
figures = [{ name = \"a forced interleaving\", test = { exhibit = \"empty_then_get\" } }]
";
    let dir = place(exhibit);
    said(dir.path(), &["tiny.toml"], 0);
    let kept = fs::read_to_string(dir.path().join("data/exhibits.json")).expect("it was written");
    let kept: serde_json::Value = serde_json::from_str(&kept).expect("JSON");
    assert_eq!(kept["schema"], "makespan.exhibits/1");
    assert!(kept.to_string().contains("empty_then_get"), "{kept}");
    assert!(measured(dir.path()).is_empty(), "nothing had to be measured");
}

#[test]
fn a_wrong_answer_is_a_failure_and_is_named() {
    let dir = place(&(claim("009-1") + "\n[[expected]]\nindexes = [1]\nerror = \"connect\"\n"));
    let (_, words) = said(dir.path(), &["tiny.toml"], 1);
    assert!(words.contains("FAILED: tiny, threads x 2: "), "{words}");
}

#[test]
fn real_time_says_beforehand_how_long_it_takes() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let text = r#"
time_scale = 10
workload.fetch = { tasks = 4, paths = ["/"] }
server.routes = [{ path = "/", latency_s = 0.05 }]
cells = [{ strategies = ["threads"], workers = [2] }]
"#;
    scenario(dir.path(), "paced", &(text.to_owned() + &claim("009-1")));
    let (_, words) = said(dir.path(), &["paced.toml", "--real-time"], 0);
    assert!(words.starts_with("At the documents' own pace, waiting alone takes"), "{words}");
    let records = measured(dir.path());
    assert_eq!((records[0].rounds_done, records[0].time_scale.to_string().as_str()), (3, "1"));
    let shortest_s = records[0].cells[0].rounds.iter().map(|round| round.run_s).fold(f64::INFINITY, f64::min);
    assert!(shortest_s >= 0.2, "four sequential waits of 50 ms: {shortest_s}");
}

#[cfg(target_os = "linux")]
mod broken_off {
    use super::*;
    use common::{under_way::UnderWay, wait_until};
    use makespan::results::record::Check;
    use nix::sys::signal::Signal;
    use std::process::ExitStatus;

    /// Fetches that take a while, through processes too.
    const FETCHES: &str = r#"
workload.fetch = { tasks = 4, paths = ["/wait"] }
server.routes = [{ path = "/wait", latency_s = 0.03 }]
cells = [{ strategies = ["threads", "processes"], workers = [2] }]
[[claims]]
id = "009-1"
question = "Are two processes as fast as one?"
says = "Two processes wait in the same time."
[[claims.figures]]
name = "speedup of 2 processes"
test = { ratio = { from = "threads x 2", to = "processes x 2" } }
expects = { above = 0.000_001, from = "ours" }
"#;

    /// One that has measured a round and gets this signal then.
    fn broken_off_by(signal: Signal) -> (TempDir, (ExitStatus, String, String)) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        scenario(dir.path(), "wait", FETCHES);
        let under_way = UnderWay::start(dir.path(), &["reproduce", "wait.toml", "--data", "data"]);
        let has_measured = || measured(dir.path()).first().is_some_and(|record| record.rounds_done >= 1);
        wait_until("a round is measured", has_measured);
        under_way.signal_all(signal);
        let end = under_way.end();
        (dir, end)
    }

    /// The same command resumes the run, and the record then has all rounds, the earlier ones included.
    fn goes_on(dir: &Path) {
        let before = measured(dir).swap_remove(0);
        let rounds = before.rounds_done as usize;
        let (_, words) = said(dir, &["wait.toml"], 0);
        let says = format!("wait: resuming at round {} of 12, begun ", rounds + 1);
        assert!(words.contains(&says) && words.contains("--fresh"), "{words}");
        let after = measured(dir).swap_remove(0);
        assert_eq!(after.started_at, before.started_at);
        assert!(after.stopped.is_some() && after.looks.contains(&after.rounds_done), "it ends at an analysis");
        let after_rounds = after.rounds_done as usize;
        for (after, before) in after.cells.iter().zip(&before.cells) {
            assert_eq!((after.check, after.rounds.len()), (Check::Passed, after_rounds));
            assert_eq!(after.rounds[..rounds], before.rounds[..rounds]);
        }
    }

    #[test]
    fn ctrl_c_keeps_what_there_is_and_the_same_command_goes_on() {
        let (dir, (status, ledger, words)) = broken_off_by(Signal::SIGINT);
        assert_eq!(status.code(), Some(130), "{words}");
        assert!(ledger.is_empty(), "a verdict waits for the look that was fixed beforehand: {ledger}");
        assert!(words.contains("0 of 1 scenarios") && words.contains("the same command resumes it"), "{words}");
        goes_on(dir.path());
        let (_, words) = said(dir.path(), &["wait.toml"], 0);
        assert!(!words.contains("resuming"), "what is done is measured anew: {words}");
    }

    #[test]
    fn nothing_is_lost_when_it_is_killed() {
        let (dir, (status, ..)) = broken_off_by(Signal::SIGKILL);
        assert_eq!(status.code(), None, "killed");
        goes_on(dir.path());
    }

    #[test]
    fn only_the_same_is_gone_on_with() {
        for other in [&["wait.toml", "--fresh"][..], &["wait.toml", "--seed", "2"], &["wait.toml", "--full"]] {
            let (dir, _) = broken_off_by(Signal::SIGINT);
            let (_, words) = said(dir.path(), other, 0);
            assert!(!words.contains("resuming"), "{other:?}: {words}");
        }
    }
}
