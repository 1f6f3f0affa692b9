//! One failed request skips `task_done`, and `join` waits for ever.

use super::{
    Exhibit, ExhibitError, Figures, SideShown, Sides,
    props::{
        AMPLE, BUG, RIGHT, Site, count, crew,
        queue::{AtRest, JoinableQueue, Worker},
        run,
    },
};
use mock_server::profile::Route;
use std::{io, net::SocketAddr};
use tokio::net::TcpSocket;
use work::{
    strategy::{Env, threads::Threads},
    task::{Output, Task, TaskError},
    worker::{
        lane::{Done, Lane},
        stop::Stop,
    },
};

const JOBS: u32 = 30;
const WORKERS: u32 = 5;
/// The job whose server doesn't exist.
const UNLUCKY: u32 = 17;

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "lost_task_done",
    title: "one failed request, and the program waits for ever",
    document: "000 fetches and then calls task_done. A fetch that raises ends the thread before that line, so one job \
               stays unfinished for ever, and so does the join that waits for all. 001 puts task_done into a finally.",
    here: "Thirty fetches by five threads that share a queue; one address refuses its connection. Instead of waiting \
           for ever, join proves that it would: nothing is queued, and every thread has ended or is itself waiting for \
           a job.",
    right_way: "A guard calls task_done when it goes out of scope, like finally in Python, and the worker keeps the \
                error and goes on. The same jobs also run through the threads strategy, where an error is a result \
                like any other.",
    lesson: "Code that must run after a task belongs where no exit path can skip it. Errors must be kept, too: with a \
             finally alone, join would return one worker and one result short, without any message.",
    python: Some("task_done_forgotten"),
    run: exhibit,
};

fn exhibit(env: &Env) -> Result<Sides, ExhibitError> {
    let site = Site::open(env, vec![Route { latency_s: 0.001, ..Route::at("/page") }])?;
    let nobody = RefusingAddress::listening()?;
    let unlucky = site.fetch_from(nobody.addr, "/page");
    let task = |index| if index == UNLUCKY { unlucky.clone() } else { site.fetch("/page") };
    let tasks: Vec<Task> = (0..JOBS).map(task).collect();
    let bug = bug(&tasks)?;
    let guarded = guarded(&tasks)?;
    let results = run(&Threads, WORKERS, env, RIGHT, &tasks, AMPLE)?;
    Ok(Sides { bug, right: right(&guarded, &results) })
}

/// The document's worker. The error leaves the function as an exception leaves the thread: it skips `task_done`.
fn until_an_error(worker: &Worker<u32>, fetch: &mut Fetching) -> Result<(), TaskError> {
    while let Some(index) = worker.get() {
        fetch(index)?;
        worker.task_done();
    }
    Ok(())
}

/// The same, done right: nothing skips the guard, and the error is kept.
fn whatever_happens(worker: &Worker<u32>, fetch: &mut Fetching) -> Vec<TaskError> {
    let mut errors = Vec::new();
    while let Some(index) = worker.get() {
        let _done = worker.done_when_dropped();
        errors.extend(fetch(index).err());
    }
    errors
}

type Fetching<'a> = dyn FnMut(u32) -> Result<Output, TaskError> + 'a;

/// Five threads do `work` on one queue. Returns each thread's result, and how the join ended.
fn queued<T: Send>(
    tasks: &[Task],
    work: impl Fn(&Worker<u32>, &mut Fetching) -> T + Sync,
) -> io::Result<(Vec<T>, Result<(), AtRest>)> {
    let queue = JoinableQueue::of(0..JOBS, WORKERS);
    let thread = |number| {
        let mut lane = Lane::new(number, BUG, Stop::after(AMPLE));
        work(&queue.worker(), &mut |index| lane.run(index, &tasks[index as usize]).result)
    };
    let join = || {
        let _shutter = queue.shut_when_dropped();
        queue.join()
    };
    crew(WORKERS, thread, join)
}

fn bug(tasks: &[Task]) -> io::Result<SideShown> {
    let (ends, joined) = queued(tasks, until_an_error)?;
    let errors = ends.iter().filter(|end| end.is_err()).count();
    let AtRest { unfinished, waiting, gone } = joined.err().unwrap_or(AtRest { unfinished: 0, waiting: 0, gone: 0 });
    let verdict = match joined {
        Err(_) => format!(
            "hangs: {unfinished} of {JOBS} jobs unfinished, none queued, {} gone, {waiting} waiting for jobs themselves: \
             no worker is left to finish it",
            count(gone as u64, "worker")
        ),
        Ok(()) => format!("join returned, with {}", count(errors as u64, "error")),
    };
    Ok(SideShown {
        holds: (unfinished, gone, errors) == (1, 1, 1) && waiting == WORKERS as usize - 1,
        verdict,
        figures: figures([
            ("jobs", JOBS as usize),
            ("unfinished", unfinished),
            ("workers_waiting", waiting),
            ("workers_gone", gone),
        ]),
    })
}

/// How the join ended, and the errors that were kept.
type Guarded = (Result<(), AtRest>, Vec<TaskError>);

fn guarded(tasks: &[Task]) -> io::Result<Guarded> {
    let (errors, joined) = queued(tasks, whatever_happens)?;
    Ok((joined, errors.concat()))
}

fn right((joined, errors): &Guarded, results: &[Done]) -> SideShown {
    let failed: Vec<(u32, &TaskError)> =
        results.iter().filter_map(|done| Some((done.index, done.result.as_ref().err()?))).collect();
    let unfinished = joined.err().map_or(0, |rest| rest.unfinished);
    let how = if joined.is_ok() { "join returned" } else { "join would wait for ever" };
    let named = failed.first().map(|(index, error)| format!(" (job {index}: {error})")).unwrap_or_default();
    SideShown {
        holds: joined.is_ok()
            && matches!(errors[..], [TaskError::Connect(_)])
            && matches!(failed[..], [(UNLUCKY, TaskError::Connect(_))])
            && results.len() == JOBS as usize,
        verdict: format!(
            "{how} with {unfinished} unfinished and {} kept; threads returned {} of {JOBS} results and {}{named}",
            count(errors.len() as u64, "error"),
            results.len() - failed.len(),
            count(failed.len() as u64, "error"),
        ),
        figures: figures([
            ("jobs", JOBS as usize),
            ("unfinished", unfinished),
            ("errors_kept", errors.len()),
            ("threads_results", results.len() - failed.len()),
            ("threads_errors", failed.len()),
        ]),
    }
}

fn figures<const N: usize>(counts: [(&'static str, usize); N]) -> Figures {
    super::figures(counts.map(|(name, count)| (name, count as u64)))
}

/// An address that refuses every connection: the port is bound, so that no other program gets it, but nobody listens.
struct RefusingAddress {
    addr: SocketAddr,
    _taken: TcpSocket,
}

impl RefusingAddress {
    fn listening() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        Ok(Self { addr: socket.local_addr()?, _taken: socket })
    }
}
