//! What is answered at which path, and how long that takes. Computed before the wait, so it never makes an answer late.

use super::{
    checked::{CheckedProfile, CheckedRoute},
    gallery::Listing,
    generic,
    payload::{Noise, Payload},
    photos::{Photos, media_type},
    profile::Body,
    server::ServeError,
};
use bytes::Bytes;
use hyper::{
    Method, Request, Response, StatusCode,
    header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, LOCATION, WWW_AUTHENTICATE},
};

/// The routes, and all that their answers are made of.
#[derive(Debug)]
pub(super) struct Routes {
    all: Vec<CheckedRoute>,
    noise: Noise,
    photos: Photos,
    listing: Listing,
    time_scale: f64,
}

/// What to answer, and how long after the request.
#[derive(Debug)]
pub(super) struct Answer {
    /// The mean: the service draws from the route's spread.
    pub latency_ns: u64,
    /// The route of the profile, counted from 0.
    pub route: Option<usize>,
    /// A pace of this answer's own.
    pub pace_bytes_per_s: Option<f64>,
    pub response: Response<Payload>,
}

impl Answer {
    /// One without latency, from no route of the profile.
    pub(super) fn at_once(response: Response<Payload>) -> Self {
        Self { latency_ns: 0, route: None, pace_bytes_per_s: None, response }
    }
}

impl Routes {
    /// Reads what the routes need.
    pub(super) fn open(profile: CheckedProfile) -> Result<Self, ServeError> {
        let photos = match &profile.photos {
            Some(folder) => {
                Photos::load(folder).map_err(|source| ServeError::Photos { folder: folder.clone(), source })?
            }
            None if profile.routes.iter().any(|route| route.body == Body::Photo) => return Err(ServeError::NoPhotos),
            None => Photos::default(),
        };
        Ok(Self {
            all: profile.routes,
            noise: Noise::new(profile.seed),
            photos,
            listing: Listing::built_in(),
            time_scale: profile.time_scale,
        })
    }

    /// The answer to a request; `own_host` stands in for a `Host` header that isn't there.
    pub(super) fn answer<B>(&self, request: &Request<B>, own_host: &str) -> Answer {
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Answer::at_once(response);
        }
        let host = host(request).unwrap_or(own_host);
        match self.all.iter().enumerate().find(|(_, route)| route.answers(request.uri().path(), host)) {
            Some((number, route)) => Answer {
                latency_ns: route.latency_ns,
                route: Some(number),
                ..Answer::at_once(self.respond(route, request, host))
            },
            None => generic::answer(request, host, &self.noise, self.time_scale)
                .unwrap_or_else(|| Answer::at_once(empty(StatusCode::NOT_FOUND))),
        }
    }

    fn respond<B>(&self, route: &CheckedRoute, request: &Request<B>, host: &str) -> Response<Payload> {
        if let Some(refusal) = refusal(route, request.headers().get(AUTHORIZATION)) {
            return refusal;
        }
        let path = request.uri().path();
        let (media_type, payload) = match route.body {
            Body::Empty => ("", Payload::default()),
            Body::Bytes(length) => ("application/octet-stream", self.noise.body(path, length)),
            Body::Gallery => ("application/json", self.listing.on_host(host).into()),
            Body::Photo => match self.photos.at(path) {
                Some(photo) => (media_type(path), photo.into()),
                None => return empty(StatusCode::NOT_FOUND),
            },
        };
        let mut response = Response::new(payload);
        *response.status_mut() = route.status;
        if !media_type.is_empty() {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        if let Some(location) = &route.location {
            response.headers_mut().insert(LOCATION, location.clone());
        }
        response
    }
}

impl CheckedRoute {
    fn answers(&self, path: &str, host: &str) -> bool {
        self.path.matches(path) && self.site.as_deref().is_none_or(|site| site.eq_ignore_ascii_case(without_port(host)))
    }
}

/// The answer to a request that lacks the route's `Authorization`, or has another.
fn refusal(route: &CheckedRoute, shown: Option<&HeaderValue>) -> Option<Response<Payload>> {
    let wanted = route.authorization.as_ref()?;
    match shown {
        Some(shown) if shown == wanted => None,
        Some(_) => Some(empty(StatusCode::FORBIDDEN)),
        None => {
            let mut response = empty(StatusCode::UNAUTHORIZED);
            // HTTP wants a 401 to name the scheme: the first word of what would have been right.
            let scheme = wanted.as_bytes().split(|&byte| byte == b' ').next().unwrap_or_default();
            if let Ok(scheme) = HeaderValue::from_bytes(scheme) {
                response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
            }
            Some(response)
        }
    }
}

/// The host that the client meant: in the request's line if a proxy's form was used, else in its header.
fn host<B>(request: &Request<B>) -> Option<&str> {
    match request.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => request.headers().get(HOST)?.to_str().ok(),
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// An answer that is all status.
pub(super) fn empty(status: StatusCode) -> Response<Payload> {
    let mut response = Response::new(Payload::default());
    *response.status_mut() = status;
    response
}

/// An answer in JSON.
pub(super) fn json(body: Bytes) -> Response<Payload> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
