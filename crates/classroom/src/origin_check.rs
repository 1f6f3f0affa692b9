//! Which requests are accepted at all.
//!
//! A browser sends requests on behalf of any page that it shows. So another site's page could make the lecturer's
//! browser start races here. Three headers are checked: the *host* that the browser believes it talks to (a foreign
//! name that resolves to this machine is DNS rebinding), the *origin* of the page that posts, and the *media type*:
//! another site can't send JSON without a preflight request.

use super::answer::{JSON, Refused};
use hyper::{
    HeaderMap, Method, StatusCode, Uri,
    header::{CONTENT_TYPE, HOST, HeaderName, ORIGIN},
};
use std::net::SocketAddr;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// The `Host` values that a listener accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hosts(Vec<String>);

impl Hosts {
    pub(super) fn of(addr: SocketAddr) -> Self {
        let mut hosts = vec![addr.to_string()];
        if addr.ip().is_loopback() {
            hosts.push(format!("localhost:{}", addr.port()));
        }
        if addr.port() == 80 {
            // Browsers omit the default port.
            let short = hosts.iter().filter_map(|host| Some(host.strip_suffix(":80")?.to_owned()));
            hosts.extend(short.collect::<Vec<_>>());
        }
        Self(hosts)
    }

    /// Admits a request, or says why not.
    pub(super) fn admit(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refused> {
        let host = self.host(uri, headers)?;
        let site = text(headers, &FETCH_SITE);
        let is_own_site = matches!(site, None | Some("same-origin" | "none"));
        if method != Method::POST {
            // A link may come from any site; a subresource request may not.
            let is_link = text(headers, &FETCH_MODE) == Some("navigate");
            return if is_own_site || is_link {
                Ok(())
            } else {
                Err(forbidden("only this site's pages may load this"))
            };
        }
        let is_own_origin = !headers.contains_key(ORIGIN)
            || text(headers, &ORIGIN).and_then(|origin| origin.strip_prefix("http://")) == Some(host);
        if !(is_own_site && is_own_origin) {
            return Err(forbidden("only a page of this site may post here"));
        }
        let media_type = text(headers, &CONTENT_TYPE).and_then(|value| value.split(';').next()).unwrap_or_default();
        if media_type.trim().eq_ignore_ascii_case(JSON) {
            Ok(())
        } else {
            Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "expected `content-type: application/json`"))
        }
    }

    fn host<'h>(&self, uri: &Uri, headers: &'h HeaderMap) -> Result<&'h str, Refused> {
        let mut hosts = headers.get_all(HOST).iter();
        let host = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host.to_str().unwrap_or_default(),
            _ => "",
        };
        let is_ours = |host: &str| self.0.iter().any(|own| own.eq_ignore_ascii_case(host));
        if is_ours(host) && uri.authority().is_none_or(|authority| is_ours(authority.as_str())) {
            Ok(host)
        } else {
            Err(forbidden(format!("unknown host: use http://{}/", self.0.first().map_or("", String::as_str))))
        }
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    // A header that isn't text counts as wrong, not as missing.
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

fn forbidden(error: impl Into<String>) -> Refused {
    Refused::new(StatusCode::FORBIDDEN, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(hosts: &Hosts, method: &Method, uri: &str, headers: &[(&str, &str)]) -> Result<(), u16> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        hosts.admit(method, &uri.parse().unwrap(), &map).map_err(|refused| refused.status.as_u16())
    }

    #[test]
    fn only_our_own_names_are_answered() {
        let here = Hosts::of("127.0.0.1:8080".parse().unwrap());
        let there = Hosts::of("192.0.2.7:80".parse().unwrap());
        let get = |hosts, host| asked(hosts, &Method::GET, "/", &[("host", host)]);
        for fine in ["127.0.0.1:8080", "localhost:8080", "LOCALHOST:8080"] {
            assert_eq!(get(&here, fine), Ok(()), "{fine}");
        }
        for wrong in [
            "",
            "127.0.0.1",
            "127.0.0.1:80",
            "localhost",
            "evil.example:8080",
            "127.0.0.1:8080.evil.example",
            "x@127.0.0.1:8080",
            "127.1:8080",
            "[::1]:8080",
            "localhost:8080 ",
        ] {
            assert_eq!(get(&here, wrong), Err(403), "{wrong}");
        }
        assert_eq!((get(&there, "192.0.2.7"), get(&there, "192.0.2.7:80")), (Ok(()), Ok(())));
        assert_eq!((get(&there, "localhost:80"), get(&there, "localhost")), (Err(403), Err(403)));
        let six = Hosts::of("[::1]:8080".parse().unwrap());
        assert_eq!((get(&six, "[::1]:8080"), get(&six, "localhost:8080")), (Ok(()), Ok(())));

        let ours = ("host", "127.0.0.1:8080");
        assert_eq!(asked(&here, &Method::GET, "/", &[]), Err(403), "none at all");
        assert_eq!(asked(&here, &Method::GET, "/", &[ours, ours]), Err(403), "two of them");
        assert_eq!(asked(&here, &Method::GET, "http://evil.example/", &[ours]), Err(403), "a proxy's request");
        assert_eq!(asked(&here, &Method::GET, "http://localhost:8080/", &[ours]), Ok(()));
    }

    #[test]
    fn only_our_own_pages_may_post() {
        let here = Hosts::of("127.0.0.1:8080".parse().unwrap());
        let json = ("content-type", "application/json");
        let post = |headers: &[(&str, &str)]| {
            asked(&here, &Method::POST, "/run", &[&[("host", "127.0.0.1:8080")], headers].concat())
        };
        assert_eq!(post(&[json]), Ok(()));
        assert_eq!(post(&[("content-type", "Application/JSON; charset=utf-8")]), Ok(()));
        assert_eq!(post(&[json, ("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "same-origin")]), Ok(()));
        for origin in [
            "null",
            "",
            "http://localhost:8080",
            "https://127.0.0.1:8080",
            "http://evil.example",
            "http://127.0.0.1:8081",
            "127.0.0.1:8080",
            "\u{e9}",
        ] {
            assert_eq!(post(&[json, ("origin", origin)]), Err(403), "{origin}");
        }
        for site in ["cross-site", "same-site", "", "SAME-ORIGIN"] {
            assert_eq!(post(&[json, ("sec-fetch-site", site)]), Err(403), "{site}");
        }
        for media_type in
            ["text/plain", "application/x-www-form-urlencoded", "text/plain; application/json", "", "json"]
        {
            assert_eq!(post(&[("content-type", media_type)]), Err(415), "{media_type}");
        }
        assert_eq!(post(&[]), Err(415));
    }

    #[test]
    fn a_link_may_come_from_anywhere_and_a_picture_may_not() {
        let here = Hosts::of("127.0.0.1:8080".parse().unwrap());
        let get = |mode| {
            let from = [("host", "127.0.0.1:8080"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", mode)];
            asked(&here, &Method::GET, "/", &from)
        };
        assert_eq!((get("navigate"), get("no-cors"), get("cors")), (Ok(()), Err(403), Err(403)));
    }
}
