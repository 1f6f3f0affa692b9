use super::*;
use bytes::Bytes;
use hyper::{Request, header::LOCATION};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};

fn ask(method: &str, uri: &str, time_scale: f64) -> Option<Answer> {
    let (parts, ()) = Request::builder().method(method).uri(uri).body(()).expect("a request").into_parts();
    let found = find(parts.uri.path()).filter(|found| found.takes(&parts.method))?;
    let (client, body) = (IpAddr::V4(Ipv4Addr::LOCALHOST), &Bytes::new());
    let asked = RequestAsked { parts: &parts, host: "some.example:80", client, body, chance: 0.5 };
    Some(found.answer(&asked, &NoiseBytes::new(1), time_scale))
}

fn at(uri: &str) -> Answer {
    ask("GET", uri, 20.0).unwrap_or_else(|| panic!("{uri} has no route"))
}

fn text(answer: Answer) -> String {
    String::from_utf8(answer.response.into_body().flatten().collect()).expect("UTF-8")
}

#[test]
fn each_route_answers_its_own_example() {
    for route in ALL {
        let method = route.methods[0];
        let status = ask(method, route.example, 1.0).expect(route.example).response.status();
        let wanted = match route.path {
            path if path.starts_with("/basic-auth") || path == "/bearer" => 401,
            path if path.starts_with("/hidden") => 404,
            "/status/{codes}" => 503,
            "/redirect-to" => 307,
            path if path.contains("redirect") || path.starts_with("/cookies/") => 302,
            _ => 200,
        };
        assert_eq!(status.as_u16(), wanted, "{}", route.example);
        let found = find(route.example.split('?').next().expect("a path")).expect(route.example);
        assert_eq!(found.route.path, route.path, "an earlier route hides it");
    }
}

#[test]
fn the_list_names_each_route_in_a_line_that_fits() {
    let list = list();
    assert_eq!(list.lines().count(), ALL.len());
    for (line, route) in list.lines().zip(ALL) {
        assert!(line.contains(route.path) && line.ends_with(route.does) && line.len() <= 100, "{line}");
    }
}

#[test]
fn waits_are_real_unless_they_are_to_be_scaled() {
    assert_eq!(at("/delay/0.25").latency_ns, 250_000_000);
    assert_eq!(at("/delay/10?scaled=1").latency_ns, 500_000_000);
    let drip = at("/drip?numbytes=1000&duration=5&delay=1");
    assert_eq!((drip.latency_ns, drip.pace_bytes_per_s), (1_000_000_000, Some(200.0)));
    let drip = at("/drip?numbytes=1000&duration=5&delay=1&scaled=1");
    assert_eq!((drip.latency_ns, drip.pace_bytes_per_s), (50_000_000, Some(4000.0)));
    assert_eq!(at("/drip?duration=0").pace_bytes_per_s, None);
}

#[test]
fn redirects_count_down_to_the_last() {
    let location = |uri| at(uri).response.headers()[LOCATION].to_str().expect("ASCII").to_owned();
    assert_eq!(location("/redirect/3"), "/relative-redirect/2");
    assert_eq!(location("/redirect/1"), "/get");
    assert_eq!(location("/redirect/1?absolute=true"), "http://some.example:80/get");
    assert_eq!(location("/absolute-redirect/1000"), "http://some.example:80/absolute-redirect/999");
}

#[test]
fn what_can_not_be_done_says_what_was_expected() {
    for (uri, expected) in [
        ("/delay/10.01", "seconds from 0 to 10"),
        ("/delay/-1", "seconds from 0 to 10"),
        ("/delay/NaN", "seconds from 0 to 10"),
        ("/delay/inf", "seconds from 0 to 10"),
        ("/bytes/1.5", "number of bytes"),
        ("/bytes/-1", "number of bytes"),
        ("/bytes/1000000000001", "from 0 to 1000000000000"),
        ("/bytes/5?seed=x", "seed"),
        ("/stream/10001", "from 0 to 10000"),
        ("/stream-bytes/5?chunk_size=0", "chunk_size"),
        ("/status/199", "200 to 599"),
        ("/status/600", "200 to 599"),
        ("/status/200,x", "200 to 599"),
        ("/status/200:0,500", "a weight above 0"),
        ("/redirect/0", "from 1 to 1000"),
        ("/redirect-to", "the argument `url`"),
        ("/redirect-to?url=a%0Ab", "control characters"),
        ("/drip?numbytes=many", "numbytes"),
        ("/drip?numbytes=0", "from 1 to 10485760"),
        ("/drip?duration=11", "seconds from 0 to 10"),
        ("/drip?delay=soon", "seconds from 0 to 10"),
        ("/drip?code=99", "200 to 599"),
        ("/response-headers?Content-Length=5", "how this answer is sent"),
        ("/response-headers?a+b=5", "names that a header can have"),
        ("/cookies/set?a=b;c", "cookies"),
        ("/etag/%22", "an ETag"),
        ("/cache/soon", "number of seconds"),
    ] {
        let answer = at(uri);
        assert_eq!(answer.response.status(), StatusCode::BAD_REQUEST, "{uri}");
        let text = text(answer);
        assert!(text.starts_with(uri) && text.contains(expected), "{text}");
    }
    // Ten seconds at this time scale would be years.
    assert_eq!(ask("GET", "/delay/10?scaled=1", 1e-9).expect("a route").response.status(), StatusCode::BAD_REQUEST);
}

#[test]
fn other_paths_are_left_to_others() {
    for uri in ["/", "/get/", "/gets", "/delay", "/delay/", "/delay/1/2", "//delay/1", "/Status/200", "/drip/", "*"] {
        assert!(find(uri).is_none(), "{uri}");
    }
}

#[test]
fn several_statuses_are_drawn_by_their_weights() {
    assert_eq!(at("/status/200:1,500:3").response.status().as_u16(), 500);
    assert_eq!(at("/status/200:3,500").response.status().as_u16(), 200);
    assert_eq!(at("/status/200,500").source, Source::Generic { is_fixed: false });
    assert_eq!(at("/status/500").source, Source::Generic { is_fixed: true });
}

proptest! {
    #[test]
    fn whatever_is_asked_has_an_answer_in_range(
        route in (0..ALL.len()).prop_map(|number| &ALL[number]),
        rest in "[ -~]{0,40}|[0-9.eE+-]{0,25}|[?](numbytes|duration|delay|seed|code|url|chunk_size)=[0-9.eE+%&-]{0,25}",
        time_scale in 1e-300..1e300,
    ) {
        let path = route.path.split('{').next().unwrap_or_default();
        let Ok(uri) = format!("{path}{rest}").parse::<hyper::Uri>() else { return Ok(()) };
        if let Some(answer) = ask(route.methods[0], &uri.to_string(), time_scale) {
            prop_assert!(answer.latency_ns <= 86_400_000_000_000);
            prop_assert!(answer.pace_bytes_per_s.is_none_or(|pace| pace > 0.0 && pace.is_finite()));
            prop_assert!((200..=599).contains(&answer.response.status().as_u16()));
        }
    }
}
