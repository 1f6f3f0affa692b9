//! A worker process, as its parent holds it: spawned, greeted, given hands of tasks, always reaped.

use super::{
    error::{CloseError, StartError},
    frame,
    lane::Done,
    serve::{Answer, GREETING, Handed, Order},
};
use crate::{
    measure::cpu::CpuTime,
    queue::worker::{Membership, peer_id},
    task::Task,
};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::{
    io::{self, BufReader},
    num::NonZeroU32,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::process::{CommandExt, ExitStatusExt},
    },
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
};

/// The longest wait for a greeting, which usually takes a millisecond, and for word from a queue.
const PATIENCE_MS: u16 = 10_000;

/// One worker process. Dropping it kills and reaps the process.
#[derive(Debug)]
pub struct WorkerProcess {
    number: u32,
    threads: NonZeroU32,
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl WorkerProcess {
    /// Starts worker process `number` (counted from 0), with so many threads that work, from the `makespan` binary. It is
    /// not yet known to be ready: start them all first, then ask each, and their start-up overlaps.
    pub fn spawn(program: &Path, number: u32, threads: NonZeroU32) -> Result<Self, StartError> {
        let spawned = Command::new(program)
            .args(["worker-process", &threads.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A group of its own, or Ctrl-C in the terminal would reach the workers before their parent.
            .process_group(0)
            .spawn();
        let failed = |reason: String| StartError::Process { number: number + 1, reason };
        let mut child = spawned.map_err(|error| failed(format!("{}: {error}", program.display())))?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("it has no pipes".into()));
        };
        Ok(Self { number, threads, child, orders: Some(orders), answers: BufReader::new(answers) })
    }

    /// Waits for its greeting, with patience but not for ever: a program that isn't ours may never say a word.
    pub fn await_ready(&mut self) -> Result<(), StartError> {
        let reason = match self.answer_within_patience() {
            None => format!("no greeting within {} s: is it a makespan binary?", PATIENCE_MS / 1000),
            Some(Ok(Answer::Ready(greeting))) if greeting == GREETING => return Ok(()),
            Some(Ok(other)) => format!("it greeted with {other:?} instead of {GREETING:?}: is it of another build?"),
            Some(Err(ended)) => ended,
        };
        Err(self.not_started(reason))
    }

    /// Tells it to take jobs from a queue, as the pool's workers of its number. It is not yet known to do so: tell them all
    /// first, then await each.
    pub fn join(&mut self, membership: &Membership) -> Result<(), StartError> {
        let first_worker = self.number * membership.threads.get();
        let membership = Membership { first_worker, ..membership.clone() };
        self.order(&Order::Join(Box::new(membership))).map_err(|reason| self.not_started(reason))
    }

    /// Waits until it takes jobs, as [`WorkerProcess::join`] has told it to.
    pub fn await_joined(&mut self) -> Result<(), StartError> {
        let reason = match self.answer_within_patience() {
            None => format!("no word from its queue within {} s", PATIENCE_MS / 1000),
            Some(Ok(Answer::Joined(Ok(())))) => return Ok(()),
            Some(Ok(Answer::Joined(Err(why)))) => why,
            Some(Ok(other)) => self.put_down(&format!("it answered {other:?} when told to join a queue")),
            Some(Err(ended)) => ended,
        };
        Err(self.not_started(reason))
    }

    /// The name that its worker `thread` (counted from 0) has in a queue: see [`Peer::id`](crate::queue::broker::Peer::id).
    pub fn peer_id(&self, thread: u32) -> String {
        peer_id(self.child.id(), thread)
    }

    /// How it ended, if it has ended by itself. This only asks the system, and waits for nothing.
    pub fn try_ended(&mut self) -> Option<String> {
        self.child.try_wait().ok().flatten().map(ending)
    }

    /// Which of the pool's processes it is, counted from 0.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// How many hands it can have at once: one for each of its threads.
    pub fn threads(&self) -> usize {
        self.threads.get() as usize
    }

    /// Gives one of its threads some tasks. It answers each when it is done.
    pub fn hand(&mut self, run: u64, deadline_ns: u64, tasks: Vec<(u32, &Task)>) -> Result<(), String> {
        let first_worker = self.number * self.threads.get();
        self.order(&Order::Hand(Handed { run, first_worker, deadline_ns, tasks }))
    }

    /// Waits for the next task to be done. The error says how the process died.
    pub fn next_done(&mut self) -> Result<Done, String> {
        match self.answer()? {
            Answer::Done(done) => Ok(done),
            other => Err(self.put_down(&format!("it answered {other:?} out of turn"))),
        }
    }

    /// True when an answer, or a part of one, has been read from the pipe already, so that polling would not show it.
    pub fn has_buffered(&self) -> bool {
        !self.answers.buffer().is_empty()
    }

    /// What becomes readable when it answers, or dies.
    pub fn answers_fd(&self) -> BorrowedFd<'_> {
        self.answers.get_ref().as_fd()
    }

    /// The CPU time it has used so far.
    pub fn cpu(&mut self) -> Result<CpuTime, String> {
        self.order(&Order::<&Task>::Cpu)?;
        match self.answer()? {
            Answer::Cpu(time) => Ok(time),
            other => Err(self.put_down(&format!("it answered {other:?} when asked for its CPU time"))),
        }
    }

    /// Kills it, as the deadline demands. It is reaped when it is closed.
    pub fn kill(&mut self) {
        // The one way to fail is that it has ended by itself.
        let _ = self.child.kill();
    }

    /// Closes its pipe, which tells it to go.
    pub fn hang_up(&mut self) {
        self.orders = None;
    }

    /// Tells it to go and waits until it has. A process that was killed has been reported with
    /// the task it held; here only one that ends badly of its own accord is an error.
    pub fn close(mut self) -> Result<(), CloseError> {
        self.hang_up();
        let failed = |how: String| CloseError::Process { number: self.number + 1, how };
        let status = self.child.wait().map_err(|error| failed(error.to_string()))?;
        if status.success() || status.signal().is_some() { Ok(()) } else { Err(failed(ending(status))) }
    }

    fn order(&mut self, order: &Order<&Task>) -> Result<(), String> {
        let written = match &mut self.orders {
            Some(pipe) => frame::write(pipe, order),
            None => Err(io::Error::other("its pipe is closed")),
        };
        written.map_err(|error| self.put_down(&error.to_string()))
    }

    /// The next answer; `None` when there is none for a long time.
    fn answer_within_patience(&mut self) -> Option<Result<Answer, String>> {
        let mut readable = [PollFd::new(self.answers_fd(), PollFlags::POLLIN)];
        let waited = !self.has_buffered() && poll(&mut readable, PollTimeout::from(PATIENCE_MS)) == Ok(0);
        (!waited).then(|| self.answer())
    }

    fn not_started(&self, reason: String) -> StartError {
        StartError::Process { number: self.number + 1, reason }
    }

    fn answer(&mut self) -> Result<Answer, String> {
        match frame::read(&mut self.answers) {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(self.put_down("its pipe closed")),
            Err(error) => Err(self.put_down(&error.to_string())),
        }
    }

    /// Makes sure that a process we can no longer talk to is gone, and says how it ended.
    fn put_down(&mut self, symptom: &str) -> String {
        let ended = self.child.try_wait().ok().flatten();
        self.kill();
        match (ended, self.child.wait()) {
            (Some(status), _) => ending(status),
            // A process that was just killed by somebody closes its pipes a moment before it can be reaped.
            (None, Ok(status)) if symptom == "its pipe closed" => ending(status),
            (None, _) => symptom.to_owned(),
        }
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        self.kill();
        // Reaped, so that no zombie outlives the pool.
        let _ = self.child.wait();
    }
}

/// How a process ended, for people.
pub fn ending(status: ExitStatus) -> String {
    match status.signal() {
        Some(signal) => {
            let name = nix::sys::signal::Signal::try_from(signal).map_or("unknown", nix::sys::signal::Signal::as_str);
            format!("killed by signal {signal} ({name})")
        }
        None => format!("ended with {status}"),
    }
}
