//! The lifeline: a child process ends when its parent does, however the parent ends.
//!
//! A parent killed with SIGKILL can tell nobody. But the kernel closes its pipes, and a child that holds the other end
//! notices. The job pipe itself serves: a thread polls standard input for the hang-up only, so the kernel never wakes
//! it for data. (`PR_SET_PDEATHSIG` would be the obvious tool, and is wrong here: it fires when the *thread* that
//! started the child ends.)

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::{io, os::fd::AsFd, thread::Builder};

/// Starts the thread that ends this process as soon as the writing end of standard input is closed. An error if the
/// system refuses the thread.
pub fn exit_when_stdin_closes() -> io::Result<()> {
    let watch = || {
        let stdin = io::stdin();
        loop {
            let mut hang_up = [PollFd::new(stdin.as_fd(), PollFlags::empty())];
            match poll(&mut hang_up, PollTimeout::NONE) {
                Ok(_) | Err(nix::errno::Errno::EINTR) => {}
                // Without a lifeline it is safer to exit.
                Err(_) => std::process::exit(1),
            }
            if hang_up[0].any().unwrap_or(false) || hang_up[0].revents().is_some_and(|seen| !seen.is_empty()) {
                std::process::exit(0);
            }
        }
    };
    let refused = |error| io::Error::other(format!("could not start the thread that watches the parent: {error}"));
    Builder::new().name("lifeline".into()).spawn(watch).map(drop).map_err(refused)
}
