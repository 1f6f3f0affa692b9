//! Races: watched by several, by latecomers and by viewers that reconnect; stopped, killed.

use super::harness::{Browser, Classroom, Told, asked, json, long, race, refused, rooms, short};
use common::{left_behind::send, wait_until};
use makespan::{
    classroom::wire::{RacePhase, RaceRequest, RoomState},
    live::{Event, event::RunEnd},
};
use nix::sys::signal::Signal;
use std::{io, net::TcpStream};
use tokio::{net::TcpSocket, runtime};

fn is_over(room: &RoomState) -> bool {
    room.phase == RacePhase::Over
}

#[test]
fn several_browsers_see_one_race() {
    let classroom = Classroom::open();
    let browser = classroom.browser();
    let (mut first, mut second) = (browser.listen(), classroom.browser().listen());
    let room: RoomState = json(&browser.post("/run", &short()));
    assert_eq!((room.phase, room.race, room.wanted), (RacePhase::Running, Some(1), Some(short())));
    let command = "makespan run latency_only --strategy threads --workers 2 --rounds 2 --time-scale 10";
    assert_eq!(room.command.as_deref(), Some(command));

    let (seen, seen_too) = (first.until_room("the end", is_over), second.until_room("the end", is_over));
    let over = race(&seen);
    assert_eq!(over, race(&seen_too));
    assert_eq!(over.ended, Some(RunEnd::Finished));
    let names: Vec<&str> = over.entries.iter().map(|entry| entry.cell.name.as_str()).collect();
    assert_eq!(names, ["sequential x 1", "threads x 2"]);
    for entry in &over.entries {
        assert_eq!(entry.standing.as_ref().unwrap().times_s.len(), 2);
        assert_eq!((entry.lanes.len() as u32, entry.running), (entry.cell.workers, false));
    }
    let phases: Vec<RacePhase> = rooms(&seen).iter().map(|room| room.phase).collect();
    assert_eq!(phases, [RacePhase::Idle, RacePhase::Running, RacePhase::Over]);
    let told = *rooms(&seen).last().unwrap();
    assert_eq!((&told.ended, told), (&Some(RunEnd::Finished), &browser.room()));

    // A browser that joins after the end sees the whole race.
    let late = browser.listen().until_event("the end", |event| matches!(event, Event::Ended { .. }));
    assert_eq!(race(&late), over);
    assert!(late.len() <= seen.len());
}

#[test]
fn a_reload_in_mid_run_misses_nothing() {
    let classroom = Classroom::open();
    let browser = classroom.browser();
    let mut news = browser.listen();
    json::<RoomState>(&browser.post("/run", &RaceRequest { time_scale: Some(2.0), ..long() }));
    let mut heard = news.until_event("a measurement", |event| matches!(event, Event::Measured(_)));
    heard.extend(news.until_event("another cell", |event| matches!(event, Event::Lanes(_))));
    drop(news);

    let Some(Told::Run(id, _)) = heard.last() else { panic!("{heard:?}") };
    let number = |id: &str| id.strip_prefix("1.").expect("of race 1").parse::<u64>().unwrap();
    let last = number(id);
    let (mut again, mut fresh) = (browser.listen_after(Some(id)), browser.listen());
    // An id that was never given, and one of another race, are as good as none.
    let mut strange = [browser.listen_after(Some("1.99999999999999999")), browser.listen_after(Some("7.3"))];
    json::<RoomState>(&browser.press("/stop"));
    heard.extend(again.until_room("the end", is_over).into_iter().inspect(|told| {
        if let Told::Run(id, _) = told {
            assert!(number(id) > last, "{id} was heard before");
        }
    }));
    let whole = fresh.until_room("the end", is_over);
    assert!(matches!(&whole[1], Told::Run(_, Event::SetUp(_) | Event::Preparing { .. })), "{:?}", whole[1]);
    assert_eq!(race(&heard), race(&whole));
    for news in &mut strange {
        assert_eq!(race(&news.until_room("the end", is_over)), race(&whole));
    }
    assert_eq!(race(&whole).ended, Some(RunEnd::Stopped));
}

#[test]
fn a_race_that_is_stopped_leaves_nothing_behind() {
    let classroom = Classroom::open();
    let browser = classroom.browser();
    assert!(refused(&browser.press("/stop"), 409).contains("no race is running"));
    let mut news = browser.listen();
    json::<RoomState>(&browser.post("/run", &RaceRequest { strategies: vec!["processes".into()], ..long() }));
    news.until_timed();
    assert!(classroom.started().len() >= 2, "the run and its server at least");
    json::<RoomState>(&browser.press("/stop"));
    let told = news.until_room("the end", is_over);
    assert_eq!(rooms(&told).last().unwrap().ended, Some(RunEnd::Stopped));
    wait_until("all its processes are gone", || classroom.started().is_empty());
}

#[test]
fn one_runs_at_a_time_and_nothing_starts_by_itself() {
    let classroom = Classroom::open();
    let browser = classroom.browser();
    let mut news = browser.listen();
    json::<RoomState>(&browser.post("/run", &long()));
    for reply in [browser.post("/run", &short()), browser.press("/run"), browser.post("/ask", &asked())] {
        refused(&reply, 409);
    }
    assert!(refused(&browser.post("/run", &short()), 409).contains("under way"));
    json::<RoomState>(&browser.press("/stop"));
    news.until_room("the end", is_over);
    assert_eq!(browser.room().race, Some(1));
    json::<RoomState>(&browser.post("/ask", &asked()));
    assert!(refused(&browser.post("/run", &short()), 409).contains("open already"));
    json::<RoomState>(&browser.press("/run"));
    news.until_room("the second one's end", |room| is_over(room) && room.race == Some(2));
}

#[test]
fn a_race_that_is_killed_has_failed_and_the_next_one_runs() {
    let classroom = Classroom::open();
    let browser = classroom.browser();
    let mut news = browser.listen();
    json::<RoomState>(&browser.post("/run", &long()));
    news.until_timed();
    send(Signal::SIGKILL, classroom.race_process());
    let told = news.until_room("the end", is_over);
    let ended = rooms(&told).last().unwrap().ended.clone();
    assert!(matches!(ended, Some(RunEnd::Failed(_))), "{ended:?}");
    wait_until("all its processes are gone", || classroom.started().is_empty());

    json::<RoomState>(&browser.post("/run", &short()));
    let told = news.until_room("the end", |room| is_over(room) && room.race == Some(2));
    assert_eq!(rooms(&told).last().unwrap().ended, Some(RunEnd::Finished));
}

/// A connection that takes as little as the system lets it.
fn narrow(origin: &str) -> io::Result<TcpStream> {
    let addr = origin.trim_start_matches("http://").parse().expect("an address");
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(1024)?;
        socket.connect(addr).await
    })?;
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}

#[test]
fn who_reads_slowly_holds_nobody_up_and_sees_the_same_in_the_end() {
    let classroom = Classroom::open();
    let browser = classroom.browser();
    let mut slow = Browser::at(&classroom.here).listen_on(narrow(&classroom.here).unwrap(), None);
    let mut news = browser.listen();
    let many = RaceRequest { rounds: 20, workers: vec!["2".into(), "5".into()], time_scale: Some(20.0), ..short() };
    json::<RoomState>(&browser.post("/run", &many));
    let seen = news.until_room("the end", is_over);
    let late = slow.until_room("the end", is_over);
    assert_eq!(race(&late), race(&seen));
    assert!(late.len() < seen.len(), "what was superseded meanwhile was not kept for it");
}
