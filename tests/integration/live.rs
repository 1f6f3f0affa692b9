//! A run that is watched, from outside: the events while it goes on, how it is stopped, and what is left when the
//! watcher is gone.

use common::{
    left_behind::with,
    program_under_test, scenario,
    schema::{self, validator},
};
use makespan::{
    live::{
        Event, Race, Watched, WatchedRun,
        event::{Change, LaneUpdate, RunEnd},
    },
    worker::{feed::VARIABLE, lane::Activity},
};
use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

/// What the schema has against these events, and against which.
fn complaints(events: &[Event]) -> Vec<String> {
    let validator = validator("events-1");
    let lines = events.iter().map(|event| serde_json::to_value(event).expect("it can be written"));
    lines.flat_map(|line| schema::complaints(&validator, &line)).collect()
}

fn watched(data: &Path, arguments: &[&str]) -> Watched {
    let arguments = arguments.iter().map(ToString::to_string).collect();
    Watched::start(&WatchedRun { program: program_under_test().into(), data: data.into(), arguments })
        .expect("the program is there")
}

/// Watches it to its end: the race, and the events that it was made of.
fn followed(data: &Path, arguments: &[&str]) -> (Race, Vec<Event>) {
    let (mut events, mut race) = (Vec::new(), Race::default());
    let how = watched(data, arguments).follow(&AtomicBool::new(false), &mut |event| {
        events.push(event.clone());
        race.add(event);
    });
    assert_eq!(how, RunEnd::Finished, "{arguments:?}");
    (race, events)
}

#[test]
fn a_run_is_told_of_as_it_goes_on() {
    let data = tempfile::tempdir().unwrap();
    // Long enough waits that the feed is read in the middle of them.
    let arguments =
        ["web_requests", "--strategy", "threads,processes", "--workers", "3", "--rounds", "2", "--time-scale", "3"];
    let (race, events) = followed(data.path(), &arguments);
    assert_eq!(complaints(&events), [""; 0]);
    assert_eq!(events.last(), Some(&Event::Ended { how: RunEnd::Finished }));
    let names: Vec<&str> = race.entries.iter().map(|entry| entry.cell.name.as_str()).collect();
    assert_eq!(names, ["sequential x 1", "threads x 3", "processes x 3"]);
    for (number, entry) in race.entries.iter().enumerate() {
        let lanes = lanes_of(&events, number);
        let mut runs: Vec<u64> = lanes.iter().map(|lanes| lanes.run).collect();
        runs.dedup();
        assert_eq!(runs.len(), 2, "{}: two rounds, and nothing of warm-ups or probes", entry.cell.name);
        for run in runs {
            let of_run: Vec<_> = lanes.iter().filter(|lanes| lanes.run == run).collect();
            let last = of_run.last().unwrap();
            assert!(!last.running);
            assert_eq!((last.tasks_done, last.in_flight), (entry.cell.tasks, 0), "{}", entry.cell.name);
            let changes: Vec<_> = of_run.iter().flat_map(|lanes| &lanes.changes).collect();
            let begun = changes.iter().filter(|change| change.doing == Activity::WaitServer).count();
            assert_eq!(begun, entry.cell.tasks as usize, "{}: a wait for each request", entry.cell.name);
            assert!(changes.iter().all(|change| change.worker < entry.cell.workers));
            assert!(of_run.len() > 3, "{}: it was watched in between", entry.cell.name);
            // Seen in the middle of it: as many requests in flight as there are workers.
            assert_eq!(of_run.iter().map(|lanes| lanes.in_flight).max(), Some(entry.cell.workers));
        }
        assert_eq!(entry.standing.as_ref().unwrap().times_s.len(), 2);
        assert_eq!(entry.lanes.len(), entry.cell.workers as usize);
    }
    let faster = race.entries[1].standing.as_ref().unwrap().speedup.unwrap();
    assert!(faster.estimate > 1.0, "{faster:?}");
}

/// Eight waits, each long enough that the feed is read in the middle of it.
const WAITS: &str = r#"
workload.fetch = { tasks = 8, paths = ["/wait"] }
server.routes = [{ path = "/wait", latency_s = 0.15 }]
variants.narrow = { address_space_mb = 2000 }
cells = [{ strategies = ["threads"], workers = [4] }]
"#;

/// Watches a scenario of this text to its end.
fn watched_to_its_end(text: &str, arguments: &[&str]) -> (Race, Vec<Event>) {
    let data = tempfile::tempdir().expect("a temporary directory");
    let path = scenario(data.path(), "watched", text).display().to_string();
    followed(data.path(), &[&[path.as_str(), "--rounds", "1"], arguments].concat())
}

fn lanes_of(events: &[Event], cell: usize) -> Vec<&LaneUpdate> {
    let lanes = events.iter().filter_map(|event| if let Event::Lanes(lanes) = event { Some(lanes) } else { None });
    lanes.filter(|lanes| lanes.cell == cell).collect()
}

#[test]
fn every_strategy_has_its_lanes() {
    let strategies = "thread_per_task,threads,gil_threads,work_stealing,processes,hybrid,async,async_offload,queue";
    let (race, events) = watched_to_its_end(WAITS, &["--strategy", strategies, "--workers", "4,2x2"]);
    assert_eq!(race.entries.len(), 10);
    for (number, entry) in race.entries.iter().enumerate() {
        let (name, workers) = (&entry.cell.name, entry.cell.workers);
        let lanes = lanes_of(&events, number);
        let changes: Vec<&Change> = lanes.iter().flat_map(|lanes| &lanes.changes).collect();
        let seen: BTreeSet<u32> = changes.iter().map(|change| change.worker).collect();
        // On a machine that is busy with something else, the others may have done it all before the last one came.
        assert!(seen.iter().all(|worker| *worker < workers) && (seen.len() > 1) == (workers > 1), "{name}: {seen:?}");
        let tasks = |doing: fn(Activity) -> bool| {
            let mut tasks: Vec<_> = changes.iter().filter(|one| doing(one.doing)).filter_map(|one| one.task).collect();
            tasks.sort_unstable();
            tasks
        };
        let each_once: Vec<u32> = (0..8).collect();
        assert_eq!(tasks(|doing| doing == Activity::Idle), each_once, "{name}: each task ends once");
        assert_eq!(tasks(|doing| doing == Activity::WaitServer), each_once, "{name}: each waits for the server once");
        // From one worker's point of view: a task begins where none was, and ends before the next.
        for worker in 0..workers {
            let mut at_work = None;
            for change in changes.iter().filter(|change| change.worker == worker) {
                assert!(at_work.is_none() || at_work == change.task, "{name}: one task at a time");
                at_work = change.task.filter(|_| change.doing != Activity::Idle);
            }
            assert_eq!(at_work, None, "{name}");
        }
        let most = lanes.iter().map(|lanes| lanes.in_flight).max().unwrap_or(0);
        assert!((1..=workers).contains(&most), "{name}: {most} in flight");
        let last = lanes.last().unwrap();
        assert_eq!((last.running, last.in_flight, last.tasks_done), (false, 0, 8), "{name}");
    }
}

#[test]
fn who_waits_for_the_lock_is_seen() {
    // Long enough for the lock to change hands several times.
    let primes = r#"
workload.prime_sum = { below = 3_000_000, tasks = 8 }
cells = [{ strategies = ["gil_threads"], workers = [2] }]
"#;
    let (race, events) = watched_to_its_end(primes, &[]);
    assert_eq!(race.entries[1].cell.name, "gil_threads x 2");
    let lock = |cell| {
        let lanes = lanes_of(&events, cell);
        let changes = lanes.iter().flat_map(|lanes| &lanes.changes);
        changes
            .filter(|change| change.doing == Activity::WaitLock)
            .map(|change| change.worker)
            .collect::<BTreeSet<u32>>()
    };
    assert_eq!((lock(0), lock(1)), (BTreeSet::new(), BTreeSet::from([0, 1])));
    assert!(lanes_of(&events, 1).iter().all(|lanes| lanes.in_flight == 0), "who waits for the lock has no request");
}

#[test]
#[cfg(target_os = "linux")]
fn a_cell_in_a_process_of_its_own_is_told_of() {
    let (race, events) = watched_to_its_end(WAITS, &["--variant", "narrow", "--strategy", "threads", "--workers", "4"]);
    for (number, entry) in race.entries.iter().enumerate() {
        let lanes = lanes_of(&events, number);
        let last = lanes.last().unwrap_or_else(|| panic!("nothing was told of {}", entry.cell.name));
        assert_eq!((last.running, last.tasks_done), (false, 8), "{}", entry.cell.name);
        assert!(lanes.iter().any(|lanes| lanes.in_flight > 0), "{}", entry.cell.name);
    }
}

#[test]
fn it_stops_when_it_is_told_to_and_leaves_nothing_behind() {
    let data = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let arguments = ["web_requests", "--strategy", "processes", "--workers", "2", "--time-scale", "0.05"];
    let run = watched(data.path(), &arguments);
    let mark = format!("{VARIABLE}={}", run.feed().display());
    let mut seen = 0;
    let how = run.follow(&stop, &mut |event| {
        if matches!(event, Event::Working { .. }) {
            seen = seen.max(with(&mark).len());
            stop.store(true, Relaxed);
        }
    });
    assert_eq!(how, RunEnd::Stopped);
    assert!(seen >= 2, "the run and its server at least, and there were {seen}");
    assert!(with(&mark).is_empty());
}

#[test]
fn a_run_that_can_not_be_done_says_why() {
    let data = tempfile::tempdir().unwrap();
    let how = watched(data.path(), &["web_request"]).follow(&AtomicBool::new(false), &mut drop);
    let RunEnd::Failed(why) = how else { panic!("{how:?}") };
    assert!(why.contains("web_requests"), "{why}");
}

#[test]
fn it_ends_when_nobody_listens_any_more() {
    let data = tempfile::tempdir().unwrap();
    let mut run = Command::new(program_under_test())
        .args(["run", "web_requests", "--strategy", "threads", "--workers", "2", "--rounds", "1000", "--events", "-"])
        .arg("--data")
        .arg(data.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(run.stdout.take());
    assert_eq!(run.wait().unwrap().code(), Some(130));
}
