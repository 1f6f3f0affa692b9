//! Fifteen downloads, fifteen names, one picture.

use super::{
    Exhibit, ExhibitError, SideShown, Sides, figures,
    props::{AMPLE, BUG, RIGHT, Site, count, run},
};
use mock_server::{
    log::LogEntry,
    profile::{Body, Route},
};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};
use work::{
    strategy::{Env, threads::Threads},
    task::Task,
    worker::lane::Done,
};

const PICTURES: u32 = 15;

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "fast_because_wrong",
    title: "fifteen fast downloads, all of the same picture",
    document: "Its download function takes the URL as url, makes the file's name from that, and fetches img_url: a \
               variable left over from the loop of the previous script. Fifteen names, one picture. Nothing fails, and the time \
               is printed as a success.",
    here: "Fifteen threads fetch from the mock server as printed: the name from the argument, the bytes from the \
           global. Then the pictures are compared by length and checksum.",
    right_way: "The function uses its argument. In Rust a task is a value that owns its URL, so there is no leftover \
                variable that it could use.",
    lesson: "A time says nothing about the work done in it. Check the answers first: a wrong answer has no time, which \
             is why makespan compares every run with the expected bytes before it shows a figure.",
    python: None,
    run: exhibit,
};

fn exhibit(env: &Env) -> Result<Sides, ExhibitError> {
    let site = Site::open(env, vec![Route { latency_s: 0.005, body: Body::Bytes(30_000), ..Route::at("/photos/*") }])?;
    let urls: Vec<String> = (1..=PICTURES).map(|number| format!("/photos/{number}")).collect();
    // What the sequential loop before left behind.
    let img_url = format!("/photos/{PICTURES}");
    let as_published = |_url: &String| site.fetch(&img_url);
    let right_way = |url: &String| site.fetch(url);
    let download = |run_number, tasks: Vec<Task>| {
        let start = Instant::now();
        let done = run(&Threads, PICTURES, env, run_number, &tasks, AMPLE)?;
        let took = start.elapsed();
        Ok::<_, ExhibitError>(Album::of(&done, &site.requests(run_number)?, took))
    };
    let bug = download(BUG, urls.iter().map(as_published).collect())?;
    let right = download(RIGHT, urls.iter().map(right_way).collect())?;
    Ok(Sides {
        bug: bug.finding(bug.all_came() && bug.distinct == 1 && bug.addresses == 1),
        right: right.finding(right.all_came() && right.distinct == u64::from(PICTURES)),
    })
}

/// What was downloaded.
struct Album {
    /// Downloads that succeeded, one for each name.
    came: u64,
    /// Different pictures among them, by length and checksum.
    distinct: u64,
    /// Different URLs that the server was asked for.
    addresses: u64,
    took: Duration,
}

impl Album {
    fn of(done: &[Done], requests: &[LogEntry], took: Duration) -> Self {
        let good = || done.iter().filter_map(|done| done.result.as_ref().ok()).filter(|output| output.amount > 0);
        Self {
            came: good().count() as u64,
            distinct: good().map(|output| (output.amount, output.checksum)).collect::<BTreeSet<_>>().len() as u64,
            addresses: requests.iter().map(|request| &request.path).collect::<BTreeSet<_>>().len() as u64,
            took,
        }
    }

    fn all_came(&self) -> bool {
        self.came == u64::from(PICTURES)
    }

    fn finding(&self, holds: bool) -> SideShown {
        SideShown {
            holds,
            verdict: format!(
                "{} of {PICTURES} downloads succeeded in {} ms, with {}; the server was asked for {}",
                self.came,
                self.took.as_millis(),
                count(self.distinct, "different picture"),
                count(self.addresses, "different URL"),
            ),
            figures: figures([
                ("came", self.came),
                ("distinct", self.distinct),
                ("addresses", self.addresses),
                ("took_us", self.took.as_micros() as u64),
            ]),
        }
    }
}
