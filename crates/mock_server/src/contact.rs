//! A server from the client's side: its URL, what it reports about itself, and its log.
//!
//! Usually it is a process that was started for the run. But workers on other machines can't reach a loopback address,
//! so it can also be one that a user started with `makespan server` where all of them reach it. Then two things are no
//! longer certain and are requested: whether it serves the expected profile, and what time it is there.

use super::{
    errors::ServerError,
    log::{LogEntry, RunLog},
    profile::Profile,
};
use measure::{
    axis::{ClockAxis, Offset},
    clock::now_ns,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::time::Duration;
use ureq::http::{Method, Request};

/// The timeout for reading a log.
const LOG_LIMIT: Duration = Duration::from_secs(20);
/// The timeout for `/-/about`.
const ABOUT_LIMIT: Duration = Duration::from_secs(5);

/// A server's description of itself at `/-/about`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerFacts {
    /// The checksum of what it serves: see [`Profile::checksum`].
    pub profile: u32,
    /// The clock of its log.
    pub axis: ClockAxis,
    /// The time by that clock, nanoseconds.
    pub now_ns: u64,
}

impl ServerFacts {
    /// This process, serving this profile.
    pub(super) fn now(profile: u32) -> Self {
        Self { profile, axis: ClockAxis::here(), now_ns: now_ns() }
    }
}

/// A server that answers.
#[derive(Debug)]
pub struct Contact {
    origin: String,
    agent: ureq::Agent,
    /// Whether its clock differs from ours.
    is_elsewhere: bool,
}

impl Contact {
    /// A server just started on this machine.
    pub(super) fn own(origin: String) -> Self {
        Self { origin, agent: agent(), is_elsewhere: false }
    }

    /// A server that a user started at `origin` (`http://HOST:PORT`); it must serve this profile.
    pub fn elsewhere(origin: &str, profile: &Profile) -> Result<Self, ServerError> {
        let mut contact = Self::own(origin.to_owned());
        let about = contact.about()?;
        if about.profile != profile.checksum() {
            return Err(ServerError::ServesOther { origin: origin.to_owned(), time_scale: profile.time_scale });
        }
        contact.is_elsewhere = about.axis != ClockAxis::here();
        Ok(contact)
    }

    /// Where it listens: `http://HOST:PORT`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The server's log of a run, in the order of its answers, by this machine's clock. Removes it from the server.
    pub fn take_log(&self, run: u64) -> Result<Vec<LogEntry>, ServerError> {
        let bad = |cause| ServerError::BadLog { run, cause };
        let log: RunLog = self.ask(Method::DELETE, &format!("log?run={run}"), LOG_LIMIT, bad)?;
        if log.dropped > 0 {
            return Err(ServerError::LogOverflow { run, dropped: log.dropped });
        }
        // Compared after each run: within minutes, two clocks drift by more than the estimate's error.
        let ahead = if self.is_elsewhere { Offset::estimate(|| Ok(self.about()?.now_ns))? } else { Offset::default() };
        Ok(log.entries.into_iter().map(|entry| by_our_clock(entry, ahead)).collect())
    }

    fn about(&self) -> Result<ServerFacts, ServerError> {
        self.ask(Method::GET, "about", ABOUT_LIMIT, |cause| ServerError::NoServer {
            origin: self.origin.clone(),
            cause,
        })
    }

    /// What it reports under this name. The caller words the error for an unreadable answer.
    fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        what: &str,
        limit: Duration,
        unreadable: impl Fn(String) -> ServerError,
    ) -> Result<T, ServerError> {
        let unreachable =
            |cause: ureq::Error| ServerError::Unreachable { origin: self.origin.clone(), cause: cause.to_string() };
        let request = Request::builder().method(method).uri(format!("{}/-/{what}", self.origin)).body(());
        let request = request.map_err(|error| unreachable(error.into()))?;
        let request = self.agent.configure_request(request).timeout_global(Some(limit)).build();
        let mut response = self.agent.run(request).map_err(|error| match error {
            ureq::Error::StatusCode(status) => unreadable(format!("it answers with status {status}")),
            lost => unreachable(lost),
        })?;
        let body = response.body_mut().with_config().limit(u64::MAX).read_to_vec().map_err(unreachable)?;
        serde_json::from_slice(&body).map_err(|error| unreadable(error.to_string()))
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().proxy(None).build().new_agent()
}

fn by_our_clock(entry: LogEntry, ahead: Offset) -> LogEntry {
    let ours = |its_ns: u64| its_ns.saturating_add_signed(-ahead.ns);
    LogEntry {
        arrived_ns: ours(entry.arrived_ns),
        answered_ns: ours(entry.answered_ns),
        ended_ns: entry.ended_ns.map(ours),
        ..entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Route;

    #[test]
    fn a_profile_is_the_same_wherever_its_pictures_lie() {
        let profile = Profile { routes: vec![Route::at("/a")], ..Profile::default() };
        let moved = Profile { photos: Some("/somewhere".into()), ..profile.clone() };
        assert_eq!(profile.checksum(), moved.checksum());
        let scaled = Profile { time_scale: 2.0, ..profile.clone() };
        let other = Profile { routes: vec![Route::at("/b")], ..profile.clone() };
        assert!(profile.checksum() != scaled.checksum() && profile.checksum() != other.checksum());
    }

    #[test]
    fn a_log_is_moved_to_our_clock_and_keeps_its_lengths() {
        let entry = LogEntry { arrived_ns: 1_000, answered_ns: 1_300, ended_ns: Some(1_400), ..LogEntry::default() };
        let moved = by_our_clock(entry.clone(), Offset { ns: 900, uncertainty_ns: 5 });
        assert_eq!((moved.arrived_ns, moved.answered_ns, moved.ended_ns), (100, 400, Some(500)));
        assert_eq!(by_our_clock(moved, Offset { ns: -900, uncertainty_ns: 5 }), entry);
    }
}
