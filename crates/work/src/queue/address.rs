//! Where a queue is: a Redis server or a SQLite file. A password in it is never shown.

use super::{broker::Broker, redis::Redis, sqlite::Sqlite};
use redis::{ConnectionAddr, ConnectionInfo};
use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf, str::FromStr};

/// The queue's name by default.
pub const DEFAULT_NAME: &str = "makespan";

/// The environment variable for the queue's address, if no option gives it.
pub const VARIABLE: &str = "MAKESPAN_QUEUE";

/// The default address of a local Redis.
pub const LOCAL_REDIS: &str = "redis://127.0.0.1:6379/0";

const EXPECTED: &str = "expected redis://[[USER]:PASSWORD@]HOST[:PORT][/DB] or sqlite:PATH";

/// A queue's address. Displayed, it has no password; serialised, for worker processes over their pipe, it has one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Address {
    /// A file on this machine.
    Sqlite(#[serde(with = "support::path_bytes")] PathBuf),
    /// A server, on this machine or another.
    Redis(RedisUrl),
}

/// A Redis server and one of its databases, with its password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedisUrl {
    /// A name or an IP address.
    pub host: String,
    /// 6379 by default.
    pub port: u16,
    /// The database's number, from 0.
    pub db: i64,
    /// The user; without one, Redis' own default.
    pub user: Option<String>,
    /// The password, decoded.
    pub password: Option<String>,
}

impl Address {
    /// A connection to the queue of this name, opened on first use.
    pub fn broker(&self, name: &str) -> Box<dyn Broker> {
        match self {
            Self::Sqlite(path) => Box::new(Sqlite::new(path, name)),
            Self::Redis(url) => Box::new(Redis::new(url, name)),
        }
    }

    /// How such a queue can lose its jobs.
    pub fn what_loses_jobs(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "was the file deleted, or replaced by another?",
            Self::Redis(_) => {
                "was the server emptied (FLUSHALL), restarted without `appendonly yes`, or so short of memory that it \
                 evicted them (`maxmemory-policy`)?"
            }
        }
    }

    /// The text without the passwords of the URLs in it, whatever their scheme. A URL ends at white space.
    pub fn redact(text: &str) -> String {
        text.split_inclusive(char::is_whitespace).map(redact_word).collect()
    }
}

/// Everything before the last `@` counts as secret, except a clear user name: in a malformed URL, a password may begin
/// anywhere.
fn redact_word(word: &str) -> String {
    let parts = word.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?)));
    let Some((scheme, (secret, place))) = parts else { return word.to_owned() };
    let plain = |user: &&str| user.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter));
    match secret.split_once(':').map(|(user, _)| user).filter(plain) {
        Some(user) => format!("{scheme}://{user}:***@{place}"),
        None => format!("{scheme}://***@{place}"),
    }
}

impl FromStr for Address {
    type Err = String;

    /// Errors never repeat the text: if it is malformed, a password may stand anywhere in it.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return match path {
                "" => Err(format!("`sqlite:` without a path; {EXPECTED}")),
                _ if path.starts_with("//") => {
                    Err("a path follows `sqlite:` at once, as in sqlite:/tmp/queue.db".to_owned())
                }
                _ => Ok(Self::Sqlite(path.into())),
            };
        }
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("redis") => redis_url(text).map(Self::Redis),
            Some("rediss") => {
                Err("encrypted connections (`rediss://`) are not built in; take redis:// within a network \
                                   that you trust, or through a tunnel"
                    .to_owned())
            }
            Some("unix" | "redis+unix") => Err(format!(
                "sockets of Unix are not built in: no other machine could reach \
                                                       one; {EXPECTED}"
            )),
            _ => Err(format!("that is not the address of a queue; {EXPECTED}")),
        }
    }
}

fn redis_url(text: &str) -> Result<RedisUrl, String> {
    const ENCODE: &str = "in a user or a password, white space and any of : / ? # @ % [ ] are written as %XX";
    // The parser would drop some of these, and take others for the end of the URL.
    if text.contains(|letter: char| letter.is_whitespace() || letter.is_control() || "?#".contains(letter)) {
        return Err(format!("white space, `?` or `#` in the address of a queue; {ENCODE}"));
    }
    let found = text
        .parse::<ConnectionInfo>()
        .map_err(|_| format!("not the address of a Redis server; {EXPECTED}; {ENCODE}"))?;
    let ConnectionAddr::Tcp(host, port) = found.addr() else { return Err(EXPECTED.to_owned()) };
    let login = found.redis_settings();
    if !host.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.:".contains(letter)) {
        return Err(format!("the host's name has characters that no host has; {EXPECTED}; {ENCODE}"));
    }
    if login.db() < 0 {
        return Err(format!("databases are numbered from 0; {EXPECTED}"));
    }
    if login.username().is_some() && login.password().is_none() {
        return Err(
            "a user without a password; one without a user has a colon before it: redis://:PASSWORD@HOST".to_owned()
        );
    }
    Ok(RedisUrl {
        host: host.clone(),
        port: *port,
        db: login.db(),
        user: login.username().map(str::to_owned),
        password: login.password().map(str::to_owned),
    })
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Redis(url) => write!(f, "{url}"),
        }
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, db, user, password } = self;
        let user: String = form_urlencoded::byte_serialize(user.as_deref().unwrap_or_default().as_bytes()).collect();
        let login = if password.is_some() { format!("{user}:***@") } else { String::new() };
        let (open, close) = if host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "redis://{login}{open}{host}{close}:{port}/{db}")
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> Result<String, String> {
        text.parse::<Address>().map(|address| address.to_string())
    }

    #[test]
    fn addresses_are_shown_in_full_and_without_their_password() {
        for (text, shown) in [
            ("redis://localhost", "redis://localhost:6379/0"),
            ("REDIS://10.0.0.1:7000/3", "redis://10.0.0.1:7000/3"),
            ("redis://[::1]/2", "redis://[::1]:6379/2"),
            ("redis://:secret@host", "redis://:***@host:6379/0"),
            ("redis://me:secret@host:1/0/", "redis://me:***@host:1/0"),
            ("redis://a%40b:secret@host", "redis://a%40b:***@host:6379/0"),
            ("sqlite:/tmp/queue.db", "sqlite:/tmp/queue.db"),
            ("sqlite:queue.db", "sqlite:queue.db"),
        ] {
            assert_eq!(parsed(text).as_deref(), Ok(shown), "{text}");
        }
    }

    #[test]
    fn a_password_is_decoded() {
        let Ok(Address::Redis(url)) = "redis://a%40b:p%2Fw%20%25@host".parse() else { panic!("it is an address") };
        assert_eq!((url.user.as_deref(), url.password.as_deref()), (Some("a@b"), Some("p/w %")));
    }

    #[test]
    fn everything_else_is_refused_with_what_was_expected() {
        for (text, expected) in [
            ("", EXPECTED),
            ("localhost:6379", EXPECTED),
            ("postgres://me:secret@host/db", EXPECTED),
            ("sqlite:", EXPECTED),
            ("sqlite://queue.db", "at once"),
            ("redis://", EXPECTED),
            ("redis://:secret@", EXPECTED),
            ("redis://host:port", EXPECTED),
            ("redis://host/secret", EXPECTED),
            ("redis://host/-1", "from 0"),
            ("redis://0.0.0.0", EXPECTED),
            ("redis://host/0?protocol=secret", "%XX"),
            ("redis://:sec ret@host", "%XX"),
            ("redis://:secret%40host", EXPECTED),
            ("redis://secret%40host", "%XX"),
            ("redis://secret@host", "a colon before it"),
            ("rediss://:secret@host", "tunnel"),
            ("unix:///run/secret.sock", EXPECTED),
            ("redis+unix:///run/secret.sock", EXPECTED),
        ] {
            let error = parsed(text).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains("secret"), "{text}: {error}");
        }
    }

    #[test]
    fn the_passwords_of_a_command_line_are_replaced() {
        for (line, redacted) in [
            ("makespan run x --queue redis://host/0 -n 3", "makespan run x --queue redis://host/0 -n 3"),
            (
                "run --queue redis://:pw@host/0  --server http://me:pw@h",
                "run --queue redis://:***@host/0  --server http://me:***@h",
            ),
            ("--queue=redis://me:p@w/:@host", "--queue=redis://me:***@host"),
            ("'redis://pw@host'", "'redis://***@host'"),
            ("someone@host sqlite:a@b", "someone@host sqlite:a@b"),
        ] {
            assert_eq!(Address::redact(line), redacted);
        }
    }

    /// What no message may contain.
    const SECRET: &str = "Zq7";

    fn encoded(text: &str) -> String {
        text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
    }

    proptest! {
        #[test]
        fn no_password_is_ever_shown(before in ".{0,6}", after in ".{0,6}", user in "[a-y]{0,3}", end in "(@host(:1)?(/0)?)?", scheme in "redis|rediss|unix|http|") {
            let password = format!("{before}{SECRET}{after}");
            for password in [&password, &encoded(&password)] {
                for text in [format!("{scheme}://{user}:{password}{end}"), format!("{scheme}:{password}{end}")] {
                    match text.parse::<Address>() {
                        // Without an `@`, it is a host or a path, not a password.
                        Ok(_) if !text.contains('@') => {}
                        Ok(address) => {
                            let shown = format!("{address} {address:?} {:?}", address.broker("q"));
                            prop_assert!(!shown.contains(SECRET) && !shown.contains(&encoded(SECRET)), "{shown}");
                        }
                        Err(error) => prop_assert!(!error.contains(SECRET), "{error}"),
                    }
                }
            }
        }

        #[test]
        fn any_password_without_white_space_is_redacted(before in "[^\\s]{0,6}", after in "[^\\s]{0,6}", user in "[a-y]{0,3}") {
            let line = format!("run --queue=redis://{user}:{before}{SECRET}{after}@host/0 --workers 3");
            let redacted = Address::redact(&line);
            prop_assert!(!redacted.contains(SECRET), "{redacted}");
            prop_assert!(redacted.starts_with("run --queue=redis://") && redacted.ends_with("@host/0 --workers 3"), "{redacted}");
        }

        #[test]
        fn any_password_can_be_written(password in ".{1,12}") {
            let address = format!("redis://:{}@host", encoded(&password)).parse();
            let Ok(Address::Redis(url)) = address else { panic!("{address:?}") };
            prop_assert_eq!(url.password, Some(password));
        }
    }
}
