//! Writing a body to a slow disk, as it arrives.
//!
//! The write blocks its thread, as Python's `file.write` does: inside an event loop, nothing else runs meanwhile.
//! The bytes go to a real file; that its disk is slow is simulated, by sleeping for as long as they would take.

use crate::task::{TaskError, files::create};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, Write},
    num::NonZeroU64,
    path::PathBuf,
    thread,
    time::Duration,
};

/// Where a body is written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Save {
    /// The file. It is replaced.
    #[serde(with = "support::path_bytes")]
    pub path: PathBuf,
    /// How fast its disk is.
    pub bytes_per_s: NonZeroU64,
}

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    save: &'a Save,
    file: File,
}

impl Save {
    pub(super) fn begin(&self) -> Result<Writer<'_>, TaskError> {
        let file = create(&self.path).map_err(|error| self.error(&error))?;
        Ok(Writer { save: self, file })
    }

    fn error(&self, error: &io::Error) -> TaskError {
        TaskError::File { path: self.path.clone(), message: error.to_string() }
    }
}

impl Writer<'_> {
    /// Returns when the disk has the bytes.
    pub(super) fn write(&mut self, chunk: &[u8]) -> Result<(), TaskError> {
        self.file.write_all(chunk).map_err(|error| self.save.error(&error))?;
        let wait_s = chunk.len() as f64 / self.save.bytes_per_s.get() as f64;
        thread::sleep(Duration::try_from_secs_f64(wait_s).unwrap_or(Duration::MAX));
        Ok(())
    }
}
