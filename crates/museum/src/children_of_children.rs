//! A script that starts its workers whenever it is read, by workers that read it when they start.

use super::{Exhibit, ExhibitError, ExhibitShown, SideShown, figures};
use std::{
    collections::BTreeMap,
    env,
    io::{self, Read, Write},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
};
use work::strategy::Env;

const WORKERS: u32 = 2;
/// Where the exhibit stops what would otherwise go on.
const DEEPEST: u32 = 3;

/// The hidden subcommand that plays the script: [`run_script`].
pub const SCRIPT: &str = "museum-script";

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "children_of_children",
    title: "workers that start workers that start workers",
    claims: &["000-8"],
    document: "Advises to move the code that starts the pool out of its guard (if this is the main program) for the sake \
               of Windows. There a worker process begins by reading the script anew, and without the guard that starts \
               a pool again.",
    here: "A script that starts two workers, which are the same script again. Each process says how deep it is; the \
           exhibit stops them at three deep. CPython notices and refuses in the child, so there it is errors without end.",
    right_way: "The same script with its guard: only the main program starts workers. (makespan's own workers are started \
                with another command than the program itself, and have nothing to run but tasks that they are sent.)",
    lesson: "A worker process that is started afresh runs whatever stands at the top of the program. What is meant for the \
             first process alone must ask whether it is the first.",
    run: exhibit,
};

fn exhibit(env: &Env) -> Result<ExhibitShown, ExhibitError> {
    let (bug, right) = (processes(&env.program, UNGUARDED)?, processes(&env.program, GUARDED)?);
    let beyond = |levels: &Levels| levels.keys().any(|&depth| depth > 1);
    Ok(ExhibitShown {
        bug: finding(&bug, as_meant(&bug) && beyond(&bug)),
        right: finding(&right, as_meant(&right) && !beyond(&right)),
    })
}

const GUARDED: &str = "guarded";
const UNGUARDED: &str = "unguarded";

/// How many processes there were at each depth; 0 is the main program.
type Levels = BTreeMap<u32, u64>;

fn as_meant(levels: &Levels) -> bool {
    levels.get(&0) == Some(&1) && levels.get(&1) == Some(&WORKERS.into())
}

/// Runs the script and counts its processes. Every one of them holds the pipe's other end for as long as it lives, so when
/// the pipe has come to its end, all of them have.
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

/// The script itself, as the hidden subcommand runs it: says how deep it is, and starts workers.
pub fn run_script() -> io::Result<()> {
    let args: Vec<String> = env::args().skip(2).collect();
    let (guarded, depth) = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [GUARDED, depth] => (true, depth.parse().ok()),
        [UNGUARDED, depth] => (false, depth.parse().ok()),
        _ => (true, None),
    };
    let depth: u32 = depth.filter(|depth| *depth <= DEEPEST).ok_or_else(|| io::Error::other("not a script"))?;
    // One write of a few bytes: no other process's line can get into it.
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

/// A child that is gone when this is.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        // It has mostly ended by itself.
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
        verdict: format!("{workers} worker processes, where {WORKERS} were meant: {}", each.join(", ")),
        figures: figures([("meant", WORKERS.into()), ("workers", workers), ("deepest", deepest.into())]),
    }
}
