//! A Redis server of a test's own: a real one, with its own port and folder, that can be killed and come back.

use super::{
    skipped::{lacking, tool},
    under_way::Guarded,
    wait::wait_until,
};
use makespan::queue::address::Address;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use redis::{Connection, RedisResult, cmd};
use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    process::{self, Child, Command, Stdio},
    sync::{
        Once,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};
use tempfile::TempDir;

const PROGRAM: &str = "redis-server";

/// A running `redis-server` with append-only persistence. It is gone when this is dropped.
pub struct RedisServer {
    process: Guarded,
    port: u16,
    password: Option<&'static str>,
    folder: TempDir,
}

impl RedisServer {
    /// Starts one; where there is no `redis-server`, says what was left out.
    pub fn start() -> Option<Self> {
        Self::start_with(None)
    }

    /// One that wants this password.
    pub fn start_with_password(password: &'static str) -> Option<Self> {
        Self::start_with(Some(password))
    }

    fn start_with(password: Option<&'static str>) -> Option<Self> {
        let Some(program) = tool(PROGRAM) else {
            without_redis();
            return None;
        };
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        loop {
            let port = free_port();
            let mut process = spawn(&program, port, password, &folder);
            // Somebody else may have taken the port in the meantime; then ours ends.
            if is_up(&mut process, port, password) {
                return Some(Self { process: Guarded(process), port, password, folder });
            }
        }
    }

    /// Where it is, with its password.
    pub fn url(&self) -> String {
        let login = self.password.map(|password| format!(":{password}@")).unwrap_or_default();
        format!("redis://{login}127.0.0.1:{}/0", self.port)
    }

    pub fn address(&self) -> Address {
        self.url().parse().expect("it is the address of a Redis server")
    }

    /// A connection for looking at what is in it.
    pub fn connect(&self) -> Connection {
        connect(self.port, self.password).expect("the server is up")
    }

    /// Waits until a run waits for messages: it has read those that were delivered so far.
    pub fn await_reader(&self) {
        let mut connection = self.connect();
        wait_until("a run waits for messages", || {
            let clients: String = cmd("CLIENT").arg("LIST").query(&mut connection).expect("the server is up");
            clients.lines().any(|client| client.contains(" flags=b ") && client.contains(" cmd=xread "))
        });
    }

    /// Ends it as the kernel would: no time to write anything.
    pub fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        self.process.0.wait().expect("it was started");
    }

    /// Ends it in good order.
    pub fn shut_down(&mut self) {
        self.signal(Signal::SIGTERM);
        self.process.0.wait().expect("it was started");
    }

    /// Starts it again after it has ended, on the same port and with its data.
    pub fn restart(&mut self) {
        let program = tool(PROGRAM).expect("it was there before");
        wait_until("the server is up again", || {
            self.process = Guarded(spawn(&program, self.port, self.password, &self.folder));
            is_up(&mut self.process.0, self.port, self.password)
        });
    }

    /// Loses its data. It must have ended.
    pub fn lose_data(&self) {
        for entry in fs::read_dir(self.folder.path()).expect("it is there").flatten() {
            let _ = fs::remove_dir_all(entry.path()).or_else(|_| fs::remove_file(entry.path()));
        }
    }

    /// Stops it, and nobody is told: to its clients it is as if the wire had been cut.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Goes on.
    pub fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.process.0.id().cast_signed()), signal).expect("it is there");
    }
}

fn spawn(program: &PathBuf, port: u16, password: Option<&str>, folder: &TempDir) -> Child {
    let mut command = Command::new(program);
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "yes"]);
    // Each change is written before it is answered, and survives the death of the process. With `everysec` it may be
    // held back while the disk is busy.
    command.args(["--appendfsync", "no", "--dir"]).arg(folder.path());
    if let Some(password) = password {
        command.args(["--requirepass", password]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("redis-server starts")
}

/// Waits until this very process answers on the port, its data read. `false` when it has ended instead.
fn is_up(process: &mut Child, port: u16, password: Option<&str>) -> bool {
    let id = format!("process_id:{}\r\n", process.id());
    let mut has_ended = false;
    wait_until("the server answers", || {
        has_ended = process.try_wait().expect("it was started").is_some();
        let about = connect(port, password).and_then(|mut connection| cmd("INFO").query::<String>(&mut connection));
        has_ended || about.is_ok_and(|about| about.contains(&id) && about.contains("\nloading:0\r\n"))
    });
    !has_ended
}

fn connect(port: u16, password: Option<&str>) -> RedisResult<Connection> {
    let login = password.map(|password| format!(":{password}@")).unwrap_or_default();
    let client = redis::Client::open(format!("redis://{login}127.0.0.1:{port}/0"))?;
    client.get_connection_with_timeout(Duration::from_secs(2))
}

/// A port that is free now. Not one of those that the system hands out by itself: a server that is away for a moment would
/// lose it to somebody's connection.
fn free_port() -> u16 {
    const FROM: u32 = 20_000;
    const PORTS: u32 = 12_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Tests of other files run in other processes at the same time.
    let own = process::id().wrapping_mul(97);
    let mut ports = std::iter::repeat_with(|| FROM + own.wrapping_add(NEXT.fetch_add(1, Relaxed)) % PORTS);
    let port = ports.by_ref().take(PORTS as usize).filter_map(|port| u16::try_from(port).ok());
    { port }.find(|&port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()).expect("some port is free")
}

/// Says once what was left out.
fn without_redis() {
    static SAID: Once = Once::new();
    SAID.call_once(|| lacking(PROGRAM, "the queue on Redis"));
}
