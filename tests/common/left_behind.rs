//! What is left of a run: threads and processes, as Linux shows them under `/proc`.

use crate::wait_until;
use nix::{sys::signal::Signal, unistd::Pid};
use std::{
    fs,
    path::PathBuf,
    process,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The variable that marks the processes of one test, also those whose parent is gone.
pub const MARK: &str = "MAKESPAN_TEST_MARK";

/// Tests of one file run side by side in one process. Those that look at its children take turns.
pub fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The children of this process, zombies included, oldest first.
pub fn children() -> Vec<u32> {
    let own = process::id().to_string();
    let mut children: Vec<u32> =
        processes().filter(|&pid| stat(pid).is_some_and(|(_, parent)| parent == own)).collect();
    children.sort_unstable();
    children
}

/// The children of another process, oldest first.
pub fn children_of(parent: u32) -> Vec<u32> {
    let mut children: Vec<u32> = processes().filter(|&pid| self::parent(pid) == Some(parent)).collect();
    children.sort_unstable();
    children
}

/// Those of them that have ended, but were not reaped.
pub fn zombies() -> Vec<u32> {
    children().into_iter().filter(|&pid| stat(pid).is_some_and(|(state, _)| state == "Z")).collect()
}

/// The threads of this process.
pub fn threads() -> usize {
    fs::read_dir("/proc/self/task").expect("this is Linux").count()
}

/// Every process with this mark in its environment.
pub fn marked(mark: &str) -> Vec<u32> {
    with(&format!("{MARK}={mark}"))
}

/// Every process with this in its environment: `NAME=VALUE`.
pub fn with(entry: &str) -> Vec<u32> {
    let is_ours = |pid: &u32| {
        let environment = fs::read(file(*pid, "environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|one| one == entry.as_bytes())
    };
    processes().filter(is_ours).collect()
}

/// Those of them whose first argument is this.
pub fn marked_as(mark: &str, argument: &str) -> Vec<u32> {
    marked(mark).into_iter().filter(|&pid| argument_of(pid) == argument).collect()
}

/// Its first argument.
pub fn argument_of(pid: u32) -> String {
    command_line(pid).split('\0').nth(1).unwrap_or_default().to_owned()
}

/// Its arguments, each ended by a zero byte.
pub fn command_line(pid: u32) -> String {
    String::from_utf8_lossy(&fs::read(file(pid, "cmdline")).unwrap_or_default()).into_owned()
}

/// Sends the signal. A process that is to stop has stopped when this returns: until its threads have noticed the signal, it
/// may still do what the test does next.
pub fn send(signal: Signal, pid: u32) {
    nix::sys::signal::kill(Pid::from_raw(pid.cast_signed()), signal).expect("the process is there");
    if signal == Signal::SIGSTOP {
        wait_until("the process has stopped", || {
            thread_states(pid).iter().all(|state| matches!(state.as_str(), "T" | "Z" | "X"))
        });
    }
}

/// The states of a process's threads.
fn thread_states(pid: u32) -> Vec<String> {
    let tasks = fs::read_dir(file(pid, "task")).into_iter().flatten().flatten();
    let states = tasks.filter_map(|task| fs::read_to_string(task.path().join("stat")).ok());
    states.filter_map(|text| Some(text.rsplit_once(')')?.1.split_whitespace().next()?.to_owned())).collect()
}

/// The same to a process that may be gone by now.
pub fn try_to_send(signal: Signal, pid: u32) {
    let _ = nix::sys::signal::kill(Pid::from_raw(pid.cast_signed()), signal);
}

/// Whether it is there, and no zombie.
pub fn is_alive(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != "Z" && state != "X")
}

/// Its parent.
pub fn parent(pid: u32) -> Option<u32> {
    stat(pid)?.1.parse().ok()
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").expect("this is Linux").flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn file(pid: u32, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{name}"))
}

/// State and parent: what follows the program's name, which ends in the last bracket.
fn stat(pid: u32) -> Option<(String, String)> {
    let text = fs::read_to_string(file(pid, "stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned);
    Some((fields.next()?, fields.next()?))
}
