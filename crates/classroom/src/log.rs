//! The events of the current race, for browsers that join late or reconnect.
//!
//! Each event has a number. An event that a later one supersedes is dropped or reduced to what still matters: the live
//! lanes of a run, once it is measured; the bars of a round, once the next round's are there. So a replay stays small,
//! and ends in the same state as all events. No browser has a queue of its own: a slow one finds fewer past events in
//! the log, and delays nobody.

use bytes::Bytes;
use harness::live::Event;
use std::collections::VecDeque;

/// Above this size the oldest details are dropped, even if some browsers have not received them.
const MOST_BYTES: usize = 32 << 20;

/// The events of one race.
#[derive(Debug, Default)]
pub(super) struct RaceLog {
    race: u32,
    entries: VecDeque<LogEvent>,
    /// The number of the next event.
    next: u64,
    bytes: usize,
}

/// One event, as it is sent to browsers.
#[derive(Debug)]
struct LogEvent {
    number: u64,
    kind: EventKind,
    told: Bytes,
    /// What replaces it once it is superseded; `None` to drop it.
    remains: Option<Bytes>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EventKind {
    Preparing,
    SetUp,
    Working,
    Lanes(usize),
    Cores,
    Measured(usize),
    Standings,
    Ended,
}

impl RaceLog {
    /// Clears the log for another race, whose first event gets this number.
    pub(super) fn begin(&mut self, race: u32, first: u64) {
        *self = Self { race, next: first, ..Self::default() };
    }

    /// The race's number.
    pub(super) fn race(&self) -> u32 {
        self.race
    }

    /// The number that the next event will have.
    pub(super) fn end(&self) -> u64 {
        self.next
    }

    /// Appends an event.
    pub(super) fn add(&mut self, event: &Event) {
        let number = self.next;
        self.next += 1;
        let Some(told) = frame(self.race, number, event) else { return };
        let kind = EventKind::of(event);
        self.supersede(kind);
        let remains = remains(event).and_then(|event| frame(self.race, number, &event));
        self.bytes += told.len();
        self.entries.push_back(LogEvent { number, kind, told, remains });
        self.shed();
    }

    /// The next events from this number on, at least one and at most about `most_bytes`, and the number after them;
    /// `None` if there is nothing new.
    pub(super) fn since(&self, number: u64, most_bytes: usize) -> Option<(Vec<u8>, u64)> {
        let first = self.entries.partition_point(|entry| entry.number < number);
        let mut told = Vec::new();
        let mut last = None;
        for entry in self.entries.range(first..) {
            if !told.is_empty() && told.len() + entry.told.len() > most_bytes {
                break;
            }
            told.extend_from_slice(&entry.told);
            last = Some(entry.number);
        }
        last.map(|last| (told, last + 1))
    }

    /// Drops or reduces the events that an event of this kind supersedes.
    fn supersede(&mut self, by: EventKind) {
        let last_lanes = match by {
            EventKind::Measured(cell) => self.entries.iter().rposition(|entry| entry.kind == EventKind::Lanes(cell)),
            _ => None,
        };
        let fate = |place: usize, kind: EventKind| match (by, kind) {
            // Only the last lanes matter: they show how far the run had come.
            (EventKind::Measured(of), EventKind::Lanes(cell)) if of == cell => {
                if last_lanes == Some(place) {
                    Fate::CutDown
                } else {
                    Fate::Dropped
                }
            }
            (EventKind::Measured(of), EventKind::Measured(cell)) if of == cell => Fate::CutDown,
            (EventKind::Preparing, EventKind::Preparing)
            | (EventKind::Working, EventKind::Working)
            | (EventKind::Cores, EventKind::Cores)
            | (EventKind::Standings, EventKind::Standings) => Fate::Dropped,
            _ => Fate::Kept,
        };
        let mut place = 0;
        let bytes = &mut self.bytes;
        self.entries.retain_mut(|entry| {
            place += 1;
            match fate(place - 1, entry.kind) {
                Fate::Kept => true,
                Fate::CutDown => {
                    entry.cut_down(bytes);
                    true
                }
                Fate::Dropped => {
                    *bytes -= entry.told.len();
                    false
                }
            }
        });
    }

    /// Bounds the log's size: the oldest details are dropped first.
    fn shed(&mut self) {
        let mut place = 0;
        while self.bytes > MOST_BYTES && place < self.entries.len() {
            self.entries[place].cut_down(&mut self.bytes);
            place += 1;
        }
    }
}

enum Fate {
    Kept,
    CutDown,
    Dropped,
}

impl LogEvent {
    /// Replaces the event by what remains of it; an event already reduced stays.
    fn cut_down(&mut self, bytes: &mut usize) {
        if let Some(remains) = self.remains.take() {
            *bytes = *bytes - self.told.len() + remains.len();
            self.told = remains;
        }
    }
}

impl EventKind {
    fn of(event: &Event) -> Self {
        match event {
            Event::Preparing { .. } => Self::Preparing,
            Event::SetUp(_) => Self::SetUp,
            Event::Working { .. } => Self::Working,
            Event::Lanes(lanes) => Self::Lanes(lanes.cell),
            Event::Cores { .. } => Self::Cores,
            Event::Measured(measured) => Self::Measured(measured.cell),
            Event::Standings { .. } => Self::Standings,
            Event::Ended { .. } => Self::Ended,
        }
    }
}

/// The event without its details.
fn remains(event: &Event) -> Option<Event> {
    let mut event = event.clone();
    match &mut event {
        Event::Lanes(lanes) if !lanes.changes.is_empty() => lanes.changes.clear(),
        Event::Measured(measured) if !measured.bars.is_empty() => measured.bars.clear(),
        _ => return None,
    }
    Some(event)
}

fn frame(race: u32, number: u64, event: &Event) -> Option<Bytes> {
    // Can't fail: an event has no map, and non-finite numbers become null.
    let json = serde_json::to_string(event).ok()?;
    Some(format!("id: {race}.{number}\nevent: run\ndata: {json}\n\n").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness::{
        live::{
            Race,
            event::{CellTime, Change, Contender, LaneUpdate, RacePlan, RunEnd, Standing, TaskSpan},
        },
        results::record::Check,
    };
    use proptest::prelude::*;
    use work::worker::lane::Activity;

    fn set_up() -> Event {
        let cell = |name: &str| Contender { name: name.into(), strategy: "threads".into(), workers: 2, tasks: 9 };
        Event::SetUp(RacePlan {
            schema: String::new(),
            scenario: "s".into(),
            title: String::new(),
            question: String::new(),
            time_scale: 1.0,
            rounds: 3,
            cores: 2,
            cells: vec![cell("a"), cell("b")],
        })
    }

    fn lanes(cell: usize, run: u64, at: u32, changes: usize) -> Event {
        let change =
            |n| Change { worker: n as u32 % 2, task: Some(at), doing: Activity::Run, at_s: f64::from(at) + n as f64 };
        let changes = (0..changes).map(change).collect();
        Event::Lanes(LaneUpdate {
            cell,
            run,
            clock_s: f64::from(at),
            running: at.is_multiple_of(2),
            in_flight: at,
            tasks_done: at,
            changes,
        })
    }

    fn measured(cell: usize, round: u32, bars: usize) -> Event {
        let bar = |n: usize| {
            let from_s = n as f64;
            TaskSpan { worker: n as u32 % 2, task: None, kind: Activity::Run, from_s, to_s: from_s + 0.5 }
        };
        Event::Measured(CellTime { cell, round, run_s: f64::from(round), bars: (0..bars).map(bar).collect() })
    }

    fn standings(time_s: f64) -> Event {
        let standing = Standing {
            check: Check::Passed,
            error: None,
            task_errors: 0,
            times_s: vec![time_s],
            p99_s: Vec::new(),
            speedup: None,
            place: None,
        };
        Event::Standings { cells: vec![standing.clone(), standing] }
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let one = prop_oneof![
            (0..2_usize, 0..3_u64, 0..9_u32, 0..4_usize).prop_map(|(cell, run, at, n)| lanes(cell, run, at, n)),
            (0..2_usize, 0..3_u32, 0..4_usize).prop_map(|(cell, round, bars)| measured(cell, round, bars)),
            (0..2_usize, 0..9_u32).prop_map(|(cell, step)| Event::Working { cell, timed: step > 2, step, total: 9 }),
            (0.0..9.0).prop_map(standings),
            (0.0..9.0).prop_map(|cores| Event::Cores { cores }),
        ];
        proptest::collection::vec(one, 0..40).prop_map(|all| {
            let before = (0..3).map(|done| Event::Preparing { what: "p".into(), done, total: 3 });
            let after = [Event::Ended { how: RunEnd::Finished }];
            before.chain([set_up()]).chain(all).chain(after).collect()
        })
    }

    /// Parses a piece as a browser would: whole frames, rising numbers.
    fn heard(piece: &[u8]) -> Vec<(u64, Event)> {
        let text = std::str::from_utf8(piece).unwrap();
        let frame = |frame: &str| {
            let lines: Vec<&str> = frame.lines().collect();
            let [id, "event: run", data] = lines[..] else { panic!("{frame}") };
            let number = id.strip_prefix("id: 7.").unwrap().parse().unwrap();
            (number, serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap())
        };
        text.split_terminator("\n\n").map(frame).collect()
    }

    fn race(events: impl IntoIterator<Item = Event>) -> Race {
        let mut race = Race::default();
        events.into_iter().for_each(|event| race.add(event));
        race
    }

    proptest! {
        #[test]
        fn late_and_slow_readers_end_up_with_the_same(
            events in events(), reads in proptest::collection::vec((any::<bool>(), 1..3000_usize), 50),
        ) {
            let (mut log, mut slow, mut next) = (RaceLog::default(), Vec::new(), 0);
            log.begin(7, 100);
            for (event, (reads, most_bytes)) in events.iter().zip(reads) {
                log.add(event);
                if let Some((piece, after)) = log.since(next, most_bytes).filter(|_| reads) {
                    slow.extend(heard(&piece));
                    next = after;
                }
            }
            while let Some((piece, after)) = log.since(next, 500) {
                slow.extend(heard(&piece));
                next = after;
            }
            prop_assert!(slow.is_sorted_by(|(a, _), (b, _)| a < b));
            let late = log.since(0, usize::MAX).unwrap().0;
            let all = race(events);
            prop_assert_eq!(&race(slow.into_iter().map(|(_, event)| event)), &all);
            prop_assert_eq!(race(heard(&late).into_iter().map(|(_, event)| event)), all);
            prop_assert_eq!(log.bytes, late.len());
        }
    }

    #[test]
    fn of_a_measured_run_little_is_kept() {
        let mut log = RaceLog::default();
        log.begin(7, 0);
        for round in 0..30 {
            (0..50).for_each(|at| log.add(&lanes(0, round.into(), at, 20)));
            log.add(&measured(0, round, 100));
            log.add(&standings(1.0));
        }
        // The last run's last lanes, a mark for each round, and the standings.
        assert_eq!(log.entries.len(), 1 + 30 + 1);
        let bars = |event: &Event| if let Event::Measured(measured) = event { measured.bars.len() } else { 0 };
        let kept = heard(&log.since(0, usize::MAX).unwrap().0);
        assert_eq!(kept.iter().map(|(_, event)| bars(event)).sum::<usize>(), 100);
    }

    #[test]
    fn it_stays_within_its_bounds_whatever_is_told() {
        let mut log = RaceLog::default();
        log.begin(7, 0);
        let long = lanes(0, 1, 2, 20_000);
        for _ in 0..60 {
            log.add(&long);
            assert!(log.bytes <= MOST_BYTES);
        }
        let kept = heard(&log.since(0, usize::MAX).unwrap().0);
        assert_eq!((kept.len(), &kept[59].1), (60, &long));
    }
}
