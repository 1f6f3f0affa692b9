//! What goes wrong with a queue while a run is under way, with real engines: an outage is told and has no time, jobs that are
//! lost are noticed, nothing is left behind, and the cause is said.
#![cfg(target_os = "linux")]

use super::runs::{Engine, NAME, run, work};
use common::{
    PATIENCE, endless, fetch, gate, primes,
    program::{TINY, ended, makespan, place, text},
    redis::RedisServer,
    scenario,
    under_way::UnderWay,
    wait_until,
};
use makespan::{
    measure::clock::now_ns,
    queue::{
        address::Address,
        broker::{Peer, Role},
        job::{BUILD, Job},
        job_spec::Errand,
        outage::Outage,
    },
    results::{
        record::{CellRecord, Check},
        store::read,
    },
    strategy::{Env, Pool, QueueSettings, Strategy, Work, queue::Queue},
    task::{Task, TaskError},
    worker::{stop::Stop, task_queue::Schedule},
};
use redis::cmd;
use rusqlite::Connection;
use std::{fs, sync::mpsc::channel, thread, time::Duration};

fn engine(server: &RedisServer) -> Engine {
    Engine { address: server.address(), redis: None, _file: None }
}

fn outages(pool: &mut dyn Pool) -> Vec<Outage> {
    let outages = pool.account().outages;
    assert!(outages.iter().all(|one| one.start_ns <= one.end_ns && !one.cause.is_empty()), "{outages:?}");
    outages
}

#[test]
fn an_outage_is_told_for_the_run_and_for_its_workers() {
    let Some(mut server) = RedisServer::start() else { return };
    let (gate, mut pool) = (gate::Gate::shut(), engine(&server).pool(2));
    let work = work(&vec![Task::Fetch(fetch(&gate.origin)); 8], &gate.origin, PATIENCE);
    let answering = thread::spawn(move || {
        let both = gate.await_callers(2);
        server.kill();
        thread::sleep(Duration::from_millis(200));
        server.restart();
        gate::answer(both, gate::OK);
        for _ in 2..8 {
            gate::answer(gate.await_callers(1), gate::OK);
        }
        // Jobs that were handed out again, because a worker could not say in time that it was still there.
        thread::spawn(move || gate::answer(gate.await_callers(1), gate::OK));
        server
    });
    let found = run(&mut *pool, &work);
    let _server = answering.join().expect("no panic");
    assert!(found.iter().all(Result::is_ok), "{found:?}");
    let told = outages(&mut *pool);
    assert!(told.iter().any(|one| one.worker.is_none()), "{told:?}");
    assert!(told.iter().any(|one| one.worker.is_some_and(|worker| worker < 2)), "{told:?}");
    let words = Outage::disturbance(&pool.account().outages).expect("its time does not count");
    assert!(words.contains("no answer for"), "{words}");
    let next = common::work(&vec![primes(0, 10); 4], Schedule::OneByOne);
    let begun = now_ns();
    assert!(run(&mut *pool, &next).iter().all(Result::is_ok));
    // On a busy machine, a worker may be without the queue until then.
    let own = |one: &Outage| one.end_ns > begun;
    assert!(outages(&mut *pool).iter().all(own), "a run tells of its own outages alone");
    pool.close().expect("the workers are well");
}

#[test]
fn a_server_that_is_no_master_for_a_while_is_waited_for() {
    let Some(server) = RedisServer::start() else { return };
    let (gate, mut pool) = (gate::Gate::shut(), engine(&server).pool(2));
    let work = work(&vec![Task::Fetch(fetch(&gate.origin)); 6], &gate.origin, PATIENCE);
    let answering = thread::spawn(move || {
        let mut redis = server.connect();
        let held = gate.await_callers(2);
        // A replica of a master that is not there: it has its data, and takes none.
        let () = cmd("REPLICAOF").arg("127.0.0.1").arg(1).query(&mut redis).expect("it can be told");
        gate::answer(held, gate::OK);
        thread::sleep(Duration::from_millis(700));
        let () = cmd("REPLICAOF").arg("NO").arg("ONE").query(&mut redis).expect("it can be told");
        for _ in 2..6 {
            gate::answer(gate.await_callers(1), gate::OK);
        }
        thread::spawn(move || gate::answer(gate.await_callers(1), gate::OK));
        server
    });
    let found = run(&mut *pool, &work);
    let _server = answering.join().expect("no panic");
    assert!(found.iter().all(Result::is_ok), "{found:?}");
    let told = outages(&mut *pool);
    assert!(told.iter().any(|one| one.cause.contains("READONLY") || one.cause.contains("replica")), "{told:?}");
    pool.close().expect("the workers are well");
}

/// Runs jobs that wait for ever, breaks the queue when two are in hand, and returns what the tasks say.
fn said_after(engine: &Engine, accident: impl FnOnce() + Send + 'static) -> Vec<String> {
    let (gate, mut pool) = (gate::Gate::shut(), engine.pool(2));
    let work = work(&vec![Task::Fetch(fetch(&gate.origin)); 6], &gate.origin, PATIENCE);
    let breaking = thread::spawn(move || {
        let held = gate.await_callers(2);
        accident();
        (held, gate)
    });
    let found = run(&mut *pool, &work);
    let held = breaking.join().expect("no panic");
    assert!(work.stop.check().is_ok(), "long before the deadline: {found:?}");
    drop(held);
    // Its workers may have lost their file.
    let _ = pool.close();
    found.into_iter().map(|one| one.expect_err("it is gone").to_string()).collect()
}

#[test]
fn jobs_that_are_gone_from_a_server_are_noticed_at_once() {
    let stream = format!("makespan:{NAME}:{BUILD}:jobs");
    // The second is what a server does that is short of memory.
    for accident in [cmd("FLUSHALL"), cmd("DEL").arg(stream).clone()] {
        let Some(server) = RedisServer::start() else { return };
        let mut redis = server.connect();
        for said in said_after(&engine(&server), move || accident.exec(&mut redis).expect("it can be told")) {
            assert!(said.starts_with("0 of 6 done: 6 of its jobs are gone from the queue at redis://"), "{said}");
            assert!(said.contains("FLUSHALL") && said.contains("appendonly"), "{said}");
        }
    }
}

#[test]
fn jobs_that_a_restart_forgets_are_noticed_at_once() {
    let Some(mut server) = RedisServer::start() else { return };
    let engine = engine(&server);
    let (ended, end) = channel::<()>();
    let (gone, said) = channel();
    let keeper = thread::spawn(move || {
        let _: Result<(), _> = said.recv();
        server.kill();
        server.lose_data();
        server.restart();
        let _ = end.recv();
        server
    });
    for said in said_after(&engine, move || gone.send(()).expect("somebody listens")) {
        assert!(said.starts_with("0 of 6 done: 6 of its jobs are gone"), "{said}");
    }
    drop(ended);
    keeper.join().expect("no panic");
}

#[test]
fn a_file_that_is_deleted_is_noticed_at_once() {
    let engine = Engine::sqlite();
    let Address::Sqlite(path) = engine.address.clone() else { panic!("it is a file") };
    for said in said_after(&engine, move || {
        for end in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{end}", path.display()));
        }
    }) {
        assert!(said.starts_with("0 of 6 done: 6 of its jobs are gone from the queue at sqlite:"), "{said}");
        assert!(said.contains("deleted"), "{said}");
    }
}

/// Which comes first: the end of a run whose deadline is near, or a call without a deadline to the same queue, which gives up
/// at its own time limit?
fn first_to_give_up<T>(engine: &Engine, tries: u32, block: impl FnOnce() -> T) -> (&'static str, Vec<String>) {
    let (mut pool, mut other) = (engine.pool(1), engine.broker());
    let (first, heard) = channel();
    let blocked = block();
    let patient = first.clone();
    let waiting = thread::spawn(move || {
        let peer = Peer { id: "x:1:0".into(), role: Role::Worker, build: BUILD.into(), host: "x".into() };
        for _ in 0..tries {
            other.beat(&peer, &[]).expect_err("the queue blocks");
        }
        let _ = patient.send("the call");
    });
    let limited = Work {
        stop: Stop::after(Duration::from_millis(200)),
        ..common::work(&[primes(0, 10), primes(0, 20)], Schedule::OneByOne)
    };
    let found = run(&mut *pool, &limited);
    let _ = first.send("the run");
    let winner = heard.recv().expect("both send");
    waiting.join().expect("no panic");
    drop(blocked);
    let _ = pool.close();
    (winner, found.into_iter().map(|one| one.expect_err("it blocks").to_string()).collect())
}

#[test]
fn a_deadline_is_kept_while_another_process_has_the_file_locked() {
    let engine = Engine::sqlite();
    let Address::Sqlite(path) = &engine.address else { panic!("it is a file") };
    let (winner, said) = first_to_give_up(&engine, 1, || {
        let lock = Connection::open(path).expect("it is there");
        lock.busy_timeout(PATIENCE).expect("it can be told");
        lock.execute_batch("BEGIN IMMEDIATE").expect("nobody else has it for long");
        lock
    });
    assert_eq!(winner, "the run", "{said:?}");
    assert!(said.iter().all(|said| said.contains("keeps it locked")), "{said:?}");
}

#[test]
fn a_deadline_is_kept_while_a_server_is_frozen() {
    let Some(server) = RedisServer::start() else { return };
    let (winner, said) = first_to_give_up(&engine(&server), 2, || server.freeze());
    server.thaw();
    assert_eq!(winner, "the run", "{said:?}");
    assert!(said.iter().all(|said| said.contains("no answer within")), "{said:?}");
}

#[test]
fn a_run_that_is_refused_for_want_of_memory_takes_its_jobs_back() {
    let Some(server) = RedisServer::start() else { return };
    let (mut redis, engine) = (server.connect(), engine(&server));
    let mut pool = engine.pool(1);
    let about: String = cmd("INFO").arg("memory").query(&mut redis).expect("it answers");
    let used = about.lines().find_map(|line| line.strip_prefix("used_memory:")).expect("it says");
    let most = used.trim().parse::<u64>().expect("a number") + (2 << 20);
    let () = cmd("CONFIG").arg("SET").arg("maxmemory").arg(most).query(&mut redis).expect("it can be told");
    let found = run(&mut *pool, &common::work(&vec![endless(); 60_000], Schedule::OneByOne));
    let said = found[0].as_ref().expect_err("it is refused").to_string();
    assert!(said.starts_with("0 of 60000 done: the queue at redis://") && said.contains("OOM"), "{said}");
    assert!(!said.contains("stay in the queue"), "{said}");
    let _ = pool.close();
    let left: Vec<String> = cmd("KEYS").arg("*:jobs").query(&mut redis).expect("it answers");
    for stream in left {
        let length: u32 = cmd("XLEN").arg(&stream).query(&mut redis).expect("it answers");
        assert_eq!(length, 0, "{stream}");
    }
    let queue = QueueSettings { address: Some(engine.address.clone()), name: "another".into(), own_workers: true };
    let mut other = Queue.start(common::number(1).into(), &Env { queue, ..common::env() }).expect("the pool starts");
    assert!(run(&mut *other, &common::work(&vec![primes(0, 10); 50], Schedule::OneByOne)).iter().all(Result::is_ok));
    other.close().expect("its worker is well");
}

#[test]
fn the_next_run_takes_back_what_a_killed_one_left() {
    for engine in [Some(Engine::sqlite()), Engine::redis()].into_iter().flatten() {
        let mut broker = engine.broker();
        let deadline_ns = broker.now_ns().expect("it is there") + PATIENCE.as_nanos() as u64;
        let job = |index| Job { run: 1, index, deadline_ns, due_ns: None, server: None, errand: Errand::Noop };
        broker.enqueue("ghost:1:run-0:1", &[job(0), job(1)]).expect("it is there");
        assert_eq!(broker.held("ghost:1:run-0:1", 2).expect("it is there"), 2);
        let pool = engine.pool(1);
        assert_eq!(broker.held("ghost:1:run-0:1", 2).expect("it is there"), 0);
        assert_eq!(broker.messages("ghost:1:run-0:1", Duration::ZERO).expect("it is there"), [], "nobody did them");
        pool.close().expect("its worker is well");
    }
}

#[test]
fn another_run_on_the_same_name_is_counted() {
    let engine = Engine::sqlite();
    let other = engine.pool(1);
    let mut pool = engine.pool(1);
    let found = run(&mut *pool, &common::work(&vec![primes(0, 10); 4], Schedule::OneByOne));
    assert!(found.iter().all(Result::is_ok), "{found:?}");
    assert_eq!(pool.account().other_runs, 1);
    other.close().expect("its worker is well");
    assert!(run(&mut *pool, &common::work(&[primes(0, 10)], Schedule::OneByOne))[0].is_ok());
    assert_eq!(pool.account().other_runs, 0);
    pool.close().expect("its worker is well");
}

const SLOW: &str = r#"
workload.fetch = { tasks = 30, paths = ["/wait"] }
server.routes = [{ path = "/wait", latency_s = 0.06 }]
cells = [{ strategies = ["queue"], workers = [2] }]
"#;
const ONE_ROUND: [&str; 8] = ["--strategy", "queue", "--workers", "2", "--rounds", "1", "--data", "data"];

#[test]
fn a_round_with_an_outage_is_measured_again_and_the_record_and_the_table_say_so() {
    let Some(mut server) = RedisServer::start() else { return };
    let dir = tempfile::tempdir().expect("a temporary directory");
    scenario(dir.path(), "slow", SLOW);
    let options = ["--json", "record.json", "--events", "events.jsonl", "--queue", &server.url()];
    let under_way = UnderWay::start(dir.path(), &[&["run", "slow.toml"], &ONE_ROUND[..], &options].concat());
    let is_timed = || {
        let events = fs::read_to_string(dir.path().join("events.jsonl")).unwrap_or_default();
        events.lines().any(|line| line.contains("\"working\",\"cell\":1,\"timed\":true"))
    };
    wait_until("the measured run", is_timed);
    let (mut redis, stream) = (server.connect(), format!("makespan:makespan:{BUILD}:jobs"));
    // The warm-up has a job for each worker.
    wait_until("its jobs", || cmd("XLEN").arg(&stream).query::<u32>(&mut redis).is_ok_and(|length| length > 4));
    server.kill();
    thread::sleep(Duration::from_millis(200));
    server.restart();
    let (status, table, words) = under_way.end();
    assert!(status.success(), "{table}{words}");
    let record = read(&dir.path().join("record.json")).expect("it was written");
    let cell: &CellRecord = record.cells.iter().find(|cell| cell.spec.strategy == "queue").expect("it was asked for");
    assert_eq!((cell.check, cell.rounds.len()), (Check::Passed, 1), "{:?}", cell.error());
    let [excluded, ..] = &cell.excluded[..] else { panic!("the outage is in no record: {table}") };
    assert!(!excluded.timeline.outages.is_empty() && !excluded.timeline.spans.is_empty(), "{}", excluded.reason);
    assert!(cell.timeline.as_ref().is_some_and(|timeline| timeline.outages.is_empty()), "what counts had none");
    assert!(table.contains("the queue gave no answer for") && table.contains("measured again"), "{table}");
}

#[test]
fn another_run_on_the_same_name_is_said_at_once_and_in_the_table() {
    let (engine, dir) = (Engine::sqlite(), place());
    let options = ["--queue-name", NAME, "--queue", &engine.address.to_string()];
    let mut other = engine.broker();
    let peer = Peer { id: "far:1:run-0".into(), role: Role::Run, build: BUILD.into(), host: "far".into() };
    other.beat(&peer, &[]).expect("a file");
    let mut under_way = UnderWay::start(dir.path(), &[&["run", "tiny.toml"], &ONE_ROUND[..], &options].concat());
    wait_until("its end", || {
        other.beat(&peer, &[]).expect("a file");
        under_way.has_ended()
    });
    let (status, table, words) = under_way.end();
    assert!(status.success(), "{table}{words}");
    assert!(words.contains("another run (far:1:run-0) uses queue `jobs`"), "{words}");
    assert!(table.contains("another run used the same queue at"), "{table}");
}

#[test]
fn a_full_disk_under_the_events_is_said_and_the_measurement_is_kept() {
    let dir = place();
    let (_, words) = ended(dir.path(), &[&TINY[..], &["--events", "/dev/full", "--json", "out.json"]].concat(), 1);
    assert!(words.contains("/dev/full") && words.contains("No space left"), "{words}");
    assert!(!words.contains("interrupted"), "{words}");
    assert_eq!(read(&dir.path().join("out.json")).expect("it was written").rounds_done, 2);
}

#[test]
fn a_queue_s_address_in_the_place_of_a_scenario_shows_no_password() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for arguments in [
        &["run", "redis://:secret@host"][..],
        &["run", "redis://:se cret@host"],
        &["race", "redis://me:secret@host/0"],
        &["compare", "redis://:secret@host", "x"],
        &["server", "--scenario", "redis://:secret@host"],
        &["reproduce", "redis://:secret@host"],
        &["run", "prime_sum", "--images", "redis://:secret@host", "--strategy", "redis://:secret@host"],
    ] {
        let output = makespan(dir.path(), arguments);
        let words = text(&output.stdout) + &text(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}: {words}");
        assert!(
            !words.contains("secret") && !words.contains("cret@") && !words.contains(":se "),
            "{arguments:?}: {words}"
        );
    }
}

#[test]
fn what_jobs_say_of_a_queue_that_refuses_them_back_is_that_they_stay() {
    let Some(mut server) = RedisServer::start() else { return };
    let engine = engine(&server);
    let (gate, mut pool) = (gate::Gate::shut(), engine.pool(1));
    let work = work(&vec![Task::Fetch(fetch(&gate.origin)); 3], &gate.origin, Duration::from_secs(2));
    let breaking = thread::spawn(move || {
        let held = gate.await_callers(1);
        server.kill();
        held
    });
    let found = run(&mut *pool, &work);
    drop(breaking.join().expect("no panic"));
    let said = found[0].as_ref().map_err(TaskError::to_string).expect_err("it is gone");
    assert!(said.contains("can't be reached") && said.contains("up to 3 jobs stay in the queue"), "{said}");
    let _ = pool.close();
}
