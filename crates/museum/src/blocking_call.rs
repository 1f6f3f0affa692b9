//! Five downloads in an event loop, and one of them at a time.

use super::{
    Exhibit, ExhibitError, SideShown, Sides, figures,
    props::{AMPLE, BUG, RIGHT, Site, run},
};
use mock_server::{log::LogEntry, profile::Route};
use work::strategy::{Env, r#async::Async};

const DOWNLOADS: u32 = 5;

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "blocking_call",
    title: "five coroutines that download one at a time",
    document: "Its coroutine awaits each answer, and then writes it to a file with calls that block. While such a call \
               runs, it occupies the event loop's only thread, and no other download makes progress.",
    here: "Five downloads in one event loop call a client that blocks. Each answer takes 20 ms, and the server's log says \
           how many were in flight at once.",
    right_way: "An async client: its calls are awaited, and each await yields the thread to the other coroutines. Calls \
                that must block run on a separate thread, as in the strategy async_offload.",
    lesson: "async alone makes nothing concurrent. Other coroutines run only during an await, so one blocking call in \
             one coroutine stops all of them.",
    python: Some("blocking_call_in_coroutine"),
    run: exhibit,
};

fn exhibit(env: &Env) -> Result<Sides, ExhibitError> {
    let site = Site::open(env, vec![Route { latency_s: 0.15, ..Route::at("/*") }])?;
    let download = |run_number, blocking| {
        let tasks: Vec<_> = (0..DOWNLOADS).map(|_| site.fetch_in_loop("/", blocking)).collect();
        let done = run(&Async, DOWNLOADS, env, run_number, &tasks, AMPLE)?;
        let came = done.iter().filter(|done| done.result.is_ok()).count() as u64;
        Ok::<_, ExhibitError>((came, most_in_flight(&site.requests(run_number)?)))
    };
    let finding = |(came, most), expected: u64| SideShown {
        holds: (came, most) == (u64::from(DOWNLOADS), expected),
        verdict: format!("{came} of {DOWNLOADS} downloads succeeded, at most {most} in flight at once"),
        figures: figures([("came", came), ("most_in_flight", most)]),
    };
    Ok(Sides { bug: finding(download(BUG, true)?, 1), right: finding(download(RIGHT, false)?, DOWNLOADS.into()) })
}

/// The most requests that the server had and had not answered yet.
fn most_in_flight(requests: &[LogEntry]) -> u64 {
    let at = |time: u64| requests.iter().filter(|one| (one.arrived_ns..one.answered_ns).contains(&time)).count();
    requests.iter().map(|request| at(request.arrived_ns)).max().unwrap_or(0) as u64
}
