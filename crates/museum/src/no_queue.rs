//! Thirty jobs, five workers and no queue: each worker does all of them.

use super::{
    Exhibit, ExhibitError, SideShown, Sides, figures,
    props::{AMPLE, BUG, RIGHT, Site, crew, run},
};
use mock_server::{log::LogEntry, profile::Route};
use std::{collections::BTreeMap, iter::repeat_n};
use work::{
    strategy::{Env, threads::Threads},
    task::Task,
    worker::{lane::Lane, stop::Stop},
};

const JOBS: u32 = 30;
const WORKERS: u32 = 5;

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "no_queue",
    title: "five workers without a queue do all the work five times",
    document: "Explains queues by what happens without one: all workers take the same jobs, and the work is done as \
               many times as there are workers. It says so without running it.",
    here: "Five threads get a list of 30 URLs, and each fetches all of them. The server's log counts, not the threads.",
    right_way: "The URLs are in one task queue. Taking one removes it, so no two workers can get the same one.",
    lesson: "Starting workers does not divide the work. The queue that hands it out does, and it must give each job to \
             exactly one worker.",
    python: None,
    run: exhibit,
};

fn exhibit(env: &Env) -> Result<Sides, ExhibitError> {
    let site = Site::open(env, vec![Route { latency_s: 0.001, ..Route::at("/page") }])?;
    let tasks: Vec<Task> = repeat_n(site.fetch("/page"), JOBS as usize).collect();
    let everything = |worker| {
        let mut lane = Lane::new(worker, BUG, Stop::after(AMPLE));
        for (index, task) in (0..).zip(&tasks) {
            // Results are ignored: the evidence is the server's log.
            let _ = lane.run(index, task);
        }
    };
    crew(WORKERS, everything, || ())?;
    let bug = counted(&site.requests(BUG)?, WORKERS);
    run(&Threads, WORKERS, env, RIGHT, &tasks, AMPLE)?;
    let right = counted(&site.requests(RIGHT)?, 1);
    Ok(Sides { bug, right })
}

/// Checks that each job was done `times` times.
fn counted(requests: &[LogEntry], times: u32) -> SideShown {
    let mut done: BTreeMap<u32, u64> = (0..JOBS).map(|index| (index, 0)).collect();
    requests.iter().filter_map(|request| request.index).for_each(|index| *done.entry(index).or_default() += 1);
    let (least, most) = (done.values().min().copied().unwrap_or(0), done.values().max().copied().unwrap_or(0));
    let how_often = match (least, most) {
        (1, 1) => "once".into(),
        (least, most) if least == most => format!("{least} times"),
        (least, most) => format!("{least} to {most} times"),
    };
    SideShown {
        holds: done.len() == JOBS as usize && least == u64::from(times) && most == least,
        verdict: format!(
            "the server counted {} requests for {JOBS} jobs: each job was done {how_often}",
            requests.len()
        ),
        figures: figures([
            ("jobs", JOBS.into()),
            ("requests", requests.len() as u64),
            ("times_each_at_least", least),
            ("times_each_at_most", most),
        ]),
    }
}
