//! Accidents: a process of a run is killed or frozen, from outside, in a phase of the run that its feed tells.

use super::{left_behind, program_under_test};
use makespan::{
    results::record::{Check, Record},
    worker::{
        feed::{self, Announcement, FeedReader, Notice},
        lane::Activity,
    },
};
use nix::sys::signal::Signal;
use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::{NamedTempFile, TempDir};

/// Fetches that take a while, so that each phase has a middle.
const FETCHES: &str = r#"
deadline_s = 6
workload.fetch = { tasks = 9, paths = ["/wait"] }
server.routes = [{ path = "/wait", latency_s = 0.25 }]
cells = [{ strategies = ["processes"], workers = [3] }]
"#;

/// What a run may take, on a machine as busy as you like: what isn't over by then hangs.
const LONGEST: Duration = Duration::from_mins(3);

/// What a run is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The cell runs in a process of its own, to see whether its answers are right.
    Probe,
    /// The pool is being started.
    Start,
    /// The pool does a task with each worker, untimed.
    WarmUp,
    /// The clock runs.
    Run,
    /// The clock has stopped, and the pool is closed.
    Close,
}

/// A measurement of one strategy, in directories of its own.
pub struct Measured {
    pub child: Child,
    pub mark: String,
    pub dir: TempDir,
    feed: FeedReader,
    seen: Vec<Announcement>,
    _feed_file: NamedTempFile,
}

/// How it ended.
#[derive(Debug)]
pub struct Ended {
    pub status: Option<ExitStatus>,
    pub record: Option<Record>,
    pub words: String,
    /// Processes that were there two seconds after the end.
    pub orphans: usize,
    /// Scratch directories that are still there.
    pub leftovers: Vec<PathBuf>,
}

impl Measured {
    /// Starts one round of a strategy. `queue` is where its queue is, if it isn't its own.
    pub fn start(strategy: &str, queue: Option<&str>) -> Self {
        Self::start_in(tempfile::tempdir().expect("a temporary directory"), strategy, queue)
    }

    /// The same in directories that were used before.
    pub fn start_in(dir: TempDir, strategy: &str, queue: Option<&str>) -> Self {
        let scenario = super::scenario(dir.path(), "accident", FETCHES);
        let temporary = dir.path().join("tmp");
        fs::create_dir_all(&temporary).expect("a writable directory");
        let feed_file = NamedTempFile::new().expect("a temporary file");
        let feed = FeedReader::open(feed_file.path()).expect("it was just made");
        let mark = feed_file.path().display().to_string();
        let to = |name: &str| fs::File::create(dir.path().join(name)).expect("a writable directory");
        let mut command = Command::new(program_under_test());
        command.arg("run").arg(scenario).args(["--strategy", strategy, "--rounds", "1", "--json", "-"]);
        command.args(["--workers", if strategy == "hybrid" { "2x2" } else { "3" }]);
        command.args(queue.map(|queue| ["--queue", queue]).into_iter().flatten());
        command.arg("--data").arg(dir.path().join("data"));
        let child = command
            .env(left_behind::MARK, &mark)
            .env(feed::VARIABLE, feed_file.path())
            .env("TMPDIR", &temporary)
            .env_remove("MAKESPAN_QUEUE")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(to("stdout"))
            .stderr(to("stderr"))
            .spawn()
            .expect("the program starts");
        Self { child, mark, dir, feed, seen: Vec::new(), _feed_file: feed_file }
    }

    /// Waits until it is at this phase. Returns the processes that matter there: the workers, or in the probe those of the
    /// child that it runs in. None where the run is over before that was seen.
    pub fn await_phase(&mut self, phase: Phase) -> Vec<u32> {
        let (give_up, main) = (Instant::now() + LONGEST, self.child.id());
        // What was announced before the pool came is of the probe, or of another cell.
        let mut before = None;
        while Instant::now() < give_up && self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let workers = left_behind::marked_as(&self.mark, "worker-process");
            self.seen.extend(self.feed.news().expect("it is a file"));
            let is_own = |&pid: &u32| left_behind::parent(pid) == Some(main);
            let (own, of_probe): (Vec<u32>, Vec<u32>) = workers.into_iter().partition(is_own);
            if phase == Phase::Probe && !of_probe.is_empty() {
                return of_probe;
            }
            if !own.is_empty() {
                let from = *before.get_or_insert(self.seen.len());
                let has_come = |doing| self.seen[from..].iter().any(|one| one.what == doing);
                let is_there = match phase {
                    Phase::Probe => false,
                    Phase::Start => true,
                    Phase::WarmUp => has_come(Notice::Worker(Activity::Run)),
                    Phase::Run => has_come(Notice::Began),
                    Phase::Close => has_come(Notice::Ended),
                };
                if is_there {
                    return own;
                }
            }
            thread::sleep(Duration::from_millis(10));
        }
        Vec::new()
    }

    /// Waits for its end, and looks what is left. What hangs is killed, and has no status.
    pub fn end(mut self) -> (Ended, TempDir) {
        let status = self.status_within(LONGEST);
        let gone_by = Instant::now() + Duration::from_secs(10);
        while !left_behind::marked(&self.mark).is_empty() && Instant::now() < gone_by {
            thread::sleep(Duration::from_millis(10));
        }
        let orphans = left_behind::marked(&self.mark);
        orphans.iter().for_each(|&pid| left_behind::try_to_send(Signal::SIGKILL, pid));
        let text = |name: &str| fs::read_to_string(self.dir.path().join(name)).unwrap_or_default();
        let record = serde_json::from_str(&text("stdout")).ok();
        let leftovers = leftovers(self.dir.path());
        let ended = Ended { status, record, words: text("stderr"), orphans: orphans.len(), leftovers };
        (ended, self.dir)
    }

    fn status_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        let give_up = Instant::now() + limit;
        while Instant::now() < give_up {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            thread::sleep(Duration::from_millis(10));
        }
        left_behind::marked(&self.mark).into_iter().for_each(|pid| left_behind::try_to_send(Signal::SIGKILL, pid));
        let _ = self.child.wait();
        None
    }
}

/// What is in the two places where scratch directories are.
pub fn leftovers(dir: &Path) -> Vec<PathBuf> {
    let places = [dir.join("tmp"), dir.join("data/outputs")];
    let entries = places.iter().flat_map(|place| fs::read_dir(place).into_iter().flatten().flatten());
    entries.map(|entry| entry.path()).collect()
}

impl Ended {
    /// Whether the strategy's cell has a time and says nothing of a worker that was lost.
    pub fn is_clean(&self, strategy: &str) -> bool {
        self.cell(strategy).is_some_and(|cell| cell.check == Check::Passed && cell.lost_workers().next().is_none())
    }

    /// Whether the cell says which worker was lost, and has no speedup.
    pub fn names_the_worker(&self, strategy: &str) -> bool {
        self.record.as_ref().zip(self.cell(strategy)).is_some_and(|(record, cell)| {
            let named = cell.error().is_some_and(|error| error.contains("worker process"));
            let lost = cell.lost_workers().next().is_some();
            record.speedup(cell).is_none() && (named && cell.check == Check::Failed || lost)
        })
    }

    pub fn cell(&self, strategy: &str) -> Option<&makespan::results::record::CellRecord> {
        self.record.as_ref()?.cells.iter().find(|cell| cell.spec.strategy == strategy)
    }
}
