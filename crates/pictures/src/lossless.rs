//! PNG: decoded whole, because it has no smaller scale, and encoded.

use crate::{
    Caller, MOST_BYTES, NoThumbnail, fit, header::ENDS_EARLY, pause, resizing, too_much_memory, watched::Watched,
};
use fast_image_resize::{
    FilterType, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::U16,
};
use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Filter, Limits, Transformations};
use std::io::BufReader;

/// The largest 16-bit sample, and so the alpha of an opaque pixel.
const OPAQUE: u32 = u16::MAX as u32;

/// A decoded picture: rows of pixels, with one sample for each colour, in PNG's order.
struct Picture {
    bytes: Vec<u8>,
    size: (u32, u32),
    colour: ColorType,
    depth: BitDepth,
}

pub(crate) fn thumbnail(file: &[u8], width: u32, height: u32, caller: &mut dyn Caller) -> Result<Vec<u8>, NoThumbnail> {
    let picture = decode(caller, file);
    pause(caller)?;
    let picture = picture.map_err(NoThumbnail::Unusable)?;
    let size = fit::within(width, height, picture.size.0, picture.size.1);
    let small = picture.shrink(size).map_err(NoThumbnail::unusable)?;
    pause(caller)?;
    encode(&small, size, (picture.colour, picture.depth), Filter::Adaptive).map_err(NoThumbnail::unusable)
}

impl Picture {
    /// Resizes colours sequentially, each as a 16-bit plane.
    fn shrink(&self, size: (u32, u32)) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
        let mut resizer = Resizer::new();
        let mut shrunk = |samples: &[U16]| -> Result<TypedImage<'static, U16>, Box<dyn std::error::Error>> {
            let mut small = TypedImage::new(size.0, size.1);
            let plane = TypedImageRef::new(self.size.0, self.size.1, samples)?;
            resizer.resize_typed(&plane, &mut small, &resizing(FilterType::CatmullRom))?;
            Ok(small)
        };
        let colours = self.colour.samples() - usize::from(has_alpha(self.colour));
        let alpha = has_alpha(self.colour).then(|| self.plane(colours));
        let small_alpha = alpha.as_deref().map(&mut shrunk).transpose()?;
        let mut planes = Vec::with_capacity(self.colour.samples());
        for colour in 0..colours {
            let mut samples = self.plane(colour);
            // Transparent pixels have no weight in an average.
            for (sample, alpha) in samples.iter_mut().zip(alpha.iter().flatten()) {
                sample.0 = ((u32::from(sample.0) * u32::from(alpha.0) + OPAQUE / 2) / OPAQUE) as u16;
            }
            let mut small = shrunk(&samples)?;
            for (sample, alpha) in small.pixels_mut().iter_mut().zip(small_alpha.iter().flat_map(TypedImage::pixels)) {
                let alpha = u32::from(alpha.0).max(1);
                sample.0 = ((u32::from(sample.0) * OPAQUE + alpha / 2) / alpha).min(OPAQUE) as u16;
            }
            planes.push(small);
        }
        planes.extend(small_alpha);
        let pixels = (0..size.0 as usize * size.1 as usize).flat_map(|at| planes.iter().map(move |plane| (plane, at)));
        let samples = pixels.map(|(plane, at)| plane.pixels()[at].0);
        Ok(match self.depth {
            BitDepth::Sixteen => samples.flat_map(u16::to_be_bytes).collect(),
            // Rounded: 0xffff is 0xff times 257.
            _ => samples.map(|sample| ((u32::from(sample) + 128) / 257) as u8).collect(),
        })
    }

    /// One colour of each pixel, as 16 bits.
    fn plane(&self, colour: usize) -> Vec<U16> {
        let every = self.colour.samples();
        match self.depth {
            BitDepth::Sixteen => {
                let pairs = self.bytes.as_chunks::<2>().0.iter().skip(colour).step_by(every);
                pairs.map(|&pair| U16::new(u16::from_be_bytes(pair))).collect()
            }
            _ => self.bytes.iter().skip(colour).step_by(every).map(|&byte| U16::new(u16::from(byte) * 257)).collect(),
        }
    }
}

/// Writes a picture. The pixels are in PNG's order: 16-bit samples are big-endian.
pub fn encode(
    pixels: &[u8],
    (width, height): (u32, u32),
    (colour, depth): (ColorType, BitDepth),
    filter: Filter,
) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    encoder.set_compression(if filter == Filter::Adaptive { Compression::Fast } else { Compression::Balanced });
    encoder.set_filter(filter);
    encoder.write_header()?.write_image_data(pixels)?;
    Ok(bytes)
}

fn decode(caller: &dyn Caller, file: &[u8]) -> Result<Picture, String> {
    let end = end(file).ok_or(ENDS_EARLY)?;
    let damaged = |error| format!("damaged: {error}");
    let reader = BufReader::new(Watched::new(caller, &file[..end], Vec::new()));
    let mut decoder = Decoder::new_with_limits(reader, Limits { bytes: MOST_BYTES as usize });
    decoder.set_ignore_text_chunk(true);
    // Palettes to colours, fewer than 8 bits to 8, a transparent colour to alpha.
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (size, (colour, depth)) = (reader.info().size(), reader.output_color_type());
    let pixels = u64::from(size.0) * u64::from(size.1);
    let decoded = pixels * colour.samples() as u64 * if depth == BitDepth::Sixteen { 2 } else { 1 };
    // In addition to the picture: the plane being resized, and the alpha.
    let bytes = decoded + pixels * if has_alpha(colour) { 4 } else { 2 };
    if bytes > MOST_BYTES {
        return Err(too_much_memory(size.0, size.1, bytes, "save it smaller"));
    }
    let mut bytes = vec![0; decoded as usize];
    reader.next_frame(&mut bytes).map_err(damaged)?;
    Ok(Picture { bytes, size, colour, depth })
}

fn has_alpha(colour: ColorType) -> bool {
    matches!(colour, ColorType::GrayscaleAlpha | ColorType::Rgba)
}

/// Where a PNG ends: after its last chunk. The rest is not part of it.
fn end(file: &[u8]) -> Option<usize> {
    let mut at = 8;
    loop {
        let head = file.get(at..at + 8)?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        // Its length, name and checksum, plus its content.
        at += 12 + length as usize;
        if head[4..] == *b"IEND" {
            return (at <= file.len()).then_some(at);
        }
    }
}
