//! Whatever clients do, the mock server goes on serving the others, and its memory stays bounded: a real process, real
//! sockets.

use common::{
    PATIENCE,
    http::Client,
    left_behind::send,
    program_under_test,
    server::{listening_on, started},
};
use makespan::{
    measure::open_files,
    mock_server::{payload::NoiseBytes, process::ServerProcess, profile::Profile},
};
use nix::sys::signal::Signal;
use proptest::prelude::*;
use std::{
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    process::{Command, Stdio},
};

const OK: &[u8] = b"GET /status/200 HTTP/1.1\r\nHost: a\r\n\r\n";

/// Many times what a server without photographs takes, and a small part of what it was asked to hold.
const MOST_MB: u64 = 100;
/// What a connection may cost on top of that: its buffers, and what the runtime knows of it.
const MOST_KB_PER_CONNECTION: u64 = 40;

fn server() -> ServerProcess {
    started(&Profile::default())
}

fn connected(server: &ServerProcess) -> TcpStream {
    let stream = TcpStream::connect(addr(server.origin())).expect("the server accepts");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    stream.set_write_timeout(Some(PATIENCE)).expect("a time limit");
    stream
}

fn addr(origin: &str) -> &str {
    origin.strip_prefix("http://").expect("an origin")
}

/// Sends this and nothing more, and reads all that comes back. The server may end the connection before it has read
/// everything: then writing or reading breaks off.
fn said(server: &ServerProcess, bytes: &[u8]) -> String {
    let mut stream = connected(server);
    let sent = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    let ended = stream.read_to_end(&mut answer);
    let patient = |error: &std::io::Error| error.kind() != std::io::ErrorKind::WouldBlock;
    assert!(sent.as_ref().err().is_none_or(patient), "it neither reads nor ends");
    assert!(ended.as_ref().err().is_none_or(patient), "it neither answers nor ends");
    String::from_utf8_lossy(&answer).into_owned()
}

fn serves(server: &ServerProcess) {
    assert_eq!(Client::at(server.origin()).get("/status/200", &[]).status, 200);
}

/// The most memory that a server had resident so far, where the system says so.
fn peak_kb(server: &ServerProcess) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix(" kB")?.parse().ok()
}

/// It still serves, and never needed more than is fit for so many connections at once.
fn unharmed(server: &ServerProcess, connections: u64) {
    serves(server);
    let most_kb = MOST_MB * 1024 + connections * MOST_KB_PER_CONNECTION;
    let peak_kb = peak_kb(server);
    assert!(peak_kb.is_none_or(|peak_kb| peak_kb <= most_kb), "{peak_kb:?} of {most_kb} kB");
    println!("{connections} connections at once, {peak_kb:?} kB at most");
}

#[test]
fn what_is_no_request_ends_its_own_connection_alone() {
    let server = server();
    let long = |start: &str, count: usize, end: &str| [start, &"x".repeat(count), end].concat().into_bytes();
    let cases: Vec<Vec<u8>> = vec![
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a greeting in TLS".into(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(),
        b"GET /get\r\n".into(),
        b"GET /get\r\n\r\n".into(),
        b"GET /get HTTP/3.7\r\n\r\n".into(),
        b"GET  /get HTTP/1.1\r\n\r\n".into(),
        b"GET http://[::1 HTTP/1.1\r\n\r\n".into(),
        b"GET /get HTTP/1.1\r\nno colon\r\n\r\n".into(),
        b"GET /get HTTP/1.1\r\n: no name\r\n\r\n".into(),
        b"GET /get HTTP/1.1\r\nX: nul \0\r\n\r\n".into(),
        b"GET /get HTTP/1.1\r\nContent-Length: many\r\n\r\n".into(),
        b"GET /get HTTP/1.1\r\nContent-Length: -1\r\n\r\n".into(),
        b"GET /get HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n".into(),
        b"GET /get HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".into(),
        b"GET /get HTTP/1.1\r\nTransfer-Encoding: unknown\r\n\r\n".into(),
        long("", 100_000, ""),
        long("GET /", 100_000, " HTTP/1.1\r\n\r\n"),
        long("GET /get HTTP/1.1\r\nX: ", 100_000, "\r\n\r\n"),
        ["GET /get HTTP/1.1\r\n", &"a: b\r\n".repeat(1000), "\r\n"].concat().into(),
        vec![0; 100_000],
        b"\r\n".repeat(50_000),
    ];
    for case in cases {
        let answer = said(&server, &case);
        let (case, refused) =
            (String::from_utf8_lossy(&case), answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 505"));
        assert!(answer.is_empty() || refused, "{case:.60} was answered with {answer:.60}");
        serves(&server);
    }
    unharmed(&server, 1);
}

#[test]
fn random_bytes_do_no_harm() {
    let server = server();
    let path = "(/(get|delay|bytes|status|redirect|drip|-/log|-/health)[/?])?[!-~]{0,30}";
    let line = format!("(GET|HEAD|POST) {path} HTTP/1\\.[01]\r\n(X: [ -~]{{0,20}}\r\n)?\r\n");
    // What failed is shown; there is no place beside this file to keep it.
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) };
    proptest!(config, |(bytes: Vec<u8>, line in line.as_str(), whole: bool)| {
        // A body without an end would be one that we read to its end; a delay only takes time.
        prop_assume!(!["bytes", "drip", "delay"].iter().any(|long| line.contains(long)) || !whole);
        let bytes = if whole { [line.as_bytes(), &bytes].concat() } else { bytes };
        said(&server, &bytes);
    });
    unharmed(&server, 1);
}

#[test]
fn clients_that_never_finish_their_request_are_in_nobody_s_way() {
    const LORISES: u64 = 500;
    let server = server();
    let mut slow: Vec<TcpStream> = (0..LORISES).map(|_| connected(&server)).collect();
    for piece in OK[..20].chunks(5) {
        slow.iter_mut().for_each(|stream| stream.write_all(piece).expect("the server reads"));
        let mut normal = Client::at(server.origin());
        (0..20).for_each(|_| assert_eq!(normal.get("/bytes/100000", &[]).body.len(), 100_000));
    }
    // None was thrown out meanwhile: a client that is only slow is served.
    for mut stream in slow {
        stream.write_all(&OK[20..]).expect("the server reads");
        assert_answered(&mut stream);
    }
    unharmed(&server, LORISES);
}

fn assert_answered(stream: &mut TcpStream) {
    let mut status = [0; 15];
    stream.read_exact(&mut status).expect("an answer");
    assert_eq!(&status, b"HTTP/1.1 200 OK");
}

#[test]
fn ten_thousand_connections_are_served() {
    // Tests beside this one, and what else is open, need some too.
    const OTHERS: u64 = 2000;
    const WANTED: u64 = 10_000;
    let limit = open_files::raise_limit();
    let count = WANTED.min(limit.saturating_sub(OTHERS).max(limit / 2));
    if count < WANTED {
        println!("{count} connections instead of {WANTED}, because only {limit} files may be open");
    }
    let server = server();
    let mut streams: Vec<TcpStream> = (0..count).map(|_| connected(&server)).collect();
    serves(&server);
    streams.iter_mut().for_each(|stream| stream.write_all(OK).expect("the server reads"));
    streams.iter_mut().for_each(assert_answered);
    unharmed(&server, count);
}

#[test]
fn absurd_sizes_take_no_memory() {
    let server = server();
    let endless = b"GET /bytes/1000000000000 HTTP/1.1\r\nHost: a\r\n\r\n";
    let expected: Vec<u8> =
        NoiseBytes::new(0).body("/bytes/1000000000000", 1_000_000_000_000).flatten().take(1_000_000).collect();
    let mut never_read: Vec<TcpStream> = (0..20).map(|_| connected(&server)).collect();
    never_read.iter_mut().for_each(|stream| stream.write_all(endless).expect("the server reads"));
    for _ in 0..10 {
        let mut client = Client::at(server.origin());
        client.write(endless);
        assert_eq!(client.head().headers["content-length"], "1000000000000");
        let mut start = vec![0; expected.len()];
        client.0.read_exact(&mut start).expect("as much as we want");
        assert!(start == expected, "the same noise as in smaller sizes");
    }
    for method in ["GET", "POST"] {
        for body in ["Content-Length: 9223372036854775807", "Transfer-Encoding: chunked"] {
            let head = format!("{method} /status/200 HTTP/1.1\r\nHost: a\r\n{body}\r\n\r\n");
            let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
            let answer = said(&server, (head + &chunk.repeat(1000)).as_bytes());
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 "), "{answer:.60}");
        }
    }
    unharmed(&server, 31);
}

#[test]
fn clients_that_vanish_leave_nothing_behind() {
    const AT_ONCE: usize = 200;
    let server = server();
    let stages: [&[u8]; 5] = [
        b"",
        b"GET /sta",
        OK,
        b"GET /delay/10 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /bytes/1000000000000 HTTP/1.1\r\nHost: a\r\n\r\n",
    ];
    for stage in stages.repeat(4) {
        let mut clients: Vec<TcpStream> = (0..AT_ONCE).map(|_| connected(&server)).collect();
        clients.iter_mut().for_each(|stream| stream.write_all(stage).expect("the server reads"));
        // So that the server has read what they sent before they are gone.
        serves(&server);
    }
    unharmed(&server, AT_ONCE as u64);
    // Its ends of the connections are closed too, once it has noticed.
    let open = || fs::read_dir(format!("/proc/{}/fd", server.pid())).map_or(0, Iterator::count);
    common::wait_until("the server closes what nobody is at the other end of", || open() < AT_ONCE);
}

#[test]
fn on_sigterm_a_body_in_flight_is_sent_to_its_end() {
    let mut child =
        Command::new(program_under_test()).arg("server").stdout(Stdio::piped()).spawn().expect("the server starts");
    let origin = listening_on(child.stdout.as_mut().expect("piped"));

    // More than the sockets on the way can hold, so the server is in the middle of it when it is told.
    let length = 30_000_000;
    let path = format!("/bytes/{length}");
    let mut client = Client::at(&origin);
    client.write(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_eq!(client.head().status, 200);
    send(Signal::SIGTERM, child.id());
    common::wait_until("the server accepts nobody else", || TcpStream::connect(addr(&origin)).is_err());
    let mut body = Vec::new();
    client.0.read_to_end(&mut body).expect("the answer, then the end");
    assert!(body == NoiseBytes::new(0).body(&path, length).flatten().collect::<Vec<u8>>(), "whole and right");
    assert_eq!(child.wait().expect("our child").code(), Some(0));
}
