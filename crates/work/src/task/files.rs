//! Writing and reading files: work that computes or waits, depending on where the bytes go.
//!
//! A write goes to the page cache: the processor copies the bytes, and nothing waits. The same write with `fsync`
//! returns when the disk has them: that waits. A file that was just written is read from the page cache, which again
//! only copies. So "reading and writing files is I/O" has to say which of these it means.
//!
//! CPython releases its lock around all three calls; so does this, under the simulated one.

use super::{Expected, Output, Task, TaskContext, TaskError};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    num::{NonZeroU32, NonZeroU64},
    path::{Path, PathBuf},
};

/// How many bytes are written or read at once, between two checks whether to stop.
const CHUNK_BYTES: usize = 64 << 10;

/// What is done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// It is written, and left to the page cache.
    Write,
    /// It is written, and the task ends when the disk has it (`fsync`).
    WriteAndSync,
    /// It is read. It was written shortly before, so it comes from the page cache.
    Read,
}

/// Write or read one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileTask {
    /// The file. It is replaced if it is written.
    #[serde(with = "support::path_bytes")]
    pub path: PathBuf,
    /// How many bytes are written.
    pub bytes: u64,
    /// What is done.
    pub access: Access,
}

/// `files` files of `bytes` bytes each, written or read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Files"))]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// How many files.
    pub files: NonZeroU32,
    /// How long each is.
    pub bytes: NonZeroU64,
    /// What is done with each.
    pub access: Access,
}

impl FileTask {
    /// The checksum of the output is the CRC-32 of the bytes written or read, its amount their number.
    pub fn run<H: TaskContext>(&self, host: &mut H) -> Result<Output, TaskError> {
        match self.access {
            Access::Write | Access::WriteAndSync => self.write(host),
            Access::Read => self.read(host),
        }
    }

    fn write<H: TaskContext>(&self, host: &mut H) -> Result<Output, TaskError> {
        let mut file = host.released(|| create(&self.path)).map_err(|error| self.error(&error))?;
        let mut digest = crc32fast::Hasher::new();
        for chunk in content(self.bytes) {
            host.check()?;
            digest.update(chunk);
            host.released(|| file.write_all(chunk)).map_err(|error| self.error(&error))?;
        }
        if self.access == Access::WriteAndSync {
            host.released(|| file.sync_all()).map_err(|error| self.error(&error))?;
        }
        Ok(output(digest, self.bytes))
    }

    fn read<H: TaskContext>(&self, host: &mut H) -> Result<Output, TaskError> {
        let mut file = File::open(&self.path).map_err(|error| self.error(&error))?;
        let (mut chunk, mut digest, mut bytes) = (vec![0; CHUNK_BYTES], crc32fast::Hasher::new(), 0);
        loop {
            host.check()?;
            match host.released(|| file.read(&mut chunk)) {
                Ok(0) => return Ok(output(digest, bytes)),
                Ok(read) => {
                    digest.update(&chunk[..read]);
                    bytes += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.error(&error)),
            }
        }
    }

    fn error(&self, error: &io::Error) -> TaskError {
        TaskError::File { path: self.path.clone(), message: error.to_string() }
    }
}

/// Creates a new file in the place of an earlier run's. Some file systems (ext4) flush a file whose old content is
/// replaced, and then even a write to the page cache waits for the disk.
pub(super) fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => File::create(path),
    }
}

fn output(digest: crc32fast::Hasher, bytes: u64) -> Output {
    Output { checksum: digest.finalize().into(), amount: bytes, status: None }
}

/// A file's content, in chunks: all whole ones are the same bytes, so that the task spends no time making them.
fn content(bytes: u64) -> impl Iterator<Item = &'static [u8]> {
    static CHUNK: [u8; CHUNK_BYTES] = {
        let (mut chunk, mut state, mut place) = ([0; CHUNK_BYTES], 1_u32, 0);
        // The linear congruential generator of Numerical Recipes: no disk or file system can compress it away.
        while place < CHUNK_BYTES {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            chunk[place] = (state >> 24) as u8;
            place += 1;
        }
        chunk
    };
    let last = (bytes % CHUNK_BYTES as u64) as usize;
    let whole = (0..bytes / CHUNK_BYTES as u64).map(|_| &CHUNK[..]);
    whole.chain((last > 0).then_some(&CHUNK[..last]))
}

impl Recipe {
    /// The tasks, for files in this directory, each with its outcome. Files that are to be read are written now.
    pub fn build(&self, dir: &Path) -> Result<Vec<(Task, Expected)>, TaskError> {
        let bytes = self.bytes.get();
        // By another method: all bytes at once.
        let checksum = crc32fast::hash(&content(bytes).collect::<Vec<_>>().concat());
        let expected = Expected::Output(Output { checksum: checksum.into(), amount: bytes, status: None });
        let task = |number| {
            let task = FileTask { path: dir.join(format!("file_{number}")), bytes, access: self.access };
            if self.access == Access::Read {
                let written = fs::write(&task.path, content(bytes).collect::<Vec<_>>().concat());
                written.map_err(|error| task.error(&error))?;
            }
            Ok((Task::File(task), expected))
        };
        (1..=self.files.get()).map(task).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        task::ErrorKind,
        worker::{lane::Lane, stop::Stop},
    };
    use std::{sync::Arc, time::Duration};

    const ALL: [Access; 3] = [Access::Write, Access::WriteAndSync, Access::Read];

    fn lane() -> Lane {
        Lane::new(0, 1, Stop::after(Duration::from_mins(1)))
    }

    #[test]
    fn what_was_asked_for_is_in_the_file() {
        let dir = tempfile::tempdir().unwrap();
        for bytes in [1, 65_536, 100_000] {
            for access in ALL {
                let recipe = Recipe { files: NonZeroU32::MIN, bytes: bytes.try_into().unwrap(), access };
                let (task, expected) = recipe.build(dir.path()).unwrap().remove(0);
                assert_eq!(Expected::Output(task.run(&mut lane()).unwrap()), expected, "{access:?}");
                let written = fs::read(dir.path().join("file_1")).unwrap();
                let Expected::Output(output) = expected else { panic!("an output") };
                assert_eq!((written.len() as u64, u64::from(crc32fast::hash(&written))), (bytes, output.checksum));
            }
        }
    }

    #[test]
    fn what_can_not_be_opened_is_an_error_with_its_path() {
        let dir = tempfile::tempdir().unwrap();
        for access in ALL {
            let error = FileTask { path: dir.path().join("none/file"), bytes: 9, access }.run(&mut lane()).unwrap_err();
            assert!(error.kind() == ErrorKind::File && error.to_string().contains("none/file"), "{error}");
        }
        let recipe = Recipe { files: NonZeroU32::MIN, bytes: 1.try_into().unwrap(), access: Access::Read };
        assert_eq!(recipe.build(&dir.path().join("none")).unwrap_err().kind(), ErrorKind::File);
    }

    #[test]
    fn it_stops_when_told_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "content").unwrap();
        for access in ALL {
            let mut stopped = Lane::new(0, 1, Stop::new(Duration::from_mins(1), &Arc::new(true.into())));
            let endless = FileTask { path: path.clone(), bytes: u64::MAX, access };
            assert_eq!(endless.run(&mut stopped), Err(TaskError::Cancelled), "{access:?}");
        }
    }
}
