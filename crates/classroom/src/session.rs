//! The state of an open classroom: the room, the log of the current race, the participants. It belongs to one thread,
//! so there are no locks; only the race and the thread that follows it run beside it.

use super::{
    code::{Attempts, JoinCode},
    export::ClassExport,
    log::RaceLog,
    page::JoinInfo,
    participants::{NoSeat, Seats, StudentSeat},
    quiz::{ClassQuiz, NotAsked},
    room::{NotNow, Room, StopRace},
    runner::{Runner, RunnerSetup},
    sharing,
    wire::{self, QuizOrder, QuizSheet, RacePhase, SheetQuestion},
};
use bytes::Bytes;
use harness::live::{Event, event::RunEnd};
use lesson::quiz::{self, QuizQuestion};
use std::{
    cell::RefCell,
    io,
    net::{IpAddr, SocketAddr},
    rc::Rc,
    time::{Duration, Instant, SystemTime},
};
use tokio::{
    sync::{mpsc::UnboundedReceiver, watch},
    task::spawn_local,
};

/// The session's state.
#[derive(Debug)]
pub(super) struct Session {
    place: RunnerSetup,
    state: RefCell<SessionState>,
    /// Counts changes. Event streams wait on it.
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct SessionState {
    /// The session's start in milliseconds, by which browsers tell it from an earlier one at the same URL. It is also
    /// the number of each race's first event, so that events of the two are never confused.
    instance: u64,
    /// The code that students on other machines need, and how often it was renewed.
    code: Option<JoinCode>,
    codes: u32,
    room: Room,
    quiz: ClassQuiz,
    log: RaceLog,
    seats: Seats,
    attempts: Attempts,
    runner: Option<Runner>,
    /// The names of the running race's cells.
    cells: Vec<String>,
    /// The room as it was sent last, and how often it has changed.
    told: Bytes,
    version: u64,
    closed: bool,
}

/// Why a student can't join.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotLetIn {
    #[error("wrong join code; it is on the lecturer's screen, as ABCD-EFGH")]
    WrongCode,
    #[error(transparent)]
    NoSeat(#[from] NoSeat),
}

/// Why a guess doesn't count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotCounted {
    #[error(transparent)]
    NoSeat(#[from] NoSeat),
    #[error(transparent)]
    NotNow(#[from] NotNow),
    #[error(transparent)]
    NotAsked(#[from] NotAsked),
}

/// The quiz is built in; without it there are no questions. A test loads it.
fn questions() -> &'static [QuizQuestion] {
    quiz::questions().unwrap_or_default()
}

impl Session {
    pub(super) fn open(place: RunnerSetup, code: Option<JoinCode>) -> Rc<Self> {
        let since_1970 = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let instance = since_1970.as_millis() as u64;
        let state = SessionState { instance, code, ..SessionState::default() };
        let session = Self { place, state: RefCell::new(state), changes: watch::Sender::new(0) };
        session.state.borrow_mut().retell();
        Rc::new(session)
    }

    /// Changes the room and acts on the new state.
    pub(super) fn change(self: &Rc<Self>, change: impl FnOnce(&mut Room) -> Result<(), NotNow>) -> Result<(), NotNow> {
        let changed = change(&mut self.state.borrow_mut().room);
        self.settle();
        changed
    }

    /// Stops the running race, or withdraws the question.
    pub(super) fn stop(self: &Rc<Self>) -> Result<(), NotNow> {
        let stop = self.state.borrow_mut().room.stop()?;
        if stop == StopRace::Race {
            self.state.borrow().runner.iter().for_each(Runner::stop);
        }
        self.settle();
        Ok(())
    }

    /// Records a guess.
    pub(super) fn guess(
        self: &Rc<Self>,
        seat: StudentSeat,
        guess: wire::Guess,
        from: IpAddr,
    ) -> Result<(), NotCounted> {
        self.state.borrow_mut().seats.may_guess(seat, from, Instant::now())?;
        self.change(|room| room.guess(seat, guess))?;
        Ok(())
    }

    /// Opens or closes a quiz.
    pub(super) fn set_quiz(self: &Rc<Self>, order: &QuizOrder) -> Result<(), NotAsked> {
        self.state.borrow_mut().quiz.set(order.open)?;
        self.settle();
        Ok(())
    }

    /// The questions, and what this seat has chosen.
    pub(super) fn quiz_sheet(&self, seat: Option<StudentSeat>) -> QuizSheet {
        let asked = |question: &QuizQuestion| SheetQuestion {
            text: question.text.clone(),
            options: question.options.iter().map(|option| option.text.clone()).collect(),
        };
        let chosen = seat.map(|seat| self.state.borrow().quiz.answers_of(seat)).unwrap_or_default();
        QuizSheet { questions: questions().iter().map(asked).collect(), chosen }
    }

    /// Records an answer to a question of the quiz. It counts against the same allowance as a guess.
    pub(super) fn answer(
        self: &Rc<Self>,
        seat: StudentSeat,
        answer: &wire::QuizAnswer,
        from: IpAddr,
    ) -> Result<(), NotCounted> {
        let mut state = self.state.borrow_mut();
        state.seats.may_guess(seat, from, Instant::now())?;
        state.quiz.answer(seat, (answer.question, answer.option), questions())?;
        drop(state);
        self.settle();
        Ok(())
    }

    /// How long a code from this address has to wait before it is looked at, because of wrong ones from there.
    pub(super) fn join_delay(&self, from: IpAddr) -> Duration {
        self.state.borrow().attempts.delay(from, Instant::now())
    }

    /// A seat for a student who knows the code: the one they already have, if any.
    pub(super) fn join(
        self: &Rc<Self>,
        typed: &str,
        seat: Option<StudentSeat>,
        from: IpAddr,
    ) -> Result<StudentSeat, NotLetIn> {
        let now = Instant::now();
        let mut state = self.state.borrow_mut();
        if !state.code.as_ref().is_some_and(|code| code.is(typed)) {
            state.attempts.was_wrong(from, now);
            return Err(NotLetIn::WrongCode);
        }
        let seat = match seat {
            Some(seat) if state.seats.holds(seat) => seat,
            _ => StudentSeat::random()?,
        };
        state.seats.take(seat, from, now)?;
        drop(state);
        self.settle();
        Ok(seat)
    }

    /// Whether this seat is taken.
    pub(super) fn holds(&self, seat: StudentSeat) -> bool {
        self.state.borrow().seats.holds(seat)
    }

    /// Opens an event stream, for this seat if it is taken. It is open until what is returned is dropped.
    pub(super) fn open_stream(self: &Rc<Self>, seat: Option<StudentSeat>) -> Result<OpenStream, NoSeat> {
        let seat = seat.filter(|&seat| self.holds(seat));
        if let Some(seat) = seat {
            self.state.borrow_mut().seats.opens(seat)?;
            self.settle();
        }
        Ok(OpenStream { session: Rc::clone(self), seat })
    }

    /// Where students join, at this address of this machine; `None` if the room isn't shared.
    pub(super) fn join_info(&self, addr: SocketAddr) -> Option<JoinInfo> {
        self.state.borrow().code.as_ref().map(|code| sharing::shared(addr, code))
    }

    /// Where races run.
    pub(super) fn place(&self) -> &RunnerSetup {
        &self.place
    }

    /// Replaces the join code. Those who have joined stay.
    pub(super) fn renew_code(self: &Rc<Self>) -> io::Result<()> {
        let code = JoinCode::random()?;
        let mut state = self.state.borrow_mut();
        state.code = state.code.take().map(|_| code);
        state.codes += 1;
        drop(state);
        self.settle();
        Ok(())
    }

    /// Frees all seats: everybody has to join again.
    pub(super) fn clear_room(self: &Rc<Self>) {
        let mut state = self.state.borrow_mut();
        state.seats.clear();
        state.room.clear();
        state.quiz.clear();
        drop(state);
        self.settle();
    }

    /// The room, as JSON.
    pub(super) fn room(&self) -> Bytes {
        self.state.borrow().told.clone()
    }

    /// How often the room has changed.
    pub(super) fn version(&self) -> u64 {
        self.state.borrow().version
    }

    /// All finished races, as JSON.
    pub(super) fn export(&self) -> serde_json::Result<Vec<u8>> {
        let state = self.state.borrow();
        serde_json::to_vec_pretty(&ClassExport::of(state.room.over(), state.quiz.results(questions())))
    }

    /// Reads the current race's log.
    pub(super) fn with_log<T>(&self, look: impl FnOnce(&RaceLog) -> T) -> T {
        look(&self.state.borrow().log)
    }

    /// Notifies of changes from now on.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Whether the classroom is closing, so that streams end.
    pub(super) fn is_closed(&self) -> bool {
        self.state.borrow().closed
    }

    /// Ends the streams and tells the race to stop.
    pub(super) fn close(&self) {
        let mut state = self.state.borrow_mut();
        state.closed = true;
        state.runner.iter().for_each(Runner::stop);
        drop(state);
        self.signal();
    }

    /// Waits until nothing is left of the race.
    pub(super) fn clear(&self) {
        let runner = self.state.borrow_mut().runner.take();
        drop(runner);
    }

    /// Starts the race that is due, and notifies the streams of what has changed.
    fn settle(self: &Rc<Self>) {
        let mut state = self.state.borrow_mut();
        if !state.closed {
            self.begin(&mut state);
        }
        state.retell();
        drop(state);
        self.signal();
    }

    fn begin(self: &Rc<Self>, state: &mut SessionState) {
        let Some(current) = state.room.current() else { return };
        if current.number != state.log.race() {
            state.log.begin(current.number, state.instance);
        }
        if current.phase == RacePhase::Running && state.runner.is_none() {
            let (runner, told) = Runner::start(&self.place, &current.race);
            state.runner = Some(runner);
            spawn_local(Rc::clone(self).listen(told));
        }
    }

    async fn listen(self: Rc<Self>, mut told: UnboundedReceiver<Event>) {
        while let Some(event) = told.recv().await {
            let over = matches!(event, Event::Ended { .. });
            self.hear(event);
            if over {
                return;
            }
        }
        // The following thread is gone without [`Event::Ended`].
        self.hear(Event::Ended { how: RunEnd::Failed("the race could not be followed to its end".into()) });
    }

    fn hear(self: &Rc<Self>, event: Event) {
        let mut state = self.state.borrow_mut();
        state.log.add(&event);
        match event {
            Event::SetUp(plan) => state.cells = plan.cells.into_iter().map(|cell| cell.name).collect(),
            Event::Standings { cells } => {
                let standings = state.cells.iter().cloned().zip(cells).collect();
                state.room.stand(standings);
            }
            Event::Ended { how } => {
                // The thread has sent its last event, so this doesn't block.
                state.runner = None;
                state.room.ended(how);
                drop(state);
                self.settle();
                return;
            }
            _ => {}
        }
        drop(state);
        self.signal();
    }

    fn signal(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}

/// An open event stream, which counts for its seat.
#[derive(Debug)]
pub(super) struct OpenStream {
    pub session: Rc<Session>,
    seat: Option<StudentSeat>,
}

impl OpenStream {
    /// Whether the classroom or the seat is gone.
    pub(super) fn is_over(&self) -> bool {
        self.session.is_closed() || self.seat.is_some_and(|seat| !self.session.holds(seat))
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        if let Some(seat) = self.seat {
            self.session.state.borrow_mut().seats.closes(seat, Instant::now());
            self.session.settle();
        }
    }
}

impl SessionState {
    /// Serializes the room again if it has changed.
    fn retell(&mut self) {
        // Can't fail: the room has no map, and only finite numbers.
        let class = wire::ClassState {
            instance: self.instance,
            codes: self.codes,
            seats: self.seats.taken(),
            connected: self.seats.connected(),
        };
        let room = wire::RoomState { quiz: self.quiz.to_wire(questions()), ..self.room.to_wire(class) };
        let told = serde_json::to_vec(&room).unwrap_or_default();
        if told != self.told {
            self.told = told.into();
            self.version += 1;
        }
    }
}
