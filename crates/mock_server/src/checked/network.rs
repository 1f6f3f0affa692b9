//! Checks and scales the network's part of a profile.

use super::{ProfileError, wrong};
use crate::{
    faults::{CheckedFault, PlannedFault},
    link::Bandwidth,
    path_pattern::PathPattern,
    profile::{Fault, FaultRule, Limit, Link, Profile, Rate, scaled_ns},
};
use hyper::StatusCode;
use std::time::Duration;

/// The network of a [`CheckedProfile`](super::CheckedProfile).
#[derive(Debug, Clone)]
pub(crate) struct CheckedNetwork {
    pub keep_alive: bool,
    pub connect_delay_ns: u64,
    pub serial_ns: u64,
    pub bandwidth: Option<Bandwidth>,
    pub connections: Option<Limit>,
    pub requests: Option<Limit>,
    pub waiting: Option<u32>,
    pub rate: Option<Rate>,
    /// The idle timeout, if the profile sets one.
    pub idle: Option<Duration>,
    pub faults: Vec<CheckedFault>,
}

/// Valid bytes or requests per second, after scaling: a byte in a quarter of an hour to a terabyte in a second.
const SLOWEST_PER_S: f64 = 1e-3;
const FASTEST_PER_S: f64 = 1e12;
/// More than a process can have descriptors.
const MOST_AT_ONCE: u32 = 1 << 20;

/// The resolution of the runtime's timer.
const LEAST_IDLE_NS: u64 = 1_000_000;
/// The default idle timeout of a client.
const PATIENCE: Duration = Duration::from_secs(30);

impl CheckedNetwork {
    /// The timeout for a client's next request, and for reading any of an answer.
    pub fn patience(&self) -> Duration {
        self.idle.unwrap_or(PATIENCE)
    }

    pub(super) fn of(profile: &Profile) -> Result<Self, ProfileError> {
        let scale = profile.time_scale;
        let seconds = |key: &str, seconds| {
            scaled_ns(seconds, scale).map_err(|expected| wrong(format!("server.{key}"), &seconds, expected))
        };
        let limits = profile.limits;
        Ok(Self {
            keep_alive: profile.keep_alive,
            connect_delay_ns: seconds("connect_delay_s", profile.connect_delay_s)?,
            serial_ns: seconds("serial_s", profile.serial_s)?,
            bandwidth: bandwidth(profile.link, scale)?,
            connections: limits.connections.map(|limit| at_once("connections", limit)).transpose()?,
            requests: limits.requests.map(|limit| at_once("requests", limit)).transpose()?,
            waiting: limits.waiting,
            rate: limits.rate.map(|rate| scaled_rate(rate, scale)).transpose()?,
            idle: limits.idle_s.map(|idle_s| idle(idle_s, scale)).transpose()?,
            faults: (profile.faults.iter().enumerate())
                .map(|(number, rule)| CheckedFault::of(rule, scale, |name| format!("server.faults[{number}].{name}")))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn idle(found: f64, scale: f64) -> Result<Duration, ProfileError> {
    let wrong = |expected| wrong("server.limits.idle_s", &found, expected);
    match scaled_ns(found, scale).map_err(wrong)? {
        ..LEAST_IDLE_NS => Err(wrong("0.001 s or more after time-scaling")),
        ns => Ok(Duration::from_nanos(ns)),
    }
}

fn bandwidth(link: Link, scale: f64) -> Result<Option<Bandwidth>, ProfileError> {
    let bytes_per_s = |key: &str, found: Option<f64>| {
        found.map_or(Ok(f64::INFINITY), |found| per_s(found, scale).map_err(|expected| wrong(key, &found, expected)))
    };
    let shared_per_s = bytes_per_s("server.link.bytes_per_s", link.bytes_per_s)?;
    let each_per_s = bytes_per_s("server.link.connection_bytes_per_s", link.connection_bytes_per_s)?;
    Ok(shared_per_s.min(each_per_s).is_finite().then_some(Bandwidth { shared_per_s, each_per_s }))
}

fn at_once(key: &str, limit: Limit) -> Result<Limit, ProfileError> {
    if (1..=MOST_AT_ONCE).contains(&limit.most) {
        return Ok(limit);
    }
    Err(wrong(format!("server.limits.{key}.most"), &limit.most, format!("1 to {MOST_AT_ONCE}")))
}

fn scaled_rate(rate: Rate, scale: f64) -> Result<Rate, ProfileError> {
    if !(1..=MOST_AT_ONCE).contains(&rate.burst) {
        return Err(wrong("server.limits.rate.burst", &rate.burst, format!("1 to {MOST_AT_ONCE}")));
    }
    match per_s(rate.per_s, scale) {
        Ok(per_s) => Ok(Rate { per_s, ..rate }),
        Err(expected) => Err(wrong("server.limits.rate.per_s", &rate.per_s, expected)),
    }
}

fn per_s(found: f64, scale: f64) -> Result<f64, &'static str> {
    match found * scale {
        scaled if !(found.is_finite() && found > 0.0) || scaled.is_nan() => Err("a finite number above 0"),
        scaled if (SLOWEST_PER_S..=FASTEST_PER_S).contains(&scaled) => Ok(scaled),
        _ => Err("0.001 to 1e12 per second after time-scaling"),
    }
}

impl CheckedFault {
    fn of(rule: &FaultRule, scale: f64, key: impl Fn(&str) -> String) -> Result<Self, ProfileError> {
        let kind = rule.fault;
        // A number that belongs to another fault is a mistake, and would have no effect.
        for (name, is_there, fault) in [
            ("status", rule.status.is_some(), Fault::Error),
            ("stall_s", rule.stall_s.is_some(), Fault::Stall),
            ("drip_s", rule.drip_s.is_some(), Fault::Drip),
        ] {
            if is_there && kind != fault {
                return Err(wrong(key(name), &"a value", format!("none: it belongs to the fault {fault:?}")));
            }
        }
        let length_ns = |name: &str, seconds: Option<f64>| match scaled_ns(seconds.unwrap_or(0.0), scale) {
            Ok(0) => {
                let found = seconds.map_or("none".to_owned(), |seconds| seconds.to_string());
                Err(wrong(key(name), &found, "a number of seconds above 0"))
            }
            Ok(ns) => Ok(ns),
            Err(expected) => Err(wrong(key(name), &seconds.unwrap_or(0.0), expected)),
        };
        let what = match kind {
            Fault::Reset => PlannedFault::Reset,
            Fault::Error => PlannedFault::Error(error_status(rule.status.unwrap_or(500), || key("status"))?),
            Fault::Stall => PlannedFault::Stall { ns: length_ns("stall_s", rule.stall_s)? },
            Fault::ResetInBody => PlannedFault::ResetInBody,
            Fault::Truncate => PlannedFault::Truncate,
            Fault::Drip => PlannedFault::Drip { ns: length_ns("drip_s", rule.drip_s)? },
        };
        let path = rule.path.as_deref().map(|path| {
            PathPattern::parse(path).map_err(|expected| wrong(key("path"), &format_args!("`{path}`"), expected))
        });
        if rule.indexes.as_ref().is_some_and(Vec::is_empty) {
            return Err(wrong(key("indexes"), &"[]", "at least one, or no such key for all of them"));
        }
        let probability = rule.probability.unwrap_or(1.0);
        if !(probability > 0.0 && probability <= 1.0) {
            return Err(wrong(key("probability"), &probability, "a number above 0 and at most 1"));
        }
        Ok(Self { what, path: path.transpose()?, indexes: rule.indexes.clone(), probability })
    }
}

fn error_status(status: u16, key: impl Fn() -> String) -> Result<StatusCode, ProfileError> {
    let known = StatusCode::from_u16(status).ok().filter(|_| (400..=599).contains(&status));
    known.ok_or_else(|| wrong(key(), &status, "an error's HTTP status, 400 to 599"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Beyond, Limits};

    fn refused(change: impl FnOnce(&mut Profile)) -> String {
        let mut profile = Profile { faults: vec![FaultRule::always(Fault::Reset); 2], ..Profile::default() };
        change(&mut profile);
        profile.check().expect_err("the profile is wrong").to_string()
    }

    fn fault(fault: Fault, change: impl FnOnce(&mut FaultRule)) -> String {
        refused(|profile| {
            profile.faults[1].fault = fault;
            change(&mut profile.faults[1]);
        })
    }

    #[test]
    fn each_wrong_value_is_named_with_its_key() {
        let link =
            |shared, each| refused(|profile| profile.link = Link { bytes_per_s: shared, connection_bytes_per_s: each });
        let none = Limit { most: 0, beyond: Beyond::Queue };
        let rate = |per_s, burst| refused(|profile| profile.limits.rate = Some(Rate { per_s, burst }));
        let cases = [
            ("connect_delay_s", refused(|profile| profile.connect_delay_s = -1.0)),
            ("serial_s", refused(|profile| profile.serial_s = f64::INFINITY)),
            ("link.bytes_per_s", link(Some(0.0), None)),
            ("link.bytes_per_s", link(Some(f64::NAN), None)),
            ("link.bytes_per_s", link(Some(1e300), Some(1e300))),
            ("link.connection_bytes_per_s", link(Some(1e6), Some(-1.0))),
            ("link.connection_bytes_per_s", link(None, Some(1e-9))),
            ("limits.connections.most", refused(|profile| profile.limits.connections = Some(none))),
            ("limits.requests.most", refused(|profile| profile.limits.requests = Some(none))),
            ("limits.rate.per_s", rate(0.0, 1)),
            ("limits.rate.burst", rate(1.0, 0)),
            ("limits.idle_s", refused(|profile| profile.limits.idle_s = Some(f64::NAN))),
            ("limits.idle_s", refused(|profile| profile.limits.idle_s = Some(0.0))),
            ("limits.idle_s", refused(|profile| (profile.limits.idle_s, profile.time_scale) = (Some(0.1), 1000.0))),
            ("faults[1].probability", fault(Fault::Reset, |rule| rule.probability = Some(0.0))),
            ("faults[1].probability", fault(Fault::Reset, |rule| rule.probability = Some(1.1))),
            ("faults[1].probability", fault(Fault::Reset, |rule| rule.probability = Some(f64::NAN))),
            ("faults[1].indexes", fault(Fault::Reset, |rule| rule.indexes = Some(Vec::new()))),
            ("faults[1].path", fault(Fault::Reset, |rule| rule.path = Some("x".into()))),
            ("faults[1].status", fault(Fault::Error, |rule| rule.status = Some(200))),
            ("faults[1].status", fault(Fault::Reset, |rule| rule.status = Some(500))),
            ("faults[1].stall_s", fault(Fault::Stall, |_| {})),
            ("faults[1].stall_s", fault(Fault::Stall, |rule| rule.stall_s = Some(-1.0))),
            ("faults[1].drip_s", fault(Fault::Drip, |rule| rule.drip_s = Some(0.0))),
            ("faults[1].drip_s", fault(Fault::Stall, |rule| rule.drip_s = Some(1.0))),
        ];
        for (key, message) in cases {
            assert!(message.starts_with(&format!("server.{key}: found ")), "{key}: {message}");
        }
        assert_eq!(rate(-1.0, 1), "server.limits.rate.per_s: found -1, expected a finite number above 0");
    }

    #[test]
    fn times_are_divided_by_the_scale_and_rates_multiplied() {
        let profile = Profile {
            time_scale: 20.0,
            connect_delay_s: 0.1,
            serial_s: 0.2,
            link: Link { bytes_per_s: Some(1e6), connection_bytes_per_s: Some(1e5) },
            limits: Limits { rate: Some(Rate { per_s: 10.0, burst: 5 }), idle_s: Some(5.0), ..Limits::default() },
            faults: vec![FaultRule { stall_s: Some(1.0), ..FaultRule::always(Fault::Stall) }],
            ..Profile::default()
        };
        let network = profile.check().unwrap().network;
        assert_eq!((network.connect_delay_ns, network.serial_ns), (5_000_000, 10_000_000));
        assert_eq!(network.bandwidth, Some(Bandwidth { shared_per_s: 2e7, each_per_s: 2e6 }));
        assert_eq!(network.rate, Some(Rate { per_s: 200.0, burst: 5 }));
        assert_eq!(network.patience(), Duration::from_millis(250));
        assert_eq!(network.faults[0].what, PlannedFault::Stall { ns: 50_000_000 });
    }

    #[test]
    fn the_toml_reads_as_documented() {
        let profile: Profile = toml::from_str(
            "keep_alive = false\nconnect_delay_s = 0.1\nserial_s = 0.01\n\
             [link]\nbytes_per_s = 5_300_000.0\nconnection_bytes_per_s = 1_000_000.0\n\
             [limits]\nconnections = { most = 100, beyond = 'queue' }\nrequests = { most = 8, beyond = 'refuse' }\n\
             rate = { per_s = 10.0, burst = 5 }\n\
             [[routes]]\npath = '/x'\nlatency_s = 0.3\nspread = { shape = 'lognormal', cv = 0.95 }\n\
             [[faults]]\nfault = 'reset_in_body'\npath = '/x/*'\nindexes = [3, 17]\nprobability = 0.05\n\
             [[faults]]\nfault = 'drip'\ndrip_s = 2\n",
        )
        .unwrap();
        let network = profile.check().unwrap().network;
        assert!(!network.keep_alive);
        assert_eq!(network.requests, Some(Limit { most: 8, beyond: Beyond::Refuse }));
        assert_eq!(network.faults[0].what, PlannedFault::ResetInBody);
        assert!(toml::from_str::<Profile>("[link]\nbytes = 1.0\n").is_err());
    }
}
