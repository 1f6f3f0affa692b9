//! The limit of open files: sockets and pipes count as such, and the usual 1024 is soon reached.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises this process's limit to what the system lets it have, and says how many files may then be open.
pub fn raise_limit() -> u64 {
    let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return 0 };
    // Where it is refused, the limit stays, and whoever meets it gets the system's own error.
    let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft)
}
