//! The generic routes on real sockets, against what httpbin documents of them.

#![expect(clippy::unwrap_used, reason = "a test that meets something unexpected is to fail there")]

use common::{http::Client, server::started};
use flate2::read::{GzDecoder, ZlibDecoder};
use makespan::mock_server::{payload::NoiseBytes, process::ServerProcess, profile::Profile};
use serde_json::{Value, json};
use std::{
    io::{BufRead, Read},
    time::{Duration, Instant},
};

fn server() -> ServerProcess {
    started(&Profile { seed: 7, time_scale: 100.0, ..Profile::default() })
}

fn as_json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

const ALL_METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"];

#[test]
fn methods_are_those_that_httpbin_takes() {
    let server = server();
    let mut client = Client::at(server.origin());
    for (path, methods) in [
        ("/get", &["GET"][..]),
        ("/post", &["POST"]),
        ("/put", &["PUT"]),
        ("/patch", &["PATCH"]),
        ("/delete", &["DELETE"]),
        ("/anything", ALL_METHODS),
        ("/anything/a/b", ALL_METHODS),
        ("/delay/0", ALL_METHODS),
        ("/status/201", ALL_METHODS),
        ("/redirect-to?url=/get", ALL_METHODS),
        ("/response-headers", &["GET", "POST"]),
        ("/ip", &["GET"]),
    ] {
        for method in ALL_METHODS {
            let reply = client.ask(method, path, &["Content-Length: 0"]);
            assert_eq!(reply.status != 405, methods.contains(method), "{method} {path}: {}", reply.status);
            let allow = reply.headers.get("allow").cloned().unwrap_or_default();
            assert!(reply.status != 405 || methods.iter().all(|method| allow.contains(method)), "{path}: {allow}");
        }
        assert_eq!(client.ask("OPTIONS", path, &[]).status, 200);
        let head = client.ask("HEAD", path, &[]);
        assert_eq!(head.status != 405, methods.contains(&"GET"), "HEAD {path}");
    }
}

/// What is asked, with which headers; and what comes back: the status, headers, and members of the JSON.
type Case = (&'static str, &'static [&'static str], u16, &'static [(&'static str, &'static str)], Value);

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn answers_are_those_that_httpbin_documents() {
    let server = server();
    let origin = server.origin();
    let host = origin.strip_prefix("http://").unwrap();
    let none = json!({});
    let url = |path: &str| format!("{origin}{path}");
    let full: [Case; 38] = [
        (
            "/get?q=%22a+b%22&q=2&r=1",
            &[],
            200,
            &[("content-type", "application/json")],
            json!({ "args": { "q": ["\"a b\"", "2"], "r": "1" }, "origin": "127.0.0.1", "url": url("/get?q=%22a+b%22&q=2&r=1") }),
        ),
        (
            "/get",
            &["user-agent: a\t\\", "x-words: 1", "x-words: 2"],
            200,
            &[],
            json!({ "headers": { "Host": host, "User-Agent": "a\t\\", "X-Words": "1,2" } }),
        ),
        (
            "/anything/a?b=c",
            &[],
            200,
            &[],
            json!({ "method": "GET", "args": { "b": "c" }, "data": "", "form": {}, "files": {}, "json": null }),
        ),
        ("/headers", &["x-1a: b"], 200, &[], json!({ "headers": { "Host": host, "X-1A": "b" } })),
        ("/ip", &[], 200, &[], json!({ "origin": "127.0.0.1" })),
        ("/user-agent", &["User-Agent: me/1"], 200, &[], json!({ "user-agent": "me/1" })),
        (
            "/response-headers?X-Word=a&X-Word=b&freeform=",
            &[],
            200,
            &[("x-word", "b"), ("freeform", "")],
            json!({ "Content-Type": "application/json", "X-Word": ["a", "b"] }),
        ),
        ("/response-headers?Content-Type=text/plain", &[], 200, &[("content-type", "text/plain")], none.clone()),
        ("/delay/0", &[], 200, &[], json!({ "url": url("/delay/0"), "data": "" })),
        ("/json", &[], 200, &[("content-type", "application/json")], none.clone()),
        ("/html", &[], 200, &[("content-type", "text/html; charset=utf-8")], none.clone()),
        ("/image/png", &[], 200, &[("content-type", "image/png")], none.clone()),
        ("/image/jpeg", &[], 200, &[("content-type", "image/jpeg")], none.clone()),
        ("/status/204", &[], 204, &[], none.clone()),
        ("/status/301", &[], 301, &[("location", "/redirect/1")], none.clone()),
        ("/status/401", &[], 401, &[("www-authenticate", "Basic realm=\"Fake Realm\"")], none.clone()),
        ("/status/405", &[], 405, &[("allow", "GET, POST, PUT, PATCH, DELETE, TRACE, HEAD, OPTIONS")], none.clone()),
        ("/status/407", &[], 407, &[("proxy-authenticate", "Basic realm=\"Fake Realm\"")], none.clone()),
        ("/redirect/2", &[], 302, &[("location", "/relative-redirect/1")], none.clone()),
        ("/redirect-to?url=%2Fget&status_code=307", &[], 307, &[("location", "/get")], none.clone()),
        ("/redirect-to?url=http://a/&status_code=200", &[], 302, &[("location", "http://a/")], none.clone()),
        ("/basic-auth/user/pass%20word", &[], 401, &[("www-authenticate", "Basic realm=\"Fake Realm\"")], none.clone()),
        (
            "/basic-auth/user/pass%20word",
            &["Authorization: Basic dXNlcjpwYXNzIHdvcmQ="],
            200,
            &[],
            json!({ "authenticated": true, "user": "user" }),
        ),
        ("/hidden-basic-auth/user/other", &["Authorization: Basic dXNlcjpwYXNzIHdvcmQ="], 404, &[], none.clone()),
        (
            "/bearer",
            &["Authorization: Basic dXNlcjpwYXNzIHdvcmQ="],
            401,
            &[("www-authenticate", "Bearer")],
            none.clone(),
        ),
        ("/bearer", &["Authorization: Bearer word"], 200, &[], json!({ "authenticated": true, "token": "word" })),
        ("/cookies", &["Cookie: a=1; b=\"2\""], 200, &[], json!({ "cookies": { "a": "1", "b": "2" } })),
        ("/cookies/set?a=1", &[], 302, &[("location", "/cookies"), ("set-cookie", "a=1; Path=/")], none.clone()),
        ("/cookies/set/a/1", &[], 302, &[("location", "/cookies"), ("set-cookie", "a=1; Path=/")], none.clone()),
        (
            "/cookies/delete?a",
            &[],
            302,
            &[("set-cookie", "a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0")],
            none.clone(),
        ),
        ("/cache", &[], 200, &[("etag", "\"cache\"")], json!({ "args": {} })),
        ("/cache", &["If-None-Match: \"cache\""], 304, &[("etag", "\"cache\"")], none.clone()),
        ("/cache/60", &[], 200, &[("cache-control", "public, max-age=60")], json!({ "args": {} })),
        ("/etag/a", &[], 200, &[("etag", "\"a\"")], json!({ "args": {} })),
        ("/etag/a", &["If-None-Match: W/\"b\", \"a\""], 304, &[("etag", "\"a\"")], none.clone()),
        ("/etag/a", &["If-Match: \"b\""], 412, &[], none.clone()),
        (
            "/range/100",
            &["Range: bytes=-5"],
            206,
            &[("content-range", "bytes 95-99/100"), ("etag", "\"range100\""), ("accept-ranges", "bytes")],
            none.clone(),
        ),
        ("/range/100", &["Range: bytes=100-"], 416, &[("content-range", "bytes */100")], none.clone()),
    ];
    for (path, headers, status, wanted, members) in full {
        // A connection for each, because 304 and 204 have no length.
        let mut client = Client::at(origin);
        let headers: Vec<String> = headers.iter().map(ToString::to_string).chain([format!("Host: {host}")]).collect();
        client.write(format!("GET {path} HTTP/1.1\r\n{}\r\nConnection: close\r\n\r\n", headers.join("\r\n")));
        let reply = client.head();
        assert_eq!(reply.status, status, "{path} {headers:?}");
        for (name, value) in wanted {
            assert_eq!(reply.headers.get(*name).map(String::as_str), Some(*value), "{path} {headers:?}: {name}");
        }
        let mut body = Vec::new();
        client.0.read_to_end(&mut body).unwrap();
        for (key, wanted) in members.as_object().unwrap() {
            let told = &as_json(&body)[key];
            let is_right = match wanted {
                Value::Object(members) if key == "headers" => members.iter().all(|(name, value)| told[name] == *value),
                _ => told == wanted,
            };
            assert!(is_right, "{path}: {key} is {told}, not {wanted}");
        }
    }
}

#[test]
fn bodies_are_told_by_their_media_type() {
    let server = server();
    let told = |method: &str, path: &str, media_type: &str, body: &[u8]| {
        let mut client = Client::at(server.origin());
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n"
        );
        client.write([head.as_bytes(), body].concat());
        let mut reply = client.head();
        reply.body.resize(reply.headers["content-length"].parse().unwrap(), 0);
        client.0.read_exact(&mut reply.body).unwrap();
        let told = if reply.status == 200 { as_json(&reply.body) } else { Value::Null };
        (reply.status, told["data"].clone(), told["form"].clone(), told["files"].clone(), told["json"].clone())
    };
    let (none, empty) = (json!({}), json!(""));
    let form = told("POST", "/post", "application/x-www-form-urlencoded", b"a=1&b=two+words&a=2");
    assert_eq!(form, (200, empty.clone(), json!({ "a": ["1", "2"], "b": "two words" }), none.clone(), Value::Null));
    let document = told("PUT", "/put", "application/json", b"{\"a\": [1]}");
    assert_eq!(document, (200, json!("{\"a\": [1]}"), none.clone(), none.clone(), json!({ "a": [1] })));
    let bytes = told("PATCH", "/patch", "application/octet-stream", b"\xff\x00");
    assert_eq!(
        bytes,
        (200, json!("data:application/octet-stream;base64,/wA="), none.clone(), none.clone(), Value::Null)
    );
    let parts =
        b"--xy\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--xy\r\nContent-Disposition: form-data; \
        name=\"f\"; filename=\"f.txt\"\r\nContent-Type: text/plain\r\n\r\nline\r\n\r\n--xy--\r\n";
    let form = told("DELETE", "/delete", "multipart/form-data; boundary=xy", parts);
    assert_eq!(form, (200, empty, json!({ "a": "1" }), json!({ "f": "line\r\n" }), Value::Null));
    assert_eq!(told("POST", "/delay/0", "text/plain", b"text").1, json!("text"));
    let damaged = told("POST", "/post", "multipart/form-data; boundary=xy", b"--xy\r\nno head--xy");
    assert_eq!(damaged.0, 200);
    assert_eq!(told("POST", "/anything", "text/plain", &vec![b'x'; (1 << 20) + 1]).0, 413);
}

#[test]
fn compressed_and_chunked_bodies_are_whole() {
    let server = server();
    let mut client = Client::at(server.origin());
    let gzip = client.get("/gzip", &[]);
    assert_eq!(gzip.headers["content-encoding"], "gzip");
    let mut text = Vec::new();
    GzDecoder::new(&gzip.body[..]).read_to_end(&mut text).unwrap();
    assert_eq!((as_json(&text)["gzipped"].clone(), as_json(&text)["method"].clone()), (json!(true), json!("GET")));
    let deflate = client.get("/deflate", &[]);
    assert_eq!(deflate.headers["content-encoding"], "deflate");
    text.clear();
    ZlibDecoder::new(&deflate.body[..]).read_to_end(&mut text).unwrap();
    assert_eq!(as_json(&text)["deflated"], json!(true));

    let lines = String::from_utf8(chunks(&mut client, "/stream/3").concat()).unwrap();
    let ids: Vec<Value> = lines.lines().map(|line| as_json(line.as_bytes())["id"].clone()).collect();
    assert_eq!(ids, [json!(0), json!(1), json!(2)]);
    let bytes = chunks(&mut client, "/stream-bytes/2500?seed=4&chunk_size=1000");
    assert!(bytes.iter().all(|chunk| chunk.len() <= 1000), "{:?}", bytes.iter().map(Vec::len).collect::<Vec<_>>());
    assert_eq!(bytes.concat(), client.get("/bytes/2500?seed=4", &[]).body, "the seed decides");
    assert_ne!(bytes.concat(), client.get("/bytes/2500?seed=5", &[]).body);
}

/// The chunks of an answer.
fn chunks(client: &mut Client, path: &str) -> Vec<Vec<u8>> {
    client.write(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_eq!(client.head().headers["transfer-encoding"], "chunked");
    let mut chunks = Vec::new();
    loop {
        let mut line = String::new();
        client.0.read_line(&mut line).unwrap();
        let mut chunk = vec![0; usize::from_str_radix(line.trim_end(), 16).unwrap() + 2];
        client.0.read_exact(&mut chunk).unwrap();
        chunk.truncate(chunk.len() - 2);
        if chunk.is_empty() {
            return chunks;
        }
        chunks.push(chunk);
    }
}

#[test]
fn bytes_are_as_many_as_asked_and_known_beforehand() {
    let server = server();
    let mut client = Client::at(server.origin());
    let bytes = client.get("/bytes/200001", &[]).body;
    assert!(bytes == NoiseBytes::new(7).body("/bytes/200001", 200_001).flatten().collect::<Vec<u8>>());
    assert_eq!(client.get("/bytes/0", &[]).body.len(), 0);
    let drip = client.get("/drip?numbytes=3&duration=0.01&code=202", &[]);
    assert_eq!((drip.status, drip.body.as_slice()), (202, &b"***"[..]));
    assert_eq!(client.get("/range/30", &[]).body, b"abcdefghijklmnopqrstuvwxyzabcd");
    assert_eq!(client.get("/range/30", &["Range: bytes=26-100"]).body, b"abcd");
    let is_uuid = |text: &str| text.len() == 36 && text.as_bytes()[14] == b'4';
    let uuid = |client: &mut Client| as_json(&client.get("/uuid", &[]).body)["uuid"].as_str().unwrap().to_owned();
    let (one, other) = (uuid(&mut client), uuid(&mut client));
    assert!(is_uuid(&one) && is_uuid(&other) && one != other, "{one} {other}");

    let mut hops = vec!["/redirect/3".to_owned()];
    while let Some(next) = client.get(hops.last().unwrap(), &[]).headers.remove("location") {
        hops.push(next);
    }
    assert_eq!(hops, ["/redirect/3", "/relative-redirect/2", "/relative-redirect/1", "/get"]);
}

#[test]
fn a_delay_is_real_unless_it_is_to_be_scaled() {
    let server = server();
    let mut client = Client::at(server.origin());
    client.get("/delay/0.1", &["makespan-task: 1/0"]);
    client.get("/delay/0.5?scaled=1", &["makespan-task: 1/1"]);
    client.get("/drip?delay=1&duration=0&scaled=1", &["makespan-task: 1/2"]);
    let log = server.take_log(1).unwrap();
    let latencies: Vec<u64> = log.iter().map(|entry| entry.latency_ns).collect();
    assert_eq!(latencies, [100_000_000, 5_000_000, 10_000_000]);
    assert!(log.iter().all(|entry| entry.arrived_ns + entry.latency_ns <= entry.answered_ns));
    for length in [3, 100_000] {
        let start = Instant::now();
        let drip = client.get(&format!("/drip?numbytes={length}&duration=0.2&delay=0.05"), &[]);
        // It may take longer, on a busy machine; all of it can't be there earlier.
        assert!(drip.body.len() == length && start.elapsed() >= Duration::from_millis(250), "{length} bytes");
    }
}

#[test]
fn a_404_lists_what_there_is_and_headers_are_in_title_case() {
    let server = server();
    let mut client = Client::at(server.origin());
    let reply = client.get("/nothing/here", &[]);
    let text = String::from_utf8(reply.body).unwrap();
    assert_eq!((reply.status, reply.headers["content-type"].as_str()), (404, "text/plain; charset=utf-8"));
    assert!(text.starts_with("/nothing/here: no route") && text.contains("/delay/{s}"), "{text}");
    client.write("GET /get HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    client.0.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\r\nContent-Type: ") && answer.contains("\r\nMakespan-Lateness-Ns: "), "{answer}");
}
