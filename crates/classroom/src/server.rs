//! The classroom's listeners: one on the loopback interface for everything, and one that phones reach, if it is shared.

use super::{
    code::JoinCode, connection_limit::ConnectionLimit, page::JoinInfo, routes::SiteRoutes, runner::RunnerSetup,
    session::Session, write_timeout::PatientStream,
};
use futures_util::future::{Either, join, select};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use mock_server::server::{ServeError, bind};
use std::{
    convert::Infallible,
    future::pending,
    net::{IpAddr, SocketAddr},
    pin::pin,
    rc::Rc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{self, LocalOptions},
    task::spawn_local,
    time::{sleep, timeout},
};

/// How long a client may take to send a request's head, or leave a connection idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a browser may read nothing while data waits for it.
const PATIENCE: Duration = Duration::from_mins(1);
/// The largest head of a request, bytes.
const LARGEST_HEAD: usize = 16 * 1024;
/// Most unread bytes of a browser, in the kernel and here: sent events can't be superseded, and a hall full of stalled
/// browsers should cost little.
const UNREAD_BYTES: u32 = 64 * 1024;
/// How long responses under way may take to end on shutdown.
const DRAIN: Duration = Duration::from_secs(2);
/// Pause before accepting again when there are no file descriptors left.
const RESPITE: Duration = Duration::from_millis(20);

/// Where the classroom is, once it is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// The lecturer's socket address.
    pub addr: SocketAddr,
    /// Where students join, if the room is shared.
    pub shared: Option<JoinInfo>,
}

/// Serves the classroom on this thread until `closing` ends, then stops the running race with all its processes.
/// `opened` gets the addresses as soon as connections are accepted.
pub fn open(
    addr: SocketAddr,
    share: Option<SocketAddr>,
    place: RunnerSetup,
    opened: impl FnOnce(&Open),
    closing: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
        .map_err(ServeError::SetUp)?;
    runtime.block_on(async {
        let here = BoundSocket::at(addr)?;
        let elsewhere = share.map(BoundSocket::at).transpose()?;
        let code = elsewhere.as_ref().map(|_| JoinCode::random()).transpose().map_err(ServeError::SetUp)?;
        let session = Session::open(place, code);
        let shared = elsewhere.as_ref().and_then(|there| session.join_info(there.addr));
        opened(&Open { addr: here.addr, shared });
        let connections = GracefulShutdown::new();
        let share = elsewhere.as_ref().map(|there| there.addr);
        let accept_here = accept(&here, Rc::new(SiteRoutes::here(&session, here.addr, share)), &connections);
        let accept_elsewhere = async {
            match &elsewhere {
                Some(there) => accept(there, Rc::new(SiteRoutes::elsewhere(&session, there.addr)), &connections).await,
                None => pending().await,
            }
        };
        match select(pin!(closing), pin!(join(accept_here, accept_elsewhere))).await {
            Either::Left(((), _accepting)) => {}
            Either::Right(((never, _), _)) => match never {},
        }
        // Event streams end first: a connection doesn't end while its stream is open.
        session.close();
        let _ = timeout(DRAIN, connections.shutdown()).await;
        session.clear();
        Ok(())
    })
}

/// A listening socket and its address.
struct BoundSocket {
    socket: TcpListener,
    addr: SocketAddr,
}

impl BoundSocket {
    fn at(addr: SocketAddr) -> Result<Self, ServeError> {
        // Accepted sockets inherit the listener's buffer sizes.
        let socket = bind(addr, |socket| socket.set_send_buffer_size(UNREAD_BYTES))?;
        let addr = socket.local_addr().map_err(ServeError::SetUp)?;
        Ok(Self { socket, addr })
    }
}

async fn accept(listener: &BoundSocket, site: Rc<SiteRoutes>, connections: &GracefulShutdown) -> Infallible {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_header_size(LARGEST_HEAD)
        .max_buf_size(UNREAD_BYTES as usize);
    let (http, crowd) = (Rc::new(http), ConnectionLimit::default());
    loop {
        match listener.socket.accept().await {
            Ok((stream, peer)) => {
                // At the limit, a connection is closed without a response.
                let Some(place) = crowd.enter(peer.ip()) else { continue };
                let served = converse(stream, Rc::clone(&http), Rc::clone(&site), peer.ip(), connections.watcher());
                spawn_local(async move {
                    served.await;
                    drop(place);
                });
            }
            // The client gave up, or no descriptor is left: other connections will end and release theirs.
            Err(_) => sleep(RESPITE).await,
        }
    }
}

/// Serves one connection until either side ends it.
async fn converse(stream: TcpStream, http: Rc<http1::Builder>, site: Rc<SiteRoutes>, from: IpAddr, watcher: Watcher) {
    // Otherwise events wait for the previous ones' acknowledgement. This fails only on a closed connection.
    let _ = stream.set_nodelay(true);
    let answer = service_fn(|request: Request<Incoming>| {
        let site = Rc::clone(&site);
        async move { Ok::<_, Infallible>(site.answer(request, from).await) }
    });
    // Errors are the client's: it disconnected, was too slow, or doesn't speak HTTP.
    let stream = TokioIo::new(PatientStream::new(stream, PATIENCE));
    let _ = watcher.watch(http.serve_connection(stream, answer)).await;
}
