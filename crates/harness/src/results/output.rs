//! Where a result is written: to a file, or, as `-`, to standard output.

use super::store::{StoreError, write_whole};
use clap::builder::{MapValueParser, PathBufValueParser, TypedValueParser, ValueParserFactory};
use serde::Serialize;
use std::{
    fs::File,
    io::{self, ErrorKind, Write},
    path::{Component, Path, PathBuf, absolute},
};

/// A value of `--json`, `--csv` and so on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// `-`.
    Stdout,
    /// A file.
    File(PathBuf),
}

/// Standard output's name in errors.
const STDOUT: &str = "standard output";

impl<P: AsRef<Path>> From<P> for Output {
    fn from(path: P) -> Self {
        let path = path.as_ref();
        if path == Path::new("-") { Self::Stdout } else { Self::File(path.into()) }
    }
}

impl ValueParserFactory for Output {
    type Parser = MapValueParser<PathBufValueParser, fn(PathBuf) -> Self>;

    fn value_parser() -> Self::Parser {
        PathBufValueParser::new().map(Self::from)
    }
}

impl Output {
    /// The output as it is written on a command line.
    pub fn path(&self) -> &Path {
        match self {
            Self::Stdout => Path::new("-"),
            Self::File(path) => path,
        }
    }

    /// Writes all of it; a file appears only when complete. A closed standard output is not an error.
    pub fn write(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), StoreError> {
        match self {
            Self::Stdout => {
                // Via a buffer: a formatter may hide an error's kind.
                let mut whole = Vec::new();
                let written = write(&mut whole).and_then(|()| {
                    let mut stdout = io::stdout().lock();
                    stdout.write_all(&whole).and_then(|()| stdout.flush())
                });
                match written {
                    Err(source) if source.kind() != ErrorKind::BrokenPipe => {
                        Err(StoreError::Unwritable { path: STDOUT.into(), source })
                    }
                    _ => Ok(()),
                }
            }
            Self::File(path) => write_whole(path, |file| write(file)),
        }
    }

    /// Writes one JSON document and a line end.
    pub fn write_json(&self, document: &impl Serialize) -> Result<(), StoreError> {
        self.write(|to| {
            serde_json::to_writer(&mut *to, document)?;
            to.write_all(b"\n")
        })
    }

    /// Opens it for live events. Unbuffered, so that the reader sees each at once.
    pub fn open(&self) -> Result<Box<dyn Write + Send>, StoreError> {
        match self {
            Self::Stdout => Ok(Box::new(io::stdout())),
            Self::File(path) => match File::create(path) {
                Ok(file) => Ok(Box::new(file)),
                Err(source) => Err(StoreError::Unwritable { path: path.clone(), source }),
            },
        }
    }

    /// Whether the second would overwrite the first. Devices can be written to twice.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Stdout, Self::Stdout) => true,
            (Self::File(one), Self::File(other)) => {
                let is_device = |path: &Path| path.metadata().is_ok_and(|found| !found.is_file());
                !is_device(one) && place(one) == place(other)
            }
            _ => false,
        }
    }
}

/// Rejects two outputs to one file, before anything is measured for either. Each comes with the option that names it.
pub fn distinct(outputs: &[(&str, Option<&Output>)]) -> Result<(), String> {
    let named: Vec<(&str, &Output)> =
        outputs.iter().filter_map(|(option, output)| Some((*option, (*output)?))).collect();
    for (number, (option, output)) in named.iter().enumerate() {
        if let Some((earlier, _)) = named[..number].iter().find(|(_, earlier)| earlier.is_same(output)) {
            let place = if **output == Output::Stdout { STDOUT.into() } else { output.path().display().to_string() };
            return Err(format!("{earlier} and {option} are both {place}: give one of them another file"));
        }
    }
    Ok(())
}

/// The same path for all names of a file, whether it and its folder exist or not.
fn place(path: &Path) -> PathBuf {
    let path = absolute(path).unwrap_or_else(|_| path.into());
    // Links are resolved in the deepest part that exists; the rest doesn't exist yet.
    let there = path.ancestors().find_map(|part| Some((part, part.canonicalize().ok()?)));
    let Some((part, mut place)) = there else { return path };
    for component in path.strip_prefix(part).into_iter().flat_map(Path::components) {
        match component {
            Component::ParentDir => drop(place.pop()),
            other => place.push(other),
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_names_of_a_file_are_one_place() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| Output::from(dir.path().join(name));
        std::fs::write(at("there").path(), "").unwrap();
        std::os::unix::fs::symlink(at("there").path(), at("link").path()).unwrap();
        std::os::unix::fs::symlink(dir.path(), at("folder").path()).unwrap();
        for (one, other) in [
            ("new", "new"),
            ("new", "./new"),
            ("new", "folder/new"),
            ("there", "link"),
            ("folder/there", "folder/link"),
            ("deep/er/new", "deep/other/../er/new"),
        ] {
            let (one, other) = (at(one), at(other));
            let error = distinct(&[("--json", Some(&one)), ("--events", None), ("--csv", Some(&other))]).unwrap_err();
            assert!(error.starts_with("--json and --csv are both ") && error.contains("another file"), "{error}");
        }
        assert_eq!(distinct(&[("--json", Some(&at("new"))), ("--csv", Some(&at("deep/new")))]), Ok(()));
        let null = Output::from("/dev/null");
        assert_eq!(distinct(&[("--json", Some(&null)), ("--csv", Some(&null))]), Ok(()));
        assert!(distinct(&[("--json", Some(&"-".into())), ("--csv", Some(&"-".into()))]).is_err());
    }
}
