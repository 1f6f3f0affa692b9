//! Fifteen downloads, one picture, one file.

use super::{
    Exhibit, ExhibitError, SideShown, Sides, figures,
    props::{AMPLE, BUG, RIGHT, Site, count, run},
};
use mock_server::profile::{Body, Route};
use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, Instant},
};
use support::scratch::Scratch;
use work::{
    strategy::{Env, threads::Threads},
    task::Task,
};

const PICTURES: u32 = 15;

pub(super) const EXHIBIT: Exhibit = Exhibit {
    name: "fast_because_wrong",
    title: "fifteen fast downloads of one picture into one file",
    document: "Its download function takes the URL as url, and uses img_url throughout: a variable left over from the loop \
               of the previous script. So every thread fetches the last picture and writes it to the same file. Nothing \
               fails, and the time is printed as a success.",
    here: "Fifteen threads fetch from the mock server as printed: the URL and the file's name come from the global variable. \
           Then the files are counted, and the server says which URLs it was asked for.",
    right_way: "The function uses its argument. In Rust a task is a value that owns its URL, so there is no leftover \
                variable that it could use.",
    lesson: "A time says nothing about the work done in it. Check the answers first: a wrong answer has no time, which \
             is why makespan compares every run with the expected bytes before it shows a figure.",
    python: Some("loop_variable_in_thread"),
    run: exhibit,
};

fn exhibit(env: &Env) -> Result<Sides, ExhibitError> {
    let site = Site::open(env, vec![Route { latency_s: 0.005, body: Body::Bytes(30_000), ..Route::at("/photos/*") }])?;
    let urls: Vec<String> = (1..=PICTURES).map(|number| format!("/photos/{number}")).collect();
    // What the sequential loop before left behind.
    let img_url = format!("/photos/{PICTURES}");
    let as_published = |_url: &String| img_url.clone();
    let right_way = |url: &String| url.clone();
    let bug = Album::download(&site, env, BUG, urls.iter().map(as_published))?;
    let right = Album::download(&site, env, RIGHT, urls.iter().map(right_way))?;
    Ok(Sides {
        bug: bug.finding(bug.all_came() && bug.files == 1 && bug.addresses == 1),
        right: right.finding(right.all_came() && right.files == u64::from(PICTURES)),
    })
}

/// What was downloaded.
struct Album {
    /// Downloads that succeeded.
    came: u64,
    /// Files that are there afterwards.
    files: u64,
    /// Different URLs that the server was asked for.
    addresses: u64,
    took: Duration,
}

impl Album {
    /// Fetches each of these paths into a file that is named by it.
    fn download(
        site: &Site,
        env: &Env,
        run_number: u64,
        paths: impl Iterator<Item = String>,
    ) -> Result<Self, ExhibitError> {
        let folder = Scratch::new_in(&env.data)?;
        let file_of = |path: &str| folder.path().join(path.rsplit('/').next().unwrap_or_default());
        let tasks: Vec<Task> = paths.map(|path| site.fetch_into(&path, file_of(&path))).collect();
        let start = Instant::now();
        let done = run(&Threads, PICTURES, env, run_number, &tasks, AMPLE)?;
        let took = start.elapsed();
        let requests = site.requests(run_number)?;
        Ok(Self {
            came: done.iter().filter(|done| done.result.is_ok()).count() as u64,
            files: fs::read_dir(folder.path())?.flatten().filter(|file| file.path().is_file()).count() as u64,
            addresses: requests.iter().map(|request| &request.path).collect::<BTreeSet<_>>().len() as u64,
            took,
        })
    }

    /// The check that the document's program could have made.
    fn all_came(&self) -> bool {
        self.came == u64::from(PICTURES)
    }

    fn finding(&self, holds: bool) -> SideShown {
        SideShown {
            holds,
            verdict: format!(
                "{} of {PICTURES} downloads succeeded in {} ms, and left {}; the server was asked for {}",
                self.came,
                self.took.as_millis(),
                count(self.files, "file"),
                count(self.addresses, "different URL"),
            ),
            figures: figures([
                ("came", self.came),
                ("files", self.files),
                ("addresses", self.addresses),
                ("took_us", self.took.as_micros() as u64),
            ]),
        }
    }
}
