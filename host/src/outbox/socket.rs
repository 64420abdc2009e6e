//! The socket under a connection to RabbitMQ. lapin waits for a silent broker for ever (for its
//! greeting, for its goodbye, for the permission to write while it blocks us), each time in a
//! thread of its own. If its socket is shut down, it gives up at once: so a handle is kept, and
//! whoever gives a connection up drops it.

use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_compat::Compat;
use lapin::tcp::{AMQPUriTcpExt as _, AsyncTcpStream, OwnedTLSConfig};
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties};
use tokio::time::timeout;

/// TCP and TLS, before the first word of AMQP.
const OPEN: Duration = Duration::from_secs(5);

/// Dropped, it ends the connection above it, whatever that waits for.
#[derive(Default)]
pub(super) struct Socket(Arc<Mutex<Option<TcpStream>>>);

impl Drop for Socket {
    fn drop(&mut self) {
        if let Some(socket) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // It may have ended by itself.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

/// Connects as lapin does, and keeps the socket in reach.
pub(super) async fn connect(
    uri: AMQPUri,
    properties: ConnectionProperties,
) -> Result<(Connection, Socket), lapin::Error> {
    let socket = Socket::default();
    let kept = Arc::clone(&socket.0);
    let open = async move |uri: AMQPUri, runtime| {
        let config = OwnedTLSConfig::default();
        let opened = timeout(OPEN, uri.connect_with_config_async(config.as_ref(), &runtime)).await;
        let stream: AsyncTcpStream<Compat<tokio::net::TcpStream>> =
            opened.map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
        let handle = match &stream {
            AsyncTcpStream::Plain(stream) => stream.get_ref().as_fd(),
            AsyncTcpStream::Rustls(stream) => stream.get_ref().0.get_ref().as_fd(),
            _ => return Err(std::io::Error::from(std::io::ErrorKind::Unsupported).into()),
        };
        *kept.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(handle.try_clone_to_owned()?.into());
        Ok(stream)
    };
    let connection =
        Connection::connector(uri, lapin::runtime::default_runtime()?, open, properties).await?;
    Ok((connection, socket))
}
