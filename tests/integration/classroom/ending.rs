//! How the classroom closes, whatever goes on in it.

use super::harness::{Classroom, json, long};
use common::{left_behind::send, program::ended, wait_until};
use makespan::classroom::wire::{RaceRequest, RoomState};
use nix::sys::signal::Signal;
use std::{net::TcpListener, path::Path};

#[test]
fn ctrl_c_ends_streams_and_the_race_and_leaves_nothing_behind() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut classroom = Classroom::shared();
        let browser = classroom.browser();
        let (mut news, other) = (browser.listen(), browser.listen());
        json::<RoomState>(&browser.post("/run", &RaceRequest { strategies: vec!["processes".into()], ..long() }));
        news.until_timed();
        assert!(!classroom.started().is_empty());
        classroom.signal(signal);
        // Both come to an end, and not by being cut off.
        other.for_each(drop);
        news.for_each(drop);
        assert_eq!(classroom.ends().code(), Some(0));
        assert_eq!(classroom.started(), [0; 0]);
    }
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_a_race_that_hangs() {
    let mut classroom = Classroom::open();
    let browser = classroom.browser();
    let mut news = browser.listen();
    json::<RoomState>(&browser.post("/run", &long()));
    news.until_timed();
    send(Signal::SIGSTOP, classroom.race_process());
    classroom.signal(Signal::SIGINT);
    // It has heard the first one.
    news.for_each(drop);
    classroom.signal(Signal::SIGINT);
    assert_eq!(classroom.ends().code(), Some(130));
    // The system wakes processes that stand still and have lost their parent, and tells them to end.
    wait_until("the race is gone", || classroom.started().is_empty());
}

#[test]
fn killed_it_takes_the_race_with_it() {
    let mut classroom = Classroom::open();
    let browser = classroom.browser();
    let mut news = browser.listen();
    json::<RoomState>(&browser.post("/run", &long()));
    news.until_timed();
    classroom.signal(Signal::SIGKILL);
    classroom.ends();
    wait_until("the race is gone", || classroom.started().is_empty());
}

#[test]
fn a_port_that_is_taken_is_said_to_be() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    for arguments in [vec!["--addr", &addr], vec!["--share", &addr]] {
        let (said, words) = ended(Path::new("."), &[&["classroom"], &arguments[..]].concat(), 1);
        assert!(said.is_empty() && words.contains(&addr) && words.contains("in use"), "{said}{words}");
    }
}
