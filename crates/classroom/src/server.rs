//! The classroom's listeners: one on the loopback interface for everything, and one that phones reach, if it is shared.

use super::{
    code::JoinCode, connection_limit::ConnectionLimit, page::JoinInfo, routes::SiteRoutes, runner::RunnerSetup,
    session::Session, sharing, write_timeout::PatientStream,
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

/// How long a client may take over the head of a request, or leave a connection idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a browser may take nothing of what is sent to it.
const PATIENCE: Duration = Duration::from_mins(1);
/// The largest head of a request, bytes.
const LARGEST_HEAD: usize = 16 * 1024;
/// How much may wait to be read by a browser, in the system and in here: what is on its way can't be superseded, and a
/// hall full of browsers that stand still should cost little.
const UNREAD_BYTES: u32 = 64 * 1024;
/// How long answers under way get to end.
const DRAIN: Duration = Duration::from_secs(2);
/// How long to leave new connections alone when there is no descriptor for one.
const RESPITE: Duration = Duration::from_millis(20);

/// Where the classroom is, once it is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// The lecturer's address.
    pub addr: SocketAddr,
    /// Where pupils join, if it is shared.
    pub shared: Option<JoinInfo>,
}

/// Opens the classroom on this thread until `closing` ends. Then the race that runs is stopped whole. `opened` hears where
/// it is as soon as connections are accepted there.
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
        let shared = elsewhere.as_ref().zip(code.as_ref()).map(|(there, code)| sharing::shared(there.addr, code));
        let session = Session::open(place, code);
        opened(&Open { addr: here.addr, shared: shared.clone() });
        let connections = GracefulShutdown::new();
        let accept_here = accept(&here, Rc::new(SiteRoutes::here(&session, here.addr, shared)), &connections);
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
        // Streams first: no connection ends while one is open.
        session.close();
        let _ = timeout(DRAIN, connections.shutdown()).await;
        session.clear();
        Ok(())
    })
}

/// A socket that listens, and where.
struct BoundSocket {
    socket: TcpListener,
    addr: SocketAddr,
}

impl BoundSocket {
    fn at(addr: SocketAddr) -> Result<Self, ServeError> {
        // Connections have what their listener has.
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
                // Where there is no room, it is closed without a word.
                let Some(place) = crowd.enter(peer.ip()) else { continue };
                let served = converse(stream, Rc::clone(&http), Rc::clone(&site), peer.ip(), connections.watcher());
                spawn_local(async move {
                    served.await;
                    drop(place);
                });
            }
            // A client that gave up while it waited, or no descriptor left: others will end and give theirs back.
            Err(_) => sleep(RESPITE).await,
        }
    }
}

/// Serves one connection until either side ends it.
async fn converse(stream: TcpStream, http: Rc<http1::Builder>, site: Rc<SiteRoutes>, from: IpAddr, watcher: Watcher) {
    // Otherwise news wait for the acknowledgement of those before. It fails only for a connection that is gone already.
    let _ = stream.set_nodelay(true);
    let answer = service_fn(|request: Request<Incoming>| {
        let site = Rc::clone(&site);
        async move { Ok::<_, Infallible>(site.answer(request, from).await) }
    });
    // Errors are the client's: it went away, was too slow, or speaks no HTTP.
    let stream = TokioIo::new(PatientStream::new(stream, PATIENCE));
    let _ = watcher.watch(http.serve_connection(stream, answer)).await;
}
