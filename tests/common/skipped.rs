//! What is left out where this machine lacks something. It is said past the test harness, which keeps the words of tests that
//! pass to itself.

use std::{
    env,
    fmt::Display,
    io::{self, Write},
    path::PathBuf,
};

pub fn skipped(what: impl Display) {
    // Written at once, so that no other test's line comes between. Nobody may be listening, and that fails no test.
    let _ = io::stderr().write_all(format!("skipped: {what}\n").as_bytes());
}

/// The same for want of a tool that `make test` installs. Where every tool is to be there, a missing one is a failure.
pub fn lacking(tool: &str, what: &str) {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    assert!(!is("CI", "true") || is("NO_INSTALL", "1"), "{tool} not found");
    skipped(format_args!("{what}: {tool} not found; make test installs it on Debian and Ubuntu"));
}

/// Where the shell would find this tool.
pub fn tool(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}
