//! Predictions: given, changed, sealed, revealed; and those that don't count.

use super::harness::{Classroom, asked, guess, json, long, refused, rooms, short};
use common::schema::{complaints, validator};
use makespan::classroom::wire::{RacePhase, RaceRequest, RoomState};
use serde_json::{Value, json};

/// Holds an export against the schema that ships.
fn is_valid(export: &Value) {
    assert_eq!(complaints(&validator("classroom-1"), export), [""; 0]);
}

#[test]
fn guesses_are_sealed_and_then_revealed() {
    let classroom = Classroom::shared();
    let lecturer = classroom.browser();
    let (pupil, code) = classroom.pupil();
    assert!(refused(&pupil.post("/guess", &guess("Bob", 1.0)), 403).contains("join first"));
    let joined: RoomState = json(&pupil.post("/join", &json!({ "code": code.to_lowercase().replace('-', "") })));
    assert_eq!((joined.phase, joined.class.seats), (RacePhase::Idle, 1));
    assert!(refused(&pupil.post("/guess", &guess("Bob", 1.0)), 409).contains("no question is open"));

    let mut news = pupil.listen();
    let room: RoomState = json(&lecturer.post("/ask", &asked()));
    assert_eq!(room.question.unwrap().text, "How long will 2 threads take?");
    assert!(refused(&lecturer.post("/ask", &asked()), 409).contains("already"));
    json::<RoomState>(&pupil.post("/guess", &guess("Bob", 7.5)));
    json::<RoomState>(&pupil.post("/guess", &guess("Bob", 6.25)));
    // On this machine no code is needed: a browser has a seat by its first guess, or by the page.
    let page = lecturer.get("/join");
    let cookie = &page.headers["set-cookie"];
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{cookie}");
    json::<RoomState>(&lecturer.post("/guess", &guess("Ann", 0.0123)));
    let third = classroom.browser();
    json::<RoomState>(&third.post("/guess", &guess("", 9.0)));
    let room = lecturer.room();
    assert_eq!((room.question.as_ref().unwrap().guesses, room.class.seats), (3, 3));

    json::<RoomState>(&lecturer.press("/run"));
    assert!(refused(&pupil.post("/guess", &guess("Bob", 0.02)), 409).contains("sealed"));
    let told = news.until_room("the end", |room| room.phase == RacePhase::Over);
    for room in rooms(&told) {
        let heard = serde_json::to_string(room).unwrap();
        let is_open = ["6.25", "7.5", "0.0123", "Ann", "Bob"].iter().any(|secret| heard.contains(secret));
        assert_eq!(is_open, room.phase == RacePhase::Over, "{heard}");
    }
    let revealed = rooms(&told).last().unwrap().question.as_ref().unwrap().revealed.clone().unwrap();
    let seconds: Vec<f64> = revealed.guesses.iter().map(|guess| guess.seconds).collect();
    assert_eq!((seconds, revealed.median, revealed.rounds), (vec![0.0123, 6.25, 9.0], Some(6.25), 2));
    // Two rounds may not tell who was closer, but hers can't be farther off than all others.
    assert_eq!(revealed.closest[0], "Ann");
    assert!(revealed.measured.low <= revealed.measured.estimate);

    let export: Value = json(&lecturer.get("/export"));
    assert_eq!(export["schema"], "makespan.classroom/1");
    let race = &export["races"][0];
    assert_eq!((&race["race"], &race["ended"]), (&json!(1), &json!("finished")));
    assert_eq!(race["cells"][1]["name"], "threads x 2");
    let times_s = race["cells"][1]["times_s"].as_array().unwrap();
    let mean_s = times_s.iter().map(|time| time.as_f64().unwrap()).product::<f64>().sqrt();
    assert!((race["question"]["measured"]["estimate"].as_f64().unwrap() - mean_s).abs() < 1e-12);
    assert_eq!(race["question"]["guesses"].as_array().unwrap().len(), 3);
    is_valid(&export);
}

#[test]
fn a_question_that_is_taken_back_reveals_nothing() {
    let classroom = Classroom::open();
    let browser = classroom.browser();
    json::<RoomState>(&browser.post("/ask", &asked()));
    json::<RoomState>(&browser.post("/guess", &guess("Ann", 1.0)));
    assert_eq!(json::<Value>(&browser.get("/export"))["races"], json!([]), "nothing is exported before it is over");
    let room: RoomState = json(&browser.press("/stop"));
    assert_eq!((room.phase, room.question.unwrap().revealed), (RacePhase::Over, None));
    is_valid(&json(&browser.get("/export")));
    assert!(refused(&browser.press("/run"), 409).contains("nothing was asked"));
    // Another one can be asked, and is another one.
    let room: RoomState = json(&browser.post("/ask", &asked()));
    assert_eq!((room.race, room.question.unwrap().guesses), (Some(2), 0));
}

#[test]
fn absurd_guesses_do_not_count_and_hostile_names_are_only_names() {
    let classroom = Classroom::open();
    let browser = classroom.browser();
    json::<RoomState>(&browser.post("/ask", &RaceRequest { rounds: 1, ..asked() }));
    for absurd in ["0", "-1", "0.0009", "86401", "1e-320", "1e3", "0x10", "inf", "NaN", "1.2.3", "1 000", "soon", ""] {
        let refusal = refused(&browser.post("/guess", &guess("Ann", absurd)), 400);
        assert!(refusal.contains("`seconds`: found") && refusal.contains("expected"), "{refusal}");
    }
    let raw = |body: &str| browser.ask("POST", "/guess", &["Content-Type: application/json"], body);
    for garbage in [
        "",
        "{",
        "[]",
        "1e999",
        r#"{"name":"a","seconds":1}"#,
        r#"{"name":"a","seconds":NaN}"#,
        r#"{"name":"a","seconds":"1","seat":"0"}"#,
        r#"{"seconds":"1"}"#,
        r#"{"name":"\ud800","seconds":"1"}"#,
    ] {
        refused(&raw(garbage), 400);
    }
    assert_eq!(browser.room().question.unwrap().guesses, 0);

    let hostile =
        ["<img src=x onerror=alert(1)>", "\u{202e}txt.exe\u{202c}", "a\r\nevent: room\ndata: {}\n\n", "\u{0}\u{7}"];
    for name in hostile {
        json::<RoomState>(&classroom.browser().post("/guess", &guess(name, 1.0)));
    }
    let mut news = browser.listen();
    json::<RoomState>(&browser.press("/run"));
    let told = news.until_room("the end", |room| room.phase == RacePhase::Over);
    let revealed = rooms(&told).last().unwrap().question.as_ref().unwrap().revealed.clone().unwrap();
    let mut names: Vec<&str> = revealed.guesses.iter().map(|guess| guess.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["", "<img src=x onerror=alert", "a  event: room data: {}", "txt.exe"]);
    // One round has no scatter: the interval is that one figure.
    let measured = revealed.measured;
    assert_eq!((revealed.rounds, measured.low, measured.high), (1, measured.estimate, measured.estimate));
}

#[test]
fn a_seat_that_guesses_without_end_has_to_wait() {
    let classroom = Classroom::open();
    let browser = classroom.browser();
    json::<RoomState>(&browser.post("/ask", &asked()));
    let refusal = (0..100).map(|_| browser.post("/guess", &guess("Ann", 1.0))).find(|reply| reply.status != 200);
    assert!(refused(&refusal.expect("not a hundred in a moment"), 429).contains("wait"));
    json::<RoomState>(&classroom.browser().post("/guess", &guess("Bob", 1.0)));
}

#[test]
fn what_is_asked_has_a_cell_and_what_is_run_at_once_has_no_question() {
    let classroom = Classroom::open();
    let browser = classroom.browser();
    refused(&browser.post("/ask", &short()), 400);
    refused(&browser.post("/run", &asked()), 400);
    let unknown = RaceRequest { ask: Some("threads x 3".into()), ..long() };
    assert!(refused(&browser.post("/ask", &unknown), 400).contains("did you mean `threads x 2`?"));
    assert_eq!(browser.room().phase, RacePhase::Idle);
}

#[test]
fn without_python_the_class_is_not_asked_about_a_race_in_python() {
    let (classroom, in_python) = (Classroom::without_python(), "python/threads");
    let asked_about =
        RaceRequest { strategies: vec![in_python.into()], ask: Some(format!("{in_python} x 2")), ..short() };
    let lecturer = classroom.browser();
    let why = refused(&lecturer.post("/ask", &asked_about), 409);
    assert!(why.contains("needs a Python") && why.contains("no `python3` on PATH"), "{why}");
    json::<RoomState>(&lecturer.post("/ask", &asked()));
}
