//! A script that starts workers at import, and workers that import it when they start.

use super::{Exhibit, ExhibitError, SideShown, Sides, figures};
use std::{
    collections::BTreeMap,
    env,
    io::{self, Read, Write},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
};
use work::strategy::Env;

const WORKERS: u32 = 2;
/// The depth at which the exhibit stops the recursion.
const DEEPEST: u32 = 3;

/// The hidden subcommand that stands in for the script: [`run_script`].
pub const SCRIPT: &str = "museum-script";

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "children_of_children",
    title: "workers that start workers that start workers",
    document: "Advises moving the code that starts the pool out of its guard (if this is the main program), for \
               Windows. There a worker process begins by importing the script, and without the guard that starts \
               another pool.",
    here: "A script that starts two workers, each of which runs the same script. Each process prints its depth; the \
           exhibit stops at depth three. CPython detects this and raises an error in the child, so there the \
           errors never end.",
    right_way: "The same script with its guard: only the main program starts workers. (makespan's own workers have \
                a separate command, and run only the tasks that they receive.)",
    lesson: "A newly started worker process runs all top-level code of the program. Code for the first process alone \
             must check that it is the first.",
    python: Some("no_main_guard"),
    run: exhibit,
};

fn exhibit(env: &Env) -> Result<Sides, ExhibitError> {
    let (bug, right) = (processes(&env.program, UNGUARDED)?, processes(&env.program, GUARDED)?);
    let beyond = |levels: &Levels| levels.keys().any(|&depth| depth > 1);
    Ok(Sides {
        bug: finding(&bug, as_meant(&bug) && beyond(&bug)),
        right: finding(&right, as_meant(&right) && !beyond(&right)),
    })
}

const GUARDED: &str = "guarded";
const UNGUARDED: &str = "unguarded";

/// The number of processes at each depth; 0 is the main program.
type Levels = BTreeMap<u32, u64>;

fn as_meant(levels: &Levels) -> bool {
    levels.get(&0) == Some(&1) && levels.get(&1) == Some(&WORKERS.into())
}

/// Runs the script and counts its processes. Each of them holds the pipe's other end while it lives, so end of file
/// means that all of them have ended.
fn processes(program: &Path, guard: &str) -> io::Result<Levels> {
    let mut script = Reaped(script(program, guard, 0).stdout(Stdio::piped()).spawn()?);
    let mut words = String::new();
    if let Some(mut out) = script.0.stdout.take() {
        out.read_to_string(&mut words)?;
    }
    expect_success(script.0.wait()?)?;
    let mut levels = Levels::new();
    for depth in words.lines().filter_map(|line| line.parse().ok()) {
        *levels.entry(depth).or_default() += 1;
    }
    Ok(levels)
}

fn script(program: &Path, guard: &str, depth: u32) -> Command {
    let mut command = Command::new(program);
    command.args([SCRIPT, guard, &depth.to_string()]).stdin(Stdio::null());
    command
}

/// The script itself, as the hidden subcommand runs it: prints its depth and starts workers.
pub fn run_script() -> io::Result<()> {
    let args: Vec<String> = env::args().skip(2).collect();
    let (guarded, depth) = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [GUARDED, depth] => (true, depth.parse().ok()),
        [UNGUARDED, depth] => (false, depth.parse().ok()),
        _ => (true, None),
    };
    let depth: u32 = depth.filter(|depth| *depth <= DEEPEST).ok_or_else(|| io::Error::other("not a script"))?;
    // A single write of a few bytes is atomic: other processes' lines can't interleave.
    io::stdout().write_all(format!("{depth}\n").as_bytes())?;

    let is_main_program = depth == 0;
    if (guarded && !is_main_program) || depth == DEEPEST {
        return Ok(());
    }
    let (program, guard) = (env::current_exe()?, if guarded { GUARDED } else { UNGUARDED });
    let start = |_| script(&program, guard, depth + 1).spawn().map(Reaped);
    let workers = (0..WORKERS).map(start).collect::<io::Result<Vec<_>>>()?;
    workers.into_iter().try_for_each(|mut worker| expect_success(worker.0.wait()?))
}

fn expect_success(status: ExitStatus) -> io::Result<()> {
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("a process of the script ended with {status}")))
    }
}

/// A child process, killed and reaped on drop.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        // Usually it has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn finding(levels: &Levels, holds: bool) -> SideShown {
    let workers: u64 = levels.range(1..).map(|(_, count)| count).sum();
    let deepest = levels.keys().max().copied().unwrap_or(0);
    let each: Vec<String> = levels.range(1..).map(|(depth, count)| format!("{count} at depth {depth}")).collect();
    SideShown {
        holds,
        verdict: format!("{workers} worker processes instead of {WORKERS}: {}", each.join(", ")),
        figures: figures([("meant", WORKERS.into()), ("workers", workers), ("deepest", deepest.into())]),
    }
}
