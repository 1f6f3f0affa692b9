//! A run that somebody watches, from outside: what is told of it while it goes on, how it is stopped, and what is left
//! when nobody listens any more.

mod common;

use common::left_behind::with;
use makespan::{
    live::{
        Event, Race, Wanted, Watched,
        event::{Ending, Turn},
    },
    worker::feed::VARIABLE,
};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_makespan");

/// Every event, as JSON, and what the schema has against it.
fn complaints(events: &[Event]) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/schema/events-1.json");
    let schema = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let lines = events.iter().map(|event| serde_json::to_value(event).unwrap());
    lines.filter_map(|line| validator.validate(&line).err().map(|error| format!("{error}: {line}"))).collect()
}

fn watched(data: &Path, arguments: &[&str]) -> Watched {
    let arguments = arguments.iter().map(ToString::to_string).collect();
    Watched::start(&Wanted { program: PROGRAM.into(), data: data.into(), arguments }).expect("the program is there")
}

#[test]
fn a_run_is_told_of_as_it_goes_on() {
    let data = tempfile::tempdir().unwrap();
    // Long enough waits that the feed is read in the middle of them.
    let arguments =
        ["web_requests", "--strategy", "threads,processes", "--workers", "3", "--rounds", "2", "--time-scale", "3"];
    let (mut events, mut race) = (Vec::new(), Race::default());
    let how = watched(data.path(), &arguments).follow(&AtomicBool::new(false), &mut |event| {
        events.push(event.clone());
        race.add(event);
    });
    assert_eq!(how, Ending::Finished);
    assert_eq!(complaints(&events), [] as [String; 0]);
    assert_eq!(events.last(), Some(&Event::Ended { how: Ending::Finished }));
    let names: Vec<&str> = race.entries.iter().map(|entry| entry.cell.name.as_str()).collect();
    assert_eq!(names, ["sequential x 1", "threads x 3", "processes x 3"]);
    for (number, entry) in race.entries.iter().enumerate() {
        let lanes: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::Lanes(lanes) if lanes.cell == number => Some(lanes),
                _ => None,
            })
            .collect();
        let mut runs: Vec<u64> = lanes.iter().map(|lanes| lanes.run).collect();
        runs.dedup();
        assert_eq!(runs.len(), 2, "{}: two rounds, and nothing of warm-ups or probes", entry.cell.name);
        for run in runs {
            let of_run: Vec<_> = lanes.iter().filter(|lanes| lanes.run == run).collect();
            let last = of_run.last().unwrap();
            assert!(!last.running);
            assert_eq!((last.tasks_done, last.in_flight), (entry.cell.tasks, 0), "{}", entry.cell.name);
            let changes: Vec<_> = of_run.iter().flat_map(|lanes| &lanes.changes).collect();
            let begun = changes.iter().filter(|change| change.doing == Turn::WaitServer).count();
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
    assert_eq!(how, Ending::Stopped);
    assert!(seen >= 2, "the run and its server at least, and there were {seen}");
    assert!(with(&mark).is_empty());
}

#[test]
fn a_run_that_can_not_be_done_says_why() {
    let data = tempfile::tempdir().unwrap();
    let how = watched(data.path(), &["web_request"]).follow(&AtomicBool::new(false), &mut drop);
    let Ending::Failed(why) = how else { panic!("{how:?}") };
    assert!(why.contains("web_requests"), "{why}");
}

#[test]
fn it_ends_when_nobody_listens_any_more() {
    let data = tempfile::tempdir().unwrap();
    let mut run = Command::new(PROGRAM)
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
