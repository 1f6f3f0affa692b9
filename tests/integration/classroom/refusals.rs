//! What is refused, and how: strangers, pages of others, what is too long, what is no HTTP.

use super::harness::{Classroom, json, refused, short};
use common::{http::Client, wait_until};
use makespan::classroom::wire::{RacePhase, RaceRequest, RoomState};
use std::io::{Read, Write};

#[test]
fn every_answer_has_the_strict_headers() {
    let classroom = Classroom::shared();
    let (here, (pupil, _)) = (classroom.browser(), classroom.pupil());
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                  form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    for (reply, status) in [
        (here.get("/"), 200),
        (here.get("/join"), 200),
        (here.get("/join.svg"), 200),
        (here.get("/assets/classroom.css"), 200),
        (here.get("/assets/classroom.js"), 200),
        (here.get("/room"), 200),
        (here.get("/export"), 200),
        (here.get("/lesson/0"), 404),
        (here.get("/nothing"), 404),
        (here.press("/"), 405),
        (pupil.get("/"), 303),
        (pupil.get("/join"), 200),
        (pupil.get("/events"), 403),
        (pupil.ask("GET", "/join", &["Host: evil.example"], ""), 403),
    ] {
        assert_eq!(reply.status, status);
        for (name, value) in [
            ("content-security-policy", policy),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(reply.headers.get(name).map(String::as_str), Some(value), "{status}");
        }
        assert!(!reply.headers.contains_key("access-control-allow-origin"));
    }
}

#[test]
fn strangers_and_pages_of_others_are_refused() {
    let classroom = Classroom::open();
    let browser = classroom.browser();
    let host = browser.origin.trim_start_matches("http://").to_owned();
    let port = host.rsplit(':').next().unwrap();
    let body = serde_json::to_string(&short()).unwrap();
    let post = |headers: &[&str]| browser.ask("POST", "/run", headers, &body);
    let json_type = "Content-Type: application/json";
    for stranger in ["evil.example", "evil.example:80", &format!("evil.example:{port}"), "127.0.0.1", "[::1]"] {
        let stranger = format!("Host: {stranger}");
        refused(&browser.ask("GET", "/room", &[&stranger], ""), 403);
        refused(&browser.ask("GET", "/events", &[&stranger], ""), 403);
        refused(&post(&[&stranger, json_type]), 403);
    }
    for origin in ["null", "http://evil.example", &format!("http://localhost:{port}"), &format!("https://{host}")] {
        refused(&post(&[json_type, &format!("Origin: {origin}")]), 403);
    }
    refused(&post(&[json_type, "Sec-Fetch-Site: cross-site"]), 403);
    refused(&browser.ask("GET", "/events", &["Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: cors"], ""), 403);
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        refused(&post(&[&format!("Content-Type: {media_type}")]), 415);
    }
    refused(&post(&[]), 415);
    assert_eq!(browser.room().phase, RacePhase::Idle, "nothing of that was done");
    assert_eq!(browser.ask("GET", "/room", &[&format!("Host: localhost:{port}")], "").status, 200);
    let own = format!("Origin: http://{host}");
    let room: RoomState = json(&post(&[json_type, &own, "Sec-Fetch-Site: same-origin"]));
    assert_eq!(room.phase, RacePhase::Running);
}

#[test]
fn what_is_too_large_or_unknown_is_refused_with_a_reason() {
    let classroom = Classroom::open();
    let browser = classroom.browser();
    for (wanted, words) in [
        (RaceRequest { workers: vec!["100000".into()], ..short() }, "at most"),
        (RaceRequest { scenario: "../secret.toml".into(), ..short() }, "unknown scenario"),
        (RaceRequest { scenario: "--events".into(), ..short() }, "unknown scenario"),
        (RaceRequest { rounds: 31, ..short() }, "1 to 30"),
    ] {
        assert!(refused(&browser.post("/run", &wanted), 400).contains(words));
    }
    assert!(refused(&browser.post("/run", &"x".repeat(20_000)), 413).contains("16384"));
    let refusal = browser.press("/room");
    assert_eq!(refusal.headers["allow"], "GET");
    assert!(refused(&refusal, 405).contains("GET"));
    assert!(refused(&browser.ask("DELETE", "/run", &[], ""), 405).contains("POST"));
    refused(&browser.get("/assets/../classroom.css"), 404);
    assert_eq!(browser.room().phase, RacePhase::Idle);
}

#[test]
fn what_is_no_request_ends_its_own_connection_alone() {
    let classroom = Classroom::open();
    let browser = classroom.browser();
    let head = format!("GET / HTTP/1.1\r\nHost: {}\r\n", browser.origin.trim_start_matches("http://"));
    let long = format!("{head}X: {}\r\n\r\n", "x".repeat(100_000));
    let ambiguous = format!("{head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n");
    for garbage in ["\0\0\0\0", "GET\r\n\r\n", "\x16\x03\x01\x02\0", long.as_str(), &ambiguous] {
        let mut client = Client::at(&browser.origin);
        // It may be gone before all of it is said.
        let _ = client.0.get_mut().write_all(garbage.as_bytes());
        let mut answer = Vec::new();
        let _ = client.0.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{garbage:.20}");
    }
    // A body that was announced and never comes holds up nobody.
    let mut client = Client::at(&browser.origin);
    let post = head.replace("GET /", "POST /run");
    client.write(format!("{post}Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{{"));
    assert_eq!(browser.room().phase, RacePhase::Idle);
}

#[test]
fn so_many_may_watch_and_who_leaves_makes_room() {
    let classroom = Classroom::open();
    let origin = classroom.browser().origin;
    let head = format!("GET /events HTTP/1.1\r\nHost: {}\r\n\r\n", origin.trim_start_matches("http://"));
    let watch = || {
        let mut client = Client::at(&origin);
        client.write(&head);
        let reply = client.head();
        (client, reply)
    };
    let mut watching = Vec::new();
    let refusal = loop {
        let (client, reply) = watch();
        if reply.status != 200 {
            break reply;
        }
        watching.push(client);
        assert!(watching.len() < 900, "there is no limit");
    };
    assert!(watching.len() >= 100, "a lecture hall: {}", watching.len());
    assert_eq!((refusal.status, refusal.headers["retry-after"].as_str()), (503, "5"));
    watching.pop();
    wait_until("there is room again", || watch().1.status == 200);
}
