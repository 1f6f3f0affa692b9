//! A Python lane, seen from its parent: started, given orders, always reaped.
//!
//! Nothing here waits forever. The lane has limits of its own and ends what takes longer; a lane that doesn't answer
//! although its limits have passed is frozen, and is killed with all processes of its group.

use super::wire::{Greeting, Order, PROTOCOL, Reply};
use crate::worker::{
    process::ending,
    stop::{Stop, Stopped},
};
use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    os::{fd::AsFd, unix::process::CommandExt},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, atomic::AtomicBool},
    thread,
    time::{Duration, Instant},
};
use support::{
    pipe::{ANSWER_LIMIT, Patient, put_down, reap},
    scratch::Scratch,
};

/// How long after its deadline a run may take to be answered: two seconds until the lane ends it, five until its workers
/// have reported their CPU time, and one for the reply to arrive. A child process with a cell waits longer than that.
const RUN_SLACK: Duration = Duration::from_secs(8);

/// How long an interpreter may take to greet. It imports two hundred modules first, which takes a tenth of a second on an idle
/// machine, and took ten on one that compiled four programs at once.
const GREETING_LIMIT: Duration = Duration::from_secs(20);

/// How long a pool may take to start: the lane gives up after a minute.
const POOL_LIMIT: Duration = Duration::from_secs(65);

/// The longest line of a reply, bytes. No lane writes one as long, but a program that isn't a lane may.
const LONGEST_LINE: u64 = 16 << 20;

/// The longest sleep between two checks of the stop signal, milliseconds.
const NAP_MS: u16 = 20;

/// How much of the lane's last words an error shows, bytes.
const LAST_WORDS: i64 = 2000;

/// How long a lane has to end if its parent is in a hurry.
const HURRIED_LIMIT: Duration = Duration::from_secs(1);

/// How long the processes of a lane that ended badly have to end by themselves.
const GRACE: Duration = Duration::from_millis(200);

/// A lane. Dropping it ends it, with its workers.
#[derive(Debug)]
pub struct LaneProcess {
    child: Child,
    orders: Option<Patient<ChildStdin>>,
    replies: BufReader<Patient<ChildStdout>>,
    /// Its standard error.
    words: File,
    /// When it was last told something.
    told: Instant,
    /// Whether it was reaped, and its group signalled if it had to be: that number may be another process's by now.
    gone: bool,
    /// The place for its temporary files: a fork server's socket stays when its process is killed. Removed with this struct.
    _temporary: Scratch,
}

impl LaneProcess {
    /// Starts this interpreter with the package in this directory. Every wait for it is cut short when `interrupted` is set.
    pub fn spawn(python: &Path, package: &Path, interrupted: &Arc<AtomicBool>) -> Result<Self, String> {
        let spawn = || {
            let (words, temporary) = (tempfile::tempfile()?, Scratch::temporary()?);
            let spawned = Command::new(python)
                .arg(package)
                .env("TMPDIR", temporary.path())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(words.try_clone()?)
                // A group of its own: Ctrl-C in the terminal is for its parent, and its workers can be killed with it.
                .process_group(0)
                .spawn();
            let mut child = spawned?;
            match pipes(&mut child, interrupted) {
                Ok((orders, replies)) => Ok(Self {
                    child,
                    orders: Some(orders),
                    replies,
                    words,
                    told: Instant::now(),
                    gone: false,
                    _temporary: temporary,
                }),
                Err(error) => {
                    put_down(&mut child);
                    Err(error)
                }
            }
        };
        spawn().map_err(|error: io::Error| error.to_string())
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its greeting. The error says why there is none.
    pub fn greeting(&mut self) -> Result<Greeting, String> {
        match self.reply(GREETING_LIMIT)? {
            Reply::Hello(greeting) if greeting.protocol == PROTOCOL => Ok(greeting),
            Reply::Hello(greeting) => {
                Err(format!("its lane speaks protocol {}, expected {PROTOCOL}", greeting.protocol))
            }
            other => Err(format!("it greeted with {other:?}")),
        }
    }

    /// Sends the order and waits for the answer. The error says how the lane ended.
    pub(crate) fn ask(&mut self, order: &Order) -> Result<Reply, String> {
        self.tell(order)?;
        self.reply(if matches!(order, Order::Start { .. }) { POOL_LIMIT } else { 2 * ANSWER_LIMIT })
    }

    /// Sends the order.
    pub(crate) fn tell(&mut self, order: &Order) -> Result<(), String> {
        self.told = Instant::now();
        let written = match &mut self.orders {
            Some(pipe) => serde_json::to_vec(order)
                .map_err(io::Error::from)
                .and_then(|line| pipe.limit(self.told, ANSWER_LIMIT).write_all(&[&line, &b"\n"[..]].concat())),
            None => Err(io::Error::other("its pipe is closed")),
        };
        match written {
            Ok(()) => Ok(()),
            // What it said before it closed its pipe is still to be read.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(self.fault(&error)),
        }
    }

    /// Its next line, within this limit of the last order. The error says how the lane ended.
    pub(crate) fn reply(&mut self, limit: Duration) -> Result<Reply, String> {
        let mut line = Vec::new();
        self.replies.get_mut().limit(self.told, limit);
        match (&mut self.replies).take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(0) => Err(self.how_it_ended()),
            Ok(_) => serde_json::from_slice(&line).map_err(|error| {
                self.put_down();
                let line = String::from_utf8_lossy(&line);
                format!("found `{}`, expected a line of the lane's protocol: {error}", excerpt(line.trim_end()))
            }),
            Err(error) => Err(self.fault(&error)),
        }
    }

    /// The next line of a run's answer: until the run must be over, or is interrupted. Then the lane is told to end.
    pub(crate) fn reply_to_run(&mut self, stop: &Stop, limit: Duration) -> Result<Reply, Unanswered> {
        loop {
            let readable = !self.replies.buffer().is_empty() || {
                let mut pipe = [PollFd::new(self.replies.get_ref().as_fd(), PollFlags::POLLIN)];
                // An interrupted poll is a poll that saw nothing.
                poll(&mut pipe, PollTimeout::from(NAP_MS)).is_ok_and(|ready| ready > 0)
            };
            if readable {
                return self.reply(self.told.elapsed() + ANSWER_LIMIT).map_err(Unanswered::Lost);
            }
            if stop.check() == Err(Stopped::Interrupted) {
                self.end(HURRIED_LIMIT);
                return Err(Unanswered::Interrupted);
            }
            if self.told.elapsed() >= limit.saturating_add(RUN_SLACK) {
                self.put_down();
                let how = format!("no answer {} s after the run's deadline, so it was killed", RUN_SLACK.as_secs());
                return Err(Unanswered::Lost(how));
            }
        }
    }

    /// Whether it has sent something unasked, or has ended.
    pub(crate) fn has_news(&self) -> bool {
        let mut pipe = [PollFd::new(self.replies.get_ref().as_fd(), PollFlags::POLLIN)];
        !self.replies.buffer().is_empty() || poll(&mut pipe, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
    }

    /// Closes its pipe, which tells it to end, and waits until it has. `None` if it had to be killed.
    pub(crate) fn end(&mut self, patience: Duration) -> Option<ExitStatus> {
        self.orders = None;
        let ended = reap(&mut self.child, patience);
        if !std::mem::replace(&mut self.gone, true) && !ended.is_some_and(|status| status.success()) {
            self.end_group();
        }
        ended
    }

    /// Ends every process of the lane's group, in which all of its workers are. They end by themselves when the lane is
    /// gone, unless they are stopped. The one that removes shared semaphores does so at that moment; it needs one.
    fn end_group(&mut self) {
        let group = Pid::from_raw(self.child.id().cast_signed());
        // Without any process in the group, there is nobody to signal.
        let _ = killpg(group, Signal::SIGCONT);
        if reap(&mut self.child, GRACE).is_some() {
            thread::sleep(GRACE);
        }
        let _ = killpg(group, Signal::SIGKILL);
        put_down(&mut self.child);
    }

    fn put_down(&mut self) {
        self.end(Duration::ZERO);
    }

    fn fault(&mut self, error: &io::Error) -> String {
        self.put_down();
        match error.kind() {
            io::ErrorKind::TimedOut => format!("{error}, so it was killed"),
            _ => error.to_string(),
        }
    }

    /// Its pipe is closed: it has ended, or is about to.
    fn how_it_ended(&mut self) -> String {
        let how = self.end(ANSWER_LIMIT).map_or_else(|| "it closed its pipe and did not end".into(), ending);
        match self.last_words() {
            words if words.is_empty() => how,
            words => format!("{how}: {words}"),
        }
    }

    /// The last line of its standard error: of a traceback, the exception. Python's process for shared semaphores writes
    /// there, too: it warns of those that a killed lane leaves, with an indented line of its own source.
    fn last_words(&mut self) -> String {
        let mut words = Vec::new();
        let length = self.words.seek(SeekFrom::End(0)).unwrap_or(0) as i64;
        // If they can't be read, there are none.
        let _ = self.words.seek(SeekFrom::End(-length.min(LAST_WORDS)));
        let _ = self.words.read_to_end(&mut words);
        let words = String::from_utf8_lossy(&words);
        let is_of_the_lane = |line: &&str| !line.starts_with(' ') && !line.contains("resource_tracker");
        excerpt(words.trim_end().lines().rfind(is_of_the_lane).unwrap_or_default().trim())
    }
}

/// Where a lane whose pool closed cleanly waits for the next pool of the same cell. Dropping the last clone ends it.
#[derive(Debug, Clone, Default)]
pub struct IdleLane(Arc<Mutex<Option<LaneProcess>>>);

impl IdleLane {
    /// The lane that waits here, if it is alive.
    pub(crate) fn take(&self) -> Option<LaneProcess> {
        self.0.lock().ok()?.take().filter(|lane| !lane.has_news())
    }

    pub(crate) fn put(&self, lane: LaneProcess) {
        // If the mutex is poisoned, the lane is dropped here, which ends it.
        if let Ok(mut place) = self.0.lock() {
            *place = Some(lane);
        }
    }
}

/// Why a run has no answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// It was interrupted, and the lane was told to end.
    Interrupted,
    /// The lane is gone; this is how it ended.
    Lost(String),
}

fn pipes(
    child: &mut Child,
    interrupted: &Arc<AtomicBool>,
) -> io::Result<(Patient<ChildStdin>, BufReader<Patient<ChildStdout>>)> {
    let no_pipes = || io::Error::other("it has no pipes");
    let (orders, replies) = child.stdin.take().zip(child.stdout.take()).ok_or_else(no_pipes)?;
    Ok((Patient::new(orders, interrupted)?, BufReader::new(Patient::new(replies, interrupted)?)))
}

/// The text, cut where it would fill the screen.
fn excerpt(text: &str) -> String {
    const MOST: usize = 200;
    if text.chars().count() <= MOST { text.into() } else { text.chars().take(MOST).chain("...".chars()).collect() }
}

impl Drop for LaneProcess {
    fn drop(&mut self) {
        self.end(HURRIED_LIMIT);
    }
}
