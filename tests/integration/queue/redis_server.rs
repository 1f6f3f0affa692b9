//! The queue on Redis, where it differs from any other: a server that is killed, frozen, emptied, or refuses. What every
//! queue promises is tested in `broker.rs`.

use common::{PATIENCE, program_under_test, redis::RedisServer, wait_until};
use makespan::{
    measure::axis::{ClockAxis, ClockReading, Offset},
    queue::{
        address::Address,
        broker::{Broker, Finished, Peer, QueueError, Role, TakenJob},
        job::{BUILD, Delivered, Job, Message},
        job_spec::Errand,
    },
    task::TaskError,
    worker::lane::Done,
};
use redis::{Commands, Connection, cmd};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
    net::TcpListener,
    process::Command,
    slice, thread,
    time::Duration,
};

const NOW: Duration = Duration::ZERO;

fn jobs(count: u32) -> Vec<Job> {
    let job = |index| Job { run: 7, index, deadline_ns: u64::MAX, due_ns: None, server: None, errand: Errand::Noop };
    (0..count).map(job).collect()
}

fn queue(server: &RedisServer) -> Box<dyn Broker> {
    server.address().broker("q")
}

fn peer(id: &str, build: &str) -> Peer {
    Peer { id: id.to_owned(), role: Role::Worker, build: build.to_owned(), host: "here".to_owned() }
}

fn finished(taken: &TakenJob, worker: &str) -> Finished {
    let axis = ClockAxis { host: "here".to_owned(), boot: None, time_namespace: None };
    let message = Message::Delivered(Delivered {
        run: taken.job.run,
        worker: worker.to_owned(),
        attempt: taken.attempt,
        taken_ns: 1,
        clock: ClockReading { axis, to_queue: Offset::default() },
        outages: Box::default(),
        done: Done { index: taken.job.index, result: Err(TaskError::TimedOut), spans: Vec::new() },
    });
    Finished { id: taken.id.clone(), reply_to: taken.reply_to.clone(), message }
}

/// An entry of a stream: its id and its fields.
type Entry = (String, BTreeMap<String, Vec<u8>>);

/// The stream that `queue` uses.
fn jobs_key() -> String {
    format!("makespan:q:{BUILD}:jobs")
}

fn length(redis: &mut Connection, stream: &str) -> u32 {
    cmd("XLEN").arg(stream).query(redis).expect("the server is up")
}

/// Does it until the queue can be reached.
fn again<T>(mut it: impl FnMut() -> Result<T, QueueError>) -> T {
    let mut done = None;
    wait_until("the queue can be reached", || match it() {
        Ok(answer) => {
            done = Some(answer);
            true
        }
        Err(QueueError::Unreachable { .. }) => false,
        Err(other) => panic!("{other}"),
    });
    done.expect("it was waited for")
}

fn index(message: &Message) -> u32 {
    match message {
        Message::Delivered(it) => it.done.index,
        Message::Redelivered { .. } => panic!("{message:?}: every worker was alive"),
    }
}

#[test]
fn jobs_leases_and_messages_outlive_a_server_that_is_killed() {
    let Some(mut server) = RedisServer::start() else { return };
    let (mut run, mut worker, mut other) = (queue(&server), queue(&server), queue(&server));
    run.enqueue("run", &jobs(4)).unwrap();
    let first = worker.take("worker", None, NOW).unwrap().expect("four jobs wait");
    let second = worker.take("worker", Some(&finished(&first, "worker")), NOW).unwrap().expect("three jobs wait");
    server.kill();
    assert!(matches!(run.messages("run", NOW), Err(QueueError::Unreachable { .. })));
    server.restart();

    let messages = again(|| run.messages("run", NOW));
    assert_eq!(messages.iter().map(index).collect::<Vec<_>>(), [0], "what was delivered is still there");
    let lost = again(|| worker.beat(&peer("worker", BUILD), slice::from_ref(&second.id)));
    assert_eq!(lost, [""; 0], "the worker still has its job");
    let third = again(|| other.take("other", None, NOW)).expect("two jobs wait");
    let fourth = other.take("other", Some(&finished(&third, "other")), NOW).unwrap().expect("one job waits");
    assert_eq!([&third, &fourth].map(|taken| (taken.job.index, taken.attempt)), [(2, 1), (3, 1)]);
    assert_eq!(other.take("other", Some(&finished(&fourth, "other")), NOW).unwrap(), None);
    assert_eq!(again(|| worker.take("worker", Some(&finished(&second, "worker")), NOW)), None);
    let messages = run.messages("run", PATIENCE).unwrap();
    assert_eq!(messages.iter().map(index).collect::<Vec<_>>(), [2, 3, 1]);
}

#[test]
fn a_server_that_lost_its_data_is_a_new_one() {
    let Some(mut server) = RedisServer::start() else { return };
    let (mut run, mut worker) = (queue(&server), queue(&server));
    run.enqueue("before", &jobs(2)).unwrap();
    let taken = worker.take("worker", None, NOW).unwrap().expect("two jobs wait");
    server.shut_down();
    server.lose_data();
    server.restart();

    let lost = again(|| worker.beat(&peer("worker", BUILD), slice::from_ref(&taken.id)));
    assert_eq!(lost, slice::from_ref(&taken.id));
    assert_eq!(again(|| worker.take("worker", Some(&finished(&taken, "worker")), NOW)), None);
    again(|| run.enqueue("after", &jobs(1)));
    let taken = worker.take("worker", None, NOW).unwrap().expect("a job waits");
    assert_eq!((taken.reply_to.as_str(), taken.attempt), ("after", 1));
    assert_eq!(run.messages("before", NOW).unwrap(), []);
}

#[test]
fn a_job_waited_for_comes_though_the_queue_was_made_only_then() {
    let Some(server) = RedisServer::start() else { return };
    let mut worker = queue(&server);
    let waiting = thread::spawn(move || worker.take("worker", None, PATIENCE));
    queue(&server).enqueue("run", &jobs(1)).unwrap();
    let taken = waiting.join().unwrap().unwrap().expect("there is a job");
    assert_eq!((taken.job, taken.attempt), (jobs(1).remove(0), 1));
}

#[test]
fn who_is_not_let_in_is_refused_and_no_password_is_told() {
    const RIGHT: &str = "right-Zq7";
    const WRONG: &str = "wrong-Zq7";
    let Some(server) = RedisServer::start_with_password(RIGHT) else { return };
    queue(&server).now_ns().unwrap();
    let wrong = server.url().replace(RIGHT, WRONG);
    let none = server.url().replace(&format!(":{RIGHT}@"), "");
    let no_such_database = server.url().replace("/0", "/77");
    for (url, expected) in
        [(wrong, "wrong user or password"), (none, "requires a password"), (no_such_database, "out of range")]
    {
        let address: Address = url.parse().unwrap();
        let error = address.broker("q").now_ns().unwrap_err();
        assert!(matches!(error, QueueError::Refused { .. }), "{error}");
        let text = format!("{error} {error:?} {address:?} {:?}", address.broker("q"));
        assert!(text.contains(expected) && !text.contains("Zq7"), "{text}");
    }
}

#[test]
fn what_is_in_the_way_is_refused_by_its_name() {
    let Some(server) = RedisServer::start() else { return };
    let mut redis = server.connect();
    let () = redis.set(jobs_key(), "somebody's").unwrap();
    let error = queue(&server).enqueue("run", &jobs(1)).unwrap_err();
    assert!(matches!(&error, QueueError::Refused { cause, .. } if cause.contains("WRONGTYPE")), "{error}");
    let () = redis.del(jobs_key()).unwrap();

    let () = cmd("XADD")
        .arg(jobs_key())
        .arg("*")
        .arg("deadline")
        .arg(u64::MAX)
        .arg("job")
        .arg("?")
        .query(&mut redis)
        .unwrap();
    let error = queue(&server).take("worker", None, NOW).unwrap_err();
    assert!(matches!(&error, QueueError::Foreign { what, .. } if what.contains(&jobs_key())), "{error}");
    let () = redis.hset("makespan:q:peers", "x", "somebody's").unwrap();
    let error = queue(&server).present().unwrap_err();
    assert!(matches!(&error, QueueError::Foreign { what, .. } if what.contains("makespan:q:peers")), "{error}");
}

#[test]
fn where_nobody_listens_it_is_an_error_at_once() {
    // The port of a service that is older than the web.
    let nobody: Address = "redis://127.0.0.1:1".parse().unwrap();
    let error = nobody.broker("q").now_ns().unwrap_err();
    assert!(matches!(error, QueueError::Unreachable { .. }), "{error}");
}

#[test]
fn what_can_pass_is_told_from_what_stays() {
    let answers = [
        ("-LOADING Redis is loading the dataset in memory\r\n", "", false, "loading"),
        ("-MASTERDOWN Link with MASTER is down\r\n", "", false, "down"),
        ("-CLUSTERDOWN The cluster is down\r\n", "", false, "cluster"),
        ("-READONLY You can't write against a read only replica.\r\n", "", false, "replica"),
        ("-UNBLOCKED force unblock from blocking operation\r\n", "", false, "unblock"),
        ("-NOREPLICAS Not enough good replicas to write.\r\n", "", true, "good replicas"),
        ("-ERR \u{1b}[2J\u{7}\u{1b}]0;title\u{7} and more\r\n", "", true, "\\u{1b}[2J"),
        ("$21\r\nredis_version:5.0.7\r\n\r\n", "", true, "it is Redis 5.0.7, and 6.2 or later is needed"),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "", true, "does not speak the Redis protocol"),
        ("-ERR unknown command 'AUTH', with args beginning with: 'Zq7'\r\n", ":Zq7@", true, "password"),
    ];
    for (answer, login, stays, expected) in answers {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address: Address = format!("redis://{login}{}", listener.local_addr().unwrap()).parse().unwrap();
        let server = thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let _ = client.read(&mut [0; 1024]);
            let _ = client.write_all(answer.as_bytes());
        });
        let error = address.broker("q").now_ns().unwrap_err();
        assert_eq!(matches!(error, QueueError::Refused { .. }), stays, "{error}");
        assert_eq!(matches!(error, QueueError::Unreachable { .. }), !stays, "{error}");
        let text = error.to_string();
        assert!(text.contains(expected) && !text.contains("Zq7") && !text.contains(char::is_control), "{text:?}");
        server.join().unwrap();
    }
}

#[test]
fn an_answer_that_never_came_costs_no_try() {
    let Some(server) = RedisServer::start() else { return };
    let (mut run, mut worker) = (queue(&server), queue(&server));
    run.enqueue("run", &jobs(2)).unwrap();
    let held = worker.take("worker", None, NOW).unwrap().expect("two jobs wait");
    server.freeze();
    // It comes back by itself, from a server that doesn't answer.
    let error = worker.take("worker", Some(&finished(&held, "worker")), NOW).unwrap_err();
    assert!(matches!(error, QueueError::Unreachable { .. }), "{error}");
    let error = queue(&server).now_ns().unwrap_err();
    assert!(matches!(error, QueueError::Unreachable { .. }), "{error}");
    server.thaw();

    // What was asked before is done now: the job is this worker's, which doesn't know.
    let mut redis = server.connect();
    let mut pending = || cmd("XPENDING").arg(jobs_key()).arg("workers").arg("-").arg("+").arg(9).query(&mut redis);
    wait_until("the server has done what it was asked", || {
        let pending: Vec<(String, String, u64, u32)> = pending().unwrap();
        pending.iter().all(|(id, ..)| *id != held.id) && pending.len() == 1
    });
    let taken = again(|| worker.take("worker", Some(&finished(&held, "worker")), NOW)).expect("it is handed over");
    assert_eq!((taken.job.index, taken.attempt), (1, 1));
    let messages = again(|| run.messages("run", PATIENCE));
    assert_eq!(messages.iter().map(index).collect::<Vec<_>>(), [0], "delivered once");
}

#[test]
fn jobs_that_were_interrupted_on_their_way_in_are_in_once() {
    const JOBS: u32 = 20_000;
    let Some(mut server) = RedisServer::start() else { return };
    // Until the server is killed in the midst of it: it may have had all of them before.
    let name = (0..20).map(|number| format!("run {number}")).find(|name| {
        let (mut run, name) = (queue(&server), name.clone());
        let enqueuing = thread::spawn(move || {
            let mut tries = 0;
            again(|| {
                tries += 1;
                run.enqueue(&name, &jobs(JOBS))
            });
            tries
        });
        let (mut redis, before) = (server.connect(), length(&mut server.connect(), &jobs_key()));
        wait_until("some jobs are in", || length(&mut redis, &jobs_key()) > before);
        server.kill();
        server.restart();
        enqueuing.join().unwrap() > 1
    });
    let name = name.expect("the server is killed before all are in");

    let entries: Vec<Entry> = cmd("XRANGE").arg(jobs_key()).arg("-").arg("+").query(&mut server.connect()).unwrap();
    let of_this_run = entries.iter().filter(|(_, fields)| fields["to"] == name.as_bytes());
    let indexes: Vec<String> =
        of_this_run.map(|(_, fields)| String::from_utf8_lossy(&fields["index"]).into_owned()).collect();
    // Not `assert_eq`, which would print them all.
    assert!(indexes.iter().eq(&(0..JOBS).map(|index| index.to_string()).collect::<Vec<_>>()), "{} jobs", indexes.len());
}

#[test]
fn what_another_build_has_is_left_alone_and_its_peers_are_seen() {
    let Some(server) = RedisServer::start() else { return };
    let mut redis = server.connect();
    let theirs = "makespan:q:9.9.9+other:jobs";
    let () = cmd("XADD").arg(theirs).arg("*").arg("job").arg("?").query(&mut redis).unwrap();
    let mut queue = queue(&server);
    assert_eq!(queue.take("worker", None, Duration::from_millis(1)).unwrap(), None);
    assert_eq!(length(&mut redis, theirs), 1);

    let other = peer("other", "9.9.9+other");
    queue.beat(&other, &[]).unwrap();
    queue.beat(&peer("own", BUILD), &[]).unwrap();
    let present: BTreeSet<String> = queue.present().unwrap().into_iter().map(|peer| peer.build).collect();
    assert_eq!(present, [BUILD, &other.build].map(str::to_owned).into());
    queue.leave("own").unwrap();
    assert_eq!(queue.present().unwrap(), [other]);
}

#[test]
fn nothing_stays_for_ever() {
    let Some(server) = RedisServer::start() else { return };
    let mut queue = queue(&server);
    queue.beat(&peer("worker", BUILD), &[]).unwrap();
    queue.enqueue("run", &jobs(3)).unwrap();
    let taken = queue.take("worker", None, NOW).unwrap().expect("three jobs wait");
    queue.take("worker", Some(&finished(&taken, "worker")), NOW).unwrap().expect("two jobs wait");
    let mut redis = server.connect();
    let keys: Vec<String> = redis.keys("*").unwrap();
    assert_eq!(keys.len(), 4, "{keys:?}");
    for key in keys {
        assert!(redis.pttl::<_, i64>(&key).unwrap() > 0, "{key} has no end");
    }
    queue.withdraw("run").unwrap();
    let keys: BTreeSet<String> = redis.keys::<_, Vec<String>>("*").unwrap().into_iter().collect();
    assert_eq!(keys, [jobs_key(), "makespan:q:peers".to_owned()].into());
    assert_eq!(length(&mut redis, &jobs_key()), 0);
}

/// The program's word on a queue.
fn doctor(queue: Option<&str>) -> String {
    let mut command = Command::new(program_under_test());
    command.arg("doctor").env_remove("MAKESPAN_QUEUE");
    if let Some(queue) = queue {
        command.env("MAKESPAN_QUEUE", queue);
    }
    let output = command.output().expect("makespan starts");
    let told = String::from_utf8(output.stdout).expect("it writes text");
    assert_eq!(output.status.code(), Some(i32::from(told.contains('✗'))), "{told}");
    told
}

#[test]
fn the_doctor_looks_at_the_queue() {
    let told = doctor(Some("redis://:Zq7/@host"));
    assert!(
        told.contains("✗ MAKESPAN_QUEUE: ") && told.contains("expected redis://") && !told.contains("Zq7"),
        "{told}"
    );
    assert!(doctor(Some("sqlite:/tmp/q.db")).contains("✓ MAKESPAN_QUEUE: sqlite:/tmp/q.db"));
    assert!(doctor(None).contains("redis://127.0.0.1:6379/0"));
    let Some(server) = RedisServer::start_with_password("Zq7") else { return };
    let told = doctor(Some(&server.url()));
    assert!(told.contains("✓ MAKESPAN_QUEUE: redis://:***@127.0.0.1:") && !told.contains("Zq7"), "{told}");
    let () = cmd("CONFIG").arg("SET").arg("appendonly").arg("no").query(&mut server.connect()).unwrap();
    let told = doctor(Some(&server.url()));
    assert!(told.contains("without append-only persistence") && told.contains("appendonly yes"), "{told}");
    drop(server);
}
