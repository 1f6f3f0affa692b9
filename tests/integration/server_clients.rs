//! What the mock server makes of clients that ask for its log, give up, half-close, or send what is no request.

use common::{
    http::Client,
    program::success,
    program_under_test,
    server::{listening_on, serving, started},
    wait_until,
};
use makespan::{
    mock_server::{
        process::ServerError,
        profile::{Body, Limits, Profile, Route},
    },
    strategy,
    task::Task,
    worker::task_queue::Schedule,
};
use serde_json::{Value, json};
use std::{io::Read, net::Shutdown, process::Command, thread, time::Duration};

#[test]
fn only_delete_takes_a_log_and_other_methods_are_refused() {
    let server = serving(vec![Route::at("/empty")]);
    let mut client = Client::at(server.origin());
    client.get("/empty", &["makespan-task: 1/0"]);
    for (method, status) in [("HEAD", 200), ("GET", 200), ("POST", 405), ("PUT", 405), ("PATCH", 405), ("FOO", 405)] {
        let reply = client.ask(method, "/-/log?run=1", &[]);
        assert_eq!(reply.status, status, "{method}");
        assert!(status == 200 || reply.headers["allow"] == "GET, HEAD, DELETE, OPTIONS", "{method}");
    }
    for path in ["/-/health", "/-/about"] {
        assert_eq!((client.ask("DELETE", path, &[]).status, client.ask("HEAD", path, &[]).status), (405, 200));
    }
    let entries = |reply: &[u8]| {
        let log: Value = serde_json::from_slice(reply).unwrap();
        log["entries"].as_array().unwrap().len()
    };
    assert_eq!(entries(&client.get("/-/log?run=1", &[]).body), 1, "still there");
    assert_eq!(entries(&client.ask("DELETE", "/-/log?run=1", &[]).body), 1);
    assert_eq!(entries(&client.get("/-/log?run=1", &[]).body), 0, "taken");
}

#[test]
fn a_log_says_how_many_entries_of_its_run_were_dropped() {
    let server = serving(vec![Route::at("/empty")]);
    let mut client = Client::at(server.origin());
    let mut ask = |run: u32, index: u32| client.get("/empty", &[&format!("makespan-task: {run}/{index}")]);
    (0..5).for_each(|index| drop(ask(1, index)));
    (2..10_002).for_each(|run| drop(ask(run, 0)));
    ask(1, 5);
    let log: Value = serde_json::from_slice(&client.get("/-/log?run=1", &[]).body).unwrap();
    assert_eq!((log["entries"].as_array().unwrap().len(), &log["dropped"]), (1, &json!(5)));
    assert!(matches!(server.take_log(1), Err(ServerError::LogOverflow { dropped: 5, .. })));
}

#[test]
fn a_client_that_gives_up_is_in_the_log_and_one_without_a_task_is_counted() {
    let slow = Route { latency_s: 3600.0, ..Route::at("/slow") };
    let server = serving(vec![slow]);
    let mut client = Client::at(server.origin());
    client.write("GET /slow HTTP/1.1\r\nHost: a\r\nmakespan-task: 1/7\r\n\r\n");
    drop(client);
    let mut log = Vec::new();
    wait_until("the server notices", || {
        log = server.take_log(1).unwrap();
        !log.is_empty()
    });
    let said = (log[0].index, log[0].status, log[0].gave_up, log[0].bytes, log[0].ended_ns);
    assert_eq!(said, (Some(7), 0, true, 0, None));
    assert!(log[0].answered_ns >= log[0].arrived_ns);

    let mut client = Client::at(server.origin());
    client.write("GET /bytes/20000 HTTP/1.1\r\nHost: a\r\n\r\nGET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    client.head();
    Client::at(server.origin()).get("/-/health", &[]);
    // With a body that it hasn't read, its end is a reset, which is no half-close.
    drop(client);
    wait_until("the server counts it", || {
        let health: Value = serde_json::from_slice(&Client::at(server.origin()).get("/-/health", &[]).body).unwrap();
        health["requests_without_task"] == 2
    });
}

#[test]
fn a_client_that_half_closes_has_its_answer() {
    let server = serving(vec![Route { latency_s: 0.1, body: Body::Bytes(3_000_000), ..Route::at("/slow") }]);
    let paths = ["/bytes/5", "/delay/0.1", "/drip?numbytes=5&duration=0.1", "/slow", "/bytes/3000000"];
    for (path, length) in paths.iter().zip([5, 100, 5, 3_000_000, 3_000_000]) {
        for version in ["1.0", "1.1"] {
            let mut client = Client::at(server.origin());
            client.write(format!("GET {path} HTTP/{version}\r\nHost: a\r\n\r\n"));
            client.0.get_ref().shutdown(Shutdown::Write).unwrap();
            assert_eq!(client.head().status, 200, "{path}");
            let mut body = Vec::new();
            client.0.read_to_end(&mut body).unwrap();
            assert!(body.len() >= length, "{path}: {}", body.len());
        }
    }
}

#[test]
fn what_is_no_request_has_the_status_that_says_why() {
    let server = serving(vec![]);
    let long = |length: usize| format!("GET /get?{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(length));
    for (request, status) in [
        ("GET /get HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("GET /get HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n".into(), 400),
        ("GET /get HTTP/1.1\r\nHost: two words\r\n\r\n".into(), 400),
        ("GET /get HTTP/1.1\r\nHost:\r\n\r\n".into(), 400),
        ("GET /-/health HTTP/1.1\r\n\r\n".into(), 400),
        ("GET /get HTTP/2.0\r\nHost: a\r\n\r\n".into(), 505),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), 505),
        ("GET /get HTTP/1.0\r\n\r\n".into(), 200),
        ("GET /get HTTP/1.2\r\nHost: a\r\nConnection: close\r\n\r\n".into(), 200),
        (long(9_000), 414),
        (long(100_000), 414),
        (format!("GET /get HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(20_000)), 431),
    ] {
        let mut client = Client::at(server.origin());
        client.write(&request);
        assert_eq!(client.head().status, status, "{request:.60}");
        assert!(client.ends());
    }
}

/// What a server does to a connection that is idle for too long is no error for the client that comes back to it.
#[test]
fn a_connection_that_was_closed_while_idle_is_opened_anew() {
    let limits = Limits { idle_s: Some(0.2), ..Limits::default() };
    let server = started(&Profile { limits, routes: vec![Route::at("/x")], ..Profile::default() });
    for name in ["sequential", "async"] {
        let strategy = strategy::named(name).unwrap();
        let mut pool = strategy.start(common::layout(strategy, 1), &common::env()).unwrap();
        let mut connections = Vec::new();
        for _ in 0..3 {
            let work =
                common::work(&[Task::Fetch(common::fetch(format!("{}/x", server.origin())))], Schedule::OneByOne);
            let results = common::results(work.settle(pool.run(&work)));
            assert!(results.iter().all(Result::is_ok), "{name}: {results:?}");
            connections.extend(server.take_log(work.run).unwrap().iter().map(|entry| entry.connection));
            thread::sleep(Duration::from_millis(1500));
        }
        connections.dedup();
        assert_eq!(connections.len(), 3, "{name}: each time another connection");
        pool.close().unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn out_of_descriptors_it_says_so_once_and_goes_on_when_one_is_free() {
    use std::{
        io::{BufRead, BufReader},
        process::Stdio,
    };
    let mut server = Command::new("sh");
    server.args(["-c", &format!("ulimit -n 40; exec {} server", program_under_test())]);
    let mut server = server.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let origin = listening_on(server.stdout.take().unwrap());
    let mut clients: Vec<Client> = (0..60).map(|_| Client::at(&origin)).collect();
    let mut stderr = BufReader::new(server.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(stderr.next().unwrap().starts_with("generic routes only"));
    assert!(stderr.next().unwrap().starts_with("out of file descriptors"));
    // The last one is served as soon as others have gone.
    let mut last = clients.pop().unwrap();
    drop(clients);
    assert_eq!(last.get("/bytes/5", &[]).body.len(), 5);
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(stderr.next(), None, "once is enough");
}

/// More workers that keep their connections alive than the server takes connections. The deadline comes before an idle
/// connection would be closed, so a run that has to wait for that fails.
#[test]
fn a_run_does_not_stall_behind_idle_connections_and_its_table_tells_of_404s() {
    let dir = tempfile::tempdir().unwrap();
    let text = "
deadline_s = 25
workload.fetch = { tasks = 8, paths = ['/a/{number}', '/gone'] }
cells = [{ strategies = ['threads', 'async'], workers = [8] }]
[server]
connect_delay_s = 0.05
limits.connections = { most = 4, beyond = 'queue' }
routes = [{ path = '/a/*', latency_s = 0.02 }, { path = '/gone', status = 404 }]
";
    common::scenario(dir.path(), "idle", text);
    let (said, _) = success(dir.path(), &["run", "idle.toml", "--rounds", "3", "--data", "data"]);
    assert!(!said.contains("FAILED"), "{said}");
    assert!(said.contains("async x 8: 4 of 8 answers had status 404"), "{said}");
}
