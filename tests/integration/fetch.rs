//! Fetches that a scenario asks for in a particular way, seen from the server.

use common::{
    results, run,
    server::{serving, started},
    wait_until, work,
};
use makespan::{
    mock_server::{
        log::LogEntry,
        process::ServerProcess,
        profile::{Beyond, Body, Limit, Limits, Link, Profile, Route},
    },
    strategy::{self, Strategy},
    task::{Task, TaskError, fetch::Recipe},
    worker::{lane::Activity, task_queue::Schedule},
};

fn tasks(server: &ServerProcess, recipe: &str) -> Vec<Task> {
    let recipe: Recipe = toml::from_str(recipe).expect("a recipe");
    recipe.build(server.origin(), 1.0).expect("nothing is listed")
}

#[test]
fn each_site_is_asked_under_its_own_name() {
    let on = |site: &str, length| Route { site: Some(site.into()), body: Body::Bytes(length), ..Route::at("/*") };
    let server = serving(vec![on("alpha.example", 1), on("beta.example", 2)]);
    let tasks = tasks(&server, "tasks = 4\npaths = ['/x', '/y']\nsites = ['alpha.example', 'beta.example']");
    for name in ["sequential", "async"] {
        let strategy = strategy::named(name).expect("named as in `ALL`");
        let outputs = results(run(strategy, 1, &work(&tasks, Schedule::OneByOne)));
        let lengths: Vec<u64> = outputs.into_iter().map(|output| output.expect("an answer").amount).collect();
        assert_eq!(lengths, [1, 1, 2, 2], "{name}");
    }
}

#[test]
fn a_blocking_fetch_keeps_the_event_loop_s_thread() {
    let server = serving(vec![Route { latency_s: 0.1, ..Route::at("/wait") }]);
    let log = |blocking: bool| {
        let tasks = tasks(&server, &format!("tasks = 4\npaths = ['/wait']\nblocking = {blocking}"));
        let work = work(&tasks, Schedule::OneByOne);
        let strategy = strategy::named("async").expect("named as in `ALL`");
        assert!(results(run(strategy, 4, &work)).iter().all(Result::is_ok));
        server.take_log(work.run).expect("the log")
    };
    let in_turn = |log: &[LogEntry]| log.windows(2).all(|two| two[0].answered_ns <= two[1].arrived_ns);
    assert!(in_turn(&log(true)), "each is asked when the one before has been answered");
    assert!(!in_turn(&log(false)), "all are in flight at once");
}

/// The clients that send a request again; those of Python where there is one.
fn repeating(tasks: &[Task]) -> impl Iterator<Item = &'static dyn Strategy> {
    let all = ["threads", "async", "python/threads", "python/asyncio"];
    let here = all.map(|name| strategy::named(name).expect("named as in `ALL`"));
    here.into_iter().filter(|strategy| strategy.lacks(&common::env(), tasks).is_none())
}

#[test]
fn a_refused_request_is_sent_again_until_it_is_answered() {
    let profile = Profile {
        limits: Limits { requests: Some(Limit { most: 1, beyond: Beyond::Refuse }), ..Limits::default() },
        routes: vec![Route { latency_s: 0.05, ..Route::at("/page") }],
        ..Profile::default()
    };
    let server = started(&profile);
    let tasks = tasks(&server, "tasks = 4\npaths = ['/page']\nretries = 1000\nretry_wait_s = 0.005");
    for strategy in repeating(&tasks) {
        let work = work(&tasks, Schedule::OneByOne);
        let statuses: Vec<_> =
            results(run(strategy, 4, &work)).into_iter().map(|one| one.map(|one| one.status)).collect();
        assert_eq!(statuses, vec![Ok(Some(200)); 4], "{}", strategy.name());
        let log = server.take_log(work.run).expect("the log");
        let answered = |status: u16| log.iter().filter(|entry| entry.status == status).count();
        assert!(answered(200) == 4 && answered(503) > 0, "{}: {log:?}", strategy.name());
    }
}

#[test]
fn a_request_is_sent_again_as_often_as_it_may_be_and_other_answers_are_not_repeated() {
    let never = Route { latency_s: 60.0, ..Route::at("/never") };
    let server = serving(vec![never, Route { status: 500, ..Route::at("/error") }]);
    let tasks = tasks(&server, "tasks = 2\npaths = ['/never', '/error']\ntimeout_s = 0.5\nretries = 2");
    for strategy in repeating(&tasks) {
        let work = work(&tasks, Schedule::OneByOne);
        let results = results(run(strategy, 2, &work));
        assert_eq!(results[0], Err(TaskError::TimedOut), "{}", strategy.name());
        assert_eq!(results[1].as_ref().map(|output| output.status), Ok(Some(500)), "{}", strategy.name());
        let mut sent = Vec::new();
        wait_until("the server has noticed that its clients are gone", || {
            sent.extend(server.take_log(work.run).expect("the log").into_iter().map(|entry| entry.index));
            sent.len() >= 4
        });
        sent.sort_unstable();
        assert_eq!(sent, [Some(0), Some(0), Some(0), Some(1)], "{}", strategy.name());
    }
}

#[test]
fn a_wait_in_vain_is_written_down_too() {
    let slow_body = Route { body: Body::Bytes(1 << 20), ..Route::at("/slow-body") };
    let profile = Profile {
        link: Link { bytes_per_s: Some(100_000.0), ..Link::default() },
        routes: vec![Route { latency_s: 60.0, ..Route::at("/slow-answer") }, slow_body],
        ..Profile::default()
    };
    let server = started(&profile);
    let tasks = tasks(&server, "tasks = 2\npaths = ['/slow-answer', '/slow-body']\ntimeout_s = 2");
    for name in ["sequential", "async"] {
        let strategy = strategy::named(name).expect("named as in `ALL`");
        let done = run(strategy, 1, &work(&tasks, Schedule::OneByOne));
        let kinds = |index: usize| done[index].spans.iter().map(|span| span.kind).collect::<Vec<_>>();
        assert_eq!(kinds(0), [Activity::Run, Activity::WaitFirstByte], "{name}");
        assert_eq!(kinds(1), [Activity::Run, Activity::WaitFirstByte, Activity::WaitTransfer], "{name}");
        assert!(results(done).iter().all(|result| result == &Err(TaskError::TimedOut)), "{name}");
    }
}
