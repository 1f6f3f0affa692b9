//! Sharing: what pupils reach and what they don't, and how they get in.

use super::harness::{Classroom, guess, json, refused, short};
use common::program_under_test;
use makespan::classroom::wire::RoomState;
use serde_json::json;
use std::process::Command;

#[test]
fn nothing_can_be_started_from_elsewhere() {
    let classroom = Classroom::shared();
    let (pupil, code) = classroom.pupil();
    let join = || pupil.post("/join", &json!({ "code": code }));
    for joined in [false, true] {
        for path in ["/room", "/export", "/join.svg", "/lesson/1"] {
            refused(&pupil.get(path), 404);
        }
        for path in ["/ask", "/run", "/stop"] {
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
fn wrong_codes_are_refused_and_then_nobody_from_there_may_try() {
    let classroom = Classroom::shared();
    let (pupil, code) = classroom.pupil();
    // With letters that no code has.
    let replies = (0..100).map(|_| pupil.post("/join", &json!({ "code": "OOOO-OOOO" }))).collect::<Vec<_>>();
    let limited = replies.iter().position(|reply| reply.status == 429).expect("not a hundred in a moment");
    assert!(limited > 3, "a few may be mistyped");
    replies[..limited].iter().for_each(|reply| assert!(refused(reply, 403).contains("join code")));
    assert!(refused(&pupil.post("/join", &json!({ "code": code })), 429).contains("wait"), "the right one, too");
    refused(&pupil.get("/events"), 403);
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
    // Not on a pupil's page, whoever looks at it before he has joined.
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
        let ended =
            Command::new(program_under_test()).arg("classroom").args(arguments).output().expect("the program is there");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    }
}
