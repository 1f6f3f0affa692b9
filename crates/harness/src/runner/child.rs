//! A child process that carries out one order and ends.
//!
//! Two measurements need one: peak memory, because an allocator keeps what earlier runs took; and a limit on the
//! address space, because this process must not run out of it.

use super::{
    cell::CellError,
    order::{Moment, Outcome, RunOrder, carry_out},
};
use nix::sys::resource::{Resource, setrlimit};
use serde::{Deserialize, Serialize};
use std::{
    io::{self, BufReader},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};
use support::pipe::{ANSWER_LIMIT, Patient, put_down, reap};
use work::worker::{
    frame, lifeline,
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

    fn converse(
        &mut self,
        order: &RunOrder,
        interrupted: &Arc<AtomicBool>,
        look: &mut dyn FnMut(Moment),
    ) -> io::Result<Option<Result<Outcome, String>>> {
        let no_pipe = || io::Error::other("it has no pipes");
        // Held until the answer arrives: when it closes, the child ends.
        let mut orders = Patient::new(self.0.stdin.take().ok_or_else(no_pipe)?, interrupted)?;
        let mut reports = BufReader::new(Patient::new(self.0.stdout.take().ok_or_else(no_pipe)?, interrupted)?);
        let (mut since, mut limit) = (Instant::now(), START_LIMIT);
        frame::write(orders.limit(since, limit), order)?;
        loop {
            reports.get_mut().limit(since, limit);
            match frame::read(&mut reports)? {
                Some(ChildReport::At(moment)) => {
                    look(moment);
                    (since, limit) = (Instant::now(), longest_after(moment, order));
                    frame::write(orders.limit(since, ANSWER_LIMIT), &Nod)?;
                }
                Some(ChildReport::Over(outcome)) => return Ok(Some(*outcome)),
                None => return Ok(None),
            }
        }
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
    let mut pause = |moment| await_nod(moment).map_err(|error| CellError::Child(error.to_string()));
    let outcome = carry_out(&order, &Arc::default(), &mut pause).map_err(|error| error.to_string());
    frame::write(io::stdout().lock(), &ChildReport::Over(Box::new(outcome)))
}

fn await_nod(moment: Moment) -> io::Result<()> {
    frame::write(io::stdout().lock(), &ChildReport::At(moment))?;
    // If none comes, the parent is gone, and the lifeline has already ended this process.
    frame::read::<Nod>(io::stdin().lock()).map(drop)
}
