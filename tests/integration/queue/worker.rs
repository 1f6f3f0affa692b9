//! `makespan worker` as a user starts it, on a queue in a file: what it says, what it does, and how it leaves.

use common::{PATIENCE, left_behind, program::text, program_under_test, under_way::Guarded, wait_until};
use makespan::{
    queue::{
        address::Address,
        broker::{BEAT, Broker, Peer, Role},
        job::{BUILD, Job, Message},
        job_spec::Errand,
    },
    task::prime_sum::{Method, PrimeSum},
};
use nix::sys::signal::Signal;
use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{ChildStdout, Command, Output, Stdio},
    time::Duration,
};
use tempfile::TempDir;

fn worker(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program_under_test());
    command.current_dir(dir).env_remove("MAKESPAN_QUEUE").args(["worker", "--data", "data"]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn refused(arguments: &[&str], code: i32) -> String {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let Output { status, stdout, stderr } = worker(dir.path(), arguments).output().expect("it starts");
    let words = text(&stderr);
    assert_eq!(status.code(), Some(code), "{arguments:?}: {words}");
    assert!(stdout.is_empty() && !words.contains("panicked"), "{words}");
    words
}

/// A worker that listens on `sqlite:jobs.db`.
struct Listening {
    child: Guarded,
    stdout: BufReader<ChildStdout>,
    first_line: String,
}

impl Listening {
    fn start(dir: &Path, arguments: &[&str]) -> Self {
        let mut child = worker(dir, &[&["--queue", "sqlite:jobs.db"], arguments].concat()).spawn().expect("it starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut first_line = String::new();
        stdout.read_line(&mut first_line).expect("a line");
        Self { child: Guarded(child), stdout, first_line }
    }

    fn send(&self, signal: Signal) {
        left_behind::send(signal, self.child.0.id());
    }

    /// Its exit code, and what it says on standard error.
    fn end(mut self) -> (Option<i32>, String) {
        let status = self.child.0.wait().expect("it ends");
        let (mut more, mut words) = (String::new(), String::new());
        self.stdout.read_to_string(&mut more).expect("UTF-8");
        self.child.0.stderr.take().expect("a pipe").read_to_string(&mut words).expect("UTF-8");
        assert_eq!(more, "", "the first line is all there is on standard output");
        (status.code(), words)
    }
}

fn place() -> (TempDir, Box<dyn Broker>) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let broker = Address::Sqlite(dir.path().join("jobs.db")).broker("makespan");
    (dir, broker)
}

fn enqueue(broker: &mut dyn Broker, limit: Duration, ranges: &[(u64, u64)]) {
    let deadline_ns = broker.now_ns().expect("a file") + limit.as_nanos() as u64;
    let job = |(&(from, below), index)| Job {
        run: 1,
        index,
        deadline_ns,
        due_ns: None,
        server: None,
        errand: Errand::PrimeSum(PrimeSum { from, below, by: Method::TrialDivision }),
    };
    let jobs: Vec<Job> = ranges.iter().zip(0..).map(job).collect();
    broker.enqueue("replies", &jobs).expect("a file");
}

/// What was delivered, by index; waits for so many.
fn delivered(broker: &mut dyn Broker, count: usize) -> Vec<(u32, bool)> {
    let mut all = Vec::new();
    wait_until("the answers", || {
        let messages = broker.messages("replies", BEAT).expect("a file");
        all.extend(messages.into_iter().map(|message| match message {
            Message::Delivered(one) => (one.done.index, one.done.result.is_ok()),
            Message::Redelivered { .. } => panic!("nobody was lost"),
        }));
        all.len() >= count
    });
    all.sort_unstable();
    all
}

#[test]
fn it_does_jobs_and_leaves_when_it_is_told_to() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let (dir, mut broker) = place();
        let listening = Listening::start(dir.path(), &["--concurrency", "2"]);
        let first = &listening.first_line;
        assert!(first.starts_with("listening on queue `makespan` at sqlite:"), "{first}");
        assert!(first.contains(&format!(":{} (2 jobs at once)", listening.child.0.id())), "{first}");
        let workers = broker.present().expect("a file");
        assert!(workers.iter().all(|one| one.build == BUILD && one.role == Role::Worker), "{workers:?}");
        assert_eq!(workers.len(), 2, "both are there when the first line is");
        enqueue(broker.as_mut(), PATIENCE, &[(0, 10), (10, 20), (20, 30)]);
        assert_eq!(delivered(broker.as_mut(), 3), [(0, true), (1, true), (2, true)]);
        listening.send(signal);
        let (code, words) = listening.end();
        assert_eq!(code, Some(0), "{words}");
        assert!(words.contains("left queue `makespan`: 3 jobs done"), "{words}");
        assert_eq!(broker.present().expect("a file"), [], "it took its leave");
        let left = std::fs::read_dir(dir.path().join("data/outputs")).expect("it was made").count();
        assert_eq!(left, 0, "its directory for outputs is gone");
    }
}

#[test]
fn the_job_in_hand_is_finished_first_and_a_second_signal_does_not_wait() {
    let (dir, mut broker) = place();
    let endless = (1 << 40, u64::MAX);
    let listening = Listening::start(dir.path(), &["--concurrency", "1"]);
    enqueue(broker.as_mut(), Duration::from_secs(3), &[endless]);
    // One beat later it has been taken.
    std::thread::sleep(2 * BEAT);
    listening.send(Signal::SIGINT);
    let (code, words) = listening.end();
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains("finishing the current jobs") && words.contains("1 job done"), "{words}");
    assert_eq!(delivered(broker.as_mut(), 1), [(0, false)], "its deadline ended it, and that was delivered");

    let listening = Listening::start(dir.path(), &["--concurrency", "1"]);
    enqueue(broker.as_mut(), PATIENCE, &[endless]);
    std::thread::sleep(2 * BEAT);
    listening.send(Signal::SIGINT);
    // Two of the same kind at once count as one.
    std::thread::sleep(BEAT);
    listening.send(Signal::SIGINT);
    assert_eq!(listening.end().0, Some(130));
}

#[test]
fn a_run_of_another_build_is_refused_with_both_builds() {
    let (dir, mut broker) = place();
    let run = Peer { id: "host:1:run".into(), role: Role::Run, build: "0.0.0+other".into(), host: "host".into() };
    broker.beat(&run, &[]).expect("a file");
    let mut child = worker(dir.path(), &["--queue", "sqlite:jobs.db"]).spawn().expect("it starts");
    wait_until("it refuses", || {
        broker.beat(&run, &[]).expect("a file");
        child.try_wait().expect("ours").is_some()
    });
    let output = child.wait_with_output().expect("it has ended");
    let words = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("0.0.0+other") && words.contains(BUILD), "{words}");
    assert!(output.stdout.is_empty());
}

#[test]
fn what_can_not_be_used_is_refused_without_its_password() {
    assert!(refused(&[], 2).contains("--queue redis://HOST:PORT/DB"));
    for arguments in [
        &["redis://:secret@host/0"][..],
        &["--queue", "redis://:secret@host/zero"],
        &["--queue", "redis://:secret@ho st/0"],
        &["--queue=http://:secret@host/0"],
        &["--que=redis://:secret@host/0"],
        &["--server", "redis://:secret@host/0"],
    ] {
        let words = refused(arguments, 2);
        assert!(!words.contains("secret"), "{words}");
    }
    for server in ["https://host:1", "http://host:1/path", "http://me@host:1", "host:1", ""] {
        assert!(
            refused(&["--queue", "sqlite:jobs.db", "--server", server], 2).contains("http://HOST:PORT"),
            "{server}"
        );
    }
    assert!(refused(&["--queue", "sqlite:jobs.db", "--concurrency", "0"], 2).contains("1..=1024"));
}

#[test]
fn a_queue_that_is_not_there_is_an_error_at_once() {
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it is bound");
    let words = refused(&["--queue", &format!("redis://:secret@{free}/0")], 1);
    assert!(words.contains("can't be reached") && !words.contains("secret"), "{words}");
}
