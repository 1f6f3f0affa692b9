//! A run that loses a worker says which, and has no clean time; it ends, and leaves nothing behind. `tests/kills.rs` does the
//! same at random, for longer.
#![cfg(target_os = "linux")]

use common::{
    accident::{Measured, Phase, leftovers},
    left_behind::{self, send},
    program_under_test, skipped,
};
use makespan::results::record::Check;
use nix::sys::signal::Signal;
use std::{
    os::unix::{fs::PermissionsExt, process::CommandExt},
    process::{Command, Stdio},
    thread,
};

/// Sends a signal to one of the workers in this phase, and checks that the run bears it.
fn loses_a_worker(strategy: &str, phase: Phase, signal: Signal) {
    let case = format!("{strategy}, {phase:?}, {signal}");
    let mut measured = Measured::start(strategy, None);
    let workers = measured.await_phase(phase);
    send(signal, *workers.last().unwrap_or_else(|| panic!("{case}: it was over before")));
    let (ended, _dir) = measured.end();
    assert!(ended.status.is_some(), "{case}: it hangs");
    assert!(ended.names_the_worker(strategy), "{case}: {:?} {}", ended.cell(strategy), ended.words);
    assert_eq!((ended.orphans, &ended.leftovers[..]), (0, &[][..]), "{case}");
    let sequential = ended.cell("sequential").expect("it is always measured");
    assert_eq!((sequential.check, sequential.rounds.len()), (Check::Passed, 1), "{case}: {:?}", sequential.error());
}

#[test]
fn a_run_that_loses_a_worker_has_no_clean_time() {
    thread::scope(|scope| {
        for strategy in ["processes", "hybrid", "queue"] {
            for phase in [Phase::WarmUp, Phase::Run] {
                for signal in [Signal::SIGKILL, Signal::SIGSTOP] {
                    scope.spawn(move || loses_a_worker(strategy, phase, signal));
                }
            }
        }
    });
}

#[test]
fn a_frozen_server_or_child_ends_the_cell_and_not_the_run() {
    for (what, phase) in [("child", Phase::Probe), ("server", Phase::Run)] {
        let mut measured = Measured::start("processes", None);
        assert!(!measured.await_phase(phase).is_empty());
        send(Signal::SIGSTOP, left_behind::marked_as(&measured.mark, what)[0]);
        let (ended, _dir) = measured.end();
        assert_eq!(ended.status.and_then(|status| status.code()), Some(1), "{what}: {}", ended.words);
        let cell = ended.cell("processes").expect("it is in the record");
        assert_eq!((cell.check, cell.rounds.len()), (Check::Failed, 0), "{what}: {cell:?}");
        assert_eq!((ended.orphans, ended.leftovers.len()), (0, 0), "{what}");
    }
}

#[test]
fn ctrl_c_with_a_frozen_worker_keeps_the_record_and_names_it() {
    for strategy in ["processes", "queue"] {
        let mut measured = Measured::start(strategy, None);
        let workers = measured.await_phase(Phase::Run);
        send(Signal::SIGSTOP, workers[0]);
        send(Signal::SIGINT, measured.child.id());
        let (ended, _dir) = measured.end();
        assert_eq!(ended.status.and_then(|status| status.code()), Some(130), "{strategy}: {}", ended.words);
        let cell = ended.cell(strategy).expect("the record is written");
        assert_eq!((cell.check, cell.redeliveries()), (Check::NotMeasured, None), "{strategy}: nothing was measured");
        let named = ended.words.contains("worker process 1") && ended.words.contains("so it was killed");
        assert!(named, "{strategy}: {}", ended.words);
        assert_eq!((ended.orphans, ended.leftovers.len()), (0, 0), "{strategy}");
    }
}

#[test]
fn ctrl_c_in_the_probe_leaves_nothing() {
    let mut measured = Measured::start("queue", None);
    assert!(!measured.await_phase(Phase::Probe).is_empty());
    send(Signal::SIGINT, measured.child.id());
    let (ended, _dir) = measured.end();
    assert_eq!(ended.status.and_then(|status| status.code()), Some(130), "{}", ended.words);
    assert_eq!((ended.orphans, &ended.leftovers[..]), (0, &[][..]));
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next() {
    let mut killed = Measured::start("queue", None);
    assert!(!killed.await_phase(Phase::Run).is_empty());
    send(Signal::SIGKILL, killed.child.id());
    let (ended, dir) = killed.end();
    assert_eq!((ended.orphans, ended.leftovers.len()), (0, 2), "the queue's files and the outputs: {ended:?}");
    let (ended, dir) = Measured::start_in(dir, "queue", None).end();
    assert!(ended.is_clean("queue"), "{ended:?}");
    assert!(leftovers(dir.path()).is_empty());
}

/// As another user, whom a limit on processes binds. (It binds no superuser, and counts all that a user runs.)
#[test]
fn a_refused_thread_is_an_error_and_no_panic() {
    const NOBODY: u32 = 61_997;
    const ASKED: [(&str, &str); 2] = [("threads,async_offload,processes,queue", "2"), ("hybrid", "2x2")];
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777)).expect("it is ours");
    let scenario = common::scenario(dir.path(), "few", common::FEW_PRIMES);
    let run = |most: u32, strategies: &str, workers: &str| {
        let mut command = Command::new("prlimit");
        command.arg(format!("--nproc={most}")).arg(program_under_test()).arg("run").arg(&scenario);
        command.args(["--strategy", strategies, "--workers", workers, "--rounds", "1", "--data"]);
        command.arg(dir.path().join("data")).env("TMPDIR", dir.path()).env("HOME", dir.path());
        command.current_dir(dir.path()).uid(NOBODY).gid(NOBODY).stdin(Stdio::null()).output()
    };
    if !run(1000, ASKED[1].0, ASKED[1].1).is_ok_and(|output| output.status.success()) {
        return skipped("refused threads: needs prlimit, and a superuser who becomes another");
    }
    // From none beside the program itself to enough for some strategies and not for others.
    for (most, (strategies, workers)) in (1..=12).flat_map(|most| ASKED.map(|asked| (most, asked))) {
        let output = run(most, strategies, workers).expect("it worked before");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{most}: {} {words}", output.status);
        assert!(!words.contains("panicked"), "{most}: {words}");
    }
    common::wait_until("nothing of it is left", || {
        let all = Command::new("ps").args(["-U", &NOBODY.to_string(), "-o", "pid="]).output();
        all.is_ok_and(|all| all.stdout.is_empty())
    });
}
