//! A watched run in its own process: starts it, reads its events, stops all of it.

use super::{
    event::{Event, RunEnd, Standing},
    lanes::Follower,
};
use crate::results::record::Check;
use measure::{clock::now_ns, cores::CoresInUse};
use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    os::{fd::AsFd, unix::process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread::Builder,
    time::{Duration, Instant},
};
use support::scratch::Scratch;
use work::worker::feed;

/// The feed is read at least this often: twenty times a second is enough for the eye.
const TICK_MS: u16 = 50;

/// How often the cores in use are sampled.
const LOOK: Duration = Duration::from_millis(250);

/// How long a run may take to stop when told to. It normally stops within two seconds.
const GRACE: Duration = Duration::from_secs(4);

/// How many bytes from the end of a run's standard error are kept.
const LAST_WORDS: usize = 4096;

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedRun {
    /// The `makespan` binary.
    pub program: PathBuf,
    /// Where records and fixtures are kept.
    pub data: PathBuf,
    /// The arguments of `makespan run`: the scenario, and options such as `--strategy`.
    pub arguments: Vec<String>,
}

/// Why a run could not be watched.
#[derive(Debug, thiserror::Error)]
#[error("{place}: can't start a run to watch: {source}")]
pub struct CantWatch {
    place: String,
    source: io::Error,
}

/// A run in its own process. Dropping it ends the process.
#[derive(Debug)]
pub struct Watched {
    child: Child,
    lines: BufReader<ChildStdout>,
    words: Option<ChildStderr>,
    feed: feed::FeedReader,
    follower: Follower,
    /// Where the feed is. Removed with this struct, or, if this process is killed, by the next one.
    _scratch: Scratch,
    file: PathBuf,
}

impl Watched {
    /// Starts the run. There are no events before [`follow`](Self::follow).
    pub fn start(wanted: &WatchedRun) -> Result<Self, CantWatch> {
        let failed = |place: &Path| {
            let place = place.display().to_string();
            |source| CantWatch { place, source }
        };
        let scratch = Scratch::temporary().map_err(failed(&std::env::temp_dir()))?;
        let file = scratch.path().join("feed");
        File::create_new(&file).map_err(failed(&file))?;
        let feed = feed::FeedReader::open(&file).map_err(failed(&file))?;
        let spawned = Command::new(&wanted.program)
            .arg("run")
            .args(&wanted.arguments)
            .args(["--events", "-", "--data"])
            .arg(&wanted.data)
            .env(feed::VARIABLE, &file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C in the terminal is for the viewer, which then stops the run.
            .process_group(0)
            .spawn();
        let mut child = spawned.map_err(failed(&wanted.program))?;
        let no_pipe = || failed(&wanted.program)(io::Error::other("it has no pipes"));
        let lines = BufReader::new(child.stdout.take().ok_or_else(no_pipe)?);
        let words = child.stderr.take();
        Ok(Self { child, lines, words, feed, follower: Follower::default(), _scratch: scratch, file })
    }

    /// Its process id, which ends its record's file name.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The file of its feed, which all its processes have in their environment.
    pub fn feed(&self) -> &Path {
        &self.file
    }

    /// Passes on the run's events until it ends; the last is [`Event::Ended`]. Stops the run when `stop` is raised.
    pub fn follow(mut self, stop: &AtomicBool, tell: &mut dyn FnMut(Event)) -> RunEnd {
        // Read continuously: a full pipe would block the run.
        let words = self.words.take().and_then(|words| {
            // If the system refuses a thread, only the run's last words are lost.
            Builder::new().name("words".into()).spawn(move || last_words(words)).ok()
        });
        let mut cores = CoresInUse::of(self.child.id(), "server");
        let (mut looked, mut told_to_stop) = (Instant::now(), None);
        let mut standings = Vec::new();
        loop {
            let there_is_a_line = self.await_line();
            // The feed first: its news is older than a line that is read after it.
            let news = self.feed.news().unwrap_or_default();
            self.follower.follow(&news, now_ns()).into_iter().for_each(&mut *tell);
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                cores.look().into_iter().for_each(|cores| tell(Event::Cores { cores }));
            }
            if there_is_a_line {
                match self.next_line() {
                    Some(Event::Standings { cells }) => {
                        standings.clone_from(&cells);
                        tell(Event::Standings { cells });
                    }
                    Some(event) => tell(event),
                    None => break,
                }
            }
            if stop.load(Relaxed) {
                let since: &mut Instant = told_to_stop.get_or_insert_with(|| {
                    self.signal(Signal::SIGINT);
                    Instant::now()
                });
                if since.elapsed() > GRACE {
                    break;
                }
            }
        }
        // Its end of the pipe is closed, so it has ended or is about to; or it ignored the order to stop.
        if told_to_stop.is_some_and(|since| since.elapsed() > GRACE) {
            let _ = self.child.kill();
        }
        let status = self.child.wait();
        let words = words.and_then(|reader| reader.join().ok()).unwrap_or_default();
        let how = ending(status, told_to_stop.is_some(), &standings, &words);
        tell(Event::Ended { how: how.clone() });
        how
    }

    /// Waits for a tick, a line, or the end of output.
    fn await_line(&self) -> bool {
        let mut readable = [PollFd::new(self.lines.get_ref().as_fd(), PollFlags::POLLIN)];
        !self.lines.buffer().is_empty() || poll(&mut readable, PollTimeout::from(TICK_MS)).is_ok_and(|count| count > 0)
    }

    /// The next event; `None` at the end. Lines that are not events are skipped: another build's, say.
    fn next_line(&mut self) -> Option<Event> {
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).is_ok_and(|length| length > 0) {
                if let Ok(event) = serde_json::from_str(&line) {
                    return Some(event);
                }
            } else {
                return None;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        // It has not been reaped, so its process id is still its own. The call can only fail if it has ended.
        let _ = i32::try_from(self.child.id()).map(|pid| kill(Pid::from_raw(pid), signal));
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // Killed if not followed to its end: its worker processes and its server see their pipes close.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn last_words(mut from: ChildStderr) -> String {
    let mut words = Vec::new();
    let mut some = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut some) {
        words.extend_from_slice(&some[..length]);
        words.drain(..words.len().saturating_sub(LAST_WORDS));
    }
    String::from_utf8_lossy(&words).into_owned()
}

fn ending(status: io::Result<ExitStatus>, stopped: bool, standings: &[Standing], words: &str) -> RunEnd {
    let failed_check = standings.iter().any(|cell| cell.check == Check::Failed);
    match status.map(|status| status.code()) {
        Ok(Some(0)) => RunEnd::Finished,
        _ if stopped => RunEnd::Stopped,
        Ok(Some(130)) => RunEnd::Stopped,
        // Its rounds are done; failed cells have reported it.
        Ok(Some(1)) if failed_check => RunEnd::Finished,
        status => {
            let said = words.trim().trim_start_matches("makespan: ");
            let how = || match status {
                Ok(Some(code)) => format!("the run ended with exit code {code}"),
                Ok(None) => "the run was killed".to_owned(),
                Err(error) => error.to_string(),
            };
            RunEnd::Failed(if said.is_empty() { how() } else { said.to_owned() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    fn standing(check: Check) -> Standing {
        Standing {
            check,
            error: None,
            task_errors: 0,
            times_s: Vec::new(),
            p99_s: Vec::new(),
            speedup: None,
            place: None,
        }
    }

    #[test]
    fn what_an_exit_says() {
        let ended = |code: i32, stopped, check, words| {
            ending(Ok(ExitStatus::from_raw(code << 8)), stopped, &[standing(check)], words)
        };
        assert_eq!(ended(0, false, Check::Passed, "recorded in x"), RunEnd::Finished);
        // Stopped too late to matter.
        assert_eq!(ended(0, true, Check::Passed, ""), RunEnd::Finished);
        assert_eq!(ended(130, true, Check::Passed, "interrupted"), RunEnd::Stopped);
        assert_eq!(ended(130, false, Check::Passed, ""), RunEnd::Stopped);
        assert_eq!(ended(1, false, Check::Failed, ""), RunEnd::Finished);
        assert_eq!(ended(1, false, Check::Passed, "makespan: no room\n"), RunEnd::Failed("no room".into()));
        assert_eq!(ended(2, false, Check::Passed, ""), RunEnd::Failed("the run ended with exit code 2".into()));
        let killed = ending(Ok(ExitStatus::from_raw(9)), false, &[], "");
        assert_eq!(killed, RunEnd::Failed("the run was killed".into()));
    }
}
