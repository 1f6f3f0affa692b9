//! One connection: what the server remembers of it, and its socket, which can be told to end with a reset.
//!
//! A socket that is closed says goodbye to its peer (FIN), after whatever it still had to send. With a linger time of
//! zero, closing throws away what isn't sent and says that the connection is broken (RST): what a crashed server or a
//! firewall does. It has to be set on the socket that hyper owns, so that socket looks at a flag when it is dropped.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// What the answers on one connection share.
#[derive(Debug)]
pub(super) struct Connection {
    /// Counted from 0 since the server's start.
    pub number: u64,
    /// How long it waited until it was served, until its first request takes that over.
    queued_ns: Cell<u64>,
    is_new: Cell<bool>,
    resets: Cell<bool>,
}

/// What the first request of a connection bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrival {
    pub is_first: bool,
    /// How long its connection waited for a place.
    pub queued_ns: u64,
}

impl Connection {
    pub(super) fn new(number: u64, queued_ns: u64) -> Rc<Self> {
        let (queued_ns, is_new) = (Cell::new(queued_ns), Cell::new(true));
        Rc::new(Self { number, queued_ns, is_new, resets: Cell::new(false) })
    }

    /// A request arrived.
    pub(super) fn arrival(&self) -> Arrival {
        Arrival { is_first: self.is_new.replace(false), queued_ns: self.queued_ns.take() }
    }

    /// Makes its end a reset.
    pub(super) fn reset_on_close(&self) {
        self.resets.set(true);
    }
}

/// The socket of a connection.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    connection: Rc<Connection>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, connection: Rc<Connection>) -> Self {
        // Otherwise the last piece of each answer waits for the client's delayed acknowledgement, up to 40 ms. It fails
        // only for a connection that is gone already.
        let _ = stream.set_nodelay(true);
        Self { stream, connection }
    }
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
        Pin::new(&mut self.stream).poll_read(context, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
