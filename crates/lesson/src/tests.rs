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
## Code
d
## Document
e
## Try
f
"#;

fn checked(file: &str, text: &str) -> Result<Lesson, LessonError> {
    check::Library::load().expect("the scenarios are right").lesson(file, text)
}

#[test]
fn every_lesson_is_right_and_numbered_in_order() {
    let lessons = all().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(lessons.len(), 11);
    for (place, lesson) in (1..).zip(lessons) {
        assert_eq!(lesson.number, place);
        assert_eq!(BUILT_IN[place as usize - 1].0, format!("{place:02}-{}", lesson.name));
        let kinds: Vec<StepKind> = lesson.steps.iter().map(|step| step.kind).collect();
        assert_eq!(kinds, StepKind::ALL);
        assert!(lesson.question.ends_with('?'), "{}", lesson.question);
        assert!(!lesson.code.is_empty(), "{} shows no code", lesson.name);
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
    let slowest_s = |number| {
        let server = raced(number).1.server.expect("a server");
        server.routes.iter().map(|route| route.latency_s / server.time_scale).fold(0.0, f64::max)
    };
    let asks = |number| raced(number).0.ask.as_str();
    let below = |number| match raced(number).1.workload {
        Workload::PrimeSum(recipe) => recipe.below.get(),
        _ => 0,
    };
    let near = |found: f64, said: f64| (found / said - 1.0).abs() < 0.03;
    for (number, words, is_so) in [
        (1, "thirty requests waits a tenth of a second", tasks(1) == 30 && near(each_s(1), 0.1)),
        (1, "five threads", asks(1) == "threads x 5"),
        (2, "same thirty requests", tasks(2) == 30 && near(each_s(2), 0.1)),
        (2, "five threads", asks(2) == "threads x 5, uneven"),
        (3, "Thirty equal requests, a tenth of a second each", tasks(3) == 30 && near(each_s(3), 0.1)),
        (3, "Fifteen threads need two waves", takes(3, 15, 2.0)),
        (3, "sixteen threads", asks(3) == "threads x 16"),
        (4, "Thirty requests, a tenth of a second each", tasks(4) == 30 && near(each_s(4), 0.1)),
        (4, "four waves for eight workers", takes(4, 8, 4.0)),
        (4, "eight processes", asks(4) == "processes x 8"),
        (5, "below ten million", below(5) == 10_000_000),
        (5, "two threads", asks(5) == "gil_threads x 2, ten_million"),
        (6, "A thousand requests, one second each", tasks(6) == 1000 && near(each_s(6), 1.0)),
        (7, "Thirty requests", tasks(7) == 30),
        (7, "slowest site takes almost a quarter of a second", near(slowest_s(7), 0.23)),
        (7, "three processes of five threads", asks(7) == "hybrid x 3x5"),
        (8, "below ten million", below(8) == 10_000_000),
        (8, "sixteen threads", asks(8) == "threads x 16, ten_million"),
        (9, "Ninety-one downloads", tasks(9) == 91),
        (9, "a bit more than three seconds altogether", near(raced(9).1.waits_in_turn_s(), 3.2)),
        (9, "Four workers", asks(9) == "queue x 4"),
        (10, "below ten million", below(10) == 10_000_000),
        (10, "one worker", asks(10) == "sequential x 1, sieved"),
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
        ("## Run\nb\n", "", ["its headings", "Ask, Run, See, Code, Document, Try"]),
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
    assert_eq!(named(lessons, "3").unwrap().name, "how-many-workers");
    assert_eq!(named(lessons, "how-many-workers").unwrap().number, 3);
    assert!(named(lessons, "how-many-worker").unwrap_err().contains("did you mean `how-many-workers`?"));
    assert!(named(lessons, "12").unwrap_err().contains("or 1 to 11"));
}
