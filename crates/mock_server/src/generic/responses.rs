//! Answers with a requested status and headers: any status, redirects, any headers.

use super::{
    GenericAnswer, RefusedCall,
    asked::{GenericCall, Pairs, bounded, flattened, title_case},
    inspect::pretty,
    made,
};
use crate::answer::{empty, status as known};
use hyper::{
    StatusCode,
    header::{
        ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
        PROXY_AUTHENTICATE, TRANSFER_ENCODING, UPGRADE, WWW_AUTHENTICATE,
    },
};

/// The most redirects.
const MOST_HOPS: u64 = 1000;
/// The most statuses, or headers.
const MOST_CHOICES: usize = 100;
pub(super) const BASIC: &str = "Basic realm=\"Fake Realm\"";

impl GenericCall<'_> {
    /// Whether the answer is drawn from several.
    pub(super) fn is_by_chance(&self) -> bool {
        self.found.route.path == "/status/{codes}" && self.captured(0).contains(',')
    }
}

pub(super) fn status(call: &GenericCall) -> GenericAnswer {
    let codes = choices(call.captured(0))?;
    let mut left = call.asked.chance * codes.iter().map(|(_, weight)| weight).sum::<f64>();
    let chosen = codes.iter().find(|(_, weight)| {
        left -= weight;
        left < 0.0
    });
    let (code, _) = *chosen.or(codes.last()).ok_or("a status")?;
    let mut response = empty(code);
    // The header that RFC 9110 requires.
    let header = match code.as_u16() {
        301 | 302 | 303 | 305 | 307 | 308 => Some((LOCATION, "/redirect/1".to_owned())),
        401 => Some((WWW_AUTHENTICATE, BASIC.into())),
        405 => Some((ALLOW, call.found.allow())),
        407 => Some((PROXY_AUTHENTICATE, BASIC.into())),
        416 => Some((CONTENT_RANGE, "bytes */0".into())),
        426 => Some((UPGRADE, "HTTP/2.0".into())),
        _ => None,
    };
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, header_value(&value)?);
    }
    made(response)
}

/// `200`, or `200,500:0.1`: each with its weight.
fn choices(codes: &str) -> Result<Vec<(StatusCode, f64)>, RefusedCall> {
    let choices = codes.split(',').take(MOST_CHOICES).map(|choice| {
        let (code, weight) = choice.split_once(':').unwrap_or((choice, "1"));
        let weight = weight.parse().ok().filter(|weight: &f64| weight.is_finite() && *weight > 0.0);
        Ok((known(code)?, weight.ok_or("a weight above 0, such as /status/200,500:0.1")?))
    });
    choices.collect()
}

pub(super) fn redirect(call: &GenericCall) -> GenericAnswer {
    let absolute = call.arg("absolute").is_some_and(|absolute| absolute.eq_ignore_ascii_case("true"));
    if absolute { absolute_redirect(call) } else { relative_redirect(call) }
}

pub(super) fn relative_redirect(call: &GenericCall) -> GenericAnswer {
    to(StatusCode::FOUND, &next(call, "relative")?)
}

pub(super) fn absolute_redirect(call: &GenericCall) -> GenericAnswer {
    to(StatusCode::FOUND, &call.url(&next(call, "absolute")?))
}

fn next(call: &GenericCall, kind: &str) -> Result<String, RefusedCall> {
    Ok(match bounded(call.captured(0), "the number of redirects", (1, MOST_HOPS))? {
        1 => "/get".into(),
        hops => format!("/{kind}-redirect/{}", hops - 1),
    })
}

pub(super) fn redirect_to(call: &GenericCall) -> GenericAnswer {
    let url = call.arg("url").ok_or("the argument `url`, such as /redirect-to?url=/get")?;
    let code = call.arg("status_code").and_then(|code| known(&code).ok());
    to(code.filter(StatusCode::is_redirection).unwrap_or(StatusCode::FOUND), &url)
}

pub(super) fn to(code: StatusCode, location: &str) -> GenericAnswer {
    let mut response = empty(code);
    response.headers_mut().insert(LOCATION, header_value(location)?);
    made(response)
}

pub(super) fn header_value(text: &str) -> Result<HeaderValue, RefusedCall> {
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| "text without control characters".into())
}

/// The requested headers, and the same as JSON, which contains its own length.
pub(super) fn headers(call: &GenericCall) -> GenericAnswer {
    let args = call.args();
    if args.len() > MOST_CHOICES {
        return Err("at most 100 headers".into());
    }
    let mut length = 0;
    loop {
        let own = [("Content-Type", "application/json".to_owned()), ("Content-Length", length.to_string())];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        let all: Pairs = own.into_iter().chain(args.clone()).map(|(name, value)| (title_case(&name), value)).collect();
        let mut answer = pretty(flattened(all))?;
        let left = answer.response.body().left();
        if left == length {
            for (name, value) in &args {
                let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "names that a header can have")?;
                if [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, UPGRADE].contains(&name) {
                    return Err("headers that don't say how this answer is sent".into());
                }
                match name {
                    CONTENT_TYPE => _ = answer.response.headers_mut().insert(name, header_value(value)?),
                    name => _ = answer.response.headers_mut().append(name, header_value(value)?),
                }
            }
            return Ok(answer);
        }
        length = left;
    }
}
