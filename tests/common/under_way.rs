//! Processes that a test starts and goes on beside.

use super::{
    left_behind::{MARK, marked},
    program_under_test, wait_until,
};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use std::{
    io::Read,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
};

/// A process that doesn't outlive its test, not even one that fails.
pub struct Guarded(pub Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        // It has mostly ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program under way in a directory, in a process group of its own, as a shell would start it.
pub struct UnderWay {
    child: Guarded,
    pub mark: String,
}

impl UnderWay {
    pub fn start(dir: &Path, arguments: &[&str]) -> Self {
        let mark = dir.display().to_string();
        let mut command = Command::new(program_under_test());
        command.args(arguments).current_dir(dir).env(MARK, &mark).process_group(0);
        command.env_remove("MAKESPAN_QUEUE").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { child: Guarded(command.spawn().expect("the program starts")), mark }
    }

    pub fn id(&self) -> u32 {
        self.child.0.id()
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.0.try_wait().expect("a child of ours").is_some()
    }

    /// Sends the signal to it and to its children, as a terminal does.
    pub fn signal_all(&self, signal: Signal) {
        killpg(Pid::from_raw(self.id().cast_signed()), signal).expect("it runs");
    }

    /// Waits for its end, and that of everything it started. What it said on standard output and on standard error.
    pub fn end(mut self) -> (ExitStatus, String, String) {
        let (mut said, mut words) = (String::new(), String::new());
        // Its children hold no end of these pipes for longer than they live, so this ends only when all have.
        self.child.0.stdout.take().expect("it is a pipe").read_to_string(&mut said).expect("text");
        self.child.0.stderr.take().expect("it is a pipe").read_to_string(&mut words).expect("text");
        let status = self.child.0.wait().expect("a child of ours");
        wait_until("no process is left", || marked(&self.mark).is_empty());
        (status, said, words)
    }
}
