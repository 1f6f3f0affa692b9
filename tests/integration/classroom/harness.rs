//! A classroom to test: the program itself, and browsers as far as HTTP goes.

use common::{
    PATIENCE,
    http::{Client, Reply},
    left_behind::{MARK, marked, marked_as, send},
    program_under_test,
    server::listening_on,
    under_way::Guarded,
    wait_until,
};
use makespan::{
    classroom::wire::{GuessRequest, RaceRequest, Refusal, RoomState},
    live::{Event, Race},
};
use nix::sys::signal::Signal;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    cell::RefCell,
    fmt::Display,
    io::{BufRead, BufReader, Read},
    net::TcpStream,
    process::{self, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
};
use tempfile::TempDir;

/// A classroom that is open. It is gone, with all that it has started, when this is dropped.
pub struct Classroom {
    process: Guarded,
    /// `http://127.0.0.1:PORT`, for the lecturer.
    pub here: String,
    /// The same for pupils, and the join code.
    pub elsewhere: Option<(String, String)>,
    mark: String,
    _data: TempDir,
}

impl Classroom {
    pub fn open() -> Self {
        Self::with(&[], &[])
    }

    /// One on a machine without Python.
    pub fn without_python() -> Self {
        Self::with(&[], &[("PATH", "/nowhere"), ("MAKESPAN_PYTHON", "")])
    }

    /// One that others can join. For a test the loopback interface is elsewhere enough.
    pub fn shared() -> Self {
        Self::with(&["--share", "127.0.0.1:0"], &[])
    }

    /// One at the addresses of another that has closed, as after a restart.
    pub fn after(before: Self) -> Self {
        let address = |origin: &str| origin.trim_start_matches("http://").to_owned();
        let here = address(&before.here);
        let elsewhere = before.elsewhere.as_ref().map(|(origin, _)| address(origin)).expect("it is shared");
        drop(before);
        Self::with(&["--addr", &here, "--share", &elsewhere], &[])
    }

    fn with(options: &[&str], environment: &[(&str, &str)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let mark = format!("classroom-{}-{}", process::id(), COUNT.fetch_add(1, Relaxed));
        let data = tempfile::tempdir().expect("the temporary folder is writable");
        let mut process = Command::new(program_under_test())
            .args(["classroom", "--data"])
            .arg(data.path())
            .args(options)
            .env(MARK, &mark)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program is there");
        let here = listening_on(process.stdout.take().expect("a pipe"));
        let mut notes = BufReader::new(process.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
        let said: Vec<String> = notes.by_ref().take_while(|note| !note.starts_with("Ctrl-C")).collect();
        thread::spawn(move || notes.for_each(drop));
        let elsewhere = said.iter().find_map(|note| {
            let (url, code) = note.strip_prefix("Students join at ")?.split_once(" with the code ")?;
            Some((url.split("/join").next()?.to_owned(), code.to_owned()))
        });
        Self { process: Guarded(process), here, elsewhere, mark, _data: data }
    }

    /// A browser on the lecturer's machine.
    pub fn browser(&self) -> Browser {
        Browser::at(&self.here)
    }

    /// A pupil's browser, not joined yet; and the join code.
    pub fn pupil(&self) -> (Browser, &str) {
        let (origin, code) = self.elsewhere.as_ref().expect("it is shared");
        (Browser::at(origin), code)
    }

    /// All that it has started and that is still there.
    pub fn started(&self) -> Vec<u32> {
        marked(&self.mark).into_iter().filter(|&pid| pid != self.process.0.id()).collect()
    }

    /// The process of the race that runs.
    pub fn race_process(&self) -> u32 {
        let mut found = Vec::new();
        wait_until("a race runs", || {
            found = marked_as(&self.mark, "run");
            !found.is_empty()
        });
        found[0]
    }

    pub fn signal(&self, signal: Signal) {
        send(signal, self.process.0.id());
    }

    /// Waits until it has ended by itself.
    pub fn ends(&mut self) -> ExitStatus {
        let process = &mut self.process.0;
        wait_until("the classroom closes", || process.try_wait().expect("it was started").is_some());
        process.wait().expect("it has ended")
    }
}

/// A browser: where it is, and the cookie that it was given.
pub struct Browser {
    pub origin: String,
    pub cookie: RefCell<Option<String>>,
}

impl Browser {
    pub fn at(origin: &str) -> Self {
        Self { origin: origin.into(), cookie: RefCell::new(None) }
    }

    pub fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], "")
    }

    pub fn post(&self, path: &str, body: &impl Serialize) -> Reply {
        self.ask("POST", path, &["Content-Type: application/json"], &serde_json::to_string(body).expect("JSON"))
    }

    /// A `POST` without a body.
    pub fn press(&self, path: &str) -> Reply {
        self.ask("POST", path, &["Content-Type: application/json"], "")
    }

    /// Any request, with these headers beside its own; a `Host` among them instead of its own.
    pub fn ask(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Reply {
        let mut client = Client::at(&self.origin);
        client.write(self.request(method, path, headers, body));
        let mut reply = client.head();
        let length = reply.headers.get("content-length").expect("an answer of known length").parse().expect("a number");
        reply.body.resize(length, 0);
        client.0.read_exact(&mut reply.body).expect("the whole body");
        if let Some(cookie) = reply.headers.get("set-cookie") {
            *self.cookie.borrow_mut() = cookie.split(';').next().map(ToOwned::to_owned);
        }
        reply
    }

    /// What it would send.
    pub fn request(&self, method: &str, path: &str, headers: &[&str], body: &str) -> String {
        let mut lines = vec![format!("{method} {path} HTTP/1.1")];
        if !headers.iter().any(|header| header.starts_with("Host:")) {
            lines.push(format!("Host: {}", self.origin.trim_start_matches("http://")));
        }
        lines.extend(headers.iter().map(|&header| header.to_owned()));
        lines.extend(self.cookie.borrow().iter().map(|cookie| format!("Cookie: {cookie}")));
        if method == "POST" {
            lines.push(format!("Content-Length: {}", body.len()));
        }
        format!("{}\r\n\r\n{body}", lines.join("\r\n"))
    }

    /// The room as it is now.
    pub fn room(&self) -> RoomState {
        json(&self.get("/room"))
    }

    /// Listens to the news.
    pub fn listen(&self) -> News {
        self.listen_after(None)
    }

    /// Listens again, after what was heard last.
    pub fn listen_after(&self, heard: Option<&str>) -> News {
        self.listen_on(TcpStream::connect(self.origin.trim_start_matches("http://")).expect("a server"), heard)
    }

    /// The same, over this connection.
    pub fn listen_on(&self, stream: TcpStream, heard: Option<&str>) -> News {
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        let mut client = Client(BufReader::new(stream));
        let heard = heard.map(|id| format!("Last-Event-ID: {id}"));
        let headers: Vec<&str> = heard.iter().map(String::as_str).collect();
        client.write(self.request("GET", "/events", &headers, ""));
        let reply = client.head();
        assert_eq!((reply.status, reply.headers["content-type"].as_str()), (200, "text/event-stream"));
        News { body: BufReader::new(Chunks { from: client.0, left: 0 }) }
    }
}

/// The news of one stream.
pub struct News {
    body: BufReader<Chunks>,
}

/// One piece of news.
#[derive(Debug, Clone)]
pub enum Told {
    RoomState(Box<RoomState>),
    /// With its id.
    Run(String, Event),
}

impl Iterator for News {
    type Item = Told;

    /// The next piece; `None` when the stream has ended.
    fn next(&mut self) -> Option<Told> {
        loop {
            let mut frame = Vec::new();
            loop {
                let mut line = String::new();
                if self.body.read_line(&mut line).expect("news, or their end") == 0 {
                    return None;
                }
                match line.trim_end() {
                    "" => break,
                    line => frame.push(line.to_owned()),
                }
            }
            let field = |name: &str| frame.iter().find_map(|line| line.strip_prefix(name));
            let data = field("data: ").unwrap_or_default();
            match field("event: ") {
                Some("room") => return Some(Told::RoomState(serde_json::from_str(data).expect(data))),
                Some("run") => {
                    let id = field("id: ").expect("an id").to_owned();
                    return Some(Told::Run(id, serde_json::from_str(data).expect(data)));
                }
                Some(other) => panic!("{other}"),
                // A heartbeat, or how long to wait.
                None => {}
            }
        }
    }
}

impl News {
    /// The news up to the first of this kind, that one included.
    pub fn until(&mut self, what: &str, is_it: impl Fn(&Told) -> bool) -> Vec<Told> {
        let mut all = Vec::new();
        while !all.last().is_some_and(&is_it) {
            all.push(self.next().unwrap_or_else(|| panic!("the stream ended before {what}")));
        }
        all
    }

    /// The news up to a state of the room.
    pub fn until_room(&mut self, what: &str, is_it: impl Fn(&RoomState) -> bool) -> Vec<Told> {
        self.until(what, |told| matches!(told, Told::RoomState(room) if is_it(room)))
    }

    /// The news up to the first run that counts.
    pub fn until_timed(&mut self) -> Vec<Told> {
        self.until_event("a run", |event| matches!(event, Event::Working { timed: true, .. }))
    }

    /// The news up to an event of a race.
    pub fn until_event(&mut self, what: &str, is_it: impl Fn(&Event) -> bool) -> Vec<Told> {
        self.until(what, |told| matches!(told, Told::Run(_, event) if is_it(event)))
    }
}

/// The race, after the events among these messages.
pub fn race<'t>(told: impl IntoIterator<Item = &'t Told>) -> Race {
    let mut race = Race::default();
    for one in told {
        if let Told::Run(_, event) = one {
            race.add(event.clone());
        }
    }
    race
}

/// The rooms among the news.
pub fn rooms(told: &[Told]) -> Vec<&RoomState> {
    told.iter().filter_map(|one| if let Told::RoomState(room) = one { Some(&**room) } else { None }).collect()
}

/// A body in chunks, put together.
struct Chunks {
    from: BufReader<TcpStream>,
    left: usize,
}

impl Read for Chunks {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            let mut size = String::new();
            self.from.read_line(&mut size)?;
            self.left = usize::from_str_radix(size.trim_end(), 16).unwrap_or(0);
            if self.left == 0 {
                return Ok(0);
            }
        }
        let most = into.len().min(self.left);
        let length = self.from.read(&mut into[..most])?;
        self.left -= length;
        if self.left == 0 {
            self.from.read_exact(&mut [0; 2])?;
        }
        Ok(length)
    }
}

/// The body of a success.
pub fn json<T: DeserializeOwned>(reply: &Reply) -> T {
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    serde_json::from_slice(&reply.body).expect("JSON")
}

/// What a refusal says.
#[track_caller]
pub fn refused(reply: &Reply, status: u16) -> String {
    let said = String::from_utf8_lossy(&reply.body);
    assert_eq!(reply.status, status, "{said}");
    assert_eq!(reply.headers["content-type"], "application/json");
    serde_json::from_str::<Refusal>(&said).expect(&said).error
}

/// Thirty waits of a millisecond or so, sequentially and by two threads: a race of a moment.
pub fn short() -> RaceRequest {
    RaceRequest {
        scenario: "latency_only".into(),
        variant: None,
        strategies: vec!["threads".into()],
        workers: vec!["2".into()],
        schedules: Vec::new(),
        rounds: 2,
        time_scale: Some(10.0),
        ask: None,
    }
}

/// The same with a question.
pub fn asked() -> RaceRequest {
    RaceRequest { ask: Some("threads x 2".into()), ..short() }
}

/// One that goes on until somebody stops it.
pub fn long() -> RaceRequest {
    RaceRequest { rounds: 30, time_scale: Some(0.5), ..short() }
}

/// A guess as a browser sends it.
pub fn guess(name: &str, seconds: impl Display) -> GuessRequest {
    GuessRequest { name: name.into(), seconds: seconds.to_string() }
}
