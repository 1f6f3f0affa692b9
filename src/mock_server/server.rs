//! The server's connections: bind, accept, serve each until it ends, drain.
//!
//! One thread serves them all. That is enough for several times the load of any scenario, and it means that an answer's
//! time can't depend on which thread was free. What a client does wrong ends at most that client's own connection.

use super::{
    checked::CheckedProfile,
    service::Service,
    socket::{Connection, Socket},
};
use crate::measure::clock::now_ns;
use futures_util::future::{Either, select};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use std::{convert::Infallible, io, net::SocketAddr, path::PathBuf, pin::pin, rc::Rc, time::Duration};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    runtime::{self, LocalOptions},
    time::{sleep, timeout},
};

/// Below this path the server answers about itself, whatever the profile says.
pub(super) const PRIVATE: &str = "/-/";

/// How long a client may take over the head of a request, or leave a connection idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest head of a request, bytes. More is answered with 431.
const LARGEST_HEAD: usize = 16 * 1024;
/// How long requests in flight get to end after the server was told to.
const DRAIN: Duration = Duration::from_secs(5);
/// How long to leave new connections alone when there is no descriptor for one.
const RESPITE: Duration = Duration::from_millis(20);
/// Connections that may wait to be accepted. A burst of 1,000 must not overflow this queue, because each connection that
/// doesn't fit is tried again by its client's kernel only a second later.
const BACKLOG: u32 = 4096;

/// Where to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// The address; port 0 is any free port.
    pub addr: SocketAddr,
    /// Whether an address that other machines can reach is meant.
    pub allow_remote: bool,
}

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address isn't a loopback address.
    #[error("other machines could reach {0}: use 127.0.0.1, or add --allow-remote if that is what you want")]
    Remote(SocketAddr),
    /// Another program listens there.
    #[error("{0} is in use by another program: end that one, or use another port (port 0 picks a free one)")]
    PortInUse(SocketAddr),
    /// Listening failed otherwise.
    #[error("could not listen on {addr}: {source}; is it an address of this machine, and the port above 1023?")]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A route serves photos, but no folder was given.
    #[error("a route has body = \"photo\", but the profile doesn't say where the photos are (key `photos`)")]
    NoPhotos,
    /// The photos could not be read.
    #[error("could not read the photos in {}: {source}", folder.display())]
    Photos {
        /// Their folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The runtime or its timer could not be set up.
    #[error("the server could not be set up: {0}; are too many files open?")]
    SetUp(#[source] io::Error),
}

/// Serves a profile on this thread until `shutdown` ends, then lets the requests in flight end, for at most five seconds.
/// `listening` gets the address as soon as connections are accepted there.
pub fn serve(
    profile: CheckedProfile,
    listen: Listen,
    listening: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    if !(listen.allow_remote || listen.addr.ip().is_loopback()) {
        return Err(ServeError::Remote(listen.addr));
    }
    let http = http(profile.network.keep_alive);
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
        .map_err(ServeError::SetUp)?;
    runtime.block_on(async {
        let listener = bind(listen.addr, |_| Ok(()))?;
        let own_addr = listener.local_addr().map_err(ServeError::SetUp)?;
        let service = Service::open(profile, own_addr.to_string())?;
        listening(own_addr);
        let connections = GracefulShutdown::new();
        match select(pin!(shutdown), pin!(accept(listener, http, Rc::new(service), &connections))).await {
            Either::Left(((), _accepting)) => {}
            Either::Right((never, _)) => match never {},
        }
        // Whoever takes longer is cut off when the runtime goes.
        let _ = timeout(DRAIN, connections.shutdown()).await;
        Ok(())
    })
}

/// Listens there, with room for a burst of connections, on a socket that is made ready in this way.
pub(crate) fn bind(
    addr: SocketAddr,
    prepare: impl FnOnce(&TcpSocket) -> io::Result<()>,
) -> Result<TcpListener, ServeError> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.map_err(ServeError::SetUp)?;
    let listener = (|| {
        // Without it a port stays taken for a minute after a server that had connections.
        socket.set_reuseaddr(true)?;
        prepare(&socket)?;
        socket.bind(addr)?;
        socket.listen(BACKLOG)
    })();
    listener.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ServeError::PortInUse(addr),
        _ => ServeError::Bind { addr, source },
    })
}

async fn accept(
    listener: TcpListener,
    http: http1::Builder,
    service: Rc<Service>,
    connections: &GracefulShutdown,
) -> Infallible {
    let http = Rc::new(http);
    let mut number = 0;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (http, service) = (Rc::clone(&http), Rc::clone(&service));
                tokio::task::spawn_local(converse(stream, http, service, number, connections.watcher()));
                number += 1;
            }
            // A client that gave up while it waited, or no descriptor left: others will end and give theirs back.
            Err(_) => sleep(RESPITE).await,
        }
    }
}

fn http(keep_alive: bool) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_header_size(LARGEST_HEAD)
        .keep_alive(keep_alive);
    http
}

/// Serves one connection until either side ends it.
async fn converse(stream: TcpStream, http: Rc<http1::Builder>, service: Rc<Service>, number: u64, watcher: Watcher) {
    let accepted_ns = now_ns();
    // A client that gives up meanwhile keeps its turn, but that takes no time: hyper sees at once that it is gone.
    let Ok(admitted) = service.limits.connect(accepted_ns).await else { return };
    let connection = Connection::new(number, admitted.since_ns - accepted_ns);
    let socket = Socket::new(stream, Rc::clone(&connection));
    let answer = service_fn(|request: Request<Incoming>| {
        let (service, connection) = (Rc::clone(&service), Rc::clone(&connection));
        async move { service.answer(request, &connection).await }
    });
    // Errors are the client's: it went away, was too slow, or speaks no HTTP. Or they are wanted: a fault of the profile.
    let _ = watcher.watch(http.serve_connection(TokioIo::new(socket), answer)).await;
}
