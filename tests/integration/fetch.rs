//! Fetches that a scenario asks for in a particular way, seen from the server.

use common::{program_under_test, results, run, work};
use makespan::{
    mock_server::{
        log::LogEntry,
        process::ServerProcess,
        profile::{Body, Link, Profile, Route},
    },
    strategy,
    task::{Task, TaskError, fetch::Recipe},
    worker::{lane::Activity, task_queue::Schedule},
};
use std::path::Path;

fn server(routes: Vec<Route>) -> ServerProcess {
    ServerProcess::start(Path::new(program_under_test()), &Profile { routes, ..Profile::default() })
        .expect("the server starts")
}

fn tasks(server: &ServerProcess, recipe: &str) -> Vec<Task> {
    let recipe: Recipe = toml::from_str(recipe).expect("a recipe");
    recipe.build(server.origin(), 1.0).expect("nothing is listed")
}

#[test]
fn each_site_is_asked_under_its_own_name() {
    let on = |site: &str, length| Route { site: Some(site.into()), body: Body::Bytes(length), ..Route::at("/*") };
    let server = server(vec![on("alpha.example", 1), on("beta.example", 2)]);
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
    let server = server(vec![Route { latency_s: 0.1, ..Route::at("/wait") }]);
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

#[test]
fn a_wait_in_vain_is_written_down_too() {
    let slow_body = Route { body: Body::Bytes(1 << 20), ..Route::at("/slow-body") };
    let profile = Profile {
        link: Link { bytes_per_s: Some(100_000.0), ..Link::default() },
        routes: vec![Route { latency_s: 60.0, ..Route::at("/slow-answer") }, slow_body],
        ..Profile::default()
    };
    let server = ServerProcess::start(Path::new(program_under_test()), &profile).expect("the server starts");
    let tasks = tasks(&server, "tasks = 2\npaths = ['/slow-answer', '/slow-body']\ntimeout_s = 0.2");
    for name in ["sequential", "async"] {
        let strategy = strategy::named(name).expect("named as in `ALL`");
        let done = run(strategy, 1, &work(&tasks, Schedule::OneByOne));
        let kinds = |index: usize| done[index].spans.iter().map(|span| span.kind).collect::<Vec<_>>();
        assert_eq!(kinds(0), [Activity::Run, Activity::WaitFirstByte], "{name}");
        assert_eq!(kinds(1), [Activity::Run, Activity::WaitFirstByte, Activity::WaitTransfer], "{name}");
        assert!(results(done).iter().all(|result| result == &Err(TaskError::TimedOut)), "{name}");
    }
}
