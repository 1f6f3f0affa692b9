//! Thumbnails: decode, resize, encode.
//!
//! Decoding takes nearly all of the time, and most of it can be avoided. A JPEG stores each square of 8 x 8 pixels as a
//! sum of waves. A small picture needs only the coarse ones, and `planes.rs` never computes pixels that resizing would
//! discard. A PNG is decoded whole.
//!
//! Everything runs on the calling thread: a library that starts its own threads would make `sequential` parallel. The
//! filter is Catmull-Rom, like that of Pillow's `thumbnail`, and the sizes are Pillow's: `fit.rs`.
//!
//! Files are untrusted, so memory is bounded before it is allocated ([`MOST_BYTES`]), and a decoder can be stopped at
//! any time: `watched.rs`.
//!
//! The pictures of the fixtures are drawn here, too: `synthetic.rs`.
//!
//! A separate crate because the resizer is generic, so it is compiled where it is called, which takes longer than all
//! strategies together. For the same reason only planes of one sample per pixel are resized, of 8 or 16 bits.

// Nothing may panic where the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod fit;
pub mod format;
pub mod header;
pub mod lossless;
pub mod planes;
pub mod synthetic;
mod watched;

use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions};
use format::Format;
use jpeg_encoder::{ChromaSubsamplingMethod, Encoder, SamplingFactor};
use std::fmt::Display;
use support::figures::memory;

/// The memory limit of one picture, without its file. A header of a few bytes can claim any size.
pub const MOST_BYTES: u64 = 512 << 20;

/// Pillow's default quality, and so that of document 001's script.
pub const QUALITY: u8 = 75;

/// Waits for the thumbnail, and may cancel it.
pub trait Caller {
    /// True when the work should stop. Called during decoding.
    fn stopped(&self) -> bool;
    /// The same between two library calls, where the caller may also release its lock briefly.
    fn pause(&mut self) -> bool;
}

/// Why there is no thumbnail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoThumbnail {
    /// The caller cancelled it.
    Stopped,
    /// The file can't be used, for this reason.
    Unusable(String),
}

impl NoThumbnail {
    fn unusable(error: impl Display) -> Self {
        Self::Unusable(error.to_string())
    }
}

/// A picture within `width` x `height` pixels, as a file of the same format: JPEG or PNG.
pub fn thumbnail(file: &[u8], width: u32, height: u32, caller: &mut dyn Caller) -> Result<Vec<u8>, NoThumbnail> {
    if Format::of(file) == Some(Format::Png) {
        lossless::thumbnail(file, width, height, caller)
    } else {
        jpeg(file, width, height, caller)
    }
}

/// How much a thumbnail looks like one made with the greatest care: the picture decoded at its full size, and shrunk by
/// Lanczos's filter. The ratio of the signal's peak to the error, of the brightness alone, in decibels: half the error is 6
/// more, and from about 30 on a viewer hardly sees a difference. `None` unless both are JPEGs with a plane of brightness.
///
/// An error if the thumbnail hasn't the size that fits within `width` x `height`.
pub fn likeness_db(picture: &[u8], thumbnail: &[u8], (width, height): (u32, u32)) -> Result<Option<f64>, String> {
    let (of_picture, found) = (size(picture)?, size(thumbnail)?);
    fit::check(found, (width, height), of_picture)?;
    let [ideal, made] = [picture, thumbnail].map(|file| planes::brightness(file, found));
    let (Some(ideal), Some(made)) = (ideal?, made?) else { return Ok(None) };
    let squares = ideal.iter().zip(&made).map(|(ideal, made)| f64::from(ideal.abs_diff(*made)).powi(2));
    // Two equal pictures would be infinitely alike.
    let error = (squares.sum::<f64>() / ideal.len() as f64).max(1e-3);
    Ok(Some(10.0 * (255.0 * 255.0 / error).log10()))
}

/// The width and height of a picture, from its headers: JPEG or PNG.
pub fn size(file: &[u8]) -> Result<(u32, u32), String> {
    if Format::of(file) != Some(Format::Png) {
        return header::read(file).map(|header| (header.width, header.height));
    }
    // The first chunk, after the signature, its length and its name.
    let number = |at: usize| Some(u32::from_be_bytes(*file.get(at..)?.first_chunk()?));
    number(16).zip(number(20)).ok_or_else(|| header::ENDS_EARLY.into())
}

fn jpeg(file: &[u8], width: u32, height: u32, caller: &mut dyn Caller) -> Result<Vec<u8>, NoThumbnail> {
    let planes = planes::decode(caller, file, width, height);
    // The caller may have stopped the decoder.
    pause(caller)?;
    let small = planes.and_then(|planes| planes.shrink()).map_err(NoThumbnail::Unusable)?;
    pause(caller)?;
    let side = |length: u32| u16::try_from(length).map_err(NoThumbnail::unusable);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    // The default takes one of four colours instead of their average, which costs a decibel.
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    let encoded = encoder.encode(&small.pixels, side(small.size.0)?, side(small.size.1)?, small.colour);
    encoded.map_err(NoThumbnail::unusable)?;
    Ok(bytes)
}

fn pause(caller: &mut dyn Caller) -> Result<(), NoThumbnail> {
    if caller.pause() { Err(NoThumbnail::Stopped) } else { Ok(()) }
}

fn too_much_memory(width: u32, height: u32, bytes: u64, remedy: &str) -> String {
    let (needed, most) = (memory(bytes), memory(MOST_BYTES));
    format!("its {width} x {height} pixels take {needed} of memory to decode, and {most} are the most: {remedy}")
}

fn resizing(filter: FilterType) -> ResizeOptions {
    ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter))
}
