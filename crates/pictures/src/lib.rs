//! Small pictures of large ones: decode, resize, encode.
//!
//! Nearly all of the time goes into decoding, and most of that can be left out. A JPEG keeps each square of 8 x 8 pixels as
//! a sum of waves. A small picture needs only the coarse ones, and `planes.rs` never computes the pixels that resizing would
//! throw away. A PNG is decoded whole.
//!
//! All of it happens on the calling thread: a library that starts threads of its own would make `sequential` parallel.
//! The filter is Catmull-Rom, which is what Pillow's `thumbnail` uses, and the sizes are Pillow's: `fit.rs`.
//!
//! Any file may be given, so memory is bounded before it is allocated ([`MOST_BYTES`]), and a decoder can be stopped in the
//! middle: `watched.rs`.
//!
//! A crate of its own because the resizer is generic, so it is compiled where it is called, which takes longer than all
//! strategies together. For the same reason only planes of one sample a pixel are resized, of 8 bits or of 16.

// Nothing may panic where the system refuses a thread: `clippy.toml` has the list.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
// Only the command line prints.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod fit;
pub mod format;
pub mod header;
pub mod lossless;
pub mod planes;
mod watched;

use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions};
use format::Format;
use jpeg_encoder::{ChromaSubsamplingMethod, Encoder, SamplingFactor};
use std::fmt::Display;
use support::figures::memory;

/// The most memory that one picture may take, its file aside. A header of a few bytes can claim any size.
pub const MOST_BYTES: u64 = 512 << 20;

/// What Pillow encodes with when it isn't told otherwise, and so what document 001's script made.
pub const QUALITY: u8 = 75;

/// Who waits for the thumbnail, and may want it no longer.
pub trait Caller {
    /// True when it is to end. Asked in the middle of a decoder's work.
    fn stopped(&self) -> bool;
    /// The same between two calls into a library, where the caller may also let others have its lock for a moment.
    fn pause(&mut self) -> bool;
}

/// Why there is no thumbnail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoThumbnail {
    /// The caller wanted it no longer.
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

fn jpeg(file: &[u8], width: u32, height: u32, caller: &mut dyn Caller) -> Result<Vec<u8>, NoThumbnail> {
    let planes = planes::decode(caller, file, width, height);
    // The caller may be what ended the decoder.
    pause(caller)?;
    let small = planes.and_then(|planes| planes.shrink()).map_err(NoThumbnail::Unusable)?;
    pause(caller)?;
    let side = |length: u32| u16::try_from(length).map_err(NoThumbnail::unusable);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    // The default takes one colour of four instead of their average, which costs a decibel.
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

fn resizing() -> ResizeOptions {
    ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
}
