//! PNG: decoded whole, because it has no smaller scale, and written.

use crate::{
    Caller, MOST_BYTES, NoThumbnail, fit, header::ENDS_EARLY, pause, resizing, too_much_memory, watched::Watched,
};
use fast_image_resize::{PixelType, Resizer, images::Image};
use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Filter, Limits, Transformations};
use std::io::BufReader;

/// Pixels in memory, row by row. Those of 16 bits are in the machine's own order.
struct Pixels {
    bytes: Vec<u8>,
    width: u32,
    height: u32,
    colour: ColorType,
    depth: BitDepth,
}

pub(crate) fn thumbnail(file: &[u8], width: u32, height: u32, caller: &mut dyn Caller) -> Result<Vec<u8>, NoThumbnail> {
    let picture = decode(caller, file);
    pause(caller)?;
    let picture = picture.map_err(NoThumbnail::Unusable)?;
    let (width, height) = fit::within(width, height, picture.width, picture.height);
    let kind = pixel_type(picture.colour, picture.depth);
    let source =
        Image::from_vec_u8(picture.width, picture.height, picture.bytes, kind).map_err(NoThumbnail::unusable)?;
    let mut small = Image::new(width, height, kind);
    Resizer::new().resize(&source, &mut small, &resizing()).map_err(NoThumbnail::unusable)?;
    pause(caller)?;
    let mut bytes = small.into_vec();
    if picture.depth == BitDepth::Sixteen {
        each_of_16_bits(&mut bytes, |pair| u16::from_ne_bytes(pair).to_be_bytes());
    }
    encode(&bytes, (width, height), (picture.colour, picture.depth), Filter::Adaptive).map_err(NoThumbnail::unusable)
}

/// Writes a picture. The pixels are in PNG's order: those of 16 bits have their higher byte first.
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

fn decode(caller: &dyn Caller, file: &[u8]) -> Result<Pixels, String> {
    let end = end(file).ok_or(ENDS_EARLY)?;
    let damaged = |error| format!("damaged: {error}");
    let reader = BufReader::new(Watched::new(caller, &file[..end], Vec::new()));
    let mut decoder = Decoder::new_with_limits(reader, Limits { bytes: MOST_BYTES as usize });
    decoder.set_ignore_text_chunk(true);
    // Palettes to colours, fewer than 8 bits to 8, a transparent colour to alpha.
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(damaged)?;
    let ((width, height), (colour, depth)) = (reader.info().size(), reader.output_color_type());
    let pixel = u64::from(depth == BitDepth::Sixteen) + 1;
    let size = u64::from(width) * u64::from(height) * pixel * colour.samples() as u64;
    // Colours are multiplied by their alpha before they are averaged, in a copy.
    let bytes = size.saturating_mul(if has_alpha(colour) { 2 } else { 1 });
    if bytes > MOST_BYTES {
        return Err(too_much_memory(width, height, bytes, "save it smaller"));
    }
    let mut bytes = vec![0; size as usize];
    reader.next_frame(&mut bytes).map_err(damaged)?;
    if depth == BitDepth::Sixteen {
        each_of_16_bits(&mut bytes, |pair| u16::from_be_bytes(pair).to_ne_bytes());
    }
    Ok(Pixels { bytes, width, height, colour, depth })
}

fn each_of_16_bits(bytes: &mut [u8], change: impl Fn([u8; 2]) -> [u8; 2]) {
    bytes.as_chunks_mut::<2>().0.iter_mut().for_each(|pair| *pair = change(*pair));
}

fn has_alpha(colour: ColorType) -> bool {
    matches!(colour, ColorType::GrayscaleAlpha | ColorType::Rgba)
}

fn pixel_type(colour: ColorType, depth: BitDepth) -> PixelType {
    match (colour.samples(), depth) {
        (1, BitDepth::Sixteen) => PixelType::U16,
        (2, BitDepth::Sixteen) => PixelType::U16x2,
        (3, BitDepth::Sixteen) => PixelType::U16x3,
        (_, BitDepth::Sixteen) => PixelType::U16x4,
        (1, _) => PixelType::U8,
        (2, _) => PixelType::U8x2,
        (3, _) => PixelType::U8x3,
        _ => PixelType::U8x4,
    }
}

/// Where a PNG ends: behind its last chunk. What follows is none of its own.
fn end(file: &[u8]) -> Option<usize> {
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
