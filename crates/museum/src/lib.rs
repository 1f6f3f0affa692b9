//! The bug museum: real bugs of the five documents, each caught next to the same thing done right.
//!
//! An exhibit is a small program with two paths. The first does what a document does and proves the bug by hard
//! evidence: a count in the server's log, a checksum, a proof that no thread is left that could wake the waiting one.
//! The second does the same work correctly.
//!
//! Each exhibit is one file and one line in [`ALL`]. Shared code is in `props/`: a site to fetch from, threads that
//! start together, a queue like Python's.

// Nothing may panic when the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod blocking_call;
pub mod children_of_children;
pub mod deadline_that_is_not;
pub mod empty_then_get;
pub mod enqueued_alone;
pub mod fast_because_wrong;
pub mod lost_task_done;
pub mod no_queue;
mod props;
mod python;
pub mod silent_failures;
pub mod torn_prints;
pub mod wrong_name;

pub use python::PythonShown;

use mock_server::process::ServerError;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap, io, sync::mpsc, thread::Builder, time::Duration};
use support::suggestion;
use work::{
    strategy::{CloseError, Env, StartError},
    worker::lane::panic_message,
};

/// Every exhibit, in the order of the claims. A test compares the list with the folder.
pub const ALL: &[Exhibit] = &[
    no_queue::EXHIBIT,
    torn_prints::EXHIBIT,
    lost_task_done::EXHIBIT,
    children_of_children::EXHIBIT,
    enqueued_alone::EXHIBIT,
    deadline_that_is_not::EXHIBIT,
    silent_failures::EXHIBIT,
    blocking_call::EXHIBIT,
    wrong_name::EXHIBIT,
    empty_then_get::EXHIBIT,
    fast_because_wrong::EXHIBIT,
];

/// The last resort: an exhibit that takes this long is abandoned. Each usually takes some tens of milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// One bug, and the same work done right. The texts are for visitors; figures come from [`Exhibit::show`].
#[derive(Debug, Clone, Copy)]
pub struct Exhibit {
    /// The name on the command line and of the file.
    pub name: &'static str,
    /// The topic, in one line.
    pub title: &'static str,
    /// What the document does.
    pub document: &'static str,
    /// How the exhibit reproduces that.
    pub here: &'static str,
    /// How the same work is done right.
    pub right_way: &'static str,
    /// The lesson to learn.
    pub lesson: &'static str,
    /// The same bug in Python: a program in `fixtures/python/exhibits`.
    pub python: Option<&'static str>,
    run: fn(&Env) -> Result<Sides, ExhibitError>,
}

/// What an exhibit's own code shows.
struct Sides {
    bug: SideShown,
    right: SideShown,
}

/// The result of running an exhibit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExhibitShown {
    /// The document's way: holds if the bug occurred and was caught.
    pub bug: SideShown,
    /// The right way: holds if it did the work right.
    pub right: SideShown,
    /// The same in Python; `None` if the exhibit has no such program, or there is no Python.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<PythonShown>,
}

impl ExhibitShown {
    /// Whether both sides showed what the exhibit says, in Python as well if there is one.
    pub fn holds(&self) -> bool {
        let in_python = self.python.iter().flat_map(|python| [&python.bug, &python.right]);
        [&self.bug, &self.right].into_iter().chain(in_python).all(|side| side.holds)
    }
}

/// What one side of an exhibit showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SideShown {
    /// Whether it is as the exhibit says: the bug was caught, or the right way worked.
    pub holds: bool,
    /// What happened, in words and figures.
    pub verdict: String,
    /// The figures alone, by name.
    pub figures: Figures,
}

/// Figures by name. Names are borrowed from an exhibit's code, or owned when read from a file.
pub type Figures = BTreeMap<Cow<'static, str>, u64>;

fn figures<const N: usize>(named: [(&'static str, u64); N]) -> Figures {
    named.into_iter().map(|(name, figure)| (Cow::Borrowed(name), figure)).collect()
}

/// Why an exhibit could not be shown, which proves nothing about the bug.
#[derive(Debug, thiserror::Error)]
pub enum ExhibitError {
    /// The mock server did not start, or its log can't be read.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A pool of workers did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A pool of workers did not close cleanly.
    #[error(transparent)]
    Close(#[from] CloseError),
    /// The system refused a thread, a pipe, a socket or a process.
    #[error("the exhibit could not be set up: {0}; are too many threads, files or processes open?")]
    SetUp(#[from] io::Error),
    /// The exhibit's own code is wrong.
    #[error("the exhibit panicked: {0}; this is a bug in makespan")]
    Panicked(String),
    /// Its program in Python did something else.
    #[error("{program}: {reason}")]
    Python {
        /// The program and its side.
        program: String,
        /// What it did.
        reason: String,
    },
    /// The exhibit hung, which none should.
    #[error("the exhibit did not end within {} s and was abandoned; this is a bug in makespan", PATIENCE.as_secs())]
    Stuck,
}

impl Exhibit {
    /// The path of its code in the repository.
    pub fn code(&self) -> String {
        format!("crates/museum/src/{}.rs", self.name)
    }

    /// Runs both sides, and then its program in Python.
    pub fn show(&self, env: &Env) -> Result<ExhibitShown, ExhibitError> {
        let Sides { bug, right } = self.sides(env)?;
        let python = self.python.map(|program| python::show(program, env)).transpose()?.flatten();
        Ok(ExhibitShown { bug, right, python })
    }

    /// Runs both sides. No exhibit should hang, but some are about hanging, so a watchdog watches each: one that takes
    /// too long is an error, and its thread is left running until the program ends.
    fn sides(&self, env: &Env) -> Result<Sides, ExhibitError> {
        let (send, shown) = mpsc::channel();
        let (run, env) = (self.run, env.clone());
        let thread = Builder::new().name(self.name.into()).spawn(move || {
            // Nobody receives this after the watchdog's timeout.
            let _ = send.send(run(&env));
        })?;
        let shown = shown.recv_timeout(PATIENCE);
        if let Err(mpsc::RecvTimeoutError::Timeout) = shown {
            return Err(ExhibitError::Stuck);
        }
        match (thread.join(), shown) {
            (Err(panic), _) => Err(ExhibitError::Panicked(panic_message(&*panic))),
            (Ok(()), Ok(shown)) => shown,
            (Ok(()), Err(_)) => Err(ExhibitError::Panicked("its thread ended without a result".into())),
        }
    }
}

/// The exhibit of this name; otherwise an error that suggests the nearest.
pub fn named(name: &str) -> Result<&'static Exhibit, String> {
    let found = ALL.iter().find(|exhibit| exhibit.name == name);
    found.ok_or_else(|| suggestion::unknown("exhibit", name, &names()))
}

/// The exhibits' names.
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|exhibit| exhibit.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Exhibit = Exhibit {
        name: "nothing",
        title: "",
        document: "",
        here: "",
        right_way: "",
        lesson: "",
        python: None,
        run: |_| Ok(Sides { bug: finding(true), right: finding(false) }),
    };

    const fn finding(holds: bool) -> SideShown {
        SideShown { holds, verdict: String::new(), figures: BTreeMap::new() }
    }

    fn env() -> Env {
        Env::new("no such program", "no such directory")
    }

    #[test]
    fn both_sides_must_hold() {
        let shown = NOTHING.show(&env()).unwrap();
        assert!(shown.bug.holds && !shown.holds());
        assert!(ExhibitShown { right: finding(true), ..shown }.holds());
    }

    #[test]
    fn an_exhibit_that_panics_is_an_error_that_says_so() {
        let broken = Exhibit { run: |_| panic!("the glass is broken"), ..NOTHING };
        let error = broken.show(&env()).unwrap_err().to_string();
        assert!(error.contains("the glass is broken"), "{error}");
    }

    #[test]
    fn without_the_program_there_is_an_error_and_no_finding() {
        let error = no_queue::EXHIBIT.show(&env()).unwrap_err().to_string();
        assert!(error.contains("no such program"), "{error}");
    }
}
