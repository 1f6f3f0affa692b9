//! Decoding a JPEG at an eighth, a quarter or half of its size.
//!
//! A photograph's file holds three planes: brightness, and two of colour at half the resolution. A decoder that gives a
//! picture first enlarges the colours to the full size, then mixes red, green and blue. For a thumbnail both are undone
//! again, so the planes are shrunk as they are, each from its own resolution, and encoded as they are.
//!
//! The decoder is `rusty_jpeg` with its feature `platform_independent`, which forbids `unsafe` code in it, and with its
//! own threads switched off. Measured on the 160 photographs it takes two thirds of the time of decoding them whole with
//! `image`.

use super::{fit, resizing};
use fast_image_resize::{
    PixelType, Resizer,
    images::{Image, ImageRef},
};
use jpeg_encoder::ColorType;
use rusty_jpeg::decode::{Decoder, PixelFormat, PlanarComponent, PlanarImage};
use std::error::Error;

/// The planes are decoded no smaller than this many times the thumbnail: the filter needs something to average. Pillow's
/// `thumbnail` has the same factor (its `reducing_gap`).
const GAP: u32 = 2;
/// A header of a few bytes can claim four thousand million pixels. The bound is that of the `image` crate.
const MAX_BYTES: u64 = 512 << 20;

/// A decoded picture, on its way to a smaller size.
pub(super) struct Planes {
    image: PlanarImage,
    /// The picture's size in the file.
    full: (u32, u32),
    /// The thumbnail's size.
    small: (u32, u32),
}

/// A picture for the encoder.
pub(super) struct Small {
    pub(super) pixels: Vec<u8>,
    pub(super) size: (u32, u32),
    pub(super) colour: ColorType,
}

/// `None` for what can't be shrunk this way: four inks, or three planes of equal size, which may as well be red, green and
/// blue.
pub(super) fn decode(file: &[u8], width: u32, height: u32) -> Result<Option<Planes>, String> {
    let mut decoder = Decoder::new(file);
    decoder.set_single_threaded(true);
    decoder.read_info().map_err(|error| error.to_string())?;
    let info = decoder.info().ok_or("it has no header")?;
    let full = (u32::from(info.width), u32::from(info.height));
    if u64::from(full.0) * u64::from(full.1) * 3 > MAX_BYTES {
        return Err(format!("it claims {} x {} pixels, which is more than 512 MiB", full.0, full.1));
    }
    if !matches!(info.pixel_format, PixelFormat::L8 | PixelFormat::RGB24) {
        return Ok(None);
    }
    let small = fit::within(width, height, full.0, full.1);
    let wanted = |side: u32| (side.saturating_mul(GAP)).min(u32::from(u16::MAX)) as u16;
    decoder.scale(wanted(small.0), wanted(small.1)).map_err(|error| error.to_string())?;
    let image = decoder.decode_planar().map_err(|error| error.to_string())?;
    let understood = image.components.len() == 1 || image.chroma_subsampling().is_some_and(|factors| factors != (1, 1));
    Ok(understood.then_some(Planes { image, full, small }))
}

impl Planes {
    /// The thumbnail, its planes interleaved as the encoder wants them.
    pub(super) fn shrink(&self) -> Result<Small, String> {
        let planes = &self.image.components;
        let mut resizer = Resizer::new();
        let mut pixels = vec![0; self.small.0 as usize * self.small.1 as usize * planes.len()];
        for (index, plane) in planes.iter().enumerate() {
            let shrunk = self.shrink_plane(&mut resizer, plane).map_err(|error| error.to_string())?;
            let every = pixels[index..].iter_mut().step_by(planes.len());
            every.zip(shrunk.buffer()).for_each(|(pixel, &value)| *pixel = value);
        }
        let colour = if planes.len() == 1 { ColorType::Luma } else { ColorType::Ycbcr };
        Ok(Small { pixels, size: self.small, colour })
    }

    fn shrink_plane(&self, resizer: &mut Resizer, plane: &PlanarComponent) -> Result<Image<'static>, Box<dyn Error>> {
        let (rows, stride) = (plane.height as u32, plane.stride as u32);
        let source = ImageRef::new(stride, rows, &plane.data[..plane.stride * plane.height], PixelType::U8)?;
        let mut shrunk = Image::new(self.small.0, self.small.1, PixelType::U8);
        let (width, height) = self.visible(plane);
        resizer.resize(&source, &mut shrunk, &resizing().crop(0.0, 0.0, width, height))?;
        Ok(shrunk)
    }

    /// The part of a plane that shows the picture. The decoder's planes end on whole pixels, the picture need not: taking
    /// the last column as whole would shift everything before it.
    fn visible(&self, plane: &PlanarComponent) -> (f64, f64) {
        let decoded = (u32::from(self.image.width), u32::from(self.image.height));
        let sides = |eighths: &u32| ((self.full.0 * eighths).div_ceil(8), (self.full.1 * eighths).div_ceil(8));
        let eighths = [1, 2, 4, 8].into_iter().find(|eighths| sides(eighths) == decoded).unwrap_or(8);
        let most = |factor: fn(&PlanarComponent) -> u8| self.image.components.iter().map(factor).max().unwrap_or(1);
        let share = |factor: fn(&PlanarComponent) -> u8| f64::from(factor(plane)) / f64::from(most(factor));
        let across = f64::from(self.full.0 * eighths) / 8.0 * share(|plane| plane.horizontal_sampling_factor);
        let down = f64::from(self.full.1 * eighths) / 8.0 * share(|plane| plane.vertical_sampling_factor);
        (across.min(plane.width as f64), down.min(plane.height as f64))
    }
}
