//! A server as those see it who measure against it: where it is, what it says of itself, and its log.
//!
//! Mostly it is a process that was started for the purpose. But workers on other machines can't reach a loopback address,
//! so it can also be one that somebody started with `makespan server` where all of them reach it. Then two things are no
//! longer certain and are asked: whether it serves what is expected of it, and what time it is there.

use super::{
    log::{LogEntry, RunLog},
    process::ServerError,
    profile::Profile,
};
use measure::{
    axis::{ClockAxis, Offset},
    clock::now_ns,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::time::Duration;
use ureq::http::{Method, Request};

/// How long it may take to hand over a log.
const LOG_LIMIT: Duration = Duration::from_secs(20);
/// How long it may take to say what it is.
const ABOUT_LIMIT: Duration = Duration::from_secs(5);

/// What a server says of itself at `/-/about`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerFacts {
    /// The checksum of what it serves: see [`checksum`].
    pub profile: u32,
    /// Whose clock its log is by.
    pub axis: ClockAxis,
    /// The time by that clock, nanoseconds.
    pub now_ns: u64,
}

impl ServerFacts {
    /// What this process says, which serves this.
    pub(super) fn now(profile: u32) -> Self {
        Self { profile, axis: ClockAxis::here(), now_ns: now_ns() }
    }
}

/// The checksum of a profile, the same wherever its pictures lie.
pub fn checksum(profile: &Profile) -> u32 {
    let served = Profile { photos: None, ..profile.clone() };
    crc32fast::hash(&serde_json::to_vec(&served).expect("texts and numbers always serialise"))
}

/// A server that answers.
#[derive(Debug)]
pub struct Contact {
    origin: String,
    agent: ureq::Agent,
    /// Whether its clock is another than ours.
    is_elsewhere: bool,
}

impl Contact {
    /// A server on this machine that was just started.
    pub(super) fn own(origin: String) -> Self {
        Self { origin, agent: agent(), is_elsewhere: false }
    }

    /// A server that was started by somebody, at `origin` (`http://HOST:PORT`); it must serve this profile.
    pub fn elsewhere(origin: &str, profile: &Profile) -> Result<Self, ServerError> {
        let mut contact = Self::own(origin.to_owned());
        let about = contact.about()?;
        if about.profile != checksum(profile) {
            return Err(ServerError::ServesOther { origin: origin.to_owned(), time_scale: profile.time_scale });
        }
        contact.is_elsewhere = about.axis != ClockAxis::here();
        Ok(contact)
    }

    /// Where it listens: `http://HOST:PORT`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What the server noted for a run, in the order of its answers, by this machine's clock. The server forgets it in the
    /// same breath.
    pub fn take_log(&self, run: u64) -> Result<Vec<LogEntry>, ServerError> {
        let bad = |cause| ServerError::BadLog { run, cause };
        let log: RunLog = self.ask(Method::DELETE, &format!("log?run={run}"), LOG_LIMIT, bad)?;
        if log.dropped > 0 {
            return Err(ServerError::LogOverflow { run, dropped: log.dropped });
        }
        // Compared after each run: over minutes, two clocks drift apart by more than the estimate is off.
        let ahead = if self.is_elsewhere { Offset::estimate(|| Ok(self.about()?.now_ns))? } else { Offset::default() };
        Ok(log.entries.into_iter().map(|entry| by_our_clock(entry, ahead)).collect())
    }

    fn about(&self) -> Result<ServerFacts, ServerError> {
        self.ask(Method::GET, "about", ABOUT_LIMIT, |cause| ServerError::NoServer {
            origin: self.origin.clone(),
            cause,
        })
    }

    /// What it says of itself under this name. What can't be read is put as the caller puts it.
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
        assert_eq!(checksum(&profile), checksum(&moved));
        let scaled = Profile { time_scale: 2.0, ..profile.clone() };
        let other = Profile { routes: vec![Route::at("/b")], ..profile.clone() };
        assert!(checksum(&profile) != checksum(&scaled) && checksum(&profile) != checksum(&other));
    }

    #[test]
    fn a_log_is_moved_to_our_clock_and_keeps_its_lengths() {
        let entry = LogEntry { arrived_ns: 1_000, answered_ns: 1_300, ended_ns: Some(1_400), ..LogEntry::default() };
        let moved = by_our_clock(entry.clone(), Offset { ns: 900, uncertainty_ns: 5 });
        assert_eq!((moved.arrived_ns, moved.answered_ns, moved.ended_ns), (100, 400, Some(500)));
        assert_eq!(by_our_clock(moved, Offset { ns: -900, uncertainty_ns: 5 }), entry);
    }
}
