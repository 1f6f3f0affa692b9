//! The engines that carry jobs to workers: our pools, and RQ.

use crate::{common, python::Rq, redis_server::RedisServer};
use makespan::{
    queue::{
        address::{Address, DEFAULT_NAME, VARIABLE},
        redis::Redis,
    },
    results::{
        costs::{Engine, EngineFacts},
        store,
    },
    stats::median::median,
    strategy::{self, Env, Pool, QueueSettings, Strategy, Work},
    task::Task,
    worker::{layout::WorkerLayout, stop::Stop, task_queue::Schedule},
};
use std::{
    cell::RefCell,
    env,
    num::NonZeroU32,
    process,
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(3);
/// Enough for a median that the first few jobs, with cold caches, don't affect.
const SINGLES: u32 = 50;

/// An engine that runs jobs.
pub enum Carrier {
    /// One of our strategies.
    Ours(&'static dyn Strategy, Box<Env>),
    /// RQ with this kind of worker. One Python process drives both kinds.
    Rq(Rc<RefCell<Rq>>, &'static str),
}

/// All available engines.
pub struct Carriers {
    pub ready: Vec<(Engine, Carrier)>,
    /// For each requested engine, its version, or why it is skipped.
    pub about: Vec<EngineFacts>,
    /// Stopped when this is dropped.
    _server: Option<RedisServer>,
}

impl Carriers {
    /// Prepares the engines. With `may_install`, RQ is installed if it is missing.
    pub fn set_up(engines: &[Engine], may_install: bool) -> Self {
        let (server, url) = redis(engines);
        let mut rq: Option<Result<Rc<RefCell<Rq>>, String>> = None;
        let (mut ready, mut about) = (Vec::new(), Vec::new());
        for &engine in engines {
            let set_up = match engine {
                Engine::Processes => ours("processes", None).map(|carrier| (carrier, None)),
                Engine::Sqlite => ours("queue", None).map(|carrier| (carrier, None)),
                Engine::Redis => url.clone().and_then(|url| {
                    let carrier = ours("queue", Some(&url))?;
                    Ok((carrier, Some(redis_version(&url)?)))
                }),
                Engine::Rq | Engine::RqSimple => {
                    let found = rq.get_or_insert_with(|| {
                        let rq = Rq::start(&url.clone()?, store::Store::at(None).dir(), may_install)?;
                        Ok(Rc::new(RefCell::new(rq)))
                    });
                    found.clone().map(|rq| {
                        let (kind, how) = match engine {
                            Engine::Rq => ("Worker", "a process forked for each job"),
                            _ => ("SimpleWorker", "no fork"),
                        };
                        let note = format!("{}, {kind}: {how}; logs only errors", rq.borrow().version);
                        (Carrier::Rq(rq, kind), Some(note))
                    })
                }
            };
            let (note, left_out) = match set_up {
                Ok((carrier, note)) => {
                    ready.push((engine, carrier));
                    (note, None)
                }
                Err(reason) => (None, Some(reason)),
            };
            about.push(EngineFacts { engine, note, left_out });
        }
        Self { ready, about, _server: server }
    }
}

/// The Redis to measure on: its URL with the password, and the server process if we started it.
fn redis(engines: &[Engine]) -> (Option<RedisServer>, Result<String, String>) {
    match env::var(VARIABLE) {
        Ok(url) if url.starts_with("redis://") => (None, Ok(url)),
        _ if engines.iter().all(|engine| matches!(engine, Engine::Processes | Engine::Sqlite)) => {
            (None, Err("no engine on Redis was requested".into()))
        }
        _ => match RedisServer::start() {
            Some(server) => {
                let url = server.url();
                (Some(server), Ok(url))
            }
            None => (None, Err("redis-server is not installed; set MAKESPAN_QUEUE to use a running one".into())),
        },
    }
}

/// The server's version, and whether its append-only file is on.
fn redis_version(url: &str) -> Result<String, String> {
    let Address::Redis(url) = url.parse()? else { return Err("not the URL of a Redis server".into()) };
    let about = Redis::new(&url, DEFAULT_NAME).about().map_err(|error| error.to_string())?;
    let append_only = if about.append_only { "on" } else { "off" };
    Ok(format!("Redis {}, append-only file {append_only}", about.version))
}

fn ours(name: &str, url: Option<&str>) -> Result<Carrier, String> {
    let strategy = strategy::named(name)?;
    let address: Option<Address> = url.map(str::parse).transpose()?;
    // A separate queue, so that jobs of other runs don't mix with ours.
    let queue = QueueSettings { address, name: format!("makespan-bench-{}", process::id()), own_workers: true };
    Ok(Carrier::Ours(strategy, Box::new(Env { queue, ..common::env() })))
}

impl Carrier {
    /// Sequential jobs with one worker: the median seconds of one, from enqueuing to result.
    pub fn single(&mut self) -> Result<f64, String> {
        let took_s = match self {
            Self::Rq(rq, kind) => rq.borrow_mut().order(&format!("single {kind} {}", SINGLES / 2))?,
            Self::Ours(strategy, env) => with_pool(*strategy, env, 1, |pool| {
                run(pool, 1)?;
                (0..SINGLES).map(|_| run(pool, 1)).collect::<Result<Vec<f64>, String>>()
            })?,
        };
        median(&took_s).ok_or_else(|| "no job was done".into())
    }

    /// This many jobs at once with this many idle workers: seconds until the last result.
    pub fn bulk(&mut self, workers: u32, jobs: u32) -> Result<f64, String> {
        match self {
            Self::Rq(rq, kind) => {
                let took_s = rq.borrow_mut().order(&format!("bulk {kind} {workers} {jobs}"))?;
                took_s.first().copied().ok_or_else(|| "RQ reported no time".into())
            }
            Self::Ours(strategy, env) => with_pool(*strategy, env, workers, |pool| {
                run(pool, 2 * workers)?;
                run(pool, jobs)
            }),
        }
    }
}

/// Starts a pool, uses it, and closes it: idle workers of one cell would disturb the next.
fn with_pool<T>(
    strategy: &dyn Strategy,
    env: &Env,
    workers: u32,
    used: impl FnOnce(&mut dyn Pool) -> Result<T, String>,
) -> Result<T, String> {
    let workers = NonZeroU32::new(workers).expect("counts here start at 1");
    let mut pool = strategy.start(WorkerLayout::Plain(workers), env).map_err(|error| error.to_string())?;
    let result = used(&mut *pool);
    pool.close().map_err(|error| error.to_string())?;
    result
}

/// A run of empty jobs: seconds, if all of them succeeded.
fn run(pool: &mut dyn Pool, jobs: u32) -> Result<f64, String> {
    static RUNS: AtomicU64 = AtomicU64::new(1);
    let tasks = vec![Task::Noop; jobs as usize];
    let work = Work::new(RUNS.fetch_add(1, Relaxed), tasks, Schedule::OneByOne, Stop::after(PATIENCE));
    let _watchdog = work.stop.watchdog().map_err(|error| error.to_string())?;
    let before = Instant::now();
    let done = pool.run(&work);
    let took_s = before.elapsed().as_secs_f64();
    for one in work.settle(done) {
        one.result.map_err(|error| format!("job {} of {jobs}: {error}", one.index))?;
    }
    Ok(took_s)
}
