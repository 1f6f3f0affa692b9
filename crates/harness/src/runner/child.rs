//! A child process that carries out one order and ends.
//!
//! Some measurements need one: peak memory, because an allocator keeps what earlier runs took; a limit on the address
//! space, because this process must not run out of it; some of the cores, because this process keeps all; and a pool in
//! the background, which is ended by killing it.

use super::{
    cell::CellError,
    order::{Moment, Outcome, RunOrder, carry_out},
};
use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::resource::{Resource, setrlimit},
};
use serde::{Deserialize, Serialize};
use std::{
    io::{self, BufReader},
    os::{fd::AsFd, unix::process::CommandExt},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};
use support::pipe::{ANSWER_LIMIT, Patient, put_down, reap};
use work::worker::{
    feed, frame, lifeline,
    process::{START_LIMIT, ending},
};

/// Keeps a process that runs out of address space alive, so that only threads are refused. glibc uses one heap for all
/// threads (each of its arenas would take 64 MiB of the limit), and reserves its memory at the start, buffers included,
/// so that existing threads have memory after the last stack was allocated.
const ROOM_TO_BREATHE: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "1"), ("MALLOC_TOP_PAD_", "67108864"), ("MALLOC_MMAP_THRESHOLD_", "33554432")];

/// Rust gives each thread a second small stack, for the handler that reports an overflow, and aborts if there is no
/// room for it. It doesn't if the signals are ignored from the start, which only a shell can do without `unsafe`.
const WITHOUT_HANDLER: &str = r#"trap "" SEGV BUS; exec "$0" "$@""#;

/// The child's messages.
#[derive(Serialize, Deserialize)]
enum ChildReport {
    /// It has reached this moment, and continues after a [`Nod`].
    At(Moment),
    /// The order's outcome, or why there is none.
    Over(Box<Result<Outcome, String>>),
}

/// Continue.
#[derive(Serialize, Deserialize)]
struct Nod;

/// The child, killed and reaped on drop.
pub(super) struct ChildProcess(Child);

impl ChildProcess {
    /// Starts one from the `makespan` binary, with this limit on the address space, if any.
    pub(super) fn spawn(program: &Path, address_space_bytes: Option<u64>) -> Result<Self, CellError> {
        let mut command = Command::new(if address_space_bytes.is_some() { "sh".as_ref() } else { program });
        if address_space_bytes.is_some() {
            command.args(["-c", WITHOUT_HANDLER]).arg(program).envs(ROOM_TO_BREATHE);
        }
        command.arg("child").args(address_space_bytes.map(|bytes| bytes.to_string()));
        Self::start(command, program)
    }

    /// Starts one without a viewer and without a limit.
    pub(super) fn unwatched(program: &Path) -> Result<Self, CellError> {
        let mut command = Command::new(program);
        command.arg("child").env_remove(feed::VARIABLE);
        Self::start(command, program)
    }

    fn start(mut command: Command, program: &Path) -> Result<Self, CellError> {
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0).spawn();
        spawned.map(Self).map_err(|error| CellError::Child(format!("{}: {error}", program.display())))
    }

    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Sends it the order and waits for the outcome, with a limit on each step. `look` is called at each moment, while
    /// the child waits.
    pub(super) fn carry_out(
        &mut self,
        order: &RunOrder,
        interrupted: &Arc<AtomicBool>,
        look: &mut dyn FnMut(Moment),
    ) -> Result<Outcome, CellError> {
        match self.converse(order, interrupted, look) {
            Ok(Some(answer)) => answer.map_err(CellError::Child),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                Err(CellError::Child(format!("{error}, so it was killed")))
            }
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CellError::Child(error.to_string())),
            // Its end of a pipe is closed, so it has ended or is about to.
            _ => {
                let ended = reap(&mut self.0, ANSWER_LIMIT);
                Err(CellError::Child(ended.map_or_else(|| "it closed its pipe and did not end".into(), ending)))
            }
        }
    }

    /// Sends it the order, and returns when its pool is about to run the tasks. Dropping the conversation ends the child.
    pub(super) fn begin(&mut self, order: &RunOrder, interrupted: &Arc<AtomicBool>) -> Result<Conversation, CellError> {
        let mut begin = || {
            let mut conversation = self.send(order, interrupted)?;
            loop {
                match conversation.hear()? {
                    Some(ChildReport::At(moment)) => {
                        conversation.nod(moment, order)?;
                        if moment == Moment::Started {
                            return Ok(Ok(conversation));
                        }
                    }
                    Some(ChildReport::Over(outcome)) => {
                        return Ok(Err(outcome.err().unwrap_or_else(|| "it ended at once".into())));
                    }
                    None => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                }
            }
        };
        begin().map_err(|error: io::Error| CellError::Child(error.to_string()))?.map_err(CellError::Child)
    }

    fn send(&mut self, order: &RunOrder, interrupted: &Arc<AtomicBool>) -> io::Result<Conversation> {
        let no_pipe = || io::Error::other("it has no pipes");
        let orders = Patient::new(self.0.stdin.take().ok_or_else(no_pipe)?, interrupted)?;
        let reports = BufReader::new(Patient::new(self.0.stdout.take().ok_or_else(no_pipe)?, interrupted)?);
        let mut conversation = Conversation { orders, reports, since: Instant::now(), limit: START_LIMIT };
        frame::write(conversation.orders.limit(conversation.since, START_LIMIT), order)?;
        Ok(conversation)
    }

    fn converse(
        &mut self,
        order: &RunOrder,
        interrupted: &Arc<AtomicBool>,
        look: &mut dyn FnMut(Moment),
    ) -> io::Result<Option<Result<Outcome, String>>> {
        let mut conversation = self.send(order, interrupted)?;
        loop {
            match conversation.hear()? {
                Some(ChildReport::At(moment)) => {
                    look(moment);
                    conversation.nod(moment, order)?;
                }
                Some(ChildReport::Over(outcome)) => return Ok(Some(*outcome)),
                None => return Ok(None),
            }
        }
    }
}

/// The two pipes to a child. When they close, the child ends.
pub(super) struct Conversation {
    orders: Patient<ChildStdin>,
    reports: BufReader<Patient<ChildStdout>>,
    /// When the child was last told to go on, and how long it may take.
    since: Instant,
    limit: Duration,
}

impl Conversation {
    /// The next report; `None` if the child has closed its pipe.
    fn hear(&mut self) -> io::Result<Option<ChildReport>> {
        self.reports.get_mut().limit(self.since, self.limit);
        frame::read(&mut self.reports)
    }

    /// Lets it go on from this moment.
    fn nod(&mut self, moment: Moment, order: &RunOrder) -> io::Result<()> {
        (self.since, self.limit) = (Instant::now(), longest_after(moment, order));
        frame::write(self.orders.limit(self.since, ANSWER_LIMIT), &Nod)
    }

    /// Whether the child has said something since, or has ended.
    pub(super) fn has_news(&self) -> bool {
        let mut pipe = [PollFd::new(self.reports.get_ref().as_fd(), PollFlags::POLLIN)];
        poll(&mut pipe, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        // Usually it has ended by itself.
        put_down(&mut self.0);
    }
}

/// How long a child may take from this moment to the next. Meanwhile it waits for its own workers, which may be frozen,
/// and reports that itself; so its limit is longer than theirs.
fn longest_after(moment: Moment, order: &RunOrder) -> Duration {
    match moment {
        Moment::Ready => 2 * START_LIMIT + order.warm_up.map_or(Duration::ZERO, |_| order.deadline) + ANSWER_LIMIT,
        Moment::Started => order.deadline + 2 * ANSWER_LIMIT,
        Moment::Ran => 2 * ANSWER_LIMIT,
    }
}

/// The child's side: reads one order from standard input, carries it out, and writes the outcome. The address space is
/// limited to so many bytes.
pub fn serve_parent(address_space_bytes: Option<u64>) -> io::Result<()> {
    if let Some(bytes) = address_space_bytes {
        setrlimit(Resource::RLIMIT_AS, bytes, bytes)?;
    }
    if let Err(refused) = lifeline::exit_when_stdin_closes() {
        return frame::write(io::stdout(), &ChildReport::Over(Box::new(Err(refused.to_string()))));
    }
    let Some(order) = frame::read::<RunOrder>(io::stdin().lock())? else { return Ok(()) };
    if let Some(refused) = order.cores.and_then(|half| half.confine().err()) {
        return frame::write(io::stdout(), &ChildReport::Over(Box::new(Err(refused.to_string()))));
    }
    let mut pause = |moment| await_nod(moment).map_err(|error| CellError::Child(error.to_string()));
    let outcome = carry_out(&order, &Arc::default(), &mut pause).map_err(|error| error.to_string());
    frame::write(io::stdout().lock(), &ChildReport::Over(Box::new(outcome)))
}

fn await_nod(moment: Moment) -> io::Result<()> {
    frame::write(io::stdout().lock(), &ChildReport::At(moment))?;
    // If none comes, the parent is gone, and the lifeline has already ended this process.
    frame::read::<Nod>(io::stdin().lock()).map(drop)
}
