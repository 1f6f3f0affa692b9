//! A request as the generic routes see it: its query, its form, and their JSON.

use super::{Found, LONGEST_S, RefusedCall, scaled_ns};
use crate::payload::NoiseBytes;
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use hyper::{
    header::{CONTENT_TYPE, HeaderName},
    http::{request::Parts, uri::PathAndQuery},
};
use serde_json::{Map, Value};
use std::{borrow::Cow, net::IpAddr};

/// A complete request.
#[derive(Debug)]
pub(crate) struct RequestAsked<'a> {
    pub parts: &'a Parts,
    /// The requested host.
    pub host: &'a str,
    pub client: IpAddr,
    pub body: &'a Bytes,
    /// The draw for random answers: from 0 up to, but not including, 1.
    pub chance: f64,
}

/// A request to a generic route.
pub(super) struct GenericCall<'a> {
    pub asked: &'a RequestAsked<'a>,
    pub found: &'a Found,
    pub noise: &'a NoiseBytes,
    pub time_scale: f64,
}

/// Names with values, of a query or a form.
pub(super) type Pairs = Vec<(String, String)>;

/// The body, by its media type.
#[derive(Default)]
struct RequestContent {
    data: String,
    form: Pairs,
    files: Pairs,
    json: Value,
}

impl GenericCall<'_> {
    /// The value of the path's placeholder with this number.
    pub(super) fn captured(&self, number: usize) -> &str {
        self.found.captured.get(number).map_or("", String::as_str)
    }

    pub(super) fn args(&self) -> Pairs {
        pairs(self.asked.parts.uri.query().unwrap_or_default().as_bytes())
    }

    /// The argument of this name, in capitals or not.
    pub(super) fn arg(&self, name: &str) -> Option<String> {
        self.args().into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// A number in the query, within these bounds.
    pub(super) fn number(&self, name: &str, default: u64, bounds: (u64, u64)) -> Result<u64, RefusedCall> {
        self.arg(name).map_or(Ok(default), |given| bounded(&given, name, bounds))
    }

    /// Seconds to wait, as nanoseconds. Divided by the time scale if the query has `scaled=1`.
    pub(super) fn wait_ns(&self, seconds: &str) -> Result<u64, RefusedCall> {
        let scale = if self.arg("scaled").is_some_and(|scaled| scaled == "1") { self.time_scale } else { 1.0 };
        let seconds = seconds.parse().ok().filter(|seconds| (0.0..=LONGEST_S).contains(seconds));
        let seconds = seconds.ok_or("seconds from 0 to 10, such as /delay/0.25 or /drip?duration=2.5")?;
        Ok(scaled_ns(seconds, scale)?)
    }

    pub(super) fn header(&self, name: HeaderName) -> Option<Cow<'_, str>> {
        self.asked.parts.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()))
    }

    /// This URL with another path.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.asked.host)
    }

    /// The request's `keys`, as httpbin names them.
    pub(super) fn told(&self, keys: &[&str]) -> Map<String, Value> {
        let parts = self.asked.parts;
        let RequestContent { data, form, files, json } =
            if keys.contains(&"data") { self.form() } else { RequestContent::default() };
        let mut told = Map::new();
        for &key in keys {
            let value = match key {
                "args" => flattened(self.args()),
                "data" => data.clone().into(),
                "files" => flattened(files.clone()),
                "form" => flattened(form.clone()),
                "headers" => self.headers().into(),
                "json" => json.clone(),
                "method" => parts.method.as_str().into(),
                "origin" => self.origin().into(),
                _ => self.url(parts.uri.path_and_query().map_or("/", PathAndQuery::as_str)).into(),
            };
            told.insert(key.into(), value);
        }
        told
    }

    /// The headers, one line for each, in Title-Case.
    pub(super) fn headers(&self) -> Map<String, Value> {
        let headers = &self.asked.parts.headers;
        let joined = |name: &HeaderName| {
            let all = headers.get_all(name).into_iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
            all.collect::<Vec<_>>().join(",")
        };
        headers.keys().map(|name| (title_case(name.as_str()), joined(name).into())).collect()
    }

    /// The client's address, as its proxy claims, if any.
    pub(super) fn origin(&self) -> String {
        let by_proxy = self.header(HeaderName::from_static("x-forwarded-for"));
        by_proxy.map_or_else(|| self.asked.client.to_string(), Cow::into_owned)
    }

    fn form(&self) -> RequestContent {
        let media_type = self.header(CONTENT_TYPE).unwrap_or_default();
        let body = self.asked.body;
        let boundary = media_type.split_once("boundary=").map(|(_, rest)| rest.split(';').next().unwrap_or_default());
        match (media_type.split(';').next().unwrap_or_default().trim(), boundary) {
            ("application/x-www-form-urlencoded", _) => {
                RequestContent { form: pairs(body), ..RequestContent::default() }
            }
            ("multipart/form-data", Some(boundary)) => multipart(body, boundary.trim_matches([' ', '"'])),
            _ => RequestContent {
                data: text(body),
                json: serde_json::from_slice(body).unwrap_or_default(),
                ..RequestContent::default()
            },
        }
    }
}

/// A whole number within these bounds.
pub(super) fn bounded(given: &str, what: &str, (least, most): (u64, u64)) -> Result<u64, RefusedCall> {
    let number = given.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("{what} to be a whole number from {least} to {most}").as_str().into())
}

fn pairs(encoded: &[u8]) -> Pairs {
    form_urlencoded::parse(encoded).into_owned().collect()
}

/// A name given several times becomes a list.
pub(super) fn flattened(pairs: Pairs) -> Value {
    let mut flat: Map<String, Value> = Map::new();
    for (name, value) in pairs {
        match flat.get_mut(&name) {
            None => _ = flat.insert(name, value.into()),
            Some(Value::Array(earlier)) => earlier.push(value.into()),
            Some(earlier) => *earlier = vec![earlier.take(), value.into()].into(),
        }
    }
    flat.into()
}

/// Bytes as text; what isn't UTF-8 becomes a `data:` URL, as with httpbin.
fn text(bytes: &[u8]) -> String {
    let encoded = || format!("data:application/octet-stream;base64,{}", BASE64_STANDARD.encode(bytes));
    std::str::from_utf8(bytes).map_or_else(|_| encoded(), ToOwned::to_owned)
}

/// The fields and the files of a form. A part without a name is left out.
fn multipart(body: &[u8], boundary: &str) -> RequestContent {
    let mut told = RequestContent::default();
    let delimiter = format!("\r\n--{boundary}");
    // The first delimiter has no line before it.
    let body = [b"\r\n", body].concat();
    for part in split(&body, delimiter.as_bytes()).skip(1) {
        let Some((head, content)) = split_once(part, b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(head).into_owned();
        let parameter = |name: &str| {
            let (_, rest) = head.split_once(&format!("; {name}=\""))?;
            rest.split('"').next().map(ToOwned::to_owned)
        };
        if let Some(name) = parameter("name") {
            let into = if parameter("filename").is_some() { &mut told.files } else { &mut told.form };
            into.push((name, text(content)));
        }
    }
    told
}

fn split_once<'a>(bytes: &'a [u8], by: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(by.len()).position(|window| window == by)?;
    Some((&bytes[..at], &bytes[at + by.len()..]))
}

fn split<'a>(bytes: &'a [u8], by: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let (part, after) = split_once(bytes, by).map_or((bytes, None), |(part, after)| (part, Some(after)));
        rest = after;
        Some(part)
    })
}

/// `user-agent` as `User-Agent`.
pub(super) fn title_case(name: &str) -> String {
    let mut after_letter = false;
    let cased = |letter: char| {
        let cased = if after_letter { letter } else { letter.to_ascii_uppercase() };
        after_letter = letter.is_ascii_alphabetic();
        cased
    };
    name.chars().map(cased).collect()
}
