//! Making a small picture of a large one: read, decode, resize, encode, write.
//!
//! Nearly all of the time goes into decoding, and most of that can be left out. A JPEG keeps each square of 8 x 8 pixels as
//! a sum of waves. Whoever needs only a small picture adds up only the coarse ones, and never computes the pixels that it
//! would throw away: `planes.rs` does so. A PNG is decoded whole.
//!
//! All of it happens on the calling thread: a library that starts threads of its own would make `sequential` parallel.
//! The filter is Catmull-Rom, which is what Pillow's `thumbnail` uses, and the sizes are Pillow's: `fit.rs`.
//!
//! Any file may be given, so what is allocated is bounded before it is allocated (`MOST_BYTES`), and the deadline is
//! looked at within a decode, too: `watched.rs`.
//!
//! Under the simulated interpreter lock it stands for a C extension that keeps the lock: between two calls into a library
//! somebody else may have it, within a call nobody. Files are read and written without it, as CPython does. Pillow itself
//! is kinder and gives the lock back while it decodes (`_decode` in its `src/decode.c`).

mod fit;
pub mod format;
mod header;
mod planes;
mod watched;

use super::{Expected, Host, Output, Task, TaskError};
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use format::Format;
use image::{
    DynamicImage, ImageDecoder, Limits,
    codecs::png::{PngDecoder, PngEncoder},
};
use jpeg_encoder::{ChromaSubsamplingMethod, Encoder, SamplingFactor};
use serde::{Deserialize, Serialize};
use std::{
    ffi::OsString,
    fmt::Display,
    fs::{self, File},
    io::{self, BufReader, Read},
    num::NonZeroU32,
    path::{Path, PathBuf},
};
use support::figures::memory;
use watched::Watched;

/// The most memory that one picture may take, its file aside. A header of a few bytes can claim any size. The bound is that
/// of the `image` crate.
const MOST_BYTES: u64 = 512 << 20;
/// The longest name that every usual file system takes.
const LONGEST_NAME: usize = 255;
/// What Pillow encodes with when it isn't told otherwise, and so what document 001's script made.
const QUALITY: u8 = 75;

/// Make a picture that fits within `width` x `height`, as `<stem>_thumbnail.<ext>` in `output_dir`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thumbnail {
    /// The picture: a JPEG or a PNG by its content, whatever its name. The thumbnail is of the same kind.
    #[serde(with = "support::path_bytes")]
    pub input: PathBuf,
    /// Where the thumbnail goes; created if it is missing.
    #[serde(with = "support::path_bytes")]
    pub output_dir: PathBuf,
    /// The widest it may be, in pixels.
    pub width: u32,
    /// The highest it may be, in pixels.
    pub height: u32,
}

/// How a scenario asks for it: thumbnails of the first `photos` pictures of those there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// How many pictures.
    pub photos: NonZeroU32,
    /// The widest a thumbnail may be, in pixels; 128 unless given.
    #[serde(default = "side")]
    pub width: NonZeroU32,
    /// The highest a thumbnail may be, in pixels; 128 unless given.
    #[serde(default = "side")]
    pub height: NonZeroU32,
}

/// More pictures were asked for than there are.
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
    /// The tasks. What comes of them is compared with what `sequential` made here: decoders use the processor's vector
    /// instructions, and their last bits may differ from machine to machine.
    pub fn build(&self, photos: &[PathBuf], output_dir: &Path) -> Result<Vec<(Task, Expected)>, TooFewPhotos> {
        let wanted = self.photos.get();
        let chosen = photos.get(..wanted as usize).ok_or(TooFewPhotos { wanted, found: photos.len() })?;
        let (width, height) = (self.width.get(), self.height.get());
        let task = |input: &PathBuf| Thumbnail { input: input.clone(), output_dir: output_dir.into(), width, height };
        Ok(chosen.iter().map(|input| (Task::Thumbnail(task(input)), Expected::AsSequential)).collect())
    }
}

impl Thumbnail {
    /// The checksum of the output is the CRC-32 of the thumbnail's file, its amount the file's bytes.
    pub fn run<H: Host>(&self, host: &mut H) -> Result<Output, TaskError> {
        let file = host.released(|| self.read())?;
        host.check()?;
        if let Some(why) = Format::refusal(&self.input, &file) {
            return Err(self.unusable(why));
        }
        let bytes =
            if Format::of(&file) == Some(Format::Png) { self.png(host, &file)? } else { self.jpeg(host, &file)? };
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

    fn jpeg<H: Host>(&self, host: &mut H, file: &[u8]) -> Result<Vec<u8>, TaskError> {
        let planes = planes::decode(host, file, self.width, self.height);
        // What ended the decoder may have been the deadline.
        host.check()?;
        let small = planes.and_then(|planes| planes.shrink()).map_err(|error| self.unusable(error))?;
        host.check()?;
        let side = |length: u32| u16::try_from(length).map_err(|error| self.unusable(error));
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, QUALITY);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        // The default takes one colour of four instead of their average, which costs a decibel.
        encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
        let encoded = encoder.encode(&small.pixels, side(small.size.0)?, side(small.size.1)?, small.colour);
        encoded.map_err(|error| self.unusable(error))?;
        Ok(bytes)
    }

    fn png<H: Host>(&self, host: &mut H, file: &[u8]) -> Result<Vec<u8>, TaskError> {
        let picture = decode_png(host, file);
        host.check()?;
        let picture = picture.map_err(|error| self.unusable(error))?;
        let (width, height) = fit::within(self.width, self.height, picture.width(), picture.height());
        let mut small = DynamicImage::new(width, height, picture.color());
        Resizer::new().resize(&picture, &mut small, &resizing()).map_err(|error| self.unusable(error))?;
        host.check()?;
        let mut bytes = Vec::new();
        small.write_with_encoder(PngEncoder::new(&mut bytes)).map_err(|error| self.unusable(error))?;
        Ok(bytes)
    }

    fn write(&self, bytes: &[u8]) -> Result<(), TaskError> {
        fs::create_dir_all(&self.output_dir).map_err(|error| file_error(&self.output_dir, &error))?;
        let path = self.output();
        fs::write(&path, bytes).map_err(|error| file_error(&path, &error))
    }

    /// Where the thumbnail goes. A name that is too long for that is cut, and told apart from others by its checksum.
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

/// Decodes the whole of a PNG: it has no smaller scale.
fn decode_png<H: Host>(host: &H, file: &[u8]) -> Result<DynamicImage, String> {
    let end = png_end(file).ok_or(header::ENDS_EARLY)?;
    let damaged = |error| format!("damaged: {error}");
    let limits = || {
        let mut limits = Limits::no_limits();
        limits.max_alloc = Some(MOST_BYTES);
        limits
    };
    let reader = BufReader::new(Watched::new(host, &file[..end], Vec::new()));
    let decoder = PngDecoder::with_limits(reader, limits()).map_err(damaged)?;
    let ((width, height), colour) = (decoder.dimensions(), decoder.color_type());
    // Colours are multiplied by their alpha before they are averaged, in a copy.
    let bytes = decoder.total_bytes().saturating_mul(if colour.has_alpha() { 2 } else { 1 });
    if bytes > MOST_BYTES {
        return Err(too_much_memory(width, height, bytes, "save it smaller"));
    }
    DynamicImage::from_decoder(decoder).map_err(damaged)
}

/// Where a PNG ends: behind its last chunk. What follows is none of its own.
fn png_end(file: &[u8]) -> Option<usize> {
    let mut at = 8;
    loop {
        let head = file.get(at..at + 8)?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        // Its length, its name and its checksum beside its content.
        at += 12 + length as usize;
        if head[4..] == *b"IEND" {
            return (at <= file.len()).then_some(at);
        }
    }
}

fn too_much_memory(width: u32, height: u32, bytes: u64, remedy: &str) -> String {
    let (needed, most) = (memory(bytes), memory(MOST_BYTES));
    format!("its {width} x {height} pixels take {needed} of memory to decode, and {most} are the most: {remedy}")
}

fn resizing() -> ResizeOptions {
    ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
}

fn file_error(path: &Path, error: &io::Error) -> TaskError {
    TaskError::File { path: path.to_owned(), message: error.to_string() }
}

#[cfg(test)]
mod tests;
