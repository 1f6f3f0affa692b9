//! The store of records: one JSON file for each measurement, below the data directory.

use super::{
    rank::{self, Rank},
    record::{EndReason, Purpose, Record, SCHEMA},
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_json::Value;
use std::{
    cmp::Ordering,
    collections::BTreeMap,
    env, fmt, fs,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
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
    /// The same for all of several files.
    #[error("{count} records are of an earlier version and were not read; the last: {last}")]
    AllOlder {
        /// How many.
        count: usize,
        /// What is wrong with the last of them.
        last: Box<StoreError>,
    },
    /// Another process has the lock.
    #[error("{}: another makespan is measuring for claims and records here: wait until it is over, or record elsewhere with --data DIR", path.display())]
    Taken {
        /// The lock.
        path: PathBuf,
    },
}

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

    /// This record's file: one for each measurement. Its name is for people: what a record is, only the file says.
    pub fn path_of(&self, record: &Record) -> PathBuf {
        let time = record.started_at.replace([':', '-'], "");
        let purpose = if record.purpose == Purpose::Findings { "findings-" } else { "" };
        self.records().join(format!("{purpose}{}-{time}-{}.json", record.scenario, record.process))
    }

    /// Writes the record. A concurrent reader sees the old one or the new one, never a part.
    pub fn write(&self, record: &Record) -> Result<PathBuf, StoreError> {
        let path = self.path_of(record);
        write_whole(&path, |file| serde_json::to_writer(file, record).map_err(Into::into))?;
        Ok(path)
    }

    /// The last record of this scenario that this process measured, if any. Process ids are reused, so its record is the
    /// newest one with that id.
    pub fn of_process(&self, scenario: &str, process: u32) -> Result<Option<Record>, StoreError> {
        let mut of_process = self.list()?.records;
        of_process.retain(|one| one.head.scenario == scenario && one.head.process == process);
        of_process.first().map(|one| read(&one.path)).transpose()
    }

    /// The record that represents each scenario: a complete one with all cells before an interrupted one, that before
    /// one with some of the cells, and that before one without any time; of equal ones, one that a user requested before
    /// one that was measured for claims; then the latest.
    pub fn newest(&self) -> Result<StoredRecords, StoreError> {
        let Listing { records, mut unreadable } = self.list()?;
        let mut by_scenario: BTreeMap<&str, Vec<(Rank, &Listed)>> = BTreeMap::new();
        for one in &records {
            by_scenario.entry(&one.head.scenario).or_default().push((Rank::at_most(one), one));
        }
        let mut newest = BTreeMap::new();
        for (scenario, mut ranked) in by_scenario {
            ranked.sort_by(|(a, _), (b, _)| b.cmp(a));
            let mut best: Option<(Rank, Record)> = None;
            for (most, one) in ranked {
                if best.as_ref().is_some_and(|(known, _)| *known >= most) {
                    break;
                }
                match read(&one.path) {
                    Ok(record) => {
                        let rank = most.of(&record);
                        if best.as_ref().is_none_or(|(known, _)| *known < rank) {
                            best = Some((rank, record));
                        }
                    }
                    Err(error) => unreadable.push(error),
                }
            }
            newest.extend(best.map(|(_, record)| (scenario.to_owned(), record)));
        }
        Ok(StoredRecords { newest, unreadable })
    }

    /// The users' files whose claims were measured, the last first.
    pub fn own_files(&self) -> Result<Vec<String>, StoreError> {
        let mut files = Vec::new();
        for Listed { head, .. } in self.list()?.records {
            let file = head.scenario_file.filter(|_| head.purpose == Purpose::Findings && head.stopped.is_some());
            files.extend(file.filter(|file| !files.contains(file)));
        }
        Ok(files)
    }

    /// Every record, the newest first, without its cells; and the files that are no records of this schema.
    pub(super) fn list(&self) -> Result<Listing, StoreError> {
        let dir = self.records();
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Listing::default()),
            Err(source) => return Err(StoreError::Unreadable { path: dir, source }),
        };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
        paths.sort();
        let (mut listing, mut older) = (Listing::default(), Vec::new());
        for path in paths {
            match head(&path) {
                Ok(head) => {
                    let begun = rank::begun(&head.started_at, &path);
                    listing.records.push(Listed { path, head, begun });
                }
                Err(error @ StoreError::Older { .. }) => older.push(error),
                Err(error) => listing.unreadable.push(error),
            }
        }
        // After an update, all of them are: one line says as much as a hundred.
        let count = older.len();
        listing.unreadable.extend(
            older
                .pop()
                .map(|last| if count == 1 { last } else { StoreError::AllOlder { count, last: Box::new(last) } }),
        );
        listing.records.sort_by(|a, b| (&b.begun, &b.path).cmp(&(&a.begun, &a.path)));
        Ok(listing)
    }
}

/// The records of a store.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// The newest first.
    pub(super) records: Vec<Listed>,
    /// The other files. They are left in place.
    pub(super) unreadable: Vec<StoreError>,
}

/// A record whose cells were not read.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) path: PathBuf,
    pub(super) head: RecordHead,
    /// When it was begun: see [`rank::begun`].
    pub(super) begun: String,
}

/// What a record says of itself before its cells.
#[derive(Debug, Deserialize)]
pub(super) struct RecordHead {
    pub(super) scenario: String,
    pub(super) scenario_file: Option<String>,
    pub(super) started_at: String,
    pub(super) process: u32,
    pub(super) purpose: Purpose,
    pub(super) stopped: Option<EndReason>,
    pub(super) rounds_done: u32,
    pub(super) command: String,
}

/// Reads a record's keys up to its cells, which are the last, and nearly all of the file.
fn head(path: &Path) -> Result<RecordHead, StoreError> {
    struct UpToCells<'a>(&'a mut serde_json::Map<String, Value>);
    impl<'de> Visitor<'de> for UpToCells<'_> {
        type Value = ();

        fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
            to.write_str("a record")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(key) = map.next_key::<String>()?.filter(|key| key != "cells") {
                self.0.insert(key, map.next_value()?);
            }
            Ok(())
        }
    }
    let file = fs::File::open(path).map_err(|source| StoreError::Unreadable { path: path.into(), source })?;
    let mut keys = serde_json::Map::new();
    // The visitor stops before the cells, which the deserializer reports as an error: the keys before them are enough.
    let read = serde_json::Deserializer::from_reader(io::BufReader::new(file)).deserialize_map(UpToCells(&mut keys));
    let keys = Value::Object(keys);
    let is_of = serde_json::from_value(keys.clone()).map_err(|error| read.err().unwrap_or(error));
    let wrong = |error: serde_json::Error| StoreError::OfAnotherKind {
        path: path.into(),
        schema: SCHEMA,
        reason: error.to_string(),
    };
    check_schema(path, SCHEMA, is_of.map_err(wrong)?)?;
    serde_json::from_value(keys).map_err(wrong)
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
    let wrong =
        |error: serde_json::Error| StoreError::OfAnotherKind { path: path.into(), schema, reason: error.to_string() };
    check_schema(path, schema, serde_json::from_slice(&text).map_err(wrong)?)?;
    serde_json::from_slice(&text).map_err(wrong)
}

fn check_schema(path: &Path, schema: &'static str, head: Head) -> Result<(), StoreError> {
    let (path, found) = (path.to_owned(), head.schema);
    let writer = head.makespan_version.map(|version| format!("makespan {version}"));
    match version(&found, schema) {
        Some(Ordering::Equal) => Ok(()),
        Some(Ordering::Greater) => Err(StoreError::Newer { path, schema, found, writer }),
        Some(Ordering::Less) => Err(StoreError::Older { path, schema, found, writer }),
        None => Err(StoreError::OfAnotherKind { path, schema, reason: format!("its schema is `{found}`") }),
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
    let mut cargo = support::cargo::command();
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
