//! Exercises: a strategy to complete, in one file.
//!
//! The file is a program (`examples/NAME.rs` in a checkout of this project) with a [`Strategy`] that is right but slow,
//! or fast but wrong. Its `main` is [`main`](main()): it tests the strategy's [contract], and if that is kept, has the
//! [runner](harness::runner) measure it in the same rounds as the built-in strategy, and [grades](grade) the interval
//! of the two times' ratio.

// Nothing may panic when the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod contract;
mod crowd;
pub mod grade;
mod program;
pub mod report;
mod trial;

pub use program::{CheckError, ROUNDS, check_and_print, main};

use contract::{Contract, ContractPoint, PointOutcome};
use harness::{
    runner::stage::SetupError,
    scenario::{self, CellSpec, DEFAULT_VARIANT, Scenario, ScenarioError, Timer},
};
use mock_server::process::ServerError;
use report::{CheckReport, Grade};
use std::num::NonZeroU32;
use support::suggestion;
use work::{
    strategy::{self, Env, Strategy, python::is_python},
    worker::{layout::WorkerLayout, task_queue::Schedule},
};

/// Every exercise, in the recommended order.
pub const ALL: &[Exercise] = &[
    Exercise {
        name: "work_queue",
        title: "N workers take tasks from one shared queue",
        shape: plain(6),
        own_point: None,
        rust: Edition {
            house: "threads",
            template: include_str!("../../../fixtures/exercises/work_queue.rs"),
            hint: "Is every worker busy until no task is left? A worker with a fixed share may get all the long tasks.",
            further: "Assign the tasks beforehand instead, and see what that costs: worker i takes the tasks i, i + N, i + 2N.",
        },
        python: Edition {
            house: "python/threads",
            template: include_str!("../../../fixtures/exercises/python/work_queue.py"),
            hint: "Is every worker busy until no task is left? A worker with a fixed share may get all the long tasks.",
            further: "Have the threads compute instead: `makespan run prime_sum --strategy python/threads --workers 1,2`.",
        },
    },
    Exercise {
        name: "bounded_pool",
        title: "a thread for each task, bounded to N at a time",
        shape: plain(6),
        own_point: None,
        rust: Edition {
            house: "threads",
            template: include_str!("../../../fixtures/exercises/bounded_pool.rs"),
            hint: "Does a new task begin as soon as one has ended? Starting six and joining all six waits for the slowest.",
            further: "See a thread for each task where the system refuses threads: `makespan run url_crawl --variant crowd`.",
        },
        python: Edition {
            house: "python/threads",
            template: include_str!("../../../fixtures/exercises/python/bounded_pool.py"),
            hint: "Does a new task begin as soon as one has ended? Starting six and joining all six waits for the slowest.",
            further: "Do it again with `ThreadPoolExecutor(self.most)`: how many lines are left?",
        },
    },
    Exercise {
        name: "lock_held_too_long",
        title: "workers share a queue behind a lock, and hold it while they work",
        shape: plain(6),
        own_point: None,
        rust: Edition {
            house: "threads",
            template: include_str!("../../../fixtures/exercises/lock_held_too_long.rs"),
            hint: "When is the guard dropped? One that is made in the head of a `while let` or a `match` lives to the end of its body.",
            further: "Hold the lock longer on purpose: from which duration on does it show?",
        },
        python: Edition {
            house: "python/threads",
            template: include_str!("../../../fixtures/exercises/python/lock_held_too_long.py"),
            hint: "Which lines need the lock? It is held to the end of the `with` block, and `lane.do` takes as long as the task.",
            further: "Hold the lock longer on purpose, with `time.sleep`: from which duration on does it show?",
        },
    },
    Exercise {
        name: "async_fetcher",
        title: "one thread, N requests in flight",
        shape: plain(6),
        own_point: Some(ContractPoint::OneThread),
        rust: Edition {
            house: "async",
            template: include_str!("../../../fixtures/exercises/async_fetcher.rs"),
            hint: "Awaiting futures one by one keeps only one in flight. Await N of them together.",
            further: "See what a task does that never awaits: `makespan run prime_sum --strategy async --workers 1,8`.",
        },
        python: Edition {
            house: "python/asyncio",
            template: include_str!("../../../fixtures/exercises/python/async_fetcher.py"),
            hint: "Awaiting coroutines one by one keeps only one in flight. Await N of them together.",
            further: "See what a task does that never awaits: `makespan run prime_sum --strategy python/asyncio --workers 1,8`.",
        },
    },
    Exercise {
        name: "hybrid",
        title: "P worker processes with T threads each",
        shape: grid(2, 3),
        own_point: Some(ContractPoint::Processes),
        rust: Edition {
            house: "hybrid",
            template: include_str!("../../../fixtures/exercises/hybrid.rs"),
            hint: "Does each process hold as many tasks as it has threads, and get a new one as soon as one is done?",
            further: "Does the layout of six workers matter? `makespan run web_requests --strategy hybrid --workers 1x6,2x3,6x1`.",
        },
        python: Edition {
            house: "python/hybrid",
            template: include_str!("../../../fixtures/exercises/python/hybrid.py"),
            hint: "Does each thread take its next task as soon as one is done, or does it wait for the others of its process?",
            further: "Does the layout matter? `makespan run web_requests --strategy python/hybrid --workers 1x6,2x3,6x1`.",
        },
    },
];

/// The scenario that exercises are measured with.
const WAITS: &str = include_str!("../../../fixtures/exercises/waits.toml");

const fn number(count: u32) -> NonZeroU32 {
    match NonZeroU32::new(count) {
        Some(count) => count,
        None => NonZeroU32::MIN,
    }
}

const fn plain(workers: u32) -> WorkerLayout {
    WorkerLayout::Plain(number(workers))
}

const fn grid(processes: u32, threads: u32) -> WorkerLayout {
    WorkerLayout::Grid { processes: number(processes), threads: number(threads) }
}

/// A strategy to complete.
#[derive(Debug)]
pub struct Exercise {
    /// Its name and its file's.
    pub name: &'static str,
    /// The topic, in one line.
    pub title: &'static str,
    /// The worker layout.
    pub shape: WorkerLayout,
    /// A contract point of this exercise alone, in addition to every strategy's.
    pub own_point: Option<ContractPoint>,
    /// As a program in Rust.
    pub rust: Edition,
    /// As a file that a Python lane loads.
    pub python: Edition,
}

/// What is different about an exercise in each language.
#[derive(Debug)]
pub struct Edition {
    /// The built-in strategy of [`strategy::ALL`] that it is measured against, with the same workers.
    pub house: &'static str,
    /// The file to start from.
    pub template: &'static str,
    /// A hint for a strategy that keeps the contract and is slow.
    pub hint: &'static str,
    /// What to try after passing.
    pub further: &'static str,
}

/// A language that exercises are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// Rust: a program of its own.
    Rust,
    /// Python: a file for a lane.
    Python,
}

impl Language {
    /// The language of the strategy of this name.
    fn of(strategy: &str) -> Self {
        if is_python(strategy) { Self::Python } else { Self::Rust }
    }
}

/// What a check needs in addition to the strategy.
#[derive(Debug, Clone)]
pub struct CheckSettings {
    /// The `makespan` binary, for worker processes and the mock server, and where outputs go.
    pub env: Env,
    /// Rounds to measure; an interval needs at least two.
    pub rounds: u32,
    /// The measured waits are divided by this.
    pub time_scale: f64,
}

/// Progress of a check.
#[derive(Debug)]
pub enum CheckEvent<'a> {
    /// A point of the contract is decided.
    Found(&'a contract::PointResult),
    /// Progress of the measurement.
    Measuring {
        /// Steps done.
        done: u32,
        /// Steps in all.
        of: u32,
    },
}

/// Why a strategy could not be checked, through no fault of its own.
#[derive(Debug, thiserror::Error)]
pub enum GradeError {
    /// The mock server did not start, or its log can't be read.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The exercise's own scenario is wrong.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The cells could not be set up.
    #[error(transparent)]
    SetUp(#[from] SetupError),
    /// The strategy can't be registered.
    #[error("{0}")]
    NotAdmitted(String),
    /// The system refused a thread or a socket.
    #[error("the check could not be set up: {0}; are too many threads or files open?")]
    Io(#[from] std::io::Error),
    /// The built-in strategy could not be measured.
    #[error("the built-in `{strategy}` could not be measured: {why}; is the machine overloaded?")]
    House {
        /// Its name.
        strategy: String,
        /// What went wrong.
        why: String,
    },
}

/// The exercise of this name; otherwise an error that suggests the nearest.
pub fn named(name: &str) -> Result<&'static Exercise, String> {
    let names: Vec<&str> = ALL.iter().map(|exercise| exercise.name).collect();
    let found = ALL.iter().find(|exercise| exercise.name == name);
    found.ok_or_else(|| suggestion::unknown("exercise", name, &names))
}

/// Tests the strategy's contract, and grades its speed if that is kept. `tell` gets the progress.
pub fn check(
    exercise: &Exercise,
    strategy: &'static dyn Strategy,
    settings: &CheckSettings,
    tell: &mut dyn FnMut(CheckEvent),
) -> Result<CheckReport, GradeError> {
    let _admission = strategy::admit(strategy).map_err(GradeError::NotAdmitted)?;
    let contract =
        Contract { exercise, strategy, env: &settings.env }.hold(&mut |found| tell(CheckEvent::Found(found)));
    let (mut contract, mut speed) = (contract?, None);
    if contract.iter().all(|found| found.outcome != PointOutcome::Failed) {
        let measured = grade::measure(exercise, strategy, settings, tell)?;
        tell(CheckEvent::Found(&measured.finding));
        contract.push(measured.finding);
        speed = measured.speed;
    }
    let grade = speed.as_ref().map_or(Grade::Failed, |speed| speed.grade);
    let next = report::next(exercise, Language::of(strategy.name()), &contract, speed.as_ref());
    Ok(CheckReport {
        schema: report::SCHEMA,
        exercise: exercise.name,
        strategy: strategy.name(),
        workers: exercise.shape.to_string(),
        python: settings.env.python.as_ref().map(|python| python.interpreter.to_string()),
        contract,
        speed,
        grade,
        next,
    })
}

impl Exercise {
    /// The edition in this language.
    pub fn edition(&self, language: Language) -> &Edition {
        match language {
            Language::Rust => &self.rust,
            Language::Python => &self.python,
        }
    }

    /// The file's path: in a checkout for Rust, in any directory for Python.
    pub fn file(&self, language: Language) -> String {
        match language {
            Language::Rust => format!("examples/{}.rs", self.name),
            Language::Python => format!("{}.py", self.name),
        }
    }

    /// What `makespan exercise check` takes.
    pub fn checked_as(&self, language: Language) -> String {
        match language {
            Language::Rust => self.name.into(),
            Language::Python => self.file(language),
        }
    }

    /// How many worker processes its layout has.
    fn processes(&self) -> usize {
        self.shape.processes().map_or(0, |processes| processes.get() as usize)
    }

    fn scenario(&self, time_scale: f64) -> Result<Scenario, ScenarioError> {
        Ok(scenario::parse(self.name, "fixtures/exercises/waits.toml", WAITS)?.scaled(time_scale))
    }

    /// The cells in this order: sequential, the built-in strategy, the strategy under test.
    fn cells(&self, strategy: &str) -> [CellSpec; 3] {
        let cell = |strategy: &str, shape| CellSpec {
            variant: DEFAULT_VARIANT.into(),
            strategy: strategy.into(),
            shape,
            schedule: Schedule::OneByOne,
            timer: Timer::Warm,
            python: None,
        };
        let language = Language::of(strategy);
        let sequential = match language {
            Language::Rust => "sequential",
            Language::Python => "python/sequential",
        };
        let house = self.edition(language).house;
        [cell(sequential, WorkerLayout::ONE), cell(house, self.shape), cell(strategy, self.shape)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_exercise_is_complete() {
        for exercise in ALL {
            let name = exercise.name;
            for language in [Language::Rust, Language::Python] {
                let Edition { house, template, .. } = exercise.edition(language);
                let house = strategy::named(house).expect("a built-in strategy");
                assert_eq!(house.layout(exercise.shape, 24), Some(exercise.shape), "{name}");
                assert!(
                    template.contains("# YOUR TURN") || template.contains("// YOUR TURN"),
                    "{name}: nothing to complete"
                );
                let check = format!("makespan exercise check {}", exercise.checked_as(language));
                assert!(template.contains(&check), "{name}: how is it checked?");
            }
            let main = format!("makespan::exercise::main(\"{name}\", &");
            assert!(exercise.rust.template.contains(&main), "{name}: its main checks another exercise");
            exercise.scenario(1.0).expect("its scenario is right");
        }
        assert!(named("work_qeue").is_err_and(|words| words.contains("did you mean `work_queue`?")));
    }
}
