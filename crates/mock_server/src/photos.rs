//! The pictures that `body = "photo"` serves.
//!
//! All are read before the first request: a slow disk would look like a slow strategy. A picture is looked up by file
//! name among those read, so no path leads out of the folder.

use bytes::Bytes;
use std::{collections::HashMap, fs, io, path::Path};

/// The pictures of one folder, by file name.
#[derive(Debug, Default)]
pub(super) struct Photos(HashMap<String, Bytes>);

impl Photos {
    /// Reads every file of the folder, without subfolders.
    pub(super) fn load(folder: &Path) -> io::Result<Self> {
        let mut photos = HashMap::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if let (true, Some(name)) = (path.is_file(), path.file_name().and_then(|name| name.to_str())) {
                photos.insert(name.to_owned(), fs::read(&path)?.into());
            }
        }
        Ok(Self(photos))
    }

    /// The picture at the end of a request's path.
    pub(super) fn at(&self, path: &str) -> Option<Bytes> {
        self.0.get(path.rsplit('/').next()?).cloned()
    }
}

/// The media type, by the file name's end.
pub(super) fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}
