//! The limit of open files: sockets and pipes count as such, and the usual 1024 is soon reached.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises this process's limit to the system's maximum, and returns the resulting limit.
pub fn raise_limit() -> u64 {
    let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return 0 };
    // If refused, the limit stays, and an open beyond it gets the system's own error.
    let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft)
}
