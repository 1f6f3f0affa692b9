//! The running race: a thread that follows it and passes its events on.

use super::race_request::Checked;
use harness::live::{self, Event, Watched, event::RunEnd};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Where races run.
#[derive(Debug, Clone)]
pub struct RunnerSetup {
    /// The `makespan` binary.
    pub program: PathBuf,
    /// Where records and fixtures are kept.
    pub data: PathBuf,
    /// The verdicts on the documents' claims that were measured there before, in words, by the claims' ids.
    pub verdicts: BTreeMap<String, String>,
    /// The interpreter in which races in Python run; the error says why there is none.
    pub python: Result<String, String>,
}

/// A race that runs.
#[derive(Debug)]
pub(super) struct Runner {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Runner {
    /// Starts a race. Its events come through the channel, [`Event::Ended`] last; if that is missing, the race could
    /// not be followed.
    pub(super) fn start(place: &RunnerSetup, race: &Checked) -> (Self, UnboundedReceiver<Event>) {
        // Unbounded: backpressure here would slow the race down. The receiver is a log of bounded size.
        let (events, told) = unbounded_channel();
        let stop = Arc::new(AtomicBool::new(false));
        let wanted = live::WatchedRun {
            program: place.program.clone(),
            data: place.data.clone(),
            arguments: race.arguments.clone(),
        };
        let (flag, to_follow) = (Arc::clone(&stop), events.clone());
        let spawned = thread::Builder::new().name("race".into()).spawn(move || follow(&wanted, &flag, &to_follow));
        let thread = spawned.inspect_err(|error| fail(&events, &format!("no thread for the race: {error}"))).ok();
        (Self { stop, thread }, told)
    }

    /// Tells the race to stop. It ends soon after.
    pub(super) fn stop(&self) {
        self.stop.store(true, Relaxed);
    }
}

impl Drop for Runner {
    /// Stops the race and waits until nothing of it is left.
    fn drop(&mut self) {
        self.stop();
        // A panic of that thread was already printed.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn follow(wanted: &live::WatchedRun, stop: &AtomicBool, events: &UnboundedSender<Event>) {
    match Watched::start(wanted) {
        // A send fails only when the program ends, which stops the race.
        Ok(race) => drop(race.follow(stop, &mut |event| drop(events.send(event)))),
        Err(error) => fail(events, &error.to_string()),
    }
}

fn fail(events: &UnboundedSender<Event>, why: &str) {
    let _ = events.send(Event::Ended { how: RunEnd::Failed(why.to_owned()) });
}
