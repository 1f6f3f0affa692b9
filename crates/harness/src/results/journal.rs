//! Which records belong to the current invocation, so that it can resume after an interrupt.
//!
//! A measurement for claims goes through many scenarios and takes minutes. After Ctrl-C or SIGKILL the same command
//! should resume. So before the first cell of each scenario is measured, its record's name is written to `journal.json`
//! in the data directory; the record itself is written after every cell. When everything is measured, the journal is
//! deleted.
//!
//! "The same command" means the same key: a checksum of the request and of the program. Another key is another
//! invocation, which starts over; the records of the interrupted one stay, as unfinished records.
//!
//! ```no_run
//! # use makespan::{results::{journal::{self, Journal}, record::Record, store::Store}, runner::{self, Observer, Settings},
//! #     scenario::{CellSpec, Scenario}};
//! # struct Keeper<'a>(&'a mut Journal);
//! # impl Observer for Keeper<'_> {
//! #     fn updated(&mut self, record: &Record) {
//! #         let _ = self.0.keep(record);
//! #     }
//! # }
//! # fn reproduce(store: &Store, asked: &[(Scenario, Vec<CellSpec>)], settings: &Settings)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let mut journal = Journal::open(store, journal::key(&(asked, &settings.plan, settings.seed)))?;
//! for (scenario, cells) in asked {
//!     if journal.finished(&scenario.name).is_some() {
//!         continue;
//!     }
//!     let earlier = journal.unfinished(&scenario.name);
//!     let mut observer = Keeper(&mut journal); // its `updated` calls `keep`
//!     match earlier {
//!         Some(earlier) => runner::resume(scenario, cells, settings, earlier, &mut observer)?,
//!         None => runner::measure(scenario, cells, settings, &mut observer)?,
//!     };
//! }
//! journal.close()?; // not after an interrupt
//! # Ok(())
//! # }
//! ```

use super::{
    record::Record,
    store::{Store, StoreError, read, read_if_there, write_whole},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fmt::Debug,
    fs::{self, File, TryLockError},
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};
use work::queue::job::BUILD;

/// The schema that this version writes.
const SCHEMA: &str = "makespan.journal/1";

/// The journal of the current invocation. While it is open, no other process can open it.
#[derive(Debug)]
pub struct Journal {
    store: Store,
    pages: Pages,
    /// Locked. The system unlocks it when the program ends, however it ends.
    _lock: File,
}

/// The file's content.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pages {
    schema: String,
    key: String,
    /// By scenario.
    records: BTreeMap<String, JournalEntry>,
}

/// The record of one scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JournalEntry {
    /// The file's name, among the records.
    file: PathBuf,
    /// When the record was begun, which distinguishes it from a restarted one.
    started_at: String,
}

/// The key of an invocation: of everything requested, and of this very build.
///
/// `asked` must be everything that decides what is measured: the scenarios with all numbers and cells, the plan, the
/// seed.
pub fn key(asked: &impl Debug) -> String {
    let mut hasher = DefaultHasher::new();
    (BUILD, format!("{asked:?}")).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

impl Journal {
    /// Opens the journal of this invocation: the existing one, if it has the same key, otherwise an empty one. It is
    /// written with the first record. An unreadable journal counts as none: its cells are only measured again.
    pub fn open(store: &Store, key: String) -> Result<Self, StoreError> {
        let path = store.dir().join("journal.lock");
        let unwritable = |source| StoreError::Unwritable { path: path.clone(), source };
        fs::create_dir_all(store.dir()).map_err(unwritable)?;
        let lock = File::create(&path).map_err(unwritable)?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(StoreError::Taken { path }),
            // Some file systems have no locks; then it isn't exclusive.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let found: Option<Pages> = read_if_there(&path_in(store.dir()), SCHEMA).ok().flatten();
        let empty = |key| Pages { schema: SCHEMA.into(), key, records: BTreeMap::new() };
        let pages = found.filter(|pages| pages.key == key).unwrap_or_else(|| empty(key));
        Ok(Self { store: store.clone(), pages, _lock: lock })
    }

    /// The file of this scenario's record, if finished.
    pub fn finished(&self, scenario: &str) -> Option<PathBuf> {
        self.record(scenario).filter(|(_, record)| record.stopped.is_some()).map(|(path, _)| path)
    }

    /// This scenario's record, if it was begun and is not finished. A damaged or missing one is `None`.
    pub fn unfinished(&self, scenario: &str) -> Option<Record> {
        self.record(scenario).filter(|(_, record)| record.stopped.is_none()).map(|(_, record)| record)
    }

    /// Writes a record, and before that, the first time, its name here. A resumed record stays in its file.
    pub fn keep(&mut self, record: &Record) -> Result<PathBuf, StoreError> {
        let known = self.pages.records.get(&record.scenario).filter(|entry| entry.started_at == record.started_at);
        let path = match known {
            Some(entry) => self.store.records().join(&entry.file),
            None => self.begin(record)?,
        };
        write_whole(&path, |file| serde_json::to_writer(file, record).map_err(Into::into))?;
        Ok(path)
    }

    /// Deletes the journal: all is measured.
    pub fn close(self) -> Result<(), StoreError> {
        let path = path_in(self.store.dir());
        match fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::Unwritable { path, source })
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, record: &Record) -> Result<PathBuf, StoreError> {
        let path = self.store.path_of(record);
        let file = path.file_name().map(PathBuf::from).unwrap_or_default();
        let entry = JournalEntry { file, started_at: record.started_at.clone() };
        let before = self.pages.records.insert(record.scenario.clone(), entry);
        let written = write_whole(&path_in(self.store.dir()), |file| {
            serde_json::to_writer(file, &self.pages).map_err(Into::into)
        });
        if let Err(error) = written {
            // So that the next record tries again.
            match before {
                Some(entry) => self.pages.records.insert(record.scenario.clone(), entry),
                None => self.pages.records.remove(&record.scenario),
            };
            return Err(error);
        }
        Ok(path)
    }

    fn record(&self, scenario: &str) -> Option<(PathBuf, Record)> {
        let path = self.store.records().join(&self.pages.records.get(scenario)?.file);
        let record = read(&path).ok()?;
        Some((path, record))
    }
}

fn path_in(data: &Path) -> PathBuf {
    data.join("journal.json")
}
