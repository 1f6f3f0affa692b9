//! Decoding a JPEG at an eighth, a quarter or half of its size.
//!
//! A photograph's file holds three planes: brightness, and two of colour at half the resolution. A full decoder first
//! enlarges the colours to the full size, then converts to red, green and blue. A thumbnail would undo both, so the
//! planes are shrunk directly, each from its own resolution, and encoded unchanged. Other colour spaces are converted
//! once the planes are small.
//!
//! The decoder is `rusty_jpeg` with its feature `platform_independent`, which forbids `unsafe` code in it, and with its
//! own threads switched off. Only its planes are used: `header.rs` decides what they mean, and which layouts it reads
//! correctly.

use crate::{
    Caller, MOST_BYTES, fit,
    format::Format,
    header::{self, Colour, Header},
    resizing, too_much_memory,
    watched::Watched,
};
use fast_image_resize::{
    FilterType, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::U8,
};
use jpeg_encoder::ColorType;
use rusty_jpeg::decode::{Decoder, PlanarComponent, PlanarImage};
use std::error::Error;

/// The planes are decoded at least this many times as large as the thumbnail: the filter needs pixels to average.
/// Pillow's `thumbnail` has the same factor (its `reducing_gap`).
const GAP: u32 = 2;
/// The decoder's scales, in eighths.
const SCALES: [u32; 4] = [1, 2, 4, 8];
/// The decoder fills in blocks that are missing from a file, without checking the deadline. So many take it about a
/// second.
const MOST_MADE_UP: u64 = 5 << 20;
/// The memory of a block's coefficients while the scans of a progressive file add to them.
const COEFFICIENT_BYTES: u64 = 64 * 2;

/// A decoded picture, to be resized.
pub(crate) struct Planes {
    image: PlanarImage,
    colour: Colour,
    /// The picture's size in the file.
    full: (u32, u32),
    /// The thumbnail's size.
    small: (u32, u32),
    /// The scale of the planes.
    eighths: u32,
}

/// A picture for the encoder.
pub(crate) struct Small {
    pub(super) pixels: Vec<u8>,
    pub(super) size: (u32, u32),
    pub(super) colour: ColorType,
}

/// Decodes the file's first picture, at the smallest scale that a thumbnail within `width` x `height` needs.
pub(crate) fn decode(caller: &dyn Caller, file: &[u8], width: u32, height: u32) -> Result<Planes, String> {
    let header = header::read(file)?;
    let small = fit::within(width, height, header.width, header.height);
    let eighths = scale(&header, small);
    decode_at(caller, file, &header, eighths, small)
}

/// The brightness of a JPEG, decoded at its full size and shrunk by Lanczos's filter to `small`, row by row. `None` if it
/// has no plane of it.
pub(crate) fn brightness(file: &[u8], small: (u32, u32)) -> Result<Option<Vec<u8>>, String> {
    if Format::of(file) == Some(Format::Png) {
        return Ok(None);
    }
    let header = header::read(file)?;
    if !matches!(header.colour, Colour::Grey | Colour::YCbCr) {
        return Ok(None);
    }
    let planes = decode_at(&Unhurried, file, &header, 8, small)?;
    let brightness = planes.image.components.first().ok_or("it has no planes")?;
    let shrunk = planes.shrink_plane(&mut Resizer::new(), brightness, FilterType::Lanczos3);
    Ok(Some(shrunk.map_err(|error| error.to_string())?.pixels().iter().map(|pixel| pixel.0).collect()))
}

/// Never stops a decoder.
struct Unhurried;

impl Caller for Unhurried {
    fn stopped(&self) -> bool {
        false
    }

    fn pause(&mut self) -> bool {
        false
    }
}

fn decode_at(
    caller: &dyn Caller,
    file: &[u8],
    header: &Header,
    eighths: u32,
    small: (u32, u32),
) -> Result<Planes, String> {
    let full = (header.width, header.height);
    affordable(header, eighths)?;

    // A thousand scans may be so short that one read gets them all: check the deadline before each.
    let ends: Vec<usize> = header.scans.iter().map(|scan| scan.data.end).collect();
    let mut decoder = Decoder::new(Watched::new(caller, &file[..header.end], ends));
    decoder.set_single_threaded(true);
    let damaged = |error: rusty_jpeg::decode::Error| format!("damaged: {error}");
    if eighths < 8 {
        // The decoder takes the smallest scale that fits either side. Only the longer one should decide.
        let side = |length: u32| (length * eighths).div_ceil(8).try_into().unwrap_or(u16::MAX);
        let wanted = if full.0 >= full.1 { (side(full.0), u16::MAX) } else { (u16::MAX, side(full.1)) };
        decoder.scale(wanted.0, wanted.1).map_err(damaged)?;
    }
    let image = decoder.decode_planar().map_err(damaged)?;
    let scaled = |length: u32| (length * eighths).div_ceil(8);
    if (u32::from(image.width), u32::from(image.height)) != (scaled(full.0), scaled(full.1)) {
        return Err(format!(
            "the decoder gives {} x {} pixels at {eighths}/8 of {} x {}",
            image.width, image.height, full.0, full.1
        ));
    }
    Ok(Planes { image, colour: header.colour, full, small, eighths })
}

/// The smallest scale, in eighths, at which every plane that affects sharpness is `GAP` times as large as the
/// thumbnail, both across and down; full size if none is.
pub fn scale(header: &Header, small: (u32, u32)) -> u32 {
    let most = header.most();
    let is_chroma = |index: usize| matches!(header.colour, Colour::YCbCr | Colour::Ycck) && (1..3).contains(&index);
    let serves = |eighths: &u32| {
        let large =
            |length: u32, factor: u32, most: u32, small: u32| length * factor * eighths >= 8 * most * small * GAP;
        header.components.iter().enumerate().filter(|(index, _)| !is_chroma(*index)).all(|(_, one)| {
            large(header.width, one.factors.0, most.0, small.0) && large(header.height, one.factors.1, most.1, small.1)
        })
    };
    SCALES.into_iter().find(serves).unwrap_or(8)
}

/// Bounds the decoder's memory, and its time between checks of the deadline.
pub fn affordable(header: &Header, eighths: u32) -> Result<(), String> {
    let (width, height) = (header.width, header.height);
    let coefficients = if header.progressive { COEFFICIENT_BYTES } else { 0 };
    let blocks: u64 = header.components.iter().map(|one| header.blocks(one)).sum();
    let bytes = blocks * (u64::from(eighths * eighths) + coefficients);
    if bytes > MOST_BYTES {
        return Err(too_much_memory(
            width,
            height,
            bytes,
            if header.progressive { "save it smaller, or not as progressive" } else { "save it smaller" },
        ));
    }
    // Except in progressive files, a block has at least two bits: one for its mean, one for its end.
    let made_up = |scan| header.blocks_of(scan).saturating_sub(4 * scan.data.len() as u64);
    if !header.progressive && header.scans.iter().map(made_up).sum::<u64>() > MOST_MADE_UP {
        return Err(format!(
            "damaged: it claims {width} x {height} pixels, and holds next to nothing of them: copy it again"
        ));
    }
    Ok(())
}

impl Planes {
    /// The thumbnail, its planes interleaved for the encoder.
    pub(super) fn shrink(&self) -> Result<Small, String> {
        let planes = &self.image.components;
        let mut resizer = Resizer::new();
        let mut pixels = vec![0; self.small.0 as usize * self.small.1 as usize * planes.len()];
        for (index, plane) in planes.iter().enumerate() {
            let shrunk =
                self.shrink_plane(&mut resizer, plane, FilterType::CatmullRom).map_err(|error| error.to_string())?;
            let every = pixels[index..].iter_mut().step_by(planes.len());
            every.zip(shrunk.pixels()).for_each(|(pixel, value)| *pixel = value.0);
        }
        let (pixels, colour) = match self.colour {
            Colour::Grey => (pixels, ColorType::Luma),
            Colour::YCbCr => (pixels, ColorType::Ycbcr),
            Colour::Rgb => (pixels, ColorType::Rgb),
            Colour::Cmyk => (without_inks(&pixels, |inks| inks), ColorType::Rgb),
            Colour::Ycck => (without_inks(&pixels, |inks| rgb(inks).map(|value| 255 - value)), ColorType::Rgb),
        };
        Ok(Small { pixels, size: self.small, colour })
    }

    fn shrink_plane(
        &self,
        resizer: &mut Resizer,
        plane: &PlanarComponent,
        filter: FilterType,
    ) -> Result<TypedImage<'static, U8>, Box<dyn Error>> {
        let (rows, stride) = (plane.height as u32, plane.stride as u32);
        let source = TypedImageRef::<U8>::from_buffer(stride, rows, &plane.data[..plane.stride * plane.height])?;
        let mut shrunk = TypedImage::new(self.small.0, self.small.1);
        let (width, height) = self.visible(plane);
        resizer.resize_typed(&source, &mut shrunk, &resizing(filter).crop(0.0, 0.0, width, height))?;
        Ok(shrunk)
    }

    /// The part of a plane that shows the picture. The decoder's planes end on whole pixels, but the picture may not:
    /// counting the last column as whole would shift everything before it.
    fn visible(&self, plane: &PlanarComponent) -> (f64, f64) {
        let most = |factor: fn(&PlanarComponent) -> u8| self.image.components.iter().map(factor).max().unwrap_or(1);
        let share = |factor: fn(&PlanarComponent) -> u8| f64::from(factor(plane)) / f64::from(most(factor));
        let across = f64::from(self.full.0 * self.eighths) / 8.0 * share(|plane| plane.horizontal_sampling_factor);
        let down = f64::from(self.full.1 * self.eighths) / 8.0 * share(|plane| plane.vertical_sampling_factor);
        (across.min(plane.width as f64), down.min(plane.height as f64))
    }
}

/// Converts four inks (255 is no ink) to red, green and blue: the white that remains under each ink and under black.
fn without_inks(pixels: &[u8], inks: fn([u8; 3]) -> [u8; 3]) -> Vec<u8> {
    let (pixels, _) = pixels.as_chunks::<4>();
    let under = |&[first, second, third, black]: &[u8; 4]| {
        inks([first, second, third]).map(|ink| ((u32::from(ink) * u32::from(black) + 127) / 255) as u8)
    };
    pixels.iter().flat_map(under).collect()
}

/// By JFIF's equations.
fn rgb([luma, blue, red]: [u8; 3]) -> [u8; 3] {
    let (luma, blue, red) = (f32::from(luma), f32::from(blue) - 128.0, f32::from(red) - 128.0);
    [luma + 1.402 * red, luma - 0.344_136 * blue - 0.714_136 * red, luma + 1.772 * blue]
        .map(|value| value.round() as u8)
}
