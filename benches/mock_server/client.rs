//! A minimal client: prepared requests, raw sockets, and just enough HTTP to find the end of an answer.
//!
//! With many requests in flight the client never sleeps: it polls its sockets while it waits, so that it adds only the
//! reading to an answer's time. Sequential requests use a blocking read, as in most programs.

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

/// A request and its answer as the client saw them, and the server's own lateness.
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

/// The results of a number of requests.
pub struct Flow {
    pub exchanges: Vec<Exchange>,
    /// Mean number of requests in flight.
    pub in_flight: f64,
}

/// This many sequential requests on one connection.
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

/// An open loop of requests: one every `gap`, whether or not earlier ones have been answered. Each uses one of the
/// connections that are opened beforehand; if all are busy, it waits for one. If this process was held up, it does not
/// send the missed requests in a burst: all later ones are delayed.
pub fn open_loop(
    addr: &str,
    request: &Rc<[u8]>,
    connections: u32,
    count: u32,
    gap: impl Fn(u32) -> Duration,
) -> io::Result<Flow> {
    /// Requests are never sent at the exact instant, so a small delay is made up for.
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
            // Polls to the end, as above.
            while !exchange.is_finished() {
                yield_now().await;
            }
            exchanges.push(exchange.await??);
        }
        let together_ns: u64 = exchanges.iter().map(|one| one.took_ns).sum();
        Ok(Flow { exchanges, in_flight: together_ns as f64 / (now_ns() - start_ns) as f64 })
    })
}

/// A connection that is polled: a read that would block yields to other tasks.
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

    /// Sends a request whose answer has no body, and reads the answer.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<Exchange> {
        let sent_ns = now_ns();
        self.send(request).await?;
        while self.answer.head().is_none() {
            self.read().await?;
        }
        self.answer.exchange(sent_ns)
    }

    /// Sends a request whose answer has a body of this length, and reads it all.
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
        // It always fits into the socket's buffer: nothing else is being sent.
        match poll_fn(|context| Pin::new(&mut self.stream).poll_write(context, request)).await? {
            sent if sent == request.len() => Ok(()),
            _ => Err(io::ErrorKind::WriteZero.into()),
        }
    }

    async fn read(&mut self) -> io::Result<()> {
        let mut room = ReadBuf::new(self.answer.room());
        // Unlike `try_read`, it remembers that a short read has emptied the socket, and avoids another read.
        poll_fn(|context| Pin::new(&mut self.stream).poll_read(context, &mut room)).await?;
        let read = room.filled().len();
        self.answer.grow(read)
    }
}

/// The part of an answer that has been read so far.
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

    /// The head's length, once it has been read.
    fn head(&self) -> Option<usize> {
        const END: &[u8] = b"\r\n\r\n";
        let text = &self.buffer[..self.filled];
        // Nearly always the answer is only a head.
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
