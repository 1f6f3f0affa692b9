//! Checks the wire form: every name resolves and every step fits on a slide, or the error says which doesn't.

use super::{
    Command, Excerpt, Lesson, LessonError, LessonRace, LessonStep, StepKind,
    excerpt::{self, NoExcerpt},
    wire,
};
use harness::scenario::{self, CellSpec, DEFAULT_VARIANT, Scenario, Timer};
use support::{figures::exact, suggestion::one_of};
use work::{
    strategy,
    worker::{layout::WorkerLayout, task_queue::Schedule},
};

/// Most words of a step: nobody reads more while a lecturer speaks.
const MOST_WORDS: usize = 75;

/// Most lines of code that fit on a slide of 720 pixels, in letters that the back row can read.
const MOST_LINES: usize = 26;

/// The names that lessons may use.
pub(super) struct Library {
    scenarios: Vec<Scenario>,
    /// The cores of this machine.
    cores: usize,
}

/// Checks one lesson file.
struct LessonChecker<'a> {
    library: &'a Library,
    file: &'a str,
}

impl Library {
    pub(super) fn load(cores: usize) -> Result<Self, LessonError> {
        Ok(Self { scenarios: scenario::all()?, cores })
    }

    /// Parses a lesson file, whose name begins with its number: `03-how-many-workers`.
    pub(super) fn lesson(&self, file: &str, text: &str) -> Result<Lesson, LessonError> {
        let text = text.replace("{cores}", &self.cores.to_string()).replace("{8 cores}", &(8 * self.cores).to_string());
        LessonChecker { library: self, file: &format!("{file}.md") }.lesson(file, &text)
    }
}

impl LessonChecker<'_> {
    fn lesson(&self, stem: &str, text: &str) -> Result<Lesson, LessonError> {
        let numbered = stem.split_once('-').and_then(|(number, name)| Some((number.parse().ok()?, name.to_owned())));
        let (number, name) =
            numbered.ok_or_else(|| self.invalid("its name", stem, "NN-name, such as 03-how-many-workers"))?;
        let malformed = |message: String| LessonError::Malformed { file: self.file.into(), message };
        let (front, body) = wire::parts(text)
            .ok_or_else(|| malformed("no TOML in front, between a first line of `+++` and another such line".into()))?;
        let front: wire::FrontMatter =
            toml::from_str(front).map_err(|error| malformed(error.to_string().trim_end().into()))?;
        if front.race.is_none() && front.command.is_empty() {
            return Err(self.invalid("race", "neither a race nor a command", "something to run"));
        }
        Ok(Lesson {
            number,
            name,
            minutes: front.minutes.get(),
            race: front.race.map(|race| self.race(race)).transpose()?,
            commands: front.command.into_iter().map(|command| self.command(command)).collect::<Result<_, _>>()?,
            claims: self.claims(front.claims)?,
            code: front.code.iter().map(|code| self.excerpt(code)).collect::<Result<_, _>>()?,
            steps: self.steps(body)?,
            title: front.title,
            question: front.question,
        })
    }

    fn race(&self, wire: wire::Race) -> Result<LessonRace, LessonError> {
        let scenarios = &self.library.scenarios;
        let names: Vec<&str> = scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
        let scenario = scenarios.iter().find(|scenario| scenario.name == wire.scenario);
        let scenario =
            scenario.ok_or_else(|| self.invalid("race.scenario", &wire.scenario, &one_of(&wire.scenario, &names)))?;
        if let Some(scale) = wire.time_scale {
            scenario::time_scale(scale)
                .map_err(|expected| self.invalid("race.time_scale", &exact(scale), &expected))?;
        }
        let cells = self.cells(scenario, &wire)?;
        if !cells.contains(&wire.ask) {
            let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
            return Err(self.invalid("race.ask", &wire.ask, &one_of(&wire.ask, &cells)));
        }
        let wire::Race { scenario, variant, strategies, workers, schedules, rounds, time_scale, ask } = wire;
        Ok(LessonRace { scenario, variant, strategies, workers, schedules, rounds: rounds.get(), time_scale, ask })
    }

    /// The cells of a race, as tables show them.
    fn cells(&self, scenario: &Scenario, race: &wire::Race) -> Result<Vec<String>, LessonError> {
        let name = race.variant.as_deref().unwrap_or(DEFAULT_VARIANT);
        let names: Vec<&str> = scenario.variants.iter().map(|variant| variant.name.as_str()).collect();
        let variant =
            scenario.variant(name).ok_or_else(|| self.invalid("race.variant", name, &one_of(name, &names)))?;
        let named = |name: &String| {
            strategy::named(name).map_err(|_| self.invalid("race.strategies", name, &one_of(name, &strategy::names())))
        };
        let strategies = race.strategies.iter().map(named).collect::<Result<Vec<_>, _>>()?;
        let shapes = race.workers.iter().map(|text| text.parse()).collect::<Result<Vec<WorkerLayout>, String>>();
        let shapes = shapes.map_err(|words| self.invalid("race.workers", &race.workers.join(", "), &words))?;
        if strategies.is_empty() || shapes.is_empty() {
            return Err(self.invalid("race", "no strategies or no workers", "at least one of each"));
        }
        let schedules = race.schedules.iter().map(|text| text.parse()).collect::<Result<Vec<Schedule>, String>>();
        let mut schedules =
            schedules.map_err(|words| self.invalid("race.schedules", &race.schedules.join(", "), &words))?;
        if schedules.is_empty() {
            schedules.push(Schedule::OneByOne);
        }
        let cells = scenario::matrix(variant, &strategies, &shapes, &schedules, Timer::Warm)
            .map_err(|misfit| self.invalid("race.workers", &misfit.found, &misfit.expected))?;
        Ok(scenario::with_baselines(cells).iter().map(CellSpec::to_string).collect())
    }

    /// Arguments after `makespan` are not checked here: the command line's own tests do that.
    fn command(&self, wire: wire::Command) -> Result<Command, LessonError> {
        if !wire.run.starts_with("makespan ") {
            return Err(self.invalid("command.run", &wire.run, "a command of ours: makespan ..."));
        }
        let wire::Command { run, why, before } = wire;
        Ok(Command { run, why, before })
    }

    fn claims(&self, ids: Vec<String>) -> Result<Vec<String>, LessonError> {
        let known =
            || self.library.scenarios.iter().flat_map(|scenario| &scenario.claims).map(|claim| claim.id.as_str());
        match ids.iter().find(|id| !known().any(|known| known == *id)) {
            Some(id) => Err(self.invalid("claims", id, &one_of(id, &known().collect::<Vec<_>>()))),
            None if ids.is_empty() => Err(self.invalid("claims", "none", "at least one")),
            None => Ok(ids),
        }
    }

    fn excerpt(&self, code: &wire::Code) -> Result<Excerpt, LessonError> {
        let wire::Code { file, from } = code;
        let excerpt = excerpt::excerpt(file, from).map_err(|why| match why {
            NoExcerpt::File(files) => self.invalid(
                "code.file",
                file,
                &format!("a file in the table of crates/lesson/src/excerpt.rs: {}", files.join(", ")),
            ),
            NoExcerpt::Lines(lines) => {
                let expected = format!("a text that stands in one line of {file}, and not in {lines}");
                self.invalid("code.from", &format!("`{from}`"), &expected)
            }
            NoExcerpt::Open => self.invalid("code.from", &format!("`{from}`"), "the first line of an item"),
        })?;
        match excerpt.text.lines().count() {
            lines if lines > MOST_LINES => {
                let expected = format!("at most {MOST_LINES}, to fit on a slide");
                Err(self.invalid("code.from", &format!("{lines} lines from `{from}` on"), &expected))
            }
            _ => Ok(excerpt),
        }
    }

    fn steps(&self, body: &str) -> Result<Vec<LessonStep>, LessonError> {
        let found = wire::steps(body);
        let headings: Vec<&str> =
            found.iter().filter(|(head, words)| !head.is_empty() || !words.is_empty()).map(|(head, _)| *head).collect();
        let expected: Vec<String> = StepKind::ALL.iter().map(StepKind::to_string).collect();
        if headings != expected {
            return Err(self.invalid("its headings", &headings.join(", "), &expected.join(", ")));
        }
        let steps = StepKind::ALL.into_iter().zip(found.into_iter().skip(1));
        steps.map(|(kind, (_, markdown))| self.step(LessonStep { kind, markdown })).collect()
    }

    fn step(&self, step: LessonStep) -> Result<LessonStep, LessonError> {
        match step.words() {
            0 => Err(self.invalid(&format!("## {}", step.kind), "nothing", "some words")),
            words if words > MOST_WORDS => {
                let expected = format!("at most {MOST_WORDS}, to fit on a slide");
                Err(self.invalid(&format!("## {}", step.kind), &format!("{words} words"), &expected))
            }
            _ => Ok(step),
        }
    }

    fn invalid(&self, key: &str, found: &str, expected: &str) -> LessonError {
        let [file, key, found, expected] = [self.file, key, found, expected].map(str::to_owned);
        LessonError::Invalid { file, key, found, expected }
    }
}
