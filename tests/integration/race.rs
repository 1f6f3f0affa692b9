//! A race in the terminal, from outside: in a real pseudo-terminal, and where there is none.

use common::{
    FEW_PRIMES,
    left_behind::{MARK, marked, send},
    program::{ended, place, success},
    program_under_test, scenario, wait_until,
};
use nix::{
    pty::{OpenptyResult, Winsize, openpty},
    sys::{
        signal::Signal,
        termios::{Termios, tcgetattr},
    },
};
use std::{
    fs::{self, File},
    io::{Read, Write},
    os::fd::OwnedFd,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};
use tempfile::TempDir;

const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";
const SHOW_CURSOR: &str = "\x1b[?25h";

/// So many rounds of waits that it has to be stopped.
const ENDLESS: [&str; 8] =
    ["latency_only", "--strategy", "processes", "--workers", "2", "--rounds", "1000", "--time-scale=3"];

/// Both ends of a terminal. Copies, because those are not inherited by the processes that are started: a terminal of which one
/// of them held the other end could not be closed.
fn pseudo_terminal() -> (OwnedFd, OwnedFd) {
    let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    let OpenptyResult { master, slave } = openpty(&size, None).expect("a pseudo-terminal");
    (master.try_clone().expect("another handle"), slave.try_clone().expect("another handle"))
}

/// `makespan race` in a terminal of its own.
struct Terminal {
    master: OwnedFd,
    slave: OwnedFd,
    before: Termios,
    child: Child,
    shown: Arc<Mutex<Vec<u8>>>,
    /// Raised when nobody is to read what is shown any more.
    gone: Arc<AtomicBool>,
    mark: String,
    _data: TempDir,
}

impl Terminal {
    fn race(mark: &str, arguments: &[&str]) -> Self {
        Self::race_in(tempfile::tempdir().expect("a temporary directory"), mark, arguments)
    }

    fn race_in(data: TempDir, mark: &str, arguments: &[&str]) -> Self {
        let (master, slave) = pseudo_terminal();
        let before = tcgetattr(&slave).expect("its settings");
        let end = || Stdio::from(slave.try_clone().expect("another handle"));
        let mark = format!("race-{mark}-{}", std::process::id());
        let child = Command::new(program_under_test())
            .arg("race")
            .args(arguments)
            .arg("--data")
            .arg(data.path())
            .current_dir(data.path())
            .env(MARK, &mark)
            .env("TERM", "xterm")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("the program starts");
        let (shown, mut reader) = (Arc::default(), File::from(master.try_clone().expect("another handle")));
        let screen: Arc<Mutex<Vec<u8>>> = Arc::clone(&shown);
        let gone = Arc::new(AtomicBool::new(false));
        let is_gone = Arc::clone(&gone);
        thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(length @ 1..) = reader.read(&mut some)
                && !is_gone.load(Relaxed)
            {
                screen.lock().expect("nobody panicked with it").extend_from_slice(&some[..length]);
            }
        });
        Self { master, slave, before, child, shown, gone, mark, _data: data }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().expect("nobody panicked with it")).into_owned()
    }

    fn await_shown(&self, text: &str) {
        wait_until(&format!("{text} is shown"), || self.shown().contains(text));
    }

    /// Waits until lanes fill: the first round has begun.
    fn await_lanes(&self) {
        self.await_shown("round");
        self.await_shown("─");
    }

    fn press(&self, keys: &[u8]) {
        File::from(self.master.try_clone().expect("another handle")).write_all(keys).expect("it takes keys");
    }

    /// Waits for its end, and holds that everything is as it was before. Returns what was shown after the screen was left.
    fn left(&mut self) -> (ExitStatus, String) {
        let status = end_of(&mut self.child, &self.mark);
        // What it wrote last may still be on its way through the terminal.
        let end = "END OF THE TEST";
        File::from(self.slave.try_clone().expect("another handle"))
            .write_all(end.as_bytes())
            .expect("it shows what is written");
        self.await_shown(end);
        let shown = self.shown();
        assert_eq!((shown.matches(ENTER).count(), shown.matches(LEAVE).count()), (1, 1), "{shown:?}");
        let (on_screen, after) = shown.split_once(LEAVE).expect("it is in it");
        assert!(on_screen.starts_with(ENTER), "{on_screen:?}");
        assert!(after.contains(SHOW_CURSOR), "{after:?}");
        assert!(tcgetattr(&self.slave).expect("its settings") == self.before, "keys come as they came before");
        let after = after.replace(SHOW_CURSOR, "").replace("\r\n", "\n");
        assert!(!after.contains('\x1b'), "{after:?}");
        (status, after.trim_end_matches(end).to_owned())
    }

    /// The child process that measures.
    fn run(&self) -> u32 {
        common::left_behind::marked_as(&self.mark, "run")[0]
    }
}

/// Waits for the end of a race, and of everything that it started.
fn end_of(race: &mut Child, mark: &str) -> ExitStatus {
    wait_until("the race ends", || race.try_wait().expect("it is ours").is_some());
    wait_until("nothing is left behind", || marked(mark).is_empty());
    race.wait().expect("it has ended")
}

fn waits(dir: &Path) -> String {
    let text = r#"
workload.fetch = { tasks = 6, paths = ["/wait"] }
server.routes = [{ path = "/wait", latency_s = 0.1 }]
cells = [{ strategies = ["threads"], workers = [3] }]
"#;
    scenario(dir, "waits", text).display().to_string()
}

#[test]
fn a_race_is_drawn_to_its_end_and_its_table_remains() {
    let data = tempfile::tempdir().unwrap();
    let path = waits(data.path());
    let mut terminal = Terminal::race_in(data, "whole", &[&path, "--rounds", "2"]);
    terminal.await_shown("q: leave");
    assert!(terminal.child.try_wait().unwrap().is_none(), "it stays until a key is pressed");
    terminal.press(b"q");
    let (status, after) = terminal.left();
    assert_eq!(status.code(), Some(0), "{after}");
    let shown = terminal.shown();
    for seen in ["sequential", "Does it work?", "flight", "waits for the server", "q, Esc, Ctrl-C", "─", "●"] {
        assert!(shown.contains(seen), "no {seen:?} in {shown:?}");
    }
    // On a busy machine two rounds may not show that three threads are faster.
    let answered = ["\nFastest", "The highest: threads", "The closest: threads"].iter().any(|how| after.contains(how));
    assert!(after.contains("median") && answered, "{after}");
}

#[test]
fn keys_and_signals_stop_it_and_leave_nothing_behind() {
    type Stop<'a> = (&'a str, &'a dyn Fn(&Terminal));
    let ways: [Stop; 5] = [
        ("q", &|race| race.press(b"q")),
        ("escape", &|race| race.press(b"\x1b")),
        ("control-c", &|race| race.press(b"\x03")),
        ("interrupt", &|race| send(Signal::SIGINT, race.child.id())),
        ("terminate", &|race| send(Signal::SIGTERM, race.child.id())),
    ];
    for (name, stop) in ways {
        let mut race = Terminal::race(name, &ENDLESS);
        race.await_lanes();
        assert!(marked(&race.mark).len() >= 3, "the race, the run and its server at least");
        stop(&race);
        let (status, after) = race.left();
        assert_eq!(status.code(), Some(130), "{name}: {after}");
        assert!(after.contains("median") && after.contains("interrupted"), "{name}: {after}");
    }
}

#[test]
fn a_run_that_dies_is_an_error_on_the_screen_that_stays() {
    let mut race = Terminal::race("killed", &ENDLESS);
    race.await_lanes();
    send(Signal::SIGKILL, race.run());
    let (status, after) = race.left();
    assert_eq!(status.code(), Some(1), "{after}");
    assert!(after.contains("makespan: the run was killed"), "{after}");
}

#[test]
fn a_terminal_that_is_gone_ends_the_race() {
    let mut race = Terminal::race("gone", &ENDLESS);
    race.await_lanes();
    // Somebody closes the window. The program notices when it writes the next picture.
    race.gone.store(true, Relaxed);
    drop((race.master, race.slave));
    assert_eq!(end_of(&mut race.child, &race.mark).code(), Some(1));
}

#[test]
fn a_terminal_that_nobody_reads_does_not_keep_it_from_ending() {
    let mut race = Terminal::race("unread", &ENDLESS);
    race.await_lanes();
    // The window stays, and whatever shows it stands still: soon a picture is stuck on its way.
    race.gone.store(true, Relaxed);
    thread::sleep(Duration::from_secs(1));
    send(Signal::SIGTERM, race.child.id());
    assert_eq!(end_of(&mut race.child, &race.mark).code(), Some(130));
}

/// Runs it without a terminal. Beside `tiny.toml` there is `wrong.toml`, which expects an error that never comes.
fn piped(arguments: &[&str], code: i32) -> (String, String) {
    let data = place();
    let wrong = format!("{FEW_PRIMES}\n[[expected]]\nindexes = [1]\nerror = \"connect\"\n");
    scenario(data.path(), "wrong", &wrong);
    ended(data.path(), &[&["race", "--data", "data"], arguments].concat(), code)
}

#[test]
fn without_a_terminal_there_is_the_table_and_no_escape_codes() {
    let (said, words) = piped(&["tiny.toml"], 0);
    assert!(!said.contains('\x1b') && !words.contains('\x1b'), "{said:?} {words:?}");
    // The sweep's strategies; the table and the verdict of `makespan run`.
    let strategies = said.lines().filter(|line| line.starts_with(" threads ") || line.starts_with(" processes "));
    assert_eq!(strategies.count(), 3, "threads in the tables of times, resources and latencies: {said}");
    assert!(said.contains("3 of 3 rounds") && said.contains("median"), "{said}");
    assert!(
        ["\nFastest", "The highest: threads", "The closest: threads"].iter().any(|how| said.contains(how)),
        "{said}"
    );
}

#[test]
fn a_dumb_terminal_is_no_screen() {
    let (master, slave) = pseudo_terminal();
    let data = tempfile::tempdir().unwrap();
    let path = scenario(data.path(), "tiny", FEW_PRIMES);
    let end = || Stdio::from(slave.try_clone().unwrap());
    let status = Command::new(program_under_test())
        .args(["race", "--rounds", "1", "--data"])
        .args([data.path(), &path])
        .env("TERM", "dumb")
        .stdin(end())
        .stdout(end())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
    let mut some = [0; 16_384];
    let length = File::from(master).read(&mut some).unwrap();
    let said = String::from_utf8_lossy(&some[..length]);
    assert!(said.contains("median") && !said.contains('\x1b'), "{said:?}");
}

#[test]
fn what_there_is_not_is_said_before_any_screen_and_what_fails_in_the_end() {
    for (arguments, says) in [
        (vec!["latency_onyl"], "did you mean `latency_only`?"),
        (vec!["tiny.toml", "--strategy", "thread"], "did you mean `threads`?"),
        (vec!["tiny.toml", "--variant", "defualt"], "did you mean `default`?"),
        (vec!["tiny.toml", "--workers", "3x5"], "expected a whole number for `threads`"),
        (vec!["tiny.toml", "--workers", "two"], "two"),
        (vec!["tiny.toml", "--rounds", "0"], "1..=1000"),
    ] {
        let (said, words) = piped(&arguments, 2);
        assert!(said.is_empty() && words.contains(says), "{arguments:?}: {said}{words}");
    }
    // In a terminal, too.
    let mut race = Terminal::race("typo", &["latency_onyl"]);
    end_of(&mut race.child, &race.mark);
    race.await_shown("did you mean");
    assert!(!race.shown().contains('\x1b'), "{:?}", race.shown());
}

#[test]
fn a_cell_that_fails_its_check_is_exit_code_1_and_a_line_below_the_table() {
    let (said, words) = piped(&["wrong.toml", "--rounds", "1"], 1);
    assert!(said.contains("FAILED: threads x 2"), "{said} {words}");
}

#[test]
fn what_is_raced_is_recorded_like_any_run() {
    let data = place();
    let arguments = ["race", "tiny.toml", "--strategy", "processes", "--workers", "1,2", "--rounds", "2"];
    success(data.path(), &[&arguments[..], &["--data", "data"]].concat());
    let records: Vec<_> = fs::read_dir(data.path().join("data/records")).unwrap().flatten().collect();
    assert_eq!(records.len(), 1);
    let record = makespan::results::store::read(&records[0].path()).unwrap();
    let cells: Vec<_> = record.cells.iter().map(|cell| (cell.spec.strategy.as_str(), cell.workers())).collect();
    assert_eq!(cells, [("sequential", 1), ("processes", 1), ("processes", 2)]);
    assert!(!record.command.contains("--events"), "{}", record.command);
}
