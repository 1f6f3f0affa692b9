//! The latest advice on a user's own work: the documents that `makespan advise` writes, kept for the page.

use super::store::{StoreError, read_if_there, write_whole};
use serde::{Serialize, de::DeserializeOwned};
use std::path::Path;

/// Keeps a document in this file, in place of the one before.
pub fn keep(file: &Path, document: &impl Serialize) -> Result<(), StoreError> {
    write_whole(file, |file| serde_json::to_writer(file, document).map_err(Into::into))
}

/// The one that was kept in this file; `None` if none was.
pub fn read<T: DeserializeOwned>(file: &Path, schema: &'static str) -> Result<Option<T>, StoreError> {
    read_if_there(file, schema)
}
