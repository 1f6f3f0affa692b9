//! The server's connections: bind, accept, serve each until it ends, drain.
//!
//! One thread serves them all. That is enough for several times the load of any scenario, and it means that an answer's
//! time can't depend on which thread was free. A client's errors end at most that client's own connection.

pub use super::errors::ServeError;

use super::{
    checked::{CheckedNetwork, CheckedProfile},
    service::Service,
    socket::{Connection, Socket},
};
use futures_util::future::{Either, select};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use measure::clock::now_ns;
use nix::errno::Errno;
use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    rc::Rc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    runtime::{self, LocalOptions},
    sync::Notify,
    time::{sleep, timeout},
};

/// How long requests in flight may take after the server was told to end.
const DRAIN: Duration = Duration::from_secs(5);
/// How long to pause accepting when there are no descriptors left.
const RESPITE: Duration = Duration::from_millis(20);
/// Connections that may wait to be accepted. A burst of 1,000 must not overflow this queue, because the client's kernel
/// retries each connection that doesn't fit only a second later.
const BACKLOG: u32 = 4096;

/// Where to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// The address; port 0 is any free port.
    pub addr: SocketAddr,
    /// Whether other machines may reach the address.
    pub allow_remote: bool,
}

/// Events for the process that runs a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Connections are accepted at this address.
    Listening(SocketAddr),
    /// No more connections can be accepted until some end, because the process has no descriptors left. Sent once.
    OutOfDescriptors,
    /// It was told to end, and so many requests are still in service.
    Draining(usize),
}

/// Serves a profile on this thread until it is told to end; then waits for requests in service, for at most five
/// seconds or until it is told again.
pub fn serve(
    profile: CheckedProfile,
    listen: Listen,
    told_to_end: &Notify,
    mut notice: impl FnMut(Notice),
) -> Result<(), ServeError> {
    if !(listen.allow_remote || listen.addr.ip().is_loopback()) {
        return Err(ServeError::Remote(listen.addr));
    }
    let http = http(&profile.network);
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
        .map_err(ServeError::SetUp)?;
    runtime.block_on(async {
        let listener = bind(listen.addr, |_| Ok(()))?;
        let own_addr = listener.local_addr().map_err(ServeError::SetUp)?;
        let service = Rc::new(Service::open(profile, own_addr.to_string())?);
        notice(Notice::Listening(own_addr));
        let connections = GracefulShutdown::new();
        let accept = accept(listener, http, Rc::clone(&service), &connections, &mut notice);
        match select(pin!(told_to_end.notified()), pin!(accept)).await {
            Either::Left(((), _accepting)) => {}
            Either::Right((never, _)) => match never {},
        }
        if service.in_service() > 0 {
            notice(Notice::Draining(service.in_service()));
        }
        let (drained, told_again) = (pin!(connections.shutdown()), pin!(told_to_end.notified()));
        let is_drained = matches!(timeout(DRAIN, select(drained, told_again)).await, Ok(Either::Left(_)));
        // Longer ones are cut off as the runtime drops.
        match service.in_service() {
            cut if cut > 0 && !is_drained => Err(ServeError::CutOff(cut)),
            _ => Ok(()),
        }
    })
}

/// Listens there, with room for a burst of connections, on a socket that `prepare` sets up.
pub fn bind(addr: SocketAddr, prepare: impl FnOnce(&TcpSocket) -> io::Result<()>) -> Result<TcpListener, ServeError> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.map_err(ServeError::SetUp)?;
    let listener = (|| {
        // Otherwise a port stays taken for a minute after a server that had connections.
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
    notice: &mut impl FnMut(Notice),
) -> Infallible {
    let http = Rc::new(http);
    let (mut number, mut has_told) = (0, false);
    loop {
        match listener.accept().await {
            Ok((stream, client)) => {
                let (http, service) = (Rc::clone(&http), Rc::clone(&service));
                let who = (number, client.ip());
                tokio::task::spawn_local(converse(stream, http, service, who, connections.watcher()));
                number += 1;
            }
            Err(error) => {
                let reason = error.raw_os_error().map(Errno::from_raw);
                if matches!(reason, Some(Errno::EMFILE | Errno::ENFILE)) && !std::mem::replace(&mut has_told, true) {
                    notice(Notice::OutOfDescriptors);
                }
                // A client that gave up while it waited, or no descriptor left: others will end and free theirs.
                sleep(RESPITE).await;
            }
        }
    }
}

fn http(network: &CheckedNetwork) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(network.patience())
        .keep_alive(network.keep_alive)
        // As most servers do; some scripts rely on it.
        .title_case_headers(true);
    http
}

/// Serves one connection until either side ends it.
async fn converse(
    stream: TcpStream,
    http: Rc<http1::Builder>,
    service: Rc<Service>,
    (number, client): (u64, IpAddr),
    watcher: Watcher,
) {
    let accepted_ns = now_ns();
    // A client that gives up meanwhile keeps its place, but that takes no time: hyper sees at once that it is gone.
    let Ok(admitted) = service.limits.connect(accepted_ns).await else { return };
    let connection = Connection::new(number, client, admitted.since_ns - accepted_ns);
    let socket = Socket::new(stream, Rc::clone(&connection), service.patience);
    let answer = service_fn(|request: Request<Incoming>| {
        let (service, pending) = (Rc::clone(&service), service.begin(&request, &connection));
        async move { service.answer(request, pending).await }
    });
    // Errors are the client's: it went away, was too slow, or speaks no HTTP. Or they are a fault of the profile.
    let _ = watcher.watch(http.serve_connection(TokioIo::new(socket), answer)).await;
}
