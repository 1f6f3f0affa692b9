//! Where records are kept: one JSON file for each measurement, below the data directory.

use super::record::{Purpose, Record, SCHEMA};
use serde::de::DeserializeOwned;
use std::{
    cmp::Reverse,
    collections::BTreeMap,
    env, fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// The directory where records and fixtures are kept.
#[derive(Debug, Clone)]
pub struct Store {
    dir: PathBuf,
}

/// Why a record can't be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or a directory can't be written.
    #[error("{}: can't be written: {source}; is the disk full, or the folder not yours?", path.display())]
    Unwritable {
        /// What was to be written.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file can't be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// What was to be read.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not of the kind that it should be, or of another version.
    #[error("{}: not of the kind `{schema}`: {reason}", path.display())]
    OfAnotherKind {
        /// The file.
        path: PathBuf,
        /// What it should be.
        schema: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Somebody else is at it.
    #[error("{}: another makespan is measuring for claims and records here: wait until it is over, or record elsewhere with --data DIR", path.display())]
    Taken {
        /// The lock.
        path: PathBuf,
    },
}

/// What the name of a record begins with that was measured for claims.
const FOR_CLAIMS: &str = "findings-";

/// What is in the store.
#[derive(Debug, Default)]
pub struct Kept {
    /// The newest record of each scenario, by scenario.
    pub newest: BTreeMap<String, Record>,
    /// Files that are no records, with what is wrong. They are left where they are.
    pub unreadable: Vec<StoreError>,
}

impl Store {
    /// The store at `dir`, else the usual one: `target/makespan` inside a checkout of this project, otherwise the
    /// user's cache directory.
    pub fn at(dir: Option<PathBuf>) -> Self {
        Self { dir: dir.or_else(in_checkout).unwrap_or_else(in_cache) }
    }

    /// The directory itself.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the records are.
    pub(super) fn records(&self) -> PathBuf {
        self.dir.join("records")
    }

    /// The file that this record is kept in: one for each measurement, named by purpose, scenario and time, so that they can
    /// be told apart without being read.
    pub fn path_of(&self, record: &Record) -> PathBuf {
        let purpose = match record.purpose {
            Purpose::Findings => FOR_CLAIMS,
            Purpose::Run if record.scenario.starts_with(FOR_CLAIMS) => "run-",
            Purpose::Run => "",
        };
        let time = record.started_at.replace([':', '-'], "");
        self.records().join(format!("{purpose}{}-{time}-{}.json", record.scenario, std::process::id()))
    }

    /// Writes the record. Whoever reads at the same time sees the old one or the new one, never a half.
    pub fn write(&self, record: &Record) -> Result<PathBuf, StoreError> {
        let path = self.path_of(record);
        write_whole(&path, |file| serde_json::to_writer(file, record).map_err(Into::into))?;
        Ok(path)
    }

    /// The last record of this scenario that process `process` has written by [`Store::write`], if there is one. Numbers of
    /// processes come again: what that process wrote is the newest one of its number.
    pub fn of_process(&self, scenario: &str, process: u32) -> Result<Option<Record>, StoreError> {
        let (beginning, end) = (format!("{scenario}-"), format!("-{process}.json"));
        let name =
            |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut paths = self.paths()?;
        // The time alone stands between the two, or it would be another scenario's whose name begins like this one.
        paths.retain(|path| {
            let name = name(path);
            let time = name.strip_prefix(&beginning).and_then(|rest| rest.strip_suffix(&end));
            time.is_some_and(|time| !time.contains('-'))
        });
        paths.last().map(|path| read(path)).transpose()
    }

    /// The newest record of each scenario: of those that somebody measured because he wanted to see it; where there is
    /// none, of those for claims.
    pub fn newest(&self) -> Result<Kept, StoreError> {
        let (paths, mut kept) = (self.paths()?, Kept::default());
        let rank = |record: &Record| (record.purpose == Purpose::Run, record.started_at.clone());
        for path in paths.iter().filter(|path| ForClaims::of(path).is_none()) {
            match read(path) {
                Ok(record) => {
                    let known = kept.newest.get(&record.scenario);
                    if known.is_none_or(|known| rank(known) <= rank(&record)) {
                        kept.newest.insert(record.scenario.clone(), record);
                    }
                }
                Err(error) => kept.unreadable.push(error),
            }
        }
        for one in ForClaims::newest_first(&paths) {
            if kept.newest.contains_key(one.scenario) {
                continue;
            }
            match read(one.path) {
                Ok(record) => drop(kept.newest.insert(one.scenario.to_owned(), record)),
                Err(error) => kept.unreadable.push(error),
            }
        }
        Ok(kept)
    }

    /// All records, by name. Names end in the time and the process: the later one of two in the same second comes later.
    pub(super) fn paths(&self) -> Result<Vec<PathBuf>, StoreError> {
        let dir = self.records();
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(StoreError::Unreadable { path: dir, source }),
        };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
        paths.sort();
        Ok(paths)
    }
}

/// A record that was measured for claims, by its name: `findings-SCENARIO-TIME-PROCESS.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ForClaims<'a> {
    pub(super) path: &'a Path,
    pub(super) scenario: &'a str,
    time: &'a str,
    process: u32,
}

impl<'a> ForClaims<'a> {
    /// Takes a name apart; `None` for all others.
    fn of(path: &'a Path) -> Option<Self> {
        let mut parts = path.file_stem()?.to_str()?.strip_prefix(FOR_CLAIMS)?.rsplitn(3, '-');
        let (process, time, scenario) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
        Some(Self { path, scenario, time, process })
    }

    /// Those among these files.
    pub(super) fn newest_first(paths: &'a [PathBuf]) -> Vec<Self> {
        let mut all: Vec<Self> = paths.iter().filter_map(|path| Self::of(path)).collect();
        all.sort_by_key(|one| Reverse((one.time, one.process)));
        all
    }
}

/// Reads a record.
pub fn read(path: &Path) -> Result<Record, StoreError> {
    read_document(path, SCHEMA, |record: &Record| &record.schema)
}

/// Reads a document of this kind, which it names itself.
pub(super) fn read_document<T: DeserializeOwned>(
    path: &Path,
    schema: &'static str,
    found: impl Fn(&T) -> &str,
) -> Result<T, StoreError> {
    let text = fs::read_to_string(path).map_err(|source| StoreError::Unreadable { path: path.into(), source })?;
    let wrong = |reason| StoreError::OfAnotherKind { path: path.into(), schema, reason };
    let document: T = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if found(&document) == schema { Ok(document) } else { Err(wrong(format!("its schema is `{}`", found(&document)))) }
}

/// The same, where there may be none.
pub(super) fn read_if_there<T: DeserializeOwned>(
    path: &Path,
    schema: &'static str,
    found: impl Fn(&T) -> &str,
) -> Result<Option<T>, StoreError> {
    match read_document(path, schema, found) {
        Err(StoreError::Unreadable { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        document => document.map(Some),
    }
}

/// Writes a file beside its place first and moves it there when it is complete.
pub fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut std::io::BufWriter<&std::fs::File>) -> std::io::Result<()>,
) -> Result<(), StoreError> {
    let unwritable = |source| StoreError::Unwritable { path: path.into(), source };
    if path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        // Moved over /dev/null or a named pipe, a file would replace it.
        let file = fs::OpenOptions::new().write(true).open(path).map_err(unwritable)?;
        let mut writer = std::io::BufWriter::new(&file);
        return write(&mut writer).and_then(|()| writer.flush()).map_err(unwritable);
    }
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(dir).map_err(unwritable)?;
    // Readable by whom the user's mask lets: a temporary file would otherwise be for its owner alone.
    let everybody = fs::Permissions::from_mode(0o666);
    let file = tempfile::Builder::new().permissions(everybody).tempfile_in(dir).map_err(unwritable)?;
    let mut writer = std::io::BufWriter::new(file.as_file());
    write(&mut writer).and_then(|()| writer.flush()).map_err(unwritable)?;
    drop(writer);
    file.persist(path).map_err(|error| unwritable(error.error))?;
    Ok(())
}

/// `target` of the checkout that the current directory lies in; `None` outside of one.
pub fn target_dir() -> Option<PathBuf> {
    let root = checkout()?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    Some(root.join(target))
}

/// The checkout of this project that the current directory lies in.
pub fn checkout() -> Option<PathBuf> {
    let here = env::current_dir().ok()?;
    let ours = |dir: &&Path| {
        fs::read_to_string(dir.join("Cargo.toml")).is_ok_and(|manifest| manifest.contains("name = \"makespan\""))
    };
    here.ancestors().find(ours).map(Path::to_owned)
}

fn in_checkout() -> Option<PathBuf> {
    Some(target_dir()?.join("makespan"))
}

fn in_cache() -> PathBuf {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
    let home =
        || env::home_dir().map(|home| home.join(if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" }));
    cache.or_else(home).unwrap_or_else(env::temp_dir).join("makespan")
}
