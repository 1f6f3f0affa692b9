//! The user's own work, from the command line: tasks, and what is sensible to do with them.

use super::{
    super::{Usage, print::note},
    AdviseArgs,
    program::MOST_URLS,
};
use harness::{
    results::store::Store,
    scenario::{self, DEFAULT_VARIANT, Scenario, Workload},
};
use std::{collections::BTreeSet, env, fs, path::Path, process::Command};
use support::{
    figures::{count, grouped, plain},
    terminal::printable_path,
};
use work::{
    strategy::{
        self, Strategy,
        r#async::Async,
        processes::Processes,
        python::{ASYNCIO, INTERPRETERS, PROCESSES, SEQUENTIAL, THREADS, is_python},
        sequential::Sequential,
        threads::Threads,
    },
    task::{
        Task,
        command::{self, Template},
        function::Function,
        request::{BadRequest, Request},
    },
    worker::python::interpreter::{Interpreter, found},
};

/// The fewest inputs that can be compared with several workers.
const FEWEST_INPUTS: usize = 4;

/// The user's work.
pub(super) struct OwnWork {
    /// What it is, for people.
    pub(super) title: String,
    /// Its tasks.
    pub(super) source: TaskSource,
    /// The sequential loop that all is compared with.
    pub(super) baseline: &'static str,
    /// The strategies to compare, in order of preference.
    pub(super) strategies: Vec<&'static str>,
    /// The most tasks at once.
    pub(super) at_most: u32,
    /// The most tasks in all, if each is a burden to a server.
    pub(super) max_tasks: Option<u32>,
    /// What else the user should know.
    pub(super) notes: Vec<String>,
}

/// Where the tasks are from.
pub(super) enum TaskSource {
    /// A task for each input: the same one is never done twice at once.
    Inputs(Vec<Task>),
    /// Tasks that may be repeated at will.
    Repeatable(Vec<Task>),
    /// A scenario's.
    Scenario(Box<Scenario>),
}

impl OwnWork {
    /// Whether a worker's first task takes longer than others, because a function's module is imported with it.
    pub(super) fn imports(&self) -> bool {
        matches!(&self.source, TaskSource::Inputs(tasks) if tasks.iter().any(|task| matches!(task, Task::Function(_))))
    }

    pub(super) fn of(args: &AdviseArgs, store: &Store) -> anyhow::Result<Self> {
        let own = if let Some(line) = &args.command {
            of_command(line, args)?
        } else if let Some(function) = &args.function {
            of_function(function, args, store)?
        } else if let Some(name) = &args.scenario {
            of_scenario(name, args)?
        } else {
            of_urls(args)?
        };
        if args.strategy.is_empty() {
            return Ok(own);
        }
        let mut strategies = Vec::new();
        for name in &args.strategy {
            let strategy = strategy::named(name).map_err(Usage)?;
            if is_python(name) != is_python(own.baseline) || strategy.max_workers() == 1 {
                let expected = own.strategies.join(", ");
                return Err(Usage(format!("--strategy: found {name}, expected strategies such as {expected}")).into());
            }
            if !strategies.contains(&strategy.name()) {
                strategies.push(strategy.name());
            }
        }
        Ok(Self { strategies, ..own })
    }

    /// What will be done, said before it is.
    pub(super) fn announcement(&self) -> String {
        let at_most = self.at_most;
        match &self.source {
            TaskSource::Inputs(_) => {
                format!("will do this several times for each input, up to {at_most} at once: {}", self.title)
            }
            TaskSource::Repeatable(_) => {
                let all = self.max_tasks.map_or_else(String::new, |most| format!(" at most {}", grouped(most)));
                format!("will send{all} requests, up to {at_most} at once: {}", self.title)
            }
            TaskSource::Scenario(_) => {
                format!("will measure the scenario {}, up to {} at once", self.title, count(at_most as usize, "task"))
            }
        }
    }
}

fn of_command(line: &str, args: &AdviseArgs) -> Result<OwnWork, Usage> {
    let template = Template::parse(line).map_err(|wrong| Usage(format!("--command: {wrong}")))?;
    let inputs = inputs(args)?;
    Ok(OwnWork {
        title: format!("{line} ({})", count(inputs.len(), "input")),
        source: TaskSource::Inputs(command::tasks(&template, &inputs)),
        baseline: Sequential.name(),
        strategies: vec![Threads.name()],
        at_most: args.at_most.unwrap_or(64),
        max_tasks: None,
        notes: Vec::new(),
    })
}

fn of_urls(args: &AdviseArgs) -> Result<OwnWork, Usage> {
    let (option, urls) = match (&args.url, &args.urls) {
        (Some(url), _) => ("--url", vec![url.clone()]),
        (None, Some(file)) => ("--urls", lines("--urls", file)?),
        (None, None) => return Err(Usage("nothing to measure: see makespan advise --help".into())),
    };
    let wrong = |option: &str, error: &dyn ToString| Usage(format!("{option}: {}", error.to_string()));
    let header = |text: &String| Request::header(text).map_err(|error| wrong("--header", &error));
    let headers: Vec<(String, String)> = args.header.iter().map(header).collect::<Result<_, _>>()?;
    let body = args.body.as_deref().unwrap_or_default().as_bytes();
    let request = |url: &String| {
        let (url, method, headers, body) = (url.clone(), args.method.clone(), headers.clone(), body.to_vec());
        let checked = Request { url, method, headers, body, compared: true }.checked();
        checked.map_err(|error| match error {
            BadRequest::Url(_) => wrong(option, &error),
            BadRequest::Method(_) => wrong("--method", &error),
            BadRequest::Header(_) => wrong("--header", &error),
        })
    };
    let requests: Vec<Request> = urls.iter().map(request).collect::<Result<_, _>>()?;
    let Some(first) = requests.first() else {
        return Err(Usage(format!("{option}: found no URL, expected one in each line")));
    };
    let used = requests.len().min(MOST_URLS as usize);
    let others = match requests.len() {
        1 => String::new(),
        all if all == used => format!(" and {}", count(all - 1, "other")),
        all => format!(" and {} others of {all}, spread over the list", used - 1),
    };
    let encrypted = requests.iter().any(Request::is_encrypted);
    let (mut strategies, mut notes) = (vec![Threads.name()], Vec::new());
    if encrypted {
        notes.push("async is compared for http only: its client has no TLS here".into());
    } else {
        strategies.push(Async.name());
    }
    Ok(OwnWork {
        title: format!("{} {}{others}", args.method, first.url),
        source: TaskSource::Repeatable(requests.into_iter().map(Task::Request).collect()),
        baseline: Sequential.name(),
        strategies,
        at_most: args.at_most.unwrap_or(16),
        max_tasks: Some(args.max_requests),
        notes,
    })
}

fn of_scenario(name: &str, args: &AdviseArgs) -> anyhow::Result<OwnWork> {
    let scenario = scenario::load(name)?;
    let variant = scenario.variant(DEFAULT_VARIANT);
    let waits = variant.is_some_and(|variant| matches!(variant.workload, Workload::Fetch(_)));
    let strategies = if waits {
        vec![Threads.name(), Async.name(), Processes.name()]
    } else {
        vec![Threads.name(), Processes.name()]
    };
    let faster = variant.map_or(1.0, |variant| variant.pace(scenario.time_scale));
    let pace = if faster > 1.0 { format!(" (waits divided by {})", plain(faster)) } else { String::new() };
    Ok(OwnWork {
        title: format!("{}: {}{pace}", scenario.name, scenario.title),
        source: TaskSource::Scenario(Box::new(scenario)),
        baseline: Sequential.name(),
        strategies,
        at_most: args.at_most.unwrap_or(64),
        max_tasks: None,
        notes: Vec::new(),
    })
}

/// Prints whether a function is a coroutine function. Whatever the module prints itself goes to standard error.
const INSPECT: &str = "\
import importlib, inspect, os, sys
answer = os.dup(1)
os.dup2(2, 1)
directory, module, function = sys.argv[1:]
sys.path.insert(0, directory)
try:
    found = getattr(importlib.import_module(module), function)
except BaseException as error:
    os.write(answer, f'{type(error).__name__}: {error}'.encode())
    sys.exit(1)
os.write(answer, b'coroutine' if inspect.iscoroutinefunction(found) else b'function')
sys.stdout.flush()
os._exit(0)
";

fn of_function(name: &str, args: &AdviseArgs, store: &Store) -> anyhow::Result<OwnWork> {
    let refused =
        |found: &str| Usage(format!("--function: found {found}, expected MODULE:FUNCTION, such as resize:one"));
    let (module, function) = name.split_once(':').ok_or_else(|| refused(name))?;
    if module.is_empty() || function.is_empty() {
        return Err(refused(name).into());
    }
    let dir = env::current_dir()?;
    let python = found(&args.python.python, store.dir()).map_err(|error| Usage(error.to_string()))?;
    let Some(Interpreter { path, greeting, .. }) = python.first() else {
        return Err(Usage("no Python found".into()).into());
    };
    let inspected = Command::new(path).args(["-c", INSPECT]).arg(&dir).args([module, function]).output()?;
    let said = String::from_utf8_lossy(&inspected.stdout).into_owned();
    if !inspected.status.success() {
        let dir = printable_path(&dir);
        return Err(Usage(format!("--function: {name} can't be imported from {dir}: {said}")).into());
    }
    let is_coroutine = said == "coroutine";
    let strategies = if is_coroutine {
        vec![ASYNCIO.name()]
    } else {
        let has = |strategy: &&&str| {
            greeting.strategies.get(strategy.trim_start_matches("python/")).is_none_or(String::is_empty)
        };
        [THREADS.name(), PROCESSES.name(), INTERPRETERS.name()].iter().filter(has).copied().collect()
    };
    let inputs = inputs(args)?;
    let task = |argument: &String| {
        let (dir, module, function) = (dir.clone(), module.to_owned(), function.to_owned());
        Task::Function(Function { dir, module, function, argument: argument.clone(), compared: true })
    };
    Ok(OwnWork {
        title: format!("{name} ({}), Python {}", count(inputs.len(), "input"), greeting.version),
        source: TaskSource::Inputs(inputs.iter().map(task).collect()),
        baseline: SEQUENTIAL.name(),
        strategies,
        at_most: args.at_most.unwrap_or(64),
        max_tasks: None,
        notes: Vec::new(),
    })
}

/// The inputs of a command or a function, each once: two workers must not write the same output.
fn inputs(args: &AdviseArgs) -> Result<Vec<String>, Usage> {
    let mut inputs = match &args.inputs_from {
        Some(file) => lines("--inputs-from", file)?,
        None => matching(&args.inputs)?,
    };
    let (given, mut seen) = (inputs.len(), BTreeSet::new());
    inputs.retain(|input| seen.insert(input.clone()));
    if inputs.len() < given {
        note!("{} left out: an input is used once", count(given - inputs.len(), "repeated input"));
    }
    if inputs.len() < FEWEST_INPUTS {
        let found = count(inputs.len(), "input");
        return Err(Usage(format!(
            "found {found}, expected at least {FEWEST_INPUTS}: each input is one task, and tasks are what workers share; give \
             --inputs or --inputs-from"
        )));
    }
    Ok(inputs)
}

/// The files of these patterns. What is no pattern stands for itself, whether there is such a file or not.
fn matching(patterns: &[String]) -> Result<Vec<String>, Usage> {
    let mut inputs = Vec::new();
    for pattern in patterns {
        if !pattern.contains(['*', '?', '[']) || Path::new(pattern).exists() {
            inputs.push(pattern.clone());
            continue;
        }
        let wrong = |error: &dyn ToString| Usage(format!("--inputs: {pattern}: {}", error.to_string()));
        let before = inputs.len();
        for path in glob::glob(pattern).map_err(|error| wrong(&error))? {
            let path = path.map_err(|error| wrong(&error))?;
            let text = path.to_str().map(ToOwned::to_owned);
            inputs.push(text.ok_or_else(|| wrong(&format!("{}: not UTF-8", printable_path(&path))))?);
        }
        if inputs.len() == before {
            return Err(wrong(&"no file matches"));
        }
    }
    Ok(inputs)
}

/// The lines of a file, without blank ones.
fn lines(option: &str, file: &Path) -> Result<Vec<String>, Usage> {
    let text = fs::read_to_string(file);
    let text = text.map_err(|error| Usage(format!("{option}: {}: {error}", printable_path(file))))?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(ToOwned::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(clap::Parser)]
    struct CommandLine {
        #[command(flatten)]
        args: AdviseArgs,
    }

    #[test]
    fn what_is_given_twice_is_done_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
        ["1", "2", "3", "4"].iter().for_each(|name| fs::write(path(name), "").unwrap());
        let (first, all) = (path("1"), path("*"));
        let line = ["x", "--command", "cat", "--strategy", "threads,threads", "--inputs", &first, &all];
        let args = CommandLine::parse_from(line).args;
        assert_eq!(inputs(&args).unwrap(), ["1", "2", "3", "4"].map(path));
        assert_eq!(OwnWork::of(&args, &args.data.clone().store()).unwrap().strategies, ["threads"]);
    }
}
