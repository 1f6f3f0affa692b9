//! N worker processes that take jobs from a queue: a SQLite file, or a Redis server that workers on other machines can
//! reach too.
//!
//! **Wins** when one machine is not enough, and when work must survive the loss of a worker. Any worker that reaches
//! the queue can take jobs. It may join after the work was enqueued, and may leave in the middle: if a worker falls
//! silent, another one gets its job.
//!
//! **Loses** whenever one machine is enough. A job is written, found and read, and its result travels back the same
//! way: several round trips to a server or a file, where a thread pops from a list (`cargo bench --bench queue`
//! measures the cost here). And a job that goes to another worker may run twice: a queue promises "at least once", so
//! every job must be safe to repeat (idempotent).
//!
//! **Try**: `makespan run gallery_downloads --strategy processes,queue --workers 8`. Then kill one of the workers in
//! the middle of a run: what does that cost each strategy? Then `--workers 0` with `--queue redis://HOST`, and
//! `makespan worker` on every machine you have.

use super::{CloseError, Env, Pool, StartError, Strategy, Work};
use crate::presentation::{Marker, Phrase, Presentation};
use crate::{
    queue::{
        address::Address,
        batch::{Batch, Client, SeenPlaces},
        broker::{BEAT, Broker, QueueError},
        job_spec::Errand,
        worker::Membership,
    },
    task::Task,
    worker::{
        error::LostWorker, lane::Done, layout::WorkerLayout, process::WorkerProcess, stop::Stop, task_queue::Schedule,
        work::Account,
    },
};
use measure::cpu::CpuTime;
use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};
use support::scratch::Scratch;

/// N worker processes and a queue.
#[derive(Debug)]
pub struct Queue;

struct QueuePool {
    broker: Box<dyn Broker>,
    client: Client,
    staff: Staff,
    account: Account,
    /// The directory of the pool's own queue, if any, and its workers' output. Dropped last.
    _directory: Scratch,
}

impl Strategy for Queue {
    fn name(&self) -> &'static str {
        "queue"
    }

    fn summary(&self) -> &'static str {
        "N worker processes that take jobs from a queue: a file, or Redis"
    }

    fn max_workers(&self) -> u32 {
        256
    }

    fn presentation(&self) -> Presentation {
        Presentation {
            label: "queue",
            worker: ("worker", "workers"),
            phrase: Phrase::With("a queue", "worker", "workers"),
            tones: ["#8c564b", "#8c564b", "#c99a8b"],
            marker: Marker::Hexagon,
            dash: "9 3 3 3",
            most_in_class: 16,
            parallel: true,
        }
    }

    fn refuses(&self, schedule: Schedule, tasks: &[Task]) -> Option<String> {
        if schedule != Schedule::OneByOne {
            return Some("the queue gives each job to the next free worker: only one_by_one".into());
        }
        tasks.iter().find_map(|task| Errand::of(task).err())
    }

    fn start(&self, shape: WorkerLayout, env: &Env) -> Result<Box<dyn Pool>, StartError> {
        let directory = directory(&env.scratch)?;
        let file = || Address::Sqlite(directory.path().join("queue.sqlite3"));
        let address = env.queue.address.clone().unwrap_or_else(file);
        // Contacted before any worker starts, so that a missing queue is reported at once.
        let mut broker = address.broker(&env.queue.name);
        let client = Client::introduce(&address, &mut *broker, &env.queue.name)?;
        let workers = if env.queue.own_workers { shape.workers().get() } else { 0 };
        let (queue, data, outputs) = (env.queue.name.clone(), env.data.clone(), directory.path().join("outputs"));
        let threads = NonZeroU32::MIN;
        let membership = Membership { address, queue, threads, first_worker: 0, data, outputs, server: None };
        let staff = Staff::start(workers, env, membership)?;
        Ok(Box::new(QueuePool { broker, client, staff, account: Account::default(), _directory: directory }))
    }
}

fn directory(parent: &Path) -> Result<Scratch, QueueError> {
    Scratch::new_in(parent).map_err(|error| {
        let address = parent.display().to_string();
        QueueError::Unreachable { address, cause: error.to_string() }
    })
}

impl Pool for QueuePool {
    /// The pool enqueues all jobs and reads the results. It hands no task to a worker: the queue is between them.
    fn run(&mut self, work: &Work) -> Vec<Done> {
        let mut batch = Batch::new(&mut *self.broker, &self.client, work);
        batch.hand_in();
        while batch.waits() {
            batch.collect();
            // While the queue is unreachable, a replacement couldn't join it.
            if batch.is_open() {
                self.staff.replace_the_dead(&work.stop);
            }
        }
        // A job still in flight was withdrawn or is past its deadline: its worker stops it by itself.
        let (done, account) = batch.close(&self.staff.numbers);
        self.account = account;
        done
    }

    fn account(&mut self) -> Account {
        self.account.clone()
    }

    fn lost(&mut self) -> Vec<LostWorker> {
        self.staff.note_the_dead();
        self.staff.lost.clone()
    }

    fn worker_cpu(&mut self) -> CpuTime {
        self.staff.cpu()
    }

    fn close(mut self: Box<Self>) -> Result<(), CloseError> {
        let closed = self.staff.close();
        self.client.leave(&mut *self.broker, &self.staff.numbers);
        closed
    }
}

/// The pool's own worker processes, each in its slot.
struct Staff {
    program: PathBuf,
    interrupted: Arc<AtomicBool>,
    membership: Membership,
    places: Vec<QueueAddress>,
    /// Includes the dead: their deliveries have the number of their slot.
    numbers: SeenPlaces,
    /// The lost workers.
    lost: Vec<LostWorker>,
}

struct QueueAddress {
    process: WorkerProcess,
    filled: Instant,
    is_vacant: bool,
}

impl QueueAddress {
    fn filled_by(process: WorkerProcess) -> Self {
        Self { process, filled: Instant::now(), is_vacant: false }
    }

    /// Records why the worker is gone.
    fn vacate(&mut self, how: String) -> LostWorker {
        self.is_vacant = true;
        LostWorker { process: self.process.number() + 1, how }
    }
}

impl Staff {
    fn start(workers: u32, env: &Env, membership: Membership) -> Result<Self, StartError> {
        let (program, interrupted) = (env.program.clone(), Arc::clone(&env.interrupted));
        // Spawn all before awaiting the first, and tell all to join before the first has joined, so that they overlap.
        let spawn = |number| WorkerProcess::spawn_interruptible(&program, number, NonZeroU32::MIN, &interrupted);
        let mut processes: Vec<WorkerProcess> = (0..workers).map(spawn).collect::<Result<_, _>>()?;
        processes.iter_mut().try_for_each(WorkerProcess::await_ready)?;
        processes.iter_mut().try_for_each(|process| process.join(&membership))?;
        processes.iter_mut().try_for_each(WorkerProcess::await_joined)?;
        let numbers = processes.iter().map(|process| (process.peer_id(0), process.number())).collect();
        let places = processes.into_iter().map(QueueAddress::filled_by).collect();
        Ok(Self { program, interrupted, membership, places, numbers, lost: Vec::new() })
    }

    /// Finds ended workers, idle ones too.
    fn note_the_dead(&mut self) {
        for place in self.places.iter_mut().filter(|place| !place.is_vacant) {
            let ended = place.process.try_ended();
            self.lost.extend(ended.map(|how| place.vacate(how)));
        }
    }

    /// A queue promises that its jobs get done, so dead workers are replaced. If workers die right after their start,
    /// the pool pauses between two replacements.
    fn replace_the_dead(&mut self, stop: &Stop) {
        self.note_the_dead();
        let is_due = |place: &&mut QueueAddress| place.is_vacant && place.filled.elapsed() >= BEAT;
        for place in self.places.iter_mut().filter(is_due) {
            place.filled = Instant::now();
            let number = place.process.number();
            let spawned = WorkerProcess::spawn_interruptible(&self.program, number, NonZeroU32::MIN, &self.interrupted);
            if let Ok(process) = spawned.and_then(|process| joined(process, &self.membership, stop)) {
                self.numbers.insert(process.peer_id(0), number);
                *place = QueueAddress::filled_by(process);
            }
        }
    }

    fn cpu(&mut self) -> CpuTime {
        self.note_the_dead();
        let mut sum = CpuTime::default();
        // Ask all before reading the first answer, so that waits for frozen ones overlap.
        for place in self.places.iter_mut().filter(|place| !place.is_vacant) {
            let asked = place.process.ask_cpu();
            self.lost.extend(asked.err().map(|how| place.vacate(how)));
        }
        for place in self.places.iter_mut().filter(|place| !place.is_vacant) {
            match place.process.cpu() {
                Ok(cpu) => sum = sum + cpu,
                Err(how) => self.lost.push(place.vacate(how)),
            }
        }
        sum
    }

    fn close(&mut self) -> Result<(), CloseError> {
        // Tell all to exit before awaiting the first, and await every one: no process is left behind.
        self.places.iter_mut().for_each(|place| place.process.hang_up());
        self.places.drain(..).map(|place| place.process.close()).fold(Ok(()), Result::and)
    }
}

/// Joins a new worker; an error if the run ends before it has joined.
fn joined(process: WorkerProcess, membership: &Membership, stop: &Stop) -> Result<WorkerProcess, StartError> {
    let mut process = process.within(stop.time_left());
    process.await_ready()?;
    process.join(membership)?;
    process.await_joined()?;
    Ok(process)
}
