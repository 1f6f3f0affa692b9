//! Decompressing a gzip file: document 001's example of work that threads can't share in Python.
//!
//! The content is checksummed and dropped piece by piece, so that memory doesn't grow with the file.
//!
//! There are two kinds, which differ only under the simulated interpreter lock: one keeps the lock while it
//! decompresses, the other releases it. The document assumes the first. CPython is the second: `Modules/zlibmodule.c`
//! puts `Py_BEGIN_ALLOW_THREADS` before each call of `inflate`, and before `crc32` of more than some kilobytes.

use super::{Expected, Output, Task, TaskContext, TaskError};
use crate::fixtures::Archive;
use flate2::bufread::MultiGzDecoder;
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, BufReader, Read},
    num::NonZeroU32,
    path::PathBuf,
};

const CHUNK_BYTES: usize = 64 * 1024;

/// Decompress a gzip file of any number of members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gunzip {
    /// The file.
    #[serde(with = "support::path_bytes")]
    pub input: PathBuf,
    /// Whether it decompresses without the interpreter lock, if there is one.
    pub releases_lock: bool,
}

/// Decompression of the first `archives` archives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Gunzip"))]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// How many archives.
    pub archives: NonZeroU32,
    /// Whether they are decompressed without the simulated interpreter lock, where a strategy has one.
    #[serde(default)]
    pub releases_lock: bool,
}

/// More archives were requested than there are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{wanted} archives are asked for, but there are {found}: ask for at most {found}")]
pub struct TooFewArchives {
    /// How many the recipe asks for.
    pub wanted: u32,
    /// How many there are.
    pub found: usize,
}

impl Gunzip {
    /// The checksum of the output is the CRC-32 of the content, its amount the content's bytes.
    pub fn run<H: TaskContext>(&self, host: &mut H) -> Result<Output, TaskError> {
        let file = File::open(&self.input).map_err(|error| self.error(&error))?;
        let mut content = MultiGzDecoder::new(BufReader::with_capacity(CHUNK_BYTES, file));
        let (mut chunk, mut checksum, mut amount) = (vec![0; CHUNK_BYTES], crc32fast::Hasher::new(), 0);
        let mut next_chunk = || -> io::Result<usize> {
            let read = content.read(&mut chunk)?;
            checksum.update(&chunk[..read]);
            Ok(read)
        };
        loop {
            host.check()?;
            let read = if self.releases_lock { host.released(&mut next_chunk) } else { next_chunk() };
            match read {
                Ok(0) => break,
                Ok(read) => amount += read as u64,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.error(&error)),
            }
        }
        Ok(Output { checksum: checksum.finalize().into(), amount, status: None })
    }

    /// The decoder reports damage as it reports the system's own failures: the error kinds tell them apart.
    fn error(&self, error: &io::Error) -> TaskError {
        let (path, message) = (self.input.clone(), error.to_string());
        match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                TaskError::Damaged { path, message: "damaged: it ends before its content does".into() }
            }
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                TaskError::Damaged { path, message: format!("damaged: {message}") }
            }
            _ => TaskError::File { path, message },
        }
    }
}

impl Recipe {
    /// The tasks and their expected outputs, which the generator took from the text before compressing it.
    pub fn build(&self, archives: &[Archive]) -> Result<Vec<(Task, Expected)>, TooFewArchives> {
        let wanted = self.archives.get();
        let chosen = archives.get(..wanted as usize).ok_or(TooFewArchives { wanted, found: archives.len() })?;
        Ok(chosen.iter().map(|archive| self.task(archive)).collect())
    }

    fn task(&self, archive: &Archive) -> (Task, Expected) {
        let task = Gunzip { input: archive.path.clone(), releases_lock: self.releases_lock };
        let output = Output { checksum: archive.content_crc32.into(), amount: archive.content_bytes, status: None };
        (Task::Gunzip(task), Expected::Output(output))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::{lane::Lane, stop::Stop};
    use flate2::{Compression, write::GzEncoder};
    use std::{fs, io::Write, path::Path, sync::Arc, time::Duration};

    fn lane() -> Lane {
        Lane::new(0, 1, Stop::after(Duration::from_mins(1)))
    }

    fn gunzip(file: &[u8]) -> Result<Output, TaskError> {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let input = dir.path().join("archive.gz");
        fs::write(&input, file).expect("writable");
        let kind = |releases_lock| Gunzip { input: input.clone(), releases_lock }.run(&mut lane());
        let result = kind(false);
        assert_eq!(kind(true), result, "the two kinds differ in nothing but the lock");
        result
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).and_then(|()| encoder.finish()).expect("a Vec takes everything")
    }

    fn noise(length: u32) -> Vec<u8> {
        (0..length).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
    }

    #[test]
    fn all_members_are_read() {
        let (first, second) = (noise(200_000), noise(1000));
        let output = gunzip(&[gzip(&first), gzip(&second)].concat()).expect("two whole members");
        let whole = [first, second].concat();
        assert_eq!(output, Output { checksum: crc32fast::hash(&whole).into(), amount: 201_000, status: None });
    }

    #[test]
    fn an_empty_member_is_a_result() {
        assert_eq!(gunzip(&gzip(b"")), Ok(Output { checksum: 0, amount: 0, status: None }));
    }

    #[test]
    fn damage_is_named() {
        let whole = gzip(&noise(200_000));
        let mut wrong_checksum = whole.clone();
        let at = whole.len() - 8;
        wrong_checksum[at] ^= 1;
        let truncated = [3, 9, 20, whole.len() / 2, whole.len() - 1].map(|length| whole[..length].to_vec());
        for damaged in truncated.into_iter().chain([Vec::new(), b"not gzip at all".into(), wrong_checksum]) {
            let result = gunzip(&damaged);
            assert!(matches!(result, Err(TaskError::Damaged { .. })), "{} bytes: {result:?}", damaged.len());
        }
    }

    #[test]
    fn a_missing_file_is_no_damage() {
        let result = Gunzip { input: "/nowhere/archive.gz".into(), releases_lock: false }.run(&mut lane());
        assert!(matches!(result, Err(TaskError::File { path, .. }) if path == Path::new("/nowhere/archive.gz")));
    }

    #[test]
    fn it_stops_when_told_to() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let input = dir.path().join("archive.gz");
        fs::write(&input, gzip(&noise(200_000))).expect("writable");
        let mut stopped = Lane::new(0, 1, Stop::new(Duration::from_mins(1), &Arc::new(true.into())));
        assert_eq!(Gunzip { input, releases_lock: false }.run(&mut stopped), Err(TaskError::Cancelled));
    }

    #[test]
    fn a_recipe_takes_the_first_archives_and_no_more_than_there_are() {
        let archive =
            |number: u32| Archive { path: format!("{number}.gz").into(), content_bytes: 7, content_crc32: number };
        let archives = [archive(1), archive(2)];
        let recipe = |count: u32| Recipe { archives: count.try_into().expect("positive"), releases_lock: true };
        let tasks = recipe(1).build(&archives).expect("there are two");
        let expected = Expected::Output(Output { checksum: 1, amount: 7, status: None });
        assert_eq!(tasks, [(Task::Gunzip(Gunzip { input: "1.gz".into(), releases_lock: true }), expected)]);
        let error = recipe(3).build(&archives).expect_err("there are two");
        assert_eq!(error, TooFewArchives { wanted: 3, found: 2 });
    }
}
