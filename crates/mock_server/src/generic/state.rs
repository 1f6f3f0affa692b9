//! State between a client and a server beyond one request: authentication, cookies, caching.

use super::{
    GenericAnswer, RefusedCall,
    asked::GenericCall,
    inspect::{get, pretty},
    made,
    responses::{BASIC, header_value, to},
};
use crate::answer::{Answer, empty};
use base64::{Engine, prelude::BASE64_STANDARD};
use hyper::{
    StatusCode,
    header::{
        AUTHORIZATION, CACHE_CONTROL, COOKIE, ETAG, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH,
        LAST_MODIFIED, SET_COOKIE, WWW_AUTHENTICATE,
    },
};
use serde_json::{Map, Value, json as object};

/// The longest cache time of an answer, seconds.
const LONGEST_CACHED_S: u64 = 31_536_000;

pub(super) fn basic_auth(call: &GenericCall) -> GenericAnswer {
    knows(call, || with_header(Answer::at_once(empty(StatusCode::UNAUTHORIZED)), WWW_AUTHENTICATE, BASIC))
}

/// Answers 404 without authorization.
pub(super) fn hidden_basic_auth(call: &GenericCall) -> GenericAnswer {
    knows(call, || made(empty(StatusCode::NOT_FOUND)))
}

fn knows(call: &GenericCall, otherwise: impl FnOnce() -> GenericAnswer) -> GenericAnswer {
    let (user, password) = (call.captured(0), call.captured(1));
    let wanted = BASE64_STANDARD.encode(format!("{user}:{password}"));
    if shown(call, "basic").is_some_and(|shown| shown == wanted) {
        return pretty(object!({ "authenticated": true, "user": user }));
    }
    otherwise()
}

pub(super) fn bearer(call: &GenericCall) -> GenericAnswer {
    match shown(call, "bearer") {
        Some(token) => pretty(object!({ "authenticated": true, "token": token })),
        None => with_header(Answer::at_once(empty(StatusCode::UNAUTHORIZED)), WWW_AUTHENTICATE, "Bearer"),
    }
}

/// The client's credentials under this scheme.
fn shown(call: &GenericCall, scheme: &str) -> Option<String> {
    let header = call.header(AUTHORIZATION)?;
    let (its_scheme, shown) = header.split_once(' ')?;
    its_scheme.eq_ignore_ascii_case(scheme).then(|| shown.trim().to_owned())
}

fn with_header(mut answer: Answer, name: HeaderName, value: &str) -> GenericAnswer {
    answer.response.headers_mut().append(name, header_value(value)?);
    Ok(answer)
}

pub(super) fn cookies(call: &GenericCall) -> GenericAnswer {
    let header = call.header(COOKIE).unwrap_or_default();
    let pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
    let cookies: Map<String, Value> =
        pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('"').into())).collect();
    pretty(object!({ "cookies": cookies }))
}

pub(super) fn set_cookie(call: &GenericCall) -> GenericAnswer {
    let cookie = cookie(call.captured(0), call.captured(1))?;
    with_header(to(StatusCode::FOUND, "/cookies")?, SET_COOKIE, &cookie)
}

pub(super) fn set_cookies(call: &GenericCall) -> GenericAnswer {
    call.args().into_iter().try_fold(to(StatusCode::FOUND, "/cookies")?, |answer, (name, value)| {
        with_header(answer, SET_COOKIE, &cookie(&name, &value)?)
    })
}

pub(super) fn delete_cookies(call: &GenericCall) -> GenericAnswer {
    call.args().into_iter().try_fold(to(StatusCode::FOUND, "/cookies")?, |answer, (name, _)| {
        let ended = format!("{}; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0", cookie(&name, "")?);
        with_header(answer, SET_COOKIE, &ended)
    })
}

fn cookie(name: &str, value: &str) -> Result<String, RefusedCall> {
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte));
    if name.is_empty() || name.contains('=') || !is_plain(name) || !is_plain(value) {
        return Err("cookies of visible ASCII characters, without quotes, commas, semicolons and backslashes".into());
    }
    Ok(format!("{name}={value}; Path=/"))
}

pub(super) fn cache(call: &GenericCall) -> GenericAnswer {
    if call.header(IF_MODIFIED_SINCE).or(call.header(IF_NONE_MATCH)).is_some() {
        return with_header(Answer::at_once(empty(StatusCode::NOT_MODIFIED)), ETAG, "\"cache\"");
    }
    let now = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    with_header(with_header(get(call)?, LAST_MODIFIED, &now)?, ETAG, "\"cache\"")
}

pub(super) fn cache_for(call: &GenericCall) -> GenericAnswer {
    let seconds = super::asked::bounded(call.captured(0), "the number of seconds", (0, LONGEST_CACHED_S))?;
    with_header(get(call)?, CACHE_CONTROL, &format!("public, max-age={seconds}"))
}

pub(super) fn etag(call: &GenericCall) -> GenericAnswer {
    let etag = call.captured(0);
    if !etag.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"') {
        return Err("an ETag of visible ASCII characters, without quotes".into());
    }
    let names = |header: &str| {
        let tags = header.split(',').map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'));
        tags.into_iter().any(|tag| tag == etag || tag == "*")
    };
    let answer = match (call.header(IF_MATCH), call.header(IF_NONE_MATCH)) {
        (Some(wanted), _) if !names(&wanted) => Answer::at_once(empty(StatusCode::PRECONDITION_FAILED)),
        (_, Some(known)) if names(&known) => Answer::at_once(empty(StatusCode::NOT_MODIFIED)),
        _ => get(call)?,
    };
    with_header(answer, ETAG, &format!("\"{etag}\""))
}
