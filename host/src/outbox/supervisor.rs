//! Keeps a connection to RabbitMQ up, for ever: lapin's own recovery gives up after some minutes,
//! ours does not. Lanes get a connection only after all that they need at the broker is there.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use lapin::{Connection, ConnectionProperties};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::backoff::pause;
use super::link::Link;
use super::metrics::RelayMetrics;
use super::socket::{self, Socket};
use super::topology;
use crate::telemetry::causes;

/// Connecting and declaring together.
const CONNECT: Duration = Duration::from_secs(10);
/// How often a connection is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// A frozen broker does not answer a goodbye either.
const GOODBYE: Duration = Duration::from_secs(1);

/// Who makes connections, watches over them and ends them.
pub(super) struct Supervisor {
    pub(super) link: Arc<Link>,
    pub(super) metrics: Arc<RelayMetrics>,
    pub(super) stop: CancellationToken,
}

/// A connection that was just made.
struct Connected {
    connection: Arc<Connection>,
    socket: Socket,
    /// What an operator should change at the broker.
    fault: Option<String>,
}

impl Supervisor {
    /// Keeps a connection until it is told to stop.
    pub(super) async fn run(self) {
        let mut failures = 0;
        while !self.stop.is_cancelled() {
            match timeout(CONNECT, self.connect())
                .await
                .unwrap_or_else(|_| Err(anyhow::anyhow!("no answer within {CONNECT:?}")))
            {
                Ok(connected) => {
                    failures = 0;
                    let error = self.serve(connected).await;
                    if self.stop.is_cancelled() {
                        return;
                    }
                    tracing::warn!(
                        error,
                        "the connection to RabbitMQ is lost; events wait in the outbox"
                    );
                }
                Err(error) => {
                    let error = causes(&error);
                    // Once for each cause: the same line every five seconds would hide the others.
                    if self.link.unusable(&error) {
                        tracing::error!(
                            error,
                            "RabbitMQ cannot be used; events wait in the outbox"
                        );
                    }
                }
            }
            failures += 1;
            pause(failures, &self.stop).await;
        }
    }

    async fn connect(&self) -> anyhow::Result<Connected> {
        let settings = &self.link.settings;
        let properties = ConnectionProperties::default().with_connection_name("auth-host".into());
        let (connection, socket) =
            socket::connect(settings.uri.clone(), properties).await.context("cannot connect")?;
        let fault = topology::declare(&connection, settings).await?;
        Ok(Connected { connection: Arc::new(connection), socket, fault })
    }

    /// Lets lanes use a connection for as long as it is good, and ends it; why it was good no more.
    async fn serve(&self, connected: Connected) -> String {
        let Connected { connection, socket, fault } = connected;
        tracing::info!("connected to RabbitMQ");
        self.metrics.connected.set(1);
        self.metrics.reconnects.inc();
        self.link.connected(&connection, fault.as_deref());
        let error = self.watch(&connection).await;
        self.link.disconnected(error.clone());
        self.metrics.connected.set(0);
        self.metrics.blocked.set(0);
        let _ = timeout(GOODBYE, connection.close(200, "bye".into())).await;
        drop(socket);
        error
    }

    /// Looks at a connection until it is not good any more: why.
    async fn watch(&self, connection: &Connection) -> String {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return "stopping".to_owned(),
                error = self.link.found_broken() => return error,
                () = sleep(LOOK) => {}
            }
            let status = connection.status();
            if !status.connected() {
                return "the broker or the network ended it".to_owned();
            }
            let blocked = status.blocked();
            self.metrics.blocked.set(i64::from(blocked));
            if self.link.set_blocked(blocked) {
                tracing::warn!(
                    blocked,
                    "RabbitMQ blocks publishers, or no longer does \
                     (an alarm for its memory or disk)"
                );
            }
        }
    }
}
