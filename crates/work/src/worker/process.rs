//! A worker process, seen from its parent: spawned, greeted, given chunks of tasks, always reaped.
//!
//! Nothing here waits forever. A process that doesn't answer in time is killed, and the error says so.
//!
//! The parent asks for its CPU time before the clock starts and after it has stopped. A dead or frozen process doesn't
//! answer, so the same question tells whether the pool is whole, idle workers included.

use super::{
    error::{CloseError, LostWorker, StartError},
    frame,
    lane::Done,
    serve::{GREETING, Handed, WorkerOrder, WorkerReply},
};
use crate::{
    queue::worker::{Membership, peer_id},
    task::Task,
};
use measure::cpu::CpuTime;
use std::{
    io::{self, BufReader},
    num::NonZeroU32,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::process::{CommandExt, ExitStatusExt},
    },
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};
use support::pipe::{ANSWER_LIMIT, Patient, put_down, reap};

/// The longest wait for a greeting, which usually takes a millisecond, and for joining a queue.
pub const START_LIMIT: Duration = Duration::from_secs(10);

/// One worker process. Dropping it kills and reaps the process.
#[derive(Debug)]
pub struct WorkerProcess {
    number: u32,
    threads: NonZeroU32,
    child: Child,
    orders: Option<Patient<ChildStdin>>,
    answers: BufReader<Patient<ChildStdout>>,
    /// When the unanswered request was sent. Several processes are asked at once, so all have the same limit.
    asked: Instant,
    /// How long it may take to start, and to join a queue.
    start_limit: Duration,
    /// Whether its end was reported.
    reported: bool,
}

impl WorkerProcess {
    /// Starts worker process `number` (counted from 0) with this many workers, from the `makespan` binary. It may not
    /// be ready yet: start all processes first, then await each, so that their start-ups overlap.
    pub fn spawn(program: &Path, number: u32, threads: NonZeroU32) -> Result<Self, StartError> {
        Self::spawn_interruptible(program, number, threads, &Arc::default())
    }

    /// The same. Every wait for it is cut short when `interrupted` is set.
    pub fn spawn_interruptible(
        program: &Path,
        number: u32,
        threads: NonZeroU32,
        interrupted: &Arc<AtomicBool>,
    ) -> Result<Self, StartError> {
        let spawned = Command::new(program)
            .args(["worker-process", &threads.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A group of its own, or Ctrl-C in the terminal would reach the workers before their parent.
            .process_group(0)
            .spawn();
        let failed = |error: io::Error| {
            let reason = format!("{}: {error}", program.display());
            StartError::Process { number: number + 1, reason }
        };
        let mut child = spawned.map_err(failed)?;
        match pipes(&mut child, interrupted) {
            Ok((orders, answers)) => {
                let (orders, asked) = (Some(orders), Instant::now());
                Ok(Self { number, threads, child, orders, answers, asked, start_limit: START_LIMIT, reported: false })
            }
            Err(error) => {
                put_down(&mut child);
                Err(failed(error))
            }
        }
    }

    /// Limits the time it has to start, and to join a queue.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.start_limit = self.start_limit.min(limit);
        self
    }

    /// Waits for its greeting, but not forever: a program that isn't ours may never send one.
    pub fn await_ready(&mut self) -> Result<(), StartError> {
        let reason = match self.answer(self.start_limit) {
            Ok(WorkerReply::Ready(greeting)) if greeting == GREETING => return Ok(()),
            Ok(other) => format!("it greeted with {other:?} instead of {GREETING:?}: is it of another build?"),
            Err(how) => how,
        };
        Err(self.not_started(reason))
    }

    /// Tells it to take jobs from a queue, as the pool's workers of its number. It may not have joined yet: tell all of
    /// them first, then await each.
    pub fn join(&mut self, membership: &Membership) -> Result<(), StartError> {
        let first_worker = self.number * membership.threads.get();
        let membership = Membership { first_worker, ..membership.clone() };
        self.order(&WorkerOrder::Join(Box::new(membership))).map_err(|reason| self.not_started(reason))
    }

    /// Waits until it takes jobs, after [`WorkerProcess::join`].
    pub fn await_joined(&mut self) -> Result<(), StartError> {
        let reason = match self.answer(self.start_limit) {
            Ok(WorkerReply::Joined(Ok(()))) => return Ok(()),
            Ok(WorkerReply::Joined(Err(why))) => why,
            Ok(other) => self.put_down(&format!("it answered {other:?} when told to join a queue")),
            Err(how) => how,
        };
        Err(self.not_started(reason))
    }

    /// The queue's name for its worker `thread` (counted from 0): see [`Peer::id`](crate::queue::broker::Peer::id).
    pub fn peer_id(&self, thread: u32) -> String {
        peer_id(self.child.id(), thread)
    }

    /// How it ended, if it ended by itself: its last message, if it sent one. Does not block.
    pub fn try_ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok().flatten()?;
        self.reported = true;
        Some(self.last_words().unwrap_or_else(|| ending(status)))
    }

    /// Which of the pool's processes it is, counted from 0.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// How many chunks it can hold at once: one per thread.
    pub fn threads(&self) -> usize {
        self.threads.get() as usize
    }

    /// Sends one of its threads a chunk. It answers each task when it is done.
    pub fn assign(&mut self, run: u64, deadline_ns: u64, tasks: Vec<(u32, &Task)>) -> Result<(), String> {
        let first_worker = self.number * self.threads.get();
        self.order(&WorkerOrder::Hand(Handed { run, first_worker, deadline_ns, tasks }))
    }

    /// Reads the next finished task, if [`answers_fd`](Self::answers_fd) is readable or something
    /// [is buffered](Self::has_buffered). The error says how the process died.
    pub fn next_done(&mut self) -> Result<Done, String> {
        self.asked = Instant::now();
        match self.answer(ANSWER_LIMIT)? {
            WorkerReply::Done(done) => Ok(done),
            other => Err(self.put_down(&format!("it answered {other:?} out of turn"))),
        }
    }

    /// True when an answer, or a part of one, has been read from the pipe already, so that polling would not show it.
    pub fn has_buffered(&self) -> bool {
        !self.answers.buffer().is_empty()
    }

    /// Becomes readable when it answers or dies.
    pub fn answers_fd(&self) -> BorrowedFd<'_> {
        self.answers.get_ref().as_fd()
    }

    /// Asks for the CPU time it has used so far. Ask all before reading an answer, so that none waits for another.
    pub fn ask_cpu(&mut self) -> Result<(), String> {
        self.order(&WorkerOrder::<&Task>::Cpu)
    }

    /// The answer to [`ask_cpu`](Self::ask_cpu). A live process answers at once, so an error means that it is dead or
    /// frozen; it is then killed.
    pub fn cpu(&mut self) -> Result<CpuTime, String> {
        match self.answer(ANSWER_LIMIT)? {
            WorkerReply::Cpu(time) => Ok(time),
            other => Err(self.put_down(&format!("it answered {other:?} when asked for its CPU time"))),
        }
    }

    /// Closes its pipe, which tells it to exit: it drops unfinished tasks.
    pub fn hang_up(&mut self) {
        if self.orders.take().is_some() {
            self.asked = Instant::now();
        }
    }

    /// Tells it to exit and waits until it has. An error if it ended badly, or ignored the request and was killed; not
    /// if its end was an error before.
    pub fn close(mut self) -> Result<(), CloseError> {
        self.hang_up();
        let (mut words, mut frozen) = (None, None);
        // Its end of the pipe closes when it ends. Answers before that are discarded.
        while self.asked.elapsed() < ANSWER_LIMIT {
            match self.read(ANSWER_LIMIT) {
                Ok(Some(WorkerReply::Ended(why))) => words = Some(why),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => {
                    frozen = (error.kind() == io::ErrorKind::TimedOut).then(|| in_vain("told to end", &error));
                    break;
                }
            }
        }
        let reported = self.reported;
        let limit = if frozen.is_some() { Duration::ZERO } else { ANSWER_LIMIT.saturating_sub(self.asked.elapsed()) };
        let how = match (frozen, reap(&mut self.child, limit)) {
            (_, Some(status)) if status.success() => return Ok(()),
            (_, Some(status)) => words.unwrap_or_else(|| ending(status)),
            (Some(frozen), None) => frozen,
            (None, None) => "it closed its pipe and did not end, so it was killed".into(),
        };
        // Dropping it kills it.
        if reported { Ok(()) } else { Err(LostWorker { process: self.number + 1, how }.into()) }
    }

    fn order(&mut self, order: &WorkerOrder<&Task>) -> Result<(), String> {
        self.asked = Instant::now();
        let written = match &mut self.orders {
            Some(pipe) => frame::write(pipe.limit(self.asked, ANSWER_LIMIT), order),
            None => Err(io::Error::other("its pipe is closed")),
        };
        written.map_err(|error| self.fault(&error))
    }

    fn not_started(&self, reason: String) -> StartError {
        StartError::Process { number: self.number + 1, reason }
    }

    /// Its next answer. The error says how the process ended.
    fn answer(&mut self, limit: Duration) -> Result<WorkerReply, String> {
        match self.read(limit) {
            Ok(Some(WorkerReply::Ended(why))) => {
                self.put_down("");
                Err(why)
            }
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(self.put_down(PIPE_CLOSED)),
            Err(error) => Err(self.fault(&error)),
        }
    }

    fn read(&mut self, limit: Duration) -> io::Result<Option<WorkerReply>> {
        self.answers.get_mut().limit(self.asked, limit);
        frame::read(&mut self.answers)
    }

    /// The last message of an ended process.
    fn last_words(&mut self) -> Option<String> {
        let mut answers = std::iter::from_fn(|| self.read(Duration::ZERO).ok().flatten());
        answers.find_map(|answer| if let WorkerReply::Ended(why) = answer { Some(why) } else { None })
    }

    fn fault(&mut self, error: &io::Error) -> String {
        self.put_down(&match error.kind() {
            io::ErrorKind::TimedOut => in_vain("asked", error),
            io::ErrorKind::BrokenPipe => PIPE_CLOSED.into(),
            _ => error.to_string(),
        })
    }

    /// Makes sure that a process we can no longer talk to is gone, and says how it ended.
    fn put_down(&mut self, symptom: &str) -> String {
        let ended = self.child.try_wait().ok().flatten();
        self.reported = true;
        match (ended, put_down(&mut self.child)) {
            (Some(status), _) => self.last_words().unwrap_or_else(|| ending(status)),
            // A process that was just killed closes its pipes a moment before it can be reaped.
            (None, Some(status)) if symptom == PIPE_CLOSED => ending(status),
            (None, _) => symptom.to_owned(),
        }
    }
}

const PIPE_CLOSED: &str = "its pipe closed";

fn pipes(
    child: &mut Child,
    interrupted: &Arc<AtomicBool>,
) -> io::Result<(Patient<ChildStdin>, BufReader<Patient<ChildStdout>>)> {
    let no_pipes = || io::Error::other("it has no pipes");
    let (orders, answers) = child.stdin.take().zip(child.stdout.take()).ok_or_else(no_pipes)?;
    Ok((Patient::new(orders, interrupted)?, BufReader::new(Patient::new(answers, interrupted)?)))
}

/// "no answer within 5 s of being asked, so it was killed"
fn in_vain(asked: &str, limit: &io::Error) -> String {
    format!("{limit} of being {asked}, so it was killed")
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        // Reaped, so that no zombie outlives the pool.
        put_down(&mut self.child);
    }
}

/// How a process ended, in words.
pub fn ending(status: ExitStatus) -> String {
    match status.signal() {
        Some(signal) => {
            let name = nix::sys::signal::Signal::try_from(signal).map_or("unknown", nix::sys::signal::Signal::as_str);
            format!("killed by signal {signal} ({name})")
        }
        None => format!("ended with {status}"),
    }
}
