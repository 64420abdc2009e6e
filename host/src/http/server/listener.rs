//! Accepts connections, as many as there are places for, and serves a router on each.

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
use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::answer::outgoing;
use super::place::{Place, Seat};
use super::places::{Places, ServerPaths};
use super::refusal::Full;
use super::stream::TimedStream;
use super::tls::{Stream, Tls};
use crate::http::cut_off::was_cut_off;
use crate::http::metrics::ConnectionMetrics;
use crate::shutdown::CutAnswers;
use crate::telemetry::rarely;

/// What the system keeps of an answer that its client does not take. It doubles it for its own use.
const SEND_BUFFER: usize = 32 * 1024;
/// What the system keeps of what a client sends before we read it. It doubles that, too.
const RECEIVE_BUFFER: usize = 32 * 1024;
/// What is read of a connection and not used yet: a head, or a part of a body.
const READ_BUFFER: usize = 16 * 1024;

/// The other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Peer(pub(in crate::http) SocketAddr);

/// What the clients of a listener may take.
#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// The time a client has for a request, from the first byte of its head.
    pub request: Duration,
    /// The time a client has to take an answer.
    pub answer: Duration,
    /// How long a connection is kept without a request.
    pub idle: Duration,
    /// Open connections; beyond them those that wait for a request give way.
    pub connections: usize,
}

/// Serves one router on one address.
pub struct Server {
    /// Where connections come in.
    pub listener: TcpListener,
    pub router: Router,
    /// What clients may take.
    pub limits: ServerLimits,
    pub paths: ServerPaths,
    pub metrics: ConnectionMetrics,
    /// Connections end here, also if nobody waits for the server any more.
    pub tasks: TaskTracker,
    /// Counts the answers that were not written to their end.
    pub cut_answers: CutAnswers,
    /// With what connections are encrypted, if they are.
    pub tls: Option<Tls>,
}

impl Server {
    /// Serves until `stop`; then no connection is accepted any more, and those that are open end
    /// with the request that they are at. Returns once they have.
    pub async fn serve(self, stop: CancellationToken) {
        let Self { listener, router, limits, paths, metrics, tasks, cut_answers, tls } = self;
        let places = Arc::new(Places::new(limits.connections, paths, metrics));
        let graceful = GracefulShutdown::new();
        while stop.run_until_cancelled(places.room()).await.is_some() {
            let (stream, peer) = match stop.run_until_cancelled(listener.accept()).await {
                None => break,
                Some(Ok(accepted)) => accepted,
                Some(Err(error)) if is_of_one_client(&error) => {
                    tracing::debug!(%error, "a connection ended before it was accepted");
                    continue;
                }
                Some(Err(error)) => {
                    // Out of file descriptors, most likely.
                    rarely!(warn, %error, "connections cannot be accepted; idle ones give way");
                    places.make_room().await;
                    continue;
                }
            };
            let seat = Seat::take(&places, peer.ip());
            let connection = Connection {
                stream,
                peer,
                place: seat.place(),
                router: router.clone(),
                watcher: graceful.watcher(),
                cut_answers: cut_answers.clone(),
                tls: tls.clone(),
                stop: stop.clone(),
            };
            let connection = connection.serve(&limits);
            tasks.spawn(async move {
                connection.await;
                drop(seat);
            });
        }
        drop(listener);
        graceful.shutdown().await;
    }
}

/// Whether an error of accept(2) is about the connection that was to be accepted: its client has
/// gone already.
fn is_of_one_client(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
        || Errno::from_io_error(error) == Some(Errno::PROTO)
}

/// An accepted connection, and what it takes to serve it.
struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    place: Arc<Place>,
    router: Router,
    watcher: Watcher,
    cut_answers: CutAnswers,
    tls: Option<Tls>,
    stop: CancellationToken,
}

impl Connection {
    fn serve(self, limits: &ServerLimits) -> impl Future<Output = ()> + Send + use<> {
        let Self { stream, peer, place, router, watcher, cut_answers, tls, stop } = self;
        let (idle_limit, request_limit) = (limits.idle, limits.request);
        let _ = stream.set_nodelay(true);
        let _ = rustix::net::sockopt::set_socket_send_buffer_size(&stream, SEND_BUFFER);
        let _ = rustix::net::sockopt::set_socket_recv_buffer_size(&stream, RECEIVE_BUFFER);
        let stream = TimedStream::new(stream, Arc::clone(&place), limits.request, limits.answer);
        let service = service_fn(move |request: Request<Incoming>| {
            let has_place = place.begin(request.uri().path());
            let (router, place) = (router.clone(), Arc::clone(&place));
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            request.extensions_mut().insert(place.deadline(request_limit));
            if !has_place {
                request.extensions_mut().insert(Full);
            }
            async move { router.oneshot(request).await.map(|answer| outgoing(place, answer)) }
        });
        async move {
            let stream = TokioIo::new(match tls {
                None => Stream::Plain(stream),
                // Its place and the time limit of a head are taken already.
                Some(tls) => match stop.run_until_cancelled(tls.accept(stream)).await {
                    Some(Ok(stream)) => Stream::Tls(Box::new(stream)),
                    Some(Err(error)) => {
                        tracing::debug!(%error, "a connection was not encrypted");
                        return;
                    }
                    None => return,
                },
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(idle_limit)
                .max_buf_size(READ_BUFFER)
                // A client that closes its half is gone: what it asked for is given up.
                .half_close(false)
                .serve_connection(stream, service);
            if let Err(error) = watcher.watch(connection).await {
                let cut_off = was_cut_off(&error);
                if cut_off {
                    cut_answers.count();
                }
                tracing::debug!(%error, cut_off, "a connection ended early");
            }
        }
    }
}
