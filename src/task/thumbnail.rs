//! Making a small picture of a large one: read, decode, resize, encode, write.
//!
//! Nearly all of the time goes into decoding, and most of that can be left out. A JPEG keeps each square of 8 x 8 pixels as
//! a sum of waves. Whoever needs only a small picture adds up only the coarse ones, and never computes the pixels that it
//! would throw away: `planes.rs` does so for the usual photographs. Everything else, and every PNG, is decoded whole.
//!
//! All of it happens on the calling thread: a library that starts threads of its own would make `sequential` parallel.
//! The filter is Catmull-Rom, which is what Pillow's `thumbnail` uses, and the sizes are Pillow's: `fit.rs`.
//!
//! Under the simulated interpreter lock it stands for a C extension that keeps the lock: between two calls into a library
//! somebody else may have it, within a call nobody. Files are read and written without it, as CPython does. Pillow itself
//! is kinder and gives the lock back while it decodes (`_decode` in its `src/decode.c`).

mod fit;
mod planes;

use super::{Expected, Host, Output, Task, TaskError};
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::{DynamicImage, ImageFormat, ImageReader, codecs::png::PngEncoder};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};
use serde::{Deserialize, Serialize};
use std::{
    ffi::OsString,
    fmt::Display,
    fs,
    io::{self, Cursor},
    num::NonZeroU32,
    path::{Path, PathBuf},
};

/// What Pillow encodes with when it isn't told otherwise, and so what document 001's script made.
const QUALITY: u8 = 75;

/// Make a picture that fits within `width` x `height`, as `<stem>_thumbnail.<ext>` in `output_dir`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thumbnail {
    /// The picture: `.jpg`, `.jpeg` or `.png`. The thumbnail is of the same kind.
    pub input: PathBuf,
    /// Where the thumbnail goes; created if it is missing.
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
        let format = self.format()?;
        let file = host.released(|| fs::read(&self.input)).map_err(|error| unusable(&self.input, &error))?;
        host.check()?;
        let bytes = match format {
            ImageFormat::Jpeg => self.jpeg(host, &file)?,
            _ => self.png(host, &file)?,
        };
        host.check()?;
        host.released(|| self.write(&bytes))?;
        Ok(Output { checksum: crc32fast::hash(&bytes).into(), amount: bytes.len() as u64, status: None })
    }

    /// By name: a file whose content is of another kind is a mistake that somebody will want to hear about.
    fn format(&self) -> Result<ImageFormat, TaskError> {
        match ImageFormat::from_path(&self.input) {
            Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png)) => Ok(format),
            _ => Err(self.damaged("expected a name that ends in .jpg, .jpeg or .png")),
        }
    }

    fn jpeg<H: Host>(&self, host: &mut H, file: &[u8]) -> Result<Vec<u8>, TaskError> {
        let planes = planes::decode(file, self.width, self.height).map_err(|message| self.damaged(message))?;
        host.check()?;
        let Some(planes) = planes else {
            // The whole-picture decoder fills what is missing with grey, and says nothing.
            if !has_its_end(file) {
                return Err(self.damaged("it ends before its content does"));
            }
            let small = self.whole(host, file, ImageFormat::Jpeg)?.into_rgb8();
            return self.encode(&small, small.dimensions(), ColorType::Rgb);
        };
        let small = planes.shrink().map_err(|error| self.damaged(error))?;
        host.check()?;
        self.encode(&small.pixels, small.size, small.colour)
    }

    fn png<H: Host>(&self, host: &mut H, file: &[u8]) -> Result<Vec<u8>, TaskError> {
        let small = self.whole(host, file, ImageFormat::Png)?;
        let mut bytes = Vec::new();
        small.write_with_encoder(PngEncoder::new(&mut bytes)).map_err(|error| self.damaged(error))?;
        Ok(bytes)
    }

    /// Decoding everything, within the `image` crate's own bound of 512 MiB: a header of a few bytes can claim any size.
    fn whole<H: Host>(&self, host: &mut H, file: &[u8], format: ImageFormat) -> Result<DynamicImage, TaskError> {
        let picture =
            ImageReader::with_format(Cursor::new(file), format).decode().map_err(|error| self.damaged(error))?;
        host.check()?;
        let (width, height) = fit::within(self.width, self.height, picture.width(), picture.height());
        let mut small = DynamicImage::new(width, height, picture.color());
        Resizer::new().resize(&picture, &mut small, &resizing()).map_err(|error| self.damaged(error))?;
        host.check()?;
        Ok(small)
    }

    fn encode(&self, pixels: &[u8], (width, height): (u32, u32), colour: ColorType) -> Result<Vec<u8>, TaskError> {
        let side = |length: u32| u16::try_from(length).map_err(|error| self.damaged(error));
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, QUALITY);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        // The default takes one colour of four instead of their average, which costs a decibel.
        encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
        encoder.encode(pixels, side(width)?, side(height)?, colour).map_err(|error| self.damaged(error))?;
        Ok(bytes)
    }

    fn write(&self, bytes: &[u8]) -> Result<(), TaskError> {
        fs::create_dir_all(&self.output_dir).map_err(|error| unusable(&self.output_dir, &error))?;
        let path = self.output();
        fs::write(&path, bytes).map_err(|error| unusable(&path, &error))
    }

    /// Where the thumbnail goes.
    pub fn output(&self) -> PathBuf {
        let mut name = OsString::from(self.input.file_stem().unwrap_or_default());
        name.push("_thumbnail.");
        name.push(self.input.extension().unwrap_or_default());
        self.output_dir.join(name)
    }

    fn damaged(&self, message: impl Display) -> TaskError {
        TaskError::Damaged { path: self.input.clone(), message: message.to_string() }
    }
}

fn resizing() -> ResizeOptions {
    ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
}

/// True when the mark that ends a JPEG comes after the last one that starts pixel data. Neither can occur within the data.
fn has_its_end(file: &[u8]) -> bool {
    let last = |mark: [u8; 2]| file.windows(2).rposition(|pair| pair == mark);
    last([0xFF, 0xD9]) > last([0xFF, 0xDA])
}

fn unusable(path: &Path, error: &io::Error) -> TaskError {
    TaskError::File { path: path.to_owned(), message: error.to_string() }
}

#[cfg(test)]
mod tests;
