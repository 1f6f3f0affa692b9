//! Predicts a server's answers without asking it.
//!
//! A check needs expected answers that don't come from a run. The profile determines them: which route answers, where a
//! redirect leads, and every byte of the body. So the oracle calls the routes directly, without sockets, latencies,
//! limits or faults, and the answers from the network are compared with its own.

use super::{
    answer::{Answer, Source},
    checked::CheckedProfile,
    generic::RequestAsked,
    payload::Payload,
    routes::Routes,
    server::ServeError,
};
use bytes::Bytes;
use hyper::{
    Request, StatusCode,
    header::{AUTHORIZATION, HOST, LOCATION},
};
use std::net::{IpAddr, Ipv4Addr};

/// An answer that can't be predicted, or that is a mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// It differs each time.
    #[error(
        "`{0}` has another answer for each client or each time, so the answer can't be checked: give the scenario a route of \
         its own, with `latency_s` and `body`"
    )]
    Varies(String),
    /// No route answers.
    #[error(
        "no route answers `{0}`, so this would measure how fast a 404 is: give the scenario such a route; if it is meant to be \
         missing, one with `status = 404`"
    )]
    Nowhere(String),
}

/// The answers of one server.
#[derive(Debug)]
pub struct Oracle {
    routes: Routes,
    origin: String,
}

impl Oracle {
    /// The oracle of a server with this profile at `origin` (`http://HOST:PORT`).
    pub fn of(profile: CheckedProfile, origin: &str) -> Result<Self, ServeError> {
        Ok(Self { routes: Routes::open(profile)?, origin: origin.to_owned() })
    }

    /// Status and body of the final answer to a GET of `url`, after at most so many redirects. `None` if this server
    /// has none: the URL is elsewhere, or the redirects don't end.
    pub fn get(
        &self,
        url: &str,
        site: Option<&str>,
        authorization: Option<&str>,
        redirects: u32,
    ) -> Result<Option<(StatusCode, Payload)>, NoAnswer> {
        let Some(mut path) = url.strip_prefix(&self.origin).map(ToOwned::to_owned) else { return Ok(None) };
        for _ in 0..=redirects {
            let Some(Answer { response, source, .. }) = self.answer(&path, site, authorization) else {
                return Ok(None);
            };
            match source {
                Source::Generic { is_fixed: false } => return Err(NoAnswer::Varies(path)),
                Source::Nowhere => return Err(NoAnswer::Nowhere(path)),
                Source::Generic { is_fixed: true } | Source::Profile | Source::Server => {}
            }
            let location = response.headers().get(LOCATION).filter(|_| response.status().is_redirection());
            match location.map(|next| next.to_str()) {
                None => return Ok(Some((response.status(), response.into_body()))),
                Some(Ok(next)) => next.strip_prefix(&self.origin).unwrap_or(next).clone_into(&mut path),
                Some(Err(_)) => return Ok(None),
            }
        }
        Ok(None)
    }

    fn answer(&self, path: &str, site: Option<&str>, authorization: Option<&str>) -> Option<Answer> {
        let own_host = self.origin.strip_prefix("http://")?;
        let host = site.unwrap_or(own_host);
        let mut request = Request::get(path).header(HOST, host);
        if let Some(shown) = authorization {
            request = request.header(AUTHORIZATION, shown);
        }
        let (parts, ()) = request.body(()).ok()?.into_parts();
        let (client, body) = (IpAddr::V4(Ipv4Addr::LOCALHOST), &Bytes::new());
        let target = self.routes.find(&parts.method, parts.uri.path(), host);
        Some(self.routes.answer(&target, &RequestAsked { parts: &parts, host, client, body, chance: 0.0 }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        payload::NoiseBytes,
        profile::{Body, Profile, Route},
    };

    const ORIGIN: &str = "http://127.0.0.1:80";

    fn oracle(routes: Vec<Route>) -> Oracle {
        let profile = Profile { seed: 3, routes, ..Profile::default() };
        Oracle::of(profile.check().expect("it is right"), ORIGIN).expect("it needs no files")
    }

    fn redirect(path: &str, location: &str) -> Route {
        Route { status: 302, location: Some(location.into()), ..Route::at(path) }
    }

    #[test]
    fn a_redirect_ends_where_it_leads_to() {
        let page = Route { body: Body::Bytes(100), ..Route::at("/page") };
        let oracle = oracle(vec![redirect("/old", "/older"), redirect("/older", &format!("{ORIGIN}/page")), page]);
        let (status, body) = oracle.get(&format!("{ORIGIN}/old"), None, None, 2).expect("no echo").expect("two hops");
        assert_eq!((status, body.left()), (StatusCode::OK, 100));
        assert!(body.eq(NoiseBytes::new(3).body("/page", 100)), "the bytes of the page itself");
        assert!(matches!(oracle.get(&format!("{ORIGIN}/old"), None, None, 1), Ok(None)), "one hop is too few");
    }

    #[test]
    fn site_and_authorization_count() {
        let route = Route { site: Some("a.example".into()), authorization: Some("Key 1".into()), ..Route::at("/") };
        let oracle = oracle(vec![route]);
        let status = |site, key| {
            let answer = oracle.get(&format!("{ORIGIN}/"), site, key, 0).expect("no echo");
            answer.expect("an answer").0.as_u16()
        };
        assert_eq!(status(Some("a.example"), Some("Key 1")), 200);
        assert_eq!(status(Some("a.example"), Some("Key 2")), 403);
        assert_eq!(status(Some("a.example"), None), 401);
        let elsewhere = oracle.get(&format!("{ORIGIN}/"), Some("b.example"), Some("Key 1"), 0);
        assert!(matches!(elsewhere, Err(NoAnswer::Nowhere(path)) if path == "/"));
    }

    #[test]
    fn another_server_s_answers_are_not_known() {
        let away = oracle(vec![redirect("/", "http://elsewhere.example/")]);
        for url in [format!("{ORIGIN}/"), "http://elsewhere.example/".into()] {
            assert!(matches!(away.get(&url, None, None, 5), Ok(None)), "{url}");
        }
    }

    #[test]
    fn an_echo_is_refused_unless_the_profile_answers_there() {
        let get = |oracle: &Oracle, path: &str| {
            oracle.get(&format!("{ORIGIN}{path}"), None, None, 5).map(|answer| answer.expect("an answer").0.as_u16())
        };
        let generic = oracle(Vec::new());
        for (path, echo) in [("/get?a=1", "/get?a=1"), ("/delay/0.1", "/delay/0.1"), ("/redirect/2", "/get")] {
            assert_eq!(get(&generic, path), Err(NoAnswer::Varies(echo.into())));
        }
        assert_eq!((get(&generic, "/bytes/5"), get(&generic, "/status/404")), (Ok(200), Ok(404)));
        assert_eq!(get(&oracle(vec![Route::at("/get")]), "/get"), Ok(200));
    }
}
