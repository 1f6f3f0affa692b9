//! Properties of every lesson, and errors that the checker must report.

use super::*;
use harness::scenario::{self, Workload};
use stats::ceiling::lock_step_makespan_s;
use std::{collections::BTreeSet, fs, path::Path};

/// A small valid lesson.
const RIGHT: &str = r#"+++
title = "T"
minutes = 5
question = "How many seconds?"
claims = ["000-3"]

[race]
scenario = "web_requests"
variant = "uneven"
strategies = ["threads"]
workers = ["5"]
rounds = 2
ask = "threads x 5, uneven"

[[command]]
run = "makespan doctor"
why = "Look"

[[code]]
file = "crates/work/src/strategy/threads.rs"
from = "pub(super) fn work_through"
+++

## Ask
a
## Run
b
## See
c
```text
## no heading
```
## Mistake
m
## Code
d
## Document
e
## Try
f
"#;

fn checked(file: &str, text: &str) -> Result<Lesson, LessonError> {
    check::Library::load(2).expect("the scenarios are right").lesson(file, text)
}

#[test]
fn every_lesson_is_right_and_numbered_in_order() {
    let lessons = all().unwrap_or_else(|error| panic!("{error}"));
    for (place, lesson) in (1..).zip(lessons) {
        assert_eq!(lesson.number, place);
        assert_eq!(BUILT_IN[place as usize - 1].0, format!("{place:02}-{}", lesson.name));
        let kinds: Vec<StepKind> = lesson.steps.iter().map(|step| step.kind).collect();
        assert_eq!(kinds, StepKind::ALL);
        assert!(lesson.question.ends_with('?'), "{}", lesson.question);
        for python in [false, true] {
            assert!(lesson.code.iter().any(|code| code.is_python() == python), "{} lacks a language", lesson.name);
        }
        let first = lesson.race.iter().flat_map(|race| &race.strategies).count() + lesson.commands.len();
        assert!(first > 0, "{} runs nothing", lesson.name);
    }
    let names: BTreeSet<&str> = lessons.iter().map(|lesson| lesson.name.as_str()).collect();
    assert_eq!(names.len(), lessons.len());
}

#[test]
fn every_file_in_the_folder_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/lessons");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let listed: BTreeSet<String> = BUILT_IN.iter().map(|(name, _)| format!("{name}.md")).collect();
    assert_eq!(files.collect::<BTreeSet<_>>(), listed, "crates/lesson/src/lib.rs, BUILT_IN");
}

/// One lesson is about noise: all others have to heed it.
#[test]
fn every_race_is_repeated() {
    for lesson in all().unwrap_or_else(|error| panic!("{error}")) {
        assert!(lesson.race.iter().all(|race| race.rounds >= 3), "{}", lesson.name);
    }
}

#[test]
fn numbers_that_depend_on_the_machine_are_filled_in() {
    let text = RIGHT.replace("[\"5\"]", "[\"{cores}\", \"{8 cores}\"]").replace("x 5", "x {8 cores}");
    let race = checked("07-small", &text).unwrap().race.unwrap();
    assert_eq!((race.workers, race.ask.as_str()), (vec!["2".into(), "16".into()], "threads x 16, uneven"));
    for lesson in all().unwrap() {
        let shown = format!("{lesson:?}");
        assert!(!shown.contains("{cores}") && !shown.contains("{8 cores}"), "{shown}");
    }
}

/// Longer sequential runs would bore a class. A race's waits are known beforehand.
#[test]
fn no_race_makes_a_class_wait_for_long() {
    for lesson in all().unwrap_or_else(|error| panic!("{error}")) {
        let Some(race) = &lesson.race else { continue };
        let scenario = scenario::load(&race.scenario).unwrap();
        let own_scale = scenario.time_scale;
        let scenario = scenario.scaled(race.time_scale.unwrap_or(own_scale));
        let variant = scenario.variant(race.variant.as_deref().unwrap_or(scenario::DEFAULT_VARIANT)).unwrap();
        let waits_s = variant.waits_in_turn_s();
        // A cell that would outlast the deadline is skipped and reported, not run.
        let outlasts = waits_s > scenario.deadline.as_secs_f64();
        let all_rounds_s = waits_s * f64::from(race.rounds + 1);
        assert!(outlasts || all_rounds_s < 20.0, "{}: {all_rounds_s} s for sequential alone", lesson.name);
    }
}

/// The numbers in a question's words match the race.
#[test]
fn the_numbers_of_a_question_are_those_of_its_race() {
    let lessons = all().unwrap_or_else(|error| panic!("{error}"));
    let raced = |number: usize| {
        let race = lessons[number - 1].race.as_ref().expect("a race");
        let scenario = scenario::load(&race.scenario).unwrap();
        let scale = race.time_scale.unwrap_or(scenario.time_scale);
        let variant = race.variant.as_deref().unwrap_or(scenario::DEFAULT_VARIANT);
        (race, scenario.scaled(scale).variant(variant).unwrap().clone())
    };
    let tasks = |number| raced(number).1.tasks();
    let each_s = |number| raced(number).1.waits_in_turn_s() / f64::from(tasks(number));
    let takes = |number, workers, turns: f64| lock_step_makespan_s(tasks(number), workers, 1.0) == Some(turns);
    let fetches = |number| match raced(number).1.workload {
        Workload::Fetch(recipe) => recipe,
        other => panic!("{other:?}"),
    };
    let slow = |number| -> Vec<usize> {
        (0..tasks(number) as usize).filter(|&index| fetches(number).site_and_path(index).1 == "/slow").collect()
    };
    let most = |number| raced(number).1.server.and_then(|server| server.limits.requests).map_or(0, |limit| limit.most);
    let counted = |number| match raced(number).1.workload {
        Workload::Sharing(recipe) => u64::from(recipe.tasks.get()) * u64::from(recipe.steps.get()),
        _ => 0,
    };
    let sites = |number| fetches(number).sites.len();
    // Milliseconds, each once, the smallest first.
    let latencies = |number| -> Vec<u32> {
        let server = raced(number).1.server.expect("a server");
        let routes = server.routes.iter().map(|route| (route.latency_s / server.time_scale * 1e3).round() as u32);
        routes.collect::<BTreeSet<_>>().into_iter().collect()
    };
    let asks = |number| raced(number).0.ask.as_str();
    let below = |number| match raced(number).1.workload {
        Workload::PrimeSum(recipe) => recipe.below.get(),
        _ => 0,
    };
    let near = |found: f64, said: f64| (found / said - 1.0).abs() < 0.03;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let eight = format!("threads x {}, ten_million", 8 * cores);
    let at = |number, path: &str| {
        let server = raced(number).1.server.expect("a server");
        let route = server.routes.iter().find(|route| route.path == path).expect("a route");
        route.latency_s / server.time_scale
    };
    let stalls = |number| -> Vec<(Option<Vec<u32>>, Option<f64>)> {
        let server = raced(number).1.server.expect("a server");
        server.faults.iter().map(|rule| (rule.indexes.clone(), rule.stall_s)).collect()
    };
    for (number, words, is_so) in [
        (1, "thirty requests waits a tenth of a second", tasks(1) == 30 && near(each_s(1), 0.1)),
        (1, "five threads", asks(1) == "threads x 5"),
        (2, "below ten million", below(2) == 10_000_000),
        (2, "two threads", asks(2) == "gil_threads x 2, ten_million"),
        (3, "Thirty requests: 27 wait 0.05 s each", tasks(3) == 30 && near(at(3, "/"), 0.05)),
        (3, "the 10th, the 20th and the 30th wait 0.55 s", slow(3) == [9, 19, 29] && near(at(3, "/slow"), 0.55)),
        (3, "Five threads", asks(3) == "threads x 5, three_slow"),
        (4, "Thirty equal requests, a tenth of a second each", tasks(4) == 30 && near(each_s(4), 0.1)),
        (4, "Fifteen threads need two waves", takes(4, 15, 2.0)),
        (4, "sixteen threads", asks(4) == "threads x 16"),
        (5, "Thirty requests, a tenth of a second each", tasks(5) == 30 && near(each_s(5), 0.1)),
        (5, "eight processes", asks(5) == "processes x 8"),
        (6, "A thousand requests wait one second each", tasks(6) == 1000 && near(each_s(6), 1.0)),
        (7, "below ten million", below(7) == 10_000_000),
        (7, "eight threads per core", asks(7) == eight),
        (8, "Ten requests to each of three sites", tasks(8) == 30 && sites(8) == 3),
        (8, "after 0.05 s, 0.13 s and 0.23 s", latencies(8) == [50, 133, 229]),
        (8, "Each process takes one site and has five threads", asks(8) == "hybrid x 3x5, by_key"),
        (9, "Ninety-one downloads", tasks(9) == 91),
        (9, "wait 3.2 s altogether", near(raced(9).1.waits_in_turn_s(), 3.2)),
        (9, "Four workers", asks(9) == "queue x 4"),
        (10, "below ten million", below(10) == 10_000_000),
        (10, "one worker", asks(10) == "sequential x 1, sieved"),
        (
            11,
            "Fifty requests a second arrive for four seconds",
            raced(11).1.arrivals.is_some_and(|all| near(all.rate_per_s, 50.0)) && tasks(11) == 200,
        ),
        (11, "answers each in 0.01 s", near(at(11, "/page"), 0.01)),
        (11, "one answer takes half a second longer", stalls(11) == [(Some(vec![50]), Some(0.5))]),
        (11, "One worker", asks(11) == "sequential x 1, stalled"),
        (12, "A step of 0.6 s", near(at(12, "/start"), 0.6) && raced(12).1.prologue.len() == 1),
        (12, "thirty requests wait 0.08 s each", tasks(12) == 30 && near(at(12, "/wait"), 0.08)),
        (12, "thirty threads", asks(12) == "threads x 30, serial_fifth"),
        (
            13,
            "Ninety requests a second arrive at random",
            raced(13).1.arrivals.is_some_and(|all| near(all.rate_per_s, 90.0)),
        ),
        (13, "answers each in 0.01 s", near(at(13, "/page"), 0.01)),
        (13, "One worker", asks(13) == "sequential x 1"),
        (14, "Forty clients ask at once", tasks(14) == 40 && asks(14) == "async x 40, impatient"),
        (14, "four at a time, in 0.1 s each", most(14) == 4 && near(at(14, "/page"), 0.1)),
        (14, "gives up after 0.15 s", fetches(14).timeout_s == Some(0.15)),
        (15, "below 300,000", below(15) == 300_000),
        (15, "two of its threads", asks(15) == "python/threads x 2, three_hundred_thousand"),
        (16, "count to 64 million", counted(16) == 64_000_000),
        (16, "two threads", asks(16) == "threads x 2, one_counter"),
    ] {
        let question = &lessons[number - 1].question;
        assert!(question.contains(words), "{question}: {words}");
        assert!(is_so, "lesson {number} says {words}, and runs something else");
    }
}

#[test]
fn a_small_lesson_comes_out_as_it_stands() {
    let lesson = checked("07-small", RIGHT).unwrap();
    assert_eq!((lesson.number, lesson.name.as_str(), lesson.minutes), (7, "small", 5));
    let race = lesson.race.as_ref().unwrap();
    assert_eq!(race.command(), "makespan race web_requests --variant uneven --strategy threads --workers 5 --rounds 2");
    assert_eq!(LessonRace { time_scale: Some(0.5), ..race.clone() }.arguments()[9..], ["--time-scale", "0.5"]);
    assert_eq!(lesson.step(StepKind::See).unwrap().markdown, "c\n```text\n## no heading\n```");
    assert_eq!(lesson.code[0].file, "crates/work/src/strategy/threads.rs");
    assert!(lesson.code[0].text.starts_with("/// A worker's loop"));
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_what_was_expected() {
    for (right, wrong, words) in [
        ("minutes = 5", "minute = 5", ["07-small.md", "unknown field `minute`"]),
        ("minutes = 5", "minutes = 0", ["07-small.md", "nonzero"]),
        ("+++\ntitle", "---\ntitle", ["07-small.md", "no TOML in front"]),
        ("\"web_requests\"", "\"web_request\"", ["`race.scenario`", "did you mean `web_requests`?"]),
        ("\"uneven\"", "\"unevn\"", ["`race.variant`", "did you mean `uneven`?"]),
        ("[\"threads\"]", "[\"thread\"]", ["`race.strategies`", "did you mean `threads`?"]),
        ("[\"5\"]", "[\"five\"]", ["`race.workers`", "five"]),
        ("[\"5\"]", "[]", ["`race`", "no workers"]),
        ("rounds = 2", "rounds = 2\nschedules = [\"by_site\"]", ["`race.schedules`", "by_key"]),
        ("\"threads x 5, uneven\"", "\"threads x 5\"", ["`race.ask`", "did you mean `threads x 5, uneven`?"]),
        ("rounds = 2", "rounds = 2\ntime_scale = -1.0", ["`race.time_scale`", "from 0.001"]),
        ("makespan doctor", "rm -r", ["`command.run`", "a command of ours"]),
        ("\"000-3\"", "\"000-33\"", ["`claims`", "did you mean `000-3`?"]),
        ("[\"000-3\"]", "[]", ["`claims`", "at least one"]),
        ("threads.rs\"", "thread.rs\"", ["`code.file`", "crates/lesson/src/excerpt.rs"]),
        ("fn work_through", "fn works_through", ["`code.from`", "and not in 0"]),
        ("\"pub(super) fn work_through\"", "\"self\"", ["`code.from`", "stands in one line"]),
        (
            "threads.rs\"\nfrom = \"pub(super) fn work_through\"",
            "processes.rs\"\nfrom = \"impl Pool for WorkerProcesses\"",
            ["`code.from`", "to fit on a slide"],
        ),
        ("## Run\nb\n", "", ["its headings", "Ask, Run, See, Mistake, Code, Document, Try"]),
        ("+++\n\n## Ask", "+++\n\nbefore\n## Ask", ["its headings", "Ask, Run"]),
        ("## Run\nb\n", "## Run\n", ["`## Run`", "some words"]),
        ("\nf\n", &format!("\n{}\n", "f ".repeat(200)), ["`## Try`", "200 words"]),
    ] {
        assert!(RIGHT.contains(right), "{right}");
        let error = checked("07-small", &RIGHT.replacen(right, wrong, 1)).expect_err(wrong).to_string();
        for words in words {
            assert!(error.contains(words), "{wrong}: {error}");
        }
    }
    assert!(checked("small", RIGHT).unwrap_err().to_string().contains("NN-name"));
}

#[test]
fn a_lesson_has_a_number_and_a_name_and_others_are_suggested() {
    let lessons = all().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(named(lessons, "4").unwrap().name, "how-many-workers");
    assert_eq!(named(lessons, "how-many-workers").unwrap().number, 4);
    assert!(named(lessons, "how-many-worker").unwrap_err().contains("did you mean `how-many-workers`?"));
    let beyond = (lessons.len() + 1).to_string();
    assert!(named(lessons, &beyond).unwrap_err().contains(&format!("or 1 to {}", lessons.len())));
}
