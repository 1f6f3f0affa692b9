//! The mock server's network on real sockets: what it promises by physics, and what it does to whom.
//!
//! Nothing here expects an answer by some time, because a busy machine keeps no such promise. What is checked is what no
//! machine may undercut, what the server says it did, and what its clients saw.

#![expect(clippy::unwrap_used, reason = "a test that meets something unexpected is to fail there")]

use common::{http::Client, server::started};
use makespan::mock_server::{
    log::LogEntry,
    process::ServerProcess,
    profile::{Beyond, Body, Fault, FaultRule, LatencyShape, Limit, Limits, Link, Profile, Rate, Route, Spread},
    sharing::{Sharing, Transfer},
};
use std::{
    io::{BufRead, ErrorKind},
    thread,
    time::Instant,
};

fn connected(server: &ServerProcess) -> Client {
    Client::at(server.origin())
}

fn body(path: &str, bytes: u64) -> Route {
    Route { body: Body::Bytes(bytes), ..Route::at(path) }
}

/// One route with a body of this size, and what else the profile says.
fn profile(bytes: u64) -> Profile {
    Profile { seed: 7, routes: vec![body("/x", bytes)], ..Profile::default() }
}

fn faulty(bytes: u64, rule: FaultRule) -> Profile {
    Profile { faults: vec![rule], ..profile(bytes) }
}

/// Each in a thread and on a connection of its own, all at once: the tags `RUN/0`, `RUN/1`, ...
fn at_once(server: &ServerProcess, path: &str, run: u64, count: u32) {
    thread::scope(|scope| {
        for index in 0..count {
            scope.spawn(move || connected(server).get_as(path, &format!("{run}/{index}")));
        }
    });
}

/// The run's log when all bodies in it have ended. A client may be told of its last byte before it is asked for the log.
fn log(server: &ServerProcess, run: u64) -> Vec<LogEntry> {
    let log = server.take_log(run).unwrap();
    assert!(log.iter().all(|entry| entry.ended_ns.is_some()), "{log:?}");
    log
}

/// When ideal sharing would have ended each of these bodies, from when they began and who left early.
fn ideal_ends_ns(log: &[LogEntry], link: Link) -> Vec<u64> {
    let infinite = f64::INFINITY;
    let mut sharing =
        Sharing::new(link.bytes_per_s.unwrap_or(infinite), link.connection_bytes_per_s.unwrap_or(infinite));
    let joins = log.iter().enumerate().map(|(at, entry)| (entry.answered_ns, at, true));
    let left_early = log.iter().enumerate().filter(|(_, entry)| entry.sent_bytes < entry.bytes);
    let leaves = left_early.filter_map(|(at, entry)| Some((entry.ended_ns?, at, false)));
    let mut events: Vec<_> = joins.chain(leaves).collect();
    events.sort_unstable();
    let mut flying: Vec<Option<Transfer>> = vec![None; log.len()];
    let mut ends_ns = vec![u64::MAX; log.len()];
    for (now_ns, who, joins) in events {
        note_ends(&sharing, log, &flying, now_ns, &mut ends_ns);
        if joins {
            flying[who] = Some(sharing.join(now_ns, log[who].bytes));
        } else if let Some(transfer) = flying[who].take() {
            sharing.leave(now_ns, &transfer);
        }
    }
    note_ends(&sharing, log, &flying, u64::MAX, &mut ends_ns);
    ends_ns
}

/// The ends that lie before the next event are final.
fn note_ends(sharing: &Sharing, log: &[LogEntry], flying: &[Option<Transfer>], next_ns: u64, ends_ns: &mut [u64]) {
    for ((transfer, entry), end_ns) in flying.iter().zip(log).zip(ends_ns) {
        if let (Some(transfer), u64::MAX) = (transfer, *end_ns) {
            let when_ns = sharing.when(transfer, entry.bytes);
            *end_ns = if when_ns <= next_ns { when_ns } else { u64::MAX };
        }
    }
}

/// Instants in the log are whole nanoseconds; those of ideal sharing are rounded.
const ROUNDING_NS: u64 = 100;

#[test]
fn no_number_of_transfers_beats_the_link() {
    const BYTES: u64 = 40_000;
    let link = Link { bytes_per_s: Some(10e6), connection_bytes_per_s: None };
    let server = started(&Profile { link, ..profile(BYTES) });
    for count in [1, 8, 100] {
        let asked = Instant::now();
        at_once(&server, "/x", u64::from(count), count);
        let client_s = asked.elapsed().as_secs_f64();
        let least_s = f64::from(count) * BYTES as f64 / 10e6;
        assert!(client_s >= least_s, "{count}: {client_s} s");

        let log = log(&server, u64::from(count));
        let first_ns = log.iter().map(|entry| entry.answered_ns).min().unwrap();
        let last_ns = log.iter().filter_map(|entry| entry.ended_ns).max().unwrap();
        assert!((last_ns - first_ns) as f64 >= least_s * 1e9 - 1e3, "{count}: {} ns", last_ns - first_ns);
        for (entry, ideal_ns) in log.iter().zip(ideal_ends_ns(&log, link)) {
            let ended_ns = entry.ended_ns.unwrap();
            assert_eq!((entry.bytes, entry.sent_bytes), (BYTES, BYTES));
            assert!(ended_ns + ROUNDING_NS >= ideal_ns, "{count}: {entry:?} {ideal_ns}");
            assert!(entry.link_ns > 0 && entry.link_ns <= ended_ns - entry.answered_ns, "{entry:?}");
            let share = entry.link_share.unwrap();
            let carried = share * 10e6 * (ended_ns - entry.answered_ns) as f64 / 1e9;
            assert!((carried - BYTES as f64).abs() < 1.0, "{entry:?}");
        }
    }
}

#[test]
fn a_connection_gets_no_more_than_its_cap() {
    let link = Link { bytes_per_s: None, connection_bytes_per_s: Some(1e6) };
    let server = started(&Profile { link, ..profile(50_000) });
    at_once(&server, "/x", 1, 4);
    for entry in log(&server, 1) {
        assert!(entry.ended_ns.unwrap() - entry.answered_ns >= 50_000_000 - ROUNDING_NS, "{entry:?}");
        assert_eq!(entry.link_share, None, "nothing is shared");
    }

    let both = Link { bytes_per_s: Some(20e6), ..link };
    let server = started(&Profile { link: both, ..profile(50_000) });
    at_once(&server, "/x", 1, 4);
    let log = log(&server, 1);
    for (entry, ideal_ns) in log.iter().zip(ideal_ends_ns(&log, both)) {
        assert!(entry.ended_ns.unwrap() + ROUNDING_NS >= ideal_ns);
        assert!(entry.link_share.unwrap() <= 0.0501, "a twentieth at most: {entry:?}");
    }
}

#[test]
fn an_answer_without_a_body_needs_no_link() {
    let link = Link { bytes_per_s: Some(1000.0), connection_bytes_per_s: None };
    let server = started(&Profile { link, ..profile(1 << 40) });
    let mut client = connected(&server);
    client.send("HEAD", "/x", "1/0");
    assert_eq!(client.head().headers["content-length"], (1_u64 << 40).to_string());
    assert_eq!(client.get_as("/status/404", "1/1").status, 404);
    for entry in log(&server, 1) {
        assert_eq!((entry.bytes, entry.sent_bytes, entry.link_ns, entry.link_share), (0, 0, 0, None));
    }
}

#[test]
fn clients_that_vanish_or_never_read_leave_the_others_their_share() {
    const BYTES: u64 = 300_000;
    let link = Link { bytes_per_s: Some(2e6), connection_bytes_per_s: None };
    let routes = vec![body("/x", BYTES), body("/endless", 1 << 40)];
    let server = started(&Profile { link, routes, ..Profile::default() });
    let mut never_reading = connected(&server);
    never_reading.send("GET", "/endless", "1/0");
    // Answered and then left, in the middle of the body.
    let mut vanishing: Vec<Client> = (1..=9).map(|_| connected(&server)).collect();
    for (client, index) in vanishing.iter_mut().zip(1..) {
        client.send("GET", "/x", &format!("1/{index}"));
    }
    vanishing.iter_mut().for_each(|client| drop(client.head()));
    drop(vanishing);
    assert_eq!(connected(&server).get_as("/x", "1/10").body.len(), BYTES as usize);

    let log = server.take_log(1).unwrap();
    assert_eq!(log.len(), 11);
    let ideal_ns = ideal_ends_ns(&log, link);
    for (entry, ideal_ns) in log.iter().zip(ideal_ns) {
        match entry.index.unwrap() {
            0 => assert_eq!(entry.ended_ns, None, "it never ends"),
            10 => {
                assert!(entry.ended_ns.unwrap() + ROUNDING_NS >= ideal_ns, "{entry:?} {ideal_ns}");
                // With the one that never reads it is half of the link. It would be a tenth if nobody had left.
                assert!((0.2..=0.51).contains(&entry.link_share.unwrap()), "{entry:?}");
            }
            _ => assert!(entry.ended_ns.is_some() && entry.sent_bytes < BYTES, "{entry:?}"),
        }
    }
}

#[test]
fn a_drip_takes_its_time() {
    let rule = FaultRule { drip_s: Some(0.1), ..FaultRule::always(Fault::Drip) };
    let server = started(&faulty(2_000, rule));
    assert_eq!(connected(&server).get_as("/x", "1/0").body.len(), 2_000);
    let entry = &log(&server, 1)[0];
    assert_eq!((entry.fault, entry.sent_bytes), (Some(Fault::Drip), 2_000));
    assert!(entry.ended_ns.unwrap() - entry.answered_ns >= 100_000_000 - ROUNDING_NS, "{entry:?}");
    assert!(entry.link_ns > 0);
}

#[test]
fn a_reset_is_seen_as_one() {
    let server = started(&faulty(10, FaultRule { indexes: Some(vec![1]), ..FaultRule::always(Fault::Reset) }));
    let mut client = connected(&server);
    assert_eq!(client.get_as("/x", "1/0").status, 200);
    client.send("GET", "/x", "1/1");
    let error = client.0.fill_buf().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(connected(&server).get_as("/x", "1/2").status, 200, "others are served");
    let said: Vec<_> =
        log(&server, 1).iter().map(|entry| (entry.index, entry.status, entry.bytes, entry.fault)).collect();
    assert_eq!(said, [(Some(0), 200, 10, None), (Some(1), 0, 0, Some(Fault::Reset)), (Some(2), 200, 10, None)]);
}

#[test]
fn a_body_breaks_off_by_reset_or_in_order() {
    const BYTES: usize = 20_001;
    for (fault, link) in [
        (Fault::ResetInBody, Link::default()),
        (Fault::Truncate, Link::default()),
        (Fault::Truncate, Link { bytes_per_s: Some(10e6), connection_bytes_per_s: None }),
    ] {
        let server = started(&Profile { link, ..faulty(BYTES as u64, FaultRule::always(fault)) });
        let mut client = connected(&server);
        client.send("GET", "/x", "1/0");
        assert_eq!(client.head().headers["content-length"], BYTES.to_string());
        let (read, end) = client.rest();
        match fault {
            Fault::Truncate => assert!(end.is_ok() && read == BYTES / 2, "{read} {end:?}"),
            _ => assert!(end.unwrap_err().kind() == ErrorKind::ConnectionReset && read <= BYTES / 2, "{read}"),
        }
        let entry = &log(&server, 1)[0];
        assert_eq!((entry.bytes, entry.sent_bytes), (BYTES as u64, BYTES as u64 / 2));
        assert_eq!((entry.status, entry.fault), (200, Some(fault)));
    }
}

#[test]
fn errors_and_stalls_are_answers() {
    let rules = vec![
        FaultRule { status: Some(502), path: Some("/bad/*".into()), ..FaultRule::always(Fault::Error) },
        FaultRule { stall_s: Some(0.02), path: Some("/x".into()), ..FaultRule::always(Fault::Stall) },
    ];
    let routes = vec![body("/bad/*", 9), body("/x", 9), body("/good", 9)];
    let server = started(&Profile { routes, faults: rules, time_scale: 2.0, ..Profile::default() });
    let mut client = connected(&server);
    let mut ask = |path, tag| {
        let reply = client.get_as(path, tag);
        (reply.status, reply.body.len())
    };
    assert_eq!([ask("/bad/1", "1/0"), ask("/x", "1/1"), ask("/good", "1/2")], [(502, 0), (200, 9), (200, 9)]);
    let said: Vec<_> = log(&server, 1).iter().map(|entry| (entry.fault, entry.latency_ns)).collect();
    assert_eq!(said, [(Some(Fault::Error), 0), (Some(Fault::Stall), 10_000_000), (None, 0)]);
}

#[test]
fn within_a_round_everybody_draws_the_same() {
    let spread = Some(Spread { shape: LatencyShape::Lognormal, cv: 0.95 });
    let routes = vec![Route { latency_s: 0.001, spread, ..Route::at("/x") }];
    let faults = vec![FaultRule { probability: Some(0.3), ..FaultRule::always(Fault::Error) }];
    let server = started(&Profile { seed: 3, routes, faults, ..Profile::default() });
    let drawn = |run: u64| {
        let mut client = connected(&server);
        for index in 0..40 {
            client.get_as("/x", &format!("{run}/{index}"));
        }
        log(&server, run).iter().map(|entry| (entry.latency_ns, entry.status)).collect::<Vec<_>>()
    };
    let round_5 = drawn(0x1_0005);
    assert_eq!(round_5, drawn(0x2_0005), "another run of the same round");
    assert!(round_5 != drawn(0x1_0006), "another round");
    let broken = round_5.iter().filter(|(_, status)| *status == 500).count();
    assert!((1..30).contains(&broken), "{broken} of 40, each with a probability of 0.3");
    assert!(round_5.windows(2).all(|pair| pair[0].0 != pair[1].0), "each its own latency");
}

#[test]
fn requests_beyond_the_limit_are_refused() {
    let limits = Limits { requests: Some(Limit { most: 1, beyond: Beyond::Refuse }), ..Limits::default() };
    let link = Link { bytes_per_s: Some(1e6), connection_bytes_per_s: None };
    let server = started(&Profile { limits, link, ..profile(1 << 40) });
    let mut busy = connected(&server);
    busy.send("GET", "/x", "1/0");
    busy.head();
    // The first is in service as long as its body is under way.
    let reply = connected(&server).get_as("/unknown", "1/1");
    assert_eq!((reply.status, reply.headers["retry-after"].as_str()), (503, "1"));
    assert_eq!(reply.headers["makespan-retry-after-ns"], "1000000000");
    drop(busy);
    // Its place is free once the server has seen that it is gone.
    while connected(&server).get_as("/unknown", "2/0").status == 503 {}
    assert_eq!(server.take_log(1).unwrap()[1].status, 503);
}

#[test]
fn requests_beyond_the_limit_wait_their_turn() {
    let limits = Limits { requests: Some(Limit { most: 2, beyond: Beyond::Queue }), ..Limits::default() };
    let routes = vec![Route { latency_s: 0.01, ..Route::at("/x") }];
    let server = started(&Profile { limits, routes, ..Profile::default() });
    at_once(&server, "/x", 1, 8);
    let log = log(&server, 1);
    let in_service = |entry: &LogEntry| (entry.arrived_ns + entry.queued_ns, entry.ended_ns.unwrap());
    for (start_ns, end_ns) in log.iter().map(in_service) {
        assert!(end_ns - start_ns >= 10_000_000);
        let together = log.iter().map(in_service).filter(|(from, to)| (*from..*to).contains(&start_ns)).count();
        assert!(together <= 2, "{together} at once: {log:?}");
    }
    let queued: u64 = log.iter().map(|entry| entry.queued_ns).sum();
    for entry in &log {
        let explained_ns = entry.queued_ns + entry.latency_ns + entry.lateness_ns();
        assert_eq!(entry.arrived_ns + explained_ns, entry.answered_ns, "queueing is no lateness");
    }
    // They came together or not; if all eight did, six waited.
    let first_ns = log.iter().map(|entry| entry.answered_ns).min().unwrap();
    let early = log.iter().filter(|entry| entry.arrived_ns < first_ns).count();
    assert!(early <= 2 || queued > 0, "{log:?}");
}

#[test]
fn a_client_that_gives_up_while_queueing_frees_its_place() {
    let limits = Limits { requests: Some(Limit { most: 1, beyond: Beyond::Queue }), ..Limits::default() };
    let routes = vec![Route { latency_s: 1.0, ..Route::at("/slow") }, Route::at("/fast")];
    let server = started(&Profile { limits, routes, ..Profile::default() });
    let (mut first, mut second, mut third) = (connected(&server), connected(&server), connected(&server));
    first.send("GET", "/slow", "1/0");
    second.send("GET", "/slow", "1/1");
    // The server reads in the order of arrival: once this is answered, both are queued.
    connected(&server).get("/-/health", &[]);
    drop(second);
    assert_eq!(third.get_as("/fast", "1/2").status, 200);
    first.head();
    let mut log: Vec<_> =
        server.take_log(1).unwrap().iter().map(|entry| (entry.index, entry.status, entry.gave_up)).collect();
    log.sort_unstable();
    assert_eq!(
        log,
        [(Some(0), 200, false), (Some(1), 0, true), (Some(2), 200, false)],
        "the second was never in service"
    );
}

#[test]
fn a_queue_with_an_end_refuses_what_finds_no_place_in_it() {
    let limits =
        Limits { requests: Some(Limit { most: 1, beyond: Beyond::Queue }), waiting: Some(1), ..Limits::default() };
    let routes = vec![Route { latency_s: 1.0, ..Route::at("/slow") }];
    let server = started(&Profile { limits, routes, ..Profile::default() });
    let (mut first, mut second) = (connected(&server), connected(&server));
    first.send("GET", "/slow", "1/0");
    second.send("GET", "/slow", "1/1");
    // Once this is answered, the first is in service, and the second waits.
    connected(&server).get("/-/health", &[]);
    let reply = connected(&server).get_as("/slow", "1/2");
    assert_eq!((reply.status, reply.headers["retry-after"].as_str()), (503, "1"));
    // A place in the queue is free as soon as its client gives up.
    drop(second);
    connected(&server).get("/-/health", &[]);
    let mut third = connected(&server);
    while third.get_as("/slow", "1/3").status == 503 {}
    first.head();
    let log = server.take_log(1).unwrap();
    let answered: Vec<_> = log.iter().filter(|entry| entry.status == 200).map(|entry| entry.index).collect();
    assert_eq!(answered, [Some(0), Some(3)]);
}

#[test]
fn when_to_come_again_is_scaled() {
    for (time_scale, whole_s, exact_ns) in [(20.0, "1", "50000000"), (0.1, "10", "10000000000")] {
        let limits = Limits { requests: Some(Limit { most: 1, beyond: Beyond::Refuse }), ..Limits::default() };
        let link = Link { bytes_per_s: Some(1e6), connection_bytes_per_s: None };
        let server = started(&Profile { limits, link, time_scale, ..profile(1 << 40) });
        let mut busy = connected(&server);
        busy.send("GET", "/x", "1/0");
        busy.head();
        let reply = connected(&server).get_as("/unknown", "1/1");
        assert_eq!((reply.status, reply.headers["retry-after"].as_str()), (503, whole_s));
        assert_eq!(reply.headers["makespan-retry-after-ns"], exact_ns);
    }
}

#[test]
fn beyond_the_rate_there_is_a_429_that_says_when_to_come_again() {
    let limits = Limits { rate: Some(Rate { per_s: 0.01, burst: 2 }), ..Limits::default() };
    let server = started(&Profile { limits, time_scale: 2.0, ..profile(5) });
    let mut client = connected(&server);
    let statuses = [0, 1, 2].map(|index| client.get_as("/x", &format!("1/{index}")).status);
    assert_eq!(statuses, [200, 200, 429]);
    let reply = client.get_as("/x", "1/3");
    // A token each 50 s after scaling.
    let wait_s: u64 = reply.headers["retry-after"].parse().unwrap();
    assert!(reply.status == 429 && (1..=50).contains(&wait_s), "{reply:?}");
    assert_eq!(log(&server, 1).last().unwrap().latency_ns, 0);
}

#[test]
fn connections_beyond_the_limit_are_closed_or_wait() {
    let limited = |beyond| {
        let limits = Limits { connections: Some(Limit { most: 1, beyond }), idle_s: Some(60.0), ..Limits::default() };
        started(&Profile { limits, ..profile(5) })
    };
    let server = limited(Beyond::Refuse);
    let mut held = connected(&server);
    held.get_as("/x", "1/0");
    let (read, end) = connected(&server).rest();
    assert!(read == 0 && end.is_ok(), "closed at once, in order: {end:?}");
    assert_eq!(held.get_as("/x", "1/1").status, 200);

    let server = limited(Beyond::Queue);
    let mut held = connected(&server);
    held.get_as("/x", "1/0");
    let (gives_up, mut waits) = (connected(&server), connected(&server));
    waits.send("GET", "/x", "1/1");
    drop(gives_up);
    held.get_as("/x", "1/2");
    drop(held);
    assert_eq!(waits.head().status, 200);
    drop(waits);
    let log = log(&server, 1);
    assert_eq!(log.iter().map(|entry| entry.index.unwrap()).collect::<Vec<_>>(), [0, 2, 1]);
    assert!(log[2].queued_ns > 0 && log[0].queued_ns == 0 && log[1].queued_ns == 0, "{log:?}");
}

/// Two clients that keep their connections alive share one place, because none of them holds it while it is idle.
#[test]
fn an_idle_connection_gives_its_place_to_one_that_waits() {
    let limits = Limits { connections: Some(Limit { most: 1, beyond: Beyond::Queue }), ..Limits::default() };
    let routes = vec![Route { latency_s: 0.02, ..Route::at("/x") }];
    let server = started(&Profile { limits, routes, ..Profile::default() });
    let (mut one, mut other) = (connected(&server), connected(&server));
    for index in 0..6 {
        one.send("GET", "/x", &format!("1/{}", 2 * index));
        other.send("GET", "/x", &format!("1/{}", 2 * index + 1));
        one.head();
        other.head();
    }
    let mut log = log(&server, 1);
    log.sort_unstable_by_key(|entry| entry.arrived_ns + entry.queued_ns);
    assert_eq!(log.len(), 12);
    for pair in log.windows(2) {
        assert!(pair[0].ended_ns.unwrap() <= pair[1].arrived_ns + pair[1].queued_ns, "one at a time: {pair:?}");
    }
}

#[test]
fn a_connection_is_closed_when_it_was_idle_for_as_long_as_the_profile_says() {
    let limits =
        Limits { connections: Some(Limit { most: 1, beyond: Beyond::Queue }), idle_s: Some(10.0), ..Limits::default() };
    let server = started(&Profile { limits, time_scale: 10.0, ..profile(5) });
    let (mut idle, mut waits) = (connected(&server), connected(&server));
    idle.get_as("/x", "1/0");
    waits.get_as("/x", "1/1");
    assert!(matches!(idle.rest(), (0, Ok(()))), "closed in order");
    let log = log(&server, 1);
    assert!(log[1].queued_ns > 0, "the wait for the place is told: {log:?}");
}

#[test]
fn a_client_that_never_reads_is_cut_off() {
    let limits =
        Limits { requests: Some(Limit { most: 1, beyond: Beyond::Queue }), idle_s: Some(0.2), ..Limits::default() };
    let server = started(&Profile { limits, ..profile(1 << 40) });
    let mut never_reads = connected(&server);
    never_reads.send("GET", "/x", "1/0");
    never_reads.head();
    // The other is let in when the place of the first is free.
    assert_eq!(connected(&server).get_as("/bytes/5", "1/1").body.len(), 5);
    let entry = &log(&server, 1)[0];
    assert!(entry.sent_bytes < entry.bytes, "{entry:?}");
    assert_eq!(never_reads.rest().1.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn one_at_a_time_passes_the_serial_section() {
    let routes = vec![Route { latency_s: 0.001, ..Route::at("/x") }];
    let server = started(&Profile { serial_s: 0.005, routes, ..Profile::default() });
    at_once(&server, "/x", 1, 10);
    let mut log = log(&server, 1);
    log.sort_unstable_by_key(|entry| entry.arrived_ns + entry.queued_ns);
    for pair in log.windows(2) {
        let [before_ns, after_ns] = [0, 1].map(|at| pair[at].arrived_ns + pair[at].queued_ns);
        assert!(after_ns - before_ns >= 5_000_000, "{pair:?}");
    }
    assert!(log.iter().all(|entry| entry.queued_ns >= 5_000_000 && entry.latency_ns == 1_000_000), "{log:?}");
}

#[test]
fn connecting_takes_its_time_once() {
    let server = started(&Profile { connect_delay_s: 0.01, ..profile(5) });
    let mut client = connected(&server);
    for index in 0..3 {
        client.get_as("/x", &format!("1/{index}"));
    }
    let latencies: Vec<u64> = log(&server, 1).iter().map(|entry| entry.latency_ns).collect();
    assert_eq!(latencies, [10_000_000, 0, 0]);
}

#[test]
fn without_keep_alive_each_answer_closes_its_connection() {
    let server = started(&Profile { keep_alive: false, ..profile(5) });
    let mut client = connected(&server);
    let reply = client.get_as("/x", "1/0");
    assert_eq!(reply.headers["connection"], "close");
    assert!(matches!(client.rest(), (0, Ok(()))));
}
