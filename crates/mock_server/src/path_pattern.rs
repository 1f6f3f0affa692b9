//! Paths as a profile names them.

use std::fmt::{self, Display};

/// Below this path the server answers about itself, whatever the profile says.
pub(super) const PRIVATE: &str = "/-/";

/// The path of a route: exact, or a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PathPattern {
    Exact(String),
    Prefix(String),
}

impl Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(path) => write!(f, "{path}"),
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
        }
    }
}

impl PathPattern {
    pub(super) fn parse(path: &str) -> Result<Self, &'static str> {
        if !path.starts_with('/') {
            return Err("a path that starts with `/`");
        }
        if path.starts_with(PRIVATE) {
            return Err("another path: those below `/-/` are the server's own");
        }
        if !path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#".contains(&byte)) {
            return Err("a path of visible ASCII characters, without `?` or `#`");
        }
        match path.split_once('*') {
            None => Ok(Self::Exact(path.to_owned())),
            Some((prefix, "")) => Ok(Self::Prefix(prefix.to_owned())),
            Some(_) => Err("`*` only at the end"),
        }
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == path,
            Self::Prefix(prefix) => path.starts_with(prefix.as_str()),
        }
    }

    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(one), Self::Exact(other)) => one == other,
            (Self::Exact(_), Self::Prefix(_)) => false,
            (Self::Prefix(prefix), Self::Exact(other) | Self::Prefix(other)) => other.starts_with(prefix.as_str()),
        }
    }
}
