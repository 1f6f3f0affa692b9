//! The store of records: one JSON file for each measurement, below the data directory.

use super::{
    rank::{self, Rank},
    record::{Purpose, Record, SCHEMA},
};
use serde::{Deserialize, de::DeserializeOwned};
use std::{
    cmp::{Ordering, Reverse},
    collections::BTreeMap,
    env, fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
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
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file can't be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file has another schema than expected, or another version.
    #[error("{}: not of the kind `{schema}`: {reason}", path.display())]
    OfAnotherKind {
        /// The file.
        path: PathBuf,
        /// Its schema.
        schema: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A newer version has written the file.
    #[error("{}: {} wrote it, and its schema is `{found}`; this is makespan {}, which reads up to `{schema}`: update it, or leave the \
             file to the newer one", path.display(), writer.as_deref().unwrap_or("a newer makespan"), env!("CARGO_PKG_VERSION"))]
    Newer {
        /// The file.
        path: PathBuf,
        /// The newest schema that can be read.
        schema: &'static str,
        /// The file's schema.
        found: String,
        /// The program that wrote it, with its version, where the file says so.
        writer: Option<String>,
    },
    /// An older version has written the file.
    #[error("{}: {} wrote it, and its schema is `{found}`; this is makespan {}, which reads `{schema}`: measure again", path.display(),
            writer.as_deref().unwrap_or("an older makespan"), env!("CARGO_PKG_VERSION"))]
    Older {
        /// The file.
        path: PathBuf,
        /// The schema that can be read.
        schema: &'static str,
        /// The file's schema.
        found: String,
        /// The program that wrote it, with its version, where the file says so.
        writer: Option<String>,
    },
    /// Another process has the lock.
    #[error("{}: another makespan is measuring for claims and records here: wait until it is over, or record elsewhere with --data DIR", path.display())]
    Taken {
        /// The lock.
        path: PathBuf,
    },
}

/// The file name prefix of records that were measured for claims.
const FOR_CLAIMS: &str = "findings-";

/// The store's content.
#[derive(Debug, Default)]
pub struct StoredRecords {
    /// The record that represents each scenario, by scenario.
    pub newest: BTreeMap<String, Record>,
    /// Files that are not records, with the reason. They are left in place.
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

    /// This record's file: one for each measurement, named by purpose, scenario and time, so that files can be told
    /// apart without reading them.
    pub fn path_of(&self, record: &Record) -> PathBuf {
        let purpose = match record.purpose {
            Purpose::Findings => FOR_CLAIMS,
            Purpose::Run if record.scenario.starts_with(FOR_CLAIMS) => "run-",
            Purpose::Run => "",
        };
        let time = record.started_at.replace([':', '-'], "");
        self.records().join(format!("{purpose}{}-{time}-{}.json", record.scenario, std::process::id()))
    }

    /// Writes the record. A concurrent reader sees the old one or the new one, never a part.
    pub fn write(&self, record: &Record) -> Result<PathBuf, StoreError> {
        let path = self.path_of(record);
        write_whole(&path, |file| serde_json::to_writer(file, record).map_err(Into::into))?;
        Ok(path)
    }

    /// The last record of this scenario that process `process` wrote by [`Store::write`], if any. Process ids are
    /// reused, so its record is the newest one with that id.
    pub fn of_process(&self, scenario: &str, process: u32) -> Result<Option<Record>, StoreError> {
        let (beginning, end) = (format!("{scenario}-"), format!("-{process}.json"));
        let name =
            |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut paths = self.paths()?;
        // Only the time may lie between the two; otherwise it is a scenario whose name has this one as a prefix.
        paths.retain(|path| {
            let name = name(path);
            let time = name.strip_prefix(&beginning).and_then(|rest| rest.strip_suffix(&end));
            time.is_some_and(|time| !time.contains('-'))
        });
        paths.last().map(|path| read(path)).transpose()
    }

    /// The record that represents each scenario: one with all cells before one with some, and that before one without
    /// any time; of equal ones, one that a user requested before one that was measured for claims; then the latest.
    pub fn newest(&self) -> Result<StoredRecords, StoreError> {
        let (paths, mut unreadable, mut best) = (self.paths()?, Vec::new(), BTreeMap::<String, (Rank, Record)>::new());
        let others = paths.iter().filter(|path| ForClaims::of(path).is_none()).map(|path| (path.as_path(), None));
        let for_claims = ForClaims::newest_first(&paths).into_iter().map(|one| (one.path, Some(one.scenario)));
        for (path, scenario) in others.chain(for_claims) {
            let known = scenario.and_then(|scenario| best.get(scenario));
            if known.is_some_and(|(rank, _)| rank.is_whole()) {
                continue;
            }
            match read(path) {
                Ok(record) => {
                    let rank = Rank::of(&record, path);
                    if best.get(&record.scenario).is_none_or(|(known, _)| *known <= rank) {
                        best.insert(record.scenario.clone(), (rank, record));
                    }
                }
                Err(error) => unreadable.push(error),
            }
        }
        let newest = best.into_iter().map(|(scenario, (_, record))| (scenario, record)).collect();
        Ok(StoredRecords { newest, unreadable })
    }

    /// All records, by name. Names end in the time and the process, so two of the same second are in order.
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
    /// Parses a name; `None` for all others.
    fn of(path: &'a Path) -> Option<Self> {
        let mut parts = path.file_stem()?.to_str()?.strip_prefix(FOR_CLAIMS)?.rsplitn(3, '-');
        let (process, time, scenario) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
        Some(Self { path, scenario, time, process })
    }

    /// Those among these files.
    pub(super) fn newest_first(paths: &'a [PathBuf]) -> Vec<Self> {
        let mut all: Vec<Self> = paths.iter().filter_map(|path| Self::of(path)).collect();
        all.sort_by_cached_key(|one| Reverse((rank::begun(one.time, one.path), one.process)));
        all
    }
}

/// Reads a record.
pub fn read(path: &Path) -> Result<Record, StoreError> {
    read_document(path, SCHEMA)
}

/// The keys that every document has.
#[derive(Deserialize)]
struct Head {
    schema: String,
    makespan_version: Option<String>,
}

/// Reads a document and checks its `schema`. Unknown keys were added by a later version.
pub(super) fn read_document<T: DeserializeOwned>(path: &Path, schema: &'static str) -> Result<T, StoreError> {
    let text = fs::read(path).map_err(|source| StoreError::Unreadable { path: path.into(), source })?;
    let wrong = |reason| StoreError::OfAnotherKind { path: path.into(), schema, reason };
    let Head { schema: found, makespan_version } =
        serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
    let writer = makespan_version.map(|version| format!("makespan {version}"));
    match version(&found, schema) {
        Some(Ordering::Equal) => serde_json::from_slice(&text).map_err(|error| wrong(error.to_string())),
        Some(Ordering::Greater) => Err(StoreError::Newer { path: path.into(), schema, found, writer }),
        Some(Ordering::Less) => Err(StoreError::Older { path: path.into(), schema, found, writer }),
        None => Err(wrong(format!("its schema is `{found}`"))),
    }
}

/// Compares the numbers of two schemas of the same kind: `makespan.run/2` is greater than `makespan.run/1`.
fn version(found: &str, known: &str) -> Option<Ordering> {
    let parts = |schema: &str| {
        let (kind, number) = schema.rsplit_once('/')?;
        Some((kind.to_owned(), number.parse::<u32>().ok()?))
    };
    let ((kind, number), (known_kind, known_number)) = parts(found).zip(parts(known))?;
    (kind == known_kind).then(|| number.cmp(&known_number))
}

/// The same, if it exists.
pub(super) fn read_if_there<T: DeserializeOwned>(path: &Path, schema: &'static str) -> Result<Option<T>, StoreError> {
    match read_document(path, schema) {
        Err(StoreError::Unreadable { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        document => document.map(Some),
    }
}

/// Writes a temporary file beside the target and renames it when complete.
pub fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut std::io::BufWriter<&std::fs::File>) -> std::io::Result<()>,
) -> Result<(), StoreError> {
    let unwritable = |source| StoreError::Unwritable { path: path.into(), source };
    if path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        // A rename would replace /dev/null or a named pipe.
        let file = fs::OpenOptions::new().write(true).open(path).map_err(unwritable)?;
        let mut writer = std::io::BufWriter::new(&file);
        return write(&mut writer).and_then(|()| writer.flush()).map_err(unwritable);
    }
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(dir).map_err(unwritable)?;
    // Readable as the user's umask allows: a temporary file would otherwise be private to its owner.
    let everybody = fs::Permissions::from_mode(0o666);
    let file = tempfile::Builder::new().permissions(everybody).tempfile_in(dir).map_err(unwritable)?;
    let mut writer = std::io::BufWriter::new(file.as_file());
    write(&mut writer).and_then(|()| writer.flush()).map_err(unwritable)?;
    drop(writer);
    file.persist(path).map_err(|error| unwritable(error.error))?;
    Ok(())
}

/// Cargo's target directory, for the checkout that contains the current directory; `None` outside of one. Found as
/// Criterion does: `CARGO_TARGET_DIR`, else what cargo says, which knows its own configuration.
pub fn target_dir() -> Option<PathBuf> {
    static OF_CARGO: OnceLock<Option<PathBuf>> = OnceLock::new();
    let root = checkout()?;
    let named = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = named.or_else(|| OF_CARGO.get_or_init(|| of_cargo(&root)).clone());
    Some(root.join(target.unwrap_or_else(|| "target".into())))
}

/// What cargo says; `None` without cargo.
fn of_cargo(root: &Path) -> Option<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let output = cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(root).output();
    let metadata: Metadata = serde_json::from_slice(&output.ok()?.stdout).ok()?;
    Some(metadata.target_directory)
}

/// The checkout of this project that contains the current directory.
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
