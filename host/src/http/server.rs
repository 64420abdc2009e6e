//! The server of one listener: accepts connections, as many as it may, and serves each until the
//! client leaves, idles too long, or the service stops. It knows no endpoint: it is given a router.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use prometheus::IntGauge;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::connection::{TimedStream, Turns};
use super::cut_off::was_cut_off;
use crate::shutdown::CutAnswers;

/// The other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// What the clients of a listener may take.
#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// The time a client has for the head of a request.
    pub head: Duration,
    /// The time a client has to take an answer.
    pub answer: Duration,
    /// How long a connection is kept without a request.
    pub idle: Duration,
    /// Open connections; further ones wait in the system's queue.
    pub connections: usize,
}

/// Serves one router on one address.
pub struct Server {
    /// Where connections come in.
    pub listener: TcpListener,
    pub router: Router,
    /// What clients may take.
    pub limits: ServerLimits,
    pub connections: IntGauge,
    /// Connections end here, also if nobody waits for the server any more.
    pub tasks: TaskTracker,
    /// Counts the answers that were not written to their end.
    pub cut_answers: CutAnswers,
}

impl Server {
    /// Serves until `stop`; then no connection is accepted any more, and those that are open end
    /// with the request that they are at. Returns once they have.
    pub async fn serve(self, stop: CancellationToken) {
        let Self { listener, router, limits, connections, tasks, cut_answers } = self;
        let places = Arc::new(Semaphore::new(limits.connections));
        let graceful = GracefulShutdown::new();
        while let Some(Ok(place)) =
            stop.run_until_cancelled(Arc::clone(&places).acquire_owned()).await
        {
            let (stream, peer) = match stop.run_until_cancelled(listener.accept()).await {
                None => break,
                Some(Ok(accepted)) => accepted,
                Some(Err(error)) => {
                    // Out of file descriptors, most likely: a pause lets some of them go.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let (router, open) = (router.clone(), connections.clone());
            let (watcher, cut_answers) = (graceful.watcher(), cut_answers.clone());
            let connection = serve_connection(stream, peer, router, &limits, watcher, cut_answers);
            tasks.spawn(async move {
                open.inc();
                connection.await;
                open.dec();
                drop(place);
            });
        }
        drop(listener);
        graceful.shutdown().await;
    }
}

fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: &ServerLimits,
    watcher: Watcher,
    cut_answers: CutAnswers,
) -> impl Future<Output = ()> + Send + use<> {
    let idle_limit = limits.idle;
    let _ = stream.set_nodelay(true);
    let turns = Turns::default();
    let stream = TimedStream::new(stream, turns.clone(), limits.head, limits.answer);
    let service = service_fn(move |request: Request<Incoming>| {
        turns.next();
        let (router, turns) = (router.clone(), turns.clone());
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        async move {
            let response = router.oneshot(request).await;
            turns.next();
            response
        }
    });
    async move {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(idle_limit)
            .max_buf_size(64 * 1024)
            .half_close(true)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            let cut_off = was_cut_off(&error);
            if cut_off {
                cut_answers.count();
            }
            tracing::debug!(%error, cut_off, "a connection ended early");
        }
    }
}
