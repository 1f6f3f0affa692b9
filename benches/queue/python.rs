//! Python's RQ, driven by our script.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{self, Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// Installed if RQ is missing. Exact versions, so that two runs compare with the same RQ.
const PACKAGES: [&str; 2] = ["rq==2.6.1", "redis==7.1.0"];
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/queue/rq_noop.py");

/// A Python that has imported everything and waits for commands. It exits when this is dropped.
pub struct Rq {
    /// The versions that it reports.
    pub version: String,
    python: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Rq {
    /// Starts it on this Redis, or returns why that failed.
    pub fn start(url: &str, data: &Path, may_install: bool) -> Result<Self, String> {
        let program = find(data, may_install)?;
        let spawned = Command::new(&program)
            // No compiled files next to the sources.
            .args(["-B", SCRIPT, &format!("makespan-bench-{}", process::id())])
            // Not as an argument, which all users of this machine can read: the URL may contain a password.
            .env("MAKESPAN_QUEUE", url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut python = spawned.map_err(|error| format!("{}: {error}", program.display()))?;
        let (Some(orders), Some(answers)) = (python.stdin.take(), python.stdout.take()) else {
            return Err(format!("{} has no pipes", program.display()));
        };
        let mut rq = Self { version: String::new(), python, orders: Some(orders), answers: BufReader::new(answers) };
        rq.version = rq.answer()?;
        Ok(rq)
    }

    /// The seconds that a command took.
    pub fn order(&mut self, order: &str) -> Result<Vec<f64>, String> {
        let orders = self.orders.as_mut().ok_or("RQ has exited")?;
        writeln!(orders, "{order}").map_err(|error| format!("RQ: {error}"))?;
        let answer = self.answer()?;
        let seconds: Result<Vec<f64>, _> = answer.split(' ').map(str::parse).collect();
        seconds.map_err(|error| format!("RQ said `{answer}`: {error}"))
    }

    fn answer(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(read) if read > 0 => Ok(line.trim_end().to_owned()),
            Ok(_) => Err("RQ has exited: its last output is above".into()),
            Err(error) => Err(format!("RQ: {error}")),
        }
    }
}

impl Drop for Rq {
    fn drop(&mut self) {
        // Its stdin closes, so it ends on its own.
        self.orders = None;
        let _ = self.python.wait();
    }
}

/// A Python that has RQ.
fn find(data: &Path, may_install: bool) -> Result<PathBuf, String> {
    if let Some(named) = env::var_os("MAKESPAN_PYTHON") {
        return has_rq(named.into());
    }
    let own = data.join("rq").join("bin").join("python3");
    let missing = match has_rq("python3".into()).or_else(|why| has_rq(own.clone()).map_err(|_| why)) {
        Ok(found) => return Ok(found),
        Err(why) => why,
    };
    if !may_install || env::var("NO_INSTALL").is_ok_and(|forbidden| forbidden == "1") {
        return Err(missing);
    }
    let dir = data.join("rq");
    eprintln!("installing {} into {} (NO_INSTALL=1 prevents it)", PACKAGES.join(" and "), dir.display());
    quietly(Command::new("python3").args(["-m", "venv"]).arg(&dir))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--timeout", "5", "--retries", "1"];
    quietly(Command::new(&own).args(pip).args(PACKAGES))?;
    has_rq(own)
}

fn has_rq(program: PathBuf) -> Result<PathBuf, String> {
    quietly(Command::new(&program).args(["-c", "import redis, rq"]))?;
    Ok(program)
}

/// Runs the command; the last line of its stderr is the error.
fn quietly(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("{name}: {}", said.lines().last().unwrap_or("it failed")))
    }
}
