//! A validated profile: values in range, paths well-formed, times and rates scaled, every route reachable.

mod network;

pub(super) use network::CheckedNetwork;

use super::{
    generic,
    latency::Factors,
    path_pattern::PathPattern,
    profile::{Body, Profile, Route, scaled_ns},
};
use hyper::{Method, StatusCode, header::HeaderValue};
use std::{fmt::Display, path::PathBuf};
use support::figures::exact;

/// An error in a profile, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: found {found}, expected {expected}")]
pub struct ProfileError {
    /// The key as in the TOML, for example `server.routes[2].status`; routes count from 0.
    pub key: String,
    /// The actual value.
    pub found: String,
    /// The expected value.
    pub expected: String,
}

/// A [`Profile`] after its check.
#[derive(Debug, Clone)]
pub struct CheckedProfile {
    pub(super) time_scale: f64,
    pub(super) seed: u64,
    pub(super) routes: Vec<CheckedRoute>,
    pub(super) photos: Option<PathBuf>,
    /// Of the unchecked profile.
    pub(super) checksum: u32,
    pub(super) network: CheckedNetwork,
}

/// A [`Route`] after its check, in the types that HTTP needs.
#[derive(Debug, Clone)]
pub(super) struct CheckedRoute {
    pub path: PathPattern,
    pub site: Option<String>,
    /// The mean.
    pub latency_ns: u64,
    pub spread: Option<Factors>,
    pub status: StatusCode,
    pub body: Body,
    pub authorization: Option<HeaderValue>,
    pub location: Option<HeaderValue>,
}

impl Profile {
    /// Checks every value and applies the time scale. Reports the first error with its key.
    pub fn check(&self) -> Result<CheckedProfile, ProfileError> {
        let scale = self.time_scale;
        if !(scale.is_finite() && scale > 0.0) {
            return Err(wrong("server.time_scale", &scale, "a finite number above 0"));
        }
        let mut routes: Vec<CheckedRoute> = Vec::with_capacity(self.routes.len());
        for (index, route) in self.routes.iter().enumerate() {
            let key = |name: &str| format!("server.routes[{index}].{name}");
            let checked = CheckedRoute::of(route, scale, key)?;
            if let Some(earlier) = routes.iter().position(|earlier| earlier.hides(&checked)) {
                let expected =
                    format!("a path that server.routes[{earlier}] doesn't answer already; put it before that");
                return Err(wrong(key("path"), &format_args!("`{}`", route.path), expected));
            }
            routes.push(checked);
        }
        let network = CheckedNetwork::of(self)?;
        Ok(CheckedProfile {
            time_scale: scale,
            seed: self.seed,
            routes,
            photos: self.photos.clone(),
            checksum: self.checksum(),
            network,
        })
    }
}

impl CheckedProfile {
    /// The path, `path` or one that it redirects to, that no route answers; `None` if there is none.
    pub fn unanswered(&self, path: &str, site: Option<&str>, redirects: u32) -> Option<String> {
        let mut path = path;
        for _ in 0..=redirects {
            let bare = path.split(['?', '#']).next().unwrap_or_default();
            let Some(route) = self.routes.iter().find(|route| route.answers(bare, site.unwrap_or_default())) else {
                let generic = generic::find(bare).is_some_and(|found| found.takes(&Method::GET));
                return (!generic).then(|| path.to_owned());
            };
            // A redirect to another server is not checked.
            let location = route.location.as_ref().and_then(|location| location.to_str().ok());
            match location.filter(|location| location.starts_with('/')) {
                Some(location) => path = location,
                None => return None,
            }
        }
        None
    }

    /// The paths of all routes, as they are written.
    pub fn paths(&self) -> impl Iterator<Item = String> {
        self.routes.iter().map(|route| route.path.to_string())
    }
}

impl CheckedRoute {
    fn of(route: &Route, scale: f64, key: impl Fn(&str) -> String) -> Result<Self, ProfileError> {
        let status = StatusCode::from_u16(route.status)
            .ok()
            .filter(|status| (200..=599).contains(&status.as_u16()))
            .ok_or_else(|| wrong(key("status"), &route.status, "a final HTTP status, 200 to 599"))?;
        // HTTP forbids a body with these two, so hyper would send none, and the length would be wrong.
        if [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status) && route.body != Body::Empty {
            return Err(wrong(key("body"), &format_args!("{:?}", route.body), format!("none with status {status}")));
        }
        if route.location.is_some() != is_redirect(status) {
            let (found, expected) = match &route.location {
                Some(location) => (format!("`{location}`"), "none, unless the status is a redirect (3xx)"),
                None => ("none".to_owned(), "the path or URL that the redirect leads to"),
            };
            return Err(wrong(key("location"), &found, expected));
        }
        Ok(Self {
            path: PathPattern::parse(&route.path)
                .map_err(|expected| wrong(key("path"), &format_args!("`{}`", route.path), expected))?,
            site: route.site.as_deref().map(|site| site_name(site, &key)).transpose()?,
            latency_ns: scaled_ns(route.latency_s, scale)
                .map_err(|expected| wrong(key("latency_s"), &route.latency_s, expected))?,
            spread: spread(route, scale, &key)?,
            status,
            body: route.body,
            authorization: header_value(route.authorization.as_deref(), || key("authorization"))?,
            location: header_value(route.location.as_deref(), || key("location"))?,
        })
    }

    /// Whether it answers a request for this path on this host.
    pub(super) fn answers(&self, path: &str, host: &str) -> bool {
        self.path.matches(path) && self.site.as_deref().is_none_or(|site| site.eq_ignore_ascii_case(without_port(host)))
    }

    /// Whether this earlier route answers everything that `later` could.
    fn hides(&self, later: &Self) -> bool {
        self.path.covers(&later.path) && (self.site.is_none() || self.site == later.site)
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Redirects that are invalid without a `Location`.
fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn spread(route: &Route, scale: f64, key: impl Fn(&str) -> String) -> Result<Option<Factors>, ProfileError> {
    let Some(spread) = route.spread else { return Ok(None) };
    let factors = Factors::of(spread).map_err(|expected| wrong(key("spread.cv"), &spread.cv, expected))?;
    // The longest latency that can be drawn must be in range too.
    scaled_ns(route.latency_s * factors.at(1.0), scale).map_err(|_| {
        wrong(key("latency_s"), &route.latency_s, "less: with this spread some would be longer than a day")
    })?;
    Ok(Some(factors))
}

/// Whether this is a valid `Host` header without a port.
pub fn is_host_name(site: &str) -> bool {
    !site.is_empty() && site.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
}

fn site_name(site: &str, key: impl Fn(&str) -> String) -> Result<String, ProfileError> {
    if !is_host_name(site) {
        return Err(wrong(key("site"), &format_args!("`{site}`"), "a host name without port, such as `alpha.example`"));
    }
    Ok(site.to_ascii_lowercase())
}

fn header_value(text: Option<&str>, key: impl Fn() -> String) -> Result<Option<HeaderValue>, ProfileError> {
    text.map(|text| {
        let expected = "visible ASCII characters, without a space at either end";
        // HTTP trims a header's value, so a space at its end could never match.
        match HeaderValue::from_str(text) {
            Ok(value) if value.to_str().is_ok() && text.trim() == text && !text.is_empty() => Ok(value),
            _ => Err(wrong(key(), &format_args!("`{text}`"), expected)),
        }
    })
    .transpose()
}

fn wrong(key: impl Into<String>, found: &dyn Display, expected: impl Into<String>) -> ProfileError {
    let found = found.to_string();
    // `1e300` has 301 digits otherwise.
    let found = found.parse().map(exact).unwrap_or(found);
    ProfileError { key: key.into(), found, expected: expected.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{LatencyShape, Spread};
    use proptest::prelude::*;

    fn with(change: impl FnOnce(&mut Route)) -> Profile {
        let mut route = Route::at("/page");
        change(&mut route);
        Profile { routes: vec![Route::at("/first"), route], ..Profile::default() }
    }

    fn refused(profile: &Profile) -> String {
        profile.check().expect_err("the profile is wrong").to_string()
    }

    #[test]
    fn each_wrong_value_is_named_with_its_key() {
        let scale = |time_scale| refused(&Profile { time_scale, ..Profile::default() });
        assert_eq!(scale(0.0), "server.time_scale: found 0, expected a finite number above 0");
        assert!(scale(f64::NAN).starts_with("server.time_scale: found NaN"));

        let spread = |shape, cv| Some(Spread { shape, cv });
        let cases = [
            ("path", with(|route| route.path = "page".into())),
            ("path", with(|route| route.path = "/a*b".into())),
            ("path", with(|route| route.path = "/-/log".into())),
            ("path", with(|route| route.path = "/two words".into())),
            ("latency_s", with(|route| route.latency_s = -1.0)),
            ("latency_s", with(|route| route.latency_s = f64::INFINITY)),
            ("latency_s", with(|route| route.latency_s = 1e300)),
            ("latency_s", with(|route| (route.latency_s, route.spread) = (5e4, spread(LatencyShape::Lognormal, 1.0)))),
            ("spread.cv", with(|route| route.spread = spread(LatencyShape::Lognormal, 0.0))),
            ("spread.cv", with(|route| route.spread = spread(LatencyShape::Lognormal, 3.1))),
            ("spread.cv", with(|route| route.spread = spread(LatencyShape::Uniform, 0.58))),
            ("spread.cv", with(|route| route.spread = spread(LatencyShape::Uniform, f64::NAN))),
            ("status", with(|route| route.status = 100)),
            ("status", with(|route| route.status = 600)),
            ("location", with(|route| route.status = 302)),
            ("location", with(|route| route.location = Some("/elsewhere".into()))),
            ("authorization", with(|route| route.authorization = Some("line\nbreak".into()))),
            ("site", with(|route| route.site = Some("alpha.example:80".into()))),
        ];
        for (name, profile) in cases {
            let message = refused(&profile);
            assert!(message.starts_with(&format!("server.routes[1].{name}: found ")), "{message}");
        }
    }

    #[test]
    fn a_route_that_can_never_answer_is_refused() {
        assert!(refused(&with(|route| route.path = "/first".into())).contains("server.routes[0]"));
        let on_a_site = with(|route| {
            route.path = "/first".into();
            route.site = Some("alpha.example".into());
        });
        assert!(refused(&on_a_site).contains("put it before"));
        let mut other_order = on_a_site.clone();
        other_order.routes.reverse();
        assert!(other_order.check().is_ok(), "a site's own route before everybody's");
    }

    #[test]
    fn the_toml_reads_as_documented_and_knows_no_other_key() {
        let profile: Profile = toml::from_str(
            "time_scale = 20\n[[routes]]\npath = '/words/*'\nlatency_s = 0.3\nstatus = 404\nbody = { bytes = 512 }\n",
        )
        .unwrap();
        let checked = profile.check().unwrap();
        assert_eq!(checked.routes[0].latency_ns, 15_000_000);
        assert_eq!(checked.routes[0].body, Body::Bytes(512));
        let unknown = toml::from_str::<Profile>("[[routes]]\npath = '/'\nlatency = 0.3\n").unwrap_err();
        assert!(unknown.message().contains("unknown field `latency`"), "{unknown}");
    }

    proptest! {
        #[test]
        fn a_profile_survives_the_trip_as_json(seed: u64, latency_ms: u16, status in 200_u16..300, bytes: u64) {
            let profile = with(|route| (route.latency_s, route.status, route.body) = (f64::from(latency_ms) / 1e3, status, Body::Bytes(bytes)));
            let profile = Profile { seed, ..profile };
            let line = serde_json::to_string(&profile).unwrap();
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(serde_json::from_str::<Profile>(&line).unwrap(), profile);
        }

        #[test]
        fn a_route_that_hides_another_answers_all_of_its_paths(one in "/[ab]{0,3}\\*?", other in "/[ab]{0,3}\\*?", path in "/[ab]{0,4}") {
            let (one, other) = (PathPattern::parse(&one).unwrap(), PathPattern::parse(&other).unwrap());
            prop_assert!(!(one.covers(&other) && other.matches(&path)) || one.matches(&path));
        }
    }
}
