//! Answers with a body of given bytes, at some pace, in pieces, or as a document or a picture.

use super::{
    GenericAnswer, RefusedCall,
    asked::{GenericCall, bounded},
    made,
};
use crate::{
    answer::{Answer, empty, json, status},
    payload::{NoiseBytes, Payload},
};
use bytes::Bytes;
use hyper::{
    Response, StatusCode,
    header::{ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, RANGE},
};
use jpeg_encoder::{ColorType, Encoder};
use std::sync::LazyLock;

/// The default size of a chunk, as with httpbin.
pub(super) const CHUNK: u64 = 10 * 1024;
/// The longest body of bytes. Generated while it is sent, it takes no memory.
const MOST_BYTES: u64 = 1_000_000_000_000;
/// The longest drip: as long as httpbin's.
const MOST_DRIPPED: u64 = 10 * 1024 * 1024;
/// The most letters: as many as httpbin's.
const MOST_LETTERS: u64 = 100 * 1024;

/// The answer in chunks of this size, without a length.
pub(super) fn chunked(answer: Answer, bytes: u64) -> Answer {
    Answer { chunk_bytes: Some(bytes), ..answer }
}

fn octets(payload: Payload) -> Response<Payload> {
    with([(CONTENT_TYPE, "application/octet-stream")], Response::new(payload))
}

fn with<const N: usize>(
    headers: [(HeaderName, &'static str); N],
    mut response: Response<Payload>,
) -> Response<Payload> {
    response.headers_mut().extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

pub(super) fn bytes(call: &GenericCall) -> GenericAnswer {
    made(octets(noise(call)?))
}

pub(super) fn stream_bytes(call: &GenericCall) -> GenericAnswer {
    let chunk_bytes = call.number("chunk_size", CHUNK, (1, MOST_BYTES))?;
    Ok(chunked(bytes(call)?, chunk_bytes))
}

/// The path determines the bytes; or the seed alone, if given.
fn noise(call: &GenericCall) -> Result<Payload, RefusedCall> {
    let length = bounded(call.captured(0), "the number of bytes", (0, MOST_BYTES))?;
    let Some(seed) = call.arg("seed") else { return Ok(call.noise.body(call.asked.parts.uri.path(), length)) };
    let seed: i64 = seed.parse().map_err(|_| "the seed to be a whole number")?;
    Ok(NoiseBytes::new(seed.cast_unsigned()).body("", length))
}

pub(super) fn drip(call: &GenericCall) -> GenericAnswer {
    let seconds = |name, default: &str| call.wait_ns(&call.arg(name).unwrap_or_else(|| default.into()));
    let length = call.number("numbytes", 10, (1, MOST_DRIPPED))?;
    let duration_s = seconds("duration", "2")? as f64 / 1e9;
    let code = call.arg("code").map_or(Ok(StatusCode::OK), |code| status(&code))?;
    let mut response = octets(Payload::stars(length));
    *response.status_mut() = code;
    Ok(Answer {
        latency_ns: seconds("delay", "0")?,
        pace_bytes_per_s: (duration_s > 0.0).then(|| length as f64 / duration_s),
        ..Answer::at_once(response)
    })
}

pub(super) fn range(call: &GenericCall) -> GenericAnswer {
    let length = bounded(call.captured(0), "the number of bytes", (1, MOST_LETTERS));
    let length = length.map_err(|refused| RefusedCall { status: StatusCode::NOT_FOUND, ..refused })?;
    let chunk_bytes =
        call.arg("chunk_size").map(|_| call.number("chunk_size", CHUNK, (1, MOST_LETTERS))).transpose()?;
    let duration_s = call.wait_ns(&call.arg("duration").unwrap_or_else(|| "0".into()))? as f64 / 1e9;
    let asked = call.header(RANGE).and_then(|range| span(&range, length));
    let mut response = match asked {
        Some(Err(BeyondEnd)) => empty(StatusCode::RANGE_NOT_SATISFIABLE),
        _ => octets(Payload::default()),
    };
    let content_range = match asked {
        Some(Err(BeyondEnd)) => Some(format!("bytes */{length}")),
        Some(Ok((first, last))) => Some(format!("bytes {first}-{last}/{length}")),
        None => None,
    };
    if let Some(Ok((first, last))) = asked.or(Some(Ok((0, length - 1)))) {
        let letters: Bytes = (first..=last).map(|at| b'a' + (at % 26) as u8).collect();
        *response.body_mut() = letters.into();
    }
    if matches!(asked, Some(Ok(_))) {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    let headers = response.headers_mut();
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    for (name, value) in [(ETAG, Some(format!("\"range{length}\""))), (CONTENT_RANGE, content_range)] {
        if let Some(value) = value.and_then(|value| value.try_into().ok()) {
            headers.insert(name, value);
        }
    }
    Ok(Answer {
        pace_bytes_per_s: (duration_s > 0.0).then(|| length as f64 / duration_s),
        chunk_bytes,
        ..Answer::at_once(response)
    })
}

/// A `Range` lies entirely beyond the end.
#[derive(Clone, Copy)]
struct BeyondEnd;

/// The first and the last byte that a `Range` requests; `None` for one that is not a single range of bytes, which is
/// then ignored.
fn span(range: &str, length: u64) -> Option<Result<(u64, u64), BeyondEnd>> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let (first, last) = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => (first, last),
        (Some(first), None) if last.trim().is_empty() => (first, u64::MAX),
        (None, Some(0)) if first.trim().is_empty() => return Some(Err(BeyondEnd)),
        (None, Some(suffix)) if first.trim().is_empty() => (length.saturating_sub(suffix), u64::MAX),
        _ => return None,
    };
    Some(if first < length { Ok((first, last.min(length - 1))) } else { Err(BeyondEnd) })
}

pub(super) fn json_document(_: &GenericCall) -> GenericAnswer {
    made(json(Bytes::from_static(include_bytes!("slideshow.json"))))
}

pub(super) fn html(_: &GenericCall) -> GenericAnswer {
    let page = Bytes::from_static(include_bytes!("page.html"));
    made(with([(CONTENT_TYPE, "text/html; charset=utf-8")], Response::new(page.into())))
}

pub(super) fn png(_: &GenericCall) -> GenericAnswer {
    static FILE: LazyLock<Bytes> = LazyLock::new(|| {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, PICTURE.0.into(), PICTURE.1.into());
        encoder.set_color(png::ColorType::Rgb);
        let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&picture()));
        written.expect("a Vec takes every byte of a picture");
        file.into()
    });
    made(with([(CONTENT_TYPE, "image/png")], Response::new(FILE.clone().into())))
}

pub(super) fn jpeg(_: &GenericCall) -> GenericAnswer {
    static FILE: LazyLock<Bytes> = LazyLock::new(|| {
        let mut file = Vec::new();
        let encoded = Encoder::new(&mut file, 85).encode(&picture(), PICTURE.0, PICTURE.1, ColorType::Rgb);
        encoded.expect("a Vec takes every byte of a picture");
        file.into()
    });
    made(with([(CONTENT_TYPE, "image/jpeg")], Response::new(FILE.clone().into())))
}

/// Its size in pixels.
const PICTURE: (u16, u16) = (240, 160);

/// A sunrise: red, green and blue of each pixel.
fn picture() -> Vec<u8> {
    let pixel = |x: u32, y: u32| {
        let in_sun = x.abs_diff(120).pow(2) + y.abs_diff(110).pow(2) < 45 * 45;
        let fades = (y * 3 / 2).min(255) as u8;
        match (y < 110, in_sun) {
            (true, true) => [255, 220 - fades / 3, 60],
            (true, false) => [40 + fades / 2, 60 + fades / 3, 140],
            (false, _) => [20, 40, 90 - fades / 6],
        }
    };
    (0..PICTURE.1.into()).flat_map(|y| (0..PICTURE.0.into()).flat_map(move |x| pixel(x, y))).collect()
}
