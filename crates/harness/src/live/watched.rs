//! A run in a process of its own, watched: started, read, and stopped whole.

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
    io::{self, BufRead, BufReader, Read},
    os::{fd::AsFd, unix::process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread::Builder,
    time::{Duration, Instant},
};
use tempfile::NamedTempFile;
use work::worker::feed;

/// How long, at most, until the feed is read again: twenty times a second is as often as an eye needs.
const TICK_MS: u16 = 50;

/// How often the cores in use are looked at.
const LOOK: Duration = Duration::from_millis(250);

/// What a run that was told to stop may take for it. It stops within two seconds by itself, if it can.
const GRACE: Duration = Duration::from_secs(4);

/// How much of what a run says on standard error is kept, from its end.
const LAST_WORDS: usize = 4096;

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedRun {
    /// The `makespan` binary.
    pub program: PathBuf,
    /// Where records and fixtures are kept.
    pub data: PathBuf,
    /// What comes after `makespan run`: the scenario, and options such as `--strategy`.
    pub arguments: Vec<String>,
}

/// Why a run could not be watched.
#[derive(Debug, thiserror::Error)]
#[error("{place}: can't start a run to watch: {source}")]
pub struct CantWatch {
    place: String,
    source: io::Error,
}

/// A run that goes on in a process of its own. Dropping it ends the process.
#[derive(Debug)]
pub struct Watched {
    child: Child,
    lines: BufReader<ChildStdout>,
    words: Option<ChildStderr>,
    feed: feed::FeedReader,
    follower: Follower,
    /// It goes when this does.
    file: NamedTempFile,
}

impl Watched {
    /// Starts the run. Nothing is told before [`follow`](Self::follow).
    pub fn start(wanted: &WatchedRun) -> Result<Self, CantWatch> {
        let failed = |place: &Path| {
            let place = place.display().to_string();
            |source| CantWatch { place, source }
        };
        let file = NamedTempFile::with_prefix("makespan-feed-").map_err(failed(&std::env::temp_dir()))?;
        let feed = feed::FeedReader::open(file.path()).map_err(failed(file.path()))?;
        let spawned = Command::new(&wanted.program)
            .arg("run")
            .args(&wanted.arguments)
            .args(["--events", "-", "--data"])
            .arg(&wanted.data)
            .env(feed::VARIABLE, file.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C in the terminal is for who watches, who then stops the run.
            .process_group(0)
            .spawn();
        let mut child = spawned.map_err(failed(&wanted.program))?;
        let no_pipe = || failed(&wanted.program)(io::Error::other("it has no pipes"));
        let lines = BufReader::new(child.stdout.take().ok_or_else(no_pipe)?);
        let words = child.stderr.take();
        Ok(Self { child, lines, words, feed, follower: Follower::default(), file })
    }

    /// The number of its process, which the name of its record ends in.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The file of its feed: all its processes have the name in their environment.
    pub fn feed(&self) -> &Path {
        self.file.path()
    }

    /// Tells of the run until it is over; the last event is [`Event::Ended`]. It is told to stop when `stop` is raised.
    pub fn follow(mut self, stop: &AtomicBool, tell: &mut dyn FnMut(Event)) -> RunEnd {
        // Read all the while: a full pipe would hold up what it is the error output of.
        let words = self.words.take().and_then(|words| {
            // Where the system refuses a thread, the run's last words are lost, and nothing else.
            Builder::new().name("words".into()).spawn(move || last_words(words)).ok()
        });
        let mut cores = CoresInUse::of(self.child.id(), "server");
        let (mut looked, mut told_to_stop) = (Instant::now(), None);
        let mut standings = Vec::new();
        loop {
            let there_is_a_line = self.await_line();
            // The feed first: what it says was before what stands in a line that is read after it.
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
        // Its end of the pipe is closed, so it has ended or is about to; or it didn't stop when it was told to.
        if told_to_stop.is_some_and(|since| since.elapsed() > GRACE) {
            let _ = self.child.kill();
        }
        let status = self.child.wait();
        let words = words.and_then(|reader| reader.join().ok()).unwrap_or_default();
        let how = ending(status, told_to_stop.is_some(), &standings, &words);
        tell(Event::Ended { how: how.clone() });
        how
    }

    /// Waits for a tick, or for a line, or for the end of all lines.
    fn await_line(&self) -> bool {
        let mut readable = [PollFd::new(self.lines.get_ref().as_fd(), PollFlags::POLLIN)];
        !self.lines.buffer().is_empty() || poll(&mut readable, PollTimeout::from(TICK_MS)).is_ok_and(|count| count > 0)
    }

    /// The next event; `None` when there will be no more. A line that is none is passed over: another build's, say.
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
        // It has not been waited for, so its number is still its own. The one way to fail is that it has ended.
        let _ = i32::try_from(self.child.id()).map(|pid| kill(Pid::from_raw(pid), signal));
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // Killed where it was not followed to its end: its worker processes and its server see that their pipes close.
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
        // Its rounds are done, and what failed has said so.
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
        Standing { check, error: None, task_errors: 0, times_s: Vec::new(), speedup: None }
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
