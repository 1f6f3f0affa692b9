//! One connection: its state, and its socket, which sees some events before hyper does.
//!
//! A closed socket first sends its remaining data and then an orderly end (FIN). With a linger time of zero, closing
//! discards unsent data and resets the connection (RST), as a crashed server or a firewall does. The option must be set
//! on the socket that hyper owns, so that socket checks a flag when it is dropped.
//!
//! A client that has sent its request may end its side of the connection and wait for the answer (a half-close). hyper
//! would treat that as giving up, so the socket hides it from hyper until the answer is sent. It also ends a connection
//! whose client reads nothing for too long: hyper has no such timeout.

use std::{
    cell::{Cell, RefCell},
    io,
    net::IpAddr,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

/// State shared by the answers on one connection.
#[derive(Debug)]
pub(super) struct Connection {
    /// Counted from 0 since the server's start.
    pub number: u64,
    pub client: IpAddr,
    /// How long it waited for service, until its first request takes that over.
    queued_ns: Cell<u64>,
    is_new: Cell<bool>,
    resets: Cell<bool>,
    other_version: Cell<bool>,
    half_close: Cell<HalfClose>,
    /// The reading task's, while a half-close is hidden from it.
    reader: RefCell<Option<Waker>>,
}

/// What a half-close by the client means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HalfClose {
    /// The end of the connection.
    Ends,
    /// Nothing yet: an answer is in progress.
    Waits,
    /// The end of the connection, once written data is sent.
    EndsAfterFlush,
}

/// A request's arrival, with its connection's wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrival {
    pub is_first: bool,
    /// When its head was read.
    pub read_ns: u64,
    /// How long its connection waited for a place.
    queued_ns: u64,
}

impl Arrival {
    /// When it arrived, counting its connection's wait.
    pub(super) fn arrived_ns(self) -> u64 {
        self.read_ns.saturating_sub(self.queued_ns)
    }
}

impl Connection {
    pub(super) fn new(number: u64, client: IpAddr, queued_ns: u64) -> Rc<Self> {
        Rc::new(Self {
            number,
            client,
            queued_ns: Cell::new(queued_ns),
            is_new: Cell::new(true),
            resets: Cell::new(false),
            other_version: Cell::new(false),
            half_close: Cell::new(HalfClose::Ends),
            reader: RefCell::default(),
        })
    }

    /// A request arrived.
    pub(super) fn arrival(&self, read_ns: u64) -> Arrival {
        Arrival { is_first: self.is_new.replace(false), read_ns, queued_ns: self.queued_ns.take() }
    }

    /// Whether its first request has an unsupported version of HTTP.
    pub(super) fn speaks_other_version(&self) -> bool {
        self.other_version.get()
    }

    /// A request is being answered, whose client may or may not half-close.
    pub(super) fn serving(&self, may_half_close: bool) {
        self.half_close.set(if may_half_close { HalfClose::Waits } else { HalfClose::Ends });
    }

    /// The answer's last byte was sent.
    pub(super) fn served(&self) {
        if self.half_close.get() == HalfClose::Waits {
            self.half_close.set(HalfClose::EndsAfterFlush);
        }
    }

    fn flushed(&self) {
        if self.half_close.get() == HalfClose::EndsAfterFlush {
            self.half_close.set(HalfClose::Ends);
            self.reader.take().into_iter().for_each(Waker::wake);
        }
    }

    /// Resets it on close.
    pub(super) fn reset_on_close(&self) {
        self.resets.set(true);
    }
}

/// The socket of a connection.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    connection: Rc<Connection>,
    has_read: bool,
    /// The write timeout.
    patience: Duration,
    /// Runs out while nothing can be written.
    stalls: Option<Pin<Box<Sleep>>>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, connection: Rc<Connection>, patience: Duration) -> Self {
        // Otherwise the last piece of each answer waits for the client's delayed acknowledgement, up to 40 ms. It fails
        // only for a connection that is already gone.
        let _ = stream.set_nodelay(true);
        Self { stream, connection, has_read: false, patience, stalls: None }
    }

    /// The result of a write, or an error if the client hasn't read anything for too long.
    fn written(&mut self, written: Poll<io::Result<usize>>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalls = None;
            return written;
        }
        let patience = self.patience;
        ready!(self.stalls.get_or_insert_with(|| Box::pin(sleep(patience))).as_mut().poll(context));
        // Otherwise data would stay in the system's buffers until the client ends.
        self.connection.reset_on_close();
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

/// Whether a request's first line ends in an unsupported version. hyper would answer 400 to that, so the line is
/// changed to a version that hyper knows, and the service answers 505. A later version 1 is answered like 1.1.
fn has_other_version(bytes: &mut [u8]) -> bool {
    let Some(end) = bytes.iter().position(|&byte| byte == b'\r') else { return false };
    let Some(version) = end.checked_sub(8).and_then(|start| bytes.get_mut(start..end)) else { return false };
    let [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] = version else { return false };
    if !(major.is_ascii_digit() && minor.is_ascii_digit()) {
        return false;
    }
    let is_other = *major != b'1';
    if is_other || *minor > b'1' {
        (*major, *minor) = (b'1', b'1');
    }
    is_other
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.connection.resets.get() {
            // Fails only if the client was faster.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buf))?;
        let bytes = &mut buf.filled_mut()[before..];
        if bytes.is_empty() && self.connection.half_close.get() != HalfClose::Ends {
            self.connection.reader.replace(Some(context.waker().clone()));
            return Poll::Pending;
        }
        if !std::mem::replace(&mut self.has_read, true) {
            self.connection.other_version.set(has_other_version(bytes));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.connection.flushed();
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
