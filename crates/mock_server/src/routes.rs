//! The answer for each path, and its latency. Computed before the wait, so it never makes an answer late.

use super::{
    answer::{Answer, Source, empty, other_methods, plain},
    checked::{CheckedProfile, CheckedRoute},
    errors::ServeError,
    gallery::GalleryListing,
    generic::{self, RequestAsked},
    payload::{NoiseBytes, Payload},
    photos::{Photos, media_type},
    profile::Body,
};
use hyper::{
    Method, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, WWW_AUTHENTICATE},
};

/// The routes, and the data for their answers.
#[derive(Debug)]
pub(super) struct Routes {
    all: Vec<CheckedRoute>,
    noise: NoiseBytes,
    photos: Photos,
    listing: GalleryListing,
    time_scale: f64,
}

/// What a request's method, path and host select.
#[derive(Debug)]
pub(super) enum Target {
    /// The route of the profile with this number, counted from 0.
    Profile(usize),
    /// A generic route.
    Generic(generic::Found),
    /// A route with other methods: those of an `Allow` header, which is what OPTIONS asks for.
    OtherMethods(String),
    /// None.
    Nowhere,
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
            noise: NoiseBytes::new(profile.seed),
            photos,
            listing: GalleryListing::built_in(),
            time_scale: profile.time_scale,
        })
    }

    /// The target of a request. The profile's routes come first, and support only GET and HEAD.
    pub(super) fn find(&self, method: &Method, path: &str, host: &str) -> Target {
        let number = self.all.iter().position(|route| route.answers(path, host));
        match (number, generic::find(path)) {
            (Some(number), _) if [Method::GET, Method::HEAD].contains(method) => Target::Profile(number),
            (Some(_), _) => Target::OtherMethods("GET, HEAD, OPTIONS".into()),
            (None, Some(found)) if found.takes(method) => Target::Generic(found),
            (None, Some(found)) => Target::OtherMethods(found.allow()),
            (None, None) => Target::Nowhere,
        }
    }

    /// The answer to a request for this target.
    pub(super) fn answer(&self, target: &Target, asked: &RequestAsked) -> Answer {
        match target {
            Target::Profile(number) => {
                let route = &self.all[*number];
                let (source, response) = self.respond(route, asked).map_or_else(
                    || (Source::Nowhere, empty(StatusCode::NOT_FOUND)),
                    |response| (Source::Profile, response),
                );
                Answer { latency_ns: route.latency_ns, source, ..Answer::at_once(response) }
            }
            Target::Generic(found) => found.answer(asked, &self.noise, self.time_scale),
            Target::OtherMethods(allow) => Answer::at_once(other_methods(&asked.parts.method, allow)),
            Target::Nowhere => {
                let text = format!("{}: no route answers this. There are:\n\n{}", asked.parts.uri, self.list());
                Answer { source: Source::Nowhere, ..Answer::at_once(plain(StatusCode::NOT_FOUND, text)) }
            }
        }
    }

    /// All routes, a line each, for people.
    fn list(&self) -> String {
        let of_profile = self.all.iter().map(|route| {
            let site = route.site.as_ref().map_or_else(String::new, |site| format!(" (Host: {site})"));
            format!("  GET      {}{site}\n", route.path)
        });
        of_profile.chain([generic::list()]).collect()
    }

    /// `None` for a missing photo.
    fn respond(&self, route: &CheckedRoute, asked: &RequestAsked) -> Option<Response<Payload>> {
        if let Some(refusal) = refusal(route, asked.parts.headers.get(AUTHORIZATION)) {
            return Some(refusal);
        }
        let path = asked.parts.uri.path();
        let (media_type, payload) = match route.body {
            Body::Empty => ("", Payload::default()),
            Body::Bytes(length) => ("application/octet-stream", self.noise.body(path, length)),
            Body::Gallery => ("application/json", self.listing.on_host(asked.host).into()),
            Body::Photo => (media_type(path), self.photos.at(path)?.into()),
        };
        let mut response = Response::new(payload);
        *response.status_mut() = route.status;
        if !media_type.is_empty() {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        if let Some(location) = &route.location {
            response.headers_mut().insert(LOCATION, location.clone());
        }
        Some(response)
    }
}

/// The answer to a request without the route's `Authorization`, or with another.
fn refusal(route: &CheckedRoute, shown: Option<&HeaderValue>) -> Option<Response<Payload>> {
    let wanted = route.authorization.as_ref()?;
    match shown {
        Some(shown) if shown == wanted => None,
        Some(_) => Some(empty(StatusCode::FORBIDDEN)),
        None => {
            let mut response = empty(StatusCode::UNAUTHORIZED);
            // HTTP wants a 401 to name the scheme: the first word of the right value.
            let scheme = wanted.as_bytes().split(|&byte| byte == b' ').next().unwrap_or_default();
            if let Ok(scheme) = HeaderValue::from_bytes(scheme) {
                response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
            }
            Some(response)
        }
    }
}
