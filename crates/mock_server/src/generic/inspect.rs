//! Answers that echo the request: all or parts of it, compressed, streamed or late.

use super::{
    GenericAnswer,
    asked::{GenericCall, bounded},
    bodies::{CHUNK, chunked},
    made,
};
use crate::answer::{Answer, json};
use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use hyper::header::{CONTENT_ENCODING, HeaderValue, USER_AGENT};
use rand::{TryRng, rngs::SysRng};
use serde_json::{Value, json as object};
use std::{
    fmt::Write as _,
    io::{self, Write},
};

/// The most lines of a stream.
const MOST_LINES: u64 = 10_000;

/// The keys of `/get` and similar answers.
const OF_GET: &[&str] = &["args", "headers", "origin", "url"];
const OF_BODY: &[&str] = &["args", "data", "files", "form", "headers", "json", "origin", "url"];

pub(super) fn get(call: &GenericCall) -> GenericAnswer {
    pretty(call.told(OF_GET))
}

pub(super) fn with_body(call: &GenericCall) -> GenericAnswer {
    pretty(call.told(OF_BODY))
}

pub(super) fn anything(call: &GenericCall) -> GenericAnswer {
    pretty(call.told(&[OF_BODY, &["method"]].concat()))
}

pub(super) fn delay(call: &GenericCall) -> GenericAnswer {
    let latency_ns = call.wait_ns(call.captured(0))?;
    let told = call.told(&["args", "data", "files", "form", "headers", "origin", "url"]);
    Ok(Answer { latency_ns, ..pretty(told)? })
}

pub(super) fn headers(call: &GenericCall) -> GenericAnswer {
    pretty(call.told(&["headers"]))
}

pub(super) fn ip(call: &GenericCall) -> GenericAnswer {
    pretty(call.told(&["origin"]))
}

pub(super) fn user_agent(call: &GenericCall) -> GenericAnswer {
    pretty(object!({ "user-agent": call.header(USER_AGENT) }))
}

/// Of version 4: random.
pub(super) fn uuid(_: &GenericCall) -> GenericAnswer {
    let mut bytes = [0; 16];
    SysRng.try_fill_bytes(&mut bytes).map_err(|_| "a system that has random bytes")?;
    let number = u128::from_be_bytes(bytes) & !(0xf << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{number:032x}");
    let groups = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    pretty(object!({ "uuid": groups.join("-") }))
}

pub(super) fn gzip(call: &GenericCall) -> GenericAnswer {
    let encoder = GzEncoder::new(Vec::new(), Compression::default());
    compressed(call, "gzip", "gzipped", |plain| written(encoder, plain)?.finish())
}

pub(super) fn deflate(call: &GenericCall) -> GenericAnswer {
    let encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    compressed(call, "deflate", "deflated", |plain| written(encoder, plain)?.finish())
}

fn written<W: Write>(mut encoder: W, plain: &[u8]) -> io::Result<W> {
    encoder.write_all(plain).map(|()| encoder)
}

fn compressed(
    call: &GenericCall,
    coding: &'static str,
    key: &str,
    compress: impl FnOnce(&[u8]) -> io::Result<Vec<u8>>,
) -> GenericAnswer {
    let mut told = call.told(&["headers", "method", "origin"]);
    told.insert(key.into(), true.into());
    let body = compress(text(told).as_bytes()).map_err(|_| "a request that can be compressed")?;
    let mut response = json(body.into());
    response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    made(response)
}

pub(super) fn stream(call: &GenericCall) -> GenericAnswer {
    let lines = bounded(call.captured(0), "the number of lines", (0, MOST_LINES))?;
    let mut told = call.told(OF_GET);
    let mut body = String::new();
    for id in 0..lines {
        told.insert("id".into(), id.into());
        let _ = writeln!(body, "{}", Value::from(told.clone()));
    }
    Ok(chunked(made(json(body.into()))?, CHUNK))
}

/// JSON as httpbin writes it: keys in order, indented by two.
pub(super) fn pretty(value: impl Into<Value>) -> GenericAnswer {
    made(json(text(value).into()))
}

fn text(value: impl Into<Value>) -> String {
    format!("{:#}\n", value.into())
}
