//! The server: accepts connections, as many as it may, and serves each until the client leaves,
//! idles too long, or the service stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::connection::{TimedStream, Turns};
use crate::app::App;

/// The other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Serves until `stop`; then no connection is accepted any more, and those that are open end with
/// the request that they are at. Returns once they have.
pub async fn serve(app: Arc<App>, listener: TcpListener, stop: CancellationToken) {
    let router = super::router(&app);
    let connections = Arc::new(Semaphore::new(app.config.max_connections));
    let graceful = GracefulShutdown::new();
    while let Some(Ok(permit)) =
        stop.run_until_cancelled(Arc::clone(&connections).acquire_owned()).await
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
        let connection =
            serve_connection(Arc::clone(&app), router.clone(), graceful.watcher(), stream, peer);
        app.tasks.spawn(async move {
            connection.await;
            drop(permit);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn serve_connection(
    app: Arc<App>,
    router: Router,
    watcher: Watcher,
    stream: TcpStream,
    peer: SocketAddr,
) {
    let _ = stream.set_nodelay(true);
    let turns = Turns::default();
    let stream =
        TimedStream::new(stream, turns.clone(), app.config.read_timeout, app.config.write_timeout);
    let service = service_fn(move |request: axum::http::Request<hyper::body::Incoming>| {
        turns.next();
        let (router, turns) = (router.clone(), turns.clone());
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(Peer(peer));
        async move {
            let response = router.oneshot(request).await;
            turns.next();
            response
        }
    });
    app.services.metrics.http_connections.inc();
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(app.config.idle_timeout)
        .max_buf_size(64 * 1024)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
    app.services.metrics.http_connections.dec();
}
