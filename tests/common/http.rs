//! HTTP by hand: a client that can also do wrong.

use super::PATIENCE;
use std::{
    collections::HashMap,
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    net::TcpStream,
};

/// One connection to a server.
pub struct Client(pub BufReader<TcpStream>);

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// By their names in lower case.
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Client {
    /// Connects to `http://HOST:PORT`.
    pub fn at(origin: &str) -> Self {
        let stream = TcpStream::connect(origin.strip_prefix("http://").expect("an origin")).expect("a server");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        Self(BufReader::new(stream))
    }

    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(bytes.as_ref()).expect("the server reads");
    }

    /// Sends the request of a task, `RUN/INDEX`, and doesn't wait for its answer.
    pub fn send(&mut self, method: &str, path: &str, task: &str) {
        self.write(format!("{method} {path} HTTP/1.1\r\nHost: a\r\nmakespan-task: {task}\r\n\r\n"));
    }

    /// Gets it as a task.
    pub fn get_as(&mut self, path: &str, task: &str) -> Reply {
        self.get(path, &[&format!("makespan-task: {task}")])
    }

    pub fn get(&mut self, path: &str, headers: &[&str]) -> Reply {
        self.ask("GET", path, headers)
    }

    pub fn ask(&mut self, method: &str, path: &str, headers: &[&str]) -> Reply {
        let mut lines = vec![format!("{method} {path} HTTP/1.1")];
        lines.extend(headers.iter().map(|&header| header.to_owned()));
        if !headers.iter().any(|header| header.starts_with("Host:")) {
            lines.push("Host: some.example:8080".to_owned());
        }
        self.write(format!("{}\r\n\r\n", lines.join("\r\n")));
        let mut reply = self.head();
        if method != "HEAD" {
            let length = reply.headers["content-length"].parse().expect("a length");
            reply.body.resize(length, 0);
            self.0.read_exact(&mut reply.body).expect("the whole body");
        }
        reply
    }

    /// Reads the next answer's head.
    pub fn head(&mut self) -> Reply {
        let lines = self.0.by_ref().lines().map(|line| line.expect("an answer"));
        let mut lines = lines.take_while(|line| !line.is_empty());
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status line");
        let header = |line: String| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        Reply { status, headers: lines.filter_map(header).collect(), body: Vec::new() }
    }

    /// How many bytes still come, and how that ends.
    pub fn rest(&mut self) -> (usize, io::Result<()>) {
        let mut bytes = Vec::new();
        let end = self.0.read_to_end(&mut bytes);
        (bytes.len(), end.map(drop))
    }

    /// Whether the server ends the connection, after whatever it still had to say. It may do so without reading all that
    /// was sent, which the system reports as a reset.
    pub fn ends(mut self) -> bool {
        self.rest().1.map_or_else(|error| error.kind() == ErrorKind::ConnectionReset, |()| true)
    }
}
