//! Which races a browser may request. A request is checked before the class is asked or anything is started: no page,
//! from whatever site, can start a race larger than one that a class watches.

use super::wire;
use harness::scenario::{self, BUILT_IN, CellSpec, DEFAULT_VARIANT, Scenario, Timer, Variant};
use lesson::{Lesson, LessonStep, Paragraph, StepKind};
use std::{collections::HashSet, num::NonZeroUsize, thread};
use support::{figures::time, suggestion::unknown};
use work::{
    strategy::{self, Strategy, python::is_python},
    worker::{layout::WorkerLayout, task_queue::Schedule},
};

const MOST_STRATEGIES: usize = 6;
const MOST_COUNTS: usize = 8;
const MOST_CELLS: usize = 24;
const MOST_ROUNDS: u32 = 30;
/// At a tenth of the document's speed a race is too slow to watch; above a thousand times, no waits are left.
const TIME_SCALES: std::ops::RangeInclusive<f64> = 0.1..=1000.0;

/// What is wrong with a request: the key, the value found, the value expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unwanted(String);

/// A race that may be run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Checked {
    pub wanted: wire::RaceRequest,
    /// The arguments of `makespan run`. No value can be mistaken for an option.
    pub arguments: Vec<String>,
    /// The question about the cell to guess.
    pub question: Option<String>,
    /// How long its waits take sequentially, seconds, at least.
    pub waits_s: Option<f64>,
    /// The numbers from which its answer can be worked out.
    pub facts: String,
    /// The race that the class should have seen before.
    pub before: Option<wire::RaceRequest>,
}

impl Checked {
    /// Whether the cell to guess runs in Python.
    pub(super) fn asks_about_python(&self) -> bool {
        self.wanted.ask.as_deref().is_some_and(is_python)
    }

    /// Adds a paragraph to the facts.
    pub(super) fn add_fact(&mut self, fact: &str) {
        let gap = if self.facts.is_empty() { "" } else { "\n\n" };
        self.facts = format!("{}{gap}{fact}", self.facts);
    }

    /// The equivalent command for a terminal.
    pub(super) fn command(&self) -> String {
        // Names, numbers and commas: nothing that a shell would interpret.
        format!("makespan run {}", self.arguments.join(" "))
    }
}

/// Checks a request.
pub(super) fn check(wanted: wire::RaceRequest) -> Result<Checked, Unwanted> {
    let scenario = scenario(&wanted)?;
    let variant = variant(&scenario, wanted.variant.as_deref())?;
    let (strategies, shapes, schedules) = (strategies(&wanted)?, shapes(&wanted)?, schedules(&wanted)?);
    let cells = scenario::matrix(variant, &strategies, &shapes, &schedules, Timer::Warm)
        .map_err(|misfit| wrong("workers", misfit.found, misfit.expected))?;
    let cells = scenario::with_baselines(cells);
    within("cells (strategies times worker counts, and the baseline)", cells.len(), MOST_CELLS)?;
    cells.iter().try_for_each(workers_are_few)?;
    if !(1..=MOST_ROUNDS).contains(&wanted.rounds) {
        return Err(wrong("rounds", wanted.rounds, format!("1 to {MOST_ROUNDS}")));
    }
    let question = wanted.ask.as_deref().map(|asked| question(asked, &cells, variant)).transpose()?;
    let arguments = arguments(&wanted, &strategies, &shapes, &schedules);
    let lesson = lesson_of(&wanted);
    let facts = lesson.map_or_else(|| facts(variant), facts_of);
    let before = lesson.and_then(before);
    let waits_s = Some(variant.waits_in_turn_s()).filter(|waits_s| *waits_s > 0.0);
    Ok(Checked { wanted, arguments, question, waits_s, facts, before })
}

fn wrong(key: &str, found: impl std::fmt::Display, expected: impl std::fmt::Display) -> Unwanted {
    Unwanted(format!("`{key}`: found {found}, expected {expected}"))
}

fn within(what: &str, found: usize, most: usize) -> Result<(), Unwanted> {
    if found <= most { Ok(()) } else { Err(Unwanted(format!("found {found} {what}, expected at most {most}"))) }
}

/// Built-in scenarios only: with a path as the name, any page could make this process read a file.
fn scenario(wanted: &wire::RaceRequest) -> Result<Scenario, Unwanted> {
    let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    if !names.contains(&wanted.scenario.as_str()) {
        return Err(Unwanted(unknown("scenario", &shown(&wanted.scenario), &names)));
    }
    let scenario = scenario::load(&wanted.scenario).map_err(|error| Unwanted(error.to_string()))?;
    match wanted.time_scale {
        None => Ok(scenario),
        Some(scale) if !scenario.has_waits() => Err(wrong("time_scale", scale, "none: this scenario has no waits")),
        Some(scale) if TIME_SCALES.contains(&scale) => Ok(scenario.scaled(scale)),
        Some(scale) => Err(wrong("time_scale", scale, format!("{} to {}", TIME_SCALES.start(), TIME_SCALES.end()))),
    }
}

fn variant<'s>(scenario: &'s Scenario, name: Option<&str>) -> Result<&'s Variant, Unwanted> {
    let name = name.unwrap_or(DEFAULT_VARIANT);
    let names = || scenario.variants.iter().map(|variant| variant.name.as_str()).collect::<Vec<_>>();
    scenario.variant(name).ok_or_else(|| Unwanted(unknown("variant", &shown(name), &names())))
}

/// The requested strategies; `sequential` if there are none, since it always runs.
fn strategies(wanted: &wire::RaceRequest) -> Result<Vec<&'static dyn Strategy>, Unwanted> {
    within("strategies", wanted.strategies.len(), MOST_STRATEGIES)?;
    if wanted.strategies.is_empty() {
        return Ok(vec![&strategy::sequential::Sequential]);
    }
    wanted.strategies.iter().map(|name| strategy::named(&shown(name)).map_err(Unwanted)).collect()
}

fn shapes(wanted: &wire::RaceRequest) -> Result<Vec<WorkerLayout>, Unwanted> {
    within("worker counts", wanted.workers.len(), MOST_COUNTS)?;
    if wanted.strategies.is_empty() {
        return Ok(vec![WorkerLayout::ONE]);
    }
    if wanted.workers.is_empty() {
        return Err(wrong("workers", "none", format!("1 to {MOST_COUNTS} worker counts")));
    }
    wanted.workers.iter().map(|text| shown(text).parse().map_err(|error| wrong("workers", error, "5 or 3x5"))).collect()
}

fn schedules(wanted: &wire::RaceRequest) -> Result<Vec<Schedule>, Unwanted> {
    within("schedules", wanted.schedules.len(), MOST_COUNTS)?;
    let parsed = wanted.schedules.iter().map(|text| shown(text).parse().map_err(Unwanted));
    let schedules = parsed.collect::<Result<Vec<Schedule>, _>>()?;
    Ok(if schedules.is_empty() { vec![Schedule::OneByOne] } else { schedules })
}

/// As much of a text as an error message should quote.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Limits a cell to the threads and processes that a laptop can spare during a lecture.
fn workers_are_few(cell: &CellSpec) -> Result<(), Unwanted> {
    let look = strategy::presentation(&cell.strategy);
    let (most, (_, what)) = (look.most_in_class, look.worker);
    let too_many = |found: u32, most: u32, what: &str| {
        if found <= most {
            Ok(())
        } else {
            Err(wrong("workers", cell, format!("at most {most} {what} in a classroom")))
        }
    };
    if let Some(processes) = cell.shape.processes() {
        let processes_look = strategy::presentation("processes");
        too_many(processes.get(), processes_look.most_in_class, processes_look.worker.1)?;
    }
    too_many(cell.shape.workers().get(), most, what)
}

/// The question about the cell of this name: how long it takes, or how long its requests do.
fn question(asked: &str, cells: &[CellSpec], variant: &Variant) -> Result<String, Unwanted> {
    let Some(cell) = cells.iter().find(|cell| cell.to_string() == asked) else {
        let names: Vec<String> = cells.iter().map(CellSpec::to_string).collect();
        return Err(Unwanted(unknown("cell", &shown(asked), &names.iter().map(String::as_str).collect::<Vec<_>>())));
    };
    let who = strategy::presentation(&cell.strategy).phrase(&cell.strategy, cell.shape);
    if variant.arrivals.is_some() {
        return Ok(format!("Within how many seconds will {who} answer 99 of 100 requests?"));
    }
    Ok(format!("How long will {who} take?"))
}

/// The lesson that has this race.
fn lesson_of(wanted: &wire::RaceRequest) -> Option<&'static Lesson> {
    let is_its = |race: &lesson::LessonRace| wire::RaceRequest::from(race) == *wanted;
    lesson::all().unwrap_or_default().iter().find(|lesson| lesson.race.as_ref().is_some_and(is_its))
}

/// A lesson's question, and what its slide says about it: on a phone, nothing else of the lesson can be read.
fn facts_of(lesson: &Lesson) -> String {
    let ask = lesson.steps.iter().filter(|step| step.kind == StepKind::Ask);
    let said = ask.flat_map(LessonStep::paragraphs).map(|paragraph| match paragraph {
        Paragraph::Words(text) | Paragraph::Item(text) | Paragraph::Code(text) => text,
    });
    std::iter::once(lesson.question.clone()).chain(said).collect::<Vec<_>>().join("\n\n")
}

/// The race of the command that a lesson puts before its question, if it has one: the class should see it first.
pub(super) fn before(lesson: &Lesson) -> Option<wire::RaceRequest> {
    let command = lesson.commands.iter().find(|command| command.before)?;
    let mut words = command.run.split_whitespace().skip(2);
    let mut wanted = wire::RaceRequest {
        scenario: words.next()?.to_owned(),
        variant: None,
        strategies: Vec::new(),
        workers: vec!["1".into()],
        schedules: Vec::new(),
        rounds: 3,
        time_scale: None,
        ask: None,
    };
    while let (Some(option), Some(value)) = (words.next(), words.next()) {
        let list = || value.split(',').map(str::to_owned).collect();
        match option {
            "--variant" => wanted.variant = Some(value.into()),
            "--strategy" => wanted.strategies = list(),
            "--workers" => wanted.workers = list(),
            "--rounds" => wanted.rounds = value.parse().ok()?,
            _ => return None,
        }
    }
    Some(wanted)
}

/// How many tasks there are on how many cores, and how long each waits.
fn facts(variant: &Variant) -> String {
    let counted = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let work = format!("{} on {}.", counted(variant.tasks() as usize, "task"), counted(cores, "core"));
    let Some(server) = &variant.server else { return format!("{work} They wait for no server.") };
    let waits_s = server.routes.iter().map(|route| route.latency_s / server.time_scale);
    let least_s = waits_s.clone().fold(f64::INFINITY, f64::min);
    let most_s = waits_s.fold(0.0, f64::max);
    let spread = if server.routes.iter().any(|route| route.spread.is_some()) { "about " } else { "" };
    let waits = if least_s < most_s { format!("{} to {}", time(least_s), time(most_s)) } else { time(most_s) };
    format!("{work} The server answers a request after {spread}{waits}.")
}

fn arguments(
    wanted: &wire::RaceRequest,
    strategies: &[&'static dyn Strategy],
    shapes: &[WorkerLayout],
    schedules: &[Schedule],
) -> Vec<String> {
    let list = |all: Vec<String>| {
        let mut seen = HashSet::new();
        all.into_iter().filter(|one| seen.insert(one.clone())).collect::<Vec<_>>().join(",")
    };
    let mut arguments = vec![wanted.scenario.clone()];
    let mut add = |option: &str, value: String| arguments.extend([option.to_owned(), value]);
    wanted.variant.iter().for_each(|variant| add("--variant", variant.clone()));
    add("--strategy", list(strategies.iter().map(|one| one.name().to_owned()).collect()));
    add("--workers", list(shapes.iter().map(WorkerLayout::to_string).collect()));
    if !wanted.schedules.is_empty() {
        add("--schedule", list(schedules.iter().map(Schedule::to_string).collect()));
    }
    add("--rounds", wanted.rounds.to_string());
    wanted.time_scale.iter().for_each(|scale| add("--time-scale", scale.to_string()));
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wanted(strategies: &[&str], workers: &[&str]) -> wire::RaceRequest {
        let owned = |all: &[&str]| all.iter().map(ToString::to_string).collect();
        wire::RaceRequest {
            scenario: "latency_only".into(),
            variant: None,
            strategies: owned(strategies),
            workers: owned(workers),
            schedules: Vec::new(),
            rounds: 3,
            time_scale: None,
            ask: None,
        }
    }

    #[test]
    fn what_is_wanted_becomes_a_command() {
        let ask = Some("threads x 8".to_owned());
        let checked =
            check(wire::RaceRequest { ask, ..wanted(&["threads", "processes", "threads"], &["8", " 2"]) }).unwrap();
        assert_eq!(
            checked.command(),
            "makespan run latency_only --strategy threads,processes --workers 8,2 --rounds 3"
        );
        assert_eq!(checked.question.as_deref(), Some("How long will 8 threads take?"));

        let all = wire::RaceRequest {
            variant: Some("one_wait".into()),
            time_scale: Some(0.5),
            ask: Some("thread_per_task x 1, one_wait".into()),
            ..wanted(&["thread_per_task"], &["4"])
        };
        let checked = check(all).unwrap();
        let command = "makespan run latency_only --variant one_wait --strategy thread_per_task --workers 4 --rounds 3 \
                       --time-scale 0.5";
        assert_eq!(checked.command(), command);
        assert_eq!(checked.question.as_deref(), Some("How long will a thread for each task take?"));
        let arrivals = wire::RaceRequest {
            scenario: "arrivals".into(),
            ask: Some("sequential x 1".into()),
            ..wanted(&["threads"], &["2"])
        };
        let question = check(arrivals).unwrap().question.unwrap();
        assert!(question.contains("99 of 100 requests"), "{question}");
        assert!(checked.facts.starts_with("30 tasks on ") || checked.facts.starts_with("1 task on "), "{checked:?}");
        assert!(checked.waits_s.is_some_and(|waits_s| waits_s > 0.0), "{checked:?}");
        assert!(checked.facts.contains("The server answers a request after "), "{checked:?}");

        let alone = check(wire::RaceRequest { ask: Some("sequential x 1".into()), ..wanted(&[], &[]) }).unwrap();
        assert_eq!(alone.command(), "makespan run latency_only --strategy sequential --workers 1 --rounds 3");
    }

    #[test]
    fn every_built_in_scenario_can_be_raced() {
        for (name, _) in BUILT_IN {
            let race = wire::RaceRequest { scenario: (*name).into(), ..wanted(&["threads", "processes"], &["2", "4"]) };
            assert!(check(race).is_ok(), "{name}");
        }
    }

    #[test]
    fn what_is_too_large_or_unknown_is_refused_with_what_would_do() {
        let many = |name: &str, count: usize| vec![name.to_owned(); count];
        let counts = |upto: u32| (1..=upto).map(|count| count.to_string()).collect::<Vec<_>>();
        let plain = || wanted(&["threads"], &["2"]);
        for (race, words) in [
            (wire::RaceRequest { scenario: "latency_onyl".into(), ..plain() }, "did you mean `latency_only`?"),
            (wire::RaceRequest { scenario: "/etc/passwd.toml".into(), ..plain() }, "unknown scenario"),
            (wire::RaceRequest { scenario: "--server=http://h:1".into(), ..plain() }, "unknown scenario"),
            (wire::RaceRequest { scenario: "x".repeat(9999), ..plain() }, "unknown scenario"),
            (wire::RaceRequest { variant: Some("--data".into()), ..plain() }, "unknown variant `--data`"),
            (wire::RaceRequest { strategies: vec!["threds".into()], ..plain() }, "did you mean `threads`?"),
            (wire::RaceRequest { strategies: vec!["threads,async".into()], ..plain() }, "unknown strategy"),
            (wire::RaceRequest { strategies: many("threads", 7), ..plain() }, "at most 6"),
            (wire::RaceRequest { workers: vec![], ..plain() }, "1 to 8 worker counts"),
            (wire::RaceRequest { workers: many("2", 9), ..plain() }, "at most 8"),
            (wire::RaceRequest { workers: vec!["0".into()], ..plain() }, "from 1 on"),
            (wire::RaceRequest { workers: vec!["-1".into()], ..plain() }, "from 1 on"),
            (wire::RaceRequest { workers: vec!["3x5".into()], ..plain() }, "a whole number for `threads`"),
            (wanted(&["threads"], &["1001"]), "at most 1000 threads"),
            (wanted(&["work_stealing"], &["65"]), "at most 64 threads"),
            (wanted(&["threads"], &["100000"]), "at most 4096 for `threads`"),
            (wanted(&["processes"], &["17"]), "at most 16 processes"),
            (wanted(&["queue"], &["17"]), "at most 16 workers"),
            (wanted(&["hybrid"], &["17x1"]), "at most 16 processes"),
            (wanted(&["hybrid"], &["13x5"]), "at most 64 workers"),
            (wanted(&["async"], &["1001"]), "at most 1000 in flight"),
            (wanted(&["async", "gil_threads"], &["1000"]), "at most 64 threads"),
            (
                wire::RaceRequest {
                    workers: counts(8),
                    strategies: ["threads", "processes", "async", "work_stealing"].map(Into::into).into(),
                    ..plain()
                },
                "found 33 cells",
            ),
            (wire::RaceRequest { schedules: vec!["by_kye".into()], ..plain() }, "unknown schedule `by_kye`"),
            (wire::RaceRequest { rounds: 0, ..plain() }, "1 to 30"),
            (wire::RaceRequest { rounds: 31, ..plain() }, "1 to 30"),
            (wire::RaceRequest { time_scale: Some(0.09), ..plain() }, "0.1 to 1000"),
            (wire::RaceRequest { time_scale: Some(-1.0), ..plain() }, "0.1 to 1000"),
            (wire::RaceRequest { time_scale: Some(f64::NAN), ..plain() }, "0.1 to 1000"),
            (wire::RaceRequest { ask: Some("threads x 3".into()), ..plain() }, "did you mean `threads x 2`?"),
        ] {
            let error = check(race.clone()).expect_err(words).to_string();
            assert!(error.contains(words) && error.len() < 500, "{race:?}: {error}");
        }
        assert!(check(wanted(&["async"], &["1000"])).is_ok());
        assert!(check(wanted(&["hybrid"], &["16x4"])).is_ok());
    }

    #[test]
    fn every_lessons_race_can_be_asked() {
        for lesson in lesson::all().unwrap() {
            let question = &lesson.question;
            let race = lesson.race.as_ref().map(wire::RaceRequest::from);
            let checked = race.map(check).transpose();
            let is_asked = |race: &Checked| race.question.is_some() && race.facts.starts_with(question.as_str());
            assert!(checked.as_ref().is_ok_and(|race| race.iter().all(is_asked)), "{checked:?}");
            let has_before = lesson.commands.iter().any(|command| command.before);
            let first = before(lesson).map(check);
            assert!(first.is_some() == has_before && first.is_none_or(|first| first.is_ok()), "{}", lesson.name);
        }
    }

    proptest! {
        #[test]
        fn no_text_becomes_an_option(scenario in ".{0,20}", name in "-{0,2}[a-z=,/.]{0,12}", workers in "[-0-9x, ]{0,6}") {
            for race in [
                wire::RaceRequest { scenario, ..wanted(&["threads"], &["2"]) },
                wire::RaceRequest { variant: Some(name.clone()), ..wanted(&["threads"], &["2"]) },
                wanted(&[&name], &["2"]),
                wanted(&["threads"], &[&workers]),
                wire::RaceRequest { schedules: vec![name], ..wanted(&["threads"], &["2"]) },
            ] {
                let Ok(checked) = check(race) else { continue };
                let options = ["--variant", "--strategy", "--workers", "--schedule", "--rounds", "--time-scale"];
                let plain = |one: &String| one.bytes().all(|c| c.is_ascii_alphanumeric() || b"_,.()".contains(&c));
                prop_assert!(checked.arguments.iter().all(|one| options.contains(&one.as_str()) || plain(one)));
            }
        }
    }
}
