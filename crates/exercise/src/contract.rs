//! The contract of every pool, point by point: each point is tested on a few tasks, with a hint if it fails.
//!
//! The evidence comes from sources that a strategy can't fake: the mock server's log, and the system's list of threads
//! and processes.

use super::{
    Exercise, GradeError, Language,
    crowd::LeftBehind,
    trial::{self, Breakdown, Life, PoolRun, Ran},
};
use mock_server::{
    log::LogEntry,
    process::ServerProcess,
    profile::{Fault, FaultRule, Profile, Route},
};
use serde::Serialize;
use std::{
    iter,
    net::{Ipv4Addr, TcpListener},
    num::NonZeroU64,
    time::Duration,
};
use work::{
    strategy::{Env, Strategy},
    task::{
        ErrorKind, Expected, Output, Task, TaskError,
        fetch::Fetch,
        prime_sum::{self, PrimeSum},
    },
    worker::lane::Done,
};

/// Longer than any step here takes.
const AMPLE: Duration = Duration::from_secs(10);
/// The deadline of the run that never ends: even a busy machine finishes two small sums before it.
const SHORT: Duration = Duration::from_secs(1);
/// Length of an ordinary wait, in seconds. Within it, even a busy machine starts more threads of Python than a pool may
/// have: at 15 ms, the first had ended before one too many had begun, and a pool without a bound kept its contract.
const WAIT_S: f64 = 0.2;

/// A point of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ContractPoint {
    /// Each answer is right and has its task's index.
    Answers,
    /// Each task is done exactly once.
    Once,
    /// There are never more tasks in flight than workers.
    AtMost,
    /// The work is done in as many processes as the worker layout says.
    Processes,
    /// There is no second thread.
    OneThread,
    /// A failed task doesn't affect the others.
    Errors,
    /// At the deadline the run returns, with the tasks that are done.
    Deadline,
    /// A closed pool leaves no thread and no process behind.
    LeftBehind,
    /// The answers are right in every measured round as well.
    Rounds,
}

/// The outcome of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PointOutcome {
    /// It is kept.
    Passed,
    /// It isn't.
    Failed,
    /// Unknown: the system doesn't tell, or an earlier step went wrong.
    NotChecked,
}

/// A point with its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PointResult {
    /// Which.
    pub point: ContractPoint,
    /// The point in words.
    pub promise: String,
    /// The outcome.
    pub outcome: PointOutcome,
    /// What happened, if the point failed or was not checked.
    pub why: Option<String>,
    /// A hint at the cause, if the point failed.
    pub look_at: Option<&'static str>,
}

impl ContractPoint {
    /// The point in words.
    fn promise(self, exercise: &Exercise) -> String {
        match self {
            Self::Answers => "right answers, each with its task's index".into(),
            Self::Once => "each task once, by the server's log".into(),
            Self::AtMost => format!("never more than {} tasks at once", exercise.shape.workers()),
            Self::Processes => format!("the work is done in {} processes", exercise.processes()),
            Self::OneThread => "all of it on one thread".into(),
            Self::Errors => "an error stays with its task".into(),
            Self::Deadline => "the run ends at its deadline, with what is done".into(),
            Self::LeftBehind => "no thread and no process is left behind".into(),
            Self::Rounds => "right answers in every measured round".into(),
        }
    }

    fn look_at(self, language: Language) -> &'static str {
        match language {
            Language::Rust => self.look_at_in_rust(),
            Language::Python => self.look_at_in_python(),
        }
    }

    fn look_at_in_rust(self) -> &'static str {
        match self {
            Self::Answers => {
                "Return one `Done` for each of `work.tasks`. `Lane::run` makes it, with the index you give it."
            }
            Self::Once => "Take tasks from one task queue (`work.task_queue`): it hands out each task once.",
            Self::AtMost => "How many workers take tasks at the same time? `shape.workers()` is the limit.",
            Self::Processes => "`WorkerProcess::spawn` starts one. The layout says how many, and the threads of each.",
            Self::OneThread => "An event loop needs no second thread: `thread::spawn` and `spawn_blocking` make one.",
            Self::Errors => "A task that failed is a `Done` with an `Err` in it: return it like any other, and go on.",
            Self::Deadline => {
                "`Lane::run` ends at the deadline. Whatever else waits has to look at `work.stop` itself."
            }
            Self::LeftBehind => "Join every thread and close every process before `close` returns.",
            Self::Rounds => {
                "The answers were right before, but not always: which state do workers share, and what guards it?"
            }
        }
    }

    fn look_at_in_python(self) -> &'static str {
        match self {
            Self::Answers => "`lane.do(*item)` returns a task's `Done`. Add each of them to `work.done`, once.",
            Self::Once => "Take tasks from one `queue.Queue`: it hands out each task once.",
            Self::AtMost => "How many workers take tasks at the same time? `layout.workers` is the limit.",
            Self::Processes => "`multiprocessing.Process` starts one. `layout.processes` says how many.",
            Self::OneThread => "An event loop needs no second thread: `asyncio.to_thread` and executors start one.",
            Self::Errors => {
                "A task that failed is a `Done` with an error in it: add it to `work.done` like any other, and go on."
            }
            Self::Deadline => {
                "`lane.do` ends at the deadline. Whatever else waits has to end by `work.order.deadline_ns`."
            }
            Self::LeftBehind => "Join every thread and every process before `close` returns.",
            Self::Rounds => self.look_at_in_rust(),
        }
    }

    /// Turns a verdict into a result; `None` stands for "the system doesn't tell".
    pub(super) fn finding(
        self,
        exercise: &Exercise,
        language: Language,
        verdict: Option<Result<(), String>>,
    ) -> PointResult {
        let (outcome, why) = match verdict {
            Some(Ok(())) => (PointOutcome::Passed, None),
            Some(Err(why)) => (PointOutcome::Failed, Some(why)),
            None => (PointOutcome::NotChecked, Some("this system doesn't tell".into())),
        };
        let look_at = (outcome == PointOutcome::Failed).then(|| self.look_at(language));
        PointResult { point: self, promise: self.promise(exercise), outcome, why, look_at }
    }
}

/// A strategy, and the exercise whose contract it must keep.
pub(super) struct Contract<'a> {
    pub(super) exercise: &'a Exercise,
    pub(super) strategy: &'static dyn Strategy,
    pub(super) env: &'a Env,
}

type PointVerdict = Option<Result<(), String>>;

impl Contract<'_> {
    /// Tests every point. After a failed trial, such as a run that hangs, the rest is skipped: it would hang as well.
    pub(super) fn hold(&self, tell: &mut dyn FnMut(&PointResult)) -> Result<Vec<PointResult>, GradeError> {
        let (site, mut findings, mut mishap) = (TestSite::open(self.env)?, Vec::new(), false);
        let language = Language::of(self.strategy.name());
        for trial in [answers(), once(&site, self.exercise), errors(&site)?, deadline(&site)] {
            let verdicts = if mishap { Err(None) } else { self.verdicts(&site, &trial)? };
            mishap |= verdicts.is_err();
            for (number, &point) in trial.points.iter().enumerate() {
                let finding = match &verdicts {
                    Ok(verdicts) => point.finding(self.exercise, language, verdicts[number].clone()),
                    Err(Some(why)) if number == 0 => point.finding(self.exercise, language, Some(Err(why.clone()))),
                    Err(_) => {
                        let why = Some("skipped after an earlier failure".into());
                        PointResult {
                            outcome: PointOutcome::NotChecked,
                            why,
                            ..point.finding(self.exercise, language, None)
                        }
                    }
                };
                tell(&finding);
                findings.push(finding);
            }
        }
        Ok(findings)
    }

    /// One verdict for each of the trial's points, or why the trial could not be completed.
    fn verdicts(
        &self,
        site: &TestSite,
        trial: &Trial,
    ) -> Result<Result<Vec<PointVerdict>, Option<String>>, GradeError> {
        let ran = trial::run(self.strategy, self.exercise.shape, self.env, site.0.origin(), trial.jobs.clone());
        match ran {
            Ok(life) => Ok(Ok((trial.judge)(self.exercise, site, &life)?)),
            Err(Breakdown::NoThread(error)) => Err(error.into()),
            Err(mishap) => Ok(Err(Some(mishap.to_string()))),
        }
    }
}

/// A pool's life cycle, and the points that it decides.
struct Trial {
    points: Vec<ContractPoint>,
    jobs: Vec<PoolRun>,
    judge: fn(&Exercise, &TestSite, &Life) -> Result<Vec<PointVerdict>, GradeError>,
}

/// A site to fetch from, whose log shows what really happened.
struct TestSite(ServerProcess);

impl TestSite {
    fn open(env: &Env) -> Result<Self, GradeError> {
        let route = |path: &str, latency_s| Route { latency_s, ..Route::at(path) };
        let broken = Route { status: 500, ..Route::at("/broken") };
        let routes = vec![route("/wait/*", WAIT_S), route("/stuck", 3600.0), Route::at("/reset"), broken];
        let faults = vec![FaultRule { path: Some("/reset".into()), ..FaultRule::always(Fault::Reset) }];
        Ok(Self(ServerProcess::start(&env.program, &Profile { routes, faults, ..Profile::default() })?))
    }

    fn fetch(&self, path: &str) -> Task {
        fetch(format!("{}{path}", self.0.origin()))
    }

    fn waits(&self, count: usize) -> Vec<Task> {
        (0..count).map(|number| self.fetch(&format!("/wait/{number}"))).collect()
    }
}

fn fetch(url: String) -> Task {
    Task::Fetch(Fetch {
        url,
        site: None,
        authorization: None,
        keep_alive: true,
        connect_timeout: AMPLE,
        timeout: Duration::from_hours(1),
        redirects: 0,
        blocking: false,
        retries: 0,
        retry_wait: Duration::ZERO,
        save: None,
        stays: false,
    })
}

/// Sums of primes, with the answers of a sieve.
fn sums() -> Vec<(Task, Expected)> {
    prime_sum::Recipe {
        below: NonZeroU64::MIN.saturating_add(2999),
        tasks: super::number(9),
        by: prime_sum::Method::default(),
    }
    .build()
}

/// Many tasks, none at all, and fewer than there are workers, through one pool.
fn answers() -> Trial {
    let job = |run, count| {
        let tasks = sums().into_iter().take(count).map(|(task, _)| task).collect();
        PoolRun { run, tasks, limit: AMPLE }
    };
    Trial {
        points: vec![ContractPoint::Answers],
        jobs: vec![job(1, 9), job(2, 0), job(3, 2)],
        judge: |_, _, life| Ok(vec![Some(life.ran.iter().try_for_each(sums_are_right))]),
    }
}

fn sums_are_right(ran: &Ran) -> Result<(), String> {
    let done = complete(ran)?;
    let pairs = done.iter().zip(sums());
    pairs.into_iter().try_for_each(|(one, (_, expected))| match (&one.result, expected) {
        (Ok(found), Expected::Output(right)) if *found == right => Ok(()),
        (Ok(found), Expected::Output(right)) => {
            Err(format!("task {} gave {}, and {} is right", one.index, found.checksum, right.checksum))
        }
        (result, _) => Err(format!("task {}: {}", one.index, in_words(result))),
    })
}

/// Waits, three for each worker. The server's log shows how many were in flight at once.
fn once(site: &TestSite, exercise: &Exercise) -> Trial {
    let tasks = site.waits(3 * exercise.shape.workers().get() as usize);
    let points = [ContractPoint::Once, ContractPoint::AtMost].into_iter().chain(exercise.own_point);
    let judge = |exercise: &Exercise, site: &TestSite, life: &Life| {
        let log = life.ran.iter().map(|ran| site.0.take_log(ran.work.run)).collect::<Result<Vec<_>, _>>()?.concat();
        let once = life.ran.iter().try_for_each(|ran| each_once(ran, &log));
        let own = exercise.own_point.map(|point| life.most.map(|most| own_point(point, exercise, most)));
        Ok([Some(once), Some(at_most(exercise, &log))].into_iter().chain(own).collect())
    };
    Trial { points: points.collect(), jobs: vec![PoolRun { run: 4, tasks, limit: AMPLE }], judge }
}

fn each_once(ran: &Ran, log: &[LogEntry]) -> Result<(), String> {
    let done = complete(ran)?;
    done.iter().try_for_each(|one| {
        let times = log.iter().filter(|entry| entry.index == Some(one.index)).count();
        match &one.result {
            Ok(_) if times == 1 => Ok(()),
            Ok(_) => Err(format!("the server answered task {} {times} times", one.index)),
            Err(error) => Err(format!("task {}: {error}", one.index)),
        }
    })
}

fn at_most(exercise: &Exercise, log: &[LogEntry]) -> Result<(), String> {
    let (workers, most) = (exercise.shape.workers().get() as usize, most_at_once(log));
    if most <= workers { Ok(()) } else { Err(format!("the server had {most} requests at once")) }
}

/// The most requests in flight at once, each from its arrival to its response.
fn most_at_once(log: &[LogEntry]) -> usize {
    let under_way = |at_ns| log.iter().filter(|one| (one.arrived_ns..one.answered_ns).contains(&at_ns)).count();
    log.iter().map(|one| under_way(one.arrived_ns)).max().unwrap_or(0)
}

fn own_point(point: ContractPoint, exercise: &Exercise, most: LeftBehind) -> Result<(), String> {
    match point {
        ContractPoint::Processes if most.processes != exercise.processes() => {
            Err(format!("there were {} at most, but {} needs {}", most.processes, exercise.shape, exercise.processes()))
        }
        ContractPoint::OneThread if most.threads > 0 => Err(format!("there were {} more", most.threads)),
        _ => Ok(()),
    }
}

/// Waits, among them a reset connection, a refused one, and a response with status 500.
fn errors(site: &TestSite) -> Result<Trial, GradeError> {
    // The listener is dropped at once, so the port refuses connections.
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let mut tasks = site.waits(9);
    tasks[1] = site.fetch("/reset");
    tasks[4] = fetch(format!("http://{nobody}/"));
    tasks[5] = site.fetch("/broken");
    let judge =
        |_: &Exercise, _: &TestSite, life: &Life| Ok(vec![Some(life.ran.iter().try_for_each(errors_are_in_place))]);
    Ok(Trial { points: vec![ContractPoint::Errors], jobs: vec![PoolRun { run: 5, tasks, limit: AMPLE }], judge })
}

fn errors_are_in_place(ran: &Ran) -> Result<(), String> {
    let done = complete(ran)?;
    done.iter().try_for_each(|one| {
        let found = one.result.as_ref().map(|output| output.status).map_err(TaskError::kind);
        let (right, should) = match one.index {
            1 => (Err(ErrorKind::BrokenResponse), "have the error of a connection that was reset"),
            4 => (Err(ErrorKind::Connect), "have the error of a connection that was refused"),
            5 => (Ok(Some(500)), "have status 500, which is an answer"),
            _ => (Ok(Some(200)), "not be affected by other tasks' errors"),
        };
        if found == right {
            Ok(())
        } else {
            Err(format!("task {} should {should}: {}", one.index, in_words(&one.result)))
        }
    })
}

/// Two small sums, then waits for responses that never come.
fn deadline(site: &TestSite) -> Trial {
    let small =
        [0, 10].map(|from| Task::PrimeSum(PrimeSum { from, below: from + 10, by: prime_sum::Method::default() }));
    let tasks = small.into_iter().chain(iter::repeat_n(site.fetch("/stuck"), 4)).collect();
    let judge = |_: &Exercise, _: &TestSite, life: &Life| {
        let ended = life.ran.iter().try_for_each(what_is_done_is_kept);
        Ok(vec![Some(ended), life.left.map(nothing_is_left)])
    };
    let jobs = vec![PoolRun { run: 6, tasks, limit: SHORT }];
    Trial { points: vec![ContractPoint::Deadline, ContractPoint::LeftBehind], jobs, judge }
}

fn what_is_done_is_kept(ran: &Ran) -> Result<(), String> {
    let done = in_order(ran)?;
    let (small, stuck) = done.split_at(2);
    if let Some(lost) = small.iter().find(|one| one.result.is_err()) {
        return Err(format!(
            "task {} was done long before the deadline, but its result is lost: {}",
            lost.index,
            in_words(&lost.result)
        ));
    }
    let late = |one: &&Done| one.result.as_ref().is_err_and(|error| error.kind() == ErrorKind::TimedOut);
    match stuck.iter().find(|one| !late(one)) {
        Some(other) => Err(format!("task {} should have timed out: {}", other.index, in_words(&other.result))),
        None => Ok(()),
    }
}

fn nothing_is_left(left: LeftBehind) -> Result<(), String> {
    match left {
        LeftBehind { threads: 0, processes: 0 } => Ok(()),
        LeftBehind { threads, processes } => Err(format!("threads left: {threads}; processes left: {processes}")),
    }
}

fn in_words(result: &Result<Output, TaskError>) -> String {
    match result {
        Ok(output) => {
            output.status.map_or_else(|| "it has an output".into(), |status| format!("it has status {status}"))
        }
        Err(error) => error.to_string(),
    }
}

/// The results in task order, if every task has one.
fn complete(ran: &Ran) -> Result<Vec<Done>, String> {
    let missing = (0..ran.work.tasks.len() as u32).find(|index| !ran.done.iter().any(|one| one.index == *index));
    match missing {
        Some(index) => Err(format!("task {index} did not come back")),
        None => in_order(ran),
    }
}

/// The results in task order, if no task has two.
fn in_order(ran: &Ran) -> Result<Vec<Done>, String> {
    let tasks = ran.work.tasks.len();
    let mut times = vec![0; tasks];
    for one in &ran.done {
        let known = times.get_mut(one.index as usize);
        *known.ok_or_else(|| format!("task {} came back, but there are {tasks}, counted from 0", one.index))? += 1;
    }
    match times.iter().position(|&times| times > 1) {
        Some(index) => Err(format!("task {index} came back {} times", times[index])),
        None => Ok(ran.work.settle(ran.done.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use work::{
        strategy::Work,
        worker::{stop::Stop, task_queue::Schedule},
    };

    fn ran(tasks: usize, indexes: &[u32]) -> Ran {
        let work = Work::new(1, vec![Task::Noop; tasks], Schedule::OneByOne, Stop::after(AMPLE));
        let output = Output { checksum: 0, amount: 0, status: None };
        let one = |&index| Done { index, result: Ok(output), spans: Vec::new() };
        Ran { work, done: indexes.iter().map(one).collect(), did: None }
    }

    #[test]
    fn what_came_back_must_be_each_task_once() {
        let indexes = |done: Vec<Done>| done.iter().map(|one| one.index).collect::<Vec<_>>();
        assert_eq!(complete(&ran(3, &[2, 0, 1])).map(indexes), Ok(vec![0, 1, 2]));
        assert_eq!(complete(&ran(0, &[])).map(indexes), Ok(vec![]));
        assert_eq!(complete(&ran(3, &[2, 0])).map(indexes), Err("task 1 did not come back".into()));
        assert_eq!(in_order(&ran(3, &[2, 0, 2])).map(indexes), Err("task 2 came back 2 times".into()));
        assert!(in_order(&ran(3, &[3])).is_err_and(|why| why.contains("task 3") && why.contains("there are 3")));
    }

    #[test]
    fn requests_that_follow_each_other_are_not_at_once() {
        let entry = |(arrived_ns, answered_ns)| LogEntry { arrived_ns, answered_ns, ..LogEntry::default() };
        let most = |all: &[(u64, u64)]| most_at_once(&all.iter().copied().map(entry).collect::<Vec<_>>());
        assert_eq!(most(&[]), 0);
        assert_eq!(most(&[(0, 10), (10, 20), (20, 30)]), 1);
        assert_eq!(most(&[(0, 10), (9, 20), (9, 12), (12, 14)]), 3);
    }
}
