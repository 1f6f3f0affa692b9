//! Python interpreters: which ones there are, and what they have.

use super::{lane_process::LaneProcess, package, wire};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    env,
    ffi::OsStr,
    fmt,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use support::{pipe::reap, terminal::printable_path};

pub use wire::Greeting;

/// The environment variable with the interpreters' paths, separated as in `PATH`.
pub const VARIABLE: &str = "MAKESPAN_PYTHON";

/// The oldest version that the package runs on.
const OLDEST: (u32, u32) = (3, 9);

/// An interpreter that has greeted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interpreter {
    /// Its name among those of the run: `3.11`, `3.14t` (free-threaded), `pypy3.10`.
    pub label: String,
    /// Its program.
    #[serde(with = "support::path_bytes")]
    pub path: PathBuf,
    /// What it reports about itself.
    pub greeting: Greeting,
}

/// Why there is no interpreter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoInterpreter {
    /// None was named, and there is no `python3`.
    #[error("no Python found: no `python3` on PATH; name one with --python PATH or {VARIABLE}")]
    NotFound,
    /// The program can't be used.
    #[error("{}: {reason}", printable_path(path))]
    Unusable {
        /// The program.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// A Python that a cell runs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PythonSetting {
    /// The interpreter.
    pub interpreter: Interpreter,
    /// How it starts processes; `None` for its default.
    pub start_method: Option<String>,
}

/// How processes can be started.
pub const START_METHODS: [&str; 3] = ["fork", "spawn", "forkserver"];

/// Stands for the first interpreter without a lock, in a cell's name.
const FREE_THREADED: &str = "free-threaded";

/// As records show it: `CPython 3.11.7, with the lock, /usr/bin/python3`.
impl fmt::Display for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.in_words(), printable_path(&self.path))
    }
}

impl Interpreter {
    /// `CPython 3.11.7, with the interpreter lock`.
    pub fn in_words(&self) -> String {
        let Greeting { implementation, version, lock, .. } = &self.greeting;
        let lock = if *lock { "with the interpreter lock" } else { "free-threaded" };
        format!("{implementation} {version}, {lock}")
    }
}

impl PythonSetting {
    /// The setting of this name: an interpreter's label or `free-threaded`, a start method, or both, separated by a space.
    /// What is not named is the first interpreter's, and its default.
    pub fn named(name: &str, interpreters: &[Interpreter]) -> Result<Self, String> {
        let mut words: Vec<&str> = name.split_whitespace().collect();
        let start_method = words.pop_if(|word| START_METHODS.contains(word)).map(str::to_owned);
        let found = match words.as_slice() {
            [] => interpreters.first(),
            [FREE_THREADED] => interpreters.iter().find(|one| !one.greeting.lock),
            [label] => interpreters.iter().find(|one| one.label == *label),
            _ => None,
        };
        let interpreter = found.cloned().ok_or_else(|| {
            let known: Vec<&str> = interpreters.iter().map(|one| &*one.label).collect();
            format!("no Python {name} here, only {}; name one with --python PATH or {VARIABLE}", known.join(", "))
        })?;
        Ok(Self { interpreter, start_method })
    }
}

/// The names of all settings of these interpreters, with and without these start methods; `None` for the only one. Start
/// methods are for strategies that have them.
pub fn names(interpreters: &[Interpreter], start_methods: &[String]) -> Vec<Option<String>> {
    let several = interpreters.len() > 1;
    let labels: Vec<Option<&str>> =
        if several { interpreters.iter().map(|one| Some(&*one.label)).collect() } else { vec![None] };
    let methods: Vec<Option<&str>> = if start_methods.is_empty() {
        vec![None]
    } else {
        start_methods.iter().map(|method| Some(&**method)).collect()
    };
    let name = |label: Option<&str>, method: Option<&str>| {
        let words: Vec<&str> = label.into_iter().chain(method).collect();
        (!words.is_empty()).then(|| words.join(" "))
    };
    labels.iter().flat_map(|label| methods.iter().map(|method| name(*label, *method))).collect()
}

/// The interpreters of these programs; without any, those that [`VARIABLE`] names, else `python3` on `PATH`. A name without
/// a slash is looked for on `PATH`. Each interpreter is started at most once, whatever the number of calls.
pub fn found(asked: &[PathBuf], data: &Path) -> Result<Vec<Interpreter>, NoInterpreter> {
    let mut all: Vec<Interpreter> = Vec::new();
    for path in programs(asked) {
        let path = path?;
        let greeting =
            greeting(&path, data).map_err(|reason| NoInterpreter::Unusable { path: path.clone(), reason })?;
        // A shim, such as pyenv's, would run a shell before each lane.
        let own = PathBuf::from(&greeting.executable);
        let path = if own.is_absolute() && is_program(&own) { own } else { path };
        if all.iter().any(|known| known.path == path) {
            continue;
        }
        all.push(Interpreter { label: short_label(&greeting), path, greeting });
    }
    made_unique(&mut all);
    Ok(all)
}

/// The programs that are looked for: see [`found`].
pub fn programs(asked: &[PathBuf]) -> Vec<Result<PathBuf, NoInterpreter>> {
    let named = env::var_os(VARIABLE).filter(|text| !text.is_empty());
    let paths: Vec<PathBuf> = match (asked, &named) {
        ([], Some(paths)) => env::split_paths(paths).filter(|path| !path.as_os_str().is_empty()).collect(),
        ([], None) => return vec![on_path("python3".as_ref()).ok_or(NoInterpreter::NotFound)],
        (asked, _) => asked.to_vec(),
    };
    let found = |path: PathBuf| {
        if path.components().count() > 1 { path } else { on_path(path.as_os_str()).unwrap_or(path) }
    };
    paths.into_iter().map(|path| Ok(found(path))).collect()
}

/// The program of this name in the directories of `PATH`.
pub fn on_path(name: &OsStr) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|dir| dir.join(name)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

/// What this interpreter reports about itself, or why it can't be used. Asked once, then remembered.
fn greeting(path: &Path, data: &Path) -> Result<Greeting, String> {
    static KNOWN: Mutex<BTreeMap<PathBuf, Result<Greeting, String>>> = Mutex::new(BTreeMap::new());
    // The values are never half-written.
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(path.to_owned()).or_insert_with(|| ask(path, data)).clone()
}

fn ask(path: &Path, data: &Path) -> Result<Greeting, String> {
    let package = package::installed(data).map_err(|error| format!("its files can't be written: {error}"))?;
    let greeting = LaneProcess::spawn(path, &package, &Arc::default()).and_then(|mut lane| lane.greeting());
    match greeting {
        Ok(greeting) if is_too_old(&greeting.version) => Err(too_old(&greeting.version)),
        Ok(greeting) => Ok(greeting),
        // An old one fails at our files before it can say how old it is.
        Err(reason) => Err(match version(path) {
            Some(version) if is_too_old(&version) => too_old(&version),
            Some(version) => format!("Python {version} did not start the lane: {reason}"),
            None => format!("not a Python that can be started: {reason}"),
        }),
    }
}

fn too_old(version: &str) -> String {
    format!("Python {version} is too old, expected {}.{} or newer", OLDEST.0, OLDEST.1)
}

fn is_too_old(version: &str) -> bool {
    numbers(version).is_some_and(|numbers| numbers < OLDEST)
}

fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// What `--version` says.
fn version(path: &Path) -> Option<String> {
    const LIMIT: Duration = Duration::from_secs(5);
    let (stdin, stderr) = (Stdio::null(), Stdio::null());
    let mut child =
        Command::new(path).arg("--version").stdin(stdin).stdout(Stdio::piped()).stderr(stderr).spawn().ok()?;
    if reap(&mut child, LIMIT).is_none() {
        support::pipe::put_down(&mut child);
        return None;
    }
    let mut said = [0; 100];
    let read = std::io::Read::read(child.stdout.as_mut()?, &mut said).ok()?;
    let said = String::from_utf8_lossy(&said[..read]).into_owned();
    Some(said.strip_prefix("Python ")?.split_whitespace().next()?.to_owned())
}

/// `3.11`, `3.14t`, `pypy3.10`.
fn short_label(greeting: &Greeting) -> String {
    let short = numbers(&greeting.version).map(|(major, minor)| format!("{major}.{minor}"));
    with_build(greeting, short.as_deref().unwrap_or(&greeting.version))
}

fn with_build(greeting: &Greeting, version: &str) -> String {
    let implementation = match greeting.implementation.as_str() {
        "CPython" => String::new(),
        other => other.to_lowercase(),
    };
    format!("{implementation}{version}{}", if greeting.lock { "" } else { "t" })
}

/// Labels that several have are made longer: by the whole version, then by a number.
fn made_unique(all: &mut [Interpreter]) {
    let repeated =
        |all: &[Interpreter], place: usize| all.iter().filter(|one| one.label == all[place].label).count() > 1;
    let same: Vec<usize> = (0..all.len()).filter(|&place| repeated(all, place)).collect();
    for place in same {
        all[place].label = with_build(&all[place].greeting, &all[place].greeting.version);
    }
    for place in 0..all.len() {
        let label = all[place].label.clone();
        let others = all.iter_mut().skip(place + 1).filter(|other| other.label == label);
        (2..).zip(others).for_each(|(number, other)| other.label = format!("{label}#{number}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn interpreter(implementation: &str, version: &str, lock: bool) -> Interpreter {
        let greeting = Greeting {
            protocol: 1,
            executable: "/usr/bin/python3".into(),
            implementation: implementation.into(),
            version: version.into(),
            lock,
            start_methods: vec!["fork".into(), "spawn".into()],
            default_start_method: "fork".into(),
            packages: BTreeMap::new(),
            strategies: BTreeMap::new(),
        };
        Interpreter { label: short_label(&greeting), path: "/usr/bin/python3".into(), greeting }
    }

    #[test]
    fn labels_are_short_and_unique() {
        let mut all = [
            interpreter("CPython", "3.11.7", true),
            interpreter("CPython", "3.14.0", true),
            interpreter("CPython", "3.14.0", false),
            interpreter("PyPy", "3.10.14", true),
            interpreter("CPython", "3.11.9", true),
            interpreter("CPython", "3.11.9", true),
        ];
        made_unique(&mut all);
        let labels = all.map(|one| one.label);
        assert_eq!(labels, ["3.11.7", "3.14", "3.14t", "pypy3.10", "3.11.9", "3.11.9#2"]);
    }

    #[test]
    fn a_setting_is_named_by_what_differs_and_found_by_that_name() {
        let (lock, free) = (interpreter("CPython", "3.14.0", true), interpreter("CPython", "3.14.0", false));
        let methods = ["fork".to_owned(), "spawn".to_owned()];
        let both = [lock.clone(), free.clone()];
        let named = |interpreters: &[Interpreter], methods: &[String]| -> Vec<String> {
            names(interpreters, methods).into_iter().map(Option::unwrap_or_default).collect()
        };
        assert_eq!(named(&both[..1], &[]), [""]);
        assert_eq!(named(&both[..1], &methods), ["fork", "spawn"]);
        assert_eq!(named(&both, &[]), ["3.14", "3.14t"]);
        let all = named(&both, &methods);
        assert_eq!(all, ["3.14 fork", "3.14 spawn", "3.14t fork", "3.14t spawn"]);
        let found = all.iter().map(|name| PythonSetting::named(name, &both).expect("it is there"));
        let expected = [(&lock, "fork"), (&lock, "spawn"), (&free, "fork"), (&free, "spawn")];
        assert!(
            found
                .map(|it| (it.interpreter, it.start_method.unwrap()))
                .eq(expected.map(|(it, method)| (it.clone(), method.to_owned())))
        );
        assert_eq!(PythonSetting::named("", &both).map(|it| it.interpreter), Ok(lock.clone()));
        assert_eq!(PythonSetting::named("free-threaded", &both).map(|it| it.interpreter), Ok(free));
        for (name, interpreters) in [("free-threaded", &both[..1]), ("3.13", &both), ("3.14 3.14t", &both), ("", &[])] {
            let words = PythonSetting::named(name, interpreters).expect_err("it is not there");
            assert!(words.starts_with(&format!("no Python {name} here")) && words.contains("--python PATH"), "{words}");
        }
    }

    #[test]
    fn a_program_that_is_no_python_is_named_with_the_reason() {
        let data = tempfile::tempdir().unwrap();
        let script = |name: &str, text: &str| {
            let path = data.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            path
        };
        let plain = data.path().join("plain.txt");
        fs::write(&plain, "no program").unwrap();
        let old = "#!/bin/sh\n[ \"$1\" = --version ] && echo Python 3.6.15 && exit\necho SyntaxError >&2; exit 1\n";
        for (path, says) in [
            ("/no/such/python".into(), "No such file"),
            (plain, "Permission denied"),
            ("/bin/echo".into(), "expected a line of the lane's protocol"),
            ("/bin/false".into(), "ended with exit status: 1"),
            (script("old", old), "Python 3.6.15 is too old, expected 3.9 or newer"),
            (script("crashes", "#!/bin/sh\necho 'ImportError: no json' >&2; exit 3\n"), "ImportError: no json"),
            (
                script("newer", "#!/bin/sh\necho '{\"reply\": \"hello\", \"protocol\": 2}'\n"),
                "expected a line of the lane's protocol",
            ),
        ] {
            let words = found(std::slice::from_ref(&path), data.path()).expect_err("it is no Python").to_string();
            assert!(words.starts_with(&format!("{}: ", path.display())) && words.contains(says), "{words}");
        }
    }
}
