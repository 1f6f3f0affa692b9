//! Refuses malformed requests: those that RFC 9112 wants refused, and hyper lets pass.

use super::{answer::plain, payload::Payload, socket::Connection};
use hyper::{
    HeaderMap, Response, StatusCode, Version,
    header::{CONNECTION, HOST, HeaderValue},
    http::{
        request::Parts,
        uri::{Authority, PathAndQuery},
    },
};

/// The longest path and query, bytes. RFC 9112 wants 8,000 at least. hyper itself refuses more than 65,534, likewise
/// with 414.
const LONGEST_TARGET: usize = 8 * 1024;
/// The largest rest of a head, bytes. hyper itself refuses more than some 400 kB, likewise with 431.
const LARGEST_HEAD: usize = 16 * 1024;

/// The answer to a malformed request; it ends the connection.
pub(super) fn refused(parts: &Parts, connection: &Connection) -> Option<Response<Payload>> {
    let (status, expected) = wrong(parts, connection)?;
    let mut response = plain(status, format!("expected {expected}\n"));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    Some(response)
}

fn wrong(parts: &Parts, connection: &Connection) -> Option<(StatusCode, String)> {
    let target = parts.uri.path_and_query().map_or(0, |target: &PathAndQuery| target.as_str().len());
    let head: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if connection.speaks_other_version() {
        return Some((StatusCode::HTTP_VERSION_NOT_SUPPORTED, "HTTP/1.1 or HTTP/1.0".into()));
    }
    if target > LONGEST_TARGET {
        return Some((StatusCode::URI_TOO_LONG, format!("at most {LONGEST_TARGET} bytes of path and query")));
    }
    if head > LARGEST_HEAD {
        let expected = format!("at most {LARGEST_HEAD} bytes of headers");
        return Some((StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, expected));
    }
    let mut hosts = parts.headers.get_all(HOST).into_iter();
    let is_right = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().is_ok_and(names_a_host),
        (None, _) => parts.version < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    };
    (!is_right).then(|| (StatusCode::BAD_REQUEST, "one Host header, such as `Host: 127.0.0.1:8080`".into()))
}

/// A host with or without a port, and nothing else.
fn names_a_host(value: &str) -> bool {
    let authority = value.parse::<Authority>().ok().filter(|authority| !authority.as_str().contains('@'));
    authority.is_some_and(|authority| {
        let rest = value.strip_prefix(authority.host()).filter(|_| !authority.host().is_empty());
        rest.is_some_and(|rest| match rest.strip_prefix(':') {
            Some(port) => port.is_empty() || port.parse::<u16>().is_ok(),
            None => rest.is_empty(),
        })
    })
}

/// The requested host: from the request line if it has the proxy form, else from the header.
pub(super) fn host<'a>(parts: &'a Parts, own_host: &'a str) -> &'a str {
    let in_header = |headers: &'a HeaderMap| headers.get(HOST)?.to_str().ok();
    match parts.uri.authority() {
        Some(authority) => authority.as_str(),
        None => in_header(&parts.headers).unwrap_or(own_host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for host in ["a", "a.example:80", "127.0.0.1:8080", "[::1]", "[::1]:80", "a:"] {
            assert!(names_a_host(host), "{host}");
        }
        for junk in ["", ":80", "a b", "a/b", "a:b", "a:80:80", "a:65536", "user@a", "http://a", "a,b\\", "[::1", "a?b"]
        {
            assert!(!names_a_host(junk), "{junk}");
        }
    }
}
