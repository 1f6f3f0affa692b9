//! A site to fetch from: a mock server of the exhibit's own, whose log says what really reached it.

use super::AMPLE;
use mock_server::{
    log::LogEntry,
    process::{ServerError, ServerProcess},
    profile::{Profile, Route},
};
use std::{net::SocketAddr, time::Duration};
use work::{
    strategy::Env,
    task::{Task, fetch::Fetch},
};

/// A mock server in a process of its own. Dropping it ends it.
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

    /// The fetch of a path, with a limit for the whole of it.
    pub fn fetch_within(&self, path: &str, timeout: Duration) -> Task {
        Task::Fetch(Fetch { timeout, ..self.plain_fetch(path) })
    }

    /// The fetch of the same path from an address where something else may be, or nothing.
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
            stays: false,
        }
    }

    /// What reached the server in this run, in the order of its answers. It is forgotten afterwards.
    pub fn requests(&self, run: u64) -> Result<Vec<LogEntry>, ServerError> {
        self.0.take_log(run)
    }
}
