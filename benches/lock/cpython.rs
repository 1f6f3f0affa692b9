//! This machine's CPython, if there is one, to compare with the simulated lock.

use std::{process::Command, time::Duration};

const SCRIPT: &str = include_str!("cpython.py");

/// A line about the `python3` on the path, or why it can't be measured.
pub fn find() -> Result<String, String> {
    let about = "import platform, sys\n\
        print(platform.python_implementation(), platform.python_version(), getattr(sys, '_is_gil_enabled', lambda: True)())";
    let said = python(&[about])?;
    match said.split_whitespace().collect::<Vec<_>>()[..] {
        ["CPython", version, "True"] => Ok(format!("CPython {version}, with its interpreter lock")),
        _ => Err(format!("python3 has no interpreter lock to compare with: {said}")),
    }
}

/// The seconds that an experiment of the script prints.
pub fn run(experiment: &str, number: u32) -> Duration {
    let said = python(&[SCRIPT, experiment, &number.to_string()]).expect("it ran a moment ago");
    Duration::from_secs_f64(said.parse().expect("the script prints seconds"))
}

fn python(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("python3").arg("-c").args(arguments).output();
    let output = output.map_err(|error| format!("python3: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(format!("python3: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))
    }
}
