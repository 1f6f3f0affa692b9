//! Pipes to processes that may be frozen: stopped by a signal, stuck on a disk, starved.
//!
//! A blocking read from such a process never returns, and neither does a write once the pipe is full. So this end of
//! the pipe doesn't block. Each read and write is tried first; it waits only if it would block, and never past its
//! limit. Ctrl-C shortens that limit.

use nix::{
    fcntl::{FcntlArg, OFlag, fcntl},
    poll::{PollFd, PollFlags, PollTimeout, poll},
};
use std::{
    io::{self, ErrorKind, Read, Write},
    os::fd::{AsFd, BorrowedFd},
    process::{Child, ExitStatus},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

/// The timeout for a process to answer a quick question, to read a message, or to end.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// The same after Ctrl-C.
const HURRIED_LIMIT: Duration = Duration::from_secs(1);

/// The longest sleep between two checks for an interrupt.
const NAP: Duration = Duration::from_millis(50);

/// One end of a pipe to a process. A read or write that takes longer than the limit fails with [`ErrorKind::TimedOut`].
#[derive(Debug)]
pub struct Patient<P> {
    pipe: P,
    since: Instant,
    limit: Duration,
    interrupted: Arc<AtomicBool>,
}

impl<P: AsFd> Patient<P> {
    /// Makes this end of the pipe non-blocking. The other side is not affected. `interrupted` is raised by Ctrl-C.
    pub fn new(pipe: P, interrupted: &Arc<AtomicBool>) -> io::Result<Self> {
        fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        let interrupted = Arc::clone(interrupted);
        Ok(Self { pipe, since: Instant::now(), limit: ANSWER_LIMIT, interrupted })
    }

    /// From now on, waits no longer than `limit` from `since`.
    pub fn limit(&mut self, since: Instant, limit: Duration) -> &mut Self {
        (self.since, self.limit) = (since, limit);
        self
    }

    /// Tries until it succeeds or the limit has passed.
    fn until_done<T>(&mut self, flags: PollFlags, mut attempt: impl FnMut(&mut P) -> io::Result<T>) -> io::Result<T> {
        loop {
            match attempt(&mut self.pipe) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait(flags)?,
                done => return done,
            }
        }
    }

    /// Waits a moment for the other side.
    fn wait(&self, flags: PollFlags) -> io::Result<()> {
        let limit = if self.interrupted.load(Relaxed) { self.limit.min(HURRIED_LIMIT) } else { self.limit };
        let left = (self.since + limit).saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::new(ErrorKind::TimedOut, format!("no answer within {} s", limit.as_secs())));
        }
        // Rounded up, or the last moment would busy-loop.
        let nap = PollTimeout::try_from(left.min(NAP) + Duration::from_millis(1)).unwrap_or(PollTimeout::ZERO);
        // An interrupted poll is a poll that saw nothing.
        let _ = poll(&mut [PollFd::new(self.pipe.as_fd(), flags)], nap);
        Ok(())
    }
}

impl<P: AsFd> AsFd for Patient<P> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

impl<P: AsFd + Read> Read for Patient<P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.until_done(PollFlags::POLLIN, |pipe| pipe.read(buffer))
    }
}

impl<P: AsFd + Write> Write for Patient<P> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.until_done(PollFlags::POLLOUT, |pipe| pipe.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pipe.flush()
    }
}

/// Waits until a process that was told to end has ended. `None` if it hasn't within this time: even a killed process
/// lives on while the kernel keeps it in a call.
pub fn reap(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let (begun, mut nap) = (Instant::now(), Duration::from_micros(20));
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if begun.elapsed() < limit => thread::sleep(nap),
            Ok(None) | Err(_) => return None,
        }
        nap = (2 * nap).min(Duration::from_millis(5));
    }
}

/// Kills a process and reaps it, unless it has been reaped already.
pub fn put_down(child: &mut Child) -> Option<ExitStatus> {
    // It only fails if the child has ended by itself.
    let _ = child.kill();
    reap(child, ANSWER_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{ChildStdin, ChildStdout, Command, Stdio};

    /// A process that ignores its pipes.
    fn frozen(interrupted: bool) -> (Child, Patient<ChildStdin>, Patient<ChildStdout>) {
        let mut sleep = Command::new("sleep");
        let mut child = sleep.arg("600").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let flag = Arc::new(AtomicBool::new(interrupted));
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        (child, Patient::new(stdin, &flag).unwrap(), Patient::new(stdout, &flag).unwrap())
    }

    #[test]
    fn who_reads_nothing_and_says_nothing_is_not_waited_for() {
        let (mut child, mut stdin, mut stdout) = frozen(false);
        let soon = Duration::from_millis(20);
        let unread = stdin.limit(Instant::now(), soon).write_all(&vec![0; 1 << 20]).unwrap_err();
        let unsaid = stdout.limit(Instant::now(), soon).read(&mut [0]).unwrap_err();
        assert_eq!([unread.kind(), unsaid.kind()], [ErrorKind::TimedOut; 2]);
        assert_eq!(reap(&mut child, soon), None, "it still sleeps");
        assert!(put_down(&mut child).is_some_and(|status| !status.success()));
        assert_eq!(stdout.read(&mut [0]).unwrap(), 0, "an ended pipe is seen at once, whatever the limit");
    }

    #[test]
    fn an_interrupt_cuts_the_limit_short() {
        let (mut child, _stdin, mut stdout) = frozen(true);
        let words = stdout.limit(Instant::now(), Duration::from_hours(1)).read(&mut [0]).unwrap_err().to_string();
        assert_eq!(words, "no answer within 1 s");
        put_down(&mut child);
    }
}
