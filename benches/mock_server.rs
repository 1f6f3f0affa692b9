//! The mock server's precision and throughput: shows that a figure measures the strategy and not the server.
//!
//! Server and client are separate processes. The server's own lateness is shown next to what the client saw; the
//! difference is sockets, scheduler and client. Targets are shown with the figures. Not a Criterion benchmark, because
//! what matters here is the distribution of latencies under a given load.

#[path = "mock_server/client.rs"]
mod client;
mod common;

use client::{Connection, Flow};
use common::asked::{Asked, Mode};
use indicatif::ProgressBar;
use makespan::{
    measure::{
        clock::{between, now_ns},
        cpu::CpuTime,
        open_files,
    },
    mock_server::{
        process::ServerProcess,
        profile::{Body, Link, Profile, Route},
    },
};
use std::{io, process::ExitCode, rc::Rc, time::Duration};
use tokio::task::spawn_local;

const LATENCIES: [Duration; 2] = [Duration::from_millis(15), Duration::from_millis(30)];

/// A table, whose rows are each measured for a given time.
struct Section {
    name: &'static str,
    rows: u64,
    measure: fn(Duration, &ProgressBar) -> io::Result<()>,
}

const SECTIONS: [Section; 3] = [
    Section { name: "mock_server/latency", rows: 8, measure: latency },
    Section { name: "mock_server/throughput", rows: 3, measure: throughput },
    Section { name: "mock_server/link", rows: 6, measure: link },
];

fn main() -> ExitCode {
    let asked = Asked::of_this_process();
    let sections = asked.choose(SECTIONS, |section| section.name.into());
    if sections.is_empty() {
        return ExitCode::SUCCESS;
    }
    open_files::raise_limit();
    let span = Duration::from_millis(match asked.mode {
        Mode::Test => 20,
        Mode::Quick => 200,
        _ => 1000,
    });
    let progress = common::progress(sections.iter().map(|section| section.rows).sum());
    let mut failures = Vec::new();
    for Section { name, measure, .. } in sections {
        progress.set_message(name);
        if let Err(error) = measure(span, &progress) {
            failures.push(format!("{name}: {error}"));
        }
    }
    progress.finish_and_clear();
    common::conclude(&failures)
}

/// Prints a line above the progress line.
fn say(progress: &ProgressBar, line: &str) {
    progress.suspend(|| println!("{line}"));
}

fn say_row(progress: &ProgressBar, row: &str) {
    say(progress, row);
    progress.inc(1);
}

fn serving(profile: &Profile) -> io::Result<ServerProcess> {
    ServerProcess::start(&common::env().program, profile).map_err(io::Error::other)
}

fn addr(server: &ServerProcess) -> &str {
    server.origin().trim_start_matches("http://")
}

/// The time added to the requested latency.
fn latency(span: Duration, progress: &ProgressBar) -> io::Result<()> {
    say(progress, "Added to the requested latency, ms; targets are for the median");
    say(progress, &format!("{:52}{:>26}{:>28}", "", "seen by the client", "the server's own"));
    say(
        progress,
        &format!(
            "{:32}{:>10}{:>10}{:>8}{:>8}{:>10}{:>10}{:>8}{:>10}",
            "load", "latency", "in flight", "p50", "p99", "target", "p50", "p99", "target"
        ),
    );
    for asked in LATENCIES {
        let server = serving(&Profile {
            routes: vec![Route { latency_s: asked.as_secs_f64(), ..Route::at("/wait") }],
            ..Profile::default()
        })?;
        let (addr, wait) = (addr(&server), client::request("/wait"));
        let turns = (span.div_duration_f64(asked) as u32).max(2);
        let row = |load: &str, flow: &Flow, aims| say_row(progress, &latency_row(load, asked, flow, aims));

        row("idle: sequential", &client::one_after_another(addr, &wait, turns)?, (Some(0.25), None));
        for (in_flight, aims) in [(100, (Some(0.2), None)), (1000, (None, Some(0.5)))] {
            // Half as many connections in addition, for late answers.
            let connections = in_flight * 3 / 2;
            let flow = client::open_loop(addr, &wait, connections, in_flight * turns, |_| asked / in_flight)?;
            row(&format!("{in_flight} in flight, evenly spread"), &flow, aims);
        }
        // Far enough apart that one burst is over before the next.
        let gap = |number| if number % 100 == 0 { 3 * asked } else { Duration::ZERO };
        row("bursts of 100 at once", &client::open_loop(addr, &wait, 100, 100 * turns.div_ceil(3), gap)?, (None, None));
    }
    say(progress, "");
    Ok(())
}

fn latency_row(load: &str, asked: Duration, flow: &Flow, aims: (Option<f64>, Option<f64>)) -> String {
    let asked_ns = asked.as_nanos() as u64;
    let added = Spread::of(flow.exchanges.iter().map(|one| one.took_ns.saturating_sub(asked_ns) as f64 / 1e6));
    let late = Spread::of(flow.exchanges.iter().map(|one| one.lateness_ns as f64 / 1e6));
    let aim = |most: Option<f64>| most.map_or_else(String::new, |most| format!("<= {most}"));
    format!(
        "{load:32}{:>7} ms{:>10.1}{:>8.3}{:>8.3}{:>10}{:>10.3}{:>8.3}{:>10}",
        asked.as_millis(),
        flow.in_flight,
        added.at(0.5),
        added.at(0.99),
        aim(aims.0),
        late.at(0.5),
        late.at(0.99),
        aim(aims.1)
    )
}

/// An empty route at full speed. Server and client are busy at the same time, so each needs a core; the server's
/// processor time per request says how fast it would be with a faster client.
fn throughput(span: Duration, progress: &ProgressBar) -> io::Result<()> {
    const CONNECTIONS: usize = 64;
    let server = serving(&Profile { routes: vec![Route::at("/empty")], ..Profile::default() })?;
    say(
        progress,
        &format!("An empty route over {CONNECTIONS} connections with keep-alive, one request at a time on each"),
    );
    say(
        progress,
        &format!("{:>12}{:>14}{:>22}{:>22}", "requests/s", "target", "client, us/request", "server, us/request"),
    );
    for _ in 0..3 {
        let (client_before, server_before) = (CpuTime::of_this_process(), cpu_s(&server));
        let start_ns = now_ns();
        let answers = client::runtime()?.block_on(as_fast_as_it_goes(addr(&server), CONNECTIONS, start_ns, span))?;
        let took_s = between(start_ns, now_ns()).as_secs_f64();
        let each_us = |cpu_s: f64| cpu_s * 1e6 / answers as f64;
        let client_us = each_us((CpuTime::of_this_process() - client_before).total_s());
        let server_us = server_before.zip(cpu_s(&server)).map(|(before, after)| each_us(after - before));
        let server_us = server_us.map_or_else(|| "not measured".into(), |us| format!("{us:.1}"));
        let rate = answers as f64 / took_s;
        say_row(progress, &format!("{rate:>12.0}{:>14}{client_us:>22.1}{server_us:>22}", ">= 100000"));
    }
    say(progress, "");
    Ok(())
}

async fn as_fast_as_it_goes(addr: &str, connections: usize, start_ns: u64, span: Duration) -> io::Result<u64> {
    let empty = client::request("/empty");
    let mut loops = Vec::new();
    for _ in 0..connections {
        let (mut connection, empty) = (Connection::open(addr)?, Rc::clone(&empty));
        loops.push(spawn_local(async move {
            let mut answers = 0;
            while between(start_ns, now_ns()) < span {
                connection.exchange(&empty).await?;
                answers += 1;
            }
            Ok::<u64, io::Error>(answers)
        }));
    }
    let mut answers = 0;
    for one in loops {
        answers += one.await??;
    }
    Ok(answers)
}

/// The processor time of a server so far, seconds, if the system tells other processes.
#[cfg(target_os = "linux")]
fn cpu_s(server: &ServerProcess) -> Option<f64> {
    use nix::{
        time::{clock_getcpuclockid, clock_gettime},
        unistd::Pid,
    };
    let pid = Pid::from_raw(server.pid().try_into().ok()?);
    Some(Duration::from(clock_gettime(clock_getcpuclockid(pid).ok()?).ok()?).as_secs_f64())
}

#[cfg(not(target_os = "linux"))]
fn cpu_s(_: &ServerProcess) -> Option<f64> {
    None
}

/// Bodies over a shared link: they can't arrive before the link has carried all of them, and should arrive soon after.
fn link(span: Duration, progress: &ProgressBar) -> io::Result<()> {
    const BODY: u64 = 225_000;
    say(
        progress,
        &format!("Bodies of {} kB over a shared link: total time, relative to bytes / bandwidth", BODY / 1000),
    );
    say(
        progress,
        &format!(
            "{:>10}{:>12}{:>12}{:>8}{:>10}{:>10}{:>10}{:>18}",
            "MB/s", "transfers", "ideal, ms", "runs", "min", "p50", "max", "target"
        ),
    );
    for bytes_per_s in [5.3e6, 50e6] {
        let server = serving(&Profile {
            routes: vec![Route { body: Body::Bytes(BODY), ..Route::at("/body") }],
            link: Link { bytes_per_s: Some(bytes_per_s), ..Link::default() },
            ..Profile::default()
        })?;
        for transfers in [1, 8, 100] {
            let ideal_s = f64::from(transfers) * BODY as f64 / bytes_per_s;
            let times = (span.as_secs_f64() / ideal_s).clamp(1.0, 20.0) as u32;
            let once = |_| client::runtime()?.block_on(all_at_once(addr(&server), transfers, BODY));
            let taken_s: Vec<f64> = (0..times).map(once).collect::<io::Result<_>>()?;
            let ratio = Spread::of(taken_s.into_iter().map(|taken_s| taken_s / ideal_s));
            let row = format!(
                "{:>10}{transfers:>12}{:>12.1}{times:>8}{:>10.4}{:>10.4}{:>10.4}{:>18}",
                bytes_per_s / 1e6,
                ideal_s * 1e3,
                ratio.at(0.0),
                ratio.at(0.5),
                ratio.at(1.0),
                // 2 % plus 0.25 ms.
                format!("1 to {:.4}", 1.02 + 0.25e-3 / ideal_s)
            );
            say_row(progress, &row);
        }
    }
    say(progress, "");
    Ok(())
}

/// Seconds from the first request until the last byte of the last body.
async fn all_at_once(addr: &str, transfers: u32, length: u64) -> io::Result<f64> {
    let body = client::request("/body");
    let connections: Vec<Connection> = (0..transfers).map(|_| Connection::open(addr)).collect::<io::Result<_>>()?;
    let start_ns = now_ns();
    let download = |mut connection: Connection| {
        let body = Rc::clone(&body);
        spawn_local(async move { connection.download(&body, length).await })
    };
    for one in connections.into_iter().map(download).collect::<Vec<_>>() {
        one.await??;
    }
    Ok(between(start_ns, now_ns()).as_secs_f64())
}

/// Sorted figures.
struct Spread(Vec<f64>);

impl Spread {
    fn of(figures: impl Iterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.collect();
        figures.sort_by(f64::total_cmp);
        Self(figures)
    }

    /// The figure that this share of them doesn't exceed: 0 is the minimum, 1 the maximum.
    fn at(&self, part: f64) -> f64 {
        self.0[((self.0.len() - 1) as f64 * part).round() as usize]
    }
}
