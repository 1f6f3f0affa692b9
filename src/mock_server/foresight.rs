//! What a server will answer, known without asking it.
//!
//! A run is only checked if what it should bring is known from somewhere else than from a run. A profile says all of it:
//! which route answers, where a redirect leads, and every byte of the body. So the routes are asked here directly, without
//! sockets, latencies, limits or faults, and what came over the network is held against that.

use super::{checked::CheckedProfile, payload::Payload, routes::Routes, server::ServeError};
use hyper::{
    Request, StatusCode,
    header::{AUTHORIZATION, HOST, LOCATION},
};

/// The answers of one server.
#[derive(Debug)]
pub struct Foresight {
    routes: Routes,
    origin: String,
}

impl Foresight {
    /// What a server with this profile will answer at `origin` (`http://HOST:PORT`).
    pub fn of(profile: CheckedProfile, origin: &str) -> Result<Self, ServeError> {
        Ok(Self { routes: Routes::open(profile)?, origin: origin.to_owned() })
    }

    /// Status and body of what a GET of `url` ends with, after at most so many redirects. `None` where that is no answer
    /// of this server: the URL is elsewhere, or the redirects don't end.
    pub fn get(
        &self,
        url: &str,
        site: Option<&str>,
        authorization: Option<&str>,
        redirects: u32,
    ) -> Option<(StatusCode, Payload)> {
        let own_host = self.origin.strip_prefix("http://")?;
        let mut path = url.strip_prefix(&self.origin)?.to_owned();
        for _ in 0..=redirects {
            let mut request = Request::get(&path).header(HOST, site.unwrap_or(own_host));
            if let Some(shown) = authorization {
                request = request.header(AUTHORIZATION, shown);
            }
            let response = self.routes.answer(&request.body(()).ok()?, own_host).response;
            match response.headers().get(LOCATION).filter(|_| response.status().is_redirection()) {
                None => return Some((response.status(), response.into_body())),
                Some(next) => {
                    let next = next.to_str().ok()?;
                    next.strip_prefix(&self.origin).unwrap_or(next).clone_into(&mut path);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock_server::{
        payload::Noise,
        profile::{Body, Profile, Route},
    };

    const ORIGIN: &str = "http://127.0.0.1:80";

    fn foresight(routes: Vec<Route>) -> Foresight {
        let profile = Profile { seed: 3, routes, ..Profile::default() };
        Foresight::of(profile.check().expect("it is right"), ORIGIN).expect("it needs no files")
    }

    fn redirect(path: &str, location: &str) -> Route {
        Route { status: 302, location: Some(location.into()), ..Route::at(path) }
    }

    #[test]
    fn a_redirect_ends_where_it_leads_to() {
        let page = Route { body: Body::Bytes(100), ..Route::at("/page") };
        let foresight =
            foresight(vec![redirect("/old", "/older"), redirect("/older", &format!("{ORIGIN}/page")), page]);
        let (status, body) = foresight.get(&format!("{ORIGIN}/old"), None, None, 2).expect("two hops");
        assert_eq!((status, body.left()), (StatusCode::OK, 100));
        assert!(body.eq(Noise::new(3).body("/page", 100)), "the bytes of the page itself");
        assert!(foresight.get(&format!("{ORIGIN}/old"), None, None, 1).is_none(), "one hop is too few");
    }

    #[test]
    fn site_and_authorization_count() {
        let route = Route { site: Some("a.example".into()), authorization: Some("Key 1".into()), ..Route::at("/") };
        let foresight = foresight(vec![route]);
        let status = |site, key| foresight.get(&format!("{ORIGIN}/"), site, key, 0).expect("an answer").0.as_u16();
        assert_eq!(status(Some("a.example"), Some("Key 1")), 200);
        assert_eq!(status(Some("a.example"), Some("Key 2")), 403);
        assert_eq!(status(Some("a.example"), None), 401);
        assert_eq!(status(Some("b.example"), Some("Key 1")), 404);
    }

    #[test]
    fn another_server_s_answers_are_not_known() {
        assert!(
            foresight(vec![redirect("/", "http://elsewhere.example/")])
                .get(&format!("{ORIGIN}/"), None, None, 5)
                .is_none()
        );
        assert!(foresight(Vec::new()).get("http://elsewhere.example/", None, None, 5).is_none());
    }
}
