//! Sharing: what pupils reach and what they don't, and how they get in.

use super::harness::{Browser, Classroom, asked, guess, json, refused, short};
use common::{http::Client, program::ended, wait_until};
use makespan::classroom::wire::RoomState;
use serde_json::json;
use std::{path::Path, thread};

#[test]
fn nothing_can_be_started_from_elsewhere() {
    let classroom = Classroom::shared();
    let (pupil, code) = classroom.pupil();
    let join = || pupil.post("/join", &json!({ "code": code }));
    for joined in [false, true] {
        for path in ["/room", "/export", "/join.svg", "/lesson/1"] {
            refused(&pupil.get(path), 404);
        }
        for path in ["/ask", "/run", "/stop", "/clear", "/code", "/hide"] {
            refused(&pupil.post(path, &short()), 404);
        }
        if !joined {
            json::<RoomState>(&join());
        }
    }
    assert_eq!(pupil.get("/").headers["location"], "/join");
    // Joining again is no second seat.
    assert_eq!(json::<RoomState>(&join()).class.seats, 1);
    // And the lecturer's page is no door for others.
    refused(&classroom.browser().post("/join", &json!({ "code": code })), 405);
}

#[test]
fn a_seat_is_needed_to_watch_and_can_not_be_made_up() {
    let classroom = Classroom::shared();
    let (pupil, code) = classroom.pupil();
    for cookie in [None, Some("makespan-seat=0".into()), Some(format!("makespan-seat={}", "0".repeat(32)))] {
        *pupil.cookie.borrow_mut() = cookie;
        refused(&pupil.get("/events"), 403);
        refused(&pupil.post("/guess", &guess("Eve", 1.0)), 403);
    }
    let reply = pupil.post("/join", &json!({ "code": code }));
    let cookie = &reply.headers["set-cookie"];
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{cookie}");
    pupil.listen().until_room("the room", |room| room.class.seats == 1);
}

#[test]
fn wrong_codes_lock_nobody_out() {
    let classroom = Classroom::shared();
    let (pupil, code) = classroom.pupil();
    // At once, so that they wait together. With letters that no code has.
    thread::scope(|scope| {
        for _ in 0..30 {
            scope.spawn(|| {
                let reply = Browser::at(&pupil.origin).post("/join", &json!({ "code": "OOOO-OOOO" }));
                assert!(refused(&reply, 403).contains("join code"));
            });
        }
    });
    refused(&pupil.get("/events"), 403);
    json::<RoomState>(&pupil.post("/join", &json!({ "code": code })));
    pupil.listen().until_room("the room", |room| room.class.seats == 1);
}

#[test]
fn it_is_known_who_is_there_and_one_seat_can_not_hold_all_streams() {
    let classroom = Classroom::shared();
    let (pupil, code) = classroom.pupil();
    let other = Browser::at(&pupil.origin);
    for browser in [&pupil, &other] {
        json::<RoomState>(&browser.post("/join", &json!({ "code": code })));
    }
    let watch = |browser: &Browser| {
        let mut client = Client::at(&browser.origin);
        client.write(browser.request("GET", "/events", &[], ""));
        let status = client.head().status;
        (client, status)
    };
    let mut watching = Vec::new();
    while let (client, 200) = watch(&pupil) {
        watching.push(client);
        assert!(watching.len() < 20, "one seat has no limit");
    }
    assert_eq!((watching.len() > 1, watch(&pupil).1), (true, 429));
    let (_client, status) = watch(&other);
    assert_eq!(status, 200, "others watch all the same");
    let lecturer = classroom.browser();
    wait_until("both are counted once", || lecturer.room().class.connected == 2);
    drop(watching);
    wait_until("one has left", || lecturer.room().class.connected == 1);
    assert_eq!(lecturer.room().class.seats, 2, "and may come back");
}

#[test]
fn the_lecturer_renews_the_code_and_clears_the_room() {
    let classroom = Classroom::shared();
    let lecturer = classroom.browser();
    let (pupil, code) = classroom.pupil();
    let join = |code: &str| Browser::at(&pupil.origin).post("/join", &json!({ "code": code }));
    json::<RoomState>(&pupil.post("/join", &json!({ "code": code })));
    let mut news = pupil.listen();
    news.until_room("the room", |room| room.class.connected == 1);
    let room: RoomState = json(&lecturer.press("/code"));
    assert_eq!((room.class.codes, room.class.seats), (1, 1));
    news.until_room("who has joined stays", |room| room.class.codes == 1);
    refused(&join(code), 403);
    let page = String::from_utf8_lossy(&lecturer.get("/").body).into_owned();
    let renewed =
        page.split("class=\"join-code\">").nth(1).and_then(|rest| rest.get(..9)).expect("the new code").to_owned();
    assert_ne!(renewed, code);
    assert_eq!(join(&renewed).status, 200);

    json::<RoomState>(&lecturer.post("/ask", &asked()));
    json::<RoomState>(&pupil.post("/guess", &guess("Bob", 1.0)));
    let room: RoomState = json(&lecturer.press("/clear"));
    assert_eq!((room.class.seats, room.question.map(|question| question.guesses)), (0, Some(0)));
    news.for_each(drop);
    refused(&pupil.get("/events"), 403);
    refused(&pupil.post("/guess", &guess("Bob", 1.0)), 403);
    json::<RoomState>(&pupil.post("/join", &json!({ "code": renewed })));
    json::<RoomState>(&pupil.post("/guess", &guess("Bob", 1.0)));
}

#[test]
fn the_join_address_is_shown_with_its_code() {
    let classroom = Classroom::shared();
    let (pupil, code) = classroom.pupil();
    let here = classroom.browser();
    let picture = here.get("/join.svg");
    assert_eq!((picture.status, picture.headers["content-type"].as_str()), (200, "image/svg+xml"));
    assert!(String::from_utf8_lossy(&picture.body).contains("<svg"));
    let page = here.get("/");
    assert!(String::from_utf8_lossy(&page.body).contains(code));
    // Not on a student's page, before or after joining.
    assert!(!String::from_utf8_lossy(&pupil.get("/join").body).contains(code));
    // Where nothing is shared, there is nothing to show.
    refused(&Classroom::open().browser().get("/join.svg"), 404);
}

#[test]
fn what_others_reach_has_to_be_asked_for() {
    for (arguments, words) in [
        (["--addr", "0.0.0.0:0"], "use 127.0.0.1, and --share"),
        (["--addr", "192.0.2.1:80"], "use 127.0.0.1, and --share"),
        (["--share", "0.0.0.0"], "not an address of this machine"),
        (["--share", "nowhere"], "not an address of this machine"),
    ] {
        let (_, said) = ended(Path::new("."), &[&["classroom"], &arguments[..]].concat(), 2);
        assert!(said.contains(words), "{said}");
    }
}
