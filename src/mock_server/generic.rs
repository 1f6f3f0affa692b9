//! Routes that every server has below those of its profile, under the names that httpbin gave them: whoever knows those
//! can try a client on them, with or without a scenario.
//!
//! | path | answer |
//! |---|---|
//! | `/get` | the request, as JSON: method, URL, arguments, headers |
//! | `/delay/{s}` | the same, `s` seconds later: 0 to 10, such as 0.25 |
//! | `/bytes/{n}` | `n` bytes of noise, the same each time |
//! | `/status/{code}` | nothing, with this status: 200 to 599 |
//! | `/redirect/{n}` | a redirect, `n` of them until `/get` |
//! | `/drip?numbytes=10&duration=2&delay=0` | noise spread evenly over `duration` seconds, the first of it after `delay` |
//!
//! Seconds are divided by the server's time scale, as all of its latencies are. What can't be done as asked is answered
//! with 400, and says what was expected.

use super::{
    checked::scaled_ns,
    payload::{Noise, Payload},
    routes::{Answer, empty, json},
};
use bytes::Bytes;
use hyper::{
    Request, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderValue, LOCATION},
    http::uri::PathAndQuery,
};
use serde_json::{Map, Value};
use std::{borrow::Cow, collections::BTreeMap};

/// The longest wait or drip that may be asked for, seconds: as long as httpbin's.
const LONGEST_S: f64 = 10.0;

/// What was expected instead, for whoever asked.
type Expected = &'static str;

/// The answer to a request that no route of the profile answers; `None` where there is no generic route either.
pub(super) fn answer<B>(request: &Request<B>, host: &str, noise: &Noise, time_scale: f64) -> Option<Answer> {
    let path = request.uri().path();
    let segments: Vec<&str> = path.split('/').collect();
    let made = match segments[..] {
        ["", "get"] => Ok(Answer::at_once(echo(request, host))),
        ["", "delay", seconds] => {
            wait_ns(seconds, time_scale).map(|latency_ns| Answer { latency_ns, ..Answer::at_once(echo(request, host)) })
        }
        ["", "bytes", length] => bytes(path, length, noise),
        ["", "status", code] => status(code),
        ["", "redirect", hops] => redirect(hops),
        ["", "drip"] => drip(path, request.uri().query(), noise, time_scale),
        _ => return None,
    };
    Some(made.unwrap_or_else(|expected| Answer::at_once(refusal(request, expected))))
}

/// Whether the answer holds the request itself.
pub(super) fn echoes(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    path == "/get" || path.starts_with("/delay/")
}

fn bytes(path: &str, length: &str, noise: &Noise) -> Result<Answer, Expected> {
    let length = length.parse().map_err(|_| "a number of bytes, such as /bytes/1000")?;
    Ok(Answer::at_once(Response::new(noise.body(path, length))))
}

fn status(code: &str) -> Result<Answer, Expected> {
    let code = code.parse().ok().filter(|code| (200..=599).contains(code));
    let status = code.and_then(|code| StatusCode::from_u16(code).ok());
    Ok(Answer::at_once(empty(status.ok_or("a final HTTP status, 200 to 599, such as /status/404")?)))
}

fn redirect(hops: &str) -> Result<Answer, Expected> {
    let hops = hops.parse().ok().filter(|&hops: &u64| hops > 0);
    let next = match hops.ok_or("a number of redirects, 1 or more, such as /redirect/3")? {
        1 => "/get".to_owned(),
        hops => format!("/redirect/{}", hops - 1),
    };
    let mut response = empty(StatusCode::FOUND);
    response.headers_mut().insert(LOCATION, HeaderValue::from_str(&next).expect("letters, digits and slashes"));
    Ok(Answer::at_once(response))
}

fn drip(path: &str, query: Option<&str>, noise: &Noise, time_scale: f64) -> Result<Answer, Expected> {
    let arguments: BTreeMap<Cow<str>, Cow<str>> = arguments(query).collect();
    let given = |name, default| arguments.get(name).map_or(default, |value| &**value);
    let length = given("numbytes", "10").parse().map_err(|_| "a number of bytes, such as /drip?numbytes=1000")?;
    let duration_s = wait_ns(given("duration", "2"), time_scale)? as f64 / 1e9;
    Ok(Answer {
        latency_ns: wait_ns(given("delay", "0"), time_scale)?,
        // Nothing to spread, or no time to spread it over: then it goes as it is.
        pace_bytes_per_s: (length > 0 && duration_s > 0.0).then(|| length as f64 / duration_s),
        ..Answer::at_once(Response::new(noise.body(path, length)))
    })
}

fn wait_ns(seconds: &str, time_scale: f64) -> Result<u64, Expected> {
    let seconds = seconds.parse().ok().filter(|seconds| (0.0..=LONGEST_S).contains(seconds));
    scaled_ns(seconds.ok_or("a number of seconds from 0 to 10, such as /delay/0.25 or /drip?duration=2.5")?, time_scale)
}

/// The arguments of a query, decoded.
fn arguments(query: Option<&str>) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
}

/// A request as JSON, under httpbin's keys, and `method` beside them.
fn echo<B>(request: &Request<B>, host: &str) -> Response<Payload> {
    let mut args: BTreeMap<Cow<str>, Vec<Cow<str>>> = BTreeMap::new();
    arguments(request.uri().query()).for_each(|(name, value)| args.entry(name).or_default().push(value));
    // One that is given several times is a list.
    let args = args.into_iter().map(|(name, values)| match &values[..] {
        [once] => (name.into_owned(), Value::from(&**once)),
        _ => (name.into_owned(), Value::from(values)),
    });
    let mut headers: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        headers.entry(name.as_str()).and_modify(|earlier| earlier.extend([",", &*value])).or_insert(value.into());
    }
    let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let echo = serde_json::json!({
        "args": args.collect::<Map<_, _>>(),
        "headers": headers,
        "method": request.method().as_str(),
        "url": format!("http://{host}{path}"),
    });
    json(format!("{echo:#}\n").into())
}

fn refusal<B>(request: &Request<B>, expected: Expected) -> Response<Payload> {
    let mut response = Response::new(Bytes::from(format!("{}: expected {expected}\n", request.uri())).into());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Method;
    use proptest::prelude::*;

    fn ask(uri: &str, time_scale: f64) -> Option<Answer> {
        let request = Request::builder().method(Method::GET).uri(uri).body(()).expect("a URI");
        answer(&request, "some.example:80", &Noise::new(1), time_scale)
    }

    fn at(uri: &str) -> Answer {
        ask(uri, 1.0).unwrap_or_else(|| panic!("{uri} has no route"))
    }

    fn text(answer: Answer) -> String {
        String::from_utf8(answer.response.into_body().flatten().collect()).expect("UTF-8")
    }

    #[test]
    fn waits_are_divided_by_the_time_scale() {
        assert_eq!(at("/delay/0.25").latency_ns, 250_000_000);
        assert_eq!(ask("/delay/10", 20.0).expect("a route").latency_ns, 500_000_000);
        let drip = ask("/drip?numbytes=1000&duration=5&delay=1", 20.0).expect("a route");
        assert_eq!((drip.latency_ns, drip.pace_bytes_per_s), (50_000_000, Some(4000.0)));
        assert_eq!(drip.response.body().left(), 1000);
    }

    #[test]
    fn a_drip_has_httpbin_s_defaults_and_no_pace_without_a_duration() {
        let drip = at("/drip");
        assert_eq!((drip.latency_ns, drip.pace_bytes_per_s, drip.response.body().left()), (0, Some(5.0), 10));
        assert_eq!(at("/drip?duration=0").pace_bytes_per_s, None);
        assert_eq!(at("/drip?numbytes=0").pace_bytes_per_s, None);
    }

    #[test]
    fn redirects_count_down_to_the_last() {
        let location = |uri| at(uri).response.headers()[LOCATION].to_str().expect("ASCII").to_owned();
        assert_eq!(location("/redirect/3"), "/redirect/2");
        assert_eq!(location("/redirect/1"), "/get");
        assert_eq!(location("/redirect/18446744073709551615"), "/redirect/18446744073709551614");
    }

    #[test]
    fn what_can_not_be_done_says_what_was_expected() {
        for (uri, expected) in [
            ("/delay/10.01", "seconds from 0 to 10"),
            ("/delay/-1", "seconds from 0 to 10"),
            ("/delay/NaN", "seconds from 0 to 10"),
            ("/delay/inf", "seconds from 0 to 10"),
            ("/delay/", "seconds from 0 to 10"),
            ("/bytes/1.5", "number of bytes"),
            ("/bytes/-1", "number of bytes"),
            ("/bytes/18446744073709551616", "number of bytes"),
            ("/status/199", "200 to 599"),
            ("/status/600", "200 to 599"),
            ("/redirect/0", "1 or more"),
            ("/drip?numbytes=many", "number of bytes"),
            ("/drip?duration=11", "seconds from 0 to 10"),
            ("/drip?delay=soon", "seconds from 0 to 10"),
        ] {
            let answer = at(uri);
            assert_eq!(answer.response.status(), StatusCode::BAD_REQUEST, "{uri}");
            let text = text(answer);
            assert!(text.starts_with(uri) && text.contains(expected), "{text}");
        }
        // Ten seconds at so slow a pace would be years.
        assert_eq!(ask("/delay/10", 1e-9).expect("a route").response.status(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn the_echo_survives_whatever_is_asked() {
        let request = Request::builder()
            .uri("/get?a=1&b=%22x%22+%C3%A4&a=2&c=%FF&d")
            .header("x-quoted", "say \"hello\"")
            .header("x-twice", "1")
            .header("x-twice", "2")
            .header("x-latin", HeaderValue::from_bytes(b"\xe4").expect("opaque"))
            .body(())
            .expect("a request");
        let answer = answer(&request, "some.example:80", &Noise::new(1), 1.0).expect("a route");
        let echo: Value = serde_json::from_str(&text(answer)).expect("JSON");
        assert_eq!(echo["method"], "GET");
        assert_eq!(echo["url"], "http://some.example:80/get?a=1&b=%22x%22+%C3%A4&a=2&c=%FF&d");
        let args = serde_json::json!({ "a": ["1", "2"], "b": "\"x\" \u{e4}", "c": "\u{fffd}", "d": "" });
        assert_eq!(echo["args"], args);
        let headers = serde_json::json!({ "x-quoted": "say \"hello\"", "x-twice": "1,2", "x-latin": "\u{fffd}" });
        assert_eq!(echo["headers"], headers);
    }

    #[test]
    fn other_paths_are_left_to_others() {
        for uri in ["/", "/get/", "/gets", "/delay", "/delay/1/2", "//delay/1", "/Status/200", "/drip/", "*"] {
            assert!(ask(uri, 1.0).is_none(), "{uri}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_asked_has_an_answer_in_range(
            route in "/(delay|bytes|status|redirect|drip|get)[/?]?",
            rest in "[ -~]{0,40}|[0-9.eE+-]{0,25}|(numbytes|duration|delay)=[0-9.eE+%&-]{0,25}",
            time_scale in 1e-300..1e300,
        ) {
            let Ok(uri) = format!("{route}{rest}").parse::<hyper::Uri>() else { return Ok(()) };
            let request = Request::builder().uri(uri).body(()).expect("a request");
            if let Some(answer) = answer(&request, "h", &Noise::new(1), time_scale) {
                prop_assert!(answer.latency_ns <= 86_400_000_000_000);
                prop_assert!(answer.pace_bytes_per_s.is_none_or(|pace| pace > 0.0 && pace.is_finite()));
                prop_assert!((200..=599).contains(&answer.response.status().as_u16()));
            }
        }
    }
}
