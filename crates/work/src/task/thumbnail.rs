//! Making a small picture of a large one: read, decode, resize, encode, write.
//!
//! The crate [`pictures`] makes the picture itself, on the calling thread. This file adds what a task needs: files,
//! names, errors, and the lock.
//!
//! Under the simulated interpreter lock it stands for a C extension that keeps the lock: another thread may take it
//! between two calls into a library, but not within one. Files are read and written without it, as in CPython. Pillow
//! itself releases the lock while it decodes (`_decode` in its `src/decode.c`).

use super::{
    Expected, Output, Task, TaskContext, TaskError,
    command::{CommandTask, Template},
};
use crate::worker::stop::Stopped;
use pictures::{Caller, MOST_BYTES, NoThumbnail, format::Format};
use serde::{Deserialize, Serialize};
use std::{
    ffi::OsString,
    fmt::Display,
    fs::{self, File},
    io::{self, Read},
    num::NonZeroU32,
    path::{Path, PathBuf},
};
use support::figures::memory;

/// The longest name that every usual file system takes.
const LONGEST_NAME: usize = 255;
/// Make a picture that fits within `width` x `height`, as `<stem>_thumbnail.<ext>` in `output_dir`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thumbnail {
    /// The picture: a JPEG or a PNG by its content, whatever its name. The thumbnail is of the same kind.
    #[serde(with = "support::path_bytes")]
    pub input: PathBuf,
    /// Where the thumbnail goes; created if it is missing.
    #[serde(with = "support::path_bytes")]
    pub output_dir: PathBuf,
    /// The largest width, in pixels.
    pub width: u32,
    /// The largest height, in pixels.
    pub height: u32,
}

/// Thumbnails of the first `photos` pictures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Thumbnails"))]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// How many pictures.
    pub photos: NonZeroU32,
    /// The widest a thumbnail may be, in pixels.
    #[serde(default = "side")]
    pub width: NonZeroU32,
    /// The highest a thumbnail may be, in pixels.
    #[serde(default = "side")]
    pub height: NonZeroU32,
    /// A program that makes them instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<ThumbnailProgram>,
}

/// A program that makes thumbnails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ThumbnailProgram {
    /// Its command line, run without a shell: a word `{}` stands for the pictures, `{folder}` for where the thumbnails go,
    /// that of `a.jpg` as `a_thumbnail.jpg`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub line: Template,
    /// For how many pictures it is started once: they are one task.
    pub pictures: NonZeroU32,
}

/// More pictures were requested than there are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{wanted} photos are asked for, but there are {found}: ask for at most {found}")]
pub struct TooFewPhotos {
    /// How many the recipe asks for.
    pub wanted: u32,
    /// How many there are.
    pub found: usize,
}

fn side() -> NonZeroU32 {
    const { NonZeroU32::new(128).expect("128 is not 0") }
}

impl Recipe {
    /// The tasks. Their results are compared with those of `sequential` here: decoders use the processor's vector
    /// instructions, and their last bits may differ from machine to machine.
    pub fn build(&self, photos: &[PathBuf], output_dir: &Path) -> Result<Vec<(Task, Expected)>, TooFewPhotos> {
        let wanted = self.photos.get();
        let chosen = photos.get(..wanted as usize).ok_or(TooFewPhotos { wanted, found: photos.len() })?;
        let (width, height) = (self.width.get(), self.height.get());
        let thumbnail =
            |input: &PathBuf| Thumbnail { input: input.clone(), output_dir: output_dir.into(), width, height };
        let by_program = |program: &ThumbnailProgram, inputs: &[PathBuf]| {
            let names: Vec<String> = inputs.iter().map(|input| input.to_string_lossy().into_owned()).collect();
            let words = program.line.with_all(&names).into_iter();
            let words = words.map(|word| word.replace("{folder}", &output_dir.to_string_lossy())).collect();
            let thumbnails = inputs.iter().map(thumbnail).collect();
            Task::Command(CommandTask { thumbnails, compared: false, ..CommandTask::new(words) })
        };
        let tasks: Vec<Task> = match &self.program {
            Some(program) => {
                chosen.chunks(program.pictures.get() as usize).map(|inputs| by_program(program, inputs)).collect()
            }
            None => chosen.iter().map(|input| Task::Thumbnail(thumbnail(input))).collect(),
        };
        Ok(tasks.into_iter().map(|task| (task, Expected::AsSequential)).collect())
    }
}

impl Thumbnail {
    /// The checksum of the output is the CRC-32 of the thumbnail's file, its amount the file's bytes.
    pub fn run<H: TaskContext>(&self, host: &mut H) -> Result<Output, TaskError> {
        let file = host.released(|| self.read())?;
        host.check()?;
        if let Some(why) = Format::refusal(&self.input, &file) {
            return Err(self.unusable(why));
        }
        let mut caller = HostCaller { host, stopped: None };
        let made = pictures::thumbnail(&file, self.width, self.height, &mut caller);
        let bytes = match (made, caller.stopped) {
            (_, Some(stopped)) => return Err(stopped.into()),
            (Ok(bytes), None) => bytes,
            (Err(NoThumbnail::Unusable(why)), None) => return Err(self.unusable(why)),
            (Err(NoThumbnail::Stopped), None) => return Err(TaskError::Cancelled),
        };
        host.check()?;
        host.released(|| self.write(&bytes))?;
        Ok(Output { checksum: crc32fast::hash(&bytes).into(), amount: bytes.len() as u64, status: None })
    }

    fn read(&self) -> Result<Vec<u8>, TaskError> {
        let unreadable = |error| file_error(&self.input, &error);
        let file = File::open(&self.input).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        if length > MOST_BYTES {
            return Err(self.unusable(format!(
                "a file of {}, and {} are the most",
                memory(length),
                memory(MOST_BYTES)
            )));
        }
        let mut content = Vec::with_capacity(length as usize);
        file.take(MOST_BYTES).read_to_end(&mut content).map_err(unreadable)?;
        Ok(content)
    }

    fn write(&self, bytes: &[u8]) -> Result<(), TaskError> {
        fs::create_dir_all(&self.output_dir).map_err(|error| file_error(&self.output_dir, &error))?;
        let path = self.output();
        fs::write(&path, bytes).map_err(|error| file_error(&path, &error))
    }

    /// How much this thumbnail's file looks like one made with the greatest care: see [`pictures::likeness_db`].
    pub fn likeness_db(&self) -> Result<Option<f64>, TaskError> {
        let read = |path: &Path| fs::read(path).map_err(|error| file_error(path, &error));
        let (picture, made) = (read(&self.input)?, read(&self.output())?);
        pictures::likeness_db(&picture, &made, (self.width, self.height)).map_err(|why| self.unusable(why))
    }

    /// The thumbnail's path. A name that would be too long is cut, and told apart from others by its checksum.
    pub fn output(&self) -> PathBuf {
        let [stem, extension] = [self.input.file_stem(), self.input.extension()].map(Option::unwrap_or_default);
        let named = |stem: OsString| {
            let mut name = stem;
            name.push("_thumbnail");
            if !extension.is_empty() {
                name.push(".");
                name.push(extension);
            }
            name
        };
        let name = named(stem.to_owned());
        if name.len() <= LONGEST_NAME {
            return self.output_dir.join(name);
        }
        let checksum =
            format!("{:08x}", crc32fast::hash(self.input.file_name().unwrap_or_default().as_encoded_bytes()));
        let room = LONGEST_NAME.saturating_sub(named(OsString::new()).len() + checksum.len());
        let (mut kept, text) = (0, stem.to_string_lossy());
        let start: String = text
            .chars()
            .take_while(|letter| {
                kept += letter.len_utf8();
                kept <= room
            })
            .collect();
        let short = named((start + &checksum).into());
        // An extension can be as long as a name.
        self.output_dir.join(if short.len() <= LONGEST_NAME { short } else { format!("{checksum}_thumbnail").into() })
    }

    fn unusable(&self, message: impl Display) -> TaskError {
        TaskError::Damaged { path: self.input.clone(), message: message.to_string() }
    }
}

/// The answer of a program that wrote these files; an empty one without any.
pub(super) fn written(thumbnails: &[Thumbnail]) -> Result<Output, TaskError> {
    let (mut crc, mut amount) = (crc32fast::Hasher::new(), 0);
    for path in thumbnails.iter().map(Thumbnail::output) {
        let bytes = fs::read(&path).map_err(|error| file_error(&path, &error))?;
        crc.update(&bytes);
        amount += bytes.len() as u64;
    }
    Ok(Output { checksum: crc.finalize().into(), amount, status: None })
}

/// A task context as the caller of [`pictures`]: it may cancel the thumbnail, and says why once.
struct HostCaller<'a, H> {
    host: &'a mut H,
    stopped: Option<Stopped>,
}

impl<H: TaskContext> Caller for HostCaller<'_, H> {
    fn stopped(&self) -> bool {
        self.host.stopped().is_err()
    }

    fn pause(&mut self) -> bool {
        self.stopped = self.host.check().err();
        self.stopped.is_some()
    }
}

fn file_error(path: &Path, error: &io::Error) -> TaskError {
    TaskError::File { path: path.to_owned(), message: error.to_string() }
}

#[cfg(test)]
mod tests;
