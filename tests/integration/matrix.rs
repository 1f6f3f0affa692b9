//! Every strategy gives the same answers: for every kind of task, at every number of workers, however they are dealt.

use common::{fetch, gate, layout, primes, python::strategies, results, run, server::serving, work};
use flate2::{Compression, write::GzEncoder};
use image::RgbImage;
use makespan::{
    measure::clock::now_ns,
    mock_server::profile::{Body, Route},
    strategy::{ALL, Strategy, Work, python::is_python, sequential::Sequential},
    task::{
        ErrorKind, Output, Task, TaskError,
        fetch::Fetch,
        files::{self, Access, FileTask},
        gunzip::Gunzip,
        payload,
        sharing::{self, Shared},
        thumbnail::Thumbnail,
    },
    worker::{arrival, lane::Activity, task_queue::Schedule},
};
use proptest::prelude::*;
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

const WORKERS: [u32; 4] = [1, 2, 3, 7];
const SCHEDULES: [Schedule; 6] = [
    Schedule::OneByOne,
    Schedule::Chunks(2),
    Schedule::PoolChunks,
    Schedule::Blocks,
    Schedule::Interleaved,
    Schedule::ByKey,
];

fn noops() -> Vec<Task> {
    vec![Task::Noop; 10]
}

fn sums() -> Vec<Task> {
    (0..10).map(|part| primes(part * 100, (part + 1) * 100)).collect()
}

/// Pictures of both kinds and several sizes, some smaller than a thumbnail.
fn thumbnails(dir: &Path) -> Vec<Task> {
    let picture = |number: u32| -> Task {
        let (width, height) = (40 + 60 * number, 30 + 35 * number);
        let input = dir.join(format!("{number}.{}", if number.is_multiple_of(3) { "png" } else { "jpg" }));
        let colours = |x, y| image::Rgb([x as u8, y as u8, (x * number + y) as u8]);
        let picture = RgbImage::from_fn(width, height, colours);
        if number.is_multiple_of(3) {
            picture.save(&input).expect("a writable directory");
        } else {
            let encoder = jpeg_encoder::Encoder::new_file(&input, 90).expect("a writable directory");
            encoder
                .encode(&picture, width as u16, height as u16, jpeg_encoder::ColorType::Rgb)
                .expect("a small picture");
        }
        Task::Thumbnail(Thumbnail { input, output_dir: dir.join("thumbnails"), width: 128, height: 128 })
    };
    (0..6).map(picture).collect()
}

fn archives(dir: &Path) -> Vec<Task> {
    let archive = |number: usize| {
        let input = dir.join(format!("{number}.gz"));
        let mut encoder = GzEncoder::new(fs::File::create(&input).expect("a writable directory"), Compression::fast());
        encoder
            .write_all("a line\n".repeat(1000 * number).as_bytes())
            .and_then(|()| encoder.try_finish())
            .expect("room");
        Task::Gunzip(Gunzip { input, releases_lock: number.is_multiple_of(2) })
    };
    (0..6).map(archive).collect()
}

/// Whether it needs a file that only this machine has. A queue sends no such task.
fn is_local(task: &Task) -> bool {
    matches!(task, Task::Thumbnail(_) | Task::Gunzip(_) | Task::File(_))
}

/// Whether Python doesn't have it.
fn is_in_rust_alone(task: &Task) -> bool {
    matches!(task, Task::Payload(_) | Task::Sharing(_))
}

/// Runs the tasks in every way there is. Each pool runs one workload after the other.
fn same_everywhere(tasks: &[Task], after_run: &dyn Fn(&Work)) {
    let in_turn = work(tasks, Schedule::OneByOne);
    let expected = results(run(&Sequential, 1, &in_turn));
    after_run(&in_turn);
    assert!(expected.iter().all(Result::is_ok), "{expected:?}");
    let pictures = tasks.iter().any(|task| matches!(task, Task::Thumbnail(_)));
    for strategy in strategies() {
        let refused = match strategy.name() {
            "queue" => tasks.iter().any(is_local),
            "work_stealing" => tasks.iter().any(|task| task.due_ns().is_some()),
            name if is_python(name) => tasks.iter().any(is_in_rust_alone),
            _ => false,
        };
        assert_eq!(strategy.refuses(Schedule::OneByOne, tasks).is_some(), refused, "{}", strategy.name());
        // Python's thumbnails are another library's. And its pools take some time to start.
        let python = is_python(strategy.name());
        let counts = if python { &WORKERS[1..2] } else { &WORKERS[..] };
        for &workers in counts.iter().filter(|_| !(refused || python && pictures)) {
            let mut pool = strategy.start(layout(strategy, workers), &common::env()).expect("the pool starts");
            for schedule in SCHEDULES.into_iter().filter(|&schedule| strategy.refuses(schedule, tasks).is_none()) {
                let work = work(tasks, schedule);
                let found = results(work.settle(pool.run(&work)));
                assert_eq!(found, expected, "{} x {workers}, {schedule}", strategy.name());
                after_run(&work);
            }
            pool.close().expect("the pool closes");
        }
    }
}

#[test]
fn noops_give_the_same_everywhere() {
    same_everywhere(&noops(), &|_| ());
}

#[test]
fn sums_give_the_same_everywhere() {
    same_everywhere(&sums(), &|_| ());
}

#[test]
fn payloads_and_shared_counters_give_the_same_everywhere() {
    let count = |number: u32| number.try_into().expect("some");
    let texts = payload::Recipe { tasks: count(6), bytes: count(200_000) };
    same_everywhere(&texts.build().into_iter().map(|(task, _)| task).collect::<Vec<_>>(), &|_| ());
    for what in [Shared::OneCounter, Shared::Neighbours, Shared::Apart, Shared::Memory] {
        let recipe = sharing::Recipe { tasks: count(6), steps: count(30_000), what };
        same_everywhere(&recipe.build().into_iter().map(|(task, _)| task).collect::<Vec<_>>(), &|_| ());
    }
}

#[test]
fn arrivals_give_the_same_everywhere() {
    let due_ns: Vec<u64> = (0..10).map(|index| index * 2_000_000).collect();
    same_everywhere(&arrival::from(now_ns(), &sums(), &due_ns), &|_| ());
}

#[test]
fn no_task_begins_before_it_is_due_and_a_late_one_is_queued() {
    let tasks = 8;
    let due_ns: Vec<u64> = (0..tasks).map(|index| index * 3_000_000).collect();
    let with_arrivals = |strategy: &&&dyn Strategy| strategy.name() != "work_stealing" && !is_python(strategy.name());
    for strategy in ALL.iter().filter(with_arrivals) {
        for workers in [1, 3] {
            let mut pool = strategy.start(layout(*strategy, workers), &common::env()).expect("the pool starts");
            let work = work(&arrival::from(now_ns(), &sums()[..tasks as usize], &due_ns), Schedule::OneByOne);
            for done in work.settle(pool.run(&work)) {
                let name = format!("{} x {workers}: {done:?}", strategy.name());
                let run = done.spans.first().expect(&name);
                let queued: Vec<_> = done.spans.iter().filter(|span| span.kind == Activity::Queued).collect();
                let due_ns = work.tasks[done.index as usize].due_ns().expect(&name);
                assert_eq!((queued.len(), run.kind), (1, Activity::Run), "{name}");
                // Between the clocks of a queue's two ends there is a small doubt.
                assert!(run.start_ns + 1_000_000 >= due_ns && queued[0].end_ns == run.start_ns, "{name}");
                assert!(queued[0].start_ns.abs_diff(due_ns) < 1_000_000, "{name}");
            }
            pool.close().expect("the pool closes");
        }
    }
}

#[test]
fn thumbnails_give_the_same_everywhere() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    same_everywhere(&thumbnails(dir.path()), &|_| ());
}

#[test]
fn archives_give_the_same_everywhere() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    same_everywhere(&archives(dir.path()), &|_| ());
}

#[test]
fn files_give_the_same_everywhere() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for access in [Access::Write, Access::WriteAndSync, Access::Read] {
        let recipe =
            files::Recipe { files: 6.try_into().expect("some"), bytes: 70_000.try_into().expect("some"), access };
        let tasks = recipe.build(dir.path()).expect("a writable directory").into_iter().map(|(task, _)| task);
        same_everywhere(&tasks.collect::<Vec<_>>(), &|_| ());
    }
}

#[test]
fn fetches_give_the_same_everywhere_and_the_server_sees_each_once() {
    let page = Route { body: Body::Bytes(70_000), latency_s: 0.001, ..Route::at("/pages/*") };
    let server = serving(vec![page]);
    let url = |index: usize| format!("{}/{}/{index}", server.origin(), if index == 4 { "not-there" } else { "pages" });
    let tasks: Vec<Task> =
        (0..9).map(|index| Task::Fetch(Fetch { keep_alive: index % 2 == 0, ..fetch(url(index)) })).collect();
    same_everywhere(&tasks, &|work| {
        let log = server.take_log(work.run).expect("the server is there");
        let mut seen: Vec<u32> = log.iter().filter_map(|entry| entry.index).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..9).collect::<Vec<_>>(), "each task once");
    });
}

#[test]
fn a_pool_runs_nothing_little_and_much() {
    for strategy in strategies() {
        let mut pool = strategy.start(layout(strategy, 3), &common::env()).expect("the pool starts");
        for count in [0, 2, 10, 0, 1] {
            let work = work(&sums()[..count], Schedule::OneByOne);
            assert_eq!(results(work.settle(pool.run(&work))).len(), count, "{}", strategy.name());
        }
        pool.close().expect("the pool closes");
    }
}

/// One task of every kind of failure, and what should come of it, among tasks that succeed.
fn mixed(dir: &Path, origin: &str, half: &str) -> Vec<(Task, Result<u64, ErrorKind>)> {
    let file = |name: &str, content: &[u8]| -> PathBuf {
        let path = dir.join(name);
        fs::write(&path, content).expect("a writable directory");
        path
    };
    let thumbnail =
        |input, output: &Path| Task::Thumbnail(Thumbnail { input, output_dir: output.into(), width: 9, height: 9 });
    let out = dir.join("out");
    let gunzip = |input| Task::Gunzip(Gunzip { input, releases_lock: false });
    let at = |path: &str| fetch(format!("{origin}{path}"));
    let picture = dir.join("good.png");
    RgbImage::new(20, 20).save(&picture).expect("a writable directory");
    vec![
        (primes(0, 10), Ok(17)),
        (gunzip(dir.join("missing.gz")), Err(ErrorKind::File)),
        (
            Task::File(FileTask { path: dir.join("no/file"), bytes: 1, access: Access::WriteAndSync }),
            Err(ErrorKind::File),
        ),
        (Task::File(FileTask { path: dir.join("no/file"), bytes: 1, access: Access::Read }), Err(ErrorKind::File)),
        (gunzip(file("damaged.gz", b"no gzip at all")), Err(ErrorKind::Damaged)),
        (primes(10, 20), Ok(60)),
        (thumbnail(dir.join("missing.png"), &out), Err(ErrorKind::File)),
        (thumbnail(file("damaged.jpg", b"no picture"), &out), Err(ErrorKind::Damaged)),
        (thumbnail(picture.clone(), &file("in_the_way", b"a file")), Err(ErrorKind::File)),
        // The server answers that there is nothing: that is an answer.
        (Task::Fetch(at("/nothing/here")), Ok(0)),
        (Task::Fetch(fetch(format!("http://127.0.0.1:{}/", closed_port()))), Err(ErrorKind::Connect)),
        (Task::Fetch(fetch(format!("{half}/"))), Err(ErrorKind::BrokenResponse)),
        (Task::Fetch(at("/round")), Err(ErrorKind::Http)),
        (Task::Fetch(Fetch { timeout: Duration::from_millis(50), ..at("/slow") }), Err(ErrorKind::TimedOut)),
        (Task::Fetch(Fetch { authorization: Some("two\nlines".into()), ..at("/") }), Err(ErrorKind::Http)),
        (Task::Fetch(fetch("no address")), Err(ErrorKind::Http)),
        (
            Task::Thumbnail(Thumbnail { input: picture.clone(), output_dir: out.clone(), width: 0, height: 0 }),
            Err(ErrorKind::Damaged),
        ),
        (primes(20, 30), Ok(52)),
    ]
}

/// A port that nobody listens on: it was free a moment ago.
fn closed_port() -> u16 {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    taken.local_addr().expect("it is bound").port()
}

#[test]
fn failures_are_typed_and_stop_nobody_else() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let round = Route { status: 302, location: Some("/round".into()), ..Route::at("/round") };
    let missing = Route { status: 404, ..Route::at("/nothing/here") };
    let server = serving(vec![round, Route { latency_s: 3600.0, ..Route::at("/slow") }, missing]);
    let half = gate::Gate::shut();
    let origin = half.origin.clone();
    thread::spawn(move || {
        loop {
            gate::answer(half.await_callers(1), gate::HALF);
        }
    });
    let (tasks, expected): (Vec<Task>, Vec<_>) = mixed(dir.path(), server.origin(), &origin).into_iter().unzip();
    for strategy in strategies() {
        for workers in [1, 3] {
            let found = results(run(strategy, workers, &work(&tasks, Schedule::OneByOne)));
            let kinds: Vec<_> = found
                .iter()
                .map(|result| result.as_ref().map(|output| output.checksum).map_err(TaskError::kind))
                .collect();
            let elsewhere = |task: &Task| match task {
                Task::Fetch(fetch) => common::origin(&fetch.url) != server.origin(),
                local => is_local(local),
            };
            // The workers of a queue have none of these files, and fetch from one server alone.
            let refused = |task| strategy.name() == "queue" && elsewhere(task);
            // Without Pillow, there are no thumbnails in Python.
            let lacks = |task: &Task| strategy.lacks(&common::env(), std::slice::from_ref(task)).is_some();
            let expected = tasks
                .iter()
                .zip(&expected)
                .map(|(task, &expected)| if refused(task) || lacks(task) { Err(ErrorKind::Refused) } else { expected });
            let expected: Vec<_> = expected.collect();
            assert_eq!(kinds, expected, "{} x {workers}: {found:?}", strategy.name());
        }
    }
}

/// A limit that no clock can hold makes the blocking client panic; the event loop's bears it, and so does Python.
#[test]
fn a_panic_is_the_error_of_its_own_task() {
    let server = serving(Vec::new());
    let panics = Fetch { connect_timeout: Duration::MAX, ..fetch(server.origin()) };
    let tasks = [primes(0, 10), Task::Fetch(panics), primes(10, 20)];
    for strategy in strategies() {
        let mut pool = strategy.start(layout(strategy, 2), &common::env()).expect("the pool starts");
        for _ in 0..2 {
            let work = work(&tasks, Schedule::OneByOne);
            let found = results(work.settle(pool.run(&work)));
            let panicked = matches!(&found[1], Err(TaskError::Panicked(message)) if message.contains("overflow"));
            let bears_it = strategy.name().starts_with("async") || is_python(strategy.name());
            assert_eq!(panicked, !bears_it, "{}: {found:?}", strategy.name());
            assert!(found[0].is_ok() && found[2].is_ok(), "{}: {found:?}", strategy.name());
        }
        pool.close().expect("no worker is lost to it");
    }
}

/// Any strategy, for properties.
fn any_strategy() -> impl proptest::strategy::Strategy<Value = &'static dyn Strategy> {
    // Worker processes are left out for the time they take to start; `frame` and `queue` have properties of their own.
    let is_quick =
        |one: &&'static dyn Strategy| !["processes", "hybrid", "queue"].contains(&one.name()) && !is_python(one.name());
    let quick: Vec<&'static dyn Strategy> = ALL.iter().copied().filter(is_quick).collect();
    prop::sample::select(quick)
}

proptest! {
    #[test]
    fn however_a_sum_is_cut_and_dealt_it_is_the_same(
        cuts in prop::collection::vec(0_u64..2000, 0..30),
        strategy in any_strategy(),
        workers in 1_u32..9,
        schedule in prop::sample::select(SCHEDULES.to_vec()),
    ) {
        let mut cuts = cuts;
        cuts.extend([0, 2000]);
        cuts.sort_unstable();
        let tasks: Vec<Task> = cuts.windows(2).map(|ends| primes(ends[0], ends[1])).collect();
        let schedule = if strategy.refuses(schedule, &tasks).is_none() { schedule } else { Schedule::OneByOne };
        let outputs = results(run(strategy, workers, &work(&tasks, schedule)));
        let add = |sum: (u64, u64), output: Output| (sum.0 + output.checksum, sum.1 + output.amount);
        let sum = outputs.into_iter().map(|result| result.expect("nothing can fail")).fold((0, 0), add);
        prop_assert_eq!(sum, (277_050, 303));
    }
}
