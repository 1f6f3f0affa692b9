//! The mock server on real sockets, in a process of its own.

#![expect(clippy::unwrap_used, reason = "a test that meets something unexpected is to fail there")]

use common::{
    http::Client,
    left_behind::send,
    program_under_test,
    server::{listening_on, started},
};
use makespan::mock_server::{
    gallery::GalleryListing,
    log::LogEntry,
    payload::NoiseBytes,
    process::{ServerError, ServerProcess},
    profile::{Body, Profile, Route},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    collections::HashSet,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

fn server(routes: Vec<Route>) -> ServerProcess {
    started(&Profile { seed: 7, routes, ..Profile::default() })
}

fn route(path: &str, body: Body) -> Route {
    Route { body, ..Route::at(path) }
}

fn is_alive(pid: u32) -> bool {
    kill(Pid::from_raw(pid.try_into().unwrap()), None).is_ok()
}

#[test]
fn empty_routes_and_statuses() {
    let server = server(vec![Route::at("/empty"), Route { status: 503, ..route("/down", Body::Bytes(10)) }]);
    let mut client = Client::at(server.origin());
    let reply = client.get("/empty", &[]);
    assert_eq!((reply.status, reply.headers["content-length"].as_str()), (200, "0"));
    assert!(reply.headers["makespan-lateness-ns"].parse::<u64>().is_ok());
    let reply = client.get("/down?query=is&not=part", &[]);
    assert_eq!((reply.status, reply.body.len()), (503, 10));
    assert_eq!(client.get("/unknown", &[]).status, 404);
    assert_eq!(client.get("/-/unknown", &[]).status, 404);
    let reply = client.ask("POST", "/empty", &["Content-Length: 0"]);
    assert_eq!((reply.status, reply.headers["allow"].as_str()), (405, "GET, HEAD, OPTIONS"));
}

#[test]
fn generic_routes_lie_below_those_of_the_profile() {
    let server = server(vec![Route { status: 203, ..Route::at("/status/*") }]);
    let mut client = Client::at(server.origin());
    let mut status = |path| client.get(path, &[]).status;
    assert_eq!((status("/status/418"), status("/get"), status("/status")), (203, 200, 404));
}

#[test]
fn bodies_are_those_that_can_be_known_beforehand() {
    let server = server(vec![route("/pages/*", Body::Bytes(200_001))]);
    let mut client = Client::at(server.origin());
    let expected: Vec<u8> = NoiseBytes::new(7).body("/pages/1", 200_001).flatten().collect();
    let reply = client.get("/pages/1", &[]);
    assert!(reply.body == expected, "the same bytes");
    assert!(client.get("/pages/2", &[]).body != expected, "another page, other bytes");
    assert!(client.get("/pages/1", &[]).body == expected, "the same again");
    let head = client.ask("HEAD", "/pages/1", &[]);
    assert_eq!((head.status, head.headers["content-length"].as_str()), (200, "200001"));
    assert_eq!(client.get("/pages/1", &[]).status, 200, "the HEAD sent no body that would be in the way");
}

#[test]
fn the_gallery_wants_its_key() {
    let key = Some("Client-ID 123".to_owned());
    let server = server(vec![Route { authorization: key, ..route("/gallery", Body::Gallery) }]);
    let mut client = Client::at(server.origin());
    let reply = client.get("/gallery", &[]);
    assert_eq!((reply.status, reply.headers["www-authenticate"].as_str(), reply.body.len()), (401, "Client-ID", 0));
    let reply = client.get("/gallery", &["Authorization: Client-ID 124"]);
    assert_eq!((reply.status, reply.body.len()), (403, 0));

    let reply = client.get("/gallery", &["Authorization: Client-ID 123", "Host: photos.example:81"]);
    assert_eq!((reply.status, reply.headers["content-type"].as_str()), (200, "application/json"));
    let listing: GalleryListing = serde_json::from_slice(&reply.body).unwrap();
    let pictures: HashSet<&str> = listing.pictures().collect();
    assert_eq!(pictures.len(), 91);
    assert!(pictures.iter().all(|link| link.starts_with("http://photos.example:81/images/")));

    // HTTP/1.0 may leave the host out; then it is the server's own.
    let mut client = Client::at(server.origin());
    client.write("GET /gallery HTTP/1.0\r\nAuthorization: Client-ID 123\r\n\r\n");
    let mut text = String::new();
    client.0.read_to_string(&mut text).unwrap();
    assert!(text.contains(&format!("{}/images/photo_001.jpg", server.origin())));
}

#[test]
fn photos_come_from_their_folder_and_nowhere_else() {
    let home = tempfile::tempdir().unwrap();
    let photos = home.path().join("photos");
    fs::create_dir_all(photos.join("inner")).unwrap();
    fs::write(photos.join("photo_001.jpg"), b"one").unwrap();
    fs::write(photos.join("drawing_1.png"), b"two").unwrap();
    fs::write(home.path().join("secret.jpg"), b"secret").unwrap();
    let routes = vec![route("/images/*", Body::Photo)];
    let server = started(&Profile { routes, photos: Some(photos.clone()), ..Profile::default() });
    fs::remove_dir_all(photos).unwrap();

    let mut client = Client::at(server.origin());
    let mut get = |path| {
        let reply = client.get(path, &[]);
        (reply.status, reply.headers.get("content-type").cloned().unwrap_or_default(), reply.body)
    };
    assert_eq!(get("/images/photo_001.jpg"), (200, "image/jpeg".into(), b"one".to_vec()));
    assert_eq!(get("/images/drawing_1.png"), (200, "image/png".into(), b"two".to_vec()));
    for path in
        ["/images/", "/images/photo_002.jpg", "/images/inner", "/images/../secret.jpg", "/images/..%2fsecret.jpg"]
    {
        assert_eq!(get(path), (404, String::new(), Vec::new()), "{path}");
    }
}

#[test]
fn photos_that_are_not_there_are_named() {
    let photo = || vec![route("/images/*", Body::Photo)];
    let start = |photos| {
        let profile = Profile { routes: photo(), photos, ..Profile::default() };
        ServerProcess::start(Path::new(program_under_test()), &profile).expect_err("no photos").to_string()
    };
    assert!(start(None).contains("key `photos`"));
    assert!(start(Some(PathBuf::from("/no/such/folder"))).contains("/no/such/folder"));
}

#[test]
fn redirects_and_sites() {
    let moved = Route { status: 301, location: Some("/new".into()), ..Route::at("/old") };
    let on = |site: &str, length| Route { site: Some(site.into()), ..route("/page", Body::Bytes(length)) };
    let server = server(vec![moved, on("alpha.example", 1), on("beta.example", 2), route("/page", Body::Bytes(3))]);
    let mut client = Client::at(server.origin());
    let reply = client.get("/old", &[]);
    assert_eq!((reply.status, reply.headers["location"].as_str(), reply.body.len()), (301, "/new", 0));
    let mut length = |host| client.get("/page", &[host]).body.len();
    assert_eq!(length("Host: alpha.example:8080"), 1);
    assert_eq!(length("Host: Beta.Example"), 2);
    assert_eq!(length("Host: gamma.example"), 3);
}

#[test]
fn the_log_holds_each_run_exactly_once() {
    let slow = Route { latency_s: 0.02, ..route("/slow", Body::Bytes(5)) };
    let routes = vec![Route::at("/empty"), slow];
    let server = started(&Profile { time_scale: 4.0, routes, ..Profile::default() });
    let (mut one, mut other) = (Client::at(server.origin()), Client::at(server.origin()));
    one.get("/empty", &["makespan-task: 1/prologue"]);
    one.get("/slow", &["makespan-task: 1/0"]);
    other.get("/status/404", &["makespan-task: 1/1"]);
    one.get("/slow", &["makespan-task: 2/0"]);
    one.ask("HEAD", "/slow", &["makespan-task: 2/1"]);
    one.get("/slow", &["makespan-task: nonsense"]);
    one.get("/slow", &[]);

    let log = server.take_log(1).unwrap();
    let said: Vec<_> =
        log.iter().map(|entry| (entry.run, entry.index, entry.path.as_str(), entry.status, entry.bytes)).collect();
    assert_eq!(said, [(1, None, "/empty", 200, 0), (1, Some(0), "/slow", 200, 5), (1, Some(1), "/status/404", 404, 0)]);
    assert_eq!(log[0].connection, log[1].connection, "kept alive");
    assert_ne!(log[0].connection, log[2].connection);
    assert_eq!(log.iter().map(|entry| entry.latency_ns).collect::<Vec<_>>(), [0, 5_000_000, 0], "20 ms, scaled by 4");
    assert!(server.take_log(1).unwrap().is_empty(), "taken");
    let bytes: Vec<u64> = server.take_log(2).unwrap().iter().map(|entry| entry.bytes).collect();
    assert_eq!(bytes, [5, 0], "the other run is untouched; a HEAD has no body");
    assert!(server.take_log(3).unwrap().is_empty());

    let health: serde_json::Value = serde_json::from_slice(&one.get("/-/health", &[]).body).unwrap();
    assert_eq!(health, serde_json::json!({"status": "ok", "requests_without_task": 2, "forgotten_runs": 0}));
    assert_eq!(one.get("/-/log?run=x", &[]).status, 400);
}

#[test]
fn a_new_connection_per_request_shows_in_the_log() {
    let server = server(vec![Route::at("/empty")]);
    for index in 0..3 {
        let mut client = Client::at(server.origin());
        let tag = format!("makespan-task: 1/{index}");
        assert_eq!(client.get("/empty", &[&tag, "Connection: close"]).headers["connection"], "close");
        assert!(client.ends());
    }
    let connections: HashSet<u64> = server.take_log(1).unwrap().iter().map(|entry| entry.connection).collect();
    assert_eq!(connections.len(), 3);
}

#[test]
fn no_answer_is_early_and_they_do_not_wait_for_each_other() {
    let latencies = [0.0, 0.001, 0.0035, 0.012];
    let routes =
        latencies.iter().enumerate().map(|(at, &latency_s)| Route { latency_s, ..Route::at(format!("/{at}")) });
    let server = server(routes.collect());
    thread::scope(|scope| {
        for worker in 0..8 {
            let mut client = Client::at(server.origin());
            scope.spawn(move || {
                for index in 0..20 {
                    client.get(
                        &format!("/{}", (worker + index) % 4),
                        &[&format!("makespan-task: 1/{}", worker * 20 + index)],
                    );
                }
            });
        }
    });
    let log = server.take_log(1).unwrap();
    let indices: HashSet<_> = log.iter().map(|entry| entry.index).collect();
    assert_eq!((log.len(), indices.len()), (160, 160), "each once");
    for entry in &log {
        let asked = latencies[entry.path[1..].parse::<usize>().unwrap()];
        assert_eq!(entry.latency_ns, (asked * 1e9) as u64);
        assert!(entry.arrived_ns + entry.latency_ns <= entry.answered_ns, "{entry:?}");
        assert_eq!(entry.lateness_ns(), entry.answered_ns - entry.arrived_ns - entry.latency_ns);
    }
    // Had they been served one by one, no request would have arrived while another waited for its answer.
    let overlap =
        |a: &LogEntry, b: &LogEntry| a.index != b.index && a.arrived_ns < b.arrived_ns && b.arrived_ns < a.answered_ns;
    assert!(log.iter().any(|a| log.iter().any(|b| overlap(a, b))));
}

#[test]
fn bad_clients_leave_it_serving() {
    let slow = Route { latency_s: 0.005, ..route("/slow", Body::Bytes(1 << 30)) };
    let server = server(vec![Route::at("/empty"), slow]);
    let refused = |text: &str, status: u16| {
        let mut client = Client::at(server.origin());
        client.write(text);
        assert_eq!(client.head().status, status, "{text:.40}");
        assert!(client.ends());
    };
    refused("nonsense\r\n\r\n", 400);
    refused("GET / HTTP/1.1\r\nbad header\r\n\r\n", 400);
    refused("GET /empty HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400);

    let mut half_open: Vec<Client> = (0..50).map(|_| Client::at(server.origin())).collect();
    for client in &mut half_open {
        client.write("GET /empty HTTP/1.1\r\nHo");
    }
    for head_only in [false, true] {
        let mut vanishing = Client::at(server.origin());
        vanishing.write("GET /slow HTTP/1.1\r\nHost: a\r\nmakespan-task: 9/0\r\n\r\n");
        if head_only {
            vanishing.head();
        }
    }
    let mut never_reading = Client::at(server.origin());
    never_reading.write("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");

    assert_eq!(Client::at(server.origin()).get("/empty", &["makespan-task: 1/0"]).status, 200);
    assert_eq!(server.take_log(1).unwrap().len(), 1);
    half_open[0].write("st: a\r\n\r\n");
    assert_eq!(half_open[0].head().status, 200, "slow, but in time");
}

#[test]
fn it_ends_when_it_is_dropped() {
    let server = server(vec![]);
    let pid = server.pid();
    assert!(is_alive(pid));
    drop(server);
    assert!(!is_alive(pid));
}

/// `makespan server` with these arguments, its output kept.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(program_under_test());
    command.arg("server").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn origin(child: &mut Child) -> String {
    listening_on(child.stdout.as_mut().unwrap())
}

fn with_profile(arguments: &[&str], profile: &Profile) -> Child {
    let mut child = command(&[&["--profile", "-"], arguments].concat()).spawn().unwrap();
    writeln!(child.stdin.as_mut().unwrap(), "{}", serde_json::to_string(profile).unwrap()).unwrap();
    child
}

/// What a server that can't start says. Its stdin is held open, because it would end at once without it.
fn refusal(mut child: Child) -> String {
    let lifeline = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(lifeline);
    assert!(matches!(output.status.code(), Some(1 | 2)), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn it_ends_when_stdin_closes() {
    let slow = Route { latency_s: 3600.0, ..Route::at("/slow") };
    let mut child = with_profile(&[], &Profile { routes: vec![slow], ..Profile::default() });
    let mut waiting = Client::at(&origin(&mut child));
    waiting.write("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn on_sigterm_it_answers_what_it_has_begun() {
    let slow = Route { latency_s: 0.3, ..route("/slow", Body::Bytes(1000)) };
    let mut child = with_profile(&[], &Profile { routes: vec![slow], ..Profile::default() });
    let origin = origin(&mut child);
    let (idle, mut busy) = (Client::at(&origin), Client::at(&origin));
    busy.write("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    // The server takes connections in their order: once this is answered, it has read the one before too.
    Client::at(&origin).get("/-/health", &[]);
    send(Signal::SIGTERM, child.id());
    assert!(idle.ends());
    assert_eq!(busy.head().status, 200);
    assert!(child.wait().unwrap().success());
    assert!(TcpStream::connect(origin.strip_prefix("http://").unwrap()).is_err());
}

#[test]
fn a_drain_that_cuts_requests_says_so_and_a_second_signal_hastens_it() {
    let mut child = command(&[]).spawn().unwrap();
    let origin = origin(&mut child);
    let mut busy = Client::at(&origin);
    busy.write("GET /delay/10 HTTP/1.1\r\nHost: a\r\n\r\n");
    Client::at(&origin).get("/-/health", &[]);
    send(Signal::SIGINT, child.id());
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = || {
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        line
    };
    assert!(line().starts_with("generic routes only"));
    assert_eq!(line(), "waiting up to 5 s for requests in service: 1; Ctrl-C again aborts them\n");
    send(Signal::SIGINT, child.id());
    assert!(line().contains("requests cut off before their answers were complete: 1"));
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_port_in_use_is_named_with_its_remedy() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let words = refusal(with_profile(&["--addr", &addr], &Profile::default()));
    assert!(words.contains(&format!("{addr} is in use")) && words.contains("port 0"), "{words}");
}

#[test]
fn other_machines_are_not_served_unasked() {
    for addr in ["0.0.0.0:0", "[::]:0"] {
        let words = refusal(with_profile(&["--addr", addr], &Profile::default()));
        assert!(words.contains("--allow-remote"), "{words}");
    }
    let alone = Command::new(program_under_test()).args(["server", "--addr", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(alone.status.code(), Some(2), "wrong usage");
    let mut child = with_profile(&["--addr", "0.0.0.0:0", "--allow-remote"], &Profile::default());
    assert!(origin(&mut child).starts_with("http://0.0.0.0:"));
    drop(child.stdin.take());
    child.wait().unwrap();
}

#[test]
fn a_wrong_profile_is_refused_with_its_key() {
    let wrong = Profile { routes: vec![Route { status: 99, ..Route::at("/") }], ..Profile::default() };
    let error = ServerProcess::start(Path::new(program_under_test()), &wrong).expect_err("the status is none");
    assert!(
        matches!(&error, ServerError::Ended { words, .. } if words.contains("server.routes[0].status: found 99")),
        "{error}"
    );
    let words = refusal(with_profile(&["--time-scale", "0"], &Profile::default()));
    assert!(words.contains("--time-scale"), "{words}");
}

#[test]
fn a_program_that_is_no_server_is_told_apart() {
    let start = |program: &str| ServerProcess::start(Path::new(program), &Profile::default()).expect_err("no server");
    assert!(matches!(start("/no/such/program"), ServerError::Start { .. }));
    assert!(matches!(start("/bin/echo"), ServerError::Unexpected(line) if line == "server --profile -"));
    assert!(matches!(start("/bin/false"), ServerError::Ended { .. }));
}

#[test]
fn a_server_that_went_away_is_named() {
    let server = server(vec![]);
    send(Signal::SIGKILL, server.pid());
    // Reaped only when `server` is dropped, but its socket is closed once it is a zombie.
    let addr = server.origin().strip_prefix("http://").unwrap();
    while TcpStream::connect(addr).is_ok() {}
    assert!(matches!(server.take_log(1), Err(ServerError::Unreachable { .. })));
}

#[test]
fn help_shows_examples_and_hides_what_is_internal() {
    let output = command(&["--help"]).output().unwrap();
    let help = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && help.contains("Examples:") && !help.contains("--profile"), "{help}");
    for route in ["/get", "/delay/{s}", "/bytes/{count}", "/status/{codes}", "/redirect/{count}", "/drip"] {
        assert!(help.contains(&format!(" {route} ")), "no line for {route}: {help}");
    }
}

/// Told to end, it does so of its own accord, and says nothing more. Gives what it had said on stderr.
fn told_to_end(child: Child) -> String {
    send(Signal::SIGTERM, child.id());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn it_says_in_one_line_what_it_serves() {
    let words = |arguments: &[&str], path: &str| {
        let mut child = command(arguments).spawn().unwrap();
        let status = Client::at(&origin(&mut child)).get(path, &[]).status;
        (status, told_to_end(child))
    };
    let (status, said) = words(&[], "/get");
    assert_eq!((status, said.as_str()), (200, "generic routes only, time scale 1; Ctrl-C ends it\n"));
    let (status, said) = words(&["--scenario", "latency_only", "--time-scale", "30"], "/wait");
    assert_eq!((status, said.as_str()), (200, "latency_only, time scale 30; Ctrl-C ends it\n"));
}
