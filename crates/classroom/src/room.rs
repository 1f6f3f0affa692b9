//! The room: the current race, its question, and the races before it.
//!
//! ```text
//!          ask              run             over
//!   Idle -------> Asking ---------> Running -----> Over
//!     \_________________run________/                 \___ ask or run again
//! ```
//!
//! Nothing is queued: a race starts when the lecturer wants it, so that no race takes a result away unasked.
//!
//! Pure: no clock, no threads, no sockets. All rules about what is allowed when are here, with their tests.

use super::{
    guesses::AskedQuestion,
    participants::StudentSeat,
    race_request::Checked,
    wire::{self, RacePhase},
};
use harness::live::event::{RunEnd, Standing};
use stats::median::median;
use std::collections::{HashSet, VecDeque};
use support::{figures::time, words::listed};

/// A request that the room's state doesn't allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotNow {
    #[error("a race is under way: wait until it is over, or stop it")]
    UnderWay,
    #[error("a question is open already: run the race, or stop to withdraw the question")]
    AskedAlready,
    #[error("nothing was asked: choose a race to run")]
    NothingAsked,
    #[error("a question needs time for guesses: ask it with POST /ask, or leave `ask` null")]
    NoTimeToGuess,
    #[error("no race is running and no question is open")]
    NothingToStop,
    #[error("no question is open")]
    NoQuestion,
    #[error("the guesses are sealed: the race has begun")]
    Sealed,
    #[error("a question is asked about a cell, and `ask` names none")]
    NoCell,
}

/// One race, from the question to the result.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CurrentRace {
    pub number: u32,
    pub phase: RacePhase,
    pub race: Checked,
    pub question: Option<AskedQuestion>,
    pub ended: Option<RunEnd>,
    /// Each cell's standing, by the cell's name.
    pub standings: Vec<(String, Standing)>,
}

/// What to do about a stopped race.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopRace {
    /// It runs: its process has to be stopped.
    Race,
    /// Nothing: it was not running yet.
    Nothing,
}

/// The room.
#[derive(Debug, Default)]
pub(super) struct Room {
    current: Option<CurrentRace>,
    races: u32,
    /// Races before the current one, oldest first.
    past: VecDeque<CurrentRace>,
    /// Participants whose name was hidden: they have none any more.
    nameless: HashSet<StudentSeat>,
}

/// Races kept for the export.
const MOST_PAST: usize = 500;

impl Room {
    /// The current race.
    pub(super) fn current(&self) -> Option<&CurrentRace> {
        self.current.as_ref()
    }

    /// Finished races, oldest first.
    pub(super) fn over(&self) -> impl Iterator<Item = &CurrentRace> {
        self.past.iter().chain(self.current.iter().filter(|current| current.phase == RacePhase::Over))
    }

    /// Asks the class, which may guess from now on.
    pub(super) fn ask(&mut self, race: Checked) -> Result<(), NotNow> {
        if race.question.is_none() {
            return Err(NotNow::NoCell);
        }
        match self.phase() {
            RacePhase::Asking => Err(NotNow::AskedAlready),
            RacePhase::Running => Err(NotNow::UnderWay),
            RacePhase::Idle | RacePhase::Over => {
                self.turn_to(race, RacePhase::Asking);
                Ok(())
            }
        }
    }

    /// Runs the race that the class was asked about. Guesses are sealed.
    pub(super) fn run_asked(&mut self) -> Result<(), NotNow> {
        let asked = self.current.as_mut().filter(|current| current.phase == RacePhase::Asking);
        asked.ok_or(NotNow::NothingAsked)?.phase = RacePhase::Running;
        Ok(())
    }

    /// Runs a race without a question.
    pub(super) fn run(&mut self, race: Checked) -> Result<(), NotNow> {
        if race.question.is_some() {
            return Err(NotNow::NoTimeToGuess);
        }
        match self.phase() {
            RacePhase::Asking => Err(NotNow::AskedAlready),
            RacePhase::Running => Err(NotNow::UnderWay),
            RacePhase::Idle | RacePhase::Over => {
                self.turn_to(race, RacePhase::Running);
                Ok(())
            }
        }
    }

    /// Withdraws the question, or reports that the running race has to be stopped.
    pub(super) fn stop(&mut self) -> Result<StopRace, NotNow> {
        match self.phase() {
            RacePhase::Idle | RacePhase::Over => Err(NotNow::NothingToStop),
            RacePhase::Running => Ok(StopRace::Race),
            RacePhase::Asking => {
                self.ended(RunEnd::Stopped);
                Ok(StopRace::Nothing)
            }
        }
    }

    /// Records a guess, or replaces an earlier one.
    pub(super) fn guess(&mut self, seat: StudentSeat, mut guess: wire::Guess) -> Result<(), NotNow> {
        if self.nameless.contains(&seat) {
            guess.name.clear();
        }
        let current = self.current.as_mut().ok_or(NotNow::NoQuestion)?;
        match (current.phase, &mut current.question) {
            (RacePhase::Asking, Some(question)) => {
                question.guess(seat, guess);
                Ok(())
            }
            (RacePhase::Running, Some(_)) => Err(NotNow::Sealed),
            _ => Err(NotNow::NoQuestion),
        }
    }

    /// Hides a name in all results, and from now on every name of those who gave it.
    pub(super) fn hide(&mut self, name: &str) {
        let races = self.past.iter_mut().chain(&mut self.current);
        let questions = races.filter_map(|race| race.question.as_mut());
        self.nameless.extend(questions.flat_map(|question| question.hide(name)));
    }

    /// Everybody has left: their guesses at an open question count no more. Results stay.
    pub(super) fn clear(&mut self) {
        self.nameless.clear();
        let asking = self.current.as_mut().filter(|current| current.phase == RacePhase::Asking);
        asking.and_then(|current| current.question.as_mut()).into_iter().for_each(AskedQuestion::clear);
    }

    /// Updates the standings of the running race's cells.
    pub(super) fn stand(&mut self, standings: Vec<(String, Standing)>) {
        if let Some(current) = self.current.as_mut().filter(|current| current.phase == RacePhase::Running) {
            current.standings = standings;
        }
    }

    /// Ends the race, and reveals the guesses if its cell was measured.
    pub(super) fn ended(&mut self, how: RunEnd) {
        let Some(current) = &mut self.current else { return };
        current.phase = RacePhase::Over;
        current.ended = Some(how);
        if let Some(question) = &mut current.question {
            // Measured in several Pythons, the cell is there once for each: the first is the one that was named first.
            let in_python = format!("{}, Python ", question.cell);
            let is_asked = |name: &str| name == question.cell || name.starts_with(&in_python);
            let asked = current.standings.iter().find(|(name, _)| is_asked(name));
            if let Some((name, _)) = asked {
                question.cell.clone_from(name);
            }
            // Where requests come at their own pace, the run takes as long as they come: latencies tell.
            let measured = |standing: &Standing| {
                if standing.p99_s.is_empty() { standing.times_s.clone() } else { standing.p99_s.clone() }
            };
            question.reveal(&asked.map(|(_, standing)| measured(standing)).unwrap_or_default());
        }
    }

    /// What everybody may see now.
    pub(super) fn to_wire(&self, class: wire::ClassState) -> wire::RoomState {
        let current = self.current.as_ref();
        wire::RoomState {
            phase: self.phase(),
            race: current.map(|current| current.number),
            wanted: current.map(|current| current.race.wanted.clone()),
            command: current.map(|current| current.race.command()),
            waits_s: current.and_then(|current| current.race.waits_s),
            question: current.and_then(|current| Some(current.question.as_ref()?.to_wire())),
            class,
            ended: current.and_then(|current| current.ended.clone()),
            quiz: None,
        }
    }

    fn phase(&self) -> RacePhase {
        self.current.as_ref().map_or(RacePhase::Idle, |current| current.phase)
    }

    /// What the race that comes before this one took, if it was run.
    fn measured_before(&self, race: &Checked) -> Option<String> {
        let before = race.before.as_ref()?;
        let earlier =
            self.current.iter().chain(self.past.iter().rev()).find(|earlier| earlier.race.wanted == *before)?;
        let took = earlier.standings.iter().filter_map(|(name, standing)| {
            let name = name.split(',').next()?;
            Some(format!("{name} took {}", time(median(&standing.times_s)?)))
        });
        let took: Vec<String> = took.collect();
        (!took.is_empty()).then(|| format!("Measured before: {}.", listed(&took, "and")))
    }

    fn turn_to(&mut self, race: Checked, phase: RacePhase) {
        let cell = race.wanted.ask.clone();
        let asked = race.question.clone().zip(cell);
        let facts =
            [race.facts.clone()].into_iter().chain(self.measured_before(&race)).collect::<Vec<_>>().join("\n\n");
        let question = asked.map(|(text, cell)| AskedQuestion::new(text, facts, cell));
        self.races += 1;
        let next = CurrentRace { number: self.races, phase, race, question, ended: None, standings: Vec::new() };
        self.past.extend(self.current.replace(next));
        if self.past.len() > MOST_PAST {
            self.past.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{export::ClassExport, race_request},
        *,
    };
    use harness::results::record::Check;
    use proptest::prelude::*;
    use std::collections::HashMap;

    const CELL: &str = "threads x 2";

    fn race(ask: bool) -> Checked {
        let wanted = wire::RaceRequest {
            scenario: "latency_only".into(),
            variant: None,
            strategies: vec!["threads".into()],
            workers: vec!["2".into()],
            schedules: Vec::new(),
            rounds: 2,
            time_scale: None,
            ask: ask.then(|| CELL.into()),
        };
        race_request::check(wanted).unwrap()
    }

    fn standings(times_s: &[f64]) -> Vec<(String, Standing)> {
        let times_s = times_s.to_vec();
        let standing = Standing {
            check: Check::Passed,
            error: None,
            task_errors: 0,
            times_s,
            p99_s: Vec::new(),
            speedup: None,
            place: None,
        };
        vec![("sequential x 1".into(), standing.clone()), (CELL.into(), standing)]
    }

    #[derive(Debug, Clone)]
    enum RoomStep {
        Ask,
        RunAsked,
        Run,
        Stop,
        Guess(usize, f64),
        Measure,
        End,
    }

    fn step() -> impl Strategy<Value = RoomStep> {
        prop_oneof![
            3 => Just(RoomStep::Ask),
            2 => Just(RoomStep::RunAsked),
            2 => Just(RoomStep::Run),
            1 => Just(RoomStep::Stop),
            6 => (0..4_usize, 1.0..9.0).prop_map(|(seat, seconds)| RoomStep::Guess(seat, seconds)),
            2 => Just(RoomStep::Measure),
            2 => Just(RoomStep::End),
        ]
    }

    proptest! {
        #[test]
        fn guesses_are_sealed_and_secret_until_they_are_revealed(steps in proptest::collection::vec(step(), 0..60)) {
            let (asks, plain) = (race(true), race(false));
            let seats: Vec<StudentSeat> = (0..4).map(|_| StudentSeat::random().unwrap()).collect();
            let (mut room, mut guessed, mut numbers) = (Room::default(), HashMap::new(), 0);
            for (at, step) in steps.into_iter().enumerate() {
                let before = room.phase();
                match step {
                    RoomStep::Ask => {
                        let done = room.ask(asks.clone()).is_ok();
                        prop_assert_eq!(done, matches!(before, RacePhase::Idle | RacePhase::Over));
                        if done { guessed.clear() }
                    }
                    RoomStep::RunAsked => prop_assert_eq!(room.run_asked().is_ok(), before == RacePhase::Asking),
                    RoomStep::Run => {
                        let before_it = (room.races, room.over().count());
                        let is_free = matches!(before, RacePhase::Idle | RacePhase::Over);
                        prop_assert_eq!(room.run(plain.clone()).is_ok(), is_free);
                        prop_assert!(is_free || (room.races, room.over().count()) == before_it, "nothing is queued");
                    }
                    RoomStep::Stop => match before {
                        RacePhase::Idle | RacePhase::Over => prop_assert_eq!(room.stop(), Err(NotNow::NothingToStop)),
                        RacePhase::Asking => prop_assert_eq!(room.stop(), Ok(StopRace::Nothing)),
                        RacePhase::Running => prop_assert_eq!(room.stop(), Ok(StopRace::Race)),
                    },
                    RoomStep::Guess(seat, seconds) => {
                        let guess = wire::Guess { name: format!("secret-{at}"), seconds };
                        let counts = room.guess(seats[seat], guess.clone()).is_ok();
                        prop_assert_eq!(counts, before == RacePhase::Asking);
                        if counts { guessed.insert(seat, guess); }
                    }
                    RoomStep::Measure => room.stand(standings(&[1.5, 1.5])),
                    RoomStep::End => if before == RacePhase::Running { room.ended(RunEnd::Finished) },
                }
                let told = room.to_wire(wire::ClassState::default());
                prop_assert!(told.race.unwrap_or(0) >= numbers, "later races have higher numbers");
                numbers = told.race.unwrap_or(0);
                if let Some(question) = &told.question {
                    prop_assert_eq!(question.guesses as usize, guessed.len(), "one for each seat");
                }
                if matches!(told.phase, RacePhase::Asking | RacePhase::Running) {
                    let heard = serde_json::to_string(&told).unwrap();
                    let exported = serde_json::to_string(&ClassExport::of(room.over(), None)).unwrap();
                    prop_assert!(!heard.contains("secret"));
                    for guess in told.question.iter().flat_map(|_| guessed.values()) {
                        let quoted = format!("{:?}", guess.name);
                        prop_assert!(!exported.contains(&quoted));
                    }
                }
                if let Some(revealed) = told.question.and_then(|question| question.revealed) {
                    prop_assert_eq!(told.phase, RacePhase::Over);
                    let mut all: Vec<wire::Guess> = guessed.values().cloned().collect();
                    all.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
                    prop_assert_eq!(revealed.guesses, all, "the last of each seat");
                }
            }
        }
    }

    #[test]
    fn a_question_from_asking_to_the_result() {
        let mut room = Room::default();
        let (ann, bob) = (StudentSeat::random().unwrap(), StudentSeat::random().unwrap());
        let guess = |name: &str, seconds| wire::Guess { name: name.into(), seconds };
        assert_eq!(room.guess(ann, guess("Ann", 1.0)), Err(NotNow::NoQuestion));
        assert_eq!(room.ask(race(false)), Err(NotNow::NoCell));
        assert_eq!(room.run(race(true)), Err(NotNow::NoTimeToGuess));
        room.ask(race(true)).unwrap();
        room.guess(ann, guess("Ann", 9.0)).unwrap();
        room.guess(bob, guess("Bob", 2.0)).unwrap();
        room.guess(ann, guess("Ann", 1.5)).unwrap();
        room.run_asked().unwrap();
        assert_eq!(room.guess(bob, guess("Bob", 1.0)), Err(NotNow::Sealed));
        room.stand(standings(&[1.5, 1.5]));
        room.ended(RunEnd::Finished);
        assert_eq!(room.guess(bob, guess("Bob", 1.5)), Err(NotNow::NoQuestion));
        let revealed = room.to_wire(wire::ClassState::default()).question.unwrap().revealed.unwrap();
        assert_eq!(
            (revealed.measured.estimate, revealed.median, revealed.closest),
            (1.5, Some(1.75), vec!["Ann".into()])
        );
    }

    #[test]
    fn of_several_pythons_the_first_is_revealed() {
        let mut room = Room::default();
        room.ask(race(true)).unwrap();
        room.run_asked().unwrap();
        let of = |python: &str, times_s: &[f64]| (format!("{CELL}{python}"), standings(times_s).remove(0).1);
        room.stand(vec![of("0", &[9.0; 2]), of(", Python 3.11", &[1.5, 1.5]), of(", Python 3.14t", &[5.0; 2])]);
        room.ended(RunEnd::Finished);
        let question = room.to_wire(wire::ClassState::default()).question.unwrap();
        let measured = question.revealed.unwrap().measured.estimate;
        assert_eq!((measured, question.cell.as_str()), (1.5, "threads x 2, Python 3.11"));
    }

    #[test]
    fn a_hidden_name_is_gone_from_results_and_does_not_come_back() {
        let mut room = Room::default();
        let (rude, ann) = (StudentSeat::random().unwrap(), StudentSeat::random().unwrap());
        let guess = |name: &str| wire::Guess { name: name.into(), seconds: 1.0 };
        for name in ["Rude", "Ruder"] {
            room.ask(race(true)).unwrap();
            room.guess(rude, guess(name)).unwrap();
            room.guess(ann, guess("Ann")).unwrap();
            room.run_asked().unwrap();
            room.stand(standings(&[1.0, 1.0]));
            room.ended(RunEnd::Finished);
            room.hide("Rude");
            let told = serde_json::to_string(&room.to_wire(wire::ClassState::default())).unwrap();
            let exported = serde_json::to_string(&ClassExport::of(room.over(), None)).unwrap();
            assert!(told.contains("Ann") && !told.contains("Rude") && !exported.contains("Rude"), "{told}");
        }
        // After the room was cleared, the seat is another person's.
        room.ask(race(true)).unwrap();
        room.guess(ann, guess("Ann")).unwrap();
        room.clear();
        assert_eq!(room.to_wire(wire::ClassState::default()).question.unwrap().guesses, 0);
        room.guess(rude, guess("Rude")).unwrap();
        room.run_asked().unwrap();
        room.clear();
        assert_eq!(room.to_wire(wire::ClassState::default()).question.unwrap().guesses, 1, "sealed is sealed");
    }

    #[test]
    fn what_was_not_measured_is_not_revealed() {
        for times_s in [None, Some(&[][..])] {
            let mut room = Room::default();
            room.ask(race(true)).unwrap();
            room.guess(StudentSeat::random().unwrap(), wire::Guess { name: "Ann".into(), seconds: 1.0 }).unwrap();
            room.run_asked().unwrap();
            times_s.into_iter().for_each(|times_s| room.stand(standings(times_s)));
            room.ended(RunEnd::Stopped);
            let told = room.to_wire(wire::ClassState::default());
            assert_eq!((told.phase, told.ended), (RacePhase::Over, Some(RunEnd::Stopped)));
            assert_eq!(told.question.unwrap().revealed, None);
        }
    }
}
