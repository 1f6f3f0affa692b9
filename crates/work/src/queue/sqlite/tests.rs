//! Tests of what is specific to SQLite. `tests/broker.rs` tests what every queue promises.

use super::*;
use crate::queue::job_spec::Errand;
use measure::axis::ClockAxis;
use std::{
    env, fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::Barrier,
    thread,
};
use tempfile::TempDir;

/// A folder, and the file in it that is a queue once it is used.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.sqlite");
    (folder, file)
}

fn job(index: u32) -> Job {
    Job { run: 1, index, deadline_ns: u64::MAX, due_ns: None, server: None, errand: Errand::Noop }
}

fn take_all(broker: &mut Sqlite) -> Vec<u32> {
    std::iter::from_fn(|| broker.take("w", None, Duration::ZERO).unwrap()).map(|taken| taken.job.index).collect()
}

fn error(at: &Path) -> QueueError {
    let mut broker = Sqlite::new(at, "q");
    let first = broker.now_ns().unwrap_err();
    assert_eq!(broker.enqueue("r", &[job(0)]).unwrap_err(), first, "it stays what it is");
    first
}

fn sql_at(file: &Path, sql: &str) {
    Connection::open(file).unwrap().execute_batch(sql).unwrap();
}

/// This test binary once more, as another process that works on the queue there.
fn another_process(part: &str, file: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "queue::sqlite::tests::another_process_does", "--ignored", "--nocapture"])
        .envs([("QUEUE_PART", part.as_ref()), ("QUEUE_FILE", file.as_os_str())])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "it is what the other processes of these tests do"]
fn another_process_does() {
    let (Ok(part), Some(file)) = (env::var("QUEUE_PART"), env::var_os("QUEUE_FILE")) else { return };
    let mut broker = Sqlite::new(Path::new(&file), "q");
    if part == "enqueue" {
        return broker.enqueue("r", &[job(0)]).unwrap();
    }
    let killed = broker.attempt(|queue| {
        queue.write(|| {
            queue.enqueue("r", &[job(7)])?;
            queue.change("UPDATE jobs SET owner = 'nobody', lease_ns = ?", [i64::MAX])?;
            println!("\nin the middle");
            loop {
                thread::park();
            }
        })
    });
    let () = killed.unwrap();
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let (_folder, file) = place();
    let text = "Not a database, and long enough for one: ".repeat(50);
    fs::write(&file, &text).unwrap();
    let error = error(&file);
    assert!(matches!(&error, QueueError::Foreign { what, .. } if what.contains("not a SQLite database")), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn another_programs_database_is_left_alone() {
    let (_folder, file) = place();
    sql_at(&file, "CREATE TABLE songs (title)");
    let before = fs::read(&file).unwrap();
    let error = error(&file);
    assert!(matches!(&error, QueueError::Foreign { what, .. } if what.contains("songs")), "{error}");
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn a_database_marked_by_another_program_is_left_alone() {
    let (_folder, file) = place();
    sql_at(&file, "PRAGMA application_id = 5");
    assert!(matches!(error(&file), QueueError::Foreign { .. }));
}

#[test]
fn another_layout_is_refused() {
    let (_folder, file) = place();
    Sqlite::new(&file, "q").now_ns().unwrap();
    sql_at(&file, "PRAGMA user_version = 99");
    let error = error(&file);
    assert!(matches!(&error, QueueError::Refused { cause, .. } if cause.contains("layout is 99")), "{error}");
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    let (folder, _) = place();
    let error = error(&folder.path().join("missing/queue.sqlite"));
    let told = error.to_string();
    assert!(matches!(error, QueueError::Unreachable { .. }), "{told}");
    assert!(told.contains("missing must be there") && told.starts_with("the queue at sqlite:/"), "{told}");
}

#[test]
fn an_empty_file_becomes_a_queue() {
    let (_folder, file) = place();
    fs::write(&file, "").unwrap();
    let mut broker = Sqlite::new(&file, "q");
    broker.enqueue("r", &[job(3)]).unwrap();
    assert_eq!(take_all(&mut broker), [3]);
}

#[test]
fn a_deleted_file_is_made_anew() {
    let (_folder, file) = place();
    let mut broker = Sqlite::new(&file, "q");
    broker.enqueue("r", &[job(1)]).unwrap();
    fs::remove_file(&file).unwrap();
    Sqlite::new(&file, "q").enqueue("r", &[job(2)]).unwrap();
    thread::sleep(BEAT);
    assert_eq!(take_all(&mut broker), [2], "the file of that name is another");
}

#[test]
fn a_job_that_can_not_be_read_is_told_once() {
    let (_folder, file) = place();
    let mut broker = Sqlite::new(&file, "q");
    broker.enqueue("r", &[job(1), job(2)]).unwrap();
    sql_at(&file, "UPDATE jobs SET body = x'ff' WHERE id = 1");
    let error = broker.take("w", None, Duration::ZERO).unwrap_err();
    assert!(matches!(&error, QueueError::Foreign { what, .. } if what.contains("job 1")), "{error}");
    assert_eq!(take_all(&mut broker), [2]);
}

#[test]
fn the_time_before_a_restart_is_forgotten() {
    let (_folder, file) = place();
    let mut broker = Sqlite::new(&file, "q");
    broker.enqueue("r", &[job(1)]).unwrap();
    let earlier =
        serde_json::to_string(&ClockAxis { boot: Some("an earlier one".into()), ..ClockAxis::here() }).unwrap();
    sql_at(&file, &format!("UPDATE clock SET axis = '{earlier}'"));
    assert_eq!(take_all(&mut Sqlite::new(&file, "q")), [0; 0]);
    broker.enqueue("r", &[job(2)]).unwrap();
    assert_eq!(take_all(&mut Sqlite::new(&file, "q")), [2]);
}

#[test]
fn another_machines_file_is_refused() {
    let (_folder, file) = place();
    Sqlite::new(&file, "q").now_ns().unwrap();
    let theirs = serde_json::to_string(&ClockAxis { host: "elsewhere".into(), ..ClockAxis::here() }).unwrap();
    sql_at(&file, &format!("UPDATE clock SET axis = '{theirs}'"));
    let error = error(&file);
    assert!(matches!(&error, QueueError::Refused { cause, .. } if cause.contains("elsewhere")), "{error}");
}

#[test]
fn what_killed_runs_left_is_forgotten() {
    let (_folder, file) = place();
    let mut broker = Sqlite::new(&file, "q");
    let over = Job { deadline_ns: 1, ..job(1) };
    broker.enqueue("r", &[over, job(2)]).unwrap();
    let left = |file| -> i64 {
        let count = "SELECT count(*) FROM jobs";
        Connection::open(file).unwrap().query_row(count, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(left(&file), 2);
    Sqlite::new(&file, "q").now_ns().unwrap();
    assert_eq!(left(&file), 1);
}

#[test]
fn connections_that_come_at_once_make_one_queue() {
    const MANY: u32 = 6;
    for _ in 0..10 {
        let (_folder, file) = place();
        let start = Barrier::new(MANY as usize);
        thread::scope(|scope| {
            for index in 0..MANY {
                let (file, start) = (&file, &start);
                scope.spawn(move || {
                    start.wait();
                    Sqlite::new(file, "q").enqueue("r", &[job(index)]).unwrap();
                });
            }
        });
        let mut taken = take_all(&mut Sqlite::new(&file, "q"));
        taken.sort_unstable();
        assert_eq!(taken, (0..MANY).collect::<Vec<_>>());
    }
}

#[test]
fn processes_that_come_at_once_make_one_queue() {
    let (_folder, file) = place();
    let processes: Vec<Child> = (0..6).map(|_| another_process("enqueue", &file)).collect();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    assert_eq!(take_all(&mut Sqlite::new(&file, "q")).len(), 6);
}

#[test]
fn a_process_killed_in_a_transaction_takes_nothing_along() {
    let (_folder, file) = place();
    let mut broker = Sqlite::new(&file, "q");
    broker.enqueue("r", &[job(1), job(2)]).unwrap();
    let mut killed = another_process("stay", &file);
    let said = BufReader::new(killed.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(said.into_iter().any(|line| line == "in the middle"));
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(take_all(&mut broker), [1, 2]);
}
