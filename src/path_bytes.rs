//! How a path travels: as its bytes. On Unix a file's name is any bytes but `/` and zero, and serde's own form of a path
//! refuses those that are not UTF-8.
//!
//! For `#[serde(with = "crate::path_bytes")]`, in messages between processes and through queues. What people read has
//! paths as text: see [`printable_path`](crate::terminal::printable_path).

use serde::{Deserialize, Deserializer, Serializer};
use std::{
    ffi::OsString,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
};

pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(path.as_os_str().as_bytes())
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    // Bytes and a sequence of bytes are the same thing in postcard, the one format that these travel in.
    Vec::<u8>::deserialize(deserializer).map(|bytes| OsString::from_vec(bytes).into())
}
