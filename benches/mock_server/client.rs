//! A client as lean as one can be: requests written beforehand, raw sockets, and of HTTP only where an answer ends.
//!
//! With many requests in flight it never sleeps: while it waits it asks again and again what there is to read, so what it
//! adds to an answer is the reading alone. One request after the other is done as most programs do it, by a read that
//! blocks.

use makespan::{measure::clock::now_ns, mock_server::log::LATENESS_HEADER};
use std::{
    cell::RefCell,
    future::poll_fn,
    io::{self, Read, Write},
    pin::Pin,
    rc::Rc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    runtime::{Builder, LocalOptions, LocalRuntime},
    task::{JoinHandle, spawn_local, yield_now},
};

/// A request and its answer, as seen from here, and what the server said of itself.
pub struct Exchange {
    /// From before the request was written until the answer had been read.
    pub took_ns: u64,
    /// The server's own lateness.
    pub lateness_ns: u64,
}

/// A request for a path, as bytes.
pub fn request(path: &str) -> Rc<[u8]> {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes().into()
}

pub fn runtime() -> io::Result<LocalRuntime> {
    Builder::new_current_thread().enable_io().build_local(LocalOptions::default())
}

/// What became of a number of requests.
pub struct Flow {
    pub exchanges: Vec<Exchange>,
    /// How many requests were under way at once, in the mean.
    pub in_flight: f64,
}

/// So many requests on one connection, each after the answer to the one before.
pub fn one_after_another(addr: &str, request: &[u8], count: u32) -> io::Result<Flow> {
    let mut stream = std::net::TcpStream::connect(addr)?;
    stream.set_nodelay(true)?;
    let mut answer = Answer::default();
    let mut once = || {
        let sent_ns = now_ns();
        stream.write_all(request)?;
        answer.clear();
        while answer.head().is_none() {
            let read = stream.read(answer.room())?;
            answer.grow(read)?;
        }
        answer.exchange(sent_ns)
    };
    Ok(Flow { exchanges: (0..count).map(|_| once()).collect::<io::Result<_>>()?, in_flight: 1.0 })
}

/// So many requests, one whenever its time has come, whether or not others have been answered. `gap` is how long after
/// the one before that is. Each has a connection for itself, one of as many as are opened beforehand; if all are busy, it
/// waits for one. When this process was held up, what it missed is not sent in a burst: everything is later then.
pub fn open_loop(
    addr: &str,
    request: &Rc<[u8]>,
    connections: u32,
    count: u32,
    gap: impl Fn(u32) -> Duration,
) -> io::Result<Flow> {
    /// Nobody sends at the very instant, so a little is made up for.
    const MADE_UP_FOR_NS: u64 = 200_000;
    runtime()?.block_on(async {
        let idle: Vec<Connection> = (0..connections).map(|_| Connection::open(addr)).collect::<io::Result<_>>()?;
        let idle = Rc::new(RefCell::new(idle));
        let start_ns = now_ns();
        let mut due_ns = start_ns;
        let mut under_way: Vec<JoinHandle<io::Result<Exchange>>> = Vec::new();
        for number in 0..count {
            due_ns = (due_ns + gap(number).as_nanos() as u64).max(now_ns().saturating_sub(MADE_UP_FOR_NS));
            while now_ns() < due_ns || idle.borrow().is_empty() {
                yield_now().await;
            }
            let Some(mut connection) = idle.borrow_mut().pop() else { continue };
            let (idle, request) = (Rc::clone(&idle), Rc::clone(request));
            under_way.push(spawn_local(async move {
                let exchange = connection.exchange(&request).await;
                idle.borrow_mut().push(connection);
                exchange
            }));
        }
        let mut exchanges = Vec::new();
        for exchange in under_way {
            // Awake to the end, as before.
            while !exchange.is_finished() {
                yield_now().await;
            }
            exchanges.push(exchange.await??);
        }
        let together_ns: u64 = exchanges.iter().map(|one| one.took_ns).sum();
        Ok(Flow { exchanges, in_flight: together_ns as f64 / (now_ns() - start_ns) as f64 })
    })
}

/// A connection that is never waited for: reading gives way to others instead.
pub struct Connection {
    stream: TcpStream,
    answer: Answer,
}

impl Connection {
    /// Connects to `HOST:PORT`. Must be called inside a runtime.
    pub fn open(addr: &str) -> io::Result<Self> {
        let stream = std::net::TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream: TcpStream::from_std(stream)?, answer: Answer::default() })
    }

    /// Sends a request for something without a body, and reads the answer.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<Exchange> {
        let sent_ns = now_ns();
        self.send(request).await?;
        while self.answer.head().is_none() {
            self.read().await?;
        }
        self.answer.exchange(sent_ns)
    }

    /// Sends a request for something with a body of this length, and reads it all.
    pub async fn download(&mut self, request: &[u8], length: u64) -> io::Result<()> {
        self.send(request).await?;
        let head = loop {
            self.read().await?;
            if let Some(head) = self.answer.head() {
                break head;
            }
        };
        let mut read = (self.answer.filled - head) as u64;
        while read < length {
            self.answer.clear();
            self.read().await?;
            read += self.answer.filled as u64;
        }
        Ok(())
    }

    async fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.answer.clear();
        // It always fits: nothing else is on its way.
        match poll_fn(|context| Pin::new(&mut self.stream).poll_write(context, request)).await? {
            sent if sent == request.len() => Ok(()),
            _ => Err(io::ErrorKind::WriteZero.into()),
        }
    }

    async fn read(&mut self) -> io::Result<()> {
        let mut room = ReadBuf::new(self.answer.room());
        // Unlike `try_read`, it remembers that a short read has emptied the socket, and saves the attempt to read more.
        poll_fn(|context| Pin::new(&mut self.stream).poll_read(context, &mut room)).await?;
        let read = room.filled().len();
        self.answer.grow(read)
    }
}

/// What has been read of an answer so far.
struct Answer {
    buffer: Box<[u8]>,
    filled: usize,
}

impl Default for Answer {
    fn default() -> Self {
        Self { buffer: vec![0; 32 << 10].into(), filled: 0 }
    }
}

impl Answer {
    fn clear(&mut self) {
        self.filled = 0;
    }

    fn room(&mut self) -> &mut [u8] {
        &mut self.buffer[self.filled..]
    }

    fn grow(&mut self, read: usize) -> io::Result<()> {
        self.filled += read;
        if read == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    /// How long the head is, once it is there.
    fn head(&self) -> Option<usize> {
        const END: &[u8] = b"\r\n\r\n";
        let text = &self.buffer[..self.filled];
        // Nearly always the answer is a head and nothing else.
        if text.ends_with(END) {
            return Some(self.filled);
        }
        text.windows(END.len()).position(|four| four == END).map(|at| at + END.len())
    }

    fn exchange(&self, sent_ns: u64) -> io::Result<Exchange> {
        let took_ns = now_ns() - sent_ns;
        let lateness_ns = self.lateness_ns().ok_or_else(|| io::Error::other("an answer without its lateness"))?;
        Ok(Exchange { took_ns, lateness_ns })
    }

    fn lateness_ns(&self) -> Option<u64> {
        let head = str::from_utf8(&self.buffer[..self.filled]).ok()?;
        let mut headers = head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(name, _)| name.eq_ignore_ascii_case(LATENESS_HEADER))?.1.parse().ok()
    }
}
