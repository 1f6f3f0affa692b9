//! A site to fetch from: the exhibit's own mock server, whose log shows which requests really reached it.

use super::AMPLE;
use mock_server::{
    log::LogEntry,
    process::{ServerError, ServerProcess},
    profile::{Profile, Route},
};
use std::{net::SocketAddr, num::NonZeroU64, path::PathBuf, time::Duration};
use work::{
    strategy::Env,
    task::{
        Task,
        fetch::{Fetch, Save},
    },
};

/// A mock server in its own process, which ends on drop.
#[derive(Debug)]
pub struct Site(ServerProcess);

impl Site {
    /// A site with these routes.
    pub fn open(env: &Env, routes: Vec<Route>) -> Result<Self, ServerError> {
        ServerProcess::start(&env.program, &Profile { routes, ..Profile::default() }).map(Self)
    }

    /// The fetch of a path.
    pub fn fetch(&self, path: &str) -> Task {
        Task::Fetch(self.plain_fetch(path))
    }

    /// The fetch of a path in an event loop, which stands still meanwhile if the fetch blocks.
    pub fn fetch_in_loop(&self, path: &str, blocking: bool) -> Task {
        Task::Fetch(Fetch { blocking, ..self.plain_fetch(path) })
    }

    /// The fetch of a path into a file.
    pub fn fetch_into(&self, path: &str, file: PathBuf) -> Task {
        let save = Some(Save { path: file, bytes_per_s: NonZeroU64::MAX });
        Task::Fetch(Fetch { save, ..self.plain_fetch(path) })
    }

    /// The fetch of a path, with a timeout for the whole fetch.
    pub fn fetch_within(&self, path: &str, timeout: Duration) -> Task {
        Task::Fetch(Fetch { timeout, ..self.plain_fetch(path) })
    }

    /// The fetch of a path from another address, which may not be a server at all.
    pub fn fetch_from(&self, addr: SocketAddr, path: &str) -> Task {
        Task::Fetch(Fetch { url: format!("http://{addr}{path}"), ..self.plain_fetch(path) })
    }

    fn plain_fetch(&self, path: &str) -> Fetch {
        Fetch {
            url: format!("{}{path}", self.0.origin()),
            site: None,
            authorization: None,
            keep_alive: true,
            connect_timeout: AMPLE,
            timeout: AMPLE,
            redirects: 0,
            blocking: false,
            retries: 0,
            retry_wait: Duration::ZERO,
            save: None,
            stays: false,
        }
    }

    /// The requests of this run that reached the server, in the order of its answers. The server then forgets them.
    pub fn requests(&self, run: u64) -> Result<Vec<LogEntry>, ServerError> {
        self.0.take_log(run)
    }
}
