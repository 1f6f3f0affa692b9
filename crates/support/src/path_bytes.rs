//! Serializes a path as its bytes. On Unix a file name is any bytes but `/` and zero, and serde's own form of a path
//! rejects those that are not UTF-8.
//!
//! For `#[serde(with = "crate::path_bytes")]`, in messages between processes and through queues. For text that people
//! read, see [`printable_path`](crate::terminal::printable_path).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// Writes the bytes.
pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    path.as_os_str().serialize(serializer)
}

/// Reads the bytes.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    OsString::deserialize(deserializer).map(PathBuf::from)
}

/// The same for an optional path.
pub mod option {
    use super::{Deserialize, Deserializer, OsString, Path, PathBuf, Serialize, Serializer};

    /// Writes the bytes, if there are any.
    pub fn serialize<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_deref().map(Path::as_os_str).serialize(serializer)
    }

    /// Reads the bytes, if there are any.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
        Ok(Option::<OsString>::deserialize(deserializer)?.map(PathBuf::from))
    }
}
