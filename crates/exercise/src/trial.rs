//! A pool's whole life cycle, on its own watched thread: a strategy that hangs must not hang the check.
//!
//! A thread can't be stopped from outside, so after its time limit the report is written and the program ends.

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
        work::{Headcount, OwnClock},
    },
};

/// How far a run may exceed its deadline before it counts as hanging: far more than any machine needs.
const GRACE: Duration = Duration::from_secs(10);
/// How long threads and processes may take to end after the pool was closed.
const FAREWELL: Duration = Duration::from_secs(3);
/// The interval at which threads and processes are counted.
const TICK: Duration = Duration::from_millis(5);

/// A run for a pool.
#[derive(Debug, Clone)]
pub(super) struct PoolRun {
    pub(super) run: u64,
    pub(super) tasks: Vec<Task>,
    /// How long it may take.
    pub(super) limit: Duration,
}

/// The result of a run, as the pool returned it.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) work: Work,
    pub(super) done: Vec<Done>,
    /// How many processes and threads have done the tasks, if the pool is a program of its own, which tells.
    pub(super) did: Option<Headcount>,
}

/// A pool's life cycle, from start to close.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) ran: Vec<Ran>,
    /// The most threads and processes that the pool had when counted; `None` if the system doesn't tell.
    pub(super) most: Option<LeftBehind>,
    /// Those left after it was closed.
    pub(super) left: Option<LeftBehind>,
}

/// Why a pool's life cycle was not completed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Breakdown {
    #[error("the pool did not start: {0}")]
    Start(#[from] StartError),
    #[error("the pool did not close: {0}")]
    Close(#[from] CloseError),
    #[error("it panicked outside of any task: {0}")]
    Panicked(String),
    #[error("it hangs: it has not returned {} s after its deadline", GRACE.as_secs())]
    Hangs,
    #[error("no thread could be started for it: {0}")]
    NoThread(#[from] io::Error),
}

/// Starts a pool, has it do the runs sequentially, and closes it.
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
        // Nobody receives this if it took too long.
        let _ = over.send(());
        ran
    };
    let (thread, most) = watch(live, patience)?;
    let (ran, left) = thread.join().map_err(|panic| Breakdown::Panicked(panic_message(&*panic)))??;
    // Two threads are ours: the one it ran on, and the deadline's watchdog.
    let ours = LeftBehind { threads: 2, processes: 0 };
    let most = most.zip(before).map(|(most, before)| most.beyond(before).beyond(ours));
    // A pool that is a program of its own has its threads and processes there. One of its threads is the program's.
    let did = ran
        .iter()
        .filter_map(|ran| ran.did)
        .map(|did| LeftBehind { threads: did.threads.saturating_sub(1), ..did.into() });
    let most = did.reduce(LeftBehind::most).or(most);
    let left = before.and_then(left_since).map(|here| left.map_or(here, |there| here.most(there.into())));
    Ok(Life { ran, most, left })
}

/// The runs, and what the pool has left behind, if it tells.
type Lived = Result<(Vec<Ran>, Option<Headcount>), Breakdown>;

/// Watches until the thread is done or has panicked. A thread that hangs is left behind.
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
        let did = pool.own_clock().and_then(OwnClock::last_run).and_then(|run| run.did);
        Ok(Ran { work, done, did })
    });
    let ran = ran.collect::<Result<Vec<_>, Breakdown>>()?;
    let left = pool.own_clock().and_then(|clock| {
        clock.stop();
        clock.left()
    });
    pool.close()?;
    Ok((ran, left))
}

/// How many more threads and processes there are than before, after a time to end.
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
