//! The same bug as a student of Python would write it: a program of `fixtures/python/exhibits`, run by a real Python.
//!
//! Each program says on one line of JSON what happened. If it says that it now hangs, it is watched for a moment; then it
//! is killed with all of its processes, because that is the only end it has.

use super::{ExhibitError, SideShown};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use support::{
    pipe::{Patient, put_down, reap},
    scratch::Scratch,
};
use work::{
    strategy::Env,
    worker::python::{
        interpreter::{Interpreter, found},
        package,
    },
};

/// How long a program may take to say what happened. Each takes about a second.
const LIMIT: Duration = Duration::from_secs(20);

/// How long one that hangs is watched.
const WATCHED: Duration = Duration::from_millis(500);

/// The longest line that a program may write, bytes.
const LONGEST_LINE: u64 = 64 << 10;

/// What an exhibit's program in Python showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PythonShown {
    /// The interpreter, such as CPython 3.11.7.
    pub interpreter: String,
    /// The program's name in fixtures/python/exhibits.
    pub program: String,
    /// The document's way.
    pub bug: SideShown,
    /// The right way.
    pub right: SideShown,
}

/// What a program writes.
#[derive(Deserialize)]
struct Told {
    verdict: String,
    holds: bool,
    hangs: bool,
    figures: BTreeMap<String, u64>,
}

/// Runs both sides of the program with the first Python that is found; `None` if there is none.
pub(super) fn show(program: &str, env: &Env) -> Result<Option<PythonShown>, ExhibitError> {
    let Some(interpreter) = found(&env.pythons, &env.data).ok().and_then(|all| all.into_iter().next()) else {
        return Ok(None);
    };
    let file = package::installed(&env.data)?.join(format!("exhibits/{program}.py"));
    let side = |side| {
        run(&interpreter, &file, side, env)
            .map_err(|reason| ExhibitError::Python { program: format!("{program}.py {side}"), reason })
    };
    let (bug, right) = (side("bug")?, side("right")?);
    let interpreter = format!("{} {}", interpreter.greeting.implementation, interpreter.greeting.version);
    Ok(Some(PythonShown { interpreter, program: program.into(), bug, right }))
}

fn run(interpreter: &Interpreter, file: &Path, side: &str, env: &Env) -> Result<SideShown, String> {
    // What a program that is killed leaves in it goes with it.
    let temporary = Scratch::temporary().map_err(|error| error.to_string())?;
    let mut command = Command::new(&interpreter.path);
    command.env("TMPDIR", temporary.path());
    command.arg("-B").arg(file).arg(side).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut program = Program(command.process_group(0).spawn().map_err(|error| error.to_string())?);
    let pipe = program.0.stdout.take().ok_or("it has no pipe")?;
    let mut pipe = Patient::new(pipe, &env.interrupted).map_err(|error| error.to_string())?;
    pipe.limit(Instant::now(), LIMIT);
    let mut line = String::new();
    BufReader::new(pipe.take(LONGEST_LINE)).read_line(&mut line).map_err(|error| error.to_string())?;
    let told: Told = serde_json::from_str(&line).map_err(|error| format!("it said {line:?}: {error}"))?;
    if told.hangs {
        thread::sleep(WATCHED);
    }
    let ended = if told.hangs { program.0.try_wait().ok().flatten() } else { reap(&mut program.0, LIMIT) };
    match (told.hangs, ended) {
        (true, Some(status)) => return Err(format!("it reported that it hangs, but it ended: {status}")),
        (false, None) => return Err(format!("it did not end within {} s", LIMIT.as_secs())),
        (false, Some(status)) if !status.success() => return Err(format!("it failed: {status}")),
        _ => {}
    }
    let figures = told.figures.into_iter().map(|(name, figure)| (Cow::Owned(name), figure)).collect();
    Ok(SideShown { holds: told.holds, verdict: told.verdict, figures })
}

/// A program in a process group of its own. Dropping it kills the group.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // Once it is reaped, its number may be another group's.
        if let (Ok(None), Ok(group)) = (self.0.try_wait(), i32::try_from(self.0.id())) {
            // It fails if all have ended meanwhile.
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
            put_down(&mut self.0);
        }
    }
}
