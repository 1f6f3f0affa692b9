//! A pool's whole life, on a thread of its own that is watched: a strategy that hangs must not hang the one who checks it.

use super::crowd::LeftBehind;
use std::{
    io,
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread::{self, Builder, JoinHandle},
    time::{Duration, Instant},
};
use work::{
    strategy::{CloseError, Env, StartError, Strategy, Work},
    task::Task,
    worker::{
        lane::{Done, panic_message},
        layout::WorkerLayout,
        stop::Stop,
        task_queue::Schedule,
    },
};

/// What a run may take beyond its deadline before it counts as hanging: far more than any machine needs.
const GRACE: Duration = Duration::from_secs(10);
/// How long it is waited for threads and processes to be gone when a pool has been closed.
const FAREWELL: Duration = Duration::from_secs(3);
/// The time between two looks at threads and processes.
const TICK: Duration = Duration::from_millis(5);

/// What a pool is given to run.
#[derive(Debug, Clone)]
pub(super) struct PoolRun {
    pub(super) run: u64,
    pub(super) tasks: Vec<Task>,
    /// How long it may take.
    pub(super) limit: Duration,
}

/// What came of it, as the pool returned it.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) work: Work,
    pub(super) done: Vec<Done>,
}

/// A pool's life from its start to its close.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) ran: Vec<Ran>,
    /// The most threads and processes that the pool was seen to have; `None` where the system doesn't tell.
    pub(super) most: Option<LeftBehind>,
    /// What of them was left when it was closed.
    pub(super) left: Option<LeftBehind>,
}

/// Why there was no such life.
#[derive(Debug, thiserror::Error)]
pub(super) enum Breakdown {
    #[error("the pool did not start: {0}")]
    Start(#[from] StartError),
    #[error("the pool did not close: {0}")]
    Close(#[from] CloseError),
    #[error("it panicked outside of any task: {0}")]
    Panicked(String),
    #[error("it hangs: {} s after its deadline it has not come back", GRACE.as_secs())]
    Hangs,
    #[error("there is no thread to run it on: {0}")]
    NoThread(#[from] io::Error),
}

/// Starts a pool, has it run the jobs one after another, and closes it.
pub(super) fn run(
    strategy: &'static dyn Strategy,
    shape: WorkerLayout,
    env: &Env,
    server: &str,
    jobs: Vec<PoolRun>,
) -> Result<Life, Breakdown> {
    let patience = jobs.iter().map(|job| job.limit).sum::<Duration>() + GRACE;
    let (env, server, before) = (env.clone(), server.to_owned(), LeftBehind::now());
    let live = move |over: &Sender<()>| {
        let ran = live(strategy, shape, &env, &server, jobs);
        // Nobody listens any more if it took too long.
        let _ = over.send(());
        ran
    };
    let (thread, most) = watch(live, patience)?;
    let ran = thread.join().map_err(|panic| Breakdown::Panicked(panic_message(&*panic)))??;
    // The thread that it ran on, and the watchdog of its deadline, are ours.
    let ours = LeftBehind { threads: 2, processes: 0 };
    let most = most.zip(before).map(|(most, before)| most.beyond(before).beyond(ours));
    Ok(Life { ran, most, left: before.and_then(left_since) })
}

type Lived = Result<Vec<Ran>, Breakdown>;

/// Looks on until the thread is done with it, or has panicked. One that hangs is left behind.
fn watch(
    live: impl FnOnce(&Sender<()>) -> Lived + Send + 'static,
    patience: Duration,
) -> Result<(JoinHandle<Lived>, Option<LeftBehind>), Breakdown> {
    let (over, is_over) = channel();
    let thread = Builder::new().name("trial".into()).spawn(move || live(&over))?;
    let (give_up, mut most) = (Instant::now() + patience, LeftBehind::now());
    loop {
        match is_over.recv_timeout(TICK) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok((thread, most)),
            Err(RecvTimeoutError::Timeout) if Instant::now() > give_up => return Err(Breakdown::Hangs),
            Err(RecvTimeoutError::Timeout) => most = most.zip(LeftBehind::now()).map(|(most, now)| most.most(now)),
        }
    }
}

fn live(strategy: &dyn Strategy, shape: WorkerLayout, env: &Env, server: &str, jobs: Vec<PoolRun>) -> Lived {
    let mut pool = strategy.start(shape, env)?;
    let ran = jobs.into_iter().map(|job| {
        let stop = Stop::after(job.limit);
        let work = Work { server: Some(server.to_owned()), ..Work::new(job.run, job.tasks, Schedule::OneByOne, stop) };
        let _watchdog = work.stop.watchdog()?;
        let done = pool.run(&work);
        Ok(Ran { work, done })
    });
    let ran: Lived = ran.collect();
    pool.close()?;
    ran
}

/// What there is more of than before, when it had time to go.
fn left_since(before: LeftBehind) -> Option<LeftBehind> {
    let give_up = Instant::now() + FAREWELL;
    loop {
        let left = LeftBehind::now()?.beyond(before);
        if left == LeftBehind::default() || Instant::now() > give_up {
            return Some(left);
        }
        thread::sleep(TICK);
    }
}
